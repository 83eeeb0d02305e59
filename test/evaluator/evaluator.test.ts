// The product's evaluator against the independent one: the same random worlds and requests, a hundred thousand decisions in
// every run. `CADASTRE_TEST_SEED` chooses other worlds, `CADASTRE_TEST_DECISIONS` how many decisions there are.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { builtInTypes } from '#model/policy/resource-types.ts'
import { type Difference, differencesOf, openTrial } from './compare.ts'
import { report } from './print.ts'
import { caseOf, shrink } from './shrink.ts'
import { drawWorld } from './worlds.ts'

const seed = Number(process.env.CADASTRE_TEST_SEED ?? 20_261_129)
const decisions = Number(process.env.CADASTRE_TEST_DECISIONS ?? 100_000)
const questionsPerWorld = 50
/** More would only say the same again. */
const reportsMax = 5
/** Different worlds for each seed, as long as a run has no more of them than this. */
const worldsMax = 1_000_000

const types = [...builtInTypes.values()]

test(`the product decides as the independent evaluator does, ${decisions} times (seed ${seed})`, () => {
  const reports = new Map<string, string>()
  const tally = { allow: 0, steer: 0, warn: 0, deny: 0 }
  for (let n = 0; n * questionsPerWorld < decisions && reports.size < reportsMax; n++) {
    const world = drawWorld(seed * worldsMax + n, types, questionsPerWorld)
    const trial = openTrial(world)
    for (const question of world.questions) {
      const { outcome, differences } = differencesOf(trial, question)
      tally[outcome]++
      if (differences[0] && !reports.has(differences[0].part)) {
        reports.set(
          differences[0].part,
          reportSmallest(caseOf(world, question), differences[0], `world ${n} of seed ${seed}`),
        )
      }
    }
  }
  assert.equal(reports.size, 0, [...reports.values()].join('\n\n'))
  // Worlds in which hardly anything of a kind happens would prove nothing about that kind.
  for (const [outcome, count] of Object.entries(tally))
    assert.ok(count > decisions / 200, `${count} decisions were ${outcome}`)
})

function reportSmallest(found: ReturnType<typeof caseOf>, { part }: Difference, origin: string): string {
  const differ = (one: typeof found): readonly Difference[] => differencesOf(openTrial(one), one.question).differences
  const smallest = shrink(found, (one) => differ(one).some((other) => other.part === part))
  return report(smallest, differ(smallest), origin)
}
