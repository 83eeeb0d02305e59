// The native API over Fastify: each definition becomes a route.
import { isUtf8 } from 'node:buffer'
import type { IncomingMessage, ServerResponse } from 'node:http'
import rateLimit from '@fastify/rate-limit'
import { fastifySSE } from '@fastify/sse'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { ExportFacts, ExportFormat } from '#formats/exports/export.ts'
import { accountableOf, bearerOf, type Principal } from '#model/principal.ts'
import { worded } from '#model/problems/worded.ts'
import { type Refusal, Refused, refuse } from '#model/refusal.ts'
import { findBodyBounds } from '#operations/body-bounds.native.ts'
import type { WitnessAnswer } from '#operations/evidence/witnessing.ts'
import { type Answer, type Call, DryRunSucceeded } from '#operations/execute.ts'
import type { ConsoleLink } from '#operations/identity/console-links.ts'
import { revokeToken } from '#operations/identity/tokens.native.ts'
import { type BodyBounds, etagOf, type NativeOperation, noState, usualBody } from '#operations/operation.native.ts'
import type { AnyOperation } from '#operations/operation.ts'
import { pageSizeDefault } from '#operations/shapes.native.ts'
import { nativeDownloads, nativeIntakes, nativeOperations } from '#operations/table.native.ts'
import { type Beside, besideRefusal, nothingBeside } from '../beside-refusals.ts'
import { type Bodies, dropBody } from '../body.ts'
import { type Headers, headersOf, headersOfRefusal } from '../decision-headers.ts'
import { boundJson } from '../json-bounds.ts'
import { findDuplicateMember } from '../json-members.ts'
import { refuseRepeatedHeaders } from '../repeated-headers.ts'
import { clientOf } from '../source-address.ts'
import type { StepsInTurn } from '../steps-in-turn.ts'
import { createAdmission } from './admission.ts'
import { type Credential, createCredentials, endedCookies, type FindWay } from './browser-sessions.ts'
import { createDescription, Readers } from './description.ts'
import { addDescriptionPage } from './description-page.ts'
import { addDownloads } from './downloads.ts'
import {
  type ExportAsked,
  Exports,
  exportFacts,
  exportParameters,
  formatAsked,
  type ReadExportPage,
} from './exports.ts'
import { addIntakes } from './intake.ts'
import { describeInSteps, dryRun } from './openapi.ts'
import { partsOf, shapeOf, showsState } from './parts.ts'
import { faultProblem, type Problem, problemContentType, problemOf, statuses } from './problem.ts'
import { checkQuery } from './query.ts'
import { createAllowed } from './routes.ts'
import { compileSerializer } from './serialize.ts'
import { nobodyAt } from './session.ts'
import type { SignIn } from './sign-in.ts'
import { addSignInRoutes } from './sign-in-routes.ts'
import { type GrowingPage, Streams } from './stream.ts'
import { compileValidator } from './validate.ts'
import { addWitness } from './witness.ts'

export const restPrefix = '/api/v1'
/** Of a request that asks for no operation: the end of a sign-in. */
const bodyWithoutOperation: BodyBounds = { bytesMax: 16_384, membersMax: 20 }
const bodyRetrySeconds = 1
const jsonContentType = 'application/json'
/** Characters of one part of a path. */
const pathPartMax = 200
/** Native calls belong to no Region of AWS; audit entries say so. */
const region = 'global'

export interface RestDependencies {
  newRequestId(): string
  /** How cookies of a request go, where it may have any. */
  readonly findWay: FindWay
  /** Who a link of the operator is for, with which a browser is signed in; undefined where it is good no more. */
  findLink(code: string): Promise<ConsoleLink | undefined>
  /** Refuses what does not say who asks. */
  authenticate(credential: Credential | undefined): Principal | Promise<Principal>
  /** Where a request comes from, by proxies that are trusted alone: Fastify's own `request.ip` knows none. */
  addressOf(request: IncomingMessage): string
  execute(operation: AnyOperation, call: Call): Promise<Answer>
  /** Lets what is asked once go before the steps of intakes. */
  readonly inTurn: StepsInTurn
  /** Puts on record that a request for a change was refused before it could be executed. May reject as `execute` does. */
  recordUnread(operation: AnyOperation, call: Call, refused: Refused): Promise<void>
  /** The number of the newest change that there is, whoever may see it. */
  findNewestChange(): Promise<number>
  /** Called once for every request that ended in a 500. */
  onFault(error: unknown, requestId: string): void
  readonly version: string
  /** Undefined where no provider is configured. */
  readonly signIn?: SignIn
  /** What is held of bodies under way, of both APIs together. */
  readonly bodies: Bodies
  /** Requests a minute of one principal with the services that have their tokens from it; one more is told to come back later. */
  readonly requestsPerMinute: number
  /** Whether anybody may read the log of evidence, without a token. */
  readonly isEvidencePublic: boolean
  /** Signs for logs of others; undefined: for none. */
  readonly witness?: ((body: string) => Promise<WitnessAnswer>) | undefined
}

declare module 'fastify' {
  interface FastifyContextConfig {
    operation?: NativeOperation
    /** Of an intake: as what it is on record, and what its body is. */
    intake?: AnyOperation
    contentType?: string
    /** Whether the operation has members that stand in a body. */
    takesBody?: boolean
    /** Whoever has no token is let in all the same. */
    isOpen?: boolean
  }
  interface FastifyRequest {
    principal: Principal
    /** By what the request says who that is; it may not be good any more. */
    credential: Credential | undefined
    /** Whether the operation has been asked: what is refused from then on is on record. */
    isExecuted: boolean
    /** Of a body that announces to be long. */
    bodyBounds: BodyBounds | undefined
    /** Of its head, by `performance.now()`. */
    arrivedAt: number
    /** Held by the principal's last request, for the rate limit. */
    callId: string
    /** What the request is answered with. */
    response: ServerResponse
  }
}

/** Builds the application; `ready()` must have resolved before requests are handed to `routing`. */
export async function createRestApp(deps: RestDependencies): Promise<FastifyInstance> {
  const app = Fastify({
    logger: false,
    genReqId: () => deps.newRequestId(),
    exposeHeadRoutes: false,
    return503OnClosing: true,
    // Given here and not set afterwards: for the time until then, Fastify would load its own, which are large.
    schemaController: {
      compilersFactory: {
        buildValidator: () => compileValidator as never,
        buildSerializer: () => compileSerializer as never,
      },
    },
    routerOptions: { ignoreTrailingSlash: false, maxParamLength: pathPartMax },
    // What no route is even looked for: no hook has seen it.
    frameworkErrors: (error, request, reply) => void answerError(deps, error, request, withHeaders(request, reply)),
  })
  app.removeContentTypeParser([jsonContentType, 'text/plain'])
  app.decorateRequest('response')
  app.addContentTypeParser(jsonContentType, createBodyParser(deps, createJsonParser(app)))
  app.setErrorHandler((error, request, reply) => answerError(deps, error, request, reply))
  const allowed = createAllowed()
  app.addHook('onRoute', (route) => allowed.add(route))
  app.setNotFoundHandler((request, reply) => {
    const { method } = request
    const path = request.url.split('?')[0]!
    const methods = allowed.of(path)
    const refusal: Refusal =
      methods.length > 0
        ? { code: 'MethodNotAllowed', method, allowed: methods }
        : { code: 'InvalidAction', action: `${method} ${shownPath(path)}` }
    return answerRefusal(new Refused(refusal), request, reply)
  })
  app.addHook('onRequest', (request, reply, done) => {
    withHeaders(request, reply)
    request.response = reply.raw
    refuseRepeatedHeaders(request.raw.rawHeaders)
    done()
  })
  app.addHook('preValidation', (request, _, done) => {
    checkQuery(request.raw.url ?? '')
    done()
  })
  const streams = new Streams(deps.findNewestChange)
  const exports = new Exports()
  app.addHook('preClose', async () => streams.end())
  await app.register(fastifySSE)
  const descriptionPath = `${restPrefix}/openapi.json`
  const readers = new Readers()
  const admitReader = (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void => {
    try {
      readers.admit(clientOf(deps.addressOf(request.raw)), reply.raw)
      done()
    } catch (error) {
      // Fastify asks for errors by the call.
      reply.header('connection', 'close')
      done(error as Error)
    }
  }
  await addDescriptionPage(app, { path: `${restPrefix}/docs`, descriptionPath, admit: admitReader })
  const describe = createDescription(() => describeInSteps({ version: deps.version, prefix: restPrefix }))
  app.get(descriptionPath, { onRequest: admitReader }, describe)
  await addSignInRoutes(app, deps, restPrefix)
  await addWitness(app, { addressOf: deps.addressOf, bodies: deps.bodies, witness: deps.witness }, restPrefix)
  await app.register(
    async (routes) => {
      routes.decorateRequest('principal')
      routes.decorateRequest('credential', undefined)
      routes.decorateRequest('isExecuted', false)
      routes.decorateRequest('bodyBounds', undefined)
      routes.decorateRequest('arrivedAt', 0)
      const admit = createAdmission({ ...deps, credentialOf: createCredentials(deps.findWay) })
      routes.addHook('onRequest', (request, _, done) => {
        // Some clients say of every request that it is JSON: where there is nothing to read, that is no matter.
        if (request.routeOptions.config.takesBody === false && !hasBody(request.raw))
          delete request.headers['content-type']
        done()
      })
      routes.addHook('onRequest', (request, reply, done) => {
        request.arrivedAt = performance.now()
        const found = isOpenTo(request) ? nobodyAt(clientOf(deps.addressOf(request.raw))) : admit(request, reply)
        const letIn = (principal: Principal): void => {
          request.principal = principal
          done()
        }
        // Almost always the principal is at hand, and awaiting it anyway would cost a turn of the loop.
        if (found instanceof Promise) found.then(letIn, done)
        else letIn(found)
      })
      // Whoever has no use for a long body is not let send one: to read it takes time from all others.
      routes.addHook('preParsing', async (request, _, payload) => {
        const { operation } = request.routeOptions.config
        const isLong = operation?.rest.body && !(Number(request.headers['content-length']) <= usualBody.bytesMax)
        if (!isLong || !hasBody(request.raw)) return payload
        const call = callOf(deps, request, { input: { operation }, isDryRun: undefined })
        request.bodyBounds = (await deps.execute(findBodyBounds, call)).output as BodyBounds
        return payload
      })
      await routes.register(rateLimit, {
        max: deps.requestsPerMinute,
        timeWindow: 60_000,
        enableDraftSpec: true,
        // Whoever makes tokens for services has one share with them: names cost nothing.
        keyGenerator: (request) => accountableOf(request.principal.native!),
        errorResponseBuilder: (_, { ttl }) =>
          new Refused({ code: 'Throttled', retryAfterSeconds: Math.ceil(ttl / 1_000) }),
      })
      for (const operation of nativeOperations) addRoute(routes, { ...deps, streams, exports }, operation)
      const intakeCallOf = (request: FastifyRequest, input: object): Call =>
        callOf(deps, request, { input, isDryRun: undefined })
      addDownloads(
        routes,
        {
          execute: deps.execute,
          inTurn: deps.inTurn,
          exports,
          callOf: intakeCallOf,
          principalOf: (request) => (isOpenTo(request) ? request.principal : deps.authenticate(request.credential)),
          isOpen: deps.isEvidencePublic,
        },
        nativeDownloads,
      )
      await addIntakes(routes, { execute: deps.execute, inTurn: deps.inTurn, callOf: intakeCallOf }, nativeIntakes)
    },
    { prefix: restPrefix },
  )
  await app.ready()
  return app
}

/** Whether it asks for what needs no token, and has none: one that is not good is told so there too. */
const isOpenTo = ({ routeOptions, headers }: FastifyRequest): boolean =>
  routeOptions.config.isOpen === true && headers.authorization === undefined

/** What every answer has. */
const withHeaders = (request: FastifyRequest, reply: FastifyReply): FastifyReply =>
  reply.header('x-cadastre-request-id', request.id).header('x-content-type-options', 'nosniff')

type Done = (error: Error | null, value?: unknown) => void
type JsonParser = (request: FastifyRequest, body: string, done: Done) => void

/** Reads a body within the bounds of its operation, and of all bodies that are under way. */
function createBodyParser({ bodies, addressOf }: RestDependencies, parse: JsonParser) {
  return (request: FastifyRequest, payload: IncomingMessage, done: Done): void => {
    if (request.is404) {
      // Nobody has been asked for a token here, and nobody wants the body.
      request.response.shouldKeepAlive = false
      dropBody(payload, () => done(null))
      return
    }
    const bounds = boundsOf(request)
    const sender = () =>
      request.principal
        ? { name: accountableOf(request.principal.native!), isProven: true }
        : { name: clientOf(addressOf(request.raw)), isProven: false }
    bodies.read(payload, request.response, { limit: bounds.bytesMax, sender }, (body) => {
      try {
        if (body === 'too-large') refuse({ code: 'RequestTooLarge', limit: bounds.bytesMax, unit: 'bytes' })
        if (body === 'no-room') {
          const because = 'too many bodies of requests are on their way'
          refuse({ code: 'Throttled', retryAfterSeconds: bodyRetrySeconds, because: worded(because) })
        }
        // Read as text at once, what is no UTF-8 would come to stand there as another character.
        if (!isUtf8(body)) refuse({ code: 'MalformedRequest', problem: worded('the body is not valid UTF-8') })
        const text = body.toString('utf8')
        boundJson(text, { members: bounds.membersMax })
        parse(request, text, done)
      } catch (error) {
        // Fastify asks for errors by the call.
        done(error as Error)
      }
    })
  }
}

const boundsOf = (request: FastifyRequest): BodyBounds => {
  const { operation } = request.routeOptions.config
  if (request.bodyBounds) return request.bodyBounds
  return operation ? (operation.rest.body ?? usualBody) : bodyWithoutOperation
}

/** Fastify's own, which tells apart what is no JSON and what is JSON that no program should be handed; and each member once. */
function createJsonParser(app: FastifyInstance): JsonParser {
  const parse = app.getDefaultJsonParser('error', 'error') as JsonParser
  return (request, body, done) => {
    parse(request, body, (error, value) => {
      if (error) return done(new Refused({ code: 'MalformedRequest', problem: worded(problemOfJson(body)) }))
      const duplicate = findDuplicateMember(body)
      if (duplicate) done(new Refused({ code: 'DuplicateParameter', field: duplicate.join('.') }))
      else done(null, value)
    })
  }
}

/** RFC 9112, section 6: a body is announced by one of these. */
const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0

/** Parts that are no word of a route nor like an identifier may be anything, such as a token that was put into the path. */
const shownPath = (path: string): string =>
  path
    .split('/')
    .map((part) => (/^(?:[A-Za-z-]{0,40}|[a-z0-9-]{1,40})$/.test(part) ? part : '…'))
    .join('/')

function problemOfJson(body: string): string {
  if (body === '') return 'the body is empty, and JSON is expected'
  try {
    JSON.parse(body)
  } catch (error) {
    return `the body is not JSON: ${(error as Error).message}`
  }
  return 'the body has a member `__proto__`, or `prototype` in `constructor`, which nothing here has: leave it out'
}

type RouteDependencies = RestDependencies & { readonly streams: Streams; readonly exports: Exports }

function addRoute(routes: FastifyInstance, deps: RouteDependencies, operation: NativeOperation): void {
  const { rest } = operation
  const parts = partsOf(operation)
  const status = rest.status ?? 200
  routes.route({
    method: rest.method,
    ...(rest.stream === undefined ? {} : { sse: 'dual' }),
    config: { operation, takesBody: parts.body.length > 0 },
    url: rest.path.replaceAll(/\{(\w+)\}/g, ':$1'),
    schema: {
      ...(parts.path.length > 0 ? { params: shapeOf(operation, parts.path) } : {}),
      querystring: shapeOf(operation, parts.query, {
        ...(operation.access === 'write' ? { dryRun } : {}),
        ...exportParameters(operation),
      }),
      ...(parts.body.length > 0 ? { body: shapeOf(operation, parts.body) } : {}),
      response: { [status]: status === 204 ? z.null() : operation.output },
    },
    handler: (request, reply) => serve(deps, operation, request, reply),
  })
}

async function serve(
  deps: RouteDependencies,
  operation: NativeOperation,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const { dryRun: isDryRun, format, importAccount, importRegion, ...query } = request.query as Asked
  if (request.routeOptions.config.takesBody === false) refuseMembers(request.body)
  const input = { ...(request.params as object), ...query, ...(request.body as object) }
  const call = callOf(deps, request, { input, isDryRun })
  if (reply.sse) return stream(deps, operation, call, request, reply)
  const asked = { format, importAccount, importRegion }
  const exported = formatAsked(operation, asked, request.headers.accept)
  if (exported) {
    const facts = exportFacts(asked, { version: deps.version, account: call.principal.account })
    return sendExport(deps, operation, { call, format: exported, facts }, request, reply)
  }
  request.isExecuted = true
  const { output, headers } = await executeOrPreview(deps, operation, call)
  for (const [name, value] of headers) reply.header(name, value)
  const { status = 200 } = operation.rest
  if (operation === revokeToken && !isDryRun) endOwnSession(deps, request, reply)
  // RFC 6750, section 5.3: what opens something is kept by nobody on the way.
  if (operation.access === 'write' && operation.secretOutput) reply.header('cache-control', 'no-store')
  if (isDryRun) reply.header('x-cadastre-dry-run', 'true')
  if (status === 204) return reply.status(204).send()
  if (!showsState(operation)) return reply.status(status).send(output)
  const etag = etagOf(output)
  reply.header('etag', etag)
  if (operation.access === 'read' && header(request, 'if-none-match') === etag) return reply.status(304).send()
  return reply.status(status).send(output)
}

/** Whoever has signed out keeps no cookie. */
function endOwnSession({ findWay }: RestDependencies, request: FastifyRequest, reply: FastifyReply): void {
  const { credential, params, principal } = request
  if (typeof credential !== 'object' || (params as { tokenId?: string }).tokenId !== principal.accessKeyId) return
  const way = findWay(request.raw)
  if (way) reply.header('set-cookie', endedCookies(way))
}

type Asked = ExportAsked & { readonly dryRun?: boolean }

interface Exported {
  readonly call: Call
  readonly format: ExportFormat<never>
  readonly facts: ExportFacts
}
async function sendExport(
  deps: RouteDependencies,
  operation: NativeOperation,
  { call, format, facts }: Exported,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const { cursor, limit, ...filter } = call.input as { readonly cursor?: string; readonly limit?: number }
  const read: ReadExportPage = async (page) => {
    const principal = await deps.authenticate(request.credential)
    const asked = { ...call, principal, input: { ...filter, ...page }, arrivedAt: undefined }
    return (await deps.inTurn.aside(() => deps.execute(operation, asked))).output as never
  }
  const accountable = accountableOf(call.principal.native!)
  const text = await deps.exports.open(read, { format, facts, accountable, cursor, limit })
  return reply.header('content-type', format.mediaType).send(text)
}

/** What has no body takes no member in one: it would be passed over in silence. */
function refuseMembers(body: unknown): void {
  const [field] = typeof body === 'object' && body !== null ? Object.keys(body) : []
  if (field !== undefined) refuse({ code: 'UnknownParameter', field })
}

/** A change that must overwrite nothing (RFC 9110, section 13.1.2). */
const isToMake = (request: FastifyRequest): boolean =>
  request.method !== 'GET' && header(request, 'if-none-match') === '*'

const callOf = (
  deps: RestDependencies,
  request: FastifyRequest,
  asked: { readonly input: object; readonly isDryRun: boolean | undefined },
): Call => ({
  ...asked,
  principal: request.principal,
  region,
  requestId: request.id,
  sourceAddress: deps.addressOf(request.raw),
  arrivedAt: request.arrivedAt,
  asker: request.raw.socket,
  clientToken: header(request, 'idempotency-key'),
  ifMatch: isToMake(request) ? noState : header(request, 'if-match'),
})

async function stream(
  deps: RouteDependencies,
  operation: NativeOperation,
  call: Call,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const gone = new AbortController()
  reply.sse.onClose(() => gone.abort())
  const facts = operation.rest.stream!
  const read = async (cursor: string | undefined): Promise<GrowingPage> => {
    const principal = await deps.authenticate(request.credential)
    const input = { ...call.input, ...facts.input, ...(cursor === undefined ? {} : { cursor }) }
    const asked = { ...call, principal, input, arrivedAt: undefined, asker: undefined }
    return (await deps.inTurn.aside(() => deps.execute(operation, asked))).output as GrowingPage
  }
  const cursor = reply.sse.lastEventId ?? undefined
  // What is wrong is said as a problem, while there is still a status to say it with.
  await read(cursor)
  const native = call.principal.native!
  const messages = deps.streams.follow(read, {
    cursor,
    listener: bearerOf({ by: native.name, makers: native.makers }),
    accountable: accountableOf(native),
    pageSize: (call.input as { readonly limit?: number }).limit ?? pageSizeDefault,
    idOf: (item) => String((item as Record<string, unknown>)[facts.id]),
    signal: gone.signal,
  })
  try {
    reply.sse.sendHeaders()
    // Whoever listens knows at once that they do; without it, only with the first change.
    reply.raw.flushHeaders()
    await reply.sse.send(messages)
  } finally {
    // Also where nobody was there any more before the first event.
    gone.abort()
  }
}

async function executeOrPreview(
  deps: RestDependencies,
  operation: NativeOperation,
  call: Call,
): Promise<{ readonly output: unknown; readonly headers: Headers }> {
  try {
    const answer = await deps.inTurn.aside(() => deps.execute(operation, call))
    return { output: answer.output, headers: headersOf(answer) }
  } catch (error) {
    // What a dry run would have answered is its answer here; the EC2 API says it with an error.
    if (error instanceof DryRunSucceeded) return { output: error.answer.output, headers: headersOfRefusal(error) }
    throw error
  }
}

function header({ headers }: FastifyRequest, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}

// No -----------------------------------------------------------------------------------------------------------------

interface ValidationError extends Error {
  readonly validation?: readonly {
    readonly instancePath: string
    readonly message?: string
    readonly params?: object
  }[]
  readonly validationContext?: string
  readonly statusCode?: number
  readonly code?: string
}

async function answerError(
  deps: RestDependencies,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  try {
    const refused = await refusedOf(deps, error as ValidationError, request)
    // Who is not known keeps no connection, and nothing of what they send is kept.
    if (statuses[refused.refusal.code] === 401) {
      reply.header('connection', 'close')
      await new Promise<void>((resolve) => dropBody(request.raw, resolve))
    }
    return answerRefusal(refused, request, reply, await besideOf(deps, refused, request))
  } catch (fault) {
    deps.onFault(fault, request.id)
    return sendProblem(reply, faultProblem(request.id))
  }
}

/** What is answered instead of an error: the refusal, which is on record by then. Throws what is a fault. */
async function refusedOf(deps: RestDependencies, error: ValidationError, request: FastifyRequest): Promise<Refused> {
  const refusal = refusalOf(error, request)
  if (!refusal) throw error
  const refused = error instanceof Refused ? error : new Refused(refusal)
  const { intake, operation = intake } = request.routeOptions?.config ?? {}
  const isUnread = operation?.access === 'write' && request.principal && !request.isExecuted
  if (!isUnread) return refused
  try {
    await deps.recordUnread(operation, callUnread(deps, request), refused)
    return refused
  } catch (trouble) {
    if (trouble instanceof Refused) return trouble
    throw trouble
  }
}

/** What there is of a request that cannot be read: its texts may be anything. */
function callUnread(deps: RestDependencies, request: FastifyRequest): Call {
  const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
  const { query, params, body } = request
  const { dryRun, ...rest } = (isObject(query) ? query : {}) as { dryRun?: unknown }
  const input = { ...(isObject(params) ? params : {}), ...rest, ...(isObject(body) ? body : {}) }
  return callOf(deps, request, { input, isDryRun: dryRun === true || dryRun === 'true' })
}

async function besideOf(deps: RestDependencies, refused: Refused, request: FastifyRequest): Promise<Beside> {
  if (!request.principal) return nothingBeside
  return besideRefusal(refused, (operation, input) => {
    const call = callOf(deps, request, { input: input as object, isDryRun: undefined })
    return deps.execute(operation, { ...call, clientToken: undefined, ifMatch: undefined })
  })
}

function answerRefusal(
  refused: Refused,
  request: FastifyRequest,
  reply: FastifyReply,
  beside: Beside = nothingBeside,
): FastifyReply {
  const { refusal } = refused
  for (const [name, value] of headersOfRefusal(refused)) reply.header(name, value)
  if (refusal.code === 'Throttled') reply.header('retry-after', refusal.retryAfterSeconds)
  if (refusal.code === 'Unavailable') reply.header('retry-after', 1)
  const problem = problemOf(refusal, request.id, beside)
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="cadastre"')
  return sendProblem(reply, problem)
}

const sendProblem = (reply: FastifyReply, problem: Problem): FastifyReply =>
  reply
    .status(problem.status)
    .header('content-type', problemContentType)
    .serializer((body: unknown) => JSON.stringify(body))
    .send(problem)

/** The first of what is wrong; undefined for a fault. */
function refusalOf(error: ValidationError, request: FastifyRequest): Refusal | undefined {
  if (error instanceof Refused) return error.refusal
  if (error.validation) return refusalOfInput(error, request)
  if (error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return {
      code: 'UnsupportedMediaType',
      value: header(request, 'content-type') ?? '',
      allowed: [request.routeOptions.config.contentType ?? jsonContentType],
    }
  if (error.code === 'FST_ERR_BAD_URL')
    return {
      code: 'MalformedRequest',
      problem: worded('the path has a percent sign that begins no character of UTF-8'),
    }
  if (error.code === 'FST_ERR_MAX_PARAM_LENGTH')
    return { code: 'MalformedRequest', problem: worded(`a part of the path is longer than ${pathPartMax} characters`) }
  // Fastify's own: a length that is not the body's, and the like.
  const isClients = error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500
  return isClients ? { code: 'MalformedRequest', problem: worded(error.message) } : undefined
}

type Issue = NonNullable<ValidationError['validation']>[number]
/** The names on the way to what is wrong. Some, such as keys of tags, may have the slash in them that is between names: then they are there. */
function namesIn({ instancePath }: Issue, input: unknown): string[] {
  const names: string[] = []
  let within = input
  for (let rest = instancePath.slice(1); rest !== ''; ) {
    const known = typeof within === 'object' && within !== null ? Object.keys(within) : []
    const name =
      known.filter((one) => rest === one || rest.startsWith(`${one}/`)).sort((a, b) => b.length - a.length)[0] ??
      rest.split('/', 1)[0]!
    names.push(name)
    within = (within as Record<string, unknown> | undefined)?.[name]
    rest = rest.slice(name.length + 1)
  }
  return names
}
function unknownIn(issue: Issue, input: unknown): string | undefined {
  const { keys } = (issue.params ?? {}) as { keys?: string[] }
  return keys && [...namesIn(issue, input), keys[0]].join('.')
}
/** The body is looked at before the query, which then nobody has looked at. */
function unknownInQuery({ query, routeOptions }: FastifyRequest): string | undefined {
  const { querystring } = (routeOptions.schema ?? {}) as { querystring?: z.ZodObject }
  return Object.keys(query as object).find((name) => querystring && !Object.hasOwn(querystring.shape, name))
}

const places: Readonly<Record<string, keyof FastifyRequest>> = {
  body: 'body',
  querystring: 'query',
  params: 'params',
  headers: 'headers',
}

/**
 * The first of what is wrong, but for a parameter that nobody knows: it goes before all others, since a name that is misspelt is
 * most often why another one is missing.
 */
function refusalOfInput({ validation, validationContext }: ValidationError, request: FastifyRequest): Refusal {
  let value: unknown = request[places[validationContext ?? 'body'] ?? 'body']
  const unknown =
    validation!.map((issue) => unknownIn(issue, value)).find((field) => field !== undefined) ?? unknownInQuery(request)
  if (unknown !== undefined) return { code: 'UnknownParameter', field: unknown }
  const [first] = validation!
  const names = namesIn(first!, value)
  const field = names.join('.') || (validationContext ?? 'body')
  for (const name of names) value = (value as Record<string, unknown> | undefined)?.[name]
  if (value === undefined) return { code: 'MissingParameter', field }
  const problem = first!.message ?? 'it is not what is expected'
  return {
    code: 'InvalidParameterValue',
    field,
    value: typeof value === 'string' ? value : briefJson(value),
    problem: worded(problem),
  }
}

const briefLengthMax = 200

/** The beginning of a value's JSON: of a large one, no more is written than is shown. */
function briefJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const isList = Array.isArray(value)
  let text = ''
  for (const [name, member] of Object.entries(value)) {
    if (text.length > briefLengthMax) break
    const shown = typeof member === 'string' ? JSON.stringify(member.slice(0, briefLengthMax)) : briefJson(member)
    text += `${text === '' ? '' : ','}${isList ? '' : `${JSON.stringify(name)}:`}${shown}`
  }
  return isList ? `[${text}]` : `{${text}}`
}
