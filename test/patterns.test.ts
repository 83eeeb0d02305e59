// Patterns: none takes time that grows with the square of a text, whatever is in it. Whoever sends a text looks for the one that does.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { withoutSecrets } from '#model/secrets.ts'
import { shownText } from '#model/text.ts'

/** A literal where an expression begins. */
const literal = /(?<=[(=,:?&|!\s])\/(?![/*])((?:\\.|\[(?:\\.|[^\]\n\\])*\]|[^/\\\n[])+)\/([dgimsuvy]*)(?=[.,;)\s\]])/g
const texts = [
  'a',
  '0',
  '-',
  '.',
  ':',
  '/',
  ' ',
  '_',
  '@',
  'a-',
  'a.',
  'a:',
  '1.',
  '0.0',
  '`',
  '(',
  '<',
  '{',
  ',',
  '=',
  '%',
  '\\',
]
texts.push(
  "'",
  '"',
  '""',
  '\t',
  '\r',
  '\n',
  '\r\n',
  'A',
  '*',
  '[',
  '|',
  ';',
  'a ',
  ' a',
  'eyJ',
  'IQoJ',
  'IQoJ=',
  'cadastre_',
  '%2F',
  '${',
)
texts.push('é', '\u200b', 'AKIA0', 'ou-', 'a@', '::')
const length = 65_536
/** Of the processor. Where time grows with the length it is a millisecond, with its square seconds. */
const msMax = 400

const msOf = (work: () => void): number => {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}
/** What the pattern itself looks for, a few characters long, repeated. */
const wordsOf = (source: string): readonly string[] => [...source.matchAll(/[A-Za-z_ ]{3,}/g)].map(([word]) => word)

function slowest(pattern: RegExp): { readonly ms: number; readonly text: string } {
  let worst = { ms: 0, text: '' }
  for (const unit of [...texts, ...wordsOf(pattern.source)]) {
    for (const end of ['', '!', ' x']) {
      const text = unit.repeat(Math.ceil(length / unit.length)) + end
      // A sticky one is tried where it stands alone.
      const ms = msOf(() => (pattern.global && !pattern.sticky ? text.replaceAll(pattern, '') : pattern.test(text)))
      pattern.lastIndex = 0
      if (ms > worst.ms) worst = { ms, text: JSON.stringify(unit + end) }
      if (ms > msMax) return worst
    }
  }
  return worst
}

/** Undefined where it was no pattern but two slashes of something else. */
function patternOf(source: string, flags = ''): RegExp | undefined {
  try {
    return new RegExp(source, flags)
  } catch {
    return undefined
  }
}

test('I10 no pattern of the source takes time by the square of a text', () => {
  const slow: string[] = []
  const known = new Set<string>()
  for (const path of globSync('src/**/*.ts')) {
    if (/\.(test|generated)\.ts$/.test(path)) continue
    for (const [whole, source, flags] of readFileSync(path, 'utf8').matchAll(literal)) {
      if (known.has(whole)) continue
      const pattern = patternOf(source!, flags)
      if (!pattern) continue
      known.add(whole)
      const { ms, text } = slowest(pattern)
      if (ms > msMax) slow.push(`${path}: ${whole} on ${text}`)
    }
  }
  assert(known.size > 200, `${known.size} patterns`)
  assert.deepEqual(slow, [])
})

test('I10 texts are looked through for secrets once, whatever they are made of', () => {
  for (const unit of [...texts, 'eyJaaaaaaaa.', 'a.eyJaaaaaaaa', `eyJ${'a'.repeat(8)}.eyJ`]) {
    for (const end of ['', '\u0001', '!']) {
      const text = unit.repeat(Math.ceil(length / unit.length)) + end
      for (const read of [withoutSecrets, shownText])
        assert(msOf(() => read(text)) < msMax, `${JSON.stringify(unit)} ${read.name}`)
    }
  }
})
