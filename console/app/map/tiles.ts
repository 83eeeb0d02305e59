// What a map says, as rows: the tiles of which something is used, and between them what is free, in blocks as large as they are.
import {
  bitsOf,
  type Cidr,
  contains,
  formatCidr,
  makeCidr,
  overlaps,
  parseCidr,
  sizeOf,
} from '../../../src/model/cidr.ts'
import type { Schemas } from '../api/client.ts'

export type Tile = Schemas['AddressTile']
export interface TileRow {
  readonly cidr: string
  /** Undefined: all of it is free. */
  readonly tile?: Tile
}
export interface Window {
  readonly window: Cidr
  readonly length: number
}
/** What of the space is in the window. */
const clipped = (cidrs: readonly string[], window: Cidr): Cidr[] =>
  cidrs.flatMap((text) => {
    const cidr = parseCidr(text)
    if (!cidr || !overlaps(cidr, window)) return []
    return contains(cidr, window) ? [window] : [cidr]
  })

export function rowsOf(
  { tiles, cidrs }: { readonly tiles: readonly Tile[]; readonly cidrs: readonly string[] },
  { window, length }: Window,
): TileRow[] {
  const size = sizeOf({ ...window, length })
  const told = new Set(tiles.map(({ cidr }) => parseCidr(cidr)!.first))
  const rows: { first: bigint; row: TileRow }[] = tiles.map((tile) => ({
    first: parseCidr(tile.cidr)!.first,
    row: { cidr: tile.cidr, tile },
  }))
  const addFree = (cidr: Cidr): void => void rows.push({ first: cidr.first, row: { cidr: formatCidr(cidr) } })
  for (const cidr of clipped(cidrs, window)) {
    if (cidr.length >= length) {
      if (!told.has((cidr.first / size) * size)) addFree(cidr)
      continue
    }
    let from: bigint | undefined
    const until = cidr.first + sizeOf(cidr)
    for (let at = cidr.first; at <= until; at += size) {
      const isFree = at < until && !told.has(at)
      if (isFree) from ??= at
      else if (from !== undefined) {
        for (const block of blocksOf(window, from, at)) addFree(block)
        from = undefined
      }
    }
  }
  return rows.sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0)).map(({ row }) => row)
}

/** From one address to before another, in the fewest blocks. */
function* blocksOf({ family }: Cidr, from: bigint, until: bigint): Generator<Cidr> {
  const bits = bitsOf(family)
  for (let at = from; at < until; ) {
    let order = 0
    while (order < bits && at % (1n << BigInt(order + 1)) === 0n && at + (1n << BigInt(order + 1)) <= until) order++
    yield makeCidr(family, at, bits - order)
    at += 1n << BigInt(order)
  }
}

const number = (text: string | undefined): bigint => BigInt(text ?? '0')
export interface Shares {
  readonly allocated: number
  readonly held: number
  readonly resting: number
  /** What is nobody's here. */
  readonly outside: number
}
export function sharesOf(tile: Tile | undefined, size: bigint, isOwn: boolean): Shares {
  if (!tile) return { allocated: 0, held: 0, resting: 0, outside: isOwn ? 0 : 1 }
  const share = (count: bigint): number => Number((count * 1000n) / size) / 1000
  return {
    allocated: share(number(tile.allocated)),
    held: share(number(tile.held)),
    resting: share(number(tile.resting)),
    outside: tile.size === undefined ? 0 : share(size - number(tile.size)),
  }
}
