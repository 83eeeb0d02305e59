// Allocations: space for resources of every type, cloud and site, taken as policy says, one or many at once.
import { z } from 'zod'
import { familyNumber, parseCidr } from '#model/cidr.ts'
import { placeOfNode } from '../identity/roles.ts'
import { batchBody, nativeRead, nativeWrite } from '../operation.native.ts'
import {
  accountName,
  allocationName,
  answerPage,
  holderName,
  nameShapes,
  pageAsked,
  pageOf,
  paging,
  poolNameOrProvider,
} from '../shapes.native.ts'
import { allocation, showAllocation } from './allocation-answers.native.ts'
import { listAllocations as listAllocationsOf } from './allocation-lists.ts'
import { getDescribedEntry, placeOfEntry } from './entries.ts'
import { confirmEntry, extendEntry, releaseEntry, updateEntry } from './entry-changes.ts'
import { holdSecondsMax } from './holds.ts'
import {
  allTags,
  cidr,
  cidrOrAddress,
  description,
  family,
  labelsFrom,
  locale,
  netmaskLength,
  newDescription,
  newName,
  readBlock,
  refuseNoChange,
  resourceId,
  resourceTypeName,
  scopeType,
  tags,
} from './shapes.native.ts'
import { placesOfSpace, type SpaceParams, takeSpace, takeSpaces } from './taking.ts'

/** One transaction holds all of them, and others wait for it. */
const batchMax = 100

export const expiresInSeconds = z
  .number()
  .int()
  .min(1)
  .max(holdSecondsMax)
  .describe(`Seconds from now: 1 to ${holdSecondsMax}, and no more in all since it was first held.`)
const params = z.strictObject({
  account: accountName.describe('Whose it is to be, by its id or name.'),
  resourceType: resourceTypeName,
  locale,
  family: family.optional().describe('As the pool or CIDR is; else `ipv4`, where the type has it.'),
  scopeType: scopeType.optional().describe('Needed where the type has both and no pool is named.'),
  poolId: poolNameOrProvider
    .optional()
    .describe('From this pool, or from the space of the `provider`; without one, policy chooses.'),
  inside: resourceId
    .optional()
    .describe('Inside of this network: its allocation, or what its resource is called; from the pool that divides it.'),
  cidr: cidrOrAddress.optional().describe('Exactly this address or CIDR.'),
  netmaskLength: netmaskLength.optional().describe('A CIDR of this length.'),
  resourceId: resourceId.optional(),
  name: newName.optional(),
  description: description.optional(),
  tags: tags.optional(),
  hold: z
    .strictObject({ expiresInSeconds })
    .optional()
    .describe('Only held for now: to be confirmed in time, or it lapses by itself.')
    .meta({ examples: [{ expiresInSeconds: 3_600 }] }),
})
nameShapes({ AllocationParams: params })

const paramsOf = ({ family, cidr, name, tags, hold, ...rest }: z.output<typeof params>): SpaceParams => ({
  ...rest,
  ...labelsFrom({ name, tags }),
  family: family && familyNumber(family),
  cidr: cidr === undefined ? undefined : readBlock(cidr),
  holdSeconds: hold?.expiresInSeconds,
})

const refusals = [
  'NotFound',
  'NotShared',
  'NotSupported',
  'CidrConflict',
  'MissingRequiredTags',
  'DeniedByPolicy',
  'Exhausted',
  'NotEligible',
] as const

/** What is held is asked for again. */
const refusalsOfHeld = ['NotShared', 'MissingRequiredTags', 'DeniedByPolicy', 'NotEligible'] as const

export const createAllocation = nativeWrite({
  name: 'createAllocation',
  summary: 'Take an address or a CIDR for a resource, as policy says.',
  description:
    'An `eip` is what AllocateAddress of the EC2 API makes. A `vpc`, `subnet` or `rnat` is one that lives elsewhere; those that the EC2 API makes have their space with them.',
  action: 'allocation:manage',
  input: params,
  output: allocation,
  rest: { method: 'POST', path: '/allocations', status: 201 },
  cli: 'allocation create',
  refusals,
  at: (context, { account }) => placeOfNode(context, account),
  run: async (context, input) => showAllocation(await takeSpace(context, paramsOf(input))),
})

export const createAllocations = nativeWrite({
  name: 'createAllocations',
  summary: `Take up to ${batchMax} addresses or CIDRs at once: all of them, or none.`,
  description:
    'Each has its own decision. The first that is refused refuses all: the problem tells which one by `index`, counted from 0, with the facts of its decision.',
  action: 'allocation:manage',
  input: z.strictObject({
    allocations: z
      .array(params)
      .min(1)
      .max(batchMax)
      .describe('Each as it would be asked for alone.')
      .meta({ examples: [[{ account: '222222222222', resourceType: 'azure:public-ip', locale: 'azure:westeurope' }]] }),
  }),
  output: z.object({ allocations: z.array(allocation) }),
  rest: { method: 'POST', path: '/allocations/batch', status: 201, body: batchBody },
  cli: 'allocation create-batch',
  isList: true,
  refusals,
  at: (context, { allocations }) => placesOfSpace(context, allocations),
  async run(context, { allocations }) {
    const taken = await takeSpaces(context, allocations.map(paramsOf))
    return { allocations: taken.map(showAllocation) }
  },
})

export const listAllocations = nativeRead({
  name: 'listAllocations',
  summary: 'List allocations, as far as you may see them.',
  description:
    'In order of creation; those of one pool, and those within a CIDR, in the order of their addresses. A page may be shorter than its `limit` and still have a `nextCursor`.',
  action: 'allocation:read',
  input: z.strictObject({
    ...paging,
    account: accountName.optional().describe('Only those of this account.'),
    poolId: poolNameOrProvider.optional().describe('Only those of this pool, or of `provider`.'),
    resourceType: resourceTypeName
      .optional()
      .describe('Only those of this type; `nat-gateway` and `rnat` for what NAT gateways, or regional ones, use.'),
    locale: locale.optional().describe('Only those for exactly this locale.'),
    resourceId: holderName.optional().describe('Only those of this resource, by its id or name, or as what uses them.'),
    within: cidr.optional().describe('Only those inside this CIDR, whichever pool they are from.'),
    state: allocation.shape.state.optional().describe('Only what is allocated, or only what is held.'),
    tag: z.string().max(400).optional().describe('Only those with this tag: `KEY`, or `KEY=VALUE`.'),
  }),
  output: pageOf(allocation),
  rest: { method: 'GET', path: '/allocations' },
  cli: 'allocation list',
  columns: ['allocationId', 'name', 'cidr', 'state', 'account', 'resourceType', 'locale', 'resourceId', 'description'],
  refusals: ['InvalidPaginationToken'],
  at: 'filtered',
  run: async (context, { within, tag, ...input }) =>
    answerPage(
      await listAllocationsOf(
        context,
        { ...input, within: within === undefined ? undefined : parseCidr(within), tag: tagIn(tag) },
        pageAsked(input),
      ),
      showAllocation,
    ),
})

export const getAllocation = nativeRead({
  name: 'getAllocation',
  summary: 'Show one allocation.',
  action: 'allocation:read',
  input: z.strictObject({ allocationId: allocationName }),
  output: allocation,
  rest: { method: 'GET', path: '/allocations/{allocationId}' },
  cli: 'allocation show',
  refusals: ['NotFound', 'MalformedId'],
  at: (context, { allocationId }) => placeOfEntry(context, allocationId),
  run: async (context, { allocationId }) => showAllocation(await getDescribedEntry(context, allocationId)),
})

export const updateAllocation = nativeWrite({
  name: 'updateAllocation',
  summary: 'Describe an allocation anew, or give it other tags.',
  action: 'allocation:manage',
  input: z.strictObject({
    allocationId: allocationName,
    description: newDescription.optional(),
    name: newName.nullable().optional().describe('`null`: none.'),
    tags: tags.optional().describe(allTags),
  }),
  output: allocation,
  rest: { method: 'PATCH', path: '/allocations/{allocationId}' },
  cli: 'allocation update',
  refusals: ['NotFound', 'MalformedId', 'NotSupported'],
  changes: getAllocation,
  at: (context, { allocationId }) => placeOfEntry(context, allocationId),
  async run(context, { allocationId, description, ...given }) {
    refuseNoChange({ name: given.name, description, tags: given.tags }, ['name', 'description', 'tags'])
    return showAllocation(await updateEntry(context, allocationId, { description, labels: labelsFrom(given) }))
  },
})

export const releaseAllocation = nativeWrite({
  name: 'releaseAllocation',
  summary: 'Give space back; it rests as long as its pool says before somebody else can have it.',
  description: 'What was only held was in nobody’s use: it is free at once.',
  action: 'allocation:manage',
  input: z.strictObject({ allocationId: allocationName }),
  output: z.void(),
  rest: { method: 'DELETE', path: '/allocations/{allocationId}', status: 204 },
  cli: 'allocation release',
  refusals: ['NotFound', 'MalformedId', 'InUse', 'NotSupported', 'DependencyViolation'],
  changes: getAllocation,
  at: (context, { allocationId }) => placeOfEntry(context, allocationId),
  run: (context, { allocationId }) => releaseEntry(context, allocationId),
})

export const confirmAllocation = nativeWrite({
  name: 'confirmAllocation',
  summary: 'Make an allocation of what is held. Policy is asked again: where it denies by now, nothing is confirmed.',
  action: 'allocation:manage',
  input: z.strictObject({
    allocationId: allocationName,
    resourceId: resourceId.optional().describe('What uses the space, where it was not known before.'),
    description: description.optional(),
  }),
  output: allocation,
  rest: { method: 'POST', path: '/allocations/{allocationId}/confirm' },
  cli: 'allocation confirm',
  refusals: ['NotFound', 'MalformedId', 'IncorrectState', 'AlreadyExists', ...refusalsOfHeld],
  changes: getAllocation,
  at: (context, { allocationId }) => placeOfEntry(context, allocationId),
  run: async (context, { allocationId, ...changes }) =>
    showAllocation(await confirmEntry(context, allocationId, changes)),
})

export const holdAllocation = nativeWrite({
  name: 'holdAllocation',
  summary:
    'Hold what is held for another time from now on. Policy is asked again: where it denies by now, nothing is extended.',
  description:
    'What waits for an exception is extended as long as that is requested and would still give it, or is in force.',
  action: 'allocation:manage',
  input: z.strictObject({ allocationId: allocationName, expiresInSeconds }),
  output: allocation,
  rest: { method: 'POST', path: '/allocations/{allocationId}/hold' },
  cli: 'allocation hold',
  refusals: ['NotFound', 'MalformedId', 'IncorrectState', ...refusalsOfHeld],
  changes: getAllocation,
  at: (context, { allocationId }) => placeOfEntry(context, allocationId),
  run: async (context, { allocationId, expiresInSeconds }) =>
    showAllocation(await extendEntry(context, allocationId, expiresInSeconds)),
})

export const allocationOperations = [
  createAllocation,
  createAllocations,
  listAllocations,
  getAllocation,
  updateAllocation,
  confirmAllocation,
  holdAllocation,
  releaseAllocation,
] as const

/** `KEY`, or `KEY=VALUE`. */
function tagIn(text: string | undefined): { readonly key: string; readonly value: string | undefined } | undefined {
  if (text === undefined) return undefined
  const at = text.indexOf('=')
  return at < 0 ? { key: text, value: undefined } : { key: text.slice(0, at), value: text.slice(at + 1) }
}
