// Simulations are worked at behind the requests, a slice at a time. One server works at one; what it has counted so far it has in memory,
// and where it ends, whoever takes over begins anew: a million requests take less than a minute.
import { formatCidr } from '#model/cidr.ts'
import { parseId } from '#model/identifier.ts'
import { decide } from '#model/policy/decide.ts'
import type { AllocationRequest, Verdict } from '#model/policy/decision.ts'
import { emptyCaches, type Snapshot } from '#model/policy/snapshot.ts'
import { type Refusal, Refused } from '#model/refusal.ts'
import {
  dryInDays,
  type PoolUse,
  Replay,
  type RequestSample,
  type Sample,
  type Tally,
  type Told,
} from '#model/simulation.ts'
import type { ReadTransaction, Store } from '#store/store.ts'
import type {
  SimulatedOperation,
  SimulatedPool,
  SimulatedUse,
  SimulationAsker,
  SimulationFacts,
  SimulationProgress,
  StoredSimulation,
} from '#store/tables/simulations.ts'
import type { Pace } from '../finding/follow.ts'
import { foresee } from '../finding/impact.ts'
import { type Look, looksAt, readScan } from '../finding/scan.ts'
import { evaluateSpaces, isBrought } from '../finding/spaces.ts'
import type { AnyOperation, WriteContext, WriteOperation } from '../operation.ts'

/** Requests that are asked again between two turns of the event loop, also beside others; and what of them is evaluated for the first time. */
const requestsPerSlice = 250
const requestsBesideOthers = 80
const evaluatedPerSlice = 16
/** Slices of one turn, before it writes how far it is, and beside others; and turns of the event loop that others have between two. */
const slicesPerTurn = 40
const slicesBesideOthers = 16
const turnsBetweenSlices = 4
/** Parts of space in use that one turn looks at, and beside others. */
const partsPerTurn = 64
const partsBesideOthers = 8
/** Space that is looked at in all; and what is remembered of it where a change touches several parts, which may overlap. */
const simulatedSpacesMax = 2_000_000
const spacesSeenMax = 200_000
/** Rows that one transaction writes of what came of it, and that it takes away. */
const resultsPerWrite = 200
const droppedPerWrite = 500
/** Rulings, and requests with something of their own, whose evaluation is remembered. */
const rulingsKeptMax = 20_000
const plansKeptMax = 2_000
/** A server that says nothing for so long is taken to be gone. */
const leaseMs = 15_000
const leaseLeftMs = 5_000
/** How often one is begun, before it has failed. */
const attemptsMax = 4
/** How long what came of one is kept. */
export const simulationsKeptDays = 7
const keptMs = simulationsKeptDays * 86_400_000

/** What operations made, by what they were called. */
export interface Made {
  readonly id?: string
  readonly as?: string
}
/** Does all of it in one transaction. */
export type DoAll = (context: WriteContext, operations: readonly SimulatedOperation[]) => Promise<readonly Made[]>
export interface SimulatorOptions {
  readonly store: Store
  /** Of this process alone. */
  readonly worker: string
  readonly doAll: DoAll
  readonly pace: Pick<Pace, 'step' | 'isCrowded'>
  /** Does something as somebody, and takes it back. */
  attempt(operation: AnyOperation, as: SimulationAsker): Promise<void>
}

// The two worlds -----------------------------------------------------------------------------------------------------

interface Worlds {
  readonly present: Snapshot
  readonly candidate: Snapshot
  /** What is free in the candidate's world of pools that it has changed something of, by their numbers. */
  readonly changedFree: ReadonlyMap<number, bigint>
  /** Space that the change can touch. */
  readonly looks: readonly Look[]
  /** What the change makes is called by the operations: its ids are nobody's. */
  readonly labels: ReadonlyMap<string, string>
  readonly now: number
}

/** Makes the change in a transaction that is taken back, and keeps what it would be there. */
const candidateWorld = (
  operations: readonly SimulatedOperation[],
  doAll: DoAll,
  keep: (worlds: Worlds) => void,
): WriteOperation<object, undefined> => ({
  name: 'simulate',
  access: 'write',
  async run(context) {
    const { tx, now } = context
    const present = await context.snapshot()
    const made = await doAll(context, operations)
    const candidate = await context.snapshot()
    const foreseen = candidate === present ? undefined : await foresee(tx, present, candidate)
    const labels = labelsOf(made, present)
    keep({
      present: apart(present),
      candidate: apart(candidate),
      changedFree: tx.space.changedFree(),
      looks: looksAt(foreseen?.scopes ?? []),
      labels,
      now,
    })
    return undefined
  },
})

/**
 * The same facts: a million requests must not push out what is remembered of those that are made, and what might become of assignments is
 * not asked.
 */
const apart = (snapshot: Snapshot): Snapshot => ({ ...snapshot, candidates: undefined, caches: emptyCaches() })

/** By the operation that makes a thing: those behind it only name it. */
function labelsOf(made: readonly Made[], { pools, policies, nodes }: Snapshot): ReadonlyMap<string, string> {
  const labels = new Map<string, string>()
  for (const [index, { id, as }] of made.entries()) {
    if (id === undefined || labels.has(id) || pools.has(id) || policies.has(id) || nodes.has(id)) continue
    labels.set(id, `$${as ?? index}`)
  }
  return labels
}

// Working at one -----------------------------------------------------------------------------------------------------

/** What a server has counted of the one that it works at. */
interface Running extends Worlds {
  readonly n: number
  readonly replay: Replay
  readonly rulings: Map<number, Planned>
  /** Of requests with something of their own. */
  readonly plans: Map<string, Plan>
  /** The first request that is asked again, the next one, and the first one behind. */
  readonly first: number
  next: number | undefined
  readonly end: number
  readonly from: number
  firstAt: number | undefined
  /** Whether no decision from before is on record. */
  readonly isOldest: boolean
  /** At which of them it is, and where. */
  look: number
  place: string
  readonly seen: Set<string | number>
  spaces: number
  isAllSpace: boolean
  results: Results | undefined
}
interface Plan {
  readonly request: AllocationRequest
  readonly present: Verdict
  readonly candidate: Verdict
  /** Whether it is known what its pools have free. */
  isLearned: boolean
}
interface Planned {
  readonly shared: AllocationRequest
  plan: Plan | undefined
}
interface Results {
  readonly tallies: readonly Tally[]
  readonly pools: readonly SimulatedPool[]
  written: number
  isCleared: boolean
}

/** Whether there is anything to do, for this server. It only reads. */
export const isAnySimulationDue = async (tx: ReadTransaction, worker: string): Promise<boolean> =>
  (await tx.simulations.next(worker, tx.now)) !== undefined ||
  (await tx.simulations.over(tx.now - keptMs)) !== undefined

/** Of one process: what it has begun is gone with it. */
export class Simulator {
  readonly #options: SimulatorOptions
  #running: Running | undefined
  constructor(options: SimulatorOptions) {
    this.#options = options
  }

  /** One turn, of one that nobody else works at. */
  async takeTurn(): Promise<void> {
    const { store, pace } = this.#options
    const simulation = await this.#claim()
    if (!simulation) {
      this.#running = undefined
      await takeAway(store)
      return
    }
    if (this.#running?.n !== simulation.n) {
      this.#running = undefined
      const running = await this.#begin(simulation)
      if (!running) return
      this.#running = running
    }
    const running = this.#running!
    const isCrowded = pace.isCrowded()
    if (running.next !== undefined) {
      const bounds = isCrowded
        ? { slices: slicesBesideOthers, requests: requestsBesideOthers }
        : { slices: slicesPerTurn, requests: requestsPerSlice }
      await pace.step(() => store.read((tx) => askAgain(tx, running, bounds)))
    } else if (running.look < running.looks.length) {
      const parts = isCrowded ? partsBesideOthers : partsPerTurn
      await pace.step(() => store.read((tx) => lookAtSpace(tx, running, parts)))
    } else {
      running.results ??= resultsOf(running)
      return pace.step(() => this.#write(running))
    }
    await this.#say(running.n, { progress: progressOf(running) })
  }

  /** The first that is nobody else's; this server says that it works at it. */
  async #claim(): Promise<StoredSimulation | undefined> {
    const { store, worker } = this.#options
    const running = this.#running?.n
    const found = await store.read(async (tx) => {
      const own = running === undefined ? undefined : await tx.simulations.find(running)
      const isOwn = own?.status === 'running' && own.worker === worker
      const simulation = isOwn ? own : await tx.simulations.next(worker, tx.now)
      return simulation && { simulation, now: tx.now }
    })
    if (!found) return undefined
    const { simulation, now } = found
    const isBegun = this.#running?.n === simulation.n && simulation.worker === worker
    if (isBegun && simulation.workerUntil - now > leaseLeftMs) return simulation
    return store.write(async (tx) => {
      const again = await tx.simulations.find(simulation.n)
      if (!again || !isFree(again, worker, tx.now)) return undefined
      const attempts = isBegun ? again.attempts : again.attempts + 1
      if (attempts > attemptsMax) {
        await tx.simulations.set(again.n, { status: 'failed', endedAt: tx.now, worker: undefined, attempts })
        return undefined
      }
      const startedAt = again.startedAt ?? tx.now
      const claimed = { status: 'running', startedAt, worker, workerUntil: tx.now + leaseMs, attempts } as const
      await tx.simulations.set(again.n, claimed)
      return { ...again, ...claimed }
    })
  }

  async #begin({ n, days }: StoredSimulation): Promise<Running | undefined> {
    const { store, doAll, attempt } = this.#options
    const change = await store.read((tx) => tx.simulations.change(n))
    if (!change) return undefined
    let found: Worlds | undefined
    try {
      await attempt(
        candidateWorld(change.operations, doAll, (worlds) => {
          found = worlds
        }),
        change.asker,
      )
    } catch (error) {
      // That a dry run would have gone through is how it goes well; what could not be made is told to whoever asked.
      if (!(error instanceof Refused)) throw error
      if (error.refusal.code === 'Unavailable') throw error
      if (error.refusal.code !== 'DryRunSucceeded') {
        await this.#say(
          n,
          { status: 'refused', refusal: { refusal: tellable(error.refusal) }, worker: undefined },
          true,
        )
        return undefined
      }
    }
    const worlds = found!
    const from = worlds.now - days * 86_400_000
    const { first, end, isOldest } = await store.read(async (tx) => {
      const since = await tx.recordLists.firstSince('decision', from)
      const behind = await tx.recordLists.firstSince('decision', worlds.now + 1)
      return { first: since, end: behind, isOldest: (await tx.journal.asked(0, since, 1)).next === undefined }
    })
    return {
      ...worlds,
      n,
      replay: new Replay(),
      rulings: new Map(),
      plans: new Map(),
      first,
      next: first < end ? first : undefined,
      end,
      from,
      firstAt: undefined,
      isOldest,
      look: 0,
      place: '',
      seen: new Set(),
      spaces: 0,
      isAllSpace: true,
      results: undefined,
    }
  }

  /** Writes a part of what came of it; with the last, that it is done. */
  async #write(running: Running): Promise<void> {
    const { n, results } = running
    const { tallies, pools, isCleared, written } = results!
    const part = tallies.slice(written, written + resultsPerWrite)
    const poolsFrom = Math.max(0, written - tallies.length)
    const ofPools =
      part.length === resultsPerWrite ? [] : pools.slice(poolsFrom, poolsFrom + resultsPerWrite - part.length)
    const isLast = written + part.length + ofPools.length >= tallies.length + pools.length
    const cleared = await this.#ifMine(n, async (tx) => {
      // Whoever worked at it before may have come as far as here.
      if (!isCleared && (await tx.simulations.dropResults(n, droppedPerWrite)) > 0) return false
      tx.simulations.addGroups(n, part)
      tx.simulations.addPools(ofPools)
      const progress: SimulationProgress = { phase: 'results', percent: 100 }
      const over = isLast && { status: 'done' as const, endedAt: tx.now, worker: undefined, facts: factsOf(running) }
      await tx.simulations.set(n, { progress, workerUntil: tx.now + leaseMs, ...over })
      return true
    })
    if (cleared === undefined || (cleared && isLast)) this.#running = undefined
    else if (cleared) Object.assign(results!, { written: written + part.length + ofPools.length, isCleared: true })
  }

  async #say(
    n: number,
    changes: Partial<Pick<StoredSimulation, 'status' | 'progress' | 'refusal' | 'worker'>>,
    isOver = false,
  ): Promise<void> {
    const isMine = await this.#ifMine(n, async (tx) => {
      await tx.simulations.set(n, { workerUntil: tx.now + leaseMs, ...changes, ...(isOver && { endedAt: tx.now }) })
      return true
    })
    if (!isMine || isOver) this.#running = undefined
  }
  /** Undefined where it was cancelled meanwhile, or somebody else has it. */
  #ifMine<T>(
    n: number,
    work: (tx: Parameters<Parameters<Store['write']>[0]>[0]) => Promise<T>,
  ): Promise<T | undefined> {
    const { store, worker } = this.#options
    return store.write(async (tx) => {
      const now = await tx.simulations.find(n)
      return now?.status === 'running' && now.worker === worker ? work(tx) : undefined
    })
  }
}

const isFree = ({ status, worker: of, workerUntil }: StoredSimulation, worker: string, now: number): boolean =>
  status === 'waiting' || (status === 'running' && (of === undefined || of === worker || workerUntil <= now))

/** Of a refusal what is kept: words are made of it where it is shown. */
function tellable(refusal: Refusal): Refusal {
  const { members: _, ...facts } = refusal
  return facts as Refusal
}

function progressOf({ first, next, end }: Running): SimulationProgress {
  if (next === undefined) return { phase: 'resources', percent: 100 }
  return { phase: 'requests', percent: Math.floor(((next - first) / Math.max(1, end - first)) * 100) }
}

// Requests -----------------------------------------------------------------------------------------------------------

/**
 * Asks so many requests again. Where the reading begins anew it goes on where it was: what is counted and where to go on change at once.
 */
async function askAgain(
  tx: ReadTransaction,
  running: Running,
  { slices, requests }: { readonly slices: number; readonly requests: number },
): Promise<void> {
  for (let slice = 0; slice < slices && running.next !== undefined; slice++) {
    if (slice > 0) await tx.nextTurn(turnsBetweenSlices)
    const { asked, next } = await tx.journal.asked(running.next, running.end, requests)
    const plans = await plansOf(tx, running, asked)
    await learnFree(tx, running, plans)
    for (const [index, { n: decision, at }] of asked.entries()) {
      const { request, present, candidate } = plans[index]!
      running.firstAt ??= at
      running.replay.ask({ decision, at, group: request, family: request.family, present, candidate })
    }
    running.next = next
    tx.keepsSoFar()
  }
}

type Asked = Awaited<ReturnType<ReadTransaction['journal']['asked']>>['asked']
async function plansOf(tx: ReadTransaction, running: Running, asked: Asked): Promise<readonly Plan[]> {
  const { rulings, plans } = running
  if (rulings.size > rulingsKeptMax) rulings.clear()
  if (plans.size > plansKeptMax) plans.clear()
  const unknown = new Set(asked.map(({ ruling }) => ruling).filter((ruling) => !rulings.has(ruling)))
  for (const [ruling, shared] of await tx.journal.requestsOf([...unknown]))
    rulings.set(ruling, { shared, plan: undefined })
  let evaluated = 0
  const evaluate = async (request: AllocationRequest): Promise<Plan> => {
    if (++evaluated % evaluatedPerSlice === 0) await tx.nextTurn()
    const now = new Date(running.now)
    return {
      request,
      present: decide(running.present, request, now),
      candidate: decide(running.candidate, request, now),
      isLearned: false,
    }
  }
  const found: Plan[] = []
  for (const { ruling, params } of asked) {
    const planned = rulings.get(ruling)!
    if (params === null) {
      planned.plan ??= await evaluate(planned.shared)
      found.push(planned.plan)
      continue
    }
    const key = `${ruling} ${params}`
    const known = plans.get(key) ?? (await evaluate(tx.journal.requestWith(planned.shared, params)))
    plans.set(key, known)
    found.push(known)
  }
  return found
}

/** What is free of pools that are asked for the first time. */
async function learnFree(tx: ReadTransaction, running: Running, plans: readonly Plan[]): Promise<void> {
  const { replay, changedFree } = running
  const unknown = new Set<string>()
  const asking = plans.filter(({ isLearned }) => !isLearned)
  for (const { present, candidate } of asking) {
    for (const pool of replay.present.unknownOf(present)) unknown.add(pool)
    for (const pool of replay.candidate.unknownOf(candidate)) unknown.add(pool)
  }
  const numbers = new Map([...unknown].map((id) => [id, parseId('pool', tx.installation, id) ?? -1]))
  const uses = numbers.size === 0 ? new Map() : await tx.space.utilizations([...numbers.values()])
  for (const [id, n] of numbers) {
    const free = uses.get(n)?.free ?? 0n
    replay.present.learn(id, free)
    replay.candidate.learn(id, changedFree.get(n) ?? free)
  }
  for (const plan of asking) plan.isLearned = true
}

// Space in use -------------------------------------------------------------------------------------------------------

async function lookAtSpace(tx: ReadTransaction, running: Running, parts: number): Promise<void> {
  const { looks, seen, replay } = running
  const under = (snapshot: Snapshot) => ({ tx, now: running.now, snapshot: async () => snapshot })
  const isOverlapping = looks.length > 1
  for (let part = 0; part < parts && running.look < looks.length; part++) {
    if (part > 0) await tx.nextTurn(turnsBetweenSlices)
    const { spaces, place } = await readScan(under(running.candidate), {
      scope: looks[running.look]!,
      place: running.place,
    })
    const nameOf = (space: (typeof spaces)[number]) => (isBrought(space) ? space.resource : space.n)
    const left = isOverlapping ? spaces.filter((space) => !seen.has(nameOf(space))) : spaces
    const was = await evaluateSpaces(under(running.present), left)
    await tx.nextTurn()
    const is = await evaluateSpaces(under(running.candidate), left)
    for (const [index, { resource, held, evaluation }] of is.entries()) {
      const before = was[index]!.evaluation
      const [did, does] = [before, evaluation].map(({ state }) => state !== 'noncompliant')
      const { account, resourceType, locale, cidr } = held
      const setting = (does ? before : evaluation).facts?.setting
      const sample: Sample & { kind: 'compliant' | 'noncompliant' } = {
        kind: does ? 'compliant' : 'noncompliant',
        resource,
        cidr: formatCidr(cidr),
        ...(setting === undefined ? {} : { setting }),
      }
      replay.tallies.resource({ account, resourceType, locale }, did === does ? undefined : sample)
    }
    if (isOverlapping) for (const space of left) seen.add(nameOf(space))
    running.spaces += left.length
    if (running.spaces >= simulatedSpacesMax || seen.size >= spacesSeenMax) {
      running.isAllSpace = false
      running.look = looks.length
    } else if (place === undefined) Object.assign(running, { look: running.look + 1, place: '' })
    else running.place = place
    tx.keepsSoFar()
  }
}

// What came of it ----------------------------------------------------------------------------------------------------

const factsOf = ({ present, from, firstAt, isOldest, now, isAllSpace, replay }: Running): SimulationFacts => ({
  epoch: present.epoch,
  // Where the record begins later, the pace is that of the time since.
  from: isOldest && firstAt !== undefined ? firstAt : from,
  until: now,
  isWhole: isAllSpace && replay.tallies.isWhole,
})

function resultsOf(running: Running): Results {
  const { replay, labels } = running
  const nameOf = (id: string): string => labels.get(id) ?? id
  const called = (told: Told): Told => ({
    ...told,
    ...(told.pool === undefined ? {} : { pool: nameOf(told.pool) }),
    ...(told.policy === undefined ? {} : { policy: nameOf(told.policy) }),
    ...(told.target === undefined ? {} : { target: nameOf(told.target) }),
  })
  const ofRequest = (one: RequestSample): RequestSample => ({
    ...one,
    present: called(one.present),
    candidate: called(one.candidate),
  })
  const tallies = replay.tallies.all().map(({ ruled, ...tally }) => ({
    ...tally,
    samples: tally.samples.map((one) => ('decision' in one ? ofRequest(one) : one)),
    ruled: { ...ruled, samples: ruled.samples.map(ofRequest) },
  }))
  return { tallies, pools: poolsOf(running), written: 0, isCleared: false }
}

function poolsOf(running: Running): readonly SimulatedPool[] {
  const { replay, labels, n: simulation } = running
  const { from, until } = factsOf(running)
  const span = { from, until }
  const used = (use: PoolUse | undefined): SimulatedUse | undefined =>
    use && {
      free: use.free,
      taken: use.taken,
      served: use.served,
      refused: use.refused,
      dryInDays: dryInDays(use, span),
    }
  return replay.present.pools.map((id) => ({
    simulation,
    pool: labels.get(id) ?? id,
    isNew: labels.has(id),
    ...(labels.has(id) ? {} : { present: used(replay.present.useOf(id)) }),
    candidate: used(replay.candidate.useOf(id)),
  }))
}
/** Takes away a part of one that was deleted, or that is too old. */
async function takeAway(store: Store): Promise<void> {
  await store.write(async (tx) => {
    const over = await tx.simulations.over(tx.now - keptMs)
    if (!over) return
    if ((await tx.simulations.dropResults(over.n, droppedPerWrite)) === 0) await tx.simulations.drop(over.n)
  })
}
