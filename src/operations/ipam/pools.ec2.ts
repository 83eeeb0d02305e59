// Pools over the EC2 API: its requests, answers and filters.
import type {
  CreateIpamPoolRequest,
  IpamPool,
  IpamPoolSourceResource,
  ModifyIpamPoolRequest,
} from '#formats/aws/ec2.generated.ts'
import { familyNumber, familyText } from '#model/cidr.ts'
import { worded } from '#model/problems/worded.ts'
import { type Members, refuse } from '#model/refusal.ts'
import type { Tag } from '#model/tags.ts'
import type { Pool, SourceResource } from '#store/tables/pools.ts'
import { filterBy, readTokenPage, refuseIdsWithPaging } from '../listing.aws.ts'
import { readFrom } from '../listing.ts'
import { ec2Read, ec2Write } from '../operation.aws.ts'
import type { ReadContext } from '../operation.ts'
import { showTags, tagsGiven, tagsToCreate } from '../organization/tagging.ec2.ts'
import { getDeletablePool, getOwnPool, type PoolAt } from './access.ts'
import { arnOf, stateAt } from './answers.ec2.ts'
import {
  deleteAsOwner,
  describePool,
  describePools,
  getScopeAt,
  refuseVpcElsewhere,
  type SeenPool,
  seenPools,
} from './own.ts'
import { createPool, updatePool } from './pools.ts'

const members: Members = {
  autoImport: 'AutoImport',
  awsService: 'AwsService',
  cascade: 'Cascade',
  defaultNetmaskLength: 'AllocationDefaultNetmaskLength',
  description: 'Description',
  family: 'AddressFamily',
  locale: 'Locale',
  maxNetmaskLength: 'AllocationMaxNetmaskLength',
  minNetmaskLength: 'AllocationMinNetmaskLength',
  parentPoolId: 'SourceIpamPoolId',
  publiclyAdvertisable: 'PubliclyAdvertisable',
  publicIpSource: 'PublicIpSource',
  sourceVpcId: 'SourceResource',
  tier: 'Tier',
}

export const createIpamPool = ec2Write(
  'CreateIpamPool',
  async (context, input) => {
    const tags = tagsToCreate(input.TagSpecifications, 'ipam-pool')
    const requiredTags = tagsGiven(input.AllocationResourceTags, 'AllocationResourceTag')
    const { scope, ipam } = await getScopeAt(context, input.IpamScopeId)
    const parent = await getParent(context, input.SourceIpamPoolId)
    const sourceVpcId = await sourceVpcIn(context, input)
    const pool = await createPool(
      context,
      { scope, ipam },
      {
        parent,
        family: familyNumber(input.AddressFamily),
        locale: input.Locale === 'None' ? undefined : input.Locale,
        description: input.Description,
        awsService: input.AwsService,
        publicIpSource: input.PublicIpSource,
        publiclyAdvertisable: input.PubliclyAdvertisable,
        minNetmaskLength: input.AllocationMinNetmaskLength,
        maxNetmaskLength: input.AllocationMaxNetmaskLength,
        defaultNetmaskLength: input.AllocationDefaultNetmaskLength,
        requiredTags,
        autoImport: input.AutoImport,
        sourceVpcId,
        tags,
      },
    )
    return { IpamPool: { ...(await describe(context, { pool, ipam })), State: 'create-in-progress' } }
  },
  members,
)

export const describeIpamPools = ec2Read('DescribeIpamPools', async (context, input) => {
  const matching = filterBy(context, input.Filters, poolFilters, ({ Tags }) => Tags ?? [])
  refuseIdsWithPaging(input.IpamPoolIds, 'IpamPoolIds', input)
  const { items, NextToken } = await readTokenPage(context, input, {
    read: readFrom<string>(await seenPools(context, input.IpamPoolIds), (id, place) => id > place),
    placeOf: (id: string) => id,
    async show(ids) {
      const seen = await describePools(context, ids)
      return matching(
        ids.map((id) => {
          const pool = seen.get(id)
          return pool && show(pool)
        }),
      )
    },
  })
  return { IpamPools: items, NextToken }
})

export const modifyIpamPool = ec2Write(
  'ModifyIpamPool',
  async (context, input) => {
    refuseNothing(input)
    const { pool, ipam } = await getOwnPool(context, input.IpamPoolId, 'ec2:ModifyIpamPool')
    const requiredTags = changedTags(pool, input)
    const changes = {
      description: input.Description,
      minNetmaskLength: input.AllocationMinNetmaskLength,
      maxNetmaskLength: input.AllocationMaxNetmaskLength,
      defaultNetmaskLength: input.ClearAllocationDefaultNetmaskLength ? null : input.AllocationDefaultNetmaskLength,
      requiredTags,
      autoImport: input.AutoImport,
    }
    const modified = await updatePool(context, { pool, ipam }, changes)
    return { IpamPool: { ...(await describe(context, { pool: modified, ipam })), State: 'modify-in-progress' } }
  },
  members,
)

export const deleteIpamPool = ec2Write(
  'DeleteIpamPool',
  async (context, input) => {
    const poolAt = await getDeletablePool(context, input.IpamPoolId, 'ec2:DeleteIpamPool')
    const { pool } = poolAt
    const isOwn = pool.account === context.caller.account
    const answer = isOwn ? await describe(context, poolAt) : { IpamPoolId: pool.id, OwnerId: pool.account }
    await deleteAsOwner(context, poolAt, { cascade: input.Cascade })
    return { IpamPool: { ...answer, State: 'delete-in-progress' } }
  },
  members,
)

// The request --------------------------------------------------------------------------------------------------------

async function getParent(context: ReadContext, id: string | undefined): Promise<Pool | undefined> {
  return id === undefined ? undefined : (await getOwnPool(context, id, 'ec2:CreateIpamPool')).pool
}

function refuseNothing(input: ModifyIpamPoolRequest): void {
  const { IpamPoolId: _, DryRun: __, ...changes } = input
  if (Object.values(changes).every((change) => change === undefined)) {
    refuse({
      code: 'InvalidParameterCombination',
      problem: worded('The request must contain a modification to the ipam pool'),
    })
  }
  if (input.AllocationDefaultNetmaskLength !== undefined && input.ClearAllocationDefaultNetmaskLength) {
    const problem = '`AllocationDefaultNetmaskLength` and `ClearAllocationDefaultNetmaskLength` contradict each other.'
    refuse({ code: 'InvalidParameterCombination', problem: worded(problem) })
  }
}

/** The id of the VPC that a pool is to plan, which EC2 wants told with all that it could look up. */
async function sourceVpcIn(
  context: ReadContext,
  { SourceResource: given }: CreateIpamPoolRequest,
): Promise<string | undefined> {
  if (given === undefined) return undefined
  const { ResourceId, ResourceType, ResourceRegion, ResourceOwner } = given
  for (const [name, value] of Object.entries({ ResourceId, ResourceType, ResourceRegion, ResourceOwner })) {
    if (value === undefined) refuse({ code: 'MissingParameter', field: `SourceResource.${name}` })
  }
  await refuseVpcElsewhere(context, { id: ResourceId!, account: ResourceOwner!, region: ResourceRegion! })
  return ResourceId
}

/** A key that is added again gets the new value; what is removed need not be there. Terraform's provider relies on both. */
function changedTags(pool: Pool, input: ModifyIpamPoolRequest): readonly Tag[] | undefined {
  const removed = tagsGiven(input.RemoveAllocationResourceTags, 'RemoveAllocationResourceTag')
  const added = tagsGiven(input.AddAllocationResourceTags, 'AddAllocationResourceTag')
  if (removed.length === 0 && added.length === 0) return undefined
  // A value that was left out, or is empty, stands for any: the same as to the tags of a resource that are deleted.
  const isRemoved = (tag: Tag): boolean =>
    removed.some(({ key, value }) => key === tag.key && (value === '' || value === tag.value))
  const isReplaced = (tag: Tag): boolean => added.some(({ key }) => key === tag.key)
  return [...pool.requiredTags.filter((tag) => !isRemoved(tag) && !isReplaced(tag)), ...added]
}

// The answer ---------------------------------------------------------------------------------------------------------

const describe = async (context: ReadContext, poolAt: PoolAt): Promise<IpamPool> =>
  show(await describePool(context, poolAt))

/** AWS has no word of its own for it. */
const importStopped =
  'The access key of whoever set AutoImport is good no more: nothing is imported until it is set again.'

function show({ pool, ipam, parent, version, tags, isImportStopped }: SeenPool): IpamPool {
  return {
    OwnerId: pool.account,
    IpamPoolId: pool.id,
    SourceIpamPoolId: parent,
    IpamPoolArn: arnOf(pool.account, 'ipam-pool', pool.id),
    IpamScopeArn: arnOf(pool.account, 'ipam-scope', pool.scopeId!),
    IpamScopeType: pool.scopeId === ipam.publicScopeId ? 'public' : 'private',
    IpamArn: arnOf(pool.account, 'ipam', ipam.id),
    IpamRegion: ipam.region,
    // As it was asked for: Terraform's provider replaces a pool that shows another locale than its configuration names.
    Locale: pool.isLocaleInherited ? 'None' : (pool.locale ?? 'None'),
    PoolDepth: pool.depth,
    State: stateAt(version),
    ...(isImportStopped ? { StateMessage: importStopped } : {}),
    Description: pool.description,
    AutoImport: pool.autoImport,
    PubliclyAdvertisable: pool.publiclyAdvertisable,
    AddressFamily: familyText(pool.family),
    AllocationMinNetmaskLength: pool.minNetmaskLength,
    AllocationMaxNetmaskLength: pool.maxNetmaskLength,
    AllocationDefaultNetmaskLength: pool.defaultNetmaskLength,
    AllocationResourceTags: showTags(pool.requiredTags),
    Tags: showTags(tags),
    AwsService: pool.awsService,
    PublicIpSource: pool.publicIpSource,
    SourceResource: pool.sourceResource && showSource(pool.sourceResource),
  }
}

const showSource = ({ id, type, region, account }: SourceResource): IpamPoolSourceResource => ({
  ResourceId: id,
  ResourceType: type,
  ResourceRegion: region,
  ResourceOwner: account,
})

/** EC2 documents `description` and `address-family` by example only: as elsewhere, the members of the answer in kebab case. */
const poolFilters = {
  'owner-id': ({ OwnerId }: IpamPool) => OwnerId,
  'ipam-pool-id': ({ IpamPoolId }: IpamPool) => IpamPoolId,
  'source-ipam-pool-id': ({ SourceIpamPoolId }: IpamPool) => SourceIpamPoolId,
  'ipam-pool-arn': ({ IpamPoolArn }: IpamPool) => IpamPoolArn,
  'ipam-scope-arn': ({ IpamScopeArn }: IpamPool) => IpamScopeArn,
  'ipam-scope-id': ({ IpamScopeArn }: IpamPool) => IpamScopeArn?.slice(IpamScopeArn.lastIndexOf('/') + 1),
  'ipam-scope-type': ({ IpamScopeType }: IpamPool) => IpamScopeType,
  'ipam-arn': ({ IpamArn }: IpamPool) => IpamArn,
  'ipam-id': ({ IpamArn }: IpamPool) => IpamArn?.slice(IpamArn.lastIndexOf('/') + 1),
  'ipam-region': ({ IpamRegion }: IpamPool) => IpamRegion,
  locale: ({ Locale }: IpamPool) => Locale,
  'pool-depth': ({ PoolDepth }: IpamPool) => String(PoolDepth),
  state: ({ State }: IpamPool) => State,
  description: ({ Description }: IpamPool) => Description,
  'auto-import': ({ AutoImport }: IpamPool) => String(AutoImport),
  'publicly-advertisable': ({ PubliclyAdvertisable }: IpamPool) =>
    PubliclyAdvertisable === undefined ? undefined : String(PubliclyAdvertisable),
  'address-family': ({ AddressFamily }: IpamPool) => AddressFamily,
  'allocation-min-netmask-length': ({ AllocationMinNetmaskLength }: IpamPool) => numberText(AllocationMinNetmaskLength),
  'allocation-max-netmask-length': ({ AllocationMaxNetmaskLength }: IpamPool) => numberText(AllocationMaxNetmaskLength),
  'allocation-default-netmask-length': ({ AllocationDefaultNetmaskLength }: IpamPool) =>
    numberText(AllocationDefaultNetmaskLength),
  'aws-service': ({ AwsService }: IpamPool) => AwsService,
  'public-ip-source': ({ PublicIpSource }: IpamPool) => PublicIpSource,
  'source-resource-id': ({ SourceResource }: IpamPool) => SourceResource?.ResourceId,
}
const numberText = (value: number | undefined): string | undefined => (value === undefined ? undefined : String(value))
