// `cadastre move` as an operator runs it: beside real servers, with wrong words, and killed half-way.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import type { Link } from '#store/postgres/link.ts'
import { childEnvironment } from './children.ts'
import { dataRoot } from './data-root.ts'
import { emptyPostgres, linkTo, ownerOf } from './postgres.ts'
import {
  ask,
  type CadastreProcess,
  type Ended,
  element,
  elements,
  type ProcessOptions,
  runToEnd,
  startProcess,
} from './process.ts'

const mainFile = join(import.meta.dirname, '../src/main.ts')
const waitMs = 120_000

function spawnCadastre(words: readonly string[], settings: Readonly<Record<string, string>> = {}): ChildProcess {
  return spawn(process.execPath, [mainFile, ...words], {
    env: { ...childEnvironment, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}
async function endOf(child: ChildProcess): Promise<Ended> {
  let output = ''
  let errors = ''
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  return new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal, output, errors })))
}
const cadastre = (words: readonly string[], settings: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  endOf(spawnCadastre(words, settings))

async function connectTo(t: TestContext, url: string): Promise<Link> {
  const link = await linkTo(url)
  t.after(() => link.close())
  return link
}
async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + waitMs
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** A folder with a few allocations, whose server has ended; its name has a space. */
async function stoppedFolder(t: TestContext): Promise<{ folder: string; addresses: string[] }> {
  const parent = await mkdtemp(join(dataRoot(), 'cadastre-move-'))
  t.after(() => rm(parent, { recursive: true, force: true }))
  const folder = join(parent, 'the data')
  await mkdir(folder)
  const server = await serve(t, { folder })
  const addresses: string[] = []
  for (let n = 0; n < 3; n++) addresses.push(element(await ask(server.port, 'AllocateAddress'), 'publicIp')!)
  server.send('SIGTERM')
  await server.ended
  return { folder, addresses: addresses.sort() }
}
/** A server that does not outlive its test. */
async function serve(t: TestContext, options: ProcessOptions): Promise<CadastreProcess> {
  const server = await startProcess(options)
  t.after(() => server.send('SIGKILL'))
  return server
}
const addressesAt = async (port: number): Promise<string[]> =>
  elements(await ask(port, 'DescribeAddresses'), 'publicIp').sort()

test('from an embedded server to one on PostgreSQL: the same key, the same addresses, and no way back by mistake', async (t) => {
  const { folder, addresses } = await stoppedFolder(t)
  const url = await emptyPostgres()
  const words = ['move', '--from', `sqlite:${folder}`, `--to=${ownerOf(url)}`]

  const busy = await serve(t, { folder })
  const refused = await cadastre(words)
  assert.deepEqual({ code: refused.code, errors: refused.errors.split('\n').length }, { code: 1, errors: 2 })
  assert.match(refused.errors, /^Cannot take the database in `.*the data`: another Cadastre server .* stop it/)
  busy.send('SIGTERM')
  await busy.ended

  const key = await readFile(join(folder, 'secret.key'), 'utf8')
  const otherKey = join(folder, '../other.key')
  await writeFile(otherKey, 'ab'.repeat(32))
  const wrongKey = await cadastre(words, { CADASTRE_SECRET_KEY_FILE: otherKey })
  assert.equal(wrongKey.code, 1)
  assert.match(wrongKey.errors, /^Nothing was moved: the secret of AKIA\w+ cannot be opened: .*\n$/)

  const moved = await cadastre(words)
  assert.equal(moved.errors, '')
  assert.equal(moved.code, 0)
  assert.match(moved.output, /^table +rows +digest.*\n(?:\w+ +\d+ {2}[0-9a-f]{32}\n)+[^\n]+\n[^\n]+\n[^\n]+\n$/)
  assert.match(moved.output, /^allocation +3 /m)
  assert.match(
    moved.output,
    /3 allocations: sound\. Installation [0-9a-f]{5}, next number \d+, governance epoch \d+; 3 requests/,
  )

  const old = await runToEnd({ folder })
  assert.equal(old.code, 1)
  assert.match(old.errors, /^Cannot open the database in .*: its database was moved to postgres:\/\/127/)

  await copyFile(join(folder, 'secret.key'), join(folder, '../shared.key'))
  const settings = { CADASTRE_DATABASE_URL: url, CADASTRE_SECRET_KEY_FILE: join(folder, '../shared.key') }
  const server = await startProcess({ settings })
  t.after(() => server.remove())
  assert.deepEqual(await addressesAt(server.port), addresses)
  const more = element(await ask(server.port, 'AllocateAddress'), 'publicIp')!
  assert.deepEqual(await addressesAt(server.port), [...addresses, more].sort())
  const checked = await cadastre(['check'], settings)
  assert.match(checked.output, /4 allocations: sound/)
  assert.equal(await readFile(join(folder, 'secret.key'), 'utf8'), key)
})

test('a move that is killed half-way leaves nothing behind, and succeeds when it is run again', async (t) => {
  const { folder, addresses } = await stoppedFolder(t)
  const url = ownerOf(await emptyPostgres())
  const link = await connectTo(t, url)
  // Whoever inserts a decision waits for this lock: by then most other tables are full.
  await link.script(`create function wait() returns trigger language plpgsql as
    $$ begin perform pg_advisory_xact_lock(1, 2); return null; end $$;
    create trigger wait before insert on decision for each statement execute function wait()`)
  await link.script('begin; select pg_advisory_xact_lock(1, 2)')
  const words = ['move', '--from', `sqlite:${folder}`, '--to', url]
  const child = spawnCadastre(words)
  t.after(() => child.kill('SIGKILL'))
  const ended = endOf(child)
  const observer = await connectTo(t, url)
  const waiting = `select count(*) as n from pg_locks where locktype = 'advisory' and classid = 1 and objid = 2 and not granted`
  await until(async () => ((await observer.script(waiting))[0]!.rows[0] as { n: number }).n === 1, 'it waits')
  child.kill('SIGKILL')
  assert.equal((await ended).signal, 'SIGKILL')
  await link.script('commit')

  const rows = `select (select count(*) from account) + (select count(*) from audit_entry) as n`
  await until(async () => ((await observer.script(waiting))[0]!.rows[0] as { n: number }).n === 0, 'it is gone')
  assert.deepEqual({ ...((await observer.script(rows))[0]!.rows[0] as object) }, { n: 0 })
  const server = await serve(t, { folder })
  assert.deepEqual(await addressesAt(server.port), addresses)
  server.send('SIGTERM')
  await server.ended

  const again = await cadastre(words)
  assert.equal(again.code, 0, again.errors)
  assert.match(again.output, /^Everything was moved: postgres:/m)
})

test('memory does not grow with the database: 90 MB of rows go through a heap of 48 MB', async (t) => {
  const { folder } = await stoppedFolder(t)
  const database = new DatabaseSync(join(folder, 'cadastre.db'))
  database.exec(`with recursive up (n) as (values (1) union all select n + 1 from up where n < 300)
    insert into history (object_id, from_at, version, until_at, kind, account, body)
    select 'long', n, n, n + 1, 'pool', '', hex(zeroblob(150000)) from up`)
  database.close()
  const words = ['move', '--from', `sqlite:${folder}`, '--to', ownerOf(await emptyPostgres())]
  const moved = await cadastre(words, { NODE_OPTIONS: '--max-old-space-size=48' })
  assert.equal(moved.code, 0, moved.errors)
  assert.match(moved.output, /^history +301 /m)
})

test('wrong words are told in a sentence, and end with 2; what is not there ends with 1', async (t) => {
  const { folder } = await stoppedFolder(t)
  const from = `sqlite:${folder}`
  const to = 'postgres://cadastre@127.0.0.1:1/postgres'
  const cases: [string[], number, RegExp][] = [
    [['move'], 2, /^--from must be `sqlite:FOLDER`/],
    [['move', '--from', folder, '--to', to], 2, /^--from must be `sqlite:FOLDER`/],
    [['move', '--from', from], 2, /^--to must be a URL/],
    [['move', '--from', from, '--to', 'sqlite:elsewhere'], 2, /^--to must be a URL/],
    [['move', '--from', to, '--to', from], 2, /^A move from PostgreSQL is not supported/],
    [['move', '--from', from, '--to', to, '--force', 'yes'], 2, /^Unknown option '--force'/],
    [['move', '--from', from, '--to', to, 'now'], 2, /^Too many arguments for 'move'/],
    [['move', '--from', 'sqlite:/nowhere', '--to', to], 1, /^Cannot take .*: there is no `cadastre\.db`\.\n$/],
    [
      ['move', '--from', from, '--to', `${to}?colour=blue`],
      1,
      /^The database's URL: the parameter `colour` is not known\.\n$/,
    ],
    [
      ['move', '--from', from, '--to', to],
      1,
      /^Nothing was moved to .*no database takes writes: 127\.0\.0\.1:1: .*\n$/,
    ],
  ]
  for (const [words, code, message] of cases) {
    const ended = await cadastre(words)
    assert.match(ended.errors, message)
    assert.equal(ended.output, '')
    assert.equal(ended.code, code, words.join(' '))
  }
})
