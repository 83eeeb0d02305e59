// Nearly right requests over every operation of every API, drawn from their definitions, over HTTP: none is a fault, none is let hang, each refusal
// is one that the reference has, nothing hidden is told, and what did not succeed has changed nothing. `CADASTRE_DRIVE_TIMES` makes it longer.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { drawSequence, findProblem, sequencesOfAll } from './fuzz/drive.ts'
import { openSite, type Site } from './fuzz/site.ts'
import { seed, times } from './living/drive.ts'

/** Each has a sixth of all operations in it, a few times. */
const requestsOfEach = 168

let site: Site
before(async () => {
  site = await openSite()
})
after(() => site?.remove())

for (let round = 0; round < sequencesOfAll * times; round++) {
  test(`I2 I8 D3 ${requestsOfEach} nearly right requests, sequence ${round} of seed ${seed}`, async () => {
    const problem = await findProblem(site, drawSequence(site, seed, round, requestsOfEach))
    if (problem !== undefined) assert.fail(`seed ${seed}, sequence ${round}: ${problem}`)
  })
}
