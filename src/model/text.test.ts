// What cannot be kept is found wherever it stands, and shown so that it can be read.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { problemInWords } from './problems/problem.ts'
import { findUnfitText, lookOf, textProblem } from './text.ts'

const problem = { why: 'unfit-text' }

test('control characters and half a surrogate pair are found in values, names, lists and depths, and nothing else is', () => {
  assert.deepEqual(findUnfitText({ name: 'a\0b' }), { field: 'name', value: 'a\u{2400}b', problem })
  assert.deepEqual(findUnfitText({ list: ['a', { x: '\ud83d' }] })?.field, 'list.1.x')
  assert.deepEqual(findUnfitText({ tags: { 'k\0': 'v' } }), { field: 'tags.k\u{2400}', value: 'k\u{2400}', problem })
  const fine = {
    name: '😀 a\u00a0b',
    tags: { ключ: 'é', 'cadastre:no': 'cadastre_' },
    at: new Date(0),
    n: 1,
    no: null,
    bytes: new Uint8Array(3),
    u: undefined,
  }
  assert.equal(findUnfitText(fine), undefined)
})

/** Separators of lines, and what turns the direction of the text behind it. */
const turning = [
  [0x2028, 0x202e],
  [0x2066, 0x2069],
] as const

test('every control character, U+FFFE and U+FFFF are no text, nor what turns its direction, and the refusal shows none of them', () => {
  const controls = [...Array(32).keys(), ...Array.from({ length: 33 }, (_, n) => 0x7f + n), 0xfffe, 0xffff]
  for (const [from, to] of turning) for (let code = from; code <= to; code++) controls.push(code)
  for (const code of controls) {
    const character = String.fromCharCode(code)
    for (const input of [{ description: `a${character}` }, { tags: { [character]: 'x' } }, [character]]) {
      const found = findUnfitText(input)
      assert.deepEqual(found?.problem, problem, code.toString(16))
      assert.ok(!JSON.stringify(found).includes(character) && !found.field.includes(character), code.toString(16))
    }
  }
  for (const code of [0x20, 0x7e, 0xa0, 0xfffd, 0x200d, 0x202f])
    assert.equal(findUnfitText([String.fromCharCode(code)]), undefined)
})

test('a token of the native API is no text of a request, and is not shown', () => {
  const token = `cadastre_${'a'.repeat(43)}`
  for (const input of [{ description: token }, { tags: { owner: `see ${token}` } }, { tags: { [token]: '' } }]) {
    const found = findUnfitText(input)
    assert.match(problemInWords(found?.problem) ?? '', /it holds a token of the native API/)
    assert.ok(!JSON.stringify(found).includes(token))
  }
})

test('I7 a name shows all that it has, in one spelling, and ends no quotation', () => {
  // Joiners, the soft hyphen, tags; fillers of Hangul, Khmer and Khitan; selectors of variants; blanks of Braille, music and hieroglyphs.
  const invisible = [
    0xad, 0x200b, 0x200d, 0x2060, 0xe0041, 0x034f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x180b, 0x2065, 0x2800,
  ]
  invisible.push(0x3164, 0xfe00, 0xfe0f, 0xffa0, 0xfff0, 0xfffc, 0x13441, 0x13442, 0x16fe4, 0x1d159, 0xe0100, 0xe0fff)
  for (const code of invisible)
    for (const text of [`prod${String.fromCodePoint(code)}`, `${String.fromCodePoint(code)}prod`])
      assert.match(problemInWords(textProblem(text, 64))!, /show nothing/, code.toString(16))
  for (const code of [0xa0, 0x1680, 0x2000, 0x2003, 0x2007, 0x200a, 0x202f, 0x205f, 0x3000])
    assert.match(problemInWords(textProblem(`prod${String.fromCodePoint(code)}eu`, 64))!, /U\+0020/, code.toString(16))
  for (const text of ['cafe\u0301', 'K\u0308\u0323', '\u212bngström', '\u1112\u1161\u11ab'])
    assert.match(problemInWords(textProblem(text, 64))!, /NFC/, text)
  assert.match(problemInWords(textProblem('a`, not `b', 64))!, /backtick/)
  for (const fine of [
    'Zürich 1',
    'прод',
    '本番',
    "it's/fine",
    'a😀',
    'café',
    '한글',
    'ni\u0308\u0323no'.normalize('NFC'),
    'हिन्दी',
  ])
    assert.deepEqual([textProblem(fine, 64), lookOf(fine)], [undefined, fine])
  // What looks alike has one form: also where a mark that shows nothing stands between a letter and its accent.
  for (const alike of [
    'caf\u00e9',
    ' cafe\u0301',
    'cafe\u034f\u0301',
    'c\u200daf\u00e9\u3164',
    'caf\u00e9\ufe0f\u00a0',
  ])
    assert.equal(lookOf(alike), 'caf\u00e9')
  assert.equal(lookOf('a\u2003b'), 'a b')
  assert.notEqual(lookOf('прод'), lookOf('npod'))
})
