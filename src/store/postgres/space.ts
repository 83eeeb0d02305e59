// The free space of pools where several servers share a database: read ahead, many blocks at once, from where the living begin.
import { bitsOf, type Cidr, orderOf, supernet, toKey } from '#model/cidr.ts'
import type { ConnectionMemory, Kept, KeptOne } from '../memory.ts'
import { storedBlock } from '../tables/free-front.ts'
import { FreeSpace, placesAround } from '../tables/free-space.ts'
import type { CounterRow, PoolCounters } from '../tables/pool-counters.ts'
import type { ManySql } from './sql.ts'

/** Pools that are read ahead: those that one of the last few transactions took from. */
const poolsAheadMax = 64
const turnsMax = 4
/** Free blocks of the smallest size that are read at once: at least and at most. */
const blocksMin = 4
const blocksMax = 256
/** Free blocks of one order that leave before its cursor follows: so many dead rows are cheaper to read than to skip. */
const passedMax = 64

/**
 * The counters of some pools with their lowest free blocks of each sufficient order; of an order twice as large half as
 * many, because each of them serves twice as many, and one more, which tells whether there are more. Each order is looked up by itself, from its cursor on; no block is
 * larger than what is provisioned.
 */
export const readAhead = `
select p.n as pool, p.allocated, p.quarantined, p.free, p.allocation_count, p.counted_on, b.ord, b.first
from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as w (pool, ord, rows)
join pool p on p.n = w.pool
cross join lateral generate_series(w.ord, greatest(w.ord, case p.family when 4 then 32 else 128 end
  - (select min(c.length) from pool_cidr c where c.pool = p.n and c.state <> 'failed-provision'))) as o (ord)
left join free_cursor c on c.pool = p.n and c.ord = o.ord
left join lateral (
  select f.ord, f.first from free_block f where f.pool = p.n and f.ord = o.ord and f.first >= coalesce(c.first, '')
  order by f.first limit 1 + (w.rows >> least(o.ord - w.ord, 62)::int)
) b on true
where b.ord is not null or o.ord = w.ord
order by p.n, b.ord, b.first`

/**
 * Moves cursors on, to the first free block that is there. Where none is, to the last one that left: whatever is added
 * later pulls the cursor back. Whoever took from a pool may find it gone at the end of the transaction.
 */
const moveCursors = `
insert into free_cursor (pool, ord, first)
select w.pool, w.ord, coalesce(
  (select f.first from free_block f where f.pool = w.pool and f.ord = w.ord and f.first >= coalesce(c.first, '')
    order by f.first limit 1), w.first)
from unnest($1::bigint[], $2::bigint[], $3::bytea[]) as w (pool, ord, first)
join pool p on p.n = w.pool
left join free_cursor c on c.pool = w.pool and c.ord = w.ord
on conflict (pool, ord) do update set first = excluded.first`

/** Of several places, the one at which a free block stands. */
const freeAround = `
select b.ord from unnest($1::bigint[], $2::bigint[], $3::bytea[]) as b (pool, ord, first)
cross join lateral (select 1 as one from free_block f where f.pool = b.pool and f.ord = b.ord and f.first = b.first limit 1) found
limit 1`

interface AheadRow extends CounterRow {
  readonly pool: number
  readonly ord: number | null
  readonly first: Uint8Array | null
}
/** What the last transaction that took from a pool took of it: the next one will probably take the same. */
interface Asked {
  /** Of the smallest block, and how many of that size all of it was, as far as it matters. */
  order: number
  size: number
  readonly family: 4 | 6
  /** How many transactions ago. */
  readonly age: number
}
interface Passed {
  readonly pool: number
  readonly order: number
  times: number
  last: Uint8Array
}
/** Cursors of which it is remembered how many blocks left. */
const cursorsMax = 10_000

export class SharedFreeSpace extends FreeSpace {
  readonly #sql: ManySql
  readonly #counters: PoolCounters
  /** By pool, the last one that was asked for last. */
  readonly #asked: KeptOne<ReadonlyMap<number, Asked>>
  readonly #askedNow: Map<number, Asked>
  /** By pool and order: blocks that left since this server last moved their cursor. */
  readonly #passed: Kept<string, Passed>

  constructor(sql: ManySql, memory: ConnectionMemory, counters: PoolCounters) {
    super(sql, memory)
    this.#sql = sql
    this.#counters = counters
    this.#asked = memory.fact()
    this.#askedNow = memory.scratch()
    this.#passed = memory.facts(cursorsMax)
  }

  /** Reads, together with whatever a transaction begins with, what those before it took from. */
  override async begin(): Promise<void> {
    const ahead = [...(this.#asked.value ?? [])].slice(-poolsAheadMax)
    if (ahead.length > 0) await this.#read(ahead)
  }
  override ask(pool: number, family: 4 | 6, length: number): void {
    const order = bitsOf(family) - length
    const asked = this.#askedNow.get(pool)
    if (asked) {
      const smallest = Math.min(asked.order, order)
      asked.size = asked.size * 2 ** (asked.order - smallest) + 2 ** (order - smallest)
      asked.order = smallest
    } else this.#askedNow.set(pool, { order, size: 1, family, age: 0 })
  }
  protected override async readFree(pool: number, order: number, family: 4 | 6): Promise<void> {
    const size = (this.#askedNow.get(pool) ?? this.#asked.value?.get(pool))?.size ?? 1
    await this.#read([[pool, { order, size, family, age: 0 }]])
  }
  /** All places where it can stand, in one statement: each would be a wait of its own. */
  protected override async around(pool: number, wanted: Cidr): Promise<Cidr | undefined> {
    const places = placesAround(wanted)
    const [found] = await this.#sql.allOf<{ ord: number }>(
      freeAround,
      Array(places.length).fill(pool),
      places.map(orderOf),
      places.map((place) => toKey(place)),
    )
    return found && supernet(wanted, bitsOf(wanted.family) - Number(found.ord))
  }
  protected override dropFree(pool: number, block: Cidr): void {
    super.dropFree(pool, block)
    const order = orderOf(block)
    const name = `${pool} ${order}`
    const passed = this.#passed.own(name, (committed) => ({ ...committed }))
    if (!passed) this.#passed.set(name, { pool, order, times: 1, last: toKey(block) })
    else {
      passed.times++
      passed.last = toKey(block)
    }
  }
  override async flush(): Promise<void> {
    await super.flush()
    this.#rememberAsked()
    const far = [...this.#passed.draft.values()].filter(({ times }) => times >= passedMax)
    if (far.length === 0) return
    for (const passed of far) passed.times = 0
    this.#sql.lastly(
      moveCursors,
      far.map(({ pool }) => pool),
      far.map(({ order }) => order),
      far.map(({ last }) => last),
    )
  }
  #rememberAsked(): void {
    const before = [...(this.#asked.value ?? [])]
      .filter(([pool, { age }]) => age < turnsMax && !this.#askedNow.has(pool))
      .map(([pool, asked]) => [pool, { ...asked, age: asked.age + 1 }] as const)
    this.#asked.value = new Map([...before, ...this.#askedNow].slice(-poolsAheadMax))
  }

  async #read(asked: readonly (readonly [number, Asked])[]): Promise<void> {
    const wanted = asked.map(([, { size }]) => Math.max(blocksMin, Math.min(size, blocksMax)))
    const pools = asked.map(([pool]) => pool)
    const orders = asked.map(([, { order }]) => order)
    const rows = Map.groupBy(await this.#sql.allOf<AheadRow>(readAhead, pools, orders, wanted), ({ pool }) => pool)
    for (const [index, [pool, { order, family }]] of asked.entries()) {
      const found = rows.get(pool)
      // A pool that was deleted since.
      if (!found) continue
      this.#counters.learn(pool, found[0]!)
      const blocks = Map.groupBy(found, ({ ord }) => ord)
      for (let each = order; each <= bitsOf(family); each++) {
        const ofOrder = (blocks.get(each) ?? []).map(({ first }) => storedBlock(first!, bitsOf(family) - each))
        const isAll = ofOrder.length < rowsOf(wanted[index]!, each - order)
        this.learn(pool, each, { blocks: ofOrder, isAll })
      }
    }
  }
}
/** How many are read of an order that is so much larger, as in the statement. */
const rowsOf = (wanted: number, larger: number): number => 1 + (larger < 31 ? wanted >> larger : 0)
