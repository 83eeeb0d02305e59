// Who had what of a range at a moment.
import type { ReactNode } from 'react'
import { Link, useSearchParams } from 'react-router'
import { api, type Schemas } from '../../api/client.ts'
import { pageRows } from '../../api/lists.ts'
import { ask } from '../../api/queries.ts'
import { account, moment, said, state } from '../../parts/columns.tsx'
import { type Column, List } from '../../parts/list.tsx'
import { useNodeNames } from '../../parts/names.ts'
import { Cidr, None } from '../../parts/words.tsx'

type Row = Schemas['Tenure']
const heldAt = (query: { cidr: string; scopeId: string; at: string; cursor?: string }) =>
  ask(['held-at', query], (signal) =>
    api.GET('/history/addresses', { params: { query: { ...query, limit: pageRows } }, signal }),
  )

export function PastHolders({ cidr, scopeId, at }: { cidr: string; scopeId: string; at: string }): ReactNode {
  const cursor = useSearchParams()[0].get('cursor')
  const nameOf = useNodeNames()
  const columns: readonly Column<Row>[] = [
    { id: 'cidr', header: 'CIDR', width: 140, cell: (row) => <Cidr>{row.cidr}</Cidr>, text: (row) => row.cidr },
    account('Account', nameOf, (row) => row.account),
    said('type', 'Type', 90, (row) => row.resourceType),
    said('resource', 'Resource', 188, (row) => row.resourceId),
    state('State', 110, (row) => row.state),
    moment('Since', (row) => row.heldFrom),
    { ...moment<Row>('Until', (row) => row.heldUntil), id: 'until' },
    {
      id: 'why',
      header: 'Why',
      width: 80,
      cell: (row) =>
        row.decisionId === undefined ? (
          <None />
        ) : (
          <Link to={`/decisions/${row.decisionId}`} aria-label={`Decision of ${row.cidr}`}>
            Decision
          </Link>
        ),
      text: (row) => row.decisionId ?? '',
    },
  ]
  return (
    <List
      title={`Who had what of ${cidr}`}
      query={heldAt({ cidr, scopeId, at, ...(cursor === null ? {} : { cursor }) })}
      columns={columns}
      keyOf={(row) => `${row.allocationId} ${row.from}`}
      empty="Nobody had any of it, as far as you may see."
    />
  )
}
