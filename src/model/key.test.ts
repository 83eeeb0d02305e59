// Claims about keys that are made of several texts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { joinKey, splitKey } from './key.ts'

test('two lists of texts have one key exactly where they are the same list', () => {
  const part = fc.option(fc.stringMatching(/^[-:/\n 0-3a]{0,4}$/), { nil: undefined })
  const parts = fc.array(part, { maxLength: 4 })
  fc.assert(
    fc.property(parts, parts, (a, b) => {
      const isSame = a.length === b.length && a.every((one, n) => one === b[n])
      assert.equal(joinKey(...a) === joinKey(...b), isSame)
    }),
    { numRuns: 5_000 },
  )
  assert.notEqual(joinKey('a\nb', 'c'), joinKey('a', 'b\nc'))
  assert.notEqual(joinKey(''), joinKey(undefined))
})

test('a key has the texts that it was made of, and what stands behind them', () => {
  const part = fc.option(fc.string({ maxLength: 12 }), { nil: undefined })
  fc.assert(
    fc.property(fc.array(part, { maxLength: 5 }), fc.string({ maxLength: 5 }), (parts, rest) =>
      assert.deepEqual(splitKey(joinKey(...parts) + rest, parts.length), { parts, rest }),
    ),
  )
  for (const wrong of ['', '3:ab', 'x', '1:', ':a']) assert.equal(splitKey(wrong, 1), undefined)
})
