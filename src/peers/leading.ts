// The side of a server that leads: it does what its peers are asked, as if their clients had asked it, and answers what has ended in
// one turn of the event loop with one message.
import { setTimeout as pause } from 'node:timers/promises'
import type { Server } from 'node:tls'
import type { Answer, Call } from '#operations/execute.ts'
import type { AnyOperation } from '#operations/operation.ts'
import type { Among } from '#store/store.ts'
import { type Ask, asksMax, type Hello, lostAnswer, type Message, type Said, saidOf, saidOfError } from './messages.ts'
import { listenForWires, Wire } from './wire.ts'

/** What peers wait for when a server stops: as long as its own clients may. */
const closeMsMax = 8_000

export interface LeadingOptions {
  readonly host: string
  readonly port: number
  readonly key: Uint8Array
  /** What this server says of itself now. */
  hello(): Hello
  /** Whether the lease holds by this process's own clock, however long it has stood still. */
  isHeld(): boolean
  execute(operation: AnyOperation, call: Call): Promise<Answer>
  find(operation: string): AnyOperation | undefined
  readonly among: Among
}

interface Peer {
  readonly wire: Wire
  isMet: boolean
  outbox: Said[]
}

export class Leading {
  readonly #options: LeadingOptions
  readonly #peers = new Map<Wire, Peer>()
  readonly #underWay = new Set<Promise<void>>()
  #server: Server | undefined

  constructor(options: LeadingOptions) {
    this.#options = options
  }

  /** Listens; answers on which port. */
  async listen(): Promise<number> {
    this.#server = await listenForWires(this.#options, (socket) => {
      const wire = new Wire(socket, {
        onMessage: (message, from) => this.#hear(message, from),
        onEnd: (_, from) => {
          this.#peers.delete(from)
          this.#count()
        },
      })
      if (wire.hasEnded) return
      this.#peers.set(wire, { wire, isMet: false, outbox: [] })
      wire.send(this.#options.hello())
    })
    return (this.#server.address() as { port: number }).port
  }
  /** Leads no longer: peers hand nothing more over, and are answered what they have. */
  over(): void {
    for (const { wire } of this.#peers.values()) wire.send({ kind: 'over' })
  }
  /** Resolves once everything that was handed over is answered. */
  async close(): Promise<void> {
    this.#server?.close()
    await Promise.race([Promise.all(this.#underWay), pause(closeMsMax, undefined, { ref: false })])
    await new Promise((resolve) => setImmediate(resolve))
    for (const { wire } of this.#peers.values()) wire.end('the server stops')
  }

  #count(): void {
    let met = 0
    for (const { isMet } of this.#peers.values()) if (isMet) met++
    this.#options.among.followers = met
  }
  #hear(message: Message, wire: Wire): void {
    const peer = this.#peers.get(wire)
    if (!peer) return
    if (message.kind === 'hello') {
      // Whoever is of another kind finds that out, and goes.
      peer.isMet = message.likeness === this.#options.hello().likeness
      this.#count()
    } else if (message.kind === 'asks') {
      const { asks } = message
      const now = performance.now()
      if (!peer.isMet || !Array.isArray(asks) || asks.length > asksMax) wire.end('it asks what nobody asks')
      else for (const ask of asks) this.#do(ask, peer, now)
    }
  }
  #do([n, name, call, waitedMs]: Ask, peer: Peer, now: number): void {
    const operation = this.#options.find(name)
    if (operation?.access !== 'write' || !this.#options.isHeld()) {
      this.#say([n, 'not-begun'], peer)
      return
    }
    const asked = { ...call, arrivedAt: now - Math.max(0, Number(waitedMs) || 0), isStillOurs: this.#options.isHeld }
    const done = this.#options
      .execute(operation, asked)
      .then(
        (answer) => this.#say(saidOf(n, answer), peer),
        (error: unknown) => this.#say(saidOfError(n, error), peer),
      )
      .finally(() => this.#underWay.delete(done))
    this.#underWay.add(done)
  }
  #say(said: Said, peer: Peer): void {
    if (peer.outbox.length === 0) setImmediate(() => this.#flush(peer))
    peer.outbox.push(said)
  }
  #flush({ wire, outbox }: Peer): void {
    const answers = outbox.splice(0)
    const { mark } = this.#options.among
    try {
      wire.send({ kind: 'answers', answers, mark })
    } catch {
      for (const said of answers) this.#sendAlone(said, wire)
    }
  }
  /** What cannot be written down has been done all the same. */
  #sendAlone(said: Said, wire: Wire): void {
    const { mark } = this.#options.among
    try {
      wire.send({ kind: 'answers', answers: [said], mark })
    } catch (error) {
      const { kind, message } = lostAnswer(`the answer cannot be handed back: ${(error as Error).message}`)
      wire.send({ kind: 'answers', answers: [[said[0], 'trouble', kind, message, 'unknown']], mark })
    }
  }
}
