// Services of AWS beside EC2 that have addresses. They are asked a handful of questions, with requests that are signed here: the packages
// of their clients would be as much again as all that the collector loads.
import { createHash, createHmac } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { answerBytesMax, bytesOf } from './answers.ts'
import { AwsTrouble } from './aws-trouble.ts'
import { textOf } from './collector.ts'

/** What is asked of each, and nothing else: the rights of the collector are these. */
export const serviceCalls = {
  'eks:ListClusters': { path: '/clusters' },
  'eks:DescribeCluster': { path: '/clusters' },
  'lightsail:GetInstances': { target: 'Lightsail_20161128' },
  'lightsail:GetStaticIps': { target: 'Lightsail_20161128' },
  'globalaccelerator:ListAccelerators': { target: 'GlobalAccelerator_V20180706' },
} as const satisfies Readonly<Record<string, { readonly path: string } | { readonly target: string }>>
export type ServiceCall = keyof typeof serviceCalls
/** Answers JSON. Rejects with `AwsTrouble`. `name` is the object that is asked about, where the call is about one. */
export type AskService = (
  call: ServiceCall,
  input: { readonly name?: string; readonly page?: readonly [parameter: string, token: string] },
) => Promise<unknown>

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}
export interface ServiceEndpoint {
  readonly region: string
  /** Instead of that of AWS. */
  readonly endpoint: string | undefined
  readonly triesMax: number
  credentials(): Promise<Credentials>
  now(): number
}

const answerMs = 60_000
const firstPauseMs = 100
const pauseMsMax = 20_000
const throttled = /^(Throttl\w*|TooManyRequestsException|RequestLimitExceeded)$/
/** Of somebody who is no such service: where another endpoint stands for AWS, it need not have it. */
const absentCode = 'UnknownOperationException'

export const askServiceAt =
  (at: ServiceEndpoint): AskService =>
  async (call, input) => {
    for (let tries = 1; ; tries++) {
      const trouble = await askOnce(at, call, input).catch((error: unknown) => {
        if (error instanceof AwsTrouble && error.isPassing && tries < at.triesMax) return error
        throw error
      })
      if (!(trouble instanceof AwsTrouble)) return trouble
      await wait(Math.min(firstPauseMs * 2 ** tries, pauseMsMax) * (0.5 + Math.random() / 2))
    }
  }

async function askOnce(
  at: ServiceEndpoint,
  call: ServiceCall,
  { name, page }: Parameters<AskService>[1],
): Promise<unknown> {
  const [service = '', action = ''] = call.split(':')
  const how = serviceCalls[call]
  const host = `${service}.${at.region}.${at.region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'}`
  const url = new URL(at.endpoint ?? `https://${host}`)
  let body = ''
  const headers: Record<string, string> = { host: url.host }
  if ('path' in how) {
    url.pathname = name === undefined ? how.path : `${how.path}/${encodeURIComponent(name)}`
    if (page) url.search = `${page[0]}=${encodeURIComponent(page[1])}`
  } else {
    url.pathname = '/'
    body = JSON.stringify(page ? { [page[0]]: page[1] } : {})
    headers['content-type'] = 'application/x-amz-json-1.1'
    headers['x-amz-target'] = `${how.target}.${action}`
  }
  const method = 'path' in how ? 'GET' : 'POST'
  const signed = signedHeaders(
    { method, path: url.pathname, query: url.search.slice(1), headers, body },
    { ...(await at.credentials()), region: at.region, service, now: at.now() },
  )
  return answerOf(at, action, url, { method, headers: signed, ...(body === '' ? {} : { body }) })
}

async function answerOf(at: ServiceEndpoint, action: string, url: URL, request: RequestInit): Promise<unknown> {
  let response: Response
  let bytes: Buffer | undefined
  try {
    response = await fetch(url, { ...request, redirect: 'manual', signal: AbortSignal.timeout(answerMs) })
    bytes = await bytesOf(response)
  } catch (error) {
    const code = (error as { cause?: { code?: string } }).cause?.code ?? 'TimeoutError'
    // EC2 has just answered in this Region: a service without a name there is not there.
    if (code === 'ENOTFOUND' && at.endpoint === undefined)
      throw new AwsTrouble(absentCode, `${action}: there is no such service in ${at.region}`, false)
    throw new AwsTrouble(code, `${action}: there is no way to the endpoint (${code})`, true)
  }
  const { status, headers } = response
  if (bytes === undefined)
    throw new AwsTrouble('AnswerTooLong', `${action}: it answers more than ${answerBytesMax} bytes`, false)
  const answer = jsonOf(bytes.toString('utf8'))
  if (status === 200 && answer !== undefined) return answer
  const named = headers.get('x-amzn-errortype') ?? textOf(answer, '__type') ?? textOf(answer, 'code')
  const code = named === undefined ? undefined : named.split(':')[0]!.split('#').at(-1)
  // EC2 has just answered there, to the same credentials.
  const isUnknown = code === undefined ? status < 500 : /^IncompleteSignature/.test(code)
  if (isUnknown && at.endpoint !== undefined)
    throw new AwsTrouble(absentCode, `${action}: the endpoint does not know it`, false)
  const message = textOf(answer, 'message') ?? textOf(answer, 'Message')
  const because = code === undefined ? `HTTP ${status}, and what is no answer of AWS` : `${code}: ${message ?? status}`
  const isPassing = status === 429 || status >= 500 || (code !== undefined && throttled.test(code))
  throw new AwsTrouble(code ?? 'Error', `${action}: ${because}`, isPassing)
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // What is no JSON is no answer: who asked says so.
    return undefined
  }
}

// Signature Version 4 -------------------------------------------------------------------------------------------------

interface Unsigned {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}
const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')
const mac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()

/** All headers of the request, with its signature. Names and tokens of what is asked here need no encoding of their own in the path. */
export function signedHeaders(
  { method, path, query, headers, body }: Unsigned,
  {
    accessKeyId,
    secretAccessKey,
    sessionToken,
    region,
    service,
    now,
  }: Credentials & { readonly region: string; readonly service: string; readonly now: number },
): Record<string, string> {
  const at = new Date(now).toISOString().replaceAll(/[-:]|\.\d{3}/g, '')
  const all: Record<string, string> = {
    ...headers,
    'x-amz-date': at,
    ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
  }
  const names = Object.keys(all).sort()
  const canonical = [
    method,
    path,
    query,
    ...names.map((name) => `${name}:${all[name]}`),
    '',
    names.join(';'),
    hashOf(body),
  ].join('\n')
  const day = at.slice(0, 8)
  const scope = `${day}/${region}/${service}/aws4_request`
  const key = [day, region, service, 'aws4_request'].reduce<string | Buffer>(mac, `AWS4${secretAccessKey}`)
  const signature = mac(key, ['AWS4-HMAC-SHA256', at, scope, hashOf(canonical)].join('\n')).toString('hex')
  const { host: _, ...sent } = all
  return {
    ...sent,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  }
}
