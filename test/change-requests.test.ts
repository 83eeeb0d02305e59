// Change requests against a ledger of its own: random steps of several people on several servers, with restarts and ends in the middle.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { engineUnderTest } from './engines.ts'
import { drawSequences, findProblem, removeBeginning } from './requests/drive.ts'

const seed = Number(process.env.CADASTRE_DRIVE_SEED ?? 20_261_130)
/** How many times as many sequences. */
const times = Number(process.env.CADASTRE_DRIVE_TIMES ?? 1)
const sequences = { sqlite: 6, postgres: 2 }[engineUnderTest] * times
const stepsOfEach = 60

after(removeBeginning)

test(`${sequences} random sequences of ${stepsOfEach} steps make of change requests what was approved, whole, in order, and back (seed ${seed})`, async (t) => {
  const all = new Map<string, number>()
  for (const [index, steps] of drawSequences(engineUnderTest, seed, sequences, stepsOfEach).entries()) {
    const began = performance.now()
    const { problem, counts } = await findProblem(engineUnderTest, steps)
    if (problem !== undefined) assert.fail(`seed ${seed}, sequence ${index}: ${problem}`)
    for (const [what, count] of counts) all.set(what, (all.get(what) ?? 0) + count)
    t.diagnostic(`sequence ${index}: ${Math.round(performance.now() - began)} ms`)
  }
  // Not a drive of refusals alone.
  t.diagnostic([...all].map(([what, count]) => `${what}: ${count}`).join(', '))
  for (const what of ['applyChangeRequest', 'revertChangeRequest', 'approveChangeRequest', 'haltChangeRequest']) {
    const done = all.get(`${what} done`) ?? 0
    assert(done > 0, `${what} was done ${done} times`)
  }
})
