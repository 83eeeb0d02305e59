// What lay in a pool at a moment: from the rows of a window where these are few, and else from what has changed since, found by the
// numbers of allocations and by the ends of tenures. Either reads so many rows at most.
import { type Cidr, fromKey, lastAddress, supernets, toKey } from '#model/cidr.ts'
import { rangesWithRows } from '../merged-ranges.ts'
import { inParts, listOf, listOfBlocks, type Sql } from '../sql.ts'

/** A block that somebody had at the moment, or has had only since. */
export interface PastBlock {
  readonly cidr: Cidr
  readonly isHeld: boolean
}
interface BlockRow {
  readonly first: Uint8Array
  readonly length: number
  readonly held: number
}
const toBlock = ({ first, length, held }: BlockRow): PastBlock => ({ cidr: fromKey(first, length), isHeld: held === 1 })

interface PlacedRow extends BlockRow {
  readonly created_at: number
  /** Of a hold. */
  readonly expires_at: number | null
}
const isThere =
  (at: number) =>
  ({ created_at, expires_at }: PlacedRow): boolean =>
    created_at <= at && (expires_at === null || expires_at > at)
interface EndedRow extends Omit<PlacedRow, 'expires_at'> {
  readonly n: number
  readonly pool: number
  readonly released_at: number
}
const isOf =
  (pool: number, at: number) =>
  (row: EndedRow): boolean =>
    row.pool === pool && row.created_at <= at && row.released_at > at

/** What is read of all that there may be, and of one statement. */
export interface PastBounds {
  readonly rows: number
  readonly rowsPerStatement: number
  nextTurn(): Promise<void>
}

/** Of tenures that are over, with `t` for the row. */
const wasHeld = 'case when t.ending is null then 0 else 1 end as held'
const ended = `t.first, t.length, t.n, t.pool, t.created_at, t.released_at, ${wasHeld}`

export class PastSpace {
  readonly #sql: Sql
  constructor(sql: Sql) {
    this.#sql = sql
  }

  /** Which pools tenures are or were of, by their numbers; those that never were are missing. */
  async poolsOf(numbers: readonly number[]): Promise<ReadonlyMap<number, number>> {
    const found = new Map<number, number>()
    await inParts(numbers, async (part) => {
      const list = listOf(part)
      const rows = await this.#sql.all<{ n: number; pool: number }>(
        `select n, pool from allocation where n in ${list.text}
         union select n, pool from allocation_history where n in ${list.text}
         union select n, pool from hold where n in ${list.text}`,
        ...list.values,
        ...list.values,
        ...list.values,
      )
      for (const { n, pool } of rows) found.set(n, pool)
    })
    return found
  }

  /** What of a window, or around it, was somebody's at a moment; undefined where there are more rows to read than that. */
  async within(pool: number, window: Cidr, at: number, bounds: PastBounds): Promise<PastBlock[] | undefined> {
    const found = await this.#around(pool, window, at)
    const isCut = (rows: number): boolean => rows >= bounds.rows
    let read = 0
    // All are read and then told apart, so that the bound is of what is read.
    for (const { table, held } of [
      { table: 'allocation', held: 'null as expires_at, 0 as held' },
      { table: 'hold', held: 't.expires_at, 1 as held' },
    ]) {
      await eachPart<PlacedRow>(bounds, async (last, limit) => {
        const rows = await this.#sql.all<PlacedRow>(
          `select t.first, t.length, t.created_at, ${held} from ${table} t
           where t.pool = ? and t.first ${last ? '>' : '>='} ? and t.first <= ? order by t.first limit ?`,
          pool,
          last?.first ?? toKey(window),
          toKey(lastAddress(window)),
          limit,
        )
        read += rows.length
        found.push(...rows.filter(isThere(at)).map(toBlock))
        return isCut(read) ? [] : rows
      })
    }
    await eachPart<EndedRow>(bounds, async (last, limit) => {
      const rows = await this.#sql.all<EndedRow>(
        `select ${ended} from allocation_history t where t.first >= ? and t.first <= ?
         ${last ? 'and (t.first, t.length, t.created_at, t.n) > (?, ?, ?, ?)' : ''}
         order by t.first, t.length, t.created_at, t.n limit ?`,
        last?.first ?? toKey(window),
        toKey(lastAddress(window)),
        ...(last ? [last.first, last.length, last.created_at, last.n] : []),
        limit,
      )
      read += rows.length
      found.push(...rows.filter(isOf(pool, at)).map(toBlock))
      return isCut(read) ? [] : rows
    })
    return isCut(read) ? undefined : found
  }
  /** What has space around it has one block at most in one pool. */
  async #around(pool: number, window: Cidr, at: number): Promise<PastBlock[]> {
    if (window.length === 0) return []
    const blocks = listOfBlocks(supernets(window).slice(0, -1))
    const found: PastBlock[] = []
    for (const { table, held, end } of [
      { table: 'allocation', held: '0 as held', end: undefined },
      { table: 'hold', held: '1 as held', end: 'expires_at' },
      { table: 'allocation_history', held: wasHeld, end: 'released_at' },
    ]) {
      const rows = await this.#sql.all<BlockRow>(
        `with probe (first, length) as (values ${blocks.text})
         select t.first, t.length, ${held} from probe cross join ${table} t
         where t.first = probe.first and t.length = probe.length and t.pool = ? and t.created_at <= ?
           ${end === undefined ? '' : `and t.${end} > ?`} limit 1`,
        ...blocks.values,
        pool,
        at,
        ...(end === undefined ? [] : [at]),
      )
      found.push(...rows.map(toBlock))
    }
    return found
  }

  /** The number from which on allocations that there are were made later: numbers grow with time. */
  async firstNumberAfter(at: number): Promise<number> {
    let [low, high] = [0, (await this.newestNumber()) + 1]
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      const row = await this.#sql.get<{ n: number; created_at: number }>(
        'select n, created_at from allocation where n >= ? order by n limit 1',
        middle,
      )
      if (!row || row.created_at > at) high = middle
      else low = row.n + 1
    }
    return low
  }
  async newestNumber(): Promise<number> {
    const row = await this.#sql.get<{ n: number | null }>('select max(n) as n from allocation')
    return row?.n ?? 0
  }
  /** What of a window was allocated later than at a moment and is so still, by a stretch of numbers. */
  async begunSince(
    pool: number,
    window: Cidr,
    at: number,
    numbers: { readonly from: number; readonly until: number },
  ): Promise<Cidr[]> {
    const rows = await this.#sql.all<{ first: Uint8Array; length: number }>(
      `select t.first, t.length from allocation t
       where t.n >= ? and t.n < ? and t.pool = ? and t.created_at > ? and t.first <= ?`,
      numbers.from,
      numbers.until,
      pool,
      at,
      toKey(lastAddress(window)),
    )
    return rows.map(({ first, length }) => fromKey(first, length))
  }

  /** What of a pool was somebody's at a moment and is over; undefined where more than that has ended since, in all pools. */
  async endedSince(pool: number, at: number, bounds: PastBounds): Promise<PastBlock[] | undefined> {
    const all = await this.#sql.all<{ account: string }>('select distinct account from holder order by account')
    const since = { values: [at], order: ['released_at'] as [string] }
    const accounts = await rangesWithRows(
      this.#sql,
      all.map(({ account }) => account),
      { table: 'allocation_history t', where: (key) => `t.account = ${key} and t.released_at > ?`, ...since },
    )
    const found: PastBlock[] = []
    let read = 0
    for (const account of accounts) {
      await eachPart<EndedRow>(bounds, async (last, limit) => {
        const rows = await this.#sql.all<EndedRow>(
          `select ${ended} from allocation_history t where t.account = ? and t.released_at >= ?
           ${last ? 'and (t.released_at > ? or t.n > ?)' : ''} order by t.released_at, t.n limit ?`,
          account,
          last?.released_at ?? at + 1,
          ...(last ? [last.released_at, last.n] : []),
          limit,
        )
        read += rows.length
        found.push(...rows.filter(isOf(pool, at)).map(toBlock))
        return read >= bounds.rows ? [] : rows
      })
      if (read >= bounds.rows) return undefined
    }
    return found
  }
}

/** Reads part after part, behind the last row of the one before, with a turn for others between them. */
async function eachPart<R>(
  { rowsPerStatement, nextTurn }: PastBounds,
  read: (last: R | undefined, limit: number) => Promise<readonly R[]>,
): Promise<void> {
  let last: R | undefined
  for (;;) {
    await nextTurn()
    const rows = await read(last, rowsPerStatement)
    if (rows.length < rowsPerStatement) return
    last = rows.at(-1)
  }
}
