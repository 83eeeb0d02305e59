// What was decided, the latest first.
import type { ReactNode } from 'react'
import { Link, useSearchParams } from 'react-router'
import type { Schemas } from '../../api/client.ts'
import { decisionList, decisionNames, flagsOf, nodes, pathOf, pools, searchParamsOf, taken } from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { type Column, List } from '../../parts/list.tsx'
import { named, useNodeNames, usePoolNames } from '../../parts/names.ts'
import { Page } from '../../parts/page.tsx'
import { Account, Cidr, Mode, Moment, momentText, None, PoolOf, Said, State } from '../../parts/words.tsx'

export const loader = ({ request }: { request: Request }): Promise<null> =>
  load(decisionList(searchParamsOf(request)), nodes, pools)

type Row = Schemas['DecisionSummary']
type FindName = (id: string) => string | undefined
const columns = (nameOf: FindName, poolName: FindName): readonly Column<Row>[] => [
  {
    id: 'at',
    header: 'When',
    width: 170,
    cell: (row) => (
      <Link to={`/decisions/${row.decisionId}`}>
        <Moment at={row.at} />
      </Link>
    ),
    text: (row) => momentText(row.at),
  },
  {
    id: 'outcome',
    header: 'Outcome',
    width: 110,
    cell: (row) => <State of={row.outcome} />,
    text: (row) => row.outcome,
  },
  {
    id: 'account',
    header: 'Account',
    width: 150,
    cell: (row) => <Account id={row.account} name={nameOf(row.account)} />,
    text: (row) => named(row.account, nameOf(row.account)),
  },
  {
    id: 'type',
    header: 'Type',
    width: 90,
    cell: (row) => <Said>{row.resourceType}</Said>,
    text: (row) => row.resourceType,
  },
  { id: 'locale', header: 'Locale', width: 110, cell: (row) => <Said>{row.locale}</Said>, text: (row) => row.locale },
  {
    id: 'gave',
    header: 'Gave',
    width: 130,
    cell: (row) => (row.cidr === undefined ? <None /> : <Cidr>{row.cidr}</Cidr>),
    text: (row) => row.cidr ?? '',
  },
  {
    id: 'pool',
    header: 'From pool',
    width: 150,
    cell: (row) => <PoolOf id={row.poolId} name={row.poolId && poolName(row.poolId)} />,
    text: (row) => row.poolId ?? '',
  },
  { id: 'mode', header: 'Mode', width: 90, cell: (row) => <Mode of={row.mode} />, text: (row) => row.mode },
]
const words = (...values: readonly string[]) => values.map((value) => ({ value, label: value }))

export function Component(): ReactNode {
  const [params] = useSearchParams()
  const query = taken(params, ...decisionNames)
  return (
    <Page
      title="Decisions"
      description="Each request for space is decided once, and on record with its reasons."
      commands={[`cadastre decision list${flagsOf(query)}`]}
      requests={[pathOf('/decisions', query)]}
    >
      <List
        title="Decisions"
        query={decisionList(params)}
        columns={columns(useNodeNames(), usePoolNames())}
        keyOf={(row) => row.decisionId}
        filters={[
          { name: 'outcome', label: 'Outcome', options: words('allow', 'steer', 'warn', 'deny') },
          { name: 'mode', label: 'Mode', options: words('enforce', 'warn', 'observe', 'off') },
          { name: 'account', label: 'Account' },
          { name: 'resourceType', label: 'Type' },
          { name: 'locale', label: 'Locale' },
        ]}
        empty={
          <>
            Nothing was decided yet. <Link to="/try">Try</Link> what a request would get.
          </>
        }
      />
    </Page>
  )
}
