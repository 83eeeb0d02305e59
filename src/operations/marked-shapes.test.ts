// Names in requests are replaced wherever a shape can hold one, or the operation cannot be defined.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { namingOf } from './names.native.ts'
import { accountName, nodeName, poolName } from './shapes.native.ts'

const within = (member: z.ZodType) => () => namingOf(z.strictObject({ member }))

test('a name behind what may be absent, in lists and in objects is looked for', () => {
  for (const member of [
    accountName.optional().describe('Whose.'),
    nodeName.nullable().default(null),
    z.array(z.strictObject({ inner: z.array(poolName) })),
  ]) {
    assert.equal(typeof within(member)(), 'function')
  }
  assert.equal(within(z.union([z.string(), z.number()]))(), undefined)
})

test('an operation whose names would pass as they are cannot be defined', () => {
  for (const [type, member] of [
    ['union', z.union([accountName, z.number()])],
    ['union', z.array(z.discriminatedUnion('kind', [z.object({ kind: z.literal('a'), node: nodeName })]))],
    ['record', z.record(z.string(), z.strictObject({ pool: poolName }))],
    ['tuple', z.tuple([z.string(), accountName])],
    ['intersection', z.intersection(z.object({ a: accountName }), z.object({ b: z.string() }))],
    ['pipe', accountName.transform((text) => text)],
    ['lazy', z.lazy(() => z.object({ deep: z.union([z.number(), accountName.optional()]) }))],
    ['readonly', z.array(accountName).readonly()],
  ] as const) {
    assert.throws(within(member), new RegExp(`bug: .*\`${type}\``), type)
  }
})

test('a shape that holds itself is looked through once', () => {
  const tree: z.ZodType = z.lazy(() => z.object({ children: z.array(tree) }))
  assert.equal(within(tree)(), undefined)
})
