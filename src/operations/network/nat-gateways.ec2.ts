// NAT gateways over the EC2 API: its requests, answers and filters.
import type {
  NatGatewayAddress as AddressShown,
  CreateNatGatewayRequest,
  NatGateway as NatGatewayShown,
} from '#formats/aws/ec2.generated.ts'
import { worded } from '#model/problems/worded.ts'
import { type Members, refuse, refuseValue } from '#model/refusal.ts'
import type { NatGateway, NatGatewayAddress } from '#store/tables/nat-gateways.ts'
import { filterBy, readTokenPage, refuseIdsWithPaging } from '../listing.aws.ts'
import { ec2Read, ec2Write } from '../operation.aws.ts'
import type { ReadContext } from '../operation.ts'
import { showTags, tagsToCreate } from '../organization/tagging.ec2.ts'
import { elasticIpIdOf } from '../space/addresses.ts'
import { grantMembers } from '../space/allocations.ec2.ts'
import {
  associateAddresses,
  createRegionalNatGateway,
  createZonalNatGateway,
  describeNatGateways as describeNatGatewaysOf,
  disassociateAddresses,
  getLivingNatGateway,
  type NatGatewayState,
  natGatewaysOf,
  type RegionalSpec,
  deleteNatGateway as remove,
  type ZonalSpec,
} from './nat-gateways.ts'
import { zoneIn, zoneMembers } from './regions.ec2.ts'
import { findZone } from './zones.ts'

const members: Members = {
  ...grantMembers,
  ...zoneMembers,
  elasticIpId: 'AllocationId',
  elasticIpIds: 'AllocationIds',
  privateIp: 'PrivateIpAddress',
  privateIps: 'PrivateIpAddresses',
  subnetId: 'SubnetId',
}

export const createNatGateway = ec2Write(
  'CreateNatGateway',
  async (context, input) => {
    const tags = tagsToCreate(input.TagSpecifications, 'natgateway')
    const made =
      input.AvailabilityMode === 'regional'
        ? await createRegionalNatGateway(context, { ...regionalIn(context, input), tags })
        : await createZonalNatGateway(context, { ...zonalIn(input), tags })
    const shown = show(context, made)
    const status = made.gateway.connectivity === 'public' ? 'associating' : 'assigning'
    return {
      ClientToken: input.ClientToken,
      NatGateway: {
        ...shown,
        State: 'pending',
        NatGatewayAddresses: shown.NatGatewayAddresses?.map((address) => ({ ...address, Status: status })),
      },
    }
  },
  members,
)

export const deleteNatGateway = ec2Write('DeleteNatGateway', async (context, input) => {
  const gateway = await getLivingNatGateway(context, input.NatGatewayId)
  await remove(context, gateway)
  return { NatGatewayId: gateway.id }
})

export const describeNatGateways = ec2Read('DescribeNatGateways', async (context, input) => {
  refuseIdsWithPaging(input.NatGatewayIds, 'NatGatewayIds', input)
  const matching = filterBy(context, input.Filter, filterFields, ({ Tags }) => Tags ?? [])
  const { items, NextToken } = await readTokenPage(context, input, {
    read: await natGatewaysOf(context, input.NatGatewayIds),
    placeOf: ({ id }) => id,
    show: async (gateways) =>
      matching((await describeNatGatewaysOf(context, gateways)).map((one) => show(context, one))),
  })
  return { NatGateways: items, NextToken }
})

export const associateNatGatewayAddress = ec2Write(
  'AssociateNatGatewayAddress',
  async (context, input) => {
    const zone = findZone(context, zoneIn(input))
    const { AllocationIds: elasticIpIds, PrivateIpAddresses: privateIps } = input
    if (!elasticIpIds?.length) refuse({ code: 'MissingParameter', field: 'AllocationIds' })
    const gateway = await getLivingNatGateway(context, input.NatGatewayId)
    const added = await associateAddresses(context, gateway, { zone, elasticIpIds, privateIps })
    return {
      NatGatewayId: gateway.id,
      NatGatewayAddresses: added.map((address) => showAddress(context, gateway, address, 'associating')),
    }
  },
  members,
)

export const disassociateNatGatewayAddress = ec2Write('DisassociateNatGatewayAddress', async (context, input) => {
  if (!input.AssociationIds?.length) refuse({ code: 'MissingParameter', field: 'AssociationIds' })
  const gateway = await getLivingNatGateway(context, input.NatGatewayId)
  const leaving = await disassociateAddresses(context, gateway, input.AssociationIds)
  return {
    NatGatewayId: gateway.id,
    NatGatewayAddresses: leaving.map((address) => showAddress(context, gateway, address, 'disassociating')),
  }
})

// The request --------------------------------------------------------------------------------------------------------

function regionalIn(context: ReadContext, input: CreateNatGatewayRequest): RegionalSpec {
  const { ConnectivityType: connectivity = 'public', AvailabilityZoneAddresses: wanted } = input
  refuseGiven(input, zonalOnly, 'a regional NAT gateway takes `VpcId`, and addresses in `AvailabilityZoneAddresses`')
  if (connectivity !== 'public') {
    refuse({ code: 'InvalidParameterCombination', problem: worded('A regional NAT gateway is public.') })
  }
  if (input.VpcId === undefined) refuse({ code: 'MissingParameter', field: 'VpcId' })
  const zones = (wanted ?? []).map((each, index) => {
    const field = `AvailabilityZoneAddress.${index + 1}`
    const zone = findZone(context, zoneIn(each))
    if (!zone) refuse({ code: 'MissingParameter', field: `${field}.AvailabilityZone` })
    if (!each.AllocationIds?.length) refuse({ code: 'MissingParameter', field: `${field}.AllocationId` })
    return { zone, elasticIpIds: each.AllocationIds }
  })
  for (const [index, { zone }] of zones.entries()) {
    if (!zones.slice(0, index).some((other) => other.zone.id === zone.id)) continue
    refuseValue(
      `AvailabilityZoneAddress.${index + 1}.AvailabilityZone`,
      zone.name,
      worded('the zone is given more than once'),
    )
  }
  return { vpcId: input.VpcId, zones }
}

function zonalIn(input: CreateNatGatewayRequest): ZonalSpec {
  refuseGiven(input, regionalOnly, 'a zonal NAT gateway takes `SubnetId`; set `AvailabilityMode` to `regional`')
  if (input.SubnetId === undefined) refuse({ code: 'MissingParameter', field: 'SubnetId' })
  const secondary = input.SecondaryPrivateIpAddresses ?? []
  const addresses = input.ConnectivityType === 'private' ? privateIn(input, secondary) : publicIn(input, secondary)
  return { subnetId: input.SubnetId, addresses, privateIps: [input.PrivateIpAddress, ...secondary] }
}

function publicIn(input: CreateNatGatewayRequest, secondary: readonly string[]): ZonalSpec['addresses'] {
  const { AllocationId: primaryId, SecondaryAllocationIds: ids = [] } = input
  refuseGiven(input, ['SecondaryPrivateIpAddressCount'], 'only a private NAT gateway takes it')
  if (primaryId === undefined) refuse({ code: 'MissingParameter', field: 'AllocationId' })
  if (secondary.length > 0 && secondary.length !== ids.length) {
    const problem = '`SecondaryPrivateIpAddresses` must have as many items as `SecondaryAllocationIds`.'
    refuse({ code: 'InvalidParameterCombination', problem: worded(problem) })
  }
  return { connectivity: 'public', elasticIpIds: [primaryId, ...ids] }
}

function privateIn(input: CreateNatGatewayRequest, secondary: readonly string[]): ZonalSpec['addresses'] {
  const { SecondaryPrivateIpAddressCount: count } = input
  refuseGiven(input, ['AllocationId', 'SecondaryAllocationIds'], 'a private NAT gateway has no Elastic IP addresses')
  if (secondary.length > 0 && count !== undefined) {
    refuse({
      code: 'InvalidParameterCombination',
      problem: worded('Only one of `SecondaryPrivateIpAddresses` and `SecondaryPrivateIpAddressCount` can be given.'),
    })
  }
  return { connectivity: 'private', count: 1 + (count ?? secondary.length) }
}

const zonalOnly = [
  'SubnetId',
  'AllocationId',
  'SecondaryAllocationIds',
  'PrivateIpAddress',
  'SecondaryPrivateIpAddresses',
  'SecondaryPrivateIpAddressCount',
] as const
const regionalOnly = ['VpcId', 'AvailabilityZoneAddresses'] as const

function refuseGiven(
  input: CreateNatGatewayRequest,
  fields: readonly (keyof CreateNatGatewayRequest)[],
  because: string,
): void {
  const given = fields.find((field) => input[field] !== undefined)
  if (given === undefined) return
  refuse({ code: 'InvalidParameterCombination', problem: worded(`\`${given}\` cannot be given here: ${because}.`) })
}

// The answer ---------------------------------------------------------------------------------------------------------

function show(context: ReadContext, { gateway, addresses, tags }: NatGatewayState): NatGatewayShown {
  const isRegional = gateway.availabilityMode === 'regional'
  const automatic = gateway.isAutomatic ? 'enabled' : 'disabled'
  return {
    NatGatewayId: gateway.id,
    VpcId: gateway.vpcId,
    SubnetId: gateway.subnetId,
    State: gateway.deletedAt === undefined ? 'available' : 'deleted',
    ConnectivityType: gateway.connectivity,
    AvailabilityMode: gateway.availabilityMode,
    ...(isRegional && { AutoScalingIps: automatic, AutoProvisionZones: automatic, RouteTableId: gateway.routeTableId }),
    NatGatewayAddresses: addresses.map((address) => showAddress(context, gateway, address, 'succeeded')),
    CreateTime: gateway.createdAt,
    DeleteTime: gateway.deletedAt,
    Tags: showTags(tags),
  }
}

const showAddress = (
  context: ReadContext,
  gateway: NatGateway,
  address: NatGatewayAddress,
  status: string,
): AddressShown => ({
  ...(address.allocation !== undefined && {
    AllocationId: elasticIpIdOf(context, { n: address.allocation }),
    AssociationId: address.associationId,
    PublicIp: address.publicIp,
  }),
  PrivateIp: address.privateIp,
  NetworkInterfaceId: address.networkInterfaceId,
  ...(gateway.availabilityMode === 'zonal' && { IsPrimary: address.isPrimary }),
  AvailabilityZone: address.zone,
  AvailabilityZoneId: address.zoneId,
  Status: status,
})

const filterFields = {
  'nat-gateway-id': ({ NatGatewayId }: NatGatewayShown) => NatGatewayId,
  state: ({ State }: NatGatewayShown) => State,
  'subnet-id': ({ SubnetId }: NatGatewayShown) => SubnetId,
  'vpc-id': ({ VpcId }: NatGatewayShown) => VpcId,
}
