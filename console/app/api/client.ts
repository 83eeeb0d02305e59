// The one way from the console to the server: typed by the description of the API, with the session's cookie and no token.
import createClient, { type Middleware } from 'openapi-fetch'
import type { components, paths } from './types.generated.ts'

export type Schemas = components['schemas']
export interface Session {
  readonly principal: string
  readonly account: string
  readonly csrfToken: string
  readonly roles: readonly { readonly role: string; readonly node: string; readonly effect: string }[]
  readonly groups: readonly string[]
  readonly expiresAt: string
}

/** Where the server is: files of the console are in `PREFIX/console/assets`, whatever a proxy puts before it. */
const prefix = import.meta.env.DEV ? '' : new URL(import.meta.url).pathname.replace(/\/console\/assets\/[^/]*$/, '')
export const consolePath = `${prefix}/console`
export const apiPath = `${prefix}/api/v1`

/** What the server refused, in its own words, or that it could not be reached. */
export class Trouble extends Error {
  readonly code: string
  readonly status: number
  readonly instance: string | undefined
  constructor(problem: { code?: string; title?: string; detail?: string; status?: number; instance?: string }) {
    super(problem.detail ?? problem.title ?? 'The server answered with nothing that can be read.')
    this.code = problem.code ?? 'Unknown'
    this.status = problem.status ?? 0
    this.instance = problem.instance
  }
}
export const unreachable = 'Unreachable'

/** Told of what concerns the whole console and no page alone. */
export const watchers: { isAway: (isAway: boolean) => void; sessionEnded: () => void } = {
  isAway: () => {},
  sessionEnded: () => {},
}

/** Set from the answer of `GET /session`: only our own script can read it, so that no other site can change anything. */
let csrfToken = ''
const guarded: Middleware = {
  onRequest({ request }) {
    if (request.method !== 'GET') request.headers.set('x-cadastre-csrf', csrfToken)
    return request
  },
  onResponse({ response }) {
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
  if (response.ok) return data as T
  const trouble = new Trouble({ status: response.status, ...(typeof error === 'object' ? error : {}) })
  if (response.status === 401) watchers.sessionEnded()
  throw trouble
}

/** Sessions are the console's own: these three paths are not operations. */
async function ownFetch(path: string, init?: RequestInit): Promise<Response> {
  try {
    return await fetch(`${apiPath}${path}`, { credentials: 'same-origin', ...init })
  } catch {
    watchers.isAway(true)
    throw new Trouble({ code: unreachable, detail: 'The server cannot be reached.' })
  }
}
async function bodyOf(response: Response): Promise<Session> {
  const body = (await response.json().catch(() => ({}))) as Session
  if (!response.ok) throw new Trouble({ status: response.status, ...body })
  csrfToken = body.csrfToken
  return body
}
export const readSession = async (): Promise<Session> => bodyOf(await ownFetch('/session'))
export const openSession = async (link: string): Promise<Session> =>
  bodyOf(
    await ownFetch('/session', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ link }),
    }),
  )
export async function endSession(): Promise<void> {
  const response = await ownFetch('/session', { method: 'DELETE', headers: { 'x-cadastre-csrf': csrfToken } })
  if (!response.ok && response.status !== 401) throw new Trouble({ status: response.status })
}
export async function signInMethods(): Promise<{ readonly openIdConnect: boolean }> {
  const response = await ownFetch('/sign-in/methods')
  return response.ok ? ((await response.json()) as { openIdConnect: boolean }) : { openIdConnect: false }
}
export async function isAlive(): Promise<boolean> {
  try {
    return (await fetch(`${prefix}/livez`, { cache: 'no-store' })).ok
  } catch {
    return false
  }
}
