// Pools: their hierarchy, their rules, who sees them, how they are changed and how they go.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Ec2Input, IpamPool } from '#formats/aws/ec2.generated.ts'
import { ec2Model } from '#formats/aws/service-model.ts'
import { checkSpace } from '#store/upkeep/check.ts'
import { type Acme, asNetwork, lab, network, openAcme, shop, stranger, tagsOf } from '../../../test/acme.ts'
import { refuses } from '../../../test/organization.ts'
import { operationTables } from '../tables.aws.ts'

const absent = 'ipam-pool-00000000000000000'
/** Every operation that reads, and takes the id of a pool. */
const readersOfPools = [...operationTables.ec2]
  .filter(([name, { access }]) => access === 'read' && /^IpamPoolIds?$/m.test(membersOf(name).join('\n')))
  .map(([name]) => name as 'DescribeIpamPools')
const asksOfScope = (name: string): boolean => membersOf(name).includes('IpamScopeId')
function membersOf(name: string): string[] {
  const { input } = ec2Model.operations[name]!
  return Object.keys((input && ec2Model.shapes[input]?.members) ?? {})
}
type Params = Partial<Ec2Input['CreateIpamPool']>

let acme: Acme
before(async () => {
  acme = await openAcme()
})
after(async () => {
  assert.deepEqual((await checkSpace(acme.store)).problems, [])
  await acme.close()
})

const make = async (params: Params = {}): Promise<IpamPool> => {
  const input = { IpamScopeId: acme.privateScope, AddressFamily: 'ipv4', ...params } as const
  return (await acme.call('CreateIpamPool', input, asNetwork)).IpamPool!
}
const idOf = async (params: Params = {}): Promise<string> => (await make(params)).IpamPoolId!
const find = async (id: string, as: { account: string; region?: string } = asNetwork): Promise<IpamPool> =>
  (await acme.call('DescribeIpamPools', { IpamPoolIds: [id] }, as)).IpamPools![0]!
const provision = (IpamPoolId: string, Cidr: string) =>
  acme.call('ProvisionIpamPoolCidr', { IpamPoolId, Cidr }, asNetwork)
const modify = (IpamPoolId: string, change: Omit<Ec2Input['ModifyIpamPool'], 'IpamPoolId'>) =>
  acme.call('ModifyIpamPool', { IpamPoolId, ...change }, asNetwork)
const remove = (IpamPoolId: string, Cascade?: boolean) =>
  acme.call('DeleteIpamPool', { IpamPoolId, Cascade }, asNetwork)

describe('a pool', () => {
  test('shows what it was made with, and ends its transitions at once', async () => {
    const made = await make({
      Description: 'offices',
      AllocationMinNetmaskLength: 16,
      AllocationDefaultNetmaskLength: 24,
      AllocationMaxNetmaskLength: 28,
      AllocationResourceTags: tagsOf({ env: 'prod' }),
      TagSpecifications: [{ ResourceType: 'ipam-pool', Tags: tagsOf({ team: 'net' }) }],
    })
    assert.equal(made.State, 'create-in-progress')
    assert.partialDeepStrictEqual(await find(made.IpamPoolId!), {
      OwnerId: network,
      IpamPoolArn: `arn:aws:ec2::${network}:ipam-pool/${made.IpamPoolId}`,
      IpamScopeArn: `arn:aws:ec2::${network}:ipam-scope/${acme.privateScope}`,
      IpamScopeType: 'private',
      IpamArn: `arn:aws:ec2::${network}:ipam/${acme.ipam}`,
      IpamRegion: 'us-east-1',
      Locale: 'None',
      PoolDepth: 1,
      State: 'create-complete',
      Description: 'offices',
      AutoImport: false,
      AddressFamily: 'ipv4',
      AllocationMinNetmaskLength: 16,
      AllocationDefaultNetmaskLength: 24,
      AllocationMaxNetmaskLength: 28,
      AllocationResourceTags: tagsOf({ env: 'prod' }),
      Tags: tagsOf({ team: 'net' }),
    })
    await remove(made.IpamPoolId!)
  })

  test('under another serves its locale, shows the one that it was given, and is one deeper, at most ten levels down', async () => {
    const pools = [await make({ Locale: 'us-east-1' })]
    while (pools.length < 10) pools.push(await make({ SourceIpamPoolId: pools.at(-1)!.IpamPoolId }))
    assert.deepEqual(
      pools.map(({ PoolDepth, Locale, SourceIpamPoolId }) => [PoolDepth, Locale, SourceIpamPoolId]),
      pools.map((_, index) => [index + 1, index === 0 ? 'us-east-1' : 'None', pools[index - 1]?.IpamPoolId]),
    )
    const served = await acme.store.read(async (tx) => (await tx.pools.find(pools[9]!.IpamPoolId!))!.locale)
    assert.equal(served, 'us-east-1')
    const named = await make({ SourceIpamPoolId: pools[8]!.IpamPoolId, Locale: 'us-east-1' })
    assert.equal(named.Locale, 'us-east-1')
    const [top, deepest] = [pools[0]!.IpamPoolId!, pools.at(-1)!.IpamPoolId!]
    const fails = (params: Params, field: string) =>
      refuses(make({ SourceIpamPoolId: top, ...params }), { code: 'InvalidParameterValue', field })
    await fails({ SourceIpamPoolId: deepest }, 'SourceIpamPoolId')
    await fails({ Locale: 'eu-central-1' }, 'Locale')
    await fails({ AddressFamily: 'ipv6' }, 'AddressFamily')
    await fails({ IpamScopeId: acme.publicScope }, 'SourceIpamPoolId')
    await refuses(make({ SourceIpamPoolId: absent }), { code: 'NotFound', what: 'ipam-pool', id: absent })
    await refuses(remove(top), { code: 'DependencyViolation' })
    await remove(top, true)
    await refuses(find(deepest), { code: 'NotFound' })
  })

  test('is not made of what cannot be', async () => {
    const fails = (params: Params, field: string) => refuses(make(params), { code: 'InvalidParameterValue', field })
    await fails({ Locale: 'mars-1' }, 'Locale')
    await fails({ AwsService: 'ec2' }, 'AwsService')
    await fails({ PublicIpSource: 'byoip' }, 'PublicIpSource')
    await fails({ PubliclyAdvertisable: true }, 'PubliclyAdvertisable')
    const ipv6 = make({ IpamScopeId: acme.publicScope, AddressFamily: 'ipv6' })
    await refuses(ipv6, { code: 'MissingParameter', field: 'PubliclyAdvertisable' })
    await fails({ IpamScopeId: acme.publicScope, PubliclyAdvertisable: true }, 'PubliclyAdvertisable')
    await fails({ IpamScopeId: acme.publicScope, PublicIpSource: 'amazon' }, 'Locale')
    await fails({ AllocationMinNetmaskLength: 33 }, 'AllocationMinNetmaskLength')
    await fails({ AllocationMinNetmaskLength: 25, AllocationMaxNetmaskLength: 24 }, 'AllocationMinNetmaskLength')
    await fails(
      { AllocationMinNetmaskLength: 24, AllocationDefaultNetmaskLength: 20 },
      'AllocationDefaultNetmaskLength',
    )
    await fails({ AutoImport: true }, 'AutoImport')
    await refuses(make({ AllocationResourceTags: [{ Value: 'x' }] }), { code: 'MissingParameter' })
    const twice = [...tagsOf({ env: 'a' }), ...tagsOf({ env: 'b' })]
    await fails({ AllocationResourceTags: twice }, 'AllocationResourceTag.2.Key')
    const stray = { ResourceType: 'ipam-pool' as const, Tags: tagsOf({ 'cadastre:mode': 'warn' }) }
    await fails({ TagSpecifications: [stray] }, 'cadastre:mode')
    await refuses(make({ DryRun: true }), { code: 'DryRunSucceeded' })
    await refuses(make({ IpamScopeId: 'scope' }), { code: 'MalformedId', what: 'ipam-scope' })
  })

  test('in the public scope says where its addresses come from, and a child has the same source', async () => {
    const own = await make({ IpamScopeId: acme.publicScope, AwsService: 'ec2', Locale: 'us-east-1' })
    assert.equal(own.PublicIpSource, 'byoip')
    const params = { IpamScopeId: acme.publicScope, AddressFamily: 'ipv6', PublicIpSource: 'amazon' } as const
    const amazon = await make({ ...params, Locale: 'us-east-1' })
    const child = { ...params, PublicIpSource: undefined, SourceIpamPoolId: amazon.IpamPoolId }
    const below = await make(child)
    assert.equal(below.PublicIpSource, 'amazon')
    await refuses(make({ ...child, PublicIpSource: 'byoip' }), { code: 'InvalidParameterValue' })
    for (const { IpamPoolId } of [own, below, amazon]) await remove(IpamPoolId!)
  })

  test('is made once for one token', async () => {
    const first = await idOf({ ClientToken: 'pool-1', Description: 'once' })
    assert.equal(await idOf({ ClientToken: 'pool-1', Description: 'once' }), first)
    await refuses(make({ ClientToken: 'pool-1', Description: 'twice' }), { code: 'IdempotencyMismatch' })
    await remove(first)
  })
})

describe('a pool that changes', () => {
  test('shows the new rules, and that it was modified', async () => {
    const id = await idOf({
      AllocationDefaultNetmaskLength: 24,
      AllocationResourceTags: tagsOf({ env: 'prod', a: 'b' }),
    })
    const changed = await modify(id, {
      Description: 'new',
      AutoImport: false,
      AllocationMinNetmaskLength: 20,
      AllocationMaxNetmaskLength: 26,
      ClearAllocationDefaultNetmaskLength: true,
      AddAllocationResourceTags: tagsOf({ team: 'net' }),
      RemoveAllocationResourceTags: tagsOf({ env: 'prod' }),
    })
    assert.equal(changed.IpamPool!.State, 'modify-in-progress')
    const pool = await find(id)
    assert.partialDeepStrictEqual(pool, {
      State: 'modify-complete',
      Description: 'new',
      AllocationMinNetmaskLength: 20,
      AllocationMaxNetmaskLength: 26,
      AllocationResourceTags: tagsOf({ a: 'b', team: 'net' }),
    })
    assert.equal(pool.AllocationDefaultNetmaskLength, undefined)
    await modify(id, {
      RemoveAllocationResourceTags: tagsOf({ a: 'b' }),
      AddAllocationResourceTags: tagsOf({ a: 'c' }),
    })
    await remove(id)
  })

  test('takes nothing that contradicts itself or its rules, nor nothing at all', async () => {
    const id = await idOf({ AllocationMinNetmaskLength: 20, AllocationResourceTags: tagsOf({ env: 'prod' }) })
    await refuses(modify(id, {}), {
      code: 'InvalidParameterCombination',
      problem: 'The request must contain a modification to the ipam pool',
    })
    const both = { AllocationDefaultNetmaskLength: 24, ClearAllocationDefaultNetmaskLength: true }
    await refuses(modify(id, both), { code: 'InvalidParameterCombination' })
    await refuses(modify(id, { AllocationMaxNetmaskLength: 19 }), { code: 'InvalidParameterValue' })
    await refuses(modify(id, { AllocationDefaultNetmaskLength: 8 }), { code: 'InvalidParameterValue' })
    await refuses(modify(id, { AutoImport: true }), { code: 'InvalidParameterValue', field: 'AutoImport' })
    const importing = await idOf({ AutoImport: true, Locale: 'us-east-1' })
    assert.equal((await modify(importing, { AutoImport: false })).IpamPool!.AutoImport, false)
    assert.equal((await modify(importing, { AutoImport: true })).IpamPool!.AutoImport, true)
    await remove(importing)
    await refuses(modify(absent, { Description: 'x' }), { code: 'NotFound' })
    await remove(id)
  })

  test('requires a tag with the value that was given last, until the tag is removed by its key or with that value', async () => {
    const id = await idOf({ AllocationResourceTags: tagsOf({ env: 'prod', team: 'net' }) })
    const required = async () => (await find(id)).AllocationResourceTags
    await modify(id, { AddAllocationResourceTags: tagsOf({ env: 'dev' }) })
    assert.deepEqual(await required(), tagsOf({ team: 'net', env: 'dev' }))
    await modify(id, { RemoveAllocationResourceTags: tagsOf({ env: 'prod', absent: 'x' }) })
    assert.deepEqual(await required(), tagsOf({ team: 'net', env: 'dev' }))
    await modify(id, { RemoveAllocationResourceTags: tagsOf({ env: 'dev' }) })
    await modify(id, { RemoveAllocationResourceTags: [{ Key: 'team' }] })
    assert.deepEqual(await required(), [])
    await remove(id)
  })

  test('takes its settings from its tags, when it is made and later', async () => {
    const settings = { 'cadastre:quarantine-seconds': '60', 'cadastre:shared-with': shop }
    const id = await idOf({ TagSpecifications: [{ ResourceType: 'ipam-pool', Tags: tagsOf(settings) }] })
    const settled = () =>
      acme.store.read(async (tx) => {
        const pool = (await tx.pools.find(id))!
        return [pool.quarantineSeconds, await tx.pools.shares(pool.n)]
      })
    assert.deepEqual(await settled(), [60, [shop]])
    const tags = tagsOf({ 'cadastre:shared-with': `${lab},${lab}`, other: 'x' })
    await acme.call('CreateTags', { Resources: [id], Tags: tags }, asNetwork)
    assert.deepEqual(await settled(), [60, [lab]])
    await acme.call('DeleteTags', { Resources: [id] }, asNetwork)
    assert.deepEqual(await settled(), [undefined, []])
    await remove(id)
  })
})

describe('a pool that goes', () => {
  test('has no CIDR and no child left, or is deleted by Cascade with all below it', async () => {
    const top = await idOf()
    await provision(top, '10.0.0.0/8')
    await refuses(remove(top), {
      code: 'DependencyViolation',
      problem: 'There are one or more pool cidrs provisioned in the pool.',
    })
    const middle = await idOf({ SourceIpamPoolId: top, Locale: 'us-east-1' })
    const leaf = await idOf({ SourceIpamPoolId: middle })
    await provision(middle, '10.16.0.0/12')
    await provision(leaf, '10.16.0.0/16')
    const custom = { IpamPoolId: leaf, NetmaskLength: 24, TagSpecifications: [] }
    await acme.call('AllocateIpamPoolCidr', custom, asNetwork)
    const vpc = await acme.call('CreateVpc', { Ipv4IpamPoolId: leaf, Ipv4NetmaskLength: 24 }, asNetwork)

    await remove(middle, true)
    await refuses(find(leaf), { code: 'NotFound' })
    assert.deepEqual(
      (await acme.call('GetIpamPoolAllocations', { IpamPoolId: top }, asNetwork)).IpamPoolAllocations,
      [],
    )
    const { VpcId, CidrBlock } = vpc.Vpc!
    const { Vpcs } = await acme.call('DescribeVpcs', { VpcIds: [VpcId!] }, asNetwork)
    assert.equal(Vpcs![0]!.CidrBlock, CidrBlock)
    await acme.call('DeleteVpc', { VpcId: VpcId! }, asNetwork)
    await remove(top, true)
    await refuses(remove(top), { code: 'NotFound' })
  })

  test('is in no public scope where it goes by Cascade', async () => {
    const id = await acme.pool()
    await refuses(remove(id, true), { code: 'InvalidParameterCombination' })
  })

  test('is named by no policy', async () => {
    const parent = await idOf()
    const id = await idOf({ SourceIpamPoolId: parent, Locale: 'us-east-1' })
    const policy = await acme.policy()
    await acme.rules(policy, [id], { type: 'vpc' })
    const problem = `It is named in the allocation rules of the policy ${policy}`
    await refuses(remove(id), { code: 'DependencyViolation', id, problem })
    await refuses(remove(parent, true), { code: 'DependencyViolation', id, problem })
    await acme.call('DeleteIpamPolicy', { IpamPolicyId: policy }, asNetwork)
    await remove(parent, true)
  })

  test('I6 takes no resting space with it, nor any that would have to rest', async () => {
    const tags = tagsOf({ 'cadastre:quarantine-seconds': '60' })
    const id = await idOf({ TagSpecifications: [{ ResourceType: 'ipam-pool', Tags: tags }] })
    await provision(id, '10.0.0.0/8')
    const { IpamPoolAllocation } = await acme.call(
      'AllocateIpamPoolCidr',
      { IpamPoolId: id, NetmaskLength: 24 },
      asNetwork,
    )
    await refuses(remove(id, true), { code: 'DependencyViolation' })
    const { IpamPoolAllocationId = '', Cidr = '' } = IpamPoolAllocation!
    await acme.call('ReleaseIpamPoolAllocation', { IpamPoolId: id, IpamPoolAllocationId, Cidr }, asNetwork)
    await refuses(remove(id, true), { code: 'DependencyViolation' })
    acme.advance(60_001)
    await remove(id, true)
  })
})

describe('a pool seen by others', () => {
  let id: string
  before(async () => {
    id = await acme.pool({ locale: 'eu-central-1' })
    const tags = tagsOf({ 'cadastre:shared-with': shop, secret: 'yes' })
    await acme.call('CreateTags', { Resources: [id], Tags: tags }, asNetwork)
  })

  test('is there for whom it is shared with, from home and from its locale, without its tags', async () => {
    for (const region of ['us-east-1', 'eu-central-1']) {
      const seen = await find(id, { account: shop, region })
      assert.equal(seen.OwnerId, network)
      assert.deepEqual(seen.Tags, [])
      const { IpamPools } = await acme.call('DescribeIpamPools', {}, { account: shop, region })
      assert.deepEqual(
        IpamPools!.map(({ IpamPoolId }) => IpamPoolId),
        [id],
      )
    }
  })

  test('is changed by nobody else: forbidden to those who see it', async () => {
    const as = { account: shop }
    const forbidden = { code: 'NotAuthorized' } as const
    await refuses(acme.call('ModifyIpamPool', { IpamPoolId: id, Description: 'mine' }, as), forbidden)
    await refuses(acme.call('DeleteIpamPool', { IpamPoolId: id }, as), forbidden)
    await refuses(acme.call('ProvisionIpamPoolCidr', { IpamPoolId: id, Cidr: '192.0.2.0/24' }, as), forbidden)
    await refuses(acme.call('DeprovisionIpamPoolCidr', { IpamPoolId: id, Cidr: '192.0.2.0/24' }, as), forbidden)
  })

  test('that only a policy lists is taken from, by name too, and not shared with whoever reads', async () => {
    const listed = await acme.pool({ cidr: '203.0.113.0/28' })
    const policy = await acme.policy()
    await acme.rules(policy, [listed])
    await acme.enable(policy, lab)
    const as = { account: lab }
    assert.deepEqual(readersOfPools.sort(), [
      'DescribeIpamPools',
      'GetIpamPoolAllocations',
      'GetIpamPoolCidrs',
      'GetIpamResourceCidrs',
    ])
    const own = (await acme.call('CreateIpam', {}, { ...as, region: 'us-east-1' })).Ipam!
    const ofShop = await acme.call('AllocateAddress', { IpamPoolId: listed }, asNetwork)
    const { AllocationId } = await acme.call('AllocateAddress', {}, as)
    const named = await acme.call('AllocateAddress', { IpamPoolId: listed }, as)
    assert.deepEqual((await acme.call('DescribeIpamPools', {}, as)).IpamPools, [])
    for (const name of readersOfPools) {
      const scope = { IpamScopeId: own.PrivateDefaultScopeId! }
      const input =
        name === 'DescribeIpamPools'
          ? { IpamPoolIds: [listed] }
          : { IpamPoolId: listed, ...(asksOfScope(name) ? scope : {}) }
      await refuses(acme.call(name, input as never, as), {
        code: 'NotShared',
        id: listed,
        account: lab,
        owner: network,
      })
    }
    const { Tags } = await acme.call('DescribeTags', { Filters: [{ Name: 'resource-id', Values: [listed] }] }, as)
    assert.deepEqual(Tags, [])
    await refuses(acme.call('DeleteIpamPool', { IpamPoolId: listed }, as), { code: 'NotShared', id: listed })
    const ids = (await acme.call('DescribeAddresses', {}, as)).Addresses!.map((address) => address.AllocationId)
    assert.deepEqual(ids, [AllocationId, named.AllocationId])
    assert(!ids.includes(ofShop.AllocationId))
  })

  test('I8 is absent for everybody else, and to its owner in another Region', async () => {
    const own = await acme.pool({ scope: 'private' })
    for (const [name, as] of [
      [absent, asNetwork],
      [id, { account: lab }],
      [id, { account: stranger }],
      [own, { account: network, region: 'eu-central-1' }],
    ] as const) {
      const refusal = { code: 'NotFound', what: 'ipam-pool', id: name } as const
      for (const work of [
        () => acme.call('DescribeIpamPools', { IpamPoolIds: [name] }, as),
        () => acme.call('ModifyIpamPool', { IpamPoolId: name, Description: 'x' }, as),
        () => acme.call('DeleteIpamPool', { IpamPoolId: name }, as),
        () => acme.call('GetIpamPoolCidrs', { IpamPoolId: name }, as),
        () => acme.call('GetIpamPoolAllocations', { IpamPoolId: name }, as),
        () => acme.call('ProvisionIpamPoolCidr', { IpamPoolId: name, Cidr: '192.0.2.0/24' }, as),
        () => acme.call('DeprovisionIpamPoolCidr', { IpamPoolId: name, Cidr: '192.0.2.0/24' }, as),
        () => acme.call('AllocateIpamPoolCidr', { IpamPoolId: name, NetmaskLength: 28 }, as),
      ]) {
        await refuses(work(), refusal)
      }
    }
    assert.deepEqual((await acme.call('DescribeIpamPools', {}, { account: stranger })).IpamPools, [])
  })
})

test('pools are found through every filter, and listed in pages', async () => {
  const world = await openAcme()
  const create = async (params: Params) => {
    const own = params.SourceIpamPoolId === undefined ? { PubliclyAdvertisable: false } : {}
    const input = { IpamScopeId: world.publicScope, AddressFamily: 'ipv6', ...own, ...params } as const
    return (await world.call('CreateIpamPool', input, asNetwork)).IpamPool!
  }
  const pool = await create({
    PubliclyAdvertisable: true,
    Description: 'the one',
    Locale: 'us-east-1',
    AwsService: 'ec2',
    AllocationMinNetmaskLength: 40,
    AllocationDefaultNetmaskLength: 48,
    AllocationMaxNetmaskLength: 56,
    TagSpecifications: [{ ResourceType: 'ipam-pool', Tags: tagsOf({ team: 'net' }) }],
  })
  const child = await create({ SourceIpamPoolId: pool.IpamPoolId })
  const filters: Record<string, string> = {
    'owner-id': network,
    'ipam-pool-id': pool.IpamPoolId!,
    'ipam-pool-arn': pool.IpamPoolArn!,
    'ipam-scope-arn': pool.IpamScopeArn!,
    'ipam-scope-id': world.publicScope,
    'ipam-scope-type': 'public',
    'ipam-arn': pool.IpamArn!,
    'ipam-id': world.ipam,
    'ipam-region': 'us-east-1',
    locale: 'us-east-1',
    'pool-depth': '1',
    state: 'create-complete',
    description: 'the*',
    'auto-import': 'false',
    'publicly-advertisable': 'true',
    'address-family': 'ipv6',
    'allocation-min-netmask-length': '40',
    'allocation-default-netmask-length': '48',
    'allocation-max-netmask-length': '56',
    'aws-service': 'ec2',
    'public-ip-source': 'byoip',
    'tag:team': 'net',
  }
  for (const [Name, value] of Object.entries(filters)) {
    const found = async (text: string) =>
      (await world.call('DescribeIpamPools', { Filters: [{ Name, Values: [text] }] }, asNetwork)).IpamPools!
    assert(
      (await found(value)).some(({ IpamPoolId }) => IpamPoolId === pool.IpamPoolId),
      Name,
    )
    assert.deepEqual(await found('no such'), [], Name)
  }
  const below = { Filters: [{ Name: 'source-ipam-pool-id', Values: [pool.IpamPoolId!] }] }
  const { IpamPools } = await world.call('DescribeIpamPools', below, asNetwork)
  assert.deepEqual(IpamPools![0]!.IpamPoolId, child.IpamPoolId)

  for (let more = 0; more < 7; more++) await create({})
  const seen: IpamPool[] = []
  for (let NextToken: string | undefined, first = true; first || NextToken; first = false) {
    const page = await world.call('DescribeIpamPools', { MaxResults: 5, NextToken }, asNetwork)
    seen.push(...page.IpamPools!)
    NextToken = page.NextToken
  }
  assert.equal(new Set(seen.map(({ IpamPoolId }) => IpamPoolId)).size, 9)
  await refuses(world.call('DescribeIpamPools', { IpamPoolIds: [absent], MaxResults: 5 }, asNetwork), {
    code: 'InvalidParameterCombination',
  })
  await world.close()
})

describe('a resource planning pool', () => {
  let VpcId = ''
  const source = (ResourceOwner = shop) => ({
    ResourceId: VpcId,
    ResourceType: 'vpc' as const,
    ResourceRegion: 'us-east-1',
    ResourceOwner,
  })
  before(async () => {
    const { Vpc } = await acme.call('CreateVpc', { CidrBlock: '10.9.0.0/16' }, { account: shop })
    VpcId = Vpc!.VpcId!
  })

  test('plans a CIDR of the VPC and nothing else, alone; what is below it plans the same VPC', async () => {
    const id = await idOf({ SourceResource: source(), Locale: 'us-east-1' })
    const provisionOf = (input: object) => acme.call('ProvisionIpamPoolCidr', { IpamPoolId: id, ...input }, asNetwork)
    await refuses(provisionOf({ Cidr: '10.9.0.0/17' }), { code: 'InvalidParameterValue', field: 'Cidr' })
    await refuses(provisionOf({ NetmaskLength: 16 }), { code: 'InvalidParameterCombination' })
    await provisionOf({ Cidr: '10.9.0.0/16' })
    const child = await make({ SourceIpamPoolId: id })
    assert.deepEqual(child.SourceResource, source())
    await provision(child.IpamPoolId!, '10.9.128.0/17')

    const second = await idOf({ SourceResource: source() })
    await provision(second, '10.9.0.0/16')
    const [failed] = (await acme.call('GetIpamPoolCidrs', { IpamPoolId: second }, asNetwork)).IpamPoolCidrs!
    assert.equal(failed!.State, 'failed-provision')
    assert.equal(failed!.FailureReason!.Message, `The pool ${id} plans this CIDR of ${VpcId}.`)
    await remove(second)
    await remove(id, true)
  })

  test('is in a private scope, of a family that the VPC has, and of a VPC that is there (I8)', async () => {
    const fails = (params: Params, refusal: object) => refuses(make({ SourceResource: source(), ...params }), refusal)
    await fails({ IpamScopeId: acme.publicScope }, { code: 'InvalidParameterValue', field: 'SourceResource' })
    await fails({ AddressFamily: 'ipv6' }, { code: 'InvalidParameterValue', field: 'AddressFamily' })
    await fails({ SourceResource: {} }, { code: 'MissingParameter', field: 'SourceResource.ResourceId' })
    const gone = { code: 'NotFound', what: 'vpc', id: VpcId }
    await fails({ SourceResource: source(lab) }, gone)
    await fails({ SourceResource: source(stranger) }, gone)
    await fails({ SourceResource: { ...source(), ResourceRegion: 'eu-central-1' } }, gone)
    await fails({ SourceResource: { ...source(), ResourceId: 'subnet-1' } }, { code: 'NotFound', what: 'vpc' })
  })
})
