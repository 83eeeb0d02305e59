// Claims about identifiers.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { expandId, formatId, hasShape, type IdKind, installationIn, kindOf, parseId, shortenId } from './identifier.ts'

const idKinds: readonly IdKind[] = [
  'ipam',
  'scope',
  'pool',
  'poolCidr',
  'allocation',
  'policy',
  'vpc',
  'vpcCidrAssociation',
  'decision',
]
const number = fc.nat({ max: 2 ** 31 - 1 }).map((n) => n * 65536 + 7)

test('an id gives its number back, and tells its kind', () => {
  fc.assert(
    fc.property(fc.constantFrom(...idKinds), number, (kind, sequence) => {
      const id = formatId(kind, 'abcde', sequence)
      assert.equal(parseId(kind, 'abcde', id), sequence)
      assert.equal(kindOf(id), kind)
      assert(hasShape(kind, id))
    }),
  )
})

test('ids of one kind grow with their number', () => {
  fc.assert(
    fc.property(number, number, (a, b) => {
      assert.equal(formatId('pool', 'abcde', a) < formatId('pool', 'abcde', b), a < b)
    }),
  )
})

test('ids of another installation or kind, and other texts, have no number', () => {
  const id = formatId('pool', 'abcde', 7)
  for (const text of [
    '',
    'ipam-pool-',
    id.toUpperCase(),
    `${id}0`,
    id.replace('abcde', 'abcdf'),
    formatId('scope', 'abcde', 7),
  ]) {
    assert.equal(parseId('pool', 'abcde', text), undefined, text)
  }
})

const shortIds = [
  'ipam',
  'scope',
  'pool',
  'poolCidr',
  'allocation',
  'policy',
  'decision',
  'exception',
  'roleBinding',
  'apiToken',
] as const

test('the short form of an id is that of no other, and the id is made of it without a look', () => {
  fc.assert(
    fc.property(fc.constantFrom(...shortIds), number, (kind, sequence) => {
      const id = formatId(kind, 'abcde', sequence)
      const short = shortenId('abcde', id)!
      assert.equal(expandId('abcde', short), id)
      assert.ok(short.length < id.length)
      assert.equal(installationIn(id), 'abcde')
      // A short one is no whole one, and the other way round: nothing has two readings.
      assert.equal(expandId('abcde', id), undefined)
      assert.equal(shortenId('abcde', short), undefined)
      assert.equal(shortenId('abcdf', id), undefined)
    }),
  )
})

test('what is no short id is left alone: other ways to write the number, and the ids of clouds', () => {
  const others = [
    '',
    'ipam-pool-',
    'ipam-pool-03b',
    'ipam-pool-3B',
    'ipam-pool-3g',
    'ipam-pool-1234567890abc',
    '3b',
    'pool-3b',
    'vpc-1a2b3c4d',
    'eipalloc-12',
    'subnet-1',
    'nat-1',
  ]
  for (const text of others) assert.equal(expandId('abcde', text), undefined, text)
  assert.equal(expandId('abcde', 'ipam-pool-0'), formatId('pool', 'abcde', 0))
  assert.equal(shortenId('abcde', formatId('vpc', 'abcde', 7)), undefined)
  assert.equal(installationIn('AKIAADMINISTRATOR001'), undefined)
})
