// Used space along a tree of pools.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { perMille, rollUp } from './roll-up.ts'

const pool = (id: string, provisioned: bigint, free: bigint, parent?: string) => ({ id, parent, provisioned, free })

test('what is free below is free above, at every depth', () => {
  const rolled = rollUp([pool('c', 50n, 40n, 'b'), pool('a', 1_000n, 900n), pool('b', 100n, 50n, 'a')])
  assert.deepEqual(
    ['a', 'b', 'c'].map((id) => rolled.get(id)!.used),
    [10n, 10n, 10n],
  )
})

test('what hangs under a pool that is not listed does not count there, and a circle ends', () => {
  assert.equal(rollUp([pool('b', 100n, 50n, 'hidden')]).get('b')!.used, 50n)
  assert.equal(rollUp([pool('a', 10n, 5n, 'b'), pool('b', 10n, 5n, 'a')]).get('a')!.used, 0n)
})

test('IPv6 is counted exactly: one address of 2^104 is a little, and all but one are not all', () => {
  const provisioned = 1n << 104n
  assert.equal(perMille({ provisioned, used: 0n }), 0)
  assert.equal(perMille({ provisioned, used: 1n }), 1)
  assert.equal(perMille({ provisioned, used: provisioned / 2n }), 500)
  assert.equal(perMille({ provisioned, used: provisioned - 1n }), 999)
  assert.equal(perMille({ provisioned, used: provisioned }), 1_000)
  assert.equal(perMille({ provisioned: 0n, used: 0n }), 0)
})
