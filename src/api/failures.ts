// Credentials that are not good, counted by where they come from, for all APIs (threat model D2).

/** Of one address (or one /64): a script whose token has ended asks less often, and guessing is hopeless. */
export const badTokensPerMinute = 300
const windowMs = 60_000
/** Held in memory; one more makes room by dropping the one whose minute is over first. */
const clientsMax = 10_000

export interface Budget {
  readonly limit: number
  readonly remaining: number
  readonly resetSeconds: number
}

/** What went wrong lately, by client: so many in a minute that begins with the first. */
export class Failures {
  readonly #now: () => number
  // In the order in which their minutes end.
  readonly #clients = new Map<string, { count: number; readonly endsAt: number }>()

  readonly #limit: number
  constructor(now: () => number, limit = badTokensPerMinute) {
    this.#now = now
    this.#limit = limit
  }
  /** Almost always nobody has failed, and nothing else needs to be looked at. */
  get isEmpty(): boolean {
    for (const [client, { endsAt }] of this.#clients) {
      if (endsAt > this.#now()) return false
      this.#clients.delete(client)
    }
    return true
  }
  count(client: string): Budget {
    if (this.isEmpty || !this.#clients.has(client)) {
      if (this.#clients.size >= clientsMax) this.#clients.delete(this.#clients.keys().next().value!)
      this.#clients.set(client, { count: 0, endsAt: this.#now() + windowMs })
    }
    this.#clients.get(client)!.count++
    return this.budgetOf(client)
  }
  budgetOf(client: string): Budget {
    const { count, endsAt } = this.#clients.get(client) ?? { count: 0, endsAt: this.#now() + windowMs }
    return {
      limit: this.#limit,
      remaining: Math.max(0, this.#limit - count),
      resetSeconds: Math.max(1, Math.ceil((endsAt - this.#now()) / 1_000)),
    }
  }
}
