// What is only tried leaves nothing behind, and meanwhile nobody else changes anything: how much of it one sender may have in a minute.
import { refuse } from '#model/refusal.ts'

/**
 * Rows and statements that what one sender tries may look through and change in a minute; on PostgreSQL a statement weighs more. They take
 * some five seconds, so that others have most of the minute.
 */
export const triedPerMinuteMax = 200_000
/** The same of whoever governs the top: they decide for all of those who wait. */
export const triedPerMinuteOfTopMax = 2_000_000
/**
 * How often in a minute one sender changes what is governed, each time by a request of its own: what others try meanwhile is tried again.
 * A list of operations is one change.
 */
export const governanceMovesPerMinuteMax = 3_000
/** The same of whoever governs the top. */
export const governanceMovesPerMinuteOfTopMax = 30_000
const windowMs = 60_000
/** Senders of which it is known; one more makes room by forgetting the one whose minute is over first. */
export const triersMax = 10_000

interface Minute {
  spent: number
  readonly endsAt: number
}

/** What each sender has tried in a minute that begins with the first try. The last one may go beyond: what it costs is known once it is over. */
export class TryBudget {
  readonly #why: 'tries-spent' | 'moves-spent'
  /** In the order in which they end. */
  readonly #minutes = new Map<string, Minute>()

  constructor(why: 'tries-spent' | 'moves-spent') {
    this.#why = why
  }

  /** Rows and statements, or changes, so far. */
  spentBy(sender: string, now: number): number {
    return this.#minuteOf(sender, now)?.spent ?? 0
  }
  spend(sender: string, count: number, now: number): void {
    const known = this.#minuteOf(sender, now)
    if (known) {
      known.spent += count
      return
    }
    this.#minutes.delete(sender)
    if (this.#minutes.size >= triersMax) this.#minutes.delete(this.#minutes.keys().next().value!)
    this.#minutes.set(sender, { spent: count, endsAt: now + windowMs })
  }
  /** Refuses whoever has spent this much until their minute is over. */
  refuseBeyond(limit: number, sender: string, now: number): void {
    const minute = this.#minuteOf(sender, now)
    if (!minute || minute.spent < limit) return
    const retryAfterSeconds = Math.max(1, Math.ceil((minute.endsAt - now) / 1_000))
    refuse({ code: 'Throttled', retryAfterSeconds, because: { why: this.#why, limit } })
  }

  /** One that began behind what the clock says now is over, too: the clock was set back. */
  #minuteOf(sender: string, now: number): Minute | undefined {
    const minute = this.#minutes.get(sender)
    return minute && minute.endsAt > now && minute.endsAt <= now + windowMs ? minute : undefined
  }
}
