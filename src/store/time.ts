// The moment of each transaction, from what the clock says and how far the record has come.
import { describeFarBehind, isFarBehind } from '#model/clock.ts'
import { StoreTrouble } from './trouble.ts'

/** The newest audit entry, as SQL. Newest by number: the operator may accept an earlier clock. */
export const newestEntry = 'select n, at, request_id from audit_entry order by n desc limit 1'
/** Its moment; null where there is none. */
export const newestEntryAt = '(select at from audit_entry order by n desc limit 1)'

/** One look at the clock. */
export interface Moment {
  readonly now: number
  /** Why nothing may be written at it. */
  readonly trouble: StoreTrouble | undefined
}

export class Time {
  readonly #acceptsClock: boolean
  #latest = 0
  #setBacks = 0

  /** @param acceptsClock whatever the record says: the operator is about to accept the clock */
  constructor(acceptsClock = false) {
    this.#acceptsClock = acceptsClock
  }

  /** Takes note of what the clock says. Answers how often it was set far back: what was kept before that is by another time. */
  see(clock: number): number {
    // A clock that was ahead and was set right: what it said meanwhile holds where it is on record, and nowhere else.
    if (isFarBehind(clock, this.#latest)) {
      this.#latest = clock
      this.#setBacks++
    } else this.#latest = Math.max(this.#latest, clock)
    return this.#setBacks
  }
  momentOf(clock: number, newestAt: number | null): Moment {
    if (this.#acceptsClock) return { now: clock, trouble: undefined }
    this.see(clock)
    const now = Math.max(this.#latest, newestAt ?? 0)
    if (newestAt === null || !isFarBehind(clock, newestAt)) return { now, trouble: undefined }
    return { now, trouble: new StoreTrouble('clock', describeFarBehind(clock, newestAt), { fatal: false }) }
  }
}

/**
 * The last moment about which what a snapshot shows is final. Every transaction takes its moment while nobody else writes,
 * and never an earlier one than that of the newest entry that was committed by then. So what commits after the snapshot is
 * later than, or in the same millisecond as, the newest entry of the snapshot; and the same of what the clock said, before
 * the snapshot, at a time at which nobody wrote.
 * @param quietAt what the clock said then; undefined where somebody was writing
 */
export const finalUntil = (newestAt: number | null, quietAt: number | undefined): number =>
  Math.max(newestAt ?? 0, quietAt ?? 0) - 1

/** Called where trouble begins, changes its kind, or ends; not again while it lasts. */
export function onChange(
  tell: ((trouble: StoreTrouble | undefined) => void) | undefined,
): (trouble: StoreTrouble | undefined) => void {
  let last: StoreTrouble | undefined
  return (trouble) => {
    if (last?.kind !== trouble?.kind) tell?.(trouble)
    last = trouble
  }
}
