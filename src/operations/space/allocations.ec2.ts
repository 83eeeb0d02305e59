// Allocations of pools as the EC2 API has them: reserved by hand, listed whatever they are for, described, released.
import type { AllocateIpamPoolCidrRequest, IpamPoolAllocation } from '#formats/aws/ec2.generated.ts'
import { type Cidr, equals, formatCidr, nearCidrProblem, parseCidr } from '#model/cidr.ts'
import type { AllocationRequest } from '#model/policy/decision.ts'
import { worded } from '#model/problems/worded.ts'
import { type Members, refuse, refuseValue } from '#model/refusal.ts'
import type { Tag } from '#model/tags.ts'
import type { Allocation } from '#store/tables/holdings.ts'
import type { Pool } from '#store/tables/pools.ts'
import { idOf, refuseMalformed as refuseMalformedId } from '../identifiers.ts'
import {
  describedAs,
  getUsablePoolAt,
  type PoolAt,
  refuseLongDescription,
  refuseTooManyListed,
} from '../ipam/access.ts'
import { filterBy, readTokenPage, refuseIdsWithPaging } from '../listing.aws.ts'
import type { Listed, Matching } from '../listing.ts'
import { ec2Read, ec2Write } from '../operation.aws.ts'
import type { ReadContext } from '../operation.ts'
import { showTags, tagsToCreate } from '../organization/tagging.ec2.ts'
import { allocate, allocationIdOf, describeAllocation, releaseAllocation } from './allocations.ts'
import { previewGrant } from './grant.ts'
import {
  allocationsOfPool,
  describeSeen,
  getAllocationOfPool,
  getOwnAllocation,
  getReleasable,
  ownAllocations,
} from './own-allocations.ts'
import { isOwnNetworkHere } from './own-networks.ts'
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
  refuseMalformedId('allocation', id)
  const cidr = parseCidr(input.Cidr) ?? refuseMalformed('Cidr', input.Cidr)
  const allocation = await getReleasable(context, input.IpamPoolId, id)
  if (!equals(allocation.cidr, cidr)) {
    refuseValue('Cidr', input.Cidr, worded(`the allocation ${id} has the CIDR ${formatCidr(allocation.cidr)}`))
  }
  if (shownType(allocation) !== 'custom' || allocation.resourceType === reservedType) {
    const { resourceType } = allocation
    const isNetwork = resourceType === 'vpc' || resourceType === 'subnet'
    const isElsewhere = isNetwork && !isOwnNetworkHere(context, allocation)
    const end = isElsewhere ? 'is for one elsewhere: it is released over the native API' : 'ends with its resource'
    const because = `this one is of type \`${resourceType}\` and ${end}`
    refuseValue('IpamPoolAllocationId', id, worded(`only custom allocations can be released; ${because}`))
  }
  await releaseAllocation(context, allocation, (account) => account === context.caller.account)
  return { Success: true }
})

/** To the owner of the pool, what everybody holds of it; to those with whom it is shared, what they hold themselves. */
export const getIpamPoolAllocations = ec2Read('GetIpamPoolAllocations', async (context, input) => {
  const matching = filterBy(context, input.Filters, allocationFilters, ({ Tags }) => Tags ?? [])
  const { IpamPoolAllocationId: wanted, IpamPoolId: poolId } = input
  if (wanted !== undefined) {
    const found = await getAllocationOfPool(context, poolId, wanted)
    const [shown] = await shower(context, { isSeen: () => true, matching })([found])
    return { IpamPoolAllocations: shown ? [shown] : [] }
  }
  const { isSeen, ...order } = await allocationsOfPool(context, poolId)
  const { items, NextToken } = await readTokenPage(context, input, {
    ...order,
    show: shower(context, { isSeen, matching }),
  })
  return { IpamPoolAllocations: items, NextToken }
})

/** The caller's own allocations in any pool, as far as they were made in this Region. */
export const describeIpamPoolAllocations = ec2Read('DescribeIpamPoolAllocations', async (context, input) => {
  const matching = filterBy(context, input.Filters, allocationFilters, ({ Tags }) => Tags ?? [])
  refuseIdsWithPaging(input.IpamPoolAllocationIds, 'IpamPoolAllocationIds', input)
  const { isSeen, ...order } = await ownAllocations(context, input.IpamPoolAllocationIds)
  const { items, NextToken } = await readTokenPage(context, input, {
    ...order,
    show: shower(context, { isSeen, matching }),
  })
  return { IpamPoolAllocations: items, NextToken }
})

export const modifyIpamPoolAllocation = ec2Write(
  'ModifyIpamPoolAllocation',
  async (context, { IpamPoolAllocationId: id, Description: text }) => {
    refuseLongDescription(text)
    // As in EC2, a description that is not given is taken away.
    const described = await describeAllocation(context, await getOwnAllocation(context, id), describedAs(text))
    const [shown] = await shower(context, { isSeen: () => true, matching: (all) => all })([described])
    return { IpamPoolAllocation: shown! }
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
      problem: worded('Only one of `Cidr` and `NetmaskLength` can be given.'),
    })
  }
  const allowed = readCidrs('AllowedCidr', input.AllowedCidrs)
  const disallowed = readCidrs('DisallowedCidr', input.DisallowedCidrs)
  if (text !== undefined && (allowed || disallowed)) {
    const problem = '`AllowedCidrs` and `DisallowedCidrs` can be used with a netmask length only, not with a `Cidr`.'
    refuse({ code: 'InvalidParameterCombination', problem: worded(problem) })
  }
  return {
    cidr: text === undefined ? undefined : (parseCidr(text) ?? refuseMalformed('Cidr', text)),
    allowed,
    disallowed,
  }
}

function readCidrs(field: string, texts: readonly string[] | undefined): readonly Cidr[] | undefined {
  if (!texts || texts.length === 0) return undefined
  refuseTooManyListed({ of: 'listed-cidrs', parameter: field }, cidrListMax, texts.length)
  return texts.map((text, index) => parseCidr(text) ?? refuseMalformed(`${field}.${index + 1}`, text))
}

const refuseMalformed = (field: string, text: string): never =>
  refuseValue(field, text, nearCidrProblem(text) ?? worded('it is not a CIDR such as `10.0.0.0/24`'))

function inFamily(cidrs: readonly Cidr[] | undefined, pool: Pool, field: string): readonly Cidr[] | undefined {
  const other = cidrs?.find(({ family }) => family !== pool.family)
  if (other) refuseValue(field, formatCidr(other), worded(`the pool holds IPv${pool.family} space`))
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
    worded(`the pool's locale is \`${locale}\`, and this request is for \`${context.region}\``),
  )
}

// Pages --------------------------------------------------------------------------------------------------------------

/** Describes those that are seen and match, with the tags of all of them read at once. */
const shower =
  (
    context: ReadContext,
    {
      isSeen,
      matching,
    }: {
      isSeen(allocation: Allocation): boolean | Promise<boolean>
      readonly matching: Matching<IpamPoolAllocation>
    },
  ): Listed<Allocation, IpamPoolAllocation>['show'] =>
  async (allocations) =>
    matching(
      (await describeSeen(context, allocations, isSeen)).map(
        (found) => found && describe(context, found.allocation, found.tags),
      ),
    )

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
const resourceIdOf = (context: ReadContext, { resourceType, resourceId, n }: Allocation): string | undefined =>
  resourceType === 'eip' ? idOf(context, 'address', n) : resourceId

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
