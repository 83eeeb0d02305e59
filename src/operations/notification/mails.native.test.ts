// Mails to people who did not ask for them: so many in an hour, and what there is no room for is told together when that is over.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import type { Notifier } from '#jobs/notifying.ts'
import type { DeliveryOutcome } from '#model/delivery.ts'
import { countsOf, mailsOfSetterMax, mailsOfSetterToOneMax, mailsToOneMax } from '#model/mail-bounds.ts'
import { foundOrganization, root, shop } from '../../../test/acme.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { notifierOf, tellAll, toHere } from '../../../test/notifying.ts'
import type { Composed } from './delivering.ts'
import { forgetTold, isToldForgettable } from './dispatching.ts'
import { hourOf } from './mails.ts'
import { tell } from './telling.ts'

interface Delivery {
  readonly deliveryId: string
  readonly status: string
  readonly subject: string
  readonly event: string
  readonly digestAt?: string
  readonly repeats?: number
  readonly others?: number
}

let world: NativeWorld
let notifier: Notifier
let mails: Composed[]
let outcome: DeliveryOutcome
beforeEach(async () => {
  const notifications = { ...toHere, sendsMail: true, mailDomains: ['example.com'] }
  world = await openNativeWorld({ notifications })
  await foundOrganization(world)
  mails = []
  outcome = { isDelivered: true }
  notifier = notifierOf(world, {
    async deliver(composed) {
      if (outcome.isDelivered) mails.push(composed)
      return outcome
    },
  })
})
afterEach(() => world.close())

const hourMs = 3_600_000
const addresses = (count: number, name = 'to'): string[] =>
  Array.from({ length: count }, (_, n) => `${name}${n}@example.com`)
const subscribe = async (recipients: readonly string[], as?: string, params: object = {}): Promise<string> => {
  const made = { node: shop, format: 'mail', events: ['exception', 'break-glass', 'policy'], recipients, ...params }
  const sent = as === undefined ? {} : { as }
  return (await world.post<{ subscriptionId: string }>('/subscriptions', made, sent)).subscriptionId
}
const facts = { target: shop, locale: 'l', resourceType: 'eip', reason: 'phish', requestedBy: 'user:x', expiresAt: '' }
/** Each of another exception, as one person asks for them. */
const happen = (
  count: number,
  name = 'exception',
  kind: 'exception.requested' | 'break-glass.used' = 'exception.requested',
) =>
  world.store.write(async (tx) => {
    for (let n = 0; n < count; n++)
      await tell(tx, { kind, node: shop, subject: `${name}-${n}`, facts, requester: 'user:x' })
  })
const tellNow = () => tellAll(notifier, 1_000)
/** Whether they are told together or each alone. */
const countOf = ({ told }: Composed): number =>
  'total' in told ? told.total : 1 + (told.repeats ?? 0) + (told.others ?? 0)
const eventsIn = (some: readonly Composed[]): number => some.reduce((sum, one) => sum + countOf(one), 0)
const messagesIn = (some: readonly Composed[]): number =>
  some.reduce((sum, { target }) => sum + target.recipients!.length, 0)
const toOne = (some: readonly Composed[], address: string): number =>
  some.filter(({ target }) => target.recipients!.includes(address)).length
const deliveriesOf = async (id: string): Promise<readonly Delivery[]> =>
  (await world.get<{ items: Delivery[] }>(`/subscriptions/${id}/deliveries?limit=1000`)).items

test('D8 one who sets subscriptions has so many mails sent in an hour, whatever happens; the rest is told together, and nothing is lost', async () => {
  const as = await world.tokenOf('user:many', 'organization-administrator', shop)
  for (let n = 0; n < 4; n++) await subscribe(addresses(20, `s${n}-`), as)
  await happen(60)
  await tellNow()
  assert.equal(messagesIn(mails), mailsOfSetterMax)
  // All day long.
  for (let hour = 0; hour < 4; hour++) {
    const before = mails.length
    for (let n = 0; n < 5; n++) {
      await happen(10, `more-${hour}-${n}`)
      world.advance(300_000)
      await tellNow()
    }
    world.advance(hourMs - 5 * 300_000)
    assert(messagesIn(mails.slice(before)) <= mailsOfSetterMax)
  }
  const before = mails.length
  await tellNow()
  // Each with what had no room: one mail, by a time that is over.
  const last = mails.slice(before)
  assert.equal(last.length, 4)
  assert(last.every(({ told }) => 'digest' in told && told.digest === 'hourly'))
  assert.equal(eventsIn(mails), 4 * (60 + 4 * 5 * 10))
})

test('D8 new subscriptions, others in place of deleted ones, and services of the same person have no more mails', async () => {
  const as = await world.tokenOf('user:many', 'organization-administrator', shop)
  await world.tokenOf('service:robot', 'organization-administrator', shop)
  const made = { principal: 'service:robot', account: shop }
  const { token } = await world.post<{ token: string }>('/tokens', made, { as })
  for (const [n, by] of [as, as, token, token].entries()) {
    const id = await subscribe(addresses(20, `s${n}-`), by)
    await happen(20, `of-${n}`)
    await tellNow()
    assert.equal((await world.ask('DELETE', `/subscriptions/${id}`)).status, 204)
  }
  assert.equal(messagesIn(mails), mailsOfSetterMax)
})

test('D8 one address has so many mails in an hour, of whomever; another who tells them something tells it still, and so does the top', async () => {
  const victim = 'ceo@example.com'
  const names = ['a', 'b', 'c', 'd', 'e']
  for (const name of names) {
    const as = await world.tokenOf(`user:${name}`, 'organization-administrator', shop)
    for (let n = 0; n < 2; n++) await subscribe([victim, ...addresses(3, `of-${name}-${n}-`)], as)
  }
  await happen(40)
  await tellNow()
  assert.equal(toOne(mails, victim), mailsToOneMax)
  const other = await world.tokenOf('user:other', 'resource-operator', shop)
  const [own, top] = [await subscribe([victim], other), await subscribe([victim], undefined, { node: root })]
  await happen(5, 'later')
  await tellNow()
  const statesOf = async (id: string): Promise<readonly string[]> =>
    (await deliveriesOf(id)).map(({ status }) => status).sort()
  assert.deepEqual(await statesOf(own), ['delivered', 'waiting', 'waiting', 'waiting', 'waiting'])
  assert.deepEqual(await statesOf(top), Array(5).fill('delivered'))
  const before = mails.length
  world.advance(hourMs)
  await tellNow()
  const digests = mails.slice(before)
  // Whoever had no room, each of their subscriptions once.
  assert.equal(digests.length, 2 * names.length + 1)
  assert.equal(eventsIn(mails), 10 * 45 + 2 * 5)
})

test('D8 what is critical is told by itself also where the mails of the hour are used up', async () => {
  const as = await world.tokenOf('user:many', 'organization-administrator', shop)
  const id = await subscribe(['soc@example.com'], as)
  await happen(90)
  await tellNow()
  assert.equal(mails.length, mailsOfSetterToOneMax)
  await happen(2, 'glass', 'break-glass.used')
  await tellNow()
  assert.deepEqual(
    mails.slice(-2).map(({ told }) => ('kind' in told ? told.kind : 'a digest')),
    ['break-glass.used', 'break-glass.used'],
  )
  // Of it, too, no more than so many.
  await happen(100, 'again', 'break-glass.used')
  await tellNow()
  assert.equal(mails.length, 2 * mailsOfSetterToOneMax)
  world.advance(hourMs)
  await tellNow()
  assert.equal(mails.length, 2 * mailsOfSetterToOneMax + 1)
  assert.equal(eventsIn(mails), 90 + 2 + 100)
  assert((await deliveriesOf(id)).every(({ status }) => status === 'delivered'))
})

test('what waits for the hour to be over is joined with the same, and says when it is told', async () => {
  const as = await world.tokenOf('user:many', 'organization-administrator', shop)
  const id = await subscribe(['soc@example.com'], as)
  await happen(mailsOfSetterToOneMax)
  await tellNow()
  const changes = () =>
    world.store.write((tx) =>
      tell(tx, {
        kind: 'policy.changed',
        node: shop,
        subject: 'p',
        facts: { version: 1, by: 'user:x' },
        requester: 'user:x',
      }),
    )
  for (let n = 0; n < 20; n++) {
    await changes()
    world.advance(60_000)
    await tellNow()
  }
  const waiting = (await deliveriesOf(id)).filter(({ status }) => status === 'waiting')
  assert.deepEqual(
    waiting.map(({ subject, repeats, digestAt }) => [subject, repeats, digestAt !== undefined]),
    [['p', 19, true]],
  )
  world.advance(hourMs)
  await tellNow()
  assert.equal(eventsIn(mails), mailsOfSetterToOneMax + 20)
  await changes()
  await tellNow()
  assert.equal('kind' in mails.at(-1)!.told, true, 'each alone again')
})

test('a digest that finds no room comes with the next one, and one that was tried is the same again', async () => {
  const as = await world.tokenOf('user:many', 'organization-administrator', shop)
  const id = await subscribe(['soc@example.com'], as, { digest: 'hourly' })
  const alone = await subscribe(['soc@example.com'], as)
  await happen(3)
  await tellNow()
  world.advance(hourMs)
  await happen(mailsOfSetterToOneMax, 'flood')
  await world.store.write(async (tx) => {
    const waiting = await tx.outbox.listDeliveries({ subscription: id }, Number.MAX_SAFE_INTEGER, 10)
    // Its turn comes behind those of the others.
    await tx.outbox.changeWaiting(
      waiting.map(({ n }) => n),
      { nextAt: tx.now + 60_000 },
    )
  })
  await tellNow()
  world.advance(60_000)
  await tellNow()
  assert.equal(mails.filter(({ told }) => 'digest' in told).length, 0)
  outcome = { isDelivered: false, problem: { why: 'target-unreachable', code: 'ECONNREFUSED' } }
  world.advance(hourMs)
  await tellNow()
  await happen(2, 'late')
  outcome = { isDelivered: true }
  world.advance(120_000)
  await tellNow()
  const digests = mails.filter(({ told }) => 'digest' in told)
  assert.deepEqual(digests.map(countOf), [3 + mailsOfSetterToOneMax])
  world.advance(hourMs)
  await tellNow()
  assert.equal(eventsIn(mails), 2 * (3 + mailsOfSetterToOneMax + 2))
  for (const one of [id, alone]) assert((await deliveriesOf(one)).every(({ status }) => status === 'delivered'))
})

test('a mail that was not taken is none of those of the hour, and what was counted is forgotten with it', async () => {
  const as = await world.tokenOf('user:many', 'organization-administrator', shop)
  const id = await subscribe(addresses(20), as)
  await happen(1)
  outcome = { isDelivered: false, problem: { why: 'target-unreachable', code: 'ECONNREFUSED' } }
  for (let n = 0; n < 8; n++) {
    await tellNow()
    world.advance(60_000)
  }
  const rows = async () => (await world.database.tables()).mail_count
  const keys = [
    ...countsOf({ setter: 'user:many', isAtTop: false, isCritical: false, recipients: addresses(20) }).keys(),
  ]
  const counted = await world.store.read((tx) => tx.outbox.mailsOf(hourOf(tx.now), keys))
  assert.equal(counted.size, keys.length)
  assert([...counted.values()].every((count) => count === 0))
  outcome = { isDelivered: true }
  world.advance(hourMs)
  await tellNow()
  assert.deepEqual(
    (await deliveriesOf(id)).map(({ status }) => status),
    ['delivered'],
  )
  world.advance(hourMs)
  for (let turn = 0; turn < 100 && (await world.store.read(isToldForgettable)); turn++)
    await world.store.write(forgetTold)
  assert.deepEqual(await rows(), [])
})
