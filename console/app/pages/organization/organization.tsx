// The organization: root, units and accounts.
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import type { Schemas } from '../../api/client.ts'
import { nodes } from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { type Column, List } from '../../parts/list.tsx'
import { Page } from '../../parts/page.tsx'
import { Account, Said } from '../../parts/words.tsx'

type Row = Schemas['OrganizationNode']
export const loader = (): Promise<null> => load(nodes)
const columns: readonly Column<Row>[] = [
  {
    id: 'name',
    header: 'Name',
    width: 220,
    cell: (row) => (
      <span style={{ paddingInlineStart: (row.path.length - 1) * 20 }}>
        {row.path.length > 1 ? '└ ' : ''}
        {row.kind === 'account' ? (
          <Account id={row.nodeId} name={row.name} />
        ) : (
          <strong>
            <Said>{row.name}</Said>
          </strong>
        )}
      </span>
    ),
    text: (row) => row.name,
  },
  {
    id: 'kind',
    header: 'Kind',
    width: 120,
    cell: (row) => row.kind.replace('organizational-', ''),
    text: (row) => row.kind,
  },
  { id: 'id', header: 'Id', width: 160, cell: (row) => <Said>{row.nodeId}</Said>, text: (row) => row.nodeId },
]

export const Component = (): ReactNode => (
  <Page
    title="Organization"
    description="Policies, roles and exceptions hold at a node and below."
    commands={['cadastre organization tree']}
    requests={['/organization/tree']}
  >
    <List
      title="Nodes"
      query={nodes}
      columns={columns}
      keyOf={(row) => row.nodeId}
      empty={
        <>
          There is no organization yet. <Link to="/start">First minutes</Link> make one.
        </>
      }
    />
  </Page>
)
