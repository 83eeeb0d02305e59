// What the clock starts: a job that fails is told of, and keeps none of the others from being done.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyDatabase } from '../../test/database.ts'
import { until } from '../../test/replication.ts'
import { managementAccount } from '../../test/world.ts'
import { startJobs } from './jobs.ts'

test('a job that fails is told of once, and the others are done all the same', async (t) => {
  const database = await emptyDatabase('sqlite')
  const store = await database.open()
  t.after(async () => {
    await store.close()
    await database.remove()
  })
  const session = { account: managementAccount, arn: 'arn:aws:sts::1:a', userId: 'AIDATEST', secret: 'a secret' }
  await store.write(async (tx) => {
    await tx.organizations.insertAccount({
      id: managementAccount,
      name: 'management',
      email: 'management@example.com',
      status: 'ACTIVE',
      joinedMethod: 'INVITED',
      joinedAt: tx.now,
    })
    await tx.accessKeys.insert({ ...session, id: 'ASIAOVER', expiresAt: tx.now - 1 }, tx.now - 2)
    await tx.tokens.keep(new Uint8Array(16), 1, 1, null)
  })
  // The first of the jobs that have something to do fails.
  await database.execute(`create trigger client_token_stuck before delete on client_token begin
    select raise(abort, 'out of order');
  end;`)
  const failures: string[] = []
  let turns = 0
  const at = {
    store,
    clock: Date.now,
    worker: 'of this test',
    account: managementAccount,
    async recordCounted() {
      turns++
      throw new Error('not counted')
    },
    act: async () => undefined,
  }
  const running = startJobs(at, (job, error) => failures.push(`${job}: ${(error as Error).message}`))
  await until('the session is forgotten', async () => (await database.select('select id from access_key')).length === 0)
  await until('there were two turns', () => turns >= 2)
  await running.stop()
  assert.deepEqual(failures, ['forget-tokens: out of order', 'count-refusals: not counted'])
})
