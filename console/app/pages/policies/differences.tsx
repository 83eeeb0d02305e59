// What two documents, or two versions of a policy, say otherwise: one thing a row.
import type { ReactNode } from 'react'
import { Linked } from '../../parts/linked.tsx'
import { type Column, List } from '../../parts/list.tsx'
import { None, Said } from '../../parts/words.tsx'
import type { Difference } from './document-words.ts'

const said = (text: string | undefined): ReactNode => (text === undefined ? <None /> : <Linked>{text}</Linked>)

export function Differences({
  title,
  rows,
  from,
  to,
  empty,
}: {
  title: string
  rows: readonly Difference[]
  /** What the two are called. */
  from: string
  to: string
  empty: string
}): ReactNode {
  const columns: readonly Column<Difference>[] = [
    { id: 'what', header: 'What', width: 180, cell: ({ what }) => <Linked>{what}</Linked>, text: ({ what }) => what },
    {
      id: 'from',
      header: from,
      width: 180,
      cell: (row) => said(row.from),
      text: (row) => row.from ?? '',
    },
    {
      id: 'to',
      header: to,
      width: 180,
      cell: (row) => said(row.to),
      text: (row) => row.to ?? '',
    },
    {
      id: 'document',
      header: 'Document',
      width: 160,
      cell: (row) => (
        <>
          <Said>{row.locale}</Said> <Said>{row.resourceType}</Said>
        </>
      ),
      text: (row) => `${row.locale} ${row.resourceType}`,
    },
  ]
  return (
    <List
      title={title}
      query={{ queryKey: ['differences', rows], queryFn: async () => ({ items: rows }) }}
      columns={columns}
      keyOf={(row) => `${row.locale} ${row.resourceType} ${row.what}`}
      empty={empty}
    />
  )
}
