// What observations are made of.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  lineBytesMax,
  observationFields,
  readLine,
  type WrittenObservation,
  writeObservation,
} from '#formats/observations.ts'
import { addressOf, blockOf, isPublic, placeBetween, placeOf, seen } from './seen.ts'

test('blocks and addresses have one spelling', () => {
  const blocks: [unknown, string | undefined][] = [
    ['192.0.2.0/24', '192.0.2.0/24'],
    ['192.0.2.255/24', '192.0.2.0/24'],
    [' 192.0.2.7 ', '192.0.2.7/32'],
    ['2001:DB8:40:0:0:0:0:0/64', '2001:db8:40::/64'],
    ['fe80::1%eth0', 'fe80::1/128'],
    ['fe80::1%eth0/64', 'fe80::/64'],
    ['[2001:db8::1]', '2001:db8::1/128'],
    ['192.0.2.0/33', undefined],
    ['', undefined],
    [null, undefined],
    [7, undefined],
  ]
  for (const [text, expected] of blocks) assert.equal(blockOf(text), expected, String(text))
  assert.equal(addressOf('192.0.2.10/24'), '192.0.2.10/32')
  assert.equal(addressOf('2001:db8::10/64'), '2001:db8::10/128')
  assert.equal(addressOf('192.0.2.0/24/24'), undefined)
})

test('a range that is a block is one', () => {
  assert.deepEqual(placeBetween('192.0.2.0', '192.0.2.255'), { cidr: '192.0.2.0/24' })
  assert.deepEqual(placeBetween('192.0.2.7/24', '192.0.2.7/24'), { cidr: '192.0.2.7/32' })
  assert.deepEqual(placeBetween('0.0.0.0', '255.255.255.255'), { cidr: '0.0.0.0/0' })
  assert.deepEqual(placeBetween('192.0.2.4', '192.0.2.11'), { range: '192.0.2.4-192.0.2.11' })
  assert.deepEqual(placeBetween('2001:db8::', '2001:db8::ff'), { cidr: '2001:db8::/120' })
  assert.equal(placeBetween('192.0.2.9', '192.0.2.8'), undefined)
  assert.equal(placeBetween('192.0.2.9', '2001:db8::'), undefined)
  assert.deepEqual(placeOf('203.0.113.64-203.0.113.95'), { cidr: '203.0.113.64/27' })
  assert.deepEqual(placeOf('203.0.113.64 – 203.0.113.90'), { range: '203.0.113.64-203.0.113.90' })
  assert.equal(placeOf('a-b'), undefined)
})

test('tags keep what is said, and nothing that opens something', () => {
  const tags: [string, unknown][] = [
    ['team', 'shop'],
    ['vlan', 7],
    ['dmz', true],
    ['none', null],
    ['list', ['a']],
    ['adminPassword', 'hunter2'],
    ['snmp_community', 'public'],
    ['__proto__', 'x'],
    ['bell', 'a\u0007b'],
    ['', 'y'],
  ]
  const found = seen({ kind: 'address', cidr: '192.0.2.1/32', name: '', tags })
  assert.equal(
    JSON.stringify(found),
    '{"found":{"kind":"address","cidr":"192.0.2.1/32","tags":{"team":"shop","vlan":"7","dmz":"true","__proto__":"x","bell":"a b"}}}',
  )
})

test('more tags and longer texts than a line may have are cut', () => {
  const worst = '\u{1f600}'.repeat(2_000)
  const texts = Object.fromEntries(Object.keys(observationFields).map((name) => [name, worst]))
  const manyTags = Array.from({ length: 300 }, (_, n): [string, unknown] => [`t${n}`, n])
  const longTags = Array.from({ length: 300 }, (_, n): [string, unknown] => [`t${n}`, worst])
  const foundOf = (tags: [string, unknown][]) =>
    (
      seen({ ...texts, kind: 'address', cidr: '192.0.2.1/32', range: '', state: 'free', tags }) as {
        found: WrittenObservation
      }
    ).found
  assert.equal([...foundOf(manyTags).name!].length, 256)
  assert.equal(Object.keys(foundOf(manyTags).tags!).length, 200)
  assert.equal([...foundOf(longTags).tags!.t0!].length, 512)
  const line = writeObservation(foundOf(longTags))
  assert(Buffer.byteLength(line) <= lineBytesMax, String(Buffer.byteLength(line)))
  assert('observations' in readLine(line.trimEnd()))
})

test('public addresses are those that are nobody’s own', () => {
  assert.deepEqual(
    ['192.0.2.1/32', '10.0.0.1/32', '100.64.0.1/32', 'fd00::1/128', '2001:db8::1/128', 'x'].map(isPublic),
    [true, false, false, false, true, false],
  )
})
