// PostgreSQL on a small file system that becomes full: for its tables, and for its log. Real processes, real files.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chownSync, mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openPostgres } from '#store/postgres/engine.ts'
import { checkSpace } from '#store/upkeep/check.ts'
import { testSealer, testSecretKey } from './database.ts'
import { freePort } from './ports.ts'
import {
  asUser,
  emptyPostgres,
  linkTo,
  makeData,
  makePostgresFolder,
  ready,
  runPostgres,
  stopAtOnce,
} from './postgres.ts'
import { ask, type CadastreProcess, element, elements, keepAlive, makeFolder, startProcess } from './process.ts'
import { until } from './replication.ts'

const kibibytes = 131_072
/** What is left for tables; the log has files of 16 MiB that are there already. */
const leftBytes = 131_072
const withoutRoot =
  process.platform === 'linux' && process.getuid?.() === 0
    ? false
    : 'a small file system can only be made by root on Linux'

interface SmallCluster {
  readonly url: string
  fill(leaving: number): void
  empty(): void
  /** Runs it again where it has ended. */
  revive(): Promise<void>
}

/** A cluster on a file system of its own; undefined where that may not be made here. */
async function startSmall(t: TestContext): Promise<SmallCluster | undefined> {
  const folder = makePostgresFolder()
  const small = join(folder, 'small')
  mkdirSync(small)
  const options = `size=${kibibytes}k,mode=700,uid=${asUser.uid},gid=${asUser.gid}`
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', small]).status !== 0) {
    rmSync(folder, { recursive: true })
    t.skip('a small file system may not be made here')
    return undefined
  }
  const place = { folder, data: join(small, 'data') }
  const filler = join(small, 'filler')
  makeData(place)
  const port = await freePort()
  const settings = { port: String(port), min_wal_size: '32MB', max_wal_size: '32MB' }
  let server = runPostgres(place, settings)
  t.after(() => {
    stopAtOnce(server, place)
    spawnSync('umount', ['-l', small])
    rmSync(folder, { recursive: true, force: true })
  })
  await ready(server)
  return {
    url: `postgres://cadastre@127.0.0.1:${port}/postgres`,
    fill(leaving) {
      const { bavail, bsize } = statfsSync(small)
      writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - leaving)))
      chownSync(filler, asUser.uid!, asUser.gid!)
    },
    empty: () => rmSync(filler),
    async revive() {
      if (server.exitCode === null && server.signalCode === null) return
      server = runPostgres(place, settings)
      await ready(server)
    },
  }
}

async function startServer(t: TestContext, url: string): Promise<CadastreProcess> {
  const folder = await makeFolder()
  const keyFile = join(folder, 'secret.key')
  await writeFile(keyFile, testSecretKey, { mode: 0o600 })
  const settings = { CADASTRE_DATABASE_URL: url, CADASTRE_SECRET_KEY_FILE: keyFile, CADASTRE_PROBE_SECONDS: '1' }
  const server = await startProcess({ folder, settings })
  t.after(async () => {
    await server.remove()
    rmSync(folder, { recursive: true, force: true })
  })
  return server
}

const readinessOf = async ({ port }: CadastreProcess): Promise<string> => {
  const response = await fetch(`http://127.0.0.1:${port}/readyz`)
  return `${response.status} ${await response.text()}`
}
const isReady = (server: CadastreProcess): Promise<unknown> =>
  until('/readyz says 200', async () => (await readinessOf(server)) === '200 ok\n')

const clients = 8
/** Allocates until the first refusal, some at a time; answers what that was. */
async function allocateUntilRefused(port: number, held: Set<string>, most: number): Promise<string | undefined> {
  const agent = keepAlive(clients)
  let refused: string | undefined
  let left = most
  const one = async (): Promise<void> => {
    while (left-- > 0 && refused === undefined) {
      const answer = await ask(port, 'AllocateAddress', {}, { agent })
      if (answer.status === 200) held.add(element(answer, 'allocationId')!)
      else refused ??= `${answer.status} ${answer.code} ${answer.body}`
    }
  }
  await Promise.all(Array.from({ length: clients }, one))
  agent.destroy()
  return refused
}

async function assertKept({ port }: CadastreProcess, held: ReadonlySet<string>): Promise<void> {
  const answer = await ask(port, 'DescribeAddresses')
  assert.equal(answer.status, 200, answer.body)
  assert.deepEqual(elements(answer, 'allocationId').sort(), [...held].sort(), 'what was acknowledged, and nothing else')
}
async function assertSound(url: string): Promise<void> {
  const store = await openPostgres({ url, sealer: testSealer })
  try {
    const { problems } = await checkSpace(store)
    assert.deepEqual(problems, [])
  } finally {
    await store.close()
  }
}

test('I3 L10 where the disk of PostgreSQL is full, writes and /readyz say so, reads go on, and with room again all goes on by itself', {
  skip: withoutRoot,
}, async (t) => {
  const cluster = await startSmall(t)
  if (!cluster) return
  const url = await emptyPostgres(cluster.url)
  const server = await startServer(t, url)
  const held = new Set<string>()
  assert.equal(await allocateUntilRefused(server.port, held, 200), undefined)
  cluster.fill(leftBytes)
  const refused = await allocateUntilRefused(server.port, held, 20_000)
  assert.match(refused ?? '', /^503 ServiceUnavailable .*The disk of the database is full/s)
  const full = '503 the disk of the database is full\n'
  assert.equal(await readinessOf(server), full)
  await assertKept(server, held)
  // What a probe changes finds its place in pages that are there, so that this alone must not end it.
  const operator = await linkTo(cluster.url)
  const rolledBack = async (): Promise<number> => {
    const [found] = await operator.script(
      `select xact_rollback::int as count from pg_stat_database where datname = current_database()`,
    )
    return (found!.rows[0] as { count: number }).count
  }
  const before = await rolledBack()
  await until('three probes have found no room', async () => (await rolledBack()) >= before + 3)
  assert.equal(await readinessOf(server), full)
  await operator.close()
  const again = await ask(server.port, 'AllocateAddress')
  assert.equal(again.status, 503, 'nor is anything written in the meantime')
  await assertKept(server, held)
  cluster.empty()
  await isReady(server)
  assert.equal(await allocateUntilRefused(server.port, held, 300), undefined, 'with room again it works')
  await assertKept(server, held)
  await assertSound(url)
})

test('I3 L10 where the log of PostgreSQL finds the disk full, it falls, and what was acknowledged is there when it comes back', {
  skip: withoutRoot,
}, async (t) => {
  const cluster = await startSmall(t)
  if (!cluster) return
  const url = await emptyPostgres(cluster.url)
  const server = await startServer(t, url)
  const held = new Set<string>()
  assert.equal(await allocateUntilRefused(server.port, held, 100), undefined)
  cluster.fill(0)
  const operator = await linkTo(cluster.url)
  // Files of the log that are there already may be used up first.
  const fallen = assert.rejects(async () => {
    for (;;) await operator.script('select pg_logical_emit_message(false, $$a$$, $$b$$); select pg_switch_wal()')
  })
  const refused = await allocateUntilRefused(server.port, held, 20_000)
  assert.match(refused ?? '', /^503 ServiceUnavailable/)
  await fallen
  await operator.close().catch(() => undefined)
  cluster.empty()
  await cluster.revive()
  await isReady(server)
  const kept = new Set(elements(await ask(server.port, 'DescribeAddresses'), 'allocationId'))
  assert.deepEqual(
    [...held].filter((id) => !kept.has(id)),
    [],
    'what was acknowledged is there',
  )
  assert(kept.size <= held.size + clients, 'and at most what was under way besides')
  assert.equal(await allocateUntilRefused(server.port, held, 100), undefined)
  await assertSound(url)
})
