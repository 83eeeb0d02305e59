// Subscriptions over the native API: what is told, to whom, signed with what, and what becomes of targets that fail.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { test } from 'node:test'
import type { Notifier } from '#jobs/notifying.ts'
import { deliveryAttemptsMax, failuresBeforePause } from '#model/delivery.ts'
import { parseId } from '#model/identifier.ts'
import { lab, prod, root, shop } from '../../../test/acme.ts'
import { isLeftToNight } from '../../../test/engines.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { eachHas, notifierOf, openTarget, type Received, type Target, tellAll } from '../../../test/notifying.ts'
import { poolNearlyFull } from '../finding/controls.ts'
import { settle } from '../finding/settle.ts'
import { dispatch, forgetTold, isToldForgettable, outboxWork } from './dispatching.ts'
import { subscriptionsOfNodeMax } from './subscriptions.ts'

interface Subscription {
  readonly subscriptionId: string
  readonly state: string
  readonly target: string
  readonly failures: number
  readonly setBy: string
  readonly lastProblem?: string
  readonly pausedUntil?: string
  readonly secret?: string
}
interface Delivery {
  readonly deliveryId: string
  readonly event: string
  readonly status: string
  readonly attempts: number
  readonly problem?: string
}
interface CloudEvent {
  readonly id: string
  readonly type: string
  readonly subject: string
  readonly severity: string
  readonly data: { readonly summary: string; readonly node: string; readonly facts: Record<string, unknown> }
}

let world: NativeWorld
let target: Target
let notifier: Notifier
eachHas((told) => {
  ;({ world, target, notifier } = told)
})

const subscribe = (params: object = {}, as?: string): Promise<Subscription> =>
  world.post('/subscriptions', { node: root, targetUrl: target.url, ...params }, as === undefined ? {} : { as })
const show = (id: string): Promise<Subscription> => world.get(`/subscriptions/${id}`)
const deliveriesOf = async (id: string, query = ''): Promise<readonly Delivery[]> =>
  (await world.get<{ items: Delivery[] }>(`/subscriptions/${id}/deliveries${query}`)).items
const eventIn = ({ body }: Received): CloudEvent => JSON.parse(body)
const told = (): string[] => target.received.map((one) => eventIn(one).type)
const see = (resource: string, node: string, facts: object | undefined) =>
  world.store.write((tx) => settle(tx, poolNearlyFull, [{ resource, node, facts: facts as never }]))
const tell = () => tellAll(notifier)

function signatureOf({ headers, body }: Received, secret: string): string {
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64')
  return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`
}
function assertSigned(received: Received, secret: string, signature = 0): void {
  const { headers } = received
  assert.equal(headers['webhook-signature']!.split(' ')[signature], signatureOf(received, secret))
  assert.equal(headers['webhook-id'], eventIn(received).id)
}

test('what happens at the node and below is told as a signed CloudEvent, once, and no more of what came before', async () => {
  await see('before', shop, { usedPercent: 90 })
  const { subscriptionId, secret } = await subscribe({ events: ['pool'] })
  await see('pool-1', shop, { usedPercent: 90 })
  await see('pool-1', shop, { usedPercent: 90 })
  await tell()
  await tell()
  assert.equal(target.received.length, 1)
  const [received] = target.received as [Received]
  const { type, subject, severity, data } = eventIn(received)
  assert.deepEqual([type, subject, severity], ['cadastre.pool.nearly-full', 'pool-1', 'high'])
  assert.equal(data.node, shop)
  assert.match(data.summary, /^90 % of it or more/)
  assert.match(received.headers['content-type']!, /^application\/cloudevents\+json/)
  assertSigned(received, secret!)
  assert.deepEqual(
    (await deliveriesOf(subscriptionId)).map(({ event, status, attempts }) => [event, status, attempts]),
    [['pool.nearly-full', 'delivered', 1]],
  )
})

test('a pool that becomes fuller, one that opens again and one that is resolved are told', async () => {
  await subscribe({ events: ['pool', 'finding'] })
  for (const facts of [{ usedPercent: 90 }, { usedPercent: 95 }, { usedPercent: 90 }, undefined, { usedPercent: 98 }]) {
    await see('pool-1', shop, facts)
    await tell()
  }
  const full = 'cadastre.pool.nearly-full'
  assert.deepEqual(told(), [full, full, 'cadastre.finding.resolved', full])
})

test('an exception is told of as it goes: asked for, approved, soon over, over', async () => {
  await subscribe({ events: ['exception'] })
  const as = await world.tokenOf('user:asks', 'resource-operator', shop)
  const expiresAt = new Date((await world.store.read(async (tx) => tx.now)) + 30 * 86_400_000).toISOString()
  const params = { target: shop, resourceType: 'eip', locale: 'us-east-1', grants: { provider: true }, expiresAt }
  const { exceptionId } = await world.post<{ exceptionId: string }>(
    '/exceptions',
    { ...params, reason: 'a fair' },
    { as },
  )
  await world.post(`/exceptions/${exceptionId}/approve`, {})
  await tell()
  world.advance(23 * 86_400_000)
  await tell()
  world.advance(7 * 86_400_000)
  await tell()
  await tell()
  assert.deepEqual(told(), [
    'cadastre.exception.requested',
    'cadastre.exception.approved',
    'cadastre.exception.ends-soon',
    'cadastre.exception.ended',
  ])
  assert.match(eventIn(target.received[0]!).data.summary, /^user:asks asks for an exception for `eip` in `us-east-1`/)
  assert.deepEqual(new Set(target.received.map((one) => eventIn(one).subject)), new Set([exceptionId]))
})

test('break-glass, what is denied and what is revoked are told; what is refused, and a dry run, are not', async () => {
  await subscribe({ events: ['exception', 'break-glass'] })
  const as = await world.tokenOf('user:asks', 'resource-operator', shop)
  const expiresAt = new Date((await world.store.read(async (tx) => tx.now)) + 3_600_000).toISOString()
  const params = { target: shop, resourceType: 'eip', locale: 'us-east-1', grants: { provider: true }, expiresAt }
  const request = { ...params, reason: 'a fair' }
  const { exceptionId } = await world.post<{ exceptionId: string }>('/exceptions', request, { as })
  await world.post(`/exceptions/${exceptionId}/deny`, { note: 'no' })
  assert.equal((await world.ask('POST', `/exceptions/${exceptionId}/approve`, { body: {} })).status, 409)
  await world.ask('POST', '/exceptions?dryRun=true', { body: request, as })
  const broken = await world.post<{ exceptionId: string }>('/exceptions/break-glass', request)
  await world.post(`/exceptions/${broken.exceptionId}/revoke`, {})
  await tell()
  assert.deepEqual(told(), [
    // What is critical first.
    'cadastre.break-glass.used',
    'cadastre.exception.requested',
    'cadastre.exception.denied',
    'cadastre.exception.revoked',
  ])
})

test('I8 a subscription tells what its maker may see, at its node and below, and nothing once they may not', async () => {
  const as = await world.tokenOf('user:shop', 'ipam-administrator', shop)
  const own = await subscribe({ node: shop, events: ['pool', 'token'] }, as)
  assert.equal(
    (await world.ask('POST', '/subscriptions', { body: { node: prod, targetUrl: target.url }, as })).status,
    404,
  )
  // Of tokens an IPAM administrator may see none.
  await world.tokenOf('service:robot', 'auditor', shop)
  await see('of-shop', shop, { usedPercent: 90 })
  await see('of-lab', lab, { usedPercent: 90 })
  await tell()
  assert.deepEqual(
    target.received.map((one) => eventIn(one).subject),
    ['of-shop'],
  )
  // What waits already is asked about anew when it is told.
  target.answer(500)
  await see('later', shop, { usedPercent: 90 })
  await tell()
  const { items } = await world.get<{ items: { bindingId: string; principal: string }[] }>('/role-bindings')
  const { bindingId } = items.find(({ principal }) => principal === 'user:shop')!
  await world.ask('DELETE', `/role-bindings/${bindingId}`)
  target.answer(204)
  target.received.length = 0
  world.advance(60_000)
  await see('latest', shop, { usedPercent: 90 })
  await tell()
  assert.deepEqual(target.received, [])
  assert.equal((await show(own.subscriptionId)).state, 'stopped')
  assert.deepEqual(
    (await deliveriesOf(own.subscriptionId)).map(({ status }) => status),
    ['withheld', 'delivered'],
  )
})

test('least severity and kinds choose', async () => {
  await subscribe({ severity: 'high' })
  await world.tokenOf('service:robot', 'auditor', shop)
  await see('pool-1', shop, { usedPercent: 90 })
  await tell()
  assert.deepEqual(told(), ['cadastre.pool.nearly-full'])
})

test('D5 what fails is tried again later and later, then is a dead letter that can be replayed; the target is left alone', async () => {
  const { subscriptionId } = await subscribe({ events: ['pool'] })
  const watch = await openTarget()
  await subscribe({ targetUrl: watch.url, events: ['subscription.paused'] })
  target.answer(503)
  await see('pool-1', shop, { usedPercent: 90 })
  for (let n = 1; n < failuresBeforePause; n++) {
    await tell()
    await tell()
    assert.equal(target.received.length, n, 'no sooner than it should')
    world.advance(6 * 3_600_000)
  }
  await tell()
  const paused = await show(subscriptionId)
  assert.deepEqual([paused.state, paused.failures], ['paused', failuresBeforePause])
  assert.match(paused.lastProblem!, /status 503/)
  await tell()
  assert.deepEqual(
    watch.received.map((one) => eventIn(one).type),
    ['cadastre.subscription.paused'],
  )
  for (let n = failuresBeforePause; n < deliveryAttemptsMax; n++) {
    world.advance(6 * 3_600_000)
    await tell()
  }
  const [dead] = await deliveriesOf(subscriptionId, '?status=dead')
  assert.deepEqual([dead!.attempts, dead!.problem], [deliveryAttemptsMax, 'the target answered with status 503'])
  world.advance(6 * 3_600_000)
  target.received.length = 0
  await tell()
  assert.equal(target.received.length, 0, 'nobody tries a dead letter by themselves')
  target.answer(200)
  assert.deepEqual(await world.post(`/subscriptions/${subscriptionId}/replay`, {}), { replayed: 1 })
  await tell()
  assert.equal(target.received.length, 1)
  assert.equal((await show(subscriptionId)).state, 'active')
  await world.post(`/deliveries/${dead!.deliveryId}/replay`, {})
  await tell()
  assert.deepEqual(
    target.received.map(({ headers }) => headers['webhook-id']),
    [target.received[0]!.headers['webhook-id'], target.received[0]!.headers['webhook-id']],
    'the id is the same each time',
  )
  await watch.close()
})

test('a target that answers 410 wants nothing any more', async () => {
  const { subscriptionId } = await subscribe({ events: ['pool'] })
  target.answer(410)
  await see('pool-1', shop, { usedPercent: 90 })
  await tell()
  assert.equal((await show(subscriptionId)).state, 'disabled')
  assert.deepEqual(
    (await deliveriesOf(subscriptionId)).map(({ status }) => status),
    ['dead'],
  )
})

test('one target that fails keeps no other waiting', async () => {
  await subscribe({ events: ['pool'] })
  const other = await openTarget()
  await subscribe({ targetUrl: other.url, events: ['pool'] })
  target.answer(500)
  for (let n = 0; n < 10; n++) await see(`pool-${n}`, shop, { usedPercent: 90 })
  await tell()
  assert.equal(other.received.length, 10)
  await other.close()
})

test('D8 whoever has many slow targets at many accounts keeps nobody else from being told', async () => {
  const as = await world.tokenOf('user:many', 'resource-operator', prod)
  const slow: string[] = []
  for (let n = 0; n < 16; n++) {
    const of = { name: `many-${n}`, email: `many-${n}@example.com`, parentId: prod }
    const { account } = await world.post<{ account: string }>('/accounts', of)
    for (let k = 0; k < 4; k++)
      slow.push((await subscribe({ node: account, targetUrl: `${target.url}&slow` }, as)).subscriptionId)
  }
  for (const id of slow.slice(0, 64)) await world.post(`/subscriptions/${id}/test`, {})
  const own = await world.tokenOf('user:other', 'resource-operator', shop)
  const other = await subscribe({ node: shop }, own)
  world.advance(1_000)
  await world.post(`/subscriptions/${other.subscriptionId}/test`, {}, { as: own })
  const told: string[] = []
  const held = Promise.withResolvers<void>()
  const busy = notifierOf(world, {
    async deliver({ told: one }) {
      if ('subject' in one) told.push(one.subject)
      if ('subject' in one && one.subject !== other.subscriptionId) await held.promise
      return { isDelivered: true }
    },
  })
  await busy.round()
  await busy.round()
  held.resolve()
  await busy.stop()
  assert(told.includes(other.subscriptionId), `${told.length} others were told`)
})

test('D8 a flood of events at one account keeps nobody from being told of others, and is told of in full later', async (t) => {
  if (isLeftToNight(t)) return
  const as = await world.tokenOf('user:many', 'resource-operator', shop)
  const mine: string[] = []
  for (let n = 0; n < subscriptionsOfNodeMax; n++)
    mine.push((await subscribe({ node: shop, events: ['finding', 'pool'] }, as)).subscriptionId)
  const other = await openTarget()
  const own = await world.tokenOf('user:other', 'resource-operator', lab)
  const { subscriptionId } = await subscribe({ node: lab, targetUrl: other.url, events: ['pool'] }, own)
  await tell()
  const flood = Array.from({ length: 150 }, (_, n) => ({
    resource: `pool-${n}`,
    node: shop,
    facts: { usedPercent: 90 },
  }))
  await world.store.write((tx) => settle(tx, poolNearlyFull, flood))
  await see('pool-of-lab', lab, { usedPercent: 90 })
  // A round finds out for whom they are in twenty turns, of a hundred deliveries each: the flood alone is thirty of these.
  await notifier.round()
  await notifier.idle()
  assert.deepEqual(
    (await deliveriesOf(subscriptionId)).map(({ status }) => status),
    ['delivered'],
  )
  while (await world.store.read(async (tx) => (await outboxWork(tx, { id: 'one' }))?.isBehind))
    await dispatch(world.store, { id: 'one' })
  for (const id of mine) {
    const subjects = new Set<string>()
    let cursor = ''
    do {
      const page = await world.get<{ items: { subject: string }[]; nextCursor?: string }>(
        `/subscriptions/${id}/deliveries?limit=100${cursor && `&cursor=${cursor}`}`,
      )
      for (const { subject } of page.items) subjects.add(subject)
      cursor = page.nextCursor ?? ''
    } while (cursor)
    assert.equal(subjects.size, flood.length)
  }
  await other.close()
})

test('D8 a delivery that is told again keeps no event longer', async () => {
  const { subscriptionId } = await subscribe({ events: ['pool'] })
  await see('pool-1', shop, { usedPercent: 90 })
  await tell()
  const [one] = await deliveriesOf(subscriptionId)
  world.advance(29 * 86_400_000)
  const as = await world.tokenOf('user:later', 'organization-administrator', root)
  await world.post(`/deliveries/${one!.deliveryId}/replay`, {}, { as })
  await tell()
  assert.equal(target.received.length, 2)
  world.advance(2 * 86_400_000)
  for (let turn = 0; turn < 100 && (await world.store.read(isToldForgettable)); turn++)
    await world.store.write(forgetTold)
  const kept = await world.store.read((tx) => tx.outbox.eventsAfter(0, 100))
  assert.deepEqual(
    kept.map(({ subject }) => subject).filter((subject) => subject === 'pool-1'),
    [],
  )
  assert.equal((await world.ask('POST', `/deliveries/${one!.deliveryId}/replay`, { body: {}, as })).status, 404)
})

test('D8 tries are few in an hour: of a subscription, of one person, and for all', async () => {
  const as = await world.tokenOf('user:many', 'resource-operator', shop)
  const tries = async (id: string, as?: string): Promise<number> => {
    for (let n = 0; n < 40; n++) {
      const { status } = await world.ask('POST', `/subscriptions/${id}/test`, as === undefined ? {} : { as })
      if (status !== 200) {
        assert.equal(status, 409)
        return n
      }
    }
    return Number.POSITIVE_INFINITY
  }
  const mine = [await subscribe({ node: shop }, as), await subscribe({ node: shop }, as)]
  mine.push(await subscribe({ node: shop }, as), await subscribe({ node: shop }, as))
  const made: number[] = []
  for (const { subscriptionId } of mine) made.push(await tries(subscriptionId, as))
  assert.deepEqual(made, [10, 10, 10, 0], 'of a subscription ten, of one person thirty')
  assert.equal(await tries(mine[3]!.subscriptionId), 10, 'those of the top go on')
  world.advance(3_600_000)
  assert.equal(await tries(mine[0]!.subscriptionId, as), 10)
})

test('D8 tries of services are those of whoever made their tokens, and so are their turns', async () => {
  const [larry, lena] = [
    await world.tokenOf('user:larry', 'organization-administrator', prod),
    await world.tokenOf('user:lena', 'organization-administrator', prod),
  ]
  const services: string[] = []
  for (let n = 0; n < 16; n++) {
    await world.tokenOf(`service:t${n}`, 'organization-administrator', prod)
    services.push(
      (await world.post<{ token: string }>('/tokens', { principal: `service:t${n}`, account: shop }, { as: larry }))
        .token,
    )
  }
  const subscribed: Subscription[] = []
  for (const as of [...services, lena]) subscribed.push(await subscribe({ node: prod, events: ['pool'] }, as))
  const statuses: number[] = []
  for (let n = 0; n < 31; n++) {
    const path = `/subscriptions/${subscribed[Math.floor(n / 8)]!.subscriptionId}/test`
    statuses.push((await world.ask('POST', path, { as: services[n % 16]! })).status)
  }
  assert.deepEqual([statuses.indexOf(409), statuses.length], [30, 31])
  const own = subscribed.at(-1)!.subscriptionId
  assert.equal((await world.ask('POST', `/subscriptions/${own}/test`, { as: lena })).status, 200)

  await tell()
  // All have something to catch up with, and the services were there first: of each who has set some one is looked at.
  await world.store.write(async (tx) => {
    for (const { subscriptionId } of subscribed) await tx.subscriptions.change(subscriptionId, { behind: 0 })
  })
  await dispatch(world.store, { id: 'one' })
  const behind = await world.store.read((tx) => tx.subscriptions.list('', 100))
  assert.equal(behind.find(({ id }) => id === own)!.behind, undefined)
  assert.equal(behind.filter((one) => one.behind !== undefined).length, 1)
})

test('I8 how often a subscription tells is nothing for others who make a token for a service of that name', async () => {
  const larry = await world.tokenOf('user:larry', 'organization-administrator', prod)
  await world.tokenOf('user:lena', 'resource-operator', prod)
  const lena = await world.tokenOf('user:lena', 'organization-administrator', shop)
  await world.tokenOf('service:ops', 'organization-administrator', prod)
  const tokenBy = async (as: string) =>
    (await world.post<{ token: string }>('/tokens', { principal: 'service:ops', account: shop }, { as })).token
  const [larrys, lenas] = [await tokenBy(larry), await tokenBy(lena)]
  // Of tokens at the unit lena sees nothing.
  const { subscriptionId } = await subscribe({ node: prod, events: ['token', 'pool'] }, larrys)
  const isToldTo = async (as: string) =>
    'failures' in (await world.get<Subscription>(`/subscriptions/${subscriptionId}`, { as }))
  assert.deepEqual(
    [await isToldTo(larrys), await isToldTo(await tokenBy(larry)), await isToldTo(lenas)],
    [true, true, false],
  )
})

test('what goes to another URL is signed with another secret, and to the same one as before', async () => {
  const { subscriptionId, secret } = await subscribe({ events: ['pool'] })
  const other = await openTarget()
  await world.ask('PATCH', `/subscriptions/${subscriptionId}`, { body: { targetUrl: target.url } })
  await see('pool-1', shop, { usedPercent: 90 })
  await tell()
  assertSigned(target.received[0]!, secret!)
  await world.ask('PATCH', `/subscriptions/${subscriptionId}`, { body: { targetUrl: other.url } })
  await see('pool-2', shop, { usedPercent: 90 })
  await tell()
  assert.equal(other.received.length, 1)
  assert.throws(() => assertSigned(other.received[0]!, secret!))
  const rotated = await world.post<Subscription>(`/subscriptions/${subscriptionId}/rotate-secret`, {})
  await see('pool-3', shop, { usedPercent: 90 })
  await tell()
  assertSigned(other.received[1]!, rotated.secret!)
  assert(!other.received[1]!.headers['webhook-signature']!.includes(signatureOf(other.received[1]!, secret!)))
  await other.close()
})

test('I8 deliveries that are hidden from whoever replays are not begun anew, nor counted anywhere', async () => {
  const boss = await world.tokenOf('user:boss', 'organization-administrator', shop)
  const low = await world.tokenOf('user:low', 'resource-operator', shop)
  const { subscriptionId } = await subscribe({ node: shop, events: ['token', 'pool'] }, boss)
  target.answer(410)
  await world.post('/tokens', { principal: 'service:hidden', account: shop }, { as: boss })
  await see('pool-1', shop, { usedPercent: 90 })
  await tell()
  await world.ask('PATCH', `/subscriptions/${subscriptionId}`, { body: { isEnabled: true }, as: boss })
  await tell()
  const all = await world.get<{ items: Delivery[] }>(`/subscriptions/${subscriptionId}/deliveries`, { as: boss })
  assert(all.items.every(({ status }) => status === 'dead'))
  const dead = all.items.length
  const shown = await world.get<Subscription>(`/subscriptions/${subscriptionId}`, { as: low })
  for (const member of ['failures', 'lastProblem', 'lastFailedAt', 'lastDeliveredAt', 'dropped'])
    assert(!(member in shown), member)
  assert('failures' in (await world.get<Subscription>(`/subscriptions/${subscriptionId}`, { as: boss })))
  const seen = await world.get<{ items: Delivery[] }>(`/subscriptions/${subscriptionId}/deliveries`, { as: low })
  const replayed = await world.post(`/subscriptions/${subscriptionId}/replay`, {}, { as: low })
  assert.deepEqual([seen.items.length, replayed], [1, { replayed: 1 }])
  assert(dead > 1)
  const left = await world.get<{ items: Delivery[] }>(`/subscriptions/${subscriptionId}/deliveries?status=dead`, {
    as: boss,
  })
  assert.equal(left.items.length, dead - 1)
})

test('D8 a target that takes all, but takes long for it, is left alone for a minute each time', async () => {
  const { subscriptionId } = await subscribe({ events: ['pool'] })
  const watch = await openTarget()
  await subscribe({ targetUrl: watch.url, events: ['subscription.paused'] })
  const slow = notifierOf(world, { outbound: { soonSeconds: 0 } })
  const quick = () => tellAll(notifier)
  for (let n = 0; n < 7; n++) await see(`pool-${n}`, shop, { usedPercent: 90 })
  await tellAll(slow)
  const paused = await show(subscriptionId)
  assert.equal(target.received.length, failuresBeforePause)
  assert.deepEqual([paused.state, paused.failures], ['paused', failuresBeforePause])
  assert.match(paused.lastProblem!, /took longer than 0 s/)
  world.advance(61_000)
  await tellAll(slow)
  assert.deepEqual([target.received.length, (await show(subscriptionId)).failures], [6, failuresBeforePause])
  world.advance(61_000)
  await quick()
  assert.deepEqual([target.received.length, (await show(subscriptionId)).failures], [7, 0])
  assert.equal(watch.received.length, 1, 'it is told once that it is paused')
  await watch.close()
})

test('while one secret takes the place of another, both sign; then the new one alone', async () => {
  const { subscriptionId, secret } = await subscribe({ events: ['pool'] })
  const rotated = await world.post<Subscription>(`/subscriptions/${subscriptionId}/rotate-secret`, {
    overlapSeconds: 60,
  })
  await see('pool-1', shop, { usedPercent: 90 })
  await tell()
  assertSigned(target.received[0]!, rotated.secret!, 0)
  assertSigned(target.received[0]!, secret!, 1)
  world.advance(61_000)
  await see('pool-2', shop, { usedPercent: 90 })
  await tell()
  assertSigned(target.received[1]!, rotated.secret!, 0)
  assert.equal(target.received[1]!.headers['webhook-signature']!.split(' ').length, 1)
})

test('S2 neither the secret nor the path of the URL is shown, or anywhere on record', async () => {
  const { subscriptionId, secret, target: shown } = await subscribe({ events: ['pool'] })
  assert.equal(shown, `${new URL(target.url).origin}/…`)
  assert.match(secret!, /^whsec_[\w+/]{43}=$/)
  const texts = [
    await show(subscriptionId),
    await world.get(`/history/objects/${subscriptionId}`),
    await world.get('/changes?limit=1000'),
  ].map((one) => JSON.stringify(one))
  for (const text of texts) assert(!text.includes('whsec_') && !text.includes('s3cret'), text)
  const hooks = 'https://example.com/s3cret'
  for (const targetUrl of ['https://user:s3cret@example.com/', `${hooks}\u0007`, hooks.padEnd(3_000, 'x'), [hooks]]) {
    const bad = await world.ask('POST', '/subscriptions', { body: { node: root, targetUrl } })
    assert.equal(bad.status, 400)
    assert(!JSON.stringify(bad.body).includes('s3cret'), JSON.stringify(bad.body))
  }
})

test('D8 what has arrived is told once more as often as there may be tries, and what was given up whenever somebody asks', async () => {
  const as = await world.tokenOf('user:again', 'resource-operator', shop)
  const { subscriptionId } = await subscribe({ node: shop }, as)
  const { deliveryId } = await world.post<Delivery>(`/subscriptions/${subscriptionId}/test`, {}, { as })
  const replay = () =>
    world.ask<{ code: string; limit: number }>('POST', `/deliveries/${deliveryId}/replay`, { body: {}, as })
  for (let n = 1; n < 10; n++) {
    await tell()
    assert.equal((await replay()).status, 200, `the try and ${n} more`)
  }
  await tell()
  const { status, body } = await replay()
  assert.deepEqual([status, body.code, body.limit], [409, 'LimitExceeded', 10])
  await world.store.write((tx) =>
    tx.outbox.changeDelivery(parseId('delivery', tx.installation, deliveryId)!, { status: 'dead' }),
  )
  assert.equal((await replay()).status, 200)
})

test('a try goes to one subscription alone, whatever it asks for', async () => {
  const { subscriptionId } = await subscribe({ events: ['pool'] })
  const other = await openTarget()
  await subscribe({ targetUrl: other.url })
  const { deliveryId } = await world.post<Delivery>(`/subscriptions/${subscriptionId}/test`, {})
  await tell()
  assert.deepEqual(told(), ['cadastre.subscription.test'])
  assert.equal((await world.get<Delivery>(`/deliveries/${deliveryId}`)).status, 'delivered')
  assert.deepEqual(other.received, [])
  await other.close()
})

test('D4 URLs without TLS, with passwords, and of inner addresses are refused when they are named', async () => {
  const strict = await openNativeWorld()
  for (const [url, status] of [
    ['http://hooks.example.com/', 400],
    ['https://user:password@hooks.example.com/', 400],
    ['https://127.0.0.1/', 400],
    ['https://2130706433/', 400],
    ['https://0x7f.1/', 400],
    ['https://169.254.169.254/latest/meta-data/', 400],
    ['https://[::ffff:10.0.0.1]/', 400],
    ['https://[fd00:ec2::254]/', 400],
    ['https://[2002:7f00:1::]/', 400],
    ['ftp://hooks.example.com/', 400],
    ['hooks.example.com', 400],
    ['https://hooks.example.com/', 201],
    ['https://1.1.1.1/', 201],
  ] as const)
    assert.equal(
      (await strict.ask('POST', '/subscriptions', { body: { node: '*', targetUrl: url } })).status,
      status,
      url,
    )
  assert.equal(
    (await strict.ask('POST', '/subscriptions', { body: { node: '*', format: 'mail', recipients: ['a@example.com'] } }))
      .status,
    400,
  )
  await strict.close()
})

test('D8 a node has so many subscriptions at most, and what is deleted leaves nothing behind', async () => {
  const as = await world.tokenOf('user:shop', 'ipam-administrator', shop)
  const made: string[] = []
  for (let n = 0; n < subscriptionsOfNodeMax; n++) made.push((await subscribe({ node: shop }, as)).subscriptionId)
  assert.equal(
    (await world.ask('POST', '/subscriptions', { body: { node: shop, targetUrl: target.url }, as })).status,
    409,
  )
  await see('pool-1', shop, { usedPercent: 90 })
  while (await notifier.round()) await notifier.idle()
  for (const id of made) assert.equal((await world.ask('DELETE', `/subscriptions/${id}`)).status, 204)
  assert.deepEqual((await world.get<{ items: object[] }>(`/subscriptions?node=${shop}`)).items, [])
  for (let turn = 0; turn < 100 && (await world.store.read(isToldForgettable)); turn++)
    await world.store.write(forgetTold)
  const rows = await world.database.tables()
  assert.deepEqual([rows.subscription, rows.delivery].flat(), [])
  world.advance(31 * 86_400_000)
  for (let turn = 0; turn < 100 && (await world.store.read(isToldForgettable)); turn++)
    await world.store.write(forgetTold)
  assert.equal(await world.store.read(async (tx) => (await tx.outbox.eventsAfter(0, 100)).length), 0)
})

test('another server goes on only where the one before says nothing any more', async () => {
  await subscribe({ events: ['pool'] })
  await tell()
  const other = notifierOf(world, { worker: 'two' })
  await see('pool-1', shop, { usedPercent: 90 })
  await notifier.round()
  await notifier.idle()
  await see('pool-2', shop, { usedPercent: 90 })
  assert.equal(await other.round(), false)
  world.advance(31_000)
  await tellAll(other)
  assert.deepEqual(
    target.received.map((one) => eventIn(one).subject),
    ['pool-1', 'pool-2'],
  )
})

test('D4 D5 each bad target has its own answer on record, and the others are told all the same', async () => {
  const says: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
    redirects: (_, response) => response.writeHead(302, { location: target.url }).end(),
    slow: () => {},
    'says garbage': ({ socket }) => socket.end('no HTTP at all\r\n\r\n'),
    'has a huge header': (_, { socket }) => socket?.end(`HTTP/1.1 200 OK\r\nx-huge: ${'x'.repeat(40_000)}\r\n\r\n`),
    'hangs up': ({ socket }) => socket.destroy(),
    'answers forever': (_, response) => {
      response.writeHead(200)
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536))) {}
      }
      response.on('drain', more)
      more()
    },
  }
  const targets: Target[] = []
  const ids = new Map<string, string>()
  for (const [name, how] of Object.entries(says)) {
    const bad = await openTarget()
    bad.answer(how)
    targets.push(bad)
    ids.set(name, (await subscribe({ targetUrl: bad.url, events: ['pool'] })).subscriptionId)
  }
  const { port } = new URL(target.url)
  for (const name of ['inner', 'nowhere', 'rebinds'])
    ids.set(
      name,
      (await subscribe({ targetUrl: `http://${name}.example.com:${port}/`, events: ['pool'] })).subscriptionId,
    )
  const closed = await openTarget()
  await closed.close()
  ids.set('closed', (await subscribe({ targetUrl: closed.url, events: ['pool'] })).subscriptionId)
  const good = await openTarget()
  ids.set('good', (await subscribe({ targetUrl: good.url, events: ['pool'] })).subscriptionId)

  // Of the name that rebinds, whoever looked twice would call the second one.
  let lookUps = 0
  const resolve = async (host: string) => {
    if (host.startsWith('nowhere')) throw new Error('no such name')
    if (host.startsWith('inner')) return [{ address: '169.254.169.254' }]
    return [{ address: lookUps++ === 0 ? '127.0.0.1' : '10.0.0.1' }]
  }
  await see('pool-1', shop, { usedPercent: 90 })
  await tellAll(notifierOf(world, { outbound: { resolve, secondsMax: 0.5 } }))
  const outcomes: Record<string, string> = {}
  for (const [name, id] of ids) {
    const [{ status, problem }] = (await deliveriesOf(id)) as [Delivery]
    outcomes[name] = `${status}: ${problem ?? ''}`
  }
  assert.deepEqual(outcomes, {
    redirects: 'waiting: the target answered with status 302 and leads elsewhere, which is not followed',
    slow: 'waiting: the target did not answer within 0.5 s',
    'says garbage': 'waiting: what the target answered cannot be read (HPE_INVALID_CONSTANT)',
    'has a huge header': 'waiting: what the target answered cannot be read (HPE_HEADER_OVERFLOW)',
    'hangs up': 'waiting: there is no connection (ECONNRESET)',
    'answers forever': 'delivered: ',
    inner:
      'waiting: its name leads to an address of this machine, of a private network or of the link, which is not called',
    nowhere: 'waiting: its name leads to no address',
    rebinds: 'delivered: ',
    closed: 'waiting: there is no connection (ECONNREFUSED)',
    good: 'delivered: ',
  })
  assert.equal(lookUps, 1)
  assert.equal(good.received.length, 1)
  assert.equal(target.received.length, 1, 'what redirects and what leads to an inner address has called nobody')
  for (const one of [...targets, good]) await one.close()
})
