// Networks inside of networks: what may be divided, what may be made inside, and which addresses at its ends no host gets. Pure.
import { assert } from '../assert.ts'
import { type Cidr, contains, overlaps, sizeOf } from '../cidr.ts'
import type { ReservedEnds, ResourceType } from './resource-types.ts'

/** Far more than any network keeps for itself: what is reserved is looked at address by address. */
export const reservedEndMax = 64

/** Whether a pool can divide an allocation of the type: what takes a CIDR is a network, or a range of one. */
export const canBeDivided = ({ takes }: ResourceType): boolean => takes === 'cidr'

/**
 * Why nothing of a type is made inside of another; undefined where it can be. Whole networks stand alone, and subnets are not
 * divided into subnets; what an administrator's own network holds is for them to say.
 * @param outer undefined where the type of what is divided is not known any more
 */
export function nestingProblem(
  type: ResourceType,
  outer: ResourceType | undefined,
): 'network-inside' | 'subnet-inside' | undefined {
  if (type.level === 'network') return 'network-inside'
  if (type.level === 'subnet' && outer?.level === 'subnet') return 'subnet-inside'
  return undefined
}

/**
 * How many addresses of a network are kept at its ends. What a type says by custom alone does not hold for networks without room
 * for a host: the two addresses of a point-to-point link are both in use (RFC 3021, RFC 6164).
 * @param said what the pool says itself, where the type lets it
 */
export function reservedEnds(
  type: ResourceType | undefined,
  cidr: Cidr,
  said?: ReservedEnds,
): ReservedEnds | undefined {
  const usual = type?.reserved?.[cidr.family]
  const ends = said ?? usual
  if (!ends || ends.first + ends.last === 0) return undefined
  return said === undefined && sizeOf(cidr) <= BigInt(ends.first + ends.last) ? undefined : ends
}

/**
 * Whether a network inside of another one keeps at its ends whatever the outer one keeps of its block: else it would have the
 * outer one's gateway, or give it to a host.
 * @param reserved what the outer one keeps
 */
export function keepsWhatIsReserved(type: ResourceType, block: Cidr, reserved: readonly Cidr[]): boolean {
  const { first, last } = reservedEnds(type, block) ?? { first: 0, last: 0 }
  const hosts = { from: block.first + BigInt(first), to: block.first + sizeOf(block) - BigInt(last) }
  return reserved
    .filter((one) => overlaps(one, block))
    .every((one) => contains(block, one) && (one.first + sizeOf(one) <= hosts.from || one.first >= hosts.to))
}

/** The first and last addresses of a network, as aligned blocks in address order. */
export function reservedBlocks(cidr: Cidr, { first, last }: ReservedEnds): Cidr[] {
  const size = sizeOf(cidr)
  assert(BigInt(first + last) <= size, 'a network reserves no more than it has')
  return [
    ...blocksOf(cidr, cidr.first, BigInt(first)),
    ...blocksOf(cidr, cidr.first + size - BigInt(last), BigInt(last)),
  ]
}

/** So many addresses from one on, as the fewest aligned blocks. */
function blocksOf({ family }: Cidr, from: bigint, count: bigint): Cidr[] {
  const bits = family === 4 ? 32 : 128
  const blocks: Cidr[] = []
  for (let at = from, left = count; left > 0n; ) {
    let order = 0
    while (at % (2n << BigInt(order)) === 0n && 2n << BigInt(order) <= left) order++
    blocks.push({ family, first: at, length: bits - order })
    at += 1n << BigInt(order)
    left -= 1n << BigInt(order)
  }
  return blocks
}
