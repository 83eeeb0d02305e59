// Two installations that are each other's witness, as two operators would run them: each signs what the other shows while it only grows, and where
// one of them is put back and goes another way, or has its record made anew, the other one refuses, both say so, and a verifier finds it.
import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { parseCheckpoint } from '#model/evidence/checkpoint.ts'
import { parseNote, parseVerifierKey } from '#model/evidence/note.ts'
import { signedCheckpoint } from '#model/evidence/signed.ts'
import { signCheckpoint } from '#operations/evidence/checkpoints.ts'
import { sha256 } from '#operations/evidence/sha256.ts'
import { growTree, isTreeBehind } from '#operations/evidence/tree.ts'
import { verifyEd25519 } from '#operator/ed25519.ts'
import { endWithThisProcess } from './children.ts'
import { administrator, openSettings, portOf } from './clients/server.ts'
import { dataRoot } from './data-root.ts'
import { freePort } from './ports.ts'
import { ask } from './process.ts'
import { until } from './replication.ts'
import { keepCopy } from './restore.ts'

const main = join(import.meta.dirname, '../src/main.ts')

interface Ran {
  readonly code: number
  readonly output: string
  readonly errors: string
}
type Opened = Awaited<ReturnType<typeof openSettings>>
/** What `evidence show` tells. */
interface Shown {
  readonly origin: string
  readonly size: number
  readonly witnesses: readonly { readonly name: string; readonly isCurrent: boolean; readonly problem?: string }[]
  readonly witnessed: readonly {
    readonly origin: string
    readonly checkpoint: string
    readonly conflict?: readonly string[]
  }[]
}

/** One installation: its data and its server, which is started and stopped as an operator does. */
class House {
  readonly database: Opened['database']
  readonly #env: Opened['env']
  #settings: Readonly<Record<string, string>> = {}
  #child: ChildProcess | undefined
  #port: number | undefined
  #log = ''
  constructor({ database, env }: Opened) {
    this.database = database
    this.#env = env
  }
  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }
  /** What the server has printed of trouble. */
  get log(): string {
    return this.#log
  }
  /** The same port as before: others know it. */
  async start(settings: Readonly<Record<string, string>> = {}): Promise<void> {
    this.#settings = { ...this.#settings, ...settings }
    this.#port ??= await freePort()
    const env = { ...this.#env, CADASTRE_PORT: String(this.#port), ...this.#settings }
    const child = spawn(process.execPath, [main, 'serve'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    endWithThisProcess(child)
    this.#child = child
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#log += text
    })
    await portOf(child, () => this.#log)
  }
  async stop(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (!child) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }
  run(...words: string[]): Promise<Ran> {
    const env = { ...this.#env, ...this.#settings }
    return new Promise((resolve) =>
      execFile(process.execPath, [main, ...words], { env }, (error, output, errors) =>
        resolve({ code: error ? Number(error.code ?? 1) : 0, output, errors }),
      ),
    )
  }
  async cadastre(...words: string[]): Promise<string> {
    const { code, output, errors } = await this.run(...words)
    assert.equal(code, 0, `cadastre ${words.join(' ')}: ${errors}`)
    return output
  }
  /** So many changes, each with a leaf. */
  async change(times = 1): Promise<void> {
    const key = { id: administrator.accessKeyId, secret: administrator.secretAccessKey }
    for (let n = 0; n < times; n++) {
      const { status, body } = await ask(this.#port!, 'AllocateAddress', {}, { key })
      assert.equal(status, 200, body)
    }
  }
  /** Signs what there is at once, as the server does every minute. */
  async sign(): Promise<void> {
    const store = await this.database.openAsOwner()
    while (await store.read(isTreeBehind)) await growTree(store)
    await signCheckpoint(store)
    await store.close()
  }
  async checkpoint(): Promise<string> {
    return (await fetch(`${this.url}/api/v1/evidence/log/checkpoint`)).text()
  }
  #token: string | undefined
  async get<Answer>(path: string): Promise<Answer> {
    // A token of before a restore is none any more.
    for (;;) {
      this.#token ??= (
        JSON.parse(
          await this.cadastre(
            'operator',
            'token',
            '--principal',
            'user:audit',
            '--role',
            'auditor',
            '--output',
            'json',
          ),
        ) as { token: string }
      ).token
      const response = await fetch(`${this.url}/api/v1${path}`, { headers: { authorization: `Bearer ${this.#token}` } })
      if (response.status !== 401) return (await response.json()) as Answer
      this.#token = undefined
    }
  }
  show(): Promise<Shown> {
    return this.get('/evidence')
  }
  async remove(): Promise<void> {
    await this.stop()
    await this.database.remove()
  }
}

/** The lines of a note that sign it, by their names. */
const signers = (note: string): string[] => [...note.matchAll(/^— (\S+) /gm)].map(([, name]) => name!)

suite('two servers that are each other’s witness', () => {
  let north: House
  let south: House
  let folder: string
  /** For verifiers: the log's key, and its witness's. */
  const keys = { north: '', south: '' }
  before(async () => {
    folder = await mkdtemp(join(dataRoot(), 'cadastre-witnesses-'))
    north = new House(await openSettings({}))
    south = new House(await openSettings({}))
    for (const house of [north, south]) {
      await house.start()
      await house.sign()
    }
    const own = async (house: House) => (await house.cadastre('audit', 'key')).trim()
    const asWitness = async (house: House) => (await house.cadastre('audit', 'key', '--witness')).trim()
    for (const [house, other, name] of [
      [north, south, 'north'],
      [south, north, 'south'],
    ] as const) {
      keys[name] = join(folder, `${name}.key`)
      await writeFile(keys[name], `${await own(house)}\n${await asWitness(other)}\n`)
    }
    const settings = async (other: House) => ({
      CADASTRE_WITNESSES: `${other.url}/api/v1/witness ${await asWitness(other)}`,
      CADASTRE_WITNESSED_LOGS: await own(other),
      CADASTRE_OUTBOUND_ALLOW: '127.0.0.1',
      CADASTRE_OUTBOUND_HTTP: 'true',
    })
    for (const [house, given] of [
      [north, await settings(south)],
      [south, await settings(north)],
    ] as const) {
      await house.stop()
      await house.start(given)
    }
  })
  after(async () => {
    await north?.remove()
    await south?.remove()
    await rm(folder, { recursive: true, force: true })
  })
  const nameOf = async (house: House): Promise<string> => (await house.show()).origin
  /** Waits until the newest checkpoint of a log has its witness's signature. */
  async function isCosigned(house: House, witness: House): Promise<void> {
    const name = await nameOf(witness)
    await until('the witness has signed', async () => signers(await house.checkpoint()).includes(name))
  }
  async function grow(house: House, times = 1): Promise<void> {
    await house.change(times)
    await house.sign()
  }
  const verify = (house: House, key: string, ...more: string[]) =>
    house.run('audit', 'verify', house.url, '--key', key, ...more)

  test('sign what the other shows, as long as it only grows, and a verifier who names both keys finds it sound', async () => {
    for (let round = 0; round < 2; round++) {
      await grow(north, 3)
      await grow(south, 2)
      await isCosigned(north, south)
      await isCosigned(south, north)
    }
    for (const [house, key] of [
      [north, keys.north],
      [south, keys.south],
    ] as const) {
      const { code, output, errors } = await verify(house, key)
      assert.deepEqual([code, errors], [0, ''], output)
      const { witnesses, witnessed } = await house.show()
      assert.deepEqual(
        witnesses.map(({ problem }) => problem),
        [undefined],
      )
      assert.deepEqual(
        witnessed.map(({ conflict }) => conflict),
        [undefined],
      )
    }
  })

  test('do not sign a log that was put back and goes another way, say so on both sides, and the honest one goes on', async () => {
    const putBack = await keepCopy(south.database)
    await grow(south, 20)
    await isCosigned(south, north)
    const kept = join(folder, 'kept')
    const { witnessed } = await north.show()
    await writeFile(kept, witnessed[0]!.checkpoint)

    await south.stop()
    await putBack()
    // On PostgreSQL a server sees that what it acknowledged is gone, and the operator says that it was meant.
    if (south.database.settings.CADASTRE_DATABASE_URL) await south.cadastre('database', 'accept')
    await south.start()
    // Before its number of leaves is gone by: each token is one.
    const { size } = parseCheckpoint(parseNote(witnessed[0]!.checkpoint)!.text)!
    const problem = (wanted: RegExp) =>
      until(`the witness has refused: ${wanted}`, async () =>
        (await south.show()).witnesses.some(({ problem = '' }) => wanted.test(problem)),
      )
    await grow(south)
    await problem(/was cut, or put back/)
    // As long as what was signed, and another history.
    const [{ leaves }] = (await south.database.select('select count(*) as leaves from audit_entry')) as [
      { leaves: number },
    ]
    assert(Number(leaves) < size)
    await grow(south, size - Number(leaves))
    await problem(/has seen another log under this name/)
    const known = (await north.show()).witnessed[0]!
    assert.equal(known.checkpoint, witnessed[0]!.checkpoint)
    // What proves it is signed by the log itself, and needs nobody's word.
    assert.equal(known.conflict?.[0], known.checkpoint)
    const own = parseVerifierKey(sha256, (await south.cadastre('audit', 'key')).trim())!
    const trees = known.conflict!.map((note) => signedCheckpoint(note, { sha256, verify: verifyEd25519, keys: [own] }))
    assert(trees.every((tree) => typeof tree === 'object' && tree.size === size))
    assert.notDeepEqual(trees[0], trees[1])
    // It goes on, and its witness does not.
    await grow(south, 2)
    // Both servers say it in their logs, for whoever has no subscription.
    assert.match(south.log, /witness-problem/)
    assert.match(north.log, /log-forked/)

    // With the log's key alone it is a log like any other: only the witness's key, or a checkpoint that somebody kept, tells.
    const alone = join(folder, 'alone.key')
    await writeFile(alone, await south.cadastre('audit', 'key'))
    assert.equal((await verify(south, alone)).code, 0)
    const witnessing = await verify(south, keys.south)
    assert.equal(witnessing.code, 1)
    assert.match(
      witnessing.errors,
      new RegExp(`witness-missing: checkpoint checkpoint, witness ${await nameOf(north)}`),
    )
    const compared = await verify(south, alone, '--checkpoint', kept)
    assert.equal(compared.code, 1)
    assert.match(compared.errors, /tree-changed: checkpoint /)

    await grow(north, 2)
    await isCosigned(north, south)
    assert.equal((await verify(north, keys.north)).code, 0)
  })

  test('do not sign a record that was changed and made anew to fit', async () => {
    await grow(north, 2)
    await isCosigned(north, south)
    await north.stop()
    const [first] = await north.database.select('select min(n) as n from audit_entry')
    await north.database.tamper(
      `update audit_entry set evidence = null, at = at + 1 where n = ${first!.n}; delete from evidence_tile; update evidence_log set size = 0, entry = -1`,
    )
    await north.start()
    await grow(north, 3)
    await until('the witness has refused', async () =>
      /has seen another log under this name/.test((await north.show()).witnesses[0]!.problem ?? ''),
    )
    const { code, errors } = await verify(north, keys.north)
    assert.equal(code, 1)
    assert.match(errors, /witness-missing/)
    // By the proof alone that comes with it nobody could tell who has made it: the log's own side says it, and whoever has both keys.
    assert.equal((await south.show()).witnessed[0]!.conflict, undefined)
    // At the server itself it is found where it is.
    const own = await north.run('audit', 'verify')
    assert.equal(own.code, 1)
    assert.match(own.errors, /tree-changed|record-changed/)
  })
})
