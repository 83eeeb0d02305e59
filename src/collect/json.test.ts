// JSON as tools save it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SourceTrouble } from './collector.ts'
import { valuesOf } from './json.ts'

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
async function values(text: string | Uint8Array, size = 3): Promise<unknown[]> {
  const found: unknown[] = []
  for await (const value of valuesOf(inPieces(Buffer.from(text), size))) found.push(value)
  return found
}

test('values come one by one, wherever the pieces of the file end', async () => {
  const files: [string, unknown[]][] = [
    ['', []],
    [' \n', []],
    ['[]', []],
    ['[ {"a":1}, {"b":[2,{"c":"]"}]} ]', [{ a: 1 }, { b: [2, { c: ']' }] }]],
    ['{"value":[{"a":1}]}', [{ value: [{ a: 1 }] }]],
    ['{"a":1}\n{"a":2}\r\n', [{ a: 1 }, { a: 2 }]],
    ['[{"a":1}]\n[{"a":2}]{"a":3}', [{ a: 1 }, { a: 2 }, { a: 3 }]],
    ['[1,"x",null,[2]]', [1, 'x', null, [2]]],
    ['{"a":"\\"}{\\\\"}', [{ a: '"}{\\' }]],
    ['{"ä":"🙂"}', [{ ä: '🙂' }]],
  ]
  for (const [text, expected] of files) {
    for (let size = 1; size <= 5; size++) assert.deepEqual(await values(text, size), expected, text)
  }
})

test('a mark at the beginning is no part of it, in UTF-8 or in UTF-16', async () => {
  assert.deepEqual(await values('\ufeff[{"a":"ä"}]'), [{ a: 'ä' }])
  assert.deepEqual(await values(Buffer.from('\ufeff[{"a":"ä"}]', 'utf16le'), 4), [{ a: 'ä' }])
})

test('what is cut off or no JSON is refused', async () => {
  for (const text of [
    '[{"a":1}',
    '{"a":',
    '{"a":"',
    '[1,',
    'x',
    '{} x',
    '}',
    ']',
    '[}',
    '[{]',
    '{"a":1}]',
    '[{a:1}]',
    '1',
  ])
    await assert.rejects(values(text), SourceTrouble, text)
  await assert.rejects(values(Buffer.from([0x7b, 0xff, 0x7d])), SourceTrouble)
})
