// What of a pool lies where, counted for a map: parts of a window of its addresses, by steps in the indexes that lead to the same space.
// Rows are counted where they are, and not read.
import { type Cidr, fromKey, lastAddress, supernet, toKey } from '#model/cidr.ts'
import { firstOfEach } from '../merged-ranges.ts'
import type { Sql, SqlValue } from '../sql.ts'

/** Which rows are counted: allocations, or free blocks of one size. */
type Counted = 'allocations' | { readonly order: number }

export interface RestingBlock {
  readonly cidr: Cidr
  /** Anybody can have it, though it is not among what is free yet. */
  readonly isOver: boolean
  readonly isHeld: boolean
  readonly since: number
  readonly endsAt: number
}
/** What somebody has. */
export interface TakenBlock {
  readonly cidr: Cidr
  readonly n: number
  readonly account: string
  readonly locale: string
  readonly resourceType: string
  readonly resourceId: string | null
}
interface TakenRow extends Omit<TakenBlock, 'cidr'> {
  readonly first: Uint8Array
  readonly length: number
}
interface RestingRow {
  first: Uint8Array
  length: number
  released_at: number
  ends_at: number
  hold: number | null
}

export class AddressTiles {
  readonly #sql: Sql
  readonly #clock: { readonly now: number }
  constructor(sql: Sql, clock: { readonly now: number }) {
    this.#sql = sql
    this.#clock = clock
  }

  /** log2 of the sizes of free blocks that there are, the largest first. */
  async ordersOf(pool: number): Promise<number[]> {
    const found: number[] = []
    for (let below = 129; ; below = found.at(-1)!) {
      const row = await this.#sql.get<{ ord: number | null }>(
        'select max(ord) as ord from free_block where pool = ? and ord < ?',
        pool,
        below,
      )
      if (row?.ord === undefined || row.ord === null) return found
      found.push(row.ord)
    }
  }
  /** Whether a block that contains the window, or is it, is free as one. */
  async isFreeAround(pool: number, window: Cidr, order: number): Promise<boolean> {
    const bits = window.family === 4 ? 32 : 128
    const around = supernet(window, bits - order)
    const row = await this.#sql.get(
      'select 1 as one from free_block where pool = ? and ord = ? and first = ?',
      pool,
      order,
      toKey(around),
    )
    return row !== undefined
  }
  /** Free blocks of one size in a window, in address order, `limit` at most. */
  async free(pool: number, order: number, window: Cidr, limit: number): Promise<Cidr[]> {
    const rows = await this.#sql.all<{ first: Uint8Array }>(
      'select first from free_block where pool = ? and ord = ? and first between ? and ? order by first limit ?',
      pool,
      order,
      ...rangeOf(window),
      limit,
    )
    const bits = window.family === 4 ? 32 : 128
    return rows.map(({ first }) => fromKey(first, bits - order))
  }
  /** From the first to the last row of a window; undefined where there is none. */
  async extent(pool: number, counted: Counted, window: Cidr): Promise<{ first: bigint; last: bigint } | undefined> {
    const { text, values } = whereOf(pool, counted)
    const at = async (order: 'asc' | 'desc') =>
      this.#sql.get<{ first: Uint8Array }>(
        `select first from ${text} and first between ? and ? order by first ${order} limit 1`,
        ...values,
        ...rangeOf(window),
      )
    const [first, last] = [await at('asc'), await at('desc')]
    const { family } = window
    const bits = family === 4 ? 32 : 128
    return first && last && { first: fromKey(first.first, bits).first, last: fromKey(last.first, bits).first }
  }
  /** The first and the last block that begins in a window, of what is allocated and of what rests. */
  async endsOfUsed(pool: number, window: Cidr): Promise<Cidr[]> {
    const found: Cidr[] = []
    for (const table of ['allocation', 'quarantine']) {
      for (const order of ['asc', 'desc']) {
        const row = await this.#sql.get<{ first: Uint8Array; length: number }>(
          `select first, length from ${table} where pool = ? and first between ? and ? order by first ${order} limit 1`,
          pool,
          ...rangeOf(window),
        )
        if (row) found.push(fromKey(row.first, row.length))
      }
    }
    return found
  }
  /** How many rows begin in each of some tiles: `rows` in all at most, and in each a part of that. */
  async count(
    pool: number,
    counted: Counted,
    tiles: readonly Cidr[],
    rows: number,
  ): Promise<{ readonly counts: readonly number[]; readonly most: number }> {
    const { text, values } = whereOf(pool, counted)
    const size = 2 ** Math.ceil(Math.log2(Math.max(tiles.length, 1)))
    const most = Math.ceil(rows / size)
    const filled = Array.from({ length: size }, (_, at) => tiles[at] ?? tiles.at(-1)!)
    const counts = await this.#sql.all<{ i: number; found: number }>(
      `with tile (i, low, high) as (values ${filled.map(() => '(cast(? as integer), cast(? as blob), cast(? as blob))').join(', ')})
       select i, (select count(*) from
         (select 1 as one from ${text} and first >= tile.low and first <= tile.high limit ?) part) as found
       from tile`,
      ...filled.flatMap((tile, at): SqlValue[] => [at, ...rangeOf(tile)]),
      ...values,
      most,
    )
    const found = new Array<number>(size).fill(0)
    for (const row of counts) found[row.i] = row.found
    return { counts: found.slice(0, tiles.length), most }
  }
  /**
   * The same of one tile, `rows` at a time, up to `max` and what one step counts more. Rows are passed by once where it is right how many
   * are `expected`, such as those of the tile before.
   */
  async countOn(
    pool: number,
    counted: Counted,
    tile: Cidr,
    {
      rows,
      max,
      expected,
      nextTurn,
    }: { readonly rows: number; readonly max: number; readonly expected: number; nextTurn(): Promise<void> },
  ): Promise<{ readonly count: number; readonly isMore: boolean }> {
    const { text, values } = whereOf(pool, counted)
    let [low] = rangeOf(tile)
    const [, high] = rangeOf(tile)
    const within = `from ${text} and first between ? and ?`
    for (let count = 0; ; count += rows) {
      if (count >= max) return { count, isMore: true }
      await nextTurn()
      if (expected < count + rows) {
        const rest = await this.#sql.get<{ found: number }>(
          `select count(*) as found from (select 1 as one ${within} limit ?) part`,
          ...values,
          low,
          high,
          rows,
        )
        if (rest!.found < rows) return { count: count + rest!.found, isMore: false }
        await nextTurn()
      }
      const next = await this.#sql.get<{ first: Uint8Array }>(
        `select first ${within} order by first limit 1 offset ?`,
        ...values,
        low,
        high,
        rows,
      )
      if (next) {
        low = next.first
        continue
      }
      await nextTurn()
      const rest = await this.#sql.get<{ found: number }>(`select count(*) as found ${within}`, ...values, low, high)
      return { count: count + rest!.found, isMore: false }
    }
  }
  /** The first allocations that begin in each of some tiles, and the last one that begins before the first tile. */
  async firstIn(pool: number, tiles: readonly Cidr[], limit: number): Promise<TakenBlock[]> {
    const columns = `t.first, t.length, t.n, t.resource_id as "resourceId",
      h.account, h.region as locale, h.resource_type as "resourceType"`
    const ranges = {
      ...{ columns, table: 'allocation t', joined: 'join holder h on h.n = t.holder', values: [] },
      where: (...[first, last]: string[]) => `t.pool = ${pool} and t.first >= ${first} and t.first <= ${last}`,
      order: ['first'] as [string],
      compare: (a: TakenRow, b: TakenRow) => Buffer.compare(a.first, b.first),
    }
    const rows = await firstOfEach<TakenRow>(this.#sql, tiles.map(rangeOf), ranges, limit)
    const before = await this.#sql.all<TakenRow>(
      `select ${columns} from allocation t join holder h on h.n = t.holder
       where t.pool = ? and t.first < ? order by t.first desc limit 1`,
      pool,
      toKey(tiles[0]!),
    )
    return [...before, ...rows].map(({ first, length, ...row }) => ({ ...row, cidr: fromKey(first, length) }))
  }
  /** What rests or is held in a window or around it, in address order, `limit` at most. */
  async resting(pool: number, window: Cidr, limit: number, after?: Cidr): Promise<RestingBlock[]> {
    const [low, high] = rangeOf(window)
    const columns = 'select first, length, released_at, ends_at, hold from quarantine where pool = ?'
    // Blocks that rest do not overlap: only the last one to begin before it can be around.
    const around = after
      ? undefined
      : await this.#sql.get<RestingRow>(`${columns} and first < ? order by first desc limit 1`, pool, low)
    const inside = await this.#sql.all<RestingRow>(
      `${columns} and first ${after ? '>' : '>='} ? and first <= ? order by first limit ?`,
      pool,
      after ? toKey(after) : low,
      high,
      limit,
    )
    const { now } = this.#clock
    return [...(around ? [around] : []), ...inside].map((row) => ({
      cidr: fromKey(row.first, row.length),
      isOver: row.ends_at <= now,
      isHeld: row.hold !== null,
      since: row.released_at,
      endsAt: row.ends_at,
    }))
  }
}

const rangeOf = (cidr: Cidr): [Uint8Array, Uint8Array] => [toKey(cidr), toKey(lastAddress(cidr))]
const whereOf = (pool: number, counted: Counted): { readonly text: string; readonly values: SqlValue[] } =>
  counted === 'allocations'
    ? { text: 'allocation where pool = ?', values: [pool] }
    : { text: 'free_block where pool = ? and ord = ?', values: [pool, counted.order] }
