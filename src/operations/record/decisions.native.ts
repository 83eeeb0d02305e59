// Decisions on record: listed by what they are about, and shown with their trace.
import { z } from 'zod'
import { formatCidr } from '#model/cidr.ts'
import { parseId } from '#model/identifier.ts'
import type { Denial, WouldBe } from '#model/policy/decision.ts'
import { denialInWords } from '#model/policy/denial-words.ts'
import { inWords } from '#model/policy/trace-words.ts'
import { modeValues } from '#model/policy/values.ts'
import { worded } from '#model/problems/worded.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import type { RecordedDecision } from '#store/tables/journal.ts'
import { nativeRead } from '../operation.native.ts'
import type { ReadContext } from '../operation.ts'
import { traceStep } from '../policy/shapes.native.ts'
import {
  accountId,
  accountName,
  asOf,
  flag,
  formatInstant,
  idText,
  instant,
  nameShapes,
  objectName,
  pageSizeDefault,
  paging,
  policyName,
  poolNameOrProvider,
  recordPageOf,
  showMakers,
  usedMakers,
} from '../shapes.native.ts'
import { changeId } from './changes.native.ts'
import {
  decisionIdOf,
  followDecisions,
  getDecisionWithEntry,
  listDecisions as list,
  placeOfDecision,
} from './decisions.ts'
import { readRetention } from './retention.ts'
import { between, readSpan } from './shapes.native.ts'

export const decisionId = idText('decision').describe('`decision-…`, with which every refusal by policy begins.')
const outcome = z.enum(['allow', 'steer', 'warn', 'deny'])
const wouldBeOutcome = z.enum(['allow', 'steer', 'deny'])
const candidate = z.object({
  poolId: z.string().describe('A pool, or `provider`.'),
  netmaskLength: z.number().int(),
  cidr: z.string().optional(),
  rule: z.number().int().optional().describe('The place of the rule in its document, counted from 1.'),
})
const policyRef = z.object({ policyId: z.string(), version: z.number().int() })

/** What a list shows of a decision. */
const listed = z.object({
  decisionId,
  at: instant,
  account: accountId,
  resourceType: z.string(),
  locale: z.string(),
  outcome,
  mode: z.enum(modeValues),
  policy: policyRef.optional(),
  target: z.string().optional().describe('Where the policy that decided is enabled.'),
  poolId: z.string().optional().describe('The pool that served, or `provider`.'),
  cidr: z.string().optional(),
  exceptionId: z
    .string()
    .optional()
    .describe('The exception without which it would have been something else, or nothing.'),
  wouldBeOutcome: wouldBeOutcome
    .optional()
    .describe('What assignments that only watch would have answered; absent where it is no different.'),
  candidateOutcome: outcome
    .optional()
    .describe('What candidates of assignments would have answered; absent where it is no different.'),
  isDryRun: z
    .literal(true)
    .optional()
    .describe('It was asked in a dry run. Those that were allowed are not on record.'),
})
const whole = listed.extend({
  request: z.object({
    family: z.union([z.literal(4), z.literal(6)]),
    scopeType: z.enum(['public', 'private']).optional(),
    netmaskLength: z.number().int().optional(),
    poolId: z.string().optional(),
    cidr: z.string().optional(),
    tags: z.record(z.string(), z.string()).optional(),
  }),
  document: z.object({ locale: z.string(), resourceType: z.string() }).optional(),
  candidates: z.array(candidate),
  denial: z
    .looseObject({ cause: z.string(), setting: z.string(), value: z.string(), allowed: z.array(z.string()) })
    .optional(),
  wouldBe: z.looseObject({ mode: z.string(), outcome: z.string(), candidates: z.array(candidate) }).optional(),
  candidate: z.looseObject({ outcome, candidates: z.array(candidate) }).optional(),
  trace: z.array(traceStep),
  requestedBy: z
    .object({
      principal: z.string(),
      makers: usedMakers,
      sourceAddress: z.string(),
      action: z.string(),
      requestId: z.string(),
      at: instant,
      changeId: changeId.describe('What it was decided for.'),
    })
    .optional(),
})
nameShapes({ TriedPool: candidate, PolicyVersionRef: policyRef, DecisionSummary: listed, Decision: whole })

export const listDecisions = nativeRead({
  name: 'listDecisions',
  summary: 'List decisions, newest first: who asked for what, and what policy answered.',
  description: 'Behind `latest`, or a `decisionId` as `cursor`, what comes is read, oldest first.',
  action: 'decision:read',
  input: z.strictObject({
    ...paging,
    account: accountName.optional(),
    resourceType: z.string().max(64).optional(),
    locale: z.string().max(97).optional(),
    outcome: outcome.optional(),
    mode: z.enum(modeValues).optional(),
    policyId: policyName.optional(),
    poolId: poolNameOrProvider.optional().describe('The pool that served, or `provider`.'),
    wouldBe: wouldBeOutcome
      .optional()
      .describe('Only those that assignments which only watch would have answered otherwise, with this outcome.'),
    candidate: outcome
      .optional()
      .describe('Only those that candidates of assignments would have answered otherwise, with this outcome.'),
    subject: objectName
      .optional()
      .describe(
        'Only those of changes and refusals that were about this object. Why space was given is told by its history.',
      ),
    ...between,
    latest: flag
      .optional()
      .describe('`true`: nothing that there is, and a `nextCursor` from which what comes is read.'),
  }),
  output: recordPageOf(listed),
  rest: {
    method: 'GET',
    path: '/decisions',
    stream: { id: 'decisionId', input: { latest: true } },
  },
  cli: 'decision list',
  columns: [
    'decisionId',
    'at',
    'account',
    'resourceType',
    'outcome',
    'cidr',
    'locale',
    'poolId',
    'wouldBeOutcome',
    'candidateOutcome',
  ],
  refusals: ['InvalidPaginationToken'],
  at: 'filtered',
  async run(context, { limit = pageSizeDefault, cursor, poolId, candidate, from, until, latest, ...rest }) {
    const filter = { ...rest, pool: poolId, candidateOutcome: candidate }
    const [place, span] = [placeIn(context, cursor), readSpan({ from, until })]
    const isForward = place ? !place.isNewestFirst : latest === true
    if (isForward && filter.subject !== undefined)
      refuseValue('subject', filter.subject, worded('decisions about an object are listed newest first'))
    const { items, next } = isForward
      ? await followDecisions(context, { limit, after: place?.n }, filter, span)
      : await list(context, { limit, after: place?.n }, filter, span)
    return {
      items: items.map((one) => describe(context, one)),
      nextCursor: next === undefined ? undefined : `${isForward ? '>' : ''}${next}`,
      asOf: asOf(context),
    }
  },
})

export const getRetention = nativeRead({
  name: 'getRetention',
  summary: 'Tell how long decisions, and findings that are over, are kept.',
  description:
    'The operator says so, with `cadastre decisions keep`. Decisions about space that is still held are kept as long as it is, and for that time from then on. What is over of findings is kept as long as decisions are.',
  action: 'decision:read',
  input: z.strictObject({}),
  output: z.object({
    decisionDays: z.number().int().optional().describe('Absent: for good.'),
    setAt: instant.optional().describe('Absent: nobody has said anything.'),
    forgotten: z.number().int().describe('How many decisions are gone.'),
    forgottenBefore: instant.optional().describe('They are from before this moment; absent where none is gone.'),
    findingsForgottenBefore: instant
      .optional()
      .describe('Of findings, what ended before this moment is gone; absent where none is.'),
  }),
  rest: { method: 'GET', path: '/retention' },
  cli: 'decision retention',
  refusals: [],
  at: 'own',
  async run(context) {
    const { decisionDays, setAt, forgotten, forgottenBefore, findingsForgottenBefore } = await readRetention(context)
    return {
      decisionDays,
      setAt: setAt === undefined ? undefined : formatInstant(setAt),
      forgotten,
      forgottenBefore: forgottenBefore?.toISOString(),
      findingsForgottenBefore: findingsForgottenBefore?.toISOString(),
    }
  },
})

export const getDecision = nativeRead({
  name: 'getDecision',
  summary: 'Show one decision with its trace, and who asked.',
  action: 'decision:read',
  input: z.strictObject({ decisionId }),
  output: whole,
  rest: { method: 'GET', path: '/decisions/{decisionId}' },
  cli: 'decision show',
  refusals: ['NotFound', 'NoLongerKept', 'MalformedId'],
  at: placeOfDecision,
  async run(context, input) {
    const { recorded, entry } = await getDecisionWithEntry(context, input.decisionId)
    const { request, document, candidates, denial, wouldBe, candidate, trace } = recorded
    const { family, scopeType, netmaskLength, explicit, tags } = request
    return {
      ...describe(context, recorded),
      request: {
        family,
        scopeType,
        netmaskLength,
        poolId: explicit?.pool,
        cidr: explicit?.cidr && formatCidr(explicit.cidr),
        tags: tags && Object.fromEntries(tags),
      },
      document,
      candidates: candidates.map(describeCandidate),
      denial: denial && describeDenial(denial),
      wouldBe: wouldBe && describeAnswer(wouldBe),
      candidate: candidate && describeAnswer(candidate),
      trace: trace.map((step) => inWords(step, recorded.request)),
      requestedBy: entry && {
        principal: entry.principal,
        ...showMakers(entry.makers),
        sourceAddress: entry.source_address,
        action: entry.action,
        requestId: entry.request_id,
        at: formatInstant(entry.at),
        changeId: String(recorded.auditEntry),
      },
    }
  },
})

/** A cursor of ours, or the id of a decision behind which a list is read on. */
function placeIn(
  { tx }: ReadContext,
  cursor: string | undefined,
): { readonly n: number; readonly isNewestFirst: boolean } | undefined {
  if (cursor === undefined) return undefined
  const id = parseId('decision', tx.installation, cursor)
  const [, sign, digits] = /^(>?)([0-9]{1,16})$/.exec(cursor) ?? []
  const n = id ?? (digits === undefined ? undefined : Number(digits))
  if (n === undefined) refuse({ code: 'InvalidPaginationToken', field: 'cursor', value: cursor })
  return { n, isNewestFirst: id === undefined && sign === '' }
}

const describe = (context: ReadContext, recorded: RecordedDecision): z.output<typeof listed> => ({
  decisionId: decisionIdOf(context, recorded),
  at: recorded.at.toISOString(),
  account: recorded.request.account,
  resourceType: recorded.request.resourceType,
  locale: recorded.request.locale,
  outcome: recorded.outcome,
  mode: recorded.mode,
  policy: recorded.policy && { policyId: recorded.policy.id, version: recorded.policy.version },
  target: recorded.target,
  poolId: recorded.pool,
  cidr: recorded.cidr && formatCidr(recorded.cidr),
  exceptionId: recorded.exception,
  wouldBeOutcome: recorded.wouldBe?.outcome,
  candidateOutcome: recorded.candidate?.outcome,
  isDryRun: recorded.isDryRun ? true : undefined,
})

function describeDenial(denial: Denial) {
  const { allowed, ...worded } = denialInWords(denial)
  return { ...worded, allowed: [...allowed] }
}
const describeAnswer = <T extends Pick<WouldBe, 'denial' | 'candidates'>>({ denial, candidates, ...answer }: T) => ({
  ...answer,
  ...(denial && { denial: describeDenial(denial) }),
  candidates: candidates.map(describeCandidate),
})
const describeCandidate = ({ pool, netmaskLength, cidr, rule }: RecordedDecision['candidates'][number]) => ({
  poolId: pool,
  netmaskLength,
  cidr: cidr && formatCidr(cidr),
  rule,
})
