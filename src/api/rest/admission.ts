// Who is let in: whoever has a good token. Tokens that are not good are counted by where they come from.
import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Principal } from '#model/principal.ts'
import { Refused, refuse } from '#model/refusal.ts'
import { clientOf } from '../source-address.ts'
import type { Credential } from './browser-sessions.ts'
import { keyOfCredential } from './session.ts'

/** Of one address (or one /64): a script whose token has ended asks less often, and guessing is hopeless. */
export const badTokensPerMinute = 300
const windowMs = 60_000
/** Held in memory; one more makes room by dropping the one whose minute is over first. */
const clientsMax = 10_000
/** Held in memory; one more makes room by dropping all. */
const goodMax = 10_000

export interface Budget {
  readonly limit: number
  readonly remaining: number
  readonly resetSeconds: number
}

/** What went wrong lately, by client: so many in a minute that begins with the first. */
export class Failures {
  readonly #now: () => number
  // In the order in which their minutes end.
  readonly #clients = new Map<string, { count: number; readonly endsAt: number }>()

  readonly #limit: number
  constructor(now: () => number, limit = badTokensPerMinute) {
    this.#now = now
    this.#limit = limit
  }
  /** Almost always nobody has failed, and nothing else needs to be looked at. */
  get isEmpty(): boolean {
    for (const [client, { endsAt }] of this.#clients) {
      if (endsAt > this.#now()) return false
      this.#clients.delete(client)
    }
    return true
  }
  count(client: string): Budget {
    if (this.isEmpty || !this.#clients.has(client)) {
      if (this.#clients.size >= clientsMax) this.#clients.delete(this.#clients.keys().next().value!)
      this.#clients.set(client, { count: 0, endsAt: this.#now() + windowMs })
    }
    this.#clients.get(client)!.count++
    return this.budgetOf(client)
  }
  budgetOf(client: string): Budget {
    const { count, endsAt } = this.#clients.get(client) ?? { count: 0, endsAt: this.#now() + windowMs }
    return {
      limit: this.#limit,
      remaining: Math.max(0, this.#limit - count),
      resetSeconds: Math.max(1, Math.ceil((endsAt - this.#now()) / 1_000)),
    }
  }
}

export interface AdmissionDependencies {
  /** By what a request says who asks; refuses what another site makes a browser ask. */
  credentialOf(request: IncomingMessage): Credential | undefined
  authenticate(credential: Credential | undefined): Principal | Promise<Principal>
  addressOf(request: IncomingMessage): string
}

type Asking = Pick<FastifyRequest, 'raw' | 'credential'>
type Answering = Pick<FastifyReply, 'headers'>

/**
 * Finds the principal of a request. An address that has sent too many bad tokens is not looked up any more for a while; but
 * whose token was good before is let in from there too: nobody is locked out by a neighbour that guesses.
 */
export function createAdmission(
  { credentialOf, authenticate, addressOf }: AdmissionDependencies,
  failures = new Failures(() => performance.now()),
): (request: Asking, reply: Answering) => Principal | Promise<Principal> {
  const good = new Set<string>()

  function refuseTooMany(key: string, request: Asking, reply: Answering): void {
    if (good.has(key)) return
    const budget = failures.budgetOf(clientOf(addressOf(request.raw)))
    if (budget.remaining > 0) return
    tell(reply, budget)
    refuse({ code: 'Throttled', retryAfterSeconds: budget.resetSeconds })
  }
  function fail(error: unknown, key: string | undefined, request: Asking, reply: Answering): never {
    if (error instanceof Refused && error.refusal.code === 'InvalidToken') {
      good.delete(key!)
      tell(reply, failures.count(clientOf(addressOf(request.raw))))
    }
    throw error
  }
  return (request, reply) => {
    const credential = credentialOf(request.raw)
    request.credential = credential
    const key = credential && keyOfCredential(credential)
    if (key !== undefined && !failures.isEmpty) refuseTooMany(key, request, reply)
    try {
      const found = authenticate(credential)
      // At hand: it was let in before.
      if (!(found instanceof Promise)) return found
      return found.then(
        (principal) => {
          if (good.size >= goodMax) good.clear()
          good.add(key!)
          return principal
        },
        (error: unknown) => fail(error, key, request, reply),
      )
    } catch (error) {
      // Told on, as above: what refuses at once must count too.
      return fail(error, key, request, reply)
    }
  }
}

const tell = (reply: Answering, { limit, remaining, resetSeconds }: Budget): void =>
  void reply.headers({ 'ratelimit-limit': limit, 'ratelimit-remaining': remaining, 'ratelimit-reset': resetSeconds })
