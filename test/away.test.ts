// A PostgreSQL that is away, frozen, full of connections, or that cancels statements: every request has one deadline, what can be
// served is served, and all goes on by itself.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { type AddressInfo, connect as connectSocket, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { openPostgres } from '#store/postgres/engine.ts'
import type { Link } from '#store/postgres/link.ts'
import type { Store } from '#store/store.ts'
import { StoreTrouble } from '#store/trouble.ts'
import { checkSpace } from '#store/upkeep/check.ts'
import { testSecretKey } from './database.ts'
import { emptyPostgres, linkTo, startPostgres, type TestPostgres } from './postgres.ts'
import { ask, makeFolder, startProcess } from './process.ts'
import { until } from './replication.ts'
import { managementAccount, openSealer } from './world.ts'

let cluster: TestPostgres
let operator: Link
before(async () => {
  cluster = await startPostgres({ max_connections: '60' })
  operator = await linkTo(cluster.url)
})
after(async () => {
  await operator.close()
  cluster.stop()
})

const deadlineMs = 2_000
/** On a machine that does much else. */
const slackMs = 1_500
const schemaOf = (url: string): string => /schema=(\w+)/.exec(url)![1]!
const isUnavailable = (error: unknown): boolean =>
  error instanceof StoreTrouble && error.kind === 'unavailable' && error.outcome === undefined
const readOf = (store: Store): Promise<unknown> => store.read((tx) => tx.organizations.findAccount(managementAccount))
const writeOf = (store: Store): Promise<unknown> => store.write(async (tx) => tx.nextSequence())

/** Opens a store, with as many connections to read with as there can be. */
async function openStore(t: TestContext, url: string): Promise<Store> {
  const store = await openPostgres({ url, sealer: openSealer, deadlineMs })
  t.after(() => store.close())
  await Promise.all(Array.from({ length: 8 }, () => readOf(store)))
  return store
}
const rowsOf = async (sql: string): Promise<readonly { pid: number }[]> =>
  (await operator.script(sql))[0]!.rows as { pid: number }[]

interface Line {
  readonly url: string
  /** `hang`: connections stand, and nothing comes through; `cut`: they break, and new ones are refused. */
  be(state: 'open' | 'hang' | 'cut'): void
}
/** A way to the cluster that can be taken away. */
async function lineTo(t: TestContext, url: string): Promise<Line> {
  let state: 'open' | 'hang' | 'cut' = 'open'
  const sockets = new Set<Socket>()
  const proxy = createServer((near) => {
    sockets.add(near)
    near.on('error', () => {}).on('close', () => sockets.delete(near))
    if (state === 'cut') return void near.destroy()
    const far = connectSocket(cluster.port, '127.0.0.1')
    sockets.add(far)
    far
      .on('error', () => {})
      .on('close', () => {
        sockets.delete(far)
        near.destroy()
      })
    near.on('close', () => far.destroy())
    near.on('data', (bytes) => {
      if (state === 'open') far.write(bytes)
    })
    far.on('data', (bytes) => {
      if (state === 'open') near.write(bytes)
    })
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  t.after(() => {
    cut()
    proxy.close()
  })
  return {
    url: url.replace(`:${cluster.port}`, `:${(proxy.address() as AddressInfo).port}`),
    be(next) {
      // What was swallowed is missing: a line that hung does not go on.
      if (next === 'cut' || state === 'hang') cut()
      state = next
    },
  }
}

/** How long each of many works that fail takes, in milliseconds. */
function timed(works: readonly (() => Promise<unknown>)[]): Promise<number[]> {
  return Promise.all(
    works.map(async (work) => {
      const begun = performance.now()
      await assert.rejects(work(), isUnavailable)
      return performance.now() - begun
    }),
  )
}

for (const state of ['hang', 'cut'] as const) {
  test(`forty reads and forty writes at once wait for a database that is away (${state}) until their deadline, later ones not at all, and all goes on when it is back`, async (t) => {
    const line = await lineTo(t, await emptyPostgres(cluster.url))
    const store = await openStore(t, line.url)
    await writeOf(store)
    line.be(state)
    const forty = Array.from({ length: 40 }, () => [() => readOf(store), () => writeOf(store)]).flat()
    const first = await timed(forty)
    assert.ok(Math.max(...first) < deadlineMs + slackMs, `the last one waited ${Math.max(...first)} ms`)
    // Until then nobody knows: where connections break, the first ones tell, and where they hang, the second.
    for (const work of [readOf, writeOf]) {
      await until('it is known that the database is away', async () => {
        const [tookMs] = await timed([() => work(store)])
        return tookMs! < 100 || undefined
      })
    }
    const later = await timed(forty)
    assert.ok(Math.max(...later) < deadlineMs / 2, `what is known to be away was waited for, ${Math.max(...later)} ms`)
    line.be('open')
    for (const work of [readOf, writeOf]) {
      await until('requests are served again', () =>
        work(store).then(
          () => true,
          (error: unknown) => {
            assert.ok(isUnavailable(error), String(error))
            return undefined
          },
        ),
      )
    }
    await Promise.all(Array.from({ length: 40 }, () => readOf(store)))
  })
}

test('statements that are cancelled at the database answer "unavailable", and the readings after them are well', async (t) => {
  const url = await emptyPostgres(cluster.url)
  const store = await openStore(t, url)
  const waiting = `select pid from pg_stat_activity where wait_event_type = 'Lock' and application_name = 'cadastre'`
  await operator.script(`begin; lock table ${schemaOf(url)}.counter in access exclusive mode`)
  const reads = Array.from({ length: 4 }, () => assert.rejects(readOf(store), isUnavailable))
  await until('four readers wait', async () => (await rowsOf(waiting)).length === 4)
  await operator.script(`select pg_cancel_backend(pid) from (${waiting}) waiting`)
  await Promise.all(reads)
  const write = assert.rejects(writeOf(store), isUnavailable)
  await until('the writer waits', async () => (await rowsOf(waiting)).length === 1)
  await operator.script(`select pg_cancel_backend(pid) from (${waiting}) waiting`)
  await write
  await operator.script('rollback')
  await Promise.all(Array.from({ length: 20 }, () => readOf(store)))
  await writeOf(store)
})

test('a connection that the database ends while a reading stands still is thrown away, and that is said as "unavailable"', async (t) => {
  const url = await emptyPostgres(cluster.url)
  const store = await openStore(t, url)
  const ended = store.read(async (tx) => {
    const [own] = await rowsOf(
      `select pid from pg_stat_activity where state = 'idle in transaction' and application_name = 'cadastre'`,
    )
    await operator.script(`select pg_terminate_backend(${own!.pid}, 5000)`)
    return tx.organizations.findAccount(managementAccount)
  })
  await assert.rejects(ended, isUnavailable)
  await Promise.all(Array.from({ length: 20 }, () => readOf(store)))
})

test('where the database takes no more connections, those that exist serve everybody at once', async (t) => {
  const url = await emptyPostgres(cluster.url)
  // One connection that writes, and one that reads.
  await operator.script('alter role cadastre_server connection limit 2')
  t.after(() => operator.script('alter role cadastre_server connection limit -1'))
  const store = await openPostgres({ url, sealer: openSealer, deadlineMs })
  t.after(() => store.close())
  await readOf(store)
  const begun = performance.now()
  await Promise.all(Array.from({ length: 40 }, () => [readOf(store), writeOf(store)]).flat())
  const tookMs = performance.now() - begun
  assert.ok(tookMs < deadlineMs, `it took ${tookMs} ms`)
})

test('I3 I5 a server that freezes in the middle of its transaction holds the others up for three seconds at most', async (t) => {
  const url = await emptyPostgres(cluster.url)
  const folder = await makeFolder()
  const keyFile = join(folder, 'shared.key')
  await writeFile(keyFile, testSecretKey)
  const settings = { CADASTRE_DATABASE_URL: url, CADASTRE_SECRET_KEY_FILE: keyFile }
  const frozen = await startProcess({ folder, settings })
  t.after(() => frozen.remove())
  const other = await startProcess({ settings })
  t.after(() => other.remove())
  // The same request as its client would repeat it.
  const allocate = (port: number) => ask(port, 'AllocateAddress', {}, { invocation: 'the-one' })
  await ask(frozen.port, 'AllocateAddress')
  // Whatever the frozen server does next waits inside its transaction.
  const held = await linkTo(cluster.url)
  t.after(() => held.close())
  await held.script(`begin; lock table ${schemaOf(url)}.free_block in access exclusive mode`)
  const [, lost] = await Promise.all([
    until('its transaction is under way', async () => {
      const waits = `select pid from pg_stat_activity where wait_event_type = 'Lock' and query like '%free_block%' and query not like 'begin; lock%' and query not like '%max(f.ord)%'`
      // Not the job that looks how full pools are: the request itself.
      return (await rowsOf(waits)).length > 0 || undefined
    }).then(async () => {
      frozen.send('SIGSTOP')
      await held.script('rollback')
      const begun = performance.now()
      const { status, body } = await ask(other.port, 'AllocateAddress')
      const tookMs = performance.now() - begun
      assert.equal(status, 200, body)
      assert.ok(tookMs < 3_000 + slackMs / 3, `the other server waited ${tookMs} ms`)
      frozen.send('SIGCONT')
    }),
    allocate(frozen.port),
  ])
  assert.equal(lost.status, 503, lost.body)
  const again = await allocate(other.port)
  assert.equal(again.status, 200, again.body)
  const store = await openPostgres({ url, sealer: openSealer })
  const { problems, allocations } = await checkSpace(store)
  await store.close()
  assert.deepEqual(problems, [])
  assert.equal(allocations, 3)
})

test('/readyz tells within seconds that the database does not answer, is itself answered at once, and tells that it does again', async (t) => {
  const line = await lineTo(t, await emptyPostgres(cluster.url))
  const folder = await makeFolder()
  const keyFile = join(folder, 'shared.key')
  await writeFile(keyFile, testSecretKey)
  const settings = { CADASTRE_DATABASE_URL: line.url, CADASTRE_SECRET_KEY_FILE: keyFile }
  const server = await startProcess({ folder, settings })
  t.after(() => server.remove())
  const ask = async (path: string): Promise<string> => {
    const begun = performance.now()
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`)
    const answer = `${response.status} ${await response.text()}`
    const tookMs = performance.now() - begun
    assert.ok(tookMs < slackMs, `${path} took ${tookMs} ms`)
    return answer
  }
  // Modules are loaded once it listens, and nothing else is done meanwhile.
  assert.equal((await fetch(`http://127.0.0.1:${server.port}/api/v1/openapi.json`)).status, 200)
  await until('it is ready', async () => (await ask('/readyz')) === '200 ok\n')
  line.be('hang')
  const begun = performance.now()
  await until('it is not ready', async () => (await ask('/readyz')) === '503 the database does not answer\n')
  const tookMs = performance.now() - begun
  assert.ok(tookMs < 6_000 + slackMs, `it said so after ${tookMs} ms`)
  assert.equal(await ask('/livez'), '200 ok\n')
  await until('a probe has failed', async () => (await ask('/readyz')) === '503 the database is not available\n')
  line.be('open')
  await until('it is ready again', async () => (await ask('/readyz')) === '200 ok\n')
})

test('a connection that was made for a request with little time left serves those after it without haste', async (t) => {
  const url = await emptyPostgres(cluster.url)
  const store = await openStore(t, url)
  const endOurs = `select pg_terminate_backend(pid, 5000) from pg_stat_activity
    where usename = 'cadastre_server' and application_name = 'cadastre'`
  await operator.script(endOurs)
  // The first one meets the broken connection, or the new one: in either case it has as good as no time left.
  const late = performance.now() - deadlineMs
  await until('a connection was made', () =>
    store
      .write(async (tx) => tx.nextSequence(), { since: late })
      .then(
        () => true,
        (error: unknown) => {
          assert.ok(isUnavailable(error), String(error))
          return undefined
        },
      ),
  )
  await operator.script(`begin; lock table ${schemaOf(url)}.counter in access exclusive mode`)
  const waiting = `select pid from pg_stat_activity where wait_event_type = 'Lock' and usename = 'cadastre_server'`
  const begun = performance.now()
  const write = writeOf(store)
  await until('the writer waits', async () => (await rowsOf(waiting)).length === 1)
  await until('longer than the late one had', () => performance.now() - begun > 600)
  await operator.script('rollback')
  await write
})
