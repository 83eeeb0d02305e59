// NAT gateways: zonal and regional, with addresses of the customer's or of policy's choice, and none that goes around it.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Ec2Input } from '#formats/aws/ec2.generated.ts'
import { type Acme, openAcme, shop, stranger, tagsOf } from '../../../test/acme.ts'
import { refuses } from '../../../test/organization.ts'
import { openWorld, type World } from '../../../test/world.ts'

const absent = 'nat-00000000000000000'
const hourMs = 3_600_000

/** A VPC with a subnet in each of these zones. */
async function openNetwork(world: World, zones: readonly string[], account?: string) {
  const { VpcId = '' } = (await world.call('CreateVpc', { CidrBlock: '10.0.0.0/16' }, { account })).Vpc!
  const subnets: string[] = []
  for (const [index, AvailabilityZone] of zones.entries()) {
    const input = { VpcId, CidrBlock: `10.0.${index}.0/28`, AvailabilityZone }
    subnets.push((await world.call('CreateSubnet', input, { account })).Subnet!.SubnetId!)
  }
  return { VpcId, subnets }
}
const addressOf = async (world: World, input: Ec2Input['AllocateAddress'] = {}, account?: string) =>
  (await world.call('AllocateAddress', input, { account })).AllocationId!

describe('a NAT gateway outside any policy', () => {
  let world: World
  let VpcId: string
  let SubnetId: string
  before(async () => {
    world = await openWorld()
    const network = await openNetwork(world, ['us-east-1a', 'us-east-1c'])
    VpcId = network.VpcId
    SubnetId = network.subnets[0]!
  })
  after(() => world.close())
  const make = async (input: Ec2Input['CreateNatGateway']) => (await world.call('CreateNatGateway', input)).NatGateway!
  const shown = async (id: string | undefined) =>
    (await world.call('DescribeNatGateways', { NatGatewayIds: [id!] })).NatGateways![0]!
  const remove = (NatGatewayId: string | undefined) => world.call('DeleteNatGateway', { NatGatewayId: NatGatewayId! })
  const elasticIp = async (id: string) =>
    (await world.call('DescribeAddresses', { AllocationIds: [id] })).Addresses![0]!

  test('is pending in the first answer, available in the next, and deleted for an hour at the end', async () => {
    const AllocationId = await addressOf(world)
    const tags = tagsOf({ Name: 'edge' })
    const { NatGateway: made, ClientToken } = await world.call('CreateNatGateway', {
      SubnetId,
      AllocationId,
      ClientToken: 'token-a',
      TagSpecifications: [{ ResourceType: 'natgateway', Tags: tags }],
    })
    assert.equal(ClientToken, 'token-a')
    assert.equal(made!.State, 'pending')
    assert.equal(made!.NatGatewayAddresses![0]!.Status, 'associating')
    const id = made!.NatGatewayId!
    assert.match(id, /^nat-[0-9a-f]{17}$/)
    const address = await elasticIp(AllocationId)
    const available = structuredClone(await shown(id))
    assert.deepEqual(available, {
      NatGatewayId: id,
      VpcId,
      SubnetId,
      State: 'available',
      ConnectivityType: 'public',
      AvailabilityMode: 'zonal',
      NatGatewayAddresses: [
        {
          AllocationId,
          AssociationId: address.AssociationId,
          PublicIp: address.PublicIp,
          PrivateIp: '10.0.0.4',
          NetworkInterfaceId: address.NetworkInterfaceId,
          IsPrimary: true,
          AvailabilityZone: 'us-east-1a',
          AvailabilityZoneId: 'use1-az1',
          Status: 'succeeded',
        },
      ],
      CreateTime: made!.CreateTime,
      DeleteTime: undefined,
      Tags: tags,
    })
    assert.match(address.NetworkInterfaceId!, /^eni-/)
    assert.deepEqual(
      [address.SubnetId, address.PrivateIpAddress, address.ServiceManaged],
      [SubnetId, '10.0.0.4', undefined],
    )
    await refuses(world.call('ReleaseAddress', { AllocationId }), { code: 'InUse' })

    assert.deepEqual(await remove(id), { NatGatewayId: id })
    const deleted = await shown(id)
    assert.equal(deleted.State, 'deleted')
    assert.equal(typeof deleted.DeleteTime, 'number')
    assert.equal((await elasticIp(AllocationId)).AssociationId, undefined)
    await refuses(remove(id), { code: 'NotFound', what: 'nat-gateway', id })
    const input = { NatGatewayId: id, AllocationIds: [AllocationId] }
    await refuses(world.call('AssociateNatGatewayAddress', input), { code: 'NotFound', id })

    world.advance(hourMs - 1)
    assert.equal((await shown(id)).State, 'deleted')
    world.advance(1)
    await refuses(shown(id), { code: 'NotFound', what: 'nat-gateway', id })
    assert.deepEqual((await world.call('DescribeNatGateways', {})).NatGateways, [])
    await world.call('ReleaseAddress', { AllocationId })
  })

  test('I5 one client token makes one gateway, and takes its addresses once', async () => {
    const input = { VpcId, AvailabilityMode: 'regional', ClientToken: 'token-b' } as const
    const first = await make(input)
    assert.equal((await make(input)).NatGatewayId, first.NatGatewayId)
    assert.equal((await world.call('DescribeAddresses', {})).Addresses!.length, 2)
    await refuses(make({ ...input, VpcId: 'vpc-1' }), { code: 'IdempotencyMismatch' })
    await remove(first.NatGatewayId)
  })

  test('of a private kind takes addresses of the subnet only: the lowest, or those that are named', async () => {
    const input = { SubnetId, ConnectivityType: 'private' } as const
    const lowest = await make(input)
    const named = await make({
      ...input,
      PrivateIpAddress: '10.0.0.6',
      SecondaryPrivateIpAddresses: ['10.0.0.5', '10.0.0.14'],
    })
    const counted = await make({ ...input, SecondaryPrivateIpAddressCount: 2 })
    const ipsOf = ({ NatGatewayAddresses: all }: typeof lowest) => all!.map(({ PrivateIp }) => PrivateIp)
    assert.deepEqual(ipsOf(lowest), ['10.0.0.4'])
    assert.deepEqual(ipsOf(named), ['10.0.0.6', '10.0.0.5', '10.0.0.14'])
    assert.deepEqual(ipsOf(counted), ['10.0.0.7', '10.0.0.8', '10.0.0.9'])
    assert.equal(lowest.NatGatewayAddresses![0]!.AssociationId, undefined)
    assert.equal(lowest.NatGatewayAddresses![0]!.Status, 'assigning')
    for (const PrivateIpAddress of ['10.0.0.3', '10.0.0.15', '10.0.1.4', 'x', '2001:db8::1']) {
      await refuses(make({ ...input, PrivateIpAddress }), { code: 'InvalidParameterValue', value: PrivateIpAddress })
    }
    await refuses(make({ ...input, PrivateIpAddress: '10.0.0.5' }), { code: 'InUse', id: '10.0.0.5' })
    const twice = { PrivateIpAddress: '10.0.0.10', SecondaryPrivateIpAddresses: ['10.0.0.10'] }
    await refuses(make({ ...input, ...twice }), { code: 'InUse', id: '10.0.0.10' })
    await refuses(make({ ...input, SecondaryPrivateIpAddressCount: 5 }), { code: 'Exhausted', pool: SubnetId })
    await refuses(make({ ...input, AllocationId: 'eipalloc-1' }), { code: 'InvalidParameterCombination' })
    const both = { SecondaryPrivateIpAddressCount: 1, SecondaryPrivateIpAddresses: ['10.0.0.10'] }
    await refuses(make({ ...input, ...both }), { code: 'InvalidParameterCombination' })
    const AllocationIds = [await addressOf(world)]
    await refuses(world.call('AssociateNatGatewayAddress', { NatGatewayId: lowest.NatGatewayId!, AllocationIds }), {
      code: 'NotEligible',
    })
    for (const { NatGatewayId } of [lowest, named, counted]) await remove(NatGatewayId)
    assert.deepEqual(ipsOf(await make(input)), ['10.0.0.4'], 'what was deleted is free again')
    for (const { NatGatewayId, State } of (await world.call('DescribeNatGateways', {})).NatGateways!) {
      if (State === 'available') await remove(NatGatewayId)
    }
  })

  test('of a zonal kind takes Elastic IPs of the caller that nothing uses, up to eight', async () => {
    const ids: string[] = []
    for (let i = 0; i < 9; i++) ids.push(await addressOf(world))
    const [AllocationId, ...others] = ids
    const input = { SubnetId, AllocationId }
    await refuses(make({ SubnetId }), { code: 'MissingParameter', field: 'AllocationId' })
    await refuses(make({ AllocationId }), { code: 'MissingParameter', field: 'SubnetId' })
    await refuses(make({ ...input, VpcId }), { code: 'InvalidParameterCombination' })
    await refuses(make({ ...input, SecondaryAllocationIds: [AllocationId!] }), { code: 'InvalidParameterValue' })
    await refuses(make({ ...input, SecondaryAllocationIds: others }), { code: 'LimitExceeded', limit: 8, used: 9 })
    await refuses(make({ ...input, SecondaryPrivateIpAddressCount: 1 }), { code: 'InvalidParameterCombination' })
    await refuses(make({ ...input, SecondaryPrivateIpAddresses: ['10.0.0.9'] }), {
      code: 'InvalidParameterCombination',
    })
    const foreign = await addressOf(world, {}, stranger)
    for (const id of [foreign, 'eipalloc-00000000000000000', 'garbage']) {
      await refuses(make({ SubnetId, AllocationId: id }), { code: 'NotFound', what: 'elastic-ip', id })
    }

    const gateway = await make({ ...input, SecondaryAllocationIds: others.slice(0, 2) })
    assert.deepEqual(
      gateway.NatGatewayAddresses!.map((address) => [address.AllocationId, address.PrivateIp, address.IsPrimary]),
      [
        [ids[0], '10.0.0.4', true],
        [ids[1], '10.0.0.5', false],
        [ids[2], '10.0.0.6', false],
      ],
    )
    await refuses(make(input), { code: 'AlreadyAssociated', what: 'elastic-ip', id: AllocationId })

    const NatGatewayId = gateway.NatGatewayId!
    const added = await world.call('AssociateNatGatewayAddress', {
      NatGatewayId,
      AllocationIds: ids.slice(3, 5),
      PrivateIpAddresses: ['10.0.0.12', '10.0.0.11'],
    })
    assert.deepEqual(
      added.NatGatewayAddresses!.map((address) => [address.AllocationId, address.PrivateIp, address.Status]),
      [
        [ids[3], '10.0.0.12', 'associating'],
        [ids[4], '10.0.0.11', 'associating'],
      ],
    )
    await refuses(world.call('AssociateNatGatewayAddress', { NatGatewayId, AllocationIds: ids.slice(5) }), {
      code: 'LimitExceeded',
      limit: 8,
    })
    await refuses(world.call('AssociateNatGatewayAddress', { NatGatewayId, AllocationIds: [] }), {
      code: 'MissingParameter',
    })
    const zone = { AvailabilityZone: 'us-east-1a' }
    await refuses(world.call('AssociateNatGatewayAddress', { NatGatewayId, AllocationIds: [ids[5]!], ...zone }), {
      code: 'InvalidParameterCombination',
    })

    const [primary, second] = gateway.NatGatewayAddresses!
    const leave = (...AssociationIds: string[]) =>
      world.call('DisassociateNatGatewayAddress', { NatGatewayId, AssociationIds })
    await refuses(leave(primary!.AssociationId!), { code: 'NotEligible' })
    await refuses(leave('eipassoc-1'), { code: 'NotFound', what: 'association', id: 'eipassoc-1' })
    await refuses(leave(), { code: 'MissingParameter' })
    const left = await leave(second!.AssociationId!)
    assert.deepEqual(
      left.NatGatewayAddresses!.map((address) => [address.AllocationId, address.Status]),
      [[ids[1], 'disassociating']],
    )
    assert.equal((await shown(NatGatewayId)).NatGatewayAddresses!.length, 4)
    assert.equal((await elasticIp(ids[1]!)).AssociationId, undefined)
    await remove(NatGatewayId)
    for (const id of ids) await world.call('ReleaseAddress', { AllocationId: id })
  })

  test('of a regional kind takes one address in each zone of its subnets, and gives them back', async () => {
    const before = (await world.call('DescribeAddresses', {})).Addresses!.length
    const gateway = await make({ VpcId, AvailabilityMode: 'regional' })
    const { NatGatewayAddresses: all = [], RouteTableId, ...facts } = await shown(gateway.NatGatewayId)
    assert.match(RouteTableId!, /^rtb-/)
    assert.partialDeepStrictEqual(facts, {
      AvailabilityMode: 'regional',
      AutoScalingIps: 'enabled',
      AutoProvisionZones: 'enabled',
      ConnectivityType: 'public',
      VpcId,
    })
    assert.deepEqual(
      all.map(({ AvailabilityZone }) => AvailabilityZone),
      ['us-east-1a', 'us-east-1c'],
    )
    const address = await elasticIp(all[0]!.AllocationId!)
    assert.equal(address.ServiceManaged, 'rnat')
    assert.equal(address.PublicIp, all[0]!.PublicIp)
    await refuses(world.call('ReleaseAddress', { AllocationId: address.AllocationId }), { code: 'InUse' })
    const NatGatewayId = gateway.NatGatewayId!
    const own = await addressOf(world)
    const more = { NatGatewayId, AllocationIds: [own], AvailabilityZone: 'us-east-1a' }
    await refuses(world.call('AssociateNatGatewayAddress', more), { code: 'NotEligible' })
    const AssociationIds = [all[0]!.AssociationId!]
    await refuses(world.call('DisassociateNatGatewayAddress', { NatGatewayId, AssociationIds }), {
      code: 'NotEligible',
    })
    await world.call('ReleaseAddress', { AllocationId: own })
    await remove(NatGatewayId)
    assert.equal((await world.call('DescribeAddresses', {})).Addresses!.length, before)
  })

  test('of a regional kind stands in the first zone where the VPC has no subnet', async () => {
    const empty = (await world.call('CreateVpc', { CidrBlock: '10.0.0.0/16' })).Vpc!.VpcId!
    const gateway = await make({ VpcId: empty, AvailabilityMode: 'regional' })
    assert.deepEqual(
      gateway.NatGatewayAddresses!.map(({ AvailabilityZoneId }) => AvailabilityZoneId),
      ['use1-az1'],
    )
    await remove(gateway.NatGatewayId)
  })

  test('of a regional kind takes the customer’s addresses, zone by zone', async () => {
    const ids: string[] = []
    for (let i = 0; i < 4; i++) ids.push(await addressOf(world))
    const regional = { VpcId, AvailabilityMode: 'regional' } as const
    const gateway = await make({
      ...regional,
      AvailabilityZoneAddresses: [
        { AvailabilityZone: 'us-east-1b', AllocationIds: [ids[0]!] },
        { AvailabilityZoneId: 'use1-az3', AllocationIds: [ids[1]!] },
      ],
    })
    const NatGatewayId = gateway.NatGatewayId!
    assert.deepEqual([gateway.AutoScalingIps, gateway.AutoProvisionZones], ['disabled', 'disabled'])
    assert.deepEqual(
      gateway.NatGatewayAddresses!.map(({ AllocationId, AvailabilityZone }) => [AllocationId, AvailabilityZone]),
      [
        [ids[0], 'us-east-1b'],
        [ids[1], 'us-east-1c'],
      ],
    )
    const more = { NatGatewayId, AllocationIds: ids.slice(2) }
    await refuses(world.call('AssociateNatGatewayAddress', more), {
      code: 'MissingParameter',
      field: 'AvailabilityZone',
    })
    await refuses(
      world.call('AssociateNatGatewayAddress', {
        ...more,
        AvailabilityZone: 'us-east-1a',
        PrivateIpAddresses: ['10.0.0.4'],
      }),
      { code: 'InvalidParameterCombination' },
    )
    await world.call('AssociateNatGatewayAddress', { ...more, AvailabilityZone: 'us-east-1a' })
    const all = (await shown(NatGatewayId)).NatGatewayAddresses!
    assert.equal(all.length, 4)
    const leave = (AssociationIds: string[]) =>
      world.call('DisassociateNatGatewayAddress', { NatGatewayId, AssociationIds })
    await refuses(leave(all.map(({ AssociationId }) => AssociationId!)), { code: 'NotEligible' })
    await leave(all.slice(1).map(({ AssociationId }) => AssociationId!))
    assert.equal((await shown(NatGatewayId)).NatGatewayAddresses!.length, 1)
    await remove(NatGatewayId)
    for (const AllocationId of ids) {
      assert.equal((await elasticIp(AllocationId)).AssociationId, undefined)
      await world.call('ReleaseAddress', { AllocationId })
    }

    const a = { AvailabilityZone: 'us-east-1a' }
    await refuses(make({ ...regional, AvailabilityZoneAddresses: [a] }), { code: 'MissingParameter' })
    await refuses(make({ ...regional, AvailabilityZoneAddresses: [{ AllocationIds: ['x'] }] }), {
      code: 'MissingParameter',
    })
    const double = [
      { ...a, AllocationIds: ['x'] },
      { AvailabilityZoneId: 'use1-az1', AllocationIds: ['y'] },
    ]
    await refuses(make({ ...regional, AvailabilityZoneAddresses: double }), { code: 'InvalidParameterValue' })
    await refuses(make({ ...regional, SubnetId }), { code: 'InvalidParameterCombination' })
    await refuses(make({ ...regional, ConnectivityType: 'private' }), { code: 'InvalidParameterCombination' })
    await refuses(make({ AvailabilityMode: 'regional' }), { code: 'MissingParameter', field: 'VpcId' })
  })

  test('cannot stand in a subnet without IPv4', async () => {
    const input = { CidrBlock: '10.0.0.0/16', AmazonProvidedIpv6CidrBlock: true }
    const vpc = (await world.call('CreateVpc', input)).Vpc!
    const { Subnet: native } = await world.call('CreateSubnet', {
      VpcId: vpc.VpcId!,
      Ipv6Native: true,
      Ipv6CidrBlock: vpc.Ipv6CidrBlockAssociationSet![0]!.Ipv6CidrBlock!.replace('/56', '/64'),
    })
    await refuses(make({ SubnetId: native!.SubnetId, ConnectivityType: 'private' }), {
      code: 'InvalidParameterValue',
      field: 'SubnetId',
    })
  })

  test('is not made by a dry run', async () => {
    const before = (await world.call('DescribeAddresses', {})).Addresses!.length
    await refuses(make({ VpcId, AvailabilityMode: 'regional', DryRun: true }), { code: 'DryRunSucceeded' })
    assert.equal((await world.call('DescribeAddresses', {})).Addresses!.length, before)
  })

  test('I8 another account’s gateway, one in another Region and an absent one are the same', async () => {
    const { NatGatewayId = '' } = await make({ SubnetId, ConnectivityType: 'private' })
    for (const as of [{ account: stranger }, { region: 'eu-central-1' }]) {
      const expected = { code: 'NotFound', what: 'nat-gateway', id: NatGatewayId } as const
      await refuses(world.call('DescribeNatGateways', { NatGatewayIds: [NatGatewayId] }, as), expected)
      await refuses(world.call('DeleteNatGateway', { NatGatewayId }, as), expected)
      await refuses(world.call('AssociateNatGatewayAddress', { NatGatewayId, AllocationIds: ['x'] }, as), expected)
      await refuses(world.call('DisassociateNatGatewayAddress', { NatGatewayId, AssociationIds: ['x'] }, as), expected)
      assert.deepEqual((await world.call('DescribeNatGateways', {}, as)).NatGateways, [])
    }
    await refuses(remove(absent), { code: 'NotFound', what: 'nat-gateway', id: absent })
    await refuses(remove('garbage'), { code: 'MalformedId', what: 'nat-gateway' })
    await remove(NatGatewayId)
  })
})

test('NAT gateways are listed in order of creation, in pages, and through every filter', async () => {
  const world = await openWorld()
  const { VpcId, subnets } = await openNetwork(world, ['us-east-1a', 'us-east-1b'])
  const make = async (input: Ec2Input['CreateNatGateway']) =>
    (await world.call('CreateNatGateway', input)).NatGateway!.NatGatewayId!
  const tags = [{ ResourceType: 'natgateway' as const, Tags: tagsOf({ env: 'prod' }) }]
  const a = await make({ SubnetId: subnets[0], ConnectivityType: 'private', TagSpecifications: tags })
  const b = await make({ SubnetId: subnets[1], ConnectivityType: 'private' })
  const c = await make({ VpcId, AvailabilityMode: 'regional' })
  await world.call('DeleteNatGateway', { NatGatewayId: b })
  const idsOf = async (input: Ec2Input['DescribeNatGateways']) =>
    (await world.call('DescribeNatGateways', input)).NatGateways!.map(({ NatGatewayId }) => NatGatewayId)
  assert.deepEqual(await idsOf({}), [a, b, c])
  const first = await world.call('DescribeNatGateways', { MaxResults: 2 })
  assert.equal(first.NatGateways!.length, 2)
  assert.deepEqual(await idsOf({ MaxResults: 2, NextToken: first.NextToken }), [c])
  const filters: [name: string, value: string, ids: string[]][] = [
    ['nat-gateway-id', a, [a]],
    ['state', 'available', [a, c]],
    ['state', 'deleted', [b]],
    ['subnet-id', subnets[1]!, [b]],
    ['vpc-id', VpcId, [a, b, c]],
    ['tag:env', 'prod', [a]],
    ['tag-key', 'env', [a]],
  ]
  for (const [Name, value, ids] of filters) {
    assert.deepEqual(await idsOf({ Filter: [{ Name, Values: [value] }] }), ids, Name)
  }
  await refuses(idsOf({ Filter: [{ Name: 'colour', Values: ['red'] }] }), { code: 'InvalidFilter', name: 'colour' })
  await world.close()
})

test('I8 what others deleted costs whoever makes one nothing, and is cleared away by itself', async () => {
  const world = await openWorld()
  const theirs = await openNetwork(world, ['us-east-1a'], stranger)
  const as = { account: stranger }
  const gone: string[] = []
  for (let made = 0; made < 5; made++) {
    const input = { SubnetId: theirs.subnets[0]!, ConnectivityType: 'private' } as const
    gone.push((await world.call('CreateNatGateway', input, as)).NatGateway!.NatGatewayId!)
  }
  for (const NatGatewayId of gone) await world.call('DeleteNatGateway', { NatGatewayId }, as)
  world.advance(hourMs)
  const { subnets } = await openNetwork(world, ['us-east-1a'])
  await world.call('CreateNatGateway', { SubnetId: subnets[0]!, ConnectivityType: 'private' })
  const kept = async () => (await world.store.read((tx) => tx.natGateways.findMany(gone))).size
  assert.equal(await kept(), gone.length, 'no request clears away what others had')
  assert.equal(await world.store.read((tx) => tx.natGateways.anyToForget()), true)
  await world.store.write((tx) => tx.natGateways.forgetDeleted())
  assert.equal(await kept(), 0)
  assert.equal(await world.store.read((tx) => tx.natGateways.anyToForget()), false)
  await world.close()
})

test('D7 a subnet has so many gateways that one request can look through their addresses, and another subnet has others', async () => {
  const world = await openWorld()
  const { VpcId, subnets } = await openNetwork(world, ['us-east-1a', 'us-east-1c'])
  const { account } = (await world.store.read((tx) => tx.vpcs.find(VpcId)))!
  const limit = 200
  await world.store.write(async (tx) => {
    for (let n = 0; n < limit; n++) {
      await tx.natGateways.insert({
        ...{
          id: `nat-${String(n).padStart(17, '0')}`,
          account,
          region: 'us-east-1',
          vpcId: VpcId,
          subnetId: subnets[0],
        },
        ...{ connectivity: 'private', availabilityMode: 'zonal', isAutomatic: false, routeTableId: undefined },
      })
    }
  })
  const make = (SubnetId: string) => world.call('CreateNatGateway', { SubnetId, ConnectivityType: 'private' })
  await refuses(make(subnets[0]!), { code: 'LimitExceeded', limit, used: limit })
  await make(subnets[1]!)
  await world.call('DeleteNatGateway', { NatGatewayId: `nat-${'7'.padStart(17, '0')}` })
  await make(subnets[0]!)
  await world.close()
})

describe('a NAT gateway under a policy', () => {
  let acme: Acme
  let listed: string
  let network: { VpcId: string; subnets: string[] }
  /** Allocated before the policy came. */
  let old: string
  const as = { account: shop }
  before(async () => {
    acme = await openAcme()
    listed = await acme.pool({ cidr: '203.0.113.0/29' })
    network = await openNetwork(acme, ['us-east-1a', 'us-east-1b'], shop)
    old = await addressOf(acme, {}, shop)
    const policy = await acme.policy()
    await acme.rules(policy, [listed], { type: 'rnat' })
    await acme.rules(policy, [listed], { type: 'eip' })
    await acme.enable(policy)
  })
  after(() => acme.close())
  const make = async (input: Ec2Input['CreateNatGateway']) =>
    (await acme.call('CreateNatGateway', input, as)).NatGateway!
  const remove = (NatGatewayId: string | undefined) =>
    acme.call('DeleteNatGateway', { NatGatewayId: NatGatewayId! }, as)
  const regional = () => ({ VpcId: network.VpcId, AvailabilityMode: 'regional' }) as const
  const inZone = (...AllocationIds: string[]) => ({
    AvailabilityZoneAddresses: [{ AvailabilityZone: 'us-east-1a', AllocationIds }],
  })

  test('of an automatic kind gets addresses of the policy’s pool, though the caller named none', async () => {
    const gateway = await make(regional())
    assert.deepEqual(
      gateway.NatGatewayAddresses!.map(({ PublicIp }) => PublicIp),
      ['203.0.113.0', '203.0.113.1'],
    )
    const { Addresses: addresses } = await acme.call('DescribeAddresses', {}, as)
    assert.deepEqual(
      addresses!.filter(({ ServiceManaged }) => ServiceManaged === 'rnat').map(({ PublicIpv4Pool }) => PublicIpv4Pool),
      [listed, listed],
    )
    await remove(gateway.NatGatewayId)
  })

  test('I4 takes no address that was allocated before the policy: neither by zone nor in a subnet nor later', async () => {
    await refuses(make({ ...regional(), ...inZone(old) }), { code: 'DeniedByPolicy' })
    await refuses(make({ SubnetId: network.subnets[0], AllocationId: old }), { code: 'DeniedByPolicy' })
    const own = await addressOf(acme, {}, shop)
    for (const gateway of [
      await make({ ...regional(), ...inZone(own) }),
      await make({ SubnetId: network.subnets[0], AllocationId: await addressOf(acme, {}, shop) }),
    ]) {
      const zone = gateway.SubnetId === undefined ? { AvailabilityZone: 'us-east-1a' } : {}
      const input = { NatGatewayId: gateway.NatGatewayId!, AllocationIds: [old], ...zone }
      await refuses(acme.call('AssociateNatGatewayAddress', input, as), { code: 'DeniedByPolicy' })
      assert.equal(
        (await acme.call('DescribeNatGateways', { NatGatewayIds: [gateway.NatGatewayId!] }, as)).NatGateways![0]!
          .NatGatewayAddresses!.length,
        1,
      )
      await remove(gateway.NatGatewayId)
    }
    for (const { AllocationId } of (await acme.call('DescribeAddresses', {}, as)).Addresses!) {
      if (AllocationId !== old) await acme.call('ReleaseAddress', { AllocationId }, as)
    }
    const { Addresses: kept } = await acme.call('DescribeAddresses', {}, as)
    assert.deepEqual(
      kept!.map(({ AssociationId }) => AssociationId),
      [undefined],
      'a denial changes nothing',
    )
  })

  test('whose second zone finds the pool dry gets no address at all', async () => {
    const held: string[] = []
    for (let i = 0; i < 7; i++) held.push(await addressOf(acme, {}, shop))
    await refuses(make(regional()), { code: 'Exhausted', pool: listed })
    const free = await addressOf(acme, {}, shop)
    assert(free, 'the address of the first zone is free again')
    for (const AllocationId of [...held, free]) await acme.call('ReleaseAddress', { AllocationId }, as)
  })
})

test('a policy that steers cannot steer an address that is named, and so refuses it', async () => {
  const acme = await openAcme()
  const as = { account: shop }
  const { VpcId } = await openNetwork(acme, ['us-east-1a'], shop)
  const old = await addressOf(acme, {}, shop)
  const policy = await acme.policy({ 'cadastre:on-explicit': 'steer' })
  await acme.rules(policy, [await acme.pool()], { type: 'rnat' })
  await acme.enable(policy)
  const zones = { AvailabilityZoneAddresses: [{ AvailabilityZone: 'us-east-1a', AllocationIds: [old] }] }
  await refuses(acme.call('CreateNatGateway', { VpcId, AvailabilityMode: 'regional', ...zones }, as), {
    code: 'DeniedByPolicy',
  })
  await acme.close()
})

test('under a policy with AWS’s semantics, an address that is named is the caller’s choice', async () => {
  const acme = await openAcme()
  const as = { account: shop }
  const { VpcId } = await openNetwork(acme, ['us-east-1a'], shop)
  const old = await addressOf(acme, {}, shop)
  const policy = await acme.policy({ 'cadastre:compatibility': 'aws' })
  await acme.rules(policy, [await acme.pool()], { type: 'rnat' })
  await acme.enable(policy)
  const zones = { AvailabilityZoneAddresses: [{ AvailabilityZone: 'us-east-1a', AllocationIds: [old] }] }
  const { NatGateway: made } = await acme.call(
    'CreateNatGateway',
    { VpcId, AvailabilityMode: 'regional', ...zones },
    as,
  )
  assert.equal(made!.NatGatewayAddresses![0]!.AllocationId, old)
  await acme.close()
})
