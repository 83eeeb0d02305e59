// Comma-separated values as they come.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SourceTrouble } from './collector.ts'
import { rowsOf } from './table-file.ts'

async function rows(bytes: string | Uint8Array, size = 3): Promise<[number, ...string[]][]> {
  const all = Buffer.from(bytes)
  const pieces = async function* () {
    for (let at = 0; at < all.length; at += size) yield all.subarray(at, at + size)
  }
  const found: [number, ...string[]][] = []
  for await (const { line, cells } of rowsOf(pieces())) found.push([line, ...cells])
  return found
}

test('the delimiter is the one that the lines agree on', async () => {
  const expected: [number, ...string[]][] = [
    [1, 'a', 'b'],
    [2, '1', 'x,y;z'],
  ]
  for (const delimiter of [',', ';', '\t', '|']) {
    assert.deepEqual(await rows(`a${delimiter}b\n1${delimiter}"x,y;z"\n`), expected)
    assert.deepEqual(await rows(`sep=${delimiter}\na${delimiter}b\n`), [[2, 'a', 'b']])
  }
  assert.deepEqual(await rows('a\nb\n'), [
    [1, 'a'],
    [2, 'b'],
  ])
})

test('lines have their numbers, whatever ends them and whatever cells hold', async () => {
  const expected: [number, ...string[]][] = [
    [1, 'a', 'b'],
    [3, 'x\ny', '2'],
    [5, 'q"q', '3'],
  ]
  assert.deepEqual(await rows('a,b\n\n"x\ny",2\n"q""q",3\n'), expected)
  assert.deepEqual(await rows('a,b\r\n\r\n"x\ny",2\r\n"q""q",3'), expected)
  assert.deepEqual(
    (await rows('a,b\rc,d\r')).map(([line]) => line),
    [1, 2],
  )
})

test('marks, encodings and characters that show nothing', async () => {
  assert.deepEqual(await rows('\ufeffä,b\n'), [[1, 'ä', 'b']])
  for (let size = 2; size <= 6; size += 2)
    assert.deepEqual(await rows(Buffer.from('\ufeffä\tb\n', 'utf16le'), size), [[1, 'ä', 'b']])
  for (let size = 1; size <= 5; size++) {
    assert.deepEqual(await rows(Buffer.from('Zürich;Genève;€\n'), size), [[1, 'Zürich', 'Genève', '€']])
    assert.deepEqual(await rows(Buffer.from('Netz;Ort\n192.0.2.0;Z\xfcrich\n', 'latin1'), size), [
      [1, 'Netz', 'Ort'],
      [2, '192.0.2.0', 'Zürich'],
    ])
  }
  assert.deepEqual(await rows(Buffer.from('\x80\n', 'latin1')), [[1, '€']])
  assert.deepEqual(await rows('\u00a0192.0.2.0\u200b, b \n'), [[1, '192.0.2.0', 'b']])
})

test('ten thousand columns are read, and a line that never ends is refused', async () => {
  assert.equal((await rows(`${'x,'.repeat(9_999)}x\n`, 1_000))[0]!.length, 10_001)
  await assert.rejects(rows('xxxx,'.repeat(400_000), 10_000), SourceTrouble)
  await assert.rejects(rows('a,b\n"c,d\n'), SourceTrouble)
})
