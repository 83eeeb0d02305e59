// How much of each pool is free, allocated and at rest. Counted in memory, and written once per transaction: the row of a pool
// that many take from is touched once for a whole batch.
import { assert } from '#model/assert.ts'
import { type Cidr, sizeOf } from '#model/cidr.ts'
import { dayOf } from '#model/clock.ts'
import { fullStepOf } from '#model/roll-up.ts'
import type { ConnectionMemory, Kept } from '../memory.ts'
import { inParts, listOf, type Sql } from '../sql.ts'
import type { RowOf } from '../table.ts'
import type { Clock } from './history.ts'
import { asRow, poolDayTable, type Utilization } from './pool-days.ts'

/** Pools whose counters are remembered, where nobody else writes. */
const poolsMax = 10_000

/** In which state space is. */
export type SpaceState = 'allocated' | 'quarantined' | 'free'
interface Counters {
  allocated: bigint
  quarantined: bigint
  free: bigint
  allocations: number
  moved: boolean
  /** The day on which they last changed; undefined: not since days are kept. */
  countedOn: number | undefined
  /** How nearly full it was before the first change that is not written yet. */
  stepBefore: number | undefined
  /** As they were at the end of that day, where they change for the first time on another. */
  before: RowOf<typeof poolDayTable> | undefined
}

export interface CounterRow {
  allocated: string
  quarantined: string
  free: string
  allocation_count: number
  counted_on: number | null
}

export class PoolCounters {
  readonly #sql: Sql
  readonly #clock: Clock
  readonly #kept: Kept<number, Counters>
  constructor(sql: Sql, clock: Clock, memory: ConnectionMemory) {
    this.#sql = sql
    this.#clock = clock
    this.#kept = memory.states(poolsMax)
  }

  /** Before every commit. */
  flush(): void {
    for (const [pool, counters] of this.#kept.draft) {
      if (!counters.moved) continue
      counters.moved = false
      if (counters.before) poolDayTable.later(this.#sql, counters.before)
      counters.before = undefined
      this.#sql.later(
        'update pool set allocated = ?, quarantined = ?, free = ?, allocation_count = ?, counted_on = ? where n = ?',
        counters.allocated.toString(),
        counters.quarantined.toString(),
        counters.free.toString(),
        counters.allocations,
        counters.countedOn ?? null,
        pool,
      )
      if (stepOf(counters) !== counters.stepBefore)
        this.#sql.later('update pool set full_changed = ? where n = ?', 1, pool)
    }
  }

  async of(pool: number): Promise<Utilization> {
    return this.#own(pool) ?? this.#read(pool)
  }
  /** The same where nothing has to be read for it. */
  atHand(pool: number): Utilization | undefined {
    return this.#own(pool)
  }
  /** Of many pools that exist, by their numbers. */
  async ofMany(pools: readonly number[]): Promise<ReadonlyMap<number, Utilization>> {
    const found = new Map<number, Utilization>()
    for (const pool of pools) {
      const own = this.#own(pool)
      if (own) found.set(pool, own)
    }
    const others = pools.filter((pool) => !found.has(pool))
    await inParts(others, async (part) => {
      const list = listOf(part)
      const rows = await this.#sql.all<CounterRow & { readonly n: number }>(
        `select n, allocated, quarantined, free, allocation_count, counted_on from pool where n in ${list.text}`,
        ...list.values,
      )
      for (const { n, ...row } of rows) found.set(n, countersIn(row))
    })
    return found
  }
  /** What is free of the pools that this transaction has changed something of. */
  changedFree(): ReadonlyMap<number, bigint> {
    return new Map([...this.#kept.draft].flatMap(([pool, { moved, free }]) => (moved ? [[pool, free] as const] : [])))
  }
  /** Of a pool that this transaction has made. */
  opened(pool: number): void {
    this.learn(pool, { allocated: '0', quarantined: '0', free: '0', allocation_count: 0, counted_on: null })
  }
  /** Takes over what was read, where it is not known better. */
  learn(pool: number, row: CounterRow): void {
    if (this.#kept.get(pool)) return
    this.#kept.set(pool, countersIn(row))
  }

  /** That space of a pool changes its state. Whoever has the counters at hand waits for nothing. */
  move(pool: number, from: SpaceState, to: SpaceState, cidr: Cidr): void | Promise<void> {
    const own = this.#own(pool)
    return own ? this.#moveIn(own, pool, { from, to, size: sizeOf(cidr) }) : this.#moveRead(pool, from, to, cidr)
  }
  async #moveRead(pool: number, from: SpaceState, to: SpaceState, cidr: Cidr): Promise<void> {
    this.#moveIn(await this.#read(pool), pool, { from, to, size: sizeOf(cidr) })
  }
  /** That there is more space in a pool, or less: in one state. */
  async add(pool: number, state: SpaceState, size: bigint): Promise<void> {
    const counters = this.#own(pool) ?? (await this.#read(pool))
    assert(
      counters[state] + size >= 0n,
      () => `pool ${pool} has ${counters[state]} ${state} addresses, and ${-size} go`,
    )
    this.#touch(counters, pool)
    counters[state] += size
  }
  /** That there is one allocation more, or less. */
  async count(pool: number, allocations: 1 | -1): Promise<void> {
    const counters = this.#own(pool) ?? (await this.#read(pool))
    this.#touch(counters, pool)
    counters.allocations += allocations
    assert(counters.allocations >= 0, () => `pool ${pool} has ${counters.allocations} allocations`)
  }

  #moveIn(
    counters: Counters,
    pool: number,
    { from, to, size }: { readonly from: SpaceState; readonly to: SpaceState; readonly size: bigint },
  ): void {
    assert(
      counters[from] >= size,
      () => `pool ${pool} has ${counters[from]} ${from} addresses, and ${size} become ${to}`,
    )
    this.#touch(counters, pool)
    counters[from] -= size
    counters[to] += size
  }
  /** Before every change. The first one of a day keeps what was there at the end of the day of the last one. */
  #touch(counters: Counters, pool: number): void {
    if (counters.moved) return
    counters.moved = true
    counters.stepBefore = stepOf(counters)
    const today = dayOf(this.#clock.now)
    const { countedOn: day } = counters
    if (day !== undefined && day >= today) return
    if (day !== undefined) counters.before = asRow(pool, day, counters)
    counters.countedOn = today
  }

  /** The transaction's own; undefined where they are to be read. */
  #own(pool: number): Counters | undefined {
    return this.#kept.own(pool, copyOf)
  }
  async #read(pool: number): Promise<Counters> {
    const row = await this.#sql.get<CounterRow>(
      'select allocated, quarantined, free, allocation_count, counted_on from pool where n = ?',
      pool,
    )
    assert(row !== undefined, `counters are asked of pool ${pool}, which is not there`)
    this.learn(pool, row)
    return this.#own(pool)!
  }
}

const countersIn = (row: CounterRow): Counters => ({
  allocated: BigInt(row.allocated),
  quarantined: BigInt(row.quarantined),
  free: BigInt(row.free),
  allocations: row.allocation_count,
  moved: false,
  countedOn: row.counted_on ?? undefined,
  stepBefore: undefined,
  before: undefined,
})
const stepOf = ({ allocated, quarantined, free }: Counters): number | undefined => {
  const used = allocated + quarantined
  return fullStepOf({ used, provisioned: used + free })
}
const copyOf = (counters: Counters): Counters => ({ ...counters })
