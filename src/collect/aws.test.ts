// AWS as it answers: shapes of EC2, Organizations and STS, with each trap in them that people have met.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Vpc } from '@aws-sdk/client-ec2'
import type { WrittenObservation } from '#formats/observations.ts'
import { aws, collectFrom } from './aws.ts'
import type { AskEc2, Aws, Ec2Calls, Identity, Role } from './aws-sdk.ts'
import type { AskService, ServiceCall } from './aws-signed.ts'
import { AwsTrouble } from './aws-trouble.ts'
import { type Collector, SourceTrouble } from './collector.ts'
import { type Observed, observed } from './testing.ts'

type Action = keyof Ec2Calls
type Answers = { [A in Action]?: Ec2Calls[A][1] | ((input: Ec2Calls[A][0]) => Ec2Calls[A][1]) }

interface Told {
  /** What EC2 answers in an account and Region; nothing is there where it does not say. */
  ec2?(account: string, region: string): Answers
  /** What services beside it answer; nothing is there where it does not say. */
  services?(call: ServiceCall, input: Parameters<AskService>[1], region: string): unknown
  /** By their tokens; the first one has none. */
  readonly accounts?: Readonly<Record<string, Awaited<ReturnType<Aws['listAccounts']>>>>
  readonly regions?: readonly string[]
  assume?(role: Role): void
  readonly identity?: Identity
}
interface Asked {
  readonly account: string
  readonly region: string
  readonly action: Action
  readonly input: object
}

const own = '111122223333'
const other = '444455556666'
const region = 'eu-central-1'
const denied = (action: string) =>
  new AwsTrouble('UnauthorizedOperation', `${action}: UnauthorizedOperation: You are not authorized`, false)

/** AWS as it is told, and what was asked of it. */
function awsOf(told: Told): {
  readonly source: Aws
  readonly asked: readonly Asked[]
  readonly calls: Set<ServiceCall>
} {
  const asked: Asked[] = []
  const calls = new Set<ServiceCall>()
  const identity = told.identity ?? { account: own, arn: `arn:aws:iam::${own}:user/collector` }
  const session = (account: string) => ({
    ec2: (place: string) => ({
      ask: (async (action: Action, input: object) => {
        asked.push({ account, region: place, action, input })
        const answers: Answers = {
          DescribeRegions: { Regions: (told.regions ?? [region]).map((name) => ({ RegionName: name })) },
          ...told.ec2?.(account, place),
        }
        const answer = answers[action] as unknown
        return typeof answer === 'function' ? answer(input) : (answer ?? {})
      }) as AskEc2,
      close: () => {},
    }),
    services:
      (place: string): AskService =>
      async (call, input) => {
        calls.add(call)
        return told.services?.(call, input, place) ?? {}
      },
  })
  const source: Aws = {
    region,
    own: session(identity.account),
    identity: async () => identity,
    async listAccounts({ NextToken = '', MaxResults = 0 }) {
      assert(MaxResults >= 1 && MaxResults <= 20, 'more are an error there')
      return told.accounts?.[NextToken] ?? {}
    },
    async assume(role) {
      told.assume?.(role)
      return session(/::(\d{12}):/.exec(role.arn)![1]!)
    },
    close: () => {},
  }
  return { source, asked, calls }
}

async function collected(
  told: Told,
  options: Readonly<Record<string, string>> = {},
): Promise<Observed & { readonly asked: readonly Asked[]; readonly calls: ReadonlySet<ServiceCall> }> {
  const { source, asked, calls } = awsOf(told)
  const collector: Collector = { ...aws, collect: (around) => collectFrom(around, source) }
  return { ...(await observed(collector, {}, options)), asked, calls }
}
/** One account in one Region. */
const answered = (answers: Answers, options?: Readonly<Record<string, string>>) =>
  collected({ ec2: () => answers }, options)
const shown = (found: readonly WrittenObservation[], ...members: readonly (keyof WrittenObservation)[]) =>
  found.map((one) => members.map((member) => one[member] ?? ''))

const vpc = { VpcId: 'vpc-0a1', OwnerId: own, State: 'available', CidrBlock: '192.0.2.0/25' } as const
const role = { 'organization-role': 'cadastre-collect' }
const active = (id: string) => ({ Id: id, State: 'ACTIVE' }) as const
const both = { '': { Accounts: [active(own), active(other)] } }

// VPCs and subnets ---------------------------------------------------------------------------------------------------

test('a VPC has its secondary and IPv6 blocks, the primary one once, and none that is disassociated', async () => {
  const { found, unlisted } = await answered({
    DescribeVpcs: {
      Vpcs: [
        {
          ...vpc,
          CidrBlockAssociationSet: [
            { AssociationId: 'a-1', CidrBlock: '192.0.2.0/25', CidrBlockState: { State: 'associated' } },
            { AssociationId: 'a-2', CidrBlock: '198.51.100.0/24', CidrBlockState: { State: 'associating' } },
            { AssociationId: 'a-3', CidrBlock: '203.0.113.0/25', CidrBlockState: { State: 'disassociated' } },
            { AssociationId: 'a-4', CidrBlock: '203.0.113.128/25', CidrBlockState: { State: 'failed' } },
          ],
          Ipv6CidrBlockAssociationSet: [
            { Ipv6CidrBlock: '2001:DB8:0:100::/56', Ipv6CidrBlockState: { State: 'disassociating' } },
          ],
          Tags: [{ Key: 'Name', Value: 'shop' }],
        },
      ],
    },
  })
  const shared = {
    kind: 'network',
    type: 'vpc',
    space: 'vpc-0a1',
    id: 'vpc-0a1',
    account: own,
    locale: region,
    name: 'shop',
    tags: { Name: 'shop' },
  }
  assert.deepEqual(found, [
    { ...shared, cidr: '192.0.2.0/25', state: 'in-use', sourceState: 'associated' },
    { ...shared, cidr: '198.51.100.0/24', state: 'planned', sourceState: 'associating' },
    { ...shared, cidr: '2001:db8:0:100::/56', state: 'releasing', sourceState: 'disassociating' },
  ])
  assert.deepEqual(unlisted, [])
})

test('a VPC has its primary block also where no set has it', async () => {
  const { found } = await answered({ DescribeVpcs: { Vpcs: [vpc] } })
  assert.deepEqual(shown(found, 'cidr', 'state'), [['192.0.2.0/25', 'in-use']])
  const dual: Vpc = {
    ...vpc,
    Ipv6CidrBlockAssociationSet: [{ Ipv6CidrBlock: '2001:db8::/56', Ipv6CidrBlockState: { State: 'associated' } }],
  }
  const both = await answered({ DescribeVpcs: { Vpcs: [dual] } })
  assert.deepEqual(shown(both.found, 'cidr').flat().sort(), ['192.0.2.0/25', '2001:db8::/56'])
})

test('default VPCs, which have one block everywhere, are flagged and each in a space of its own', async () => {
  const { found } = await collected({
    regions: ['eu-central-1', 'us-east-1'],
    ec2: (_, place) => ({
      DescribeVpcs: { Vpcs: [{ VpcId: `vpc-${place}`, OwnerId: own, CidrBlock: '172.31.0.0/16', IsDefault: true }] },
    }),
  })
  assert.deepEqual(shown(found, 'cidr', 'space', 'locale').sort(), [
    ['172.31.0.0/16', 'vpc-eu-central-1', 'eu-central-1'],
    ['172.31.0.0/16', 'vpc-us-east-1', 'us-east-1'],
  ])
  assert(found.every(({ tags }) => tags?.['aws:default-vpc'] === 'true'))
})

test('subnets are in their VPC and zone; one may have IPv6 alone; their reservations are theirs', async () => {
  const subnet = { VpcId: 'vpc-0a1', OwnerId: own, State: 'available', AvailabilityZoneId: 'euc1-az2' } as const
  const { found } = await answered({
    DescribeSubnets: {
      Subnets: [
        { ...subnet, SubnetId: 'subnet-1', CidrBlock: '192.0.2.0/26', AvailableIpAddressCount: 3 },
        {
          ...subnet,
          SubnetId: 'subnet-2',
          Ipv6Native: true,
          Ipv6CidrBlockAssociationSet: [
            { Ipv6CidrBlock: '2001:db8:0:101::/64', Ipv6CidrBlockState: { State: 'associated' } },
            { Ipv6CidrBlock: '2001:db8:0:102::/64', Ipv6CidrBlockState: { State: 'disassociated' } },
          ],
        },
      ],
    },
    GetSubnetCidrReservations: ({ SubnetId }) =>
      SubnetId === 'subnet-1'
        ? {
            SubnetIpv4CidrReservations: [
              {
                SubnetCidrReservationId: 'scr-1',
                Cidr: '192.0.2.16/28',
                ReservationType: 'prefix',
                Description: 'nodes',
              },
            ],
          }
        : {},
  })
  assert.deepEqual(shown(found, 'kind', 'cidr', 'space', 'parent', 'zone', 'id', 'name'), [
    ['subnet', '192.0.2.0/26', 'vpc-0a1', 'vpc-0a1', 'euc1-az2', 'subnet-1', ''],
    ['subnet', '2001:db8:0:101::/64', 'vpc-0a1', 'vpc-0a1', 'euc1-az2', 'subnet-2', ''],
    ['reservation', '192.0.2.16/28', 'vpc-0a1', 'subnet-1', '', 'scr-1', 'nodes'],
  ])
})

test('a subnet that is shared is observed once, as its owner’s', async () => {
  const subnet = { SubnetId: 'subnet-1', VpcId: 'vpc-0a1', CidrBlock: '192.0.2.0/26', OwnerId: own }
  const ec2 = (): Answers => ({ DescribeSubnets: { Subnets: [subnet] }, DescribeVpcs: { Vpcs: [vpc] } })
  const { found } = await collected({ accounts: both, ec2 }, role)
  assert.deepEqual(shown(found, 'id', 'account'), [
    ['vpc-0a1', own],
    ['subnet-1', own],
  ])
  // Where one account alone is read nobody else tells of it.
  const alone = await collected({ ec2, identity: { account: other, arn: `arn:aws:iam::${other}:user/x` } })
  assert.deepEqual(shown(alone.found, 'id', 'account'), shown(found, 'id', 'account'))
})

// Addresses ----------------------------------------------------------------------------------------------------------

test('Elastic IPs are in use or free; one of a service is of what the service made it for', async () => {
  const { found, asked } = await answered({
    DescribeAddresses: {
      Addresses: [
        { PublicIp: '198.51.100.1', AllocationId: 'eipalloc-1', AssociationId: 'eipassoc-1', PublicIpv4Pool: 'amazon' },
        { PublicIp: '198.51.100.2', AllocationId: 'eipalloc-2', PublicIpv4Pool: 'ipv4pool-ec2-1' },
        // Without an allocation, as in EC2-Classic.
        { PublicIp: '198.51.100.3', InstanceId: 'i-1' },
        { PublicIp: '198.51.100.4', AllocationId: 'eipalloc-4', AssociationId: 'a', ServiceManaged: 'rnat' },
        { PublicIp: '198.51.100.5', AllocationId: 'eipalloc-5', AssociationId: 'a', ServiceManaged: 'alb' },
        { PublicIp: '198.51.100.6', AllocationId: 'eipalloc-6', AssociationId: 'a', ServiceManaged: 'rds' },
        { CustomerOwnedIp: '10.9.0.5', AllocationId: 'eipalloc-7', CustomerOwnedIpv4Pool: 'ipv4pool-coip-1' },
      ],
    },
  })
  assert.deepEqual(shown(found, 'kind', 'type', 'cidr', 'id', 'state', 'parent', 'space'), [
    ['address', 'eip', '198.51.100.1/32', 'eipalloc-1', 'in-use', '', ''],
    ['address', 'eip', '198.51.100.2/32', 'eipalloc-2', 'free', 'ipv4pool-ec2-1', ''],
    ['address', 'eip', '198.51.100.3/32', '198.51.100.3', 'in-use', '', ''],
    ['nat-gateway', 'rnat', '198.51.100.4/32', 'eipalloc-4', 'in-use', '', ''],
    ['load-balancer', 'alb', '198.51.100.5/32', 'eipalloc-5', 'in-use', '', ''],
    ['database', 'rds', '198.51.100.6/32', 'eipalloc-6', 'in-use', '', ''],
    ['address', 'eip', '10.9.0.5/32', 'eipalloc-7', 'free', 'ipv4pool-coip-1', 'ipv4pool-coip-1'],
  ])
  // It knows no pages, and refuses their parameters.
  assert.deepEqual(asked.find(({ action }) => action === 'DescribeAddresses')!.input, {})
})

test('a regional NAT gateway has no subnet, and addresses in each zone', async () => {
  const { found } = await answered({
    DescribeNatGateways: {
      NatGateways: [
        {
          NatGatewayId: 'nat-1',
          VpcId: 'vpc-0a1',
          State: 'available',
          AvailabilityMode: 'regional',
          NatGatewayAddresses: [
            {
              PublicIp: '198.51.100.8',
              AllocationId: 'eipalloc-8',
              Status: 'succeeded',
              AvailabilityZoneId: 'euc1-az1',
            },
            { PublicIp: '198.51.100.9', Status: 'succeeded', AvailabilityZoneId: 'euc1-az2' },
          ],
        },
        {
          NatGatewayId: 'nat-2',
          VpcId: 'vpc-0a1',
          SubnetId: 'subnet-1',
          State: 'deleting',
          NatGatewayAddresses: [{ PrivateIp: '192.0.2.7', PublicIp: '198.51.100.7', AllocationId: 'eipalloc-7' }],
        },
      ],
    },
  })
  assert.deepEqual(shown(found, 'kind', 'cidr', 'space', 'parent', 'zone', 'state'), [
    ['nat-gateway', '198.51.100.9/32', '', 'vpc-0a1', 'euc1-az2', 'in-use'],
    ['nat-gateway', '192.0.2.7/32', 'vpc-0a1', 'subnet-1', '', 'releasing'],
  ])
})

test('a NAT gateway that is deleted, and listed for an hour more, is not there', async () => {
  const addresses = { NatGatewayAddresses: [{ PrivateIp: '192.0.2.7', PublicIp: '198.51.100.7' }] }
  const { found } = await answered({
    DescribeNatGateways: {
      NatGateways: [
        { NatGatewayId: 'nat-1', State: 'deleted', ...addresses },
        { NatGatewayId: 'nat-2', State: 'failed', ...addresses },
      ],
    },
  })
  assert.deepEqual(found, [])
})

const interfaces = {
  NetworkInterfaces: [
    {
      NetworkInterfaceId: 'eni-host',
      OwnerId: own,
      VpcId: 'vpc-0a1',
      SubnetId: 'subnet-1',
      Status: 'in-use',
      AvailabilityZoneId: 'euc1-az1',
      // Not `Tags`, as everywhere else.
      TagSet: [{ Key: 'Name', Value: 'host' }],
      PrivateIpAddresses: [
        {
          PrivateIpAddress: '192.0.2.10',
          Primary: true,
          Association: { PublicIp: '203.0.113.1', IpOwnerId: 'amazon' },
        },
        { PrivateIpAddress: '192.0.2.11', Association: { PublicIp: '198.51.100.1', AllocationId: 'eipalloc-1' } },
      ],
      Ipv6Addresses: [{ Ipv6Address: '2001:db8:0:101::a' }],
      Ipv4Prefixes: [{ Ipv4Prefix: '192.0.2.32/28' }],
    },
    {
      NetworkInterfaceId: 'eni-alb',
      OwnerId: own,
      VpcId: 'vpc-0a1',
      Status: 'in-use',
      RequesterId: 'amazon-elb',
      RequesterManaged: true,
      Description: 'ELB app/front/50dc6c495c0c9188',
      PrivateIpAddresses: [
        { PrivateIpAddress: '192.0.2.12', Association: { PublicIp: '203.0.113.2', IpOwnerId: 'amazon-elb' } },
      ],
    },
    {
      NetworkInterfaceId: 'eni-rds',
      OwnerId: own,
      VpcId: 'vpc-0a1',
      Status: 'in-use',
      RequesterId: 'amazon-rds',
      Description: 'RDSNetworkInterface',
      PrivateIpAddresses: [{ PrivateIpAddress: '192.0.2.13', Association: { PublicIp: '203.0.113.3' } }],
    },
    {
      NetworkInterfaceId: 'eni-lambda',
      OwnerId: own,
      VpcId: 'vpc-0a1',
      InterfaceType: 'lambda',
      Description: 'AWS Lambda VPC ENI-orders',
      Status: 'in-use',
      Operator: { Managed: true, HiddenByDefault: true, Principal: 'lambda.amazonaws.com' },
      PrivateIpAddresses: [{ PrivateIpAddress: '192.0.2.14' }],
    },
    {
      NetworkInterfaceId: 'eni-nat',
      OwnerId: own,
      VpcId: 'vpc-0a1',
      InterfaceType: 'nat_gateway' as 'natGateway',
      PrivateIpAddresses: [
        { PrivateIpAddress: '192.0.2.15', Association: { PublicIp: '198.51.100.8', AllocationId: 'eipalloc-8' } },
      ],
    },
  ],
} satisfies Answers['DescribeNetworkInterfaces']

test('of network interfaces the public addresses are read, and all of load balancers and databases', async () => {
  const { found } = await answered({ DescribeNetworkInterfaces: interfaces })
  assert.deepEqual(shown(found, 'kind', 'type', 'cidr', 'space', 'id', 'name'), [
    ['address', 'aws:network-interface', '203.0.113.1/32', '', 'eni-host', 'host'],
    ['load-balancer', 'alb', '203.0.113.2/32', '', 'eni-alb', 'front'],
    ['load-balancer', '', '192.0.2.12/32', 'vpc-0a1', 'eni-alb', 'front'],
    ['database', 'rds', '203.0.113.3/32', '', 'eni-rds', ''],
    ['database', '', '192.0.2.13/32', 'vpc-0a1', 'eni-rds', ''],
  ])
  assert.deepEqual(found[0]!.tags, { Name: 'host' })
})

test('all addresses of network interfaces are read where that is chosen, those of functions too', async () => {
  const { found } = await answered({ DescribeNetworkInterfaces: interfaces }, { interfaces: 'all' })
  const inside = found.filter(({ space, id }) => space === 'vpc-0a1' && (id === 'eni-host' || id === 'eni-lambda'))
  assert.deepEqual(shown(inside, 'kind', 'type', 'cidr', 'name'), [
    ['address', 'aws:network-interface', '192.0.2.10/32', 'host'],
    ['address', 'aws:network-interface', '192.0.2.11/32', 'host'],
    ['address', 'aws:network-interface', '2001:db8:0:101::a/128', 'host'],
    ['range', '', '192.0.2.32/28', 'host'],
    ['address', 'aws:network-interface', '192.0.2.14/32', 'AWS Lambda VPC ENI-orders'],
  ])
  // Those of a NAT gateway are told by the gateway.
  assert(found.every(({ id }) => id !== 'eni-nat'))
})

test('interfaces that services hide are asked for, and never without pages', async () => {
  const { asked } = await answered({})
  assert.deepEqual(asked.find(({ action }) => action === 'DescribeNetworkInterfaces')!.input, {
    MaxResults: 1_000,
    IncludeManagedResources: true,
  })
})

test('an Elastic IP of an account that is not read is told by the interface that has it', async () => {
  const { found } = await answered({
    DescribeNetworkInterfaces: {
      NetworkInterfaces: [
        {
          NetworkInterfaceId: 'eni-1',
          OwnerId: own,
          Association: { PublicIp: '203.0.113.9', AllocationId: 'eipalloc-9', IpOwnerId: other },
          PrivateIpAddress: '192.0.2.10',
        },
      ],
    },
  })
  assert.deepEqual(shown(found, 'cidr', 'id'), [['203.0.113.9/32', 'eni-1']])
})

// Pools --------------------------------------------------------------------------------------------------------------

test('IPAM pools and their allocations are read once, in the Region of the pool, a thousand at a time', async () => {
  const pool = { OwnerId: own, IpamRegion: 'us-east-1', State: 'create-complete' } as const
  const ec2 = (_: string, place: string): Answers => ({
    DescribeIpamPools: {
      IpamPools: [
        {
          ...pool,
          IpamPoolId: 'ipam-pool-top',
          Locale: 'None',
          IpamScopeArn: `arn:aws:ec2::${own}:ipam-scope/ipam-scope-1`,
          IpamScopeType: 'private',
          Description: 'Everything',
        },
        {
          ...pool,
          IpamPoolId: 'ipam-pool-eu',
          SourceIpamPoolId: 'ipam-pool-top',
          Locale: 'eu-central-1',
          IpamScopeArn: `arn:aws:ec2::${own}:ipam-scope/ipam-scope-1`,
          IpamScopeType: 'private',
        },
        { ...pool, IpamPoolId: 'ipam-pool-gone', State: 'delete-complete', Locale: place },
        { ...pool, IpamPoolId: 'ipam-pool-public', Locale: place, IpamScopeType: 'public' },
      ].filter(({ IpamPoolId }) => IpamPoolId !== 'ipam-pool-public' || place === 'us-east-1') as never,
    },
    GetIpamPoolCidrs: ({ IpamPoolId }) => ({
      IpamPoolCidrs: [
        { Cidr: IpamPoolId === 'ipam-pool-public' ? '203.0.113.0/24' : '10.0.0.0/8', State: 'provisioned' },
        { Cidr: '172.16.0.0/12', State: 'failed-provision' },
        { Cidr: '192.168.0.0/16', State: 'deprovisioned' },
      ],
    }),
    GetIpamPoolAllocations: ({ IpamPoolId, MaxResults }) => {
      assert(MaxResults! >= 1_000 && MaxResults! <= 100_000)
      return IpamPoolId === 'ipam-pool-eu'
        ? {
            IpamPoolAllocations: [
              {
                Cidr: '10.1.0.0/16',
                IpamPoolAllocationId: 'ipam-pool-alloc-1',
                ResourceId: 'vpc-0b2',
                ResourceType: 'vpc',
                ResourceOwner: other,
                ResourceRegion: 'eu-central-1',
              },
            ],
          }
        : {}
    },
  })
  const { found } = await collected({ regions: ['eu-central-1', 'us-east-1'], ec2 })
  const pools = found.filter(({ kind }) => kind === 'pool')
  assert.deepEqual(shown(pools, 'id', 'cidr', 'locale', 'space', 'parent', 'name').sort(), [
    ['ipam-pool-eu', '10.0.0.0/8', 'eu-central-1', 'ipam-scope-1', 'ipam-pool-top', ''],
    ['ipam-pool-public', '203.0.113.0/24', 'us-east-1', '', '', ''],
    ['ipam-pool-top', '10.0.0.0/8', 'us-east-1', 'ipam-scope-1', '', 'Everything'],
  ])
  const [allocation, ...more] = found.filter(({ kind }) => kind === 'allocation')
  assert.deepEqual(more, [])
  assert.deepEqual(allocation, {
    kind: 'allocation',
    cidr: '10.1.0.0/16',
    space: 'ipam-scope-1',
    id: 'ipam-pool-alloc-1',
    account: own,
    locale: 'eu-central-1',
    parent: 'ipam-pool-eu',
    state: 'in-use',
    tags: {
      'aws:resource-id': 'vpc-0b2',
      'aws:resource-type': 'vpc',
      'aws:resource-owner': other,
      'aws:resource-region': 'eu-central-1',
    },
  })
})

test('prefix lists are one’s own, not those of the services of AWS; pages are as large as each takes', async () => {
  const { found, asked } = await answered({
    DescribeManagedPrefixLists: {
      PrefixLists: [
        { PrefixListId: 'pl-aws', OwnerId: 'AWS', PrefixListName: 'com.amazonaws.eu-central-1.s3' },
        { PrefixListId: 'pl-1', OwnerId: own, PrefixListName: 'offices' },
      ],
    },
    GetManagedPrefixListEntries: {
      Entries: [{ Cidr: '198.51.100.0/28', Description: 'Oslo' }, { Cidr: '198.51.100.16/28' }],
    },
    DescribePublicIpv4Pools: {
      PublicIpv4Pools: [
        {
          PoolId: 'ipv4pool-ec2-1',
          PoolAddressRanges: [
            { FirstAddress: '203.0.113.0', LastAddress: '203.0.113.255', AddressCount: 256 },
            { FirstAddress: '198.51.100.3', LastAddress: '198.51.100.9', AddressCount: 7 },
          ],
        },
      ],
    },
    DescribeByoipCidrs: {
      ByoipCidrs: [
        { Cidr: '203.0.113.0/24', State: 'advertised' },
        { Cidr: '192.0.2.0/24', State: 'deprovisioned' },
      ],
    },
    DescribeIpv6Pools: { Ipv6Pools: [{ PoolId: 'ipv6pool-1', PoolCidrBlocks: [{ Cidr: '2001:db8::/40' }] }] },
    DescribeCoipPools: { CoipPools: [{ PoolId: 'ipv4pool-coip-1', PoolCidrs: ['10.9.0.0/16'] }] },
  })
  assert.deepEqual(
    found.map(({ kind, cidr, range, space = '', name = '' }) => [kind, cidr ?? range, space, name]),
    [
      ['prefix-list', '198.51.100.0/28', 'pl-1', 'Oslo'],
      ['prefix-list', '198.51.100.16/28', 'pl-1', 'offices'],
      ['pool', '203.0.113.0/24', '', ''],
      ['pool', '198.51.100.3-198.51.100.9', '', ''],
      ['pool', '2001:db8::/40', '', ''],
      ['pool', '10.9.0.0/16', 'ipv4pool-coip-1', ''],
      ['container', '203.0.113.0/24', '', ''],
    ],
  )
  const sizes = asked.map(({ action, input }) => [action, (input as { MaxResults?: number }).MaxResults] as const)
  assert.deepEqual(
    sizes.filter(([, size]) => size !== undefined && size < 1_000),
    [
      ['DescribeManagedPrefixLists', 100],
      ['GetManagedPrefixListEntries', 100],
      ['DescribePublicIpv4Pools', 10],
      ['DescribeByoipCidrs', 100],
    ],
  )
})

test('what is connected is read: transit gateways, VPN clients, other ends, and peers that are not read themselves', async () => {
  const side = (account: string, vpcId: string, cidr: string) => ({
    OwnerId: account,
    VpcId: vpcId,
    Region: 'us-east-1',
    CidrBlock: cidr,
    CidrBlockSet: [{ CidrBlock: cidr }, { CidrBlock: '10.7.0.0/16' }],
  })
  const { found } = await answered({
    DescribeTransitGateways: {
      TransitGateways: [
        {
          TransitGatewayId: 'tgw-1',
          OwnerId: own,
          State: 'available',
          Options: { TransitGatewayCidrBlocks: ['10.8.0.0/24'] },
        },
        { TransitGatewayId: 'tgw-2', State: 'deleted', Options: { TransitGatewayCidrBlocks: ['10.8.1.0/24'] } },
      ],
    },
    DescribeClientVpnEndpoints: {
      ClientVpnEndpoints: [
        {
          ClientVpnEndpointId: 'cvpn-1',
          ClientCidrBlock: '10.6.0.0/22',
          VpcId: 'vpc-0a1',
          Status: { Code: 'available' },
        },
      ],
    },
    DescribeCustomerGateways: {
      CustomerGateways: [
        { CustomerGatewayId: 'cgw-1', IpAddress: '198.51.100.77', State: 'available', DeviceName: 'oslo' },
        { CustomerGatewayId: 'cgw-2', IpAddress: '198.51.100.78', State: 'deleted' },
      ],
    },
    DescribeVpcPeeringConnections: {
      VpcPeeringConnections: [
        {
          VpcPeeringConnectionId: 'pcx-1',
          Status: { Code: 'active' },
          RequesterVpcInfo: side(own, 'vpc-0a1', '192.0.2.0/25'),
          AccepterVpcInfo: side(other, 'vpc-0c3', '10.5.0.0/16'),
        },
        {
          VpcPeeringConnectionId: 'pcx-2',
          Status: { Code: 'deleted' },
          AccepterVpcInfo: side(other, 'vpc-0c4', '10.4.0.0/16'),
        },
      ],
    },
  })
  assert.deepEqual(shown(found, 'kind', 'cidr', 'space', 'id', 'account'), [
    ['range', '10.8.0.0/24', 'tgw-1', 'tgw-1', own],
    ['vpn-pool', '10.6.0.0/22', 'vpc-0a1', 'cvpn-1', own],
    ['peer-range', '198.51.100.77/32', '', 'cgw-1', own],
    ['peer-range', '10.5.0.0/16', 'vpc-0c3', 'pcx-1', own],
    ['peer-range', '10.7.0.0/16', 'vpc-0c3', 'pcx-1', own],
  ])
  assert.deepEqual(found.at(-1)!.tags, { 'aws:peer-owner': other, 'aws:peer-region': 'us-east-1' })
})

// Pages --------------------------------------------------------------------------------------------------------------

test('every listing is read to its end, also behind an empty page', async () => {
  const { found } = await answered({
    DescribeVpcs: ({ NextToken }) =>
      ({
        '': { Vpcs: [vpc], NextToken: 'b' },
        b: { Vpcs: [], NextToken: 'c' },
        c: { Vpcs: [{ ...vpc, VpcId: 'vpc-0b2' }], NextToken: '' },
      })[NextToken ?? '']!,
  })
  assert.deepEqual(shown(found, 'id'), [['vpc-0a1'], ['vpc-0b2']])
})

test('a listing that answers one page for ever is left, and nothing of it is taken for gone', async () => {
  const { unlisted, asked } = await answered({ DescribeVpcs: { Vpcs: [vpc], NextToken: 'again' } })
  assert.match(unlisted[0]!.reason, /^DescribeVpcs: /)
  assert.equal(asked.filter(({ action }) => action === 'DescribeVpcs').length, 2)
})

test('pages of the organization are read until there is no token, twenty accounts at most in each', async () => {
  const { found } = await collected(
    {
      accounts: {
        '': { Accounts: [active(own)], NextToken: '1' },
        1: { Accounts: [], NextToken: '2' },
        2: { NextToken: '3' },
        3: { Accounts: [active(other)] },
      },
      ec2: (account) => ({ DescribeVpcs: { Vpcs: [{ ...vpc, OwnerId: account, VpcId: `vpc-${account}` }] } }),
    },
    role,
  )
  assert.deepEqual(shown(found, 'account').sort(), [[own], [other]])
})

// Accounts and Regions -----------------------------------------------------------------------------------------------

test('the state of an account is read, by its old name too, and what is closed is not taken for gone', async () => {
  const accounts = [
    { Id: '000000000001', State: 'ACTIVE', Status: 'SUSPENDED' },
    { Id: '000000000002', Status: 'ACTIVE' },
    { Id: '000000000003', State: 'SUSPENDED', Status: 'ACTIVE' },
    { Id: '000000000004', Status: 'PENDING_CLOSURE' },
    { Id: '000000000005', State: 'PENDING_ACTIVATION' },
  ] as const
  const { found, unlisted, notes } = await collected(
    {
      accounts: { '': { Accounts: [...accounts] } },
      ec2: (account) => ({ DescribeVpcs: { Vpcs: [{ ...vpc, OwnerId: account }] } }),
    },
    role,
  )
  assert.deepEqual(shown(found, 'account').sort(), [['000000000001'], ['000000000002']])
  assert.deepEqual(unlisted, [
    { account: '000000000003', locale: '', reason: 'The account is SUSPENDED.' },
    { account: '000000000004', locale: '', reason: 'The account is PENDING_CLOSURE.' },
  ])
  assert.deepEqual(notes, ['Account 000000000005 is not active yet: it has nothing.'])
})

test('each account is entered by its role, in the partition of the caller; the own one has no such role', async () => {
  const roles: Role[] = []
  const arn = `arn:aws-us-gov:sts::${own}:assumed-role/collector/x`
  await collected(
    { accounts: both, identity: { account: own, arn }, assume: (one) => void roles.push(one) },
    { ...role, 'external-id': 'e-1' },
  )
  assert.deepEqual(roles, [{ arn: `arn:aws-us-gov:iam::${other}:role/cadastre-collect`, externalId: 'e-1' }])
})

test('an account that lets nobody in is not listed, and the others are', async () => {
  const { found, unlisted } = await collected(
    {
      accounts: both,
      ec2: () => ({ DescribeVpcs: { Vpcs: [vpc] } }),
      assume: () => {
        throw denied('AssumeRole')
      },
    },
    role,
  )
  assert.deepEqual(shown(found, 'account'), [[own]])
  assert.deepEqual(unlisted, [
    { account: other, locale: '', reason: 'AssumeRole: UnauthorizedOperation: You are not authorized' },
  ])
})

test('some accounts alone can be chosen; one that is not there is named', async () => {
  const { found } = await collected(
    { accounts: both, ec2: (account) => ({ DescribeVpcs: { Vpcs: [{ ...vpc, OwnerId: account }] } }) },
    { ...role, account: other },
  )
  assert.deepEqual(shown(found, 'account'), [[other]])
  await assert.rejects(collected({ accounts: both }, { ...role, account: '999999999999' }), /`999999999999`/)
})

test('without the right to list accounts nothing is read', async () => {
  const { source } = awsOf({})
  const refusing: Aws = {
    ...source,
    listAccounts: async () => {
      throw new AwsTrouble('AccessDeniedException', 'ListAccounts: AccessDeniedException', false)
    },
  }
  await assert.rejects(
    observed({ ...aws, collect: (around) => collectFrom(around, refusing) }, {}, role),
    SourceTrouble,
  )
})

const optIns = (status: string): Answers['DescribeRegions'] => ({
  Regions: [
    { RegionName: 'us-east-1', OptInStatus: 'opt-in-not-required' },
    { RegionName: 'eu-central-2', OptInStatus: status },
  ],
})
test('each account is asked for its own Regions', async () => {
  const { asked } = await collected(
    {
      accounts: both,
      ec2: (account) => ({ DescribeRegions: optIns(account === other ? 'opted-in' : 'not-opted-in') }),
    },
    role,
  )
  const places = asked.filter(({ action }) => action === 'DescribeVpcs').map(({ account, region: at }) => [account, at])
  assert.deepEqual(places.sort(), [
    [own, 'us-east-1'],
    [other, 'eu-central-2'],
    [other, 'us-east-1'],
  ])
})

test('chosen Regions are asked where they are enabled; one that AWS does not have is named', async () => {
  const told: Told = {
    accounts: both,
    ec2: (account) => ({ DescribeRegions: optIns(account === other ? 'opted-in' : 'not-opted-in') }),
  }
  const { asked, notes, unlisted } = await collected(told, { ...role, region: 'eu-central-2' })
  const places = asked.filter(({ action }) => action === 'DescribeVpcs').map(({ account, region: at }) => [account, at])
  assert.deepEqual(places, [[other, 'eu-central-2']])
  assert.deepEqual(notes, ['eu-central-2 is not enabled in one account.'])
  assert.deepEqual(unlisted, [])
  await assert.rejects(collected(told, { ...role, region: 'eu-cntral-2' }), /AWS has no Region `eu-cntral-2`/)
})

test('who may not list Regions is not listed at all, or is asked in the Regions that were chosen', async () => {
  const told: Told = {
    ec2: () => ({
      DescribeRegions: () => {
        throw denied('DescribeRegions')
      },
      DescribeVpcs: { Vpcs: [vpc] },
    }),
  }
  const all = await collected(told)
  assert.deepEqual([all.found, all.unlisted.map(({ account, locale }) => [account, locale])], [[], [['', '']]])
  const chosen = await collected(told, { region })
  assert.deepEqual([shown(chosen.found, 'id', 'locale'), chosen.unlisted], [[['vpc-0a1', region]], []])
})

test('a Region that is denied or throttled is not listed: nothing there is taken for gone', async () => {
  const { found, unlisted } = await collected(
    {
      accounts: both,
      regions: ['eu-central-1', 'us-east-1'],
      ec2: (account, place) => ({
        DescribeVpcs: { Vpcs: [{ ...vpc, OwnerId: account, VpcId: `vpc-${account}-${place}` }] },
        DescribeSubnets: () => {
          if (account === other && place === 'us-east-1') throw denied('DescribeSubnets')
          return {}
        },
        DescribeAddresses: () => {
          if (account === other && place === 'us-east-1')
            throw new AwsTrouble('RequestLimitExceeded', 'DescribeAddresses: RequestLimitExceeded', true)
          return {}
        },
      }),
    },
    role,
  )
  // What answered is there nevertheless.
  assert.equal(found.length, 4)
  assert.deepEqual(unlisted, [
    {
      account: other,
      locale: 'us-east-1',
      reason: 'DescribeSubnets: UnauthorizedOperation: You are not authorized; DescribeAddresses: RequestLimitExceeded',
    },
  ])
})

test('where one account alone is read, a Region that fails is all accounts’: others’ subnets were shown there', async () => {
  const { unlisted } = await answered({
    DescribeSubnets: () => {
      throw denied('DescribeSubnets')
    },
  })
  assert.deepEqual(
    unlisted.map(({ account, locale }) => [account, locale]),
    [['', region]],
  )
})

test('a Region that refuses the credentials is asked once, and not sixteen times', async () => {
  const { asked, unlisted } = await answered({
    DescribeVpcs: () => {
      throw new AwsTrouble('OptInRequired', 'DescribeVpcs: OptInRequired', false)
    },
  })
  assert.deepEqual(
    asked.map(({ action }) => action),
    ['DescribeRegions', 'DescribeVpcs'],
  )
  assert.equal(unlisted.length, 1)
})

test('what an endpoint does not have at all holds nothing there, and is noted', async () => {
  const { notes, unlisted } = await answered({
    DescribeCoipPools: () => {
      throw new AwsTrouble('UnsupportedOperation', 'DescribeCoipPools: UnsupportedOperation', false)
    },
  })
  assert.deepEqual(unlisted, [])
  assert.deepEqual(notes, [`There are no customer-owned pools in ${region}: the question is not known there.`])
})

test('a fault of ours is thrown, and no Region is left out for it', async () => {
  await assert.rejects(
    answered({
      DescribeVpcs: () => {
        throw new TypeError('a fault')
      },
    }),
    TypeError,
  )
})

// Rights -------------------------------------------------------------------------------------------------------------

test('the policy permits what is asked and no more, and nothing that answers with a secret', async () => {
  const { asked, calls } = await collected({
    regions: [region, 'us-west-2'],
    ec2: () => ({
      DescribeSubnets: { Subnets: [{ SubnetId: 'subnet-1', CidrBlock: '192.0.2.0/26' }] },
      DescribeIpamPools: { IpamPools: [{ IpamPoolId: 'ipam-pool-1', Locale: region }] },
      DescribeManagedPrefixLists: { PrefixLists: [{ PrefixListId: 'pl-1', OwnerId: own }] },
    }),
    services: (call) => (call === 'eks:ListClusters' ? { clusters: ['shop'] } : {}),
  })
  const { Statement } = JSON.parse(aws.rights.document!.text) as { Statement: { Action: string | string[] }[] }
  const actions = Statement.flatMap(({ Action }) => Action)
  const read = actions.filter((action) => action.startsWith('ec2:'))
  assert.deepEqual([...read].sort(), [...new Set(asked.map(({ action }) => `ec2:${action}`))].sort())
  assert(read.every((action) => /^ec2:(Describe|Get)[A-Za-z0-9]+$/.test(action)))
  assert.deepEqual(
    actions.filter((action) => !action.startsWith('ec2:')).sort(),
    [...calls, 'organizations:ListAccounts', 'sts:AssumeRole'].sort(),
  )
  // The keys of VPN connections and of Direct Connect are in the answers of these.
  assert(!actions.some((action) => /VpnConnections|VirtualInterfaces|directconnect/.test(action)))
})

test('options that do not fit together are refused', () => {
  const problem = (options: Record<string, string>) => aws.optionsProblem!(new Map(Object.entries(options)))
  assert.equal(problem({}), undefined)
  assert.equal(problem({ ...role, account: `${own},${other}`, 'external-id': 'x', region: 'us-gov-east-1' }), undefined)
  assert.equal(problem({ 'endpoint-url': 'http://127.0.0.1:4566', interfaces: 'public' }), undefined)
  const refused: Record<string, string>[] = [
    { 'external-id': 'x' },
    { account: own },
    { ...role, account: '12' },
    { 'organization-role': 'arn:aws:iam::111122223333:role/x' },
    { region: 'Frankfurt' },
    { region: '' },
    { interfaces: 'some' },
    { 'endpoint-url': '127.0.0.1:4566' },
  ]
  for (const options of refused) assert.notEqual(problem(options), undefined, JSON.stringify(options))
})
