// Policy over both APIs exactly as the policy model says it: lengths on every way to space, what is refused when it is written, and what a candidate keeps.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  type Acme,
  asNetwork,
  dev,
  network,
  openAcme,
  prod,
  refusalOf,
  root,
  shop,
  tagsOf,
} from '../../../test/acme.ts'
import { type Native, withNativeApi } from '../../../test/native-world.ts'

interface Problem {
  readonly code: string
  readonly field?: string
  readonly value?: string
  readonly detail?: string
  readonly decisionId?: string
}
interface Allocation {
  readonly allocationId: string
  readonly cidr: string
  readonly poolId?: string
}

let acme: Acme & Native
let scopes: { readonly public: string; readonly private: string }
let blocks = 0
const open = () => {
  before(async () => {
    acme = await withNativeApi(await openAcme())
    const ipam = await acme.get<{ publicScopeId: string; privateScopeId: string }>(`/ipams/${acme.ipam}`)
    scopes = { public: ipam.publicScopeId, private: ipam.privateScopeId }
  })
  after(() => acme.close())
}
/** A private pool of a /16 that everybody may use. */
async function privatePool(locale: string, change: object = {}): Promise<string> {
  const { poolId } = await acme.post<{ poolId: string }>('/pools', {
    scopeId: scopes.private,
    family: 'ipv4',
    locale,
    sharedWith: [root],
    ...change,
  })
  await acme.post(`/pools/${poolId}/cidrs`, { cidr: `10.${++blocks}.0.0/16` })
  return poolId
}
const problemOf = async (method: 'POST' | 'PUT' | 'DELETE', path: string, body?: object): Promise<Problem> => {
  const answer = await acme.ask<Problem>(method, path, body ? { body } : {})
  assert(answer.status >= 400 && answer.status < 500, JSON.stringify(answer.body))
  return answer.body
}
const lengthOf = ({ cidr }: { readonly cidr: string }): number => Number(cidr.split('/')[1] ?? 32)
const putDocument = (policy: string, locale: string, type: string, body: object) =>
  acme.ask<Problem>('PUT', `/policies/${policy}/documents/${locale}/${type}`, { body })

describe('a type that takes one address', () => {
  open()

  test('gets one over EC2 from a pool with a default length, with a policy and without', async () => {
    const pool = await acme.pool()
    await acme.call('ModifyIpamPool', { IpamPoolId: pool, AllocationDefaultNetmaskLength: 28 }, asNetwork)
    await acme.call('AllocateAddress', { IpamPoolId: pool }, asNetwork)
    const law = await acme.policy()
    await acme.rules(law, [pool])
    await acme.enable(law)
    await acme.call('AllocateAddress', {}, { account: shop })
    const { IpamPoolAllocations: held } = await acme.call('GetIpamPoolAllocations', { IpamPoolId: pool }, asNetwork)
    assert.deepEqual(
      held!.map(({ Cidr }) => Cidr!.split('/')[1]),
      ['32', '32'],
    )
  })

  test('gets one natively: alone, many at once, held and confirmed, explained', async () => {
    const locale = 'onprem:basel'
    const resourceType = 'k8s:load-balancer'
    const poolId = await privatePool(locale, { defaultNetmaskLength: 24 })
    const params = { account: shop, resourceType, locale, poolId }
    assert.equal(lengthOf(await acme.post<Allocation>('/allocations', params)), 32)
    const { allocations } = await acme.post<{ allocations: Allocation[] }>('/allocations/batch', {
      allocations: [params, params],
    })
    assert.deepEqual(allocations.map(lengthOf), [32, 32])
    const held = await acme.post<Allocation>('/allocations', { ...params, hold: { expiresInSeconds: 60 } })
    assert.equal(lengthOf(held), 32)
    const confirmed = await acme.post<Allocation>(`/allocations/${held.allocationId}/confirm`, {})
    assert.equal(lengthOf(confirmed), 32)
    const paper = await acme.post<{ candidates: { netmaskLength: number }[] }>('/explanations', params)
    assert.deepEqual(
      paper.candidates.map(({ netmaskLength }) => netmaskLength),
      [32],
    )
  })

  test('is refused any other length, naming field and value', async () => {
    const params = { account: shop, resourceType: 'eip', locale: 'us-east-1' }
    const byLength = await problemOf('POST', '/allocations', { ...params, netmaskLength: 28 })
    assert.deepEqual([byLength.code, byLength.field, byLength.value], ['InvalidParameterValue', 'netmaskLength', '28'])
    const byCidr = await problemOf('POST', '/allocations', { ...params, cidr: '203.0.113.0/28' })
    assert.deepEqual([byCidr.code, byCidr.field, byCidr.value], ['InvalidParameterValue', 'cidr', '203.0.113.0/28'])
  })
})

describe('lengths that the type does not have', () => {
  open()
  const locale = 'gcp:europe-west1'
  const resourceType = 'gcp:subnetwork'
  const size = { min: 4, default: 31, max: 32 }

  test('are refused in a document, by native fields, in a draft and by tags, naming field, value and what is allowed', async () => {
    const poolId = await privatePool(locale)
    const policy = await acme.policy()
    const { status, body } = await putDocument(policy, locale, resourceType, { rules: [{ poolId }], size })
    assert.equal(status, 400)
    assert.deepEqual([body.code, body.field, body.value], ['InvalidParameterValue', 'size', '4/31/32'])
    assert.match(body.detail!, /from 8 to 29/)
    const document = { locale, resourceType, rules: [{ poolId }], sizeIpv6: { min: 48, default: 64, max: 64 } }
    const draft = await problemOf('POST', `/policies/${policy}/versions`, { documents: [document] })
    assert.deepEqual([draft.field, draft.value], ['documents.0.sizeIpv6', '48/64/64'])

    assert.equal((await putDocument(policy, locale, resourceType, { rules: [{ poolId }] })).status, 200)
    const tag = (value: string) =>
      acme.call('CreateTags', { Resources: [policy], Tags: tagsOf({ 'cadastre:size': value }) }, asNetwork)
    const refusal = await refusalOf(tag('4/31/32'))
    assert.deepEqual(
      [refusal.code, 'field' in refusal && refusal.field, 'value' in refusal && refusal.value],
      ['InvalidParameterValue', 'cadastre:size', '4/31/32'],
    )
    await tag('8/24/29')
  })

  test('are refused as a tag that a document would begin with, and a tag for types with one address is let be', async () => {
    const policy = await acme.policy({ 'cadastre:size': '30/31/32' })
    const vpcPool = await privatePool('us-east-1')
    const rules = (type: string, pool: string) =>
      acme.call(
        'ModifyIpamPolicyAllocationRules',
        {
          IpamPolicyId: policy,
          Locale: 'us-east-1',
          ResourceType: type,
          AllocationRules: [{ SourceIpamPoolId: pool }],
        } as never,
        asNetwork,
      )
    const refusal = await refusalOf(rules('vpc', vpcPool))
    assert.deepEqual(['field' in refusal && refusal.field], ['cadastre:size'])
    await rules('eip', await acme.pool())
  })

  test('are no pool’s to give by its default, and no exception’s to grant', async () => {
    const poolId = await privatePool(locale, { defaultNetmaskLength: 31 })
    const params = { account: shop, resourceType, locale, poolId }
    const problem = await problemOf('POST', '/allocations', params)
    assert.deepEqual([problem.code, problem.field, problem.value], ['InvalidParameterValue', 'netmaskLength', '/31'])
    assert.match(problem.detail!, /\/8 to \/29/)
    assert.equal(lengthOf(await acme.post<Allocation>('/allocations', { ...params, netmaskLength: 29 })), 29)
    const exception = await problemOf('POST', '/exceptions', {
      target: shop,
      locale,
      resourceType,
      grants: { size: { min: 4, max: 32 } },
      reason: 'more',
      expiresAt: new Date((await acme.store.read(async (tx) => tx.now)) + 60_000).toISOString(),
    })
    assert.deepEqual([exception.field, exception.value], ['grants.size', '4 to 32'])
  })

  test('are not given from the provider where no length is said anywhere', async () => {
    const paper = await acme.post<{ outcome: string; failed?: { setting: string } }>('/explanations', {
      account: network,
      resourceType: 'vpc',
      locale: 'us-east-1',
      family: 'ipv6',
      scopeType: 'public',
    })
    assert.deepEqual([paper.outcome, paper.failed?.setting], ['deny', 'netmask-length'])
  })
})

describe('what only a candidate names', () => {
  open()
  const at = (policy: string) => `/policies/${policy}/assignments/${root}/candidate`
  const eip = (poolId: string) => ({ locale: 'us-east-1', resourceType: 'eip', rules: [{ poolId }] })
  const draft = async (policy: string, documents: readonly object[]): Promise<number> =>
    (await acme.post<{ version: number }>(`/policies/${policy}/versions`, { documents })).version
  async function deletePool(pool: string): Promise<void> {
    const { IpamPoolCidrs } = await acme.call('GetIpamPoolCidrs', { IpamPoolId: pool }, asNetwork)
    for (const { Cidr } of IpamPoolCidrs!) {
      await acme.call('DeprovisionIpamPoolCidr', { IpamPoolId: pool, Cidr: Cidr! }, asNetwork)
    }
    await acme.call('DeleteIpamPool', { IpamPoolId: pool }, asNetwork)
  }

  test('stays: a pool, a type and an operating Region are not taken away under it, and it can be promoted', async () => {
    const [listed, next] = [await acme.pool(), await acme.pool()]
    const type = { resourceType: 'oci:vcn', summary: 'A network.', scopeTypes: ['private'], takes: 'cidr' }
    await acme.post('/resource-types', { ...type, lengths: { ipv4: { min: 16, max: 28, default: 24 } } })
    const vcn = await privatePool('oci:frankfurt')
    const law = await acme.policy()
    await acme.rules(law, [listed])
    await acme.enable(law)
    const ofType = { locale: 'oci:frankfurt', resourceType: 'oci:vcn', rules: [{ poolId: vcn }] }
    const version = await draft(law, [eip(next), ofType])
    assert.equal((await acme.ask('PUT', at(law), { body: { version } })).status, 200)

    const pool = await refusalOf(deletePool(next))
    assert.equal(pool.code, 'DependencyViolation')
    const problem = 'problem' in pool ? String(pool.problem) : ''
    assert(problem.includes(`${law} (version ${version}, the candidate on ${root})`), problem)
    const gone = await problemOf('DELETE', '/resource-types/oci:vcn')
    assert.equal(gone.code, 'DependencyViolation')
    assert.match(gone.detail!, new RegExp(`${law} \\(version ${version}, the candidate on ${root}\\)`))

    await acme.call('ProvisionIpamPoolCidr', { IpamPoolId: next, Cidr: '203.0.99.0/28' }, asNetwork)
    const promoted = await acme.post<{ version: number }>(`${at(law)}/promote`, {})
    assert.equal(promoted.version, version)
    assert.equal((await acme.call('AllocateAddress', {}, { account: shop })).PublicIpv4Pool, next)
    // What no version in force and no candidate names can go.
    await deletePool(listed)
  })

  test('is there when it becomes one: a version whose pool is gone by now is no candidate', async () => {
    const [listed, gone] = [await acme.pool(), await acme.pool()]
    const law = await acme.policy()
    await acme.rules(law, [listed])
    await acme.call('EnableIpamPolicy', { IpamPolicyId: law, OrganizationTargetId: dev }, asNetwork)
    const version = await draft(law, [eip(gone)])
    await deletePool(gone)
    const path = `/policies/${law}/assignments/${dev}/candidate`
    const problem = await problemOf('PUT', path, { version })
    assert.equal(problem.code, 'NotFound')
  })

  test('a Region that a document is for stays an operating Region', async () => {
    await acme.call(
      'ModifyIpam',
      { IpamId: acme.ipam, AddOperatingRegions: [{ RegionName: 'eu-central-1' }] },
      asNetwork,
    )
    const container = await acme.post<{ poolId: string }>('/pools', { scopeId: scopes.private, family: 'ipv4' })
    const law = await acme.policy()
    const { status } = await putDocument(law, 'eu-central-1', 'custom', { rules: [{ poolId: container.poolId }] })
    assert.equal(status, 200)
    const remove = () =>
      acme.call(
        'ModifyIpam',
        { IpamId: acme.ipam, RemoveOperatingRegions: [{ RegionName: 'eu-central-1' }] },
        asNetwork,
      )
    const refusal = await refusalOf(remove())
    assert.equal(refusal.code, 'DependencyViolation')
    await acme.ask('DELETE', `/policies/${law}/documents/eu-central-1/custom`)
    await remove()
  })
})

describe('an exception', () => {
  open()

  test('I8 can be asked for a pool by whoever holds space in it, also when no policy lists it any more', async () => {
    const [old, next] = [await acme.pool(), await acme.pool()]
    const law = await acme.policy()
    await acme.rules(law, [old])
    await acme.enable(law)
    const taken = await acme.call('AllocateAddress', {}, { account: shop })
    assert.equal(taken.PublicIpv4Pool, old)
    await acme.rules(law, [next])
    const asOperator = await acme.tokenOf('user:op', 'resource-operator', shop)
    const expiresAt = new Date((await acme.store.read(async (tx) => tx.now)) + 60_000).toISOString()
    const params = (target: string) => ({
      target,
      locale: 'us-east-1',
      resourceType: 'eip',
      grants: { pools: [old] },
      reason: 'the address is in firewalls',
      expiresAt,
    })
    const asked = await acme.ask<Problem>('POST', '/exceptions', { body: params(shop), as: asOperator })
    assert.equal(asked.status, 201, JSON.stringify(asked.body))
    const asOther = await acme.tokenOf('user:other', 'resource-operator', prod)
    const stranger = await acme.ask<Problem>('POST', '/exceptions', { body: params(prod), as: asOther })
    assert.equal(stranger.status, 404, 'who holds nothing there knows nothing of it')
  })
})

describe('exceptions that have ended', () => {
  open()

  test('are remembered for a while, and those that begin later are there in time', async () => {
    const [listed, other] = [await acme.pool(), await acme.pool()]
    const law = await acme.policy()
    await acme.rules(law, [listed])
    await acme.enable(law)
    const bob = await acme.tokenOf('user:bob', 'organization-administrator', '*')
    const now = () => acme.store.read(async (tx) => tx.now)
    async function approved(startsInMs: number, endsInMs: number): Promise<string> {
      const from = await now()
      const { exceptionId } = await acme.post<{ exceptionId: string }>('/exceptions', {
        target: shop,
        locale: 'us-east-1',
        resourceType: 'eip',
        grants: { pools: [other] },
        reason: 'for a while',
        startsAt: new Date(from + startsInMs).toISOString(),
        expiresAt: new Date(from + endsInMs).toISOString(),
      })
      assert.equal((await acme.ask('POST', `/exceptions/${exceptionId}/approve`, { as: bob, body: {} })).status, 200)
      return exceptionId
    }
    const ended: string[] = []
    for (let count = 0; count < 8; count++) {
      ended.push(await approved(0, 1_000))
      acme.advance(1_000)
    }
    const later = await approved(5_000, 9_000)
    const { exceptions } = await acme.store.read((tx) => tx.governance.facts())
    const kept = [...exceptions].map(([id]) => id)
    assert.deepEqual(kept.toSorted(), [...ended, later].toSorted(), 'what is over, and what is not')

    const take = () => acme.call('AllocateAddress', { IpamPoolId: other }, { account: shop })
    const epoch = () => acme.store.read(async (tx) => tx.governanceEpoch)
    const before = await epoch()
    assert.equal((await refusalOf(take())).code, 'NotFound')
    acme.advance(5_000)
    assert.equal((await take()).PublicIpv4Pool, other)
    acme.advance(4_000)
    assert.equal((await refusalOf(take())).code, 'NotShared')
    assert.equal(await epoch(), before, 'by time alone')
  })
})

describe('a candidate of the same outcome', () => {
  open()

  test('from the same first pool that has room is no difference; another order behind it is counted as that', async () => {
    const [first, second, third] = [await acme.pool(), await acme.pool(), await acme.pool()]
    const law = await acme.policy()
    await acme.rules(law, [first, second])
    await acme.enable(law)
    const rules = (pools: readonly string[]) => pools.map((poolId) => ({ poolId }))
    const candidatePath = `/policies/${law}/assignments/${root}/candidate`
    const counted = async (pools: readonly string[], change: object = {}) => {
      const document = { locale: 'us-east-1', resourceType: 'eip', rules: rules(pools), ...change }
      const { version } = await acme.post<{ version: number }>(`/policies/${law}/versions`, { documents: [document] })
      assert.equal((await acme.ask('PUT', candidatePath, { body: { version } })).status, 200)
      await acme.call('AllocateAddress', {}, { account: shop })
      const { items } = await acme.get<{ items: Record<'count' | 'otherPool' | 'otherOrder' | 'other', number>[] }>(
        `${candidatePath}/differences`,
      )
      return items.map(({ count, otherPool, otherOrder, other }) => ({ count, otherPool, otherOrder, other }))
    }
    const one = { count: 1, otherPool: 0, otherOrder: 0, other: 0 }
    assert.deepEqual(await counted([first, third]), [{ ...one, otherOrder: 1 }])
    assert.deepEqual(await counted([second, first]), [{ ...one, otherPool: 1 }])
    assert.deepEqual(await counted([first, second], { onExhausted: 'provider' }), [])
  })
})

describe('assignments that only watch', () => {
  open()

  test('record what enforcing would deny where sizes exclude each other, and lists find it', async () => {
    const locale = 'onprem:basel'
    const resourceType = 'onprem:network'
    const poolId = await privatePool(locale)
    const [live, watch] = [await acme.policy(), await acme.policy({ 'cadastre:mode': 'observe' })]
    const rules = [{ poolId }]
    for (const [policy, size] of [
      [live, { min: 18, default: 20, max: 22 }],
      [watch, { min: 24, default: 26, max: 28 }],
    ] as const) {
      assert.equal((await putDocument(policy, locale, resourceType, { rules, size })).status, 200)
    }
    const assignment = (policy: string, body: object) =>
      acme.ask<Problem>('PUT', `/policies/${policy}/assignments/${root}`, { body })
    assert.equal((await assignment(live, { kind: 'default', mode: 'enforce' })).status, 200)
    const watching = await assignment(watch, { kind: 'final', mode: 'observe' })
    assert.equal(watching.status, 200, JSON.stringify(watching.body))
    const params = { account: shop, resourceType, locale, scopeType: 'private' }
    const got = await acme.post<Allocation & { decisionId: string }>('/allocations', params)
    assert.equal(lengthOf(got), 20)
    const denied = await problemOf('POST', '/allocations', { ...params, netmaskLength: 30 })
    const { items } = await acme.get<{ items: { decisionId: string; outcome: string; wouldBeOutcome: string }[] }>(
      '/decisions?wouldBe=deny',
    )
    assert.deepEqual(
      items.map(({ decisionId, outcome }) => [decisionId, outcome]),
      [[got.decisionId, 'allow']],
      'of two denials by the same setting nothing would be otherwise',
    )
    const byTags = await putDocument(watch, locale, resourceType, { rules, requiredTags: [{ key: 'env' }] })
    assert.equal(byTags.status, 200)
    const both = await problemOf('POST', '/allocations', { ...params, netmaskLength: 30 })
    assert.notEqual(denied.decisionId, both.decisionId)
    const recorded = await acme.get<{ outcome: string; wouldBe?: { outcome: string; denial: { cause: string } } }>(
      `/decisions/${both.decisionId}`,
    )
    assert.deepEqual(
      [recorded.outcome, recorded.wouldBe?.outcome, recorded.wouldBe?.denial.cause],
      ['deny', 'deny', 'tags'],
    )
  })
})
