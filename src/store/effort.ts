// What one reading has used of the connection that it has, and what it must do once that is much.
import { type Asker, refuseIfGone } from './asker.ts'

/**
 * Statements of a reading, and what weighs as much, until it counts as long: some ten milliseconds of work on SQLite. All but a
 * few readings have less; the others let go of their connection then, where somebody else waits for it.
 */
export const shortMax = 1_000
/** Rows that weigh as much as one statement. */
export const rowsPerStatement = 4
/** What weighs as much as a step of work in memory, after which others have their turn. */
export const statementsPerStep = 50

/**
 * `long`: it counts as long from now on, and may go on to its end. `again`: it may use as much again. `interrupted`: somebody
 * else needs the connection.
 */
export type Verdict = 'long' | 'again' | 'interrupted'

/** Thrown through the work of a reading that lets go of its connection. It is begun again when it has one. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
  constructor() {
    super('a reading that takes long lets go of its connection, since others wait')
  }
}

export class Effort {
  readonly #asker: Asker | undefined
  readonly #decide: () => Verdict
  #isLong = false
  #isInterrupted = false
  #left = shortMax
  #isForAll = 0
  #hasKept = false
  #isBegun = false

  /** @param decide asked whenever much was used */
  constructor(asker: Asker | undefined, decide: () => Verdict) {
    this.#asker = asker
    this.#decide = decide
  }
  get isLong(): boolean {
    return this.#isLong
  }
  /** Whether it waits to go on, and not to begin. */
  get isBegun(): boolean {
    return this.#isBegun
  }
  /**
   * Counts statements, or what weighs as much. Throws where the reading must end: nobody waits for it any more, or it is
   * interrupted.
   */
  spend(statements: number): void {
    refuseIfGone(this.#asker)
    if (this.#isInterrupted) throw new Interrupted()
    if (this.#isLong || this.#isForAll > 0) return
    this.#left -= statements
    if (this.#left > 0) return
    const verdict = this.#decide()
    this.#left = shortMax
    this.#isLong = verdict === 'long'
    this.#isInterrupted = verdict === 'interrupted'
    if (this.#isInterrupted) throw new Interrupted()
  }
  /** A step of work in memory has ended. */
  spendStep(): void {
    this.spend(statementsPerStep)
  }
  /** Of what is read for everybody and kept nothing is counted: whoever comes first does it. */
  async forAll<T>(work: () => Promise<T>): Promise<T> {
    this.#isForAll++
    try {
      return await work()
    } finally {
      this.#isForAll--
    }
  }
  /** What was read so far is kept outside of the transaction: interrupted from now on, the reading goes on from there. */
  keep(): void {
    this.#hasKept = true
  }
  /** The reading has failed: of what it had begun together with that, nothing goes on. */
  end(): void {
    this.#isInterrupted = true
  }
  /** To be called before it is begun again: one that has kept nothing since it began is a long one now. */
  restart(): void {
    this.#isLong = !this.#hasKept
    this.#isBegun ||= this.#hasKept
    this.#hasKept = false
    this.#isInterrupted = false
    this.#left = shortMax
  }
}
