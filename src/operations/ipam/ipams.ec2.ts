// IPAMs over the EC2 API: requests, answers and filters.
import type { Ipam as IpamAnswer, ModifyIpamRequest } from '#formats/aws/ec2.generated.ts'
import { worded } from '#model/problems/worded.ts'
import { type Members, refuse, refuseValue, type Sentences } from '#model/refusal.ts'
import type { Ipam } from '#store/tables/ipams.ts'
import { filterBy, readTokenPage, refuseIdsWithPaging } from '../listing.aws.ts'
import { readById } from '../listing.ts'
import { ec2Read, ec2Write } from '../operation.aws.ts'
import type { ReadContext } from '../operation.ts'
import { showTags, tagsToCreate } from '../organization/tagging.ec2.ts'
import { getIpam } from './access.ts'
import { arnOf, regionsNamed, stateAt } from './answers.ec2.ts'
import { createIpam as create, deleteIpam as remove, updateIpam as update } from './ipams.ts'
import { describeIpam as describeOf, ownIpams } from './own.ts'

const sentences: Sentences = {
  LimitExceeded: ({ quota, used, limit }) =>
    quota?.kind === 'ipams' ? `You have created ${used} ipams and you are limited to ${limit}.` : undefined,
}
const members: Members = { cascade: 'Cascade', description: 'Description', meteredAccount: 'MeteredAccount' }

export const createIpam = ec2Write(
  'CreateIpam',
  async (context, input) => {
    const tags = tagsToCreate(input.TagSpecifications, 'ipam')
    const ipam = await create(context, {
      description: input.Description,
      operatingRegions: regionsNamed(context, input.OperatingRegions, 'OperatingRegion'),
      tier: input.Tier,
      enablePrivateGua: input.EnablePrivateGua,
      meteredAccount: input.MeteredAccount,
      tags,
    })
    return { Ipam: { ...(await describe(context, ipam)), State: 'create-in-progress' } }
  },
  members,
  sentences,
)

export const describeIpams = ec2Read('DescribeIpams', async (context, input) => {
  const matching = filterBy(context, input.Filters, ipamFilters, ({ Tags }) => Tags ?? [])
  refuseIdsWithPaging(input.IpamIds, 'IpamIds', input)
  const { items, NextToken } = await readTokenPage<Ipam, IpamAnswer>(context, input, {
    read: readById(await ownIpams(context, input.IpamIds)),
    placeOf: ({ id }) => id,
    // One for each Region, which is the one that is asked.
    async show(ipams) {
      const shown: IpamAnswer[] = []
      for (const ipam of ipams) shown.push(await describe(context, ipam))
      return matching(shown)
    },
  })
  return { Ipams: items, NextToken }
})

export const modifyIpam = ec2Write(
  'ModifyIpam',
  async (context, input) => {
    const { IpamId: _, DryRun: __, ...changes } = input
    if (Object.values(changes).every((change) => change === undefined)) {
      refuse({
        code: 'InvalidParameterCombination',
        problem: worded('The request must contain a modification to the ipam'),
      })
    }
    const changed = changedRegions(context, input)
    const ipam = await getIpam(context, input.IpamId)
    const modified = await update(context, ipam, {
      description: input.Description,
      operatingRegions: regionsAfter(ipam, changed),
      tier: input.Tier,
      enablePrivateGua: input.EnablePrivateGua,
      meteredAccount: input.MeteredAccount,
    })
    return { Ipam: { ...(await describe(context, modified)), State: 'modify-in-progress' } }
  },
  members,
)

export const deleteIpam = ec2Write(
  'DeleteIpam',
  async (context, input) => {
    const ipam = await getIpam(context, input.IpamId)
    const answer = await describe(context, ipam)
    await remove(context, ipam, { cascade: input.Cascade })
    return { Ipam: { ...answer, State: 'delete-in-progress' } }
  },
  members,
)

// The request --------------------------------------------------------------------------------------------------------

interface ChangedRegions {
  readonly added: readonly string[]
  readonly removed: readonly string[]
}

function changedRegions(context: ReadContext, input: ModifyIpamRequest): ChangedRegions {
  const added = regionsNamed(context, input.AddOperatingRegions, 'AddOperatingRegion')
  const removed = regionsNamed(context, input.RemoveOperatingRegions, 'RemoveOperatingRegion')
  const both = added.find((region) => removed.includes(region))
  if (both !== undefined) {
    refuse({
      code: 'InvalidParameterCombination',
      problem: worded(`The Region \`${both}\` is both added and removed.`),
    })
  }
  return { added, removed }
}

function regionsAfter({ region: home, operatingRegions }: Ipam, { added, removed }: ChangedRegions): string[] {
  for (const region of removed) {
    if (region === home) {
      refuseValue('RemoveOperatingRegion', region, worded('the home Region is always an operating Region'))
    }
    if (!operatingRegions.includes(region)) {
      refuseValue('RemoveOperatingRegion', region, worded(`the operating Regions are ${operatingRegions.join(', ')}`))
    }
  }
  return [...operatingRegions, ...added].filter((region) => !removed.includes(region))
}

// The answer ---------------------------------------------------------------------------------------------------------

async function describe(context: ReadContext, ipam: Ipam): Promise<IpamAnswer> {
  const { scopes, discoveries, version, tags } = await describeOf(context, ipam)
  return {
    OwnerId: ipam.account,
    IpamId: ipam.id,
    IpamArn: arnOf(ipam.account, 'ipam', ipam.id),
    IpamRegion: ipam.region,
    PublicDefaultScopeId: ipam.publicScopeId,
    PrivateDefaultScopeId: ipam.privateScopeId,
    ScopeCount: scopes,
    Description: ipam.description,
    OperatingRegions: ipam.operatingRegions.map((RegionName) => ({ RegionName })),
    State: stateAt(version),
    Tags: showTags(tags),
    DefaultResourceDiscoveryId: ipam.resourceDiscoveryId,
    DefaultResourceDiscoveryAssociationId: ipam.resourceDiscoveryAssociationId,
    ResourceDiscoveryAssociationCount: discoveries,
    Tier: ipam.tier,
    EnablePrivateGua: ipam.isPrivateGuaEnabled,
    MeteredAccount: ipam.meteredAccount,
  }
}

/** EC2 documents no filters of IPAMs: as elsewhere, the members of the answer in kebab case. */
const ipamFilters = {
  'owner-id': ({ OwnerId }: IpamAnswer) => OwnerId,
  'ipam-id': ({ IpamId }: IpamAnswer) => IpamId,
  'ipam-arn': ({ IpamArn }: IpamAnswer) => IpamArn,
  'ipam-region': ({ IpamRegion }: IpamAnswer) => IpamRegion,
  'public-default-scope-id': ({ PublicDefaultScopeId }: IpamAnswer) => PublicDefaultScopeId,
  'private-default-scope-id': ({ PrivateDefaultScopeId }: IpamAnswer) => PrivateDefaultScopeId,
  'scope-count': ({ ScopeCount }: IpamAnswer) => String(ScopeCount),
  description: ({ Description }: IpamAnswer) => Description,
  'operating-region': ({ OperatingRegions }: IpamAnswer) => OperatingRegions?.map(({ RegionName }) => RegionName!),
  state: ({ State }: IpamAnswer) => State,
  'default-resource-discovery-id': ({ DefaultResourceDiscoveryId }: IpamAnswer) => DefaultResourceDiscoveryId,
  'default-resource-discovery-association-id': ({ DefaultResourceDiscoveryAssociationId: id }: IpamAnswer) => id,
  'resource-discovery-association-count': ({ ResourceDiscoveryAssociationCount: count }: IpamAnswer) => String(count),
  tier: ({ Tier }: IpamAnswer) => Tier,
  'enable-private-gua': ({ EnablePrivateGua }: IpamAnswer) => String(EnablePrivateGua),
  'metered-account': ({ MeteredAccount }: IpamAnswer) => MeteredAccount,
}
