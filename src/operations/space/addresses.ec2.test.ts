// Elastic IPs, operation by operation: what each answers, refuses, and keeps from others.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Ec2Input, Ec2Operation } from '#formats/aws/ec2.generated.ts'
import { type Acme, asNetwork, lab, openAcme, shop, tagsOf } from '../../../test/acme.ts'
import { refuses } from '../../../test/organization.ts'
import { openWorld, type World } from '../../../test/world.ts'

const absent = 'eipalloc-00000000000000000'
const instance = 'i-0123456789abcdef0'
const networkInterface = 'eni-0123456789abcdef0'

describe('an Elastic IP of the provider’s', () => {
  let world: World
  before(async () => {
    world = await openWorld()
  })
  after(() => world.close())
  const allocate = async (input: Ec2Input['AllocateAddress'] = {}) => world.call('AllocateAddress', input)
  const shown = async (id: string) =>
    structuredClone((await world.call('DescribeAddresses', { AllocationIds: [id] })).Addresses![0]!)
  const release = (AllocationId: string) => world.call('ReleaseAddress', { AllocationId })

  test('is allocated, described and released', async () => {
    const Tags = tagsOf({ Name: 'edge' })
    const made = await allocate({ Domain: 'vpc', TagSpecifications: [{ ResourceType: 'elastic-ip', Tags }] })
    const AllocationId = made.AllocationId!
    assert.match(AllocationId, /^eipalloc-[0-9a-f]{17}$/)
    const common = { AllocationId, PublicIp: made.PublicIp!, PublicIpv4Pool: 'amazon', Domain: 'vpc' }
    assert.deepEqual(made, { ...common, NetworkBorderGroup: 'us-east-1' })
    assert.deepEqual(await shown(AllocationId), { ...common, NetworkBorderGroup: 'us-east-1', Tags })
    assert.deepEqual(await release(AllocationId), {})
    await refuses(shown(AllocationId), { code: 'NotFound', what: 'elastic-ip', id: AllocationId })
    await refuses(release(AllocationId), { code: 'NotFound', what: 'elastic-ip', id: AllocationId })
    const tags = { Filters: [{ Name: 'resource-id', Values: [AllocationId] }] }
    assert.deepEqual((await world.call('DescribeTags', tags)).Tags, [])
  })

  test('may be the one that is named, once', async () => {
    const { PublicIp, AllocationId } = await allocate({ Address: '198.18.77.7' })
    assert.equal(PublicIp, '198.18.77.7')
    await refuses(allocate({ Address: '198.18.77.7' }), { code: 'CidrConflict', field: 'Address' })
    await world.call('ReleaseAddress', { PublicIp: PublicIp! })
    assert.notEqual((await allocate({ Address: '198.18.77.7' })).AllocationId, AllocationId)
  })

  test('is refused by name where the request has no meaning here', async () => {
    const cases: readonly (readonly [Ec2Input['AllocateAddress'], string, string?])[] = [
      [{ Domain: 'standard' }, 'InvalidParameterValue', 'Domain'],
      [{ CustomerOwnedIpv4Pool: 'ipv4pool-coip-1' }, 'NotSupported'],
      [{ PublicIpv4Pool: 'ipv4pool-ec2-1' }, 'InvalidParameterValue', 'PublicIpv4Pool'],
      [{ NetworkBorderGroup: 'us-east-1-lax-1' }, 'InvalidParameterValue', 'NetworkBorderGroup'],
      [{ Address: '198.18.0.0/32' }, 'InvalidParameterValue', 'Address'],
      [{ Address: '2001:db8::1' }, 'InvalidParameterValue', 'Address'],
      [{ Address: '192.0.2.1' }, 'InvalidParameterValue', 'Address'],
      [{ IpamPoolId: 'ipam-pool-00000000000000000' }, 'NotFound'],
    ]
    const before = await world.call('DescribeAddresses', {})
    for (const [input, code, field] of cases) {
      await refuses(allocate(input), { code, ...(field ? { field } : {}) } as never)
    }
    assert.deepEqual(await world.call('DescribeAddresses', {}), before)
  })

  test('is associated, stays so when asked again, moves only where that is allowed, and is then let go', async () => {
    const { AllocationId = '', PublicIp = '' } = await allocate()
    const first = await world.call('AssociateAddress', { AllocationId, InstanceId: instance })
    assert.match(first.AssociationId!, /^eipassoc-[0-9a-f]{17}$/)
    assert.deepEqual(await world.call('AssociateAddress', { PublicIp, InstanceId: instance }), first)
    assert.equal((await shown(AllocationId)).InstanceId, instance)

    const move = { AllocationId, NetworkInterfaceId: networkInterface, PrivateIpAddress: '10.0.0.9' }
    const refusal = { code: 'AlreadyAssociated', what: 'elastic-ip', id: AllocationId } as const
    await refuses(world.call('AssociateAddress', { ...move, AllowReassociation: false }), refusal)
    const { AssociationId = '' } = await world.call('AssociateAddress', { ...move, AllowReassociation: true })
    assert.notEqual(AssociationId, first.AssociationId)
    const now = await shown(AllocationId)
    assert.deepEqual(
      [now.AssociationId, now.InstanceId, now.NetworkInterfaceId, now.PrivateIpAddress],
      [AssociationId, undefined, networkInterface, '10.0.0.9'],
    )
    assert.deepEqual(await world.call('DisassociateAddress', { AssociationId: first.AssociationId! }), {})
    assert.equal((await shown(AllocationId)).AssociationId, AssociationId)
    await refuses(release(AllocationId), { code: 'InUse', id: AllocationId })
    assert.deepEqual(await world.call('DisassociateAddress', { AssociationId }), {})
    assert.equal((await shown(AllocationId)).AssociationId, undefined)
    // By address, ending what is not is no error; by the id of an association that has ended, it is.
    assert.deepEqual(await world.call('DisassociateAddress', { PublicIp }), {})
    assert.deepEqual(await world.call('DisassociateAddress', { AssociationId }), {})
    const absent = 'eipassoc-00000000000000000'
    await refuses(world.call('DisassociateAddress', { AssociationId: absent }), {
      code: 'NotFound',
      what: 'association',
    })
    await release(AllocationId)
  })

  test('is named in one way, and what it is associated with too', async () => {
    const { AllocationId = '', PublicIp = '' } = await allocate()
    const to = { InstanceId: instance }
    const cases: readonly (readonly [Ec2Operation, object, string])[] = [
      ['ReleaseAddress', {}, 'MissingParameter'],
      ['ReleaseAddress', { AllocationId, PublicIp }, 'InvalidParameterCombination'],
      ['ReleaseAddress', { AllocationId, NetworkBorderGroup: 'eu-central-1' }, 'NotFound'],
      ['ReleaseAddress', { PublicIp: 'here' }, 'MalformedId'],
      ['AssociateAddress', { ...to }, 'MissingParameter'],
      ['AssociateAddress', { AllocationId, PublicIp, ...to }, 'InvalidParameterCombination'],
      ['AssociateAddress', { AllocationId }, 'MissingParameter'],
      [
        'AssociateAddress',
        { AllocationId, ...to, NetworkInterfaceId: networkInterface },
        'InvalidParameterCombination',
      ],
      ['AssociateAddress', { AllocationId, InstanceId: 'i-xyz' }, 'InvalidParameterValue'],
      ['AssociateAddress', { AllocationId, NetworkInterfaceId: instance }, 'InvalidParameterValue'],
      ['AssociateAddress', { AllocationId, ...to, PrivateIpAddress: '::1' }, 'InvalidParameterValue'],
      ['AssociateAddress', { AllocationId, ...to, PrivateIpAddress: '127.0.0.1' }, 'InvalidParameterValue'],
      ['AssociateAddress', { AllocationId, ...to, PrivateIpAddress: '224.0.0.5' }, 'InvalidParameterValue'],
      ['DisassociateAddress', {}, 'MissingParameter'],
      ['DisassociateAddress', { AssociationId: 'eipassoc-0', PublicIp }, 'InvalidParameterCombination'],
    ]
    for (const [name, input, code] of cases) await refuses(world.call(name, input as never), { code } as never)
    assert.equal((await shown(AllocationId)).AssociationId, undefined)
    await release(AllocationId)
  })
})

test('the interface of a NAT gateway has its own address, and gets no other from anybody but its service', async () => {
  const world = await openWorld()
  const { Vpc } = await world.call('CreateVpc', { CidrBlock: '10.0.0.0/16' })
  const { Subnet } = await world.call('CreateSubnet', { VpcId: Vpc!.VpcId!, CidrBlock: '10.0.0.0/24' })
  const params = { SubnetId: Subnet!.SubnetId!, ConnectivityType: 'private', PrivateIpAddress: '10.0.0.9' } as const
  await world.call('CreateNatGateway', params)
  const { NetworkInterfaces } = await world.call('DescribeNetworkInterfaces', {})
  const NetworkInterfaceId = NetworkInterfaces![0]!.NetworkInterfaceId!
  const { AllocationId } = await world.call('AllocateAddress', {})
  const associate = (PrivateIpAddress?: string) =>
    world.call('AssociateAddress', { AllocationId: AllocationId!, NetworkInterfaceId, PrivateIpAddress })
  for (const other of ['10.0.0.10', '10.0.1.9', '192.168.0.9']) {
    const refusal = { code: 'InvalidParameterValue', field: 'PrivateIpAddress', value: other } as const
    const { problem } = (await refuses(associate(other), refusal)) as { problem: string }
    assert.match(problem, /is not assigned to the network interface `eni-[0-9a-f]+`, which has `10\.0\.0\.9`/)
  }
  for (const same of ['10.0.0.9', undefined]) await refuses(associate(same), { code: 'NotEligible' })
  const { Addresses } = await world.call('DescribeAddresses', {})
  assert.deepEqual(
    Addresses!.map(({ AssociationId }) => AssociationId),
    [undefined],
  )
  await world.close()
})

describe('Elastic IPs of several accounts and pools', () => {
  let acme: Acme
  let pool: string
  let plain: { AllocationId?: string; PublicIp?: string }
  let tied: { AllocationId?: string; PublicIp?: string }
  let AssociationId: string
  const as = { account: shop }
  before(async () => {
    acme = await openAcme()
    pool = await acme.pool()
    const law = await acme.policy()
    await acme.rules(law, [pool])
    await acme.enable(law)
    plain = await acme.call('AllocateAddress', {}, as)
    const Tags = tagsOf({ env: 'prod' })
    tied = await acme.call('AllocateAddress', { TagSpecifications: [{ ResourceType: 'elastic-ip', Tags }] }, as)
    const target = { NetworkInterfaceId: networkInterface, PrivateIpAddress: '10.0.0.9' }
    const done = await acme.call('AssociateAddress', { AllocationId: tied.AllocationId!, ...target }, as)
    AssociationId = done.AssociationId!
  })
  after(() => acme.close())
  const found = async (input: Ec2Input['DescribeAddresses'], who: object = as) =>
    (await acme.call('DescribeAddresses', input, who)).Addresses!.map(({ AllocationId }) => AllocationId)

  test('come from the pool of the policy and are listed for their account and Region only, oldest first', async () => {
    assert.deepEqual(await found({}), [plain.AllocationId, tied.AllocationId])
    assert.deepEqual(await found({ AllocationIds: [tied.AllocationId!, plain.AllocationId!] }), await found({}))
    assert.deepEqual(await found({ PublicIps: [tied.PublicIp!], AllocationIds: [tied.AllocationId!] }), [
      tied.AllocationId,
    ])
    const { Addresses } = await acme.call('DescribeAddresses', {}, as)
    assert.deepEqual(new Set(Addresses!.map(({ PublicIpv4Pool }) => PublicIpv4Pool)), new Set([pool]))
    assert.deepEqual(await found({}, { account: lab }), [])
    assert.deepEqual(await found({}, { ...as, region: 'eu-central-1' }), [])
  })

  test('are found through every filter', async () => {
    const filters: readonly (readonly [string, string, readonly (string | undefined)[]])[] = [
      ['allocation-id', plain.AllocationId!, [plain.AllocationId]],
      ['association-id', AssociationId, [tied.AllocationId]],
      ['domain', 'vpc', [plain.AllocationId, tied.AllocationId]],
      ['network-border-group', 'us-east-1', [plain.AllocationId, tied.AllocationId]],
      ['network-interface-id', networkInterface, [tied.AllocationId]],
      ['network-interface-owner-id', shop, [tied.AllocationId]],
      ['private-ip-address', '10.0.0.*', [tied.AllocationId]],
      ['public-ip', plain.PublicIp!, [plain.AllocationId]],
      ['tag:env', 'prod', [tied.AllocationId]],
      ['tag-key', 'e?v', [tied.AllocationId]],
      ['instance-id', '*', []],
    ]
    for (const [Name, value, ids] of filters) {
      assert.deepEqual(await found({ Filters: [{ Name, Values: [value] }] }), ids, Name)
      assert.deepEqual(await found({ Filters: [{ Name, Values: ['nothing'] }] }), [], Name)
    }
    await refuses(found({ Filters: [{ Name: 'colour', Values: ['red'] }] }), { code: 'InvalidFilter', name: 'colour' })
  })

  test('I8 of another account, of another Region and absent ones are refused alike', async () => {
    const strangers = [{ account: lab }, { ...as, region: 'eu-central-1' }]
    for (const who of strangers) {
      for (const id of [tied.AllocationId!, absent]) {
        const refusal = { code: 'NotFound', what: 'elastic-ip', id } as const
        await refuses(found({ AllocationIds: [id] }, who), refusal)
        await refuses(acme.call('ReleaseAddress', { AllocationId: id }, who), refusal)
        await refuses(acme.call('AssociateAddress', { AllocationId: id, InstanceId: instance }, who), refusal)
        await refuses(acme.call('DescribeAddressesAttribute', { AllocationIds: [id] }, who), refusal)
      }
      for (const PublicIp of [tied.PublicIp!, '203.0.113.250']) {
        const refusal = { code: 'NotFound', what: 'elastic-ip-address', id: PublicIp } as const
        await refuses(found({ PublicIps: [PublicIp] }, who), refusal)
        await refuses(acme.call('ReleaseAddress', { PublicIp }, who), refusal)
        await refuses(acme.call('DisassociateAddress', { PublicIp }, who), refusal)
      }
      for (const id of [AssociationId, 'eipassoc-00000000000000000']) {
        const ends = acme.call('DisassociateAddress', { AssociationId: id }, who)
        await refuses(ends, { code: 'NotFound', what: 'association', id })
      }
    }
    assert.equal((await found({ Filters: [{ Name: 'association-id', Values: [AssociationId] }] })).length, 1)
  })

  test('a pool of another family or Region is refused by the parameter', async () => {
    const [abroad, ipv6] = [await acme.pool({ locale: 'eu-central-1' }), await acme.pool({ family: 'ipv6' })]
    for (const IpamPoolId of [abroad, ipv6]) {
      const asked = acme.call('AllocateAddress', { IpamPoolId }, asNetwork)
      await refuses(asked, { code: 'InvalidParameterValue', field: 'IpamPoolId', value: IpamPoolId })
    }
  })
})

test('an Elastic IP that was released is had again by its address alone, by who had it last, while it is free', async () => {
  const acme = await openAcme({ settings: { quarantineSecondsPublic: 3600 } })
  const IpamPoolId = await acme.pool()
  await acme.call(
    'CreateTags',
    { Resources: [IpamPoolId], Tags: tagsOf({ 'cadastre:shared-with': `${shop} ${lab}` }) },
    asNetwork,
  )
  const as = { account: shop }
  const { AllocationId = '', PublicIp = '' } = await acme.call('AllocateAddress', { IpamPoolId }, as)
  const recover = (who: object = as) => acme.call('AllocateAddress', { Address: PublicIp }, who)
  await refuses(recover(), { code: 'InvalidParameterValue', field: 'Address' })
  await acme.call('ReleaseAddress', { AllocationId }, as)
  // Nobody else, wherever it rests.
  await refuses(recover({ account: lab }), { code: 'InvalidParameterValue', field: 'Address' })
  const again = await recover()
  assert.deepEqual([again.PublicIp, again.PublicIpv4Pool], [PublicIp, IpamPoolId])
  assert.notEqual(again.AllocationId, AllocationId)

  // Where a policy speaks of addresses and does not list the pool, it does not come back.
  await acme.call('ReleaseAddress', { AllocationId: again.AllocationId! }, as)
  const law = await acme.policy()
  await acme.rules(law, [await acme.pool()])
  await acme.enable(law, shop)
  await refuses(recover(), { code: 'DeniedByPolicy' })
  await acme.close()
})
