// What the page of an address is about: an address, a CIDR, a range from one address to another, a network by its id, or an account.
import {
  bitsOf,
  type Cidr,
  contains,
  formatCidr,
  overlaps,
  parseAddress,
  parseCidr,
  supernet,
} from '../../../../src/model/cidr.ts'

export type Asked =
  | { readonly of: 'range'; readonly text: string; readonly from: Cidr; readonly to: Cidr; readonly around: string }
  | { readonly of: 'block'; readonly text: string }
  | { readonly of: 'resource'; readonly text: string }
  | { readonly of: 'account'; readonly text: string }

export function askedFor(params: URLSearchParams): Asked {
  const [resource, account] = [params.get('resource'), params.get('account')]
  if (resource) return { of: 'resource', text: resource }
  if (account) return { of: 'account', text: account }
  const text = (params.get('cidr') ?? '').trim()
  return rangeIn(text) ?? { of: 'block', text }
}
/** From one address to another, the same included. */
export function rangeIn(text: string): Extract<Asked, { of: 'range' }> | undefined {
  const parts = text.split(/\s*[-–]\s*/)
  if (parts.length !== 2) return undefined
  const [from, to] = parts.map((part) => parseAddress(part))
  if (!from || !to || from.family !== to.family || from.first > to.first) return undefined
  let length = bitsOf(from.family) as number
  while (!contains(supernet(from, length), to)) length--
  return { of: 'range', text: `${parts[0]}-${parts[1]}`, from, to, around: formatCidr(supernet(from, length)) }
}
/** Whether a block has something of a range. */
export function isInRange({ from, to }: { from: Cidr; to: Cidr }, text: string): boolean {
  const block = parseCidr(text) ?? parseAddress(text)
  if (!block) return false
  return overlaps(block, from) || overlaps(block, to) || (block.first >= from.first && block.first <= to.first)
}
