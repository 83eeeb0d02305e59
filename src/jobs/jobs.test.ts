// What the clock starts: a job that fails is told of, and keeps none of the others from being done.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyDatabase } from '../../test/database.ts'
import { alone } from '../../test/findings/follow.ts'
import { until } from '../../test/replication.ts'
import { managementAccount, workplaceOf } from '../../test/world.ts'
import type { Job } from './job.ts'
import { jobs, roundsOf, startJobs } from './jobs.ts'

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
    await tx.accessKeys.insert({ ...session, id: 'ASIAOVER', expiresAt: tx.now - 3_600_001 }, tx.now - 3_600_002)
    await tx.tokens.keep(new Uint8Array(16), 1, 1, null)
  })
  // The record has seen some days since the token was used.
  for (const day of [1, 2, 3]) {
    await database.execute(`insert into record_day (day, first_n, at)
      select coalesce((select max(day) from record_day), 0) + 1, value, ${day * 86_400_000} from counter where name = 'sequence'`)
  }
  // The first of the jobs that have something to do fails.
  await database.execute(`create trigger client_token_stuck before delete on client_token begin
    select raise(abort, 'out of order');
  end;`)
  const failures: string[] = []
  let turns = 0
  const at = {
    store,
    worker: 'of this test',
    account: managementAccount,
    async recordCounted() {
      turns++
      throw new Error('not counted')
    },
    act: async () => undefined,
    pace: alone,
  }
  const running = startJobs(at, (job, error) => failures.push(`${job}: ${(error as Error).message}`))
  await until('the session is forgotten', async () => (await database.select('select id from access_key')).length === 0)
  await until('there were two turns', () => turns >= 2)
  await running.stop()
  assert.deepEqual(failures, ['forget-tokens: out of order', 'count-refusals: not counted'])
})

test('a job that has very much to do goes on at once, and keeps others waiting for a few turns at most', async (t) => {
  const database = await emptyDatabase('sqlite')
  const store = await database.open()
  t.after(async () => {
    await store.close()
    await database.remove()
  })
  const done: string[] = []
  let left = 7
  const long: Job = {
    name: 'long',
    everySeconds: 10,
    turnsMax: 3,
    goesOn: true,
    isDue: async () => left > 0,
    async turn() {
      left--
      done.push('long')
    },
  }
  const short: Job = {
    name: 'short',
    everySeconds: 1,
    turnsMax: 1,
    isDue: async () => true,
    turn: async () => void done.push('short'),
  }
  const round = roundsOf([long, short], workplaceOf(store), (_, error) => assert.fail(String(error)))
  for (const tick of [10, 11, 12, 13, 14]) await round(tick)
  const turns = done.join(' ').replaceAll('long long long', '3').replaceAll('long', '1')
  assert.equal(turns, '3 short 3 short 1 short short short')
})

test('what anybody can make very much of is done in a few turns at a time, each of a bounded size', () => {
  for (const name of ['sources', 'adopt-by-rules', 'follow-sources']) {
    const job = jobs.find((one) => one.name === name)!
    assert(job.turnsMax <= 10 && job.goesOn, name)
  }
})
