// Many things in one file, a line for each: JSON lines, a JSON array or comma-separated values become the members of requests.
import { Stopped } from './exit-codes.ts'
import type { NativeParameter } from './native-command.ts'

export interface InputRow {
  /** As an editor counts them, from 1; of a JSON array that is not one, the place in it. */
  readonly line: number
  readonly value: unknown
}

type RowKinds = NonNullable<NativeParameter['rows']>['kinds']

/** @param text what stands in the file; what it begins with says which form it has */
export function rowsIn(text: string, kinds: RowKinds): readonly InputRow[] {
  const begins = text.trimStart().charAt(0)
  if (begins === '[') return arrayRows(text)
  const lines = begins === '{' ? jsonLines(text) : csvRows(text, kinds)
  if (lines.length === 0) throw new Stopped('wrongWords', 'There are no lines in it.')
  return lines
}

function arrayRows(text: string): readonly InputRow[] {
  const values = parsed(text, 'The list')
  if (!Array.isArray(values)) throw new Stopped('wrongWords', 'A list is expected.')
  return values.map((value, index) => ({ line: index + 1, value }))
}

const jsonLines = (text: string): readonly InputRow[] =>
  text.split('\n').flatMap((line, index) => {
    const number = index + 1
    return line.trim() === '' ? [] : [{ line: number, value: parsed(line, `Line ${number}`) }]
  })

function parsed(text: string, where: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    // What a person typed: the parser says where it is wrong.
    throw new Stopped('wrongWords', `${where}: ${(error as Error).message}.`)
  }
}

// Comma-separated values (RFC 4180) ----------------------------------------------------------------------------------

interface Line {
  readonly line: number
  readonly cells: readonly string[]
}

/** The first line names the members; an empty cell says nothing. */
function csvRows(text: string, kinds: RowKinds): readonly InputRow[] {
  const [head, ...lines] = linesOf(text.replace(/^\ufeff/, ''))
  if (!head) return []
  for (const name of head.cells) {
    if (Object.hasOwn(kinds, name)) continue
    throw new Stopped('wrongWords', `Line 1: there is no \`${name}\`; there are ${Object.keys(kinds).join(', ')}.`)
  }
  return lines.map(({ line, cells }) => {
    if (cells.length !== head.cells.length) {
      throw new Stopped('wrongWords', `Line ${line}: ${cells.length} cells, where line 1 has ${head.cells.length}.`)
    }
    const members = head.cells.flatMap((name, at) => {
      const cell = cells[at]!
      return cell === '' ? [] : [[name, readCell(cell, kinds[name]!, `Line ${line}: ${name}`)] as const]
    })
    return { line, value: Object.fromEntries(members) }
  })
}

function readCell(cell: string, kind: RowKinds[string], where: string): unknown {
  switch (kind) {
    case 'integer':
      return /^-?\d{1,15}$/.test(cell) ? Number(cell) : refuse(`${where}: a whole number is expected`)
    case 'boolean':
      return cell === 'true' || cell === 'false' ? cell === 'true' : refuse(`${where}: true or false is expected`)
    case 'map':
      return cell.startsWith('{') ? parsed(cell, where) : mapIn(cell, where)
    case 'list':
      return cell.startsWith('[') ? parsed(cell, where) : cell.split(';').map((part) => part.trim())
    case 'json':
      return parsed(cell, where)
    default:
      return cell
  }
}

const mapIn = (cell: string, where: string): Record<string, string> =>
  Object.fromEntries(
    cell.split(';').map((pair) => {
      const at = pair.indexOf('=')
      return at < 1
        ? refuse(`${where}: KEY=VALUE is expected, several with \`;\``)
        : [pair.slice(0, at).trim(), pair.slice(at + 1)]
    }),
  )

function refuse(problem: string): never {
  throw new Stopped('wrongWords', `${problem}.`)
}

/** A cell in quotes may hold commas, quotes (twice) and ends of lines. */
function linesOf(text: string): Line[] {
  const lines: Line[] = []
  let cells: string[] = []
  let number = 1
  let begins = 1
  const cell = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r?\n|$)/gy
  for (;;) {
    const found = cell.exec(text)
    if (!found) throw new Stopped('wrongWords', `Line ${number}: a quote is not where a cell begins or ends.`)
    const [, content = '', end] = found
    number += content.split('\n').length - 1
    cells.push(content.startsWith('"') ? content.slice(1, -1).replaceAll('""', '"') : content)
    if (end === ',') continue
    if (cells.length > 1 || cells[0] !== '') lines.push({ line: begins, cells })
    if (cell.lastIndex >= text.length) return lines
    cells = []
    number++
    begins = number
  }
}
