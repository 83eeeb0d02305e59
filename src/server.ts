// The composition: configuration → store → operations → listener and jobs; closed in reverse.
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { createAwsEndpoint, httpServerOptions, refuseBrokenRequests } from '#api/aws/endpoint.ts'
import { createRequestIds } from '#api/aws/request-id.ts'
import type { AccessKey } from '#api/aws/sigv4.ts'
import { Bodies } from '#api/body.ts'
import { boundConnections } from '#api/connections.ts'
import { refuseRepeatedHeaders } from '#api/repeated-headers.ts'
import { createSourceAddress, type SourceAddress } from '#api/source-address.ts'
import { startHousekeeping } from '#jobs/housekeeping.ts'
import { Refused, refuse } from '#model/refusal.ts'
import { withoutSecrets } from '#model/secrets.ts'
import { bootstrap, drawKey, type NewKey } from '#operations/access-keys.ts'
import { type Hallway, openHallway } from '#operations/execute.ts'
import { operationTables } from '#operations/tables.ts'
import type { Sealer } from '#store/access-keys.ts'
import type { Notice } from '#store/postgres.ts'
import { readSealer } from '#store/sealer.ts'
import { openSqlite } from '#store/sqlite.ts'
import type { Store } from '#store/store.ts'
import { StoreTrouble } from '#store/trouble.ts'
import { type Config, programVersion } from './config.ts'
import { createLateApp } from './late.ts'
import { logEvent } from './telemetry.ts'

/** An `import` of it looks at all that it exports, and so loads a client of HTTP and WebSockets: a third of the time of a start. */
const { createServer } = process.getBuiltinModule('node:http')

/** Requests under way at SIGTERM get this long to finish. */
const drainMs = 8_000
/** Keys held in memory; one more makes room by dropping all (they are read again when they sign). */
const keysMax = 10_000
/** Read again after this long: in between, a transaction that finds keys changed looks for itself. */
const keyFreshMs = 1_000
/** Connections that the system holds until we accept them: beyond that, whoever connects waits for seconds before they try again. */
const backlogMax = 4_096
const restPrefix = '/api/v1'
/** The native API is loaded this long after the start, or at its first request: loading it holds up everybody else's first ones. */
const restDelayMs = 1_000

export interface RunningServer {
  readonly host: string
  readonly port: number
  /** The management account's first key; only at the first start. */
  readonly firstKey: NewKey | undefined
  /** Lets requests under way finish, then closes everything. */
  close(): Promise<void>
}

/** With one data folder the key is made there at the first start; several servers share a file that they are given. */
function sealerOf(config: Config, { create } = { create: false }): Sealer {
  const isOwn = config.database === undefined && config.secretKeyFile === undefined
  return readSealer(config.secretKeyFile ?? join(config.dataFolder, 'secret.key'), { create: create && isOwn })
}

export interface StoreOptions {
  /** A server; the operator's commands open the store beside it. */
  readonly exclusive: boolean
  readonly create: boolean
  readonly clock?: () => number
  /** See the option of the same name in both stores. */
  readonly acceptsClock?: boolean
  readonly onFatal?: (trouble: StoreTrouble) => void
  /** The store only reads, and why; undefined: it writes again. */
  readonly onStale?: (trouble: StoreTrouble | undefined) => void
}

/** Opens the store of a configuration; the operator's commands open it beside a running server. */
export async function openStore(config: Config, options: StoreOptions): Promise<Store> {
  if (config.database) {
    // Whoever keeps to the embedded database never loads the driver.
    const { openPostgres } = await import('#store/postgres.ts')
    const sealer = sealerOf(config)
    const { url, isHighlyAvailable } = config.database
    const { onFatal, onStale, acceptsClock } = options
    if (!options.exclusive) return openPostgres({ url, isHighlyAvailable, sealer, onFatal, acceptsClock })
    const folder = existsSync(config.dataFolder) ? config.dataFolder : undefined
    return openPostgres({ url, isHighlyAvailable, sealer, onFatal, onStale, folder, onNotice: logNotice })
  }
  try {
    mkdirSync(config.dataFolder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new StoreTrouble(
      'permission',
      `The data folder \`${config.dataFolder}\` cannot be made (${(error as Error).message}).`,
      { fatal: true, cause: error },
    )
  }
  const sealer = sealerOf(config, { create: options.create })
  return openSqlite({
    folder: config.dataFolder,
    clock: options.clock ?? Date.now,
    sealer,
    exclusive: options.exclusive,
    onFatal: options.onFatal,
    onStale: options.onStale,
    acceptsClock: options.acceptsClock,
  })
}

export async function startServer(config: Config, onFatal: (trouble: StoreTrouble) => void): Promise<RunningServer> {
  let stale: StoreTrouble | undefined
  const onStale = (trouble: StoreTrouble | undefined): void => {
    stale = trouble
    logEvent(trouble ? 'read-only' : 'read-write', trouble ? { message: trouble.message } : {})
  }
  const store = await openStore(config, { exclusive: true, create: true, onFatal, onStale })
  try {
    const { accessKeyId, secretAccessKey, account } = config.bootstrap
    const given =
      accessKeyId === undefined || secretAccessKey === undefined ? undefined : { accessKeyId, secretAccessKey }
    const firstKey = await bootstrap(store, account, given ?? drawKey(randomBytes, 'AKIA'))
    const hallway = await openHallway(store, config.operations, {
      onUnrecorded: (error) =>
        logEvent('refusal-not-recorded', { message: String((error as Error)?.message ?? error) }),
    })
    const housekeeping = startHousekeeping(store, Date.now, account, () => hallway.recordCounted())
    let draining = false

    const newRequestId = createRequestIds(randomBytes(10))
    const addressOf = createSourceAddress(config.trustedProxies)
    const server = createServer(httpServerOptions)
    const connections = boundConnections(server, config.trustedProxies)
    const bodies = new Bodies(connections.sentAway)
    const rest = createRest(store, hallway, config, { newRequestId, addressOf, bodies })

    const endpoint = createAwsEndpoint({
      now: Date.now,
      newRequestId,
      addressOf,
      bodies,
      findKey: createKeyring(store),
      isImplemented: (service, name) => operationTables[service].has(name),
      isRead: (service, name) => operationTables[service].get(name)?.access === 'read',
      async execute(service, name, call) {
        const operation = operationTables[service].get(name)!
        return executeOr503(() => hallway.execute(operation, { ...call, input: call.input as object }))
      },
      recordUnread: (service, name, call, refused) =>
        executeOr503(() =>
          hallway.recordUnread(operationTables[service].get(name)!, { ...call, input: call.input as object }, refused),
        ),
      onFault: logFault,
      other: (request, response) =>
        rest.answer(request, response) ||
        answerProbe(request, response, async () => {
          if (draining) return 'stopping'
          // An empty transaction tells whether the database has come back: perhaps nobody else asks for one.
          if (stale) await store.write(async () => {}).catch(() => undefined)
          return (
            stale &&
            `read-only: ${stale.kind === 'clock' ? clockIsBehind : 'the database lacks what this server has acknowledged'}`
          )
        }),
      regions: new Set(config.operations.regions.map(({ name }) => name)),
    })
    server.on('request', (request, response) => {
      if (connections.admit(request, response)) endpoint(request, response)
    })
    refuseBrokenRequests(server, connections.sentAway)
    await listen(server, config)
    rest.load()
    void hallway.readBackRequests(() => draining)
    const { port } = server.address() as AddressInfo
    return {
      host: config.host,
      port,
      firstKey: given ? undefined : firstKey,
      async close() {
        draining = true
        await housekeeping.stop()
        // Who listens to changes would never fall idle.
        await rest.close()
        await drain(server)
        // Where the database cannot be written, only their number is lost.
        await hallway.recordCounted({ isAll: true }).catch(() => undefined)
        await store.close()
      },
    }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** Trouble with the database is no fault of ours and no refusal of the model's: it is said as "try later". */
async function executeOr503<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof Refused || !(error instanceof StoreTrouble)) throw error
    logEvent('trouble', { kind: error.kind, message: error.message })
    return refuse({
      code: 'Unavailable',
      because: reasonOf(error),
    })
  }
}

const logFault = (error: unknown, requestId: string): void =>
  logEvent('fault', { requestId, error: withoutSecrets(String((error as Error)?.stack ?? error)) })

const clockIsBehind = 'the clock is behind the newest audit entry'

function reasonOf({ kind, outcome }: StoreTrouble): string {
  if (outcome === 'unknown') return 'the outcome is not known; repeat the request with the same token'
  if (kind === 'clock') return `the server only reads: ${clockIsBehind}`
  if (kind === 'stale')
    return 'the server only reads: its database lacks what was acknowledged (an old copy, or a primary that was left behind)'
  return kind === 'full' ? 'the disk of the server is full' : 'the database is not available'
}

/** Keys are looked up for every request: the recent ones are kept unsealed in memory for a moment. */
function createKeyring(store: Store): (id: string) => AccessKey | undefined | Promise<AccessKey | undefined> {
  const keys = new Map<string, { key: AccessKey; readAt: number }>()
  return (id) => {
    const known = keys.get(id)
    if (known && performance.now() - known.readAt < keyFreshMs) return known.key
    return executeOr503(() =>
      store.read(async (tx) => {
        const record = await tx.accessKeys.find(id)
        keys.delete(id)
        if (!record) return undefined
        const { secret, sessionToken, account, arn, userId } = record
        // What has ended by the time of the record has ended, whatever this machine's clock says.
        const expiresAt = record.expiresAt !== undefined && record.expiresAt <= tx.now ? 0 : record.expiresAt
        const key: AccessKey = {
          id,
          secret,
          sessionToken,
          expiresAt,
          principal: { account, arn, accessKeyId: id, userId, keyEpoch: tx.keyEpoch },
        }
        if (keys.size >= keysMax) keys.clear()
        keys.set(id, { key, readAt: performance.now() })
        return key
      }),
    )
  }
}

interface Rest {
  /** Loads what the native API needs before long; its requests begin that at once, and wait for it. */
  load(): void
  /** Answers a request of the native API, or returns false. */
  answer(request: IncomingMessage, response: ServerResponse): boolean
  close(): Promise<void>
}

/** The native API. It is loaded once the server listens, so that a start does not wait for it. */
function createRest(
  store: Store,
  hallway: Hallway,
  config: Config,
  common: { newRequestId(): string; addressOf: SourceAddress; bodies: Bodies },
): Rest {
  const load = async (): Promise<FastifyInstance> => {
    const { oidc, bootstrap, requestsPerMinute } = config
    const [{ createRestApp }, { createAuthenticator }, signIn] = await Promise.all([
      import('#api/rest/app.ts'),
      import('#api/rest/session.ts'),
      oidc && import('#api/rest/sign-in.ts'),
    ])
    const authenticate = createAuthenticator(store)
    return createRestApp({
      ...common,
      authenticate: (header) => {
        const found = authenticate(header)
        return found instanceof Promise ? executeOr503(() => found) : found
      },
      execute: (operation, call) => executeOr503(() => hallway.execute(operation, call)),
      recordUnread: (operation, call, refused) => executeOr503(() => hallway.recordUnread(operation, call, refused)),
      onFault: logFault,
      version: programVersion(),
      signIn:
        signIn && oidc && signIn.createSignIn({ ...oidc, account: bootstrap.account }, sealerOf(config), Date.now),
      requestsPerMinute,
    })
  }
  const late = createLateApp(load, {
    newRequestId: common.newRequestId,
    onFault: logFault,
  })
  let delay: NodeJS.Timeout | undefined
  return {
    load() {
      delay = setTimeout(() => void late.load(), restDelayMs).unref()
    },
    answer(request, response) {
      if (!request.url?.startsWith(`${restPrefix}/`)) return false
      late.answer(request, response)
      return true
    },
    close() {
      clearTimeout(delay)
      return late.close()
    },
  }
}

/** `/healthz`: the process answers. `/readyz`: it takes requests of every kind, or a word says why not. */
function answerProbe(
  request: IncomingMessage,
  response: ServerResponse,
  findProblem: () => Promise<string | undefined>,
): boolean {
  if (request.url !== '/healthz' && request.url !== '/readyz') return false
  refuseRepeatedHeaders(request.rawHeaders)
  const { method = '' } = request
  if (method !== 'GET') refuse({ code: 'MethodNotAllowed', method, allowed: ['GET', 'HEAD'] })
  const answer = (problem: string | undefined): void => {
    const body = `${problem ?? 'ok'}\n`
    const head = { 'Content-Type': 'text/plain', 'Content-Length': body.length }
    response.writeHead(problem === undefined ? 200 : 503, head).end(body)
  }
  if (request.url === '/healthz') answer(undefined)
  else void findProblem().then(answer)
  return true
}

function logNotice(notice: Notice): void {
  if (notice.kind === 'trouble') logEvent('trouble', { kind: notice.trouble.kind, message: notice.trouble.message })
  else logEvent('more-rights-than-needed', { user: notice.user, rights: notice.excess.join(', ') })
}

function listen(server: Server, { host, port }: Config): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'another program listens there' : error.message
      reject(
        new StoreTrouble('unavailable', `Cannot listen on ${host}:${port}: ${why}.`, { fatal: true, cause: error }),
      )
    })
    server.listen({ port, host, backlog: backlogMax }, resolve)
  })
}

/** No new connections; those that answer are closed as they fall idle, and the rest after `drainMs`. */
function drain(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), drainMs)
    const idle = setInterval(() => server.closeIdleConnections(), 50)
    server.close(() => {
      clearTimeout(force)
      clearInterval(idle)
      resolve()
    })
    server.closeIdleConnections()
  })
}
