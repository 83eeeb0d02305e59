// Allocations of pools as the EC2 API has them: reserved by hand, listed whatever they are for, described, released.
import type { AllocateIpamPoolCidrRequest, IpamPoolAllocation } from '#formats/aws/ec2.generated.ts'
import { type Cidr, equals, formatCidr, nearCidrProblem, parseCidr, toKey } from '#model/cidr.ts'
import { formatId, parseId } from '#model/identifier.ts'
import type { AllocationRequest } from '#model/policy/decision.ts'
import { type Members, refuse, refuseValue } from '#model/refusal.ts'
import type { Tag } from '#model/tags.ts'
import type { Allocation } from '#store/tables/holdings.ts'
import type { Pool } from '#store/tables/pools.ts'
import { refuseMalformed as refuseMalformedId } from '../identifiers.ts'
import {
  describedAs,
  getReadablePool,
  getUsablePoolAt,
  isVisibleFrom,
  type PoolAt,
  refuseLongDescription,
  refuseTooManyListed,
} from '../ipam/access.ts'
import { filterBy, readTokenPage, refuseIdsWithPaging } from '../listing.aws.ts'
import { type Listed, readFrom } from '../listing.ts'
import { ec2Read, ec2Write } from '../operation.aws.ts'
import type { ReadContext } from '../operation.ts'
import { showTags, tagsToCreate } from '../organization/tagging.ec2.ts'
import { allocate, allocationIdOf, describeAllocation, releaseAllocation } from './allocations.ts'
import { previewGrant } from './grant.ts'
import { isOwnNetwork } from './own-networks.ts'
import { reservedType } from './reserved.ts'

const resourceType = 'ipam-pool-allocation'
/** What a request for space calls its members; where policy names a setting of the type, by that name. */
export const grantMembers: Members = {
  cidr: 'Cidr',
  poolId: 'IpamPoolId',
  netmaskLength: 'NetmaskLength',
  family: 'address-family',
  scopeType: 'scope',
  resourceType: 'resource-type',
}
/** Each is looked at for every candidate block. */
const cidrListMax = 100

export const allocateIpamPoolCidr = ec2Write(
  'AllocateIpamPoolCidr',
  async (context, input) => {
    const named = readParams(input)
    refuseLongDescription(input.Description)
    const tags = tagsToCreate(input.TagSpecifications, resourceType)
    const { pool, ipam } = await getPoolHere(context, input.IpamPoolId)

    const request: AllocationRequest = {
      account: context.caller.account,
      locale: context.region,
      resourceType: 'custom',
      family: pool.family,
      scopeType: pool.scopeId === ipam.publicScopeId ? 'public' : 'private',
      netmaskLength: input.NetmaskLength,
      explicit: { pool: pool.id, cidr: named.cidr },
      tags: new Map(tags.map(({ key, value }) => [key, value])),
    }
    const options = {
      whenFull: 'size',
      allowed: inFamily(named.allowed, pool, 'AllowedCidr'),
      disallowed: inFamily(named.disallowed, pool, 'DisallowedCidr'),
    } as const
    if (named.cidr) inFamily([named.cidr], pool, 'Cidr')
    if (input.PreviewNextCidr) {
      return { IpamPoolAllocation: { Cidr: formatCidr(await previewGrant(context, request, options)) } }
    }
    const params = { request, description: describedAs(input.Description), tags }
    return { IpamPoolAllocation: describe(context, await allocate(context, params, options), tags) }
  },
  { ...grantMembers, description: 'Description' },
)

export const releaseIpamPoolAllocation = ec2Write('ReleaseIpamPoolAllocation', async (context, input) => {
  const { IpamPoolAllocationId: id } = input
  const n = numberIn(context, id)
  const cidr = parseCidr(input.Cidr) ?? refuseMalformed('Cidr', input.Cidr)
  const allocation = await getReleasable(context, input.IpamPoolId, id, n)
  if (!equals(allocation.cidr, cidr)) {
    refuseValue('Cidr', input.Cidr, `the allocation ${id} has the CIDR ${formatCidr(allocation.cidr)}`)
  }
  if (shownType(allocation) !== 'custom' || allocation.resourceType === reservedType) {
    const { resourceType } = allocation
    const isNetwork = resourceType === 'vpc' || resourceType === 'subnet'
    const isElsewhere = isNetwork && !isOwnNetwork(context.tx.installation, allocation)
    const end = isElsewhere ? 'is for one elsewhere: it is released over the native API' : 'ends with its resource'
    const because = `this one is of type \`${resourceType}\` and ${end}`
    refuseValue('IpamPoolAllocationId', id, `only custom allocations can be released; ${because}`)
  }
  await releaseAllocation(context, allocation, (account) => account === context.caller.account)
  return { Success: true }
})

/** To the owner of the pool, what everybody holds of it; to those with whom it is shared, what they hold themselves. */
export const getIpamPoolAllocations = ec2Read('GetIpamPoolAllocations', async (context, input) => {
  const matches = filterBy(input.Filters, allocationFilters, ({ Tags }) => Tags ?? [])
  const wanted = input.IpamPoolAllocationId
  const n = wanted === undefined ? undefined : numberIn(context, wanted)
  const { account } = context.caller
  const { pool } = await getReadablePool(context, input.IpamPoolId)
  const isOwner = pool.account === account
  const isSeen = (allocation: Allocation): boolean =>
    allocation.pool === pool.n && (isOwner || allocation.account === account)
  const show = shower(context, { isSeen, matches })
  if (wanted !== undefined) {
    const found = n === undefined ? undefined : await context.tx.allocations.find(n)
    if (!found || !isSeen(found)) refuse({ code: 'NotFound', what: resourceType, id: wanted })
    const [shown] = await show([found])
    return { IpamPoolAllocations: shown ? [shown] : [] }
  }
  const { items, NextToken } = await readTokenPage(context, input, {
    ...(isOwner ? inPool(context, pool.n) : inOrderOf(context, {})),
    show,
  })
  return { IpamPoolAllocations: items, NextToken }
})

/** The caller's own allocations in any pool, as far as they were made in this Region. */
export const describeIpamPoolAllocations = ec2Read('DescribeIpamPoolAllocations', async (context, input) => {
  const matches = filterBy(input.Filters, allocationFilters, ({ Tags }) => Tags ?? [])
  refuseIdsWithPaging(input.IpamPoolAllocationIds, 'IpamPoolAllocationIds', input)
  const named = await ownNamed(context, input.IpamPoolAllocationIds)
  const isSeen = async ({ pool }: Allocation): Promise<boolean> => named !== undefined || isOfIpam(pool)
  const isOfIpam = poolsOfIpams(context)
  const { items, NextToken } = await readTokenPage(context, input, {
    ...(named
      ? { read: readFrom(named, isBehind), placeOf: numberOf }
      : inOrderOf(context, { region: context.region })),
    show: shower(context, { isSeen, matches }),
  })
  return { IpamPoolAllocations: items, NextToken }
})

export const modifyIpamPoolAllocation = ec2Write(
  'ModifyIpamPoolAllocation',
  async (context, { IpamPoolAllocationId: id, Description: text }) => {
    refuseLongDescription(text)
    // As in EC2, a description that is not given is taken away.
    const described = await describeAllocation(context, await getOwn(context, id), describedAs(text))
    return { IpamPoolAllocation: describe(context, described, await context.tx.tags.of(id)) }
  },
  { description: 'Description' },
)

// The request --------------------------------------------------------------------------------------------------------

interface Params {
  readonly cidr?: Cidr
  readonly allowed?: readonly Cidr[]
  readonly disallowed?: readonly Cidr[]
}

function readParams(input: AllocateIpamPoolCidrRequest): Params {
  const { Cidr: text, NetmaskLength: length } = input
  if (text !== undefined && length !== undefined) {
    refuse({
      code: 'InvalidParameterCombination',
      problem: 'Only one of `Cidr` and `NetmaskLength` can be given.',
    })
  }
  const allowed = readCidrs('AllowedCidr', input.AllowedCidrs)
  const disallowed = readCidrs('DisallowedCidr', input.DisallowedCidrs)
  if (text !== undefined && (allowed || disallowed)) {
    const problem = '`AllowedCidrs` and `DisallowedCidrs` can be used with a netmask length only, not with a `Cidr`.'
    refuse({ code: 'InvalidParameterCombination', problem })
  }
  return {
    cidr: text === undefined ? undefined : (parseCidr(text) ?? refuseMalformed('Cidr', text)),
    allowed,
    disallowed,
  }
}

function readCidrs(field: string, texts: readonly string[] | undefined): readonly Cidr[] | undefined {
  if (!texts || texts.length === 0) return undefined
  refuseTooManyListed(`CIDRs in ${field}s`, cidrListMax, texts.length)
  return texts.map((text, index) => parseCidr(text) ?? refuseMalformed(`${field}.${index + 1}`, text))
}

const refuseMalformed = (field: string, text: string): never =>
  refuseValue(field, text, nearCidrProblem(text) ?? 'it is not a CIDR such as `10.0.0.0/24`')

function inFamily(cidrs: readonly Cidr[] | undefined, pool: Pool, field: string): readonly Cidr[] | undefined {
  const other = cidrs?.find(({ family }) => family !== pool.family)
  if (other) refuseValue(field, formatCidr(other), `the pool holds IPv${pool.family} space`)
  return cidrs
}

/** Space is taken in the Region that the pool is for; where it is for none, in the home Region of its IPAM. */
async function getPoolHere(context: ReadContext, id: string): Promise<PoolAt> {
  const found = await getUsablePoolAt(context, id)
  const { locale } = found.pool
  if (locale === undefined || locale === context.region) return found
  return refuseValue(
    'IpamPoolId',
    id,
    `the pool's locale is \`${locale}\`, and this request is for \`${context.region}\``,
  )
}

// What is there ------------------------------------------------------------------------------------------------------

/** Undefined for an identifier that this installation never gave out, which is refused as one that is gone. */
function numberIn(context: ReadContext, id: string): number | undefined {
  refuseMalformedId('allocation', id)
  return parseId('allocation', context.tx.installation, id)
}

/** An allocation that the caller may end: its own, whether or not it may still take from the pool, or one of its pool. */
async function getReleasable(
  context: ReadContext,
  poolId: string,
  id: string,
  n: number | undefined,
): Promise<Allocation> {
  const { account } = context.caller
  const allocation = n === undefined ? undefined : await context.tx.allocations.find(n)
  if (allocation?.account === account) {
    const pool = await context.tx.pools.findByNumber(allocation.pool)
    const ipam = pool?.ipamId === undefined ? undefined : await context.tx.ipams.find(pool.ipamId)
    if (ipam && pool?.id === poolId && isVisibleFrom(context.region, { pool, ipam })) return allocation
  }
  const { pool } = await getUsablePoolAt(context, poolId)
  if (allocation?.pool !== pool.n || pool.account !== account) refuse({ code: 'NotFound', what: resourceType, id })
  return allocation
}

/** The caller's own allocation, made in this Region, from a pool of an IPAM. */
async function getOwn(context: ReadContext, id: string): Promise<Allocation> {
  const [allocation] = await getOwnMany(context, [id])
  return allocation!
}
/** The same of many, in order of creation. */
async function getOwnMany(context: ReadContext, ids: readonly string[]): Promise<Allocation[]> {
  const { tx, caller, region } = context
  const isOfIpam = poolsOfIpams(context)
  const numbers = new Map(ids.map((id) => [id, numberIn(context, id)]))
  const found = await tx.allocations.some([...numbers.values()].filter((n) => n !== undefined))
  const byNumber = new Map(found.map((allocation) => [allocation.n, allocation]))
  for (const [id, n] of numbers) {
    const allocation = byNumber.get(n ?? -1)
    const isOwn = allocation?.account === caller.account && allocation.region === region
    if (!isOwn || !(await isOfIpam(allocation.pool))) refuse({ code: 'NotFound', what: resourceType, id })
  }
  return found
}

async function ownNamed(context: ReadContext, ids: readonly string[] | undefined): Promise<Allocation[] | undefined> {
  return ids && ids.length > 0 ? getOwnMany(context, ids) : undefined
}

/** Whether a pool, by its number, belongs to an IPAM: the provider's own do not. Remembers what it has seen. */
function poolsOfIpams(context: ReadContext): (n: number) => Promise<boolean> {
  const seen = new Map<number, boolean>()
  return async (n) => {
    const known = seen.get(n)
    if (known !== undefined) return known
    const isOfIpam = (await context.tx.pools.findByNumber(n))?.scopeId !== undefined
    seen.set(n, isOfIpam)
    return isOfIpam
  }
}

// Pages --------------------------------------------------------------------------------------------------------------

type Order = Pick<Listed<Allocation, IpamPoolAllocation>, 'read' | 'placeOf'>

const numberOf = ({ n }: Allocation): string => String(n)
const isBehind = ({ n }: Allocation, place: string): boolean => n > Number(place)
/** The caller's own, in order of creation. */
const inOrderOf = ({ tx, caller }: ReadContext, filter: { readonly region?: string }): Order => ({
  read: (after = '0', limit) => tx.allocationLists.ofAccount(caller.account, Number(after), limit, filter),
  placeOf: numberOf,
})
/** Everybody's in a pool, in the order of addresses. */
const inPool = ({ tx }: ReadContext, pool: number): Order => ({
  read: (after, limit) =>
    tx.allocations.ofPool(pool, after === undefined ? undefined : new Uint8Array(Buffer.from(after, 'hex')), limit),
  placeOf: ({ cidr }) => Buffer.from(toKey(cidr)).toString('hex'),
})

/** Describes those that are seen and match, with the tags of all of them read at once. */
const shower =
  (
    context: ReadContext,
    {
      isSeen,
      matches,
    }: {
      isSeen(allocation: Allocation): boolean | Promise<boolean>
      matches(shown: IpamPoolAllocation): boolean
    },
  ): Listed<Allocation, IpamPoolAllocation>['show'] =>
  async (allocations) => {
    const seen: (Allocation | undefined)[] = []
    for (const allocation of allocations) seen.push((await isSeen(allocation)) ? allocation : undefined)
    const tags = await context.tx.tags.ofMany(
      seen.flatMap((allocation) => (allocation ? allocationIdOf(context, allocation) : [])),
    )
    return seen.map((allocation) => {
      if (!allocation) return undefined
      const shown = describe(context, allocation, tags.get(allocationIdOf(context, allocation)) ?? [])
      return matches(shown) ? shown : undefined
    })
  }

// The answer ---------------------------------------------------------------------------------------------------------

function describe(context: ReadContext, allocation: Allocation, tags: readonly Tag[]): IpamPoolAllocation {
  return {
    Cidr: formatCidr(allocation.cidr),
    IpamPoolAllocationId: allocationIdOf(context, allocation),
    Description: allocation.description,
    ResourceId: resourceIdOf(context, allocation),
    ResourceType: shownType(allocation),
    ResourceRegion: allocation.region,
    ResourceOwner: allocation.account,
    Tags: showTags(tags),
  }
}

/** What the native API allocates for other types would be unknown to clients of EC2: to them it is reserved by hand. */
const shownType = ({ resourceType }: Allocation): string => (typesOfEc2.has(resourceType) ? resourceType : 'custom')
/** Of those that the service model knows, the ones that are held here. */
const typesOfEc2: ReadonlySet<string> = new Set(['ipam-pool', 'vpc', 'subnet', 'eip', 'custom'])

/** An Elastic IP is its allocation under another name. */
const resourceIdOf = ({ tx }: ReadContext, { resourceType, resourceId, n }: Allocation): string | undefined =>
  resourceType === 'eip' ? formatId('address', tx.installation, n) : resourceId

/** EC2 documents no filters of allocations but tags: as elsewhere, the members of the answer in kebab case. */
const allocationFilters = {
  cidr: ({ Cidr }: IpamPoolAllocation) => Cidr,
  'ipam-pool-allocation-id': ({ IpamPoolAllocationId }: IpamPoolAllocation) => IpamPoolAllocationId,
  description: ({ Description }: IpamPoolAllocation) => Description,
  'resource-id': ({ ResourceId }: IpamPoolAllocation) => ResourceId,
  'resource-type': ({ ResourceType }: IpamPoolAllocation) => ResourceType,
  'resource-region': ({ ResourceRegion }: IpamPoolAllocation) => ResourceRegion,
  'resource-owner': ({ ResourceOwner }: IpamPoolAllocation) => ResourceOwner,
}
