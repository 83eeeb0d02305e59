// Simulations that somebody has asked for: what changes would have made of the requests of the last days.
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { api, type Schemas } from '../../api/client.ts'
import { pageRows, searchParamsOf, taken } from '../../api/lists.ts'
import { ask, load } from '../../api/queries.ts'
import { moment, said, word } from '../../parts/columns.tsx'
import type { Column } from '../../parts/list.tsx'
import { ListPage } from '../../parts/list-page.tsx'

type Row = Schemas['Simulation']
const list = (params: URLSearchParams) => {
  const query = { limit: pageRows, ...taken(params) }
  return ask(['simulations', query], (signal) => api.GET('/simulations', { params: { query }, signal }))
}
export const loader = ({ request }: { request: Request }): Promise<null> => load(list(searchParamsOf(request)))

const columns: readonly Column<Row>[] = [
  {
    id: 'simulation',
    header: 'Simulation',
    width: 220,
    cell: (row) => <Link to={`/simulations/${row.simulationId}`}>{row.simulationId}</Link>,
    text: (row) => row.simulationId,
  },
  word('status', 'Status', 110, (row) => row.status),
  word('days', 'Days', 90, (row) => row.days),
  said('by', 'Asked by', 140, (row) => row.askedBy),
  moment('Begun', (row) => row.createdAt),
]

export const Component = (): ReactNode => (
  <ListPage
    title="Simulations"
    description="What a change would have made of the requests of the last days. Each is kept for a week."
    command="cadastre simulation list"
    path="/simulations"
    names={[]}
    list={list}
    columns={columns}
    keyOf={(row) => row.simulationId}
    empty={
      <>
        There is none. One is begun with “What would break?” at a document of a <Link to="/policies">policy</Link>.
      </>
    }
  />
)
