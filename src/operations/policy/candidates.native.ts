// Candidates: what an assignment may become, evaluated on live traffic beside it, and promoted once it has been looked at (policy-model §4).
import { z } from 'zod'
import { formatId } from '#model/identifier.ts'
import type { CandidateAnswer, Decision } from '#model/policy/decision.ts'
import { type Refusal, refuse, refuseValue } from '#model/refusal.ts'
import type { DifferenceGroup, Span, StoredCandidate } from '#store/tables/candidates.ts'
import type { StoredAssignment } from '#store/tables/policies.ts'
import { type Place, requirePermission } from '../identity/authority.ts'
import { documentsBody, nativeRead, nativeWrite } from '../operation.native.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { permitterThen } from '../record/object-places.ts'
import {
  accountId,
  formatInstant,
  gatherPage,
  instant,
  nameShapes,
  namesIn,
  pageOf,
  paging,
  parseInstant,
  policyName,
  principalName,
  showMakers,
  targetName,
  usedMakers,
} from '../shapes.native.ts'
import { refuseTooMuchContent } from './account-bounds.ts'
import { placeOfAssignment } from './assignments.native.ts'
import { dropContradictedTags } from './assignments.ts'
import {
  contentOf,
  draftVersion,
  inList,
  isSamePair,
  putInForce,
  refuseUnfitDocument,
  refuseUnknownType,
  remember,
} from './content.ts'
import { actingOn, findPolicy, placeOfPolicy } from './policies.native.ts'
import {
  compatibility,
  documentParams,
  examplePoolId,
  locale,
  mode,
  policyId,
  readDocument,
  resourceTypeName,
  showDocument,
  showVersionFacts,
  targetId,
  version,
  versionNumber,
} from './shapes.native.ts'

/** The latest decisions that are shown for each account, type and locale. */
const samplesMax = 5
const documentsMax = 1_000

const assignment = { policyId, targetId }
const namedAssignment = { policyId: policyName, targetId: targetName }
const candidate = z.object({
  ...assignment,
  version: z.number().int().optional().describe('The version that would be in force; absent: the one that is.'),
  mode: mode.optional().describe('The mode that the assignment would be in; absent: the one that it is in.'),
  setBy: principalName,
  makers: usedMakers,
  setAt: instant,
})
const answer = z.object({
  outcome: z.enum(['allow', 'steer', 'warn', 'deny']),
  poolIds: z
    .array(z.string())
    .describe('In the order in which they would be tried; `provider` for space of the provider.'),
  onExhausted: z.enum(['deny', 'provider']).optional(),
  policyId: policyId.optional(),
  version: z.number().int().optional(),
  targetId: z.string().optional(),
  setting: z.string().optional().describe('What denied it.'),
})
const differences = z.object({
  account: accountId,
  resourceType: z.string(),
  locale: z.string(),
  count: z.number().int().describe('All of them.'),
  newlyDenied: z.number().int().describe('Policy allows these, and the candidate would not.'),
  newlyAllowed: z.number().int().describe('Policy denies these, and the candidate would not.'),
  otherPool: z.number().int().describe('These would come from another pool.'),
  otherOrder: z
    .number()
    .int()
    .describe('These would come from the same pool; only those to try after it are others, or in another order.'),
  other: z.number().int().describe('What else is otherwise: a warning, a size, the setting that denies.'),
  firstAt: instant,
  lastAt: instant,
  samples: z
    .array(z.object({ decisionId: z.string(), at: instant, live: answer, candidate: answer }))
    .describe(`The latest ones, ${samplesMax} at most.`),
})
nameShapes({ AssignmentCandidate: candidate, CandidateAnswer: answer, CandidateDifferences: differences })

// Drafts -------------------------------------------------------------------------------------------------------------

export const draftPolicyVersion = nativeWrite({
  name: 'draftPolicyVersion',
  summary: 'Write a whole version of a policy without putting it in force: to try it as a candidate.',
  action: 'policy:manage',
  input: z.strictObject({
    policyId: policyName,
    compatibility: compatibility.optional().describe('That of the version in force by default.'),
    documents: z
      .array(z.strictObject({ locale, resourceType: resourceTypeName, ...documentParams }))
      .max(documentsMax)
      .describe('All documents that the version has.')
      .meta({ examples: [[{ locale: 'us-east-1', resourceType: 'eip', rules: [{ poolId: examplePoolId }] }]] }),
  }),
  output: version,
  rest: { method: 'POST', path: '/policies/{policyId}/versions', status: 201, body: documentsBody },
  cli: 'policy-version draft',
  refusals: ['NotFound', 'MalformedId', 'InvalidParameterValue', 'NotSupported', 'LimitExceeded'],
  at: placeOfPolicy,
  async run(context, input) {
    const { acting, found } = await actingOn(context, input.policyId)
    const semantics = input.compatibility ?? (await contentOf(context, found)).compatibility
    for (const [index, one] of input.documents.entries()) {
      await refuseUnknownType(context, one.resourceType, inList(index))
      const first = input.documents.findIndex((other) => isSamePair(other, one))
      if (first === index) continue
      const problem = `documents.${first} is for the same locale and resource type`
      refuseValue(`documents.${index}`, `${one.locale}/${one.resourceType}`, problem)
    }
    const documents = input.documents.map((one) => readDocument(one, semantics))
    const number = await draftVersion(acting, found, { compatibility: semantics, documents })
    const drafted = (await context.tx.policies.findVersion(found.id, number))!
    return { ...showVersionFacts(found.id, drafted), documents: drafted.body.documents.map(showDocument) }
  },
})

// Candidates ---------------------------------------------------------------------------------------------------------

const path = '/policies/{policyId}/assignments/{targetId}/candidate'

export const getCandidate = nativeRead({
  name: 'getAssignmentCandidate',
  summary: 'Show the candidate of an assignment.',
  action: 'policy:read',
  input: z.strictObject(namedAssignment),
  output: candidate,
  rest: { method: 'GET', path },
  cli: 'candidate show',
  refusals: ['NotFound', 'MalformedId'],
  at: placeOfCandidate,
  run: async (context, input) => describe(await getStored(context, input)),
})

export const putCandidate = nativeWrite({
  name: 'putAssignmentCandidate',
  summary: 'Let a version or a mode stand beside what an assignment is, and be asked on every request without acting.',
  description:
    'It takes the place of the candidate that is there, and differences are counted from now on. A candidate that could not be met together with other assignments is refused, as a change of the assignment would be.',
  action: 'policy:manage',
  input: z.strictObject({
    ...namedAssignment,
    version: versionNumber.optional().describe('A version of the policy; the one in force by default.'),
    mode: mode.optional().describe('The mode; that of the assignment by default.'),
  }),
  output: candidate,
  rest: { method: 'PUT', path },
  cli: 'candidate put',
  refusals: [
    'NotFound',
    'MalformedId',
    'InvalidParameterValue',
    'InvalidParameterCombination',
    'LimitExceeded',
    'PolicyConflict',
  ],
  changes: getCandidate,
  at: placeOfAssignment,
  async run(context, { policyId, targetId, version, mode }) {
    const { acting, found } = await actingOn(context, policyId)
    const live = await getAssignment(context, { policyId, targetId })
    if (version === undefined && mode === undefined) {
      refuse({ code: 'InvalidParameterCombination', problem: 'Nothing would be other: give one of version, mode.' })
    }
    const stored = version === undefined ? undefined : await context.tx.policies.findVersion(policyId, version)
    if (version !== undefined && !stored) {
      refuse({ code: 'NotFound', what: 'policy-version', id: String(version) })
    }
    // What could not be promoted is no candidate: its pools may be gone by now. While it is one, they stay.
    for (const [index, document] of (stored?.body.documents ?? []).entries()) {
      await refuseUnfitDocument(acting, found, document, inList(index))
    }
    if ((version ?? found.version) === found.version && (mode ?? live.mode) === live.mode) {
      const [field, value] = version === undefined ? ['mode', mode] : ['version', version]
      refuseValue(field!, value, `version ${found.version} in mode \`${live.mode}\` is what acts already`)
    }
    if (version !== undefined) {
      await refuseTooMuchContent(context, found.account, { policyId, candidate: { targetId, version } })
    }
    const put: StoredCandidate = {
      n: context.newSequence(),
      policyId,
      targetId,
      version,
      mode,
      setBy: context.caller.native!.name,
      makers: namesIn(context.caller.native!.makers),
      setAt: context.now,
    }
    await context.tx.candidates.put(put)
    context.changed(targetId)
    await remember(acting, policyId)
    return describe(put)
  },
})

export const deleteCandidate = nativeWrite({
  name: 'deleteAssignmentCandidate',
  summary: 'Take the candidate of an assignment away again.',
  action: 'policy:manage',
  input: z.strictObject(namedAssignment),
  output: z.void(),
  rest: { method: 'DELETE', path, status: 204 },
  cli: 'candidate delete',
  refusals: ['NotFound', 'MalformedId'],
  changes: getCandidate,
  at: placeOfAssignment,
  async run(context, input) {
    const { acting } = await actingOn(context, input.policyId)
    await getStored(context, input)
    await context.tx.candidates.remove(input.policyId, input.targetId)
    context.changed(input.targetId)
    await remember(acting, input.policyId)
  },
})

export const promoteCandidate = nativeWrite({
  name: 'promoteAssignmentCandidate',
  summary: 'Let the candidate act, in one step.',
  description:
    'A version in force is in force wherever its policy is enabled. A candidate version is therefore promoted where it is the candidate of all assignments of the policy, and is then in force for all of them; each other candidate mode stays a candidate. A candidate mode alone is promoted for this assignment and touches no other. What is to hold for one target first is a policy of its own, enabled there with `replaces`.',
  action: 'policy:manage',
  input: z.strictObject(namedAssignment),
  output: z.object({ ...assignment, version: z.number().int().describe('In force now.'), mode }),
  rest: { method: 'POST', path: `${path}/promote` },
  cli: 'candidate promote',
  refusals: ['NotFound', 'MalformedId', 'NotAuthorized', 'IncorrectState', 'InvalidParameterValue', 'PolicyConflict'],
  changes: getCandidate,
  at: placeOfAssignment,
  async run(context, input) {
    const { acting, found } = await actingOn(context, input.policyId)
    const live = await getAssignment(context, input)
    const promoted = await getStored(context, input)
    await context.tx.candidates.remove(input.policyId, input.targetId)
    context.changed(input.targetId)
    if (promoted.version !== undefined && promoted.version !== found.version) {
      await settleElsewhere(context, promoted)
      await putInForce(acting, found, promoted.version)
    }
    const mode = promoted.mode ?? live.mode
    await context.tx.policies.assign({ ...live, mode })
    await dropContradictedTags(acting, found)
    await remember(acting, input.policyId)
    const { version } = await findPolicy(context, input.policyId)
    return { ...input, version, mode }
  },
})

export const listDifferences = nativeRead({
  name: 'listCandidateDifferences',
  summary: 'List what the candidate would have answered otherwise, by account, resource type and locale.',
  description:
    'Counted are the decisions of accounts below the target since the candidate was set, as far as you may see the accounts. Where other assignments on the same way have candidates too, all of them together made the difference.',
  action: 'policy:read',
  input: z.strictObject({
    ...namedAssignment,
    ...paging,
    from: instant.optional().describe('Since when; since the candidate was set by default.'),
    until: instant.optional().describe('Until when; until now by default.'),
  }),
  output: pageOf(differences),
  rest: { method: 'GET', path: `${path}/differences` },
  cli: 'candidate differences',
  columns: [
    'account',
    'resourceType',
    'locale',
    'count',
    'newlyDenied',
    'newlyAllowed',
    'otherPool',
    'otherOrder',
    'other',
    'firstAt',
    'lastAt',
  ],
  refusals: ['NotFound', 'MalformedId', 'InvalidPaginationToken'],
  at: placeOfCandidate,
  async run(context, { policyId, targetId, from, until, ...params }) {
    const { n } = await getStored(context, { policyId, targetId })
    const span: Span = {
      from: from === undefined ? 0 : parseInstant(from),
      until: until === undefined ? context.now + 1 : parseInstant(until),
    }
    const isPermitted = await permitterThen(context, 'policy:read')
    return gatherPage(context, params, {
      read: (after, limit) => {
        const [account = '', resourceType = '', locale = ''] = after.split('\n')
        return context.tx.candidates.differences(n, span, { account, resourceType, locale }, limit)
      },
      key: ({ account, resourceType, locale }) => [account, resourceType, locale].join('\n'),
      show: async (group) =>
        (await isPermitted(group.account, group.firstAt, group.lastAt + 1))
          ? describeGroup(context, n, span, group)
          : undefined,
    })
  },
})

export const candidateOperations = [getCandidate, putCandidate, deleteCandidate, promoteCandidate, listDifferences]

// What is there ------------------------------------------------------------------------------------------------------

interface AssignmentId {
  readonly policyId: string
  readonly targetId: string
}
const absentAssignment = ({ policyId, targetId }: AssignmentId): Refusal => ({
  code: 'NotFound',
  what: 'policy-assignment',
  id: `${policyId}/${targetId}`,
})

async function getAssignment(context: ReadContext, id: AssignmentId): Promise<StoredAssignment> {
  return (await context.tx.policies.findAssignment(id.policyId, id.targetId)) ?? refuse(absentAssignment(id))
}

async function getStored(context: ReadContext, { policyId, targetId }: AssignmentId): Promise<StoredCandidate> {
  const found = await context.tx.candidates.find(policyId, targetId)
  return found ?? refuse({ code: 'NotFound', what: 'candidate', id: `${policyId}/${targetId}` })
}

/** At the target: who may see its policies may see what they may become. */
async function placeOfCandidate(context: ReadContext, input: AssignmentId): Promise<Place> {
  await getAssignment(context, input)
  return { node: input.targetId, absent: absentAssignment(input) }
}

/**
 * The version comes into force for every assignment of the policy: each must have tried it as its candidate, and the
 * caller must be in charge there too. What is left of their candidates is the mode.
 */
async function settleElsewhere(context: WriteContext, { policyId, targetId, version }: StoredCandidate): Promise<void> {
  const candidates = new Map((await context.tx.candidates.ofPolicy(policyId)).map((one) => [one.targetId, one]))
  for (const other of await context.tx.policies.assignmentsOf(policyId)) {
    if (other.targetId === targetId) continue
    await requirePermission(context, 'policy:manage', { node: other.targetId })
    const beside = candidates.get(other.targetId)
    if (!beside || beside.version !== version) {
      const problem = `the policy is enabled on \`${other.targetId}\` too, where version ${version} is not the candidate; make it the candidate there first, or enable a policy of its own on one of the two in place of this one (\`replaces\`)`
      refuse({ code: 'IncorrectState', what: 'ipam-policy', id: policyId, problem })
    }
    await context.tx.candidates.remove(policyId, other.targetId)
    context.changed(other.targetId)
    if (beside.mode !== undefined && beside.mode !== other.mode) {
      await context.tx.candidates.put({ ...beside, n: context.newSequence(), version: undefined, setAt: context.now })
    }
  }
}

// The answer ---------------------------------------------------------------------------------------------------------

const describe = ({
  policyId,
  targetId,
  version,
  mode,
  setBy,
  makers,
  setAt,
}: StoredCandidate): z.output<typeof candidate> => ({
  policyId,
  targetId,
  ...(version === undefined ? {} : { version }),
  ...(mode === undefined ? {} : { mode }),
  setBy,
  ...showMakers(makers),
  setAt: formatInstant(setAt),
})

async function describeGroup(
  context: ReadContext,
  n: number,
  span: Span,
  group: DifferenceGroup,
): Promise<z.output<typeof differences>> {
  const samples: z.output<typeof differences>['samples'] = []
  const numbers = await context.tx.candidates.samples(n, span, group, samplesMax)
  const decisions = await context.tx.journal.findDecisions(numbers)
  for (const number of numbers) {
    const decision = decisions.get(number)
    if (!decision?.candidate) continue
    samples.push({
      decisionId: formatId('decision', context.tx.installation, number),
      at: formatInstant(decision.at.getTime()),
      live: describeAnswer(decision),
      candidate: { ...describeAnswer(decision.candidate), onExhausted: decision.candidate.onExhausted },
    })
  }
  return { ...group, firstAt: formatInstant(group.firstAt), lastAt: formatInstant(group.lastAt), samples }
}

const describeAnswer = ({
  outcome,
  candidates,
  policy,
  target,
  denial,
}: Pick<Decision | CandidateAnswer, 'outcome' | 'candidates' | 'policy' | 'target' | 'denial'>): z.output<
  typeof answer
> => ({
  outcome,
  poolIds: candidates.map(({ pool }) => pool),
  ...(policy ? { policyId: policy.id, version: policy.version } : {}),
  ...(target === undefined ? {} : { targetId: target }),
  ...(denial ? { setting: denial.setting } : {}),
})
