// Subscriptions: who is told of what, and where. One tells no more than whoever set it may see at that moment, by roles bound to their name.
import { randomBytes } from 'node:crypto'
import type { DigestPeriod } from '#model/delivery.ts'
import { readSyslogUrl, readTargetUrl, recipientProblem } from '#model/delivery-target.ts'
import { type EventName, eventKindOf, everyEvent, formatTraits, kindsWanted, type TargetFormat } from '#model/event.ts'
import { type Severity, severities } from '#model/finding.ts'
import { formatId, parseId } from '#model/identifier.ts'
import { pathOf, type Snapshot } from '#model/policy/snapshot.ts'
import { type Actor, accountableOf, isSameBearer, type NativePrincipal, partiesOf } from '#model/principal.ts'
import { type Refusal, refuse, refuseValue } from '#model/refusal.ts'
import { type Action, everywhere } from '#model/roles.ts'
import type { Delivery, DeliveryStatus, StoredEvent } from '#store/tables/outbox.ts'
import type { RuleSetter } from '#store/tables/sources.ts'
import type { SealedTarget, Subscription } from '#store/tables/subscriptions.ts'
import { actingAs, refuseRightOfGroup, setterOf } from '../estate/rule-setter.ts'
import { whereRead } from '../finding/findings.ts'
import { refuseMalformed } from '../identifiers.ts'
import {
  accessOn,
  mayAnywhere,
  mayAtTop,
  mayThroughout,
  type Place,
  permitter,
  refuseWithoutRole,
} from '../identity/authority.ts'
import { nodesBelow } from '../identity/nodes-below.ts'
import { latestFirst, nothing, type Page, type PageAsked, readPage } from '../listing.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { refuseBadContact } from '../organization/tagging.ts'
import { tell } from './telling.ts'

/** Our own bounds. */
export const subscriptionsMax = 1_000
export const subscriptionsOfNodeMax = 20
/** Below one unit at the top, with all that is below it. */
export const subscriptionsPerTopUnitMax = 100
/** Of the subscriptions, so many are for whoever may manage them at the top. */
export const subscriptionsReserve = 100
/** Of one subscription that wait or are dead; of more, nothing is kept. */
export const deliveriesKeptMax = 10_000
/** Of these, so many are for what is critical. */
export const deliveriesReserve = 500
/** Dead letters that one request begins anew. */
export const replayedPerRequestMax = 1_000
/** Tries in one hour: each may be a mail to twenty. */
export const testsOfSubscriptionMax = 10
export const testsOfRequesterMax = 30
export const testsPerTopUnitMax = 100
export const testsMax = 1_000
/** Of these, so many are for whoever may manage subscriptions at the top. */
export const testsReserve = 100
const testedMs = 3_600_000
/** How long the secret before signs as well. */
export const overlapSecondsDefault = 86_400
export const overlapSecondsMax = 7 * 86_400

export interface TargetParams {
  readonly targetUrl?: string
  readonly recipients?: readonly string[]
}
/** Where findings are imported, of `asff`. */
export interface HubParams {
  readonly hubAccount?: string
  readonly hubRegion?: string
}
export interface SubscriptionSpec extends TargetParams, HubParams {
  readonly digest?: DigestPeriod
  readonly quietSeconds: number
  readonly node: string
  readonly format: TargetFormat
  readonly events: readonly string[]
  readonly severity: Severity
  readonly contact?: string
  readonly description?: string
}
export interface SubscriptionUpdate extends TargetParams, HubParams {
  /** `null`: each event alone. */
  readonly digest?: DigestPeriod | null
  readonly quietSeconds?: number
  readonly events?: readonly string[]
  readonly severity?: Severity
  /** `null`: none. */
  readonly contact?: string | null
  readonly description?: string | null
  readonly isEnabled?: boolean
  /** Whoever asks for it is told from then on in place of who set it, where it goes already. */
  readonly takeOver?: boolean
}

/** 256 random bits, as https://www.standardwebhooks.com writes them. */
export const drawSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`

/** Makes a subscription, which is told of what happens from then on. */
export async function createSubscription(
  context: WriteContext,
  { node, format, events, severity, digest, quietSeconds, contact, description, ...params }: SubscriptionSpec,
  drawn: string,
): Promise<{ readonly created: Subscription; readonly secret?: string }> {
  refuseBadContact(contact)
  const { hubAccount, hubRegion, ...where } = params
  const { shown, target } = readTarget(context, format, where)
  refuseHub(format, { hubAccount, hubRegion })
  refuseNothing(format, events)
  refuseDigest({ format, digest, quietSeconds })
  await refuseTooMany(context, node)
  const setBy = setterOf(context)
  await refuseRightOfGroup(context, setBy, node, 'notification:manage')
  const created: Subscription = {
    id: context.newId('subscription'),
    ...{ node, events: distinct(events), severity, format, target: shown, contact, description },
    ...{ hubAccount, hubRegion, digest, quietSeconds },
    isEnabled: true,
    setBy,
    createdAt: context.now,
    failures: 0,
    dropped: 0,
  }
  const { isSigned } = formatTraits[format]
  await context.tx.subscriptions.insert(created, { ...target, ...(isSigned ? { secrets: [{ secret: drawn }] } : {}) })
  await recordSubscription(context, created)
  return { created, ...(isSigned ? { secret: drawn } : {}) }
}

/**
 * Changes what is given. Whoever names where it goes is told from then on in place of who set it before: else they could have what others
 * see sent to themselves. Whoever names it not lends their right to no target of others, unless they take it over.
 */
export async function updateSubscription(
  context: WriteContext,
  subscription: Subscription,
  { targetUrl, recipients, takeOver = false, ...update }: SubscriptionUpdate,
  drawn: string,
): Promise<Subscription> {
  refuseBadContact(update.contact)
  const { hubAccount = subscription.hubAccount, hubRegion = subscription.hubRegion } = update
  refuseHub(subscription.format, { hubAccount, hubRegion })
  if (update.events) refuseNothing(subscription.format, update.events)
  const { quietSeconds = subscription.quietSeconds } = update
  const digest = update.digest === undefined ? subscription.digest : (update.digest ?? undefined)
  refuseDigest({ format: subscription.format, digest, quietSeconds })
  const isElsewhere = targetUrl !== undefined || recipients !== undefined
  const events = update.events ? distinct(update.events) : subscription.events
  const wanted: Wanted = {
    ...{ events, digest, severity: update.severity ?? subscription.severity },
    isEnabled: update.isEnabled ?? subscription.isEnabled,
  }
  const isTakenOver = isElsewhere || takeOver
  const setBy = isTakenOver ? await takenOverBy(context, subscription, wanted) : subscription.setBy
  if (!isTakenOver) await refuseToldMore(context, subscription, wanted)
  const read = isElsewhere
    ? readTarget(context, subscription.format, { targetUrl, recipients } as TargetParams)
    : undefined
  const sealed = read && (await context.tx.subscriptions.openTarget(subscription.id))
  const changes = {
    ...(read ? { target: read.shown } : {}),
    ...wanted,
    ...{ hubAccount, hubRegion, digest, quietSeconds },
    ...(update.contact === undefined ? {} : { contact: update.contact ?? undefined }),
    ...(update.description === undefined ? {} : { description: update.description ?? undefined }),
    // What it has failed for may be mended by this.
    ...{ failures: 0, pausedUntil: undefined },
    setBy,
  }
  // What one receiver believes is signed for no other: that one could send it on.
  const secrets = sealed?.url === read?.target.url ? sealed?.secrets : sealed?.secrets && [{ secret: drawn }]
  const target = read && { ...read.target, ...(secrets ? { secrets } : {}) }
  await context.tx.subscriptions.change(subscription.id, changes, target)
  const updated = { ...subscription, ...changes }
  await recordSubscription(context, updated)
  return updated
}

type Wanted = Pick<Subscription, 'events' | 'severity' | 'digest' | 'isEnabled'>

/** Who tells from now on: the caller, who must see as much as who told before. Else they would silence what goes on as if nothing were missing. */
async function takenOverBy(
  context: WriteContext,
  subscription: Subscription,
  { events }: Pick<Wanted, 'events'>,
): Promise<RuleSetter> {
  const { node, format } = subscription
  const setBy = setterOf(context)
  await refuseRightOfGroup(context, setBy, node, 'notification:manage')
  // What is asked for no more is seen to be told no more; and one that is stopped tells nothing.
  const stays = new Set(kindsWanted({ events, format }))
  const kinds = kindsWanted(subscription).filter((name) => stays.has(name))
  const snapshot = await context.snapshot()
  if (mayTell(snapshot, subscription, context.now))
    await refuseSeesLess(context, tellerOf({ setBy }), subscription, kinds)
  return setBy
}
/** Refuses what would have more told of what the caller may not see, to where somebody else has it sent: the caller may read that. */
async function refuseToldMore(context: WriteContext, subscription: Subscription, after: Wanted): Promise<void> {
  const { format, severity, digest, isEnabled } = subscription
  const before = new Set(kindsWanted(subscription))
  const isMoreOfAll =
    severities.indexOf(after.severity) > severities.indexOf(severity) ||
    (digest !== undefined && after.digest === undefined) ||
    (after.isEnabled && !isEnabled)
  const kinds = kindsWanted({ events: after.events, format }).filter((name) => isMoreOfAll || !before.has(name))
  await refuseSeesLess(context, context.caller.native!, subscription, kinds)
}
async function refuseSeesLess(
  context: WriteContext,
  native: NativePrincipal,
  { node, setBy }: Subscription,
  kinds: readonly EventName[],
): Promise<void> {
  const snapshot = await context.snapshot()
  const { now } = context
  const setter = tellerOf({ setBy })
  for (const action of new Set(kinds.map((name) => eventKindOf(name)!.read))) {
    if (seesAll(snapshot, now, { of: setter, with: native, action, node })) continue
    refuseWithoutRole(context, action, node, { why: 'sees-less', setter: setBy.name, action })
  }
}
/** Whether one sees at a node, and below it, all that another one does. */
function seesAll(snapshot: Snapshot, now: number, { of, with: native, action, node }: Comparison): boolean {
  const parties = [of, native].flatMap((one) => partiesOf(one, now))
  const names = parties.flatMap(({ name, groups, formerGroups }) => [name, ...groups, ...formerGroups])
  const isBelow = (one: string): boolean => node === everywhere || pathOf(snapshot, one).includes(node)
  // What is permitted, and what is forbidden, is so from the node of a binding on.
  const bound = snapshot.bindings.ofAll(new Set(names)).map((one) => one.node)
  return [node, ...new Set(bound.filter(isBelow))].every(
    (one) => !mayAt(snapshot, of, now, action, one) || mayAt(snapshot, native, now, action, one),
  )
}
interface Comparison {
  readonly of: NativePrincipal
  readonly with: NativePrincipal
  readonly action: Action
  readonly node: string
}

/** Signs with another secret from now on, and with the one before for a while as well. Who tells stays who it is. */
export async function rotateSecret(
  context: WriteContext,
  subscription: Subscription,
  overlapSeconds: number,
  drawn: string,
): Promise<Subscription> {
  const { id, format } = subscription
  if (!formatTraits[format].isSigned) refuseValue('subscriptionId', id, { why: 'signs-nothing', format })
  const sealed = (await context.tx.subscriptions.openTarget(id))!
  const [before] = sealed.secrets ?? []
  const until = context.now + overlapSeconds * 1_000
  const secrets = [{ secret: drawn }, ...(before && overlapSeconds > 0 ? [{ ...before, until }] : [])]
  await context.tx.subscriptions.change(id, {}, { ...sealed, secrets })
  await recordSubscription(context, subscription)
  return subscription
}

/** Deletes a subscription with what waits for it. */
export async function deleteSubscription(context: WriteContext, { id }: Subscription): Promise<void> {
  await context.tx.subscriptions.change(id, { deletedAt: context.now })
  await context.tx.history.ended([id])
  context.changed(id)
}
/** Deletes those at a node that is gone. */
export async function deleteSubscriptionsAt(context: WriteContext, node: string): Promise<void> {
  const gone = await context.tx.subscriptions.deleteAt(node, context.now)
  await context.tx.history.ended(gone)
  context.changed(...gone)
}

/** Kept is none where all are asked for. */
const distinct = (events: readonly string[]): readonly string[] =>
  events.includes(everyEvent) ? [] : [...new Set(events)].sort()
export const shownEvents = (events: readonly string[]): readonly string[] =>
  events.length === 0 ? [everyEvent] : events

function refuseHub(
  format: TargetFormat,
  { hubAccount, hubRegion }: Partial<Record<keyof HubParams, string | undefined>>,
): void {
  if (format === 'asff' && (hubAccount === undefined || hubRegion === undefined))
    refuse({ code: 'MissingParameter', field: hubAccount === undefined ? 'hubAccount' : 'hubRegion' })
  const given = hubAccount ?? hubRegion
  if (format !== 'asff' && given !== undefined)
    refuseValue(hubAccount === undefined ? 'hubRegion' : 'hubAccount', given, { why: 'hub-only', format })
}
function refuseDigest({
  format,
  digest,
  quietSeconds,
}: Pick<Subscription, 'format' | 'digest' | 'quietSeconds'>): void {
  if (digest === undefined) return
  if (!formatTraits[format].hasDigests) refuseValue('digest', digest, { why: 'no-digests', format })
  if (quietSeconds > 0) refuseValue('quietSeconds', String(quietSeconds), { why: 'quiet-digest' })
}
/** One that would never be told anything is a mistake. */
function refuseNothing(format: TargetFormat, events: readonly string[]): void {
  if (kindsWanted({ events: distinct(events), format }).length === 0)
    refuseValue('events', events.join(', '), { why: 'no-events-left', format })
}

/** What is kept of where it goes, and what is shown of it. */
function readTarget(
  { settings }: WriteContext,
  format: TargetFormat,
  { targetUrl, recipients }: TargetParams,
): { readonly shown: string; readonly target: SealedTarget } {
  const { notifications } = settings
  const { over } = formatTraits[format]
  if (over === 'mail') {
    if (targetUrl !== undefined) refuseValue('targetUrl', targetUrl, { why: 'recipients-only' })
    if (recipients === undefined || recipients.length === 0) refuse({ code: 'MissingParameter', field: 'recipients' })
    if (!notifications.sendsMail) refuseValue('format', format, { why: 'mail-not-set-up' })
    for (const [index, one] of recipients.entries()) {
      const problem = recipientProblem(one, notifications.mailDomains)
      if (problem) refuseValue(`recipients.${index}`, one, problem)
    }
    return { shown: recipients.join(', '), target: { recipients } }
  }
  if (recipients !== undefined) refuseValue('recipients', recipients.join(', '), { why: 'url-only', format })
  if (targetUrl === undefined) refuse({ code: 'MissingParameter', field: 'targetUrl' })
  const read = over === 'syslog' ? readSyslogUrl(targetUrl, notifications) : readTargetUrl(targetUrl, notifications)
  // A URL may be as good as a password: it is repeated to nobody.
  if ('problem' in read) refuseValue('targetUrl', targetUrl, read.problem)
  return { shown: read.shown, target: { url: read.url } }
}

async function refuseTooMany(context: WriteContext, node: string): Promise<void> {
  const snapshot = await context.snapshot()
  const path = pathOf(snapshot, node)
  const isAtTop = await mayAtTop(context, 'notification:manage', path)
  const unit = path[1] ?? node
  const nodes = isAtTop ? [] : await context.tx.subscriptions.nodes()
  const below = nodes.filter((one) => pathOf(snapshot, one).includes(unit)).length
  if (below >= subscriptionsPerTopUnitMax) {
    const bound = { limit: subscriptionsPerTopUnitMax, used: below, countedFor: { per: 'unit', unit } } as const
    refuse({ code: 'LimitExceeded', what: { of: 'subscriptions' }, ...bound })
  }
  const bounds = [
    ...(isAtTop ? [] : ([[subscriptionsOfNodeMax, node, { per: 'node', node }]] as const)),
    [isAtTop ? subscriptionsMax : subscriptionsMax - subscriptionsReserve, undefined, { per: 'installation' }],
  ] as const
  for (const [limit, at, countedFor] of bounds) {
    const used = await context.tx.subscriptions.count(limit, at)
    if (used >= limit) refuse({ code: 'LimitExceeded', what: { of: 'subscriptions' }, limit, used, countedFor })
  }
}

/** What the history keeps: what people set, without where it goes to in full and without secrets. */
async function recordSubscription(context: WriteContext, subscription: Subscription): Promise<void> {
  const { id, node, severity, format, target, contact, description, isEnabled, setBy, createdAt } = subscription
  const { hubAccount, hubRegion, digest, quietSeconds } = subscription
  const events = shownEvents(subscription.events)
  const body = {
    ...{ id, node, events, severity, format, target, hubAccount, hubRegion, contact, description, isEnabled },
    ...{ digest, ...(quietSeconds === 0 ? {} : { quietSeconds }) },
    ...{ setBy: setBy.name, createdAt },
  }
  await context.tx.history.changed({ id, kind: 'subscription', account: context.caller.account }, body)
  context.changed(id)
}

// Finding ------------------------------------------------------------------------------------------------------------

const absentSubscription = (id: string): Refusal => ({ code: 'NotFound', what: 'subscription', id })

export async function getSubscription(context: ReadContext, id: string): Promise<Subscription> {
  refuseMalformed('subscription', id)
  return (await context.tx.subscriptions.find(id)) ?? refuse(absentSubscription(id))
}
export async function placeOfSubscription(
  context: ReadContext,
  { subscriptionId }: { readonly subscriptionId: string },
): Promise<Place> {
  return { node: (await getSubscription(context, subscriptionId)).node, absent: absentSubscription(subscriptionId) }
}

/** The subscriptions that the caller may see, in order of creation. */
export async function listSubscriptions(
  context: ReadContext,
  { node }: { readonly node?: string | undefined },
  asked: PageAsked<string>,
): Promise<Page<Subscription, string>> {
  const mayRead = await permitter(context, 'notification:read')
  if (!(await mayAnywhere(context, 'notification:read'))) return nothing
  const nodes = node === undefined ? undefined : await nodesBelow(context, node)
  const snapshot = await context.snapshot()
  const isThere = (one: Subscription): boolean =>
    node === undefined || node === '*' || pathOf(snapshot, one.node).includes(node)
  return readPage(context, asked, {
    read: (after = '', limit) =>
      nodes ? context.tx.subscriptions.at(nodes, after, limit) : context.tx.subscriptions.list(after, limit),
    placeOf: ({ id }: Subscription) => id,
    show: (rows) => rows.map((row) => (mayRead(row.node) && isThere(row) ? row : undefined)),
  })
}

/** How a subscription is doing. `stopped`: whoever set it may not manage it any more, and is told nothing. */
export type SubscriptionState = 'active' | 'paused' | 'disabled' | 'stopped'
export const subscriptionStates = ['active', 'paused', 'disabled', 'stopped'] as const
/** States at one moment. */
export async function stateTeller(context: ReadContext): Promise<(subscription: Subscription) => SubscriptionState> {
  const { now } = context
  const snapshot = await context.snapshot()
  return (subscription) => {
    if (!subscription.isEnabled) return 'disabled'
    if (!mayTell(snapshot, subscription, now)) return 'stopped'
    return isPaused(subscription, now) ? 'paused' : 'active'
  }
}
/** Whether the caller may know how often a subscription tells something, at one moment: whoever set it may, and who may see all that it tells. */
export async function doingTeller(
  context: ReadContext,
): Promise<(subscription: Pick<Subscription, 'setBy' | 'node' | 'events' | 'format'>) => Promise<boolean>> {
  const { native } = context.caller
  const known = new Map<string, boolean>()
  const maySeeAll = async (action: Action, node: string): Promise<boolean> => {
    const key = `${action} ${node}`
    const may = known.get(key) ?? (await mayThroughout(context, action, node))
    known.set(key, may)
    return may
  }
  return async ({ setBy, node, events, format }) => {
    if (native && isSameBearer(actorOf(native), actorOf(setBy))) return true
    const actions = new Set(kindsWanted({ events, format }).map((name) => eventKindOf(name)!.read))
    for (const action of actions) if (!(await maySeeAll(action, node))) return false
    return true
  }
}
const actorOf = ({ name, makers }: Pick<NativePrincipal, 'name' | 'makers'>): Actor => ({ by: name, makers })
export const isPaused = ({ pausedUntil }: Pick<Subscription, 'pausedUntil'>, now: number): boolean =>
  pausedUntil !== undefined && pausedUntil > now

// What it may tell ---------------------------------------------------------------------------------------------------

/** As whom a subscription tells: whoever set it. */
export const tellerOf = ({ setBy }: Pick<Subscription, 'setBy'>): NativePrincipal => actingAs(setBy)

const mayAt = (snapshot: Snapshot, native: NativePrincipal, now: number, action: Action, node: string): boolean =>
  accessOn(snapshot, { caller: { native }, now }, action, node).isPermitted

/** Whether whoever set it may manage it still. */
export const mayTell = (
  snapshot: Snapshot,
  subscription: Pick<Subscription, 'setBy' | 'node'>,
  now: number,
  native = tellerOf(subscription),
): boolean => mayAt(snapshot, native, now, 'notification:manage', subscription.node)

/** Whether whoever set it may manage subscriptions at the top of where it is: what they have to tell waits for nobody's of a part. */
export function isOfTop(
  snapshot: Snapshot,
  { setBy, node }: Pick<Subscription, 'setBy' | 'node'>,
  now: number,
): boolean {
  const native = tellerOf({ setBy })
  const [first] = pathOf(snapshot, node)
  const may = (at: string): boolean => mayAt(snapshot, native, now, 'notification:manage', at)
  return may(everywhere) || (first!.startsWith('r-') && may(first!))
}

export interface PlacedEvent {
  readonly event: StoredEvent
  /** Where it must be permitted: where it is filed, or where its source stands. */
  readonly node: string
}
/** Where events are read. */
export async function placeEvents(
  context: Pick<ReadContext, 'tx' | 'snapshot'>,
  events: readonly StoredEvent[],
): Promise<PlacedEvent[]> {
  const readAt = await whereRead(context, events)
  return events.map((event) => ({ event, node: readAt(event) }))
}

/** Whether one who may read there may be told of an event. */
export const maySee = (
  snapshot: Snapshot,
  native: NativePrincipal,
  now: number,
  { event, node }: PlacedEvent,
): boolean => {
  const kind = eventKindOf(event.kind)
  return kind !== undefined && mayAt(snapshot, native, now, kind.read, node)
}

// Deliveries ---------------------------------------------------------------------------------------------------------

export interface DescribedDelivery {
  readonly id: string
  readonly eventId: string
  readonly delivery: Delivery
  readonly event: StoredEvent
}
const absentDelivery = (id: string): Refusal => ({ code: 'NotFound', what: 'delivery', id })

/** What the subscription has told and is to tell, the latest first: of it, what the caller may see as well. */
export async function listDeliveries(
  context: ReadContext,
  { subscriptionId, status }: { readonly subscriptionId: string; readonly status?: DeliveryStatus | undefined },
  asked: PageAsked<string>,
): Promise<Page<DescribedDelivery, string>> {
  const { id } = await getSubscription(context, subscriptionId)
  return readPage(context, asked, {
    read: (before, limit) =>
      context.tx.outbox.listDeliveries({ subscription: id, status }, latestFirst.read(before), limit),
    placeOf: ({ n }: Delivery) => latestFirst.write(n),
    show: (rows) => describe(context, rows),
  })
}

async function describe(
  context: ReadContext,
  rows: readonly Delivery[],
): Promise<readonly (DescribedDelivery | undefined)[]> {
  const events = await context.tx.outbox.someEvents(rows.map(({ event }) => event))
  const placed = new Map((await placeEvents(context, [...events.values()])).map((one) => [one.event.n, one]))
  const snapshot = await context.snapshot()
  const { native } = context.caller
  return rows.map((delivery) => {
    const one = placed.get(delivery.event)
    if (!one || !native || !maySee(snapshot, native, context.now, one)) return undefined
    const { installation } = context.tx
    return {
      id: formatId('delivery', installation, delivery.n),
      eventId: formatId('event', installation, delivery.event),
      delivery,
      event: one.event,
    }
  })
}

async function findDelivery(context: ReadContext, id: string): Promise<Delivery> {
  refuseMalformed('delivery', id)
  const n = parseId('delivery', context.tx.installation, id)
  return (n === undefined ? undefined : await context.tx.outbox.findDelivery(n)) ?? refuse(absentDelivery(id))
}
export async function getDelivery(context: ReadContext, id: string): Promise<DescribedDelivery> {
  const [found] = await describe(context, [await findDelivery(context, id)])
  return found ?? refuse(absentDelivery(id))
}
/** Where an action on it must be permitted: where its subscription is. */
export async function placeOfDelivery(
  context: ReadContext,
  { deliveryId }: { readonly deliveryId: string },
): Promise<Place> {
  const { subscription } = await findDelivery(context, deliveryId)
  const found = await context.tx.subscriptions.find(subscription)
  return { node: (found ?? refuse(absentDelivery(deliveryId))).node, absent: absentDelivery(deliveryId) }
}

/** Begins a delivery anew: one that is dead, or was delivered. */
export async function replayDelivery(context: WriteContext, id: string): Promise<DescribedDelivery> {
  const { delivery } = await getDelivery(context, id)
  if (delivery.status === 'waiting')
    refuse({ code: 'IncorrectState', what: 'delivery', id, problem: { why: 'delivery-waits' } })
  // What did arrive is told once more to find out whether it does.
  if (delivery.status !== 'dead')
    await beginTest(context, (await context.tx.subscriptions.find(delivery.subscription))!)
  await beginAnew(context, delivery, { period: undefined })
  await resume(context, delivery.subscription)
  context.changed(id, delivery.subscription)
  return getDelivery(context, id)
}
/**
 * Begins the dead letters of a subscription anew, the oldest first: of them, those that the caller may see. Answers how many those are; where
 * there are more, it may be asked again.
 */
export async function replayDead(context: WriteContext, { id }: Subscription): Promise<number> {
  let after: Pick<Delivery, 'nextAt' | 'n'> = { nextAt: 0, n: 0 }
  let begun = 0
  for (let looked = 0; looked < deliveriesKeptMax && begun < replayedPerRequestMax; looked += replayedPerRequestMax) {
    const dead = await context.tx.outbox.deadOf(id, after, replayedPerRequestMax)
    for (const one of await describe(context, dead)) {
      if (!one || begun >= replayedPerRequestMax) continue
      begun++
      await beginAnew(context, one.delivery)
    }
    const last = dead.at(-1)
    if (!last || dead.length < replayedPerRequestMax) break
    after = last
  }
  await resume(context, id)
  context.changed(id)
  return begun
}
/** @param more of one that is told alone, that it is in no digest */
const beginAnew = ({ tx, now }: WriteContext, { n }: Delivery, more: { period?: undefined } = {}): Promise<void> =>
  tx.outbox.changeDelivery(n, { status: 'waiting', attempts: 0, nextAt: now, madeAt: now, ...more })
/** A target that was left alone is asked again at once. */
const resume = ({ tx }: WriteContext, id: string): Promise<void> =>
  tx.subscriptions.change(id, { pausedUntil: undefined })

/** Counts a try of a subscription, or refuses it; answers its event. */
async function beginTest(context: WriteContext, subscription: Subscription): Promise<number> {
  const { id, node } = subscription
  await refuseTests(context, subscription)
  const by = context.caller.native!.name
  const accountable = accountableOf(context.caller.native!)
  const facts = { by, ...(accountable === by ? {} : { accountable }) }
  return tell(context.tx, { kind: 'subscription.test', node, subject: id, facts, onlyFor: id })
}
async function refuseTests(context: WriteContext, { id, node }: Subscription): Promise<void> {
  const snapshot = await context.snapshot()
  const path = pathOf(snapshot, node)
  const isAtTop = await mayAtTop(context, 'notification:manage', path)
  const unit = path[1] ?? node
  const requester = accountableOf(context.caller.native!)
  const tests = await context.tx.outbox.testsSince(context.now - testedMs, testsMax)
  const of = (isCounted: (one: StoredEvent) => boolean): number => tests.filter(isCounted).length
  const bounds = [
    [testsOfSubscriptionMax, of(({ onlyFor }) => onlyFor === id), { per: 'subscription', subscription: id }],
    ...(isAtTop
      ? []
      : ([
          [
            testsOfRequesterMax,
            of(({ facts }) => (facts.accountable ?? facts.by) === requester),
            { per: 'requester', requester },
          ],
          [testsPerTopUnitMax, of((one) => pathOf(snapshot, one.node).includes(unit)), { per: 'unit', unit }],
        ] as const)),
    [isAtTop ? testsMax : testsMax - testsReserve, tests.length, { per: 'installation' }],
  ] as const
  for (const [limit, used, countedFor] of bounds)
    if (used >= limit) refuse({ code: 'LimitExceeded', what: { of: 'tests' }, limit, used, countedFor })
}

/** Sends an event to a subscription alone, whatever it asks for, to find out whether it arrives. */
export async function testSubscription(context: WriteContext, subscription: Subscription): Promise<DescribedDelivery> {
  const { tx, now } = context
  const { id, isEnabled } = subscription
  if (!isEnabled)
    refuse({ code: 'IncorrectState', what: 'subscription', id, problem: { why: 'subscription-disabled' } })
  const used = await tx.outbox.countKept(id, deliveriesKeptMax)
  if (used >= deliveriesKeptMax) {
    const countedFor = { per: 'subscription', subscription: id } as const
    refuse({ code: 'LimitExceeded', what: { of: 'deliveries' }, limit: deliveriesKeptMax, used, countedFor })
  }
  const event = await beginTest(context, subscription)
  const delivery = {
    n: tx.nextSequence(),
    subscription: id,
    event,
    attempts: 0,
    madeAt: now,
    nextAt: now,
    repeats: 0,
    others: 0,
    isCritical: false,
  } as const
  await tx.outbox.insertDelivery({ ...delivery, status: 'waiting' })
  await resume(context, id)
  context.changed(id)
  return getDelivery(context, formatId('delivery', tx.installation, delivery.n))
}
