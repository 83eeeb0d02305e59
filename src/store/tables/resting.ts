// Space that nobody can have yet: it was released, is held, or is being deprovisioned (invariant I6).
import { assert } from '#model/assert.ts'
import { type Cidr, fromKey, lastAddress, overlaps, sizeOf, toKey } from '#model/cidr.ts'
import { refuse } from '#model/refusal.ts'
import { inParts, listOf, type Sql } from '../sql.ts'
import { block, changing, integer, optional, references, table, text } from '../table.ts'
import type { FreeSpace } from './free-space.ts'
import type { Clock, LapsedHold } from './history.ts'
import type { Holds } from './holds.ts'
import type { PoolCounters } from './pool-counters.ts'

export const quarantineTable = table(
  'quarantine',
  {
    pool: references('pool', integer()),
    cidr: block(),
    account: text(),
    releasedAt: integer(),
    endsAt: changing(integer()),
    /** Whose hold it is: nothing was released. */
    hold: optional(references('hold', integer())),
    /** The CIDR of the pool that is being deprovisioned: all of it rests as one. */
    poolCidr: optional(references('pool_cidr', text())),
  },
  'deleted',
)

export interface Rest {
  readonly until: number
  readonly isHeld: boolean
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
interface RestRow {
  first: Uint8Array
  length: number
  ends_at: number
  hold: number | null
}

/** What in `cidr` or around it is out of reach for longest, having been released or being held; undefined where nothing is. */
async function findRest(sql: Sql, pool: number, cidr: Cidr): Promise<Rest | undefined> {
  const columns = 'select first, length, ends_at, hold from quarantine where pool = ?'
  const inside = await sql.get<RestRow>(
    `${columns} and first between ? and ? order by ends_at desc, pool, first limit 1`,
    pool,
    toKey(cidr),
    toKey(lastAddress(cidr)),
  )
  // Blocks that rest do not overlap: only the last one to begin before it can be around.
  const row =
    inside ?? (await sql.get<RestRow>(`${columns} and first < ? order by first desc limit 1`, pool, toKey(cidr)))
  if (!row || !overlaps(fromKey(row.first, row.length), cidr)) return undefined
  return { until: row.ends_at, isHeld: row.hold !== null }
}

/** Until when something inside a CIDR is held; undefined where nothing is. */
async function findHeldUntil(sql: Sql, pool: number, cidr: Cidr): Promise<number | undefined> {
  const row = await sql.get<{ ends_at: number | null }>(
    'select max(ends_at) as ends_at from quarantine where pool = ? and first between ? and ? and hold is not null',
    pool,
    toKey(cidr),
    toKey(lastAddress(cidr)),
  )
  return row?.ends_at ?? undefined
}

/** Quarantined blocks returned to the free space in one go; the rest waits for the next. */
const sweepSizeMax = 64

/** A CIDR of a pool that is to rest as one. */
export interface RestingCidr {
  readonly id: string
  readonly pool: number
  readonly cidr: Cidr
  readonly account: string
}

/**
 * Makes one row of all that rests or is free in a CIDR, until the last rest ends. There must be neither allocations nor holds
 * in it, and something that rests. Two statements add up how much there is of each size, and three change it, however many
 * blocks there are.
 * @param now milliseconds since 1970, as the moment of its release
 * @returns when it ends, in milliseconds since 1970, and how many of its addresses were free
 */
async function makeRestAsOne(
  sql: Sql,
  { id, pool, cidr, account }: RestingCidr,
  now: number,
): Promise<{ readonly endsAt: number; readonly freed: bigint }> {
  const inside = 'where pool = ? and first between ? and ?'
  const place = [pool, toKey(cidr), toKey(lastAddress(cidr))] as const
  const resting = await sql.all<{ length: number; blocks: number; ends_at: number }>(
    `select length, count(*) as blocks, max(ends_at) as ends_at from quarantine ${inside} group by length`,
    ...place,
  )
  const free = await sql.all<{ ord: number; blocks: number }>(
    `select ord, count(*) as blocks from free_block ${inside} group by ord`,
    ...place,
  )
  const sum = (sizes: readonly bigint[]): bigint => sizes.reduce((all, size) => all + size, 0n)
  const rested = sum(resting.map(({ length, blocks }) => sizeOf({ ...cidr, length }) * BigInt(blocks)))
  const freed = sum(free.map(({ ord, blocks }) => (1n << BigInt(ord)) * BigInt(blocks)))
  assert(rested > 0n && rested + freed === sizeOf(cidr), 'in a CIDR that rests as one, all rests or is free')
  await sql.run(`delete from quarantine ${inside}`, ...place)
  await sql.run(`delete from free_block ${inside}`, ...place)
  const endsAt = Math.max(...resting.map(({ ends_at }) => ends_at))
  await quarantineTable.insert(sql, { pool, cidr, account, releasedAt: now, endsAt, poolCidr: id })
  return { endsAt, freed }
}

/**
 * Blocks whose quarantine has ended that one request frees: with five statements for each, a second or more on PostgreSQL,
 * in which no other server writes (`npm run bench -- --only=largest`). Where there are more, the job that frees them comes first.
 */
export const sweptPerRequestMax = 1_000

/**
 * Frees space whose quarantine has ended, a part at a time, until something is found in it (without `find`, nothing is looked for) or nothing
 * is left.
 * @param sweep answers how many blocks it has freed
 */
async function sweepUntil<T>(
  sweep: () => Promise<number>,
  find: () => Promise<T | undefined> = async () => undefined,
): Promise<T | undefined> {
  for (let swept = 0; ; ) {
    const ended = await sweep()
    if (ended === 0) return undefined
    const found = await find()
    if (found !== undefined) return found
    swept += ended
    if (swept > sweptPerRequestMax) refuseToSweep()
  }
}
function refuseToSweep(): never {
  refuse({ code: 'Unavailable', because: { why: 'quarantines-ending', max: sweptPerRequestMax } })
}

/** A block that begins to rest. */
export interface NewRest {
  readonly pool: number
  readonly cidr: Cidr
  readonly account: string
  /** Milliseconds since 1970. */
  readonly releasedAt: number
  readonly endsAt: number
  /** The number of the hold that it is kept for; undefined where it was released. */
  readonly hold?: number
}

export class Resting {
  readonly #sql: Sql
  readonly #clock: Clock
  readonly #counters: PoolCounters
  readonly #free: FreeSpace
  readonly #holds: Holds
  constructor(
    sql: Sql,
    clock: Clock,
    { counters, free, holds }: { readonly counters: PoolCounters; readonly free: FreeSpace; readonly holds: Holds },
  ) {
    this.#sql = sql
    this.#clock = clock
    this.#counters = counters
    this.#free = free
    this.#holds = holds
  }

  /** Has space rest that was allocated, or taken in this transaction. */
  async begin(rest: NewRest): Promise<void> {
    await this.#counters.move(rest.pool, 'allocated', 'quarantined', rest.cidr)
    quarantineTable.later(this.#sql, rest)
  }
  /** Ends the rest of what is held, whatever becomes of it; its space counts as allocated until somebody says. */
  async endHold(hold: { readonly n: number; readonly pool: number; readonly cidr: Cidr }): Promise<void> {
    const gone = await this.#sql.run('delete from quarantine where hold = ?', hold.n)
    assert(gone === 1, `hold ${hold.n} of pool ${hold.pool} ends once`)
    await this.#counters.move(hold.pool, 'quarantined', 'allocated', hold.cidr)
  }
  async extendHold(n: number, endsAt: number): Promise<void> {
    const changed = await quarantineTable.change(this.#sql, { endsAt }, 'where hold = ?', n)
    assert(changed === 1, `what hold ${n} keeps rests`)
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
    await this.#counters.move(pool, 'quarantined', 'allocated', wanted)
    return true
  }
  /** Whether exactly this block has rested, or is what the account gave back. */
  async canTake(pool: number, wanted: Cidr, account: string): Promise<boolean> {
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
  /** The netmask length of the largest of some blocks that have rested and that nobody has freed yet. */
  async shortestEnded(pool: number): Promise<number | undefined> {
    const rested = await this.#sql.get<{ length: number | null }>(
      `select min(length) as length from
         (select pool, length from quarantine where ends_at <= ? and pool_cidr is null order by ends_at limit ?) as ended
       where pool = ?`,
      this.#clock.now,
      sweepSizeMax,
      pool,
    )
    return rested?.length ?? undefined
  }

  /** Returns space whose quarantine has ended, or that was held, to the free space (invariant I6). How many blocks it returned. */
  async end(limit: number, pool?: number): Promise<number> {
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
      await this.#counters.move(row.pool, 'quarantined', 'free', block)
      if (row.hold !== null) {
        await this.#holds.recordEnding(row.hold, 'lapsed', row.ends_at)
        await this.#holds.delete(row.hold)
        lapsed.push({ n: row.hold, account: row.account })
      }
      await this.#free.merge(row.pool, block)
    }
    if (lapsed.length > 0) await this.#clock.recordLapsed?.(lapsed)
    return rows.length
  }
  async anyEnded(): Promise<boolean> {
    const ended = 'select 1 as one from quarantine where ends_at <= ? and pool_cidr is null limit 1'
    return (await this.#sql.get(ended, this.#clock.now)) !== undefined
  }
  /** Space whose quarantine has ended is free, also where nobody has put it there yet: it is, until something is found. */
  async find<T>(pool: number, find: () => Promise<T | undefined>): Promise<T | undefined> {
    const found = await find()
    return found === undefined ? this.sweepFor(pool, find) : found
  }
  async sweepFor<T>(pool: number, find: () => Promise<T | undefined>): Promise<T | undefined> {
    if ((await this.#counters.of(pool)).quarantined === 0n) return undefined
    return sweepUntil(() => this.end(sweepSizeMax, pool), find)
  }
  /** Frees all space of a pool whose quarantine has ended. */
  async endAll(pool: number): Promise<void> {
    await sweepUntil(() => this.end(sweepSizeMax, pool))
  }
  /** Takes away what has rested in pools that go away. */
  async drop(pools: readonly number[]): Promise<void> {
    const { now } = this.#clock
    const lapsed: LapsedHold[] = []
    await inParts(pools, async (part) => {
      const list = listOf(part)
      const ended = `from quarantine where pool in ${list.text} and ends_at <= ?`
      const counted = await this.#sql.get<{ blocks: number }>(`select count(*) as blocks ${ended}`, ...list.values, now)
      if (counted!.blocks === 0) return
      if (counted!.blocks > sweptPerRequestMax) refuseToSweep()
      const held = await this.#sql.all<LapsedHold>(
        `select hold as n, account ${ended} and hold is not null order by ends_at, hold`,
        ...list.values,
        now,
      )
      await this.#sql.run(`delete ${ended}`, ...list.values, now)
      lapsed.push(...held)
    })
    if (lapsed.length === 0) return
    await this.#holds.lapse(lapsed.map(({ n }) => n))
    await this.#clock.recordLapsed?.(lapsed)
  }
  /** Those of many pools in which something rests yet, or is held. */
  async restingIn(pools: readonly number[]): Promise<ReadonlySet<number>> {
    const found = new Set<number>()
    await inParts(pools, async (part) => {
      const list = listOf(part)
      const rows = await this.#sql.all<{ n: number }>(
        `select p.n from pool p where p.n in ${list.text}
           and exists (select 1 from quarantine q where q.pool = p.n and q.ends_at > ?)`,
        ...list.values,
        this.#clock.now,
      )
      for (const { n } of rows) found.add(n)
    })
    return found
  }
  /**
   * Has a CIDR rest as one until the last rest in it ends: nothing of it is handed out any more, not even to who released
   * it. There must be neither allocations nor holds in it.
   * @returns when it ends, in milliseconds since 1970
   */
  async restAsOne(resting: RestingCidr): Promise<number> {
    await this.#free.settle(resting.pool)
    const { endsAt, freed } = await makeRestAsOne(this.#sql, resting, this.#clock.now)
    await this.#counters.add(resting.pool, 'free', -freed)
    await this.#counters.add(resting.pool, 'quarantined', freed)
    return endsAt
  }
  /** Takes the space of a CIDR away again that rests as one. False, and nothing changes, where it does not. */
  async remove(pool: number, { id, cidr }: { readonly id: string; readonly cidr: Cidr }): Promise<boolean> {
    if ((await this.#sql.run('delete from quarantine where pool_cidr = ?', id)) === 0) return false
    await this.#counters.add(pool, 'quarantined', -sizeOf(cidr))
    return true
  }
  in(pool: number, cidr: Cidr): Promise<Rest | undefined> {
    return findRest(this.#sql, pool, cidr)
  }
  heldUntil(pool: number, cidr: Cidr): Promise<number | undefined> {
    return findHeldUntil(this.#sql, pool, cidr)
  }
}
