// Exceptions: asked for, approved by somebody else, in force for a while, and over at the moment that was said (policy-model §7).
import { z } from 'zod'
import { formatCidr } from '#model/cidr.ts'
import { formatId, hasShape } from '#model/identifier.ts'
import { isAccountId } from '#model/organization.ts'
import { rulesProblem } from '#model/policy/eligibility.ts'
import {
  type Act,
  type ActProblem,
  act,
  breakGlassHoursMax,
  type Deed,
  type Exception,
  type ExceptionGrants,
  exceptionDaysMax,
  exceptionStates,
  needsReview,
  stateAt,
  timeProblem,
} from '#model/policy/exception.ts'
import { describeReached, exceptionBounds, kindOfException } from '#model/policy/exception-bounds.ts'
import { isOwnOrShared, mayUsePool } from '#model/policy/resolve.ts'
import { articleFor, findResourceType, namesOf } from '#model/policy/resource-types.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import { everywhere } from '#model/roles.ts'
import type { ExceptionUse } from '#store/tables/exceptions.ts'
import { accessAt, type Place, permitter, refuseWithoutRole } from '../identity/authority.ts'
import { placeOfNode } from '../identity/roles.ts'
import { nativeRead, nativeWrite } from '../operation.native.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { standingOf } from '../record/object-places.ts'
import {
  accountId,
  formatInstant,
  gatherPage,
  idText,
  instant,
  nameShapes,
  nodeId,
  nodeName,
  pageOf,
  paging,
  parseInstant,
  principalName,
  showMakers,
  usedMakers,
} from '../shapes.native.ts'
import {
  dropPending,
  holdWhilePending,
  pendingHold,
  pendingHoldParams,
  showPending,
} from '../space/holds-for-approval.native.ts'
import { checkLocaleOf } from '../space/shapes.native.ts'
import { deedOf, refuseWhileUnreviewed } from './own-break-glass.ts'
import { examplePoolId, shownGrants } from './shapes.native.ts'
import { rowsPerPageMax, withTagFindings } from './tag-findings.native.ts'

const poolsMax = 20

// Shapes -------------------------------------------------------------------------------------------------------------

const exceptionId = idText('exception').describe('`exception-…`.')
const reason = z.string().trim().min(1).max(1_000)
const note = z.string().trim().min(1).max(1_000)
const lengths = z.strictObject({
  min: z.number().int().min(0).max(128).describe('The netmask length of the largest block.'),
  max: z.number().int().min(0).max(128).describe('The netmask length of the smallest block.'),
})
const grants = z
  .strictObject({
    pools: z
      .array(z.string().refine((id) => hasShape('pool', id), '`ipam-pool-…` is expected'))
      .max(poolsMax)
      .default([])
      .describe('Pools that count as listed.'),
    provider: z.boolean().default(false).describe('Whether space of the provider, or brought along, is permitted.'),
    size: lengths.optional().describe('IPv4 netmask lengths that pass whatever policy says.'),
    sizeIpv6: lengths.optional().describe('IPv6 netmask lengths that pass whatever policy says.'),
  })
  .describe('What is permitted: at least one of pools, `provider` and a size.')
  .meta({ id: 'GrantsParams', examples: [{ pools: [examplePoolId] }] })
const params = {
  target: nodeName.describe('An account, `ou-…` or `r-…`: it holds there and below.'),
  resource: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe('Only for resources whose id, or tag `Name`, matches; `*` stands for any text.'),
  locale: z.string().min(1).max(97).describe('A Region, `CLOUD:REGION` or `onprem:SITE`.'),
  resourceType: z.string().max(64).describe('A resource type, such as `eip` or `vpc`.'),
  grants,
  reason: reason.describe('Why, for whoever approves and for the record.'),
  expiresAt: instant.describe('When it ends.'),
}
const deeds = {
  by: principalName,
  makers: usedMakers,
  at: instant,
}
const deed = z.object(deeds).meta({ id: 'ExceptionAct' })
const exception = z.object({
  exceptionId,
  target: nodeId,
  resource: z.string().optional(),
  locale: z.string(),
  resourceType: z.string(),
  grants: shownGrants,
  sharedPools: z
    .array(z.string())
    .optional()
    .describe(
      'Pools that whoever approved had no say over: each counts for an account as long as it is shared with it.',
    ),
  reason: z.string(),
  state: z.enum(exceptionStates).describe('At the moment of the answer; `active` begins and ends by the clock alone.'),
  isBreakGlass: z.boolean(),
  hold: pendingHold.optional().describe('What it keeps, or kept, while it waits for approval.'),
  startsAt: instant,
  expiresAt: instant,
  requested: deed,
  approved: deed.optional(),
  renewal: z
    .object({ ...deeds, expiresAt: instant, reason: z.string() })
    .optional()
    .describe('A later end that waits for approval.'),
  ended: z
    .object({ ...deeds, note: z.string().optional() })
    .optional()
    .describe('Who denied or revoked it.'),
  reviewed: z
    .object({ ...deeds, note: z.string() })
    .optional()
    .describe('Who looked at the break-glass afterwards.'),
})
const finding = z.object({
  control: z
    .enum(['break-glass-review', 'exception-ended', 'tags-changed'])
    .describe('With `resource`, the identity of the finding: the same one is never reported under another name.'),
  resource: z
    .string()
    .describe(
      'The exception, or what outlives it: an allocation; an association, or a subnet, where the space was only used or brought along.',
    ),
  exceptionId,
  since: instant,
  account: accountId.optional(),
  resourceType: z.string().optional(),
  resourceId: z.string().optional(),
  cidr: z.string().optional(),
  decisionId: z.string().optional(),
})
nameShapes({ PolicyException: exception, ExceptionFinding: finding, BlockLengthsParams: lengths })

// Reading ------------------------------------------------------------------------------------------------------------

export const getException = nativeRead({
  name: 'getException',
  summary: 'Show one exception.',
  action: 'exception:read',
  input: z.strictObject({ exceptionId }),
  output: exception,
  rest: { method: 'GET', path: '/exceptions/{exceptionId}' },
  cli: 'exception show',
  refusals: ['NotFound', 'MalformedId'],
  at: placeOfException,
  run: async (context, input) => describe(context, await getStored(context, input.exceptionId)),
})

export const listExceptions = nativeRead({
  name: 'listExceptions',
  summary: 'List exceptions, as far as you may see them.',
  action: 'exception:read',
  input: z.strictObject({
    ...paging,
    state: z.enum(exceptionStates).optional().describe('Only those in this state now.'),
    target: nodeName.optional().describe('Only those at exactly this node.'),
    resourceType: z.string().max(64).optional().describe('Only those for this resource type.'),
    requestedBy: principalName.optional().describe('Only those that this principal asked for.'),
    finding: z
      .literal('open')
      .optional()
      .describe('Only those with something to look at: see `GET /exceptions/{exceptionId}/findings`.'),
  }),
  output: pageOf(exception),
  rest: { method: 'GET', path: '/exceptions' },
  cli: 'exception list',
  columns: ['exceptionId', 'target', 'resourceType', 'locale', 'state', 'expiresAt', 'reason'],
  refusals: ['InvalidPaginationToken'],
  at: 'filtered',
  async run(context, { state, target, resourceType, requestedBy, finding, ...params }) {
    const isPermitted = await permitter(context, 'exception:read')
    const filter = { target, resourceType, requestedBy, mayHaveFinding: finding === 'open' }
    const isWanted = (row: Exception): boolean => state === undefined || stateAt(row, context.now) === state
    return gatherPage(context, params, {
      read: (after, limit) => context.tx.exceptions.list(after, limit, filter),
      key: ({ id }) => id,
      async show(row) {
        if (!isWanted(row) || !isPermitted(await standingOf(context, row.target))) return undefined
        return finding === undefined || (await hasFinding(context, row)) ? describe(context, row) : undefined
      },
    })
  },
})

/** Approved once, and no longer in force. */
function isOverAt(found: Exception, now: number): boolean {
  const state = stateAt(found, now)
  return state === 'revoked' || (state === 'expired' && found.status === 'approved')
}

/** Of one that may have any: whether it has one that the caller may see. Of what was given under it, so much is looked at. */
async function hasFinding(context: ReadContext, found: Exception): Promise<boolean> {
  if (needsReview(found)) return true
  const isPermitted = await permitter(context, 'exception:read')
  const held = await context.tx.exceptions.held(found.id, 0, rowsPerPageMax)
  const seen = held.filter(({ account }) => isPermitted(account))
  return isOverAt(found, context.now)
    ? seen.length > 0
    : (await withTagFindings(context, seen)).some(({ finding }) => finding)
}

export const listExceptionFindings = nativeRead({
  name: 'listExceptionFindings',
  summary: 'List what must be looked at because of an exception.',
  description:
    'A break-glass stays open until somebody else has reviewed it. Space whose tags, or those that a rule reads above it, are other ones by now, so that it would not be given again, is listed until they are as before. Space that was taken under an exception stays when the exception ends, and is listed from then on until it is given back or the exception is renewed. Of space, only that of accounts at which you may read exceptions is listed.',
  action: 'exception:read',
  input: z.strictObject({ exceptionId, ...paging }),
  output: pageOf(finding),
  rest: { method: 'GET', path: '/exceptions/{exceptionId}/findings' },
  cli: 'exception findings',
  columns: ['control', 'resource', 'cidr', 'since', 'account', 'resourceType'],
  refusals: ['NotFound', 'MalformedId', 'InvalidPaginationToken'],
  at: placeOfException,
  async run(context, { exceptionId, ...params }) {
    const found = await getStored(context, exceptionId)
    const { id } = found
    const isOver = isOverAt(found, context.now)
    const since = formatInstant(found.ended?.at ?? found.expiresAt)
    const isPermitted = await permitter(context, 'exception:read')
    const review: z.output<typeof finding> = {
      control: 'break-glass-review',
      resource: id,
      exceptionId: id,
      since: formatInstant(found.requested.at),
    }
    return gatherPage(context, params, {
      async read(after, limit) {
        const first = after === '' && needsReview(found) ? [{ key: '0', finding: review }] : []
        const held = await context.tx.exceptions.held(id, Number(after), limit)
        const others = isOver
          ? held.map((row) => ({ row, finding: { ...describeUse(context, row), exceptionId: id, since } }))
          : await withTagFindings(context, held)
        return [...first, ...others.map(({ row, finding }) => ({ key: String(row.decision), finding }))]
      },
      key: ({ key }) => key,
      // An account may have left the target since, or be forbidden to the caller.
      show: async ({ finding }) =>
        finding && (finding.account === undefined || isPermitted(finding.account))
          ? { ...finding, exceptionId: id }
          : undefined,
      bounds: { rowsMax: rowsPerPageMax },
    })
  },
})

// Asking -------------------------------------------------------------------------------------------------------------

export const requestException = nativeWrite({
  name: 'requestException',
  summary: 'Ask to deviate from policy for a limited time.',
  description: `It is in force once somebody else has approved it, from \`startsAt\` until \`expiresAt\`: at most ${exceptionDaysMax} days from now.`,
  action: 'exception:request',
  input: z.strictObject({
    ...params,
    startsAt: instant.optional().describe('When it begins; as soon as it is approved by default.'),
    hold: pendingHoldParams.optional(),
  }),
  output: exception,
  rest: { method: 'POST', path: '/exceptions', status: 201 },
  cli: 'exception request',
  refusals: ['NotFound', 'LimitExceeded', 'NotAuthorized', 'NotSupported', 'NotEligible', 'CidrConflict', 'Exhausted'],
  at: placeOfTarget,
  run: (context, input) => create(context, input, false),
})

export const breakGlass = nativeWrite({
  name: 'breakGlass',
  summary: 'Deviate from policy at once, in an emergency.',
  description: `In force without approval for at most ${breakGlassHoursMax} hours. It is a finding until somebody else has reviewed it, and until then the same person makes none anew for the same target, locale and resource type. Whoever may approve exceptions at the target may do this.`,
  action: 'exception:approve',
  input: z.strictObject(params),
  output: exception,
  rest: { method: 'POST', path: '/exceptions/break-glass', status: 201 },
  cli: 'exception break-glass',
  refusals: ['NotFound', 'LimitExceeded', 'NotAuthorized', 'IncorrectState'],
  at: placeOfTarget,
  run: (context, input) => create(context, input, true),
})

export const renewException = nativeWrite({
  name: 'renewException',
  summary: 'Ask for a later end, which somebody else must approve again.',
  description:
    'Until then the present end holds. Whoever asked for the exception may replace a renewal that somebody else asks for.',
  action: 'exception:request',
  input: z.strictObject({ exceptionId, expiresAt: params.expiresAt, reason }),
  output: exception,
  rest: { method: 'POST', path: '/exceptions/{exceptionId}/renew' },
  cli: 'exception renew',
  refusals: ['NotFound', 'MalformedId', 'IncorrectState'],
  changes: getException,
  at: placeOfException,
  run: (context, { exceptionId, expiresAt, reason }) =>
    change(context, exceptionId, { kind: 'renew', expiresAt: parseInstant(expiresAt), reason, ...deedOf(context) }),
})

// Deciding -----------------------------------------------------------------------------------------------------------

export const approveException = nativeWrite({
  name: 'approveException',
  summary: 'Approve an exception, or its renewal, that somebody else asked for.',
  description:
    'Whoever asked cannot approve, whatever their roles and tokens, and neither can whoever made the token that was asked with, or has one that the asker made. For pools that are neither the target’s own nor shared with it, you must be permitted to approve at the account that owns them, too. What is held for it stays held until it is confirmed or lapses.',
  action: 'exception:approve',
  input: z.strictObject({
    exceptionId,
    expiresAt: instant
      .optional()
      .describe('The end that you approve. Needed for a renewal, so that none is approved that came after you looked.'),
  }),
  output: exception,
  rest: { method: 'POST', path: '/exceptions/{exceptionId}/approve' },
  cli: 'exception approve',
  refusals: ['NotFound', 'MalformedId', 'NotAuthorized', 'IncorrectState', 'LimitExceeded'],
  changes: getException,
  at: placeOfException,
  async run(context, input) {
    const sharedPools = await poolsByLeave(context, await getStored(context, input.exceptionId))
    const until = input.expiresAt === undefined ? undefined : parseInstant(input.expiresAt)
    return change(context, input.exceptionId, { kind: 'approve', until, ...deedOf(context) }, sharedPools)
  },
})

export const denyException = nativeWrite({
  name: 'denyException',
  summary: 'Deny an exception, or only the renewal that is asked for.',
  description: 'What it holds is free at once, unless only a renewal is denied.',
  action: 'exception:approve',
  input: z.strictObject({ exceptionId, note: note.optional().describe('Why, for whoever asked.') }),
  output: exception,
  rest: { method: 'POST', path: '/exceptions/{exceptionId}/deny' },
  cli: 'exception deny',
  refusals: ['NotFound', 'MalformedId', 'IncorrectState'],
  changes: getException,
  at: placeOfException,
  run: (context, input) => change(context, input.exceptionId, { kind: 'deny', note: input.note, ...deedOf(context) }),
})

export const revokeException = nativeWrite({
  name: 'revokeException',
  summary: 'End an exception at once. What was taken under it stays, as a finding.',
  description: 'What is only held for it is free at once.',
  action: 'exception:approve',
  input: z.strictObject({ exceptionId, note: note.optional().describe('Why, for the record.') }),
  output: exception,
  rest: { method: 'POST', path: '/exceptions/{exceptionId}/revoke' },
  cli: 'exception revoke',
  refusals: ['NotFound', 'MalformedId', 'IncorrectState'],
  changes: getException,
  at: placeOfException,
  run: (context, input) => change(context, input.exceptionId, { kind: 'revoke', note: input.note, ...deedOf(context) }),
})

export const reviewException = nativeWrite({
  name: 'reviewException',
  summary: 'Say that you have looked at a break-glass of somebody else, which ends its finding.',
  action: 'exception:approve',
  input: z.strictObject({ exceptionId, note: note.describe('What you found.') }),
  output: exception,
  rest: { method: 'POST', path: '/exceptions/{exceptionId}/review' },
  cli: 'exception review',
  refusals: ['NotFound', 'MalformedId', 'NotAuthorized', 'IncorrectState'],
  changes: getException,
  at: placeOfException,
  run: (context, input) => change(context, input.exceptionId, { kind: 'review', note: input.note, ...deedOf(context) }),
})

export const exceptionOperations = [
  listExceptions,
  getException,
  listExceptionFindings,
  requestException,
  breakGlass,
  renewException,
  approveException,
  denyException,
  revokeException,
  reviewException,
]

// What is asked ------------------------------------------------------------------------------------------------------

interface Params {
  readonly target: string
  readonly resource?: string
  readonly locale: string
  readonly resourceType: string
  readonly grants: ExceptionGrants
  readonly reason: string
  readonly startsAt?: string
  readonly expiresAt: string
  readonly hold?: z.output<typeof pendingHoldParams>
}

async function create(
  context: WriteContext,
  input: Params,
  isBreakGlass: boolean,
): Promise<z.output<typeof exception>> {
  await refuseUnknownPair(context, input)
  await refuseUnfitSizes(context, input)
  await refuseUnfitPools(context, input)
  // Only of pools that are known to be there for the caller: others are absent.
  const sharedPools = isBreakGlass ? await poolsByLeave(context, input) : []
  const times = {
    startsAt: input.startsAt === undefined ? context.now : parseInstant(input.startsAt),
    expiresAt: parseInstant(input.expiresAt),
  }
  const wrong = timeProblem(times, { now: context.now, isBreakGlass })
  if (wrong) refuseValue(wrong.field, input[wrong.field], wrong.problem)
  const asked = deedOf(context)
  const wanted: Exception = {
    id: context.newId('exception'),
    target: input.target,
    resource: input.resource,
    locale: input.locale,
    resourceType: input.resourceType,
    grants: input.grants,
    ...(sharedPools.length > 0 ? { sharedPools } : {}),
    reason: input.reason,
    ...times,
    status: isBreakGlass ? 'approved' : 'requested',
    isBreakGlass,
    requested: asked,
    asked,
  }
  const { tx } = context
  if (isBreakGlass) await refuseWhileUnreviewed(context, wanted)
  await refuseBeyondBounds(context, wanted)
  const created = input.hold ? { ...wanted, hold: (await holdWhilePending(context, wanted, input.hold)).n } : wanted
  await tx.exceptions.insert(created)
  await remember(context, created)
  return describe(context, created)
}

/** One by one each of the bounds that count the exception, as it will be. */
async function refuseBeyondBounds({ tx }: ReadContext, exception: Exception): Promise<void> {
  const kind = kindOfException(exception)
  for (const bound of exceptionBounds) {
    if (bound.kind !== kind) continue
    const used = await tx.exceptions.count(bound, exception)
    if (used >= bound.max) refuse({ code: 'LimitExceeded', ...describeReached(bound, exception, used) })
  }
}

async function refuseUnknownPair(context: ReadContext, { locale, resourceType }: Params): Promise<void> {
  const { resourceTypes } = await context.snapshot()
  if (!findResourceType(resourceType, resourceTypes)) {
    refuseValue('resourceType', resourceType, `it must be one of ${namesOf(resourceTypes)}`)
  }
  checkLocaleOf(context, resourceType, 'locale', locale)
}

async function refuseUnfitSizes(context: ReadContext, { grants, resourceType }: Params): Promise<void> {
  const { pools, provider, size, sizeIpv6 } = grants
  if (pools.length === 0 && !provider && !size && !sizeIpv6) {
    refuseValue('grants', '{}', 'name at least one of `pools`, `provider`, `size` and `sizeIpv6`')
  }
  const type = findResourceType(resourceType, (await context.snapshot()).resourceTypes)!
  for (const [name, asked, bounds] of [
    ['size', size, type.lengths[4]],
    ['sizeIpv6', sizeIpv6, type.lengths[6]],
  ] as const) {
    if (!asked) continue
    const value = `${asked.min} to ${asked.max}`
    if (!bounds || type.takes === 'address') {
      refuseValue(
        `grants.${name}`,
        value,
        `${articleFor(resourceType)} \`${resourceType}\` has no choice of it; leave it out`,
      )
    }
    if (asked.min <= asked.max && asked.min >= bounds.min && asked.max <= bounds.max) continue
    const problem = `for \`${resourceType}\` it must lie within ${bounds.min} to ${bounds.max}, the smaller number first`
    refuseValue(`grants.${name}`, value, problem)
  }
}

/**
 * A pool that neither the target may use nor the caller see does not exist (invariant I8). Where an account has space in it, it
 * knows of the pool, whatever policies list by now.
 */
async function refuseUnfitPools(context: ReadContext, { target, grants, locale, resourceType }: Params): Promise<void> {
  const snapshot = await context.snapshot()
  const maySee = await permitter(context, 'ipam:read')
  for (const [index, id] of grants.pools.entries()) {
    const pool = snapshot.pools.get(id)
    const isKnown =
      pool && (mayUsePool(snapshot, target, id) || maySee(pool.account) || (await hasSpaceIn(context, target, id)))
    if (!isKnown) refuse({ code: 'NotFound', what: 'ipam-pool', id })
    const field = `grants.pools.${index}`
    if (grants.pools.indexOf(id) !== index) refuseValue(field, id, 'the pool is listed more than once')
    const wrong = rulesProblem(
      { ipam: snapshot.ipams.get(pool.ipamId)!, locale, resourceType },
      [pool],
      snapshot.resourceTypes,
    )
    if (wrong) refuseValue(field, id, wrong.problem)
  }
}

async function hasSpaceIn({ tx }: ReadContext, account: string, id: string): Promise<boolean> {
  const pool = await tx.pools.find(id)
  return pool !== undefined && tx.pools.isHeldBy(pool.n, account)
}

/**
 * An exception is itself the leave to use its pools: whoever gives it must have a say over them. Where they have none, their owner
 * gives the leave by sharing the pool with the target, and may take it back: these are answered.
 */
async function poolsByLeave(
  context: ReadContext,
  { target, grants }: Pick<Params, 'target' | 'grants'>,
): Promise<readonly string[]> {
  const snapshot = await context.snapshot()
  const maySee = await permitter(context, 'ipam:read')
  const action = 'exception:approve'
  const mayApproveAt = await permitter(context, action)
  const shared: string[] = []
  for (const id of grants.pools) {
    const pool = snapshot.pools.get(id)
    if (!pool || pool.account === target) continue
    if (isOwnOrShared(snapshot, target, id)) {
      if (!mayApproveAt(pool.account)) shared.push(id)
      continue
    }
    if ((await accessAt(context, action, pool.account)).isPermitted) continue
    const notShared = `the pool \`${id}\` is not shared with \`${target}\`, and you may not approve`
    if (maySee(pool.account)) {
      refuseWithoutRole(context, action, pool.account, `${notShared} at \`${pool.account}\`, which owns it`)
    }
    // Whose it is, is not told to who may not see it.
    refuse({ code: 'NotAuthorized', action, because: `${notShared} at the account that owns it`, reason: 'no-role' })
  }
  return shared
}

async function placeOfTarget(context: ReadContext, { target }: { readonly target: string }): Promise<Place> {
  if (target === everywhere) refuseValue('target', target, 'an account, ou-… or r-… is expected')
  return placeOfNode(context, target)
}

// What is there ------------------------------------------------------------------------------------------------------

async function getStored(context: ReadContext, id: string): Promise<Exception> {
  if (!hasShape('exception', id)) refuse({ code: 'MalformedId', what: 'exception', id, expected: 'exception-...' })
  return (await context.tx.exceptions.find(id)) ?? refuse({ code: 'NotFound', what: 'exception', id })
}

async function placeOfException(context: ReadContext, input: { readonly exceptionId: string }): Promise<Place> {
  const { id, target } = await getStored(context, input.exceptionId)
  return { node: await standingOf(context, target), absent: { code: 'NotFound', what: 'exception', id } }
}

async function change(
  context: WriteContext,
  id: string,
  deed: Act,
  sharedPools?: readonly string[],
): Promise<z.output<typeof exception>> {
  const before = await getStored(context, id)
  const acted = act(before, deed)
  if ('refused' in acted) return refuseAct(before, deed, acted.refused)
  const { sharedPools: _, ...others } = acted.exception
  const withLeave = sharedPools?.length ? { ...others, sharedPools } : others
  const outcome = { exception: sharedPools === undefined ? acted.exception : withLeave }
  // A renewal of one that is still in force adds nothing.
  const isCounted = before.status === 'approved' && context.now < before.expiresAt
  if (deed.kind === 'approve' && !isCounted) await refuseBeyondBounds(context, outcome.exception)
  await context.tx.exceptions.update(outcome.exception)
  await dropPending(context, outcome.exception)
  await remember(context, outcome.exception)
  return describe(context, outcome.exception)
}

function refuseAct({ id, target }: Exception, deed: Act, problem: ActProblem): never {
  if (problem.kind === 'state') refuse({ code: 'IncorrectState', what: 'exception', id, problem: problem.problem })
  // Only a renewal names a time.
  if (problem.kind === 'time') {
    refuseValue(problem.field, 'expiresAt' in deed ? formatInstant(deed.expiresAt) : '', problem.problem)
  }
  const { asked, by, shared } = problem
  const also =
    asked === by ? '' : ` (\`${shared}\` may stand behind both: by sign-in, or as who made the token of the other)`
  const because = `\`${asked}\` asked for \`${id}\`, and so \`${by}\` cannot ${deed.kind} it${also}; somebody else who may approve at \`${target}\` must`
  return refuse({ code: 'NotAuthorized', action: 'exception:approve', because })
}

async function remember(context: WriteContext, stored: Exception): Promise<void> {
  const { id, target } = stored
  const account = isAccountId(target) ? target : context.caller.account
  await context.tx.history.changed({ id, kind: 'exception', account }, stored)
  context.changed(id)
  await context.governanceChanged('nothing')
}

// The answer ---------------------------------------------------------------------------------------------------------

const describeDeed = <D extends Deed>({ subject: _, makers = [], ...deed }: D) => ({
  ...deed,
  ...showMakers(makers),
  at: formatInstant(deed.at),
})

async function describe(context: ReadContext, stored: Exception): Promise<z.output<typeof exception>> {
  const { approved, renewal, ended, reviewed, grants } = stored
  const hold = await showPending(context, stored)
  return {
    exceptionId: stored.id,
    target: stored.target,
    resource: stored.resource,
    locale: stored.locale,
    resourceType: stored.resourceType,
    grants: { ...grants, pools: [...grants.pools] },
    ...(stored.sharedPools ? { sharedPools: [...stored.sharedPools] } : {}),
    reason: stored.reason,
    state: stateAt(stored, context.now),
    isBreakGlass: stored.isBreakGlass,
    ...(hold ? { hold } : {}),
    startsAt: formatInstant(stored.startsAt),
    expiresAt: formatInstant(stored.expiresAt),
    requested: describeDeed(stored.requested),
    ...(approved ? { approved: describeDeed(approved) } : {}),
    ...(renewal ? { renewal: { ...describeDeed(renewal), expiresAt: formatInstant(renewal.expiresAt) } } : {}),
    ...(ended ? { ended: describeDeed(ended) } : {}),
    ...(reviewed ? { reviewed: describeDeed(reviewed) } : {}),
  }
}

function describeUse({ tx }: ReadContext, use: ExceptionUse) {
  const { allocation, place, decision, cidr, resourceType, resourceId, account } = use
  const kind = resourceType === 'eip' ? 'address' : 'allocation'
  return {
    control: 'exception-ended' as const,
    resource: allocation === undefined ? place! : formatId(kind, tx.installation, allocation),
    account,
    resourceType,
    resourceId,
    cidr: formatCidr(cidr),
    decisionId: formatId('decision', tx.installation, decision),
  }
}
