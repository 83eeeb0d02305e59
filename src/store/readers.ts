// Connections that read: a few, opened when they are needed, each used by one reading at a time.
import { type Asker, refuseIfGone } from './asker.ts'
import { Effort, Interrupted, type Verdict } from './effort.ts'
import type { Outage } from './outage.ts'
import { StoreTrouble } from './trouble.ts'

/** Readings that may wait for a connection; one more is told to come back later. */
export const readsWaitingMax = 5_000
/** Of these one requester's, once half of the places are taken. */
export const readsWaitingShareMax = readsWaitingMax / 4
const crowdedSize = readsWaitingMax / 2

export interface Connection {
  /** Whether another reading may have it: one that has failed, or that leads elsewhere by now, is thrown away. */
  readonly isGood: boolean
  close(): Promise<void>
}

/** How far a reading has come that asks for a connection again. */
interface Stage {
  /** Whether it is known to take long. */
  readonly isLong: boolean
  /** Whether it keeps what it has found so far, and goes on from there. */
  readonly isBegun: boolean
}
const unbegun: Stage = { isLong: false, isBegun: false }

interface Waiting<C> extends Stage {
  readonly since: number
  readonly sender: string | undefined
  readonly resolve: (connection: C) => void
  readonly reject: (trouble: unknown) => void
}

/** Who asks for a connection. */
export interface Reading {
  /** When the request arrived, by `performance.now()`. */
  readonly since: number
  /** For whom connections and places are counted; undefined: for nobody. */
  readonly sender: string | undefined
  /** Who waits for the answer. */
  readonly asker: Asker | undefined
}

/** @param since from when on it has waited for a connection, by `performance.now()` */
type Use<C, T> = (connection: C, effort: Effort, since: number) => Promise<T>

interface ReadersOptions<C> {
  /** One that is there already. */
  readonly first?: C
  open(): Promise<C>
  /** Begins where there is no connection and none can be made. */
  readonly outage: Outage
  readonly connectionsMax: number
  /** How long a reading may wait for a connection, from its arrival. */
  readonly waitMsMax: number
}

export class Readers<C extends Connection> {
  readonly #options: ReadersOptions<C>
  readonly #idle: C[] = []
  #inUse = 0
  /** Of these, by who asked; nobody who is not counted. */
  readonly #inUseBy = new Map<string, number>()
  /** Those of readings that count as long. */
  #long = 0
  readonly #longBy = new Map<string, number>()
  /** Readings that wait to go on: what they have found is in memory. */
  #begun = 0
  readonly #begunBy = new Map<string, number>()
  #opening = 0
  /** In the order of arrival. */
  #waiting: Waiting<C>[] = []
  #timer: NodeJS.Timeout | undefined
  #atRest: (() => void) | undefined

  constructor(options: ReadersOptions<C>) {
    this.#options = options
    if (options.first) this.#idle.push(options.first)
  }

  /**
   * Runs a reading with a connection. One that takes long may be interrupted for others, and then begins again with another
   * connection, so that `read` may run several times; it ends with `Interrupted` where `effort` throws that.
   */
  async use<T>({ since, sender, asker }: Reading, read: Use<C, T>): Promise<T> {
    const effort = new Effort(asker, () => this.#decide(sender))
    let from = since
    let connection = await this.take(from, sender)
    for (;;) {
      let isInterrupted = false
      try {
        refuseIfGone(asker)
        return await read(connection, effort, from)
      } catch (error) {
        if (!(error instanceof Interrupted)) throw error
        isInterrupted = true
      } finally {
        if (!isInterrupted) this.giveBack(connection, sender, effort.isLong)
      }
      const wasLong = effort.isLong
      effort.restart()
      from = performance.now()
      // It waits before others hear of the connection: as one that has begun, where it has.
      const next = this.take(from, sender, effort)
      this.giveBack(connection, sender, wasLong)
      connection = await next
    }
  }
  /**
   * @param since when the request arrived, or began to wait again, by `performance.now()`
   * @param sender for whom connections and places are counted; undefined: for nobody
   */
  take(since: number, sender?: string, { isLong, isBegun }: Stage = unbegun): C | Promise<C> {
    while (this.#hasRoom({ sender, isLong, isBegun })) {
      const idle = this.#idle.pop()
      if (!idle) break
      if (idle.isGood) {
        this.#count(sender, isLong, 1)
        return idle
      }
      void idle.close()
    }
    const { trouble } = this.#options.outage
    // While others use connections, one of those may still become free.
    if (trouble && this.#inUse === 0) return Promise.reject(trouble)
    if (this.#waiting.length >= readsWaitingMax)
      return Promise.reject(unavailable('too many reads wait for the database'))
    if (this.#waiting.length >= crowdedSize && sender !== undefined && this.#hasShare(sender)) {
      return Promise.reject(unavailable(`too many reads of \`${sender}\` wait for the database`))
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ since, sender, isLong, isBegun, resolve, reject })
      if (isBegun) this.#countBegun(sender, 1)
      this.#grow()
      this.#watch()
    })
  }
  /**
   * @param sender as it was taken
   * @param isLong whether it counts as long by now
   */
  giveBack(connection: C, sender?: string, isLong = false): void {
    this.#count(sender, isLong, -1)
    if (connection.isGood) this.#hand(connection)
    else {
      void connection.close()
      const { trouble } = this.#options.outage
      if (trouble && this.#inUse === 0) this.#refuseAll(trouble)
      // Who gave this one back may have one again, and there may be one that nobody else may use.
      const idle = this.#idle.pop()
      if (idle) this.#hand(idle)
      this.#grow()
    }
    this.#rest()
  }
  /** Waits for the readings under way and those that wait. */
  async close(): Promise<void> {
    if (this.#isBusy) {
      await new Promise<void>((resolve) => {
        this.#atRest = resolve
      })
    }
    await Promise.all(this.#idle.splice(0).map((connection) => connection.close()))
  }

  #hasShare(sender: string): boolean {
    let count = 0
    for (const waiting of this.#waiting) if (waiting.sender === sender && ++count >= readsWaitingShareMax) return true
    return false
  }
  get #isBusy(): boolean {
    return this.#inUse > 0 || this.#opening > 0 || this.#waiting.length > 0
  }
  #rest(): void {
    if (!this.#isBusy) this.#atRest?.()
  }
  #count(sender: string | undefined, isLong: boolean, change: 1 | -1): void {
    this.#inUse += change
    addTo(this.#inUseBy, sender, change)
    if (isLong) this.#countLong(sender, change)
  }
  #countLong(sender: string | undefined, change: 1 | -1): void {
    this.#long += change
    addTo(this.#longBy, sender, change)
  }
  #countBegun(sender: string | undefined, change: 1 | -1): void {
    this.#begun += change
    addTo(this.#begunBy, sender, change)
  }
  /**
   * The last quarter of the connections is for others: whoever has the rest waits. Nobody knows of a reading that it takes long
   * before it does, so that this alone would not keep several senders from having all of them. A reading that waits to go on
   * counts like one that has a connection, so that no sender begins more than it has connections.
   */
  #hasRoom({ sender, isLong, isBegun }: Stage & { readonly sender: string | undefined }): boolean {
    if (isLong && !this.#hasLongRoom(sender)) return false
    const { connectionsMax } = this.#options
    const share = connectionsMax - Math.floor(connectionsMax / 4)
    const inUse = usedBy(this.#inUseBy, sender)
    if (isBegun) return inUse < share
    const begun = inUse + usedBy(this.#begunBy, sender)
    return begun < share && (begun === 0 || this.#begun < 2 * connectionsMax)
  }
  /** Half of the connections are for readings that take long, and half of these for one sender: the others serve in short turns. */
  #hasLongRoom(sender: string | undefined): boolean {
    const longMax = Math.ceil(this.#options.connectionsMax / 2)
    return this.#long < longMax && usedBy(this.#longBy, sender) < Math.ceil(longMax / 2)
  }
  /** What becomes of a reading that has a connection and has used much. */
  #decide(sender: string | undefined): Verdict {
    if (this.#hasLongRoom(sender)) {
      this.#countLong(sender, 1)
      return 'long'
    }
    const isForOthers = this.#waiting.some(
      (waiting) => (sender === undefined || waiting.sender !== sender) && this.#hasRoom(waiting),
    )
    return isForOthers ? 'interrupted' : 'again'
  }
  /** Of those who may have one, who uses fewest; of these, who came first. */
  #next(): Waiting<C> | undefined {
    let next: Waiting<C> | undefined
    let fewest = Number.POSITIVE_INFINITY
    for (const waiting of this.#waiting) {
      const count = usedBy(this.#inUseBy, waiting.sender)
      if (count >= fewest || !this.#hasRoom(waiting)) continue
      next = waiting
      fewest = count
      if (count === 0) break
    }
    return next
  }
  #hand(connection: C): void {
    const next = this.#next()
    if (!next) {
      this.#idle.push(connection)
      return
    }
    this.#waiting.splice(this.#waiting.indexOf(next), 1)
    if (next.isBegun) this.#countBegun(next.sender, -1)
    this.#count(next.sender, next.isLong, 1)
    next.resolve(connection)
  }

  /** How many of those who wait would get a connection. */
  get #served(): number {
    let served = 0
    for (const waiting of this.#waiting) if (this.#hasRoom(waiting)) served++
    return served
  }
  /** Opens connections for those who wait. Where the database takes no more of them, those that there are serve everybody. */
  #grow(): void {
    const { connectionsMax, outage } = this.#options
    while (
      !outage.trouble &&
      this.#opening < this.#served &&
      this.#inUse + this.#idle.length + this.#opening < connectionsMax
    ) {
      this.#opening++
      void this.#openOne()
    }
  }
  async #openOne(): Promise<void> {
    try {
      const connection = await this.#options.open()
      this.#opening--
      this.#hand(connection)
    } catch (error) {
      this.#opening--
      if (this.#inUse + this.#idle.length + this.#opening === 0) {
        if (error instanceof StoreTrouble && error.kind === 'unavailable') this.#options.outage.begin(error)
        this.#refuseAll(error)
      }
    }
    this.#rest()
  }
  #refuseAll(trouble: unknown): void {
    this.#refuse(this.#waiting.splice(0), trouble)
  }
  #refuse(refused: readonly Waiting<C>[], trouble: unknown): void {
    for (const { sender, isBegun, reject } of refused) {
      if (isBegun) this.#countBegun(sender, -1)
      reject(trouble)
    }
  }
  /** One timer, for whoever has waited for longest. */
  #watch(): void {
    const [first] = this.#waiting
    if (!first || this.#timer) return
    const { waitMsMax } = this.#options
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined
        const late = performance.now() - waitMsMax
        const gone = this.#waiting.filter(({ since }) => since <= late)
        this.#waiting = this.#waiting.filter(({ since }) => since > late)
        this.#refuse(gone, unavailable(`no connection to the database was free within ${waitMsMax} ms`))
        this.#watch()
        this.#rest()
      },
      Math.max(first.since + waitMsMax - performance.now(), 1),
    ).unref()
  }
}

const usedBy = (counts: ReadonlyMap<string, number>, sender: string | undefined): number =>
  sender === undefined ? 0 : (counts.get(sender) ?? 0)
function addTo(counts: Map<string, number>, sender: string | undefined, change: 1 | -1): void {
  if (sender === undefined) return
  const count = usedBy(counts, sender) + change
  if (count === 0) counts.delete(sender)
  else counts.set(sender, count)
}

const unavailable = (message: string): StoreTrouble => new StoreTrouble('unavailable', message, { fatal: false })
