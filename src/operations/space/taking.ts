// Space for resources of every type, cloud and site: a request is completed from what it names, policy is asked, and what it gives is
// taken, or held for some time.
import { bitsOf, type Cidr, contains, equals, familyText, formatCidr } from '#model/cidr.ts'
import { formatId, parseId } from '#model/identifier.ts'
import { type AllocationRequest, provider } from '#model/policy/decision.ts'
import { canBeDivided } from '#model/policy/nesting.ts'
import { findResourceType, namesOf, type ResourceType } from '#model/policy/resource-types.ts'
import type { PoolFacts } from '#model/policy/snapshot.ts'
import { naming, numbered, refuse, refuseValue } from '#model/refusal.ts'
import type { Tag } from '#model/tags.ts'
import type { Allocation } from '#store/tables/holdings.ts'
import type { Pool } from '#store/tables/pools.ts'
import { amongAlike } from '../alike.ts'
import { accessAt, type Place, permitter } from '../identity/authority.ts'
import { placeOfNode } from '../identity/roles.ts'
import { holdersOf, visibleAccounts } from '../identity/visible-accounts.ts'
import { divideAllocation, findDivided } from '../ipam/divisions.ts'
import { getUsableFacts } from '../ipam/known-pools.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { labelled, refuseBadName, refuseUnfitName } from '../organization/tagging.ts'
import { takeElasticIp } from './addresses.ts'
import { allocate } from './allocations.ts'
import { type DescribedEntry, describeEntry } from './entries.ts'
import type { GrantOptions } from './grant.ts'
import { placeHold } from './holds.ts'
import { isOwnNetwork, refuseOwnNetwork } from './own-networks.ts'
import { checkLocaleOf, refuseResourceOfEip, refuseUnfitNetwork, scopeTypeOf } from './request-parts.ts'

const options: GrantOptions = {
  whenFull: 'capacity',
  isFromPools: true,
}

export interface SpaceParams {
  /** Whose it is to be. */
  readonly account: string
  readonly resourceType: string
  readonly locale: string
  readonly family?: 4 | 6 | undefined
  readonly scopeType?: 'public' | 'private' | undefined
  /** From this pool, or the space of the `provider`; without one, policy chooses. */
  readonly poolId?: string | undefined
  /** Inside of this network: its allocation, or what its resource is called. */
  readonly inside?: string | undefined
  readonly cidr?: Cidr | undefined
  readonly netmaskLength?: number | undefined
  readonly resourceId?: string | undefined
  readonly name?: string | undefined
  readonly description?: string | undefined
  /** Without the name. */
  readonly tags?: readonly Tag[] | undefined
  /** Only held for now, so long. */
  readonly holdSeconds?: number | undefined
}

/** Each account that space is for answers for it. */
export async function* placesOfSpace(
  context: ReadContext,
  all: readonly Pick<SpaceParams, 'account'>[],
): AsyncIterable<Place> {
  for (const account of new Set(all.map(({ account }) => account))) yield await placeOfNode(context, account)
}

/** Takes space for several: of all, or none. */
export async function takeSpaces(
  context: WriteContext,
  all: readonly SpaceParams[],
): Promise<readonly DescribedEntry[]> {
  const taken: DescribedEntry[] = []
  const networks: NetworksById = new Map()
  for (const [index, params] of all.entries()) {
    taken.push(await numbered(index, () => takeSpace(context, params, networks)))
  }
  return taken
}
/** Those that go by an id which a request names more than once: there may be very many that are no networks, or nobody's to see. */
type NetworksById = Map<string, Allocation[]>

/** Takes, or holds, what a resource needs. */
export async function takeSpace(
  context: WriteContext,
  params: SpaceParams,
  networks: NetworksById = new Map(),
): Promise<DescribedEntry> {
  const { name, holdSeconds: seconds, resourceId, description } = params
  refuseUnfitName(name)
  const tags = labelled([], { name, tags: params.tags })
  const asked = await readParams(context, params, { tags, networks })
  const { request } = asked
  const isElasticIp = asked.type.name === 'eip'
  const holder = context.actingFor(params.account, params.locale)
  if (seconds !== undefined) {
    if (isElasticIp) refuseResourceOfEip(resourceId)
    const held = await placeHold(context, { request, seconds, resourceId, description })
    refuseUnfitNetwork(asked.type.name, held.cidr)
    if (!isElasticIp) await refuseTakenName(context, held, name, true)
    await noteTaken(context, networks, held)
    return describeEntry(context, held, { tags })
  }
  const granted = isElasticIp
    ? await elasticIp(holder, params, tags)
    : await allocate(holder, { request, description, tags }, options)
  refuseUnfitNetwork(asked.type.name, granted.cidr)
  if (!isElasticIp) await refuseTakenName(context, granted, name, true)
  await noteTaken(context, networks, granted)
  return describeEntry(context, { ...granted, description }, { tags })
}

/** What one request makes, it may name afterwards. */
async function noteTaken(
  { tx }: WriteContext,
  networks: NetworksById,
  { n, resourceId }: Pick<Allocation, 'n' | 'resourceId'>,
): Promise<void> {
  const known = resourceId === undefined ? undefined : networks.get(resourceId)
  if (known) known.push(...(await tx.allocations.some([n])))
}

/** A name that is given is told apart by from others of the account that come from the same pool. */
export async function refuseTakenName(
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

const oneAddress = { why: 'one-address' } as const

/** An Elastic IP is one over either API. */
async function elasticIp(context: WriteContext, params: SpaceParams, tags: readonly Tag[]): Promise<Allocation> {
  const { cidr: block, netmaskLength, poolId, description } = params
  refuseResourceOfEip(params.resourceId)
  if (params.inside !== undefined) refuseValue('inside', params.inside, { why: 'in-no-network' })
  if (block && block.length !== bitsOf(block.family)) refuseValue('cidr', formatCidr(block), oneAddress)
  if (netmaskLength !== undefined && netmaskLength !== bitsOf(4)) {
    refuseValue('netmaskLength', netmaskLength, oneAddress)
  }
  const isOfProvider = poolId === provider
  const { allocation } = await takeElasticIp(context, {
    poolId: isOfProvider ? undefined : poolId,
    isOfProvider,
    address: block,
    description,
    tags,
  })
  return allocation
}

// The request -----------------------------------------------------------------------------------------------------------

interface Asked {
  readonly type: ResourceType
  readonly request: AllocationRequest
}

async function readParams(
  context: WriteContext,
  given: SpaceParams,
  { tags, networks }: { readonly tags: readonly Tag[]; readonly networks: NetworksById },
): Promise<Asked> {
  const wanted =
    given.inside === undefined ? given : { ...given, poolId: (await getPoolInside(context, given, networks)).id }
  const snapshot = await context.snapshot()
  const type = findResourceType(wanted.resourceType, snapshot.resourceTypes)
  if (!type) {
    refuseValue('resourceType', wanted.resourceType, { why: 'one-of-types', known: namesOf(snapshot.resourceTypes) })
  }
  refuseOwnNetwork(context.tx.installation, wanted)
  checkLocaleOf(context, type.name, 'locale', wanted.locale)
  if (wanted.cidr !== undefined && wanted.netmaskLength !== undefined) {
    refuse({ code: 'InvalidParameterCombination', problem: { why: 'only-one-of', members: ['cidr', 'netmaskLength'] } })
  }
  const isNamed = wanted.poolId !== undefined && wanted.poolId !== provider
  const pool = isNamed ? await getUsableFacts(context, wanted.account, wanted.poolId!) : undefined
  const block = wanted.cidr
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
    ...(wanted.tags || tags.length > 0 ? { tags: new Map(tags.map(({ key, value }) => [key, value])) } : {}),
  }
  return { type, request }
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
  { inside = '', poolId, ...wanted }: SpaceParams,
  known: NetworksById,
): Promise<Pool> {
  if (poolId !== undefined) {
    refuse({ code: 'InvalidParameterCombination', problem: { why: 'only-one-of', members: ['inside', 'poolId'] } })
  }
  const { tx } = context
  const n = parseId('allocation', tx.installation, inside)
  const isPermitted = await permitter(context, 'allocation:read')
  const { resourceTypes } = await context.snapshot()
  const counts = ({ account, resourceType }: Allocation): boolean => {
    const type = resourceTypes.get(resourceType)
    return type !== undefined && canBeDivided(type) && isPermitted(account)
  }
  const called = known.get(inside) ?? [
    ...(n === undefined ? await networksCalled(context, inside, counts) : await tx.allocations.some([n])),
  ]
  known.set(inside, called)
  const networks = called.filter(counts)
  if (networks.length === 0) refuse({ code: 'NotFound', what: 'resource', id: inside })
  const { cidr: block } = wanted
  const fitting = networks.filter(
    ({ cidr }) => (!block || contains(cidr, block)) && (!wanted.family || cidr.family === wanted.family),
  )
  const [network, other] = fitting
  if (!network || other) {
    const shown = networks.map(({ n, cidr }) => ({
      id: formatId('allocation', tx.installation, n),
      cidr: formatCidr(cidr),
    }))
    refuseValue('inside', inside, { why: network ? 'several-networks' : 'not-inside', networks: shown })
  }
  const existing = await findPoolInside(context, network)
  if (existing) return existing
  const divided = await findDivided(context, network)
  const owner = divided?.outer.account
  if (!divided || !owner || !(await accessAt(context, 'ipam:manage', owner)).isPermitted) {
    refuseValue('inside', inside, { why: 'no-pool-inside', owner })
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
  { family: given }: SpaceParams,
  type: ResourceType,
  { pool, block }: { readonly pool?: PoolFacts; readonly block?: Cidr },
): 4 | 6 {
  for (const [what, other] of [
    ['pool', pool?.family],
    ['cidr', block?.family],
  ] as const) {
    if (given !== undefined && other !== undefined && other !== given) {
      refuseValue('family', familyText(given), { why: 'is-of-family', what, family: other })
    }
  }
  const chosen = given ?? pool?.family ?? block?.family ?? (type.lengths[4] ? 4 : 6)
  if (!type.lengths[chosen])
    refuseValue('family', familyText(chosen), { why: 'type-without-family', resourceType: type.name })
  return chosen
}
