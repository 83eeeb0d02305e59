// What operators read of the inside: lines that nobody else can write.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { logEvent } from './telemetry.ts'

test('S5 whatever somebody writes into an event, it stays one line of JSON', (t) => {
  const lines: string[] = []
  t.mock.method(process.stderr, 'write', (line: string) => lines.push(line) > 0)
  const texts = [
    'a\nb',
    '{"event":"forged"}',
    '\r\n{"at":"now","event":"forged"}',
    '\u001b[2J',
    '"',
    '\u0085\u2028',
    '\0',
  ]
  for (const text of texts) logEvent('refused', { text })
  t.mock.restoreAll()
  assert.equal(lines.length, texts.length)
  lines.forEach((line, index) => {
    const controls = [...line].filter((character) => character < ' ')
    assert.deepEqual([controls, line.at(-1)], [['\n'], '\n'])
    const { event, text } = JSON.parse(line) as { event: string; text: string }
    assert.deepEqual([event, text], ['refused', texts[index]])
  })
})
