// The facts of each problem as data: what they are called, of which type, and what they mean.
import { z } from 'zod'
import { noProposals, type Refusal } from '#model/refusal.ts'
import { nounNames, type ShownRefusal } from '../wording.ts'

type Code = Refusal['code']

/** Where a refusal calls a fact otherwise than the native API calls the same thing everywhere. */
const renamed = { decision: 'decisionId', pool: 'poolId', length: 'netmaskLength' } as const
export const publicNames: Readonly<Record<string, string>> = renamed

type PublicName<K> = K extends keyof typeof renamed ? (typeof renamed)[K] : K
type FactOf<C extends Code, K> =
  Extract<ShownRefusal, { code: C }> extends infer R ? (K extends keyof R ? R[K] : never) : never
/** What faces and the pipeline go by, and no client needs. */
export const internalFacts = ['aws', 'isOfRequest', 'isOfSubnet', 'quota', 'told'] as const
type FactName<C extends Code> = Exclude<
  keyof Extract<ShownRefusal, { code: C }>,
  'code' | 'index' | (typeof internalFacts)[number]
>
/** A fact that is missing here, is not there, or has another type does not compile. */
type Facts<C extends Code> = {
  readonly [K in FactName<C> as PublicName<K>]-?: z.ZodType<FactOf<C, K>>
}

const text = z.string()
const texts = z.array(text)
const count = z.int()
const words = text.describe('What is wrong, in words.')
const field = text.describe('The member of the request, such as `documents.0.locale`.')
const value = text.describe('What was given, cut where it is long; what is not text, as JSON.')
const what = z.enum(nounNames).meta({ id: 'KindOfThing', description: 'What kind of thing it is about.' })
const id = text.describe('Which one.')
const ofThing = { what, id, problem: words }
const ofValue = { field, value, problem: words }
const decisionId = text.describe('For `GET /decisions/{decisionId}/explanation`, which also tells the nearest change.')
const sentence = text.describe('The denial, for people.')
const lines = texts.describe('The facts, for people: one each.')
const advice = z
  .object({
    nearestChange: text.describe('The first single change of the request that would be granted now, as a sentence.'),
    exceptionCommand: text
      .optional()
      .describe('The command that asks for the exception with which it would be granted; absent where none would do.'),
    mayRequestException: z
      .boolean()
      .optional()
      .describe('Whether you may ask for it; absent where that is not known, as of a signed request.'),
  })
  .optional()
  .meta({ id: 'Advice', description: 'What to do next, by what holds now.' })
const denial = {
  account: text.describe('Who asked.'),
  resourceType: text.describe('What was asked for.'),
  locale: text.describe('Where it was asked for.'),
  cause: text.describe(
    'What kind of rule denied: `tags`, `size`, `explicit`, `no-rule`, `pool-rule`, `unmatched`, `exhausted`, `resource-type`.',
  ),
  setting: text.describe('The setting, rule or attribute that decided, such as `on-explicit`.'),
  actual: text.describe('What the request has.'),
  expected: texts.describe('What is allowed; empty: nothing.'),
  missingTags: texts.optional().describe('The tags that the request lacks.'),
  poolId: text.optional().describe('The pool whose rule it is.'),
  poolName: text.optional().describe('What that pool is called.'),
  policyId: text.optional().describe('The policy that decided.'),
  policyName: text.optional().describe('What it is called.'),
  version: count.optional().describe('Its version.'),
  targetId: text.optional().describe('Where it is enabled.'),
  document: z.object({ locale: text, resourceType: text }).optional().describe('For what its document is.'),
  owner: text.optional().describe('The account to ask for an exception.'),
  contact: text.optional().describe('Whom to ask: a person, a team, a mail address or a link.'),
  exceptionId: text.optional().describe('The exception that would have let it through, had it not ended.'),
}
const { poolId: _, ...denialOfAll } = denial
const optional = <T extends Record<string, z.ZodType>>(shapes: T) =>
  Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, shape.optional().describe(shape.description ?? '')]),
  ) as { [K in keyof T]: z.ZodOptional<T[K]> }

export const factShapes: { readonly [C in Code]: Facts<C> } = {
  MissingAuthentication: {},
  IncompleteSignature: { problem: words },
  UnknownAccessKey: {},
  WrongSignature: {},
  InvalidToken: {},
  CrossSiteRequest: { problem: words },
  RequestExpired: { problem: words },
  MalformedRequest: { problem: words },
  MethodNotAllowed: { method: text.describe('The method that was used.'), allowed: texts },
  UnsupportedMediaType: { value: text.describe('The `Content-Type` that was sent; empty: none.'), allowed: texts },
  RequestTooLarge: {
    limit: count.describe('How many are allowed.'),
    unit: z
      .enum(['bytes', 'parameters', 'levels', 'members', 'characters'])
      .describe('Of what: `levels` of nesting, `members` of all objects and lists, `characters` of one text.'),
  },
  InvalidAction: { action: text.describe('The request: method and path.'), version: text.optional() },
  NotSupported: {
    what: text.describe('What is not supported.'),
    because: text.optional().describe('Why not.'),
    ownNetwork: z.object({ id: text, kind: z.enum(['vpc', 'subnet', 'natGateway']) }).optional(),
  },
  UnknownParameter: { field },
  DuplicateParameter: { field },
  MissingParameter: { field },
  InvalidParameterValue: ofValue,
  InvalidParameterCombination: { problem: words },
  InvalidRange: { ...ofValue, what: z.enum(['vpc', 'subnet']) },
  InvalidPaginationToken: { field, value },
  InvalidFilter: { name: text, allowed: texts },
  InvalidTagKey: { key: text.describe('The tag key.'), problem: words },
  MalformedId: { what, id, expected: text.describe('The form that is expected.') },
  NotAuthorized: {
    action: text.describe('What must be permitted, such as `policy:manage`.'),
    because: text.describe('Why it is not: for want of which role, and where.'),
    reason: z.enum(['no-role', 'forbidden', 'scopes']).optional().describe('Why roles or the token say no.'),
    principal: text.optional().describe('Who may not, or to whom it is forbidden.'),
    node: text.optional().describe('Where it must be permitted, or where it is forbidden.'),
    bindingId: text.optional().describe('The role binding that forbids it.'),
  },
  NotShared: {
    id: text.describe('The pool.'),
    account: text.describe('The account, or the node, with which it is not shared.'),
    owner: text.describe('The account that owns it, and can share it.'),
    contact: text.optional().describe('Whom to ask there.'),
  },
  DryRunSucceeded: {},
  IdempotencyMismatch: { token: text.describe('The key that belongs to another request.') },
  OutdatedRepeat: {
    id: text.describe('What the first request made or changed, and is gone or has changed since.'),
    token: text.optional().describe('The key of both requests.'),
  },
  PreconditionFailed: {
    expected: text.describe('The `ETag` that you read.'),
    current: text.describe('The one that it has.'),
  },
  NotFound: { what, id },
  NoLongerKept: { what, id, before: text.describe('The moment: what is from before it may be gone.') },
  NotEligible: { problem: words },
  ChangeRequestRequired: {
    ipamId: text.describe('The IPAM whose change control is required.'),
    operation: text,
    proposal: text.optional().describe('`operations` of a change request that says the same, as JSON.'),
    noProposal: z
      .enum(noProposals)
      .optional()
      .describe(
        'Why it is not there: no operation of this API says the same, nothing would be otherwise, or it is too long to be repeated.',
      ),
  },
  PolicyConflict: {
    kind: z.enum(['pools', 'size', 'required-tags']).describe('What cannot be met.'),
    node: text.describe('Where in the organization.'),
    locale: text,
    resourceType: text,
    parties: z
      .array(z.object({ policyId: text, version: count, targetId: text, account: text }))
      .describe('The two assignments: who gives the order or the wider bound, and who leaves nothing.'),
    problem: words,
  },
  IncorrectState: ofThing,
  DependencyViolation: ofThing,
  AlreadyExists: { what, problem: words },
  LimitExceeded: {
    what: text.describe('Of what there are too many.'),
    limit: count.describe('How many there may be.'),
    used: count.describe('How many there are.'),
    countedFor: text.optional().describe('Whom or what the bound is counted for.'),
    remedy: text.optional().describe('What to do about it.'),
  },
  AlreadyAssociated: ofThing,
  InUse: ofThing,
  CidrConflict: { ...ofValue, what: z.literal('subnet').optional() },
  MissingRequiredTags: {
    poolId: text.describe('The pool that asks for them.'),
    missing: texts.describe('`KEY` or `KEY=VALUE` each.'),
  },
  DeniedByPolicy: { decisionId, sentence, lines, ...denial, advice },
  Exhausted: {
    ...optional({ decisionId, sentence, lines, ...denialOfAll }),
    advice,
    poolId: text.describe('The first pool that could have served, or `provider`.'),
    netmaskLength: count.describe('The length that has no room.'),
  },
  AnswerTooLarge: { limit: count.describe('The bytes that one answer may have.') },
  Throttled: {
    retryAfterSeconds: count.describe('How long to wait.'),
    because: text.optional().describe('What there is too much of, where it is not the rate of requests.'),
  },
  Unavailable: { because: text.describe('What is in trouble.') },
}
