// The record: who did what, the latest first.
import type { ReactNode } from 'react'
import { useSearchParams } from 'react-router'
import type { Schemas } from '../../api/client.ts'
import { changeList, changeNames, flagsOf, nodes, pathOf, pools, searchParamsOf, taken } from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { Linked } from '../../parts/linked.tsx'
import { type Column, List } from '../../parts/list.tsx'
import { named, useNodeNames } from '../../parts/names.ts'
import { Page } from '../../parts/page.tsx'
import { Account, Moment, momentText, Said } from '../../parts/words.tsx'

export const loader = ({ request }: { request: Request }): Promise<null> =>
  load(changeList(searchParamsOf(request)), nodes, pools)

type Row = Schemas['Change']
const columns = (nameOf: (id: string) => string | undefined): readonly Column<Row>[] => [
  { id: 'at', header: 'When', width: 170, cell: (row) => <Moment at={row.at} />, text: (row) => momentText(row.at) },
  {
    id: 'action',
    header: 'What',
    width: 180,
    cell: (row) => (
      <>
        {row.action}
        {row.times === undefined ? '' : `, ${row.times} times`}
      </>
    ),
    text: (row) => row.action,
  },
  { id: 'outcome', header: 'Outcome', width: 120, cell: (row) => row.outcome, text: (row) => row.outcome },
  {
    id: 'principal',
    header: 'Who',
    width: 200,
    cell: (row) => <Said>{row.principal}</Said>,
    text: (row) => row.principal,
  },
  {
    id: 'account',
    header: 'Account',
    width: 150,
    cell: (row) => <Account id={row.account} name={nameOf(row.account)} />,
    text: (row) => named(row.account, nameOf(row.account)),
  },
  {
    id: 'subjects',
    header: 'Of',
    width: 220,
    cell: (row) => <Linked>{row.subjects.join(', ')}</Linked>,
    text: (row) => row.subjects.join(' '),
  },
]

export function Component(): ReactNode {
  const [params] = useSearchParams()
  const query = taken(params, ...changeNames)
  return (
    <Page
      title="Record"
      description="Every change, with who asked for it; kept for good, and provable."
      commands={[`cadastre change list${flagsOf(query)}`, 'cadastre audit verify']}
      requests={[pathOf('/changes', query)]}
    >
      <List
        title="Changes"
        query={changeList(params)}
        columns={columns(useNodeNames())}
        keyOf={(row) => row.changeId}
        filters={[
          { name: 'principal', label: 'Who' },
          { name: 'action', label: 'What' },
          { name: 'subject', label: 'Of (id or name)' },
          { name: 'account', label: 'Account' },
        ]}
        empty="Nothing was changed yet."
      />
    </Page>
  )
}
