// What is put where something else is expected: right in form and wrong in one thing, at its bounds, or what nobody should send.
import type { Choices } from '../random.ts'
import type { Asker, Known } from './known.ts'
import type { Path, Shape } from './shapes.ts'

/** JSON as it is written, which no value has: such as a number that is too large to be one. */
export class Raw {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}
/** A member that is there twice. */
export class Twice {
  readonly values: readonly [unknown, unknown]
  constructor(values: readonly [unknown, unknown]) {
    this.values = values
  }
}

const texts: readonly string[] = [
  ...['', ' ', '\t', '\0', 'a\0b', '\r\nX-Injected: 1', '\u001b[31m', '\u007f', '\ufeff', '\u2028', '\ufffd', '\uffff'],
  // Right to left, and what turns the direction.
  ...['\u202etxt.exe', '\u2066abc\u2069', 'مرحبا', 'שלום', 'é', 'İ', 'ß', 'ﬀ', '😀', '👩‍👩‍👧‍👦'],
  // Halves of characters.
  ...['\ud800', 'a\udc00b', '\udfff\ud800'],
  // What objects have by themselves, and what languages call nothing.
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', 'length', 'then'],
  ...['null', 'undefined', 'NaN', 'true', 'false', '[object Object]'],
  // Numbers, and what is nearly one.
  ...[
    '0',
    '-0',
    '-1',
    '1',
    '00',
    '1.5',
    '1e9',
    '1e309',
    '0x10',
    '2147483648',
    '9007199254740993',
    '9'.repeat(30),
    '+1',
  ],
  // What means something somewhere.
  ...[
    '*',
    '**',
    '?',
    '.',
    '..',
    '/',
    '//',
    '../..',
    '\\',
    '%',
    '%00',
    '%2f',
    '%zz',
    '$',
    '$1',
    '$'.concat('{x}'),
    '{{x}}',
    '#',
    '&',
  ],
  ...["'", '"', '`', '<x>', '&amp;', ']]>', '-', '--', '=', 'a=b', ',', ';', '|', '@'],
  // Addresses and blocks.
  ...['10.0.0.0/8', '10.0.0.1/8', '0.0.0.0/0', '::/0', '::', '255.255.255.255/32', '10.0.0.0/33', '10.0.0.0/-1'],
  ...['010.0.0.0/8', '10.0.0', '::ffff:10.0.0.0/104', '2001:db8::/32', 'fe80::1%eth0', '10.7.0.0/16', '198.18.0.0/32'],
  // Moments.
  ...['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.000+23:59', '2026-02-30T00:00:00Z', '2025-12-31T23:59:60Z'],
  ...['9999-12-31T23:59:59.999Z', '0000-01-01T00:00:00Z', '+275760-09-13T00:00:00Z', '2026-01-01', '1767225600000'],
  // Words of this place.
  ...[
    'provider',
    'us-east-1',
    'us-east-1a',
    'onprem:x',
    'onprem:',
    ':',
    'eip',
    'vpc',
    'user:x',
    'group:*',
    'service:',
    'r-',
    'ou-',
  ],
  ...[
    'https://127.0.0.1/',
    'https://[::1]:1/',
    'http://example.com',
    'file:///etc/passwd',
    'https://user:pw@example.com/',
  ],
  ...['a@b', '"a b"@example.com', 'a@example.com\r\nBcc: b@example.com', 'P1D', '{"a":', '[]'],
]
/** Lengths at which texts are cut, and one more. */
const lengths = [1, 63, 64, 65, 127, 128, 129, 200, 201, 255, 256, 257, 1_000, 1_001, 2_000, 2_001, 5_000]
const letters = ['x', 'é', '😀', '\u202e', ' ', '0', '%', "'", '\0']

const numbers: readonly unknown[] = [
  ...[0, -1, 1, 2, 1.5, 0.1, 31, 32, 33, 64, 127, 128, 129, 255, 256, 999, 1_000, 1_001, 65_535, 65_536],
  ...[2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 1e21, 1e308, -1e308, -(2 ** 53), 5e-324],
  ...['-0', '1e400', '-1e400', '1E0', '1.0', '0e9', '12345678901234567890'].map((text) => new Raw(text)),
]
/** Elements of lists. */
const counts = [0, 2, 3, 49, 50, 51, 99, 100, 101, 200, 201, 256, 500, 501, 999, 1_000, 1_001, 2_001]

export interface Around {
  readonly choices: Choices
  readonly known: Known
  readonly asker: Asker
  /** What stands there in the example, if anything does. */
  readonly example: unknown
}

/** What may be drawn for a place. */
export function valueFor(shape: Shape, at: Path, around: Around): unknown {
  const { choices } = around
  if (choices.chance(0.08)) return ofAnotherType(choices)
  switch (shape.kind) {
    case 'text':
      return textFor(shape, at, around)
    case 'number':
      return choices.chance(0.3) ? nearBounds(shape, choices) : choices.pick(numbers)
    case 'flag':
      return choices.pick<unknown>([true, false, 'true', 'TRUE', 0, 1, '', null])
    case 'list':
      return listFor(shape, at, around)
    case 'object':
      return objectFor(shape, at, around)
    case 'anything':
      return choices.chance(0.5) ? textFor({ kind: 'text' }, at, around) : ofAnotherType(choices)
  }
}

function textFor({ min, max, choices: words }: Shape, at: Path, { choices, known, asker, example }: Around): string {
  const draw = choices.between(0, 99)
  if (words && draw < 50) {
    const word = choices.pick(words)
    return choices.chance(0.7) ? word : choices.pick([word.toUpperCase(), ` ${word}`, `${word}\0`, `${word}s`])
  }
  if (draw < 45) return known.draw(choices, asker, { example, member: at.findLast((part) => typeof part === 'string') })
  if (draw < 70) return choices.pick(texts)
  if (draw < 90) {
    const bound = max === undefined ? [] : [max - 1, max, max + 1]
    const length = choices.pick([...lengths, ...bound, ...bound, ...(min === undefined ? [] : [min, min - 1])])
    return choices.pick(letters).repeat(Math.max(0, length)).slice(0, Math.max(0, length))
  }
  // Nearly what it was.
  const text = typeof example === 'string' ? example : 'x'
  return choices.pick([` ${text}`, `${text} `, text.toUpperCase(), `${text}\0`, text.slice(1), text + text, `${text}/`])
}

function nearBounds({ min, max }: Shape, choices: Choices): number {
  const bound = choices.pick([min ?? 0, max ?? 1_000])
  return bound + choices.between(-1, 1)
}

function listFor(shape: Shape, at: Path, around: Around): unknown {
  const { choices, example } = around
  const { max, min } = shape
  const near = [...(max === undefined ? [] : [max, max + 1]), ...(min === undefined ? [] : [min, min - 1])]
  const count = Math.max(0, choices.pick([...near, ...near, ...counts]))
  const [first = goodFor(shape.of!, at, around)] = Array.isArray(example) ? example : []
  // All alike, or each another one.
  const isVaried = choices.chance(0.5)
  return Array.from({ length: count }, (_, n) => (isVaried ? varied(first, n) : first))
}
function varied(value: unknown, n: number): unknown {
  if (n === 0) return value
  if (typeof value === 'string') return `${value}${n}`
  if (typeof value === 'number') return value + n
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, one], place) => [name, place === 0 ? varied(one, n) : one]),
  )
}

function objectFor(shape: Shape, at: Path, around: Around): unknown {
  const { choices, example } = around
  const whole = example ?? goodFor(shape, at, around)
  const members = typeof whole === 'object' && whole !== null ? whole : {}
  return choices.pick<unknown>([
    {},
    [members],
    { ...members, unknown: 1 },
    { ...members, ['__proto__']: { isAdmin: true } },
    { ...members, constructor: { prototype: { isAdmin: true } } },
    Object.fromEntries(Array.from({ length: choices.pick([51, 101, 1_001]) }, (_, n) => [`key-${n}`, 'value'])),
    Object.fromEntries(Object.keys(shape.members ?? {}).map((name) => [name, null])),
  ])
}

const nested = (depth: number, isList: boolean): Raw =>
  new Raw(isList ? '['.repeat(depth) + ']'.repeat(depth) : `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`)
const ofAnotherType = (choices: Choices): unknown =>
  choices.pick<unknown>([
    ...[null, true, false, 0, -1, 1.5, '', 'x', [], {}, [[]], [null], [{}], { a: 1 }],
    ...[new Twice([1, 2]), nested(choices.pick([10, 40, 200, 5_000]), choices.chance(0.5))],
  ])

/** What may well be right there. */
export function goodFor(shape: Shape, at: Path, around: Around): unknown {
  const { choices, known } = around
  const name = at.findLast((part) => typeof part === 'string')
  const seen = known.goodFor(String(name))
  if (seen.length > 0 && choices.chance(0.9)) return choices.pick(seen)
  switch (shape.kind) {
    case 'text':
      return shape.choices ? choices.pick(shape.choices) : 'x'.repeat(Math.max(1, shape.min ?? 1))
    case 'number':
      return shape.min ?? 1
    case 'flag':
      return true
    case 'list':
      return [goodFor(shape.of!, [...at, 0], around)]
    case 'object':
      return Object.fromEntries(
        Object.entries(shape.members ?? {})
          .filter(([member]) => shape.required?.includes(member))
          .map(([member, one]) => [member, goodFor(one, [...at, member], around)]),
      )
    case 'anything':
      return 'x'
  }
}
