// The ways around a policy that the native API could be, tried over it.
import assert from 'node:assert/strict'
import { dev, lab, network, prod, refusalOf, root, shop, stranger } from '../acme.ts'
import type { Sent } from '../native-world.ts'
import { managementAccount } from '../world.ts'
import { breakGlass, findingsOf } from './break-glass.ts'
import { overChanges } from './changes.ts'
import { overSources } from './sources.ts'
import { type Attempts, type Guarded, hourMs, otherSpellings, restSeconds } from './way.ts'

interface Allocation {
  readonly allocationId: string
  readonly address: string
  readonly cidr: string
  readonly poolId?: string
  readonly resourceId?: string
  readonly tags: object
  readonly decisionId: string
}
interface Problem {
  readonly code: string
  readonly field?: string
  readonly decisionId?: string
  readonly index?: number
}
interface Page<Item> {
  readonly items: readonly Item[]
}
type Said = Allocation & Problem

/** Asks for an Elastic IP of an account; as the administrator, unless a token is given. */
const ask = (acme: Guarded, account: string, params: object = {}, sent: Sent = {}) =>
  acme.ask<Said>('POST', '/allocations', {
    ...sent,
    body: { account, resourceType: 'eip', locale: 'us-east-1', ...params },
  })
async function take(acme: Guarded, account: string, params: object = {}, sent: Sent = {}): Promise<Allocation> {
  const { status, body } = await ask(acme, account, params, sent)
  assert.equal(status, 201, JSON.stringify(body))
  return body
}
const release = async (acme: Guarded, { allocationId }: Allocation, as?: string): Promise<void> => {
  assert.equal((await acme.ask('DELETE', `/allocations/${allocationId}`, as ? { as } : {})).status, 204)
}
type Asked = ReturnType<typeof ask>
const refuses = async (asked: Asked, status: number, code: string, facts: Partial<Problem> = {}): Promise<Problem> => {
  const answer = await asked
  assert.deepEqual([answer.status, answer.body.code], [status, code], JSON.stringify(answer.body))
  assert.partialDeepStrictEqual(answer.body, facts)
  return answer.body
}
/** A denial is on record, with its trace. */
async function denied(acme: Guarded, asked: Asked): Promise<void> {
  const { decisionId } = await refuses(asked, 403, 'DeniedByPolicy')
  const found = await acme.get<{ outcome: string; trace: unknown[] }>(`/decisions/${decisionId}`)
  assert.equal(found.outcome, 'deny')
  assert.ok(found.trace.length > 0)
}
const allocationsOf = async (acme: Guarded, account: string) =>
  (await acme.get<Page<Allocation>>(`/allocations?account=${account}`)).items
/** Shares a pool with the whole organization. */
const share = async (acme: Guarded, pool: string): Promise<string> => {
  assert.equal((await acme.ask('PATCH', `/pools/${pool}`, { body: { sharedWith: [root] } })).status, 200)
  return pool
}
const rest = (acme: Guarded) => acme.ask('PATCH', `/pools/${acme.listed}`, { body: { quarantineSeconds: restSeconds } })
const documentPath = (policy: string, type = 'eip', locale = 'us-east-1') =>
  `/policies/${policy}/documents/${locale}/${type}`
/** Writes the document of the law, which replaces it as a whole. */
async function put(acme: Guarded, pools: readonly (string | object)[], more: object = {}, type = 'eip'): Promise<void> {
  const rules = pools.map((pool) => (typeof pool === 'string' ? { poolId: pool } : pool))
  const { status, body } = await acme.ask('PUT', documentPath(acme.law, type), { body: { rules, ...more } })
  assert.equal(status, 200, JSON.stringify(body))
}
async function enable(acme: Guarded, policy: string, target: string): Promise<void> {
  const { status, body } = await acme.ask('PUT', `/policies/${policy}/assignments/${target}`, { body: {} })
  assert.equal(status, 200, JSON.stringify(body))
}

/** A public pool of an account's own IPAM. */
async function ownPool(acme: Guarded, account: string): Promise<string> {
  const { publicScopeId } = await acme.post<{ publicScopeId: string }>('/ipams', { account, region: 'us-east-1' })
  const { poolId } = await acme.post<{ poolId: string }>('/pools', {
    scopeId: publicScopeId,
    family: 'ipv4',
    locale: 'us-east-1',
    awsService: 'ec2',
    publicIpSource: 'byoip',
  })
  return poolId
}

export const overNative: Attempts = {
  /** By whom that may, and by who is in no organization: neither equal, nor a part, nor around it; and nobody learns whose it is. */
  async 'public space provisioned a second time'(acme) {
    for (const account of [lab, stranger]) {
      const poolId = await ownPool(acme, account)
      for (const cidr of ['203.0.100.0/28', '203.0.100.3/32', '203.0.0.0/16']) {
        const answer = await acme.ask<{ code: string; detail: string }>('POST', `/pools/${poolId}/cidrs`, {
          body: { cidr },
        })
        assert.deepEqual([answer.status, answer.body.code], [409, 'CidrConflict'])
        assert.ok(answer.body.detail.includes(`The public CIDR ${cidr} is already provisioned`), answer.body.detail)
        assert.ok(!answer.body.detail.includes(acme.listed))
      }
      assert.deepEqual((await acme.get<Page<object>>(`/pools/${poolId}/cidrs`)).items, [])
    }
    assert.equal((await take(acme, shop)).poolId, acme.listed)
  },

  /** Whatever role the caller has: it is the account of the pool that may or may not. */
  async 'public space provisioned by who may not'(acme) {
    for (const account of [shop, managementAccount]) {
      const poolId = await ownPool(acme, account)
      const ipamAdministrator = await acme.tokenOf(`user:ipam-of-${account}`, 'ipam-administrator', '*')
      for (const as of [undefined, ipamAdministrator]) {
        const sent = { body: { cidr: '192.0.2.0/24' }, ...(as ? { as } : {}) }
        const answer = await acme.ask<{ code: string }>('POST', `/pools/${poolId}/cidrs`, sent)
        assert.deepEqual([answer.status, answer.body.code], [403, 'NotAuthorized'])
      }
      assert.deepEqual((await acme.get<Page<object>>(`/pools/${poolId}/cidrs`)).items, [])
    }
  },

  /** The network is of EC2's model: it stays while a pool that was made here plans it, and what it holds is not released beside it. */
  async 'a planning pool that outlives its network'(acme) {
    const parent = await acme.pool({ scope: 'private', cidr: '10.60.0.0/15' })
    await share(acme, parent)
    const params = { Ipv4IpamPoolId: parent, Ipv4NetmaskLength: 16 }
    const { VpcId = '', CidrBlock = '' } = (await acme.call('CreateVpc', params, { account: shop })).Vpc!
    const { poolId } = await acme.post<{ poolId: string }>('/pools', {
      scopeId: acme.privateScope,
      family: 'ipv4',
      locale: 'us-east-1',
      sourceVpcId: VpcId,
    })
    await acme.post(`/pools/${poolId}/cidrs`, { cidr: CidrBlock })
    const told = await refusalOf(acme.call('DeleteVpc', { VpcId }, { account: shop }))
    assert.equal(told.code, 'DependencyViolation')
    assert.ok('problem' in told && told.problem?.includes(poolId))
    const [held] = await allocationsOf(acme, shop)
    await refuses(acme.ask('DELETE', `/allocations/${held!.allocationId}`) as Asked, 422, 'NotSupported')
    assert.equal((await acme.ask('DELETE', `/pools/${poolId}?cascade=true`)).status, 204)
    await acme.call('DeleteVpc', { VpcId }, { account: shop })
  },

  /** Naming one that is not listed is denied, whoever asks and however often. */
  async 'explicit pool'(acme) {
    const other = await share(acme, await acme.pool())
    for (const account of [shop, lab, network, managementAccount]) {
      await denied(acme, ask(acme, account, { poolId: other }))
    }
    await denied(acme, ask(acme, shop, { poolId: other }, { as: acme.shopOperator }))
    await denied(acme, ask(acme, shop, { poolId: other, hold: { expiresInSeconds: 60 } }))
    const batch = { allocations: [{ account: shop, resourceType: 'eip', locale: 'us-east-1', poolId: other }] }
    await denied(acme, acme.ask<Said>('POST', '/allocations/batch', { body: batch }))
    assert.equal((await take(acme, shop, { poolId: acme.listed })).poolId, acme.listed)
  },

  /** Neither an address of another pool, nor of the provider, nor beside the pool that is named; no allocation of others. */
  async 'explicit address or allocation id'(acme) {
    const other = await share(acme, await acme.pool())
    for (const params of [
      { cidr: '203.0.101.3' },
      { cidr: '203.0.101.3/32', poolId: other },
      { cidr: '198.18.0.3' },
      { cidr: '8.8.8.8' },
    ]) {
      await denied(acme, ask(acme, shop, params))
      await denied(acme, ask(acme, shop, { ...params, hold: { expiresInSeconds: 60 } }))
    }
    assert.ok((await ask(acme, shop, { cidr: '203.0.101.3', poolId: acme.listed })).status >= 400)
    assert.equal((await take(acme, shop, { cidr: '203.0.100.9' })).poolId, acme.listed)

    const foreign = await take(acme, lab)
    const held = await take(acme, lab, { hold: { expiresInSeconds: 60 } })
    for (const { allocationId } of [foreign, held]) {
      for (const [method, verb, body] of [
        ['GET', '', undefined],
        ['PATCH', '', { description: 'mine' }],
        ['DELETE', '', undefined],
        ['POST', '/confirm', {}],
        ['POST', '/hold', { expiresInSeconds: 60 }],
      ] as const) {
        const sent = { body, as: acme.shopOperator }
        const answer = await acme.ask<Problem>(method, `/allocations/${allocationId}${verb}`, sent)
        assert.deepEqual([answer.status, answer.body.code], [404, 'NotFound'], `${method} ${verb}`)
      }
    }
    await refuses(ask(acme, shop, { cidr: held.address }), 409, 'CidrConflict')
    assert.deepEqual(await acme.get(`/allocations/${foreign.allocationId}`), foreign)
    assert.deepEqual(await acme.get(`/allocations/${held.allocationId}`), held)
  },

  /** Neither shared nor listed, it does not exist, by its id or by its addresses. */
  async 'address of another owner’s pool'(acme) {
    const hidden = await acme.pool()
    await refuses(ask(acme, shop, { poolId: hidden }), 403, 'NotShared')
    await denied(acme, ask(acme, shop, { cidr: '203.0.101.3' }))
    const ipam = await acme.post<{ publicScopeId: string }>('/ipams', { account: lab, region: 'us-east-1' })
    const made = await acme.post<{ poolId: string }>('/pools', {
      scopeId: ipam.publicScopeId,
      family: 'ipv4',
      locale: 'us-east-1',
      awsService: 'ec2',
      publicIpSource: 'byoip',
    })
    await acme.post(`/pools/${made.poolId}/cidrs`, { cidr: '203.0.200.0/28' })
    await refuses(ask(acme, shop, { poolId: made.poolId }), 403, 'NotShared')
    await denied(acme, ask(acme, shop, { cidr: '203.0.200.3' }))
    // Whose pool it is does not matter either.
    await denied(acme, ask(acme, lab, { poolId: made.poolId }))
    const seen = await acme.ask('GET', `/pools/${made.poolId}`, { as: acme.shopOperator })
    assert.equal(seen.status, 404)
  },

  /** A document for each, or nothing outside policy; and no locale of another cloud by another name. */
  async 'another Region or locale'(acme) {
    const settings = { body: { unmatched: 'deny' } }
    assert.equal((await acme.ask('PATCH', `/ipams/${acme.ipam}`, settings)).status, 200)
    const there = (params: object = {}) => ask(acme, shop, { locale: 'eu-central-1', ...params })
    await denied(acme, there())
    await refuses(there({ poolId: acme.listed }), 400, 'InvalidParameterValue', { field: 'poolId' })
    await denied(acme, there({ cidr: '203.0.100.3' }))
    const abroad = { resourceType: 'onprem:host', locale: 'onprem:berlin', scopeType: 'private' }
    await denied(
      acme,
      ask(acme, shop, { ...abroad, resourceType: 'azure:public-ip', scopeType: 'public', locale: 'azure:westeurope' }),
    )
    await denied(acme, ask(acme, shop, abroad))
    for (const locale of ['US-EAST-1', 'us-east-1 ', 'mars-1']) {
      await refuses(ask(acme, shop, { locale }), 400, 'InvalidParameterValue', { field: 'locale' })
    }
    const pool = await acme.pool({ locale: 'eu-central-1' })
    const { status } = await acme.ask('PUT', documentPath(acme.law, 'eip', 'eu-central-1'), {
      body: { rules: [{ poolId: pool }] },
    })
    assert.equal(status, 200)
    assert.equal((await there()).body.poolId, pool)
  },

  /** Outside the organization no policy speaks, and its pools do not exist; nobody takes for an account without a role there. */
  async 'another account'(acme) {
    await refuses(ask(acme, stranger, { poolId: acme.listed }), 403, 'NotShared')
    assert.equal((await take(acme, stranger)).poolId, 'provider')
    for (const account of [lab, network, stranger, managementAccount, '555555555555']) {
      await refuses(ask(acme, account, {}, { as: acme.shopOperator }), 404, 'NotFound')
    }
    const outsider = await acme.tokenOf('user:outsider', 'organization-administrator', stranger)
    await refuses(ask(acme, shop, {}, { as: outsider }), 404, 'NotFound')
    assert.equal((await acme.ask('GET', `/pools/${acme.listed}`, { as: outsider })).status, 404)
    assert.deepEqual(await allocationsOf(acme, shop), [])
  },

  async 'a pool that is shared but not listed'(acme) {
    const shared = await share(acme, await acme.pool())
    await denied(acme, ask(acme, shop, { poolId: shared }))
    await put(acme, [acme.listed, shared])
    assert.equal((await take(acme, shop, { poolId: shared })).poolId, shared)
  },

  /** Whoever may write policies for one account overrides no administrator’s, reaches no other account, and lists no foreign pool. */
  async 'a policy of the account’s own'(acme) {
    const as = await acme.tokenOf('user:shop-author', 'policy-author', shop)
    const { ipamId } = await acme.post<{ ipamId: string }>('/ipams', { account: shop, region: 'us-east-1' })
    const params = { ipamId, compatibility: 'aws' }
    const { policyId } = await acme.post<{ policyId: string }>('/policies', params, { as })
    const body = { rules: [{ poolId: acme.listed }] }
    const listing = await acme.ask<Problem>('PUT', documentPath(policyId), { body, as })
    assert.ok([400, 404].includes(listing.status), JSON.stringify(listing.body))
    const own = await acme.ask('PUT', `/policies/${policyId}/assignments/${shop}`, { body: {}, as })
    assert.equal(own.status, 200)
    assert.equal((await take(acme, shop)).poolId, acme.listed)
    for (const target of [lab, prod, root]) {
      const answer = await acme.ask('PUT', `/policies/${policyId}/assignments/${target}`, { body: {}, as })
      assert.equal(answer.status, 404, target)
    }
    for (const method of ['PUT', 'DELETE'] as const) {
      const sent = { as, ...(method === 'PUT' ? { body: { mode: 'observe' } } : {}) }
      assert.equal((await acme.ask(method, `/policies/${acme.law}/assignments/${root}`, sent)).status, 404)
      assert.equal((await acme.ask(method, `/policies/${acme.law}/assignments/${shop}`, sent)).status, 404)
    }
    const instead = { body: { replaces: acme.law }, as }
    assert.ok((await acme.ask('PUT', `/policies/${policyId}/assignments/${shop}`, instead)).status >= 400)
    assert.equal((await take(acme, shop)).poolId, acme.listed)
  },

  /** Opens nothing that the administrator's IPAM keeps shut, and is told as one that does not count. */
  async 'a policy of the account’s own, where nothing is given outside policy'(acme) {
    assert.equal((await acme.ask('DELETE', `/policies/${acme.law}/assignments/${root}`)).status, 204)
    const [as, author] = [acme.shopOperator, await acme.tokenOf('user:shop-author', 'policy-author', shop)]
    const own = await ownPool(acme, shop)
    const { items: ipams } = await acme.get<Page<{ ipamId: string; account: string }>>('/ipams')
    const { ipamId } = ipams.find(({ account }) => account === shop)!
    const { policyId } = await acme.post<{ policyId: string }>('/policies', { ipamId }, { as: author })
    const body = { rules: [{ poolId: own }], onExplicit: 'allow', onExhausted: 'provider' }
    assert.equal((await acme.ask('PUT', documentPath(policyId), { body, as: author })).status, 200)
    assert.equal(
      (await acme.ask('PUT', `/policies/${policyId}/assignments/${shop}`, { body: {}, as: author })).status,
      200,
    )
    await acme.ask('PATCH', `/ipams/${acme.ipam}`, { body: { unmatched: 'deny' } })
    await denied(acme, ask(acme, shop, {}, { as }))
    await denied(acme, ask(acme, shop, { poolId: own }, { as }))
    const { selfEnabled } = await acme.get<{ selfEnabled: { counts: boolean; document?: object } }>(
      `/effective-policies?node=${shop}&locale=us-east-1&resourceType=eip`,
    )
    assert.deepEqual([selfEnabled.counts, selfEnabled.document !== undefined], [false, true])
    await acme.ask('PATCH', `/ipams/${acme.ipam}`, { body: { unmatched: 'provider' } })
    assert.equal((await take(acme, shop)).poolId, 'provider')
  },

  /** Others never early, by taking or by holding; the previous owner only where policy lets it. */
  async 're-allocating a released address'(acme) {
    await rest(acme)
    const first = await take(acme, shop)
    const cidr = first.address
    await release(acme, first)
    for (const hold of [undefined, { expiresInSeconds: 60 }]) {
      await refuses(ask(acme, lab, { cidr, hold }), 409, 'CidrConflict')
      await refuses(ask(acme, network, { cidr, poolId: acme.listed, hold }), 409, 'CidrConflict')
    }
    assert.notEqual((await take(acme, lab)).address, cidr)

    // Once it belonged to shop: no claim against a policy that has changed since.
    await put(acme, [await acme.pool()])
    await denied(acme, ask(acme, shop, { cidr }))
    await refuses(ask(acme, shop, { cidr, poolId: acme.listed }), 403, 'NotShared')
    await put(acme, [acme.listed])
    const again = await take(acme, shop, { cidr })
    assert.deepEqual([again.address, again.allocationId === first.allocationId], [cidr, false])

    await release(acme, again)
    acme.advance(restSeconds * 1000 - 1)
    await refuses(ask(acme, lab, { cidr }), 409, 'CidrConflict')
    acme.advance(1)
    assert.equal((await take(acme, lab, { cidr })).address, cidr)
    await refuses(ask(acme, shop, { cidr }), 409, 'CidrConflict')
  },

  'association of a foreign address': {
    because: 'it associates nothing: that is of EC2’s model',
    unless: /associat(?!edPolicy)/i,
  },

  'NAT gateway with manual addresses': {
    because: 'NAT gateways get their addresses over the EC2 API',
    unless: /natgateway/i,
  },

  /** They open nothing for the next request; and pools and policies are not the operator’s to tag. */
  async 'tags changed after allocation'(acme) {
    await put(acme, [acme.listed], { requiredTags: [{ key: 'env' }] })
    await denied(acme, ask(acme, shop))
    const { allocationId } = await take(acme, shop, { tags: { env: 'prod' } })
    for (const tags of [{ env: 'dev', more: 'x' }, {}]) {
      const changed = await acme.ask<Allocation>('PATCH', `/allocations/${allocationId}`, { body: { tags } })
      assert.deepEqual([changed.status, changed.body.tags], [200, tags])
      await denied(acme, ask(acme, shop))
    }
    const held = await take(acme, shop, { tags: { env: 'prod' }, hold: { expiresInSeconds: 60 } })
    const path = `/allocations/${held.allocationId}`
    assert.equal((await acme.ask('PATCH', path, { body: { tags: { env: 'x' } } })).status, 200)
    const as = acme.shopOperator
    for (const [path, body] of [
      [`/pools/${acme.listed}`, { tags: { env: 'prod' } }],
      [`/pools/${acme.listed}`, { sharedWith: [shop] }],
      [`/policies/${acme.law}`, { tags: { env: 'prod' } }],
    ] as const) {
      // That there is the pool is known to whoever may take from it.
      const expected = path.startsWith('/pools/') ? 403 : 404
      assert.equal((await acme.ask('PATCH', path, { body, as })).status, expected, path)
    }
  },

  /** Tags of the request steer to no other rule, and settings cannot be spelled as tags. */
  async 'tag spoofing'(acme) {
    const premium = await acme.pool()
    const when = { tags: [{ key: 'tier', values: ['premium'] }] }
    await put(acme, [{ poolId: premium, when }, acme.listed])
    assert.equal((await take(acme, shop, { tags: { tier: 'premium' } })).poolId, acme.listed)
    await refuses(ask(acme, shop, { poolId: premium, tags: { tier: 'premium' } }), 403, 'NotShared')
    for (const key of ['cadastre:when', 'cadastre:mode', 'cadastre:shared-with', 'aws:tier']) {
      await refuses(ask(acme, shop, { tags: { [key]: 'premium' } }), 400, 'InvalidParameterValue')
    }
    await put(acme, [{ poolId: premium, when }])
    await denied(acme, ask(acme, shop, { tags: { tier: 'premium' } }))
    const body = { tags: { tier: 'premium' } }
    const own = await acme.ask('PATCH', `/accounts/${shop}`, { body, as: acme.shopOperator })
    assert.ok([403, 404].includes(own.status))
    await denied(acme, ask(acme, shop))
    // Where whoever may do so says it of the account, it holds.
    assert.equal((await acme.ask('PATCH', `/accounts/${shop}`, { body })).status, 200)
    assert.equal((await take(acme, shop)).poolId, premium)
  },

  /** Other parameters are refused, somebody else’s equal key is their own, and none keeps a policy from changing. */
  async 'idempotency token reused'(acme) {
    const headers = { 'idempotency-key': 'key-1' }
    const as = acme.shopOperator
    const first = await take(acme, shop, {}, { headers, as })
    assert.deepEqual(await take(acme, shop, {}, { headers, as }), first)
    await refuses(ask(acme, shop, { cidr: '203.0.100.9' }, { headers, as }), 422, 'IdempotencyMismatch')
    await refuses(ask(acme, lab, {}, { headers, as }), 422, 'IdempotencyMismatch')
    const theirs = await take(acme, lab, {}, { headers, as: acme.labOperator })
    const administrators = await take(acme, shop, {}, { headers })
    assert.equal(new Set([first, theirs, administrators].map(({ address }) => address)).size, 3)
    // What somebody was given can be asked for again, and stays one; what is asked for anew obeys what holds by now.
    const other = await acme.pool()
    await put(acme, [other])
    assert.deepEqual(await take(acme, shop, {}, { headers, as }), first)
    assert.equal((await take(acme, shop, {}, { headers: { 'idempotency-key': 'key-2' }, as })).poolId, other)
    await refuses(ask(acme, shop, { poolId: acme.listed }, { headers, as }), 422, 'IdempotencyMismatch')
    // A refusal uses no key up: it is decided again each time.
    const fresh = { headers: { 'idempotency-key': 'key-3' }, as }
    await denied(acme, ask(acme, shop, { cidr: '203.0.100.9' }, fresh))
    await denied(acme, ask(acme, shop, { cidr: '203.0.100.9' }, fresh))
    assert.equal((await allocationsOf(acme, shop)).length, 3)
  },

  /** What begins after the acknowledgement obeys it, and every decision names its version. */
  async 'a request racing a policy change'(acme) {
    const pools = [acme.listed, await acme.pool({ cidr: '203.0.64.0/24' })] as const
    const versionNow = async () => (await acme.get<{ version: number }>(`/policies/${acme.law}`)).version
    const poolOfVersion = new Map([[await versionNow(), pools[0] as string]])
    const change = async (pool: string): Promise<void> => {
      await put(acme, [pool])
      poolOfVersion.set(await versionNow(), pool)
    }
    const race = () => take(acme, shop)
    const obeys = async (made: Allocation): Promise<void> => {
      const decision = await acme.get<{ poolId: string; policy: { version: number } }>(`/decisions/${made.decisionId}`)
      assert.equal(decision.poolId, made.poolId)
      assert.equal(made.poolId, poolOfVersion.get(decision.policy.version))
      await release(acme, made)
    }
    for (const turn of [0, 1, 2, 3, 4]) {
      const [from, to] = turn % 2 === 0 ? [pools[0], pools[1]] : [pools[1], pools[0]]
      const [before, , meanwhile, late] = await Promise.all([race(), change(to), race(), race()])
      const settled = await race()
      assert.deepEqual([before.poolId, settled.poolId], [from, to])
      for (const made of [before, meanwhile, late, settled]) await obeys(made)
    }
  },

  /** What is asked next is decided there, and nobody moves an account without a say over it and the place it goes to. */
  async 'moving the account to another OU'(acme) {
    const [forProd, forDev] = [await acme.pool(), await acme.pool()]
    for (const [pool, target] of [
      [forProd, prod],
      [forDev, dev],
    ] as const) {
      const { policyId } = await acme.post<{ policyId: string }>('/policies', { ipamId: acme.ipam })
      const body = { rules: [{ poolId: pool }] }
      assert.equal((await acme.ask('PUT', documentPath(policyId), { body })).status, 200)
      await enable(acme, policyId, target)
    }
    const held = await take(acme, shop)
    assert.equal(held.poolId, forProd)
    const move = (as?: string) =>
      acme.ask('POST', `/accounts/${shop}/move`, { body: { parentId: dev }, ...(as ? { as } : {}) })
    assert.ok([403, 404].includes((await move(acme.shopOperator)).status))
    assert.equal((await move(await acme.tokenOf('user:of-shop', 'organization-administrator', shop))).status, 404)
    assert.equal((await move(await acme.tokenOf('user:of-dev', 'organization-administrator', dev))).status, 404)
    assert.equal((await take(acme, shop)).poolId, forProd)

    assert.equal((await move()).status, 200)
    assert.equal((await take(acme, shop)).poolId, forDev)
    await refuses(ask(acme, shop, { poolId: forProd }), 403, 'NotShared')
    assert.deepEqual(await acme.get(`/allocations/${held.allocationId}`), { ...held, poolId: forProd })
    await release(acme, held)
    await denied(acme, ask(acme, shop, { cidr: held.address }))
  },

  /** The pools’ owner, the management account and the organization’s administrator are treated like everybody, and break-glass ends. */
  async 'administrators’ direct writes'(acme) {
    const [open, closed] = [await acme.pool({ scope: 'private' }), await acme.pool({ scope: 'private' })]
    await put(acme, [open], {}, 'custom')
    const unlisted = await acme.pool()
    const custom = { resourceType: 'custom', netmaskLength: 30 }
    await denied(acme, ask(acme, network, { ...custom, poolId: closed }))
    await denied(acme, ask(acme, network, { resourceType: 'custom', scopeType: 'private', cidr: '10.200.0.0/28' }))
    await denied(acme, ask(acme, network, { poolId: unlisted }))
    await denied(acme, ask(acme, network, { cidr: '198.18.0.9' }))
    assert.equal((await take(acme, network, { ...custom, poolId: open })).poolId, open)
    for (const account of [network, managementAccount]) assert.equal((await take(acme, account)).poolId, acme.listed)
    // Networks that live elsewhere come from where policy or the caller says, and never from beside every pool.
    for (const resourceType of ['vpc', 'subnet']) {
      const network4 = { resourceType, cidr: '10.200.0.0/28', scopeType: 'private' }
      await refuses(ask(acme, network, network4), 409, 'NotEligible')
    }
    assert.equal((await take(acme, network, { resourceType: 'rnat' })).poolId, 'provider')

    // Break-glass is an exception with an end, and a finding until somebody else has looked.
    const exceptionId = await breakGlass(acme, unlisted)
    assert.equal((await take(acme, shop, { poolId: unlisted })).poolId, unlisted)
    await refuses(ask(acme, lab, { poolId: unlisted }), 403, 'NotShared')
    acme.advance(24 * hourMs - 1)
    assert.equal((await take(acme, shop, { poolId: unlisted })).poolId, unlisted)
    acme.advance(1)
    await refuses(ask(acme, shop, { poolId: unlisted }), 403, 'NotShared')
    await denied(acme, ask(acme, shop, { cidr: '203.0.101.9' }))
    const findings = ['break-glass-review', 'exception-ended', 'exception-ended']
    assert.deepEqual(await findingsOf(acme, exceptionId), findings)
  },

  /** A clock that goes back and forth ends no quarantine early, and wakes neither a hold nor an exception that is over. */
  async 'clock changes'(acme) {
    await rest(acme)
    const first = await take(acme, shop)
    await release(acme, first)
    const cidr = first.address
    const refusedToLab = () => refuses(ask(acme, lab, { cidr }), 409, 'CidrConflict')
    for (let turn = 0; turn < 10; turn++) {
      for (const jump of [-hourMs, hourMs]) {
        acme.advance(jump)
        await refusedToLab()
      }
    }
    acme.advance(restSeconds * 1000 - 1)
    await refusedToLab()
    acme.advance(1)
    const second = await take(acme, lab, { cidr })
    acme.advance(-hourMs)
    // Released while the clock is an hour behind: the rest is counted from the latest moment that was ever seen.
    await release(acme, second)
    const refusedToShop = () => refuses(ask(acme, shop, { cidr }), 409, 'CidrConflict')
    acme.advance(hourMs + restSeconds * 1000 - 1)
    await refusedToShop()
    acme.advance(1)
    assert.equal((await take(acme, shop, { cidr })).address, cidr)

    const unlisted = await acme.pool()
    const exceptionId = await breakGlass(acme, unlisted)
    const held = await take(acme, shop, { hold: { expiresInSeconds: 60 } })
    acme.advance(24 * hourMs)
    // A moment that was seen stays seen: nothing that is over begins again.
    await refuses(ask(acme, shop, { poolId: unlisted }), 403, 'NotShared')
    acme.advance(-24 * hourMs)
    await refuses(ask(acme, shop, { poolId: unlisted }), 403, 'NotShared')
    assert.equal((await acme.get<{ state: string }>(`/exceptions/${exceptionId}`)).state, 'expired')
    const late = await acme.ask<Problem>('POST', `/allocations/${held.allocationId}/confirm`, { body: {} })
    assert.deepEqual([late.status, late.body.code], [404, 'NotFound'])
  },

  /** Confirming asks policy again: what it denies by now is not confirmed, and what was held lapses. */
  async 'a hold confirmed after the policy changed'(acme) {
    const held = await take(acme, shop, { hold: { expiresInSeconds: 60 } })
    assert.equal(held.poolId, acme.listed)
    const confirm = () => acme.ask<Said>('POST', `/allocations/${held.allocationId}/confirm`, { body: {} })
    await put(acme, [await acme.pool()])
    await denied(acme, confirm())
    await denied(acme, confirm())
    await put(acme, [acme.listed], { requiredTags: [{ key: 'env' }] })
    await denied(acme, confirm())
    assert.equal((await acme.get<{ state: string }>(`/allocations/${held.allocationId}`)).state, 'held')
    const { Addresses } = await acme.call('DescribeAddresses', {}, { account: shop })
    assert.deepEqual(Addresses, [])
    await put(acme, [acme.listed])
    // Extended as far as it goes, it is still nothing that anybody was given.
    const extended = await acme.ask('POST', `/allocations/${held.allocationId}/hold`, {
      body: { expiresInSeconds: 3600 },
    })
    assert.equal(extended.status, 200)
    await put(acme, [await acme.pool()])
    acme.advance(hourMs)
    await refuses(confirm(), 404, 'NotFound')
    assert.deepEqual(await allocationsOf(acme, shop), [])
  },

  /** It leaves nothing: no allocation, no tag, no history; only the denial is on record. */
  async 'a batch with one denied member'(acme) {
    const other = await share(acme, await acme.pool())
    const params = { account: shop, resourceType: 'eip', locale: 'us-east-1', tags: { a: 'b' } }
    const before = await acme.get(`/pools/${acme.listed}/utilization`)
    for (const index of [0, 3]) {
      const allocations = Array.from({ length: 5 }, (_, at) => (at === index ? { ...params, poolId: other } : params))
      const asked = () => acme.ask<Said>('POST', '/allocations/batch', { body: { allocations } })
      await denied(acme, asked())
      await refuses(asked(), 403, 'DeniedByPolicy', { index })
      const held = allocations.map((one) => ({ ...one, hold: { expiresInSeconds: 60 } }))
      const asHolds = acme.ask<Said>('POST', '/allocations/batch', { body: { allocations: held } })
      await refuses(asHolds, 403, 'DeniedByPolicy', { index })
    }
    assert.deepEqual(await acme.get(`/pools/${acme.listed}/utilization`), before)
    assert.deepEqual(await allocationsOf(acme, shop), [])
    assert.deepEqual((await acme.get<Page<object>>('/history/addresses?cidr=203.0.100.0/28')).items, [])
    assert.deepEqual((await acme.call('DescribeTags', {}, { account: shop })).Tags, [])
    const { items } = await acme.get<Page<{ outcome: string }>>(`/decisions?account=${shop}`)
    assert.deepEqual(new Set(items.map(({ outcome }) => outcome)), new Set(['deny']))
  },

  /** It does what its scopes say and nothing more, and makes no token that does. */
  async 'a token with narrower scopes'(acme) {
    const narrow = async (scopes: readonly string[], as?: string) =>
      (await acme.post<{ token: string }>('/tokens', { scopes }, as ? { as } : {})).token
    const reader = await narrow(['read'])
    const taker = await narrow(['allocation'])
    await refuses(ask(acme, shop, {}, { as: reader }), 403, 'NotAuthorized')
    const made = await take(acme, shop, {}, { as: taker })
    assert.equal((await acme.ask('GET', `/allocations/${made.allocationId}`, { as: reader })).status, 200)
    assert.equal((await acme.ask('DELETE', `/allocations/${made.allocationId}`, { as: reader })).status, 403)
    const policy = { rules: [{ poolId: acme.listed }] }
    for (const as of [reader, taker]) {
      for (const [method, path, body] of [
        ['PUT', documentPath(acme.law), policy],
        ['DELETE', `/policies/${acme.law}/assignments/${root}`, undefined],
        ['PATCH', `/pools/${acme.listed}`, { sharedWith: [root] }],
        ['POST', `/accounts/${shop}/move`, { parentId: dev }],
        ['POST', '/role-bindings', { principal: 'user:admin', role: 'auditor', node: shop }],
      ] as const) {
        assert.ok([403, 404].includes((await acme.ask(method, path, { body, as })).status), `${method} ${path}`)
      }
      for (const scopes of [['policy'], ['allocation', 'policy'], []]) {
        const asked = await acme.ask<{ scopes?: string[]; token?: string }>('POST', '/tokens', { body: { scopes }, as })
        if (asked.status >= 400) continue
        // What it was given is as narrow as what it was asked with.
        const { status } = await acme.ask('PUT', documentPath(acme.law), { body: policy, as: asked.body.token })
        assert.ok([403, 404].includes(status), scopes.join())
      }
    }
    assert.equal((await take(acme, shop)).poolId, acme.listed)
  },

  /** Nobody gives themselves, or a friend, what they do not have; nobody lifts what is forbidden to them. */
  async 'roles granting oneself more'(acme) {
    const administrator = await acme.tokenOf('user:shop-admin', 'organization-administrator', shop)
    const author = await acme.tokenOf('user:author', 'policy-author', prod)
    const bind = (as: string, params: object) =>
      acme.ask<Problem & { bindingId: string }>('POST', '/role-bindings', { body: params, as })
    for (const [as, principal] of [
      [administrator, 'user:shop-admin'],
      [administrator, 'user:friend'],
      [author, 'user:author'],
      [acme.shopOperator, 'user:shop-operator'],
    ] as const) {
      for (const node of [root, prod, lab, '*']) {
        for (const role of ['organization-administrator', 'policy-author', 'approver'] as const) {
          const answer = await bind(as, { principal, role, node })
          assert.ok([403, 404].includes(answer.status), `${principal} ${role} ${node}: ${answer.status}`)
        }
      }
    }
    for (const as of [author, acme.shopOperator]) {
      const answer = await bind(as, { principal: 'user:author', role: 'resource-operator', node: shop })
      assert.ok([403, 404].includes(answer.status))
    }
    // What the administrator of everything forbids at shop, the administrator of shop does not lift.
    const forbidden = { principal: 'user:shop-admin', role: 'policy-author', node: shop, effect: 'forbid' }
    const { bindingId } = await acme.post<{ bindingId: string }>('/role-bindings', forbidden)
    const lifted = await acme.ask('DELETE', `/role-bindings/${bindingId}`, { as: administrator })
    assert.equal(lifted.status, 403)
    const again = { principal: 'user:shop-admin', role: 'organization-administrator', node: shop }
    assert.ok((await bind(administrator, again)).status >= 400)
    const token = { principal: 'user:admin', account: managementAccount }
    const asAdmin = await acme.ask('POST', '/tokens', { body: token, as: administrator })
    assert.equal(asAdmin.status, 400)
    assert.equal(
      (await acme.ask('DELETE', `/policies/${acme.law}/assignments/${root}`, { as: administrator })).status,
      404,
    )
  },

  /** Of those who saw the same state, one changes it; a state that is gone changes nothing. */
  async 'If-Match races'(acme) {
    const path = documentPath(acme.law)
    const { headers } = await acme.ask('GET', path)
    const seen = { 'if-match': String(headers.etag) }
    const write = (pool: string) =>
      acme.ask<Problem>('PUT', path, { body: { rules: [{ poolId: pool }] }, headers: seen })
    const pools = [await acme.pool(), await acme.pool(), await acme.pool()]
    const answers = await Promise.all(pools.map(write))
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 412, 412])
    const winner = pools[answers.findIndex(({ status }) => status === 200)]
    assert.equal((await write(acme.listed)).status, 412)
    const held = await take(acme, shop, { hold: { expiresInSeconds: 60 } })
    assert.equal(held.poolId, winner)

    const entry = `/allocations/${held.allocationId}`
    const tag = { 'if-match': String((await acme.ask('GET', entry)).headers.etag) }
    const describe = (description: string) => acme.ask<Problem>('PATCH', entry, { body: { description }, headers: tag })
    const both = await Promise.all([describe('one'), describe('two')])
    assert.deepEqual(both.map(({ status }) => status).sort(), [200, 412])
    const stale = await acme.ask<Problem>('POST', `${entry}/confirm`, { body: {}, headers: tag })
    assert.deepEqual([stale.status, stale.body.code], [412, 'PreconditionFailed'])
    assert.equal((await acme.get<{ state: string }>(entry)).state, 'held')
  },

  async 'an exhausted pool'(acme) {
    const allocations = Array.from({ length: 16 }, () => ({ account: lab, resourceType: 'eip', locale: 'us-east-1' }))
    await acme.post('/allocations/batch', { allocations })
    for (const params of [{}, { poolId: acme.listed }, { hold: { expiresInSeconds: 60 } }]) {
      await refuses(ask(acme, shop, params), 507, 'Exhausted')
    }
    await refuses(ask(acme, shop, { cidr: '203.0.100.3' }), 409, 'CidrConflict')
    const other = await share(acme, await acme.pool())
    await denied(acme, ask(acme, shop, { poolId: other }))
    await denied(acme, ask(acme, shop, { cidr: '198.18.0.3' }))
  },

  /** They stay, and are no claim: neither to a name that an exception is for, nor to being taken again. */
  async 'addresses older than the policy'(acme) {
    const old = await take(acme, shop)
    const next = await acme.pool()
    await put(acme, [next])
    assert.deepEqual(await acme.get(`/allocations/${old.allocationId}`), old)
    const changed = await acme.ask('PATCH', `/allocations/${old.allocationId}`, { body: { description: 'mine' } })
    assert.equal(changed.status, 200)
    await release(acme, old)
    await denied(acme, ask(acme, shop, { cidr: old.address }))
    assert.equal((await take(acme, shop)).poolId, next)
  },

  'an address or CIDR transferred or moved in': {
    because: 'an allocation has one account from beginning to end, and space comes by provisioning alone',
    unless: /transfer|byoip|moveAddress|moveAllocation|import/i,
  },

  /** However it is written it is the address that it is, or none: it gets nothing that its one spelling does not. */
  async 'another spelling of an address'(acme) {
    const other = await share(acme, await acme.pool())
    for (const cidr of otherSpellings) {
      for (const params of [{ cidr }, { cidr, poolId: acme.listed }, { cidr, poolId: other }]) {
        const { status, body } = await ask(acme, shop, params)
        assert.ok([400, 403].includes(status), `${cidr}: ${status} ${body.code}`)
      }
    }
    assert.deepEqual(await allocationsOf(acme, shop), [])
  },

  /** What is checked is what is read: each name once, decoded once, and in its one spelling. */
  async 'duplicate or encoded parameters'(acme) {
    const other = await share(acme, await acme.pool())
    const params = `"account":"${shop}","resourceType":"eip","locale":"us-east-1"`
    for (const body of [
      `{${params},"poolId":"${acme.listed}","poolId":"${other}"}`,
      `{${params},"poolId":"${acme.listed}","pool\\u0049d":"${other}"}`,
      `{${params},"tags":{"a":"1"},"tags":{}}`,
      `{${params},"tags":{"a":"1","a":"2"}}`,
    ]) {
      const answer = await acme.ask<Problem>('POST', '/allocations', { body })
      assert.deepEqual([answer.status, answer.body.code], [400, 'DuplicateParameter'], body)
    }
    for (const body of [`{${params},"PoolId":"${other}"}`, `{${params},"poolId ":"${other}"}`]) {
      const answer = await acme.ask<Problem>('POST', '/allocations', { body })
      assert.deepEqual([answer.status, answer.body.code], [400, 'UnknownParameter'], body)
    }
    const twice = await acme.ask<Problem>('GET', `/allocations?account=${lab}&account=${shop}`, {
      as: acme.shopOperator,
    })
    assert.equal(twice.status, 400)
    const encoded = await acme.ask<Problem>('GET', `/allocations?account=${lab}&%61ccount=${shop}`)
    assert.equal(encoded.status, 400)
    const path = await acme.ask('GET', `/pools/${acme.listed.replace('-', '%252d')}`)
    assert.ok([400, 404].includes(path.status))
    assert.deepEqual(await allocationsOf(acme, shop), [])
  },

  /** The repeat of what was done is told what was done, and takes nothing; what was denied is decided anew. */
  async 'a token repeated after the policy changed'(acme) {
    const keyed = (key: string): Sent => ({ headers: { 'idempotency-key': key }, as: acme.shopOperator })
    const first = await take(acme, shop, {}, keyed('key-1'))
    await put(acme, [await acme.pool()], { requiredTags: [{ key: 'env' }] })
    await denied(acme, ask(acme, shop, {}, keyed('key-2')))
    assert.deepEqual(await take(acme, shop, {}, keyed('key-1')), first)
    assert.equal((await allocationsOf(acme, shop)).length, 1)
    await put(acme, [acme.listed])
    assert.notEqual((await take(acme, shop, {}, keyed('key-2'))).address, first.address)
  },

  /** Each part is decided as if it were the whole, also within a batch; there is no sum that parts could stay below. */
  async splitting(acme) {
    const space = await acme.pool({ scope: 'private', cidr: '10.80.0.0/16' })
    await put(acme, [space], { size: { min: 20, default: 20, max: 20 } }, 'custom')
    const custom = { account: shop, resourceType: 'custom', locale: 'us-east-1', scopeType: 'private' }
    const batch = (parts: readonly object[]) =>
      acme.ask<Said>('POST', '/allocations/batch', {
        body: { allocations: parts.map((one) => ({ ...custom, ...one })) },
      })
    const lengths = [19, 21, 24, 28].map((netmaskLength) => ({ netmaskLength }))
    const cidrs = ['10.80.0.0/24', '10.80.1.0/24', '10.80.0.0/19'].map((cidr) => ({ cidr }))
    for (const part of [...lengths, ...cidrs]) {
      await denied(acme, ask(acme, shop, { ...custom, ...part }))
      await denied(acme, batch([{ netmaskLength: 20 }, part]))
      await denied(acme, ask(acme, shop, { ...custom, ...part, hold: { expiresInSeconds: 60 } }))
    }
    assert.match((await take(acme, shop, custom)).cidr, /\/20$/)
  },

  'growing by association': {
    because: 'an allocation keeps the block that it was given: more space is another allocation',
    unless: /associat(?!edPolicy)|resize|grow/i,
  },

  /** At once is not more than one after the other: single, many and held. */
  async 'parallel requests beyond what is left'(acme) {
    const asked = Array.from({ length: 48 }, (_, at) =>
      ask(acme, at % 2 ? shop : lab, at % 3 ? {} : { hold: { expiresInSeconds: 60 } }),
    )
    const answers = await Promise.all(asked)
    const given = answers.filter(({ status }) => status === 201)
    assert.deepEqual([given.length, new Set(given.map(({ body }) => body.address)).size], [16, 16])
    const others = answers.filter(({ status }) => status !== 201)
    assert.deepEqual(new Set(others.map(({ body }) => body.code)), new Set(['Exhausted']))
  },

  /** What EC2 makes with space of its own is not had beside EC2’s rules for it; every other type has its document or none. */
  async 'side-effect operations'(acme) {
    for (const resourceType of ['vpc', 'subnet', 'rnat']) {
      const { status, body } = await ask(acme, shop, { resourceType, scopeType: 'private', netmaskLength: 28 })
      assert.ok(status >= 400, `${resourceType}: ${JSON.stringify(body)}`)
    }
    const settings = { body: { unmatched: 'deny' } }
    assert.equal((await acme.ask('PATCH', `/ipams/${acme.ipam}`, settings)).status, 200)
    const other = await share(acme, await acme.pool())
    for (const resourceType of ['alb', 'rds', 'k8s:load-balancer', 'custom']) {
      await denied(acme, ask(acme, shop, { resourceType, poolId: other }))
    }
    await denied(acme, ask(acme, shop, { resourceType: 'alb' }))
    assert.deepEqual(await allocationsOf(acme, shop), [])
  },

  /** Whoever manages an account, or the unit that it is to go to, has no say in the policies that this changes. */
  async 'moving or tagging oneself into another rule'(acme) {
    const premium = await acme.pool()
    const when = { tags: [{ key: 'tier', values: ['premium'] }] }
    await put(acme, [{ poolId: premium, when }, acme.listed])
    const { policyId } = await acme.post<{ policyId: string }>('/policies', { ipamId: acme.ipam })
    const { status } = await acme.ask('PUT', documentPath(policyId), { body: { rules: [{ poolId: acme.listed }] } })
    assert.equal(status, 200)
    await enable(acme, policyId, prod)
    await acme.tokenOf('user:of-both', 'organization-administrator', shop)
    const as = await acme.tokenOf('user:of-both', 'organization-administrator', dev)
    const forbidden = async (asked: ReturnType<typeof acme.ask<Problem>>) => {
      const answer = await asked
      assert.deepEqual([answer.status, answer.body.code], [403, 'NotAuthorized'], JSON.stringify(answer.body))
    }
    await forbidden(acme.ask<Problem>('POST', `/accounts/${shop}/move`, { body: { parentId: dev }, as }))
    const body = { tags: { tier: 'premium' } }
    await forbidden(acme.ask<Problem>('PATCH', `/accounts/${shop}`, { body, as }))
    await forbidden(acme.ask<Problem>('PATCH', `/organizational-units/${dev}`, { body, as }))
    const made = { name: 'new', email: 'new@example.com', parentId: dev, ...body }
    await forbidden(acme.ask<Problem>('POST', '/accounts', { body: made, as }))
    const unit = { name: 'new', parentId: dev, ...body }
    await forbidden(acme.ask<Problem>('POST', '/organizational-units', { body: unit, as }))
    assert.equal((await take(acme, shop)).poolId, acme.listed)
  },

  /** Whoever manages a unit gives nobody there the number that a rule is for, nor takes an account away from who stands above it. */
  async 'an account closed and made anew'(acme) {
    const number = '777777777777'
    await acme.post('/accounts', { account: number, name: 'anew', parentId: prod })
    const premium = await acme.pool()
    await put(acme, [{ poolId: premium, when: { accounts: [number] } }, acme.listed])
    await acme.tokenOf('user:of-dev', 'organization-administrator', number)
    const as = await acme.tokenOf('user:of-dev', 'organization-administrator', dev)
    const forbidden = async (method: 'POST' | 'DELETE', path: string, body?: object) => {
      const answer = await acme.ask<Problem>(method, path, { body, as })
      assert.deepEqual([answer.status, answer.body.code], [403, 'NotAuthorized'], JSON.stringify(answer.body))
    }
    await forbidden('DELETE', `/accounts/${number}`)
    await forbidden('POST', `/accounts/${number}/close`, {})
    assert.equal((await acme.ask('DELETE', `/accounts/${number}`)).status, 204)
    const body = { account: number, name: 'anew', parentId: dev }
    // It comes back by leave of the unit that it left; to others it is taken.
    const taken = async (path: string, wanted: object) => {
      const answer = await acme.ask<Problem>('POST', path, { body: wanted, as })
      assert.deepEqual([answer.status, answer.body.code], [409, 'AlreadyExists'], JSON.stringify(answer.body))
    }
    await taken('/accounts', body)
    await taken('/accounts', { ...body, account: undefined, cloud: 'aws', externalId: number })
    await taken('/accounts/batch', { accounts: [body] })
    // Who may make it there needs the right over what names it, too.
    const asProd = await acme.tokenOf('user:of-prod', 'organization-administrator', prod)
    const there = await acme.ask<Problem>('POST', '/accounts', { body: { ...body, parentId: prod }, as: asProd })
    assert.deepEqual([there.status, there.body.code], [403, 'NotAuthorized'], JSON.stringify(there.body))
    const shared = '888888888888'
    await acme.post('/accounts', { account: shared, name: 'shared', parentId: prod })
    assert.equal((await acme.ask('PATCH', `/pools/${premium}`, { body: { sharedWith: [shared] } })).status, 200)
    assert.equal((await acme.ask('DELETE', `/accounts/${shared}`)).status, 204)
    await taken('/accounts', { ...body, account: shared })
    const anew = await acme.post<{ account: string }>('/accounts', { name: 'anew', parentId: dev }, { as })
    assert.equal((await take(acme, anew.account)).poolId, acme.listed)
  },

  ...overSources,
  ...overChanges,
}
