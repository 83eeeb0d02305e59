// From events to deliveries: each event is looked at for each subscription, a part at a time, behind the requests that wrote it. One server
// works at it, and whoever comes after it goes on where it was.
import { periodEnd } from '#model/delivery.ts'
import { isWanted, topicOf } from '#model/event.ts'
import { parseId } from '#model/identifier.ts'
import { pathOf } from '#model/policy/snapshot.ts'
import type { NativePrincipal } from '#model/principal.ts'
import { everywhere } from '#model/roles.ts'
import type { ReadTransaction, Store, Transaction } from '#store/store.ts'
import type { Delivery, OutboxProgress } from '#store/tables/outbox.ts'
import type { Subscription } from '#store/tables/subscriptions.ts'
import { snapshotOf } from '../snapshot.ts'
import { isEndToTell, tellOfEnds } from './exception-events.ts'
import { deliveriesKeptMax, maySee, mayTell, placeEvents, subscriptionsMax, tellerOf } from './subscriptions.ts'

/** Events that one turn looks at, pairs of one and a subscription, and what it writes: the writer is everybody's. */
const eventsPerTurn = 100
const pairsPerTurn = 10_000
const deliveriesPerTurn = 100
/** A server that says nothing for so long is taken to be gone. */
const leaseMs = 30_000
const leaseLeftMs = 20_000
/** How long what was told is kept, delivered or not. */
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
  const isBehind = (await tx.outbox.newestEvent()) > progress.event || (await isEndToTell(tx, progress))
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
  const found = await store.read(findDeliveries)
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
}

async function findDeliveries(tx: ReadTransaction): Promise<Found | undefined> {
  const progress = await tx.outbox.progress()
  const events = await tx.outbox.eventsAfter(progress.event, eventsPerTurn)
  if (events.length === 0) return undefined
  const subscriptions = await tx.subscriptions.list('', subscriptionsMax)
  const snapshot = await snapshotOf(tx, { keep: true })
  const placed = await placeEvents({ tx, snapshot: async () => snapshot }, events)
  const tellers = new Map(subscriptions.map((one) => [one.id, tellerOf(one)] as const))
  const isFor = (one: Subscription, native: NativePrincipal, { event, node }: (typeof placed)[number]): boolean =>
    one.isEnabled &&
    event.onlyFor === undefined &&
    event.subject !== one.id &&
    (parseId('subscription', tx.installation, one.id) ?? 0) < event.n &&
    isWanted(one, event) &&
    (one.node === everywhere || pathOf(snapshot, node).includes(one.node)) &&
    mayTell(snapshot, one, tx.now, native) &&
    maySee(snapshot, native, tx.now, { event, node })
  const pairs: Pair[] = []
  let looked = 0
  let done = progress.event
  for (const one of placed) {
    const after = done === progress.event ? progress.subscription : ''
    for (const subscription of subscriptions) {
      if (subscription.id <= after) continue
      looked++
      if (isFor(subscription, tellers.get(subscription.id)!, one))
        pairs.push({ event: one.event.n, topic: topicOf(one.event), subscription: subscription.id })
      if (pairs.length >= deliveriesPerTurn || looked >= pairsPerTurn)
        return { progress, pairs, event: done, subscription: subscription.id }
      if (looked % 1_000 === 0) await tx.nextTurn()
    }
    done = one.event.n
  }
  return { progress, pairs, event: done, subscription: '' }
}

async function writeDeliveries(
  tx: Transaction,
  { id }: Worker,
  { progress, pairs, event, subscription }: Found,
): Promise<boolean> {
  const now = await tx.outbox.progress()
  // Somebody else has it, or had it in between.
  if (now.worker !== id || now.event !== progress.event || now.subscription !== progress.subscription) return false
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
  return { ...atOnce, nextAt: Math.max(now, toldAt + quietMs) }
}

// What is forgotten --------------------------------------------------------------------------------------------------

/** Whether something was told long ago, or was for a subscription that is deleted. */
export async function isToldForgettable(tx: ReadTransaction): Promise<boolean> {
  const before = tx.now - keptMs
  return (
    (await tx.subscriptions.anyDeleted()) !== undefined ||
    (await tx.outbox.anyMadeBefore(before)) ||
    (await tx.outbox.anyForgettableEvent(before, forgottenPerTurn))
  )
}
/** Forgets a part of it. */
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
