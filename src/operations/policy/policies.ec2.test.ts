// Policies over the EC2 API: what can be made of them, what is refused, and what they then do (policy-model §§1 to 6).
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import type { Ec2Input, Ec2Operation } from '#formats/aws/ec2.generated.ts'
import { wordsOfTold } from '#model/policy/explain.ts'
import { resourceTypes } from '#model/policy/resource-types.ts'
import {
  type Acme,
  asNetwork,
  dev,
  lab,
  network,
  openAcme,
  prod,
  refusalOf,
  root,
  shop,
  stranger,
  tagsOf,
  workloads,
} from '../../../test/acme.ts'
import { managementAccount } from '../../../test/world.ts'

let acme: Acme
const open = () => {
  beforeEach(async () => {
    acme = await openAcme()
  })
}
const close = async () => acme?.close()
const versionsOf = (id: string) => acme.store.read((tx) => tx.policies.versions(id))
const setTags = (policy: string, tags: Record<string, string>) =>
  acme.call('CreateTags', { Resources: [policy], Tags: tagsOf(tags) }, asNetwork)

describe('the life of a policy', () => {
  before(async () => {
    acme = await openAcme()
  })
  after(close)

  test('a policy is created empty, is described as complete, and is gone once deleted', async () => {
    const { IpamPolicy: made } = await acme.call(
      'CreateIpamPolicy',
      { IpamId: acme.ipam, TagSpecifications: [{ ResourceType: 'ipam-policy', Tags: tagsOf({ Name: 'edge' }) }] },
      asNetwork,
    )
    const id = made!.IpamPolicyId!
    assert.deepEqual(made, {
      OwnerId: network,
      IpamPolicyId: id,
      IpamPolicyArn: `arn:aws:ec2::${network}:ipam-policy/${id}`,
      IpamPolicyRegion: 'us-east-1',
      State: 'create-in-progress',
      Tags: tagsOf({ Name: 'edge' }),
      IpamId: acme.ipam,
    })
    const described = await acme.call('DescribeIpamPolicies', { IpamPolicyIds: [id] }, asNetwork)
    assert.deepEqual(structuredClone(described.IpamPolicies), [{ ...made, State: 'create-complete' }])
    const rules = await acme.call('GetIpamPolicyAllocationRules', { IpamPolicyId: id }, asNetwork)
    assert.deepEqual(rules.IpamPolicyDocuments, [])

    const deleted = await acme.call('DeleteIpamPolicy', { IpamPolicyId: id }, asNetwork)
    assert.equal(deleted.IpamPolicy!.State, 'delete-in-progress')
    const refusal = await refusalOf(acme.call('DescribeIpamPolicies', { IpamPolicyIds: [id] }, asNetwork))
    assert.deepEqual(refusal, { code: 'NotFound', what: 'ipam-policy', id })
    const tags = await acme.call('DescribeTags', { Filters: [{ Name: 'resource-id', Values: [id] }] }, asNetwork)
    assert.deepEqual(tags.Tags, [])
  })

  test('I5 one client token makes one policy, and with other parameters none', async () => {
    const make = (ClientToken: string, tags: Record<string, string>) =>
      acme.call(
        'CreateIpamPolicy',
        { IpamId: acme.ipam, ClientToken, TagSpecifications: [{ ResourceType: 'ipam-policy', Tags: tagsOf(tags) }] },
        asNetwork,
      )
    const first = await make('token-1', { Name: 'a' })
    assert.deepEqual(await make('token-1', { Name: 'a' }), first)
    assert.equal((await refusalOf(make('token-1', { Name: 'b' }))).code, 'IdempotencyMismatch')
  })

  test('a dry run says that it would have succeeded and leaves nothing', async () => {
    const policies = () => acme.call('DescribeIpamPolicies', {}, asNetwork)
    const before = await policies()
    const refusal = await refusalOf(acme.call('CreateIpamPolicy', { IpamId: acme.ipam, DryRun: true }, asNetwork))
    assert.equal(refusal.code, 'DryRunSucceeded')
    assert.deepEqual(await policies(), before)
  })

  test('an IPAM of another account or another Region does not exist for a policy', async () => {
    const make = (IpamId: string, as: object) => refusalOf(acme.call('CreateIpamPolicy', { IpamId }, as))
    assert.deepEqual(await make(acme.ipam, { account: shop }), { code: 'NotFound', what: 'ipam', id: acme.ipam })
    assert.equal((await make(acme.ipam, { ...asNetwork, region: 'eu-central-1' })).code, 'NotFound')
    assert.equal((await make('ipam-0123456789abcdef0', asNetwork)).code, 'NotFound')
    assert.equal((await make('nothing', asNetwork)).code, 'MalformedId')
  })

  test('a policy is refused tags that are no settings, not allowed, or for something else', async () => {
    const make = (ResourceType: string, tags: Record<string, string>) =>
      refusalOf(
        acme.call(
          'CreateIpamPolicy',
          { IpamId: acme.ipam, TagSpecifications: [{ ResourceType, Tags: tagsOf(tags) }] },
          asNetwork,
        ),
      )
    const refusal = await make('ipam-policy', { 'cadastre:mode': 'loud' })
    assert.ok(refusal.code === 'InvalidParameterValue' && refusal.field === 'cadastre:mode')
    assert.match(refusal.problem, /`enforce`/)
    assert.equal((await make('ipam-policy', { 'cadastre:colour': 'red' })).code, 'InvalidParameterValue')
    assert.equal((await make('ipam-pool', { Name: 'x' })).code, 'InvalidParameterValue')
    assert.equal((await make('ipam-policy', { 'aws:name': 'x' })).code, 'InvalidTagKey')
  })

  test('policies are listed in order of creation, page by page, and filtered', async () => {
    for (const name of ['p1', 'p2', 'p3']) await acme.policy({ Name: name, team: 'list' })
    const Filters = [{ Name: 'tag:team', Values: ['list'] }]
    const first = await acme.call('DescribeIpamPolicies', { Filters, MaxResults: 2 }, asNetwork)
    assert.equal(first.IpamPolicies!.length, 2)
    const next = { Filters, MaxResults: 2, NextToken: first.NextToken! }
    const second = await acme.call('DescribeIpamPolicies', next, asNetwork)
    assert.equal(second.NextToken, undefined)
    const names = [...first.IpamPolicies!, ...second.IpamPolicies!].map(({ Tags }) => Tags![0]!.Value)
    assert.deepEqual(names, ['p1', 'p2', 'p3'])

    const describeWith = (input: Ec2Input['DescribeIpamPolicies']) =>
      acme.call('DescribeIpamPolicies', input, asNetwork)
    for (const [Name, value] of [
      ['ipam-policy-id', first.IpamPolicies![0]!.IpamPolicyId!],
      ['ipam-policy-arn', first.IpamPolicies![0]!.IpamPolicyArn!],
      ['ipam-policy-region', 'us-east-1'],
      ['ipam-id', acme.ipam],
      ['owner-id', network],
      ['state', 'create-complete'],
    ] as const) {
      const found = (await describeWith({ Filters: [{ Name, Values: [value] }] })).IpamPolicies!
      assert.ok(found.length > 0, `${Name} finds`)
      assert.deepEqual((await describeWith({ Filters: [{ Name, Values: ['nothing'] }] })).IpamPolicies, [])
    }
    const code = async (input: Ec2Input['DescribeIpamPolicies']) => (await refusalOf(describeWith(input))).code
    assert.equal(await code({ Filters: [{ Name: 'colour', Values: ['red'] }] }), 'InvalidFilter')
    assert.equal(await code({ NextToken: 'x' }), 'InvalidPaginationToken')
    const IpamPolicyIds = [first.IpamPolicies![0]!.IpamPolicyId!]
    assert.equal(await code({ IpamPolicyIds, MaxResults: 5 }), 'InvalidParameterCombination')
    assert.deepEqual(
      (await acme.call('DescribeIpamPolicies', {}, { ...asNetwork, region: 'eu-central-1' })).IpamPolicies,
      [],
    )
  })

  test('a policy that is enabled cannot be deleted, and the refusal names where', async () => {
    const policy = await acme.policy()
    await acme.enable(policy, prod)
    await acme.enable(policy, lab)
    const refusal = await refusalOf(acme.call('DeleteIpamPolicy', { IpamPolicyId: policy }, asNetwork))
    assert.ok(refusal.code === 'DependencyViolation')
    assert.match(refusal.problem, new RegExp(`${lab}, ${prod}`))
  })

  test('I8 a policy of somebody else answers every operation as one that never was', async () => {
    const theirs = await acme.policy()
    const absent = `${theirs.slice(0, -1)}${theirs.endsWith('f') ? '0' : 'f'}`
    const calls: { [N in Ec2Operation]?: (IpamPolicyId: string) => Ec2Input[N] } = {
      DeleteIpamPolicy: (IpamPolicyId) => ({ IpamPolicyId }),
      DescribeIpamPolicies: (id) => ({ IpamPolicyIds: [id] }),
      ModifyIpamPolicyAllocationRules: (IpamPolicyId) => ({ IpamPolicyId, Locale: 'us-east-1', ResourceType: 'eip' }),
      GetIpamPolicyAllocationRules: (IpamPolicyId) => ({ IpamPolicyId }),
      EnableIpamPolicy: (IpamPolicyId) => ({ IpamPolicyId }),
      DisableIpamPolicy: (IpamPolicyId) => ({ IpamPolicyId }),
      GetIpamPolicyOrganizationTargets: (IpamPolicyId) => ({ IpamPolicyId }),
      CreateTags: (id) => ({ Resources: [id], Tags: tagsOf({ a: 'b' }) }),
      DeleteTags: (id) => ({ Resources: [id] }),
    }
    for (const [name, inputOf] of Object.entries(calls) as [Ec2Operation, (id: string) => never][]) {
      for (const as of [{ account: shop }, { account: managementAccount }, { ...asNetwork, region: 'eu-central-1' }]) {
        const hidden = await refusalOf(acme.call(name, inputOf(theirs), as))
        assert.deepEqual(hidden, { code: 'NotFound', what: 'ipam-policy', id: theirs }, name)
        const missing = await refusalOf(acme.call(name, inputOf(absent), as))
        assert.deepEqual(missing, { code: 'NotFound', what: 'ipam-policy', id: absent }, name)
      }
    }
  })
})

test('in the free tier there are no policies', async () => {
  acme = await openAcme({ tier: 'free' })
  const refusal = await refusalOf(acme.policy())
  assert.ok(refusal.code === 'NotSupported' && refusal.because?.includes(acme.ipam))
  await acme.close()
})

describe('the rules of a document', () => {
  before(async () => {
    acme = await openAcme()
  })
  after(close)

  test('the list of a pair is replaced as a whole, and an empty one ends the document', async () => {
    const [a, b, policy] = [await acme.pool(), await acme.pool(), await acme.policy()]
    await acme.rules(policy, [a])
    await acme.rules(policy, [b, a])
    await acme.rules(policy, [a], { type: 'rnat' })
    const documents = async (params: object = {}) => {
      const answer = await acme.call('GetIpamPolicyAllocationRules', { IpamPolicyId: policy, ...params }, asNetwork)
      return answer.IpamPolicyDocuments!.map(({ ResourceType, AllocationRules }) => [
        ResourceType,
        ...AllocationRules!.map(({ SourceIpamPoolId }) => SourceIpamPoolId),
      ])
    }
    assert.deepEqual(await documents(), [
      ['eip', b, a],
      ['rnat', a],
    ])
    assert.deepEqual(await documents({ ResourceType: 'rnat' }), [['rnat', a]])
    assert.deepEqual(await documents({ Locale: 'eu-central-1' }), [])
    assert.deepEqual(await documents({ Filters: [{ Name: 'source-ipam-pool-id', Values: [b] }] }), [['eip', b, a]])
    const first = await acme.call('GetIpamPolicyAllocationRules', { IpamPolicyId: policy, MaxResults: 1 }, asNetwork)
    assert.deepEqual(await documents({ MaxResults: 1, NextToken: first.NextToken }), [['rnat', a]])

    const described = await acme.call('DescribeIpamPolicies', { IpamPolicyIds: [policy] }, asNetwork)
    assert.equal(described.IpamPolicies![0]!.State, 'modify-complete')
    await acme.rules(policy, [])
    assert.deepEqual(await documents(), [['rnat', a]])
  })

  test('every resource type of the registry can have rules, other clouds’ too', async () => {
    const policy = await acme.policy()
    for (const { name } of resourceTypes) {
      const locale = name.includes(':') ? `${name.split(':')[0]}:somewhere-1` : 'us-east-1'
      const pool = await acme.pool({ locale })
      await acme.rules(policy, [pool], { type: name, locale })
    }
    const answer = await acme.call('GetIpamPolicyAllocationRules', { IpamPolicyId: policy }, asNetwork)
    assert.equal(answer.IpamPolicyDocuments!.length, resourceTypes.length)
  })

  test('rules that no request could meet are refused when they are written', async () => {
    const policy = await acme.policy()
    const here = await acme.pool()
    const there = await acme.pool({ locale: 'eu-central-1' })
    const inside = await acme.pool({ scope: 'private' })
    const modern = await acme.pool({ scope: 'public', family: 'ipv6' })
    const problems: [readonly string[], { locale?: string; type?: string }, string, RegExp][] = [
      [[here], { type: 'teapot' }, 'ResourceType', /eip/],
      [[here], { locale: 'mars-north-1' }, 'Locale', /us-east-1/],
      [[here], { locale: 'mars-north-1', type: 'azure:public-ip' }, 'Locale', /azure:westeurope/],
      [[here], { locale: 'azure:westeurope' }, 'Locale', /a Region/],
      [[here], { locale: 'us-eats-1' }, 'Locale', /did you mean `us-east-1`\?$/],
      [[here], { locale: 'azure:westeurop', type: 'azure:public-ip' }, 'Locale', /did you mean `azure:westeurope`\?$/],
      [[here, here], {}, 'AllocationRule.2.SourceIpamPoolId', /more than once/],
      [[here, there], {}, 'AllocationRule.2.SourceIpamPoolId', /eu-central-1/],
      [[inside], {}, 'AllocationRule.1.SourceIpamPoolId', /public scope/],
      [[modern], {}, 'AllocationRule.1.SourceIpamPoolId', /ipv4/],
    ]
    for (const [pools, pair, field, problem] of problems) {
      const refusal = await refusalOf(acme.rules(policy, pools, pair))
      assert.ok(refusal.code === 'InvalidParameterValue', JSON.stringify(refusal))
      assert.equal(refusal.field, field)
      assert.match(refusal.problem, problem)
    }
    const eleven = Array.from({ length: 11 }, (_, n) => `ipam-pool-${n}`)
    assert.equal((await refusalOf(acme.rules(policy, eleven))).code, 'LimitExceeded')
    assert.equal((await refusalOf(acme.rules(policy, ['pool']))).code, 'MalformedId')
    assert.deepEqual(await refusalOf(acme.rules(policy, ['ipam-pool-0'])), {
      code: 'NotFound',
      what: 'ipam-pool',
      id: 'ipam-pool-0',
    })
    assert.equal((await versionsOf(policy)).length, 1, 'nothing changed')
  })
})

describe('§1 versions', () => {
  before(async () => {
    acme = await openAcme()
  })
  after(close)

  test('every change makes a new immutable version with its own hash and author, and the old ones stay', async () => {
    const [pool, policy] = [await acme.pool(), await acme.policy()]
    await acme.rules(policy, [pool])
    await setTags(policy, { 'cadastre:on-explicit': 'steer' })
    await acme.rules(policy, [])
    const versions = await versionsOf(policy)
    assert.deepEqual(
      versions.map(({ version }) => version),
      [1, 2, 3, 4],
    )
    assert.equal(versions[3]!.contentHash, versions[0]!.contentHash, 'equal content, equal hash')
    assert.equal(new Set(versions.map(({ contentHash }) => contentHash)).size, 3)
    assert.ok(versions.every(({ contentHash }) => /^[0-9a-f]{64}$/.test(contentHash)))
    assert.equal(versions[2]!.body.documents[0]!.settings.onExplicit, 'steer')
    assert.equal(versions[1]!.body.documents[0]!.settings.onExplicit, 'deny')
    assert.match(versions[1]!.author, /222222222222/)
    await acme.call('DeleteIpamPolicy', { IpamPolicyId: policy }, asNetwork)
    assert.equal((await versionsOf(policy)).length, 4, 'versions outlive the policy')
  })

  test('a change that changes nothing makes no version', async () => {
    const [pool, policy] = [await acme.pool(), await acme.policy()]
    await acme.rules(policy, [pool])
    await acme.rules(policy, [pool])
    await setTags(policy, { Name: 'edge', 'cadastre:on-explicit': 'deny' })
    assert.equal((await versionsOf(policy)).length, 2)
  })

  test('settings for a pair without rules wait for the rules', async () => {
    const [pool, policy] = [await acme.pool(), await acme.policy({ 'cadastre:required-tags/us-east-1/eip': 'env' })]
    assert.deepEqual((await versionsOf(policy))[0]!.body.documents, [])
    await acme.rules(policy, [pool])
    const [, second] = await versionsOf(policy)
    assert.deepEqual(second!.body.documents[0]!.settings.requiredTags, [{ key: 'env' }])
  })

  test('the history keeps what a policy was, and where it was enabled', async () => {
    const policy = await acme.policy()
    await acme.enable(policy, prod)
    await acme.call('DisableIpamPolicy', { IpamPolicyId: policy, OrganizationTargetId: prod }, asNetwork)
    const history = await acme.store.read((tx) => tx.history.versions(policy))
    const targets = history.map(({ body }) => (JSON.parse(body) as { assignments: unknown[] }).assignments.length)
    assert.deepEqual(targets, [0, 1, 0])
  })
})

describe('enabling', () => {
  open()
  const targetsOf = async (IpamPolicyId: string, params: object = {}) =>
    (
      await acme.call('GetIpamPolicyOrganizationTargets', { IpamPolicyId, ...params }, asNetwork)
    ).OrganizationTargets!.map(({ OrganizationTargetId }) => OrganizationTargetId)
  const enabledOf = (account: string) => acme.call('GetEnabledIpamPolicy', {}, { account })

  test('a policy may be enabled on a root, units and accounts; its targets are listed, paged and filtered', async (t) => {
    t.after(close)
    const policy = await acme.policy()
    for (const target of [root, prod, lab]) await acme.enable(policy, target)
    await acme.enable(policy, lab)
    assert.deepEqual(await targetsOf(policy), [lab, prod, root])
    assert.deepEqual(await targetsOf(policy, { Filters: [{ Name: 'organization-target-id', Values: ['ou-*'] }] }), [
      prod,
    ])
    const first = await acme.call(
      'GetIpamPolicyOrganizationTargets',
      { IpamPolicyId: policy, MaxResults: 2 },
      asNetwork,
    )
    assert.deepEqual(await targetsOf(policy, { MaxResults: 2, NextToken: first.NextToken }), [root])
    await acme.call('DisableIpamPolicy', { IpamPolicyId: policy, OrganizationTargetId: prod }, asNetwork)
    assert.deepEqual(await targetsOf(policy), [lab, root])
  })

  test('a second default policy on a target replaces the first there and nowhere else; finals may be several', async (t) => {
    t.after(close)
    const [one, other] = [await acme.policy(), await acme.policy()]
    await acme.enable(one, prod)
    await acme.enable(one, dev)
    await acme.enable(other, prod)
    assert.deepEqual(await targetsOf(one), [dev])
    assert.deepEqual(await targetsOf(other), [prod])
    const finals = [
      await acme.policy({ 'cadastre:assignment': 'final' }),
      await acme.policy({ 'cadastre:assignment': 'final' }),
    ]
    for (const final of finals) await acme.enable(final, prod)
    assert.deepEqual(await targetsOf(other), [prod])
    for (const final of finals) assert.deepEqual(await targetsOf(final), [prod])

    // By a tag, nobody is pushed aside.
    const refusal = await refusalOf(
      acme.call('DeleteTags', { Resources: [finals[0]!], Tags: [{ Key: 'cadastre:assignment' }] }, asNetwork),
    )
    assert.ok(refusal.code === 'IncorrectState' && refusal.problem.includes(other))
  })

  test('the delegated administrator must name a target of the organization', async (t) => {
    t.after(close)
    const policy = await acme.policy()
    const enable = (OrganizationTargetId?: string) =>
      refusalOf(acme.call('EnableIpamPolicy', { IpamPolicyId: policy, OrganizationTargetId }, asNetwork))
    assert.deepEqual(await enable(), { code: 'MissingParameter', field: 'OrganizationTargetId' })
    for (const target of [stranger, 'ou-acme-nowhere0', 'r-none']) {
      assert.deepEqual(await enable(target), { code: 'NotFound', what: 'organization-target', id: target })
    }
    assert.equal((await enable('everywhere')).code, 'MalformedId')
    const disable = await refusalOf(
      acme.call('DisableIpamPolicy', { IpamPolicyId: policy, OrganizationTargetId: prod }, asNetwork),
    )
    assert.equal(disable.code, 'IncorrectState')
  })

  test('who is no longer the delegated administrator enables for itself only', async (t) => {
    t.after(close)
    const policy = await acme.policy()
    await acme.call('DisableIpamOrganizationAdminAccount', { DelegatedAdminAccountId: network })
    assert.equal((await refusalOf(acme.enable(policy, dev))).code, 'NotEligible')
    await acme.call('EnableIpamPolicy', { IpamPolicyId: policy }, asNetwork)
    assert.deepEqual(await targetsOf(policy), [network])
    const enabled = await acme.call('GetEnabledIpamPolicy', {}, asNetwork)
    assert.equal(enabled.ManagedBy, 'account')
  })

  test('GetEnabledIpamPolicy names the nearest policy on the path, and who manages it', async (t) => {
    t.after(close)
    assert.deepEqual(await enabledOf(shop), { IpamPolicyEnabled: false })
    const [wide, near] = [await acme.policy(), await acme.policy()]
    await acme.enable(wide, root)
    await acme.enable(near, prod)
    const answer = (IpamPolicyId: string) => ({
      IpamPolicyEnabled: true,
      IpamPolicyId,
      ManagedBy: 'delegated-administrator-for-ipam',
    })
    assert.deepEqual(await enabledOf(shop), answer(near))
    assert.deepEqual(await enabledOf(lab), answer(wide))
    assert.deepEqual(await enabledOf(stranger), { IpamPolicyEnabled: false })
    await setTags(near, { 'cadastre:mode': 'observe' })
    assert.deepEqual(await enabledOf(shop), answer(wide), 'one that enforces goes before one that watches')
    await setTags(wide, { 'cadastre:mode': 'off' })
    assert.deepEqual(await enabledOf(shop), answer(near))
    assert.deepEqual(await enabledOf(lab), { IpamPolicyEnabled: false })
  })
})

describe('§2 settings', () => {
  open()
  const ruled = async (tags: Record<string, string> = {}) => {
    const [listed, unlisted, policy] = [await acme.pool(), await acme.pool(), await acme.policy(tags)]
    await acme.rules(policy, [listed])
    await acme.enable(policy)
    await acme.call('CreateTags', { Resources: [unlisted], Tags: tagsOf({ 'cadastre:shared-with': shop }) }, asNetwork)
    return { listed, unlisted, policy }
  }

  test('§2 onExplicit: deny refuses a pool that is not listed, and honours one that is', async (t) => {
    t.after(close)
    const { listed, unlisted, policy } = await ruled()
    assert.equal(await acme.poolOfAddress(shop), listed)
    assert.equal(await acme.poolOfAddress(shop, { IpamPoolId: listed }), listed)
    const refusal = await refusalOf(acme.poolOfAddress(shop, { IpamPoolId: unlisted }))
    assert.ok(refusal.code === 'DeniedByPolicy' && wordsOfTold(refusal.told).sentence.includes(policy))
  })

  test('§2 onExplicit: steer takes from the rules instead, allow lets it', async (t) => {
    t.after(close)
    const { listed, unlisted, policy } = await ruled({ 'cadastre:on-explicit': 'steer' })
    assert.equal(await acme.poolOfAddress(shop, { IpamPoolId: unlisted }), listed)
    await setTags(policy, { 'cadastre:on-explicit': 'allow' })
    assert.equal(await acme.poolOfAddress(shop, { IpamPoolId: unlisted }), unlisted)
  })

  test('§2 onExhausted: deny refuses where the pools are full, provider falls back', async (t) => {
    t.after(close)
    const { policy } = await ruled()
    for (let taken = 0; taken < 16; taken++) await acme.poolOfAddress(shop)
    assert.equal((await refusalOf(acme.poolOfAddress(shop))).code, 'Exhausted')
    await setTags(policy, { 'cadastre:on-exhausted': 'provider' })
    assert.equal(await acme.poolOfAddress(shop), 'amazon')
  })

  test('§2 requiredTags: a request without them is denied', async (t) => {
    t.after(close)
    await ruled({ 'cadastre:required-tags/eip': 'env=prod' })
    assert.equal((await refusalOf(acme.poolOfAddress(shop))).code, 'DeniedByPolicy')
    const TagSpecifications = [{ ResourceType: 'elastic-ip', Tags: tagsOf({ env: 'prod' }) }]
    await acme.call('AllocateAddress', { TagSpecifications }, { account: shop })
  })

  test('§2 size: a CIDR outside the bounds is denied, and without a request the default holds', async (t) => {
    t.after(close)
    const pool = await acme.pool({ scope: 'private', cidr: '10.0.0.0/16' })
    const policy = await acme.policy({ 'cadastre:size/vpc': '22/24/26' })
    await acme.rules(policy, [pool], { type: 'vpc' })
    await acme.enable(policy)
    const make = (Ipv4NetmaskLength?: number) =>
      acme.call('CreateVpc', { Ipv4IpamPoolId: pool, Ipv4NetmaskLength }, { account: shop })
    for (const length of [21, 27]) assert.equal((await refusalOf(make(length))).code, 'DeniedByPolicy')
    assert.match((await make(22)).Vpc!.CidrBlock!, /\/22$/)
    assert.match((await make()).Vpc!.CidrBlock!, /\/24$/)
  })

  test('§2 compatibility: new policies take the IPAM’s, older ones keep theirs, a tag goes before both', async (t) => {
    t.after(close)
    const old = await acme.policy()
    await setTags(acme.ipam, { 'cadastre:policy-compatibility': 'aws' })
    const young = await acme.policy()
    const told = await acme.policy({ 'cadastre:compatibility': 'strict' })
    const compatibilities = []
    for (const id of [old, young, told]) compatibilities.push((await versionsOf(id))[0]!.body.compatibility)
    assert.deepEqual(compatibilities, ['strict', 'aws', 'strict'])
    const pool = await acme.pool()
    await acme.rules(young, [pool])
    const { settings } = (await versionsOf(young))[1]!.body.documents[0]!
    assert.deepEqual([settings.onExplicit, settings.onExhausted], ['allow', 'provider'])
  })

  test('§2 unmatched: outside every document the provider serves, unless the IPAM says deny', async (t) => {
    t.after(close)
    assert.equal(await acme.poolOfAddress(shop), 'amazon')
    await setTags(acme.ipam, { 'cadastre:unmatched': 'deny' })
    assert.equal((await refusalOf(acme.poolOfAddress(shop))).code, 'DeniedByPolicy')
  })
})

describe('§3 which documents apply', () => {
  open()
  const policyOf = async (pools: readonly string[], tags: Record<string, string> = {}) => {
    const policy = await acme.policy(tags)
    await acme.rules(policy, pools)
    return policy
  }
  const final = { 'cadastre:assignment': 'final' }

  test('§3.1 finals narrow what the default lists', async (t) => {
    t.after(close)
    const [a, b] = [await acme.pool(), await acme.pool()]
    await acme.enable(await policyOf([a, b]), prod)
    await acme.enable(await policyOf([b], final), root)
    assert.equal(await acme.poolOfAddress(shop), b)
  })

  test('§3.2 the nearest default with a document gives the order; with AWS’s semantics the nearest wins whole', async (t) => {
    t.after(close)
    const [a, b] = [await acme.pool(), await acme.pool()]
    await acme.enable(await policyOf([a]), root)
    const near = await policyOf([b])
    await acme.enable(near, prod)
    assert.deepEqual([await acme.poolOfAddress(shop), await acme.poolOfAddress(lab)], [b, a])
    await acme.rules(near, [])
    assert.equal(await acme.poolOfAddress(shop), a)
    await setTags(near, { 'cadastre:compatibility': 'aws' })
    await acme.rules(near, [a], { type: 'rnat' })
    assert.equal(await acme.poolOfAddress(shop), 'amazon')
  })

  test('§3.3 an empty intersection is refused when it is made, naming both parties', async (t) => {
    t.after(close)
    const [a, b] = [await acme.pool(), await acme.pool()]
    const wide = await policyOf([a, b])
    await acme.enable(wide, root)
    const narrow = await policyOf([b], final)
    await acme.enable(narrow, prod)
    const refused = async (work: Promise<unknown>) => {
      const refusal = await refusalOf(work)
      assert.ok(refusal.code === 'PolicyConflict', JSON.stringify(refusal))
      assert.deepEqual(
        refusal.parties.map(({ policyId, targetId }) => `${policyId} ${targetId}`).sort(),
        [`${narrow} ${prod}`, `${wide} ${root}`].sort(),
      )
    }
    // By rules.
    await refused(acme.rules(wide, [a]))
    assert.equal((await versionsOf(wide)).length, 2, 'nothing changed')
    // By a setting.
    await setTags(narrow, { 'cadastre:mode': 'observe' })
    await acme.rules(wide, [a])
    await refused(setTags(narrow, { 'cadastre:mode': 'enforce' }))
    await refused(acme.call('DeleteTags', { Resources: [narrow], Tags: [{ Key: 'cadastre:mode' }] }, asNetwork))
    // By enabling.
    await acme.call('DisableIpamPolicy', { IpamPolicyId: narrow, OrganizationTargetId: prod }, asNetwork)
    await setTags(narrow, { 'cadastre:mode': 'enforce' })
    await refused(acme.enable(narrow, prod))
    // By disabling what stood between them.
    const between = await policyOf([b])
    await acme.enable(between, prod)
    await acme.enable(narrow, prod)
    await refused(acme.call('DisableIpamPolicy', { IpamPolicyId: between, OrganizationTargetId: prod }, asNetwork))
    assert.equal(await acme.poolOfAddress(shop), b)
  })

  test('§3 moving an account re-resolves at once', async (t) => {
    t.after(close)
    const [a, b] = [await acme.pool(), await acme.pool()]
    await acme.enable(await policyOf([a]), prod)
    await acme.enable(await policyOf([b]), dev)
    assert.equal(await acme.poolOfAddress(shop), a)
    await acme.organizations('MoveAccount', { AccountId: shop, SourceParentId: prod, DestinationParentId: dev })
    assert.equal(await acme.poolOfAddress(shop), b)
  })

  test('§3 moving an account to where two assignments cannot both be met is refused', async (t) => {
    t.after(close)
    const [a, b] = [await acme.pool(), await acme.pool()]
    await acme.enable(await policyOf([a]), shop)
    const narrow = await policyOf([b], final)
    await acme.enable(narrow, dev)
    const move = { AccountId: shop, SourceParentId: prod, DestinationParentId: dev }
    const refusal = await refusalOf(acme.organizations('MoveAccount', move))
    assert.ok(refusal.code === 'PolicyConflict' && refusal.parties.some(({ policyId }) => policyId === narrow))
    assert.equal(await acme.poolOfAddress(shop), a)
  })

  test('§3 removing a target re-resolves at once', async (t) => {
    t.after(close)
    const [a, b] = [await acme.pool(), await acme.pool()]
    await acme.enable(await policyOf([a]), workloads)
    const near = await policyOf([b])
    await acme.enable(near, prod)
    assert.equal(await acme.poolOfAddress(shop), b)
    await acme.call('DisableIpamPolicy', { IpamPolicyId: near, OrganizationTargetId: prod }, asNetwork)
    assert.equal(await acme.poolOfAddress(shop), a)
  })
})

describe('§4 enforcement modes', () => {
  open()

  test('§4 observe and warn never block or change a request; enforce does; off is as if it were not there', async (t) => {
    t.after(close)
    const policy = await acme.policy({ 'cadastre:mode': 'observe' })
    const [full] = [await acme.pool()]
    await acme.rules(policy, [full])
    await acme.enable(policy)
    const last = async () => {
      const { AllocationId } = await acme.call('AllocateAddress', {}, { account: shop })
      return AllocationId
    }
    for (const mode of ['observe', 'warn', 'off']) {
      await setTags(policy, { 'cadastre:mode': mode })
      assert.ok(await last())
      assert.equal(await acme.poolOfAddress(shop), 'amazon', mode)
    }
    await setTags(policy, { 'cadastre:mode': 'enforce' })
    assert.equal(await acme.poolOfAddress(shop), full)
  })

  test('§4 the mode is of every assignment of the policy, present and to come', async (t) => {
    t.after(close)
    const policy = await acme.policy()
    await acme.enable(policy, prod)
    await setTags(policy, { 'cadastre:mode': 'warn' })
    await acme.enable(policy, dev)
    const assignments = await acme.store.read((tx) => tx.policies.assignmentsOf(policy))
    assert.deepEqual(
      assignments.map(({ mode }) => mode),
      ['warn', 'warn'],
    )
    await acme.call('DeleteTags', { Resources: [policy] }, asNetwork)
    const back = await acme.store.read((tx) => tx.policies.assignmentsOf(policy))
    assert.ok(back.every(({ mode }) => mode === 'enforce'))
  })
})
