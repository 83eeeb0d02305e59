// The types of models/ec2.json: written by `scripts/models.ts`, not by hand. Timestamps are milliseconds since 1970.

export interface AccountAttribute {
  readonly AttributeName?: string
  readonly AttributeValues?: readonly AccountAttributeValue[]
}

export type AccountAttributeName =
  | 'supported-platforms'
  | 'default-vpc'

export interface AccountAttributeValue {
  readonly AttributeValue?: string
}

export interface AddIpamOperatingRegion {
  readonly RegionName?: string
}

export interface AddIpamOrganizationalUnitExclusion {
  readonly OrganizationsEntityPath?: string
}

export interface AddPrefixListEntry {
  readonly Cidr: string
  readonly Description?: string
}

export interface Address {
  readonly AllocationId?: string
  readonly AssociationId?: string
  readonly Domain?: string
  readonly NetworkInterfaceId?: string
  readonly NetworkInterfaceOwnerId?: string
  readonly PrivateIpAddress?: string
  readonly Tags?: readonly Tag[]
  readonly PublicIpv4Pool?: string
  readonly NetworkBorderGroup?: string
  readonly CustomerOwnedIp?: string
  readonly CustomerOwnedIpv4Pool?: string
  readonly CarrierIp?: string
  readonly SubnetId?: string
  readonly ServiceManaged?: string
  readonly InstanceId?: string
  readonly PublicIp?: string
}

export interface AddressAttribute {
  readonly PublicIp?: string
  readonly AllocationId?: string
  readonly PtrRecord?: string
  readonly PtrRecordUpdate?: PtrUpdateStatus
}

export type AddressAttributeName =
  | 'domain-name'

export type AddressFamily =
  | 'ipv4'
  | 'ipv6'

export interface AdvertiseByoipCidrRequest {
  readonly Cidr: string
  readonly Asn?: string
  readonly DryRun?: boolean
  readonly NetworkBorderGroup?: string
}

export interface AdvertiseByoipCidrResult {
  readonly ByoipCidr?: ByoipCidr
}

export interface AllocateAddressRequest {
  readonly Domain?: DomainType
  readonly Address?: string
  readonly PublicIpv4Pool?: string
  readonly NetworkBorderGroup?: string
  readonly CustomerOwnedIpv4Pool?: string
  readonly TagSpecifications?: readonly TagSpecification[]
  readonly IpamPoolId?: string
  readonly DryRun?: boolean
}

export interface AllocateAddressResult {
  readonly AllocationId?: string
  readonly PublicIpv4Pool?: string
  readonly NetworkBorderGroup?: string
  readonly Domain?: string
  readonly CustomerOwnedIp?: string
  readonly CustomerOwnedIpv4Pool?: string
  readonly CarrierIp?: string
  readonly PublicIp?: string
}

export interface AllocateIpamPoolCidrRequest {
  readonly DryRun?: boolean
  readonly IpamPoolId: string
  readonly Cidr?: string
  readonly NetmaskLength?: number
  readonly ClientToken?: string
  readonly Description?: string
  readonly PreviewNextCidr?: boolean
  readonly AllowedCidrs?: readonly string[]
  readonly DisallowedCidrs?: readonly string[]
  readonly TagSpecifications?: readonly TagSpecification[]
}

export interface AllocateIpamPoolCidrResult {
  readonly IpamPoolAllocation?: IpamPoolAllocation
}

export interface AsnAssociation {
  readonly Asn?: string
  readonly Cidr?: string
  readonly StatusMessage?: string
  readonly State?: string
}

export interface AsnAuthorizationContext {
  readonly Message: string
  readonly Signature: string
}

export interface AssignPrivateNatGatewayAddressRequest {
  readonly NatGatewayId: string
  readonly PrivateIpAddresses?: readonly string[]
  readonly PrivateIpAddressCount?: number
  readonly DryRun?: boolean
}

export interface AssignPrivateNatGatewayAddressResult {
  readonly NatGatewayId?: string
  readonly NatGatewayAddresses?: readonly NatGatewayAddress[]
}

export interface AssociateAddressRequest {
  readonly AllocationId?: string
  readonly InstanceId?: string
  readonly PublicIp?: string
  readonly DryRun?: boolean
  readonly NetworkInterfaceId?: string
  readonly PrivateIpAddress?: string
  readonly AllowReassociation?: boolean
}

export interface AssociateAddressResult {
  readonly AssociationId?: string
}

export interface AssociateDhcpOptionsRequest {
  readonly DhcpOptionsId: string
  readonly VpcId: string
  readonly DryRun?: boolean
}

export interface AssociateIpamByoasnRequest {
  readonly DryRun?: boolean
  readonly Asn: string
  readonly Cidr: string
}

export interface AssociateIpamByoasnResult {
  readonly AsnAssociation?: AsnAssociation
}

export interface AssociateIpamResourceDiscoveryRequest {
  readonly DryRun?: boolean
  readonly IpamId: string
  readonly IpamResourceDiscoveryId: string
  readonly TagSpecifications?: readonly TagSpecification[]
  readonly ClientToken?: string
}

export interface AssociateIpamResourceDiscoveryResult {
  readonly IpamResourceDiscoveryAssociation?: IpamResourceDiscoveryAssociation
}

export interface AssociateNatGatewayAddressRequest {
  readonly NatGatewayId: string
  readonly AllocationIds: readonly string[]
  readonly PrivateIpAddresses?: readonly string[]
  readonly DryRun?: boolean
  readonly AvailabilityZone?: string
  readonly AvailabilityZoneId?: string
}

export interface AssociateNatGatewayAddressResult {
  readonly NatGatewayId?: string
  readonly NatGatewayAddresses?: readonly NatGatewayAddress[]
}

export interface AssociateRouteTableRequest {
  readonly GatewayId?: string
  readonly PublicIpv4Pool?: string
  readonly DryRun?: boolean
  readonly SubnetId?: string
  readonly RouteTableId: string
}

export interface AssociateRouteTableResult {
  readonly AssociationId?: string
  readonly AssociationState?: RouteTableAssociationState
}

export interface AssociateSubnetCidrBlockRequest {
  readonly Ipv6IpamPoolId?: string
  readonly Ipv6NetmaskLength?: number
  readonly SubnetId: string
  readonly Ipv6CidrBlock?: string
}

export interface AssociateSubnetCidrBlockResult {
  readonly Ipv6CidrBlockAssociation?: SubnetIpv6CidrBlockAssociation
  readonly SubnetId?: string
}

export interface AssociateVpcCidrBlockRequest {
  readonly CidrBlock?: string
  readonly Ipv6CidrBlockNetworkBorderGroup?: string
  readonly Ipv6Pool?: string
  readonly Ipv6CidrBlock?: string
  readonly Ipv4IpamPoolId?: string
  readonly Ipv4NetmaskLength?: number
  readonly Ipv6IpamPoolId?: string
  readonly Ipv6NetmaskLength?: number
  readonly VpcId: string
  readonly AmazonProvidedIpv6CidrBlock?: boolean
}

export interface AssociateVpcCidrBlockResult {
  readonly Ipv6CidrBlockAssociation?: VpcIpv6CidrBlockAssociation
  readonly CidrBlockAssociation?: VpcCidrBlockAssociation
  readonly VpcId?: string
}

export interface AttachInternetGatewayRequest {
  readonly DryRun?: boolean
  readonly InternetGatewayId: string
  readonly VpcId: string
}

export interface AttachmentEnaSrdSpecification {
  readonly EnaSrdEnabled?: boolean
  readonly EnaSrdUdpSpecification?: AttachmentEnaSrdUdpSpecification
}

export interface AttachmentEnaSrdUdpSpecification {
  readonly EnaSrdUdpEnabled?: boolean
}

export interface AttributeBooleanValue {
  readonly Value?: boolean
}

export interface AttributeValue {
  readonly Value?: string
}

export interface AuthorizeSecurityGroupEgressRequest {
  readonly TagSpecifications?: readonly TagSpecification[]
  readonly DryRun?: boolean
  readonly GroupId: string
  readonly SourceSecurityGroupName?: string
  readonly SourceSecurityGroupOwnerId?: string
  readonly IpProtocol?: string
  readonly FromPort?: number
  readonly ToPort?: number
  readonly CidrIp?: string
  readonly IpPermissions?: readonly IpPermission[]
}

export interface AuthorizeSecurityGroupEgressResult {
  readonly Return?: boolean
  readonly SecurityGroupRules?: readonly SecurityGroupRule[]
}

export interface AuthorizeSecurityGroupIngressRequest {
  readonly CidrIp?: string
  readonly FromPort?: number
  readonly GroupId?: string
  readonly GroupName?: string
  readonly IpPermissions?: readonly IpPermission[]
  readonly IpProtocol?: string
  readonly SourceSecurityGroupName?: string
  readonly SourceSecurityGroupOwnerId?: string
  readonly ToPort?: number
  readonly TagSpecifications?: readonly TagSpecification[]
  readonly DryRun?: boolean
}

export interface AuthorizeSecurityGroupIngressResult {
  readonly Return?: boolean
  readonly SecurityGroupRules?: readonly SecurityGroupRule[]
}

export type AvailabilityMode =
  | 'zonal'
  | 'regional'

export interface AvailabilityZone {
  readonly OptInStatus?: string
  readonly Messages?: readonly AvailabilityZoneMessage[]
  readonly RegionName?: string
  readonly ZoneName?: string
  readonly ZoneId?: string
  readonly GroupName?: string
  readonly NetworkBorderGroup?: string
  readonly ZoneType?: string
  readonly ParentZoneName?: string
  readonly ParentZoneId?: string
  readonly GroupLongName?: string
  readonly Geography?: readonly AvailabilityZoneGeography[]
  readonly SubGeography?: readonly AvailabilityZoneSubGeography[]
  readonly State?: string
}

export interface AvailabilityZoneAddress {
  readonly AvailabilityZone?: string
  readonly AvailabilityZoneId?: string
  readonly AllocationIds?: readonly string[]
}

export interface AvailabilityZoneGeography {
  readonly Name?: string
}

export interface AvailabilityZoneMessage {
  readonly Message?: string
}

export interface AvailabilityZoneSubGeography {
  readonly Name?: string
}

export interface BatchModifyIpamRoutingPolicyRegistrationsRequest {
  readonly DryRun?: boolean
  readonly IpamInternetRegistryAssociationId: string
  readonly DeltaJson: string
  readonly Force?: boolean
  readonly ClientToken?: string
}

export interface BatchModifyIpamRoutingPolicyRegistrationsResult {
  readonly IpamRoutingPolicyRegistrationDelta?: IpamRoutingPolicyRegistrationDelta
}

export interface BlockPublicAccessStates {
  readonly InternetGatewayBlockMode?: string
}

export interface Byoasn {
  readonly Asn?: string
  readonly IpamId?: string
  readonly StatusMessage?: string
  readonly State?: string
}

export interface ByoipCidr {
  readonly Cidr?: string
  readonly Description?: string
  readonly AsnAssociations?: readonly AsnAssociation[]
  readonly StatusMessage?: string
  readonly State?: string
  readonly NetworkBorderGroup?: string
  readonly AdvertisementType?: string
  readonly PoolId?: string
  readonly IpamPoolId?: string
}

export type ChronologicalOrder =
  | 'forward'
  | 'reverse'

export interface CidrAuthorizationContext {
  readonly Message: string
  readonly Signature: string
}

export interface ConnectionTrackingConfiguration {
  readonly TcpEstablishedTimeout?: number
  readonly UdpStreamTimeout?: number
  readonly UdpTimeout?: number
}

export type ConnectivityType =
  | 'private'
  | 'public'

export interface CreateDefaultSubnetRequest {
  readonly AvailabilityZone?: string
  readonly DryRun?: boolean
  readonly Ipv6Native?: boolean
  readonly AvailabilityZoneId?: string
}

export interface CreateDefaultSubnetResult {
  readonly Subnet?: Subnet
}

export interface CreateDefaultVpcRequest {
  readonly DryRun?: boolean
}

export interface CreateDefaultVpcResult {
  readonly Vpc?: Vpc
}

export interface CreateDhcpOptionsRequest {
  readonly DhcpConfigurations: readonly NewDhcpConfiguration[]
  readonly TagSpecifications?: readonly TagSpecification[]
  readonly DryRun?: boolean
}

export interface CreateDhcpOptionsResult {
  readonly DhcpOptions?: DhcpOptions
}

export interface CreateEgressOnlyInternetGatewayRequest {
  readonly ClientToken?: string
  readonly DryRun?: boolean
  readonly VpcId: string
  readonly TagSpecifications?: readonly TagSpecification[]
}

export interface CreateEgressOnlyInternetGatewayResult {
  readonly ClientToken?: string
  readonly EgressOnlyInternetGateway?: EgressOnlyInternetGateway
}

export interface CreateInternetGatewayRequest {
  readonly TagSpecifications?: readonly TagSpecification[]
  readonly DryRun?: boolean
}

export interface CreateInternetGatewayResult {
  readonly InternetGateway?: InternetGateway
}

export interface CreateIpamExternalResourceVerificationTokenRequest {
  readonly DryRun?: boolean
  readonly IpamId: string
  readonly TagSpecifications?: readonly TagSpecification[]
  readonly ClientToken?: string
}

export interface CreateIpamExternalResourceVerificationTokenResult {
  readonly IpamExternalResourceVerificationToken?: IpamExternalResourceVerificationToken
}

export interface CreateIpamInternetRegistryAssociationRequest {
  readonly DryRun?: boolean
  readonly IpamId: string
  readonly Rir: Rir
  readonly OrganizationHandle: string
  readonly Description?: string
  readonly TagSpecifications?: readonly TagSpecification[]
  readonly ClientToken?: string
}

export interface CreateIpamInternetRegistryAssociationResult {
  readonly IpamInternetRegistryAssociation?: IpamInternetRegistryAssociation
}

export interface CreateIpamPolicyRequest {
  readonly DryRun?: boolean
  readonly TagSpecifications?: readonly TagSpecification[]
  readonly ClientToken?: string
  readonly IpamId: string
}

export interface CreateIpamPolicyResult {
  readonly IpamPolicy?: IpamPolicy
}

export interface CreateIpamPoolRequest {
  readonly DryRun?: boolean
  readonly IpamScopeId: string
  readonly Locale?: string
  readonly SourceIpamPoolId?: string
  readonly Description?: string
  readonly AddressFamily: AddressFamily
  readonly AutoImport?: boolean
  readonly PubliclyAdvertisable?: boolean
  readonly AllocationMinNetmaskLength?: number
  readonly AllocationMaxNetmaskLength?: number
  readonly AllocationDefaultNetmaskLength?: number
  readonly AllocationResourceTags?: readonly RequestIpamResourceTag[]
  readonly TagSpecifications?: readonly TagSpecification[]
  readonly ClientToken?: string
  readonly AwsService?: IpamPoolAwsService
  readonly PublicIpSource?: IpamPoolPublicIpSource
  readonly SourceResource?: IpamPoolSourceResourceRequest
}

export interface CreateIpamPoolResult {
  readonly IpamPool?: IpamPool
}

export interface CreateIpamPrefixListResolverRequest {
  readonly DryRun?: boolean
  readonly IpamId: string
  readonly Description?: string
  readonly AddressFamily: AddressFamily
  readonly Rules?: readonly IpamPrefixListResolverRuleRequest[]
  readonly TagSpecifications?: readonly TagSpecification[]
  readonly ClientToken?: string
}

export interface CreateIpamPrefixListResolverResult {
  readonly IpamPrefixListResolver?: IpamPrefixListResolver
}

export interface CreateIpamPrefixListResolverTargetRequest {
  readonly DryRun?: boolean
  readonly IpamPrefixListResolverId: string
  readonly PrefixListId: string
  readonly PrefixListRegion: string
  readonly DesiredVersion?: number
  readonly TrackLatestVersion: boolean
  readonly TagSpecifications?: readonly TagSpecification[]
  readonly ClientToken?: string
}

export interface CreateIpamPrefixListResolverTargetResult {
  readonly IpamPrefixListResolverTarget?: IpamPrefixListResolverTarget
}

export interface CreateIpamRequest {
  readonly DryRun?: boolean
  readonly Description?: string
  readonly OperatingRegions?: readonly AddIpamOperatingRegion[]
  readonly TagSpecifications?: readonly TagSpecification[]
  readonly ClientToken?: string
  readonly Tier?: IpamTier
  readonly EnablePrivateGua?: boolean
  readonly MeteredAccount?: IpamMeteredAccount
}

export interface CreateIpamResourceDiscoveryRequest {
  readonly DryRun?: boolean
  readonly Description?: string
  readonly OperatingRegions?: readonly AddIpamOperatingRegion[]
  readonly TagSpecifications?: readonly TagSpecification[]
  readonly ClientToken?: string
}

export interface CreateIpamResourceDiscoveryResult {
  readonly IpamResourceDiscovery?: IpamResourceDiscovery
}

export interface CreateIpamResult {
  readonly Ipam?: Ipam
}

export interface CreateIpamRoutingPolicyRegistrationRequest {
  readonly DryRun?: boolean
  readonly IpamInternetRegistryAssociationId: string
  readonly Cidr: string
  readonly Asns: readonly string[]
  readonly PermitMoreSpecificAnnouncements?: boolean
  readonly MaxLength?: number
  readonly Description?: string
  readonly Force?: boolean
  readonly ClientToken?: string
}

export interface CreateIpamRoutingPolicyRegistrationResult {
  readonly IpamRoutingPolicyRegistrationDelta?: IpamRoutingPolicyRegistrationDelta
}

export interface CreateIpamScopeRequest {
  readonly DryRun?: boolean
  readonly IpamId: string
  readonly Description?: string
  readonly TagSpecifications?: readonly TagSpecification[]
  readonly ClientToken?: string
  readonly ExternalAuthorityConfiguration?: ExternalAuthorityConfiguration
}

export interface CreateIpamScopeResult {
  readonly IpamScope?: IpamScope
}

export interface CreateManagedPrefixListRequest {
  readonly DryRun?: boolean
  readonly PrefixListName: string
  readonly Entries?: readonly AddPrefixListEntry[]
  readonly MaxEntries: number
  readonly TagSpecifications?: readonly TagSpecification[]
  readonly AddressFamily: string
  readonly ClientToken?: string
}

export interface CreateManagedPrefixListResult {
  readonly PrefixList?: ManagedPrefixList
}

export interface CreateNatGatewayRequest {
  readonly AvailabilityMode?: AvailabilityMode
  readonly AllocationId?: string
  readonly ClientToken?: string
  readonly DryRun?: boolean
  readonly SubnetId?: string
  readonly VpcId?: string
  readonly AvailabilityZoneAddresses?: readonly AvailabilityZoneAddress[]
  readonly TagSpecifications?: readonly TagSpecification[]
  readonly ConnectivityType?: ConnectivityType
  readonly PrivateIpAddress?: string
  readonly SecondaryAllocationIds?: readonly string[]
  readonly SecondaryPrivateIpAddresses?: readonly string[]
  readonly SecondaryPrivateIpAddressCount?: number
}

export interface CreateNatGatewayResult {
  readonly ClientToken?: string
  readonly NatGateway?: NatGateway
}

export interface CreateNetworkAclEntryRequest {
  readonly DryRun?: boolean
  readonly NetworkAclId: string
  readonly RuleNumber: number
  readonly Protocol: string
  readonly RuleAction: RuleAction
  readonly Egress: boolean
  readonly CidrBlock?: string
  readonly Ipv6CidrBlock?: string
  readonly IcmpTypeCode?: IcmpTypeCode
  readonly PortRange?: PortRange
}

export interface CreateNetworkAclRequest {
  readonly TagSpecifications?: readonly TagSpecification[]
  readonly ClientToken?: string
  readonly DryRun?: boolean
  readonly VpcId: string
}

export interface CreateNetworkAclResult {
  readonly NetworkAcl?: NetworkAcl
  readonly ClientToken?: string
}

export interface CreatePublicIpv4PoolRequest {
  readonly DryRun?: boolean
  readonly TagSpecifications?: readonly TagSpecification[]
  readonly NetworkBorderGroup?: string
}

export interface CreatePublicIpv4PoolResult {
  readonly PoolId?: string
}

export interface CreateRouteRequest {
  readonly DestinationPrefixListId?: string
  readonly VpcEndpointId?: string
  readonly TransitGatewayId?: string
  readonly LocalGatewayId?: string
  readonly CarrierGatewayId?: string
  readonly CoreNetworkArn?: string
  readonly OdbNetworkArn?: string
  readonly DryRun?: boolean
  readonly RouteTableId: string
  readonly DestinationCidrBlock?: string
  readonly GatewayId?: string
  readonly DestinationIpv6CidrBlock?: string
  readonly EgressOnlyInternetGatewayId?: string
  readonly InstanceId?: string
  readonly NetworkInterfaceId?: string
  readonly VpcPeeringConnectionId?: string
  readonly NatGatewayId?: string
}

export interface CreateRouteResult {
  readonly Return?: boolean
}

export interface CreateRouteTableRequest {
  readonly TagSpecifications?: readonly TagSpecification[]
  readonly ClientToken?: string
  readonly DryRun?: boolean
  readonly VpcId: string
}

export interface CreateRouteTableResult {
  readonly RouteTable?: RouteTable
  readonly ClientToken?: string
}

export interface CreateSecurityGroupRequest {
  readonly Description: string
  readonly GroupName: string
  readonly VpcId?: string
  readonly TagSpecifications?: readonly TagSpecification[]
  readonly DryRun?: boolean
}

export interface CreateSecurityGroupResult {
  readonly GroupId?: string
  readonly Tags?: readonly Tag[]
  readonly SecurityGroupArn?: string
}

export interface CreateSubnetCidrReservationRequest {
  readonly SubnetId: string
  readonly Cidr: string
  readonly ReservationType: SubnetCidrReservationType
  readonly Description?: string
  readonly DryRun?: boolean
  readonly TagSpecifications?: readonly TagSpecification[]
}

export interface CreateSubnetCidrReservationResult {
  readonly SubnetCidrReservation?: SubnetCidrReservation
}

export interface CreateSubnetRequest {
  readonly TagSpecifications?: readonly TagSpecification[]
  readonly AvailabilityZone?: string
  readonly AvailabilityZoneId?: string
  readonly CidrBlock?: string
  readonly Ipv6CidrBlock?: string
  readonly OutpostArn?: string
  readonly VpcId: string
  readonly Ipv6Native?: boolean
  readonly Ipv4IpamPoolId?: string
  readonly Ipv4NetmaskLength?: number
  readonly Ipv6IpamPoolId?: string
  readonly Ipv6NetmaskLength?: number
  readonly DryRun?: boolean
}

export interface CreateSubnetResult {
  readonly Subnet?: Subnet
}

export interface CreateTagsRequest {
  readonly DryRun?: boolean
  readonly Resources: readonly string[]
  readonly Tags: readonly Tag[]
}

export interface CreateVpcRequest {
  readonly CidrBlock?: string
  readonly Ipv6Pool?: string
  readonly Ipv6CidrBlock?: string
  readonly Ipv4IpamPoolId?: string
  readonly Ipv4NetmaskLength?: number
  readonly Ipv6IpamPoolId?: string
  readonly Ipv6NetmaskLength?: number
  readonly Ipv6CidrBlockNetworkBorderGroup?: string
  readonly VpcEncryptionControl?: VpcEncryptionControlConfiguration
  readonly TagSpecifications?: readonly TagSpecification[]
  readonly DryRun?: boolean
  readonly InstanceTenancy?: Tenancy
  readonly AmazonProvidedIpv6CidrBlock?: boolean
}

export interface CreateVpcResult {
  readonly Vpc?: Vpc
}

export interface DeleteDhcpOptionsRequest {
  readonly DhcpOptionsId: string
  readonly DryRun?: boolean
}

export interface DeleteEgressOnlyInternetGatewayRequest {
  readonly DryRun?: boolean
  readonly EgressOnlyInternetGatewayId: string
}

export interface DeleteEgressOnlyInternetGatewayResult {
  readonly ReturnCode?: boolean
}

export interface DeleteInternetGatewayRequest {
  readonly DryRun?: boolean
  readonly InternetGatewayId: string
}

export interface DeleteIpamExternalResourceVerificationTokenRequest {
  readonly DryRun?: boolean
  readonly IpamExternalResourceVerificationTokenId: string
}

export interface DeleteIpamExternalResourceVerificationTokenResult {
  readonly IpamExternalResourceVerificationToken?: IpamExternalResourceVerificationToken
}

export interface DeleteIpamInternetRegistryAssociationRequest {
  readonly DryRun?: boolean
  readonly IpamInternetRegistryAssociationId: string
}

export interface DeleteIpamInternetRegistryAssociationResult {
  readonly IpamInternetRegistryAssociation?: IpamInternetRegistryAssociation
}

export interface DeleteIpamPolicyRequest {
  readonly DryRun?: boolean
  readonly IpamPolicyId: string
}

export interface DeleteIpamPolicyResult {
  readonly IpamPolicy?: IpamPolicy
}

export interface DeleteIpamPoolRequest {
  readonly DryRun?: boolean
  readonly IpamPoolId: string
  readonly Cascade?: boolean
}

export interface DeleteIpamPoolResult {
  readonly IpamPool?: IpamPool
}

export interface DeleteIpamPrefixListResolverRequest {
  readonly DryRun?: boolean
  readonly IpamPrefixListResolverId: string
}

export interface DeleteIpamPrefixListResolverResult {
  readonly IpamPrefixListResolver?: IpamPrefixListResolver
}

export interface DeleteIpamPrefixListResolverTargetRequest {
  readonly DryRun?: boolean
  readonly IpamPrefixListResolverTargetId: string
}

export interface DeleteIpamPrefixListResolverTargetResult {
  readonly IpamPrefixListResolverTarget?: IpamPrefixListResolverTarget
}

export interface DeleteIpamRequest {
  readonly DryRun?: boolean
  readonly IpamId: string
  readonly Cascade?: boolean
}

export interface DeleteIpamResourceDiscoveryRequest {
  readonly DryRun?: boolean
  readonly IpamResourceDiscoveryId: string
}

export interface DeleteIpamResourceDiscoveryResult {
  readonly IpamResourceDiscovery?: IpamResourceDiscovery
}

export interface DeleteIpamResult {
  readonly Ipam?: Ipam
}

export interface DeleteIpamRoutingPolicyRegistrationRequest {
  readonly DryRun?: boolean
  readonly IpamInternetRegistryAssociationId: string
  readonly Cidr: string
  readonly Force?: boolean
  readonly ClientToken?: string
}

export interface DeleteIpamRoutingPolicyRegistrationResult {
  readonly IpamRoutingPolicyRegistrationDelta?: IpamRoutingPolicyRegistrationDelta
}

export interface DeleteIpamScopeRequest {
  readonly DryRun?: boolean
  readonly IpamScopeId: string
}

export interface DeleteIpamScopeResult {
  readonly IpamScope?: IpamScope
}

export interface DeleteManagedPrefixListRequest {
  readonly DryRun?: boolean
  readonly PrefixListId: string
}

export interface DeleteManagedPrefixListResult {
  readonly PrefixList?: ManagedPrefixList
}

export interface DeleteNatGatewayRequest {
  readonly DryRun?: boolean
  readonly NatGatewayId: string
}

export interface DeleteNatGatewayResult {
  readonly NatGatewayId?: string
}

export interface DeleteNetworkAclEntryRequest {
  readonly DryRun?: boolean
  readonly NetworkAclId: string
  readonly RuleNumber: number
  readonly Egress: boolean
}

export interface DeleteNetworkAclRequest {
  readonly DryRun?: boolean
  readonly NetworkAclId: string
}

export interface DeletePublicIpv4PoolRequest {
  readonly DryRun?: boolean
  readonly PoolId: string
  readonly NetworkBorderGroup?: string
}

export interface DeletePublicIpv4PoolResult {
  readonly ReturnValue?: boolean
}

export interface DeleteRouteRequest {
  readonly DestinationPrefixListId?: string
  readonly DryRun?: boolean
  readonly RouteTableId: string
  readonly DestinationCidrBlock?: string
  readonly DestinationIpv6CidrBlock?: string
}

export interface DeleteRouteTableRequest {
  readonly DryRun?: boolean
  readonly RouteTableId: string
}

export interface DeleteSecurityGroupRequest {
  readonly GroupId?: string
  readonly GroupName?: string
  readonly DryRun?: boolean
}

export interface DeleteSecurityGroupResult {
  readonly Return?: boolean
  readonly GroupId?: string
}

export interface DeleteSubnetCidrReservationRequest {
  readonly SubnetCidrReservationId: string
  readonly DryRun?: boolean
}

export interface DeleteSubnetCidrReservationResult {
  readonly DeletedSubnetCidrReservation?: SubnetCidrReservation
}

export interface DeleteSubnetRequest {
  readonly SubnetId: string
  readonly DryRun?: boolean
}

export interface DeleteTagsRequest {
  readonly DryRun?: boolean
  readonly Resources: readonly string[]
  readonly Tags?: readonly Tag[]
}

export interface DeleteVpcRequest {
  readonly VpcId: string
  readonly DryRun?: boolean
}

export interface DeprovisionByoipCidrRequest {
  readonly Cidr: string
  readonly DryRun?: boolean
}

export interface DeprovisionByoipCidrResult {
  readonly ByoipCidr?: ByoipCidr
}

export interface DeprovisionIpamByoasnRequest {
  readonly DryRun?: boolean
  readonly IpamId: string
  readonly Asn: string
}

export interface DeprovisionIpamByoasnResult {
  readonly Byoasn?: Byoasn
}

export interface DeprovisionIpamPoolCidrRequest {
  readonly DryRun?: boolean
  readonly IpamPoolId: string
  readonly Cidr?: string
}

export interface DeprovisionIpamPoolCidrResult {
  readonly IpamPoolCidr?: IpamPoolCidr
}

export interface DeprovisionPublicIpv4PoolCidrRequest {
  readonly DryRun?: boolean
  readonly PoolId: string
  readonly Cidr: string
}

export interface DeprovisionPublicIpv4PoolCidrResult {
  readonly PoolId?: string
  readonly DeprovisionedAddresses?: readonly string[]
}

export interface DescribeAccountAttributesRequest {
  readonly DryRun?: boolean
  readonly AttributeNames?: readonly AccountAttributeName[]
}

export interface DescribeAccountAttributesResult {
  readonly AccountAttributes?: readonly AccountAttribute[]
}

export interface DescribeAddressesAttributeRequest {
  readonly AllocationIds?: readonly string[]
  readonly Attribute?: AddressAttributeName
  readonly NextToken?: string
  readonly MaxResults?: number
  readonly DryRun?: boolean
}

export interface DescribeAddressesAttributeResult {
  readonly Addresses?: readonly AddressAttribute[]
  readonly NextToken?: string
}

export interface DescribeAddressesRequest {
  readonly PublicIps?: readonly string[]
  readonly DryRun?: boolean
  readonly Filters?: readonly Filter[]
  readonly AllocationIds?: readonly string[]
}

export interface DescribeAddressesResult {
  readonly Addresses?: readonly Address[]
}

export interface DescribeAvailabilityZonesRequest {
  readonly ZoneNames?: readonly string[]
  readonly ZoneIds?: readonly string[]
  readonly AllAvailabilityZones?: boolean
  readonly DryRun?: boolean
  readonly Filters?: readonly Filter[]
}

export interface DescribeAvailabilityZonesResult {
  readonly AvailabilityZones?: readonly AvailabilityZone[]
}

export interface DescribeByoipCidrsRequest {
  readonly DryRun?: boolean
  readonly MaxResults: number
  readonly NextToken?: string
}

export interface DescribeByoipCidrsResult {
  readonly ByoipCidrs?: readonly ByoipCidr[]
  readonly NextToken?: string
}

export interface DescribeDhcpOptionsRequest {
  readonly DhcpOptionsIds?: readonly string[]
  readonly NextToken?: string
  readonly MaxResults?: number
  readonly DryRun?: boolean
  readonly Filters?: readonly Filter[]
}

export interface DescribeDhcpOptionsResult {
  readonly NextToken?: string
  readonly DhcpOptions?: readonly DhcpOptions[]
}

export interface DescribeEgressOnlyInternetGatewaysRequest {
  readonly DryRun?: boolean
  readonly EgressOnlyInternetGatewayIds?: readonly string[]
  readonly MaxResults?: number
  readonly NextToken?: string
  readonly Filters?: readonly Filter[]
}

export interface DescribeEgressOnlyInternetGatewaysResult {
  readonly EgressOnlyInternetGateways?: readonly EgressOnlyInternetGateway[]
  readonly NextToken?: string
}

export interface DescribeInternetGatewaysRequest {
  readonly NextToken?: string
  readonly MaxResults?: number
  readonly DryRun?: boolean
  readonly InternetGatewayIds?: readonly string[]
  readonly Filters?: readonly Filter[]
}

export interface DescribeInternetGatewaysResult {
  readonly InternetGateways?: readonly InternetGateway[]
  readonly NextToken?: string
}

export interface DescribeIpamByoasnRequest {
  readonly DryRun?: boolean
  readonly MaxResults?: number
  readonly NextToken?: string
}

export interface DescribeIpamByoasnResult {
  readonly Byoasns?: readonly Byoasn[]
  readonly NextToken?: string
}

export interface DescribeIpamExternalResourceVerificationTokensRequest {
  readonly DryRun?: boolean
  readonly Filters?: readonly Filter[]
  readonly NextToken?: string
  readonly MaxResults?: number
  readonly IpamExternalResourceVerificationTokenIds?: readonly string[]
}

export interface DescribeIpamExternalResourceVerificationTokensResult {
  readonly NextToken?: string
  readonly IpamExternalResourceVerificationTokens?: readonly IpamExternalResourceVerificationToken[]
}

export interface DescribeIpamInternetRegistryAssociationsRequest {
  readonly DryRun?: boolean
  readonly IpamInternetRegistryAssociationIds?: readonly string[]
  readonly MaxResults?: number
  readonly NextToken?: string
  readonly Filters?: readonly Filter[]
}

export interface DescribeIpamInternetRegistryAssociationsResult {
  readonly NextToken?: string
  readonly IpamInternetRegistryAssociations?: readonly IpamInternetRegistryAssociation[]
}

export interface DescribeIpamPoliciesRequest {
  readonly DryRun?: boolean
  readonly Filters?: readonly Filter[]
  readonly MaxResults?: number
  readonly NextToken?: string
  readonly IpamPolicyIds?: readonly string[]
}

export interface DescribeIpamPoliciesResult {
  readonly NextToken?: string
  readonly IpamPolicies?: readonly IpamPolicy[]
}

export interface DescribeIpamPoolAllocationsRequest {
  readonly DryRun?: boolean
  readonly IpamPoolAllocationIds?: readonly string[]
  readonly Filters?: readonly Filter[]
  readonly MaxResults?: number
  readonly NextToken?: string
}

export interface DescribeIpamPoolAllocationsResult {
  readonly IpamPoolAllocations?: readonly IpamPoolAllocation[]
  readonly NextToken?: string
}

export interface DescribeIpamPoolsRequest {
  readonly DryRun?: boolean
  readonly Filters?: readonly Filter[]
  readonly MaxResults?: number
  readonly NextToken?: string
  readonly IpamPoolIds?: readonly string[]
}

export interface DescribeIpamPoolsResult {
  readonly NextToken?: string
  readonly IpamPools?: readonly IpamPool[]
}

export interface DescribeIpamPrefixListResolverTargetsRequest {
  readonly DryRun?: boolean
  readonly Filters?: readonly Filter[]
  readonly MaxResults?: number
  readonly NextToken?: string
  readonly IpamPrefixListResolverTargetIds?: readonly string[]
  readonly IpamPrefixListResolverId?: string
}

export interface DescribeIpamPrefixListResolverTargetsResult {
  readonly NextToken?: string
  readonly IpamPrefixListResolverTargets?: readonly IpamPrefixListResolverTarget[]
}

export interface DescribeIpamPrefixListResolversRequest {
  readonly DryRun?: boolean
  readonly Filters?: readonly Filter[]
  readonly MaxResults?: number
  readonly NextToken?: string
  readonly IpamPrefixListResolverIds?: readonly string[]
}

export interface DescribeIpamPrefixListResolversResult {
  readonly NextToken?: string
  readonly IpamPrefixListResolvers?: readonly IpamPrefixListResolver[]
}

export interface DescribeIpamResourceDiscoveriesRequest {
  readonly DryRun?: boolean
  readonly IpamResourceDiscoveryIds?: readonly string[]
  readonly NextToken?: string
  readonly MaxResults?: number
  readonly Filters?: readonly Filter[]
}

export interface DescribeIpamResourceDiscoveriesResult {
  readonly IpamResourceDiscoveries?: readonly IpamResourceDiscovery[]
  readonly NextToken?: string
}

export interface DescribeIpamResourceDiscoveryAssociationsRequest {
  readonly DryRun?: boolean
  readonly IpamResourceDiscoveryAssociationIds?: readonly string[]
  readonly NextToken?: string
  readonly MaxResults?: number
  readonly Filters?: readonly Filter[]
}

export interface DescribeIpamResourceDiscoveryAssociationsResult {
  readonly IpamResourceDiscoveryAssociations?: readonly IpamResourceDiscoveryAssociation[]
  readonly NextToken?: string
}

export interface DescribeIpamScopesRequest {
  readonly DryRun?: boolean
  readonly Filters?: readonly Filter[]
  readonly MaxResults?: number
  readonly NextToken?: string
  readonly IpamScopeIds?: readonly string[]
}

export interface DescribeIpamScopesResult {
  readonly NextToken?: string
  readonly IpamScopes?: readonly IpamScope[]
}

export interface DescribeIpamsRequest {
  readonly DryRun?: boolean
  readonly Filters?: readonly Filter[]
  readonly MaxResults?: number
  readonly NextToken?: string
  readonly IpamIds?: readonly string[]
}

export interface DescribeIpamsResult {
  readonly NextToken?: string
  readonly Ipams?: readonly Ipam[]
}

export interface DescribeIpv6PoolsRequest {
  readonly PoolIds?: readonly string[]
  readonly NextToken?: string
  readonly MaxResults?: number
  readonly DryRun?: boolean
  readonly Filters?: readonly Filter[]
}

export interface DescribeIpv6PoolsResult {
  readonly Ipv6Pools?: readonly Ipv6Pool[]
  readonly NextToken?: string
}

export interface DescribeManagedPrefixListsRequest {
  readonly DryRun?: boolean
  readonly Filters?: readonly Filter[]
  readonly MaxResults?: number
  readonly NextToken?: string
  readonly PrefixListIds?: readonly string[]
}

export interface DescribeManagedPrefixListsResult {
  readonly NextToken?: string
  readonly PrefixLists?: readonly ManagedPrefixList[]
}

export interface DescribeNatGatewaysRequest {
  readonly DryRun?: boolean
  readonly Filter?: readonly Filter[]
  readonly MaxResults?: number
  readonly NatGatewayIds?: readonly string[]
  readonly NextToken?: string
}

export interface DescribeNatGatewaysResult {
  readonly NatGateways?: readonly NatGateway[]
  readonly NextToken?: string
}

export interface DescribeNetworkAclsRequest {
  readonly NextToken?: string
  readonly MaxResults?: number
  readonly DryRun?: boolean
  readonly NetworkAclIds?: readonly string[]
  readonly Filters?: readonly Filter[]
}

export interface DescribeNetworkAclsResult {
  readonly NetworkAcls?: readonly NetworkAcl[]
  readonly NextToken?: string
}

export interface DescribeNetworkInterfacesRequest {
  readonly NextToken?: string
  readonly MaxResults?: number
  readonly IncludeManagedResources?: boolean
  readonly DryRun?: boolean
  readonly NetworkInterfaceIds?: readonly string[]
  readonly Filters?: readonly Filter[]
}

export interface DescribeNetworkInterfacesResult {
  readonly NetworkInterfaces?: readonly NetworkInterface[]
  readonly NextToken?: string
}

export interface DescribePrefixListsRequest {
  readonly DryRun?: boolean
  readonly Filters?: readonly Filter[]
  readonly MaxResults?: number
  readonly NextToken?: string
  readonly PrefixListIds?: readonly string[]
}

export interface DescribePrefixListsResult {
  readonly NextToken?: string
  readonly PrefixLists?: readonly PrefixList[]
}

export interface DescribePublicIpv4PoolsRequest {
  readonly PoolIds?: readonly string[]
  readonly NextToken?: string
  readonly MaxResults?: number
  readonly Filters?: readonly Filter[]
}

export interface DescribePublicIpv4PoolsResult {
  readonly PublicIpv4Pools?: readonly PublicIpv4Pool[]
  readonly NextToken?: string
}

export interface DescribeRegionsRequest {
  readonly RegionNames?: readonly string[]
  readonly AllRegions?: boolean
  readonly DryRun?: boolean
  readonly Filters?: readonly Filter[]
}

export interface DescribeRegionsResult {
  readonly Regions?: readonly Region[]
}

export interface DescribeRouteTablesRequest {
  readonly NextToken?: string
  readonly MaxResults?: number
  readonly DryRun?: boolean
  readonly RouteTableIds?: readonly string[]
  readonly Filters?: readonly Filter[]
}

export interface DescribeRouteTablesResult {
  readonly RouteTables?: readonly RouteTable[]
  readonly NextToken?: string
}

export interface DescribeSecurityGroupRulesRequest {
  readonly Filters?: readonly Filter[]
  readonly SecurityGroupRuleIds?: readonly string[]
  readonly DryRun?: boolean
  readonly NextToken?: string
  readonly MaxResults?: number
}

export interface DescribeSecurityGroupRulesResult {
  readonly SecurityGroupRules?: readonly SecurityGroupRule[]
  readonly NextToken?: string
}

export interface DescribeSecurityGroupsRequest {
  readonly GroupIds?: readonly string[]
  readonly GroupNames?: readonly string[]
  readonly NextToken?: string
  readonly MaxResults?: number
  readonly DryRun?: boolean
  readonly Filters?: readonly Filter[]
}

export interface DescribeSecurityGroupsResult {
  readonly NextToken?: string
  readonly SecurityGroups?: readonly SecurityGroup[]
}

export interface DescribeSubnetsRequest {
  readonly Filters?: readonly Filter[]
  readonly SubnetIds?: readonly string[]
  readonly NextToken?: string
  readonly MaxResults?: number
  readonly DryRun?: boolean
}

export interface DescribeSubnetsResult {
  readonly NextToken?: string
  readonly Subnets?: readonly Subnet[]
}

export interface DescribeTagsRequest {
  readonly DryRun?: boolean
  readonly Filters?: readonly Filter[]
  readonly MaxResults?: number
  readonly NextToken?: string
}

export interface DescribeTagsResult {
  readonly NextToken?: string
  readonly Tags?: readonly TagDescription[]
}

export interface DescribeVpcAttributeRequest {
  readonly Attribute: VpcAttributeName
  readonly VpcId: string
  readonly DryRun?: boolean
}

export interface DescribeVpcAttributeResult {
  readonly EnableDnsHostnames?: AttributeBooleanValue
  readonly EnableDnsSupport?: AttributeBooleanValue
  readonly EnableNetworkAddressUsageMetrics?: AttributeBooleanValue
  readonly VpcId?: string
}

export interface DescribeVpcEndpointsRequest {
  readonly DryRun?: boolean
  readonly VpcEndpointIds?: readonly string[]
  readonly Filters?: readonly Filter[]
  readonly MaxResults?: number
  readonly NextToken?: string
}

export interface DescribeVpcEndpointsResult {
  readonly VpcEndpoints?: readonly VpcEndpoint[]
  readonly NextToken?: string
}

export interface DescribeVpcsRequest {
  readonly Filters?: readonly Filter[]
  readonly VpcIds?: readonly string[]
  readonly NextToken?: string
  readonly MaxResults?: number
  readonly DryRun?: boolean
}

export interface DescribeVpcsResult {
  readonly NextToken?: string
  readonly Vpcs?: readonly Vpc[]
}

export interface DetachInternetGatewayRequest {
  readonly DryRun?: boolean
  readonly InternetGatewayId: string
  readonly VpcId: string
}

export interface DhcpConfiguration {
  readonly Key?: string
  readonly Values?: readonly AttributeValue[]
}

export interface DhcpOptions {
  readonly OwnerId?: string
  readonly Tags?: readonly Tag[]
  readonly DhcpOptionsId?: string
  readonly DhcpConfigurations?: readonly DhcpConfiguration[]
}

export interface DisableIpamOrganizationAdminAccountRequest {
  readonly DryRun?: boolean
  readonly DelegatedAdminAccountId: string
}

export interface DisableIpamOrganizationAdminAccountResult {
  readonly Success?: boolean
}

export interface DisableIpamPolicyRequest {
  readonly DryRun?: boolean
  readonly IpamPolicyId: string
  readonly OrganizationTargetId?: string
}

export interface DisableIpamPolicyResult {
  readonly Return?: boolean
}

export interface DisassociateAddressRequest {
  readonly AssociationId?: string
  readonly PublicIp?: string
  readonly DryRun?: boolean
}

export interface DisassociateIpamByoasnRequest {
  readonly DryRun?: boolean
  readonly Asn: string
  readonly Cidr: string
}

export interface DisassociateIpamByoasnResult {
  readonly AsnAssociation?: AsnAssociation
}

export interface DisassociateIpamResourceDiscoveryRequest {
  readonly DryRun?: boolean
  readonly IpamResourceDiscoveryAssociationId: string
}

export interface DisassociateIpamResourceDiscoveryResult {
  readonly IpamResourceDiscoveryAssociation?: IpamResourceDiscoveryAssociation
}

export interface DisassociateNatGatewayAddressRequest {
  readonly NatGatewayId: string
  readonly AssociationIds: readonly string[]
  readonly MaxDrainDurationSeconds?: number
  readonly DryRun?: boolean
}

export interface DisassociateNatGatewayAddressResult {
  readonly NatGatewayId?: string
  readonly NatGatewayAddresses?: readonly NatGatewayAddress[]
}

export interface DisassociateRouteTableRequest {
  readonly DryRun?: boolean
  readonly AssociationId: string
}

export interface DisassociateSubnetCidrBlockRequest {
  readonly AssociationId: string
}

export interface DisassociateSubnetCidrBlockResult {
  readonly Ipv6CidrBlockAssociation?: SubnetIpv6CidrBlockAssociation
  readonly SubnetId?: string
}

export interface DisassociateVpcCidrBlockRequest {
  readonly AssociationId: string
}

export interface DisassociateVpcCidrBlockResult {
  readonly Ipv6CidrBlockAssociation?: VpcIpv6CidrBlockAssociation
  readonly CidrBlockAssociation?: VpcCidrBlockAssociation
  readonly VpcId?: string
}

export interface DnsEntry {
  readonly DnsName?: string
  readonly HostedZoneId?: string
}

export interface DnsOptions {
  readonly DnsRecordIpType?: string
  readonly PrivateDnsOnlyForInboundResolverEndpoint?: boolean
  readonly PrivateDnsPreference?: string
  readonly PrivateDnsSpecifiedDomains?: readonly string[]
}

export type DomainType =
  | 'vpc'
  | 'standard'

export interface EgressOnlyInternetGateway {
  readonly Attachments?: readonly InternetGatewayAttachment[]
  readonly EgressOnlyInternetGatewayId?: string
  readonly Tags?: readonly Tag[]
}

export interface EnableIpamInternetRegistryAssociationRequest {
  readonly DryRun?: boolean
  readonly IpamInternetRegistryAssociationId: string
  readonly RpkiVersion: string
  readonly ServiceUri: string
  readonly ChildHandle: string
  readonly ParentHandle: string
  readonly ParentBpkiTa: string
  readonly ClientToken?: string
}

export interface EnableIpamInternetRegistryAssociationResult {
  readonly IpamInternetRegistryAssociation?: IpamInternetRegistryAssociation
}

export interface EnableIpamOrganizationAdminAccountRequest {
  readonly DryRun?: boolean
  readonly DelegatedAdminAccountId: string
}

export interface EnableIpamOrganizationAdminAccountResult {
  readonly Success?: boolean
}

export interface EnableIpamPolicyRequest {
  readonly DryRun?: boolean
  readonly IpamPolicyId: string
  readonly OrganizationTargetId?: string
}

export interface EnableIpamPolicyResult {
  readonly IpamPolicyId?: string
}

export interface ExternalAuthorityConfiguration {
  readonly Type?: IpamScopeExternalAuthorityType
  readonly ExternalResourceIdentifier?: string
}

export interface Filter {
  readonly Name?: string
  readonly Values?: readonly string[]
}

export interface GetAssociatedIpv6PoolCidrsRequest {
  readonly PoolId: string
  readonly NextToken?: string
  readonly MaxResults?: number
  readonly DryRun?: boolean
}

export interface GetAssociatedIpv6PoolCidrsResult {
  readonly Ipv6CidrAssociations?: readonly Ipv6CidrAssociation[]
  readonly NextToken?: string
}

export interface GetEnabledIpamPolicyRequest {
  readonly DryRun?: boolean
}

export interface GetEnabledIpamPolicyResult {
  readonly IpamPolicyEnabled?: boolean
  readonly IpamPolicyId?: string
  readonly ManagedBy?: string
}

export interface GetIpamAddressHistoryRequest {
  readonly DryRun?: boolean
  readonly Cidr: string
  readonly IpamScopeId: string
  readonly VpcId?: string
  readonly StartTime?: number
  readonly EndTime?: number
  readonly MaxResults?: number
  readonly NextToken?: string
}

export interface GetIpamAddressHistoryResult {
  readonly HistoryRecords?: readonly IpamAddressHistoryRecord[]
  readonly NextToken?: string
}

export interface GetIpamDiscoveredAccountsRequest {
  readonly DryRun?: boolean
  readonly IpamResourceDiscoveryId: string
  readonly DiscoveryRegion: string
  readonly Filters?: readonly Filter[]
  readonly NextToken?: string
  readonly MaxResults?: number
}

export interface GetIpamDiscoveredAccountsResult {
  readonly IpamDiscoveredAccounts?: readonly IpamDiscoveredAccount[]
  readonly NextToken?: string
}

export interface GetIpamDiscoveredPublicAddressesRequest {
  readonly DryRun?: boolean
  readonly IpamResourceDiscoveryId: string
  readonly AddressRegion: string
  readonly Filters?: readonly Filter[]
  readonly NextToken?: string
  readonly MaxResults?: number
}

export interface GetIpamDiscoveredPublicAddressesResult {
  readonly IpamDiscoveredPublicAddresses?: readonly IpamDiscoveredPublicAddress[]
  readonly OldestSampleTime?: number
  readonly NextToken?: string
}

export interface GetIpamDiscoveredResourceCidrsRequest {
  readonly DryRun?: boolean
  readonly IpamResourceDiscoveryId: string
  readonly ResourceRegion: string
  readonly Filters?: readonly Filter[]
  readonly NextToken?: string
  readonly MaxResults?: number
}

export interface GetIpamDiscoveredResourceCidrsResult {
  readonly IpamDiscoveredResourceCidrs?: readonly IpamDiscoveredResourceCidr[]
  readonly NextToken?: string
}

export interface GetIpamDiscoveredRoutesRequest {
  readonly DryRun?: boolean
  readonly IpamResourceDiscoveryId: string
  readonly ResourceRegion: string
  readonly Filters?: readonly Filter[]
  readonly NextToken?: string
  readonly MaxResults?: number
}

export interface GetIpamDiscoveredRoutesResult {
  readonly IpamDiscoveredRoutes?: readonly IpamDiscoveredRoute[]
  readonly NextToken?: string
}

export interface GetIpamInternetRegistryAssociationAsnsRequest {
  readonly DryRun?: boolean
  readonly IpamInternetRegistryAssociationId: string
  readonly MaxResults?: number
  readonly NextToken?: string
  readonly Filters?: readonly Filter[]
}

export interface GetIpamInternetRegistryAssociationAsnsResult {
  readonly NextToken?: string
  readonly IpamInternetRegistryAssociationAsns?: readonly IpamInternetRegistryAssociationAsn[]
}

export interface GetIpamInternetRegistryAssociationCidrsRequest {
  readonly DryRun?: boolean
  readonly IpamInternetRegistryAssociationId: string
  readonly MaxResults?: number
  readonly NextToken?: string
  readonly Filters?: readonly Filter[]
}

export interface GetIpamInternetRegistryAssociationCidrsResult {
  readonly NextToken?: string
  readonly IpamInternetRegistryAssociationCidrs?: readonly IpamInternetRegistryAssociationCidr[]
}

export interface GetIpamPolicyAllocationRulesRequest {
  readonly DryRun?: boolean
  readonly IpamPolicyId: string
  readonly Filters?: readonly Filter[]
  readonly Locale?: string
  readonly ResourceType?: string
  readonly MaxResults?: number
  readonly NextToken?: string
}

export interface GetIpamPolicyAllocationRulesResult {
  readonly IpamPolicyDocuments?: readonly IpamPolicyDocument[]
  readonly NextToken?: string
}

export interface GetIpamPolicyOrganizationTargetsRequest {
  readonly DryRun?: boolean
  readonly MaxResults?: number
  readonly NextToken?: string
  readonly IpamPolicyId: string
  readonly Filters?: readonly Filter[]
}

export interface GetIpamPolicyOrganizationTargetsResult {
  readonly OrganizationTargets?: readonly IpamPolicyOrganizationTarget[]
  readonly NextToken?: string
}

export interface GetIpamPoolAllocationsRequest {
  readonly DryRun?: boolean
  readonly IpamPoolId: string
  readonly IpamPoolAllocationId?: string
  readonly Filters?: readonly Filter[]
  readonly MaxResults?: number
  readonly NextToken?: string
}

export interface GetIpamPoolAllocationsResult {
  readonly IpamPoolAllocations?: readonly IpamPoolAllocation[]
  readonly NextToken?: string
}

export interface GetIpamPoolCidrsRequest {
  readonly DryRun?: boolean
  readonly IpamPoolId: string
  readonly Filters?: readonly Filter[]
  readonly MaxResults?: number
  readonly NextToken?: string
}

export interface GetIpamPoolCidrsResult {
  readonly IpamPoolCidrs?: readonly IpamPoolCidr[]
  readonly NextToken?: string
}

export interface GetIpamPrefixListResolverRulesRequest {
  readonly DryRun?: boolean
  readonly IpamPrefixListResolverId: string
  readonly Filters?: readonly Filter[]
  readonly MaxResults?: number
  readonly NextToken?: string
}

export interface GetIpamPrefixListResolverRulesResult {
  readonly Rules?: readonly IpamPrefixListResolverRule[]
  readonly NextToken?: string
}

export interface GetIpamPrefixListResolverVersionEntriesRequest {
  readonly DryRun?: boolean
  readonly IpamPrefixListResolverId: string
  readonly IpamPrefixListResolverVersion: number
  readonly MaxResults?: number
  readonly NextToken?: string
}

export interface GetIpamPrefixListResolverVersionEntriesResult {
  readonly Entries?: readonly IpamPrefixListResolverVersionEntry[]
  readonly NextToken?: string
}

export interface GetIpamPrefixListResolverVersionsRequest {
  readonly DryRun?: boolean
  readonly IpamPrefixListResolverId: string
  readonly IpamPrefixListResolverVersions?: readonly number[]
  readonly MaxResults?: number
  readonly Filters?: readonly Filter[]
  readonly NextToken?: string
}

export interface GetIpamPrefixListResolverVersionsResult {
  readonly IpamPrefixListResolverVersions?: readonly IpamPrefixListResolverVersion[]
  readonly NextToken?: string
}

export interface GetIpamResourceCidrsRequest {
  readonly DryRun?: boolean
  readonly Filters?: readonly Filter[]
  readonly MaxResults?: number
  readonly NextToken?: string
  readonly IpamScopeId: string
  readonly IpamPoolId?: string
  readonly ResourceId?: string
  readonly ResourceType?: IpamResourceType
  readonly ResourceTag?: RequestIpamResourceTag
  readonly ResourceOwner?: string
}

export interface GetIpamResourceCidrsResult {
  readonly NextToken?: string
  readonly IpamResourceCidrs?: readonly IpamResourceCidr[]
}

export interface GetIpamRouteOriginAuthorizationsRequest {
  readonly DryRun?: boolean
  readonly IpamInternetRegistryAssociationId: string
  readonly Cidr?: string
  readonly MaxResults?: number
  readonly NextToken?: string
}

export interface GetIpamRouteOriginAuthorizationsResult {
  readonly IpamRouteOriginAuthorizations?: readonly IpamRouteOriginAuthorizationInfo[]
  readonly NextToken?: string
}

export interface GetIpamRouteProtectionFindingsRequest {
  readonly DryRun?: boolean
  readonly IpamId: string
  readonly Filters?: readonly Filter[]
  readonly NextToken?: string
  readonly MaxResults?: number
}

export interface GetIpamRouteProtectionFindingsResult {
  readonly IpamId?: string
  readonly RouteProtectionFindings?: readonly IpamRouteProtectionFinding[]
  readonly NextToken?: string
}

export interface GetIpamRoutingPolicyRegistrationDeltasRequest {
  readonly DryRun?: boolean
  readonly IpamInternetRegistryAssociationId: string
  readonly DeltaId?: string
  readonly StartTime?: number
  readonly EndTime?: number
  readonly ChronologicalOrder?: ChronologicalOrder
  readonly MaxResults?: number
  readonly NextToken?: string
}

export interface GetIpamRoutingPolicyRegistrationDeltasResult {
  readonly IpamRoutingPolicyRegistrationDeltas?: readonly IpamRoutingPolicyRegistrationDelta[]
  readonly NextToken?: string
}

export interface GetIpamRoutingPolicyRegistrationsRequest {
  readonly DryRun?: boolean
  readonly IpamInternetRegistryAssociationId: string
  readonly Cidr?: string
  readonly MaxResults?: number
  readonly NextToken?: string
}

export interface GetIpamRoutingPolicyRegistrationsResult {
  readonly IpamRoutingPolicyRegistrations?: readonly IpamRoutingPolicyRegistration[]
  readonly NextToken?: string
}

export interface GetManagedPrefixListAssociationsRequest {
  readonly DryRun?: boolean
  readonly PrefixListId: string
  readonly MaxResults?: number
  readonly NextToken?: string
}

export interface GetManagedPrefixListAssociationsResult {
  readonly PrefixListAssociations?: readonly PrefixListAssociation[]
  readonly NextToken?: string
}

export interface GetManagedPrefixListEntriesRequest {
  readonly DryRun?: boolean
  readonly PrefixListId: string
  readonly TargetVersion?: number
  readonly MaxResults?: number
  readonly NextToken?: string
}

export interface GetManagedPrefixListEntriesResult {
  readonly Entries?: readonly PrefixListEntry[]
  readonly NextToken?: string
}

export interface GetSubnetCidrReservationsRequest {
  readonly Filters?: readonly Filter[]
  readonly SubnetId: string
  readonly DryRun?: boolean
  readonly NextToken?: string
  readonly MaxResults?: number
}

export interface GetSubnetCidrReservationsResult {
  readonly SubnetIpv4CidrReservations?: readonly SubnetCidrReservation[]
  readonly SubnetIpv6CidrReservations?: readonly SubnetCidrReservation[]
  readonly NextToken?: string
}

export interface GroupIdentifier {
  readonly GroupId?: string
  readonly GroupName?: string
}

export type HostnameType =
  | 'ip-name'
  | 'resource-name'

export interface IcmpTypeCode {
  readonly Code?: number
  readonly Type?: number
}

export interface InternetGateway {
  readonly Attachments?: readonly InternetGatewayAttachment[]
  readonly InternetGatewayId?: string
  readonly OwnerId?: string
  readonly Tags?: readonly Tag[]
}

export interface InternetGatewayAttachment {
  readonly State?: string
  readonly VpcId?: string
}

export interface IpPermission {
  readonly IpProtocol?: string
  readonly FromPort?: number
  readonly ToPort?: number
  readonly UserIdGroupPairs?: readonly UserIdGroupPair[]
  readonly IpRanges?: readonly IpRange[]
  readonly Ipv6Ranges?: readonly Ipv6Range[]
  readonly PrefixListIds?: readonly PrefixListId[]
}

export interface IpRange {
  readonly Description?: string
  readonly CidrIp?: string
}

export interface Ipam {
  readonly OwnerId?: string
  readonly IpamId?: string
  readonly IpamArn?: string
  readonly IpamRegion?: string
  readonly PublicDefaultScopeId?: string
  readonly PrivateDefaultScopeId?: string
  readonly ScopeCount?: number
  readonly Description?: string
  readonly OperatingRegions?: readonly IpamOperatingRegion[]
  readonly State?: string
  readonly Tags?: readonly Tag[]
  readonly DefaultResourceDiscoveryId?: string
  readonly DefaultResourceDiscoveryAssociationId?: string
  readonly ResourceDiscoveryAssociationCount?: number
  readonly StateMessage?: string
  readonly Tier?: string
  readonly EnablePrivateGua?: boolean
  readonly MeteredAccount?: string
}

export interface IpamAddressHistoryRecord {
  readonly ResourceOwnerId?: string
  readonly ResourceRegion?: string
  readonly ResourceType?: string
  readonly ResourceId?: string
  readonly ResourceCidr?: string
  readonly ResourceName?: string
  readonly ResourceComplianceStatus?: string
  readonly ResourceOverlapStatus?: string
  readonly VpcId?: string
  readonly SampledStartTime?: number
  readonly SampledEndTime?: number
}

export interface IpamCidrAuthorizationContext {
  readonly Message?: string
  readonly Signature?: string
}

export interface IpamDiscoveredAccount {
  readonly AccountId?: string
  readonly DiscoveryRegion?: string
  readonly FailureReason?: IpamDiscoveryFailureReason
  readonly LastAttemptedDiscoveryTime?: number
  readonly LastSuccessfulDiscoveryTime?: number
  readonly OrganizationalUnitId?: string
}

export interface IpamDiscoveredPublicAddress {
  readonly IpamResourceDiscoveryId?: string
  readonly AddressRegion?: string
  readonly Address?: string
  readonly AddressOwnerId?: string
  readonly AddressAllocationId?: string
  readonly AssociationStatus?: string
  readonly AddressType?: string
  readonly Service?: string
  readonly ServiceResource?: string
  readonly VpcId?: string
  readonly SubnetId?: string
  readonly PublicIpv4PoolId?: string
  readonly NetworkInterfaceId?: string
  readonly NetworkInterfaceDescription?: string
  readonly InstanceId?: string
  readonly Tags?: IpamPublicAddressTags
  readonly NetworkBorderGroup?: string
  readonly SecurityGroups?: readonly IpamPublicAddressSecurityGroup[]
  readonly SampleTime?: number
}

export interface IpamDiscoveredResourceCidr {
  readonly IpamResourceDiscoveryId?: string
  readonly ResourceRegion?: string
  readonly ResourceId?: string
  readonly ResourceOwnerId?: string
  readonly ResourceCidr?: string
  readonly IpSource?: string
  readonly ResourceType?: string
  readonly ResourceTags?: readonly IpamResourceTag[]
  readonly IpUsage?: number
  readonly VpcId?: string
  readonly SubnetId?: string
  readonly NetworkInterfaceAttachmentStatus?: string
  readonly SampleTime?: number
  readonly AvailabilityZoneId?: string
}

export interface IpamDiscoveredRoute {
  readonly IpamResourceDiscoveryId?: string
  readonly ResourceRegion?: string
  readonly ResourceOwnerId?: string
  readonly Cidr?: string
  readonly Asn?: string
  readonly State?: string
  readonly AdvertisementType?: string
  readonly NetworkBorderGroup?: string
  readonly PoolId?: string
  readonly IpamPoolId?: string
  readonly SampleTime?: number
}

export interface IpamDiscoveryFailureReason {
  readonly Code?: string
  readonly Message?: string
}

export interface IpamExternalResourceVerificationToken {
  readonly IpamExternalResourceVerificationTokenId?: string
  readonly IpamExternalResourceVerificationTokenArn?: string
  readonly IpamId?: string
  readonly IpamArn?: string
  readonly IpamRegion?: string
  readonly TokenValue?: string
  readonly TokenName?: string
  readonly NotAfter?: number
  readonly Status?: string
  readonly Tags?: readonly Tag[]
  readonly State?: string
}

export interface IpamInternetRegistryAssociation {
  readonly OwnerId?: string
  readonly IpamInternetRegistryAssociationId?: string
  readonly IpamInternetRegistryAssociationArn?: string
  readonly IpamId?: string
  readonly IpamRegion?: string
  readonly Rir?: string
  readonly OrganizationHandle?: string
  readonly Description?: string
  readonly State?: string
  readonly StateMessage?: string
  readonly ChildRequestXml?: string
  readonly Tags?: readonly Tag[]
}

export interface IpamInternetRegistryAssociationAsn {
  readonly Asn?: string
  readonly LastObservedAt?: number
}

export interface IpamInternetRegistryAssociationCidr {
  readonly Cidr?: string
  readonly LastObservedAt?: number
}

export type IpamMeteredAccount =
  | 'ipam-owner'
  | 'resource-owner'

export interface IpamOperatingRegion {
  readonly RegionName?: string
}

export interface IpamOrganizationalUnitExclusion {
  readonly OrganizationsEntityPath?: string
}

export interface IpamPolicy {
  readonly OwnerId?: string
  readonly IpamPolicyId?: string
  readonly IpamPolicyArn?: string
  readonly IpamPolicyRegion?: string
  readonly State?: string
  readonly StateMessage?: string
  readonly Tags?: readonly Tag[]
  readonly IpamId?: string
}

export interface IpamPolicyAllocationRule {
  readonly SourceIpamPoolId?: string
}

export interface IpamPolicyAllocationRuleRequest {
  readonly SourceIpamPoolId?: string
}

export interface IpamPolicyDocument {
  readonly IpamPolicyId?: string
  readonly Locale?: string
  readonly ResourceType?: string
  readonly AllocationRules?: readonly IpamPolicyAllocationRule[]
}

export interface IpamPolicyOrganizationTarget {
  readonly OrganizationTargetId?: string
}

export interface IpamPool {
  readonly OwnerId?: string
  readonly IpamPoolId?: string
  readonly SourceIpamPoolId?: string
  readonly IpamPoolArn?: string
  readonly IpamScopeArn?: string
  readonly IpamScopeType?: string
  readonly IpamArn?: string
  readonly IpamRegion?: string
  readonly Locale?: string
  readonly PoolDepth?: number
  readonly State?: string
  readonly StateMessage?: string
  readonly Description?: string
  readonly AutoImport?: boolean
  readonly PubliclyAdvertisable?: boolean
  readonly AddressFamily?: string
  readonly AllocationMinNetmaskLength?: number
  readonly AllocationMaxNetmaskLength?: number
  readonly AllocationDefaultNetmaskLength?: number
  readonly AllocationResourceTags?: readonly IpamResourceTag[]
  readonly Tags?: readonly Tag[]
  readonly AwsService?: string
  readonly PublicIpSource?: string
  readonly SourceResource?: IpamPoolSourceResource
}

export interface IpamPoolAllocation {
  readonly Cidr?: string
  readonly IpamPoolAllocationId?: string
  readonly Description?: string
  readonly ResourceId?: string
  readonly ResourceType?: string
  readonly ResourceRegion?: string
  readonly ResourceOwner?: string
  readonly Tags?: readonly Tag[]
}

export type IpamPoolAwsService =
  | 'ec2'
  | 'global-services'

export interface IpamPoolCidr {
  readonly Cidr?: string
  readonly State?: string
  readonly FailureReason?: IpamPoolCidrFailureReason
  readonly IpamPoolCidrId?: string
  readonly NetmaskLength?: number
}

export interface IpamPoolCidrFailureReason {
  readonly Code?: string
  readonly Message?: string
}

export type IpamPoolPublicIpSource =
  | 'amazon'
  | 'byoip'

export interface IpamPoolSourceResource {
  readonly ResourceId?: string
  readonly ResourceType?: string
  readonly ResourceRegion?: string
  readonly ResourceOwner?: string
}

export interface IpamPoolSourceResourceRequest {
  readonly ResourceId?: string
  readonly ResourceType?: IpamPoolSourceResourceType
  readonly ResourceRegion?: string
  readonly ResourceOwner?: string
}

export type IpamPoolSourceResourceType =
  | 'vpc'

export interface IpamPrefixListResolver {
  readonly OwnerId?: string
  readonly IpamPrefixListResolverId?: string
  readonly IpamPrefixListResolverArn?: string
  readonly IpamArn?: string
  readonly IpamRegion?: string
  readonly Description?: string
  readonly AddressFamily?: string
  readonly State?: string
  readonly Tags?: readonly Tag[]
  readonly LastVersionCreationStatus?: string
  readonly LastVersionCreationStatusMessage?: string
}

export interface IpamPrefixListResolverRule {
  readonly RuleType?: string
  readonly StaticCidr?: string
  readonly IpamScopeId?: string
  readonly ResourceType?: string
  readonly Conditions?: readonly IpamPrefixListResolverRuleCondition[]
}

export interface IpamPrefixListResolverRuleCondition {
  readonly Operation?: string
  readonly IpamPoolId?: string
  readonly ResourceId?: string
  readonly ResourceOwner?: string
  readonly ResourceRegion?: string
  readonly ResourceTag?: IpamResourceTag
  readonly Cidr?: string
}

export type IpamPrefixListResolverRuleConditionOperation =
  | 'equals'
  | 'not-equals'
  | 'subnet-of'

export interface IpamPrefixListResolverRuleConditionRequest {
  readonly Operation: IpamPrefixListResolverRuleConditionOperation
  readonly IpamPoolId?: string
  readonly ResourceId?: string
  readonly ResourceOwner?: string
  readonly ResourceRegion?: string
  readonly ResourceTag?: RequestIpamResourceTag
  readonly Cidr?: string
}

export interface IpamPrefixListResolverRuleRequest {
  readonly RuleType: IpamPrefixListResolverRuleType
  readonly StaticCidr?: string
  readonly IpamScopeId?: string
  readonly ResourceType?: IpamResourceType
  readonly Conditions?: readonly IpamPrefixListResolverRuleConditionRequest[]
}

export type IpamPrefixListResolverRuleType =
  | 'static-cidr'
  | 'ipam-resource-cidr'
  | 'ipam-pool-cidr'

export interface IpamPrefixListResolverTarget {
  readonly IpamPrefixListResolverTargetId?: string
  readonly IpamPrefixListResolverTargetArn?: string
  readonly IpamPrefixListResolverId?: string
  readonly OwnerId?: string
  readonly PrefixListId?: string
  readonly PrefixListRegion?: string
  readonly DesiredVersion?: number
  readonly LastSyncedVersion?: number
  readonly TrackLatestVersion?: boolean
  readonly StateMessage?: string
  readonly State?: string
  readonly Tags?: readonly Tag[]
}

export interface IpamPrefixListResolverVersion {
  readonly Version?: number
}

export interface IpamPrefixListResolverVersionEntry {
  readonly Cidr?: string
}

export interface IpamPublicAddressSecurityGroup {
  readonly GroupName?: string
  readonly GroupId?: string
}

export interface IpamPublicAddressTag {
  readonly Key?: string
  readonly Value?: string
}

export interface IpamPublicAddressTags {
  readonly EipTags?: readonly IpamPublicAddressTag[]
}

export interface IpamResourceCidr {
  readonly IpamId?: string
  readonly IpamScopeId?: string
  readonly IpamPoolId?: string
  readonly ResourceRegion?: string
  readonly ResourceOwnerId?: string
  readonly ResourceId?: string
  readonly ResourceName?: string
  readonly ResourceCidr?: string
  readonly ResourceType?: string
  readonly ResourceTags?: readonly IpamResourceTag[]
  readonly IpUsage?: number
  readonly ComplianceStatus?: string
  readonly ManagementState?: string
  readonly OverlapStatus?: string
  readonly VpcId?: string
  readonly AvailabilityZoneId?: string
}

export interface IpamResourceDiscovery {
  readonly OwnerId?: string
  readonly IpamResourceDiscoveryId?: string
  readonly IpamResourceDiscoveryArn?: string
  readonly IpamResourceDiscoveryRegion?: string
  readonly Description?: string
  readonly OperatingRegions?: readonly IpamOperatingRegion[]
  readonly IsDefault?: boolean
  readonly State?: string
  readonly Tags?: readonly Tag[]
  readonly OrganizationalUnitExclusions?: readonly IpamOrganizationalUnitExclusion[]
}

export interface IpamResourceDiscoveryAssociation {
  readonly OwnerId?: string
  readonly IpamResourceDiscoveryAssociationId?: string
  readonly IpamResourceDiscoveryAssociationArn?: string
  readonly IpamResourceDiscoveryId?: string
  readonly IpamId?: string
  readonly IpamArn?: string
  readonly IpamRegion?: string
  readonly IsDefault?: boolean
  readonly ResourceDiscoveryStatus?: string
  readonly State?: string
  readonly Tags?: readonly Tag[]
}

export interface IpamResourceTag {
  readonly Key?: string
  readonly Value?: string
}

export type IpamResourceType =
  | 'vpc'
  | 'subnet'
  | 'eip'
  | 'public-ipv4-pool'
  | 'ipv6-pool'
  | 'eni'
  | 'anycast-ip-list'

export interface IpamRouteOriginAuthorization {
  readonly Asn?: string
  readonly Prefix?: string
  readonly MaxLength?: number
  readonly Match?: boolean
  readonly Expiration?: number
}

export interface IpamRouteOriginAuthorizationInfo {
  readonly Cidr?: string
  readonly Asn?: string
  readonly MaxLength?: number
}

export interface IpamRouteOverlap {
  readonly Prefix?: string
  readonly Asn?: string
  readonly DetectedAt?: number
}

export interface IpamRouteProtectionFinding {
  readonly ResourceOwnerId?: string
  readonly ResourceRegion?: string
  readonly IpamPoolId?: string
  readonly Cidr?: string
  readonly State?: string
  readonly AdvertisementType?: string
  readonly NetworkBorderGroup?: string
  readonly PoolId?: string
  readonly Asn?: string
  readonly RpkiStatus?: string
  readonly RpkiStrength?: string
  readonly Roas?: readonly IpamRouteOriginAuthorization[]
  readonly RouteOverlaps?: readonly IpamRouteOverlap[]
  readonly SampleTime?: number
  readonly RoaSampleTime?: number
}

export interface IpamRoutingPolicyRegistration {
  readonly Cidr?: string
  readonly Asns?: readonly string[]
  readonly PermitMoreSpecificAnnouncements?: boolean
  readonly MaxLength?: number
  readonly Description?: string
  readonly LatestDeltaId?: string
  readonly State?: string
}

export interface IpamRoutingPolicyRegistrationDelta {
  readonly DeltaId?: string
  readonly DeltaJson?: string
  readonly State?: string
  readonly StateMessage?: string
}

export interface IpamScope {
  readonly OwnerId?: string
  readonly IpamScopeId?: string
  readonly IpamScopeArn?: string
  readonly IpamArn?: string
  readonly IpamRegion?: string
  readonly IpamScopeType?: string
  readonly IsDefault?: boolean
  readonly Description?: string
  readonly PoolCount?: number
  readonly State?: string
  readonly Tags?: readonly Tag[]
  readonly ExternalAuthorityConfiguration?: IpamScopeExternalAuthorityConfiguration
}

export interface IpamScopeExternalAuthorityConfiguration {
  readonly Type?: string
  readonly ExternalResourceIdentifier?: string
}

export type IpamScopeExternalAuthorityType =
  | 'infoblox'

export type IpamTier =
  | 'free'
  | 'advanced'

export interface Ipv4PrefixSpecification {
  readonly Ipv4Prefix?: string
}

export interface Ipv6CidrAssociation {
  readonly Ipv6Cidr?: string
  readonly AssociatedResource?: string
}

export interface Ipv6Pool {
  readonly PoolId?: string
  readonly Description?: string
  readonly PoolCidrBlocks?: readonly PoolCidrBlock[]
  readonly Tags?: readonly Tag[]
}

export interface Ipv6PrefixSpecification {
  readonly Ipv6Prefix?: string
}

export interface Ipv6Range {
  readonly Description?: string
  readonly CidrIpv6?: string
}

export interface LastError {
  readonly Message?: string
  readonly Code?: string
}

export interface ManagedPrefixList {
  readonly PrefixListId?: string
  readonly AddressFamily?: string
  readonly State?: string
  readonly StateMessage?: string
  readonly PrefixListArn?: string
  readonly PrefixListName?: string
  readonly MaxEntries?: number
  readonly Version?: number
  readonly Tags?: readonly Tag[]
  readonly OwnerId?: string
  readonly IpamPrefixListResolverTargetId?: string
  readonly IpamPrefixListResolverSyncEnabled?: boolean
}

export interface ModifyAddressAttributeRequest {
  readonly AllocationId: string
  readonly DomainName?: string
  readonly DryRun?: boolean
}

export interface ModifyAddressAttributeResult {
  readonly Address?: AddressAttribute
}

export interface ModifyIpamPolicyAllocationRulesRequest {
  readonly DryRun?: boolean
  readonly IpamPolicyId: string
  readonly Locale: string
  readonly ResourceType: string
  readonly AllocationRules?: readonly IpamPolicyAllocationRuleRequest[]
}

export interface ModifyIpamPolicyAllocationRulesResult {
  readonly IpamPolicyDocument?: IpamPolicyDocument
}

export interface ModifyIpamPoolAllocationRequest {
  readonly DryRun?: boolean
  readonly IpamPoolAllocationId: string
  readonly Description?: string
}

export interface ModifyIpamPoolAllocationResult {
  readonly IpamPoolAllocation?: IpamPoolAllocation
}

export interface ModifyIpamPoolRequest {
  readonly DryRun?: boolean
  readonly IpamPoolId: string
  readonly Description?: string
  readonly AutoImport?: boolean
  readonly AllocationMinNetmaskLength?: number
  readonly AllocationMaxNetmaskLength?: number
  readonly AllocationDefaultNetmaskLength?: number
  readonly ClearAllocationDefaultNetmaskLength?: boolean
  readonly AddAllocationResourceTags?: readonly RequestIpamResourceTag[]
  readonly RemoveAllocationResourceTags?: readonly RequestIpamResourceTag[]
}

export interface ModifyIpamPoolResult {
  readonly IpamPool?: IpamPool
}

export interface ModifyIpamPrefixListResolverRequest {
  readonly DryRun?: boolean
  readonly IpamPrefixListResolverId: string
  readonly Description?: string
  readonly Rules?: readonly IpamPrefixListResolverRuleRequest[]
}

export interface ModifyIpamPrefixListResolverResult {
  readonly IpamPrefixListResolver?: IpamPrefixListResolver
}

export interface ModifyIpamPrefixListResolverTargetRequest {
  readonly DryRun?: boolean
  readonly IpamPrefixListResolverTargetId: string
  readonly DesiredVersion?: number
  readonly TrackLatestVersion?: boolean
  readonly ClientToken?: string
}

export interface ModifyIpamPrefixListResolverTargetResult {
  readonly IpamPrefixListResolverTarget?: IpamPrefixListResolverTarget
}

export interface ModifyIpamRequest {
  readonly DryRun?: boolean
  readonly IpamId: string
  readonly Description?: string
  readonly AddOperatingRegions?: readonly AddIpamOperatingRegion[]
  readonly RemoveOperatingRegions?: readonly RemoveIpamOperatingRegion[]
  readonly Tier?: IpamTier
  readonly EnablePrivateGua?: boolean
  readonly MeteredAccount?: IpamMeteredAccount
}

export interface ModifyIpamResourceCidrRequest {
  readonly DryRun?: boolean
  readonly ResourceId: string
  readonly ResourceCidr: string
  readonly ResourceRegion: string
  readonly CurrentIpamScopeId: string
  readonly DestinationIpamScopeId?: string
  readonly Monitored: boolean
}

export interface ModifyIpamResourceCidrResult {
  readonly IpamResourceCidr?: IpamResourceCidr
}

export interface ModifyIpamResourceDiscoveryRequest {
  readonly DryRun?: boolean
  readonly IpamResourceDiscoveryId: string
  readonly Description?: string
  readonly AddOperatingRegions?: readonly AddIpamOperatingRegion[]
  readonly RemoveOperatingRegions?: readonly RemoveIpamOperatingRegion[]
  readonly AddOrganizationalUnitExclusions?: readonly AddIpamOrganizationalUnitExclusion[]
  readonly RemoveOrganizationalUnitExclusions?: readonly RemoveIpamOrganizationalUnitExclusion[]
}

export interface ModifyIpamResourceDiscoveryResult {
  readonly IpamResourceDiscovery?: IpamResourceDiscovery
}

export interface ModifyIpamResult {
  readonly Ipam?: Ipam
}

export interface ModifyIpamRoutingPolicyRegistrationRequest {
  readonly DryRun?: boolean
  readonly IpamInternetRegistryAssociationId: string
  readonly Cidr: string
  readonly Asns: readonly string[]
  readonly PermitMoreSpecificAnnouncements?: boolean
  readonly MaxLength?: number
  readonly Description?: string
  readonly Force?: boolean
  readonly ClientToken?: string
}

export interface ModifyIpamRoutingPolicyRegistrationResult {
  readonly IpamRoutingPolicyRegistrationDelta?: IpamRoutingPolicyRegistrationDelta
}

export interface ModifyIpamScopeRequest {
  readonly DryRun?: boolean
  readonly IpamScopeId: string
  readonly Description?: string
  readonly ExternalAuthorityConfiguration?: ExternalAuthorityConfiguration
  readonly RemoveExternalAuthorityConfiguration?: boolean
}

export interface ModifyIpamScopeResult {
  readonly IpamScope?: IpamScope
}

export interface ModifyManagedPrefixListRequest {
  readonly DryRun?: boolean
  readonly PrefixListId: string
  readonly CurrentVersion?: number
  readonly PrefixListName?: string
  readonly AddEntries?: readonly AddPrefixListEntry[]
  readonly RemoveEntries?: readonly RemovePrefixListEntry[]
  readonly MaxEntries?: number
  readonly IpamPrefixListResolverSyncEnabled?: boolean
}

export interface ModifyManagedPrefixListResult {
  readonly PrefixList?: ManagedPrefixList
}

export interface ModifySecurityGroupRulesRequest {
  readonly GroupId: string
  readonly SecurityGroupRules: readonly SecurityGroupRuleUpdate[]
  readonly DryRun?: boolean
}

export interface ModifySecurityGroupRulesResult {
  readonly Return?: boolean
}

export interface ModifySubnetAttributeRequest {
  readonly AssignIpv6AddressOnCreation?: AttributeBooleanValue
  readonly MapPublicIpOnLaunch?: AttributeBooleanValue
  readonly SubnetId: string
  readonly MapCustomerOwnedIpOnLaunch?: AttributeBooleanValue
  readonly CustomerOwnedIpv4Pool?: string
  readonly EnableDns64?: AttributeBooleanValue
  readonly PrivateDnsHostnameTypeOnLaunch?: HostnameType
  readonly EnableResourceNameDnsARecordOnLaunch?: AttributeBooleanValue
  readonly EnableResourceNameDnsAAAARecordOnLaunch?: AttributeBooleanValue
  readonly EnableLniAtDeviceIndex?: number
  readonly DisableLniAtDeviceIndex?: AttributeBooleanValue
}

export interface ModifyVpcAttributeRequest {
  readonly EnableDnsHostnames?: AttributeBooleanValue
  readonly EnableDnsSupport?: AttributeBooleanValue
  readonly VpcId: string
  readonly EnableNetworkAddressUsageMetrics?: AttributeBooleanValue
}

export interface ModifyVpcTenancyRequest {
  readonly VpcId: string
  readonly InstanceTenancy: VpcTenancy
  readonly DryRun?: boolean
}

export interface ModifyVpcTenancyResult {
  readonly ReturnValue?: boolean
}

export interface MoveByoipCidrToIpamRequest {
  readonly DryRun?: boolean
  readonly Cidr: string
  readonly IpamPoolId: string
  readonly IpamPoolOwner: string
}

export interface MoveByoipCidrToIpamResult {
  readonly ByoipCidr?: ByoipCidr
}

export interface NatGateway {
  readonly CreateTime?: number
  readonly DeleteTime?: number
  readonly FailureCode?: string
  readonly FailureMessage?: string
  readonly NatGatewayAddresses?: readonly NatGatewayAddress[]
  readonly NatGatewayId?: string
  readonly ProvisionedBandwidth?: ProvisionedBandwidth
  readonly State?: string
  readonly SubnetId?: string
  readonly VpcId?: string
  readonly Tags?: readonly Tag[]
  readonly ConnectivityType?: string
  readonly AvailabilityMode?: string
  readonly AutoScalingIps?: string
  readonly AutoProvisionZones?: string
  readonly AttachedAppliances?: readonly NatGatewayAttachedAppliance[]
  readonly RouteTableId?: string
}

export interface NatGatewayAddress {
  readonly AllocationId?: string
  readonly NetworkInterfaceId?: string
  readonly PrivateIp?: string
  readonly PublicIp?: string
  readonly AssociationId?: string
  readonly IsPrimary?: boolean
  readonly FailureMessage?: string
  readonly Status?: string
  readonly AvailabilityZone?: string
  readonly AvailabilityZoneId?: string
}

export interface NatGatewayAttachedAppliance {
  readonly Type?: string
  readonly ApplianceArn?: string
  readonly VpcEndpointId?: string
  readonly AttachmentState?: string
  readonly ModificationState?: string
  readonly FailureCode?: string
  readonly FailureMessage?: string
}

export interface NetworkAcl {
  readonly Associations?: readonly NetworkAclAssociation[]
  readonly Entries?: readonly NetworkAclEntry[]
  readonly IsDefault?: boolean
  readonly NetworkAclId?: string
  readonly Tags?: readonly Tag[]
  readonly VpcId?: string
  readonly OwnerId?: string
}

export interface NetworkAclAssociation {
  readonly NetworkAclAssociationId?: string
  readonly NetworkAclId?: string
  readonly SubnetId?: string
}

export interface NetworkAclEntry {
  readonly CidrBlock?: string
  readonly Egress?: boolean
  readonly IcmpTypeCode?: IcmpTypeCode
  readonly Ipv6CidrBlock?: string
  readonly PortRange?: PortRange
  readonly Protocol?: string
  readonly RuleAction?: string
  readonly RuleNumber?: number
}

export interface NetworkInterface {
  readonly Association?: NetworkInterfaceAssociation
  readonly Attachment?: NetworkInterfaceAttachment
  readonly AvailabilityZone?: string
  readonly ConnectionTrackingConfiguration?: ConnectionTrackingConfiguration
  readonly Description?: string
  readonly Groups?: readonly GroupIdentifier[]
  readonly InterfaceType?: string
  readonly Ipv6Addresses?: readonly NetworkInterfaceIpv6Address[]
  readonly MacAddress?: string
  readonly NetworkInterfaceId?: string
  readonly OutpostArn?: string
  readonly OwnerId?: string
  readonly PrivateDnsName?: string
  readonly PublicDnsName?: string
  readonly PublicIpDnsNameOptions?: PublicIpDnsNameOptions
  readonly PrivateIpAddress?: string
  readonly PrivateIpAddresses?: readonly NetworkInterfacePrivateIpAddress[]
  readonly Ipv4Prefixes?: readonly Ipv4PrefixSpecification[]
  readonly Ipv6Prefixes?: readonly Ipv6PrefixSpecification[]
  readonly RequesterId?: string
  readonly RequesterManaged?: boolean
  readonly SourceDestCheck?: boolean
  readonly Status?: string
  readonly SubnetId?: string
  readonly TagSet?: readonly Tag[]
  readonly VpcId?: string
  readonly DenyAllIgwTraffic?: boolean
  readonly Ipv6Native?: boolean
  readonly Ipv6Address?: string
  readonly Operator?: OperatorResponse
  readonly AssociatedSubnets?: readonly string[]
  readonly AvailabilityZoneId?: string
}

export interface NetworkInterfaceAssociation {
  readonly AllocationId?: string
  readonly AssociationId?: string
  readonly IpOwnerId?: string
  readonly PublicDnsName?: string
  readonly PublicIp?: string
  readonly CustomerOwnedIp?: string
  readonly CarrierIp?: string
}

export interface NetworkInterfaceAttachment {
  readonly AttachTime?: number
  readonly AttachmentId?: string
  readonly DeleteOnTermination?: boolean
  readonly DeviceIndex?: number
  readonly NetworkCardIndex?: number
  readonly InstanceId?: string
  readonly InstanceOwnerId?: string
  readonly Status?: string
  readonly EnaSrdSpecification?: AttachmentEnaSrdSpecification
  readonly EnaQueueCount?: number
}

export interface NetworkInterfaceIpv6Address {
  readonly Ipv6Address?: string
  readonly PublicIpv6DnsName?: string
  readonly IsPrimaryIpv6?: boolean
}

export interface NetworkInterfacePrivateIpAddress {
  readonly Association?: NetworkInterfaceAssociation
  readonly Primary?: boolean
  readonly PrivateDnsName?: string
  readonly PrivateIpAddress?: string
}

export interface NewDhcpConfiguration {
  readonly Key?: string
  readonly Values?: readonly string[]
}

export interface OperatorResponse {
  readonly Managed?: boolean
  readonly Principal?: string
  readonly HiddenByDefault?: boolean
}

export interface PayerResponsibilityEntry {
  readonly Scope?: string
  readonly PayerResponsibilityType?: string
}

export interface PoolCidrBlock {
  readonly Cidr?: string
}

export interface PortRange {
  readonly From?: number
  readonly To?: number
}

export interface PrefixList {
  readonly Cidrs?: readonly string[]
  readonly PrefixListId?: string
  readonly PrefixListName?: string
}

export interface PrefixListAssociation {
  readonly ResourceId?: string
  readonly ResourceOwner?: string
}

export interface PrefixListEntry {
  readonly Cidr?: string
  readonly Description?: string
}

export interface PrefixListId {
  readonly Description?: string
  readonly PrefixListId?: string
}

export interface PrivateDnsNameOptionsOnLaunch {
  readonly HostnameType?: string
  readonly EnableResourceNameDnsARecord?: boolean
  readonly EnableResourceNameDnsAAAARecord?: boolean
}

export interface PropagatingVgw {
  readonly GatewayId?: string
}

export interface ProvisionByoipCidrRequest {
  readonly Cidr: string
  readonly CidrAuthorizationContext?: CidrAuthorizationContext
  readonly PubliclyAdvertisable?: boolean
  readonly Description?: string
  readonly DryRun?: boolean
  readonly PoolTagSpecifications?: readonly TagSpecification[]
  readonly MultiRegion?: boolean
  readonly NetworkBorderGroup?: string
}

export interface ProvisionByoipCidrResult {
  readonly ByoipCidr?: ByoipCidr
}

export interface ProvisionIpamByoasnRequest {
  readonly DryRun?: boolean
  readonly IpamId: string
  readonly Asn: string
  readonly AsnAuthorizationContext: AsnAuthorizationContext
}

export interface ProvisionIpamByoasnResult {
  readonly Byoasn?: Byoasn
}

export interface ProvisionIpamPoolCidrRequest {
  readonly DryRun?: boolean
  readonly IpamPoolId: string
  readonly Cidr?: string
  readonly CidrAuthorizationContext?: IpamCidrAuthorizationContext
  readonly NetmaskLength?: number
  readonly ClientToken?: string
  readonly VerificationMethod?: VerificationMethod
  readonly IpamExternalResourceVerificationTokenId?: string
}

export interface ProvisionIpamPoolCidrResult {
  readonly IpamPoolCidr?: IpamPoolCidr
}

export interface ProvisionPublicIpv4PoolCidrRequest {
  readonly DryRun?: boolean
  readonly IpamPoolId: string
  readonly PoolId: string
  readonly NetmaskLength: number
  readonly NetworkBorderGroup?: string
}

export interface ProvisionPublicIpv4PoolCidrResult {
  readonly PoolId?: string
  readonly PoolAddressRange?: PublicIpv4PoolRange
}

export interface ProvisionedBandwidth {
  readonly ProvisionTime?: number
  readonly Provisioned?: string
  readonly RequestTime?: number
  readonly Requested?: string
  readonly Status?: string
}

export interface PtrUpdateStatus {
  readonly Value?: string
  readonly Status?: string
  readonly Reason?: string
}

export interface PublicIpDnsNameOptions {
  readonly DnsHostnameType?: string
  readonly PublicIpv4DnsName?: string
  readonly PublicIpv6DnsName?: string
  readonly PublicDualStackDnsName?: string
}

export interface PublicIpv4Pool {
  readonly PoolId?: string
  readonly Description?: string
  readonly PoolAddressRanges?: readonly PublicIpv4PoolRange[]
  readonly TotalAddressCount?: number
  readonly TotalAvailableAddressCount?: number
  readonly NetworkBorderGroup?: string
  readonly Tags?: readonly Tag[]
}

export interface PublicIpv4PoolRange {
  readonly FirstAddress?: string
  readonly LastAddress?: string
  readonly AddressCount?: number
  readonly AvailableAddressCount?: number
}

export interface ReferencedSecurityGroup {
  readonly GroupId?: string
  readonly PeeringStatus?: string
  readonly UserId?: string
  readonly VpcId?: string
  readonly VpcPeeringConnectionId?: string
}

export interface Region {
  readonly OptInStatus?: string
  readonly Geography?: readonly RegionGeography[]
  readonly RegionName?: string
  readonly Endpoint?: string
}

export interface RegionGeography {
  readonly Name?: string
}

export interface ReleaseAddressRequest {
  readonly AllocationId?: string
  readonly PublicIp?: string
  readonly NetworkBorderGroup?: string
  readonly DryRun?: boolean
}

export interface ReleaseIpamPoolAllocationRequest {
  readonly DryRun?: boolean
  readonly IpamPoolId: string
  readonly Cidr: string
  readonly IpamPoolAllocationId: string
}

export interface ReleaseIpamPoolAllocationResult {
  readonly Success?: boolean
}

export interface RemoveIpamOperatingRegion {
  readonly RegionName?: string
}

export interface RemoveIpamOrganizationalUnitExclusion {
  readonly OrganizationsEntityPath?: string
}

export interface RemovePrefixListEntry {
  readonly Cidr: string
}

export interface ReplaceNetworkAclAssociationRequest {
  readonly DryRun?: boolean
  readonly AssociationId: string
  readonly NetworkAclId: string
}

export interface ReplaceNetworkAclAssociationResult {
  readonly NewAssociationId?: string
}

export interface ReplaceNetworkAclEntryRequest {
  readonly DryRun?: boolean
  readonly NetworkAclId: string
  readonly RuleNumber: number
  readonly Protocol: string
  readonly RuleAction: RuleAction
  readonly Egress: boolean
  readonly CidrBlock?: string
  readonly Ipv6CidrBlock?: string
  readonly IcmpTypeCode?: IcmpTypeCode
  readonly PortRange?: PortRange
}

export interface ReplaceRouteRequest {
  readonly DestinationPrefixListId?: string
  readonly VpcEndpointId?: string
  readonly LocalTarget?: boolean
  readonly TransitGatewayId?: string
  readonly LocalGatewayId?: string
  readonly CarrierGatewayId?: string
  readonly CoreNetworkArn?: string
  readonly OdbNetworkArn?: string
  readonly DryRun?: boolean
  readonly RouteTableId: string
  readonly DestinationCidrBlock?: string
  readonly GatewayId?: string
  readonly DestinationIpv6CidrBlock?: string
  readonly EgressOnlyInternetGatewayId?: string
  readonly InstanceId?: string
  readonly NetworkInterfaceId?: string
  readonly VpcPeeringConnectionId?: string
  readonly NatGatewayId?: string
}

export interface ReplaceRouteTableAssociationRequest {
  readonly DryRun?: boolean
  readonly AssociationId: string
  readonly RouteTableId: string
}

export interface ReplaceRouteTableAssociationResult {
  readonly NewAssociationId?: string
  readonly AssociationState?: RouteTableAssociationState
}

export interface RequestIpamResourceTag {
  readonly Key?: string
  readonly Value?: string
}

export interface ResetAddressAttributeRequest {
  readonly AllocationId: string
  readonly Attribute: AddressAttributeName
  readonly DryRun?: boolean
}

export interface ResetAddressAttributeResult {
  readonly Address?: AddressAttribute
}

export interface RestoreManagedPrefixListVersionRequest {
  readonly DryRun?: boolean
  readonly PrefixListId: string
  readonly PreviousVersion: number
  readonly CurrentVersion: number
}

export interface RestoreManagedPrefixListVersionResult {
  readonly PrefixList?: ManagedPrefixList
}

export interface RevokeSecurityGroupEgressRequest {
  readonly SecurityGroupRuleIds?: readonly string[]
  readonly DryRun?: boolean
  readonly GroupId: string
  readonly SourceSecurityGroupName?: string
  readonly SourceSecurityGroupOwnerId?: string
  readonly IpProtocol?: string
  readonly FromPort?: number
  readonly ToPort?: number
  readonly CidrIp?: string
  readonly IpPermissions?: readonly IpPermission[]
}

export interface RevokeSecurityGroupEgressResult {
  readonly Return?: boolean
  readonly UnknownIpPermissions?: readonly IpPermission[]
  readonly RevokedSecurityGroupRules?: readonly RevokedSecurityGroupRule[]
}

export interface RevokeSecurityGroupIngressRequest {
  readonly CidrIp?: string
  readonly FromPort?: number
  readonly GroupId?: string
  readonly GroupName?: string
  readonly IpPermissions?: readonly IpPermission[]
  readonly IpProtocol?: string
  readonly SourceSecurityGroupName?: string
  readonly SourceSecurityGroupOwnerId?: string
  readonly ToPort?: number
  readonly SecurityGroupRuleIds?: readonly string[]
  readonly DryRun?: boolean
}

export interface RevokeSecurityGroupIngressResult {
  readonly Return?: boolean
  readonly UnknownIpPermissions?: readonly IpPermission[]
  readonly RevokedSecurityGroupRules?: readonly RevokedSecurityGroupRule[]
}

export interface RevokedSecurityGroupRule {
  readonly SecurityGroupRuleId?: string
  readonly GroupId?: string
  readonly IsEgress?: boolean
  readonly IpProtocol?: string
  readonly FromPort?: number
  readonly ToPort?: number
  readonly CidrIpv4?: string
  readonly CidrIpv6?: string
  readonly PrefixListId?: string
  readonly ReferencedGroupId?: string
  readonly Description?: string
}

export type Rir =
  | 'ripe'
  | 'apnic'
  | 'arin'
  | 'lacnic'
  | 'nicbr'

export interface Route {
  readonly DestinationCidrBlock?: string
  readonly DestinationIpv6CidrBlock?: string
  readonly DestinationPrefixListId?: string
  readonly EgressOnlyInternetGatewayId?: string
  readonly GatewayId?: string
  readonly InstanceId?: string
  readonly InstanceOwnerId?: string
  readonly NatGatewayId?: string
  readonly TransitGatewayId?: string
  readonly LocalGatewayId?: string
  readonly CarrierGatewayId?: string
  readonly NetworkInterfaceId?: string
  readonly Origin?: string
  readonly State?: string
  readonly VpcPeeringConnectionId?: string
  readonly CoreNetworkArn?: string
  readonly OdbNetworkArn?: string
  readonly IpAddress?: string
}

export interface RouteTable {
  readonly Associations?: readonly RouteTableAssociation[]
  readonly PropagatingVgws?: readonly PropagatingVgw[]
  readonly RouteTableId?: string
  readonly Routes?: readonly Route[]
  readonly Tags?: readonly Tag[]
  readonly VpcId?: string
  readonly OwnerId?: string
}

export interface RouteTableAssociation {
  readonly Main?: boolean
  readonly RouteTableAssociationId?: string
  readonly RouteTableId?: string
  readonly SubnetId?: string
  readonly GatewayId?: string
  readonly PublicIpv4Pool?: string
  readonly AssociationState?: RouteTableAssociationState
}

export interface RouteTableAssociationState {
  readonly State?: string
  readonly StatusMessage?: string
}

export type RuleAction =
  | 'allow'
  | 'deny'

export interface SecurityGroup {
  readonly GroupId?: string
  readonly IpPermissionsEgress?: readonly IpPermission[]
  readonly Tags?: readonly Tag[]
  readonly VpcId?: string
  readonly SecurityGroupArn?: string
  readonly OwnerId?: string
  readonly GroupName?: string
  readonly Description?: string
  readonly IpPermissions?: readonly IpPermission[]
}

export interface SecurityGroupIdentifier {
  readonly GroupId?: string
  readonly GroupName?: string
}

export interface SecurityGroupRule {
  readonly SecurityGroupRuleId?: string
  readonly GroupId?: string
  readonly GroupOwnerId?: string
  readonly IsEgress?: boolean
  readonly IpProtocol?: string
  readonly FromPort?: number
  readonly ToPort?: number
  readonly CidrIpv4?: string
  readonly CidrIpv6?: string
  readonly PrefixListId?: string
  readonly ReferencedGroupInfo?: ReferencedSecurityGroup
  readonly Description?: string
  readonly Tags?: readonly Tag[]
  readonly SecurityGroupRuleArn?: string
}

export interface SecurityGroupRuleDescription {
  readonly SecurityGroupRuleId?: string
  readonly Description?: string
}

export interface SecurityGroupRuleRequest {
  readonly IpProtocol?: string
  readonly FromPort?: number
  readonly ToPort?: number
  readonly CidrIpv4?: string
  readonly CidrIpv6?: string
  readonly PrefixListId?: string
  readonly ReferencedGroupId?: string
  readonly Description?: string
}

export interface SecurityGroupRuleUpdate {
  readonly SecurityGroupRuleId: string
  readonly SecurityGroupRule?: SecurityGroupRuleRequest
}

export interface Subnet {
  readonly AvailabilityZoneId?: string
  readonly EnableLniAtDeviceIndex?: number
  readonly MapCustomerOwnedIpOnLaunch?: boolean
  readonly CustomerOwnedIpv4Pool?: string
  readonly OwnerId?: string
  readonly AssignIpv6AddressOnCreation?: boolean
  readonly Ipv6CidrBlockAssociationSet?: readonly SubnetIpv6CidrBlockAssociation[]
  readonly Tags?: readonly Tag[]
  readonly SubnetArn?: string
  readonly OutpostArn?: string
  readonly EnableDns64?: boolean
  readonly Ipv6Native?: boolean
  readonly PrivateDnsNameOptionsOnLaunch?: PrivateDnsNameOptionsOnLaunch
  readonly BlockPublicAccessStates?: BlockPublicAccessStates
  readonly Type?: string
  readonly SubnetId?: string
  readonly State?: string
  readonly VpcId?: string
  readonly CidrBlock?: string
  readonly AvailableIpAddressCount?: number
  readonly AvailabilityZone?: string
  readonly DefaultForAz?: boolean
  readonly MapPublicIpOnLaunch?: boolean
}

export interface SubnetCidrBlockState {
  readonly State?: string
  readonly StatusMessage?: string
}

export interface SubnetCidrReservation {
  readonly SubnetCidrReservationId?: string
  readonly SubnetId?: string
  readonly Cidr?: string
  readonly ReservationType?: string
  readonly OwnerId?: string
  readonly Description?: string
  readonly Tags?: readonly Tag[]
}

export type SubnetCidrReservationType =
  | 'prefix'
  | 'explicit'

export interface SubnetIpPrefixes {
  readonly SubnetId?: string
  readonly IpPrefixes?: readonly string[]
}

export interface SubnetIpv6CidrBlockAssociation {
  readonly AssociationId?: string
  readonly Ipv6CidrBlock?: string
  readonly Ipv6CidrBlockState?: SubnetCidrBlockState
  readonly Ipv6AddressAttribute?: string
  readonly IpSource?: string
}

export interface Tag {
  readonly Key?: string
  readonly Value?: string
}

export interface TagDescription {
  readonly Key?: string
  readonly ResourceId?: string
  readonly ResourceType?: string
  readonly Value?: string
}

export interface TagSpecification {
  readonly ResourceType?: string
  readonly Tags?: readonly Tag[]
}

export type Tenancy =
  | 'default'
  | 'dedicated'
  | 'host'

export interface UnassignPrivateNatGatewayAddressRequest {
  readonly NatGatewayId: string
  readonly PrivateIpAddresses: readonly string[]
  readonly MaxDrainDurationSeconds?: number
  readonly DryRun?: boolean
}

export interface UnassignPrivateNatGatewayAddressResult {
  readonly NatGatewayId?: string
  readonly NatGatewayAddresses?: readonly NatGatewayAddress[]
}

export interface UpdateSecurityGroupRuleDescriptionsEgressRequest {
  readonly DryRun?: boolean
  readonly GroupId?: string
  readonly GroupName?: string
  readonly IpPermissions?: readonly IpPermission[]
  readonly SecurityGroupRuleDescriptions?: readonly SecurityGroupRuleDescription[]
}

export interface UpdateSecurityGroupRuleDescriptionsEgressResult {
  readonly Return?: boolean
}

export interface UpdateSecurityGroupRuleDescriptionsIngressRequest {
  readonly DryRun?: boolean
  readonly GroupId?: string
  readonly GroupName?: string
  readonly IpPermissions?: readonly IpPermission[]
  readonly SecurityGroupRuleDescriptions?: readonly SecurityGroupRuleDescription[]
}

export interface UpdateSecurityGroupRuleDescriptionsIngressResult {
  readonly Return?: boolean
}

export interface UserIdGroupPair {
  readonly Description?: string
  readonly UserId?: string
  readonly GroupName?: string
  readonly GroupId?: string
  readonly VpcId?: string
  readonly VpcPeeringConnectionId?: string
  readonly PeeringStatus?: string
}

export type VerificationMethod =
  | 'remarks-x509'
  | 'dns-token'

export interface Vpc {
  readonly OwnerId?: string
  readonly InstanceTenancy?: string
  readonly Ipv6CidrBlockAssociationSet?: readonly VpcIpv6CidrBlockAssociation[]
  readonly CidrBlockAssociationSet?: readonly VpcCidrBlockAssociation[]
  readonly IsDefault?: boolean
  readonly EncryptionControl?: VpcEncryptionControl
  readonly Tags?: readonly Tag[]
  readonly BlockPublicAccessStates?: BlockPublicAccessStates
  readonly VpcId?: string
  readonly State?: string
  readonly CidrBlock?: string
  readonly DhcpOptionsId?: string
}

export type VpcAttributeName =
  | 'enableDnsSupport'
  | 'enableDnsHostnames'
  | 'enableNetworkAddressUsageMetrics'

export interface VpcCidrBlockAssociation {
  readonly AssociationId?: string
  readonly CidrBlock?: string
  readonly CidrBlockState?: VpcCidrBlockState
}

export interface VpcCidrBlockState {
  readonly State?: string
  readonly StatusMessage?: string
}

export interface VpcEncryptionControl {
  readonly VpcId?: string
  readonly VpcEncryptionControlId?: string
  readonly Mode?: string
  readonly State?: string
  readonly StateMessage?: string
  readonly ResourceExclusions?: VpcEncryptionControlExclusions
  readonly Tags?: readonly Tag[]
}

export interface VpcEncryptionControlConfiguration {
  readonly Mode: VpcEncryptionControlMode
  readonly InternetGatewayExclusion?: VpcEncryptionControlExclusionStateInput
  readonly EgressOnlyInternetGatewayExclusion?: VpcEncryptionControlExclusionStateInput
  readonly NatGatewayExclusion?: VpcEncryptionControlExclusionStateInput
  readonly VirtualPrivateGatewayExclusion?: VpcEncryptionControlExclusionStateInput
  readonly VpcPeeringExclusion?: VpcEncryptionControlExclusionStateInput
  readonly LambdaExclusion?: VpcEncryptionControlExclusionStateInput
  readonly VpcLatticeExclusion?: VpcEncryptionControlExclusionStateInput
  readonly ElasticFileSystemExclusion?: VpcEncryptionControlExclusionStateInput
}

export interface VpcEncryptionControlExclusion {
  readonly State?: string
  readonly StateMessage?: string
}

export type VpcEncryptionControlExclusionStateInput =
  | 'enable'
  | 'disable'

export interface VpcEncryptionControlExclusions {
  readonly InternetGateway?: VpcEncryptionControlExclusion
  readonly EgressOnlyInternetGateway?: VpcEncryptionControlExclusion
  readonly NatGateway?: VpcEncryptionControlExclusion
  readonly VirtualPrivateGateway?: VpcEncryptionControlExclusion
  readonly VpcPeering?: VpcEncryptionControlExclusion
  readonly Lambda?: VpcEncryptionControlExclusion
  readonly VpcLattice?: VpcEncryptionControlExclusion
  readonly ElasticFileSystem?: VpcEncryptionControlExclusion
}

export type VpcEncryptionControlMode =
  | 'monitor'
  | 'enforce'

export interface VpcEndpoint {
  readonly VpcEndpointId?: string
  readonly VpcEndpointType?: string
  readonly VpcId?: string
  readonly ServiceName?: string
  readonly State?: string
  readonly PolicyDocument?: string
  readonly RouteTableIds?: readonly string[]
  readonly SubnetIds?: readonly string[]
  readonly Groups?: readonly SecurityGroupIdentifier[]
  readonly IpAddressType?: string
  readonly DnsOptions?: DnsOptions
  readonly PrivateDnsEnabled?: boolean
  readonly RequesterManaged?: boolean
  readonly NetworkInterfaceIds?: readonly string[]
  readonly DnsEntries?: readonly DnsEntry[]
  readonly CreationTimestamp?: number
  readonly Tags?: readonly Tag[]
  readonly OwnerId?: string
  readonly LastError?: LastError
  readonly Ipv4Prefixes?: readonly SubnetIpPrefixes[]
  readonly Ipv6Prefixes?: readonly SubnetIpPrefixes[]
  readonly FailureReason?: string
  readonly ServiceNetworkArn?: string
  readonly ResourceConfigurationArn?: string
  readonly ServiceRegion?: string
  readonly PayerResponsibilities?: readonly PayerResponsibilityEntry[]
}

export interface VpcIpv6CidrBlockAssociation {
  readonly AssociationId?: string
  readonly Ipv6CidrBlock?: string
  readonly Ipv6CidrBlockState?: VpcCidrBlockState
  readonly NetworkBorderGroup?: string
  readonly Ipv6Pool?: string
  readonly Ipv6AddressAttribute?: string
  readonly IpSource?: string
}

export type VpcTenancy =
  | 'default'

export interface WithdrawByoipCidrRequest {
  readonly Cidr: string
  readonly DryRun?: boolean
}

export interface WithdrawByoipCidrResult {
  readonly ByoipCidr?: ByoipCidr
}

/** What an operation answers that has nothing to say but that it was done. */
export interface ReturnOutput {
  readonly Return?: boolean
}

export interface Ec2Input {
  readonly AdvertiseByoipCidr: AdvertiseByoipCidrRequest
  readonly AllocateAddress: AllocateAddressRequest
  readonly AllocateIpamPoolCidr: AllocateIpamPoolCidrRequest
  readonly AssignPrivateNatGatewayAddress: AssignPrivateNatGatewayAddressRequest
  readonly AssociateAddress: AssociateAddressRequest
  readonly AssociateDhcpOptions: AssociateDhcpOptionsRequest
  readonly AssociateIpamByoasn: AssociateIpamByoasnRequest
  readonly AssociateIpamResourceDiscovery: AssociateIpamResourceDiscoveryRequest
  readonly AssociateNatGatewayAddress: AssociateNatGatewayAddressRequest
  readonly AssociateRouteTable: AssociateRouteTableRequest
  readonly AssociateSubnetCidrBlock: AssociateSubnetCidrBlockRequest
  readonly AssociateVpcCidrBlock: AssociateVpcCidrBlockRequest
  readonly AttachInternetGateway: AttachInternetGatewayRequest
  readonly AuthorizeSecurityGroupEgress: AuthorizeSecurityGroupEgressRequest
  readonly AuthorizeSecurityGroupIngress: AuthorizeSecurityGroupIngressRequest
  readonly BatchModifyIpamRoutingPolicyRegistrations: BatchModifyIpamRoutingPolicyRegistrationsRequest
  readonly CreateDefaultSubnet: CreateDefaultSubnetRequest
  readonly CreateDefaultVpc: CreateDefaultVpcRequest
  readonly CreateDhcpOptions: CreateDhcpOptionsRequest
  readonly CreateEgressOnlyInternetGateway: CreateEgressOnlyInternetGatewayRequest
  readonly CreateInternetGateway: CreateInternetGatewayRequest
  readonly CreateIpam: CreateIpamRequest
  readonly CreateIpamExternalResourceVerificationToken: CreateIpamExternalResourceVerificationTokenRequest
  readonly CreateIpamInternetRegistryAssociation: CreateIpamInternetRegistryAssociationRequest
  readonly CreateIpamPolicy: CreateIpamPolicyRequest
  readonly CreateIpamPool: CreateIpamPoolRequest
  readonly CreateIpamPrefixListResolver: CreateIpamPrefixListResolverRequest
  readonly CreateIpamPrefixListResolverTarget: CreateIpamPrefixListResolverTargetRequest
  readonly CreateIpamResourceDiscovery: CreateIpamResourceDiscoveryRequest
  readonly CreateIpamRoutingPolicyRegistration: CreateIpamRoutingPolicyRegistrationRequest
  readonly CreateIpamScope: CreateIpamScopeRequest
  readonly CreateManagedPrefixList: CreateManagedPrefixListRequest
  readonly CreateNatGateway: CreateNatGatewayRequest
  readonly CreateNetworkAcl: CreateNetworkAclRequest
  readonly CreateNetworkAclEntry: CreateNetworkAclEntryRequest
  readonly CreatePublicIpv4Pool: CreatePublicIpv4PoolRequest
  readonly CreateRoute: CreateRouteRequest
  readonly CreateRouteTable: CreateRouteTableRequest
  readonly CreateSecurityGroup: CreateSecurityGroupRequest
  readonly CreateSubnet: CreateSubnetRequest
  readonly CreateSubnetCidrReservation: CreateSubnetCidrReservationRequest
  readonly CreateTags: CreateTagsRequest
  readonly CreateVpc: CreateVpcRequest
  readonly DeleteDhcpOptions: DeleteDhcpOptionsRequest
  readonly DeleteEgressOnlyInternetGateway: DeleteEgressOnlyInternetGatewayRequest
  readonly DeleteInternetGateway: DeleteInternetGatewayRequest
  readonly DeleteIpam: DeleteIpamRequest
  readonly DeleteIpamExternalResourceVerificationToken: DeleteIpamExternalResourceVerificationTokenRequest
  readonly DeleteIpamInternetRegistryAssociation: DeleteIpamInternetRegistryAssociationRequest
  readonly DeleteIpamPolicy: DeleteIpamPolicyRequest
  readonly DeleteIpamPool: DeleteIpamPoolRequest
  readonly DeleteIpamPrefixListResolver: DeleteIpamPrefixListResolverRequest
  readonly DeleteIpamPrefixListResolverTarget: DeleteIpamPrefixListResolverTargetRequest
  readonly DeleteIpamResourceDiscovery: DeleteIpamResourceDiscoveryRequest
  readonly DeleteIpamRoutingPolicyRegistration: DeleteIpamRoutingPolicyRegistrationRequest
  readonly DeleteIpamScope: DeleteIpamScopeRequest
  readonly DeleteManagedPrefixList: DeleteManagedPrefixListRequest
  readonly DeleteNatGateway: DeleteNatGatewayRequest
  readonly DeleteNetworkAcl: DeleteNetworkAclRequest
  readonly DeleteNetworkAclEntry: DeleteNetworkAclEntryRequest
  readonly DeletePublicIpv4Pool: DeletePublicIpv4PoolRequest
  readonly DeleteRoute: DeleteRouteRequest
  readonly DeleteRouteTable: DeleteRouteTableRequest
  readonly DeleteSecurityGroup: DeleteSecurityGroupRequest
  readonly DeleteSubnet: DeleteSubnetRequest
  readonly DeleteSubnetCidrReservation: DeleteSubnetCidrReservationRequest
  readonly DeleteTags: DeleteTagsRequest
  readonly DeleteVpc: DeleteVpcRequest
  readonly DeprovisionByoipCidr: DeprovisionByoipCidrRequest
  readonly DeprovisionIpamByoasn: DeprovisionIpamByoasnRequest
  readonly DeprovisionIpamPoolCidr: DeprovisionIpamPoolCidrRequest
  readonly DeprovisionPublicIpv4PoolCidr: DeprovisionPublicIpv4PoolCidrRequest
  readonly DescribeAccountAttributes: DescribeAccountAttributesRequest
  readonly DescribeAddresses: DescribeAddressesRequest
  readonly DescribeAddressesAttribute: DescribeAddressesAttributeRequest
  readonly DescribeAvailabilityZones: DescribeAvailabilityZonesRequest
  readonly DescribeByoipCidrs: DescribeByoipCidrsRequest
  readonly DescribeDhcpOptions: DescribeDhcpOptionsRequest
  readonly DescribeEgressOnlyInternetGateways: DescribeEgressOnlyInternetGatewaysRequest
  readonly DescribeInternetGateways: DescribeInternetGatewaysRequest
  readonly DescribeIpamByoasn: DescribeIpamByoasnRequest
  readonly DescribeIpamExternalResourceVerificationTokens: DescribeIpamExternalResourceVerificationTokensRequest
  readonly DescribeIpamInternetRegistryAssociations: DescribeIpamInternetRegistryAssociationsRequest
  readonly DescribeIpamPolicies: DescribeIpamPoliciesRequest
  readonly DescribeIpamPoolAllocations: DescribeIpamPoolAllocationsRequest
  readonly DescribeIpamPools: DescribeIpamPoolsRequest
  readonly DescribeIpamPrefixListResolverTargets: DescribeIpamPrefixListResolverTargetsRequest
  readonly DescribeIpamPrefixListResolvers: DescribeIpamPrefixListResolversRequest
  readonly DescribeIpamResourceDiscoveries: DescribeIpamResourceDiscoveriesRequest
  readonly DescribeIpamResourceDiscoveryAssociations: DescribeIpamResourceDiscoveryAssociationsRequest
  readonly DescribeIpamScopes: DescribeIpamScopesRequest
  readonly DescribeIpams: DescribeIpamsRequest
  readonly DescribeIpv6Pools: DescribeIpv6PoolsRequest
  readonly DescribeManagedPrefixLists: DescribeManagedPrefixListsRequest
  readonly DescribeNatGateways: DescribeNatGatewaysRequest
  readonly DescribeNetworkAcls: DescribeNetworkAclsRequest
  readonly DescribeNetworkInterfaces: DescribeNetworkInterfacesRequest
  readonly DescribePrefixLists: DescribePrefixListsRequest
  readonly DescribePublicIpv4Pools: DescribePublicIpv4PoolsRequest
  readonly DescribeRegions: DescribeRegionsRequest
  readonly DescribeRouteTables: DescribeRouteTablesRequest
  readonly DescribeSecurityGroupRules: DescribeSecurityGroupRulesRequest
  readonly DescribeSecurityGroups: DescribeSecurityGroupsRequest
  readonly DescribeSubnets: DescribeSubnetsRequest
  readonly DescribeTags: DescribeTagsRequest
  readonly DescribeVpcAttribute: DescribeVpcAttributeRequest
  readonly DescribeVpcEndpoints: DescribeVpcEndpointsRequest
  readonly DescribeVpcs: DescribeVpcsRequest
  readonly DetachInternetGateway: DetachInternetGatewayRequest
  readonly DisableIpamOrganizationAdminAccount: DisableIpamOrganizationAdminAccountRequest
  readonly DisableIpamPolicy: DisableIpamPolicyRequest
  readonly DisassociateAddress: DisassociateAddressRequest
  readonly DisassociateIpamByoasn: DisassociateIpamByoasnRequest
  readonly DisassociateIpamResourceDiscovery: DisassociateIpamResourceDiscoveryRequest
  readonly DisassociateNatGatewayAddress: DisassociateNatGatewayAddressRequest
  readonly DisassociateRouteTable: DisassociateRouteTableRequest
  readonly DisassociateSubnetCidrBlock: DisassociateSubnetCidrBlockRequest
  readonly DisassociateVpcCidrBlock: DisassociateVpcCidrBlockRequest
  readonly EnableIpamInternetRegistryAssociation: EnableIpamInternetRegistryAssociationRequest
  readonly EnableIpamOrganizationAdminAccount: EnableIpamOrganizationAdminAccountRequest
  readonly EnableIpamPolicy: EnableIpamPolicyRequest
  readonly GetAssociatedIpv6PoolCidrs: GetAssociatedIpv6PoolCidrsRequest
  readonly GetEnabledIpamPolicy: GetEnabledIpamPolicyRequest
  readonly GetIpamAddressHistory: GetIpamAddressHistoryRequest
  readonly GetIpamDiscoveredAccounts: GetIpamDiscoveredAccountsRequest
  readonly GetIpamDiscoveredPublicAddresses: GetIpamDiscoveredPublicAddressesRequest
  readonly GetIpamDiscoveredResourceCidrs: GetIpamDiscoveredResourceCidrsRequest
  readonly GetIpamDiscoveredRoutes: GetIpamDiscoveredRoutesRequest
  readonly GetIpamInternetRegistryAssociationAsns: GetIpamInternetRegistryAssociationAsnsRequest
  readonly GetIpamInternetRegistryAssociationCidrs: GetIpamInternetRegistryAssociationCidrsRequest
  readonly GetIpamPolicyAllocationRules: GetIpamPolicyAllocationRulesRequest
  readonly GetIpamPolicyOrganizationTargets: GetIpamPolicyOrganizationTargetsRequest
  readonly GetIpamPoolAllocations: GetIpamPoolAllocationsRequest
  readonly GetIpamPoolCidrs: GetIpamPoolCidrsRequest
  readonly GetIpamPrefixListResolverRules: GetIpamPrefixListResolverRulesRequest
  readonly GetIpamPrefixListResolverVersionEntries: GetIpamPrefixListResolverVersionEntriesRequest
  readonly GetIpamPrefixListResolverVersions: GetIpamPrefixListResolverVersionsRequest
  readonly GetIpamResourceCidrs: GetIpamResourceCidrsRequest
  readonly GetIpamRouteOriginAuthorizations: GetIpamRouteOriginAuthorizationsRequest
  readonly GetIpamRouteProtectionFindings: GetIpamRouteProtectionFindingsRequest
  readonly GetIpamRoutingPolicyRegistrationDeltas: GetIpamRoutingPolicyRegistrationDeltasRequest
  readonly GetIpamRoutingPolicyRegistrations: GetIpamRoutingPolicyRegistrationsRequest
  readonly GetManagedPrefixListAssociations: GetManagedPrefixListAssociationsRequest
  readonly GetManagedPrefixListEntries: GetManagedPrefixListEntriesRequest
  readonly GetSubnetCidrReservations: GetSubnetCidrReservationsRequest
  readonly ModifyAddressAttribute: ModifyAddressAttributeRequest
  readonly ModifyIpam: ModifyIpamRequest
  readonly ModifyIpamPolicyAllocationRules: ModifyIpamPolicyAllocationRulesRequest
  readonly ModifyIpamPool: ModifyIpamPoolRequest
  readonly ModifyIpamPoolAllocation: ModifyIpamPoolAllocationRequest
  readonly ModifyIpamPrefixListResolver: ModifyIpamPrefixListResolverRequest
  readonly ModifyIpamPrefixListResolverTarget: ModifyIpamPrefixListResolverTargetRequest
  readonly ModifyIpamResourceCidr: ModifyIpamResourceCidrRequest
  readonly ModifyIpamResourceDiscovery: ModifyIpamResourceDiscoveryRequest
  readonly ModifyIpamRoutingPolicyRegistration: ModifyIpamRoutingPolicyRegistrationRequest
  readonly ModifyIpamScope: ModifyIpamScopeRequest
  readonly ModifyManagedPrefixList: ModifyManagedPrefixListRequest
  readonly ModifySecurityGroupRules: ModifySecurityGroupRulesRequest
  readonly ModifySubnetAttribute: ModifySubnetAttributeRequest
  readonly ModifyVpcAttribute: ModifyVpcAttributeRequest
  readonly ModifyVpcTenancy: ModifyVpcTenancyRequest
  readonly MoveByoipCidrToIpam: MoveByoipCidrToIpamRequest
  readonly ProvisionByoipCidr: ProvisionByoipCidrRequest
  readonly ProvisionIpamByoasn: ProvisionIpamByoasnRequest
  readonly ProvisionIpamPoolCidr: ProvisionIpamPoolCidrRequest
  readonly ProvisionPublicIpv4PoolCidr: ProvisionPublicIpv4PoolCidrRequest
  readonly ReleaseAddress: ReleaseAddressRequest
  readonly ReleaseIpamPoolAllocation: ReleaseIpamPoolAllocationRequest
  readonly ReplaceNetworkAclAssociation: ReplaceNetworkAclAssociationRequest
  readonly ReplaceNetworkAclEntry: ReplaceNetworkAclEntryRequest
  readonly ReplaceRoute: ReplaceRouteRequest
  readonly ReplaceRouteTableAssociation: ReplaceRouteTableAssociationRequest
  readonly ResetAddressAttribute: ResetAddressAttributeRequest
  readonly RestoreManagedPrefixListVersion: RestoreManagedPrefixListVersionRequest
  readonly RevokeSecurityGroupEgress: RevokeSecurityGroupEgressRequest
  readonly RevokeSecurityGroupIngress: RevokeSecurityGroupIngressRequest
  readonly UnassignPrivateNatGatewayAddress: UnassignPrivateNatGatewayAddressRequest
  readonly UpdateSecurityGroupRuleDescriptionsEgress: UpdateSecurityGroupRuleDescriptionsEgressRequest
  readonly UpdateSecurityGroupRuleDescriptionsIngress: UpdateSecurityGroupRuleDescriptionsIngressRequest
  readonly WithdrawByoipCidr: WithdrawByoipCidrRequest
}

export interface Ec2Output {
  readonly AdvertiseByoipCidr: AdvertiseByoipCidrResult
  readonly AllocateAddress: AllocateAddressResult
  readonly AllocateIpamPoolCidr: AllocateIpamPoolCidrResult
  readonly AssignPrivateNatGatewayAddress: AssignPrivateNatGatewayAddressResult
  readonly AssociateAddress: AssociateAddressResult
  readonly AssociateDhcpOptions: ReturnOutput
  readonly AssociateIpamByoasn: AssociateIpamByoasnResult
  readonly AssociateIpamResourceDiscovery: AssociateIpamResourceDiscoveryResult
  readonly AssociateNatGatewayAddress: AssociateNatGatewayAddressResult
  readonly AssociateRouteTable: AssociateRouteTableResult
  readonly AssociateSubnetCidrBlock: AssociateSubnetCidrBlockResult
  readonly AssociateVpcCidrBlock: AssociateVpcCidrBlockResult
  readonly AttachInternetGateway: ReturnOutput
  readonly AuthorizeSecurityGroupEgress: AuthorizeSecurityGroupEgressResult
  readonly AuthorizeSecurityGroupIngress: AuthorizeSecurityGroupIngressResult
  readonly BatchModifyIpamRoutingPolicyRegistrations: BatchModifyIpamRoutingPolicyRegistrationsResult
  readonly CreateDefaultSubnet: CreateDefaultSubnetResult
  readonly CreateDefaultVpc: CreateDefaultVpcResult
  readonly CreateDhcpOptions: CreateDhcpOptionsResult
  readonly CreateEgressOnlyInternetGateway: CreateEgressOnlyInternetGatewayResult
  readonly CreateInternetGateway: CreateInternetGatewayResult
  readonly CreateIpam: CreateIpamResult
  readonly CreateIpamExternalResourceVerificationToken: CreateIpamExternalResourceVerificationTokenResult
  readonly CreateIpamInternetRegistryAssociation: CreateIpamInternetRegistryAssociationResult
  readonly CreateIpamPolicy: CreateIpamPolicyResult
  readonly CreateIpamPool: CreateIpamPoolResult
  readonly CreateIpamPrefixListResolver: CreateIpamPrefixListResolverResult
  readonly CreateIpamPrefixListResolverTarget: CreateIpamPrefixListResolverTargetResult
  readonly CreateIpamResourceDiscovery: CreateIpamResourceDiscoveryResult
  readonly CreateIpamRoutingPolicyRegistration: CreateIpamRoutingPolicyRegistrationResult
  readonly CreateIpamScope: CreateIpamScopeResult
  readonly CreateManagedPrefixList: CreateManagedPrefixListResult
  readonly CreateNatGateway: CreateNatGatewayResult
  readonly CreateNetworkAcl: CreateNetworkAclResult
  readonly CreateNetworkAclEntry: ReturnOutput
  readonly CreatePublicIpv4Pool: CreatePublicIpv4PoolResult
  readonly CreateRoute: CreateRouteResult
  readonly CreateRouteTable: CreateRouteTableResult
  readonly CreateSecurityGroup: CreateSecurityGroupResult
  readonly CreateSubnet: CreateSubnetResult
  readonly CreateSubnetCidrReservation: CreateSubnetCidrReservationResult
  readonly CreateTags: ReturnOutput
  readonly CreateVpc: CreateVpcResult
  readonly DeleteDhcpOptions: ReturnOutput
  readonly DeleteEgressOnlyInternetGateway: DeleteEgressOnlyInternetGatewayResult
  readonly DeleteInternetGateway: ReturnOutput
  readonly DeleteIpam: DeleteIpamResult
  readonly DeleteIpamExternalResourceVerificationToken: DeleteIpamExternalResourceVerificationTokenResult
  readonly DeleteIpamInternetRegistryAssociation: DeleteIpamInternetRegistryAssociationResult
  readonly DeleteIpamPolicy: DeleteIpamPolicyResult
  readonly DeleteIpamPool: DeleteIpamPoolResult
  readonly DeleteIpamPrefixListResolver: DeleteIpamPrefixListResolverResult
  readonly DeleteIpamPrefixListResolverTarget: DeleteIpamPrefixListResolverTargetResult
  readonly DeleteIpamResourceDiscovery: DeleteIpamResourceDiscoveryResult
  readonly DeleteIpamRoutingPolicyRegistration: DeleteIpamRoutingPolicyRegistrationResult
  readonly DeleteIpamScope: DeleteIpamScopeResult
  readonly DeleteManagedPrefixList: DeleteManagedPrefixListResult
  readonly DeleteNatGateway: DeleteNatGatewayResult
  readonly DeleteNetworkAcl: ReturnOutput
  readonly DeleteNetworkAclEntry: ReturnOutput
  readonly DeletePublicIpv4Pool: DeletePublicIpv4PoolResult
  readonly DeleteRoute: ReturnOutput
  readonly DeleteRouteTable: ReturnOutput
  readonly DeleteSecurityGroup: DeleteSecurityGroupResult
  readonly DeleteSubnet: ReturnOutput
  readonly DeleteSubnetCidrReservation: DeleteSubnetCidrReservationResult
  readonly DeleteTags: ReturnOutput
  readonly DeleteVpc: ReturnOutput
  readonly DeprovisionByoipCidr: DeprovisionByoipCidrResult
  readonly DeprovisionIpamByoasn: DeprovisionIpamByoasnResult
  readonly DeprovisionIpamPoolCidr: DeprovisionIpamPoolCidrResult
  readonly DeprovisionPublicIpv4PoolCidr: DeprovisionPublicIpv4PoolCidrResult
  readonly DescribeAccountAttributes: DescribeAccountAttributesResult
  readonly DescribeAddresses: DescribeAddressesResult
  readonly DescribeAddressesAttribute: DescribeAddressesAttributeResult
  readonly DescribeAvailabilityZones: DescribeAvailabilityZonesResult
  readonly DescribeByoipCidrs: DescribeByoipCidrsResult
  readonly DescribeDhcpOptions: DescribeDhcpOptionsResult
  readonly DescribeEgressOnlyInternetGateways: DescribeEgressOnlyInternetGatewaysResult
  readonly DescribeInternetGateways: DescribeInternetGatewaysResult
  readonly DescribeIpamByoasn: DescribeIpamByoasnResult
  readonly DescribeIpamExternalResourceVerificationTokens: DescribeIpamExternalResourceVerificationTokensResult
  readonly DescribeIpamInternetRegistryAssociations: DescribeIpamInternetRegistryAssociationsResult
  readonly DescribeIpamPolicies: DescribeIpamPoliciesResult
  readonly DescribeIpamPoolAllocations: DescribeIpamPoolAllocationsResult
  readonly DescribeIpamPools: DescribeIpamPoolsResult
  readonly DescribeIpamPrefixListResolverTargets: DescribeIpamPrefixListResolverTargetsResult
  readonly DescribeIpamPrefixListResolvers: DescribeIpamPrefixListResolversResult
  readonly DescribeIpamResourceDiscoveries: DescribeIpamResourceDiscoveriesResult
  readonly DescribeIpamResourceDiscoveryAssociations: DescribeIpamResourceDiscoveryAssociationsResult
  readonly DescribeIpamScopes: DescribeIpamScopesResult
  readonly DescribeIpams: DescribeIpamsResult
  readonly DescribeIpv6Pools: DescribeIpv6PoolsResult
  readonly DescribeManagedPrefixLists: DescribeManagedPrefixListsResult
  readonly DescribeNatGateways: DescribeNatGatewaysResult
  readonly DescribeNetworkAcls: DescribeNetworkAclsResult
  readonly DescribeNetworkInterfaces: DescribeNetworkInterfacesResult
  readonly DescribePrefixLists: DescribePrefixListsResult
  readonly DescribePublicIpv4Pools: DescribePublicIpv4PoolsResult
  readonly DescribeRegions: DescribeRegionsResult
  readonly DescribeRouteTables: DescribeRouteTablesResult
  readonly DescribeSecurityGroupRules: DescribeSecurityGroupRulesResult
  readonly DescribeSecurityGroups: DescribeSecurityGroupsResult
  readonly DescribeSubnets: DescribeSubnetsResult
  readonly DescribeTags: DescribeTagsResult
  readonly DescribeVpcAttribute: DescribeVpcAttributeResult
  readonly DescribeVpcEndpoints: DescribeVpcEndpointsResult
  readonly DescribeVpcs: DescribeVpcsResult
  readonly DetachInternetGateway: ReturnOutput
  readonly DisableIpamOrganizationAdminAccount: DisableIpamOrganizationAdminAccountResult
  readonly DisableIpamPolicy: DisableIpamPolicyResult
  readonly DisassociateAddress: ReturnOutput
  readonly DisassociateIpamByoasn: DisassociateIpamByoasnResult
  readonly DisassociateIpamResourceDiscovery: DisassociateIpamResourceDiscoveryResult
  readonly DisassociateNatGatewayAddress: DisassociateNatGatewayAddressResult
  readonly DisassociateRouteTable: ReturnOutput
  readonly DisassociateSubnetCidrBlock: DisassociateSubnetCidrBlockResult
  readonly DisassociateVpcCidrBlock: DisassociateVpcCidrBlockResult
  readonly EnableIpamInternetRegistryAssociation: EnableIpamInternetRegistryAssociationResult
  readonly EnableIpamOrganizationAdminAccount: EnableIpamOrganizationAdminAccountResult
  readonly EnableIpamPolicy: EnableIpamPolicyResult
  readonly GetAssociatedIpv6PoolCidrs: GetAssociatedIpv6PoolCidrsResult
  readonly GetEnabledIpamPolicy: GetEnabledIpamPolicyResult
  readonly GetIpamAddressHistory: GetIpamAddressHistoryResult
  readonly GetIpamDiscoveredAccounts: GetIpamDiscoveredAccountsResult
  readonly GetIpamDiscoveredPublicAddresses: GetIpamDiscoveredPublicAddressesResult
  readonly GetIpamDiscoveredResourceCidrs: GetIpamDiscoveredResourceCidrsResult
  readonly GetIpamDiscoveredRoutes: GetIpamDiscoveredRoutesResult
  readonly GetIpamInternetRegistryAssociationAsns: GetIpamInternetRegistryAssociationAsnsResult
  readonly GetIpamInternetRegistryAssociationCidrs: GetIpamInternetRegistryAssociationCidrsResult
  readonly GetIpamPolicyAllocationRules: GetIpamPolicyAllocationRulesResult
  readonly GetIpamPolicyOrganizationTargets: GetIpamPolicyOrganizationTargetsResult
  readonly GetIpamPoolAllocations: GetIpamPoolAllocationsResult
  readonly GetIpamPoolCidrs: GetIpamPoolCidrsResult
  readonly GetIpamPrefixListResolverRules: GetIpamPrefixListResolverRulesResult
  readonly GetIpamPrefixListResolverVersionEntries: GetIpamPrefixListResolverVersionEntriesResult
  readonly GetIpamPrefixListResolverVersions: GetIpamPrefixListResolverVersionsResult
  readonly GetIpamResourceCidrs: GetIpamResourceCidrsResult
  readonly GetIpamRouteOriginAuthorizations: GetIpamRouteOriginAuthorizationsResult
  readonly GetIpamRouteProtectionFindings: GetIpamRouteProtectionFindingsResult
  readonly GetIpamRoutingPolicyRegistrationDeltas: GetIpamRoutingPolicyRegistrationDeltasResult
  readonly GetIpamRoutingPolicyRegistrations: GetIpamRoutingPolicyRegistrationsResult
  readonly GetManagedPrefixListAssociations: GetManagedPrefixListAssociationsResult
  readonly GetManagedPrefixListEntries: GetManagedPrefixListEntriesResult
  readonly GetSubnetCidrReservations: GetSubnetCidrReservationsResult
  readonly ModifyAddressAttribute: ModifyAddressAttributeResult
  readonly ModifyIpam: ModifyIpamResult
  readonly ModifyIpamPolicyAllocationRules: ModifyIpamPolicyAllocationRulesResult
  readonly ModifyIpamPool: ModifyIpamPoolResult
  readonly ModifyIpamPoolAllocation: ModifyIpamPoolAllocationResult
  readonly ModifyIpamPrefixListResolver: ModifyIpamPrefixListResolverResult
  readonly ModifyIpamPrefixListResolverTarget: ModifyIpamPrefixListResolverTargetResult
  readonly ModifyIpamResourceCidr: ModifyIpamResourceCidrResult
  readonly ModifyIpamResourceDiscovery: ModifyIpamResourceDiscoveryResult
  readonly ModifyIpamRoutingPolicyRegistration: ModifyIpamRoutingPolicyRegistrationResult
  readonly ModifyIpamScope: ModifyIpamScopeResult
  readonly ModifyManagedPrefixList: ModifyManagedPrefixListResult
  readonly ModifySecurityGroupRules: ModifySecurityGroupRulesResult
  readonly ModifySubnetAttribute: ReturnOutput
  readonly ModifyVpcAttribute: ReturnOutput
  readonly ModifyVpcTenancy: ModifyVpcTenancyResult
  readonly MoveByoipCidrToIpam: MoveByoipCidrToIpamResult
  readonly ProvisionByoipCidr: ProvisionByoipCidrResult
  readonly ProvisionIpamByoasn: ProvisionIpamByoasnResult
  readonly ProvisionIpamPoolCidr: ProvisionIpamPoolCidrResult
  readonly ProvisionPublicIpv4PoolCidr: ProvisionPublicIpv4PoolCidrResult
  readonly ReleaseAddress: ReturnOutput
  readonly ReleaseIpamPoolAllocation: ReleaseIpamPoolAllocationResult
  readonly ReplaceNetworkAclAssociation: ReplaceNetworkAclAssociationResult
  readonly ReplaceNetworkAclEntry: ReturnOutput
  readonly ReplaceRoute: ReturnOutput
  readonly ReplaceRouteTableAssociation: ReplaceRouteTableAssociationResult
  readonly ResetAddressAttribute: ResetAddressAttributeResult
  readonly RestoreManagedPrefixListVersion: RestoreManagedPrefixListVersionResult
  readonly RevokeSecurityGroupEgress: RevokeSecurityGroupEgressResult
  readonly RevokeSecurityGroupIngress: RevokeSecurityGroupIngressResult
  readonly UnassignPrivateNatGatewayAddress: UnassignPrivateNatGatewayAddressResult
  readonly UpdateSecurityGroupRuleDescriptionsEgress: UpdateSecurityGroupRuleDescriptionsEgressResult
  readonly UpdateSecurityGroupRuleDescriptionsIngress: UpdateSecurityGroupRuleDescriptionsIngressResult
  readonly WithdrawByoipCidr: WithdrawByoipCidrResult
}

export type Ec2Operation = keyof Ec2Input
