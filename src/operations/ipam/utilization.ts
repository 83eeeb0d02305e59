// How much of pools is used, in numbers of addresses; of many pools at once.
import type { Pool } from '#store/tables/pools.ts'
import type { ReadContext } from '../operation.ts'

export interface PoolUtilization {
  /** All of the others together. */
  readonly provisioned: bigint
  readonly allocated: bigint
  readonly quarantined: bigint
  readonly held: bigint
  readonly free: bigint
  readonly allocations: number
}

const nothingHeld = { live: 0n, lapsed: 0n }

/** By the numbers of the pools. What is held rests too, and is free from its moment on, whether or not it was swept. */
export async function readUtilizations(
  { tx }: Pick<ReadContext, 'tx'>,
  pools: readonly Pick<Pool, 'n' | 'family'>[],
): Promise<ReadonlyMap<number, PoolUtilization>> {
  const counted = await tx.space.utilizations(pools.map(({ n }) => n))
  const holds = await tx.space.holds.heldIn(pools)
  return new Map(
    [...counted].map(([n, { allocated, quarantined, free, allocations }]) => {
      const { live, lapsed } = holds.get(n) ?? nothingHeld
      const provisioned = allocated + quarantined + free
      return [
        n,
        {
          provisioned,
          allocated,
          quarantined: quarantined - live - lapsed,
          held: live,
          free: free + lapsed,
          allocations,
        },
      ]
    }),
  )
}
