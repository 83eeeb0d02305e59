// Members that stand twice: found wherever they are, and nowhere else.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { findDuplicateMember } from './json-members.ts'

test('I3 a member that stands twice in its object is found by its place, however it is written', () => {
  for (const [json, place] of [
    ['{"a":1,"a":2}', ['a']],
    ['{"a":1,"\\u0061":2}', ['a']],
    ['{"a":{"b":1,"c":[0,{"d":1,"d":1}]}}', ['a', 'c', 1, 'd']],
    ['[{"a":1},{"a":1,"b":"}","a":2}]', [1, 'a']],
    ['{"a":"\\"","b":[",\\"a\\":"],"b":1}', ['b']],
    ['{"":1,"":2}', ['']],
    ['{"__proto__":1,"__proto__":2}', ['__proto__']],
  ] as const) {
    JSON.parse(json)
    assert.deepEqual(findDuplicateMember(json), place, json)
  }
})

test('I3 what any program writes has none', () => {
  fc.assert(fc.property(fc.json(), (json) => findDuplicateMember(json) === undefined))
  for (const json of ['{"a":{"a":{"a":[{"a":1},{"a":2}]}}}', '{"a":"a","b":"a"}', '1', '"a"', ' { "a" : [ ] } ']) {
    assert.equal(findDuplicateMember(json), undefined, json)
  }
})

test('I10 a body of the largest size is read through in a moment, whatever is in it', () => {
  for (const json of [
    '['.repeat(100_000) + ']'.repeat(100_000),
    `[${'{"a":1},'.repeat(100_000)}0]`,
    `{${Array.from({ length: 60_000 }, (_, n) => `"member-${n}":0`).join()}}`,
    `"${'\\\\'.repeat(500_000)}"`,
  ]) {
    const start = performance.now()
    assert.equal(findDuplicateMember(json), undefined)
    const took = performance.now() - start
    assert(took < 5_000, `${took} ms`)
  }
})
