// The columns of allocations.
import { Link } from 'react-router'
import type { Schemas } from '../../api/client.ts'
import { account, moment, said, state } from '../../parts/columns.tsx'
import type { Column } from '../../parts/list.tsx'
import { Cidr, None } from '../../parts/words.tsx'

type Row = Schemas['Allocation']
export const allocationColumns = (nameOf: (id: string) => string | undefined): readonly Column<Row>[] => [
  { id: 'cidr', header: 'CIDR', width: 120, cell: (row) => <Cidr>{row.cidr}</Cidr>, text: (row) => row.cidr },
  said('name', 'Name', 90, (row) => row.name),
  account('Account', nameOf, (row) => row.account),
  said('type', 'Type', 60, (row) => row.resourceType),
  said('resource', 'Resource', 188, (row) => row.resourceId),
  said('locale', 'Locale', 95, (row) => row.locale),
  state('State', 105, (row) => row.state),
  moment('Since', (row) => row.createdAt),
  {
    id: 'why',
    header: 'Why',
    width: 60,
    cell: (row) =>
      row.decisionId === undefined ? (
        <None />
      ) : (
        <Link to={`/decisions/${row.decisionId}`} aria-label={`Why: decision of ${row.cidr}`}>
          Why
        </Link>
      ),
    text: (row) => row.decisionId ?? '',
  },
]
