// JSON that tools saved: one value, several behind each other, or one on each line. Elements of a list come one by one.
import { SourceTrouble } from './collector.ts'
import { decoded } from './lines.ts'

/** Of one value that is no list: an answer of a whole cluster. */
const valueCharactersMax = 268_435_456

/**
 * The values of a text: `cat a.json b.json` makes one of many, and what a list holds comes by itself, so that memory is bounded by one
 * element. What a `{"value": […]}` holds does not, since what else it says of the list may come behind.
 */
export async function* valuesOf(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  /** How many brackets are open, without the list that elements are taken from. */
  let depth = 0
  let isInList = false
  let isInText = false
  let isEscaped = false
  let held = ''
  for await (const text of decoded(pieces)) {
    let from = 0
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (isInText) {
        if (isEscaped) isEscaped = false
        else if (code === backslash) isEscaped = true
        else if (code === quote) isInText = false
        continue
      }
      if (code === quote) isInText = true
      else if (code === openBrace || code === openBracket) {
        if (depth === 0 && !isInList && code === openBracket) {
          refuseRest(held + text.slice(from, at))
          isInList = true
          held = ''
          from = at + 1
        } else depth++
      } else if (code === closeBrace || code === closeBracket) {
        if (depth > 0) {
          depth--
          if (depth > 0 || isInList) continue
          yield parsed(held + text.slice(from, at + 1))
        } else {
          if (!isInList || code === closeBrace) throw notJson()
          const last = held + text.slice(from, at)
          if (last.trim() !== '') yield parsed(last)
          isInList = false
        }
        held = ''
        from = at + 1
      } else if (code === comma && depth === 0 && isInList) {
        yield parsed(held + text.slice(from, at))
        held = ''
        from = at + 1
      }
    }
    held += text.slice(from)
    if (held.length > valueCharactersMax)
      throw new SourceTrouble(`One value of it has more than ${valueCharactersMax} characters.`)
  }
  if (depth > 0 || isInList || isInText) throw new SourceTrouble('It is cut off: its JSON has no end.')
  refuseRest(held)
}

const [quote, comma, openBracket, backslash, closeBracket, openBrace, closeBrace] = [34, 44, 91, 92, 93, 123, 125]
const notJson = (): SourceTrouble => new SourceTrouble('It is not JSON.')

/** Between values there is nothing but space. */
function refuseRest(text: string): void {
  if (text.trim() !== '') throw notJson()
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw notJson()
  }
}

/** What a program printed as JSON; nothing where it printed nothing. */
export function parseOutput(text: string, program: string): unknown {
  if (text.trim() === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    throw new SourceTrouble(`\`${program}\` printed what is no JSON.`)
  }
}
