// The one way from the console to the server: typed by the description of the API, with the session's cookie and no token.
import createClient, { type Middleware } from 'openapi-fetch'
import { conflictOf, etagFor, noteConflict, noteState } from './held.ts'
import type { components, paths } from './types.generated.ts'

export type Schemas = components['schemas']
/** Who is signed in: what `GET /me` says. */
export type Session = Schemas['WhoAmIResponse']

/** Where the server is: files of the console are in `PREFIX/console/assets`, whatever a proxy puts before it. */
const prefix = import.meta.env.DEV ? '' : new URL(import.meta.url).pathname.replace(/\/console\/assets\/[^/]*$/, '')
export const consolePath = `${prefix}/console`
export const apiPath = `${prefix}/api/v1`

/** What the server refused, in its own words, or that it could not be reached. */
export class Trouble extends Error {
  readonly code: string
  readonly status: number
  readonly instance: string | undefined
  /** What else the server says of it, by name: the errors page of the reference has them. */
  readonly facts: Readonly<Record<string, unknown>>
  /** Of what somebody wanted to change: which object, and as what they saw it. */
  readonly conflict: ReturnType<typeof conflictOf>
  constructor(problem: Problem, conflict?: ReturnType<typeof conflictOf>) {
    super(problem.detail ?? problem.title ?? 'The server answered with nothing that can be read.')
    this.code = problem.code ?? 'Unknown'
    this.status = problem.status ?? 0
    this.instance = problem.instance
    this.facts = problem
    this.conflict = conflict
  }
  /** Which member of the request is wrong, such as `size.min`. */
  get field(): string | undefined {
    return typeof this.facts.field === 'string' ? this.facts.field : undefined
  }
}
interface Problem extends Readonly<Record<string, unknown>> {
  readonly code?: string
  readonly title?: string
  readonly detail?: string
  readonly status?: number
  readonly instance?: string
}
export const unreachable = 'Unreachable'

/** Told of what concerns the whole console and no page alone. */
export const watchers: { isAway: (isAway: boolean) => void; sessionEnded: () => void } = {
  isAway: () => {},
  sessionEnded: () => {},
}

/**
 * What proves that our own page asks for a change: the server has set it as a cookie that our script can read and no other site, and
 * compares it with the session.
 */
const pageHeader = 'x-cadastre-page'
function pageToken(): string {
  for (const part of document.cookie.split('; ')) {
    const [name, value] = part.split('=', 2)
    if (name === '__Host-cadastre-page' || name === 'cadastre-page') return value ?? ''
  }
  return ''
}
/** What a page asks with nobody at it does not keep their session: the server is told so. */
const unattendedHeader = 'x-cadastre-unattended'
const attendedMs = 60_000
let attendedAt = Date.now()
for (const sign of ['pointerdown', 'keydown', 'wheel', 'touchmove', 'visibilitychange'])
  document.addEventListener(sign, () => (attendedAt = Date.now()), { capture: true, passive: true })

/** Of a request, below /api/v1. */
const pathIn = (url: string): string => new URL(url, location.origin).pathname.slice(apiPath.length)
const guarded: Middleware = {
  onRequest({ request }) {
    if (request.method !== 'GET') request.headers.set(pageHeader, pageToken())
    if (Date.now() - attendedAt > attendedMs) request.headers.set(unattendedHeader, '1')
    const etag = etagFor(request.method, pathIn(request.url))
    // Whoever says what they compare with knows better.
    const isSaid = request.headers.has('if-match') || request.headers.has('if-none-match')
    if (etag !== undefined && !isSaid) request.headers.set('if-match', etag)
    return request
  },
  onResponse({ request, response }) {
    if (response.status === 404 || response.status === 412) noteConflict(request.method, pathIn(request.url), response)
    watchers.isAway(response.status === 502 || response.status === 503 || response.status === 504)
  },
  onError() {
    watchers.isAway(true)
    return new Trouble({ code: unreachable, detail: 'The server cannot be reached.' })
  },
}
export const api = createClient<paths>({ baseUrl: apiPath, credentials: 'same-origin' })
api.use(guarded)

/** The answer, or its refusal thrown. */
export async function answer<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await call
  if (response.ok) {
    noteState(pathIn(response.url), response.headers.get('etag'), data)
    return data as T
  }
  const trouble = new Trouble(
    { status: response.status, ...(typeof error === 'object' ? error : {}) },
    conflictOf(response),
  )
  if (response.status === 401) watchers.sessionEnded()
  throw trouble
}

export const readSession = (): Promise<Session> => answer(api.GET('/me'))

/** Signing in has no session yet, and is no operation of the description. */
async function ownFetch(path: string, init?: RequestInit): Promise<Response> {
  try {
    return await fetch(`${apiPath}${path}`, { credentials: 'same-origin', ...init })
  } catch {
    watchers.isAway(true)
    throw new Trouble({ code: unreachable, detail: 'The server cannot be reached.' })
  }
}
async function sendCode(path: string, code: string): Promise<unknown> {
  const headers = { 'content-type': 'application/json' }
  const response = await ownFetch(path, { method: 'POST', headers, body: JSON.stringify({ code }) })
  const answered = (await response.json().catch(() => ({}))) as object
  if (response.ok) return answered
  throw new Trouble({ status: response.status, ...answered })
}
/** Whom the operator's link would sign in. */
export const personOfLink = async (code: string): Promise<string> =>
  ((await sendCode('/sign-in/link/person', code)) as { readonly principal: string }).principal
/** Redeems the link, which is good once. */
export const openSession = async (code: string): Promise<void> => void (await sendCode('/sign-in/link', code))
/** Who is signed in in this browser, as far as anybody is: where we have given out no cookie, nobody. */
export const findSession = async (): Promise<Session | undefined> =>
  pageToken() === '' ? undefined : readSession().catch(() => undefined)
/** Ends the session at the server, and not what was made in it. Cookies that no session goes with mean nothing. */
export async function endSession(tokenId: string): Promise<void> {
  await answer(api.DELETE('/tokens/{tokenId}', { params: { path: { tokenId }, query: { alone: 'true' } } }))
}
/** How somebody can sign in here: with an identity provider, and whether a cookie would be safe at all. */
export interface SignInWays {
  readonly provider: boolean
  readonly cookies: boolean
}
export async function signInWays(): Promise<SignInWays> {
  const response = await ownFetch('/sign-in/ways')
  return response.ok ? ((await response.json()) as SignInWays) : { provider: false, cookies: true }
}
/** An object as it is now, by its path. */
export async function readNow(path: string) {
  const response = await ownFetch(path)
  const state = (await response.json().catch(() => ({}))) as Readonly<Record<string, unknown>>
  if (!response.ok) throw new Trouble({ status: response.status, ...state })
  return { etag: response.headers.get('etag') ?? '', state }
}
export async function isAlive(): Promise<boolean> {
  try {
    return (await fetch(`${prefix}/livez`, { cache: 'no-store' })).ok
  } catch {
    return false
  }
}
