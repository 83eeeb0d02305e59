// Claims about queries: what two readers could understand differently is refused, and nothing else.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Refused } from '#model/refusal.ts'
import { cutFacts } from '../wording.ts'
import { checkQuery } from './query.ts'

const refusalOf = (url: string) => {
  try {
    checkQuery(url)
    return undefined
  } catch (error) {
    assert(error instanceof Refused)
    return cutFacts(error.refusal)
  }
}

test('A5 a parameter stands in a query once, however its name is spelled', () => {
  for (const url of ['/x?a=1&a=2', '/x?a&a', '/x?a=1&b=2&%61=3', '/x?a+b=1&a%20b=2', '/x?=1&=2', '/x?a=1&&a=1']) {
    const refusal = refusalOf(url)
    assert.equal(refusal?.code, 'DuplicateParameter', url)
  }
  for (const url of [
    '/x',
    '/x?',
    '/x?a=1',
    '/x?a=1&b=1',
    '/x?a=1&A=1',
    '/x?a=b%3Dc&a%3D=1',
    '/x?q=%E2%82%AC&&',
    '/x?a=b=c',
  ])
    assert.equal(refusalOf(url), undefined, url)
})

test('A5 a URL is ASCII, and its query percent-encoded UTF-8', () => {
  for (const url of ['/x?a=%', '/x?a=%zz', '/x?a=%ff', '/x?%c3=1', '/x?a=%ed%a0%80', '/x?a=%c0%80'])
    assert.match((refusalOf(url) as { problem?: string })?.problem ?? '', /no character of UTF-8/, url)
  for (const url of ['/x?a=\u00ff', '/x?a=\u{1f600}', '/\u00e9', '/x?a=b c'])
    assert.match((refusalOf(url) as { problem?: string })?.problem ?? '', /must be percent-encoded/, url)
})
