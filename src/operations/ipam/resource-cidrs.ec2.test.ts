// Resources as IPAMs and discoveries see them: states, paging, who is looked at, and what is ignored or moved.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Ec2Input, IpamResourceCidr } from '#formats/aws/ec2.generated.ts'
import {
  type Acme,
  asNetwork,
  dev,
  lab,
  network,
  openAcme,
  prod,
  root,
  shop,
  stranger,
  tagsOf,
  workloads,
} from '../../../test/acme.ts'
import { type Native, withNativeApi } from '../../../test/native-world.ts'
import { refuses } from '../../../test/organization.ts'

const asShop = { account: shop } as const
const asLab = { account: lab } as const
const tagsNamed = (ResourceType: string, tags: Readonly<Record<string, string>>) =>
  [{ ResourceType, Tags: tagsOf(tags) }] as never

describe('resources of the organization', () => {
  let acme: Acme & Native
  let pool = ''
  let managed = ''
  let loose = ''
  let other = ''
  let subnet = ''
  before(async () => {
    acme = await withNativeApi(await openAcme())
    pool = await acme.pool({ scope: 'private', cidr: '10.0.0.0/8' })
    await acme.call('CreateTags', { Resources: [pool], Tags: tagsOf({ 'cadastre:shared-with': root }) }, asNetwork)
    const made = await acme.call(
      'CreateVpc',
      {
        Ipv4IpamPoolId: pool,
        Ipv4NetmaskLength: 16,
        TagSpecifications: tagsNamed('vpc', { Name: 'shop', stage: 'prod' }),
      },
      asShop,
    )
    managed = made.Vpc!.VpcId!
    loose = (await acme.call('CreateVpc', { CidrBlock: '10.0.0.0/24' }, asLab)).Vpc!.VpcId!
    other = (await acme.call('CreateVpc', { CidrBlock: '172.16.0.0/16' }, { account: stranger })).Vpc!.VpcId!
    subnet = (await acme.call('CreateSubnet', { VpcId: managed, CidrBlock: '10.0.0.0/18' }, asShop)).Subnet!.SubnetId!
    await acme.call('AllocateAddress', {}, asShop)
    const NatGateway = { SubnetId: subnet, ConnectivityType: 'private' } as const
    await acme.call('CreateNatGateway', NatGateway, asShop)
  })
  after(() => acme.close())
  const list = async (
    input: Partial<Ec2Input['GetIpamResourceCidrs']> = {},
    as: { account: string } = asNetwork,
  ): Promise<readonly IpamResourceCidr[]> =>
    (await acme.call('GetIpamResourceCidrs', { IpamScopeId: acme.privateScope, ...input }, as)).IpamResourceCidrs!
  const statesOf = async (ResourceId: string, IpamScopeId = acme.privateScope) =>
    (await list({ ResourceId, IpamScopeId })).map(({ ManagementState, ComplianceStatus, OverlapStatus }) => [
      ManagementState,
      ComplianceStatus,
      OverlapStatus,
    ])

  test('are of all accounts of the organization, each in its scope, with what a pool gave told from what it did not', async () => {
    const all = await list()
    assert.deepEqual(
      all.map(({ ResourceType, ResourceCidr, ResourceOwnerId }) => [ResourceType, ResourceCidr, ResourceOwnerId]),
      [
        ['vpc', '10.0.0.0/16', shop],
        ['vpc', '10.0.0.0/24', lab],
        ['subnet', '10.0.0.0/18', shop],
        ['eni', '10.0.0.4/32', shop],
      ],
    )
    assert.deepEqual(all[0], {
      IpamId: acme.ipam,
      IpamScopeId: acme.privateScope,
      IpamPoolId: pool,
      ResourceRegion: 'us-east-1',
      ResourceOwnerId: shop,
      ResourceId: managed,
      ResourceName: 'shop',
      ResourceCidr: '10.0.0.0/16',
      ResourceType: 'vpc',
      ResourceTags: tagsOf({ Name: 'shop', stage: 'prod' }),
      IpUsage: 0.25,
      ComplianceStatus: 'compliant',
      ManagementState: 'managed',
      OverlapStatus: 'overlapping',
      VpcId: managed,
      AvailabilityZoneId: undefined,
    })
    assert.deepEqual(await statesOf(loose), [['unmanaged', 'unmanaged', 'overlapping']])
    assert.deepEqual(await statesOf(subnet), [[undefined, undefined, undefined]])
    const eips = await list({ IpamScopeId: acme.publicScope })
    assert.deepEqual(
      eips.map(({ ResourceType, ManagementState, OverlapStatus, ResourceOwnerId }) => [
        ResourceType,
        ManagementState,
        OverlapStatus,
        ResourceOwnerId,
      ]),
      [['eip', 'unmanaged', 'nonoverlapping', shop]],
    )
    assert.deepEqual(await list({ ResourceId: eips[0]!.ResourceId!, IpamScopeId: acme.publicScope }), eips)
  })

  test('I8 what an IPAM does not look at, and what there is not, is absent alike; scopes of others too', async () => {
    assert.deepEqual(await list({ ResourceId: other }), [])
    assert.deepEqual(await list({ ResourceId: 'vpc-00000000000000000' }), [])
    await refuses(list({}, asShop), { code: 'NotFound', what: 'ipam-scope' })
    const modify = { ResourceCidr: '172.16.0.0/16', ResourceRegion: 'us-east-1', Monitored: false } as const
    for (const ResourceId of [other, 'vpc-00000000000000000']) {
      const CurrentIpamScopeId = acme.privateScope
      await refuses(acme.call('ModifyIpamResourceCidr', { ResourceId, CurrentIpamScopeId, ...modify }, asNetwork), {
        code: 'NotFound',
        what: 'vpc',
        id: ResourceId,
      })
    }
  })

  test('are found by type, owner, tag, pool and filters, and page by page', async () => {
    const ids = async (input: Partial<Ec2Input['GetIpamResourceCidrs']>) =>
      (await list(input)).map(({ ResourceId }) => ResourceId)
    assert.deepEqual(await ids({ ResourceType: 'vpc' }), [managed, loose])
    assert.deepEqual(await ids({ ResourceType: 'anycast-ip-list' }), [])
    assert.deepEqual(await ids({ ResourceOwner: lab }), [loose])
    assert.deepEqual(await ids({ ResourceOwner: stranger }), [])
    assert.deepEqual(await ids({ ResourceTag: { Key: 'stage', Value: 'prod' } }), [managed])
    assert.deepEqual(await ids({ ResourceTag: { Key: 'stage', Value: 'dev' } }), [])
    assert.deepEqual(await ids({ IpamPoolId: pool }), [managed])
    assert.deepEqual(await ids({ Filters: [{ Name: 'management-state', Values: ['unmanaged'] }] }), [loose])
    assert.deepEqual(await ids({ Filters: [{ Name: 'tag:stage', Values: ['p*'] }] }), [managed])
    await refuses(list({ Filters: [{ Name: 'nothing', Values: ['x'] }] }), { code: 'InvalidFilter' })
    for (let index = 0; index < 12; index++) {
      await acme.call('CreateVpc', { CidrBlock: `192.168.${index}.0/24` }, index % 2 ? asShop : asLab)
    }
    const seen: string[] = []
    let NextToken: string | undefined
    do {
      const page = await acme.call(
        'GetIpamResourceCidrs',
        { IpamScopeId: acme.privateScope, MaxResults: 5, ...(NextToken === undefined ? {} : { NextToken }) },
        asNetwork,
      )
      seen.push(...page.IpamResourceCidrs!.map(({ ResourceCidr }) => ResourceCidr!))
      NextToken = page.NextToken
    } while (NextToken !== undefined)
    assert.equal(seen.length, 16)
    assert.equal(new Set(seen).size, 16)
    assert.deepEqual(
      seen,
      (await list()).map(({ ResourceCidr }) => ResourceCidr),
    )
  })

  test('one that breaks the rules of its pool is noncompliant, and compliant again', async () => {
    const change = (input: object) => acme.call('ModifyIpamPool', { IpamPoolId: pool, ...input }, asNetwork)
    const compliance = async () => (await list({ ResourceId: managed }))[0]!.ComplianceStatus
    await change({ AllocationMinNetmaskLength: 20, AllocationMaxNetmaskLength: 24 })
    assert.equal(await compliance(), 'noncompliant')
    await change({ AllocationMinNetmaskLength: 8, AllocationMaxNetmaskLength: 24 })
    assert.equal(await compliance(), 'compliant')
    await change({ AddAllocationResourceTags: [{ Key: 'stage', Value: 'prod' }] })
    assert.equal(await compliance(), 'compliant')
    await acme.call('DeleteTags', { Resources: [managed], Tags: [{ Key: 'stage' }] }, asShop)
    assert.equal(await compliance(), 'noncompliant')
    await change({ RemoveAllocationResourceTags: [{ Key: 'stage' }] })
    await acme.call('DeleteTags', { Resources: [pool], Tags: [{ Key: 'cadastre:shared-with' }] }, asNetwork)
    assert.equal(await compliance(), 'noncompliant')
    await acme.call('CreateTags', { Resources: [pool], Tags: tagsOf({ 'cadastre:shared-with': root }) }, asNetwork)
    assert.equal(await compliance(), 'compliant')
  })

  test('one is ignored, gives its space back, and is looked at again; one is moved to another scope and back', async () => {
    const mark = (ResourceId: string, input: object, cidr = '10.0.0.0/24') =>
      acme.call(
        'ModifyIpamResourceCidr',
        {
          ResourceId,
          ResourceCidr: cidr,
          ResourceRegion: 'us-east-1',
          CurrentIpamScopeId: acme.privateScope,
          Monitored: true,
          ...input,
        },
        asNetwork,
      )
    const { IpamScope } = await acme.call('CreateIpamScope', { IpamId: acme.ipam }, asNetwork)
    const elsewhere = IpamScope!.IpamScopeId!
    await refuses(mark(loose, { DryRun: true }, '10.0.1.0/24'), {
      code: 'InvalidParameterValue',
      field: 'ResourceCidr',
    })
    await refuses(mark(loose, { CurrentIpamScopeId: elsewhere }), {
      code: 'InvalidParameterValue',
      field: 'CurrentIpamScopeId',
    })
    await refuses(mark(loose, { ResourceRegion: 'eu-central-1' }), { code: 'InvalidParameterValue' })
    await refuses(mark(loose, { DestinationIpamScopeId: acme.publicScope }), {
      code: 'InvalidParameterValue',
      field: 'DestinationIpamScopeId',
    })
    await refuses(mark(subnet, {}, '10.0.0.0/18'), { code: 'NotEligible' })

    const moved = await mark(loose, { DestinationIpamScopeId: elsewhere })
    assert.partialDeepStrictEqual(moved.IpamResourceCidr!, {
      IpamScopeId: elsewhere,
      OverlapStatus: 'nonoverlapping',
      ManagementState: 'unmanaged',
    })
    assert.deepEqual(await statesOf(managed), [['managed', 'compliant', 'nonoverlapping']])
    assert.deepEqual(await statesOf(loose), [])
    assert.deepEqual(await statesOf(loose, elsewhere), [['unmanaged', 'unmanaged', 'nonoverlapping']])
    await mark(loose, { CurrentIpamScopeId: elsewhere, DestinationIpamScopeId: acme.privateScope })
    assert.deepEqual(await statesOf(managed), [['managed', 'compliant', 'overlapping']])

    const ignored = await mark(loose, { Monitored: false })
    assert.partialDeepStrictEqual(ignored.IpamResourceCidr!, {
      ManagementState: 'ignored',
      ComplianceStatus: 'ignored',
      OverlapStatus: 'ignored',
    })
    assert.deepEqual(await statesOf(managed), [['managed', 'compliant', 'nonoverlapping']])
    await mark(loose, {})

    await mark(managed, { Monitored: false }, '10.0.0.0/16')
    assert.deepEqual(await statesOf(managed), [['ignored', 'ignored', 'ignored']])
    const { IpamPoolAllocations } = await acme.call('GetIpamPoolAllocations', { IpamPoolId: pool }, asNetwork)
    assert.deepEqual(IpamPoolAllocations, [])
    const { Vpcs } = await acme.call('DescribeVpcs', { VpcIds: [managed] }, asShop)
    assert.equal(Vpcs![0]!.CidrBlock, '10.0.0.0/16')
    await mark(managed, {}, '10.0.0.0/16')
    assert.deepEqual(await statesOf(managed), [['unmanaged', 'unmanaged', 'overlapping']])
    await acme.call('DeleteIpamScope', { IpamScopeId: elsewhere }, asNetwork)
  })

  test('a discovery finds the same of a Region, and the accounts; those of excluded units neither', async () => {
    const { IpamResourceDiscoveries } = await acme.call('DescribeIpamResourceDiscoveries', {}, asNetwork)
    const IpamResourceDiscoveryId = IpamResourceDiscoveries![0]!.IpamResourceDiscoveryId!
    const found = async (ResourceRegion = 'us-east-1') =>
      (await acme.call('GetIpamDiscoveredResourceCidrs', { IpamResourceDiscoveryId, ResourceRegion }, asNetwork))
        .IpamDiscoveredResourceCidrs!
    const accounts = async (DiscoveryRegion = 'us-east-1') =>
      (
        await acme.call('GetIpamDiscoveredAccounts', { IpamResourceDiscoveryId, DiscoveryRegion }, asNetwork)
      ).IpamDiscoveredAccounts!.map(({ AccountId, OrganizationalUnitId }) => [AccountId, OrganizationalUnitId])
    const all = await found()
    assert.partialDeepStrictEqual(
      all.find(({ ResourceType }) => ResourceType === 'eni'),
      {
        IpamResourceDiscoveryId,
        ResourceOwnerId: shop,
        ResourceCidr: '10.0.0.4/32',
        IpSource: 'none',
        VpcId: managed,
        SubnetId: subnet,
        NetworkInterfaceAttachmentStatus: 'in-use',
      },
    )
    assert.deepEqual(new Set(all.map(({ ResourceType }) => ResourceType)), new Set(['vpc', 'subnet', 'eip', 'eni']))
    assert.equal(all.find(({ ResourceType }) => ResourceType === 'eip')!.IpSource, 'amazon')
    assert.deepEqual(await found('eu-central-1'), [])
    const before = await accounts()
    assert.ok(before.some(([account, unit]) => account === shop && unit === prod))
    assert.ok(before.some(([account, unit]) => account === lab && unit === dev))
    assert.ok(!before.some(([account]) => account === stranger))
    await acme.call(
      'ModifyIpamResourceDiscovery',
      {
        IpamResourceDiscoveryId,
        AddOrganizationalUnitExclusions: [{ OrganizationsEntityPath: `o-acmeacme00/${root}/${workloads}/${prod}/` }],
        RemoveOperatingRegions: [{ RegionName: 'eu-central-1' }],
      },
      asNetwork,
    )
    assert.deepEqual(new Set((await found()).map(({ ResourceOwnerId }) => ResourceOwnerId)), new Set([lab]))
    assert.ok(!(await accounts()).some(([account]) => account === shop))
    assert.ok((await accounts()).some(([account]) => account === network))
    assert.deepEqual(await accounts('eu-central-1'), [])
    await refuses(accounts('mars-1'), { code: 'InvalidParameterValue', field: 'DiscoveryRegion' })
    assert.deepEqual(new Set((await list()).map(({ ResourceOwnerId }) => ResourceOwnerId)), new Set([lab]))
  })

  test('an account without the organization sees its own alone, Region by Region', async () => {
    const { Ipam } = await acme.call('CreateIpam', { OperatingRegions: [{ RegionName: 'eu-central-1' }] }, asLab)
    await acme.call('CreateVpc', { CidrBlock: '10.9.0.0/16' }, { ...asLab, region: 'eu-central-1' })
    const own = await acme.call('GetIpamResourceCidrs', { IpamScopeId: Ipam!.PrivateDefaultScopeId! }, asLab)
    assert.equal(own.IpamResourceCidrs!.length, 8)
    assert.equal(own.IpamResourceCidrs![0]!.ResourceRegion, 'eu-central-1')
    assert.ok(own.IpamResourceCidrs!.every(({ ResourceOwnerId }) => ResourceOwnerId === lab))
  })

  test('what a source observes is there beside the register, and what the register has is not there twice', async () => {
    const source = await acme.post<{ sourceId: string }>('/sources', { name: 'cloud', kind: 'aws', node: root })
    const takenAt = new Date(await acme.store.read(async (tx) => tx.now)).toISOString()
    const seen = (cidr: string, id: string, more: object = {}) => ({
      ...{ kind: 'network', type: 'vpc', cidr, id, account: lab, space: id, locale: 'us-east-1' },
      ...more,
    })
    const lines = [
      seen('10.77.0.0/16', 'vpc-0abcdef0abcdef000', { name: 'old', tags: { stage: 'dev' } }),
      seen('10.0.0.0/24', loose),
      seen('10.77.4.0/24', 'subnet-0abcdef0abcdef000', {
        kind: 'subnet',
        type: 'subnet',
        space: 'vpc-0abcdef0abcdef000',
      }),
      seen('10.78.0.0/16', 'vpc-0fffffffffffffff0', { account: stranger }),
    ]
    const text = [{ snapshot: { takenAt } }, ...lines, { end: { observations: lines.length } }]
    const sent = await acme.ask('POST', `/sources/${source.sourceId}/snapshots`, {
      headers: { 'content-type': 'application/x-ndjson' },
      body: text.map((line) => `${JSON.stringify(line)}\n`).join(''),
    })
    assert.equal(sent.status, 201, JSON.stringify(sent.body))
    const observed = (await list()).filter(
      ({ ResourceId }) => ResourceId!.includes('-0abcdef') || ResourceId!.includes('-0fff'),
    )
    assert.deepEqual(
      observed.map(({ ResourceId, ResourceType, ManagementState, ResourceName }) => [
        ResourceId,
        ResourceType,
        ManagementState,
        ResourceName,
      ]),
      [
        ['vpc-0abcdef0abcdef000', 'vpc', 'unmanaged', 'old'],
        ['subnet-0abcdef0abcdef000', 'subnet', undefined, undefined],
      ],
    )
    assert.equal((await list({ ResourceId: loose })).length, 1)
    assert.equal((await list()).filter(({ ResourceId }) => ResourceId === loose).length, 1)
    assert.deepEqual(await statesOf('vpc-0abcdef0abcdef000'), [['unmanaged', 'unmanaged', 'nonoverlapping']])
    await acme.call('CreateVpc', { CidrBlock: '10.77.8.0/24' }, asLab)
    assert.deepEqual(await statesOf('vpc-0abcdef0abcdef000'), [['unmanaged', 'unmanaged', 'overlapping']])
    await acme.call('CreateVpc', { CidrBlock: '10.77.0.0/20' }, asLab)
  })

  test('I8 over the native API whoever may read the IPAM sees those of accounts that they may read, and may ignore one', async () => {
    interface Seen {
      readonly resourceId: string
      readonly cidr: string
      readonly account: string
      readonly scopeId: string
      readonly management?: string
      readonly sourceId?: string
    }
    const path = `/ipams/${acme.ipam}/resources`
    const read = async (query = '', as?: string) =>
      (await acme.get<{ items: Seen[] }>(`${path}?limit=1000${query}`, as === undefined ? {} : { as })).items
    const [source] = (await acme.get<{ items: { sourceId: string }[] }>('/sources')).items
    const all = await read()
    assert.deepEqual(new Set(all.map(({ account }) => account)), new Set([lab]))
    assert.equal(all.find(({ resourceId }) => resourceId === 'vpc-0abcdef0abcdef000')!.sourceId, source!.sourceId)
    assert.ok((await read('&overlap=overlapping')).every(({ resourceId }) => resourceId.startsWith('vpc-')))
    assert.deepEqual(await read('&management=managed'), [])
    const other = (await read(`&scopeId=${acme.publicScope}`)).map(({ scopeId }) => scopeId)
    assert.ok(other.every((scopeId) => scopeId === acme.publicScope))

    // Whoever reads the IPAM alone sees none of what accounts have.
    const reader = await acme.tokenOf('user:reads', 'auditor', network)
    assert.deepEqual(await read('', reader), [])
    const body = { cidr: '10.0.0.0/24', ignored: true }
    const manager = await acme.tokenOf('user:manages', 'ipam-administrator', network)
    const hidden = await acme.ask('PATCH', `${path}/${loose}`, { body, as: manager })
    const absent = await acme.ask('PATCH', `${path}/vpc-00000000000000000`, { body, as: manager })
    assert.deepEqual([hidden.status, absent.status], [404, 404])
    const { status, body: seen } = await acme.ask<Seen>('PATCH', `${path}/${loose}`, { body })
    assert.equal(status, 200, JSON.stringify(seen))
    assert.equal(seen.management, 'ignored')
    const again = await acme.ask<Seen>('PATCH', `${path}/${loose}`, { body: { ...body, ignored: false } })
    assert.equal(again.body.management, 'unmanaged')
    assert.equal((await acme.ask('PATCH', `${path}/${loose}`, { body: { cidr: '10.0.0.0/24' } })).status, 400)
  })

  test('I8 what others hold by an id that a source observes hides nothing of it, however much that is', async () => {
    const id = 'vpc-0abcdef0abcdef111'
    const [source] = (await acme.get<{ items: { sourceId: string }[] }>('/sources')).items
    acme.advance(60_000)
    const takenAt = new Date(await acme.store.read(async (tx) => tx.now)).toISOString()
    const line = {
      kind: 'network',
      type: 'vpc',
      cidr: '10.99.0.0/24',
      id,
      account: lab,
      space: id,
      locale: 'us-east-1',
    }
    const sent = await acme.ask('POST', `/sources/${source!.sourceId}/snapshots`, {
      headers: { 'content-type': 'application/x-ndjson' },
      body: [{ snapshot: { takenAt } }, line, { end: { observations: 1 } }]
        .map((one) => `${JSON.stringify(one)}\n`)
        .join(''),
    })
    assert.equal(sent.status, 201, JSON.stringify(sent.body))
    const { IpamResourceDiscoveries } = await acme.call('DescribeIpamResourceDiscoveries', {}, asNetwork)
    const IpamResourceDiscoveryId = IpamResourceDiscoveries![0]!.IpamResourceDiscoveryId!
    const seen = async () => {
      const found = await acme.call(
        'GetIpamDiscoveredResourceCidrs',
        { IpamResourceDiscoveryId, ResourceRegion: 'us-east-1' },
        asNetwork,
      )
      return {
        discovered: found.IpamDiscoveredResourceCidrs!.flatMap(({ ResourceId, ResourceOwnerId }) =>
          ResourceId === id ? [ResourceOwnerId] : [],
        ),
        listed: (await list())
          .filter(({ ResourceId }) => ResourceId === id)
          .map(({ ResourceOwnerId }) => ResourceOwnerId),
        asked: new Set((await list({ ResourceId: id })).map(({ ResourceOwnerId }) => ResourceOwnerId)),
      }
    }
    assert.deepEqual(await seen(), { discovered: [lab], listed: [lab], asked: new Set([lab]) })
    const wide = await acme.pool({ scope: 'private', cidr: '172.20.0.0/16' })
    await acme.call('CreateTags', { Resources: [wide], Tags: tagsOf({ 'cadastre:shared-with': root }) }, asNetwork)
    const held = { resourceType: 'vpc', locale: 'us-east-1', poolId: wide, netmaskLength: 28, resourceId: id }
    // Of an account that is not looked at, since its unit is left out; then of one that is, more than is shown of one account.
    await acme.post('/allocations', { account: shop, ...held })
    assert.deepEqual(await seen(), { discovered: [lab], listed: [lab], asked: new Set([lab]) })
    for (let part = 0; part < 3; part++) {
      const allocations = Array.from({ length: 100 }, () => ({ account: network, ...held }))
      await acme.post('/allocations/batch', { allocations })
    }
    const after = await seen()
    assert.ok(after.discovered.includes(lab) && after.listed.includes(lab))
    assert.deepEqual(after.asked, new Set([lab, network]))
    // What its own account holds by the id is shown from there, once.
    await acme.post('/allocations', { account: lab, ...held })
    assert.deepEqual(
      (await list({ ResourceOwner: lab, ResourceId: id })).map(({ ResourceCidr }) =>
        ResourceCidr!.startsWith('172.20.'),
      ),
      [true],
    )
    assert.equal((await seen()).listed.filter((account) => account === lab).length, 1)
  })
})
