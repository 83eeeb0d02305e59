// The tree of the log: it grows behind the record, a part at a time, and whoever wants a proof reads it. The leaf of an entry was written with
// the entry, in its transaction, so nothing that comes between can change which leaves there will be.
import { assert } from '#model/assert.ts'
import { equalHashes, hashLength, leafHash } from '#model/evidence/hashing.ts'
import {
  consistencyPath,
  inclusionPath,
  joinNodes,
  nodesOf,
  type Range,
  rootOfInclusion,
} from '#model/evidence/merkle.ts'
import { hashesWithin, rootOfComplete, tileWidth, tileWith } from '#model/evidence/tiles.ts'
import type { ReadTransaction, Store } from '#store/store.ts'
import type { EvidenceLog, StoredTile } from '#store/tables/evidence.ts'
import { sha256 } from './sha256.ts'

/** Leaves that one turn adds, written with one commit: it costs more than all that is hashed of a few. */
const leavesPerTurn = 16_384
/** Read at once: a millisecond. */
const leavesPerRead = 2_048
/** Hashed at once; all others have their turn between. */
const leavesPerStep = 256

/** Whether there are entries that the tree lacks. It only reads. */
export async function isTreeBehind(tx: ReadTransaction): Promise<boolean> {
  return (await tx.recordLists.lastEntry()) > (await tx.evidence.log()).entry
}

/** What a turn has made of the entries behind those in the tree. */
interface Growth {
  readonly log: EvidenceLog
  readonly tiles: readonly StoredTile[]
  readonly size: number
  readonly entry: number
}

/**
 * One turn. What is read and hashed is read beside the requests; where another server has gone on meanwhile, nothing is written. Answers whether
 * it was full: what came in meanwhile waits for the next look, since the last tiles are written anew each time.
 */
export async function growTree(store: Store): Promise<boolean> {
  const isBegun = await store.read(async (tx) => (await tx.evidence.log()).secret !== undefined)
  if (!isBegun) await store.write((tx) => tx.evidence.begin())
  const growth = await store.read(readGrowth)
  if (!growth) return false
  await store.write(async (tx) => {
    const now = await tx.evidence.log()
    if (now.size !== growth.log.size || now.entry !== growth.log.entry) return
    for (const tile of growth.tiles) await tx.evidence.putTile(tile)
    await tx.evidence.setLog({ size: growth.size, entry: growth.entry })
  })
  return growth.size - growth.log.size === leavesPerTurn
}

async function readGrowth(tx: ReadTransaction): Promise<Growth | undefined> {
  const log = await tx.evidence.log()
  let { size, entry: last } = log
  let edge: Edge | undefined
  while (size - log.size < leavesPerTurn) {
    const leaves = await tx.evidence.leavesAfter(last, leavesPerRead)
    edge ??= await Edge.of(tx, log.size)
    for (const { entry, commitment } of leaves) {
      if (size % leavesPerStep === 0) await tx.nextTurn()
      edge.add(size, leafHash(sha256, commitment), entry)
      size++
      last = entry
    }
    if (leaves.length < leavesPerRead) break
  }
  return edge && size > log.size ? { log, tiles: edge.changed(), size, entry: last } : undefined
}

/** A tile that is not full. */
interface OpenTile {
  readonly n: number
  readonly firstEntry: number | undefined
  readonly hashes: Buffer
  count: number
}
/** The right edge of the tree, where hashes are added to tiles; those that become full are a hash of the level above. */
class Edge {
  /** By level. */
  readonly #open: (OpenTile | undefined)[]
  readonly #full: StoredTile[] = []
  private constructor(open: (OpenTile | undefined)[]) {
    this.#open = open
  }
  static async of(tx: ReadTransaction, size: number): Promise<Edge> {
    const open: (OpenTile | undefined)[] = []
    for (let [level, hashes] = [0, size]; hashes > 0; [level, hashes] = [level + 1, Math.floor(hashes / tileWidth)]) {
      const count = hashes % tileWidth
      const stored = count === 0 ? undefined : await tx.evidence.tile(level, Math.floor(hashes / tileWidth))
      assert((stored !== undefined) === count > 0, 'a tree has its tiles')
      open.push(stored && { n: stored.n, firstEntry: stored.firstEntry, hashes: roomFor(stored.hashes), count })
    }
    return new Edge(open)
  }
  /** @param place of the hash on its level */
  add(place: number, hash: Uint8Array, entry: number | undefined, level = 0): void {
    const n = Math.floor(place / tileWidth)
    const open = this.#open[level] ?? { n, firstEntry: entry, hashes: roomFor(new Uint8Array(0)), count: 0 }
    assert(n === open.n && open.count === place % tileWidth, 'hashes are added one behind the other')
    open.hashes.set(hash, open.count * hashLength)
    open.count++
    this.#open[level] = open.count < tileWidth ? open : undefined
    if (open.count < tileWidth) return
    this.#full.push({ level, n, firstEntry: open.firstEntry, hashes: open.hashes })
    this.add(n, rootOfComplete(sha256, open.hashes), undefined, level + 1)
  }
  changed(): readonly StoredTile[] {
    const open = this.#open.flatMap((tile, level) => {
      if (!tile) return []
      const { n, firstEntry, hashes, count } = tile
      return [{ level, n, firstEntry, hashes: hashes.subarray(0, count * hashLength) }]
    })
    return [...this.#full, ...open]
  }
}
function roomFor(hashes: Uint8Array): Buffer {
  const room = Buffer.alloc(tileWidth * hashLength)
  room.set(hashes)
  return room
}

/** Reads hashes of the tree; each tile is read, and what is between it and its root hashed, once: many proofs have the same hashes in them. */
export class TreeReader {
  readonly #tx: ReadTransaction
  readonly #tiles = new Map<string, Promise<Within>>()
  constructor(tx: ReadTransaction) {
    this.#tx = tx
  }
  async root(size: number): Promise<Uint8Array> {
    return this.hashOf({ from: 0, to: size })
  }
  async hashOf(range: Range): Promise<Uint8Array> {
    const hashes: Uint8Array[] = []
    for (const node of nodesOf(range)) {
      const { level, index, from, to } = tileWith(node)
      const hash = (await this.#within(level, index))[Math.log2(to - from)]![from / (to - from)]
      assert(hash !== undefined, 'the tile reaches that far')
      hashes.push(hash)
    }
    return joinNodes(sha256, hashes)
  }
  async inclusion(index: number, size: number): Promise<readonly Uint8Array[]> {
    return this.#hashesOf(inclusionPath(index, size))
  }
  async consistency(before: number, size: number): Promise<readonly Uint8Array[]> {
    return before === 0 ? [] : this.#hashesOf(consistencyPath(before, size))
  }
  async #hashesOf(ranges: readonly Range[]): Promise<readonly Uint8Array[]> {
    const hashes: Uint8Array[] = []
    for (const range of ranges) hashes.push(await this.hashOf(range))
    return hashes
  }
  #within(level: number, index: number): Promise<Within> {
    const key = `${level}/${index}`
    const known = this.#tiles.get(key) ?? this.#read(level, index)
    this.#tiles.set(key, known)
    return known
  }
  async #read(level: number, index: number): Promise<Within> {
    const stored = await this.#tx.evidence.tile(level, index)
    assert(stored !== undefined, 'a tree has its tiles')
    return hashesWithin(sha256, stored.hashes)
  }
}
type Within = ReturnType<typeof hashesWithin>

/** The number of an entry's leaf; undefined where it is not in the tree yet. */
export async function indexOfEntry(tx: ReadTransaction, entry: number): Promise<number | undefined> {
  const log = await tx.evidence.log()
  const tile = entry > log.entry ? undefined : await tx.evidence.tileOfEntry(entry)
  if (!tile) return undefined
  const before = await tx.evidence.countEntries(tile.firstEntry!, entry)
  return tile.n * tileWidth + before
}

/** Whether a leaf with this commitment stands at a place of the tree of so many leaves. */
export async function isLeafAt(reader: TreeReader, commitment: Uint8Array, index: number, size: number) {
  const path = await reader.inclusion(index, size)
  const root = rootOfInclusion(sha256, { index, size, leaf: leafHash(sha256, commitment) }, path)
  return root !== undefined && equalHashes(root, await reader.root(size))
}
