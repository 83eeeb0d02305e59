// How much of what is taken back one sender may have in a minute.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Refused } from '#model/refusal.ts'
import { TryBudget, triersMax } from './tries.ts'

const limit = 100
const refusalOf = (budget: TryBudget, sender: string, now: number) => {
  try {
    budget.refuseBeyond(limit, sender, now)
  } catch (error) {
    assert(error instanceof Refused)
    return error.refusal
  }
  return undefined
}

test('a sender tries no more once they have spent what they may, until a minute from their first try is over', () => {
  const budget = new TryBudget('tries-spent')
  budget.spend('ann', 60, 1_000)
  assert.equal(refusalOf(budget, 'ann', 2_000), undefined)
  budget.spend('ann', 60, 2_000)
  assert.equal(budget.spentBy('ann', 2_000), 120)
  assert.partialDeepStrictEqual(refusalOf(budget, 'ann', 11_000), { code: 'Throttled', retryAfterSeconds: 50 })
  assert.equal(refusalOf(budget, 'bob', 11_000), undefined, 'others do')
  assert.partialDeepStrictEqual(refusalOf(budget, 'ann', 60_999), { code: 'Throttled', retryAfterSeconds: 1 })
  assert.equal(refusalOf(budget, 'ann', 61_000), undefined)
  assert.equal(budget.spentBy('ann', 61_000), 0)
  budget.spend('ann', 100, 61_000)
  assert.partialDeepStrictEqual(refusalOf(budget, 'ann', 61_000), { code: 'Throttled', retryAfterSeconds: 60 })
})

test('nobody waits for longer than a minute because the clock was set back', () => {
  const budget = new TryBudget('tries-spent')
  budget.spend('ann', limit, 1_000_000)
  assert.equal(refusalOf(budget, 'ann', 1_000), undefined)
})

test('of very many senders those are forgotten whose minute is over first', () => {
  const budget = new TryBudget('tries-spent')
  for (let n = 0; n <= triersMax; n++) budget.spend(`sender-${n}`, 1, n)
  assert.equal(budget.spentBy('sender-0', triersMax), 0)
  assert.equal(budget.spentBy('sender-1', triersMax), 1)
  assert.equal(budget.spentBy(`sender-${triersMax}`, triersMax), 1)
})
