// Columns of a terminal: how many a text takes, and texts that are cut or filled to so many.
import { createRequire } from 'node:module'

const ellipsis = '…'
const isPlain = (text: string): boolean => !/[^\x20-\x7e]/.test(text)

/** What knows of scripts takes longer to begin than all other parts of a command: it is loaded for a text that needs it. */
interface OfScripts {
  readonly stringWidth: (text: string) => number
  readonly graphemes: Intl.Segmenter
}
let loaded: OfScripts | undefined
function ofScripts(): OfScripts {
  loaded ??= {
    stringWidth: (createRequire(import.meta.url)('string-width') as typeof import('string-width')).default,
    graphemes: new Intl.Segmenter('en', { granularity: 'grapheme' }),
  }
  return loaded
}

/** What is of letters that East Asian scripts write wide, emoji and combining marks, as terminals count it. */
export const widthOf = (text: string): number => (isPlain(text) ? text.length : ofScripts().stringWidth(text))

/** Never inside of what a reader sees as one character. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  if (isPlain(text)) return text.slice(0, Math.max(0, width - 1)) + ellipsis
  let kept = ''
  let used = 0
  for (const { segment } of ofScripts().graphemes.segment(text)) {
    used += widthOf(segment)
    if (used > width - 1) break
    kept += segment
  }
  return kept + ellipsis
}

export const padEnd = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - widthOf(text)))

/** In lines that fit, broken between words; what does not go to a terminal is one line. */
export function fold(text: string, width = Number.POSITIVE_INFINITY): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line !== '' && widthOf(longer) > width) {
      lines.push(line)
      line = word
    } else line = longer
  }
  return [...lines, line].join('\n')
}
