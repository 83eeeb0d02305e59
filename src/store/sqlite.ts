// The embedded database: SQLite through node:sqlite, one writer, group commit, everything on disk before it is answered.
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { AccessKeys, type Sealer } from './access-keys.ts'
import { Addresses } from './addresses.ts'
import { SpaceCheck } from './check.ts'
import { Governance } from './governance.ts'
import { History } from './history.ts'
import { Ipams } from './ipams.ts'
import { Journal } from './journal.ts'
import { migrations } from './migrations.ts'
import { NatGateways } from './nat-gateways.ts'
import { Organizations } from './organizations.ts'
import { Policies } from './policies.ts'
import { Pools } from './pools.ts'
import { Space } from './space.ts'
import type { Sql, SqlValue } from './sql.ts'
import type { Store, Transaction } from './store.ts'
import { Tags } from './tags.ts'
import { Tokens } from './tokens.ts'
import { StoreTrouble, troubleOf } from './trouble.ts'
import { Vpcs } from './vpcs.ts'

/** "CADA": tells our file from any other SQLite file. */
const applicationId = 0x43414441
/** Beyond this many requests in one transaction the tail waits longer and throughput hardly grows. */
const batchSizeMax = 256
/** Requests that may wait for a transaction; one more is told to come back later. */
const queueSizeMax = 20_000
const busyTimeoutMs = 5_000
const lockFile = 'cadastre.lock'
const databaseFile = 'cadastre.db'

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
}

/** One connection's statements, prepared once per text. */
class Connection implements Sql {
  readonly database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  changes = 0

  constructor(database: DatabaseSync) {
    this.database = database
  }
  get<Row>(text: string, ...values: SqlValue[]): Row | undefined {
    return this.#statement(text).get(...values) as Row | undefined
  }
  all<Row>(text: string, ...values: SqlValue[]): Row[] {
    return this.#statement(text).all(...values) as Row[]
  }
  run(text: string, ...values: SqlValue[]): number {
    const changes = Number(this.#statement(text).run(...values).changes)
    this.changes += changes
    return changes
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

/** The nouns over one connection, and what a transaction keeps in memory until it commits. */
class SqliteTransaction implements Transaction {
  now = 0
  installation = ''
  governanceEpoch = 0
  readonly accessKeys: AccessKeys
  readonly addresses: Addresses
  readonly governance: Governance
  readonly history: History
  readonly ipams: Ipams
  readonly journal: Journal
  readonly natGateways: NatGateways
  readonly organizations: Organizations
  readonly policies: Policies
  readonly pools: Pools
  readonly space: Space
  readonly spaceCheck: SpaceCheck
  readonly tags: Tags
  readonly tokens: Tokens
  readonly vpcs: Vpcs
  readonly #connection: Connection
  #sequence = 0
  #epochHighest = 0
  #sequenceStored = 0

  constructor(connection: Connection, sealer: Sealer) {
    this.#connection = connection
    this.accessKeys = new AccessKeys(connection, sealer)
    this.history = new History(connection, this)
    this.tags = new Tags(connection)
    this.governance = new Governance(connection)
    this.ipams = new Ipams(connection)
    this.pools = new Pools(connection)
    this.space = new Space(connection, this)
    this.spaceCheck = new SpaceCheck(connection)
    this.journal = new Journal(connection, this)
    this.tokens = new Tokens(connection)
    this.organizations = new Organizations(connection, this)
    this.policies = new Policies(connection, this)
    this.vpcs = new Vpcs(connection, this)
    this.natGateways = new NatGateways(connection, this)
    this.addresses = new Addresses(connection)
  }

  get changes(): number {
    return this.#connection.changes + this.space.moves
  }
  nextSequence(): number {
    return this.#sequence++
  }
  async moveGovernanceEpoch(): Promise<void> {
    // Never the same number twice, not even after a rollback: a snapshot is remembered by its epoch.
    this.governanceEpoch = this.#epochHighest = Math.max(this.#epochHighest, this.governanceEpoch) + 1
    this.#connection.run(`update counter set value = ? where name = 'governance-epoch'`, this.governanceEpoch)
  }

  /** Reads what another connection may have moved. Cheap enough to do at the start of each transaction. */
  load(): void {
    this.installation = this.#connection.get<{ value: string }>(
      `select value from meta where name = 'installation'`,
    )!.value
    // Numbers drawn by a transaction that was rolled back are not drawn again: a denial may already name one.
    this.#sequenceStored = this.#counter('sequence')
    this.#sequence = Math.max(this.#sequence, this.#sequenceStored)
    this.governanceEpoch = this.#counter('governance-epoch')
    this.space.forget()
    this.journal.forget()
  }
  /** Writes what was gathered in memory during the transaction. */
  async flush(): Promise<void> {
    await this.space.flush()
    if (this.#sequence !== this.#sequenceStored) {
      this.#connection.run(`update counter set value = ? where name = 'sequence'`, this.#sequence)
      this.#sequenceStored = this.#sequence
    }
  }
  #counter(name: string): number {
    return this.#connection.get<{ value: number }>('select value from counter where name = ?', name)!.value
  }
}

interface Queued {
  work: (tx: Transaction) => Promise<unknown>
  resolve: (value: never) => void
  reject: (reason: unknown) => void
}

class SqliteStore implements Store {
  readonly #writer: Connection
  readonly #reader: Connection
  readonly #writing: SqliteTransaction
  readonly #reading: SqliteTransaction
  readonly #lock: DatabaseSync | undefined
  readonly #options: SqliteOptions
  #queue: Queued[] = []
  #running = false
  #reads: Promise<unknown> = Promise.resolve()
  #closed: StoreTrouble | undefined
  #lastNow = 0
  #dataVersion = -1
  #idle: (() => void)[] = []

  constructor(writer: Connection, reader: Connection, lock: DatabaseSync | undefined, options: SqliteOptions) {
    this.#writer = writer
    this.#reader = reader
    this.#lock = lock
    this.#options = options
    this.#writing = new SqliteTransaction(writer, options.sealer)
    this.#reading = new SqliteTransaction(reader, options.sealer)
  }

  write<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(this.#closed)
    if (this.#queue.length >= queueSizeMax) {
      return Promise.reject(
        new StoreTrouble('unavailable', 'too many requests wait for the database', { fatal: false }),
      )
    }
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ work, resolve, reject })
      if (this.#running) return
      this.#running = true
      // After the poll phase: every request that has arrived by then shares the transaction.
      setImmediate(() => void this.#drain())
    })
  }

  read<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(this.#closed)
    // One connection, one transaction at a time: reads take turns. They never wait for I/O, so a turn is short.
    const result = this.#reads.then(async () => {
      try {
        this.#reader.database.exec('begin')
        this.#reading.now = this.#now()
        this.#reading.load()
        return await work(this.#reading)
      } catch (error) {
        const trouble = troubleOf(error)
        if (trouble?.fatal) this.#fail(trouble)
        throw trouble ?? error
      } finally {
        this.#endReading()
      }
    })
    this.#reads = result.catch(() => undefined)
    return result
  }

  #endReading(): void {
    try {
      if (this.#reader.database.isTransaction) this.#reader.database.exec('rollback')
    } catch {
      // A damaged file complains once more; that would hide what the reading itself met.
    }
  }

  async close(): Promise<void> {
    if (this.#running) await new Promise<void>((resolve) => this.#idle.push(resolve))
    this.#closed ??= new StoreTrouble('unavailable', 'the server is stopping', { fatal: false })
    await this.#reads
    this.#reader.database.close()
    this.#writer.database.close()
    this.#lock?.close()
  }

  #now(): number {
    this.#lastNow = Math.max(this.#lastNow, this.#options.clock())
    return this.#lastNow
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0 && !this.#closed) {
      const batch = this.#queue.length <= batchSizeMax ? this.#queue : this.#queue.slice(0, batchSizeMax)
      this.#queue = this.#queue.length <= batchSizeMax ? [] : this.#queue.slice(batchSizeMax)
      await this.#runBatch(batch)
      // Answers go out and new requests come in before the next commit.
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
    for (const { reject } of this.#queue.splice(0)) reject(this.#closed)
    this.#running = false
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  async #runBatch(batch: readonly Queued[]): Promise<void> {
    const answers: { queued: Queued; value?: unknown; error?: unknown; failed: boolean }[] = []
    let hasBegun = false
    try {
      this.#begin()
      hasBegun = true
      for (const queued of batch) {
        const before = this.#writing.changes
        try {
          answers.push({ queued, value: await queued.work(this.#writing), failed: false })
        } catch (error) {
          // A work that refused before it changed anything leaves the others untouched; otherwise all start over, one by one.
          if (this.#writing.changes !== before || troubleOf(error)) throw error
          answers.push({ queued, error, failed: true })
        }
      }
      await this.#commit()
    } catch (error) {
      this.#rollback()
      const trouble = troubleOf(error)
      // Where not even a transaction could begin, one for each would only wait as long again, one after the other.
      if (hasBegun && batch.length > 1 && !trouble?.fatal && !this.#closed) {
        for (const queued of batch) await this.#runBatch([queued])
      } else {
        for (const { reject } of batch) reject(trouble ?? error)
      }
      if (trouble?.fatal) this.#fail(trouble)
      return
    }
    for (const { queued, value, error, failed } of answers) {
      if (failed) queued.reject(error)
      else queued.resolve(value as never)
    }
  }

  #begin(): void {
    this.#writer.database.exec('begin immediate')
    const { data_version: version } = this.#writer.get<{ data_version: number }>('pragma data_version')!
    // Another connection (an operator's command) has written: what we remember may be old.
    if (version !== this.#dataVersion) {
      this.#dataVersion = version
      this.#writing.load()
    }
    this.#writing.now = this.#now()
  }
  async #commit(): Promise<void> {
    await this.#writing.flush()
    try {
      this.#writer.database.exec('commit')
    } catch (error) {
      const trouble = troubleOf(error)
      // A commit that failed half-way may or may not be on disk: nobody is told "ok", and this process must not go on.
      if (trouble && trouble.kind !== 'full' && trouble.kind !== 'locked') {
        throw new StoreTrouble(trouble.kind, trouble.message, { fatal: true, cause: error })
      }
      throw error
    }
  }
  #rollback(): void {
    this.#dataVersion = -1
    try {
      if (this.#writer.database.isTransaction) this.#writer.database.exec('rollback')
    } catch (error) {
      // What cannot be taken back must not be built upon.
      const message = `a transaction could not be taken back (${(error as Error).message})`
      this.#fail(new StoreTrouble('io', message, { fatal: true, cause: error }))
    }
  }
  #fail(trouble: StoreTrouble): void {
    if (this.#closed) return
    this.#closed = trouble
    this.#options.onFatal?.(trouble)
  }
}

/** Opens (and where needed makes or migrates) the database of a data folder. Throws StoreTrouble with a message for the operator. */
export function openSqlite(options: SqliteOptions): Store {
  try {
    return open(options)
  } catch (error) {
    const trouble = troubleOf(error)
    if (!trouble) throw error
    throw new StoreTrouble(trouble.kind, `Cannot open the database in \`${options.folder}\`: ${trouble.message}.`, {
      fatal: true,
      cause: error,
    })
  }
}

function open(options: SqliteOptions): Store {
  const { folder } = options
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new StoreTrouble('permission', `the folder cannot be made (${(error as Error).message})`, {
      fatal: true,
      cause: error,
    })
  }
  const lock = options.exclusive ? takeLock(folder) : undefined
  const path = join(folder, databaseFile)
  const isNew = !existsSync(path)
  let writer: DatabaseSync | undefined
  try {
    writer = new DatabaseSync(path, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true, defensive: true })
    prepare(writer, isNew)
    // SQLite opens a file that it may not write for reading alone: better told now than with the first request.
    if (options.exclusive) writer.exec(`begin immediate; pragma user_version = ${migrations.at(-1)!.number}; rollback`)
    const reader = new DatabaseSync(path, { timeout: busyTimeoutMs, readOnly: false })
    reader.exec('pragma cache_size = -8000; pragma query_only = 1')
    return new SqliteStore(new Connection(writer), new Connection(reader), lock, options)
  } catch (error) {
    writer?.close()
    lock?.close()
    throw error
  }
}

/** The operating system lets go of this lock when the process ends, however it ends. */
function takeLock(folder: string): DatabaseSync {
  const lock = new DatabaseSync(join(folder, lockFile), { timeout: 0 })
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

function prepare(database: DatabaseSync, isNew: boolean): void {
  const pragma = (name: string): number => Number(Object.values(database.prepare(`pragma ${name}`).get() ?? {})[0])
  const version = pragma('user_version')
  const latest = migrations.at(-1)!.number
  const isEmpty = isNew || (version === 0 && database.prepare('select count(*) as n from sqlite_schema').get()?.n === 0)
  if (!isEmpty && pragma('application_id') !== applicationId) {
    throw new StoreTrouble('foreign', `\`${databaseFile}\` is not a Cadastre database`, { fatal: true })
  }
  if (version > latest) {
    throw new StoreTrouble(
      'newer',
      `it was written by a newer Cadastre (schema ${version}, this program knows ${latest}); use that version`,
      { fatal: true },
    )
  }
  database.exec(`
    pragma journal_mode = wal;
    pragma synchronous = full;
    pragma wal_autocheckpoint = 1000;
    pragma cache_size = -20000;
    pragma temp_store = memory;
  `)
  // What we rely on is read back: a build or a file system that ignores it is refused.
  if (pragma('synchronous') !== 2)
    throw new StoreTrouble('unavailable', 'synchronous=FULL is not in force', { fatal: true })
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
