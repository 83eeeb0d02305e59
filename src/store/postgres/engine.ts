// PostgreSQL: any number of servers on one database, one batch at a time among all of them.
import { randomBytes } from 'node:crypto'
import type { Asker } from '../asker.ts'
import { Batches, type Engine } from '../batching.ts'
import { type Effort, rowsPerStatement } from '../effort.ts'
import { Memory } from '../memory.ts'
import { Outage } from '../outage.ts'
import { Readers } from '../readers.ts'
import { checkKey, type KeyEvidence, keepFingerprint, readKeyEvidence } from '../sealing-key.ts'
import type { SqlValue } from '../sql.ts'
import type { Among, AskedOf, Mark, RolledBack, Store, Transaction } from '../store.ts'
import type { Sealer } from '../tables/access-keys.ts'
import { finalUntil, type Moment, onChange, Time } from '../time.ts'
import { Changes, type CountingSql, type Loaded, Nouns, readStart } from '../transaction.ts'
import { StoreTrouble } from '../trouble.ts'
import { LeaseKeeper } from './lease.ts'
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
} from './link.ts'
import { Acknowledged, describeMark, findNewest } from './mark.ts'
import { bePresent, lockClass, prepareSchema } from './migrate.ts'
import { SharedFreeSpace } from './space.ts'
import { type ManyRows, type ManySql, referencesOf, translate, translateMany } from './sql.ts'
import { SharedTokens } from './tokens.ts'
import { askWaiters, sayAsked, type Waiters } from './waiters.ts'

/** Connections that read beside the one that writes. */
const readersMax = 4
/**
 * A server that stands still in the middle of a transaction keeps all others from writing: the database ends its transaction
 * after this long. It is rolled back, and whoever asked is told to try again.
 */
const standstillMsMax = 2_500
/** Whoever was late already still has this long, which a database that is there does not need. */
const remainingMsMin = 250
/** What weighs as much as one that is sent to the database: as statements of SQLite, which need nobody else. */
const statementsPerRoundTrip = 4
/** How often a transaction begins until it finds the database that it found the time before. */
const looksMax = 4
export const takeLock = `select pg_advisory_xact_lock(${lockClass}, hashtext(current_schema()))`
export const databaseTime = '(extract(epoch from clock_timestamp()) * 1000)::bigint'
/**
 * Where the database is: another server or copy has another start, file or timeline (a failover begins one), and so has a
 * schema that was restored anew.
 */
const place = `concat_ws(' ', (extract(epoch from pg_postmaster_start_time()) * 1000000)::bigint,
  pg_relation_filepath('audit_entry'), left(pg_walfile_name(pg_current_wal_lsn()), 8))`
const readCounters = readStart('$1', `, ${databaseTime} as time, ${place} as place`)
/** Prepared: to plan it for each transaction would cost more than to execute it. */
const readStarts = (link: Link, asked: number | null): Promise<Result> => link.query('start', readCounters, [asked])
/**
 * Whether nobody writes, and what the clock says meanwhile: taken and given back at once, in a transaction of its own, since
 * it must be before the snapshot that is read from.
 */
const askQuiet = `with lock as materialized (
    select pg_try_advisory_lock_shared(${lockClass}, hashtext(current_schema())) as taken, ${databaseTime} as time)
  select case when taken then time end as "quietAt",
    case when taken then pg_advisory_unlock_shared(${lockClass}, hashtext(current_schema())) end as given_back from lock`

export interface PostgresOptions {
  readonly url: string
  readonly sealer: Sealer
  readonly isHighlyAvailable?: boolean
  /** How long a statement, a commit, a connection, the end of conflicts, or its turn is waited for by a request. */
  readonly deadlineMs?: number
  /** A server, which makes and migrates the schema where it may (the default); the operator's commands beside it do not. */
  readonly exclusive?: boolean
  /** Milliseconds since 1970; undefined (as in every server): the database's own, which all servers share. */
  readonly clock?: () => number
  readonly onFatal?: (trouble: StoreTrouble) => void
  /** As in `BatchLimits`. */
  readonly workMsMax?: number
  /** Where the last acknowledged entry is kept across restarts; undefined: in memory. */
  readonly folder?: string
  /** The database lacks what was acknowledged, or its clock is behind, and nothing is written; undefined: it is again. */
  readonly onStale?: (trouble: StoreTrouble | undefined) => void
  /** The operator is about to say that the clock is right, although it is behind the record. */
  readonly acceptsClock?: boolean
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
export class PostgresSql implements ManySql, CountingSql {
  readonly changed = new Changes()
  link: Link | undefined
  /** Of the reading that it is used for; the writer's requests are counted apart. */
  effort: Effort | undefined
  readonly #waiting = new Map<string, Waiting>()
  #last: { readonly text: string; readonly values: readonly unknown[] }[] = []

  async get<Row>(text: string, ...values: SqlValue[]): Promise<Row | undefined> {
    return (await this.#execute(text, values)).rows[0] as Row | undefined
  }
  async all<Row>(text: string, ...values: SqlValue[]): Promise<Row[]> {
    return this.#counted((await this.#execute(text, values)).rows) as Row[]
  }
  async run(text: string, ...values: SqlValue[]): Promise<number> {
    const changes = (await this.#execute(text, values)).rowCount ?? 0
    this.changed.add(changes)
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
    this.changed.add(1)
  }
  async allOf<Row>(text: string, ...columns: (readonly SqlValue[])[]): Promise<Row[]> {
    return this.#counted((await this.#execute(text, columns)).rows) as Row[]
  }
  /**
   * By a temporary file of two megabytes, on the disk of the database unless its operator has placed those elsewhere. A
   * change of one row may find a place in pages that are there, on a disk on which nothing else can be written any more.
   */
  async findRoom(): Promise<void> {
    const { usual } = (await this.get<{ usual: string }>(`select current_setting('work_mem') as usual`))!
    const set = `select set_config('work_mem', ?, true) as is_set`
    await this.get(set, '64kB')
    await this.get(`select count(distinct repeat(md5(g::text), 32)) as sorted from generate_series(1, 2000) g`)
    await this.get(set, usual)
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

  #counted<Rows extends readonly unknown[]>(rows: Rows): Rows {
    if (this.effort) this.effort.spend(rows.length / rowsPerStatement)
    else this.changed.read(rows.length)
    return rows
  }
  #execute(text: string, values: readonly unknown[]): Promise<Result> {
    if (this.effort) this.effort.spend(statementsPerRoundTrip)
    else this.changed.read(statementsPerRoundTrip)
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

/** How a store finds its database, and knows it again. */
interface Connecting {
  readonly memory: Memory
  /** Every connection is asked for what was acknowledged. */
  readonly linkOptions: LinkOptions
  readonly acknowledged: Acknowledged
  readonly tell: TellStale
  /** Whether this is a server, which others must know to be there. */
  readonly isServer: boolean
}
/** Called after every attempt; tells of changes alone. */
type TellStale = (trouble: StoreTrouble | undefined) => void

/** Waits for all; throws what the first one that failed says, for it failed the others. */
async function answered(sent: readonly Promise<unknown>[]): Promise<void> {
  for (const one of await Promise.allSettled(sent)) if (one.status === 'rejected') throw one.reason
}

class PostgresEngine implements Engine {
  readonly transaction: Nouns
  readonly #sql = new PostgresSql()
  readonly #tokens: SharedTokens
  readonly #options: LinkOptions
  readonly #timing: Timing
  readonly #acknowledged: Acknowledged
  readonly #tell: TellStale
  readonly #isServer: boolean
  readonly #outage: Outage
  /** How often it had to connect anew: perhaps to another server, and then those who read must follow. */
  moves = 0
  #start: Start | undefined
  /** What the store's own clock said, where it has one: it is asked once for each transaction. */
  #clock: number | undefined
  /** Whether a transaction may be open. */
  #isOpen = false
  /** Whether somebody waits for what it does: other servers are told. */
  #isAsked = false
  readonly among: Among

  /** Without a link it connects when it is needed. `options` check every connection against `acknowledged`. */
  constructor(
    link: Link | undefined,
    sealer: Sealer,
    { memory, linkOptions, acknowledged, tell, isServer }: Connecting,
    timing: Timing,
  ) {
    this.#sql.link = link
    this.#options = { ...linkOptions, idleMs: standstillMsOf(linkOptions) }
    this.#outage = outageOf(linkOptions)
    this.#isServer = isServer
    this.#acknowledged = acknowledged
    this.among = {
      get mark() {
        return acknowledged.mark
      },
      acknowledge: (mark: Mark) => acknowledged.moveOnTo(mark),
      followers: 0,
    }
    this.#tell = tell
    this.#timing = timing
    this.transaction = nounsOver(this.#sql, sealer, memory)
    this.#tokens = this.transaction.tokens as SharedTokens
  }

  get away(): StoreTrouble | undefined {
    return this.#outage.trouble
  }
  async begin(tokens: readonly (Uint8Array | undefined)[], since: number, isAsked = false): Promise<void> {
    this.#isAsked = isAsked
    const isStanding = this.#sql.link?.isUsable ?? false
    if (!isStanding) await this.#connect(remainingMs(this.#options, since))
    this.#sql.link!.limitMs = remainingMs(this.#options, since)
    try {
      await this.#beginHere(tokens, isStanding)
    } finally {
      this.#sql.link!.limitMs = undefined
    }
  }
  async #beginHere(tokens: readonly (Uint8Array | undefined)[], wasStanding: boolean): Promise<void> {
    let isStanding = wasStanding
    let begun = await this.#begin(tokens)
    // Another database than before, perhaps under a connection that stood: it is asked whether it may be written. Where a
    // reader has met it at the same moment, only the next look can say that it is still the same.
    for (let looks = 1; begun.isOther; looks++) {
      if (looks === looksMax)
        throw new StoreTrouble('unavailable', 'the database was exchanged again', { fatal: false })
      if (isStanding) {
        this.#sql.link!.destroy()
        await this.#connect()
        isStanding = false
      } else await this.#sql.link!.script('rollback')
      begun = await this.#begin(tokens)
    }
    const { start } = begun
    const { now, trouble } = this.#timing.momentOf(start, this.#clock)
    this.#tell(trouble)
    if (trouble) throw trouble
    this.transaction.now = now
    this.transaction.asOf = now - 1
  }
  async #connect(deadlineMs = this.#options.deadlineMs): Promise<void> {
    try {
      // However little is left for connecting, statements have their time afterwards.
      const statementMs = this.#options.statementMs ?? this.#options.deadlineMs
      this.#sql.link = await connectToWrite({ ...this.#options, deadlineMs, statementMs }, this.#tell)
    } catch (error) {
      const trouble = postgresTroubleOf(error)
      // Whoever was late has tried for too short a time to know.
      const hasTried = deadlineMs >= this.#options.deadlineMs / 2
      if (trouble?.kind === 'unavailable' && hasTried) this.#outage.begin(trouble)
      throw error
    }
    if (this.#isServer) await this.#sql.link.script(bePresent)
    this.moves++
  }
  async #begin(tokens: readonly (Uint8Array | undefined)[]): Promise<{ start: Start; isOther: boolean }> {
    this.#start = undefined
    this.#isOpen = true
    // The lock in a statement of its own: what follows must see what its last holder committed. All of it is one round
    // trip, in which the statements are executed one after the other.
    const link = this.#sql.link!
    const asked = this.transaction.start()
    const begun = link.script(`begin; ${this.#isAsked ? `${sayAsked}; ` : ''}${takeLock}; savepoint batch`)
    const read = readStarts(link, asked)
    await answered([begun, read, this.#tokens.begin(tokens), this.transaction.space.begin()])
    const start = (await read).rows[0] as Start
    this.#start = start
    this.#clock = this.#timing.ownClock?.()
    this.transaction.setBacks = this.#timing.see(start, this.#clock)
    return { start, isOther: this.transaction.load(start) }
  }
  async commit(): Promise<void> {
    const { memory, installation } = this.transaction
    await this.transaction.flush()
    this.#tokens.flush(this.transaction.now)
    const sent = this.#sql.send()
    // From here on there is nothing left to roll back, whatever comes of it.
    this.#isOpen = false
    await this.#sql.link!.commit(sent)
    const { entry } = memory
    memory.commit()
    if (entry) this.#acknowledged.moveTo({ installation, ...entry })
  }
  /**
   * Undoes the batch, but keeps the numbers that were drawn: a denial that is about to be recorded names one. The lock is
   * held until that is committed, so nobody else draws them in between.
   */
  async rollback(): Promise<void> {
    this.#sql.forget()
    this.transaction.memory.rollback()
    const { link } = this.#sql
    if (!link?.isUsable || !this.#isOpen) return
    if (!this.#start) return link.destroy()
    const { sequence } = this.transaction
    try {
      await link.script(`rollback to savepoint batch;
        update counter set value = ${sequence} where name = 'sequence' and value < ${sequence}`)
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
  beginWork(isRequest: boolean, refuseLong?: () => void): void {
    this.#sql.changed.begin(isRequest, refuseLong)
  }
  /** Those of other servers who wait for the end of this transaction. */
  async waitersElsewhere(): Promise<Waiters> {
    const [found] = await this.#sql.link!.script(askWaiters)
    const { waitedMs, servers } = found!.rows[0] as Waiters
    return { waitedMs, servers: Math.max(servers - this.among.followers, 1) }
  }
  spoils(error: unknown): boolean {
    return isDatabaseError(error) || postgresTroubleOf(error) !== undefined
  }
  isConflict(error: unknown): boolean {
    return isConflict(error)
  }
  async close(): Promise<void> {
    this.#outage.end()
    await this.#sql.link?.close()
    await this.#acknowledged.close()
  }
}

const nounsOver = (sql: PostgresSql, sealer: Sealer, memory: Memory): Nouns =>
  new Nouns(sql, sealer, memory, {
    tokens: (kept) => new SharedTokens(sql, kept),
    freeSpace: (kept, counters) => new SharedFreeSpace(sql, kept, counters),
  })
/** The time by which transactions go; `clock` is what a clock of the store's own said, where it has one. */
interface Timing {
  /** Answers how often the clock was set far back. */
  readonly see: (start: Start, clock: number | undefined) => number
  readonly momentOf: (start: Start, clock: number | undefined) => Moment
  /** Undefined: the database's own. */
  readonly ownClock: (() => number) | undefined
}
interface Reading extends Timing {
  /** When the request arrived, by `performance.now()`. */
  readonly since: number
  readonly effort: Effort
}

/** One connection that reads, with the nouns over it. */
class Reader {
  readonly #sql = new PostgresSql()
  readonly #nouns: Nouns
  readonly #link: Link
  readonly #isCurrent: () => boolean

  /** @param isCurrent whether readings still go where the connection leads */
  constructor(link: Link, nounsOf: (sql: PostgresSql) => Nouns, isCurrent: () => boolean) {
    this.#link = link
    this.#sql.link = link
    this.#nouns = nounsOf(this.#sql)
    this.#isCurrent = isCurrent
  }
  get isGood(): boolean {
    return this.#link.isUsable && this.#isCurrent()
  }
  async run<T>(work: (tx: Transaction) => Promise<T>, reading: Reading): Promise<T> {
    try {
      await this.#begin(reading)
      this.#sql.effort = reading.effort
      const answer = await work(this.#nouns)
      // What waits would never be sent; the database itself refuses it.
      await this.#nouns.space.flush()
      await answered(this.#sql.send())
      return answer
    } catch (error) {
      // In which state a statement that failed has left the connection is not known, whichever it was.
      if (isDatabaseError(error) || postgresTroubleOf(error)) this.#link.destroy()
      // What it had begun together with what failed ends before another reading has the connection.
      reading.effort.end()
      throw error
    } finally {
      this.#sql.forget()
      this.#nouns.memory.rollback()
      if (this.#link.isUsable) await this.#link.script('rollback').catch(() => this.#link.destroy())
      this.#sql.effort = undefined
    }
  }
  close(): Promise<void> {
    return this.#link.close()
  }

  async #begin({ see, momentOf, ownClock, since }: Reading): Promise<void> {
    const link = this.#link
    link.limitMs = remainingMs(link, since)
    const clock = ownClock?.()
    const asked = this.#nouns.start()
    const begun = link.script(`begin; ${askQuiet}; commit; begin isolation level repeatable read read only`)
    const read = readStarts(link, asked)
    await answered([begun, read])
    link.limitMs = undefined
    const { quietAt } = (await begun)[1]!.rows[0] as { quietAt: number | null }
    const start = (await read).rows[0] as Start
    this.#nouns.setBacks = see(start, clock)
    this.#nouns.load(start)
    this.#nouns.now = momentOf(start, clock).now
    // A clock that is not the database's was read before.
    this.#nouns.asOf = finalUntil(start.newestEntryAt, quietAt === null ? undefined : (clock ?? quietAt))
  }
}

/** What is left of the time that a request waits for a database, from its arrival. */
const remainingMs = ({ deadlineMs }: { readonly deadlineMs: number }, since: number): number =>
  Math.max(since + deadlineMs - performance.now(), Math.min(remainingMsMin, deadlineMs))
const standstillMsOf = ({ deadlineMs }: LinkOptions): number => Math.min(standstillMsMax, deadlineMs)
/** Looks for a database that takes writes: without one nobody connects. */
const outageOf = (options: LinkOptions): Outage =>
  new Outage(async () => {
    try {
      const link = await connect({ ...options, deadlineMs: standstillMsOf(options) })
      await link.close()
      return undefined
    } catch (error) {
      const trouble = postgresTroubleOf(error)
      // Of anything else the next request is told, by the database itself.
      return trouble?.kind === 'unavailable' ? trouble : undefined
    }
  })

class PostgresStore implements Store {
  readonly #engine: PostgresEngine
  readonly #batches: Batches
  readonly #options: PostgresOptions
  readonly #linkOptions: LinkOptions
  readonly #memory: Memory
  readonly #outage: Outage
  readonly #readers: Readers<Reader>
  readonly #time: Time
  readonly #tell: TellStale

  constructor(link: Link | undefined, options: PostgresOptions, connecting: Connecting) {
    this.#options = options
    this.#linkOptions = connecting.linkOptions
    this.#memory = connecting.memory
    this.#engine = new PostgresEngine(link, options.sealer, connecting, {
      see: (start, clock) => this.#see(start, clock),
      momentOf: (start, clock) => this.#momentOf(start, clock),
      ownClock: options.clock,
    })
    this.#time = new Time(options.acceptsClock)
    this.#tell = connecting.tell
    const { deadlineMs } = connecting.linkOptions
    this.#batches = new Batches(this.#engine, options.onFatal, {
      conflictsMsMax: deadlineMs,
      waitMsMax: deadlineMs,
      workMsMax: options.workMsMax,
    })
    this.#outage = outageOf(connecting.linkOptions)
    this.#readers = new Readers({
      open: () => this.#openReader(),
      outage: this.#outage,
      connectionsMax: readersMax,
      waitMsMax: deadlineMs,
    })
  }

  get among(): Among {
    return this.#engine.among
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
      return await this.#readers.use({ since, sender, asker }, (reader, effort, from) =>
        reader.run(work, {
          see: (start, clock) => this.#see(start, clock),
          momentOf: (start, clock) => this.#momentRead(start, clock),
          since: from,
          ownClock: this.#options.clock,
          effort,
        }),
      )
    } catch (error) {
      throw postgresTroubleOf(error) ?? error
    }
  }
  async close(): Promise<void> {
    await this.#batches.close()
    await this.#readers.close()
    this.#outage.end()
    await this.#engine.close()
  }

  async #openReader(): Promise<Reader> {
    const { moves } = this.#engine
    const link = await connectToRead(this.#linkOptions)
    const nounsOf = (sql: PostgresSql): Nouns => nounsOver(sql, this.#options.sealer, this.#memory)
    return new Reader(link, nounsOf, () => moves === this.#engine.moves)
  }
  #see({ time }: Start, clock: number | undefined): number {
    return this.#time.see(clock ?? time)
  }
  #momentOf({ time, newestEntryAt }: Start, clock: number | undefined): Moment {
    return this.#time.momentOf(clock ?? time, newestEntryAt)
  }
  /** Reading goes on, but it is told at once: at a start nothing may be written for long. */
  #momentRead(start: Start, clock: number | undefined): Moment {
    const moment = this.#momentOf(start, clock)
    if (moment.trouble) this.#tell(moment.trouble)
    return moment
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

/** Who of several servers leads, of the same database. */
export const openLease = (options: Pick<PostgresOptions, 'url' | 'isHighlyAvailable'>, id: string): LeaseKeeper =>
  new LeaseKeeper(linkOptionsOf(options), id)

/**
 * Opens (and where needed and allowed makes or migrates) the database. Where it lacks what was acknowledged, the store
 * reads, and writes again once it is connected to one that has it. Throws StoreTrouble with a message for the operator.
 */
export async function openPostgres(options: PostgresOptions): Promise<Store> {
  const plain = linkOptionsOf(options)
  const { onStale, onNotice, exclusive = true } = options
  const acknowledged = new Acknowledged(options.folder, (trouble) => onNotice?.({ kind: 'trouble', trouble }))
  const linkOptions = { ...plain, check: (link: Link) => acknowledged.check(link) }
  const tell = onChange(onStale)
  return inOperatorsWords(plain, async () => {
    const writing = await connectToWrite({ ...linkOptions, idleMs: standstillMsOf(plain) }, tell).catch(
      (error: unknown) => {
        if (postgresTroubleOf(error)?.kind !== 'stale') throw error
        return undefined
      },
    )
    const link = writing ?? (await connect(plain))
    try {
      const excess = await prepareSchema(link, plain, { isStale: !writing, exclusive })
      await refuseWrongKey(link, options.sealer, { keeps: exclusive && writing !== undefined })
      if (exclusive && writing) await link.script(bePresent)
      if (excess.length > 0) onNotice?.({ kind: 'rights', user: plain.target.user, excess })
    } catch (error) {
      link.destroy()
      throw error
    }
    if (!writing) await link.close()
    return new PostgresStore(writing, options, {
      memory: new Memory(),
      linkOptions,
      acknowledged,
      tell,
      isServer: exclusive,
    })
  })
}

/** @param keeps whether the fingerprint of the first server's key is written down */
async function refuseWrongKey(link: Link, sealer: Sealer, { keeps }: { readonly keeps: boolean }): Promise<void> {
  const ask = async () => (await link.query('key', readKeyEvidence, [])).rows[0] as KeyEvidence
  if (checkKey(sealer, await ask()) === 'kept' || !keeps) return
  await link.query('keep-key', translate(keepFingerprint).text, [sealer.fingerprint])
  // Two first servers at once: one of the two keys is kept.
  checkKey(sealer, await ask())
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
      if (givenUp !== undefined) {
        // Whatever any server still keeps of what is given up is not of this history.
        const history = randomBytes(6).readUIntBE(0, 6)
        await link.script(`update counter set value = ${history} where name = 'history'`)
        await acknowledged.replace(newest)
      }
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
