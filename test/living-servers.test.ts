// What a server remembers is what is committed: after random work, dry runs, refusals, lost connections, operator's commands
// and restores, servers that run answer as one that has just started.
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { engineUnderTest } from './engines.ts'
import { drawSequences, findProblem, folded, seed, times } from './living/drive.ts'
import { examples, lossExamples } from './living/examples.ts'
import { Finding, Installation, removeBeginning } from './living/installation.ts'
import { Fault } from './living/server.ts'

const count = { sqlite: 4, postgres: 1 }[engineUnderTest] * times
const length = 40

after(removeBeginning)

async function onInstallation(work: (installation: Installation) => Promise<void>): Promise<void> {
  const installation = await Installation.open(engineUnderTest)
  try {
    await work(installation)
    await installation.compare([...installation.servers.keys()], 'readings-first')
  } catch (error) {
    if (!(error instanceof Finding) && !(error instanceof Fault)) throw error
    assert.fail([error.message, ...folded(installation.log)].join('\n  '))
  } finally {
    await installation.close()
  }
}

describe('short sequences, each with one thing that could be kept wrongly', () => {
  for (const { title, run } of examples) test(title, () => onInstallation(run))
})

// The embedded database has no connections to lose.
for (const isCut of engineUnderTest === 'postgres' ? [true, false] : [false]) {
  describe(`after a restore under servers that ${isCut ? 'lose' : 'keep'} their connections`, () => {
    for (const { title, before, lost, after } of lossExamples) {
      test(title, () =>
        onInstallation(async (installation) => {
          await before?.(installation)
          await installation.dump()
          await lost(installation)
          const known = installation.ledger
          await installation.restore({ isCut })
          await after(installation, known)
        }),
      )
    }
  })
}

test(`${count} random sequences of ${length} steps leave every server answering as a fresh one (seed ${seed})`, async (t) => {
  for (const [index, steps] of drawSequences(engineUnderTest, { seed, count, length }).entries()) {
    const began = performance.now()
    const problem = await findProblem(engineUnderTest, steps)
    if (problem !== undefined) assert.fail(`seed ${seed}, sequence ${index}: ${problem}`)
    t.diagnostic(`sequence ${index}: ${Math.round(performance.now() - began)} ms`)
  }
})
