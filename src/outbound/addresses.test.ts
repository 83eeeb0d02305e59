// Looks for names take no more of the server than their share, however long somebody's servers of names take.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SystemLookUps } from './addresses.ts'

test('D4 names whose servers are silent hold two looks of the system at most, and each name one', async () => {
  const asked: string[] = []
  const ends: (() => void)[] = []
  const looks = new SystemLookUps((host) => {
    asked.push(host)
    return new Promise((resolve) => ends.push(() => resolve([{ address: '192.0.2.1' }])))
  })
  const all = ['a', 'a', 'b', 'c', 'd', 'b'].map((host) => looks.find(host))
  await Promise.resolve()
  assert.deepEqual(asked, ['a', 'b'])
  ends.shift()!()
  await all[0]
  await new Promise(setImmediate)
  assert.deepEqual(asked, ['a', 'b', 'c'])
  for (let left = 3; left > 0; left--) {
    ends.shift()!()
    await new Promise(setImmediate)
  }
  assert.equal((await Promise.all(all)).length, 6)
  assert.deepEqual(asked, ['a', 'b', 'c', 'd'])
})
