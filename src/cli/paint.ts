// Colour, where a terminal has it. It never says anything that the text does not.
import { styleText } from 'node:util'

export interface Paint {
  heading(text: string): string
  /** A cell of a column of states: by the word that it is. */
  state(text: string): string
  /** How much is used of something, with its percentage at the end: what is nearly full is seen from afar. */
  usage(text: string): string
  /** Lines that hold a drawing together. */
  faint(text: string): string
  error(text: string): string
}

const goodWords = /^(?:allow|allocated|active|approved|in-force|in use|permit|provisioned|success|enforce|true)$/i
const waitingWords =
  /^(?:warn|observe|held|quarantined|reserved|requested|pending\S*|scheduled|awaiting\S*|not-yet\S*|would-\S*)$/i
const badWords = /^(?:den(?:y|ied)|forbid|failed\S*|refused|rejected|expired|revoked|exhausted)$/i

/** Columns whose cells are states. */
const stateColumns: ReadonlySet<string> = new Set(['state', 'outcome', 'mode', 'effect', 'status', 'use'])
export const isState = (column: string): boolean => stateColumns.has(column)

const plain = (text: string): string => text
export const withoutColour: Paint = { heading: plain, state: plain, usage: plain, faint: plain, error: plain }

const fillingPercent = 80
const fullPercent = 95

// Whoever asks for it has looked whether it is wanted.
const styled =
  (style: Parameters<typeof styleText>[0]) =>
  (text: string): string =>
    text === '' ? text : styleText(style, text, { validateStream: false })
const styles = { good: styled('green'), waiting: styled('yellow'), bad: styled('red') }
const withColour: Paint = {
  heading: styled('bold'),
  state: (text) =>
    goodWords.test(text)
      ? styles.good(text)
      : waitingWords.test(text)
        ? styles.waiting(text)
        : badWords.test(text)
          ? styles.bad(text)
          : text,
  usage: (text) => {
    const percent = Number(/(?<![\d.])([\d.]+)%$/.exec(text)?.[1] ?? Number.NaN)
    return percent >= fullPercent ? styles.bad(text) : percent >= fillingPercent ? styles.waiting(text) : text
  },
  faint: styled('dim'),
  error: styles.bad,
}

export const paintOf = (isColoured: boolean): Paint => (isColoured ? withColour : withoutColour)
