// Answers as people read them: tables that fit the terminal, objects as lines, moments and numbers that can be read.
import { Stopped } from './exit-codes.ts'
import { formatMoment } from './moments.ts'

const gap = '  '
const ellipsis = '…'
/** A text is not cut below this. */
const cutWidthMin = 12
const indentation = '  '

/** Characters that turn the direction of the text around them (Unicode Standard Annex 9), and lines that no terminal counts. */
const turning = /[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g
const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/** What was written by others must not steer the terminal, nor look like something else there. */
export const printable = (text: string): string =>
  text.replaceAll(/(?!\n)\p{Cc}/gu, '\u{fffd}').replaceAll(turning, escaped)

/** The same of JSON, which stays the same data: strings alone can hold such characters. */
export const printableJson = (json: string): string =>
  json.replaceAll(/[\x7f-\x9f]/g, escaped).replaceAll(turning, escaped)

const widthOf = (text: string): number => [...text].length

/** `resourceType` is `RESOURCE TYPE`. */
const headingOf = (column: string): string => column.replaceAll(/[A-Z]/g, (letter) => ` ${letter}`).toUpperCase()

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

type Item = Readonly<Record<string, unknown>>

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
  readonly cells: readonly string[]
  readonly isNumber: boolean
  /** Ids, moments and CIDRs are whole or worthless; only text with words in it is cut. */
  readonly canBeCut: boolean
}

/** How it is to look: moments in this zone, and lines of so many columns at most, where there is a bound. */
export interface Looks {
  readonly zone: string
  readonly width?: number
}

/** Where even cut texts do not fit, each item is a block of lines. */
export function renderTable(columns: readonly string[], items: readonly Item[], { zone, width }: Looks): string {
  const table = columns.map((name): Column => {
    const cells = items.map((item) => cellOf(item[name], zone))
    return {
      name,
      heading: headingOf(name),
      cells,
      isNumber: items.every((item) => item[name] === undefined || typeof item[name] === 'number'),
      canBeCut: items.some((item) => typeof item[name] !== 'number' && !isWhole(cellOf(item[name], zone))),
    }
  })
  const widths = fit(table, width)
  if (!widths) return items.map((item) => renderObject(pick(columns, item), zone)).join('\n')
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => {
        const text = cut(cell, widths[at]!)
        const space = ' '.repeat(widths[at]! - widthOf(text))
        return table[at]!.isNumber ? space + text : text + space
      })
      .join(gap)
      .trimEnd()
  const rows = items.map((_, row) => line(table.map(({ cells }) => cells[row]!)))
  return `${[line(table.map(({ heading }) => heading)), ...rows].join('\n')}\n`
}

const isWhole = (text: string): boolean => !text.includes(' ') || momentInCell.test(text)
const momentInCell = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}/

/** Widths of the columns; the widest texts give way first. Undefined where they cannot. */
function fit(table: readonly Column[], width: number | undefined): number[] | undefined {
  const widths = table.map(({ heading, cells }) => Math.max(widthOf(heading), ...cells.map(widthOf)))
  if (width === undefined) return widths
  let excess = widths.reduce((sum, each) => sum + each, gap.length * (table.length - 1)) - width
  while (excess > 0) {
    const floors = table.map(({ heading }) => Math.max(cutWidthMin, widthOf(heading)))
    const candidates = table.map((_, at) => at).filter((at) => table[at]!.canBeCut && widths[at]! > floors[at]!)
    if (candidates.length === 0) return undefined
    const widest = candidates.reduce((a, b) => (widths[a]! >= widths[b]! ? a : b))
    widths[widest]!--
    excess--
  }
  return widths
}

function cut(text: string, width: number): string {
  const characters = [...text]
  return characters.length <= width ? text : characters.slice(0, width - 1).join('') + ellipsis
}

const pick = (names: readonly string[], item: Item): Item =>
  Object.fromEntries(names.filter((name) => item[name] !== undefined).map((name) => [name, item[name]]))

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

/** `name  value` lines; what has parts of its own is indented below its name. */
export function renderObject(value: Item, zone: string): string {
  return `${linesOf(value, zone).join('\n')}\n`
}

function linesOf(value: Item, zone: string): string[] {
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined && member !== null)
    .map(([name, member]): [string, unknown] => [cellOf(name, zone), member])
  const width = Math.max(0, ...members.filter(([, member]) => isFlat(member)).map(([name]) => widthOf(name)))
  return members.flatMap(([name, member]) => {
    if (isFlat(member)) return valueLines(name.padEnd(width), member, zone)
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
