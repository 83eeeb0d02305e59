// I7: a change that is refused leaves one entry and nothing else, whether it was refused before its first change or after its last.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Principal } from '#model/principal.ts'
import { Refused, refuseValue } from '#model/refusal.ts'
import type { AnyOperation, WriteOperation } from '#operations/operation.ts'
import { nativeOperations } from '#operations/table.native.ts'
import { operationTables } from '#operations/tables.aws.ts'
import type { Tables } from './database.ts'
import { type Asked, type Filled, openFilled } from './event-loop/filled-world.ts'
import { administratorOf, parsedFor, signer } from './event-loop/requests.ts'

/** What an entry consists of, and numbers that are never drawn twice. */
const growing = ['audit_entry', 'audit_subject', 'counter', 'decision', 'holder', 'origin', 'ruling']

let filled: Filled
let administrator: Principal
let state: Tables
const stateNow = () => filled.world.database.tables({ except: growing })

before(async () => {
  filled = await openFilled({ allocations: 10, objects: 10 })
  administrator = await administratorOf(filled.world)
  state = await stateNow()
})
after(() => filled?.world.close())

type AnyWrite = WriteOperation<never, unknown, unknown>
/** The operation, refused before it does anything. */
const refusedBefore = (operation: AnyWrite): AnyWrite => ({
  ...operation,
  run: async () => refuseValue('moment', 'before', { why: 'not-free' }),
})
/** The operation, refused once it has done everything. */
const refusedAfter = (operation: AnyWrite, reached: () => void): AnyWrite => ({
  ...operation,
  async run(context, input, prepared) {
    await operation.run(context, input, prepared)
    reached()
    return refuseValue('moment', 'after', { why: 'not-free' })
  },
})

let requests = 0
async function entriesOf(operation: AnyOperation, input: object, principal: Principal): Promise<readonly unknown[]> {
  const requestId = `one-entry-${++requests}`
  const asked = filled.world.executor.execute(operation, {
    principal,
    region: principal === signer ? 'us-east-1' : 'global',
    input,
    requestId,
    sourceAddress: '127.0.0.1',
  })
  await assert.rejects(asked, Refused)
  const rows = await filled.world.database.select(
    `select o.action, e.outcome from audit_entry e join origin o on o.n = e.origin where e.request_id = '${requestId}'`,
  )
  return rows.map(({ action, outcome }) => `${action} ${outcome}`)
}

function claim(title: string, operation: AnyOperation, examplesOf: () => readonly Asked[], asker: () => Principal) {
  if (operation.access !== 'write') return
  test(`I7 ${title}, refused before its first change and after its last, leaves one entry`, async () => {
    let changed = 0
    for (const { input, refused } of examplesOf()) {
      const expected: string[] = [`${operation.name} InvalidParameterValue`]
      assert.deepEqual(await entriesOf(refusedBefore(operation), input, asker()), expected, 'before')
      if (refused !== undefined) continue
      assert.deepEqual(
        await entriesOf(
          refusedAfter(operation, () => changed++),
          input,
          asker(),
        ),
        expected,
        'after',
      )
    }
    const changing = examplesOf().filter(({ refused }) => refused === undefined)
    assert(changed >= changing.length, 'each example came to its end')
  })
}

for (const [service, table] of Object.entries(operationTables)) {
  for (const operation of table.values()) {
    claim(
      `${service} ${operation.name}`,
      operation,
      () => filled.aws.get(operation.name) ?? [],
      () => signer,
    )
  }
}
for (const operation of nativeOperations) {
  const examples = () => (filled.native.get(operation.name) ?? []).map((asked) => parsedFor(operation, asked))
  claim(operation.name, operation, examples, () => administrator)
}

test('I7 and of all of them nothing else is left', async () => {
  assert.deepEqual(await stateNow(), state)
})
