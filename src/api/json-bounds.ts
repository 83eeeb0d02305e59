// How deep, how many and how long: looked at before a JSON text is parsed, so that whatever reads it afterwards has little to read.
import { refuse } from '#model/refusal.ts'

/** What a JSON text may have. */
export interface JsonBounds {
  /** Members of objects and elements of lists, of the whole text. */
  readonly members: number
}

/** Objects and lists in one another. No shape of either API has half as many. */
export const jsonDepthMax = 20
/** Characters of one string, as it is written. */
export const jsonTextLengthMax = 16_384

const [quote, comma, backslash] = [0x22, 0x2c, 0x5c]
const [openArray, closeArray, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d]

/**
 * Refuses a text beyond the bounds. One pass that ends where a bound is passed, over any text: whether it is JSON is not asked
 * here, and what is none is read as if it were.
 */
export function boundJson(text: string, { members }: JsonBounds): void {
  let depth = 0
  let count = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === quote) {
      const start = ++at
      while (at < text.length && text.charCodeAt(at) !== quote) at += text.charCodeAt(at) === backslash ? 2 : 1
      if (at - start > jsonTextLengthMax) {
        refuse({ code: 'RequestTooLarge', limit: jsonTextLengthMax, unit: 'characters' })
      }
    } else if (code === comma || code === openObject || code === openArray) {
      if (++count > members) refuse({ code: 'RequestTooLarge', limit: members, unit: 'members' })
      if (code !== comma && ++depth > jsonDepthMax) {
        refuse({ code: 'RequestTooLarge', limit: jsonDepthMax, unit: 'levels' })
      }
    } else if (code === closeObject || code === closeArray) depth--
  }
}
