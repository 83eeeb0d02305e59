// What may stand where in a request: one kind of shape, read from the models of AWS and from the description of the native API.
import { ec2KeyOf } from '#api/aws/ec2/query.ts'
import { describeInSteps } from '#api/rest/openapi.ts'
import { ec2Model, organizationsModel, type ServiceModel, stsModel } from '#formats/aws/service-model.ts'
import { finish } from '#model/steps.ts'
import { nativeDownloads, nativeIntakes, nativeOperations } from '#operations/table.native.ts'
import { operationTables } from '#operations/tables.aws.ts'

export interface Shape {
  readonly kind: 'text' | 'number' | 'flag' | 'list' | 'object' | 'anything'
  /** Of a text its characters, of a number its value, of a list its elements. */
  readonly min?: number
  readonly max?: number
  readonly choices?: readonly string[]
  /** Of a list. */
  readonly of?: Shape
  readonly members?: Readonly<Record<string, Shape>>
  readonly required?: readonly string[]
}

/** How an operation is asked for over the wire. */
export type Way =
  | {
      readonly api: 'native'
      readonly method: string
      readonly path: string
      /** Names of members. */
      readonly inPath: readonly string[]
      readonly inQuery: readonly string[]
      /** `lines`: the member of that name, a line for each element. */
      readonly body: 'json' | 'lines' | 'none'
    }
  | { readonly api: 'ec2' | 'organizations' | 'sts' }
export interface Described {
  readonly name: string
  readonly isWrite: boolean
  /** A change that can be tried. */
  readonly takesDryRun: boolean
  readonly way: Way
  readonly shape: Shape
  /** Of the native API: the codes of its refusals that are not its input's. */
  readonly codes?: readonly string[]
}
/** Deeper a shape may go on in itself. */
const depthMax = 6

// The models of AWS --------------------------------------------------------------------------------------------------

const kindsOfAws: Readonly<Record<string, Shape['kind']>> = {
  string: 'text',
  blob: 'text',
  timestamp: 'text',
  integer: 'number',
  long: 'number',
  double: 'number',
  float: 'number',
  boolean: 'flag',
  list: 'list',
  structure: 'object',
}
function shapeOfAws(model: ServiceModel, name: string, depth = 0): Shape {
  const { type, min, max, enum: choices, member, members, required } = model.shapes[name]!
  const kind = depth > depthMax ? 'anything' : kindsOfAws[type]!
  return {
    kind,
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    ...(choices && { choices }),
    ...(kind === 'list' && { of: shapeOfAws(model, member!.shape, depth + 1) }),
    ...(kind === 'object' && {
      required: required ?? [],
      members: Object.fromEntries(
        Object.entries(members ?? {}).map(([each, { shape }]) => [each, shapeOfAws(model, shape, depth + 1)]),
      ),
    }),
  }
}
const models = { ec2: ec2Model, organizations: organizationsModel, sts: stsModel }
function describedByAws(): Described[] {
  return Object.entries(operationTables).flatMap(([service, table]) => {
    const api = service as keyof typeof operationTables
    return [...table.values()].map(({ name, access }): Described => {
      const { input } = models[api].operations[name]!
      const shape: Shape = input ? shapeOfAws(models[api], input) : { kind: 'object', members: {}, required: [] }
      const isWrite = access === 'write'
      return { name, isWrite, takesDryRun: isWrite && 'DryRun' in shape.members!, way: { api }, shape }
    })
  })
}
/** The names that parameters of a form have, by what they are in the model. */
export function keysOf(api: 'ec2' | 'sts', action: string): Keys {
  const model = models[api]
  const keyOf = api === 'ec2' ? ec2KeyOf : (name: string) => name
  const at = (shapeName: string, depth = 0): Keys => {
    const { type, member, members } = model.shapes[shapeName]!
    if (depth > depthMax) return {}
    if (type === 'list') return { of: at(member!.shape, depth + 1) }
    if (type !== 'structure') return {}
    const each = Object.entries(members ?? {})
    return {
      members: Object.fromEntries(
        each.map(([name, one]) => [name, { key: keyOf(name, one), under: at(one.shape, depth + 1) }]),
      ),
    }
  }
  const { input } = model.operations[action]!
  return input ? at(input) : {}
}
export interface Keys {
  readonly of?: Keys
  readonly members?: Readonly<Record<string, { readonly key: string; readonly under: Keys }>>
}

// The description of the native API ------------------------------------------------------------------------------------

interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: Schema | boolean
  readonly items?: Schema
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxItems?: number
}
interface Parameter {
  readonly $ref?: string
  readonly name: string
  readonly in: string
  readonly schema: Schema
}
interface Operation {
  readonly operationId: string
  readonly parameters: readonly Parameter[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
  readonly 'x-problem-codes'?: readonly string[]
}
export interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}
export const description = finish(describeInSteps({ version: '0.0.0', prefix: '/api/v1' })) as unknown as Description

const found = <T>(ref: string): T => {
  const [, , section, name] = ref.split('/')
  return description.components[section!]![name!] as T
}
function shapeOfSchema(given: Schema, depth = 0): Shape {
  const schema = given.$ref ? found<Schema>(given.$ref) : given
  if (depth > depthMax) return { kind: 'anything' }
  const { anyOf, oneOf, allOf } = schema
  // Of several, what has most to it; all of what must hold together.
  const others = (anyOf ?? oneOf)?.map((one) => shapeOfSchema(one, depth + 1))
  if (others) return others.reduce((a, b) => (weightOf(b) > weightOf(a) ? b : a))
  if (allOf) {
    const parts = [...allOf, { ...schema, allOf: undefined }].map((one) => shapeOfSchema(one as Schema, depth + 1))
    return {
      kind: 'object',
      members: Object.assign({}, ...parts.map(({ members }) => members ?? {})),
      required: parts.flatMap(({ required }) => required ?? []),
    }
  }
  const choices = (schema.enum ?? (schema.const === undefined ? undefined : [schema.const]))?.map(String)
  const type = [schema.type].flat().find((one) => one !== 'null')
  if (type === 'array') {
    const { minItems: min, maxItems: max, items } = schema
    return { kind: 'list', ...bounds(min, max), of: shapeOfSchema(items ?? {}, depth + 1) }
  }
  if (type === 'object' || schema.properties) {
    const { properties = {}, required = [], additionalProperties: more } = schema
    const members = Object.entries(properties).map(([name, one]) => [name, shapeOfSchema(one, depth + 1)])
    const named = typeof more === 'object' ? [['team', shapeOfSchema(more, depth + 1)]] : []
    return { kind: 'object', members: Object.fromEntries([...members, ...named]), required }
  }
  if (type === 'integer' || type === 'number') return { kind: 'number', ...bounds(schema.minimum, schema.maximum) }
  if (type === 'boolean') return { kind: 'flag' }
  if (type === 'string' || choices)
    return { kind: 'text', ...bounds(schema.minLength, schema.maxLength), ...(choices && { choices }) }
  return { kind: 'anything' }
}
const bounds = (min: number | undefined, max: number | undefined) => ({
  ...(min !== undefined && { min }),
  ...(max !== undefined && { max }),
})
const weightOf = ({ members, of }: Shape): number =>
  1 + (of ? weightOf(of) : 0) + Object.values(members ?? {}).reduce((sum, one) => sum + weightOf(one), 0)

/** A line of an intake is described as text: what one is, its examples say. */
export const linesMember = 'lines'
function describedByUs(): Described[] {
  const isWrite = new Map<string, boolean>([
    ...nativeOperations.map(({ name, access }) => [name, access === 'write'] as const),
    ...nativeIntakes.map(({ name }) => [name, true] as const),
    ...nativeDownloads.map(({ name }) => [name, false] as const),
  ])
  return Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { operationId: name, parameters = [], requestBody, ...more }]) => {
      if (!isWrite.has(name)) return []
      const all = parameters.map((one) => (one.$ref ? found<Parameter>(one.$ref) : one))
      // Asked of every change, with any input.
      const stated = all.filter((one) => one.name !== 'dryRun')
      const of = (place: string) => stated.filter((one) => one.in === place)
      const [contentType, content] = Object.entries(requestBody?.content ?? {})[0] ?? []
      const isJson = contentType === 'application/json'
      const body = isJson ? shapeOfSchema(content!.schema) : undefined
      const members = {
        ...Object.fromEntries([...of('path'), ...of('query')].map((one) => [one.name, shapeOfSchema(one.schema)])),
        ...body?.members,
        ...(content && !isJson && { [linesMember]: { kind: 'list', of: { kind: 'anything' } } as const }),
      }
      const names = (place: string) => of(place).map((one) => one.name)
      const way = {
        api: 'native' as const,
        method: method.toUpperCase(),
        path,
        inPath: names('path'),
        inQuery: names('query'),
        body: !content ? ('none' as const) : isJson ? ('json' as const) : ('lines' as const),
      }
      const required = [...names('path'), ...(body?.required ?? [])]
      const shape: Shape = { kind: 'object', members, required }
      const takesDryRun = isWrite.get(name)! && way.body !== 'lines'
      return [{ name, isWrite: isWrite.get(name)!, takesDryRun, way, shape, codes: more['x-problem-codes'] ?? [] }]
    }),
  )
}

export const allDescribed: readonly Described[] = [...describedByAws(), ...describedByUs()]

// Places -------------------------------------------------------------------------------------------------------------

export type Path = readonly (string | number)[]
export interface Place {
  readonly at: Path
  readonly shape: Shape
}
/** Every place in a request where something may stand; of a list its first element. */
export function placesIn(shape: Shape, at: Path = []): Place[] {
  const inner =
    shape.kind === 'list'
      ? placesIn(shape.of!, [...at, 0])
      : Object.entries(shape.members ?? {}).flatMap(([name, one]) => placesIn(one, [...at, name]))
  return at.length === 0 ? inner : [{ at, shape }, ...inner]
}
