// Who brings a schema up to date, who waits meanwhile, what a crash leaves, and whether servers of the version before go on.
import assert from 'node:assert/strict'
import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { after, before, type TestContext, test } from 'node:test'
import { openPostgres } from '#store/postgres/engine.ts'
import { migratePostgres } from '#store/postgres/migrate.ts'
import { postgresMigrations } from '#store/postgres/sql.ts'
import { migrations } from '#store/schema/migrations.ts'
import { applicationId, migrateSqlite, openSqlite } from '#store/sqlite/engine.ts'
import { StoreTrouble, type TroubleKind } from '#store/trouble.ts'
import { childEnvironment, endWithThisProcess } from './children.ts'
import { dataRoot } from './data-root.ts'
import { testSealer, testSecretKey } from './database.ts'
import { executeAt, forServer, linkTo, makeServerRole, startPostgres, type TestPostgres } from './postgres.ts'
import { ask, rootKey } from './process.ts'

const root = join(import.meta.dirname, '..')
const latest = migrations.at(-1)!
const databaseFile = 'cadastre.db'
let cluster: TestPostgres
before(async () => {
  cluster = await startPostgres()
  await makeServerRole(cluster.url)
})
after(() => cluster.stop())

function makeFolder(t: TestContext, parent = dataRoot()): string {
  const folder = mkdtempSync(join(parent, 'cadastre-migrating-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
const trouble =
  (kind: TroubleKind, pattern: RegExp) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof StoreTrouble, String(error))
    assert.match(error.message, pattern)
    return error.kind === kind
  }

/** A data folder whose schema ends with a step. */
function makeOld(folder: string, steps: number): void {
  const database = new DatabaseSync(join(folder, databaseFile))
  database.exec('pragma journal_mode = wal')
  for (const { sql } of migrations.slice(0, steps)) database.exec(sql)
  database.exec(`insert into meta (name, value) values ('installation', 'abcde');
    pragma application_id = ${applicationId}; pragma user_version = ${steps}`)
  database.close()
}
function inDatabase<T>(folder: string, work: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(join(folder, databaseFile))
  try {
    return work(database)
  } finally {
    database.close()
  }
}
const versionOf = (folder: string): number =>
  inDatabase(folder, (database) => Number(database.prepare('pragma user_version').get()!.user_version))
const schemaOf = (folder: string): unknown[] =>
  inDatabase(folder, (database) => database.prepare('select type, name, sql from sqlite_schema order by name').all())

/** Everything that the database holds. */
const contentOf = (folder: string) =>
  inDatabase(folder, (database) => {
    const read = (sql: string): unknown[] => database.prepare(sql).all()
    const tables = read("select name from sqlite_schema where type = 'table'") as { name: string }[]
    return {
      version: read('pragma user_version'),
      schema: read('select type, name, sql from sqlite_schema order by name'),
      rows: tables.map(({ name }) => [name, read(`select * from "${name}"`)]),
    }
  })

let schemas = 0
/** A schema of the owner's with its first steps, and where it is for both users. */
async function makeOldSchema(steps: number): Promise<{ url: string; ownerUrl: string; version(): Promise<number> }> {
  const schema = `old_${++schemas}`
  const ownerUrl = `${cluster.url}?schema=${schema}`
  const link = await linkTo(ownerUrl)
  await link.script(`create schema ${schema};
    create table schema_version (version bigint not null); insert into schema_version values (0)`)
  for (const { sql } of postgresMigrations.slice(0, steps)) await link.script(sql)
  await link.script(`insert into meta (name, value) values ('installation', 'abcde');
    update schema_version set version = ${steps}`)
  await link.close()
  return {
    url: forServer(ownerUrl),
    ownerUrl,
    async version() {
      const [row] = (await executeAt(ownerUrl, 'select version from schema_version')) as [{ version: number }]
      return row.version
    },
  }
}

test('a command of a newer program leaves an older schema as it is, and says what brings it up to date', async (t) => {
  const folder = makeFolder(t)
  makeOld(folder, latest.number - 1)
  const asCommand = () => openSqlite({ folder, clock: Date.now, sealer: testSealer, exclusive: false })
  const refused = trouble('older', /at step \d+, and this program needs \d+: .*`cadastre migrate`; no other command/)
  assert.throws(asCommand, refused)
  assert.equal(versionOf(folder), latest.number - 1)

  const old = await makeOldSchema(latest.number - 1)
  await assert.rejects(openPostgres({ url: old.ownerUrl, sealer: testSealer, exclusive: false }), refused)
  assert.equal(await old.version(), latest.number - 1)
})

test('no data folder is migrated while a server has it', async (t) => {
  const folder = makeFolder(t)
  makeOld(folder, latest.number - 1)
  const server = new DatabaseSync(join(folder, 'cadastre.lock'))
  server.exec('begin exclusive')
  const open = () => openSqlite({ folder, clock: Date.now, sealer: testSealer, exclusive: true })
  for (const attempt of [() => migrateSqlite(folder), open]) {
    assert.throws(attempt, trouble('locked', /another Cadastre server already uses this folder/))
    assert.equal(versionOf(folder), latest.number - 1)
  }
  server.close()
  assert.deepEqual(migrateSqlite(folder), { from: latest.number - 1, to: latest.number })
  assert.deepEqual(migrateSqlite(folder), { from: latest.number, to: latest.number })
  await open().close()
})

test('of two processes that migrate at once, one waits and finds the work done', async (t) => {
  const folder = makeFolder(t)
  makeOld(folder, 1)
  const words = ['src/main.ts', 'migrate']
  const env = { ...childEnvironment, CADASTRE_DATA: folder }
  const outputs = await Promise.all(
    [1, 2, 3].map(
      () =>
        new Promise<string>((resolve, reject) => {
          execFile(process.execPath, words, { cwd: root, env }, (error, output, errors) =>
            error ? reject(new Error(errors, { cause: error })) : resolve(output),
          )
        }),
    ),
  )
  assert.equal(outputs.filter((output) => /migrated from step 1, step \d+\.\n$/.test(output)).length, 1)
  assert.equal(outputs.filter((output) => /current, step \d+\.\n$/.test(output)).length, 2)

  const { url, ownerUrl } = await makeOldSchema(1)
  const migrated = await Promise.all([1, 2, 3].map(() => migratePostgres({ url, ownerUrl })))
  assert.deepEqual(
    migrated.map(({ from }) => from).sort((a, b) => a - b),
    [1, latest.number, latest.number],
  )
})

test('a crash in the middle of any step leaves a database that the next start brings up to date', async (t) => {
  const whole = makeFolder(t)
  await openSqlite({ folder: whole, clock: Date.now, sealer: testSealer, exclusive: true }).close()
  const expected = schemaOf(whole)
  const growing = makeFolder(t)
  makeOld(growing, 1)
  const crashes = migrations.slice(1).map(({ number, sql }) => {
    const folder = makeFolder(t)
    const before = contentOf(growing)
    inDatabase(growing, (database) => {
      database.exec(`vacuum into '${join(folder, databaseFile)}'`)
      database.exec(`${sql}; pragma user_version = ${number}`)
    })
    return { number, folder, before }
  })
  // One process for all of them: it ends as if by a power cut, with the step of each in its log and not committed.
  const script = `
    const { DatabaseSync } = await import('node:sqlite')
    const { migrations } = await import('#store/schema/migrations.ts')
    const open = JSON.parse(process.argv[1]).map(({ number, folder }) => {
      const database = new DatabaseSync(folder + '/${databaseFile}')
      // What a step changes reaches the log before its end.
      database.exec('pragma journal_mode = wal; pragma cache_size = 1; begin immediate')
      database.exec(migrations[number - 1].sql)
      return database
    })
    if (open.length === ${crashes.length}) process.kill(process.pid, 'SIGKILL')`
  const words = ['--input-type=module', '-e', script, JSON.stringify(crashes, ['number', 'folder'])]
  const crashed = spawn(process.execPath, words, { cwd: root, stdio: 'inherit' })
  const [, signal] = (await once(crashed, 'exit')) as [number | null, string | null]
  assert.equal(signal, 'SIGKILL')
  const logged = crashes.filter(({ folder }) => statSync(join(folder, `${databaseFile}-wal`)).size > 0)
  assert.ok(logged.length > 0, 'the log holds what was not committed')
  for (const { number, folder, before } of crashes) {
    assert.deepEqual(contentOf(folder), before, `after a crash in step ${number}`)
  }
  // All are what a whole migration came by: the next start is tried after the first, one of the middle, and the last.
  for (const { number, folder } of [crashes[0]!, logged[logged.length >> 1]!, crashes.at(-1)!]) {
    await openSqlite({ folder, clock: Date.now, sealer: testSealer, exclusive: true }).close()
    assert.deepEqual(schemaOf(folder), expected, `after a crash in step ${number}`)
  }
})

test('a connection that breaks in the middle of a migration of PostgreSQL leaves the schema as it was', async () => {
  for (const step of [2, Math.floor(latest.number / 2), latest.number]) {
    const { url, ownerUrl, version } = await makeOldSchema(1)
    const link = await linkTo(ownerUrl)
    await link.script('begin')
    for (const { sql, number } of postgresMigrations.slice(1, step)) {
      await link.script(`${sql}; update schema_version set version = ${number}`)
    }
    link.destroy()
    assert.equal(await version(), 1)
    assert.equal((await migratePostgres({ url, ownerUrl })).from, 1)
  }
})

test('a step that servers of the version before do not survive is not taken while one runs', async (t) => {
  const steps = migrations.findLastIndex(({ olderServers }) => olderServers === 'stop')
  const { url, ownerUrl, version } = await makeOldSchema(steps)
  const target = await linkTo(ownerUrl)
  t.after(() => target.close())
  // As every server does from step 22 on.
  await target.script(`select pg_advisory_lock_shared(${0x43414442}, hashtext(current_schema()))`)
  const refused = trouble(
    'locked',
    /servers of another version use the schema `old_\d+`, and would not work after step \d+/,
  )
  await assert.rejects(migratePostgres({ url, ownerUrl }), refused)
  await assert.rejects(openPostgres({ url: ownerUrl, sealer: testSealer }), refused)
  assert.equal(await version(), steps)
  await target.script('select pg_advisory_unlock_all()')
  assert.equal((await migratePostgres({ url, ownerUrl })).from, steps)
})

test('a running server is known to whoever migrates', async (t) => {
  const { url, ownerUrl } = await makeOldSchema(1)
  await migratePostgres({ url, ownerUrl })
  const isThere = async (): Promise<boolean> => {
    const asked = `select pg_try_advisory_lock(${0x43414442}, hashtext(current_schema())) as free, pg_advisory_unlock_all()`
    const [row] = (await executeAt(ownerUrl, asked)) as [{ free: boolean }]
    return !row.free
  }
  assert.equal(await isThere(), false)
  const store = await openPostgres({ url, sealer: testSealer })
  t.after(() => store.close())
  assert.equal(await isThere(), true)
  const command = await openPostgres({ url: ownerUrl, sealer: testSealer, exclusive: false })
  await command.close()
})

// The version before --------------------------------------------------------------------------------------------------

const git = (...words: string[]): string =>
  execFileSync('git', ['-C', root, ...words], {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
const commitsMax = 50

/** The last commit whose schema lacks the newest step; a text says why there is none. */
function findVersionBefore(): { commit: string } | string {
  try {
    const path = 'src/store/schema/migrations.ts'
    const commits = git('log', '--format=%H', `-${commitsMax}`, '--', path).split('\n').filter(Boolean)
    const commit = commits.find((one) => !git('show', `${one}:${path}`).includes(`'${latest.name}'`))
    return commit === undefined ? `the history has no version without the step "${latest.name}"` : { commit }
  } catch {
    return 'there is no git, or no history of this folder'
  }
}
const versionBefore = findVersionBefore()

test('servers of the version before go on beside a schema with the newest step, or are told to stop before it', {
  skip: typeof versionBefore === 'string' ? versionBefore : false,
}, async (t) => {
  assert.ok(typeof versionBefore !== 'string')
  const program = makeFolder(t, tmpdir())
  const archive = join(program, 'archive.tar')
  git('archive', '-o', archive, versionBefore.commit, 'src', 'package.json')
  execFileSync('tar', ['-xf', archive, '-C', program])
  symlinkSync(join(root, 'node_modules'), join(program, 'node_modules'))
  const main = join(program, 'src/main.ts')
  // What it had and this version has no more: without that it has no native API here.
  const { dependencies } = JSON.parse(readFileSync(join(program, 'package.json'), 'utf8')) as {
    dependencies: Readonly<Record<string, string>>
  }
  const missing = Object.keys(dependencies).filter((name) => !existsSync(join(root, 'node_modules', name)))
  if (missing.length > 0) t.diagnostic(`its native API is not asked: ${missing.join(', ')} is not here any more`)

  const ownerUrl = `${cluster.url}?schema=version_before`
  const url = forServer(ownerUrl)
  const keyFile = join(program, 'shared.key')
  writeFileSync(keyFile, testSecretKey)
  const env = {
    ...childEnvironment,
    CADASTRE_DATA: join(program, 'data'),
    CADASTRE_DATABASE_URL: url,
    CADASTRE_MIGRATION_URL: ownerUrl,
    CADASTRE_SECRET_KEY_FILE: keyFile,
    CADASTRE_PORT: '0',
    CADASTRE_BOOTSTRAP_ACCESS_KEY_ID: rootKey.id,
    CADASTRE_BOOTSTRAP_SECRET_ACCESS_KEY: rootKey.secret,
  }
  execFileSync(process.execPath, [main, 'migrate'], { env, stdio: 'pipe' })
  const server = spawn(process.execPath, [main, 'serve'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  endWithThisProcess(server)
  t.after(() => server.kill('SIGKILL'))
  let port = 0
  for await (const line of createInterface({ input: server.stdout })) {
    port = Number(/listens on http:\/\/[\d.]+:(\d+)/.exec(line)?.[1] ?? 0)
    if (port > 0) break
  }
  const token = execFileSync(process.execPath, [main, 'operator', 'token', '--principal', 'user:ana'], {
    env,
    encoding: 'utf8',
  })
  const [, bearer] = /CADASTRE_TOKEN=(\S+)/.exec(token)!
  const assertWorks = async (): Promise<void> => {
    for (const action of ['AllocateAddress', 'DescribeAddresses', 'DescribeIpams']) {
      const { status, body } = await ask(port, action)
      assert.equal(status, 200, body)
    }
    if (missing.length > 0) return
    const headers = { authorization: `Bearer ${bearer}` }
    for (const path of ['pools', 'decisions', 'allocations', 'tokens']) {
      const { status } = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`, { headers })
      assert.equal(status, 200, path)
    }
  }
  await assertWorks()
  const isKnown = existsSync(join(program, 'src/store/readers.ts'))
  if (latest.olderServers === 'stop') {
    // Servers from before step 22 do not say that they are there.
    if (isKnown) await assert.rejects(migratePostgres({ url, ownerUrl }), trouble('locked', /stop them first/))
    server.kill('SIGTERM')
    await once(server, 'exit')
  }
  assert.equal((await migratePostgres({ url, ownerUrl })).to, latest.number)
  if (latest.olderServers === 'go on') await assertWorks()
})

test('the step about whose leave exceptions are used makes of old rows on PostgreSQL what it makes of them on SQLite', async () => {
  const at = postgresMigrations.findIndex(({ name }) => name === 'by whose leave exceptions are used')
  const step = postgresMigrations[at]!
  const old = await makeOldSchema(at)
  const grants = (...pools: string[]): string => JSON.stringify({ pools, provider: pools.length === 0 })
  const exception = (id: string, granted: string, [status, expiresAt]: readonly [string, number]): string =>
    `('${id}', '333333333333', 'l', 't', '${granted}', 0, 'user:a', 0, 'x', '${status}', 0, ${expiresAt}, 'user:a', 0,
      'user:b', 0)`
  const all = grants('ipam-pool-1', 'ipam-pool-2', 'ipam-pool-3', 'ipam-pool-4')
  const link = await linkTo(old.ownerUrl)
  // Rows that refer to nothing, as in the test of the embedded database.
  await link.script(`set session_replication_role = replica;
    insert into organization_node (id, kind, parent_id, name, created_at) values
      ('r-1', 'root', null, 'Root', 0), ('ou-1', 'organizational-unit', 'r-1', 'Prod', 0),
      ('333333333333', 'account', 'ou-1', 'shop', 0);
    insert into pool (n, id, ipam_id, scope_id, account, depth, family, created_at)
      select n, 'ipam-pool-' || n, 'ipam-1', 'scope-1', case n when 4 then '333333333333' else '222222222222' end, 1, 4, 0
      from generate_series(1, 5) n;
    insert into pool_share (pool, principal) values (1, 'ou-1'), (3, 'ou-2'), (4, 'r-1'), (5, '333333333333');
    insert into holder (n, account, resource_type, region) values (1, '333333333333', 'eip', 'us-east-1');
    insert into allocation (n, pool, first, length, holder, created_at) values
      (7, 1, '\\x00000000000000000000ffff0a000001', 32, 1, 10);
    insert into allocation_history (n, pool, first, length, resource_type, account, created_at, released_at) values
      (8, 1, '\\x00000000000000000000ffff0a000002', 32, 'eip', '444444444444', 10, 20);
    insert into exception_use (exception_id, decision, allocation, resource_type, account) values
      ('exception-1', 1, 7, null, null), ('exception-1', 2, 8, null, null), ('exception-1', 3, null, 'eip', '555555555555');
    insert into origin (n, account, principal, access_key_id, source_address, region, action)
      values (1, 'a', 'p', 'k', '', '', 'act');
    insert into audit_entry (n, at, origin, request_id, outcome, subjects) values (1, 100, 1, 'r', 'Success', '');
    insert into policy_exception (id, target_id, locale, resource_type, grants, is_break_glass, requested_by, requested_at,
      reason, status, starts_at, expires_at, asked_by, asked_at, approved_by, approved_at) values
      ${exception('exception-1', all, ['approved', 101])}, ${exception('exception-2', grants('ipam-pool-2'), ['approved', 101])},
      ${exception('exception-3', grants(), ['approved', 101])}, ${exception('exception-4', all, ['approved', 100])},
      ${exception('exception-5', grants('ipam-pool-5', 'ipam-pool-1'), ['approved', 101])};
    set session_replication_role = origin`)
  await link.script(step.sql)
  const [shared] = await link.script('select id, shared_pools from policy_exception order by id')
  assert.deepEqual(
    (shared!.rows as { id: string; shared_pools: string }[]).map((row) => [
      row.id,
      (JSON.parse(row.shared_pools) as string[]).sort(),
    ]),
    [
      ['exception-1', ['ipam-pool-1']],
      ['exception-2', []],
      ['exception-3', []],
      // It was over by the last entry of the record.
      ['exception-4', []],
      ['exception-5', ['ipam-pool-1', 'ipam-pool-5']],
    ],
  )
  const [used] = await link.script('select decision::int as decision, account from exception_use order by decision')
  assert.deepEqual(
    (used!.rows as { decision: number; account: string }[]).map(({ decision, account }) => [decision, account]),
    [
      [1, '333333333333'],
      [2, '444444444444'],
      [3, '555555555555'],
    ],
  )
  await link.close()
})
