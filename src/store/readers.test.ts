// Connections that read: who gets one, and who waits for how long.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Effort, shortMax } from './effort.ts'
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

/** Whatever reads with them ends with the test. */
const openReaders = ({ signal }: TestContext) => ({
  readers: new Readers({
    open: async () => ({ ...connection }),
    outage: new Outage(async () => undefined),
    connectionsMax: 4,
    waitMsMax: 60_000,
  }),
  signal,
})
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** A reading that goes on until it is told to end, and how often it has begun. */
function longReading({ readers, signal }: ReturnType<typeof openReaders>, sender: string, { keeps = false } = {}) {
  const state = { begun: 0, holds: false, isLong: false }
  let isOver = false
  const done = readers.use({ since: performance.now(), sender, asker: undefined }, async (_, effort: Effort) => {
    state.begun++
    state.holds = true
    try {
      while (!isOver && !signal.aborted) {
        if (keeps) effort.keep()
        effort.spend(shortMax / 4)
        state.isLong = effort.isLong
        await turn()
      }
    } finally {
      state.holds = false
    }
  })
  const end = (): Promise<void> => {
    isOver = true
    return done
  }
  return { state, end }
}
const briefly = (readers: ReturnType<typeof openReaders>['readers'], sender: string | undefined) =>
  readers.use({ since: performance.now(), sender, asker: undefined }, async () => {})
const turns = async (count: number): Promise<void> => {
  for (let n = 0; n < count; n++) await turn()
}
const holding = (all: readonly ReturnType<typeof longReading>[]) => all.filter(({ state }) => state.holds).length

test('D8 however many read long together, half of the connections go round, and each of them has one', async (t) => {
  const opened = openReaders(t)
  const { readers } = opened
  const senders = ['one', 'two', 'three']
  const all = senders.flatMap((sender) => Array.from({ length: 5 }, () => longReading(opened, sender)))
  await turns(10)
  // Nobody is told apart before they have read long: and whoever asks then waits for no end.
  await briefly(readers, 'other')
  await briefly(readers, undefined)
  await turns(200)
  const long = all.filter(({ state }) => state.isLong)
  assert.equal(long.length, 2)
  assert.equal(new Set(long.map((one) => senders[Math.floor(all.indexOf(one) / 5)])).size, 2, 'of two senders')
  assert(holding(all) <= 4)
  // What was interrupted waits for one of these to end, and is begun no more until then.
  for (let n = 0; n < 20; n++) await briefly(readers, 'other')
  await turns(100)
  for (const { state } of all) assert(state.begun <= 2, 'begun again once at most: then it goes on to its end')
  // Senders take turns there: the third one is next.
  await long[0]!.end()
  await turns(10)
  const next = all.filter(({ state }) => state.isLong && state.holds)
  assert(next.some((one) => all.indexOf(one) >= 10))
  await Promise.all(all.map(({ end }) => end()))
  await readers.close()
})

test('a reading that takes long is not interrupted where nobody else waits, also for one of the same sender', async (t) => {
  const opened = openReaders(t)
  const { readers } = opened
  const all = Array.from({ length: 5 }, () => longReading(opened, 'one'))
  await turns(100)
  assert.equal(holding(all), 3)
  assert.deepEqual(
    all.map(({ state }) => state.begun),
    [1, 1, 1, 0, 0],
  )
  await Promise.all(all.map(({ end }) => end()))
  await readers.close()
})

test('a reading that keeps what it found gives way again and again, and counts as long no more than others', async (t) => {
  const opened = openReaders(t)
  const { readers } = opened
  const long = ['one', 'two'].map((sender) => longReading(opened, sender))
  await turns(20)
  const kept = ['three', 'four', 'five', 'six'].map((sender) => longReading(opened, sender, { keeps: true }))
  await turns(200)
  for (const { state } of kept) {
    assert(!state.isLong)
    assert(state.begun > 3, `${state.begun}`)
  }
  await Promise.all([...long, ...kept].map(({ end }) => end()))
  await readers.close()
})

test('D2 of one sender no more readings wait to go on than it has connections: what they found is in memory', async (t) => {
  const opened = openReaders(t)
  const { readers } = opened
  const begunOf = (all: readonly ReturnType<typeof longReading>[]) => all.filter(({ state }) => state.begun > 0).length
  const many = (sender: string) => Array.from({ length: 20 }, () => longReading(opened, sender, { keeps: true }))
  const [one, two] = [many('one'), many('two')]
  await turns(300)
  assert.deepEqual([begunOf(one), begunOf(two)], [3, 3])
  const others = Array.from({ length: 4 }, (_, index) => many(`other ${index}`))
  await turns(600)
  assert(begunOf(others.flat()) >= others.length, 'each has begun')
  assert(begunOf([...one, ...two, ...others.flat()]) <= 8 + 4 + others.length)
  await Promise.all([...one, ...two, ...others.flat()].map(({ end }) => end()))
  await readers.close()
})
