// From events to deliveries: each event is looked at for each subscription, a part at a time, behind the requests that wrote it. One server
// works at it, and whoever comes after it goes on where it was.
import { periodEnd } from '#model/delivery.ts'
import { formatTraits, isOfFinding, isWanted, joinedAs, othersAs, topicOf } from '#model/event.ts'
import { parseId } from '#model/identifier.ts'
import { pathOf } from '#model/policy/snapshot.ts'
import { accountableOf, type NativePrincipal } from '#model/principal.ts'
import { everywhere } from '#model/roles.ts'
import type { ReadTransaction, Store, Transaction } from '#store/store.ts'
import type { Delivery, OutboxProgress, StoredEvent } from '#store/tables/outbox.ts'
import type { Subscription } from '#store/tables/subscriptions.ts'
import { snapshotOf } from '../snapshot.ts'
import { isEndToTell, tellOfEnds } from './exception-events.ts'
import { hourOf } from './mails.ts'
import {
  deliveriesKeptMax,
  deliveriesReserve,
  isOfTop,
  maySee,
  mayTell,
  type PlacedEvent,
  placeEvents,
  subscriptionsMax,
  tellerOf,
} from './subscriptions.ts'

/** Events that one turn looks at, pairs of one and a subscription, and what it writes: the writer is everybody's. */
const eventsPerTurn = 100
const pairsPerTurn = 10_000
const deliveriesPerTurn = 100
/** Of them, what one unit has, with all below it: a subscription that has more is looked at by itself from there on, and nobody waits for it. */
const deliveriesOfUnitMax = 20
/** Subscriptions of those that one turn looks at, and what one of them has then. */
const behindPerTurn = 16
const deliveriesOfBehindPerTurn = 20
/** A server that says nothing for so long is taken to be gone. */
const leaseMs = 30_000
const leaseLeftMs = 20_000
/** How long what has happened is kept, delivered or not, and however often. */
export const keptDays = 30
const keptMs = keptDays * 86_400_000
const forgottenPerTurn = 500

export interface Worker {
  /** Of this process alone. */
  readonly id: string
}

const isOthers = ({ worker, workerUntil }: OutboxProgress, id: string, now: number): boolean =>
  worker !== undefined && worker !== id && workerUntil > now

/** Says that this server works at it. Written only where nobody does, or what it said last is nearly over. */
export async function claimOutbox(store: Store, { id }: Worker): Promise<boolean> {
  const known = await store.read(async (tx) => ({ progress: await tx.outbox.progress(), now: tx.now }))
  if (isOthers(known.progress, id, known.now)) return false
  if (known.progress.worker === id && known.progress.workerUntil - known.now > leaseLeftMs) return true
  return store.write(async (tx) => {
    if (isOthers(await tx.outbox.progress(), id, tx.now)) return false
    await tx.outbox.setProgress({ worker: id, workerUntil: tx.now + leaseMs })
    return true
  })
}

/** Whether this server has said so, and still may: between two steps another one may have taken over. */
export async function holdsOutbox(tx: ReadTransaction, { id }: Worker): Promise<boolean> {
  const { worker, workerUntil } = await tx.outbox.progress()
  return worker === id && workerUntil > tx.now
}

/** What there is to do for this server; it only reads. `undefined`: nothing, or another server does it. */
export async function outboxWork(
  tx: ReadTransaction,
  { id }: Worker,
): Promise<{ readonly isBehind: boolean; readonly isDue: boolean } | undefined> {
  const progress = await tx.outbox.progress()
  if (isOthers(progress, id, tx.now)) return undefined
  const isBehind =
    (await tx.outbox.newestEvent()) > progress.event ||
    (await isEndToTell(tx, progress)) ||
    (await tx.subscriptions.anyBehind())
  const isDue = await tx.outbox.anyDue(tx.now)
  return isBehind || isDue ? { isBehind, isDue } : undefined
}

/**
 * Tells of exceptions that end, then finds out for whom the next events are. Answers whether there may be more.
 * @param underWay the deliveries that are being told at this moment: nothing takes their place
 */
export async function dispatch(
  store: Store,
  worker: Worker,
  underWay: ReadonlySet<number> = new Set(),
): Promise<boolean> {
  const wasEnd = await store.read(async (tx) => isEndToTell(tx, await tx.outbox.progress()))
  if (wasEnd) {
    await store.write(async (tx) => {
      const progress = await tx.outbox.progress()
      if (progress.worker === worker.id) await tx.outbox.setProgress(await tellOfEnds(tx, progress))
    })
  }
  const found = (await store.read(findDeliveries)) ?? (await store.read(findBehind))
  if (!found) return wasEnd
  return store.write((tx) => writeDeliveries(tx, worker, found, underWay))
}

/** What a subscription is told in one turn: of several events that are told as one, of the latest. */
interface Pair {
  readonly subscription: string
  event: number
  /** As what it is told: it takes the place of the same, where that waits still. */
  readonly topic: string | undefined
  /** For whom, or for what part, it is counted. */
  readonly requester: string | undefined
  /** Of what is found. */
  readonly unit: string | undefined
  readonly isCritical: boolean
  /** What its place stands for are others of its kind, and not the same again. */
  readonly isOfOthers: boolean
  /** Events of the turn before it that are told as it. */
  joined: number
}
interface Found {
  readonly progress: OutboxProgress
  readonly pairs: readonly Pair[]
  /** How far it has come then. */
  readonly event: number
  readonly subscription: string
  /** Subscriptions that are looked at by themselves, and how far each has come. */
  readonly behind: readonly Behind[]
}
interface Behind {
  readonly id: string
  readonly before: number | undefined
  readonly now: number | undefined
  /** Events for which there is no room any more. */
  readonly dropped: number
}

/** Says for whom events are, at one moment. */
async function lookerOf(tx: ReadTransaction) {
  const snapshot = await snapshotOf(tx, { keep: true })
  const tellers = new Map<string, NativePrincipal>()
  const unitAt = (node: string): string => pathOf(snapshot, node)[1] ?? node
  const tellerFor = (one: Subscription): NativePrincipal => {
    const native = tellers.get(one.id) ?? tellerOf(one)
    tellers.set(one.id, native)
    return native
  }
  return {
    place: (events: readonly StoredEvent[]) => placeEvents({ tx, snapshot: async () => snapshot }, events),
    isFor: (one: Subscription, { event, node }: PlacedEvent): boolean =>
      one.isEnabled &&
      event.onlyFor === undefined &&
      event.subject !== one.id &&
      (parseId('subscription', tx.installation, one.id) ?? 0) < event.n &&
      isWanted(one, event) &&
      (one.node === everywhere || pathOf(snapshot, node).includes(one.node)) &&
      mayTell(snapshot, one, tx.now, tellerFor(one)) &&
      maySee(snapshot, tellerFor(one), tx.now, { event, node }),
    /** What has a share of a turn; undefined: what those of the top have set has none. */
    unitOf: (one: Subscription): string | undefined => (isOfTop(snapshot, one, tx.now) ? undefined : unitAt(one.node)),
    pairs: () => new Pairs(tx, unitAt),
  }
}

/** What comes of the same puts off what waits by so long at most: told in the order in which it happened, and told in the end. */
const putOffMs = 60_000
/** Of one requester in one subscription: more than these wait together, by kind and node. So who does very much keeps nobody else waiting. */
const waitingOfRequesterMax = 100
/** Of what is found at one node, by whatever or whomever, likewise: so who reports very much keeps nobody else waiting. */
const waitingOfNodeMax = 300
/** The same below one unit, by kind alone. */
const waitingOfUnitMax = 1_000
/** Of formats for systems that keep the findings of many: these want each. */
const waitingEachOfNodeMax = 1_000
const waitingEachOfUnitMax = 5_000

/** The pairs of a turn, and what is told as one of them. */
class Pairs {
  readonly #tx: ReadTransaction
  readonly #all = new Map<string, Pair>()
  readonly #unitAt: (node: string) => string
  /** By subscription, and what they are counted for: how many wait. */
  readonly #waiting = new Map<string, number>()
  constructor(tx: ReadTransaction, unitAt: (node: string) => string) {
    this.#tx = tx
    this.#unitAt = unitAt
  }

  /** In the order in which they happened, each with its latest. */
  get all(): readonly Pair[] {
    return [...this.#all.values()].sort((a, b) => a.event - b.event)
  }
  get size(): number {
    return this.#all.size
  }
  /** Adds an event to what is there already; answers whether there is something that it is told as. */
  join(to: Subscription, { event, node }: PlacedEvent): boolean {
    const topics = [topicFor(to, event), ...this.#placesOf(node).map((place) => othersAs(event, place))]
    const keys = topics.flatMap((topic, index) => (topic === undefined && index > 0 ? [] : [keyOf(to, topic, event)]))
    const found = keys.map((key) => this.#all.get(key)).find((pair) => pair !== undefined)
    if (!found) return false
    found.event = event.n
    found.joined++
    return true
  }
  async add(to: Subscription, { event, node }: PlacedEvent): Promise<void> {
    const isFound = event.requester === '' && isOfFinding(event.kind)
    const [, unit] = this.#placesOf(node)
    const others = await this.#othersOf(to, event, node)
    const topic = others ?? topicFor(to, event)
    this.#all.set(keyOf(to, topic, event), {
      ...{ subscription: to.id, event: event.n, topic, joined: 0 },
      requester: isFound ? foundAt(node) : event.requester === '' ? undefined : event.requester,
      unit: isFound ? unit : undefined,
      isCritical: event.severity === 'critical',
      isOfOthers: others !== undefined,
    })
  }
  /** As what it is told where too much waits already of its requester, of its node or of its unit. */
  async #othersOf(to: Subscription, event: StoredEvent, node: string): Promise<string | undefined> {
    const [, unit] = this.#placesOf(node)
    if (othersAs(event, node) === undefined) return undefined
    const { outbox } = this.#tx
    const waiting = (who: string, max: number) => () => outbox.countWaitingOf(to.id, ['requester', who], max)
    if (event.requester !== '') {
      const count = await this.#count(`${to.id}\n${event.requester}`, waiting(event.requester, waitingOfRequesterMax))
      return count > waitingOfRequesterMax ? othersAs(event, node) : undefined
    }
    const isEach = !formatTraits[to.format].hasDigests
    const [ofNode, ofUnit] = isEach
      ? [waitingEachOfNodeMax, waitingEachOfUnitMax]
      : [waitingOfNodeMax, waitingOfUnitMax]
    const atNode = await this.#count(`${to.id}\n${foundAt(node)}`, waiting(foundAt(node), ofNode))
    const inUnit = await this.#count(`${to.id}\nunit ${unit}`, () =>
      outbox.countWaitingOf(to.id, ['unit', unit], ofUnit),
    )
    return atNode > ofNode ? othersAs(event, node) : inUnit > ofUnit ? othersAs(event, unit) : undefined
  }
  /** Where it was found, and the unit below the root that this is in. */
  #placesOf(node: string): readonly [string, string] {
    return [node, this.#unitAt(node)]
  }
  /** How many wait that are counted for the same, with this one. */
  async #count(key: string, read: () => Promise<number>): Promise<number> {
    const known = this.#waiting.get(key) ?? (await read())
    this.#waiting.set(key, known + 1)
    return known + 1
  }
}
/** No principal is called so. */
const foundAt = (node: string): string => `found at ${node}`
/** Whether there is room for one more delivery beside those that are kept. */
const hasRoom = (kept: number, { isCritical }: { readonly isCritical: boolean }): boolean =>
  kept < (isCritical ? deliveriesKeptMax : deliveriesKeptMax - deliveriesReserve)
/** Of one that is quiet for a while, whoever has done it. */
const topicFor = ({ quietSeconds, digest }: Subscription, event: StoredEvent): string | undefined =>
  quietSeconds > 0 && !digest ? topicOf(event) : joinedAs(event)
const keyOf = ({ id }: Subscription, topic: string | undefined, { n }: StoredEvent): string =>
  `${id}\n${topic ?? `event ${n}`}`

/** For all that are not looked at by themselves. */
async function findDeliveries(tx: ReadTransaction): Promise<Found | undefined> {
  const progress = await tx.outbox.progress()
  const events = await tx.outbox.eventsAfter(progress.event, eventsPerTurn)
  if (events.length === 0) return undefined
  const all = await tx.subscriptions.list('', subscriptionsMax)
  const subscriptions = all.filter(({ behind }) => behind === undefined)
  const { place, isFor, unitOf, pairs: begin } = await lookerOf(tx)
  const pairs = begin()
  const ofUnit = new Map<string, number>()
  const late = new Map<string, number>()
  const found = (event: number, subscription: string): Found => ({
    ...{ progress, pairs: pairs.all, event, subscription },
    behind: [...late].map(([id, now]) => ({ id, before: undefined, now, dropped: 0 })),
  })
  let looked = 0
  let done = progress.event
  for (const one of await place(events)) {
    const after = done === progress.event ? progress.subscription : ''
    for (const subscription of subscriptions) {
      const { id } = subscription
      if (id <= after || late.has(id)) continue
      looked++
      if (isFor(subscription, one) && !pairs.join(subscription, one)) {
        const unit = unitOf(subscription)
        const used = unit === undefined ? 0 : (ofUnit.get(unit) ?? 0)
        if (used >= deliveriesOfUnitMax) late.set(id, one.event.n - 1)
        else await pairs.add(subscription, one)
        if (unit !== undefined) ofUnit.set(unit, used + 1)
      }
      if (pairs.size >= deliveriesPerTurn || looked >= pairsPerTurn) return found(done, id)
      if (looked % 1_000 === 0) await tx.nextTurn()
    }
    done = one.event.n
  }
  return found(done, '')
}

/** For some of those that are looked at by themselves: once all others were looked at for all that there is. */
async function findBehind(tx: ReadTransaction): Promise<Found | undefined> {
  const progress = await tx.outbox.progress()
  const all = await tx.subscriptions.list('', subscriptionsMax)
  const late = all.filter(({ behind }) => behind !== undefined)
  if (late.length === 0) return undefined
  const { place, isFor, unitOf, pairs: begin } = await lookerOf(tx)
  // Who is furthest behind goes first: of one who has set them, of one unit, and of all units one after the other.
  late.sort((a, b) => a.behind! - b.behind!)
  const bySetter = (some: readonly Subscription[]) =>
    inTurns([...Map.groupBy(some, ({ setBy }) => accountableOf(setBy)).values()])
  const byUnit = [...Map.groupBy(late, (one) => unitOf(one) ?? '').values()]
  const turn = inTurns(byUnit.map(bySetter)).slice(0, behindPerTurn)
  const pairs = begin()
  const behind: Behind[] = []
  for (const one of turn) {
    if (pairs.size >= deliveriesPerTurn) break
    const before = one.behind!
    const kept = await tx.outbox.countKept(one.id, deliveriesKeptMax)
    const events = (await tx.outbox.eventsAfter(before, eventsPerTurn)).filter(({ n }) => n <= progress.event)
    let now = events.length < eventsPerTurn ? undefined : events.at(-1)!.n
    let its = 0
    let dropped = 0
    for (const placed of await place(events)) {
      if (!isFor(one, placed) || pairs.join(one, placed)) continue
      if (!hasRoom(kept, { isCritical: placed.event.severity === 'critical' })) {
        dropped++
        continue
      }
      if (its >= deliveriesOfBehindPerTurn) {
        now = placed.event.n - 1
        break
      }
      its++
      await pairs.add(one, placed)
    }
    behind.push({ id: one.id, before, now, dropped })
    await tx.nextTurn()
  }
  return { progress, pairs: pairs.all, event: progress.event, subscription: progress.subscription, behind }
}
/** The first of each, then the second of each, and so on. */
function inTurns<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length))
  return Array.from({ length: longest }, (_, n) => lists.flatMap((list) => list.slice(n, n + 1))).flat()
}

async function writeDeliveries(
  tx: Transaction,
  { id }: Worker,
  { progress, pairs, event, subscription, behind }: Found,
  underWay: ReadonlySet<number>,
): Promise<boolean> {
  const now = await tx.outbox.progress()
  // Somebody else has it, or had it in between.
  if (now.worker !== id || now.event !== progress.event || now.subscription !== progress.subscription) return false
  for (const one of behind) {
    const found = await tx.subscriptions.find(one.id)
    if (found && found.behind !== one.before) return false
    const dropped = found && one.dropped > 0 ? { dropped: found.dropped + one.dropped } : {}
    if (found) await tx.subscriptions.change(one.id, { behind: one.now, ...dropped })
  }
  for (const [to, some] of Map.groupBy(pairs, (pair) => pair.subscription)) {
    const found = await tx.subscriptions.find(to)
    if (!found) continue
    let kept = await tx.outbox.countKept(to, deliveriesKeptMax)
    let dropped = 0
    for (const one of some) {
      const place = await placeOf(tx, found, one, underWay)
      if (!place.before && !hasRoom(kept, one)) {
        dropped += 1 + one.joined
        continue
      }
      await insertDelivery(tx, one, place)
      if (!place.before) kept++
    }
    if (dropped > 0) await tx.subscriptions.change(to, { dropped: found.dropped + dropped })
  }
  await tx.outbox.setProgress({ event, subscription })
  return true
}

interface Place {
  readonly madeAt: number
  readonly nextAt: number
  readonly period: number | undefined
  /** What waits there, of which nobody was told yet: it says what holds by now, with how many it stands for. */
  readonly before: Delivery | undefined
}
/**
 * Where what is told has its place: that of the same, where that waits still; else it is due at once, at the end of its hour or day, or of
 * a subscription that is quiet for a while when that is over since the last time. The last one is told always.
 */
async function placeOf(
  { now, outbox }: Transaction,
  { id, format, digest, quietSeconds }: Subscription,
  { topic }: Pair,
  underWay: ReadonlySet<number>,
): Promise<Place> {
  const last = topic === undefined ? undefined : await outbox.lastOf(id, topic)
  // What finds no room among the mails of an hour waits with others until that is over, and so does what is the same.
  const held = !digest && format === 'mail' && (last?.period ?? 0) > now ? last?.period : undefined
  const period = digest ? periodEnd(digest, now) : held
  if (last?.status === 'waiting' && last.attempts === 0 && last.period === period && !underWay.has(last.n)) {
    const { madeAt } = last
    const nextAt = last.nextAt > now ? last.nextAt : Math.min(now, madeAt + putOffMs)
    return { madeAt, nextAt, period, before: last }
  }
  const anew = { madeAt: now, period, before: undefined }
  if (period !== undefined) return { ...anew, nextAt: period }
  if (!last || quietSeconds === 0) return { ...anew, nextAt: now }
  const toldAt = last.status === 'delivered' ? (last.lastAt ?? last.madeAt) : last.madeAt
  // By a clock that was ahead it may have been told later than now.
  return { ...anew, nextAt: Math.max(now, Math.min(toldAt, now) + quietSeconds * 1_000) }
}

async function insertDelivery(
  tx: Transaction,
  { subscription, event, topic, requester, unit, isCritical, isOfOthers, joined }: Pair,
  { madeAt, nextAt, period, before }: Place,
): Promise<void> {
  const { repeats, others } = before ?? { repeats: 0, others: 0 }
  const standsFor = joined + (before ? 1 : 0)
  if (before) await tx.outbox.removeDelivery(before.n)
  await tx.outbox.insertDelivery({
    ...{ n: tx.nextSequence(), subscription, event, status: 'waiting', attempts: 0, madeAt },
    ...{ nextAt, period, topic, requester, unit, isCritical },
    repeats: isOfOthers ? repeats : repeats + standsFor,
    others: isOfOthers ? others + standsFor : others,
  })
}

// What is forgotten --------------------------------------------------------------------------------------------------

/** Whether something happened long ago, or was for a subscription that is deleted. */
export async function isToldForgettable(tx: ReadTransaction): Promise<boolean> {
  return (
    (await tx.subscriptions.anyDeleted()) !== undefined ||
    (await tx.outbox.anyMailsBefore(hourOf(tx.now))) ||
    (await tx.outbox.anyForgettableEvent(tx.now - keptMs))
  )
}
/** Forgets a part of it: of what happened long ago what is delivered of it first, however late that was, or again. */
export async function forgetTold(tx: Transaction): Promise<void> {
  const before = tx.now - keptMs
  await tx.outbox.forgetMails(hourOf(tx.now), forgottenPerTurn)
  const deleted = await tx.subscriptions.anyDeleted()
  if (deleted) {
    const gone = await tx.outbox.forgetDeliveriesOf(deleted.id, forgottenPerTurn)
    if (gone < forgottenPerTurn) await tx.subscriptions.remove(deleted.id)
    return
  }
  if ((await tx.outbox.forgetDeliveries(before, forgottenPerTurn)) > 0) return
  await tx.outbox.forgetEvents(before, forgottenPerTurn)
}
