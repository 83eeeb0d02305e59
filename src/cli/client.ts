// The native API as the command line asks it: one request and its answer, the pages of a list, the events of one that grows.
import type { NativeRequest } from './arguments.ts'
import { Stopped } from './exit-codes.ts'

const answerMs = 120_000
/** As long as the server reads a body. */
const bodyMs = 900_000
const pagesMax = 1_000_000
/** Of one event; the server sends none that is larger. */
const eventLengthMax = 16_777_216

export interface Problem {
  readonly status: number
  readonly code: string
  readonly title: string
  readonly detail: string
  readonly instance?: string
  readonly [fact: string]: unknown
}

/** The server said no. */
export class Refused extends Error {
  readonly problem: Problem
  /** Of the server. */
  readonly url: string
  constructor(problem: Problem, url: string) {
    super(problem.detail)
    this.name = 'Refused'
    this.problem = problem
    this.url = url
  }
}

export interface Answer {
  readonly headers: Headers
  /** As it came; empty where there is nothing to say. */
  readonly text: string
}

export interface Destination {
  readonly url: string
  /** Undefined where one is only about to sign in. */
  readonly token: string | undefined
}

export async function send(
  to: Destination,
  request: NativeRequest,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const signal = AbortSignal.timeout(answerMs)
  const response = await ask(to, request, { headers, signal })
  const text = await readText(response, to)
  if (!isProblem(response) && (response.ok || response.status === 302)) return { headers: response.headers, text }
  throw refusalIn(response, text, to)
}

/** Sends a body that is read as it goes, of any size. Answers what comes back, as text. */
export async function sendFile(
  to: Destination,
  path: string,
  { contentType, body }: { readonly contentType: string; readonly body: AsyncIterable<Uint8Array> },
): Promise<string> {
  let response: Response
  try {
    response = await fetch(`${to.url}/api/v1${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${to.token}`, 'content-type': contentType },
      body: body as never,
      // What has been sent by then cannot be sent again to somewhere else.
      redirect: 'manual',
      duplex: 'half',
      signal: AbortSignal.timeout(bodyMs),
    } as RequestInit)
  } catch (error) {
    throw noWayTo(to.url, error)
  }
  const text = await readText(response, to)
  if (response.ok) return text
  throw refusalIn(response, text, to)
}

async function ask(
  { url, token }: Destination,
  { method, path, query, body }: NativeRequest,
  { headers, signal }: { readonly headers: Readonly<Record<string, string>>; readonly signal: AbortSignal },
): Promise<Response> {
  const search = new URLSearchParams(query).toString()
  try {
    return await fetch(`${url}/api/v1${path}${search && `?${search}`}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body ? { 'content-type': 'application/json' } : {}),
        ...headers,
      },
      body: body ? JSON.stringify(body) : undefined,
      // A token goes where it was meant to go.
      redirect: 'manual',
      signal,
    })
  } catch (error) {
    throw noWayTo(url, error)
  }
}

async function readText(response: Response, { url }: Destination): Promise<string> {
  try {
    return await response.text()
  } catch (error) {
    throw noWayTo(url, error)
  }
}

function noWayTo(url: string, error: unknown): Stopped {
  const { name, message, cause } = error as Error & { cause?: { message?: string; code?: string } }
  const why =
    name === 'TimeoutError' ? `no answer in ${answerMs / 1_000} seconds` : cause?.message || cause?.code || message
  return new Stopped('tryLater', `${url} cannot be reached: ${why}.`, [
    'Is the URL right, and does the server run? `--url`, CADASTRE_URL or the profile say where it is.',
  ])
}

const typeOf = (response: Response): string => response.headers.get('content-type') ?? ''
const isProblem = (response: Response): boolean => typeOf(response).startsWith('application/problem+json')

function refusalIn(response: Response, text: string, { url }: Destination): Error {
  const isOurs = isProblem(response)
  if (isOurs) return new Refused(JSON.parse(text) as Problem, url)
  return new Stopped(
    response.status >= 500 ? 'tryLater' : 'failed',
    `${url} answered ${response.status}${typeOf(response) === '' ? '' : ` with ${typeOf(response)}`}, which is no answer of the native API.`,
    ['Is that the URL of a Cadastre server?'],
  )
}

/** A list in a format of others, as the server writes it. */
export async function* exportOf(to: Destination, request: NativeRequest): AsyncGenerator<string> {
  // It may take long, and ends with its connection.
  const asked = new AbortController()
  const response = await ask(to, request, { headers: {}, signal: asked.signal })
  if (!response.ok) throw refusalIn(response, await readText(response, to), to)
  try {
    for await (const text of response.body!.pipeThrough(new TextDecoderStream())) yield text
  } catch (error) {
    throw noWayTo(to.url, error)
  } finally {
    asked.abort()
  }
}

// Lists --------------------------------------------------------------------------------------------------------------

export interface Page {
  readonly items: readonly Readonly<Record<string, unknown>>[]
  readonly nextCursor?: string
}

const pageSize = '1000'

/** Every page to the end. A list that grows has a cursor on its last page too, which leads nowhere yet. */
export async function* pagesOf(to: Destination, request: NativeRequest): AsyncGenerator<Page> {
  let cursor = request.query.cursor
  for (let pages = 0; pages < pagesMax; pages++) {
    const query = { limit: pageSize, ...request.query, ...(cursor === undefined ? {} : { cursor }) }
    const page = JSON.parse((await send(to, { ...request, query })).text) as Page
    yield page
    if (page.nextCursor === undefined || page.nextCursor === cursor) return
    cursor = page.nextCursor
  }
  throw new Stopped('failed', `There are more than ${pagesMax} pages.`, ['Narrow the list down.'])
}

const partsMax = 100_000

/**
 * Part after part of what is done in parts, each a request of its own. Each has a name of its own too, so that a repeat of all of them
 * has no second effect.
 */
export async function* partsOf(
  to: Destination,
  request: NativeRequest,
  idempotencyKey: string | undefined,
): AsyncGenerator<Page> {
  let after = (request.body as { readonly after?: string } | undefined)?.after
  for (let parts = 0; parts < partsMax; parts++) {
    const headers: Record<string, string> = {}
    if (idempotencyKey !== undefined) headers['idempotency-key'] = `${idempotencyKey}-${parts}`
    const body = { ...(request.body as object), ...(after === undefined ? {} : { after }) }
    const part = JSON.parse((await send(to, { ...request, body }, headers)).text) as Page & { readonly next?: string }
    const { next, ...page } = part
    yield page
    if (next === undefined || next === after) return
    after = next
  }
  throw new Stopped('failed', `There are more than ${partsMax} parts.`, ['Narrow down what is to be done.'])
}

/** What comes, as it comes (WHATWG HTML, section 9.2), until the server hangs up. */
export async function* follow(to: Destination, request: NativeRequest): AsyncGenerator<{ id: string; data: string }> {
  const asked = new AbortController()
  const response = await ask(to, request, { headers: { accept: 'text/event-stream' }, signal: asked.signal })
  if (!response.ok || !typeOf(response).startsWith('text/event-stream')) {
    throw refusalIn(response, await readText(response, to), to)
  }
  try {
    let rest = ''
    for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
      const events = `${rest}${text}`.split('\n\n')
      rest = events.pop()!
      if (rest.length > eventLengthMax) throw new Stopped('failed', `${to.url} sent an event without end.`)
      for (const event of events) {
        const data = fieldOf(event, 'data')
        if (data !== '') yield { id: fieldOf(event, 'id'), data }
      }
    }
  } catch (error) {
    if (error instanceof Stopped) throw error
    throw noWayTo(to.url, error)
  } finally {
    asked.abort()
  }
}

const fieldOf = (event: string, name: string): string =>
  event
    .split('\n')
    .filter((line) => line.startsWith(`${name}:`))
    .map((line) => line.slice(name.length + 1).replace(/^ /, ''))
    .join('\n')
