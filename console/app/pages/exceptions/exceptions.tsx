// Exceptions: what waits, what is in force, what is over.
import SpaceBetween from '@cloudscape-design/components/space-between'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import type { Schemas } from '../../api/client.ts'
import { exceptionList, exceptionNames, nodes, searchParamsOf } from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { node, said, state, word } from '../../parts/columns.tsx'
import { Go } from '../../parts/go.tsx'
import type { Column } from '../../parts/list.tsx'
import { ListPage } from '../../parts/list-page.tsx'
import { anywhere, useMay } from '../../parts/may.ts'
import { useNodeNames } from '../../parts/names.ts'
import { Away, momentText, Said } from '../../parts/words.tsx'
import { WaitingList, waiting } from '../overview/waiting-list.tsx'

export const loader = ({ request }: { request: Request }): Promise<null> =>
  load(exceptionList(searchParamsOf(request)), waiting, nodes)

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
  state('State', 140, (row) => row.state),
  node('For', nameOf, (row) => row.target),
  word('what', 'Type and locale', 140, (row) => `${row.resourceType} in ${row.locale}`),
  said('by', 'Asked for by', 120, (row) => row.requested.by),
  {
    id: 'ends',
    header: 'Ends',
    width: 190,
    cell: (row) => <Away at={row.expiresAt} />,
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

function Begin(): ReactNode {
  const may = useMay()
  const whyNoGlass = may('exception:approve', anywhere)
  const whyNot = may('exception:request', anywhere)
  return (
    <SpaceBetween size="xs" direction="horizontal">
      <Go to="/exceptions/new?kind=break-glass" whyNot={whyNoGlass}>
        Break the glass
      </Go>
      <Go to="/exceptions/new" whyNot={whyNot}>
        Ask for an exception
      </Go>
    </SpaceBetween>
  )
}

export const Component = (): ReactNode => (
  <ListPage
    title="Exceptions"
    description="Deviations from policy for a time, each approved by somebody else than who asked."
    command="cadastre exception list"
    path="/exceptions"
    names={exceptionNames}
    list={exceptionList}
    columns={columns(useNodeNames())}
    keyOf={(row) => row.exceptionId}
    filters={[
      { name: 'state', label: 'State', options: states.map(([value, label]) => ({ value, label })) },
      { name: 'requestedBy', label: 'Asked for by' },
      { name: 'target', label: 'For' },
    ]}
    above={<WaitingList isShown={({ id }) => id.startsWith('exception-')} isWanted={false} />}
    tableTitle="All exceptions"
    actions={<Begin />}
    empty={
      <>
        Nobody has asked for one. Whoever was <Link to="/decisions?outcome=deny">denied</Link> asks on the page of the
        decision.
      </>
    }
  />
)
