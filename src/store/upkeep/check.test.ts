// The space of pools against a naive model, step by step; and that a broken table is told of.
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import fc from 'fast-check'
import { Refused } from '#model/refusal.ts'
import { foundOrganization, network, stranger } from '../../../test/acme.ts'
import { engineUnderTest } from '../../../test/engines.ts'
import { withNativeApi } from '../../../test/native-world.ts'
import { openWorld, type World } from '../../../test/world.ts'
import { checkSpace, spaceRules } from './check.ts'

// The naive model: ranges of the 256 addresses of 10.0.0.0/24, looked through one by one.
interface Range {
  readonly first: number
  readonly length: number
}
const sizeOf = ({ length }: Range): number => 2 ** (32 - length)
const textOf = ({ first, length }: Range): string => `10.0.0.${first}/${length}`
const meets = (a: Range, b: Range): boolean => a.first < b.first + sizeOf(b) && b.first < a.first + sizeOf(a)
const holds = (outer: Range, inner: Range): boolean =>
  outer.first <= inner.first && inner.first + sizeOf(inner) <= outer.first + sizeOf(outer)

interface ModelPool {
  readonly id: string
  readonly parent?: ModelPool
  cidrs: Range[]
  allocations: { range: Range; id?: string; isChild?: true }[]
}
const isFree = ({ cidrs, allocations }: ModelPool, range: Range): boolean =>
  cidrs.some((cidr) => holds(cidr, range)) && !allocations.some((one) => meets(one.range, range))
const freeRanges = (pool: ModelPool, length: number): Range[] =>
  Array.from({ length: 256 / sizeOf({ first: 0, length }) }, (_, index) => ({
    first: index * sizeOf({ first: 0, length }),
    length,
  })).filter((range) => isFree(pool, range))

type Step =
  | { kind: 'provision' | 'deprovision' | 'take'; pool: number; range: Range }
  | { kind: 'takeAny'; pool: number; length: number }
  | { kind: 'release'; pool: number; which: number }

const ranges = fc
  .tuple(fc.integer({ min: 24, max: 28 }), fc.nat(255))
  .map(([length, at]): Range => ({ length, first: at - (at % 2 ** (32 - length)) }))
const pools = fc.nat(2)
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('provision' as const), pool: pools, range: ranges }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('deprovision' as const), pool: pools, range: ranges }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('take' as const), pool: pools, range: ranges }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('takeAny' as const),
      pool: pools,
      length: fc.integer({ min: 25, max: 30 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('release' as const), pool: pools, which: fc.nat(20) }) },
)

/** Two top-level pools of one scope, and a child of the first. */
async function openPools(): Promise<{ world: World; model: ModelPool[] }> {
  const world = await openWorld()
  const { Ipam } = await world.call('CreateIpam', {})
  const params = { IpamScopeId: Ipam!.PrivateDefaultScopeId!, AddressFamily: 'ipv4' } as const
  const make = async (SourceIpamPoolId?: string) =>
    (await world.call('CreateIpamPool', { ...params, SourceIpamPoolId })).IpamPool!.IpamPoolId!
  const top: ModelPool = { id: await make(), cidrs: [], allocations: [] }
  const second: ModelPool = { id: await make(), cidrs: [], allocations: [] }
  const child: ModelPool = { id: await make(top.id), parent: top, cidrs: [], allocations: [] }
  return { world, model: [top, second, child] }
}

const succeeds = async (work: Promise<unknown>): Promise<boolean> => {
  const answer = await work.catch((error: unknown) => error)
  if (answer instanceof Error && !(answer instanceof Refused)) throw answer
  return !(answer instanceof Refused)
}
const stateOf = async (world: World, IpamPoolId: string, Cidr: string): Promise<string | undefined> => {
  const { IpamPoolCidrs } = await world.call('GetIpamPoolCidrs', { IpamPoolId })
  const states = IpamPoolCidrs!.filter((one) => one.Cidr === Cidr).map(({ State }) => State)
  return states.includes('failed-provision') ? 'failed-provision' : states[0]
}

async function act(world: World, model: readonly ModelPool[], step: Step): Promise<void> {
  const pool = model[step.pool]!
  const IpamPoolId = pool.id
  if (step.kind === 'provision') {
    const Cidr = textOf(step.range)
    const isThere = pool.cidrs.some((one) => one.first === step.range.first && one.length === step.range.length)
    assert.equal(await succeeds(world.call('ProvisionIpamPoolCidr', { IpamPoolId, Cidr })), !isThere)
    if (isThere) return
    const others = model.filter((one) => !one.parent).flatMap(({ cidrs }) => cidrs)
    const expected = pool.parent ? isFree(pool.parent, step.range) : !others.some((one) => meets(one, step.range))
    const state = await stateOf(world, IpamPoolId, Cidr)
    assert.equal(state !== 'failed-provision', expected, `provision ${Cidr}`)
    if (!expected) return
    pool.cidrs.push(step.range)
    pool.parent?.allocations.push({ range: step.range, isChild: true })
  } else if (step.kind === 'deprovision') {
    const Cidr = textOf(step.range)
    const same = (one: Range): boolean => one.first === step.range.first && one.length === step.range.length
    const found = pool.cidrs.some(same)
    const failed = (await stateOf(world, IpamPoolId, Cidr)) === 'failed-provision'
    assert.equal(await succeeds(world.call('DeprovisionIpamPoolCidr', { IpamPoolId, Cidr })), found || failed)
    if (!found || pool.allocations.some(({ range }) => meets(range, step.range))) return
    pool.cidrs = pool.cidrs.filter((one) => !same(one))
    if (pool.parent) pool.parent.allocations = pool.parent.allocations.filter(({ range }) => !same(range))
  } else if (step.kind === 'take') {
    const expected = isFree(pool, step.range)
    const taken = world.call('AllocateIpamPoolCidr', { IpamPoolId, Cidr: textOf(step.range) })
    assert.equal(await succeeds(taken), expected, `take ${textOf(step.range)}`)
    if (expected) {
      pool.allocations.push({ range: step.range, id: (await taken).IpamPoolAllocation!.IpamPoolAllocationId })
    }
  } else if (step.kind === 'takeAny') {
    const free = freeRanges(pool, step.length)
    const taken = world.call('AllocateIpamPoolCidr', { IpamPoolId, NetmaskLength: step.length })
    assert.equal(await succeeds(taken), free.length > 0, `take any /${step.length}`)
    if (free.length === 0) return
    const { Cidr, IpamPoolAllocationId } = (await taken).IpamPoolAllocation!
    const range = free.find((one) => textOf(one) === Cidr)
    assert(range, `${Cidr} was free`)
    pool.allocations.push({ range, id: IpamPoolAllocationId })
  } else if (step.kind === 'release') {
    const own = pool.allocations.filter(({ isChild }) => !isChild)
    const one = own[step.which % Math.max(own.length, 1)]
    if (!one) return
    const release = { IpamPoolId, Cidr: textOf(one.range), IpamPoolAllocationId: one.id! }
    await world.call('ReleaseIpamPoolAllocation', release)
    pool.allocations = pool.allocations.filter((other) => other !== one)
  }
}

async function agree(world: World, model: readonly ModelPool[]): Promise<void> {
  assert.deepEqual((await checkSpace(world.store)).problems, [])
  for (const { id, allocations } of model) {
    const { IpamPoolAllocations } = await world.call('GetIpamPoolAllocations', { IpamPoolId: id })
    const expected = allocations.map(({ range }) => range).sort((a, b) => a.first - b.first)
    assert.deepEqual(
      IpamPoolAllocations!.map(({ Cidr }) => Cidr),
      expected.map(textOf),
    )
  }
}

test('I1 I2 I9 hold after every step of any story, and the outcome of each is that of a naive model', async () => {
  const stories = fc.asyncProperty(fc.array(steps, { minLength: 20, maxLength: 40 }), async (story) => {
    const { world, model } = await openPools()
    try {
      for (const step of story) {
        await act(world, model, step)
        await agree(world, model)
      }
    } finally {
      await world.close()
    }
  })
  await fc.assert(stories, { numRuns: engineUnderTest === 'sqlite' ? 25 : 8 })
})

// Damage -------------------------------------------------------------------------------------------------------------

/** Two top-level pools and a child with an allocation. */
async function fillPools(): Promise<World> {
  const { world, model } = await openPools()
  const [top, , child] = model.map(({ id }) => id) as [string, string, string]
  await world.call('ProvisionIpamPoolCidr', { IpamPoolId: top, Cidr: '10.0.0.0/8' })
  await world.call('ProvisionIpamPoolCidr', { IpamPoolId: child, NetmaskLength: 16 })
  await world.call('AllocateIpamPoolCidr', { IpamPoolId: child, NetmaskLength: 24 })
  assert.deepEqual(await checkSpace(world.store), { problems: [], pools: 3, allocations: 2 })
  return world
}

/**
 * Public pools of two accounts with an Elastic IP each (203.0.113.0/28 and 203.0.113.16/28), one of Amazon's, and the
 * provider's own with another; a VPC of a pool's block and one more block, with subnets of both families, NAT gateways, and
 * a pool that plans it.
 */
async function fillNetworks(): Promise<World> {
  const world = await openWorld()
  await foundOrganization(world)
  const asNetwork = { account: network }
  const publicPools = [
    [network, '203.0.113.0/28'],
    [stranger, '203.0.113.16/28'],
  ] as const
  for (const [account, Cidr] of publicPools) {
    const { Ipam } = await world.call('CreateIpam', { Tier: 'advanced' }, { account })
    const params = { IpamScopeId: Ipam!.PublicDefaultScopeId!, AddressFamily: 'ipv4', Locale: 'us-east-1' } as const
    const pool = async (more: object) =>
      (await world.call('CreateIpamPool', { ...params, AwsService: 'ec2', ...more }, { account })).IpamPool!.IpamPoolId!
    const own = await pool({ PublicIpSource: 'byoip' })
    await world.call('ProvisionIpamPoolCidr', { IpamPoolId: own, Cidr }, { account })
    const amazon = await pool({ PublicIpSource: 'amazon' })
    await world.call('ProvisionIpamPoolCidr', { IpamPoolId: amazon, NetmaskLength: 30 }, { account })
    await world.call('AllocateAddress', { IpamPoolId: own }, { account })
  }
  const elastic = await world.call('AllocateAddress', {}, asNetwork)
  const { Ipams } = await world.call('DescribeIpams', {}, asNetwork)
  const privateParams = {
    IpamScopeId: Ipams![0]!.PrivateDefaultScopeId!,
    AddressFamily: 'ipv4',
    Locale: 'us-east-1',
  } as const
  const privatePool = async (more: object, Cidr: string) => {
    const { IpamPool } = await world.call('CreateIpamPool', { ...privateParams, ...more }, asNetwork)
    const IpamPoolId = IpamPool!.IpamPoolId!
    await world.call('ProvisionIpamPoolCidr', { IpamPoolId, Cidr }, asNetwork)
    return IpamPoolId
  }
  const space = await privatePool({}, '10.0.0.0/16')
  const { Vpc } = await world.call(
    'CreateVpc',
    { Ipv4IpamPoolId: space, Ipv4NetmaskLength: 20, AmazonProvidedIpv6CidrBlock: true },
    asNetwork,
  )
  const VpcId = Vpc!.VpcId!
  await world.call('AssociateVpcCidrBlock', { VpcId, CidrBlock: '10.99.0.0/20' }, asNetwork)
  const SourceResource = {
    ResourceId: VpcId,
    ResourceType: 'vpc',
    ResourceRegion: 'us-east-1',
    ResourceOwner: network,
  } as const
  const plan = await privatePool({ SourceResource }, '10.0.0.0/20')
  await privatePool({ SourceResource }, '10.99.0.0/20')
  const subnet = async (input: object) =>
    (await world.call('CreateSubnet', { VpcId, ...input }, asNetwork)).Subnet!.SubnetId!
  await subnet({ Ipv4IpamPoolId: plan, Ipv4NetmaskLength: 24, Ipv6CidrBlock: '2001:db8::/64' })
  const SubnetId = await subnet({ CidrBlock: '10.0.4.0/24', Ipv6CidrBlock: '2001:db8:0:1::/64' })
  await world.call('AllocateIpamPoolCidr', { IpamPoolId: plan, Cidr: '10.0.8.0/24' }, asNetwork)
  await world.call('CreateNatGateway', { SubnetId, AllocationId: elastic.AllocationId! }, asNetwork)
  await world.call('CreateNatGateway', { SubnetId, ConnectivityType: 'private' }, asNetwork)
  const reserve = await world.call('AllocateIpamPoolCidr', { IpamPoolId: space, NetmaskLength: 24 }, asNetwork)
  assert.ok(reserve.IpamPoolAllocation)
  assert.deepEqual((await checkSpace(world.store)).problems, [])
  return world
}

/** One hold of an address. */
async function fillHolds(): Promise<World> {
  const world = await fillPools()
  await world.database.tamper(`
    insert into hold (n, pool, first, length, account, resource_type, region, tags, request, created_at, expires_at)
      select 900, pool, first, 24, '${network}', 'custom', 'us-east-1', '{}', '{}', 0, 1 from allocation where length = 24;
    insert into quarantine (pool, first, length, account, released_at, ends_at, hold)
      select pool, first, 24, '${network}', 0, 1, 900 from allocation where length = 24;
    delete from allocation where length = 24;
    update pool set allocated = '0', allocation_count = 0, quarantined = '256' where n = (select max(n) from pool)`)
  assert.deepEqual((await checkSpace(world.store)).problems, [])
  return world
}

/** The CIDR of the child is being deprovisioned. */
async function fillDeprovisioned(): Promise<World> {
  const world = await fillPools()
  await world.database.tamper(`
    insert into quarantine (pool, first, length, account, released_at, ends_at, pool_cidr)
      select pool, first, length, '${network}', 0, 1, id from pool_cidr where length = 16;
    delete from allocation where length = 24;
    delete from free_block where pool = (select max(n) from pool);
    update pool set allocated = '0', allocation_count = 0, free = '0', quarantined = '65536'
      where n = (select max(n) from pool)`)
  assert.deepEqual((await checkSpace(world.store)).problems, [])
  return world
}

/** A subnet with a host in it, whose pool divides it. */
async function fillNested(): Promise<World> {
  const world = await withNativeApi(await openWorld())
  await foundOrganization(world)
  const { privateScopeId } = await world.post<{ privateScopeId: string }>('/ipams', {
    account: network,
    region: 'us-east-1',
  })
  const outer = { scopeId: privateScopeId, family: 'ipv4', locale: 'us-east-1' }
  const { poolId } = await world.post<{ poolId: string }>('/pools', outer)
  await world.post(`/pools/${poolId}/cidrs`, { cidr: '10.0.0.0/16' })
  const common = { account: network, locale: 'us-east-1', scopeType: 'private' }
  const subnet = { ...common, resourceType: 'subnet', resourceId: 'subnet-1', cidr: '10.0.7.0/24', poolId }
  const { allocationId } = await world.post<{ allocationId: string }>('/allocations', subnet)
  await world.post('/allocations', {
    ...common,
    resourceType: 'onprem:host',
    inside: allocationId,
    locale: 'us-east-1',
  })
  assert.deepEqual((await checkSpace(world.store)).problems, [])
  return world
}

interface Damage {
  readonly what: string
  readonly fill: () => Promise<World>
  readonly sql: string
  readonly says: RegExp
}
const key = (...groups: number[]): string => Buffer.from(groups).toString('hex')
const v4 = (...octets: number[]): string => `x'00000000000000000000ffff${key(...octets)}'`
const poolOf = (first: string): string => `(select pool from pool_cidr where first = ${first})`
const ofNetwork = `(select id from pool where n = ${poolOf(v4(203, 0, 113, 0))})`

/** By the name of the rule that must find it. */
const damages: Readonly<Record<string, readonly Damage[]>> = {
  'I2 allocations, resting, held and free blocks tile the CIDRs of each pool, and its counters say so': [
    {
      what: 'a free block that is gone',
      fill: fillPools,
      sql: 'delete from free_block where pool = (select max(n) from pool)',
      says: /neither free, quarantined nor allocated/,
    },
    {
      what: 'a block that is free and allocated',
      fill: fillPools,
      sql: 'insert into free_block (pool, ord, first) select pool, 8, first from allocation where length = 24',
      says: /overlaps what is before it/,
    },
    {
      what: 'a block that rests and is allocated',
      fill: fillPools,
      sql: `insert into quarantine (pool, first, length, account, released_at, ends_at)
        select pool, first, 25, '${network}', 0, 1 from allocation where length = 24`,
      says: /overlaps what is before it/,
    },
    {
      what: 'a block that is held and free',
      fill: fillHolds,
      sql: 'insert into free_block (pool, ord, first) select pool, 7, first from hold',
      says: /overlaps what is before it/,
    },
    {
      what: 'two allocations that overlap',
      fill: fillPools,
      sql: `insert into allocation (n, pool, first, length, holder, created_at)
        select 901, pool, ${v4(10, 0, 0, 128)}, 25, holder, 0 from allocation where length = 24`,
      says: /allocated 10\.0\.0\.128\/25 overlaps what is before it/,
    },
    {
      what: 'CIDRs of a pool that overlap',
      fill: fillPools,
      sql: `insert into pool_cidr (id, pool, first, length, state, parent_allocation, created_at)
        select 'x', pool, ${v4(10, 0, 128, 0)}, 17, state, parent_allocation, 0 from pool_cidr where length = 16`,
      says: /its CIDRs 10\.0\.0\.0\/16 and 10\.0\.128\.0\/17 overlap/,
    },
    {
      what: 'a counter that is wrong',
      fill: fillPools,
      sql: "update pool set free = '1' where n = (select max(n) from pool)",
      says: /its counter of free addresses is 1, its blocks sum up to/,
    },
    {
      what: 'a number of allocations that is wrong',
      fill: fillPools,
      sql: 'update pool set allocation_count = 7 where n = (select max(n) from pool)',
      says: /its counter of allocations is 7, it has 1/,
    },
    {
      what: 'an allocation outside the CIDRs',
      fill: fillPools,
      sql: `update allocation set first = ${v4(192, 0, 2, 0)} where length = 24`,
      says: /allocated 192\.0\.2\.0\/24 is not in its CIDRs/,
    },
  ],
  'I1 top-level CIDRs of a private scope': [
    {
      what: 'the same block of two pools',
      fill: fillPools,
      sql: `insert into pool_cidr (id, pool, first, length, state, created_at)
        select 'x', (select n from pool where parent_n is null order by n desc limit 1), first, length, state, 0
        from pool_cidr where parent_allocation is null`,
      says: /10\.0\.0\.0\/8 of ipam-pool-\w+ \(IPAM ipam-\w+ of account 1{12}\) and 10\.0\.0\.0\/8 of ipam-pool-\w+ \(.*\) overlap/,
    },
    {
      what: 'a block inside another',
      fill: fillPools,
      sql: `insert into pool_cidr (id, pool, first, length, state, created_at)
        select 'x', (select n from pool where parent_n is null order by n desc limit 1), ${v4(10, 255, 255, 0)}, 24, state, 0
        from pool_cidr where parent_allocation is null`,
      says: /10\.0\.0\.0\/8 of ipam-pool-.* and 10\.255\.255\.0\/24 of ipam-pool-.* overlap/,
    },
  ],
  'I1 top-level public CIDRs, the provider’s with them, of the installation': [
    {
      what: 'a public CIDR of two accounts, each named',
      fill: fillNetworks,
      sql: `update pool_cidr set first = ${v4(203, 0, 113, 0)}, length = 24 where first = ${v4(203, 0, 113, 16)}`,
      says: new RegExp(
        `public space: 203\\.0\\.113\\.0/2\\d of ipam-pool-\\w+ \\(IPAM ipam-\\w+ of account (${network}|${stranger})\\) and 203\\.0\\.113\\.0/2\\d of ipam-pool-\\w+ \\(IPAM ipam-\\w+ of account (?!\\1)\\d{12}\\) overlap`,
      ),
    },
    {
      what: 'a public CIDR in the provider’s range',
      fill: fillNetworks,
      sql: `update pool_cidr set first = ${v4(198, 18, 7, 0)} where first = ${v4(203, 0, 113, 0)}`,
      says: /198\.18\.0\.0\/15 of the provider \(pool ipam-pool-\w+\) and 198\.18\.7\.0\/28 of ipam-pool-\w+ \(IPAM .*\) overlap/,
    },
  ],
  'I1 each pool says in which space the schema keeps its CIDRs apart': [
    {
      what: 'a public pool that the schema takes for a private one',
      fill: fillNetworks,
      sql: `update pool set space = 'elsewhere' where id = ${ofNetwork}`,
      says: /its CIDRs are kept apart in elsewhere, which is not its own/,
    },
  ],
  'I1 public addresses and blocks that anybody holds: Elastic IPs, networks and others': [
    {
      what: 'an Elastic IP that two accounts hold',
      fill: fillNetworks,
      sql: `update allocation set first = ${v4(203, 0, 113, 0)} where first = ${v4(203, 0, 113, 16)}`,
      says: new RegExp(
        `203\\.0\\.113\\.0/32 of eip \\(allocation \\d+\\) of account (${network}|${stranger}) and 203\\.0\\.113\\.0/32 of eip \\(allocation \\d+\\) of account (?!\\1)\\d{12} overlap`,
      ),
    },
    {
      what: 'an address of the provider that is given twice',
      fill: fillNetworks,
      sql: `update allocation set first = (select a.first from allocation a join pool p on p.n = a.pool where p.scope_id is null
          and a.length = 32 order by a.n limit 1) where first = ${v4(203, 0, 113, 16)}`,
      says: /198\.18\.\d+\.\d+\/32 of eip .* and 198\.18\.\d+\.\d+\/32 of eip .* overlap/,
    },
  ],
  'I9 CIDRs of a child are allocations of its source': [
    {
      what: 'space of a child that its parent does not hold',
      fill: fillPools,
      sql: 'update pool_cidr set parent_allocation = null',
      says: /is no allocation of its source/,
    },
    {
      what: 'space of Amazon’s that the provider did not give',
      fill: fillNetworks,
      sql: 'update pool_cidr set parent_allocation = null where length = 30',
      says: /its CIDR 198\.18\.\d+\.\d+\/30 is no allocation of the provider/,
    },
    {
      what: 'two children with one block',
      fill: fillPools,
      sql: `insert into pool_cidr (id, pool, first, length, state, parent_allocation, created_at)
        select 'x', (select n from pool where parent_n is null order by n desc limit 1), first, length, state, parent_allocation, 0
        from pool_cidr where length = 16`,
      says: /is not the allocation of its source that it names/,
    },
  ],
  'a pool that divides an allocation does not outlive it': [
    {
      what: 'an allocation that is gone',
      fill: fillNested,
      sql: 'update pool set source_allocation = 4711 where source_allocation is not null',
      says: /^ipam-pool-\w+ divides allocation 4711, which is gone$/,
    },
  ],
  'I9 a pool that divides an allocation has the block of that and no other': [
    {
      what: 'another block',
      fill: fillNested,
      sql: `update pool_cidr set length = 25 where first = ${v4(10, 0, 7, 0)}`,
      says: /has 10\.0\.7\.0\/25, which is not the block of allocation \d+ that it divides/,
    },
  ],
  'a pool says the type of the network that it divides, as the pools below it do': [
    {
      what: 'another type',
      fill: fillNested,
      sql: `update pool set divides = 'vpc' where source_allocation is not null`,
      says: /says that it divides vpc, and divides subnet/,
    },
  ],
  'what a network reserves is no host’s': [
    {
      what: 'a host with the last address',
      fill: fillNested,
      sql: `update allocation set holder = (select h.n from holder h where h.resource_type = 'custom' or h.resource_type like 'aws:%'
          or h.resource_type = 'onprem:host') where first = ${v4(10, 0, 7, 255)}`,
      says: /10\.0\.7\.255\/32 has 10\.0\.7\.255\/32, which the subnet reserves/,
    },
  ],
  'I1 CIDRs that plan one VPC': [
    {
      what: 'a block that two pools plan',
      fill: fillNetworks,
      sql: `update pool_cidr set first = ${v4(10, 0, 0, 0)} where first = ${v4(10, 99, 0, 0)}`,
      says: /vpc-\w+: 10\.0\.0\.0\/20 of ipam-pool-\w+ .* and 10\.0\.0\.0\/20 of ipam-pool-\w+ .* overlap/,
    },
  ],
  'a pool that plans a VPC does not outlive it': [
    {
      what: 'a VPC that is gone',
      fill: fillNetworks,
      sql: 'delete from vpc',
      says: new RegExp(`ipam-pool-\\w+ of account ${network} plans vpc-\\w+ of account ${network}, which is gone`),
    },
    {
      what: 'a VPC that was gone before pools named it in a column of their own',
      fill: fillNetworks,
      sql: 'update pool set source_vpc = null, space = null where source_vpc is not null; delete from vpc',
      says: /ipam-pool-\w+ of account \d+ plans vpc-\w+ of account \d+, which is gone/,
    },
  ],
  'what a pool plans of a VPC is a block of that VPC': [
    {
      what: 'a block that is the VPC’s no more',
      fill: fillNetworks,
      sql: `delete from vpc_cidr where first = ${v4(10, 99, 0, 0)}`,
      says: new RegExp(`plans 10\\.99\\.0\\.0/20, which is no block of vpc-\\w+ of account ${network}`),
    },
  ],
  'subnets of a VPC, and what pools that plan it handed out': [
    {
      what: 'a subnet on what a pool handed out for something else',
      fill: fillNetworks,
      sql: `update subnet set first = ${v4(10, 0, 8, 0)} where first = ${v4(10, 0, 4, 0)}`,
      says: /vpc-\w+: 10\.0\.8\.0\/24 of .* and 10\.0\.8\.0\/24 of .* overlap/,
    },
    {
      what: 'a subnet in the IPv6 block of another',
      fill: fillNetworks,
      sql: `update subnet_cidr set length = 60 where first = x'20010db8000000000000000000000000'`,
      says: /vpc-\w+: 2001:db8::\/60 of subnet-\w+ and 2001:db8:0:1::\/64 of subnet-\w+ overlap/,
    },
  ],
  'blocks of a VPC': [
    {
      what: 'two that overlap',
      fill: fillNetworks,
      sql: `update vpc_cidr set first = ${v4(10, 0, 15, 0)}, length = 24 where first = ${v4(10, 99, 0, 0)}`,
      says: /vpc-\w+: 10\.0\.0\.0\/20 of vpc-cidr-assoc-\w+ and 10\.0\.15\.0\/24 of vpc-cidr-assoc-\w+ overlap/,
    },
  ],
  'IPv4 blocks of the subnets of a VPC': [
    {
      what: 'two that overlap',
      fill: fillNetworks,
      sql: `update subnet set first = ${v4(10, 0, 0, 128)}, length = 25 where first = ${v4(10, 0, 4, 0)}`,
      says: /10\.0\.0\.0\/24 of subnet-\w+ and 10\.0\.0\.128\/25 of subnet-\w+ overlap/,
    },
  ],
  'IPv6 blocks of the subnets of a VPC': [
    {
      what: 'two that overlap',
      fill: fillNetworks,
      sql: `update subnet_cidr set length = 60 where first = x'20010db8000000000000000000000000'`,
      says: /2001:db8::\/60 of subnet-\w+ and 2001:db8:0:1::\/64 of subnet-\w+ overlap/,
    },
  ],
  'IPv4 blocks of subnets lie in their VPC': [
    {
      what: 'one outside',
      fill: fillNetworks,
      sql: `update subnet set first = ${v4(10, 0, 64, 0)} where first = ${v4(10, 0, 4, 0)}`,
      says: /subnet-\w+: 10\.0\.64\.0\/24 is in no block of vpc-/,
    },
  ],
  'IPv6 blocks of subnets lie in their VPC': [
    {
      what: 'one outside',
      fill: fillNetworks,
      sql: `update subnet_cidr set first = x'20010db8ffff00000000000000000000' where length = 64
        and first = x'20010db8000000010000000000000000'`,
      says: /subnet-\w+: 2001:db8:ffff::\/64 is in no block of vpc-/,
    },
  ],
  'a VPC holds what was allocated to it': [
    {
      what: 'an allocation of another block',
      fill: fillNetworks,
      sql: `update vpc_cidr set length = 21 where first = ${v4(10, 0, 0, 0)}`,
      says: /vpc-\w+ has 10\.0\.0\.0\/21, and allocation \d+, which it names, is 10\.0\.0\.0\/20 for vpc-/,
    },
    {
      what: 'an allocation for something else',
      fill: fillNetworks,
      sql: `update vpc_cidr set allocation = (select n from allocation where first = ${v4(203, 0, 113, 0)} and length = 32)
        where first = ${v4(10, 99, 0, 0)}`,
      says: /vpc-\w+ has 10\.99\.0\.0\/20, and allocation \d+, which it names, is 203\.0\.113\.0\/32 for null/,
    },
  ],
  'a subnet holds the IPv4 block that was allocated to it': [
    {
      what: 'an allocation of another block',
      fill: fillNetworks,
      sql: 'update subnet set length = 25 where allocation is not null',
      says: /subnet-\w+ has 10\.0\.0\.0\/25, and allocation \d+, which it names, is 10\.0\.0\.0\/24/,
    },
  ],
  'a subnet holds the IPv6 block that was allocated to it': [
    {
      what: 'an allocation of another block',
      fill: fillNetworks,
      sql: `update subnet_cidr set allocation = (select n from allocation where first = ${v4(10, 0, 8, 0)})`,
      says: /subnet-\w+ has 2001:db8.*, and allocation \d+, which it names, is 10\.0\.8\.0\/24/,
    },
  ],
  'a private address of a subnet is that of one gateway': [
    {
      what: 'one of two',
      fill: fillNetworks,
      sql: `update nat_gateway_address set private_ip = '10.0.4.9'`,
      says: /subnet-\w+: 2 addresses of NAT gateways are 10\.0\.4\.9/,
    },
  ],
  'an Elastic IP is that of one gateway': [
    {
      what: 'one of two',
      fill: fillNetworks,
      sql: `update nat_gateway_address set allocation = (select max(allocation) from nat_gateway_address)`,
      says: /allocation \d+: 2 addresses of NAT gateways are this Elastic IP/,
    },
  ],
  'I6 what is held rests for exactly as long, and nothing rests for a hold that is not there': [
    {
      what: 'a hold that is free before',
      fill: fillHolds,
      sql: 'update hold set expires_at = 2',
      says: /hold 900 does not rest/,
    },
    {
      what: 'a hold that is gone',
      fill: fillHolds,
      sql: 'delete from hold',
      says: /1 rows are for holds that are not there/,
    },
    {
      what: 'a hold that waits for an approval which was denied',
      fill: fillHolds,
      sql: `insert into policy_exception (id, target_id, locale, resource_type, grants, reason, status, is_break_glass,
          starts_at, expires_at, requested_by, requested_at, asked_by, asked_at, ended_by, ended_at, hold)
        values ('exception-1', '${network}', 'us-east-1', 'custom', '{}', 'x', 'denied', 0, 0, 1, 'a', 0, 'a', 0, 'b', 0, 900)`,
      says: /hold 900 is still there, and exception-1, which it waited for, was denied or revoked/,
    },
  ],
  'I6 a CIDR that is being deprovisioned rests as one': [
    {
      what: 'another block rests for it',
      fill: fillDeprovisioned,
      sql: 'update quarantine set length = 25 where pool_cidr is not null',
      says: /10\.0\.0\.0\/25 rests for a CIDR that is provisioned, or another block/,
    },
    {
      what: 'it was never provisioned',
      fill: fillDeprovisioned,
      sql: `update pool_cidr set state = 'failed-deprovision' where id in (select pool_cidr from quarantine)`,
      says: /10\.0\.0\.0\/16 rests for a CIDR that is failed-deprovision/,
    },
  ],
  'nothing belongs to a pool that is not there': [
    {
      what: 'a free block',
      fill: fillPools,
      sql: `insert into free_block (pool, ord, first) values (999999, 8, ${v4(192, 0, 2, 0)})`,
      says: /free_block: 1 rows belong to no pool/,
    },
    {
      what: 'a CIDR',
      fill: fillPools,
      sql: 'update pool_cidr set pool = 999999 where length = 16',
      says: /pool_cidr: 1 rows belong to no pool/,
    },
    {
      what: 'an allocation for a pool whose CIDR is gone',
      fill: fillPools,
      sql: 'delete from pool_cidr where length = 16',
      says: /allocation \d+ is for a pool that has no such CIDR/,
    },
  ],
  'CIDRs of pools are space that such pools may hold': [
    {
      what: 'loopback space in a pool of private space',
      fill: fillPools,
      sql: `update pool_cidr set first = ${v4(127, 0, 0, 0)} where length = 16`,
      says: /127\.0\.0\.0\/16 of ipam-pool-.* 127\.0\.0\.0\/8 \(loopback, RFC 1122\) cannot be held by a pool of private space/,
    },
    {
      what: 'private space in a pool of public space',
      fill: fillNetworks,
      sql: `update pool_cidr set first = ${v4(10, 200, 0, 0)} where first = ${v4(203, 0, 113, 0)}`,
      says: /10\.200\.0\.0\/28 of ipam-pool-.* cannot be held by a pool of public space/,
    },
  ],
  'blocks of VPCs are space that VPCs may have': [
    {
      what: 'link-local space',
      fill: fillNetworks,
      sql: `update vpc_cidr set first = ${v4(169, 254, 0, 0)} where first = ${v4(10, 99, 0, 0)}`,
      says: /169\.254\.0\.0\/20 of vpc-.* 169\.254\.0\.0\/16 \(link-local, RFC 3927\) cannot be held by a VPC/,
    },
  ],
  'states of a tenure follow each other without a gap, and what it says now follows them': [
    {
      what: 'a change of an allocation whose state before is not there',
      fill: fillPools,
      sql: 'update allocation set version = 3, changed_at = 0 where length = 24',
      says: /allocation \d+ has changed, and what it said before is not there/,
    },
    {
      what: 'states that end in nothing',
      fill: fillPools,
      sql: `insert into tenure_state (n, version, pool, first, length, resource_type, account, state, created_at, from_at, until_at)
        select n, 1, pool, first, length, 'custom', '111111111111', 'allocated', 0, 0, 1 from allocation where length = 24`,
      says: /allocation \d+ does not go on where its states end/,
    },
    {
      what: 'a gap between two states',
      fill: fillPools,
      sql: `insert into tenure_state (n, version, pool, first, length, resource_type, account, state, created_at, from_at, until_at)
          select n, v.version, pool, first, length, 'custom', '111111111111', 'allocated', 0, v.from_at, v.until_at
          from allocation cross join (select 1 as version, 0 as from_at, 1 as until_at union all select 2, 5, 6) v where length = 24;
        update allocation set version = 3, changed_at = 6 where length = 24`,
      says: /state 2 of allocation \d+ does not follow the one before/,
    },
  ],
}

test('every rule about space has a damaged database that it must find', () => {
  assert.deepEqual(Object.keys(damages).sort(), spaceRules.map(({ name }) => name).sort())
})

/** Each is filled once, and has its rows put back after each damage. */
const filled = new Map<Damage['fill'], Promise<Kept>>()
interface Kept {
  readonly world: World
  readonly putBack: () => Promise<void>
}
function filledBy(fill: Damage['fill']): Promise<Kept> {
  const keep = async (): Promise<Kept> => {
    const world = await fill()
    return { world, putBack: await world.database.keep() }
  }
  if (!filled.has(fill)) filled.set(fill, keep())
  return filled.get(fill)!
}
after(async () => {
  for (const { world } of await Promise.all(filled.values())) await world.close()
})

for (const [rule, all] of Object.entries(damages)) {
  describe(`a damaged database: ${rule}`, () => {
    for (const { what, fill, sql, says } of all) {
      test(what, async () => {
        const { world, putBack } = await filledBy(fill)
        await world.database.tamper(sql)
        try {
          // It is this rule that finds it, whatever the others say.
          const problems: string[] = []
          const { find } = spaceRules.find(({ name }) => name === rule)!
          await world.store.read(async (tx) => {
            for await (const problem of tx.spaceCheck.find(find)) problems.push(problem)
          })
          assert.match(problems.join('\n'), says)
          assert.ok((await checkSpace(world.store)).problems.some((problem) => says.test(problem)))
        } finally {
          await putBack()
        }
        assert.deepEqual((await checkSpace(world.store)).problems, [], 'what was put back is sound')
      })
    }
  })
}
