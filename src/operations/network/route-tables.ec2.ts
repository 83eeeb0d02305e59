// Route tables over the EC2 API: their routes and associations.
import type {
  RouteTableAssociation as AssociationShown,
  CreateRouteRequest,
  DeleteRouteRequest,
  Route as RouteShown,
  RouteTable as TableShown,
} from '#formats/aws/ec2.generated.ts'
import { canonical, type RouteVia } from '#model/network-object.ts'
import { worded, wordedFeature } from '#model/problems/worded.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import { ec2Read, ec2Write } from '../operation.aws.ts'
import { showTags, tagsToCreate } from '../organization/tagging.ec2.ts'
import { describePage } from './objects.ec2.ts'
import {
  type Association,
  associateRouteTable as associate,
  createRouteTable as create,
  createRoute as createRouteIn,
  type Destination,
  deleteRoute as deleteRouteIn,
  describeRouteTables as describeTables,
  disassociateRouteTable as disassociate,
  type RouteTableState,
  type RouteTarget,
  deleteRouteTable as remove,
  replaceRouteTableAssociation as replaceAssociation,
  replaceRoute as replaceRouteIn,
  type ShownRoute,
} from './route-tables.ts'

/** The parameter of each target. */
const parameters = {
  gateway: 'GatewayId',
  'nat-gateway': 'NatGatewayId',
  'egress-only-internet-gateway': 'EgressOnlyInternetGatewayId',
  instance: 'InstanceId',
  'network-interface': 'NetworkInterfaceId',
  'vpc-peering-connection': 'VpcPeeringConnectionId',
  'transit-gateway': 'TransitGatewayId',
  'local-gateway': 'LocalGatewayId',
  'carrier-gateway': 'CarrierGatewayId',
  'vpc-endpoint': 'VpcEndpointId',
  'core-network': 'CoreNetworkArn',
  'odb-network': 'OdbNetworkArn',
} as const satisfies Readonly<Record<RouteVia, keyof CreateRouteRequest>>
const viaMembers = { ...parameters, localTarget: 'LocalTarget', destination: 'DestinationCidrBlock' }
const associationMembers = { routeTableId: 'RouteTableId', associationId: 'AssociationId' }

export const createRouteTable = ec2Write('CreateRouteTable', async (context, input) => {
  const tags = tagsToCreate(input.TagSpecifications, 'route-table')
  return { ClientToken: input.ClientToken, RouteTable: show(await create(context, input.VpcId, tags)) }
})

export const deleteRouteTable = ec2Write('DeleteRouteTable', async (context, input) => {
  await remove(context, input.RouteTableId)
  return { Return: true }
})

export const createRoute = ec2Write(
  'CreateRoute',
  async (context, input) => {
    const target = targetIn(input) ?? refuse({ code: 'MissingParameter', field: 'GatewayId' })
    await createRouteIn(context, input.RouteTableId, destinationIn(input), target)
    return { Return: true }
  },
  viaMembers,
)

export const replaceRoute = ec2Write(
  'ReplaceRoute',
  async (context, input) => {
    const target = targetIn(input)
    if (input.LocalTarget && target) {
      refuse({
        code: 'InvalidParameterCombination',
        problem: worded('`LocalTarget` cannot be used together with another target.'),
      })
    }
    if (!input.LocalTarget && !target) refuse({ code: 'MissingParameter', field: 'GatewayId' })
    await replaceRouteIn(context, input.RouteTableId, destinationIn(input), target)
    return { Return: true }
  },
  viaMembers,
)

export const deleteRoute = ec2Write(
  'DeleteRoute',
  async (context, input) => {
    await deleteRouteIn(context, input.RouteTableId, destinationIn(input))
    return { Return: true }
  },
  { destination: 'DestinationCidrBlock' },
)

export const associateRouteTable = ec2Write(
  'AssociateRouteTable',
  async (context, input) => {
    const { SubnetId: subnetId, GatewayId: gatewayId } = input
    if (input.PublicIpv4Pool !== undefined) refuse({ code: 'NotSupported', what: wordedFeature('`PublicIpv4Pool`') })
    if ((subnetId === undefined) === (gatewayId === undefined)) {
      refuse({
        code: 'InvalidParameterCombination',
        problem: worded('Exactly one of `SubnetId` and `GatewayId` must be given.'),
      })
    }
    const named = subnetId === undefined ? { gatewayId: gatewayId! } : { subnetId }
    return { AssociationId: await associate(context, input.RouteTableId, named), AssociationState: associated }
  },
  associationMembers,
)

export const disassociateRouteTable = ec2Write(
  'DisassociateRouteTable',
  async (context, input) => {
    await disassociate(context, input.AssociationId)
    return { Return: true }
  },
  associationMembers,
)

export const replaceRouteTableAssociation = ec2Write(
  'ReplaceRouteTableAssociation',
  async (context, input) => ({
    NewAssociationId: await replaceAssociation(context, input.AssociationId, input.RouteTableId),
    AssociationState: associated,
  }),
  associationMembers,
)

export const describeRouteTables = ec2Read('DescribeRouteTables', async (context, input) => {
  const { items, NextToken } = await describePage(context, input, 'routeTable', {
    ids: ['RouteTableIds', input.RouteTableIds],
    idFilter: 'route-table-id',
    vpcFilter: 'vpc-id',
    fields: filterFields,
    show: async (states) => (await describeTables(context, states)).map(show),
  })
  return { RouteTables: items, NextToken }
})

// The request --------------------------------------------------------------------------------------------------------

function targetIn(input: Partial<Pick<CreateRouteRequest, (typeof parameters)[RouteVia]>>): RouteTarget | undefined {
  const given = (Object.keys(parameters) as RouteVia[]).flatMap((via) => {
    const id = input[parameters[via]]
    return id === undefined ? [] : [{ via, id }]
  })
  if (given.length > 1) {
    const names = given.map(({ via }) => `\`${parameters[via]}\``).join(', ')
    refuse({
      code: 'InvalidParameterCombination',
      problem: worded(`A route has one target: only one of ${names} can be given.`),
    })
  }
  const [target] = given
  // Endpoints of gateways may be named as such, as AWS takes them.
  return target?.via === 'gateway' && target.id.startsWith('vpce-') ? { via: 'vpc-endpoint', id: target.id } : target
}

function destinationIn(input: Omit<DeleteRouteRequest, 'RouteTableId'>): Destination {
  const { DestinationCidrBlock: ipv4, DestinationIpv6CidrBlock: ipv6, DestinationPrefixListId: list } = input
  const given = [ipv4, ipv6, list].filter((one) => one !== undefined)
  if (given.length === 0) refuse({ code: 'MissingParameter', field: 'DestinationCidrBlock' })
  if (given.length > 1) {
    refuse({
      code: 'InvalidParameterCombination',
      problem: worded('A route has one destination: a CIDR block or a prefix list.'),
    })
  }
  if (list !== undefined) {
    if (!list.startsWith('pl-'))
      refuseValue('DestinationPrefixListId', list, worded('an id such as `pl-…` is expected'))
    return { kind: 'prefix-list', text: list }
  }
  const [kind, family, field] =
    ipv4 === undefined
      ? (['ipv6', 6, 'DestinationIpv6CidrBlock'] as const)
      : (['ipv4', 4, 'DestinationCidrBlock'] as const)
  const text = canonical((ipv4 ?? ipv6)!, family)
  if (text === undefined) {
    const sentence = `Value (${(ipv4 ?? ipv6)!}) for parameter destinationCidrBlock is invalid. This is not a valid CIDR block.`
    refuse({
      code: 'InvalidParameterValue',
      field,
      value: (ipv4 ?? ipv6)!,
      problem: worded('This is not a valid CIDR block.'),
      aws: { sentence },
    })
  }
  return { kind, text }
}

// The answer ---------------------------------------------------------------------------------------------------------

const associated = { State: 'associated' }

const show = ({ object, routes, associations, tags }: RouteTableState): TableShown => ({
  RouteTableId: object.id,
  VpcId: object.vpcId,
  OwnerId: object.account,
  Associations: associations.map((association) => showAssociation(object.id, association)),
  PropagatingVgws: [],
  Routes: routes.map(showRoute),
  Tags: showTags(tags),
})
const showAssociation = (tableId: string, { id, target }: Association): AssociationShown => ({
  Main: target === undefined,
  RouteTableAssociationId: id,
  RouteTableId: tableId,
  ...(target === undefined ? {} : target.startsWith('subnet-') ? { SubnetId: target } : { GatewayId: target }),
  AssociationState: associated,
})

function showRoute({ destination, target, isBlackhole }: ShownRoute): RouteShown {
  const to = destination.startsWith('pl-')
    ? { DestinationPrefixListId: destination }
    : destination.includes(':')
      ? { DestinationIpv6CidrBlock: destination }
      : { DestinationCidrBlock: destination }
  if (!target) return { ...to, GatewayId: 'local', Origin: 'CreateRouteTable', State: 'active' }
  // Answers have no member for endpoints: those are gateways there.
  const via = target.via === 'vpc-endpoint' ? 'GatewayId' : parameters[target.via]
  return { ...to, [via]: target.id, Origin: 'CreateRoute', State: isBlackhole ? 'blackhole' : 'active' }
}

const ofAssociations = (member: keyof AssociationShown) => (table: TableShown) =>
  table.Associations?.flatMap((one) => (one[member] === undefined ? [] : String(one[member])))
const ofRoutes = (member: keyof RouteShown) => (table: TableShown) => table.Routes?.flatMap((one) => one[member] ?? [])
const filterFields = {
  'association.gateway-id': ofAssociations('GatewayId'),
  'association.route-table-association-id': ofAssociations('RouteTableAssociationId'),
  'association.route-table-id': ofAssociations('RouteTableId'),
  'association.subnet-id': ofAssociations('SubnetId'),
  'association.main': ofAssociations('Main'),
  'owner-id': ({ OwnerId }: TableShown) => OwnerId,
  'route-table-id': ({ RouteTableId }: TableShown) => RouteTableId,
  'route.destination-cidr-block': ofRoutes('DestinationCidrBlock'),
  'route.destination-ipv6-cidr-block': ofRoutes('DestinationIpv6CidrBlock'),
  'route.destination-prefix-list-id': ofRoutes('DestinationPrefixListId'),
  'route.egress-only-internet-gateway-id': ofRoutes('EgressOnlyInternetGatewayId'),
  'route.gateway-id': ofRoutes('GatewayId'),
  'route.instance-id': ofRoutes('InstanceId'),
  'route.nat-gateway-id': ofRoutes('NatGatewayId'),
  'route.transit-gateway-id': ofRoutes('TransitGatewayId'),
  'route.origin': ofRoutes('Origin'),
  'route.state': ofRoutes('State'),
  'route.vpc-peering-connection-id': ofRoutes('VpcPeeringConnectionId'),
  'vpc-id': ({ VpcId }: TableShown) => VpcId,
}
