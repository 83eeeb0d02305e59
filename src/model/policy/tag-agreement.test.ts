// Claims about fields and their superseded tags: whatever changes where, no tag says otherwise than the fields.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Tag } from '../tags.ts'
import { canonicalText, documentOf, type PolicyDocument } from './document.ts'
import { followTags, ruledBy, tagsInLine } from './tag-agreement.ts'
import { settingsFromTags } from './tag-settings.ts'
import { type Compatibility, compatibilityValues, onExhaustedValues, onExplicitValues } from './values.ts'

const locales = ['us-east-1', 'azure:westeurope'] as const
const types = ['eip', 'azure:public-ip'] as const
const pools = ['ipam-pool-1', 'ipam-pool-2', 'ipam-pool-3'] as const

interface World {
  readonly compatibility: Compatibility
  readonly documents: readonly PolicyDocument[]
  readonly tags: readonly Tag[]
}
const settingsIn = (tags: readonly Tag[]) => settingsFromTags('policy', tags).settings!
const textOf = (documents: readonly PolicyDocument[]): string =>
  canonicalText({ policyId: '', version: 1, ipamId: '', account: '', compatibility: 'strict', documents })
const isAt = (a: PolicyDocument, b: { locale: string; resourceType: string }): boolean =>
  a.locale === b.locale && a.resourceType === b.resourceType

// What may happen ----------------------------------------------------------------------------------------------------

const anySize = fc.constantFrom({ min: 16, default: 24, max: 28 }, { min: 20, default: 20, max: 22 })
const anyRequired = fc.constantFrom([], [{ key: 'env' }], [{ key: 'team', value: 'net' }, { key: 'env' }])
const anyWhen = fc.constantFrom(
  undefined,
  { accounts: ['111111111111'] },
  { tags: [{ key: 'env', values: ['a', 'b'] }] },
)
const anyPools = fc.subarray([...pools], { minLength: 1 })
const anyPair = fc.record({ locale: fc.constantFrom(...locales), resourceType: fc.constantFrom(...types) })

/** Somebody writes a document natively. */
const writing = fc
  .record({
    pair: anyPair,
    onExplicit: fc.option(fc.constantFrom(...onExplicitValues), { nil: undefined }),
    onExhausted: fc.option(fc.constantFrom(...onExhaustedValues), { nil: undefined }),
    size: fc.option(anySize, { nil: undefined }),
    requiredTags: anyRequired,
    rules: anyPools.chain((names) =>
      fc.tuple(...names.map((pool) => anyWhen.map((when) => (when ? { pool, when } : { pool })))),
    ),
  })
  .map(({ pair, onExplicit, onExhausted, size, requiredTags, rules }) => (world: World): World => {
    const params = { ...pair, onExplicit, onExhausted, size, requiredTags, rules }
    const document = documentOf(params, world.compatibility)
    const changes = tagsInLine(world.tags, document)
    assert('put' in changes)
    const tags = new Map(world.tags.map(({ key, value }) => [key, value]))
    for (const key of changes.removed) assert(tags.delete(key), 'only what is there is taken away')
    for (const { key, value } of changes.put) tags.set(key, value)
    return {
      ...world,
      documents: [...world.documents.filter((one) => !isAt(one, pair)), document],
      tags: [...tags].map(([key, value]) => ({ key, value })),
    }
  })

/** Somebody puts a tag, or takes one away, over EC2. */
const tagging = fc
  .record({
    word: fc.constantFrom(
      { key: 'on-explicit', values: [...onExplicitValues] },
      { key: 'on-exhausted', values: [...onExhaustedValues] },
      { key: 'size', values: ['16/24/28', '18/20/22', 'none'] },
      { key: 'required-tags', values: ['env', 'team=net,env', 'none'] },
      { key: 'compatibility', values: [...compatibilityValues] },
      { key: 'when', values: ['account=111111111111', 'tag:env=b,a', 'always'] },
    ),
    at: fc.nat(2),
    width: fc.constantFrom(0, 1, 2),
    pair: anyPair,
    pool: fc.constantFrom(...pools),
    isTaken: fc.boolean(),
  })
  .map(({ word, at, width, pair, pool, isTaken }) => (world: World): World => {
    const narrow = [pair.locale, pair.resourceType].slice(2 - width)
    const parts =
      word.key === 'compatibility' ? [] : word.key === 'when' ? [...(width === 2 ? narrow : []), pool] : narrow
    const key = [`cadastre:${word.key}`, ...parts].join('/')
    const others = world.tags.filter((tag) => tag.key !== key)
    const tags = isTaken ? others : [...others, { key, value: word.values[at % word.values.length]! }]
    const [before, after] = [settingsIn(world.tags), settingsIn(tags)]
    const compatibility =
      after.compatibility ?? (before.compatibility === undefined ? world.compatibility : ('strict' as const))
    const documents = world.documents.map((document) => followTags(document, { before, after, compatibility }))
    return { compatibility, documents, tags }
  })

/** Somebody lists pools over EC2. */
const listing = fc.record({ pair: anyPair, names: anyPools }).map(({ pair, names }) => (world: World): World => {
  const before = world.documents.find((document) => isAt(document, pair))
  const { tags, compatibility } = world
  const document = ruledBy(pair, names, { before, tags: settingsIn(tags), compatibility })
  return { ...world, documents: [...world.documents.filter((one) => !isAt(one, pair)), document] }
})

const empty: World = { compatibility: 'strict', documents: [], tags: [] }

test('whatever is changed where, no tag says otherwise than the fields', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(writing, tagging, listing), { maxLength: 12 }), (changes) => {
      const world = changes.reduce((world, change) => change(world), empty)
      for (const document of world.documents) {
        assert.deepEqual(tagsInLine(world.tags, document), { put: [], removed: [] })
      }
    }),
    { numRuns: 500 },
  )
})

test('a tag that is put again, or beside others, moves nothing', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(writing, tagging, listing), { maxLength: 12 }), (changes) => {
      const { tags, documents, compatibility } = changes.reduce((world, change) => change(world), empty)
      const told = settingsIn(tags)
      const again = documents.map((document) => followTags(document, { before: told, after: told, compatibility }))
      assert.equal(textOf(again), textOf(documents))
    }),
    { numRuns: 500 },
  )
})

test('with EC2 alone the fields are what the tags say, however they came to say it', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(tagging, listing), { maxLength: 12 }), (changes) => {
      const { tags, documents, compatibility } = changes.reduce((world, change) => change(world), empty)
      const anew = documents.map((document) =>
        ruledBy(
          document,
          document.rules.map(({ pool }) => pool),
          { tags: settingsIn(tags), compatibility },
        ),
      )
      assert.equal(textOf(documents), textOf(anew))
    }),
    { numRuns: 500 },
  )
})
