// Arithmetic of address blocks for the independent evaluator: first and last address as numbers, and nothing cleverer.

/** A block as requests and pools have it; `length` is the netmask length. */
export interface Block {
  readonly family: 4 | 6
  readonly first: bigint
  readonly length: number
}

/** The netmask length of one address. */
export const addressLength = (family: 4 | 6): number => (family === 4 ? 32 : 128)

const lastOf = ({ family, first, length }: Block): bigint => first + 2n ** BigInt(addressLength(family) - length) - 1n

/** Whether every address of `inner` is one of `outer`. */
export const isInside = (inner: Block, outer: Block): boolean =>
  inner.family === outer.family && outer.first <= inner.first && lastOf(inner) <= lastOf(outer)

export const isSameBlock = (a: Block | undefined, b: Block | undefined): boolean =>
  a === b || (a?.family === b?.family && a?.first === b?.first && a?.length === b?.length)

/** The block of a netmask length that an address lies in. */
export function blockAround(family: 4 | 6, address: bigint, length: number): Block {
  const size = 2n ** BigInt(addressLength(family) - length)
  return { family, first: (address / size) * size, length }
}

/** For reports: dotted for IPv4, eight groups for IPv6. */
export function spell({ family, first, length }: Block): string {
  const parts = family === 4 ? { count: 4, bits: 8n } : { count: 8, bits: 16n }
  const numbers = Array.from({ length: parts.count }, (_, n) => {
    return (first >> (parts.bits * BigInt(parts.count - 1 - n))) % 2n ** parts.bits
  })
  const address = family === 4 ? numbers.join('.') : numbers.map((number) => number.toString(16)).join(':')
  return `${address}/${length}`
}
