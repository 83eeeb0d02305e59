// A table of somebody's, read in the browser as the command line reads it: the same columns, cells and words for what is wrong.
import { parse } from 'csv-parse/browser/esm/sync'
import { seen } from '#collect/seen.ts'
import { type Columns, namedColumns, says } from '#collect/sheet-columns.ts'
import { type SheetRow, Table } from '#collect/sheet-rows.ts'
import { guessColumns, meanings } from '#collect/sheet-words.ts'
import { delimiterOf, plainCell } from '#collect/table-cells.ts'
import { type WrittenObservation, writeEnd, writeHead, writeObservation } from '#formats/observations.ts'

/** More is for the command line, which reads as it goes. */
export const fileBytesMax = 5_000_000
const headerLinesMax = 50

/** UTF-16 with its mark, UTF-8, or Windows-1252, which spreadsheets write. */
function textOf(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder('windows-1252').decode(bytes)
  }
}

/** The rows of a file with their lines, as an editor counts them. Throws what a person can mend. */
export function rowsIn(bytes: Uint8Array): readonly SheetRow[] {
  const whole = textOf(bytes)
  const said = /^sep=(.)\r?\n/.exec(whole)
  const text = said ? whole.slice(said[0].length) : whole
  const read = parse(text, {
    delimiter: said?.[1] ?? delimiterOf(text.slice(0, 65_536)),
    info: true,
    relax_column_count: true,
    relax_quotes: true,
    record_delimiter: ['\r\n', '\n', '\r'],
    bom: true,
  }) as unknown as readonly { record: string[]; info: { lines: number } }[]
  return read.flatMap(({ record, info }) => {
    if (record.length <= 1 && (record[0] ?? '').trim() === '') return []
    const breaks = record.reduce((sum, cell) => sum + cell.split('\n').length - 1, 0)
    return [{ line: info.lines - breaks + (said ? 1 : 0), cells: record.map(plainCell) }]
  })
}

export interface Header {
  /** Which of the rows it is; undefined where columns go by their places, and every row says something. */
  readonly at: number | undefined
  readonly cells: readonly string[]
  readonly columns: Columns
}
/** Where the header is, and what its columns mean: as they are named, else as they can be guessed. */
export function headerIn(rows: readonly SheetRow[], named: ReadonlyMap<string, string> | undefined): Header {
  for (const [at, { cells }] of rows.slice(0, headerLinesMax).entries()) {
    const columns = named ? namedColumns(named, { cells }) : guessColumns(cells)
    const isOfPlaces = named !== undefined && [...named.values()].every((name) => name.startsWith('#'))
    if (columns && says(columns)) return { at: isOfPlaces ? undefined : at, cells, columns }
  }
  return { at: 0, cells: rows[0]?.cells ?? [], columns: new Map() }
}

export type RowState = 'read' | 'wrong' | 'left-out'
export interface ReadRow {
  readonly line: number
  /** What it says, such as `network 10.64.0.0/24`. */
  readonly what: string
  readonly name: string
  readonly state: RowState
  /** The column that is wrong, by its header, and why. */
  readonly column?: string
  readonly problem?: string
  readonly observations: readonly WrittenObservation[]
}

/** Each row below the header: what it says is there, or what is wrong with it. */
export function readTable(rows: readonly SheetRow[], header: Header, owner: string): readonly ReadRow[] {
  const table = new Table(header.columns, { space: '', locales: new Map(), filled: new Set() })
  const known = new Map<string, number>()
  const columnOf = (meaning: string): string => columnCalled(header, meaning)
  return rows.slice(header.at === undefined ? 0 : header.at + 1).flatMap((row): ReadRow[] => {
    const { line } = row
    const name = row.cells[header.columns.get('name') ?? -1] ?? ''
    const found = table.read(row)
    if ('nothing' in found)
      return [{ line, what: '', name, state: 'left-out', problem: 'It has no address.', observations: [] }]
    if ('problem' in found) {
      const [, meaning = '', problem = found.problem] = /^`([a-z]+)`: (.*)$/s.exec(found.problem) ?? []
      return [{ line, what: '', name, state: 'wrong', column: columnOf(meaning), problem, observations: [] }]
    }
    if (found.found.length === 0) return []
    const observations: WrittenObservation[] = []
    let twice: string | undefined
    for (const { isImplied, ...one } of found.found) {
      const once = `${one.kind} ${one.space} ${one.cidr ?? one.range}`
      const before = known.get(once)
      if (before === undefined) {
        known.set(once, line)
        const read = seen(one)
        if ('found' in read)
          observations.push(read.found.account || owner === '' ? read.found : { ...read.found, account: owner })
      } else if (!isImplied) twice = `It stands in line ${before} already.`
    }
    const what = found.found.map((one) => `${one.kind} ${one.cidr ?? one.range}`).join(', ')
    return [
      observations.length === 0
        ? { line, what, name, state: 'left-out', problem: twice ?? 'It says nothing new.', observations }
        : { line, what, name, state: 'read', observations },
    ]
  })
}
const columnCalled = ({ cells, columns }: Header, meaning: string): string => {
  const at = columns.get(meaning) ?? (meaning === 'range' ? columns.get('first') : undefined)
  return at === undefined ? '' : cells[at] || `column ${at + 1}`
}
/** Of a member of a line that the server has refused: the column that it came from. */
const meaningOf: Readonly<Record<string, string>> = { cidr: 'network', range: 'range', locale: 'place' }
export const columnOfField = (header: Header, field: string): string =>
  columnCalled(header, meaningOf[field] ?? field) || columnCalled(header, 'address') || field

/** The lines of a snapshot, and of which line of the table each of them is. */
export function snapshotOf(
  rows: readonly ReadRow[],
  wrong: number,
): { readonly text: string; readonly lineOf: ReadonlyMap<number, number> } {
  const lines = [writeHead({ takenAt: Date.now(), collector: 'console' })]
  const lineOf = new Map<number, number>()
  for (const { line, observations } of rows)
    for (const one of observations) {
      lines.push(writeObservation(one))
      lineOf.set(lines.length, line)
    }
  // What could not be read may have been about anything: nothing is taken for gone.
  const unlisted = wrong > 0 ? [{ account: '', locale: '', reason: `${wrong} of its lines could not be read.` }] : []
  lines.push(writeEnd({ observations: lines.length - 1, unlisted }))
  return { text: lines.join(''), lineOf }
}

export const meaningNames = Object.keys(meanings)
