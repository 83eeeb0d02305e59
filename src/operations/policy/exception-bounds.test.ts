// How many exceptions there may be, and that nobody can use it up for others.
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { type ExceptionBound, exceptionBounds } from '#model/policy/exception-bounds.ts'
import { asNetwork, dev, lab, openAcme, prod, root, shop } from '../../../test/acme.ts'
import { readsAllAnew } from '../../../test/by-hand.ts'
import { withNativeApi } from '../../../test/native-world.ts'

const hourMs = 3_600_000
interface Answer {
  readonly exceptionId: string
  readonly code?: string
  readonly detail?: string
  readonly countedFor?: string
  readonly limit?: number
  readonly remedy?: string
}

const furnish = async () => {
  const acme = await withNativeApi(await openAcme())
  return {
    ...acme,
    ann: await acme.tokenOf('user:ann', 'organization-administrator', '*'),
    bob: await acme.tokenOf('user:bob', 'organization-administrator', '*'),
    operator:
      (await acme.tokenOf('user:op', 'approver', lab)) && (await acme.tokenOf('user:op', 'resource-operator', lab)),
  }
}
let acme: Awaited<ReturnType<typeof furnish>>
before(async () => {
  acme = await furnish()
})
beforeEach(() => acme.database.tamper(`delete from exception_use; delete from policy_exception; ${readsAllAnew}`))
after(() => acme.close())

const nowOf = (): Promise<number> => acme.store.read(async (tx) => tx.now)
async function ask(path: string, as: string, change: object = {}) {
  const expiresAt = new Date((await nowOf()) + hourMs / 2).toISOString()
  const pair = { target: shop, locale: 'us-east-1', resourceType: 'eip' }
  const params = { ...pair, grants: { provider: true }, reason: 'the site is down', expiresAt, ...change }
  return acme.ask<Answer>('POST', path, { as, body: params })
}
const breakGlass = (as: string, change?: object) => ask('/exceptions/break-glass', as, change)
const request = (as: string, change?: object) => ask('/exceptions', as, change)

/** That so many are there, as one statement: each a row of these values, which may read the number \`n\` of the row. */
async function fill(count: number, values: Readonly<Record<string, string>>): Promise<void> {
  const now = await nowOf()
  const row: Record<string, string> = {
    id: `'exception-' || (100000000000000000 + n)`,
    target_id: `'${lab}'`,
    locale: `'us-east-1'`,
    resource_type: `'eip'`,
    grants: `'{"pools":[],"provider":true}'`,
    reason: `'x'`,
    status: `'requested'`,
    is_break_glass: '0',
    starts_at: String(now),
    expires_at: String(now + 2 * hourMs),
    requested_by: `'user:op'`,
    counted_for: `'user:op'`,
    requested_at: String(now),
    asked_by: `'user:op'`,
    asked_at: String(now),
    ...values,
  }
  await acme.database.execute(`insert into policy_exception (${Object.keys(row).join(', ')})
    with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < ${count})
    select ${Object.values(row).join(', ')} from numbers`)
}

const nameOf = ({ kind, per }: ExceptionBound): string => `${kind} per ${per.join(' and ') || 'installation'}`

/** As many as a bound allows are there: all of what it counts for `user:op` at lab, and for nobody and nothing else. */
const exhaust = ({ kind, per, max }: ExceptionBound): Promise<void> =>
  fill(max, {
    ...(kind === 'requested' ? {} : { status: `'approved'`, approved_by: `'user:eve'`, approved_at: '1' }),
    ...(kind === 'break-glass' ? { is_break_glass: '1', reviewed_by: `'user:eve'`, reviewed_at: '1' } : {}),
    ...(kind === 'break-glass' ? { approved_by: 'null', approved_at: 'null' } : {}),
    ...(per.includes('requester') ? {} : { counted_for: `'user:' || n`, requested_by: `'user:' || n` }),
    ...(per.includes('target') || per.includes('pair') ? {} : { target_id: `'elsewhere-' || n` }),
    ...(per.includes('pair') ? {} : { resource_type: `'type-' || n` }),
  })

describe('D8 each bound of exceptions, exhausted for one, is still there for another', () => {
  /** What makes one more of a kind: the request, its approval, or break-glass. */
  async function oneMore(kind: ExceptionBound['kind'], as: string, target: string) {
    if (kind === 'break-glass') return breakGlass(as, { target })
    const asked = await request(as, { target })
    if (kind === 'requested' || asked.status !== 201) return asked
    return acme.ask<Answer>('POST', `/exceptions/${asked.body.exceptionId}/approve`, { as: acme.bob, body: {} })
  }

  for (const bound of exceptionBounds) {
    const { kind, per, max } = bound
    test(`D8 ${nameOf(bound)}`, async () => {
      await exhaust(bound)
      const { status, body } = await oneMore(kind, acme.operator, lab)
      assert.deepEqual([status, body.code, body.limit], [409, 'LimitExceeded', max])
      const named = per.length === 0 ? /^the whole installation$/ : per.includes('requester') ? /`user:op`/ : /`4{12}`/
      const { detail = '', countedFor, remedy } = body
      assert.match(countedFor!, named)
      assert.match(remedy!, /^(Revoke|Have) some of them/)
      assert(detail.includes(countedFor!) && detail.includes(remedy!), detail)

      // Somebody else, at the same place where the place is not what is counted.
      const elsewhere = per.includes('requester') ? lab : shop
      if (per.length > 0) assert((await oneMore(kind, acme.ann, elsewhere)).status < 300)
      else {
        const other = kind === 'approved' ? 'break-glass' : 'approved'
        assert((await oneMore(other, acme.ann, shop)).status < 300, 'the reserve of the other kind')
      }
    })
  }

  test('D8 what is over counts no more, and what is denied or revoked neither', async () => {
    const [perPair] = exceptionBounds
    await exhaust(perPair!)
    assert.equal((await request(acme.operator, { target: lab })).status, 409)
    acme.advance(2 * hourMs)
    assert.equal((await request(acme.operator, { target: lab })).status, 201)
    const { items } = await acme.get<{ items: Answer[] }>('/exceptions?state=requested')
    for (let n = items.length; n < perPair!.max; n++) await request(acme.operator, { target: lab })
    assert.equal((await request(acme.operator, { target: lab })).status, 409)
    await acme.post(`/exceptions/${items[0]!.exceptionId}/deny`, {}, { as: acme.bob })
    assert.equal((await request(acme.operator, { target: lab })).status, 201)
  })

  test('D8 whoever makes tokens has one share, however many services ask with them', async () => {
    const share = exceptionBounds.find(({ kind, per }) => kind === 'requested' && per.join() === 'requester,pair')!
    for (const name of ['service:one', 'service:two']) {
      await acme.post('/role-bindings', { principal: name, role: 'resource-operator', node: shop })
      const { token } = await acme.post<{ token: string }>('/tokens', { principal: name }, { as: acme.ann })
      for (let n = 0; n < share.max / 2; n++) assert.equal((await request(token)).status, 201)
    }
    const { status, body } = await request(acme.ann)
    assert.deepEqual([status, body.code], [409, 'LimitExceeded'])
    assert.equal((await request(acme.bob)).status, 201)
  })

  test('of bounds that several share, one person has half at most', () => {
    for (const { kind, per, max } of exceptionBounds) {
      if (per.includes('requester')) continue
      const own = exceptionBounds.filter(
        (one) =>
          one.kind === kind && one.per.includes('requester') && (per.includes('pair') || !one.per.includes('pair')),
      )
      assert(Math.min(...own.map((one) => one.max)) <= max / 2, nameOf({ kind, per, max }))
    }
  })
})

describe('D8 the emergency path', () => {
  test('D8 ten thousand requests of an operator of a sandbox keep nobody’s break-glass from being taken', async () => {
    await fill(10_000, {})
    assert.equal((await breakGlass(acme.bob)).status, 201)
    assert.equal((await request(acme.ann)).status, 201, 'nor anybody’s request')
    assert.equal((await request(acme.operator, { target: lab })).body.code, 'LimitExceeded')
  })

  test('D8 twenty requests for one pair keep nobody from a break-glass there', async () => {
    await fill(20, { target_id: `'${shop}'` })
    assert.equal((await breakGlass(acme.bob)).status, 201)
  })
})

describe('break-glass has an end', () => {
  test('Z6 none anew for the same target and pair by the same person while one of theirs awaits review', async () => {
    const first = await breakGlass(acme.ann)
    assert.equal(first.status, 201)
    const { exceptionId } = first.body
    const again = await breakGlass(acme.ann, { resource: 'web-*' })
    assert.deepEqual([again.status, again.body.code], [409, 'IncorrectState'])
    assert.match(again.body.detail!, new RegExp(`${exceptionId}.*awaits review`))
    // Neither by revoking it, nor once it is over, nor under another name.
    await acme.post(`/exceptions/${exceptionId}/revoke`, {}, { as: acme.ann })
    assert.equal((await breakGlass(acme.ann)).body.code, 'IncorrectState')
    acme.advance(hourMs)
    assert.equal((await breakGlass(acme.ann)).body.code, 'IncorrectState')
    await acme.post('/role-bindings', { principal: 'service:second', role: 'approver', node: '*' })
    const { token } = await acme.post<{ token: string }>('/tokens', { principal: 'service:second' }, { as: acme.ann })
    const second = await breakGlass(token)
    assert.equal(second.body.code, 'IncorrectState')
    assert.match(second.body.detail!, /`user:ann`/)
    // Elsewhere, for something else, and by somebody else.
    assert.equal((await breakGlass(acme.ann, { target: dev })).status, 201)
    assert.equal((await breakGlass(acme.ann, { resourceType: 'rnat' })).status, 201)
    assert.equal((await breakGlass(acme.bob)).status, 201)
    await acme.post(`/exceptions/${exceptionId}/review`, { note: 'seen' }, { as: acme.bob })
    assert.equal((await breakGlass(acme.ann)).status, 201)
  })

  test('D8 a service of the same name that somebody else made keeps nobody from a break-glass', async () => {
    for (const node of ['*', shop])
      await acme.post('/role-bindings', { principal: 'service:oncall', role: 'approver', node })
    const central = await acme.tokenOf('service:oncall', 'approver', '*')
    const local = await acme.tokenOf('user:local', 'organization-administrator', shop)
    const body = { principal: 'service:oncall', account: shop }
    const { token } = await acme.post<{ token: string }>('/tokens', body, { as: local })
    assert.equal((await breakGlass(token)).status, 201)
    assert.equal((await breakGlass(token)).body.code, 'IncorrectState')
    assert.equal((await breakGlass(central)).status, 201)
  })

  test('Z6 nor for what is above or below the target, nor for where an account that used it has gone', async () => {
    const refused = async (change: object): Promise<void> => {
      const { status, body } = await breakGlass(acme.ann, change)
      assert.deepEqual([status, body.code], [409, 'IncorrectState'], JSON.stringify(body))
    }
    const { unitId } = await acme.post<{ unitId: string }>('/organizational-units', { name: 'fire', parentId: root })
    const move = (parentId: string) => acme.post(`/accounts/${shop}/move`, { parentId })
    await move(unitId)
    const policyId = await acme.policy({ 'cadastre:on-exhausted': 'deny' })
    await acme.rules(policyId, [await acme.pool({ cidr: '198.51.100.0/30' })])
    await acme.enable(policyId)
    const { exceptionId } = (await breakGlass(acme.ann, { target: unitId })).body
    for (const target of [root, shop]) await refused({ target })
    for (let n = 0; n < 5; n++) await acme.poolOfAddress(shop)
    await move(prod)
    for (const target of [shop, prod]) await refused({ target })
    assert.equal((await breakGlass(acme.ann, { target: dev })).status, 201)

    const deleted = () => acme.ask<Answer>('DELETE', `/organizational-units/${unitId}`)
    const kept = await deleted()
    assert.deepEqual([kept.status, kept.body.code], [409, 'DependencyViolation'])
    assert.match(kept.body.detail!, new RegExp(exceptionId))
    const seen = await acme.tokenOf('user:watch', 'auditor', root)
    const open = await acme.get<{ items: { exceptionId: string }[] }>('/exceptions?finding=open', { as: seen })
    assert(open.items.some((one) => one.exceptionId === exceptionId))
    await acme.post(`/exceptions/${exceptionId}/review`, { note: 'seen' }, { as: acme.bob })
    await acme.post(`/exceptions/${exceptionId}/revoke`, {}, { as: acme.bob })
    assert.equal((await deleted()).body.code, 'DependencyViolation', 'what it gave is still there')
    const { Addresses } = await acme.call('DescribeAddresses', {}, { account: shop })
    for (const { AllocationId } of Addresses!) await acme.call('ReleaseAddress', { AllocationId }, { account: shop })
    assert.equal((await deleted()).status, 204)
    // Who stands above where it was sees it still.
    assert.equal((await acme.ask('GET', `/exceptions/${exceptionId}`, { as: seen })).status, 200)
    await acme.call('DisableIpamPolicy', { IpamPolicyId: policyId, OrganizationTargetId: root }, asNetwork)
  })

  const unit = async (name: string, parentId = root) =>
    (await acme.post<{ unitId: string }>('/organizational-units', { name, parentId })).unitId
  const move = (account: string, parentId: string, as: string) =>
    acme.ask<Answer>('POST', `/accounts/${account}/move`, { as, body: { parentId } })

  test('Z6 nobody brings an account under a break-glass of their own that awaits review', async () => {
    const outside = await unit('before')
    const [first, second] = [await unit('first'), await unit('second')]
    const inner = await unit('inner', second)
    const refused = async (asked: Promise<{ status: number; body: Answer }>, id: string): Promise<void> => {
      const { status, body } = await asked
      assert.deepEqual([status, body.code], [409, 'IncorrectState'], JSON.stringify(body))
      assert.match(body.detail!, new RegExp(`${id}.*awaits review.*somebody else`))
    }
    assert.equal((await move(lab, outside, acme.ann)).status, 200)
    const ids = new Map<string, string>()
    for (const target of [first, second]) ids.set(target, (await breakGlass(acme.ann, { target })).body.exceptionId)
    for (const [parentId, id] of [
      [first, ids.get(first)!],
      [second, ids.get(second)!],
      [inner, ids.get(second)!],
    ] as const) {
      await refused(move(lab, parentId, acme.ann), id)
      const made = { name: 'new', email: `${parentId}@acme.example`, parentId }
      await refused(acme.ask<Answer>('POST', '/accounts', { as: acme.ann, body: made }), id)
    }
    // Under another name of theirs it is the same person.
    await acme.post('/role-bindings', { principal: 'service:mover', role: 'organization-administrator', node: '*' })
    const { token } = await acme.post<{ token: string }>('/tokens', { principal: 'service:mover' }, { as: acme.ann })
    await refused(move(lab, first, token), ids.get(first)!)
    assert.equal((await acme.get<{ parentId: string }>(`/accounts/${lab}`)).parentId, outside)

    // Somebody else may, who has looked at it; and below the same one, whoever it is.
    assert.equal((await move(lab, second, acme.bob)).status, 200)
    assert.equal((await move(lab, inner, acme.ann)).status, 200)
    // What has been reviewed, is revoked or over stands in nobody's way.
    await acme.post(`/exceptions/${ids.get(first)}/review`, { note: 'seen' }, { as: acme.bob })
    assert.equal((await move(lab, first, acme.ann)).status, 200)
    await acme.post(`/exceptions/${ids.get(second)}/revoke`, {}, { as: acme.ann })
    assert.equal((await move(lab, second, acme.ann)).status, 200)
    assert.equal((await move(lab, outside, acme.ann)).status, 200)
    const third = await unit('third')
    assert.equal((await breakGlass(acme.ann, { target: third })).status, 201)
    acme.advance(hourMs)
    assert.equal((await move(lab, third, acme.ann)).status, 200)
    assert.equal((await breakGlass(acme.ann, { target: lab })).body.code, 'IncorrectState')
    assert.equal((await move(lab, dev, acme.ann)).status, 200)
  })

  test('Z6 an account that used a break-glass gets none from the same person where it goes, however many used it', async () => {
    const [from, to] = [await unit('many'), await unit('elsewhere')]
    assert.equal((await move(shop, from, acme.bob)).status, 200)
    const { exceptionId } = (await breakGlass(acme.ann, { target: from })).body
    // Fillers have low numbers, so that in any order of accounts it comes last.
    await acme.database.execute(`insert into exception_use (exception_id, decision, account)
      with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < 1001)
      select '${exceptionId}', 900000000 + n, '0000' || (10000000 + n) from numbers`)
    const policyId = await acme.policy({ 'cadastre:on-exhausted': 'deny' })
    await acme.rules(policyId, [await acme.pool({ cidr: '198.51.100.16/30' })])
    await acme.enable(policyId)
    for (let n = 0; n < 5; n++) await acme.poolOfAddress(shop)
    assert.equal((await move(shop, to, acme.ann)).status, 200)
    for (const target of [shop, to]) {
      const { status, body } = await breakGlass(acme.ann, { target })
      assert.deepEqual([status, body.code], [409, 'IncorrectState'], `${target} ${JSON.stringify(body)}`)
    }
    // Also once it holds nothing of what it took.
    const { Addresses } = await acme.call('DescribeAddresses', {}, { account: shop })
    for (const { AllocationId } of Addresses!) await acme.call('ReleaseAddress', { AllocationId }, { account: shop })
    assert.equal((await breakGlass(acme.ann, { target: shop })).body.code, 'IncorrectState')
    // An account that used nothing of it is another one.
    assert.equal((await breakGlass(acme.ann, { target: lab })).status, 201)
    assert.equal((await move(shop, prod, acme.ann)).status, 200)
    await acme.call('DisableIpamPolicy', { IpamPolicyId: policyId, OrganizationTargetId: root }, asNetwork)
  })
})
