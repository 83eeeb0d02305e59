// Claims about the ways in which a candidate can differ.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Denial } from './decision.ts'
import { nothing } from './denial.ts'
import { differenceKind } from './difference.ts'

const place = (pool: string, netmaskLength = 32) => ({ pool, netmaskLength })
const denied = (cause: Denial['cause'], pools: readonly string[] = [], setting = '') => ({
  outcome: 'deny' as const,
  denial: { cause, setting, value: { is: '' }, allowed: nothing },
  candidates: pools.map((pool) => place(pool)),
  onExhausted: 'deny' as const,
})
const given = (outcome: 'allow' | 'steer' | 'warn', ...pools: string[]) => ({
  outcome,
  candidates: pools.map((pool) => place(pool)),
  onExhausted: 'deny' as const,
})
/** A decision that was served from one of its pools: those before it have no room. */
const served = (pool: string, ...pools: string[]) => ({ ...given('allow', ...pools), pool })

test('a difference is a new denial, a new grant, another pool, another order, or something else', () => {
  assert.equal(differenceKind(given('allow', 'p1'), denied('explicit')), 'newly-denied')
  assert.equal(differenceKind(given('warn', 'p1'), denied('tags')), 'newly-denied')
  assert.equal(differenceKind(denied('tags'), given('steer', 'p1')), 'newly-allowed')
  assert.equal(differenceKind(given('allow', 'p1'), given('steer', 'p2')), 'other-pool')
  assert.equal(differenceKind(given('allow', 'p1', 'p2'), given('allow', 'p2', 'p1')), 'other-pool')
  assert.equal(differenceKind(given('allow', 'p1'), given('warn', 'p1')), 'other')
  assert.equal(differenceKind(denied('tags'), denied('explicit')), 'other')
  const smaller = { ...given('allow'), candidates: [place('p1', 28)] }
  assert.equal(differenceKind(served('p1', 'p1'), smaller), 'other')
})

test('the same outcome from the same first pool that has room is no difference; another order behind it is told as that', () => {
  assert.equal(differenceKind(served('p1', 'p1', 'p2', 'p3'), given('allow', 'p1', 'p2', 'p3')), undefined)
  assert.equal(differenceKind(served('p1', 'p1', 'p2', 'p3'), given('allow', 'p1', 'p3', 'p2')), 'other-order')
  assert.equal(differenceKind(served('p1', 'p1', 'p2'), given('allow', 'p1')), 'other-order')
  assert.equal(differenceKind(served('p1', 'p1'), { ...given('allow', 'p1'), onExhausted: 'provider' }), undefined)
  // p1 was tried in vain, so that both come from p2.
  assert.equal(differenceKind(served('p2', 'p1', 'p2'), given('allow', 'p2', 'p1')), 'other-order')
  assert.equal(differenceKind(served('p2', 'p1', 'p2'), given('allow', 'p1', 'p2')), undefined)
  assert.equal(differenceKind(served('p2', 'p1', 'p2'), given('allow', 'p1', 'p3')), 'other-pool')
  assert.equal(differenceKind(denied('tags', [], 'a'), denied('tags', [], 'a')), undefined)
})

test('where policy allows and only room is lacking, the candidate that denies denies anew', () => {
  const exhausted = denied('exhausted', ['p1'])
  assert.equal(differenceKind(exhausted, denied('explicit')), 'newly-denied')
  assert.equal(differenceKind(exhausted, given('allow', 'p2')), 'other-pool')
  assert.equal(differenceKind(exhausted, given('allow', 'p1')), undefined)
  assert.equal(differenceKind(exhausted, { ...given('allow', 'p1'), onExhausted: 'provider' }), 'other-pool')
})
