// The guide to policy settings says what the server checks.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { policySettingsFromTags, settingWords } from '#model/policy/tag-settings.ts'
import { settingsPage, withSettings } from '../scripts/settings-table.ts'

const page = readFileSync(settingsPage, 'utf8')

test('the table of settings is the vocabulary', () => {
  assert.equal(withSettings(page), page, 'run scripts/settings-table.ts and look at the difference')
  for (const { key } of settingWords) assert.ok(page.includes(`\`${key}\``), key)
})

test('every setting that the guide gives as an example is one that a policy takes', () => {
  const examples = [...page.matchAll(/Key=(cadastre:[^,]+),Value=(?:"([^"]+)"|(\S+))/g)]
  assert.ok(examples.length >= 5)
  const tags = examples.map(([, key, quoted, bare]) => ({ key: key!, value: quoted ?? bare! }))
  for (const tag of tags) {
    if (settingWords.some(({ key, on }) => on !== 'policy' && tag.key === key)) continue
    assert.equal(policySettingsFromTags([tag]).problem, undefined)
  }
})
