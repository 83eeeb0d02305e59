// A clock that is wrong: what is over stays over across restarts, and nothing is written far behind the record.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { StatementSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { createAuthenticator } from '#api/rest/session.ts'
import { clockBehindMsMax } from '#model/clock.ts'
import { parseId } from '#model/identifier.ts'
import { Refused } from '#model/refusal.ts'
import { Link } from '#store/postgres/link.ts'
import type { Store } from '#store/store.ts'
import type { Hold } from '#store/tables/holds.ts'
import { newestEntry } from '#store/time.ts'
import { StoreTrouble } from '#store/trouble.ts'
import { openAcme, shop } from '../../../test/acme.ts'
import { runCommand } from '../../../test/clients/command.ts'
import { type OpenOptions, type TestDatabase, testSecretKey } from '../../../test/database.ts'
import { withNativeApi } from '../../../test/native-world.ts'
import { ask, startProcess } from '../../../test/process.ts'
import { until } from '../../../test/replication.ts'
import { managementAccount, openSealer, testSettings } from '../../../test/world.ts'
import { openExecutor } from '../execute.ts'
import { operationTables } from '../tables.aws.ts'
import { acceptClock, findFarBehind } from './clock.ts'
import { recordOwn } from './own-entries.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const yearMs = 365 * 24 * hourMs
/** More than a clock may be behind. */
const farMs = clockBehindMsMax + hourMs

/** A company's database after an exception and a token have ended, and a denial was recorded since. */
interface Company {
  readonly database: TestDatabase
  /** Of the newest audit entry: after the end of both. */
  readonly newestAt: number
  readonly exceptionPool: string
  readonly token: string
  readonly allocation: string
  readonly stores: Store[]
}
let company: Company

beforeEach(async () => {
  const acme = await withNativeApi(await openAcme())
  const [listed, other, law] = [await acme.pool(), await acme.pool(), await acme.policy()]
  await acme.rules(law, [listed])
  await acme.enable(law)
  const ann = await acme.tokenOf('user:ann', 'organization-administrator', '*')
  const bob = await acme.tokenOf('user:bob', 'organization-administrator', '*')
  const nowOf = () => acme.store.read(async (tx) => tx.now)
  const soon = new Date((await nowOf()) + minuteMs).toISOString()
  const { exceptionId } = await acme.post<{ exceptionId: string }>(
    '/exceptions',
    {
      ...{ target: shop, locale: 'us-east-1', resourceType: 'eip', grants: { pools: [other] } },
      ...{ reason: 'a test of clocks', expiresAt: soon },
    },
    { as: ann },
  )
  await acme.post(`/exceptions/${exceptionId}/approve`, {}, { as: bob })
  const { token } = await acme.post<{ token: string }>('/tokens', { expiresInSeconds: 60 }, { as: ann })
  assert.equal(await acme.poolOfAddress(shop, { IpamPoolId: other }), other)
  const { AllocationId } = await acme.call('AllocateAddress', {}, { account: shop })
  acme.advance(minuteMs + 1_000)
  await acme.call(
    'ReleaseAddress',
    { AllocationId: (await acme.call('AllocateAddress', {}, { account: shop })).AllocationId! },
    { account: shop },
  )
  const newestAt = await nowOf()
  await acme.store.close()
  const { database } = acme
  company = { database, newestAt, exceptionPool: other, token, allocation: AllocationId!, stores: [] }
})
afterEach(async () => {
  for (const store of company.stores) await store.close()
  await company.database.remove()
})

async function open(clock: () => number, options: OpenOptions = {}) {
  const store = await company.database.open({ clock, sealer: openSealer, ...options })
  company.stores.unshift(store)
  const executor = await openExecutor(store, testSettings)
  let requests = 0
  const call = async (name: 'AllocateAddress' | 'ReleaseAddress', input: object) => {
    const { output } = await executor.execute(operationTables.ec2.get(name)!, {
      principal: { account: shop, arn: `arn:aws:iam::${shop}:user/test`, accessKeyId: 'AKIATEST', userId: 'AIDATEST' },
      region: 'us-east-1',
      input,
      requestId: `after-${++requests}`,
      sourceAddress: '127.0.0.1',
    })
    return output as { PublicIpv4Pool: string; AllocationId: string }
  }
  const close = async () => {
    company.stores.splice(company.stores.indexOf(store), 1)
    await store.close()
  }
  return { store, call, close, now: () => store.read(async (tx) => tx.now) }
}
const beside = (clock: () => number) => company.database.openAsOwner({ clock, sealer: openSealer, acceptsClock: true })
async function accept(clock: () => number) {
  const store = await beside(clock)
  try {
    return await acceptClock(store, managementAccount)
  } finally {
    await store.close()
  }
}
const codeOf = (error: unknown): string => (error instanceof Refused ? error.refusal.code : String(error))
const outcomeOf = (work: Promise<unknown>): Promise<string> => work.then(() => 'granted', codeOf)
const identify = async (store: Store, token: string) => createAuthenticator(store)(`Bearer ${token}`)
/** Of the store itself: nothing is written. */
async function refusesToWrite(store: Store): Promise<StoreTrouble> {
  const error = await store
    .write(async () => {})
    .then(
      () => undefined,
      (error: unknown) => error,
    )
  assert(error instanceof StoreTrouble, String(error))
  assert.deepEqual([error.kind, error.fatal], ['clock', false])
  return error
}
const isSqlite = (): boolean => company.database.engine === 'sqlite'
const epochOf = async (): Promise<number> =>
  Number((await company.database.select("select value from counter where name = 'governance-epoch'"))[0]!.value)
const entriesOf = () => company.database.select('select n from audit_entry order by n')

/** Space that is held from that moment on, for a day. */
async function holdAt(now: number, pool: string): Promise<Hold> {
  const { store, close } = await open(() => now)
  const hold = await store.write(async (tx) => {
    const n = parseId('pool', tx.installation, pool)!
    const cidr = await tx.space.take(n, 4, { length: 32 })
    const request = { account: shop, locale: 'us-east-1', resourceType: 'eip', family: 4 } as const
    const made: Hold = {
      ...{
        n: tx.nextSequence(),
        pool: n,
        cidr: cidr!,
        account: shop,
        resourceType: 'eip',
        region: 'us-east-1',
        request,
      },
      ...{ resourceId: undefined, description: undefined, decision: undefined },
      ...{ createdAt: tx.now, expiresAt: tx.now + 24 * hourMs },
    }
    await tx.space.hold(made)
    return made
  })
  await close()
  return hold
}

describe('§6 clock changes', () => {
  for (const behindMs of [minuteMs, clockBehindMsMax]) {
    test(`a restart ${behindMs / 1_000} s back: time stands still, and what is over stays over`, async () => {
      const { newestAt, exceptionPool, token, allocation, database } = company
      let clock = newestAt - behindMs
      const { store, call, now } = await open(() => clock)
      assert.equal(await now(), newestAt)
      assert.equal(await store.write(async (tx) => tx.now), newestAt)
      assert.equal(await outcomeOf(call('AllocateAddress', { IpamPoolId: exceptionPool })), 'NotShared')
      assert.equal(await outcomeOf(identify(store, token)), 'InvalidToken')
      await call('ReleaseAddress', { AllocationId: allocation })
      await call('AllocateAddress', {})
      const odd = 'select n from allocation_history where released_at <= created_at'
      assert.deepEqual((await database.select(odd)).length, 1, 'the one that was released as it was taken')
      const entries = await database.select('select at from audit_entry order by n')
      const times = entries.map(({ at }) => Number(at))
      assert.deepEqual(
        times,
        times.toSorted((a, b) => a - b),
      )
      // As soon as the clock has caught up time goes on.
      clock = newestAt + 1
      assert.deepEqual([await now(), await store.write(async (tx) => tx.now)], [clock, clock])
    })
  }

  test('a restart far behind: nothing is written, and the operator is told both moments and what to do', async () => {
    const { newestAt, token } = company
    const clock = () => newestAt - farMs
    const before = await entriesOf()
    const expected = new RegExp(
      `the clock says ${new Date(clock()).toISOString()}, but the newest audit entry is of ${new Date(newestAt).toISOString()}: .*more than 24 hours.*set the clock right.*\`cadastre database accept\``,
    )
    if (isSqlite()) {
      await assert.rejects(
        open(clock),
        (error) => error instanceof StoreTrouble && error.fatal && expected.test(error.message),
      )
    } else {
      const told: unknown[] = []
      const { store, now, call } = await open(clock, { onStale: (trouble) => told.push(trouble?.kind) })
      assert.equal(await now(), newestAt)
      assert.deepEqual(told, ['clock'], 'by reading')
      assert.match((await refusesToWrite(store)).message, expected)
      await assert.rejects(call('AllocateAddress', {}), StoreTrouble)
      assert.equal(await now(), newestAt, 'it reads')
      assert.equal(await outcomeOf(identify(store, token)), 'InvalidToken')
      assert.deepEqual(told, ['clock'])
    }
    // A command beside it reads too, and writes nothing.
    const store = await company.database.openAsOwner({ clock, sealer: openSealer })
    company.stores.unshift(store)
    assert.equal(await store.read(async (tx) => tx.now), newestAt)
    await refusesToWrite(store)
    assert.deepEqual(await entriesOf(), before)
  })

  test('once the operator has accepted the clock it holds, and that is on record', async () => {
    const { newestAt, exceptionPool } = company
    const clock = newestAt - farMs
    const held = await holdAt(newestAt, exceptionPool)
    const epoch = await epochOf()
    assert.deepEqual(await accept(() => clock), { clock: new Date(clock), newest: new Date(newestAt) })
    const [entry] = await company.database.select(
      'select o.action, a.at, a.subjects from audit_entry a join origin o on o.n = a.origin order by a.n desc limit 1',
    )
    assert.deepEqual(
      { ...entry, at: Number(entry!.at) },
      { action: 'AcceptClock', at: clock, subjects: `newest-was:${new Date(newestAt).toISOString()}` },
    )
    assert.equal(await accept(() => clock), undefined, 'there is nothing more to accept')
    assert.equal(await epochOf(), epoch + 1, 'what was compiled by the other clock is compiled anew')
    const { now, call, store } = await open(() => clock)
    assert.equal(await now(), clock)
    assert.equal(await store.write(async (tx) => tx.now), clock)
    // By this clock nobody has asked for the exception yet, and what was taken later is released when it was taken.
    assert.equal(await outcomeOf(call('AllocateAddress', { IpamPoolId: exceptionPool })), 'NotShared')
    await store.write((tx) => tx.space.drop(held))
    await call('ReleaseAddress', { AllocationId: company.allocation })
    assert.deepEqual(
      await company.database.select('select n from allocation_history where released_at < created_at'),
      [],
    )
  })

  test('a clock that is only a little behind is not accepted: it catches up', async () => {
    const { newestAt } = company
    const before = await entriesOf()
    assert.equal(await accept(() => newestAt - clockBehindMsMax), undefined)
    assert.deepEqual(await entriesOf(), before)
  })

  test('a clock that jumps ahead and back while servers run: they read until it is accepted, then go on', async () => {
    const told: unknown[] = []
    let clock = company.newestAt + 1_000
    const { store, call, now } = await open(() => clock, { onStale: (trouble) => told.push(trouble?.kind) })
    await call('AllocateAddress', {})
    clock += 10 * yearMs
    await call('AllocateAddress', {})
    const ahead = clock
    clock -= 10 * yearMs - 5_000
    await refusesToWrite(store)
    await assert.rejects(call('AllocateAddress', {}), StoreTrouble)
    assert.equal(await now(), ahead)
    assert.deepEqual(told, ['clock'])
    assert.deepEqual(await accept(() => clock), { clock: new Date(clock), newest: new Date(ahead) })
    const { AllocationId } = await call('AllocateAddress', {})
    assert.deepEqual(told, ['clock', undefined])
    assert.equal(await now(), clock)
    clock += 1_000
    await call('ReleaseAddress', { AllocationId })
    assert.equal(await now(), clock)
    assert.deepEqual((await store.read((tx) => tx.spaceCheck.report())).problems, [])
  })

  test('what a clock said and nobody recorded does not hold once it was set right', async () => {
    let clock = company.newestAt + yearMs
    const { now, store } = await open(() => clock)
    assert.equal(await now(), clock)
    clock = company.newestAt + 1_000
    assert.equal(await now(), clock)
    assert.equal(await store.write(async (tx) => tx.now), clock)
  })

  test('`cadastre database accept` says which moments it is about, and does it', async () => {
    let clock = () => Date.now() + farMs
    const { call, close } = await open(() => clock())
    await call('AllocateAddress', {})
    await close()
    clock = Date.now
    await assert.rejects(async () => (await open(clock)).call('AllocateAddress', {}), StoreTrouble)
    const keyFile = join(company.database.folder, 'accept.key')
    await writeFile(keyFile, testSecretKey)
    const environment = { ...company.database.settings, CADASTRE_SECRET_KEY_FILE: keyFile }
    const first = await runCommand(['database', 'accept'], { environment })
    assert.equal(first.code, 0, first.errors)
    assert.match(
      first.output,
      /The clock says 20\S+Z, and the newest audit entry is of 20\S+Z\. From here on the clock holds/,
    )
    assert.match(first.output, /on record as `AcceptClock`/)
    assert.equal((await (await open(clock)).call('AllocateAddress', {})).AllocationId.startsWith('eipalloc-'), true)
    const second = await runCommand(['database', 'accept'], { environment })
    assert.equal(second.code, 0, second.errors)
    assert.match(second.output, /The clock is not behind the record; nothing was changed\./)
  })
})

test('a server whose clock is far behind says so to callers, balancers and its log, and goes on once it is accepted', async () => {
  const { database } = company
  const { folder, settings } = database
  const server = await startProcess({ folder, settings })
  try {
    const ready = async () => {
      const response = await fetch(`http://127.0.0.1:${server.port}/readyz`)
      return `${response.status} ${await response.text()}`
    }
    const events = () => [...server.errors().matchAll(/"event":"(read-\w+)"/g)].map(([, event]) => event)
    assert.equal((await ask(server.port, 'AllocateAddress')).status, 200)
    const ahead = await database.openAsOwner({ clock: () => Date.now() + farMs, sealer: openSealer })
    await ahead.write((tx) =>
      recordOwn(tx, 'operator', { action: 'OfTheTest', account: managementAccount, subjects: [] }),
    )
    await ahead.close()
    const refused = await ask(server.port, 'AllocateAddress')
    assert.equal(refused.status, 503, refused.body)
    assert.match(refused.body, /The server only reads: the clock is behind the newest audit entry/)
    assert.equal((await ask(server.port, 'DescribeAddresses')).status, 200)
    await until('the probes know it', async () => (await ready()).startsWith('503'))
    assert.equal(await ready(), '503 read-only: the clock is behind the newest audit entry\n')
    const { code, errors } = await runCommand(['database', 'accept'], { environment: settings })
    assert.equal(code, 0, errors)
    // Nobody has to write: the probes find out.
    await until('the probes know it', async () => (await ready()) === '200 ok\n')
    assert.equal((await ask(server.port, 'AllocateAddress')).status, 200)
    assert.deepEqual(events(), ['read-only', 'read-write'])
  } finally {
    await server.remove()
  }
})

test('what is newest is asked for with the counters: an allocation has no statement more', async () => {
  let clock = company.newestAt
  const { call } = await open(() => clock++)
  await call('AllocateAddress', {})
  const texts: string[] = []
  const { get, all, run } = StatementSync.prototype
  const { query, script } = Link.prototype
  StatementSync.prototype.get = function (...values) {
    texts.push(this.sourceSQL)
    return get.apply(this, values as never)
  }
  StatementSync.prototype.all = function (...values) {
    texts.push(this.sourceSQL)
    return all.apply(this, values as never)
  }
  Link.prototype.query = function (...values) {
    texts.push(values[1])
    return query.apply(this, values)
  }
  Link.prototype.script = function (...values) {
    texts.push(values[0])
    return script.apply(this, values)
  }
  try {
    await call('AllocateAddress', {})
  } finally {
    Object.assign(StatementSync.prototype, { get, all, run })
    Object.assign(Link.prototype, { query, script })
  }
  assert.ok(texts.length > 0, 'it was counted')
  const asking = texts.filter((text) => text.includes(newestEntry))
  // SQLite knows it already; PostgreSQL is told at the beginning of the transaction, in the statement that reads the counters.
  assert.equal(asking.length, isSqlite() ? 0 : 1, asking.join('\n'))
  if (!isSqlite()) assert.match(asking[0]!, /^select .*'sequence'/s)
  assert.deepEqual(await findFarBehindNow(() => clock), undefined)
})
const findFarBehindNow = async (clock: () => number) => {
  const store = await beside(clock)
  try {
    return await findFarBehind(store)
  } finally {
    await store.close()
  }
}
