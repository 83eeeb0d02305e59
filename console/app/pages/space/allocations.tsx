// Who has what.
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { allocationList, allocationNames, nodes, searchParamsOf } from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { ListPage } from '../../parts/list-page.tsx'
import { useNodeNames } from '../../parts/names.ts'
import { allocationColumns } from './allocation-columns.tsx'

export const loader = ({ request }: { request: Request }): Promise<null> =>
  load(allocationList(searchParamsOf(request)), nodes)

export const Component = (): ReactNode => (
  <ListPage
    title="Allocations"
    description="Space that somebody has, or has on hold."
    command="cadastre allocation list"
    path="/allocations"
    names={allocationNames}
    list={allocationList}
    columns={allocationColumns(useNodeNames())}
    keyOf={(row) => row.allocationId}
    filters={[
      { name: 'within', label: 'Within CIDR' },
      { name: 'account', label: 'Account' },
      { name: 'resourceType', label: 'Type' },
      { name: 'tag', label: 'Tag (KEY=VALUE)' },
      {
        name: 'state',
        label: 'State',
        options: [
          { value: 'allocated', label: 'Allocated' },
          { value: 'held', label: 'Held' },
        ],
      },
    ]}
    empty={
      <>
        Nobody has any space yet. <Link to="/try">Try</Link> what somebody would get.
      </>
    }
  />
)
