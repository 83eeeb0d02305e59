// Token buckets: bursts, what comes anew, and what a clock that goes back may do.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Bucket, isFull, takeToken } from './token-bucket.ts'

const size = { burst: 3, perSecond: 2 }
/** At these moments, in milliseconds: for how long each has to wait. */
function waits(moments: readonly number[]): number[] {
  let bucket: Bucket | undefined
  return moments.map((now) => {
    const taken = takeToken(bucket, size, now)
    bucket = taken.bucket
    return taken.waitMs
  })
}

test('a burst is taken at once, then as many as come anew, and whoever has to wait is told for how long', () => {
  assert.deepEqual(waits([0, 0, 0, 0, 0]), [0, 0, 0, 500, 500])
  assert.deepEqual(waits([0, 0, 0, 250, 500, 500]), [0, 0, 0, 250, 0, 500])
})

test('what is refused takes nothing: whoever asks again and again gets theirs all the same', () => {
  const every10Ms = Array.from({ length: 200 }, (_, n) => n * 10)
  const served = waits(every10Ms).filter((wait) => wait === 0).length
  assert.equal(served, 3 + Math.floor((1_990 * size.perSecond) / 1_000))
})

test('rest fills a bucket to its burst and no further, and a clock that goes back takes nothing away', () => {
  assert.deepEqual(waits([0, 0, 0, 60_000, 60_000, 60_000, 60_000]), [0, 0, 0, 0, 0, 0, 500])
  assert.deepEqual(waits([1_000, 0, 0, 0]), [0, 0, 0, 500])
})

test('one that is full again may be forgotten', () => {
  const { bucket } = takeToken(undefined, size, 0)
  assert.ok(!isFull(bucket, size, 499))
  assert.ok(isFull(bucket, size, 500))
})
