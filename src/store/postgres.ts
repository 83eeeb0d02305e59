// PostgreSQL: any number of servers on one database, one batch at a time among all of them.
import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Sealer } from './access-keys.ts'
import { Batches, type Engine } from './batching.ts'
import { type CountingSql, type Loaded, Nouns } from './nouns.ts'
import {
  connect,
  isConflict,
  isDatabaseError,
  type Link,
  type LinkOptions,
  parseTarget,
  postgresTroubleOf,
  type Result,
} from './postgres-link.ts'
import { type ManyRows, postgresMigrations, referencesOf, translate, translateMany } from './postgres-sql.ts'
import { SharedTokens } from './postgres-tokens.ts'
import type { SqlValue } from './sql.ts'
import type { Store, Transaction } from './store.ts'
import { StoreTrouble } from './trouble.ts'

/** Connections that read beside the one that writes. */
const readersMax = 4
const deadlineMsDefault = 10_000
/** "CADA": the first half of the name of our lock; the second is the schema. */
const lockClass = 0x43414441
const takeLock = `select pg_advisory_xact_lock(${lockClass}, hashtext(current_schema()))`
const databaseTime = '(extract(epoch from clock_timestamp()) * 1000)::bigint'
const readCounters = `select (select value from meta where name = 'installation') as installation,
  (select value from counter where name = 'sequence') as sequence,
  (select value from counter where name = 'governance-epoch') as "governanceEpoch", ${databaseTime} as time`

export interface PostgresOptions {
  readonly url: string
  readonly sealer: Sealer
  readonly isHighlyAvailable?: boolean
  /** How long a statement, a commit or a connection is waited for. */
  readonly deadlineMs?: number
  /** Milliseconds since 1970; undefined (as in every server): the database's own, which all servers share. */
  readonly clock?: () => number
  readonly onFatal?: (trouble: StoreTrouble) => void
}

interface Start extends Loaded {
  readonly time: number
}

/** Rows of one text that wait to be sent together: an array for each parameter. */
interface Waiting {
  readonly many: ManyRows
  readonly columns: SqlValue[][]
}

/** The SQL door over whatever connection there is now. */
class PostgresSql implements CountingSql {
  changes = 0
  link: Link | undefined
  readonly #waiting = new Map<string, Waiting>()

  async get<Row>(text: string, ...values: SqlValue[]): Promise<Row | undefined> {
    return (await this.#execute(text, values)).rows[0] as Row | undefined
  }
  async all<Row>(text: string, ...values: SqlValue[]): Promise<Row[]> {
    return (await this.#execute(text, values)).rows as Row[]
  }
  async run(text: string, ...values: SqlValue[]): Promise<number> {
    const changes = (await this.#execute(text, values)).rowCount ?? 0
    this.changes += changes
    return changes
  }
  later(text: string, ...values: SqlValue[]): void {
    let waiting = this.#waiting.get(text)
    if (!waiting) {
      const many = translateMany(text)
      waiting = { many, columns: Array.from({ length: many.width }, () => []) }
      this.#waiting.set(text, waiting)
    }
    for (const [index, column] of waiting.columns.entries()) column.push(values[index]!)
    this.changes++
  }
  /** One parameter, which is an array. */
  async findMany(text: string, values: readonly Uint8Array[]): Promise<readonly unknown[]> {
    const { name, needs } = translate(text)
    for (const table of needs) await this.#sendOf(table)
    return (await this.link!.query(name, text, [values])).rows
  }
  forget(): void {
    this.#waiting.clear()
  }
  /** Sends what waits. */
  async flush(): Promise<void> {
    for (const [text, { many }] of this.#waiting) if (this.#waiting.has(text)) await this.#sendOf(many.table)
  }

  async #execute(text: string, values: SqlValue[]): Promise<Result> {
    const statement = translate(text)
    if (this.#waiting.size > 0) for (const table of statement.needs) await this.#sendOf(table)
    return this.link!.query(statement.name, statement.text, values)
  }
  /** Sends what waits for a table, and before it what its rows refer to. */
  async #sendOf(table: string): Promise<void> {
    for (const [text, { many, columns }] of this.#waiting) {
      if (many.table !== table || !this.#waiting.has(text)) continue
      this.#waiting.delete(text)
      for (const other of referencesOf(table)) if (other !== table) await this.#sendOf(other)
      await this.link!.query(many.name, many.text, columns)
    }
  }
}

class PostgresEngine implements Engine {
  readonly transaction: Nouns
  readonly #sql = new PostgresSql()
  readonly #tokens: SharedTokens
  readonly #options: LinkOptions
  readonly #now: (databaseTime: number) => number
  /** What the database must have: less means that it is an old copy, or a primary that was left behind. */
  #acknowledged = 0
  #start: Start | undefined

  constructor(link: Link, sealer: Sealer, options: LinkOptions, now: (databaseTime: number) => number) {
    this.#sql.link = link
    this.#options = options
    this.#now = now
    this.#tokens = new SharedTokens(this.#sql, (text, tokens) => this.#sql.findMany(text, tokens))
    this.transaction = new Nouns(this.#sql, sealer, this.#tokens)
  }

  async begin(tokens: readonly (Uint8Array | undefined)[]): Promise<void> {
    this.#start = undefined
    if (!this.#sql.link?.isUsable) this.#sql.link = await connect(this.#options)
    // The lock in a statement of its own: what follows must see what its last holder committed.
    const results = await this.#sql.link.script(`begin; ${takeLock}; savepoint batch; ${readCounters}`)
    const start = results.at(-1)!.rows[0] as Start
    if (start.sequence < this.#acknowledged) {
      this.#sql.link.destroy()
      throw new StoreTrouble(
        'unavailable',
        `the database lacks what this server acknowledged (number ${this.#acknowledged}, it is at ${start.sequence}): it is an old copy, or a primary that was left behind`,
        { fatal: false },
      )
    }
    this.#start = start
    this.transaction.load(start)
    this.transaction.now = this.#now(start.time)
    this.transaction.space.forgetPools()
    await this.#tokens.begin(tokens)
  }
  async commit(): Promise<void> {
    await this.transaction.flush()
    await this.#tokens.flush(this.transaction.now)
    await this.#sql.flush()
    // From here on there is nothing left to roll back, whatever comes of it.
    this.#start = undefined
    await this.#sql.link!.commit()
    this.#acknowledged = this.transaction.drawn.sequence
  }
  /**
   * Undoes the batch, but keeps what was drawn: a denial that is about to be recorded names a number, and a snapshot an
   * epoch. The lock is held until that is committed, so nobody else draws them in between.
   */
  async rollback(): Promise<void> {
    this.#sql.forget()
    this.transaction.forget()
    const { link } = this.#sql
    if (!link?.isUsable) return
    if (!this.#start) return link.destroy()
    const { sequence, governanceEpoch } = this.transaction.drawn
    try {
      await link.script(`rollback to savepoint batch;
        update counter set value = ${sequence} where name = 'sequence' and value < ${sequence};
        update counter set value = ${governanceEpoch} where name = 'governance-epoch' and value < ${governanceEpoch}`)
      await link.commit()
    } catch (error) {
      link.destroy()
      const message = `a rollback failed (${(error as Error).message})`
      throw postgresTroubleOf(error) ?? new StoreTrouble('unavailable', message, { fatal: false, cause: error })
    }
  }
  troubleOf(error: unknown): StoreTrouble | undefined {
    return postgresTroubleOf(error)
  }
  spoils(error: unknown): boolean {
    return isDatabaseError(error) || postgresTroubleOf(error) !== undefined
  }
  isConflict(error: unknown): boolean {
    return isConflict(error)
  }
  async close(): Promise<void> {
    await this.#sql.link?.close()
  }
}

/** One connection that reads, with the nouns over it. */
class Reader {
  readonly #sql = new PostgresSql()
  readonly #nouns: Nouns
  readonly #options: LinkOptions

  constructor(sealer: Sealer, options: LinkOptions) {
    this.#options = options
    this.#nouns = new Nouns(
      this.#sql,
      sealer,
      new SharedTokens(this.#sql, (text, tokens) => this.#sql.findMany(text, tokens)),
    )
  }
  async run<T>(work: (tx: Transaction) => Promise<T>, now: (databaseTime: number) => number): Promise<T> {
    if (!this.#sql.link?.isUsable) this.#sql.link = await connect(this.#options)
    const { link } = this.#sql
    const results = await link.script(`begin isolation level repeatable read read only; ${readCounters}`)
    const start = results.at(-1)!.rows[0] as Start
    this.#nouns.load(start)
    this.#nouns.forget()
    this.#nouns.now = now(start.time)
    try {
      return await work(this.#nouns)
    } finally {
      this.#sql.forget()
      await link.script('rollback').catch(() => link.destroy())
    }
  }
  async close(): Promise<void> {
    await this.#sql.link?.close()
  }
}

class PostgresStore implements Store {
  readonly #engine: PostgresEngine
  readonly #batches: Batches
  readonly #options: PostgresOptions
  readonly #linkOptions: LinkOptions
  readonly #readers: Reader[] = []
  readonly #idle: Reader[] = []
  readonly #waiting: ((reader: Reader) => void)[] = []
  #lastNow = 0

  constructor(link: Link, options: PostgresOptions, linkOptions: LinkOptions) {
    this.#options = options
    this.#linkOptions = linkOptions
    this.#engine = new PostgresEngine(link, options.sealer, linkOptions, (time) => this.#now(time))
    this.#batches = new Batches(this.#engine, options.onFatal)
  }

  write<T>(work: (tx: Transaction) => Promise<T>, token?: Uint8Array): Promise<T> {
    return this.#batches.run(work, token)
  }
  async read<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    if (this.#batches.closed) throw this.#batches.closed
    const reader = await this.#takeReader()
    try {
      return await reader.run(work, (time) => this.#now(time))
    } catch (error) {
      throw postgresTroubleOf(error) ?? error
    } finally {
      const next = this.#waiting.shift()
      if (next) next(reader)
      else this.#idle.push(reader)
    }
  }
  async close(): Promise<void> {
    await this.#batches.close()
    while (this.#idle.length < this.#readers.length) await pause(1)
    await Promise.all([this.#engine.close(), ...this.#readers.map((reader) => reader.close())])
  }

  #takeReader(): Reader | Promise<Reader> {
    const idle = this.#idle.pop()
    if (idle) return idle
    if (this.#readers.length >= readersMax) return new Promise((resolve) => this.#waiting.push(resolve))
    const reader = new Reader(this.#options.sealer, this.#linkOptions)
    this.#readers.push(reader)
    return reader
  }
  #now(time: number): number {
    this.#lastNow = Math.max(this.#lastNow, this.#options.clock?.() ?? time)
    return this.#lastNow
  }
}

/** Opens (and where needed makes or migrates) the database. Throws StoreTrouble with a message for the operator. */
export async function openPostgres(options: PostgresOptions): Promise<Store> {
  const target = parseTarget(options.url)
  if (typeof target === 'string') throw new StoreTrouble('foreign', `The database's URL: ${target}.`, { fatal: true })
  const linkOptions: LinkOptions = {
    target,
    isHighlyAvailable: options.isHighlyAvailable ?? false,
    deadlineMs: options.deadlineMs ?? deadlineMsDefault,
  }
  try {
    const link = await connect(linkOptions)
    try {
      await migrate(link, target.schema)
    } catch (error) {
      link.destroy()
      throw error
    }
    return new PostgresStore(link, options, linkOptions)
  } catch (error) {
    const trouble = postgresTroubleOf(error)
    if (!trouble) throw error
    const message = `Cannot open the database \`${target.database}\`: ${trouble.message}.`
    throw new StoreTrouble(trouble.kind, message, { fatal: true, cause: error })
  }
}

/** Every server does so at its start, one after the other. */
async function migrate(link: Link, schema: string): Promise<void> {
  await link.script(`begin; select pg_advisory_xact_lock(${lockClass}, hashtext('${schema}'))`)
  const [state] = await link.script(
    `select to_regnamespace('${schema}') is not null as "hasSchema", to_regclass('${schema}.schema_version') is not null as "hasVersion"`,
  )
  const { hasSchema, hasVersion } = state!.rows[0] as { hasSchema: boolean; hasVersion: boolean }
  if (!hasSchema) await link.script(`create schema "${schema}"`)
  if (!hasVersion) {
    await link.script('create table schema_version (version bigint not null); insert into schema_version values (0)')
  }
  const [{ version }] = (await link.script('select version from schema_version'))[0]!.rows as [{ version: number }]
  const latest = postgresMigrations.at(-1)!.number
  if (version > latest) {
    throw new StoreTrouble(
      'newer',
      `it was written by a newer Cadastre (schema ${version}, this program knows ${latest}); use that version`,
      { fatal: true },
    )
  }
  for (const migration of postgresMigrations.slice(version)) {
    await link.script(migration.sql)
    if (migration.number === 1) {
      const installation = randomBytes(3).toString('hex').slice(0, 5)
      await link.script(`insert into meta (name, value) values ('installation', '${installation}')`)
    }
    await link.script(`update schema_version set version = ${migration.number}`)
  }
  await link.commit()
}
