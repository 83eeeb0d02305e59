// Lists in pages: what goes on for ever is given up, whichever way.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pages, pagesMax } from './pages.ts'

test('pages that have names of their own are followed, and one that comes again ends the list', () => {
  const pages = new Pages()
  for (const next of ['a', 'b', 'c']) assert.equal(pages.problemOf(next), undefined)
  assert.match(pages.problemOf('b')!, /^has no end: /)
})

test('a list of very many pages, or with names without end, is given up', () => {
  const pages = new Pages()
  for (let count = 0; count < pagesMax; count++) assert.equal(pages.problemOf(String(count)), undefined)
  assert.match(pages.problemOf('one more')!, /^has more than 100000 pages$/)
  assert.equal(new Pages().problemOf('x'.repeat(16_384)), undefined)
  assert.match(new Pages().problemOf('x'.repeat(16_385))!, /more than 16384 characters/)
})
