// Lists that go on: the pages of an operation as server-sent events (WHATWG HTML, section 9.2), until somebody hangs up.
import type { SSEMessage } from '@fastify/sse'
import { refuse } from '#model/refusal.ts'

/** Between two looks for what is new. Several servers share a database, so nobody but the database knows. */
const pollMs = 500
/** Each asks the database twice a second. */
const streamsMax = 200

/** A page whose cursor leads behind its last item, also where there is nothing more yet. */
export interface GrowingPage {
  readonly items: readonly object[]
  readonly nextCursor: string
}

export class Streams {
  #count = 0
  readonly #ending = new AbortController()

  /** Whoever listens is sent away; to be called when the server stops. */
  end(): void {
    this.#ending.abort()
  }

  /**
   * Every item as an event, whose id resumes the stream behind it.
   * @param read one page behind a cursor; it asks each time who may see what, so that an ended token ends the stream
   * @param signal aborted when the listener has gone
   */
  async *follow(
    read: (cursor: string | undefined) => Promise<GrowingPage>,
    { cursor, idOf, signal }: { cursor: string | undefined; idOf(item: object): string; signal: AbortSignal },
  ): AsyncGenerator<SSEMessage> {
    if (this.#count >= streamsMax) {
      refuse({ code: 'Unavailable', because: `more than ${streamsMax} listen already` })
    }
    this.#count++
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
      this.#count--
    }
  }
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
