// Cells of a table as text: what separates them, and what is around what they say.

export interface Row {
  /** As an editor counts them, from 1. */
  readonly line: number
  readonly cells: readonly string[]
}

/** Spaces that do not look like one, and characters that show nothing, are around what was copied from elsewhere. */
export const plainCell = (cell: string): string =>
  cell
    .replaceAll(/[\u00a0\u2007\u202f]/g, ' ')
    .replaceAll(/\p{Cf}/gu, '')
    .trim()

const delimiters = [',', ';', '\t', '|']
/** The one that is there equally often in most lines, outside of quotes. */
export function delimiterOf(sample: string): string {
  const lines = sample
    .replaceAll(/"(?:[^"]|"")*"/g, '')
    .split(/\r\n|\n|\r/)
    .filter((line) => line.trim() !== '')
    .slice(0, 50)
  let best = { delimiter: ',', score: 0 }
  for (const delimiter of delimiters) {
    const lengths = new Map<number, number>()
    for (const line of lines) {
      const count = line.split(delimiter).length - 1
      if (count > 0) lengths.set(count, (lengths.get(count) ?? 0) + 1)
    }
    const score = Math.max(0, ...lengths.values())
    if (score > best.score) best = { delimiter, score }
  }
  return best.delimiter
}
