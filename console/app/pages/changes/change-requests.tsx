// Change requests: what somebody proposes to change of what is governed.
import type { ReactNode } from 'react'
import { Link, useSearchParams } from 'react-router'
import type { Schemas } from '../../api/client.ts'
import {
  changeRequestList,
  changeRequestNames,
  flagsOf,
  nodes,
  pathOf,
  searchParamsOf,
  taken,
} from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { type Column, List } from '../../parts/list.tsx'
import { named, useNodeNames } from '../../parts/names.ts'
import { Page } from '../../parts/page.tsx'
import { Moment, momentText, None, Said, State } from '../../parts/words.tsx'

export const loader = ({ request }: { request: Request }): Promise<null> =>
  load(changeRequestList(searchParamsOf(request)), nodes)

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
  { id: 'state', header: 'State', width: 140, cell: (row) => <State of={row.state} />, text: (row) => row.state },
  {
    id: 'node',
    header: 'At',
    width: 140,
    cell: (row) => <Said>{nameOf(row.node) ?? row.node}</Said>,
    text: (row) => named(row.node, nameOf(row.node)),
  },
  {
    id: 'author',
    header: 'Author',
    width: 120,
    cell: (row) => <Said>{row.author.by}</Said>,
    text: (row) => row.author.by,
  },
  {
    id: 'impact',
    header: 'No longer compliant',
    width: 130,
    cell: (row) => (row.impact === undefined ? <None /> : row.impact.noncompliant),
    text: (row) => String(row.impact?.noncompliant ?? ''),
  },
  {
    id: 'approvals',
    header: 'Approvals',
    width: 100,
    cell: (row) => row.approvals.length,
    text: (row) => String(row.approvals.length),
  },
  {
    id: 'at',
    header: 'Begun',
    width: 170,
    cell: (row) => <Moment at={row.author.at} />,
    text: (row) => momentText(row.author.at),
  },
]
const states = ['draft', 'in-review', 'approved', 'scheduled', 'applied', 'halted', 'reverted', 'abandoned']

export function Component(): ReactNode {
  const [params] = useSearchParams()
  const query = taken(params, ...changeRequestNames)
  return (
    <Page
      title="Change requests"
      description="Changes that are tried, approved by others, applied in one step, and can be reverted."
      commands={[`cadastre change-request list${flagsOf(query)}`]}
      requests={[pathOf('/change-requests', query)]}
    >
      <List
        title="Change requests"
        query={changeRequestList(params)}
        columns={columns(useNodeNames())}
        keyOf={(row) => row.changeRequestId}
        filters={[
          {
            name: 'state',
            label: 'State',
            options: states.map((value) => ({ value, label: value.replace('-', ' ') })),
          },
          { name: 'author', label: 'Author' },
        ]}
        empty={
          <>
            <p>Nothing is proposed. A change is proposed from files, at the command line:</p>
            <pre className="commands">cadastre apply FOLDER --request --reason 'WHY'</pre>
          </>
        }
      />
    </Page>
  )
}
