// Works that share a transaction, what a failure among them leaves behind, and a data folder that cannot be opened.
import assert from 'node:assert/strict'
import { chmodSync, closeSync, existsSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, test } from 'node:test'
import { type Cidr, formatCidr, parseCidr } from '#model/cidr.ts'
import { checkSpace } from './check.ts'
import { createSealer } from './sealer.ts'
import { openSqlite, type SqliteOptions } from './sqlite.ts'
import type { Store, Transaction } from './store.ts'
import { StoreTrouble } from './trouble.ts'

const account = '111111111111'
const provisioned: Cidr = parseCidr('198.18.0.0/28')!
const token = new Uint8Array([1, 2, 3])

// A folder, and stores in it -----------------------------------------------------------------------------------------

const folders: string[] = []
const stores: Store[] = []
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close().catch(() => undefined)
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cadastre-commit-'))
  folders.push(folder)
  return folder
}
/** Every transaction reads the clock once, and this one never says the same twice: `tx.now` tells transactions apart. */
function ticking(): () => number {
  let now = 0
  return () => ++now
}
function open(folder: string, options: Partial<SqliteOptions> = {}): Store {
  const store = openSqlite({
    folder,
    clock: ticking(),
    sealer: createSealer(new Uint8Array(32)),
    exclusive: true,
    ...options,
  })
  stores.push(store)
  return store
}
async function newStore(options: Partial<SqliteOptions> = {}): Promise<{ store: Store; folder: string }> {
  const folder = await newFolder()
  const store = open(folder, options)
  await store.write((tx) =>
    tx.organizations.insertAccount({
      id: account,
      name: 'management',
      email: 'management@example.com',
      status: 'ACTIVE',
      joinedMethod: 'INVITED',
      joinedAt: 0,
    }),
  )
  return { store, folder }
}
async function newPool(store: Store): Promise<number> {
  return store.write(async (tx) => {
    const n = tx.nextSequence()
    await tx.pools.insert({
      n,
      id: 'ipam-pool-1',
      scopeId: undefined,
      ipamId: undefined,
      account: 'provider',
      parent: undefined,
      depth: 1,
      locale: undefined,
      family: 4,
      description: undefined,
      awsService: undefined,
      publicIpSource: undefined,
      publiclyAdvertisable: undefined,
      autoImport: false,
      minNetmaskLength: undefined,
      maxNetmaskLength: undefined,
      defaultNetmaskLength: undefined,
      requiredTags: [],
      sourceResource: undefined,
      quarantineSeconds: undefined,
      createdAt: tx.now,
    })
    await tx.pools.insertCidr({
      id: 'ipam-pool-cidr-1',
      pool: n,
      cidr: provisioned,
      state: 'provisioned',
      failureCode: undefined,
      failureMessage: undefined,
      parentAllocation: undefined,
      createdAt: tx.now,
    })
    await tx.space.add(n, provisioned)
    return n
  })
}

// Works --------------------------------------------------------------------------------------------------------------

class Failed extends Error {}

const insertKey = (tx: Transaction, id: string): Promise<void> =>
  tx.accessKeys.insert(
    { id, account, arn: `arn:aws:iam::${account}:user/test`, userId: 'AIDATEST', secret: 's' },
    tx.now,
  )
const keysOf = (tx: Transaction): Promise<string[]> =>
  tx.accessKeys.list(account).then((keys) => keys.map(({ id }) => id))
async function recordEntry(tx: Transaction, requestId: string, more: { token?: Uint8Array } = {}): Promise<number> {
  const n = tx.nextSequence()
  await tx.journal.record({
    n,
    at: tx.now,
    requestId,
    account,
    principal: `arn:aws:iam::${account}:user/test`,
    accessKeyId: 'AKIATEST',
    sourceAddress: '127.0.0.1',
    region: 'us-east-1',
    action: 'CreateTags',
    outcome: 'Success',
    subjects: [requestId],
    parameters: new Uint8Array(),
    result: `"${requestId}"`,
    ...more,
  })
  return n
}
async function takeAndRecord(tx: Transaction, pool: number, length: number): Promise<string> {
  const cidr = await tx.space.take(pool, 4, { length })
  assert(cidr)
  const allocation = { n: tx.nextSequence(), pool, cidr, resourceType: 'custom', account, createdAt: tx.now }
  const unset = { resourceId: undefined, region: undefined, description: undefined, decision: undefined }
  await tx.space.record({ ...allocation, ...unset })
  return formatCidr(cidr)
}
/** Rows that only another connection can tell of: what is really in the file. */
function rowsOf(folder: string, query: string): unknown[] {
  const database = new DatabaseSync(join(folder, 'cadastre.db'), { readOnly: true })
  const rows = database
    .prepare(query)
    .all()
    .map((row) => Object.values(row)[0])
  database.close()
  return rows
}
/** Settles each; the reason where it was refused. */
async function outcomes(works: readonly Promise<unknown>[]): Promise<unknown[]> {
  const settled = await Promise.allSettled(works)
  return settled.map((one) => (one.status === 'fulfilled' ? one.value : one.reason))
}

describe('works that are queued together', () => {
  test('share one transaction, and the next ones have another', async () => {
    const { store, folder } = await newStore()
    const watcher = new DatabaseSync(join(folder, 'cadastre.db'), { readOnly: true })
    const version = () => watcher.prepare('pragma data_version').get()!.data_version
    const insert = (id: string) =>
      store.write(async (tx) => {
        await insertKey(tx, id)
        return { now: tx.now, version: version() }
      })
    const before = version()
    const first = await Promise.all(['A', 'B', 'C'].map(insert))
    const between = version()
    const [next] = await Promise.all([insert('D')])
    watcher.close()
    assert.equal(new Set(first.map(({ now }) => now)).size, 1)
    assert.deepEqual(
      first.map((one) => one.version),
      [before, before, before],
      'nothing shows before all are done',
    )
    assert.notEqual(between, before)
    assert.notEqual(next!.now, first[0]!.now)
    assert.deepEqual(rowsOf(folder, 'select id from access_key order by id'), ['A', 'B', 'C', 'D'])
  })

  test('are split where they are more than one transaction should hold', async () => {
    const { store } = await newStore()
    const nows = await Promise.all(Array.from({ length: 600 }, () => store.write(async (tx) => tx.now)))
    const sizes = [...Map.groupBy(nows, (now) => now).values()].map(({ length }) => length)
    assert.deepEqual(sizes, [256, 256, 88])
  })

  test('see what those before them did', async () => {
    const { store } = await newStore()
    const seen = await Promise.all(
      ['A', 'B', 'C'].map((id) =>
        store.write(async (tx) => {
          await insertKey(tx, id)
          return keysOf(tx)
        }),
      ),
    )
    assert.deepEqual(seen, [['A'], ['A', 'B'], ['A', 'B', 'C']])
  })

  test('are untouched by one that refuses before it changed anything: nobody runs twice', async () => {
    const { store, folder } = await newStore()
    const runs: string[] = []
    const insert = (id: string) =>
      store.write(async (tx) => {
        runs.push(id)
        await insertKey(tx, id)
        return tx.now
      })
    const refuse = () =>
      store.write(async (tx) => {
        runs.push('refused')
        tx.nextSequence()
        await keysOf(tx)
        throw new Failed()
      })
    const [a, refused, b] = await outcomes([insert('A'), refuse(), insert('B')])
    assert.equal(a, b)
    assert(refused instanceof Failed)
    assert.deepEqual(runs, ['A', 'refused', 'B'])
    assert.deepEqual(rowsOf(folder, 'select id from access_key order by id'), ['A', 'B'])
  })

  test('I7 one that throws after a change loses it and its audit entry; the others run again and keep both', async () => {
    const { store, folder } = await newStore()
    const runs: string[] = []
    const work = (id: string, fails = false) =>
      store.write(async (tx) => {
        runs.push(id)
        await recordEntry(tx, id)
        await insertKey(tx, id)
        if (fails) throw new Failed()
        return id
      })
    const [a, b, c] = await outcomes([work('A'), work('B', true), work('C')])
    assert.deepEqual([a, c], ['A', 'C'])
    assert(b instanceof Failed)
    assert.deepEqual(runs, ['A', 'B', 'A', 'B', 'C'])
    assert.deepEqual(rowsOf(folder, 'select id from access_key order by id'), ['A', 'C'])
    assert.deepEqual(rowsOf(folder, 'select request_id from audit_entry order by n'), ['A', 'C'])
    const whole = rowsOf(folder, 'select request_id from audit_entry a join origin o on o.n = a.origin')
    assert.equal(whole.length, 2, 'what the journal remembered was forgotten with the rows')
  })

  test('I2 one that only took space and throws gives it back, though nothing of it was in a table yet', async () => {
    const { store } = await newStore()
    const pool = await newPool(store)
    const [a, b, c] = await outcomes([
      store.write((tx) => takeAndRecord(tx, pool, 32)),
      // Served from what is left of the block that the first one cut: no row is touched.
      store.write(async (tx) => {
        await tx.space.take(pool, 4, { length: 32 })
        throw new Failed()
      }),
      store.write((tx) => takeAndRecord(tx, pool, 32)),
    ])
    assert.deepEqual([a, c], ['198.18.0.0/32', '198.18.0.1/32'])
    assert(b instanceof Failed)
    assert.deepEqual((await checkSpace(store)).problems, [])
    const { allocated, free } = await store.read((tx) => tx.space.utilization(pool))
    assert.deepEqual({ allocated, free }, { allocated: 2n, free: 14n })
  })

  test('I2 one alone that took space and throws gives it back', async () => {
    const { store } = await newStore()
    const pool = await newPool(store)
    const taking = store.write(async (tx) => {
      for (const length of [32, 32, 30]) await tx.space.take(pool, 4, { length })
      throw new Failed()
    })
    await assert.rejects(taking, Failed)
    assert.deepEqual((await checkSpace(store)).problems, [])
    assert.equal(await store.write((tx) => takeAndRecord(tx, pool, 28)), '198.18.0.0/28')
  })

  test('I5 one token has one effect, also where a neighbour makes its first user run twice', async () => {
    const { store, folder } = await newStore()
    const once = (id: string) =>
      store.write(async (tx) => {
        const use = await tx.tokens.find(token)
        if (use) return use.result
        await insertKey(tx, id)
        await tx.tokens.keep(token, await recordEntry(tx, id), tx.now)
        return `"${id}"`
      })
    const fail = () =>
      store.write(async (tx) => {
        await insertKey(tx, 'lost')
        throw new Failed()
      })
    const [first, , second] = await outcomes([once('A'), fail(), once('B')])
    assert.deepEqual([first, second], ['"A"', '"A"'])
    assert.deepEqual(rowsOf(folder, 'select id from access_key'), ['A'])
  })

  test('I5 a token whose first use was taken back is unused', async () => {
    const { store } = await newStore()
    const failing = store.write(async (tx) => {
      await tx.tokens.keep(token, await recordEntry(tx, 'lost'), tx.now)
      throw new Failed()
    })
    await assert.rejects(failing, Failed)
    assert.equal(await store.write((tx) => tx.tokens.find(token)), undefined)
  })

  test('a failed constraint is the fault of one, and stays its own', async () => {
    const { store } = await newStore()
    const insert = (id: string) => store.write((tx) => insertKey(tx, id))
    const [a, again, b] = await outcomes([insert('A'), insert('A'), insert('B')])
    assert.deepEqual([a, b], [undefined, undefined])
    assert.match(String(again), /UNIQUE constraint failed: access_key\.id/)
    assert.deepEqual(await store.read(keysOf), ['A', 'B'])
  })

  test('one more than may wait is told that the database is busy; those that wait are served', async () => {
    const { store } = await newStore()
    const waiting = Array.from({ length: 20_000 }, (_, index) => store.write(async () => index))
    await assert.rejects(
      store.write(async () => 'one more'),
      (error) => error instanceof StoreTrouble && error.kind === 'unavailable' && !error.fatal,
    )
    assert.equal((await Promise.all(waiting)).length, 20_000)
  })
})

describe('numbers and moments', () => {
  test('sequence numbers of a work that was rolled back are never drawn again', async () => {
    const { store } = await newStore()
    const drawn: number[] = []
    const draw = (id: string, fails: boolean) =>
      store.write(async (tx) => {
        drawn.push(tx.nextSequence(), tx.nextSequence())
        await insertKey(tx, id)
        if (fails) throw new Failed()
      })
    await outcomes([draw('A', false), draw('B', true), draw('C', false)])
    await outcomes([draw('D', true)])
    await outcomes([draw('E', false)])
    assert.equal(drawn.length, 14)
    assert.equal(new Set(drawn).size, drawn.length)
  })

  test('sequence numbers go on where they were after a restart', async () => {
    const { store, folder } = await newStore()
    const before = await store.write(async (tx) => tx.nextSequence())
    await store.close()
    assert((await open(folder).write(async (tx) => tx.nextSequence())) > before)
  })

  test('an epoch of governance that was rolled back is never used for another', async () => {
    const { store } = await newStore()
    const epochs: number[] = []
    const move = (fails: boolean) =>
      store.write(async (tx) => {
        await tx.moveGovernanceEpoch()
        epochs.push(tx.governanceEpoch)
        if (fails) throw new Failed()
      })
    await outcomes([move(true)])
    await outcomes([move(false)])
    assert(epochs[1]! > epochs[0]!)
  })

  test('now never runs backwards when the clock does', async () => {
    const clock = [5_000, 9_000, 7_000, 1, 9_001]
    const { store } = await newStore({ clock: () => clock.shift() ?? 0 })
    const seen = []
    for (let i = 0; i < 3; i++) {
      seen.push(await store.write(async (tx) => tx.now), await store.read(async (tx) => tx.now))
    }
    assert.deepEqual(seen, [9_000, 9_000, 9_000, 9_001, 9_001, 9_001])
  })
})

describe('reading', () => {
  test('sees one state from its beginning to its end, whatever is written meanwhile', async () => {
    const { store } = await newStore()
    await store.write((tx) => insertKey(tx, 'A'))
    const seen = await store.read(async (tx) => {
      const before = await keysOf(tx)
      await store.write((writing) => insertKey(writing, 'B'))
      return [before, await keysOf(tx)]
    })
    assert.deepEqual(seen, [['A'], ['A']])
    assert.deepEqual(await store.read(keysOf), ['A', 'B'])
  })

  test('cannot change anything, and the next reading is none the worse', async () => {
    const { store } = await newStore()
    const pool = await newPool(store)
    const isRefused = (error: unknown) => error instanceof StoreTrouble && error.kind === 'permission'
    await assert.rejects(
      store.read((tx) => insertKey(tx, 'A')),
      isRefused,
    )
    await assert.rejects(
      store.read((tx) => tx.space.take(pool, 4, { length: 32 })),
      isRefused,
    )
    assert.deepEqual(await store.read(keysOf), [])
    assert.deepEqual((await checkSpace(store)).problems, [])
  })
})

describe('closing', () => {
  test('waits for what is queued and refuses what comes later', async () => {
    const { store, folder } = await newStore()
    const queued = Array.from({ length: 300 }, (_, index) => store.write((tx) => insertKey(tx, `K${index}`)))
    const reading = store.read(keysOf)
    await store.close()
    assert(!(await outcomes(queued)).some((one) => one instanceof Error))
    assert(Array.isArray(await reading))
    for (const late of [store.write(keysOf), store.read(keysOf)]) {
      await assert.rejects(late, (error) => error instanceof StoreTrouble && error.kind === 'unavailable')
    }
    assert.deepEqual(rowsOf(folder, 'select count(*) from access_key'), [300])
  })

  test('leaves one file, without a log beside it', async () => {
    const { store, folder } = await newStore()
    await store.close()
    assert(!existsSync(join(folder, 'cadastre.db-wal')))
  })
})

describe('two in one folder', () => {
  test('a second server is told that the folder is in use, and the first goes on', async () => {
    const { store, folder } = await newStore()
    assert.throws(
      () => open(folder),
      (error) =>
        error instanceof StoreTrouble &&
        error.kind === 'locked' &&
        error.fatal &&
        error.message ===
          `Cannot open the database in \`${folder}\`: another Cadastre server already uses this folder; stop it, or set CADASTRE_DATA to another folder.`,
    )
    await store.write((tx) => insertKey(tx, 'A'))
    await store.close()
    assert.deepEqual(await open(folder).read(keysOf), ['A'], 'once the first has gone, the next may come')
  })

  test("an operator's commands beside a server draw no number that it draws, and each sees the other's rows", async () => {
    const { store: server, folder } = await newStore()
    const operator = open(folder, { exclusive: false })
    const drawn: number[] = []
    const work = (store: Store, id: string) =>
      store.write(async (tx) => {
        await insertKey(tx, id)
        const n = await recordEntry(tx, id)
        drawn.push(n, tx.nextSequence())
        return keysOf(tx)
      })
    // In turn, so that each has to notice the other; then at once.
    assert.deepEqual(await work(server, 'A'), ['A'])
    assert.deepEqual(await work(operator, 'B'), ['A', 'B'])
    assert.deepEqual(await work(server, 'C'), ['A', 'B', 'C'])
    assert.deepEqual(await work(operator, 'D'), ['A', 'B', 'C', 'D'])
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        work(index % 2 ? server : operator, `E${String(index).padStart(2, '0')}`),
      ),
    )
    assert.equal(new Set(drawn).size, drawn.length)
    const keys = await server.read(keysOf)
    assert.equal(keys.length, 24)
    assert.deepEqual(await operator.read(keysOf), keys)
    // Both wrote an origin that says the same: each found that its own memory was good, or forgot it.
    assert.equal(rowsOf(folder, 'select request_id from audit_entry a join origin o on o.n = a.origin').length, 24)
  })

  test("an operator's command takes space that a server's memory does not hold on to", async () => {
    const { store: server, folder } = await newStore()
    const pool = await newPool(server)
    const operator = open(folder, { exclusive: false })
    const taken: string[] = []
    for (let i = 0; i < 8; i++) {
      for (const store of [server, operator]) taken.push(await store.write((tx) => takeAndRecord(tx, pool, 32)))
    }
    assert.deepEqual(
      taken,
      Array.from({ length: 16 }, (_, index) => `198.18.0.${index}/32`),
    )
    assert.deepEqual((await checkSpace(server)).problems, [])
  })
})

// Files that are not what they should be ------------------------------------------------------------------------------

const pageSize = 4096
function overwrite(path: string, from: number, until: number): void {
  const file = openSync(path, 'r+')
  writeSync(file, new Uint8Array(until - from).fill(0xa5), 0, until - from, from)
  closeSync(file)
}
/** A folder whose store has been closed, with something in it. */
async function closedFolder(): Promise<{ folder: string; path: string }> {
  const { store, folder } = await newStore()
  await newPool(store)
  for (let i = 0; i < 40; i++) await store.write((tx) => insertKey(tx, `K${i}`))
  await store.close()
  return { folder, path: join(folder, 'cadastre.db') }
}
function change(path: string, sql: string): void {
  const database = new DatabaseSync(path)
  database.exec(sql)
  database.close()
}

describe('a folder that cannot be used is told of in words', () => {
  const says = (kind: StoreTrouble['kind'], folder: string, words: RegExp) => (error: unknown) => {
    assert(error instanceof StoreTrouble, String(error))
    assert.equal(error.kind, kind)
    assert.equal(error.fatal, true)
    assert(error.message.startsWith(`Cannot open the database in \`${folder}\`: `), error.message)
    assert.match(error.message, words)
    return true
  }

  test('a database of a newer Cadastre, which stays as it is', async () => {
    const { folder, path } = await closedFolder()
    change(path, 'pragma user_version = 9999')
    const bytes = statSync(path).mtimeMs
    assert.throws(() => open(folder), says('newer', folder, /a newer Cadastre \(schema 9999, this program knows \d+\)/))
    assert.equal(statSync(path).mtimeMs, bytes)
  })

  test("another program's SQLite file, which stays as it is", async () => {
    const folder = await newFolder()
    const path = join(folder, 'cadastre.db')
    change(path, 'create table shopping (item text)')
    assert.throws(() => open(folder), says('foreign', folder, /`cadastre\.db` is not a Cadastre database/))
    assert.deepEqual(rowsOf(folder, 'select name from sqlite_schema'), ['shopping'])
  })

  test('garbage; and when it is gone, the folder is free to use', async () => {
    const folder = await newFolder()
    const path = join(folder, 'cadastre.db')
    writeFileSync(path, 'This is a text about something else entirely. '.repeat(500))
    assert.throws(() => open(folder), says('foreign', folder, /not a database, or it is damaged/))
    rmSync(path)
    assert.deepEqual(await open(folder).read(keysOf), [])
  })

  test('a place where a folder cannot be made', async () => {
    const folder = join(await newFolder(), 'file')
    writeFileSync(folder, '')
    assert.throws(() => open(folder), says('permission', folder, /the folder cannot be made/))
  })

  test('a folder that may not be written', {
    skip: process.getuid?.() === 0 && 'root may write anywhere',
  }, async () => {
    const folder = await newFolder()
    chmodSync(folder, 0o500)
    assert.throws(() => open(folder), says('permission', folder, /cannot be opened|may not be written/))
    assert.throws(() => open(folder, { exclusive: false }), says('permission', folder, /cannot be opened/))
    chmodSync(folder, 0o700)
  })

  test('a file that may not be written', { skip: process.getuid?.() === 0 && 'root may write anywhere' }, async () => {
    const { folder, path } = await closedFolder()
    chmodSync(path, 0o400)
    assert.throws(() => open(folder), says('permission', folder, /may not be written by this user/))
  })

  test('an empty file is no trouble: a start may have ended there', async () => {
    const folder = await newFolder()
    writeFileSync(join(folder, 'cadastre.db'), '')
    assert.deepEqual(await open(folder).read(keysOf), [])
  })
})

describe('a file that was damaged while it was closed', () => {
  const isDamaged = (error: unknown): error is StoreTrouble =>
    error instanceof StoreTrouble && error.kind === 'corrupt' && error.fatal && /damaged/.test(error.message)

  test('from its third page on, does not open', async () => {
    const { folder, path } = await closedFolder()
    overwrite(path, 2 * pageSize, statSync(path).size)
    assert.throws(() => open(folder).read(keysOf), isDamaged)
  })

  // The tables that a write touches first, in the middle and last.
  for (const table of ['meta', 'counter', 'access_key', 'free_block']) {
    test(`in its table ${table}, says so at the first touch, once, and then serves nobody`, async () => {
      const { folder, path } = await closedFolder()
      const [page] = rowsOf(folder, `select rootpage from sqlite_schema where name = '${table}'`) as [number]
      overwrite(path, (page - 1) * pageSize, page * pageSize)
      const troubles: StoreTrouble[] = []
      const store = open(folder, { onFatal: (trouble) => troubles.push(trouble) })
      const touch = async (tx: Transaction): Promise<void> => {
        tx.nextSequence()
        await insertKey(tx, 'one more')
        const { problems } = await tx.spaceCheck.report()
        assert.deepEqual(problems, [])
      }
      const works = await outcomes([store.write(touch), store.write(touch), store.write(touch)])
      assert(works.every(isDamaged), works.join('\n'))
      assert.equal(troubles.length, 1)
      await assert.rejects(store.write(touch), isDamaged)
      await assert.rejects(store.read(keysOf), isDamaged)
      await store.close()
    })
  }
})
