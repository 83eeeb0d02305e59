// How much of each pool was used at the ends of days. Whoever changes a pool for the first time on a day writes what was there at the end
// of the day of the last change: between those two days nothing changed, so that every day is known and nothing has to be polled.
import { listOf, type Sql } from '../sql.ts'
import { changing, integer, onlyRow, optional, type RowOf, table, text } from '../table.ts'

/** Numbers of addresses in a pool; allocated + quarantined + free = provisioned. */
export interface Utilization {
  readonly allocated: bigint
  readonly quarantined: bigint
  readonly free: bigint
  readonly allocations: number
}

/** What a pool had at the end of a day, and until the next day on which it changed. */
export const poolDayTable = table(
  'pool_day',
  { pool: integer(), day: integer(), allocated: text(), quarantined: text(), free: text(), allocations: integer() },
  'kept',
)
type PoolDay = RowOf<typeof poolDayTable>

/** How far pools were looked at, each hour once. */
export const capacityWatchTable = table(
  'capacity_watch',
  { only: onlyRow(), hour: changing(integer()), place: changing(optional(integer())) },
  'seeded',
)
export interface CapacityWatch {
  /** Since 1970. */
  readonly hour: number
  /** The number of the pool that was looked at last; undefined: all were. */
  readonly place: number | undefined
}

/** What was there on a day that a row is of, or the row itself. */
export const asRow = (
  pool: number,
  day: number,
  { allocated, quarantined, free, allocations }: Utilization,
): PoolDay => ({
  pool,
  day,
  allocated: String(allocated),
  quarantined: String(quarantined),
  free: String(free),
  allocations,
})

export class PoolDays {
  readonly #sql: Sql
  constructor(sql: Sql) {
    this.#sql = sql
  }

  async watch(): Promise<CapacityWatch> {
    const { hour, place } = (await capacityWatchTable.first(this.#sql, ''))!
    return { hour, place }
  }
  async setWatch({ hour, place }: CapacityWatch): Promise<void> {
    await capacityWatchTable.change(this.#sql, { hour, place }, 'where "only" = 1')
  }

  /**
   * What each of these pools had at the end of each of these days, by pool and day: as many rows as there are of both together. Of days before it is
   * known there is nothing, and from the day of its last change on it has what it has now.
   */
  async atEndsOf(
    pools: readonly number[],
    days: readonly number[],
  ): Promise<ReadonlyMap<number, ReadonlyMap<number, Utilization>>> {
    if (pools.length === 0 || days.length === 0) return new Map()
    const [list, asked] = [listOf(pools), listOf(days)]
    const rows = await this.#sql.all<{
      pool: number
      asked: number
      allocated: string
      quarantined: string
      free: string
      allocations: number
    }>(
      `with asked (day) as (values ${asked.values.map(() => '(cast(? as bigint))').join(', ')})
       select p.n as pool, asked.day as asked,
         coalesce(d.allocated, p.allocated) as allocated, coalesce(d.quarantined, p.quarantined) as quarantined,
         coalesce(d.free, p.free) as free, coalesce(d.allocations, p.allocation_count) as allocations
       from pool p cross join asked
       left join pool_day d on d.pool = p.n and asked.day < p.counted_on
         and d.day = (select max(e.day) from pool_day e where e.pool = p.n and e.day <= asked.day)
       where p.n in ${list.text} and (d.pool is not null or asked.day >= p.counted_on)`,
      ...asked.values,
      ...list.values,
    )
    const found = new Map<number, Map<number, Utilization>>()
    for (const { pool, asked: day, allocated, quarantined, free, allocations } of rows) {
      const ofPool = found.get(pool) ?? new Map<number, Utilization>()
      found.set(pool, ofPool)
      ofPool.set(day, {
        allocated: BigInt(allocated),
        quarantined: BigInt(quarantined),
        free: BigInt(free),
        allocations,
      })
    }
    return found
  }
}
