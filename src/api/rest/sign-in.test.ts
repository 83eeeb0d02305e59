// What the sign-in believes of an identity provider: one that signs everything itself, and answers whatever a test says.
import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { Refused } from '#model/refusal.ts'
import { createSealer } from '#store/sealer.ts'
import { cutFacts, type ShownRefusal } from '../wording.ts'
import { createSignIn, type SignIn } from './sign-in.ts'

const clientId = 'cadastre'
const keyPair = () => generateKeyPairSync('rsa', { modulusLength: 2048 })
const [own, other] = [keyPair(), keyPair()]

type Claims = Readonly<Record<string, unknown>>
/** What the provider says to the next who signs in. */
let says: { idToken: Claims; userInfo?: Claims; key?: typeof own.privateKey }
let nonce: string
let server: Server
let issuer: string
let signIn: SignIn

const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
function idToken(): string {
  const seconds = Math.floor(Date.now() / 1_000)
  const claims = { iss: issuer, aud: clientId, iat: seconds, exp: seconds + 60, nonce, ...says.idToken }
  const signed = `${base64url({ alg: 'RS256', kid: 'own' })}.${base64url(claims)}`
  return `${signed}.${sign('sha256', Buffer.from(signed), says.key ?? own.privateKey).toString('base64url')}`
}
before(async () => {
  server = createServer((request, reply) => {
    const answers: Record<string, () => object> = {
      '/.well-known/openid-configuration': () => ({
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/keys`,
        userinfo_endpoint: `${issuer}/me`,
      }),
      '/keys': () => ({ keys: [{ ...own.publicKey.export({ format: 'jwk' }), kid: 'own', alg: 'RS256', use: 'sig' }] }),
      '/token': () => ({ access_token: 'an-access-token', token_type: 'bearer', id_token: idToken() }),
      '/me': () => says.userInfo ?? {},
    }
    const answer = answers[request.url!]
    request.resume()
    request.on('end', () => {
      reply.writeHead(answer ? 200 : 404, { 'content-type': 'application/json' })
      reply.end(JSON.stringify(answer?.() ?? {}))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const settings = {
    issuer,
    clientId,
    clientSecret: 'a-secret-of-the-client',
    nameClaim: 'email',
    groupsClaim: 'groups',
    publicUrl: 'http://127.0.0.1:1',
    account: '111111111111',
  }
  signIn = createSignIn(settings, createSealer(randomBytes(32)), () => Date.now())
})
after(() => server.close())

/** The whole way; answers the principal, or the refusal. */
async function arrive(answers: typeof says): Promise<{ name: string; groups: readonly string[] } | ShownRefusal> {
  says = answers
  const verifier = randomBytes(32).toString('base64url')
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  const page = new URL(await signIn.begin({ port: 1_024, challenge, state: 'mine' }))
  nonce = page.searchParams.get('nonce')!
  const back = new URLSearchParams({ code: 'a-code', state: page.searchParams.get('state')! })
  try {
    const { searchParams } = new URL(await signIn.complete(`?${back}`))
    const { name, groups } = signIn.redeem(searchParams.get('code')!, verifier).principal.native!
    return { name, groups }
  } catch (error) {
    if (error instanceof Refused) return cutFacts(error.refusal)
    throw error
  }
}
const nina = { sub: 'nina', email: 'nina@example.com' }
const isVerified = { email_verified: true }
const unverified = {
  code: 'NotAuthorized',
  action: 'token:manage',
  because: 'the identity provider has not verified your email address',
}

test('an address is verified by the answer that it stands in, or by one with the same address', async () => {
  const known = { name: 'user:nina@example.com', groups: [] }
  for (const [idToken, userInfo] of [
    [{ ...nina, ...isVerified, groups: [] }, undefined],
    [{ ...nina, ...isVerified }, { sub: 'nina' }],
    [nina, { ...nina, ...isVerified }],
    [
      { ...nina, groups: [] },
      { ...nina, ...isVerified },
    ],
    [{ sub: 'nina' }, { ...nina, ...isVerified }],
  ] as const) {
    assert.deepEqual(await arrive({ idToken, ...(userInfo ? { userInfo } : {}) }), known, JSON.stringify(idToken))
  }
  const grouped = { ...nina, ...isVerified, groups: ['net', 'not a name'] }
  assert.deepEqual(await arrive({ idToken: { ...nina, ...isVerified }, userInfo: grouped }), {
    name: 'user:nina@example.com',
    groups: ['group:net'],
  })
})

test('A9 an answer with another address does not vouch for the one that names somebody', async () => {
  for (const [idToken, userInfo] of [
    [nina, { sub: 'nina', email: 'other@example.com', ...isVerified }],
    [nina, { sub: 'nina', ...isVerified }],
    [{ sub: 'nina', ...isVerified }, nina],
    [
      { ...nina, email_verified: false },
      { ...nina, ...isVerified },
    ],
    [{ ...nina, email_verified: 'true' }, nina],
    [nina, nina],
  ] as const) {
    assert.deepEqual(await arrive({ idToken, userInfo }), unverified, JSON.stringify([idToken, userInfo]))
  }
})

test('A9 an answer about somebody else, or none that can be read, is a refusal', async () => {
  for (const userInfo of [{ ...nina, ...isVerified, sub: 'otto' }, { ...nina, sub: 7 }, {}]) {
    const refusal = await arrive({ idToken: nina, userInfo })
    assert.equal('code' in refusal && refusal.code, 'MalformedRequest', JSON.stringify(refusal))
  }
})

test('groups that cannot all be read are refused, so that none that forbids something is lost', async () => {
  const arriveWith = (more: Claims) =>
    arrive({ idToken: { ...nina, ...isVerified, ...more }, userInfo: { sub: 'nina' } })
  const many = (count: number) => Array.from({ length: count }, (_, n) => `g${n}`)
  const most = await arriveWith({ groups: many(200) })
  assert('groups' in most && most.groups.length === 200)
  const hidden = { _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: 'https://id.example.com' } } }
  for (const [claims, says] of [
    [{ groups: many(201) }, /201 groups in `groups`.* at most 200/],
    [{ groups: 'net' }, /`groups` is a string.* array of strings/],
    [{ groups: { net: true } }, /`groups` is an object/],
    [{ groups: null }, /`groups` is null/],
    [{ groups: ['net', 7] }, /`groups` has a number/],
    [hidden, /`groups`.* elsewhere/],
    [{ groups: ['dev'], ...hidden }, /`groups`.* elsewhere/],
    [{ groups: [], ...hidden }, /`groups`.* elsewhere/],
  ] as const) {
    const refusal = await arriveWith(claims)
    assert('code' in refusal && refusal.code === 'NotAuthorized', JSON.stringify([claims, refusal]))
    assert.match((refusal as { because?: string }).because ?? '', says)
  }
  assert.deepEqual(await arriveWith({}), { name: 'user:nina@example.com', groups: [] })
  // Whichever of the two answers says so, and whatever the other one has.
  const known = { ...nina, ...isVerified }
  for (const [idToken, userInfo] of [
    [
      { ...known, ...hidden },
      { sub: 'nina', groups: [] },
    ],
    [
      { ...known, ...hidden },
      { sub: 'nina', groups: ['dev'], _claim_names: {} },
    ],
    [nina, { ...known, groups: ['dev'], ...hidden }],
  ] as const) {
    const refusal = await arrive({ idToken, userInfo })
    assert.match((refusal as { because?: string }).because ?? '', /elsewhere/, JSON.stringify([idToken, refusal]))
  }
})

test('I7 what cannot be a name is shown so that it steers nothing', async () => {
  const refusal = await arrive({
    idToken: { ...nina, ...isVerified, email: 'a\u202eb\n@c.d' },
    userInfo: { sub: 'nina' },
  })
  assert.match((refusal as { because?: string }).because ?? '', /^`a\ufffdb\u240a@c\.d` cannot be/)
})

test('A9 an id token that the provider has not signed names nobody', async () => {
  const idToken = { ...nina, ...isVerified, groups: [] }
  for (const answers of [{ idToken, key: other.privateKey }, { idToken: { ...idToken, nonce: 'another' } }]) {
    const refusal = await arrive(answers)
    assert.equal('code' in refusal && refusal.code, 'MalformedRequest', JSON.stringify(refusal))
  }
})
