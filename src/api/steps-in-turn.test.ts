// Steps of what takes long, beside those who ask once.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StepsInTurn } from './steps-in-turn.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('D8 steps of all go one at a time, and whoever asks once waits for the one that is under way at most', async () => {
  const inTurn = new StepsInTurn(1_000_000)
  let [underWay, begun, most] = [0, 0, 0]
  let isOver = false
  const step = (): Promise<void> =>
    inTurn.step(async () => {
      begun++
      most = Math.max(most, ++underWay)
      await turn()
      underWay--
    })
  const chains = Array.from({ length: 8 }, async () => {
    while (!isOver) await step()
  })
  for (let asked = 0; asked < 20; asked++) {
    // Some come in the middle of a step.
    for (let turns = 0; turns < asked % 3; turns++) await turn()
    const before = begun
    await inTurn.aside(async () => {
      for (let turns = 0; turns < 3_000; turns++) await turn()
    })
    assert(begun <= before + 1, `${begun - before} steps began during request ${asked}`)
  }
  assert(inTurn.isCrowded())
  const before = begun
  while (begun < before + 8) await turn()
  isOver = true
  await Promise.all(chains)
  assert.equal(most, 1)
})

test('D8 steps come to their end though others go on to ask for ever, and one that fails keeps none behind it', async () => {
  const inTurn = new StepsInTurn(200)
  let release = (): void => {}
  const forEver = inTurn.aside(() => new Promise<void>((resolve) => (release = resolve)))
  let isDone = false
  const failed = inTurn.step(async () => assert.fail('it goes wrong'))
  const next = inTurn.step(async () => {
    isDone = true
  })
  for (let turns = 0; turns < 100; turns++) await turn()
  assert(!isDone)
  await assert.rejects(failed, /goes wrong/)
  await next
  assert(isDone)
  release()
  await forEver
})
