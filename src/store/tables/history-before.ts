// What versions of objects say that were kept before, in the words of now. Versions stay as they were written, and those of networks,
// tags and pools were written as EC2 spells them before step 33 of the schema: that is known here and nowhere else below its face.
import { type ChangeImpact, recordedImpact } from '#model/change-request.ts'
import type { NatGatewayKept, SubnetKept, TagsKept, VpcKept } from './kept-states.ts'

type Body = Readonly<Record<string, unknown>>

/** What a version said, whenever it was kept. */
export function inPresentWords(kind: string, body: Body): Body {
  if ('VpcId' in body) {
    if (kind === 'vpc') return { ...vpcOf(body as unknown as VpcBefore) }
    if (kind === 'subnet') return { ...subnetOf(body as unknown as SubnetBefore) }
    if (kind === 'nat-gateway') return { ...gatewayOf(body as unknown as GatewayBefore) }
  }
  // They said what it would make of each account's space.
  if (kind === 'change-request' && 'impact' in body)
    return { ...body, impact: recordedImpact(body.impact as ChangeImpact) }
  const { failureMessage, ...present } = body as PartsBefore & Body
  const { tags, requiredTags, sourceResource } = present
  return {
    ...present,
    ...(failureMessage !== undefined && { failure: { words: failureMessage } }),
    ...(Array.isArray(tags) && { tags: tagsOf(tags) }),
    ...(requiredTags?.some((tag) => 'Key' in tag) && { requiredTags: requiredTags.map(tagOf) }),
    ...(sourceResource && 'ResourceId' in sourceResource && { sourceResource: sourceOf(sourceResource) }),
  }
}

interface TagBefore {
  readonly Key: string
  readonly Value: string
}
const tagOf = ({ Key: key, Value: value }: TagBefore) => ({ key, value })
const tagsOf = (tags: readonly TagBefore[]): TagsKept =>
  Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value] as const))

interface PartsBefore {
  /** Of a CIDR of a pool. */
  readonly failureMessage?: string
  readonly tags?: readonly TagBefore[] | TagsKept
  readonly requiredTags?: readonly TagBefore[]
  readonly sourceResource?: {
    readonly ResourceId: string
    readonly ResourceType: string
    readonly ResourceRegion: string
    readonly ResourceOwner: string
  }
}
const sourceOf = (source: NonNullable<PartsBefore['sourceResource']>) => ({
  id: source.ResourceId,
  type: source.ResourceType,
  region: source.ResourceRegion,
  account: source.ResourceOwner,
})

interface Ipv6Before {
  readonly AssociationId: string
  readonly Ipv6CidrBlock: string
  readonly IpSource: VpcKept['ipv6Cidrs'][number]['ipSource']
}
interface VpcBefore {
  readonly VpcId: string
  readonly OwnerId: string
  readonly CidrBlock?: string
  readonly CidrBlockAssociationSet: readonly { readonly AssociationId: string; readonly CidrBlock: string }[]
  readonly Ipv6CidrBlockAssociationSet: readonly (Ipv6Before & {
    readonly NetworkBorderGroup?: string
    readonly Ipv6Pool: 'Amazon' | 'IPAM Managed'
  })[]
  readonly DhcpOptionsId: string
  readonly InstanceTenancy: string
  readonly Tags: readonly TagBefore[]
  readonly enableDnsSupport: boolean
  readonly enableDnsHostnames: boolean
  readonly enableNetworkAddressUsageMetrics: boolean
}
const vpcOf = (before: VpcBefore): VpcKept => ({
  id: before.VpcId,
  account: before.OwnerId,
  cidrs: before.CidrBlockAssociationSet.map(({ AssociationId: associationId, CidrBlock: cidr }) => ({
    associationId,
    cidr,
    isPrimary: cidr === before.CidrBlock,
  })),
  ipv6Cidrs: before.Ipv6CidrBlockAssociationSet.map((one) => ({
    associationId: one.AssociationId,
    cidr: one.Ipv6CidrBlock,
    networkBorderGroup: one.NetworkBorderGroup,
    isOfPool: one.Ipv6Pool !== 'Amazon',
    ipSource: one.IpSource,
  })),
  dhcpOptionsId: before.DhcpOptionsId,
  tenancy: before.InstanceTenancy,
  enableDnsSupport: before.enableDnsSupport,
  enableDnsHostnames: before.enableDnsHostnames,
  enableNetworkAddressUsageMetrics: before.enableNetworkAddressUsageMetrics,
  tags: tagsOf(before.Tags),
})

interface SubnetBefore {
  readonly SubnetId: string
  readonly SubnetArn: string
  readonly VpcId: string
  readonly OwnerId: string
  readonly CidrBlock?: string
  readonly AvailableIpAddressCount: number
  readonly AvailabilityZone: string
  readonly AvailabilityZoneId: string
  readonly Ipv6CidrBlockAssociationSet: readonly Ipv6Before[]
  readonly Ipv6Native: boolean
  readonly Tags: readonly TagBefore[]
}
const subnetOf = (before: SubnetBefore): SubnetKept => ({
  id: before.SubnetId,
  vpcId: before.VpcId,
  account: before.OwnerId,
  region: before.SubnetArn.split(':')[3]!,
  zone: before.AvailabilityZone,
  zoneId: before.AvailabilityZoneId,
  cidr: before.CidrBlock,
  availableAddresses: before.AvailableIpAddressCount,
  ipv6Cidrs: before.Ipv6CidrBlockAssociationSet.map((one) => ({
    associationId: one.AssociationId,
    cidr: one.Ipv6CidrBlock,
    ipSource: one.IpSource,
  })),
  isIpv6Native: before.Ipv6Native,
  tags: tagsOf(before.Tags),
})

interface GatewayBefore {
  readonly NatGatewayId: string
  readonly VpcId: string
  readonly SubnetId?: string
  readonly ConnectivityType: NatGatewayKept['connectivity']
  readonly AvailabilityMode: NatGatewayKept['availabilityMode']
  readonly AutoScalingIps?: 'enabled' | 'disabled'
  readonly RouteTableId?: string
  readonly NatGatewayAddresses: readonly {
    readonly AllocationId?: string
    readonly AssociationId?: string
    readonly PublicIp?: string
    readonly PrivateIp?: string
    readonly NetworkInterfaceId?: string
    readonly IsPrimary?: boolean
    readonly AvailabilityZone?: string
    readonly AvailabilityZoneId?: string
  }[]
  readonly CreateTime: number
  readonly Tags: readonly TagBefore[]
}
const gatewayOf = (before: GatewayBefore): NatGatewayKept => ({
  id: before.NatGatewayId,
  vpcId: before.VpcId,
  subnetId: before.SubnetId,
  connectivity: before.ConnectivityType,
  availabilityMode: before.AvailabilityMode,
  isAutomatic: before.AutoScalingIps === 'enabled',
  routeTableId: before.RouteTableId,
  addresses: before.NatGatewayAddresses.map((address) => ({
    allocationId: address.AllocationId,
    associationId: address.AssociationId,
    publicIp: address.PublicIp,
    privateIp: address.PrivateIp,
    networkInterfaceId: address.NetworkInterfaceId,
    isPrimary: address.IsPrimary,
    zone: address.AvailabilityZone,
    zoneId: address.AvailabilityZoneId,
  })),
  createdAt: before.CreateTime,
  tags: tagsOf(before.Tags),
})
