// Up to which moment an answer is final: whoever writes meanwhile, nothing that commits later carries that moment or an earlier one.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { emptyDatabase, type TestDatabase } from '../../../test/database.ts'
import type { Store, Transaction } from '../store.ts'
import { finalUntil } from '../time.ts'

const account = '111111111111'
let database: TestDatabase
let server: Store
/** On PostgreSQL another server; beside an embedded database an operator's command. */
let other: Store
const start = Date.UTC(2026, 0, 1)
let offset = 0

before(async () => {
  database = await emptyDatabase()
  const clock = () => start + offset + Math.floor(performance.now())
  server = await database.open({ clock })
  other = await database.openAsOwner({ clock })
  await server.write((tx) =>
    tx.organizations.insertAccount({
      id: account,
      name: 'management',
      email: 'management@example.com',
      status: 'ACTIVE',
      joinedMethod: 'INVITED',
      joinedAt: 0,
    }),
  )
})
after(async () => {
  await Promise.all([server.close(), other.close()])
  await database.remove()
})

async function record(tx: Transaction): Promise<number> {
  const n = tx.nextSequence()
  const who = { account, principal: 'p', accessKeyId: 'k', sourceAddress: '', region: '', action: 'Test' }
  await tx.journal.record({ n, at: tx.now, requestId: `request-${n}`, outcome: 'Success', subjects: [], ...who })
  return tx.now
}
const asOf = (store: Store): Promise<number> => store.read(async (tx) => tx.asOf)

/** A write that has begun and does not end before it is told to. */
async function begun(store: Store): Promise<{ readonly now: number; end(): Promise<void> }> {
  const { promise: told, resolve: tell } = Promise.withResolvers<void>()
  const { promise: started, resolve: starts } = Promise.withResolvers<number>()
  const done = store.write(async (tx) => {
    starts(await record(tx))
    await told
  })
  return {
    now: await started,
    async end() {
      tell()
      await done
    },
  }
}

test('while a write is under way, by this server or beside it, its moment is not final, and once it is there it is', async () => {
  for (const writer of [server, other]) {
    await writer.write(record)
    const write = await begun(writer)
    offset += 1_000
    for (const reader of [server, other]) assert((await asOf(reader)) < write.now)
    await write.end()
    offset += 1_000
    for (const reader of [server, other]) assert((await asOf(reader)) > write.now)
  }
})

test('where nobody writes, all is final up to the millisecond before this one, however old the newest entry is', async () => {
  await server.write(record)
  offset += 86_000_000
  const { now, last } = await server.read(async (tx) => ({ now: tx.now, last: tx.asOf }))
  assert(now - last < 1_000)
})

test('a transaction that writes knows what is final too: all before its own moment', async () => {
  await server.write(async (tx) => assert.equal(tx.asOf, tx.now - 1))
})

test('the newest entry, or a clock that was read while nobody wrote, whichever is later', () => {
  assert.equal(finalUntil(1_000, undefined), 999)
  assert.equal(finalUntil(1_000, 900), 999)
  assert.equal(finalUntil(1_000, 1_100), 1_099)
  assert.equal(finalUntil(null, 7), 6)
})

test('nothing comes later that was told to be final, with two that write at once and one that reads', async () => {
  const toldMin = 20
  const told: { readonly asOf: number; readonly seen: number }[] = []
  let isOver = false
  const reading = (async () => {
    while (!isOver) {
      // An embedded database answers at once: whoever writes must have its turn.
      await turn()
      told.push(
        await server.read(async (tx) => ({
          asOf: tx.asOf,
          seen: await tx.recordLists.firstSince('audit_entry', tx.asOf + 1),
        })),
      )
    }
  })()
  const writing = (store: Store) =>
    (async () => {
      // Where commits cost nothing, until enough was read between them.
      for (let n = 0; n < 60 || (told.length <= toldMin && n < 6_000); n++)
        await Promise.all([store.write(record), store.write(record)])
    })()
  // Two that write to an embedded database cannot wait for each other in one process.
  const writers = database.engine === 'postgres' ? [server, other] : [server]
  try {
    await Promise.all(writers.map(writing))
  } finally {
    isOver = true
    await reading
  }
  assert(told.length > toldMin)
  // The number of the first entry after a moment stays what it was, once there is one: nothing has come before it.
  const entries = await database.select('select n, at from audit_entry order by n')
  for (const { asOf, seen } of told) {
    const isLate = entries.some(({ n, at }) => Number(at) <= asOf && Number(n) >= seen)
    assert(!isLate, `an entry came later with a moment up to ${asOf}`)
  }
})
