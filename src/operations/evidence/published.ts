// The log as files (C2SP tlog-tiles): what anybody may have who is to check that it only grows. Nothing in it says anything of a record.
import { hashLength } from '#model/evidence/hashing.ts'
import { bundleOf, parseTilePath, pathOfEntries, pathOfTile, tilesAt, tileWidth } from '#model/evidence/tiles.ts'
import type { ReadTransaction, Store } from '#store/store.ts'
import type { StoredCheckpoint, StoredTile } from '#store/tables/evidence.ts'
import type { ReadContext } from '../operation.ts'
import { cosignedCheckpoint } from './witnesses.ts'

/** A file below the log's address. */
export interface PublishedFile {
  readonly path: string
  readonly bytes: Uint8Array
}

/**
 * The tiles and entries of the tree of `size` leaves that are not in the one of `before`; a tile at a time, so that whoever writes them keeps
 * nobody waiting.
 */
export async function* publishedFiles(store: Store, size: number, before = 0): AsyncGenerator<PublishedFile> {
  for (let level = 0; ; level++) {
    const { full, partial } = tilesAt(level, size)
    if (full === 0 && partial === 0) return
    for (let index = tilesAt(level, before).full; index < full + (partial > 0 ? 1 : 0); index++) {
      const width = index < full ? tileWidth : partial
      yield* await store.read((tx) => filesOfTile(tx, { level, index, width }))
    }
  }
}
async function filesOfTile(
  tx: ReadTransaction,
  tile: { readonly level: number; readonly index: number; readonly width: number },
): Promise<readonly PublishedFile[]> {
  const stored = (await tx.evidence.tile(tile.level, tile.index))!
  const hashes = { path: pathOfTile(tile), bytes: stored.hashes.subarray(0, tile.width * hashLength) }
  if (tile.level > 0) return [hashes]
  return [{ path: pathOfEntries(tile), bytes: bundleOf(await leavesOf(tx, stored, tile.width)) }, hashes]
}
const leavesOf = async (tx: ReadTransaction, { firstEntry }: StoredTile, width: number): Promise<Uint8Array[]> =>
  (await tx.evidence.leavesAfter(firstEntry! - 1, width)).map(({ commitment }) => commitment)

/** Every checkpoint that was signed behind one, some at a time. */
export async function* publishedCheckpoints(store: Store, after: number): AsyncGenerator<StoredCheckpoint> {
  for (let last = after; ; ) {
    const some = await store.read((tx) => tx.evidence.checkpointsAfter(last, checkpointsPerStep))
    yield* some
    if (some.length < checkpointsPerStep) return
    last = some.at(-1)!.n
  }
}
const checkpointsPerStep = 500

/** One file by its path: the newest checkpoint, or of the tree that it speaks of; undefined where there is none. */
export const publishedFile = ({ tx }: Pick<ReadContext, 'tx'>, path: string): Promise<Uint8Array | undefined> =>
  fileAt(tx, path)
async function fileAt(tx: ReadTransaction, path: string): Promise<Uint8Array | undefined> {
  const newest = await cosignedCheckpoint(tx)
  if (!newest) return undefined
  if (path === 'checkpoint') return Buffer.from(newest.note)
  const tile = parseTilePath(path)
  if (!tile) return undefined
  const { level, index, width, isEntries } = tile
  // What is behind the newest checkpoint nobody has signed yet.
  const { full, partial } = tilesAt(level, newest.size)
  if (index > full || width > (index < full ? tileWidth : partial)) return undefined
  const stored = (await tx.evidence.tile(level, index))!
  if (!isEntries) return stored.hashes.subarray(0, width * hashLength)
  return bundleOf(await leavesOf(tx, stored, width))
}
