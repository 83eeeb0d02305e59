// What is governed, held still for a change request that others keep from being tried: what it would do is found at one state of it, and
// whoever changes that very often would otherwise outdate each try of everybody else's.
import { refuse } from '#model/refusal.ts'
import type { ReadTransaction, Store } from '#store/store.ts'

/** For so long at most others wait with what they change of it; whoever holds it has mostly done within a part of a second. */
export const heldMsMax = 10_000
/** Requests of a server that hold it or wait for that, and those of one sender. */
export const holdersMax = 100
export const holdersOfSenderMax = 2
/** Between two looks whether another server holds it, and how many there are: two of the longest times. */
const lookMs = 100
const looksMax = (2 * heldMsMax) / lookMs
/** Of the event loop, in place of a pause, where nobody says how to make one. */
const turnsOfPause = 200

/** Waits for so many milliseconds. */
export type Pause = (ms: number) => Promise<void>

/** Somebody else holds what the request would change: it is made once they have done. */
export class GovernanceHeld extends Error {}

/** One time of holding it. */
export interface Hold {
  readonly since: number
  readonly until: number
}

/** Whether somebody else holds it. A moment that is too far ahead is of a clock that was set back. */
export const isHeldByOthers = ({ governanceHeld: until, now }: ReadTransaction, own: Hold | undefined): boolean =>
  isAhead(until, now) && until !== own?.until
const isAhead = (moment: number, now: number): boolean => moment > now && moment <= now + heldMsMax

/** Who holds it, one after the other: those of this server wait for each other here, and for those of others in the database. */
export class Holding {
  readonly #store: Store
  readonly #pause: Pause | undefined
  /** How many of each sender hold it or wait. */
  readonly #senders = new Map<string, number>()
  #count = 0
  #last: Promise<void> = Promise.resolve()
  /** Ends as whoever holds it on this server has done. */
  #current: Promise<void> | undefined

  /** @param pause as `ExecutorOptions` has it */
  constructor(store: Store, pause: Pause | undefined) {
    this.#store = store
    this.#pause = pause
  }

  /** Holds it while some work is done. */
  async during<T>(sender: string, work: (hold: Hold) => Promise<T>): Promise<T> {
    const own = this.#senders.get(sender) ?? 0
    if (this.#count >= holdersMax || own >= holdersOfSenderMax) refuseToTry()
    this.#senders.set(sender, own + 1)
    this.#count++
    const before = this.#last
    const { promise: done, resolve: end } = Promise.withResolvers<void>()
    this.#last = before.then(() => done)
    try {
      await before
      const hold = await this.#take()
      this.#current = done
      try {
        return await work(hold)
      } finally {
        // Where the database cannot be written, it ends by itself.
        await this.#giveBack(hold).catch(leaveTrouble)
      }
    } finally {
      this.#current = undefined
      end()
      this.#count--
      const left = this.#senders.get(sender)! - 1
      if (left > 0) this.#senders.set(sender, left)
      else this.#senders.delete(sender)
    }
  }

  /** Waits for whoever holds it, or a moment. */
  async wait(): Promise<void> {
    const current = this.#current
    if (!current) await this.#rest()
    else await Promise.race([current, ...(this.#pause ? [this.#pause(heldMsMax)] : [])])
  }

  #rest(): Promise<void> {
    return this.#pause ? this.#pause(lookMs) : this.#store.read((tx) => tx.nextTurn(turnsOfPause))
  }
  async #take(): Promise<Hold> {
    for (let look = 0; look < looksMax; look++) {
      const hold = await this.#store.write(async (tx) => {
        const { now, governanceHeld: known } = tx
        // For as long as somebody held it, others change it then: those who hold it must not keep these from it either.
        if (isAhead(Math.abs(known), now)) return undefined
        const until = now + heldMsMax
        await tx.holdGovernance(until)
        return { since: now, until }
      })
      if (hold) return hold
      await this.#rest()
    }
    return refuseToTry()
  }
  /** @param until by which it is told from that of whoever held it next, where this one has taken too long */
  #giveBack({ since, until }: Hold): Promise<void> {
    return this.#store.write(async (tx) => {
      if (tx.governanceHeld !== until) return
      const { now } = tx
      await tx.holdGovernance(now > since ? -(now + Math.min(now - since, heldMsMax)) : 0)
    })
  }
}

/** Of the database, whose types alone this layer knows: a fault is told, or nobody hears that it is never given back. */
function leaveTrouble(error: unknown): void {
  if (!(error instanceof Error && error.name === 'StoreTrouble')) throw error
}

export const refuseToTry = (): never => refuse({ code: 'Unavailable', because: { why: 'governance-moves' } })

/** Does a change, however often it meets somebody who holds what it would change. */
export async function oncePossible<T>(holding: Holding, work: () => Promise<T>): Promise<T> {
  for (let look = 0; look < looksMax; look++) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof GovernanceHeld)) throw error
      await holding.wait()
    }
  }
  return refuse({ code: 'Unavailable', because: { why: 'governance-held' } })
}
