// What a server's role on PostgreSQL cannot do, and what a server says that has other rights than it needs.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { type Notice, openPostgres } from '#store/postgres/engine.ts'
import type { Link } from '#store/postgres/link.ts'
import { migratePostgres } from '#store/postgres/migrate.ts'
import { rights } from '#store/postgres/rights.ts'
import { grantedTables, postgresMigrations, tables } from '#store/postgres/sql.ts'
import type { Store } from '#store/store.ts'
import { StoreTrouble } from '#store/trouble.ts'
import { childEnvironment } from './children.ts'
import { startServer } from './clients/server.ts'
import { testSecretKey } from './database.ts'
import { emptyPostgres, executeAt, linkTo, ownerOf, startPostgres, type TestPostgres } from './postgres.ts'
import { openSealer } from './world.ts'

/** A cluster of its own: roles belong to a cluster as a whole. */
let cluster: TestPostgres
before(async () => {
  cluster = await startPostgres()
})
after(() => cluster.stop())

const codeOf = (error: unknown): string => (error as { code?: string }).code ?? String(error)
const permissionDenied = '42501'
/** What `refuse_change` raises. */
const restrictViolation = '23001'

/** The SQLSTATE with which a statement is refused; empty where it is not. */
async function refusalOf(link: Link, sql: string): Promise<string> {
  try {
    await link.script(`begin; ${sql}`)
    return ''
  } catch (error) {
    return codeOf(error)
  } finally {
    await link.script('rollback')
  }
}

/** Tables of the record, each with a column that nobody changes. */
const record = {
  allocation_history: 'account',
  audit_entry: 'outcome',
  decision: 'request',
  history: 'body',
  origin: 'account',
  policy_version: 'author',
  ruling: 'account',
  tenure_state: 'description',
}

const entry = `insert into origin values (1, '', '', '', '', '', ''); insert into audit_entry values (1, 0, 1, '', '', '')`
/** A row in each that a server may take away once it is old, which is never unless the operator says so. */
const forgotten = {
  ruling: `insert into ruling values (1, '', '', '', 'deny', '', null, null, null, '{}')`,
  decision: 'insert into decision values (1, 0, 1, null, null, null, 1)',
  candidate_difference: `insert into candidate_difference values (1, '', '', '', 1, 0)`,
}

test("I7 the server's role can change nothing of what is on record, and none of what guards it", async () => {
  const url = await emptyPostgres(cluster.url)
  const link = await linkTo(url)
  for (const [table, column] of Object.entries(record)) {
    for (const sql of [`update ${table} set ${column} = ''`, `truncate ${table}`])
      assert.equal(await refusalOf(link, sql), permissionDenied, sql)
    if (!(table in forgotten)) assert.equal(await refusalOf(link, `delete from ${table}`), permissionDenied, table)
  }
  await executeAt(url, [entry, ...Object.values(forgotten)].join(';'))
  for (const table of Object.keys(forgotten))
    assert.equal(await refusalOf(link, `delete from ${table}`), restrictViolation, table)
  for (const sql of [
    'drop trigger audit_entry_kept on audit_entry',
    'alter table audit_entry disable trigger all',
    'alter table audit_entry disable trigger audit_entry_immutable',
    'alter table audit_entry add column x text',
    'alter table audit_entry owner to current_user',
    'alter function refuse_change() rename to x',
    `create or replace function refuse_change() returns trigger language plpgsql as 'begin return null; end'`,
    'create table x (n bigint)',
    'create view x as select 1',
    'drop table request_token',
    'drop schema if exists cadastre_never cascade; create schema x',
    'set session_replication_role = replica',
    'alter role current_user superuser',
    'delete from counter',
    'insert into counter values ($$x$$, 1)',
    'update meta set value = $$00000$$',
    'update schema_version set version = 0',
    'update retention set decision_days = 30',
    'delete from retention; insert into retention values (1, 30, 0)',
    'update record_day set at = 0',
    'delete from record_day',
    'drop trigger decision_kept on decision',
    'alter function decision_kept() reset search_path',
  ])
    assert.equal(await refusalOf(link, sql), permissionDenied, sql)
  await link.close()
})

test('I7 a closed interval of the history cannot be opened again by a server', async () => {
  const url = await emptyPostgres(cluster.url)
  const store = await openPostgres({ url, sealer: openSealer })
  const object = { id: 'object', kind: 'pool', account: '111111111111' }
  for (const body of [{ version: 1 }, { version: 2 }]) await store.write((tx) => tx.history.changed(object, body))
  await store.close()
  const link = await linkTo(url)
  assert.equal(await refusalOf(link, 'update history set until_at = null where version = 1'), restrictViolation)
  assert.equal(await refusalOf(link, 'update history set until_at = 7 where version = 2'), '')
  await link.close()
})

test('every table is what its definition says: its columns, their types, and what they name', async () => {
  const columns = (await executeAt(
    await emptyPostgres(cluster.url),
    `select t.relname as "table", array_agg(a.attname::text || ' ' || format_type(a.atttypid, null) order by a.attname::text collate "C") as columns,
       coalesce((select array_agg(distinct o.relname::text order by o.relname::text) from pg_constraint k join pg_class o on o.oid = k.confrelid
         where k.conrelid = t.oid and k.contype = 'f'), '{}') as named
     from pg_class t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
     where t.relnamespace = current_schema()::regnamespace and t.relkind = 'r' group by t.oid, t.relname order by 1`,
  )) as readonly { table: string; columns: string[]; named: string[] }[]
  assert.equal(columns.length, tables.size)
  for (const row of columns) {
    const { columns: defined, references } = tables.get(row.table)!
    assert.deepEqual([...defined].map((column) => column.join(' ')).sort(), row.columns, row.table)
    assert.deepEqual([...references].sort(), row.named, `${row.table} references`)
  }
})

test('the rights that a role has are those of its line, table by table', async () => {
  const url = await emptyPostgres(cluster.url)
  const rows = (await executeAt(
    url,
    `select table_name as "table", string_agg(lower(privilege_type), ' ' order by privilege_type) as words
     from information_schema.table_privileges where table_schema = current_schema() group by 1`,
  )) as readonly { table: string; words: string }[]
  assert.deepEqual(rows.map(({ table }) => table).sort(), [...grantedTables].sort())
  for (const { table, words } of rows) {
    const { insert, delete: remove } = rights[table]!
    assert.equal(words, [remove && 'delete', insert && 'insert', 'select'].filter(Boolean).join(' '), table)
  }
  const columns = (await executeAt(
    url,
    `select table_name as "table", array_agg(column_name::text order by column_name::text collate "C") as names
     from information_schema.column_privileges
     where table_schema = current_schema() and privilege_type = 'UPDATE' group by 1 order by 1`,
  )) as readonly { table: string; names: string[] }[]
  assert.deepEqual(
    Object.fromEntries(columns.map(({ table, names }) => [table, names])),
    Object.fromEntries(Object.entries(rights).flatMap(([table, { update }]) => (update ? [[table, update]] : []))),
  )
})

// What a server says -------------------------------------------------------------------------------------------------

/** Opens a store and closes it again; answers what it told. */
async function noticesOf(url: string): Promise<Notice[]> {
  const notices: Notice[] = []
  const store: Store = await openPostgres({ url, sealer: openSealer, onNotice: (notice) => notices.push(notice) })
  await store.close()
  return notices
}

test('a server with the rights of a server says nothing; one that may do more says what', async () => {
  const url = await emptyPostgres(cluster.url)
  assert.deepEqual(await noticesOf(url), [])
  await executeAt(
    ownerOf(url),
    `grant delete, update (request_id) on audit_entry to cadastre_server;
     grant update on decision to public`,
  )
  const [notice] = await noticesOf(url)
  assert.deepEqual(notice, {
    kind: 'rights',
    user: 'cadastre_server',
    excess: [
      'delete on audit_entry',
      'update a column on audit_entry',
      'update on decision',
      'update a column on decision',
    ],
  })
  const [owner] = await noticesOf(ownerOf(url))
  assert.deepEqual(owner, { kind: 'rights', user: 'cadastre', excess: ['everything'] })
  // Migrating again gives back what was right.
  await migratePostgres({ url, ownerUrl: ownerOf(url) })
  assert.deepEqual(await noticesOf(url), [])
})

test('a server that lacks a right, or a step of the schema, says who must do what', async () => {
  const url = await emptyPostgres(cluster.url)
  const refused = (pattern: RegExp) =>
    assert.rejects(noticesOf(url), (error) => {
      assert.ok(error instanceof StoreTrouble, String(error))
      assert.match(error.message, pattern)
      return true
    })
  await executeAt(ownerOf(url), 'revoke update (until_at) on history from cadastre_server')
  await refused(/lacks rights .*update until_at on history.*`cadastre migrate`/)
  await executeAt(ownerOf(url), 'update schema_version set version = 1')
  await refused(/is at step 1, and this program needs \d+; `cadastre_server` may not change it: run `cadastre migrate`/)
  await executeAt(ownerOf(url), 'update schema_version set version = 999')
  await refused(/written by a newer Cadastre/)
  const schema = new URL(url).searchParams.get('schema')!
  await executeAt(ownerOf(url), `revoke all on schema ${schema} from cadastre_server`)
  await refused(/no rights on the schema `\w+`; run `cadastre migrate`/)
  await executeAt(ownerOf(url), `drop schema ${schema} cascade`)
  await refused(/is not there; `cadastre_server` may not change it: run `cadastre migrate`/)
})

test('rights are only given where they can be limited, in the same database and schema, by the owner', async () => {
  const url = await emptyPostgres(cluster.url)
  const ownerUrl = ownerOf(url)
  const nobody = url.replace('cadastre_server:', 'no_such_role:')
  await assert.rejects(migratePostgres({ url: nobody, ownerUrl }), /there is no role `no_such_role`/)
  await executeAt(ownerUrl, 'create role cadastre_member login; grant cadastre to cadastre_member')
  const member = url.replace('cadastre_server:cadastre_server', 'cadastre_member')
  await assert.rejects(migratePostgres({ url: member, ownerUrl }), /a member of the schema's owner/)
  await assert.rejects(migratePostgres({ url, ownerUrl: url }), /`cadastre_server` may not change the schema/)
  await assert.rejects(migratePostgres({ url, ownerUrl: `${ownerUrl}2` }), /names the database .* the servers' names/)
})

test('a schema of the first step is brought forward by its owner, and its servers start then', async () => {
  const url = await emptyPostgres(cluster.url)
  const schema = new URL(url).searchParams.get('schema')!
  await executeAt(
    ownerOf(url),
    `drop schema ${schema} cascade; create schema ${schema}; create table schema_version (version bigint not null);
     insert into schema_version values (1); ${postgresMigrations[0]!.sql}; insert into meta values ('installation', 'abcde')`,
  )
  await assert.rejects(noticesOf(url), /no rights on the schema/)
  const migrated = await migratePostgres({ url, ownerUrl: ownerOf(url) })
  assert.deepEqual(migrated, { schema, from: 1, to: postgresMigrations.length, grantedTo: 'cadastre_server' })
  assert.deepEqual(await noticesOf(url), [])
})

const main = join(import.meta.dirname, '../src/main.ts')
test('the operator migrates with one command, then a server runs without the right to', async () => {
  const url = await emptyPostgres(cluster.url)
  const schema = new URL(url).searchParams.get('schema')!
  await executeAt(ownerOf(url), `drop schema ${schema} cascade`)
  const folder = await mkdtemp(join(tmpdir(), 'cadastre-migrate-'))
  const keyFile = join(folder, 'key')
  await writeFile(keyFile, testSecretKey)
  const settings = { CADASTRE_DATABASE_URL: url, CADASTRE_SECRET_KEY_FILE: keyFile }
  const run = (words: readonly string[], more: Record<string, string> = {}) =>
    promisify(execFile)(process.execPath, [main, ...words], { env: { ...childEnvironment, ...settings, ...more } })
  await assert.rejects(startServer(settings), /run `cadastre migrate`/)
  const asOwner = { CADASTRE_MIGRATION_URL: ownerOf(url) }
  const { stdout } = await run(['migrate'], asOwner)
  assert.match(stdout, /^Schema `\w+`: made, step \d+\. The user `cadastre_server` has a server's rights\.\n$/)
  const server = await startServer(settings)
  // Throws where anything was logged, such as that it has more rights than it needs.
  await server.stop()
  await assert.rejects(run(['decisions', 'keep', '400d']), /owner of the schema/)
  const kept = await run(['decisions', 'keep', '400d'], asOwner)
  assert.equal(kept.stdout, 'Decisions are kept for 400 days. Forgotten so far: none.\n')
  assert.equal((await run(['decisions', 'keep'])).stdout, kept.stdout)
  await rm(folder, { recursive: true, force: true })
})
