// What is kept to undo a change, of one that is made in parts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Inverse, inverseOfBoth, noInverse } from './inverse.ts'

const one = (before: Record<string, number>, versions: Record<string, number>): Inverse => ({
  ...noInverse,
  before,
  versions,
})

test('before two parts of a change, all is as it was before the first that has touched it', () => {
  const first = one({ changed: 4 }, { changed: 5, made: 1 })
  const second = one({ changed: 5, made: 1, gone: 7 }, { changed: 6, made: 2, late: 1 })
  const { before, versions } = inverseOfBoth(first, second, [])
  assert.deepEqual(before, { changed: 4, gone: 7 })
  assert.deepEqual(versions, { changed: 6, made: 2, late: 1 })
})

test('of a part from before it was kept, it is not known how all was', () => {
  const { before: _, ...old } = one({}, { made: 1 })
  assert.equal(inverseOfBoth(old, one({ other: 1 }, {}), []).before, undefined)
})
