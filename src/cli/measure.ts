// Columns of a terminal: how many a text takes, and texts that are cut or filled to so many.
import stringWidth from 'string-width'

const ellipsis = '…'
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** What is of letters that East Asian scripts write wide, emoji and combining marks, as terminals count it. */
export const widthOf = (text: string): number => stringWidth(text)

/** Never inside of what a reader sees as one character. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  let kept = ''
  let used = 0
  for (const { segment } of graphemes.segment(text)) {
    used += widthOf(segment)
    if (used > width - 1) break
    kept += segment
  }
  return kept + ellipsis
}

export const padEnd = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - widthOf(text)))
