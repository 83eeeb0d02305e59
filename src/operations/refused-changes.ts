// Which refusals of changes are on record, what they were about, and how many of them have an entry of their own.
import { hasShape, kindOf } from '#model/identifier.ts'
import { isTargetId } from '#model/organization.ts'
import type { Refusal } from '#model/refusal.ts'

/**
 * What says nothing of the change: who asks is not known, or the server cannot answer now. Whatever else is refused is on
 * record.
 */
const unrecorded: ReadonlySet<Refusal['code']> = new Set([
  'MissingAuthentication',
  'IncompleteSignature',
  'UnknownAccessKey',
  'WrongSignature',
  'InvalidToken',
  'RequestExpired',
  'InvalidAction',
  'DryRunSucceeded',
  'Throttled',
  'Unavailable',
])
export const isOnRecord = ({ code }: Refusal): boolean => !unrecorded.has(code)

// What it was about --------------------------------------------------------------------------------------------------

/** Objects that the entry of a refusal names. */
const subjectsMax = 20
/** Values of the input that are looked at for them. */
const valuesMax = 1_000
/** What a caller wrote where an identifier stands is kept only where it could be one. */
const identifierPattern = /^[\x21-\x7e]{1,128}$/

/** The objects that a refusal was about: the one that it names, and those that the request names. Each once. */
export function subjectsOf(refusal: Refusal, input: object): string[] {
  const { id, node, pool } = refusal as { readonly id?: string; readonly node?: string; readonly pool?: string }
  const subjects = new Set<string>()
  if (id !== undefined && identifierPattern.test(id)) subjects.add(id)
  for (const text of [node, pool]) if (text !== undefined && isIdentifier(text)) subjects.add(text)
  for (const text of textsIn(input)) {
    if (subjects.size >= subjectsMax) break
    if (isIdentifier(text)) subjects.add(text)
  }
  return [...subjects]
}

const isIdentifier = (text: string): boolean => {
  if (!identifierPattern.test(text)) return false
  const kind = kindOf(text)
  return kind === undefined ? isTargetId(text) : hasShape(kind, text)
}

/** The texts of an input, in order, whatever they are nested in. */
function* textsIn(input: unknown): Generator<string> {
  const left: unknown[] = [input]
  for (let looked = 0; left.length > 0 && looked < valuesMax; looked++) {
    const value = left.shift()
    if (typeof value === 'string') yield value
    else if (typeof value === 'object' && value !== null) left.push(...Object.values(value).slice(0, valuesMax))
  }
}

// How many -----------------------------------------------------------------------------------------------------------

/** Refusals of one principal and code that have an entry of their own, in a minute; what is more is counted. */
export const refusalsPerMinute = 600
const windowMs = 60_000
/** Principals and codes of which it is kept; of more, every refusal has its entry. */
export const windowsMax = 10_000

/** Whose refusal it was, and which. */
export interface RefusalKind {
  readonly account: string
  readonly principal: string
  readonly code: string
  /** Who made the token, as one text; and one token that they made. */
  readonly makers?: string
  readonly credential?: string
}
/** The principal of a kind: whoever assumes a role names the session, and would have as many windows as names. */
export const withoutSession = (arn: string): string => arn.replace(/(:assumed-role\/[^/]+)\/.*$/, '$1')

interface Window {
  readonly kind: RefusalKind
  since: number
  entries: number
  counted: number
}
/** Refusals without an entry of their own. */
export interface CountedRefusals extends RefusalKind {
  readonly times: number
}

/**
 * Bounds what a client that asks for nonsense adds to the record. It moves only after the commit of what it has allowed, so
 * requests that are in one transaction may all have their entries.
 */
export class RefusalBudget {
  readonly #windows = new Map<string, Window>()

  /** Whether the next refusal of this kind has an entry. */
  allows(kind: RefusalKind, now: number): boolean {
    const window = this.#windows.get(keyOf(kind))
    return !window || isOver(window, now) || window.entries < refusalsPerMinute
  }
  /** That a refusal was recorded, or only counted. */
  note(kind: RefusalKind, now: number, hasEntry: boolean): void {
    const window = this.#windowOf(kind, now)
    if (!window) return
    // What was counted before stays: `counted` tells of it.
    if (isOver(window, now)) Object.assign(window, { since: now, entries: 0 })
    if (hasEntry) window.entries++
    else window.counted++
  }
  get hasCounted(): boolean {
    for (const { counted } of this.#windows.values()) if (counted > 0) return true
    return false
  }
  /** What was counted in minutes that are over, or so far where `isAll`. Forgets windows of which nothing is left to tell. */
  counted(now: number, isAll: boolean): CountedRefusals[] {
    const counted: CountedRefusals[] = []
    for (const [key, window] of this.#windows) {
      if (!isAll && !isOver(window, now)) continue
      if (window.counted > 0) counted.push({ ...window.kind, times: window.counted })
      else this.#windows.delete(key)
    }
    return counted
  }
  /** That these are on record. */
  settle(recorded: readonly CountedRefusals[]): void {
    for (const { times, ...kind } of recorded) {
      const window = this.#windows.get(keyOf(kind))
      if (window) window.counted -= times
    }
  }

  #windowOf(kind: RefusalKind, now: number): Window | undefined {
    const key = keyOf(kind)
    const known = this.#windows.get(key)
    if (known) return known
    if (this.#windows.size >= windowsMax) return undefined
    const window: Window = { kind, since: now, entries: 0, counted: 0 }
    this.#windows.set(key, window)
    return window
  }
}

const keyOf = ({ account, principal, code, makers = '' }: RefusalKind): string =>
  `${code} ${account} ${principal} ${makers}`
const isOver = ({ since }: Window, now: number): boolean => now - since >= windowMs || now < since
