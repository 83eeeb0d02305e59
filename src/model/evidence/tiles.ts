// The tree as tiles (C2SP tlog-tiles): 256 hashes each, of every eighth level, under paths that name them. A full tile never changes.
import { assert } from '../assert.ts'
import { hashLength, nodeHash, type Sha256 } from './hashing.ts'
import { joinNodes, type Node, nodesOf, type Range } from './merkle.ts'

/** Levels of the tree that one tile spans, and the hashes in a full one. */
const tileHeight = 8
export const tileWidth = 2 ** tileHeight
/** The tallest tree: levels of tiles that 2 ** 53 leaves need. */
const tileLevelMax = 6

/** Hashes of the tree's level `level * 8`, from `index * 256` on; fewer than 256 in the partial tile at the right edge. */
export interface Tile {
  readonly level: number
  readonly index: number
  readonly width: number
}

/** The tiles of a level in the tree of `size` leaves: full ones, and how many hashes stand in the partial one behind them. */
export function tilesAt(level: number, size: number): { readonly full: number; readonly partial: number } {
  const hashes = Math.floor(size / tileWidth ** level)
  return { full: Math.floor(hashes / tileWidth), partial: hashes % tileWidth }
}
/** Every tile of the tree of `size` leaves, level by level from the leaves up. */
export function* tilesOf(size: number): Generator<Tile> {
  for (let level = 0; ; level++) {
    const { full, partial } = tilesAt(level, size)
    if (full === 0 && partial === 0) return
    for (let index = 0; index < full; index++) yield { level, index, width: tileWidth }
    if (partial > 0) yield { level, index: full, width: partial }
  }
}

/** The tile that has a node's hash or, between the levels of tiles, the hashes that it is made of; and where in it they begin and end. */
export function tileWith({ level, index }: Node): {
  readonly level: number
  readonly index: number
  readonly from: number
  readonly to: number
} {
  const tileLevel = Math.floor(level / tileHeight)
  const width = 2 ** (level % tileHeight)
  const first = index * width
  const from = first % tileWidth
  return { level: tileLevel, index: Math.floor(first / tileWidth), from, to: from + width }
}
/** The hash of a node, of the tile that `tileWith` names. */
export function hashInTile(sha256: Sha256, tile: Uint8Array, { from, to }: { from: number; to: number }): Uint8Array {
  assert(to * hashLength <= tile.length, 'the tile reaches that far')
  return rootOfComplete(sha256, tile.subarray(from * hashLength, to * hashLength))
}
/** The tiles that the hash of a range is made of, each once, by their levels and numbers. */
export function tilesWith(range: Range): readonly Pick<Tile, 'level' | 'index'>[] {
  const tiles = nodesOf(range).map((node) => tileWith(node))
  return [...new Map(tiles.map(({ level, index }) => [`${level}/${index}`, { level, index }])).values()]
}
/** The hash of a range that is a subtree of a tree, of the tiles that `tilesWith` names. */
export function hashOfRange(
  sha256: Sha256,
  range: Range,
  tileOf: (level: number, index: number) => Uint8Array,
): Uint8Array {
  const hashes = nodesOf(range).map((node) => {
    const place = tileWith(node)
    return hashInTile(sha256, tileOf(place.level, place.index), place)
  })
  return joinNodes(sha256, hashes)
}
/** All that can be told of what stands in a tile: by log2 of how many hashes each is of, in their order; the first are those of the tile. */
export function hashesWithin(sha256: Sha256, tile: Uint8Array): readonly (readonly Uint8Array[])[] {
  const hashes = Array.from({ length: tile.length / hashLength }, (_, at) =>
    tile.slice(at * hashLength, (at + 1) * hashLength),
  )
  const levels: Uint8Array[][] = [hashes]
  for (let below: Uint8Array[] = hashes; below.length > 1; ) {
    const above: Uint8Array[] = []
    for (let at = 0; at + 1 < below.length; at += 2) above.push(nodeHash(sha256, below[at]!, below[at + 1]!))
    levels.push(above)
    below = above
  }
  return levels
}
/** The root of hashes that are a power of two, one behind the other. */
export function rootOfComplete(sha256: Sha256, hashes: Uint8Array): Uint8Array {
  let level: Uint8Array[] = Array.from({ length: hashes.length / hashLength }, (_, at) =>
    hashes.slice(at * hashLength, (at + 1) * hashLength),
  )
  while (level.length > 1) {
    assert(level.length % 2 === 0, 'a complete subtree has a power of two of leaves')
    const above: Uint8Array[] = []
    for (let at = 0; at < level.length; at += 2) above.push(nodeHash(sha256, level[at]!, level[at + 1]!))
    level = above
  }
  return level[0]!
}

/** `1234067` → `x001/x234/067`. */
function pathOfIndex(index: number): string {
  let path = `${index % 1000}`.padStart(3, '0')
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    path = `x${`${rest % 1000}`.padStart(3, '0')}/${path}`
  }
  return path
}
const endOf = (width: number): string => (width === tileWidth ? '' : `.p/${width}`)
/** Below the log's address: `tile/0/x001/x234/067`. */
export const pathOfTile = ({ level, index, width }: Tile): string =>
  `tile/${level}/${pathOfIndex(index)}${endOf(width)}`
/** The leaves themselves, of the same numbers as a tile of level 0. */
export const pathOfEntries = ({ index, width }: Pick<Tile, 'index' | 'width'>): string =>
  `tile/entries/${pathOfIndex(index)}${endOf(width)}`

/** What a path names; undefined for one that names nothing, or that is written otherwise than it would be here. */
export function parseTilePath(path: string): (Tile & { readonly isEntries: boolean }) | undefined {
  const found = /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/.exec(path)
  if (!found) return undefined
  const [, kind, digits, partial] = found
  const isEntries = kind === 'entries'
  const index = Number(digits!.replaceAll(/[x/]/g, ''))
  const width = partial === undefined ? tileWidth : Number(partial)
  const tile = { level: isEntries ? 0 : Number(kind), index, width }
  if (tile.level > tileLevelMax || !Number.isSafeInteger(index) || width === 0) return undefined
  if (partial !== undefined && width >= tileWidth) return undefined
  const again = isEntries ? pathOfEntries(tile) : pathOfTile(tile)
  return again === path ? { ...tile, isEntries } : undefined
}

/** Leaves as a bundle has them: each behind its length, as two bytes. */
export function bundleOf(leaves: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(leaves.reduce((sum, leaf) => sum + 2 + leaf.length, 0))
  let at = 0
  for (const leaf of leaves) {
    assert(leaf.length < 2 ** 16, 'a leaf is short')
    bytes[at] = leaf.length >> 8
    bytes[at + 1] = leaf.length & 0xff
    bytes.set(leaf, at + 2)
    at += 2 + leaf.length
  }
  return bytes
}
/** Undefined for what is no bundle. */
export function leavesIn(bundle: Uint8Array): readonly Uint8Array[] | undefined {
  const leaves: Uint8Array[] = []
  for (let at = 0; at < bundle.length; ) {
    if (at + 2 > bundle.length) return undefined
    const end = at + 2 + (bundle[at]! << 8) + bundle[at + 1]!
    if (end > bundle.length) return undefined
    leaves.push(bundle.slice(at + 2, end))
    at = end
  }
  return leaves
}
