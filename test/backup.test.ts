// A backup is taken while a server works, proves itself, and is restored into an empty place of either engine; what is wrong with it, or with
// the place, is told before anything is there.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { childEnvironment } from './children.ts'
import { administrator, openSettings, type ServerProcess, startServer } from './clients/server.ts'
import { dataRoot } from './data-root.ts'
import { newDatabase, testSecretKey } from './database.ts'
import { engineUnderTest } from './engines.ts'
import { emptyPostgres, ownerOf } from './postgres.ts'
import { ask, element, startProcess } from './process.ts'

const main = join(import.meta.dirname, '../src/main.ts')
const key = { id: administrator.accessKeyId, secret: administrator.secretAccessKey }

const otherEngine = engineUnderTest === 'sqlite' ? 'postgres' : 'sqlite'

interface Ran {
  readonly code: number
  readonly output: string
  readonly errors: string
}
const run = (settings: Readonly<Record<string, string>>, ...words: string[]): Promise<Ran> =>
  new Promise((resolve) => {
    const env = { ...childEnvironment, ...settings }
    execFile(process.execPath, [main, ...words], { env }, (error, output, errors) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, output, errors }),
    )
  })

let folder: string
let server: ServerProcess
let address: string
let backup: string
let keyFile: string
before(async () => {
  folder = await mkdtemp(join(dataRoot(), 'cadastre-backup-'))
  backup = join(folder, 'today.backup')
  keyFile = join(folder, 'backup.key')
  await writeFile(keyFile, `${'5a'.repeat(32)}\n`)
  server = await startServer()
  address = element(await ask(server.port, 'AllocateAddress', {}, { key }), 'publicIp')!
  // Somebody asks on and on meanwhile.
  let isAsking = true
  const asking = (async () => {
    while (isAsking) await ask(server.port, 'AllocateAddress', {}, { key })
  })()
  await server.cadastre('backup', '--to', backup, '--key-file', keyFile)
  isAsking = false
  await asking
})
after(async () => {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

/** An empty place, with the key that the secrets are sealed with. */
async function emptyPlace(engine = engineUnderTest) {
  const database = await newDatabase('sqlite')
  const { folder: CADASTRE_DATA } = database
  const settings: Record<string, string> = { CADASTRE_DATA }
  if (engine === 'postgres') {
    const url = await emptyPostgres()
    Object.assign(settings, { CADASTRE_DATABASE_URL: url, CADASTRE_MIGRATION_URL: ownerOf(url) })
    settings.CADASTRE_SECRET_KEY_FILE = join(CADASTRE_DATA, 'secret.key')
  }
  return { settings, remove: () => database.remove() }
}

test('it says what it is of, is its owner’s alone, and proves that all of its space is accounted for', async (t) => {
  const first = (await readFile(backup)).subarray(0, 400).toString('latin1')
  assert.match(first, /^cadastre-backup 1 \{"installation":"[0-9a-f]{5}","schema":\d+,/)
  const place = await emptyPlace()
  t.after(place.remove)
  const { code, output, errors } = await run(place.settings, 'backup', 'verify', backup, '--key-file', keyFile)
  assert.deepEqual([code, errors], [0, ''])
  assert.match(output, /1 pools, [1-9]\d* allocations: sound/)
  const told = await run(place.settings, 'backup', 'verify', backup, '--key-file', keyFile, '-o', 'json')
  const { isSound, installation, problems } = JSON.parse(told.output) as Record<string, unknown>
  assert.deepEqual([isSound, problems], [true, []])
  assert.ok(first.includes(`"installation":"${installation}"`))
})

for (const [name, engine] of [
  ['an empty place of its own engine', undefined],
  ['the other engine', otherEngine],
] as const) {
  test(`it is restored into ${name}, and a server goes on there with the same keys and addresses`, async (t) => {
    const place = await emptyPlace(engine)
    t.after(place.remove)
    const restored = await run(place.settings, 'restore', backup, '--key-file', keyFile, '-o', 'json')
    assert.deepEqual([restored.code, restored.errors], [0, ''])
    assert.equal((JSON.parse(restored.output) as { engine: string }).engine, engineUnderTest)
    const checked = await run(place.settings, 'check')
    assert.match(checked.output, /: sound/)
    const again = await run(place.settings, 'restore', backup, '--key-file', keyFile)
    assert.equal(again.code, 1)
    assert.match(again.errors, /nothing was restored|is not empty/)
    const none = { CADASTRE_BOOTSTRAP_ACCESS_KEY_ID: '', CADASTRE_BOOTSTRAP_SECRET_ACCESS_KEY: '' }
    const other = await startProcess({
      folder: place.settings.CADASTRE_DATA!,
      settings: { ...place.settings, ...none },
    })
    try {
      const found = await ask(other.port, 'DescribeAddresses', { 'PublicIp.1': address }, { key })
      assert.equal(element(found, 'publicIp'), address)
      const next = await ask(other.port, 'AllocateAddress', {}, { key })
      assert.equal(next.status, 200)
    } finally {
      other.send('SIGTERM')
      await other.ended
    }
  })
}
test('a backup that is cut short, sealed otherwise, of a newer version, or of another installation restores nothing', async (t) => {
  const whole = await readFile(backup)
  const cut = join(folder, 'cut.backup')
  await writeFile(cut, whole.subarray(0, whole.length - 100))
  const otherKey = join(folder, 'other.key')
  await writeFile(otherKey, 'ab'.repeat(32))
  const newer = join(folder, 'newer.backup')
  await writeFile(newer, Buffer.from(whole.toString('latin1').replace(/"schema":\d+/, '"schema":999'), 'latin1'))
  const foreign = join(folder, 'foreign.key')
  await writeFile(foreign, 'cd'.repeat(32))
  for (const [words, settings, why] of [
    [[cut, '--key-file', keyFile], {}, /cut short/],
    [[backup, '--key-file', otherKey], {}, /another key/],
    [[backup], {}, /--key-file/],
    [[newer, '--key-file', keyFile], {}, /newer than this one \(schema \d+\): restore it with that version/],
    [[backup, '--key-file', keyFile], { CADASTRE_SECRET_KEY_FILE: foreign }, /sealed with another key than that in/],
    [[join(folder, 'nowhere'), '--key-file', keyFile], {}, /There is no/],
  ] as const) {
    const place = await emptyPlace()
    t.after(place.remove)
    const { code, errors } = await run({ ...place.settings, ...settings }, 'restore', ...words)
    assert.equal(code, 1)
    assert.match(errors, why)
    assert.doesNotMatch(errors, /\n.*\n/, 'one sentence')
    // The place is as empty as it was: what is right still goes there.
    if (words[0] !== cut) continue
    assert.equal((await run(place.settings, 'restore', backup, '--key-file', keyFile)).code, 0)
  }
})

test('a file that is there already is not written over, and without a database there is nothing to back up', async (t) => {
  const { database, env } = await openSettings({})
  t.after(() => database.remove())
  const mine = join(folder, 'mine')
  await cp(keyFile, mine)
  await assert.rejects(server.cadastre('backup', '--to', mine), /is there already/)
  assert.equal(await readFile(mine, 'utf8'), await readFile(keyFile, 'utf8'))
  const empty = await mkdtemp(join(folder, 'empty-'))
  const { code, errors } = await run(
    { ...env, CADASTRE_DATA: empty, CADASTRE_DATABASE_URL: '' } as never,
    'backup',
    '--to',
    join(folder, 'x'),
  )
  assert.equal(code, 1)
  assert.match(errors, /There is no database/)
  await writeFile(join(empty, 'secret.key'), testSecretKey)
})
