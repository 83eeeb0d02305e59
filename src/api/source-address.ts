// Where a request comes from: for the record, and for limits per address. Only proxies that the operator names are believed.
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { type Cidr, contains, formatAddress, parseAddress } from '#model/cidr.ts'

export type SourceAddress = (request: IncomingMessage) => string

/**
 * The address that stands nearest in `X-Forwarded-For` (every proxy appends whom it was asked by) and is no trusted proxy's:
 * what stands to the left of it, anybody may have written. Without trusted proxies the header is not read at all.
 */
export function createSourceAddress(trusted: readonly Cidr[]): SourceAddress {
  if (trusted.length === 0) return remoteOf
  const isTrusted = (text: string): boolean => isIn(trusted, text)
  return (request) => {
    let address = remoteOf(request)
    const header = request.headers['x-forwarded-for'] ?? ''
    let rest = Array.isArray(header) ? header.join(',') : header
    while (rest !== '' && isTrusted(address)) {
      const at = rest.lastIndexOf(',')
      const hop = parseHop(rest.slice(at + 1).trim())
      // A proxy that does not say by whom it was asked is the last one that is known.
      if (hop === undefined) return address
      address = hop
      rest = rest.slice(0, Math.max(at, 0))
    }
    return address
  }
}

/** Whether an address lies in one of these blocks; what is no address lies in none. */
export function isIn(blocks: readonly Cidr[], text: string): boolean {
  if (blocks.length === 0) return false
  const address = parseAddress(text)
  return address !== undefined && blocks.some((block) => contains(block, address))
}

const mappedPrefix = '::ffff:'
/** A socket that listens on `::` names IPv4 addresses as mapped ones. */
const remoteOf = ({ socket }: IncomingMessage): string => addressOfSocket(socket)
export function addressOfSocket({ remoteAddress: address = '' }: Pick<Socket, 'remoteAddress'>): string {
  return address.startsWith(mappedPrefix) && address.includes('.') ? address.slice(mappedPrefix.length) : address
}

/** `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:443`, in one spelling; undefined for anything else. */
function parseHop(text: string): string | undefined {
  const [, v6, v4] = /^(?:\[([^\]]{2,45})\](?::\d{1,5})?|([\d.]{7,15}):\d{1,5})$/.exec(text) ?? []
  const address = parseAddress(v6 ?? v4 ?? text)
  return address && formatAddress(address)
}

/** Who shares a limit: an IPv4 address, or the /64 of an IPv6 one, of which one machine has them all. */
export function clientOf(text: string): string {
  const address = parseAddress(text)
  if (address?.family !== 6) return text
  return `${formatAddress({ family: 6, first: (address.first >> 64n) << 64n, length: 64 })}/64`
}
