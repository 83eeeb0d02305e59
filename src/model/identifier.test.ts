// Claims about identifiers.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatId, hasShape, type IdKind, kindOf, parseId } from './identifier.ts'

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
