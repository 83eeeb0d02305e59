// Claims about special-purpose space, over every block of the table and what is beside it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { purposeProblem, type SpaceHolder, specialPurposeBlocks } from './address-space.ts'
import { type Cidr, contains, formatCidr, lastAddress, parseCidr, supernet } from './cidr.ts'
import { cidrProblem } from './pool.ts'
import { problemInWords } from './problems/problem.ts'

const cidr = (text: string): Cidr => parseCidr(text) ?? assert.fail(`${text} is no block`)
const holders: readonly SpaceHolder[] = ['public-pool', 'private-pool', 'vpc']
const holdersOf = (text: string): readonly SpaceHolder[] =>
  holders.filter((holder) => purposeProblem(cidr(text), holder) === undefined)

test('space that cannot be public is in no public pool', () => {
  for (const text of [
    '224.0.0.0/24',
    '127.0.0.0/16',
    '10.0.0.0/16',
    '0.0.0.0/8',
    '169.254.0.0/16',
    '240.0.0.0/8',
    '172.31.0.0/16',
    '192.168.7.0/24',
    '100.127.0.0/16',
    '192.0.0.0/29',
    '255.255.255.255/32',
    '192.88.99.0/24',
  ]) {
    assert.match(
      problemInWords(purposeProblem(cidr(text), 'public-pool')) ?? '',
      /cannot be held by a pool of public space/,
      text,
    )
    assert.equal(cidrProblem({ family: 4, scopeType: 'public' }, cidr(text))?.field, 'cidr', text)
  }
  for (const text of [
    '2002::/16',
    '2001::/32',
    '2001:10::/28',
    '2620:4f:8000::/48',
    'fe80::/64',
    'ff0e::/16',
    '64:ff9b::/96',
  ])
    assert.equal(cidrProblem({ family: 6, scopeType: 'public' }, cidr(text))?.field, 'cidr', text)
})

test('a VPC may have the space that EC2 takes: private, shared, publicly routable, for documentation and benchmarking', () => {
  for (const text of [
    '10.0.0.0/16',
    '172.16.0.0/16',
    '192.168.0.0/24',
    '100.64.0.0/16',
    '100.68.0.0/18',
    '198.18.0.0/16',
  ])
    assert(holdersOf(text).includes('vpc'), text)
  for (const text of [
    '8.8.0.0/16',
    '100.128.0.0/16',
    '172.32.0.0/16',
    '223.255.255.0/24',
    '192.0.2.0/24',
    '203.0.113.0/28',
  ])
    assert.deepEqual(holdersOf(text), holders, text)
  for (const text of ['127.0.0.0/16', '169.254.0.0/16', '0.0.0.0/16', '224.0.0.0/16', '240.0.0.0/16', '255.255.0.0/16'])
    assert(!holdersOf(text).includes('vpc'), text)
})

test('documentation ranges may be held everywhere', () => {
  for (const text of ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '2001:db8::/32', '3fff::/20'])
    assert.deepEqual(holdersOf(text), holders, text)
})

test('a private pool has no space that hosts cannot have', () => {
  for (const text of [
    '0.0.0.0/0',
    '0.0.0.0/8',
    '127.1.0.0/16',
    '169.254.1.0/24',
    '224.0.0.0/4',
    '255.255.255.255/32',
    '240.0.0.0/4',
  ])
    assert.equal(cidrProblem({ family: 4, scopeType: 'private' }, cidr(text))?.field, 'cidr', text)
  assert.deepEqual(holdersOf('240.0.0.0/5'), ['private-pool'])
  for (const text of ['2002::/24', '2001::/32', '2001:20::/28'])
    assert.match(
      problemInWords(
        cidrProblem({ family: 6, scopeType: 'private', isPrivateGuaEnabled: true }, cidr(text))?.problem,
      ) ?? '',
      /RFC \d+/,
      text,
    )
})

test('whatever overlaps a block is classified as the block, also what is around it and each address at its ends', () => {
  for (const { cidr: special, heldBy, name } of specialPurposeBlocks) {
    const around = special.length === 0 ? special : supernet(special, special.length - 1)
    const [first, last] = [{ ...special, length: lastAddress(special).length }, lastAddress(special)]
    for (const holder of holders) {
      if (heldBy.includes(holder)) continue
      for (const touching of [special, around, first, last])
        assert(purposeProblem(touching, holder), `${formatCidr(touching)} (${name}) in ${holder}`)
    }
  }
})

test('every block stands in the table once, and one inside another allows no more', () => {
  for (const [index, inner] of specialPurposeBlocks.entries()) {
    for (const [at, outer] of specialPurposeBlocks.entries()) {
      if (at === index || !contains(outer.cidr, inner.cidr)) continue
      assert.notEqual(outer.cidr.length, inner.cidr.length, formatCidr(inner.cidr))
      assert(
        inner.heldBy.every((holder) => outer.heldBy.includes(holder)),
        formatCidr(inner.cidr),
      )
    }
  }
})
