// One connection to PostgreSQL: found among several hosts, checked before it is used, and given up rather than waited for.
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { checkServerIdentity } from 'node:tls'
import pg from 'pg'
import { StoreTrouble, type TroubleKind } from '../trouble.ts'

const versionMin = 15
const versionMax = 18
const defaultPort = 5432
/** Between two rounds through all hosts. */
const roundPauseMs = 100
export const deadlineMsDefault = 10_000

export interface Target {
  readonly hosts: readonly { readonly host: string; readonly port: number }[]
  readonly user: string
  readonly password: string | undefined
  readonly database: string
  readonly schema: string
  readonly tls: 'disable' | 'require' | 'verify-ca' | 'verify-full'
  readonly rootCertificate: string | undefined
}
export interface LinkOptions {
  readonly target: Target
  /** What the profile `ha` demands: an acknowledged row is on a second machine. */
  readonly isHighlyAvailable: boolean
  /** How long anything may take before the connection is given up. */
  readonly deadlineMs: number
  /** The same for a statement, where it may take longer than a connection. */
  readonly statementMs?: number
  /** How long a transaction may stand still between two statements before the database ends it; undefined: `statementMs`. */
  readonly idleMs?: number
  /** Asked last, of every connection: throws where this database is not to be used. */
  readonly check?: (link: Link) => Promise<void>
}

// The address -------------------------------------------------------------------------------------------------------

const tlsModes = ['disable', 'require', 'verify-ca', 'verify-full'] as const
const urlPattern = /^postgres(?:ql)?:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^/?]*)\/([^?]*)(?:\?(.*))?$/

/**
 * Reads `postgres://user:password@host:port,host:port/database?sslmode=…&sslrootcert=…&schema=…`, as libpq writes it
 * (PostgreSQL documentation, 34.1.1.2), with what we need of its parameters. A text says what is wrong.
 */
export function parseTarget(url: string): Target | string {
  const [, user, password, hosts, database, query] = urlPattern.exec(url) ?? []
  if (hosts === undefined || !database) return 'postgres://USER:PASSWORD@HOST:PORT/DATABASE is expected'
  if (!user) return 'a user is expected before the host'
  const parameters = new URLSearchParams(query)
  for (const name of parameters.keys()) {
    if (!['sslmode', 'sslrootcert', 'schema', 'target_session_attrs'].includes(name))
      return `the parameter \`${name}\` is not known`
  }
  if ((parameters.get('target_session_attrs') ?? 'read-write') !== 'read-write')
    return 'target_session_attrs can only be read-write'
  const places = hosts.split(',').map((text) => {
    const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]*))(?::(\d{1,5}))?$/.exec(text) ?? []
    return { host: decodeURIComponent(bracketed ?? plain ?? ''), port: Number(port ?? defaultPort) }
  })
  if (places.some(({ host }) => host === ''))
    return 'each host is a name or an address, with `:port` where it is not 5432'
  const schema = parameters.get('schema') ?? 'cadastre'
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) return 'the schema is made of small letters, digits and `_`'
  const isLocal = places.every(({ host }) => host === 'localhost' || host === '::1' || /^127\.|^\//.test(host))
  const tls = tlsModes.find((mode) => mode === (parameters.get('sslmode') ?? (isLocal ? 'disable' : 'verify-full')))
  if (!tls) return `sslmode is one of ${tlsModes.join(', ')}`
  return {
    hosts: places,
    user: decodeURIComponent(user),
    password: password === undefined ? undefined : decodeURIComponent(password),
    database: decodeURIComponent(database),
    schema,
    tls,
    rootCertificate: parameters.get('sslrootcert') ?? undefined,
  }
}

function tlsOf({ tls, rootCertificate }: Target, host: string): pg.ClientConfig['ssl'] {
  if (tls === 'disable') return false
  const ca = rootCertificate === undefined ? {} : { ca: readFileSync(rootCertificate, 'utf8') }
  // As in libpq: whoever names a root certificate wants it looked at.
  if (tls === 'require' && rootCertificate === undefined) return { rejectUnauthorized: false }
  return {
    ...ca,
    ...(isIP(host) ? {} : { servername: host }),
    checkServerIdentity:
      tls !== 'verify-full' ? () => undefined : (_, certificate) => checkServerIdentity(host, certificate),
  }
}

// Trouble -----------------------------------------------------------------------------------------------------------

/** By SQLSTATE or its class (PostgreSQL documentation, appendix A). Nothing is fatal: the server lives on and connects again. */
const codes: readonly (readonly [RegExp, TroubleKind, string])[] = [
  [/^53100$/, 'database-full', 'the disk of the database is full'],
  [/^57014$/, 'unavailable', 'a statement was cancelled at the database'],
  [/^25P0[34]$/, 'unavailable', 'the database ended a transaction that stood still, or took too long'],
  [/^53300$/, 'unavailable', 'the database takes no more connections'],
  [/^(08|57P|53)/, 'unavailable', 'the database closed the connection'],
  [/^25006$/, 'unavailable', 'the database takes no writes (it is a standby)'],
  [/^(28|42501)/, 'permission', 'the database refused this user'],
  [/^3D000$/, 'foreign', 'there is no such database'],
  [/^58/, 'unavailable', 'the database could not read or write its files'],
  [/^XX00[12]$/, 'corrupt', 'the database is damaged'],
]
const codeOf = (error: unknown): string | undefined =>
  error instanceof pg.DatabaseError ? (error.code ?? '') : undefined

/** An answer of the server that says no: after it nothing more can be done in the transaction. */
export const isDatabaseError = (error: unknown): boolean => codeOf(error) !== undefined
/** Met another transaction: serialization failure, deadlock, lock not available. */
export const isConflict = (error: unknown): boolean => /^(40001|40P01|55P03)$/.test(codeOf(error) ?? '')

export function postgresTroubleOf(error: unknown): StoreTrouble | undefined {
  if (error instanceof StoreTrouble) return error
  const code = codeOf(error)
  const [, kind, message] = (code !== undefined && codes.find(([pattern]) => pattern.test(code))) || []
  if (kind === undefined) return undefined
  return new StoreTrouble(kind, `${message} (${(error as Error).message})`, { fatal: false, cause: error })
}
const unavailable = (message: string, cause?: unknown): StoreTrouble =>
  new StoreTrouble('unavailable', message, { fatal: false, cause })

// The connection ----------------------------------------------------------------------------------------------------

const int8 = 20
/** Numbers of 8 bytes come as text; ours all fit into a number, and one that does not must not be rounded. */
function toSafeNumber(text: string): number {
  const number = Number(text)
  if (!Number.isSafeInteger(number)) throw new RangeError(`\`${text}\` is not a safe integer`)
  return number
}
const types = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === int8 ? toSafeNumber : pg.types.getTypeParser(oid, format as 'text'),
} as pg.CustomTypesConfig

export interface Result {
  readonly rows: readonly unknown[]
  readonly rowCount: number | null
  readonly command: string
}

/** What the driver has and its types do not say. */
interface Client extends pg.Client {
  ref(): void
  unref(): void
}

export class Link {
  readonly #client: Client
  readonly #deadlineMs: number
  readonly #isHighlyAvailable: boolean
  #gone: StoreTrouble | undefined
  #warning: string | undefined
  #unanswered = 0
  #isGathering = false
  /** How long what is sent from now on may take; undefined: as long as any statement. */
  limitMs: number | undefined

  constructor(
    client: Client,
    { deadlineMs, isHighlyAvailable }: Pick<LinkOptions, 'deadlineMs' | 'isHighlyAvailable'>,
  ) {
    this.#client = client
    this.#deadlineMs = deadlineMs
    this.#isHighlyAvailable = isHighlyAvailable
    client.on('error', (error) =>
      this.#leave(unavailable(`the connection to the database broke (${error.message})`, error)),
    )
    client.on('end', () => this.#leave(unavailable('the database closed the connection')))
    client.on('notice', ({ severity, message }) => {
      if (severity !== 'NOTICE' && severity !== 'INFO') this.#warning = message
    })
  }

  get deadlineMs(): number {
    return this.#deadlineMs
  }
  get isUsable(): boolean {
    return this.#gone === undefined
  }
  /**
   * A statement that is prepared at its first use. It is sent at once, behind those that are not answered yet: what is
   * asked for together is one round trip. In a transaction that one of them fails, those behind it fail too.
   */
  query(name: string, text: string, values: readonly unknown[]): Promise<Result> {
    return this.#send({ name, text, values: values as unknown[] }) as Promise<Result>
  }
  /** Several statements in one message; each sees what was committed before it began (not before the first began). */
  script(text: string): Promise<Result[]> {
    return this.#send({ text }).then((results) => (Array.isArray(results) ? results : [results]))
  }
  /**
   * Resolves where the commit is on disk, and on the standbys that are waited for. Throws the server's error where it is
   * certain that nothing was committed, and else trouble that is `unavailable`: then nobody knows.
   * @param sent statements on their way, which it commits: the server takes back a transaction in which one failed
   */
  async commit(sent: readonly Promise<unknown>[] = []): Promise<void> {
    this.#warning = undefined
    const committed = this.script('commit')
    const waitedFor = this.#isHighlyAvailable ? this.script('show synchronous_standby_names') : undefined
    const [answer, waited, ...before] = await Promise.allSettled([committed, waitedFor, ...sent])
    const refused = before.find((one) => one.status === 'rejected' && isDatabaseError(one.reason))
    if (refused?.status === 'rejected') throw refused.reason
    if (answer.status === 'rejected') {
      const error = answer.reason as Error
      if (isConflict(error) || codeOf(error)?.startsWith('23')) throw error
      this.destroy()
      throw unknownOutcome(error.message, error)
    }
    const command = answer.value[0]!.command
    if (this.#warning !== undefined) {
      // Such as "canceling wait for synchronous replication": committed here, perhaps nowhere else.
      this.destroy()
      throw unknownOutcome(this.#warning)
    }
    if (command !== 'COMMIT') throw new Error(`the transaction had failed before its commit (${command})`)
    if (waited.status === 'fulfilled' && !isWaitedForByNobody(waited.value)) return
    // A reload can empty it under a connection that stands; whoever waited then is let go as if all were well.
    this.destroy()
    throw unknownOutcome(waited.status === 'rejected' ? String(waited.reason) : noStandbys)
  }
  /** Gives the connection up without a word: never a cancel, which would end the wait of a commit. */
  destroy(): void {
    this.#leave(unavailable('the connection to the database was given up'))
  }
  async close(): Promise<void> {
    if (!this.isUsable) return
    this.#gone = unavailable('the connection is closed')
    this.#client.ref()
    await this.#client.end().catch(() => undefined)
  }

  #leave(trouble: StoreTrouble): void {
    if (this.#gone) return
    this.#gone = trouble
    this.#client.connection.stream.destroy()
  }
  /** What is sent in one go is written in one go. */
  #gather(): void {
    if (this.#isGathering) return
    this.#isGathering = true
    const { stream } = this.#client.connection
    stream.cork()
    process.nextTick(() => {
      this.#isGathering = false
      stream.uncork()
    })
  }
  #send(query: { name?: string; text: string; values?: unknown[] }): Promise<Result | Result[]> {
    if (this.#gone) return Promise.reject(this.#gone)
    if (this.#unanswered++ === 0) this.#client.ref()
    this.#gather()
    const answered = (): void => {
      // An idle connection alone keeps no process alive.
      if (--this.#unanswered === 0) this.#client.unref()
    }
    const limitMs = Math.round(Math.min(this.limitMs ?? this.#deadlineMs, this.#deadlineMs))
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const late = unavailable(`the database did not answer within ${limitMs} ms`)
        this.#leave(late)
        reject(late)
      }, limitMs)
      this.#client.query(query).then(
        (result) => {
          clearTimeout(timer)
          answered()
          resolve(result)
        },
        (error: unknown) => {
          clearTimeout(timer)
          answered()
          // Whatever the server did not say itself is about the connection, and a fatal error ends it.
          const isAnswer = error instanceof pg.DatabaseError && error.severity !== 'FATAL' && error.severity !== 'PANIC'
          if (!isAnswer && !(error instanceof RangeError))
            this.#leave(unavailable(String((error as Error).message), error))
          reject(isDatabaseError(error) || error instanceof RangeError ? error : this.#gone)
        },
      )
    })
  }
}
const noStandbys = '`synchronous_standby_names` is empty: a failover could lose what was acknowledged'
const isWaitedForByNobody = (shown: readonly Result[] | undefined): boolean =>
  shown !== undefined && (shown[0]!.rows[0] as { synchronous_standby_names: string }).synchronous_standby_names === ''
const unknownOutcome = (why: string, cause?: unknown): StoreTrouble =>
  new StoreTrouble(
    'unavailable',
    `the outcome of the last commit is unknown (${why}); a retry with the same token tells`,
    {
      fatal: false,
      cause,
      outcome: 'unknown',
    },
  )

// Finding one -------------------------------------------------------------------------------------------------------

/** Connects to the first host that takes writes and is safe; goes round until the deadline. */
export async function connect(options: LinkOptions): Promise<Link> {
  const { target, deadlineMs } = options
  const until = Date.now() + deadlineMs
  for (;;) {
    const problems: StoreTrouble[] = []
    for (const [index, { host, port }] of target.hosts.entries()) {
      // A host that hangs, as one does whose power is cut, must leave time for the others.
      const share = (until - Date.now()) / (target.hosts.length - index)
      const remaining = Math.max(share, roundPauseMs)
      try {
        return await connectTo(host, port, options, remaining)
      } catch (error) {
        const trouble = postgresTroubleOf(error) ?? unavailable((error as Error).message, error)
        const message = `${host}:${port}: ${trouble.message}`
        problems.push(new StoreTrouble(trouble.kind, message, { fatal: trouble.fatal, cause: error }))
      }
    }
    // Unsafe settings, a wrong password: asking again does not help.
    const worst = problems.find(({ kind }) => kind !== 'unavailable')
    if (worst) throw worst
    if (Date.now() + roundPauseMs >= until) {
      throw unavailable(`no database takes writes: ${problems.map(({ message }) => message).join('; ')}`)
    }
    await new Promise((resolve) => setTimeout(resolve, roundPauseMs))
  }
}

async function connectTo(host: string, port: number, options: LinkOptions, remainingMs: number): Promise<Link> {
  const { target, deadlineMs, statementMs = deadlineMs, idleMs = statementMs } = options
  const client = new pg.Client({
    host,
    port,
    user: target.user,
    password: target.password,
    database: target.database,
    ssl: tlsOf(target, host),
    connectionTimeoutMillis: remainingMs,
    keepAlive: true,
    application_name: 'cadastre',
    types,
    pipeline: true,
  }) as Client
  const link = new Link(client, { deadlineMs: statementMs, isHighlyAvailable: options.isHighlyAvailable })
  try {
    await client.connect()
    await link.script(`set search_path to "${target.schema}"; set client_min_messages to warning;
      set idle_in_transaction_session_timeout to ${idleMs}; set client_connection_check_interval to 1000;
      set statement_timeout to 0; set lock_timeout to 0; set datestyle to iso; set standard_conforming_strings to on`)
    // Not from `pg_settings`, which is as many rows as there are settings, each time.
    const [settings] = await link.script(`select name, current_setting(name) as setting from (values ('fsync'),
      ('full_page_writes'), ('synchronous_commit'), ('synchronous_standby_names'), ('server_version_num'),
      ('server_encoding'), ('transaction_read_only')) asked (name)
      union all select 'recovery', pg_is_in_recovery()::text`)
    const rows = settings!.rows as { name: string; setting: string }[]
    checkSettings(new Map(rows.map(({ name, setting }) => [name, setting])), options)
    // What was found good is held on to: a later reload must not weaken the commits of this connection.
    await link.script(`select set_config('synchronous_commit', current_setting('synchronous_commit'), false)`)
    await options.check?.(link)
    return link
  } catch (error) {
    link.destroy()
    throw error
  }
}

/** What we rely on is read on every connection: a database that could lose an acknowledged row is refused. */
export function checkSettings(
  settings: ReadonlyMap<string, string>,
  { isHighlyAvailable }: { readonly isHighlyAvailable: boolean },
): void {
  const refuse = (message: string): never => {
    throw new StoreTrouble('unsafe', message, { fatal: true })
  }
  const version = Math.floor(Number(settings.get('server_version_num')) / 10_000)
  if (version < versionMin || version > versionMax) {
    refuse(`it is PostgreSQL ${version}; ${versionMin} to ${versionMax} are supported`)
  }
  if (settings.get('recovery') === 'true' || settings.get('transaction_read_only') === 'on') {
    throw unavailable('it takes no writes (a standby, or read-only)')
  }
  if (settings.get('server_encoding') !== 'UTF8') refuse('the encoding of the database is not UTF8')
  for (const name of ['fsync', 'full_page_writes', 'synchronous_commit']) {
    if (settings.get(name) === 'off') refuse(`\`${name}\` is off: a crash could lose what was acknowledged; turn it on`)
  }
  if (!isHighlyAvailable) return
  if (settings.get('synchronous_standby_names') === '') refuse(`CADASTRE_PROFILE=ha, but ${noStandbys}`)
  if (settings.get('synchronous_commit') === 'local')
    refuse('CADASTRE_PROFILE=ha, but `synchronous_commit` is `local`: commits would not wait for a standby')
}
