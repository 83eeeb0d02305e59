// One source: how fresh it is, what differs, its runs and its settings.
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link, useNavigate, useParams, useSearchParams } from 'react-router'
import { answer, api } from '../../api/client.ts'
import { nodes, scopes, searchParamsOf } from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { Acts } from '../../parts/acts.tsx'
import { moment, said, state, word } from '../../parts/columns.tsx'
import { Facts } from '../../parts/facts.tsx'
import { Go } from '../../parts/go.tsx'
import { type Column, List } from '../../parts/list.tsx'
import { useMay } from '../../parts/may.ts'
import { named, useNodeNames } from '../../parts/names.ts'
import { Page, Wrong } from '../../parts/page.tsx'
import { Count, Moment, Said, State } from '../../parts/words.tsx'
import { counts, type Snapshot, type Source, snapshots, source } from './reads.ts'
import { kindNames, kindWords } from './words.ts'

export const loader = ({
  params: { sourceId },
  request,
}: {
  params: { sourceId?: string }
  request: Request
}): Promise<null> =>
  load(source(sourceId!), counts(sourceId!), snapshots(sourceId!, searchParamsOf(request)), nodes, scopes)

const collectors = [
  'cadastre collect aws',
  'cadastre collect azure',
  'cadastre collect gcp',
  'cadastre collect kubernetes',
  'cadastre collect netbox',
  'cadastre collect phpipam',
  'cadastre collect infoblox',
  'cadastre collect terraform',
  'cadastre collect csv',
  'cadastre collect xlsx',
  'cadastre collect rir',
]
/** What a script of somebody's writes is sent as it is. */
const collectOf = (kind = ''): string =>
  collectors.find((command) => command.endsWith(` ${kind}`)) ?? 'cadastre collect ndjson'

const periods: readonly (readonly [number, string])[] = [
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
]
function everyText(seconds: number): string {
  const [length, word] = periods.find(([one]) => seconds % one === 0) ?? [1, 'second']
  const count = seconds / length
  return count === 1 ? `Every ${word}` : `Every ${count} ${word}s`
}

export function Component(): ReactNode {
  const sourceId = useParams().sourceId!
  const navigate = useNavigate()
  const [params] = useSearchParams()
  const { data, error } = useQuery(source(sourceId))
  const may = useMay()
  const whyNot = data && may('estate:manage', data.node)
  const whyNoReport = data && may('estate:report', data.node)
  return (
    <Page
      title={data?.name ?? 'Source'}
      description={sourceId}
      actions={
        <SpaceBetween size="xs" direction="horizontal">
          <Button
            disabled
            disabledReason={`A collector runs where the credentials are, never in the server: ${collectOf(data?.kind)} --source ${sourceId}`}
          >
            Run
          </Button>
          <Go to={`/sources/${sourceId}/import`} whyNot={whyNoReport}>
            Import a table
          </Go>
          <Go to={`/sources/${sourceId}/edit`} whyNot={whyNot}>
            Settings
          </Go>
          <Acts<Source>
            of={data}
            acts={[
              {
                id: 'delete',
                reason: whyNot,
                act: 'Delete',
                title: 'Delete this source',
                says: 'All that it has told goes with it, and its findings are resolved. What was adopted stays in the register.',
                done: 'The source is deleted.',
                call: () => answer(api.DELETE('/sources/{sourceId}', { params: { path: { sourceId } } })),
                after: () => void navigate('/sources'),
              },
            ]}
          />
        </SpaceBetween>
      }
      commands={[
        `cadastre source show ${sourceId}`,
        `cadastre difference count ${sourceId}`,
        `cadastre snapshot list ${sourceId}`,
        `cadastre source delete ${sourceId}`,
      ]}
      requests={[`/sources/${sourceId}`, `/sources/${sourceId}/difference-counts`, `/sources/${sourceId}/snapshots`]}
    >
      {error ? <Wrong error={error} /> : null}
      {data ? <About of={data} /> : null}
      <Differences sourceId={sourceId} isNew={data?.freshness === 'never'} />
      <List
        title="Runs"
        query={snapshots(sourceId, params)}
        columns={runs(sourceId)}
        keyOf={(row) => String(row.snapshot)}
        empty={
          <>
            <p>
              It has told nothing yet. <Link to={`/sources/${sourceId}/import`}>Import a table</Link>, or run a
              collector where the credentials are:
            </p>
            <pre className="commands">{`${collectOf(data?.kind)} --source ${sourceId}`}</pre>
          </>
        }
      />
    </Page>
  )
}

function About({ of }: { of: Source }): ReactNode {
  const nameOf = useNodeNames()
  const { data: known } = useQuery(scopes)
  const listed = (texts: readonly string[] | undefined): ReactNode =>
    texts === undefined || texts.length === 0 ? undefined : <Said>{texts.join(', ')}</Said>
  const scopeName = known?.items.find(({ scopeId }) => scopeId === of.scopeId)?.name
  return (
    <Facts
      title="Settings"
      facts={[
        ['Freshness', <State key="f" of={of.freshness} />],
        ['Last listing', of.takenAt === undefined ? undefined : <Moment key="m" at={of.takenAt} />],
        ['Reports', everyText(of.reportEverySeconds)],
        ['Kind', of.kind],
        ['Tells of', <Said key="n">{named(of.node, nameOf(of.node))}</Said>],
        ['Scope', of.scopeId === undefined ? undefined : <Said key="s">{named(of.scopeId, scopeName)}</Said>],
        [
          'Adopts by itself',
          of.adopts === undefined ? undefined : (
            <span key="a">
              What policy would have allowed, on the right of <Said>{of.adoptsSetBy}</Said>
              {of.adoptsIsStopped ? ', who may not adopt there any more: nothing is adopted' : ''}
            </span>
          ),
        ],
        ['Expected accounts and units', listed(of.coversNodes?.map((id) => named(id, nameOf(id))))],
        ['Expected locales', listed(of.coversLocales)],
        ['Expected space', listed(of.coversBlocks)],
        ['Description', of.description === undefined ? undefined : <Said key="d">{of.description}</Said>],
        ['Made', <Moment key="c" at={of.createdAt} />],
      ]}
    />
  )
}

type Counted = { readonly difference: keyof typeof kindNames; readonly open: number; readonly ignored: number }
function Differences({ sourceId, isNew }: { sourceId: string; isNew: boolean }): ReactNode {
  const { data } = useQuery(counts(sourceId))
  const to = (row: Counted, state: string): string =>
    `/sources/${sourceId}/differences?difference=${row.difference}&state=${state}`
  const columns: readonly Column<Counted>[] = [
    {
      id: 'kind',
      header: 'What differs',
      width: 260,
      cell: (row) => (
        <>
          {kindNames[row.difference]}
          <Box variant="small" color="text-body-secondary" display="block">
            {kindWords[row.difference]}
          </Box>
        </>
      ),
      text: (row) => kindNames[row.difference],
    },
    {
      id: 'open',
      header: 'Open',
      width: 90,
      cell: (row) => (
        <Link to={to(row, 'open')} aria-label={`${row.open} open: ${kindNames[row.difference]}`}>
          <Count of={row.open} />
        </Link>
      ),
      text: (row) => String(row.open),
    },
    {
      id: 'ignored',
      header: 'Ignored',
      width: 90,
      cell: (row) => (
        <Link to={to(row, 'ignored')} aria-label={`${row.ignored} ignored: ${kindNames[row.difference]}`}>
          <Count of={row.ignored} />
        </Link>
      ),
      text: (row) => String(row.ignored),
    },
  ]
  return (
    <List<Counted>
      title="Differences"
      query={counts(sourceId)}
      columns={columns}
      keyOf={(row) => row.difference}
      description={
        data?.isWhole === false
          ? 'Of the first 4,000 that were looked at: there is more.'
          : 'Where this source and the register differ.'
      }
      actions={<Link to={`/sources/${sourceId}/differences?state=open`}>All open differences</Link>}
      empty={isNew ? 'Nothing is known before its first run.' : 'Nothing differs: all that it tells of is registered.'}
    />
  )
}

const runs = (sourceId: string): readonly Column<Snapshot>[] => [
  {
    id: 'snapshot',
    header: 'Run',
    width: 70,
    cell: (row) => <Link to={`/sources/${sourceId}/runs/${row.snapshot}`}>{row.snapshot}</Link>,
    text: (row) => String(row.snapshot),
  },
  state('State', 120, (row) => row.state),
  moment('Listed', (row) => row.takenAt),
  said('principal', 'Sent by', 140, (row) => row.principal.split(':').at(-1)),
  word('lines', 'Lines', 80, (row) => row.lines),
  word('added', 'New', 80, (row) => row.added),
  word('changed', 'Changed', 90, (row) => row.changed),
  word('missing', 'Missing', 90, (row) => row.missing),
  word('gone', 'Gone', 80, (row) => row.gone),
  word('problems', 'Wrong lines', 100, (row) => row.problemCount),
]
