// What an assignment may become: a version or a mode that is asked on every request beside the live one and never acts, and where the
// two differ.
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link, useParams, useSearchParams } from 'react-router'
import { answer, api, type Schemas } from '../../api/client.ts'
import { nodes } from '../../api/lists.ts'
import { ask, load } from '../../api/queries.ts'
import { Acts } from '../../parts/acts.tsx'
import { account, moment, word } from '../../parts/columns.tsx'
import { Facts } from '../../parts/facts.tsx'
import { ChoiceField, Form, useForm } from '../../parts/form.tsx'
import { type Column, List } from '../../parts/list.tsx'
import { useNodeNames } from '../../parts/names.ts'
import { Page, Wrong } from '../../parts/page.tsx'
import { Mode, Moment, Said } from '../../parts/words.tsx'
import { policyOf, versionsOf } from './reads.ts'

interface Path {
  readonly policyId: string
  readonly targetId: string
}
/** Of the list, where it is no fault that there is none. */
const candidatesOf = (policyId: string) =>
  ask(['candidates', policyId], (signal) =>
    api.GET('/candidates', { params: { query: { policyId, limit: candidatesMost } }, signal }),
  )
const candidatesMost = 1000
const rowsShown = 50
const differencesAt = (path: Path, cursor: string | null) =>
  ask(['candidate-differences', path, cursor], (signal) =>
    api.GET('/policies/{policyId}/assignments/{targetId}/candidate/differences', {
      params: { path, query: { limit: rowsShown, ...(cursor === null ? {} : { cursor }) } },
      signal,
    }),
  )
const pathIn = (policyId: string, params: URLSearchParams): Path => ({
  policyId,
  targetId: params.get('targetId') ?? '',
})
export const loader = ({ params: { policyId } }: { params: { policyId?: string } }): Promise<null> =>
  load(policyOf(policyId!), candidatesOf(policyId!), nodes)

type Row = Schemas['CandidateDifferences']
const columnsFor = (nameOf: (id: string) => string | undefined): readonly Column<Row>[] => [
  account('Account', nameOf, (row) => row.account),
  word('what', 'Type and locale', 120, (row) => `${row.resourceType} in ${row.locale}`),
  word('denied', 'Newly denied', 90, (row) => row.newlyDenied),
  word('allowed', 'Newly allowed', 90, (row) => row.newlyAllowed),
  word('pool', 'Another pool', 90, (row) => row.otherPool),
  word('order', 'Another order', 90, (row) => row.otherOrder),
  word('other', 'Otherwise', 90, (row) => row.other),
  {
    id: 'samples',
    header: 'Latest decisions',
    width: 115,
    cell: (row) =>
      row.samples.map(({ decisionId, at, live, candidate }) => (
        <div key={decisionId}>
          <Link to={`/decisions/${decisionId}`} aria-label={`${live.outcome} → ${candidate.outcome}, ${at}`}>
            {live.outcome} → {candidate.outcome}
          </Link>
        </div>
      )),
    text: (row) => row.samples.map(({ decisionId }) => decisionId).join(' '),
  },
  moment('Last', (row) => row.lastAt),
]

export function Component(): ReactNode {
  const policyId = useParams().policyId!
  const [params] = useSearchParams()
  const path = pathIn(policyId, params)
  const nameOf = useNodeNames()
  const { data: policy } = useQuery(policyOf(policyId))
  const { data: candidates, error } = useQuery(candidatesOf(policyId))
  const data = candidates?.items.find(({ targetId }) => targetId === path.targetId)
  const where = nameOf(path.targetId) ?? path.targetId
  return (
    <Page
      title={`Candidate of ${policy?.name ?? policyId} on ${where}`}
      description={
        <>
          Asked on every request beside <Link to={`/policies/${policyId}`}>what is in force</Link>, and never acting.
        </>
      }
      actions={<Acts of={candidates} acts={actsOn(path, data)} />}
      commands={[
        `cadastre candidate show ${policyId} ${path.targetId}`,
        `cadastre candidate differences ${policyId} ${path.targetId}`,
        `cadastre candidate promote ${policyId} ${path.targetId}`,
      ]}
      requests={[`/policies/${policyId}/assignments/${path.targetId}/candidate`]}
    >
      {error ? <Wrong error={error} /> : null}
      {candidates && !data ? <Put path={path} inForce={policy?.version} /> : null}
      {data ? (
        <SpaceBetween size="l">
          <Facts
            title="Candidate"
            facts={[
              [
                'Version',
                data.version === undefined ? (
                  'the one in force'
                ) : (
                  <Link key="v" to={`/policies/${policyId}/versions?from=${policy?.version}&to=${data.version}`}>
                    {data.version}, and how it differs
                  </Link>
                ),
              ],
              ['Mode', data.mode === undefined ? 'as it is' : <Mode key="m" of={data.mode} />],
              ['Set by', <Said key="b">{data.setBy}</Said>],
              ['Since', <Moment key="s" at={data.setAt} />],
            ]}
          />
          <List
            title="What it would have answered otherwise"
            query={differencesAt(path, params.get('cursor'))}
            columns={columnsFor(nameOf)}
            keyOf={(row) => `${row.account} ${row.resourceType} ${row.locale}`}
            empty="So far it would have answered everything alike. Differences are counted from when it was set."
          />
        </SpaceBetween>
      ) : null}
    </Page>
  )
}

const actsOn = (path: Path, data: Schemas['AssignmentCandidate'] | undefined) => [
  {
    id: 'promote',
    act: 'Promote',
    title: 'Let the candidate act',
    says: 'It acts from now on. A version is promoted wherever the policy is enabled, and must be the candidate there too.',
    done: 'The candidate acts.',
    isPrimary: true,
    reason: data ? undefined : 'There is no candidate.',
    call: () =>
      answer(
        api.POST('/policies/{policyId}/assignments/{targetId}/candidate/promote', {
          params: { path },
          // Exactly what is shown here, and nothing that somebody else has put there since.
          body: { ifVersion: String(data?.version ?? 'none'), ifMode: data?.mode ?? 'none' },
        }),
      ),
  },
  {
    id: 'remove',
    act: 'Take it away',
    title: 'Take the candidate away',
    says: 'It is not asked any more, and what it would have changed is forgotten.',
    done: 'The candidate is taken away.',
    reason: data ? undefined : 'There is no candidate.',
    call: () => answer(api.DELETE('/policies/{policyId}/assignments/{targetId}/candidate', { params: { path } })),
  },
]

const modes = ['observe', 'warn', 'enforce'].map((value) => ({ value, label: value }))
function Put({ path, inForce }: { path: Path; inForce: number | undefined }): ReactNode {
  const { data: versions } = useQuery(versionsOf(path.policyId, null))
  const form = useForm({
    initial: { version: '', mode: '' },
    checks: {
      version: (version, { mode }) => (version === '' && mode === '' ? 'Choose a version, a mode or both.' : undefined),
    },
    call: ({ version, mode }) =>
      answer(
        api.PUT('/policies/{policyId}/assignments/{targetId}/candidate', {
          params: { path },
          body: {
            ...(version === '' ? {} : { version: Number(version) }),
            ...(mode === '' ? {} : { mode: mode as 'observe' }),
          },
        }),
      ),
    done: 'It is the candidate: from now on it is counted where it would answer otherwise.',
  })
  return (
    <Container
      header={
        <Header variant="h2" description="It never acts. Where it would answer otherwise is counted and listed here.">
          There is no candidate yet
        </Header>
      }
    >
      <Form form={form} act="Make it the candidate">
        <ChoiceField
          form={form}
          name="version"
          label="Version"
          isOptional
          placeholder="The one in force"
          options={(versions?.items ?? [])
            .filter(({ version }) => version !== inForce)
            .map(({ version }) => ({ value: String(version), label: `Version ${version}` }))}
        />
        <ChoiceField form={form} name="mode" label="Mode" isOptional placeholder="As it is" options={modes} />
      </Form>
    </Container>
  )
}
