// Looks at all pools each hour, some at a time, and at once at those that have become fuller or emptier by a step: those that are nearly
// full, and those that will be soon, are findings.
import { dayMs, dayOf } from '#model/clock.ts'
import { fullStepOf } from '#model/roll-up.ts'
import type { ReadTransaction, Transaction } from '#store/store.ts'
import type { CapacityWatch } from '#store/tables/pool-days.ts'
import type { Pool } from '#store/tables/pools.ts'
import { poolNearlyFull, poolSoonFull, soonFullDays } from '../finding/controls.ts'
import { type Seen, settle } from '../finding/settle.ts'
import { capacitiesOf, type PoolCapacity } from './capacity.ts'

const hourMs = 3_600_000
/** Pools looked at in one transaction. */
const poolsPerTurn = 50

/** Whether pools are to be looked at. */
export async function isCapacityDue(tx: ReadTransaction): Promise<boolean> {
  const { hour, place } = await tx.space.days.watch()
  return place !== undefined || hour < hourOf(tx.now) || (await tx.pools.fullChanged(1)).length > 0
}

/** Looks at the next pools. */
export async function watchCapacity(tx: Transaction): Promise<void> {
  const changed = await tx.pools.fullChanged(poolsPerTurn)
  if (changed.length > 0) {
    await lookAt(tx, changed)
    return tx.pools.seeFull(changed.map(({ n }) => n))
  }
  const { hour, place } = await tx.space.days.watch()
  const isBegun = place !== undefined
  if (!isBegun && hour >= hourOf(tx.now)) return
  const pools = await tx.pools.list({}, place ?? 0, poolsPerTurn)
  await lookAt(tx, pools)
  const next: CapacityWatch = {
    hour: isBegun ? hour : hourOf(tx.now),
    place: pools.length < poolsPerTurn ? undefined : pools.at(-1)!.n,
  }
  await tx.space.days.setWatch(next)
}

async function lookAt(tx: Transaction, pools: readonly Pool[]): Promise<void> {
  // The provider's own are nobody's to fill.
  const capacities = await capacitiesOf(
    { tx, now: tx.now },
    pools.filter(({ scopeId }) => scopeId !== undefined),
  )
  await settle(
    tx,
    poolNearlyFull,
    capacities.map((one) => ({ ...placeOf(one), facts: nearlyFull(one) })),
  )
  await settle(
    tx,
    poolSoonFull,
    capacities.map((one) => ({ ...placeOf(one), facts: soonFull(one, tx.now) })),
  )
}

const hourOf = (at: number): number => Math.floor(at / hourMs)

const placeOf = ({ pool }: PoolCapacity): Pick<Seen, 'resource' | 'node' | 'locale'> => ({
  resource: pool.id,
  node: pool.account,
  ...(pool.locale === undefined ? {} : { locale: pool.locale }),
})

/** What is there to be given to pools below may be used up. */
function nearlyFull({ isDivided, utilization: { provisioned, free } }: PoolCapacity): Seen['facts'] {
  if (isDivided || provisioned === 0n) return undefined
  const usedPercent = fullStepOf({ provisioned, used: provisioned - free })
  return usedPercent === undefined ? undefined : { usedPercent }
}

/** By the week, so that a day that moves about is the same finding. */
function soonFull({ isDivided, utilization, runsDryAt }: PoolCapacity, now: number): Seen['facts'] {
  if (isDivided || utilization.free === 0n || runsDryAt === undefined || runsDryAt > now + soonFullDays * dayMs)
    return undefined
  const day = dayOf(runsDryAt)
  // Day 0 was a Thursday.
  const monday = day - ((day + 3) % 7)
  return { week: new Date(monday * dayMs).toISOString().slice(0, 10) }
}
