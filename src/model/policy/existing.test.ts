// What policy would have said of space that is in use already, and in which pool it lies.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCidr } from '../cidr.ts'
import { finish } from '../steps.ts'
import { evaluateExisting } from './existing.ts'
import { poolsByBlockInSteps } from './pools-by-block.ts'
import { admin, assign, dev, documentOf, policy, pool, prod, root, worldOf } from './testdata/world.ts'

const block = (text: string) => parseCidr(text)!
const now = new Date(0)
const pools = [
  pool('listed', '198.51.100.0/28'),
  pool('other', '198.51.100.16/28', { account: admin, sharedWith: [root] }),
  pool('hidden', '198.51.100.32/28', { account: admin }),
]
const world = worldOf({
  pools,
  policies: [policy('lists', [documentOf(['listed'], { onExplicit: 'deny' })])],
  assignments: [assign('lists', prod)],
})
const evaluated = (account: string, cidr: string, where?: string) =>
  evaluateExisting(
    world,
    { account, locale: 'us-east-1', resourceType: 'eip', family: 4, scopeType: 'public' },
    { pool: where, cidr: block(cidr) },
    now,
  ).answer

test('what policy chooses is allowed, whether or not it may be named', () => {
  assert.equal(evaluated(prod, '198.51.100.1/32', 'listed'), 'allowed')
})
test('what comes from anywhere else than policy says is elsewhere', () => {
  assert.equal(evaluated(prod, '198.51.100.17/32', 'other'), 'elsewhere')
  assert.equal(evaluated(prod, '203.0.113.1/32'), 'elsewhere')
})
test('where no policy speaks of it, what may be named is allowed, and everything else outside', () => {
  assert.equal(evaluated(dev, '198.51.100.17/32', 'other'), 'allowed')
  assert.equal(evaluated(dev, '198.51.100.33/32', 'hidden'), 'outside')
  assert.equal(evaluated(dev, '203.0.113.1/32'), 'outside')
})

test('a block lies in the innermost pool, and of several with one block in the one that was made last', () => {
  const nested = worldOf({
    pools: [
      pool('a-outer', '10.0.0.0/8', { scopeId: 'private', scopeType: 'private' }),
      pool('b-inner', '10.1.0.0/16', { scopeId: 'private', scopeType: 'private' }),
      pool('c-same', '10.1.0.0/16', { scopeId: 'private', scopeType: 'private' }),
      pool('d-elsewhere', '10.1.0.0/16', { scopeId: 'another', scopeType: 'private' }),
      pool('e-public', '198.51.100.0/24'),
    ],
  })
  const found = finish(poolsByBlockInSteps(nested))
  const around = (cidr: string, within: 'public' | { scopeId: string }) =>
    found.around(block(cidr), within).map(({ id }) => id)
  assert.deepEqual(around('10.1.2.0/24', { scopeId: 'private' }), ['c-same', 'b-inner', 'a-outer'])
  assert.deepEqual(around('10.2.0.0/24', { scopeId: 'private' }), ['a-outer'])
  assert.deepEqual(around('10.0.0.0/7', { scopeId: 'private' }), [])
  assert.deepEqual(around('198.51.100.7/32', 'public'), ['e-public'])
  assert.deepEqual(around('198.51.100.7/32', { scopeId: 'private' }), [])
})
