// The embedded database: SQLite through node:sqlite, one writer, group commit, everything on disk before it is answered.
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { assert } from '#model/assert.ts'
import type { Asker } from '../asker.ts'
import { Batches, type Engine } from '../batching.ts'
import { type Effort, rowsPerStatement } from '../effort.ts'
import { Memory } from '../memory.ts'
import { Outage } from '../outage.ts'
import { makePrivate } from '../private-file.ts'
import { Readers } from '../readers.ts'
import { migrations } from '../schema/migrations.ts'
import { checkKey, type KeyEvidence, keepFingerprint, readKeyEvidence } from '../sealing-key.ts'
import type { Awaitable, Sql, SqlValue } from '../sql.ts'
import type { AskedOf, RolledBack, Store, Transaction } from '../store.ts'
import type { Sealer } from '../tables/access-keys.ts'
import { finalUntil, newestEntryAt, onChange, Time } from '../time.ts'
import { Changes, type Loaded, Nouns, readStart } from '../transaction.ts'
import { StoreTrouble, troubleOf } from '../trouble.ts'

/** "CADA": tells our file from any other SQLite file. */
export const applicationId = 0x43414441
const busyTimeoutMs = 5_000
/** Readings at a time: what takes long lets others have their turn, so that they need not wait for its end. */
const readersMax = 4
/** For how long a reading waits for one of these to end, which hostile crowds alone make it do. */
const readWaitMsMax = 30_000
export const latestVersion = migrations.at(-1)!.number
const lockFile = 'cadastre.lock'
/** Held beside the other one while the schema goes forward, so that whoever would do the same waits. */
const migrationLockFile = 'cadastre.migration-lock'
const migrationWaitMs = 60_000
export const databaseFile = 'cadastre.db'
/** Where it is, the folder's database lives on elsewhere: says where. Whoever removes it takes the folder back. */
const movedFile = 'moved.txt'

export interface SqliteOptions {
  /** The data folder; made if it is missing. */
  readonly folder: string
  /** Milliseconds since 1970. */
  readonly clock: () => number
  readonly sealer: Sealer
  /** A server holds the folder for itself; the operator's commands beside it do not. */
  readonly exclusive: boolean
  /** Called once where the process must not go on (see StoreTrouble.fatal). */
  readonly onFatal?: (trouble: StoreTrouble) => void
  /** Nothing is written, and why; undefined: it is again. */
  readonly onStale?: (trouble: StoreTrouble | undefined) => void
  /** As in `BatchLimits`. */
  readonly workMsMax?: number
  /** The operator is about to say that the clock is right, although it is behind the record. */
  readonly acceptsClock?: boolean
}

/**
 * Statements that a connection executes between two turns of the event loop. SQLite answers at once, so that whoever asks
 * again and again would keep everybody else waiting. Of those that change something, this many take 5 to 15 ms of CPU.
 */
const statementsPerTurnMax = 200
/**
 * One connection's statements, prepared once per text. What is asked of it is answered at once, but for one statement in
 * `statementsPerTurnMax`, which waits for a turn of the event loop, and those behind it with it, in their order.
 */
class Connection implements Sql {
  readonly database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  readonly changed = new Changes()
  /** Of the reading that it is used for; the writer's requests are counted apart. */
  effort: Effort | undefined
  /** Statements since the last turn; counted over transactions, of which many may follow each other within one turn. */
  #work = 0
  #turn: Promise<void> | undefined

  constructor(database: DatabaseSync) {
    this.database = database
  }
  get<Row>(text: string, ...values: SqlValue[]): Awaitable<Row | undefined> {
    if (this.#work >= statementsPerTurnMax) return this.#afterTurn(() => this.get<Row>(text, ...values))
    return this.getNow(text, ...values)
  }
  /** The same without waiting, for what is read before a transaction. */
  getNow<Row>(text: string, ...values: SqlValue[]): Row | undefined {
    return this.#begin(text).get(...values) as Row | undefined
  }
  all<Row>(text: string, ...values: SqlValue[]): Awaitable<Row[]> {
    if (this.#work >= statementsPerTurnMax) return this.#afterTurn(() => this.all<Row>(text, ...values))
    const rows = this.#begin(text).all(...values) as Row[]
    this.#work += rows.length / rowsPerStatement
    this.#spend(rows.length / rowsPerStatement, rows.length)
    return rows
  }
  run(text: string, ...values: SqlValue[]): Awaitable<number> {
    if (this.#work >= statementsPerTurnMax) return this.#afterTurn(() => this.run(text, ...values))
    return this.#runNow(text, values)
  }
  later(text: string, ...values: SqlValue[]): void {
    const changed = this.#runNow(text, values)
    assert(changed === 1 || !text.startsWith('delete'), 'a row that was just read is there')
  }
  #runNow(text: string, values: readonly SqlValue[]): number {
    const changes = Number(this.#begin(text).run(...values).changes)
    this.changed.add(changes)
    return changes
  }
  /** All that wait for one turn go on in the order in which they asked. */
  #afterTurn<T>(execute: () => Awaitable<T>): Promise<T> {
    this.#turn ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#turn = undefined
        this.#work = 0
        resolve()
      })
    })
    return this.#turn.then(execute)
  }
  /** @param counted what it is of the bound of a request that changes something: rows weigh there as much as statements */
  #spend(statements: number, counted = statements): void {
    if (this.effort) this.effort.spend(statements)
    else this.changed.read(counted)
  }
  #begin(text: string): StatementSync {
    this.#spend(1)
    this.#work++
    return this.#statement(text)
  }
  #statement(text: string): StatementSync {
    let statement = this.#statements.get(text)
    if (!statement) {
      statement = this.database.prepare(text)
      this.#statements.set(text, statement)
    }
    return statement
  }
}

/** Reads what another connection may have moved. Cheap enough to do at the start of each reading. */
function load(connection: Connection, nouns: Nouns): Loaded {
  const loaded = connection.getNow<Loaded>(readStart('?'), nouns.start())!
  nouns.load(loaded)
  return loaded
}

/** What the transactions of a store share: its memory, its clock, and what it tells of it. */
interface Timing {
  readonly memory: Memory
  readonly time: Time
  readonly clock: () => number
  readonly tell: (trouble: StoreTrouble | undefined) => void
}

class SqliteEngine implements Engine {
  readonly transaction: Nouns
  readonly #connection: Connection
  readonly #timing: Timing
  #dataVersion = -1
  #newestEntryAt: number | null = null

  constructor(connection: Connection, sealer: Sealer, timing: Timing) {
    this.transaction = new Nouns(connection, sealer, timing.memory)
    this.#connection = connection
    this.#timing = timing
  }

  begin(): void {
    this.#connection.database.exec('begin immediate')
    const { data_version: version } = this.#connection.getNow<{ data_version: number }>('pragma data_version')!
    const { time, clock, tell } = this.#timing
    const at = clock()
    const setBacks = time.see(at)
    // Another connection (an operator's command) has written, or what we remember is by another time: it may be old.
    if (version !== this.#dataVersion || setBacks !== this.transaction.setBacks) {
      this.#dataVersion = version
      this.transaction.setBacks = setBacks
      this.#newestEntryAt = load(this.#connection, this.transaction).newestEntryAt
    } else this.transaction.start(true)
    const { now, trouble } = time.momentOf(at, this.#newestEntryAt)
    tell(trouble)
    if (trouble) throw trouble
    this.transaction.now = now
    this.transaction.asOf = now - 1
  }
  async commit(): Promise<void> {
    const { memory } = this.transaction
    await this.transaction.flush()
    try {
      this.#connection.database.exec('commit')
      this.#newestEntryAt = memory.entry?.at ?? this.#newestEntryAt
    } catch (error) {
      const trouble = troubleOf(error)
      // A commit that failed half-way may or may not be on disk: nobody is told "ok", and this process must not go on.
      if (trouble && trouble.kind !== 'full' && trouble.kind !== 'locked') {
        throw new StoreTrouble(trouble.kind, trouble.message, { fatal: true, cause: error })
      }
      throw error
    }
    memory.commit()
  }
  rollback(): void {
    this.#dataVersion = -1
    this.transaction.memory.rollback()
    try {
      if (this.#connection.database.isTransaction) this.#connection.database.exec('rollback')
    } catch (error) {
      // What cannot be taken back must not be built upon.
      const message = `a transaction could not be taken back (${(error as Error).message})`
      throw new StoreTrouble('io', message, { fatal: true, cause: error })
    }
  }
  troubleOf(error: unknown): StoreTrouble | undefined {
    return troubleOf(error)
  }
  beginWork(isRequest: boolean, refuseLong?: () => void): void {
    this.#connection.changed.begin(isRequest, refuseLong)
  }
  spoils(error: unknown): boolean {
    return troubleOf(error) !== undefined
  }
  /** There is one writer. */
  isConflict(): boolean {
    return false
  }
}

/** One connection that reads, a transaction at a time. It never waits for I/O, but lets others have their turn. */
class Reader {
  readonly isGood = true
  readonly #connection: Connection
  readonly #nouns: Nouns
  readonly #timing: Timing

  constructor(path: string, sealer: Sealer, timing: Timing) {
    const database = new DatabaseSync(path, { timeout: busyTimeoutMs, readOnly: false })
    database.exec('pragma cache_size = -8000; pragma query_only = 1')
    this.#connection = new Connection(database)
    this.#nouns = new Nouns(this.#connection, sealer, timing.memory)
    this.#timing = timing
  }

  /** @param quietAt what the clock says while nobody writes; undefined where somebody does */
  async run<T>(work: (tx: Transaction) => Promise<T>, quietAt: number | undefined, effort: Effort): Promise<T> {
    try {
      const { time, clock } = this.#timing
      this.#connection.database.exec('begin')
      const at = quietAt ?? clock()
      this.#nouns.setBacks = time.see(at)
      const { newestEntryAt } = load(this.#connection, this.#nouns)
      this.#nouns.now = time.momentOf(at, newestEntryAt).now
      this.#nouns.asOf = finalUntil(newestEntryAt, quietAt)
      this.#connection.effort = effort
      return await work(this.#nouns)
    } catch (error) {
      // What it had begun together with what failed ends here, before another reading has the connection.
      effort.end()
      for (let turns = 0; turns < 2; turns++) await new Promise((resolve) => setImmediate(resolve))
      throw error
    } finally {
      this.#end()
    }
  }
  #end(): void {
    this.#connection.effort = undefined
    this.#nouns.memory.rollback()
    try {
      if (this.#connection.database.isTransaction) this.#connection.database.exec('rollback')
    } catch {
      // A damaged file complains once more; that would hide what the reading itself met.
    }
  }
  async close(): Promise<void> {
    this.#connection.database.close()
  }
}

class SqliteStore implements Store {
  readonly #writer: Connection
  readonly #readers: Readers<Reader>
  /** Asks whether anybody writes: a server's batch, or an operator's command beside it. */
  readonly #probe: DatabaseSync
  readonly #batches: Batches
  readonly #lock: DatabaseSync | undefined
  readonly #timing: Timing

  constructor(
    { writer, path }: { readonly writer: DatabaseSync; readonly path: string },
    lock: DatabaseSync | undefined,
    options: SqliteOptions,
  ) {
    this.#writer = new Connection(writer)
    this.#probe = new DatabaseSync(path, { timeout: 0 })
    this.#lock = lock
    const { clock, acceptsClock, onStale } = options
    this.#timing = { memory: new Memory(), time: new Time(acceptsClock), clock, tell: onChange(onStale) }
    const engine = new SqliteEngine(this.#writer, options.sealer, this.#timing)
    this.#batches = new Batches(engine, options.onFatal, { workMsMax: options.workMsMax })
    const open = () => new Reader(path, options.sealer, this.#timing)
    this.#readers = new Readers({
      first: open(),
      open: async () => open(),
      // A file is not away; what is wrong with it, each reading meets.
      outage: new Outage(async () => undefined),
      connectionsMax: readersMax,
      waitMsMax: readWaitMsMax,
    })
  }

  write<T>(work: (tx: Transaction) => Promise<T | RolledBack<T>>, asked?: AskedOf): Promise<T> {
    return this.#batches.run(work, asked)
  }

  async read<T>(
    work: (tx: Transaction) => Promise<T>,
    since = performance.now(),
    sender?: string,
    asker?: Asker,
  ): Promise<T> {
    if (this.#batches.closed) throw this.#batches.closed
    try {
      return await this.#readers.use({ since, sender, asker }, (reader, effort) =>
        reader.run(work, this.#askQuiet(this.#timing.clock), effort),
      )
    } catch (error) {
      const trouble = troubleOf(error)
      if (trouble?.fatal) this.#batches.fail(trouble)
      throw trouble ?? error
    }
  }

  /** What the clock says while nobody writes; undefined where somebody does. */
  #askQuiet(clock: () => number): number | undefined {
    try {
      this.#probe.exec('begin immediate')
    } catch (error) {
      // Somebody writes, or nobody can: whatever is wrong, the reading itself will meet it.
      if (troubleOf(error)) return undefined
      throw error
    }
    const quietAt = clock()
    this.#probe.exec('rollback')
    return quietAt
  }

  async close(): Promise<void> {
    await this.#batches.close()
    await this.#readers.close()
    this.#probe.close()
    this.#writer.database.close()
    this.#lock?.close()
  }
}

/** Whether a folder has a database, whose secrets are sealed with a key that must be there as well. */
export const hasDatabase = (folder: string): boolean => existsSync(join(folder, databaseFile))

/**
 * Opens the database of a data folder. A server makes it or brings its schema up to date where needed; a command beside it
 * never does. Throws StoreTrouble with a message for the operator.
 */
export function openSqlite(options: SqliteOptions): Store {
  return inWords(`Cannot open the database in \`${options.folder}\``, () => open(options))
}

/** Trouble on the way is told with what was being done. */
function inWords<T>(what: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    const trouble = troubleOf(error)
    if (!trouble) throw error
    throw new StoreTrouble(trouble.kind, `${what}: ${trouble.message}.`, { fatal: true, cause: error })
  }
}

function open(options: SqliteOptions): Store {
  const { folder } = options
  try {
    if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    throw new StoreTrouble('permission', `the folder cannot be made (${(error as Error).message})`, {
      fatal: true,
      cause: error,
    })
  }
  refuseMoved(folder)
  const path = join(folder, databaseFile)
  const isNew = !existsSync(path)
  if (isNew && !options.exclusive) {
    throw new StoreTrouble('foreign', `there is no \`${databaseFile}\` yet; its server makes it`, { fatal: true })
  }
  if (options.exclusive && !isNew) goForwardAlone(folder)
  const lock = options.exclusive ? takeLock(folder) : undefined
  // SQLite gives the files beside the database its mode, but leaves those that are there already.
  for (const suffix of ['', '-wal', '-shm']) makePrivate(path + suffix, { create: suffix === '' })
  let writer: DatabaseSync | undefined
  try {
    writer = new DatabaseSync(path, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true, defensive: true })
    const version = prepare(writer, isNew)
    if (options.exclusive) goForward(writer, version)
    else if (version < latestVersion) throw olderSchema(version)
    refuseWrongKey(writer, options)
    // SQLite opens a file that it may not write for reading alone: better told now than with the first request.
    if (options.exclusive) writer.exec(`begin immediate; pragma user_version = ${latestVersion}; rollback`)
    // The same of a clock that is wrong: an operator is there to set it right.
    if (options.exclusive) refuseFarBehind(writer, options.clock)
    return new SqliteStore({ writer, path }, lock, options)
  } catch (error) {
    writer?.close()
    lock?.close()
    throw error
  }
}

function refuseWrongKey(database: DatabaseSync, { sealer, exclusive }: SqliteOptions): void {
  const evidence = database.prepare(readKeyEvidence).get() as unknown as KeyEvidence
  if (checkKey(sealer, evidence) === 'to be kept' && exclusive)
    database.prepare(keepFingerprint).run(sealer.fingerprint)
}

const olderSchema = (version: number): StoreTrouble =>
  new StoreTrouble(
    'older',
    `its schema is at step ${version}, and this program needs ${latestVersion}: stop the server of the other version, then start one of this version, or run \`cadastre migrate\`; no other command changes a schema`,
    { fatal: true },
  )

/** A copy of the database of a folder as of now, whole and consistent, while a server works on it. `path` must not be there yet. */
export function backupSqlite(folder: string, path: string): void {
  inWords(`Cannot copy the database in \`${folder}\``, () => {
    refuseMoved(folder)
    const database = new DatabaseSync(join(folder, databaseFile), { timeout: busyTimeoutMs, readOnly: true })
    try {
      readVersion(database, false)
      database.prepare('vacuum into ?').run(path)
    } finally {
      database.close()
    }
  })
}

export interface DatabaseNote {
  readonly installation: string
  readonly schema: number
  /** The number of the last entry of the record. */
  readonly newestEntry: number
}
/** What the database of a folder is of, whoever has it. Refuses what is no database of ours, or not whole. */
export function noteOf(folder: string): DatabaseNote {
  return inWords(`Cannot read the database in \`${folder}\``, () => {
    const database = new DatabaseSync(join(folder, databaseFile), { timeout: busyTimeoutMs, readOnly: true })
    try {
      const schema = readVersion(database, false)
      const { installation } = database
        .prepare(`select value as installation from meta where name = 'installation'`)
        .get() as {
        installation: string
      }
      const { n } = database.prepare('select max(n) as n from audit_entry').get() as { n: number | null }
      const { verdict } = database.prepare('select quick_check as verdict from pragma_quick_check limit 1').get() as {
        verdict: string
      }
      if (verdict !== 'ok') throw new StoreTrouble('corrupt', `it is damaged: ${verdict}`, { fatal: true })
      return { installation, schema, newestEntry: n ?? 0 }
    } finally {
      database.close()
    }
  })
}

/** An empty database with the schema of this program, for rows that come from elsewhere. */
export function makeSqlite(folder: string): DatabaseSync {
  const path = join(folder, databaseFile)
  makePrivate(path, { create: true })
  const database = new DatabaseSync(path, { timeout: busyTimeoutMs, defensive: true })
  goForward(database, prepare(database, true))
  return database
}

export interface MigratedSqlite {
  /** Steps before and after. */
  readonly from: number
  readonly to: number
}

/** `cadastre migrate`: brings the schema of a folder's database up to date, while no server has it. */
export function migrateSqlite(folder: string): MigratedSqlite {
  return inWords(`Cannot migrate the database in \`${folder}\``, () => {
    if (!hasDatabase(folder)) {
      throw new StoreTrouble('foreign', `there is no \`${databaseFile}\` yet; its server makes it`, { fatal: true })
    }
    refuseMoved(folder)
    const from = goForwardAlone(folder)
    return { from, to: latestVersion }
  })
}

/**
 * Brings a schema up to date that is older, while nobody else has the folder: another process that does the same is waited
 * for, a server is not. Answers the step that was found.
 */
function goForwardAlone(folder: string): number {
  const path = join(folder, databaseFile)
  const found = versionIn(path)
  if (found >= latestVersion) return found
  const turn = new DatabaseSync(join(folder, migrationLockFile), { timeout: migrationWaitMs })
  let lock: DatabaseSync | undefined
  let database: DatabaseSync | undefined
  try {
    turn.exec('pragma journal_mode = delete; begin exclusive')
    lock = takeLock(folder)
    database = new DatabaseSync(path, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true, defensive: true })
    const version = prepare(database, false)
    goForward(database, version)
    return version
  } finally {
    database?.close()
    // In this order: who waits for the turn finds the folder free.
    lock?.close()
    turn.close()
  }
}

function versionIn(path: string): number {
  const database = new DatabaseSync(path, { timeout: busyTimeoutMs })
  try {
    return readVersion(database, false)
  } finally {
    database.close()
  }
}

function refuseFarBehind(database: DatabaseSync, clock: () => number): void {
  const { at } = database.prepare(`select ${newestEntryAt} as at`).get() as { at: number | null }
  const trouble = at === null ? undefined : new Time().momentOf(clock(), at).trouble
  if (trouble) throw trouble
}

/** A database that nobody else writes until it is closed. */
export interface HeldDatabase {
  readonly database: DatabaseSync
  /** Leaves a note in the folder that nobody shall start a server on it: where its database is now. */
  markMoved(to: string): void
  close(): void
}

/** Takes the database of a folder for oneself, to read it as it is: no server runs on it, and no command writes. */
export function holdSqlite(folder: string): HeldDatabase {
  return inWords(`Cannot take the database in \`${folder}\``, () => hold(folder))
}

function hold(folder: string): HeldDatabase {
  const path = join(folder, databaseFile)
  if (!existsSync(path)) throw new StoreTrouble('foreign', `there is no \`${databaseFile}\``, { fatal: true })
  refuseMoved(folder)
  const lock = takeLock(folder)
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path, { timeout: busyTimeoutMs })
    const version = readVersion(database, false)
    if (version < latestVersion) {
      const problem = `its schema is ${version} and this program's is ${latestVersion}; run \`cadastre migrate\` on it first`
      throw new StoreTrouble('foreign', problem, { fatal: true })
    }
    database.exec('begin immediate')
    const held = database
    return {
      database: held,
      markMoved(to) {
        writeFileSync(join(folder, movedFile), movedText(to), { flush: true, mode: 0o600 })
      },
      close() {
        held.close()
        lock.close()
      },
    }
  } catch (error) {
    database?.close()
    lock.close()
    throw error
  }
}

const movedText = (to: string): string => `${to}

The database of this folder was moved there, and Cadastre does not start on the folder while this file is here.
To go back, stop the servers there and remove this file. What they have written is not in this folder.
`

function refuseMoved(folder: string): void {
  const path = join(folder, movedFile)
  if (!existsSync(path)) return
  const [to] = readFileSync(path, 'utf8').split('\n')
  throw new StoreTrouble('locked', `its database was moved to ${to}; \`${path}\` says how to go back`, { fatal: true })
}

/** The operating system lets go of this lock when the process ends, however it ends. */
function takeLock(folder: string): DatabaseSync {
  const path = join(folder, lockFile)
  makePrivate(path, { create: true })
  const lock = new DatabaseSync(path, { timeout: 0 })
  try {
    lock.exec('pragma journal_mode = delete; begin exclusive')
    return lock
  } catch (error) {
    lock.close()
    if (troubleOf(error)?.kind !== 'locked') throw error
    throw new StoreTrouble(
      'locked',
      'another Cadastre server already uses this folder; stop it, or set CADASTRE_DATA to another folder',
      { fatal: true, cause: error },
    )
  }
}

const pragma = (database: DatabaseSync, name: string): number =>
  Number(Object.values(database.prepare(`pragma ${name}`).get() ?? {})[0])

/** The number of the last step of the schema. Refuses a database that is not ours, or newer than this program. */
function readVersion(database: DatabaseSync, isNew: boolean): number {
  const version = pragma(database, 'user_version')
  const isEmpty = isNew || (version === 0 && database.prepare('select count(*) as n from sqlite_schema').get()?.n === 0)
  if (!isEmpty && pragma(database, 'application_id') !== applicationId) {
    throw new StoreTrouble('foreign', `\`${databaseFile}\` is not a Cadastre database`, { fatal: true })
  }
  if (version > latestVersion) {
    throw new StoreTrouble(
      'newer',
      `it was written by a newer Cadastre (schema ${version}, this program knows ${latestVersion}); use that version`,
      { fatal: true },
    )
  }
  return version
}

/** Sets what is relied on, and answers the number of the last step of the schema. */
function prepare(database: DatabaseSync, isNew: boolean): number {
  const version = readVersion(database, isNew)
  database.exec(`
    pragma journal_mode = wal;
    pragma synchronous = full;
    pragma wal_autocheckpoint = 1000;
    pragma cache_size = -20000;
    pragma temp_store = memory;
  `)
  // What we rely on is read back: a build or a file system that ignores it is refused.
  if (pragma(database, 'synchronous') !== 2)
    throw new StoreTrouble('unavailable', 'synchronous=FULL is not in force', { fatal: true })
  return version
}

/** Each step in a transaction of its own: a process that ends in between leaves a schema that the next one goes on with. */
function goForward(database: DatabaseSync, version: number): void {
  for (const migration of migrations.slice(version)) {
    database.exec('begin immediate')
    database.exec(migration.sql)
    if (migration.number === 1) {
      database.exec(`pragma application_id = ${applicationId}`)
      database
        .prepare(`insert into meta (name, value) values ('installation', ?)`)
        .run(randomBytes(3).toString('hex').slice(0, 5))
    }
    database.exec(`pragma user_version = ${migration.number}`)
    database.exec('commit')
  }
}
