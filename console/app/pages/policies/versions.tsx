// The versions of a policy, and how any two of them differ. Which two is in the address of the page.
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import FormField from '@cloudscape-design/components/form-field'
import Grid from '@cloudscape-design/components/grid'
import Header from '@cloudscape-design/components/header'
import Select from '@cloudscape-design/components/select'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { Link, useParams, useSearchParams } from 'react-router'
import { answer, api, type Schemas } from '../../api/client.ts'
import { nodes, pools, searchParamsOf } from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { useAct } from '../../parts/act.ts'
import { moment, said, word } from '../../parts/columns.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { type Column, List } from '../../parts/list.tsx'
import { useNodeNames } from '../../parts/names.ts'
import { Page, Wrong } from '../../parts/page.tsx'
import { Differences } from './differences.tsx'
import { differencesOf } from './document-words.ts'
import { comparisonOf, policyOf, versionsOf } from './reads.ts'

type Version = Schemas['PolicyVersionSummary']

export const loader = ({
  params: { policyId },
  request,
}: {
  params: { policyId?: string }
  request: Request
}): Promise<null> =>
  load(policyOf(policyId!), versionsOf(policyId!, searchParamsOf(request).get('cursor')), nodes, pools)

export function Component(): ReactNode {
  const policyId = useParams().policyId!
  const [params, setParams] = useSearchParams()
  const { data: policy, error } = useQuery(policyOf(policyId))
  const versions = versionsOf(policyId, params.get('cursor'))
  const { data: listed } = useQuery(versions)
  const [restored, setRestored] = useState<number | undefined>()
  // Where nothing is said, the one in force with the one before it.
  const to = Number(params.get('to') ?? policy?.version ?? 0)
  const from = Number(params.get('from') ?? Math.max(to - 1, 1))
  const choose = (name: 'from' | 'to', value: string | undefined): void =>
    setParams((before) => {
      const after = new URLSearchParams(before)
      after.set('from', String(from))
      after.set('to', String(to))
      after.set(name, value ?? '')
      return after
    })
  const numbers = [...new Set([...(listed?.items ?? []).map(({ version }) => version), from, to])]
    .filter((number) => number > 0)
    .sort((one, other) => other - one)
  const columns: readonly Column<Version>[] = [
    {
      id: 'version',
      header: 'Version',
      width: 130,
      cell: ({ version }) => `${version}${version === policy?.version ? ' (in force)' : ''}`,
      text: ({ version }) => String(version),
    },
    {
      id: 'compare',
      header: 'Differences',
      width: 180,
      cell: ({ version }) =>
        version === 1 ? (
          'the first one'
        ) : (
          <Link to={`?from=${version - 1}&to=${version}`} aria-label={`Differences of ${version} from ${version - 1}`}>
            from {version - 1}
          </Link>
        ),
      text: () => '',
    },
    word('documents', 'Documents', 100, ({ documentCount }) => documentCount),
    said('author', 'Author', 200, ({ author }) => author),
    moment('Made', ({ createdAt }) => createdAt),
    {
      id: 'restore',
      header: 'Restore',
      width: 130,
      cell: ({ version }) => (
        <Button
          variant="inline-link"
          ariaLabel={`Restore version ${version}`}
          disabled={version === policy?.version}
          disabledReason="It is in force."
          onClick={() => setRestored(version)}
        >
          Restore
        </Button>
      ),
      text: () => '',
    },
  ]
  return (
    <Page
      title={`Versions of ${policy?.name ?? policyId}`}
      description={<Link to={`/policies/${policyId}`}>{policyId}</Link>}
      commands={[
        `cadastre policy-version list ${policyId}`,
        `cadastre policy-version compare ${policyId} --from ${from} --to ${to}`,
        `cadastre policy-version restore ${policyId} ${from}`,
      ]}
      requests={[`/policies/${policyId}/versions`, `/policies/${policyId}/comparison?from=${from}&to=${to}`]}
    >
      {error ? <Wrong error={error} /> : null}
      <Container
        header={
          <Header variant="h2" description="None is ever changed: every change of a policy makes another one.">
            Two versions
          </Header>
        }
      >
        <Grid gridDefinition={[{ colspan: { default: 12, xs: 6 } }, { colspan: { default: 12, xs: 6 } }]}>
          {(['from', 'to'] as const).map((name) => {
            const value = String(name === 'from' ? from : to)
            return (
              <FormField key={name} label={name === 'from' ? 'From version' : 'To version'}>
                <Select
                  selectedOption={{ value, label: value }}
                  options={numbers.map((number) => ({ value: String(number), label: String(number) }))}
                  onChange={({ detail }) => choose(name, detail.selectedOption.value)}
                />
              </FormField>
            )
          })}
        </Grid>
      </Container>
      {policy && from > 0 && to > 0 ? <Compared policyId={policyId} from={from} to={to} /> : null}
      <List
        title="Versions"
        query={versions}
        columns={columns}
        keyOf={({ version }) => String(version)}
        empty="There is no version yet."
      />
      {restored === undefined ? null : (
        <Restore policyId={policyId} version={restored} close={() => setRestored(undefined)} />
      )}
    </Page>
  )
}

function Compared({ policyId, from, to }: { policyId: string; from: number; to: number }): ReactNode {
  const nameOf = useNodeNames()
  const { data, error } = useQuery(comparisonOf(policyId, from, to))
  if (error) return <Wrong error={error} />
  if (!data) return null
  const rows = [
    ...(data.compatibility ? [{ locale: 'all', resourceType: '', what: 'Semantics', ...data.compatibility }] : []),
    ...data.documents.flatMap((one) => differencesOf(one, one, nameOf)),
  ]
  return (
    <Differences
      title="Differences"
      rows={rows}
      from={`Version ${from}`}
      to={`Version ${to}`}
      empty={from === to ? 'This is one version: choose two.' : 'Both say the same.'}
    />
  )
}

function Restore({ policyId, version, close }: { policyId: string; version: number; close: () => void }): ReactNode {
  const act = useAct<void, Schemas['PolicyVersion']>(
    () =>
      answer(api.POST('/policies/{policyId}/versions/{version}/restore', { params: { path: { policyId, version } } })),
    `What version ${version} says is in force again.`,
    close,
  )
  return (
    <Confirm
      title={`Restore version ${version}`}
      act="Restore"
      isBusy={act.isPending}
      error={act.error}
      close={close}
      confirm={() => act.mutate()}
    >
      <SpaceBetween size="s">
        <span>
          What version {version} says becomes the next version, and is in force at once wherever the policy is enabled.
        </span>
        <Link to={`?from=${version}`} onClick={close}>
          Look at the differences first
        </Link>
      </SpaceBetween>
    </Confirm>
  )
}
