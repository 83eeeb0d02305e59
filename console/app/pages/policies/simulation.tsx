// What a change would break: requests of the last days asked again under it, and space in use looked at under both.
import ProgressBar from '@cloudscape-design/components/progress-bar'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link, useNavigate, useParams, useSearchParams } from 'react-router'
import { answer, api, type Schemas } from '../../api/client.ts'
import { nodes, pools, searchParamsOf, taken } from '../../api/lists.ts'
import { ask, load } from '../../api/queries.ts'
import { Acts } from '../../parts/acts.tsx'
import { account, word } from '../../parts/columns.tsx'
import { Facts } from '../../parts/facts.tsx'
import { type Column, List } from '../../parts/list.tsx'
import { choices } from '../../parts/list-page.tsx'
import { useNodeNames, usePoolNames } from '../../parts/names.ts'
import { Page, Wrong } from '../../parts/page.tsx'
import { Count, Moment, Said } from '../../parts/words.tsx'

/** While it is worked at, it is asked how far it is. */
const lookMs = 10_000
const simulationOf = (simulationId: string) =>
  ask(['simulation', simulationId], (signal) =>
    api.GET('/simulations/{simulationId}', { params: { path: { simulationId } }, signal }),
  )
const rowsShown = 50
const groupsOf = (simulationId: string, params: URLSearchParams) => {
  const query = { limit: rowsShown, ...taken(params, 'kind', 'account', 'resourceType', 'locale') }
  return ask(['simulation-groups', simulationId, query], (signal) =>
    api.GET('/simulations/{simulationId}/groups', { params: { path: { simulationId }, query }, signal }),
  )
}
export const loader = ({
  params: { simulationId },
  request,
}: {
  params: { simulationId?: string }
  request: Request
}): Promise<null> => load(simulationOf(simulationId!), groupsOf(simulationId!, searchParamsOf(request)), nodes, pools)

type Simulation = Schemas['SimulationWithTotals']
type Group = Schemas['SimulationGroup']
const isOver = ({ status }: Pick<Simulation, 'status'>): boolean => status !== 'waiting' && status !== 'running'

const titles: Readonly<Record<Simulation['status'], string>> = {
  waiting: 'It waits for its turn',
  running: 'It is worked at',
  done: 'What the change would break',
  refused: 'The change could not be made',
  failed: 'It could not be finished',
  cancelled: 'It was cancelled',
}
const kindWords: Readonly<Record<string, string>> = {
  'newly-denied': 'newly denied',
  'newly-allowed': 'newly allowed',
  elsewhere: 'from another pool',
  'other-size': 'another size',
  exhausted: 'no room',
  noncompliant: 'no longer compliant',
  compliant: 'compliant again',
}

export function Component(): ReactNode {
  const simulationId = useParams().simulationId!
  const navigate = useNavigate()
  const [params] = useSearchParams()
  const nameOf = useNodeNames()
  const poolName = usePoolNames()
  const { data, error } = useQuery({
    ...simulationOf(simulationId),
    refetchInterval: ({ state }) => (state.data && isOver(state.data) ? false : lookMs),
  })
  const path = { simulationId }
  const toldOf = (told: Schemas['SimulatedOutcome'] | undefined): string =>
    told === undefined
      ? ''
      : [
          told.outcome,
          told.poolId && `from ${poolName(told.poolId) ?? told.poolId}`,
          told.setting && `by ${told.setting}`,
        ]
          .filter((text) => text !== undefined)
          .join(' ')
  const columns: readonly Column<Group>[] = [
    account('Account', nameOf, (row) => row.account),
    word('what', 'Type and locale', 140, (row) => `${row.resourceType} in ${row.locale}`),
    word('denied', 'Newly denied', 100, (row) => row.newlyDenied),
    {
      id: 'samples',
      header: 'Samples',
      width: 200,
      cell: (row) =>
        row.samples.map((sample) => (
          <div key={`${sample.kind} ${sample.decisionId ?? sample.resource}`}>
            {sample.decisionId === undefined ? (
              <Link
                to={sample.cidr === undefined ? '/allocations' : `/address?cidr=${encodeURIComponent(sample.cidr)}`}
              >
                {sample.cidr ?? sample.resource}
              </Link>
            ) : (
              <Link
                to={`/decisions/${sample.decisionId}`}
                aria-label={`${kindWords[sample.kind]}: ${sample.decisionId}`}
              >
                {kindWords[sample.kind]}
              </Link>
            )}{' '}
            <small>
              {sample.decisionId === undefined
                ? kindWords[sample.kind]
                : `${toldOf(sample.present)} → ${toldOf(sample.candidate)}`}
            </small>
          </div>
        )),
      text: (row) => row.samples.map(({ decisionId, resource }) => decisionId ?? resource ?? '').join(' '),
    },
    word('exhausted', 'No room', 90, (row) => row.exhausted),
    word('elsewhere', 'Another pool', 100, (row) => row.elsewhere),
    word('size', 'Another size', 100, (row) => row.otherSize),
    word('allowed', 'Newly allowed', 100, (row) => row.newlyAllowed),
    word('noncompliant', 'No longer compliant', 110, (row) => row.noncompliant),
  ]
  return (
    <Page
      title={data ? titles[data.status] : 'Simulation'}
      description={
        <>
          {simulationId}, one of <Link to="/simulations">all simulations</Link>
        </>
      }
      actions={
        <Acts
          of={data}
          acts={[
            {
              id: 'cancel',
              act: 'Cancel it',
              title: 'Cancel this simulation',
              says: 'What it has found so far is not kept.',
              done: 'The simulation is cancelled.',
              reason: data && isOver(data) ? 'It is over.' : undefined,
              call: () => answer(api.POST('/simulations/{simulationId}/cancel', { params: { path } })),
            },
            {
              id: 'delete',
              act: 'Delete it',
              title: 'Delete this simulation',
              says: 'With all that came of it. It would be gone by itself after a week.',
              done: 'The simulation is deleted.',
              async call() {
                await answer(api.DELETE('/simulations/{simulationId}', { params: { path } }))
                await navigate('/policies')
              },
            },
          ]}
        />
      }
      commands={[
        `cadastre simulation show ${simulationId}`,
        `cadastre simulation groups ${simulationId}`,
        `cadastre simulation cancel ${simulationId}`,
      ]}
      requests={[`/simulations/${simulationId}`, `/simulations/${simulationId}/groups`]}
    >
      {error ? <Wrong error={error} /> : null}
      {data && !isOver(data) ? (
        <ProgressBar
          value={data.percent}
          label="Requests that were asked again"
          description="You can leave this page: it goes on, and its link stays."
        />
      ) : null}
      {data ? (
        <SpaceBetween size="l">
          <Facts
            title="Simulation"
            facts={[
              ['Requests of', `${data.days} days`],
              ['Asked by', <Said key="b">{data.askedBy}</Said>],
              ['Begun', <Moment key="s" at={data.startedAt ?? data.createdAt} />],
              [
                'Is still so',
                data.isCurrent === undefined ? undefined : data.isCurrent ? 'yes' : 'rules have changed since',
              ],
              ...(data.refusal ? [['Refused', data.refusal.problem ?? data.refusal.code] as const] : []),
              ...(data.totals
                ? ([
                    ['Requests', <Count key="r" of={data.totals.requests} />],
                    ['Newly denied', <Count key="d" of={data.totals.newlyDenied} />],
                    ['No room', <Count key="e" of={data.totals.exhausted} />],
                    ['From another pool', <Count key="p" of={data.totals.elsewhere} />],
                    ['Newly allowed', <Count key="a" of={data.totals.newlyAllowed} />],
                    ['Space in use', <Count key="u" of={data.totals.resources} />],
                    ['No longer compliant', <Count key="n" of={data.totals.noncompliant} />],
                  ] as const)
                : []),
            ]}
          />
          {data.status === 'done' ? (
            <List
              title="By account, type and locale"
              query={groupsOf(simulationId, params)}
              columns={columns}
              keyOf={(row) => `${row.account} ${row.resourceType} ${row.locale}`}
              filters={[
                {
                  name: 'kind',
                  label: 'What happens',
                  options: choices(...Object.keys(kindWords)).map((one) => ({ ...one, label: kindWords[one.value]! })),
                },
                { name: 'account', label: 'Account' },
                { name: 'resourceType', label: 'Resource type' },
                { name: 'locale', label: 'Locale' },
              ]}
              empty="Nothing would fare otherwise: no request of these days, and no space in use."
            />
          ) : null}
        </SpaceBetween>
      ) : null}
    </Page>
  )
}
