// The OpenAPI document of the native API: made of the definitions of its operations, with one name for each thing.
import { z } from 'zod'
import type { Refusal } from '#model/refusal.ts'
import { finish, type Steps } from '#model/steps.ts'
import type { NativeDownload } from '#operations/download.native.ts'
import {
  type BodyBounds,
  type NativeIntake,
  type NativeOperation,
  noteOnBody,
  usualBody,
} from '#operations/operation.native.ts'
import { flag } from '#operations/shapes.native.ts'
import { type Noun, nouns } from '#operations/table.native.ts'
import { exampleOf } from './examples.ts'
import { exportParameters } from './exports.ts'
import { type JsonSchema, NamedSchemas, namedIn } from './json-schema.ts'
import { downloadParts, intakeParts, partsOf, shapeOf, showsState } from './parts.ts'
import { problemContentType, problemOf, statuses, titleOf } from './problem.ts'
import { factShapes } from './problem-facts.ts'

type Json = Readonly<Record<string, unknown>>

/** Of every change, beside its input. */
export const dryRun = flag
  .optional()
  .describe(
    '`true`: decide and answer as always, with the header `x-cadastre-dry-run: true`, but change nothing. Of a change of governance the header `x-cadastre-impact` tells, as JSON, how much of the space in use would comply no more (`noncompliant`) and would again (`compliant`), of how much that was `evaluated`, whether that is all that it can touch (`isWhole`), by account and type (`groups`), with `samples`.',
  )
const requestHeaders = {
  'idempotency-key': z
    .string()
    .optional()
    .describe(
      'Your own name for this request, 1 to 64 ASCII characters, kept for a day: a repeat has no second effect.',
    ),
  'if-match': z
    .string()
    .optional()
    .describe(
      'The `ETag` that you read: refused with 412 where it is another one by now. With `If-None-Match: *` instead, where there is one already.',
    ),
  'if-none-match': z
    .string()
    .optional()
    .describe('The `ETag` that you have: answered with 304, and no body, where it is still the one.'),
}

const responseHeaders: Readonly<
  Record<string, { readonly name: string; readonly description: string; readonly schema: Json }>
> = {
  etag: {
    name: 'ETag',
    description: 'Names the state that is shown, for `If-Match` and `If-None-Match`.',
    schema: { type: 'string', examples: ['"x4Zr1nVbq0T6mC2uY8sKfA"'] },
  },
  'x-cadastre-request-id': {
    name: 'RequestId',
    description: 'The request, for whoever looks it up in the log.',
    schema: { type: 'string' },
  },
  'x-cadastre-decision': {
    name: 'Decision',
    description:
      'The decisions of policy behind the answer, one or more, separated by commas; absent where there was none.',
    schema: { type: 'string' },
  },
  'x-cadastre-warning': {
    name: 'Warning',
    description:
      'What to change, where a policy warns of the request or has served it from elsewhere; of a dry run also what sources say is in use of the space that would be given.',
    schema: { type: 'string' },
  },
  'ratelimit-limit': {
    name: 'RateLimitLimit',
    description: 'How many requests a minute your principal has.',
    schema: { type: 'integer', format: 'int32' },
  },
  'ratelimit-remaining': {
    name: 'RateLimitRemaining',
    description: 'How many are left of this minute.',
    schema: { type: 'integer', format: 'int32' },
  },
  'ratelimit-reset': {
    name: 'RateLimitReset',
    description: 'Seconds until there are all again.',
    schema: { type: 'integer', format: 'int32' },
  },
  'retry-after': {
    name: 'RetryAfter',
    description: 'Seconds to wait before the next try.',
    schema: { type: 'integer', format: 'int32' },
  },
}
const limitHeaders = ['ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset']

export interface About {
  readonly version: string
  /** Below which all paths are. */
  readonly prefix: string
}

/** All of it at once. */
export const describeApi = (about: About): object => finish(describeInSteps(about))

/** In steps of an operation or a schema each: all of it takes a tenth of a second and more. */
export function* describeInSteps({ version, prefix }: About): Steps<object> {
  const schemas = new NamedSchemas()
  describeProblems(schemas)
  const paths: Record<string, Record<string, Json>> = {}
  for (const noun of nouns) {
    for (const operation of noun.operations) {
      const { method, path } = operation.rest
      paths[path] ??= {}
      paths[path][method.toLowerCase()] = describeOperation(schemas, operation, noun)
      yield
    }
    for (const intake of noun.intakes ?? []) {
      paths[intake.rest.path] ??= {}
      paths[intake.rest.path]!.post = describeIntake(schemas, intake, noun)
    }
    for (const download of noun.downloads ?? []) {
      paths[download.rest.path] ??= {}
      paths[download.rest.path]!.get = describeDownload(schemas, download, noun)
    }
  }
  const operations = Object.values(paths).flatMap((methods) => Object.values(methods)) as unknown as Described[]
  const parameters = nameRepeated(
    operations,
    ({ parameters }) => Object.entries(parameters),
    ({ name, in: where }, index) => [namePart(name), placeNames[where], `${index}`],
    'parameters',
  )
  yield
  const answers = nameRepeated(operations, answersOf, answerNames, 'responses')
  yield
  return yield* schemas.withoutEchoes({
    openapi: '3.1.0',
    info: {
      title: 'Cadastre',
      summary: 'The native API of Cadastre, a register of IP address space in which policy is law.',
      version,
      license: { name: 'Apache 2.0', identifier: 'Apache-2.0' },
      description: [
        'Every request has a bearer token. Lists come in pages: `nextCursor` of one is the `cursor` of the next. What is refused is a problem (RFC 9457), told apart by `code`: `x-problem-codes` of an operation are those of its own, beside what any request may be refused with. Every answer tells what is left of your requests a minute (`ratelimit-limit`, `ratelimit-remaining`, `ratelimit-reset`), and names itself (`x-cadastre-request-id`).',
        `A body may have ${usualBody.bytesMax} bytes and ${usualBody.membersMax} members of objects and lists, where its operation says nothing else (\`x-body-bytes-max\`, \`x-body-members-max\`).`,
        'Answers may get more members in later versions, and problems more codes: pass over what you do not know.',
      ].join('\n\n'),
    },
    servers: [{ url: prefix }],
    tags: nouns.map(({ name, summary }) => ({ name, description: summary })),
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'A token of `createToken`, or of a sign-in.' },
      },
      parameters,
      headers: Object.fromEntries(
        Object.values(responseHeaders).map(({ name, description, schema }) => [name, { description, schema }]),
      ),
      responses: { ...responses, ...answers },
      schemas: schemas.all(),
    },
  })
}

// Operations ---------------------------------------------------------------------------------------------------------

function describeOperation(schemas: NamedSchemas, operation: NativeOperation, noun: Noun): Json {
  const { name, summary, rest } = operation
  const parts = partsOf(operation)
  const description = [operation.description, noteOnBody(operation)].filter(Boolean).join(' ')
  const body = parts.body.length > 0 ? describeBody(schemas, operation, parts.body) : undefined
  return {
    operationId: name,
    summary,
    ...(description ? { description } : {}),
    tags: [noun.name],
    ...(body ? extensionsOf(rest.body ?? usualBody) : {}),
    parameters: describeParameters(schemas, operation),
    ...(body ? { requestBody: body } : {}),
    responses: {
      [rest.status ?? 200]: describeAnswer(schemas, operation),
      ...(operation.access === 'read' ? { 304: { $ref: '#/components/responses/NotModified' } } : {}),
      default: anyProblem,
    },
    ...codesOf(operation),
  }
}

/** A body of any size has no schema that a validator could hold it against: it is described as text. */
function describeIntake(schemas: NamedSchemas, intake: NativeIntake, noun: Noun): Json {
  const { name, summary, description, input, output, rest, example, refusals } = intake
  const parts = intakeParts(intake)
  const some = (names: readonly string[]) => Object.fromEntries(names.map((each) => [each, input.shape[each]!]))
  return {
    operationId: name,
    summary,
    ...(description ? { description } : {}),
    tags: [noun.name],
    parameters: [...listed(schemas, 'path', some(parts.path)), ...listed(schemas, 'query', some(parts.query))],
    requestBody: {
      required: true,
      content: { [rest.contentType]: { schema: { type: 'string', examples: [example] } } },
    },
    responses: {
      [rest.status ?? 200]: describeAnswer(schemas, { name, output, rest, refusals, access: 'write' }),
      default: anyProblem,
    },
    ...codesOf({ refusals }),
  }
}

/** What is no JSON has no schema but its media type; of a path whose last part has slashes, they are to be left as they are. */
function describeDownload(schemas: NamedSchemas, download: NativeDownload, noun: Noun): Json {
  const { name, summary, description, input, rest, refusals, isOpen } = download
  const parts = downloadParts(download)
  const some = (names: readonly string[]) => Object.fromEntries(names.map((each) => [each, input.shape[each]!]))
  const isText = (contentType: string): boolean => /^text\/|json/.test(contentType)
  return {
    operationId: name,
    summary,
    ...(description ? { description } : {}),
    tags: [noun.name],
    // Of either of them: with a token, or with none.
    ...(isOpen ? { security: [{ token: [] }, {}] } : {}),
    parameters: [...listed(schemas, 'path', some(parts.path)), ...listed(schemas, 'query', some(parts.query))],
    responses: {
      200: {
        description: 'The answer.',
        content: Object.fromEntries(
          rest.contentTypes.map((contentType) => [
            contentType,
            { schema: isText(contentType) ? { type: 'string' } : { type: 'string', format: 'binary' } },
          ]),
        ),
      },
      default: anyProblem,
    },
    ...codesOf({ refusals }),
  }
}

/** What OpenAPI has no word for. */
const extensionsOf = ({ bytesMax, membersMax }: BodyBounds) => ({
  'x-body-bytes-max': bytesMax,
  'x-body-members-max': membersMax,
})

const capitalized = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1)

function describeParameters(schemas: NamedSchemas, operation: NativeOperation): Json[] {
  const parts = partsOf(operation)
  const isWrite = operation.access === 'write'
  const headers = isWrite
    ? [
        ...(operation.secretOutput ? [] : (['idempotency-key'] as const)),
        ...(operation.changes ? (['if-match'] as const) : []),
      ]
    : (['if-none-match'] as const)
  const {
    input: { shape: members },
  } = operation
  const some = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, members[name]!]))
  return [
    ...listed(schemas, 'path', some(parts.path)),
    ...listed(schemas, 'query', {
      ...some(parts.query),
      ...(isWrite ? { dryRun } : {}),
      ...exportParameters(operation),
    }),
    ...listed(schemas, 'header', Object.fromEntries(headers.map((name) => [name, requestHeaders[name]]))),
  ]
}

function listed(
  schemas: NamedSchemas,
  where: 'path' | 'query' | 'header',
  shapes: Readonly<Record<string, z.core.$ZodType>>,
): Json[] {
  return Object.entries(shapes).map(([name, shape]) => {
    const { description, ...schema } = schemas.schemaOf(shape as z.ZodType, 'input')
    const isRequired = where === 'path' || shape._zod.optin === undefined
    return {
      name,
      in: where,
      ...(isRequired ? { required: true } : {}),
      ...(description ? { description } : {}),
      schema,
    }
  })
}

function describeBody(schemas: NamedSchemas, operation: NativeOperation, members: readonly string[]): Json {
  const { input } = operation
  const shape = members.length === Object.keys(input.shape).length ? input : shapeOf(operation, members)
  const schema = schemas.nameUnnamed(`${capitalized(operation.name)}Request`, schemas.schemaOf(shape, 'input'))
  schemas.showExample(schema, exampleOf(shape, 'input'))
  const isRequired = Object.values(shape.shape).some(({ _zod }) => _zod.optin === undefined)
  return { ...(isRequired ? { required: true } : {}), content: { 'application/json': { schema } } }
}

type Answering = Pick<NativeOperation, 'name' | 'output' | 'rest' | 'refusals' | 'access' | 'changes'>

function describeAnswer(schemas: NamedSchemas, operation: Answering): Json {
  const { rest, output } = operation
  const headers = headersOf([
    ...(showsState(operation) ? ['etag'] : []),
    ...(operation.refusals.includes('DeniedByPolicy') ? ['x-cadastre-decision', 'x-cadastre-warning'] : []),
  ])
  if (rest.status === 204) return { $ref: '#/components/responses/Done' }
  const schema = nameAnswer(schemas, operation, schemas.schemaOf(output, 'output'))
  return {
    description: rest.status === 201 ? 'Made.' : 'The answer.',
    headers,
    content: {
      'application/json': { schema },
      ...(rest.stream === undefined ? {} : { 'text/event-stream': describeStream(operation, rest.stream.id) }),
      ...Object.fromEntries(
        Object.values(rest.exports ?? {}).map(({ mediaType, meaning }) => [
          mediaType,
          { schema: { type: 'string', description: `${meaning}.` } },
        ]),
      ),
    },
  }
}

/** Pages have the name of their items, of which the example is. */
function nameAnswer(schemas: NamedSchemas, { name, output }: Answering, schema: JsonSchema): JsonSchema {
  const example = exampleOf(output, 'output')
  const item = schema.properties?.items?.items
  const itemName = item && namedIn(item)
  if (itemName) {
    const [first] = (example as { items: readonly unknown[] }).items
    schemas.showExample(item, first)
    return schemas.name(`${itemName}Page`, schema)
  }
  const named = schemas.nameUnnamed(`${capitalized(name)}Response`, schema)
  schemas.showExample(named, example)
  return named
}

function describeStream({ output }: Answering, idName: string): Json {
  const {
    items: [item],
  } = exampleOf(output, 'output') as { items: [Record<string, unknown>] }
  return {
    schema: {
      type: 'string',
      description: `The items as they come, each the JSON in \`data\` of one event, with its \`${idName}\` as the event's id. \`Last-Event-ID\` goes on behind one.`,
      // Of the item as much as its own example does not show better.
      examples: [`id: ${item[idName]}\nevent: change\ndata: ${JSON.stringify({ [idName]: item[idName] })}\n\n`],
    },
  }
}

const headersOf = (names: readonly string[]): Json =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${responseHeaders[name]!.name}` }]))

// Problems -----------------------------------------------------------------------------------------------------------

type Code = Refusal['code']
const codes = (Object.keys(statuses) as Code[]).filter((code) => statuses[code] >= 400)
const anyProblem = { $ref: '#/components/responses/Problem' }

/**
 * What an operation refuses by its own rules; what any of them may is described as any problem. A list of codes says more than a
 * response for each status, which would have to list what all operations answer with it, and is a quarter as long.
 */
function codesOf({ refusals, changes }: Pick<NativeOperation, 'refusals' | 'changes'>): Json {
  const own = [...refusals, ...(changes ? (['PreconditionFailed'] as const) : [])]
  const badRequest = 400
  const codes = [...new Set(own)].filter((code) => statuses[code] !== badRequest)
  return codes.length === 0 ? {} : { 'x-problem-codes': codes }
}

const commonMembers = z.looseObject({
  type: z.string().describe('Names the kind of problem: `urn:cadastre:problem:` and its `code`.'),
  title: z.string(),
  status: z.int().min(400).max(599),
  detail: z.string().describe('For people.'),
  instance: z.string().describe('The request, for whoever looks it up in the log.'),
  code: z.string(),
  index: z.int().optional().describe('Of several at once: which one, counted from 0.'),
})

/** Each with its facts, and all together, told apart by `code`. */
function describeProblems(schemas: NamedSchemas): void {
  const common = schemas.name('ProblemDetails', schemas.schemaOf(commonMembers, 'output'))
  const refs = [
    ['Fault', 500, {}] as const,
    ...codes.map((code) => [code, statuses[code], factShapes[code]] as const),
  ].map(([code, status, facts]) => {
    const { properties = {}, required = [] } = schemas.schemaOf(z.looseObject(facts), 'output')
    const schema = {
      description: `${titleOf(code)}.`,
      allOf: [common],
      type: 'object',
      properties: { code: { const: code }, status: { const: status }, ...properties },
      required: ['code', 'status', ...required],
    }
    return schemas.name(code, schema)
  })
  const example = problemOf({ code: 'NotFound', what: 'ipam-pool', id: 'ipam-pool-059bb00000000000b' }, 'request-1')
  schemas.name('Problem', {
    description: 'A problem (RFC 9457). `code` tells which one it is, and so which facts it has.',
    oneOf: refs,
    // Each has the name of its code: that is what a discriminator without a mapping goes by.
    discriminator: { propertyName: 'code' },
    examples: [example],
  })
}

const responses = {
  Done: { description: 'Done; there is nothing to show.' },
  NotModified: { description: 'What you have is current.', headers: headersOf(['etag']) },
  Problem: {
    description: 'A problem.',
    headers: headersOf(['x-cadastre-request-id', 'x-cadastre-decision', 'retry-after', ...limitHeaders]),
    content: { [problemContentType]: { schema: { $ref: '#/components/schemas/Problem' } } },
  },
}

// What is said once ----------------------------------------------------------------------------------------------------

interface Parameter extends Json {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
}
type Answer = Json & { readonly content?: Readonly<Record<string, { readonly schema: JsonSchema }>> }
interface Described {
  readonly parameters: Record<string, Parameter>
  readonly responses: Record<string, Answer>
}
const namePart = (name: string): string => name.split('-').map(capitalized).join('')
const placeNames = { path: 'InPath', query: 'InQuery', header: 'InHeader' } as const

/** What operations answer where they succeed. */
const answersOf = ({ responses }: Described) =>
  Object.entries(responses).filter(([, { content }]) => content?.['application/json'] !== undefined)
function answerNames({ content }: Answer, index: number): string[] {
  const name = namedIn(content!['application/json']!.schema)!
  return [`${name}Answer`, '', `${index}`]
}

/**
 * What several operations have is said once, and referred to.
 * @param partsOf of an operation, with their keys
 * @param namesOf what to add to a name, one after the other, until no other form has it
 */
function nameRepeated<Part extends Json>(
  operations: readonly Described[],
  partsOf: (operation: Described) => readonly (readonly [string, Part])[],
  namesOf: (part: Part, index: number) => readonly string[],
  kind: keyof Described,
): Record<string, Part> {
  const all = operations.flatMap(partsOf).map(([, part]) => JSON.stringify(part))
  const named = new Map<string, string>()
  for (const [index, [text, some]] of [...Map.groupBy(all, (text) => text)].entries()) {
    if (some.length === 1) continue
    let name = ''
    for (const more of namesOf(JSON.parse(text) as Part, index)) {
      name += more
      if (more !== '' && !named.has(name)) break
    }
    named.set(name, text)
  }
  const nameOf = new Map([...named].map(([name, text]) => [text, name]))
  for (const operation of operations) {
    for (const [key, part] of partsOf(operation)) {
      const name = nameOf.get(JSON.stringify(part))
      if (name !== undefined) Object.assign(operation[kind], { [key]: { $ref: `#/components/${kind}/${name}` } })
    }
  }
  return Object.fromEntries(
    [...named].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, text]) => [name, JSON.parse(text) as Part]),
  )
}
