// Stories of IPAMs, scopes, pools, their CIDRs and allocations.
import { abroad, home } from './acme.ts'
import { pool, tag } from './chapters.ts'
import { ask, type Call, inAnyOrder, type Shape, type Step, scenario } from './scenario.ts'

const asNetwork = (asks: Call, gets?: Shape): Step => ({
  as: 'network',
  asks,
  ...(gets ? { gets } : {}),
})

scenario('an IPAM is seen being created and then complete, changed, and deleted', {
  steps: [
    {
      as: 'network',
      asks: ask('CreateIpam'),
      refused: 'ResourceLimitExceeded',
      saying: 'You have created 1 ipams and you are limited to 1.',
    },
    {
      as: 'network',
      in: abroad,
      asks: ask('CreateIpam', {
        Description: 'second',
        Tier: 'free',
        TagSpecifications: [{ ResourceType: 'ipam', Tags: [{ Key: 'Name', Value: 'second' }] }],
      }),
      gets: {
        Ipam: {
          IpamId: '$second',
          OwnerId: '$network',
          IpamArn: 'arn:aws:ec2::$network:ipam/$second',
          IpamRegion: abroad,
          OperatingRegions: [{ RegionName: abroad }],
          State: 'create-in-progress',
          ScopeCount: 2,
          Tier: 'free',
          Tags: [{ Key: 'Name', Value: 'second' }],
        },
      },
    },
    {
      as: 'network',
      in: abroad,
      asks: ask('DescribeIpams', { IpamIds: ['$second'] }),
      gets: { Ipams: [{ IpamId: '$second', State: 'create-complete', Description: 'second' }] },
    },
    {
      as: 'network',
      in: abroad,
      asks: ask('ModifyIpam', { IpamId: '$second', AddOperatingRegions: [{ RegionName: home }], Tier: 'advanced' }),
      gets: {
        Ipam: { State: 'modify-in-progress', OperatingRegions: [{ RegionName: abroad }, { RegionName: home }] },
      },
    },
    {
      as: 'network',
      in: abroad,
      asks: ask('DescribeIpams', {}),
      gets: { Ipams: [{ IpamId: '$second', State: 'modify-complete', Tier: 'advanced' }] },
    },
    {
      as: 'network',
      in: abroad,
      asks: ask('DeleteIpam', { IpamId: '$second' }),
      gets: { Ipam: { IpamId: '$second', State: 'delete-in-progress' } },
    },
    {
      as: 'network',
      in: abroad,
      asks: ask('DescribeIpams', { IpamIds: ['$second'] }),
      refused: 'InvalidIpamId.NotFound',
      saying: "The ipam ID '$second' does not exist",
    },
    { as: 'network', in: abroad, asks: ask('DescribeIpams', {}), gets: { Ipams: [] } },
    asNetwork(ask('DescribeIpams', {}), { Ipams: [{ IpamId: '$ipam', State: 'create-complete' }] }),
  ],
  leaves: [],
})

scenario('an IPAM of another account does not exist', {
  steps: [
    {
      as: 'shop',
      asks: ask('DescribeIpams', { IpamIds: ['$ipam'] }),
      refused: 'InvalidIpamId.NotFound',
      saying: "The ipam ID '$ipam' does not exist",
    },
    {
      as: 'shop',
      asks: ask('CreateIpamPool', { IpamScopeId: '$private', AddressFamily: 'ipv4' }),
      refused: 'InvalidIpamScopeId.NotFound',
      saying: "The ipam-scope ID '$private' does not exist",
    },
    { as: 'shop', asks: ask('DescribeIpams', {}), gets: { Ipams: [] } },
    { as: 'shop', asks: ask('DescribeIpamScopes', {}), gets: { IpamScopes: [] } },
    { as: 'shop', asks: ask('DescribeIpamPools', {}), gets: { IpamPools: [] } },
    asNetwork(ask('DescribeIpamPools', {}), { IpamPools: [] }),
  ],
  leaves: [],
})

scenario('a private scope of our own is made, described and deleted', {
  steps: [
    asNetwork(ask('CreateIpamScope', { IpamId: '$ipam', Description: 'plant' }), {
      IpamScope: { IpamScopeId: '$plant', IpamScopeType: 'private', IsDefault: false, State: 'create-in-progress' },
    }),
    asNetwork(ask('DescribeIpamScopes', {}), {
      IpamScopes: inAnyOrder([
        { IpamScopeId: '$public', IpamScopeType: 'public', IsDefault: true, PoolCount: 0 },
        { IpamScopeId: '$private', IpamScopeType: 'private', IsDefault: true, PoolCount: 0 },
        { IpamScopeId: '$plant', IsDefault: false, Description: 'plant', State: 'create-complete' },
      ]),
    }),
    pool('line', { IpamScopeId: '$plant', cidr: '10.0.0.0/16' }),
    {
      as: 'network',
      asks: ask('DeleteIpamScope', { IpamScopeId: '$plant' }),
      refused: 'DependencyViolation',
      saying:
        'The specified action is not valid for `$plant`. There are one or more pools in the scope (1); delete them first.',
    },
    asNetwork(ask('ModifyIpamScope', { IpamScopeId: '$plant', Description: 'factory' }), {
      IpamScope: { Description: 'factory', State: 'modify-in-progress', PoolCount: 1 },
    }),
    asNetwork(ask('DeprovisionIpamPoolCidr', { IpamPoolId: '$line', Cidr: '10.0.0.0/16' }), {
      IpamPoolCidr: { Cidr: '10.0.0.0/16', State: 'pending-deprovision' },
    }),
    asNetwork(ask('DeleteIpamPool', { IpamPoolId: '$line' }), { IpamPool: { State: 'delete-in-progress' } }),
    asNetwork(ask('DeleteIpamScope', { IpamScopeId: '$plant' }), { IpamScope: { State: 'delete-in-progress' } }),
    {
      as: 'network',
      asks: ask('DescribeIpamScopes', { IpamScopeIds: ['$plant'] }),
      refused: 'InvalidIpamScopeId.NotFound',
      saying: "The ipam-scope ID '$plant' does not exist",
    },
  ],
  leaves: [],
})

scenario('pools stand in pools: space comes from the parent, the locale too, and all is given back', {
  steps: [
    pool('top', { IpamScopeId: '$private', Locale: undefined, cidr: '10.0.0.0/8' }),
    pool('region', { IpamScopeId: '$private', SourceIpamPoolId: '$top', cidr: '10.0.0.0/12' }),
    asNetwork(ask('CreateIpamPool', { IpamScopeId: '$private', SourceIpamPoolId: '$region', AddressFamily: 'ipv4' }), {
      IpamPool: { IpamPoolId: '$prodpool', Locale: 'None', PoolDepth: 3, SourceIpamPoolId: '$region' },
    }),
    {
      as: 'network',
      asks: ask('CreateIpamPool', {
        IpamScopeId: '$private',
        SourceIpamPoolId: '$region',
        AddressFamily: 'ipv4',
        Locale: abroad,
      }),
      refused: 'InvalidParameterValue',
      saying: "Value (eu-central-1) for parameter locale is invalid. The source pool's Locale is us-east-1.",
    },
    asNetwork(ask('ProvisionIpamPoolCidr', { IpamPoolId: '$prodpool', NetmaskLength: 16 }), {
      IpamPoolCidr: { NetmaskLength: 16, State: 'pending-provision', IpamPoolCidrId: '$cidr' },
    }),
    asNetwork(ask('GetIpamPoolCidrs', { IpamPoolId: '$prodpool' }), {
      IpamPoolCidrs: [{ Cidr: '10.0.0.0/16', State: 'provisioned', NetmaskLength: 16, IpamPoolCidrId: '$cidr' }],
    }),
    {
      as: 'network',
      asks: ask('DeleteIpamPool', { IpamPoolId: '$region' }),
      refused: 'DependencyViolation',
      saying:
        'The specified action is not valid for `$region`. There are one or more pool cidrs provisioned in the pool.',
    },
    asNetwork(ask('GetIpamPoolAllocations', { IpamPoolId: '$top' }), {
      IpamPoolAllocations: [{ Cidr: '10.0.0.0/12', ResourceType: 'ipam-pool', ResourceId: '$region' }],
    }),
  ],
  leaves: ['top: 10.0.0.0/12 ipam-pool region', 'region: 10.0.0.0/16 ipam-pool prodpool'],
})

scenario('space that overlaps, has host bits or is of the other family is refused by name', {
  steps: [
    pool('ten', { IpamScopeId: '$private', cidr: '10.0.0.0/8' }),
    pool('other', { IpamScopeId: '$private' }),
    // As in EC2, what another pool holds is seen when the work is done.
    asNetwork(ask('ProvisionIpamPoolCidr', { IpamPoolId: '$other', Cidr: '10.1.0.0/16' }), {
      IpamPoolCidr: { Cidr: '10.1.0.0/16', State: 'pending-provision' },
    }),
    asNetwork(ask('GetIpamPoolCidrs', { IpamPoolId: '$other' }), {
      IpamPoolCidrs: [
        { Cidr: '10.1.0.0/16', State: 'failed-provision', FailureReason: { Code: 'cidr-not-available' } },
      ],
    }),
    {
      as: 'network',
      asks: ask('AllocateIpamPoolCidr', { IpamPoolId: '$other', Cidr: '10.1.0.0/24' }),
      refused: 'InvalidParameterValue',
      saying:
        'Value (10.1.0.0/24) for parameter cidr is invalid. It is not inside the provisioned CIDRs of the pool `$other` (it has none yet).',
    },
    asNetwork(ask('DeprovisionIpamPoolCidr', { IpamPoolId: '$other', Cidr: '10.1.0.0/16' })),
    {
      as: 'network',
      asks: ask('ProvisionIpamPoolCidr', { IpamPoolId: '$other', Cidr: '172.16.0.1/16' }),
      refused: 'InvalidParameterValue',
      saying:
        'Value (172.16.0.1/16) for parameter cidr is invalid. It has host bits set; the network `172.16.0.0/16` was probably meant.',
    },
    {
      as: 'network',
      asks: ask('ProvisionIpamPoolCidr', { IpamPoolId: '$other', Cidr: 'fd12::/48' }),
      refused: 'InvalidParameterValue',
      saying: 'Value (fd12::/48) for parameter cidr is invalid. The pool is ipv4.',
    },
    asNetwork(ask('GetIpamPoolCidrs', { IpamPoolId: '$other' }), { IpamPoolCidrs: [] }),
  ],
  leaves: [],
})

scenario('allocations by hand: previewed, allowed and disallowed space, by name, released', {
  steps: [
    pool('ten', { IpamScopeId: '$private', cidr: '10.0.0.0/16' }),
    asNetwork(ask('AllocateIpamPoolCidr', { IpamPoolId: '$ten', NetmaskLength: 24, PreviewNextCidr: true }), {
      IpamPoolAllocation: { Cidr: '10.0.0.0/24' },
    }),
    asNetwork(ask('AllocateIpamPoolCidr', { IpamPoolId: '$ten', NetmaskLength: 24, Description: 'first' }), {
      IpamPoolAllocation: {
        Cidr: '10.0.0.0/24',
        IpamPoolAllocationId: '$first',
        ResourceType: 'custom',
        ResourceOwner: '$network',
        Description: 'first',
      },
    }),
    asNetwork(
      ask('AllocateIpamPoolCidr', { IpamPoolId: '$ten', NetmaskLength: 24, DisallowedCidrs: ['10.0.0.0/20'] }),
      { IpamPoolAllocation: { Cidr: '10.0.16.0/24' } },
    ),
    asNetwork(ask('AllocateIpamPoolCidr', { IpamPoolId: '$ten', NetmaskLength: 24, AllowedCidrs: ['10.0.128.0/17'] }), {
      IpamPoolAllocation: { Cidr: '10.0.128.0/24' },
    }),
    asNetwork(ask('AllocateIpamPoolCidr', { IpamPoolId: '$ten', Cidr: '10.0.200.0/24' }), {
      IpamPoolAllocation: { Cidr: '10.0.200.0/24', IpamPoolAllocationId: '$named' },
    }),
    {
      as: 'network',
      asks: ask('AllocateIpamPoolCidr', { IpamPoolId: '$ten', Cidr: '10.0.200.128/25' }),
      refused: 'InvalidParameterValue',
      saying:
        'The CIDR `10.0.200.128/25` of the parameter `Cidr` conflicts with another CIDR. It is already allocated, in whole or in part.',
    },
    {
      as: 'network',
      asks: ask('AllocateIpamPoolCidr', { IpamPoolId: '$ten', NetmaskLength: 15 }),
      refused: 'InvalidParameterValue',
      saying: 'Value (15) for parameter netmaskLength is invalid. The allocation size is too big for the pool.',
    },
    asNetwork(ask('ModifyIpamPoolAllocation', { IpamPoolAllocationId: '$first', Description: 'renamed' })),
    asNetwork(
      ask('ReleaseIpamPoolAllocation', { IpamPoolId: '$ten', IpamPoolAllocationId: '$named', Cidr: '10.0.200.0/24' }),
      {
        Success: true,
      },
    ),
    {
      as: 'network',
      asks: ask('ReleaseIpamPoolAllocation', {
        IpamPoolId: '$ten',
        IpamPoolAllocationId: '$named',
        Cidr: '10.0.200.0/24',
      }),
      refused: 'InvalidIpamPoolAllocationId.NotFound',
      saying: 'The IPAM pool allocation ($named) does not exist.',
    },
    asNetwork(ask('GetIpamPoolAllocations', { IpamPoolId: '$ten', IpamPoolAllocationId: '$first' }), {
      IpamPoolAllocations: [{ Cidr: '10.0.0.0/24', Description: 'renamed' }],
    }),
  ],
  leaves: ['ten: 10.0.0.0/24 custom network', 'ten: 10.0.16.0/24 custom network', 'ten: 10.0.128.0/24 custom network'],
})

scenario("a pool's own rules hold: lengths, and the tags that resources must carry", {
  steps: [
    pool('ten', {
      IpamScopeId: '$private',
      cidr: '10.0.0.0/16',
      AllocationMinNetmaskLength: 20,
      AllocationDefaultNetmaskLength: 24,
      AllocationMaxNetmaskLength: 26,
      AllocationResourceTags: [{ Key: 'env', Value: 'prod' }],
    }),
    {
      as: 'network',
      asks: ask('CreateVpc', { Ipv4IpamPoolId: '$ten' }),
      refused: 'InvalidParameterValue',
      saying:
        'The resource is missing one or more of the resource tags required by the IPAM pool. Pool `$ten` also requires `env=prod`.',
    },
    asNetwork(
      ask('CreateVpc', {
        Ipv4IpamPoolId: '$ten',
        TagSpecifications: [{ ResourceType: 'vpc', Tags: [{ Key: 'env', Value: 'prod' }] }],
      }),
      { Vpc: { CidrBlock: '10.0.0.0/24', State: 'pending' } },
    ),
    {
      as: 'network',
      asks: ask('CreateVpc', {
        Ipv4IpamPoolId: '$ten',
        Ipv4NetmaskLength: 16,
        TagSpecifications: [{ ResourceType: 'vpc', Tags: [{ Key: 'env', Value: 'prod' }] }],
      }),
      refused: 'InvalidParameterValue',
      saying:
        'Value (/16) for parameter ipv4NetmaskLength is invalid. Pool `$ten` does not allow min-netmask-length `/16`; allowed: `/20 to /26`.',
    },
  ],
  leaves: ['network vpc 10.0.0.0/24', 'ten: 10.0.0.0/24 vpc network'],
})

scenario('IPv6: a public pool for the world, unique local space inside, and VPCs of both', {
  steps: [
    pool('world', { AddressFamily: 'ipv6', PubliclyAdvertisable: true, cidr: '3fff:100::/40' }),
    pool('inside', { IpamScopeId: '$private', AddressFamily: 'ipv6', cidr: 'fd12:3400::/32' }),
    asNetwork(ask('CreateVpc', { CidrBlock: '10.0.0.0/16', Ipv6IpamPoolId: '$world', Ipv6NetmaskLength: 56 }), {
      Vpc: {
        Ipv6CidrBlockAssociationSet: [{ Ipv6CidrBlock: '3fff:100::/56', Ipv6Pool: 'IPAM Managed', IpSource: 'byoip' }],
      },
    }),
    asNetwork(ask('CreateVpc', { CidrBlock: '10.1.0.0/16', Ipv6IpamPoolId: '$inside', Ipv6NetmaskLength: 48 }), {
      Vpc: { VpcId: '$vpc', Ipv6CidrBlockAssociationSet: [{ Ipv6CidrBlock: 'fd12:3400::/48', IpSource: 'none' }] },
    }),
    asNetwork(ask('CreateSubnet', { VpcId: '$vpc', CidrBlock: '10.1.0.0/24', Ipv6CidrBlock: 'fd12:3400::/64' }), {
      Subnet: { CidrBlock: '10.1.0.0/24' },
    }),
  ],
  leaves: [
    'network vpc 10.0.0.0/16 3fff:100::/56',
    'network vpc 10.1.0.0/16 fd12:3400::/48',
    'network subnet 10.1.0.0/24 fd12:3400::/64',
    'world: 3fff:100::/56 vpc network',
    'inside: fd12:3400::/48 vpc network',
  ],
})

scenario('a shared pool is seen and used by those it is shared with, and changed by its owner alone', {
  steps: [
    pool('edge', { cidr: '203.0.113.0/28' }),
    { as: 'shop', asks: ask('DescribeIpamPools', {}), gets: { IpamPools: [] } },
    tag('$edge', { 'cadastre:shared-with': '$prod' }),
    {
      as: 'shop',
      asks: ask('DescribeIpamPools', { IpamPoolIds: ['$edge'] }),
      gets: { IpamPools: [{ IpamPoolId: '$edge', OwnerId: '$network' }] },
    },
    {
      as: 'shop',
      asks: ask('DeleteIpamPool', { IpamPoolId: '$edge' }),
      refused: 'UnauthorizedOperation',
      saying: 'You are not authorized to perform `ec2:DeleteIpamPool`. The pool $edge belongs to another account.',
    },
    {
      as: 'lab',
      asks: ask('DescribeIpamPools', { IpamPoolIds: ['$edge'] }),
      refused: 'InvalidIpamPoolId.NotFound',
      saying: "The ipam-pool ID '$edge' does not exist",
    },
    {
      as: 'shop',
      asks: ask('AllocateAddress', { IpamPoolId: '$edge' }),
      gets: { PublicIpv4Pool: '$edge', PublicIp: '203.0.113.0' },
    },
  ],
  leaves: ['shop eip 203.0.113.0 of edge', 'edge: 203.0.113.0/32 eip shop'],
})

scenario('tags: put, found by filters, listed and taken away', {
  steps: [
    pool('edge', { tags: { Name: 'edge', env: 'prod' } }),
    pool('spare', { tags: { Name: 'spare' } }),
    asNetwork(ask('DescribeIpamPools', { Filters: [{ Name: 'tag:env', Values: ['pro*'] }] }), {
      IpamPools: [{ IpamPoolId: '$edge' }],
    }),
    asNetwork(ask('DescribeIpamPools', { Filters: [{ Name: 'tag-key', Values: ['Name'] }] }), {
      IpamPools: inAnyOrder([{ IpamPoolId: '$edge' }, { IpamPoolId: '$spare' }]),
    }),
    tag('$spare', { env: 'dev' }),
    asNetwork(ask('DescribeTags', { Filters: [{ Name: 'key', Values: ['env'] }] }), {
      Tags: inAnyOrder([
        { Key: 'env', Value: 'prod', ResourceId: '$edge', ResourceType: 'ipam-pool' },
        { Key: 'env', Value: 'dev', ResourceId: '$spare', ResourceType: 'ipam-pool' },
      ]),
    }),
    asNetwork(ask('DeleteTags', { Resources: ['$spare'], Tags: [{ Key: 'env' }] })),
    asNetwork(ask('DescribeTags', { Filters: [{ Name: 'resource-id', Values: ['$spare'] }] }), {
      Tags: [{ Key: 'Name', Value: 'spare' }],
    }),
    {
      as: 'shop',
      asks: ask('CreateTags', { Resources: ['$edge'], Tags: [{ Key: 'mine', Value: 'yes' }] }),
      refused: 'InvalidIpamPoolId.NotFound',
      saying: "The ipam-pool ID '$edge' does not exist",
    },
    {
      as: 'network',
      asks: ask('DescribeAddresses', { Filters: [{ Name: 'colour', Values: ['blue'] }] }),
      refused: 'InvalidParameterValue',
      saying:
        "The filter 'colour' is invalid. Allowed are `allocation-id`, `association-id`, `domain`, `instance-id`, `network-border-group`, `network-interface-id`, `network-interface-owner-id`, `private-ip-address`, `public-ip`, `tag:<key>`, `tag-key`.",
    },
    asNetwork(ask('DescribeTags', { Filters: [{ Name: 'key', Values: ['mine'] }] }), { Tags: [] }),
  ],
  leaves: [],
})
