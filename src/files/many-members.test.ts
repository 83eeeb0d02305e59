// Files with very many members are read with as much work as they have members: nobody's pipeline waits for what grows with their square.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readSource, readSources } from './sources.ts'

/** What looks through a list asks something of each that is in it. */
const looking = ['some', 'find', 'findIndex', 'findLast', 'every', 'filter', 'includes', 'indexOf'] as const
/** How many items of lists are looked through by some work. */
function looksOf(work: () => void): number {
  let looks = 0
  const lists = Array.prototype as unknown as Record<string, (...args: unknown[]) => unknown>
  const before = looking.map((name) => [name, lists[name]!] as const)
  for (const [name, original] of before) {
    lists[name] = function (this: unknown[], first: unknown, ...rest: unknown[]) {
      if (typeof first !== 'function') {
        looks += this.length
        return original.call(this, first, ...rest)
      }
      const counted = (...args: unknown[]) => {
        looks++
        return first(...args)
      }
      return original.call(this, counted, ...rest)
    }
  }
  try {
    work()
  } finally {
    for (const [name, original] of before) lists[name] = original
  }
  return looks
}

const many = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join('')
const texts: Readonly<Record<string, (count: number) => string>> = {
  'members that there are none of': (count) => `cadastre: 1\n${many(count, (index) => `k${index}: v\n`)}`,
  'items that are wrong': (count) => `cadastre: 1\nroleBindings:\n${'  - x\n'.repeat(count)}`,
  'values that are wrong': (count) =>
    `cadastre: 1\npools:\n  - name: one\n    tags:\n${many(count, (index) => `      k${index}: 1\n`)}`,
  'members that are right': (count) => `cadastre: 1\norganization:\n  tags:\n${many(count, (i) => `    k${i}: "v"\n`)}`,
  'one member again and again': (count) => `cadastre: 1\n${'k: v\n'.repeat(count)}`,
  'one member again and again in one line': (count) => `{ cadastre: 1, ${'k: v, '.repeat(count)} }`,
  'what is no YAML, in one line': (count) => `cadastre: 1\npools: [${'&a &b x, '.repeat(count)}]`,
}
for (const [name, text] of Object.entries(texts)) {
  test(`D1 ${name}: twice as many take twice the work`, () => {
    const [once, twice] = [500, 1_000].map((count) => looksOf(() => readSource('a.yaml', text(count))))
    assert(twice! < 2.5 * once! + 1_000, `${once} for 500, ${twice} for 1,000`)
  })
}

test('of very many problems the first thousand are told, each at its place', () => {
  const found = readSource('a.yaml', texts['members that there are none of']!(5_000))
  assert(Array.isArray(found))
  assert.equal(found.length, 1_000)
  assert.deepEqual([found[0]!.line, found[999]!.line, found[999]!.path], [2, 1_001, 'k999'])
  const wrong = readSource('a.yaml', texts['items that are wrong']!(5_000))
  assert(Array.isArray(wrong))
  assert.deepEqual([wrong.length, wrong[999]!.line], [1_000, 1_002])
})

test('a member that stands there twice is told where, also as a number and a text, and in maps of their own it may', () => {
  const told = (text: string) => {
    const found = readSource('a.yaml', text)
    return Array.isArray(found) ? found.map(({ line, column, problem }) => [line, column, problem]) : 'fine'
  }
  const twice = 'the member stands there twice'
  const pools = (tags: string) =>
    `cadastre: 1\npools:\n  - { name: one, scope: main/private, family: ipv4, tags: ${tags} }\n`
  assert.deepEqual(told(`${pools('{ a: "1", b: "2", a: "3" }')}`), [[3, 77, twice]])
  assert.deepEqual(told(`${pools('{ 1: "1", "1": "2" }')}`), [[3, 69, twice]])
  assert.equal(
    told(`${pools('{ a: "1" }')}  - { name: two, scope: main/private, family: ipv4, tags: { a: "1" } }\n`),
    'fine',
  )
})

test('files with more members than are read end with what to do', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cadastre-members-'))
  try {
    const text = `cadastre: 1\nroleBindings: [${'{principal: "user:a", role: auditor, node: a},'.repeat(1_000)}]\n`
    for (const file of ['a.yaml', 'b.yaml']) await writeFile(join(folder, file), text)
    const { sources } = await readSources(folder)
    assert.equal(sources.length, 2)
    const each = sources[0]!.memberCount
    assert.equal(each, 2 + 1_000 + 3_000)
    await assert.rejects(readSources(folder, { membersMax: 2 * each - 1 }), /more than 8003 members and items together/)
  } finally {
    await rm(folder, { recursive: true })
  }
})
