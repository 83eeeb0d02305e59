// The embedded database as its callers see it: who shares a transaction, what a failure takes back, and what is refused at the door.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, type TestContext, test } from 'node:test'
import { migrations } from './migrations.ts'
import { createSealer } from './sealer.ts'
import { openSqlite, type SqliteOptions } from './sqlite.ts'
import type { Store, Transaction } from './store.ts'
import { StoreTrouble, type TroubleKind } from './trouble.ts'

const sealer = createSealer(new Uint8Array(32))
const databaseFile = 'cadastre.db'

async function makeFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cadastre-sqlite-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}
const open = (folder: string, options: Partial<SqliteOptions> = {}): Store =>
  openSqlite({ folder, clock: Date.now, sealer, exclusive: true, ...options })
async function openNew(
  t: TestContext,
  options: Partial<SqliteOptions> = {},
): Promise<{ store: Store; folder: string }> {
  const folder = await makeFolder(t)
  const store = open(folder, options)
  t.after(() => store.close().catch(() => undefined))
  return { store, folder }
}

/** One row and one audit entry: something to find again. */
async function insert(tx: Transaction, id: string): Promise<number> {
  await tx.organizations.insertAccount({
    id,
    name: id,
    email: `${id}@example.com`,
    status: 'ACTIVE',
    joinedMethod: 'CREATED',
    joinedAt: tx.now,
  })
  const n = tx.nextSequence()
  await tx.journal.record({
    n,
    at: tx.now,
    requestId: id,
    account: id,
    principal: 'test',
    accessKeyId: '',
    sourceAddress: '',
    region: '',
    action: 'CreateAccount',
    outcome: 'Success',
    subjects: [id],
  })
  return n
}
const number = (n: number): string => String(n).padStart(12, '0')
const isThere = (store: Store, id: string): Promise<boolean> =>
  store.read(async (tx) => (await tx.organizations.findAccount(id)) !== undefined)
const thoseThere = async (store: Store, ids: readonly string[]): Promise<string[]> => {
  const there = await Promise.all(ids.map((id) => isThere(store, id)))
  return ids.filter((_, index) => there[index])
}
const trouble = (kind: TroubleKind, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof StoreTrouble, String(error))
  assert.equal(error.kind, kind)
  assert.match(error.message, message)
  return true
}

describe('group commit', () => {
  test('works that queue together share one transaction, in the order in which they came', async (t) => {
    let ticks = 0
    const { store } = await openNew(t, { clock: () => ++ticks })
    const seen = await Promise.all(
      [1, 2, 3, 4].map((n) => store.write(async (tx) => ({ now: tx.now, n: await insert(tx, number(n)) }))),
    )
    assert.equal(new Set(seen.map(({ now }) => now)).size, 1)
    assert.deepEqual(
      seen.map(({ n }) => n),
      seen.map(({ n }) => n).sort((a, b) => a - b),
    )
    const next = await store.write(async (tx) => tx.now)
    assert.ok(next > seen[0]!.now, 'who comes after the commit gets a transaction of its own')
  })

  test('a work that refuses before it changed anything leaves the others untouched: none runs twice', async (t) => {
    const { store } = await openNew(t)
    const runs = [0, 0, 0]
    const [one, two, three] = await Promise.allSettled([
      store.write((tx) => {
        runs[0]!++
        return insert(tx, number(1))
      }),
      store.write(async () => {
        runs[1]!++
        throw new Error('no')
      }),
      store.write((tx) => {
        runs[2]!++
        return insert(tx, number(3))
      }),
    ])
    assert.deepEqual([one.status, two.status, three.status], ['fulfilled', 'rejected', 'fulfilled'])
    assert.deepEqual(runs, [1, 1, 1])
    assert.deepEqual(await thoseThere(store, [1, 2, 3].map(number)), [number(1), number(3)])
  })

  test('I7 a work that throws after it changed something takes back that alone, and who shared with it runs again', async (t) => {
    const { store, folder } = await openNew(t)
    const runs = [0, 0, 0]
    const settled = await Promise.allSettled([
      store.write((tx) => {
        runs[0]!++
        return insert(tx, number(1))
      }),
      store.write(async (tx) => {
        runs[1]!++
        await insert(tx, number(2))
        throw new Error('too late')
      }),
      store.write((tx) => {
        runs[2]!++
        return insert(tx, number(3))
      }),
    ])
    assert.deepEqual(
      settled.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
    // Who queued behind it had not run yet.
    assert.deepEqual(runs, [2, 2, 1])
    assert.deepEqual(await thoseThere(store, [1, 2, 3].map(number)), [number(1), number(3)])
    // Every change with its entry, no entry without its change, and what was answered is what stands there.
    const database = new DatabaseSync(join(folder, databaseFile), { readOnly: true })
    const entries = database.prepare('select n, request_id from audit_entry order by n').all()
    database.close()
    assert.deepEqual(
      entries.map(({ request_id }) => request_id),
      [number(1), number(3)],
    )
    assert.deepEqual(
      entries.map(({ n }) => n),
      settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])),
    )
  })

  test('a broken constraint is a fault of that work alone', async (t) => {
    const { store } = await openNew(t)
    const settled = await Promise.allSettled([
      store.write((tx) => insert(tx, number(1))),
      store.write((tx) => insert(tx, number(1))),
      store.write((tx) => insert(tx, number(2))),
    ])
    assert.deepEqual(
      settled.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
    assert.deepEqual(await thoseThere(store, [1, 2].map(number)), [1, 2].map(number))
  })

  test('numbers that a transaction drew and took back are not drawn again, nor is an epoch', async (t) => {
    const { store } = await openNew(t)
    let drawn = { sequence: 0, epoch: 0 }
    await assert.rejects(
      store.write(async (tx) => {
        await tx.moveGovernanceEpoch()
        drawn = { sequence: tx.nextSequence(), epoch: tx.governanceEpoch }
        throw new Error('no')
      }),
    )
    const before = await store.read(async (tx) => tx.governanceEpoch)
    assert.equal(before, drawn.epoch - 1, 'the epoch is back')
    await store.write(async (tx) => {
      assert.ok(tx.nextSequence() > drawn.sequence)
      await tx.moveGovernanceEpoch()
      assert.ok(tx.governanceEpoch > drawn.epoch)
    })
  })

  test('more than a batch is taken in several, and more than the queue holds is told to come later', async (t) => {
    const { store } = await openNew(t)
    const works = Array.from({ length: 20_001 }, () => store.write(async (tx) => tx.nextSequence()))
    const settled = await Promise.allSettled(works)
    const numbers = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    assert.equal(new Set(numbers).size, 20_000)
    await assert.rejects(works.at(-1)!, trouble('unavailable', /too many requests wait/))
  })

  test('time never runs backwards, whatever the clock of the machine does', async (t) => {
    let clock = 5_000
    const { store } = await openNew(t, { clock: () => clock })
    const now = (): Promise<number> => store.write(async (tx) => tx.now)
    assert.equal(await now(), 5_000)
    clock = 4_000
    assert.equal(await now(), 5_000)
    assert.equal(await store.read(async (tx) => tx.now), 5_000)
    clock = 5_001
    assert.equal(await store.read(async (tx) => tx.now), 5_001)
    clock = 5_000
    assert.equal(await now(), 5_001)
  })

  test('a read sees what is committed and nothing else, and can change nothing', async (t) => {
    const { store } = await openNew(t)
    let meanwhile: Promise<boolean> | undefined
    await store.write(async (tx) => {
      await insert(tx, number(1))
      meanwhile = isThere(store, number(1))
      await meanwhile
    })
    assert.equal(await meanwhile, false)
    assert.equal(await isThere(store, number(1)), true)
    await assert.rejects(
      store.read((tx) => insert(tx, number(2))),
      trouble('permission', /attempt to write a readonly database/),
    )
    assert.equal(await isThere(store, number(2)), false)
  })

  test('closing waits for what is queued, and refuses what comes later', async (t) => {
    const { store, folder } = await openNew(t)
    const queued = [1, 2].map((n) => store.write((tx) => insert(tx, number(n))))
    await store.close()
    await Promise.all(queued)
    await assert.rejects(
      store.write((tx) => insert(tx, number(3))),
      trouble('unavailable', /stopping/),
    )
    await assert.rejects(isThere(store, number(1)), trouble('unavailable', /stopping/))
    const again = open(folder)
    assert.deepEqual(await thoseThere(again, [1, 2, 3].map(number)), [1, 2].map(number))
    await again.close()
  })
})

describe('beside another connection', () => {
  test('L12 a second server on the same folder is refused, and the first goes on', async (t) => {
    const { store, folder } = await openNew(t)
    assert.throws(
      () => open(folder),
      trouble('locked', /^Cannot open .* another Cadastre server already uses this folder/),
    )
    await store.write((tx) => insert(tx, number(1)))
    await store.close()
    const next = open(folder)
    assert.equal(await isThere(next, number(1)), true)
    await next.close()
  })

  test("an operator's command writes beside the server: no number is drawn twice, and the server sees it at once", async (t) => {
    const { store, folder } = await openNew(t)
    const operator = open(folder, { exclusive: false })
    t.after(() => operator.close())
    const drawn: number[] = []
    for (let n = 0; n < 40; n += 2) {
      drawn.push(await store.write((tx) => insert(tx, number(n))))
      drawn.push(await operator.write((tx) => insert(tx, number(n + 1))))
      // A transaction of the server that fails must not make it forget what the other one drew.
      if (n % 8 === 0) {
        const failed = store.write(async (tx) => {
          await insert(tx, number(1_000 + n))
          throw new Error('no')
        })
        await assert.rejects(failed, /^Error: no$/)
      }
    }
    assert.deepEqual(
      drawn,
      [...new Set(drawn)].sort((a, b) => a - b),
    )
    const all = Array.from({ length: 40 }, (_, n) => number(n))
    assert.deepEqual(await thoseThere(store, all), all)
  })

  test('both at once: whoever finds the other writing waits its turn', async (t) => {
    const { store, folder } = await openNew(t)
    const operator = open(folder, { exclusive: false })
    t.after(() => operator.close())
    const works = Array.from({ length: 100 }, (_, n) => (n % 2 ? store : operator).write((tx) => insert(tx, number(n))))
    const drawn = await Promise.all(works)
    assert.equal(new Set(drawn).size, 100)
  })

  test('a change of governance by another connection is met by the next transaction', async (t) => {
    const { store, folder } = await openNew(t)
    const before = await store.write(async (tx) => tx.governanceEpoch)
    const operator = open(folder, { exclusive: false })
    t.after(() => operator.close())
    await operator.write((tx) => tx.moveGovernanceEpoch())
    assert.equal(await store.write(async (tx) => tx.governanceEpoch), before + 1)
    assert.equal(await store.read(async (tx) => tx.governanceEpoch), before + 1)
  })

  test('who holds the database for long makes all that wait give up together, not one after the other', async (t) => {
    const { store, folder } = await openNew(t)
    const holder = new DatabaseSync(join(folder, databaseFile))
    holder.exec('begin immediate')
    const startedAt = performance.now()
    const works = [1, 2, 3].map((n) => store.write((tx) => insert(tx, number(n))))
    for (const work of works) await assert.rejects(work, trouble('locked', /locked by another process/))
    assert.ok(performance.now() - startedAt < 9_000, 'one wait for all')
    holder.exec('rollback')
    holder.close()
    await store.write((tx) => insert(tx, number(1)))
    assert.deepEqual(await thoseThere(store, [1, 2, 3].map(number)), [number(1)])
  })
})

describe('at the door', () => {
  test('L9 a database of a newer program is refused, and left as it is', async (t) => {
    const { store, folder } = await openNew(t)
    await store.close()
    const database = new DatabaseSync(join(folder, databaseFile))
    const newer = migrations.at(-1)!.number + 1
    database.exec(`pragma user_version = ${newer}`)
    database.close()
    assert.throws(
      () => open(folder),
      trouble('newer', new RegExp(`written by a newer Cadastre \\(schema ${newer}, this`)),
    )
  })

  test('a database of another program is refused, and left as it is', async (t) => {
    const folder = await makeFolder(t)
    const path = join(folder, databaseFile)
    for (const text of ['create table a (b)', 'pragma application_id = 7; create table a (b)']) {
      rmSync(path, { force: true })
      const database = new DatabaseSync(path)
      database.exec(text)
      database.close()
      const before = readFileSync(path)
      assert.throws(() => open(folder), trouble('foreign', /`cadastre\.db` is not a Cadastre database\.$/))
      assert.deepEqual(readFileSync(path), before)
      assert.deepEqual(
        readdirSync(folder).filter((name) => name.endsWith('wal')),
        [],
      )
    }
  })

  test('a file that is no database is refused, and so is a folder in its place', async (t) => {
    const folder = await makeFolder(t)
    const path = join(folder, databaseFile)
    writeFileSync(path, 'Dear operator, this is a letter and no database. '.repeat(100))
    assert.throws(() => open(folder), trouble('foreign', /the file is not a database, or it is damaged/))
    rmSync(path)
    mkdirSync(path)
    assert.throws(() => open(folder), trouble('permission', /the database file cannot be opened/))
    rmSync(path, { recursive: true })
    await open(folder).close()
  })

  test('an empty file is a database that begins', async (t) => {
    const folder = await makeFolder(t)
    writeFileSync(join(folder, databaseFile), '')
    const store = open(folder)
    await store.write((tx) => insert(tx, number(1)))
    await store.close()
  })

  test('a first start that was cut off in the middle begins anew', async (t) => {
    const folder = await makeFolder(t)
    const database = new DatabaseSync(join(folder, databaseFile))
    database.exec('pragma journal_mode = wal; begin immediate')
    database.exec(migrations[0]!.sql)
    database.exec('rollback')
    database.close()
    const store = open(folder)
    await store.write((tx) => insert(tx, number(1)))
    assert.equal(await isThere(store, number(1)), true)
    await store.close()
  })

  test('a folder that may not be written is refused with a sentence', async (t) => {
    const folder = await makeFolder(t)
    chmodSync(folder, 0o555)
    const isRoot = process.getuid?.() === 0
    const script = `
      const { openSqlite } = await import(${JSON.stringify(new URL('./sqlite.ts', import.meta.url).href)})
      ${isRoot ? 'process.setgid(65534); process.setuid(65534)' : ''}
      try {
        openSqlite({ folder: ${JSON.stringify(folder)}, clock: Date.now, sealer: {}, exclusive: true })
      } catch (error) {
        console.log(error.name + ' ' + error.kind + ' ' + error.message)
      }`
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
    chmodSync(folder, 0o755)
    assert.match(
      stdout,
      /^StoreTrouble permission Cannot open the database in `[^`]+`: the database file cannot be opened/,
      stderr,
    )
  })

  test('a folder that cannot be made is refused with a sentence', async (t) => {
    const folder = await makeFolder(t)
    writeFileSync(join(folder, 'file'), '')
    assert.throws(() => open(join(folder, 'file', 'data')), trouble('permission', /the folder cannot be made/))
  })
})

describe('a damaged file', () => {
  /** A database of some hundred pages. */
  async function makeLarge(t: TestContext): Promise<{ folder: string; ids: string[] }> {
    const folder = await makeFolder(t)
    const store = open(folder)
    const ids = Array.from({ length: 2_000 }, (_, n) => number(n))
    await Promise.all(ids.map((id) => store.write((tx) => insert(tx, id))))
    await store.close()
    return { folder, ids }
  }
  function damage(folder: string, from: number, bytes: number): void {
    const path = join(folder, databaseFile)
    const content = readFileSync(path)
    assert.ok(content.length > from + bytes)
    content.fill(0xa5, from, from + bytes)
    writeFileSync(path, content)
  }

  test('whose beginning is garbage is refused with a sentence', async (t) => {
    const { folder } = await makeLarge(t)
    damage(folder, 0, 100)
    assert.throws(() => open(folder), trouble('foreign', /not a database, or it is damaged/))
  })

  test('whose schema is garbage is refused with a sentence', async (t) => {
    const { folder } = await makeLarge(t)
    damage(folder, 100, 4_000)
    assert.throws(() => open(folder), trouble('corrupt', /the database file is damaged; restore a backup/))
  })

  for (const [what, use] of Object.entries({
    read: (store: Store, id: string) => isThere(store, id),
    write: (store: Store, id: string) =>
      store.write(async (tx) => {
        await insert(tx, `9${id.slice(1)}`)
        return (await tx.organizations.findAccount(id)) !== undefined
      }),
  })) {
    test(`whose middle is garbage stops the server at the first ${what} that meets it, and answers nothing wrong`, async (t) => {
      const { folder, ids } = await makeLarge(t)
      // The roots of the tables stand in front: what is behind them is met only by who looks for it.
      const { length } = readFileSync(join(folder, databaseFile))
      damage(folder, Math.floor(length * 0.6), Math.floor(length * 0.3))
      let fatal: StoreTrouble | undefined
      const store = open(folder, {
        onFatal: (trouble) => {
          fatal = trouble
        },
      })
      t.after(() => store.close())
      let refused: unknown
      for (const id of ids) {
        const found = await use(store, id).catch((error: unknown) => {
          refused = error
        })
        if (refused) break
        assert.equal(found, true, 'what is there is found, or the damage is told')
      }
      assert.equal(fatal?.kind, 'corrupt', 'the server is told to stop')
      await assert.rejects(isThere(store, ids[0]!), trouble('corrupt', /damaged; restore a backup/))
      trouble('corrupt', /damaged; restore a backup/)(refused)
    })
  }
})
