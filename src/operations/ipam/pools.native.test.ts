// IPAMs, scopes, pools and their space over the native API: plain fields, the same objects as over the EC2 API.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { cutFacts } from '#api/wording.ts'
import { finishDeprovisions } from '#jobs/deprovisioning.ts'
import { lookAt } from '#jobs/job.ts'
import type { Refused } from '#model/refusal.ts'
import { foundOrganization, lab, network, prod, shop } from '../../../test/acme.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { workplaceOf } from '../../../test/world.ts'

let world: NativeWorld
let ipam: Ipam
interface Ipam {
  readonly ipamId: string
  readonly publicScopeId: string
  readonly privateScopeId: string
  readonly operatingRegions: readonly string[]
  readonly unmatched: string
  readonly policyCompatibility: string
  readonly description?: string
  readonly tags: object
}
interface Pool {
  readonly poolId: string
  readonly quarantineSeconds?: number
  readonly sharedWith: readonly string[]
  readonly defaultNetmaskLength?: number
  readonly requiredTags: object
  readonly parentPoolId?: string
  readonly tags: object
}
interface Problem {
  readonly code: string
  readonly field?: string
  readonly value?: string
  readonly detail?: string
}
interface Page<T> {
  readonly items: readonly T[]
  readonly nextCursor?: string
}

before(async () => {
  world = await openNativeWorld()
  await foundOrganization(world)
  ipam = await world.post('/ipams', {
    account: network,
    region: 'us-east-1',
    operatingRegions: ['eu-central-1'],
    unmatched: 'deny',
    tags: { owner: 'net' },
  })
})
after(() => world.close())

const asNetwork = { account: network }
const makePool = (params: object = {}) =>
  world.post<Pool>('/pools', { scopeId: ipam.privateScopeId, family: 'ipv4', locale: 'us-east-1', ...params })
const provision = (pool: Pool, cidr: string) =>
  world.post<{ cidr: string; state: string }>(`/pools/${pool.poolId}/cidrs`, { cidr })

test('an IPAM has its settings in plain fields, and is the one of the EC2 API', async () => {
  assert.deepEqual(
    [ipam.operatingRegions, ipam.unmatched, ipam.policyCompatibility, ipam.tags],
    [['eu-central-1', 'us-east-1'], 'deny', 'strict', { owner: 'net' }],
  )
  const path = `/ipams/${ipam.ipamId}`
  const changes = { description: 'ours', unmatched: 'provider', operatingRegions: ['us-east-1'], tags: {} }
  const { body } = await world.ask<Ipam>('PATCH', path, { body: changes })
  assert.deepEqual(
    [body.description, body.unmatched, body.operatingRegions, body.tags],
    ['ours', 'provider', ['us-east-1'], {}],
  )
  const { Ipams } = await world.call('DescribeIpams', { IpamIds: [ipam.ipamId] }, asNetwork)
  assert.deepEqual([Ipams![0]!.Description, Ipams![0]!.OperatingRegions], ['ours', [{ RegionName: 'us-east-1' }]])
  await world.ask('PATCH', path, { body: { operatingRegions: ['eu-central-1', 'us-east-1'] } })
  const nothing = await world.ask<Problem>('PATCH', path, { body: {} })
  assert.equal(nothing.status, 400)
  assert.match(nothing.body.detail!, /give one of name, description, operatingRegions, tier, .*, tags\./)
})

test('a locale that is probably misspelt is asked about, over both APIs, and one of an unknown cloud is taken', async () => {
  const params = { scopeId: ipam.privateScopeId, family: 'ipv4' }
  for (const [locale, meant] of [
    ['us-eats-1', 'us-east-1'],
    ['azure:westeurop', 'azure:westeurope'],
  ] as const) {
    const { status, body } = await world.ask<Problem>('POST', '/pools', { body: { ...params, locale } })
    assert.deepEqual([status, body.field], [400, 'locale'])
    assert.match(body.detail!, new RegExp(`did you mean \`${meant}\`\\?$`))
    const input = { IpamScopeId: ipam.privateScopeId, AddressFamily: 'ipv4', Locale: locale } as const
    await assert.rejects(world.call('CreateIpamPool', input, asNetwork), (error: Refused) => {
      assert.match(
        (cutFacts(error.refusal) as { problem: string }).problem,
        new RegExp(`did you mean \`${meant}\`\\?$`),
      )
      return true
    })
  }
  for (const locale of ['azur:westeurop', 'azure:westeurope4', 'onprem:westeurop']) {
    const { poolId } = await makePool({ locale })
    // What is there goes on.
    const child = await makePool({ locale, parentPoolId: poolId })
    assert.equal(child.parentPoolId, poolId)
  }
})

test('the pools of two accounts are listed in order of creation by whoever may read just these two, page by page', async (t) => {
  const acme = await openNativeWorld()
  t.after(() => acme.close())
  await foundOrganization(acme)
  const ipamOf = (account: string) => acme.post<Ipam>('/ipams', { account, region: 'us-east-1' })
  const scopes = [await ipamOf(lab), await ipamOf(shop)].map(({ privateScopeId }) => privateScopeId)
  const made: string[] = []
  for (const scopeId of [...scopes, ...scopes.toReversed(), ...scopes]) {
    const pool = { scopeId, family: 'ipv4', locale: 'us-east-1' }
    made.push((await acme.post<Pool>('/pools', pool)).poolId)
  }
  const as = await acme.tokenOf('user:two', 'auditor', lab)
  await acme.post('/role-bindings', { principal: 'user:two', role: 'auditor', node: shop })
  const seen: string[] = []
  let next = ''
  do {
    const { body } = await acme.ask<Page<Pool>>('GET', `/pools?limit=2${next}`, { as })
    assert.ok(body.items.length <= 2)
    seen.push(...body.items.map(({ poolId }) => poolId))
    next = body.nextCursor === undefined ? '' : `&cursor=${encodeURIComponent(body.nextCursor)}`
  } while (next)
  assert.deepEqual(seen, made)
})

test('scopes and pools are made, changed, listed and deleted', async () => {
  const scope = await world.post<{ scopeId: string }>('/scopes', { ipamId: ipam.ipamId, description: 'lab' })
  const top = await makePool({ scopeId: scope.scopeId, locale: undefined })
  await provision(top, '10.0.0.0/16')
  const pool = await makePool({
    scopeId: scope.scopeId,
    parentPoolId: top.poolId,
    defaultNetmaskLength: 24,
    requiredTags: { env: 'prod', team: 'net' },
    tags: { a: '1' },
  })
  assert.equal(pool.parentPoolId, top.poolId)
  assert.equal((await provision(pool, '10.0.0.0/20')).state, 'provisioned')
  const { body } = await world.ask<Pool>('PATCH', `/pools/${pool.poolId}`, {
    body: { defaultNetmaskLength: null, requiredTags: { env: 'test' }, tags: { b: '2' } },
  })
  assert.deepEqual([body.defaultNetmaskLength, body.requiredTags, body.tags], [undefined, { env: 'test' }, { b: '2' }])
  const below = await world.get<Page<Pool>>(`/pools?parentPoolId=${top.poolId}`)
  assert.deepEqual(
    below.items.map(({ poolId }) => poolId),
    [pool.poolId],
  )
  assert.deepEqual(await world.get(`/pools/${top.poolId}/utilization`), {
    provisioned: '65536',
    allocated: '4096',
    quarantined: '0',
    held: '0',
    free: '61440',
    allocations: 1,
  })
  const kept = await world.ask<Problem>('DELETE', `/scopes/${scope.scopeId}`)
  assert.equal(kept.body.code, 'DependencyViolation')
  const used = await world.ask<Problem>('DELETE', `/pools/${top.poolId}/cidrs?cidr=10.0.0.0/16`)
  assert.deepEqual([used.status, used.body.code], [409, 'InUse'])
  assert.equal((await world.ask('DELETE', `/pools/${pool.poolId}/cidrs?cidr=10.0.0.0/20`)).status, 204)
  assert.equal((await world.ask('DELETE', `/pools/${pool.poolId}`)).status, 204)
  assert.equal((await world.ask('DELETE', `/pools/${top.poolId}?cascade=true`)).status, 204)
  assert.equal((await world.ask('DELETE', `/scopes/${scope.scopeId}`)).status, 204)
})

test('space that cannot be had is refused, and nothing stays of the attempt', async () => {
  const one = await makePool()
  const other = await makePool()
  await provision(one, '10.1.0.0/24')
  const taken = await world.ask<Problem>('POST', `/pools/${other.poolId}/cidrs`, { body: { cidr: '10.1.0.0/25' } })
  assert.deepEqual([taken.status, taken.body.code, taken.body.field], [409, 'CidrConflict', 'cidr'])
  const cidrs = await world.get<Page<object>>(`/pools/${other.poolId}/cidrs`)
  assert.deepEqual(cidrs.items, [])
})

test('space with another purpose is refused by our names, in pools of either scope', async () => {
  const privatePool = await makePool({ locale: undefined })
  const publicPool = await makePool({ scopeId: ipam.publicScopeId, awsService: 'ec2' })
  for (const [pool, cidr, because] of [
    [privatePool, '127.0.0.0/16', /loopback, RFC 1122\) cannot be held by a pool of private space/],
    [publicPool, '10.0.0.0/16', /private use, RFC 1918\) cannot be held by a pool of public space/],
    [publicPool, '224.0.0.0/24', /multicast/],
    [publicPool, '::ffff:198.51.100.0/120', /IPv4-mapped IPv6; the IPv4 block `198\.51\.100\.0\/24`/],
  ] as const) {
    const { status, body } = await world.ask<Problem>('POST', `/pools/${pool.poolId}/cidrs`, { body: { cidr } })
    assert.deepEqual([status, body.code, body.field, body.value], [400, 'InvalidParameterValue', 'cidr', cidr])
    assert.match(body.detail!, because)
  }
  assert.equal((await provision(publicPool, '198.51.100.0/24')).state, 'provisioned')
})

test('a CIDR in which released space rests is pending until its last rest ends, and the record says who took it out', async () => {
  const pool = await makePool({ quarantineSeconds: 60 })
  await provision(pool, '10.2.0.0/24')
  const again = await world.ask<Problem>('POST', `/pools/${pool.poolId}/cidrs`, { body: { cidr: '10.2.0.0/24' } })
  assert.deepEqual([again.status, again.body.code, again.body.field], [409, 'CidrConflict', 'cidr'])
  const { IpamPoolAllocation: taken } = await world.call(
    'AllocateIpamPoolCidr',
    { IpamPoolId: pool.poolId, NetmaskLength: 28 },
    asNetwork,
  )
  const { IpamPoolAllocationId = '', Cidr = '' } = taken!
  await world.call('ReleaseIpamPoolAllocation', { IpamPoolId: pool.poolId, IpamPoolAllocationId, Cidr }, asNetwork)
  const path = `/pools/${pool.poolId}/cidrs`
  assert.equal((await world.ask('DELETE', `${path}?cidr=10.2.0.0/24`)).status, 204)
  const { items } = await world.get<Page<{ state: string; leavesAt?: string; problem?: string }>>(path)
  assert.deepEqual(
    items.map(({ state, leavesAt, problem }) => [state, typeof leavesAt, problem]),
    [['pending-deprovision', 'string', undefined]],
  )
  const { body: used } = await world.ask<{ quarantined: string; free: string }>(
    'GET',
    `/pools/${pool.poolId}/utilization`,
  )
  assert.deepEqual([used.quarantined, used.free], ['256', '0'])
  world.advance(60_000)
  assert.deepEqual((await world.get<Page<object>>(path)).items, [])
  await lookAt(finishDeprovisions, workplaceOf(world.store))
  const { items: changes } = await world.get<Page<{ action: string; principal: string }>>(
    `/changes?subject=${pool.poolId}`,
  )
  const done = changes.filter(({ action }) => action === 'DeprovisionIpamPoolCidr')
  assert.deepEqual(
    done.map(({ principal }) => principal),
    ['housekeeping'],
  )
  assert.equal((await world.ask('DELETE', `/pools/${pool.poolId}`)).status, 204)
})

test('a CIDR in which something is held stays, and is told until when: it may become an allocation', async () => {
  const pool = await makePool()
  await provision(pool, '10.3.0.0/24')
  const { n } = (await world.store.read((tx) => tx.pools.find(pool.poolId)))!
  await world.store.write(async (tx) => {
    const cidr = (await tx.space.take(n, 4, { length: 28 }))!
    const request = {
      account: network,
      locale: 'us-east-1',
      resourceType: 'custom',
      family: 4 as const,
      netmaskLength: 28,
    }
    const holder = { account: network, resourceType: 'custom', region: 'us-east-1' }
    const rest = { resourceId: undefined, description: undefined, decision: undefined }
    const times = { createdAt: tx.now, expiresAt: tx.now + 60_000 }
    await tx.space.hold({ n: tx.nextSequence(), pool: n, cidr, request, ...holder, ...rest, ...times })
  })
  const { status, body } = await world.ask<Problem>('DELETE', `/pools/${pool.poolId}/cidrs?cidr=10.3.0.0/24`)
  assert.deepEqual([status, body.code], [409, 'InUse'])
  assert.match(body.detail!, /is held until 20/)
  world.advance(60_000)
  assert.equal((await world.ask('DELETE', `/pools/${pool.poolId}/cidrs?cidr=10.3.0.0/24`)).status, 204)
})

test('quarantine and sharing are fields: a tag that said so goes, and other tags do not bring it back', async () => {
  const pool = await makePool({ quarantineSeconds: 60, sharedWith: [prod] })
  assert.deepEqual([pool.quarantineSeconds, pool.sharedWith], [60, [prod]])
  const tag = (Key: string, Value: string) =>
    world.call('CreateTags', { Resources: [pool.poolId], Tags: [{ Key, Value }] }, asNetwork)
  await tag('note', 'x')
  const still = await world.get<Pool>(`/pools/${pool.poolId}`)
  assert.deepEqual([still.quarantineSeconds, still.sharedWith, still.tags], [60, [prod], { note: 'x' }])
  await tag('cadastre:quarantine-seconds', '90')
  assert.equal((await world.get<Pool>(`/pools/${pool.poolId}`)).quarantineSeconds, 90)
  const { body } = await world.ask<Pool>('PATCH', `/pools/${pool.poolId}`, {
    body: { quarantineSeconds: null, sharedWith: [shop] },
  })
  assert.deepEqual([body.quarantineSeconds, body.sharedWith], [undefined, [shop]])
  const { IpamPools } = await world.call('DescribeIpamPools', { IpamPoolIds: [pool.poolId] }, asNetwork)
  assert.deepEqual(
    IpamPools![0]!.Tags!.map(({ Key }) => Key),
    ['note'],
  )
  await tag('cadastre:quarantine-seconds', '30')
  await world.call(
    'DeleteTags',
    { Resources: [pool.poolId], Tags: [{ Key: 'cadastre:quarantine-seconds' }] },
    asNetwork,
  )
  assert.equal((await world.get<Pool>(`/pools/${pool.poolId}`)).quarantineSeconds, undefined)
})

test('one request makes one version of a pool, whatever it says', async () => {
  interface States {
    readonly version: number
    readonly state: Readonly<Record<string, unknown>>
  }
  const statesOf = async (id: string) => (await world.get<Page<States>>(`/history/objects/${id}`)).items
  const pool = await makePool({
    quarantineSeconds: 60,
    sharedWith: [prod],
    requiredTags: { env: 'prod' },
    tags: { note: 'x', team: 'net' },
  })
  const made = await statesOf(pool.poolId)
  assert.deepEqual(
    made.map(({ state }) => [state.quarantineSeconds, state.sharedWith, state.tags]),
    [[60, [prod], { note: 'x', team: 'net' }]],
  )
  const { status, body } = await world.ask<Pool>('PATCH', `/pools/${pool.poolId}`, {
    body: {
      description: 'ours',
      requiredTags: {},
      quarantineSeconds: 30,
      sharedWith: [shop],
      tags: { note: 'y', other: 'z' },
    },
  })
  assert.equal(status, 200)
  assert.deepEqual([body.quarantineSeconds, body.sharedWith, body.tags], [30, [shop], { note: 'y', other: 'z' }])
  const changed = await statesOf(pool.poolId)
  assert.equal(changed.length, 2)
  assert.deepEqual(
    [changed[0]!.state.description, changed[0]!.state.quarantineSeconds, changed[0]!.state.sharedWith],
    ['ours', 30, [shop]],
  )
})

test('I8 a pool is seen at its owner, and those that an account may use by whoever sees the account', async () => {
  const shared = await makePool({ sharedWith: [shop], tags: { secret: 'x' } })
  const own = await makePool()
  const as = await world.tokenOf('user:shop', 'resource-operator', shop)
  const hidden = await world.ask<Problem>('GET', `/pools/${own.poolId}`, { as })
  const absent = await world.ask<Problem>('GET', `/pools/${own.poolId.slice(0, -4)}ffff`, { as })
  assert.deepEqual([hidden.status, hidden.body.code], [absent.status, absent.body.code])
  assert.deepEqual((await world.get<Page<Pool>>('/pools', { as })).items, [])
  const usable = await world.get<Page<Pool>>(`/pools?usableBy=${shop}&limit=1000`, { as })
  const seen = usable.items.find(({ poolId }) => poolId === shared.poolId)
  assert.deepEqual([seen?.sharedWith, seen?.tags], [[], {}])
  assert.equal(
    usable.items.some(({ poolId }) => poolId === own.poolId),
    false,
  )
  const listed = await makePool()
  const { policyId } = await world.post<{ policyId: string }>('/policies', { ipamId: ipam.ipamId })
  const rules = { rules: [{ poolId: listed.poolId }] }
  assert.equal((await world.ask('PUT', `/policies/${policyId}/documents/us-east-1/vpc`, { body: rules })).status, 200)
  const usableTo = async (token?: string): Promise<string[]> =>
    (await world.get<Page<Pool>>(`/pools?usableBy=${shop}&limit=1000`, token ? { as: token } : {})).items.map(
      ({ poolId }) => poolId,
    )
  const before = await usableTo()
  await world.call('EnableIpamPolicy', { IpamPolicyId: policyId, OrganizationTargetId: shop }, asNetwork)
  assert.deepEqual(
    (await usableTo()).filter((id) => !before.includes(id)),
    [listed.poolId],
  )
  assert.equal((await usableTo(as)).includes(listed.poolId), false, 'what only policy lists is not read')
  const foreign = await world.ask<Problem>('GET', `/pools?usableBy=${network}`, { as })
  assert.equal(foreign.status, 404)
  const change = await world.ask<Problem>('PATCH', `/pools/${shared.poolId}`, { body: { description: 'mine' }, as })
  // It is there to be read, and its owner's to change.
  assert.equal(change.status, 403)
})

test('what only the owner of a pool may do is refused by the name that the action has here', async () => {
  const theirs = await world.post<Ipam>('/ipams', { account: shop, region: 'us-east-1' })
  const scope = { scopeId: theirs.privateScopeId, family: 'ipv4', locale: 'us-east-1' }
  const lent = await makePool({ sharedWith: [shop] })
  const { status, body } = await world.ask<Problem & { action: string }>('POST', '/pools', {
    body: { ...scope, parentPoolId: lent.poolId },
  })
  assert.deepEqual([status, body.code, body.action], [403, 'NotAuthorized', 'ipam:manage'])
  const hidden = await makePool()
  const other = await world.ask<Problem>('POST', '/pools', { body: { ...scope, parentPoolId: hidden.poolId } })
  assert.deepEqual([other.status, other.body.code], [403, 'NotShared'])

  const open = { scopeId: theirs.publicScopeId, family: 'ipv4', locale: 'us-east-1', awsService: 'ec2' }
  const { poolId } = await world.post<Pool>('/pools', open)
  const denied = await world.ask<Problem & { action: string }>('POST', `/pools/${poolId}/cidrs`, {
    body: { cidr: '203.0.113.0/24' },
  })
  assert.deepEqual([denied.status, denied.body.code, denied.body.action], [403, 'NotAuthorized', 'ipam:manage'])
})

test('If-Match of a pool is not moved by what is allocated from it', async () => {
  const pool = await makePool({ defaultNetmaskLength: 28 })
  await provision(pool, '10.2.0.0/24')
  const { headers } = await world.ask('GET', `/pools/${pool.poolId}`)
  await world.call('AllocateIpamPoolCidr', { IpamPoolId: pool.poolId }, asNetwork)
  const match = { 'if-match': String(headers.etag) }
  const body = { description: 'new' }
  assert.equal((await world.ask('PATCH', `/pools/${pool.poolId}`, { body, headers: match })).status, 200)
  assert.equal((await world.ask('PATCH', `/pools/${pool.poolId}`, { body, headers: match })).status, 412)
})

test('pages of pools go on where the one before ended, and a cursor of somebody else is refused', async () => {
  const all = await world.get<Page<Pool>>('/pools?limit=1000')
  const seen: string[] = []
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const page: Page<Pool> = await world.get(`/pools?limit=2${cursor && `&cursor=${cursor}`}`)
    seen.push(...page.items.map(({ poolId }) => poolId))
    cursor = page.nextCursor
  }
  assert.deepEqual(
    seen,
    all.items.map(({ poolId }) => poolId),
  )
  const bad = Buffer.from('1:x').toString('base64url')
  assert.equal((await world.ask<Problem>('GET', `/pools?cursor=${bad}`)).body.code, 'InvalidPaginationToken')
})

test('bad input names our fields and values', async () => {
  const params = { scopeId: ipam.privateScopeId, family: 'ipv4', locale: 'us-east-1' }
  const cases: [object, string, string][] = [
    [{ ...params, family: 'ipv5' }, 'InvalidParameterValue', 'family'],
    [{ ...params, locale: 'mars' }, 'InvalidParameterValue', 'locale'],
    [{ ...params, awsService: 'ec2' }, 'InvalidParameterValue', 'awsService'],
    [{ ...params, minNetmaskLength: 30, maxNetmaskLength: 20 }, 'InvalidParameterValue', 'minNetmaskLength'],
    [{ ...params, sharedWith: ['nobody'] }, 'NotFound', ''],
    [{ ...params, sharedWith: ['*'] }, 'InvalidParameterValue', 'sharedWith.0'],
    [{ ...params, requiredTags: { 'aws:x': 'y' } }, 'InvalidTagKey', ''],
    [{ ...params, requiredTags: { env: 'x'.repeat(300) } }, 'InvalidParameterValue', 'requiredTags.env'],
    [{ ...params, publicIpSource: 'amazon' }, 'InvalidParameterValue', 'publicIpSource'],
    [{ ...params, quarantineSeconds: -1 }, 'InvalidParameterValue', 'quarantineSeconds'],
    [{ ...params, scopeId: 'ipam-0123' }, 'MalformedId', ''],
    [{ ...params, scopeId: 'scope' }, 'NotFound', ''],
    [{ ...params, sourceVpcId: 'vpc-00000000000000000' }, 'NotFound', ''],
    [{ ...params, locale: 'azure:westeurope', description: 'a place of another cloud' }, '', ''],
  ]
  for (const [body, code, field] of cases) {
    const answer = await world.ask<Problem>('POST', '/pools', { body })
    assert.deepEqual([answer.body.code ?? '', answer.body.field ?? ''], [code, field], JSON.stringify(answer.body))
  }
})

test('I9 a pool asks for no tag that no request has', async () => {
  const body = { scopeId: ipam.privateScopeId, family: 'ipv4', requiredTags: { 'cadastre:a/b': 'x' } }
  const made = await world.ask<Problem>('POST', '/pools', { body })
  assert.deepEqual([made.status, made.body.code], [400, 'InvalidTagKey'], JSON.stringify(made.body))
  const { poolId } = await makePool()
  const changed = await world.ask<Problem>('PATCH', `/pools/${poolId}`, { body: { requiredTags: body.requiredTags } })
  assert.deepEqual([changed.status, changed.body.code], [400, 'InvalidTagKey'])
})
