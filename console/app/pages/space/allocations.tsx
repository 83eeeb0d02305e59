// Who has what.
import type { ReactNode } from 'react'
import { Link, useSearchParams } from 'react-router'
import { allocationList, allocationNames, flagsOf, nodes, pathOf, searchParamsOf, taken } from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { List } from '../../parts/list.tsx'
import { useNodeNames } from '../../parts/names.ts'
import { Page } from '../../parts/page.tsx'
import { allocationColumns } from './allocation-columns.tsx'

export const loader = ({ request }: { request: Request }): Promise<null> =>
  load(allocationList(searchParamsOf(request)), nodes)

export function Component(): ReactNode {
  const [params] = useSearchParams()
  const query = taken(params, ...allocationNames)
  const nameOf = useNodeNames()
  return (
    <Page
      title="Allocations"
      description="Space that somebody has, or has on hold."
      commands={[`cadastre allocation list${flagsOf(query)}`]}
      requests={[pathOf('/allocations', query)]}
    >
      <List
        title="Allocations"
        query={allocationList(params)}
        columns={allocationColumns(nameOf)}
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
    </Page>
  )
}
