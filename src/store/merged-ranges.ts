// Many ranges of an index, each in order, read as one list. What other ranges hold costs nothing: so a list of what some accounts
// have takes the same time whatever others have beside it.
import type { Sql, SqlValue } from './sql.ts'

/** What a range begins with: the number of a holder or ruling, an account, or several of such in the order of the index. */
export type RangeKey = number | string | readonly SqlValue[]

/** How the ranges are read, from a table that goes by `t`. All texts are of the program, never of a request. */
export interface Ranges<Row> {
  /** What a row is made of, among it what `order` names. */
  readonly columns: string
  readonly table: string
  readonly joined?: string
  /** The range that begins with `key`, of several parts with all of them in order; then come `values`. Of the table alone. */
  where(...key: string[]): string
  readonly values: readonly SqlValue[]
  /** The table's columns after the key, in the order of the index. */
  readonly order: readonly [string, ...string[]]
  readonly isDescending?: boolean
  compare(a: Row, b: Row): number
}

/** What lies between two addresses, and where in the order of addresses and numbers to go on. */
export interface AddressSpan {
  readonly first: Uint8Array
  readonly last: Uint8Array
  readonly after?: { readonly first: Uint8Array; readonly n: number } | undefined
}
/** How the index of addresses finds them. */
export function spanCondition({ first, last, after }: AddressSpan): Pick<Ranges<never>, 'values' | 'order'> & {
  readonly text: string
} {
  const order = ['first', 'n'] as const
  if (!after) return { text: 't.first >= ? and t.first <= ?', values: [first, last], order }
  return {
    text: 't.first >= ? and t.first <= ? and (t.first > ? or t.n > ?)',
    values: [after.first, last, after.first, after.n],
    order,
  }
}

/** Ranges that one statement reads rows of, and of which one asks where they begin. */
const rangesPerStatement = 32
const headsPerStatement = 512

/** The first rows of all ranges together, in order. */
export async function firstOf<Row>(
  sql: Sql,
  keys: readonly RangeKey[],
  ranges: Ranges<Row>,
  limit: number,
): Promise<Row[]> {
  const near = keys.length <= rangesPerStatement ? keys : await nearest(sql, keys, ranges, limit)
  const found: Row[] = []
  for (const some of chunksOf(near, rangesPerStatement)) found.push(...(await readRanges(sql, some, ranges, limit)))
  return found.sort(ranges.compare).slice(0, limit)
}

/** The ranges that begin first: no other one has a row among the first `limit`. */
async function nearest<Row>(
  sql: Sql,
  keys: readonly RangeKey[],
  ranges: Ranges<Row>,
  limit: number,
): Promise<RangeKey[]> {
  const heads = await headsOf(sql, keys, ranges)
  const direction = ranges.isDescending ? -1 : 1
  heads.sort((a, b) => direction * compareValues(a.head, b.head))
  const last = heads[limit - 1]
  // Some may begin alike.
  const end = last ? heads.findIndex(({ head }) => direction * compareValues(head, last.head) > 0) : -1
  return (end < 0 ? heads : heads.slice(0, end)).map(({ key }) => key)
}

/** The first rows of each range, as many of each, in no order. */
export async function firstOfEach<Row>(
  sql: Sql,
  keys: readonly RangeKey[],
  ranges: Ranges<Row>,
  limit: number,
): Promise<Row[]> {
  const found: Row[] = []
  for (const some of chunksOf(keys, rangesPerStatement)) {
    found.push(...(await readRanges(sql, some, ranges, limit, some.length * limit)))
  }
  return found
}

/** Those ranges that have a row. */
export const rangesWithRows = async <Key extends RangeKey>(
  sql: Sql,
  keys: readonly Key[],
  ranges: Pick<Ranges<never>, 'table' | 'where' | 'values' | 'order'>,
): Promise<readonly Key[]> => (await headsOf(sql, keys, ranges)).map(({ key }) => key as Key)

/** Some rows of each range, whichever are found first, where no index has them in order: no more are looked at than are found. */
export async function someOfEach<Row>(
  sql: Sql,
  keys: readonly RangeKey[],
  { columns, table, where, values }: Pick<Ranges<Row>, 'columns' | 'table' | 'where' | 'values'>,
  limit: number,
): Promise<Row[]> {
  const found: Row[] = []
  for (const some of chunksOf(keys, rangesPerStatement)) {
    const asked = filled(some)
    const marks = partsOf(some[0]!).map(() => '?')
    const one = `select * from (select ${columns} from ${table} where ${where(...marks)} limit ${limit}) part`
    const rows = await sql.all<Row>(
      asked.map(() => one).join(' union all '),
      ...asked.flatMap((key) => [...partsOf(key), ...values]),
    )
    found.push(...rows)
  }
  return found
}

interface Head {
  readonly key: RangeKey
  readonly head: SqlValue
}
const partsOf = (key: RangeKey): readonly SqlValue[] => (typeof key === 'object' ? key : [key])
/** Where those ranges begin that have a row. */
async function headsOf(
  sql: Sql,
  keys: readonly RangeKey[],
  {
    table,
    where,
    values,
    order,
    isDescending = false,
  }: Pick<Ranges<never>, 'table' | 'where' | 'values' | 'order' | 'isDescending'>,
): Promise<Head[]> {
  const heads: Head[] = []
  for (const some of chunksOf(keys, headsPerStatement)) {
    const asked = filled(some)
    const names = partsOf(some[0]!).map((_, at) => `part${at}`)
    const row = `(cast(? as bigint), ${partsOf(some[0]!).map(castOf).join(', ')})`
    const rows = await sql.all<{ place: number; head: SqlValue }>(
      `with range (place, ${names.join(', ')}) as (values ${asked.map(() => row).join(', ')})
       select place, head from (select place, (select t.${order[0]} from ${table}
         where ${where(...names.map((name) => `range.${name}`))}
         order by ${orderBy([`t.${order[0]}`], isDescending)} limit 1) as head from range) begun
       where head is not null`,
      ...asked.flatMap((key, place) => [place, ...partsOf(key)]),
      ...values,
    )
    heads.push(...rows.map(({ place, head }) => ({ key: some[place]!, head })))
  }
  return heads
}

async function readRanges<Row>(
  sql: Sql,
  keys: readonly RangeKey[],
  { columns, table, joined = '', where, values, order, isDescending }: Ranges<Row>,
  limit: number,
  inAll = limit,
): Promise<Row[]> {
  if (keys.length === 0) return []
  const ordered = orderBy(order, isDescending)
  const inRange = orderBy(
    order.map((column) => `t.${column}`),
    isDescending,
  )
  const marks = partsOf(keys[0]!).map(() => '?')
  const head = `select ${columns} from ${table} ${joined} where ${where(...marks)} order by ${inRange} limit ?`
  const asked = filled(keys)
  if (asked.length === 1) return sql.all<Row>(head, ...partsOf(asked[0]!), ...values, limit)
  return sql.all<Row>(
    `${asked.map(() => `select * from (${head}) head`).join(' union all ')} order by ${ordered} limit ?`,
    ...asked.flatMap((key) => [...partsOf(key), ...values, limit]),
    inAll,
  )
}

/** Filled up to a power of two with what no range begins with, so that there are few texts. */
function filled(keys: readonly RangeKey[]): readonly RangeKey[] {
  const none = partsOf(keys[0]!).map((part) =>
    typeof part === 'number' ? -1 : part instanceof Uint8Array ? noBytes : '',
  )
  const size = 2 ** Math.ceil(Math.log2(keys.length))
  return Array.from({ length: size }, (_, index) => keys[index] ?? none)
}

const noBytes = new Uint8Array()
const castOf = (part: SqlValue): string =>
  `cast(? as ${typeof part === 'number' ? 'bigint' : part instanceof Uint8Array ? 'blob' : 'text'})`

const orderBy = (order: readonly string[], isDescending = false): string =>
  order.map((column) => (isDescending ? `${column} desc` : column)).join(', ')

function* chunksOf<T>(all: readonly T[], size: number): Generator<readonly T[]> {
  for (let from = 0; from < all.length; from += size) yield all.slice(from, from + size)
}

/** As both engines order them: numbers, and texts and keys by their bytes. All of one column are alike. */
export function compareValues(a: SqlValue, b: SqlValue): number {
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b))
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b)
  return a! < b! ? -1 : a! > b! ? 1 : 0
}
