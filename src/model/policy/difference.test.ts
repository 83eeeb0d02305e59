// Claims about the ways in which a candidate can differ.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Denial } from './decision.ts'
import { differenceKind } from './difference.ts'

const denied = (cause: Denial['cause'], pools: readonly string[] = []) => ({
  outcome: 'deny' as const,
  denial: { cause, setting: '', value: '', allowed: [] },
  candidates: pools.map((pool) => ({ pool, netmaskLength: 32 })),
})
const given = (outcome: 'allow' | 'steer' | 'warn', ...pools: string[]) => ({
  outcome,
  candidates: pools.map((pool) => ({ pool, netmaskLength: 32 })),
})

test('a difference is a new denial, a new grant, another pool or order, or something else', () => {
  assert.equal(differenceKind(given('allow', 'p1'), denied('explicit')), 'newly-denied')
  assert.equal(differenceKind(given('warn', 'p1'), denied('tags')), 'newly-denied')
  assert.equal(differenceKind(denied('tags'), given('steer', 'p1')), 'newly-allowed')
  assert.equal(differenceKind(given('allow', 'p1'), given('steer', 'p2')), 'other-pool')
  assert.equal(differenceKind(given('allow', 'p1', 'p2'), given('allow', 'p2', 'p1')), 'other-pool')
  assert.equal(differenceKind(given('allow', 'p1'), given('warn', 'p1')), 'other')
  assert.equal(differenceKind(denied('tags'), denied('explicit')), 'other')
})

test('where policy allows and only room is lacking, the candidate that denies denies anew', () => {
  assert.equal(differenceKind(denied('exhausted', ['p1']), denied('explicit')), 'newly-denied')
  assert.equal(differenceKind(denied('exhausted', ['p1']), given('allow', 'p2')), 'other-pool')
})
