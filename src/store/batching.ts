// Group commit, whatever the engine: requests queue, run in one transaction, and are answered after its commit.
import type { Awaitable } from './sql.ts'
import type { Transaction } from './store.ts'
import { StoreTrouble } from './trouble.ts'

/** Beyond this many requests in one transaction the tail waits longer and throughput hardly grows. */
const batchSizeMax = 256
/** Requests that may wait for a transaction; one more is told to come back later. */
const queueSizeMax = 20_000
/** How often a transaction that met another's is run again. */
const conflictsMax = 5

/** One connection that writes, a transaction at a time. */
export interface Engine {
  readonly transaction: Transaction
  /** `tokens` are those of the requests that will run, where they have one. */
  begin(tokens: readonly (Uint8Array | undefined)[]): Awaitable<void>
  /** On disk when it resolves. Where the outcome is not known it throws trouble that is `fatal` or `unavailable`. */
  commit(): Awaitable<void>
  /** Also called where `begin` or `commit` failed. */
  rollback(): Awaitable<void>
  /** What went wrong outside, in an operator's words; undefined for refusals and bugs. */
  troubleOf(error: unknown): StoreTrouble | undefined
  /** After this error nothing more can be done in the transaction. */
  spoils(error: unknown): boolean
  /** The transaction met another one and may be run again as it is. */
  isConflict(error: unknown): boolean
}

interface Queued {
  work: (tx: Transaction) => Promise<unknown>
  token: Uint8Array | undefined
  resolve: (value: never) => void
  reject: (reason: unknown) => void
}

export class Batches {
  readonly #engine: Engine
  readonly #onFatal: ((trouble: StoreTrouble) => void) | undefined
  #queue: Queued[] = []
  #running = false
  #closed: StoreTrouble | undefined
  #idle: (() => void)[] = []

  constructor(engine: Engine, onFatal: ((trouble: StoreTrouble) => void) | undefined) {
    this.#engine = engine
    this.#onFatal = onFatal
  }

  /** Why nothing more is taken; undefined while all is well. */
  get closed(): StoreTrouble | undefined {
    return this.#closed
  }

  run<T>(work: (tx: Transaction) => Promise<T>, token: Uint8Array | undefined): Promise<T> {
    if (this.#closed) return Promise.reject(this.#closed)
    if (this.#queue.length >= queueSizeMax) {
      return Promise.reject(
        new StoreTrouble('unavailable', 'too many requests wait for the database', { fatal: false }),
      )
    }
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ work, token, resolve, reject })
      if (this.#running) return
      this.#running = true
      // After the poll phase: every request that has arrived by then shares the transaction.
      setImmediate(() => void this.#drain())
    })
  }

  /** Waits for what is queued; takes nothing more. */
  async close(): Promise<void> {
    if (this.#running) await new Promise<void>((resolve) => this.#idle.push(resolve))
    this.#closed ??= new StoreTrouble('unavailable', 'the server is stopping', { fatal: false })
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0 && !this.#closed) {
      const batch = this.#queue.length <= batchSizeMax ? this.#queue : this.#queue.slice(0, batchSizeMax)
      this.#queue = this.#queue.length <= batchSizeMax ? [] : this.#queue.slice(batchSizeMax)
      await this.#runBatch(batch, 0)
      // Answers go out and new requests come in before the next commit.
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
    for (const { reject } of this.#queue.splice(0)) reject(this.#closed)
    this.#running = false
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  async #runBatch(batch: readonly Queued[], conflicts: number): Promise<void> {
    const engine = this.#engine
    const answers: { queued: Queued; value?: unknown; error?: unknown; failed: boolean }[] = []
    let hasBegun = false
    try {
      await engine.begin(batch.map(({ token }) => token))
      hasBegun = true
      for (const queued of batch) {
        const before = engine.transaction.changes
        try {
          answers.push({ queued, value: await queued.work(engine.transaction), failed: false })
        } catch (error) {
          // A work that refused before it changed anything leaves the others untouched; otherwise all start over, one by one.
          if (engine.transaction.changes !== before || engine.spoils(error)) throw error
          answers.push({ queued, error, failed: true })
        }
      }
      await engine.commit()
    } catch (error) {
      await this.#startOver(batch, error, { conflicts, hasBegun })
      return
    }
    for (const { queued, value, error, failed } of answers) {
      if (failed) queued.reject(error)
      else queued.resolve(value as never)
    }
  }

  async #startOver(
    batch: readonly Queued[],
    error: unknown,
    { conflicts, hasBegun }: { readonly conflicts: number; readonly hasBegun: boolean },
  ): Promise<void> {
    const { trouble, cause } = await this.#rolledBack(error)
    // Where the outcome may be unknown nothing is run again: only the caller's token can tell.
    const isOver = trouble?.fatal || trouble?.kind === 'unavailable' || this.#closed
    if (!isOver && conflicts < conflictsMax && this.#engine.isConflict(cause)) {
      await this.#runBatch(batch, conflicts + 1)
      // Where not even a transaction could begin, one for each would only wait as long again, one after the other.
    } else if (!isOver && hasBegun && batch.length > 1) {
      for (const queued of batch) await this.#runBatch([queued], 0)
    } else {
      for (const { reject } of batch) reject(trouble ?? cause)
    }
    if (trouble?.fatal) this.fail(trouble)
  }

  async #rolledBack(error: unknown): Promise<{ trouble: StoreTrouble | undefined; cause: unknown }> {
    try {
      await this.#engine.rollback()
      return { trouble: this.#engine.troubleOf(error), cause: error }
    } catch (worse) {
      const trouble = this.#engine.troubleOf(worse) ?? this.#engine.troubleOf(error)
      return {
        trouble: trouble ?? new StoreTrouble('unavailable', String(worse), { fatal: true, cause: worse }),
        cause: error,
      }
    }
  }

  /** Takes nothing more, and tells the process that it must not go on. */
  fail(trouble: StoreTrouble): void {
    if (this.#closed) return
    this.#closed = trouble
    this.#onFatal?.(trouble)
  }
}
