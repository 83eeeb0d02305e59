// The score: what complies of what has to, with exempt and unknown beside it and in neither.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addCounts, applicableOf, noCounts, scoreOf } from './score.ts'

const counts = (given: Partial<typeof noCounts>) => addCounts(noCounts, given)

test('what is exempt, unmanaged or unknown is in no score', () => {
  assert.equal(scoreOf(counts({ compliant: 3, noncompliant: 1 })), 75)
  assert.equal(scoreOf(counts({ compliant: 3, noncompliant: 1, exempt: 100, unmanaged: 7, unknown: 9 })), 75)
  assert.equal(applicableOf(counts({ compliant: 3, noncompliant: 1, exempt: 100, unmanaged: 7, unknown: 9 })), 104)
})

test('whoever sets a finding aside raises no score', () => {
  assert.equal(scoreOf(counts({ compliant: 1, ignored: 1 })), scoreOf(counts({ compliant: 1, noncompliant: 1 })))
})

test('nothing has no score, and all is 100 only where all is', () => {
  assert.equal(scoreOf(noCounts), undefined)
  assert.equal(scoreOf(counts({ exempt: 5 })), undefined)
  assert.equal(scoreOf(counts({ compliant: 999_999, noncompliant: 1 })), 99.9)
  assert.equal(scoreOf(counts({ compliant: 5 })), 100)
})
