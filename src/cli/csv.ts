// Answers as comma-separated values (RFC 4180), which spreadsheets open: what others wrote must not become a formula there.
import { printable } from './printable.ts'

type Item = Readonly<Record<string, unknown>>

const lineEnd = '\r\n'
/** With these spreadsheets begin a formula; the wide forms are read as the narrow ones in some. */
const formulaStart = /^[=+\-@\t\r\n＝＋－＠]/

/**
 * Every member, the same columns whatever the rows have: those of the table first, then all others in the order of their
 * declaration. What has parts of its own is JSON.
 */
export function csvColumns(
  { columns = [], fields }: { readonly columns?: readonly string[]; readonly fields?: readonly string[] },
  items: readonly Item[],
): readonly string[] {
  const names = fields?.map((field) => field.split('.')[0]!) ?? items.flatMap((item) => Object.keys(item))
  return [...new Set([...columns, ...names])]
}

export const csvHead = (columns: readonly string[]): string => lineOf(columns)
export const csvLines = (columns: readonly string[], items: readonly Item[]): string =>
  items.map((item) => lineOf(columns.map((name) => (Object.hasOwn(item, name) ? item[name] : undefined)))).join('')

export const lineOf = (cells: readonly unknown[]): string => cells.map(cellOf).join(',') + lineEnd

function cellOf(value: unknown): string {
  if (value === undefined || value === null) return ''
  // A number is one, whatever its sign.
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const harmless = printable(formulaStart.test(text) ? `'${text}` : text)
  return /[",;\r\n]|^\s|\s$/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
