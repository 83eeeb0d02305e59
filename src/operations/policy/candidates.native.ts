// Candidates of assignments, and drafts that may become them, over the native API.
import { z } from 'zod'
import type { CandidateAnswer, Decision } from '#model/policy/decision.ts'
import { modeValues } from '#model/policy/values.ts'
import type { StoredCandidate } from '#store/tables/candidates.ts'
import { idOf } from '../identifiers.ts'
import { documentsBody, nativeRead, nativeWrite } from '../operation.native.ts'
import type { ReadContext } from '../operation.ts'
import {
  accountId,
  answerPage,
  filterOf,
  formatInstant,
  instant,
  nameShapes,
  pageAsked,
  pageOf,
  paging,
  parseInstant,
  policyName,
  principalName,
  showMakers,
  targetName,
  usedMakers,
} from '../shapes.native.ts'
import {
  type Difference,
  draft,
  getCandidate as getStored,
  listCandidates as listCandidatesOf,
  listDifferences as listDifferencesOf,
  placeOfCandidate,
  promoteCandidate as promote,
  putCandidate as put,
  removeCandidate as remove,
  samplesMax,
} from './candidates.ts'
import { placeOfAssignment, placeOfPolicy } from './places.ts'
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
  isList: true,
  refusals: ['NotFound', 'MalformedId', 'InvalidParameterValue', 'NotSupported', 'LimitExceeded'],
  at: placeOfPolicy,
  async run(context, input) {
    const { policyId, documents, ...rest } = input
    const drafted = await draft(context, policyId, { ...rest, documents: documents.map(readDocument) })
    return {
      ...showVersionFacts({ policyId, version: drafted, deletedAt: undefined }),
      documents: drafted.body.documents.map(showDocument),
    }
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

export const listCandidates = nativeRead({
  name: 'listAssignmentCandidates',
  summary: 'List the candidates of assignments, as far as you may see the target.',
  action: 'policy:read',
  input: z.strictObject({ ...paging, policyId: policyName.optional().describe('Only those of this policy.') }),
  output: pageOf(candidate),
  rest: { method: 'GET', path: '/candidates' },
  cli: 'candidate list',
  columns: ['policyId', 'targetId', 'version', 'mode', 'setBy', 'setAt'],
  refusals: ['InvalidPaginationToken', 'MalformedId'],
  at: 'filtered',
  run: async (context, input) =>
    answerPage(await listCandidatesOf(context, filterOf(input), pageAsked(input)), describe),
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
    return describe(await put(context, { policyId, targetId }, { version, mode }))
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
    await remove(context, input)
  },
})

export const promoteCandidate = nativeWrite({
  name: 'promoteAssignmentCandidate',
  summary: 'Let the candidate act, in one step.',
  description:
    'A version in force is in force wherever its policy is enabled. A candidate version is therefore promoted where it is the candidate of all assignments of the policy, and is then in force for all of them; each other candidate mode stays a candidate. A candidate mode alone is promoted for this assignment and touches no other. What is to hold for one target first is a policy of its own, enabled there with `replaces`.',
  action: 'policy:manage',
  input: z.strictObject({
    ...namedAssignment,
    ifVersion: z
      .string()
      .regex(/^([1-9][0-9]{0,9}|none)$/, 'the number of a version, or `none`, is expected')
      .optional()
      .describe('The version of the candidate that you looked at, or `none`: refused where it is another one by now.')
      .meta({ examples: ['4'] }),
    ifMode: z
      .enum([...modeValues, 'none'])
      .optional()
      .describe('The mode of the candidate that you looked at, or `none`: refused where it is another one by now.'),
  }),
  output: z.object({ ...assignment, version: z.number().int().describe('In force now.'), mode }),
  rest: { method: 'POST', path: `${path}/promote` },
  cli: 'candidate promote',
  refusals: ['NotFound', 'MalformedId', 'NotAuthorized', 'IncorrectState', 'InvalidParameterValue', 'PolicyConflict'],
  changes: getCandidate,
  at: placeOfAssignment,
  async pin(context, { policyId, targetId }) {
    const { version, mode } = await getStored(context, { policyId, targetId })
    return { ifVersion: String(version ?? 'none'), ifMode: mode ?? ('none' as const) }
  },
  async run(context, { policyId, targetId, ifVersion, ifMode }) {
    const expected = { version: ifVersion, mode: ifMode }
    return { policyId, targetId, ...(await promote(context, { policyId, targetId }, expected)) }
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
  run: async (context, { policyId, targetId, from, until, ...asked }) => {
    const span = {
      from: from === undefined ? undefined : parseInstant(from),
      until: until === undefined ? undefined : parseInstant(until),
    }
    const page = await listDifferencesOf(context, { policyId, targetId }, span, pageAsked(asked))
    return answerPage(page, (found) => describeGroup(context, found))
  },
})

export const candidateOperations = [
  listCandidates,
  getCandidate,
  putCandidate,
  deleteCandidate,
  promoteCandidate,
  listDifferences,
]

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

const describeGroup = (context: ReadContext, { group, samples }: Difference): z.output<typeof differences> => ({
  ...group,
  firstAt: formatInstant(group.firstAt),
  lastAt: formatInstant(group.lastAt),
  samples: samples.map(({ decision, candidate }) => ({
    decisionId: idOf(context, 'decision', decision.n),
    at: formatInstant(decision.at.getTime()),
    live: describeAnswer(decision),
    candidate: { ...describeAnswer(candidate), onExhausted: candidate.onExhausted },
  })),
})

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
