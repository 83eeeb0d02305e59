// Stories of VPCs, subnets and NAT gateways, whose space and addresses policy gives.
import { abroad, home } from './acme.ts'
import { policy, pool } from './chapters.ts'
import { ask, inAnyOrder, type Step, scenario } from './scenario.ts'

/** The private pool that VPCs come from, and the policy that says so. */
const vpcsFromPool: readonly Step[] = [
  ...pool('inside', { IpamScopeId: '$private', cidr: '10.0.0.0/16' }),
  ...policy('vpclaw', { settings: { 'size/vpc': '20/24/26' }, rules: { vpc: ['inside'] }, on: ['$workloads'] }),
]

scenario('a VPC comes from its pool though the caller names nothing, and only in the sizes that the policy gives', {
  steps: [
    ...vpcsFromPool,
    {
      as: 'shop',
      asks: ask('CreateVpc', {}),
      gets: { Vpc: { VpcId: '$vpc', CidrBlock: '10.0.0.0/24', State: 'pending', OwnerId: '$shop' } },
    },
    {
      as: 'shop',
      asks: ask('DescribeVpcs', { VpcIds: ['$vpc'] }),
      gets: {
        Vpcs: [
          {
            VpcId: '$vpc',
            State: 'available',
            CidrBlockAssociationSet: [{ CidrBlock: '10.0.0.0/24', CidrBlockState: { State: 'associated' } }],
          },
        ],
      },
    },
    {
      as: 'shop',
      asks: ask('CreateVpc', { Ipv4NetmaskLength: 26 }),
      gets: { Vpc: { CidrBlock: '10.0.1.0/26' } },
    },
    {
      as: 'shop',
      asks: ask('CreateVpc', { Ipv4NetmaskLength: 16 }),
      refused: 'UnauthorizedOperation',
      saying: [
        '$decision: Policy `$vpclaw` version 2, enabled on `$workloads`, does not allow a /16; allowed: `/20 to /26`.',
        'Policy: `$vpclaw` version 2, enabled on `$workloads`.',
        'Document: vpc in us-east-1.',
        'Decided by: setting `size`.',
        'Value: /16.',
        'Allowed: /20 to /26.',
        'For an exception, ask account $network, the owner of policy `$vpclaw`, naming $decision.',
        'Nearest change: Ask for a /20 in place of a /16: it would come from pool `$inside`.',
      ].join('\n'),
    },
    { explain: '$decision', says: ['asked for   vpc in us-east-1, ipv4 /16', 'outcome     deny (enforce)'] },
  ],
  leaves: [
    'shop vpc 10.0.0.0/24',
    'shop vpc 10.0.1.0/26',
    'inside: 10.0.0.0/24 vpc shop',
    'inside: 10.0.1.0/26 vpc shop',
  ],
})

scenario('a block of the own choice is denied where VPCs come from a pool', {
  steps: [
    ...vpcsFromPool,
    {
      as: 'lab',
      asks: ask('CreateVpc', { CidrBlock: '172.16.0.0/24' }),
      refused: 'UnauthorizedOperation',
      saying: [
        '$decision: Policy `$vpclaw` version 2, enabled on `$workloads`, does not let you choose `172.16.0.0/24`; allowed: `$inside`.',
        'Policy: `$vpclaw` version 2, enabled on `$workloads`.',
        'Document: vpc in us-east-1.',
        'Decided by: setting `on-explicit`.',
        'Value: 172.16.0.0/24.',
        'Allowed: $inside.',
        'For an exception, ask account $network, the owner of policy `$vpclaw`, naming $decision.',
        'Nearest change: Do not name `172.16.0.0/24`: it would come from pool `$inside`.',
        "To request an exception, as somebody with `ipam-administrator` or `resource-operator` at account $lab: `cadastre exception request --decision $decision --for 7d --reason 'WHY'`.",
      ].join('\n'),
    },
    {
      as: 'lab',
      asks: ask('CreateVpc', { Ipv4IpamPoolId: '$inside' }),
      gets: { Vpc: { VpcId: '$vpc', CidrBlock: '10.0.0.0/24' } },
    },
    {
      as: 'lab',
      asks: ask('AssociateVpcCidrBlock', { VpcId: '$vpc', CidrBlock: '172.16.0.0/24' }),
      refused: 'UnauthorizedOperation',
      saying: [
        '$second: Policy `$vpclaw` version 2, enabled on `$workloads`, does not let you choose `172.16.0.0/24`; allowed: `$inside`.',
        'Policy: `$vpclaw` version 2, enabled on `$workloads`.',
        'Document: vpc in us-east-1.',
        'Decided by: setting `on-explicit`.',
        'Value: 172.16.0.0/24.',
        'Allowed: $inside.',
        'For an exception, ask account $network, the owner of policy `$vpclaw`, naming $second.',
        'Nearest change: Do not name `172.16.0.0/24`: it would come from pool `$inside`.',
        "To request an exception, as somebody with `ipam-administrator` or `resource-operator` at account $lab: `cadastre exception request --decision $second --for 7d --reason 'WHY'`.",
      ].join('\n'),
    },
    // The sandbox is outside of the policy.
    {
      as: 'toys',
      asks: ask('CreateVpc', { CidrBlock: '172.16.0.0/24' }),
      gets: { Vpc: { CidrBlock: '172.16.0.0/24' } },
    },
  ],
  leaves: ['lab vpc 10.0.0.0/24', 'toys vpc 172.16.0.0/24', 'inside: 10.0.0.0/24 vpc lab'],
})

scenario('a VPC takes a second block and gives it back; deleted, it gives back all', {
  steps: [
    ...vpcsFromPool,
    { as: 'shop', asks: ask('CreateVpc', {}), gets: { Vpc: { VpcId: '$vpc', CidrBlock: '10.0.0.0/24' } } },
    {
      as: 'shop',
      asks: ask('AssociateVpcCidrBlock', { VpcId: '$vpc' }),
      gets: {
        VpcId: '$vpc',
        CidrBlockAssociation: {
          AssociationId: '$second',
          CidrBlock: '10.0.1.0/24',
          CidrBlockState: { State: 'associating' },
        },
      },
    },
    {
      as: 'shop',
      asks: ask('DisassociateVpcCidrBlock', { AssociationId: '$second' }),
      gets: { CidrBlockAssociation: { CidrBlock: '10.0.1.0/24', CidrBlockState: { State: 'disassociating' } } },
    },
    {
      as: 'shop',
      asks: ask('ModifyVpcAttribute', { VpcId: '$vpc', EnableDnsHostnames: { Value: true } }),
    },
    {
      as: 'shop',
      asks: ask('DescribeVpcAttribute', { VpcId: '$vpc', Attribute: 'enableDnsHostnames' }),
      gets: { VpcId: '$vpc', EnableDnsHostnames: { Value: true } },
    },
    {
      as: 'lab',
      asks: ask('DeleteVpc', { VpcId: '$vpc' }),
      refused: 'InvalidVpcID.NotFound',
      saying: "The vpc ID '$vpc' does not exist",
    },
    { as: 'shop', asks: ask('DeleteVpc', { VpcId: '$vpc' }) },
    {
      as: 'shop',
      asks: ask('DescribeVpcs', { VpcIds: ['$vpc'] }),
      refused: 'InvalidVpcID.NotFound',
      saying: "The vpc ID '$vpc' does not exist",
    },
  ],
  leaves: [],
})

scenario('subnets come from a pool that plans their VPC', {
  steps: [
    pool('inside', { IpamScopeId: '$private', cidr: '10.0.0.0/16' }),
    {
      as: 'network',
      asks: ask('CreateVpc', { Ipv4IpamPoolId: '$inside', Ipv4NetmaskLength: 20 }),
      gets: { Vpc: { VpcId: '$vpc', CidrBlock: '10.0.0.0/20' } },
    },
    pool('plan', {
      IpamScopeId: '$private',
      SourceIpamPoolId: '$inside',
      SourceResource: {
        ResourceId: '$vpc',
        ResourceType: 'vpc',
        ResourceRegion: home,
        ResourceOwner: '$network',
      },
      cidr: '10.0.0.0/20',
    }),
    {
      as: 'network',
      asks: ask('CreateSubnet', { VpcId: '$vpc', Ipv4IpamPoolId: '$plan', Ipv4NetmaskLength: 24 }),
      gets: {
        Subnet: {
          SubnetId: '$first',
          CidrBlock: '10.0.0.0/24',
          AvailabilityZone: 'us-east-1a',
          AvailableIpAddressCount: 251,
          State: 'available',
        },
      },
    },
    {
      as: 'network',
      asks: ask('CreateSubnet', {
        VpcId: '$vpc',
        Ipv4IpamPoolId: '$plan',
        Ipv4NetmaskLength: 24,
        AvailabilityZone: 'us-east-1b',
      }),
      gets: { Subnet: { SubnetId: '$second', CidrBlock: '10.0.1.0/24', AvailabilityZoneId: 'use1-az2' } },
    },
    {
      as: 'network',
      asks: ask('CreateSubnet', { VpcId: '$vpc', CidrBlock: '10.0.1.0/25' }),
      refused: 'InvalidSubnet.Conflict',
      saying:
        "The CIDR '10.0.1.0/25' conflicts with another subnet. It overlaps with the subnet `$second` (10.0.1.0/24).",
    },
    { as: 'network', asks: ask('DeleteSubnet', { SubnetId: '$first' }) },
    {
      as: 'network',
      asks: ask('DeleteVpc', { VpcId: '$vpc' }),
      refused: 'DependencyViolation',
      saying: "The vpc '$vpc' has dependencies and cannot be deleted. `$second` is in it.",
    },
    {
      as: 'network',
      asks: ask('DescribeSubnets', { Filters: [{ Name: 'vpc-id', Values: ['$vpc'] }] }),
      gets: { Subnets: [{ SubnetId: '$second', State: 'available' }] },
    },
  ],
  leaves: [
    'network vpc 10.0.0.0/20',
    'network subnet 10.0.1.0/24',
    'inside: 10.0.0.0/20 vpc network',
    'plan: 10.0.1.0/24 subnet network',
  ],
})

scenario("a regional NAT gateway takes its addresses from the policy's pool, and gives them back", {
  steps: [
    pool('nats', { cidr: '203.0.113.0/29' }),
    policy('law', { rules: { rnat: ['nats'] }, on: ['$root'] }),
    { as: 'shop', asks: ask('CreateVpc', { CidrBlock: '10.0.0.0/16' }), gets: { Vpc: { VpcId: '$vpc' } } },
    ...['a', 'b'].map(
      (zone, index): Step => ({
        as: 'shop',
        asks: ask('CreateSubnet', {
          VpcId: '$vpc',
          CidrBlock: `10.0.${index}.0/24`,
          AvailabilityZone: `${home}${zone}`,
        }),
        gets: { Subnet: { SubnetId: `$sub${zone}` } },
      }),
    ),
    {
      as: 'shop',
      asks: ask('CreateNatGateway', { AvailabilityMode: 'regional', VpcId: '$vpc' }),
      gets: {
        NatGateway: {
          NatGatewayId: '$nat',
          State: 'pending',
          ConnectivityType: 'public',
          AvailabilityMode: 'regional',
          AutoProvisionZones: 'enabled',
          AutoScalingIps: 'enabled',
        },
      },
    },
    {
      as: 'shop',
      asks: ask('DescribeNatGateways', { NatGatewayIds: ['$nat'] }),
      gets: {
        NatGateways: [
          {
            State: 'available',
            NatGatewayAddresses: [
              { PublicIp: '203.0.113.0', AllocationId: '$one', AvailabilityZone: 'us-east-1a', Status: 'succeeded' },
              { PublicIp: '203.0.113.1', AllocationId: '$two', AvailabilityZone: 'us-east-1b', Status: 'succeeded' },
            ],
          },
        ],
      },
    },
    {
      as: 'shop',
      asks: ask('DescribeAddresses', { AllocationIds: ['$one'] }),
      gets: { Addresses: [{ ServiceManaged: 'rnat', PublicIpv4Pool: '$nats' }] },
    },
    {
      as: 'shop',
      asks: ask('ReleaseAddress', { AllocationId: '$one' }),
      refused: 'InvalidIPAddress.InUse',
      saying: '`$one` is in use. It is managed by $nat, which gives it back when it is deleted.',
    },
    {
      as: 'shop',
      asks: ask('DeleteVpc', { VpcId: '$vpc' }),
      refused: 'DependencyViolation',
      saying: "The vpc '$vpc' has dependencies and cannot be deleted. `$suba` is in it.",
    },
    { as: 'shop', asks: ask('DeleteNatGateway', { NatGatewayId: '$nat' }), gets: { NatGatewayId: '$nat' } },
    {
      as: 'shop',
      asks: ask('DescribeNatGateways', { NatGatewayIds: ['$nat'] }),
      gets: { NatGateways: [{ NatGatewayId: '$nat', State: 'deleted' }] },
    },
  ],
  leaves: ['shop vpc 10.0.0.0/16', 'shop subnet 10.0.0.0/24', 'shop subnet 10.0.1.0/24'],
})

scenario('a NAT gateway with manual addresses is decided by the same policy', {
  steps: [
    { as: 'shop', asks: ask('AllocateAddress', {}), gets: { AllocationId: '$outside', PublicIpv4Pool: 'amazon' } },
    pool('nats', { cidr: '203.0.113.0/29' }),
    policy('law', { rules: { rnat: ['nats'], eip: ['nats'] }, on: ['$root'] }),
    { as: 'shop', asks: ask('AllocateAddress', {}), gets: { AllocationId: '$good', PublicIpv4Pool: '$nats' } },
    { as: 'shop', asks: ask('AllocateAddress', {}), gets: { AllocationId: '$more' } },
    { as: 'shop', asks: ask('CreateVpc', { CidrBlock: '10.0.0.0/16' }), gets: { Vpc: { VpcId: '$vpc' } } },
    {
      as: 'shop',
      asks: ask('CreateNatGateway', {
        AvailabilityMode: 'regional',
        VpcId: '$vpc',
        AvailabilityZoneAddresses: [{ AvailabilityZone: 'us-east-1a', AllocationIds: ['$outside'] }],
      }),
      refused: 'UnauthorizedOperation',
      saying: [
        '$decision: Policy `$law` version 3, enabled on `$root`, does not let you choose `provider`; allowed: `$nats`.',
        'Policy: `$law` version 3, enabled on `$root`.',
        'Document: rnat in us-east-1.',
        'Decided by: setting `on-explicit`.',
        'Value: provider.',
        'Allowed: $nats.',
        'For an exception, ask account $network, the owner of policy `$law`, naming $decision.',
        'Nearest change: Do not name `provider`: it would come from pool `$nats`.',
        "To request an exception, as somebody with `ipam-administrator` or `resource-operator` at account $shop: `cadastre exception request --decision $decision --for 7d --reason 'WHY'`.",
      ].join('\n'),
    },
    {
      as: 'shop',
      asks: ask('CreateNatGateway', {
        AvailabilityMode: 'regional',
        VpcId: '$vpc',
        AvailabilityZoneAddresses: [{ AvailabilityZone: 'us-east-1a', AllocationIds: ['$good'] }],
      }),
      gets: { NatGateway: { NatGatewayId: '$nat', AutoProvisionZones: 'disabled' } },
    },
    {
      as: 'shop',
      asks: ask('AssociateNatGatewayAddress', {
        NatGatewayId: '$nat',
        AvailabilityZone: 'us-east-1b',
        AllocationIds: ['$more'],
      }),
      gets: { NatGatewayAddresses: [{ AllocationId: '$more', AssociationId: '$association', Status: 'associating' }] },
    },
    {
      as: 'shop',
      asks: ask('DisassociateNatGatewayAddress', { NatGatewayId: '$nat', AssociationIds: ['$association'] }),
      gets: { NatGatewayAddresses: [{ AllocationId: '$more', Status: 'disassociating' }] },
    },
    { as: 'shop', asks: ask('ReleaseAddress', { AllocationId: '$more' }) },
  ],
  leaves: [
    'shop eip 198.18.0.0 of amazon',
    'shop eip 203.0.113.0 of nats',
    'shop nat regional 203.0.113.0',
    'shop vpc 10.0.0.0/16',
    'nats: 203.0.113.0/32 eip shop',
  ],
})

scenario('zonal NAT gateways: public with an Elastic IP of the account, private without', {
  steps: [
    { as: 'shop', asks: ask('CreateVpc', { CidrBlock: '10.0.0.0/16' }), gets: { Vpc: { VpcId: '$vpc' } } },
    {
      as: 'shop',
      asks: ask('CreateSubnet', { VpcId: '$vpc', CidrBlock: '10.0.0.0/24' }),
      gets: { Subnet: { SubnetId: '$subnet' } },
    },
    { as: 'shop', asks: ask('AllocateAddress', {}), gets: { AllocationId: '$eip' } },
    { as: 'lab', asks: ask('AllocateAddress', {}), gets: { AllocationId: '$foreign' } },
    {
      as: 'shop',
      asks: ask('CreateNatGateway', { SubnetId: '$subnet', AllocationId: '$foreign' }),
      refused: 'InvalidAllocationID.NotFound',
      saying: "The allocation ID '$foreign' does not exist",
    },
    {
      as: 'shop',
      asks: ask('CreateNatGateway', { SubnetId: '$subnet', AllocationId: '$eip' }),
      gets: { NatGateway: { NatGatewayId: '$open', ConnectivityType: 'public', SubnetId: '$subnet' } },
    },
    {
      as: 'shop',
      asks: ask('CreateNatGateway', { SubnetId: '$subnet', AllocationId: '$eip' }),
      refused: 'Resource.AlreadyAssociated',
      saying: '`$eip` is already associated. It is associated with $open.',
    },
    {
      as: 'shop',
      asks: ask('CreateNatGateway', {
        SubnetId: '$subnet',
        ConnectivityType: 'private',
        PrivateIpAddress: '10.0.0.77',
      }),
      gets: {
        NatGateway: { NatGatewayId: '$inside', NatGatewayAddresses: [{ PrivateIp: '10.0.0.77', PublicIp: undefined }] },
      },
    },
    {
      as: 'shop',
      asks: ask('DescribeNatGateways', { Filter: [{ Name: 'vpc-id', Values: ['$vpc'] }] }),
      gets: {
        NatGateways: inAnyOrder([
          { NatGatewayId: '$open', State: 'available' },
          { NatGatewayId: '$inside', State: 'available' },
        ]),
      },
    },
    { as: 'shop', asks: ask('DeleteNatGateway', { NatGatewayId: '$open' }) },
    // The address was the account's, and stays with it.
    { as: 'shop', asks: ask('ReleaseAddress', { AllocationId: '$eip' }) },
  ],
  leaves: [
    'lab eip 198.18.0.1 of amazon',
    'shop nat zonal 10.0.0.77',
    'shop subnet 10.0.0.0/24',
    'shop vpc 10.0.0.0/16',
  ],
})

scenario('Regions and zones are those that the server is told of', {
  steps: [
    {
      as: 'shop',
      asks: ask('DescribeRegions', {}),
      gets: { Regions: [{ RegionName: home }, { RegionName: abroad }] },
    },
    {
      as: 'shop',
      asks: ask('DescribeAvailabilityZones', {}),
      gets: {
        AvailabilityZones: [
          { ZoneName: 'us-east-1a', ZoneId: 'use1-az1', State: 'available', RegionName: home },
          { ZoneName: 'us-east-1b', ZoneId: 'use1-az2' },
          { ZoneName: 'us-east-1c', ZoneId: 'use1-az3' },
        ],
      },
    },
  ],
  leaves: [],
})
