// The narrow door to a database engine: three verbs over SQL text that both engines understand.
import { assert } from '#model/assert.ts'
import { type Cidr, toKey } from '#model/cidr.ts'

export type SqlValue = null | number | bigint | string | Uint8Array
/** SQLite answers at once, PostgreSQL later; whoever asks awaits. */
export type Awaitable<T> = T | Promise<T>

export interface Sql {
  /** The first row, or undefined. `?` are positional parameters. */
  get<Row>(text: string, ...values: SqlValue[]): Awaitable<Row | undefined>
  all<Row>(text: string, ...values: SqlValue[]): Awaitable<Row[]>
  /** The number of rows changed. */
  run(text: string, ...values: SqlValue[]): Awaitable<number>
  /**
   * The same, where nobody asks how many: an `insert … values (?, …)`, an `update … set a = ?, … where key = ?` of one row,
   * or a `delete … where key = ? and …` of one row that this transaction has read and that must be there; of a row that
   * nothing in this transaction changes again by the same key. SQLite executes it at once; PostgreSQL sends those of one
   * text together, before the next statement that could tell the difference, deletes first.
   */
  later(text: string, ...values: SqlValue[]): void
  /** Fails where the disk is full. Undefined where every change needs room there. */
  findRoom?(): Promise<void>
}

/**
 * What follows `in` for these numbers, and their values. Lists are filled up with their last number to a power of two, so
 * that there are few texts, whatever the lengths; an empty one finds nothing.
 */
export const listOf = (numbers: readonly number[]) => filled(numbers, -1)
/** The same for texts. */
export const listOfTexts = (texts: readonly string[]) => filled(texts, '')

function filled<T extends SqlValue>(
  all: readonly T[],
  none: T,
): { readonly text: string; readonly values: readonly T[] } {
  const values = [...new Set(all)]
  const last = values.at(-1) ?? none
  const size = 2 ** Math.ceil(Math.log2(Math.max(values.length, 1)))
  while (values.length < size) values.push(last)
  return { text: `(${values.map(() => '?').join(', ')})`, values }
}

/** The same for pairs of a text and a number, as rows of `values`. */
export function listOfRows(pairs: readonly (readonly [string, number])[]): {
  readonly text: string
  readonly values: readonly (string | number)[]
} {
  const size = 2 ** Math.ceil(Math.log2(Math.max(pairs.length, 1)))
  const filled = Array.from({ length: size }, (_, index) => pairs[index] ?? pairs.at(-1) ?? ['', -1])
  return { text: filled.map(() => '(cast(? as text), cast(? as bigint))').join(', '), values: filled.flat() }
}

/** The same for pairs of texts. */
export function listOfTextPairs(pairs: readonly (readonly [string, string])[]): {
  readonly text: string
  readonly values: readonly string[]
} {
  const size = 2 ** Math.ceil(Math.log2(Math.max(pairs.length, 1)))
  const filled = Array.from({ length: size }, (_, index) => pairs[index] ?? pairs.at(-1) ?? ['', ''])
  return { text: filled.map(() => '(cast(? as text), cast(? as text))').join(', '), values: filled.flat() }
}

/** The same for pairs of numbers. */
export function listOfNumbers(pairs: readonly (readonly [number, number])[]): {
  readonly text: string
  readonly values: readonly number[]
} {
  const size = 2 ** Math.ceil(Math.log2(Math.max(pairs.length, 1)))
  const filled = Array.from({ length: size }, (_, index) => pairs[index] ?? pairs.at(-1) ?? [-1, -1])
  return { text: filled.map(() => '(cast(? as bigint), cast(? as bigint))').join(', '), values: filled.flat() }
}

/** The same for probes of an index: an order, and three keys. */
export function listOfProbes(probes: readonly (readonly [number, Uint8Array, Uint8Array, Uint8Array])[]): {
  readonly text: string
  readonly values: readonly (number | Uint8Array)[]
} {
  assert(probes.length > 0, 'somebody who probes nothing has nothing to ask')
  const size = 2 ** Math.ceil(Math.log2(probes.length))
  const filled = Array.from({ length: size }, (_, index) => probes[index] ?? probes.at(-1)!)
  const row = '(cast(? as integer), cast(? as blob), cast(? as blob), cast(? as blob))'
  return { text: filled.map(() => row).join(', '), values: filled.flat() }
}

/** The same for blocks of which a table may have each: `with probe (first, length) as (values TEXT)`, as many rows as blocks. */
export const listOfBlocks = (
  blocks: readonly Cidr[],
): { readonly text: string; readonly values: readonly (number | Uint8Array)[] } => ({
  text: blocks.map(() => '(cast(? as blob), cast(? as integer))').join(', '),
  values: blocks.flatMap((block) => [toKey(block), block.length]),
})

/** Rows that one statement reads of what is read whole: a few milliseconds, after which others have their turn. */
const rowsPerRead = 1_000

/** Up to `limit` rows behind one, in an order that an index has; undefined: the first ones. */
type ReadPart<Row> = (last: Row | undefined, limit: number) => Awaitable<readonly Row[]>

/** Does something with each row of all there are, a part at a time: what is made of many rows takes long as well. */
export async function readEach<Row>(read: ReadPart<Row>, take: (row: Row) => void): Promise<void> {
  let last: Row | undefined
  for (;;) {
    const rows = await read(last, rowsPerRead)
    for (const row of rows) take(row)
    if (rows.length < rowsPerRead) return
    last = rows.at(-1)
  }
}

/** Reads all of something, a part at a time. */
export async function readWhole<Row>(read: ReadPart<Row>): Promise<Row[]> {
  const all: Row[] = []
  await readEach(read, (row) => all.push(row))
  return all
}

/** Of what is named one by one in a statement: so many at once are a few milliseconds, after which others have their turn. */
const namedPerStatement = 250

/** Does something with a part at a time of what statements name one by one. */
export async function inParts<T>(
  all: readonly T[],
  work: (part: readonly T[]) => Promise<void>,
  size = namedPerStatement,
): Promise<void> {
  for (let at = 0; at < all.length; at += size) await work(all.slice(at, at + size))
}

/** SQLite has no booleans. */
export const toBit = (value: boolean): number => (value ? 1 : 0)
