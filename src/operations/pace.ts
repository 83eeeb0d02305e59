// How fast one sender tries, and changes, what is governed: whoever governs the top decides for all of those who wait, and may do more.
import { Refused } from '#model/refusal.ts'
import type { AskedOf } from '#store/store.ts'
import { governsTop } from './governance/list-bounds.ts'
import { GovernanceHeld } from './holding.ts'
import type { WriteContext, WriteOperation } from './operation.ts'
import {
  governanceMovesPerMinuteOfTopMax,
  TryBudget,
  triedPerMinuteMax,
  triedPerMinuteOfTopMax,
  triersMax,
} from './tries.ts'

export class Pace {
  readonly #tries = new TryBudget('tries-spent')
  /** Changes of what is governed: each outdates what others try. */
  readonly #moves = new TryBudget('moves-spent')
  readonly #movesPerMinute: number
  /** Senders that governed the top when they last did what takes long. */
  readonly #ofTop = new Set<string>()

  /** @param movesPerMinute of whoever does not govern the top */
  constructor(movesPerMinute: number) {
    this.#movesPerMinute = movesPerMinute
  }

  /** What the store is told of whose work it is: what a clock does is nobody's. */
  askedOf({ isOfClock, isList, lookAhead }: WriteOperation<never, unknown, unknown>, sender: string): AskedOf {
    if (isOfClock) return {}
    const isLong = isList === true || lookAhead !== undefined
    return { sender, ...(isLong ? { isLong } : {}), isOfTop: () => this.#ofTop.has(sender), refuse: refuseForNow }
  }

  /**
   * Does what is taken back, or may be late: how much of that one sender has in a minute is bounded, since nobody else changes anything
   * meanwhile. What ends well was no try.
   */
  async asTry<T>(
    { isOfClock }: WriteOperation<never, unknown, unknown>,
    sender: string,
    context: WriteContext,
    work: () => Promise<T>,
  ): Promise<T> {
    if (isOfClock) return work()
    const { tx } = context
    await this.#noteReach(sender, context)
    if (this.#tries.spentBy(sender, tx.now) >= triedPerMinuteMax) {
      this.#tries.refuseBeyond((await governsTop(context)) ? triedPerMinuteOfTopMax : triedPerMinuteMax, sender, tx.now)
    }
    try {
      return await work()
    } catch (error) {
      // Whoever waits for somebody else's try has tried nothing.
      if (!(error instanceof GovernanceHeld)) this.#tries.spend(sender, tx.spent, tx.now)
      throw error
    }
  }

  async #noteReach(sender: string, context: WriteContext): Promise<void> {
    this.#ofTop.delete(sender)
    if (!(await governsTop(context))) return
    this.#ofTop.add(sender)
    if (this.#ofTop.size > triersMax) this.#ofTop.delete(this.#ofTop.keys().next().value!)
  }

  async refuseManyMoves(sender: string, context: WriteContext): Promise<void> {
    const { now } = context.tx
    if (this.#moves.spentBy(sender, now) < this.#movesPerMinute) return
    const limit = (await governsTop(context)) ? governanceMovesPerMinuteOfTopMax : this.#movesPerMinute
    this.#moves.refuseBeyond(limit, sender, now)
  }
  /** It has changed what is governed. */
  moved(sender: string, at: number): void {
    this.#moves.spend(sender, 1, at)
  }
}

/** Nothing of it was begun. */
const refuseForNow = (restMs: number): Refused =>
  new Refused({ code: 'Throttled', retryAfterSeconds: Math.ceil(restMs / 1_000), because: { why: 'writer-kept' } })
