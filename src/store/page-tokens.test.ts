// Page tokens: they tell nothing, and only what was sealed opens.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createPageTokens } from './page-tokens.ts'

const tokens = createPageTokens(new Uint8Array(32).fill(7))
const place = 'named/bbb-secret-name\n111122223333'

test('a page token opens to its place, in the same context and under the same key alone', () => {
  const token = tokens.seal(place, 'listResources user:rosa')
  assert.equal(createPageTokens(new Uint8Array(32).fill(7)).open(token, 'listResources user:rosa'), place)
  assert.equal(tokens.open(token, 'listResources user:otto'), undefined)
  assert.equal(tokens.open(token, 'listAllocations user:rosa'), undefined)
  const other = createPageTokens(new Uint8Array(32).fill(8))
  assert.equal(other.open(token, 'listResources user:rosa'), undefined)
  fc.assert(
    fc.property(fc.string({ maxLength: 300, unit: 'binary' }), fc.string(), (text, context) => {
      assert.equal(tokens.open(tokens.seal(text, context), context), text)
    }),
  )
})

test('a page token tells nothing of its place, nor how long it is', () => {
  const token = tokens.seal(place, 'c')
  assert.doesNotMatch(Buffer.from(token, 'base64url').toString('latin1'), /secret|1111/)
  assert.equal(tokens.seal('', 'c').length, tokens.seal('x'.repeat(63), 'c').length)
  assert.equal(tokens.seal(place, 'c'), token)
  assert.notEqual(tokens.seal(place, 'd').slice(0, 16), token.slice(0, 16))
})

test('a page token that was altered in any byte, cut, or written otherwise is none', () => {
  const token = tokens.seal(place, 'c')
  const bytes = Buffer.from(token, 'base64url')
  for (let at = 0; at < bytes.length; at++) {
    const altered = Buffer.from(bytes)
    altered[at]! ^= 1
    assert.equal(tokens.open(altered.toString('base64url'), 'c'), undefined)
    assert.equal(tokens.open(bytes.subarray(0, at).toString('base64url'), 'c'), undefined)
  }
  for (const written of [
    `${token}=`,
    `${token} `,
    `${token}A`,
    '',
    'x',
    '7',
    Buffer.from('1:x').toString('base64url'),
  ]) {
    assert.equal(tokens.open(written, 'c'), undefined)
  }
})
