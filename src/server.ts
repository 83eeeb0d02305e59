// The composition: configuration → store → operations → listener and jobs; closed in reverse.

import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hostname } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { serialize } from 'node:v8'
import type { FastifyInstance } from 'fastify'
import { createAwsEndpoint, httpServerOptions, refuseBrokenRequests } from '#api/aws/endpoint.ts'
import { createRequestIds } from '#api/aws/request-id.ts'
import type { AccessKey } from '#api/aws/sigv4.ts'
import { Throttle } from '#api/aws/throttle.ts'
import { besideRefusal } from '#api/beside-refusals.ts'
import { awaitBody, Bodies } from '#api/body.ts'
import { boundConnections } from '#api/connections.ts'
import { createConsole } from '#api/console-files.ts'
import { refuseRepeatedHeaders } from '#api/repeated-headers.ts'
import { createSourceAddress, type SourceAddress } from '#api/source-address.ts'
import { StepsInTurn } from '#api/steps-in-turn.ts'
import type { TlsProblem } from '#api/tls.ts'
import type { Workplace } from '#jobs/job.ts'
import { startJobs } from '#jobs/jobs.ts'
import { Notifier, startNotifying } from '#jobs/notifying.ts'
import { startProbing } from '#jobs/readiness.ts'
import { type Sink, startSending } from '#jobs/sending.ts'
import { startWitnessing, type Witness } from '#jobs/witnessing.ts'
import { withoutBrackets } from '#model/host-name.ts'
import { problemInWords } from '#model/problems/problem.ts'
import { worded } from '#model/problems/worded.ts'
import { Refused, refuse } from '#model/refusal.ts'
import { withoutSecrets } from '#model/secrets.ts'
import { isOver } from '#model/token.ts'
import { addCheckpoint } from '#operations/evidence/witnessing.ts'
import { type Executor, openExecutor } from '#operations/execute.ts'
import { bootstrap, drawKey, findUnshownKey, type NewKey, noteShown } from '#operations/identity/access-keys.ts'
import type { AnyOperation } from '#operations/operation.ts'
import { operationTables } from '#operations/tables.aws.ts'
import { verifyEd25519 } from '#operator/ed25519.ts'
import type { Deliver } from '#outbound/deliver.ts'
import type { Peers } from '#peers/peers.ts'
import type { Store } from '#store/store.ts'
import { StoreTrouble } from '#store/trouble.ts'
import { type Config, ConfigProblem, programVersion, variables } from './config.ts'
import { answerUnavailable, createLateApp } from './late.ts'
import { openStore, sealerOf } from './opening.ts'
import { logEvent } from './telemetry.ts'

/** An `import` of it looks at all that it exports, and so loads a client of HTTP and WebSockets: a third of the time of a start. */
const { createServer } = process.getBuiltinModule('node:http')
/** How often the files of a certificate are looked at. */
const tlsLookMs = 5_000

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
  /** The management account's first key, as long as nobody has been shown it: at the first start that got this far. */
  readonly firstKey: NewKey | undefined
  /** To be called once the first key has been printed. */
  noteFirstKeyShown(): Promise<void>
  /** What signs whoever starts the server in to its console, once; undefined where a start gives nobody that. */
  createFirstLink(principal: string): Promise<string | undefined>
  /** Lets requests under way finish, then closes everything. */
  close(): Promise<void>
}

/** For how long a server adds requests to a transaction: nobody waits longer behind the work of others. */
const workMsMax = 50

/**
 * Listens, then opens the database: where another program has the port nothing is changed, and no key is made that nobody
 * sees. Requests that come before the database is open wait for it; probes do not.
 */
export async function startServer(config: Config, onFatal: (trouble: StoreTrouble) => void): Promise<RunningServer> {
  /** One of each connection at most, and connections are bounded. */
  const early: [IncomingMessage, ServerResponse][] = []
  let answer = (request: IncomingMessage, response: ServerResponse): void => {
    if (!answerProbe(request, response, () => 'starting')) early.push([request, response])
  }
  const { server, tls } = await createListener(config)
  const connections = boundConnections(server, config.trustedProxies)
  server.on('request', (request, response) => {
    awaitBody(request)
    if (connections.admit(request, response)) answer(request, response)
  })
  refuseBrokenRequests(server, connections.sentAway)
  await listen(server, config)
  try {
    const opened = await openServer(config, new Bodies(connections.sentAway), onFatal)
    answer = opened.answer
    for (const [request, response] of early.splice(0)) answer(request, response)
    return {
      host: config.host,
      port: (server.address() as AddressInfo).port,
      firstKey: opened.firstKey,
      noteFirstKeyShown: opened.noteFirstKeyShown,
      createFirstLink: opened.createFirstLink,
      close() {
        tls?.stop()
        return opened.close(() => drain(server))
      },
    }
  } catch (error) {
    tls?.stop()
    server.close()
    server.closeAllConnections()
    throw error
  }
}

/** Over TLS where there is a certificate. Throws `ConfigProblem` where that is none that clients could believe. */
async function createListener({ tls: files, publicUrl }: Config): Promise<{ server: Server; tls?: { stop(): void } }> {
  if (!files) return { server: createServer(httpServerOptions) }
  // What speaks TLS is loaded where it is needed.
  const { followTls, readTls, TlsProblem } = await import('#api/tls.ts')
  const https = process.getBuiltinModule('node:https')
  const hostName = publicUrl === undefined ? undefined : withoutBrackets(new URL(publicUrl).hostname)
  const read = () => readTls(files, hostName, Date.now())
  const inWords = ({ file, message }: TlsProblem): string => `${settingOf[file].name}=\`${files[file]}\`: ${message}`
  try {
    const server = https.createServer({
      ...httpServerOptions,
      ...read(),
      handshakeTimeout: httpServerOptions.headersTimeout,
    })
    const tls = followTls(files, {
      everyMs: tlsLookMs,
      read,
      onRenewed(material) {
        server.setSecureContext(material)
        logEvent('certificate-renewed', { endsAt: new Date(material.endsAt).toISOString() })
      },
      onProblem: (problem) => logEvent('certificate-not-renewed', { message: inWords(problem) }),
    })
    return { server, tls }
  } catch (error) {
    throw error instanceof TlsProblem ? new ConfigProblem([inWords(error)]) : error
  }
}
const settingOf = { certificate: variables.tlsCertificateFile, key: variables.tlsKeyFile }

/** What calls others is loaded when somebody is to be told something. */
function notifierOf(
  workplace: Workplace,
  { mail, sinks: { syslogCaFile }, operations: { notifications } }: Config,
  onFailure: (task: string, error: unknown) => void,
): Notifier {
  let loaded: Promise<Deliver> | undefined
  const load = async (): Promise<Deliver> => {
    const { createDeliver } = await import('#outbound/deliver.ts')
    const sendMail = mail && (await import('#outbound/mail.ts')).createMailer(mail)
    return createDeliver({
      ...notifications,
      clock: Date.now,
      version: programVersion(),
      host: hostname(),
      ...(sendMail ? { sendMail } : {}),
      ...(syslogCaFile === undefined ? {} : { syslogCa: () => readFile(syslogCaFile, 'utf8') }),
    })
  }
  return new Notifier(workplace, {
    async deliver(composed) {
      loaded ??= load()
      return (await loaded)(composed)
    },
    chance: Math.random,
    onFailure: (error) => onFailure('deliver', error),
  })
}

/** What sends the record is loaded when there is something to send. */
function sinksOf({ sinks: { syslog, syslogCaFile, file }, operations: { notifications } }: Config): Sink[] {
  const [version, host] = [programVersion(), hostname()]
  return [
    ...(syslog === undefined
      ? []
      : [
          {
            name: 'syslog' as const,
            async send(changes: Parameters<Sink['send']>[0]) {
              const { sendSyslog } = await import('#outbound/syslog.ts')
              const ca = syslogCaFile === undefined ? undefined : await readFile(syslogCaFile, 'utf8')
              const { allowedBlocks } = notifications
              await sendSyslog(changes, { version, host }, syslog, { allowedBlocks, ca })
            },
          },
        ]),
    ...(file === undefined
      ? []
      : [
          {
            name: 'file' as const,
            async send(changes: Parameters<Sink['send']>[0]) {
              const { appendRecord } = await import('#outbound/record-file.ts')
              await appendRecord(changes, { version, path: file })
            },
          },
        ]),
  ]
}

/** What calls witnesses is loaded when there is something to send. */
const witnessesOf = ({ witnesses, operations: { notifications } }: Config): Witness[] =>
  witnesses.map(({ url, key }) => ({
    key,
    async submit(body) {
      const { exchange } = await import('#outbound/post.ts')
      const headers = { 'content-type': 'text/plain; charset=utf-8' }
      const heard = await exchange({ url: `${url}add-checkpoint`, headers, body }, notifications)
      return 'status' in heard ? heard : { problem: problemInWords(heard.problem) }
    },
  }))

interface OpenedServer extends Pick<RunningServer, 'firstKey' | 'noteFirstKeyShown' | 'createFirstLink'> {
  answer(request: IncomingMessage, response: ServerResponse): void
  /** `drained` resolves when no request is under way. */
  close(drained: () => Promise<void>): Promise<void>
}

async function openServer(
  config: Config,
  bodies: Bodies,
  onFatal: (trouble: StoreTrouble) => void,
): Promise<OpenedServer> {
  for (const name of config.awsRates?.actions.keys() ?? []) {
    if (Object.values(operationTables).some((table) => table.has(name))) continue
    throw new ConfigProblem([`${variables.awsRates.name}: there is no action \`${name}\``])
  }
  let stale: StoreTrouble | undefined
  const onStale = (trouble: StoreTrouble | undefined): void => {
    stale = trouble
    logEvent(trouble ? 'read-only' : 'read-write', trouble ? { message: trouble.message } : {})
  }
  const store = await openStore(config, { exclusive: true, create: true, onFatal, onStale, workMsMax })
  try {
    const { accessKeyId, secretAccessKey, account } = config.bootstrap
    const given =
      accessKeyId === undefined || secretAccessKey === undefined ? undefined : { accessKeyId, secretAccessKey }
    await bootstrap(store, account, { key: given ?? drawKey(randomBytes, 'AKIA'), isToBeShown: !given })
    const firstKey = await findUnshownKey(store)
    const executor = await openExecutor(store, config.operations, {
      onUnrecorded: (error) =>
        logEvent('refusal-not-recorded', { message: String((error as Error)?.message ?? error) }),
      pause: (ms) => pause(ms, undefined, { ref: false }),
    })
    let draining = false
    const inTurn = new StepsInTurn()
    const peers = config.peers && (await startPeers(config, store, { executor, inTurn }))
    /** Where it is done best: what changes something, by whoever leads. */
    const execute: Executor['execute'] = peers
      ? (operation, call) => peers.execute(operation, call)
      : (operation, call) => executor.execute(operation, call)

    const newRequestId = createRequestIds(randomBytes(10))
    const addressOf = createSourceAddress(config.trustedProxies)
    const answerConsole = createConsole(
      config.publicUrl === undefined ? '' : new URL(config.publicUrl).pathname.replace(/\/$/, ''),
    )
    // From here on there is nothing that could fail.
    const workplace: Workplace = {
      store,
      worker: randomUUID(),
      account,
      evidenceFolder: config.evidenceFolder,
      pace: inTurn,
      recordCounted: () => executor.recordCounted(),
      async act(operation, input, as, how) {
        const acting = typeof as === 'string' ? { arn: as, accessKeyId: '' } : as
        const principal = { account, ...acting, userId: acting.arn }
        const call = { principal, region: '', input, requestId: newRequestId(), sourceAddress: 'local', ...how }
        // What jobs do takes many steps, however short each is.
        return inTurn.step(async () => (await executor.execute(operation, call)).output)
      },
    }
    const jobFailed = (task: string, error: unknown): void =>
      logEvent('job-failed', { task, message: String((error as Error)?.message ?? error) })
    const jobs = startJobs(workplace, jobFailed)
    const notifying = startNotifying(notifierOf(workplace, config, jobFailed), (error) => jobFailed('notify', error))
    const sending = startSending(sinksOf(config), workplace, (sink, error) => jobFailed(`send-record ${sink}`, error))
    const witnessing = startWitnessing(witnessesOf(config), workplace, {
      verify: verifyEd25519,
      onFailure: (name, error) => jobFailed(`witness ${name}`, error),
      onProblem: (witness, problem) =>
        logEvent(problem === undefined ? 'witness-signs' : 'witness-problem', { witness, ...(problem && { problem }) }),
    })
    const readiness = startProbing(store, {
      monotonic: () => performance.now(),
      say: sayTrouble,
      everyMs: config.probeSeconds * 1_000,
    })
    const executeOr503 = answering503((trouble) => {
      if (isFull(trouble)) readiness.noteFull(sayTrouble(trouble))
    })

    const rest = createRest(store, { ...executor, execute }, config, {
      newRequestId,
      addressOf,
      bodies,
      inTurn,
      executeOr503,
    })
    const endpoint = createAwsEndpoint({
      now: Date.now,
      newRequestId,
      addressOf,
      bodies,
      findKey: createKeyring(store, executeOr503),
      throttle: new Throttle(config.awsRates, () => performance.now()),
      isImplemented: (service, name) => operationTables[service].has(name),
      isRead: (service, name) => operationTables[service].get(name)?.access === 'read',
      execute: (service, name, call) =>
        inTurn.aside(() => executeOr503(() => execute(operationTables[service].get(name)!, call))),
      recordUnread: (service, name, call, refused) =>
        executeOr503(() => executor.recordUnread(operationTables[service].get(name)!, call, refused)),
      beside: (refused, call) =>
        besideRefusal(refused, (operation, input) => executor.execute(operation, { ...call, input: input as object })),
      onFault: logFault,
      other: (request, response) =>
        (draining ? refuseRest(request, response, newRequestId()) : rest.answer(request, response)) ||
        answerConsole(request, response) ||
        answerProbe(request, response, () => {
          if (draining) return 'stopping'
          return stale ? sayTrouble(stale) : readiness.problem()
        }),
      regions: new Set(config.operations.regions.map(({ name }) => name)),
    })
    await readiness.probed
    rest.load()
    void executor.readBackRequests(() => draining)
    return {
      firstKey,
      async noteFirstKeyShown() {
        if (firstKey) await noteShown(store, firstKey)
      },
      async createFirstLink(principal) {
        // Loaded where somebody looks on: whatever is started as a service does without.
        const { createFirstLink } = await import('#operations/identity/operator-tokens.ts')
        return (await createFirstLink(store, sealerOf(config), { principal, account }, Date.now()))?.code
      },
      answer: endpoint,
      async close(drained) {
        draining = true
        await peers?.stop()
        await readiness.stop()
        await jobs.stop()
        await notifying.stop()
        await sending.stop()
        await witnessing.stop()
        // Who listens to changes would never fall idle.
        await rest.close()
        await drained()
        await peers?.close()
        // Where the database cannot be written, only their number is lost.
        await executor.recordCounted({ isAll: true }).catch(() => undefined)
        await store.close()
      },
    }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** Finds out which of several servers leads; from then on requests are handed over. */
async function startPeers(
  config: Config,
  store: Store,
  { executor, inTurn }: { readonly executor: Executor; readonly inTurn: StepsInTurn },
): Promise<Peers> {
  const [{ Peers }, { openLease }, { migrations }] = await Promise.all([
    import('#peers/peers.ts'),
    import('#store/postgres/engine.ts'),
    import('#store/schema/migrations.ts'),
  ])
  const { operations, peers, database } = config
  const installation = await store.read(async (tx) => tx.installation)
  const names = new Map<AnyOperation, string>()
  const found = new Map<string, AnyOperation>()
  const know = (api: string, all: Iterable<AnyOperation>): void => {
    for (const operation of all) {
      names.set(operation, `${api} ${operation.name}`)
      found.set(`${api} ${operation.name}`, operation)
    }
  }
  for (const [service, table] of Object.entries(operationTables)) know(service, table.values())
  // The native API is loaded behind the start; until then each server does its requests by itself.
  void import('#operations/table.native.ts').then(({ nativeOperations }) => know('native', nativeOperations))
  return Peers.start({
    ...peers!,
    key: sealerOf(config).peerKey,
    likeness: createHash('sha256')
      .update(serialize([programVersion(), migrations.length, installation, operations, config.bootstrap.account]))
      .digest('hex'),
    lease: openLease(database!, randomUUID()),
    among: store.among!,
    execute: (operation, call) => inTurn.aside(() => executor.execute(operation, call)),
    nameOf: (operation) => names.get(operation),
    find: (name) => found.get(name),
    log: logEvent,
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === undefined) throw error
    const { host, port } = peers!
    throw cannotListen(error, `${host}:${port} (${variables.peerHost.name}, ${variables.peerPort.name})`)
  })
}

/** Trouble with the database is no fault of ours and no refusal of the model's: it is said as "try later". */
type ExecuteOr503 = <T>(run: () => Promise<T>) => Promise<T>
function answering503(onTrouble: (trouble: StoreTrouble) => void): ExecuteOr503 {
  const inWords = (error: unknown): never => {
    if (error instanceof Refused || !(error instanceof StoreTrouble)) throw error
    logEvent('trouble', { kind: error.kind, message: error.message })
    onTrouble(error)
    return refuse({ code: 'Unavailable', because: worded(reasonOf(error)) })
  }
  return (run) => run().catch(inWords)
}

/** What a failed probe says to whoever asks, who is not known: nothing of hosts, users or files. */
function sayTrouble(error: unknown): string {
  if (!(error instanceof StoreTrouble)) return 'a probe of the database failed'
  if (error.kind === 'clock') return `read-only: ${clockIsBehind}`
  if (error.kind === 'stale') return 'read-only: the database lacks what this server has acknowledged'
  return reasonOf(error)
}

const logFault = (error: unknown, requestId: string): void =>
  logEvent('fault', { requestId, error: withoutSecrets(String((error as Error)?.stack ?? error)) })

const clockIsBehind = 'the clock is behind the newest audit entry'

function reasonOf({ kind, outcome }: StoreTrouble): string {
  if (outcome === 'unknown') return 'the outcome is not known; repeat the request with the same token'
  if (kind === 'clock') return `the server only reads: ${clockIsBehind}`
  if (kind === 'stale')
    return 'the server only reads: its database lacks what was acknowledged (an old copy, or a primary that was left behind)'
  if (kind === 'key') return 'the secrets of the database are sealed with another key than that of the server'
  if (kind === 'database-full') return 'the disk of the database is full'
  return kind === 'full' ? 'the disk of the server is full' : 'the database is not available'
}
const isFull = ({ kind }: StoreTrouble): boolean => kind === 'full' || kind === 'database-full'

/** Keys are looked up for every request: the recent ones are kept unsealed in memory for a moment. */
function createKeyring(
  store: Store,
  executeOr503: ExecuteOr503,
): (id: string, arrivedAt: number) => AccessKey | undefined | Promise<AccessKey | undefined> {
  const keys = new Map<string, { key: AccessKey; readAt: number }>()
  return (id, arrivedAt) => {
    const known = keys.get(id)
    if (known && performance.now() - known.readAt < keyFreshMs) return known.key
    return executeOr503(() =>
      store.read(async (tx) => {
        const record = await tx.accessKeys.find(id)
        keys.delete(id)
        if (!record) return undefined
        const { secret, sessionToken, account, arn, userId } = record
        // What has ended by the time of the record has ended, whatever this machine's clock says.
        const expiresAt = isOver(record, tx.now) ? 0 : record.expiresAt
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
      }, arrivedAt),
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
  executor: Executor,
  config: Config,
  {
    executeOr503,
    inTurn,
    ...common
  }: {
    newRequestId(): string
    addressOf: SourceAddress
    readonly bodies: Bodies
    readonly inTurn: StepsInTurn
    readonly executeOr503: ExecuteOr503
  },
): Rest {
  const load = async (): Promise<FastifyInstance> => {
    const { oidc, bootstrap, publicUrl, tls, requestsPerMinute, isEvidencePublic, witnessedKeys } = config
    const [{ createRestApp }, { createAuthenticator }, { createFindWay }, { findLink }, signIn] = await Promise.all([
      import('#api/rest/app.ts'),
      import('#api/rest/session.ts'),
      import('#api/rest/browser-sessions.ts'),
      import('#operations/identity/console-links.ts'),
      oidc && import('#api/rest/sign-in.ts'),
    ])
    const authenticate = createAuthenticator(store)
    const sealer = sealerOf(config)
    return createRestApp({
      ...common,
      findWay: createFindWay(tls !== undefined || (publicUrl?.startsWith('https:') ?? false)),
      findLink: (code) => executeOr503(() => store.read((tx) => findLink(tx, sealer, code, Date.now()))),
      authenticate: (credential) => {
        const found = authenticate(credential)
        return found instanceof Promise ? inTurn.aside(() => executeOr503(() => found)) : found
      },
      inTurn,
      execute: (operation, call) => executeOr503(() => executor.execute(operation, call)),
      recordUnread: (operation, call, refused) => executeOr503(() => executor.recordUnread(operation, call, refused)),
      findNewestChange: () => store.read((tx) => tx.recordLists.lastEntry()),
      onFault: logFault,
      version: programVersion(),
      signIn: signIn && oidc && signIn.createSignIn({ ...oidc, account: bootstrap.account }, sealer, Date.now),
      requestsPerMinute,
      isEvidencePublic,
      witness:
        witnessedKeys.length === 0
          ? undefined
          : (body) =>
              executeOr503(() =>
                addCheckpoint(store, body, {
                  keys: witnessedKeys,
                  verify: verifyEd25519,
                  onFork: (origin) => logEvent('log-forked', { origin }),
                }),
              ),
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

/** While the server stops: its load balancer has others. */
function refuseRest(request: IncomingMessage, response: ServerResponse, requestId: string): boolean {
  if (!request.url?.startsWith(`${restPrefix}/`)) return false
  answerUnavailable(response, requestId, { because: 'the server is stopping', detail: 'The server is stopping.' })
  return true
}

const probes = ['/livez', '/healthz', '/readyz']

/**
 * `/livez` and `/healthz`: the process answers. `/readyz`: it takes requests of every kind, or a word says why not. At once,
 * whatever the database does.
 */
function answerProbe(
  { method = '', url, rawHeaders }: IncomingMessage,
  response: ServerResponse,
  findProblem: () => string | undefined,
): boolean {
  if (url === undefined || !probes.includes(url)) return false
  refuseRepeatedHeaders(rawHeaders)
  if (method !== 'GET') refuse({ code: 'MethodNotAllowed', method, allowed: ['GET', 'HEAD'] })
  const problem = url === '/readyz' ? findProblem() : undefined
  const body = `${problem ?? 'ok'}\n`
  const head = { 'Content-Type': 'text/plain', 'Content-Length': Buffer.byteLength(body) }
  response.writeHead(problem === undefined ? 200 : 503, head).end(body)
  return true
}

const listenProblems: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there',
  EACCES: 'this user may not listen there',
  EADDRNOTAVAIL: 'this machine does not have that address',
  ENOTFOUND: 'there is no such host',
}

function cannotListen(error: NodeJS.ErrnoException, where: string): StoreTrouble {
  const message = `Cannot listen on ${where}: ${listenProblems[error.code ?? ''] ?? error.message}.`
  return new StoreTrouble('unavailable', message, { fatal: true, cause: error })
}

function listen(server: Server, { host, port }: Config): Promise<void> {
  return new Promise((resolve, reject) => {
    const refused = (error: NodeJS.ErrnoException): void =>
      reject(cannotListen(error, `${host}:${port} (${variables.host.name}, ${variables.port.name})`))
    server.once('error', refused)
    server.listen({ port, host, backlog: backlogMax }, () => {
      server.off('error', refused)
      resolve()
    })
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
