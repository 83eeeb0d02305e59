// Parts of sentences that many reasons have in common.

/** Behind a sentence, what was probably meant. */
export const didYouMean = (meant: string | undefined): string =>
  meant === undefined ? '' : `; did you mean \`${meant}\`?`
export const quoted = (text: string): string => `\`${text}\``
export const quotedList = (texts: readonly string[]): string => texts.map(quoted).join(', ')
export const familyText = (family: 4 | 6): string => `ipv${family}`
/** Of milliseconds since 1970. */
export const momentText = (at: number): string => new Date(at).toISOString()
/** Behind a list that may go on. */
export const more = (isAll: boolean): string => (isAll ? '' : ' and more')
/** Behind a sentence about a pool without room. */
export const askForMore = (contact: string | undefined): string =>
  contact === undefined ? '' : ` For more space in it, ask ${contact}.`
