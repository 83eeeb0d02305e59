// Equal events that wait are told once, with their number, and what one requester has very much of is told together.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Notifier } from '#jobs/notifying.ts'
import type { EventName } from '#model/event.ts'
import { lab, root, shop } from '../../../test/acme.ts'
import { isLeftToNight } from '../../../test/engines.ts'
import type { NativeWorld } from '../../../test/native-world.ts'
import { eachHas, type Target, tellAll } from '../../../test/notifying.ts'
import { type Told, tell } from './telling.ts'

interface Event {
  readonly type: string
  readonly subject: string
  readonly data: {
    readonly summary: string
    readonly total: number
    readonly counts: readonly { readonly event: string; readonly count: number }[]
    readonly shown: readonly { readonly subject: string; readonly times: number }[]
    readonly repeats?: number
    readonly others?: number
    readonly facts: { readonly version?: number }
  }
}
interface Delivery {
  readonly status: string
  readonly subject: string
  readonly attempts: number
  readonly repeats?: number
  readonly others?: number
}

let world: NativeWorld
let target: Target
let notifier: Notifier
eachHas((told) => {
  ;({ world, target, notifier } = told)
})

const subscribe = (params: object = {}): Promise<{ subscriptionId: string }> =>
  world.post('/subscriptions', {
    node: root,
    targetUrl: target.url,
    events: ['policy', 'token', 'break-glass'],
    ...params,
  })
/** One person’s request, which has something told. */
const happens = (by: string, subject: string, more: Partial<Told<EventName>> = {}): Promise<number> =>
  world.store.write((tx) =>
    tell(tx, {
      kind: 'policy.changed',
      node: shop,
      subject,
      facts: { version: 1, by },
      requester: by,
      ...more,
    } as Told<'policy.changed'>),
  )
const told = (): Event[] => target.received.map(({ body }) => JSON.parse(body) as Event)
const deliveriesOf = async (id: string): Promise<readonly Delivery[]> =>
  (await world.get<{ items: Delivery[] }>(`/subscriptions/${id}/deliveries?limit=1000`)).items
const countOf = ({ repeats = 0, others = 0 }: Pick<Delivery, 'repeats' | 'others'>): number => 1 + repeats + others
const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)

test('D8 what one person does again and again to the same is told once as it is now, with how often', async () => {
  await subscribe()
  for (let version = 1; version <= 250; version++)
    await happens('user:busy', 'policy-a', { facts: { version, by: 'user:busy' } })
  await happens('user:other', 'policy-a')
  await happens('user:busy', 'policy-b')
  await happens('user:busy', 'policy-a', { node: lab })
  await tellAll(notifier)
  assert.deepEqual(
    told().map(({ subject, data }) => [subject, data.facts.version, data.repeats]),
    [
      ['policy-a', 250, 249],
      ['policy-a', 1, undefined],
      ['policy-b', 1, undefined],
      ['policy-a', 1, undefined],
    ],
  )
  // What was told is over: what comes later is told anew.
  await happens('user:busy', 'policy-a')
  await tellAll(notifier)
  assert.deepEqual([told().length, told().at(-1)!.data.repeats], [5, undefined])
})

test('D8 of one requester no more than a hundred wait apart: the rest is told together, and others are told as ever', async (t) => {
  if (isLeftToNight(t)) return
  target.answer(503)
  const { subscriptionId } = await subscribe()
  for (let n = 0; n < 300; n++) await happens('user:busy', `policy-${n}`)
  await happens('user:busy', 'policy-elsewhere', { node: lab })
  const glass = { target: shop, locale: 'l', resourceType: 'eip', reason: 'r', requestedBy: 'user:busy', expiresAt: '' }
  for (const subject of ['exception-1', 'exception-2'])
    await happens('user:busy', subject, { kind: 'break-glass.used', facts: glass })
  await happens('user:quiet', 'policy-of-another')
  await tellAll(notifier)
  const waiting = await deliveriesOf(subscriptionId)
  assert.equal(sum(waiting.map(countOf)), 304, 'nothing is lost')
  const together = waiting.filter(({ others }) => others !== undefined)
  assert.deepEqual(
    together.map(({ subject, others }) => [subject, others]),
    [['policy-299', 199]],
  )
  // Each of another node, of what is critical, and of somebody else.
  const apart = ['policy-elsewhere', 'exception-1', 'exception-2', 'policy-of-another']
  for (const subject of apart) assert.equal(waiting.filter((one) => one.subject === subject).length, 1, subject)
  assert.equal(waiting.length, 100 + 1 + apart.length)

  target.answer(204)
  world.advance(3_600_000)
  await tellAll(notifier, 500)
  const last = told().find(({ data }) => data.others !== undefined)!
  assert.equal(last.data.others, 199)
  assert.match(last.data.summary, /There are 199 more like it, of the same requester: the record has each\.$/)
})

test('what is being told, and what was tried in vain, is not taken the place of', async () => {
  const { subscriptionId } = await subscribe()
  const begun = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  target.answer((_, response) => {
    begun.resolve()
    void go.promise.then(() => response.writeHead(500).end())
  })
  await happens('user:busy', 'policy-a', { facts: { version: 1, by: 'user:busy' } })
  await notifier.round()
  await notifier.round()
  await begun.promise
  await happens('user:busy', 'policy-a', { facts: { version: 2, by: 'user:busy' } })
  await notifier.round()
  go.resolve()
  await notifier.idle()
  target.answer(500)
  const next = async (): Promise<void> => {
    await notifier.round()
    await notifier.idle()
  }
  await next()
  await happens('user:busy', 'policy-a', { facts: { version: 3, by: 'user:busy' } })
  await next()
  const states = (await deliveriesOf(subscriptionId)).map(({ attempts, repeats }) => [attempts, repeats])
  assert.equal(states.length, 3)
  // Each has failed once, and its target with it.
  assert.deepEqual(states.slice(1), [
    [1, undefined],
    [1, undefined],
  ])
})

test('a digest counts what was told together', async () => {
  const { subscriptionId } = await subscribe({ digest: 'hourly' })
  for (let n = 0; n < 5; n++) await happens('user:busy', 'policy-a')
  for (let n = 0; n < 150; n++) await happens('user:busy', `policy-${n}`)
  await tellAll(notifier)
  assert.equal((await deliveriesOf(subscriptionId)).length, 101)
  world.advance(3_600_000)
  await tellAll(notifier)
  const [digest, ...more] = told()
  assert.deepEqual(more, [])
  assert.deepEqual([digest!.data.total, digest!.data.counts[0]!.count], [155, 155])
  assert.equal(digest!.data.shown.find(({ subject }) => subject === 'policy-a')?.times ?? 5, 5)
})

test('what the server brings about by itself is told each by itself, and what is found of the same once', async () => {
  await subscribe({ events: ['evidence', 'finding'] })
  const log = { kind: 'evidence.checkpoint', node: shop, subject: 'log', requester: '' } as const
  for (const size of [1, 2, 3])
    await happens('', 'log', { ...log, facts: { size, checkpoint: `c${size}` } } as Partial<Told<EventName>>)
  const found = { kind: 'finding.opened', severity: 'high', requester: '' } as const
  for (const usedPercent of [80, 90])
    await happens('', 'pool-1', { ...found, facts: { findingId: 'finding-1', control: 'c', of: { usedPercent } } })
  await tellAll(notifier)
  assert.deepEqual(
    told().map(({ type, data }) => [type, data.repeats]),
    [...[1, 2, 3].map(() => ['cadastre.evidence.checkpoint', undefined]), ['cadastre.finding.opened', 1]],
  )
})
