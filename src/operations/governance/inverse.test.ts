// What is kept to undo a change, of one that is made in parts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Refused } from '#model/refusal.ts'
import type { WriteContext } from '../operation.ts'
import { type Inverse, inverseOfBoth, leaveDepending, noInverse, tryInverse, type UndoneObject } from './inverse.ts'

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

test('what depends on what is left is left, whatever order it comes in', () => {
  const operation = (pool: string) => ({ operation: 'deletePoolCidr', input: { pool } })
  const object = (id: string, rest: object) => ({ id, kind: 'ipam-pool', operations: [], isWhole: true, ...rest })
  const undone = [
    // It stays though it is new, and says which pool it is in: that one stays too, and so on upwards.
    object('pool-3', { is: { parent: 'pool-2', arn: 'arn:x:pool/pool-4' }, isWhole: false }),
    object('pool-1', { is: {}, operations: [operation('pool-1')] }),
    object('pool-2', { is: { parent: 'pool-1' }, operations: [operation('pool-2')] }),
    object('pool-4', { is: {}, operations: [operation('pool-4')] }),
    object('pool-44', { is: {}, operations: [operation('pool-44')] }),
    // It is gone and does not come back: nothing is done about it.
    object('gone-1', { was: {}, isWhole: false }),
    object('gone-2', { was: {}, operations: [operation('gone-1')] }),
    object('about', { was: {}, is: {}, operations: [operation('gone-2'), operation('other')] }),
  ] as unknown as UndoneObject[]
  leaveDepending(undone)
  assert.deepEqual(
    undone.map(({ id, isWhole, operations }) => [id, isWhole, operations.map(({ input }) => input.pool)]),
    [
      ['pool-3', false, []],
      ['pool-1', false, []],
      ['pool-2', false, []],
      ['pool-4', false, []],
      ['pool-44', true, ['pool-44']],
      ['gone-1', false, []],
      ['gone-2', false, []],
      ['about', false, ['other']],
    ],
  )
})
