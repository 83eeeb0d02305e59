// Group commit, whatever the engine: requests queue, run in one transaction, and are answered after its commit.
import { setTimeout as pause } from 'node:timers/promises'
import type { Awaitable } from './sql.ts'
import type { AskedOf, RolledBack, Transaction } from './store.ts'
import { StoreTrouble } from './trouble.ts'
import { everydayMs, forgottenOfLong, restMsMax, triedMsMax, WriterShares } from './writer-shares.ts'

/** Beyond this many requests in one transaction the tail waits longer and throughput hardly grows. */
const batchSizeMax = 256
/** Requests that may wait for a transaction; one more is told to come back later. */
export const queueSizeMax = 20_000
/** Once half of the places are taken, whoever has this many of them gets no more: the other half is for others. */
export const queueShareMax = queueSizeMax / 4
const crowdedSize = queueSizeMax / 2
/** For how long requests of a sender run alone once one of theirs has made a batch start over. */
const aloneMs = 5_000
/** Senders that this is known of; beyond, the oldest are forgotten. */
const aloneSendersMax = 1_000
/** Where to begin and to commit takes long, so many times as long: most of the time is spent on requests. */
const workPerOverhead = 4
/** Between a transaction that met another's and its next attempt: doubled each time, up to the second. */
const conflictPauseMs = 1
const conflictPauseMsMax = 50

/** One connection that writes, a transaction at a time. */
export interface Engine {
  readonly transaction: Transaction
  /**
   * `tokens` are those of the requests that will run, where they have one; `since` when the first of them arrived; `isAsked` whether
   * somebody asked for any of them.
   */
  begin(tokens: readonly (Uint8Array | undefined)[], since: number, isAsked: boolean): Awaitable<void>
  /** On disk when it resolves. Where the outcome is not known it throws trouble that is `fatal` or `unavailable`. */
  commit(): Awaitable<void>
  /** Also called where `begin` or `commit` failed. */
  rollback(): Awaitable<void>
  /** What went wrong outside, in an operator's words; undefined for refusals and bugs. */
  troubleOf(error: unknown): StoreTrouble | undefined
  /** Around each work of a batch: what it changes and looks through is counted, where it is a request's, against what one may. */
  beginWork?(isRequest: boolean, refuseLong?: () => void): void
  /** Who waits for the end of the transaction at other servers: for how long the first of them has, and how many servers there are. */
  waitersElsewhere?(): Promise<{ readonly waitedMs: number; readonly servers: number }>
  /** After this error nothing more can be done in the transaction. */
  spoils(error: unknown): boolean
  /** The transaction met another one and may be run again as it is. */
  isConflict(error: unknown): boolean
  /** Why no transaction can begin for a while, where that is known: whoever waits need not wait longer. */
  readonly away?: StoreTrouble | undefined
}

export interface BatchLimits {
  /** For how long a transaction that meets others is run again, before its callers are told. */
  readonly conflictsMsMax?: number
  /** How long a request may wait for its transaction to begin, from its arrival; undefined: as long as it takes. */
  readonly waitMsMax?: number
  /**
   * For how long requests are added to a transaction: what has not begun by then waits for the next one. Undefined: until
   * all that waited have run.
   */
  readonly workMsMax?: number | undefined
}

interface Queued {
  readonly work: (tx: Transaction) => Promise<unknown>
  readonly token: Uint8Array | undefined
  readonly sender: string | undefined
  readonly since: number
  readonly isTried: boolean
  readonly isLong: boolean
  readonly isOfTop: () => boolean
  readonly refuse: ((restMs: number) => unknown) | undefined
  resolve: (value: never) => void
  reject: (reason: unknown) => void
}

/** A work that has run, and when. */
interface Ran {
  readonly queued: Queued
  readonly begunAt: number
  readonly endedAt: number
  /** Since when somebody has waited for it at another server. */
  elsewhereSince?: number
}

/** Attempts of one transaction that met another's each time. */
interface Attempts {
  readonly count: number
  readonly since: number
}

const isRolledBack = (value: unknown): value is RolledBack<unknown> =>
  typeof value === 'object' && value !== null && 'instead' in value

export class Batches {
  readonly #engine: Engine
  readonly #limits: BatchLimits
  readonly #onFatal: ((trouble: StoreTrouble) => void) | undefined
  #queue: Queued[] = []
  #running = false
  #closed: StoreTrouble | undefined
  #idle: (() => void)[] = []
  #timer: NodeJS.Timeout | undefined
  /** How long it took to begin and to commit the last transaction, in milliseconds. */
  #overheadMs = 0
  /** How much of it each sender has. */
  readonly #shares = new WriterShares()
  /** Ends a wait until somebody's rest is over. */
  #wake: (() => void) | undefined
  #isClosing = false
  /** Senders of which a request failed after it had changed something, and until when theirs run alone: what one takes back, all of its batch do again. */
  readonly #alone = new Map<string, number>()
  /** Until when what is only tried lets others go first: as long again as the last such work took. */
  #restsUntil = Number.NEGATIVE_INFINITY

  constructor(engine: Engine, onFatal: ((trouble: StoreTrouble) => void) | undefined, limits: BatchLimits = {}) {
    this.#engine = engine
    this.#limits = limits
    this.#onFatal = onFatal
  }

  /** Why nothing more is taken; undefined while all is well. */
  get closed(): StoreTrouble | undefined {
    return this.#closed
  }

  run<T>(
    work: (tx: Transaction) => Promise<T | RolledBack<T>>,
    {
      token,
      sender,
      since = performance.now(),
      isTried = false,
      isLong = false,
      isOfTop = () => false,
      refuse,
    }: AskedOf = {},
  ): Promise<T> {
    const refused = this.#closed ?? this.#engine.away
    if (refused) return Promise.reject(refused)
    if (this.#queue.length >= crowdedSize && sender !== undefined && this.#hasShare(sender)) {
      const problem = `too many requests of \`${sender}\` wait for the database`
      return Promise.reject(new StoreTrouble('unavailable', problem, { fatal: false }))
    }
    if (this.#queue.length >= queueSizeMax) {
      return Promise.reject(
        new StoreTrouble('unavailable', 'too many requests wait for the database', { fatal: false }),
      )
    }
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({
        work,
        token,
        sender,
        since,
        isTried,
        isLong: isLong || isTried,
        isOfTop,
        refuse,
        resolve,
        reject,
      })
      if (this.#running) {
        this.#watch()
        this.#wake?.()
        return
      }
      this.#running = true
      // After the poll phase: every request that has arrived by then shares the transaction.
      setImmediate(() => void this.#drain())
    })
  }

  /** Only asked of a crowded queue, so that nothing needs to be counted where none is. */
  #hasShare(sender: string): boolean {
    let count = 0
    for (const queued of this.#queue) if (queued.sender === sender && ++count >= queueShareMax) return true
    return false
  }

  /** Whoever still waits when their time is over is told so: nothing was begun for them. One timer, for the first of them. */
  #watch(): void {
    const [first] = this.#queue
    const { waitMsMax } = this.#limits
    if (!first || this.#timer || waitMsMax === undefined) return
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined
        const late = performance.now() - waitMsMax
        const gone = this.#queue.filter(({ since }) => since <= late)
        this.#queue = this.#queue.filter(({ since }) => since > late)
        const message = `the database took no request within ${waitMsMax} ms`
        for (const { reject } of gone) reject(new StoreTrouble('unavailable', message, { fatal: false }))
        this.#watch()
      },
      Math.max(first.since + waitMsMax - performance.now(), 1),
    ).unref()
  }

  /** Waits for what is queued; takes nothing more. */
  async close(): Promise<void> {
    this.#isClosing = true
    this.#wake?.()
    if (this.#running) await new Promise<void>((resolve) => this.#idle.push(resolve))
    this.#closed ??= new StoreTrouble('unavailable', 'the server is stopping', { fatal: false })
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0 && !this.#closed) {
      const ready = this.#ready()
      if (ready.length === 0) await this.#nap()
      else await this.#runBatch(this.#nextOf(ready))
      // Answers go out and new requests come in before the next commit.
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
    for (const { reject } of this.#queue.splice(0)) reject(this.#closed)
    this.#running = false
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  get #batchMs(): number {
    const { workMsMax = Number.POSITIVE_INFINITY } = this.#limits
    return Math.max(workMsMax, workPerOverhead * this.#overheadMs)
  }
  /** Those that may begin. What would rest for too long is told so, and is in the queue no more. */
  #ready(): readonly Queued[] {
    if (this.#shares.isEmpty || this.#isClosing) return this.#queue
    const now = performance.now()
    const ready: Queued[] = []
    const gone = new Map<Queued, number>()
    for (const queued of this.#queue) {
      const restMs = this.#shares.restMs(queued, now)
      if (restMs === 0) ready.push(queued)
      else if (queued.refuse && now + restMs > queued.since + restMsMax) gone.set(queued, restMs)
    }
    if (gone.size > 0) {
      this.#queue = this.#queue.filter((queued) => !gone.has(queued))
      for (const [{ reject, refuse }, restMs] of gone) reject(refuse!(restMs))
    }
    return this.#withoutTried(ready, now)
  }
  /** What was only tried lets others go first, for as long as the last such work took. */
  #withoutTried(ready: readonly Queued[], now: number): readonly Queued[] {
    if (now >= this.#restsUntil || !ready.some(({ isTried }) => isTried)) return ready
    const others = ready.filter(({ isTried }) => !isTried)
    return others.length > 0 ? others : ready
  }
  /** Until the first that rests may go on, or another request comes. */
  async #nap(): Promise<void> {
    const now = performance.now()
    const rests = this.#queue.map((queued) => this.#shares.restMs(queued, now))
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    const timer = setTimeout(resolve, Math.min(...rests, restMsMax))
    await promise
    clearTimeout(timer)
    this.#wake = undefined
  }
  /**
   * Those of the next transaction, out of the queue: all that are ready, in the order in which they came, where these fit into one; else
   * those of whoever has had less of the time before those of others, so that nobody waits for another's crowd or long work.
   */
  #nextOf(ready: readonly Queued[]): readonly Queued[] {
    if (this.#isOne(ready)) return this.#take(ready)
    const order = this.#shares.inOrder(ready, performance.now())
    const [first] = order as [Queued, ...Queued[]]
    if (this.#isApart(first)) return this.#take([first])
    const batch: Queued[] = []
    let workMs = 0
    for (const queued of order) {
      workMs += this.#shares.workMs(queued)
      if (batch.length >= batchSizeMax || (batch.length > 0 && workMs > this.#batchMs)) break
      if (!this.#isApart(queued)) batch.push(queued)
    }
    return this.#take(batch)
  }
  #isOne(ready: readonly Queued[]): boolean {
    if (ready.length > batchSizeMax || ready.some((queued) => this.#isApart(queued))) return false
    if (this.#limits.workMsMax === undefined) return true
    let workMs = 0
    for (const queued of ready) workMs += this.#shares.workMs(queued)
    return workMs <= this.#batchMs
  }
  #take(batch: readonly Queued[]): readonly Queued[] {
    if (batch.length === this.#queue.length) {
      this.#queue = []
      return batch
    }
    const taken = new Set(batch)
    this.#queue = this.#queue.filter((queued) => !taken.has(queued))
    return batch
  }
  /** What runs in a transaction of its own: what is only tried, and of senders that are to run alone. */
  #isApart({ sender, isTried }: Queued): boolean {
    if (isTried) return true
    const until = sender === undefined ? undefined : this.#alone.get(sender)
    return until !== undefined && until > performance.now()
  }
  #runAlone({ sender }: Queued): void {
    if (sender === undefined) return
    this.#alone.delete(sender)
    this.#alone.set(sender, performance.now() + aloneMs)
    if (this.#alone.size > aloneSendersMax) this.#alone.delete(this.#alone.keys().next().value!)
  }

  /** Back into the queue, in the order of arrival. */
  #wait(left: readonly Queued[]): void {
    if (left.length > 0) this.#queue = [...left, ...this.#queue].sort((a, b) => a.since - b.since)
  }

  async #runBatch(
    batch: readonly Queued[],
    attempts: Attempts = { count: 1, since: performance.now() },
  ): Promise<void> {
    const engine = this.#engine
    // Parts of a batch that run apart: after one whose outcome is not known, nothing more is done.
    if (this.#closed) {
      for (const { reject } of batch) reject(this.#closed)
      return
    }
    const answers: { queued: Queued; value?: unknown; error?: unknown; failed: boolean }[] = []
    const ran: Ran[] = []
    let hasBegun = false
    let culprit: number | undefined
    const startedAt = performance.now()
    try {
      await engine.begin(
        batch.map(({ token }) => token),
        batch[0]!.since,
        batch.some(({ sender }) => sender !== undefined),
      )
      hasBegun = true
      const begunAt = performance.now()
      const until = begunAt + this.#batchMs
      for (const queued of batch) {
        if (answers.length > 0 && performance.now() > until) break
        const before = engine.transaction.changes
        try {
          let value = await this.#work(queued, ran)
          if (isRolledBack(value)) {
            if (engine.transaction.changes !== before) throw value
            value = await value.instead(engine.transaction, false)
          }
          answers.push({ queued, value, failed: false })
        } catch (error) {
          // A work that refused before it changed anything leaves the others untouched; otherwise all start over, one by one.
          if (engine.spoils(error)) throw error
          if (engine.transaction.changes !== before) {
            culprit = answers.length
            throw error
          }
          answers.push({ queued, error, failed: true })
        }
      }
      const doneAt = performance.now()
      await engine.commit()
      this.#overheadMs = performance.now() - doneAt + begunAt - startedAt
      this.#account(ran, batch, startedAt)
    } catch (error) {
      this.#account(ran, batch, startedAt)
      await this.#startOver(batch, error, { attempts, hasBegun, culprit })
      return
    }
    this.#wait(batch.slice(answers.length))
    for (const { queued, value, error, failed } of answers) {
      if (failed) queued.reject(error)
      else queued.resolve(value as never)
    }
  }

  /** What follows upon a work, also upon one that was refused for all that it did, is bounded by itself. */
  async #work(queued: Queued, ran: Ran[]): Promise<unknown> {
    // Whether there are other servers is not known by what was so the last time: another one may have come since, or this one.
    if (this.#hasLimit(queued)) await this.#lookElsewhere()
    const begunAt = performance.now()
    this.#engine.beginWork?.(queued.sender !== undefined, this.#limitOf(queued, begunAt))
    try {
      return await queued.work(this.#engine.transaction)
    } finally {
      this.#engine.beginWork?.(false)
      const own: Ran = { queued, begunAt, endedAt: performance.now() }
      ran.push(own)
      if (queued.sender !== undefined && own.endedAt - begunAt > everydayMs) await this.#lookElsewhere(own)
    }
  }
  #hasLimit({ isTried, refuse }: Queued): boolean {
    return isTried && refuse !== undefined && this.#limits.workMsMax !== undefined
  }
  /** Of what is taken back in any case: it ends where others wait for it. */
  #limitOf(queued: Queued, begunAt: number): (() => void) | undefined {
    const { isOfTop, refuse } = queued
    if (!this.#hasLimit(queued)) return undefined
    return () => {
      const now = performance.now()
      if (now < begunAt + triedMsMax || isOfTop()) return
      const isAwaited = this.#shares.servers > 1 || this.#waitingSince(queued, [], now) < Number.POSITIVE_INFINITY
      if (isAwaited) throw refuse!((now - begunAt) / forgottenOfLong)
    }
  }
  async #lookElsewhere(own?: Ran): Promise<void> {
    try {
      const found = await this.#engine.waitersElsewhere?.()
      if (!found) return
      this.#shares.servers = found.servers
      if (own && found.waitedMs > 0) own.elsewhereSince = own.endedAt - found.waitedMs
    } catch {
      // Of what is wrong with the connection or the transaction, the work or the commit is told.
    }
  }
  /** Who has had how much of the time, and who of others waited meanwhile that could have gone on. */
  #account(ran: readonly Ran[], batch: readonly Queued[], startedAt: number): void {
    const now = performance.now()
    let aroundMs = now - startedAt
    for (const { begunAt, endedAt } of ran) aroundMs -= endedAt - begunAt
    for (const { queued, begunAt, endedAt, elsewhereSince = Number.POSITIVE_INFINITY } of ran) {
      const { sender, isTried } = queued
      const ms = endedAt - begunAt
      if (isTried) this.#restsUntil = now + ms
      if (sender === undefined) continue
      // Without a bound of time whatever waits shares a transaction: nobody waits for another's.
      const isEveryday = ms <= everydayMs || this.#limits.workMsMax === undefined
      const since = isEveryday ? endedAt : Math.min(elsewhereSince, this.#waitingSince(queued, batch, now))
      const keptMs = endedAt - Math.max(begunAt, since)
      this.#shares.took(queued, { ms, aroundMs: aroundMs / ran.length, keptMs, now })
    }
  }
  #waitingSince({ sender }: Queued, batch: readonly Queued[], now: number): number {
    let since = Number.POSITIVE_INFINITY
    for (const others of [this.#queue, batch]) {
      for (const other of others) {
        const isOther = other.sender !== undefined && other.sender !== sender && other.since < since
        if (isOther && this.#shares.restMs(other, now) === 0) since = other.since
      }
    }
    return since
  }

  async #startOver(
    batch: readonly Queued[],
    error: unknown,
    {
      attempts,
      hasBegun,
      culprit,
    }: { readonly attempts: Attempts; readonly hasBegun: boolean; readonly culprit: number | undefined },
  ): Promise<void> {
    const { trouble, cause } = await this.#rolledBack(error)
    // Where the outcome may be unknown nothing is run again: only the caller's token can tell.
    const isOver = trouble?.fatal || trouble?.kind === 'unavailable' || this.#closed
    if (!isOver && this.#engine.isConflict(cause)) {
      await this.#runAgain(batch, attempts)
      // Where not even a transaction could begin, one for each would only wait as long again, one after the other.
    } else if (!isOver && culprit !== undefined && batch.length > 1) {
      // It is known who it was: the others need not be apart.
      this.#runAlone(batch[culprit]!)
      for (const part of [batch.slice(0, culprit), [batch[culprit]!], batch.slice(culprit + 1)]) {
        if (part.length > 0) await this.#runBatch(part)
        await new Promise<void>((resolve) => setImmediate(resolve))
      }
    } else if (!isOver && hasBegun && batch.length > 1) {
      for (const queued of batch) {
        await this.#runBatch([queued])
        // A commit each: with the embedded database nothing else would happen before the last of them.
        await new Promise<void>((resolve) => setImmediate(resolve))
      }
    } else if (!isOver && isRolledBack(cause)) {
      const { instead } = cause
      await this.#runBatch([{ ...batch[0]!, work: (tx) => instead(tx, true) }])
    } else {
      const why = isRolledBack(cause) ? this.#closed : cause
      for (const { reject } of batch) reject(trouble ?? why)
      // What is known to be away is away for all who wait.
      const { away } = this.#engine
      if (away) for (const { reject } of this.#queue.splice(0)) reject(away)
    }
    if (trouble?.fatal) this.fail(trouble)
  }

  /** Callers never see a conflict: at worst they are told to come back later. */
  async #runAgain(batch: readonly Queued[], { count, since }: Attempts): Promise<void> {
    const waitMs = Math.min(conflictPauseMs * 2 ** (count - 1), conflictPauseMsMax)
    if (performance.now() + waitMs - since < (this.#limits.conflictsMsMax ?? 0)) {
      await pause(waitMs)
      return this.#runBatch(batch, { count: count + 1, since })
    }
    const message = `the database is too busy: ${count} attempts met other transactions`
    const busy = new StoreTrouble('unavailable', message, { fatal: false })
    for (const { reject } of batch) reject(busy)
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
