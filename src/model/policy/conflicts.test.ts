// Claims about assignments that cannot both be met.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findConflicts } from './conflicts.ts'
import type { GovernanceFacts } from './snapshot.ts'
import { assign, dev, documentOf, policy, prod, prodUnit, root, workloads, worldOf } from './testdata/world.ts'

const size = (min: number, max: number) => ({ size: { min, default: min, max } })
const found = (facts: Partial<GovernanceFacts>) =>
  findConflicts(worldOf(facts)).map(({ kind, node, parties: [a, b] }) => [kind, node, a.policy, b.policy])
const final = { kind: 'final' } as const

test('a default and a final that list no pool in common are a conflict, and both are named', () => {
  const policies = [policy('base', [documentOf(['p1'])]), policy('narrow', [documentOf(['p2'])])]
  assert.deepEqual(found({ policies, assignments: [assign('base', root), assign('narrow', prodUnit, final)] }), [
    ['pools', prodUnit, 'base', 'narrow'],
  ])
  assert.deepEqual(found({ policies, assignments: [assign('base', prodUnit), assign('narrow', root, final)] }), [
    ['pools', prodUnit, 'base', 'narrow'],
  ])
  assert.deepEqual(
    found({ policies, assignments: [assign('base', prodUnit), assign('narrow', dev, final)] }),
    [],
    'they are on no common path',
  )
})

test('two finals can be a conflict without any default', () => {
  const policies = [policy('a', [documentOf(['p1'])]), policy('b', [documentOf(['p2'])])]
  assert.deepEqual(found({ policies, assignments: [assign('a', root, final), assign('b', workloads, final)] }), [
    ['pools', workloads, 'a', 'b'],
  ])
})

test('different pairs are no conflict, nor is an assignment that does not enforce', () => {
  const policies = [
    policy('base', [documentOf(['p1'])]),
    policy('other', [documentOf(['p2'], {}, { locale: 'eu-west-1' })]),
    policy('narrow', [documentOf(['p2'])]),
  ]
  assert.deepEqual(found({ policies, assignments: [assign('base', root), assign('other', root, final)] }), [])
  for (const mode of ['off', 'observe', 'warn'] as const) {
    assert.deepEqual(
      found({ policies, assignments: [assign('base', root), assign('narrow', root, { ...final, mode })] }),
      [],
    )
  }
})

test('size bounds that leave no size, and tags that would need two values, are conflicts', () => {
  const policies = [
    policy('base', [documentOf(['p1'], { ...size(16, 20), requiredTags: [{ key: 'env', value: 'prod' }] })]),
    policy('narrow', [documentOf(['p1'], { ...size(24, 28), requiredTags: [{ key: 'env', value: 'dev' }] })]),
    policy('fits', [documentOf(['p1'], { ...size(20, 28), requiredTags: [{ key: 'env' }] })]),
  ]
  assert.deepEqual(found({ policies, assignments: [assign('base', root), assign('narrow', root, final)] }), [
    ['size', root, 'base', 'narrow'],
    ['required-tags', root, 'base', 'narrow'],
  ])
  assert.deepEqual(found({ policies, assignments: [assign('base', root), assign('fits', root, final)] }), [])
})

test('conditions are tried account by account, and a rule for other accounts is no conflict', () => {
  const onlyFor = (account: string) => ({ accounts: [account] })
  const base = policy('base', [
    documentOf(
      [],
      {},
      {
        rules: [
          { pool: 'p1', when: onlyFor(prod) },
          { pool: 'p2', when: onlyFor(dev) },
        ],
      },
    ),
  ])
  const narrow = policy('narrow', [documentOf(['p2'])])
  const assignments = [assign('base', root), assign('narrow', root, final)]
  assert.deepEqual(found({ policies: [base, narrow], assignments }), [['pools', prod, 'base', 'narrow']])
  assert.deepEqual(found({ policies: [base], assignments: [assign('base', root)] }), [])
  const both = policy('narrow', [documentOf(['p1', 'p2'])])
  assert.deepEqual(found({ policies: [base, both], assignments }), [])
})
