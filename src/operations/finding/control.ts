// A control: one thing that is watched, as one value. `controls.ts` lists them; nothing else has to know of a new one.
import type { Facts, Severity } from '#model/finding.ts'
import type { ObjectNoun } from '#model/kinds.ts'
import type { Exception } from '#model/policy/exception.ts'
import type { LookAtSpaces } from './spaces.ts'

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
  /** Its findings are not set aside: they are resolved by what they ask for. */
  readonly isNeverSuppressed?: true
  /** What is looked at by itself whenever it may have changed; without it, whoever knows of it says what was seen (`settle`). */
  readonly watches?: 'space' | 'exceptions'
}
/** One that looks at space in use, after each change of it or of what policy says about it. */
export interface SpaceControl extends Control {
  readonly watches: 'space'
  readonly look: LookAtSpaces
}
/** One that looks at exceptions, after each change of one. */
export interface ExceptionControl extends Control {
  readonly watches: 'exceptions'
  look(exception: Exception): Facts | undefined
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
export const control = <F extends object>(value: Omit<Control, 'words'> & { words(facts: F): string }): Control => ({
  ...value,
  words: (facts) => value.words(facts as F),
})
