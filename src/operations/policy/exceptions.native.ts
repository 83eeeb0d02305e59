// Exceptions over the native API.
import { z } from 'zod'
import { formatCidr } from '#model/cidr.ts'
import {
  type Attribution,
  breakGlassHoursMax,
  type Exception,
  exceptionDaysMax,
  exceptionStates,
} from '#model/policy/exception.ts'
import { nativeRead, nativeWrite } from '../operation.native.ts'
import type { ReadContext } from '../operation.ts'
import { decisionId } from '../record/decisions.native.ts'
import { between, readSpan } from '../record/shapes.native.ts'
import {
  accountId,
  answerPage,
  filterOf,
  formatInstant,
  idText,
  instant,
  nameShapes,
  nodeId,
  nodeName,
  pageAsked,
  pageOf,
  paging,
  parseInstant,
  poolName,
  principalName,
  sentence,
  showMakers,
  usedMakers,
} from '../shapes.native.ts'
import { pendingHold, pendingHoldParams, readPendingHold, showPending } from '../space/holds-for-approval.native.ts'
import { type ExceptionFinding, listExceptionFindings as listFindings } from './exception-findings.ts'
import {
  type DescribedException,
  describeException,
  getDescribedException,
  listExceptions as listExceptionsOf,
} from './exception-lists.ts'
import { completeException, type ExceptionDraft, type ExceptionEnd, endOf, placeOfDraft } from './exception-requests.ts'
import {
  approveException as approve,
  breakGlass as breakTheGlass,
  denyException as deny,
  type ExceptionParams,
  placeOfException,
  renewException as renew,
  requestException as request,
  reviewException as review,
  revokeException as revoke,
} from './exceptions.ts'
import { examplePoolId, forEachGrantable, namesShape, shownGrants } from './shapes.native.ts'

const poolsMax = 20

// Shapes -------------------------------------------------------------------------------------------------------------

const exceptionId = idText('exception').describe('`exception-…`.')
const reason = sentence(1_000)
const note = sentence(1_000)
const lengths = z.strictObject({
  min: z.number().int().min(0).max(128).describe('The netmask length of the largest block.'),
  max: z.number().int().min(0).max(128).describe('The netmask length of the smallest block.'),
})
const grants = z
  .strictObject({
    pools: z.array(poolName).max(poolsMax).default([]).describe('Pools that count as listed.'),
    provider: z.boolean().default(false).describe('Whether space of the provider, or brought along, is permitted.'),
    ...forEachGrantable(({ summary }) => lengths.optional().describe(summary)),
  })
  .describe('What is permitted: at least one of pools, `provider` and a size.')
  .meta({ id: 'GrantsParams', examples: [{ pools: [examplePoolId] }] })
const length = z
  .string()
  .regex(/^[0-9]{1,4}[mhd]$/)
  .describe('How long it lasts, such as `30d`, `12h` or `90m`, in place of `expiresAt`.')
  .meta({ id: 'ExceptionLength', examples: ['30d'] })
const params = {
  decisionId: decisionId.optional().describe('A denial, from which follows what is not said.'),
  target: nodeName
    .optional()
    .describe('A node, by its id or name: it holds there and below. By default the one where you may ask.'),
  resource: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe('Only for resources whose id, or tag `Name`, matches; `*` stands for any text.'),
  locale: z
    .string()
    .min(1)
    .max(97)
    .optional()
    .describe('A Region, `CLOUD:REGION` or `onprem:SITE`; by default that of the pool.'),
  resourceType: z
    .string()
    .max(64)
    .optional()
    .describe(
      'A resource type, such as `eip`. By default the only one that the pool serves and policy speaks of there.',
    ),
  poolId: poolName.optional().describe('A pool that counts as listed.'),
  provider: z.boolean().optional().describe('Whether space of the provider, or brought along, is permitted.'),
  netmaskLength: z
    .number()
    .int()
    .min(0)
    .max(128)
    .optional()
    .describe('A netmask length that passes whatever policy says.'),
  grants: grants.optional().describe('What is permitted, in place of one pool and one length.'),
  reason: reason.describe('Why, for whoever approves and for the record.'),
  expiresAt: instant.optional().describe('When it ends.'),
  for: length.optional(),
}
/** People write these often: in short. */
const flags = { decisionId: 'decision', poolId: 'pool' }
const attributionShape = {
  by: principalName,
  makers: usedMakers,
  at: instant,
}
const attribution = z.object(attributionShape).meta({ id: 'ExceptionAct' })
export const exception = z.object({
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
  requested: attribution,
  approved: attribution.optional(),
  renewal: z
    .object({ ...attributionShape, expiresAt: instant, reason: z.string() })
    .optional()
    .describe('A later end that waits for approval.'),
  ended: z
    .object({ ...attributionShape, note: z.string().optional() })
    .optional()
    .describe('Who denied or revoked it.'),
  reviewed: z
    .object({ ...attributionShape, note: z.string() })
    .optional()
    .describe('Who looked at the break-glass afterwards.'),
  names: namesShape,
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
  run: async (context, input) => showException(await getDescribedException(context, input.exceptionId)),
})

export const listExceptions = nativeRead({
  name: 'listExceptions',
  summary: 'List exceptions, newest first, as far as you may see them.',
  description:
    '`from` and `until` are about when they were asked for. A page may be shorter than its `limit` and still have a `nextCursor`.',
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
    ...between,
  }),
  output: pageOf(exception),
  rest: { method: 'GET', path: '/exceptions' },
  cli: 'exception list',
  columns: ['exceptionId', 'target', 'resourceType', 'locale', 'state', 'expiresAt', 'reason'],
  refusals: ['InvalidPaginationToken'],
  at: 'filtered',
  async run(context, { finding, from, until, ...input }) {
    const filter = { ...filterOf(input), hasFinding: finding === 'open' }
    return answerPage(
      await listExceptionsOf(context, filter, readSpan({ from, until }), pageAsked(input)),
      showException,
    )
  },
})

export const listExceptionFindings = nativeRead({
  name: 'listExceptionFindings',
  summary: 'List what must be looked at because of an exception, the latest space first.',
  description:
    '`from` and `until` are about `since`. A break-glass stays open until somebody else has reviewed it. Space whose tags, or those that a rule reads above it, are other ones by now, so that it would not be given again, is listed until they are as before. Space that was taken under an exception stays when the exception ends, and is listed from then on until it is given back or the exception is renewed. Of space, only that of accounts at which you may read exceptions is listed.',
  action: 'exception:read',
  input: z.strictObject({ exceptionId, ...paging, ...between }),
  output: pageOf(finding),
  rest: { method: 'GET', path: '/exceptions/{exceptionId}/findings' },
  cli: 'exception findings',
  columns: ['control', 'resource', 'cidr', 'since', 'account', 'resourceType'],
  refusals: ['NotFound', 'MalformedId', 'InvalidPaginationToken'],
  at: placeOfException,
  run: async (context, { exceptionId, from, until, ...asked }) =>
    answerPage(await listFindings(context, exceptionId, readSpan({ from, until }), pageAsked(asked)), showFinding),
})

const placeOfRequest = (
  context: ReadContext,
  { decisionId: decision, target }: Pick<Params, 'decisionId' | 'target'>,
) => placeOfDraft(context, { decision, target })
const refusalsOfParams = [
  'NotFound',
  'NoLongerKept',
  'MalformedId',
  'LimitExceeded',
  'NotAuthorized',
  'MissingParameter',
  'InvalidParameterCombination',
] as const

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
  flags,
  refusals: [...refusalsOfParams, ...(['NotSupported', 'NotEligible', 'CidrConflict', 'Exhausted'] as const)],
  at: placeOfRequest,
  run: async (context, input) => describe(context, await request(context, await readParams(context, input))),
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
  flags,
  refusals: [...refusalsOfParams, 'IncorrectState'],
  at: placeOfRequest,
  run: async (context, input) => describe(context, await breakTheGlass(context, await readParams(context, input))),
})

export const renewException = nativeWrite({
  name: 'renewException',
  summary: 'Ask for a later end, which somebody else must approve again.',
  description:
    'Until then the present end holds. Whoever asked for the exception may replace a renewal that somebody else asks for.',
  action: 'exception:request',
  input: z.strictObject({
    exceptionId,
    expiresAt: params.expiresAt,
    for: length.describe('How much longer it lasts than now, such as `30d`, in place of `expiresAt`.').optional(),
    reason,
  }),
  output: exception,
  rest: { method: 'POST', path: '/exceptions/{exceptionId}/renew' },
  cli: 'exception renew',
  refusals: ['NotFound', 'MalformedId', 'IncorrectState', 'MissingParameter', 'InvalidParameterCombination'],
  changes: getException,
  at: placeOfException,
  run: async (context, { exceptionId, reason, ...end }) =>
    describe(context, await renew(context, exceptionId, { expiresAt: endOf(readEnd(end), context.now), reason })),
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
    const until = input.expiresAt === undefined ? undefined : parseInstant(input.expiresAt)
    return describe(context, await approve(context, input.exceptionId, until))
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
  run: async (context, { exceptionId, note }) => describe(context, await deny(context, exceptionId, note)),
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
  run: async (context, { exceptionId, note }) => describe(context, await revoke(context, exceptionId, note)),
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
  run: async (context, { exceptionId, note }) => describe(context, await review(context, exceptionId, note)),
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

// The request --------------------------------------------------------------------------------------------------------

interface Params extends Omit<ExceptionDraft, 'startsAt' | 'end' | 'hold' | 'decision' | 'pool'> {
  readonly decisionId?: string | undefined
  readonly poolId?: string | undefined
  readonly startsAt?: string | undefined
  readonly expiresAt?: string | undefined
  readonly for?: string | undefined
  readonly hold?: z.output<typeof pendingHoldParams> | undefined
}
const readParams = (
  context: ReadContext,
  { decisionId: decision, poolId: pool, startsAt, expiresAt, for: length, hold, ...rest }: Params,
): Promise<ExceptionParams> =>
  completeException(context, {
    ...rest,
    decision,
    pool,
    end: readEnd({ expiresAt, for: length }),
    ...(startsAt === undefined ? {} : { startsAt: parseInstant(startsAt) }),
    ...(hold ? { hold: readPendingHold(hold) } : {}),
  })

const unitsMs = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const readEnd = ({ expiresAt, for: length }: Pick<Params, 'expiresAt' | 'for'>): ExceptionEnd => ({
  ...(expiresAt === undefined ? {} : { at: parseInstant(expiresAt) }),
  ...(length === undefined
    ? {}
    : { afterMs: Number(length.slice(0, -1)) * unitsMs[length.at(-1) as keyof typeof unitsMs] }),
})

// The answer ---------------------------------------------------------------------------------------------------------

const describeAttribution = <D extends Attribution>({ subject: _, makers = [], ...attribution }: D) => ({
  ...attribution,
  ...showMakers(makers),
  at: formatInstant(attribution.at),
})

const describe = async (context: ReadContext, stored: Exception): Promise<z.output<typeof exception>> =>
  showException(await describeException(context, stored))

export function showException({
  exception: stored,
  state,
  pending,
  names,
}: DescribedException): z.output<typeof exception> {
  const { approved, renewal, ended, reviewed, grants } = stored
  return {
    exceptionId: stored.id,
    target: stored.target,
    resource: stored.resource,
    locale: stored.locale,
    resourceType: stored.resourceType,
    grants: { ...grants, pools: [...grants.pools] },
    ...(stored.sharedPools ? { sharedPools: [...stored.sharedPools] } : {}),
    reason: stored.reason,
    state,
    isBreakGlass: stored.isBreakGlass,
    ...(pending ? { hold: showPending(pending) } : {}),
    startsAt: formatInstant(stored.startsAt),
    expiresAt: formatInstant(stored.expiresAt),
    requested: describeAttribution(stored.requested),
    ...(approved ? { approved: describeAttribution(approved) } : {}),
    ...(renewal ? { renewal: { ...describeAttribution(renewal), expiresAt: formatInstant(renewal.expiresAt) } } : {}),
    ...(ended ? { ended: describeAttribution(ended) } : {}),
    ...(reviewed ? { reviewed: describeAttribution(reviewed) } : {}),
    names,
  }
}

const showFinding = ({ since, cidr, ...found }: ExceptionFinding): z.output<typeof finding> => ({
  ...found,
  since: formatInstant(since),
  ...(cidr ? { cidr: formatCidr(cidr) } : {}),
})
