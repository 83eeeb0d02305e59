// Who may listen: so many at a time, each as often as anybody, and no longer counted once they have gone.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Refused } from '#model/refusal.ts'
import {
  gapMs,
  gapMsMax,
  gapOfReading,
  pollMs,
  Streams,
  silentLooks,
  streamsMax,
  streamsOfAccountableMax,
  streamsOfOneMax,
} from './stream.ts'

/** Begins to listen; the answer hangs up. */
function listen(streams: Streams, listener: string, accountable = listener) {
  const gone = new AbortController()
  const events = streams.follow(async () => ({ items: [{ id: 1 }], nextCursor: '1' }), {
    cursor: undefined,
    listener,
    accountable,
    signal: gone.signal,
    pageSize: 100,
    idOf: () => '1',
  })
  return { events, hangUp: () => gone.abort() }
}
const refusal = (code: string) => (error: unknown) => error instanceof Refused && error.refusal.code === code

test('D2 nobody takes all places: one more of the same is refused at once, and others still listen', () => {
  const streams = new Streams(async () => 1)
  for (let n = 0; n < streamsOfOneMax; n++) listen(streams, 'user:a')
  assert.throws(() => listen(streams, 'user:a'), refusal('Throttled'))
  for (let n = streamsOfOneMax; n < 200; n++) listen(streams, `user:${n}`)
  assert.throws(() => listen(streams, 'user:b'), refusal('Throttled'))
})

test('D8 nor whoever has many names: what one is accountable for is counted together, and given back', () => {
  const streams = new Streams(async () => 1)
  const listeners = Array.from({ length: streamsOfAccountableMax }, (_, n) => listen(streams, `service:${n}`, 'user:a'))
  assert.throws(() => listen(streams, 'service:more', 'user:a'), refusal('Throttled'))
  assert.throws(() => listen(streams, 'user:a'), refusal('Throttled'))
  for (let n = streamsOfAccountableMax; n < streamsMax; n++) listen(streams, `user:${n}`)
  listeners[0]!.hangUp()
  listen(streams, 'service:more', 'user:a')
})

test('D1 whoever hangs up gives the place back, also where an event still waits for them to read', async () => {
  const streams = new Streams(async () => 1)
  const listeners = Array.from({ length: streamsOfOneMax }, () => listen(streams, 'user:a'))
  // The first event is on its way to somebody who does not read, and nobody ever asks for another one.
  for (const { events } of listeners) await events.next()
  for (const { hangUp } of listeners) hangUp()
  for (let n = 0; n < streamsOfOneMax; n++) listen(streams, 'user:a')
  // Once each, though those streams end only now.
  for (const { events } of listeners) await events.return(undefined)
  assert.throws(() => listen(streams, 'user:a'), refusal('Throttled'))
})

/** Listens, and reads whatever comes, of a list whose pages the test makes; counts how often it is read. */
function reading(streams: Streams, accountable: string, pageOf: () => readonly object[], { signal }: TestContext) {
  const state = { reads: 0 }
  const events = streams.follow(
    async () => {
      state.reads++
      // What is hidden moves the cursor, too.
      return { items: pageOf(), nextCursor: String(state.reads) }
    },
    { cursor: undefined, listener: accountable, accountable, signal, pageSize: 2, idOf: () => '1' },
  )
  const done = (async () => {
    for await (const _ of events);
  })()
  return { state, done }
}
/** Lets time pass, a gap at a time, with all that follows from it. */
async function pass(t: TestContext, milliseconds: number): Promise<void> {
  for (let passed = 0; passed < milliseconds; passed += gapMs) {
    t.mock.timers.tick(gapMs)
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
}

test('D2 a listener reads when something is new, twice a second at most, and else only to see that its token is good', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let newest = 1
  let looks = 0
  const streams = new Streams(async () => {
    looks++
    return newest
  })
  const listeners = ['user:a', 'user:b', 'user:c'].map((name) => reading(streams, name, () => [], t))
  await pass(t, 2 * pollMs)
  const before = listeners.map(({ state }) => state.reads)
  const looksBefore = looks
  await pass(t, 4 * pollMs)
  assert.deepEqual(
    listeners.map(({ state }) => state.reads),
    before,
  )
  assert.equal(looks - looksBefore, 4, 'one look for all of them')
  for (let n = 0; n < 10; n++) {
    newest++
    await pass(t, pollMs / 2)
  }
  for (const [index, { state }] of listeners.entries()) assert(state.reads <= before[index]! + 6, `${state.reads}`)
  const later = listeners.map(({ state }) => state.reads)
  await pass(t, (silentLooks + 2) * pollMs)
  for (const [index, { state }] of listeners.entries()) assert(state.reads > later[index]!)
  streams.end()
  await Promise.all(listeners.map(({ done }) => done))
})

test('D8 the streams of one accountable principal read one after the other, and others do not wait for them', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let newest = 1
  const streams = new Streams(
    async () => newest++,
    () => 0,
  )
  const many = Array.from({ length: 20 }, () => reading(streams, 'user:many', () => [], t))
  const other = reading(streams, 'user:other', () => [], t)
  await pass(t, 20 * pollMs)
  const reads = many.reduce((sum, { state }) => sum + state.reads, 0)
  assert(reads <= (20 * pollMs) / gapMs + 1, `${reads}`)
  assert(
    many.every(({ state }) => state.reads > 5),
    'each has its turn',
  )
  assert(other.state.reads >= 19, `${other.state.reads}`)
  streams.end()
  await Promise.all([...many, other].map(({ done }) => done))
})

test('D8 streams whose readings take long read less often: they take a tenth of the time at most', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let newest = 1
  let now = 0
  const tookMs = 100
  const streams = new Streams(
    async () => newest++,
    () => now,
  )
  const pageOf = () => {
    now += tookMs
    return []
  }
  const many = Array.from({ length: 10 }, () => reading(streams, 'user:many', pageOf, t))
  await pass(t, 20 * pollMs)
  const reads = many.reduce((sum, { state }) => sum + state.reads, 0)
  assert(reads >= 10, `${reads}`)
  assert(reads <= (20 * pollMs) / (gapOfReading * tookMs) + 1, `${reads}`)
  streams.end()
  await Promise.all(many.map(({ done }) => done))
})

test('D2 a listener whose readings had to wait hears no later for it than a second', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let newest = 1
  let now = 0
  const streams = new Streams(
    async () => newest++,
    () => now,
  )
  const waited = () => {
    now += 5_000
    return []
  }
  const one = reading(streams, 'user:one', waited, t)
  await pass(t, 10 * gapMsMax)
  assert(one.state.reads >= 5, `${one.state.reads}`)
  streams.end()
  await one.done
})

test('behind a full page a stream goes on at once, until it has caught up', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let left = 11
  const page = () => {
    const count = Math.min(2, left)
    left -= count
    return Array.from({ length: count }, () => ({ id: 1 }))
  }
  const streams = new Streams(
    async () => 1,
    () => 0,
  )
  const { state, done } = reading(streams, 'user:a', page, t)
  await pass(t, pollMs)
  assert.equal(left, 0)
  assert.equal(state.reads, 6)
  streams.end()
  await done
})
