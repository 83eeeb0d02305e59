// Subnets over the EC2 API: its requests, answers and filters.
import type {
  CreateSubnetRequest,
  ModifySubnetAttributeRequest,
  SubnetIpv6CidrBlockAssociation,
  Subnet as SubnetShown,
} from '#formats/aws/ec2.generated.ts'
import { formatCidr } from '#model/cidr.ts'
import { worded, wordedFeature } from '#model/problems/worded.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import type { SubnetAttributes, SubnetCidr } from '#store/tables/vpcs.ts'
import { filterBy, nothing, readTokenPage, refuseIdsWithPaging } from '../listing.aws.ts'
import { ec2Read, ec2Write } from '../operation.aws.ts'
import type { ReadContext } from '../operation.ts'
import { showTags, tagsToCreate } from '../organization/tagging.ec2.ts'
import { asksFor, blockIn, blockMembers } from './blocks.ec2.ts'
import type { BlockParams } from './blocks.ts'
import { zoneIn, zoneMembers } from './regions.ec2.ts'
import {
  associateSubnetBlock,
  countAvailable,
  createSubnet as create,
  describeSubnets as describeSubnetsOf,
  disassociateSubnetBlock,
  getSubnet,
  deleteSubnet as remove,
  type SubnetState,
  setSubnetAttributes,
  subnetsOf,
} from './subnets.ts'
import { findZone, type ZoneMember, zonesOf } from './zones.ts'

export const createSubnet = ec2Write(
  'CreateSubnet',
  async (context, input) => {
    refuseUnsupported(input)
    const tags = tagsToCreate(input.TagSpecifications, 'subnet')
    const zone = findZone(context, zoneIn(input), refuseZone) ?? zonesOf(context)[0]!
    const blocks = await blocksIn(context, input)
    const { VpcId: vpcId, Ipv6Native: isIpv6Native } = input
    return { Subnet: showSubnet(await create(context, { vpcId, zone, blocks, isIpv6Native, tags })) }
  },
  { ...blockMembers, ...zoneMembers },
)

export const deleteSubnet = ec2Write('DeleteSubnet', async (context, input) => {
  await remove(context, await getSubnet(context, input.SubnetId))
  return { Return: true }
})

export const describeSubnets = ec2Read('DescribeSubnets', async (context, input) => {
  refuseIdsWithPaging(input.SubnetIds, 'SubnetIds', input)
  const matching = filterBy(context, input.Filters, filterFields, ({ Tags }) => Tags ?? [])
  const { items, NextToken } = await readTokenPage(context, input, {
    read: await subnetsOf(context, input.SubnetIds),
    placeOf: ({ id }) => id,
    show: async (subnets) => matching((await describeSubnetsOf(context, subnets)).map(showSubnet)),
  })
  return { Subnets: items, NextToken }
})

export const associateSubnetCidrBlock = ec2Write(
  'AssociateSubnetCidrBlock',
  async (context, input) => {
    if (!asksFor(input, 6)) refuse({ code: 'MissingParameter', field: 'Ipv6CidrBlock' })
    const params = await blockIn(context, 'subnet', 6, input)
    const association = await associateSubnetBlock(context, await getSubnet(context, input.SubnetId), params)
    return { SubnetId: association.subnetId, Ipv6CidrBlockAssociation: showIpv6(association, 'associating') }
  },
  blockMembers,
)

export const disassociateSubnetCidrBlock = ec2Write('DisassociateSubnetCidrBlock', async (context, input) => {
  const association = await disassociateSubnetBlock(context, input.AssociationId)
  return { SubnetId: association.subnetId, Ipv6CidrBlockAssociation: showIpv6(association, 'disassociating') }
})

export const modifySubnetAttribute = ec2Write('ModifySubnetAttribute', async (context, input) => {
  const subnet = await getSubnet(context, input.SubnetId)
  await setSubnetAttributes(context, subnet, attributeIn(input))
  return { Return: true }
})

// The request --------------------------------------------------------------------------------------------------------

function refuseUnsupported(input: CreateSubnetRequest): void {
  if (input.OutpostArn !== undefined)
    refuse({ code: 'NotSupported', what: wordedFeature('`OutpostArn` (AWS Outposts)') })
  if (!input.Ipv6Native) return
  if (
    input.Ipv6CidrBlock === undefined &&
    input.Ipv6IpamPoolId === undefined &&
    input.Ipv6NetmaskLength === undefined
  ) {
    const sentence = "Either 'ipv6CidrBlock' or 'ipv6IpamPoolId' should be provided."
    refuse({ code: 'MissingParameter', field: 'Ipv6CidrBlock', aws: { sentence } })
  }
  if (asksFor(input, 4)) {
    refuse({ code: 'InvalidParameterCombination', problem: worded('An IPv6-native subnet has no IPv4 block.') })
  }
}

/** The one attribute that a request changes; none is given twice. */
function attributeIn(input: ModifySubnetAttributeRequest): SubnetAttributes {
  if (input.MapCustomerOwnedIpOnLaunch !== undefined || input.CustomerOwnedIpv4Pool !== undefined) {
    refuse({ code: 'NotSupported', what: wordedFeature('`MapCustomerOwnedIpOnLaunch` (AWS Outposts)') })
  }
  const read = (
    field: keyof ModifySubnetAttributeRequest,
    given: { readonly Value?: boolean } | undefined,
  ): boolean | undefined => given && (given.Value ?? refuse({ code: 'MissingParameter', field: `${field}.Value` }))
  const isLniOff = read('DisableLniAtDeviceIndex', input.DisableLniAtDeviceIndex)
  const changes: readonly (readonly [keyof SubnetAttributes, unknown])[] = [
    ['mapPublicIpOnLaunch', read('MapPublicIpOnLaunch', input.MapPublicIpOnLaunch)],
    ['assignIpv6AddressOnCreation', read('AssignIpv6AddressOnCreation', input.AssignIpv6AddressOnCreation)],
    ['enableDns64', read('EnableDns64', input.EnableDns64)],
    ['hostnameType', input.PrivateDnsHostnameTypeOnLaunch],
    [
      'enableResourceNameDnsARecord',
      read('EnableResourceNameDnsARecordOnLaunch', input.EnableResourceNameDnsARecordOnLaunch),
    ],
    [
      'enableResourceNameDnsAaaaRecord',
      read('EnableResourceNameDnsAAAARecordOnLaunch', input.EnableResourceNameDnsAAAARecordOnLaunch),
    ],
    ['enableLniAtDeviceIndex', input.EnableLniAtDeviceIndex],
  ]
  const given = changes.filter(([, value]) => value !== undefined)
  if (given.length + (isLniOff === undefined ? 0 : 1) !== 1) {
    refuse({ code: 'InvalidParameterCombination', problem: worded('Exactly one attribute must be given.') })
  }
  return isLniOff === undefined ? Object.fromEntries(given) : { enableLniAtDeviceIndex: undefined }
}

function refuseZone(context: ReadContext, field: ZoneMember, value: string): never {
  const zones = zonesOf(context).map((zone) => (field === 'zone' ? zone.name : zone.id))
  const names = zones.join(', ')
  refuseValue(
    field,
    value,
    worded(`Subnets can currently only be created in the following availability zones: ${names}`),
  )
}

async function blocksIn(context: ReadContext, input: CreateSubnetRequest): Promise<readonly BlockParams[]> {
  const blocks: BlockParams[] = []
  if (!input.Ipv6Native) blocks.push(await blockIn(context, 'subnet', 4, input))
  if (asksFor(input, 6)) blocks.push(await blockIn(context, 'subnet', 6, input))
  return blocks
}

// The answer ---------------------------------------------------------------------------------------------------------

export function showSubnet({ subnet, ipv6, used, tags }: SubnetState): SubnetShown {
  const { attributes = {} } = subnet
  return {
    SubnetId: subnet.id,
    SubnetArn: `arn:aws:ec2:${subnet.region}:${subnet.account}:subnet/${subnet.id}`,
    VpcId: subnet.vpcId,
    OwnerId: subnet.account,
    State: 'available',
    CidrBlock: subnet.cidr && formatCidr(subnet.cidr),
    AvailableIpAddressCount: countAvailable(subnet, used),
    AvailabilityZone: subnet.zone,
    AvailabilityZoneId: subnet.zoneId,
    Ipv6CidrBlockAssociationSet: ipv6.map((association) => showIpv6(association)),
    Ipv6Native: subnet.isIpv6Native,
    AssignIpv6AddressOnCreation: attributes.assignIpv6AddressOnCreation ?? subnet.isIpv6Native,
    DefaultForAz: subnet.isDefault === true,
    MapPublicIpOnLaunch: attributes.mapPublicIpOnLaunch ?? false,
    MapCustomerOwnedIpOnLaunch: false,
    EnableDns64: attributes.enableDns64 ?? false,
    ...(attributes.enableLniAtDeviceIndex !== undefined && {
      EnableLniAtDeviceIndex: attributes.enableLniAtDeviceIndex,
    }),
    PrivateDnsNameOptionsOnLaunch: {
      HostnameType: attributes.hostnameType ?? (subnet.isIpv6Native ? 'resource-name' : 'ip-name'),
      EnableResourceNameDnsARecord: attributes.enableResourceNameDnsARecord ?? false,
      EnableResourceNameDnsAAAARecord: attributes.enableResourceNameDnsAaaaRecord ?? false,
    },
    BlockPublicAccessStates: { InternetGatewayBlockMode: 'off' },
    Tags: showTags(tags),
  }
}

const showIpv6 = (
  { associationId, cidr, ipSource }: SubnetCidr,
  state = 'associated',
): SubnetIpv6CidrBlockAssociation => ({
  AssociationId: associationId,
  Ipv6CidrBlock: formatCidr(cidr),
  Ipv6CidrBlockState: { State: state },
  Ipv6AddressAttribute: ipSource === 'none' ? 'private' : 'public',
  IpSource: ipSource,
})

const zoneOf = ({ AvailabilityZone }: SubnetShown) => AvailabilityZone
const cidrOf = ({ CidrBlock }: SubnetShown) => CidrBlock
const isDefault = ({ DefaultForAz }: SubnetShown) => String(DefaultForAz)
/** Some have a second name from EC2's early days. */
const filterFields = {
  'availability-zone': zoneOf,
  availabilityZone: zoneOf,
  'availability-zone-id': ({ AvailabilityZoneId }: SubnetShown) => AvailabilityZoneId,
  availabilityZoneId: ({ AvailabilityZoneId }: SubnetShown) => AvailabilityZoneId,
  'available-ip-address-count': ({ AvailableIpAddressCount }: SubnetShown) => String(AvailableIpAddressCount),
  'cidr-block': cidrOf,
  cidr: cidrOf,
  cidrBlock: cidrOf,
  'customer-owned-ipv4-pool': nothing,
  'default-for-az': isDefault,
  defaultForAz: isDefault,
  'enable-dns64': ({ EnableDns64 }: SubnetShown) => String(EnableDns64),
  'enable-lni-at-device-index': ({ EnableLniAtDeviceIndex: index }: SubnetShown) =>
    index === undefined ? undefined : String(index),
  'ipv6-cidr-block-association.association-id': ({ Ipv6CidrBlockAssociationSet: all }: SubnetShown) =>
    all?.map(({ AssociationId }) => AssociationId!),
  'ipv6-cidr-block-association.ipv6-cidr-block': ({ Ipv6CidrBlockAssociationSet: all }: SubnetShown) =>
    all?.map(({ Ipv6CidrBlock }) => Ipv6CidrBlock!),
  'ipv6-cidr-block-association.state': ({ Ipv6CidrBlockAssociationSet: all }: SubnetShown) =>
    all?.map(({ Ipv6CidrBlockState }) => Ipv6CidrBlockState!.State!),
  'ipv6-native': ({ Ipv6Native }: SubnetShown) => String(Ipv6Native),
  'map-customer-owned-ip-on-launch': ({ MapCustomerOwnedIpOnLaunch }: SubnetShown) =>
    String(MapCustomerOwnedIpOnLaunch),
  'map-public-ip-on-launch': ({ MapPublicIpOnLaunch }: SubnetShown) => String(MapPublicIpOnLaunch),
  'outpost-arn': nothing,
  'owner-id': ({ OwnerId }: SubnetShown) => OwnerId,
  'private-dns-name-options-on-launch.hostname-type': ({ PrivateDnsNameOptionsOnLaunch: options }: SubnetShown) =>
    options?.HostnameType,
  'private-dns-name-options-on-launch.enable-resource-name-dns-a-record': ({
    PrivateDnsNameOptionsOnLaunch: options,
  }: SubnetShown) => String(options?.EnableResourceNameDnsARecord),
  'private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record': ({
    PrivateDnsNameOptionsOnLaunch: options,
  }: SubnetShown) => String(options?.EnableResourceNameDnsAAAARecord),
  state: ({ State }: SubnetShown) => State,
  'subnet-arn': ({ SubnetArn }: SubnetShown) => SubnetArn,
  'subnet-id': ({ SubnetId }: SubnetShown) => SubnetId,
  'vpc-id': ({ VpcId }: SubnetShown) => VpcId,
}
