// Workbooks of Excel.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32, deflateRawSync } from 'node:zlib'
import { SourceTrouble } from './collector.ts'
import { observed } from './testing.ts'
import { archiveProblem, xlsx } from './xlsx.ts'

/** An archive of files, stored as they are by default. `says` is how long they are said to be. */
function archive(
  files: Readonly<Record<string, string>>,
  { says, isDeflated = false }: { readonly says?: number | undefined; readonly isDeflated?: boolean } = {},
): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const [path, text] of Object.entries(files)) {
    const [name, plain] = [Buffer.from(path), Buffer.from(text)]
    const data = isDeflated ? deflateRawSync(plain) : plain
    const method = isDeflated ? '\u0008' : '\0'
    const facts = Buffer.alloc(16)
    facts.writeUInt32LE(crc32(plain), 0)
    facts.writeUInt32LE(data.length, 4)
    facts.writeUInt32LE(says ?? plain.length, 8)
    facts.writeUInt16LE(name.length, 12)
    const local = Buffer.concat([Buffer.from(`PK\u0003\u0004\u0014\0\0\0${method}\0\0\0\0\0`, 'latin1'), facts])
    const entry = Buffer.concat([
      Buffer.from(`PK\u0001\u0002\u0014\0\u0014\0\0\0${method}\0\0\0\0\0`, 'latin1'),
      facts,
      Buffer.alloc(14),
    ])
    entry.writeUInt32LE(offset, 42)
    parts.push(local, name, data)
    directory.push(entry, name)
    offset += local.length + name.length + data.length
  }
  const listing = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.write('PK\u0005\u0006', 'latin1')
  end.writeUInt16LE(Object.keys(files).length, 8)
  end.writeUInt16LE(Object.keys(files).length, 10)
  end.writeUInt32LE(listing.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...parts, listing, end])
}

const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const office = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const rels = 'http://schemas.openxmlformats.org/package/2006/relationships'
/** Cells by their places, as XML: sheets by their names. */
function workbook(sheets: Readonly<Record<string, Readonly<Record<string, string>>>>): Buffer {
  const names = Object.keys(sheets)
  const sheetFiles = Object.values(sheets).map((cells, at) => {
    const rows = Map.groupBy(Object.entries(cells), ([place]) => place.replace(/\D+/, ''))
    const xml = [...rows].map(
      ([row, inRow]) =>
        `<row r="${row}">${inRow.map(([place, cell]) => cell.replace('<c', `<c r="${place}"`)).join('')}</row>`,
    )
    return [
      `xl/worksheets/sheet${at + 1}.xml`,
      `<worksheet xmlns="${main}"><sheetData>${xml.join('')}</sheetData></worksheet>`,
    ] as const
  })
  return archive({
    '_rels/.rels': `<Relationships xmlns="${rels}"><Relationship Id="r1" Type="${office}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    'xl/workbook.xml': `<workbook xmlns="${main}" xmlns:r="${office}"><sheets>${names.map((name, at) => `<sheet name="${name}" sheetId="${at + 1}" r:id="r${at + 1}"/>`).join('')}</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': `<Relationships xmlns="${rels}">${names.map((_, at) => `<Relationship Id="r${at + 1}" Type="${office}/worksheet" Target="worksheets/sheet${at + 1}.xml"/>`).join('')}<Relationship Id="rs" Type="${office}/styles" Target="styles.xml"/></Relationships>`,
    'xl/styles.xml': `<styleSheet xmlns="${main}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>`,
    ...Object.fromEntries(sheetFiles),
  })
}
const text = (value: string) => `<c t="inlineStr"><is><t>${value}</t></is></c>`
const guess = { columns: 'guess', 'on-problem': 'skip' }

test('each sheet is read below its header, with its name and the numbers of its lines', async () => {
  const file = workbook({
    Oslo: {
      B1: text('Our networks'),
      B3: text('Subnet'),
      C3: text('VLAN'),
      B5: text('192.0.2.0/24'),
      C5: '<c><v>12345678901234567890</v></c>',
      B6: text('192.0.2.5/24'),
    },
    Notes: { A1: text('call Olga') },
    Basel: { A1: text('Netz'), A2: text('\u00a0198.51.100.0/24') },
    Empty: {},
  })
  const { found, notes, unlisted } = await observed(xlsx, { file }, guess)
  assert.deepEqual(
    found.map(({ cidr, tags }) => [cidr, tags]),
    [
      ['192.0.2.0/24', { vlan: '12345678901234567890', sheet: 'Oslo' }],
      ['198.51.100.0/24', { sheet: 'Basel' }],
    ],
  )
  assert.deepEqual(notes, [
    'Oslo, line 6: `network`: `192.0.2.5/24` has host bits set: `192.0.2.0/24` is the network around it',
    'Notes: it has no such columns',
  ])
  assert.equal(unlisted.length, 1)
  const one = await observed(xlsx, { file }, { ...guess, sheet: 'Basel' })
  assert.equal(one.found.length, 1)
  await assert.rejects(observed(xlsx, { file }, { ...guess, sheet: 'Rom' }), SourceTrouble)
  await assert.rejects(observed(xlsx, { file }), (error: Error) =>
    error.message.includes("--columns 'network=Subnet,vlan=VLAN'"),
  )
})

test('of a formula its value counts, and one that was never computed is named', async () => {
  const { found, notes } = await observed(
    xlsx,
    {
      file: workbook({
        A: {
          A1: text('Network'),
          B1: text('Name'),
          A2: '<c t="str"><f>CONCAT("10.0.0.0";"/8")</f><v>10.0.0.0/8</v></c>',
          B2: text('all'),
          A3: '<c><f>CONCAT("10.1.0.0";"/16")</f></c>',
          B3: text('Oslo'),
          B4: text(''),
        },
      }),
    },
    guess,
  )
  assert.deepEqual(
    found.map(({ cidr }) => cidr),
    ['10.0.0.0/8'],
  )
  assert.equal(notes.length, 1)
  assert.match(notes[0]!, /^A, line 3: `Oslo` /)
})

test('numbers and days that a spreadsheet made of addresses are named as what they are', async () => {
  const { found, notes } = await observed(
    xlsx,
    {
      file: workbook({
        A: {
          A1: text('Network'),
          A2: '<c><v>10.1</v></c>',
          A3: '<c><v>192168100</v></c>',
          A4: '<c s="1"><v>46164</v></c>',
        },
      }),
    },
    guess,
  )
  assert.deepEqual(found, [])
  assert.deepEqual(
    notes.map((note) => note.replace(/;.*/, '')),
    [
      'A, line 2: `network`: `10.1` is a number',
      'A, line 3: `network`: `192168100` is a number',
      'A, line 4: `network`: `2026-05-22` is a day',
    ],
  )
})

test('what is no workbook is refused, whatever ends its reader', async () => {
  const whole = workbook({ A: { A1: text('Network') } })
  assert.equal(archiveProblem(whole), undefined)
  for (const file of [
    '',
    'nothing',
    whole.subarray(0, whole.length - 30),
    archive({ 'a.txt': 'x' }),
    Buffer.from('d0cf11e0a1b11ae1', 'hex'),
    workbook({ A: { A1: '<c t="s"><v>nothing</v></c>' } }),
    workbook({ A: { A1: '<c t="unheard-of"><v>1</v></c>' } }),
    workbook({ A: { A1: '<c><v>1</c>' } }),
  ])
    await assert.rejects(observed(xlsx, { file }, guess), SourceTrouble)
})

test('what unpacks to more than memory is refused, whatever it says of itself', async () => {
  const large = { 'xl/worksheets/sheet1.xml': ' '.repeat(100_000) }
  for (const says of [undefined, 10]) {
    for (const isDeflated of [true, false]) {
      const file = archive(large, { says, isDeflated })
      assert.equal(archiveProblem(file, { bytesMax: 100_000 }), undefined)
      assert.equal(archiveProblem(file, { bytesMax: 99_999 }), 'It has more than 99999 bytes, unpacked.')
    }
  }
  // A file that the list of files does not have: a reader that goes through the archive would find it.
  const hidden = archive({ 'a.txt': 'x' }).subarray(0, 36)
  const listed = archive({ 'b.txt': 'y' })
  listed.writeUInt32LE(listed.readUInt32LE(listed.length - 6) + hidden.length, listed.length - 6)
  listed.writeUInt32LE(hidden.length, listed.indexOf('PK\u0001\u0002') + 42)
  assert.match(archiveProblem(Buffer.concat([hidden, listed]))!, /It is no workbook/)
})

test('a text that no cell of Excel has is refused: a reader would be busy with it for minutes', () => {
  for (const [name, begin] of [
    ['xl/worksheets/sheet1.xml', '<sheetData><row r="1"><c r="A1"><v>'],
    ['xl/sharedStrings.xml', '<sst><si><t>'],
  ] as const) {
    const problemOf = (bytes: number) => archiveProblem(archive({ [name]: `${begin}${'x'.repeat(bytes)}<` }))
    assert.equal(problemOf(1_048_570), undefined)
    assert.equal(problemOf(1_048_577), 'It has a cell with more than 1048576 bytes.')
  }
})

test('a sheet whose last cell is very far away is refused: it would be a table of all cells before it', async () => {
  const far = workbook({ A: { A1: text('Network'), A2: text('192.0.2.0/24'), XFD1048576: text('x') } })
  await assert.rejects(observed(xlsx, { file: far }, guess), (error: Error) =>
    error.message.startsWith('Its sheets have more than 20000000 cells'),
  )
  for (const place of ['&#88;FD1048576', 'XFD00001048576', 'xfd1048576', 'BIGGG99999999']) {
    const odd = workbook({ A: { A1: text('Network'), [place]: text('x') } })
    await assert.rejects(observed(xlsx, { file: odd }, guess), SourceTrouble, place)
    const elsewhere = { 'xl/w/s1.xml': `<sheetData><row r="1048576"><c r="XFD1048576"/></row></sheetData>` }
    assert.match(archiveProblem(archive(elsewhere))!, /more than 20000000 cells/)
  }
  const long = workbook({ A: { A1: text('Network'), A1048576: text('192.0.2.0/24') } })
  assert.equal((await observed(xlsx, { file: long }, guess)).found.length, 1)
})
