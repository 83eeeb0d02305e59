// Evidence that is handed on: one record with its proof, or all of a period and a part of the organization, as one file that its signature and a
// public key are enough for.
import { fromBase64, toBase64 } from '#model/evidence/base64.ts'
import type { VersionFacts } from '#model/evidence/commitments.ts'
import { equalHashes } from '#model/evidence/hashing.ts'
import { formatNote, parseNote, signatureOn, type VerifierKey, type VerifyEd25519 } from '#model/evidence/note.ts'
import { isLeafIn, isSameChange, type Proven, unprovenIn, unprovenPart } from '#model/evidence/proven.ts'
import { signedCheckpoint } from '#model/evidence/signed.ts'
import type { ReadTransaction, Store } from '#store/store.ts'
import { permitter } from '../identity/authority.ts'
import { Progress } from '../progress.ts'
import { snapshotOf } from '../snapshot.ts'
import { originOf, signatureOf } from './checkpoints.ts'
import { Claims } from './pack-claims.ts'
import { dayLines, type ReadDays, type ReadPack } from './pack-days.ts'
import { type RequestLine, requestLines } from './pack-requests.ts'
import { type ReadSeen, type SeenLine, type ShowSeen, seenLines } from './pack-seen.ts'
import { type DayLine, TableCheck, type TableProblem, timeOf } from './pack-table.ts'
import { Part } from './part.ts'
import { proveEntries } from './proofs.ts'
import { sha256 } from './sha256.ts'
import { TreeReader } from './tree.ts'
import { cosignedCheckpoint } from './witnesses.ts'

export const proofFormat = 'cadastre-evidence-proof/1'
export const packFormat = 'cadastre-evidence-pack/1'
const packText = 'cadastre evidence pack'

/** A record and its proof, as JSON. */
export interface RecordProof {
  readonly format: typeof proofFormat
  readonly record: Proven
  /** The signed note. */
  readonly checkpoint: string
}

/** The proof of one entry, under the newest checkpoint; undefined where it is in none yet. */
export async function proofOf(store: Store, entry: number): Promise<RecordProof | undefined> {
  return store.read(async (tx) => {
    const newest = await cosignedCheckpoint(tx)
    const [record] = newest ? await proveEntries(tx, [entry], newest.size) : []
    return record && { format: proofFormat, record, checkpoint: newest!.note }
  })
}

// Packs --------------------------------------------------------------------------------------------------------------

export interface PackAsked {
  readonly from: number
  readonly until: number
  /** At it and below; undefined: everything. */
  readonly node?: string
}
/** The lines of a pack, each a value as JSON. */
export type PackLine =
  | {
      readonly kind: 'pack'
      readonly format: typeof packFormat
      readonly origin: string
      readonly node?: string
      /** It has what they may see, and nothing else; absent: all. */
      readonly seenBy?: string
    }
  | { readonly kind: 'period'; readonly from: string; readonly until: string; readonly madeAt: string }
  | { readonly kind: 'checkpoint'; readonly note: string }
  /** What happened in the period. */
  | { readonly kind: 'record'; readonly record: Proven }
  /** The change that made an object what it was at the end of the period: policies and exceptions. */
  | { readonly kind: 'in-force'; readonly objectId: string; readonly version: number; readonly record: Proven }
  /** A policy's documents as they were then. */
  | { readonly kind: 'policy'; readonly policyId: string; readonly version: number; readonly body: string }
  | RequestLine
  | DayLine
  | SeenLine
  | {
      readonly kind: 'end'
      readonly records: number
      readonly inForce: number
      /** Steps of change requests, and days; absent in packs from before there were any. */
      readonly steps?: number
      readonly days?: number
      /** Of one for whoever does not see all. */
      readonly changes?: number
      readonly states?: number
      readonly requests?: number
    }

const recordsPerStep = 100
/** Kinds of objects whose state at the end of the period is told. */
const kindsInForce = ['ipam-policy', 'exception'] as const

/** Of the server itself: what it sees is all. */
const readerOf =
  (store: Store): ReadPack =>
  (work) => {
    const progress = new Progress()
    return store.read((tx) => {
      progress.restart(tx.asOf)
      return work({ tx, now: tx.now, snapshot: () => snapshotOf(tx, { keep: true }), progress })
    })
  }
export const packLines = (store: Store, asked: PackAsked): AsyncGenerator<PackLine> => packOf(readerOf(store), asked)

/** Every line of a pack, but for its signature. What is not in the newest checkpoint yet is not in the pack. */
export async function* packOf(read: ReadPack, asked: PackAsked): AsyncGenerator<PackLine> {
  const { from, until, node } = asked
  const begun = await read(async ({ tx }) => ({
    checkpoint: await cosignedCheckpoint(tx),
    origin: originOf(tx),
    madeAt: tx.now,
    part: node === undefined ? undefined : await Part.of(tx, node, until),
  }))
  const { checkpoint, origin, part } = begun
  if (!checkpoint) return
  yield { kind: 'pack', format: packFormat, origin, ...(node === undefined ? {} : { node }) }
  yield { kind: 'period', from: timeOf(from), until: timeOf(until), madeAt: timeOf(begun.madeAt) }
  yield { kind: 'checkpoint', note: checkpoint.note }
  let [records, inForce] = [0, 0]
  for (let last = -1; ; ) {
    const step = await read(async ({ tx }) => {
      const numbers = await tx.evidence.entriesBetween({ from, until, after: last }, recordsPerStep)
      const proven = await proveEntries(tx, numbers, checkpoint.size)
      return { numbers, proven: part ? await part.recordsOf(tx, proven) : proven }
    })
    for (const record of step.proven) {
      records++
      yield { kind: 'record', record }
    }
    if (step.numbers.length < recordsPerStep) break
    last = step.numbers.at(-1)!
  }
  for (const kind of kindsInForce) {
    for (let after = ''; ; ) {
      const step = await read(async ({ tx }) => {
        const { lines, next } = await inForceAt(tx, { kind, at: until, after, size: checkpoint.size })
        const about =
          part &&
          new Set(
            await part.recordsOf(
              tx,
              lines.map(({ record }) => record),
            ),
          )
        const isMeant = (line: (typeof lines)[number]): boolean => {
          const facts = versionIn(line)
          return !about || about.has(line.record) || (facts !== undefined && part!.acts(facts, until))
        }
        return { lines: lines.filter(isMeant), next }
      })
      for (const line of step.lines) {
        inForce++
        yield line
        if (kind === 'ipam-policy') yield* await read(({ tx }) => documentsOf(tx, line))
      }
      if (step.next === undefined) break
      after = step.next
    }
  }
  let [steps, days] = [0, 0]
  for await (const line of requestLines(read, { from, until, size: checkpoint.size, part })) {
    if (line.kind === 'change-request') steps++
    yield line
  }
  const readDays: ReadDays = (work) => read((reading) => work(reading, () => true))
  for await (const line of dayLines(readDays, { from, until, node, origin, sign: signedBy })) {
    if (line.kind === 'compliance') days++
    yield line
  }
  yield { kind: 'end', records, inForce, steps, days }
}

/** The same for whoever may see a part of the organization and not all: as far as they see it. */
export async function* seenPackOf(
  read: ReadSeen,
  { from, until, node }: PackAsked & { readonly node: string },
  show: ShowSeen,
): AsyncGenerator<PackLine> {
  const { checkpoint, origin, madeAt, seenBy } = await read(async ({ tx, caller }) => ({
    checkpoint: await cosignedCheckpoint(tx),
    origin: originOf(tx),
    madeAt: tx.now,
    seenBy: caller.native!.name,
  }))
  if (!checkpoint) return
  yield { kind: 'pack', format: packFormat, origin, node, seenBy }
  yield { kind: 'period', from: timeOf(from), until: timeOf(until), madeAt: timeOf(madeAt) }
  yield { kind: 'checkpoint', note: checkpoint.note }
  const counts = { record: 0, change: 0, state: 0, request: 0, compliance: 0 }
  const count = (line: PackLine): PackLine => {
    if (Object.hasOwn(counts, line.kind)) counts[line.kind as keyof typeof counts]++
    return line
  }
  for await (const line of seenLines(read, { from, until, node, size: checkpoint.size }, show)) yield count(line)
  const readDays: ReadDays = (work) => read(async (context) => work(context, await permitter(context, 'finding:read')))
  for await (const line of dayLines(readDays, { from, until, node, origin, sign: signedBy })) yield count(line)
  const { record, change, state, request, compliance } = counts
  const seen = { changes: change, states: state, requests: request }
  yield { kind: 'end', records: record, inForce: 0, steps: 0, days: compliance, ...seen }
}

async function inForceAt(
  tx: ReadTransaction,
  {
    kind,
    at,
    after,
    size,
  }: { readonly kind: string; readonly at: number; readonly after: string; readonly size: number },
) {
  const found = await tx.evidence.versionsAt({ kind, at, after }, recordsPerStep)
  const lines: Extract<PackLine, { kind: 'in-force' }>[] = []
  const reader = new TreeReader(tx)
  for (const { objectId, version, entry } of found) {
    const [record] = entry === undefined ? [] : await proveEntries(tx, [entry], size, reader)
    if (record) lines.push({ kind: 'in-force', objectId, version, record })
  }
  return { lines, next: found.length < recordsPerStep ? undefined : found.at(-1)!.objectId }
}
async function documentsOf(
  tx: ReadTransaction,
  line: Extract<PackLine, { kind: 'in-force' }>,
): Promise<readonly PackLine[]> {
  const { objectId } = line
  const facts = versionIn(line)
  const inForce = facts && (JSON.parse(facts.body) as { readonly version?: number }).version
  const body = inForce === undefined ? undefined : await tx.evidence.policyText(objectId, inForce)
  return body === undefined ? [] : [{ kind: 'policy', policyId: objectId, version: inForce!, body }]
}

const versionIn = ({ objectId, version, record }: Extract<PackLine, { kind: 'in-force' }>): VersionFacts | undefined =>
  record.versions.find(({ facts }) => facts.objectId === objectId && facts.version === version)?.facts

/** What is signed of a pack: the hash of all of its lines. */
export const signedText = (origin: string, digest: Uint8Array): string =>
  `${packText}\n${origin}\n${toBase64(digest)}\n`
/** The last line of a pack, of the hash of all before it. */
export const sealPack = (store: Store, digest: Uint8Array): Promise<string> => sealOf(readerOf(store), digest)
export const sealOf = (read: ReadPack, digest: Uint8Array): Promise<string> =>
  read(async ({ tx }) => {
    const note = await signedBy(tx, signedText(originOf(tx), digest))
    return JSON.stringify({ kind: 'signature', note })
  })
/** A text as a note that the newest key of the log signs. */
async function signedBy(tx: ReadTransaction, text: string): Promise<string> {
  const [key] = await tx.evidence.keys()
  return formatNote({ text, signatures: [await signatureOf(tx, key!, text)] })
}

// Verifying ----------------------------------------------------------------------------------------------------------

export type PackProblem =
  | { readonly kind: 'unreadable'; readonly line: number }
  | { readonly kind: 'checkpoint-unsigned' | 'checkpoint-forged'; readonly line: number }
  | { readonly kind: 'record-unproven'; readonly line: number; readonly entry: number; readonly part: string }
  /** What stands beside records, and none that is proven bears it out. */
  | { readonly kind: 'unfounded'; readonly line: number; readonly of: string }
  | { readonly kind: 'signature-missing' | 'signature-forged' }
  | { readonly kind: 'incomplete'; readonly records: number; readonly found: number }
  | TableProblem
/** How many lines of a kind there are. */
export type Lines = Readonly<Record<string, number>>
export interface PackReport {
  readonly problems: readonly PackProblem[]
  readonly records: number
  /** Of a pack: lines that the log proves, and those that its signature alone stands for. */
  readonly proven?: Lines
  readonly signed?: Lines
  /** What does not comply was counted again from the findings in it. */
  readonly isRecounted?: boolean
}
interface Verifier {
  readonly keys: readonly VerifierKey[]
  readonly verify: VerifyEd25519
}

export function verifyProof({ record, checkpoint }: RecordProof, { keys, verify }: Verifier): PackReport {
  const signed = signedCheckpoint(checkpoint, { sha256, keys, verify })
  if (typeof signed === 'string') return { problems: [{ kind: `checkpoint-${signed}`, line: 1 }], records: 1 }
  const part = unprovenIn(sha256, record, signed)
  return {
    problems: part ? [{ kind: 'record-unproven', line: 1, entry: record.entry.n, part }] : [],
    records: 1,
  }
}

/** @param text the whole file */
export function verifyPack(text: string, verifier: Verifier): PackReport {
  const problems: PackProblem[] = []
  const lines = text.split('\n')
  // A file that ends with anything but a line feed is cut, or not as it was written.
  const end = lines.length - 2
  if (lines.at(-1) !== '' || end < 0) return { problems: [{ kind: 'signature-missing' }], records: 0 }
  const signedPart = lines
    .slice(0, end)
    .map((line) => `${line}\n`)
    .join('')
  problems.push(...problemsOfSeal(lines[end]!, sha256(new TextEncoder().encode(signedPart)), verifier))
  let tree: ReturnType<typeof signedCheckpoint> | undefined
  const claims = new Claims()
  const counts = { record: 0, 'in-force': 0, 'change-request': 0, compliance: 0, change: 0, state: 0, request: 0 }
  const table = new TableCheck(verifier.keys, verifier.verify)
  const kinds = new Map<string, number>()
  let told = -1
  let change: Extract<PackLine, { kind: 'change' }> | undefined
  for (const [at, text] of lines.slice(0, end).entries()) {
    const line = at + 1
    const read = parseLine(text)
    if (!read) {
      problems.push({ kind: 'unreadable', line })
      continue
    }
    kinds.set(read.kind, (kinds.get(read.kind) ?? 0) + 1)
    problems.push(...problemsOfTable(table, read, line, text))
    if (Object.hasOwn(counts, read.kind)) counts[read.kind as keyof typeof counts]++
    if (read.kind === 'checkpoint') {
      tree = signedCheckpoint(read.note, { sha256, ...verifier })
      if (typeof tree === 'string') problems.push({ kind: `checkpoint-${tree}`, line })
    } else if (read.kind === 'end') told = toldIn(read)
    else {
      const part = 'record' in read && (typeof tree === 'object' ? unprovenPart(sha256, read.record, tree) : 'entry')
      if ('record' in read && part) problems.push({ kind: 'record-unproven', line, entry: read.record.entry.n, part })
      else if (read.kind === 'change' && !(typeof tree === 'object' && isLeafIn(sha256, read.leaf, tree)))
        problems.push({ kind: 'record-unproven', line, entry: Number(read.change.changeId), part: 'leaf' })
      else if (read.kind === 'record' && change && !isSameChange(change, read.record))
        problems.push({ kind: 'unfounded', line: line - 1, of: 'change' })
      else if (!isBorneOut(claims, read)) problems.push({ kind: 'unfounded', line, of: read.kind })
    }
    change = read.kind === 'change' ? read : undefined
  }
  const found = Object.values(counts).reduce((sum, count) => sum + count)
  if (told !== found) problems.push({ kind: 'incomplete', records: told, found })
  problems.push(...table.end())
  const some = (names: readonly string[]): Lines =>
    Object.fromEntries(names.flatMap((name) => (kinds.has(name) ? [[name, kinds.get(name)!]] : [])))
  const [proven, signed] = [some(provenKinds), some(signedKinds)]
  const records = Math.max(counts.record, counts.change)
  return { problems, records, proven, signed, isRecounted: table.isRecounted }
}
/** What the log bears out, by itself or by the hashes in it; and what nothing in it says. */
const provenKinds = ['record', 'in-force', 'policy', 'change-request', 'content'] as const
const signedKinds = ['change', 'state', 'request', 'finding', 'compliance'] as const

const toldIn = (end: Extract<PackLine, { kind: 'end' }>): number => {
  const { records, inForce, steps = 0, days = 0, changes = 0, states = 0, requests = 0 } = end
  return records + inForce + steps + days + changes + states + requests
}
function problemsOfTable(table: TableCheck, read: PackLine, line: number, text: string): readonly TableProblem[] {
  switch (read.kind) {
    case 'pack':
      table.isOf({ origin: read.origin, node: read.node })
      return []
    case 'period':
      table.isOf({ from: read.from, until: read.until })
      return []
    case 'days':
      return table.days(read, line)
    case 'finding':
      return table.finding(read, line)
    case 'compliance':
      return table.compliance(read, line, text)
    case 'table':
      return table.table(read, line)
    default:
      return []
  }
}
/** Whether what a line says beside its record, or of others', is in a record that is proven. */
function isBorneOut(claims: Claims, line: PackLine): boolean {
  switch (line.kind) {
    case 'in-force':
      return claims.take(line.objectId, line.version, line.record)
    case 'change-request':
      return claims.take(line.changeRequestId, line.version, line.record)
    case 'policy':
      return claims.isPolicy(line)
    case 'content':
      return claims.isContent(line)
    default:
      // It claims nothing, or nothing that a record could bear out.
      return true
  }
}
function problemsOfSeal(line: string, digest: Uint8Array, { keys, verify }: Verifier): readonly PackProblem[] {
  const seal = parseLine(line) as { readonly kind: string; readonly note: string } | undefined
  const note = seal?.kind === 'signature' ? parseNote(seal.note) : undefined
  if (!note) return [{ kind: 'signature-missing' }]
  const [head, , encoded] = note.text.split('\n')
  const hash = fromBase64(encoded ?? '')
  const isOfThis = head === packText && hash !== undefined && equalHashes(hash, digest)
  const states = keys.map((key) => signatureOn(sha256, verify, note, key).status)
  const isSigned = states.includes('signed') && !states.includes('forged')
  return isOfThis && isSigned ? [] : [{ kind: 'signature-forged' }]
}
/** A line that is one of ours, as far as it is looked at. */
function parseLine(text: string): PackLine | undefined {
  let line: Partial<Record<string, unknown>> | undefined
  try {
    line = JSON.parse(text)
  } catch {
    // What is no JSON is told as a line that cannot be read.
    return undefined
  }
  const has = {
    record: () => typeof (line?.record as Partial<Proven> | undefined)?.entry?.n === 'number',
    leaf: () => typeof line?.leaf === 'object' && typeof line.change === 'object' && !!line.leaf && !!line.change,
    note: () => typeof line?.note === 'string',
  }
  const needed = {
    record: has.record,
    change: has.leaf,
    'in-force': has.record,
    'change-request': has.record,
    checkpoint: has.note,
    signature: has.note,
    table: has.note,
  }
  const isOurs = needed[line?.kind as keyof typeof needed] ?? (() => typeof line?.kind === 'string')
  return isOurs() ? (line as unknown as PackLine) : undefined
}
