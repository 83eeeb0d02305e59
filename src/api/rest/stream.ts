// Lists that go on: the pages of an operation as server-sent events (WHATWG HTML, section 9.2), until somebody hangs up.
import type { SSEMessage } from '@fastify/sse'
import { refuse } from '#model/refusal.ts'

/** Between two looks for what is new. Several servers share a database, so nobody but the database knows. */
const pollMs = 500
/** Each asks the database twice a second. */
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
  idOf(item: object): string
}

export class Streams {
  /** How many listen, as whom, and who is accountable for them. */
  #count = 0
  readonly #listeners = new Map<string, number>()
  readonly #accountable = new Map<string, number>()
  readonly #ending = new AbortController()

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

  async *#events(read: ReadPage, { cursor, idOf, signal }: Following, release: () => void): AsyncGenerator<SSEMessage> {
    const ended = AbortSignal.any([signal, this.#ending.signal])
    try {
      while (!ended.aborted) {
        const { items, nextCursor } = await read(cursor)
        for (const item of items) yield { id: idOf(item), event: 'change', data: item }
        const isBehind = nextCursor !== cursor
        cursor = nextCursor
        if (!isBehind) await pause(ended)
      }
    } finally {
      release()
    }
  }
}

function addTo(counts: Map<string, number>, key: string, number: number): void {
  const sum = (counts.get(key) ?? 0) + number
  if (sum === 0) counts.delete(key)
  else counts.set(key, sum)
}

function refuseTooMany(used: number | undefined, limit: number, countedFor: string): void {
  if (used === undefined || used < limit) return
  const because = `for ${countedFor} there are ${used} streams, and ${limit} are allowed: end some of them`
  refuse({ code: 'Throttled', retryAfterSeconds: retrySeconds, because })
}

const pause = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, pollMs)
    signal.addEventListener('abort', end, { once: true })
  })
