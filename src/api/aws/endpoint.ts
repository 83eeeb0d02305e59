// The AWS endpoint: `POST /` (or a presigned `GET /`) over node:http. It authenticates, reads, has the operation executed, answers.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Principal } from '#model/principal.ts'
import { worded, wordedFeature } from '#model/problems/worded.ts'
import { type Refusal, Refused, refuse } from '#model/refusal.ts'
import type { Answer } from '#operations/execute.ts'
import { type Beside, nothingBeside } from '../beside-refusals.ts'
import { type Bodies, dropBody, type ReadBody } from '../body.ts'
import { type Headers, headersOf, headersOfRefusal } from '../decision-headers.ts'
import { clientOf } from '../source-address.ts'
import { faultWording, type Protocol, type Wording, wordingOf } from '../wording.ts'
import { isEc2Operation, readEc2Action, readInput } from './ec2/query.ts'
import { isLong, writeError, writeLongResponse, writeResponse } from './ec2/xml.ts'
import { type Form, parseForm } from './form.ts'
import {
  isOrganizationsOperation,
  jsonContentType,
  readJsonInput,
  readTarget,
  writeJsonError,
  writeJsonResponse,
} from './json.ts'
import {
  type AccessKey,
  type Authorization,
  checkClaims,
  type Rules,
  readAuthorization,
  type SignedRequest,
  verifySignature,
} from './sigv4.ts'
import { isStsOperation, readStsAction, readStsInput } from './sts/query.ts'
import { writeStsError, writeStsResponse } from './sts/xml.ts'
import type { Throttle, Wait } from './throttle.ts'
import { unservedText } from './unserved.ts'

/** The services that this endpoint speaks; each is the protocol of the same name. */
export type AwsService = Protocol

/** One authenticated, readable request. */
export interface AwsCall {
  readonly principal: Principal
  /** Of the credential scope. */
  readonly region: string
  /** Keyed by the model's member names, without a prototype. */
  readonly input: object
  readonly requestId: string
  readonly dryRun: boolean
  /** The SDK's id of the call, the same in its retries. Only where it was signed. */
  readonly invocationId: string | undefined
  /** The same where it was not signed, so that anybody on the way could have changed it (botocore, and so the AWS CLI). */
  readonly unsignedInvocationId: string | undefined
  /** 64 hexadecimal digits: seen again, the same request was sent again. */
  readonly signature: string
  /** SHA-256 of the body, in hexadecimal: equal bodies carry equal parameters. */
  readonly bodyHash: string
  readonly sourceAddress: string
  readonly userAgent: string
  /** When it was whole, by `performance.now()`. */
  readonly arrivedAt: number
  /** The connection: a reading ends with it. */
  readonly asker: { readonly destroyed: boolean }
}

export interface AwsEndpointDependencies {
  /** Milliseconds since 1970. */
  now(): number
  newRequestId(): string
  /** Where a request comes from, by proxies that are trusted alone. */
  addressOf(request: IncomingMessage): string
  /** What is held of bodies under way, of both APIs together. */
  readonly bodies: Bodies
  /** Who may ask how often. */
  readonly throttle: Throttle
  /** @param arrivedAt as in the call */
  findKey(accessKeyId: string, arrivedAt: number): AccessKey | undefined | Promise<AccessKey | undefined>
  isImplemented(service: AwsService, name: string): boolean
  /** Whether the operation only reads: presigned requests may do nothing else. */
  isRead(service: AwsService, name: string): boolean
  /** Rejects with Refused to say no; anything else that it throws is a fault. */
  execute(service: AwsService, name: string, call: AwsCall): Promise<Answer>
  /** Puts on record that a request for a change was refused before it could be executed. May reject as `execute` does. */
  recordUnread(service: AwsService, name: string, call: AwsCall, refused: Refused): Promise<void>
  /** What a refusal is told with, as far as the caller may know. Never rejects. */
  beside(refused: Refused, call: AwsCall): Promise<Beside>
  /** Called once for every request that ended in a 500. */
  onFault(error: unknown, requestId: string): void
  /** Answers a request for another path than `/`, or returns false. */
  other(request: IncomingMessage, response: ServerResponse): boolean
  /** The Regions that exist here; without them every Region's scope is accepted. */
  readonly regions?: ReadonlySet<string>
}

export const bodyBytesMax = 65_536
export const clockSkewSecondsMax = 300

/** For `http.createServer`: slow and endless clients end here (threat model D1), and nothing but strict HTTP is understood. */
export const httpServerOptions = {
  headersTimeout: 10_000,
  // Of what is sent on and on, in parts (`rest/intake.ts`); others end by the deadline of their body (`body.ts`).
  requestTimeout: 900_000,
  // Longer than clients and load balancers keep an idle connection, mostly 60 s: whichever side ends it sooner may meet a request.
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 2_000,
  maxHeaderSize: 16_384,
  insecureHTTPParser: false,
  noDelay: true,
} as const

/** Requests are signed with the method that they have, so that a HEAD is one here. */
const methods: readonly string[] = ['GET', 'HEAD', 'POST']
const services: ReadonlySet<string> = new Set<AwsService>(['ec2', 'organizations', 'sts'])
const xmlContentType = 'text/xml;charset=UTF-8'
const formContentType = 'application/x-www-form-urlencoded'

export function createAwsEndpoint(
  deps: AwsEndpointDependencies,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const url = request.url ?? ''
    const isRoot = url === '/' || url.startsWith('/?')
    if (isRoot) {
      const authorization = readHead(deps, request, response)
      if (authorization === undefined) return
      const sender = () => ({ name: clientOf(deps.addressOf(request)), isProven: false })
      deps.bodies.read(request, response, { limit: bodyBytesMax, sender }, (body) => {
        if (typeof body !== 'string') void serve(deps, request, response, { authorization, body })
        else answerWithoutBody(deps, request, response, refusalsOfBodies[body])
      })
      return
    }
    const requestId = deps.newRequestId()
    // Whatever answers a GET answers a HEAD: its response has no body already.
    if (request.method === 'HEAD') {
      request.method = 'GET'
      // Nor can it be a stream, which would have no end.
      delete request.headers.accept
    }
    try {
      if (deps.other(request, response)) return
      // Nobody has been asked for a credential here.
      response.shouldKeepAlive = false
      dropBody(request, () => {
        const service = serviceOf(request)
        if (service !== undefined && !services.has(service)) answerUnserved(service, requestId, response)
        else {
          const wording = { status: 404, code: 'InvalidAction', message: 'The path must be `/`.' }
          answerError('ec2', wording, requestId, response)
        }
      })
    } catch (error) {
      fail(deps, error, requestId, 'ec2', response)
    }
  }
}

/** What somebody who guesses is told; whose clock is wrong has a good key. */
const badCredentials: ReadonlySet<Refusal['code']> = new Set<Refusal['code']>(['UnknownAccessKey', 'WrongSignature'])
const refusalsOfBodies: Readonly<Record<Exclude<ReadBody, Buffer>, Refusal>> = {
  'too-large': { code: 'RequestTooLarge', limit: bodyBytesMax, unit: 'bytes' },
  'no-room': {
    code: 'Throttled',
    retryAfterSeconds: 1,
    because: worded('too many bodies of requests are on their way'),
  },
}

/**
 * What the head of a request says of who asks, checked as far as it can be without the body, so that none is kept for nothing.
 * Undefined where it is refused. Whether the key exists is not told before the signature has been checked (threat model A7).
 */
function readHead(
  deps: AwsEndpointDependencies,
  request: IncomingMessage,
  response: ServerResponse,
): Authorization | undefined {
  const { method = '', url = '', rawHeaders } = request
  try {
    if (!methods.includes(method)) refuse({ code: 'MethodNotAllowed', method, allowed: methods })
    const authorization = readAuthorization({ method, url, rawHeaders })
    checkClaims(authorization, rulesOf(deps))
    return authorization
  } catch (error) {
    response.shouldKeepAlive = false
    // Where it is refused for what its head says, the body is read and dropped first: see `dropBody`.
    dropBody(request, () => fail(deps, error, deps.newRequestId(), guessProtocol(request), response))
    return undefined
  }
}

const rulesOf = (deps: AwsEndpointDependencies): Rules => ({
  now: deps.now(),
  services,
  regions: deps.regions,
  maxSkewSeconds: clockSkewSecondsMax,
})

/** Whatever is left of the body is not read: the connection ends with the answer. */
function answerWithoutBody(
  deps: AwsEndpointDependencies,
  request: IncomingMessage,
  response: ServerResponse,
  refusal: Refusal,
): void {
  const protocol = guessProtocol(request)
  response.shouldKeepAlive = false
  answerError(protocol, wordingOf(refusal, protocol), deps.newRequestId(), response)
}

/** One request from its bytes to its answer. Nothing leaves this function as an exception. */
async function serve(
  deps: AwsEndpointDependencies,
  request: IncomingMessage,
  response: ServerResponse,
  { authorization, body }: { readonly authorization: Authorization; readonly body: Buffer },
): Promise<void> {
  const requestId = deps.newRequestId()
  const arrivedAt = performance.now()
  let protocol = guessProtocol(request)
  let isKnown = false
  let asked: Asked | undefined
  let wait: Wait | undefined
  const client = (): string => clientOf(deps.addressOf(request))
  try {
    const blockedSeconds = deps.throttle.blockedSeconds(authorization.accessKeyId, client)
    if (blockedSeconds > 0)
      refuse({ code: 'Throttled', retryAfterSeconds: blockedSeconds, because: { why: 'bad-signatures' } })
    const signed: SignedRequest = {
      method: request.method ?? '',
      url: request.url ?? '',
      rawHeaders: request.rawHeaders,
      body,
    }
    const found = deps.findKey(authorization.accessKeyId, arrivedAt)
    // Almost always the key is at hand, and awaiting it anyway would cost a turn of the loop.
    const key = found instanceof Promise ? await found : found
    const { principal, bodyHash } = verifySignature(authorization, signed, key, rulesOf(deps))
    isKnown = true
    deps.throttle.noteGood(authorization.accessKeyId)

    const service = authorization.service as AwsService // One of `services`: verifySignature has seen to it.
    protocol = service
    const { name, read } = readCall(service, signed, authorization)
    if (!deps.isImplemented(service, name))
      refuse({ code: 'NotSupported', what: wordedFeature(`The operation \`${name}\``) })
    const isRead = deps.isRead(service, name)
    wait = deps.throttle.take({ account: principal.account, region: authorization.region, name, isRead })
    if (wait) refuse({ code: 'Throttled', retryAfterSeconds: Math.ceil(wait.ms / 1_000) })
    const sourceAddress = deps.addressOf(request)
    const asker = request.socket
    asked = { authorization, principal, bodyHash, requestId, arrivedAt, sourceAddress, asker }
    let input: object
    try {
      if (authorization.presigned && !isRead) {
        refuse({
          code: 'NotSupported',
          what: wordedFeature('A presigned request that changes something'),
          because: worded('sign its header'),
        })
      }
      input = read()
    } catch (error) {
      // What cannot be read is refused like anything else that was asked for, and so it is on record.
      if (error instanceof Refused && !isRead) {
        await deps.recordUnread(service, name, toCall(asked, {}), error)
      }
      throw error
    }
    const answered = await deps.execute(service, name, toCall(asked, input))
    const { output } = answered
    const written =
      service === 'ec2' && isEc2Operation(name) && isLong(output)
        ? await writeLongResponse(name, output, { requestId, nextTurn })
        : write(service, name, output, requestId)
    answer(response, 200, contentTypeOf(service), requestId, written, headersOf(answered))
  } catch (error) {
    // The last stop of every refusal and every fault of a request.
    if (!isKnown) {
      response.shouldKeepAlive = false
      if (error instanceof Refused && badCredentials.has(error.refusal.code)) deps.throttle.noteBad(client())
    }
    if (wait) {
      // Nothing of the request is kept meanwhile but its answer.
      if (!deps.throttle.hold(wait, () => fail(deps, error, requestId, protocol, response))) {
        response.shouldKeepAlive = false
        fail(deps, error, requestId, protocol, response)
      }
      return
    }
    const beside = asked && error instanceof Refused ? await deps.beside(error, toCall(asked, {})) : nothingBeside
    fail(deps, error, requestId, protocol, response, beside)
  }
}

function toCall(
  { authorization, principal, bodyHash, requestId, arrivedAt, sourceAddress, asker }: Asked,
  input: { readonly DryRun?: boolean },
): AwsCall {
  const invocationId = authorization.headers.get('amz-sdk-invocation-id')
  const isInvocationSigned = authorization.signedHeaders.names.includes('amz-sdk-invocation-id')
  return {
    principal,
    region: authorization.region,
    input,
    requestId,
    dryRun: input.DryRun === true,
    invocationId: isInvocationSigned ? invocationId : undefined,
    unsignedInvocationId: isInvocationSigned ? undefined : invocationId,
    signature: authorization.signature,
    bodyHash,
    sourceAddress,
    userAgent: authorization.headers.get('user-agent') ?? '',
    arrivedAt,
    asker,
  }
}
/** A request whose signature is good, before its input has been read. */
interface Asked
  extends Pick<AwsCall, 'principal' | 'bodyHash' | 'requestId' | 'arrivedAt' | 'sourceAddress' | 'asker'> {
  readonly authorization: Authorization
}

/** Which operation is asked for, and how to read its input. */
function readCall(
  service: AwsService,
  { method, body }: SignedRequest,
  { headers, query }: Authorization,
): { name: string; read: () => object } {
  const contentType = (headers.get('content-type') ?? '').split(';', 1)[0]!.trim().toLowerCase()
  if (service === 'organizations') {
    if (method !== 'POST' || query !== '')
      refuse({ code: 'MalformedRequest', problem: worded('Organizations is asked by `POST /`.') })
    if (contentType !== jsonContentType) refuseContentType(contentType, jsonContentType)
    const name = readTarget(headers.get('x-amz-target'))
    return { name, read: () => readJsonInput(name, body) }
  }
  const form = readForm(method, contentType, query, body)
  if (service === 'sts') {
    const name = readStsAction(form)
    return { name, read: () => readStsInput(name, form) }
  }
  const name = readEc2Action(form)
  return { name, read: () => readInput(name, form) }
}

/** Parameters stand in the body of a POST or in the query of a GET, never in both: two places could contradict each other. */
function readForm(method: string, contentType: string, query: string, body: Buffer): Form {
  if (method !== 'POST') {
    if (body.length > 0)
      refuse({
        code: 'MalformedRequest',
        problem: worded('A GET request has its parameters in the query, and no body.'),
      })
    return parseForm(Buffer.from(query, 'latin1'), { fromUrl: true })
  }
  if (query !== '')
    refuse({
      code: 'MalformedRequest',
      problem: worded('A POST request has its parameters in the body, and no query.'),
    })
  if (contentType !== formContentType) refuseContentType(contentType, formContentType)
  return parseForm(body)
}

function refuseContentType(given: string, expected: string): never {
  refuse({
    code: 'MalformedRequest',
    problem: worded(`The Content-Type must be \`${expected}\`, not \`${given.slice(0, 100)}\`.`),
  })
}

/** The protocol of a request that nobody has authenticated yet, so that its client can read the refusal. */
function guessProtocol({ headers, url }: IncomingMessage): Protocol {
  if (headers['x-amz-target'] !== undefined || headers['content-type']?.startsWith(jsonContentType))
    return 'organizations'
  const isSts = headers.authorization?.includes('/sts/aws4_request') || url?.includes('%2Fsts%2Faws4_request')
  return isSts ? 'sts' : 'ec2'
}

function write(service: AwsService, name: string, output: unknown, requestId: string): string {
  if (service === 'ec2' && isEc2Operation(name)) return writeResponse(name, output, requestId)
  if (service === 'sts' && isStsOperation(name)) return writeStsResponse(name, output, requestId)
  if (service === 'organizations' && isOrganizationsOperation(name)) return writeJsonResponse(name, output)
  throw new Error(`${service} has no operation ${name}.`)
}

function contentTypeOf(protocol: Protocol): string {
  return protocol === 'organizations' ? jsonContentType : xmlContentType
}

function fail(
  deps: AwsEndpointDependencies,
  error: unknown,
  requestId: string,
  protocol: Protocol,
  response: ServerResponse,
  beside: Beside = nothingBeside,
): void {
  if (error instanceof Refused) {
    const headers = headersOfRefusal(error)
    const isLater = error.refusal.code === 'Unavailable'
    const all: Headers = isLater ? [...headers, ['Retry-After', '1']] : headers
    answerError(protocol, wordingOf(error.refusal, protocol, beside), requestId, response, all)
    return
  }
  deps.onFault(error, requestId)
  answerError(protocol, faultWording[protocol], requestId, response)
}

function answerError(
  protocol: Protocol,
  wording: Wording,
  requestId: string,
  response: ServerResponse,
  headers: Headers = [],
): void {
  const text = writeErrorOf(protocol, wording, requestId)
  answer(response, wording.status, contentTypeOf(protocol), requestId, text, headers)
}

function writeErrorOf(protocol: Protocol, { status, code, message, reason }: Wording, requestId: string): string {
  if (protocol === 'organizations') return writeJsonError(code, message, reason)
  if (protocol === 'sts')
    return writeStsError({ code, message, fault: status < 500 ? 'Sender' : 'Receiver' }, requestId)
  return writeError(code, message, requestId)
}

/** The service that a request's credential is for, as its client says; nobody has checked it. */
const serviceOf = ({ headers }: IncomingMessage): string | undefined =>
  headers.authorization?.match(/Credential=[^/,]{1,128}\/\d{8}\/[a-z0-9-]{1,64}\/([a-z0-9-]{1,64})\/aws4_request/)?.[1]

/** A service with paths of its own, which is not here. Its clients, as those of RAM, most often read errors as JSON. */
function answerUnserved(service: string, requestId: string, response: ServerResponse): void {
  const code = 'UnsupportedOperation'
  const body = JSON.stringify({ __type: code, message: unservedText(service, services) })
  answer(response, 400, 'application/json', requestId, body, [['x-amzn-ErrorType', code]])
}

/** Head and body leave in one write. A client that is gone gets nothing. */
function answer(
  response: ServerResponse,
  status: number,
  contentType: string,
  requestId: string,
  body: string | Buffer,
  headers: Headers = [],
): void {
  if (response.headersSent || response.destroyed) return
  const head = ['Content-Type', contentType, 'x-amzn-RequestId', requestId]
  head.push('Content-Length', String(Buffer.byteLength(body)))
  for (const [name, value] of headers) head.push(name, value)
  response.writeHead(status, head)
  response.end(body)
}

/**
 * Answers what is not HTTP, or too slow, or has too large headers, in a few words, and closes the connection.
 * @param onBroken told of each such connection
 */
export function refuseBrokenRequests(server: Server, onBroken: (socket: Socket) => void = () => {}): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    onBroken(socket)
    // Behind an answer that is not read nothing else would be.
    if (socket.writableLength > 0) {
      socket.destroy()
      return
    }
    const line = brokenRequestLines[error.code ?? ''] ?? '400 Bad Request'
    socket.end(`HTTP/1.1 ${line}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
    // Whoever does not hang up then is hung up on: the server of Node ends a socket that is idle so long.
    socket.setTimeout(brokenLingerMs)
  })
}

/** The answer to a broken request has so long to arrive. */
const brokenLingerMs = 2_000

const brokenRequestLines: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
}
