// What two states of an object differ in: only what says something else.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { differenceOf } from './object-difference.ts'

test('members that differ are told with both values, in the order of their names, and others are not', () => {
  const before = { id: 'a', size: 1, tags: [{ key: 'x', value: '1' }], note: 'old' }
  const after = { note: undefined, tags: [{ value: '1', key: 'x' }], size: 2, id: 'a', added: false }
  assert.deepEqual(differenceOf(before, after), [
    { member: 'added', after: false },
    { member: 'note', before: 'old' },
    { member: 'size', before: 1, after: 2 },
  ])
})

test('of an object that was made or has ended, every member is told', () => {
  assert.deepEqual(differenceOf(undefined, { a: 1, b: null }), [{ member: 'a', after: 1 }])
  assert.deepEqual(differenceOf({ a: 0 }, undefined), [{ member: 'a', before: 0 }])
  assert.deepEqual(differenceOf(undefined, undefined), [])
})

test('an order that matters is a difference: the order of a list', () => {
  assert.deepEqual(differenceOf({ a: [1, 2] }, { a: [2, 1] }), [{ member: 'a', before: [1, 2], after: [2, 1] }])
})
