// What the sign-in believes of an identity provider: one that signs everything itself, and answers whatever a test says.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { Refused } from '#model/refusal.ts'
import { createSealer } from '#store/sealer.ts'
import { type Claims, clientId, keyPair, type OwnProvider, openProvider } from '../../../test/oidc/own-provider.ts'
import { cutFacts, type ShownRefusal } from '../wording.ts'
import { createSignIn, type SignIn } from './sign-in.ts'

let provider: OwnProvider
let signIn: SignIn
before(async () => {
  provider = await openProvider()
  const settings = {
    ...{ issuer: provider.issuer, clientId, clientSecret: 'a-secret-of-the-client' },
    ...{ nameClaim: 'email', groupsClaim: 'groups' },
    ...{ publicUrl: 'http://127.0.0.1:1', account: '111111111111' },
  }
  signIn = createSignIn(settings, createSealer(randomBytes(32)), () => Date.now())
})
after(() => provider.close())

/** The whole way; answers the principal, or the refusal. */
async function arrive(says: OwnProvider['says']): Promise<{ name: string; groups: readonly string[] } | ShownRefusal> {
  provider.says = says
  const verifier = randomBytes(32).toString('base64url')
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  const page = new URL(await signIn.begin({ port: 1_024, challenge, state: 'mine' }))
  provider.nonce = page.searchParams.get('nonce')!
  const back = new URLSearchParams({ code: 'a-code', state: page.searchParams.get('state')! })
  try {
    const { searchParams } = new URL((await signIn.complete(`?${back}`, undefined)).to)
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
  const { signing, published } = provider.keys
  for (const [claims, signedBy] of [
    [idToken, keyPair()],
    [{ ...idToken, nonce: 'another' }, signing],
  ] as const) {
    provider.keys = { signing: signedBy, published }
    const refusal = await arrive({ idToken: claims })
    assert.equal('code' in refusal && refusal.code, 'MalformedRequest', JSON.stringify(refusal))
  }
  provider.keys = { signing, published }
})
