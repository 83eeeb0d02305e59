// A clock that was ahead by a year, and is set right: what a server had put off by it is gone on with, what was begun by it has not begun yet, and
// nothing that was forgotten meanwhile lets something happen twice. Whatever the clock does, no job has something to do for ever.
import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import { createAuthenticator } from '#api/rest/session.ts'
import { forgetDecisions } from '#jobs/forgetting.ts'
import type { Workplace } from '#jobs/job.ts'
import { jobs, roundsOf } from '#jobs/jobs.ts'
import { sendRecord } from '#jobs/sending.ts'
import { askWitness } from '#jobs/witnessing.ts'
import { quietSecondsMax } from '#model/delivery.ts'
import { Refused } from '#model/refusal.ts'
import { isOver } from '#model/token.ts'
import { openExecutor } from '#operations/execute.ts'
import { acceptClock } from '#operations/record/clock.ts'
import { operationTables } from '#operations/tables.aws.ts'
import { verifyEd25519 } from '#operator/ed25519.ts'
import type { Store } from '#store/store.ts'
import { type Acme, dev, openAcme, root, shop } from './acme.ts'
import { isLeftToNight } from './engines.ts'
import { jobsIn } from './estate.ts'
import { sendSnapshot } from './native-access-examples.ts'
import { type Native, withNativeApi } from './native-world.ts'
import { notifierOf, openTarget, type Target, tellAll, toHere } from './notifying.ts'
import { succeed, withRequests } from './requests/company.ts'
import { managementAccount, openSealer, testSettings } from './world.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
const yearMs = 365 * dayMs

type Company = Acme & Native & { readonly counted: { writes: number } }
async function openCompany(t: TestContext): Promise<Company> {
  const counted = { writes: 0, isClosed: false }
  const around = (store: Store): Store => ({
    read: (...asked) => store.read(...asked),
    write: (...asked) => {
      counted.writes++
      return store.write(...asked)
    },
    async close() {
      if (!counted.isClosed) await store.close()
      counted.isClosed = true
    },
  })
  const company = await withNativeApi(await openAcme({ around, settings: { notifications: toHere } }))
  t.after(() => company.close())
  return { ...company, counted }
}

const nowOf = ({ store }: Company): Promise<number> => store.read(async (tx) => tx.now)
const isoOf = (at: number): string => new Date(at).toISOString()
/** The clock is set right, and the operator says that it is. */
async function setRight(company: Company, ms: number): Promise<void> {
  company.advance(-ms)
  const { clock, database } = company
  const store = await database.openAsOwner({ clock, sealer: openSealer, acceptsClock: true })
  try {
    await acceptClock(store, managementAccount)
  } finally {
    await store.close()
  }
}

const workplaceOf = (company: Company, worker: string): Workplace => ({
  ...jobsIn(company, managementAccount),
  worker,
})
const failed: string[] = []
/** Days begin by the clock of the database, which on PostgreSQL is that of the machine: here its owner says when. */
const all = jobs.filter((job) => job !== forgetDecisions)
async function beginDay(company: Company): Promise<void> {
  await company.database.execute(
    `insert into record_day (day, first_n, at) select coalesce((select max(day) from record_day), 0) + 1, value, ${await nowOf(company)}
     from counter where name = 'sequence'`,
  )
}
/** All jobs of a server, for as many seconds; time stands still. */
async function work(company: Company, worker: string, seconds = 60): Promise<void> {
  const round = roundsOf(all, workplaceOf(company, worker), (job, error) => failed.push(`${job}: ${String(error)}`))
  for (let tick = 1; tick <= seconds; tick++) await round(tick)
  assert.deepEqual(failed.splice(0), [])
}

/** Of which those who subscribe are told. */
const makePolicy = async (company: Company): Promise<string> =>
  (await company.post<{ policyId: string }>('/policies', { ipamId: company.ipam })).policyId

let target: Target
before(async () => {
  target = await openTarget()
})
after(() => target.close())
const subscribe = async (company: Company, more: object = {}): Promise<string> => {
  const body = { node: '*', format: 'webhook', targetUrl: target.url, events: ['policy.changed'], ...more }
  return (await company.post<{ subscriptionId: string }>('/subscriptions', body)).subscriptionId
}

describe('a clock that was ahead by a year', () => {
  test('what one server worked at another goes on with, once it is right', async (t) => {
    const company = await openCompany(t)
    const sent: string[] = []
    const sink = {
      name: 'file',
      send: async (changes: readonly { action: string }[]) => void sent.push(...changes.map(({ action }) => action)),
    } as const
    await subscribe(company)
    target.answer(204)
    target.received.length = 0
    await sendRecord(sink, workplaceOf(company, 'first'))
    company.advance(yearMs)
    await makePolicy(company)
    await work(company, 'first')
    await tellAll(notifierOf(company, { worker: 'first' }))
    await sendRecord(sink, workplaceOf(company, 'first'))
    const told = target.received.length
    assert.ok(told > 0 && sent.length > 0)
    await setRight(company, yearMs)

    const policy = await makePolicy(company)
    await work(company, 'second')
    await tellAll(notifierOf(company, { worker: 'second' }))
    await sendRecord(sink, workplaceOf(company, 'second'))
    assert.ok(
      target.received.slice(told).some(({ body }) => body.includes(policy)),
      'notifications go on',
    )
    assert.ok(sent.slice(-3).includes('createPolicy'), `the record is sent: ${sent.slice(-5)}`)
    const { entry } = await company.store.read((tx) => tx.findingScans.progress())
    assert.equal(entry, await company.store.read((tx) => tx.recordLists.lastEntry()), 'findings follow the record')
  })

  test('what was left alone for a while is tried again, once it is right', async (t) => {
    const company = await openCompany(t)
    const subscription = await subscribe(company)
    const sink = {
      name: 'syslog',
      send: async () => {
        throw new Error('nobody is there')
      },
    } as const
    const taken: string[] = []
    await sendRecord({ ...sink, send: async () => {} }, workplaceOf(company, 'one'))
    const key = { name: 'witness', type: 4, publicKey: new Uint8Array(32) } as const
    const submitted: string[] = []
    const witness = { key, submit: async (body: string) => ({ problem: `not now ${submitted.push(body)}` }) }
    company.advance(yearMs)
    target.answer(500)
    for (let failures = 0; failures < 6; failures++) {
      await makePolicy(company)
      await tellAll(notifierOf(company, { worker: 'one' }), 3)
    }
    await work(company, 'one')
    await assert.rejects(sendRecord(sink, workplaceOf(company, 'one')))
    await askWitness(witness, company, verifyEd25519)
    assert.equal(submitted.length, 1)
    assert.ok((await company.get<{ pausedUntil?: string }>(`/subscriptions/${subscription}`)).pausedUntil)
    await setRight(company, yearMs)

    target.answer(204)
    target.received.length = 0
    await work(company, 'one')
    company.advance(5 * minuteMs)
    await tellAll(notifierOf(company, { worker: 'one' }))
    assert.equal(target.received.length, 6, 'each is delivered, once')
    await sendRecord(
      { ...sink, send: async (changes) => void taken.push(...changes.map(({ action }) => action)) },
      workplaceOf(company, 'one'),
    )
    assert.ok(taken.length > 0)
    await askWitness(witness, company, verifyEd25519)
    assert.equal(submitted.length, 2)
  })

  test('what was told a year ahead keeps nothing quiet, once it is right', async (t) => {
    const company = await openCompany(t)
    await subscribe(company, { quietSeconds: 60 })
    target.answer(204)
    const [pool, policy] = [await company.pool(), await makePolicy(company)]
    const change = async (onExplicit: string) => {
      const path = `/policies/${policy}/documents/us-east-1/eip`
      const { status } = await company.ask('PUT', path, { body: { rules: [{ poolId: pool }], onExplicit } })
      assert.equal(status, 200)
    }
    company.advance(yearMs)
    await change('deny')
    await tellAll(notifierOf(company))
    await setRight(company, yearMs)
    target.received.length = 0
    await change('allow')
    await tellAll(notifierOf(company))
    await work(company, 'one')
    company.advance(2 * minuteMs)
    await tellAll(notifierOf(company))
    assert.equal(target.received.length, 1)
  })

  test('what is looked at each hour is looked at, and what a source sends is taken, once it is right', async (t) => {
    const company = await openCompany(t)
    const { sourceId } = await company.post<{ sourceId: string }>('/sources', { name: 'cloud', kind: 'csv', node: '*' })
    await sendSnapshot(company, sourceId, ['10.1.0.0/16'])
    company.advance(yearMs)
    await work(company, 'one')
    // A server that ended while it took one.
    await company.store.write(async (tx) => {
      const source = (await tx.sources.find(sourceId))!
      const last = (await tx.sources.findSnapshot(sourceId, source.snapshot))!
      const number = source.snapshot + 1
      await tx.sources.insertSnapshot({
        ...{ ...last, number, state: 'open', begunAt: tx.now, touchedAt: tx.now, endedAt: undefined },
        ...{ beganWith: source.observed, nextNumber: source.nextNumber },
      })
      await tx.sources.change(sourceId, { taking: number })
    })
    await setRight(company, yearMs)
    await work(company, 'one')
    const hour = async () => (await company.store.read((tx) => tx.space.days.watch())).hour
    const foundAt = async () => (await company.store.read((tx) => tx.sources.find(sourceId)))!.foundAt
    company.advance(hourMs + 6 * minuteMs)
    await work(company, 'one')
    const now = await nowOf(company)
    assert.equal(await hour(), Math.floor(now / hourMs))
    await sendSnapshot(company, sourceId, ['10.1.0.0/16', '10.2.0.0/16'])
    await work(company, 'one')
    assert.equal(await foundAt(), now)
  })

  test('an exception that ends later is told of when it does, and what is found by its end is found then', async (t) => {
    const company = await openCompany(t)
    const pool = await company.pool()
    const law = await company.policy()
    await company.rules(law, [await company.pool()])
    await company.enable(law)
    await subscribe(company, { events: ['exception'] })
    target.answer(204)
    const ends = (await nowOf(company)) + 20 * dayMs
    const body = { target: shop, locale: 'us-east-1', resourceType: 'eip', grants: { pools: [pool] }, reason: 'a test' }
    const as = await company.tokenOf('user:ann', 'organization-administrator', '*')
    const { exceptionId } = await company.post<{ exceptionId: string }>(
      '/exceptions',
      { ...body, expiresAt: isoOf(ends) },
      { as },
    )
    await company.post(`/exceptions/${exceptionId}/approve`, {})
    assert.equal(await company.poolOfAddress(shop, { IpamPoolId: pool }), pool)
    company.advance(yearMs)
    await work(company, 'one')
    await tellAll(notifierOf(company))
    await setRight(company, yearMs)
    await work(company, 'one')
    await tellAll(notifierOf(company))
    target.received.length = 0
    assert.equal(await company.poolOfAddress(shop, { IpamPoolId: pool }), pool, 'it is in force again')

    company.advance(20 * dayMs + minuteMs)
    await work(company, 'one')
    await tellAll(notifierOf(company))
    const kinds = target.received.map(({ body }) => (JSON.parse(body) as { type: string }).type)
    assert.equal(kinds.filter((kind) => kind === 'cadastre.exception.ended').length, 1, kinds.join(' '))
    const findings = await company.get<{ items: { control: string; status: string }[] }>(
      '/findings?status=open&limit=1000',
    )
    assert.ok(
      findings.items.some(({ control }) => control === 'exception-ended'),
      JSON.stringify(findings.items),
    )
  })

  test('a stage of a rollout that was begun by it is watched for as long as it says, and the next one is made', async (t) => {
    const company = await openCompany(t)
    const administrator = ['organization-administrator', root] as const
    const requests = await withRequests(company, { ann: administrator, bob: administrator, cat: administrator })
    company.advance(yearMs)
    await requests.renewTokens()
    const { ann, bob, cat } = requests.people
    const proposal = {
      ...{ node: root, reason: 'a rollout' },
      operations: ['One', 'Two'].map((name) => ({ operation: 'createUnit', input: { name, parentId: dev } })),
      rollout: { stages: [60, 30].map((soakSeconds) => ({ operations: 1, soakSeconds })) },
    }
    const { changeRequestId: id, contentHash } = await succeed(requests.propose(proposal, ann))
    await succeed(requests.act(id, 'approve', { contentHash }, bob))
    await requests.act(id, 'approve', { contentHash }, cat)
    await succeed(requests.act(id, 'apply', { contentHash }, ann))
    await setRight(company, yearMs)

    await requests.look()
    await requests.renewTokens()
    const at = await nowOf(company)
    const { state, progress } = await requests.show(id)
    assert.deepEqual([state, progress!.stage, progress!.nextAt], ['scheduled', 1, isoOf(at + minuteMs)])
    // Nothing is written of it again and again.
    const writes = company.counted.writes
    await requests.look()
    assert.equal(company.counted.writes, writes)
    company.advance(minuteMs)
    await requests.look()
    assert.equal((await requests.show(id)).progress!.stage, 2)
    company.advance(minuteMs / 2)
    await requests.look()
    assert.equal((await requests.show(id)).state, 'applied')
  })

  test('how much of a pool is used is known of each day from then on, also of those that it has passed', async (t) => {
    const company = await openCompany(t)
    const pool = await company.pool({ scope: 'private', cidr: '10.9.0.0/24' })
    assert.equal((await company.ask('PATCH', `/pools/${pool}`, { body: { sharedWith: ['r-acme'] } })).status, 200)
    const body = { account: shop, resourceType: 'onprem:host', locale: 'us-east-1', poolId: pool, netmaskLength: 32 }
    const take = async () => {
      const as = await company.tokenOf('user:admin', 'organization-administrator', '*')
      await company.post('/allocations', body, { as })
    }
    const { n } = (await company.store.read((tx) => tx.pools.find(pool)))!
    const today = async () => Math.floor((await nowOf(company)) / dayMs)
    const takenAt = async (day: number) => {
      const found = await company.store.read((tx) => tx.space.days.atEndsOf([n], [day]))
      return found.get(n)?.get(day)?.allocations
    }
    await take()
    const first = await today()
    // On two days, so that the first of them is over by it.
    company.advance(yearMs)
    await take()
    const ahead = await today()
    company.advance(dayMs)
    await take()
    await setRight(company, yearMs + dayMs)

    await take()
    company.advance(dayMs)
    await take()
    assert.equal(await takenAt(first + 1), 5)
    company.advance(dayMs)
    await take()
    assert.deepEqual([await takenAt(first + 1), await takenAt(first + 2)], [5, 6])
    // The days that it has passed come.
    for (let day = ahead; day < ahead + 4; day++) {
      company.advance((day - (await today())) * dayMs)
      await take()
    }
    assert.deepEqual([await takenAt(ahead + 2), await takenAt(ahead + 3)], [9, 10])
  })

  test('tokens and sessions that were made by it are not good before their time', async (t) => {
    const company = await openCompany(t)
    const identify = async (token: string) => {
      try {
        await createAuthenticator(company.store)(`Bearer ${token}`)
        return 'good'
      } catch (error) {
        return error instanceof Refused ? error.refusal.code : String(error)
      }
    }
    const { token: before } = await company.post<{ token: string }>('/tokens', { expiresInSeconds: 86_400 })
    company.advance(yearMs)
    const as = await company.tokenOf('user:later', 'organization-administrator', '*')
    const { token } = await company.post<{ token: string }>('/tokens', { expiresInSeconds: 3_600 }, { as })
    const RoleArn = `arn:aws:iam::${shop}:role/OrganizationAccountAccessRole`
    const { Credentials } = await company.sts('AssumeRole', { RoleArn, RoleSessionName: 'ahead' })
    const { arn, ...session } = await company.store.read(
      async (tx) => (await tx.accessKeys.find(Credentials!.AccessKeyId!))!,
    )
    const isGood = () => company.store.read((tx) => tx.accessKeys.isGood({ ...session, arn }, tx.now))
    assert.deepEqual([await identify(token), await isGood()], ['good', true])
    await setRight(company, yearMs)
    assert.deepEqual([await identify(token), await identify(before), await isGood()], ['InvalidToken', 'good', false])
    assert.ok(isOver(session, await nowOf(company)), 'as the server asks before it looks at a signature')
  })

  test('I5 a client token of before it has one effect still', async (t) => {
    const company = await openCompany(t)
    // The record has seen some days.
    for (let day = 0; day < 3; day++) {
      company.advance(dayMs + minuteMs)
      await beginDay(company)
    }
    const pool = await company.pool({ scope: 'private', cidr: '10.9.0.0/24' })
    const headers = { 'idempotency-key': 'once' }
    const body = { account: shop, resourceType: 'onprem:host', locale: 'us-east-1', poolId: pool }
    assert.equal((await company.ask('PATCH', `/pools/${pool}`, { body: { sharedWith: ['r-acme'] } })).status, 200)
    const first = await company.post<{ allocationId: string }>('/allocations', body, { headers })
    company.advance(yearMs)
    await beginDay(company)
    await work(company, 'one')
    await setRight(company, yearMs)
    await beginDay(company)
    company.advance(minuteMs)
    await work(company, 'one')
    const as = await company.tokenOf('user:admin', 'organization-administrator', '*')
    assert.equal(
      (await company.post<{ allocationId: string }>('/allocations', body, { headers, as })).allocationId,
      first.allocationId,
    )
    // It is not kept for good.
    for (let day = 0; day < 4; day++) {
      company.advance(dayMs + minuteMs)
      await beginDay(company)
      await work(company, 'one', 2)
    }
    assert.deepEqual(await company.database.select('select token from client_token'), [])
  })

  test('what nobody had written by it is as it was: exceptions are in force', async (t) => {
    const company = await openCompany(t)
    const [listed, pool, law] = [await company.pool(), await company.pool(), await company.policy()]
    await company.rules(law, [listed])
    await company.enable(law)
    const ends = isoOf((await nowOf(company)) + 30 * dayMs)
    const body = {
      target: shop,
      locale: 'us-east-1',
      resourceType: 'eip',
      grants: { pools: [pool] },
      reason: 'a test',
      expiresAt: ends,
    }
    const as = await company.tokenOf('user:ann', 'organization-administrator', '*')
    const { exceptionId } = await company.post<{ exceptionId: string }>('/exceptions', body, { as })
    await company.post(`/exceptions/${exceptionId}/approve`, {})
    let clock = (await nowOf(company)) + yearMs
    await company.store.close()
    const store = await company.database.open({ clock: () => clock, sealer: openSealer })
    const executor = await openExecutor(store, testSettings)
    const ask = (name: 'AllocateAddress' | 'DescribeIpamPools', input: object) =>
      executor.execute(operationTables.ec2.get(name)!, {
        principal: { account: shop, arn: `arn:aws:iam::${shop}:user/x`, accessKeyId: 'AKIA', userId: 'AIDA' },
        ...{ region: 'us-east-1', input, requestId: `asked-${Math.random()}`, sourceAddress: '127.0.0.1' },
      })
    // Rules are compiled by the clock that is ahead.
    await ask('DescribeIpamPools', {})
    clock -= yearMs
    const { output } = await ask('AllocateAddress', { IpamPoolId: pool })
    assert.equal((output as { PublicIpv4Pool: string }).PublicIpv4Pool, pool)
    await store.close()
  })
})

test('what is put off by a clock that is right is never put off for longer than what is brought back', async (t) => {
  const company = await openCompany(t)
  await furnish(company)
  await subscribe(company, { quietSeconds: quietSecondsMax })
  await subscribe(company, { digest: 'daily' })
  const isTooLong = async () => company.store.read((tx) => tx.putOffs.anyTooLong(tx.now))
  target.answer(500)
  const down = async () => {
    throw new Error('nobody is there')
  }
  const witness = {
    key: { name: 'witness', type: 4, publicKey: new Uint8Array(32) } as const,
    submit: async () => ({ problem: 'down' }),
  }
  await sendRecord({ name: 'file', send: async () => {} }, workplaceOf(company, 'one'))
  for (let tries = 0; tries < 12; tries++) {
    await makePolicy(company)
    await work(company, 'one', 60)
    await tellAll(notifierOf(company, { worker: 'one', chance: () => 1 }))
    await assert.rejects(sendRecord({ name: 'file', send: down }, workplaceOf(company, 'one')))
    await askWitness(witness, company, verifyEd25519)
    assert.equal(await isTooLong(), false)
    company.advance(2 * hourMs)
  }
})

describe('whatever the clock does', () => {
  for (const [what, move] of Object.entries({
    'goes on': async () => {},
    'jumps ahead by a year': async (company: Company) => company.advance(yearMs),
    'goes back by some hours': async (company: Company) => company.advance(-23 * hourMs),
    'was ahead by a year, and is set right': async (company: Company) => {
      company.advance(yearMs)
      await work(company, 'other', 10)
      await setRight(company, yearMs)
    },
  })) {
    test(`no job has something to do for ever where it ${what}`, async (t) => {
      // The last of them asks for all that the others do.
      if (!what.startsWith('was ahead') && isLeftToNight(t)) return
      const company = await openCompany(t)
      await furnish(company)
      await work(company, 'one', 60)
      await move(company)
      await work(company, 'one', 600)
      const before = company.counted.writes
      await work(company, 'one', 120)
      assert.equal(company.counted.writes - before, 0)
    })
  }
})

/** Something of everything that ends, or is done, by the clock. */
async function furnish(company: Company): Promise<void> {
  const now = await nowOf(company)
  const pool = await company.pool()
  assert.equal(
    (await company.ask('PATCH', `/pools/${pool}`, { body: { quarantineSeconds: 600, sharedWith: ['r-acme'] } })).status,
    200,
  )
  const take = (more: object = {}, sent: object = {}) =>
    company.post<{ allocationId: string }>(
      '/allocations',
      { account: shop, resourceType: 'eip', locale: 'us-east-1', poolId: pool, ...more },
      sent,
    )
  const { allocationId } = await take({}, { headers: { 'idempotency-key': 'taken' } })
  assert.equal((await company.ask('DELETE', `/allocations/${allocationId}`)).status, 204)
  await take({ hold: { expiresInSeconds: 600 } })
  const body = { target: shop, locale: 'us-east-1', resourceType: 'eip', grants: { pools: [pool] }, reason: 'a test' }
  await company.post('/exceptions/break-glass', { ...body, expiresAt: isoOf(now + hourMs) })
  await company.post('/tokens', { expiresInSeconds: 600 })
  await company.sts('AssumeRole', {
    RoleArn: `arn:aws:iam::${shop}:role/OrganizationAccountAccessRole`,
    RoleSessionName: 'session',
  })
  const { sourceId } = await company.post<{ sourceId: string }>('/sources', { name: 'cloud', kind: 'csv', node: '*' })
  await sendSnapshot(company, sourceId, ['10.1.0.0/16'])
  await subscribe(company, { digest: 'daily' })
  await company.post('/simulations', {
    operations: [{ operation: 'createRoleBinding', input: { principal: 'user:x', role: 'auditor', node: shop } }],
  })
}
