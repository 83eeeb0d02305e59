// Sessions of browsers as HTTP has them: the cookies, and whether it is our own page that asks. Another site can make a browser send a
// cookie; it can neither read what came back nor set a header (threat model I8).
import { hash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { parseAddress } from '#model/cidr.ts'
import { worded, wordedFeature } from '#model/problems/worded.ts'
import { refuse } from '#model/refusal.ts'
import { sessionSeconds } from '#operations/identity/tokens.ts'

/** The header that only our own page can send: it has its value from a cookie that it can read. */
export const pageHeader = 'x-cadastre-page'
/** As long as a sign-in may take. */
const beginningSeconds = 600
/** What we have given out is shorter. */
const cookieValue = /^[\w-]{1,512}$/
const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD'])

/** What our page says of a request that it makes by itself, with nobody at it: that uses no session. */
export const unattendedHeader = 'x-cadastre-unattended'
const streamType = 'text/event-stream'

/** What a request says of who asks: its `Authorization` header, or the session in its cookie, and whether somebody uses it with that. */
export type Credential = string | { readonly session: string; readonly isUse: boolean }

/** By which names cookies go, and whether they need TLS. */
interface Way {
  readonly prefix: '__Host-' | ''
}
export type FindWay = (request: Pick<IncomingMessage, 'headers'>) => Way | undefined

/**
 * Over TLS cookies have names that no other host and no page without TLS can set (RFC 6265bis, section 4.1.3.2). Without it they are for
 * a browser and a server on one machine.
 * @param isTls whether browsers reach the server over TLS, its own or that of a proxy in front
 */
export function createFindWay(isTls: boolean): FindWay {
  return ({ headers }) => {
    if (isTls) return { prefix: '__Host-' }
    return isLoopback(headers.host) ? { prefix: '' } : undefined
  }
}
function isLoopback(host: string | undefined): boolean {
  const name = hostNameIn(host)
  if (name === undefined) return false
  if (name === 'localhost' || name === '[::1]') return true
  const address = parseAddress(name)
  return address?.family === 4 && address.first >> 24n === 127n
}
function hostNameIn(host: string | undefined): string | undefined {
  return host === undefined ? undefined : URL.parse(`http://${host}`)?.hostname
}

const nameOf = ({ prefix }: Way, of: 'session' | 'page' | 'sign-in'): string => `${prefix}cadastre-${of}`
function cookie(way: Way, name: string, value: string, more: readonly string[]): string {
  return [`${name}=${value}`, 'Path=/', ...(way.prefix === '' ? [] : ['Secure']), ...more].join('; ')
}

/** What our page sends back in a header: it follows from the session, so that nobody else can set one that fits. */
const pageTokenOf = (session: string): string => hash('sha256', `page ${session}`, 'base64url')

/** Of a secret, base64url: whoever has the secret has begun what this is a part of (RFC 7636, section 4.2). */
export const challengeOf = (secret: string): string => hash('sha256', secret, 'base64url')

/** As `Set-Cookie`: the session, which no script reads, and what our page has to send with each change. */
export function sessionCookies(way: Way, session: string): string[] {
  const age = `Max-Age=${sessionSeconds}`
  return [
    cookie(way, nameOf(way, 'session'), session, ['HttpOnly', 'SameSite=Strict', age]),
    cookie(way, nameOf(way, 'page'), pageTokenOf(session), ['SameSite=Strict', age]),
  ]
}
export const endedCookies = (way: Way): string[] => [
  cookie(way, nameOf(way, 'session'), '', ['HttpOnly', 'SameSite=Strict', 'Max-Age=0']),
  cookie(way, nameOf(way, 'page'), '', ['SameSite=Strict', 'Max-Age=0']),
]
/** Comes back with the provider's answer, which another site sends the browser to. */
export const beginningCookie = (way: Way, secret: string): string =>
  cookie(way, nameOf(way, 'sign-in'), secret, ['HttpOnly', 'SameSite=Lax', `Max-Age=${beginningSeconds}`])
export const endedBeginning = (way: Way): string =>
  cookie(way, nameOf(way, 'sign-in'), '', ['HttpOnly', 'SameSite=Lax', 'Max-Age=0'])
export const beginningIn = (way: Way, request: Pick<IncomingMessage, 'headers'>): string | undefined =>
  cookieIn(request, nameOf(way, 'sign-in'))

/** RFC 6265, section 4.2: what JavaScript cuts off beside these is a part of a name, and no browser guards such names by `__Host-`. */
const trimmed = (text: string): string => text.replace(/^[ \t]+/, '').replace(/(?<![ \t])[ \t]+$/, '')

/** The one cookie of this name; undefined where there is none, several, or one that we have not given out. */
function cookieIn({ headers }: Pick<IncomingMessage, 'headers'>, name: string): string | undefined {
  const found = (headers.cookie ?? '').split(';').flatMap((part) => {
    const at = part.indexOf('=')
    return at > 0 && trimmed(part.slice(0, at)) === name ? [trimmed(part.slice(at + 1))] : []
  })
  return found.length === 1 && cookieValue.test(found[0]!) ? found[0] : undefined
}

type Asking = Pick<IncomingMessage, 'headers' | 'method'>

/**
 * By what a request says who asks. A cookie counts where no header does, and only for our own page: what another site makes a browser ask
 * is refused before anything is looked up.
 */
export function createCredentials(findWay: FindWay): (request: Asking) => Credential | undefined {
  return (request) => {
    const { authorization } = request.headers
    if (authorization !== undefined) return authorization
    // Almost nobody who is no browser has any.
    if (request.headers.cookie === undefined) return undefined
    const way = findWay(request)
    const session = way && cookieIn(request, nameOf(way, 'session'))
    if (session === undefined) return undefined
    refuseOtherSites(request)
    if (!safeMethods.has(request.method ?? '')) refuseOtherPages(request, session)
    return { session, isUse: isUse(request.headers) }
  }
}

/** A page that listens, or looks again by itself, is no sign that anybody is there. */
const isUse = ({ accept, [unattendedHeader]: unattended }: IncomingMessage['headers']): boolean =>
  unattended === undefined && !accept?.toLowerCase().includes(streamType)

/** By what the browser says, which no page can change (W3C Fetch Metadata; RFC 6454, section 7). */
export function refuseOtherSites({ headers, method }: Asking): void {
  const site = headers['sec-fetch-site']
  // A person who types the address, or follows a bookmark, asks to read.
  const isOwn = site === undefined || site === 'same-origin' || (site === 'none' && safeMethods.has(method ?? ''))
  if (!isOwn) refuseSite('it comes from another site')
  const { origin } = headers
  if (origin === undefined) return
  const asked = URL.parse(origin)
  if (asked === null || asked.host !== URL.parse(`${asked.protocol}//${headers.host}`)?.host) {
    refuseSite('its `Origin` is another site')
  }
}
function refuseOtherPages({ headers }: Asking, session: string): void {
  const given = Buffer.from(String(headers[pageHeader] ?? ''))
  const expected = Buffer.from(pageTokenOf(session))
  if (given.length === expected.length && timingSafeEqual(given, expected)) return
  refuseSite(`a change with a session needs the header \`${pageHeader}\`, which our own page sends`)
}
const refuseSite = (problem: string): never => refuse({ code: 'CrossSiteRequest', problem: worded(problem) })

/** The way of a request that begins a session; refused where a cookie could be read on the way. */
export function requireWay(findWay: FindWay, request: Pick<IncomingMessage, 'headers'>): Way {
  return (
    findWay(request) ??
    refuse({
      code: 'NotSupported',
      what: wordedFeature('sessions of browsers without TLS'),
      because: worded(
        'a browser is signed in over TLS (set CADASTRE_PUBLIC_URL to the https address), or on the same machine',
      ),
    })
  )
}
