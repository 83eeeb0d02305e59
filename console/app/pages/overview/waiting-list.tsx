// What waits for whoever is signed in: the oldest first, with what they are asked to do.
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { api, type Schemas } from '../../api/client.ts'
import { ask } from '../../api/queries.ts'
import { moment, node, said } from '../../parts/columns.tsx'
import { type Column, List, type ListOf } from '../../parts/list.tsx'
import { useNodeNames } from '../../parts/names.ts'
import { Said } from '../../parts/words.tsx'
import { pathOfWaiting } from './waiting-path.ts'

export type Waiting = Schemas['WaitingApproval']
export const waiting = ask(['waiting'], (signal) => api.GET('/waiting', { signal }))

export const asked: Readonly<Record<Waiting['for'], string>> = {
  approve: 'Approve or send back',
  review: 'Review an emergency',
  revise: 'Revise: it was sent back',
  apply: 'Apply: it is approved',
}

const columns = (nameOf: (id: string) => string | undefined): readonly Column<Waiting>[] => [
  {
    id: 'reason',
    header: 'What and why',
    width: 220,
    cell: (row) => (
      <Link to={pathOfWaiting(row)}>
        <Said>{row.reason}</Said>
      </Link>
    ),
    text: (row) => `${row.id} ${row.reason}`,
  },
  { id: 'for', header: 'What you do', width: 160, cell: (row) => asked[row.for], text: (row) => asked[row.for] },
  {
    id: 'kind',
    header: 'Kind',
    width: 120,
    cell: ({ id }) => (id.startsWith('exception-') ? 'Exception' : 'Change request'),
    text: ({ id }) => (id.startsWith('exception-') ? 'Exception' : 'Change request'),
  },
  node('At', nameOf, (row) => row.node),
  said('by', 'By', 120, (row) => row.by),
  moment('Since', (row) => row.at),
]

/** @param isShown which of them; all by default */
export function WaitingList({
  isShown = () => true,
  isWanted = true,
}: {
  isShown?: (one: Waiting) => boolean
  isWanted?: boolean
}): ReactNode {
  const nameOf = useNodeNames()
  const query = {
    queryKey: waiting.queryKey,
    queryFn: waiting.queryFn as unknown as (context: { readonly signal: AbortSignal }) => Promise<ListOf<Waiting>>,
    select: ({ items }: ListOf<Waiting>): ListOf<Waiting> => ({ items: items.filter(isShown) }),
  }
  return (
    <List
      title="Waiting for me"
      query={query}
      columns={columns(nameOf)}
      keyOf={({ id, for: what }) => `${id} ${what}`}
      filters={isWanted ? filters : []}
      empty="Nothing waits for you."
    />
  )
}
const filters = [
  {
    name: 'for',
    label: 'What you do',
    options: (Object.keys(asked) as Waiting['for'][]).map((value) => ({ value, label: asked[value] })),
  },
]
