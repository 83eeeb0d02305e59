// What an identity provider may do to the server: answers without end, slow ones, other people's tokens, keys that change, and sign-ins that
// are made to fail.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { Refused } from '#model/refusal.ts'
import { createSealer } from '#store/sealer.ts'
import {
  type Claims,
  clientId,
  keyPair,
  type OwnProvider,
  openProvider,
  publish,
  sendJson,
} from '../../../test/oidc/own-provider.ts'
import { createIdentityProvider, providerAnswerBytesMax } from './identity-provider.ts'
import { createSignIn } from './sign-in.ts'

const nina = { sub: 'nina', email: 'nina@example.com', email_verified: true }
const parts = ['metadata', 'keys', 'token', 'me'] as const

interface World {
  readonly provider: OwnProvider
  /** Only begun. */
  begin(): Promise<string>
  /** All the way: who it is, or why not. The user-info endpoint is asked, too. */
  arrive(idToken?: Claims): Promise<string>
  pass(milliseconds: number): void
}
async function open(t: TestContext, { secondsMax = 10 } = {}): Promise<World> {
  const provider = await openProvider()
  t.after(() => provider.close())
  const settings = {
    ...{ issuer: provider.issuer, clientId, clientSecret: 'a-secret-of-the-client' },
    ...{ nameClaim: 'email', groupsClaim: 'groups' },
    ...{ publicUrl: 'http://127.0.0.1:1', account: '111111111111' },
  }
  let elapsed = 0
  const identity = createIdentityProvider(settings, { elapsed: () => elapsed, secondsMax })
  const signIn = createSignIn(settings, createSealer(randomBytes(32)), () => Date.now(), identity)
  const verifier = randomBytes(32).toString('base64url')
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  const orRefusal = async (work: () => Promise<string>): Promise<string> => {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      return error.refusal.code
    }
  }
  const begin = () => signIn.begin({ port: 1_024, challenge, state: 'mine' })
  return {
    provider,
    begin: () => orRefusal(async () => ((await begin()) === '' ? '' : 'begun')),
    arrive: (idToken = nina) =>
      orRefusal(async () => {
        provider.says = { ...provider.says, idToken, userInfo: { sub: idToken.sub, groups: [] } }
        const page = new URL(await begin())
        provider.nonce = page.searchParams.get('nonce')!
        const back = new URLSearchParams({ code: 'a-code', state: page.searchParams.get('state')! })
        const { searchParams } = new URL((await signIn.complete(`?${back}`, undefined)).to)
        return signIn.redeem(searchParams.get('code')!, verifier).principal.native!.name
      }),
    pass(milliseconds) {
      elapsed += milliseconds
    },
  }
}
const known = 'user:nina@example.com'
/** As a sign-in ends that one of the answers ends. */
const endOf = (part: (typeof parts)[number]): string => (part === 'metadata' ? 'Unavailable' : 'MalformedRequest')

test('A9 an id token that was given to another client names nobody, whoever it is meant for', async (t) => {
  const { arrive } = await open(t)
  for (const claims of [{}, { azp: clientId }, { aud: [clientId] }, { aud: [clientId, 'other'], azp: clientId }]) {
    assert.equal(await arrive({ ...nina, ...claims }), known, JSON.stringify(claims))
  }
  for (const claims of [
    { azp: 'other' },
    { aud: [clientId], azp: 'other' },
    { aud: [clientId, 'other'] },
    { aud: [clientId, 'other'], azp: 'other' },
    { aud: 'other' },
    { aud: ['other'], azp: clientId },
    { aud: [] },
    { aud: null },
    ...[7, null, '', [clientId], { [clientId]: true }].map((azp) => ({ azp })),
  ]) {
    assert.equal(await arrive({ ...nina, ...claims }), 'MalformedRequest', JSON.stringify(claims))
  }
})

test('A9 an id token is good for as long as it says, give or take thirty seconds, and for whom the standard lets it name', async (t) => {
  const { provider, arrive } = await open(t)
  const now = Math.floor(Date.now() / 1_000)
  for (const claims of [{ exp: now - 10 }, { nbf: now + 10 }, { iat: now - 3_600 }, { sub: 'n'.repeat(255) }]) {
    assert.equal(await arrive({ ...nina, ...claims }), known, JSON.stringify(claims))
  }
  for (const claims of [
    { exp: now - 60 },
    { exp: String(now + 60) },
    { exp: null },
    { nbf: now + 600 },
    { iss: 'http://127.0.0.1:1' },
    { sub: 'n'.repeat(256) },
    { sub: 7 },
  ]) {
    assert.equal(await arrive({ ...nina, ...claims }), 'MalformedRequest', JSON.stringify(claims))
  }
  for (const alg of ['none', 'HS256']) {
    provider.says = { ...provider.says, header: { alg } }
    assert.equal(await arrive(), 'MalformedRequest', alg)
  }
})

test('D5 no answer of the provider is read further than its bound, also where it is compressed', async (t) => {
  for (const part of parts) {
    for (const isCompressed of [false, true]) {
      for (const bytes of [providerAnswerBytesMax, 4 * providerAnswerBytesMax]) {
        const { provider, arrive } = await open(t)
        provider.answers[part] = (reply, usual) => {
          // JSON that is good, and spaces.
          const text = JSON.stringify(usual()).padEnd(bytes)
          const encoded = isCompressed ? { 'content-encoding': 'gzip' } : {}
          reply.writeHead(200, { 'content-type': 'application/json', ...encoded })
          reply.end(isCompressed ? gzipSync(text) : text)
        }
        const expected = bytes > providerAnswerBytesMax ? endOf(part) : known
        assert.equal(await arrive(), expected, `${part} of ${bytes} bytes${isCompressed ? ', compressed' : ''}`)
      }
    }
  }
})

test('D5 an answer that does not end, or does not begin, is waited for no longer than its time', async (t) => {
  const silent = async (part: (typeof parts)[number], begin: (reply: ServerResponse) => void): Promise<void> => {
    const { provider, arrive } = await open(t, { secondsMax: 1 })
    provider.answers[part] = begin
    assert.equal(await arrive(), endOf(part), part)
  }
  await Promise.all(
    parts.flatMap((part) => [
      silent(part, () => {}),
      silent(part, (reply) => {
        reply.writeHead(200, { 'content-type': 'application/json' })
        reply.write('{')
      }),
    ]),
  )
})

test('D4 a redirect of the provider is followed nowhere', async (t) => {
  for (const part of parts) {
    for (const status of [301, 302, 303, 307, 308]) {
      const { provider, arrive } = await open(t)
      provider.answers[part] = (reply) => reply.writeHead(status, { location: `${provider.issuer}/elsewhere` }).end()
      assert.equal(await arrive(), endOf(part), `${part} ${status}`)
      assert.equal(provider.asked.else, 0)
    }
  }
})

test('a provider that answered wrongly once, or has changed its keys or where it is asked, is asked anew by the next who signs in', async (t) => {
  const { provider, arrive, pass } = await open(t)
  assert.equal(await arrive(), known)
  const wrong: readonly [string, () => void][] = [
    [
      'no keys',
      () => Object.assign(provider.answers, { keys: (reply: ServerResponse) => sendJson(reply, { keys: [] }) }),
    ],
    ['keys of somebody else', () => Object.assign(provider.keys, { published: [publish(keyPair())] })],
    [
      'no JSON',
      () => Object.assign(provider.answers, { keys: (reply: ServerResponse) => reply.writeHead(200).end('<') }),
    ],
  ]
  for (const [what, answer] of wrong) {
    const { keys } = provider
    provider.keys = { ...keys }
    // The keys are asked for anew, as they are from time to time.
    pass(3_600_000)
    answer()
    assert.equal(await arrive(), 'MalformedRequest', what)
    provider.answers = {}
    provider.keys = keys
    pass(10_000)
    assert.equal(await arrive(), known, `behind ${what}`)
  }
  for (const kid of ['own', 'another']) {
    const signing = keyPair()
    provider.keys = { signing, published: [publish(signing, kid)] }
    provider.says = { ...provider.says, header: { kid } }
    pass(10_000)
    assert.equal(await arrive(), 'MalformedRequest', `with keys of before, called ${kid}`)
    pass(10_000)
    assert.equal(await arrive(), known, `with new keys, called ${kid}`)
  }
  provider.answers.token = (reply) => reply.writeHead(404).end()
  assert.equal(await arrive(), 'MalformedRequest')
  const metadata = { userinfo_endpoint: undefined, token_endpoint: `${provider.issuer}/me` }
  provider.answers.metadata = (reply, usual) => sendJson(reply, { ...usual(), ...metadata })
  provider.answers.me = (reply) => sendJson(reply, provider.tokens())
  pass(10_000)
  assert.equal(await arrive(), known, 'it is asked for tokens elsewhere')
})

test('D8 whoever lets sign-ins fail has the provider asked for what it says of itself no more than every ten seconds', async (t) => {
  const { provider, arrive, begin, pass } = await open(t)
  provider.answers.token = (reply) => reply.writeHead(500).end()
  for (let tries = 0; tries < 20; tries++) {
    assert.equal(await arrive(), 'MalformedRequest')
    pass(1_000)
  }
  assert.equal(provider.asked.metadata, 2)
  // That a code is not good says nothing of what is remembered.
  const refusing = await open(t)
  refusing.provider.answers.token = (reply) => {
    reply.writeHead(400, { 'content-type': 'application/json' })
    reply.end(JSON.stringify({ error: 'invalid_grant' }))
  }
  for (let tries = 0; tries < 20; tries++) {
    assert.equal(await refusing.arrive(), 'MalformedRequest')
    refusing.pass(10_000)
  }
  assert.equal(refusing.provider.asked.metadata, 1)
  // One that cannot be reached.
  const down = await open(t)
  down.provider.answers.metadata = (reply) => reply.writeHead(503).end()
  for (let tries = 0; tries < 20; tries++) assert.equal(await down.begin(), 'Unavailable')
  assert.equal(down.provider.asked.metadata, 1)
  down.provider.answers = {}
  down.pass(1_000)
  assert.equal(await down.begin(), 'begun')
  assert.equal(await begin(), 'begun')
})

test('D5 keys however large, and however many, are verified or refused', async (t) => {
  const number = (bits: number): string => {
    const bytes = randomBytes(bits / 8)
    bytes[0]! |= 0x80
    bytes[bytes.length - 1]! |= 1
    return bytes.toString('base64url')
  }
  const key = (n: string, e = 'AQAB') => ({ kty: 'RSA', kid: 'own', alg: 'RS256', use: 'sig', n, e })
  for (const published of [
    [key(number(16_384))],
    [key(number(131_072))],
    [key(number(2_048), number(2_048))],
    [key(number(16_384), number(16_384))],
    [key(number(1_024))],
    [key('', '')],
    Array.from({ length: 1_000 }, () => key(number(2_048))),
  ]) {
    const { provider, arrive } = await open(t)
    provider.keys = { ...provider.keys, published }
    assert.equal(await arrive(), 'MalformedRequest', `${published.length} of ${published[0]!.n.length} characters`)
  }
  const { provider, arrive } = await open(t)
  const others = Array.from({ length: 1_000 }, (_, n) => ({ ...key(number(2_048)), kid: `other-${n}` }))
  provider.keys = { ...provider.keys, published: [...others, ...provider.keys.published] }
  assert.equal(await arrive(), known)
})
