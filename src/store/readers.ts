// Connections that read: a few, opened when they are needed, each used by one reading at a time.
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

interface Waiting<C> {
  readonly since: number
  readonly sender: string | undefined
  readonly resolve: (connection: C) => void
  readonly reject: (trouble: unknown) => void
}

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
   * @param since when the request arrived, by `performance.now()`
   * @param sender for whom connections and places are counted; undefined: for nobody
   */
  take(since: number, sender?: string): C | Promise<C> {
    while (this.#hasRoom(sender)) {
      const idle = this.#idle.pop()
      if (!idle) break
      if (idle.isGood) {
        this.#count(sender, 1)
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
      this.#waiting.push({ since, sender, resolve, reject })
      this.#grow()
      this.#watch()
    })
  }
  /** @param sender as it was taken */
  giveBack(connection: C, sender?: string): void {
    this.#count(sender, -1)
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
  #count(sender: string | undefined, change: 1 | -1): void {
    this.#inUse += change
    if (sender === undefined) return
    const count = (this.#inUseBy.get(sender) ?? 0) + change
    if (count === 0) this.#inUseBy.delete(sender)
    else this.#inUseBy.set(sender, count)
  }
  /** The last quarter of the connections is for others: readings that take long hold one for as long. */
  #hasRoom(sender: string | undefined): boolean {
    const { connectionsMax } = this.#options
    const share = connectionsMax - Math.floor(connectionsMax / 4)
    return sender === undefined || (this.#inUseBy.get(sender) ?? 0) < share
  }
  /** Of those who may have one, who uses fewest; of these, who came first. */
  #next(): Waiting<C> | undefined {
    let next: Waiting<C> | undefined
    let fewest = Number.POSITIVE_INFINITY
    for (const waiting of this.#waiting) {
      const { sender } = waiting
      const count = sender === undefined ? 0 : (this.#inUseBy.get(sender) ?? 0)
      if (count >= fewest || !this.#hasRoom(sender)) continue
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
    this.#count(next.sender, 1)
    next.resolve(connection)
  }

  /** How many of those who wait would get a connection. */
  get #served(): number {
    let served = 0
    for (const { sender } of this.#waiting) if (this.#hasRoom(sender)) served++
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
    for (const { reject } of this.#waiting.splice(0)) reject(trouble)
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
        for (const { reject } of gone)
          reject(unavailable(`no connection to the database was free within ${waitMsMax} ms`))
        this.#watch()
        this.#rest()
      },
      Math.max(first.since + waitMsMax - performance.now(), 1),
    ).unref()
  }
}

const unavailable = (message: string): StoreTrouble => new StoreTrouble('unavailable', message, { fatal: false })
