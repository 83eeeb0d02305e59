// The routes of the sign-in: the only ones below the native API that ask for no token, because they lead to one.
import type { IncomingMessage } from 'node:http'
import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Principal } from '#model/principal.ts'
import { worded, wordedFeature } from '#model/problems/worded.ts'
import { Refused, refuse } from '#model/refusal.ts'
import type { Answer, Call } from '#operations/execute.ts'
import { createSession } from '#operations/identity/tokens.native.ts'
import type { NativeOperation } from '#operations/operation.native.ts'
import { clientOf } from '../source-address.ts'
import type { Beginning, SignIn } from './sign-in.ts'

/** Of one address, or one /64: nobody signs in more often. */
const attemptsPerMinute = 60

export interface SignInDependencies {
  readonly signIn?: SignIn
  addressOf(request: IncomingMessage): string
  execute(operation: NativeOperation, call: Call): Promise<Answer>
}

const beginning = z.strictObject({
  port: z.coerce
    .number()
    .int()
    .min(1_024)
    .max(65_535)
    .describe('Where your program (`cadastre login`) listens on 127.0.0.1.'),
  challenge: z
    .string()
    .regex(/^[\w-]{43}$/, 'SHA-256 of your secret, base64url, is expected')
    .describe('SHA-256 of a secret of yours, base64url.'),
  state: z.string().min(1).max(200).describe('Handed back as it is.'),
})
const redemption = z.strictObject({ code: z.string().min(1).max(8_192), verifier: z.string().min(43).max(128) })

export async function addSignInRoutes(app: FastifyInstance, deps: SignInDependencies, prefix: string): Promise<void> {
  const getSignIn = (): SignIn =>
    deps.signIn ??
    refuse({
      code: 'NotSupported',
      what: wordedFeature('sign-in'),
      because: worded('no identity provider is configured (CADASTRE_OIDC_ISSUER)'),
    })
  await app.register(
    async (routes) => {
      await routes.register(rateLimit, {
        max: attemptsPerMinute,
        timeWindow: 60_000,
        enableDraftSpec: true,
        keyGenerator: (request) => clientOf(deps.addressOf(request.raw)),
        errorResponseBuilder: (_, { ttl }) =>
          new Refused({ code: 'Throttled', retryAfterSeconds: Math.ceil(ttl / 1_000) }),
      })
      // What is answered here leads to a token, or is one.
      routes.addHook('onRequest', async (_, reply) => void reply.header('cache-control', 'no-store'))
      routes.get('/sign-in', { schema: { querystring: beginning } }, async (request, reply) =>
        reply.redirect(await getSignIn().begin(request.query as Beginning)),
      )
      routes.get('/sign-in/callback', async (request, reply) => {
        const at = request.url.indexOf('?')
        return reply.redirect(await getSignIn().complete(at < 0 ? '' : request.url.slice(at)))
      })
      routes.post('/sessions', { schema: { body: redemption } }, async (request, reply) => {
        const { code, verifier } = request.body as z.output<typeof redemption>
        const { principal, id } = getSignIn().redeem(code, verifier)
        const { output } = await deps.execute(
          createSession,
          callOf(principal, id, request.id, deps.addressOf(request.raw)),
        )
        return reply.status(201).send(output)
      })
    },
    { prefix },
  )
}

const callOf = (principal: Principal, signIn: string, requestId: string, sourceAddress: string): Call => ({
  principal,
  region: 'global',
  input: { signIn } as Call['input'],
  requestId,
  sourceAddress,
})
