// Public addresses that a discovery finds, over the EC2 API (public IP insights).
import type { IpamDiscoveredPublicAddress } from '#formats/aws/ec2.generated.ts'
import { formatAddress } from '#model/cidr.ts'
import { filterBy, pageIn } from '../listing.aws.ts'
import { ec2Read } from '../operation.aws.ts'
import { showTags } from '../organization/tagging.ec2.ts'
import { regionNamed } from './answers.ec2.ts'
import { getDiscovery } from './discoveries.ts'
import { type AddressService, listPublicAddresses, type PublicAddress } from './public-addresses.ts'

export const getIpamDiscoveredPublicAddresses = ec2Read('GetIpamDiscoveredPublicAddresses', async (context, input) => {
  const matching = filterBy(context, input.Filters, addressFilters, ({ Tags }) => Tags?.EipTags ?? [])
  const discovery = await getDiscovery(context, input.IpamResourceDiscoveryId)
  const region = regionNamed(context, 'AddressRegion', input.AddressRegion)
  const { items, next } = await listPublicAddresses<IpamDiscoveredPublicAddress>(
    context,
    discovery,
    region,
    pageIn(input),
    (addresses) => matching(addresses.map((address) => address && show(discovery.id, address))),
  )
  const OldestSampleTime = Math.min(context.now, ...items.map(({ SampleTime }) => SampleTime!))
  return { IpamDiscoveredPublicAddresses: items, OldestSampleTime, NextToken: next }
})

const services: Readonly<Record<AddressService, IpamDiscoveredPublicAddress['Service']>> = {
  'nat-gateway': 'nat-gateway',
  'load-balancer': 'load-balancer',
  database: 'relational-database-service',
}
function typeOf({ allocationId, ipSource, isManaged }: PublicAddress): IpamDiscoveredPublicAddress['AddressType'] {
  if (isManaged) return ipSource === 'provider' ? 'service-managed-ip' : 'service-managed-byoip'
  if (allocationId === undefined) return 'ec2-public-ip'
  return ipSource === 'provider' ? 'amazon-owned-eip' : ipSource === 'contiguous' ? 'amazon-owned-contig' : 'byoip'
}

const show = (IpamResourceDiscoveryId: string, one: PublicAddress): IpamDiscoveredPublicAddress => ({
  IpamResourceDiscoveryId,
  AddressRegion: one.region,
  Address: formatAddress(one.address),
  AddressOwnerId: one.account,
  AddressAllocationId: one.allocationId,
  AssociationStatus: one.isInUse ? 'associated' : 'disassociated',
  AddressType: typeOf(one),
  Service: one.service && services[one.service],
  ServiceResource: one.serviceResource,
  VpcId: one.vpcId,
  SubnetId: one.subnetId,
  // As Amazon shows that there is none.
  PublicIpv4PoolId: one.poolId ?? '-',
  NetworkInterfaceId: one.networkInterfaceId,
  InstanceId: one.instanceId,
  Tags: { EipTags: showTags(one.tags) },
  NetworkBorderGroup: one.region,
  SecurityGroups: [],
  SampleTime: one.sampledAt,
})

/** EC2 documents no filters of these: as elsewhere, the members of the answer in kebab case. */
const addressFilters = {
  'address-region': ({ AddressRegion }: IpamDiscoveredPublicAddress) => AddressRegion,
  address: ({ Address }: IpamDiscoveredPublicAddress) => Address,
  'address-owner-id': ({ AddressOwnerId }: IpamDiscoveredPublicAddress) => AddressOwnerId,
  'address-allocation-id': ({ AddressAllocationId }: IpamDiscoveredPublicAddress) => AddressAllocationId,
  'association-status': ({ AssociationStatus }: IpamDiscoveredPublicAddress) => AssociationStatus,
  'address-type': ({ AddressType }: IpamDiscoveredPublicAddress) => AddressType,
  service: ({ Service }: IpamDiscoveredPublicAddress) => Service,
  'service-resource': ({ ServiceResource }: IpamDiscoveredPublicAddress) => ServiceResource,
  'vpc-id': ({ VpcId }: IpamDiscoveredPublicAddress) => VpcId,
  'subnet-id': ({ SubnetId }: IpamDiscoveredPublicAddress) => SubnetId,
  'public-ipv4-pool-id': ({ PublicIpv4PoolId }: IpamDiscoveredPublicAddress) => PublicIpv4PoolId,
  'network-interface-id': ({ NetworkInterfaceId }: IpamDiscoveredPublicAddress) => NetworkInterfaceId,
  'instance-id': ({ InstanceId }: IpamDiscoveredPublicAddress) => InstanceId,
  'network-border-group': ({ NetworkBorderGroup }: IpamDiscoveredPublicAddress) => NetworkBorderGroup,
}
