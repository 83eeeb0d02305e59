// Who may listen: so many at a time, each as often as anybody, and no longer counted once they have gone.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Refused } from '#model/refusal.ts'
import { Streams, streamsMax, streamsOfAccountableMax, streamsOfOneMax } from './stream.ts'

/** Begins to listen; the answer hangs up. */
function listen(streams: Streams, listener: string, accountable = listener) {
  const gone = new AbortController()
  const events = streams.follow(async () => ({ items: [{ id: 1 }], nextCursor: '1' }), {
    cursor: undefined,
    listener,
    accountable,
    signal: gone.signal,
    idOf: () => '1',
  })
  return { events, hangUp: () => gone.abort() }
}
const refusal = (code: string) => (error: unknown) => error instanceof Refused && error.refusal.code === code

test('D2 nobody takes all places: one more of the same is refused at once, and others still listen', () => {
  const streams = new Streams()
  for (let n = 0; n < streamsOfOneMax; n++) listen(streams, 'user:a')
  assert.throws(() => listen(streams, 'user:a'), refusal('Throttled'))
  for (let n = streamsOfOneMax; n < 200; n++) listen(streams, `user:${n}`)
  assert.throws(() => listen(streams, 'user:b'), refusal('Throttled'))
})

test('D8 nor whoever has many names: what one is accountable for is counted together, and given back', () => {
  const streams = new Streams()
  const listeners = Array.from({ length: streamsOfAccountableMax }, (_, n) => listen(streams, `service:${n}`, 'user:a'))
  assert.throws(() => listen(streams, 'service:more', 'user:a'), refusal('Throttled'))
  assert.throws(() => listen(streams, 'user:a'), refusal('Throttled'))
  for (let n = streamsOfAccountableMax; n < streamsMax; n++) listen(streams, `user:${n}`)
  listeners[0]!.hangUp()
  listen(streams, 'service:more', 'user:a')
})

test('D1 whoever hangs up gives the place back, also where an event still waits for them to read', async () => {
  const streams = new Streams()
  const listeners = Array.from({ length: streamsOfOneMax }, () => listen(streams, 'user:a'))
  // The first event is on its way to somebody who does not read, and nobody ever asks for another one.
  for (const { events } of listeners) await events.next()
  for (const { hangUp } of listeners) hangUp()
  for (let n = 0; n < streamsOfOneMax; n++) listen(streams, 'user:a')
  // Once each, though those streams end only now.
  for (const { events } of listeners) await events.return(undefined)
  assert.throws(() => listen(streams, 'user:a'), refusal('Throttled'))
})
