// The columns of allocations.
import { Link } from 'react-router'
import type { Schemas } from '../../api/client.ts'
import type { Column } from '../../parts/list.tsx'
import { named } from '../../parts/names.ts'
import { Account, Cidr, Moment, momentText, None, Said, State } from '../../parts/words.tsx'

type Row = Schemas['Allocation']
export const allocationColumns = (nameOf: (id: string) => string | undefined): readonly Column<Row>[] => [
  { id: 'cidr', header: 'CIDR', width: 140, cell: (row) => <Cidr>{row.cidr}</Cidr>, text: (row) => row.cidr },
  { id: 'name', header: 'Name', width: 120, cell: (row) => <Said>{row.name}</Said>, text: (row) => row.name ?? '' },
  {
    id: 'account',
    header: 'Account',
    width: 150,
    cell: (row) => <Account id={row.account} name={nameOf(row.account)} />,
    text: (row) => named(row.account, nameOf(row.account)),
  },
  {
    id: 'type',
    header: 'Type',
    width: 90,
    cell: (row) => <Said>{row.resourceType}</Said>,
    text: (row) => row.resourceType,
  },
  {
    id: 'resource',
    header: 'Resource',
    width: 150,
    cell: (row) => <Said>{row.resourceId}</Said>,
    text: (row) => row.resourceId ?? '',
  },
  {
    id: 'locale',
    header: 'Locale',
    width: 110,
    cell: (row) => <Said>{row.locale}</Said>,
    text: (row) => row.locale ?? '',
  },
  { id: 'state', header: 'State', width: 110, cell: (row) => <State of={row.state} />, text: (row) => row.state },
  {
    id: 'since',
    header: 'Since',
    width: 160,
    cell: (row) => <Moment at={row.createdAt} />,
    text: (row) => momentText(row.createdAt),
  },
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
