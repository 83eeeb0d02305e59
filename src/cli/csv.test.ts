// Comma-separated values: what RFC 4180 says, and nothing that a spreadsheet runs.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { csvColumns, csvHead, csvLines } from './csv.ts'

/** As section 2 of the RFC has it: for tests alone. */
function read(text: string): string[][] {
  const rows: string[][] = [[]]
  let at = 0
  while (at < text.length) {
    let cell = ''
    if (text[at] === '"') {
      for (at++; text[at] !== '"' || text[at + 1] === '"'; at++) {
        cell += text[at]
        if (text[at] === '"') at++
      }
      at++
    } else while (at < text.length && text[at] !== ',' && text[at] !== '\r') cell += text[at++]
    rows.at(-1)!.push(cell)
    if (text[at] === ',') at++
    else {
      assert.equal(text.slice(at, at + 2), '\r\n')
      at += 2
      if (at < text.length) rows.push([])
    }
  }
  return rows
}

test('cells with separators, quotes and line breaks are quoted, lines end with CR and LF', () => {
  const text = csvLines(
    ['a', 'b', 'c', 'd', 'e'],
    [
      { a: 'one, two', b: 'say "x"', c: 'two\nlines', d: -3, e: { k: ['v'] } },
      { a: null, b: true },
    ],
  )
  assert.equal(text, '"one, two","say ""x""","two\nlines",-3,"{""k"":[""v""]}"\r\n,true,,,\r\n')
  assert.equal(csvHead(['a', 'b']), 'a,b\r\n')
})

test('I7 no cell begins as a formula, and none steers a terminal', () => {
  const payloads = [
    '=1+1',
    '+1',
    '-1',
    '@SUM(A1)',
    '\t=1',
    '\r=1',
    '\n=1',
    '＝1',
    '＋1',
    '－1',
    '＠x',
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://x","y")',
  ]
  for (const payload of payloads) {
    for (const item of [{ x: payload }, { x: [payload] }, { x: { [payload]: payload } }]) {
      const [[cell]] = read(csvLines(['x'], [item])) as [[string]]
      assert.doesNotMatch(cell, /^[=+\-@\t\r\n＝＋－＠]/, payload)
    }
    assert.equal(read(csvHead([payload]))[0]![0]!.charAt(0), "'")
  }
  assert.equal(csvLines(['x'], [{ x: '=1+1' }]), "'=1+1\r\n")
  assert.doesNotMatch(csvLines(['x'], [{ x: 'a\u001b[2J\u202eb\u009b' }]), /(?![\r\n])\p{Cc}|\u202e/u)
})

test('whatever texts there are, a reader finds as many cells as there are columns, and the texts in them', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ a: fc.string({ unit: 'grapheme' }), b: fc.string() }), { minLength: 1 }),
      (items) => {
        const rows = read(csvLines(['a', 'b'], items))
        assert.equal(rows.length, items.length)
        for (const [at, row] of rows.entries()) {
          assert.equal(row.length, 2)
          const harmless = /^[\w .]*$/
          if (harmless.test(items[at]!.b)) assert.equal(row[1], items[at]!.b)
        }
      },
    ),
  )
})

test('columns are those of the declaration, whatever the items have, those of the table first', () => {
  const command = { columns: ['id', 'name'], fields: ['name', 'tags.*', 'id', 'policy', 'policy.version', 'at'] }
  assert.deepEqual(csvColumns(command, []), ['id', 'name', 'tags', 'policy', 'at'])
  assert.deepEqual(csvColumns({}, [{ a: 1 }, { b: 2, a: 3 }]), ['a', 'b'])
})
