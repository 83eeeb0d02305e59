// What would become of differences, and then what became of them: a preview that is a link, and nothing that was not shown in it.
import Alert from '@cloudscape-design/components/alert'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useRef, useState } from 'react'
import { Link, useParams, useSearchParams } from 'react-router'
import { flagsOf, nodes, pools, searchParamsOf, taken } from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { said } from '../../parts/columns.tsx'
import { ChoiceField, FormDialog, needed, TextField, useForm } from '../../parts/form.tsx'
import { Linked } from '../../parts/linked.tsx'
import { type Column, type Filter, List } from '../../parts/list.tsx'
import { useMay } from '../../parts/may.ts'
import { named, useNodeNames, usePoolNames } from '../../parts/names.ts'
import { Page } from '../../parts/page.tsx'
import { Cidr, None, PoolOf, Said, State } from '../../parts/words.tsx'
import {
  type Acted,
  type ActName,
  actOn,
  differenceNames,
  isActName,
  isDoable,
  preview,
  rightOf,
  source,
  specNames,
} from './reads.ts'

interface Params {
  readonly sourceId?: string
  readonly act?: string
}
const actOf = (text: string | undefined): ActName => (isActName(text) ? text : 'adopt')
export const loader = ({ params: { sourceId, act }, request }: { params: Params; request: Request }): Promise<null> =>
  load(source(sourceId!), preview(actOf(act), sourceId!, searchParamsOf(request)), nodes, pools)

interface Words {
  readonly command: string
  readonly title: string
  readonly verb: string
  readonly says: string
  readonly done: string
  readonly undo: string
}
const words: Readonly<Record<ActName, Words>> = {
  adopt: {
    command: 'cadastre difference adopt',
    title: 'Adopt',
    verb: 'Adopt',
    says: 'Each becomes an allocation of whoever has it. What policy would not have given is on record as not compliant.',
    done: 'It is done. What became of each is listed.',
    undo: 'To undo it, release the allocation: its space rests as its pool says.',
  },
  ignore: {
    command: 'cadastre difference ignore',
    title: 'Ignore',
    verb: 'Ignore',
    says: 'They are set aside until a day, with a reason, and are open again by themselves.',
    done: 'They are set aside.',
    undo: 'To undo it, open the finding of the difference again.',
  },
  release: {
    command: 'cadastre difference release',
    title: 'Release',
    verb: 'Release',
    says: 'What the register still has is released: its space rests as its pool says. This cannot be undone.',
    done: 'It is done. What became of each is listed.',
    undo: 'It cannot be undone: what is needed is allocated anew.',
  },
  ask: {
    command: 'cadastre difference ask',
    title: 'Ask the owners',
    verb: 'Note',
    says: 'It is noted that the owners were asked. Nothing is sent: the list says whom to ask.',
    done: 'It is noted.',
    undo: 'It is a note: the next one takes its place.',
  },
}

const columns = (
  sourceId: string,
  { nameOf, poolName }: Record<'nameOf' | 'poolName', (id: string) => string | undefined>,
  isDone: boolean,
): readonly Column<Acted>[] => [
  {
    id: 'outcome',
    header: isDone ? 'Outcome' : 'Would be',
    width: 120,
    cell: (row) => <State of={row.outcome} />,
    text: (row) => row.outcome,
  },
  {
    id: 'cidr',
    header: 'CIDR',
    width: 130,
    cell: (row) => (row.cidr === undefined ? <Said>{row.differenceId}</Said> : <Cidr>{row.cidr}</Cidr>),
    text: (row) => row.cidr ?? row.differenceId,
  },
  {
    id: 'account',
    header: 'Account',
    width: 110,
    cell: (row) =>
      row.account === undefined ? (
        <None />
      ) : (
        <Link to={`/account?id=${row.account}`}>
          <Said>{nameOf(row.account) ?? row.account}</Said>
        </Link>
      ),
    text: (row) => (row.account === undefined ? '' : named(row.account, nameOf(row.account))),
  },
  said('id', 'What', 110, (row) => (row.id === row.cidr ? undefined : row.id)),
  {
    id: 'policy',
    header: 'Policy says',
    width: 110,
    cell: (row) => (row.policy === undefined ? <None /> : <State of={row.policy} />),
    text: (row) => row.policy ?? '',
  },
  {
    id: 'pool',
    header: 'From pool, as',
    width: 170,
    cell: (row) =>
      row.poolId === undefined ? (
        <None />
      ) : (
        <>
          <PoolOf id={row.poolId} name={poolName(row.poolId)} />
          <Box variant="small" color="text-body-secondary" display="block">
            {row.resourceType} in {row.placeLocale}
          </Box>
        </>
      ),
    text: (row) => [row.poolId, row.resourceType, row.placeLocale].filter((one) => one !== undefined).join(' '),
  },
  {
    id: 'why',
    header: 'Why not',
    width: 200,
    cell: (row) => (row.problem === undefined ? <None /> : <Linked>{row.problem}</Linked>),
    text: (row) => row.problem ?? '',
  },
  {
    id: 'made',
    header: 'Leads to',
    width: 90,
    cell: (row) =>
      row.contact !== undefined ? (
        <Said>{row.contact}</Said>
      ) : row.decisionId === undefined ? (
        <Link to={`/sources/${sourceId}/differences/${row.differenceId}`}>Difference</Link>
      ) : (
        <Link to={`/decisions/${row.decisionId}`}>Decision</Link>
      ),
    text: (row) => row.allocationId ?? row.contact ?? '',
  },
]
const counted = (items: readonly Acted[]): string => {
  const by = Map.groupBy(items, ({ outcome }) => outcome)
  return [...by].map(([outcome, of]) => `${of.length} ${outcome}`).join(', ')
}

export function Component(): ReactNode {
  const { sourceId, act: asked } = useParams() as Required<Params>
  const act = actOf(asked)
  const [params] = useSearchParams()
  const said = { nameOf: useNodeNames(), poolName: usePoolNames() }
  const { data: of } = useQuery(source(sourceId))
  const { data: known } = useQuery(pools)
  const read = { ...preview(act, sourceId, params), refetchOnWindowFocus: false, refetchOnReconnect: false }
  const { data } = useQuery(read)
  const [isAsking, setAsking] = useState(false)
  const [results, setResults] = useState<readonly Acted[] | undefined>()
  const items = data?.items ?? []
  const doable = items.filter(isDoable)
  const may = useMay()
  const whyNot = of && may(rightOf[act], of.node)
  const shown = params.getAll('shown')
  const { command, title, verb, undo } = words[act]
  const { cursor: _, ...filter } = taken(params, ...differenceNames)
  const which = shown.length > 0 ? ` --shown ${shown.join(',')}` : flagsOf(filter) || ' --everything'
  const more = {
    adopt: flagsOf(taken(params, ...specNames)),
    ignore: " --reason 'WHY' --until 30d",
    release: '',
    ask: '',
  }[act]
  const filters: readonly Filter[] =
    act === 'adopt'
      ? [
          {
            name: 'poolId',
            label: 'From pool',
            options: (known?.items ?? []).map(({ poolId, name }) => ({ value: poolId, label: name ?? poolId })),
          },
          { name: 'resourceType', label: 'As type' },
          { name: 'placeLocale', label: 'Where no place is told' },
        ]
      : []
  return (
    <Page
      title={`${title}: differences of ${of?.name ?? 'a source'}`}
      description={
        <>
          {results ? 'This is what became of each.' : 'Nothing is changed yet: this is what would become of each.'}{' '}
          <Link to={`/sources/${sourceId}/differences?${new URLSearchParams(filter)}`}>Back to the differences</Link>
        </>
      }
      actions={
        <Button
          variant="primary"
          disabled={doable.length === 0 || results !== undefined || whyNot !== undefined}
          disabledReason={results ? 'It is done.' : (whyNot ?? 'There is nothing with which it can be done.')}
          onClick={() => setAsking(true)}
        >
          {results ? verb : `${verb} ${doable.length}`}
        </Button>
      }
      commands={[`${command} ${sourceId}${which}${more} --dry-run`]}
      requests={[`/sources/${sourceId}/differences`]}
    >
      {results ? (
        <SpaceBetween size="l">
          <Alert type={results.every(isDoable) ? 'success' : 'warning'} header={counted(results)}>
            {undo}
          </Alert>
          <List<Acted>
            title="What became of each"
            query={{
              queryKey: ['acted', sourceId, act, results.map(({ differenceId }) => differenceId)],
              queryFn: async () => ({ items: results }),
            }}
            columns={columns(sourceId, said, true)}
            keyOf={(row) => row.differenceId}
            empty="Nothing was done."
          />
        </SpaceBetween>
      ) : (
        <SpaceBetween size="l">
          {data?.isCut ? (
            <Alert type="info" header={`These are the first ${items.length}`}>
              There is more. What lies behind them is done after these.
            </Alert>
          ) : null}
          <List<Acted>
            title="What would become of each"
            {...(items.length > 0 ? { description: counted(items) } : {})}
            query={read}
            columns={columns(sourceId, said, false)}
            keyOf={(row) => row.differenceId}
            filters={filters}
            empty="None of these differences is one with which this can be done."
          />
        </SpaceBetween>
      )}
      {isAsking ? (
        <Ask
          act={act}
          sourceId={sourceId}
          params={params}
          items={doable}
          close={() => setAsking(false)}
          after={(done) => {
            setResults(done)
            setAsking(false)
          }}
        />
      ) : null}
    </Page>
  )
}

const days = [7, 30, 90].map((count) => ({ value: String(count), label: `${count} days` }))

function Ask({
  act,
  sourceId,
  params,
  items,
  close,
  after,
}: {
  act: ActName
  sourceId: string
  params: URLSearchParams
  items: readonly Acted[]
  close: () => void
  after: (done: readonly Acted[]) => void
}): ReactNode {
  const [done, setDone] = useState(0)
  const isStopped = useRef(false)
  const { title, verb, says, done: word } = words[act]
  const form = useForm({
    initial: { reason: '', days: '30', note: '' },
    checks: act === 'ignore' ? { reason: needed('Say why.') } : {},
    call: ({ reason, days: count, note }) =>
      actOn(act, sourceId, params, {
        items,
        input: {
          reason: reason.trim(),
          until: new Date(Date.now() + Number(count) * 86_400_000).toISOString(),
          note: note.trim(),
        },
        progress: (at) => {
          setDone(at)
          return !isStopped.current
        },
      }),
    done: word,
    after,
  })
  return (
    <FormDialog form={form} title={`${title}: ${items.length}`} act={`${verb} ${items.length}`} close={close}>
      <p>{says} What has changed since it was shown is left as it is, and named.</p>
      {act === 'ignore' ? (
        <>
          <TextField form={form} name="reason" label="Reason" hint="For whoever looks later." lines={2} isFirst />
          <ChoiceField form={form} name="days" label="For" options={days} />
        </>
      ) : null}
      {act === 'ask' ? <TextField form={form} name="note" label="What was asked" lines={2} isOptional isFirst /> : null}
      {form.isBusy ? (
        <SpaceBetween size="xs" direction="horizontal" alignItems="center">
          <span aria-live="polite">{`${done} of ${items.length} are done.`}</span>
          <Button
            onClick={() => {
              isStopped.current = true
            }}
          >
            Stop after these
          </Button>
        </SpaceBetween>
      ) : null}
    </FormDialog>
  )
}
