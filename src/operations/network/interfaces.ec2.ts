// Network interfaces: those of NAT gateways, the only ones that are on record here. Tools look for others before they delete a subnet.
import type { NetworkInterface } from '#formats/aws/ec2.generated.ts'
import { idOf } from '../identifiers.ts'
import { filterBy, nothing, readTokenPage, refuseIdsWithPaging } from '../listing.aws.ts'
import { ec2Read } from '../operation.aws.ts'
import type { ReadContext } from '../operation.ts'
import { type Interface, interfacesOf, placeOfInterface } from './interfaces.ts'

export const describeNetworkInterfaces = ec2Read('DescribeNetworkInterfaces', async (context, input) => {
  refuseIdsWithPaging(input.NetworkInterfaceIds, 'NetworkInterfaceIds', input)
  const matching = filterBy(context, input.Filters, filterFields, () => [])
  const { items, NextToken } = await readTokenPage(context, input, {
    read: await interfacesOf(context, input.NetworkInterfaceIds),
    placeOf: placeOfInterface,
    show: (interfaces) => matching(interfaces.map((one) => describe(context, one))),
  })
  return { NetworkInterfaces: items, NextToken }
})

/** As EC2 shows the interface of a NAT gateway: the service's own, in use, with its private and public address. */
function describe(context: ReadContext, { gateway, address }: Interface): NetworkInterface {
  const association =
    address.allocation === undefined
      ? {}
      : {
          Association: {
            AllocationId: idOf(context, 'address', address.allocation),
            AssociationId: address.associationId,
            IpOwnerId: gateway.account,
            PublicIp: address.publicIp,
          },
        }
  return {
    NetworkInterfaceId: address.networkInterfaceId,
    Description: `Interface for NAT Gateway ${gateway.id}`,
    InterfaceType: 'nat_gateway',
    OwnerId: gateway.account,
    RequesterManaged: true,
    SourceDestCheck: false,
    Status: 'in-use',
    VpcId: gateway.vpcId,
    SubnetId: gateway.subnetId,
    AvailabilityZone: address.zone,
    AvailabilityZoneId: address.zoneId,
    PrivateIpAddress: address.privateIp,
    // Readers that look for public addresses look here: an interface may have many.
    PrivateIpAddresses:
      address.privateIp === undefined ? [] : [{ Primary: true, PrivateIpAddress: address.privateIp, ...association }],
    Groups: [],
    TagSet: [],
    ...association,
  }
}

const filterFields = {
  'addresses.association.owner-id': ({ Association }: NetworkInterface) => Association?.IpOwnerId,
  'addresses.association.public-ip': ({ Association }: NetworkInterface) => Association?.PublicIp,
  'addresses.primary': ({ PrivateIpAddresses: all }: NetworkInterface) => all?.map(({ Primary }) => String(Primary)),
  'addresses.private-ip-address': ({ PrivateIpAddress }: NetworkInterface) => PrivateIpAddress,
  'association.allocation-id': ({ Association }: NetworkInterface) => Association?.AllocationId,
  'association.association-id': ({ Association }: NetworkInterface) => Association?.AssociationId,
  'association.ip-owner-id': ({ Association }: NetworkInterface) => Association?.IpOwnerId,
  'association.public-dns-name': nothing,
  'association.public-ip': ({ Association }: NetworkInterface) => Association?.PublicIp,
  // There are neither instances nor security groups: nothing matches these, and nobody is told that they are unknown.
  'attachment.attach-time': nothing,
  'attachment.attachment-id': nothing,
  'attachment.delete-on-termination': nothing,
  'attachment.device-index': nothing,
  'attachment.instance-id': nothing,
  'attachment.instance-owner-id': nothing,
  'attachment.status': nothing,
  'group-id': nothing,
  'availability-zone': ({ AvailabilityZone }: NetworkInterface) => AvailabilityZone,
  'availability-zone-id': ({ AvailabilityZoneId }: NetworkInterface) => AvailabilityZoneId,
  description: ({ Description }: NetworkInterface) => Description,
  'interface-type': ({ InterfaceType }: NetworkInterface) => InterfaceType,
  'ipv6-addresses.ipv6-address': nothing,
  'mac-address': nothing,
  'network-interface-id': ({ NetworkInterfaceId }: NetworkInterface) => NetworkInterfaceId,
  'operator.managed': nothing,
  'operator.principal': nothing,
  'owner-id': ({ OwnerId }: NetworkInterface) => OwnerId,
  'private-dns-name': nothing,
  'private-ip-address': ({ PrivateIpAddress }: NetworkInterface) => PrivateIpAddress,
  'requester-id': nothing,
  'requester-managed': ({ RequesterManaged }: NetworkInterface) => String(RequesterManaged),
  'source-dest-check': ({ SourceDestCheck }: NetworkInterface) => String(SourceDestCheck),
  status: ({ Status }: NetworkInterface) => Status,
  'subnet-id': ({ SubnetId }: NetworkInterface) => SubnetId,
  'vpc-id': ({ VpcId }: NetworkInterface) => VpcId,
}
