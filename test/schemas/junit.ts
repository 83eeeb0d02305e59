// A reader of the XML that we write, strict about what XML 1.0 allows, and what is wrong with it by the excerpt of a schema.
import assert from 'node:assert/strict'

export interface Element {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly Element[]
  readonly text: string
}
export type XmlSchema = Readonly<
  Record<
    string,
    {
      readonly attributes: Readonly<Record<string, string>>
      readonly optional?: Readonly<Record<string, string>>
      /** In order: `a`, `a*` for any number, `a|b?` for one of them or none. */
      readonly children: readonly string[]
      readonly hasText?: true
    }
  >
>

export function parseXml(text: string): Element {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  assert.doesNotMatch(text, /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/, 'XML 1.0 has no such character')
  assert(text.isWellFormed())
  const root = { name: '', attributes: {}, children: [] as Element[], text: '' }
  const open: { name: string; children: Element[]; text: string; attributes: Record<string, string> }[] = [root]
  const pieces = /<\?xml [^?]*\?>|<(\/?)([\w-]+)((?: [\w-]+="[^"<]*")*)(\/?)>|([^<]+)/gy
  let end = 0
  for (const [whole, closes, name, given = '', closed, characters] of text.matchAll(pieces)) {
    end += whole.length
    if (characters !== undefined) open.at(-1)!.text += unescaped(characters)
    else if (closes) assert.equal(open.pop()!.name, name)
    else if (name !== undefined) {
      const attributes = Object.fromEntries(
        [...given.matchAll(/ ([\w-]+)="([^"]*)"/g)].map(([, key, value]) => [key!, unescaped(value!)]),
      )
      const element = { name, attributes, children: [], text: '' }
      open.at(-1)!.children.push(element)
      if (!closed) open.push(element)
    }
  }
  assert.equal(end, text.length, `not well-formed: ${text.slice(end, end + 80)}`)
  assert.equal(open.length, 1)
  assert.equal(root.children.length, 1)
  return root.children[0]!
}
const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' }
const unescaped = (text: string): string =>
  text.replaceAll(/&(\w*);?/g, (_, name: string) => entities[name] ?? assert.fail(`no entity ${name}`))

const isOf: Readonly<Record<string, RegExp>> = {
  string: /^/,
  token: /^(?! )[^\n\r\t]+$/,
  int: /^\d+$/,
  decimal: /^\d+(?:\.\d+)?$/,
  dateTime: /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$/,
}

export function schemaProblems({ name, attributes, children, text }: Element, schema: XmlSchema): string[] {
  const shape = schema[name]
  if (!shape) return [`${name}: unknown`]
  const known = { ...shape.attributes, ...shape.optional }
  const order = shape.children
    .map((one) => `(?:(?:${one.replace(/[*?]$/, '')}) )${/[*?]$/.exec(one)?.[0] ?? ''}`)
    .join('')
  const names = children.map((child) => `${child.name} `).join('')
  return [
    ...Object.keys(shape.attributes).flatMap((one) => (one in attributes ? [] : [`${name}: ${one} is required`])),
    ...Object.entries(attributes).flatMap(([one, value]) =>
      known[one] && isOf[known[one]]!.test(value) ? [] : [`${name}: ${one}: ${value}`],
    ),
    ...(new RegExp(`^${order}$`).test(names) ? [] : [`${name}: ${names} in place of ${shape.children.join(' ')}`]),
    ...(shape.hasText || text.trim() === '' ? [] : [`${name}: text`]),
    ...children.flatMap((child) => schemaProblems(child, schema)),
  ]
}
