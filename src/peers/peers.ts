// Several servers on one database: whoever has the lease leads, and the others hand over what changes something. Where that cannot be,
// each does it by itself, as if it had no peers.
import { networkInterfaces } from 'node:os'
import { type Answer, type Call, NotBegun } from '#operations/execute.ts'
import type { AnyOperation } from '#operations/operation.ts'
import { type Lease, type LeaseKeeper, leaseMs } from '#store/postgres/lease.ts'
import type { Among } from '#store/store.ts'
import { Following } from './following.ts'
import { Leading } from './leading.ts'
import type { Hello } from './messages.ts'

/** How often the lease is looked at and renewed: it may be missed twice. */
const lookMs = 1_000
/** Whoever leads looks on its lease as over this much earlier than the database does. */
const marginMs = 250
/** After whoever led is gone, it is looked at so much sooner. */
const soonMs = 50

type Execute = (operation: AnyOperation, call: Call) => Promise<Answer>

export interface PeersOptions {
  readonly host: string
  readonly port: number
  /** Where others reach this server; undefined: where it listens. */
  readonly address: string | undefined
  readonly key: Uint8Array
  /** What must be the same of two servers that hand over to each other. */
  readonly likeness: string
  readonly lease: LeaseKeeper
  readonly among: Among
  /** Of this process. */
  readonly execute: Execute
  /** By a name that is the same on every server of this version; undefined: it is of this process alone. */
  nameOf(operation: AnyOperation): string | undefined
  find(name: string): AnyOperation | undefined
  log(event: 'leads' | 'follows' | 'follows-nobody', fields: Readonly<Record<string, string | number>>): void
}

export class Peers {
  readonly #options: PeersOptions
  readonly #leading: Leading
  #address = ''
  /** 0: it does not lead. */
  #term = 0
  /** By this process's clock, which goes on while the process stands still. */
  #heldUntil = Number.NEGATIVE_INFINITY
  #following: Following | undefined
  /** Whom it follows, or is about to: holder and term. */
  #lead: string | undefined
  #isConnecting = false
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> = Promise.resolve()
  #isStopping = false
  #said = ''

  private constructor(options: PeersOptions) {
    this.#options = options
    const { host, port, key, among, execute } = options
    this.#leading = new Leading({
      host,
      port,
      key,
      among,
      execute,
      hello: () => this.#hello(),
      isHeld: () => performance.now() < this.#heldUntil,
      find: options.find,
    })
  }

  /** Listens, and finds out who leads. */
  static async start(options: PeersOptions): Promise<Peers> {
    const peers = new Peers(options)
    const port = await peers.#leading.listen()
    peers.#address = addressOf(options, port)
    await peers.#look()
    return peers
  }

  /** Does it where it is done best. */
  async execute(operation: AnyOperation, call: Call): Promise<Answer> {
    const following = this.#following
    const name = following?.isReady ? this.#nameOf(operation, call) : undefined
    if (name === undefined) return this.#options.execute(operation, call)
    try {
      return await following!.ask(name, call)
    } catch (error) {
      if (!(error instanceof NotBegun)) throw error
      return this.#options.execute(operation, call)
    }
  }
  /** Leads no longer, so that another one does at once; what it was handed is still done. */
  async stop(): Promise<void> {
    this.#isStopping = true
    clearTimeout(this.#timer)
    await this.#looking
    if (this.#term === 0) return
    this.#term = 0
    // Where it fails the lease ends by itself.
    await this.#options.lease.giveUp().catch(() => undefined)
    this.#leading.over()
  }
  async close(): Promise<void> {
    await this.#leading.close()
    this.#following?.leave('this server stops')
    await this.#options.lease.close()
  }

  /** What only tries is of this server: what it finds is more than an answer. */
  #nameOf(operation: AnyOperation, { isDryRun, input }: Call): string | undefined {
    if (operation.access !== 'write' || isDryRun) return undefined
    const { said } = operation
    if (said && (input as Record<string, unknown>)[said.isDryRun] === true) return undefined
    return this.#options.nameOf(operation)
  }
  #hello(): Hello {
    return { kind: 'hello', likeness: this.#options.likeness, id: this.#options.lease.id, term: this.#term }
  }

  #look(): Promise<void> {
    this.#looking = this.#lookOnce().then((leftMs) => {
      // Where nobody is followed, the end of the lease is not to be missed.
      const isAlone = this.#term === 0 && this.#following === undefined
      this.#lookAfter(isAlone ? Math.min(leftMs + soonMs, lookMs) : lookMs)
    })
    return this.#looking
  }
  #lookAfter(ms: number): void {
    if (this.#isStopping) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#look(), ms).unref()
  }
  /** Answers for how long the lease holds. */
  async #lookOnce(): Promise<number> {
    const askedAt = performance.now()
    let lease: Lease | undefined
    try {
      lease = await this.#options.lease.look(this.#address)
    } catch {
      // Of what is wrong with the database requests are told: whoever led does so until its lease is over.
    }
    if (lease === undefined || lease.leftMs <= 0) return lookMs
    if (lease.holder === this.#options.lease.id) {
      this.#becomeLead(lease, askedAt)
      return lookMs
    }
    if (this.#term > 0) {
      this.#term = 0
      this.#leading.over()
    }
    void this.#follow(lease)
    return lease.leftMs
  }
  #becomeLead({ term, address }: Lease, askedAt: number): void {
    this.#heldUntil = askedAt + leaseMs - marginMs
    if (this.#term === term) return
    this.#term = term
    this.#lead = undefined
    this.#following?.leave()
    this.#say('leads', { term, address })
  }
  async #follow(lease: Lease): Promise<void> {
    const { holder, term, address } = lease
    const lead = `${holder} ${term}`
    if (this.#isConnecting || (this.#lead === lead && this.#following)) return
    this.#following?.leave()
    this.#lead = lead
    this.#isConnecting = true
    const { key, among } = this.#options
    try {
      const following = await Following.begin(lease, { key, hello: this.#hello(), among }, (why, one) => {
        if (this.#following !== one) return
        this.#following = undefined
        if (this.#isStopping) return
        this.#say('follows-nobody', { because: why })
        this.#lookAfter(soonMs)
      })
      if (this.#isStopping || !following.isReady) return following.leave()
      this.#following = following
      this.#say('follows', { term, address })
    } catch (error) {
      this.#say('follows-nobody', { address, because: (error as Error).message })
    } finally {
      this.#isConnecting = false
    }
  }
  /** The same is not said again and again. */
  #say(event: 'leads' | 'follows' | 'follows-nobody', fields: Readonly<Record<string, string | number>>): void {
    const said = JSON.stringify([event, fields])
    if (said === this.#said) return
    this.#said = said
    this.#options.log(event, fields)
  }
}

/** What others are told: what the operator says, or where this server listens; of all addresses, the first that others can reach. */
function addressOf({ host, address }: PeersOptions, port: number): string {
  if (address !== undefined) return /:\d+$/.test(address) ? address : `${address}:${port}`
  if (host !== '0.0.0.0' && host !== '::') return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  const all = Object.values(networkInterfaces()).flatMap((some) => some ?? [])
  const outer = all.filter(({ internal }) => !internal)
  const found = outer.find(({ family }) => family === 'IPv4') ?? outer[0]
  if (!found) return `127.0.0.1:${port}`
  return found.family === 'IPv6' ? `[${found.address}]:${port}` : `${found.address}:${port}`
}
