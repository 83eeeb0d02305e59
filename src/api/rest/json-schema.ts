// JSON Schema 2020-12 of our shapes: whole, for programs that need one shape, or by name, for the description.
import { z } from 'zod'
import { assert } from '#model/assert.ts'
import type { Steps } from '#model/steps.ts'

export interface JsonSchema {
  readonly [keyword: string]: unknown
  readonly $ref?: string
  readonly type?: string
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly items?: JsonSchema
}
type Io = 'input' | 'output'
/** A description whose parts have names. */
interface Described {
  readonly [member: string]: unknown
  readonly paths: Readonly<Record<string, unknown>>
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** Where names are of no use: what is known of shapes besides, without them. */
const withoutNames = {
  get: (shape: z.ZodType) => ({ ...z.globalRegistry.get(shape), id: undefined }),
} as unknown as typeof z.globalRegistry

/** A shape in one piece. */
export const wholeSchema = (shape: z.ZodType, io: Io): JsonSchema =>
  z.toJSONSchema(shape, { io, unrepresentable: 'any', metadata: withoutNames }) as JsonSchema

const int32Max = 2 ** 31 - 1

/**
 * What is said where others read: no more than is needed, in words that validators and generators of all languages know.
 * An answer may get members that its reader does not know yet; only what we take is closed.
 */
function inPlainWords({
  zodSchema,
  jsonSchema: schema,
}: {
  zodSchema: z.core.$ZodTypes
  jsonSchema: z.core.JSONSchema.BaseSchema
}) {
  const { def } = zodSchema._zod
  if (def.type === 'object' && def.catchall === undefined) delete schema.additionalProperties
  if (def.type === 'record') delete schema.propertyNames
  if ('format' in def && (def.format === 'datetime' || def.format === 'date')) delete schema.pattern
  if (schema.type === 'integer') {
    if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum
    if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum
    if (Number(schema.maximum ?? Infinity) > int32Max) schema.format = 'int64'
  }
}

// What has all that another one has --------------------------------------------------------------------------------------

/** So many bytes of members are said once, where a schema has all of another one. */
const sharedBytesMin = 500

interface OpenObject {
  readonly name: string
  readonly members: ReadonlyMap<string, string>
  readonly required: ReadonlySet<string>
  readonly bytes: number
}
/** An object that may have more members than it says, and can so be a part of another one. */
function openObject(name: string, { properties, required = [], additionalProperties, allOf }: JsonSchema) {
  if (!properties || additionalProperties !== undefined || allOf !== undefined) return undefined
  const members = new Map(Object.entries(properties).map(([member, schema]) => [member, JSON.stringify(schema)]))
  const bytes = [...members.values()].reduce((sum, text) => sum + text.length, 0)
  return { name, members, required: new Set(required), bytes }
}

/** Said as what it has beyond the largest other one all of whose members it has. */
function beyondAnother(name: string, schema: JsonSchema, all: readonly OpenObject[]): JsonSchema {
  const own = openObject(name, schema)
  if (!own) return schema
  const isPart = ({ members, required, bytes }: OpenObject): boolean =>
    bytes >= sharedBytesMin &&
    members.size < own.members.size &&
    [...members].every(
      ([member, text]) => own.members.get(member) === text && required.has(member) === own.required.has(member),
    )
  const [base] = all.filter(isPart).sort((a, b) => b.bytes - a.bytes)
  if (!base) return schema
  const { properties = {}, required = [], ...rest } = schema
  const more = required.filter((member) => !base.members.has(member))
  return {
    ...rest,
    allOf: [refTo(base.name)],
    properties: Object.fromEntries(Object.entries(properties).filter(([member]) => !base.members.has(member))),
    ...(more.length > 0 ? { required: more } : {}),
  }
}

/** The schemas that have names, each once. */
export class NamedSchemas {
  readonly #schemas = new Map<string, string>()
  readonly #examples = new Map<string, unknown>()

  /** A shape as it stands where it is used; what has a name in it is referred to. */
  schemaOf(shape: z.ZodType, io: Io): JsonSchema {
    const { properties } = this.#convert(z.object({ shape }), io)
    return properties!.shape!
  }

  /** Gives a schema a name, and what it consists of names below it; refers to it. */
  name(name: string, { $schema: _, ...schema }: JsonSchema): JsonSchema {
    const { properties } = schema
    const text = JSON.stringify(properties ? { ...schema, properties: this.#nameParts(name, properties) } : schema)
    assert((this.#schemas.get(name) ?? text) === text, `\`${name}\` names two schemas in the description`)
    this.#schemas.set(name, text)
    return { $ref: `#/components/schemas/${name}` }
  }

  /** Objects inside of others, and in lists inside of others, are called after both: generators would, each in its own way. */
  #nameParts(of: string, properties: NonNullable<JsonSchema['properties']>): JsonSchema['properties'] {
    return Object.fromEntries(
      Object.entries(properties).map(([member, schema]) => {
        const name = `${of}${member.charAt(0).toUpperCase()}${member.slice(1)}`
        if (schema.properties) return [member, this.name(name, schema)]
        const { items } = schema
        return [member, items?.properties ? { ...schema, items: this.name(`${name}Item`, items) } : schema]
      }),
    )
  }

  nameUnnamed(name: string, schema: JsonSchema): JsonSchema {
    return namedIn(schema) ? schema : this.name(name, schema)
  }

  /** Gives what is referred to an example, where its shape has none of its own. */
  showExample(ref: JsonSchema, example: unknown): void {
    const name = namedIn(ref)!
    if (!this.#examples.has(name)) this.#examples.set(name, example)
  }

  /** In the order of their names. */
  all(): Record<string, JsonSchema> {
    const sorted = [...this.#schemas]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, text]) => [name, JSON.parse(text) as JsonSchema] as const)
    const open = sorted.flatMap(([name, schema]) => openObject(name, schema) ?? [])
    return Object.fromEntries(
      sorted.map(([name, schema]) => {
        const example = this.#examples.get(name)
        return [
          name,
          { ...(example === undefined ? {} : { examples: [example] }), ...beyondAnother(name, schema, open) },
        ]
      }),
    )
  }

  /** What is said beside a reference is only what is not said of the schema itself. A path or a schema at a time. */
  *withoutEchoes(document: Described): Steps<object> {
    const said = new Map<string, JsonSchema>()
    for (const [name, text] of this.#schemas) said.set(name, JSON.parse(text) as JsonSchema)
    yield
    const clean = (part: unknown): unknown =>
      JSON.parse(JSON.stringify(part), (_, value: JsonSchema | string) => {
        const own = typeof value === 'object' && value?.$ref !== undefined ? said.get(namedIn(value)!) : undefined
        if (!own) return value
        return Object.fromEntries(
          Object.entries(value).filter(([keyword, here]) => JSON.stringify(own[keyword]) !== JSON.stringify(here)),
        )
      })
    function* cleanEach(parts: Readonly<Record<string, unknown>>): Steps<Record<string, unknown>> {
      const cleaned: Record<string, unknown> = {}
      for (const [name, part] of Object.entries(parts)) {
        cleaned[name] = clean(part)
        yield
      }
      return cleaned
    }
    const paths = yield* cleanEach(document.paths)
    const components: Record<string, unknown> = {}
    for (const [kind, parts] of Object.entries(document.components)) components[kind] = yield* cleanEach(parts)
    return { ...document, paths, components }
  }

  #convert(shape: z.ZodType, io: Io): JsonSchema {
    const converted = z.toJSONSchema(shape, { io, unrepresentable: 'any', override: inPlainWords })
    const { $defs = {}, ...schema } = withComponentRefs(converted) as JsonSchema & {
      $defs?: Record<string, JsonSchema>
    }
    for (const [name, definition] of Object.entries($defs)) this.name(name, definition)
    return schema
  }
}

export const refTo = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` })
/** The name of what is referred to. */
export const namedIn = ({ $ref }: JsonSchema): string | undefined => $ref?.split('/').at(-1)

const withComponentRefs = (schema: object): unknown =>
  JSON.parse(JSON.stringify(schema), (key, value) =>
    key === '$ref' && typeof value === 'string' ? value.replace('#/$defs/', '#/components/schemas/') : value,
  )
