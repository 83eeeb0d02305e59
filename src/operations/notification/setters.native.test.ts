// Whose right a subscription tells by: it stays who it is, whoever else changes something of it, until somebody takes it over.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Notifier } from '#jobs/notifying.ts'
import { prod, root, shop } from '../../../test/acme.ts'
import type { Answered, NativeWorld } from '../../../test/native-world.ts'
import { eachHas, type Target, tellAll } from '../../../test/notifying.ts'
import { poolNearlyFull } from '../finding/controls.ts'
import { settle } from '../finding/settle.ts'

interface Subscription {
  readonly subscriptionId: string
  readonly state: string
  readonly setBy: string
}
interface Problem {
  readonly code: string
  readonly detail: string
}

let world: NativeWorld
let target: Target
let notifier: Notifier
eachHas((told) => {
  ;({ world, target, notifier } = told)
})

const subscribe = (params: object, as?: string): Promise<Subscription> =>
  world.post('/subscriptions', { node: shop, targetUrl: target.url, ...params }, as === undefined ? {} : { as })
const change = (id: string, body: object, as?: string): Promise<Answered<Subscription & Problem>> =>
  world.ask('PATCH', `/subscriptions/${id}`, { body, ...(as === undefined ? {} : { as }) })
const stateOf = async (id: string): Promise<readonly [string, string]> => {
  const { state, setBy } = await world.get<Subscription>(`/subscriptions/${id}`)
  return [state, setBy]
}
async function leaves(name: string): Promise<void> {
  const { items } = await world.get<{ items: { bindingId: string; principal: string }[] }>('/role-bindings?limit=1000')
  for (const { bindingId, principal } of items)
    if (principal === name) assert.equal((await world.ask('DELETE', `/role-bindings/${bindingId}`)).status, 204)
}
let count = 0
/** What is told of what happens now: of a token, which few may see, and of a pool, which most may. */
async function toldNow(): Promise<readonly string[]> {
  target.received.length = 0
  await world.post('/tokens', { principal: `service:s${++count}`, account: shop })
  const one = { resource: `pool-${count}`, node: shop, facts: { usedPercent: 90 } }
  await world.store.write((tx) => settle(tx, poolNearlyFull, [one]))
  await tellAll(notifier)
  return target.received.map(({ body }) => (JSON.parse(body) as { type: string }).type).sort()
}
const both = ['cadastre.pool.nearly-full', 'cadastre.token.made']
const words = [
  { description: 'Of the team.' },
  { contact: 'team@example.com' },
  { quietSeconds: 60 },
  { severity: 'informational' },
  { severity: 'low' },
  { isEnabled: true },
] as const

test('I8 who tells stays who it is where somebody else has its secret exchanged or its words changed, and one that is stopped tells nothing', async () => {
  const leaver = await world.tokenOf('user:leaver', 'resource-operator', shop)
  const { subscriptionId } = await subscribe({ events: ['all'], severity: 'informational' }, leaver)
  assert.deepEqual(await toldNow(), ['cadastre.pool.nearly-full'])
  await leaves('user:leaver')
  assert.deepEqual(await stateOf(subscriptionId), ['stopped', 'user:leaver'])
  const rotated = await world.post<Subscription>(`/subscriptions/${subscriptionId}/rotate-secret`, {})
  assert.deepEqual([rotated.state, rotated.setBy], ['stopped', 'user:leaver'])
  for (const body of words) {
    const { status, body: changed } = await change(subscriptionId, body)
    assert.deepEqual([status, changed.state, changed.setBy], [200, 'stopped', 'user:leaver'], JSON.stringify(body))
  }
  assert.deepEqual(await toldNow(), [])
  // Whoever names where it goes has it tell what they see, and so does who takes it over.
  const elsewhere = await change(subscriptionId, { targetUrl: target.url })
  assert.deepEqual([elsewhere.status, ...(await stateOf(subscriptionId)).slice(0, 1)], [200, 'active'])
  assert.deepEqual(await toldNow(), both)
})

test('whoever takes a subscription over is told in place of who set it', async () => {
  const leaver = await world.tokenOf('user:leaver', 'resource-operator', shop)
  const { subscriptionId } = await subscribe({ events: ['all'] }, leaver)
  const boss = await world.tokenOf('user:boss', 'organization-administrator', shop)
  const { body } = await change(subscriptionId, { takeOver: true }, boss)
  assert.deepEqual([body.state, body.setBy], ['active', 'user:boss'])
  assert.deepEqual(await toldNow(), both)
  await leaves('user:leaver')
  assert.deepEqual(await stateOf(subscriptionId), ['active', 'user:boss'])
})

test('I8 who sees less than who set a subscription silences it not unseen: they take over nothing, and name no other target', async () => {
  const { subscriptionId, setBy } = await subscribe({ events: ['token', 'pool'] })
  const low = await world.tokenOf('user:low', 'resource-operator', shop)
  for (const body of [...words, { quietSeconds: 0 }]) {
    const { status, body: changed } = await change(subscriptionId, body, low)
    assert.deepEqual([status, changed.setBy], [200, setBy], JSON.stringify(body))
  }
  assert.deepEqual(await toldNow(), both)
  for (const body of [{ takeOver: true }, { targetUrl: target.url }, { events: ['all'], takeOver: true }]) {
    const { status, body: refused } = await change(subscriptionId, body, low)
    assert.deepEqual([status, refused.code], [403, 'NotAuthorized'], JSON.stringify(body))
    assert.match(refused.detail, /sees more of what it tells, by `token:read`/)
  }
  assert.deepEqual(await toldNow(), both)
  assert.deepEqual(await stateOf(subscriptionId), ['active', setBy])
  // What it is told no more then is seen in what it asks for.
  assert.equal((await change(subscriptionId, { events: ['pool'], takeOver: true }, low)).status, 200)
  assert.deepEqual(await toldNow(), ['cadastre.pool.nearly-full'])
})

test('I8 who sees less than who set a subscription has it tell no more than before', async () => {
  const { subscriptionId } = await subscribe({ events: ['token', 'pool'], severity: 'high', digest: 'daily' })
  const low = await world.tokenOf('user:low', 'resource-operator', shop)
  const refuses = async (body: object): Promise<void> => {
    const answer = await change(subscriptionId, body, low)
    assert.deepEqual([answer.status, answer.body.code], [403, 'NotAuthorized'], JSON.stringify(body))
  }
  await refuses({ events: ['token', 'pool', 'change-request'] })
  await refuses({ severity: 'low' })
  await refuses({ digest: null })
  assert.equal((await change(subscriptionId, { isEnabled: false }, low)).status, 200)
  await refuses({ isEnabled: true })
  // Fewer, also where these are hidden from them; and more of what they see themselves.
  assert.equal((await change(subscriptionId, { events: ['pool'], severity: 'critical' }, low)).status, 200)
  assert.equal((await change(subscriptionId, { events: ['pool', 'exception'], isEnabled: true }, low)).status, 200)
})

test('I8 what is forbidden further down to who takes over, or permitted to who set it there alone, is not silenced either', async () => {
  const wide = await subscribe({ node: prod, events: ['token'] })
  const boss = await world.tokenOf('user:boss', 'organization-administrator', prod)
  assert.equal((await change(wide.subscriptionId, { takeOver: true }, boss)).status, 200)
  assert.equal((await change(wide.subscriptionId, { takeOver: true })).status, 200)
  await world.post('/role-bindings', { principal: 'user:boss', role: 'auditor', node: shop, effect: 'forbid' })
  assert.equal((await change(wide.subscriptionId, { takeOver: true }, boss)).status, 403)
  const deep = await world.tokenOf('user:deep', 'resource-operator', prod)
  await world.tokenOf('user:deep', 'organization-administrator', shop)
  const part = await subscribe({ node: prod, events: ['token', 'pool'] }, deep)
  const other = await world.tokenOf('user:other', 'resource-operator', prod)
  assert.equal((await change(part.subscriptionId, { takeOver: true }, other)).status, 403)
  assert.equal((await change(part.subscriptionId, { takeOver: true }, boss)).status, 403)
  assert.equal((await change(part.subscriptionId, { takeOver: true })).status, 200)
})

test('A11 a narrower token of who set a subscription does not narrow what it tells', async () => {
  const boss = await world.tokenOf('user:boss', 'organization-administrator', root)
  const { subscriptionId } = await subscribe({ events: ['token', 'pool'] }, boss)
  const of = { principal: 'user:boss', account: shop, scopes: ['notification'] }
  const made = await world.ask<{ token: string }>('POST', '/tokens', { body: of, as: boss })
  assert.equal(made.status, 201, JSON.stringify(made.body))
  const { token } = made.body
  assert.equal((await change(subscriptionId, { description: 'x' }, token)).status, 200)
  assert.equal((await change(subscriptionId, { takeOver: true }, token)).status, 403)
  assert.deepEqual(await toldNow(), both)
})
