// From events to deliveries: each event is looked at for each subscription, a part at a time, behind the requests that wrote it. One server
// works at it, and whoever comes after it goes on where it was.
import { periodEnd } from '#model/delivery.ts'
import { isWanted, topicOf } from '#model/event.ts'
import { parseId } from '#model/identifier.ts'
import { pathOf } from '#model/policy/snapshot.ts'
import type { NativePrincipal } from '#model/principal.ts'
import { everywhere } from '#model/roles.ts'
import type { ReadTransaction, Store, Transaction } from '#store/store.ts'
import type { Delivery, OutboxProgress, StoredEvent } from '#store/tables/outbox.ts'
import type { Subscription } from '#store/tables/subscriptions.ts'
import { snapshotOf } from '../snapshot.ts'
import { isEndToTell, tellOfEnds } from './exception-events.ts'
import {
  deliveriesKeptMax,
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

/** Tells of exceptions that end, then finds out for whom the next events are. Answers whether there may be more. */
export async function dispatch(store: Store, worker: Worker): Promise<boolean> {
  const wasEnd = await store.read(async (tx) => isEndToTell(tx, await tx.outbox.progress()))
  if (wasEnd) {
    await store.write(async (tx) => {
      const progress = await tx.outbox.progress()
      if (progress.worker === worker.id) await tx.outbox.setProgress(await tellOfEnds(tx, progress))
    })
  }
  const found = (await store.read(findDeliveries)) ?? (await store.read(findBehind))
  if (!found) return wasEnd
  return store.write((tx) => writeDeliveries(tx, worker, found))
}

interface Pair {
  readonly event: number
  readonly topic: string
  readonly subscription: string
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
    unitOf: (one: Subscription): string | undefined =>
      isOfTop(snapshot, one, tx.now) ? undefined : (pathOf(snapshot, one.node)[1] ?? one.node),
  }
}
const pairOf = ({ event }: PlacedEvent, subscription: string): Pair => ({
  ...{ event: event.n, subscription },
  topic: topicOf(event),
})

/** For all that are not looked at by themselves. */
async function findDeliveries(tx: ReadTransaction): Promise<Found | undefined> {
  const progress = await tx.outbox.progress()
  const events = await tx.outbox.eventsAfter(progress.event, eventsPerTurn)
  if (events.length === 0) return undefined
  const all = await tx.subscriptions.list('', subscriptionsMax)
  const subscriptions = all.filter(({ behind }) => behind === undefined)
  const { place, isFor, unitOf } = await lookerOf(tx)
  const pairs: Pair[] = []
  const ofUnit = new Map<string, number>()
  const late = new Map<string, number>()
  const found = (event: number, subscription: string): Found => ({
    ...{ progress, pairs, event, subscription },
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
      if (isFor(subscription, one)) {
        const unit = unitOf(subscription)
        const used = unit === undefined ? 0 : (ofUnit.get(unit) ?? 0)
        if (used >= deliveriesOfUnitMax) late.set(id, one.event.n - 1)
        else pairs.push(pairOf(one, id))
        if (unit !== undefined) ofUnit.set(unit, used + 1)
      }
      if (pairs.length >= deliveriesPerTurn || looked >= pairsPerTurn) return found(done, id)
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
  const { place, isFor, unitOf } = await lookerOf(tx)
  // Who is furthest behind goes first: of one who has set them, of one unit, and of all units one after the other.
  late.sort((a, b) => a.behind! - b.behind!)
  const bySetter = (some: readonly Subscription[]) =>
    inTurns([...Map.groupBy(some, ({ setBy }) => setBy.name).values()])
  const byUnit = [...Map.groupBy(late, (one) => unitOf(one) ?? '').values()]
  const turn = inTurns(byUnit.map(bySetter)).slice(0, behindPerTurn)
  const pairs: Pair[] = []
  const behind: Behind[] = []
  for (const one of turn) {
    if (pairs.length >= deliveriesPerTurn) break
    const before = one.behind!
    const room = deliveriesKeptMax - (await tx.outbox.countKept(one.id, deliveriesKeptMax))
    const events = (await tx.outbox.eventsAfter(before, eventsPerTurn)).filter(({ n }) => n <= progress.event)
    let now = events.length < eventsPerTurn ? undefined : events.at(-1)!.n
    let its = 0
    let dropped = 0
    for (const placed of await place(events)) {
      if (!isFor(one, placed)) continue
      if (room <= 0) {
        dropped++
        continue
      }
      if (its >= deliveriesOfBehindPerTurn) {
        now = placed.event.n - 1
        break
      }
      its++
      pairs.push(pairOf(placed, one.id))
    }
    behind.push({ id: one.id, before, now, dropped })
    await tx.nextTurn()
  }
  return { progress, pairs, event: progress.event, subscription: progress.subscription, behind }
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
    const kept = await tx.outbox.countKept(to, deliveriesKeptMax)
    const fitting = some.slice(0, Math.max(0, deliveriesKeptMax - kept))
    for (const one of fitting) await insertDelivery(tx, found, one)
    if (fitting.length < some.length)
      await tx.subscriptions.change(to, { dropped: found.dropped + some.length - fitting.length })
  }
  await tx.outbox.setProgress({ event, subscription })
  return true
}

async function insertDelivery(tx: Transaction, to: Subscription, { event, topic }: Pair): Promise<void> {
  const { now } = tx
  const { digest, quietSeconds } = to
  const made = { subscription: to.id, event, status: 'waiting', attempts: 0, madeAt: now } as const
  if (digest) {
    const period = periodEnd(digest, now)
    await tx.outbox.insertDelivery({ n: tx.nextSequence(), ...made, nextAt: period, period, repeats: 0 })
    return
  }
  if (quietSeconds === 0) {
    await tx.outbox.insertDelivery({ n: tx.nextSequence(), ...made, nextAt: now, repeats: 0 })
    return
  }
  const last = await tx.outbox.lastOf(to.id, topic)
  const { nextAt, repeats, isInPlace } = quietPlace(last, quietSeconds * 1_000, now)
  // Nobody was told of that one: this one says what holds by now.
  if (last && isInPlace) await tx.outbox.removeDelivery(last.n)
  await tx.outbox.insertDelivery({ n: tx.nextSequence(), ...made, nextAt, topic, repeats })
}

/** When the same of the same object is told of again: at once, or when the quiet since the last time is over. The last one is told always. */
function quietPlace(
  last: Delivery | undefined,
  quietMs: number,
  now: number,
): { readonly nextAt: number; readonly repeats: number; readonly isInPlace: boolean } {
  const atOnce = { nextAt: now, repeats: 0, isInPlace: false }
  if (!last) return atOnce
  if (last.status === 'waiting' && last.attempts === 0)
    return { nextAt: last.nextAt, repeats: last.repeats + 1, isInPlace: true }
  const toldAt = last.status === 'delivered' ? (last.lastAt ?? last.madeAt) : last.madeAt
  // By a clock that was ahead it may have been told later than now.
  return { ...atOnce, nextAt: Math.max(now, Math.min(toldAt, now) + quietMs) }
}

// What is forgotten --------------------------------------------------------------------------------------------------

/** Whether something happened long ago, or was for a subscription that is deleted. */
export async function isToldForgettable(tx: ReadTransaction): Promise<boolean> {
  return (await tx.subscriptions.anyDeleted()) !== undefined || (await tx.outbox.anyForgettableEvent(tx.now - keptMs))
}
/** Forgets a part of it: of what happened long ago what is delivered of it first, however late that was, or again. */
export async function forgetTold(tx: Transaction): Promise<void> {
  const before = tx.now - keptMs
  const deleted = await tx.subscriptions.anyDeleted()
  if (deleted) {
    const gone = await tx.outbox.forgetDeliveriesOf(deleted.id, forgottenPerTurn)
    if (gone < forgottenPerTurn) await tx.subscriptions.remove(deleted.id)
    return
  }
  if ((await tx.outbox.forgetDeliveries(before, forgottenPerTurn)) > 0) return
  await tx.outbox.forgetEvents(before, forgottenPerTurn)
}
