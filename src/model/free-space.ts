// Free space as aligned blocks (a buddy system): how a block is cut to serve a request, and how a released one grows back.

import { assert } from './assert.ts'
import { bitsOf, buddyOf, type Cidr, compareCidrs, contains, equals, lastAddress, parentOf, split } from './cidr.ts'

export interface Carved {
  readonly taken: Cidr
  /** What remains free of the block that was cut: the largest aligned blocks, in address order. */
  readonly rest: readonly Cidr[]
}

/**
 * Cuts one block of `length` off the low end of `free`.
 * Splitting low-first keeps large blocks whole, so a later request for a subnet can still be met.
 */
export function carve(free: Cidr, length: number): Carved {
  assert(length >= free.length, 'a block can only be cut into smaller blocks')
  let taken = free
  const rest: Cidr[] = []
  while (taken.length < length) {
    const [low, high] = split(taken)
    rest.push(high)
    taken = low
  }
  return { taken, rest: rest.reverse() }
}

/** Cuts the one block `wanted` out of `free`, which contains it: how a request for a certain address is served. */
export function carveAround(free: Cidr, wanted: Cidr): Carved {
  assert(contains(free, wanted), 'only what lies within a block can be cut out of it')
  let around = free
  const below: Cidr[] = []
  const above: Cidr[] = []
  while (around.length < wanted.length) {
    const [low, high] = split(around)
    if (contains(low, wanted)) {
      above.push(high)
      around = low
    } else {
      below.push(low)
      around = high
    }
  }
  return { taken: wanted, rest: [...below, ...above.reverse()] }
}

/**
 * Merges a released block with its buddy, and the result with its own, for as long as the buddy is free as a whole.
 * @param takeBuddy takes exactly this block out of the free ones, and tells whether it was among them
 * @param limit the provisioned CIDR: blocks never merge across its border, or deprovisioning could not find it whole
 * @returns the block to record as free in place of all that were merged
 */
export async function coalesce(
  released: Cidr,
  takeBuddy: (buddy: Cidr) => boolean | Promise<boolean>,
  limit: Cidr,
): Promise<Cidr> {
  assert(contains(limit, released), 'a released block lies within its provisioned CIDR')
  let block = released
  while (block.length > limit.length && (await takeBuddy(buddyOf(block)))) block = parentOf(block)
  return block
}

/** Whether `blocks` cover `whole` exactly: no address missing, none twice, none outside (invariants I1 and I2). */
export function tiles(blocks: readonly Cidr[], whole: Cidr): boolean {
  let next = whole.first
  for (const block of blocks.toSorted(compareCidrs)) {
    if (!contains(whole, block) || block.first !== next) return false
    next = lastAddress(block).first + 1n
  }
  return next === lastAddress(whole).first + 1n
}

/** What of `whole` is in none of `used`, as the largest aligned blocks in address order. */
export function subtract(whole: Cidr, used: readonly Cidr[]): Cidr[] {
  if (used.some((block) => contains(block, whole))) return []
  const within = used.filter((block) => contains(whole, block) && !equals(block, whole))
  if (within.length === 0) return [whole]
  const [low, high] = split(whole)
  return [...subtract(low, within), ...subtract(high, within)]
}

/** Addresses from the first to the last one. */
export interface Stretch {
  readonly first: bigint
  readonly last: bigint
}

/**
 * The addresses of `regions` that are outside of `disallowed`, as stretches of whole aligned blocks of `length`, in address
 * order within each region and of regions: at most one more than there are disallowed CIDRs in each. Regions of another
 * family, or smaller than a block, have none.
 */
export function stretchesOutside(
  regions: readonly Cidr[],
  disallowed: readonly Cidr[],
  { family, length }: { readonly family: 4 | 6; readonly length: number },
): Stretch[] {
  const size = 1n << BigInt(bitsOf(family) - length)
  const stretches: Stretch[] = []
  const sorted = disallowed.filter((cidr) => cidr.family === family).toSorted(compareCidrs)
  for (const region of regions.toSorted(compareCidrs)) {
    if (region.family !== family || region.length > length) continue
    const end = lastAddress(region).first
    let from = region.first
    for (const cidr of sorted) {
      const last = lastAddress(cidr).first
      if (last < from || cidr.first > end) continue
      // What touches a block makes all of it unusable.
      const below = (cidr.first / size) * size
      if (below > from) stretches.push({ first: from, last: below - 1n })
      const above = (last / size + 1n) * size
      if (above > from) from = above
    }
    if (from <= end) stretches.push({ first: from, last: end })
  }
  return stretches
}
