// The table of kinds: each entry is whole, and no two can be taken for one another.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatId, idKinds, kindOf, parseId } from './identifier.ts'
import { kinds, kindsWith } from './kinds.ts'

test('every identifier is of the kind that it was made for, and of no other', () => {
  for (const kind of idKinds) {
    const id = formatId(kind, '0a1b2', 7)
    assert.equal(kindOf(id), kind)
    assert.deepEqual(
      idKinds.filter((other) => parseId(other, '0a1b2', id) !== undefined),
      [kind],
    )
  }
})

test('no two kinds have one noun, or are told apart by nothing in their tags', () => {
  for (const member of ['noun', 'tagType', 'prefix'] as const) {
    const words = kindsWith(member).map((name) => (kinds[name] as { readonly [M in typeof member]: string })[member])
    assert.deepEqual([...new Set(words)], words, member)
  }
})

test('what is found, tagged or named has a noun to be refused by', () => {
  const nouns = new Set<string>(kindsWith('noun'))
  for (const member of ['read', 'tagType', 'plural'] as const) {
    for (const name of kindsWith(member)) assert.ok(nouns.has(name), name)
  }
  for (const name of kindsWith('plural')) assert.ok('tagType' in kinds[name], `the name of ${name} is a tag`)
})
