// Names of IPAMs, scopes, pools and policies: given once under a parent, the tag `Name` of EC2, and good wherever an id is.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { wordingOf } from '#api/wording.ts'
import { Overlaid } from '#model/overlaid.ts'
import type { Refused } from '#model/refusal.ts'
import { Pools } from '#store/tables/pools.ts'
import { foundOrganization, lab, network, prod, shop, workloads } from '../../test/acme.ts'
import { type NativeWorld, openNativeWorld } from '../../test/native-world.ts'

interface Named {
  readonly name?: string
  readonly tags: Readonly<Record<string, string>>
  readonly contact?: string
}
interface Problem {
  readonly code: string
  readonly field?: string
  readonly detail: string
}
type Ipam = Named & { readonly ipamId: string; readonly publicScopeId: string; readonly privateScopeId: string }
type Scope = Named & { readonly scopeId: string }
type Pool = Named & { readonly poolId: string; readonly parentPoolId?: string }
type Policy = Named & { readonly policyId: string; readonly version: number }

let world: NativeWorld
let ipam: Ipam
let auditor: string
before(async () => {
  world = await openNativeWorld()
  await foundOrganization(world)
  ipam = await world.post('/ipams', {
    account: network,
    region: 'us-east-1',
    name: 'corp',
    operatingRegions: ['eu-central-1'],
  })
  auditor = await world.tokenOf('user:paula', 'auditor', prod)
})
after(() => world.close())

const azure = 'azure:westeurope'
const makePool = (params: object = {}) =>
  world.post<Pool>('/pools', { scopeId: ipam.privateScopeId, family: 'ipv4', locale: 'us-east-1', ...params })
const refused = async (method: 'POST' | 'PATCH' | 'GET' | 'DELETE', path: string, body?: object, as?: string) =>
  (await world.ask<Problem>(method, path, { body, as })).body
const patch = async <T>(path: string, body: object): Promise<T> => (await world.ask<T>('PATCH', path, { body })).body
const tag = (id: string, value: string) =>
  world.call('CreateTags', { Resources: [id], Tags: [{ Key: 'Name', Value: value }] }, { account: network })

describe('a name', () => {
  test('is the tag `Name` of EC2, whichever of the two is set, and goes with it', async () => {
    const pool = await makePool({ name: 'made natively' })
    assert.deepEqual([pool.name, pool.tags], ['made natively', { Name: 'made natively' }])
    const { IpamPools } = await world.call('DescribeIpamPools', { IpamPoolIds: [pool.poolId] }, { account: network })
    assert.deepEqual(IpamPools![0]!.Tags, [{ Key: 'Name', Value: 'made natively' }])
    await tag(pool.poolId, 'renamed over EC2')
    const path = `/pools/${pool.poolId}`
    assert.equal((await world.get<Pool>(path)).name, 'renamed over EC2')
    assert.deepEqual((await patch<Pool>(path, { tags: { team: 'net' } })).tags, {
      Name: 'renamed over EC2',
      team: 'net',
    })
    assert.equal((await patch<Pool>(path, { tags: { Name: 'as a tag' } })).name, 'as a tag')
    assert.equal((await refused('PATCH', path, { name: 'x', tags: { Name: 'y' } })).code, 'InvalidParameterCombination')
    assert.deepEqual((await patch<Pool>(path, { name: null })).tags, {})
    const { IpamPool } = await world.call(
      'CreateIpamPool',
      {
        IpamScopeId: ipam.privateScopeId,
        AddressFamily: 'ipv4',
        TagSpecifications: [{ ResourceType: 'ipam-pool', Tags: [{ Key: 'Name', Value: 'made over EC2' }] }],
      },
      { account: network },
    )
    assert.equal((await world.get<Pool>(`/pools/${IpamPool!.IpamPoolId}`)).name, 'made over EC2')
    const drop = { Resources: [IpamPool!.IpamPoolId!], Tags: [{ Key: 'Name' }] }
    await world.call('DeleteTags', drop, { account: network })
    assert.equal((await world.get<Pool>(`/pools/${IpamPool!.IpamPoolId}`)).name, undefined)
  })

  test('is given once under a parent, for each kind', async () => {
    const scope = await world.post<Scope>('/scopes', { ipamId: ipam.ipamId, name: 'lab' })
    const policy = await world.post<Policy>('/policies', { ipamId: ipam.ipamId, name: 'baseline' })
    const top = await makePool({ name: 'once' })
    const other = await makePool({ name: 'twice' })
    const again = await refused('POST', '/scopes', { ipamId: ipam.ipamId, name: 'lab' })
    assert.deepEqual(
      [again.code, again.detail],
      ['AlreadyExists', `The name \`lab\` is taken under \`${ipam.ipamId}\` (corp).`],
    )
    const scopeBeside = { scopeId: ipam.privateScopeId, family: 'ipv4' }
    for (const [method, path, body] of [
      ['POST', '/policies', { ipamId: ipam.ipamId, name: 'baseline' }],
      ['POST', '/pools', { ...scopeBeside, name: 'once' }],
      ['POST', '/pools', { ...scopeBeside, tags: { Name: 'once' } }],
      ['PATCH', `/pools/${other.poolId}`, { name: 'once' }],
      ['POST', '/ipams', { account: network, region: 'eu-central-1', name: 'corp' }],
    ] as const) {
      assert.equal((await refused(method, path, body)).code, 'AlreadyExists', `${method} ${path}`)
    }
    // Elsewhere, and of another kind, it is free; and what has it may be given it again.
    await makePool({ parentPoolId: top.poolId, name: 'once' })
    await makePool({ scopeId: scope.scopeId, name: 'once' })
    await makePool({ name: 'lab' })
    assert.equal((await patch<Pool>(`/pools/${top.poolId}`, { name: 'once', description: 'mine' })).name, 'once')
    assert.equal((await patch<Policy>(`/policies/${policy.policyId}`, { name: 'rules' })).name, 'rules')
    assert.equal((await patch<Scope>(`/scopes/${scope.scopeId}`, { name: 'laboratory' })).name, 'laboratory')
    await world.post('/policies', { ipamId: ipam.ipamId, name: 'baseline' })
  })

  test('I7 that EC2 gives, and that looks like another one, is that name: of both, and no more to be given natively', async () => {
    const plain = await makePool({ name: 'caf\u00e9 eu' })
    // A joiner, a filler, a selector of variants, a space of another width, the form that is not composed.
    for (const alike of [
      'caf\u00e9\u200d eu',
      'caf\u00e9 eu\u3164',
      'caf\u00e9 eu\ufe0f',
      'caf\u00e9\u00a0eu',
      'cafe\u0301 eu',
    ]) {
      const other = await makePool()
      await tag(other.poolId, alike)
      assert.equal((await world.get<Pool>(`/pools/${other.poolId}`)).name, alike)
      for (const name of ['caf\u00e9 eu', alike]) {
        const several = await refused('GET', `/pools/${encodeURIComponent(name)}`)
        assert.equal(several.code, 'InvalidParameterValue', name)
        for (const id of [plain.poolId, other.poolId]) assert.ok(several.detail.includes(id), several.detail)
      }
      // Also where it alone is left.
      await patch(`/pools/${plain.poolId}`, { name: null })
      assert.equal((await refused('PATCH', `/pools/${plain.poolId}`, { name: 'caf\u00e9 eu' })).code, 'AlreadyExists')
      await patch(`/pools/${other.poolId}`, { name: 'plain now' })
      await patch(`/pools/${other.poolId}`, { name: null })
      await patch(`/pools/${plain.poolId}`, { name: 'caf\u00e9 eu' })
    }
    // What EC2 takes stays possible, and as it is.
    const family = '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}'
    await tag(plain.poolId, family)
    assert.equal((await world.get<Pool>(`/pools/${encodeURIComponent(family)}`)).poolId, plain.poolId)
  })
  test('that EC2 gives to two is a name of both, and no more to be given natively', async () => {
    const [a, b] = [await makePool(), await makePool()]
    await tag(a.poolId, 'shared')
    await tag(b.poolId, 'shared')
    for (const { poolId } of [a, b]) assert.equal((await world.get<Pool>(`/pools/${poolId}`)).name, 'shared')
    const found = await refused('GET', '/pools/shared')
    assert.deepEqual([found.code, found.field], ['InvalidParameterValue', 'poolId'])
    assert.match(found.detail, new RegExp(`Several pools are called so: \`${a.poolId}\` .*, \`${b.poolId}\``))
    assert.equal(
      (await refused('POST', '/pools', { scopeId: ipam.privateScopeId, family: 'ipv4', name: 'shared' })).code,
      'AlreadyExists',
    )
    await world.ask('DELETE', `/pools/${a.poolId}`)
    assert.equal((await world.get<Pool>('/pools/shared')).poolId, b.poolId)
  })

  test('is a text that looks like no id, and is not too long', async () => {
    for (const name of ['', ' x', 'x'.repeat(129), 'ipam-pool-1b', 'vpc-0123abcd', '123456789012', 'provider', '*']) {
      const { code, field } = await refused('POST', '/pools', { scopeId: ipam.privateScopeId, family: 'ipv4', name })
      assert.deepEqual([code, field], ['InvalidParameterValue', 'name'], name)
    }
    assert.equal((await makePool({ name: 'vpc-prod für Köln' })).name, 'vpc-prod für Köln')
  })

  test('is on record with the change that gave it', async () => {
    const pool = await makePool({ name: 'remembered' })
    await patch(`/pools/${pool.poolId}`, { name: 'forgotten' })
    const { items } = await world.get<{ items: readonly object[] }>(`/history/objects/${pool.poolId}`)
    assert.match(JSON.stringify(items), /forgotten.*remembered|remembered.*forgotten/)
  })
})

describe('a thing is named by its name', () => {
  test('in paths, queries and bodies', async () => {
    const pool = await makePool({ name: 'prod-eu', locale: azure })
    assert.equal((await world.get<Pool>('/pools/prod-eu')).poolId, pool.poolId)
    assert.equal((await world.get<Ipam>('/ipams/corp')).ipamId, ipam.ipamId)
    await world.post('/pools/prod-eu/cidrs', { cidr: '10.64.0.0/16' })
    const child = await makePool({ parentPoolId: 'prod-eu', name: 'web tier', locale: azure })
    assert.equal(child.parentPoolId, pool.poolId)
    const children = await world.get<{ items: readonly Pool[] }>('/pools?parentPoolId=prod-eu')
    assert.deepEqual(
      children.items.map(({ poolId }) => poolId),
      [child.poolId],
    )
    assert.equal((await world.get<Pool>('/pools/web%20tier')).poolId, child.poolId)
    const policy = await world.post<Policy>('/policies', { ipamId: 'corp', name: 'by name' })
    const rules = [{ poolId: 'prod-eu' }]
    const path = '/policies/by%20name/documents/azure:westeurope/azure:virtual-network'
    const document = await world.ask<{ rules: readonly object[] }>('PUT', path, { body: { rules } })
    assert.deepEqual(document.body.rules, [{ poolId: pool.poolId }], JSON.stringify(document.body))
    const twice = { rules: [...rules, { poolId: pool.poolId }] }
    assert.equal((await world.ask<Problem>('PUT', path, { body: twice })).body.code, 'InvalidParameterValue')
    assert.equal(
      (await patch<Policy>('/policies/by%20name', { contact: 'net@example.com' })).contact,
      'net@example.com',
    )
    await world.ask('PUT', `/policies/by%20name/assignments/${shop}`, { body: {} })
    const page = await world.get<{ items: readonly { policyId: string }[] }>('/assignments?policyId=by%20name')
    assert.deepEqual(
      page.items.map(({ policyId }) => policyId),
      [policy.policyId],
    )
    assert.equal((await world.ask('DELETE', `/policies/by%20name/assignments/${shop}`)).status, 204)
  })

  test('where several have it, with what they are under', async () => {
    const [one, two] = [await makePool({ name: 'north' }), await makePool({ name: 'south' })]
    const a = await makePool({ parentPoolId: one.poolId, name: 'dmz' })
    const b = await makePool({ parentPoolId: two.poolId, name: 'dmz' })
    const { code, detail } = await refused('GET', '/pools/dmz')
    assert.equal(code, 'InvalidParameterValue')
    assert.ok(detail.includes(`\`${a.poolId}\` (${ipam.privateScopeId}/north/dmz)`), detail)
    assert.equal((await world.get<Pool>('/pools/north%2Fdmz')).poolId, a.poolId)
    assert.equal((await world.get<Pool>(`/pools/${ipam.privateScopeId}%2Fsouth%2Fdmz`)).poolId, b.poolId)
    assert.equal((await world.get<Pool>(`/pools/corp%2F${ipam.privateScopeId}%2Fsouth%2Fdmz`)).poolId, b.poolId)
    for (const path of ['/pools/west%2Fdmz', '/pools/south%2Fnorth%2Fdmz', '/pools/no-such-name', '/pools/dmz%2F']) {
      assert.equal((await refused('GET', path)).code, 'NotFound', path)
    }
  })

  test('Z4 a name with a slash is not taken for a thing with what it is under', async () => {
    const parent = await makePool({ name: 'slashed' })
    await world.post(`/pools/${parent.poolId}/cidrs`, { cidr: '10.201.0.0/16' })
    const child = await makePool({ name: 'child', parentPoolId: parent.poolId })
    assert.equal((await world.get<Pool>('/pools/slashed%2Fchild')).poolId, child.poolId)
    const other = await makePool({ name: 'slashed/child' })
    const { code, detail } = await refused('GET', '/pools/slashed%2Fchild')
    assert.equal(code, 'InvalidParameterValue')
    for (const { poolId } of [child, other]) assert.match(detail, new RegExp(poolId))
    await patch(`/pools/${other.poolId}`, { name: null })
    assert.equal((await world.get<Pool>('/pools/slashed%2Fchild')).poolId, child.poolId)
  })

  test('I8 what a pool is under is no part of a path for whoever does not see it, and no refusal tells it', async () => {
    const parent = await makePool({ name: 'SECRET' })
    await world.post(`/pools/${parent.poolId}/cidrs`, { cidr: '10.202.0.0/16' })
    const shared = { sharedWith: [lab], locale: 'us-east-1' }
    const child = await makePool({ name: 'shown', parentPoolId: parent.poolId, ...shared })
    await world.post(`/pools/${child.poolId}/cidrs`, { cidr: '10.202.1.0/24' })
    const as = await world.tokenOf('user:of-lab', 'resource-operator', lab)
    const host = { account: lab, resourceType: 'onprem:host', locale: 'us-east-1' }
    const ask = (poolId: string) => world.ask<Problem>('POST', '/allocations', { body: { ...host, poolId }, as })
    assert.equal((await ask('shown')).status, 201)
    for (const guess of ['SECRET/shown', 'OTHER/shown', `${parent.poolId}/shown`, 'corp/shown']) {
      assert.equal((await ask(guess)).status, 404, guess)
    }
    await makePool({ name: 'shown', ...shared })
    const { status, body } = await ask('shown')
    assert.equal(status, 400)
    assert.doesNotMatch(body.detail, /SECRET|ipam-scope|corp/)
    assert.match(body.detail, new RegExp(child.poolId))
  })

  test('D2 what an account may take from is found once for all names of a request', async () => {
    const as = await world.tokenOf('user:many-names', 'resource-operator', lab)
    const pools = Array.from({ length: 12 }, (_, index) => `one of many ${index}`)
    for (const name of pools) await makePool({ name, sharedWith: [lab] })
    const expiresAt = new Date(Date.UTC(2026, 0, 1, 1)).toISOString()
    const original = Overlaid.prototype.values
    /** How often all pools or nodes are gone through. */
    const passesFor = async (names: readonly string[]): Promise<number> => {
      let passes = 0
      Overlaid.prototype.values = function (this: Overlaid<unknown, unknown>) {
        passes++
        return original.call(this)
      }
      try {
        const pair = { locale: 'us-east-1', resourceType: 'onprem:host' }
        const body = { target: lab, ...pair, grants: { pools: names }, reason: 'many names', expiresAt }
        const { status, body: answer } = await world.ask('POST', '/exceptions', { body, as })
        assert.equal(status, 201, JSON.stringify(answer))
      } finally {
        Overlaid.prototype.values = original
      }
      return passes
    }
    await passesFor(pools.slice(0, 1))
    assert.equal(await passesFor(pools), await passesFor(pools.slice(0, 2)))
  })

  test('D7 what is looked through for a batch does not grow with the accounts that it names', async () => {
    const count = 12
    const as = await world.tokenOf('user:many-accounts', 'resource-operator', workloads)
    const names = Array.from({ length: count }, (_, index) => `for many ${index}`)
    for (const name of names) await makePool({ name, sharedWith: [workloads] })
    const accounts: string[] = []
    for (const name of names) {
      const { account } = await world.post<{ account: string }>('/accounts', { name, parentId: workloads })
      accounts.push(account)
    }
    const original = Overlaid.prototype.values
    const passesFor = async (many: number): Promise<number> => {
      let passes = 0
      Overlaid.prototype.values = function (this: Overlaid<unknown, unknown>) {
        passes++
        return original.call(this)
      }
      try {
        const pair = { locale: 'us-east-1', resourceType: 'custom', netmaskLength: 28 }
        const allocations = names.slice(0, many).map((poolId, index) => ({ account: accounts[index], ...pair, poolId }))
        const { body } = await world.ask<Problem>('POST', '/allocations/batch?dryRun=true', {
          body: { allocations },
          as,
        })
        assert.equal(body.code, 'Exhausted', JSON.stringify(body))
      } finally {
        Overlaid.prototype.values = original
      }
      return passes
    }
    await passesFor(1)
    assert.equal(await passesFor(count), await passesFor(2))
  })

  test('D7 what things alike are under is read once for all names of a request', async () => {
    const [count, many] = [12, 20]
    const above: string[] = []
    for (let index = 0; index < count; index++) above.push((await makePool({ name: `above ${index}` })).poolId)
    for (let index = 0; index < many; index++) {
      const { poolId } = await makePool({ parentPoolId: above[index % count]! })
      // Over EC2 any number of things are called alike.
      await tag(poolId, 'below')
    }
    const original = Pools.prototype.chainsOf
    let asked = 0
    Pools.prototype.chainsOf = function (this: Pools, ids) {
      asked += ids.length
      return original.call(this, ids)
    }
    try {
      const pair = { locale: 'us-east-1', resourceType: 'onprem:host' }
      const pools = Array.from({ length: count - many + count }, (_, index) => `above ${count - 1 - index}/below`)
      const expiresAt = new Date(Date.UTC(2026, 0, 1, 1)).toISOString()
      const body = { target: lab, ...pair, grants: { pools }, reason: 'alike', expiresAt }
      const { status, body: answer } = await world.ask('POST', '/exceptions', { body })
      assert.equal(status, 201, JSON.stringify(answer))
    } finally {
      Pools.prototype.chainsOf = original
    }
    assert.equal(asked, many)
  })

  test('I8 of what the caller sees alone: others neither answer to theirs nor make it ambiguous', async () => {
    const theirs = await world.post<Ipam>('/ipams', { account: shop, region: 'us-east-1', name: 'ours' })
    const pool = await world.post<Pool>('/pools', {
      scopeId: theirs.privateScopeId,
      family: 'ipv4',
      name: 'hidden twin',
    })
    const hidden = await makePool({ name: 'hidden twin' })
    const only = await makePool({ name: 'network only' })
    assert.equal((await world.get<Pool>('/pools/hidden%20twin', { as: auditor })).poolId, pool.poolId)
    assert.notEqual(hidden.poolId, pool.poolId)
    // Whoever sees both means the one of the IPAM administrator: nobody below takes its name from it. Of two below, neither is taken.
    assert.equal((await world.get<Pool>('/pools/hidden%20twin')).poolId, hidden.poolId)
    assert.equal((await world.get<Ipam>('/ipams/ours')).ipamId, theirs.ipamId)
    const beside = await world.post<Ipam>('/ipams', { account: lab, region: 'us-east-1', name: 'ours' })
    assert.equal((await refused('GET', '/ipams/ours')).code, 'InvalidParameterValue')
    const central = await world.post<Ipam>('/ipams', { account: network, region: 'eu-central-1', name: 'ours' })
    assert.equal((await world.get<Ipam>('/ipams/ours')).ipamId, central.ipamId)
    for (const { ipamId } of [beside, central])
      assert.equal((await world.ask('DELETE', `/ipams/${ipamId}?cascade=true`)).status, 204)
    for (const [there, absent] of [
      ['network only', 'no such name'],
      [only.poolId, 'ipam-pool-0123456789abcdef0'],
    ] as const) {
      const [one, other] = await Promise.all(
        [there, absent].map((name) => refused('GET', `/pools/${encodeURIComponent(name)}`, undefined, auditor)),
      )
      assert.deepEqual([one!.code, one!.detail], [other!.code, other!.detail.replace(absent, there)])
    }
  })

  test('a pool of others by whoever takes space of it for an account that may use it', async () => {
    const pool = await makePool({ name: 'lent', sharedWith: [shop], locale: azure })
    await world.post('/pools/lent/cidrs', { cidr: '10.90.0.0/24' })
    const operator = await world.tokenOf('user:otto', 'resource-operator', workloads)
    const wanted = { resourceType: 'azure:virtual-network', locale: azure, poolId: 'lent', netmaskLength: 28 }
    const taken = (account: string) =>
      world.ask<{ poolId: string; code: string }>('POST', '/allocations', {
        body: { ...wanted, account },
        as: operator,
      })
    const got = await taken(shop)
    assert.deepEqual([got.status, got.body.poolId], [201, pool.poolId], JSON.stringify(got.body))
    assert.equal((await taken(lab)).body.code, 'NotFound')
  })

  test('D8 nobody makes a pool’s name ambiguous for an account by sharing one of that name with it', async () => {
    const meant = await makePool({ name: 'dev', sharedWith: [shop], locale: azure })
    await world.post('/pools/dev/cidrs', { cidr: '10.91.0.0/24' })
    const theirs = await world.post<Ipam>('/ipams', { account: lab, region: 'us-east-1' })
    const params = { scopeId: theirs.privateScopeId, family: 'ipv4', locale: azure, sharedWith: [shop] }
    await world.post<Pool>('/pools', { ...params, name: 'dev' })
    const unasked = await world.post<Pool>('/pools', { ...params, name: 'given' })
    await world.post(`/pools/${unasked.poolId}/cidrs`, { cidr: '10.92.0.0/24' })
    const as = await world.tokenOf('user:olga', 'resource-operator', shop)
    const wanted = { account: shop, resourceType: 'azure:virtual-network', locale: azure, netmaskLength: 28 }
    const taken = async (poolId: string) =>
      (await world.ask<{ poolId?: string }>('POST', '/allocations', { body: { ...wanted, poolId }, as })).body.poolId
    assert.equal(await taken('dev'), meant.poolId)
    // What nobody else is called is found by its name all the same.
    assert.equal(await taken('given'), unasked.poolId)
  })
})

describe('names and contacts are told', () => {
  interface Denial extends Problem {
    readonly policyId?: string
    readonly policyName?: string
    readonly poolName?: string
    readonly contact?: string
    readonly decisionId?: string
  }
  let small: Pool
  let other: Pool
  let policy: Policy
  before(async () => {
    const scopeId = ipam.publicScopeId
    const spec = { scopeId, awsService: 'ec2', publicIpSource: 'byoip', sharedWith: [shop] }
    small = await makePool({ ...spec, name: 'edge', contact: 'capacity@example.com' })
    other = await makePool({ ...spec, name: 'legacy' })
    await world.post('/pools/edge/cidrs', { cidr: '203.0.113.4/31' })
    await world.post('/pools/legacy/cidrs', { cidr: '203.0.113.8/30' })
    policy = await world.post<Policy>('/policies', {
      ipamId: 'corp',
      name: 'edge rules',
      contact: 'policy@example.com',
    })
    const path = `/policies/${policy.policyId}`
    await world.ask('PUT', `${path}/documents/us-east-1/eip`, { body: { rules: [{ poolId: 'edge' }] } })
    await world.ask('PUT', `${path}/assignments/${shop}`, { body: {} })
  })
  const allocate = async (params: object): Promise<Denial> =>
    (
      await world.ask<Denial>('POST', '/allocations', {
        body: { account: shop, resourceType: 'eip', locale: 'us-east-1', ...params },
      })
    ).body
  const overEc2 = async (input: object): Promise<string> => {
    const refused = await world.call('AllocateAddress', input, { account: shop }).catch((error: unknown) => error)
    return wordingOf((refused as Refused).refusal, 'ec2').message
  }

  test('by a denial: what the policy and the pools are called, and whom to ask about the policy', async () => {
    const named = `Policy \`${policy.policyId}\` (edge rules) version 2, enabled on \`${shop}\`, does not let you choose \`${other.poolId}\` (legacy); allowed: \`${small.poolId}\` (edge).`
    const whom = `For an exception, ask account ${network} (policy@example.com), the owner of policy \`${policy.policyId}\` (edge rules)`
    const message = await overEc2({ IpamPoolId: other.poolId })
    assert.ok(message.includes(named) && message.includes(whom), message)
    const denied = await allocate({ poolId: 'legacy' })
    assert.deepEqual(
      [denied.code, denied.policyName, denied.contact],
      ['DeniedByPolicy', 'edge rules', 'policy@example.com'],
    )
    assert.ok(denied.detail.includes(named), denied.detail)
    const explained = await world.get<{ messages: { standard: string; long: string }; failed: { contact: string } }>(
      `/decisions/${denied.decisionId}/explanation`,
    )
    assert.equal(explained.failed.contact, 'policy@example.com')
    for (const text of Object.values(explained.messages).slice(1)) assert.ok(text.includes(named), text)
  })

  test('by a pool that is full: whom to ask about the pool', async () => {
    for (let taken = 0; taken < 2; taken++) await world.call('AllocateAddress', {}, { account: shop })
    const message = await overEc2({})
    assert.ok(message.includes(`For space in pool \`${small.poolId}\` (edge), ask capacity@example.com.`), message)
    assert.ok(message.includes('(policy@example.com)'), message)
    const full = await allocate({})
    assert.deepEqual([full.code, full.poolName, full.contact], ['Exhausted', 'edge', 'capacity@example.com'])
    // Without contacts of their own, it is their owner's.
    await patch('/pools/edge', { contact: null })
    await patch('/policies/edge%20rules', { contact: null })
    await patch(`/accounts/${network}`, { contact: 'network@example.com' })
    assert.ok((await overEc2({})).includes(`ask account ${network} (network@example.com), the owner of policy`))
  })

  test('by what is in force, by exceptions and in trees; and by nobody to whom they are hidden', async () => {
    const effective = (as?: string) =>
      world.get<{ names: object }>(`/effective-policies?node=${shop}&locale=us-east-1&resourceType=eip`, { as })
    const own = { [small.poolId]: 'edge' }
    assert.deepEqual((await effective()).names, { ...own, [policy.policyId]: 'edge rules' })
    assert.deepEqual((await effective(auditor)).names, own)
    const asked = {
      target: shop,
      locale: 'us-east-1',
      resourceType: 'eip',
      grants: { pools: ['legacy'] },
      reason: 'a migration',
      expiresAt: new Date((await world.store.read(async ({ now }) => now)) + 3_600_000).toISOString(),
    }
    const { exceptionId, names } = await world.post<{ exceptionId: string; names: object }>('/exceptions', asked)
    assert.deepEqual(names, { [other.poolId]: 'legacy' })
    // What a thing beside it is called is no part of its state.
    const path = `/exceptions/${exceptionId}`
    const before = await world.ask('GET', path)
    await patch('/pools/legacy', { name: 'old legacy' })
    const after = await world.ask<{ names: object }>('GET', path)
    assert.deepEqual(after.body.names, { [other.poolId]: 'old legacy' })
    assert.equal(after.headers.etag, before.headers.etag)
    const { items } = await world.get<{ items: readonly Pool[] }>(`/pools/tree?scopeId=${ipam.publicScopeId}`)
    assert.deepEqual(items.map(({ name }) => name).sort(), ['edge', 'old legacy'])
    const found = await world.get<{ objects: readonly { items: readonly { id: string; name: string }[] }[] }>(
      '/find?q=edge%20rules',
    )
    assert.deepEqual(
      found.objects.map((group) => group.items.map(({ id, name }) => [id, name])),
      [[[policy.policyId, 'edge rules']]],
    )
    const places = await world.get<{ places: readonly { chain: readonly { name?: string }[]; policy?: object }[] }>(
      '/find?q=203.0.113.4',
    )
    assert.equal(places.places[0]!.chain[0]!.name, 'edge')
    assert.match(JSON.stringify(places.places[0]!.policy), /"policyName":"edge rules"/)
  })
})

describe('networks and other allocations', () => {
  interface Entry extends Named {
    readonly allocationId: string
    readonly state: string
  }
  interface Resource extends Named {
    readonly resourceId: string
  }
  const wanted = { resourceType: 'azure:virtual-network', locale: azure, poolId: 'networks', netmaskLength: 24 }
  const take = (params: object) => world.post<Entry>('/allocations', { account: shop, ...wanted, ...params })
  before(async () => {
    await makePool({ name: 'networks', locale: azure, sharedWith: [shop, lab] })
    await world.post('/pools/networks/cidrs', { cidr: '10.120.0.0/16' })
  })

  test('have names that are told apart among those that an account has of a pool', async () => {
    const one = await take({ name: 'hub', resourceId: 'vnet-1' })
    assert.deepEqual([one.name, one.tags], ['hub', { Name: 'hub' }])
    const again = await refused('POST', '/allocations', { account: shop, ...wanted, name: 'hub' })
    assert.deepEqual([again.code, again.detail.includes('`hub`')], ['AlreadyExists', true])
    // Whatever others call theirs: nobody learns of it (I8).
    await take({ account: lab, name: 'hub' })
    const spoke = await take({ tags: { Name: 'spoke', team: 'a' } })
    const path = `/allocations/${spoke.allocationId}`
    assert.equal((await refused('PATCH', path, { name: 'hub' })).code, 'AlreadyExists')
    assert.deepEqual((await patch<Entry>(path, { tags: { team: 'b' } })).tags, { Name: 'spoke', team: 'b' })
    assert.equal((await patch<Entry>(path, { name: 'spoke 2' })).name, 'spoke 2')
    assert.equal((await world.get<Entry>('/allocations/spoke%202')).allocationId, spoke.allocationId)
    assert.equal((await world.get<Entry>('/allocations/networks%2Fspoke%202')).allocationId, spoke.allocationId)
    assert.equal((await refused('GET', '/allocations/hub')).code, 'InvalidParameterValue')
    assert.equal((await world.get<Entry>('/allocations/hub', { as: auditor })).allocationId, one.allocationId)
    assert.equal((await world.get<Resource>('/resources/vnet-1')).name, 'hub')
    const held = await take({ name: 'planned', hold: { expiresInSeconds: 60 } })
    assert.deepEqual([held.state, held.name], ['held', 'planned'])
    const renamed = await patch<Entry>(`/allocations/${held.allocationId}`, { name: 'put off' })
    assert.deepEqual([renamed.name, renamed.tags], ['put off', { Name: 'put off' }])
    await world.post(`/allocations/${held.allocationId}/confirm`, {})
    assert.equal((await world.get<Entry>('/allocations/put%20off')).state, 'allocated')
    assert.equal((await world.ask('DELETE', '/allocations/spoke%202')).status, 204)
  })

  test('of EC2 go by their tag, and are shown by it where one alone that the caller sees has it', async () => {
    const vpcOf = async (account: string, CidrBlock: string, Value: string): Promise<string> => {
      const TagSpecifications = [{ ResourceType: 'vpc' as const, Tags: [{ Key: 'Name', Value }] }]
      return (await world.call('CreateVpc', { CidrBlock, TagSpecifications }, { account })).Vpc!.VpcId!
    }
    const own = await vpcOf(shop, '10.1.0.0/16', 'shop net')
    const theirs = await vpcOf(network, '10.1.0.0/16', 'shop net')
    const both = await refused('GET', '/resources/shop%20net')
    assert.ok(both.detail.includes(`\`${own}\``) && both.detail.includes(`\`${theirs}\``), both.detail)
    const shown = await world.get<Resource>('/resources/shop%20net', { as: auditor })
    assert.deepEqual([shown.resourceId, shown.name], [own, 'shop net'])
    assert.equal((await refused('GET', '/resources/nowhere', undefined, auditor)).code, 'NotFound')
    const list = await world.get<{ items: readonly Resource[] }>(`/resources?account=${shop}&resourceType=vpc`)
    assert.deepEqual(
      list.items.map(({ resourceId, name }) => [resourceId, name]),
      [[own, 'shop net']],
    )
  })
})
