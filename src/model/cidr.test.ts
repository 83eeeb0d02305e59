// Claims about address arithmetic, against a second implementation written another way, and against Node's own.

import assert from 'node:assert/strict'
import { BlockList, isIP } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  buddyOf,
  type Cidr,
  compareCidrs,
  contains,
  equals,
  formatAddress,
  formatCidr,
  fromKey,
  lastAddress,
  makeCidr,
  nearCidrProblem,
  orderOf,
  overlaps,
  parentOf,
  parseAddress,
  parseCidr,
  parseLooseCidr,
  sizeOf,
  split,
  supernet,
  toKey,
} from './cidr.ts'
import { problemInWords } from './problems/problem.ts'

const cidr = (text: string): Cidr => parseCidr(text) ?? assert.fail(`${text} is no block`)

/** Naive: an address as its bits in a string, a block as the prefix of such a string. */
const bitsOfBlock = ({ family, first, length }: Cidr): string =>
  first
    .toString(2)
    .padStart(family === 4 ? 32 : 128, '0')
    .slice(0, length)

const v4 = fc
  .record({ address: fc.nat(0xffffffff), length: fc.integer({ min: 0, max: 32 }) })
  .map(({ address, length }) => {
    const size = 2n ** BigInt(32 - length)
    return makeCidr(4, (BigInt(address) / size) * size, length)
  })

/** Addresses with many zero groups, where spelling is hard, and never IPv4-mapped ones. */
const v6Address = fc
  .array(fc.oneof(fc.constant(0), fc.constant(0), fc.integer({ min: 0, max: 0xffff })), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.reduce((value, group) => value * 65536n + BigInt(group), 0n))
  .filter((address) => address >> 32n !== 0xffffn)

const v6 = fc.record({ address: v6Address, length: fc.integer({ min: 0, max: 128 }) }).map(({ address, length }) => {
  const size = 2n ** BigInt(128 - length)
  return makeCidr(6, (address / size) * size, length)
})

const anyCidr = fc.oneof(v4, v6)
/** Two blocks that are often near each other. */
const pair = fc.tuple(anyCidr, anyCidr, fc.nat(128)).map(([a, b, length]): [Cidr, Cidr] => {
  if (length % 2 === 0) return [a, b]
  return [a, supernet(a, Math.min(length, a.length))]
})

test('a block that is written and read again is the same block', () => {
  fc.assert(fc.property(anyCidr, (block) => equals(cidr(formatCidr(block)), block)))
})

test('an address is read exactly where Node reads one, except zones', () => {
  const characters = fc.constantFrom(...'0123456789abcdefF:::..'.split(''))
  const text = fc.oneof(
    fc.array(characters, { maxLength: 20 }).map((all) => all.join('')),
    fc
      .array(fc.oneof(fc.nat(300).map(String), fc.constantFrom('', '0', '00', 'ffff', '10000', '::')), { maxLength: 9 })
      .map((all) => all.join(':')),
    fc
      .array(fc.oneof(fc.nat(300).map(String), fc.constantFrom('', '00', '01', '1 ')), { minLength: 3, maxLength: 5 })
      .map((all) => all.join('.')),
    fc.ipV4(),
    fc.ipV6(),
    fc.ipV4().map((tail) => `::ffff:${tail}`),
    fc.ipV4().map((tail) => `1:2::${tail}`),
  )
  fc.assert(
    fc.property(text, (text) => (parseAddress(text) !== undefined) === (isIP(text) !== 0)),
    { numRuns: 5000 },
  )
})

test('IPv6 is written as RFC 5952 says', () => {
  const written = {
    '2001:db8:0:0:0:0:2:1': '2001:db8::2:1',
    '2001:db8:0:1:1:1:1:1': '2001:db8:0:1:1:1:1:1',
    '2001:0:0:1:0:0:0:1': '2001:0:0:1::1',
    '2001:db8:0:0:1:0:0:1': '2001:db8::1:0:0:1',
    '2001:DB8::ABCD': '2001:db8::abcd',
    '0:0:0:0:0:0:0:0': '::',
    '::1': '::1',
    '1::': '1::',
    '1:2:3:4:5:6:7::': '1:2:3:4:5:6:7:0',
    '64:ff9b::192.0.2.33': '64:ff9b::c000:221',
  }
  for (const [text, expected] of Object.entries(written)) assert.equal(formatAddress(parseAddress(text)!), expected)
})

test('a text has to be a block in its one IPv4 spelling or an RFC 4291 one', () => {
  const bad = [
    '',
    '/',
    '1.2.3.4',
    '1.2.3.4/',
    '1.2.3.4/33',
    '1.2.3.4/-1',
    '1.2.3.4/ 32',
    ' 1.2.3.4/32',
    '1.2.3.4/32 ',
    '01.2.3.4/32',
    '1.2.3.4/032',
    '1.2.3/24',
    '1.2.3.4.5/32',
    '1.2.3.256/32',
    '1.2.3.4/24',
    '0x1.2.3.4/32',
    '1.2.3.4/3e1',
    '١.2.3.4/32',
    '::/129',
    ':/0',
    ':::/0',
    '1::2::3/128',
    'fe80::1%eth0/128',
    '1:2:3:4:5:6:7/128',
    '1:2:3:4:5:6:7:8:9/128',
    '12345::/128',
    'g::/16',
    '2001:db8::1/32',
    '::ffff:1.2.3.4/95',
    '::ffff:0:0/95',
    '::ffff:10.0.0.0/104',
    '::ffff:a00:1/128',
    '::ffff:0:0/96',
    '::FFFF:192.0.2.0/120',
    '1.2.3.4::/128',
    '::1.2.3/128',
    '::1.2.3.4:5/128',
    `${'0'.repeat(46)}::/0`,
    '1.2.3.4/32/32',
  ]
  for (const text of bad) assert.equal(parseCidr(text), undefined, text)
  for (const text of ['1.2.3.4/32', '0.0.0.0/0', '::/0', 'FE80::/10', '::1.2.3.4/128']) assert(parseCidr(text), text)
})

test('no text of any kind makes reading fail', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      for (const read of [parseCidr, parseLooseCidr, parseAddress]) read(text)
    }),
  )
})

test('host bits are refused by the strict reader and cleared by the loose one', () => {
  assert.equal(parseCidr('100.68.0.18/18'), undefined)
  assert.equal(formatCidr(parseLooseCidr('100.68.0.18/18')!), '100.68.0.0/18')
  assert.equal(formatCidr(parseLooseCidr('2001:db8::1/32')!), '2001:db8::/32')
  assert.equal(formatCidr(parseLooseCidr('255.255.255.255/0')!), '0.0.0.0/0')
})

test('an IPv4-mapped IPv6 address is the IPv4 one, and a mapped block is no block of either family', () => {
  assert.deepEqual(parseAddress('::FFFF:10.0.0.1'), cidr('10.0.0.1/32'))
  for (const [text, meant] of [
    ['::ffff:10.0.0.0/104', '10.0.0.0/8'],
    ['::ffff:a00:1/128', '10.0.0.1/32'],
    ['::ffff:10.0.0.1/104', '10.0.0.0/8'],
    ['::ffff:0:0/96', '0.0.0.0/0'],
  ] as const) {
    assert.equal(parseCidr(text), undefined, text)
    assert.equal(parseLooseCidr(text), undefined, text)
    assert.match(
      problemInWords(nearCidrProblem(text)) ?? '',
      new RegExp(`IPv4-mapped IPv6; the IPv4 block \`${meant}\``),
      text,
    )
  }
  for (const text of ['10.0.0.0/8', '::ffff:0:0/95', '2001:db8::/32', 'none'])
    assert.equal(nearCidrProblem(text), undefined, text)
})

test('containing and overlapping agree with prefixes of bits', () => {
  fc.assert(
    fc.property(pair, ([a, b]) => {
      const inside = a.family === b.family && bitsOfBlock(b).startsWith(bitsOfBlock(a))
      const around = a.family === b.family && bitsOfBlock(a).startsWith(bitsOfBlock(b))
      assert.equal(contains(a, b), inside)
      assert.equal(overlaps(a, b), inside || around)
      assert.equal(overlaps(b, a), inside || around)
    }),
    { numRuns: 2000 },
  )
})

test('containing an address agrees with Node\u2019s BlockList', () => {
  fc.assert(
    fc.property(fc.oneof(fc.tuple(v4, v4), fc.tuple(v6, v6)), ([block, other]) => {
      if (block.length === 0) return
      const family = block.family === 4 ? 'ipv4' : 'ipv6'
      const list = new BlockList()
      list.addSubnet(formatAddress(block), block.length, family)
      for (const address of [other, lastAddress(block), block]) {
        const one = makeCidr(address.family, address.first, address.family === 4 ? 32 : 128)
        assert.equal(contains(block, one), list.check(formatAddress(one), family))
      }
    }),
  )
})

test('byte order of keys is address order, and a key gives its block back', () => {
  const compareBytes = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b)
  fc.assert(
    fc.property(pair, ([a, b]) => {
      assert.deepEqual(fromKey(toKey(a), a.length), a)
      const byKey = compareBytes(toKey(a), toKey(b))
      if (byKey !== 0) assert.equal(Math.sign(compareCidrs(a, b)), byKey)
    }),
    { numRuns: 2000 },
  )
  assert.deepEqual([...toKey(cidr('1.2.3.4/32'))], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 1, 2, 3, 4])
  assert.equal(toKey(cidr('2001:db8::ff/128'))[15], 255)
})

test('a key that does not fit its length is a fault', () => {
  assert.throws(() => fromKey(toKey(cidr('1.2.3.4/32')), 24))
  assert.throws(() => fromKey(toKey(cidr('1.2.3.4/32')), 33))
  assert.throws(() => fromKey(toKey(cidr('2001:db8::1/128')), 64))
  assert.throws(() => fromKey(new Uint8Array(4), 32))
})

test('order is total: equal only to itself, and larger blocks first at one address', () => {
  fc.assert(
    fc.property(pair, ([a, b]) => {
      assert.equal(Math.sign(compareCidrs(a, b)), -Math.sign(compareCidrs(b, a)) + 0)
      assert.equal(compareCidrs(a, b) === 0, equals(a, b))
    }),
  )
  assert(compareCidrs(cidr('10.0.0.0/8'), cidr('10.0.0.0/16')) < 0)
})

test('halves, buddies and parents agree with each other', () => {
  fc.assert(
    fc.property(anyCidr, (block) => {
      assert.equal(sizeOf(block), 1n << BigInt(orderOf(block)))
      assert.equal(lastAddress(block).first - block.first + 1n, sizeOf(block))
      if (orderOf(block) === 0) return assert.throws(() => split(block))
      const [low, high] = split(block)
      assert.equal(bitsOfBlock(low), `${bitsOfBlock(block)}0`)
      assert.equal(bitsOfBlock(high), `${bitsOfBlock(block)}1`)
      assert.deepEqual([buddyOf(low), buddyOf(high)], [high, low])
      assert.deepEqual([parentOf(low), parentOf(high)], [block, block])
    }),
  )
  assert.throws(() => buddyOf(cidr('0.0.0.0/0')))
  assert.throws(() => parentOf(cidr('::/0')))
})
