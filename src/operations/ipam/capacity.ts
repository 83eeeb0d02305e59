// How full pools are, how they came to that, and when they run dry as far as their past tells.
import { bitsOf } from '#model/cidr.ts'
import { dayMs, dayOf, endOfDay } from '#model/clock.ts'
import { type Forecast, forecast } from '#model/forecast.ts'
import { perMille } from '#model/roll-up.ts'
import type { Pool } from '#store/tables/pools.ts'
import type { Page, PageAsked } from '../listing.ts'
import type { ReadContext } from '../operation.ts'
import { listVisible } from '../readable.ts'
import type { PoolFilter } from './pool-lists.ts'
import { poolsToRead } from './readable.ts'
import { type PoolUtilization, readUtilizations } from './utilization.ts'

/** Weeks of growth that a forecast is made from, at most: half a year. */
export const forecastWeeksMax = 26
/** Pools on one page: for each as many days are looked up as there are weeks. */
export const capacityRowsMax = 100

/** What was used at the end of a week, in addresses. */
export interface WeekOfPool {
  /** Milliseconds since 1970. */
  readonly endsAt: number
  readonly provisioned: bigint
  /** Neither free nor free again soon: what rests is used. */
  readonly used: bigint
}
export interface PoolCapacity {
  readonly pool: Pool
  readonly name: string | undefined
  readonly utilization: PoolUtilization
  /** Tenths of a percent that are not free. */
  readonly usedPerMille: number
  /** Netmask length of the largest free block; undefined: none is free. */
  readonly largest: number | undefined
  /** Pools below have their space from it, and nothing is said of when it runs dry: it is there to be given to them. */
  readonly isDivided: boolean
  /** The oldest first; the last one is now. As far back as it is known, at most `forecastWeeksMax` weeks. */
  readonly weeks: readonly WeekOfPool[]
  readonly forecast: Forecast
  /** Milliseconds since 1970, as the forecast says. */
  readonly runsDryAt: number | undefined
  readonly earliestAt: number | undefined
  readonly latestAt: number | undefined
}

export const listCapacities = async (
  context: ReadContext,
  filter: PoolFilter,
  asked: PageAsked<string>,
): Promise<Page<PoolCapacity, string>> =>
  listVisible(context, 'ipam:read', asked, {
    read: await poolsToRead(context, filter),
    placeOf: ({ n }) => String(n),
    nodeOf: ({ account }) => account,
    describe: (pools) => capacitiesOf(context, pools),
    bounds: { rowsMax: capacityRowsMax, stepMax: capacityRowsMax },
  })

/** Of pools that exist, in their order. */
export async function capacitiesOf(
  context: Pick<ReadContext, 'tx' | 'now'>,
  pools: readonly Pool[],
): Promise<readonly PoolCapacity[]> {
  const { tx, now } = context
  const numbers = pools.map(({ n }) => n)
  const today = dayOf(now)
  const days = Array.from({ length: forecastWeeksMax + 1 }, (_, week) => today - 7 * (forecastWeeksMax - week))
  const used = await readUtilizations(context, pools)
  const past = await tx.space.days.atEndsOf(numbers, days)
  const largest = await tx.space.largestFree(numbers)
  const divided = await tx.pools.parentsAmong(numbers)
  const names = await tx.tags.names(pools.map(({ id }) => id))
  return pools.map((pool) => {
    const utilization = used.get(pool.n)!
    const known = past.get(pool.n)
    const weeks = days.flatMap((day): readonly WeekOfPool[] => {
      const found = known?.get(day)
      if (!found) return []
      const inUse = found.allocated + found.quarantined
      return [{ endsAt: Math.min(endOfDay(day), now), provisioned: inUse + found.free, used: inUse }]
    })
    const order = largest.get(pool.n)
    const isDivided = divided.has(pool.n)
    const made = forecast(isDivided ? [] : weeks.map((week) => week.used), utilization.provisioned)
    const inWeeks = (count: number | undefined): number | undefined =>
      count === undefined ? undefined : now + Math.round(count * weekMs)
    return {
      pool,
      name: names.get(pool.id),
      utilization,
      usedPerMille: perMille({
        used: utilization.provisioned - utilization.free,
        provisioned: utilization.provisioned,
      }),
      largest: order === undefined ? undefined : bitsOf(pool.family) - order,
      isDivided,
      weeks,
      forecast: made,
      runsDryAt: inWeeks(made.weeks),
      earliestAt: inWeeks(made.earliest),
      latestAt: inWeeks(made.latest),
    }
  })
}

const weekMs = 7 * dayMs
