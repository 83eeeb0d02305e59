// What whoever was denied can do next: facts, of which `advice-words.ts` makes words.

import type { NearestChange } from './nearest-change.ts'
import type { Names } from './told.ts'

/** Looked up behind a denial, and told with it. */
export interface Advice {
  /** Undefined: no single change of the request, and no exception, would be granted. */
  readonly nearest?: NearestChange | undefined
  /** What pools in it are called, as far as whoever is told may know. */
  readonly names: Names
  /** Undefined: no exception would have the request granted as it is. */
  readonly exception?: ExceptionWay | undefined
}

export interface ExceptionWay {
  /** The denial, on record: what is asked for follows from it. */
  readonly decision: string
  /** Whose request was denied, and so where the exception is asked for. */
  readonly account: string
  /** Whether whoever was refused may ask for it; undefined where that is not known: a signed request says nothing of tokens. */
  readonly mayRequest?: boolean | undefined
  /** Whom to ask to ask for it: the contact of the account. */
  readonly contact?: string | undefined
}
