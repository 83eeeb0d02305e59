// What the API that was asked finds wrong by itself: its text, its shapes, its signatures. It has the words already.

declare const isSentence: unique symbol
/** A text that `worded` or `wordedFeature` was given: no other is one. */
export type Sentence = string & { readonly [isSentence]: true }

interface Worded {
  readonly why: 'worded'
  readonly words: Sentence
}
export const worded = (words: string): Worded => ({ why: 'worded', words: words as Sentence })
export const wordedFeature = (words: string) => ({ feature: 'worded', words: words as Sentence }) as const
