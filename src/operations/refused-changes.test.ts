// Which refusals are on record, what they name, how many have an entry, and what is answered where none can be written.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Refused } from '#model/refusal.ts'
import type { Store } from '#store/store.ts'
import { openWorld, testSettings } from '../../test/world.ts'
import { openExecutor } from './execute.ts'
import { namesPerSenderMax, RefusalBudget, refusalsPerMinute, subjectsOf, withoutSession } from './refused-changes.ts'
import { operationTables } from './tables.aws.ts'

const pool = 'ipam-pool-0123456789abcdef0'
const vpc = 'vpc-0123456789abcdef0'

test('a refusal names what it says, and the identifiers of its request, each once and no other text', () => {
  const absent = { code: 'NotFound', what: 'ipam-pool', id: pool } as const
  const input = {
    IpamPoolId: pool,
    Nested: [{ VpcId: vpc }],
    Account: '111111111111',
    Description: 'not ipam-pool-1 !',
  }
  assert.deepEqual(subjectsOf(absent, input).sort(), [pool, vpc, '111111111111'].sort())
  assert.deepEqual(subjectsOf(absent, {}), [pool])
  assert.deepEqual(subjectsOf({ ...absent, id: 'with a space' }, {}), [])
  assert.deepEqual(subjectsOf({ ...absent, id: 'x'.repeat(200) }, { a: 'y'.repeat(5_000) }), [])
  const many = Array.from({ length: 50_000 }, (_, n) => `vpc-${String(n).padStart(17, '0')}`)
  assert.equal(subjectsOf({ code: 'MissingParameter', field: 'x' }, { many }).length, 20)
})

test('in a minute so many refusals of a kind have an entry, and the rest is counted once', () => {
  const budget = new RefusalBudget()
  const kind = { account: '1', principal: 'a', code: 'NotFound' }
  const ask = (now: number, of = kind): boolean => {
    const isAllowed = budget.allows(of, now)
    budget.note(of, now, isAllowed)
    return isAllowed
  }
  const allowed = Array.from({ length: refusalsPerMinute + 3 }, () => ask(1_000)).filter(Boolean)
  assert.equal(allowed.length, refusalsPerMinute)
  assert.ok(ask(1_000, { ...kind, code: 'NotAuthorized' }), 'nonsense does not hide what is of another kind')
  assert.ok(ask(1_000, { ...kind, principal: 'b' }))
  assert.deepEqual(budget.counted(60_999, false), [], 'the minute is not over')
  const counted = budget.counted(61_000, false)
  assert.deepEqual(counted, [{ ...kind, times: 3 }])
  assert.ok(ask(61_000))
  budget.settle(counted)
  assert.equal(budget.hasCounted, false)
  assert.deepEqual(budget.counted(200_000, true), [])
})

test('D8 whoever has many names has one share of entries, and few counts', () => {
  const budget = new RefusalBudget()
  const kindOf = (n: number) => ({
    account: '1',
    principal: `service:${n}`,
    code: 'NotFound',
    accountable: 'user:lena',
  })
  const ask = (n: number): boolean => {
    const isAllowed = budget.allows(kindOf(n), 1_000)
    budget.note(kindOf(n), 1_000, isAllowed)
    return isAllowed
  }
  const allowed = Array.from({ length: refusalsPerMinute + 100 }, (_, n) => ask(n)).filter(Boolean)
  assert.equal(allowed.length, refusalsPerMinute)
  assert.ok(budget.allows({ ...kindOf(0), accountable: 'user:otto' }, 1_000))
  const counted = budget.counted(61_000, false)
  assert.equal(counted.length, namesPerSenderMax)
  assert.equal(
    counted.reduce((sum, { times }) => sum + times, 0),
    100,
  )
})

test('D8 whoever assumes a role has one window, whatever sessions they name, and others have theirs', () => {
  const role = 'arn:aws:sts::333333333333:assumed-role/OrganizationAccountAccessRole'
  for (const session of ['a', 'b', 'c/d']) assert.equal(withoutSession(`${role}/${session}`), role)
  for (const arn of [
    'arn:aws:iam::111111111111:root',
    'arn:aws:iam::111111111111:user/a/b',
    'arn:cadastre::1:user/x',
  ]) {
    assert.equal(withoutSession(arn), arn)
  }
})

test('what is wrong with a request is said also where nothing can be written; what policy denies is not', async () => {
  const world = await openWorld()
  try {
    let isBroken = false
    const store: Store = {
      ...world.store,
      read: (work) => world.store.read(work),
      close: () => world.store.close(),
      write: async (work, asked) => {
        if (isBroken) throw new Error('the disk is full')
        return world.store.write(work, asked)
      },
    }
    const troubles: unknown[] = []
    const executor = await openExecutor(store, testSettings, { onUnrecorded: (error) => troubles.push(error) })
    const ask = (name: string, input: object) =>
      executor
        .execute(operationTables.ec2.get(name)!, {
          principal: { account: '111111111111', arn: 'arn:test', accessKeyId: 'AKIATEST', userId: 'AIDATEST' },
          region: 'us-east-1',
          input,
          requestId: 'request',
          sourceAddress: '127.0.0.1',
        })
        .catch((error: unknown) => error)
    isBroken = true
    const unfit = await ask('CreateTags', { Resources: ['\u0000'], Tags: [] })
    assert.ok(unfit instanceof Refused && unfit.refusal.code === 'InvalidParameterValue')
    assert.deepEqual(troubles.map(String), ['Error: the disk is full'])
    assert.equal(String(await ask('AllocateAddress', { Address: '8.8.8.8' })), 'Error: the disk is full')
  } finally {
    await world.close()
  }
})
