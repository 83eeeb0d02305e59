// YAML says the same as JSON, to readers of both versions, and steers no terminal.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parse } from 'yaml'
import { yamlOf } from './yaml.ts'

const bothRead = (value: unknown): void => {
  const text = yamlOf(value)
  for (const version of ['1.1', '1.2'] as const)
    assert.deepEqual(parse(text, { version }), value, `${version}: ${text}`)
  assert.doesNotMatch(text, /(?!\n)\p{Cc}|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u)
}

test('texts that look like something else stay texts', () => {
  const texts = [
    'no',
    'Yes',
    'on',
    'null',
    '~',
    '1e3',
    '0x1f',
    '012',
    '12:30:45',
    '111111111111',
    '2026-11-29T20:32:42.207Z',
    '2026-11-29',
    '<<',
    '=',
    '-',
    '? x',
    '# x',
    'a: b',
    '*a',
    '&a',
    '!x',
    '%x',
    '@x',
    '`x`',
    '',
    ' ',
    'a\n',
    '\n',
    '  a\nb',
    '.inf',
  ]
  bothRead({ texts, ...Object.fromEntries(texts.map((text) => [text, 1])) })
  assert.equal(yamlOf({ account: '111111111111', count: 3 }), 'account: "111111111111"\ncount: 3\n')
})

test('what steers a terminal is escaped, and read as what it was', () => {
  const evil = 'user\u202enimda\u2066\u200f\u061c\u001b[2J\u009b\u2028\t\r'
  bothRead({ [evil]: `${evil}\nline`, list: [evil] })
  // Each alone would not be quoted for anything else.
  for (const character of evil.match(/\W/gu)!) bothRead({ [`a${character}b`]: `c${character}d\ne` })
})

test('whatever an answer is, it is read as the same', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
      // What JSON cannot say, no answer has.
      bothRead(JSON.parse(JSON.stringify(value)))
    }),
    { numRuns: 500 },
  )
})
