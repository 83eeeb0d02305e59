// What is critical is told before all else, and what is found in one part of the organization keeps nobody from being told of another.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Notifier } from '#jobs/notifying.ts'
import { lab, prod, root, shop } from '../../../test/acme.ts'
import { isLeftToNight } from '../../../test/engines.ts'
import type { NativeWorld } from '../../../test/native-world.ts'
import { eachHas, type Target, tellAll } from '../../../test/notifying.ts'
import { managementAccount } from '../../../test/world.ts'
import { poolNearlyFull } from '../finding/controls.ts'
import { settle } from '../finding/settle.ts'
import { dispatch, outboxWork } from './dispatching.ts'
import { deliveriesKeptMax, deliveriesReserve } from './subscriptions.ts'
import { tell } from './telling.ts'

interface Delivery {
  readonly subject: string
  readonly status: string
  readonly others?: number
}
interface Event {
  readonly subject: string
  readonly type: string
  readonly data: { readonly summary: string; readonly others?: number }
}

let world: NativeWorld
let target: Target
let notifier: Notifier
eachHas((told) => {
  ;({ world, target, notifier } = told)
})

const subscribe = async (params: object = {}): Promise<string> => {
  const made = { node: root, targetUrl: target.url, events: ['pool', 'break-glass'], ...params }
  return (await world.post<{ subscriptionId: string }>('/subscriptions', made)).subscriptionId
}
/** What a source tells, or a job finds, of very many things at one account. */
async function find(count: number, node: string, name: string): Promise<void> {
  const all = Array.from({ length: count }, (_, n) => ({
    ...{ resource: `${name}-${n}`, node },
    facts: { usedPercent: 90 },
  }))
  for (let at = 0; at < count; at += 500)
    await world.store.write((tx) => settle(tx, poolNearlyFull, all.slice(at, at + 500)))
}
const breakGlass = (subject: string) => {
  const facts = { target: shop, locale: 'l', resourceType: 'eip', reason: 'r', requestedBy: 'user:x', expiresAt: '' }
  return world.store.write((tx) =>
    tell(tx, { kind: 'break-glass.used', node: shop, subject, facts, requester: 'user:x' }),
  )
}
async function lookThrough(): Promise<void> {
  while (await world.store.read(async (tx) => (await outboxWork(tx, { id: 'one' }))?.isBehind))
    await dispatch(world.store, { id: 'one' })
}
const waitingOf = async (id: string): Promise<readonly Delivery[]> => {
  const all: Delivery[] = []
  for (let cursor = ''; ; ) {
    const page = await world.get<{ items: Delivery[]; nextCursor?: string }>(
      `/subscriptions/${id}/deliveries?status=waiting&limit=1000${cursor && `&cursor=${cursor}`}`,
    )
    all.push(...page.items)
    if (page.nextCursor === undefined) return all
    cursor = page.nextCursor
  }
}
const told = (): readonly Event[] => target.received.map(({ body }) => JSON.parse(body) as Event)

test('D8 what is critical is told before all that waits, however much that is', async () => {
  await notifier.round()
  await subscribe()
  await find(30, shop, 'flood')
  await breakGlass('exception-1')
  await notifier.round()
  await notifier.idle()
  assert.deepEqual(
    told().map(({ subject }) => subject),
    ['exception-1'],
  )
  await breakGlass('exception-2')
  await notifier.round()
  await notifier.idle()
  assert.deepEqual(told().at(-1)!.subject, 'exception-2')
  await tellAll(notifier, 1_000)
  assert.equal(new Set(told().map(({ subject }) => subject)).size, 32)
})

test('D8 of what is found at one node three hundred wait apart: the rest is told together, with its number, and of others all', async () => {
  await notifier.round()
  const [id, hub] = [await subscribe(), await subscribe({ format: 'ocsf' })]
  await find(420, shop, 'flood')
  await find(20, lab, 'other')
  await lookThrough()
  const waiting = await waitingOf(id)
  const apart = waiting.filter(({ others }) => others === undefined)
  assert.deepEqual([apart.length, apart.filter(({ subject }) => subject.startsWith('other')).length], [320, 20])
  assert.deepEqual(
    waiting.flatMap(({ subject, others }) => (others === undefined ? [] : [[subject, others]])),
    [['flood-419', 119]],
  )
  // What keeps the findings of many systems wants each.
  assert.equal((await waitingOf(hub)).length, 440)
  await world.ask('DELETE', `/subscriptions/${hub}`)
  await world.store.write(async (tx) => {
    const all = await tx.outbox.listDeliveries({ subscription: id }, Number.MAX_SAFE_INTEGER, 1_000)
    for (const { n, others } of all) if (others > 0) await tx.outbox.changeDelivery(n, { nextAt: 0 })
  })
  await notifier.round()
  await notifier.idle()
  const last = told().find(({ data }) => data.others !== undefined)!
  assert.match(last.data.summary, /There are 119 more like it, found in the same part of the organization: the list/)
})

test('D8 of what is found in one unit, at however many nodes, a thousand wait apart', async (t) => {
  if (isLeftToNight(t)) return
  await notifier.round()
  const id = await subscribe()
  for (const node of ['a', 'b', 'c', 'd', 'e']) {
    const of = { name: node, email: `${node}@example.com`, parentId: prod }
    const { account } = await world.post<{ account: string }>('/accounts', of)
    await find(220, account, node)
  }
  await find(20, managementAccount, 'other')
  await lookThrough()
  const waiting = await waitingOf(id)
  assert.equal(waiting.filter(({ others }) => others === undefined).length, 1_020)
  assert.deepEqual(
    waiting.flatMap(({ others }) => others ?? []),
    [99],
  )
  assert.equal(waiting.filter(({ subject }) => subject.startsWith('other')).length, 20)
})

test('D8 what is critical finds room where nothing else does', async () => {
  await notifier.round()
  const id = await subscribe()
  const kept = deliveriesKeptMax - deliveriesReserve
  const numbers = `with recursive number (x) as (select 1 union all select x + 1 from number where x < ${kept})`
  await world.database.execute(`${numbers} insert into event (n, kind, severity, node, subject, source, facts, at, requester)
    select -x, 'pool.nearly-full', 'high', '${shop}', 'p', '', '{}', 0, '' from number`)
  await world.database.execute(`${numbers} insert into delivery (n, subscription, event, status, attempts, made_at, next_at)
    select -x, '${id}', -x, 'dead', 1, 0, 0 from number`)
  await find(3, shop, 'more')
  await breakGlass('exception-1')
  await lookThrough()
  assert.deepEqual(
    (await waitingOf(id)).map(({ subject }) => subject),
    ['exception-1'],
  )
  assert.equal((await world.get<{ dropped: number }>(`/subscriptions/${id}`)).dropped, 3)
})
