// Deliveries: which are due, what each says to whoever it is for, and what came of it. The call itself is no part of a transaction.
import {
  type DeliveryOutcome,
  delayAfter,
  deliveryAgeMsMax,
  deliveryAttemptsMax,
  digestEventsMax,
  digestShownMax,
  failuresBeforePause,
  pauseAfter,
} from '#model/delivery.ts'
import {
  eventKindOf,
  type FindingFacts,
  type FindingWords,
  isOfFinding,
  statusTold,
  type TargetFormat,
  type ToldBrief,
  type ToldDigest,
  type ToldEvent,
  type ToldFinding,
  topicOf,
} from '#model/event.ts'
import { type Severity, severities } from '#model/finding.ts'
import { formatId, parseId } from '#model/identifier.ts'
import { kindOfNoun } from '#model/kinds.ts'
import { pathOf } from '#model/policy/snapshot.ts'
import { everywhere } from '#model/roles.ts'
import type { ReadTransaction, Transaction } from '#store/store.ts'
import type { Delivery, StoredEvent } from '#store/tables/outbox.ts'
import type { SealedTarget, Subscription } from '#store/tables/subscriptions.ts'
import { unknownControl } from '../finding/control.ts'
import { controlNamed } from '../finding/controls.ts'
import { permitter } from '../identity/authority.ts'
import type { ReadContext, ReadOperation } from '../operation.ts'
import { namesBeside } from '../policy/labels.ts'
import { snapshotOf } from '../snapshot.ts'
import { isOfTop, isPaused, maySee, mayTell, placeEvents, subscriptionsMax, tellerOf } from './subscriptions.ts'
import { tell } from './telling.ts'

export interface DueDelivery {
  readonly delivery: Delivery
  readonly subscription: Subscription
  /** Below the root, that it is in; else its node. */
  readonly unit: string
  /** Whether whoever set it may do so at the top. */
  readonly isAtTop: boolean
}

/**
 * What is due: of each subscription that is not left alone the delivery that was due first. So no target waits for what others are told.
 * @param isBusy whether a subscription is being told something
 */
export async function dueDeliveries(
  tx: ReadTransaction,
  isBusy: (id: string) => boolean,
): Promise<readonly DueDelivery[]> {
  if (!(await tx.outbox.anyDue(tx.now))) return []
  const all = await tx.subscriptions.list('', subscriptionsMax)
  const open = new Map(
    all.flatMap((one) => (one.isEnabled && !isPaused(one, tx.now) && !isBusy(one.id) ? [[one.id, one]] : [])),
  )
  const due = await tx.outbox.dueOf([...open.keys()], tx.now)
  if (due.length === 0) return []
  const snapshot = await snapshotOf(tx, { keep: true })
  return due.map((delivery) => {
    const subscription = open.get(delivery.subscription)!
    const path = pathOf(snapshot, subscription.node)
    return {
      delivery,
      subscription,
      unit: path[1] ?? subscription.node,
      isAtTop: isOfTop(snapshot, subscription, tx.now),
    }
  })
}

/** As whom a subscription tells, and is on record. */
export const principalOfSubscription = (subscription: Subscription) => ({
  arn: `subscription:${subscription.id} of ${subscription.setBy.name}`,
  accessKeyId: subscription.setBy.credential,
  native: tellerOf(subscription),
})

/** What is told, and where; never on record, since it has secrets. */
export interface Composed {
  readonly told: ToldEvent | ToldDigest
  /** The deliveries that it is. */
  readonly members: readonly number[]
  readonly format: TargetFormat
  readonly target: SealedTarget
  /** Those that sign now. */
  readonly secrets: readonly string[]
  /** Where findings are imported, of `asff`. */
  readonly hubAccount?: string | undefined
  readonly hubRegion?: string | undefined
}
export type Composition =
  | (Composed & {
      /** Of a digest, what whoever is told may not see any more. */
      readonly withheld: readonly number[]
    })
  | { readonly withheld: readonly number[]; readonly members?: undefined }
  | 'gone'

/** Says what a delivery tells, as whoever set its subscription: they are asked for their right at this moment. */
export const composeDelivery: ReadOperation<{ readonly n: number }, Composition> = {
  name: 'composeDelivery',
  access: 'read',
  async run(context, { n }) {
    const { tx, now, caller } = context
    const delivery = await tx.outbox.findDelivery(n)
    const subscription = delivery && (await tx.subscriptions.find(delivery.subscription))
    if (!subscription || delivery?.status !== 'waiting') return 'gone'
    const { period } = delivery
    const together = period === undefined ? [delivery] : await tx.outbox.ofPeriod(delivery, now, digestEventsMax)
    const events = await tx.outbox.someEvents(together.map((one) => one.event))
    const placed = new Map((await placeEvents(context, [...events.values()])).map((one) => [one.event.n, one]))
    const snapshot = await context.snapshot()
    const native = caller.native!
    const isTold = mayTell(snapshot, subscription, now, native)
    const [seen, hidden] = [[] as Delivery[], [] as number[]]
    for (const one of together) {
      const event = placed.get(one.event)
      if (isTold && event && maySee(snapshot, native, now, event)) seen.push(one)
      else hidden.push(one.n)
    }
    const [first] = seen
    if (!first) return { withheld: hidden }
    const target = (await tx.subscriptions.openTarget(subscription.id))!
    const secrets = (target.secrets ?? []).filter(({ until }) => until === undefined || until > now)
    const eventOf = (one: Delivery): StoredEvent => events.get(one.event)!
    const told =
      period === undefined
        ? await toldOf(context, eventOf(first), subscription, first)
        : await digestOf(context, subscription, { period, id: first.n, told: seen.map((one) => [eventOf(one), one]) })
    return {
      told,
      members: seen.map((one) => one.n),
      withheld: hidden,
      format: subscription.format,
      target,
      hubAccount: subscription.hubAccount,
      hubRegion: subscription.hubRegion,
      secrets: secrets.map(({ secret }) => secret),
    }
  },
}

const findingWords: FindingWords = (control, facts) => (controlNamed(control) ?? unknownControl(control)).words(facts)

async function toldOf(
  context: ReadContext,
  event: StoredEvent,
  { contact }: Pick<Subscription, 'contact'>,
  { repeats, others }: StandsFor = alone,
): Promise<ToldEvent> {
  const { tx, settings } = context
  const { kind, severity, at, subject, node, facts } = event
  const account = node === everywhere ? undefined : node
  const nodeName = await nameOfNode(context, node)
  const url = settings.notifications.publicUrl
  const path = pathOfSubject(event)
  const finding = await findingOf(context, event)
  return {
    id: formatId('event', tx.installation, event.n),
    ...{ kind, severity, at, subject, node, facts },
    names: {
      ...(nodeName === undefined ? {} : { [node]: nodeName }),
      ...(await namesBeside(context, { subject, facts }, account)),
    },
    summary: eventKindOf(kind)!.words(facts, findingWords) + othersInWords(event, others),
    ...(finding ? { finding } : {}),
    source: url ?? `urn:cadastre:${tx.installation}`,
    ...(url !== undefined && path !== undefined ? { link: `${url}/api/v1${path}` } : {}),
    ...(contact === undefined ? {} : { contact }),
    ...(repeats === 0 ? {} : { repeats }),
    ...(others === 0 ? {} : { others }),
  }
}
/** How many events a delivery tells of beside its own. */
type StandsFor = Pick<Delivery, 'repeats' | 'others'>
const alone: StandsFor = { repeats: 0, others: 0 }
function othersInWords({ requester }: StoredEvent, others: number): string {
  if (others === 0) return ''
  return requester === ''
    ? ` There are ${others} more like it, found in the same part of the organization: the list of findings has each.`
    : ` There are ${others} more like it, of the same requester: the record has each.`
}

/** Many events in one message: how many there are of what, and of the objects that matter most the latest of each. */
async function digestOf(
  context: ReadContext,
  { id: subscription, node, digest, contact }: Subscription,
  {
    period,
    id,
    told,
  }: {
    readonly period: number
    readonly id: number
    readonly told: readonly (readonly [StoredEvent, StandsFor])[]
  },
): Promise<ToldDigest> {
  const { tx, settings } = context
  const bySeverity = (a: { severity: Severity }, b: { severity: Severity }): number =>
    severities.indexOf(a.severity) - severities.indexOf(b.severity)
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)
  const all = told.map(([event, { repeats, others }]) => ({ event, times: 1 + repeats, count: 1 + repeats + others }))
  const byKind = Map.groupBy(all, ({ event: { kind, severity } }) => `${severity} ${kind}`)
  const counts = [...byKind.values()].map((some) => ({
    event: some[0]!.event.kind,
    severity: some[0]!.event.severity,
    count: sum(some.map(({ count }) => count)),
  }))
  counts.sort((a, b) => bySeverity(a, b) || b.count - a.count)
  const topics = [...Map.groupBy(all, ({ event }) => topicOf(event)).values()].map((some) => ({
    last: some.at(-1)!.event,
    times: sum(some.map(({ times }) => times)),
  }))
  topics.sort((a, b) => bySeverity(a.last, b.last) || b.last.n - a.last.n)
  const shown: ToldBrief[] = []
  for (const { last, times } of topics.slice(0, digestShownMax)) {
    const { kind: event, severity, at, subject, summary, names } = await toldOf(context, last, {})
    const called = names[subject] === undefined ? subject : `${names[subject]} (${subject})`
    shown.push({ event, severity, at, subject, called, summary, times })
  }
  const nodeName = await nameOfNode(context, node)
  const url = settings.notifications.publicUrl
  return {
    id: formatId('delivery', tx.installation, id),
    // It may be told of events one by one by now, and these are told as they were kept.
    digest: digest ?? 'hourly',
    severity: counts[0]!.severity,
    from: told[0]![0].at,
    until: period,
    ...{ subscription, node, total: sum(all.map(({ count }) => count)), counts, shown },
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(url === undefined ? {} : { link: `${url}/api/v1/subscriptions/${subscription}/deliveries` }),
    ...(contact === undefined ? {} : { contact }),
    source: url ?? `urn:cadastre:${tx.installation}`,
  }
}

/** The finding that is told of, as it was then: what never changes of it is read where it is. */
async function findingOf(context: ReadContext, event: StoredEvent): Promise<ToldFinding | undefined> {
  const { kind, at, source, facts } = event
  if (!isOfFinding(kind)) return undefined
  const { findingId, control, of, reason, until } = facts as unknown as FindingFacts & {
    readonly reason?: string
    readonly until?: string
  }
  const n = parseId('finding', context.tx.installation, findingId)
  // One that was forgotten since is told of all the same.
  const row = n === undefined ? undefined : await context.tx.findings.find(n)
  const known = controlNamed(control) ?? unknownControl(control)
  return {
    ...{ findingId, control, title: known.summary, said: findingWords(control, of), status: statusTold(kind), of },
    firstSeenAt: row?.firstSeenAt ?? at,
    ...(row?.resourceType === undefined ? {} : { resourceType: row.resourceType }),
    ...(row?.locale === undefined ? {} : { locale: row.locale }),
    ...(source === '' ? {} : { sourceId: source }),
    ...(reason === undefined || until === undefined ? {} : { suppression: { reason, until } }),
  }
}

/** As far as whoever is told may know. */
async function nameOfNode(context: ReadContext, node: string): Promise<string | undefined> {
  const isPermitted = await permitter(context, 'organization:read')
  if (!isPermitted(node)) return undefined
  const { organizations } = context.tx
  return (await organizations.findNode(node))?.name ?? (await organizations.findAccount(node))?.name
}

/** Where the native API shows what it is about. */
function pathOfSubject({ kind, subject, facts }: StoredEvent): string | undefined {
  const { about } = eventKindOf(kind)!
  if (about === undefined) return kindOfNoun.finding!.path!.replace('{id}', String(facts.findingId))
  return kindOfNoun[about]?.path?.replace('{id}', subject)
}

// What came of it ----------------------------------------------------------------------------------------------------

export const noteWithheld = (tx: Transaction, numbers: readonly number[]): Promise<void> =>
  tx.outbox.changeWaiting(numbers, { status: 'withheld', lastAt: tx.now })

/**
 * @param members the deliveries that were told together
 * @param chance from 0 to 1, so that not all that fail together are tried again together
 */
export async function noteOutcome(
  tx: Transaction,
  members: readonly number[],
  outcome: DeliveryOutcome,
  chance: number,
): Promise<void> {
  const delivery = await tx.outbox.findDelivery(members[0]!)
  if (delivery?.status !== 'waiting') return
  const { now } = tx
  const subscription = await tx.subscriptions.find(delivery.subscription)
  const attempts = delivery.attempts + 1
  if (outcome.isDelivered) {
    const { problem } = outcome
    await tx.outbox.changeWaiting(members, { status: 'delivered', attempts, lastAt: now, problem })
    if (!subscription) return
    const inPart = problem ? { lastProblem: problem, lastFailedAt: now } : {}
    const done = { failures: 0, pausedUntil: undefined, lastDeliveredAt: now, ...inPart }
    await tx.subscriptions.change(subscription.id, done)
    await stayQuiet(tx, subscription, delivery)
    if (problem?.why === 'target-took-long') await noteFailure(tx, subscription, outcome, chance)
    return
  }
  const { problem, isGone = false, retryAfterMs } = outcome
  const isDead = isGone || attempts >= deliveryAttemptsMax || now - delivery.madeAt >= deliveryAgeMsMax
  const nextAt = now + delayAfter(attempts, chance, retryAfterMs)
  const status = isDead ? 'dead' : 'waiting'
  await tx.outbox.changeWaiting(members, { status, attempts, lastAt: now, nextAt, problem })
  if (subscription) await noteFailure(tx, subscription, outcome, chance)
}

/**
 * What is the same and came while this could not be told is quiet for as long as if it had come behind it. It is one at most, the last one: what
 * comes of it takes its place. One that was tried already goes on as it does.
 */
async function stayQuiet(
  { now, outbox }: Transaction,
  { id, quietSeconds }: Subscription,
  { n, topic }: Delivery,
): Promise<void> {
  if (quietSeconds === 0 || topic === undefined) return
  const last = await outbox.lastOf(id, topic)
  const until = now + quietSeconds * 1_000
  if (!last || last.n <= n || last.status !== 'waiting' || last.lastAt !== undefined || last.nextAt >= until) return
  await outbox.changeDelivery(last.n, { nextAt: until })
}

/** A target that has taken something, but not soon, has held a place for as long: it counts as a failure, and is left alone for no longer than once. */
async function noteFailure(
  tx: Transaction,
  { id, node, target, ...subscription }: Subscription,
  outcome: DeliveryOutcome,
  chance: number,
): Promise<void> {
  const failures = outcome.isDelivered
    ? Math.min(subscription.failures + 1, failuresBeforePause)
    : subscription.failures + 1
  const pause = pauseAfter(failures, chance)
  await tx.subscriptions.change(id, {
    failures,
    ...(pause > 0 ? { pausedUntil: tx.now + pause } : {}),
    ...(!outcome.isDelivered && outcome.isGone ? { isEnabled: false } : {}),
    lastProblem: outcome.problem,
    lastFailedAt: tx.now,
  })
  if (failures !== failuresBeforePause || subscription.failures >= failures) return
  await tell(tx, { kind: 'subscription.paused', node, subject: id, facts: { target, failures } })
}
