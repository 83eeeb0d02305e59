// Several values as one text, to find something by in memory.
import type { SqlValue } from './sql.ts'

/** Different values have different texts: the length of each stands before it, so none can be made to look like several. */
export function keyOf(values: readonly SqlValue[]): string {
  let key = ''
  for (const value of values) {
    if (value === null) key += '-'
    else {
      const text = typeof value === 'string' ? value : String(value)
      key += text.length
      key += ':'
      key += text
    }
  }
  return key
}
