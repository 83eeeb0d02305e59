// No request keeps the event loop to itself: what it has a database do between two turns is counted, for every operation of all APIs.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Principal } from '#model/principal.ts'
import type { AnyOperation } from '#operations/operation.ts'
import { nativeOperations } from '#operations/table.native.ts'
import { operationTables } from '#operations/tables.aws.ts'
import { type Engine, engineUnderTest } from './engines.ts'
import { type Asked, type Filled, openFilled } from './event-loop/filled-world.ts'
import { measureWork, startCounting } from './event-loop/meter.ts'
import { administratorOf, askExample, parsedFor, signer } from './event-loop/requests.ts'

/**
 * What one stretch between two turns may have: some milliseconds of work. `npm run bench -- --only=holds` measures how long that is.
 * One statement gives no more than the longest page.
 */
const most = { statements: 220, rows: 2_000, steps: 150_000, rowsOfStatement: 1_001 }
/** On PostgreSQL every statement is a turn, and a round trip: a reading has no more of them in all. */
const roundTripsMax = 1_100

/** Operations that do more at once, and why. They may only become fewer. */
const exceptions: Readonly<Record<Engine, Readonly<Record<string, string>>>> = {
  sqlite: {},
  postgres: {},
}
const excused = exceptions[engineUnderTest]

let filled: Filled
let administrator: Principal

before(async () => {
  filled = await openFilled({ allocations: 2_500, objects: 1_200 })
  administrator = await administratorOf(filled.world)
  startCounting()
})
after(() => filled?.world.close())

/** Runs each example, and answers what was too much. */
async function excessOf(operation: AnyOperation, examples: readonly Asked[], principal: Principal): Promise<string[]> {
  const excess: string[] = []
  for (const asked of examples) {
    const measure = () => measureWork(() => askExample(filled.world, operation, asked, principal))
    const { longest, total, rowsOfStatement } = await measure().catch((error: Error) => {
      // What one sender tries is bounded for each minute: the next one begins.
      if (!String((error as { actual?: unknown }).actual).includes('Throttled')) throw error
      filled.world.advance(60_000)
      return measure()
    })
    const found = { ...longest, rowsOfStatement }
    const names = (Object.keys(most) as (keyof typeof most)[]).filter((name) => found[name] > most[name])
    // Named resources are looked up one by one.
    const isLong = operation.access === 'read' && total.statements > roundTripsMax
    if (names.length === 0 && !(isLong && engineUnderTest === 'postgres')) continue
    excess.push(`${operation.name} ${JSON.stringify(asked.input).slice(0, 80)}: ${JSON.stringify({ ...found, total })}`)
  }
  return excess
}

for (const [service, table] of Object.entries(operationTables)) {
  for (const operation of table.values()) {
    test(`D3 ${service} ${operation.name} lets others have their turn, however much there is`, async () => {
      const examples = filled.aws.get(operation.name)
      assert(examples, 'every operation has an example in event-loop/filled-world.ts')
      const excess = await excessOf(operation, examples, signer)
      if (excused[operation.name] === undefined) assert.deepEqual(excess, [])
      else assert.notDeepEqual(excess, [], 'it needs no exception any more')
    })
  }
}

for (const operation of nativeOperations) {
  test(`D3 ${operation.name} lets others have their turn, however much there is`, async () => {
    const examples = filled.native.get(operation.name)
    assert(examples, 'every operation has an example in native-access-examples.ts')
    const parsed = examples.map((asked) => parsedFor(operation, asked))
    const excess = await excessOf(operation, parsed, administrator)
    if (excused[operation.name] === undefined) assert.deepEqual(excess, [])
    else assert.notDeepEqual(excess, [], 'it needs no exception any more')
  })
}
