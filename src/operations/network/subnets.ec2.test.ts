// Subnets: where they fit, what they hold, who chooses their block, and what keeps them.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import type { Ec2Input } from '#formats/aws/ec2.generated.ts'
import { formatCidr, makeCidr, overlaps } from '#model/cidr.ts'
import { Refused } from '#model/refusal.ts'
import { type Acme, asNetwork, network, openAcme, shop, stranger, tagsOf } from '../../../test/acme.ts'
import { isLeftToNight } from '../../../test/engines.ts'
import { refuses } from '../../../test/organization.ts'
import { openWorld, type World } from '../../../test/world.ts'

const absent = 'subnet-00000000000000000'
type CreateSubnet = Omit<Ec2Input['CreateSubnet'], 'VpcId'>

describe('a subnet in its VPC’s own space', () => {
  let world: World
  let VpcId: string
  before(async () => {
    world = await openWorld()
    const input = { CidrBlock: '10.0.0.0/16', AmazonProvidedIpv6CidrBlock: true }
    VpcId = (await world.call('CreateVpc', input)).Vpc!.VpcId!
  })
  after(() => world.close())
  const make = async (input: CreateSubnet) => (await world.call('CreateSubnet', { VpcId, ...input })).Subnet!
  const remove = (SubnetId: string | undefined) => world.call('DeleteSubnet', { SubnetId: SubnetId! })

  test('is available in the first answer, as in every later one', async () => {
    const made = await make({
      CidrBlock: '10.0.0.77/24',
      TagSpecifications: [{ ResourceType: 'subnet', Tags: tagsOf({ Name: 'a' }) }],
    })
    assert.equal(made.State, 'available')
    const id = made.SubnetId!
    assert.match(id, /^subnet-[0-9a-f]{17}$/)
    const { Subnets: shown } = await world.call('DescribeSubnets', { SubnetIds: [id] })
    assert.deepEqual(structuredClone(shown), [
      {
        SubnetId: id,
        SubnetArn: `arn:aws:ec2:us-east-1:111111111111:subnet/${id}`,
        VpcId,
        OwnerId: '111111111111',
        State: 'available',
        CidrBlock: '10.0.0.0/24',
        AvailableIpAddressCount: 251,
        AvailabilityZone: 'us-east-1a',
        AvailabilityZoneId: 'use1-az1',
        Ipv6CidrBlockAssociationSet: [],
        Ipv6Native: false,
        AssignIpv6AddressOnCreation: false,
        DefaultForAz: false,
        MapPublicIpOnLaunch: false,
        MapCustomerOwnedIpOnLaunch: false,
        EnableDns64: false,
        PrivateDnsNameOptionsOnLaunch: {
          HostnameType: 'ip-name',
          EnableResourceNameDnsARecord: false,
          EnableResourceNameDnsAAAARecord: false,
        },
        BlockPublicAccessStates: { InternetGatewayBlockMode: 'off' },
        Tags: tagsOf({ Name: 'a' }),
      },
    ])
    assert.deepEqual(await remove(id), { Return: true })
    await refuses(remove(id), { code: 'NotFound', what: 'subnet', id })
    const [version] = await world.store.read((tx) => tx.history.versions(id))
    assert.notEqual(version!.untilAt, undefined)
  })

  test('stands in the zone that is named by name or id', async () => {
    const b = await make({ CidrBlock: '10.0.1.0/24', AvailabilityZone: 'us-east-1b' })
    const c = await make({ CidrBlock: '10.0.2.0/24', AvailabilityZoneId: 'use1-az3' })
    assert.deepEqual([b.AvailabilityZoneId, c.AvailabilityZone], ['use1-az2', 'us-east-1c'])
    await remove(b.SubnetId)
    await remove(c.SubnetId)
    for (const wrong of [{ AvailabilityZone: 'eu-central-1a' }, { AvailabilityZoneId: 'use1-az9' }]) {
      const [field] = Object.keys(wrong)
      await refuses(make({ CidrBlock: '10.0.1.0/24', ...wrong }), { code: 'InvalidParameterValue', field })
    }
    const both = { AvailabilityZone: 'us-east-1a', AvailabilityZoneId: 'use1-az1' }
    await refuses(make({ CidrBlock: '10.0.1.0/24', ...both }), { code: 'InvalidParameterCombination' })
  })

  test('overlaps no sibling, whichever of the two is larger', async () => {
    const one = await make({ CidrBlock: '10.0.16.0/24' })
    const conflict = { code: 'CidrConflict', what: 'subnet', field: 'CidrBlock' } as const
    for (const CidrBlock of ['10.0.16.0/24', '10.0.16.128/25', '10.0.16.0/28', '10.0.0.0/16', '10.0.16.0/20']) {
      await refuses(make({ CidrBlock }), conflict)
    }
    const before = await make({ CidrBlock: '10.0.15.0/24' })
    const behind = await make({ CidrBlock: '10.0.17.0/24' })
    for (const { SubnetId } of [one, before, behind]) await remove(SubnetId)
    await remove((await make({ CidrBlock: '10.0.0.0/16' })).SubnetId)
  })

  test('lies inside the VPC, and is between /16 and /28', async () => {
    for (const CidrBlock of ['10.1.0.0/24', '10.0.0.0/29', '10.0.0.0/15', '192.168.0.0/24']) {
      await refuses(make({ CidrBlock }), { code: 'InvalidRange', what: 'subnet', field: 'CidrBlock' })
    }
    for (const CidrBlock of ['10.0.0.0', 'garbage', '2001:db8::/64']) {
      await refuses(make({ CidrBlock }), { code: 'InvalidParameterValue', field: 'CidrBlock', value: CidrBlock })
    }
    await refuses(make({}), { code: 'MissingParameter', field: 'CidrBlock' })
    await refuses(make({ Ipv4NetmaskLength: 24 }), { code: 'MissingParameter', field: 'Ipv4IpamPoolId' })
    await refuses(make({ CidrBlock: '10.0.0.0/24', OutpostArn: 'arn:x' }), { code: 'NotSupported' })
  })

  test('may have IPv6 beside IPv4, or alone', async () => {
    const dual = await make({ CidrBlock: '10.0.0.0/24', Ipv6CidrBlock: '2001:db8::/64' })
    assert.partialDeepStrictEqual(dual.Ipv6CidrBlockAssociationSet, [
      { Ipv6CidrBlock: '2001:db8::/64', Ipv6CidrBlockState: { State: 'associated' }, IpSource: 'amazon' },
    ])
    assert.match(dual.Ipv6CidrBlockAssociationSet![0]!.AssociationId!, /^subnet-cidr-assoc-/)
    const native = await make({ Ipv6Native: true, Ipv6CidrBlock: '2001:db8:0:10::/60' })
    assert.equal(native.CidrBlock, undefined)
    assert.equal(native.AvailableIpAddressCount, 0)
    await refuses(make({ Ipv6Native: true, Ipv6CidrBlock: '2001:db8:0:11::/64' }), {
      code: 'CidrConflict',
      field: 'Ipv6CidrBlock',
    })
    await refuses(make({ Ipv6Native: true, Ipv6CidrBlock: '2001:db8:1::/64' }), { code: 'InvalidRange' })
    await refuses(make({ Ipv6Native: true, Ipv6CidrBlock: '2001:db8:0:20::/62' }), { code: 'InvalidRange' })
    await refuses(make({ Ipv6Native: true }), { code: 'MissingParameter', field: 'Ipv6CidrBlock' })
    await refuses(make({ Ipv6Native: true, Ipv6CidrBlock: '2001:db8:0:20::/64', CidrBlock: '10.0.9.0/24' }), {
      code: 'InvalidParameterCombination',
    })
    for (const { SubnetId } of [dual, native]) await remove(SubnetId)
  })

  test('keeps the VPC’s IPv6 block associated', async () => {
    const { Vpcs: vpcs } = await world.call('DescribeVpcs', { VpcIds: [VpcId] })
    const AssociationId = vpcs![0]!.Ipv6CidrBlockAssociationSet![0]!.AssociationId!
    const native = await make({ Ipv6Native: true, Ipv6CidrBlock: '2001:db8:0:30::/60' })
    await refuses(world.call('DisassociateVpcCidrBlock', { AssociationId }), { code: 'InUse' })
    await remove(native.SubnetId)
  })

  test('stays while a NAT gateway is in it, which takes one of its addresses', async () => {
    const { SubnetId = '' } = await make({ CidrBlock: '10.0.0.0/28' })
    const input = { SubnetId, ConnectivityType: 'private' } as const
    const { NatGateway: gateway } = await world.call('CreateNatGateway', input)
    await refuses(remove(SubnetId), { code: 'DependencyViolation', what: 'subnet', id: SubnetId })
    const { Subnets: shown } = await world.call('DescribeSubnets', { SubnetIds: [SubnetId] })
    assert.equal(shown![0]!.AvailableIpAddressCount, 10)
    await world.call('DeleteNatGateway', { NatGatewayId: gateway!.NatGatewayId! })
    await remove(SubnetId)
  })

  test('I8 another account’s subnet, one in another Region and an absent one are the same', async () => {
    const { SubnetId = '' } = await make({ CidrBlock: '10.0.0.0/24' })
    for (const as of [{ account: stranger }, { region: 'eu-central-1' }]) {
      const expected = { code: 'NotFound', what: 'subnet', id: SubnetId } as const
      await refuses(world.call('DescribeSubnets', { SubnetIds: [SubnetId] }, as), expected)
      await refuses(world.call('DeleteSubnet', { SubnetId }, as), expected)
      await refuses(world.call('CreateNatGateway', { SubnetId, ConnectivityType: 'private' }, as), expected)
      assert.deepEqual((await world.call('DescribeSubnets', {}, as)).Subnets, [])
    }
    await refuses(remove(absent), { code: 'NotFound', what: 'subnet', id: absent })
    await refuses(remove('garbage'), { code: 'NotFound', what: 'subnet' })
    await remove(SubnetId)
  })

  test('is not made by a dry run', async () => {
    await refuses(make({ CidrBlock: '10.0.0.0/24', DryRun: true }), { code: 'DryRunSucceeded' })
    assert.deepEqual((await world.call('DescribeSubnets', {})).Subnets, [])
  })
})

test('subnets are listed in order of creation, in pages, and through every filter', async () => {
  const world = await openWorld()
  const { VpcId = '' } = (
    await world.call('CreateVpc', { CidrBlock: '10.0.0.0/16', AmazonProvidedIpv6CidrBlock: true })
  ).Vpc!
  const make = async (input: CreateSubnet) => (await world.call('CreateSubnet', { VpcId, ...input })).Subnet!
  const a = await make({
    CidrBlock: '10.0.0.0/24',
    TagSpecifications: [{ ResourceType: 'subnet', Tags: tagsOf({ env: 'prod' }) }],
  })
  const b = await make({ CidrBlock: '10.0.1.0/28', AvailabilityZone: 'us-east-1b' })
  const c = await make({ Ipv6Native: true, Ipv6CidrBlock: '2001:db8::/64' })
  const idsOf = async (input: Ec2Input['DescribeSubnets']) =>
    (await world.call('DescribeSubnets', input)).Subnets!.map(({ SubnetId }) => SubnetId)
  const all = [a.SubnetId, b.SubnetId, c.SubnetId]
  assert.deepEqual(await idsOf({}), all)
  const first = await world.call('DescribeSubnets', { MaxResults: 2 })
  assert.equal(first.Subnets!.length, 2)
  assert.deepEqual(await idsOf({ MaxResults: 2, NextToken: first.NextToken }), [c.SubnetId])
  await refuses(idsOf({ SubnetIds: [a.SubnetId!], MaxResults: 5 }), { code: 'InvalidParameterCombination' })

  const ipv6 = c.Ipv6CidrBlockAssociationSet![0]!
  const filters: [name: string, value: string, ids: (string | undefined)[]][] = [
    ['availability-zone', 'us-east-1b', [b.SubnetId]],
    ['availabilityZone', 'us-east-1b', [b.SubnetId]],
    ['availability-zone-id', 'use1-az1', [a.SubnetId, c.SubnetId]],
    ['availabilityZoneId', 'use1-az2', [b.SubnetId]],
    ['available-ip-address-count', '11', [b.SubnetId]],
    ['cidr-block', '10.0.0.0/24', [a.SubnetId]],
    ['cidr', '10.0.1.0/28', [b.SubnetId]],
    ['cidrBlock', '10.0.1.0/28', [b.SubnetId]],
    ['customer-owned-ipv4-pool', '*', []],
    ['default-for-az', 'false', all],
    ['enable-dns64', 'false', all],
    ['enable-lni-at-device-index', '*', []],
    ['defaultForAz', 'true', []],
    ['ipv6-cidr-block-association.ipv6-cidr-block', '2001:db8::/64', [c.SubnetId]],
    ['ipv6-cidr-block-association.association-id', ipv6.AssociationId!, [c.SubnetId]],
    ['ipv6-cidr-block-association.state', 'associated', [c.SubnetId]],
    ['ipv6-native', 'true', [c.SubnetId]],
    ['map-customer-owned-ip-on-launch', 'false', all],
    ['map-public-ip-on-launch', 'false', all],
    ['outpost-arn', '*', []],
    ['private-dns-name-options-on-launch.hostname-type', 'resource-name', [c.SubnetId]],
    ['private-dns-name-options-on-launch.enable-resource-name-dns-a-record', 'false', all],
    ['private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record', 'false', all],
    ['owner-id', '111111111111', all],
    ['state', 'available', all],
    ['subnet-arn', a.SubnetArn!, [a.SubnetId]],
    ['subnet-id', b.SubnetId!, [b.SubnetId]],
    ['vpc-id', 'vpc-*', all],
    ['tag:env', 'prod', [a.SubnetId]],
    ['tag-key', 'env', [a.SubnetId]],
  ]
  for (const [Name, value, ids] of filters) {
    assert.deepEqual(await idsOf({ Filters: [{ Name, Values: [value] }] }), ids, Name)
  }
  await refuses(idsOf({ Filters: [{ Name: 'colour', Values: ['red'] }] }), { code: 'InvalidFilter', name: 'colour' })
  await world.close()
})

describe('a subnet whose space comes from a resource planning pool', () => {
  let acme: Acme
  let VpcId: string
  let planning: string
  let below: string
  const makePool = async (input: Partial<Ec2Input['CreateIpamPool']>, Cidr: string) => {
    const params = { IpamScopeId: acme.privateScope, AddressFamily: 'ipv4', Locale: 'us-east-1', ...input } as const
    const IpamPoolId = (await acme.call('CreateIpamPool', params, asNetwork)).IpamPool!.IpamPoolId!
    await acme.call('ProvisionIpamPoolCidr', { IpamPoolId, Cidr }, asNetwork)
    return IpamPoolId
  }
  before(async () => {
    acme = await openAcme()
    const pool = await acme.pool({ scope: 'private', cidr: '10.0.0.0/20' })
    const vpc = await acme.call('CreateVpc', { Ipv4IpamPoolId: pool, Ipv4NetmaskLength: 20 }, asNetwork)
    VpcId = vpc.Vpc!.VpcId!
    const source = {
      ResourceId: VpcId,
      ResourceType: 'vpc',
      ResourceRegion: 'us-east-1',
      ResourceOwner: network,
    } as const
    planning = await makePool({ SourceIpamPoolId: pool, SourceResource: source }, '10.0.0.0/20')
    below = await makePool({ SourceIpamPoolId: planning }, '10.0.8.0/21')
  })
  after(() => acme.close())
  const make = async (input: CreateSubnet) => (await acme.call('CreateSubnet', { VpcId, ...input }, asNetwork)).Subnet!

  test('holds an allocation of type subnet until it is deleted', async () => {
    const one = await make({ Ipv4IpamPoolId: planning, Ipv4NetmaskLength: 24 })
    const two = await make({ Ipv4IpamPoolId: planning, CidrBlock: '10.0.4.0/24' })
    const three = await make({ Ipv4IpamPoolId: below, Ipv4NetmaskLength: 28 })
    assert.deepEqual([one.CidrBlock, two.CidrBlock, three.CidrBlock], ['10.0.0.0/24', '10.0.4.0/24', '10.0.8.0/28'])
    for (const { SubnetId } of [one, two, three]) {
      const [allocation] = await acme.store.read((tx) => tx.allocations.ofResource(SubnetId!))
      assert.equal(allocation!.resourceType, 'subnet')
      await acme.call('DeleteSubnet', { SubnetId: SubnetId! }, asNetwork)
      assert.deepEqual(await acme.store.read((tx) => tx.allocations.ofResource(SubnetId!)), [])
    }
  })

  test('is chosen around subnets that were made without the pool', async () => {
    const bare = await make({ CidrBlock: '10.0.0.0/24' })
    const chosen = await make({ Ipv4IpamPoolId: planning, Ipv4NetmaskLength: 24 })
    assert.equal(chosen.CidrBlock, '10.0.1.0/24')
    for (const { SubnetId } of [bare, chosen]) await acme.call('DeleteSubnet', { SubnetId: SubnetId! }, asNetwork)
  })

  test('comes from no pool that does not plan the VPC', async () => {
    const other = await acme.pool({ scope: 'private', cidr: '10.0.0.0/24' })
    await refuses(make({ Ipv4IpamPoolId: other, Ipv4NetmaskLength: 28 }), {
      code: 'InvalidParameterValue',
      field: 'Ipv4IpamPoolId',
      value: other,
    })
    await refuses(make({ Ipv4IpamPoolId: planning }), { code: 'InvalidParameterCombination' })
  })
})

test('where a policy speaks of subnets, it chooses their block, and denies those that it does not list', async () => {
  const acme = await openAcme()
  const as = { account: shop }
  const { VpcId = '' } = (await acme.call('CreateVpc', { CidrBlock: '10.0.0.0/16' }, as)).Vpc!
  const free = (await acme.call('CreateSubnet', { VpcId, CidrBlock: '10.0.9.0/24' }, as)).Subnet!
  const pool = await acme.pool({ scope: 'private', cidr: '10.0.8.0/21' })
  const policy = await acme.policy({ 'cadastre:size': '22/24/26' })
  await acme.rules(policy, [pool], { type: 'subnet' })
  await acme.enable(policy)

  const make = async (input: CreateSubnet) => (await acme.call('CreateSubnet', { VpcId, ...input }, as)).Subnet!
  assert.equal((await make({})).CidrBlock, '10.0.8.0/24')
  assert.equal((await make({})).CidrBlock, '10.0.10.0/24', `around ${free.CidrBlock}`)
  assert.equal((await make({ CidrBlock: '10.0.11.0/24' })).CidrBlock, '10.0.11.0/24')
  await refuses(make({ CidrBlock: '10.0.200.0/24' }), { code: 'DeniedByPolicy' })
  await refuses(make({ Ipv4NetmaskLength: 28 }), { code: 'DeniedByPolicy' })
  await acme.close()
})

test('a policy that only watches subnets is on record, and changes nothing', async () => {
  const acme = await openAcme()
  const as = { account: shop }
  const { VpcId = '' } = (await acme.call('CreateVpc', { CidrBlock: '10.0.0.0/16' }, as)).Vpc!
  const policy = await acme.policy({ 'cadastre:mode': 'warn' })
  await acme.rules(policy, [await acme.pool({ scope: 'private' })], { type: 'subnet' })
  await acme.enable(policy)
  const decisions = () =>
    acme.store.read(async (tx) => {
      const found = []
      for (let n = 1; n < 1000; n++) {
        const decision = await tx.journal.findDecision(n)
        if (decision?.request.resourceType === 'subnet') found.push(decision)
      }
      return found
    })
  const made = await acme.call('CreateSubnet', { VpcId, CidrBlock: '10.0.9.0/24' }, as)
  assert.equal(made.Subnet!.CidrBlock, '10.0.9.0/24')
  assert.deepEqual(
    (await decisions()).map(({ outcome }) => outcome),
    ['warn'],
  )
  await acme.close()
})

/** All 15 blocks of a /25 that a subnet could have. */
const smallWorld = [25, 26, 27, 28].flatMap((length) =>
  Array.from({ length: 2 ** (length - 25) }, (_, i) =>
    makeCidr(4, 0x0a000000n + BigInt(i) * 2n ** BigInt(32 - length), length),
  ),
)

test('I1 subnets of a VPC never overlap, and one is refused only where it would', async () => {
  const world = await openWorld()
  const steps = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: smallWorld.length - 1 })), { maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      const { VpcId = '' } = (await world.call('CreateVpc', { CidrBlock: '10.0.0.0/25' })).Vpc!
      const naive = new Map<number, string>()
      for (const [adds, index] of sequence) {
        const held = naive.get(index)
        if (adds) {
          const cidr = smallWorld[index]!
          const collides = [...naive.keys()].some((other) => overlaps(smallWorld[other]!, cidr))
          const answer = await world
            .call('CreateSubnet', { VpcId, CidrBlock: formatCidr(cidr) })
            .catch((error) => error)
          assert.equal(answer instanceof Refused, collides)
          if (!collides) naive.set(index, answer.Subnet.SubnetId)
        } else if (held !== undefined) {
          await world.call('DeleteSubnet', { SubnetId: held })
          naive.delete(index)
        }
      }
    }),
    { numRuns: 40 },
  )
  await world.close()
})

test('whatever is written in a request for networks, the answer is a block or a refusal', async (t) => {
  if (isLeftToNight(t)) return
  const acme = await openAcme()
  const pool = await acme.pool({ scope: 'private', cidr: '10.0.0.0/20' })
  const vpc = (await acme.call('CreateVpc', { CidrBlock: '10.0.0.0/16' }, asNetwork)).Vpc!.VpcId!
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc.constantFrom(
      '10.0.0.0/24',
      '10.0.0.1/24',
      '0.0.0.0/0',
      '::/0',
      '2001:db8::/56',
      '::ffff:10.0.0.0/120',
      '10.0.0.0/-1',
    ),
  )
  const id = fc.oneof(text, fc.constantFrom(pool, vpc, 'vpc-1', 'ipam-pool-1', '__proto__'))
  const length = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(0, 24, 32, 56, 128))
  const blocks = {
    CidrBlock: text,
    Ipv4IpamPoolId: id,
    Ipv4NetmaskLength: length,
    Ipv6CidrBlock: text,
    Ipv6IpamPoolId: id,
    Ipv6NetmaskLength: length,
  }
  const anyVpc = fc.record({ ...blocks, AmazonProvidedIpv6CidrBlock: fc.boolean() }, { requiredKeys: [] })
  const anySubnet = fc.record({ ...blocks, AvailabilityZone: text, Ipv6Native: fc.boolean() }, { requiredKeys: [] })
  const anyGateway = fc.record(
    { SubnetId: id, VpcId: id, AllocationId: id, PrivateIpAddress: text, SecondaryAllocationIds: fc.array(id) },
    { requiredKeys: [] },
  )
  const isRefusal = (error: unknown): void => {
    if (!(error instanceof Refused)) throw error
  }
  await fc.assert(
    fc.asyncProperty(anyVpc, anySubnet, anyGateway, id, async (one, other, gateway, VpcId) => {
      await acme.call('CreateVpc', one, asNetwork).catch(isRefusal)
      await acme.call('AssociateVpcCidrBlock', { ...one, VpcId }, asNetwork).catch(isRefusal)
      await acme.call('CreateSubnet', { ...other, VpcId }, asNetwork).catch(isRefusal)
      await acme.call('CreateNatGateway', gateway, asNetwork).catch(isRefusal)
      await acme.call('DisassociateVpcCidrBlock', { AssociationId: VpcId }, asNetwork).catch(isRefusal)
    }),
    { numRuns: 100 },
  )
  await acme.close()
})
