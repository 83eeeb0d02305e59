// PostgreSQL: any number of servers on one database, one batch at a time among all of them.
import { setTimeout as pause } from 'node:timers/promises'
import type { Sealer } from './access-keys.ts'
import { Batches, type Engine } from './batching.ts'
import { type CountingSql, type Loaded, Nouns } from './nouns.ts'
import {
  connect,
  deadlineMsDefault,
  isConflict,
  isDatabaseError,
  type Link,
  type LinkOptions,
  parseTarget,
  postgresTroubleOf,
  type Result,
} from './postgres-link.ts'
import { Acknowledged, describeMark, findNewest } from './postgres-mark.ts'
import { lockClass, prepareSchema } from './postgres-migrate.ts'
import { type ManyRows, referencesOf, translate, translateMany } from './postgres-sql.ts'
import { SharedTokens } from './postgres-tokens.ts'
import type { SqlValue } from './sql.ts'
import type { Store, Transaction } from './store.ts'
import { StoreTrouble } from './trouble.ts'

/** Connections that read beside the one that writes. */
const readersMax = 4
export const takeLock = `select pg_advisory_xact_lock(${lockClass}, hashtext(current_schema()))`
export const databaseTime = '(extract(epoch from clock_timestamp()) * 1000)::bigint'
const readCounters = `select (select value from meta where name = 'installation') as installation,
  (select value from counter where name = 'sequence') as sequence,
  (select value from counter where name = 'governance-epoch') as "governanceEpoch",
  (select value from counter where name = 'key-epoch') as "keyEpoch", ${databaseTime} as time`

export interface PostgresOptions {
  readonly url: string
  readonly sealer: Sealer
  readonly isHighlyAvailable?: boolean
  /** How long a statement, a commit or a connection is waited for. */
  readonly deadlineMs?: number
  /** Milliseconds since 1970; undefined (as in every server): the database's own, which all servers share. */
  readonly clock?: () => number
  readonly onFatal?: (trouble: StoreTrouble) => void
  /** Where the last acknowledged entry is kept across restarts; undefined: in memory. */
  readonly folder?: string
  /** The database lacks what was acknowledged, and nothing is written; undefined: it is whole again. */
  readonly onStale?: (trouble: StoreTrouble | undefined) => void
  /** What an operator should know, and nobody else needs to. */
  readonly onNotice?: (notice: Notice) => void
}

export type Notice =
  /** Beyond the rights of a server: "everything", or such as "delete on audit_entry". */
  | { readonly kind: 'rights'; readonly user: string; readonly excess: readonly string[] }
  | { readonly kind: 'trouble'; readonly trouble: StoreTrouble }

interface Start extends Loaded {
  readonly time: number
}

/** Rows of one text that wait to be sent together: an array for each parameter. */
interface Waiting {
  readonly many: ManyRows
  readonly columns: SqlValue[][]
}

/** The SQL door over whatever connection there is now. */
export class PostgresSql implements CountingSql {
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

/** How a store finds its database, and knows it again. */
interface Connecting {
  /** Every connection is asked for what was acknowledged. */
  readonly linkOptions: LinkOptions
  readonly acknowledged: Acknowledged
  readonly tell: TellStale
}
/** Called after every attempt; tells of changes alone. */
type TellStale = (trouble: StoreTrouble | undefined) => void

class PostgresEngine implements Engine {
  readonly transaction: Nouns
  readonly #sql = new PostgresSql()
  readonly #tokens: SharedTokens
  readonly #options: LinkOptions
  readonly #now: (databaseTime: number) => number
  readonly #acknowledged: Acknowledged
  readonly #tell: TellStale
  /** How often it had to connect anew: perhaps to another server, and then those who read must follow. */
  moves = 0
  #start: Start | undefined

  /** Without a link it connects when it is needed. `options` check every connection against `acknowledged`. */
  constructor(
    link: Link | undefined,
    sealer: Sealer,
    { linkOptions, acknowledged, tell }: Connecting,
    now: (time: number) => number,
  ) {
    this.#sql.link = link
    this.#options = linkOptions
    this.#acknowledged = acknowledged
    this.#tell = tell
    this.#now = now
    this.#tokens = new SharedTokens(this.#sql, (text, tokens) => this.#sql.findMany(text, tokens))
    this.transaction = new Nouns(this.#sql, sealer, this.#tokens)
  }

  async begin(tokens: readonly (Uint8Array | undefined)[]): Promise<void> {
    this.#start = undefined
    if (!this.#sql.link?.isUsable) {
      this.#sql.link = await connectToWrite(this.#options, this.#tell)
      this.moves++
    }
    // The lock in a statement of its own: what follows must see what its last holder committed.
    const results = await this.#sql.link.script(`begin; ${takeLock}; savepoint batch; ${readCounters}`)
    const start = results.at(-1)!.rows[0] as Start
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
    const { journal, installation } = this.transaction
    const { last } = journal
    if (last) this.#acknowledged.moveTo({ installation, n: last.n, at: last.at, requestId: last.requestId })
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
    await this.#acknowledged.close()
  }
}

/** One connection that reads, with the nouns over it. */
class Reader {
  readonly #sql = new PostgresSql()
  readonly #nouns: Nouns
  readonly #options: LinkOptions
  #moves = 0

  constructor(sealer: Sealer, options: LinkOptions) {
    this.#options = options
    this.#nouns = new Nouns(
      this.#sql,
      sealer,
      new SharedTokens(this.#sql, (text, tokens) => this.#sql.findMany(text, tokens)),
    )
  }
  async run<T>(
    work: (tx: Transaction) => Promise<T>,
    { now, moves }: { readonly now: (databaseTime: number) => number; readonly moves: number },
  ): Promise<T> {
    if (this.#moves !== moves) this.#sql.link?.destroy()
    this.#moves = moves
    if (!this.#sql.link?.isUsable) this.#sql.link = await connectToRead(this.#options)
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

  constructor(link: Link | undefined, options: PostgresOptions, connecting: Connecting) {
    this.#options = options
    this.#linkOptions = connecting.linkOptions
    this.#engine = new PostgresEngine(link, options.sealer, connecting, (time) => this.#now(time))
    this.#batches = new Batches(this.#engine, options.onFatal)
  }

  write<T>(work: (tx: Transaction) => Promise<T>, token?: Uint8Array): Promise<T> {
    return this.#batches.run(work, token)
  }
  async read<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    if (this.#batches.closed) throw this.#batches.closed
    const reader = await this.#takeReader()
    try {
      return await reader.run(work, { now: (time) => this.#now(time), moves: this.#engine.moves })
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

async function connectToWrite(options: LinkOptions, tell: TellStale): Promise<Link> {
  try {
    const link = await connect(options)
    tell(undefined)
    return link
  } catch (error) {
    const trouble = postgresTroubleOf(error)
    if (trouble?.kind === 'stale') tell(trouble)
    throw error
  }
}
/** Prefers a database that has what was acknowledged; where there is none, an old one is better than nothing to read. */
async function connectToRead(options: LinkOptions): Promise<Link> {
  try {
    return await connect(options)
  } catch (error) {
    if (postgresTroubleOf(error)?.kind !== 'stale') throw error
    return connect({ ...options, check: undefined })
  }
}

/**
 * Opens (and where needed and allowed makes or migrates) the database. Where it lacks what was acknowledged, the store
 * reads, and writes again once it is connected to one that has it. Throws StoreTrouble with a message for the operator.
 */
export async function openPostgres(options: PostgresOptions): Promise<Store> {
  const plain = linkOptionsOf(options)
  const { onStale, onNotice } = options
  const acknowledged = new Acknowledged(options.folder, (trouble) => onNotice?.({ kind: 'trouble', trouble }))
  const linkOptions = { ...plain, check: (link: Link) => acknowledged.check(link) }
  let stale: StoreTrouble | undefined
  const tell: TellStale = (trouble) => {
    if ((stale === undefined) !== (trouble === undefined)) onStale?.(trouble)
    stale = trouble
  }
  return inOperatorsWords(plain, async () => {
    const writing = await connectToWrite(linkOptions, tell).catch((error: unknown) => {
      if (!stale) throw error
      return undefined
    })
    const link = writing ?? (await connect(plain))
    try {
      const excess = await prepareSchema(link, plain, { isStale: !writing })
      if (excess.length > 0) onNotice?.({ kind: 'rights', user: plain.target.user, excess })
    } catch (error) {
      link.destroy()
      throw error
    }
    if (!writing) await link.close()
    return new PostgresStore(writing, options, { linkOptions, acknowledged, tell })
  })
}

/**
 * `cadastre database accept`: from now on the database is what it is, whatever this server had acknowledged beyond it.
 * Answers what was given up and what is newest now; the first is undefined where nothing was missing.
 */
export async function acceptDatabase(
  options: Pick<PostgresOptions, 'url' | 'isHighlyAvailable' | 'deadlineMs'> & { readonly folder: string },
): Promise<{ readonly givenUp: string | undefined; readonly newest: string }> {
  const plain = linkOptionsOf(options)
  return inOperatorsWords(plain, async () => {
    const acknowledged = new Acknowledged(options.folder, (trouble) => {
      throw trouble
    })
    const link = await connect(plain)
    try {
      const newest = await findNewest(link)
      const givenUp = (await acknowledged.findTrouble(link)) && describeMark(acknowledged.mark)
      if (givenUp !== undefined) await acknowledged.replace(newest)
      return { givenUp, newest: describeMark(newest) }
    } finally {
      await link.close()
    }
  })
}

function linkOptionsOf({
  url,
  isHighlyAvailable = false,
  deadlineMs = deadlineMsDefault,
}: Pick<PostgresOptions, 'url' | 'isHighlyAvailable' | 'deadlineMs'>): LinkOptions {
  const target = parseTarget(url)
  if (typeof target === 'string') throw new StoreTrouble('foreign', `The database's URL: ${target}.`, { fatal: true })
  return { target, isHighlyAvailable, deadlineMs }
}

async function inOperatorsWords<T>({ target }: LinkOptions, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const trouble = postgresTroubleOf(error)
    if (!trouble) throw error
    const message = `Cannot open the database \`${target.database}\`: ${trouble.message}.`
    throw new StoreTrouble(trouble.kind, message, { fatal: true, cause: error })
  }
}
