// What people do with differences, over the native API: adopt, release, ask the owner.
import { z } from 'zod'
import { formatCidr } from '#model/cidr.ts'
import { problemInWords } from '#model/problems/problem.ts'
import { batchBody, nativeWrite } from '../operation.native.ts'
import type { WriteContext } from '../operation.ts'
import {
  accountId,
  idText,
  instant,
  localeName,
  nameShapes,
  parseInstant,
  poolName,
  sentence,
  typeName,
} from '../shapes.native.ts'
import { adoptPart } from './adopting.ts'
import { parseShown, shownTo } from './as-shown.ts'
import { askOwners } from './asking.ts'
import { Comparing } from './comparing.ts'
import { differenceFilters, differenceId, policyAnswer, shownDifference, wantedOf } from './differences.native.ts'
import { ignorePart } from './ignoring.ts'
import { releasePart } from './releasing.ts'
import { type Acted, type ActedPart, actedOnAtOnce, type Selection } from './selecting.ts'
import { freshnessFacts, observation, sourceFacts, sourceName } from './sources.native.ts'
import { findSource, placeOfSource } from './sources.ts'

const shownMax = actedOnAtOnce

const selection = {
  shown: z
    .array(shownDifference)
    .min(1)
    .max(shownMax)
    .optional()
    .describe(`These, ${shownMax} at most, as listed. What says something else by now is refused.`)
    .meta({ examples: [['observed-17@5e884898']] }),
  ...differenceFilters,
  everything: z.boolean().optional().describe('All of them.'),
  after: differenceId.optional().describe('`next` of the part before.'),
}
const outcome = z
  .enum(['adopted', 'noncompliant', 'ignored', 'released', 'asked', 'unchanged', 'refused'])
  .describe(
    '`noncompliant`: adopted, though policy would not have given it; `unchanged`: it is no such difference, or none any more.',
  )
const item = z
  .object({
    differenceId,
    shown: shownDifference.optional(),
    outcome,
    cidr: observation.shape.cidr.optional(),
    account: accountId.optional(),
    id: observation.shape.id,
    allocationId: idText('allocation').optional().describe('What it is in the register, or was.'),
    decisionId: idText('decision').optional().describe('What policy says of it, on record.'),
    policy: policyAnswer.optional(),
    poolId: idText('pool').optional(),
    resourceType: typeName.optional(),
    placeLocale: localeName.optional(),
    contact: z.string().optional().describe('Who was asked.'),
    why: z.string().optional().describe('Why nothing was done, as a code.'),
    problem: z.string().optional().describe('The same in words.'),
  })
  .meta({ id: 'ActedDifference', description: 'What was done with a difference.' })
const part = z.object({
  items: z.array(item),
  ...sourceFacts,
  next: differenceId.optional().describe('There is more behind this one: repeat the request with it as `after`.'),
})
nameShapes({ ActedPart: part })

type Input = { readonly sourceId: string } & Parameters<typeof wantedOf>[0] & {
    readonly shown?: readonly string[] | undefined
    readonly everything?: boolean | undefined
    readonly after?: string | undefined
  }
function selectionOf({ difference, account, kind, locale, within, policy, state, ...rest }: Input): Selection {
  const filter = wantedOf({ difference, account, kind, locale, within, policy, state })
  return { shown: rest.shown?.map(parseShown), filter, isEverything: rest.everything, after: rest.after }
}
const begin = async (context: WriteContext, { sourceId }: Input): Promise<Comparing> =>
  Comparing.begin(context, await findSource(context, sourceId))

const inParts = `Up to ${actedOnAtOnce} in one request, which is one transaction; \`next\` says where to go on.`
const refusals = ['NotFound', 'InvalidParameterCombination', 'LimitExceeded'] as const

export const adoptDifferences = nativeWrite({
  name: 'adoptDifferences',
  summary: 'Adopt what a source says is in use and nobody has registered: it becomes an allocation of whoever has it.',
  description: `${inParts} The pool is the innermost in which the block lies, and what divides the network in which it lies; networks go before what is inside of them, as far as they are meant too. It needs \`estate:adopt\` at the source, at the account and at the owner of the pool. What policy would not have given takes that right where the policies are enabled, too, and another person than who sent the snapshots that tell of it; it is on record as noncompliant then, with a decision that says no.`,
  action: 'estate:adopt',
  input: z.strictObject({
    sourceId: sourceName,
    ...selection,
    poolId: poolName.optional().describe('From this pool, which has the blocks.'),
    resourceType: typeName.optional().describe('In place of what the source says.'),
    placeLocale: localeName.optional().describe('Where the source says no place.'),
  }),
  output: part,
  rest: { method: 'POST', path: '/sources/{sourceId}/differences/adopt', body: batchBody },
  cli: 'difference adopt',
  columns: ['outcome', 'cidr', 'account', 'id', 'allocationId', 'problem'],
  refusals,
  at: placeOfSource,
  async run(context, { poolId, resourceType, placeLocale, ...input }) {
    const spec = { poolId, resourceType, locale: placeLocale }
    const comparing = await begin(context, input)
    return describePart(context, comparing, await adoptPart(context, comparing, selectionOf(input), spec))
  },
})

export const releaseDifferences = nativeWrite({
  name: 'releaseDifferences',
  summary:
    'Release what the register still has and a source says is gone, or has never told of: its space rests as its pool says.',
  description: `${inParts} Of what a filter finds, only what is gone: in none of the last two complete snapshots; with \`difference=unseen\`, or by its id, also what the source was expected to tell of and never has. A network goes after what is inside of it. It needs \`allocation:manage\` at the account.`,
  action: 'estate:adopt',
  input: z.strictObject({ sourceId: sourceName, ...selection }),
  output: part,
  rest: { method: 'POST', path: '/sources/{sourceId}/differences/release', body: batchBody },
  cli: 'difference release',
  columns: ['outcome', 'cidr', 'account', 'id', 'allocationId', 'problem'],
  refusals,
  at: placeOfSource,
  async run(context, input) {
    const comparing = await begin(context, input)
    return describePart(context, comparing, await releasePart(context, comparing, selectionOf(input)))
  },
})

export const ignoreDifferences = nativeWrite({
  name: 'ignoreDifferences',
  summary: 'Set differences aside until a moment, with a reason: they are open again by themselves.',
  description: `${inParts} Their findings are suppressed, for which it needs \`finding:manage\` at the account. What is ignored is no difference less: it is listed with \`state=ignored\`.`,
  action: 'estate:read',
  input: z.strictObject({
    sourceId: sourceName,
    ...selection,
    reason: sentence(1_000).describe('Why, for whoever looks later.'),
    until: instant.describe('When it ends.'),
  }),
  output: part,
  rest: { method: 'POST', path: '/sources/{sourceId}/differences/ignore', body: batchBody },
  cli: 'difference ignore',
  columns: ['outcome', 'cidr', 'account', 'id', 'problem'],
  refusals,
  at: placeOfSource,
  async run(context, { reason, until, ...input }) {
    const spec = { reason, until: parseInstant(until) }
    const comparing = await begin(context, input)
    return describePart(context, comparing, await ignorePart(context, comparing, selectionOf(input), spec))
  },
})

export const askOwnersOfDifferences = nativeWrite({
  name: 'askOwnersOfDifferences',
  summary: 'Note that the owners of what differs were asked, and say whom to ask.',
  description: `${inParts} Nothing is sent.`,
  action: 'estate:manage',
  input: z.strictObject({
    sourceId: sourceName,
    ...selection,
    note: sentence(1_000).optional().describe('What was asked.'),
  }),
  output: part,
  rest: { method: 'POST', path: '/sources/{sourceId}/differences/ask', body: batchBody },
  cli: 'difference ask',
  columns: ['outcome', 'cidr', 'account', 'id', 'contact', 'problem'],
  refusals,
  at: placeOfSource,
  async run(context, { note, ...input }) {
    const comparing = await begin(context, input)
    return describePart(context, comparing, await askOwners(context, comparing, selectionOf(input), note))
  },
})

export const actingOperations = [
  adoptDifferences,
  ignoreDifferences,
  releaseDifferences,
  askOwnersOfDifferences,
] as const

async function describePart(
  context: WriteContext,
  { source }: Comparing,
  { items, next }: ActedPart,
): Promise<z.output<typeof part>> {
  const shown = await shownTo(context)
  return { items: items.map((one) => describe(one, shown)), ...freshnessFacts(source, context), next }
}
const describe = (
  { id, outcome, difference: found, problem, ...rest }: Acted,
  shown: Awaited<ReturnType<typeof shownTo>>,
): z.output<typeof item> => ({
  differenceId: id,
  outcome,
  ...(found
    ? {
        shown: shown(found),
        cidr: formatCidr(found.cidr),
        account: found.account,
        id: found.stored?.id || undefined,
        policy: found.evaluated?.answer,
      }
    : {}),
  ...rest,
  ...(problem ? { why: problem.why, problem: problemInWords(problem) } : {}),
})
