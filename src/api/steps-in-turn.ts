// What is done in very many steps leaves the server to whoever asks once: one step at a time of all of them, and none while others wait.

import { setTimeout as pause } from 'node:timers/promises'

/** So long a step waits at most where others go on to ask: then one is done in between, so that it comes to its end. */
const patienceMs = 40
/** Others count as asking until nobody has for so long. */
const crowdedMs = 250
/** Beside others steps rest so many times as long as the last one took: most of those who ask meet none. */
const restsPerStep = 2

export class StepsInTurn {
  readonly #patienceMs: number
  #others = 0
  #othersAt = Number.NEGATIVE_INFINITY
  #last: Promise<unknown> = Promise.resolve()
  /** Of the last step, or what it waited for the database. */
  #tookMs = 0
  #onQuiet: (() => void) | undefined

  /** @param patience for tests: how long a step waits */
  constructor(patience = patienceMs) {
    this.#patienceMs = patience
  }

  /** Does what somebody waits for who asks once. */
  async aside<T>(work: () => Promise<T>): Promise<T> {
    this.#others++
    try {
      return await work()
    } finally {
      this.#others--
      this.#othersAt = performance.now()
      if (this.#others === 0) this.#onQuiet?.()
    }
  }
  /** Does a step once those before it are done, and others with what they ask for. */
  step<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last
      .then(() => this.#quiet())
      .then(async () => {
        const since = performance.now()
        try {
          return await work()
        } finally {
          this.#tookMs = performance.now() - since
        }
      })
    // Whoever asked for it is told what went wrong; the next one is not.
    this.#last = done.catch(() => {})
    return done
  }
  /** Others ask another server, whose database is ours. */
  hearsOthers(): void {
    this.#othersAt = performance.now()
  }
  /** Whether somebody else asks, so that steps should be short. */
  isCrowded(): boolean {
    return this.#others > 0 || performance.now() - this.#othersAt < crowdedMs
  }

  async #quiet(): Promise<void> {
    // What has arrived meanwhile is heard of first.
    if (this.isCrowded()) await pause(Math.min(restsPerStep * this.#tookMs, patienceMs))
    else await new Promise((resolve) => setImmediate(resolve))
    if (this.#others === 0) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#patienceMs)
      this.#onQuiet = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#onQuiet = undefined
  }
}
