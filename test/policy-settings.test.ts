// The guide to policy settings gives examples that the server takes.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { settingsFromTags } from '#model/policy/tag-settings.ts'

const page = readFileSync(new URL('../docs/guide/policy-settings.md', import.meta.url), 'utf8')

test('every setting that the guide gives as an example is one that a policy takes', () => {
  const examples = [...page.matchAll(/Key=(cadastre:[^,]+),Value=(?:"([^"]+)"|(\S+))/g)]
  assert.ok(examples.length >= 5)
  for (const [, key, quoted, bare] of examples) {
    assert.equal(settingsFromTags('policy', [{ key: key!, value: quoted ?? bare! }]).problem, undefined, key!)
  }
})
