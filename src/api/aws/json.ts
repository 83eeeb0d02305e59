// The AWS JSON 1.1 protocol as Organizations speaks it: requests read, answers and exceptions written, all by the service model.
import type { OrganizationsInput, OrganizationsOperation } from '#formats/aws/organizations.generated.ts'
import { organizationsModel, type Shape } from '#formats/aws/service-model.ts'
import { worded } from '#model/problems/worded.ts'
import { Refused, refuse } from '#model/refusal.ts'
import { boundJson } from '../json-bounds.ts'
import { findDuplicateMember, type JsonPath } from '../json-members.ts'
import { boundsOf, checkOfInteger, checkOfSize, checkOfString } from './constraints.ts'

export const jsonContentType = 'application/x-amz-json-1.1'

/** As many members as a form may have parameters, and as many again for the objects and lists that they are in. */
const jsonMembersMax = 2_000

/** Reads the value that stands at `path`, such as `Tags[1].Key`. */
type Reader = (value: unknown, path: string) => unknown
type Writer = (value: unknown) => unknown

const model = organizationsModel
const readers = new Map<string, Reader>()
const writers = new Map<string, Writer>()
const targetPrefix = `${model.metadata.targetPrefix}.`

export function isOrganizationsOperation(name: string): name is OrganizationsOperation {
  return Object.hasOwn(model.operations, name)
}

/** The operation that the header `X-Amz-Target` names. */
export function readTarget(target: string | undefined): OrganizationsOperation {
  if (!target) return refuse({ code: 'MissingParameter', field: 'X-Amz-Target' })
  const name = target.startsWith(targetPrefix) ? target.slice(targetPrefix.length) : ''
  return isOrganizationsOperation(name) ? name : refuse({ code: 'InvalidAction', action: target })
}

/** The input of an operation. Members that the model does not have are refused, so nothing strange survives (`__proto__` least). */
export function readJsonInput<Name extends OrganizationsOperation>(name: Name, body: Buffer): OrganizationsInput[Name] {
  let text: string
  let value: unknown
  try {
    text = body.length === 0 ? '{}' : new TextDecoder('utf-8', { fatal: true }).decode(body)
    boundJson(text, { members: jsonMembersMax })
    value = JSON.parse(text)
  } catch (error) {
    if (error instanceof Refused) throw error
    // Either not UTF-8 or not JSON. The parser's own words would repeat parts of the body.
    return refuse({ code: 'MalformedRequest', problem: worded('The body is not JSON in UTF-8.') })
  }
  const duplicate = findDuplicateMember(text)
  if (duplicate) refuse({ code: 'DuplicateParameter', field: pathOf(duplicate) })
  // The readers were compiled from the same model that the types were generated from.
  return inputs.get(name)!(value, '') as OrganizationsInput[Name]
}

/** As the readers say it: `Tags[1].Key`. */
const pathOf = (path: JsonPath): string =>
  path.map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${part}`)).join('')

/** The answer to an operation. An operation without output answers an empty body, as AWS does. */
export function writeJsonResponse(name: OrganizationsOperation, output: unknown): string {
  const { output: shape } = model.operations[name]!
  return shape ? JSON.stringify(writerOf(shape)(output)) : ''
}

/** The body of every error: the exception's shape name and its message. */
export function writeJsonError(code: string, message: string, reason?: string): string {
  return JSON.stringify({ __type: code, Message: message, Reason: reason })
}

function readerOf(shapeName: string): Reader {
  const known = readers.get(shapeName)
  if (known) return known
  const reader = compileReader(shapeName, model.shapes[shapeName]!)
  readers.set(shapeName, reader)
  return reader
}

function compileReader(shapeName: string, shape: Shape): Reader {
  switch (shape.type) {
    case 'structure':
      return structureReader(shape)
    case 'list':
      return listReader(shape)
    case 'string': {
      const check = checkOfString(shape)
      return (value, path) => {
        if (typeof value !== 'string') return refuseType(value, path, 'a string')
        check?.(value, path)
        return value
      }
    }
    case 'integer':
    case 'long': {
      const check = checkOfInteger(shape)
      const { least, most } = boundsOf(shape)
      return (value, path) => {
        if (!Number.isInteger(value)) return refuseType(value, path, `a whole number from ${least} to ${most}`)
        check(value as number, path)
        return value
      }
    }
    case 'boolean':
      return (value, path) => (typeof value === 'boolean' ? value : refuseType(value, path, 'true or false'))
    case 'timestamp':
      return (value, path) =>
        typeof value === 'number' ? Math.round(value * 1000) : refuseType(value, path, 'a number of seconds since 1970')
    default:
      throw new Error(`No reader is known for ${shapeName}, which is a ${shape.type}.`)
  }
}

function structureReader(shape: Shape): Reader {
  const members = new Map(Object.entries(shape.members ?? {}).map(([name, member]) => [name, readerOf(member.shape)]))
  const required = shape.required ?? []
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuseType(value, path, 'an object')
    const result: Record<string, unknown> = Object.create(null)
    for (const [key, member] of Object.entries(value)) {
      const field = path === '' ? key : `${path}.${key}`
      const read = members.get(key) ?? refuse({ code: 'UnknownParameter', field })
      if (member !== null) result[key] = read(member, field) // null means «not given» in this protocol.
    }
    for (const name of required) {
      if (result[name] === undefined)
        refuse({ code: 'MissingParameter', field: path === '' ? name : `${path}.${name}` })
    }
    return result
  }
}

function listReader(shape: Shape): Reader {
  const readItem = readerOf(shape.member!.shape)
  const checkSize = checkOfSize(shape)
  return (value, path) => {
    if (!Array.isArray(value)) return refuseType(value, path, 'a list')
    checkSize?.(value, path)
    return value.map((item, index) => readItem(item, `${path}[${index}]`))
  }
}

function refuseType(value: unknown, path: string, expected: string): never {
  const text = typeof value === 'object' ? (Array.isArray(value) ? 'a list' : 'an object') : String(value)
  refuse({
    code: 'InvalidParameterValue',
    field: path || 'body',
    value: text,
    problem: worded(`Expected ${expected}.`),
  })
}

function writerOf(shapeName: string): Writer {
  const known = writers.get(shapeName)
  if (known) return known
  const writer = compileWriter(model.shapes[shapeName]!)
  writers.set(shapeName, writer)
  return writer
}

function compileWriter(shape: Shape): Writer {
  if (shape.type === 'timestamp') return (value) => (value as number) / 1000
  if (shape.type === 'list') {
    const writeItem = writerOf(shape.member!.shape)
    return (value) => (value as readonly unknown[]).map(writeItem)
  }
  if (shape.type !== 'structure') return (value) => value
  const members = Object.entries(shape.members ?? {}).map(([name, { shape: type }]) => ({
    name,
    write: writerOf(type),
  }))
  return (value) => {
    const structure = value as Readonly<Record<string, unknown>>
    const result: Record<string, unknown> = {}
    for (const { name, write } of members) {
      const member = structure[name]
      if (member != null) result[name] = write(member)
    }
    return result
  }
}

const inputs = new Map<string, Reader>(
  Object.entries(model.operations).map(([name, { input }]) => [
    name,
    input ? readerOf(input) : structureReader({ type: 'structure' }),
  ]),
)
