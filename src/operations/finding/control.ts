// A control: one thing that is watched, as one value. `controls.ts` lists them; nothing else has to know of a new one.
import type { Facts, Severity } from '#model/finding.ts'
import type { ObjectNoun } from '#model/kinds.ts'

export interface Control {
  /** With the resource and the source, the identity of its findings: it never changes. */
  readonly name: string
  readonly severity: Severity
  /** What its findings are about. */
  readonly about: ObjectNoun | 'observation'
  /** One sentence: what is found. */
  readonly summary: string
  /** One sentence about one finding, made of its facts where it is shown. */
  words(facts: Facts): string
}

/** For one that a newer server has put there: it goes by its name. */
export const unknownControl = (name: string): Control => ({
  name,
  severity: 'medium',
  about: 'observation',
  summary: name,
  words: () => name,
})

/** Defines a control whose facts are of one shape. */
export const control = <F extends Facts>(
  value: Omit<Control, 'words'> & { words(facts: F): string },
): Control & { readonly of?: F } => ({ ...value, words: (facts) => value.words(facts as F) })
