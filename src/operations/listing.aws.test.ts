// Filters: which items are found.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { worded } from '#model/problems/worded.ts'
import { type Refusal, Refused } from '#model/refusal.ts'
import { type Filter, filterBy, refuseIdsWithPaging } from './listing.aws.ts'

interface Item {
  readonly id: string
  readonly zones?: readonly string[]
  readonly tags?: Readonly<Record<string, string>>
}
const fields = { id: ({ id }: Item) => id, zone: ({ zones }: Item) => zones }
const tagsOf = ({ tags = {} }: Item) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
/** How often others had their turn. */
let turns = 0
const context = {
  tx: {
    nextTurn: async () => {
      turns++
    },
  },
}
const found = async (items: readonly Item[], ...Filters: Filter[]): Promise<string[]> =>
  (await filterBy(context, Filters, fields, tagsOf)(items)).flatMap((item) => item?.id ?? [])
const isFound = async (text: string, ...Values: string[]): Promise<boolean> =>
  (await found([{ id: text }], { Name: 'id', Values })).length > 0

async function refusalOf(work: () => unknown): Promise<Refusal> {
  try {
    await work()
  } catch (error) {
    if (error instanceof Refused) return error.refusal
    throw error
  }
  return assert.fail('not refused')
}

const items: readonly Item[] = [
  { id: 'a1', zones: ['east'], tags: { env: 'prod', team: 'shop' } },
  { id: 'a2', zones: ['east', 'west'], tags: { env: 'dev' } },
  { id: 'b1', tags: { ENV: 'prod', empty: '' } },
]

test('without filters everything is found', async () => {
  assert.deepEqual(await found(items), ['a1', 'a2', 'b1'])
  assert.deepEqual(await filterBy(context, undefined, fields)(items), items)
})

test('values of one filter are alternatives, several filters must all hold', async () => {
  assert.deepEqual(await found(items, { Name: 'id', Values: ['a1', 'b1', 'c1'] }), ['a1', 'b1'])
  const east = { Name: 'zone', Values: ['east'] }
  assert.deepEqual(await found(items, east, { Name: 'id', Values: ['a2', 'b1'] }), ['a2'])
  assert.deepEqual(await found(items, east, { Name: 'zone', Values: ['west'] }), ['a2'])
  assert.deepEqual(await found(items, east, { Name: 'id', Values: ['b1'] }), [])
})

test('an item without the field is not found by it, not even by `*`', async () => {
  assert.deepEqual(await found(items, { Name: 'zone', Values: ['*'] }), ['a1', 'a2'])
})

test('tags are found by key and value in their own case, by key alone, and by an empty value', async () => {
  assert.deepEqual(await found(items, { Name: 'tag:env', Values: ['prod'] }), ['a1'])
  assert.deepEqual(await found(items, { Name: 'tag:env', Values: ['*'] }), ['a1', 'a2'])
  assert.deepEqual(await found(items, { Name: 'tag-key', Values: ['team', 'ENV'] }), ['a1', 'b1'])
  assert.deepEqual(await found(items, { Name: 'tag:empty', Values: [''] }), ['b1'])
  assert.deepEqual(await found(items, { Name: 'tag:team', Values: [''] }), [])
})

test('`*` is any text, `?` one character, and a backslash takes their meaning away', async () => {
  for (const [pattern, yes, no] of [
    ['a*', ['a', 'ab', 'a*'], ['ba', '', 'A']],
    ['*b', ['b', 'aab'], ['ba']],
    ['a*b*c', ['abc', 'axxbyyc', 'abcbc'], ['acb', 'abcd']],
    ['a?c', ['abc', 'a?c'], ['ac', 'abbc']],
    ['*', ['', 'anything'], []],
    ['?', ['x', '*'], ['', 'xy']],
    ['a\\*', ['a*'], ['ab', 'a\\*', 'a\\b']],
    ['\\?', ['?'], ['x']],
    ['a\\\\*', ['a\\', 'a\\bc'], ['a*', 'ab']],
    ['a\\', ['a\\'], ['a']],
    ['a.c+(', ['a.c+('], ['abc+(', 'a.cc(']],
  ] as const) {
    for (const text of yes) assert.ok(await isFound(text, pattern), `${pattern} finds ${text}`)
    for (const text of no) assert.ok(!(await isFound(text, pattern)), `${pattern} does not find ${text}`)
  }
})

test('wildcards find what a regular expression of the same meaning finds', async () => {
  const texts = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '\\'), maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(texts, texts, async (pattern, text) => {
      const source = pattern.replace(/\\(.)|./gs, (token, escaped?: string) => {
        if (token === '*') return '.*'
        if (token === '?') return '.'
        const literal = escaped ?? token
        return /\w/.test(literal) ? literal : `\\${literal}`
      })
      assert.equal(await isFound(text, pattern), new RegExp(`^${source}$`, 's').test(text))
    }),
    { numRuns: 5000 },
  )
})

test('a pattern made to be slow is not', async () => {
  const text = 'a'.repeat(10_000)
  const startedAt = performance.now()
  for (const pattern of [
    `${'*a'.repeat(100)}*b`,
    `${'a*'.repeat(100)}b`,
    `${'*?'.repeat(100)}b`,
    `${'*'.repeat(250)}b`,
    `*${'a'.repeat(2_000)}b`,
  ]) {
    assert.ok(!(await isFound(text, pattern)))
  }
  // Some hundred milliseconds at most; a backtracking matcher would not live to see the end.
  assert.ok(performance.now() - startedAt < 10_000)
})

test('D7 where many characters are compared others have their turn, within a list of items and for few filters never', async () => {
  const many = Array.from({ length: 1_000 }, (_, n): Item => ({ id: 'a'.repeat(100) + n }))
  turns = 0
  await found(many, { Name: 'id', Values: ['*b*', 'c?', 'a1', 'a2'] })
  assert.equal(turns, 0)
  await found(many, { Name: 'id', Values: Array.from({ length: 15 }, (_, n) => `*${'a'.repeat(99)}b${n}`) })
  assert.ok(turns > 50, `${turns} turns`)
})

test('D7 wildcards have so many characters in one request, in all filters together', async () => {
  const half = (letter: string) => ({ Name: 'id', Values: [`*${letter.repeat(1_023)}`] })
  assert.deepEqual(await found(items, half('a'), half('b'), { Name: 'id', Values: ['a'.repeat(3_000)] }), [])
  assert.deepEqual(await refusalOf(() => found(items, half('a'), half('b'), { Name: 'id', Values: ['?'] })), {
    code: 'InvalidParameterValue',
    field: 'Filter.3.Value',
    value: '2049',
    problem: worded('values with wildcards may have 2048 characters together in a request'),
  })
})

test('an unknown filter is refused, naming those that there are', async () => {
  const refusal = await refusalOf(() => found(items, { Name: 'colour', Values: ['red'] }))
  assert.deepEqual(refusal, { code: 'InvalidFilter', name: 'colour', allowed: ['id', 'zone', 'tag:<key>', 'tag-key'] })
  const withoutTags = await refusalOf(() => filterBy(context, [{ Name: 'tag:env', Values: ['x'] }], fields))
  assert.deepEqual(withoutTags, { code: 'InvalidFilter', name: 'tag:env', allowed: ['id', 'zone'] })
  for (const Name of ['constructor', '__proto__', 'toString', '']) {
    assert.equal((await refusalOf(() => found(items, { Name, Values: ['x'] }))).code, 'InvalidFilter')
  }
})

test('a filter has a name and at most 200 values, and without any it finds nothing', async () => {
  const good = { Name: 'id', Values: ['a1'] }
  const code = (...filters: Filter[]) => refusalOf(() => found(items, ...filters))
  assert.deepEqual(await code(good, { Values: ['x'] }), { code: 'MissingParameter', field: 'Filter.2.Name' })
  assert.deepEqual(await found(items, { Name: 'id' }), [])
  assert.deepEqual(await found(items, good, { Name: 'id', Values: [] }), [])
  assert.deepEqual(await found(items, { Name: 'id', Values: new Array(200).fill('a1') }), ['a1'])
  assert.equal((await code({ Name: 'id', Values: new Array(201).fill('a1') })).code, 'InvalidParameterValue')
})

test('a list of ids is complete by itself: it goes with no page size', async () => {
  refuseIdsWithPaging(['vpc-1'], 'VpcIds', {})
  refuseIdsWithPaging([], 'VpcIds', { MaxResults: 5 })
  refuseIdsWithPaging(undefined, 'VpcIds', { MaxResults: 5 })
  const refusal = await refusalOf(() => refuseIdsWithPaging(['vpc-1'], 'VpcIds', { MaxResults: 5 }))
  assert.equal(refusal.code, 'InvalidParameterCombination')
})
