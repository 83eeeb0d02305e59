// The side of a server that hands over what it is asked: one connection to the server that leads, on which whatever came in one turn
// of the event loop is one message.
import { type Answer, type Call, NotBegun } from '#operations/execute.ts'
import type { Among } from '#store/store.ts'
import { StoreTrouble } from '#store/trouble.ts'
import { type Ask, answerOf, asAsked, asksMax, type Hello, lostAnswer, type Message, type Said } from './messages.ts'
import { connectWire, helloMsMax, type Wire } from './wire.ts'

/** Handed over and not answered yet; one more is told to come back later. */
export const handedOverMax = 20_000
/** So long a request waits for others to go with, where the leader works on some already: less than a transaction takes. */
const gatherMs = 3

interface Waiting {
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

export class Following {
  readonly #among: Among
  readonly #onEnd: (why: string, following: Following) => void
  readonly #waiting = new Map<number, Waiting>()
  #wire: Wire | undefined
  #outbox: Ask[] = []
  #timer: NodeJS.Timeout | undefined
  #next = 0
  /** Whether it may be handed more. */
  #isReady = false
  #isLeaving = false
  #isTold = false

  private constructor(among: Among, onEnd: (why: string, following: Following) => void) {
    this.#among = among
    this.#onEnd = onEnd
  }

  /**
   * Connects to whoever leads by the lease, and makes sure that it is them, and that they are of our kind.
   * @param lead whom the lease names
   */
  static async begin(
    lead: { readonly address: string; readonly holder: string; readonly term: number },
    { key, hello, among }: { readonly key: Uint8Array; readonly hello: Hello; readonly among: Among },
    onEnd: (why: string, following: Following) => void,
  ): Promise<Following> {
    const following = new Following(among, onEnd)
    const met = Promise.withResolvers<void>()
    following.#wire = await connectWire(lead.address, key, {
      onMessage: (message) => {
        if (following.#isReady || following.#isLeaving || message.kind !== 'hello') {
          following.#hear(message)
          return
        }
        const problem =
          message.likeness !== hello.likeness
            ? 'it is of another version, or has other settings'
            : message.id !== lead.holder || message.term !== lead.term
              ? 'it does not lead'
              : undefined
        if (problem === undefined) following.#isReady = true
        met[problem === undefined ? 'resolve' : 'reject'](new Error(problem) as never)
      },
      onEnd: (why) => {
        met.reject(new Error(why))
        following.#ended(why)
      },
    })
    following.#wire.send(hello)
    const late = setTimeout(() => met.reject(new Error('it does not say who it is')), helloMsMax)
    try {
      await met.promise
      return following
    } catch (error) {
      following.#wire.end('not met')
      throw error
    } finally {
      clearTimeout(late)
    }
  }

  get isReady(): boolean {
    return this.#isReady && !this.#isLeaving
  }
  /** Hands a request over. Throws `NotBegun` where the other server has surely not begun it. */
  ask(operation: string, call: Call): Promise<Answer> {
    if (!this.isReady) return Promise.reject(new NotBegun())
    if (this.#waiting.size >= handedOverMax) {
      const trouble = new StoreTrouble('unavailable', 'too many requests wait for the server that leads', {
        fatal: false,
      })
      return Promise.reject(trouble)
    }
    return new Promise((resolve, reject) => {
      const n = ++this.#next
      this.#waiting.set(n, { resolve, reject })
      if (this.#outbox.length === 0) this.#flushLater()
      const { arrivedAt = performance.now() } = call
      this.#outbox.push([n, operation, asAsked(call), performance.now() - arrivedAt])
    })
  }
  /** Hands nothing more over, and ends once everything is answered. */
  leave(why = 'another server leads'): void {
    this.#isLeaving = true
    this.#tell(why)
    if (this.#waiting.size === 0) this.#wire?.end(why)
  }
  /** Ends at once, whatever is under way. */
  cut(why: string): void {
    this.#wire?.end(why)
  }
  #tell(why: string): void {
    if (this.#isTold) return
    this.#isTold = true
    this.#onEnd(why, this)
  }

  /** A message costs more than what is in it: where the leader works already, what comes meanwhile goes with it. */
  #flushLater(): void {
    if (this.#waiting.size > 1) this.#timer = setTimeout(() => this.#flush(), gatherMs)
    else setImmediate(() => this.#flush())
  }
  #flush(): void {
    clearTimeout(this.#timer)
    if (this.#outbox.length === 0) return
    const asks = this.#outbox.splice(0, asksMax)
    if (this.#outbox.length > 0) setImmediate(() => this.#flush())
    try {
      if (!this.isReady || !this.#wire!.send({ kind: 'asks', asks })) this.#notBegun(asks)
    } catch {
      // One of them cannot be written down: each is done here.
      this.#notBegun(asks)
    }
  }
  #notBegun(asks: readonly Ask[]): void {
    for (const [n] of asks) this.#take(n)?.reject(new NotBegun())
    if (this.#isLeaving) this.leave()
  }
  #take(n: number): Waiting | undefined {
    const waiting = this.#waiting.get(n)
    this.#waiting.delete(n)
    return waiting
  }
  #hear(message: Message): void {
    if (message.kind === 'over') this.leave('it hands over')
    if (message.kind !== 'answers') return
    // Before anybody is answered: what they are told of is from now on what a database must have.
    if (message.mark) this.#among.acknowledge(message.mark)
    for (const said of message.answers) this.#answer(said)
    // The leader has just ended a transaction, and begins the next one.
    if (this.#outbox.length > 0) setImmediate(() => this.#flush())
    if (this.#isLeaving) this.leave()
  }
  #answer(said: Said): void {
    const waiting = this.#take(said[0])
    if (!waiting) return
    try {
      waiting.resolve(answerOf(said))
    } catch (error) {
      waiting.reject(error)
    }
  }
  #ended(why: string): void {
    this.#isReady = false
    const unsent = new Set(this.#outbox.splice(0).map(([n]) => n))
    for (const [n, { reject }] of this.#waiting) {
      reject(unsent.has(n) ? new NotBegun() : lostAnswer(`the server that leads is gone: ${why}`))
    }
    this.#waiting.clear()
    this.#tell(why)
  }
}
