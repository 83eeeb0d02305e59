// Tables of networks and addresses that people keep, in workbooks of Excel.
import { type Collector, SourceTrouble } from './collector.ts'
import { wholeOf } from './lines.ts'
import { observeRows, type SheetRow, sheetOptions, sheetOptionsProblem } from './sheet.ts'
import { plainCell } from './table-file.ts'

export const xlsx: Collector = {
  kind: 'xlsx',
  summary: 'Read networks, ranges and addresses of the sheets of an Excel workbook.',
  options: [
    { flag: 'file', value: 'FILE', meaning: 'The workbook (.xlsx); `-` is the standard input.', isRequired: true },
    {
      flag: 'sheet',
      value: 'NAME',
      meaning: 'Only this sheet. By default all that have the columns; each is a tag of what stands in it.',
    },
    ...sheetOptions,
  ],
  rights: { words: 'None: it reads one file.' },
  optionsProblem: sheetOptionsProblem,
  collect: (around) =>
    observeRows(around, rowsIn(around.read(around.options.get('file')!), around.options.get('sheet'))),
}

const workbookBytesMax = 33_554_432
/** All of it is in memory at once. */
const unpackedBytesMax = 536_870_912

/** The rows of all sheets. Of a formula what was computed last counts, and of a number what was typed, not what it looks like. */
async function* rowsIn(pieces: AsyncIterable<Uint8Array>, only: string | undefined): AsyncGenerator<SheetRow> {
  const bytes = await wholeOf(pieces, workbookBytesMax)
  const unpacked = unpackedBytes(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  if (unpacked === undefined)
    throw new SourceTrouble('It is no workbook of Excel (.xlsx); an older one (.xls) is to be saved as one.')
  if (unpacked > unpackedBytesMax) throw new SourceTrouble(`It has more than ${unpackedBytesMax} bytes, unpacked.`)
  // Whoever reads no workbook does without.
  const { default: readWorkbook, InvalidInputError, InvalidSpreadsheetError } = await import('read-excel-file/node')
  let sheets: Awaited<ReturnType<typeof readWorkbook>>
  try {
    sheets = await readWorkbook(Buffer.from(bytes), { trim: false, parseNumber: (text) => text })
  } catch (error) {
    if (!(error instanceof InvalidInputError || error instanceof InvalidSpreadsheetError)) throw error
    throw new SourceTrouble(`It is no workbook that can be read: ${error.message}.`)
  }
  const chosen = sheets.filter(({ sheet }) => only === undefined || sheet === only)
  if (chosen.length === 0)
    throw new SourceTrouble(
      `It has no sheet \`${only}\`; there are ${sheets.map(({ sheet }) => `\`${sheet}\``).join(', ')}.`,
    )
  for (const { sheet, data } of chosen) {
    for (const [at, cells] of data.entries()) {
      const texts = cells.map(textIn)
      if (texts.some((text) => text !== '')) yield { line: at + 1, cells: texts, sheet }
    }
  }
}

/** A day, which is what becomes of `22.5` in some countries, is shown as one. */
const textIn = (cell: unknown): string =>
  cell instanceof Date
    ? cell.toISOString().slice(0, 'yyyy-mm-dd'.length)
    : cell === null || cell === undefined
      ? ''
      : plainCell(String(cell))

/**
 * What the files in an archive say that they are unpacked (PKWARE, APPNOTE, 4.3.12 and 4.3.16): a small file can hold gigabytes of
 * nothing. Undefined where it is no archive.
 */
export function unpackedBytes(archive: Buffer): number | undefined {
  const end = archive.lastIndexOf(Buffer.from('PK\u0005\u0006'))
  if (end < 0 || end + 20 > archive.length) return undefined
  let total = 0
  let at = archive.readUInt32LE(end + 16)
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    if (at + 46 > archive.length || archive.readUInt32LE(at) !== entrySignature) return undefined
    total += archive.readUInt32LE(at + 24)
    at += 46 + archive.readUInt16LE(at + 28) + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32)
  }
  return total
}
const entrySignature = 0x02014b50
