// Whatever happens in whatever order, and however often whoever delivers is ended in the midst of it: each target is told of all that it
// should be, at least once, and of nothing that was rolled back; one that always answers in the order in which it happened. `CADASTRE_DRIVE_SEED` draws other steps, `CADASTRE_DRIVE_TIMES` more of them.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Notifier } from '#jobs/notifying.ts'
import { type DeliveryOutcome, deliveryAgeMsMax } from '#model/delivery.ts'
import type { Facts } from '#model/finding.ts'
import { createDeliver } from '#outbound/deliver.ts'
import { foundOrganization, lab, prod, root, shop } from '../../../test/acme.ts'
import { engineUnderTest } from '../../../test/engines.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { notifierOf, openTarget, type Target, tellAll, toHere } from '../../../test/notifying.ts'
import { choicesOf } from '../../../test/random.ts'
import { poolNearlyFull, tagsChanged } from '../finding/controls.ts'
import { settle } from '../finding/settle.ts'
import { dispatch } from './dispatching.ts'

const seed = Number(process.env.CADASTRE_DRIVE_SEED ?? 20_261_130)
const steps = (engineUnderTest === 'sqlite' ? 300 : 80) * Number(process.env.CADASTRE_DRIVE_TIMES ?? 1)

/** Whoever delivers has ended: what it was about to write is not written. */
class Killed extends Error {}
class RolledBack extends Error {}

interface Told {
  readonly node: string
  readonly isHigh: boolean
  readonly subject: string
}
interface Watched {
  readonly target: Target
  readonly expected: string[]
  isFor(told: Told): boolean
  /** It takes what it is told each time. */
  readonly isSteady: boolean
  readonly isDigest: boolean
}

let world: NativeWorld
before(async () => {
  world = await openNativeWorld({ notifications: toHere })
  await foundOrganization(world)
})
after(() => world.close())

test(`all is told that should be, and nothing else (seed ${seed})`, async () => {
  const draw = choicesOf(seed)
  const watched: Watched[] = []
  const watch = async (params: object, isFor: (told: Told) => boolean, isSteady = false): Promise<string> => {
    const target = await openTarget()
    watched.push({ target, expected: [], isFor, isSteady, isDigest: 'digest' in params })
    const made = { targetUrl: target.url, ...params }
    return (await world.post<{ subscriptionId: string }>('/subscriptions', made)).subscriptionId
  }
  const ids = [
    await watch({ node: root }, () => true),
    await watch({ node: prod }, ({ node }) => node === shop),
    await watch(
      { node: lab, events: ['pool', 'finding'], severity: 'high' },
      ({ node, isHigh }) => node === lab && isHigh,
    ),
    await watch({ node: shop, events: ['pool', 'finding'] }, ({ node }) => node === shop),
    await watch({ node: root, events: ['pool', 'finding'] }, () => true, true),
    await watch({ node: prod, events: ['pool', 'finding'], digest: 'hourly' }, ({ node }) => node === shop),
  ]
  const countDead = async (): Promise<number> => {
    const lists = ids.map((id) => world.get<{ items: object[] }>(`/subscriptions/${id}/deliveries?status=dead`))
    return (await Promise.all(lists)).flatMap(({ items }) => items).length
  }
  const see = async (isKept: boolean, most = 4): Promise<void> => {
    const [node, control] = [most > 4 ? shop : draw.pick([shop, lab]), draw.pick([poolNearlyFull, tagsChanged])]
    const subjects = Array.from(
      { length: most > 4 ? most : draw.between(1, most) },
      (_, index) => `${control.name} ${++count} ${index}`,
    )
    const facts: Facts = control === poolNearlyFull ? { usedPercent: 90 } : { cidr: '10.0.0.0/24', decisionId: 'd' }
    await world.store
      .write(async (tx) => {
        await settle(
          tx,
          control,
          subjects.map((resource) => ({ resource, node, facts })),
        )
        if (!isKept) throw new RolledBack()
      })
      .catch((error: unknown) => {
        if (!(error instanceof RolledBack)) throw error
      })
    if (!isKept) return
    for (const subject of subjects)
      for (const { expected, isFor } of watched)
        if (isFor({ node, subject, isHigh: control === poolNearlyFull })) expected.push(subject)
  }
  let count = 0
  let servers = 0
  /** Of those who were telling the one that always answers: it has been told, and nobody knows. */
  let kills = 0
  const steady = watched.find(({ isSteady }) => isSteady)!
  const send = createDeliver({ ...toHere, clock: Date.now, version: '0.1.0', host: 'here' })
  /** One that ends now and then: before it has sent something, or behind that. */
  const start = (): Notifier => {
    const doomed = draw.chance(0.5) ? draw.between(1, 4) : Number.POSITIVE_INFINITY
    const isBefore = draw.chance(0.5)
    let sent = 0
    const deliver = async (composed: Parameters<typeof send>[0]): Promise<DeliveryOutcome> => {
      sent++
      if (sent >= doomed && isBefore) throw new Killed()
      const outcome = await send(composed)
      if (sent >= doomed) {
        if (composed.target.url === steady.target.url) kills++
        throw new Killed()
      }
      return outcome
    }
    const onFailure = (error: unknown): void => {
      if (!(error instanceof Killed)) throw error
    }
    return notifierOf(world, { worker: `server ${++servers}`, deliver, onFailure })
  }
  const shaky = watched.filter(({ isSteady }) => !isSteady)
  let notifier = start()
  let before = notifier
  // More than one turn finds out for whom they are.
  await see(true, 70)
  let dead = 0
  for (let step = 0; step < steps; step++) {
    const kind = draw.between(1, 10)
    if (step % Math.ceil(steps / 3) === 1) {
      // One that fails for days has dead letters.
      const { target } = draw.pick(shaky)
      target.answer(500)
      await see(true)
      for (const wait of [0, deliveryAgeMsMax, 3_600_000]) {
        world.advance(wait)
        notifier = start()
        await tellAll(notifier)
      }
      dead += await countDead()
      target.answer(204)
    }
    if (kind <= 4) await see(true)
    else if (kind === 5) await see(false)
    else if (kind === 6) draw.pick(shaky).target.answer(draw.pick([204, 204, 204, 500, 302]))
    else if (kind === 7) draw.pick(shaky).target.answer((request) => request.socket.destroy())
    else if (kind === 8) {
      // Another one takes over once nothing is heard of the one before.
      before = notifier
      notifier = start()
      world.advance(draw.pick([1_000, 31_000]))
    } else {
      // The one before does not know that it is over, as on another machine.
      const both = draw.chance(0.5) ? [before, notifier] : [notifier]
      // And one that was about to write down for whom events are, when another one took over.
      const late = draw.chance(0.3) ? dispatch(world.store, { id: 'server 0' }) : undefined
      await Promise.all([...both.map((one) => one.round()), late])
      await Promise.all(both.map((one) => one.idle()))
      world.advance(draw.pick([0, 5_000, 31_000, 60_000, 1_800_000]))
    }
  }
  assert(dead > 0, 'some were given up, and are told once they are replayed')
  for (const { target } of watched) target.answer(204)
  const last = notifierOf(world, { worker: 'the last one' })
  for (let hours = 0; hours < 12; hours++) {
    world.advance(6 * 3_600_000)
    await tellAll(last, 2_000)
    for (const id of ids) await world.post(`/subscriptions/${id}/replay`, {})
  }
  await tellAll(last, 2_000)
  for (const { target, expected, isSteady, isDigest } of watched) {
    if (isDigest) {
      const totals = new Map<string, number>()
      for (const { body } of target.taken) {
        const { id, data } = JSON.parse(body) as { id: string; data: { total: number } }
        assert.equal(totals.get(id) ?? data.total, data.total, 'the same message has the same events each time')
        totals.set(id, data.total)
      }
      assert.equal(
        [...totals.values()].reduce((sum, total) => sum + total, 0),
        expected.length,
      )
      await target.close()
      continue
    }
    const ids = new Map<string, string>()
    for (const { body, headers } of target.taken) {
      const { id, subject, type } = JSON.parse(body) as { id: string; subject: string; type: string }
      assert.equal(headers['webhook-id'], id)
      if (type === 'cadastre.subscription.paused' || type === 'cadastre.token.made') continue
      assert.equal(ids.get(subject) ?? id, id, 'the same event has the same id each time')
      ids.set(subject, id)
    }
    const told = [...ids.keys()]
    // Nobody sends what somebody else is sending: only what was sent by one that ended then comes again.
    if (isSteady) assert(target.taken.length - told.length <= kills, `${target.taken.length} ${told.length} ${kills}`)
    assert.deepEqual(isSteady ? told : told.sort(), isSteady ? expected : [...expected].sort())
    await target.close()
  }
  assert((watched[0]?.expected.length ?? 0) > steps / 4)
})
