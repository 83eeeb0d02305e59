// Where events may be delivered: which URLs and mail addresses may be named, and which addresses are never called.

import { type Cidr, contains, parseAddress, parseCidr } from './cidr.ts'
import { withoutBrackets } from './host-name.ts'
import type { Problem } from './problems/problem.ts'

/**
 * Special-purpose addresses (RFC 6890 and the registries of IANA): this machine, private networks, the link with the metadata services of
 * clouds, multicast, documentation, and what has an IPv4 address inside of it that would have to be looked at again.
 */
const innerV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
].map((text) => parseCidr(text)!)
/** Of IPv6 only global unicast is called, and of that not these: 6to4, Teredo and the like, documentation. */
const globalV6 = parseCidr('2000::/3')!
const innerV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'].map((text) => parseCidr(text)!)

/** Whether an address is none that is called, unless the operator allows it. IPv4 inside of IPv6 is looked at as IPv4. */
export function isInner(address: Cidr, allowed: readonly Cidr[] = []): boolean {
  if (allowed.some((block) => block.family === address.family && contains(block, address))) return false
  if (address.family === 4) return innerV4.some((block) => contains(block, address))
  return !contains(globalV6, address) || innerV6.some((block) => contains(block, address))
}

export const targetUrlCharactersMax = 2_048
export const recipientsPerTargetMax = 20

export interface TargetUrl {
  /** As it is called: normal, without a fragment. */
  readonly url: string
  /** What may be shown of it: a path or query may be as good as a password. */
  readonly shown: string
}
export function readTargetUrl(
  text: string,
  { allowsHttp, allowedBlocks }: { readonly allowsHttp: boolean; readonly allowedBlocks: readonly Cidr[] },
): TargetUrl | { readonly problem: Problem } {
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol) || url.hostname === '') return { problem: { why: 'url-expected' } }
  if (url.protocol === 'http:' && !allowsHttp) return { problem: { why: 'https-expected' } }
  if (url.username !== '' || url.password !== '') return { problem: { why: 'secrets-in-url' } }
  // A name is looked up each time it is called; an address can be looked at here.
  const address = addressOf(url)
  if (address && isInner(address, allowedBlocks)) return { problem: { why: 'inner-target' } }
  url.hash = ''
  const isWhole = url.pathname === '/' && url.search === ''
  return { url: url.href, shown: isWhole ? url.origin : `${url.origin}/…` }
}
/** Of syslog over TLS (RFC 5425). */
export const syslogPort = 6_514
export const syslogScheme = 'syslog+tls:'
export interface SyslogUrl {
  /** A name, or an address without brackets. */
  readonly host: string
  readonly port: number
}
/** `syslog+tls://HOST` or `syslog+tls://HOST:PORT`; undefined: it is none. */
export function parseSyslogUrl(text: string): SyslogUrl | undefined {
  if (!text.startsWith(`${syslogScheme}//`)) return undefined
  const rest = text.slice(syslogScheme.length)
  const named = URL.parse(`ftp:${rest}`)
  // Two schemes, since the port of its own is left out of each: read as such, the host is that which is called, however it is written.
  const port = named?.port || URL.parse(`ws:${rest}`)?.port || undefined
  if (!named || named.hostname === '' || named.username !== '' || named.password !== '') return undefined
  if (named.pathname !== '/' || named.search !== '' || named.hash !== '' || port === '0') return undefined
  return { host: withoutBrackets(named.hostname), port: port === undefined ? syslogPort : Number(port) }
}
export function readSyslogUrl(
  text: string,
  { allowedBlocks }: { readonly allowedBlocks: readonly Cidr[] },
): TargetUrl | { readonly problem: Problem } {
  const parsed = parseSyslogUrl(text)
  if (!parsed) return { problem: { why: 'syslog-url-expected' } }
  const { host, port } = parsed
  const address = parseAddress(host)
  if (address && isInner(address, allowedBlocks)) return { problem: { why: 'inner-target' } }
  const url = `${syslogScheme}//${host.includes(':') ? `[${host}]` : host}:${port}`
  return { url, shown: url }
}

/** The address that a URL has in place of a name. */
export const addressOf = ({ hostname }: { readonly hostname: string }): Cidr | undefined =>
  parseAddress(withoutBrackets(hostname))

/** Plain addresses alone: whatever else RFC 5322 has, people mean none of it, and some servers take `%` and `!` for ways to other domains. */
const mailPattern =
  /^[\w.#$&'*+/=?^`{|}~-]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/i
export function recipientProblem(text: string, domains: readonly string[]): Problem | undefined {
  if (text.length > 254 || !mailPattern.test(text)) return { why: 'mail-address-expected' }
  const domain = text.slice(text.lastIndexOf('@') + 1).toLowerCase()
  return domains.length === 0 || domains.includes(domain) ? undefined : { why: 'mail-domain', domains }
}
