// AWS Signature Version 4: who asks. The only maker of a Principal for requests; see the threat model's rules A1 to A7.
// Two steps, because the caller looks the key up in between: readAuthorization, then verifySignature.
import { createHmac, hash, timingSafeEqual } from 'node:crypto'
import type { Principal } from '#model/principal.ts'
import { worded } from '#model/problems/worded.ts'
import { refuse } from '#model/refusal.ts'
import { unservedText } from './unserved.ts'

/** A request exactly as it was received: nothing decoded, nothing folded. */
export interface SignedRequest {
  readonly method: string
  /** Path and query, such as `/` or `/?Action=DescribeRegions`. */
  readonly url: string
  /** Names and values in turn, as in `IncomingMessage.rawHeaders`. */
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
}

/** What a request claims. Nothing in it is true before `verifySignature` says so. */
export interface Authorization {
  readonly accessKeyId: string
  /** `20260102`. */
  readonly date: string
  readonly region: string
  readonly service: string
  /** `20260102T030405Z`, and the same in milliseconds since 1970. */
  readonly timestamp: string
  readonly signedAt: number
  readonly signedHeaders: SignedHeaders
  /** 64 lower-case hexadecimal digits. */
  readonly signature: string
  readonly sessionToken: string | undefined
  /** Whether the credential stands in the query. Such a request may only read; the endpoint keeps that. */
  readonly presigned: boolean
  /** Of a presigned request, otherwise 0. */
  readonly expiresSeconds: number
  /** Lower-case names, values as the canonical request has them: trimmed, inner spaces folded, repetitions joined by commas. */
  readonly headers: ReadonlyMap<string, string>
  readonly path: string
  /** The query without the leading `?`. */
  readonly query: string
}

export interface AccessKey {
  readonly id: string
  readonly secret: string
  /** Of temporary keys only; then every request must carry it. */
  readonly sessionToken?: string
  /** Milliseconds since 1970. */
  readonly expiresAt?: number
  readonly principal: Principal
}

/** A request that is what it claims to be. */
export interface Verified {
  readonly principal: Principal
  /** SHA-256 of the body, in hexadecimal. */
  readonly bodyHash: string
}

export interface Rules {
  /** Milliseconds since 1970. */
  readonly now: number
  readonly services: ReadonlySet<string>
  /** Where present, the Regions that a credential for EC2 may name. Organizations and STS belong to no Region. */
  readonly regions?: ReadonlySet<string>
  readonly maxSkewSeconds: number
}

/** What the published test vectors need and this endpoint refuses. */
export interface Dialect {
  /** Paths other than `/`, and text outside ASCII in the URL. */
  readonly anyUrl: boolean
  /** Whether `//` and dot segments are resolved before signing. */
  readonly normalizePath: boolean
  readonly presignedSecondsMax: number
}

export const presignedSecondsMax = 900
const endpointDialect: Dialect = { anyUrl: false, normalizePath: false, presignedSecondsMax }

const algorithm = 'AWS4-HMAC-SHA256'
const emptyBodyHash = hash('sha256', '')
const signedHeadersMax = 64
const queryParametersMax = 1_000

/** Headers that a request may have once only, besides all `x-amz-*` ones: two could be read differently by two readers. */
const singleHeaders: ReadonlySet<string> = new Set([
  'amz-sdk-invocation-id',
  'authorization',
  'content-encoding',
  'content-length',
  'content-type',
  'date',
  'host',
  'transfer-encoding',
  'user-agent',
])

const credentialPattern = /^([A-Za-z0-9_]{1,128})\/(\d{8})\/([a-z0-9-]{1,64})\/([a-z0-9-]{1,64})\/aws4_request$/
const authorizationPattern =
  /^AWS4-HMAC-SHA256 +Credential=([^\s,]+) *, *SignedHeaders=([^\s,]+) *, *Signature=([^\s,]+)$/
const timestampPattern = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/

/**
 * Reads the one place where a request carries its credential: the Authorization header or the query.
 * Refuses with MissingAuthentication, IncompleteSignature or MalformedRequest; knows nothing of keys or clocks.
 */
export function readAuthorization(
  request: Omit<SignedRequest, 'body'>,
  dialect: Dialect = endpointDialect,
): Authorization {
  const mark = request.url.indexOf('?')
  const path = mark < 0 ? request.url : request.url.slice(0, mark)
  const query = mark < 0 ? '' : request.url.slice(mark + 1)
  if (!dialect.anyUrl) checkUrl(path, query)
  const headers = readHeaders(request.rawHeaders)
  const parameters = query === '' ? noParameters : readQuery(query)

  const header = headers.get('authorization')
  const inQuery =
    parameters.has('X-Amz-Signature') || parameters.has('X-Amz-Credential') || parameters.has('X-Amz-Algorithm')
  if (header !== undefined && inQuery)
    incomplete('The request has a credential in its header and another in its query.')
  if (header === undefined && !inQuery) refuse({ code: 'MissingAuthentication' })
  return header === undefined
    ? readPresigned({ headers, parameters, path, query }, dialect)
    : readHeader(header, { headers, parameters, path, query })
}

interface Parts {
  readonly headers: ReadonlyMap<string, string>
  readonly parameters: ReadonlyMap<string, string>
  readonly path: string
  readonly query: string
}

function readHeader(header: string, { headers, parameters, path, query }: Parts): Authorization {
  for (const name of parameters.keys()) {
    if (name.startsWith('X-Amz-')) incomplete(`The query parameter \`${name}\` is only for presigned requests.`)
  }
  const parts = splitHeader(header)
  if (!parts) {
    return incomplete(`The Authorization header must be \`${algorithm} Credential=…, SignedHeaders=…, Signature=…\`.`)
  }
  const timestamp = headers.get('x-amz-date') ?? incomplete('The header `X-Amz-Date` is missing.')
  return {
    ...readScope(parts.credential, timestamp),
    signedHeaders: readSignedHeaders(parts.signedHeaders, headers),
    signature: readSignature(parts.signature),
    sessionToken: headers.get('x-amz-security-token'),
    presigned: false,
    expiresSeconds: 0,
    headers,
    path,
    query,
  }
}

interface HeaderParts {
  readonly credential: string
  readonly signedHeaders: string
  readonly signature: string
}

const credentialStart = `${algorithm} Credential=`
const signedHeadersStart = ', SignedHeaders='
const signatureStart = ', Signature='

/** Nearly every client writes the header with the same spaces; the pattern is for the others. */
function splitHeader(header: string): HeaderParts | undefined {
  const first = header.indexOf(signedHeadersStart)
  const second = header.indexOf(signatureStart, first)
  if (header.startsWith(credentialStart) && first > 0 && second > first) {
    const credential = header.slice(credentialStart.length, first)
    const signedHeaders = header.slice(first + signedHeadersStart.length, second)
    // What stands in the parts is checked where they are read; a comma or space in them fits none of them.
    return { credential, signedHeaders, signature: header.slice(second + signatureStart.length) }
  }
  const parts = authorizationPattern.exec(header)
  return parts ? { credential: parts[1]!, signedHeaders: parts[2]!, signature: parts[3]! } : undefined
}

function readPresigned({ headers, parameters, path, query }: Parts, dialect: Dialect): Authorization {
  const get = (name: string): string =>
    parameters.get(name) ?? incomplete(`The query parameter \`${name}\` is missing.`)
  if (get('X-Amz-Algorithm') !== algorithm)
    incomplete(`The query parameter \`X-Amz-Algorithm\` must be \`${algorithm}\`.`)
  for (const name of ['x-amz-date', 'x-amz-security-token']) {
    if (headers.has(name)) incomplete(`The header \`${name}\` stands beside a credential in the query.`)
  }
  const seconds = get('X-Amz-Expires')
  const expiresSeconds = /^[1-9]\d{0,5}$/.test(seconds) ? Number(seconds) : Number.POSITIVE_INFINITY
  if (expiresSeconds > dialect.presignedSecondsMax) {
    incomplete(`The query parameter \`X-Amz-Expires\` must be from 1 to ${dialect.presignedSecondsMax} seconds.`)
  }
  return {
    ...readScope(get('X-Amz-Credential'), get('X-Amz-Date')),
    signedHeaders: readSignedHeaders(get('X-Amz-SignedHeaders'), headers),
    signature: readSignature(get('X-Amz-Signature')),
    sessionToken: parameters.get('X-Amz-Security-Token'),
    presigned: true,
    expiresSeconds,
    headers,
    path,
    query,
  }
}

function readScope(
  credential: string,
  timestamp: string,
): Pick<Authorization, 'accessKeyId' | 'date' | 'region' | 'service' | 'timestamp' | 'signedAt'> {
  const scope = credentialPattern.exec(credential)
  if (!scope) return incomplete('The Credential must be `KEY/YYYYMMDD/REGION/SERVICE/aws4_request`.')
  const signedAt = parseMoment(timestamp) ?? incomplete('The date of the request must be `YYYYMMDDTHHMMSSZ`.')
  if (!timestamp.startsWith(scope[2]!)) incomplete('The date of the Credential is not the date of the request.')
  return { accessKeyId: scope[1]!, date: scope[2]!, region: scope[3]!, service: scope[4]!, timestamp, signedAt }
}

let lastMoment: { text: string; value: number } = { text: '', value: Number.NaN }

/** Requests of one second have one text, so the last one is remembered. */
function parseMoment(text: string): number | undefined {
  if (text === lastMoment.text) return lastMoment.value
  const parts = timestampPattern.exec(text)
  if (!parts) return undefined
  const moment = Date.parse(`${parts[1]}-${parts[2]}-${parts[3]}T${parts[4]}:${parts[5]}:${parts[6]}Z`)
  if (Number.isNaN(moment)) return undefined
  lastMoment = { text, value: moment }
  return moment
}

/** The names that a signature covers: as listed, taken apart, and how many of them no request may leave unsigned. */
export interface SignedHeaders {
  readonly text: string
  readonly names: readonly string[]
  readonly mandatory: number
}

const signedHeadersCacheMax = 256
const signedHeadersCache = new Map<string, SignedHeaders>()

/** The list taken apart. Each kind of client always sends the same one, so some are kept. */
function parseSignedHeaders(text: string): SignedHeaders {
  const known = signedHeadersCache.get(text)
  if (known) return known
  const names = text.split(';', signedHeadersMax + 1)
  if (names.length > signedHeadersMax) incomplete(`More than ${signedHeadersMax} headers are signed.`)
  let previous = ''
  for (const name of names) {
    if (name <= previous) incomplete('The SignedHeaders must be lower-case names, sorted, each once.')
    previous = name
  }
  if (!names.includes('host')) incomplete('The header `host` must be signed.')
  const parsed = { text, names, mandatory: names.filter(isMandatory).length }
  if (signedHeadersCache.size >= signedHeadersCacheMax) signedHeadersCache.clear()
  signedHeadersCache.set(text, parsed)
  return parsed
}

/** A part of the request that is not signed could be changed on its way: `host` and every `x-amz-*` header must be listed. */
function readSignedHeaders(text: string, headers: ReadonlyMap<string, string>): SignedHeaders {
  const signed = parseSignedHeaders(text)
  for (const name of signed.names) {
    if (!headers.has(name)) incomplete(`The signed header \`${name.slice(0, 100)}\` is not in the request.`)
  }
  let mandatory = 0
  for (const name of headers.keys()) if (isMandatory(name)) mandatory++
  // All signed headers are in the request: so as many mandatory ones in both means the same ones.
  if (mandatory !== signed.mandatory) {
    const missing = [...headers.keys()].filter((name) => isMandatory(name) && !signed.names.includes(name))
    incomplete(`These headers must be signed: \`${missing.join('`, `').slice(0, 200)}\`.`)
  }
  return signed
}

function isMandatory(name: string): boolean {
  return name === 'host' || name.startsWith('x-amz-')
}

function readSignature(signature: string): string {
  let digits = 0
  for (let at = 0; at < signature.length; at++) {
    const code = signature.charCodeAt(at)
    if ((code >= 48 && code <= 57) || (code >= 97 && code <= 102)) digits++
  }
  const isWhole = digits === 64 && signature.length === 64
  return isWhole ? signature : incomplete('The Signature must be 64 lower-case hexadecimal digits.')
}

function readHeaders(raw: readonly string[]): ReadonlyMap<string, string> {
  const headers = new Map<string, string>()
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at]!.toLowerCase()
    const value = canonicalValue(raw[at + 1]!)
    const before = headers.get(name)
    if (before === undefined) headers.set(name, value)
    else if (singleHeaders.has(name) || name.startsWith('x-amz-')) {
      incomplete(`The header \`${name.slice(0, 100)}\` appears more than once in the request.`)
    } else headers.set(name, `${before},${value}`)
  }
  return headers
}

function canonicalValue(value: string): string {
  const first = value.charCodeAt(0)
  const last = value.charCodeAt(value.length - 1)
  const plain = first > 32 && last > 32 && !value.includes('  ') && !value.includes('\n')
  return plain ? value : value.trim().replace(/\s+/g, ' ')
}

const noParameters: ReadonlyMap<string, string> = new Map()

function checkUrl(path: string, query: string): void {
  if (path !== '/') refuse({ code: 'MalformedRequest', problem: worded('The path must be `/`.') })
  // Some readers take a plus sign for a space, others for itself.
  if (!/^[!-*,-~]*$/.test(query)) {
    const problem = 'The query has characters that must be percent-encoded: a space is `%20`, a plus sign `%2B`.'
    refuse({ code: 'MalformedRequest', problem: worded(problem) })
  }
}

/** Decoded names and values. Nothing of a query may be ambiguous: duplicates and bad percent-encoding are refused. */
function readQuery(query: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>()
  for (const piece of query.split('&', queryParametersMax + 1)) {
    if (parameters.size === queryParametersMax) {
      refuse({ code: 'RequestTooLarge', limit: queryParametersMax, unit: 'parameters' })
    }
    if (piece === '') continue
    const equals = piece.indexOf('=')
    const name = decode(equals < 0 ? piece : piece.slice(0, equals))
    if (parameters.has(name)) refuse({ code: 'DuplicateParameter', field: name })
    parameters.set(name, equals < 0 ? '' : decode(piece.slice(equals + 1)))
  }
  return parameters
}

function decode(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    // The only thing decodeURIComponent throws is a URIError, and its text says nothing that helps the caller.
    return refuse({ code: 'MalformedRequest', problem: worded('The query is not percent-encoded UTF-8.') })
  }
}

function incomplete(problem: string): never {
  refuse({ code: 'IncompleteSignature', problem: worded(problem) })
}

/**
 * Checks what a request claims before its body is there: date, scope, and whether the body is signed at all. Knows nothing of
 * keys. `verifySignature` checks all of it again, since time goes on while a body arrives.
 */
export function checkClaims(authorization: Authorization, rules: Rules): void {
  checkDate(authorization, rules)
  checkScope(authorization, rules)
  const claimed = authorization.headers.get('x-amz-content-sha256')
  if (claimed !== undefined && !/^[0-9a-f]{64}$/.test(claimed)) refuseBodyHash(claimed)
}

/**
 * Checks date, scope, body hash, signature, session token and expiry, and makes the principal.
 * Without a key it does the same work with a secret nobody has, so that time does not tell which keys exist.
 */
export function verifySignature(
  authorization: Authorization,
  request: SignedRequest,
  key: AccessKey | undefined,
  rules: Rules,
  dialect: Dialect = endpointDialect,
): Verified {
  checkDate(authorization, rules)
  checkScope(authorization, rules)
  const bodyHash = request.body.length === 0 ? emptyBodyHash : hash('sha256', request.body)
  checkBodyHash(authorization.headers.get('x-amz-content-sha256'), bodyHash)

  const canonical = canonicalRequest(request.method, authorization, bodyHash, dialect)
  const expected = signatureOf(key ?? nobody, authorization, canonical)
  const isSigned = sameHex(expected, authorization.signature)
  const isToken = sameText(key?.sessionToken ?? '', authorization.sessionToken ?? '')
  if (!key) return refuse({ code: 'UnknownAccessKey' })
  if (!isSigned || !isToken || key.id !== authorization.accessKeyId) return refuse({ code: 'WrongSignature' })
  if (key.expiresAt !== undefined && rules.now >= key.expiresAt) {
    return refuse({ code: 'RequestExpired', problem: worded('The temporary access key has expired.') })
  }
  return { principal: key.principal, bodyHash }
}

/** Stands in for a key that does not exist. Nobody can sign with it: `verifySignature` refuses before it looks at the result. */
const nobody = { id: '', secret: '0'.repeat(40) }

function checkDate({ signedAt, presigned, expiresSeconds }: Authorization, { now, maxSkewSeconds }: Rules): void {
  const ageSeconds = (now - signedAt) / 1000
  const oldest = presigned ? expiresSeconds : maxSkewSeconds
  if (ageSeconds > oldest) {
    const problem = `The request was signed ${Math.floor(ageSeconds)} seconds ago; it was good for ${oldest} seconds.`
    refuse({ code: 'RequestExpired', problem: worded(problem) })
  }
  if (ageSeconds < -maxSkewSeconds) {
    const problem = `The request was signed ${Math.floor(-ageSeconds)} seconds ahead of this server's clock; ${maxSkewSeconds} are allowed.`
    refuse({ code: 'RequestExpired', problem: worded(problem) })
  }
}

function checkScope({ service, region }: Authorization, { services, regions }: Rules): void {
  if (!services.has(service)) {
    incomplete(unservedText(service, services))
  }
  if (service === 'ec2' && regions !== undefined && !regions.has(region)) {
    incomplete(`The Credential is scoped to the Region \`${region}\`, which does not exist here.`)
  }
}

function checkBodyHash(claimed: string | undefined, actual: string): void {
  if (claimed !== undefined && claimed !== actual) refuseBodyHash(claimed)
}

function refuseBodyHash(claimed: string): never {
  const unsigned = claimed === 'UNSIGNED-PAYLOAD' || claimed.startsWith('STREAMING-')
  incomplete(
    unsigned
      ? 'The body must be signed: `UNSIGNED-PAYLOAD` and streaming signatures are not accepted.'
      : 'The header `X-Amz-Content-Sha256` is not the SHA-256 of the body.',
  )
}

/** The text whose hash is signed, made from the bytes received and nothing else. */
export function canonicalRequest(
  method: string,
  {
    path,
    query,
    headers,
    signedHeaders,
    presigned,
  }: Pick<Authorization, 'path' | 'query' | 'headers' | 'signedHeaders' | 'presigned'>,
  bodyHash: string,
  dialect: Dialect = endpointDialect,
): string {
  let text = `${method}\n${canonicalPath(path, dialect.normalizePath)}\n${query === '' ? '' : canonicalQuery(query, presigned)}\n`
  for (const name of signedHeaders.names) text += `${name}:${headers.get(name)}\n`
  return `${text}\n${signedHeaders.text}\n${bodyHash}`
}

function canonicalPath(path: string, normalize: boolean): string {
  if (path === '/') return path
  let segments = path.split('/').slice(1)
  if (normalize) {
    const kept: string[] = []
    for (const segment of segments) {
      if (segment === '..') kept.pop()
      else if (segment !== '' && segment !== '.') kept.push(segment)
    }
    const last = segments.at(-1)
    if (kept.length > 0 && (last === '' || last === '.' || last === '..')) kept.push('')
    segments = kept
  }
  return `/${segments.map(encode).join('/')}`
}

/** Pairs decoded, encoded again in one way, and sorted; the signature itself is not a part of what it signs. */
function canonicalQuery(query: string, presigned: boolean): string {
  const pairs: string[] = []
  for (const [name, value] of readQuery(query)) {
    // U+0001 sorts before every character of a name, as the shorter of two names must stand first.
    if (!(presigned && name === 'X-Amz-Signature')) pairs.push(`${encode(name)}\u0001${encode(value)}`)
  }
  return pairs.sort().join('&').replaceAll('\u0001', '=')
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function signatureOf(
  key: Pick<AccessKey, 'id' | 'secret'>,
  { date, region, service, timestamp }: Pick<Authorization, 'date' | 'region' | 'service' | 'timestamp'>,
  canonical: string,
): string {
  const scope = `${date}/${region}/${service}`
  return signingKey(key, date, region, service, scope).sign(
    `${algorithm}\n${timestamp}\n${scope}/aws4_request\n${hash('sha256', canonical)}`,
  )
}

const signingKeysMax = 4_096
const signingKeys = new Map<string, { secret: string; key: HmacKey }>()

/** Deriving takes four HMACs, and a client signs with the same key all day: so they are kept, up to a bound. */
function signingKey(
  { id, secret }: Pick<AccessKey, 'id' | 'secret'>,
  date: string,
  region: string,
  service: string,
  scope: string,
): HmacKey {
  const name = `${id}/${scope}`
  const known = signingKeys.get(name)
  if (known !== undefined && known.secret === secret) return known.key
  let derived: Buffer = Buffer.from(`AWS4${secret}`)
  for (const part of [date, region, service, 'aws4_request'])
    derived = createHmac('sha256', derived).update(part).digest()
  if (signingKeys.size >= signingKeysMax) signingKeys.clear()
  const key = new HmacKey(derived)
  signingKeys.set(name, { secret, key })
  return key
}

const hmacBlockBytes = 64
const scratch = Buffer.alloc(hmacBlockBytes + 1_024)
const outerScratch = Buffer.alloc(hmacBlockBytes + 32)

/**
 * HMAC-SHA256 (RFC 2104) over the one-shot hash, with the padded key kept: under half the time of an Hmac object,
 * which sets up two hash states for every signature. The test compares it with node:crypto's own.
 */
class HmacKey {
  readonly #inner = Buffer.alloc(hmacBlockBytes, 0x36)
  readonly #outer = Buffer.alloc(hmacBlockBytes, 0x5c)

  constructor(key: Buffer) {
    for (const [at, byte] of key.entries()) {
      this.#inner[at]! ^= byte
      this.#outer[at]! ^= byte
    }
  }

  /** `text` is ASCII and short: an algorithm, a moment, a scope and a hash. */
  sign(text: string): string {
    this.#inner.copy(scratch)
    const length = scratch.write(text, hmacBlockBytes, 'latin1')
    this.#outer.copy(outerScratch)
    outerScratch.write(hash('sha256', scratch.subarray(0, hmacBlockBytes + length), 'latin1'), hmacBlockBytes, 'latin1')
    return hash('sha256', outerScratch)
  }
}

const expectedBytes = Buffer.alloc(64)
const givenBytes = Buffer.alloc(64)

/** Both are 64 hexadecimal digits. Takes the same time wherever they differ. */
function sameHex(expected: string, given: string): boolean {
  expectedBytes.write(expected, 'latin1')
  givenBytes.write(given, 'latin1')
  return timingSafeEqual(expectedBytes, givenBytes)
}

function sameText(expected: string, given: string): boolean {
  if (expected === '' && given === '') return true
  return sameHex(hash('sha256', expected), hash('sha256', given))
}

/** What `sign` needs to know. The request's own headers are signed, and those that signing adds. */
export interface Signing {
  readonly key: Pick<AccessKey, 'id' | 'secret' | 'sessionToken'>
  readonly region: string
  readonly service: string
  /** Milliseconds since 1970. */
  readonly now: number
}

/** The request's headers with a signature: for clients of our own, such as tests and the benchmark. `host` must be there. */
export function sign(request: SignedRequest, { key, region, service, now }: Signing): string[] {
  const timestamp = `${new Date(now).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`
  const date = timestamp.slice(0, 8)
  const rawHeaders = [...request.rawHeaders, 'X-Amz-Date', timestamp]
  if (key.sessionToken !== undefined) rawHeaders.push('X-Amz-Security-Token', key.sessionToken)
  const headers = readHeaders(rawHeaders)
  const signedHeaders = parseSignedHeaders([...headers.keys()].sort().join(';'))
  const mark = request.url.indexOf('?')
  const path = mark < 0 ? request.url : request.url.slice(0, mark)
  const query = mark < 0 ? '' : request.url.slice(mark + 1)
  const parts = { path, query, headers, signedHeaders, presigned: false }
  const canonical = canonicalRequest(request.method, parts, hash('sha256', request.body))
  const signature = signatureOf(key, { date, region, service, timestamp }, canonical)
  const credential = `${key.id}/${date}/${region}/${service}/aws4_request`
  rawHeaders.push(
    'Authorization',
    `${algorithm} Credential=${credential}, SignedHeaders=${signedHeaders.text}, Signature=${signature}`,
  )
  return rawHeaders
}
