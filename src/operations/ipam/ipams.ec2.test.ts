// IPAMs and their scopes: made, described, changed, deleted; one per account and Region.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Ec2Input } from '#formats/aws/ec2.generated.ts'
import { type Acme, asNetwork, network, openAcme, shop, tagsOf } from '../../../test/acme.ts'
import { refuses } from '../../../test/organization.ts'
import { openWorld, type World } from '../../../test/world.ts'

const absent = 'ipam-00000000000000000'
const absentScope = 'ipam-scope-00000000000000000'
const elsewhere = { region: 'eu-central-1' }

describe('an IPAM', () => {
  let world: World
  let IpamId = ''
  const find = async () => (await world.call('DescribeIpams', {})).Ipams![0]!
  before(async () => {
    world = await openWorld()
    const { Ipam } = await world.call('CreateIpam', {
      Description: 'the register',
      OperatingRegions: [{ RegionName: 'eu-central-1' }, { RegionName: 'eu-central-1' }],
      TagSpecifications: [{ ResourceType: 'ipam', Tags: tagsOf({ team: 'net', 'cadastre:unmatched': 'deny' }) }],
      ClientToken: 'first',
    })
    assert.equal(Ipam!.State, 'create-in-progress')
    IpamId = Ipam!.IpamId!
  })
  after(() => world.close())

  test('is of the advanced tier, operates at home too, and has two scopes and a discovery', async () => {
    const ipam = await find()
    assert.partialDeepStrictEqual(ipam, {
      OwnerId: '111111111111',
      IpamId,
      IpamArn: `arn:aws:ec2::111111111111:ipam/${IpamId}`,
      IpamRegion: 'us-east-1',
      ScopeCount: 2,
      Description: 'the register',
      OperatingRegions: [{ RegionName: 'eu-central-1' }, { RegionName: 'us-east-1' }],
      State: 'create-complete',
      Tags: tagsOf({ 'cadastre:unmatched': 'deny', team: 'net' }),
      ResourceDiscoveryAssociationCount: 1,
      Tier: 'advanced',
      EnablePrivateGua: false,
      MeteredAccount: 'ipam-owner',
    })
    assert.match(ipam.DefaultResourceDiscoveryId!, /^ipam-res-disco-/)
    const { IpamScopes } = await world.call('DescribeIpamScopes', {})
    assert.deepEqual(
      IpamScopes!.map(({ IpamScopeId, IpamScopeType, IsDefault, PoolCount, State }) => ({
        IpamScopeId,
        IpamScopeType,
        IsDefault,
        PoolCount,
        State,
      })),
      [ipam.PublicDefaultScopeId, ipam.PrivateDefaultScopeId].map((IpamScopeId, index) => ({
        IpamScopeId,
        IpamScopeType: index === 0 ? 'public' : 'private',
        IsDefault: true,
        PoolCount: 0,
        State: 'create-complete',
      })),
    )
  })

  test('is alone in its Region, and a repeated token makes no second one', async () => {
    await refuses(world.call('CreateIpam', {}), { code: 'LimitExceeded', what: 'ipams', limit: 1, used: 1 })
    const input = {
      Description: 'the register',
      OperatingRegions: [{ RegionName: 'eu-central-1' }, { RegionName: 'eu-central-1' }],
      TagSpecifications: [
        { ResourceType: 'ipam' as const, Tags: tagsOf({ team: 'net', 'cadastre:unmatched': 'deny' }) },
      ],
      ClientToken: 'first',
    }
    assert.equal((await world.call('CreateIpam', input)).Ipam!.IpamId, IpamId)
    const other = { ...input, Description: 'another' }
    await refuses(world.call('CreateIpam', other), { code: 'IdempotencyMismatch' })
    const abroad = await world.call('CreateIpam', { Tier: 'free' }, elsewhere)
    assert.deepEqual(abroad.Ipam!.OperatingRegions, [{ RegionName: 'eu-central-1' }])
    await world.call('DeleteIpam', { IpamId: abroad.Ipam!.IpamId! }, elsewhere)
  })

  test('is not made of what cannot be', async () => {
    const make = (input: Ec2Input['CreateIpam']) => world.call('CreateIpam', input, elsewhere)
    await refuses(make({ OperatingRegions: [{ RegionName: 'mars-1' }] }), {
      code: 'InvalidParameterValue',
      field: 'OperatingRegion.1.RegionName',
      value: 'mars-1',
    })
    await refuses(make({ OperatingRegions: [{}] }), { code: 'MissingParameter' })
    await refuses(make({ MeteredAccount: 'resource-owner' }), { code: 'NotEligible' })
    await refuses(make({ Description: 'x'.repeat(1001) }), { code: 'InvalidParameterValue', field: 'Description' })
    const wrong = { ResourceType: 'ipam' as const, Tags: tagsOf({ 'cadastre:unmatched': 'perhaps' }) }
    await refuses(make({ TagSpecifications: [wrong] }), { code: 'InvalidParameterValue', field: 'cadastre:unmatched' })
    await refuses(make({ TagSpecifications: [{ ResourceType: 'vpc' }] }), { code: 'InvalidParameterValue' })
    await refuses(make({ DryRun: true }), { code: 'DryRunSucceeded' })
    assert.deepEqual((await world.call('DescribeIpams', {}, elsewhere)).Ipams, [])
  })

  test('is found by id and by every filter, and nobody else finds it (I8)', async () => {
    const ipam = await find()
    const filters: Record<string, string> = {
      'owner-id': '111111111111',
      'ipam-id': IpamId,
      'ipam-arn': ipam.IpamArn!,
      'ipam-region': 'us-east-1',
      'public-default-scope-id': ipam.PublicDefaultScopeId!,
      'private-default-scope-id': ipam.PrivateDefaultScopeId!,
      'scope-count': '2',
      description: 'the *',
      'operating-region': 'eu-central-1',
      state: '*-complete',
      'default-resource-discovery-id': ipam.DefaultResourceDiscoveryId!,
      tier: 'advanced',
      'enable-private-gua': 'false',
      'metered-account': 'ipam-owner',
      'tag:team': 'net',
      'tag-key': 'team',
    }
    for (const [Name, value] of Object.entries(filters)) {
      const found = async (text: string) =>
        (await world.call('DescribeIpams', { Filters: [{ Name, Values: [text] }] })).Ipams!.length
      assert.equal(await found(value), 1, Name)
      assert.equal(await found('no such'), 0, Name)
    }
    await refuses(world.call('DescribeIpams', { Filters: [{ Name: 'colour', Values: ['red'] }] }), {
      code: 'InvalidFilter',
    })
    await refuses(world.call('DescribeIpams', { IpamIds: [IpamId], MaxResults: 5 }), {
      code: 'InvalidParameterCombination',
    })
    await refuses(world.call('DescribeIpams', { IpamIds: ['lemon'] }), { code: 'MalformedId', what: 'ipam' })
    for (const [id, as] of [
      [absent, {}],
      [IpamId, { account: shop }],
      [IpamId, elsewhere],
    ] as const) {
      const refusal = { code: 'NotFound', what: 'ipam', id } as const
      await refuses(world.call('DescribeIpams', { IpamIds: [id] }, as), refusal)
      await refuses(world.call('ModifyIpam', { IpamId: id, Description: 'mine' }, as), refusal)
      await refuses(world.call('DeleteIpam', { IpamId: id }, as), refusal)
      await refuses(world.call('CreateIpamScope', { IpamId: id }, as), refusal)
    }
  })

  test('is modified in what may be, and shows that it was', async () => {
    const changed = await world.call('ModifyIpam', {
      IpamId,
      Description: '',
      RemoveOperatingRegions: [{ RegionName: 'eu-central-1' }],
      EnablePrivateGua: true,
    })
    assert.equal(changed.Ipam!.State, 'modify-in-progress')
    const ipam = await find()
    assert.equal(ipam.State, 'modify-complete')
    assert.equal(ipam.Description, undefined)
    assert.equal(ipam.EnablePrivateGua, true)
    assert.deepEqual(ipam.OperatingRegions, [{ RegionName: 'us-east-1' }])
    await world.call('ModifyIpam', { IpamId, AddOperatingRegions: [{ RegionName: 'eu-central-1' }], Tier: 'free' })
    await world.call('ModifyIpam', { IpamId, Tier: 'advanced', EnablePrivateGua: false })
    assert.equal((await find()).OperatingRegions!.length, 2)

    const modify = (input: Omit<Ec2Input['ModifyIpam'], 'IpamId'>) => world.call('ModifyIpam', { IpamId, ...input })
    await refuses(modify({}), { code: 'InvalidParameterCombination' })
    await refuses(modify({ RemoveOperatingRegions: [{ RegionName: 'us-east-1' }] }), { code: 'InvalidParameterValue' })
    await refuses(
      modify({
        AddOperatingRegions: [{ RegionName: 'eu-central-1' }],
        RemoveOperatingRegions: [{ RegionName: 'eu-central-1' }],
      }),
      { code: 'InvalidParameterCombination' },
    )
    await modify({ RemoveOperatingRegions: [{ RegionName: 'eu-central-1' }] })
    await refuses(modify({ RemoveOperatingRegions: [{ RegionName: 'eu-central-1' }] }), {
      code: 'InvalidParameterValue',
    })
    await modify({ AddOperatingRegions: [{ RegionName: 'eu-central-1' }] })
  })

  test('has further private scopes, which are described, modified, filtered and deleted', async () => {
    const { IpamScope } = await world.call('CreateIpamScope', {
      IpamId,
      Description: 'lab',
      TagSpecifications: [{ ResourceType: 'ipam-scope', Tags: tagsOf({ stage: 'lab' }) }],
    })
    const IpamScopeId = IpamScope!.IpamScopeId!
    assert.partialDeepStrictEqual(IpamScope, {
      State: 'create-in-progress',
      IpamScopeType: 'private',
      IsDefault: false,
      Description: 'lab',
      Tags: tagsOf({ stage: 'lab' }),
    })
    assert.equal((await find()).ScopeCount, 3)
    const modified = await world.call('ModifyIpamScope', { IpamScopeId, Description: 'laboratory' })
    assert.equal(modified.IpamScope!.State, 'modify-in-progress')
    await world.call('CreateTags', { Resources: [IpamScopeId], Tags: tagsOf({ floor: '2' }) })
    const filters: Record<string, string> = {
      'owner-id': '111111111111',
      'ipam-scope-id': IpamScopeId,
      'ipam-scope-arn': IpamScope!.IpamScopeArn!,
      'ipam-arn': IpamScope!.IpamArn!,
      'ipam-id': IpamId,
      'ipam-region': 'us-east-1',
      'ipam-scope-type': 'private',
      'is-default': 'false',
      description: 'laboratory',
      'pool-count': '0',
      state: 'modify-complete',
      'tag:stage': 'lab',
      'tag:floor': '2',
    }
    for (const [Name, value] of Object.entries(filters)) {
      const { IpamScopes } = await world.call('DescribeIpamScopes', { Filters: [{ Name, Values: [value] }] })
      assert(
        IpamScopes!.some((scope) => scope.IpamScopeId === IpamScopeId),
        Name,
      )
    }
    for (const call of [
      () => world.call('CreateIpamScope', { IpamId, ExternalAuthorityConfiguration: { Type: 'infoblox' } }),
      () => world.call('ModifyIpamScope', { IpamScopeId, RemoveExternalAuthorityConfiguration: true }),
    ]) {
      await refuses(call(), { code: 'NotSupported' })
    }
    await refuses(world.call('ModifyIpamScope', { IpamScopeId }), { code: 'InvalidParameterCombination' })
    for (const [id, as] of [
      [absentScope, {}],
      [IpamScopeId, { account: shop }],
      [IpamScopeId, elsewhere],
    ] as const) {
      const refusal = { code: 'NotFound', what: 'ipam-scope', id } as const
      await refuses(world.call('DescribeIpamScopes', { IpamScopeIds: [id] }, as), refusal)
      await refuses(world.call('ModifyIpamScope', { IpamScopeId: id, Description: 'x' }, as), refusal)
      await refuses(world.call('DeleteIpamScope', { IpamScopeId: id }, as), refusal)
      await refuses(world.call('CreateIpamPool', { IpamScopeId: id, AddressFamily: 'ipv4' }, as), refusal)
    }
    const pool = await world.call('CreateIpamPool', { IpamScopeId, AddressFamily: 'ipv4' })
    await refuses(world.call('DeleteIpamScope', { IpamScopeId }), { code: 'DependencyViolation' })
    await world.call('DeleteIpamPool', { IpamPoolId: pool.IpamPool!.IpamPoolId! })
    assert.equal((await world.call('DeleteIpamScope', { IpamScopeId })).IpamScope!.State, 'delete-in-progress')
    await refuses(world.call('DeleteIpamScope', { IpamScopeId }), { code: 'NotFound' })
    const { PrivateDefaultScopeId } = await find()
    await refuses(world.call('DeleteIpamScope', { IpamScopeId: PrivateDefaultScopeId! }), { code: 'IncorrectState' })
  })

  test('scopes are listed in pages, in order of creation', async () => {
    for (let more = 0; more < 5; more++) await world.call('CreateIpamScope', { IpamId })
    const all = (await world.call('DescribeIpamScopes', {})).IpamScopes!.map(({ IpamScopeId }) => IpamScopeId)
    const first = await world.call('DescribeIpamScopes', { MaxResults: 5 })
    const second = await world.call('DescribeIpamScopes', { MaxResults: 5, NextToken: first.NextToken })
    assert.equal(second.NextToken, undefined)
    assert.deepEqual(
      [...first.IpamScopes!, ...second.IpamScopes!].map(({ IpamScopeId }) => IpamScopeId),
      all,
    )
    await refuses(world.call('DescribeIpamScopes', { NextToken: 'x' }), { code: 'InvalidPaginationToken' })
  })

  test('goes with all that is private in it by Cascade alone, and then is gone', async () => {
    await refuses(world.call('DeleteIpam', { IpamId }), { code: 'DependencyViolation' })
    const { PrivateDefaultScopeId, PublicDefaultScopeId } = await find()
    const makePool = async (IpamScopeId: string, AddressFamily: 'ipv4' | 'ipv6') =>
      (await world.call('CreateIpamPool', { IpamScopeId, AddressFamily })).IpamPool!.IpamPoolId!
    const pool = await makePool(PrivateDefaultScopeId!, 'ipv4')
    await world.call('ProvisionIpamPoolCidr', { IpamPoolId: pool, Cidr: '10.0.0.0/8' })
    await world.call('ModifyIpam', { IpamId, EnablePrivateGua: true })
    const gua = await makePool(PrivateDefaultScopeId!, 'ipv6')
    await world.call('ProvisionIpamPoolCidr', { IpamPoolId: gua, Cidr: '2600:9000::/48' })
    await refuses(world.call('ModifyIpam', { IpamId, EnablePrivateGua: false }), { code: 'DependencyViolation' })
    const open = await makePool(PublicDefaultScopeId!, 'ipv4')
    await refuses(world.call('DeleteIpam', { IpamId, Cascade: true }), { code: 'DependencyViolation' })
    await world.call('DeleteIpamPool', { IpamPoolId: open })
    await refuses(world.call('DeleteIpam', { IpamId, Cascade: true, DryRun: true }), { code: 'DryRunSucceeded' })

    assert.equal((await world.call('DeleteIpam', { IpamId, Cascade: true })).Ipam!.State, 'delete-in-progress')
    for (const list of [
      (await world.call('DescribeIpams', {})).Ipams,
      (await world.call('DescribeIpamScopes', {})).IpamScopes,
      (await world.call('DescribeIpamPools', {})).IpamPools,
    ]) {
      assert.deepEqual(list, [])
    }
    await refuses(world.call('DeleteIpam', { IpamId }), { code: 'NotFound' })
    await world.call('CreateIpam', {})
  })
})

describe('the free tier', () => {
  let acme: Acme
  before(async () => {
    acme = await openAcme()
  })
  after(() => acme.close())
  const downgrade = () => acme.call('ModifyIpam', { IpamId: acme.ipam, Tier: 'free' }, asNetwork)

  test('is not entered before what it lacks is gone, and each thing is named', async () => {
    const abroad = await acme.pool({ locale: 'eu-central-1' })
    await refuses(downgrade(), {
      code: 'DependencyViolation',
      problem: `The free tier has no pools outside the home Region: ${abroad}`,
    })
    const remove = { IpamId: acme.ipam, RemoveOperatingRegions: [{ RegionName: 'eu-central-1' }] }
    await refuses(acme.call('ModifyIpam', remove, asNetwork), { code: 'DependencyViolation' })
    const inPrivate = await acme.pool({ scope: 'private' })
    await refuses(downgrade(), {
      code: 'DependencyViolation',
      problem: `The free tier has no pools in private scopes: ${inPrivate}`,
    })
    const [cidr] = (await acme.call('GetIpamPoolCidrs', { IpamPoolId: abroad }, asNetwork)).IpamPoolCidrs!
    await acme.call('DeleteIpamPool', { IpamPoolId: inPrivate, Cascade: true }, asNetwork)
    await acme.call('DeprovisionIpamPoolCidr', { IpamPoolId: abroad, Cidr: cidr!.Cidr }, asNetwork)
    await acme.call('DeleteIpamPool', { IpamPoolId: abroad }, asNetwork)

    const policy = await acme.policy()
    await refuses(downgrade(), { code: 'DependencyViolation', problem: `The free tier has no policies: ${policy}` })
    await refuses(acme.call('DeleteIpam', { IpamId: acme.ipam }, asNetwork), {
      code: 'DependencyViolation',
      problem: `It has policies; delete them first or use Cascade: ${policy}`,
    })
    await acme.call('DeleteIpamPolicy', { IpamPolicyId: policy }, asNetwork)

    const lent = await acme.pool()
    const share = { Resources: [lent], Tags: tagsOf({ 'cadastre:shared-with': shop }) }
    await acme.call('CreateTags', share, asNetwork)
    const eip = await acme.call('AllocateAddress', { IpamPoolId: lent }, { account: shop })
    await refuses(downgrade(), {
      code: 'DependencyViolation',
      problem: `Other accounts hold allocations in pools: ${lent}`,
    })
    await acme.call('ReleaseAddress', { AllocationId: eip.AllocationId }, { account: shop })
    assert.equal((await downgrade()).Ipam!.Tier, 'free')
  })

  test('has no further scopes, no private pools and no locale but the home Region', async () => {
    await refuses(acme.call('CreateIpamScope', { IpamId: acme.ipam }, asNetwork), { code: 'NotSupported' })
    const make = (IpamScopeId: string, Locale?: string) =>
      acme.call('CreateIpamPool', { IpamScopeId, AddressFamily: 'ipv4', Locale }, asNetwork)
    await refuses(make(acme.privateScope), { code: 'NotSupported' })
    await refuses(make(acme.publicScope, 'eu-central-1'), { code: 'NotSupported' })
    assert.equal((await make(acme.publicScope, 'us-east-1')).IpamPool!.OwnerId, network)
  })

  test('metering by owner is for the delegated administrator', async () => {
    const modify = { IpamId: acme.ipam, MeteredAccount: 'resource-owner' } as const
    assert.equal((await acme.call('ModifyIpam', modify, asNetwork)).Ipam!.MeteredAccount, 'resource-owner')
  })
})

test('a cascade takes policies that are enabled nowhere along, and is refused while one is enabled', async () => {
  const acme = await openAcme()
  const [idle, law] = [await acme.policy(), await acme.policy()]
  await acme.rules(idle, [await acme.pool({ scope: 'private' })], { type: 'custom' })
  await acme.enable(law, shop)
  const remove = () => acme.call('DeleteIpam', { IpamId: acme.ipam, Cascade: true }, asNetwork)
  const problem = `Policies are enabled; disable them first: ${law}`
  await refuses(remove(), { code: 'DependencyViolation', problem })
  await acme.call('DisableIpamPolicy', { IpamPolicyId: law, OrganizationTargetId: shop }, asNetwork)
  assert.equal((await remove()).Ipam!.State, 'delete-in-progress')
  assert.deepEqual((await acme.call('DescribeIpamPolicies', {}, asNetwork)).IpamPolicies, [])
  await refuses(acme.call('DescribeIpamPolicies', { IpamPolicyIds: [idle] }, asNetwork), { code: 'NotFound' })
  await acme.close()
})
