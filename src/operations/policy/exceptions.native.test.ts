// Exceptions over the native API, and what comes of them there and over EC2's.
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import type { Ec2Input } from '#formats/aws/ec2.generated.ts'
import { parseId } from '#model/identifier.ts'
import { inWords } from '#model/policy/trace-words.ts'
import { asNetwork, dev, lab, network, openAcme, prod, refusalOf, root, shop, stranger } from '../../../test/acme.ts'
import { type Sent, withNativeApi } from '../../../test/native-world.ts'
import { explainDecision } from './explain.ts'

const dayMs = 86_400_000
const hourMs = 3_600_000

interface Shown {
  readonly requested: { readonly at: string }
  readonly exceptionId: string
  readonly state: string
  readonly expiresAt: string
  readonly approved?: { by: string }
  readonly renewal?: { by: string; expiresAt: string }
}
interface Page<T> {
  readonly items: readonly T[]
  readonly nextCursor?: string
}

let acme: Awaited<ReturnType<typeof furnish>>
/** A company whose every account gets its Elastic IPs from `listed`; `other` is a pool that nobody is given. */
async function furnish() {
  const company = await withNativeApi(await openAcme())
  const [listed, other, law] = [await company.pool(), await company.pool(), await company.policy()]
  await company.rules(law, [listed])
  await company.enable(law)
  return { ...company, listed, other, law }
}
let people: Awaited<ReturnType<typeof issueTokens>>
/** They last an hour. */
const issueTokens = async () => ({
  ann: await acme.tokenOf('user:ann', 'organization-administrator', '*'),
  bob: await acme.tokenOf('user:bob', 'organization-administrator', '*'),
  operator: await acme.tokenOf('user:op', 'resource-operator', shop),
  approver: await acme.tokenOf('user:app', 'approver', shop),
  stranger: await acme.tokenOf('user:eve', 'organization-administrator', stranger),
})
before(async () => {
  acme = await furnish()
})
beforeEach(async () => {
  people = await issueTokens()
})
after(() => acme.close())

const get = <T>(path: string, as = people.ann): Promise<T> => acme.get<T>(path, { as })
const now = (): Promise<number> => acme.store.read(async (tx) => tx.now)
const inMs = async (ms: number): Promise<string> => new Date((await now()) + ms).toISOString()
const paramsOf = async (change: object = {}) => ({
  target: shop,
  locale: 'us-east-1',
  resourceType: 'eip',
  grants: { pools: [acme.other] },
  reason: 'the migration needs it',
  expiresAt: await inMs(hourMs / 2),
  ...change,
})
const request = async (change: object = {}, as = people.ann) =>
  acme.post<Shown>('/exceptions', await paramsOf(change), { as })
const act = (id: string, verb: string, { as = people.bob, body = {}, headers }: Sent = {}) =>
  acme.ask<Shown & { code: string; detail: string; field?: string }>('POST', `/exceptions/${id}/${verb}`, {
    as,
    body,
    headers,
  })
const approved = async (change: object = {}): Promise<Shown> => {
  const { exceptionId } = await request(change)
  const { status, body } = await act(exceptionId, 'approve')
  assert.equal(status, 200, JSON.stringify(body))
  return body
}
const revoke = (id: string) => act(id, 'revoke')
const allocate = (account: string, input: Ec2Input['AllocateAddress'] = {}) =>
  acme.call('AllocateAddress', input, { account })
const codeOf = async (work: Promise<unknown>) => (await refusalOf(work)).code

describe('an exception over both APIs', () => {
  test('it opens its pool to its target once somebody else has approved it, and to nobody else', async () => {
    const asked = await request()
    assert.equal(asked.state, 'requested')
    assert.equal(await codeOf(allocate(shop, { IpamPoolId: acme.other })), 'NotFound')
    const { body } = await act(asked.exceptionId, 'approve')
    assert.deepEqual([body.state, body.approved?.by], ['active', 'user:bob'])
    const { AllocationId, PublicIpv4Pool } = await allocate(shop, { IpamPoolId: acme.other })
    assert.equal(PublicIpv4Pool, acme.other)
    assert.equal(await codeOf(allocate(lab, { IpamPoolId: acme.other })), 'NotFound')
    assert.equal((await allocate(shop)).PublicIpv4Pool, acme.listed, 'who names nothing gets what policy gives')
    await acme.call('ReleaseAddress', { AllocationId: AllocationId! }, { account: shop })
    await revoke(asked.exceptionId)
    assert.equal(await codeOf(allocate(shop, { IpamPoolId: acme.other })), 'NotFound')
  })

  test('§6 clock: at the millisecond of its expiry it is over, over EC2 and over the native API', async () => {
    const { exceptionId } = await approved({ expiresAt: await inMs(1_000) })
    acme.advance(999)
    const address = '203.0.101.5'
    assert.equal((await allocate(shop, { Address: address })).PublicIp, address)
    assert.equal((await get<Shown>(`/exceptions/${exceptionId}`)).state, 'active')
    acme.advance(1)
    assert.equal((await get<Shown>(`/exceptions/${exceptionId}`)).state, 'expired')
    const refusal = await refusalOf(allocate(shop, { Address: '203.0.101.6' }))
    assert.equal(refusal.code, 'DeniedByPolicy')
    const n = await acme.store.read(async (tx) => {
      return parseId('decision', tx.installation, 'decision' in refusal ? refusal.decision! : '')!
    })
    const decision = await acme.store.read((tx) => tx.journal.findDecision(n))
    const found = decision!.trace.find(({ kind }) => kind === 'exception')!
    const step = inWords(found, decision!.request)
    assert.deepEqual([step.subject, step.result], [exceptionId, 'miss'])
    assert.match(step.because, /^it expired at /)
  })

  test('§6 clock: it does not begin before its start', async () => {
    const start = await inMs(500)
    const { exceptionId, state } = await approved({ startsAt: start })
    assert.equal(state, 'approved')
    acme.advance(499)
    // Who has space of it by then is told that it is not shared with them.
    assert.match((await codeOf(allocate(shop, { IpamPoolId: acme.other })))!, /^Not(Found|Shared)$/)
    acme.advance(1)
    assert.equal((await allocate(shop, { IpamPoolId: acme.other })).PublicIpv4Pool, acme.other)
    await revoke(exceptionId)
  })

  test('the decision says under which exception it was made, also after it was read back', async () => {
    const { exceptionId } = await approved()
    const { AllocationId } = await allocate(shop, { IpamPoolId: acme.other })
    const { body } = await acme.ask<Page<{ decisionId: string; resource: string }>>(
      'GET',
      `/exceptions/${exceptionId}/findings`,
    )
    assert.deepEqual(body.items, [], 'nothing to look at while it is in force')
    await revoke(exceptionId)
    const { items } = await get<Page<{ decisionId: string; resource: string; control: string; cidr: string }>>(
      `/exceptions/${exceptionId}/findings`,
    )
    assert.deepEqual(
      items.map(({ control, resource }) => [control, resource]),
      [['exception-ended', AllocationId]],
    )
    const { decisionId } = items[0]!
    const text = await explainDecision(acme.store, decisionId)
    assert.match(text!, new RegExp(`^exception +${exceptionId}$`, 'm'))
    const open = await get<Page<Shown>>('/exceptions?finding=open')
    assert(open.items.some((one) => one.exceptionId === exceptionId))
    await acme.call('ReleaseAddress', { AllocationId: AllocationId! }, { account: shop })
    const { items: left } = await get<Page<object>>(`/exceptions/${exceptionId}/findings`)
    assert.deepEqual(left, [], 'what was given back is no finding')
  })

  test('an exception for one resource is for that one alone', async () => {
    const as = { account: shop }
    const [usual, spare] = [await acme.pool({ scope: 'private' }), await acme.pool({ scope: 'private' })]
    await acme.rules(acme.law, [usual], { type: 'vpc' })
    const made = async () => {
      const { Vpc } = await acme.call('CreateVpc', { Ipv4IpamPoolId: usual, Ipv4NetmaskLength: 28 }, as)
      return Vpc!.VpcId!
    }
    const VpcId = await made()
    const extend = (id: string) =>
      acme.call('AssociateVpcCidrBlock', { VpcId: id, Ipv4IpamPoolId: spare, Ipv4NetmaskLength: 28 }, as)
    assert.equal(await codeOf(extend(VpcId)), 'NotFound')
    const grants = { pools: [spare] }
    const { exceptionId } = await approved({ resourceType: 'vpc', resource: 'vpc-another*', grants })
    assert.equal(await codeOf(extend(VpcId)), 'DeniedByPolicy')
    const own = await approved({ resourceType: 'vpc', resource: VpcId, grants })
    assert.equal((await extend(VpcId)).VpcId, VpcId)
    for (const id of [exceptionId, own.exceptionId]) await revoke(id)
  })

  test('an Elastic IP is named by its tag `Name`, over both APIs; no other gets what is for it', async () => {
    const { exceptionId } = await approved({ resource: 'web-*' })
    const named = (Value: string) => ({
      IpamPoolId: acme.other,
      TagSpecifications: [{ ResourceType: 'elastic-ip' as const, Tags: [{ Key: 'Name', Value }] }],
    })
    const asShop = { account: shop }
    const { AllocationId, PublicIpv4Pool } = await acme.call('AllocateAddress', named('web-1'), asShop)
    assert.equal(PublicIpv4Pool, acme.other)
    assert.equal(await codeOf(acme.call('AllocateAddress', named('db-1'), asShop)), 'DeniedByPolicy')
    const params = { account: shop, resourceType: 'eip', locale: 'us-east-1', poolId: acme.other }
    const ask = (Name: string) => acme.ask('POST', '/allocations?dryRun=true', { body: { ...params, tags: { Name } } })
    assert.deepEqual([(await ask('web-2')).status, (await ask('db-2')).status], [201, 403])
    await revoke(exceptionId)
    await acme.call('ReleaseAddress', { AllocationId: AllocationId! }, asShop)
  })

  test('an exhausted pool is helped out by the exception, last of all', async () => {
    const tiny = await acme.pool({ cidr: '203.0.99.0/32' })
    await acme.rules(acme.law, [tiny])
    const { exceptionId } = await approved()
    assert.equal((await allocate(shop)).PublicIpv4Pool, tiny)
    assert.equal((await allocate(shop)).PublicIpv4Pool, acme.other)
    assert.equal(await codeOf(allocate(lab)), 'Exhausted')
    await revoke(exceptionId)
    assert.equal(await codeOf(allocate(shop)), 'Exhausted')
    await acme.rules(acme.law, [acme.listed])
  })
})

describe('who may', () => {
  test('nobody approves what they asked for: an administrator, by another token, or through a group', async () => {
    const { exceptionId } = await request()
    const group = await acme.post<{ bindingId: string }>('/role-bindings', {
      principal: 'group:approvers',
      role: 'approver',
      node: '*',
    })
    const { token: another } = await acme.post<{ token: string }>(
      '/tokens',
      { scopes: ['exception'] },
      { as: people.ann },
    )
    for (const as of [people.ann, another]) {
      const { status, body } = await act(exceptionId, 'approve', { as })
      assert.equal(status, 403)
      assert.match(body.detail, /`user:ann` asked for `exception-\w+`, and so `user:ann` cannot approve it/)
    }
    await acme.database.execute(
      `update api_token set member_of = '["group:approvers"]', groups_until = expires_at where principal = 'user:ann' and scopes = '["exception"]'`,
    )
    assert.equal((await act(exceptionId, 'approve', { as: another })).body.code, 'NotAuthorized')
    await acme.ask('DELETE', `/role-bindings/${group.bindingId}`)
    assert.equal((await act(exceptionId, 'deny')).body.state, 'denied')
  })

  test('nobody approves, renews or reviews under another name: by a token that they made, or that who asked made', async () => {
    const tokenFor = async (principal: string, as: string): Promise<string> =>
      (await acme.post<{ token: string }>('/tokens', { principal }, { as })).token
    for (const principal of ['service:second', 'service:third']) {
      await acme.post('/role-bindings', { principal, role: 'organization-administrator', node: '*' })
    }
    const second = await tokenFor('service:second', people.ann)
    const third = await tokenFor('service:third', second)
    const own = (await acme.post<{ token: string }>('/tokens', {}, { as: third })).token
    const { items } = await acme.get<Page<{ makers: string[] }>>('/tokens?principal=service:third')
    assert.deepEqual(
      items.map(({ makers }) => makers),
      [
        ['user:ann', 'service:second'],
        ['user:ann', 'service:second'],
      ],
    )

    const byAnn = await request()
    for (const as of [second, third, own]) {
      const { status, body } = await act(byAnn.exceptionId, 'approve', { as })
      assert.equal(status, 403)
      assert.match(body.detail, /`user:ann` asked for .*\(`user:ann` may stand behind both/)
    }
    // Whoever made both of two tokens could ask with the one and approve with the other.
    await acme.post('/role-bindings', { principal: 'service:beside', role: 'organization-administrator', node: '*' })
    const beside = await tokenFor('service:beside', people.ann)
    const byBeside = await request({}, beside)
    assert.match(
      (await act(byBeside.exceptionId, 'approve', { as: second })).body.detail,
      /`user:ann` may stand behind both/,
    )
    assert.equal((await act(byBeside.exceptionId, 'deny')).status, 200)

    const byThird = await request({}, own)
    assert.equal((await act(byThird.exceptionId, 'approve', { as: people.ann })).status, 403)
    assert.equal((await act(byThird.exceptionId, 'approve', { as: second })).status, 403)
    assert.equal((await act(byThird.exceptionId, 'approve')).status, 200, 'bob has no part in it')
    const renewal = { expiresAt: await inMs(2 * hourMs), reason: 'longer' }
    await act(byThird.exceptionId, 'renew', { as: second, body: renewal })
    assert.equal((await act(byThird.exceptionId, 'approve', { as: people.ann })).status, 403)
    const { expiresAt } = renewal
    assert.equal((await act(byThird.exceptionId, 'approve', { body: { expiresAt } })).body.expiresAt, expiresAt)
    await revoke(byThird.exceptionId)
    await act(byAnn.exceptionId, 'deny')

    const broken = await acme.post<Shown>('/exceptions/break-glass', await paramsOf(), { as: second })
    const note = { note: 'I saw it' }
    for (const as of [people.ann, third]) {
      assert.equal((await act(broken.exceptionId, 'review', { as, body: note })).status, 403)
    }
    assert.equal((await act(broken.exceptionId, 'review', { body: note })).status, 200)
    await revoke(broken.exceptionId)
  })

  test('asking needs `exception:request` at the target, deciding `exception:approve`', async () => {
    const { operator, approver } = people
    const ofOperator = { target: shop, grants: { provider: true } }
    const { exceptionId } = await request(ofOperator, operator)
    const params = await paramsOf(ofOperator)
    assert.equal((await acme.ask('POST', '/exceptions', { as: approver, body: params })).status, 403)
    assert.equal(
      (await acme.ask('POST', '/exceptions', { as: operator, body: { ...params, target: lab } })).status,
      404,
    )
    assert.equal((await act(exceptionId, 'approve', { as: operator })).status, 403)
    assert.equal((await act(exceptionId, 'approve', { as: approver })).status, 200)
    assert.equal((await act(exceptionId, 'revoke', { as: operator })).status, 403)
    assert.equal((await act(exceptionId, 'revoke', { as: approver })).status, 200)
  })

  test('I8 an exception that may not be seen is not there, for every verb, and is in no list', async () => {
    const { exceptionId } = await request()
    const as = people.stranger
    const absent = await acme.ask('GET', `/exceptions/${exceptionId.slice(0, -4)}ffff`, { as })
    for (const verb of ['approve', 'deny', 'revoke']) assert.equal((await act(exceptionId, verb, { as })).status, 404)
    assert.equal((await acme.ask('GET', `/exceptions/${exceptionId}`, { as })).status, absent.status)
    assert.equal((await acme.ask('GET', `/exceptions/${exceptionId}/findings`, { as })).status, 404)
    assert.deepEqual((await get<Page<Shown>>('/exceptions', as)).items, [])
    await act(exceptionId, 'deny')
  })

  test('I8 a pool that is neither the target’s nor the caller’s to see cannot be asked for', async () => {
    const { operator } = people
    const grants = { pools: [await acme.pool()] }
    const answer = await acme.ask('POST', '/exceptions', { as: operator, body: await paramsOf({ grants }) })
    assert.deepEqual([answer.status, answer.body.code], [404, 'NotFound'])
  })

  test('who approves for a target gives no pool away that is not shared with it and not theirs', async () => {
    const { exceptionId } = await request()
    const refused = await act(exceptionId, 'approve', { as: people.approver })
    assert.equal(refused.status, 403)
    assert.match(refused.body.detail, /at the account that owns it/)
    assert.doesNotMatch(JSON.stringify(refused.body), new RegExp(network), 'whose it is, is not theirs to know')
    const seeing = await acme.tokenOf('user:seer', 'approver', shop)
    await acme.post('/role-bindings', { principal: 'user:seer', role: 'auditor', node: network })
    const seen = await act(exceptionId, 'approve', { as: seeing })
    assert.match(seen.body.detail, new RegExp(`${network}.*which owns it`))
    const shared = { Resources: [acme.other], Tags: [{ Key: 'cadastre:shared-with', Value: root }] }
    await acme.call('CreateTags', shared, asNetwork)
    assert.equal((await act(exceptionId, 'approve', { as: people.approver })).status, 200)
    await revoke(exceptionId)
    await acme.call('DeleteTags', { Resources: [acme.other], Tags: [{ Key: 'cadastre:shared-with' }] }, asNetwork)
  })
})

test('I8 a hidden pool is answered as an absent one to who asks for an exception or breaks the glass', async () => {
  const foreign = await acme.pool()
  const absent = `${foreign.slice(0, -5)}fffff`
  for (const [path, as] of [
    ['/exceptions', people.operator],
    ['/exceptions/break-glass', people.approver],
  ] as const) {
    for (const query of ['', '?dryRun=true']) {
      const ask = async (pool: string) => {
        const body = await paramsOf({ grants: { pools: [pool] } })
        const answer = await acme.ask<object>('POST', `${path}${query}`, { as, body })
        const text = JSON.stringify({ ...answer.body, instance: '' }).replaceAll(pool, 'POOL')
        return [answer.status, text]
      }
      const hidden = await ask(foreign)
      assert.equal(hidden[0], 404)
      assert.deepEqual(hidden, await ask(absent), `${path}${query}`)
    }
  }
})

describe('the life of one', () => {
  test('who asked for it first replaces the renewal that somebody else asks for, and nobody else does', async () => {
    const { exceptionId } = await approved()
    const renew = async (as: string, hours: number) =>
      act(exceptionId, 'renew', { as, body: { expiresAt: await inMs(hours * hourMs), reason: 'longer' } })
    assert.equal((await renew(people.bob, 300)).body.renewal?.by, 'user:bob')
    assert.equal((await renew(people.bob, 2)).body.code, 'IncorrectState')
    const eve = await acme.tokenOf('user:eve-too', 'organization-administrator', '*')
    assert.equal((await renew(eve, 2)).body.code, 'IncorrectState')
    const seen = (await acme.get<Shown>(`/exceptions/${exceptionId}`)).renewal!
    assert.equal((await renew(people.ann, 2)).body.renewal?.by, 'user:ann')
    for (const body of [undefined, { expiresAt: seen.expiresAt }]) {
      const other = await act(exceptionId, 'approve', { body })
      assert.deepEqual(
        [other.status, other.body.code],
        [409, 'IncorrectState'],
        'none is approved but the one that was seen',
      )
    }
    const { expiresAt } = (await acme.get<Shown>(`/exceptions/${exceptionId}`)).renewal!
    assert.equal((await act(exceptionId, 'approve', { body: { expiresAt } })).status, 200)
    await revoke(exceptionId)
  })

  test('a renewal needs a new approval by a third person, and until then the present end holds', async () => {
    const { exceptionId, expiresAt } = await approved()
    const later = await inMs(2 * hourMs)
    const renewal = { expiresAt: later, reason: 'not done yet' }
    const { body } = await act(exceptionId, 'renew', { as: people.bob, body: renewal })
    assert.deepEqual([body.expiresAt, body.renewal?.by], [expiresAt, 'user:bob'])
    for (const as of [people.ann, people.bob]) {
      assert.equal((await act(exceptionId, 'approve', { as, body: { expiresAt: later } })).status, 403)
    }
    acme.advance(hourMs / 2)
    assert.notEqual((await refusalOf(allocate(shop, { IpamPoolId: acme.other }))).code, undefined)
    const carol = await acme.tokenOf('user:carol', 'approver', '*')
    const approval = { as: carol, body: { expiresAt: later } }
    assert.equal((await act(exceptionId, 'approve', approval)).body.expiresAt, later)
    assert.equal((await allocate(shop, { IpamPoolId: acme.other })).PublicIpv4Pool, acme.other)
    await revoke(exceptionId)
  })

  test('break-glass works at once, ends within a day, and is a finding until somebody else has reviewed it', async () => {
    const params = { ...(await paramsOf()), expiresAt: await inMs(24 * hourMs) }
    const { exceptionId, state } = await acme.post<Shown>('/exceptions/break-glass', params, { as: people.ann })
    assert.equal(state, 'active')
    assert.equal((await allocate(shop, { IpamPoolId: acme.other })).PublicIpv4Pool, acme.other)
    const findings = async () =>
      (await get<Page<{ control: string; resource: string }>>(`/exceptions/${exceptionId}/findings?limit=1`)).items
    assert.deepEqual(
      (await findings()).map(({ control, resource }) => [control, resource]),
      [['break-glass-review', exceptionId]],
    )
    const note = { note: 'it was needed' }
    assert.equal((await act(exceptionId, 'review', { as: people.ann, body: note })).status, 403)
    assert.equal((await act(exceptionId, 'renew', { body: { expiresAt: await inMs(dayMs), reason: 'x' } })).status, 409)
    assert.equal((await act(exceptionId, 'review', { body: note })).status, 200)
    assert.deepEqual(await findings(), [])
    acme.advance(24 * hourMs)
    people = await issueTokens()
    assert.equal((await findings())[0]?.control, 'exception-ended')
    const tooLong = { ...(await paramsOf()), expiresAt: await inMs(24 * hourMs + 1) }
    const refused = await acme.ask('POST', '/exceptions/break-glass', { as: people.ann, body: tooLong })
    assert.deepEqual([refused.status, refused.body.field], [400, 'expiresAt'])
  })

  test('If-Match: who approves approves what they have read', async () => {
    const { exceptionId } = await request({}, people.ann)
    const as = people.bob
    const read = await acme.ask('GET', `/exceptions/${exceptionId}`, { as })
    const stale = await act(exceptionId, 'approve', { as, headers: { 'if-match': '"another"' } })
    assert.equal(stale.status, 412)
    const headers = { 'if-match': String(read.headers.etag) }
    assert.equal((await act(exceptionId, 'approve', { as, headers })).status, 200)
    await revoke(exceptionId)
  })
})

describe('what is asked for', () => {
  test('I9 bad input names the field, the value and what is allowed', async () => {
    const as = people.ann
    const cases: [object, string][] = [
      [{ target: '*' }, 'target'],
      [{ target: '' }, 'target'],
      [{ locale: 'mars' }, 'locale'],
      [{ resourceType: 'boat' }, 'resourceType'],
      [{ grants: {} }, 'grants'],
      [{ grants: { pools: [acme.other, acme.other] } }, 'grants.pools.1'],
      [{ grants: { size: { min: 24, max: 28 } } }, 'grants.size'],
      [{ resourceType: 'vpc', grants: { size: { min: 28, max: 24 } } }, 'grants.size'],
      [{ resourceType: 'vpc', grants: { size: { min: 8, max: 24 } } }, 'grants.size'],
      [{ locale: 'eu-central-1' }, 'grants.pools.0'],
      [{ reason: ' ' }, 'reason'],
      [{ expiresAt: 'tomorrow' }, 'expiresAt'],
      [{ expiresAt: await inMs(0) }, 'expiresAt'],
      [{ expiresAt: await inMs(90 * dayMs + 1) }, 'expiresAt'],
      [{ startsAt: await inMs(-1) }, 'startsAt'],
      [{ startsAt: await inMs(hourMs) }, 'expiresAt'],
    ]
    for (const [change, field] of cases) {
      const { status, body } = await acme.ask('POST', '/exceptions', { as, body: await paramsOf(change) })
      assert.deepEqual([status, body.field], [400, field], JSON.stringify([change, body]))
    }
    for (const id of ['pool', 'ipam-0123', 'ipam-pool-0123']) {
      const { status, body } = await acme.ask('POST', '/exceptions', {
        as,
        body: await paramsOf({ grants: { pools: [id] } }),
      })
      assert.deepEqual([status, body.id], [404, id])
    }
    assert.equal(
      (await acme.ask('POST', '/exceptions', { as, body: await paramsOf({ state: 'approved' }) })).status,
      400,
    )
    const unknown = await acme.ask('POST', '/exceptions', { as, body: await paramsOf({ target: '123456789012' }) })
    assert.equal(unknown.status, 404)
    assert.equal((await acme.ask('GET', '/exceptions/nonsense', { as })).body.code, 'MalformedId')
  })

  test('lists are by state, target, type and who asked, in pages', async () => {
    const as = people.ann
    const all: string[] = []
    const moments: string[] = []
    for (const target of [dev, prod, shop]) {
      acme.advance(1_000)
      const { exceptionId, requested } = await request({ target }, as)
      all.unshift(exceptionId)
      moments.unshift(requested.at)
    }
    const ids = async (query: string) =>
      (await get<Page<Shown>>(`/exceptions?${query}`, as)).items.map((one) => one.exceptionId)
    assert.deepEqual(await ids('state=requested'), all, 'newest first')
    assert.deepEqual(await ids(`state=requested&from=${moments[1]}`), all.slice(0, 2))
    assert.deepEqual(await ids(`state=requested&until=${moments[1]}`), all.slice(2))
    assert.deepEqual(await ids(`target=${prod}&from=${moments[1]}&until=${moments[0]}`), [all[1]])
    assert.deepEqual(await ids(`requestedBy=user:ann&from=${moments[0]}`), [all[0]])
    assert.deepEqual(await ids(`state=requested&target=${dev}`), [all[2]])
    assert.deepEqual(await ids('state=requested&resourceType=vpc'), [])
    assert.deepEqual(await ids('state=requested&requestedBy=user:bob'), [])
    const first = await get<Page<Shown>>('/exceptions?state=requested&limit=2', as)
    const rest = await get<Page<Shown>>(`/exceptions?state=requested&limit=2&cursor=${first.nextCursor}`, as)
    assert.deepEqual(
      [...first.items, ...rest.items].map((one) => one.exceptionId),
      all,
    )
    assert.equal(rest.nextCursor, undefined)
    for (const id of all) await act(id, 'deny')
  })

  test('every change is in the history, and a dry run changes nothing', async () => {
    const as = people.ann
    const { exceptionId } = await request({}, as)
    const dry = await acme.ask('POST', `/exceptions/${exceptionId}/approve?dryRun=true`, {
      as: people.bob,
      body: {},
    })
    assert.equal(dry.status, 200)
    assert.equal((await get<Shown>(`/exceptions/${exceptionId}`, as)).state, 'requested')
    await act(exceptionId, 'approve')
    await revoke(exceptionId)
    const versions = await acme.store.read((tx) => tx.history.versions(exceptionId))
    assert.deepEqual(
      versions.map(({ body }) => (JSON.parse(body) as { status: string }).status),
      ['requested', 'approved', 'revoked'],
    )
  })

  test('the schema takes no exception that is approved by who asked, that never ends, or that lasts too long', async () => {
    const { exceptionId } = await request({}, people.ann)
    const set = (change: string) =>
      acme.database.execute(`update policy_exception set ${change} where id = '${exceptionId}'`)
    for (const change of [
      `status = 'approved', approved_by = 'user:ann', approved_at = 1`,
      `status = 'approved'`,
      `status = 'open'`,
      'expires_at = null',
      'expires_at = starts_at',
      'expires_at = asked_at + 7776000001',
      `reviewed_by = 'user:ann', reviewed_at = 1`,
      `reason = ''`,
    ]) {
      await assert.rejects(set(change), change)
    }
    await act(exceptionId, 'deny')
  })
})
