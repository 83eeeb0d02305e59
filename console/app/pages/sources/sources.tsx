// What tells what exists, and how long ago it did.
import type { ReactNode } from 'react'
import { Link, useSearchParams } from 'react-router'
import type { Schemas } from '../../api/client.ts'
import { nodes, searchParamsOf, sourceList } from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { moment, node, state, word } from '../../parts/columns.tsx'
import { Go } from '../../parts/go.tsx'
import type { Column } from '../../parts/list.tsx'
import { choices, ListPage } from '../../parts/list-page.tsx'
import { anywhere, useMay } from '../../parts/may.ts'
import { useNodeNames } from '../../parts/names.ts'
import { Said } from '../../parts/words.tsx'

export const loader = ({ request }: { request: Request }): Promise<null> =>
  load(sourceList(searchParamsOf(request)), nodes)

type Row = Schemas['Source']
const columns = (nameOf: (id: string) => string | undefined): readonly Column<Row>[] => [
  {
    id: 'name',
    header: 'Source',
    width: 160,
    cell: (row) => (
      <Link to={`/sources/${row.sourceId}`}>
        <Said>{row.name}</Said>
      </Link>
    ),
    text: (row) => row.name,
  },
  word('kind', 'Kind', 100, (row) => row.kind),
  state('Freshness', 110, (row) => row.freshness),
  moment('Last listing', (row) => row.takenAt),
  node('Tells of', nameOf, (row) => row.node),
  {
    id: 'differences',
    header: 'Differences',
    width: 110,
    cell: (row) => (
      <Link to={`/sources/${row.sourceId}/differences?state=open`} aria-label={`Differences of ${row.name}`}>
        Open ones
      </Link>
    ),
    text: () => '',
  },
]

export function Component(): ReactNode {
  const whyNot = useMay()('estate:manage', anywhere)
  const [params] = useSearchParams()
  const freshness = params.get('freshness')
  const isShown = ({ freshness: is }: Row): boolean =>
    freshness === null || (is === 'fresh') === (freshness === 'fresh')
  return (
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
      filters={[{ name: 'freshness', label: 'Freshness', options: choices('fresh', 'late') }]}
      order={(rows) => rows.filter(isShown)}
      actions={
        <Go isPrimary to="/sources/new" whyNot={whyNot}>
          Make a source
        </Go>
      }
      empty={
        <>
          <p>
            Nothing tells yet what exists. <Link to="/sources/new">Make a source</Link>, and import a table of what
            there is, or run a collector where the credentials of your cloud are:
          </p>
          <pre className="commands">cadastre collect aws --source NAME</pre>
        </>
      }
    />
  )
}
