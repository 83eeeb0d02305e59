// What policy would have said of space that is in use already, and in which pool it lies.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCidr } from '../cidr.ts'
import { finish } from '../steps.ts'
import { answerTo, evaluateExisting, type Origin, type UsedSpace } from './existing.ts'
import { poolsByBlockInSteps } from './pools-by-block.ts'
import { admin, assign, dev, documentOf, policy, pool, privatePool, prod, root, worldOf } from './testdata/world.ts'

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
const used = (account: string, cidr: string, origin: Origin): UsedSpace => ({
  ...{ account, locale: 'us-east-1', resourceType: 'eip', cidr: block(cidr), scopeType: 'public', origin },
})
const evaluated = (account: string, cidr: string, pool?: string) =>
  answerTo(world, used(account, cidr, pool === undefined ? 'provider' : { pool }), now).answer

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

test('what would have been allowed complies, and nothing else does', () => {
  for (const account of [prod, dev, admin])
    for (const [pool, cidr] of [
      ['listed', '198.51.100.1/32'],
      ['other', '198.51.100.17/32'],
      ['hidden', '198.51.100.33/32'],
    ] as const) {
      const space = used(account, cidr, { pool })
      const isAllowed = answerTo(world, space, now).answer === 'allowed'
      assert.equal(evaluateExisting(world, space, now).state === 'compliant', isAllowed, `${account} ${pool}`)
    }
})
test('what its holder brought along complies with no policy that says where from, and is unmanaged where none does', () => {
  const types = ['vpc', 'subnet']
  const networks = (onExplicit: 'deny' | 'steer' | 'allow') =>
    worldOf({
      pools: [privatePool('a', '10.1.0.0/16')],
      policies: [
        policy(
          'lists',
          types.map((resourceType) => documentOf(['a'], { onExplicit }, { resourceType })),
        ),
      ],
      assignments: [assign('lists', prod)],
    })
  const stateOf = (account: string, cidr: string, onExplicit: 'deny' | 'steer' | 'allow', origin: Origin = 'brought') =>
    evaluateExisting(
      networks(onExplicit),
      { ...used(account, cidr, origin), resourceType: origin === 'network' ? 'subnet' : 'vpc', scopeType: 'private' },
      now,
    ).state
  assert.equal(stateOf(prod, '10.9.0.0/16', 'deny'), 'noncompliant')
  assert.equal(stateOf(prod, '10.9.0.0/16', 'steer'), 'noncompliant')
  assert.equal(stateOf(prod, '10.9.0.0/16', 'allow'), 'unmanaged')
  assert.equal(stateOf(prod, '10.1.2.0/24', 'allow'), 'noncompliant', 'it would be taken from the pool')
  assert.equal(stateOf(dev, '10.9.0.0/16', 'deny'), 'unmanaged')
  assert.equal(stateOf(prod, '10.1.2.0/24', 'deny', { pool: 'a' }), 'compliant')
  assert.equal(stateOf(dev, '10.9.0.0/16', 'deny', 'network'), 'unmanaged')
  assert.equal(stateOf(prod, '10.9.0.0/16', 'deny', 'network'), 'noncompliant')
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
