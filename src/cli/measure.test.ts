// Texts that are broken into lines of a terminal.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fold } from './measure.ts'

test('a text is broken between words, and what does not fit by itself has a line of its own', () => {
  assert.equal(fold('a bc def', 4), 'a bc\ndef')
  assert.equal(fold('abcdef g', 4), 'abcdef\ng')
  assert.equal(fold('日本 語', 4), '日本\n語')
  assert.equal(fold('a bc def'), 'a bc def')
})
