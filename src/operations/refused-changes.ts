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
  'CrossSiteRequest',
  'RequestExpired',
  'InvalidAction',
  'MethodNotAllowed',
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
  const values: unknown[] = [input]
  for (let looked = 0; looked < values.length; looked++) {
    const value = values[looked]
    if (typeof value === 'string') yield value
    if (typeof value !== 'object' || value === null) continue
    // No more than are looked at: an object may have very many.
    for (const name in value) {
      if (values.length >= valuesMax) break
      if (Object.hasOwn(value, name)) values.push((value as Record<string, unknown>)[name])
    }
  }
}

// How many -----------------------------------------------------------------------------------------------------------

/** Refusals of one sender and code that have an entry of their own, in a minute; what is more is counted. */
export const refusalsPerMinute = 600
const windowMs = 60_000
/** Senders and codes of which it is kept; of more, every refusal has its entry. */
export const windowsMax = 10_000
/** Names of one sender under which refusals of one code are counted apart in a minute. */
export const namesPerSenderMax = 20

/** Whose refusal it was, and which. */
export interface RefusalKind {
  readonly account: string
  readonly principal: string
  readonly code: string
  /** Who has one share with all the principals that they made tokens for; undefined over the AWS APIs. */
  readonly accountable?: string
  /** Who made the token, as one text; and one token that they made. */
  readonly makers?: string
  readonly credential?: string
}
/** The principal of a kind: whoever assumes a role names the session, and would have as many windows as names. */
export const withoutSession = (arn: string): string => arn.replace(/(:assumed-role\/[^/]+)\/.*$/, '$1')

/** What the entries of one sender with one code come to in a minute. */
interface Share {
  since: number
  entries: number
  /** Under which windows of the sender is counted. */
  readonly kinds: string[]
}
interface Window {
  readonly kind: RefusalKind
  since: number
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
  readonly #shares = new Map<string, Share>()
  readonly #windows = new Map<string, Window>()

  /** Whether the next refusal of this kind has an entry. */
  allows(kind: RefusalKind, now: number): boolean {
    const share = this.#shares.get(shareOf(kind))
    return !share || isOver(share, now) || share.entries < refusalsPerMinute || !this.#hasWindow(kind, share)
  }
  /** That a refusal was recorded, or only counted. */
  note(kind: RefusalKind, now: number, hasEntry: boolean): void {
    const share = this.#startShare(kind, now)
    if (!share) return
    if (hasEntry) share.entries++
    else this.#count(kind, share)
  }
  get hasCounted(): boolean {
    return this.#windows.size > 0
  }
  /** What was counted in minutes that are over, or so far where `isAll`. Forgets shares of which nothing is left to tell. */
  counted(now: number, isAll: boolean): CountedRefusals[] {
    const counted: CountedRefusals[] = []
    for (const window of this.#windows.values()) {
      if (isAll || isOver(window, now)) counted.push({ ...window.kind, times: window.counted })
    }
    for (const [key, share] of this.#shares) if (isOver(share, now)) this.#shares.delete(key)
    return counted
  }
  /** That these are on record. */
  settle(recorded: readonly CountedRefusals[]): void {
    for (const { times, ...kind } of recorded) {
      const key = keyOf(kind)
      const window = this.#windows.get(key)
      if (!window) continue
      window.counted -= times
      if (window.counted === 0) this.#windows.delete(key)
    }
  }

  #startShare(kind: RefusalKind, now: number): Share | undefined {
    const key = shareOf(kind)
    const known = this.#shares.get(key)
    if (known && !isOver(known, now)) return known
    if (!known && this.#shares.size >= windowsMax) return undefined
    const share: Share = { since: now, entries: 0, kinds: [] }
    this.#shares.set(key, share)
    return share
  }
  /** Whether it can be counted: if not, it has an entry, so that nothing is lost. */
  #hasWindow(kind: RefusalKind, share: Share): boolean {
    return this.#windows.has(this.#windowKey(kind, share)) || this.#windows.size < windowsMax
  }
  /** Of a sender with many names, what is refused under the later ones is counted with the first. */
  #windowKey(kind: RefusalKind, { kinds }: Share): string {
    const key = keyOf(kind)
    return kinds.includes(key) || kinds.length < namesPerSenderMax ? key : kinds[0]!
  }
  #count(kind: RefusalKind, share: Share): void {
    const key = this.#windowKey(kind, share)
    if (!share.kinds.includes(key)) share.kinds.push(key)
    const window = this.#windows.get(key) ?? { kind, since: share.since, counted: 0 }
    this.#windows.set(key, window)
    window.counted++
  }
}

/** Of whom all names together have so many entries: the principal of an account, or who is accountable for it. */
const shareOf = ({ account, principal, code, accountable }: RefusalKind): string =>
  `${code} ${accountable ?? `${account} ${principal}`}`
const keyOf = ({ account, principal, code, makers = '' }: RefusalKind): string =>
  `${code} ${account} ${principal} ${makers}`
const isOver = ({ since }: { readonly since: number }, now: number): boolean => now - since >= windowMs || now < since
