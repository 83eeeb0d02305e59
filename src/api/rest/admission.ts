// Who is let in: whoever has a good token. Tokens that are not good are counted by where they come from.
import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Principal } from '#model/principal.ts'
import { Refused, refuse } from '#model/refusal.ts'
import { type Budget, Failures } from '../failures.ts'
import { clientOf } from '../source-address.ts'
import type { Credential } from './browser-sessions.ts'
import { keyOfCredential } from './session.ts'

/** Held in memory; one more makes room by dropping all. */
const goodMax = 10_000

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
