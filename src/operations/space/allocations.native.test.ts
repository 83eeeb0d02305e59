// Allocations over the native API: every type and cloud, one or many, as policy says, and nothing that EC2's clients would stumble over.
import assert from 'node:assert/strict'
import { StatementSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import { checkSpace } from '#store/upkeep/check.ts'
import { dev, foundOrganization, lab, network, prod, root, shop } from '../../../test/acme.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { refuses } from '../../../test/organization.ts'
import { managementAccount, testSettings } from '../../../test/world.ts'

let world: NativeWorld
let scopes: { readonly public: string; readonly private: string }
let ipamId: string
interface Allocation {
  readonly allocationId: string
  readonly cidr: string
  readonly address?: string
  readonly account: string
  readonly poolId?: string
  readonly resourceType: string
  readonly resourceId?: string
  readonly locale?: string
  readonly description?: string
  readonly tags: Record<string, string>
  readonly decisionId: string
}
interface Problem {
  readonly code: string
  readonly field?: string
  readonly value?: string
  readonly detail?: string
  readonly decisionId?: string
  readonly index?: number
}
interface Page {
  readonly items: readonly Allocation[]
  readonly nextCursor?: string
}

before(async () => {
  const elsewhere = { name: 'eu-west-1', zoneIdPrefix: 'euw1', zones: ['a'] }
  world = await openNativeWorld({ regions: [...testSettings.regions, elsewhere] })
  await foundOrganization(world)
  const ipam = await world.post<{ ipamId: string; publicScopeId: string; privateScopeId: string }>('/ipams', {
    account: network,
    region: 'us-east-1',
    operatingRegions: ['eu-central-1'],
  })
  scopes = { public: ipam.publicScopeId, private: ipam.privateScopeId }
  ipamId = ipam.ipamId
})
after(async () => {
  assert.deepEqual((await checkSpace(world.store)).problems, [])
  await world.close()
})

let blocks = 0
/** A pool shared with the whole organization, with space of its own. */
interface PoolParams {
  readonly scope?: 'public' | 'private'
  readonly family?: string
  readonly locale?: string
  readonly cidr?: string
  readonly sharedWith?: readonly string[]
  readonly quarantineSeconds?: number
  readonly awsService?: string
}
async function pool(params: PoolParams = {}) {
  const { scope = 'private', cidr, ...rest } = params
  const { poolId } = await world.post<{ poolId: string }>('/pools', {
    scopeId: scopes[scope],
    family: 'ipv4',
    locale: 'us-east-1',
    sharedWith: [root],
    ...rest,
  })
  await world.post(`/pools/${poolId}/cidrs`, { cidr: cidr ?? `10.${100 + blocks++}.0.0/24` })
  return poolId
}
const allocate = (params: object) => world.post<Allocation>('/allocations', { account: shop, ...params })
const refused = async (params: object) =>
  (await world.ask<Problem>('POST', '/allocations', { body: { account: shop, ...params } })).body
const list = async (query: string, as?: string) =>
  (await world.get<Page>(`/allocations?limit=1000&${query}`, as ? { as } : {})).items
async function policyFor(target: string, pair: { locale: string; type: string }, pools: readonly string[]) {
  const as = { account: network }
  const { IpamPolicy } = await world.call('CreateIpamPolicy', { IpamId: ipamId }, as)
  const policy = IpamPolicy!.IpamPolicyId!
  await world.call(
    'ModifyIpamPolicyAllocationRules',
    {
      IpamPolicyId: policy,
      Locale: pair.locale,
      ResourceType: pair.type,
      AllocationRules: pools.map((SourceIpamPoolId) => ({ SourceIpamPoolId })),
    },
    as,
  )
  await world.call('EnableIpamPolicy', { IpamPolicyId: policy, OrganizationTargetId: target }, as)
  return policy
}

test('space is had for every cloud and site, as address or CIDR, of both families', async () => {
  const cases: [string, string, 'public' | 'private', string, object, RegExp][] = [
    ['azure:public-ip', 'azure:westeurope', 'public', '203.0.113.0/28', {}, /^203\.0\.113\.0\/32$/],
    ['azure:virtual-network', 'azure:westeurope', 'private', '10.10.0.0/16', {}, /^10\.10\.0\.0\/24$/],
    ['gcp:subnetwork', 'gcp:europe-west3', 'private', '10.11.0.0/16', { netmaskLength: 20 }, /^10\.11\.0\.0\/20$/],
    ['gcp:address', 'gcp:europe-west3', 'private', 'fd12:3456::/48', {}, /^fd12:3456::\/128$/],
    ['k8s:load-balancer', 'eu-central-1', 'private', '10.12.0.0/24', { cidr: '10.12.0.7' }, /^10\.12\.0\.7\/32$/],
    ['onprem:network', 'onprem:berlin', 'private', 'fd13::/32', { netmaskLength: 56 }, /^fd13::\/56$/],
    ['onprem:host', 'onprem:berlin', 'private', '10.13.0.0/24', {}, /^10\.13\.0\.0\/32$/],
    ['custom', 'us-east-1', 'private', '10.14.0.0/24', { cidr: '10.14.0.128/25' }, /^10\.14\.0\.128\/25$/],
  ]
  for (const [resourceType, locale, scope, cidr, params, expected] of cases) {
    const family = cidr.includes(':') ? 'ipv6' : 'ipv4'
    const poolId = await pool({ scope, locale, cidr, family })
    const made = await allocate({ resourceType, locale, poolId, resourceId: `my-${resourceType}`, ...params })
    assert.match(made.cidr, expected)
    assert.deepEqual([made.poolId, made.locale, made.resourceId], [poolId, locale, `my-${resourceType}`])
    assert.deepEqual(await world.get(`/allocations/${made.allocationId}`), made)
  }
})

test('no answer of the EC2 API breaks on a type that it does not know', async () => {
  const poolId = await pool({ locale: 'us-east-1' })
  const made = await allocate({ resourceType: 'k8s:load-balancer', locale: 'us-east-1', poolId, tags: { app: 'web' } })
  const as = { account: shop }
  const { IpamPoolAllocations } = await world.call(
    'GetIpamPoolAllocations',
    { IpamPoolId: poolId },
    { account: network },
  )
  assert.deepEqual(
    IpamPoolAllocations!.map(({ ResourceType, IpamPoolAllocationId }) => [ResourceType, IpamPoolAllocationId]),
    [['custom', made.allocationId]],
  )
  const { Tags } = await world.call('DescribeTags', {}, as)
  assert(Tags!.some(({ ResourceId, Key }) => ResourceId === made.allocationId && Key === 'app'))
  const input = { IpamPoolId: poolId, IpamPoolAllocationId: made.allocationId, Cidr: made.cidr }
  await world.call('ReleaseIpamPoolAllocation', input, as)
  assert.equal((await world.ask('GET', `/allocations/${made.allocationId}`)).status, 404)
})

test('an `eip` is the Elastic IP of the EC2 API', async () => {
  const made = await allocate({ resourceType: 'eip', locale: 'us-east-1', tags: { a: 'b' }, description: 'mine' })
  const as = { account: shop }
  const { Addresses } = await world.call('DescribeAddresses', { AllocationIds: [made.resourceId!] }, as)
  assert.deepEqual([Addresses![0]!.PublicIp, Addresses![0]!.Tags![0]!.Value], [made.address, 'b'])
  assert.equal((await world.get<Allocation>(`/allocations/${made.allocationId}`)).description, 'mine')
  await world.call('AssociateAddress', { AllocationId: made.resourceId!, InstanceId: 'i-0123456789abcdef0' }, as)
  const used = await world.ask<Problem>('DELETE', `/allocations/${made.allocationId}`)
  assert.equal(used.body.code, 'InUse')
  await world.call('DisassociateAddress', { PublicIp: made.address! }, as)
  assert.equal((await world.ask('DELETE', `/allocations/${made.allocationId}`)).status, 204)
  assert.deepEqual((await world.call('DescribeAddresses', {}, as)).Addresses, [])
})

describe('networks that live elsewhere', () => {
  const as = { account: shop } as const
  const named = { vpc: 'vpc-0abc4711', subnet: 'subnet-0abc4711', rnat: 'nat-0abc4711' }

  test('have their space by itself, by the id that their cloud gave, and give it back', async () => {
    const space = await pool({ cidr: '10.40.0.0/16' })
    const addresses = await pool({ scope: 'public', cidr: '203.0.112.0/28', awsService: 'ec2', quarantineSeconds: 0 })
    const before = await world.call('DescribeVpcs', {}, as)
    for (const [resourceType, resourceId] of Object.entries(named)) {
      const poolId = resourceType === 'rnat' ? addresses : space
      const params = { locale: 'us-east-1', resourceType, resourceId, poolId, tags: { a: 'b' } }
      const made = await allocate(resourceType === 'rnat' ? params : { ...params, netmaskLength: 24 })
      assert.deepEqual([made.resourceType, made.resourceId, made.tags], [resourceType, resourceId, { a: 'b' }])
      for (const query of [`resourceType=${resourceType}`, `resourceId=${resourceId}`, `poolId=${poolId}`]) {
        const ids = (await list(`account=${shop}&${query}`)).map(({ allocationId }) => allocationId)
        assert.ok(ids.includes(made.allocationId), query)
        const everybodys = (await list(query)).map(({ allocationId }) => allocationId)
        assert.equal(everybodys.filter((id) => id === made.allocationId).length, 1, query)
      }
      const shown = await world.get<{ resourceType: string }>(`/resources/${resourceId}`)
      assert.equal(shown.resourceType, resourceType)
      const { items } = await world.get<{ items: { resourceId: string }[] }>(`/resources?resourceType=${resourceType}`)
      assert.deepEqual(
        items.map((one) => one.resourceId),
        [resourceId],
      )
      const { IpamPoolAllocations } = await world.call(
        'GetIpamPoolAllocations',
        { IpamPoolId: poolId },
        { account: network },
      )
      const of = IpamPoolAllocations!.find((one) => one.IpamPoolAllocationId === made.allocationId)!
      const shownType = resourceType === 'rnat' ? 'custom' : resourceType
      assert.deepEqual([of.ResourceType, of.ResourceId, of.ResourceOwner], [shownType, resourceId, shop])
      if (resourceType !== 'rnat') {
        const released = { IpamPoolId: poolId, Cidr: made.cidr, IpamPoolAllocationId: made.allocationId }
        const told = await refuses(world.call('ReleaseIpamPoolAllocation', released, as), {
          code: 'InvalidParameterValue',
        })
        assert.match(JSON.stringify(told), /released over the native API/)
      }
      const change = { description: 'new', tags: { c: 'd' } }
      const changed = await world.ask<Allocation>('PATCH', `/allocations/${made.allocationId}`, { body: change })
      assert.deepEqual([changed.body.description, changed.body.tags], ['new', { c: 'd' }])
      assert.equal((await world.ask('DELETE', `/allocations/${made.allocationId}`)).status, 204)
    }
    assert.deepEqual(await world.call('DescribeVpcs', {}, as), before)
    assert.deepEqual((await world.call('DescribeSubnets', {}, as)).Subnets, [])
  })

  test('can be held for a plan, and are confirmed with the id that the cloud gave', async () => {
    const poolId = await pool()
    const params = { locale: 'us-east-1', resourceType: 'vpc', poolId, netmaskLength: 26 }
    const held = await allocate({ ...params, hold: { expiresInSeconds: 60 } })
    const confirm = (resourceId: string) =>
      world.ask<Allocation & Problem>('POST', `/allocations/${held.allocationId}/confirm`, { body: { resourceId } })
    const { Vpc } = await world.call('CreateVpc', { CidrBlock: '10.9.0.0/24' }, as)
    const own = await confirm(Vpc!.VpcId!)
    assert.deepEqual([own.status, own.body.code], [422, 'NotSupported'], JSON.stringify(own.body))
    const { body } = await confirm(named.vpc)
    assert.deepEqual([body.resourceId, body.cidr], [named.vpc, held.cidr])
    await world.call('DeleteVpc', { VpcId: Vpc!.VpcId! }, as)
  })

  test('are none of those that the EC2 API makes: these have their space with them, whoever asks and whether they are there', async () => {
    const poolId = await pool()
    const { Vpc } = await world.call('CreateVpc', { Ipv4IpamPoolId: poolId, Ipv4NetmaskLength: 26 }, as)
    const { VpcId = '' } = Vpc!
    const [mine] = await list(`resourceId=${VpcId}`)
    const release = await world.ask<Problem>('DELETE', `/allocations/${mine!.allocationId}`)
    assert.equal(release.body.code, 'NotSupported')
    const params = { locale: 'us-east-1', resourceType: 'vpc', poolId, netmaskLength: 26 }
    const told: string[] = []
    for (const account of [shop, lab]) {
      for (const resourceId of [VpcId, `${VpcId.slice(0, -3)}fff`]) {
        const answer = await refused({ ...params, account, resourceId })
        assert.equal(answer.code, 'NotSupported')
        told.push(answer.detail!.replace(resourceId, ''))
      }
    }
    assert.match(told[0]!, /CreateVpc/)
    assert.equal(new Set(told).size, 1, 'what is hidden and what is absent are refused alike')
    await world.call('DeleteVpc', { VpcId }, as)
  })

  test('have the bounds of those that the EC2 API makes', async () => {
    const params = { locale: 'us-east-1', resourceType: 'vpc' }
    const poolId = await pool({ cidr: '240.0.0.0/16' })
    const cases: [object, RegExp][] = [
      [{ poolId, cidr: '240.0.0.0/24' }, /cannot be held by a VPC/],
      [{ poolId, netmaskLength: 24 }, /cannot be held by a VPC/],
      [{ poolId, netmaskLength: 29 }, /\/28/],
      [{ cidr: 'fd12::/45', scopeType: 'private' }, /steps of 4/],
    ]
    for (const [change, detail] of cases) assert.match((await refused({ ...params, ...change })).detail!, detail)
  })
})

test('I4 policy decides: the pool of its rules is used, another is denied, with a decision on record', async () => {
  const listed = await pool({ locale: 'azure:northeurope' })
  const other = await pool({ locale: 'azure:northeurope' })
  const pair = { locale: 'azure:northeurope', type: 'azure:virtual-network' }
  const policy = await policyFor(dev, pair, [listed])
  const params = { account: lab, resourceType: 'azure:virtual-network', locale: pair.locale, scopeType: 'private' }
  const made = await allocate({ ...params, netmaskLength: 26 })
  assert.equal(made.poolId, listed)
  const denied = await refused({ ...params, scopeType: undefined, poolId: other, netmaskLength: 26 })
  assert.equal(denied.code, 'DeniedByPolicy')
  assert.match(denied.detail!, new RegExp(policy))
  assert.match(denied.decisionId!, /^decision-/)
  const n = Number.parseInt(denied.decisionId!.slice(-12), 16)
  assert.equal((await world.store.read((tx) => tx.journal.findDecision(n)))?.outcome, 'deny')
})

test('I4 nothing is asked for where no policy could speak of it', async () => {
  const { policyId } = await world.post<{ policyId: string }>('/policies', { ipamId })
  const { items } = await world.get<{ items: { resourceType: string }[] }>('/resource-types?limit=100')
  for (const { resourceType } of items) {
    for (const locale of ['us-east-1', 'eu-central-1', 'azure:westeurope', 'onprem:kiel']) {
      const path = `/policies/${policyId}/documents/${locale}/${resourceType}`
      const written = await world.ask<Problem>('PUT', path, { body: { rules: [] } })
      const asked = await world.ask<Problem>('POST', '/allocations?dryRun=true', {
        body: { account: shop, resourceType, locale, netmaskLength: 200 },
      })
      const isFor = (problem: Problem): boolean => problem.field !== 'locale'
      assert.equal(isFor(asked.body), isFor(written.body), `${resourceType} in ${locale}: ${asked.body.detail}`)
    }
  }
  await world.ask('DELETE', `/policies/${policyId}`)
})

test('I4 §6 another Region or locale: a pool without a locale serves no invented one', async () => {
  const unbound = await pool({ locale: undefined })
  const params = { account: shop, resourceType: 'custom', poolId: unbound, netmaskLength: 26 }
  const { body } = await world.ask<Problem>('POST', '/allocations', { body: { ...params, locale: 'zz:zz' } })
  assert.deepEqual([body.code, body.field], ['InvalidParameterValue', 'poolId'], JSON.stringify(body))
  assert.match(body.detail!, /allowed: `eu-central-1`, `us-east-1`/)
  assert.equal((await allocate({ ...params, locale: 'eu-central-1' })).poolId, unbound)
})

test('I4 §6 another Region or locale: a pool without a locale serves operating Regions of its IPAM alone', async () => {
  const ipam = await world.post<{ ipamId: string; privateScopeId: string }>('/ipams', {
    account: managementAccount,
    region: 'us-east-1',
  })
  const { poolId } = await world.post<{ poolId: string }>('/pools', { scopeId: ipam.privateScopeId, family: 'ipv4' })
  await world.post(`/pools/${poolId}/cidrs`, { cidr: '10.90.0.0/16' })
  const { policyId } = await world.post<{ policyId: string }>('/policies', { ipamId: ipam.ipamId })
  const path = `/policies/${policyId}/documents/eu-central-1/custom`
  const document = { rules: [{ poolId }], size: { min: 28, default: 28, max: 30 } }
  const put = () => world.ask<Problem>('PUT', path, { body: document })
  assert.deepEqual([(await put()).status, (await put()).body.field], [400, 'locale'])
  const params = {
    account: managementAccount,
    resourceType: 'custom',
    locale: 'eu-central-1',
    poolId,
    netmaskLength: 20,
  }
  const refusal = await refused(params)
  assert.deepEqual([refusal.code, refusal.field, refusal.value], ['InvalidParameterValue', 'poolId', poolId])
  assert.equal((await allocate({ ...params, locale: 'us-east-1' })).poolId, poolId)
  // Once the IPAM operates there, it is for its policies to say.
  await world.ask('PATCH', `/ipams/${ipam.ipamId}`, { body: { operatingRegions: ['us-east-1', 'eu-central-1'] } })
  assert.equal((await put()).status, 200)
  const assigned = await world.ask('PUT', `/policies/${policyId}/assignments/${managementAccount}`, { body: {} })
  assert.equal(assigned.status, 200, JSON.stringify(assigned.body))
  assert.equal((await refused(params)).code, 'DeniedByPolicy')
  assert.equal((await allocate({ ...params, netmaskLength: 29 })).poolId, poolId)
})

test('I4 what the provider gives where no IPAM operates is for `unmatched` to refuse', async () => {
  const as = { account: network }
  const params = { resourceType: 'custom', locale: 'eu-west-1', scopeType: 'public', netmaskLength: 32 }
  assert.equal((await allocate(params)).poolId, 'provider')
  const tag = { Key: 'cadastre:unmatched', Value: 'deny' }
  await world.call('CreateTags', { Resources: [ipamId], Tags: [tag] }, as)
  assert.equal((await refused(params)).code, 'DeniedByPolicy')
  await world.call('DeleteTags', { Resources: [ipamId], Tags: [tag] }, as)
})

test('without a pool or a policy nothing is had where the provider has nothing', async () => {
  const requests = [
    { resourceType: 'gcp:address', locale: 'gcp:nowhere', scopeType: 'public' },
    { resourceType: 'onprem:network', locale: 'onprem:nowhere', scopeType: 'private', cidr: '10.9.0.0/24' },
    { resourceType: 'custom', locale: 'us-east-1', scopeType: 'private', cidr: '10.9.0.0/24' },
  ]
  for (const params of requests) assert.equal((await refused(params)).code, 'NotEligible', JSON.stringify(params))
})

test('many at once: each with its decision, all from one transaction', async () => {
  const poolId = await pool()
  const params = { account: shop, resourceType: 'onprem:host', locale: 'us-east-1', poolId }
  const { allocations } = await world.post<{ allocations: Allocation[] }>('/allocations/batch', {
    allocations: Array.from({ length: 100 }, (_, index) => ({ ...params, resourceId: `host-${index}` })),
  })
  assert.equal(new Set(allocations.map(({ cidr }) => cidr)).size, 100)
  assert.equal(new Set(allocations.map(({ decisionId }) => decisionId)).size, 100)
  assert.equal((await list(`poolId=${poolId}`)).length, 100)
})

test('many at once: one refusal takes all back, and says which and why', async () => {
  const listed = await pool({ locale: 'onprem:bonn' })
  const other = await pool({ locale: 'onprem:bonn' })
  await policyFor(prod, { locale: 'onprem:bonn', type: 'onprem:host' }, [listed])
  const before = await world.get(`/pools/${listed}/utilization`)
  const params = { account: shop, resourceType: 'onprem:host', locale: 'onprem:bonn', scopeType: 'private' }
  const allocations = [params, params, { ...params, poolId: other }, params]
  const { status, body } = await world.ask<Problem>('POST', '/allocations/batch', { body: { allocations } })
  assert.deepEqual([status, body.code, body.index], [403, 'DeniedByPolicy', 2])
  assert.match(body.decisionId!, /^decision-/)
  assert.deepEqual(await world.get(`/pools/${listed}/utilization`), before)
  assert.deepEqual(await list('locale=onprem:bonn'), [])
})

test('a batch reaches no account where the caller has no say', async () => {
  const poolId = await pool()
  const as = await world.tokenOf('user:only-shop', 'resource-operator', shop)
  const params = { resourceType: 'custom', locale: 'us-east-1', poolId, netmaskLength: 30 }
  for (const accounts of [
    [shop, lab],
    [lab, shop],
  ]) {
    const body = { allocations: accounts.map((account) => ({ account, ...params })) }
    const answer = await world.ask<Problem>('POST', '/allocations/batch', { body, as })
    assert.deepEqual([answer.status, answer.body.code], [404, 'NotFound'])
  }
  assert.deepEqual(await list(`poolId=${poolId}`), [])
})

test('I8 a batch that begins with what one may only read tells nobody whether what follows is there', async () => {
  const as = await world.tokenOf('user:reads-shop', 'auditor', shop)
  const params = { resourceType: 'custom', locale: 'us-east-1', netmaskLength: 30 }
  for (const query of ['', '?dryRun=true']) {
    const answers: unknown[] = []
    for (const other of [lab, '100000000099']) {
      const body = { allocations: [shop, other].map((account) => ({ account, ...params })) }
      const { status, body: told } = await world.ask<Problem>('POST', `/allocations/batch${query}`, { body, as })
      answers.push([status, told.code, told.detail])
    }
    assert.deepEqual(answers[1], answers[0])
    assert.deepEqual((answers[0] as unknown[])[0], 403, 'what the first is refused for')
  }
})

test('lists are narrowed by account, pool, type, locale, resource, range and tag, and paged without gaps', async () => {
  const poolId = await pool({ locale: 'onprem:list', cidr: '10.50.0.0/24' })
  const make = (account: string, params: object) =>
    allocate({ account, resourceType: 'onprem:host', locale: 'onprem:list', poolId, ...params })
  const one = await make(shop, { cidr: '10.50.0.9', tags: { env: 'a' }, resourceId: 'web-1' })
  const two = await make(lab, { cidr: '10.50.0.3', tags: { env: 'b' } })
  const three = await make(shop, { resourceType: 'onprem:network', cidr: '10.50.0.64/26', resourceId: 'web-1' })
  const ids = (items: readonly Allocation[]) => items.map(({ allocationId }) => allocationId)
  const expected = (...some: Allocation[]) => ids(some)
  assert.deepEqual(ids(await list(`poolId=${poolId}`)), expected(two, one, three), 'in address order')
  assert.deepEqual(ids(await list(`locale=onprem:list`)), expected(one, two, three), 'in order of creation')
  assert.deepEqual(ids(await list(`account=${lab}&locale=onprem:list`)), expected(two))
  assert.deepEqual(ids(await list('resourceType=onprem:network&locale=onprem:list')), expected(three))
  assert.deepEqual(ids(await list('resourceId=web-1')), expected(one, three))
  assert.deepEqual(ids(await list('within=10.50.0.0/28')), expected(two, one))
  assert.deepEqual(ids(await list(`within=10.50.0.0/28&poolId=${poolId}`)), expected(two, one))
  for (const range of ['10.50.0.64/28', '10.50.0.80/28']) {
    assert.deepEqual(ids(await list(`within=${range}`)), [], 'what only touches the range is not within it')
  }
  assert.deepEqual(ids(await list(`poolId=${poolId}&tag=env`)), expected(two, one))
  assert.deepEqual(ids(await list(`poolId=${poolId}&tag=env=a`)), expected(one))
  for (const query of [`poolId=${poolId}`, 'locale=onprem:list', 'within=10.50.0.0/24', 'resourceId=web-1']) {
    const seen: string[] = []
    for (let cursor: string | undefined = ''; cursor !== undefined; ) {
      const page: Page = await world.get(`/allocations?${query}&limit=1${cursor && `&cursor=${cursor}`}`)
      assert(page.items.length <= 1)
      seen.push(...ids(page.items))
      cursor = page.nextCursor
    }
    assert.deepEqual(seen, ids(await list(query)), query)
    const bad = Buffer.from('1:x').toString('base64url')
    const answer = await world.ask<Problem>('GET', `/allocations?${query}&cursor=${bad}`)
    assert.equal(answer.body.code, 'InvalidPaginationToken', query)
  }
})

test('I8 who sees one account sees its allocations, and no others', async () => {
  const poolId = await pool()
  const mine = await allocate({ resourceType: 'custom', locale: 'us-east-1', poolId, netmaskLength: 28 })
  const theirs = await allocate({
    account: lab,
    resourceType: 'custom',
    locale: 'us-east-1',
    poolId,
    netmaskLength: 28,
  })
  const as = await world.tokenOf('user:shopper', 'resource-operator', shop)
  for (const query of ['', `poolId=${poolId}`, 'resourceType=custom', 'within=10.0.0.0/8']) {
    const seen = await list(query, as)
    assert(
      seen.some(({ allocationId }) => allocationId === mine.allocationId),
      query,
    )
    assert(
      seen.every(({ account }) => account === shop),
      query,
    )
  }
  for (const method of ['GET', 'DELETE'] as const) {
    const hidden = await world.ask<Problem>(method, `/allocations/${theirs.allocationId}`, { as })
    const absent = await world.ask<Problem>(method, `/allocations/ipam-pool-alloc-${'0'.repeat(32)}`, { as })
    assert.deepEqual([hidden.status, hidden.body.code], [absent.status, absent.body.code])
  }
  const foreign = await pool({ sharedWith: [dev] })
  const notMine = await refused({ resourceType: 'custom', locale: 'us-east-1', poolId: foreign, netmaskLength: 28 })
  // Whoever asks sees it, and the account may not use it.
  assert.equal(notMine.code, 'NotShared')
})

test('I6 released space rests, and description and tags change under If-Match', async () => {
  const poolId = await pool({ quarantineSeconds: 60, cidr: '10.60.0.0/32' })
  const params = { resourceType: 'onprem:host', locale: 'us-east-1', poolId }
  const made = await allocate(params)
  const path = `/allocations/${made.allocationId}`
  const { headers } = await world.ask('GET', path)
  const match = { 'if-match': String(headers.etag) }
  const body = { description: 'db', tags: { role: 'db' } }
  const changed = await world.ask<Allocation>('PATCH', path, { body, headers: match })
  assert.deepEqual([changed.body.description, changed.body.tags], ['db', { role: 'db' }])
  assert.equal((await world.ask('DELETE', path, { headers: match })).status, 412)
  assert.equal((await world.ask('DELETE', path)).status, 204)
  assert.equal((await refused({ ...params, account: lab })).code, 'Exhausted')
  world.advance(60_000)
  assert.equal((await allocate({ ...params, account: lab })).cidr, made.cidr)
})

test('I9 bad input names field, value and what is expected', async () => {
  const poolId = await pool()
  const params = { resourceType: 'onprem:network', locale: 'us-east-1', poolId, netmaskLength: 28 }
  const cases: [object, string, string | undefined][] = [
    [{ ...params, resourceType: 'nimbus:thing' }, 'InvalidParameterValue', 'resourceType'],
    [{ ...params, locale: 'atlantis' }, 'InvalidParameterValue', 'locale'],
    [{ ...params, cidr: '10.0.0.1/24' }, 'InvalidParameterValue', 'cidr'],
    [{ ...params, cidr: '10.0.0.0/24' }, 'InvalidParameterCombination', undefined],
    [{ ...params, family: 'ipv6' }, 'InvalidParameterValue', 'family'],
    [{ ...params, scopeType: 'public' }, 'InvalidParameterValue', 'scopeType'],
    [{ ...params, netmaskLength: 129 }, 'InvalidParameterValue', 'netmaskLength'],
    [{ ...params, netmaskLength: 33 }, 'InvalidParameterValue', 'netmaskLength'],
    [{ ...params, poolId: undefined }, 'MissingParameter', 'scopeType'],
    [{ ...params, poolId: 'ipam-pool-00000000000000000' }, 'NotFound', undefined],
    [{ ...params, account: '000000000000' }, 'NotFound', undefined],
    [{ ...params, tags: { 'aws:x': 'y' } }, 'InvalidParameterValue', 'tags.aws:x'],
    [{ ...params, size: 1 }, 'UnknownParameter', 'size'],
    [{ ...params, resourceType: 'azure:virtual-network', netmaskLength: 30 }, 'InvalidParameterValue', 'netmaskLength'],
    [{ ...params, netmaskLength: undefined, cidr: '192.0.2.0/24' }, 'InvalidParameterValue', 'cidr'],
    [{ resourceType: 'eip', locale: 'azure:x' }, 'InvalidParameterValue', 'locale'],
    [{ resourceType: 'eip', locale: 'us-east-1', resourceId: 'mine' }, 'InvalidParameterValue', 'resourceId'],
    [{ resourceType: 'eip', locale: 'us-east-1', cidr: '2001:db8::1' }, 'InvalidParameterValue', 'family'],
  ]
  for (const [body, code, field] of cases) {
    const answer = await refused(body)
    assert.deepEqual([answer.code, answer.field], [code, field], JSON.stringify([body, answer]))
  }
  const batch = await world.ask<Problem>('POST', '/allocations/batch', {
    body: { allocations: [{ ...params, account: shop, cidr: 'x' }] },
  })
  assert.equal(batch.body.field, 'allocations.0.cidr')
})

test('a dry run of a batch takes nothing, and a repeat with the same key has one effect', async () => {
  const poolId = await pool()
  const allocations = [1, 2].map(() => ({ account: shop, resourceType: 'onprem:host', locale: 'us-east-1', poolId }))
  const dry = await world.ask<{ allocations: Allocation[] }>('POST', '/allocations/batch?dryRun=true', {
    body: { allocations },
  })
  assert.deepEqual([dry.status, dry.body.allocations.length], [201, 2])
  assert.deepEqual(await list(`poolId=${poolId}`), [])
  const headers = { 'idempotency-key': 'batch' }
  const first = await world.ask('POST', '/allocations/batch', { body: { allocations }, headers })
  const again = await world.ask('POST', '/allocations/batch', { body: { allocations }, headers })
  assert.deepEqual(again.body, first.body)
  assert.equal((await list(`poolId=${poolId}`)).length, 2)
})

/** Statements that SQLite runs meanwhile. */
async function statementsOf(work: () => Promise<unknown>): Promise<number> {
  const prototype = StatementSync.prototype as unknown as Record<string, (...values: unknown[]) => unknown>
  const originals = (['get', 'all', 'run'] as const).map((name) => [name, prototype[name]!] as const)
  let count = 0
  for (const [name, original] of originals) {
    prototype[name] = function (this: unknown, ...values: unknown[]) {
      count++
      return original.apply(this, values)
    }
  }
  try {
    await work()
  } finally {
    for (const [name, original] of originals) prototype[name] = original
  }
  return count
}

test('one costs no more statements than AllocateAddress and the look-up of the token; a hundred at once, two each', async () => {
  if (world.database.engine !== 'sqlite') return
  const poolId = await pool({ cidr: '10.200.0.0/16' })
  const host = { account: shop, resourceType: 'onprem:host', locale: 'us-east-1', poolId }
  const eip = { account: shop, resourceType: 'eip', locale: 'us-east-1' }
  const ec2 = () => world.call('AllocateAddress', {}, { account: shop })
  const native = (params: object) => () => world.post('/allocations', params)
  const hundred = () => world.post('/allocations/batch', { allocations: Array.from({ length: 100 }, () => host) })
  // What is seen for the first time, such as who asks, is written down once. Where a block is cut, a statement more is run.
  const least = async (work: () => Promise<unknown>) => {
    const counts: number[] = []
    for (let turn = 0; turn < 4; turn++) counts.push(await statementsOf(work))
    return Math.min(...counts)
  }
  const lookUp = 4
  const allowed = (await least(ec2)) + lookUp
  for (const params of [host, eip]) assert((await least(native(params))) <= allowed, JSON.stringify(params))
  const overhead = allowed + 20
  assert((await least(hundred)) <= 200 + overhead)
})

test('the space of the provider is named like a pool, and what is explained is what is then done', async () => {
  const params = { account: shop, resourceType: 'eip', locale: 'us-east-1', poolId: 'provider' }
  const explained = await world.post<{ outcome: string; poolId: string }>('/explanations', params)
  assert.deepEqual([explained.outcome, explained.poolId], ['allow', 'provider'])
  const made = await allocate(params)
  assert.equal(made.poolId, 'provider')
  // It has none for sites, and EC2 has no such name for it.
  const host = {
    account: shop,
    resourceType: 'onprem:host',
    locale: 'onprem:list',
    scopeType: 'private',
    poolId: 'provider',
  }
  const refused = await world.ask<Problem>('POST', '/allocations', { body: host })
  assert.deepEqual([refused.status, refused.body.code], [409, 'NotEligible'])
  await assert.rejects(world.call('AllocateAddress', { IpamPoolId: 'provider' }, { account: shop }), {
    message: 'NotFound',
  })
})
