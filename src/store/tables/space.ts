// The space of pools: free, allocated and resting blocks, which partition every provisioned CIDR (invariant I2). What is free is
// in `free-space.ts`, what rests in `resting.ts`, who holds what in `holdings.ts`; here is how space goes from the one to the other.
import { assert } from '#model/assert.ts'
import { bitsOf, type Cidr, equals, formatCidr, sizeOf, toKey } from '#model/cidr.ts'
import type { ConnectionMemory } from '../memory.ts'
import type { Sql } from '../sql.ts'
import { type CountedBlocks, FreeSpace, type Params } from './free-space.ts'
import type { Clock } from './history.ts'
import { type Allocation, Holdings } from './holdings.ts'
import { type Hold, Holds } from './holds.ts'
import { PoolCounters } from './pool-counters.ts'
import { PoolDays, type Utilization } from './pool-days.ts'
import { Resting } from './resting.ts'
import { nothingSaid, type Said, TenureStates } from './tenure-states.ts'

/** Where, and of whom, space is counted. */
export interface HeldIn {
  readonly pool: number
  /** In the order of addresses. */
  readonly first: Cidr
  readonly last: Cidr
  readonly account: string
}
/** What the free space of an engine is made of. */
export type MakeFreeSpace = (memory: ConnectionMemory, counters: PoolCounters) => FreeSpace

export class Space {
  readonly allocations: Holdings
  readonly holds: Holds
  readonly resting: Resting
  readonly states: TenureStates
  readonly days: PoolDays
  readonly #sql: Sql
  readonly #clock: Clock
  readonly #counters: PoolCounters
  readonly #free: FreeSpace
  #moves = 0

  constructor(
    sql: Sql,
    clock: Clock,
    memory: ConnectionMemory,
    makeFree: MakeFreeSpace = (kept) => new FreeSpace(sql, kept),
  ) {
    this.#sql = sql
    this.#clock = clock
    this.#counters = new PoolCounters(sql, clock, memory)
    this.#free = makeFree(memory, this.#counters)
    this.states = new TenureStates(sql, clock, memory)
    this.days = new PoolDays(sql)
    this.holds = new Holds(sql, clock, this.states)
    this.allocations = new Holdings(sql, clock, memory)
    this.resting = new Resting(sql, clock, { counters: this.#counters, free: this.#free, holds: this.holds })
  }

  /** How often space was taken so far: part of it is written only at the end of the transaction. */
  get moves(): number {
    return this.#moves
  }
  /** At the start of a transaction, where others write too. */
  begin(): Promise<void> {
    return this.#free.begin()
  }
  /** Writes what was gathered in memory; before every commit. */
  async flush(): Promise<void> {
    await this.#free.flush()
    this.#counters.flush()
  }

  /** That a pool is new: it has nothing, and nobody need read that. */
  opened(pool: number): void {
    this.#counters.opened(pool)
  }
  utilization(pool: number): Promise<Utilization> {
    return this.#counters.of(pool)
  }
  /** The same where nothing has to be read for it. */
  utilizationAtHand(pool: number): Utilization | undefined {
    return this.#counters.atHand(pool)
  }
  /** Of many pools that exist, by their numbers. */
  utilizations(pools: readonly number[]): Promise<ReadonlyMap<number, Utilization>> {
    return this.#counters.ofMany(pools)
  }
  /** What is free of the pools that this transaction has changed something of, by their numbers. */
  changedFree(): ReadonlyMap<number, bigint> {
    return this.#counters.changedFree()
  }
  /**
   * Netmask lengths of the blocks that an account has allocated from a pool between two addresses, holds there, or gave back and
   * that still rest. Looks at so many of either: `isAll` says whether that was all.
   */
  async heldLengths(
    { pool, first, last, account }: HeldIn,
    limit: number,
  ): Promise<{ readonly lengths: readonly number[]; readonly isAll: boolean }> {
    const allocated = await this.#sql.all<{ pool: number; length: number }>(
      `select a.pool, a.length from holder h cross join allocation a
       where h.account = ? and a.holder = h.n and a.first between ? and ? limit ?`,
      account,
      toKey(first),
      toKey(last),
      limit,
    )
    const resting = await this.#sql.all<{ pool: number; length: number }>(
      'select pool, length from quarantine where account = ? and pool = ? and ends_at > ? and pool_cidr is null limit ?',
      account,
      pool,
      this.#clock.now,
      limit,
    )
    const rows = [...allocated, ...resting].filter((row) => row.pool === pool)
    return { lengths: rows.map(({ length }) => length), isAll: allocated.length < limit && resting.length < limit }
  }

  // Taking ---------------------------------------------------------------------------------------------------------

  /**
   * Takes the lowest block of the smallest sufficient free one. Undefined where none is left.
   * Space whose quarantine has ended counts as free.
   */
  async take(pool: number, family: 4 | 6, params: Params): Promise<Cidr | undefined> {
    this.#free.ask(pool, family, params.length)
    const take = () => this.#free.take(pool, family, params)
    const taken = (await take()) ?? (await this.resting.sweepFor(pool, take))
    if (taken) await this.#count(pool, taken)
    return taken
  }
  /** Takes exactly `wanted`: `taken`, or why not. */
  async takeExactly(pool: number, wanted: Cidr): Promise<'taken' | 'not-free'> {
    const isTaken = await this.resting.find(pool, async () => (await this.#free.takeExactly(pool, wanted)) || undefined)
    if (!isTaken) return 'not-free'
    await this.#count(pool, wanted)
    return 'taken'
  }
  #count(pool: number, taken: Cidr): void | Promise<void> {
    this.#moves++
    return this.#counters.move(pool, 'free', 'allocated', taken)
  }

  /** The block that `take` would take, without taking it: space whose quarantine has ended is put back as there. */
  preview(pool: number, family: 4 | 6, params: Params): Promise<Cidr | undefined> {
    return this.resting.find(pool, () => this.#free.find(pool, family, params))
  }
  /** Whether `takeExactly` would take it, likewise. */
  async previewExactly(pool: number, wanted: Cidr): Promise<boolean> {
    const isFree = await this.resting.find(pool, async () => (await this.#free.isFree(pool, wanted)) || undefined)
    return isFree === true
  }
  /** As in `FreeSpace`. */
  largestFree(pools: readonly number[]): Promise<ReadonlyMap<number, number>> {
    return this.#free.largestOf(pools)
  }
  /** As in `FreeSpace`. What has rested and was not swept yet is not among them. */
  freeBySize(pool: number, max: number): Promise<CountedBlocks[]> {
    return this.#free.countBySize(pool, max)
  }
  isFree(pool: number, wanted: Cidr): Promise<boolean> {
    return this.#free.isFree(pool, wanted)
  }
  /** The netmask length of the largest block that could be had; what has rested long enough counts, swept or not. */
  async shortestFree(pool: number, family: 4 | 6): Promise<number | undefined> {
    const order = await this.#free.largestOrder(pool)
    const rested = await this.resting.shortestEnded(pool)
    const lengths = [
      ...(order === undefined ? [] : [bitsOf(family) - order]),
      ...(rested === undefined ? [] : [rested]),
    ]
    return lengths.length === 0 ? undefined : Math.min(...lengths)
  }
  /** Whether exactly this block could be had by the account: it is free, has rested, or is what the account gave back. */
  async canTake(pool: number, wanted: Cidr, account: string): Promise<boolean> {
    return (await this.isFree(pool, wanted)) || (await this.resting.canTake(pool, wanted, account))
  }

  /** Records who has a block that was taken in this transaction. */
  async record(allocation: Allocation): Promise<void> {
    this.#clock.subjects?.noteAllocation(allocation.n, allocation.resourceType)
    await this.allocations.insert(allocation)
    await this.#counters.count(allocation.pool, 1)
  }
  /**
   * Ends an allocation: its space is in quarantine until `endsAt`, or is free at once where that has passed.
   * @param said what it said until now beside its row, for the record
   */
  async release(allocation: Allocation, endsAt: number, said: Said = nothingSaid): Promise<void> {
    const { n, pool, cidr, account, resourceType } = allocation
    assert(
      Number.isSafeInteger(endsAt),
      () => `what allocation ${n} of pool ${pool} leaves is in quarantine until ${endsAt}`,
    )
    await this.allocations.end(allocation, said)
    this.#clock.subjects?.noteAllocation(n, resourceType)
    await this.#counters.count(pool, -1)
    const { now } = this.#clock
    if (endsAt > now) await this.resting.begin({ pool, cidr, account, releasedAt: now, endsAt })
    else await this.#giveBack(pool, cidr)
  }
  /**
   * Ends all that is in pools that go away: what was allocated, what has rested, and what is free. Nothing of it is counted or
   * grows together any more.
   * @param ending all their allocations
   */
  async dropPools(
    pools: readonly number[],
    ending: readonly { readonly allocation: Allocation; readonly said: Said }[],
  ): Promise<void> {
    await this.resting.drop(pools)
    await this.allocations.endMany(ending)
    for (const { allocation } of ending) this.#clock.subjects?.noteAllocation(allocation.n, allocation.resourceType)
    await this.#free.drop(pools)
  }
  /** What was allocated is free. */
  async #giveBack(pool: number, cidr: Cidr): Promise<void> {
    await this.#counters.move(pool, 'allocated', 'free', cidr)
    await this.#free.merge(pool, cidr)
  }

  // Holding ---------------------------------------------------------------------------------------------------------

  /** Keeps space that was taken in this transaction for a limited time: it is in quarantine until then, and is free again. */
  async hold(hold: Hold): Promise<void> {
    const { n, pool, cidr, account, createdAt, expiresAt } = hold
    assert(expiresAt > createdAt, `hold ${n} of pool ${pool} begins at ${createdAt} and ends at ${expiresAt}`)
    this.#clock.subjects?.noteAllocation(n, 'hold')
    await this.holds.insert(hold)
    await this.resting.begin({ pool, cidr, account, releasedAt: createdAt, endsAt: expiresAt, hold: n })
  }
  /** Holds it until another moment. */
  async extend(hold: Hold, expiresAt: number): Promise<void> {
    if (expiresAt === hold.expiresAt) return
    await this.resting.extendHold(hold.n, expiresAt)
    await this.holds.extend(hold, expiresAt)
  }
  /** What was held is an allocation from now on: its next state. */
  async confirm(hold: Hold, allocation: Allocation): Promise<void> {
    assert(
      allocation.n === hold.n && allocation.pool === hold.pool && equals(allocation.cidr, hold.cidr),
      () =>
        `hold ${hold.n} of ${formatCidr(hold.cidr)} in pool ${hold.pool} becomes the allocation ${allocation.n} of ${formatCidr(allocation.cidr)} in pool ${allocation.pool}`,
    )
    await this.resting.endHold(hold)
    const state = await this.holds.keepState(hold)
    await this.holds.delete(hold.n)
    await this.record(allocation)
    await this.allocations.setState(hold.n, state)
  }
  /** Gives up what was held: free at once, since it was never in use. */
  async drop(hold: Hold): Promise<void> {
    await this.resting.endHold(hold)
    this.#clock.subjects?.noteAllocation(hold.n, 'hold')
    await this.holds.recordEnding(hold.n, 'dropped', Math.max(this.#clock.now, hold.changedAt ?? hold.createdAt))
    await this.holds.delete(hold.n)
    await this.#giveBack(hold.pool, hold.cidr)
  }

  // Provisioning ---------------------------------------------------------------------------------------------------

  /** Adds the space of a newly provisioned CIDR. */
  async add(pool: number, cidr: Cidr): Promise<void> {
    await this.#free.add(pool, cidr)
    await this.#counters.add(pool, 'free', sizeOf(cidr))
  }
  /** Takes the space of a provisioned CIDR away again; false (and nothing changes) unless all of it is free. */
  async remove(pool: number, cidr: Cidr): Promise<boolean> {
    if (!(await this.#free.remove(pool, cidr))) return false
    await this.#counters.add(pool, 'free', -sizeOf(cidr))
    return true
  }
}
