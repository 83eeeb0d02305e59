// Lists that go on: the pages of an operation as server-sent events (WHATWG HTML, section 9.2), until somebody hangs up.
import type { SSEMessage } from '@fastify/sse'
import { worded } from '#model/problems/worded.ts'
import { refuse } from '#model/refusal.ts'

/**
 * Between two looks for whether anything is new, one for all who listen. Several servers share a database, so nobody but the
 * database knows.
 */
export const pollMs = 500
/** Looks after which a stream reads though nothing is new: its token may have ended. */
export const silentLooks = 20
/** Between two readings of streams that one principal is accountable for: most of what is new is of others, and they see none of it. */
export const gapMs = 50
/** And as many times as long as the last of these readings took: whoever listens often takes a tenth of a server's time. */
export const gapOfReading = 9
/** But no longer: what a reading waits for while others read much is none of the listener's doing. */
export const gapMsMax = 1_000
/** Each reads twice a second at most, but for pages that are full. */
export const streamsMax = 200
/** Of one principal: nobody keeps all others from listening. */
export const streamsOfOneMax = 20
/** Of all principals that one of them is accountable for: nor under many names. */
export const streamsOfAccountableMax = 60

/** Whoever may not listen comes back no sooner. */
const retrySeconds = 10

/** A page whose cursor leads behind its last item, also where there is nothing more yet. */
export interface GrowingPage {
  readonly items: readonly object[]
  readonly nextCursor: string
}

type ReadPage = (cursor: string | undefined) => Promise<GrowingPage>

export interface Following {
  readonly cursor: string | undefined
  readonly listener: string
  /** For whom it is counted, beside the listener; see `accountableFor`. */
  readonly accountable: string
  readonly signal: AbortSignal
  /** Items of a full page, behind which the next one is read at once. */
  readonly pageSize: number
  idOf(item: object): string
}

/** What tells that something is new by being another: of everything, also of what a listener may not see. */
type Newest = number | undefined

export class Streams {
  readonly #news: News
  readonly #now: () => number
  /** The last one to read of those that one principal is accountable for. */
  readonly #turns = new Map<string, Promise<void>>()
  /** How many listen, as whom, and who is accountable for them. */
  #count = 0
  readonly #listeners = new Map<string, number>()
  readonly #accountable = new Map<string, number>()
  readonly #ending = new AbortController()

  /**
   * @param findNewest asked twice a second while anybody listens
   * @param now milliseconds
   */
  constructor(findNewest: () => Promise<number>, now = () => performance.now()) {
    this.#news = new News(findNewest)
    this.#now = now
  }
  /** Whoever listens is sent away; to be called when the server stops. */
  end(): void {
    this.#ending.abort()
  }

  /**
   * Every item as an event, whose id resumes the stream behind it. Whoever may not listen is refused at once, while there is
   * still a status to say it with.
   * @param read one page behind a cursor; it asks each time who may see what, so that an ended token ends the stream
   * @param listener who listens
   * @param signal aborted when the listener has gone, whatever the stream waits for then
   */
  follow(read: ReadPage, following: Following): AsyncGenerator<SSEMessage> {
    const release = this.#admit(following)
    following.signal.addEventListener('abort', release, { once: true })
    if (following.signal.aborted) release()
    return this.#events(read, following, release)
  }

  /** Counts one more; the answer takes it back, once. */
  #admit({ listener, accountable }: Following): () => void {
    refuseTooMany(this.#count, streamsMax, 'all')
    refuseTooMany(this.#listeners.get(listener), streamsOfOneMax, `principal \`${listener}\``)
    const services = `\`${accountable}\` and the services that have their tokens from them`
    refuseTooMany(this.#accountable.get(accountable), streamsOfAccountableMax, services)
    this.#count++
    addTo(this.#listeners, listener, 1)
    addTo(this.#accountable, accountable, 1)
    let isOver = false
    return () => {
      if (isOver) return
      isOver = true
      this.#count--
      addTo(this.#listeners, listener, -1)
      addTo(this.#accountable, accountable, -1)
    }
  }

  async *#events(
    read: ReadPage,
    { cursor, idOf, pageSize, accountable, signal }: Following,
    release: () => void,
  ): AsyncGenerator<SSEMessage> {
    const ended = AbortSignal.any([signal, this.#ending.signal])
    try {
      while (!ended.aborted) {
        const known = this.#news.newest
        const page = await this.#inTurn(accountable, ended, () => read(cursor))
        if (!page) return
        for (const item of page.items) yield { id: idOf(item), event: 'change', data: item }
        cursor = page.nextCursor
        if (page.items.length < pageSize) await this.#news.after(known, ended)
      }
    } finally {
      release()
    }
  }

  /** One after the other of those with one accountable principal. Undefined where the stream has ended before its turn. */
  async #inTurn<T>(accountable: string, ended: AbortSignal, read: () => Promise<T>): Promise<T | undefined> {
    const before = this.#turns.get(accountable)
    const { promise: mine, resolve } = Promise.withResolvers<void>()
    this.#turns.set(accountable, mine)
    const pass = (): void => {
      resolve()
      if (this.#turns.get(accountable) === mine) this.#turns.delete(accountable)
    }
    if (before) await either(before, ended)
    if (ended.aborted) {
      if (before) void before.then(pass)
      else pass()
      return undefined
    }
    const from = this.#now()
    try {
      return await read()
    } finally {
      setTimeout(pass, Math.min(Math.max(gapMs, gapOfReading * (this.#now() - from)), gapMsMax)).unref()
    }
  }
}

/** Looks for what is new while anybody waits for it. */
class News {
  readonly #findNewest: () => Promise<number>
  #newest: Newest
  #timer: NodeJS.Timeout | undefined
  readonly #waiting = new Set<() => void>()

  constructor(findNewest: () => Promise<number>) {
    this.#findNewest = findNewest
  }
  get newest(): Newest {
    return this.#newest
  }
  /** Waits for the next look that finds another one than `known`, or for the end; and not for ever, whatever there is. */
  after(known: Newest, ended: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (ended.aborted) return resolve()
      let looks = 0
      const end = (): void => {
        this.#waiting.delete(look)
        ended.removeEventListener('abort', end)
        resolve()
      }
      const look = (): void => {
        if (++looks >= silentLooks || this.#newest !== known) end()
      }
      this.#waiting.add(look)
      ended.addEventListener('abort', end, { once: true })
      this.#watch()
    })
  }
  #watch(): void {
    if (this.#timer || this.#waiting.size === 0) return
    this.#timer = setTimeout(() => void this.#look(), pollMs).unref()
  }
  async #look(): Promise<void> {
    try {
      this.#newest = await this.#findNewest()
    } catch {
      // Each finds out for itself what is wrong.
      this.#newest = undefined
    }
    for (const look of [...this.#waiting]) look()
    this.#timer = undefined
    this.#watch()
  }
}

/** Waits for one of the two. */
const either = (before: Promise<void>, ended: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      ended.removeEventListener('abort', end)
      resolve()
    }
    if (ended.aborted) return end()
    ended.addEventListener('abort', end, { once: true })
    void before.then(end)
  })

function addTo(counts: Map<string, number>, key: string, number: number): void {
  const sum = (counts.get(key) ?? 0) + number
  if (sum === 0) counts.delete(key)
  else counts.set(key, sum)
}

function refuseTooMany(used: number | undefined, limit: number, countedFor: string): void {
  if (used === undefined || used < limit) return
  const because = `for ${countedFor} there are ${used} streams, and ${limit} are allowed: end some of them`
  refuse({ code: 'Throttled', retryAfterSeconds: retrySeconds, because: worded(because) })
}
