// Resource discoveries and their associations over the EC2 API: requests, answers and filters.
import type { IpamResourceDiscovery, IpamResourceDiscoveryAssociation } from '#formats/aws/ec2.generated.ts'
import type { ExcludedUnit } from '#model/discovery.ts'
import { worded } from '#model/problems/worded.ts'
import { type Members, refuse, refuseValue } from '#model/refusal.ts'
import type { Tag } from '#model/tags.ts'
import type { Discovery } from '#store/tables/discoveries.ts'
import { filterBy, readTokenPage, refuseIdsWithPaging } from '../listing.aws.ts'
import { ec2Read, ec2Write } from '../operation.aws.ts'
import type { ReadContext } from '../operation.ts'
import { showTags, tagsToCreate } from '../organization/tagging.ec2.ts'
import { arnOf, regionsNamed, stateAt } from './answers.ec2.ts'
import {
  type AssociationAt,
  associateDiscovery,
  createDiscovery,
  deleteDiscovery,
  describeDiscovered,
  disassociateDiscovery,
  getDiscovery,
  ownAssociations,
  ownDiscoveries,
  unitToExclude,
  updateDiscovery,
} from './discoveries.ts'
import { pathOfUnit } from './unit-paths.ts'

const resourceType = 'ipam-resource-discovery'
const associationType = 'ipam-resource-discovery-association'
const members: Members = {
  description: 'Description',
  removedRegions: 'RemoveOperatingRegion',
  addedExclusions: 'AddOrganizationalUnitExclusion',
  removedExclusions: 'RemoveOrganizationalUnitExclusion',
  tier: 'Tier',
}

export const createIpamResourceDiscovery = ec2Write(
  'CreateIpamResourceDiscovery',
  async (context, input) => {
    const tags = tagsToCreate(input.TagSpecifications, resourceType)
    const discovery = await createDiscovery(context, {
      description: input.Description,
      operatingRegions: regionsNamed(context, input.OperatingRegions, 'OperatingRegion'),
      tags,
    })
    return { IpamResourceDiscovery: { ...(await describe(context, discovery)), State: 'create-in-progress' } }
  },
  members,
)

export const describeIpamResourceDiscoveries = ec2Read('DescribeIpamResourceDiscoveries', async (context, input) => {
  const matching = filterBy(context, input.Filters, discoveryFilters, ({ Tags }) => Tags ?? [])
  refuseIdsWithPaging(input.IpamResourceDiscoveryIds, 'IpamResourceDiscoveryIds', input)
  const { items, NextToken } = await readTokenPage<Discovery, IpamResourceDiscovery>(context, input, {
    read: await ownDiscoveries(context, input.IpamResourceDiscoveryIds),
    placeOf: ({ id }) => id,
    show: async (rows) => matching(await describeMany(context, rows)),
  })
  return { IpamResourceDiscoveries: items, NextToken }
})

export const modifyIpamResourceDiscovery = ec2Write(
  'ModifyIpamResourceDiscovery',
  async (context, input) => {
    const { IpamResourceDiscoveryId: id, DryRun: _, ...changes } = input
    if (Object.values(changes).every((change) => change === undefined)) {
      const problem = 'The request must contain a modification to the ipam resource discovery'
      refuse({ code: 'InvalidParameterCombination', problem: worded(problem) })
    }
    const discovery = await getDiscovery(context, id)
    const modified = await updateDiscovery(context, discovery, {
      description: input.Description,
      addedRegions: regionsNamed(context, input.AddOperatingRegions, 'AddOperatingRegion'),
      removedRegions: regionsNamed(context, input.RemoveOperatingRegions, 'RemoveOperatingRegion'),
      addedExclusions: await unitsNamed(
        context,
        discovery,
        input.AddOrganizationalUnitExclusions,
        'AddOrganizationalUnitExclusion',
      ),
      removedExclusions: await unitsNamed(
        context,
        discovery,
        input.RemoveOrganizationalUnitExclusions,
        'RemoveOrganizationalUnitExclusion',
      ),
    })
    return { IpamResourceDiscovery: { ...(await describe(context, modified)), State: 'modify-in-progress' } }
  },
  members,
)

export const deleteIpamResourceDiscovery = ec2Write('DeleteIpamResourceDiscovery', async (context, input) => {
  const discovery = await getDiscovery(context, input.IpamResourceDiscoveryId)
  const answer = await describe(context, discovery)
  await deleteDiscovery(context, discovery)
  return { IpamResourceDiscovery: { ...answer, State: 'delete-in-progress' } }
})

export const associateIpamResourceDiscovery = ec2Write(
  'AssociateIpamResourceDiscovery',
  async (context, input) => {
    const tags = tagsToCreate(input.TagSpecifications, associationType)
    const made = await associateDiscovery(context, input.IpamId, input.IpamResourceDiscoveryId, tags)
    return { IpamResourceDiscoveryAssociation: { ...showAssociation(made, tags), State: 'associate-in-progress' } }
  },
  members,
)

export const disassociateIpamResourceDiscovery = ec2Write(
  'DisassociateIpamResourceDiscovery',
  async (context, input) => {
    const { tags, ...found } = await disassociateDiscovery(context, input.IpamResourceDiscoveryAssociationId)
    return { IpamResourceDiscoveryAssociation: { ...showAssociation(found, tags), State: 'disassociate-in-progress' } }
  },
)

export const describeIpamResourceDiscoveryAssociations = ec2Read(
  'DescribeIpamResourceDiscoveryAssociations',
  async (context, input) => {
    const matching = filterBy(context, input.Filters, associationFilters, ({ Tags }) => Tags ?? [])
    refuseIdsWithPaging(input.IpamResourceDiscoveryAssociationIds, 'IpamResourceDiscoveryAssociationIds', input)
    const { items, NextToken } = await readTokenPage<
      AssociationAt & { readonly id: string },
      IpamResourceDiscoveryAssociation
    >(context, input, {
      read: await ownAssociations(context, input.IpamResourceDiscoveryAssociationIds),
      placeOf: ({ id }) => id,
      show: async (rows) =>
        matching((await describeDiscovered(context, rows)).map(({ row, tags }) => showAssociation(row, tags))),
    })
    return { IpamResourceDiscoveryAssociations: items, NextToken }
  },
)

// The request --------------------------------------------------------------------------------------------------------

/** As paths of Organizations: `o-…/r-…/ou-…/` is a unit, with `*` behind it all below it too. */
async function unitsNamed(
  context: ReadContext,
  discovery: Discovery,
  given: readonly { readonly OrganizationsEntityPath?: string }[] | undefined,
  field: string,
): Promise<ExcludedUnit[]> {
  const units: ExcludedUnit[] = []
  for (const [index, { OrganizationsEntityPath: path }] of (given ?? []).entries()) {
    const at = `${field}.${index + 1}.OrganizationsEntityPath`
    if (path === undefined) refuse({ code: 'MissingParameter', field: at })
    const unit = await unitToExclude(context, discovery, path)
    if (unit === undefined) refuseValue(at, path, worded('it is not the path of an organizational unit'))
    units.push(unit)
  }
  return units
}

// The answer ---------------------------------------------------------------------------------------------------------

async function describe(context: ReadContext, discovery: Discovery): Promise<IpamResourceDiscovery> {
  return (await describeMany(context, [discovery]))[0]!
}
async function describeMany(
  context: ReadContext,
  discoveries: readonly Discovery[],
): Promise<readonly IpamResourceDiscovery[]> {
  const described = await describeDiscovered(context, discoveries)
  const shown: IpamResourceDiscovery[] = []
  for (const { row, version, tags } of described) {
    const paths: string[] = []
    for (const exclusion of row.exclusions) paths.push(...(await pathOfUnit(context, exclusion)))
    shown.push({
      OwnerId: row.account,
      IpamResourceDiscoveryId: row.id,
      IpamResourceDiscoveryArn: arnOf(row.account, resourceType, row.id),
      IpamResourceDiscoveryRegion: row.region,
      Description: row.description,
      OperatingRegions: row.operatingRegions.map((RegionName) => ({ RegionName })),
      IsDefault: row.isDefault,
      State: stateAt(version),
      Tags: showTags(tags),
      OrganizationalUnitExclusions: paths.map((OrganizationsEntityPath) => ({ OrganizationsEntityPath })),
    })
  }
  return shown
}

const showAssociation = (
  { association, ipam }: AssociationAt,
  tags: readonly Tag[],
): IpamResourceDiscoveryAssociation => ({
  OwnerId: ipam.account,
  IpamResourceDiscoveryAssociationId: association.id,
  IpamResourceDiscoveryAssociationArn: arnOf(ipam.account, associationType, association.id),
  IpamResourceDiscoveryId: association.discoveryId,
  IpamId: ipam.id,
  IpamArn: arnOf(ipam.account, 'ipam', ipam.id),
  IpamRegion: ipam.region,
  IsDefault: association.isDefault,
  ResourceDiscoveryStatus: 'active',
  State: 'associate-complete',
  Tags: showTags(tags),
})

/** EC2 documents no filters of either: as elsewhere, the members of the answer in kebab case. */
const discoveryFilters = {
  'owner-id': ({ OwnerId }: IpamResourceDiscovery) => OwnerId,
  'ipam-resource-discovery-id': ({ IpamResourceDiscoveryId: id }: IpamResourceDiscovery) => id,
  'ipam-resource-discovery-arn': ({ IpamResourceDiscoveryArn: arn }: IpamResourceDiscovery) => arn,
  'ipam-resource-discovery-region': ({ IpamResourceDiscoveryRegion: region }: IpamResourceDiscovery) => region,
  description: ({ Description }: IpamResourceDiscovery) => Description,
  'operating-region': ({ OperatingRegions }: IpamResourceDiscovery) =>
    OperatingRegions?.map(({ RegionName }) => RegionName!),
  'is-default': ({ IsDefault }: IpamResourceDiscovery) => String(IsDefault),
  state: ({ State }: IpamResourceDiscovery) => State,
}
const associationFilters = {
  'owner-id': ({ OwnerId }: IpamResourceDiscoveryAssociation) => OwnerId,
  'ipam-resource-discovery-association-id': (one: IpamResourceDiscoveryAssociation) =>
    one.IpamResourceDiscoveryAssociationId,
  'ipam-resource-discovery-association-arn': (one: IpamResourceDiscoveryAssociation) =>
    one.IpamResourceDiscoveryAssociationArn,
  'ipam-resource-discovery-id': ({ IpamResourceDiscoveryId: id }: IpamResourceDiscoveryAssociation) => id,
  'ipam-id': ({ IpamId }: IpamResourceDiscoveryAssociation) => IpamId,
  'ipam-arn': ({ IpamArn }: IpamResourceDiscoveryAssociation) => IpamArn,
  'ipam-region': ({ IpamRegion }: IpamResourceDiscoveryAssociation) => IpamRegion,
  'is-default': ({ IsDefault }: IpamResourceDiscoveryAssociation) => String(IsDefault),
  'resource-discovery-status': (one: IpamResourceDiscoveryAssociation) => one.ResourceDiscoveryStatus,
  state: ({ State }: IpamResourceDiscoveryAssociation) => State,
}
