// Candidates over the native API: evaluated on live traffic of EC2, listed where they differ, and promoted in one step.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Ec2Input } from '#formats/aws/ec2.generated.ts'
import { type Acme, asNetwork, dev, lab, network, openAcme, prod, refusalOf, root, shop } from '../../../test/acme.ts'
import { type Method, type Native, type Sent, withNativeApi } from '../../../test/native-world.ts'
import { explainDecision } from './explain.ts'

interface Answer {
  readonly outcome: string
  readonly poolIds: readonly string[]
  readonly version?: number
  readonly setting?: string
}
interface Group {
  readonly account: string
  readonly resourceType: string
  readonly locale: string
  readonly count: number
  readonly newlyDenied: number
  readonly newlyAllowed: number
  readonly otherPool: number
  readonly other: number
  readonly samples: readonly { readonly decisionId: string; readonly live: Answer; readonly candidate: Answer }[]
}
interface Page<T> {
  readonly items: readonly T[]
  readonly nextCursor?: string
}

let acme: Acme & Native
let [listed, other, law] = ['', '', '']
const open = () => {
  before(async () => {
    acme = await withNativeApi(await openAcme())
    ;[listed, other, law] = [await acme.pool(), await acme.pool(), await acme.policy()]
    await acme.rules(law, [listed])
    await acme.enable(law)
  })
  after(() => acme.close())
}
const at = (target: string, policy = law): string => `/policies/${policy}/assignments/${target}/candidate`
const documentOf = (pool: string, settings: object = {}) => ({
  locale: 'us-east-1',
  resourceType: 'eip',
  rules: [{ poolId: pool }],
  ...settings,
})
const draft = async (pool: string, settings: object = {}, policy = law): Promise<number> =>
  (await acme.post<{ version: number }>(`/policies/${policy}/versions`, { documents: [documentOf(pool, settings)] }))
    .version
async function put(target: string, body: object, policy = law): Promise<void> {
  const answer = await acme.ask('PUT', at(target, policy), { body })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
}
async function no(method: Method, path: string, sent: Sent = {}) {
  const { status, body } = await acme.ask<{ code: string; field?: string; detail: string }>(method, path, sent)
  assert(status >= 400 && status < 500, JSON.stringify(body))
  return body
}
const differences = async (target = root, query = ''): Promise<readonly Group[]> =>
  (await acme.get<Page<Group>>(`${at(target)}/differences${query}`)).items
const allocate = (account: string, input: Ec2Input['AllocateAddress'] = {}) =>
  acme.call('AllocateAddress', input, { account })
const versionInForce = async (policy = law): Promise<number> =>
  (await acme.get<{ version: number }>(`/policies/${policy}`)).version

describe('a candidate version', () => {
  open()
  let version = 0

  test('a draft is a version that is not in force, and what is published later has a number of its own', async () => {
    version = await draft(other)
    assert.deepEqual([version, await versionInForce()], [3, 2])
    assert.equal((await allocate(shop)).PublicIpv4Pool, listed)
    await acme.rules(law, [listed], { type: 'rnat' })
    assert.equal(await versionInForce(), version + 1)
    assert.deepEqual(
      (await acme.get<Page<{ version: number }>>(`/policies/${law}/versions`)).items.map((one) => one.version),
      [4, 3, 2, 1],
    )
  })

  test('it never acts, and its differences are listed by account, type and locale, with counts and samples', async () => {
    await put(root, { version })
    for (let i = 0; i < 3; i++) assert.equal((await allocate(shop)).PublicIpv4Pool, listed)
    assert.equal((await allocate(lab)).PublicIpv4Pool, listed)
    const groups = await differences()
    assert.deepEqual(
      groups.map(({ account, resourceType, locale, count, samples }) => [
        account,
        resourceType,
        locale,
        count,
        samples.length,
      ]),
      [
        [shop, 'eip', 'us-east-1', 3, 3],
        [lab, 'eip', 'us-east-1', 1, 1],
      ],
    )
    const [{ live, candidate, decisionId }] = groups[0]!.samples as [Group['samples'][0]]
    assert.deepEqual([live.outcome, live.poolIds, live.version], ['allow', [listed], version + 1])
    assert.deepEqual([candidate.outcome, candidate.poolIds, candidate.version], ['allow', [other], version])
    assert.match((await explainDecision(acme.store, decisionId))!, new RegExp(`candidate +allow from ${other}`))
  })

  test('the list goes in pages and by time', async () => {
    const first = await acme.get<Page<Group>>(`${at(root)}/differences?limit=1`)
    const rest = await acme.get<Page<Group>>(`${at(root)}/differences?limit=1&cursor=${first.nextCursor}`)
    assert.deepEqual(
      [...first.items, ...rest.items].map(({ account }) => account),
      [shop, lab],
    )
    assert.equal(rest.nextCursor, undefined)
    acme.advance(1_000)
    await allocate(lab)
    const { lastAt } = (await acme.get<Page<{ lastAt: string }>>(`${at(root)}/differences`)).items[1]!
    assert.deepEqual(
      (await differences(root, `?from=${lastAt}`)).map(({ account, count }) => [account, count]),
      [[lab, 1]],
    )
    assert.deepEqual(
      (await differences(root, `?until=${lastAt}`)).map(({ account, count }) => [account, count]),
      [
        [shop, 3],
        [lab, 1],
      ],
    )
  })

  test('I8 an account that is forbidden to somebody is in no list of differences of theirs', async () => {
    const as = await acme.tokenOf('user:reader', 'auditor', root)
    const forbid = { principal: 'user:reader', role: 'auditor', node: shop, effect: 'forbid' }
    const { bindingId } = await acme.post<{ bindingId: string }>('/role-bindings', forbid)
    const { items } = await acme.get<Page<Group>>(`${at(root)}/differences`, { as })
    assert.deepEqual(
      items.map(({ account }) => account),
      [lab],
    )
    assert.equal((await acme.ask('DELETE', `/role-bindings/${bindingId}`)).status, 204)
  })

  test('a request that the candidate would deny is served, and one that it would serve is denied', async () => {
    const params = { IpamPoolId: listed }
    assert.equal((await allocate(shop, params)).PublicIpv4Pool, listed)
    const denied = (await differences())[0]!.samples[0]!
    assert.deepEqual(
      [denied.live.outcome, denied.candidate.outcome, denied.candidate.setting],
      ['allow', 'deny', 'on-explicit'],
    )
    assert.equal((await refusalOf(allocate(shop, { Address: '203.0.101.5' }))).code, 'DeniedByPolicy')
    const served = (await differences())[0]!.samples[0]!
    assert.deepEqual([served.live.outcome, served.candidate.outcome], ['deny', 'allow'])
    assert.equal(
      (await refusalOf(allocate(shop, { IpamPoolId: other }))).code,
      'NotFound',
      'what it lists is not there yet',
    )
  })

  test('differences are counted by kind, and the decisions behind them are listed', async () => {
    const kinds = (await differences()).map(({ account, count, newlyDenied, newlyAllowed, otherPool, other }) => [
      account,
      count,
      [newlyDenied, newlyAllowed, otherPool, other],
    ])
    assert.deepEqual(kinds, [
      [shop, 5, [1, 1, 3, 0]],
      [lab, 2, [0, 0, 2, 0]],
    ])
    interface Listed {
      readonly decisionId: string
      readonly outcome: string
      readonly candidateOutcome?: string
    }
    const list = async (query: string) => (await acme.get<Page<Listed>>(`/decisions?${query}`)).items
    const all = await list('limit=1000')
    for (const outcome of ['allow', 'deny'] as const) {
      const found = await list(`candidate=${outcome}&account=${shop}`)
      assert.equal(found.length, outcome === 'deny' ? 1 : 4)
      assert.ok(found.every(({ candidateOutcome }) => candidateOutcome === outcome))
    }
    const [denied] = await list('candidate=deny')
    assert.equal(denied!.outcome, 'allow')
    const whole = await acme.get<{ candidate: { outcome: string; candidates: object[] } }>(
      `/decisions/${denied!.decisionId}`,
    )
    assert.deepEqual([whole.candidate.outcome, whole.candidate.candidates], ['deny', []])
    const expected = all.filter(({ candidateOutcome }) => candidateOutcome === 'allow')
    assert.deepEqual(await list('candidate=allow'), expected)
    assert.deepEqual(await list('wouldBe=deny'), [])
  })

  test('If-Match: it is promoted as it was read, in one step, and then it acts and stands beside nothing', async () => {
    const { headers } = await acme.ask('GET', at(root))
    const stale = await no('POST', `${at(root)}/promote`, { body: {}, headers: { 'if-match': '"another"' } })
    assert.equal(stale.code, 'PreconditionFailed')
    const sent = { headers: { 'if-match': String(headers.etag) } }
    const promoted = await acme.post<{ version: number; mode: string }>(`${at(root)}/promote`, {}, sent)
    assert.deepEqual([promoted.version, promoted.mode, await versionInForce()], [version, 'enforce', version])
    assert.equal((await allocate(shop)).PublicIpv4Pool, other)
    assert.equal((await no('GET', at(root))).code, 'NotFound')
    assert.equal((await no('POST', `${at(root)}/promote`, { body: {} })).code, 'NotFound')
  })

  test('EC2 edits in place as before, and makes the next version', async () => {
    await acme.rules(law, [listed, other])
    assert.deepEqual([await versionInForce(), (await allocate(shop)).PublicIpv4Pool], [5, listed])
  })

  test('a new candidate is counted from nothing', async () => {
    await put(root, { version: 3 })
    assert.deepEqual(await differences(), [])
    await allocate(shop)
    assert.equal((await differences())[0]?.count, 1)
    assert.equal((await acme.ask('DELETE', at(root))).status, 204)
    await allocate(shop)
    await put(root, { version: 3 })
    assert.deepEqual(await differences(), [])
    await acme.ask('DELETE', at(root))
  })
})

describe('a candidate mode', () => {
  open()

  test('observe becomes enforce only once it is promoted, and until then only its differences are seen', async () => {
    const body = { mode: 'observe', kind: 'default' }
    assert.equal((await acme.ask('PUT', `/policies/${law}/assignments/${root}`, { body })).status, 200)
    await put(root, { mode: 'enforce' })
    assert.equal((await allocate(shop)).PublicIpv4Pool, 'amazon')
    const [group] = await differences()
    assert.deepEqual(group?.samples[0]?.candidate.poolIds, [listed])
    await acme.post(`${at(root)}/promote`, {})
    assert.equal((await allocate(shop)).PublicIpv4Pool, listed)
    assert.equal((await acme.get<{ mode: string }>(`/policies/${law}/assignments/${root}`)).mode, 'enforce')
  })
})

describe('one target at a time', () => {
  open()
  const stateOf = async (target: string) => {
    const { mode } = await acme.get<{ mode: string }>(`/policies/${law}/assignments/${target}`)
    const { body } = await acme.ask<{ version?: number; mode?: string }>('GET', at(target))
    return [mode, body.version, body.mode]
  }

  test('a mode is promoted by itself, and every other assignment keeps its mode and its candidate', async () => {
    for (const target of [prod, dev]) {
      const body = { mode: 'observe', kind: 'default' }
      assert.equal((await acme.ask('PUT', `/policies/${law}/assignments/${target}`, { body })).status, 200)
    }
    const version = await draft(other)
    await put(dev, { version, mode: 'warn' })
    await put(root, { mode: 'warn' })
    await put(prod, { mode: 'enforce' })
    const before = [await stateOf(dev), await stateOf(root)]
    await acme.post(`${at(prod)}/promote`, {})
    assert.deepEqual(await stateOf(prod), ['enforce', undefined, undefined])
    assert.deepEqual([await stateOf(dev), await stateOf(root)], before)
    assert.notEqual(await versionInForce(), version)
    for (const target of [prod, dev]) await acme.ask('DELETE', `/policies/${law}/assignments/${target}`)
    await acme.ask('DELETE', at(root))
  })

  test('other content for one target is a policy of its own, put there in one step, and back in another', async () => {
    await acme.enable(law, prod)
    await acme.enable(law, dev)
    const next = await acme.policy()
    await acme.rules(next, [other])
    const path = `/policies/${next}/assignments/${dev}`
    assert.equal((await acme.ask('PUT', path, { body: { kind: 'default', replaces: law } })).status, 200)
    const poolsOf = async () => [(await allocate(lab)).PublicIpv4Pool, (await allocate(shop)).PublicIpv4Pool]
    assert.deepEqual(await poolsOf(), [other, listed])
    const back = { body: { kind: 'default', replaces: next } }
    assert.equal((await acme.ask('PUT', `/policies/${law}/assignments/${dev}`, back)).status, 200)
    assert.deepEqual(await poolsOf(), [listed, listed])
  })
})

describe('what is refused', () => {
  open()

  test('I9 a candidate that says nothing, or what acts already, or of a version that is not there', async () => {
    assert.equal((await no('PUT', at(root), { body: {} })).code, 'InvalidParameterCombination')
    assert.equal((await no('PUT', at(root), { body: { version: 2 } })).field, 'version')
    assert.equal((await no('PUT', at(root), { body: { mode: 'enforce' } })).field, 'mode')
    assert.equal((await no('PUT', at(root), { body: { version: 2, mode: 'enforce' } })).field, 'version')
    const absent = await no('PUT', at(root), { body: { version: 9 } })
    assert.match(absent.detail, /9/)
    assert.equal((await no('PUT', at(shop), { body: { mode: 'warn' } })).code, 'NotFound')
    assert.equal((await no('PUT', at(root), { body: { mode: 'sometimes' } })).field, 'mode')
    for (const [method, path] of [
      ['GET', at(root)],
      ['DELETE', at(root)],
      ['GET', `${at(root)}/differences`],
    ] as const) {
      assert.equal((await no(method, path)).code, 'NotFound')
    }
  })

  test('a draft whose documents do not fit, with the place of what is wrong', async () => {
    const path = `/policies/${law}/versions`
    const field = async (...documents: object[]) => (await no('POST', path, { body: { documents } })).field
    assert.equal(await field(documentOf(listed), documentOf(other)), 'documents.1')
    assert.equal(await field({ ...documentOf(listed), resourceType: 'boat' }), 'documents.0.resourceType')
    assert.equal(await field({ ...documentOf(listed), locale: 'mars' }), 'documents.0.locale')
    assert.equal(await field({ ...documentOf(listed), locale: 'eu-central-1' }), 'documents.0.rules.0.poolId')
  })

  test('one that would conflict with another assignment, with both named; and then nothing has changed', async () => {
    const [narrow, version] = [await acme.policy({ 'cadastre:assignment': 'final' }), await draft(other)]
    await acme.rules(narrow, [listed])
    await acme.enable(narrow, prod)
    const refused = await no('PUT', at(root), { body: { version } })
    assert.equal(refused.code, 'PolicyConflict')
    assert.match(refused.detail, new RegExp(`${law}.*${narrow}`))
    assert.equal((await no('GET', at(root))).code, 'NotFound')
    await put(root, { version, mode: 'observe' })
    assert.equal((await acme.ask('DELETE', at(root))).status, 204)
    await acme.call('DisableIpamPolicy', { IpamPolicyId: narrow, OrganizationTargetId: prod }, asNetwork)
  })

  test('promoting a version that has not been tried wherever its policy is enabled', async () => {
    const version = await draft(other)
    await acme.enable(law, dev)
    await put(root, { version })
    const refused = await no('POST', `${at(root)}/promote`, { body: {} })
    assert.equal(refused.code, 'IncorrectState')
    assert.match(refused.detail, new RegExp(dev))
    await put(dev, { version: 2, mode: 'warn' })
    assert.equal((await no('POST', `${at(root)}/promote`, { body: {} })).code, 'IncorrectState')
    await put(dev, { version, mode: 'warn' })
    await acme.post(`${at(root)}/promote`, {})
    assert.equal((await allocate(lab)).PublicIpv4Pool, other)
    const left = await acme.get<{ version?: number; mode?: string }>(at(dev))
    assert.deepEqual([left.version, left.mode], [undefined, 'warn'])
  })

  test('only who may manage policies at the target and at the policy changes it', async () => {
    const atTarget = await acme.tokenOf('user:target', 'policy-author', dev)
    const atPolicy = await acme.tokenOf('user:policy', 'policy-author', network)
    const body = { mode: 'observe' }
    assert.equal((await no('PUT', at(dev), { as: atTarget, body })).code, 'NotFound')
    assert.notEqual((await acme.ask('PUT', at(dev), { as: atPolicy, body })).status, 200)
    const both = await acme.tokenOf('user:policy', 'policy-author', dev)
    assert.equal((await acme.ask('PUT', at(dev), { as: both, body })).status, 200)
    assert.equal((await acme.ask('GET', at(dev), { as: atTarget })).status, 200)
    const auditor = await acme.tokenOf('user:auditor', 'auditor', root)
    assert.equal((await acme.ask('GET', `${at(dev)}/differences`, { as: auditor })).status, 200)
    assert.equal((await no('POST', `${at(dev)}/promote`, { as: auditor, body: {} })).code, 'NotAuthorized')
  })

  test('candidates are listed, policy after policy, to whoever may see the target; those of one policy by its name', async () => {
    const another = await acme.policy()
    await acme.rules(another, [other])
    await acme.enable(another, lab)
    await put(lab, { mode: 'observe' }, another)
    type Listed = { policyId: string; targetId: string; version?: number; mode?: string }
    const listedBy = async (as?: string, query = '') =>
      (await acme.get<Page<Listed>>(`/candidates${query}`, as === undefined ? {} : { as })).items
    const all = await listedBy()
    const [ofLaw, ofAnother] = [all.filter((one) => one.policyId === law), all.filter((one) => one.policyId !== law)]
    assert.deepEqual(
      [ofLaw.map((one) => one.targetId), ofAnother.map((one) => [one.targetId, one.mode, one.version])],
      [[...ofLaw.map((one) => one.targetId)].sort(), [[lab, 'observe', undefined]]],
    )
    assert(ofLaw.some(({ targetId }) => targetId === dev))
    assert.deepEqual(await listedBy(undefined, `?policyId=${another}`), ofAnother)
    const first = await acme.get<Page<Listed>>('/candidates?limit=1')
    const rest = await acme.get<Page<Listed>>(`/candidates?cursor=${first.nextCursor}`)
    assert.deepEqual([...first.items, ...rest.items], all)
    // Who sees the policy, and not where it is tried, sees nothing.
    assert.deepEqual(await listedBy(await acme.tokenOf('user:policies', 'auditor', network)), [])
    assert.deepEqual(await listedBy(await acme.tokenOf('user:there', 'auditor', lab)), ofAnother)
  })

  test('a list drafts a version and makes it a candidate: its number is that of its label', async () => {
    const epochNow = async () => (await acme.get<{ epoch: number }>('/governance')).epoch
    const operations = [
      { operation: 'draftPolicyVersion', input: { policyId: law, documents: [documentOf(other)] }, as: 'next' },
      { operation: 'putAssignmentCandidate', input: { policyId: law, targetId: dev, version: '$next.version' } },
    ]
    await acme.post('/governance/apply', { operations, expectedEpoch: await epochNow() })
    const { version } = await acme.get<{ version: number }>(at(dev))
    const { items } = await acme.get<Page<{ version: number }>>(`/policies/${law}/versions?limit=1`)
    assert.equal(version, items[0]!.version)
    // By itself a draft is a change of what is governed, too.
    const before = await epochNow()
    await draft(listed)
    assert.equal(await epochNow(), before + 1)
    const unknown = operations.map((one) => ({ ...one, as: undefined }))
    const refused = await no('POST', '/governance/apply', { body: { operations: unknown } })
    assert.deepEqual([refused.code, refused.field], ['InvalidParameterValue', 'input'])
  })

  test('a candidate ends with its assignment', async () => {
    await put(dev, { mode: 'off' })
    await acme.call('DisableIpamPolicy', { IpamPolicyId: law, OrganizationTargetId: dev }, asNetwork)
    assert.equal((await no('GET', at(dev))).code, 'NotFound')
    await acme.enable(law, dev)
    assert.equal((await no('GET', at(dev))).code, 'NotFound')
  })
})
