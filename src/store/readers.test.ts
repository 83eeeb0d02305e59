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
      readers.giveBack(connection)
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
