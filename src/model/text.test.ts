// What cannot be kept is found wherever it stands, and shown so that it can be read.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findUnfitText } from './text.ts'

test('NUL and half a surrogate pair are found in values, names, lists and depths, and nothing else is', () => {
  const problem = 'it must be text without NUL and without half characters'
  assert.deepEqual(findUnfitText({ name: 'a\0b' }), { field: 'name', value: 'a\u{2400}b', problem })
  assert.deepEqual(findUnfitText({ list: ['a', { x: '\ud83d' }] })?.field, 'list.1.x')
  assert.deepEqual(findUnfitText({ tags: { 'k\0': 'v' } }), { field: 'tags.k\u{2400}', value: 'k\u{2400}', problem })
  const fine = {
    name: '😀\n\u0001',
    tags: { ключ: 'é' },
    at: new Date(0),
    n: 1,
    no: null,
    bytes: new Uint8Array(3),
    u: undefined,
  }
  assert.equal(findUnfitText(fine), undefined)
})
