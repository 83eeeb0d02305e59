// Compiles the input shapes of a service model into readers of forms. EC2 and STS differ only in how they write lists and names.
import type { Member, ServiceModel, Shape } from '#formats/aws/service-model.ts'
import type { Counted } from '#model/problems/limits.ts'
import { worded } from '#model/problems/worded.ts'
import { refuse } from '#model/refusal.ts'
import { type Check, checkOfInteger, checkOfSize, checkOfString, parseTimestamp } from './constraints.ts'
import type { Form, FormNode } from './form.ts'

/** How a protocol names things: EC2 writes `Tag.1.Key`, STS `Tags.member.1.Key`. */
export interface QueryDialect {
  keyOf(name: string, member: Member): string
  /** The word between the name of a list and its index, or undefined. An STS list may also be empty: `Tags=`. */
  readonly listWord: string | undefined
  /** Enumerations that operations check themselves, because Cadastre knows more values than the model. */
  readonly openEnumerations: ReadonlySet<string>
  /** How many items a list may have where the model does not say it, as `Structure.Member`. */
  readonly listLimits: Readonly<Record<string, ListLimit>>
}

export interface ListLimit {
  readonly what: Counted
  readonly limit: number
}

/** Reads the node that stands at `path` in the form, such as `TagSpecification.1`. */
type Reader = (node: FormNode, path: string) => unknown

/** The reader of a shape; where it is a member's, `Structure.Member` says whose. */
type ReaderOf = (shapeName: string, member?: string) => Reader

/** The parameters of the protocol itself, which no input shape has. */
const envelope: ReadonlySet<string> = new Set(['Action', 'Version'])

/** Every operation's reader. Reading gives an object without a prototype, keyed by the model's member names. */
export function compileInputs(
  model: ServiceModel,
  dialect: QueryDialect,
): ReadonlyMap<string, (form: Form) => unknown> {
  const readers = new Map<string, Reader>()

  const readerOf: ReaderOf = (shapeName, member) => {
    const limit = member === undefined ? undefined : dialect.listLimits[member]
    const key = limit === undefined ? shapeName : member!
    const known = readers.get(key)
    if (known) return known
    const reader = compile(shapeName, model.shapes[shapeName]!, limit)
    readers.set(key, reader)
    return reader
  }

  const compile = (shapeName: string, shape: Shape, limit: ListLimit | undefined): Reader => {
    switch (shape.type) {
      case 'structure':
        return structureReader(shapeName, shape, dialect, readerOf)
      case 'list':
        return listReader(shape, dialect.listWord, readerOf, limit)
      case 'string':
        return scalar(stringReader(checkOfString(shape, { open: dialect.openEnumerations.has(shapeName) })))
      case 'integer':
      case 'long':
        return scalar(integerReader(shape))
      case 'boolean':
        return scalar(readBoolean)
      case 'timestamp':
        return scalar(readTimestamp)
      case 'double':
      case 'float':
        return scalar(readDouble)
      default:
        throw new Error(`No reader is known for ${shapeName}, which is a ${shape.type}.`)
    }
  }

  const inputs = new Map<string, (form: Form) => unknown>()
  for (const [name, { input }] of Object.entries(model.operations)) {
    const shape = input ? model.shapes[input]! : { type: 'structure' }
    const read = structureReader(name, shape, dialect, readerOf, envelope)
    inputs.set(name, (form) => read(form, ''))
  }
  return inputs
}

function structureReader(
  shapeName: string,
  shape: Shape,
  dialect: QueryDialect,
  readerOf: ReaderOf,
  passedOver?: ReadonlySet<string>,
): Reader {
  const members = new Map<string, { name: string; read: Reader }>()
  const required: { name: string; key: string }[] = []
  for (const [name, member] of Object.entries(shape.members ?? {})) {
    const key = dialect.keyOf(name, member)
    members.set(key, { name, read: readerOf(member.shape, `${shapeName}.${name}`) })
    if (shape.required?.includes(name)) required.push({ name, key })
  }
  return (node, path) => {
    if (node.value !== undefined) {
      const problem = `It is a structure: write its members as \`${path}.${members.keys().next().value}\`.`
      refuse({ code: 'InvalidParameterValue', field: path, value: node.value, problem: worded(problem) })
    }
    const result: Record<string, unknown> = Object.create(null)
    if (node.children !== undefined) {
      for (const [key, child] of node.children) {
        const member = members.get(key)
        if (member !== undefined) result[member.name] = member.read(child, path === '' ? key : `${path}.${key}`)
        else if (!passedOver?.has(key))
          refuse({ code: 'UnknownParameter', field: path === '' ? key : `${path}.${key}` })
      }
    }
    for (const { name, key } of required) {
      if (result[name] === undefined) refuse({ code: 'MissingParameter', field: path === '' ? key : `${path}.${key}` })
    }
    return result
  }
}

function listReader(shape: Shape, word: string | undefined, readerOf: ReaderOf, limit: ListLimit | undefined): Reader {
  const readItem = readerOf(shape.member!.shape)
  const checkSize: Check<readonly unknown[]> | undefined = checkOfSize(shape)

  return (node, path) => {
    let list: FormNode | undefined = node
    let listPath = path
    if (word !== undefined) {
      if (node.value === '') return []
      for (const key of node.children?.keys() ?? []) {
        if (key !== word) refuse({ code: 'UnknownParameter', field: `${path}.${key}` })
      }
      list = node.children?.get(word)
      listPath = `${path}.${word}`
    }
    if (list?.children === undefined) {
      const value = list?.value ?? node.value ?? ''
      refuse({
        code: 'InvalidParameterValue',
        field: path,
        value,
        problem: worded(`It is a list: write \`${listPath}.1\`.`),
      })
    }
    if (limit !== undefined && list.children.size > limit.limit) {
      refuse({ code: 'LimitExceeded', what: limit.what, limit: limit.limit, used: list.children.size })
    }
    // The Map keeps the order of arrival. A sparse list closes up, in the order of its indices, as EC2 does it.
    const items: unknown[] = []
    for (const [index, child] of inOrder(list.children, listPath)) items.push(readItem(child, `${listPath}.${index}`))
    checkSize?.(items, path)
    return items
  }
}

function inOrder(children: Map<string, FormNode>, path: string): Iterable<[string, FormNode]> {
  let last = 0
  let sorted = true
  for (const key of children.keys()) {
    const index = Number(key) // The form lets only names and indices through, so what is no number is a name.
    if (Number.isNaN(index)) refuse({ code: 'UnknownParameter', field: `${path}.${key}` })
    if (index < last) sorted = false
    last = index
  }
  return sorted ? children : [...children].sort(([one], [other]) => Number(one) - Number(other))
}

function scalar(read: (value: string, path: string) => unknown): Reader {
  return (node, path) => {
    if (node.value === undefined) {
      const [inner] = node.children!.keys()
      refuse({ code: 'UnknownParameter', field: `${path}.${inner}` })
    }
    return read(node.value, path)
  }
}

function stringReader(check: Check<string> | undefined): (value: string, path: string) => string {
  if (!check) return (value) => value
  return (value, path) => {
    check(value, path)
    return value
  }
}

const integerPattern = /^-?(?:0|[1-9]\d{0,15})$/

function integerReader(shape: Shape): (value: string, path: string) => number {
  const check = checkOfInteger(shape)
  const { min, max } = shape
  const range = min !== undefined && max !== undefined ? ` from ${min} to ${max}` : ''
  return (value, path) => {
    const number = integerPattern.test(value) ? Number(value) : Number.NaN
    if (!Number.isSafeInteger(number) || Object.is(number, -0)) {
      refuse({ code: 'InvalidParameterValue', field: path, value, problem: worded(`Expected a whole number${range}.`) })
    }
    check(number, path)
    return number
  }
}

function readBoolean(value: string, path: string): boolean {
  if (value === 'true') return true
  if (value === 'false') return false
  const lower = value.length <= 5 ? value.toLowerCase() : ''
  if (lower === 'true' || lower === 'false') return lower === 'true'
  return refuse({
    code: 'InvalidParameterValue',
    field: path,
    value,
    problem: worded('Allowed are `true` and `false`.'),
  })
}

function readTimestamp(value: string, path: string): number {
  const problem = 'Expected a moment such as `2026-01-02T03:04:05Z`.'
  return (
    parseTimestamp(value) ?? refuse({ code: 'InvalidParameterValue', field: path, value, problem: worded(problem) })
  )
}

const doublePattern = /^-?\d{1,15}(?:\.\d{1,15})?(?:[eE][+-]?\d{1,3})?$/

function readDouble(value: string, path: string): number {
  const number = doublePattern.test(value) ? Number(value) : Number.NaN
  if (Number.isFinite(number)) return number
  return refuse({ code: 'InvalidParameterValue', field: path, value, problem: worded('Expected a decimal number.') })
}
