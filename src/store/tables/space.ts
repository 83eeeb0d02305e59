// The space of pools: free, allocated and quarantined blocks, which partition every provisioned CIDR (invariant I2).
import { assert } from '#model/assert.ts'
import { bitsOf, type Cidr, contains, fromKey, lastAddress, orderOf, sizeOf, supernet, toKey } from '#model/cidr.ts'
import { type Carved, carve, carveAround, coalesce, type Stretch, stretchesOutside } from '#model/free-space.ts'
import { keyOf } from '../key.ts'
import type { ConnectionMemory, Kept } from '../memory.ts'
import { listOf, listOfProbes, type Sql } from '../sql.ts'
import type { Row } from '../table.ts'
import { type Front, freeBlockTable, type Head, none, storedBlock } from './free-front.ts'
import type { Clock, LapsedHold } from './history.ts'
import { type Hold, Holds } from './holds.ts'
import {
  findHeldUntil,
  findRest,
  makeRestAsOne,
  quarantineTable,
  type Rest,
  type RestingCidr,
  sweepUntil,
} from './resting.ts'
import {
  allocationTable,
  endedTenureTable,
  holderTable,
  nothingSaid,
  type Said,
  TenureStates,
  usedAs,
} from './tenure-states.ts'

/** Quarantined blocks returned to the free space in one go; the rest waits for the next. */
const sweepSizeMax = 64
/** Holders whose number is remembered. */
const holdersMax = 10_000
/** Index probes of one statement that searches for free space. */
const probesMax = 512
/** Pools whose counters are remembered, where nobody else writes. */
const poolsMax = 10_000

export interface Allocation {
  readonly n: number
  readonly pool: number
  readonly cidr: Cidr
  readonly resourceType: string
  /** Undefined for Elastic IPs and custom allocations, whose identifier is made of `n`. */
  readonly resourceId: string | undefined
  readonly account: string
  readonly region: string | undefined
  readonly description: string | undefined
  readonly decision: number | undefined
  readonly createdAt: number
  /** Of the state that it is in, where it is not the first one: its number, and since when it holds. */
  readonly version?: number
  readonly changedAt?: number
}

/** Who holds space of a type where; the region is empty where it belongs to none. */
export interface HolderName {
  readonly account: string
  readonly resourceType: string
  readonly region: string
}

export type AllocationRow = Row & {
  readonly n: number
  readonly first: Uint8Array
  readonly resource_type: string
  readonly account: string
  readonly region: string
}
interface QuarantineRow {
  pool: number
  first: Uint8Array
  length: number
  ends_at: number
  /** Set where nothing was released: the space is held. */
  hold: number | null
  account: string
}
/** Every reading of allocations, with who holds them. */
export const selectAllocation = `select ${allocationTable.columnsOf('a')}, h.resource_type, h.account, h.region
  from allocation a join holder h on h.n = a.holder`

export function toAllocation(row: AllocationRow): Allocation {
  const { holder: _, resourceId, description, decision, ...rest } = allocationTable.of(row)
  const { resource_type: resourceType, account, region } = row
  return { ...rest, resourceType, resourceId, account, region: region || undefined, description, decision }
}

/** Numbers of addresses in a pool; allocated + quarantined + free = provisioned. */
export interface Utilization {
  readonly allocated: bigint
  readonly quarantined: bigint
  readonly free: bigint
  readonly allocations: number
}
/** Where, and of whom, space is counted. */
export interface HeldIn {
  readonly pool: number
  /** In the order of addresses. */
  readonly first: Cidr
  readonly last: Cidr
  readonly account: string
}
interface Counters {
  allocated: bigint
  quarantined: bigint
  free: bigint
  allocations: number
  moved: boolean
}

export interface Params {
  readonly length: number
  /** Only inside one of these (where given), and outside all of those. */
  readonly allowed?: readonly Cidr[]
  readonly disallowed?: readonly Cidr[]
}

export interface CounterRow {
  allocated: string
  quarantined: string
  free: string
  allocation_count: number
}

export class Space {
  readonly holds: Holds
  readonly states: TenureStates
  readonly #sql: Sql
  readonly #clock: Clock
  /** Counters move in memory and are written once per transaction: a hot pool's row is touched once for a whole batch. */
  readonly #counters: Kept<number, Counters>
  /** Their committed rows never change. */
  readonly #holders: Kept<string, number>
  readonly #fronts: Map<number, Front>
  #moves = 0

  constructor(sql: Sql, clock: Clock, memory: ConnectionMemory) {
    this.#sql = sql
    this.#clock = clock
    this.#counters = memory.states(poolsMax)
    this.#holders = memory.facts(holdersMax)
    this.#fronts = memory.scratch()
    this.states = new TenureStates(sql, clock, memory)
    this.holds = new Holds(sql, clock, this.states)
  }

  /** How often space was taken so far: part of it is written only at the end of the transaction. */
  get moves(): number {
    return this.#moves
  }
  /** At the start of a transaction, where others write too. */
  async begin(): Promise<void> {}
  /** Writes what was gathered in memory; before every commit. */
  async flush(): Promise<void> {
    for (const pool of this.#fronts.keys()) await this.#spill(pool)
    for (const [pool, counters] of this.#counters.draft) {
      if (!counters.moved) continue
      counters.moved = false
      this.#sql.later(
        'update pool set allocated = ?, quarantined = ?, free = ?, allocation_count = ? where n = ?',
        counters.allocated.toString(),
        counters.quarantined.toString(),
        counters.free.toString(),
        counters.allocations,
        pool,
      )
    }
  }

  async utilization(pool: number): Promise<Utilization> {
    return this.#countersOf(pool)
  }
  /** The same where nothing has to be read for it. */
  utilizationAtHand(pool: number): Utilization | undefined {
    return this.#ownCounters(pool)
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
  /** Of many pools that exist, by their numbers. */
  async utilizations(pools: readonly number[]): Promise<ReadonlyMap<number, Utilization>> {
    const found = new Map<number, Utilization>()
    for (const pool of pools) {
      const own = this.#ownCounters(pool)
      if (own) found.set(pool, own)
    }
    const list = listOf(pools.filter((pool) => !found.has(pool)))
    const rows = await this.#sql.all<CounterRow & { readonly n: number }>(
      `select n, allocated, quarantined, free, allocation_count from pool where n in ${list.text}`,
      ...list.values,
    )
    for (const { n, ...row } of rows) found.set(n, countersIn(row))
    return found
  }

  // Taking ---------------------------------------------------------------------------------------------------------

  /**
   * Takes the lowest block of the smallest sufficient free one. Undefined where none is left.
   * Space whose quarantine has ended counts as free.
   */
  async take(pool: number, family: 4 | 6, params: Params): Promise<Cidr | undefined> {
    if (params.allowed || (params.disallowed && params.disallowed.length > 0))
      return this.#takeWithin(pool, family, params)
    const taken =
      (await this.#takeSmallest(pool, family, params.length)) ??
      (await this.#sweepFor(pool, () => this.#takeSmallest(pool, family, params.length)))
    if (taken) this.#count(this.#ownCounters(pool) ?? (await this.#readCounters(pool)), taken)
    return taken
  }

  /** Cuts the smallest sufficient block; what is left of it are smaller ones, of sizes of which there was none. */
  async #takeSmallest(pool: number, family: 4 | 6, length: number): Promise<Cidr | undefined> {
    const bits = bitsOf(family)
    const front = this.#frontOf(pool)
    for (let order = bits - length; order <= bits; order++) {
      const head = front[order] ?? (await this.#look(pool, front, order, family))
      const free = head.blocks.shift()
      if (free) {
        if (free.isStored) this.dropFree(pool, free.cidr)
        const { taken, rest } = carve(free.cidr, length)
        for (const cidr of rest) front[orderOf(cidr)] = { blocks: [{ cidr, isStored: false }], isAll: true }
        return taken
      }
      // There may be more of this size than were known.
      if (!head.isAll) {
        front[order] = undefined
        order--
      }
    }
    return undefined
  }

  #frontOf(pool: number): Front {
    let front = this.#fronts.get(pool)
    if (!front) {
      front = []
      this.#fronts.set(pool, front)
    }
    return front
  }
  /** Reads what is free of at least `order`. */
  async #look(pool: number, front: Front, order: number, family: 4 | 6): Promise<Head> {
    await this.readFree(pool, order, family)
    const head = front[order]
    assert(head !== undefined, 'who reads what is free learns something about the order that was asked for')
    return head
  }
  /** Reads the lowest free blocks of at least `order`: some, where there are any, and of orders without a gap. */
  protected async readFree(pool: number, order: number, family: 4 | 6): Promise<void> {
    const bits = bitsOf(family)
    const row = await this.#smallest(pool, order)
    for (let empty = order; empty < (row?.ord ?? bits + 1); empty++) this.learn(pool, empty, none)
    if (row) this.learn(pool, row.ord, { blocks: [storedBlock(row.first, bits - row.ord)], isAll: false })
  }
  /** Takes over what was read, where it is not known better. */
  protected learn(pool: number, order: number, head: Head): void {
    this.#frontOf(pool)[order] ??= head
  }
  protected learnCounters(pool: number, row: CounterRow): void {
    if (this.#counters.get(pool)) return
    this.#counters.set(pool, countersIn(row))
  }

  /** Writes what the table does not show yet of a pool's free space, and forgets what was known of it. */
  async #spill(pool: number): Promise<void> {
    const front = this.#fronts.get(pool)
    if (!front) return
    this.#fronts.delete(pool)
    for (const head of front) {
      for (const { cidr, isStored } of head?.blocks ?? []) if (!isStored) this.#insertFree(pool, cidr)
    }
  }

  /** Takes exactly `wanted`: `taken`, or why not. */
  async takeExactly(pool: number, wanted: Cidr): Promise<'taken' | 'not-free'> {
    await this.#spill(pool)
    const free = await this.#findOrSweep(pool, () => this.#freeAround(pool, wanted))
    if (!free) return 'not-free'
    await this.#replace(pool, free, carveAround(free, wanted))
    return 'taken'
  }

  /** The block that `take` would take, without taking it: space whose quarantine has ended is put back as there. */
  async preview(pool: number, family: 4 | 6, params: Params): Promise<Cidr | undefined> {
    await this.#spill(pool)
    return this.#findOrSweep(pool, () => this.#findFree(pool, family, params))
  }
  async #findFree(pool: number, family: 4 | 6, params: Params): Promise<Cidr | undefined> {
    if (params.allowed || (params.disallowed && params.disallowed.length > 0))
      return (await this.#findWithin(pool, family, params))?.wanted
    const row = await this.#smallest(pool, bitsOf(family) - params.length)
    return row && fromKey(row.first, params.length)
  }
  /** Whether `takeExactly` would take it, likewise. */
  async previewExactly(pool: number, wanted: Cidr): Promise<boolean> {
    await this.#spill(pool)
    return (await this.#findOrSweep(pool, () => this.#freeAround(pool, wanted))) !== undefined
  }
  async isFree(pool: number, wanted: Cidr): Promise<boolean> {
    await this.#spill(pool)
    return (await this.#freeAround(pool, wanted)) !== undefined
  }

  /** The netmask length of the largest block that could be had; what has rested long enough counts, swept or not. */
  async shortestFree(pool: number, family: 4 | 6): Promise<number | undefined> {
    await this.#spill(pool)
    const free = await this.#sql.get<{ ord: number | null }>(
      'select max(ord) as ord from free_block where pool = ?',
      pool,
    )
    const rested = await this.#sql.get<{ length: number | null }>(
      `select min(length) as length from
         (select pool, length from quarantine where ends_at <= ? and pool_cidr is null order by ends_at limit ?) as ended
       where pool = ?`,
      this.#clock.now,
      sweepSizeMax,
      pool,
    )
    const lengths = [
      ...(free?.ord == null ? [] : [bitsOf(family) - free.ord]),
      ...(rested?.length == null ? [] : [rested.length]),
    ]
    return lengths.length === 0 ? undefined : Math.min(...lengths)
  }
  /** Whether exactly this block could be had by the account: it is free, has rested, or is what the account gave back. */
  async canTake(pool: number, wanted: Cidr, account: string): Promise<boolean> {
    if (await this.isFree(pool, wanted)) return true
    const row = await this.#sql.get(
      `select 1 as one from quarantine
       where pool = ? and first = ? and length = ? and (account = ? or ends_at <= ?) and pool_cidr is null`,
      pool,
      toKey(wanted),
      wanted.length,
      account,
      this.#clock.now,
    )
    return row !== undefined
  }

  /** Takes an address or block out of quarantine for the account that gave it back: it alone may have it again early. */
  async reclaim(pool: number, wanted: Cidr, account: string): Promise<boolean> {
    const gone = await this.#sql.run(
      `delete from quarantine
       where pool = ? and first = ? and length = ? and account = ? and hold is null and pool_cidr is null`,
      pool,
      toKey(wanted),
      wanted.length,
      account,
    )
    if (gone === 0) return false
    const counters = await this.#countersOf(pool)
    counters.quarantined -= sizeOf(wanted)
    counters.allocated += sizeOf(wanted)
    counters.moved = true
    return true
  }

  async #takeWithin(pool: number, family: 4 | 6, params: Params): Promise<Cidr | undefined> {
    await this.#spill(pool)
    const found = await this.#findOrSweep(pool, () => this.#findWithin(pool, family, params))
    if (!found) return undefined
    await this.#replace(pool, found.free, carveAround(found.free, found.wanted))
    return found.wanted
  }

  /**
   * The lowest block of a length inside the allowed regions and outside what is disallowed. The addresses between disallowed
   * CIDRs are stretches of whole blocks, so any free block of sufficient size that touches one serves: however fragmented
   * the pool is, the cost is one index probe per stretch and order, and some dozens of stretches are one statement.
   */
  async #findWithin(
    pool: number,
    family: 4 | 6,
    { length, allowed, disallowed = [] }: Params,
  ): Promise<{ free: Cidr; wanted: Cidr } | undefined> {
    const regions = allowed ?? (await this.#provisioned(pool))
    const stretches = stretchesOutside(regions, disallowed, { family, length })
    if (stretches.length === 0) return undefined
    const bits = bitsOf(family)
    const largest = await this.#sql.get<{ ord: number | null }>(
      'select max(ord) as ord from free_block where pool = ?',
      pool,
    )
    const orders = Array.from(
      { length: (largest?.ord ?? -1) - (bits - length) + 1 },
      (_, index) => bits - length + index,
    )
    if (orders.length === 0) return undefined
    const step = Math.max(1, Math.floor(probesMax / orders.length))
    for (let at = 0; at < stretches.length; at += step) {
      const probes = stretches.slice(at, at + step).flatMap((stretch) => orders.map((order) => ({ order, ...stretch })))
      const free = await this.#lowestOf(pool, family, probes)
      if (free) {
        const from = stretches.find(({ last }) => last >= free.first)!.first
        return { free, wanted: { family, first: later(free.first, from), length } }
      }
    }
    return undefined
  }

  /** Of the lowest free blocks of each order that touch each stretch, the one whose usable part begins lowest. */
  async #lowestOf(
    pool: number,
    family: 4 | 6,
    probes: readonly (Stretch & { readonly order: number })[],
  ): Promise<Cidr | undefined> {
    const bits = bitsOf(family)
    const at = (first: bigint): Cidr => ({ family, first, length: bits })
    const rows = listOfProbes(
      // A block of this order around the beginning of the stretch can start at one place alone.
      probes.map(({ order, first, last }) => [
        order,
        toKey(supernet(at(first), bits - order)),
        toKey(at(last)),
        toKey(at(first)),
      ]),
    )
    const row = await this.#sql.get<{ ord: number; first: Uint8Array }>(
      `with probe (ord, low, last, begins) as (values ${rows.text}),
       found as materialized (select p.ord, p.begins, (select f.first from free_block f
         where f.pool = ? and f.ord = p.ord and f.first >= p.low and f.first <= p.last order by f.first limit 1) as first
         from probe p)
       select ord, first from found
       where first is not null order by case when first > begins then first else begins end limit 1`,
      ...rows.values,
      pool,
    )
    return row && fromKey(row.first, bits - row.ord)
  }

  async #smallest(pool: number, order: number): Promise<{ ord: number; first: Uint8Array } | undefined> {
    return this.#sql.get(
      'select ord, first from free_block where pool = ? and ord >= ? order by ord, first limit 1',
      pool,
      order,
    )
  }

  /** The free block that contains `wanted`: it can only stand at one place per order. */
  async #freeAround(pool: number, wanted: Cidr): Promise<Cidr | undefined> {
    for (let length = wanted.length; length >= 0; length--) {
      const block = supernet(wanted, length)
      const row = await this.#sql.get(
        'select 1 as one from free_block where pool = ? and ord = ? and first = ?',
        pool,
        orderOf(block),
        toKey(block),
      )
      if (row) return block
    }
    return undefined
  }

  async #replace(pool: number, free: Cidr, carved: Carved): Promise<void> {
    const removed = await this.#removeFree(pool, free)
    assert(removed, 'a block that was just found free is free')
    for (const block of carved.rest) this.#insertFree(pool, block)
    this.#count(await this.#countersOf(pool), carved.taken)
  }
  #count(counters: Counters, taken: Cidr): void {
    this.#moves++
    counters.free -= sizeOf(taken)
    counters.allocated += sizeOf(taken)
    counters.moved = true
  }
  async #removeFree(pool: number, block: Cidr): Promise<boolean> {
    return (await this.#sql.run(deleteFree, pool, orderOf(block), toKey(block))) === 1
  }
  /** The same, where it is known to be free. */
  protected dropFree(pool: number, block: Cidr): void {
    this.#sql.later(deleteFree, pool, orderOf(block), toKey(block))
  }
  #insertFree(pool: number, block: Cidr): void {
    freeBlockTable.later(this.#sql, { pool, ord: orderOf(block), first: toKey(block) })
  }

  // Giving back ----------------------------------------------------------------------------------------------------

  /**
   * Ends an allocation: its space goes into quarantine until `endsAt`, or is free at once where that has passed.
   * @param said what it said until now beside its row, for the record
   */
  async release(allocation: Allocation, endsAt: number, { tags, association }: Said = nothingSaid): Promise<void> {
    const gone = await this.#sql.run('delete from allocation where n = ?', allocation.n)
    assert(gone === 1, 'an allocation is released once')
    this.#clock.subjects?.noteAllocation(allocation.n, allocation.resourceType)
    const now = this.#clock.now
    const releasedAt = Math.max(now, allocation.changedAt ?? allocation.createdAt)
    endedTenureTable.later(this.#sql, { ...allocation, releasedAt, tags, ...usedAs(association) })
    const size = sizeOf(allocation.cidr)
    const counters = await this.#countersOf(allocation.pool)
    counters.allocated -= size
    counters.allocations--
    counters.moved = true
    if (endsAt > now) {
      counters.quarantined += size
      const { pool, cidr, account } = allocation
      quarantineTable.later(this.#sql, { pool, cidr, account, releasedAt: now, endsAt })
    } else {
      counters.free += size
      await this.#merge(allocation.pool, allocation.cidr)
    }
  }

  /** Returns space whose quarantine has ended, or that was held, to the free space (invariant I6). How many blocks it returned. */
  async endQuarantines(limit: number, pool?: number): Promise<number> {
    // `+` keeps to the index of ends: by pool, an exhausted pool would read all that rests in it for every request.
    const rows = await this.#sql.all<QuarantineRow>(
      `select pool, first, length, ends_at, hold, account from quarantine where ends_at <= ? and pool_cidr is null ${pool === undefined ? '' : 'and +pool = ?'} order by ends_at limit ?`,
      this.#clock.now,
      ...(pool === undefined ? [] : [pool]),
      limit,
    )
    const lapsed: LapsedHold[] = []
    for (const row of rows) {
      const block = fromKey(row.first, row.length)
      await this.#sql.run('delete from quarantine where pool = ? and first = ?', row.pool, row.first)
      const counters = await this.#countersOf(row.pool)
      counters.quarantined -= sizeOf(block)
      counters.free += sizeOf(block)
      counters.moved = true
      if (row.hold !== null) {
        await this.holds.remember(row.hold, 'lapsed', row.ends_at)
        await this.holds.delete(row.hold)
        lapsed.push({ n: row.hold, account: row.account })
      }
      await this.#merge(row.pool, block)
    }
    if (lapsed.length > 0) await this.#clock.recordLapsed?.(lapsed)
    return rows.length
  }
  // Holding ---------------------------------------------------------------------------------------------------------

  /** Keeps space that was taken in this transaction for a limited time: it rests until then, and is free again. */
  async hold(hold: Hold): Promise<void> {
    const counters = await this.#countersOf(hold.pool)
    counters.allocated -= sizeOf(hold.cidr)
    counters.quarantined += sizeOf(hold.cidr)
    counters.moved = true
    this.#clock.subjects?.noteAllocation(hold.n, 'hold')
    await this.holds.insert(hold)
    const { n, pool, cidr, account, createdAt, expiresAt } = hold
    quarantineTable.later(this.#sql, { pool, cidr, account, releasedAt: createdAt, endsAt: expiresAt, hold: n })
  }
  /** Holds it until another moment. */
  async extend(hold: Hold, expiresAt: number): Promise<void> {
    if (expiresAt === hold.expiresAt) return
    await quarantineTable.change(this.#sql, { endsAt: expiresAt }, 'where hold = ?', hold.n)
    await this.holds.extend(hold, expiresAt)
  }
  /** What was held is an allocation from now on: its next state. */
  async confirm(hold: Hold, allocation: Allocation): Promise<void> {
    const counters = await this.#endHold(hold)
    counters.allocated += sizeOf(hold.cidr)
    const { version, changedAt } = await this.holds.keepState(hold)
    await this.holds.delete(hold.n)
    await this.record(allocation)
    await allocationTable.change(this.#sql, { version, changedAt }, 'where n = ?', hold.n)
  }
  /** Gives up what was held: free at once, since it was never in use. */
  async drop(hold: Hold): Promise<void> {
    const counters = await this.#endHold(hold)
    counters.free += sizeOf(hold.cidr)
    this.#clock.subjects?.noteAllocation(hold.n, 'hold')
    await this.holds.remember(hold.n, 'dropped', Math.max(this.#clock.now, hold.changedAt ?? hold.createdAt))
    await this.holds.delete(hold.n)
    await this.#merge(hold.pool, hold.cidr)
  }
  async #endHold(hold: Hold): Promise<Counters> {
    const gone = await this.#sql.run('delete from quarantine where hold = ?', hold.n)
    assert(gone === 1, 'a hold ends once')
    const counters = await this.#countersOf(hold.pool)
    counters.quarantined -= sizeOf(hold.cidr)
    counters.moved = true
    return counters
  }

  async anyQuarantineEnded(): Promise<boolean> {
    const ended = 'select 1 as one from quarantine where ends_at <= ? and pool_cidr is null limit 1'
    return (await this.#sql.get(ended, this.#clock.now)) !== undefined
  }
  /** Space whose quarantine has ended is free, also where nobody has put it there yet: it is, until something is found. */
  async #findOrSweep<T>(pool: number, find: () => Promise<T | undefined>): Promise<T | undefined> {
    const found = await find()
    return found === undefined ? this.#sweepFor(pool, find) : found
  }
  async #sweepFor<T>(pool: number, find: () => Promise<T | undefined>): Promise<T | undefined> {
    if ((await this.#countersOf(pool)).quarantined === 0n) return undefined
    return sweepUntil(() => this.endQuarantines(sweepSizeMax, pool), find)
  }
  /** Frees all space of a pool whose quarantine has ended. */
  async endAllQuarantines(pool: number): Promise<void> {
    await sweepUntil(() => this.endQuarantines(sweepSizeMax, pool))
  }
  /** Blocks grow back with their buddies, but never beyond the provisioned CIDR: deprovisioning must find it whole. */
  async #merge(pool: number, released: Cidr): Promise<void> {
    await this.#spill(pool)
    const provisioned = await this.#provisionedAround(pool, released)
    assert(provisioned !== undefined, 'released space lies in a provisioned CIDR')
    this.#insertFree(pool, await coalesce(released, (buddy) => this.#removeFree(pool, buddy), provisioned))
  }

  // Provisioning ---------------------------------------------------------------------------------------------------

  /** Adds the space of a newly provisioned CIDR. */
  async add(pool: number, cidr: Cidr): Promise<void> {
    await this.#spill(pool)
    this.#insertFree(pool, cidr)
    const counters = await this.#countersOf(pool)
    counters.free += sizeOf(cidr)
    counters.moved = true
  }
  /** Takes the space of a provisioned CIDR away again; false (and nothing changes) unless all of it is free. */
  async remove(pool: number, cidr: Cidr): Promise<boolean> {
    await this.#spill(pool)
    if (!(await this.#removeFree(pool, cidr))) return false
    const counters = await this.#countersOf(pool)
    counters.free -= sizeOf(cidr)
    counters.moved = true
    return true
  }
  /**
   * Has a CIDR rest as one until the last rest in it ends: nothing of it is handed out any more, not even to who released
   * it. There must be neither allocations nor holds in it.
   * @returns when it ends, in milliseconds since 1970
   */
  async rest(resting: RestingCidr): Promise<number> {
    await this.#spill(resting.pool)
    const { endsAt, freed } = await makeRestAsOne(this.#sql, resting, this.#clock.now)
    const counters = await this.#countersOf(resting.pool)
    counters.free -= freed
    counters.quarantined += freed
    counters.moved = true
    return endsAt
  }
  /** Takes the space of a CIDR away again that rests as one. False, and nothing changes, where it does not. */
  async removeResting(pool: number, { id, cidr }: { readonly id: string; readonly cidr: Cidr }): Promise<boolean> {
    if ((await this.#sql.run('delete from quarantine where pool_cidr = ?', id)) === 0) return false
    const counters = await this.#countersOf(pool)
    counters.quarantined -= sizeOf(cidr)
    counters.moved = true
    return true
  }
  async #provisioned(pool: number): Promise<Cidr[]> {
    const rows = await this.#sql.all<{ first: Uint8Array; length: number }>(
      `select first, length from pool_cidr where pool = ? and state <> 'failed-provision' order by first`,
      pool,
    )
    return rows.map((row) => fromKey(row.first, row.length))
  }
  async #provisionedAround(pool: number, inner: Cidr): Promise<Cidr | undefined> {
    const row = await this.#sql.get<{ first: Uint8Array; length: number }>(
      `select first, length from pool_cidr where pool = ? and state <> 'failed-provision' and first <= ? order by first desc limit 1`,
      pool,
      toKey(inner),
    )
    const cidr = row && fromKey(row.first, row.length)
    return cidr && contains(cidr, inner) ? cidr : undefined
  }
  restIn(pool: number, cidr: Cidr): Promise<Rest | undefined> {
    return findRest(this.#sql, pool, cidr)
  }
  heldUntil(pool: number, cidr: Cidr): Promise<number | undefined> {
    return findHeldUntil(this.#sql, pool, cidr)
  }

  // Allocations ----------------------------------------------------------------------------------------------------

  /** Records who has a block that was taken in this transaction. */
  async record(allocation: Allocation): Promise<void> {
    this.#clock.subjects?.noteAllocation(allocation.n, allocation.resourceType)
    const name = holderKey(allocation)
    const holder = this.#holders.get(name) ?? (await this.#readHolder(name, allocation))
    const { n, pool, cidr, resourceId, description, decision, createdAt } = allocation
    allocationTable.later(this.#sql, { n, pool, cidr, holder, resourceId, description, decision, createdAt })
    const counters = this.#ownCounters(allocation.pool) ?? (await this.#readCounters(allocation.pool))
    counters.allocations++
    counters.moved = true
  }
  /** The number of a holder, who is there from then on. */
  async #readHolder(name: string, { account, resourceType, region = '' }: Allocation): Promise<number> {
    const find = () =>
      this.#sql.get<{ n: number }>(
        'select n from holder where account = ? and resource_type = ? and region = ?',
        account,
        resourceType,
        region,
      )
    let row = await find()
    if (!row) {
      await holderTable.insert(this.#sql, { account, resourceType, region })
      row = await find()
    }
    this.#holders.set(name, row!.n)
    return row!.n
  }
  async find(n: number): Promise<Allocation | undefined> {
    const row = await this.#sql.get<AllocationRow>(`${selectAllocation} where a.n = ?`, n)
    return row && toAllocation(row)
  }
  /** Those of some numbers that are there, in their order. */
  async some(numbers: readonly number[]): Promise<Allocation[]> {
    if (numbers.length === 0) return []
    const list = listOf(numbers)
    const rows = await this.#sql.all<AllocationRow>(
      `${selectAllocation} where a.n in ${list.text} order by a.n`,
      ...list.values,
    )
    return rows.map(toAllocation)
  }
  /** Allocations of one pool in address order, after a cursor. */
  async ofPool(pool: number, after: Uint8Array | undefined, limit: number): Promise<Allocation[]> {
    const rows = await this.#sql.all<AllocationRow>(
      `${selectAllocation} where a.pool = ? and a.first > ? order by a.first limit ?`,
      pool,
      after ?? new Uint8Array(0),
      limit,
    )
    return rows.map(toAllocation)
  }
  /** Allocations of one account in order of creation, after a cursor. */
  async ofAccount(
    account: string,
    after: number,
    limit: number,
    filter: { readonly resourceType?: string; readonly region?: string } = {},
  ): Promise<Allocation[]> {
    const holders = await this.#sql.all<{ n: number; resource_type: string; region: string }>(
      'select n, resource_type, region from holder where account = ?',
      account,
    )
    const found: Allocation[] = []
    // Each holder's allocations stand in order in the index: the head of each is enough, whatever the limit leaves over.
    for (const holder of holders) {
      if (filter.resourceType !== undefined && holder.resource_type !== filter.resourceType) continue
      if (filter.region !== undefined && holder.region !== filter.region) continue
      const rows = await this.#sql.all<AllocationRow>(
        `${selectAllocation} where a.holder = ? and a.n > ? order by a.n limit ?`,
        holder.n,
        after,
        limit,
      )
      found.push(...rows.map(toAllocation))
    }
    return found.sort((a, b) => a.n - b.n).slice(0, limit)
  }
  async ofResource(resourceId: string, after = 0, limit = -1): Promise<Allocation[]> {
    const rows = await this.#sql.all<AllocationRow>(
      `${selectAllocation} where a.resource_id = ? and a.n > ? order by a.n ${limit < 0 ? '' : 'limit ?'}`,
      resourceId,
      after,
      ...(limit < 0 ? [] : [limit]),
    )
    return rows.map(toAllocation)
  }
  /** Some allocations inside a block, lowest first: which ones stand in the way of deprovisioning. */
  async inside(pool: number, cidr: Cidr, limit: number): Promise<Allocation[]> {
    const rows = await this.#sql.all<AllocationRow>(
      `${selectAllocation} where a.pool = ? and a.first between ? and ? order by a.first limit ?`,
      pool,
      toKey(cidr),
      toKey(lastAddress(cidr)),
      limit,
    )
    return rows.map(toAllocation)
  }
  /** The allocation that starts at exactly this block. */
  async at(pool: number, cidr: Cidr): Promise<Allocation | undefined> {
    const row = await this.#sql.get<AllocationRow>(
      `${selectAllocation} where a.pool = ? and a.first = ? and a.length = ?`,
      pool,
      toKey(cidr),
      cidr.length,
    )
    return row && toAllocation(row)
  }
  /** Allocations of exactly this block in any pool: the same private block may stand in several scopes. */
  async allAt(cidr: Cidr): Promise<Allocation[]> {
    const rows = await this.#sql.all<AllocationRow>(
      `${selectAllocation} where a.first = ? and a.length = ?`,
      toKey(cidr),
      cidr.length,
    )
    return rows.map(toAllocation)
  }

  async #countersOf(pool: number): Promise<Counters> {
    return this.#ownCounters(pool) ?? this.#readCounters(pool)
  }
  /** The transaction's own; undefined where they are to be read. Whoever looks here first waits for nothing most of the time. */
  #ownCounters(pool: number): Counters | undefined {
    return this.#counters.own(pool, copyOf)
  }
  async #readCounters(pool: number): Promise<Counters> {
    const row = await this.#sql.get<CounterRow>(
      'select allocated, quarantined, free, allocation_count from pool where n = ?',
      pool,
    )
    assert(row !== undefined, 'counters are asked of a pool that exists')
    this.learnCounters(pool, row)
    return this.#counters.get(pool)!
  }
}

const deleteFree = 'delete from free_block where pool = ? and ord = ? and first = ?'
const countersIn = (row: CounterRow): Counters => ({
  allocated: BigInt(row.allocated),
  quarantined: BigInt(row.quarantined),
  free: BigInt(row.free),
  allocations: row.allocation_count,
  moved: false,
})
const copyOf = (counters: Counters): Counters => ({ ...counters })
const holderKey = ({ account, resourceType, region = '' }: Allocation): string => keyOf([account, resourceType, region])
const later = (a: bigint, b: bigint): bigint => (a > b ? a : b)
