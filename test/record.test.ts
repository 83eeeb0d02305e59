// The record says what was, always: random steps with a ledger of its own beside them, and every answer about any moment.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { engineUnderTest } from './engines.ts'
import { drawSequences, findProblem, removeBeginning } from './record/drive.ts'

const seed = Number(process.env.CADASTRE_DRIVE_SEED ?? 20_261_129)
/** How many times as many sequences. */
const times = Number(process.env.CADASTRE_DRIVE_TIMES ?? 1)
const sequences = { sqlite: 3, postgres: 3 }[engineUnderTest] * times
const stepsOfEach = 400

after(removeBeginning)

test(`L14 ${sequences} random sequences of ${stepsOfEach} steps leave a record that says of every moment what a ledger says (seed ${seed})`, async (t) => {
  for (const [index, steps] of drawSequences(engineUnderTest, seed, sequences, stepsOfEach).entries()) {
    const began = performance.now()
    const { problem, questions } = await findProblem(engineUnderTest, steps)
    if (problem !== undefined) assert.fail(`seed ${seed}, sequence ${index}: ${problem}`)
    t.diagnostic(`sequence ${index}: ${questions} pages in ${Math.round(performance.now() - began)} ms`)
  }
})
