// Transactions that meet others: run again inside, for a bounded time, on the real database.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyPostgres, ownerOf } from '../../test/postgres.ts'
import { openSealer } from '../../test/world.ts'
import { openPostgres } from './postgres/engine.ts'
import { connect, parseTarget } from './postgres/link.ts'
import type { Store, Transaction } from './store.ts'
import { StoreTrouble } from './trouble.ts'

/** A database in which the first attempts to insert an account meet another transaction, and how many there were. */
async function openCrowded(
  conflicts: number,
  deadlineMs: number,
): Promise<{ store: Store; attempts(): Promise<number>; close(): Promise<void> }> {
  const url = await emptyPostgres()
  const store = await openPostgres({ url, sealer: openSealer, deadlineMs })
  const target = parseTarget(ownerOf(url))
  assert(typeof target !== 'string')
  const operator = await connect({ target, isHighlyAvailable: false, deadlineMs: 10_000 })
  // A sequence is not rolled back: it counts attempts.
  await operator.script(`create sequence attempts;
    create function meet() returns trigger language plpgsql security definer as $$
    begin
      if nextval('${target.schema}.attempts') <= ${conflicts} then
        raise 'another transaction' using errcode = 'serialization_failure';
      end if;
      return new;
    end $$;
    create trigger account_meets before insert on account for each row execute function meet()`)
  return {
    store,
    async attempts() {
      const [result] = await operator.script('select last_value as n from attempts')
      return (result!.rows as [{ n: number }])[0].n
    },
    async close() {
      await operator.close()
      await store.close()
    },
  }
}
const insertAccount = (tx: Transaction): Promise<void> =>
  tx.organizations.insertAccount({
    id: '111111111111',
    name: 'management',
    email: 'management@example.com',
    status: 'ACTIVE',
    joinedMethod: 'INVITED',
    joinedAt: 0,
  })

test('a transaction that meets others is run again, whoever shares it, and no caller sees that', async () => {
  const { store, attempts, close } = await openCrowded(7, 10_000)
  let runs = 0
  const neighbour = store.write(async (tx) => {
    runs++
    return tx.nextSequence()
  })
  await Promise.all([neighbour, store.write(insertAccount)])
  assert.equal(await attempts(), 8)
  assert.equal(runs, 8)
  await close()
})

test('conflicts that do not end are borne for a bounded time; then callers are told to come back, and others are served', async () => {
  const deadlineMs = 2_000
  const { store, attempts, close } = await openCrowded(1_000_000, deadlineMs)
  const started = performance.now()
  await assert.rejects(store.write(insertAccount), (error) => {
    assert(error instanceof StoreTrouble)
    assert.equal(error.kind, 'unavailable')
    assert.match(error.message, /too busy: \d+ attempts met other transactions/)
    return !error.fatal
  })
  assert(performance.now() - started > deadlineMs / 2, 'more than once or twice')
  assert((await attempts()) > 5)
  assert(Number.isInteger(await store.write(async (tx) => tx.nextSequence())))
  await close()
})
