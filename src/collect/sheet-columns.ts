// Which column of a table means what: as a person names it, and whether that is enough.
import { plainWord } from './sheet-words.ts'

/** The place of each meaning. */
export type Columns = ReadonlyMap<string, number>

/** The columns that are named, where a row is the header that has them all; by places alone there is no header. */
export function namedColumns(
  named: ReadonlyMap<string, string>,
  row: { readonly cells: readonly string[] },
): Columns | undefined {
  const places = [...named].map(([meaning, name]) => {
    const place = /^#(\d+)$/.exec(name)?.[1]
    return [
      meaning,
      place === undefined ? row.cells.findIndex((cell) => plainWord(cell) === plainWord(name)) : Number(place) - 1,
    ] as const
  })
  return places.every(([, at]) => at >= 0) ? new Map(places) : undefined
}

export const says = (columns: Columns): boolean =>
  columns.has('network') || columns.has('address') || (columns.has('first') && columns.has('last'))

/** What a person has to look at, in the words of the option that confirms it. */
export const shown = (columns: Columns, header: readonly string[]): string =>
  [...columns].map(([meaning, at]) => `${meaning}=${/[,='#]/.test(header[at]!) ? `#${at + 1}` : header[at]}`).join(',')
