// The commands of the native API, from its definitions: the data that the command line is made of, so that it loads no definition itself.
import type { z } from 'zod'
import { wholeSchema } from '../src/api/rest/json-schema.ts'
import { partsOf } from '../src/api/rest/parts.ts'
import { isPositional, type NativeCommand, type NativeParameter } from '../src/cli/native-command.ts'
import { ownFlags } from '../src/cli/own-flags.ts'
import { idKinds, shapePattern } from '../src/model/identifier.ts'
import { namesThing } from '../src/operations/names.native.ts'
import { isGoverning, type NativeOperation } from '../src/operations/operation.native.ts'
import { nativeOperations } from '../src/operations/table.native.ts'

export const nativeCommandsPath = 'src/cli/native.generated.ts'

/** The file as it should be. */
export function nativeCommandsText(): string {
  const lines = nativeCommands(nativeOperations).map((command) => `  ${JSON.stringify(command)},`)
  return [
    '// Written by `npm run docs` from the native definitions in src/operations. A change made here is lost.',
    "import type { NativeCommand } from './native-command.ts'",
    '',
    'export const nativeCommands: readonly NativeCommand[] = [',
    ...lines,
    ']',
    '',
  ].join('\n')
}

export function nativeCommands(operations: readonly NativeOperation[]): readonly NativeCommand[] {
  return operations.flatMap((operation) => (operation.cli === undefined ? [] : [commandOf(operation, operation.cli)]))
}

/** The parts of JSON Schema that a command line can say something about. */
interface Schema {
  readonly type?: string
  readonly format?: string
  readonly pattern?: string
  readonly examples?: readonly unknown[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly description?: string
  readonly items?: Schema
  readonly minItems?: number
  readonly maxItems?: number
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: Schema | boolean
}

function commandOf(operation: NativeOperation, words: string): NativeCommand {
  const { name, summary, description, rest, access, columns, tree, changes } = operation
  const isWrite = access === 'write'
  const answer = schemaOf(operation.output, 'output')
  const output = answer.properties ?? {}
  const isPaged = 'cursor' in operation.input.shape && 'items' in output
  const command: NativeCommand = {
    name,
    words,
    summary,
    description,
    method: rest.method,
    path: rest.path,
    isWrite,
    ...(isGoverning(operation) ? { isGoverning: true } : {}),
    isRepeatable: isWrite && !('secretOutput' in operation && operation.secretOutput === true),
    changes: changes?.name,
    isPaged,
    ...(isWrite && 'after' in operation.input.shape && 'next' in output ? { outcome: 'outcome' } : {}),
    streamId: rest.stream?.id,
    ...(rest.exports === undefined ? {} : { exports: Object.keys(rest.exports) }),
    ...(isPaged && 'severity' in operation.input.shape && 'status' in operation.input.shape
      ? { hasSeverities: true }
      : {}),
    hasMessages: 'messages' in output,
    ...('places' in output ? { hasPlaces: true } : {}),
    columns,
    tree,
    // As `--field` is read: of the items, wherever the answer has some.
    fields: rest.status === 204 ? [] : fieldsOf(output.items?.items ?? answer),
    counts: countsIn(output),
    parameters: parametersOf(operation),
  }
  for (const parameter of command.parameters) {
    const { flag } = parameter
    if (!isPositional(parameter) && flag in ownFlags) {
      throw new Error(`\`${name}\`: the command line has a \`--${flag}\` of its own; call the parameter otherwise`)
    }
  }
  return command
}

/** Undefined where it can be anything. Below lists and maps it can: their members are the caller's, or numbers. */
function fieldsOf(schema: Schema): string[] | undefined {
  const choices = schema.anyOf ?? schema.oneOf
  if (choices) {
    const all = choices.filter(({ type }) => type !== 'null').map(fieldsOf)
    return all.includes(undefined) ? undefined : [...new Set(all.flatMap((fields) => fields!))]
  }
  if (!schema.properties) {
    const isPlain = schema.type !== undefined && schema.type !== 'object' && schema.type !== 'array'
    return isPlain || schema.enum || schema.const !== undefined ? [] : undefined
  }
  const isLoose = schema.additionalProperties !== undefined && schema.additionalProperties !== false
  if (isLoose) return undefined
  return Object.entries(schema.properties).flatMap(([name, member]) => {
    const below = fieldsOf(member)
    return below === undefined ? [`${name}.*`] : [name, ...below.map((field) => `${name}.${field}`)]
  })
}

/** Whole numbers that may be larger than those of JSON are texts of digits. */
function countsIn(output: Readonly<Record<string, Schema>>): string[] | undefined {
  const names = Object.keys(output).filter((name) => output[name]!.pattern === '^\\d+$')
  return names.length === 0 ? undefined : names
}

function parametersOf(operation: NativeOperation): NativeParameter[] {
  const given = schemaOf(operation.input, 'input')
  // A `stringbool` is text on its way in and a boolean only behind it.
  const read = schemaOf(operation.input, 'output')
  const parts = partsOf(operation)
  return (['path', 'query', 'body'] as const).flatMap((where) =>
    parts[where].map((name) => {
      const schema = given.properties![name]!
      const isSwitch = read.properties?.[name]?.type === 'boolean'
      return {
        name,
        where,
        flag: operation.flags?.[name] ?? name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
        isRequired: given.required?.includes(name) === true,
        ...(isSwitch ? { kind: 'boolean' } : formOf(schema)),
        ...(operation.argument === name ? { isArgument: true } : {}),
        ...(isIdOf(operation, name, schema) ? { isId: true } : {}),
        ...rowsOf(operation, schema),
        ...((schema.minItems ?? 0) > 0 ? { isNeverEmpty: true } : {}),
        description: schema.description ?? '',
        ...exampleOf(operation, name, schema),
      } satisfies NativeParameter
    }),
  )
}

/** What is made many at once may come from a file. */
function rowsOf({ rest }: NativeOperation, { items, maxItems }: Schema): Pick<NativeParameter, 'rows'> {
  if (!rest.path.endsWith('/batch') || maxItems === undefined || !items?.properties) return {}
  const kinds = Object.entries(items.properties).map(([name, member]) => [name, formOf(member).kind] as const)
  return { rows: { max: maxItems, kinds: Object.fromEntries(kinds) } }
}

/** Those that name things of any kind, in the record, have no pattern that says so. */
const ofAnyKind: ReadonlySet<string> = new Set([
  'getObjectHistory.objectId',
  'listChanges.subject',
  'listDecisions.policyId',
  'listDecisions.poolId',
])

/** Whether only ids of our own things are taken: a resource of a cloud may have a name that looks like a short one. */
const isIdOf = ({ name: operation, input }: NativeOperation, name: string, schema: Schema): boolean =>
  ofAnyKind.has(`${operation}.${name}`) ||
  namesThing(input.shape[name]!) ||
  [schema, ...(schema.anyOf ?? []), ...(schema.items ? [schema.items] : [])].some(
    ({ pattern }) => pattern !== undefined && idPatterns.some((each) => pattern.split('|').includes(each)),
  )
const idPatterns = idKinds.map(shapePattern)

/** Nobody guesses the members of an object: the definition of one that is written as JSON has an example. */
function exampleOf({ name: operation }: NativeOperation, name: string, schema: Schema): { example?: string } {
  const { kind } = formOf(schema)
  if (kind !== 'json') return {}
  const example = schema.examples?.[0]
  if (example === undefined)
    throw new Error(`\`${operation}\`: \`${name}\` needs an example: \`.meta({ examples: […] })\``)
  return { example: JSON.stringify(example) }
}

function formOf(schema: Schema): Pick<NativeParameter, 'kind' | 'allowed' | 'isNullable'> {
  const choices = schema.anyOf?.filter(({ type }) => type !== 'null')
  if (choices?.length === 1 && schema.anyOf!.length === 2) return { ...formOf(choices[0]!), isNullable: true }
  const allowed = schema.const === undefined ? schema.enum : [schema.const]
  if (allowed) return { kind: 'string', allowed: allowed.map(String) }
  if (schema.type === 'string' && schema.format === 'date-time') return { kind: 'moment' }
  if (schema.type === 'string' || schema.type === 'integer' || schema.type === 'boolean') return { kind: schema.type }
  const { items, additionalProperties: member } = schema
  if (schema.type === 'array' && items?.type === 'string') return { ...formOf(items), kind: 'list' }
  if (schema.type === 'object' && typeof member === 'object' && member.type === 'string') return { kind: 'map' }
  return { kind: 'json' }
}

const schemaOf = (shape: z.ZodType, io: 'input' | 'output'): Schema => wholeSchema(shape, io) as Schema
