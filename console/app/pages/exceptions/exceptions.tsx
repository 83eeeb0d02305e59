// Exceptions: what waits, what is in force, what is over.
import type { ReactNode } from 'react'
import { Link, useSearchParams } from 'react-router'
import type { Schemas } from '../../api/client.ts'
import { exceptionList, exceptionNames, flagsOf, nodes, pathOf, searchParamsOf, taken } from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { type Column, List } from '../../parts/list.tsx'
import { named, useNodeNames } from '../../parts/names.ts'
import { Page } from '../../parts/page.tsx'
import { Moment, momentText, Said, State } from '../../parts/words.tsx'

export const loader = ({ request }: { request: Request }): Promise<null> =>
  load(exceptionList(searchParamsOf(request)), nodes)

type Row = Schemas['PolicyException']
const columns = (nameOf: (id: string) => string | undefined): readonly Column<Row>[] => [
  {
    id: 'reason',
    header: 'Reason',
    width: 200,
    cell: (row) => (
      <Link to={`/exceptions/${row.exceptionId}`}>
        <Said>{row.reason}</Said>
      </Link>
    ),
    text: (row) => row.reason,
  },
  { id: 'state', header: 'State', width: 140, cell: (row) => <State of={row.state} />, text: (row) => row.state },
  {
    id: 'target',
    header: 'For',
    width: 140,
    cell: (row) => <Said>{nameOf(row.target) ?? row.target}</Said>,
    text: (row) => named(row.target, nameOf(row.target)),
  },
  {
    id: 'what',
    header: 'Type and locale',
    width: 140,
    cell: (row) => `${row.resourceType} in ${row.locale}`,
    text: (row) => `${row.resourceType} in ${row.locale}`,
  },
  {
    id: 'by',
    header: 'Asked for by',
    width: 120,
    cell: (row) => <Said>{row.requested.by}</Said>,
    text: (row) => row.requested.by,
  },
  {
    id: 'until',
    header: 'Ends',
    width: 170,
    cell: (row) => <Moment at={row.expiresAt} />,
    text: (row) => momentText(row.expiresAt),
  },
]
const states = [
  ['requested', 'Waits for approval'],
  ['approved', 'Approved, not begun'],
  ['active', 'Active'],
  ['expired', 'Expired'],
  ['revoked', 'Revoked'],
  ['denied', 'Denied'],
] as const

export function Component(): ReactNode {
  const [params] = useSearchParams()
  const query = taken(params, ...exceptionNames)
  return (
    <Page
      title="Exceptions"
      description="Deviations from policy for a time, each approved by somebody else than who asked."
      commands={[`cadastre exception list${flagsOf(query)}`]}
      requests={[pathOf('/exceptions', query)]}
    >
      <List
        title="Exceptions"
        query={exceptionList(params)}
        columns={columns(useNodeNames())}
        keyOf={(row) => row.exceptionId}
        filters={[
          { name: 'state', label: 'State', options: states.map(([value, label]) => ({ value, label })) },
          { name: 'requestedBy', label: 'Asked for by' },
          { name: 'target', label: 'For' },
        ]}
        empty={
          <>
            Nobody has asked for one. Whoever was <Link to="/decisions?outcome=deny">denied</Link> asks on the page of
            the decision.
          </>
        }
      />
    </Page>
  )
}
