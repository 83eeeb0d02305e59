// Whether a published log is one log that only grew: its entries hash to its tiles, its tiles to its roots, and its roots are those that were signed.
// It asks for nothing but files and a public key.
import type { Checkpoint } from '#model/evidence/checkpoint.ts'
import { equalHashes, hashLength, leafHash } from '#model/evidence/hashing.ts'
import { Frontier } from '#model/evidence/merkle.ts'
import type { VerifierKey, VerifyEd25519 } from '#model/evidence/note.ts'
import { signedCheckpoint, unwitnessedBy, type Verifier } from '#model/evidence/signed.ts'
import { leavesIn, pathOfEntries, pathOfTile, rootOfComplete, tilesAt, tileWidth } from '#model/evidence/tiles.ts'
import { sha256 } from './sha256.ts'

/** What is wrong, and where. Leaves are counted from 0; a checkpoint goes by the name that it was given. */
export type LogProblem =
  | { readonly kind: 'checkpoint-unsigned'; readonly checkpoint: string }
  | { readonly kind: 'checkpoint-forged'; readonly checkpoint: string }
  /** A witness that the verifier goes by has not signed the newest one. */
  | { readonly kind: 'witness-missing'; readonly checkpoint: string; readonly witness: string }
  /** Two that were signed speak of one size, or of another log. */
  | { readonly kind: 'checkpoints-disagree'; readonly checkpoint: string; readonly other: string }
  | { readonly kind: 'leaf-changed'; readonly leaf: number }
  | { readonly kind: 'file-missing'; readonly path: string; readonly leaf: number }
  | { readonly kind: 'file-changed'; readonly path: string; readonly leaf: number }
  /** What was signed is not what is there: it differs among the leaves from one to before another. */
  | { readonly kind: 'tree-changed'; readonly checkpoint: string; readonly from: number; readonly to: number }
  | { readonly kind: 'tail-missing'; readonly checkpoint: string; readonly size: number; readonly leaves: number }

export interface LogReport {
  readonly problems: readonly LogProblem[]
  readonly leaves: number
  readonly checkpoints: number
}
export interface PublishedLog {
  /** Undefined where there is no such file. */
  read(path: string): Promise<Uint8Array | undefined>
  /** All that are known: of the log itself, and of whoever kept some. */
  readonly checkpoints: readonly { readonly name: string; readonly note: string }[]
  /** Of the tree that is published. */
  readonly size: number
}
interface Signed extends Checkpoint {
  readonly name: string
}

/** A log is broken as a whole where so much is. */
const problemsMax = 1_000

export async function verifyLog(
  log: PublishedLog,
  keys: readonly VerifierKey[],
  verify: VerifyEd25519,
): Promise<LogReport> {
  const problems: LogProblem[] = []
  const signed: Signed[] = []
  const verifier = { sha256, verify, keys }
  for (const { name, note } of log.checkpoints) {
    const found = signedCheckpoint(note, verifier)
    if (typeof found === 'string') problems.push({ kind: `checkpoint-${found}`, checkpoint: name })
    else signed.push({ ...found, name })
  }
  problems.push(...witnessesMissing(log, signed, verifier))
  signed.sort((one, other) => one.size - other.size)
  for (const [at, one] of signed.entries()) {
    const former = signed[at - 1]
    if (!former || (former.origin === one.origin && (former.size < one.size || equalHashes(former.root, one.root))))
      continue
    problems.push({ kind: 'checkpoints-disagree', checkpoint: one.name, other: former.name })
  }
  const leaves = await walk(log, signed, problems)
  return { problems: problems.slice(0, problemsMax), leaves, checkpoints: log.checkpoints.length }
}

/** Of the tree that is published: what was signed of it once says nothing of what it is now. */
function witnessesMissing(
  { checkpoints, size }: PublishedLog,
  signed: readonly Signed[],
  verifier: Verifier,
): readonly LogProblem[] {
  const names = new Set(signed.filter((one) => one.size === size).map(({ name }) => name))
  const newest = checkpoints.filter(({ name }) => names.has(name))
  if (newest.length === 0) return []
  const missing = newest.map(({ note }) => unwitnessedBy(note, verifier))
  const nowhere = missing[0]!.filter((witness) => missing.every((some) => some.includes(witness)))
  return nowhere.map((witness) => ({ kind: 'witness-missing', checkpoint: newest[0]!.name, witness }))
}

/** Goes through the leaves, and through the signed checkpoints with them; answers how many leaves there are. */
async function walk(log: PublishedLog, signed: readonly Signed[], problems: LogProblem[]): Promise<number> {
  const frontier = new Frontier(sha256)
  let [next, good] = [0, 0]
  const compare = (): void => {
    for (let one = signed[next]; one && one.size <= frontier.size; one = signed[++next]) {
      if (equalHashes(one.root, frontier.root())) good = one.size
      else problems.push({ kind: 'tree-changed', checkpoint: one.name, from: good, to: one.size })
    }
  }
  compare()
  const { full, partial } = tilesAt(0, log.size)
  const above: Uint8Array[] = []
  for (let index = 0; index < full + (partial > 0 ? 1 : 0) && problems.length < problemsMax; index++) {
    const width = index < full ? tileWidth : partial
    const hashes = await leavesOf(log, { level: 0, index, width }, problems)
    if (!hashes) break
    for (let at = 0; at < width; at++) {
      frontier.add(hashes.subarray(at * hashLength, (at + 1) * hashLength))
      compare()
    }
    if (width === tileWidth) above.push(rootOfComplete(sha256, hashes))
  }
  for (let one = signed[next]; one; one = signed[++next]) {
    problems.push({ kind: 'tail-missing', checkpoint: one.name, size: one.size, leaves: frontier.size })
  }
  await compareAbove(log, above, problems)
  return frontier.size
}

interface TileAsked {
  readonly level: number
  readonly index: number
  readonly width: number
}
/** The hashes of a tile of level 0, made of the entries where they are there. */
async function leavesOf(log: PublishedLog, tile: TileAsked, problems: LogProblem[]): Promise<Uint8Array | undefined> {
  const first = tile.index * tileWidth
  const [entriesPath, tilePath] = [pathOfEntries(tile), pathOfTile(tile)]
  const [bundle, hashes] = [await log.read(entriesPath), await log.read(tilePath)]
  if (!bundle || !hashes) {
    problems.push({ kind: 'file-missing', path: bundle ? tilePath : entriesPath, leaf: first })
    return undefined
  }
  const leaves = leavesIn(bundle)
  const isWhole = leaves?.length === tile.width && hashes.length === tile.width * hashLength
  if (!leaves || !isWhole) {
    problems.push({
      kind: 'file-changed',
      path: hashes.length === tile.width * hashLength ? entriesPath : tilePath,
      leaf: first,
    })
    return undefined
  }
  for (const [at, leaf] of leaves.entries()) {
    const there = hashes.subarray(at * hashLength, (at + 1) * hashLength)
    if (!equalHashes(leafHash(sha256, leaf), there)) problems.push({ kind: 'leaf-changed', leaf: first + at })
  }
  return hashes
}

/** Tiles of higher levels hold hashes of full tiles below them, and of nothing else. */
async function compareAbove(log: PublishedLog, below: readonly Uint8Array[], problems: LogProblem[]): Promise<void> {
  let hashes = below
  for (let level = 1; hashes.length > 0; level++) {
    const roots: Uint8Array[] = []
    for (let index = 0; index * tileWidth < hashes.length; index++) {
      const made = Buffer.concat(hashes.slice(index * tileWidth, (index + 1) * tileWidth))
      const tile = { level, index, width: made.length / hashLength }
      const path = pathOfTile(tile)
      const there = await log.read(path)
      const leaf = index * tileWidth ** (level + 1)
      if (!there) problems.push({ kind: 'file-missing', path, leaf })
      else if (!equalHashes(there, made)) problems.push({ kind: 'file-changed', path, leaf })
      if (tile.width === tileWidth) roots.push(rootOfComplete(sha256, made))
    }
    hashes = roots
  }
}
