// Stories of Elastic IPs under policy: which pool serves, what is denied, and why.
import { abroad } from './acme.ts'
import { policy, pool, tag } from './chapters.ts'
import { ask, type Step, scenario } from './scenario.ts'

/** The account takes an address and names nothing; it comes from the pool. */
const takes = (as: 'shop' | 'lab' | 'toys', name: string, from: string, ip?: string): Step => ({
  as,
  asks: ask('AllocateAddress', {}),
  gets: { AllocationId: `$${name}`, PublicIpv4Pool: from, Domain: 'vpc', ...(ip ? { PublicIp: ip } : {}) },
})

scenario("an Elastic IP comes from the policy's pool though the caller named none", {
  steps: [
    pool('edge', { cidr: '203.0.113.0/28' }),
    policy('law', { rules: { eip: ['edge'] }, on: ['$root'] }),
    {
      as: 'shop',
      asks: ask('AllocateAddress', {}),
      gets: {
        AllocationId: '$eip',
        PublicIp: '203.0.113.0',
        PublicIpv4Pool: '$edge',
        NetworkBorderGroup: 'us-east-1',
        Domain: 'vpc',
        decision: '$decision',
        warning: undefined,
      },
    },
    {
      explain: '$decision',
      says: [
        'An eip in us-east-1 got 203.0.113.0/32 from pool `$edge`, by policy `$law` version 2, enabled on `$root`, rule 1.',
        'account     $shop (shop)',
        'asked for   eip in us-east-1, ipv4',
        'outcome     allow (enforce)',
        'policy      $law version 2',
        'enabled on  $root (Root)',
        'document    eip in us-east-1',
        'candidates  $edge',
        'from        $edge',
        'block       203.0.113.0/32',
        'action      AllocateAddress',
      ],
    },
    {
      as: 'shop',
      asks: ask('DescribeAddresses', { AllocationIds: ['$eip'] }),
      gets: { Addresses: [{ AllocationId: '$eip', PublicIp: '203.0.113.0', PublicIpv4Pool: '$edge', Tags: [] }] },
    },
    {
      as: 'network',
      asks: ask('GetIpamPoolAllocations', { IpamPoolId: '$edge' }),
      gets: {
        IpamPoolAllocations: [
          { Cidr: '203.0.113.0/32', ResourceType: 'eip', ResourceId: '$eip', ResourceOwner: '$shop' },
        ],
      },
    },
  ],
  leaves: ['shop eip 203.0.113.0 of edge', 'edge: 203.0.113.0/32 eip shop'],
})

scenario('a pool that the policy does not list is denied, and nothing changes', {
  steps: [
    pool('edge', { cidr: '203.0.113.0/28' }),
    pool('spare', { cidr: '198.51.100.0/28', tags: { 'cadastre:shared-with': '$root' } }),
    policy('law', { rules: { eip: ['edge'] }, on: ['$workloads'] }),
    {
      as: 'shop',
      asks: ask('AllocateAddress', { IpamPoolId: '$spare' }),
      refused: 'UnauthorizedOperation',
      saying: [
        '$decision: Policy `$law` version 2, enabled on `$workloads`, does not let you choose `$spare`; allowed: `$edge`.',
        'Policy: `$law` version 2, enabled on `$workloads`.',
        'Document: eip in us-east-1.',
        'Decided by: setting `on-explicit`.',
        'Value: $spare.',
        'Allowed: $edge.',
        'For an exception, ask account $network, the owner of policy `$law`, naming $decision.',
        'Nearest change: Do not name `$spare`: it would come from pool `$edge`.',
        "To request an exception, as somebody with `ipam-administrator` or `resource-operator` at account $shop: `cadastre exception request --decision $decision --for 7d --reason 'WHY'`.",
      ].join('\n'),
    },
    {
      explain: '$decision',
      says: [
        'decision    $decision',
        'account     $shop (shop)',
        'asked for   eip in us-east-1, ipv4 from $spare',
        'outcome     deny (enforce)',
        'policy      $law version 2',
        'enabled on  $workloads (Workloads)',
        'document    eip in us-east-1',
        'by          arn:aws:sts::$shop:assumed-role/OrganizationAccountAccessRole/scenario',
        'action      AllocateAddress',
      ],
    },
  ],
  leaves: [],
})

scenario("another account's pool that is not shared does not exist", {
  steps: [
    pool('edge', { cidr: '203.0.113.0/28' }),
    {
      as: 'toys',
      asks: ask('AllocateAddress', { IpamPoolId: '$edge' }),
      refused: 'InvalidIpamPoolId.NotFound',
      saying: "The ipam-pool ID '$edge' does not exist",
    },
    {
      as: 'toys',
      asks: ask('AllocateAddress', { IpamPoolId: 'ipam-pool-0123456789abcdef0' }),
      refused: 'InvalidIpamPoolId.NotFound',
      saying: "The ipam-pool ID 'ipam-pool-0123456789abcdef0' does not exist",
    },
  ],
  leaves: [],
})

scenario('a listed pool that the caller names is honoured, also as the second of the list', {
  steps: [
    pool('edge', { cidr: '203.0.113.0/28' }),
    pool('second', { cidr: '198.51.100.0/28' }),
    policy('law', { rules: { eip: ['edge', 'second'] }, on: ['$root'] }),
    {
      as: 'shop',
      asks: ask('AllocateAddress', { IpamPoolId: '$second' }),
      gets: { PublicIpv4Pool: '$second', PublicIp: '198.51.100.0' },
    },
    takes('shop', 'eip', '$edge'),
  ],
  leaves: [
    'shop eip 198.51.100.0 of second',
    'shop eip 203.0.113.0 of edge',
    'second: 198.51.100.0/32 eip shop',
    'edge: 203.0.113.0/32 eip shop',
  ],
})

scenario('a pool of another Region is refused in this one', {
  steps: [
    pool('far', { cidr: '203.0.113.0/28', Locale: abroad }),
    policy('law', { rules: { [`${abroad}/eip`]: ['far'] }, on: ['$root'] }),
    {
      as: 'shop',
      asks: ask('AllocateAddress', { IpamPoolId: '$far' }),
      refused: 'InvalidParameterValue',
      saying:
        "Value ($far) for parameter ipamPoolId is invalid. The pool's locale is `eu-central-1`, and this request is for `us-east-1`.",
    },
    {
      as: 'shop',
      in: abroad,
      asks: ask('AllocateAddress', {}),
      gets: { PublicIpv4Pool: '$far', PublicIp: '203.0.113.0', NetworkBorderGroup: abroad },
    },
  ],
  leaves: ['shop eip 203.0.113.0 of far in eu-central-1', 'far: 203.0.113.0/32 eip shop'],
})

scenario('where nothing may be had outside policy, a Region without a document is denied', {
  steps: [
    tag('$ipam', { 'cadastre:unmatched': 'deny' }),
    pool('edge', { cidr: '203.0.113.0/28' }),
    policy('law', { rules: { eip: ['edge'] }, on: ['$root'] }),
    {
      as: 'shop',
      in: abroad,
      asks: ask('AllocateAddress', {}),
      refused: 'UnauthorizedOperation',
      saying: [
        '$decision: No policy speaks of eip in eu-central-1, and nothing is given outside policy.',
        'Decided by: rule `unmatched`.',
        'Value: eip in eu-central-1.',
        'Allowed: nothing.',
        'For an exception, ask account $network, the owner of the IPAM, naming $decision.',
        'Nearest change: Ask for an exception that grants provider-assigned space: approved by somebody else, it would come from provider-assigned space.',
        "To request an exception, as somebody with `ipam-administrator` or `resource-operator` at account $shop: `cadastre exception request --decision $decision --for 7d --reason 'WHY'`.",
      ].join('\n'),
    },
    { explain: '$decision', says: ['asked for   eip in eu-central-1, ipv4', 'outcome     deny (enforce)'] },
    takes('shop', 'eip', '$edge'),
  ],
  leaves: ['shop eip 203.0.113.0 of edge', 'edge: 203.0.113.0/32 eip shop'],
})

scenario('a pool that runs dry is denied; with a second one in the list the second serves', {
  steps: [
    pool('edge', { cidr: '203.0.113.0/31' }),
    pool('second', { cidr: '198.51.100.0/32' }),
    policy('law', { rules: { eip: ['edge', 'second'] }, on: ['$root'] }),
    takes('shop', 'one', '$edge', '203.0.113.0'),
    takes('shop', 'two', '$edge', '203.0.113.1'),
    takes('shop', 'three', '$second', '198.51.100.0'),
    {
      as: 'shop',
      asks: ask('AllocateAddress', {}),
      refused: 'InsufficientAddressCapacity',
      saying: [
        '$decision: No free space is left: /32 in $edge, /32 in $second.',
        'Policy: `$law` version 2, enabled on `$root`.',
        'Document: eip in us-east-1.',
        'Decided by: setting `on-exhausted`.',
        'Value: /32 in $edge, /32 in $second.',
        'Allowed: nothing.',
        'For an exception, ask account $network, the owner of policy `$law`, naming $decision.',
        'Nearest change: Ask for an exception that grants provider-assigned space: approved by somebody else, it would come from provider-assigned space.',
        "To request an exception, as somebody with `ipam-administrator` or `resource-operator` at account $shop: `cadastre exception request --decision $decision --for 7d --reason 'WHY'`.",
      ].join('\n'),
    },
    { explain: '$decision', says: ['outcome     deny (enforce)', 'candidates  $edge, $second'] },
    { as: 'shop', asks: ask('ReleaseAddress', { AllocationId: '$two' }) },
    takes('shop', 'four', '$edge', '203.0.113.1'),
  ],
  leaves: [
    'shop eip 203.0.113.0 of edge',
    'shop eip 203.0.113.1 of edge',
    'shop eip 198.51.100.0 of second',
    'edge: 203.0.113.0/32 eip shop',
    'edge: 203.0.113.1/32 eip shop',
    'second: 198.51.100.0/32 eip shop',
  ],
})

scenario('a dry pool falls back to the provider where the policy says so', {
  steps: [
    pool('edge', { cidr: '203.0.113.0/32' }),
    policy('law', { settings: { 'on-exhausted': 'provider' }, rules: { eip: ['edge'] }, on: ['$root'] }),
    takes('shop', 'one', '$edge'),
    takes('shop', 'two', 'amazon', '198.18.0.0'),
  ],
  leaves: ['shop eip 203.0.113.0 of edge', 'shop eip 198.18.0.0 of amazon', 'edge: 203.0.113.0/32 eip shop'],
})

scenario('a released address rests as long as its pool says', {
  steps: [
    pool('edge', { cidr: '203.0.113.0/32', tags: { 'cadastre:quarantine-seconds': '3600' } }),
    policy('law', { rules: { eip: ['edge'] }, on: ['$root'] }),
    takes('shop', 'eip', '$edge'),
    { as: 'shop', asks: ask('ReleaseAddress', { AllocationId: '$eip' }) },
    {
      as: 'lab',
      asks: ask('AllocateAddress', {}),
      refused: 'InsufficientAddressCapacity',
      saying: [
        '$decision: No free space is left: /32 in $edge.',
        'Policy: `$law` version 2, enabled on `$root`.',
        'Document: eip in us-east-1.',
        'Decided by: setting `on-exhausted`.',
        'Value: /32 in $edge.',
        'Allowed: nothing.',
        'For an exception, ask account $network, the owner of policy `$law`, naming $decision.',
        'Nearest change: Ask for an exception that grants provider-assigned space: approved by somebody else, it would come from provider-assigned space.',
        "To request an exception, as somebody with `ipam-administrator` or `resource-operator` at account $lab: `cadastre exception request --decision $decision --for 7d --reason 'WHY'`.",
      ].join('\n'),
    },
    {
      as: 'shop',
      asks: ask('ReleaseAddress', { AllocationId: '$eip' }),
      refused: 'InvalidAllocationID.NotFound',
      saying: "The allocation ID '$eip' does not exist",
    },
  ],
  leaves: [],
})

scenario('an Elastic IP is associated, moved, let go and given back', {
  steps: [
    takes('shop', 'eip', 'amazon', '198.18.0.0'),
    {
      as: 'shop',
      asks: ask('AssociateAddress', { AllocationId: '$eip', InstanceId: 'i-0123456789abcdef0' }),
      gets: { AssociationId: '$association' },
    },
    {
      as: 'shop',
      asks: ask('AssociateAddress', {
        AllocationId: '$eip',
        InstanceId: 'i-0fedcba9876543210',
        AllowReassociation: false,
      }),
      refused: 'Resource.AlreadyAssociated',
      saying: '`$eip` is already associated. It is associated with i-0123456789abcdef0.',
    },
    {
      as: 'shop',
      asks: ask('ReleaseAddress', { AllocationId: '$eip' }),
      refused: 'InvalidIPAddress.InUse',
      saying: '`$eip` is in use. It is associated ($association); disassociate it first.',
    },
    {
      as: 'lab',
      asks: ask('DisassociateAddress', { AssociationId: '$association' }),
      refused: 'InvalidAssociationID.NotFound',
      saying: "The association ID '$association' does not exist",
    },
    {
      as: 'shop',
      asks: ask('DescribeAddresses', { Filters: [{ Name: 'instance-id', Values: ['i-0123*'] }] }),
      gets: { Addresses: [{ AllocationId: '$eip', AssociationId: '$association' }] },
    },
    { as: 'shop', asks: ask('DisassociateAddress', { AssociationId: '$association' }) },
    { as: 'shop', asks: ask('ReleaseAddress', { AllocationId: '$eip' }) },
    {
      as: 'shop',
      asks: ask('DescribeAddresses', { AllocationIds: ['$eip'] }),
      refused: 'InvalidAllocationID.NotFound',
      saying: "The allocation ID '$eip' does not exist",
    },
  ],
  leaves: [],
})

scenario('an address of another account is as good as none', {
  steps: [
    takes('shop', 'eip', 'amazon', '198.18.0.0'),
    ...(['ReleaseAddress', 'AssociateAddress'] as const).map(
      (name): Step => ({
        as: 'lab',
        asks: ask(name, { AllocationId: '$eip', ...(name === 'AssociateAddress' ? { InstanceId: 'i-01234567' } : {}) }),
        refused: 'InvalidAllocationID.NotFound',
        saying: "The allocation ID '$eip' does not exist",
      }),
    ),
    { as: 'lab', asks: ask('DescribeAddresses', {}), gets: { Addresses: [] } },
    { as: 'shop', in: abroad, asks: ask('DescribeAddresses', {}), gets: { Addresses: [] } },
    {
      as: 'shop',
      in: abroad,
      asks: ask('ReleaseAddress', { AllocationId: '$eip' }),
      refused: 'InvalidAllocationID.NotFound',
      saying: "The allocation ID '$eip' does not exist",
    },
  ],
  leaves: ['shop eip 198.18.0.0 of amazon'],
})
