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

const shownAtOnce = 5
/** Not all of many. */
export const listOfSome = (ids: readonly string[]): string =>
  ids.length > shownAtOnce
    ? `${ids.slice(0, shownAtOnce).join(', ')} and ${ids.length - shownAtOnce} more`
    : ids.join(', ')

/** What names something: a policy, or the version that is a candidate on a target. */
export interface NamingFacts {
  readonly policy: string
  readonly version?: number
  readonly target?: string
}
export const namingText = ({ policy, version, target }: NamingFacts): string =>
  target === undefined ? policy : `${policy} (version ${version}, the candidate on ${target})`
