// Numbers made to look drawn at random: the same number always gives the same text, and two numbers never give one.

export interface SpreadShape {
  /** The characters of the text, each once. */
  readonly alphabet: string
  readonly length: number
}

const rounds = 4
const wordSize = 0x1_0000_0000

/**
 * Spreads `value` over the texts of a shape, by a Feistel network over two halves of digits: each step adds to one half
 * what depends on the other alone, so that it can be undone and nothing collides. It hides no secret.
 * @param value a whole number, smaller than the number of texts
 * @param key makes another order of the texts, such as the installation's five digits
 */
export function spread(value: number, { alphabet, length }: SpreadShape, key: string): string {
  const lowLength = Math.ceil(length / 2)
  const highSize = alphabet.length ** (length - lowLength)
  const lowSize = alphabet.length ** lowLength
  let high = Math.floor(value / lowSize)
  let low = value % lowSize
  if (!Number.isSafeInteger(value) || value < 0 || high >= highSize || !Number.isSafeInteger(lowSize)) {
    throw new Error(`bug: ${value} cannot be spread over ${length} characters`)
  }
  for (let round = 0; round < rounds; round++) {
    high = (high + scramble(low, `${key}/${round}/high`)) % highSize
    low = (low + scramble(high, `${key}/${round}/low`)) % lowSize
  }
  return toText(high, alphabet, length - lowLength) + toText(low, alphabet, lowLength)
}

function toText(value: number, alphabet: string, length: number): string {
  let text = ''
  let rest = value
  for (let at = 0; at < length; at++) {
    text = alphabet[rest % alphabet.length]! + text
    rest = Math.floor(rest / alphabet.length)
  }
  return text
}

/** 52 bits that depend on all of `value` and `key`. */
function scramble(value: number, key: string): number {
  const seed = [...key].reduce((hash, character) => mix(hash, character.charCodeAt(0)), 0x9e3779b9)
  const low = mix(mix(seed, value % wordSize), Math.floor(value / wordSize))
  const high = mix(low, 0x2545f491)
  return (high & 0xfffff) * wordSize + low
}

/** One step of a hash with the constants of MurmurHash3's finaliser: every bit of the input reaches every bit of the result. */
function mix(hash: number, word: number): number {
  let mixed = Math.imul(hash ^ word, 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
