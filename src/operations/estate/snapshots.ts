// Snapshots of sources: what a source says is there at a moment, taken in parts. Nobody sees anything of one before its end; then all
// of it holds at once, and what was there before and is not in it is missing.
import { hash } from 'node:crypto'
import { formatCidr } from '#model/cidr.ts'
import { identityOf, type Observation } from '#model/observation.ts'
import { isAccountId } from '#model/organization.ts'
import { pathOf } from '#model/policy/snapshot.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import { everywhere } from '#model/roles.ts'
import type { Transaction } from '#store/store.ts'
import type { ObservedBody, StoredObservation } from '#store/tables/observations.ts'
import type { KeptProblem, KeptUnlisted, Source, StoredSnapshot } from '#store/tables/sources.ts'
import { numberIn, type Page, type PageAsked, readPage } from '../listing.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { accountsCalledEach } from '../organization/called.ts'
import { bytesOf, forgetFormer, hasTooMuchFormer, refuseTooHeavy, weigh } from './source-bytes.ts'
import { findSource, observationsOfSourceMax } from './sources.ts'

/** How much is done at once: each is a transaction, which others wait for. */
export interface StepSize {
  /** Observations that are compared and written. */
  readonly observations: number
  /** Rows that are looked through for what is missing. */
  readonly looked: number
  /** Rows of each kind that are taken back. */
  readonly takenBack: number
}
export const stepSizes = {
  alone: { observations: 200, looked: 1_000, takenBack: 300 },
  /** While others ask for something: a few milliseconds. */
  besideOthers: { observations: 32, looked: 200, takenBack: 100 },
} as const satisfies Record<string, StepSize>
/** An open snapshot of which nothing came for so long is taken back by the next one, or by a job. */
export const silentMsMax = 300_000
/** Of each source; older ones are forgotten with what they said. */
export const snapshotsKept = 1_000
/** What is gone is forgotten after so many snapshots more. */
export const goneKept = 100
/** Of one snapshot that are kept and shown; the others are counted. */
export const problemsKept = 100
export const unlistedKept = 100

// Beginning ----------------------------------------------------------------------------------------------------------

export interface SnapshotSpec {
  /** When the listing began, in milliseconds since 1970. */
  readonly takenAt: number
  readonly collector: string
}
/** A collector's clock may be ahead by as much. */
const aheadMsMax = 300_000

/**
 * Begins a snapshot. One at a time is taken of a source; where the last one has gone silent, its number is answered as `silent`, and
 * it is to be taken back first; where the source has too much of what it said before, some of that was forgotten, and there may be more.
 */
export async function beginSnapshot(
  context: WriteContext,
  sourceId: string,
  { takenAt, collector }: SnapshotSpec,
): Promise<
  { readonly sourceId: string } & (
    | { readonly begun: number }
    | { readonly silent: number }
    | { readonly isHeavy: true }
  )
> {
  const { tx, now, caller } = context
  const source = await findSource(context, sourceId)
  if (source.taking !== undefined) {
    const open = (await tx.sources.findSnapshot(source.id, source.taking))!
    if (open.state !== 'open' || now - open.touchedAt > silentMsMax)
      return { sourceId: source.id, silent: source.taking }
    const problem = { why: 'being-taken', snapshot: source.taking } as const
    refuse({ code: 'IncorrectState', what: 'source', id: source.id, problem })
  }
  refuseMoment(source, takenAt, now)
  if (hasTooMuchFormer(source) && (await forgetFormer(tx, source, source.snapshot, stepSizes.alone.takenBack)) > 0) {
    context.changed(source.id)
    return { sourceId: source.id, isHeavy: true }
  }
  const number = Math.max(await tx.sources.newestSnapshot(source.id), source.snapshot) + 1
  await tx.sources.insertSnapshot({
    sourceId: source.id,
    number,
    state: 'open',
    collector,
    principal: caller.arn,
    makers: caller.native?.makers ?? [],
    subject: caller.native?.subject,
    takenAt,
    begunAt: now,
    beganWith: source.observed,
    nextNumber: source.nextNumber,
    touchedAt: now,
    ...{ bytes: 0, formerBytes: 0 },
    ...{ lines: 0, added: 0, changed: 0, missing: 0, gone: 0 },
    ...{ problems: [], problemCount: 0, unlisted: [], unlistedCount: 0 },
  })
  await tx.sources.change(source.id, { taking: number })
  context.changed(source.id)
  return { sourceId: source.id, begun: number }
}

/** Of two snapshots the later one tells what is there: one that comes twice, or late, would take what is there for gone. */
function refuseMoment(source: Source, takenAt: number, now: number): void {
  const at = new Date(takenAt).toISOString()
  if (takenAt > now + aheadMsMax) refuseValue('snapshot.takenAt', at, { why: 'in-the-future' })
  if (takenAt <= source.takenAt) {
    const known = new Date(source.takenAt).toISOString()
    refuseValue('snapshot.takenAt', at, { why: 'later-expected', snapshot: source.snapshot, at: known })
  }
}

/** The source, as long as this snapshot of it is being taken. */
async function openSource(context: ReadContext, sourceId: string, number: number): Promise<Source> {
  const source = await findSource(context, sourceId)
  const open = source.taking === number ? await context.tx.sources.findSnapshot(source.id, number) : undefined
  if (open?.state === 'open') return source
  return refuse({
    code: 'IncorrectState',
    what: 'source',
    id: source.id,
    problem: { why: 'snapshot-over', snapshot: number },
  })
}

// Parts --------------------------------------------------------------------------------------------------------------

/** An observation, and the line that it came with. */
export interface Reported {
  readonly line: number
  readonly observation: Observation
}
export interface Part {
  readonly sourceId: string
  readonly number: number
  readonly reported: readonly Reported[]
  /** Whether an observation with this number came in an earlier part. */
  isSeen(number: number): boolean
}
export interface PartOutcome {
  /** The numbers of what was reported and is not wrong. */
  readonly seen: readonly number[]
  readonly added: number
  readonly changed: number
  readonly problems: readonly KeptProblem[]
}

/** What a part brings; undefined where something of it is new or has changed, so that it has to be written. */
export async function comparePart(context: ReadContext, part: Part): Promise<PartOutcome | undefined> {
  const source = await openSource(context, part.sourceId, part.number)
  const { same, added, changed, problems } = await compare(context, source, part)
  if (added.length > 0 || changed.length > 0) return undefined
  return { seen: same, added: 0, changed: 0, problems }
}

/** Writes what is new or has changed of a part. */
export async function writePart(context: WriteContext, part: Part): Promise<PartOutcome> {
  const { tx, now } = context
  const { sourceId, number: snapshot } = part
  const source = await openSource(context, sourceId, snapshot)
  const { same, added, changed, problems } = await compare(context, source, part)
  const [nextNumber, observed] = [source.nextNumber + added.length, source.observed + added.length]
  if (observed > observationsOfSourceMax) {
    const countedFor = { per: 'source', source: source.name } as const
    refuse({
      code: 'LimitExceeded',
      what: { of: 'observations' },
      limit: observationsOfSourceMax,
      used: observed,
      countedFor,
    })
  }
  const formerBytes = sumOf(changed.map(({ stored }) => stored))
  const bytes = sumOf([...added, ...changed.map(({ row }) => row)]) - formerBytes
  await refuseTooHeavy(context, source, { bytes, formerBytes })
  await tx.observations.end(
    source.id,
    changed.map(({ stored }) => stored.number),
    snapshot,
  )
  const common = { sourceId: source.id, sinceSnapshot: snapshot, missing: 0 as const }
  for (const { stored, row } of changed)
    await tx.observations.insert({ ...row, ...common, number: stored.number, firstSeenAt: stored.firstSeenAt })
  for (const [index, row] of added.entries())
    await tx.observations.insert({ ...row, ...common, number: source.nextNumber + index, firstSeenAt: now })
  if (added.length > 0) await tx.sources.change(source.id, { nextNumber, observed })
  await weigh(context, source, { number: snapshot, bytes, formerBytes })
  context.changed(source.id)
  return {
    seen: [
      ...same,
      ...changed.map(({ stored }) => stored.number),
      ...added.map((_, index) => source.nextNumber + index),
    ],
    added: added.length,
    changed: changed.length,
    problems,
  }
}

/** Says that a snapshot is still being taken, of which nothing has had to be written for a while. */
export async function touchSnapshot(context: WriteContext, sourceId: string, number: number): Promise<void> {
  const source = await openSource(context, sourceId, number)
  await context.tx.sources.changeSnapshot(source.id, number, { touchedAt: context.now })
  context.changed(source.id)
}

type Row = Omit<StoredObservation, 'sourceId' | 'number' | 'sinceSnapshot' | 'missing' | 'firstSeenAt'>
interface Compared {
  /** The numbers of what is as it was. */
  readonly same: readonly number[]
  readonly added: readonly Row[]
  readonly changed: readonly { readonly stored: StoredObservation; readonly row: Row }[]
  readonly problems: readonly KeptProblem[]
}

async function compare(context: ReadContext, source: Source, part: Part): Promise<Compared> {
  const { reported, isSeen } = part
  const rows = reported.map(({ observation }) => rowOf(observation))
  const stored = new Map(
    (
      await context.tx.observations.newest(
        source.id,
        rows.map(({ identity }) => identity),
      )
    ).map((each) => [hex(each.identity), each]),
  )
  const problemWith = await accountChecker(context, source, reported)
  const same: number[] = []
  const added: Row[] = []
  const changed: { readonly stored: StoredObservation; readonly row: Row }[] = []
  const problems: KeptProblem[] = []
  const met = new Set<string>()
  for (const [index, row] of rows.entries()) {
    const { line, observation } = reported[index]!
    const identity = hex(row.identity)
    const known = stored.get(identity)
    const wrong =
      problemWith(observation) ??
      (met.has(identity) || (known && isSeen(known.number)) ? repeated(observation) : undefined)
    if (wrong) {
      problems.push({ line, ...wrong })
      continue
    }
    met.add(identity)
    if (!known) added.push(row)
    else if (known.missing === 0 && isSame(known, row)) same.push(known.number)
    else changed.push({ stored: known, row })
  }
  return { same, added, changed, problems }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

const repeated = ({ cidr }: Observation): Omit<KeptProblem, 'line'> => ({
  field: 'cidr',
  value: formatCidr(cidr),
  problem: { why: 'on-earlier-line' },
})

const identityBytes = 16
function rowOf(observation: Observation): Row {
  const { kind, cidr, space, id, account, locale, ...body } = observation
  const named = JSON.stringify([...identityOf(observation).slice(0, 3), formatCidr(cidr)])
  const identity = Buffer.from(hash('sha256', named).slice(0, 2 * identityBytes), 'hex')
  const row = { identity, kind, cidr, space, id, account, locale, body }
  return { ...row, bytes: bytesOf(row) }
}
const sumOf = (rows: readonly Pick<StoredObservation, 'bytes'>[]): number =>
  rows.reduce((sum, { bytes }) => sum + bytes, 0)

const isSame = (stored: StoredObservation, row: Row): boolean =>
  stored.account === row.account &&
  stored.locale === row.locale &&
  stored.id === row.id &&
  JSON.stringify(membersOf(stored.body)) === JSON.stringify(membersOf(row.body))
/** In one order, whatever the order in which the line had them. */
const membersOf = (body: ObservedBody): readonly (readonly [string, unknown])[] =>
  Object.entries(body)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))

/**
 * A source speaks of the accounts at its node and below, and where that is the top, of accounts that nobody has registered yet.
 * Which accounts are elsewhere is told to nobody by this: what is elsewhere and what is nowhere is one answer.
 */
async function accountChecker(
  context: ReadContext,
  source: Source,
  reported: readonly Reported[],
): Promise<(observation: Observation) => Omit<KeptProblem, 'line'> | undefined> {
  const snapshot = await context.snapshot()
  const { node } = source
  const isTop = node === everywhere || snapshot.nodes.get(node)?.kind === 'root'
  const isMine = (number: string): boolean => pathOf(snapshot, number).includes(node)
  const mine = new Set<string>()
  if (!isTop) {
    const called = [...new Set(reported.map(({ observation }) => observation.account))].filter((one) => one !== '')
    for (const number of called.filter(isAccountId)) if (isMine(number)) mine.add(number)
    // What others call theirs counts for nothing: they could stop the source by it, and would be told of.
    const others = await accountsCalledEach(
      context.tx,
      called.filter((one) => !isAccountId(one)),
      isMine,
    )
    for (const [one, numbers] of others) if (numbers.length === 1) mine.add(one)
  }
  return ({ account }) => {
    if (isTop || mine.has(account)) return undefined
    const problem = { why: 'account-elsewhere', node } as const
    return { field: 'account', value: account, problem }
  }
}

// Ending -------------------------------------------------------------------------------------------------------------

type Place = Pick<KeptUnlisted, 'account' | 'locale'>
/** Whether an observation is in a part that was not listed. Asked of a million of them, where there may be thousands of parts. */
export function isUnlisted(unlisted: readonly Place[]): (stored: Place) => boolean {
  const keyOf = (account: string, locale: string): string => `${account}\n${locale}`
  const parts = new Set(unlisted.map(({ account, locale }) => keyOf(account, locale)))
  return ({ account, locale }) =>
    parts.has(keyOf(account, locale)) ||
    parts.has(keyOf(account, '')) ||
    parts.has(keyOf('', locale)) ||
    parts.has(keyOf('', ''))
}

export interface Missing {
  readonly sourceId: string
  readonly number: number
  isSeen(number: number): boolean
  isUnlisted(stored: StoredObservation): boolean
}
export interface MissingFound {
  /** Behind which to go on; undefined where all were looked at. */
  readonly next: number | undefined
  readonly missing: readonly StoredObservation[]
}

/** Looks through a part of what was there for what is not in the snapshot. */
export async function findMissing(
  context: ReadContext,
  after: number,
  { sourceId, number, isSeen, isUnlisted }: Missing,
  { looked: limit }: StepSize,
): Promise<MissingFound> {
  const source = await openSource(context, sourceId, number)
  const rows = await context.tx.observations.newestAfter(source.id, after, limit)
  const missing = rows.filter(
    (row) => !isSeen(row.number) && row.missing < 2 && row.sinceSnapshot < number && !isUnlisted(row),
  )
  return { next: rows.length < limit ? undefined : rows.at(-1)!.number, missing }
}

/** Says of observations that they are missing in the snapshot, once more. */
export async function markMissing(
  context: WriteContext,
  sourceId: string,
  number: number,
  missing: readonly StoredObservation[],
): Promise<void> {
  const source = await openSource(context, sourceId, number)
  await context.tx.observations.end(
    source.id,
    missing.map((row) => row.number),
    number,
  )
  for (const row of missing) {
    const { untilSnapshot: _, ...kept } = row
    await context.tx.observations.insert({ ...kept, sinceSnapshot: number, missing: row.missing === 0 ? 1 : 2 })
  }
  await weigh(context, source, { number, bytes: 0, formerBytes: sumOf(missing) })
  context.changed(source.id)
}

export interface Counts {
  readonly lines: number
  readonly added: number
  readonly changed: number
  readonly missing: number
  readonly gone: number
  readonly problems: readonly KeptProblem[]
  readonly problemCount: number
  readonly unlisted: readonly KeptUnlisted[]
  readonly unlistedCount: number
}

/** From now on the snapshot holds. */
export async function endSnapshot(
  context: WriteContext,
  sourceId: string,
  number: number,
  counts: Counts,
): Promise<StoredSnapshot> {
  const { tx, now } = context
  const source = await openSource(context, sourceId, number)
  const state = counts.unlistedCount > 0 || counts.problemCount > 0 ? 'partial' : 'complete'
  await tx.sources.changeSnapshot(source.id, number, { ...counts, state, endedAt: now, touchedAt: now })
  const { takenAt } = (await tx.sources.findSnapshot(source.id, number))!
  // What was looked through of the snapshot before is to be looked through anew.
  const anew = { adoptedAfter: undefined, foundAfter: undefined }
  await tx.sources.change(source.id, { snapshot: number, taking: undefined, takenAt, ...anew })
  context.changed(source.id)
  return (await tx.sources.findSnapshot(source.id, number))!
}

/**
 * Takes back a part of what a snapshot brought. From the first part on nothing is added to it any more. Answers whether nothing of it
 * is left.
 */
export async function takeBackSnapshot(
  context: WriteContext,
  sourceId: string,
  number: number,
  size: StepSize,
  counts: Partial<Counts> = {},
): Promise<boolean> {
  const { tx } = context
  const source = await findSource(context, sourceId)
  if (source.taking !== number) return true
  context.changed(source.id)
  return takeBackPart(tx, source, counts, size.takenBack)
}

/** The same of a source of which a snapshot is being taken, whoever does it. */
export async function takeBackPart(
  tx: Transaction,
  { id, taking, ...source }: Source,
  counts: Partial<Counts> = {},
  limit: number = stepSizes.alone.takenBack,
): Promise<boolean> {
  const number = taking!
  const { state, beganWith, nextNumber, bytes, formerBytes } = (await tx.sources.findSnapshot(id, number))!
  const ended = { state: 'discarded', endedAt: tx.now, touchedAt: tx.now } as const
  if (state === 'open') await tx.sources.changeSnapshot(id, number, { ...counts, ...ended })
  if ((await tx.observations.takeBack({ sourceId: id, snapshot: number }, limit)) > 0) return false
  // Nobody has seen the numbers that it drew.
  await tx.sources.change(id, {
    taking: undefined,
    observed: beganWith,
    nextNumber,
    bytes: Math.max(0, source.bytes - bytes),
    formerBytes: Math.max(0, source.formerBytes - formerBytes),
  })
  return true
}

// Reading ------------------------------------------------------------------------------------------------------------

/** The snapshots of a source, newest first. */
export function listSnapshots(
  context: ReadContext,
  source: Source,
  asked: PageAsked<string>,
): Promise<Page<StoredSnapshot, string>> {
  return readPage(context, asked, {
    read: (before, limit) =>
      context.tx.sources.listSnapshots(
        source.id,
        before === undefined ? Number.MAX_SAFE_INTEGER : numberIn(before),
        limit,
      ),
    placeOf: ({ number }: StoredSnapshot) => String(number),
    show: (rows) => rows,
  })
}

/** A snapshot by its number. */
export async function getSnapshot({ tx }: ReadContext, source: Source, number: number): Promise<StoredSnapshot> {
  const found = await tx.sources.findSnapshot(source.id, number)
  return found ?? refuse({ code: 'NotFound', what: 'snapshot', id: `${source.id}/${number}` })
}
