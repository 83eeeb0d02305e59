// VPCs: made, described, changed, extended and deleted; with blocks of the caller's, of pools, and of policy's choice.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Ec2Input } from '#formats/aws/ec2.generated.ts'
import { type Acme, asNetwork, network, openAcme, shop, stranger, tagsOf } from '../../../test/acme.ts'
import { refuses } from '../../../test/organization.ts'
import { openWorld, type World } from '../../../test/world.ts'

const absent = 'vpc-00000000000000000'
const tagged = (tags: Record<string, string>) => ({
  TagSpecifications: [{ ResourceType: 'vpc' as const, Tags: tagsOf(tags) }],
})

describe('a VPC of the caller’s own space', () => {
  let world: World
  before(async () => {
    world = await openWorld()
  })
  after(() => world.close())
  const make = async (input: Ec2Input['CreateVpc'] = { CidrBlock: '10.0.0.0/16' }, account?: string) =>
    (await world.call('CreateVpc', input, { account })).Vpc!
  const shown = async (id: string) => (await world.call('DescribeVpcs', { VpcIds: [id] })).Vpcs![0]!

  test('is pending in the first answer and available in the next', async () => {
    const vpc = await make({ CidrBlock: '10.1.0.0/16', InstanceTenancy: 'dedicated', ...tagged({ Name: 'a' }) })
    assert.match(vpc.VpcId!, /^vpc-[0-9a-f]{17}$/)
    assert.equal(vpc.State, 'pending')
    // The database's rows have no prototype.
    assert.deepEqual(structuredClone(await shown(vpc.VpcId!)), {
      VpcId: vpc.VpcId,
      OwnerId: '111111111111',
      State: 'available',
      CidrBlock: '10.1.0.0/16',
      CidrBlockAssociationSet: [
        {
          AssociationId: vpc.CidrBlockAssociationSet![0]!.AssociationId,
          CidrBlock: '10.1.0.0/16',
          CidrBlockState: { State: 'associated' },
        },
      ],
      Ipv6CidrBlockAssociationSet: [],
      DhcpOptionsId: 'default',
      InstanceTenancy: 'dedicated',
      IsDefault: false,
      BlockPublicAccessStates: { InternetGatewayBlockMode: 'off' },
      Tags: tagsOf({ Name: 'a' }),
    })
  })

  test('gets its block normalised to the network address', async () => {
    assert.equal((await make({ CidrBlock: '100.68.0.18/18' })).CidrBlock, '100.68.0.0/18')
  })

  test('has a block between /16 and /28, and nothing that is no IPv4 block', async () => {
    for (const CidrBlock of ['10.0.0.0/15', '10.0.0.0/29']) {
      await refuses(world.call('CreateVpc', { CidrBlock }), { code: 'InvalidRange', what: 'vpc', value: CidrBlock })
    }
    for (const CidrBlock of ['10.0.0.0', '10.0.0.0/33', '2001:db8::/56', 'garbage', '']) {
      const expected = { code: 'InvalidParameterValue', field: 'CidrBlock', value: CidrBlock } as const
      await refuses(world.call('CreateVpc', { CidrBlock }), expected)
    }
    for (const CidrBlock of ['10.0.0.0/16', '10.0.0.0/28'])
      assert.equal((await make({ CidrBlock })).CidrBlock, CidrBlock)
  })

  test('has space that EC2 takes, and none with another purpose', async () => {
    const vpc = await make({ CidrBlock: '10.44.0.0/16' })
    for (const CidrBlock of ['127.0.0.0/16', '169.254.0.0/16', '0.0.0.0/16', '224.0.0.0/24', '255.255.255.0/24']) {
      const expected = { code: 'InvalidRange', what: 'vpc', value: CidrBlock } as const
      await refuses(world.call('CreateVpc', { CidrBlock }), expected)
      await refuses(world.call('AssociateVpcCidrBlock', { VpcId: vpc.VpcId!, CidrBlock }), expected)
    }
    for (const CidrBlock of ['100.64.0.0/16', '198.18.0.0/16', '8.8.0.0/16', '172.31.0.0/16', '203.0.113.0/24']) {
      assert.equal((await make({ CidrBlock })).CidrBlock, CidrBlock)
    }
    const mapped = await refuses(world.call('CreateVpc', { CidrBlock: '::ffff:10.0.0.0/112' }), {
      code: 'InvalidParameterValue',
      field: 'CidrBlock',
    })
    assert.match((mapped as { problem: string }).problem, /IPv4-mapped IPv6; the IPv4 block `10\.0\.0\.0\/16`/)
  })

  test('needs a block or a pool where no policy speaks of VPCs', async () => {
    await refuses(world.call('CreateVpc', {}), { code: 'MissingParameter', field: 'CidrBlock' })
    await refuses(world.call('CreateVpc', { Ipv4NetmaskLength: 24 }), {
      code: 'MissingParameter',
      field: 'Ipv4IpamPoolId',
    })
    await refuses(world.call('CreateVpc', { CidrBlock: '10.0.0.0/16', Ipv4NetmaskLength: 16 }), {
      code: 'InvalidParameterCombination',
    })
    await refuses(world.call('CreateVpc', { CidrBlock: '10.0.0.0/16', Ipv6CidrBlock: '2001:db8::/56' }), {
      code: 'MissingParameter',
      field: 'Ipv6IpamPoolId',
    })
    await refuses(world.call('CreateVpc', { Ipv4IpamPoolId: 'ipam-pool-none' }), {
      code: 'NotFound',
      what: 'ipam-pool',
      id: 'ipam-pool-none',
    })
  })

  test('gets a /56 of Amazon’s IPv6 space, which is free again when the VPC is gone', async () => {
    const input = { CidrBlock: '10.0.0.0/16', AmazonProvidedIpv6CidrBlock: true }
    const vpc = await make(input)
    const [ipv6] = vpc.Ipv6CidrBlockAssociationSet!
    assert.deepEqual(ipv6, {
      AssociationId: ipv6!.AssociationId,
      Ipv6CidrBlock: '2001:db8::/56',
      Ipv6CidrBlockState: { State: 'associated' },
      NetworkBorderGroup: 'us-east-1',
      Ipv6Pool: 'Amazon',
      Ipv6AddressAttribute: 'public',
      IpSource: 'amazon',
    })
    const other = await make(input)
    assert.equal(other.Ipv6CidrBlockAssociationSet![0]!.Ipv6CidrBlock, '2001:db8:0:100::/56')
    await world.call('DeleteVpc', { VpcId: vpc.VpcId! })
    const third = await make(input)
    assert.equal(third.Ipv6CidrBlockAssociationSet![0]!.Ipv6CidrBlock, '2001:db8::/56')
  })

  test('takes no parameter that has no meaning here', async () => {
    const own = { CidrBlock: '10.0.0.0/16' }
    await refuses(world.call('CreateVpc', { ...own, Ipv6Pool: 'ipv6pool-ec2-1' }), { code: 'NotSupported' })
    await refuses(world.call('CreateVpc', { ...own, VpcEncryptionControl: { Mode: 'monitor' } }), {
      code: 'NotSupported',
    })
    await refuses(world.call('CreateVpc', { ...own, Ipv6CidrBlockNetworkBorderGroup: 'us-east-1' }), {
      code: 'InvalidParameterCombination',
    })
    const amazon = { ...own, AmazonProvidedIpv6CidrBlock: true }
    await refuses(world.call('CreateVpc', { ...amazon, Ipv6CidrBlockNetworkBorderGroup: 'us-east-1-bos-1' }), {
      code: 'InvalidParameterValue',
      field: 'Ipv6CidrBlockNetworkBorderGroup',
    })
    await refuses(world.call('CreateVpc', { ...amazon, Ipv6NetmaskLength: 56 }), {
      code: 'InvalidParameterCombination',
    })
    const wrong = { TagSpecifications: [{ ResourceType: 'subnet' as const, Tags: [] }] }
    await refuses(world.call('CreateVpc', { ...own, ...wrong }), { code: 'InvalidParameterValue' })
  })

  test('is not made by a dry run', async () => {
    const before = (await world.call('DescribeVpcs', {})).Vpcs!.length
    await refuses(world.call('CreateVpc', { CidrBlock: '10.0.0.0/16', DryRun: true }), { code: 'DryRunSucceeded' })
    assert.equal((await world.call('DescribeVpcs', {})).Vpcs!.length, before)
  })

  test('I8 another account’s VPC, one in another Region and an absent one are the same to every operation', async () => {
    const { VpcId: foreign, CidrBlockAssociationSet: blocks } = await make(undefined, stranger)
    const elsewhere = (await world.call('CreateVpc', { CidrBlock: '10.0.0.0/16' }, { region: 'eu-central-1' })).Vpc!
    for (const VpcId of [foreign!, elsewhere.VpcId!, absent]) {
      const expected = { code: 'NotFound', what: 'vpc', id: VpcId } as const
      await refuses(world.call('DescribeVpcs', { VpcIds: [VpcId] }), expected)
      await refuses(world.call('DeleteVpc', { VpcId }), expected)
      await refuses(world.call('DescribeVpcAttribute', { VpcId, Attribute: 'enableDnsSupport' }), expected)
      await refuses(world.call('ModifyVpcAttribute', { VpcId, EnableDnsSupport: { Value: true } }), expected)
      await refuses(world.call('AssociateVpcCidrBlock', { VpcId, CidrBlock: '10.9.0.0/16' }), expected)
      await refuses(world.call('CreateSubnet', { VpcId, CidrBlock: '10.9.0.0/24' }), expected)
      await refuses(world.call('CreateNatGateway', { VpcId, AvailabilityMode: 'regional' }), expected)
    }
    const AssociationId = blocks![0]!.AssociationId!
    await refuses(world.call('DisassociateVpcCidrBlock', { AssociationId }), {
      code: 'NotFound',
      what: 'vpc-cidr-association',
      id: AssociationId,
    })
    await refuses(world.call('DeleteVpc', { VpcId: 'garbage' }), { code: 'NotFound', what: 'vpc' })
    await refuses(world.call('DisassociateVpcCidrBlock', { AssociationId: 'x' }), { code: 'MalformedId' })
  })

  test('is gone when deleted, with its tags, and its history ends', async () => {
    const { VpcId = '' } = await make({ CidrBlock: '10.0.0.0/16', ...tagged({ Name: 'gone' }) })
    assert.deepEqual(await world.call('DeleteVpc', { VpcId }), { Return: true })
    await refuses(world.call('DescribeVpcs', { VpcIds: [VpcId] }), { code: 'NotFound', what: 'vpc', id: VpcId })
    assert.deepEqual(await world.store.read((tx) => tx.tags.of(VpcId)), [])
    const [version] = await world.store.read((tx) => tx.history.versions(VpcId))
    assert.equal(version!.kind, 'vpc')
    assert.notEqual(version!.untilAt, undefined)
  })

  test('stays while a subnet or a NAT gateway is in it', async () => {
    const { VpcId = '' } = await make()
    const { Subnet: subnet } = await world.call('CreateSubnet', { VpcId, CidrBlock: '10.0.0.0/24' })
    await refuses(world.call('DeleteVpc', { VpcId }), { code: 'DependencyViolation', what: 'vpc', id: VpcId })
    await world.call('DeleteSubnet', { SubnetId: subnet!.SubnetId! })
    const { NatGateway: gateway } = await world.call('CreateNatGateway', { VpcId, AvailabilityMode: 'regional' })
    await refuses(world.call('DeleteVpc', { VpcId }), { code: 'DependencyViolation', what: 'vpc', id: VpcId })
    await world.call('DeleteNatGateway', { NatGatewayId: gateway!.NatGatewayId! })
    await world.call('DeleteVpc', { VpcId })
  })

  test('has three attributes, and one changes per call', async () => {
    const { VpcId = '' } = await make()
    const read = (Attribute: Ec2Input['DescribeVpcAttribute']['Attribute']) =>
      world.call('DescribeVpcAttribute', { VpcId, Attribute })
    assert.deepEqual(await read('enableDnsSupport'), { VpcId, EnableDnsSupport: { Value: true } })
    assert.deepEqual(await read('enableDnsHostnames'), { VpcId, EnableDnsHostnames: { Value: false } })
    const metrics = 'enableNetworkAddressUsageMetrics'
    assert.deepEqual(await read(metrics), { VpcId, EnableNetworkAddressUsageMetrics: { Value: false } })

    await world.call('ModifyVpcAttribute', { VpcId, EnableDnsHostnames: { Value: true } })
    await world.call('ModifyVpcAttribute', { VpcId, EnableDnsSupport: { Value: false } })
    await world.call('ModifyVpcAttribute', { VpcId, EnableNetworkAddressUsageMetrics: { Value: true } })
    assert.deepEqual(await read('enableDnsSupport'), { VpcId, EnableDnsSupport: { Value: false } })
    assert.deepEqual(await read('enableDnsHostnames'), { VpcId, EnableDnsHostnames: { Value: true } })
    assert.deepEqual(await read(metrics), { VpcId, EnableNetworkAddressUsageMetrics: { Value: true } })

    await refuses(world.call('ModifyVpcAttribute', { VpcId }), { code: 'InvalidParameterCombination' })
    const two = { EnableDnsSupport: { Value: true }, EnableDnsHostnames: { Value: true } }
    await refuses(world.call('ModifyVpcAttribute', { VpcId, ...two }), { code: 'InvalidParameterCombination' })
    await refuses(world.call('ModifyVpcAttribute', { VpcId, EnableDnsSupport: {} }), {
      code: 'MissingParameter',
      field: 'EnableDnsSupport.Value',
    })
  })

  test('takes further blocks that do not overlap, and gives all but the primary one back', async () => {
    const vpc = await make()
    const VpcId = vpc.VpcId!
    const added = await world.call('AssociateVpcCidrBlock', { VpcId, CidrBlock: '10.1.0.0/16' })
    const AssociationId = added.CidrBlockAssociation!.AssociationId!
    assert.deepEqual(added, {
      VpcId,
      CidrBlockAssociation: { AssociationId, CidrBlock: '10.1.0.0/16', CidrBlockState: { State: 'associating' } },
    })
    assert.deepEqual(
      (await shown(VpcId)).CidrBlockAssociationSet!.map(({ CidrBlock, CidrBlockState }) => [CidrBlock, CidrBlockState]),
      [
        ['10.0.0.0/16', { State: 'associated' }],
        ['10.1.0.0/16', { State: 'associated' }],
      ],
    )
    assert.equal((await shown(VpcId)).CidrBlock, '10.0.0.0/16')
    await refuses(world.call('AssociateVpcCidrBlock', { VpcId, CidrBlock: '10.1.128.0/24' }), {
      code: 'InvalidRange',
      what: 'vpc',
    })

    const { Subnet: subnet } = await world.call('CreateSubnet', { VpcId, CidrBlock: '10.1.2.0/24' })
    await refuses(world.call('DisassociateVpcCidrBlock', { AssociationId }), { code: 'InUse', id: AssociationId })
    await world.call('DeleteSubnet', { SubnetId: subnet!.SubnetId! })
    const gone = await world.call('DisassociateVpcCidrBlock', { AssociationId })
    assert.equal(gone.CidrBlockAssociation!.CidrBlockState!.State, 'disassociating')
    await refuses(world.call('DisassociateVpcCidrBlock', { AssociationId }), { code: 'NotFound', id: AssociationId })
    assert.equal((await shown(VpcId)).CidrBlockAssociationSet!.length, 1)

    const primary = vpc.CidrBlockAssociationSet![0]!.AssociationId!
    await refuses(world.call('DisassociateVpcCidrBlock', { AssociationId: primary }), { code: 'NotEligible' })
    await refuses(world.call('AssociateVpcCidrBlock', { VpcId }), { code: 'MissingParameter', field: 'CidrBlock' })
    const both = { CidrBlock: '10.2.0.0/16', AmazonProvidedIpv6CidrBlock: true }
    await refuses(world.call('AssociateVpcCidrBlock', { VpcId, ...both }), { code: 'InvalidParameterCombination' })
    const ipv6 = await world.call('AssociateVpcCidrBlock', { VpcId, AmazonProvidedIpv6CidrBlock: true })
    assert.equal(ipv6.Ipv6CidrBlockAssociation!.Ipv6CidrBlockState!.State, 'associating')
    const dropped = await world.call('DisassociateVpcCidrBlock', {
      AssociationId: ipv6.Ipv6CidrBlockAssociation!.AssociationId!,
    })
    assert.equal(dropped.Ipv6CidrBlockAssociation!.Ipv6CidrBlockState!.State, 'disassociating')
  })

  test('has at most 50 blocks of a family', async () => {
    const { VpcId = '' } = await make()
    for (let i = 1; i < 50; i++) await world.call('AssociateVpcCidrBlock', { VpcId, CidrBlock: `10.1.${i}.0/24` })
    await refuses(world.call('AssociateVpcCidrBlock', { VpcId, CidrBlock: '10.2.0.0/24' }), {
      code: 'LimitExceeded',
      limit: 50,
      used: 50,
    })
  })
})

test('VPCs are listed in order of creation, in pages, and through every filter', async () => {
  const world = await openWorld()
  const a = (await world.call('CreateVpc', { CidrBlock: '10.0.0.0/16', ...tagged({ env: 'prod' }) })).Vpc!
  const b = (await world.call('CreateVpc', { CidrBlock: '10.1.0.0/16', AmazonProvidedIpv6CidrBlock: true })).Vpc!
  const c = (await world.call('CreateVpc', { CidrBlock: '10.2.0.0/16', InstanceTenancy: 'dedicated' })).Vpc!
  await world.call('CreateVpc', { CidrBlock: '10.0.0.0/16' }, { account: stranger })
  const idsOf = async (input: Ec2Input['DescribeVpcs']) =>
    (await world.call('DescribeVpcs', input)).Vpcs!.map(({ VpcId }) => VpcId)
  assert.deepEqual(await idsOf({}), [a.VpcId, b.VpcId, c.VpcId])
  assert.deepEqual(await idsOf({ VpcIds: [c.VpcId!, a.VpcId!, a.VpcId!] }), [a.VpcId, c.VpcId])

  const first = await world.call('DescribeVpcs', { MaxResults: 2 })
  assert.deepEqual(
    first.Vpcs!.map(({ VpcId }) => VpcId),
    [a.VpcId, b.VpcId],
  )
  const second = await world.call('DescribeVpcs', { MaxResults: 2, NextToken: first.NextToken })
  assert.deepEqual(
    second.Vpcs!.map(({ VpcId }) => VpcId),
    [c.VpcId],
  )
  assert.equal(second.NextToken, undefined)
  await refuses(world.call('DescribeVpcs', { VpcIds: [a.VpcId!], MaxResults: 5 }), {
    code: 'InvalidParameterCombination',
  })
  await refuses(world.call('DescribeVpcs', { NextToken: 'x' }), { code: 'InvalidPaginationToken' })

  const ipv6 = b.Ipv6CidrBlockAssociationSet![0]!
  const filters: [name: string, value: string, ids: (string | undefined)[]][] = [
    ['cidr', '10.1.0.0/16', [b.VpcId]],
    ['cidr-block-association.cidr-block', '10.2.*', [c.VpcId]],
    ['cidr-block-association.association-id', a.CidrBlockAssociationSet![0]!.AssociationId!, [a.VpcId]],
    ['cidr-block-association.state', 'associated', [a.VpcId, b.VpcId, c.VpcId]],
    ['dhcp-options-id', 'dopt-1', []],
    ['ipv6-cidr-block-association.ipv6-cidr-block', ipv6.Ipv6CidrBlock!, [b.VpcId]],
    ['ipv6-cidr-block-association.association-id', ipv6.AssociationId!, [b.VpcId]],
    ['ipv6-cidr-block-association.ipv6-pool', 'Amazon', [b.VpcId]],
    ['ipv6-cidr-block-association.state', 'associated', [b.VpcId]],
    ['is-default', 'true', []],
    ['owner-id', '111111111111', [a.VpcId, b.VpcId, c.VpcId]],
    ['state', 'pending', []],
    ['tenancy', 'dedicated', [c.VpcId]],
    ['vpc-id', b.VpcId!, [b.VpcId]],
    ['tag:env', 'prod', [a.VpcId]],
    ['tag-key', 'env', [a.VpcId]],
  ]
  for (const [Name, value, ids] of filters) {
    assert.deepEqual(await idsOf({ Filters: [{ Name, Values: [value] }] }), ids, Name)
  }
  await refuses(idsOf({ Filters: [{ Name: 'colour', Values: ['red'] }] }), { code: 'InvalidFilter', name: 'colour' })
  await world.close()
})

describe('a VPC whose space comes from a pool', () => {
  let acme: Acme
  let pool: string
  before(async () => {
    acme = await openAcme()
    pool = await acme.pool({ scope: 'private', cidr: '10.0.0.0/20' })
  })
  after(() => acme.close())
  const make = async (input: Ec2Input['CreateVpc'], account = network) =>
    (await acme.call('CreateVpc', input, { account })).Vpc!
  const utilization = () =>
    acme.store.read(async (tx) => {
      const { n } = (await tx.pools.find(pool))!
      return tx.space.utilization(n)
    })

  test('holds an allocation of type vpc until it is deleted', async () => {
    const vpc = await make({ Ipv4IpamPoolId: pool, Ipv4NetmaskLength: 24 })
    assert.equal(vpc.CidrBlock, '10.0.0.0/24')
    const [allocation] = await acme.store.read((tx) => tx.allocations.ofResource(vpc.VpcId!))
    assert.equal(allocation!.resourceType, 'vpc')
    assert.equal(allocation!.account, network)
    assert.equal(allocation!.region, 'us-east-1')
    assert.notEqual(allocation!.decision, undefined)
    await acme.call('DeleteVpc', { VpcId: vpc.VpcId! }, asNetwork)
    assert.partialDeepStrictEqual(await utilization(), { allocated: 0n, quarantined: 0n, free: 4096n, allocations: 0 })
  })

  test('takes exactly the block that is named inside the pool, and no block twice', async () => {
    const input = { Ipv4IpamPoolId: pool, CidrBlock: '10.0.3.77/24' }
    const vpc = await make(input)
    assert.equal(vpc.CidrBlock, '10.0.3.0/24')
    await refuses(make(input), { code: 'CidrConflict', field: 'CidrBlock', value: '10.0.3.0/24' })
    await refuses(make({ Ipv4IpamPoolId: pool, CidrBlock: '10.1.0.0/24' }), {
      code: 'InvalidParameterValue',
      field: 'CidrBlock',
      value: '10.1.0.0/24',
    })
    await acme.call('DeleteVpc', { VpcId: vpc.VpcId! }, asNetwork)
  })

  test('is refused where the pool is too small, of the wrong family or for another Region', async () => {
    await refuses(make({ Ipv4IpamPoolId: pool, Ipv4NetmaskLength: 16 }), {
      code: 'InvalidParameterValue',
      field: 'Ipv4NetmaskLength',
    })
    for (const Ipv4NetmaskLength of [15, 29]) {
      await refuses(make({ Ipv4IpamPoolId: pool, Ipv4NetmaskLength }), {
        code: 'InvalidParameterValue',
        field: 'Ipv4NetmaskLength',
      })
    }
    await refuses(make({ Ipv4IpamPoolId: pool }), { code: 'InvalidParameterCombination' })
    const ipv6 = await acme.pool({ scope: 'private', family: 'ipv6', cidr: 'fd01:db8::/40' })
    await refuses(make({ Ipv4IpamPoolId: ipv6, Ipv4NetmaskLength: 24 }), { code: 'InvalidParameterValue', value: ipv6 })
    const elsewhere = await acme.pool({ scope: 'private', locale: 'eu-central-1' })
    await refuses(make({ Ipv4IpamPoolId: elsewhere, Ipv4NetmaskLength: 28 }), {
      code: 'InvalidParameterValue',
      value: elsewhere,
    })
    await refuses(make({ Ipv4IpamPoolId: pool, Ipv4NetmaskLength: 24 }, stranger), {
      code: 'NotFound',
      what: 'ipam-pool',
      id: pool,
    })
  })

  test('gets IPv6 space of a pool, in lengths /44 to /60 in steps of four', async () => {
    const ipv6 = await acme.pool({ scope: 'private', family: 'ipv6', cidr: 'fd02:db8::/40' })
    const own = { CidrBlock: '10.0.0.0/16', Ipv6IpamPoolId: ipv6 }
    const vpc = await make({ ...own, Ipv6NetmaskLength: 56 })
    assert.partialDeepStrictEqual(vpc.Ipv6CidrBlockAssociationSet, [
      { Ipv6CidrBlock: 'fd02:db8::/56', Ipv6Pool: 'IPAM Managed', Ipv6AddressAttribute: 'private', IpSource: 'none' },
    ])
    const named = await make({ ...own, Ipv6CidrBlock: 'fd02:db8:1::/48' })
    assert.equal(named.Ipv6CidrBlockAssociationSet![0]!.Ipv6CidrBlock, 'fd02:db8:1::/48')
    for (const Ipv6NetmaskLength of [40, 54, 64]) {
      await refuses(make({ ...own, Ipv6NetmaskLength }), { code: 'InvalidParameterValue', field: 'Ipv6NetmaskLength' })
    }
    await refuses(make({ ...own, Ipv6CidrBlock: 'fd02:db8::/50' }), { code: 'InvalidRange', what: 'vpc' })
    await refuses(make({ Ipv6IpamPoolId: ipv6, Ipv6NetmaskLength: 56 }), {
      code: 'MissingParameter',
      field: 'CidrBlock',
    })
    for (const { VpcId } of [vpc, named]) await acme.call('DeleteVpc', { VpcId: VpcId! }, asNetwork)
  })

  test('I6 of a pool whose CIDR is deprovisioned while the IPv6 block of a deleted VPC rests leaves when the rest ends', async () => {
    const ipv6 = await acme.pool({ scope: 'private', family: 'ipv6', cidr: 'fd04:db8::/40' })
    const setting = [{ Key: 'cadastre:quarantine-seconds', Value: '60' }]
    await acme.call('CreateTags', { Resources: [ipv6], Tags: setting }, asNetwork)
    const vpc = await make({ CidrBlock: '10.0.0.0/16', Ipv6IpamPoolId: ipv6, Ipv6NetmaskLength: 56 })
    await acme.call('DeleteVpc', { VpcId: vpc.VpcId! }, asNetwork)
    const deprovision = { IpamPoolId: ipv6, Cidr: 'fd04:db8::/40' }
    const { IpamPoolCidr } = await acme.call('DeprovisionIpamPoolCidr', deprovision, asNetwork)
    assert.equal(IpamPoolCidr!.State, 'pending-deprovision')
    const states = async () =>
      (await acme.call('GetIpamPoolCidrs', { IpamPoolId: ipv6 }, asNetwork)).IpamPoolCidrs!.map(({ State }) => State)
    assert.deepEqual(await states(), ['pending-deprovision'])
    const named = { CidrBlock: '10.0.0.0/16', Ipv6IpamPoolId: ipv6, Ipv6CidrBlock: 'fd04:db8:0:100::/56' }
    await refuses(make(named), { code: 'CidrConflict' })
    acme.advance(60_000)
    assert.deepEqual(await states(), [])
    await acme.call('DeleteIpamPool', { IpamPoolId: ipv6 }, asNetwork)
  })

  test('that fails at its second block leaves nothing of the first', async () => {
    const ipv6 = await acme.pool({ scope: 'private', family: 'ipv6', cidr: 'fd03:db8::/56' })
    const before = await utilization()
    const input = { Ipv4IpamPoolId: pool, Ipv4NetmaskLength: 24, Ipv6IpamPoolId: ipv6, Ipv6NetmaskLength: 48 }
    await refuses(make(input), { code: 'InvalidParameterValue', field: 'Ipv6NetmaskLength' })
    assert.deepEqual(await utilization(), before)
    assert.deepEqual((await acme.call('DescribeVpcs', {}, asNetwork)).Vpcs, [])
  })

  test('can get a further block of the pool, around the blocks that it brought itself', async () => {
    const vpc = await make({ CidrBlock: '10.0.0.0/24' })
    const input = { VpcId: vpc.VpcId!, Ipv4IpamPoolId: pool, Ipv4NetmaskLength: 24 }
    const { CidrBlockAssociation: added } = await acme.call('AssociateVpcCidrBlock', input, asNetwork)
    assert.equal(added!.CidrBlock, '10.0.1.0/24')
    assert.equal((await utilization()).allocations, 1)
    await acme.call('DisassociateVpcCidrBlock', { AssociationId: added!.AssociationId! }, asNetwork)
    assert.equal((await utilization()).allocations, 0)
    await acme.call('DeleteVpc', { VpcId: vpc.VpcId! }, asNetwork)
  })

  test('cannot come from a pool that plans the subnets of another', async () => {
    const planning = 'ipam-pool-planning'
    const planned = await make({ CidrBlock: '10.0.0.0/24' })
    await acme.store.write(async (tx) => {
      const model = (await tx.pools.find(pool))!
      const source = { id: planned.VpcId!, type: 'vpc', region: 'us-east-1', account: network } as const
      const n = tx.nextSequence()
      await tx.pools.insert({ ...model, n, id: planning, sourceResource: source })
      await tx.moveGovernanceEpoch()
    })
    await refuses(make({ Ipv4IpamPoolId: planning, Ipv4NetmaskLength: 24 }), {
      code: 'InvalidParameterValue',
      field: 'Ipv4IpamPoolId',
      value: planning,
    })
  })
})

describe('a VPC under a policy', () => {
  let acme: Acme
  let listed: string
  let foreign: string
  before(async () => {
    acme = await openAcme()
    listed = await acme.pool({ scope: 'private', cidr: '10.32.0.0/20' })
    foreign = await acme.pool({ scope: 'private', cidr: '10.64.0.0/20' })
    const policy = await acme.policy({ 'cadastre:size': '20/24/26' })
    await acme.rules(policy, [listed], { type: 'vpc' })
    await acme.enable(policy)
  })
  after(() => acme.close())
  const make = async (input: Ec2Input['CreateVpc'], account = shop) =>
    (await acme.call('CreateVpc', input, { account })).Vpc!

  test('comes from the policy’s pool in the policy’s size, though the caller names neither', async () => {
    const vpc = await make({})
    assert.equal(vpc.CidrBlock, '10.32.0.0/24')
    const [allocation] = await acme.store.read((tx) => tx.allocations.ofResource(vpc.VpcId!))
    assert.equal(allocation!.account, shop)
    assert.equal((await make({ Ipv4NetmaskLength: 26 })).CidrBlock, '10.32.1.0/26')
  })

  test('may name the listed pool, or a block inside it', async () => {
    assert.equal((await make({ Ipv4IpamPoolId: listed, Ipv4NetmaskLength: 25 })).CidrBlock, '10.32.1.128/25')
    assert.equal((await make({ CidrBlock: '10.32.8.0/24' })).CidrBlock, '10.32.8.0/24')
    await refuses(make({ CidrBlock: '10.32.8.0/24' }), { code: 'CidrConflict', value: '10.32.8.0/24' })
  })

  test('is denied a bare block outside the pool, another pool, another size and Amazon’s IPv6', async () => {
    const denied = { code: 'DeniedByPolicy' } as const
    await refuses(make({ CidrBlock: '10.99.0.0/24' }), denied)
    await refuses(make({ Ipv4NetmaskLength: 28 }), denied)
    await refuses(make({ Ipv4IpamPoolId: foreign, Ipv4NetmaskLength: 24 }, network), denied)
    await refuses(make({ AmazonProvidedIpv6CidrBlock: true }), denied)
    await refuses(make({ Ipv4IpamPoolId: foreign, Ipv4NetmaskLength: 24 }), { code: 'NotFound', id: foreign })
  })

  test('cannot be extended past the policy', async () => {
    const vpc = await make({})
    const extend = (input: Omit<Ec2Input['AssociateVpcCidrBlock'], 'VpcId'>) =>
      acme.call('AssociateVpcCidrBlock', { VpcId: vpc.VpcId!, ...input }, { account: shop })
    await refuses(extend({ CidrBlock: '10.99.0.0/24' }), { code: 'DeniedByPolicy' })
    await refuses(extend({ AmazonProvidedIpv6CidrBlock: true }), { code: 'DeniedByPolicy' })
    const { CidrBlockAssociation: added } = await extend({})
    assert(added!.CidrBlock!.startsWith('10.32.'))
  })

  test('of an account outside the organization is its own affair', async () => {
    assert.equal((await make({ CidrBlock: '10.99.0.0/24' }, stranger)).CidrBlock, '10.99.0.0/24')
    await refuses(make({}, stranger), { code: 'MissingParameter', field: 'CidrBlock' })
  })

  test('is refused with the decision when the pool runs dry', async () => {
    for (;;) {
      const answer = await make({}).then(
        () => undefined,
        (error: unknown) => error,
      )
      if (answer) break
    }
    await refuses(make({}), { code: 'Exhausted', pool: listed, length: 24 })
  })
})

test('where nothing passes outside policy, a block of the caller’s own is denied', async () => {
  const acme = await openAcme()
  const tags = { Resources: [acme.ipam], Tags: tagsOf({ 'cadastre:unmatched': 'deny' }) }
  await acme.call('CreateTags', tags, asNetwork)
  const as = { account: shop }
  await refuses(acme.call('CreateVpc', { CidrBlock: '10.0.0.0/16' }, as), { code: 'DeniedByPolicy' })
  assert.deepEqual((await acme.call('DescribeVpcs', {}, as)).Vpcs, [])
  await acme.close()
})
