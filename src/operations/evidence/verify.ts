// Whether the record is what its leaves say: every row that is on record is read and hashed anew, and compared with the tree, and the tree with
// every checkpoint that was signed. What differs is told with its place.
import { parseCheckpoint } from '#model/evidence/checkpoint.ts'
import { equalHashes, hashLength, leafHash } from '#model/evidence/hashing.ts'
import { Frontier } from '#model/evidence/merkle.ts'
import { parseNote, type Signed, signatureOn, type VerifierKey, type VerifyEd25519 } from '#model/evidence/note.ts'
import { rootOfComplete, tileWidth } from '#model/evidence/tiles.ts'
import type { ReadTransaction, Store } from '#store/store.ts'
import type { Opening, StoredCheckpoint, StoredTile } from '#store/tables/evidence.ts'
import { sha256 } from './sha256.ts'
import { TreeReader } from './tree.ts'

/** What is not as it was when it was written. Leaves are counted from 0, entries and decisions by their numbers. */
export type EvidenceProblem =
  /** What is on record of an entry: itself, who asked, or what an object was after it. */
  | {
      readonly kind: 'record-changed'
      readonly entry: number
      readonly leaf: number
      readonly part: 'entry' | 'origin'
    }
  | { readonly kind: 'record-missing'; readonly leaf: number; readonly afterEntry: number }
  | { readonly kind: 'record-added'; readonly entry: number }
  | { readonly kind: 'decision-changed'; readonly entry: number; readonly decision: number }
  | { readonly kind: 'decision-missing'; readonly entry: number; readonly count: number }
  /** An object was something that no entry says, or until when none says. */
  | { readonly kind: 'history-unrecorded'; readonly object: string; readonly version: number }
  /** A role or a token is in force that nobody has given, or otherwise than it was given. */
  | { readonly kind: 'right-unrecorded'; readonly object: string }
  | { readonly kind: 'tile-changed'; readonly level: number; readonly tile: number }
  /** The tree is not the one that was signed: what differs is among the leaves from one to before another. */
  | { readonly kind: 'tree-changed'; readonly checkpoint: number; readonly from: number; readonly to: number }
  /** The checkpoint speaks of more leaves than there are. */
  | { readonly kind: 'tail-missing'; readonly checkpoint: number; readonly size: number; readonly leaves: number }
  | { readonly kind: 'checkpoint-changed'; readonly checkpoint: number }

export interface EvidenceReport {
  readonly problems: readonly EvidenceProblem[]
  /** Of more, only the first are told. */
  readonly isCut: boolean
  readonly leaves: number
  readonly checkpoints: number
  /** Entries of which nothing can be said any more but that they were there: who asked was erased. */
  readonly erased: number
  /** Entries that are not in the tree yet. */
  readonly waiting: number
}

/** Of a broken record everything could be a problem. */
const problemsMax = 1_000
const checkpointsPerStep = 500
const versionsPerStep = 1_000

export interface VerifyOptions {
  readonly verify: VerifyEd25519
  /** Keys whose checkpoints are believed; undefined: those that the database has. */
  readonly keys?: readonly VerifierKey[]
}

/** Goes through all of the record. */
export async function verifyRecord(store: Store, options: VerifyOptions): Promise<EvidenceReport> {
  const walk = new Walk(options)
  for (let tile = 0; await store.read((tx) => walk.step(tx, tile)); tile++);
  await store.read((tx) => walk.end(tx))
  while (await store.read((tx) => walk.history(tx)));
  return walk.report()
}

class Walk {
  readonly #options: VerifyOptions
  readonly #problems: EvidenceProblem[] = []
  readonly #frontier = new Frontier(sha256)
  /** By level above the leaves, hashes of full tiles that are to be in a tile there. */
  readonly #above: Uint8Array[][] = []
  #checkpoints: readonly StoredCheckpoint[] = []
  #lastCheckpoint = -1
  #checkpoint = 0
  #checkpointCount = 0
  /** Leaves up to here are those that were signed. */
  #good = 0
  #entry = -1
  #erased = 0
  #waiting = 0
  #version = { objectId: '', version: 0 }

  constructor(options: VerifyOptions) {
    this.#options = options
  }
  report(): EvidenceReport {
    return {
      problems: this.#problems.slice(0, problemsMax),
      isCut: this.#problems.length > problemsMax,
      leaves: this.#frontier.size,
      checkpoints: this.#checkpointCount,
      erased: this.#erased,
      waiting: this.#waiting,
    }
  }

  /** One tile of leaves, and the entries that they are of; whether there may be more. */
  async step(tx: ReadTransaction, n: number): Promise<boolean> {
    if (this.#problems.length > problemsMax) return false
    const tile = await tx.evidence.tile(0, n)
    if (!tile) return false
    const next = await tx.evidence.tile(0, n + 1)
    const { entry: lastEntry } = await tx.evidence.log()
    const until = next ? next.firstEntry! : lastEntry + 1
    const openings = await openingsBetween(tx, this.#entry, until)
    this.#compare(tile, openings)
    this.#entry = until - 1
    await this.#decisions(tx, openings)
    await this.#addLeaves(tx, tile)
    return next !== undefined
  }

  /** Finds the entry of each leaf. Rows are in the order of their numbers, which their leaves hold: none can stand for another. */
  #compare({ n, hashes }: StoredTile, openings: readonly Opening[]): void {
    const first = n * tileWidth
    const made = openings.map((opening) => leafHash(sha256, commitmentBytes(opening)))
    const places = new Map<string, number>()
    for (let at = 0; at * hashLength < hashes.length; at++) places.set(keyOf(hashAt(hashes, at)), at)
    const found = made.map((hash) => places.get(keyOf(hash)))
    const matched = new Set(found)
    /** Leaves between two that are found, which are of the entries between theirs. */
    let [leaf, from] = [0, 0]
    const settleUpTo = (leafEnd: number, to: number): void => {
      for (let at = from; at < to; at++) {
        const opening = openings[at]!
        const { n: entry } = opening.entry
        if (leaf >= leafEnd) this.#problems.push({ kind: 'record-added', entry })
        else this.#problems.push({ kind: 'record-changed', entry, leaf: first + leaf++, part: changedPart(opening) })
      }
      const afterEntry = openings[to - 1]?.entry.n ?? this.#entry
      for (; leaf < leafEnd; leaf++) this.#problems.push({ kind: 'record-missing', leaf: first + leaf, afterEntry })
    }
    for (const [at, place] of found.entries()) {
      if (place === undefined || place < leaf || !matched.has(place)) continue
      settleUpTo(place, at)
      ;[leaf, from] = [place + 1, at + 1]
    }
    settleUpTo(hashes.length / hashLength, openings.length)
    this.#erased += openings.filter(({ origin }) => origin.salt === undefined).length
  }

  async #decisions(tx: ReadTransaction, openings: readonly Opening[]): Promise<void> {
    const { beforeN } = await tx.retention.forgotten()
    const broken = new Set(this.#problems.map((problem) => ('entry' in problem ? problem.entry : undefined)))
    for (const { entry, decisions } of openings) {
      // What an entry that was changed says of its decisions is nothing to go by.
      if (broken.has(entry.n)) continue
      const decided: readonly string[] = entry.decided?.match(/.{64}/g) ?? []
      for (const { commitment, facts } of decisions) {
        if (decided.includes(commitment)) continue
        this.#problems.push({ kind: 'decision-changed', entry: entry.n, decision: facts.n })
      }
      const count = decided.length - decisions.length
      if (count > 0 && entry.n >= beforeN) this.#problems.push({ kind: 'decision-missing', entry: entry.n, count })
    }
  }

  async #addLeaves(tx: ReadTransaction, { n, hashes }: StoredTile): Promise<void> {
    for (let at = 0; at * hashLength < hashes.length; at++) {
      this.#frontier.add(hashAt(hashes, at))
      await this.#checkCheckpoints(tx)
    }
    if (hashes.length === tileWidth * hashLength) await this.#addFull(tx, 1, rootOfComplete(sha256, hashes), n)
  }
  /** A full tile is a hash of the one above. */
  async #addFull(tx: ReadTransaction, level: number, hash: Uint8Array, place: number): Promise<void> {
    const tile = Math.floor(place / tileWidth)
    const hashes = (await tx.evidence.tile(level, tile))?.hashes
    const at = place % tileWidth
    const above = this.#above[level] ?? []
    above.push(hash)
    this.#above[level] = above
    if (!hashes || !equalHashes(hashAt(hashes, at), hash)) this.#problems.push({ kind: 'tile-changed', level, tile })
    if (at < tileWidth - 1) return
    this.#above[level] = []
    await this.#addFull(tx, level + 1, rootOfComplete(sha256, Buffer.concat(above)), tile)
  }

  async #checkCheckpoints(tx: ReadTransaction): Promise<void> {
    for (;;) {
      const checkpoint = await this.#nextCheckpoint(tx)
      if (!checkpoint || checkpoint.size > this.#frontier.size) return
      this.#checkpoint++
      await this.#checkCheckpoint(tx, checkpoint)
    }
  }
  async #checkCheckpoint(tx: ReadTransaction, { n, size, note }: StoredCheckpoint): Promise<void> {
    const keys = await this.#keys(tx)
    const parsed = parseNote(note)
    const signed = parsed && parseCheckpoint(parsed.text)
    const states: Signed['status'][] = parsed
      ? keys.map((key) => signatureOn(sha256, this.#options.verify, parsed, key).status)
      : []
    const isSigned = states.includes('signed') && !states.includes('forged')
    if (signed?.size !== size || !isSigned) {
      this.#problems.push({ kind: 'checkpoint-changed', checkpoint: n })
      return
    }
    // Checkpoints grow; one that does not is compared with what the tree was then.
    const isLate = size < this.#frontier.size
    const root = isLate ? await new TreeReader(tx).root(size) : this.#frontier.root()
    if (!equalHashes(signed.root, root)) {
      this.#problems.push({ kind: 'tree-changed', checkpoint: n, from: Math.min(this.#good, size), to: size })
    } else if (!isLate) this.#good = size
  }
  async #keys(tx: ReadTransaction): Promise<readonly VerifierKey[]> {
    if (this.#options.keys) return this.#options.keys
    const keys = await tx.evidence.keys()
    return keys.map(({ name, publicKey }) => ({ name, publicKey, type: 1 }))
  }
  async #nextCheckpoint(tx: ReadTransaction): Promise<StoredCheckpoint | undefined> {
    if (this.#checkpoint >= this.#checkpoints.length) {
      this.#lastCheckpoint = this.#checkpoints.at(-1)?.n ?? this.#lastCheckpoint
      this.#checkpoints = await tx.evidence.checkpointsAfter(this.#lastCheckpoint, checkpointsPerStep)
      this.#checkpointCount += this.#checkpoints.length
      this.#checkpoint = 0
    }
    return this.#checkpoints[this.#checkpoint]
  }

  async end(tx: ReadTransaction): Promise<void> {
    if (this.#problems.length > problemsMax) return
    await this.#checkCheckpoints(tx)
    const leaves = this.#frontier.size
    for (;;) {
      const checkpoint = await this.#nextCheckpoint(tx)
      if (!checkpoint) break
      this.#checkpoint++
      this.#problems.push({ kind: 'tail-missing', checkpoint: checkpoint.n, size: checkpoint.size, leaves })
    }
    this.#waiting = await tx.evidence.countEntries(this.#entry + 1, Number.MAX_SAFE_INTEGER)
  }

  /**
   * From the other side: some versions of objects, each of which an entry has made; whether there may be more. Where entries are not as they
   * were, what they say of objects is nothing to go by.
   */
  async history(tx: ReadTransaction): Promise<boolean> {
    if (this.#problems.some(({ kind }) => kind !== 'history-unrecorded')) return false
    const { found, next } = await tx.evidence.unrecordedVersions(this.#version, versionsPerStep)
    for (const { objectId: object, version } of found) {
      this.#problems.push({ kind: 'history-unrecorded', object, version })
    }
    if (next) this.#version = next
    else {
      const rights = await tx.evidence.unrecordedRights(problemsMax)
      this.#problems.push(...rights.map((object) => ({ kind: 'right-unrecorded', object }) as const))
    }
    return next !== undefined && this.#problems.length <= problemsMax
  }
}

/** Entries of one tile: as many as leaves, unless somebody has added some. */
const entriesPerStep = 100
const entriesMax = 10 * tileWidth
async function openingsBetween(tx: ReadTransaction, after: number, until: number): Promise<readonly Opening[]> {
  const openings: Opening[] = []
  for (let last = after; openings.length < entriesMax; ) {
    const numbers = (await tx.evidence.entriesAfter(last, entriesPerStep)).filter((n) => n < until)
    openings.push(...(await tx.evidence.openings(numbers)))
    if (numbers.length < entriesPerStep) break
    last = numbers.at(-1)!
    await tx.nextTurn()
  }
  return openings
}

const commitmentBytes = (opening: Opening): Uint8Array => Buffer.from(opening.commitment, 'hex')
const hashAt = (hashes: Uint8Array, at: number): Uint8Array => hashes.subarray(at * hashLength, (at + 1) * hashLength)
const keyOf = (hash: Uint8Array): string => Buffer.from(hash).toString('latin1')
const changedPart = ({ origin }: Opening): 'entry' | 'origin' =>
  origin.written !== undefined && origin.written !== origin.commitment ? 'origin' : 'entry'
