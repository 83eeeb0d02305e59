// What every generated page has: its heading, and that it is generated; and tables.
const note = '<!-- Written by `npm run docs` from the code. A change made here is lost. -->'
export const page = (title: string, ...blocks: string[]): string => `${[`# ${title}`, note, ...blocks].join('\n\n')}\n`
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cell).join(' | ')} |`).join('\n')
