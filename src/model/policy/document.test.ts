// Claims about the canonical text that a version is hashed by.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalText, withAllSettings } from './document.ts'
import type { PolicySettings } from './settings.ts'
import { documentOf, policy } from './testdata/world.ts'

const eip = documentOf(['p1', 'p2'], {
  requiredTags: [{ key: 'a' }, { key: 'b', value: 'c' }],
  size: { min: 1, default: 2, max: 3 },
})
const rnat = documentOf(
  ['p1'],
  {},
  {
    resourceType: 'rnat',
    rules: [{ pool: 'p1', when: { accounts: ['2', '1'], tags: [{ key: 'k', values: ['y', 'x'] }] } }],
  },
)

test('versions that mean the same have the same text, whatever the order of what has none', () => {
  const shuffledTags = { ...eip, settings: { ...eip.settings, requiredTags: eip.settings.requiredTags.toReversed() } }
  const shuffledRule = {
    ...rnat,
    rules: [{ when: { tags: [{ values: ['x', 'y'], key: 'k' }], accounts: ['1', '2'] }, pool: 'p1' }],
  }
  assert.equal(
    canonicalText(policy('a', [eip, rnat])),
    canonicalText(policy('b', [shuffledRule, shuffledTags, documentOf([], {}, { locale: 'x' })], { version: 7 })),
  )
})

test('any change of meaning changes the text', () => {
  const texts = [
    policy('a', [eip]),
    policy('a', [rnat]),
    policy('a', [eip], { compatibility: 'aws' }),
    policy('a', [{ ...eip, rules: eip.rules.toReversed() }]),
    policy('a', [{ ...eip, locale: 'eu-west-1' }]),
    policy('a', [{ ...eip, settings: { ...eip.settings, onExplicit: 'allow' } }]),
    policy('a', [{ ...eip, settings: { ...eip.settings, onExhausted: 'provider' } }]),
    policy('a', [{ ...eip, settings: { ...eip.settings, size: undefined, sizeIpv6: eip.settings.size } }]),
    policy('a', [{ ...eip, settings: { ...eip.settings, requiredTags: [{ key: 'a' }] } }]),
    policy('a', [{ ...eip, rules: eip.rules.map((rule) => ({ ...rule, when: { accounts: ['1'] } })) }]),
  ].map(canonicalText)
  assert.equal(new Set(texts).size, texts.length)
})

test('a tag with a value and a tag whose key has a `=` are not the same content', () => {
  const textOf = (requiredTags: PolicySettings['requiredTags']) =>
    canonicalText(policy('net', [documentOf(['p1'], { requiredTags })]))
  assert.notEqual(textOf([{ key: 'a=b' }]), textOf([{ key: 'a', value: 'b' }]))
  assert.notEqual(textOf([{ key: 'a', value: '' }]), textOf([{ key: 'a=' }]))
  // Those that could always be told apart keep their text, and so their hash.
  assert.match(textOf([{ key: 'a', value: 'b' }, { key: 'c' }]), /"requiredTags":\["a=b","c"\]/)
})

test('a document from before a setting was there has its default, as the compatibility says', () => {
  const { onExplicit: _, requiredTags: __, ...settings } = eip.settings
  const body = (compatibility: 'strict' | 'aws') => ({
    compatibility,
    documents: [{ ...eip, settings: settings as PolicySettings }, rnat],
  })
  for (const [compatibility, onExplicit] of [
    ['strict', 'deny'],
    ['aws', 'allow'],
  ] as const) {
    const { documents } = withAllSettings(body(compatibility))
    assert.deepEqual(documents[0]!.settings, { ...settings, onExplicit, requiredTags: [] })
    assert.equal(documents[1], rnat)
  }
})
