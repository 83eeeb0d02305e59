// What somebody is likely to have meant, of the words that there are.
import { isOneSlipApart } from './known-locales.ts'

/** Longer ones are not compared. */
const charactersMax = 200

/** The one that differs in case, in what joins its parts, or in one slip of the keys; undefined where there is none. */
export function meantBy(text: string, words: readonly string[]): string | undefined {
  if (text.length > charactersMax) return undefined
  const asked = joined(text)
  return words.find((word) => joined(word) === asked) ?? words.find((word) => isOneSlipApart(asked, joined(word)))
}

/** `shared-with` and `SHARED_WITH` as `sharedwith`. */
const joined = (word: string): string => word.toLowerCase().replaceAll(/[-_ ]/g, '')
