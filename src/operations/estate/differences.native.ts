// Where sources and the register differ, over the native API.
import { z } from 'zod'
import { formatCidr, parseAddress, parseCidr } from '#model/cidr.ts'
import { differenceKinds } from '#model/observed-difference.ts'
import { allowedInWords } from '#model/policy/denial-words.ts'
import { existingAnswers } from '#model/policy/existing.ts'
import { worded } from '#model/problems/worded.ts'
import { refuseValue } from '#model/refusal.ts'
import { nativeRead } from '../operation.native.ts'
import {
  accountId,
  answerPage,
  filterOf,
  formatInstant,
  idText,
  instant,
  localeName,
  nameShapes,
  pageAsked,
  pageOf,
  paging,
  principalName,
  typeName,
} from '../shapes.native.ts'
import {
  countDifferences as countOf,
  type DifferenceFilter,
  listDifferences as differencesOf,
  getDifference as getOf,
} from './differences.ts'
import { differenceStates } from './ignored.ts'
import { type EvaluatedFacts, type ShownDifference, withFacts } from './shown-differences.ts'
import { describeObservation, freshnessFacts, observation, sourceFacts, sourceName } from './sources.native.ts'
import { findSource, placeOfSource } from './sources.ts'

const count = z.number().int().min(0)
const differenceKind = z.enum(Object.keys(differenceKinds) as [keyof typeof differenceKinds])
export const policyAnswer = z.enum(existingAnswers)
export const differenceId = z
  .string()
  .min(1)
  .max(128)
  .meta({ id: 'DifferenceId', description: 'A difference, as the list calls it.', examples: ['observed-17'] })
export const shownDifference = z
  .string()
  .min(1)
  .max(160)
  .meta({
    id: 'ShownDifference',
    description: 'A difference as it was shown: its id, `@`, and a hash of all that it says.',
    examples: ['observed-17@5e884898'],
  })
export const policyOfDifference = z
  .object({
    resourceType: typeName.describe('The type of resource that it would be.'),
    locale: localeName.optional(),
    poolId: idText('pool').optional().describe('The innermost pool in which the block lies.'),
    policyId: idText('policy')
      .optional()
      .describe('The policy that speaks of it; none: it is outside of every policy.'),
    version: z.number().int().optional(),
    setting: z.string().optional().describe('Which setting denies it.'),
    allowed: z.array(z.string()).optional().describe('What that would allow, or the pools that policy gives instead.'),
  })
  .meta({
    id: 'PolicyOfDifference',
    description: 'Of what is not registered: as what it would be registered, and why policy says what it says.',
  })
export const difference = z.object({
  differenceId,
  shown: shownDifference,
  difference: differenceKind,
  cidr: observation.shape.cidr,
  id: observation.shape.id,
  account: accountId
    .optional()
    .describe('The account that the source means, by its number here; or whose the register says it is.'),
  policy: policyAnswer
    .optional()
    .describe(
      'What policy would have said. `elsewhere`: other space; `denied`: none; `outside`: no policy speaks against it, and it lies in no pool that the account may use.',
    ),
  wouldBe: policyOfDifference.optional(),
  observed: observation.optional().describe('What the source says.'),
  registered: z
    .object({
      allocationId: idText('allocation'),
      cidr: z.string(),
      account: accountId,
      resourceType: typeName,
      resourceId: z.string().optional(),
    })
    .meta({ id: 'RegisteredSpace' })
    .optional()
    .describe('What the register has instead, or still.'),
  overlaps: observation.optional().describe('What else the source says is there.'),
  findingId: idText('finding').optional().describe('The finding that it is, once it was noted as one.'),
  ignored: z
    .object({ reason: z.string(), until: instant, by: principalName, at: instant })
    .meta({ id: 'IgnoredDifference', description: 'Who set it aside, why and until when.' })
    .optional(),
  asked: z
    .object({
      account: accountId,
      contact: z.string().optional().describe('Who was asked, for whoever may read where that stands.'),
      note: z.string().optional(),
      by: z.string(),
      at: instant,
    })
    .meta({ id: 'OwnerQuestion', description: 'Who was asked about it last.' })
    .optional(),
})
nameShapes({ Difference: difference, DifferenceKind: differenceKind, PolicyAnswer: policyAnswer })

export const differenceFilters = {
  difference: differenceKind.optional().describe('Only those of this kind.'),
  account: z.string().max(128).optional().describe('By its number or as the source calls it.'),
  kind: observation.shape.kind.optional().describe('Only of what is of this kind.'),
  locale: z.string().max(97).optional().describe('Only of what is there.'),
  within: z.string().max(64).optional().describe('Only of what lies in this CIDR.'),
  state: z.enum(differenceStates).optional().describe('Only what nobody has set aside, or somebody has.'),
  policy: policyAnswer.optional().describe('Only of what policy says this.'),
}

export const listDifferences = nativeRead({
  name: 'listDifferences',
  summary: 'List where a source and the register differ.',
  description: `What you may not see of the register counts as not there. ${Object.entries(differenceKinds)
    .map(([name, words]) => `\`${name}\`: ${words}`)
    .join(' ')}`,
  action: 'estate:read',
  input: z.strictObject({ ...paging, sourceId: sourceName, ...differenceFilters }),
  output: pageOf(difference).extend(sourceFacts),
  rest: { method: 'GET', path: '/sources/{sourceId}/differences' },
  cli: 'difference list',
  columns: ['differenceId', 'difference', 'cidr', 'account', 'policy', 'id', 'registered'],
  refusals: ['NotFound', 'InvalidPaginationToken'],
  at: placeOfSource,
  async run(context, { sourceId, ...asked }) {
    const source = await findSource(context, sourceId)
    const page = await differencesOf(context, source, wantedOf(filterOf(asked)), pageAsked(asked))
    return {
      ...answerPage(
        { next: page.next, items: [...(await withFacts(context, source, page.items))] },
        describeDifference,
      ),
      ...freshnessFacts(source, context),
    }
  },
})

export const getDifference = nativeRead({
  name: 'getDifference',
  summary: 'Show one difference between a source and the register.',
  action: 'estate:read',
  input: z.strictObject({ sourceId: sourceName, differenceId }),
  output: difference.extend(sourceFacts),
  rest: { method: 'GET', path: '/sources/{sourceId}/differences/{differenceId}' },
  cli: 'difference show',
  refusals: ['NotFound'],
  at: placeOfSource,
  async run(context, input) {
    const source = await findSource(context, input.sourceId)
    const [found] = await withFacts(context, source, [await getOf(context, source, input.differenceId)])
    return { ...describeDifference(found!), ...freshnessFacts(source, context) }
  },
})

export const countDifferences = nativeRead({
  name: 'countDifferences',
  summary: 'Count where a source and the register differ, by kind.',
  action: 'estate:read',
  input: z.strictObject({ sourceId: sourceName }),
  output: z.object({
    items: z
      .array(
        z
          .object({ difference: differenceKind, open: count, ignored: count.describe('What somebody has set aside.') })
          .meta({ id: 'DifferenceCount' }),
      )
      .describe('Of each kind that there is.'),
    isWhole: z.boolean().describe('Whether all was looked at.'),
    ...sourceFacts,
  }),
  rest: { method: 'GET', path: '/sources/{sourceId}/difference-counts' },
  cli: 'difference count',
  columns: ['difference', 'open', 'ignored'],
  refusals: ['NotFound'],
  at: placeOfSource,
  async run(context, { sourceId }) {
    const source = await findSource(context, sourceId)
    const { kinds, isWhole } = await countOf(context, source)
    return {
      items: kinds.map(({ kind, ...counts }) => ({ difference: kind, ...counts })),
      isWhole,
      ...freshnessFacts(source, context),
    }
  },
})

export const differenceOperations = [listDifferences, getDifference, countDifferences] as const

// Reading and showing ------------------------------------------------------------------------------------------------

/** The filters of a request. */
export const wantedOf = ({
  within,
  ...asked
}: { readonly within?: string | undefined } & Omit<DifferenceFilter, 'within'>): DifferenceFilter => ({
  ...asked,
  within: within === undefined ? undefined : blockIn(within),
})
const blockIn = (text: string) =>
  parseCidr(text) ?? parseAddress(text) ?? refuseValue('within', text, worded('a CIDR or an address is expected'))

const describeDifference = ({
  found,
  shown,
  policy,
  findingId,
  ignored,
  asked,
}: ShownDifference): z.output<typeof difference> => {
  const { id, kind, cidr, account, stored, registered, other } = found
  return {
    differenceId: id,
    shown,
    difference: kind,
    cidr: formatCidr(cidr),
    id: stored?.id || undefined,
    account,
    policy: policy?.answer,
    wouldBe: policy && describePolicy(policy),
    observed: stored && describeObservation(stored),
    registered: registered && {
      allocationId: registered.id,
      cidr: formatCidr(registered.allocation.cidr),
      account: registered.allocation.account,
      resourceType: registered.allocation.resourceType,
      resourceId: registered.allocation.resourceId,
    },
    overlaps: other && describeObservation(other),
    findingId,
    ignored: ignored && { ...ignored, until: formatInstant(ignored.until), at: formatInstant(ignored.at) },
    asked: asked && {
      account: asked.account,
      contact: asked.contact,
      note: asked.note,
      by: asked.askedBy,
      at: formatInstant(asked.askedAt),
    },
  }
}
const describePolicy = ({ answer: _, allowed, ...rest }: EvaluatedFacts): z.output<typeof policyOfDifference> => ({
  ...rest,
  ...(allowed && { allowed: [...allowedInWords(allowed)] }),
})
