// Deliveries: which are due, what each says to whoever it is for, and what came of it. The call itself is no part of a transaction.
import {
  type DeliveryOutcome,
  delayAfter,
  deliveryAgeMsMax,
  deliveryAttemptsMax,
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
  type ToldEvent,
  type ToldFinding,
} from '#model/event.ts'
import { formatId, parseId } from '#model/identifier.ts'
import { kindOfNoun } from '#model/kinds.ts'
import { everywhere } from '#model/roles.ts'
import type { ReadTransaction, Transaction } from '#store/store.ts'
import type { Delivery, StoredEvent } from '#store/tables/outbox.ts'
import type { SealedTarget, Subscription } from '#store/tables/subscriptions.ts'
import { unknownControl } from '../finding/control.ts'
import { controlNamed } from '../finding/controls.ts'
import { permitter } from '../identity/authority.ts'
import type { ReadContext, ReadOperation } from '../operation.ts'
import { namesBeside } from '../policy/labels.ts'
import { isPaused, maySee, mayTell, placeEvents, subscriptionsMax, tellerOf } from './subscriptions.ts'
import { tell } from './telling.ts'

export interface DueDelivery {
  readonly delivery: Delivery
  readonly subscription: Subscription
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
  return due.map((delivery) => ({ delivery, subscription: open.get(delivery.subscription)! }))
}

/** As whom a subscription tells, and is on record. */
export const principalOfSubscription = (subscription: Subscription) => ({
  arn: `subscription:${subscription.id} of ${subscription.setBy.name}`,
  accessKeyId: subscription.setBy.credential,
  native: tellerOf(subscription),
})

/** What is told, and where; never on record, since it has secrets. */
export interface Composed {
  readonly told: ToldEvent
  readonly format: TargetFormat
  readonly target: SealedTarget
  /** Those that sign now. */
  readonly secrets: readonly string[]
  /** Where findings are imported, of `asff`. */
  readonly hubAccount?: string | undefined
  readonly hubRegion?: string | undefined
}
export type Composition = Composed | 'withheld' | 'gone'

/** Says what a delivery tells, as whoever set its subscription: they are asked for their right at this moment. */
export const composeDelivery: ReadOperation<{ readonly n: number }, Composition> = {
  name: 'composeDelivery',
  access: 'read',
  async run(context, { n }) {
    const { tx, now, caller } = context
    const delivery = await tx.outbox.findDelivery(n)
    const subscription = delivery && (await tx.subscriptions.find(delivery.subscription))
    const event = delivery && (await tx.outbox.findEvent(delivery.event))
    if (!subscription || !event || delivery.status !== 'waiting') return 'gone'
    const snapshot = await context.snapshot()
    const native = caller.native!
    const [placed] = await placeEvents(context, [event])
    if (!mayTell(snapshot, subscription, now, native) || !maySee(snapshot, native, now, placed!)) return 'withheld'
    const target = (await tx.subscriptions.openTarget(subscription.id))!
    const secrets = (target.secrets ?? []).filter(({ until }) => until === undefined || until > now)
    return {
      told: await toldOf(context, event, subscription),
      format: subscription.format,
      target,
      hubAccount: subscription.hubAccount,
      hubRegion: subscription.hubRegion,
      secrets: secrets.map(({ secret }) => secret),
    }
  },
}

const findingWords: FindingWords = (control, facts) => (controlNamed(control) ?? unknownControl(control)).words(facts)

async function toldOf(context: ReadContext, event: StoredEvent, { contact }: Subscription): Promise<ToldEvent> {
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
    summary: eventKindOf(kind)!.words(facts, findingWords),
    ...(finding ? { finding } : {}),
    source: url ?? `urn:cadastre:${tx.installation}`,
    ...(url !== undefined && path !== undefined ? { link: `${url}/api/v1${path}` } : {}),
    ...(contact === undefined ? {} : { contact }),
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

/** @param chance from 0 to 1, so that not all that fail together are tried again together */
export async function noteOutcome(
  tx: Transaction,
  n: number,
  outcome: DeliveryOutcome | 'withheld',
  chance: number,
): Promise<void> {
  const delivery = await tx.outbox.findDelivery(n)
  if (delivery?.status !== 'waiting') return
  const { now } = tx
  if (outcome === 'withheld') {
    await tx.outbox.changeDelivery(n, { status: 'withheld', lastAt: now })
    return
  }
  const subscription = await tx.subscriptions.find(delivery.subscription)
  const attempts = delivery.attempts + 1
  if (outcome.isDelivered) {
    const { problem } = outcome
    await tx.outbox.changeDelivery(n, { status: 'delivered', attempts, lastAt: now, problem })
    const inPart = problem ? { lastProblem: problem, lastFailedAt: now } : {}
    const done = { failures: 0, pausedUntil: undefined, lastDeliveredAt: now, ...inPart }
    if (subscription) await tx.subscriptions.change(subscription.id, done)
    return
  }
  const { problem, isGone = false, retryAfterMs } = outcome
  const isDead = isGone || attempts >= deliveryAttemptsMax || now - delivery.madeAt >= deliveryAgeMsMax
  const nextAt = now + delayAfter(attempts, chance, retryAfterMs)
  await tx.outbox.changeDelivery(n, { status: isDead ? 'dead' : 'waiting', attempts, lastAt: now, nextAt, problem })
  if (subscription) await noteFailure(tx, subscription, outcome, chance)
}

async function noteFailure(
  tx: Transaction,
  { id, node, target, ...subscription }: Subscription,
  { problem, isGone }: Exclude<DeliveryOutcome, { readonly isDelivered: true }>,
  chance: number,
): Promise<void> {
  const failures = subscription.failures + 1
  const pause = pauseAfter(failures, chance)
  await tx.subscriptions.change(id, {
    failures,
    ...(pause > 0 ? { pausedUntil: tx.now + pause } : {}),
    ...(isGone ? { isEnabled: false } : {}),
    lastProblem: problem,
    lastFailedAt: tx.now,
  })
  if (failures !== failuresBeforePause) return
  await tell(tx, { kind: 'subscription.paused', node, subject: id, facts: { target, failures } })
}
