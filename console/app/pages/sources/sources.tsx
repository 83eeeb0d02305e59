// What tells what exists, and how long ago it did.
import type { ReactNode } from 'react'
import type { Schemas } from '../../api/client.ts'
import { nodes, searchParamsOf, sourceList } from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { moment, node, said, state, word } from '../../parts/columns.tsx'
import type { Column } from '../../parts/list.tsx'
import { ListPage } from '../../parts/list-page.tsx'
import { useNodeNames } from '../../parts/names.ts'

export const loader = ({ request }: { request: Request }): Promise<null> =>
  load(sourceList(searchParamsOf(request)), nodes)

type Row = Schemas['Source']
const columns = (nameOf: (id: string) => string | undefined): readonly Column<Row>[] => [
  said('name', 'Source', 160, (row) => row.name),
  word('kind', 'Kind', 100, (row) => row.kind),
  state('Freshness', 110, (row) => row.freshness),
  moment('Last listing', (row) => row.takenAt),
  node('Tells of', nameOf, (row) => row.node),
]

export const Component = (): ReactNode => (
  <ListPage
    title="Estate"
    tableTitle="Sources"
    description="Clouds, clusters and tables that tell what exists."
    command="cadastre source list"
    moreCommands={['cadastre difference list SOURCE']}
    path="/sources"
    names={[]}
    list={sourceList}
    columns={columns(useNodeNames())}
    keyOf={(row) => row.sourceId}
    empty={
      <>
        <p>Nothing tells yet what exists. Where the credentials of your cloud are:</p>
        <pre className="commands">cadastre collect aws --source NAME</pre>
      </>
    }
  />
)
