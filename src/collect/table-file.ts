// Comma-separated values as programs and people write them: any delimiter, any encoding, lines by their numbers in the file.
import { Readable } from 'node:stream'
import type { CsvError } from 'csv-parse'
import { SourceTrouble } from './collector.ts'
import { delimiterOf, plainCell, type Row } from './table-cells.ts'

/** Of one line, with all its cells. */
const rowCharactersMax = 1_048_576
/** So much is looked at to see what separates cells. */
const sampleCharacters = 65_536

/** The rows of a file. Empty lines are none. */
export async function* rowsOf(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Row> {
  const text = inAnyEncoding(pieces)
  let sample = ''
  for (;;) {
    const { value, done } = await text.next()
    if (done) break
    sample += value
    if (sample.length >= sampleCharacters) break
  }
  // Excel's own way to say it.
  const said = /^sep=(.)\r?\n/.exec(sample)
  const delimiter = said?.[1] ?? delimiterOf(sample)
  // Whoever reads no table does without.
  const { parse } = await import('csv-parse')
  const parser = parse({
    delimiter,
    info: true,
    relax_column_count: true,
    relax_quotes: true,
    record_delimiter: ['\r\n', '\n', '\r'],
    max_record_size: rowCharactersMax,
  })
  const rest = async function* () {
    yield said ? sample.slice(said[0].length) : sample
    yield* text
  }
  const source = Readable.from(rest(), { objectMode: false, encoding: 'utf8' })
  source.on('error', (error) => parser.destroy(error))
  source.pipe(parser)
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      if (record.length <= 1 && (record[0] ?? '').trim() === '') continue
      const breaks = record.reduce((sum, cell) => sum + cell.split('\n').length - 1, 0)
      yield { line: info.lines - breaks + (said ? 1 : 0), cells: record.map(plainCell) }
    }
  } catch (error) {
    if (error instanceof SourceTrouble) throw error
    const { code, lines } = error as CsvError & { lines?: number }
    if (code === undefined) throw error
    const what = code === 'CSV_QUOTE_NOT_CLOSED' ? 'a quote is opened and never closed' : 'it is no line of cells'
    throw new SourceTrouble(`Line ${lines ?? '?'}: ${what} (${code}).`)
  } finally {
    source.destroy()
  }
}

/**
 * UTF-16 with its mark, UTF-8, and from the first byte on that UTF-8 does not have, Windows-1252, of which Latin-1 is a part: up to there
 * a file of it is the same in both.
 */
async function* inAnyEncoding(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let decoder: TextDecoder | undefined
  let rest: Uint8Array = new Uint8Array()
  for await (const piece of pieces) {
    const isWide = piece[0] === 0xff && piece[1] === 0xfe
    decoder ??= isWide ? new TextDecoder('utf-16le') : undefined
    if (decoder) {
      yield decoder.decode(piece, { stream: true })
      continue
    }
    const bytes = Buffer.concat([rest, piece])
    const end = wholeCharacters(bytes)
    rest = bytes.subarray(end)
    const text = utf8(bytes.subarray(0, end))
    if (text !== undefined) yield text
    else {
      decoder = new TextDecoder('windows-1252')
      yield decoder.decode(bytes, { stream: true })
      rest = new Uint8Array()
    }
  }
  if (decoder) yield decoder.decode()
  else if (rest.length > 0) yield utf8(rest) ?? new TextDecoder('windows-1252').decode(rest)
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** Where the last character begins that may go on in the next piece; the length where none does. */
function wholeCharacters(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!
    if (byte < 0x80) break
    if (byte < 0xc0) continue
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
    return length > back ? bytes.length - back : bytes.length
  }
  return bytes.length
}

/** Where each of the named columns is, by names in small letters; undefined where it is not. */
export function columnsOf(header: readonly string[]): ReadonlyMap<string, number> {
  return new Map(header.map((name, at) => [name.toLowerCase().replace(/\*$/, ''), at] as const).reverse())
}
