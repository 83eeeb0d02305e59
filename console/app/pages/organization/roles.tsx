// Who may do what where.
import type { ReactNode } from 'react'
import type { Schemas } from '../../api/client.ts'
import { bindingList, nodes, searchParamsOf } from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { moment, node, said, word } from '../../parts/columns.tsx'
import type { Column } from '../../parts/list.tsx'
import { ListPage } from '../../parts/list-page.tsx'
import { useNodeNames } from '../../parts/names.ts'

export const loader = ({ request }: { request: Request }): Promise<null> =>
  load(bindingList(searchParamsOf(request)), nodes)

type Row = Schemas['RoleBinding']
const columns = (nameOf: (id: string) => string | undefined): readonly Column<Row>[] => [
  said('principal', 'Who', 200, (row) => row.principal),
  word('role', 'Role', 180, (row) => row.role),
  node('Where', nameOf, (row) => row.node),
  word('effect', 'Effect', 100, (row) => row.effect),
  moment('Since', (row) => row.createdAt),
]

export const Component = (): ReactNode => (
  <ListPage
    title="Roles"
    tableTitle="Role bindings"
    description="A role holds at its node and below; a forbid is stronger than every permit."
    command="cadastre role-binding list"
    moreCommands={['cadastre role list']}
    path="/role-bindings"
    names={['principal', 'node']}
    list={bindingList}
    columns={columns(useNodeNames())}
    keyOf={(row) => row.bindingId}
    filters={[
      { name: 'principal', label: 'Who' },
      { name: 'node', label: 'Where' },
    ]}
    empty="Nobody has a role that you may see."
  />
)
