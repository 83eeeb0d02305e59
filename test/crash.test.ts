// What survives: kill -9 under load, SIGTERM under load, a second process, a full disk. Real processes, real files.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { readSealer } from '#store/sealer.ts'
import { openSqlite } from '#store/sqlite/engine.ts'
import type { Store } from '#store/store.ts'
import { checkSpace } from '#store/upkeep/check.ts'
import { childEnvironment, endWithThisProcess } from './children.ts'
import { emptyDatabase, type TestDatabase } from './database.ts'
import { engineUnderTest } from './engines.ts'
import { ask, type CadastreProcess, element, elements, keepAlive, rootKey, runToEnd, startProcess } from './process.ts'
import { until } from './replication.ts'

const clients = 32
const rounds = 4
const loadRequests = 400

/** What a client was told. Whatever was asked and not answered may or may not have happened. */
class Ledger {
  /** Address by allocation id: acknowledged, and no release of it was asked. */
  readonly held = new Map<string, string>()
  /** Acknowledged releases. */
  readonly released = new Map<string, string>()
  /** Releases that were asked and not answered. */
  readonly uncertain = new Map<string, string>()
  acknowledged = 0
  allocatesUnanswered = 0
  readonly #waiting = new Map<number, () => void>()

  acknowledge(): void {
    this.acknowledged++
    this.#waiting.get(this.acknowledged)?.()
  }
  /** Resolves once this many more are acknowledged; fails where the load ends before. */
  async more(count: number, load: readonly Promise<void>[]): Promise<void> {
    const until = this.acknowledged + count
    const reached = new Promise<void>((resolve) => this.#waiting.set(until, resolve))
    await Promise.race([reached, Promise.all(load).then(() => assert.fail('the load ended by itself'))])
  }
}

/** One client: allocates, and releases some of what it has, until the server is gone. */
async function client(port: number, ledger: Ledger): Promise<void> {
  const agent = keepAlive(1)
  const own: string[] = []
  try {
    for (let turn = 0; ; turn++) {
      if (turn % 3 === 2) {
        const id = own.pop()!
        const address = ledger.held.get(id)!
        ledger.held.delete(id)
        ledger.uncertain.set(id, address)
        const answer = await ask(port, 'ReleaseAddress', { AllocationId: id }, { agent })
        assert.equal(answer.status, 200, answer.body)
        ledger.uncertain.delete(id)
        ledger.released.set(id, address)
      } else {
        ledger.allocatesUnanswered++
        const answer = await ask(port, 'AllocateAddress', {}, { agent })
        assert.equal(answer.status, 200, answer.body)
        ledger.allocatesUnanswered--
        const id = element(answer, 'allocationId')!
        assert.ok(!ledger.held.has(id) && !ledger.released.has(id), 'no allocation is acknowledged twice')
        ledger.held.set(id, element(answer, 'publicIp')!)
        own.push(id)
      }
      ledger.acknowledge()
    }
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error
    // The connection broke: that is what this test is for.
  } finally {
    agent.destroy()
  }
}

async function holdings(port: number): Promise<Map<string, string>> {
  const answer = await ask(port, 'DescribeAddresses')
  assert.equal(answer.status, 200, answer.body)
  const ids = elements(answer, 'allocationId')
  const addresses = elements(answer, 'publicIp')
  assert.equal(new Set(addresses).size, addresses.length, 'no address stands there twice')
  return new Map(ids.map((id, index) => [id, addresses[index]!]))
}

async function assertKept(port: number, ledger: Ledger): Promise<void> {
  const there = await holdings(port)
  for (const [id, address] of ledger.held) assert.equal(there.get(id), address, `${id} was acknowledged`)
  for (const id of ledger.released.keys()) assert.ok(!there.has(id), `${id} was released`)
  for (const [id, address] of ledger.uncertain) {
    if (there.has(id)) assert.equal(there.get(id), address)
  }
  const unknown = [...there.keys()].filter((id) => !ledger.held.has(id) && !ledger.uncertain.has(id))
  assert.ok(unknown.length <= ledger.allocatesUnanswered, `${unknown.length} that nobody asked for`)
}

/** The tables, read after the process is gone. */
async function assertSound(store: Store): Promise<void> {
  try {
    assert.deepEqual((await checkSpace(store)).problems, [])
  } finally {
    await store.close()
  }
}

const startOn = ({ folder, settings }: TestDatabase): Promise<CadastreProcess> => startProcess({ folder, settings })
/** What holds of a data folder holds of no other database. */
const ofFolders = engineUnderTest === 'sqlite' ? {} : { skip: 'the database is no folder' }
test('I3 kill -9 under load loses no acknowledged allocation or release, and gives no address twice', async () => {
  const ledger = new Ledger()
  const database = await emptyDatabase()
  let server: CadastreProcess | undefined
  try {
    for (let round = 0; round < rounds; round++) {
      server = await startOn(database)
      await assertKept(server.port, ledger)
      const { port } = server
      const load = Array.from({ length: clients }, () => client(port, ledger))
      // Killed in the middle of everything, at another moment of the commit cycle each round.
      await ledger.more(loadRequests + round * 37, load)
      server.send('SIGKILL')
      await Promise.all(load)
      assert.equal((await server.ended).signal, 'SIGKILL')
      assert.ok(ledger.allocatesUnanswered + ledger.uncertain.size > 0, 'requests were under way')
      await assertSound(await database.open())
    }
    server = await startOn(database)
    await assertKept(server.port, ledger)
  } finally {
    await server?.remove()
    await database.remove()
  }
})

test('I3 SIGTERM under load answers what is under way, loses nothing and ends with 0 within ten seconds', async () => {
  const ledger = new Ledger()
  const database = await emptyDatabase()
  const server = await startOn(database)
  try {
    const { port } = server
    const load = Array.from({ length: clients }, () => client(port, ledger))
    await ledger.more(loadRequests, load)
    const at = performance.now()
    server.send('SIGTERM')
    const ended = await server.ended
    assert.ok(performance.now() - at < 10_000)
    assert.deepEqual({ code: ended.code, errors: ended.errors }, { code: 0, errors: '' })
    await Promise.all(load)

    const again = await startOn(database)
    try {
      await assertKept(again.port, ledger)
      const there = await holdings(again.port)
      // A release that met a closed connection was not answered, and so must not have happened.
      const expected = new Set([...ledger.held.keys(), ...ledger.uncertain.keys()])
      assert.deepEqual(new Set(there.keys()), expected, 'nothing happened that was not answered')
    } finally {
      again.send('SIGTERM')
    }
    assert.equal((await again.ended).code, 0)
    await assertSound(await database.open())
  } finally {
    await server.remove()
    await database.remove()
  }
})

test(
  'L12 a second process on the same folder ends with 1 and a sentence, and the first goes on',
  ofFolders,
  async () => {
    const server = await startProcess()
    try {
      const second = await runToEnd({ folder: server.folder })
      assert.equal(second.code, 1)
      assert.match(
        second.errors,
        /^Cannot open the database in `[^`]+`: another Cadastre server already uses this folder; /,
      )
      assert.doesNotMatch(second.errors, /\n\s+at /)
      const answer = await ask(server.port, 'AllocateAddress')
      assert.equal(answer.status, 200)
      server.send('SIGTERM')
      assert.equal((await server.ended).code, 0)
    } finally {
      await server.remove()
    }
  },
)

const isReady = ({ port }: CadastreProcess, expected: string): Promise<unknown> =>
  until(`/readyz says ${expected}`, async () => {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`)
    return `${response.status} ${await response.text()}` === expected
  })

/** A small file system of its own; undefined where it may not be made. */
function mountSmall(folder: string, kibibytes: number): (() => void) | undefined {
  mkdirSync(folder, { recursive: true })
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${kibibytes}k`, 'tmpfs', folder])
  return mounted.status === 0 ? () => spawnSync('umount', ['-l', folder]) : undefined
}

test(
  'I3 L10 a full disk loses nothing that was acknowledged, says so, and with room again the work goes on',
  ofFolders,
  async (t) => {
    const database = await emptyDatabase()
    const folder = join(database.folder, 'small')
    const unmount = process.platform === 'linux' ? mountSmall(folder, 8_192) : undefined
    if (!unmount) {
      await database.remove()
      t.skip('a small file system can only be made by root on Linux')
      return
    }
    const ledger = new Ledger()
    let server: CadastreProcess | undefined
    try {
      server = await startProcess({ folder })
      const filler = join(folder, 'filler')
      await fill(server.port, ledger, 200)
      const { bavail, bsize } = statfsSync(folder)
      // Leaves little enough for the log to meet the end of the disk soon.
      writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - 262_144)))
      const refused = await fill(server.port, ledger, 20_000)
      assert.ok(refused, 'the disk has become full')
      assert.match(refused, /^(?:503 ServiceUnavailable|gone)$/)
      if (refused !== 'gone') await isReady(server, '503 the disk of the server is full\n')

      rmSync(filler)
      if (refused === 'gone') {
        const { code, errors } = await server.ended
        assert.equal(code, 1)
        assert.match(errors, /The database failed, and this server stops rather than guess: /)
        server = await startProcess({ folder })
      }
      await isReady(server, '200 ok\n')
      await assertKept(server.port, ledger)
      assert.equal(await fill(server.port, ledger, 200), undefined, 'with room again it works')
      await assertKept(server.port, ledger)
      server.send('SIGTERM')
      assert.equal((await server.ended).code, 0)
      await assertSound(
        openSqlite({
          folder,
          clock: Date.now,
          sealer: readSealer(join(folder, 'secret.key'), { create: false }),
          exclusive: true,
        }),
      )
    } finally {
      server?.send('SIGKILL')
      await server?.ended
      unmount()
      await database.remove()
    }
  },
)

/** Allocates up to `count` addresses, sixteen at a time; what the first failure was. */
async function fill(port: number, ledger: Ledger, count: number): Promise<string | undefined> {
  const agent = keepAlive(16)
  let failure: string | undefined
  let left = count
  const one = async (): Promise<void> => {
    while (left-- > 0 && failure === undefined) {
      ledger.allocatesUnanswered++
      // A connection that breaks is an answer here: the server may choose to end.
      const answer = await ask(port, 'AllocateAddress', {}, { agent }).catch(() => undefined)
      if (answer?.status !== 200) {
        failure ??= answer ? `${answer.status} ${answer.code}` : 'gone'
        // A refusal says that nothing happened.
        if (answer) ledger.allocatesUnanswered--
        continue
      }
      ledger.allocatesUnanswered--
      ledger.held.set(element(answer, 'allocationId')!, element(answer, 'publicIp')!)
    }
  }
  await Promise.all(Array.from({ length: 16 }, one))
  agent.destroy()
  return failure
}

test('S1 an access key whose secret cannot be opened is told to try later, and all others go on', async () => {
  const database = await emptyDatabase()
  const server = await startOn(database)
  try {
    await database.execute(`insert into access_key (id, account, arn, user_id, sealed, created_at)
      select 'AKIASWAPPEDSWAPPED01', account, arn, user_id, sealed, created_at from access_key`)
    const answer = await ask(server.port, 'DescribeAddresses', {}, { key: { ...rootKey, id: 'AKIASWAPPEDSWAPPED01' } })
    assert.deepEqual([answer.status, answer.code, answer.headers['retry-after']], [503, 'ServiceUnavailable', '1'])
    assert.equal((await ask(server.port, 'AllocateAddress')).status, 200)
    assert.doesNotMatch(server.output() + server.errors(), /"fault"|secret-of-the-first/)
  } finally {
    await server.remove()
    await database.remove()
  }
})

test('SIGTERM to `npm start` stops the server, and not only npm', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cadastre-npm-'))
  const npm = spawn('npm', ['start', '--silent'], {
    cwd: join(import.meta.dirname, '..'),
    env: { ...childEnvironment, CADASTRE_DATA: folder, CADASTRE_PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  endWithThisProcess(npm)
  const ended = once(npm, 'exit')
  let port: string | undefined
  for await (const line of createInterface({ input: npm.stdout })) {
    port ??= /listens on http:\/\/[\d.]+:(\d+)/.exec(line)?.[1]
    // It is up when it has printed its key.
    if (/SECRET_ACCESS_KEY/.test(line)) break
  }
  npm.kill('SIGTERM')
  assert.deepEqual(await ended, [0, null])
  await assert.rejects(fetch(`http://127.0.0.1:${port}/healthz`))
  rmSync(folder, { recursive: true })
})
