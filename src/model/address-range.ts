// Ranges of addresses that need not be blocks, as other tools write them.
import { bitsOf, type Cidr, formatAddress, makeCidr, parseAddress } from './cidr.ts'

/** All addresses from the first to the last one, both of them too. Both are single addresses of one family. */
export interface AddressRange {
  readonly first: Cidr
  readonly last: Cidr
}

/** Reads `FIRST-LAST`, with spaces around the dash or not. A text says what is wrong. */
export function parseRange(text: string): AddressRange | string {
  const ends = text.split('-').map((end) => end.trim())
  const [first, last] = ends.map(parseAddress)
  if (ends.length !== 2 || !first || !last) return 'two addresses are expected, such as `192.0.2.5-192.0.2.20`'
  if (first.family !== last.family) return 'both addresses must be IPv4, or both IPv6'
  return first.first > last.first ? 'the first address must not be above the last one' : { first, last }
}

export const formatRange = ({ first, last }: AddressRange): string => `${formatAddress(first)}-${formatAddress(last)}`

/** The fewest blocks that cover exactly the range, in address order: at most two of each size. */
export function blocksOf({ first: { family, first }, last }: AddressRange): Cidr[] {
  const blocks: Cidr[] = []
  for (let at = first; at <= last.first; ) {
    let order = 0
    while (order < bitsOf(family)) {
      const size = 1n << BigInt(order + 1)
      if (at % size !== 0n || at + size - 1n > last.first) break
      order++
    }
    blocks.push(makeCidr(family, at, bitsOf(family) - order))
    at += 1n << BigInt(order)
  }
  return blocks
}
