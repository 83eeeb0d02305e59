// The form reader against hostile text: nothing but refusals, nothing polluted, nothing lost.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Refused } from '#model/refusal.ts'
import { type FormNode, listIndexMax, parametersMax, parseForm } from './form.ts'

function parse(text: string): FormNode {
  return parseForm(Buffer.from(text))
}

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    assert(error instanceof Refused, `not a refusal: ${error}`)
    return error.refusal.code
  }
  return 'accepted'
}

function flatten(node: FormNode, path = ''): [string, string][] {
  if (node.value !== undefined) return [[path, node.value]]
  return [...(node.children ?? [])].flatMap(([key, child]) => flatten(child, path === '' ? key : `${path}.${key}`))
}

test('a form becomes a tree, decoded once', () => {
  const form = parse('Action=X&Tag.1.Key=a%20b&Tag.1.Value=c+d&Tag.2.Key=%E1%88%B4&Empty=&Bare&&Double=%2541')
  assert.deepEqual(flatten(form), [
    ['Action', 'X'],
    ['Tag.1.Key', 'a b'],
    ['Tag.1.Value', 'c d'],
    ['Tag.2.Key', 'ሴ'],
    ['Empty', ''],
    ['Bare', ''],
    ['Double', '%41'],
  ])
  assert.deepEqual(flatten(parse('')), [])
})

test('I1 names are letters and digits, and nothing of the prototype is reachable', () => {
  for (const name of [
    '__proto__',
    'a-b',
    '1',
    '1.Key',
    '.Key',
    'Key.',
    'Key..x',
    '',
    ' Key',
    'Kéy',
    'Key%00',
    'Tag[0]',
    'Tag.__proto__.x',
  ]) {
    assert.equal(
      codeOf(() => parse(`${name}=1`)),
      'MalformedRequest',
      name,
    )
  }
  const form = parse('constructor=1&toString=2&Filter.1.Value.constructor=3&hasOwnProperty.prototype=4')
  assert.equal(flatten(form).length, 4)
  assert.equal(parse('A=1').children?.get('constructor'), undefined)
})

test('I2 list indices are 1 to 1000, names have six parts at most', () => {
  assert.equal(
    codeOf(() => parse(`Tag.${listIndexMax}=1`)),
    'accepted',
  )
  for (const index of ['0', '01', '001', '1001', '10000', '4294967295', '9'.repeat(60_000)]) {
    assert.equal(
      codeOf(() => parse(`Tag.${index}.Key=1`)),
      'InvalidParameterValue',
      index.slice(0, 20),
    )
  }
  for (const index of ['1e3', '1x', '-1', '+1', '0x1'])
    assert.equal(
      codeOf(() => parse(`Tag.${index}=1`)),
      'MalformedRequest',
      index,
    )
  assert.equal(
    codeOf(() => parse('A.1.B.1.C.D=1')),
    'accepted',
  )
  assert.equal(
    codeOf(() => parse('A.1.B.1.C.D.E=1')),
    'MalformedRequest',
  )
  assert.equal(
    codeOf(() => parse(`A${'.A'.repeat(30_000)}=1`)),
    'MalformedRequest',
  )
})

test('I2 a thousand parameters are read and 100,000 are refused at once', () => {
  const many = (count: number): string => Array.from({ length: count }, (_, at) => `P${at}=1`).join('&')
  assert.equal(flatten(parse(many(parametersMax))).length, parametersMax)
  const text = Buffer.from(many(100_000))
  const start = performance.now()
  assert.equal(
    codeOf(() => parseForm(text)),
    'RequestTooLarge',
  )
  assert.equal(
    codeOf(() => parse('&'.repeat(65_536))),
    'RequestTooLarge',
  )
  assert(performance.now() - start < 250)
})

test('I3 duplicates and mixtures are refused, in either order and however they are encoded', () => {
  assert.equal(
    codeOf(() => parse('A=1&A=1')),
    'DuplicateParameter',
  )
  assert.equal(
    codeOf(() => parse('A=1&%41=1')),
    'DuplicateParameter',
  )
  assert.equal(
    codeOf(() => parse('A.1.Key=1&A.1.Key=2')),
    'DuplicateParameter',
  )
  assert.equal(
    codeOf(() => parse('A=1&A.1=1')),
    'MalformedRequest',
  )
  assert.equal(
    codeOf(() => parse('A.1=1&A=1')),
    'MalformedRequest',
  )
  assert.equal(
    codeOf(() => parse('A.1=1&A.1.Key=1')),
    'MalformedRequest',
  )
  assert.equal(
    codeOf(() => parse('A=&A.1=1')),
    'MalformedRequest',
  )
})

test('text that is not percent-encoded UTF-8 is refused', () => {
  for (const text of ['A=%', 'A=%4', 'A=%zz', 'A=%ff', 'A=%c0%af', 'A=%ed%a0%80', '%=1']) {
    assert.equal(
      codeOf(() => parse(text)),
      'MalformedRequest',
      text,
    )
  }
  assert.equal(
    codeOf(() => parseForm(Buffer.from([65, 61, 0xff]))),
    'MalformedRequest',
  )
})

test('only a form from a URL may carry a credential, and it does not reach the operation', () => {
  const text = Buffer.from('Action=X&X-Amz-Signature=00&X-Amz-Date=1')
  assert.equal(
    codeOf(() => parseForm(text)),
    'MalformedRequest',
  )
  assert.deepEqual(flatten(parseForm(text, { fromUrl: true })), [['Action', 'X']])
})

const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9]{0,5}(\.([1-9][0-9]{0,2}|[A-Za-z][A-Za-z0-9]{0,4})){0,5}$/)
const nastyPiece = fc.constantFrom(
  'A',
  'Tag',
  '.',
  '1',
  '0',
  '=',
  '&',
  '%',
  '%4',
  '%41',
  '+',
  'é',
  '__proto__',
  'constructor',
  '1000',
  '\0',
  '4294967295',
)

test('I1 no text makes the reader throw anything but a refusal, or touch Object.prototype', () => {
  const before = Object.getOwnPropertyNames(Object.prototype).join()
  const check = (bytes: Buffer): void => {
    codeOf(() => parseForm(bytes))
    codeOf(() => parseForm(bytes, { fromUrl: true }))
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => check(Buffer.from(bytes))),
    { numRuns: 500 },
  )
  fc.assert(
    fc.property(fc.array(nastyPiece, { maxLength: 40 }), (pieces) => check(Buffer.from(pieces.join('')))),
    { numRuns: 2_000 },
  )
  assert.equal(Object.getOwnPropertyNames(Object.prototype).join(), before)
})

test('what is written into a form is read out of it', () => {
  const value = fc.string({ unit: 'grapheme', maxLength: 20 })
  fc.assert(
    fc.property(fc.dictionary(name, value, { maxKeys: 10 }), (parameters) => {
      const names = Object.keys(parameters)
      fc.pre(!names.some((one) => names.some((other) => other.startsWith(`${one}.`))))
      const text = Object.entries(parameters).map(([key, each]) => `${key}=${encodeURIComponent(each)}`)
      assert.deepEqual(Object.fromEntries(flatten(parse(text.join('&')))), { ...parameters })
    }),
    { numRuns: 500 },
  )
})
