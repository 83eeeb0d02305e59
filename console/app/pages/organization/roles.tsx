// Who may do what where.
import type { ReactNode } from 'react'
import { useSearchParams } from 'react-router'
import type { Schemas } from '../../api/client.ts'
import { bindingList, flagsOf, nodes, pathOf, searchParamsOf, taken } from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { type Column, List } from '../../parts/list.tsx'
import { named, useNodeNames } from '../../parts/names.ts'
import { Page } from '../../parts/page.tsx'
import { Moment, momentText, Said } from '../../parts/words.tsx'

export const loader = ({ request }: { request: Request }): Promise<null> =>
  load(bindingList(searchParamsOf(request)), nodes)

type Row = Schemas['RoleBinding']
const columns = (nameOf: (id: string) => string | undefined): readonly Column<Row>[] => [
  {
    id: 'principal',
    header: 'Who',
    width: 200,
    cell: (row) => <Said>{row.principal}</Said>,
    text: (row) => row.principal,
  },
  { id: 'role', header: 'Role', width: 180, cell: (row) => row.role, text: (row) => row.role },
  {
    id: 'node',
    header: 'Where',
    width: 160,
    cell: (row) => (row.node === '*' ? 'everywhere' : <Said>{nameOf(row.node) ?? row.node}</Said>),
    text: (row) => named(row.node, nameOf(row.node)),
  },
  { id: 'effect', header: 'Effect', width: 100, cell: (row) => row.effect, text: (row) => row.effect },
  {
    id: 'at',
    header: 'Since',
    width: 170,
    cell: (row) => <Moment at={row.createdAt} />,
    text: (row) => momentText(row.createdAt),
  },
]

export function Component(): ReactNode {
  const [params] = useSearchParams()
  const query = taken(params, 'principal', 'node')
  return (
    <Page
      title="Roles"
      description="A role holds at its node and below; a forbid is stronger than every permit."
      commands={[`cadastre role-binding list${flagsOf(query)}`, 'cadastre role list']}
      requests={[pathOf('/role-bindings', query)]}
    >
      <List
        title="Role bindings"
        query={bindingList(params)}
        columns={columns(useNodeNames())}
        keyOf={(row) => row.bindingId}
        filters={[
          { name: 'principal', label: 'Who' },
          { name: 'node', label: 'Where' },
        ]}
        empty="Nobody has a role that you may see."
      />
    </Page>
  )
}
