// How the demo speaks: what was asked, what was answered, and why; and that it ends where the product does something else.

const isColoured = process.stdout.isTTY && !process.env.NO_COLOR
export const paint = (code: number, text: string): string => (isColoured ? `\x1b[${code}m${text}\x1b[0m` : text)
export const say = (text = ''): void => void process.stdout.write(`${text}\n`)
export const heading = (text: string): void => say(`\n${paint(1, text)}`)
export const step = (asked: string): void =>
  say(`\n${paint(36, '▸')} ${asked.includes('\n') ? asked : wrap(asked, 2).join('\n  ')}`)
export const answered = (text: string): void => labelled('answered', text, 32)
export const refusedWith = (text: string): void => labelled('refused', text, 33)
export const because = (text: string): void => {
  for (const line of text.split('\n')) {
    const lines = wrap(line, labelColumns)
    for (const each of lines) say(`  ${paint(2, `why       ${each}`)}`)
  }
}

/** A label, and lines behind it. */
export function list(label: string, lines: readonly string[]): void {
  for (const [at, line] of lines.entries()) say(`  ${(at === 0 ? label : '').padEnd(10)} ${line}`)
}

const columnsMax = 80
/** What stands before an answer: two spaces, the label, and two spaces. */
const labelColumns = 12
/** For whom prints tables into an answer. */
export const answerColumns = columnsMax - labelColumns

function labelled(label: string, text: string, colour: number): void {
  const [first, ...rest] = wrap(text, labelColumns)
  say(`  ${paint(colour, label.padEnd(8))}  ${first}`)
  for (const line of rest) say(`${' '.repeat(labelColumns)}${line}`)
}

/** Lines of 80 columns behind an indentation, broken at spaces, JSON behind commas too; what has neither stays whole. */
export function wrap(text: string, indentation: number): string[] {
  const width = columnsMax - indentation
  if ([...text].length <= width) return [text]
  const margin = /^ */.exec(text)![0]
  const lines: string[] = []
  let line = margin
  const breaks = /^[[{]/.test(text.trimStart()) ? /(?<=,)| / : ' '
  for (const word of text.trimStart().split(breaks)) {
    const gap = line.trim() === '' || (breaks !== ' ' && line.endsWith(',')) ? '' : ' '
    if (line.trim() !== '' && [...line].length + gap.length + [...word].length > width) {
      lines.push(line)
      line = margin
    }
    line += line.trim() === '' ? word : `${gap}${word}`
  }
  return [...lines, line]
}

/**
 * A command in lines of 80 columns, as a shell takes it: a break between words has a backslash before it; one within JSON, behind a
 * comma, needs none.
 */
export function wrapCommand(words: readonly string[], indentation: number): string[] {
  const width = columnsMax - indentation - ' \\'.length
  const isPlain = (word: string): boolean => /^[\w:./@-]+$/.test(word)
  // Each piece with what a line that ends with it has behind it.
  const pieces = words.flatMap((word): { text: string; end: string }[] => {
    if (isPlain(word)) return [{ text: word, end: ' \\' }]
    const parts = /^[[{]/.test(word) ? `'${word}'`.split(/(?<=,)/) : [`'${word}'`]
    return parts.map((text, at) => ({ text, end: at === parts.length - 1 ? ' \\' : '' }))
  })
  const lines: string[] = []
  let line = ''
  let end = ''
  for (const piece of pieces) {
    const gap = line === '' || end === '' ? '' : ' '
    if (line.trim() !== '' && line.length + gap.length + piece.text.length > width) {
      lines.push(`${line}${end}`)
      line = `  ${piece.text}`
    } else line += `${gap}${piece.text}`
    end = piece.end
  }
  return [...lines, line]
}

/** The demo is a test too: where the product does not do what is told here, it ends with an error. */
export function expect(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`The demo expected that ${what}.`)
}
