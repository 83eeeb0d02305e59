// Why a decision came out as it did, past or on paper, and what would alter it.
import { z } from 'zod'
import { type Cidr, formatCidr, nearCidrProblem, parseAddress, parseCidr } from '#model/cidr.ts'
import { hasShape } from '#model/identifier.ts'
import type { AllocationRequest, Party } from '#model/policy/decision.ts'
import { allowedInWords, valueInWords } from '#model/policy/denial-words.ts'
import { messageOf } from '#model/policy/explain.ts'
import { type Change, describeChange, describeNext, type NearestChange } from '#model/policy/nearest-change.ts'
import type { Explained, Names } from '#model/policy/told.ts'
import { inWords } from '#model/policy/trace-words.ts'
import { modeValues } from '#model/policy/values.ts'
import { problemInWords } from '#model/problems/problem.ts'
import { worded } from '#model/problems/worded.ts'
import { refuse } from '#model/refusal.ts'
import { placeOfNode } from '../identity/roles.ts'
import { nativeRead } from '../operation.native.ts'
import type { ReadContext } from '../operation.ts'
import { decisionId } from '../record/decisions.native.ts'
import { getRecorded, placeOfDecision } from '../record/decisions.ts'
import { accountId, accountName, instant, nameShapes, poolNameOrProvider } from '../shapes.native.ts'
import { family, scopeType } from '../space/shapes.native.ts'
import { answerOnPaper, type Tellable, tellable } from './explanations.ts'
import { namesBeside } from './labels.ts'
import { locale, namesShape, party, resourceTypeName, shownGrants, traceStep } from './shapes.native.ts'

const textMax = 64
const tagsMax = 50
const cidrText = z
  .string()
  .max(textMax)
  .refine((text) => readBlock(text) !== undefined, {
    error: ({ input }) =>
      problemInWords(nearCidrProblem(String(input))) ?? 'an address or a CIDR without host bits is expected',
  })
  .describe('An address, or a CIDR such as `10.0.0.0/24`.')
const netmaskLength = z.number().int().min(0).max(128)
const tags = z.record(z.string().max(128), z.string().max(256))

const request = z.object({
  account: accountId,
  resourceType: z.string(),
  locale: z.string(),
  family,
  scopeType: scopeType.optional(),
  netmaskLength: netmaskLength.optional(),
  poolId: z.string().optional().describe('The pool that was named, or `provider`.'),
  cidr: z.string().optional().describe('The address or CIDR that was named.'),
  resource: z.string().optional().describe('The resource that it is for, by its name.'),
  tags: tags.optional(),
})
const candidate = z.object({
  poolId: z.string().describe('A pool, or `provider`.'),
  netmaskLength: z.number().int(),
  rule: z.number().int().optional().describe('The place of the rule in its document, counted from 1.'),
})
const nearestShape = z.object({
  kind: z
    .enum(['ask-again', 'drop-explicit', 'other-pool', 'add-tags', 'size', 'family', 'exception'])
    .describe('`ask-again`: policy or space have changed since, and the same request would be granted now.'),
  sentence: z.string(),
  by: z
    .enum(['requester', 'approver'])
    .describe('Who may make it: `requester`, whoever asks; `approver`, somebody else with `exception:approve`.'),
  request: request.describe('The request with the change, as it would be granted now.'),
  outcome: z.enum(['allow', 'steer', 'warn']),
  poolId: z.string().describe('Where the space would come from: a pool, or `provider`.'),
  tags: z
    .array(z.object({ key: z.string(), value: z.string().optional() }))
    .optional()
    .describe('Those to add; without a value, whatever value will do.'),
  grants: shownGrants.optional().describe('What an exception must grant: for `POST /exceptions`.'),
})
export const explanation = z.object({
  decisionId: decisionId.optional().describe('Absent where nobody has asked for it.'),
  at: instant,
  request,
  outcome: z.enum(['allow', 'steer', 'warn', 'deny']),
  mode: z.enum(modeValues).describe('The strictest mode among the assignments that apply.'),
  messages: z.object({
    short: z.string().max(120).describe('One line.'),
    standard: z.string().describe('One sentence, a line for each fact, and whom to ask.'),
    long: z.string().describe('All there is to say, with the trace.'),
  }),
  decidedBy: z
    .object({ policyId: z.string(), version: z.number().int(), targetId: z.string() })
    .optional()
    .describe('The policy that gives the order of pools, and where it is enabled.'),
  documents: z
    .array(z.object({ policyId: z.string(), isApplied: z.boolean(), because: z.string() }))
    .describe('The policies on the path that were asked for a document, in the order of their say.'),
  failed: z
    .object({
      cause: z.string(),
      setting: z.string().describe('What decided, by its public name, such as `on-explicit`.'),
      expected: z.array(z.string()).describe('What is allowed; empty: nothing.'),
      actual: z.string(),
      missingTags: z.array(z.string()).optional(),
      poolId: z.string().optional().describe('The pool whose rule it is.'),
      by: party.optional().describe('Whose setting it is; absent where no policy decided.'),
      owner: accountId.optional().describe('The account to ask for an exception.'),
      contact: z.string().optional().describe('Whom to ask there: a person, a team, a mail address or a link.'),
    })
    .optional()
    .describe('What failed; of a denial alone.'),
  candidates: z.array(candidate).describe('Where the space could come from, in order.'),
  poolId: z.string().optional().describe('Where it came from, or would: a pool, or `provider`.'),
  cidr: z.string().optional(),
  exceptionId: z
    .string()
    .optional()
    .describe('The exception without which it would have been something else, or nothing.'),
  wouldBe: z
    .object({
      mode: z.enum(['observe', 'warn']),
      outcome: z.enum(['allow', 'steer', 'deny']),
      policyId: z.string().optional(),
      poolIds: z.array(z.string()),
      cause: z.string().optional(),
    })
    .optional()
    .describe('What assignments that only watch would have made of it.'),
  candidate: z
    .object({
      outcome: z.enum(['allow', 'steer', 'warn', 'deny']),
      policyId: z.string().optional(),
      version: z.number().int().optional(),
      poolIds: z.array(z.string()),
      cause: z.string().optional(),
    })
    .optional()
    .describe('What candidates of assignments on the path would have made of it, where that is something else.'),
  trace: z.array(traceStep),
  names: namesShape,
  nearestChange: nearestShape
    .optional()
    .describe(
      'Of a denial: the first single change that would turn it into a grant, by what holds now. Absent where you may read the decision only because the account was in a unit of yours then.',
    ),
})
nameShapes({
  AllocationRequest: request,
  ExplainedCandidate: candidate,
  NearestChange: nearestShape,
  Explanation: explanation,
})

export const explainRecordedDecision = nativeRead({
  name: 'explainDecision',
  summary: 'Tell why a decision came out as it did, and what would alter it.',
  description: 'What is told of the decision is what was recorded; the nearest change is by what holds now.',
  action: 'decision:read',
  input: z.strictObject({ decisionId }),
  output: explanation,
  rest: { method: 'GET', path: '/decisions/{decisionId}/explanation' },
  cli: 'explain decision',
  refusals: ['NotFound', 'NoLongerKept', 'MalformedId'],
  at: placeOfDecision,
  async run(context, input) {
    const recorded = await getRecorded(context, input.decisionId)
    return describeExplained(context, { ...recorded, id: input.decisionId })
  },
})

/** The account that a request is made for. */
export const askingAccount = accountName.describe('The account that would ask, by its id or name.')
/** What a request asks for, beside who asks for what and where. */
export const askedShape = {
  family: family.default('ipv4'),
  scopeType: scopeType.optional().describe('Needed where the type has both and no pool is named.'),
  netmaskLength: netmaskLength.optional().describe('The size that is asked for.'),
  poolId: poolNameOrProvider.optional().describe('The pool that would be named, or `provider`.'),
  tags: tags
    .refine((given) => Object.keys(given).length <= tagsMax, `at most ${tagsMax} tags are allowed`)
    .optional()
    .describe('The tags that the resource would have.'),
}

export const explainRequest = nativeRead({
  name: 'explainRequest',
  summary: 'Tell what an account would get for a request, and why, without making it.',
  description: 'Decided by what holds now. Nothing is taken, and nothing is put on record.',
  action: 'decision:read',
  input: z.strictObject({
    account: askingAccount,
    resourceType: resourceTypeName,
    locale,
    ...askedShape,
    cidr: cidrText.optional().describe('The address or CIDR that would be named.'),
    resource: z.string().min(1).max(256).optional().describe('The resource that it would be for: exceptions may ask.'),
  }),
  output: explanation,
  rest: { method: 'POST', path: '/explanations' },
  cli: 'explain request',
  refusals: [
    'NotFound',
    'MalformedId',
    'InvalidParameterValue',
    'InvalidParameterCombination',
    'MissingParameter',
    'IncorrectState',
  ],
  at: async (context, { account }) => placeOfNode(context, account),
  async run(context, params) {
    if (params.cidr !== undefined && params.netmaskLength !== undefined) {
      refuse({
        code: 'InvalidParameterCombination',
        problem: worded('`cidr` has a size of its own; leave out `netmaskLength`.'),
      })
    }
    return describeExplained(context, await answerOnPaper(context, requestOf(params)))
  },
})

// The request --------------------------------------------------------------------------------------------------------

/** An address is the block of its own. */
const readBlock = (text: string): Cidr | undefined => parseCidr(text) ?? parseAddress(text)

interface RequestParams {
  readonly account: string
  readonly resourceType: string
  readonly locale: string
  readonly family: 'ipv4' | 'ipv6'
  readonly scopeType?: 'public' | 'private'
  readonly netmaskLength?: number
  readonly poolId?: string
  readonly cidr?: string
  readonly resource?: string
  readonly tags?: Readonly<Record<string, string>>
}
export function requestOf({ family, poolId, cidr, tags, ...rest }: RequestParams): AllocationRequest {
  const explicit = { ...(poolId === undefined ? {} : { pool: poolId }), ...(cidr ? { cidr: readBlock(cidr)! } : {}) }
  return {
    ...rest,
    family: family === 'ipv4' ? 4 : 6,
    ...(Object.keys(explicit).length > 0 ? { explicit } : {}),
    ...(tags && Object.keys(tags).length > 0 ? { tags: new Map(Object.entries(tags)) } : {}),
  }
}

// The answer ---------------------------------------------------------------------------------------------------------

export async function describeExplained(context: ReadContext, given: Explained): Promise<z.output<typeof explanation>> {
  return describeTold(context, await tellable(context, given))
}
/** The same of rules that are not in force: nothing is told of what would alter it. */
export const describeSupposed = async (context: ReadContext, given: Explained): Promise<z.output<typeof explanation>> =>
  describeTold(context, await tellable(context, given, { isSupposed: true }))

async function describeTold(context: ReadContext, told: Tellable): Promise<z.output<typeof explanation>> {
  const answer = explanationOf(told)
  return {
    ...answer,
    names: await namesBeside(context, answer, told.isNowTold ? told.decision.request.account : undefined),
  }
}

/** Members in the order of their declaration. */
export const explanationFields = Object.keys(explanation.shape)

/** All but what the things in it are called. */
export function explanationOf({
  decision,
  nearest,
  names,
  isNowTold = true,
}: Omit<Tellable, 'isNowTold'> & Partial<Tellable>): Omit<z.output<typeof explanation>, 'names'> {
  const { denial, policy, target, trace, wouldBe, candidates, pool, cidr } = decision
  return {
    ...(decision.id === undefined ? {} : { decisionId: decision.id }),
    at: decision.at.toISOString(),
    request: describeRequest(decision.request),
    outcome: decision.outcome,
    mode: decision.mode,
    messages: messagesOf(decision, names, isNowTold ? describeNext(decision, nearest) : undefined),
    ...(policy && target !== undefined
      ? { decidedBy: { policyId: policy.id, version: policy.version, targetId: target } }
      : {}),
    documents: trace
      .filter(({ kind, result }) => kind === 'document' && (result === 'hit' || result === 'miss'))
      .filter(({ subject = '' }) => hasShape('policy', subject))
      .map((step) => inWords(step, decision.request))
      .map(({ subject, result, because }) => ({ policyId: subject, isApplied: result === 'hit', because })),
    ...(denial
      ? {
          failed: {
            cause: denial.cause,
            setting: denial.setting,
            expected: [...allowedInWords(denial.allowed)],
            actual: valueInWords(denial.value),
            ...(denial.missingTags ? { missingTags: [...denial.missingTags] } : {}),
            ...(denial.pool === undefined ? {} : { poolId: denial.pool }),
            ...(denial.by ? { by: describeParty(denial.by) } : {}),
            ...(denial.owner === undefined ? {} : { owner: denial.owner }),
            ...contactIn(decision),
          },
        }
      : {}),
    candidates: candidates.map(({ pool, netmaskLength, rule }) => ({ poolId: pool, netmaskLength, rule })),
    ...(pool === undefined ? {} : { poolId: pool }),
    ...(cidr ? { cidr: formatCidr(cidr) } : {}),
    ...(decision.exception === undefined ? {} : { exceptionId: decision.exception }),
    ...(wouldBe
      ? {
          wouldBe: {
            mode: wouldBe.mode,
            outcome: wouldBe.outcome,
            policyId: wouldBe.policy?.id,
            poolIds: wouldBe.candidates.map(({ pool }) => pool),
            cause: wouldBe.denial?.cause,
          },
        }
      : {}),
    ...(decision.candidate
      ? {
          candidate: {
            outcome: decision.candidate.outcome,
            policyId: decision.candidate.policy?.id,
            version: decision.candidate.policy?.version,
            poolIds: decision.candidate.candidates.map(({ pool }) => pool),
            cause: decision.candidate.denial?.cause,
          },
        }
      : {}),
    trace: trace.map((step) => inWords(step, decision.request)),
    ...(nearest ? { nearestChange: describeNearest(nearest) } : {}),
  }
}

/** Whom to ask: about the pool that is full, else about what denied. */
function contactIn({ poolContact, contact }: Explained): { contact?: string } {
  const whom = poolContact ?? contact
  return whom === undefined ? {} : { contact: whom }
}

function messagesOf(decision: Explained, names: Names, next: string | undefined) {
  const extras = { names, ...(next === undefined ? {} : { next }) }
  return {
    short: messageOf(decision, 'short', extras),
    standard: messageOf(decision, 'standard', extras),
    long: messageOf(decision, 'long', extras),
  }
}

const describeRequest = (asked: AllocationRequest): z.output<typeof request> => ({
  account: asked.account,
  resourceType: asked.resourceType,
  locale: asked.locale,
  family: asked.family === 4 ? 'ipv4' : 'ipv6',
  scopeType: asked.scopeType,
  netmaskLength: asked.netmaskLength,
  poolId: asked.explicit?.pool,
  cidr: asked.explicit?.cidr && formatCidr(asked.explicit.cidr),
  resource: asked.resource,
  tags: asked.tags && Object.fromEntries(asked.tags),
})

export const describeParty = ({ policy, version, target, owner }: Party): z.output<typeof party> => ({
  policyId: policy,
  version,
  targetId: target,
  account: owner,
})

function describeNearest(nearest: NearestChange): z.output<typeof nearestShape> {
  const { change, request, outcome, pool } = nearest
  return {
    kind: change.kind,
    sentence: describeChange(nearest),
    by: change.kind === 'exception' ? 'approver' : 'requester',
    request: describeRequest(request),
    outcome,
    poolId: pool,
    ...detailsOf(change),
  }
}
function detailsOf(change: Change) {
  if (change.kind === 'add-tags') return { tags: change.tags.map((tag) => ({ ...tag })) }
  return change.kind === 'exception' ? { grants: { ...change.grants, pools: [...change.grants.pools] } } : {}
}
