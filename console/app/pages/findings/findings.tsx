// What somebody should look at.
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import type { Schemas } from '../../api/client.ts'
import { findingList, findingNames, nodes, pools, searchParamsOf } from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { moment, node, state, word } from '../../parts/columns.tsx'
import type { Column } from '../../parts/list.tsx'
import { choices, ListPage } from '../../parts/list-page.tsx'
import { useNodeNames } from '../../parts/names.ts'
import { Said } from '../../parts/words.tsx'
import { controlNames } from './controls.ts'

export const loader = ({ request }: { request: Request }): Promise<null> =>
  load(findingList(searchParamsOf(request)), nodes, pools)

type Row = Schemas['Finding']
const columns = (nameOf: (id: string) => string | undefined): readonly Column<Row>[] => [
  {
    id: 'summary',
    header: 'What',
    width: 280,
    cell: (row) => (
      <Link to={`/findings/${row.findingId}`}>
        <Said>{row.summary}</Said>
      </Link>
    ),
    text: (row) => row.summary,
  },
  word('severity', 'Severity', 100, (row) => row.severity),
  state('Status', 110, (row) => row.status),
  word('control', 'Control', 150, (row) => row.control),
  node('At', nameOf, (row) => row.node),
  moment('Open since', (row) => row.openedAt),
]

export const Component = (): ReactNode => (
  <ListPage
    title="Findings"
    description="Each opens once, resolves by itself and opens again."
    command="cadastre finding list"
    path="/findings"
    names={findingNames}
    list={findingList}
    columns={columns(useNodeNames())}
    keyOf={(row) => row.findingId}
    filters={[
      { name: 'status', label: 'Status', options: choices('open', 'suppressed', 'resolved') },
      { name: 'severity', label: 'Severity', options: choices('critical', 'high', 'medium', 'low', 'informational') },
      { name: 'control', label: 'Control', options: choices(...controlNames) },
      { name: 'node', label: 'At' },
      { name: 'resourceType', label: 'Type' },
      { name: 'locale', label: 'Locale' },
      { name: 'resource', label: 'Resource' },
    ]}
    empty="Nothing was found. All that is known complies."
  />
)
