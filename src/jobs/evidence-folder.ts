// The log of evidence in a folder, as others read logs (C2SP tlog-tiles): kept by somebody else, it shows what was in the log then.
import { readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseCheckpoint } from '#model/evidence/checkpoint.ts'
import { equalHashes } from '#model/evidence/hashing.ts'
import { parseNote } from '#model/evidence/note.ts'
import { publishedCheckpoints, publishedFiles } from '#operations/evidence/published.ts'
import { TreeReader } from '#operations/evidence/tree.ts'
import { cosignedCheckpoint } from '#operations/evidence/witnesses.ts'
import type { Store } from '#store/store.ts'
import { makeFolder } from '../folder.ts'

const checkpointsFolder = 'checkpoints'

/** Another log is there, or one that is not the beginning of this one: nothing is written over it. */
export class OtherLog extends Error {}

/** Brings a folder up to the newest checkpoint; answers how many leaves it has then. Files of full tiles are never written again. */
export async function writeLog(store: Store, folder: string): Promise<number> {
  const newest = await store.read((tx) => cosignedCheckpoint(tx))
  if (!newest) return 0
  const before = await sizeIn(store, folder)
  for await (const { path, bytes } of publishedFiles(store, newest.size, before)) await put(folder, path, bytes)
  await makeFolder(join(folder, checkpointsFolder))
  const known = (await readdir(join(folder, checkpointsFolder)))
    .map((name) => Number(name))
    .filter((n) => Number.isSafeInteger(n))
  for await (const { n, note } of publishedCheckpoints(store, Math.max(-1, ...known))) {
    await put(folder, `${checkpointsFolder}/${n}`, Buffer.from(note))
  }
  // Last, so that whoever reads it finds all that it speaks of.
  await put(folder, 'checkpoint', Buffer.from(newest.note))
  return newest.size
}

/** Whether the newest checkpoint is in the folder. */
export async function isWritten(store: Store, folder: string): Promise<boolean> {
  const newest = await store.read((tx) => cosignedCheckpoint(tx))
  return newest === undefined || (await readText(join(folder, 'checkpoint'))) === newest.note
}

async function sizeIn(store: Store, folder: string): Promise<number> {
  const note = await readText(join(folder, 'checkpoint'))
  if (note === undefined) return 0
  const there = parseCheckpoint(parseNote(note)?.text ?? '')
  const isOurs = await store.read(async (tx) => {
    const { size } = await tx.evidence.log()
    return there && there.size <= size && equalHashes(there.root, await new TreeReader(tx).root(there.size))
  })
  if (!there || !isOurs) throw new OtherLog(`the log in the folder \`${folder}\` is not the beginning of this one`)
  return there.size
}
async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    // Nothing was written yet.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
/** Whole or not at all, whenever it stops. */
async function put(folder: string, path: string, bytes: Uint8Array): Promise<void> {
  const file = join(folder, path)
  await makeFolder(dirname(file))
  await writeFile(`${file}.new`, bytes)
  await rename(`${file}.new`, file)
}
