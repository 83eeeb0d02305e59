// Requests that are nearly right: one that is good, and what is wrong with it as edits, which may be left out again.
import { sign } from '#api/aws/sigv4.ts'
import type { Choices } from '../random.ts'
import type { Asker, Known } from './known.ts'
import { type Described, type Keys, keysOf, linesMember, type Path, placesIn } from './shapes.ts'
import { goodFor, Raw, Twice, valueFor } from './values.ts'

export type Edit =
  | { readonly at: Path; readonly put: unknown }
  | { readonly at: Path; readonly drop: true }
  | { readonly header: string; readonly value: string }
  /** Of what is sent as it is, the first of these. */
  | { readonly spoil: 'cut' | 'nothing' | 'junk' | 'twice' | 'not-utf-8' | 'bom' | 'method' | 'path' }
export interface Draft {
  readonly described: Described
  readonly asker: Asker
  readonly input: object
  readonly edits: readonly Edit[]
  readonly isDryRun: boolean
}

// Drawing ------------------------------------------------------------------------------------------------------------

const contentTypes = [
  ...['', 'text/plain', 'application/xml', 'application/json; charset=latin1', 'application/json;charset=utf-8'],
  ...['APPLICATION/JSON', 'application/problem+json', 'multipart/form-data; boundary=x', 'application/x-ndjson'],
  ...['application/x-www-form-urlencoded', 'application/x-amz-json-1.1', 'application/json, application/json'],
]
const tokens = ['', 'x', 'x'.repeat(64), 'x'.repeat(65), 'a b', 'é', '__proto__', 'repeated']
const spoils = ['cut', 'nothing', 'junk', 'twice', 'not-utf-8', 'bom', 'method', 'path'] as const

/** How much of a request is another thing than in the example, and right; and how much is wrong: mostly one, for two wrongs hide each other. */
const rightEdits = [0, 0, 1, 1, 2, 3]
const wrongEdits = [0, 0, 1, 1, 1, 1, 1, 2]

export interface Drawing {
  readonly choices: Choices
  readonly known: Known
  readonly askers: readonly Asker[]
  readonly exampleOf: (described: Described) => readonly object[]
}
export function drawDraft(described: Described, drawing: Drawing): Draft {
  const { choices, known, askers, exampleOf } = drawing
  const asker = choices.pick(askers)
  const examples = exampleOf(described)
  const around = { choices, known, asker, example: undefined }
  const input = (examples.length > 0 ? choices.pick(examples) : goodFor(described.shape, [], around)) as object
  const draft = { described, asker, input, isDryRun: described.takesDryRun && choices.chance(0.5) }
  const edits: Edit[] = []
  for (let count = choices.pick(rightEdits); count > 0; count--)
    edits.push(drawEdit({ ...draft, edits }, drawing, true))
  for (let count = choices.pick(wrongEdits); count > 0; count--)
    edits.push(drawEdit({ ...draft, edits }, drawing, false))
  return { ...draft, edits }
}

function drawEdit({ described, asker, input, edits }: Draft, { choices, known }: Drawing, isRight: boolean): Edit {
  const draw = choices.between(0, 99)
  if (!isRight && draw < 2) return { spoil: choices.pick(spoils) }
  if (!isRight && draw < 5) return drawHeader(choices, known)
  const whole = edited(input, edits)
  const places = [
    ...placesIn(described.shape),
    // A line of an intake is described by its example alone.
    ...(linesMember in input ? pathsIn(whole).map((at) => ({ at, shape: { kind: 'anything' as const } })) : []),
  ]
  if (places.length === 0) return { at: ['Unknown'], put: 'x' }
  const { at, shape } = choices.pick(places)
  const example = valueAt(whole, at)
  const around = { choices, known, asker, example }
  if (isRight) return { at, put: goodFor(shape, at, around) }
  if (draw < 10) return { at, drop: true }
  if (draw < 12)
    return { at: [...at.slice(0, -1), choices.pick(['unknown', '__proto__', 'DryRun', 'Filters'])], put: 'x' }
  if (draw < 14) return { at, put: new Twice([example ?? 'x', goodFor(shape, at, around)]) }
  return { at, put: valueFor(shape, at, around) }
}
function drawHeader(choices: Choices, known: Known): Edit {
  const header = choices.pick(['content-type', 'if-match', 'idempotency-key', 'if-none-match', 'accept'])
  const value = {
    'content-type': choices.pick(contentTypes),
    'idempotency-key': choices.pick(tokens),
    accept: choices.pick(['text/csv', 'application/xml', '*/*', 'application/json;q=0', '']),
  }[header]
  return { header, value: value ?? known.drawEtag(choices) }
}

// Editing ------------------------------------------------------------------------------------------------------------

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !(value instanceof Raw) && !(value instanceof Twice)
const valueAt = (whole: unknown, at: Path): unknown =>
  at.reduce((value: unknown, part) => (isObject(value) && Object.hasOwn(value, part) ? value[part] : undefined), whole)
function pathsIn(value: unknown, at: Path = []): Path[] {
  const own = at.length === 0 ? [] : [at]
  return isObject(value)
    ? [
        ...own,
        ...Object.keys(value).flatMap((name) =>
          pathsIn(value[name], [...at, Array.isArray(value) ? Number(name) : name]),
        ),
      ]
    : own
}

/** The input with these edits; what stands on the way to one and is no object, becomes one. */
export function edited(input: object, edits: readonly Edit[]): unknown {
  let whole: unknown = input
  for (const edit of edits) {
    if ('put' in edit) whole = withValue(whole, edit.at, edit.put)
    if ('drop' in edit && valueAt(whole, edit.at) !== undefined) whole = withValue(whole, edit.at, undefined)
  }
  return whole
}
function withValue(whole: unknown, [part, ...rest]: Path, value: unknown): unknown {
  if (part === undefined) return value
  const isList = typeof part === 'number'
  if (isList) {
    const list = Array.isArray(whole) ? [...whole] : []
    list[part] = withValue(list[part], rest, value)
    return value === undefined && rest.length === 0 ? list.toSpliced(part, 1) : list
  }
  const members = isObject(whole) && !Array.isArray(whole) ? whole : {}
  const next = withValue(Object.hasOwn(members, part) ? members[part] : undefined, rest, value)
  const others = Object.entries(members).filter(([name]) => name !== part)
  // As its own member, whatever it is called.
  return Object.fromEntries(next === undefined ? others : [...others, [part, next]])
}

// Writing ------------------------------------------------------------------------------------------------------------

export interface Wire {
  readonly method: string
  readonly url: string
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
}

export interface Sending {
  readonly host: string
  readonly now: number
  /** Of an SDK: no two calls have the same one. */
  readonly invocation: string
}

/** `swap` is applied to all that names something: to ask the same of what is not there. */
export function wireOf(draft: Draft, sending: Sending, swap: (text: string) => string = (text) => text): Wire {
  const { described, edits } = draft
  const input = swapped(edited(draft.input, edits), swap)
  const members = isObject(input) ? input : {}
  const { way } = described
  const wire = way.api === 'native' ? nativeWire(draft, members) : awsWire(draft, members)
  const spoiled = edits.flatMap((edit) => ('spoil' in edit ? [edit.spoil] : []))[0]
  const given = new Map(wire.headers)
  for (const edit of edits) if ('header' in edit) given.set(edit.header, headerText(edit.value))
  const [method, url] = [
    spoiled === 'method'
      ? { GET: 'POST', POST: 'PUT', PUT: 'PATCH', PATCH: 'DELETE', DELETE: 'GET' }[wire.method]!
      : wire.method,
    spoiled === 'path' ? `${wire.url.split('?')[0]}/%2e%2e/x` : wire.url,
  ]
  const body = spoil(wire.body, spoiled)
  const headers = [...given].flat()
  if (way.api === 'native') {
    const as = ['authorization', `Bearer ${draft.asker.token}`]
    return { method, url, body, rawHeaders: ['host', sending.host, ...as, ...headers] }
  }
  const unsigned = ['Host', sending.host, ...headers, 'amz-sdk-invocation-id', sending.invocation]
  const request = { method, url, rawHeaders: unsigned, body }
  const rawHeaders = sign(request, { key: draft.asker.key, region: 'us-east-1', service: way.api, now: sending.now })
  return { method, url, body, rawHeaders }
}
/** What no header can have is left out. */
const headerText = (text: string): string => text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '').trim()

function spoil(body: Buffer, how: string | undefined): Buffer {
  switch (how) {
    case 'cut':
      return body.subarray(0, Math.floor(body.length / 2))
    case 'nothing':
      return Buffer.alloc(0)
    case 'junk':
      return Buffer.from('\0\x01{"a":1}&Action')
    case 'twice':
      return Buffer.concat([body, body])
    case 'not-utf-8':
      return Buffer.concat([body.subarray(0, -1), Buffer.from([0xff, 0xc0, 0x80]), body.subarray(-1)])
    case 'bom':
      return Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), body])
    default:
      return body
  }
}

interface Unsent {
  readonly method: string
  readonly url: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Buffer
}

function nativeWire({ described, isDryRun }: Draft, input: Record<string, unknown>): Unsent {
  const { way } = described
  if (way.api !== 'native') throw new Error('another API')
  const inPath = new Set(way.inPath)
  const path = way.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => percent(plain(input[name])))
  const query = Object.entries(input)
    .filter(([name]) => !inPath.has(name) && (way.body === 'none' || way.inQuery.includes(name)))
    .flatMap(([name, value]) =>
      (value instanceof Twice ? value.values : [value].flat()).map((one) => `${percent(name)}=${percent(plain(one))}`),
    )
  if (isDryRun) query.push('dryRun=true')
  const url = `/api/v1${path}${query.length > 0 ? `?${query.join('&')}` : ''}`
  const { method } = way
  if (way.body === 'none') return { method, url, headers: [], body: Buffer.alloc(0) }
  if (way.body === 'lines') {
    const lines = [input[linesMember]].flat().map((line) => `${jsonOf(line)}\n`)
    return { method, url, headers: [['content-type', 'application/x-ndjson']], body: Buffer.from(lines.join('')) }
  }
  const members = Object.entries(input).filter(([name]) => !inPath.has(name) && !way.inQuery.includes(name))
  const body = Buffer.from(jsonOf(Object.fromEntries(members)))
  return { method, url, headers: [['content-type', 'application/json']], body }
}

function awsWire({ described, isDryRun }: Draft, input: Record<string, unknown>): Unsent {
  const { way, name } = described
  if (way.api === 'organizations') {
    const headers = [
      ['content-type', 'application/x-amz-json-1.1'],
      ['x-amz-target', `AWSOrganizationsV20161128.${name}`],
    ] as const
    return { method: 'POST', url: '/', headers, body: Buffer.from(jsonOf(input)) }
  }
  if (way.api === 'native') throw new Error('another API')
  const whole = isDryRun ? { ...input, DryRun: true } : input
  const version = way.api === 'sts' ? '2011-06-15' : '2016-11-15'
  const pairs = [`Action=${name}`, `Version=${version}`, ...formOf(whole, keysOf(way.api, name), '', way.api === 'sts')]
  const headers = [['content-type', 'application/x-www-form-urlencoded']] as const
  return { method: 'POST', url: '/', headers, body: Buffer.from(pairs.join('&')) }
}

function formOf(value: unknown, keys: Keys, at: string, isSts: boolean): string[] {
  if (value === undefined || value === null) return []
  if (value instanceof Twice) return value.values.flatMap((one) => formOf(one, keys, at, isSts))
  const join = (part: string | number): string => (at === '' ? String(part) : `${at}.${part}`)
  if (Array.isArray(value)) {
    if (value.length === 0) return at === '' ? [] : [`${at}=`]
    const word = isSts ? 'member.' : ''
    return value.flatMap((one, index) => formOf(one, keys.of ?? {}, join(`${word}${index + 1}`), isSts))
  }
  if (isObject(value)) {
    return Object.entries(value).flatMap(([name, one]) => {
      const known = keys.members && Object.hasOwn(keys.members, name) ? keys.members[name] : undefined
      return formOf(one, known?.under ?? {}, join(known?.key ?? percent(name)), isSts)
    })
  }
  return [`${at}=${percent(plain(value))}`]
}

const plain = (value: unknown): string => {
  if (value instanceof Raw) return value.text
  if (value === undefined) return ''
  return typeof value === 'object' ? jsonOf(value) : String(value)
}

/** Every byte that needs it, of text that may have halves of characters in it. */
function percent(text: string): string {
  let written = ''
  for (const character of text) {
    const code = character.codePointAt(0)!
    const bytes =
      code >= 0xd800 && code <= 0xdfff
        ? [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)]
        : [...Buffer.from(character)]
    written += /[A-Za-z0-9._~-]/.test(character)
      ? character
      : bytes.map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')
  }
  return written
}

export function jsonOf(value: unknown): string {
  if (value instanceof Raw) return value.text
  if (value instanceof Twice) return jsonOf(value.values[0])
  if (Array.isArray(value)) return `[${value.map(jsonOf).join(',')}]`
  if (!isObject(value)) return JSON.stringify(value ?? null)
  const members = Object.entries(value).flatMap(([name, one]) =>
    (one instanceof Twice ? one.values : [one]).map((each) => `${JSON.stringify(name)}:${jsonOf(each)}`),
  )
  return `{${members.join(',')}}`
}

/** The same with other texts, names of members included: tags are named by whoever sends them. */
function swapped(value: unknown, swap: (text: string) => string): unknown {
  if (typeof value === 'string') return swap(value)
  if (value instanceof Twice) return new Twice([swapped(value.values[0], swap), swapped(value.values[1], swap)])
  if (Array.isArray(value)) return value.map((one) => swapped(one, swap))
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, swapped(one, swap)]))
}

/** A draft in words, with which anybody can send it again. */
export function told({ described, asker, input, edits, isDryRun }: Draft): string {
  const whole = jsonOf(edited(input, edits))
  const others = edits.filter((edit) => !('at' in edit))
  const wrong = edits.map((edit) => ('at' in edit ? edit.at.join('.') : Object.values(edit).join(' ')))
  return `${asker.name} ${described.way.api} ${described.name}${isDryRun ? ' (dry run)' : ''} ${whole.slice(0, 1_500)}${
    others.length > 0 ? ` with ${JSON.stringify(others)}` : ''
  } [edited: ${wrong.join(', ')}]`
}
