// What was decided, the latest first.
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import type { Schemas } from '../../api/client.ts'
import { decisionList, decisionNames, nodes, pools, searchParamsOf } from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { account, said } from '../../parts/columns.tsx'
import type { Column } from '../../parts/list.tsx'
import { choices, ListPage } from '../../parts/list-page.tsx'
import { useNodeNames, usePoolNames } from '../../parts/names.ts'
import { Cidr, Mode, Moment, momentText, None, PoolOf, State } from '../../parts/words.tsx'

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
  account('Account', nameOf, (row) => row.account),
  said('type', 'Type', 90, (row) => row.resourceType),
  said('locale', 'Locale', 110, (row) => row.locale),
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

export const Component = (): ReactNode => (
  <ListPage
    title="Decisions"
    description="Each request for space is decided once, and on record with its reasons."
    command="cadastre decision list"
    path="/decisions"
    names={decisionNames}
    list={decisionList}
    grows
    columns={columns(useNodeNames(), usePoolNames())}
    keyOf={(row) => row.decisionId}
    filters={[
      { name: 'outcome', label: 'Outcome', options: choices('allow', 'steer', 'warn', 'deny') },
      { name: 'mode', label: 'Mode', options: choices('enforce', 'warn', 'observe', 'off') },
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
)
