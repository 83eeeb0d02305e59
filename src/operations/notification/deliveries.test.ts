// What others are told, against books of its own: random steps with several servers that hang, end in the midst of something or do not know
// that another one has taken over, and targets that answer as they like. `CADASTRE_DRIVE_SEED` draws others, `CADASTRE_DRIVE_TIMES` more.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawSequences, findProblem } from '../../../test/deliveries/drive.ts'
import { engineUnderTest } from '../../../test/engines.ts'

const seed = Number(process.env.CADASTRE_DRIVE_SEED ?? 20_261_130)
const sequences = { sqlite: 8, postgres: 1 }[engineUnderTest] * Number(process.env.CADASTRE_DRIVE_TIMES ?? 1)
const stepsOfEach = 120

test(`${sequences} random sequences of ${stepsOfEach} steps tell everybody of all that they should be told, once, in order, and not before its time (seed ${seed})`, async (t) => {
  const all = new Map<string, number>()
  for (const [index, steps] of drawSequences(seed, sequences, stepsOfEach).entries()) {
    const { problem, counts } = await findProblem(steps)
    if (problem !== undefined) assert.fail(`seed ${seed}, sequence ${index}: ${problem}`)
    for (const [what, count] of counts) all.set(what, (all.get(what) ?? 0) + count)
  }
  t.diagnostic([...all].map(([what, count]) => `${what}: ${count}`).join(', '))
  // Not a drive of nothing.
  if (engineUnderTest === 'sqlite' && process.env.CADASTRE_DRIVE_SEED === undefined)
    for (const what of [
      ...['calls', 'digests', 'tried again', 'left alone', 'joined', 'told as one', 'withheld', 'gone'],
      ...['dead after the last try', 'dead of age', 'told while another server hangs'],
    ])
      assert((all.get(what) ?? 0) > 0, `${what}: ${JSON.stringify([...all])}`)
})
