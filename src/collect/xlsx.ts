// Tables of networks and addresses that people keep, in workbooks of Excel.
import { inflateRawSync } from 'node:zlib'
import { type Collector, SourceTrouble } from './collector.ts'
import { wholeOf } from './lines.ts'
import { observeRows, sheetOptions, sheetOptionsProblem } from './sheet.ts'
import type { SheetRow } from './sheet-rows.ts'
import { plainCell } from './table-cells.ts'

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
/** All of it is in memory at once, and so is a table of each sheet. */
const unpackedBytesMax = 536_870_912
const cellsMax = 20_000_000

/** The rows of all sheets. Of a formula what was computed last counts, and of a number what was typed, not what it looks like. */
async function* rowsIn(pieces: AsyncIterable<Uint8Array>, only: string | undefined): AsyncGenerator<SheetRow> {
  const bytes = await wholeOf(pieces, workbookBytesMax)
  const problem = archiveProblem(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  if (problem !== undefined) throw new SourceTrouble(problem)
  // Whoever reads no workbook does without.
  const { default: readWorkbook } = await import('read-excel-file/node')
  let sheets: Awaited<ReturnType<typeof readWorkbook>>
  try {
    sheets = await readWorkbook(Buffer.from(bytes), { trim: false, parseNumber: (text) => text })
  } catch (error) {
    // Whatever a sheet has that the reader does not expect ends it in its own way.
    throw new SourceTrouble(`It is no workbook that can be read: ${(error as Error).message}.`)
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
 * Why an archive is not read (PKWARE, APPNOTE, 4.3); undefined where it is. A small file can hold gigabytes of nothing, or say less than
 * it holds: each of its files is unpacked here, up to a bound, and nothing may stand between them, where the reader would find more. A sheet
 * is read as a table of all rows and columns up to its last cell, so where that is counts too.
 */
export function archiveProblem(archive: Buffer, { bytesMax = unpackedBytesMax } = {}): string | undefined {
  const files = filesIn(archive)
  if (!files) return 'It is no workbook of Excel (.xlsx); an older one (.xls) is to be saved as one.'
  let left = bytesMax
  let cells = 0
  for (const { packed, isDeflated } of files) {
    let text: Buffer
    try {
      text = isDeflated ? inflateRawSync(packed, { maxOutputLength: left + 1 }) : packed
    } catch (error) {
      const isTooLong = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
      return isTooLong ? `It has more than ${bytesMax} bytes, unpacked.` : 'It is no workbook that can be read.'
    }
    left -= text.length
    if (left < 0) return `It has more than ${bytesMax} bytes, unpacked.`
    if (hasLongText(text)) return `It has a cell with more than ${textBytesMax} bytes.`
    const found = cellsUpToLast(text)
    if (found === undefined) return 'It is no workbook that can be read: a row or cell is in no place of a sheet.'
    cells += found
    if (cells > cellsMax) return `Its sheets have more than ${cellsMax} cells up to the last one that is filled.`
  }
  return undefined
}

/** Excel has 32,767 characters in a cell at most; a reader takes many times as long for one that is longer. */
const textBytesMax = 1_048_576
/** Whether there is a text in a sheet, or of those that sheets share, that no cell of Excel has. */
function hasLongText(file: Buffer): boolean {
  if (!file.includes('sheetData') && !file.includes('<sst')) return false
  for (let at = -1; ; ) {
    const next = file.indexOf('<', at + 1)
    if ((next < 0 ? file.length : next) - at > textBytesMax) return true
    if (next < 0) return false
    at = next
  }
}

/**
 * Rows times columns up to the last one that a row or cell of a sheet is in; 0 of what is no sheet, whatever it is called. Undefined where
 * a place is written otherwise than sheets have it, as a reader may understand it all the same.
 */
function cellsUpToLast(file: Buffer): number | undefined {
  if (!file.includes('sheetData')) return 0
  let [rows, columns] = [0, 0]
  for (const [, written] of file.toString('latin1').matchAll(/\br\s{0,8}=\s{0,8}["']([^"']{0,40})/g)) {
    const place = /^([A-Z]{0,3})([1-9]\d{0,6})$/.exec(written!)
    if (!place) return undefined
    rows = Math.max(rows, Number(place[2]))
    columns = Math.max(columns, columnOf(place[1]!))
  }
  return rows * columns
}
const columnOf = (letters: string): number =>
  [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 'A'.charCodeAt(0) + 1, 0)

interface PackedFile {
  readonly packed: Buffer
  readonly isDeflated: boolean
}
/** The files of an archive, which stand one behind the other up to the list of them; undefined where it is none such. */
function filesIn(archive: Buffer): readonly PackedFile[] | undefined {
  const end = archive.lastIndexOf(Buffer.from('PK\u0005\u0006'))
  if (end < 0 || end + 20 > archive.length) return undefined
  const directory = archive.readUInt32LE(end + 16)
  const files: { readonly from: number; readonly to: number; readonly file: PackedFile }[] = []
  let at = directory
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    if (at + 46 > archive.length || archive.readUInt32LE(at) !== entrySignature) return undefined
    const from = archive.readUInt32LE(at + 42)
    if (from + 30 > archive.length || archive.readUInt32LE(from) !== fileSignature) return undefined
    const nameLength = archive.readUInt16LE(at + 28)
    const name = archive.subarray(at + 46, at + 46 + nameLength)
    // What it is called where it stands is what a reader may go by.
    if (
      archive.readUInt16LE(from + 26) !== nameLength ||
      !name.equals(archive.subarray(from + 30, from + 30 + nameLength))
    )
      return undefined
    const begin = from + 30 + nameLength + archive.readUInt16LE(from + 28)
    const to = begin + archive.readUInt32LE(at + 20)
    if (to > archive.length) return undefined
    const isDeflated = archive.readUInt16LE(at + 10) !== 0
    files.push({ from, to, file: { packed: archive.subarray(begin, to), isDeflated } })
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32)
  }
  files.sort((one, other) => one.from - other.from)
  const isBehind = (from: number, to: number): boolean => from >= to && from - to <= descriptorBytesMax
  const isWhole = files.every(({ from }, index) => isBehind(from, files[index - 1]?.to ?? 0))
  return isWhole && isBehind(directory, files.at(-1)?.to ?? 0) ? files.map(({ file }) => file) : undefined
}
const entrySignature = 0x02014b50
const fileSignature = 0x04034b50
/** Of sizes that are written behind a file. */
const descriptorBytesMax = 24
