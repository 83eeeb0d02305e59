// Allocations: space for resources of every type, cloud and site, taken as policy says, one or many at once.
import { z } from 'zod'
import { bitsOf, type Cidr, contains, equals, formatCidr } from '#model/cidr.ts'
import { formatId, parseId } from '#model/identifier.ts'
import { type AllocationRequest, provider } from '#model/policy/decision.ts'
import { canBeDivided } from '#model/policy/nesting.ts'
import { findResourceType, namesOf, type ResourceType } from '#model/policy/resource-types.ts'
import type { PoolFacts } from '#model/policy/snapshot.ts'
import { naming, numbered, refuse, refuseValue } from '#model/refusal.ts'
import { isSetting, nameKey, tagsFrom } from '#model/tags.ts'
import type { Allocation } from '#store/tables/holdings.ts'
import type { Hold } from '#store/tables/holds.ts'
import type { Pool } from '#store/tables/pools.ts'
import { amongAlike } from '../alike.ts'
import { accessAt, type Place, permitter, requirePermission } from '../identity/authority.ts'
import { placeOfNode } from '../identity/roles.ts'
import { holdersOf, visibleAccounts } from '../identity/visible-accounts.ts'
import { divideAllocation, findDivided } from '../ipam/divisions.ts'
import { getUsableFacts } from '../ipam/known-pools.ts'
import { batchBody, nativeRead, nativeWrite } from '../operation.native.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { labelled, refuseBadName, refuseUnfitName } from '../organization/tagging.ts'
import { replaceTagsOf } from '../organization/tags.ts'
import {
  accountName,
  allocationName,
  holderName,
  nameShapes,
  pageOf,
  paging,
  poolNameOrProvider,
} from '../shapes.native.ts'
import { releaseElasticIp, takeElasticIp } from './addresses.ts'
import {
  absentAllocation,
  allocation,
  findEntry,
  innerPoolsOf,
  isHold,
  listedAllocations,
  showAllocation,
  tagHomeOf,
  tagsOf,
  usesOf,
} from './allocation-answers.native.ts'
import { describeAllocation, releaseAllocation as release, allocate as take } from './allocations.ts'
import type { GrantOptions } from './grant.ts'
import { confirmHold, describeHold, dropHold, extendHold, holdSecondsMax, placeHold } from './holds.ts'
import { isOwnNetwork, refuseOwnNetwork } from './own-networks.ts'
import { checkLocaleOf, refuseResourceOfEip, refuseUnfitNetwork, scopeTypeOf } from './request-parts.ts'
import {
  allTags,
  cidr,
  cidrOrAddress,
  description,
  family,
  familyNumber,
  familyText,
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

/** One transaction holds all of them, and others wait for it. */
const batchMax = 100

const options: GrantOptions = {
  whenFull: 'capacity',
  isFromPools: true,
}
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
type AllocationParams = z.output<typeof params>

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
  at: async (context, { account }) => placeOfNode(context, account),
  run: (context, input) => allocate(context, input),
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
  refusals,
  async at(context, { allocations }) {
    const [first, ...others] = new Set(allocations.map(({ account }) => account))
    for (const other of others) {
      await requirePermission(context, 'allocation:manage', await placeOfNode(context, other))
    }
    return placeOfNode(context, first!)
  },
  async run(context, input) {
    const allocations: z.output<typeof allocation>[] = []
    for (const [index, wanted] of input.allocations.entries()) {
      allocations.push(await numbered(index, () => allocate(context, wanted)))
    }
    return { allocations }
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
  run: listedAllocations,
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
  at: placeOfAllocation,
  run: async (context, input) => showOne(context, input.allocationId),
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
  at: placeOfAllocation,
  async run(context, { allocationId, description, ...given }) {
    refuseNoChange({ name: given.name, description, tags: given.tags }, ['name', 'description', 'tags'])
    const found = await findEntry(context, allocationId)
    const text = description === undefined ? found.description : description || undefined
    const labels = labelsFrom(given)
    const isRelabelled = given.name !== undefined || given.tags !== undefined
    if (isHold(found)) {
      const held = [...(found.request.tags ?? [])].map(([key, value]) => ({ key, value }))
      refuseUnfitName(labels.name)
      const tags = isRelabelled ? labelled(held, labels) : undefined
      await describeHold(context, found, {
        description: text,
        tags: tags && new Map(tags.map(({ key, value }) => [key, value])),
      })
      return showOne(context, allocationId)
    }
    await describeAllocation(context, found, text)
    if (isRelabelled) {
      const { id, type } = tagHomeOf(context, found)
      if (!type) {
        const because = `an allocation of type \`${found.resourceType}\` has the tags of its resource \`${id}\``
        refuse({ code: 'NotSupported', what: '`tags`', because })
      }
      if (type === 'ipam-pool-allocation') await refuseTakenName(context, found, labels.name)
      const next = labelled(await context.tx.tags.of(id), labels)
      await replaceTagsOf(
        holderOf(context, found),
        id,
        next.filter(({ key }) => !isSetting(key)),
      )
    }
    return showOne(context, allocationId)
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
  at: placeOfAllocation,
  async run(context, { allocationId }) {
    const found = await findEntry(context, allocationId)
    if (isHold(found)) return dropHold(context, found)
    const { id, type } = tagHomeOf(context, found)
    if (!type) {
      const because = `an allocation of type \`${found.resourceType}\` ends with its resource \`${id}\``
      refuse({ code: 'NotSupported', what: 'Releasing it by itself', because })
    }
    if (type === 'elastic-ip') {
      await releaseElasticIp(holderOf(context, found), found)
      return
    }
    await release(context, found, await permitter(context, 'allocation:read'))
  },
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
  refusals: ['NotFound', 'MalformedId', 'IncorrectState', 'AlreadyExists', 'DeniedByPolicy'],
  changes: getAllocation,
  at: placeOfAllocation,
  async run(context, { allocationId, ...changes }) {
    const hold = await findHeld(context, allocationId)
    if (hold.resourceType === 'eip') refuseResourceOfEip(changes.resourceId)
    refuseOwnNetwork(context.tx.installation, { ...hold, ...changes })
    refuseUnfitNetwork(hold.resourceType, hold.cidr)
    // Others may have been given the name since: a hold can be given another one.
    if (hold.resourceType !== 'eip') await refuseTakenName(context, hold, hold.request.tags?.get(nameKey), true)
    const confirmed = await confirmHold(context, hold, changes)
    const given = [...(hold.request.tags ?? [])].map(([key, value]) => ({ key, value }))
    return showAllocation(context, await context.snapshot(), confirmed, given)
  },
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
  refusals: ['NotFound', 'MalformedId', 'IncorrectState', 'DeniedByPolicy', 'NotEligible'],
  changes: getAllocation,
  at: placeOfAllocation,
  async run(context, input) {
    const hold = await findHeld(context, input.allocationId)
    await extendHold(context, hold, input.expiresInSeconds)
    return showOne(context, input.allocationId)
  },
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

async function placeOfAllocation(context: ReadContext, input: { readonly allocationId: string }): Promise<Place> {
  const { account } = await findEntry(context, input.allocationId)
  return { node: account, absent: absentAllocation(input.allocationId) }
}

async function showOne(context: ReadContext, id: string): Promise<z.output<typeof allocation>> {
  const found = await findEntry(context, id)
  const tags = await tagsOf(context, [found])
  const use = await usesOf(context, [found])
  const inner = await innerPoolsOf(context, [found])
  const more = { use: use(found), inner: inner(found) }
  return showAllocation(context, await context.snapshot(), found, tags(found), more)
}

async function findHeld(context: ReadContext, id: string): Promise<Hold> {
  const found = await findEntry(context, id)
  if (isHold(found)) return found
  return refuse({ code: 'IncorrectState', what: 'ipam-pool-allocation', id, problem: 'it is allocated, not held' })
}

const holderOf = (context: WriteContext, { account, region }: Allocation): WriteContext =>
  context.actingFor(account, region ?? context.region)

// Taking -------------------------------------------------------------------------------------------------------------

/** A name that is given is told apart by from others of the account that come from the same pool. */
async function refuseTakenName(
  context: ReadContext,
  { n, pool, account }: Pick<Allocation, 'n' | 'pool' | 'account'>,
  name: string | null | undefined,
  isNew = false,
): Promise<void> {
  const { installation } = context.tx
  const id = formatId('allocation', installation, n)
  const parent = formatId('pool', installation, pool)
  await refuseBadName(context, { id, type: 'ipam-pool-allocation', account, parent, isNew }, name)
}

async function allocate(context: WriteContext, params: AllocationParams): Promise<z.output<typeof allocation>> {
  const { name, tags: others } = labelsFrom(params)
  refuseUnfitName(name)
  const given = labelled([], { name, tags: others })
  const wanted =
    given.length === 0 ? params : { ...params, tags: Object.fromEntries(given.map(({ key, value }) => [key, value])) }
  const asked = await readParams(context, wanted)
  const holder = context.actingFor(wanted.account, wanted.locale)
  const { hold, resourceId, description } = wanted
  if (hold) {
    if (asked.type.name === 'eip') refuseResourceOfEip(resourceId)
    const { request } = asked
    const held = await placeHold(context, { request, seconds: hold.expiresInSeconds, resourceId, description })
    refuseUnfitNetwork(asked.type.name, held.cidr)
    if (asked.type.name !== 'eip') await refuseTakenName(context, held, name, true)
    return showAllocation(context, await context.snapshot(), held, given)
  }
  const granted =
    asked.type.name === 'eip'
      ? await elasticIp(holder, wanted, asked)
      : await take(holder, { request: asked.request, description, tags: given }, options)
  refuseUnfitNetwork(asked.type.name, granted.cidr)
  if (asked.type.name !== 'eip') await refuseTakenName(context, granted, name, true)
  return showAllocation(context, await context.snapshot(), { ...granted, description }, given)
}

const oneAddress = 'an Elastic IP is one address, a /32'

/** An Elastic IP is one over either API. */
async function elasticIp(context: WriteContext, wanted: AllocationParams, { block }: Asked): Promise<Allocation> {
  refuseResourceOfEip(wanted.resourceId)
  if (wanted.inside !== undefined) refuseValue('inside', wanted.inside, 'an Elastic IP lies in no network')
  if (block && block.length !== bitsOf(block.family)) refuseValue('cidr', wanted.cidr, oneAddress)
  if (wanted.netmaskLength !== undefined && wanted.netmaskLength !== bitsOf(4)) {
    refuseValue('netmaskLength', wanted.netmaskLength, oneAddress)
  }
  const isOfProvider = wanted.poolId === provider
  const { allocation } = await takeElasticIp(context, {
    poolId: isOfProvider ? undefined : wanted.poolId,
    isOfProvider,
    address: block,
    description: wanted.description,
    tags: tagsFrom(wanted.tags),
  })
  return allocation
}

// The request -----------------------------------------------------------------------------------------------------------

interface Asked {
  readonly type: ResourceType
  readonly request: AllocationRequest
  readonly block?: Cidr
}

async function readParams(context: WriteContext, given: AllocationParams): Promise<Asked> {
  const wanted = given.inside === undefined ? given : { ...given, poolId: (await getPoolInside(context, given)).id }
  const snapshot = await context.snapshot()
  const type = findResourceType(wanted.resourceType, snapshot.resourceTypes)
  if (!type) {
    refuseValue('resourceType', wanted.resourceType, `it must be one of ${namesOf(snapshot.resourceTypes)}`)
  }
  refuseOwnNetwork(context.tx.installation, wanted)
  checkLocaleOf(context, type.name, 'locale', wanted.locale)
  if (wanted.cidr !== undefined && wanted.netmaskLength !== undefined) {
    refuse({ code: 'InvalidParameterCombination', problem: 'Only one of `cidr` and `netmaskLength` can be given.' })
  }
  const isNamed = wanted.poolId !== undefined && wanted.poolId !== provider
  const pool = isNamed ? await getUsableFacts(context, wanted.account, wanted.poolId!) : undefined
  const block = wanted.cidr === undefined ? undefined : readBlock(wanted.cidr)
  refuseUnfitNetwork(type.name, block)
  const request: AllocationRequest = {
    account: wanted.account,
    locale: wanted.locale,
    resourceType: type.name,
    family: familyOf(wanted, type, { pool, block }),
    scopeType: scopeTypeOf(wanted.scopeType, type, pool),
    netmaskLength: wanted.netmaskLength,
    ...(wanted.poolId !== undefined || block ? { explicit: { pool: wanted.poolId, cidr: block } } : {}),
    ...(wanted.resourceId === undefined ? {} : { resource: wanted.resourceId }),
    ...(wanted.tags ? { tags: new Map(Object.entries(wanted.tags)) } : {}),
  }
  return { type, request, block }
}

const networksNamedMax = 100

/** Networks of which allocations go by a resource id, among those that count. */
async function networksCalled(
  context: ReadContext,
  resourceId: string,
  counts: (one: Allocation) => boolean,
): Promise<readonly Allocation[]> {
  const { tx } = context
  const holders = await holdersOf(context, await visibleAccounts(context, 'allocation:read', 'now'))
  const found = await amongAlike<Allocation>(tx, networksNamedMax, counts, (after, limit) =>
    holders
      ? tx.allocationLists.ofResource(holders, resourceId, after?.n ?? 0, limit)
      : tx.allocations.ofResource(resourceId, after?.n ?? 0, limit),
  )
  return found.slice(0, networksNamedMax)
}

/** The pool inside of the network that a request names; made where there is none. What the caller may not see does not exist. */
async function getPoolInside(
  context: WriteContext,
  { inside = '', poolId, ...wanted }: AllocationParams,
): Promise<Pool> {
  if (poolId !== undefined) {
    refuse({ code: 'InvalidParameterCombination', problem: 'Only one of `inside` and `poolId` can be given.' })
  }
  const { tx } = context
  const n = parseId('allocation', tx.installation, inside)
  const isPermitted = await permitter(context, 'allocation:read')
  const { resourceTypes } = await context.snapshot()
  const counts = ({ account, resourceType }: Allocation): boolean => {
    const type = resourceTypes.get(resourceType)
    return type !== undefined && canBeDivided(type) && isPermitted(account)
  }
  const networks =
    n === undefined ? await networksCalled(context, inside, counts) : (await tx.allocations.some([n])).filter(counts)
  if (networks.length === 0) refuse({ code: 'NotFound', what: 'resource', id: inside })
  const block = wanted.cidr === undefined ? undefined : readBlock(wanted.cidr)
  const fitting = networks.filter(
    ({ cidr }) => (!block || contains(cidr, block)) && (!wanted.family || cidr.family === familyNumber(wanted.family)),
  )
  const [network, other] = fitting
  const ids = networks.map(({ n, cidr }) => `\`${formatId('allocation', tx.installation, n)}\` (${formatCidr(cidr)})`)
  if (!network) refuseValue('inside', inside, `it is not inside: ${ids.join(', ')}`)
  if (other) refuseValue('inside', inside, `several networks go by it; name one of ${ids.join(', ')}`)
  const existing = await findPoolInside(context, network)
  if (existing) return existing
  const divided = await findDivided(context, network)
  const owner = divided?.outer.account
  if (!divided || !owner || !(await accessAt(context, 'ipam:manage', owner)).isPermitted) {
    const who =
      owner === undefined
        ? 'it is of no pool that anybody divides'
        : `whoever manages IPAM at \`${owner}\` can make one`
    refuseValue('inside', inside, `no pool divides it; ${who}`)
  }
  const acting = context.actingFor(owner, divided.scope.region)
  return naming({ sourceAllocationId: 'inside' }, () => divideAllocation(acting, divided, {}))
}

/** A VPC of the EC2 API's may be planned by several pools: by the one that has the block. */
async function findPoolInside({ tx }: WriteContext, network: Allocation): Promise<Pool | undefined> {
  if (!isOwnNetwork(tx.installation, network)) return (await tx.pools.dividing([network.n])).get(network.n)
  for (const pool of await tx.pools.planning(network.resourceId!)) {
    const cidrs = pool.parent === undefined ? await tx.pools.cidrs(pool.n) : []
    if (cidrs.some(({ cidr }) => equals(cidr, network.cidr))) return pool
  }
  return undefined
}

function familyOf(
  { family }: AllocationParams,
  type: ResourceType,
  { pool, block }: { readonly pool?: PoolFacts; readonly block?: Cidr },
): 4 | 6 {
  const given = family && familyNumber(family)
  for (const [what, other] of [
    ['the pool', pool?.family],
    ['the CIDR', block?.family],
  ] as const) {
    if (given !== undefined && other !== undefined && other !== given) {
      refuseValue('family', family, `${what} is ${familyText(other)}`)
    }
  }
  const chosen = given ?? pool?.family ?? block?.family ?? (type.lengths[4] ? 4 : 6)
  if (!type.lengths[chosen]) refuseValue('family', familyText(chosen), `\`${type.name}\` has no addresses of it`)
  return chosen
}
