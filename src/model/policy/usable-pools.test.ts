// What several accounts may take from is what each may.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mayUsePool } from './resolve.ts'
import {
  admin,
  assign,
  dev,
  devUnit,
  documentOf,
  loner,
  policy,
  pool,
  prod,
  prodUnit,
  root,
  stranger,
  workloads,
  worldOf,
} from './testdata/world.ts'
import { UsablePools } from './usable-pools.ts'

test('some accounts may take from a pool where one of them may, at every moment, in whatever order they are named', () => {
  const exception = (id: string, target: string, pools: readonly string[], change: object = {}) => ({
    id,
    target,
    locale: 'us-east-1',
    resourceType: 'eip',
    grants: { pools, provider: false },
    startsAt: 10,
    expiresAt: 20,
    ...change,
  })
  const pools = [
    pool('own', '198.51.100.0/28', { account: prod }),
    pool('listed', '198.51.100.16/28'),
    pool('conditional', '198.51.100.32/28'),
    pool('excepted', '198.51.100.48/28', { account: stranger }),
    pool('left', '198.51.100.64/28', { account: loner }),
    pool('shared', '198.51.100.80/28', { account: loner, sharedWith: [devUnit] }),
    pool('shared with all', '198.51.100.96/28', { account: dev, sharedWith: [root] }),
    pool('nobody’s', '198.51.100.112/28', { account: stranger }),
  ]
  const rules = [{ pool: 'listed' }, { pool: 'conditional', when: { accounts: [dev] } }]
  const world = worldOf({
    pools,
    policies: [policy('lists', [documentOf([], {}, { rules })])],
    assignments: [assign('lists', workloads)],
    exceptions: [
      exception('one', prodUnit, ['excepted']),
      exception('two', devUnit, ['left', 'listed'], { sharedPools: ['left'] }),
      exception('three', devUnit, ['nobody’s', 'not there'], { startsAt: 15 }),
    ],
  })
  const accounts = [admin, prod, dev, loner, stranger]
  for (const now of [5, 10, 15, 20]) {
    for (let which = 0; which < 2 ** accounts.length; which++) {
      const some = accounts.filter((_, index) => which & (2 ** index))
      for (const order of [some, some.toReversed()]) {
        const usable = new UsablePools(world, now)
        for (const account of order) usable.add(account)
        for (const { id, account } of [...pools, pool('not there', '203.0.113.0/24')]) {
          const wanted = some.some((one) => mayUsePool(world, one, id, now))
          assert.equal(usable.has(id), wanted, `${id} for ${order} at ${now}`)
          if (wanted) assert(usable.owners.has(account), `${account} owns ${id}`)
        }
      }
    }
  }
})
