// Who had a block in a scope, and the public addresses that a discovery finds.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Ec2Input, IpamAddressHistoryRecord } from '#formats/aws/ec2.generated.ts'
import { type Acme, asNetwork, lab, openAcme, root, shop, stranger, tagsOf } from '../../../test/acme.ts'
import { type Native, withNativeApi } from '../../../test/native-world.ts'
import { refuses } from '../../../test/organization.ts'

const asShop = { account: shop } as const
const asLab = { account: lab } as const

describe('the history of a block', () => {
  let acme: Acme
  let pool = ''
  const begin = Date.UTC(2026, 0, 1)
  let passed = 0
  const pass = (milliseconds: number) => {
    acme.advance(milliseconds)
    passed += milliseconds
  }
  before(async () => {
    acme = await openAcme()
    pool = await acme.pool({ scope: 'private', cidr: '10.0.0.0/8' })
    await acme.call('CreateTags', { Resources: [pool], Tags: tagsOf({ 'cadastre:shared-with': root }) }, asNetwork)
  })
  after(() => acme.close())
  const history = async (input: Partial<Ec2Input['GetIpamAddressHistory']> = {}) =>
    (
      await acme.call(
        'GetIpamAddressHistory',
        { Cidr: '10.0.0.0/16', IpamScopeId: acme.privateScope, ...input },
        asNetwork,
      )
    ).HistoryRecords!
  const owners = (records: readonly IpamAddressHistoryRecord[]) =>
    records.map(({ ResourceOwnerId, SampledStartTime, SampledEndTime }) => [
      ResourceOwnerId,
      SampledStartTime! - begin,
      SampledEndTime === undefined ? undefined : SampledEndTime - begin,
    ])

  test('tells who has it now, and with a time who had it then, newest first and page by page', async () => {
    const make = async (as: { account: string }) =>
      (await acme.call('CreateVpc', { Ipv4IpamPoolId: pool, CidrBlock: '10.0.0.0/16' }, as)).Vpc!.VpcId!
    const first = await make(asShop)
    pass(60_000)
    await acme.call('DeleteVpc', { VpcId: first }, asShop)
    pass(60_000)
    const second = await make(asLab)
    await acme.call('CreateSubnet', { VpcId: second, CidrBlock: '10.0.0.0/24' }, asLab)
    pass(60_000)
    const [now, ...others] = await history()
    assert.deepEqual(others, [])
    assert.deepEqual(now, {
      ResourceOwnerId: lab,
      ResourceRegion: 'us-east-1',
      ResourceType: 'vpc',
      ResourceId: second,
      ResourceCidr: '10.0.0.0/16',
      ResourceName: undefined,
      ResourceComplianceStatus: 'compliant',
      ResourceOverlapStatus: 'nonoverlapping',
      VpcId: second,
      SampledStartTime: begin + 120_000,
      SampledEndTime: undefined,
    })
    const all = { StartTime: begin, EndTime: begin + passed }
    assert.deepEqual(owners(await history(all)), [
      [lab, 120_000, undefined],
      [shop, 0, 60_000],
    ])
    assert.deepEqual(owners(await history({ EndTime: begin + 30_000 })), [[shop, 0, 60_000]])
    assert.deepEqual(owners(await history({ EndTime: begin + 90_000 })), [])
    assert.deepEqual(owners(await history({ ...all, VpcId: first })), [[shop, 0, 60_000]])
    // Exactly the block alone, and nothing around it or inside.
    assert.deepEqual(await history({ ...all, Cidr: '10.0.0.0/8' }), [])
    assert.equal((await history({ ...all, Cidr: '10.0.0.0/24' })).length, 1)
    const page = { Cidr: '10.0.0.0/16', IpamScopeId: acme.privateScope, ...all, MaxResults: 1 }
    const one = await acme.call('GetIpamAddressHistory', page, asNetwork)
    assert.deepEqual(owners(one.HistoryRecords!), [[lab, 120_000, undefined]])
    const next = await acme.call('GetIpamAddressHistory', { ...page, NextToken: one.NextToken! }, asNetwork)
    assert.deepEqual(owners(next.HistoryRecords!), [[shop, 0, 60_000]])
  })

  test('knows a network that no pool gave as long as it stands, and of whom is looked at alone', async () => {
    const make = async (as: { account: string }) =>
      (await acme.call('CreateVpc', { CidrBlock: '172.20.0.0/16' }, as)).Vpc!.VpcId!
    const ids = [await make(asShop), await make(asLab)]
    await make({ account: stranger })
    const found = await history({ Cidr: '172.20.0.0/16' })
    assert.deepEqual(
      found.map(({ ResourceId, ResourceComplianceStatus, ResourceOverlapStatus }) => [
        ResourceId,
        ResourceComplianceStatus,
        ResourceOverlapStatus,
      ]),
      ids.map((id) => [id, 'unmanaged', 'overlapping']),
    )
    assert.deepEqual(await history({ Cidr: '172.20.0.0/16', IpamScopeId: acme.publicScope }), [])
    await refuses(history({ Cidr: '10.0.0.1/16' }), { code: 'InvalidParameterValue', field: 'Cidr' })
    await refuses(history({ StartTime: begin + 10, EndTime: begin }), { code: 'InvalidParameterCombination' })
    await refuses(history({ IpamScopeId: 'ipam-scope-00000000000000000' }), { code: 'NotFound' })
    await refuses(acme.call('GetIpamAddressHistory', { Cidr: '10.0.0.0/16', IpamScopeId: acme.privateScope }, asShop), {
      code: 'NotFound',
      what: 'ipam-scope',
    })
  })

  test('is of Elastic IPs in the public scope', async () => {
    const { PublicIp, AllocationId } = await acme.call('AllocateAddress', {}, asShop)
    const Cidr = `${PublicIp}/32`
    await acme.call('ReleaseAddress', { AllocationId: AllocationId! }, asShop)
    pass(1_000)
    assert.deepEqual(await history({ Cidr, IpamScopeId: acme.publicScope }), [])
    const past = await history({ Cidr, IpamScopeId: acme.publicScope, StartTime: begin })
    assert.deepEqual(
      past.map(({ ResourceType, ResourceId }) => [ResourceType, ResourceId]),
      [['eip', AllocationId]],
    )
    assert.deepEqual(await history({ Cidr, StartTime: begin }), [])
  })
})

describe('public addresses', () => {
  let acme: Acme & Native
  let IpamResourceDiscoveryId = ''
  before(async () => {
    acme = await withNativeApi(await openAcme())
    const { Ipams } = await acme.call('DescribeIpams', {}, asNetwork)
    IpamResourceDiscoveryId = Ipams![0]!.DefaultResourceDiscoveryId!
  })
  after(() => acme.close())
  const list = async (input: object = {}, as: { account: string } = asNetwork) =>
    acme.call('GetIpamDiscoveredPublicAddresses', { IpamResourceDiscoveryId, AddressRegion: 'us-east-1', ...input }, as)

  test('are those of the register with what uses them, and those that sources observe', async () => {
    const idle = await acme.call('AllocateAddress', {}, asShop)
    const pool = await acme.pool()
    await acme.call('CreateTags', { Resources: [pool], Tags: tagsOf({ 'cadastre:shared-with': root }) }, asNetwork)
    const own = await acme.call(
      'AllocateAddress',
      { IpamPoolId: pool, TagSpecifications: [{ ResourceType: 'elastic-ip', Tags: tagsOf({ team: 'shop' }) }] },
      asShop,
    )
    const { Vpc } = await acme.call('CreateVpc', { CidrBlock: '10.0.0.0/16' }, asShop)
    const { Subnet } = await acme.call('CreateSubnet', { VpcId: Vpc!.VpcId!, CidrBlock: '10.0.0.0/24' }, asShop)
    const { NatGateway } = await acme.call(
      'CreateNatGateway',
      { SubnetId: Subnet!.SubnetId!, AllocationId: own.AllocationId! },
      asShop,
    )
    await acme.call('AllocateAddress', {}, { account: stranger })
    const source = await acme.post<{ sourceId: string }>('/sources', { name: 'cloud', kind: 'aws', node: root })
    const takenAt = new Date(await acme.store.read(async (tx) => tx.now)).toISOString()
    const lines = [
      {
        ...{ kind: 'load-balancer', type: 'alb', cidr: '192.0.2.7/32', id: 'eni-0abcdef0abcdef000', account: lab },
        ...{ locale: 'us-east-1', state: 'in-use' },
      },
      {
        kind: 'address',
        type: 'eip',
        cidr: '192.0.2.8/32',
        id: 'eipalloc-0abcdef0abcdef0',
        account: lab,
        locale: 'us-east-1',
        state: 'free',
      },
      { kind: 'address', type: 'eip', cidr: '192.0.2.9/32', id: idle.AllocationId, account: shop, locale: 'us-east-1' },
    ]
    const text = [{ snapshot: { takenAt } }, ...lines, { end: { observations: lines.length } }]
    const sent = await acme.ask('POST', `/sources/${source.sourceId}/snapshots`, {
      headers: { 'content-type': 'application/x-ndjson' },
      body: text.map((line) => `${JSON.stringify(line)}\n`).join(''),
    })
    assert.equal(sent.status, 201, JSON.stringify(sent.body))

    const { IpamDiscoveredPublicAddresses: all, OldestSampleTime } = await list()
    assert.deepEqual(
      all!.map((one) => [one.Address, one.AddressOwnerId, one.AddressType, one.AssociationStatus, one.Service]),
      [
        [idle.PublicIp, shop, 'amazon-owned-eip', 'disassociated', undefined],
        [own.PublicIp, shop, 'byoip', 'associated', 'nat-gateway'],
        ['192.0.2.7', lab, 'service-managed-ip', 'associated', 'load-balancer'],
        ['192.0.2.8', lab, 'amazon-owned-eip', 'disassociated', undefined],
      ],
    )
    assert.partialDeepStrictEqual(all![1]!, {
      IpamResourceDiscoveryId,
      AddressRegion: 'us-east-1',
      AddressAllocationId: own.AllocationId,
      ServiceResource: NatGateway!.NatGatewayId,
      VpcId: Vpc!.VpcId,
      SubnetId: Subnet!.SubnetId,
      PublicIpv4PoolId: pool,
      Tags: { EipTags: tagsOf({ team: 'shop' }) },
      NetworkBorderGroup: 'us-east-1',
      SecurityGroups: [],
    })
    assert.equal(OldestSampleTime, Date.parse(takenAt))
    const idleOnes = await list({ Filters: [{ Name: 'association-status', Values: ['disassociated'] }] })
    assert.equal(idleOnes.IpamDiscoveredPublicAddresses!.length, 2)
    assert.deepEqual((await list({ AddressRegion: 'eu-central-1' })).IpamDiscoveredPublicAddresses, [])
  })

  test('I8 a discovery of another account is absent', async () => {
    await refuses(list({}, asShop), { code: 'NotFound', what: 'ipam-resource-discovery' })
    await refuses(list({ AddressRegion: 'mars-1' }), { code: 'InvalidParameterValue', field: 'AddressRegion' })
  })
})
