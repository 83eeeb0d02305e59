// An old copy of the database: read, but never written, until the right one is back or the operator says so.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { createAccessKey } from '#operations/identity/access-keys.ts'
import { openPostgres } from '#store/postgres/engine.ts'
import { migratePostgres } from '#store/postgres/migrate.ts'
import type { Store } from '#store/store.ts'
import { childEnvironment } from './children.ts'
import { testSecretKey } from './database.ts'
import { executeAt, forServer, makeServerRole, startPostgres, type TestPostgres } from './postgres.ts'
import { type Answered, ask, type CadastreProcess, elements, startProcess } from './process.ts'
import { until } from './replication.ts'
import { managementAccount, openSealer } from './world.ts'

let cluster: TestPostgres
let keyFolder: string
const started: CadastreProcess[] = []
async function start(settings: Readonly<Record<string, string>>, folder?: string): Promise<CadastreProcess> {
  const server = await startProcess({ settings, ...(folder === undefined ? {} : { folder }) })
  started.push(server)
  return server
}
before(async () => {
  cluster = await startPostgres()
  await makeServerRole(cluster.url)
  keyFolder = await mkdtemp(join(tmpdir(), 'cadastre-old-'))
  await writeFile(join(keyFolder, 'key'), testSecretKey)
})
after(async () => {
  for (const server of started) await server.remove()
  cluster.stop()
  await rm(keyFolder, { recursive: true, force: true })
})

/** A database that can be copied, and exchanged for its copy under a running server. */
interface Database {
  readonly settings: Readonly<Record<string, string>>
  readonly ownerUrl: string
  /** Keeps what the database is now. */
  copy(): Promise<void>
  /** Puts the copy in its place, or the original again: the server's connections break, as in a failover. */
  exchange(): Promise<void>
}

async function makeDatabase(name: string): Promise<Database> {
  const execute = (sql: string) => executeAt(cluster.url, sql)
  /** Nobody is connected, and nobody can connect, while `work` runs. */
  const alone = async (names: readonly string[], work: () => Promise<unknown>): Promise<void> => {
    for (const each of names) {
      await execute(`alter database ${each} allow_connections false`)
      await execute(`select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = '${each}'`)
    }
    await work()
    for (const each of names) await execute(`alter database ${each} allow_connections true`)
  }
  await execute(`create database ${name}`)
  const ownerUrl = cluster.url.replace(/\/postgres$/, `/${name}`)
  const url = forServer(ownerUrl)
  await migratePostgres({ url, ownerUrl })
  return {
    settings: { CADASTRE_DATABASE_URL: url, CADASTRE_SECRET_KEY_FILE: join(keyFolder, 'key') },
    ownerUrl,
    copy: () => alone([name], () => execute(`create database ${name}_other template ${name}`)),
    exchange: () =>
      alone([name, `${name}_other`], async () => {
        await execute(`alter database ${name} rename to ${name}_third`)
        await execute(`alter database ${name}_other rename to ${name}`)
        await execute(`alter database ${name}_third rename to ${name}_other`)
      }),
  }
}

/** As a client does: a connection that broke is made again with the next request. */
async function asked(port: number, action: string): Promise<Answered> {
  return until('the database is there', async () => {
    const answer = await ask(port, action)
    return !answer.body.includes('database is not available') && answer
  })
}
const allocate = (port: number): Promise<Answered> => asked(port, 'AllocateAddress')
async function addressesOf(port: number): Promise<string[]> {
  const answer = await asked(port, 'DescribeAddresses')
  assert.equal(answer.status, 200, answer.body)
  return elements(answer, 'publicIp')
}
const readiness = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: '/readyz', agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve(`${response.statusCode} ${text}`))
    }).on('error', reject)
  })
/** Probes find it out, once a second. */
const isReady = (port: number, expected: string): Promise<unknown> =>
  until(`/readyz says ${expected}`, async () => (await readiness(port)) === expected)
const eventsOf = ({ errors }: CadastreProcess): string[] =>
  errors()
    .split('\n')
    .filter(Boolean)
    .map((line) => (JSON.parse(line) as { event: string }).event)
    .filter((event) => event.startsWith('read-'))

async function assertReadOnly(server: CadastreProcess, addresses: readonly string[]): Promise<void> {
  const { port } = server
  const refused = await allocate(port)
  assert.equal(refused.status, 503, refused.body)
  assert.match(refused.body, /The server only reads: its database lacks what was acknowledged/)
  assert.deepEqual((await addressesOf(port)).sort(), [...addresses].sort())
  await isReady(port, '503 read-only: the database lacks what this server has acknowledged\n')
}
async function assertWrites({ port }: CadastreProcess): Promise<string> {
  const answer = await allocate(port)
  assert.equal(answer.status, 200, answer.body)
  await isReady(port, '200 ok\n')
  return elements(answer, 'publicIp')[0]!
}
async function stop(server: CadastreProcess): Promise<void> {
  server.send('SIGTERM')
  const { code, errors } = await server.ended
  assert.equal(code, 0, errors)
}
const markIn = async (folder: string): Promise<{ n: number; requestId: string }> =>
  JSON.parse(await readFile(join(folder, 'acknowledged.json'), 'utf8'))

test('I3 a server that finds itself on an old copy only reads, says so, and writes when the right one is back', async () => {
  const database = await makeDatabase('live')
  const server = await start(database.settings)
  const first = await assertWrites(server)
  await database.copy()
  const second = await assertWrites(server)

  await database.exchange()
  await assertReadOnly(server, [first])
  assert.deepEqual(eventsOf(server), ['read-only'])

  await database.exchange()
  // Nobody has to write: whoever asks whether it is ready finds out.
  await isReady(server.port, '200 ok\n')
  const third = await assertWrites(server)
  assert.deepEqual((await addressesOf(server.port)).sort(), [first, second, third].sort())
  assert.deepEqual(eventsOf(server), ['read-only', 'read-write'])
  await stop(server)
})

test('I3 a copy that went on by itself is recognised, though it drew the same numbers, and after a restart too', async () => {
  const database = await makeDatabase('restarted')
  const server = await start(database.settings)
  const { folder } = server
  const first = await assertWrites(server)
  // A server counts the day that it sees, and draws a number for it: were that in the copy only, the numbers would differ.
  await until('the day has begun', async () => {
    const [day] = await executeAt(database.ownerUrl, 'select day from record_day')
    return day !== undefined
  })
  await database.copy()
  const second = await assertWrites(server)
  await stop(server)
  const mark = await markIn(folder)

  await database.exchange()
  // Another server, which has acknowledged nothing, writes into the copy: the same request, the same numbers.
  const stranger = await start(database.settings)
  assert.equal(await assertWrites(stranger), second)
  await stop(stranger)
  const [entry] = (await executeAt(
    database.ownerUrl,
    `select request_id as id from audit_entry where n = ${mark.n}`,
  )) as readonly { id: string }[]
  assert.ok(entry && entry.id !== mark.requestId, 'the copy has an entry of that number')

  const again = await start(database.settings, folder)
  await assertReadOnly(again, [first, second])
  assert.deepEqual(await markIn(folder), mark)

  // The operator meant it: the running server finds out by itself.
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(import.meta.dirname, '../src/main.ts'), 'database', 'accept'],
    { env: { ...childEnvironment, CADASTRE_DATA: folder, ...database.settings } },
  )
  assert.match(stdout, new RegExp(`^Given up: the audit entry ${mark.n} \\(request ${mark.requestId}, .*newest entry`))
  const third = await assertWrites(again)
  assert.deepEqual((await addressesOf(again.port)).sort(), [first, second, third].sort())
  assert.deepEqual(eventsOf(again), ['read-only', 'read-write'])
  await stop(again)
  assert.ok((await markIn(folder)).n > mark.n)
})

test('a database that is empty is not taken for the one that this server knows', async () => {
  const database = await makeDatabase('emptied')
  const server = await start(database.settings)
  await assertWrites(server)
  await stop(server)
  await executeAt(database.ownerUrl, 'drop schema cadastre cascade')
  await migratePostgres({ url: database.settings.CADASTRE_DATABASE_URL!, ownerUrl: database.ownerUrl })
  // Without keys nobody could even read.
  await assert.rejects(start(database.settings, server.folder), /lacks the audit entry \d+/)
})

test('of two databases that take writes, the one that has what was acknowledged is written and read', async () => {
  const other = await startPostgres()
  const folder = await mkdtemp(join(tmpdir(), 'cadastre-two-'))
  const told: unknown[] = []
  try {
    // The owner's, so that each is made where it is not there.
    const url = `${cluster.url}?schema=two`
    const first = await openPostgres({ url, sealer: openSealer, folder })
    await createKey(first, 'one')
    await first.close()
    await (await openPostgres({ url: `${other.url}?schema=two`, sealer: openSealer })).close()
    const places = url.replace('127.0.0.1', `127.0.0.1:${other.port},127.0.0.1`)
    const onStale = (trouble: unknown) => told.push(trouble)
    const store = await openPostgres({ url: places, sealer: openSealer, folder, onStale })
    assert.equal(await store.read((tx) => tx.accessKeys.any()), true)
    await createKey(store, 'two')
    await store.close()
    assert.deepEqual(told, [])
    const keys = await executeAt(url, 'select id from access_key order by id')
    assert.deepEqual(keys, [{ id: 'one' }, { id: 'two' }])
  } finally {
    other.stop()
    await rm(folder, { recursive: true, force: true })
  }
})
const createKey = (store: Store, id: string): Promise<unknown> =>
  bootstrapped(store).then(() =>
    createAccessKey(store, managementAccount, 'somebody', { accessKeyId: id, secretAccessKey: 'a secret' }),
  )
const bootstrapped = (store: Store): Promise<void> =>
  store.write(async (tx) => {
    if (await tx.organizations.findAccount(managementAccount)) return
    const name = 'management'
    const account = { id: managementAccount, name, email: 'm@example.com', status: 'ACTIVE' as const }
    await tx.organizations.insertAccount({ ...account, joinedMethod: 'INVITED', joinedAt: 0 })
  })

test('a file that does not say what was acknowledged is told of, and not passed over', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cadastre-mark-'))
  for (const text of ['{"n":1}', 'nonsense', '{"installation":"abcde","n":1.5,"at":0,"requestId":"r"}', 'null']) {
    await writeFile(join(folder, 'acknowledged.json'), text)
    await assert.rejects(openPostgres({ url: cluster.url, sealer: openSealer, folder }), /does not say which entry/)
  }
  await rm(folder, { recursive: true, force: true })
})
