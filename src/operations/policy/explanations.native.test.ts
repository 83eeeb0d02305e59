// Explanations and the effective view: what they say is what a request then gets.
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { wordsOfTold } from '#model/policy/explain.ts'
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
  tagsOf,
} from '../../../test/acme.ts'
import { type Native, withNativeApi } from '../../../test/native-world.ts'
import { explainDecision } from './explain.ts'

let acme: Acme & Native
interface Explanation {
  decisionId?: string
  outcome: string
  mode: string
  messages: { short: string; standard: string; long: string }
  decidedBy?: { policyId: string; version: number; targetId: string }
  documents: { policyId: string; isApplied: boolean }[]
  failed?: { cause: string; setting: string; expected: string[]; actual: string; by?: { policyId: string } }
  candidates: { poolId: string }[]
  poolId?: string
  cidr?: string
  exceptionId?: string
  wouldBe?: { mode: string; outcome: string; policyId?: string }
  trace: object[]
  nearestChange?: {
    kind: string
    sentence: string
    by: string
    poolId: string
    tags?: object[]
    grants?: object
    request: object
  }
}
const ask = (body: object = {}, as?: string) =>
  acme.post<Explanation>(
    '/explanations',
    { account: shop, resourceType: 'eip', locale: 'us-east-1', ...body },
    as ? { as } : {},
  )
const put = async (path: string, body: object) => {
  const answer = await acme.ask('PUT', path, { body })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
}
/** A policy on the root whose document has these fields. */
async function law(fields: object, { target = root, mode = 'enforce', kind = 'default' } = {}): Promise<string> {
  const { policyId } = await acme.post<{ policyId: string }>('/policies', { ipamId: acme.ipam })
  await put(`/policies/${policyId}/documents/us-east-1/eip`, fields)
  await put(`/policies/${policyId}/assignments/${target}`, { mode, kind })
  return policyId
}
const rulesOf = (...pools: string[]) => ({ rules: pools.map((poolId) => ({ poolId })) })

describe('explanations', () => {
  beforeEach(async () => {
    acme = await withNativeApi(await openAcme())
  })

  test('a recorded denial is told with what failed, expected and actual, and the nearest change', async (t) => {
    t.after(() => acme.close())
    const pool = await acme.pool()
    const policy = await law({ ...rulesOf(pool), requiredTags: [{ key: 'team', value: 'net' }] })
    const refusal = await refusalOf(acme.poolOfAddress(shop))
    assert.ok(refusal.code === 'DeniedByPolicy')
    const told = await acme.get<Explanation>(`/decisions/${refusal.decision}/explanation`)
    assert.deepEqual([told.decisionId, told.outcome, told.mode], [refusal.decision, 'deny', 'enforce'])
    assert.deepEqual(told.decidedBy, { policyId: policy, version: 2, targetId: root })
    assert.deepEqual(
      told.documents.map(({ policyId, isApplied }) => [policyId, isApplied]),
      [[policy, true]],
    )
    const { cause, setting, expected, actual, by } = told.failed!
    assert.deepEqual([cause, setting, expected, actual], ['tags', 'required-tags', ['team=net'], 'no team'])
    assert.equal(by!.policyId, policy)
    const { kind, tags, poolId, sentence } = told.nearestChange!
    assert.deepEqual(
      [kind, tags, told.nearestChange!.by, poolId],
      ['add-tags', [{ key: 'team', value: 'net' }], 'requester', pool],
    )
    assert.ok(told.messages.standard.includes(sentence) && told.messages.short.length <= 120)
    assert.ok(told.messages.standard.startsWith(wordsOfTold(refusal.told).sentence))
    // The operator's command says the same.
    const text = (await explainDecision(acme.store, refusal.decision))!
    assert.ok(text.startsWith(told.messages.long))
    assert.match(text, /^expected +team=net$/m)
    assert.match(text, /^next +Add the tag `team=net`/m)
    // And the change does alter the answer.
    const TagSpecifications = [{ ResourceType: 'elastic-ip', Tags: tagsOf({ team: 'net' }) }]
    const { PublicIpv4Pool } = await acme.call('AllocateAddress', { TagSpecifications }, { account: shop })
    assert.equal(PublicIpv4Pool, pool)
    // Once policy has changed, to ask again is enough, and what was recorded stays as it was.
    await put(`/policies/${policy}/documents/us-east-1/eip`, rulesOf(pool))
    const later = await acme.get<Explanation>(`/decisions/${refusal.decision}/explanation`)
    assert.deepEqual([later.outcome, later.failed, later.nearestChange!.kind], ['deny', told.failed, 'ask-again'])
  })

  test('I8 names of policies, roots and accounts are told to who may read them, and those of pools also to who may take from them', async (t) => {
    t.after(() => acme.close())
    const pool = await acme.pool()
    const policy = await law(rulesOf(pool))
    for (const [path, name] of [
      [`/pools/${pool}`, 'open-pool'],
      [`/policies/${policy}`, 'secret-law'],
    ]) {
      const { status, body } = await acme.ask('PATCH', path!, { body: { tags: { Name: name } } })
      assert.equal(status, 200, JSON.stringify(body))
    }
    const toldTo = async (as?: string): Promise<string> => (await ask({}, as)).messages.long
    const { name } = await acme.get<{ name: string }>(`/accounts/${shop}`)
    const whole = await toldTo()
    for (const told of ['open-pool', 'secret-law', `${root} (Root)`, `${shop} (${name})`])
      assert(whole.includes(told), whole)
    const part = await toldTo(await acme.tokenOf('user:shop', 'auditor', shop))
    for (const told of ['open-pool', policy, root, `${shop} (${name})`]) assert(part.includes(told), part)
    for (const hidden of ['secret-law', `${root} (Root)`, `${policy} (`]) assert(!part.includes(hidden), part)
  })

  test('a grant is told with where it came from, and no change is named', async (t) => {
    t.after(() => acme.close())
    const pool = await acme.pool()
    await law(rulesOf(pool))
    await acme.poolOfAddress(shop)
    const { items } = await acme.get<{ items: { decisionId: string }[] }>('/decisions?limit=1')
    const told = await acme.get<Explanation>(`/decisions/${items[0]!.decisionId}/explanation`)
    assert.deepEqual(
      [told.outcome, told.poolId, told.failed, told.nearestChange],
      ['allow', pool, undefined, undefined],
    )
    assert.match(told.messages.short, /^Allowed: 203\.0\.100\.\d+\/32 from ipam-pool-/)
  })

  test('on paper it is what the request then gets, and paper takes and records nothing', async (t) => {
    t.after(() => acme.close())
    const [listed, other] = [await acme.pool(), await acme.pool()]
    await acme.call('CreateTags', { Resources: [other], Tags: tagsOf({ 'cadastre:shared-with': root }) }, asNetwork)
    const policy = await law({ ...rulesOf(listed), onExplicit: 'steer' })
    const entries = async () => (await acme.get<{ items: unknown[] }>('/decisions')).items.length
    const before = await entries()
    const plain = await ask()
    assert.deepEqual([plain.outcome, plain.poolId, plain.decisionId], ['allow', listed, undefined])
    const steered = await ask({ poolId: other })
    assert.deepEqual([steered.outcome, steered.poolId], ['steer', listed])
    await put(`/policies/${policy}/documents/us-east-1/eip`, rulesOf(listed))
    const denied = await ask({ poolId: other })
    assert.deepEqual([denied.outcome, denied.failed!.cause, denied.failed!.expected], ['deny', 'explicit', [listed]])
    assert.deepEqual([denied.nearestChange!.kind, denied.nearestChange!.poolId], ['drop-explicit', listed])
    assert.ok(!denied.messages.standard.includes('naming'), 'there is no decision to name')
    const address = await ask({ cidr: '203.0.100.3' })
    assert.deepEqual([address.outcome, address.cidr], ['allow', '203.0.100.3/32'])
    assert.equal(await entries(), before)
    const utilization = await acme.store.read(async (tx) => tx.space.utilization((await tx.pools.find(listed))!.n))
    assert.equal(utilization.allocated, 0n)
    assert.equal(await acme.poolOfAddress(shop), plain.poolId)
  })

  test('a full pool is exhausted on paper too, and a taken address is not to be had', async (t) => {
    t.after(() => acme.close())
    const pool = await acme.pool({ cidr: '198.51.100.0/31' })
    await law(rulesOf(pool))
    await acme.poolOfAddress(shop)
    const taken = await ask({ cidr: '198.51.100.0' })
    assert.deepEqual(
      [taken.outcome, taken.failed!.cause, taken.nearestChange!.kind],
      ['deny', 'exhausted', 'drop-explicit'],
    )
    await acme.poolOfAddress(shop)
    const full = await ask()
    assert.deepEqual([full.outcome, full.failed!.cause], ['deny', 'exhausted'])
    const { kind, grants, by, sentence } = full.nearestChange!
    assert.deepEqual([kind, grants, by], ['exception', { pools: [], provider: true }, 'approver'])
    assert.match(sentence, /^Ask for an exception that grants provider-assigned space/)
    assert.match(full.messages.short, /^Denied: no free space left/)
    assert.equal((await refusalOf(acme.poolOfAddress(shop))).code, 'Exhausted')
  })

  test('an address that nobody could be given is not allowed on paper, nor is an exception named that would not help', async (t) => {
    t.after(() => acme.close())
    const nowhere = await ask({ cidr: '8.8.8.8' })
    assert.deepEqual([nowhere.outcome, nowhere.failed?.cause, nowhere.poolId], ['deny', 'exhausted', undefined])
    const refusal = await refusalOf(acme.call('AllocateAddress', { Address: '8.8.8.8' }, { account: shop }))
    assert.equal(refusal.code, 'InvalidParameterValue')
    const custom = { account: shop, resourceType: 'custom', locale: 'us-east-1', scopeType: 'private' }
    const brought = await acme.post<Explanation>('/explanations', { ...custom, cidr: '10.0.0.0/24' })
    assert.equal(brought.outcome, 'deny', 'only networks bring space along')
    const foreign = { ...custom, locale: 'onprem:kiel', scopeType: 'public' }
    assert.equal((await acme.post<Explanation>('/explanations', foreign)).outcome, 'deny')

    const [listed, partners] = [await acme.pool(), await acme.pool({ cidr: '198.51.100.0/28' })]
    await law(rulesOf(listed))
    for (let taken = 0; taken < 16; taken++) await acme.poolOfAddress(shop)
    const helpless = await ask({ cidr: '8.8.8.8' })
    assert.equal(helpless.nearestChange, undefined)
    assert.match(helpless.messages.standard, /Nearest change: none: no single change/)
    const { nearestChange } = await ask({ cidr: '198.51.100.11' })
    assert.deepEqual(
      [nearestChange!.kind, nearestChange!.grants],
      ['exception', { pools: [partners], provider: false }],
    )
    // Who may not see the pool is not told of it.
    const auditor = await acme.tokenOf('user:shop', 'auditor', shop)
    assert.equal((await ask({ cidr: '198.51.100.11' }, auditor)).nearestChange, undefined)
    const { exceptionId } = await acme.post<{ exceptionId: string }>('/exceptions', {
      target: shop,
      locale: 'us-east-1',
      resourceType: 'eip',
      reason: 'the partner knows this address',
      expiresAt: new Date((await acme.store.read(async (tx) => tx.now)) + 600_000).toISOString(),
      grants: nearestChange!.grants,
    })
    const as = await acme.tokenOf('user:bob', 'organization-administrator', '*')
    await acme.post(`/exceptions/${exceptionId}/approve`, {}, { as })
    const { PublicIp } = await acme.call('AllocateAddress', { Address: '198.51.100.11' }, { account: shop })
    assert.equal(PublicIp, '198.51.100.11')
  })

  test('the exception that is named as the nearest change does alter the answer', async (t) => {
    t.after(() => acme.close())
    const [listed, other] = [await acme.pool(), await acme.pool({ cidr: '198.51.100.0/31' })]
    await law(rulesOf(listed))
    const full = await acme.pool({ cidr: '198.51.100.4/32' })
    const { policyId } = await acme.post<{ policyId: string }>('/policies', { ipamId: acme.ipam })
    await put(`/policies/${policyId}/documents/us-east-1/eip`, rulesOf(full))
    await put(`/policies/${policyId}/assignments/${prod}`, {})
    await acme.poolOfAddress(shop)
    const told = await ask({ poolId: other })
    assert.deepEqual(told.nearestChange!.grants, { pools: [other], provider: false }, 'no pool of the rules has room')
    const expiresAt = new Date((await acme.store.read(async (tx) => tx.now)) + 1_800_000).toISOString()
    const params = { target: shop, locale: 'us-east-1', resourceType: 'eip', reason: 'it is full', expiresAt }
    const { exceptionId } = await acme.post<{ exceptionId: string }>('/exceptions', {
      ...params,
      grants: told.nearestChange!.grants,
    })
    assert.equal((await ask({ poolId: other })).outcome, 'deny', 'nobody has approved it')
    const as = await acme.tokenOf('user:bob', 'organization-administrator', '*')
    await acme.post(`/exceptions/${exceptionId}/approve`, {}, { as })
    const granted = await ask({ poolId: other })
    assert.deepEqual([granted.outcome, granted.poolId, granted.exceptionId], ['allow', other, exceptionId])
    const view = await acme.get<{ exceptions: { exceptionId: string; isInForce: boolean; grants: object }[] }>(
      `/effective-policies?node=${shop}&locale=us-east-1&resourceType=eip`,
    )
    assert.deepEqual(
      view.exceptions.map(({ exceptionId, isInForce, grants }) => [exceptionId, isInForce, grants]),
      [[exceptionId, true, { pools: [other], provider: false }]],
    )
    // Unnamed, it is tried last, where nothing that policy lets the account have has room.
    const last = await ask()
    assert.deepEqual([last.outcome, last.poolId, last.exceptionId], ['allow', other, exceptionId])
    assert.equal(await acme.poolOfAddress(shop), other)
    const [newest] = (await acme.get<{ items: { decisionId: string; exceptionId: string }[] }>('/decisions?limit=1'))
      .items
    assert.equal(newest!.exceptionId, exceptionId)
    const shown = await acme.get<{ exceptionId: string }>(`/decisions/${newest!.decisionId}`)
    assert.equal(shown.exceptionId, exceptionId)
    acme.advance(1_800_000)
    assert.equal((await refusalOf(acme.poolOfAddress(shop))).code, 'Exhausted')
  })

  test('what only watches is told as what would be', async (t) => {
    t.after(() => acme.close())
    const policy = await law({ ...rulesOf(await acme.pool()), requiredTags: [{ key: 'env' }] }, { mode: 'warn' })
    const told = await ask()
    assert.deepEqual([told.outcome, told.poolId], ['warn', 'provider'])
    assert.deepEqual([told.wouldBe!.mode, told.wouldBe!.outcome, told.wouldBe!.policyId], ['warn', 'deny', policy])
    assert.match(told.messages.short, /^Warning: tags are missing: env/)
    await put(`/policies/${policy}/assignments/${root}`, { mode: 'observe' })
    assert.equal(await acme.poolOfAddress(shop), 'amazon')
    interface Listed {
      decisionId: string
      wouldBeOutcome: string
    }
    const [decision, ...others] = (await acme.get<{ items: Listed[] }>('/decisions?wouldBe=deny')).items
    assert.deepEqual([decision!.wouldBeOutcome, others], ['deny', []])
    assert.deepEqual((await acme.get<{ items: Listed[] }>('/decisions?wouldBe=allow')).items, [])
    const { messages } = await acme.get<Explanation>(`/decisions/${decision!.decisionId}/explanation`)
    assert.match(
      messages.standard,
      /^Observed: Policy `.*` version 2 on `.*` \(Root\) would deny this: it requires tags/m,
    )
    assert.match(messages.short, /; observed: deny$/)
  })

  test('bad input is named, and who may not read decisions of the account learns nothing', async (t) => {
    t.after(() => acme.close())
    const pool = await acme.pool()
    const good = { account: shop, resourceType: 'eip', locale: 'us-east-1' }
    const cases: [object, string, string | undefined][] = [
      [{ ...good, account: '' }, 'InvalidParameterValue', 'account'],
      [{ ...good, account: '1' }, 'NotFound', undefined],
      [{ ...good, resourceType: 'teapot' }, 'InvalidParameterValue', 'resourceType'],
      [{ ...good, locale: 'mars' }, 'InvalidParameterValue', 'locale'],
      [{ ...good, family: 4 }, 'InvalidParameterValue', 'family'],
      [{ ...good, cidr: '10.0.0.1/24' }, 'InvalidParameterValue', 'cidr'],
      [{ ...good, netmaskLength: 129 }, 'InvalidParameterValue', 'netmaskLength'],
      [{ ...good, cidr: '10.0.0.0/24', netmaskLength: 24 }, 'InvalidParameterCombination', undefined],
      [{ ...good, poolId: 'pool' }, 'NotFound', undefined],
      [{ ...good, poolId: 'ipam-0' }, 'MalformedId', undefined],
      [{ ...good, poolId: 'ipam-pool-0' }, 'NotFound', undefined],
      [{ ...good, resourceType: 'custom' }, 'MissingParameter', 'scopeType'],
      [{ ...good, scopeType: 'private' }, 'InvalidParameterValue', 'scopeType'],
      [{ ...good, colour: 'red' }, 'UnknownParameter', 'colour'],
      [{ account: shop, locale: 'us-east-1' }, 'MissingParameter', 'resourceType'],
      [{ ...good, account: '121212121212' }, 'NotFound', undefined],
    ]
    for (const [body, code, field] of cases) {
      const answer = await acme.ask<{ code: string; field?: string }>('POST', '/explanations', { body })
      assert.deepEqual([answer.body.code, answer.body.field], [code, field], JSON.stringify([body, answer.body]))
    }
    const auditor = await acme.tokenOf('user:shop', 'auditor', shop)
    assert.equal((await ask({}, auditor)).outcome, 'allow')
    const hidden = await acme.ask<{ code: string }>('POST', '/explanations', {
      body: { ...good, poolId: pool },
      as: auditor,
    })
    assert.equal(hidden.body.code, 'NotFound', 'the account knows no such pool')
    assert.equal((await ask({ poolId: pool })).failed!.setting, 'pool', 'who sees the pool is told why')
    for (const as of [auditor]) {
      const foreign = await acme.ask<{ code: string }>('POST', '/explanations', { body: { ...good, account: lab }, as })
      assert.equal(foreign.body.code, 'NotFound')
    }
    const refusal = await acme.ask<{ code: string }>('GET', '/decisions/decision-0123456789abcdef0/explanation')
    assert.deepEqual([refusal.status, refusal.body.code], [404, 'NotFound'])
    assert.equal((await acme.ask<{ code: string }>('GET', '/decisions/x/explanation')).body.code, 'MalformedId')
  })
})

describe('the effective view', () => {
  before(async () => {
    acme = await withNativeApi(await openAcme())
  })
  after(() => acme.close())
  interface View {
    path: string[]
    enforced: {
      document?: {
        by: { policyId: string; targetId: string }
        rules: { poolId: string; inForce: string; excludedBy?: { policyId: string } }[]
        onExplicit: { value: string; by: { policyId: string } }
        narrowings: { setting: string; from: string; to: string; by: { policyId: string } }[]
      }
      unmatched: { value: string }
    }
    observed?: View['enforced']
    warned?: View['enforced']
    assignments: { policyId: string; part: string; mode: string }[]
    selfEnabled?: { counts: boolean; because?: { policyId: string } }
  }
  const viewOf = (node: string, params = 'locale=us-east-1&resourceType=eip') =>
    acme.get<View>(`/effective-policies?node=${node}&${params}`)

  test('each part names its assignment, over all modes, and a request goes by it', async () => {
    const [a, b] = [await acme.pool(), await acme.pool()]
    const wide = await law({ ...rulesOf(a, b), onExplicit: 'allow' })
    const final = await law(rulesOf(b), { target: prod, kind: 'final' })
    const watching = await law(rulesOf(a), { target: dev, mode: 'observe' })
    const view = await viewOf(shop)
    assert.deepEqual(view.path, [root, 'ou-acme-workload', prod, shop])
    const { document } = view.enforced
    assert.deepEqual(
      document!.rules.map(({ poolId, inForce, excludedBy }) => [poolId, inForce, excludedBy?.policyId]),
      [
        [a, 'no', final],
        [b, 'yes', undefined],
      ],
    )
    assert.deepEqual([document!.onExplicit.value, document!.onExplicit.by.policyId], ['deny', final])
    assert.deepEqual(
      document!.narrowings.map(({ setting, from, to }) => [setting, from, to]),
      [
        ['pools', a, 'not listed'],
        ['onExplicit', 'allow', 'deny'],
      ],
    )
    assert.deepEqual(
      view.assignments.map(({ policyId, part }) => [policyId, part]),
      [
        [wide, 'order'],
        [final, 'narrows'],
      ],
    )
    assert.deepEqual([view.selfEnabled!.counts, view.selfEnabled!.because!.policyId], [false, wide])
    assert.equal(view.observed, undefined)
    assert.equal(await acme.poolOfAddress(shop), b)
    const elsewhere = await viewOf(lab)
    assert.equal(elsewhere.enforced.document!.by.policyId, wide)
    assert.equal(elsewhere.observed!.document!.by.policyId, watching)
    assert.equal((await viewOf(prod)).selfEnabled, undefined)
    const nothing = await viewOf(shop, 'locale=azure:westeurope&resourceType=azure:public-ip')
    assert.deepEqual([nothing.enforced.document, nothing.enforced.unmatched], [undefined, { value: 'provider' }])
  })

  test('bad input is named, and a node that may not be read is absent', async () => {
    const bad = async (query: string) => {
      const { body } = await acme.ask<{ code: string; field?: string }>('GET', `/effective-policies?${query}`)
      return [body.code, body.field]
    }
    assert.deepEqual(await bad('node=*&locale=us-east-1&resourceType=eip'), ['InvalidParameterValue', 'node'])
    assert.deepEqual(await bad(`node=${shop}&locale=us-east-1&resourceType=teapot`), [
      'InvalidParameterValue',
      'resourceType',
    ])
    assert.deepEqual(await bad(`node=${shop}&resourceType=eip`), ['MissingParameter', 'locale'])
    assert.deepEqual(await bad('node=ou-none-00000000&locale=us-east-1&resourceType=eip'), ['NotFound', undefined])
    const as = await acme.tokenOf('user:network', 'auditor', network)
    const hidden = await acme.ask('GET', `/effective-policies?node=${shop}&locale=us-east-1&resourceType=eip`, { as })
    assert.equal(hidden.status, 404)
  })
})
