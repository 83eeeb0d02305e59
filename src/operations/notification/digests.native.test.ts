// Digests, and quiet about what repeats itself: fewer messages, of which none is lost.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Notifier } from '#jobs/notifying.ts'
import { digestEventsMax, digestShownMax } from '#model/delivery.ts'
import { lab, root, shop } from '../../../test/acme.ts'
import type { NativeWorld } from '../../../test/native-world.ts'
import { eachHas, type Target, tellAll } from '../../../test/notifying.ts'
import { poolNearlyFull, tagsChanged } from '../finding/controls.ts'
import { settle } from '../finding/settle.ts'
import { tell as tellOf } from './telling.ts'

interface Digest {
  readonly id: string
  readonly type: string
  readonly severity: string
  readonly data: {
    readonly summary: string
    readonly total: number
    readonly counts: readonly { readonly event: string; readonly severity: string; readonly count: number }[]
    readonly shown: readonly { readonly subject: string; readonly times: number; readonly summary: string }[]
    readonly link: string
    readonly repeats?: number
  }
}
interface Delivery {
  readonly status: string
  readonly attempts: number
  readonly digestAt?: string
  readonly repeats?: number
}

let world: NativeWorld
let target: Target
let notifier: Notifier
eachHas((told) => {
  ;({ world, target, notifier } = told)
})

const hourMs = 3_600_000
const subscribe = (params: object, as?: string): Promise<{ subscriptionId: string }> =>
  world.post('/subscriptions', { node: root, targetUrl: target.url, ...params }, as === undefined ? {} : { as })
const see = (resources: readonly string[], usedPercent?: number, node = shop) =>
  world.store.write((tx) =>
    settle(
      tx,
      poolNearlyFull,
      resources.map((resource) => ({ resource, node, facts: usedPercent === undefined ? undefined : { usedPercent } })),
    ),
  )
const tell = () => tellAll(notifier)
const told = (): Digest[] => target.received.map(({ body }) => JSON.parse(body) as Digest)
const deliveriesOf = async (id: string): Promise<readonly Delivery[]> =>
  (await world.get<{ items: Delivery[] }>(`/subscriptions/${id}/deliveries?limit=1000`)).items

test('what happens in an hour is one message behind it: how much of what, and each object once', async () => {
  const { subscriptionId } = await subscribe({ digest: 'hourly', events: ['pool', 'finding'] })
  await see(['pool-1', 'pool-2'], 90)
  await see(['pool-1'], 95)
  await world.store.write((tx) =>
    settle(tx, tagsChanged, [{ resource: 'x', node: shop, facts: { cidr: '10.0.0.0/24', decisionId: 'd' } }]),
  )
  await tell()
  assert.deepEqual(target.received, [])
  world.advance(hourMs)
  await tell()
  await tell()
  const [digest, ...others] = told()
  assert.deepEqual(others, [])
  assert.deepEqual([digest!.type, digest!.severity, digest!.data.total], ['cadastre.digest', 'high', 4])
  assert.deepEqual(digest!.data.counts.slice(0, 1), [{ event: 'pool.nearly-full', severity: 'high', count: 3 }])
  assert.deepEqual(
    digest!.data.shown.map(({ subject, times }) => [subject, times]),
    [
      ['pool-1', 2],
      ['pool-2', 1],
      ['x', 1],
    ],
  )
  assert.match(digest!.data.shown[0]!.summary, /^95 %/)
  assert(digest!.data.link.endsWith(`/subscriptions/${subscriptionId}/deliveries`))
  const deliveries = await deliveriesOf(subscriptionId)
  assert(deliveries.every(({ status, digestAt }) => status === 'delivered' && digestAt !== undefined))
  assert.equal(deliveries.length, 3, 'what happened to the same twice is one')
  world.advance(2 * hourMs)
  await tell()
  assert.equal(target.received.length, 1, 'an hour in which nothing happened is not told of')
})

test('a digest that was not taken is the same one again, whatever has happened since', async () => {
  const { subscriptionId } = await subscribe({ digest: 'hourly', events: ['pool'] })
  await see(['pool-1', 'pool-2'], 90)
  await tell()
  world.advance(hourMs)
  target.answer(500)
  await tell()
  await see(['pool-3'], 90)
  await tell()
  target.answer(204)
  world.advance(60_000)
  await tell()
  const [first, again] = told()
  assert.deepEqual(again, first)
  assert.deepEqual(
    (await deliveriesOf(subscriptionId)).map(({ status, attempts }) => [status, attempts]),
    [
      ['waiting', 0],
      ['delivered', 2],
      ['delivered', 2],
    ],
  )
  world.advance(hourMs)
  await tell()
  assert.deepEqual(
    told().map(({ data }) => data.shown.map(({ subject }) => subject).sort()),
    [['pool-1', 'pool-2'], ['pool-1', 'pool-2'], ['pool-3']],
  )
})

test('a digest tells of so many events at most, and shows fewer; the rest comes with another one', async () => {
  await subscribe({ digest: 'daily', events: ['policy'] })
  // Of many: what one requester has very much of is told as one.
  await world.store.write(async (tx) => {
    for (let n = 0; n < digestEventsMax + 5; n++) {
      const by = `user:u${n % 20}`
      const facts = { version: 1, by }
      await tellOf(tx, { kind: 'policy.changed', node: shop, subject: `policy-${n}`, facts, requester: by })
    }
  })
  await tell()
  world.advance(24 * hourMs)
  await tell()
  assert.deepEqual(
    told().map(({ data }) => [data.total, data.shown.length]),
    [
      [digestEventsMax, digestShownMax],
      [5, 5],
    ],
  )
  assert.equal(new Set(told().map(({ id }) => id)).size, 2)
})

test('I8 a digest has nothing of what whoever made the subscription may not see any more', async () => {
  await world.tokenOf('user:both', 'ipam-administrator', root)
  const as = await world.tokenOf('user:both', 'auditor', shop)
  const { subscriptionId } = await subscribe({ digest: 'hourly', events: ['pool'] }, as)
  await see(['of-shop'], 90, shop)
  await see(['of-lab'], 90, lab)
  await tell()
  const { items } = await world.get<{ items: { bindingId: string; principal: string; node: string; role: string }[] }>(
    '/role-bindings?limit=1000',
  )
  const { bindingId } = items.find(({ principal, node }) => principal === 'user:both' && node === root)!
  await world.ask('DELETE', `/role-bindings/${bindingId}`)
  world.advance(hourMs)
  await tell()
  assert.deepEqual(told(), [], 'who may not manage it is told nothing')
  assert.deepEqual(
    (await deliveriesOf(subscriptionId)).map(({ status }) => status),
    ['withheld', 'withheld'],
  )
})

test('the same of the same object is told of once for a while, and then the latest of it', async () => {
  const { subscriptionId } = await subscribe({ quietSeconds: 3_600, events: ['pool'] })
  await see(['pool-1'], 90)
  await tell()
  for (let n = 0; n < 3; n++) {
    world.advance(60_000)
    await see(['pool-1'])
    await see(['pool-1'], 91 + n)
    await tell()
  }
  await see(['pool-2'], 90)
  await tell()
  const summaries = () => told().map(({ data }) => [data.summary.slice(0, 4), data.repeats])
  assert.deepEqual(summaries(), [
    ['90 %', undefined],
    ['90 %', undefined],
  ])
  world.advance(hourMs)
  await tell()
  assert.deepEqual(summaries().at(-1), ['93 %', 2])
  assert.equal(told().length, 3)
  assert.deepEqual((await deliveriesOf(subscriptionId)).map(({ repeats }) => repeats).sort(), [2, undefined, undefined])
  // Once it was quiet for long enough it is told of at once.
  world.advance(2 * hourMs)
  await see(['pool-1'])
  await see(['pool-1'], 97)
  await tell()
  assert.deepEqual(summaries().at(-1), ['97 %', undefined])
})

test('a digest is of what has words for many, and quiet is not for digests', async () => {
  const refusalOf = async (params: object, path = '/subscriptions'): Promise<string> => {
    const body = path === '/subscriptions' ? { node: root, targetUrl: target.url, ...params } : params
    const answer = await world.ask(path === '/subscriptions' ? 'POST' : 'PATCH', path, { body })
    assert.equal(answer.status, 400)
    return JSON.stringify(answer.body)
  }
  assert.match(await refusalOf({ format: 'ocsf', digest: 'hourly' }), /tells of each event alone/)
  assert.match(await refusalOf({ digest: 'daily', quietSeconds: 60 }), /has no `quietSeconds`/)
  await refusalOf({ digest: 'weekly' })
  await refusalOf({ quietSeconds: 7 * 86_400 + 1 })
  const { subscriptionId } = await subscribe({ digest: 'daily' })
  assert.match(await refusalOf({ quietSeconds: 60 }, `/subscriptions/${subscriptionId}`), /has no `quietSeconds`/)
  const changed = await world.ask('PATCH', `/subscriptions/${subscriptionId}`, {
    body: { digest: null, quietSeconds: 60 },
  })
  assert.equal(changed.status, 200)
  assert.equal((changed.body as { digest?: string }).digest, undefined)
})

test('a try, and what is replayed alone, wait for no digest', async () => {
  const { subscriptionId } = await subscribe({ digest: 'daily', events: ['pool'] })
  await see(['pool-1'], 90)
  await tell()
  await world.post(`/subscriptions/${subscriptionId}/test`, {})
  await tell()
  assert.deepEqual(
    told().map(({ type }) => type),
    ['cadastre.subscription.test'],
  )
  world.advance(24 * hourMs)
  await tell()
  const { items } = await world.get<{ items: { deliveryId: string; event: string }[] }>(
    `/subscriptions/${subscriptionId}/deliveries`,
  )
  const { deliveryId } = items.find(({ event }) => event === 'pool.nearly-full')!
  await world.post(`/deliveries/${deliveryId}/replay`, {})
  await tell()
  assert.deepEqual(
    told().map(({ type }) => type),
    ['cadastre.subscription.test', 'cadastre.digest', 'cadastre.pool.nearly-full'],
  )
})
