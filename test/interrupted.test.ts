// A list that lets go of its connection for others goes on where it was: the answer is the same, and no step is read twice.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Principal } from '#model/principal.ts'
import { openExecutor } from '#operations/execute.ts'
import type { AnyOperation } from '#operations/operation.ts'
import { nativeOperations } from '#operations/table.native.ts'
import { operationTables } from '#operations/tables.aws.ts'
import { Interrupted } from '#store/effort.ts'
import type { ReadTransaction, Store } from '#store/store.ts'
import { type Asked, type Filled, filledSettings, openFilled } from './event-loop/filled-world.ts'
import { measureWork, startCounting } from './event-loop/meter.ts'
import { administratorOf, askExample, parsedFor, signer } from './event-loop/requests.ts'

/** Lists that are read in several transactions where others wait. They may only become more. */
const goOn = [
  'DescribeAddresses',
  'DescribeIpamPoolAllocations',
  'DescribeNatGateways',
  'DescribeNetworkInterfaces',
  'DescribeSubnets',
  'DescribeVpcs',
  'GetIpamPoolAllocations',
  'listAccounts',
  'listAllocations',
  'listPools',
  'listResources',
  'listUnits',
]
/** Statements that begin a reading again: its start, who asks, and what is looked up before the list. */
const statementsPerBegin = 30

let filled: Filled
let administrator: Principal
let interruptions = 0

/** Its readings are interrupted after every step of which they have kept what they found. */
const interrupting = (store: Store): Store => ({
  read: (work, ...rest) => store.read((tx) => interruptedAfterSteps(tx, work), ...rest),
  write: (...all) => store.write(...all),
  close: () => store.close(),
})
async function interruptedAfterSteps<T>(tx: ReadTransaction, work: (tx: ReadTransaction) => Promise<T>): Promise<T> {
  const { nextTurn, keepsSoFar } = tx
  let hasKept = false
  const instead = {
    keepsSoFar() {
      keepsSoFar.call(tx)
      hasKept = true
    },
    async nextTurn() {
      if (!hasKept) return nextTurn.call(tx)
      interruptions++
      throw new Interrupted()
    },
  }
  try {
    for (const [name, value] of Object.entries(instead)) Object.defineProperty(tx, name, { configurable: true, value })
    return await work(tx)
  } finally {
    for (const name of Object.keys(instead)) Reflect.deleteProperty(tx, name)
  }
}

before(async () => {
  filled = await openFilled({ allocations: 700, objects: 450 })
  administrator = await administratorOf(filled.world)
  startCounting()
})
after(() => filled?.world.close())

const withoutMoment = (output: unknown) => ({ ...(output as object), asOf: undefined })

async function check(operation: AnyOperation, examples: readonly Asked[], principal: Principal): Promise<void> {
  const { world } = filled
  const executor = await openExecutor(interrupting(world.store), filledSettings)
  let total = 0
  for (const asked of examples) {
    let whole: unknown
    const once = await measureWork(async () => {
      whole = await askExample(world, operation, asked, principal)
    })
    interruptions = 0
    let parts: unknown
    const again = await measureWork(async () => {
      parts = await askExample({ ...world, executor }, operation, asked, principal)
    })
    assert.deepEqual(withoutMoment(parts), withoutMoment(whole), JSON.stringify(asked.input).slice(0, 100))
    const more = again.total.statements - once.total.statements
    assert(more <= interruptions * statementsPerBegin, `${more} statements more for ${interruptions} interruptions`)
    total += interruptions
  }
  if (goOn.includes(operation.name)) assert(total > 0, 'it goes on')
}

for (const [service, table] of Object.entries(operationTables)) {
  for (const operation of table.values()) {
    if (operation.access !== 'read') continue
    test(`D2 ${service} ${operation.name}, interrupted again and again, is answered the same`, () =>
      check(operation, filled.aws.get(operation.name)!, signer))
  }
}
for (const operation of nativeOperations) {
  if (operation.access !== 'read') continue
  test(`D2 ${operation.name}, interrupted again and again, is answered the same`, () =>
    check(
      operation,
      filled.native.get(operation.name)!.map((asked) => parsedFor(operation, asked)),
      administrator,
    ))
}
