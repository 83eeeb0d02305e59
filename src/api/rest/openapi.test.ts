// The OpenAPI document: valid for others, small, everything by one name, and every example true.
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { createConfig, lintFromString } from '@redocly/openapi-core'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { finish } from '#model/steps.ts'
import { nativeDownloads, nativeIntakes, nativeOperations, nouns } from '#operations/table.native.ts'
import { textInSteps } from './description.ts'
import { describeApi, describeInSteps } from './openapi.ts'
import { partsOf, shapeOf } from './parts.ts'
import { statuses } from './problem.ts'

interface Schema {
  readonly description?: string
  readonly $ref?: string
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly examples?: readonly unknown[]
  readonly additionalProperties?: unknown
  readonly allOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
}
interface Media {
  readonly schema: Schema
}
interface Response {
  readonly $ref?: string
  readonly headers?: Readonly<Record<string, { readonly $ref: string }>>
  readonly content?: Readonly<Record<string, Media>>
}
interface Parameter {
  readonly $ref?: string
  readonly name: string
  readonly in: string
  readonly required?: true
  readonly schema: Schema
}
interface Described {
  readonly operationId: string
  readonly tags: readonly string[]
  readonly parameters: readonly Parameter[]
  readonly requestBody?: { readonly required?: true; readonly content: Readonly<Record<string, Media>> }
  readonly responses: Readonly<Record<string, Response>>
  readonly 'x-problem-codes'?: readonly string[]
}
interface Document {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>
    readonly parameters: Readonly<Record<string, Parameter>>
    readonly responses: Readonly<Record<string, Response>>
    readonly headers: object
  }
}

const text = JSON.stringify(describeApi({ version: '1.2.3', prefix: '/api/v1' }))
const document = JSON.parse(text) as Document
const { components, paths } = document
const described = new Map(
  Object.values(paths)
    .flatMap((methods) => Object.values(methods))
    .map((one) => [one.operationId, one]),
)
const nameIn = (ref: string): string => ref.split('/').at(-1)!
const schemaOf = (schema: Schema): Schema => (schema.$ref ? components.schemas[nameIn(schema.$ref)]! : schema)
const parametersOf = ({ parameters }: Described): Parameter[] =>
  parameters.map((one) => (one.$ref ? components.parameters[nameIn(one.$ref)]! : one))
function answerOf({ responses }: Described): Response {
  const answer = responses[Object.keys(responses).find((status) => status.startsWith('2'))!]!
  return answer.$ref ? components.responses[nameIn(answer.$ref)]! : answer
}
const bodyOf = ({ requestBody }: Described): Schema | undefined => requestBody?.content['application/json']?.schema
const jsonOf = (response: Response): Schema | undefined => response.content?.['application/json']?.schema

/** Every schema with a keyword, wherever it stands. */
function schemasWith(keyword: keyof Schema, value: unknown = document): Schema[] {
  if (typeof value !== 'object' || value === null) return []
  const own = keyword in value && typeof (value as Schema)[keyword] === 'string' ? [value as Schema] : []
  return [...own, ...Object.values(value).flatMap((member) => schemasWith(keyword, member))]
}

// As a whole ---------------------------------------------------------------------------------------------------------

test('the description has an entry for each definition, and no other, under the tag of its noun', () => {
  assert.equal(document.openapi, '3.1.0')
  const all = [...nativeOperations, ...nativeIntakes, ...nativeDownloads]
  assert.deepEqual([...described.keys()].sort(), all.map(({ name }) => name).sort())
  for (const { name, operations, intakes = [], downloads = [] } of nouns) {
    for (const operation of [...operations, ...intakes, ...downloads])
      assert.deepEqual(described.get(operation.name)!.tags, [name])
  }
})

test('two validators that share no code accept the description', async () => {
  const { valid, errors } = await new Validator().validate(JSON.parse(text))
  assert.ok(valid, JSON.stringify(errors))
  const config = await createConfig({
    extends: ['recommended'],
    // What any operation may refuse is described as `default`.
    rules: { 'operation-4xx-response': 'off' },
  })
  const problems = await lintFromString({ source: text, absoluteRef: 'openapi.json', config })
  assert.deepEqual(
    problems.map(({ ruleId, message, location }) => `${ruleId} at ${location[0]?.pointer}: ${message}`),
    [],
  )
})

test('the description is small: less than 2,400 bytes for each operation, examples included, and 900 without what it names', () => {
  const count = nativeOperations.length + nativeIntakes.length + nativeDownloads.length
  for (const [what, max] of [
    [document, 2_400],
    [paths, 900],
  ] as const) {
    const bytesPerOperation = Buffer.byteLength(JSON.stringify(what)) / count
    assert.ok(bytesPerOperation < max, `${bytesPerOperation} bytes`)
  }
})

test('it is made in steps of an operation, a path or a schema each, so that it holds nobody up', () => {
  const steps = describeInSteps({ version: '1.2.3', prefix: '/api/v1' })
  let count = 0
  let step = steps.next()
  for (; !step.done; step = steps.next()) count++
  assert.equal(JSON.stringify(step.value), text)
  const parts = [document.paths, ...Object.values(document.components)].flatMap((one) => Object.keys(one))
  assert.ok(count >= nativeOperations.length + parts.length, `${count} steps`)
})

test('it is written in steps of a path or a schema each', () => {
  const steps = textInSteps(document)
  let count = 0
  let step = steps.next()
  for (; !step.done; step = steps.next()) count++
  assert.equal(step.value, text)
  const parts = [document.paths, ...Object.values(document.components)].flatMap((one) => Object.keys(one))
  assert.ok(count >= parts.length, `${count} steps`)
  const whole = { a: undefined, b: [undefined, 1], c: null, d: { e: { f: { g: 'h' } } }, i: 'j' }
  assert.equal(finish(textInSteps(whole)), JSON.stringify(whole))
})

test('what several operations take or answer is said once', () => {
  const said = [...described.values()].flatMap(({ parameters, responses }) => [
    ...parameters,
    ...Object.values(responses),
  ])
  const repeated = [
    ...Map.groupBy(
      said.map((one) => JSON.stringify(one)),
      (one) => one,
    ),
  ]
    .filter(([text, some]) => some.length > 1 && !text.startsWith('{"$ref"'))
    .map(([text]) => text)
  assert.deepEqual(repeated, [])
})

test('what is taken and answered has a name, one for each thing, and so has every item of a list', () => {
  for (const [name, operation] of described) {
    const taken = bodyOf(operation)
    if (taken) assert.ok(taken.$ref, `${name} takes something without a name`)
    const shown = jsonOf(answerOf(operation))
    if (!shown) continue
    assert.ok(shown.$ref, `${name} answers something without a name`)
    const { items } = schemaOf(shown).properties ?? {}
    if (items) assert.ok(items.items?.$ref, `${name} lists something without a name`)
  }
  const nounsNamed = [
    'Account',
    'Allocation',
    'Ipam',
    'Policy',
    'PolicyException',
    'Pool',
    'RoleBinding',
    'Scope',
    'Token',
  ]
  for (const name of nounsNamed) assert.ok(components.schemas[name], name)
})

test('no object is without a name', () => {
  for (const [name, schema] of Object.entries(components.schemas)) {
    const inside = JSON.stringify({ ...schema, properties: undefined, examples: undefined, members: schema.properties })
    assert.doesNotMatch(inside, /"properties":/, name)
  }
  assert.doesNotMatch(JSON.stringify([paths, components.parameters, components.responses]), /"properties":/)
})

test('what is referred to by name stands alone, but for what is said of it where it stands', () => {
  for (const { $ref, ...rest } of schemasWith('$ref')) {
    assert.deepEqual(
      Object.keys(rest).filter((name) => name !== 'description' && name !== 'default'),
      [],
      String($ref),
    )
  }
})

test('patterns mean the same in every language: no classes of Unicode, no looking around, no digits but our own', () => {
  const patterns = new Set(schemasWith('pattern').map(({ pattern }) => pattern!))
  assert.ok(patterns.size > 5)
  for (const pattern of patterns) {
    assert.doesNotMatch(pattern, /\\[^x.]|\(\?/, pattern)
    assert.equal(new RegExp(pattern).source, new RegExp(pattern, 'u').source)
  }
})

test('the pattern of a resource id is what the server checks', () => {
  const pattern = new RegExp(components.schemas.ResourceId!.pattern!)
  for (let code = 0; code < 0x3000; code++) {
    const character = String.fromCodePoint(code)
    assert.equal(pattern.test(character), /^\P{Cc}$/u.test(character), `U+${code.toString(16)}`)
  }
})

// Examples -----------------------------------------------------------------------------------------------------------

let ajv: Ajv2020
before(() => {
  ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, allErrors: true })
  formats.default(ajv)
  ajv.addFormat('int64', { type: 'number', validate: Number.isSafeInteger })
  ajv.addVocabulary(['discriminator', 'components'])
  ajv.addSchema({ $id: 'description', components })
})

test('every operation has an example of what it takes and answers', () => {
  for (const [name, operation] of described) {
    const taken = bodyOf(operation)
    if (taken) assert.equal(schemaOf(taken).examples?.length, 1, `${name} takes`)
    const shown = jsonOf(answerOf(operation))
    if (!shown) continue
    const whole = schemaOf(shown)
    // Of a page, its item has the example.
    const { examples } = whole.examples ? whole : schemaOf(whole.properties!.items!.items!)
    assert.equal(examples?.length, 1, `${name} answers`)
  }
})

test('every example is valid against its schema', () => {
  let count = 0
  for (const [name, { examples = [] }] of Object.entries(components.schemas)) {
    const validate = ajv.compile({ $ref: `description#/components/schemas/${name}` })
    for (const example of examples) {
      assert.ok(validate(example), `${name}: ${JSON.stringify(example)}: ${ajv.errorsText(validate.errors)}`)
      count++
    }
  }
  assert.ok(count > 80, `${count} examples`)
  const wrong = ajv.compile({ $ref: 'description#/components/schemas/CreatePoolRequest' })
  assert.ok(!wrong({ scopeId: 'ipam-scope-059bb000000000006', family: 'ipv5' }))
  assert.ok(!wrong({ scopeId: 'ipam-scope-059bb000000000006', family: 'ipv4', odd: true }))
})

test('the server reads every example of a request', () => {
  for (const operation of nativeOperations) {
    const taken = bodyOf(described.get(operation.name)!)
    if (!taken) continue
    const [example] = schemaOf(taken).examples!
    const { error } = shapeOf(operation, partsOf(operation).body).safeParse(example)
    assert.equal(error, undefined, `${operation.name}: ${error?.message}`)
  }
})

// Parameters, headers, refusals ----------------------------------------------------------------------------------------

test('the description says what is taken: flags, cursors and ids; and that a 204 has no content', () => {
  const all = [...described.values()].flatMap(parametersOf)
  const named = (name: string): Schema[] => all.filter((one) => one.name === name).map(({ schema }) => schema)
  for (const name of ['dryRun', 'cascade', 'latest', 'alone']) {
    assert.ok(named(name).length > 0, name)
    for (const schema of named(name)) assert.deepEqual({ ...schema }, { type: 'string', enum: ['true', 'false'] }, name)
  }
  assert.ok(named('cursor').length > 5)
  for (const schema of named('cursor')) assert.equal(schema.pattern, '^[A-Za-z0-9_-]+$')
  const ids = all.filter(
    (one) =>
      one.in === 'path' && /(pool|ipam|scope|policy|decision|exception|binding|token|allocation)Id$/i.test(one.name),
  )
  assert.ok(ids.length > 20)
  for (const { name, schema } of ids) {
    // What goes by a name, too, has no pattern.
    const { pattern, description } = schemaOf(schema)
    if (pattern === undefined) assert.match(description ?? '', /`ipam-[a-z-]*…`, or its name/, name)
    else assert.match(pattern, /^\^[a-z-]+\[/, name)
  }
  const patterned = ids.filter(({ schema }) => schemaOf(schema).pattern !== undefined)
  assert.deepEqual([...new Set(patterned.map(({ name }) => name))].sort(), [
    'bindingId',
    'decisionId',
    'exceptionId',
    'tokenId',
  ])
  const empty = [...described.values()].flatMap(({ responses }) => responses['204'] ?? [])
  assert.ok(empty.length > 5)
  for (const { $ref } of empty) assert.ok(!components.responses[nameIn($ref!)]!.content)
})

test('what an answer has of another one is said once', () => {
  const open = Object.entries(components.schemas).flatMap(([name, { properties = {}, additionalProperties, allOf }]) =>
    additionalProperties === undefined && allOf === undefined
      ? [{ name, members: Object.entries(properties).map(([member, schema]) => JSON.stringify([member, schema])) }]
      : [],
  )
  const again = open.flatMap(({ name, members }) =>
    open
      .filter((other) => other.members.length < members.length && JSON.stringify(other.members).length > 1_000)
      .filter((other) => other.members.every((member) => members.includes(member)))
      .map((other) => `${name} has all of ${other.name}`),
  )
  assert.deepEqual(again, [])
  const { allOf, properties } = components.schemas.Decision!
  assert.deepEqual(allOf, [{ $ref: '#/components/schemas/DecisionSummary' }])
  assert.ok(properties!.trace && !properties!.decisionId)
})

test('a state has its ETag, a reading may be conditional, and a key is for what keeps no secret', () => {
  const headersTaken = (name: string) =>
    parametersOf(described.get(name)!)
      .filter((one) => one.in === 'header')
      .map((one) => one.name)
  assert.deepEqual(headersTaken('getPool'), ['if-none-match'])
  assert.deepEqual(headersTaken('updatePool'), ['idempotency-key', 'if-match'])
  assert.deepEqual(headersTaken('createPool'), ['idempotency-key'])
  assert.deepEqual(headersTaken('createToken'), [])
  for (const name of ['getPool', 'updatePool', 'listPools']) {
    assert.ok(answerOf(described.get(name)!).headers?.etag, name)
  }
  assert.ok(described.get('getPool')!.responses['304'])
  assert.ok(!answerOf(described.get('createPool')!).headers?.etag)
})

test('refusals are described by their codes, of one response for all, with what is left of the limit', () => {
  const operation = described.get('createAllocation')!
  assert.deepEqual(Object.keys(operation.responses), ['201', 'default'])
  const own = operation['x-problem-codes']!
  for (const code of ['DeniedByPolicy', 'Exhausted', 'NotFound']) assert.ok(own.includes(code), code)
  assert.ok(!own.includes('InvalidParameter'), 'what any may be refused with is said once')
  assert.ok(described.get('updatePool')!['x-problem-codes']!.includes('PreconditionFailed'))
  for (const [name, { 'x-problem-codes': codes = [] }] of described)
    for (const code of codes) assert.ok(components.schemas[code], `${name}: ${code}`)
  const { Problem } = components.responses
  assert.deepEqual(Object.keys(Problem!.headers!), [
    'x-cadastre-request-id',
    'x-cadastre-decision',
    'retry-after',
    'ratelimit-limit',
    'ratelimit-remaining',
    'ratelimit-reset',
  ])
  for (const code of Object.keys(statuses)) {
    if (statuses[code as keyof typeof statuses] >= 400) assert.ok(components.schemas[code], code)
  }
})

test('the lists that grow are described as streams, too', () => {
  const streams = [...described].filter(([, operation]) => answerOf(operation).content?.['text/event-stream'])
  assert.deepEqual(
    streams.map(([name]) => name),
    ['listDecisions', 'listChanges'],
  )
  const [event] = answerOf(described.get('listChanges')!).content!['text/event-stream']!.schema.examples as string[]
  const [, id, data] = /^id: (.+)\nevent: change\ndata: (.+)\n\n$/.exec(event!)!
  assert.equal((JSON.parse(data!) as { changeId: string }).changeId, id)
})
