// How much of pools is used, in numbers of addresses; of many pools at once.
import { bitsOf, type Cidr, sizeOf } from '#model/cidr.ts'
import { reservedBlocks } from '#model/policy/nesting.ts'
import type { Allocation } from '#store/tables/holdings.ts'
import type { Pool } from '#store/tables/pools.ts'
import type { ReadContext } from '../operation.ts'
import { endsOf } from '../space/reserved.ts'

export interface PoolUtilization {
  /** All of the others together. */
  readonly provisioned: bigint
  readonly allocated: bigint
  readonly quarantined: bigint
  /** What a network keeps for itself, of the pool that divides it. */
  readonly reserved: bigint | undefined
  readonly held: bigint
  readonly free: bigint
  readonly allocations: number
}

const nothingHeld = { live: 0n, lapsed: 0n }

/** By the numbers of the pools. What is held rests too, and is free from its moment on, whether or not it was swept. */
export async function readUtilizations(
  { tx }: Pick<ReadContext, 'tx'>,
  pools: readonly Pick<Pool, 'n' | 'family' | 'reservedFirst' | 'reservedLast'>[],
): Promise<ReadonlyMap<number, PoolUtilization>> {
  const counted = await tx.space.utilizations(pools.map(({ n }) => n))
  const holds = await tx.space.holds.heldIn(pools)
  const reservations = await readReserved(tx, pools)
  return new Map(
    [...counted].map(([n, { allocated, quarantined, free, allocations }]) => {
      const { live, lapsed } = holds.get(n) ?? nothingHeld
      const kept = reservations.get(n) ?? []
      const reserved = kept.reduce((sum, { cidr }) => sum + sizeOf(cidr), 0n)
      return [
        n,
        {
          provisioned: allocated + quarantined + free,
          allocated: allocated - reserved,
          reserved: reservations.has(n) ? reserved : undefined,
          quarantined: quarantined - live - lapsed,
          held: live,
          free: free + lapsed,
          allocations: allocations - kept.length,
        },
      ]
    }),
  )
}

/** What pools have reserved at present, by their numbers: parts of the blocks that they reserve, or all of each. */
async function readReserved(
  tx: ReadContext['tx'],
  pools: readonly Pick<Pool, 'n' | 'reservedFirst' | 'reservedLast'>[],
): Promise<ReadonlyMap<number, readonly Allocation[]>> {
  const reserving = pools.filter((pool) => endsOf(pool))
  if (reserving.length === 0) return new Map()
  const cidrs = await tx.pools.firstCidrs(
    reserving.map(({ n }) => n),
    1,
  )
  const blocks = reserving.flatMap((pool) =>
    (cidrs.get(pool.n) ?? []).flatMap(({ cidr }) =>
      reservedBlocks(cidr, endsOf(pool)!).flatMap((block) =>
        partsOf(block).map((part) => ({ pool: pool.n, cidr: part })),
      ),
    ),
  )
  return Map.groupBy(await tx.allocationLists.reservedOf(blocks), ({ pool }) => pool)
}
/** By its addresses: a network inside may have others of the same block. */
const partsOf = (block: Cidr): readonly Cidr[] =>
  Array.from({ length: Number(sizeOf(block)) }, (_, at) => ({
    ...block,
    first: block.first + BigInt(at),
    length: bitsOf(block.family),
  }))
