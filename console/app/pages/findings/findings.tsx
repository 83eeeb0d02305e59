// What somebody should look at.
import type { ReactNode } from 'react'
import { useSearchParams } from 'react-router'
import type { Schemas } from '../../api/client.ts'
import { findingList, findingNames, flagsOf, nodes, pathOf, pools, searchParamsOf, taken } from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { Linked } from '../../parts/linked.tsx'
import { type Column, List } from '../../parts/list.tsx'
import { named, useNodeNames } from '../../parts/names.ts'
import { Page } from '../../parts/page.tsx'
import { Moment, momentText, Said, State } from '../../parts/words.tsx'

export const loader = ({ request }: { request: Request }): Promise<null> =>
  load(findingList(searchParamsOf(request)), nodes, pools)

type Row = Schemas['Finding']
const columns = (nameOf: (id: string) => string | undefined): readonly Column<Row>[] => [
  {
    id: 'summary',
    header: 'What',
    width: 280,
    cell: (row) => <Linked>{row.summary}</Linked>,
    text: (row) => row.summary,
  },
  { id: 'severity', header: 'Severity', width: 100, cell: (row) => row.severity, text: (row) => row.severity },
  { id: 'status', header: 'Status', width: 110, cell: (row) => <State of={row.status} />, text: (row) => row.status },
  { id: 'control', header: 'Control', width: 150, cell: (row) => row.control, text: (row) => row.control },
  {
    id: 'node',
    header: 'At',
    width: 140,
    cell: (row) => <Said>{nameOf(row.node) ?? row.node}</Said>,
    text: (row) => named(row.node, nameOf(row.node)),
  },
  {
    id: 'since',
    header: 'Open since',
    width: 170,
    cell: (row) => <Moment at={row.openedAt} />,
    text: (row) => momentText(row.openedAt),
  },
]
const words = (...values: readonly string[]) => values.map((value) => ({ value, label: value }))

export function Component(): ReactNode {
  const [params] = useSearchParams()
  const query = taken(params, ...findingNames)
  return (
    <Page
      title="Findings"
      description="Each opens once, resolves by itself and opens again."
      commands={[`cadastre finding list${flagsOf(query)}`]}
      requests={[pathOf('/findings', query)]}
    >
      <List
        title="Findings"
        query={findingList(params)}
        columns={columns(useNodeNames())}
        keyOf={(row) => row.findingId}
        filters={[
          { name: 'status', label: 'Status', options: words('open', 'suppressed', 'resolved') },
          { name: 'severity', label: 'Severity', options: words('critical', 'high', 'medium', 'low', 'informational') },
          { name: 'node', label: 'At' },
          { name: 'resource', label: 'Resource' },
        ]}
        empty="Nothing was found. All that is known complies."
      />
    </Page>
  )
}
