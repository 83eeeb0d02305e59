// Answers as people read them: tables that fit the terminal, objects as lines, moments and numbers that can be read.
import { Stopped } from './exit-codes.ts'
import { cut, padEnd, widthOf } from './measure.ts'
import { formatMoment, offsetOf, withoutOffset } from './moments.ts'
import { isState, type Paint, withoutColour } from './paint.ts'
import { printable } from './printable.ts'

const gap = '  '
/** A text is not cut below this. */
const cutWidthMin = 12
const indentation = '  '

/** `resourceType` is `RESOURCE TYPE`. */
const headingOf = (column: string): string => column.replaceAll(/[A-Z]/g, (letter) => ` ${letter}`).toUpperCase()

/** A moment that stands in a sentence. */
export const textOfMoment = (moment: string, zone: string): string => formatMoment(moment, zone) ?? printable(moment)

/** One line: what has parts of its own is squeezed, and a moment is that of the zone. */
export function cellOf(value: unknown, zone: string): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'number') return value.toLocaleString('en-US')
  if (typeof value === 'string') return formatMoment(value, zone) ?? printable(value).replaceAll('\n', ' ')
  if (Array.isArray(value)) return value.map((each) => cellOf(each, zone)).join(', ')
  if (typeof value !== 'object') return String(value)
  return Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([name, member]) => `${cellOf(name, zone)}=${cellOf(member, zone)}`)
    .join(' ')
}

export type Item = Readonly<Record<string, unknown>>

/** Columns where nothing else is said: every member that is not an object. */
export const columnsOf = (items: readonly Item[]): readonly string[] => [
  ...new Set(
    items.flatMap((item) =>
      Object.entries(item)
        .filter(([, value]) => typeof value !== 'object')
        .map(([name]) => name),
    ),
  ),
]

/** One member of each item, a line each, as it is: for scripts, and for people who look for one thing. */
export function fieldOf(items: readonly object[], field: string): string {
  const values = items.map((item) => memberOf(item, field.split('.')))
  if (items.length > 0 && values.every((value) => value === undefined)) {
    const names = [...new Set(items.flatMap((item) => Object.keys(item)))]
    throw new Stopped('failed', `The answer has no \`${field}\`; it has ${names.join(', ')}.`)
  }
  return values.map((value) => `${textOf(value)}\n`).join('')
}

const memberOf = (value: unknown, [name, ...rest]: readonly string[]): unknown =>
  name === undefined
    ? value
    : typeof value === 'object' && value !== null && Object.hasOwn(value, name)
      ? memberOf((value as Item)[name], rest)
      : undefined

function textOf(value: unknown): string {
  if (value === undefined || value === null) return ''
  return printable(typeof value === 'object' ? JSON.stringify(value) : String(value))
}

interface Column {
  readonly name: string
  readonly heading: string
  readonly cells: readonly Cell[]
  readonly isNumber: boolean
  /** With which nothing is cut. */
  readonly width: number
  /** Ids, moments and CIDRs are whole or worthless: only text with words in it is cut, and lists behind their first ones. */
  readonly widthMin: number
}
interface Cell {
  readonly text: string
  /** Measured once: there may be many. */
  readonly width: number
  /** Of a list. */
  readonly parts?: readonly string[]
}

const cellWith = (text: string, parts?: readonly string[]): Cell => ({ text, width: widthOf(text), parts })

/** How it is to look: moments in this zone, and lines of so many columns at most, where there is a bound. */
export interface Looks {
  readonly zone: string
  /** Undefined where nothing may be cut or left out. */
  readonly width?: number
  readonly paint?: Paint
  /** What is shown in place of an id. */
  readonly shorten?: (id: string) => string
  /** Of a tree: what is drawn before the first cell of each item. */
  readonly drawings?: readonly string[]
  /** A column whose texts are never cut, although they have blanks. */
  readonly whole?: string
}

export interface Table {
  readonly text: string
  /** Columns that did not fit. */
  readonly leftOut: readonly string[]
}

/**
 * One line for each item. Where they are wider than the terminal, columns without any value give way first, then texts, then
 * whole columns from the last one: the first ones matter most. The first column is always shown.
 */
export function renderTable(columns: readonly string[], items: readonly Item[], looks: Looks): Table {
  const { width, paint = withoutColour, drawings = [], whole } = looks
  const all = columns.map((name, at) => columnOf(name, items, { ...looks, drawings: at === 0 ? drawings : [] }))
  const { table, widths, leftOut } = fit(all, width)
  const line = (cells: readonly Cell[], painted: (text: string, at: number) => string): string => {
    const filled = cells.map((cell, at) => {
      const column = table[at]!
      const { text, width } = cutCell(cell, widths[at]!)
      const space = ' '.repeat(Math.max(0, widths[at]! - width))
      const shown = painted(text, at)
      return column.isNumber ? space + shown : shown + space
    })
    return filled.join(gap).trimEnd()
  }
  const head = line(
    table.map(({ heading }) => cellWith(heading)),
    (text) => paint.heading(text),
  )
  const rows = items.map((_, row) =>
    line(
      table.map(({ cells }) => cells[row]!),
      (text, at) => {
        const { name } = table[at]!
        const drawing = at === 0 ? (drawings[row] ?? '') : ''
        if (drawing !== '' && text.startsWith(drawing)) return paint.faint(drawing) + text.slice(drawing.length)
        return isState(name) ? paint.state(text) : name === whole ? paint.usage(text) : text
      },
    ),
  )
  return { text: `${[head, ...rows].join('\n')}\n`, leftOut }
}

function columnOf(
  name: string,
  items: readonly Item[],
  { zone, shorten = (id) => id, drawings = [], whole }: Looks,
): Column {
  const values = items.map((item) => shortened(item[name], shorten))
  const texts = values.map((value, row) => (drawings[row] ?? '') + cellOf(value, zone))
  const offset = commonOffset(texts)
  // The zone is named once where it is the same for all.
  const heading = offset === undefined ? headingOf(name) : `${headingOf(name)} (${offset === 'Z' ? 'UTC' : offset})`
  const isNumber = items.every((item) => item[name] === undefined || typeof item[name] === 'number')
  const cells = texts.map((text, row) => {
    const value = values[row]
    if (offset !== undefined) return cellWith(withoutOffset(text))
    return cellWith(
      text,
      Array.isArray(value) && value.length > 1 ? value.map((each) => cellOf(each, zone)) : undefined,
    )
  })
  const isKept = name === whole || isNumber || offset !== undefined
  const least = cells.map(({ text, width, parts }, row) => {
    if (parts) return widthOf(firstOf(parts, 1))
    if (isKept || width <= cutWidthMin || offsetOf(text) !== undefined) return width
    // What leads to it in a tree has blanks of its own.
    return text.slice(drawings[row]?.length ?? 0).includes(' ') ? cutWidthMin : width
  })
  const headingWidth = widthOf(heading)
  return {
    name,
    heading,
    cells,
    isNumber,
    width: largest([headingWidth, ...cells.map(({ width }) => width)]),
    widthMin: largest([headingWidth, ...least]),
  }
}

const largest = (widths: readonly number[]): number => widths.reduce((a, b) => Math.max(a, b), 0)

/** Ids alone, and those of a list: a text that somebody wrote is theirs, whatever stands in it. */
function shortened(value: unknown, shorten: (id: string) => string): unknown {
  if (typeof value === 'string') return shorten(value)
  return Array.isArray(value) ? value.map((each) => shortened(each, shorten)) : value
}

/** Of a column that holds moments alone. A zone has two where its clocks change in between. */
function commonOffset(texts: readonly string[]): string | undefined {
  let common: string | undefined
  for (const text of texts) {
    if (text === '') continue
    const offset = offsetOf(text)
    if (offset === undefined || (common !== undefined && offset !== common)) return undefined
    common = offset
  }
  return common
}

const firstOf = (parts: readonly string[], count: number): string =>
  count === parts.length ? parts.join(', ') : `${parts.slice(0, count).join(', ')} +${parts.length - count}`

/** A list has as many of its parts as there is room for, and says how many more there are. */
function cutCell(cell: Cell, width: number): Cell {
  if (cell.width <= width) return cell
  const { text, parts } = cell
  if (!parts) return cellWith(cut(text, width))
  let count = 1
  while (count < parts.length - 1 && widthOf(firstOf(parts, count + 1)) <= width) count++
  return cellWith(cut(firstOf(parts, count), width))
}

interface Fitted {
  readonly table: readonly Column[]
  readonly widths: readonly number[]
  readonly leftOut: readonly string[]
}

function fit(all: readonly Column[], width: number | undefined): Fitted {
  const filled = all.filter(({ cells }, at) => at === 0 || cells.some(({ text }) => text !== ''))
  for (const table of [all, filled]) {
    const widths = table.map((column) => column.width)
    if (width === undefined || totalOf(widths) <= width) return { table, widths, leftOut: [] }
  }
  for (let count = filled.length; count > 0; count--) {
    const table = filled.slice(0, count)
    const widths = squeeze(table, width!)
    if (widths || count === 1) {
      const leftOut = filled.slice(count).map(({ name }) => name)
      return { table, widths: widths ?? table.map(({ widthMin }) => widthMin), leftOut }
    }
  }
  return { table: [], widths: [], leftOut: [] }
}

const totalOf = (widths: readonly number[]): number =>
  widths.reduce((sum, each) => sum + each, gap.length * (widths.length - 1))

/** The widest give way first. */
function squeeze(table: readonly Column[], width: number): number[] | undefined {
  const widths = table.map((column) => column.width)
  for (let excess = totalOf(widths) - width; excess > 0; excess--) {
    let widest: number | undefined
    for (const [at, { widthMin }] of table.entries()) {
      if (widths[at]! > widthMin && widths[at]! > (widths[widest ?? -1] ?? 0)) widest = at
    }
    if (widest === undefined) return undefined
    widths[widest]!--
  }
  return withoutSlack(table, widths)
}

/** What a list does not need, since it is cut behind a whole part, is for the texts. */
function withoutSlack(table: readonly Column[], widths: readonly number[]): number[] {
  const isList = ({ cells }: Column): boolean => cells.some(({ parts }) => parts)
  const needed = table.map((column, at) => {
    const { heading, cells } = column
    return isList(column)
      ? largest([widthOf(heading), ...cells.map((cell) => cutCell(cell, widths[at]!).width)])
      : widths[at]!
  })
  let slack = totalOf(widths) - totalOf(needed)
  return table.map((column, at) => {
    if (isList(column)) return needed[at]!
    const more = Math.min(slack, column.width - needed[at]!)
    slack -= more
    return needed[at]! + more
  })
}

/** Members in the order in which the operation declares them (`policy.version` below `policy`), and behind them all others. */
export function inDeclaredOrder(value: Item, fields: readonly string[]): Item {
  const below = Map.groupBy(fields, (field) => field.split('.')[0]!)
  const names = [...below.keys()].filter((name) => Object.hasOwn(value, name))
  return Object.fromEntries(
    [...new Set([...names, ...Object.keys(value)])].map((name) => {
      const member = value[name]
      if (typeof member !== 'object' || member === null || Array.isArray(member)) return [name, member]
      const inner = (below.get(name) ?? []).flatMap((field) => field.split('.').slice(1).join('.') || [])
      return [name, inDeclaredOrder(member as Item, inner)]
    }),
  )
}

/**
 * `name  value` lines; what has parts of its own is indented below its name.
 * @param counts members that are numbers of things although they are texts: they may be larger than any number of JSON
 */
export function renderObject(value: Item, zone: string, counts: readonly string[] = []): string {
  const grouped = Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, counts.includes(name) ? groupedDigits(member) : member]),
  )
  return `${linesOf(grouped, zone).join('\n')}\n`
}

const groupedDigits = (value: unknown): unknown =>
  typeof value === 'string' && /^\d+$/.test(value) ? BigInt(value).toLocaleString('en-US') : value

function linesOf(value: Item, zone: string): string[] {
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined && member !== null)
    .map(([name, member]): [string, unknown] => [cellOf(name, zone), member])
  const width = Math.max(0, ...members.filter(([, member]) => isFlat(member)).map(([name]) => widthOf(name)))
  return members.flatMap(([name, member]) => {
    if (isFlat(member)) return valueLines(padEnd(name, width), member, zone)
    if (!Array.isArray(member)) return [name, ...indent(linesOf(member as Item, zone))]
    return [
      name,
      ...member.flatMap((each) => bullet(isFlat(each) ? [cellOf(each, zone)] : linesOf(each as Item, zone))),
    ]
  })
}

/** Text of several lines keeps them, each below the first. */
function valueLines(name: string, value: unknown, zone: string): string[] {
  if (typeof value !== 'string' || !value.includes('\n')) return [`${name}${gap}${cellOf(value, zone) || 'none'}`]
  return [name.trimEnd(), ...indent(printable(value).split('\n'))]
}

const isFlat = (value: unknown): boolean =>
  typeof value !== 'object' ||
  value === null ||
  (Array.isArray(value) ? value.every((each) => typeof each !== 'object') : Object.keys(value).length === 0)
const indent = (lines: readonly string[]): string[] => lines.map((line) => `${indentation}${line}`)
const bullet = (lines: readonly string[]): string[] =>
  lines.map((line, at) => (at === 0 ? `- ${line}` : `${indentation}${line}`))
