// Writes the TypeScript types of the AWS service models: `node scripts/models.ts`, or `--check` to see whether they are current.
import { readFileSync, writeFileSync } from 'node:fs'
import type { ServiceModel, Shape } from '../src/formats/aws/service-model.ts'

const folder = new URL('../src/formats/aws/', import.meta.url)

/** Enumerations that Cadastre extends with values of its own: typed as plain strings, and checked where they are used. */
const openEnumerations: ReadonlySet<string> = new Set([
  'IpamPolicyResourceType',
  'IpamPoolAllocationResourceType',
  'ResourceType',
])

const scalarTypes: Readonly<Record<string, string>> = {
  boolean: 'boolean',
  double: 'number',
  float: 'number',
  integer: 'number',
  long: 'number',
  string: 'string',
  timestamp: 'number',
}

const outputless: Readonly<Record<string, string>> = {
  ec2: 'export interface ReturnOutput {\n  readonly Return?: boolean\n}',
  json: 'export type ReturnOutput = Record<string, never>',
  query: 'export type ReturnOutput = Record<string, never>',
}

function shapeOf(model: ServiceModel, name: string): Shape {
  const shape = model.shapes[name]
  if (!shape) throw new Error(`The model has no shape ${name}.`)
  return shape
}

function reachableFrom(model: ServiceModel, roots: readonly string[]): Set<string> {
  const seen = new Set<string>()
  const walk = (name: string): void => {
    if (seen.has(name)) return
    seen.add(name)
    const shape = shapeOf(model, name)
    for (const member of Object.values(shape.members ?? {})) walk(member.shape)
    if (shape.member) walk(shape.member.shape)
  }
  for (const root of roots) walk(root)
  return seen
}

function isClosedEnumeration(name: string, shape: Shape): boolean {
  return shape.enum !== undefined && !openEnumerations.has(name)
}

/** The whole text of one generated file. */
function generate(model: ServiceModel, prefix: string, source: string): string {
  const operations = Object.keys(model.operations).sort()
  const each = operations.map((name) => model.operations[name]!)
  const inputs = reachableFrom(
    model,
    each.flatMap(({ input }) => (input ? [input] : [])),
  )
  const all = reachableFrom(
    model,
    each.flatMap(({ input, output }) => [input, output].filter((name) => name !== undefined)),
  )

  // An answer is built from rows, whose columns are plain strings; only what callers send is narrowed.
  const typeOf = (name: string, sent: boolean): string => {
    const shape = shapeOf(model, name)
    if (shape.type === 'structure') return name
    if (shape.type === 'list') return `readonly ${wrapped(typeOf(shape.member!.shape, sent))}[]`
    if (sent && isClosedEnumeration(name, shape)) return name
    const scalar = scalarTypes[shape.type]
    if (!scalar) throw new Error(`No type is known for ${name}, which is a ${shape.type}.`)
    return scalar
  }
  const wrapped = (type: string): string => (type.startsWith('readonly ') ? `(${type})` : type)

  const lines = [
    `// The types of ${source}: written by \`scripts/models.ts\`, not by hand. Timestamps are milliseconds since 1970.`,
    '',
  ]
  for (const name of [...all].sort()) {
    const shape = shapeOf(model, name)
    if (shape.type === 'structure') {
      const sent = inputs.has(name)
      const members = Object.entries(shape.members ?? {})
      if (members.length === 0) {
        lines.push(`export type ${name} = Record<string, never>`, '')
        continue
      }
      lines.push(`export interface ${name} {`)
      for (const [member, { shape: type }] of members) {
        const needed = sent && shape.required?.includes(member)
        lines.push(`  readonly ${member}${needed ? '' : '?'}: ${typeOf(type, sent)}`)
      }
      lines.push('}', '')
    } else if (inputs.has(name) && isClosedEnumeration(name, shape)) {
      lines.push(`export type ${name} =`, ...shape.enum!.map((value) => `  | ${quote(value)}`), '')
    }
  }

  lines.push('/** What an operation answers that has nothing to say but that it was done. */')
  lines.push(outputless[model.metadata.protocol]!, '')
  lines.push(`export interface ${prefix}Input {`)
  for (const name of operations)
    lines.push(`  readonly ${name}: ${model.operations[name]!.input ?? 'Record<string, never>'}`)
  lines.push('}', '', `export interface ${prefix}Output {`)
  for (const name of operations) lines.push(`  readonly ${name}: ${model.operations[name]!.output ?? 'ReturnOutput'}`)
  lines.push('}', '', `export type ${prefix}Operation = keyof ${prefix}Input`, '')
  return lines.join('\n')
}

function quote(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

const check = process.argv.includes('--check')
let stale = 0
for (const [file, prefix] of [
  ['ec2', 'Ec2'],
  ['organizations', 'Organizations'],
  ['sts', 'Sts'],
] as const) {
  const model: ServiceModel = JSON.parse(readFileSync(new URL(`models/${file}.json`, folder), 'utf8'))
  const text = generate(model, prefix, `models/${file}.json`)
  const target = new URL(`${file}.generated.ts`, folder)
  if (!check) {
    writeFileSync(target, text)
    console.log(`wrote src/formats/aws/${file}.generated.ts`)
  } else if (readOr(target, '') !== text) {
    console.error(`src/formats/aws/${file}.generated.ts is stale: run node scripts/models.ts`)
    stale++
  }
}
process.exitCode = stale > 0 ? 1 : 0

function readOr(url: URL, otherwise: string): string {
  try {
    return readFileSync(url, 'utf8')
  } catch {
    return otherwise // A file that cannot be read is stale like one that differs.
  }
}
