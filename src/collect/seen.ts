// What a source says, made such that it can be an observation: blocks in one spelling, texts that can be shown, tags that can be kept.
import { observationFields, observedTagsMax, type WrittenObservation } from '#formats/observations.ts'
import { formatRange, parseRange } from '#model/address-range.ts'
import { purposeProblem } from '#model/address-space.ts'
import { bitsOf, formatAddress, formatCidr, parseAddress, parseCidr, parseLooseCidr } from '#model/cidr.ts'
import { type Collected, shownText } from './collector.ts'

export type Found = Omit<WrittenObservation, 'tags'> & { readonly tags?: Iterable<readonly [string, unknown]> }

/** An observation without what is empty, and without what cannot be shown. */
export function seen({ tags = [], ...texts }: Found): Collected {
  const found: Record<string, unknown> = {}
  for (const [name, text] of Object.entries(texts)) {
    const clean = shownText(text ?? '', observationFields[name as keyof typeof observationFields].max)
    if (clean !== '') found[name] = clean
  }
  const kept = tagsOf(tags)
  return { found: { ...(found as unknown as WrittenObservation), ...(kept ? { tags: kept } : {}) } }
}

/** Names of what opens something: nobody's tag should hold it, and where one does it stays there. */
const secretName =
  /passw(or)?d|passphrase|secret|token|credential|private.?key|api.?key|auth.?key|pre.?shared|psk|community/i
const utf8 = new TextEncoder()
const tagCharactersMax = 512
/** Of all tags: the other members and these are one line of a snapshot. */
const tagsBytesMax = 32_768

function tagsOf(tags: Iterable<readonly [string, unknown]>): Readonly<Record<string, string>> | undefined {
  const kept: Record<string, string> = {}
  let count = 0
  let bytes = 0
  for (const [name, value] of tags) {
    const clean = shownText(name, tagCharactersMax)
    const text = scalarText(value)
    if (clean === '' || text === undefined || secretName.test(clean) || Object.hasOwn(kept, clean)) continue
    const shown = shownText(text, tagCharactersMax)
    bytes += utf8.encode(JSON.stringify([clean, shown])).length
    if (count === observedTagsMax || bytes > tagsBytesMax) break
    count++
    // No name of the source is a member of every object.
    Object.defineProperty(kept, clean, { value: shown, enumerable: true })
  }
  return count === 0 ? undefined : kept
}

/** What is no text, number or truth says nothing as a tag. */
export const scalarText = (value: unknown): string | undefined =>
  typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : undefined

/** The members of an object of tags; none where there is none, which clouds write as null, as `{}` or not at all. */
export const entriesOf = (tags: unknown): [string, unknown][] =>
  typeof tags === 'object' && tags !== null && !Array.isArray(tags) ? Object.entries(tags) : []

// Blocks -------------------------------------------------------------------------------------------------------------

/** `[2001:db8::1%eth0]`, as programs write what they connect to, is an address without all that. */
const bareOf = (text: string): string => {
  const trimmed = text.trim()
  const inside = /^\[(.*)\]$/.exec(trimmed)?.[1] ?? trimmed
  return inside.replace(/%[^/]*/, '')
}

/** A block, or one address, in its one spelling; undefined where it is neither. Host bits are cleared: the block around them is meant. */
export function blockOf(text: unknown): string | undefined {
  if (typeof text !== 'string') return undefined
  const bare = bareOf(text)
  const block = parseLooseCidr(bare) ?? parseAddress(bare)
  return block && formatCidr(block)
}

/** One address, whatever the length of its network that may stand behind it: `192.0.2.10/24` is a host in one. */
export function addressOf(text: unknown): string | undefined {
  if (typeof text !== 'string') return undefined
  const address = parseAddress(bareOf(text).replace(/\/\d{1,3}$/, ''))
  return address && formatCidr(address)
}

/** The block of so many bits around an address. */
export const blockAround = (address: unknown, length: unknown): string | undefined =>
  typeof address === 'string' && (typeof length === 'number' || typeof length === 'string')
    ? blockOf(`${bareOf(address)}/${length}`)
    : undefined

/** From the first address to the last one: a block where it is one, else a range; undefined where it is neither. */
export function placeBetween(first: unknown, last: unknown): Pick<WrittenObservation, 'cidr' | 'range'> | undefined {
  const ends = [first, last].map((end) => addressOf(end)?.replace(/\/\d+$/, ''))
  if (ends[0] === undefined || ends[1] === undefined) return undefined
  const range = parseRange(`${ends[0]}-${ends[1]}`)
  if (typeof range === 'string') return undefined
  const { family, first: from } = range.first
  const size = range.last.first - from + 1n
  const length = bitsOf(family) - (size.toString(2).length - 1)
  const block = parseCidr(`${formatAddress(range.first)}/${length}`)
  return block && size === 1n << BigInt(bitsOf(family) - length)
    ? { cidr: formatCidr(block) }
    : { range: formatRange(range) }
}

/** A block, one address, or `FIRST-LAST`. */
export function placeOf(text: unknown): Pick<WrittenObservation, 'cidr' | 'range'> | undefined {
  const cidr = blockOf(text)
  if (cidr !== undefined) return { cidr }
  const [first, last, ...more] = typeof text === 'string' ? text.split(/[-–—]/).map((end) => end.trim()) : []
  return more.length === 0 ? placeBetween(first, last) : undefined
}

/** Whether it may be an address of the Internet: equal ones are one, wherever they are seen. */
export function isPublic(cidr: string): boolean {
  const block = parseCidr(cidr)
  return block !== undefined && purposeProblem(block, 'public-pool') === undefined
}
