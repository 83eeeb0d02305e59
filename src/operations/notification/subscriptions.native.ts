// Subscriptions and their deliveries over the native API, in words that are made here of facts.
import { z } from 'zod'
import { digestPeriods, quietSecondsMax } from '#model/delivery.ts'
import { recipientsPerTargetMax, targetUrlCharactersMax } from '#model/delivery-target.ts'
import { eventKindOf, eventNames, eventSelectors, everyEvent, targetFormats } from '#model/event.ts'
import { severities } from '#model/finding.ts'
import { problemInWords } from '#model/problems/problem.ts'
import { controlNamed } from '../finding/controls.ts'
import { placeOfNode } from '../identity/roles.ts'
import { nativeRead, nativeWrite } from '../operation.native.ts'
import type { ReadContext } from '../operation.ts'
import {
  accountId,
  answerPage,
  formatInstant,
  idText,
  instant,
  nameShapes,
  nodeId,
  nodeName,
  pageAsked,
  pageOf,
  paging,
  principalName,
} from '../shapes.native.ts'
import { contact, description, newDescription, refuseNoChange } from '../space/shapes.native.ts'
import {
  createSubscription as create,
  type DescribedDelivery,
  doingTeller,
  drawSecret,
  getDelivery as getDeliveryOf,
  getSubscription as getOf,
  listSubscriptions as listAll,
  listDeliveries as listDeliveriesOf,
  overlapSecondsDefault,
  overlapSecondsMax,
  placeOfDelivery,
  placeOfSubscription,
  deleteSubscription as remove,
  replayDelivery as replay,
  replayDead,
  rotateSecret,
  type SubscriptionState,
  shownEvents,
  stateTeller,
  subscriptionStates,
  testSubscription as tryOut,
  updateSubscription as update,
} from './subscriptions.ts'

const subscriptionId = idText('subscription').describe('`subscription-…`.')
const deliveryId = idText('delivery').describe('`delivery-…`.')
const severity = z.enum(severities)
const events = z
  .array(z.enum([everyEvent, ...eventSelectors] as [string, ...string[]]))
  .min(1)
  .max(eventSelectors.length + 1)
  .meta({
    id: 'EventSelectors',
    description:
      'Kinds of events such as `exception.requested`, and groups such as `exception`; `all` is all that there are, and that are added later.',
    examples: [['exception', 'pool']],
  })
const format = z.enum(targetFormats).meta({
  id: 'TargetFormat',
  description:
    '`webhook`: CloudEvents, signed; `slack` and `teams`: messages of their incoming webhooks; `mail`: text, by mail. `ocsf`: events of OCSF 1.8.0, findings as Compliance Findings (2003) and all else as API Activity (6003), signed; `asff`: requests of BatchImportFindings of AWS Security Hub, of findings alone, signed; `syslog`: events of OCSF as syslog over TLS.',
})
const targetUrl = z
  .string()
  .max(targetUrlCharactersMax)
  .describe(
    'Where it goes, of all formats but `mail`; of `syslog` such as `syslog+tls://siem.example.com:6514`. It is kept sealed, and only its host is shown.',
  )
  .meta({ examples: ['https://hooks.example.com/cadastre'] })
const recipients = z.array(z.string().max(254)).max(recipientsPerTargetMax).describe('Mail addresses, of `mail`.')
const hubAccount = accountId.describe('Of `asff`: the account that findings are imported into.')
const hubRegion = z
  .string()
  .regex(/^[a-z]{2}(-[a-z]{2,12}){1,3}-[0-9]$/)
  .describe('Of `asff`: the Region that findings are imported into.')
  .meta({ examples: ['eu-central-1'] })
const digest = z.enum(digestPeriods).meta({
  id: 'DigestPeriod',
  description:
    'One message for each hour or day (of UTC) in which something happened: how much of what, and the objects that matter most.',
})
const quietSeconds = z.number().int().min(0).max(quietSecondsMax)
const leastSeverity = severity.describe('Only what matters as much, or more.')
const subscription = z.object({
  subscriptionId,
  node: nodeId.describe('It is told of what is filed at this node and below.'),
  events,
  severity: leastSeverity,
  format,
  target: z.string().describe('Where it goes: of a URL its host alone.'),
  hubAccount: hubAccount.optional(),
  hubRegion: hubRegion.optional(),
  digest: digest.optional().describe('Absent: each event is told of alone.'),
  quietSeconds: quietSeconds
    .optional()
    .describe('How long the same event of the same object is not told of again; then the latest is.'),
  contact: contact.optional(),
  description: description.optional(),
  state: z
    .enum(subscriptionStates)
    .describe(
      '`paused`: its target fails or is slow, and is left alone until `pausedUntil`; `disabled`: by somebody, or since the target answered 410; `stopped`: whoever set it may not manage it any more, by roles bound to their name, and is told nothing.',
    ),
  setBy: principalName.describe(
    'Who named where it goes, or has taken it over: it tells what they may see at that moment, by roles bound to their name.',
  ),
  createdAt: instant,
  failures: z
    .number()
    .int()
    .min(0)
    .optional()
    .describe(
      'Deliveries that have failed, or were taken after more than five seconds, one after the other. Only who set it, and who may see all that it tells, is shown these numbers and moments.',
    ),
  pausedUntil: instant.optional(),
  lastProblem: z.string().optional().describe('Why the last one failed.'),
  lastFailedAt: instant.optional(),
  lastDeliveredAt: instant.optional(),
  dropped: z.number().int().min(0).optional().describe('Events that found no room among those that wait.'),
})
const delivery = z.object({
  deliveryId,
  subscriptionId,
  eventId: idText('event').describe('`event-…`: the id of the CloudEvent, and the `webhook-id`.'),
  event: z.enum(eventNames as [string, ...string[]]).describe('What is told.'),
  severity,
  subject: z.string().describe('What it is about.'),
  node: nodeId,
  happenedAt: instant,
  status: z
    .enum(['waiting', 'delivered', 'dead', 'withheld'])
    .describe(
      '`dead`: it was tried again and again, and is not any more; `withheld`: whoever set the subscription may not see it any more.',
    ),
  attempts: z.number().int().min(0),
  repeats: z.number().int().min(1).optional().describe('How many of the same it has taken the place of.'),
  others: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe(
      'How many others of its kind it stands for, which the same requester has brought about at the node, or that were found in the same part of the organization.',
    ),
  digestAt: instant
    .optional()
    .describe('The end of the hour or day that it is told with; of a mail also where those of the hour are used up.'),
  nextAt: instant.optional().describe('When it is tried next.'),
  lastAt: instant.optional(),
  problem: z.string().optional().describe('Why the last try failed.'),
})
const secretText = z
  .string()
  .describe('What deliveries are signed with (`whsec_…`), of `webhook`. It is never shown again.')
nameShapes({ Subscription: subscription, Delivery: delivery })

export const listSubscriptions = nativeRead({
  name: 'listSubscriptions',
  summary: 'List subscriptions and how they are doing, as far as you may see them.',
  action: 'notification:read',
  input: z.strictObject({ ...paging, node: nodeName.optional().describe('Only those at this node and below.') }),
  output: pageOf(subscription),
  rest: { method: 'GET', path: '/subscriptions' },
  cli: 'subscription list',
  columns: ['subscriptionId', 'state', 'node', 'format', 'target', 'events', 'severity'],
  refusals: ['InvalidPaginationToken'],
  at: 'filtered',
  async run(context, { node, ...asked }) {
    const show = await shower(context)
    const page = await listAll(context, { node }, pageAsked(asked))
    const shown = new Map<Row, z.output<typeof subscription>>()
    for (const row of page.items) shown.set(row, await show(row))
    return answerPage(page, (row) => shown.get(row)!)
  },
})

export const getSubscription = nativeRead({
  name: 'getSubscription',
  summary: 'Show one subscription.',
  action: 'notification:read',
  input: z.strictObject({ subscriptionId }),
  output: subscription,
  rest: { method: 'GET', path: '/subscriptions/{subscriptionId}' },
  cli: 'subscription show',
  refusals: ['NotFound', 'MalformedId'],
  at: placeOfSubscription,
  async run(context, input) {
    return (await shower(context))(await getOf(context, input.subscriptionId))
  },
})

const targetWords =
  'URLs are called with https, unless the operator allows more, and never at addresses of this machine, of private networks or of the link, unless the operator allows those; nothing that they answer is followed.'
export const createSubscription = nativeWrite({
  name: 'createSubscription',
  summary: 'Have a webhook, a chat or mail addresses told of what happens at a node and below.',
  description: `It tells what you may see at that moment, by roles bound to your name: what your groups permit does not count. ${targetWords} Each event comes once or more often, in no certain order: its id is the same each time.`,
  action: 'notification:manage',
  input: z.strictObject({
    node: nodeName,
    format: format.default('webhook'),
    targetUrl: targetUrl.optional(),
    recipients: recipients.optional(),
    events: events.default([everyEvent]),
    hubAccount: hubAccount.optional(),
    hubRegion: hubRegion.optional(),
    digest: digest
      .optional()
      .describe('Without it each event is told of alone. Of `webhook`, `slack`, `teams` and `mail`.'),
    quietSeconds: quietSeconds
      .default(0)
      .describe('How long the same event of the same object is not told of again: the latest is told when it is over.'),
    severity: leastSeverity.default('informational'),
    contact: contact.optional().describe('Whom to ask about it. It is told with each event.'),
    description: description.optional(),
  }),
  output: subscription.extend({ secret: secretText.optional() }),
  rest: { method: 'POST', path: '/subscriptions', status: 201 },
  cli: 'subscription create',
  refusals: ['NotFound', 'LimitExceeded', 'MissingParameter'],
  at: async (context, { node }) => placeOfNode(context, node),
  secretOutput: true,
  prepare: drawSecret,
  async run(context, spec, drawn) {
    const { created, secret } = await create(context, spec, drawn)
    return { ...(await (await shower(context))(created)), ...(secret === undefined ? {} : { secret }) }
  },
})

export const updateSubscription = nativeWrite({
  name: 'updateSubscription',
  summary: 'Change what a subscription is told of, and where; a target that was left alone is asked again.',
  description: `It goes on telling what who set it may see. With \`targetUrl\`, \`recipients\` or \`takeOver\` it tells what you may see from then on: so you must see all of it that they do, and likewise where it is to tell more. Another URL has another secret (\`rotateSubscriptionSecret\`). ${targetWords}`,
  action: 'notification:manage',
  input: z.strictObject({
    subscriptionId,
    targetUrl: targetUrl.optional(),
    recipients: recipients.optional(),
    events: events.optional(),
    hubAccount: hubAccount.optional(),
    hubRegion: hubRegion.optional(),
    digest: digest.nullable().optional(),
    quietSeconds: quietSeconds.optional(),
    severity: leastSeverity.optional(),
    contact: contact.nullable().optional(),
    description: newDescription.optional(),
    isEnabled: z
      .boolean()
      .optional()
      .describe('`false`: nothing is told, and what happens meanwhile is not told later.'),
    takeOver: z
      .boolean()
      .optional()
      .describe('It tells what you may see from now on, also where it goes to what somebody else has named.'),
  }),
  output: subscription,
  rest: { method: 'PATCH', path: '/subscriptions/{subscriptionId}' },
  cli: 'subscription update',
  refusals: ['NotFound', 'MalformedId', 'NotAuthorized', 'MissingParameter'],
  changes: getSubscription,
  at: placeOfSubscription,
  prepare: drawSecret,
  async run(context, { subscriptionId, ...changes }, drawn) {
    refuseNoChange(changes)
    const updated = await update(context, await getOf(context, subscriptionId), changes, drawn)
    return (await shower(context))(updated)
  },
})

export const rotateSubscriptionSecret = nativeWrite({
  name: 'rotateSubscriptionSecret',
  summary: 'Sign with another secret, and for a while with the one before as well; it is shown once.',
  description: 'Who tells stays who it is, and one that is stopped stays so.',
  action: 'notification:manage',
  input: z.strictObject({
    subscriptionId,
    overlapSeconds: z
      .number()
      .int()
      .min(0)
      .max(overlapSecondsMax)
      .default(overlapSecondsDefault)
      .describe('How long the one before signs as well. A day by default.'),
  }),
  output: subscription.extend({ secret: secretText }),
  rest: { method: 'POST', path: '/subscriptions/{subscriptionId}/rotate-secret' },
  cli: 'subscription rotate-secret',
  refusals: ['NotFound', 'MalformedId'],
  at: placeOfSubscription,
  secretOutput: true,
  prepare: drawSecret,
  async run(context, { subscriptionId, overlapSeconds }, drawn) {
    const rotated = await rotateSecret(context, await getOf(context, subscriptionId), overlapSeconds, drawn)
    return { ...(await (await shower(context))(rotated)), secret: drawn }
  },
})

export const deleteSubscription = nativeWrite({
  name: 'deleteSubscription',
  summary: 'Delete a subscription with what waits for it.',
  action: 'notification:manage',
  input: z.strictObject({ subscriptionId }),
  output: z.void(),
  rest: { method: 'DELETE', path: '/subscriptions/{subscriptionId}', status: 204 },
  cli: 'subscription delete',
  refusals: ['NotFound', 'MalformedId'],
  changes: getSubscription,
  at: placeOfSubscription,
  async run(context, input) {
    await remove(context, await getOf(context, input.subscriptionId))
  },
})

export const testSubscription = nativeWrite({
  name: 'testSubscription',
  summary: 'Send an event to a subscription alone, to find out whether it arrives.',
  description: 'It goes out behind this answer: `delivery show` says what came of it.',
  action: 'notification:manage',
  input: z.strictObject({ subscriptionId }),
  output: delivery,
  rest: { method: 'POST', path: '/subscriptions/{subscriptionId}/test' },
  cli: 'subscription test',
  refusals: ['NotFound', 'MalformedId', 'IncorrectState', 'LimitExceeded'],
  at: placeOfSubscription,
  run: async (context, { subscriptionId }) => showDelivery(await tryOut(context, await getOf(context, subscriptionId))),
})

export const replaySubscription = nativeWrite({
  name: 'replaySubscription',
  summary: 'Deliver the dead letters of a subscription again.',
  action: 'notification:manage',
  input: z.strictObject({ subscriptionId }),
  output: z.object({
    replayed: z
      .number()
      .int()
      .min(0)
      .describe('How many: where it is 1,000 there may be more, and it can be asked again.'),
  }),
  rest: { method: 'POST', path: '/subscriptions/{subscriptionId}/replay' },
  cli: 'subscription replay',
  refusals: ['NotFound', 'MalformedId'],
  at: placeOfSubscription,
  run: async (context, { subscriptionId }) => ({
    replayed: await replayDead(context, await getOf(context, subscriptionId)),
  }),
})

export const listDeliveries = nativeRead({
  name: 'listDeliveries',
  summary: 'List what a subscription has told and is to tell, the latest first.',
  description: 'Of events that you may not see yourself, nothing is shown. What was told is kept for 30 days.',
  action: 'notification:read',
  input: z.strictObject({
    ...paging,
    subscriptionId,
    status: delivery.shape.status.optional().describe('Only those that are so.'),
  }),
  output: pageOf(delivery),
  rest: { method: 'GET', path: '/subscriptions/{subscriptionId}/deliveries' },
  cli: 'delivery list',
  columns: ['deliveryId', 'status', 'event', 'subject', 'problem', 'attempts', 'happenedAt'],
  refusals: ['NotFound', 'MalformedId', 'InvalidPaginationToken'],
  at: placeOfSubscription,
  run: async (context, { subscriptionId, status, ...asked }) =>
    answerPage(await listDeliveriesOf(context, { subscriptionId, status }, pageAsked(asked)), showDelivery),
})

export const getDelivery = nativeRead({
  name: 'getDelivery',
  summary: 'Show one delivery.',
  action: 'notification:read',
  input: z.strictObject({ deliveryId }),
  output: delivery,
  rest: { method: 'GET', path: '/deliveries/{deliveryId}' },
  cli: 'delivery show',
  refusals: ['NotFound', 'MalformedId'],
  at: placeOfDelivery,
  run: async (context, input) => showDelivery(await getDeliveryOf(context, input.deliveryId)),
})

export const replayDelivery = nativeWrite({
  name: 'replayDelivery',
  summary: 'Deliver again what is dead, or was delivered.',
  action: 'notification:manage',
  input: z.strictObject({ deliveryId }),
  output: delivery,
  rest: { method: 'POST', path: '/deliveries/{deliveryId}/replay' },
  cli: 'delivery replay',
  refusals: ['NotFound', 'MalformedId', 'IncorrectState'],
  at: placeOfDelivery,
  run: async (context, input) => showDelivery(await replay(context, input.deliveryId)),
})

export const listEventKinds = nativeRead({
  name: 'listEventKinds',
  summary: 'List the kinds of events that subscriptions can be told of.',
  action: 'notification:read',
  input: z.strictObject({}),
  output: z.object({
    items: z.array(
      z.object({
        event: z.string(),
        severity: z
          .enum([...severities, 'varies'])
          .describe('How much it matters; `varies`: as much as the finding that it tells of.'),
        needs: z.string().describe('What must be permitted where it is filed, to be told of it.'),
        summary: z.string(),
      }),
    ),
  }),
  rest: { method: 'GET', path: '/event-kinds' },
  cli: 'event list',
  columns: ['event', 'severity', 'summary'],
  refusals: [],
  at: 'own',
  run: async () => ({
    items: eventNames.map((event) => {
      const { severity: own, control, read: needs, summary } = eventKindOf(event)!
      const ofControl = control === undefined ? undefined : controlNamed(control)?.severity
      return { event, severity: own ?? ofControl ?? ('varies' as const), needs, summary }
    }),
  }),
})

export const notificationOperations = [
  listSubscriptions,
  getSubscription,
  createSubscription,
  updateSubscription,
  rotateSubscriptionSecret,
  deleteSubscription,
  testSubscription,
  replaySubscription,
  listDeliveries,
  getDelivery,
  replayDelivery,
  listEventKinds,
] as const

// The answer ---------------------------------------------------------------------------------------------------------

type Row = Awaited<ReturnType<typeof getOf>>
async function shower(context: ReadContext): Promise<(row: Row) => Promise<z.output<typeof subscription>>> {
  const stateOf = await stateTeller(context)
  const isShown = await doingTeller(context)
  return async (row) => show(row, stateOf(row), await isShown(row))
}
/** @param isShown how it is doing, beside its state: that tells how much happens */
function show(row: Row, state: SubscriptionState, isShown: boolean): z.output<typeof subscription> {
  const { pausedUntil, lastProblem, lastFailedAt, lastDeliveredAt } = row
  return {
    subscriptionId: row.id,
    node: row.node,
    events: [...shownEvents(row.events)],
    severity: row.severity,
    format: row.format,
    target: row.target,
    ...(row.hubAccount === undefined ? {} : { hubAccount: row.hubAccount }),
    ...(row.hubRegion === undefined ? {} : { hubRegion: row.hubRegion }),
    ...(row.digest === undefined ? {} : { digest: row.digest }),
    ...(row.quietSeconds === 0 ? {} : { quietSeconds: row.quietSeconds }),
    ...(row.contact === undefined ? {} : { contact: row.contact }),
    ...(row.description === undefined ? {} : { description: row.description }),
    state,
    setBy: row.setBy.name,
    createdAt: formatInstant(row.createdAt),
    ...(state === 'paused' ? { pausedUntil: formatInstant(pausedUntil!) } : {}),
    ...(isShown
      ? {
          failures: row.failures,
          ...(lastProblem === undefined ? {} : { lastProblem: problemInWords(lastProblem) }),
          ...(lastFailedAt === undefined ? {} : { lastFailedAt: formatInstant(lastFailedAt) }),
          ...(lastDeliveredAt === undefined ? {} : { lastDeliveredAt: formatInstant(lastDeliveredAt) }),
          dropped: row.dropped,
        }
      : {}),
  }
}

function showDelivery({ id, eventId, delivery: row, event }: DescribedDelivery): z.output<typeof delivery> {
  return {
    deliveryId: id,
    subscriptionId: row.subscription,
    eventId,
    event: event.kind,
    severity: event.severity,
    subject: event.subject,
    node: event.node,
    happenedAt: formatInstant(event.at),
    status: row.status,
    attempts: row.attempts,
    ...(row.repeats === 0 ? {} : { repeats: row.repeats }),
    ...(row.others === 0 ? {} : { others: row.others }),
    ...(row.period === undefined ? {} : { digestAt: formatInstant(row.period) }),
    ...(row.status === 'waiting' ? { nextAt: formatInstant(row.nextAt) } : {}),
    ...(row.lastAt === undefined ? {} : { lastAt: formatInstant(row.lastAt) }),
    ...(row.problem === undefined ? {} : { problem: problemInWords(row.problem) }),
  }
}
