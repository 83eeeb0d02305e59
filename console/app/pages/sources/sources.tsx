// What tells what exists, and how long ago it did.
import type { ReactNode } from 'react'
import { useSearchParams } from 'react-router'
import type { Schemas } from '../../api/client.ts'
import { nodes, searchParamsOf, sourceList } from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { type Column, List } from '../../parts/list.tsx'
import { named, useNodeNames } from '../../parts/names.ts'
import { Page } from '../../parts/page.tsx'
import { Moment, momentText, None, Said, State } from '../../parts/words.tsx'

export const loader = ({ request }: { request: Request }): Promise<null> =>
  load(sourceList(searchParamsOf(request)), nodes)

type Row = Schemas['Source']
const columns = (nameOf: (id: string) => string | undefined): readonly Column<Row>[] => [
  { id: 'name', header: 'Source', width: 160, cell: (row) => <Said>{row.name}</Said>, text: (row) => row.name },
  { id: 'kind', header: 'Kind', width: 100, cell: (row) => row.kind, text: (row) => row.kind },
  {
    id: 'freshness',
    header: 'Freshness',
    width: 110,
    cell: (row) => <State of={row.freshness} />,
    text: (row) => row.freshness,
  },
  {
    id: 'taken',
    header: 'Last listing',
    width: 170,
    cell: (row) => (row.takenAt === undefined ? <None /> : <Moment at={row.takenAt} />),
    text: (row) => momentText(row.takenAt),
  },
  {
    id: 'node',
    header: 'Tells of',
    width: 140,
    cell: (row) => <Said>{nameOf(row.node) ?? row.node}</Said>,
    text: (row) => named(row.node, nameOf(row.node)),
  },
]

export function Component(): ReactNode {
  const [params] = useSearchParams()
  return (
    <Page
      title="Estate"
      description="Clouds, clusters and tables that tell what exists."
      commands={['cadastre source list', 'cadastre difference list SOURCE']}
      requests={['/sources']}
    >
      <List
        title="Sources"
        query={sourceList(params)}
        columns={columns(useNodeNames())}
        keyOf={(row) => row.sourceId}
        empty={
          <>
            <p>Nothing tells yet what exists. Where the credentials of your cloud are:</p>
            <pre className="commands">cadastre collect aws --source NAME</pre>
          </>
        }
      />
    </Page>
  )
}
