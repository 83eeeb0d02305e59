// Texts that others wrote, as they can be printed: nothing in them steers a terminal, or turns the text around them.

/** Characters that turn the direction of the text around them (Unicode Standard Annex 9), and lines that no terminal counts. */
const turning = /[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g
const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/** What was written by others must not steer the terminal, nor look like something else there. */
export const printable = (text: string): string =>
  text.replaceAll(/(?!\n)\p{Cc}/gu, '\u{fffd}').replaceAll(turning, escaped)

/** The same of JSON, which stays the same data: strings alone can hold such characters. */
export const printableJson = (json: string): string =>
  json.replaceAll(/[\x7f-\x9f]/g, escaped).replaceAll(turning, escaped)

/** Whether it holds what the two above replace, or any other character that steers, but for line breaks. */
export const mustBeEscaped = (text: string): boolean => printable(text) !== text
