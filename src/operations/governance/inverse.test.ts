// What is kept to undo a change, of one that is made in parts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Refused } from '#model/refusal.ts'
import type { WriteContext } from '../operation.ts'
import { type Inverse, inverseOfBoth, noInverse, tryInverse } from './inverse.ts'

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

test('what is refused of it is told by its operation, without what may be hidden', async () => {
  const context = { tx: { apart: (work: () => Promise<unknown>) => work() } } as unknown as WriteContext
  const operations = ['deleteUnit', 'deletePool'].map((operation) => ({ operation, input: {} }))
  const refusal = { code: 'NotFound', what: 'ipam-pool', id: 'ipam-pool-hidden', index: 1 } as const
  const undo = () => Promise.reject(new Refused(refusal))
  const told = await tryInverse(context, { ...noInverse, operations }, undo)
  assert.deepEqual(told, { code: 'NotFound', operation: 'deletePool' })
  await assert.rejects(
    tryInverse(context, { ...noInverse, operations }, () => Promise.reject(new Error('a fault'))),
    /a fault/,
  )
})
