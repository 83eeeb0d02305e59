// Claims about the kinds of settings, on made-up ones.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Party } from './decision.ts'
import { choice } from './setting.ts'
import { gateOf, gates, settingNames, settingOf } from './settings.ts'

const party = (policy: string): Party => ({ policy, version: 1, target: '111111111111', owner: '111111111111' })
const colour = choice({
  word: 'colour',
  summary: 'Which colour.',
  values: ['red', 'amber', 'green'],
  initial: { strict: 'green', aws: 'green' },
})

test('a choice is the strictest that any document makes, and of equals the first', () => {
  const parts = (['green', 'amber', 'red', 'red'] as const).map((value, n) => ({ value, by: party(`policy-${n}`) }))
  assert.deepEqual(colour.merge(parts, undefined), parts[2])
  assert.deepEqual(colour.narrowed('green', parts[2]!), [{ by: parts[2]!.by, from: 'green', to: 'red' }])
})

test('a choice that was added leaves what it is by default out of the hash', () => {
  assert.equal(colour.canonical('green'), undefined)
  assert.equal(colour.canonical('red'), 'red')
})

test('a tag says one of the values, and nothing else', () => {
  assert.equal(colour.parse('amber'), 'amber')
  assert.equal(colour.parse('Amber'), undefined)
  assert.match(colour.allowed, /`red`, `amber`, `green`/)
})

test('what a document does not say is something that a tag can say, for each setting', () => {
  for (const name of settingNames) {
    const setting = settingOf(name)
    for (const compatibility of ['strict', 'aws'] as const) {
      const initial = setting.initial(compatibility)
      const told = setting.toTold(initial)
      const read = setting.parse(setting.spell(told))
      assert.equal(setting.comparable(read), setting.comparable(told), name)
      assert.deepEqual(setting.fromTold(told), initial, name)
    }
  }
})

test('each denial by a gate is told in the words of its setting', () => {
  for (const { name, gate } of gates) {
    const { word } = settingOf(name)
    assert.equal(gateOf({ cause: 'setting', setting: word }), gate, name)
  }
  assert.equal(gateOf({ cause: 'pool-rule', setting: 'required-tags' }), undefined)
})
