// An answer as a page to print and keep: one file that needs nothing else, without scripts, and nothing in it is read as anything but text.
import { cellOf } from './table.ts'

export interface HtmlPage {
  readonly title: string
  /** What is said beside the rows. */
  readonly facts: Readonly<Record<string, unknown>>
  readonly columns: readonly string[]
  readonly rows: readonly Readonly<Record<string, unknown>>[]
}

const named: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
/** Characters that change the direction of what follows, or show nothing, are written as what they are. */
const hidden = /[\p{Cc}\p{Cf}\u2028\u2029]/gu
const escaped = (text: string): string =>
  text
    .replace(hidden, (one) => `[U+${one.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}]`)
    .replaceAll(/[&<>"']/g, (one) => named[one]!)

/** `noncompliant` as it is, `evaluatedUntil` as words. */
const wordsOf = (name: string): string => {
  const words = name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  return words.charAt(0).toUpperCase() + words.slice(1)
}
/** Moments as the API writes them: a page that is kept has no time zone of its own. */
const textOf = (value: unknown): string => (typeof value === 'string' ? value : cellOf(value, 'UTC'))
const isNumber = (value: unknown): boolean => typeof value === 'number'

const style = `
  @page { margin: 18mm 14mm; }
  body { font: 11pt/1.4 Georgia, 'Times New Roman', serif; color: #111; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
  h1 { font-size: 16pt; margin: 0 0 1rem; }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.2rem; margin: 0 0 1.5rem; }
  dt { font-weight: bold; }
  dd { margin: 0; overflow-wrap: anywhere; }
  table { border-collapse: collapse; width: 100%; font-size: 10pt; }
  thead { display: table-header-group; }
  tr { break-inside: avoid; }
  th, td { border-bottom: 1px solid #999; padding: .25rem .5rem; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
  caption { text-align: left; font-weight: bold; padding: 0 0 .5rem; }
  thead th { border-bottom: 2px solid #111; }
  tbody th { font-weight: normal; }
  .number { text-align: right; font-variant-numeric: tabular-nums; }
  @media print { body { margin: 0; max-width: none; padding: 0; } }
`

export function htmlOf({ title, facts, columns, rows }: HtmlPage): string {
  const ofFact = ([name, value]: readonly [string, unknown]): string =>
    `    <dt>${escaped(wordsOf(name))}</dt><dd>${escaped(textOf(value))}</dd>`
  const isOfNumbers = (column: string): boolean =>
    rows.some((row) => isNumber(row[column])) && rows.every((row) => row[column] === undefined || isNumber(row[column]))
  const classOf = (column: string): string => (isOfNumbers(column) ? ' class="number"' : '')
  const head = columns.map((column) => `<th scope="col"${classOf(column)}>${escaped(wordsOf(column))}</th>`).join('')
  const body = rows.map((row) => {
    const cells = columns.map((column, index) => {
      const value = row[column]
      const text = value === undefined || value === null ? '' : escaped(textOf(value))
      // The first cell says what its row is about, to whoever has it read aloud too.
      return index === 0 ? `<th scope="row"${classOf(column)}>${text}</th>` : `<td${classOf(column)}>${text}</td>`
    })
    return `      <tr>${cells.join('')}</tr>`
  })
  return `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
  <title>${escaped(title)}</title>
  <style>${style}  </style>
</head>
<body>
<main>
  <h1>${escaped(title)}</h1>
  <dl>
${Object.entries(facts).map(ofFact).join('\n')}
  </dl>
  <table>
    <caption>${rows.length === 1 ? 'One row' : `${rows.length} rows`}</caption>
    <thead><tr>${head}</tr></thead>
    <tbody>
${body.join('\n')}
    </tbody>
  </table>
</main>
</body>
</html>
`
}
