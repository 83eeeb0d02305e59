// Numbers made to look drawn: claims on small worlds.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { spread } from './spread.ts'

const digits = { alphabet: '0123456789', length: 4 }

test('a spread over a small shape gives every text exactly once', () => {
  for (const key of ['0a1b2', 'fffff']) {
    const texts = new Set(Array.from({ length: 10_000 }, (_, value) => spread(value, digits, key)))
    assert.equal(texts.size, 10_000)
    for (const text of texts) assert.match(text, /^\d{4}$/)
  }
})

test('halves of unequal length collide no more than equal ones', () => {
  const shape = { alphabet: 'abcdef', length: 5 }
  assert.equal(new Set(Array.from({ length: 6 ** 5 }, (_, value) => spread(value, shape, 'k'))).size, 6 ** 5)
})

test('numbers that follow each other give texts that do not', () => {
  const shape = { alphabet: '0123456789', length: 12 }
  const texts = Array.from({ length: 1000 }, (_, value) => spread(value, shape, '12345'))
  for (let place = 0; place < 12; place++) {
    assert.equal(new Set(texts.map((text) => text[place])).size, 10, `every digit is used at place ${place}`)
  }
  assert.equal(new Set(texts.map((text) => text.slice(0, 4))).size > 900, true)
})

test('another key gives another order', () => {
  assert.notEqual(spread(7, digits, '00001'), spread(7, digits, '00002'))
})

test('a number that the shape cannot hold is a bug', () => {
  assert.throws(() => spread(10_000, digits, 'k'), /bug/)
  assert.throws(() => spread(-1, digits, 'k'), /bug/)
  assert.throws(() => spread(0.5, digits, 'k'), /bug/)
})
