// A database that is known to be away: whoever comes is told so at once, while one attempt after another looks for it.
import { setTimeout as pause } from 'node:timers/promises'
import type { StoreTrouble } from './trouble.ts'

/** Between two attempts; whatever one takes comes on top. */
const lookEveryMs = 250

export class Outage {
  readonly #look: () => Promise<StoreTrouble | undefined>
  #trouble: StoreTrouble | undefined
  #isOver = false

  /** @param look answers why the database cannot be reached; undefined where it can, or where waiting would not help */
  constructor(look: () => Promise<StoreTrouble | undefined>) {
    this.#look = look
  }
  /** Why the database is away; undefined where it is not known to be. */
  get trouble(): StoreTrouble | undefined {
    return this.#trouble
  }
  /** Called once an attempt to connect has failed for as long as a request may wait. */
  begin(trouble: StoreTrouble): void {
    if (this.#trouble || this.#isOver) return
    this.#trouble = trouble
    void this.#wait()
  }
  /** Looks no more. */
  end(): void {
    this.#isOver = true
    this.#trouble = undefined
  }

  async #wait(): Promise<void> {
    while (!this.#isOver) {
      // Nobody who stops waits for it.
      await pause(lookEveryMs, undefined, { ref: false })
      const trouble = this.#isOver ? undefined : await this.#look()
      if (!trouble) break
      if (!this.#isOver) this.#trouble = trouble
    }
    this.#trouble = undefined
  }
}
