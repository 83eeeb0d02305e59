// What a JSON text may have: refused where it has more, before anything parses it, and never slow.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Refusal, Refused } from '#model/refusal.ts'
import { boundJson, jsonDepthMax, jsonTextLengthMax } from './json-bounds.ts'

const membersMax = 100

function refusalOf(text: string): Refusal | undefined {
  try {
    boundJson(text, { members: membersMax })
    return undefined
  } catch (error) {
    assert(error instanceof Refused)
    return error.refusal
  }
}
const tooLarge = (limit: number, unit: string) => ({ code: 'RequestTooLarge', limit, unit })

test('D7 depth, members and lengths are taken up to their bounds, and one more is refused', () => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
  assert.equal(refusalOf(nested(jsonDepthMax)), undefined)
  assert.deepEqual(refusalOf(nested(jsonDepthMax + 1)), tooLarge(jsonDepthMax, 'levels'))
  const list = (members: number): string => `[${Array.from({ length: members }, () => '1').join()}]`
  assert.equal(refusalOf(list(membersMax)), undefined)
  assert.deepEqual(refusalOf(list(membersMax + 1)), tooLarge(membersMax, 'members'))
  const text = (length: number): string => JSON.stringify({ a: 'x'.repeat(length) })
  assert.equal(refusalOf(text(jsonTextLengthMax)), undefined)
  assert.deepEqual(refusalOf(text(jsonTextLengthMax + 1)), tooLarge(jsonTextLengthMax, 'characters'))
})

test('D7 what stands in a text is neither depth nor a member', () => {
  assert.equal(refusalOf(JSON.stringify({ a: '[{,"\\'.repeat(1_000) })), undefined)
})

test('D7 whatever is sent in place of JSON ends', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('"', '\\', '[', ']', '{', '}', ',', 'a') }), (text) => {
      refusalOf(text)
    }),
  )
  for (const text of ['"', '"\\', '\\"', '"'.repeat(1_000_001)]) assert.equal(refusalOf(text), undefined)
})

test('D7 a body of the largest size that is nested or full of members is refused within its first characters', () => {
  for (const text of ['['.repeat(1_048_576), `{${'"a":1,'.repeat(150_000)}"b":1}`]) {
    let last = 0
    const watched = {
      length: text.length,
      charCodeAt(at: number): number {
        last = at
        return text.charCodeAt(at)
      },
    }
    assert.equal(refusalOf(watched as unknown as string)?.code, 'RequestTooLarge')
    assert(last < 1_000, `${last} characters were looked at`)
  }
})
