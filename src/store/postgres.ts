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
import { SharedSpace } from './postgres-space.ts'
import {
  type ManyRows,
  type ManySql,
  postgresMigrations,
  referencesOf,
  translate,
  translateMany,
} from './postgres-sql.ts'
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
  /** How long a statement, a commit, a connection or the end of conflicts is waited for. */
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
class PostgresSql implements ManySql, CountingSql {
  changes = 0
  link: Link | undefined
  readonly #waiting = new Map<string, Waiting>()
  #last: { readonly text: string; readonly values: readonly unknown[] }[] = []

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
  async allOf<Row>(text: string, ...columns: (readonly SqlValue[])[]): Promise<Row[]> {
    return (await this.#execute(text, columns)).rows as Row[]
  }
  lastly(text: string, ...values: (SqlValue | readonly SqlValue[])[]): void {
    this.#last.push({ text, values })
  }
  forget(): void {
    this.#waiting.clear()
    this.#last = []
  }
  /** Sends what waits: the answers. */
  send(): Promise<Result>[] {
    const sent: Promise<Result>[] = []
    for (const { many } of this.#waiting.values()) this.#sendOf(many.table, sent)
    for (const { text, values } of this.#last.splice(0)) sent.push(this.#execute(text, values))
    return sent
  }

  #execute(text: string, values: readonly unknown[]): Promise<Result> {
    const statement = translate(text)
    const sent: Promise<Result>[] = []
    if (this.#waiting.size > 0) for (const table of statement.needs) this.#sendOf(table, sent)
    const result = this.link!.query(statement.name, statement.text, values)
    return sent.length === 0 ? result : answered([...sent, result]).then(() => result)
  }
  /** Sends what waits for a table, and before it what its rows refer to. */
  #sendOf(table: string, sent: Promise<Result>[]): void {
    const ofTable = [...this.#waiting].filter(([, { many }]) => many.table === table)
    if (ofTable.length === 0) return
    for (const [text] of ofTable) this.#waiting.delete(text)
    for (const other of referencesOf(table)) if (other !== table) this.#sendOf(other, sent)
    ofTable.sort(([, one], [, other]) => Number(other.many.isDelete) - Number(one.many.isDelete))
    for (const [, { many, columns }] of ofTable) sent.push(this.link!.query(many.name, many.text, columns))
  }
}

/** Waits for all; throws what the first one that failed says, for it failed the others. */
async function answered(sent: readonly Promise<unknown>[]): Promise<void> {
  for (const one of await Promise.allSettled(sent)) if (one.status === 'rejected') throw one.reason
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
  /** Whether a transaction may be open. */
  #isOpen = false

  constructor(link: Link, sealer: Sealer, options: LinkOptions, now: (databaseTime: number) => number) {
    this.#sql.link = link
    this.#options = options
    this.#now = now
    this.#tokens = new SharedTokens(this.#sql)
    this.transaction = new Nouns(this.#sql, sealer, this.#tokens, (clock) => new SharedSpace(this.#sql, clock))
  }

  async begin(tokens: readonly (Uint8Array | undefined)[]): Promise<void> {
    this.#start = undefined
    if (!this.#sql.link?.isUsable) this.#sql.link = await connect(this.#options)
    this.#isOpen = true
    // The lock in a statement of its own: what follows must see what its last holder committed. All of it is one round
    // trip, in which the statements are executed one after the other.
    const begun = this.#sql.link.script(`begin; ${takeLock}; savepoint batch; ${readCounters}`)
    await answered([begun, this.#tokens.begin(tokens), this.transaction.space.begin()])
    const start = (await begun).at(-1)!.rows[0] as Start
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
  }
  async commit(): Promise<void> {
    await this.transaction.flush()
    this.#tokens.flush(this.transaction.now)
    const sent = this.#sql.send()
    // An epoch that was drawn must stay drawn, also where something fails: see `rollback`, which is too late after this.
    if (this.transaction.drawn.governanceEpoch > this.#start!.governanceEpoch) await answered(sent)
    // From here on there is nothing left to roll back, whatever comes of it.
    this.#isOpen = false
    await this.#sql.link!.commit(sent)
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
    if (!link?.isUsable || !this.#isOpen) return
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
      new SharedTokens(this.#sql),
      (clock) => new SharedSpace(this.#sql, clock),
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
    this.#batches = new Batches(this.#engine, options.onFatal, linkOptions.deadlineMs)
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
