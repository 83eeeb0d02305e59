// The routes of the sign-in: the only ones below the native API that ask for no token, because they lead to one.
import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { worded, wordedFeature } from '#model/problems/worded.ts'
import { Refused, refuse, refuseValue } from '#model/refusal.ts'
import type { Answer, Call } from '#operations/execute.ts'
import type { ConsoleLink } from '#operations/identity/console-links.ts'
import { createSession } from '#operations/identity/tokens.native.ts'
import type { NativeOperation } from '#operations/operation.native.ts'
import { clientOf } from '../source-address.ts'
import {
  beginningCookie,
  beginningIn,
  challengeOf,
  endedBeginning,
  type FindWay,
  refuseOtherSites,
  requireWay,
  sessionCookies,
} from './browser-sessions.ts'
import { principalOfLink } from './session.ts'
import type { Beginning, SignedInAs, SignIn } from './sign-in.ts'

/** Of one address, or one /64: nobody signs in more often. */
const attemptsPerMinute = 60

export interface SignInDependencies {
  readonly signIn?: SignIn
  /** How cookies of a request go, where it may have any. */
  readonly findWay: FindWay
  /** Who a link of the operator is for; undefined where it is good no more. */
  findLink(code: string): Promise<ConsoleLink | undefined>
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
/** A page of the console, and nothing that leads away from it. */
const browserBeginning = z.strictObject({
  to: z
    .string()
    .max(2_048)
    .regex(/^\/console(\/[\w.~:@!$'()*+,;=%-]+)*\/?(\?[\w.~:@!$'()*+,;=%&/?-]*)?$/, 'a page of the console is expected')
    .default('/console/')
    .describe('The page of the console to come back to.'),
})
const linkRedemption = z.strictObject({ code: z.string().min(1).max(4_096) })
const goodNoMore = worded('it was not given out here, was used, or is too old; make another link')
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
      // What the console offers to whoever is not signed in.
      routes.get('/sign-in/ways', async (request) => ({
        provider: deps.signIn !== undefined,
        cookies: deps.findWay(request.raw) !== undefined,
      }))
      routes.get('/sign-in/browser', { schema: { querystring: browserBeginning } }, async (request, reply) => {
        const way = requireWay(deps.findWay, request.raw)
        const { to } = request.query as z.output<typeof browserBeginning>
        const secret = randomBytes(32).toString('base64url')
        const there = await getSignIn().begin({ challenge: challengeOf(secret), to })
        return reply.header('set-cookie', beginningCookie(way, secret)).redirect(there)
      })
      routes.get('/sign-in/callback', async (request, reply) => {
        const at = request.url.indexOf('?')
        const way = deps.findWay(request.raw)
        const secret = way && beginningIn(way, request.raw)
        const { to, as } = await getSignIn().complete(at < 0 ? '' : request.url.slice(at), secret)
        if (!as) return reply.redirect(to)
        const cookies = await openBrowserSession(request, as, 'sign-in')
        return reply.header('set-cookie', [...cookies, endedBeginning(way!)]).redirect(to)
      })
      // Whoever is sent somebody else's link would work as them without knowing: the console asks first.
      routes.post('/sign-in/link/person', { schema: { body: linkRedemption } }, async (request) => {
        const { principal, until } = await getLink(request)
        return { principal, expiresAt: new Date(until).toISOString() }
      })
      routes.post('/sign-in/link', { schema: { body: linkRedemption } }, async (request, reply) => {
        const link = await getLink(request)
        const as = { id: link.id, principal: principalOfLink(link) }
        const cookies = await openBrowserSession(request, as, 'operator')
        return reply.status(201).header('set-cookie', cookies).send({ principal: link.principal })
      })
      routes.post('/sessions', { schema: { body: redemption } }, async (request, reply) => {
        const { code, verifier } = request.body as z.output<typeof redemption>
        const { output } = await openSession(request, getSignIn().redeem(code, verifier), {})
        return reply.status(201).send(output)
      })

      async function getLink(request: FastifyRequest): Promise<ConsoleLink> {
        refuseOtherSites(request.raw)
        requireWay(deps.findWay, request.raw)
        const { code } = request.body as z.output<typeof linkRedemption>
        return (await deps.findLink(code)) ?? refuseValue('code', '[secret]', goodNoMore)
      }
      function openSession(request: FastifyRequest, { principal, id }: SignedInAs, how: object): Promise<Answer> {
        const input = { signIn: id, ...how } as Call['input']
        const sourceAddress = deps.addressOf(request.raw)
        return deps.execute(createSession, { principal, region: 'global', input, requestId: request.id, sourceAddress })
      }
      async function openBrowserSession(
        request: FastifyRequest,
        as: SignedInAs,
        origin: 'sign-in' | 'operator',
      ): Promise<string[]> {
        const { output } = await openSession(request, as, { origin, isOfBrowser: true })
        return sessionCookies(requireWay(deps.findWay, request.raw), (output as { readonly token: string }).token)
      }
    },
    { prefix },
  )
}
