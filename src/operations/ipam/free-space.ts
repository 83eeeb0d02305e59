// What a pool still gives: its free blocks by size, and how many networks of a size fit.
import { bitsOf, type Cidr } from '#model/cidr.ts'
import { refuseValue } from '#model/refusal.ts'
import type { Pool } from '#store/tables/pools.ts'
import type { ReadContext } from '../operation.ts'
import { previewNext } from '../space/grant.ts'

/** Blocks that are counted, of all sizes together; of each size one at least. */
const countedMax = 10_000

export interface FreeBlocks {
  readonly netmaskLength: number
  readonly count: number
  /** There are more than were counted. */
  readonly isMore: boolean
}
export interface Fit {
  readonly netmaskLength: number
  /** How many blocks of this length could be had, one after the other. */
  readonly count: bigint
  readonly isMore: boolean
  /** The block that would be had next; undefined: none. */
  readonly next: Cidr | undefined
}

/** The largest first. */
export async function freeBlocksOf({ tx }: ReadContext, { n, family }: Pool): Promise<readonly FreeBlocks[]> {
  const counted = await tx.space.freeBySize(n, countedMax)
  return counted.map(({ order, ...rest }) => ({ netmaskLength: bitsOf(family) - order, ...rest }))
}

/** What would fit, of blocks that were found. */
export async function fitOf(
  context: ReadContext,
  pool: Pool,
  netmaskLength: number,
  blocks: readonly FreeBlocks[],
): Promise<Fit> {
  const { family } = pool
  if (netmaskLength > bitsOf(family))
    refuseValue('netmaskLength', netmaskLength, { why: 'length-of-pool', bits: bitsOf(family) })
  const large = blocks.filter((block) => block.netmaskLength <= netmaskLength)
  const count = large.reduce(
    (sum, block) => sum + BigInt(block.count) * (1n << BigInt(netmaskLength - block.netmaskLength)),
    0n,
  )
  return {
    netmaskLength,
    count,
    isMore: large.some(({ isMore }) => isMore),
    next: await previewNext(context, pool, { account: pool.account, length: netmaskLength }),
  }
}
