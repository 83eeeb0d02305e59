// What reads an estate where its credentials are, and says what is there: one value for each kind of source.
import type { Unlisted, WrittenObservation } from '#formats/observations.ts'

/** What a collector gives, one after another. */
export type Collected =
  | { readonly found: WrittenObservation }
  /** A part of the source that did not answer: nothing there is taken for gone. */
  | { readonly unlisted: Unlisted }
  /** First of all, where the listing did not begin now: in milliseconds since 1970. */
  | { readonly begunAt: number }

export interface CollectorOption {
  /** Without the dashes. */
  readonly flag: string
  /** What stands for its value, such as `FILE`. */
  readonly value: string
  readonly meaning: string
  readonly isRequired?: true
}

/** What a collector has around it. It reads no environment, no clock and no other file by itself, so that a test can be all of them. */
export interface Around {
  readonly options: ReadonlyMap<string, string>
  /** Milliseconds since 1970. */
  now(): number
  /** From the environment: tokens, which are not given as options, since whoever lists processes sees those. */
  variable(name: string): string | undefined
  /** Where it has come to, in a few words: `us-east-1: subnets`. Shown on a terminal alone. */
  progress(text: string): void
  /** What the person should know when it is done: what was left out and why. No secrets. */
  note(text: string): void
  /**
   * Runs a program and answers what it prints, as text. Rejects with `SourceTrouble` where it cannot be run, fails, or prints too much.
   * `warned` hears what it said beside that, where it said anything.
   */
  run(program: string, args: readonly string[], warned?: (text: string) => void): Promise<string>
  /** The bytes of a file; `-` is the standard input. Rejects with `SourceTrouble`. */
  read(path: string): AsyncIterable<Uint8Array>
  /** The text of a small file of our own; undefined where there is none yet. Rejects with `SourceTrouble`. */
  kept(path: string): Promise<string | undefined>
  /** Keeps a text for next time, in place of what was there. Rejects with `SourceTrouble`. */
  keep(path: string, text: string): Promise<void>
  /** Asks over HTTP, again where the other side says that it is busy, and answers JSON. Rejects with `SourceTrouble`. */
  ask(request: HttpRequest): Promise<unknown>
}

export interface HttpRequest {
  readonly url: string
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

interface TroubleFacts {
  readonly isPassing?: boolean
  readonly status?: number
  readonly said?: string
}

/** What a person can mend: no rights, a file that is not there, an answer in no known shape. */
export class SourceTrouble extends Error {
  /** Whether asking again later can help. */
  readonly isPassing: boolean
  /** Of HTTP, where it was an answer. */
  readonly status: number | undefined
  /** All that a program said of it: some tell in their first lines what went wrong, some in their last. */
  readonly said: string
  constructor(message: string, { isPassing = false, status, said = '' }: TroubleFacts = {}) {
    super(message)
    this.name = 'SourceTrouble'
    this.isPassing = isPassing
    this.status = status
    this.said = said
  }
}

/** What a collector must be permitted, and no more: read-only, and ready to be given. */
export interface Rights {
  /** Who gives it, and how. */
  readonly words: string
  /** The policy or role, as the source takes it. */
  readonly document?: { readonly language: 'json' | 'yaml'; readonly text: string }
}

export interface Collector {
  /** The word behind `cadastre collect`. */
  readonly kind: string
  /** One sentence. */
  readonly summary: string
  readonly options: readonly CollectorOption[]
  /** The environment variables that it reads, by their names. */
  readonly variables?: Readonly<Record<string, string>>
  /** For the reference. */
  readonly rights: Rights
  /** What is wrong with options together; undefined where nothing is. */
  optionsProblem?(options: ReadonlyMap<string, string>): string | undefined
  /** Yields everything that the source has. Throws `SourceTrouble` where nothing of it can be read. */
  collect(around: Around): AsyncIterable<Collected>
}

/** A part that could not be read becomes what is not listed, so that the rest goes on. Anything else is our fault, and is thrown. */
export async function* listed(
  part: Pick<Unlisted, 'account' | 'locale'>,
  read: () => AsyncIterable<Collected>,
): AsyncGenerator<Collected> {
  try {
    yield* read()
  } catch (error) {
    if (!(error instanceof SourceTrouble)) throw error
    yield { unlisted: { ...part, reason: error.message } }
  }
}

/** Of a file of another tool, or of a shape that nobody has met: what they would have said is not taken for gone. */
export const strangeValues = (count: number, without: string): Collected => ({
  unlisted: { account: '', locale: '', reason: `${count} values were left out, since they are without ${without}.` },
})

const controls = /[\p{Cc}\p{Cf}\u2028\u2029\ufffe\uffff]+/gu
/** A text of the source such that it can be an observation's: what shows nothing is left out, and what is too long is cut. */
export function shownText(text: string, charactersMax: number): string {
  const clean = text.toWellFormed().replaceAll(controls, ' ').trim()
  return [...clean].slice(0, charactersMax).join('')
}

/** The member of an answer, where it is an object that has it. */
export const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined
/** A text that says something: absent, null and empty are three spellings of none. */
export const textOf = (value: unknown, name: string): string | undefined => {
  const found = memberOf(value, name)
  return typeof found === 'string' && found !== '' ? found : undefined
}
/** The elements of a list; none where it is absent or null. */
export const listOf = (value: unknown, name: string): readonly unknown[] => {
  const found = memberOf(value, name)
  return Array.isArray(found) ? found : []
}
