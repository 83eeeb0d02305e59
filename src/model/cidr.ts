// Address blocks: parsing, formatting, comparing and cutting them, and the key under which a store keeps them.

import { assert } from './assert.ts'
import type { Problem } from './problems/problem.ts'

/**
 * An aligned block of addresses; one address is a `/32` or a `/128`.
 * `first` is the block's first address as a number; its low bits beyond `length` are zero.
 * IPv4-mapped IPv6 (`::ffff:0:0/96`) never occurs, so that one address has one value: a mapped block is refused where it is
 * read, and a mapped address, which is how sockets write IPv4, is the IPv4 one.
 */
export interface Cidr {
  readonly family: 4 | 6
  readonly first: bigint
  readonly length: number
}

type Family = Cidr['family']

/** 2^n for n = 0…128: shifting BigInts by a variable costs more than a look-up. */
const powers = Array.from({ length: 129 }, (_, n) => 1n << BigInt(n))
const mappedPrefix = 0xffffn
const mappedBase = mappedPrefix << 32n

/** 32 or 128: the prefix length of one address. */
export const bitsOf = (family: Family): 32 | 128 => (family === 4 ? 32 : 128)

/** A block from its parts; a fault where they are not aligned or out of bounds. */
export function makeCidr(family: Family, first: bigint, length: number): Cidr {
  const bits = bitsOf(family)
  assert(Number.isInteger(length) && length >= 0 && length <= bits, `/${length} is no IPv${family} prefix length`)
  assert(first >= 0n && first < powers[bits]!, 'an address lies within its family')
  assert((first & (powers[bits - length]! - 1n)) === 0n, 'a block is aligned to its size')
  return { family, first, length }
}

/**
 * Reads `a.b.c.d/n` or an IPv6 block in any spelling of RFC 4291 §2.2. Strict: no leading zeros, no zone id, no host
 * bits, no spaces. Blocks of IPv4-mapped IPv6 (RFC 4291 §2.5.5.2) stand for IPv4 nodes in programs, and are no space that
 * anybody could be given: they are no blocks here.
 */
export function parseCidr(text: string): Cidr | undefined {
  const loose = parseParts(text)
  if (!loose) return undefined
  const { family, first, length } = loose
  if ((first & (powers[bitsOf(family) - length]! - 1n)) !== 0n) return undefined
  return loose
}

/** As `parseCidr`, with host bits cleared: EC2 does so for a VPC's CidrBlock (`100.68.0.18/18` is `100.68.0.0/18`). */
export function parseLooseCidr(text: string): Cidr | undefined {
  const loose = parseParts(text)
  return loose && withoutHostBits(loose.family, loose.first, loose.length)
}

/** What is wrong with a text that is almost a CIDR, and what was probably meant: host bits, IPv4-mapped IPv6. Else undefined. */
export function nearCidrProblem(text: string): Problem | undefined {
  if (parseCidr(text)) return undefined
  const meant = parseLooseCidr(text)
  if (meant) return { why: 'host-bits', meant: formatCidr(meant) }
  const mapped = parseParts(text, 'mapped')
  if (!mapped) return undefined
  const ipv4 = formatCidr(withoutHostBits(4, mapped.first, mapped.length))
  return { why: 'ipv4-mapped', meant: ipv4 }
}

/** Reads one address, without a prefix length, as a `/32` or `/128`. */
export function parseAddress(text: string): Cidr | undefined {
  const v4 = parseV4(text, 0, text.length)
  if (v4 >= 0) return { family: 4, first: BigInt(v4), length: 32 }
  const v6 = parseV6(text, text.length)
  if (v6 === undefined) return undefined
  return v6 >> 32n === mappedPrefix
    ? { family: 4, first: v6 & 0xffffffffn, length: 32 }
    : { family: 6, first: v6, length: 128 }
}

export const formatCidr = (cidr: Cidr): string => `${formatAddress(cidr)}/${cidr.length}`

/** The first address of the block: dotted for IPv4, RFC 5952 for IPv6 (lower case, longest run of zeros compressed). */
export function formatAddress({ family, first }: Cidr): string {
  if (family === 4) {
    const n = Number(first)
    return `${n >>> 24}.${(n >>> 16) & 255}.${(n >>> 8) & 255}.${n & 255}`
  }
  const groups = Array.from({ length: 8 }, (_, i) => Number((first >> BigInt(112 - 16 * i)) & 0xffffn))
  let runStart = 0
  let runLength = 1 // RFC 5952 §4.2.2: a single zero group is not compressed.
  for (let i = 0; i < 8; i++) {
    let end = i
    while (end < 8 && groups[end] === 0) end++
    if (end - i > runLength) {
      runStart = i
      runLength = end - i
    }
    if (end > i) i = end
  }
  const hex = groups.map((group) => group.toString(16))
  if (runLength === 1) return hex.join(':')
  return `${hex.slice(0, runStart).join(':')}::${hex.slice(runStart + runLength).join(':')}`
}

/** Orders as the stored keys do: by first address (IPv4 where `::ffff:a.b.c.d` stands), then larger blocks first. */
export function compareCidrs(a: Cidr, b: Cidr): number {
  const aFirst = a.family === 4 ? mappedBase + a.first : a.first
  const bFirst = b.family === 4 ? mappedBase + b.first : b.first
  if (aFirst !== bFirst) return aFirst < bFirst ? -1 : 1
  return lengthWithin128(a) - lengthWithin128(b)
}

export const equals = (a: Cidr, b: Cidr): boolean =>
  a.length === b.length && a.family === b.family && a.first === b.first

/** Whether every address of `inner` is in `outer`; a block contains itself. Families never contain each other. */
export function contains(outer: Cidr, inner: Cidr): boolean {
  if (outer.family !== inner.family || outer.length > inner.length) return false
  if (inner.first < outer.first) return false
  return inner.first - outer.first < powers[bitsOf(outer.family) - outer.length]!
}

/** Whether some address is in both. Aligned blocks overlap only where one contains the other. */
export const overlaps = (a: Cidr, b: Cidr): boolean => (a.length <= b.length ? contains(a, b) : contains(b, a))

/** How many addresses the block has. */
export const sizeOf = ({ family, length }: Cidr): bigint => powers[bitsOf(family) - length]!

/** log2 of the block's size: what the store's free table is ordered by. */
export const orderOf = ({ family, length }: Cidr): number => bitsOf(family) - length

/** The block's last address, as a block of one address. */
export const lastAddress = (cidr: Cidr): Cidr => ({
  family: cidr.family,
  first: cidr.first + sizeOf(cidr) - 1n,
  length: bitsOf(cidr.family),
})

/** The block of `length` that `cidr` lies in. */
export function supernet(cidr: Cidr, length: number): Cidr {
  assert(length >= 0 && length <= cidr.length, 'a supernet is not smaller than its block')
  return withoutHostBits(cidr.family, cidr.first, length)
}

export const familyNumber = (text: 'ipv4' | 'ipv6'): 4 | 6 => (text === 'ipv4' ? 4 : 6)
export const familyText = (family: 4 | 6): 'ipv4' | 'ipv6' => (family === 4 ? 'ipv4' : 'ipv6')

/** All blocks that `cidr` lies in, itself the last: the widest first, from one length on. */
export const supernets = (cidr: Cidr, from = 0): Cidr[] =>
  Array.from({ length: cidr.length + 1 - from }, (_, index) => supernet(cidr, from + index))

/** The lower and the upper half. One address has no halves: splitting it is a fault. */
export function split({ family, first, length }: Cidr): [low: Cidr, high: Cidr] {
  const bits = bitsOf(family)
  assert(length < bits, 'one address cannot be split')
  const half = powers[bits - length - 1]!
  return [
    { family, first, length: length + 1 },
    { family, first: first + half, length: length + 1 },
  ]
}

/** The other half of the block's parent. The whole address space has none: asking for it is a fault. */
export function buddyOf(cidr: Cidr): Cidr {
  assert(cidr.length > 0, 'the whole address space has no buddy')
  return { family: cidr.family, first: cidr.first ^ sizeOf(cidr), length: cidr.length }
}

/** The block twice as large that this one is half of. */
export function parentOf(cidr: Cidr): Cidr {
  assert(cidr.length > 0, 'the whole address space has no parent')
  return { family: cidr.family, first: cidr.first & ~sizeOf(cidr), length: cidr.length - 1 }
}

/**
 * The stored form of `first`: 16 bytes big-endian, IPv4 as `::ffff:a.b.c.d`, so that byte order is address order.
 * The prefix length stands beside it and is the family's own (24 for a `/24`): the key's first 12 bytes tell the family.
 */
export function toKey({ family, first }: Cidr): Uint8Array {
  const key = new Uint8Array(16)
  if (family === 4) {
    const n = Number(first)
    key[10] = 255
    key[11] = 255
    key[12] = n >>> 24
    key[13] = n >>> 16
    key[14] = n >>> 8
    key[15] = n
    return key
  }
  writeHalf(key, 0, first >> 64n)
  writeHalf(key, 8, first & 0xffffffffffffffffn)
  return key
}

/** The block of a stored key and prefix length; a fault where they do not fit each other. */
export function fromKey(key: Uint8Array, length: number): Cidr {
  assert(key.length === 16, 'a key has 16 bytes')
  const low = word(key, 12)
  if (key[10] === 255 && key[11] === 255 && word(key, 8) === 0xffff && word(key, 4) === 0 && word(key, 0) === 0) {
    assert(length >= 0 && length <= 32, `/${length} is no IPv4 prefix length`)
    assert(length === 32 || (low & (0xffffffff >>> length)) === 0, 'a stored block is aligned')
    return { family: 4, first: BigInt(low), length }
  }
  const high = BigInt(word(key, 0)) * powers[32]! + BigInt(word(key, 4))
  return makeCidr(6, high * powers[64]! + BigInt(word(key, 8)) * powers[32]! + BigInt(low), length)
}

function withoutHostBits(family: Family, first: bigint, length: number): Cidr {
  const size = powers[bitsOf(family) - length]!
  return { family, first: first - (first & (size - 1n)), length }
}

/** The prefix length that orders blocks with the same first address: IPv4 as its mapped length. */
const lengthWithin128 = ({ family, length }: Cidr): number => (family === 4 ? length + 96 : length)

const zero = 48
const nine = 57
const dot = 46
const colon = 58

/** Address and length as written, host bits kept. With `mapped`, only IPv4-mapped IPv6, as the IPv4 that it stands for. */
function parseParts(text: string, only?: 'mapped'): Cidr | undefined {
  const slash = text.indexOf('/')
  if (slash < 0) return undefined
  const length = parseDecimal(text, slash + 1, text.length, 128)
  if (length < 0) return undefined
  const v4 = parseV4(text, 0, slash)
  if (v4 >= 0) return length <= 32 && !only ? { family: 4, first: BigInt(v4), length } : undefined
  const v6 = parseV6(text, slash)
  if (v6 === undefined) return undefined
  const isMapped = v6 >> 32n === mappedPrefix
  if (!only) return isMapped ? undefined : { family: 6, first: v6, length }
  return isMapped && length >= 96 ? { family: 4, first: v6 & 0xffffffffn, length: length - 96 } : undefined
}

/** Decimal without leading zeros up to `max`; -1 for anything else. */
function parseDecimal(text: string, start: number, end: number, max: number): number {
  if (end <= start || end - start > 3) return -1
  let value = 0
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i)
    if (code < zero || code > nine) return -1
    value = value * 10 + code - zero
  }
  if (value > max || (end - start > 1 && text.charCodeAt(start) === zero)) return -1
  return value
}

/** Four decimal octets as an unsigned number; -1 for anything else. */
function parseV4(text: string, start: number, end: number): number {
  if (end - start < 7 || end - start > 15) return -1
  let value = 0
  let octetStart = start
  for (let octet = 0; octet < 4; octet++) {
    let octetEnd = octetStart
    while (octetEnd < end && text.charCodeAt(octetEnd) !== dot) octetEnd++
    if (octet === 3 ? octetEnd !== end : octetEnd === end) return -1
    const n = parseDecimal(text, octetStart, octetEnd, 255)
    if (n < 0) return -1
    value = value * 256 + n
    octetStart = octetEnd + 1
  }
  return value
}

function hexDigit(code: number): number {
  if (code >= zero && code <= nine) return code - zero
  const lower = code | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}

/** The longest spelling is six groups and a dotted tail: `ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255`. */
const v6CharactersMax = 45

/** Eight groups of RFC 4291 §2.2, `::` once for one or more zero groups, the last two perhaps dotted. */
function parseV6(text: string, end: number): bigint | undefined {
  if (end < 2 || end > v6CharactersMax) return undefined
  const groups: number[] = []
  let gapAt = -1
  let i = 0
  if (text.charCodeAt(0) === colon) {
    if (text.charCodeAt(1) !== colon) return undefined
    gapAt = 0
    i = 2
  }
  while (i < end) {
    if (groups.length === 8) return undefined
    const start = i
    let value = 0
    let digit = hexDigit(text.charCodeAt(i))
    while (i < end && digit >= 0) {
      value = value * 16 + digit
      i++
      digit = hexDigit(text.charCodeAt(i))
    }
    if (i < end && text.charCodeAt(i) === dot) {
      const tail = parseV4(text, start, end)
      if (tail < 0 || groups.length > 6) return undefined
      groups.push(Math.floor(tail / 65536), tail % 65536)
      i = end
      break
    }
    if (i === start || i - start > 4) return undefined
    groups.push(value)
    if (i === end) break
    if (text.charCodeAt(i) !== colon) return undefined
    i++
    if (i < end && text.charCodeAt(i) === colon) {
      if (gapAt >= 0) return undefined
      gapAt = groups.length
      i++
    } else if (i === end) return undefined // A single colon at the end.
  }
  if (gapAt < 0 ? groups.length !== 8 : groups.length > 7) return undefined
  if (gapAt >= 0) groups.splice(gapAt, 0, ...new Array<number>(8 - groups.length).fill(0))
  return groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n)
}

function word(key: Uint8Array, at: number): number {
  return ((key[at]! << 24) | (key[at + 1]! << 16) | (key[at + 2]! << 8) | key[at + 3]!) >>> 0
}

function writeHalf(key: Uint8Array, at: number, half: bigint): void {
  writeWord(key, at, Number(half >> 32n))
  writeWord(key, at + 4, Number(half & 0xffffffffn))
}

function writeWord(key: Uint8Array, at: number, n: number): void {
  key[at] = n >>> 24
  key[at + 1] = n >>> 16
  key[at + 2] = n >>> 8
  key[at + 3] = n
}
