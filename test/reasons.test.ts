// What refusals say: every reason has words that are made of its facts, and no reason is in two catalogues.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { problemCatalogues } from '#model/problems/problem.ts'
import { catalogues, patternOf } from '../scripts/reasons.ts'

test('no reason of a problem is there twice: the one would be said for the other', () => {
  const reasons = Object.values(problemCatalogues).flatMap((catalogue) => Object.keys(catalogue))
  assert.deepEqual(
    reasons.filter((reason, at) => reasons.indexOf(reason) !== at),
    [],
  )
})

test('every reason says something, of its facts alone', () => {
  for (const [about, lines] of Object.entries(catalogues)) {
    for (const [reason, line] of Object.entries(lines)) {
      const said = patternOf(line)
      assert.match(said, /\S/, `${about}: ${reason}`)
      assert.doesNotMatch(said, /undefined|\[object|NaN/, `${about}: ${reason}`)
    }
  }
})

test('no two reasons of an area say the same', () => {
  for (const [about, lines] of Object.entries(catalogues)) {
    const said = Object.values(lines).map(patternOf)
    const twice = Object.keys(lines).filter((_, at) => said.indexOf(said[at]!) !== at)
    assert.deepEqual(twice, [], about)
  }
})
