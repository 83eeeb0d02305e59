// The Merkle tree of a log (RFC 6962, RFC 9162): which subtrees a proof is made of, and whether a proof holds. Hashes of complete subtrees
// never change, so whoever keeps them keeps the tree.
import { assert } from '../assert.ts'
import { emptyRoot, equalHashes, nodeHash, type Sha256 } from './hashing.ts'

/** A complete subtree: of the leaves from `index * 2 ** level` on, `2 ** level` of them. */
export interface Node {
  readonly level: number
  readonly index: number
}
/** Leaves from one (counted from 0) to before another: a subtree of some tree, complete or at its right edge. */
export interface Range {
  readonly from: number
  readonly to: number
}

/** The largest power of two that is below `size`: where the tree of so many leaves is split. */
export function splitOf(size: number): number {
  assert(size > 1, 'one leaf is not split')
  let split = 1
  while (split * 2 < size) split *= 2
  return split
}

/** The complete subtrees of a range that is a subtree of a tree, largest first. */
export function nodesOf({ from, to }: Range): readonly Node[] {
  const nodes: Node[] = []
  for (let at = from; at < to; ) {
    let [level, size] = [0, 1]
    while (at % (size * 2) === 0 && at + size * 2 <= to) [level, size] = [level + 1, size * 2]
    nodes.push({ level, index: at / size })
    at += size
  }
  return nodes
}

/** The hash of a range, of the hashes of its complete subtrees in the order of `nodesOf`. */
export function joinNodes(sha256: Sha256, hashes: readonly Uint8Array[]): Uint8Array {
  let joined = hashes.at(-1)
  if (!joined) return emptyRoot(sha256)
  for (let at = hashes.length - 2; at >= 0; at--) joined = nodeHash(sha256, hashes[at]!, joined)
  return joined
}

/** What proves that leaf `index` is in the tree of `size` leaves: from the leaf's sibling up (RFC 6962, 2.1.1). */
export function inclusionPath(index: number, size: number): readonly Range[] {
  assert(index >= 0 && index < size, 'the leaf is in the tree')
  const path: Range[] = []
  let [from, to] = [0, size]
  while (to - from > 1) {
    const middle = from + splitOf(to - from)
    if (index < middle) {
      path.push({ from: middle, to })
      to = middle
    } else {
      path.push({ from, to: middle })
      from = middle
    }
  }
  return path.reverse()
}

/** What proves that the tree of `size` leaves begins with the one of `before` leaves (RFC 6962, 2.1.2). */
export function consistencyPath(before: number, size: number): readonly Range[] {
  assert(before > 0 && before <= size, 'a tree grows, and begins with a leaf')
  const path: Range[] = []
  let [from, to] = [0, size]
  let isWhole = true
  while (to !== before) {
    const middle = from + splitOf(to - from)
    if (before <= middle) {
      path.push({ from: middle, to })
      to = middle
    } else {
      path.push({ from, to: middle })
      from = middle
      isWhole = false
    }
  }
  // The earlier tree as a whole is what the verifier has already.
  if (!isWhole) path.push({ from, to })
  return path.reverse()
}

/** A leaf in a tree: what `rootOfInclusion` climbs from. */
export interface LeafPlace {
  readonly index: number
  readonly size: number
  readonly leaf: Uint8Array
}

/** The root that a proof of inclusion leads to (RFC 9162, 2.1.3.2); undefined where it has too many or too few hashes. */
export function rootOfInclusion(
  sha256: Sha256,
  { index, size, leaf }: LeafPlace,
  path: readonly Uint8Array[],
): Uint8Array | undefined {
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) return undefined
  let [place, last] = [index, size - 1]
  let root = leaf
  for (const hash of path) {
    if (last === 0) return undefined
    if (place % 2 === 1 || place === last) {
      root = nodeHash(sha256, hash, root)
      while (place % 2 === 0 && place !== 0) [place, last] = [half(place), half(last)]
    } else root = nodeHash(sha256, root, hash)
    ;[place, last] = [half(place), half(last)]
  }
  return last === 0 ? root : undefined
}
const half = (n: number): number => Math.floor(n / 2)

export interface Tree {
  readonly size: number
  readonly root: Uint8Array
}

/** Whether a proof shows that one tree begins with another (RFC 9162, 2.1.4.2). Everything begins with the empty one. */
export function isConsistent(sha256: Sha256, before: Tree, after: Tree, path: readonly Uint8Array[]): boolean {
  if (before.size > after.size) return false
  if (before.size === 0) return path.length === 0 && equalHashes(before.root, emptyRoot(sha256))
  if (before.size === after.size) return path.length === 0 && equalHashes(before.root, after.root)
  const hashes = isPowerOfTwo(before.size) ? [before.root, ...path] : [...path]
  let [place, last] = [before.size - 1, after.size - 1]
  while (place % 2 === 1) [place, last] = [half(place), half(last)]
  const first = hashes.shift()
  if (!first) return false
  let [old, now] = [first, first]
  for (const hash of hashes) {
    if (last === 0) return false
    if (place % 2 === 1 || place === last) {
      old = nodeHash(sha256, hash, old)
      now = nodeHash(sha256, hash, now)
      while (place % 2 === 0 && place !== 0) [place, last] = [half(place), half(last)]
    } else now = nodeHash(sha256, now, hash)
    ;[place, last] = [half(place), half(last)]
  }
  return last === 0 && equalHashes(old, before.root) && equalHashes(now, after.root)
}
function isPowerOfTwo(n: number): boolean {
  let power = 1
  while (power < n) power *= 2
  return power === n
}

/** The root of leaves that come one by one: it keeps a hash for each complete subtree, and no more. */
export class Frontier {
  readonly #sha256: Sha256
  /** Of falling levels: the complete subtrees that the leaves so far are made of. */
  readonly #nodes: { readonly level: number; readonly hash: Uint8Array }[] = []
  size = 0

  constructor(sha256: Sha256) {
    this.#sha256 = sha256
  }
  /** @param leaf the hash of a leaf */
  add(leaf: Uint8Array): void {
    let [level, hash] = [0, leaf]
    while (this.#nodes.at(-1)?.level === level) {
      hash = nodeHash(this.#sha256, this.#nodes.pop()!.hash, hash)
      level++
    }
    this.#nodes.push({ level, hash })
    this.size++
  }
  root(): Uint8Array {
    return joinNodes(
      this.#sha256,
      this.#nodes.map(({ hash }) => hash),
    )
  }
}
