// Space that nobody can have yet, as it stands in the table of what rests: it was released, is held, or is being deprovisioned.
import { assert } from '#model/assert.ts'
import { type Cidr, fromKey, lastAddress, overlaps, sizeOf, toKey } from '#model/cidr.ts'
import { refuse } from '#model/refusal.ts'
import type { Sql } from '../sql.ts'
import { block, changing, integer, optional, references, table, text } from '../table.ts'

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
interface RestRow {
  first: Uint8Array
  length: number
  ends_at: number
  hold: number | null
}

/** What in `cidr` or around it is out of reach for longest, having been released or being held; undefined where nothing is. */
export async function findRest(sql: Sql, pool: number, cidr: Cidr): Promise<Rest | undefined> {
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
export async function findHeldUntil(sql: Sql, pool: number, cidr: Cidr): Promise<number | undefined> {
  const row = await sql.get<{ ends_at: number | null }>(
    'select max(ends_at) as ends_at from quarantine where pool = ? and first between ? and ? and hold is not null',
    pool,
    toKey(cidr),
    toKey(lastAddress(cidr)),
  )
  return row?.ends_at ?? undefined
}

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
export async function makeRestAsOne(
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
export async function sweepUntil<T>(
  sweep: () => Promise<number>,
  find: () => Promise<T | undefined> = async () => undefined,
): Promise<T | undefined> {
  for (let swept = 0; ; ) {
    const ended = await sweep()
    if (ended === 0) return undefined
    const found = await find()
    if (found !== undefined) return found
    swept += ended
    if (swept > sweptPerRequestMax) {
      const because = `more than ${sweptPerRequestMax} blocks of the pool have just ended their quarantine, and are freed within the next seconds`
      refuse({ code: 'Unavailable', because })
    }
  }
}
