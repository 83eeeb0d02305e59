// The record: who did what, the latest first.
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import type { Schemas } from '../../api/client.ts'
import { changeList, changeNames, nodes, pools, searchParamsOf } from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { account, moment, said, word } from '../../parts/columns.tsx'
import { Linked } from '../../parts/linked.tsx'
import type { Column } from '../../parts/list.tsx'
import { ListPage } from '../../parts/list-page.tsx'
import { useNodeNames } from '../../parts/names.ts'

export const loader = ({ request }: { request: Request }): Promise<null> =>
  load(changeList(searchParamsOf(request)), nodes, pools)

type Row = Schemas['Change']
const columns = (nameOf: (id: string) => string | undefined): readonly Column<Row>[] => [
  moment('When', (row) => row.at),
  {
    id: 'action',
    header: 'What',
    width: 180,
    cell: (row) => (
      <>
        <Link to={`/changes/${row.changeId}`}>{row.action}</Link>
        {row.times === undefined ? '' : `, ${row.times} times`}
      </>
    ),
    text: (row) => row.action,
  },
  word('outcome', 'Outcome', 120, (row) => row.outcome),
  said('principal', 'Who', 200, (row) => row.principal),
  account('Account', nameOf, (row) => row.account),
  {
    id: 'subjects',
    header: 'Of',
    width: 220,
    cell: (row) => <Linked>{row.subjects.join(', ')}</Linked>,
    text: (row) => row.subjects.join(' '),
  },
]

export const Component = (): ReactNode => (
  <ListPage
    title="Record"
    tableTitle="Changes"
    description="Every change, with who asked for it; kept for good, and provable."
    command="cadastre change list"
    moreCommands={['cadastre audit verify']}
    path="/changes"
    names={changeNames}
    list={changeList}
    grows
    columns={columns(useNodeNames())}
    keyOf={(row) => row.changeId}
    filters={[
      { name: 'principal', label: 'Who' },
      { name: 'action', label: 'What' },
      { name: 'subject', label: 'Of (id or name)' },
      { name: 'account', label: 'Account' },
    ]}
    empty="Nothing was changed yet."
  />
)
