// Whoever has had less of the writer's time goes first, and whoever has kept others waiting rests.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Asking, everydayMs, keptWaitingMsMax, sharersMax, WriterShares } from './writer-shares.ts'

const asking = (sender: string | undefined, more: Partial<Asking> = {}): Asking => ({
  sender,
  isLong: false,
  isOfTop: () => false,
  ...more,
})
const longOf = (sender: string) => asking(sender, { isLong: true })
const took = (shares: WriterShares, one: Asking, ms: number, { keptMs = 0, now = 0 } = {}) =>
  shares.took(one, { ms, aroundMs: 0, keptMs, now })
const sendersOf = (all: readonly Asking[]) => all.map(({ sender }) => sender)

test('D8 many requests of one sender that need little go before one of another that needs much', () => {
  const shares = new WriterShares()
  took(shares, longOf('lists'), 1_000)
  took(shares, asking('allocates'), 5)
  const waiting = [longOf('lists'), ...Array.from({ length: 50 }, () => asking('allocates')), longOf('lists')]
  const order = sendersOf(shares.inOrder(waiting, 0))
  assert.deepEqual([...new Set(order)], ['allocates', 'lists'])
})

test('D8 senders who need as much each take turns; what nobody asks for by name goes first', () => {
  const shares = new WriterShares()
  const waiting = [asking('a'), asking('a'), asking('a'), asking('b'), asking('b'), asking(undefined)]
  assert.deepEqual(sendersOf(shares.inOrder(waiting, 0)), [undefined, 'a', 'b', 'a', 'b', 'a'])
})

test('D8 what somebody has had of it is forgotten, and they go first again', () => {
  const shares = new WriterShares()
  took(shares, asking('a'), 40)
  took(shares, asking('b'), 30)
  const waiting = [asking('a'), asking('b')]
  assert.deepEqual(sendersOf(shares.inOrder(waiting, 0)), ['b', 'a'])
  took(shares, asking('b'), 30, { now: 60_000 })
  assert.deepEqual(sendersOf(shares.inOrder(waiting, 60_000)), ['a', 'b'])
})

test('D8 whoever keeps others waiting rests, for many times as long, and with nothing else than such work', () => {
  const shares = new WriterShares()
  const keep = (keptMs: number) => took(shares, longOf('lists'), 400, { keptMs })
  keep(keptWaitingMsMax)
  assert.equal(shares.restMs(longOf('lists'), 0), 0)
  keep(300)
  assert.equal(Math.round(shares.restMs(longOf('lists'), 0)), 6_000)
  assert.equal(Math.round(shares.restMs(longOf('lists'), 4_000)), 2_000)
  assert.equal(shares.restMs(longOf('lists'), 6_000), 0)
  assert.equal(shares.restMs(asking('lists'), 0), 0, 'an allocation')
  assert.equal(shares.restMs(longOf('another'), 0), 0)
  // Whoever governs the top comes back earlier.
  assert.equal(Math.round(shares.restMs(asking('lists', { isLong: true, isOfTop: () => true }), 0)), 600)
})

test('D8 nobody rests for everyday work, nor where nobody waited', () => {
  const shares = new WriterShares()
  for (let times = 0; times < 1_000; times++) {
    took(shares, asking('a'), everydayMs, { keptMs: everydayMs })
    took(shares, longOf('b'), 1_000)
  }
  assert.deepEqual([shares.restMs(asking('a'), 0), shares.restMs(longOf('b'), 0)], [0, 0])
})

test('D8 of so many senders it is known: the one that has asked for nothing for longest is forgotten', () => {
  const shares = new WriterShares()
  const keep = (sender: string) => took(shares, longOf(sender), 1_000, { keptMs: 1_000 })
  for (let n = 0; n < sharersMax; n++) keep(`sender-${n}`)
  keep('sender-0')
  keep('one more')
  const rests = ['sender-0', 'sender-1', 'sender-2', 'one more'].map((sender) => shares.restMs(longOf(sender), 0) > 0)
  assert.deepEqual(rests, [true, false, true, true])
})
