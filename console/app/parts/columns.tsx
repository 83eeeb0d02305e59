// Columns that many tables have: each says what its cell shows, and the same as text.
import type { Column } from './list.tsx'
import { named } from './names.ts'
import { Account, Moment, momentText, Said, State } from './words.tsx'

type NameOf = (id: string) => string | undefined

/** A text that somebody else wrote, or nothing. */
export const said = <T,>(id: string, header: string, width: number, of: (row: T) => string | undefined): Column<T> => ({
  id,
  header,
  width,
  cell: (row) => <Said>{of(row)}</Said>,
  text: (row) => of(row) ?? '',
})
/** A word of ours. */
export const word = <T,>(id: string, header: string, width: number, of: (row: T) => string | number): Column<T> => ({
  id,
  header,
  width,
  cell: of,
  text: (row) => String(of(row)),
})
export const state = <T,>(header: string, width: number, of: (row: T) => string): Column<T> => ({
  id: 'state',
  header,
  width,
  cell: (row) => <State of={of(row)} />,
  text: of,
})
export const moment = <T,>(header: string, of: (row: T) => string | undefined): Column<T> => ({
  id: 'moment',
  header,
  width: 170,
  cell: (row) => <Moment at={of(row)} />,
  text: (row) => momentText(of(row)),
})
/** An account, by its name, which leads to its page. */
export const account = <T,>(header: string, nameOf: NameOf, of: (row: T) => string): Column<T> => ({
  id: 'account',
  header,
  width: 150,
  cell: (row) => <Account id={of(row)} name={nameOf(of(row))} />,
  text: (row) => named(of(row), nameOf(of(row))),
})
/** A node of the organization by its name; `*` is all of it. */
export const node = <T,>(header: string, nameOf: NameOf, of: (row: T) => string): Column<T> => ({
  id: 'node',
  header,
  width: 140,
  cell: (row) => (of(row) === '*' ? 'everywhere' : <Said>{nameOf(of(row)) ?? of(row)}</Said>),
  text: (row) => named(of(row), nameOf(of(row))),
})
