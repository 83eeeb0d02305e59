// What is alike is looked through for what counts, and whoever looks is told where that was not all.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusalOf } from '../../test/acme.ts'
import { alikeMax, alikePerStep, amongAlike } from './alike.ts'

test('D8 very many things of others hide none: beyond those that are looked at it is refused, and not answered with none', async () => {
  const tx = { nextTurn: async () => undefined }
  const look = (count: number, counts: (row: number) => boolean, limit = 1) =>
    amongAlike<number>(tx, limit, counts, (after = -1, limitOfStep) =>
      Array.from({ length: Math.min(limitOfStep, count - after - 1) }, (_, index) => after + 1 + index),
    )
  for (const count of [0, 1, alikePerStep, alikePerStep + 1, alikeMax - 1, alikeMax]) {
    assert.deepEqual(await look(count, () => false), [])
    assert.deepEqual(await look(count, (row) => row === count - 1), count === 0 ? [] : [count - 1])
  }
  assert.deepEqual(await look(alikeMax + 1, (row) => row === alikeMax - 1), [alikeMax - 1])
  for (const [counts, limit] of [
    [() => false, 1],
    [(row: number) => row === alikeMax, 1],
    [(row: number) => row === 7, 2],
    [() => true, Number.POSITIVE_INFINITY],
  ] as const) {
    const refusal = await refusalOf(look(alikeMax + 1, counts, limit))
    assert.partialDeepStrictEqual(refusal, { code: 'LimitExceeded', limit: alikeMax, isOfRequest: true })
  }
})
