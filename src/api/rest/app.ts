// The native API over Fastify: each definition becomes a route and an entry of the OpenAPI document.
import type { IncomingMessage } from 'node:http'
import rateLimit from '@fastify/rate-limit'
import { fastifySSE } from '@fastify/sse'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifySchemaCompiler,
} from 'fastify'
import {
  createJsonSchemaTransform,
  createJsonSchemaTransformObject,
  validatorCompiler,
} from 'fastify-type-provider-zod'
import { z } from 'zod'
import { accountableOf, type Principal } from '#model/principal.ts'
import { type Refusal, Refused } from '#model/refusal.ts'
import { type Answer, type Call, DryRunSucceeded } from '#operations/execute.ts'
import { etagOf, type NativeOperation } from '#operations/native/definition.ts'
import { nouns } from '#operations/native/table.ts'
import { type Headers, headersOf, headersOfRefusal } from '../decision-headers.ts'
import { findDuplicateMember } from '../json-members.ts'
import { createAdmission } from './admission.ts'
import { faultProblem, type Problem, problemContentType, problemOf, problemShape } from './problem.ts'
import { compileSerializer } from './serialize.ts'
import type { SignIn } from './sign-in.ts'
import { addSignInRoutes } from './sign-in-routes.ts'
import { type GrowingPage, Streams } from './stream.ts'

export const restPrefix = '/api/v1'
const bodyBytesMax = 1_048_576
const jsonContentType = 'application/json'
/** Characters of one part of a path. */
const pathPartMax = 200
/** Native calls belong to no Region of AWS; audit entries say so. */
const region = 'global'

export interface RestDependencies {
  newRequestId(): string
  /** Refuses a header that does not say who asks. */
  authenticate(header: string | undefined): Principal | Promise<Principal>
  /** Where a request comes from, by proxies that are trusted alone: Fastify's own `request.ip` knows none. */
  addressOf(request: IncomingMessage): string
  execute(operation: NativeOperation, call: Call): Promise<Answer>
  /** Puts on record that a request for a change was refused before it could be executed. May reject as `execute` does. */
  recordUnread(operation: NativeOperation, call: Call, refused: Refused): Promise<void>
  /** Called once for every request that ended in a 500. */
  onFault(error: unknown, requestId: string): void
  readonly version: string
  /** Undefined where no provider is configured. */
  readonly signIn?: SignIn
  /** Requests a minute of one principal with the services that have their tokens from it; one more is told to come back later. */
  readonly requestsPerMinute: number
}

declare module 'fastify' {
  interface FastifyContextConfig {
    operation?: NativeOperation
  }
  interface FastifyRequest {
    principal: Principal
    /** Whether the operation has been asked: what is refused from then on is on record. */
    isExecuted: boolean
    /** Of its head, by `performance.now()`. */
    arrivedAt: number
    /** Held by the principal's last request, for the rate limit. */
    callId: string
  }
}

const writeHeaders = z.looseObject({
  'idempotency-key': z
    .string()
    .optional()
    .describe(
      'Your own name for this request, 1 to 64 ASCII characters, kept for a day: a repeat has no second effect.',
    ),
})
const matchHeaders = writeHeaders.extend({
  'if-match': z
    .string()
    .optional()
    .describe('The `ETag` that you read: refused with 412 where it is another one by now.'),
})
/** Headers are declared for the reader alone: whatever stands in one is a text, and is judged where it is used. */
const compileValidator: FastifySchemaCompiler<z.ZodType> = (route) =>
  route.httpPart === 'headers' ? () => true : validatorCompiler(route)
const dryRun = z.stringbool().optional().describe('`true`: decide and answer as always, but change nothing.')

/** Builds the application; `ready()` must have resolved before requests are handed to `routing`. */
export async function createRestApp(deps: RestDependencies): Promise<FastifyInstance> {
  const app = Fastify({
    logger: false,
    bodyLimit: bodyBytesMax,
    genReqId: () => deps.newRequestId(),
    exposeHeadRoutes: false,
    return503OnClosing: true,
    routerOptions: { ignoreTrailingSlash: false, maxParamLength: pathPartMax },
    // What no route is even looked for: no hook has seen it.
    frameworkErrors: (error, request, reply) => void answerError(deps, error, request, withHeaders(request, reply)),
  })
  app.removeContentTypeParser([jsonContentType, 'text/plain'])
  app.addContentTypeParser(jsonContentType, { parseAs: 'string' }, createJsonParser(app))
  app.setValidatorCompiler(compileValidator)
  app.setSerializerCompiler(compileSerializer)
  app.setErrorHandler((error, request, reply) => answerError(deps, error, request, reply))
  app.setNotFoundHandler((request, reply) =>
    sendProblem(
      reply,
      problemOf({ code: 'InvalidAction', action: `${request.method} ${request.url.split('?')[0]}` }, request.id),
    ),
  )
  app.addHook('onRequest', (request, reply, done) => {
    withHeaders(request, reply)
    done()
  })
  const streams = new Streams()
  app.addHook('preClose', async () => streams.end())
  await app.register(fastifySSE)
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Cadastre',
        version: deps.version,
        description: 'The native API of Cadastre, a register of IP address space in which policy is law.',
      },
      servers: [{ url: restPrefix }],
      tags: nouns.map(({ name, summary }) => ({ name, description: summary })),
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    },
    transform: createJsonSchemaTransform({}),
    transformObject: withComponents,
    stripBasePath: true,
  })
  await app.register(swaggerUi, { routePrefix: `${restPrefix}/docs`, staticCSP: true, uiConfig: { deepLinking: true } })
  // Written once: anybody may ask for it, as often as they like.
  let description: string | undefined
  app.get(`${restPrefix}/openapi.json`, { schema: { hide: true } }, (_, reply) => {
    description ??= JSON.stringify(app.swagger())
    return reply.type('application/json; charset=utf-8').send(description)
  })
  await addSignInRoutes(app, deps, restPrefix)
  await app.register(
    async (routes) => {
      routes.decorateRequest('principal')
      routes.decorateRequest('isExecuted', false)
      routes.decorateRequest('arrivedAt', 0)
      const admit = createAdmission(deps)
      routes.addHook('onRequest', (request, reply, done) => {
        request.arrivedAt = performance.now()
        const found = admit(request, reply)
        const letIn = (principal: Principal): void => {
          request.principal = principal
          done()
        }
        // Almost always the principal is at hand, and awaiting it anyway would cost a turn of the loop.
        if (found instanceof Promise) found.then(letIn, done)
        else letIn(found)
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
      for (const { name, operations } of nouns) {
        for (const operation of operations) addRoute(routes, { ...deps, streams }, operation, name)
      }
    },
    { prefix: restPrefix },
  )
  await app.ready()
  return app
}

/** What every answer has. */
const withHeaders = (request: FastifyRequest, reply: FastifyReply): FastifyReply =>
  reply.header('x-cadastre-request-id', request.id).header('x-content-type-options', 'nosniff')

type JsonParser = (request: FastifyRequest, body: string, done: (error: Error | null, value?: unknown) => void) => void

/** Fastify's own, which tells apart what is no JSON and what is JSON that no program should be handed; and each member once. */
function createJsonParser(app: FastifyInstance): JsonParser {
  const parse = app.getDefaultJsonParser('error', 'error') as JsonParser
  return (request, body, done) =>
    parse(request, body, (error, value) => {
      if (error) return done(new Refused({ code: 'MalformedRequest', problem: problemOfJson(body) }))
      const duplicate = findDuplicateMember(body)
      if (duplicate) done(new Refused({ code: 'DuplicateParameter', field: duplicate.join('.') }))
      else done(null, value)
    })
}

function problemOfJson(body: string): string {
  if (body === '') return 'the body is empty, and JSON is expected'
  try {
    JSON.parse(body)
  } catch (error) {
    return `the body is not JSON: ${(error as Error).message}`
  }
  return 'the body has a member `__proto__`, or `prototype` in `constructor`, which nothing here has: leave it out'
}

/** What stands in the description once, by name. Nothing of it is sent to us: the forms for that are left out. */
const withComponents: ReturnType<typeof createJsonSchemaTransformObject> = (document) => {
  const described = createJsonSchemaTransformObject({})(document) as { components: { schemas: object } }
  const schemas = Object.entries(described.components.schemas).filter(([name]) => !name.endsWith('Input'))
  return { ...described, components: { ...described.components, schemas: Object.fromEntries(schemas) } }
}

/** Which members of the input stand in the path, in the query and in the body. */
export function partsOf({ input, rest }: NativeOperation): Record<'path' | 'query' | 'body', readonly string[]> {
  const path = [...rest.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!)
  const others = Object.keys(input.shape).filter((name) => !path.includes(name))
  const hasBody = rest.method !== 'GET' && rest.method !== 'DELETE'
  const query = hasBody ? others.filter((name) => rest.query?.includes(name)) : others
  return { path, query, body: hasBody ? others.filter((name) => !query.includes(name)) : [] }
}

const shapeOf = ({ input }: NativeOperation, names: readonly string[], more: z.core.$ZodLooseShape = {}): z.ZodObject =>
  z.strictObject({ ...Object.fromEntries(names.map((name) => [name, input.shape[name]!])), ...more })

type RouteDependencies = RestDependencies & { readonly streams: Streams }

function addRoute(routes: FastifyInstance, deps: RouteDependencies, operation: NativeOperation, tag: string): void {
  const { rest } = operation
  const parts = partsOf(operation)
  const isWrite = operation.access === 'write'
  const status = rest.status ?? 200
  routes.route({
    method: rest.method,
    ...(rest.streamId === undefined ? {} : { sse: 'dual' }),
    config: { operation },
    url: rest.path.replaceAll(/\{(\w+)\}/g, ':$1'),
    schema: {
      operationId: operation.name,
      summary: operation.summary,
      description: operation.description ?? '',
      tags: [tag],
      ...(parts.path.length > 0 ? { params: shapeOf(operation, parts.path) } : {}),
      querystring: shapeOf(operation, parts.query, isWrite ? { dryRun } : {}),
      ...(parts.body.length > 0 ? { body: shapeOf(operation, parts.body) } : {}),
      ...(isWrite && !operation.secretOutput ? { headers: operation.changes ? matchHeaders : writeHeaders } : {}),
      response: {
        [status]: status === 204 ? z.void().describe('Done.') : operation.output,
        default: { description: 'A problem.', content: { [problemContentType]: { schema: problemShape } } },
      },
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
  const { dryRun: isDryRun, ...query } = request.query as { dryRun?: boolean }
  const input = { ...(request.params as object), ...query, ...(request.body as object) }
  const call = callOf(deps, request, { input, isDryRun })
  if (reply.sse) return stream(deps, operation, call, request, reply)
  request.isExecuted = true
  const { output, headers } = await executeOrPreview(deps, operation, call)
  for (const [name, value] of headers) reply.header(name, value)
  const { status = 200 } = operation.rest
  // RFC 6750, section 5.3: what opens something is kept by nobody on the way.
  if (operation.access === 'write' && operation.secretOutput) reply.header('cache-control', 'no-store')
  if (isDryRun) reply.header('x-cadastre-dry-run', 'true')
  if (status === 204) return reply.status(204).send()
  const hasTag = operation.access === 'read' || operation.changes?.output === operation.output
  if (!hasTag) return reply.status(status).send(output)
  const etag = etagOf(output)
  reply.header('etag', etag)
  if (operation.access === 'read' && header(request, 'if-none-match') === etag) return reply.status(304).send()
  return reply.status(status).send(output)
}

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
  clientToken: header(request, 'idempotency-key'),
  ifMatch: header(request, 'if-match'),
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
  const { streamId } = operation.rest
  const read = async (cursor: string | undefined): Promise<GrowingPage> => {
    const principal = await deps.authenticate(request.headers.authorization)
    const input = cursor === undefined ? call.input : { ...call.input, cursor }
    return (await deps.execute(operation, { ...call, principal, input, arrivedAt: undefined })).output as GrowingPage
  }
  const cursor = reply.sse.lastEventId ?? undefined
  // What is wrong is said as a problem, while there is still a status to say it with.
  await read(cursor)
  const messages = deps.streams.follow(read, {
    cursor,
    listener: call.principal.userId,
    accountable: accountableOf(call.principal.native!),
    idOf: (item) => String((item as Record<string, unknown>)[streamId!]),
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
    const answer = await deps.execute(operation, call)
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
    return answerRefusal(await refusedOf(deps, error as ValidationError, request), request, reply)
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
  const { operation } = request.routeOptions?.config ?? {}
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

function answerRefusal(refused: Refused, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { refusal } = refused
  for (const [name, value] of headersOfRefusal(refused)) reply.header(name, value)
  if (refusal.code === 'Throttled') reply.header('retry-after', refusal.retryAfterSeconds)
  if (refusal.code === 'Unavailable') reply.header('retry-after', 1)
  const problem = problemOf(refusal, request.id)
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
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return { code: 'RequestTooLarge', limit: bodyBytesMax, unit: 'bytes' }
  if (error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return { code: 'UnsupportedMediaType', value: header(request, 'content-type') ?? '', allowed: [jsonContentType] }
  if (error.code === 'FST_ERR_BAD_URL')
    return { code: 'MalformedRequest', problem: 'the path has a percent sign that begins no character of UTF-8' }
  if (error.code === 'FST_ERR_MAX_PARAM_LENGTH')
    return { code: 'MalformedRequest', problem: `a part of the path is longer than ${pathPartMax} characters` }
  // Fastify's own: a length that is not the body's, and the like.
  const isClients = error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500
  return isClients ? { code: 'MalformedRequest', problem: error.message } : undefined
}

const places: Readonly<Record<string, keyof FastifyRequest>> = {
  body: 'body',
  querystring: 'query',
  params: 'params',
  headers: 'headers',
}

function refusalOfInput({ validation, validationContext }: ValidationError, request: FastifyRequest): Refusal {
  const [first] = validation!
  const names = first!.instancePath.split('/').filter(Boolean)
  const { keys } = (first!.params ?? {}) as { keys?: string[] }
  if (keys) return { code: 'UnknownParameter', field: [...names, keys[0]].join('.') }
  const field = names.join('.') || (validationContext ?? 'body')
  let value: unknown = request[places[validationContext ?? 'body'] ?? 'body']
  for (const name of names) value = (value as Record<string, unknown> | undefined)?.[name]
  if (value === undefined) return { code: 'MissingParameter', field }
  const problem = first!.message ?? 'it is not what is expected'
  return {
    code: 'InvalidParameterValue',
    field,
    value: typeof value === 'string' ? value : JSON.stringify(value),
    problem,
  }
}
