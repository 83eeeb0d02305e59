// An empty database of the engine under test: for stores and server processes, and looked into beside them.
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openPostgres } from '#store/postgres/engine.ts'
import { columnsOf, tableNames } from '#store/postgres/sql.ts'
import { openSqlite } from '#store/sqlite/engine.ts'
import type { Store } from '#store/store.ts'
import type { Sealer } from '#store/tables/access-keys.ts'
import type { StoreTrouble } from '#store/trouble.ts'
import { dataRoot } from './data-root.ts'
import { type Engine, engineUnderTest } from './engines.ts'
import { ownerOf } from './postgres.ts'
import { databaseFile, prepareFile, quoted, testSealer, testSecretKey, withoutTriggers } from './prepared.ts'
import { giveBackSchema, type Schema, takeSchema } from './schema.ts'

export interface OpenOptions {
  /** Milliseconds since 1970. */
  readonly clock?: () => number
  readonly sealer?: Sealer
  readonly onFatal?: (trouble: StoreTrouble) => void
  readonly onStale?: (trouble: StoreTrouble | undefined) => void
  readonly acceptsClock?: boolean
  /** As in `BatchLimits`. */
  readonly workMsMax?: number
  /** How long PostgreSQL is waited for. */
  readonly deadlineMs?: number
}
export type Row = Readonly<Record<string, unknown>>
/** Of each table every row as text, in the order of its columns. */
export type Tables = Readonly<Record<string, readonly string[]>>

export interface TestDatabase {
  readonly engine: Engine
  /** Whatever the engine: a temporary folder, which `remove` takes away. */
  readonly folder: string
  /** What tells a server process of this database. */
  readonly settings: Readonly<Record<string, string>>
  /** As a server opens it. */
  open(options?: OpenOptions): Promise<Store>
  /** As the operator's commands open it, beside the servers: on PostgreSQL as the owner of the schema. */
  openAsOwner(options?: OpenOptions): Promise<Store>
  /** Reads beside the stores what is committed. */
  select(sql: string): Promise<readonly Row[]>
  tables(options?: { readonly except?: readonly string[] }): Promise<Tables>
  /** Executes SQL beside the stores. */
  execute(sql: string): Promise<void>
  /** The same, as nobody should: without foreign keys and triggers. */
  tamper(sql: string): Promise<void>
  /** Copies all rows; what it answers puts them back, past foreign keys and triggers as `tamper` does. */
  keep(): Promise<() => Promise<void>>
  /** The schema, where the engine has one. */
  readonly schema?: Schema
  /** Once all stores and processes on it have ended. */
  remove(): Promise<void>
}

export { testSealer, testSecretKey }

let prepared: Promise<Uint8Array> | undefined

/**
 * At the newest step of the schema, and nothing in it. `cluster` is the URL of a PostgreSQL other than the one that all share.
 */
export async function emptyDatabase(engine: Engine = engineUnderTest, cluster?: string): Promise<TestDatabase> {
  const database = await newDatabase(engine, cluster)
  if (engine === 'postgres') return database
  prepared ??= prepareFile()
  await writeFile(join(database.folder, databaseFile), await prepared, { mode: 0o600 })
  // Each database is an installation of its own, as if its steps had been taken in its folder.
  await database.execute(`pragma synchronous = off;
    update meta set value = '${randomBytes(3).toString('hex').slice(0, 5)}' where name = 'installation'`)
  return database
}

/** The same before the first start of a server: of the embedded database there is no file yet. */
export async function newDatabase(engine: Engine = engineUnderTest, cluster?: string): Promise<TestDatabase> {
  const folder = await mkdtemp(join(dataRoot(), 'cadastre-test-'))
  if (engine === 'postgres') return inSchema(folder, await takeSchema(cluster))
  await writeFile(join(folder, 'secret.key'), testSecretKey, { mode: 0o600 })
  return inFolder(folder)
}

/** Bytes as hexadecimal digits. */
const asText = (row: unknown): string =>
  JSON.stringify(
    Object.fromEntries(
      Object.entries(row as Row).map(([column, value]) => [
        column,
        value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
      ]),
    ),
  )
const selectAll = (table: string): string =>
  `select * from ${quoted(table)} order by ${columnsOf(table).map(quoted).join(', ')}`

/**
 * What asks for no order has none: an engine gives rows in whichever order it last happened to write them. Here it is always the other
 * one, so that nobody gets used to it.
 */
const inNoOrder = (sql: string, rows: readonly Row[]): readonly Row[] =>
  /\border by\b/i.test(sql) ? rows : rows.toReversed()

const busyMs = 5_000
function inFolder(folder: string): TestDatabase {
  let copies = 0
  const beside = <T>(work: (database: DatabaseSync) => T, checks = true): T => {
    // A server beside it may be writing at that moment.
    const options = { enableForeignKeyConstraints: checks, timeout: busyMs }
    const database = new DatabaseSync(join(folder, databaseFile), options)
    try {
      return work(database)
    } finally {
      database.close()
    }
  }
  return {
    engine: 'sqlite',
    folder,
    settings: { CADASTRE_DATA: folder },
    open: async ({ clock = Date.now, sealer = testSealer, deadlineMs: _, ...options } = {}) =>
      openSqlite({ folder, clock, sealer, ...options, exclusive: true }),
    openAsOwner: async ({ clock = Date.now, sealer = testSealer, acceptsClock } = {}) =>
      openSqlite({ folder, clock, sealer, acceptsClock, exclusive: false }),
    select: async (sql) =>
      inNoOrder(
        sql,
        beside((database) => database.prepare(sql).all()),
      ),
    tables: async ({ except = [] } = {}) =>
      beside((database) => {
        const names = database.prepare("select name from sqlite_schema where type = 'table' order by name").all()
        const wanted = names.map(({ name }) => String(name)).filter((name) => !except.includes(name))
        return Object.fromEntries(wanted.map((name) => [name, database.prepare(selectAll(name)).all().map(asText)]))
      }),
    execute: async (sql) => beside((database) => database.exec(sql)),
    tamper: async (sql) => beside((database) => withoutTriggers(database, () => database.exec(sql)), false),
    async keep() {
      const copy = join(folder, `kept-${++copies}.db`)
      beside((database) => database.exec(`vacuum into '${copy}'`))
      return async () =>
        beside((database) => {
          const tables = database
            .prepare("select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'")
            .all()
            .map(({ name }) => quoted(String(name)))
          database.exec(`attach '${copy}' as kept; begin`)
          withoutTriggers(database, () => {
            for (const table of tables) {
              database.exec(`delete from main.${table}; insert into main.${table} select * from kept.${table}`)
            }
          })
          database.exec('commit; detach kept')
        }, false)
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

async function inSchema(folder: string, schema: Schema): Promise<TestDatabase> {
  const { url } = schema
  const keyFile = join(folder, 'shared.key')
  await writeFile(keyFile, testSecretKey)
  const script = (sql: string) => schema.script(sql.replace(/\bx'(\w+)'/g, "'\\x$1'::bytea"))
  return {
    engine: 'postgres',
    folder,
    schema,
    settings: { CADASTRE_DATA: folder, CADASTRE_DATABASE_URL: url, CADASTRE_SECRET_KEY_FILE: keyFile },
    open: ({ sealer = testSealer, ...options } = {}) => openPostgres({ url, sealer, ...options }),
    openAsOwner: ({ sealer = testSealer, ...options } = {}) => openPostgres({ url: ownerOf(url), sealer, ...options }),
    select: async (sql) => inNoOrder(sql, (await script(sql)).at(-1)!.rows as Row[]),
    async tables({ except = [] } = {}) {
      const wanted = tableNames.filter((name) => !except.includes(name))
      const results = await script(wanted.map(selectAll).join(';'))
      return Object.fromEntries(wanted.map((name, index) => [name, results[index]!.rows.map(asText)]))
    },
    async execute(sql) {
      await script(sql)
    },
    // As a replica applies changes: without triggers, and foreign keys are triggers.
    async tamper(sql) {
      await script(`set session_replication_role = replica; ${sql}; reset session_replication_role`)
    },
    keep: () => schema.keep(),
    async remove() {
      await giveBackSchema(schema)
      await rm(folder, { recursive: true, force: true })
    },
  }
}
