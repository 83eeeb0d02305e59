// Claims about keys that are made of several texts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { joinKey } from './key.ts'

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
