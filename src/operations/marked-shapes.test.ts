// Names in requests are replaced wherever a shape can hold one, or the operation cannot be defined.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { namingOf } from './names.native.ts'
import { accountName, nameMarks, nodeName, poolName } from './shapes.native.ts'
import { nativeOperations } from './table.native.ts'

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

/** Members that hold an id for which no name is looked up, and why. */
const byIdAlone: Readonly<Record<string, string>> = {
  sourceId: 'a source goes by its name too, which is its own and no tag',
  'listObservations.account': 'as the source calls it',
  'listDifferences.account': 'by its number, or as the source calls it',
  'adoptDifferences.account': 'the same',
  'ignoreDifferences.account': 'the same',
  'releaseDifferences.account': 'the same',
  'askOwnersOfDifferences.account': 'the same',
  differenceId: 'differences have no names',
  tokenId: 'tokens have no names',
  madeWith: 'tokens have no names',
  bindingId: 'role bindings have no names',
  exceptionId: 'exceptions have no names',
  findingId: 'findings have no names',
  subscriptionId: 'subscriptions have no names',
  deliveryId: 'deliveries have no names',
  decisionId: 'decisions have no names',
  resourceDiscoveryId: 'discoveries have no names',
  changeId: 'changes have no names',
  changeRequestId: 'change requests have no names',
  simulationId: 'simulations have no names',
  'proposeChange.poolId': 'a pool that is watched is kept by its id',
  'updateChangeRequest.poolId': 'the same',
  externalId: 'what an account is called in its cloud is said here',
  'createAccount.account': 'the number that it is to have',
  'createAccounts.account': 'the number that it is to have',
  'createAllocation.resourceId': 'what it is called elsewhere is said here',
  'createAllocations.resourceId': 'what it is called elsewhere is said here',
  'confirmAllocation.resourceId': 'what it is called elsewhere is said here',
  'requestException.resourceId': 'what it is called elsewhere is said here',
  resource: 'what it is called elsewhere, whoever has it',
  'getResource.resourceId': 'goes by more names than others: `findResource` knows them',
  'updateSeenResource.resourceId': 'some of what it names is only observed: each is said as it is listed',
  inside: 'goes by more names than others: `networksCalled` knows them',
}
const holdsId =
  /Ids?$|^(?:account|accounts|inside|madeWith|managementAccount|node|organizationalUnits|parent|policy|pool|pools|resource|sharedWith|subject|target|usableBy)$/

/** The texts of a request, by the members that hold them. */
function* textsIn(schema: z.core.$ZodType, member = ''): Generator<readonly [member: string, schema: z.core.$ZodType]> {
  const { def } = (schema as z.core.$ZodTypes)._zod
  if (nameMarks.get(schema) || def.type === 'string') yield [member, schema]
  else if (def.type === 'object') for (const [name, one] of Object.entries(def.shape)) yield* textsIn(one, name)
  else if (def.type === 'array') yield* textsIn(def.element, member)
  else if (def.type === 'optional' || def.type === 'nullable' || def.type === 'default')
    yield* textsIn(def.innerType, member)
}

test('why somebody does something is told in text that can be read', () => {
  const told = nativeOperations.flatMap(({ name, input, access }) =>
    [...textsIn(input)].flatMap(([member, text]) =>
      access === 'write' && /^(?:reason|note|emergency)$/.test(member) ? [{ at: `${name}.${member}`, text }] : [],
    ),
  )
  assert(told.length > 20)
  const takes = (text: z.core.$ZodType, given: string) => z.safeParse(text, given).success
  for (const given of ['', ' ', '\u200b', ' \u2800\ufe0f ']) {
    assert.deepEqual(
      told.filter(({ text }) => takes(text, given)).map(({ at }) => at),
      [],
      JSON.stringify(given),
    )
  }
  assert(told.every(({ text }) => takes(text, 'It burns')))
})

test('whatever takes the id of something that goes by a name takes the name too, and says so', () => {
  const used = new Set<string>()
  const missing: string[] = []
  for (const { name: operation, input } of nativeOperations) {
    for (const [member, schema] of textsIn(input)) {
      const mark = nameMarks.get(schema)
      if (mark?.isNumber) continue
      if (mark) {
        const { description } = z.globalRegistry.get(schema) as { readonly description: string }
        if (!/\bname\b/.test(description)) missing.push(`${operation}.${member}: ${description}`)
        continue
      }
      if (!holdsId.test(member)) continue
      const excused = [`${operation}.${member}`, member].find((one) => Object.hasOwn(byIdAlone, one))
      if (excused) used.add(excused)
      else missing.push(`${operation}.${member}`)
    }
  }
  assert.deepEqual(missing, [])
  assert.deepEqual([...used].sort(), Object.keys(byIdAlone).sort(), 'an excuse that nothing needs any more')
})
