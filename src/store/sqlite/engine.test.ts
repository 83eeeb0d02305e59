// What only the embedded database has: a folder that others use too, that is refused at the door, or that is damaged.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, type TestContext, test } from 'node:test'
import { formatCidr, parseCidr } from '#model/cidr.ts'
import { dataRoot } from '../../../test/data-root.ts'
import { allocationOf, insertPool } from '../../../test/pool.ts'
import { migrations } from '../schema/migrations.ts'
import { createSealer, readSealer } from '../sealer.ts'
import type { Store, Transaction } from '../store.ts'
import { sliceSize } from '../tables/tokens.ts'
import { StoreTrouble, type TroubleKind } from '../trouble.ts'
import { checkSpace } from '../upkeep/check.ts'
import { openSqlite, type SqliteOptions } from './engine.ts'

const sealer = createSealer(new Uint8Array(32))
const databaseFile = 'cadastre.db'
const pageSize = 4096

async function makeFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(dataRoot(), 'cadastre-sqlite-'))
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

test('closing leaves one file, without a log beside it', async (t) => {
  const { store, folder } = await openNew(t)
  await store.write((tx) => insert(tx, number(1)))
  await store.close()
  assert.deepEqual(readdirSync(folder).sort(), [databaseFile, 'cadastre.lock'])
})

test('I5 opening reads no request back; each slice is bounded, and what is used between them is not lost', async (t) => {
  const tokenOf = (n: number) => createHash('sha256').update(String(n)).digest().subarray(0, 16)
  const use = async (tx: Transaction, n: number): Promise<void> => {
    const token = tokenOf(n)
    const entry = tx.nextSequence()
    const origin = { account: '', principal: '', accessKeyId: '', sourceAddress: '', region: '', action: '' }
    const result = { outcome: 'Success', subjects: [], token, parameters: token, result: `${n}` }
    await tx.journal.record({ n: entry, at: tx.now, requestId: `${n}`, ...origin, ...result })
    await tx.tokens.keepRequest(token, entry, tx.now)
  }
  const { store: first, folder } = await openNew(t)
  const count = 2.5 * sliceSize
  await first.write(async (tx) => {
    for (let n = 0; n < count; n++) await use(tx, n)
  })
  await first.close()
  const store = open(folder)
  t.after(() => store.close())
  const readBack = () => store.write((tx) => tx.tokens.readBack(tx.now, false))
  const isOver: boolean[] = []
  for (let n = count; n < count + 3; n++) {
    isOver.push(await readBack())
    await store.write((tx) => use(tx, n))
  }
  assert.deepEqual(isOver, [false, false, true])
  await store.write(async (tx) => {
    for (let n = 0; n < count + 3; n += n < count - 1 ? 101 : 1) {
      assert.equal((await tx.tokens.findRequest(tokenOf(n), tx.now, false))?.result, `${n}`)
    }
    assert.equal(await tx.tokens.findRequest(tokenOf(-1), tx.now, false), undefined)
  })
})

describe('beside another connection', () => {
  test('L12 a second server on the same folder is refused, and the first goes on', async (t) => {
    const { store, folder } = await openNew(t)
    assert.throws(
      () => open(folder),
      trouble(
        'locked',
        /^Cannot open the database in `[^`]+`: another Cadastre server already uses this folder; stop it, or set CADASTRE_DATA to another folder\.$/,
      ),
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
    const all = Array.from({ length: 100 }, (_, n) => number(n))
    for (const one of [store, operator]) assert.deepEqual(await thoseThere(one, all), all)
    // Both wrote an origin that says the same: each found that its own memory was good, or forgot it.
    const database = new DatabaseSync(join(folder, databaseFile), { readOnly: true })
    const whole = database.prepare('select count(*) as n from audit_entry a join origin o on o.n = a.origin').get()
    database.close()
    assert.equal(whole!.n, 100)
  })

  test("an operator's command takes space that the server's memory does not hold on to", async (t) => {
    const { store, folder } = await openNew(t)
    const provisioned = parseCidr('198.18.0.0/28')!
    const pool = await store.write((tx) => insertPool(tx, '1', [provisioned]))
    const operator = open(folder, { exclusive: false })
    t.after(() => operator.close())
    const taken: string[] = []
    for (let n = 0; n < 16; n++) {
      const cidr = await (n % 2 ? operator : store).write(async (tx) => {
        const cidr = (await tx.space.take(pool, 4, { length: 32 }))!
        await tx.space.record(allocationOf(tx, pool, cidr, 'provider'))
        return cidr
      })
      taken.push(formatCidr(cidr))
    }
    assert.deepEqual(
      taken,
      Array.from({ length: 16 }, (_, index) => `198.18.0.${index}/32`),
    )
    assert.deepEqual((await checkSpace(store)).problems, [])
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
    const before = readFileSync(join(folder, databaseFile))
    assert.throws(
      () => open(folder),
      trouble('newer', new RegExp(`written by a newer Cadastre \\(schema ${newer}, this`)),
    )
    assert.deepEqual(readFileSync(join(folder, databaseFile)), before)
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
      const { openSqlite } = await import(${JSON.stringify(new URL('./engine.ts', import.meta.url).href)})
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
      /^StoreTrouble permission Cannot open the database in `[^`]+`: the database file cannot be opened.*\n$/,
      stderr,
    )
  })

  test('S1 its files are readable by their owner only, in a folder that everybody may read, and also those that were there', async (t) => {
    const folder = await makeFolder(t)
    chmodSync(folder, 0o755)
    const modesOf = () =>
      Object.fromEntries(
        readdirSync(folder).map((name) => [name, (statSync(join(folder, name)).mode & 0o777).toString(8)]),
      )
    const umask = process.umask(0o022)
    t.after(() => void process.umask(umask))
    const first = open(folder)
    await first.write((tx) => insert(tx, number(1)))
    readSealer(join(folder, 'secret.key'), { create: true })
    const names = ['cadastre.db', 'cadastre.db-shm', 'cadastre.db-wal', 'cadastre.lock', 'secret.key']
    const isPrivate = { ...Object.fromEntries(names.map((name) => [name, '600'])) }
    assert.partialDeepStrictEqual(modesOf(), isPrivate)
    // As versions before left them, while an operator's command has the database open.
    for (const name of names) chmodSync(join(folder, name), 0o644)
    const second = open(folder, { exclusive: false })
    readSealer(join(folder, 'secret.key'), { create: true })
    assert.partialDeepStrictEqual(modesOf(), { ...isPrivate, 'cadastre.lock': '644' })
    await second.close()
    await first.close()
    await open(folder).close()
    assert.equal(modesOf()['cadastre.lock'], '600')
  })

  test('a file that may not be written is refused with a sentence', {
    skip: process.getuid?.() === 0 && 'root may write anywhere',
  }, async (t) => {
    const { store, folder } = await openNew(t)
    await store.close()
    chmodSync(join(folder, databaseFile), 0o400)
    assert.throws(() => open(folder), trouble('permission', /may not be written by this user/))
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

  // The tables that a write touches first, in the middle and last.
  for (const table of ['meta', 'counter', 'account', 'free_block']) {
    test(`in its table ${table}, says so at the first touch, once, and then serves nobody`, async (t) => {
      const { folder } = await makeLarge(t)
      const database = new DatabaseSync(join(folder, databaseFile), { readOnly: true })
      const { page } = database.prepare('select rootpage as page from sqlite_schema where name = ?').get(table)!
      database.close()
      damage(folder, (Number(page) - 1) * pageSize, pageSize)
      const troubles: StoreTrouble[] = []
      const store = open(folder, { onFatal: (fatal) => troubles.push(fatal) })
      t.after(() => store.close())
      const touch = async (tx: Transaction): Promise<void> => {
        await insert(tx, number(9_999))
        assert.deepEqual((await tx.spaceCheck.report()).problems, [])
      }
      const isDamaged = trouble('corrupt', /the database file is damaged/)
      for (const work of [touch, touch, touch].map((one) => store.write(one))) await assert.rejects(work, isDamaged)
      assert.deepEqual(
        troubles.map(({ kind, fatal }) => [kind, fatal]),
        [['corrupt', true]],
      )
      await assert.rejects(store.write(touch), isDamaged)
      await assert.rejects(isThere(store, number(1)), isDamaged)
    })
  }
})
