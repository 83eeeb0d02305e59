// Compiles the output shapes of a service model into writers of XML. There is one escaper, and it is here.
import type { Member, ServiceModel, Shape } from '#formats/aws/service-model.ts'
import { refuse } from '#model/refusal.ts'

/** Of what one answer lists: some 14,000 addresses. Lists with pages have 1,000 on one where the caller does not say how many. */
export const answerBytesMax = 8_388_608

/** Writes the inside of an element. */
type Writer = (value: unknown) => string
/** The same in parts, so that others can have their turn after each. */
type PartsWriter = (value: unknown) => Generator<string>

export interface OutputWriter {
  readonly write: Writer
  readonly writeParts: PartsWriter
}
/** Elements of a list that are written at once: a millisecond or two. */
export const itemsPerPart = 1_000

export interface XmlDialect {
  elementOf(name: string, member: Member): string
  itemOf(shape: Shape): string
}

// Everything that XML 1.0 forbids, or that a reader would change: markup, control characters, lone surrogates, carriage returns.
const special =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
  /[&<>"'\u0000-\u0008\u000b-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/
const specials = new RegExp(special, 'g')

/** Text as XML may carry it, in content and in attributes. What XML 1.0 cannot say becomes U+FFFD. */
export function escapeXml(text: string): string {
  return special.test(text) ? text.replace(specials, replacement) : text
}

function replacement(character: string): string {
  switch (character) {
    case '&':
      return '&amp;'
    case '<':
      return '&lt;'
    case '>':
      return '&gt;'
    case '"':
      return '&quot;'
    case "'":
      return '&apos;'
    case '\r':
      return '&#13;' // A bare one would reach the reader as a line feed.
    default:
      return '\ufffd'
  }
}

/** Every operation's writer: the members of its output, without the element around them. */
export function compileOutputs(model: ServiceModel, dialect: XmlDialect): ReadonlyMap<string, OutputWriter> {
  const writers = new Map<string, Writer>()

  const writerOf = (shapeName: string): Writer => {
    const known = writers.get(shapeName)
    if (known) return known
    const writer = compile(shapeName, model.shapes[shapeName]!)
    writers.set(shapeName, writer)
    return writer
  }

  const compile = (shapeName: string, shape: Shape): Writer => {
    switch (shape.type) {
      case 'structure':
        return structureWriter(shape, dialect, writerOf)
      case 'list':
        return listWriter(dialect.itemOf(shape), writerOf(shape.member!.shape))
      case 'string':
        return (value) => escapeXml(String(value))
      case 'boolean':
        return (value) => (value ? 'true' : 'false')
      case 'timestamp':
        return (value) => new Date(value as number).toISOString()
      case 'integer':
      case 'long':
      case 'double':
      case 'float':
        return String
      default:
        throw new Error(`No writer is known for ${shapeName}, which is a ${shape.type}.`)
    }
  }

  const done = '<return>true</return>'
  const outputs = new Map<string, OutputWriter>()
  for (const [name, { output }] of Object.entries(model.operations)) {
    // An operation without output members only says that it was done.
    outputs.set(name, {
      write: output ? writerOf(output) : () => done,
      writeParts: output ? partsWriter(model, model.shapes[output]!, { dialect, writerOf }) : singlePart(() => done),
    })
  }
  return outputs
}

type WriterOf = (shapeName: string) => Writer

function structureWriter(shape: Shape, dialect: XmlDialect, writerOf: WriterOf): Writer {
  const members = membersOf(shape, dialect, writerOf)
  return (value) => {
    const structure = value as Readonly<Record<string, unknown>>
    let xml = ''
    for (const { name, open, close, write } of members) {
      const member = structure[name]
      if (member != null) xml += open + write(member) + close
    }
    return xml
  }
}
const membersOf = (shape: Shape, dialect: XmlDialect, writerOf: WriterOf) =>
  Object.entries(shape.members ?? {}).map(([name, member]) => {
    const element = dialect.elementOf(name, member)
    return { name, open: `<${element}>`, close: `</${element}>`, write: writerOf(member.shape), shape: member.shape }
  })

function listWriter(item: string, write: Writer): Writer {
  const open = `<${item}>`
  const close = `</${item}>`
  return (value) => {
    let xml = ''
    for (const each of value as readonly unknown[]) {
      xml += open + write(each) + close
      if (xml.length > answerBytesMax) refuseTooLarge()
    }
    return xml
  }
}

/** Writes the lists of an output in parts, and everything else as it comes. */
function partsWriter(
  { shapes }: ServiceModel,
  shape: Shape,
  { dialect, writerOf }: { readonly dialect: XmlDialect; readonly writerOf: WriterOf },
): PartsWriter {
  const members = membersOf(shape, dialect, writerOf).map(({ write, shape: name, ...member }) => ({
    ...member,
    writeParts: shapes[name]!.type === 'list' ? listPartsWriter(write) : singlePart(write),
  }))
  return function* (value) {
    const structure = value as Readonly<Record<string, unknown>>
    for (const { name, open, close, writeParts } of members) {
      const member = structure[name]
      if (member == null) continue
      yield open
      yield* writeParts(member)
      yield close
    }
  }
}
const singlePart = (write: Writer): PartsWriter =>
  function* (value) {
    yield write(value)
  }

const listPartsWriter = (write: Writer): PartsWriter =>
  function* (value) {
    const items = value as readonly unknown[]
    let length = 0
    for (let from = 0; from < items.length; from += itemsPerPart) {
      const part = write(items.slice(from, from + itemsPerPart))
      length += part.length
      if (length > answerBytesMax) refuseTooLarge()
      yield part
    }
  }

const refuseTooLarge = (): never => refuse({ code: 'AnswerTooLarge', limit: answerBytesMax })
