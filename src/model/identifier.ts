// Identifiers: a prefix and hexadecimal digits made of the installation and a sequence number, so that they grow with
// time (an index on them only ever grows at its end) and can be turned back into the number without a look-up.
import { type KindWith, kinds, kindsWith } from './kinds.ts'

const installationDigits = 5
const sequenceDigits = 12

export type IdKind = KindWith<'prefix'>
export const idKinds = kindsWith('prefix')

/** `kindOf` needs longer prefixes first: `ipam-pool-` begins with `ipam-`. */
const kindsByPrefixLength = idKinds
  .map((kind) => ({ kind, prefix: kinds[kind].prefix }))
  .sort((a, b) => b.prefix.length - a.prefix.length)

/**
 * Makes the identifier of `kind` for a sequence number.
 * @param installation five hexadecimal digits, drawn once per database, so that two installations' ids differ
 */
export function formatId(kind: IdKind, installation: string, sequence: number): string {
  const { prefix, digits } = kinds[kind]
  return prefix + (installation + sequence.toString(16).padStart(sequenceDigits, '0')).padStart(digits, '0')
}

/** The sequence number in an identifier of `kind` of this installation; undefined for any other text. */
export function parseId(kind: IdKind, installation: string, text: string): number | undefined {
  const { prefix, digits } = kinds[kind]
  if (text.length !== prefix.length + digits || !text.startsWith(prefix)) return undefined
  const tail = text.length - sequenceDigits
  const head = tail - installationDigits
  if (text.slice(head, tail) !== installation) return undefined
  for (let at = prefix.length; at < head; at++) if (text.charCodeAt(at) !== zero) return undefined
  return numberAt(text, tail)
}

const zero = 0x30
/** The number that the digits from there to the end stand for, in lower case; undefined where anything else is among them. */
function numberAt(text: string, start: number): number | undefined {
  let number = 0
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code >= zero && code <= 0x39) number = number * 16 + code - zero
    else if (code >= 0x61 && code <= 0x66) number = number * 16 + code - 0x61 + 10
    else return undefined
  }
  return number
}

/**
 * The short form of an identifier of this installation, such as `ipam-pool-3b`: the number without what all have in common.
 * Undefined for any other text.
 */
export function shortenId(installation: string, text: string): string | undefined {
  const kind = shortKindOf(text)
  const sequence = kind && parseId(kind, installation, text)
  return sequence === undefined ? undefined : kinds[kind!].prefix + sequence.toString(16)
}

/** The identifier whose short form `text` is: there is one alone. Undefined for any other text, whole identifiers included. */
export function expandId(installation: string, text: string): string | undefined {
  const kind = shortKindOf(text)
  const digits = kind && text.slice(kinds[kind].prefix.length)
  if (!digits || !shortDigits.test(digits)) return undefined
  return formatId(kind, installation, Number.parseInt(digits, 16))
}
function shortKindOf(text: string): IdKind | undefined {
  const kind = kindOf(text)
  return kind && 'isOwn' in kinds[kind] ? kind : undefined
}
/** Fewer than any whole identifier has, and as `shortenId` writes them. */
const shortDigits = /^(?:0|[1-9a-f][0-9a-f]{0,11})$/

/** The installation's digits in an identifier of any kind; undefined where there are none. */
export function installationIn(text: string): string | undefined {
  const installation = text.slice(-sequenceDigits - installationDigits, -sequenceDigits)
  return shortenId(installation, text) === undefined ? undefined : installation
}

/**
 * The identifier of another kind with the same number: what comes with a thing, and is there once, has its id from that. No number is
 * drawn for two things, so that nothing else has it.
 */
export const siblingId = (kind: IdKind, id: string): string =>
  kinds[kind].prefix + id.slice(-installationDigits - sequenceDigits)

/**
 * The identifier of what is there once for a text, without a row: behind any number that is ever drawn. Two texts have one identifier with
 * the chance of one in 2^44, so that it is asked for only where the text is known.
 */
export function derivedId(kind: IdKind, installation: string, text: string): string {
  let hash = fnvBasis
  for (let at = 0; at < text.length; at++) hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(at))) * fnvPrime)
  const tail = BigInt.asUintN(4 * (sequenceDigits - 1), hash).toString(16)
  return `${kinds[kind].prefix}${installation}d${tail.padStart(sequenceDigits - 1, '0')}`
}
const fnvBasis = 0xcbf29ce484222325n
const fnvPrime = 0x100000001b3n

/** The sequence number at the end of an identifier, of whatever kind and installation; undefined where there is none. */
export function sequenceIn(text: string): number | undefined {
  return text.length < sequenceDigits ? undefined : numberAt(text, text.length - sequenceDigits)
}

export const prefixOf = (kind: IdKind): string => kinds[kind].prefix

/** The regular expression of what `hasShape` takes, for descriptions of an API. */
export const shapePattern = (kind: IdKind): string => `^${kinds[kind].prefix}[0-9a-zA-Z]{1,64}$`

/** Whether `text` looks like an identifier of `kind`, of whatever installation. */
export function hasShape(kind: IdKind, text: string): boolean {
  return text.startsWith(kinds[kind].prefix) && /^[0-9a-zA-Z]{1,64}$/.test(text.slice(kinds[kind].prefix.length))
}

/** Whether `text` is the prefix of `kind` and digits, as every id and short id is, of whatever installation or cloud. */
export const hasDigitsOf = (kind: IdKind, text: string): boolean =>
  text.startsWith(kinds[kind].prefix) && /^[0-9a-f]+$/.test(text.slice(kinds[kind].prefix.length))

/** The kind whose prefix `text` begins with. */
export function kindOf(text: string): IdKind | undefined {
  for (const { kind, prefix } of kindsByPrefixLength) if (text.startsWith(prefix)) return kind
  return undefined
}

/** The number of an allocation, a hold or an Elastic IP of this installation: one thing under two names. Undefined for any other text. */
export function spaceNumberIn(installation: string, text: string): number | undefined {
  const kind = kindOf(text)
  return kind === 'allocation' || kind === 'address' ? parseId(kind, installation, text) : undefined
}
