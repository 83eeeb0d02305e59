// Claims about tags.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { problemInWords } from './problems/problem.ts'
import { findTagProblem, hasTooManyTags, isSetting, mergeTags } from './tags.ts'

const tag = (key: string, value = '') => ({ key, value })

test('a key has 1 to 128 characters and a value up to 256, counted as people count', () => {
  assert.equal(findTagProblem([tag('k'.repeat(128), 'v'.repeat(256)), tag('😀'.repeat(128))]), undefined)
  for (const bad of [tag(''), tag('k'.repeat(129)), tag('k', 'v'.repeat(257)), tag('a\nb'), tag('a', '\u0000')]) {
    assert.equal(findTagProblem([bad])?.key, bad.key)
  }
})

test('the prefix aws: is reserved, in whatever case', () => {
  for (const key of ['aws:x', 'AWS:x', 'Aws:'])
    assert.match(problemInWords(findTagProblem([tag(key)])!.problem), /reserved/)
  assert.equal(findTagProblem([tag('awsome')]), undefined)
})

test('a key is given once, and keys differ by case', () => {
  assert.match(problemInWords(findTagProblem([tag('a'), tag('a')])!.problem), /more than once/)
  assert.equal(findTagProblem([tag('a'), tag('A')]), undefined)
})

test('fifty tags are allowed, and those of AWS do not count', () => {
  const fifty = Array.from({ length: 50 }, (_, i) => tag(`k${i}`))
  assert(!hasTooManyTags([...fifty, tag('aws:x')]))
  assert(hasTooManyTags([...fifty, tag('one more')]))
  assert.equal(mergeTags(fifty, [tag('k0', 'new')]).length, 50)
})

test('settings are told by their prefix', () => {
  assert(isSetting('cadastre:mode') && !isSetting('Cadastre:mode') && !isSetting('cadastre'))
})
