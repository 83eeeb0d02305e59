// Change requests: what somebody proposes to change of what is governed.
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import type { Schemas } from '../../api/client.ts'
import { changeRequestList, changeRequestNames, nodes, searchParamsOf } from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { moment, node, said, state, word } from '../../parts/columns.tsx'
import type { Column } from '../../parts/list.tsx'
import { choices, ListPage } from '../../parts/list-page.tsx'
import { useNodeNames } from '../../parts/names.ts'
import { None, Said } from '../../parts/words.tsx'
import { WaitingList, waiting } from '../overview/waiting-list.tsx'

export const loader = ({ request }: { request: Request }): Promise<null> =>
  load(changeRequestList(searchParamsOf(request)), waiting, nodes)

type Row = Schemas['ListedChangeRequest']
const columns = (nameOf: (id: string) => string | undefined): readonly Column<Row>[] => [
  {
    id: 'reason',
    header: 'What and why',
    width: 220,
    cell: (row) => (
      <Link to={`/change-requests/${row.changeRequestId}`}>
        <Said>{row.reason}</Said>
      </Link>
    ),
    text: (row) => row.reason,
  },
  state('State', 140, (row) => row.state),
  node('At', nameOf, (row) => row.node),
  said('author', 'Author', 120, (row) => row.author.by),
  {
    id: 'impact',
    header: 'No longer compliant',
    width: 130,
    cell: (row) => (row.impact === undefined ? <None /> : row.impact.noncompliant),
    text: (row) => String(row.impact?.noncompliant ?? ''),
  },
  word('approvals', 'Approvals', 100, (row) => row.approvals.length),
  moment('Begun', (row) => row.author.at),
]
const states = ['draft', 'in-review', 'approved', 'scheduled', 'applied', 'halted', 'reverted', 'abandoned']

export const Component = (): ReactNode => (
  <ListPage
    title="Change requests"
    description="Changes that are tried, approved by others, applied in one step, and can be reverted."
    command="cadastre change-request list"
    path="/change-requests"
    names={changeRequestNames}
    list={changeRequestList}
    columns={columns(useNodeNames())}
    keyOf={(row) => row.changeRequestId}
    filters={[
      { name: 'state', label: 'State', options: choices(...states) },
      { name: 'author', label: 'Author' },
    ]}
    above={<WaitingList isShown={({ id }) => id.startsWith('change-request-')} isWanted={false} />}
    tableTitle="All change requests"
    moreCommands={['cadastre waiting']}
    empty={
      <>
        <p>Nothing is proposed. A change is proposed from files, at the command line:</p>
        <pre className="commands">cadastre apply FOLDER --request --reason 'WHY'</pre>
      </>
    }
  />
)
