// One call out of this server: a POST to a URL that somebody else has named. The name is looked up once, inner addresses are refused, and
// the connection goes to that very address; nothing is followed, and neither a slow nor an endless answer is waited for.

import type { IncomingMessage, RequestOptions } from 'node:http'
import type { DeliveryOutcome, DeliveryProblem } from '#model/delivery.ts'
import { withoutBrackets } from '#model/host-name.ts'
import { type Address, type AddressRules, addressesOf } from './addresses.ts'

/** An `import` of them takes long; nothing is called when a server starts. */
const http = process.getBuiltinModule('node:http')
const https = process.getBuiltinModule('node:https')

/** From the look-up to the last byte of the answer. */
export const callSecondsMax = 10
/** Of an answer, which says nothing to us but its status. */
const answerBytesMax = 16_384
/** Of answers before the answer (status 1xx), which may come without end and are no part of it: one or two are usual. */
const earlyAnswersMax = 8

export interface CallRules extends AddressRules {
  readonly allowsHttp: boolean
  /** Whom to believe beside the authorities that are built in. */
  readonly ca?: string
  readonly secondsMax?: number
}
export interface Posted {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

type Failed = Exclude<DeliveryOutcome, { readonly isDelivered: true }>
const failed = (problem: DeliveryProblem, more: { isGone?: true; retryAfterMs?: number } = {}): Failed => ({
  isDelivered: false,
  problem,
  ...more,
})

export async function post(posted: Posted, rules: CallRules): Promise<DeliveryOutcome> {
  const answered = await exchange(posted, rules)
  return 'status' in answered ? outcomeOf(answered) : answered
}

/** The same for whom the answer says something: whatever its status is, and as much of it as is read. */
export async function exchange(posted: Posted, rules: CallRules): Promise<Answer | Failed> {
  const url = URL.parse(posted.url)
  if (!url || (url.protocol !== 'https:' && !(url.protocol === 'http:' && rules.allowsHttp)))
    return failed({ why: 'target-not-https' })
  const { secondsMax: seconds = callSecondsMax } = rules
  const signal = AbortSignal.timeout(seconds * 1_000)
  const slow = failed({ why: 'target-slow', seconds })
  const host = withoutBrackets(url.hostname)
  const found = await Promise.race([addressesOf(host, rules), gone(signal)])
  if (found === undefined) return slow
  if (!Array.isArray(found)) return failed(found as DeliveryProblem)
  let last: unknown
  for (const address of found as readonly Address[]) {
    try {
      return await send(url, address, posted, { signal, ca: rules.ca })
    } catch (error) {
      // The next address may answer where nothing was sent to this one.
      if (signal.aborted) return slow
      last = error
      if (!isNoConnection(error)) break
    }
  }
  return failed(callProblem(codeOf(last)))
}

const gone = (signal: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }))

interface Answer {
  readonly status: number
  readonly retryAfter: string | undefined
  readonly contentType: string
  /** As far as it was read. */
  readonly text: string
}
/** Sends it to one address, whatever the name leads to by now. */
function send(
  url: URL,
  { text: address, family }: Address,
  { headers, body }: Posted,
  { signal, ca }: { readonly signal: AbortSignal; readonly ca: string | undefined },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options: RequestOptions & { ca?: string; servername?: string } = {
      method: 'POST',
      headers: { ...headers, 'content-length': Buffer.byteLength(body), connection: 'close', 'user-agent': 'cadastre' },
      agent: false,
      signal,
      maxHeaderSize: answerBytesMax,
      // The one answer that there is: whoever connects is given the address that was looked at.
      lookup: (_host, { all }, done) =>
        all
          ? done(null, [{ address, family }])
          : (done as (e: null, a: string, f: number) => void)(null, address, family),
      ...(ca === undefined ? {} : { ca }),
    }
    let answer: Answer | undefined
    const request = (url.protocol === 'https:' ? https : http).request(url, options, (response) => {
      answer = {
        status: response.statusCode!,
        retryAfter: response.headers['retry-after'],
        contentType: response.headers['content-type'] ?? '',
        text: '',
      }
      readToEnd(response, (text) => resolve({ ...answer!, text }))
    })
    let early = 0
    request.on('information', () => {
      if (++early > earlyAnswersMax)
        request.destroy(Object.assign(new Error('no answer comes'), { code: 'HPE_NO_ANSWER' }))
    })
    // What is cut behind its status has been answered all the same.
    request.on('error', (error) => (answer ? resolve(answer) : reject(error)))
    request.end(body)
  })
}
/** The status is all that is asked for: what comes behind it is read up to a bound, and cut where it goes on or says nothing. */
function readToEnd(response: IncomingMessage, done: (text: string) => void): void {
  let bytes = 0
  const chunks: Buffer[] = []
  const end = (): void => {
    response.destroy()
    done(Buffer.concat(chunks).toString())
  }
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    chunks.push(chunk)
    if (bytes > answerBytesMax) end()
  })
  response.on('end', end)
  response.on('error', end)
  response.on('close', end)
}

function outcomeOf({ status, retryAfter }: Answer): DeliveryOutcome {
  if (status >= 200 && status < 300) return { isDelivered: true }
  if (status >= 300 && status < 400) return failed({ why: 'target-redirects', status })
  const seconds = /^\d{1,6}$/.test(retryAfter ?? '') ? Number(retryAfter) : 0
  return failed(
    { why: 'target-answered', status },
    { ...(status === 410 ? { isGone: true } : {}), ...(seconds > 0 ? { retryAfterMs: seconds * 1_000 } : {}) },
  )
}

/** Nothing was sent, so another address may be tried. */
export const isNoConnection = (error: unknown): boolean =>
  ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'EADDRNOTAVAIL'].includes(codeOf(error))
/** Why nothing came of a call that was begun. */
export function callProblem(code: string): DeliveryProblem {
  if (/CERT|^UNABLE_TO_|^ERR_TLS_/.test(code)) return { why: 'target-untrusted', code }
  return { why: code.startsWith('HPE_') ? 'target-unreadable' : 'target-unreachable', code }
}
/** Of the system or of TLS; nothing that the target has said. */
export function codeOf(error: unknown): string {
  const { code } = error as { readonly code?: unknown }
  return typeof code === 'string' && /^\w{1,64}$/.test(code) ? code : 'ERROR'
}
