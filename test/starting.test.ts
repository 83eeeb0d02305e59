// What a start refuses, what it leaves behind where it fails, and what it tells of itself.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { childEnvironment } from './children.ts'
import { newDatabase, type TestDatabase } from './database.ts'
import { engineUnderTest } from './engines.ts'
import { ask, makeFolder, runToEnd, startProcess } from './process.ts'
import { until } from './replication.ts'

const main = join(import.meta.dirname, '../src/main.ts')
/** The settings that draw a key, in place of those that bring one. */
const drawsKey = { CADASTRE_BOOTSTRAP_ACCESS_KEY_ID: '', CADASTRE_BOOTSTRAP_SECRET_ACCESS_KEY: '' }
const otherKey = 'cd'.repeat(32)

async function databaseOf(t: TestContext): Promise<TestDatabase> {
  const database = await newDatabase()
  t.after(() => database.remove())
  return database
}
/** The key that a server has printed, as it is signed with. */
function keyIn(output: string): { id: string; secret: string } {
  const [, id] = /AWS_ACCESS_KEY_ID=(\S+)/.exec(output) ?? []
  const [, secret] = /AWS_SECRET_ACCESS_KEY=(\S+)/.exec(output) ?? []
  assert.ok(id !== undefined && secret !== undefined, output)
  return { id, secret }
}
async function command(settings: Readonly<Record<string, string>>, ...words: string[]) {
  return new Promise<{ code: number; errors: string; output: string }>((resolve) => {
    const env = { ...childEnvironment, ...settings }
    execFile(process.execPath, [main, ...words], { env }, (error, output, errors) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, errors, output }),
    )
  })
}

test('a server that cannot listen ends at once, says why, and has changed nothing', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.after(() => taken.close())
  const { port } = taken.address() as AddressInfo
  for (const [settings, why] of [
    [{ CADASTRE_PORT: String(port) }, /another program listens there/],
    [{ CADASTRE_HOST: 'no-such-host.invalid' }, /Cannot listen on no-such-host\.invalid:/],
    [{ CADASTRE_HOST: '192.0.2.1' }, /this machine does not have that address/],
  ] as const) {
    const database = await databaseOf(t)
    const folder = await makeFolder()
    t.after(() => rm(folder, { recursive: true, force: true }))
    const ended = await runToEnd({ folder, settings: { ...database.settings, ...drawsKey, ...settings } })
    assert.deepEqual([ended.code, ended.signal, ended.output], [1, null, ''])
    assert.match(ended.errors, why)
    if (engineUnderTest === 'sqlite') assert.ok(!existsSync(join(database.folder, 'cadastre.db')))
    else assert.deepEqual(await database.select('select id from access_key'), [])
  }
})

const portStart = '/proc/sys/net/ipv4/ip_unprivileged_port_start'
const canForbid =
  process.getuid?.() === 0 &&
  existsSync('/usr/bin/setpriv') &&
  existsSync(portStart) &&
  Number(readFileSync(portStart, 'utf8')) > 1
test('a server that may not listen on its port ends at once', {
  skip: canForbid ? false : 'only root of a Linux that reserves low ports can take the right to them away',
}, async (t) => {
  const folder = await makeFolder()
  t.after(() => rm(folder, { recursive: true, force: true }))
  const { code, errors } = await runToEnd({
    folder,
    before: ['setpriv', '--inh-caps=-all', '--bounding-set=-all'],
    settings: { CADASTRE_PORT: '1' },
  })
  assert.equal(code, 1)
  assert.match(errors, /this user may not listen there/)
})

test('the first key is printed by the next start where the first could not print it, and by no later one', async (t) => {
  const database = await databaseOf(t)
  const settings = { ...database.settings, ...drawsKey }
  const deaf = await runToEnd({ folder: database.folder, settings, isDeaf: true })
  assert.equal(deaf.code, 1)
  assert.equal((await database.select('select id from access_key')).length, 1, 'the first start made it')

  const second = await startProcess({ folder: database.folder, settings })
  t.after(() => second.send('SIGKILL'))
  const answer = await ask(second.port, 'DescribeAddresses', {}, { key: keyIn(await printed(second.output)) })
  assert.equal(answer.status, 200, answer.body)
  second.send('SIGTERM')
  assert.equal((await second.ended).code, 0)

  const third = await startProcess({ folder: database.folder, settings })
  t.after(() => third.send('SIGKILL'))
  third.send('SIGTERM')
  assert.doesNotMatch((await third.ended).output, /SECRET/)
})
async function printed(output: () => string): Promise<string> {
  while (!/SECRET_ACCESS_KEY=\S+\n/.test(output())) await new Promise((resolve) => setImmediate(resolve))
  return output()
}

test('another sealing key than the one that sealed the secrets is refused by name, by servers and by commands', async (t) => {
  const database = await databaseOf(t)
  const first = await startProcess({ folder: database.folder, settings: database.settings })
  first.send('SIGTERM')
  assert.equal((await first.ended).code, 0)
  const keyFile = join(database.folder, 'other.key')
  await writeFile(keyFile, otherKey)
  const settings = { ...database.settings, CADASTRE_SECRET_KEY_FILE: keyFile }
  const refused =
    /the secret key file `[^`]+other\.key` holds the key with the fingerprint [0-9a-f]{16}, and the secrets of this database are sealed with the key with the fingerprint [0-9a-f]{16}/
  const server = await runToEnd({ folder: database.folder, settings })
  assert.equal(server.code, 1)
  assert.match(server.errors, refused)
  const listed = await command(settings, 'keys', 'list', '--account', '111111111111')
  assert.equal(listed.code, 1)
  assert.match(listed.errors, refused)

  // A database from before the fingerprint was kept: what is sealed in it proves the key.
  await database.tamper('delete from sealing_key')
  const old = await runToEnd({ folder: database.folder, settings })
  assert.equal(old.code, 1)
  assert.match(
    old.errors,
    /other\.key` holds the key with the fingerprint [0-9a-f]{16}, and .* sealed with another one/,
  )
  assert.deepEqual(await database.select('select one from sealing_key'), [])
  const right = await startProcess({ folder: database.folder, settings: database.settings })
  right.send('SIGTERM')
  await right.ended
  assert.equal((await database.select('select one from sealing_key')).length, 1)
  await assert.rejects(database.execute(`update sealing_key set one = 1`), /immutable|permission/)
})

test('a database whose sealing key is missing is refused by name, and no new key is made beside it', async (t) => {
  const database = await databaseOf(t)
  const first = await startProcess({ folder: database.folder, settings: database.settings })
  first.send('SIGTERM')
  assert.equal((await first.ended).code, 0)
  const keyFile = database.settings.CADASTRE_SECRET_KEY_FILE ?? join(database.folder, 'secret.key')
  await rm(keyFile)
  for (const { code, errors } of [
    await runToEnd({ folder: database.folder, settings: database.settings }),
    await command(database.settings, 'check'),
  ]) {
    assert.equal(code, 1)
    assert.match(errors, /The secret key file `[^`]+\.key` (?:is not there|cannot be read)/)
    assert.ok(!existsSync(keyFile))
  }
})

test('a server whose database turns out to be sealed with another key says so to whoever asks whether it is ready', async (t) => {
  const database = await databaseOf(t)
  const server = await startProcess({ folder: database.folder, settings: database.settings })
  t.after(() => server.send('SIGKILL'))
  const ask = async (path: string): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`)
    return `${response.status} ${await response.text()}`
  }
  await until('it is ready', async () => (await ask('/readyz')) === '200 ok\n')
  await database.tamper(`delete from sealing_key; insert into sealing_key values (1, x'${'11'.repeat(16)}')`)
  const problem = '503 the secrets of the database are sealed with another key than that of the server\n'
  await until('it knows', async () => (await ask('/readyz')) === problem)
  assert.deepEqual([await ask('/livez'), await ask('/healthz')], ['200 ok\n', '200 ok\n'])
})

test('while a server stops, its native API refuses with a problem that says when to come back', async (t) => {
  const database = await databaseOf(t)
  const server = await startProcess({ folder: database.folder, settings: database.settings })
  t.after(() => server.send('SIGKILL'))
  // Begun before it stops, so that the connection is not idle.
  const socket = connect(server.port, '127.0.0.1').setEncoding('utf8')
  await once(socket, 'connect')
  socket.write('GET /api/v1/pools HTTP/1.1\r\nHost: localhost\r\n')
  let answer = ''
  socket.on('data', (text: string) => {
    answer += text
  })
  // Answered on another connection, after the server has read what came before.
  assert.equal((await fetch(`http://127.0.0.1:${server.port}/api/v1/openapi.json`)).status, 200)
  server.send('SIGTERM')
  await until('it takes no more connections', () =>
    fetch(`http://127.0.0.1:${server.port}/livez`, { headers: { connection: 'close' } }).then(
      () => undefined,
      () => true,
    ),
  )
  socket.write('\r\n')
  await once(socket, 'close')
  const [head, body] = answer.split('\r\n\r\n') as [string, string]
  assert.match(head, /^HTTP\/1\.1 503 /)
  assert.match(head, /\r\ncontent-type: application\/problem\+json\r\n/i)
  assert.match(head, /\r\nretry-after: 1\r\n/i)
  const problem = JSON.parse(body) as Record<string, unknown>
  assert.deepEqual([problem.code, problem.status, problem.because], ['Unavailable', 503, 'the server is stopping'])
  assert.equal((await server.ended).code, 0)
})
