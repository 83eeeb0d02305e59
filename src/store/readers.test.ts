// Connections that read: who gets one, and who waits for how long.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Outage } from './outage.ts'
import { Readers, readsWaitingMax, readsWaitingShareMax } from './readers.ts'
import { StoreTrouble } from './trouble.ts'

const connection = { isGood: true, close: async () => {} }

test('of the readings that wait nobody has all of the places, and those of others are served', async () => {
  const outage = new Outage(async () => undefined)
  const readers = new Readers({ open: async () => connection, outage, connectionsMax: 1, waitMsMax: 60_000 })
  const now = performance.now()
  await readers.take(now)
  const settled: Record<string, string[]> = {}
  const ask = async (sender: string): Promise<void> => {
    settled[sender] ??= []
    try {
      await readers.take(now, sender)
      settled[sender].push('served')
      readers.giveBack(connection, sender)
    } catch (error) {
      assert.ok(error instanceof StoreTrouble)
      settled[sender].push(error.message)
    }
  }
  const asked = Array.from({ length: readsWaitingMax }, () => ask('user:many'))
  const others = Array.from({ length: 100 }, () => ask('user:other'))
  readers.giveBack(connection)
  await Promise.all([...asked, ...others])
  const many = settled['user:many']!
  const served = many.filter((one) => one === 'served').length
  // Half of the places count for nobody; from then on whoever has a quarter gets no more.
  assert.equal(served, Math.max(readsWaitingMax / 2, readsWaitingShareMax))
  assert.match(many.find((one) => one !== 'served')!, /too many reads of `user:many` wait/)
  assert.deepEqual(new Set(settled['user:other']), new Set(['served']))
  await readers.close()
})

test('D8 whoever reads long leaves connections to others, and who uses fewest is next', async () => {
  const readers = new Readers({
    open: async () => ({ ...connection }),
    outage: new Outage(async () => undefined),
    connectionsMax: 4,
    waitMsMax: 60_000,
  })
  const now = performance.now()
  const order: string[] = []
  const ask = async (sender: string) => {
    const taken = await readers.take(now, sender)
    order.push(sender)
    return taken
  }
  const many = Array.from({ length: 10 }, () => ask('many'))
  const held = await Promise.all(many.slice(0, 3))
  // Three of four are theirs, and seven of their readings wait; another one is served at once.
  const other = await ask('other')
  assert.deepEqual(order, ['many', 'many', 'many', 'other'])
  const third = ask('third')
  readers.giveBack(held[0]!, 'many')
  await third
  assert.equal(order.at(-1), 'third', 'before those who came before and use two')
  readers.giveBack(other, 'other')
  for (const connection of [held[1]!, held[2]!, await third]) {
    readers.giveBack(connection, connection === (await third) ? 'third' : 'many')
  }
  for (const waiting of many.slice(3)) readers.giveBack(await waiting, 'many')
  await readers.close()
  assert.equal(order.filter((sender) => sender === 'many').length, 10, 'nobody is forgotten')
})

test('who waits only because they have their share gets an idle connection once one of theirs fails, also in an outage', async () => {
  const outage = new Outage(async () => new StoreTrouble('unavailable', 'away', { fatal: false }))
  const readers = new Readers({ open: async () => ({ ...connection }), outage, connectionsMax: 4, waitMsMax: 60_000 })
  const now = performance.now()
  const held = await Promise.all(['many', 'many', 'many', 'other'].map((sender) => readers.take(now, sender)))
  readers.giveBack(held[3]!, 'other')
  const fourth = readers.take(now, 'many')
  outage.begin(new StoreTrouble('unavailable', 'away', { fatal: false }))
  readers.giveBack({ ...held[0]!, isGood: false }, 'many')
  readers.giveBack(await fourth, 'many')
  for (const one of held.slice(1, 3)) readers.giveBack(one, 'many')
  outage.end()
  await readers.close()
})
