// Findings follow the record: what has changed is looked at again, a part at a time, behind the requests that change it. Nothing is
// written while a request runs; one server works at it, and whoever comes after it goes on where it was.
import { formatId } from '#model/identifier.ts'
import type { Exception } from '#model/policy/exception.ts'
import { pathOf, type Snapshot } from '#model/policy/snapshot.ts'
import type { ReadTransaction, Store, Transaction } from '#store/store.ts'
import type { FindingProgress, Scan, ScanOwner, Scope } from '#store/tables/finding-scans.ts'
import type { Allocation } from '#store/tables/holdings.ts'
import type { FollowedEntry } from '#store/tables/record-lists.ts'
import type { Looking } from '../policy/tag-findings.ts'
import { snapshotOf } from '../snapshot.ts'
import { broughtOf, resolveBrought } from './brought.ts'
import { exceptionControls, exceptionEnded, spaceControls } from './controls.ts'
import { type Part, readScan, spacesPerTurn } from './scan.ts'
import type { ScanTurns } from './scan-turns.ts'
import { endSuppressions, inParts, type Looked, placeOf, type Seen, settle, unsettledOf } from './settle.ts'
import { evaluateSpaces, type Space } from './spaces.ts'
import { distinctScopes, type Followed, type Touched, touchedBy } from './touched.ts'

/** Entries that one turn follows, and their subjects; of one entry that has more, so many at a time. */
const entriesPerTurn = 500
const subjectsPerEntryMax = 20_000
const subjectsPerStep = 1_000
/** Of more, one look at everything takes less. */
const scopesMax = 500
/** Parts of a scan that one turn looks at before it writes how far it has come, and beside others. */
const partsPerTurn = 32
const partsBesideOthers = 8
/** Turns of the event loop that all others have between two parts: an allocation takes a few, and mostly meets no part then. */
const turnsBetweenParts = 8
/** Space of one network that is looked at when its tags change, and read at once. */
const allocationsOfNetworkMax = 5_000
const allocationsOfNetworkAtOnce = 500
/** What one transaction writes findings of: the writer is everybody's. */
const resourcesPerWrite = 32
/** A worker that says nothing for so long is taken to be gone. */
const leaseMs = 15_000
const leaseLeftMs = 5_000
const suppressionsPerTurn = 100
/** Exceptions that begin or end while nobody follows: of more, everything is looked at. */
const momentsMax = 100

export interface Worker {
  /** Of this process alone. */
  readonly id: string
  /** Whose scan it looked at last. */
  readonly turns: ScanTurns
}
/** How what takes long leaves the server, and the writer of the database, to whoever asks once. */
export interface Pace {
  /** Does a step once others are done with what they ask for, and some time after the last one where they ask for something. */
  step<T>(work: () => Promise<T>): Promise<T>
  /** Whether others ask for something, so that steps should be short. */
  isCrowded(): boolean
  /** Others ask another server of the same database. */
  hearsOthers(): void
}

/** What one turn has done: whoever measures it asks. */
export interface Turn {
  /** What was evaluated. */
  readonly looked: number
}
const nothing: Turn = { looked: 0 }

/** Whether there is anything to do, for this server. It only reads. */
export async function isBehind(tx: ReadTransaction, { id }: Pick<Worker, 'id'>): Promise<boolean> {
  const progress = await tx.findingScans.progress()
  if (isOthers(progress, id, tx.now)) return false
  return (
    (await tx.recordLists.lastEntry()) > progress.entry ||
    (await tx.findingScans.isAny()) ||
    isMomentDue(progress, tx.now) ||
    (await tx.findings.lapsed(1)).length > 0
  )
}
const isOthers = ({ worker, workerUntil }: FindingProgress, id: string, now: number): boolean =>
  worker !== undefined && worker !== id && workerUntil > now
const isMomentDue = ({ nextMoment }: FindingProgress, now: number): boolean =>
  nextMoment !== undefined && nextMoment <= now

/**
 * One turn: what has come on record first, then what is to be looked at anew. What is evaluated is read beside the requests, and only
 * what is another finding by it is written: where somebody else has gone on meanwhile, nothing is.
 */
export async function takeTurn(store: Store, worker: Worker, pace: Pace): Promise<Turn> {
  if (!(await claim(store, worker))) return nothing
  const partsMax = pace.isCrowded() ? partsBesideOthers : partsPerTurn
  let looked = 0
  // One after the other, so that neither what comes nor what is large keeps the other from going on.
  for (const step of [followRecord, (tx: ReadTransaction) => followScans(tx, worker.turns, partsMax)]) {
    const found = await pace.step(() => store.read((tx) => step(tx)))
    if (!found) continue
    looked += found.looked
    const isWritten = await writeInParts(store, worker, pace, found)
    if (!isWritten) break
  }
  return { looked }
}

/**
 * What is known already is not written again, so nothing is lost where a server ends between two parts: others wait for one of them, and
 * not for all of what a change makes of a large account.
 */
async function writeInParts(
  store: Store,
  { id }: Worker,
  pace: Pace,
  { progress, scan, left, write }: Found,
): Promise<boolean> {
  const parts = inParts(left, resourcesPerWrite)
  let newest: number | undefined
  for (let part = 0; part === 0 || part < parts.length; part++) {
    const written = await pace.step(() =>
      store.write(async (tx) => {
        const now = await tx.findingScans.progress()
        // Somebody else has it, or had it in between.
        if (now.worker !== id || now.entry !== progress.entry) return undefined
        if (scan && (await tx.findingScans.find(scan.n))?.place !== scan.place) return undefined
        for (const { control, seen } of parts[part] ?? []) await settle(tx, control, seen)
        if (part >= parts.length - 1) await write(tx)
        return { newest: await tx.recordLists.lastEntry() }
      }),
    )
    if (!written) return false
    // Who asks another server is not seen here but by what comes of it.
    if (newest !== undefined && written.newest > newest) pace.hearsOthers()
    newest = written.newest
  }
  return true
}

/** Says that this server works at it. Written only where nobody does, or what it said last is nearly over. */
async function claim(store: Store, { id }: Worker): Promise<boolean> {
  const known = await store.read(async (tx) => ({ progress: await tx.findingScans.progress(), now: tx.now }))
  if (isOthers(known.progress, id, known.now)) return false
  if (known.progress.worker === id && known.progress.workerUntil - known.now > leaseLeftMs) return true
  return store.write(async (tx) => {
    const progress = await tx.findingScans.progress()
    if (isOthers(progress, id, tx.now)) return false
    await tx.findingScans.setProgress({ worker: id, workerUntil: tx.now + leaseMs })
    return true
  })
}

/** What a turn has found, and is to write. */
interface Found {
  readonly progress: FindingProgress
  readonly scan?: Scan
  readonly looked: number
  /** What is another finding by it. */
  readonly left: readonly Looked[]
  /** How far it has come, once that is written. */
  readonly write: (tx: Transaction) => Promise<void>
}

async function followRecord(tx: ReadTransaction): Promise<Found | undefined> {
  const progress = await tx.findingScans.progress()
  if ((await tx.recordLists.lastEntry()) > progress.entry) return followEntries(tx, progress)
  if (isMomentDue(progress, tx.now)) return followMoments(tx, progress)
  if ((await tx.findings.lapsed(1)).length === 0) return undefined
  return { progress, looked: 0, left: [], write: async (to) => void (await endSuppressions(to, suppressionsPerTurn)) }
}

async function followScans(tx: ReadTransaction, turns: ScanTurns, partsMax: number): Promise<Found | undefined> {
  const scan = await turns.next(tx)
  return scan && followScan(tx, await tx.findingScans.progress(), { scan, partsMax })
}

const lookingIn = (tx: ReadTransaction): Looking => {
  let snapshot: Promise<Snapshot> | undefined
  return { tx, now: tx.now, snapshot: () => (snapshot ??= snapshotOf(tx, { keep: true })) }
}

// The record ---------------------------------------------------------------------------------------------------------

async function followEntries(tx: ReadTransaction, progress: FindingProgress): Promise<Found> {
  const { entries, last, isNewest } = await tx.recordLists.followed(progress.entry, entriesPerTurn, subjectsPerStep)
  const followed: Followed[] = []
  for (const entry of entries) {
    if (entry.outcome === 'Success') followed.push({ at: entry.at, subjects: await subjectsOf(tx, entry) })
  }
  const touched = await touchedBy(tx, followed, { hasMoved: tx.governanceEpoch !== progress.epoch })
  const looked = await lookAtTouched(tx, touched)
  const brought = await lookAtBrought(tx, touched)
  const exceptions = await exceptionsOf(tx, touched)
  const asked = distinctScopes([...touched.scopes, ...exceptions.scopes, ...looked.crowded])
  const scopes = asked.length > scopesMax ? [{}, ...asked.filter(({ exception }) => exception !== undefined)] : asked
  const owned = await withOwners(tx, scopes)
  // Before the newest one there may be an entry behind these that has moved it.
  const epoch = isNewest ? tx.governanceEpoch : progress.epoch
  const nextMoment = await tx.exceptions.nextMoment(progress.moment)
  return {
    progress,
    looked: looked.count + brought.count,
    left: [...looked.left, ...brought.left, ...exceptions.looked],
    async write(to) {
      for (const { scope, owner } of owned) await to.findingScans.ask(scope, owner)
      await to.findingScans.setProgress({ entry: last.n, entryAt: last.at, epoch, nextMoment })
    },
  }
}

async function subjectsOf(
  tx: ReadTransaction,
  { n, subjects, subjectCount }: FollowedEntry,
): Promise<FollowedEntry['subjects']> {
  if (subjects.length >= subjectCount) return subjects
  const all = [...subjects]
  while (all.length < Math.min(subjectCount, subjectsPerEntryMax)) {
    await tx.nextTurn()
    all.push(...(await tx.recordLists.subjectsOf(n, all.length, subjectsPerStep)))
  }
  return all
}

/** What is there is evaluated; what is gone is resolved as of when it went. */
async function lookAtTouched(
  tx: ReadTransaction,
  { spaces, networks }: Touched,
): Promise<{ readonly left: readonly Looked[]; readonly count: number; readonly crowded: readonly Scope[] }> {
  const here = new Map<number, Allocation>()
  const numbers = [...spaces.keys()]
  for (let from = 0; from < numbers.length; from += subjectsPerStep) {
    for (const one of await tx.allocations.some(numbers.slice(from, from + subjectsPerStep))) here.set(one.n, one)
    await tx.nextTurn()
  }
  const crowded: Scope[] = []
  for (const id of networks) {
    let some: readonly Allocation[] = []
    let read = 0
    do {
      some = await tx.allocations.ofResource(id, some.at(-1)?.n ?? 0, allocationsOfNetworkAtOnce)
      for (const one of some) here.set(one.n, one)
      read += some.length
      await tx.nextTurn()
    } while (some.length === allocationsOfNetworkAtOnce && read < allocationsOfNetworkMax)
    // Whoever names a network in very many allocations has all of theirs looked at, when it is their turn.
    const owners = read < allocationsOfNetworkMax ? [] : new Set([...(await ownersOf(tx, id)), ...some.map(accountOf)])
    crowded.push(...[...owners].map((node) => ({ node })))
  }
  const left: Looked[] = []
  const rows = [...here.values()]
  for (let from = 0; from < rows.length; from += spacesPerTurn) {
    if (from > 0) await tx.nextTurn(turnsBetweenParts)
    left.push(...(await lookAtSpaces(tx, rows.slice(from, from + spacesPerTurn))))
  }
  left.push(...(await resolveGone(tx, new Map([...spaces].filter(([n]) => !here.has(n))))))
  return { left, count: rows.length, crowded }
}
const accountOf = ({ account }: Allocation): string => account
async function ownersOf({ vpcs, natGateways }: ReadTransaction, id: string): Promise<readonly string[]> {
  const found = (await vpcs.find(id)) ?? (await vpcs.findSubnet(id)) ?? (await natGateways.find(id))
  return found ? [found.account] : []
}

/** The same of what no pool gave networks. */
async function lookAtBrought(
  tx: ReadTransaction,
  { networks }: Touched,
): Promise<{ readonly left: readonly Looked[]; readonly count: number }> {
  const { here, over } = await broughtOf(tx, [...networks])
  const left: Looked[] = []
  // A certain block is evaluated anew each time: half as many at once as of what pools gave.
  for (let from = 0; from < here.length; from += spacesPerTurn) {
    left.push(...(await lookAtSpaces(tx, here.slice(from, from + spacesPerTurn))))
    await tx.nextTurn()
  }
  left.push(...(await resolveBrought(tx, over)))
  return { left, count: here.length }
}

/** What controls of space see of it that is not known yet. */
export async function lookAtSpaces(tx: ReadTransaction, some: readonly Space[]): Promise<readonly Looked[]> {
  const looking = lookingIn(tx)
  const spaces = await evaluateSpaces(looking, some)
  const looked: Looked[] = []
  for (const control of spaceControls) {
    const found = await control.look(looking, spaces)
    const seen = spaces.map(({ resource, held }, index): Seen => {
      const { account: node, resourceType, locale } = held
      return { resource, node, resourceType, locale, facts: found[index] }
    })
    looked.push({ control, seen })
  }
  return unsettledOf(tx, looked)
}

const gone = [...spaceControls, exceptionEnded]
async function resolveGone(tx: ReadTransaction, spaces: ReadonlyMap<number, number>): Promise<readonly Looked[]> {
  if (spaces.size === 0) return []
  const until = new Map(
    [...spaces].flatMap(([n, at]) =>
      (['address', 'allocation'] as const).map((kind) => [formatId(kind, tx.installation, n), at] as const),
    ),
  )
  const open = await tx.findings.goingOnOf([...until.keys()])
  return gone.flatMap((control) => {
    const seen = open
      .filter((one) => one.control === control.name && one.source === '')
      .map(
        (one): Seen => ({ resource: one.resource, ...placeOf(one), facts: undefined, until: until.get(one.resource)! }),
      )
    return seen.length === 0 ? [] : [{ control, seen }]
  })
}

// Exceptions ---------------------------------------------------------------------------------------------------------

/** What was given under them, and what they may let be given, is looked at anew; they themselves at once. */
async function exceptionsOf(tx: ReadTransaction, { exceptions: ids }: Touched) {
  const found: Exception[] = []
  for (const id of ids) {
    const exception = await tx.exceptions.find(id)
    if (exception) found.push(exception)
  }
  const looked = exceptionControls.map((control): Looked => {
    const seen = found.map((exception): Seen => {
      const { id: resource, target: node, resourceType, locale } = exception
      return { resource, node, resourceType, locale, facts: control.look(exception) }
    })
    return { control, seen }
  })
  const acting = found.filter(({ status }) => status === 'approved' || status === 'revoked')
  return { looked: await unsettledOf(tx, looked), scopes: acting.flatMap(scopesOfException) }
}
const scopesOfException = (exception: {
  readonly id: string
  readonly target: string
  readonly resourceType: string
  readonly locale: string
}) => {
  const { id, target: node, resourceType, locale } = exception
  return [{ node, resourceType, locale }, { exception: id }]
}

/** Exceptions begin and end by the clock alone: nothing on record says so. */
async function followMoments(tx: ReadTransaction, progress: FindingProgress): Promise<Found> {
  const turning = await tx.exceptions.turningBetween(progress.moment, tx.now, momentsMax + 1)
  const scopes = turning.length > momentsMax ? [{}] : turning.flatMap(scopesOfException)
  const owned = await withOwners(tx, scopes)
  const nextMoment = await tx.exceptions.nextMoment(tx.now)
  const moment = tx.now
  return {
    progress,
    looked: 0,
    left: [],
    async write(to) {
      for (const { scope, owner } of owned) await to.findingScans.ask(scope, owner)
      await to.findingScans.setProgress({ moment, nextMoment })
    },
  }
}

// What is to be looked at anew ---------------------------------------------------------------------------------------

/** Whose they are: of a pool, its owner's; of an exception, its target's. Everything, and what the provider gave, is the root's. */
async function withOwners(tx: ReadTransaction, scopes: readonly Scope[]) {
  if (scopes.length === 0) return []
  const snapshot = await snapshotOf(tx, { keep: true })
  const nodeOf = async ({ node, pool, exception }: Scope): Promise<string> => {
    if (node !== undefined) return node
    if (pool !== undefined) return snapshot.pools.get(pool)?.account ?? ''
    return (exception === undefined ? undefined : await tx.exceptions.find(exception))?.target ?? ''
  }
  const owned: { readonly scope: Scope; readonly owner: ScanOwner }[] = []
  for (const scope of scopes) {
    const node = await nodeOf(scope)
    const [top, unit] = node === '' ? [] : pathOf(snapshot, node)
    const isInTree = top !== undefined && snapshot.nodes.get(top)?.kind === 'root'
    owned.push({ scope, owner: { unit: (isInTree ? unit : node) ?? '', node } })
  }
  return owned
}

async function followScan(
  tx: ReadTransaction,
  progress: FindingProgress,
  { scan, partsMax }: { readonly scan: Scan; readonly partsMax: number },
): Promise<Found> {
  const left: Looked[] = []
  let place: string | undefined = scan.place
  let looked = 0
  for (let part = 0; part < partsMax && place !== undefined; part++) {
    if (part > 0) await tx.nextTurn(turnsBetweenParts)
    const found: Part = await readScan(lookingIn(tx), { scope: scan.scope, place })
    left.push(...(await lookAtSpaces(tx, found.spaces)), ...(await unsettledOf(tx, found.seen ?? [])))
    place = found.place
    looked += found.looked
  }
  return {
    progress,
    scan,
    looked,
    left,
    async write(to) {
      // Asked for again meanwhile: what is stored says so.
      const { isAgain } = (await to.findingScans.find(scan.n))!
      if (place !== undefined) await to.findingScans.advance(scan.n, { place, looked: scan.looked + looked })
      else if (isAgain) await to.findingScans.advance(scan.n, { place: '', isAgain: false })
      else await to.findingScans.end(scan.n)
      const isAll = place === undefined && Object.keys(scan.scope).length === 0
      if (isAll && progress.evaluatedFrom === undefined) await to.findingScans.setProgress({ evaluatedFrom: to.now })
    },
  }
}
