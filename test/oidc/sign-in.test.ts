// People sign in with a real OpenID Connect provider: who they are, what they may, and every way in that is closed.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { type ServerProcess, startServer } from '../clients/server.ts'
import { signInAs, signInBrowserAs } from './browser.ts'
import { type SignInWorld, startSignInWorld } from './sign-in-world.ts'

let world: SignInWorld
let server: ServerProcess

before(async () => {
  world = await startSignInWorld()
  server = world.server
})
after(() => world?.stop())

interface Attempt {
  readonly verifier: string
  readonly code: string
}
/** All the way, as a person and `cadastre login` go it; up to the code. */
async function signIn(name: string): Promise<Attempt> {
  const verifier = randomBytes(32).toString('base64url')
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  const query = new URLSearchParams({ port: '1024', challenge, state: 'mine' })
  const done = await signInAs(name, `${server.endpoint}/api/v1/sign-in?${query}`)
  if (done.status !== 0) throw Object.assign(new Error(done.text), { status: done.status })
  const { searchParams } = new URL(done.url)
  assert.equal(searchParams.get('state'), 'mine')
  return { verifier, code: searchParams.get('code')! }
}
const redeem = (attempt: Attempt): Promise<Response> =>
  fetch(`${server.endpoint}/api/v1/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(attempt),
  })
const me = async (token: string) =>
  (await (
    await fetch(`${server.endpoint}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } })
  ).json()) as Record<string, unknown>

test('whoever signs in is the principal that the provider names, with their groups', async () => {
  const response = await redeem(await signIn('nina'))
  assert.equal(response.status, 201)
  interface Made {
    readonly token: string
    readonly expiresAt: string
    readonly subject: string
    readonly makers: readonly string[]
    readonly groups: readonly string[]
    readonly groupsLeftOut?: readonly string[]
  }
  const { token, expiresAt, subject, makers } = (await response.json()) as Made
  const { principal, groups, roles } = await me(token)
  assert.deepEqual(
    { principal, groups, roles },
    { principal: 'user:nina@example.com', groups: ['group:network-team'], roles: [] },
  )
  assert(Date.parse(expiresAt) - Date.now() <= 12 * 3_600_000)
  // Another name of the same person could not approve what this one asks for, nor could one that they make a token for.
  assert.match(subject, /^http:\/\/\S+ \S+$/)
  assert.deepEqual(makers, [])
  const make = async (body: object): Promise<Made> => {
    const own = await fetch(`${server.endpoint}/api/v1/tokens`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return (await own.json()) as Made
  }
  // A script's may be longer than the sign-in, but nothing proves any more then who is in which group.
  const long = await make({})
  assert.equal(long.subject, subject)
  assert(Date.parse(long.expiresAt) > Date.parse(expiresAt))
  assert.deepEqual([long.groups, long.groupsLeftOut], [[], ['group:network-team']])
  assert.deepEqual((await make({ expiresInSeconds: 3_600 })).groups, ['group:network-team'])
})

test('a role of a group is a role of whoever is in it', async () => {
  const printed = await server.cadastre('operator', 'token', '--principal', 'user:admin')
  const admin = printed.trim().replace('CADASTRE_TOKEN=', '')
  const bound = await fetch(`${server.endpoint}/api/v1/role-bindings`, {
    method: 'POST',
    headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' },
    body: JSON.stringify({ principal: 'group:network-team', role: 'auditor', node: '*' }),
  })
  assert.equal(bound.status, 201)
  const { token } = (await (await redeem(await signIn('nina'))).json()) as { token: string }
  assert.deepEqual((await me(token)).roles, [{ role: 'auditor', node: '*', effect: 'permit' }])
  const { token: stranger } = (await (await redeem(await signIn('otto'))).json()) as { token: string }
  assert.deepEqual((await me(stranger)).roles, [])
})

test('A9 a code makes one token, for the command that began, and for nobody else', async () => {
  const attempt = await signIn('nina')
  const stolen = await redeem({ ...attempt, verifier: randomBytes(32).toString('base64url') })
  assert.equal(stolen.status, 400)
  assert.equal((await redeem(attempt)).status, 201)
  const again = await redeem(attempt)
  assert.equal(again.status, 400)
  const changed = await redeem({ ...attempt, code: `${attempt.code.slice(0, -4)}AAAA` })
  assert.equal(changed.status, 400)
})

test('A9 a browser is signed in by the provider, as whom it names, and comes back to the page that it wanted', async () => {
  const { endpoint } = server
  const page = `${endpoint}/api/v1/sign-in/browser?to=/console/decisions`
  const { url, cookie } = await signInBrowserAs('nina', page, `${endpoint}/console`)
  assert.equal(url, `${endpoint}/console/decisions`)
  const answer = await fetch(`${endpoint}/api/v1/me`, { headers: { cookie } })
  const { principal, groups } = (await answer.json()) as Record<string, unknown>
  assert.deepEqual([principal, groups], ['user:nina@example.com', ['group:network-team']])
  for (const to of ['https://evil.example.com/console', '//evil.example.com/console', '/api/v1/me', '/console@evil']) {
    const refused = await fetch(`${endpoint}/api/v1/sign-in/browser?to=${encodeURIComponent(to)}`, {
      redirect: 'manual',
    })
    assert.equal(refused.status, 400, to)
  }
})

test('A9 whoever is sent the end of the sign-in of somebody else is not signed in as them', async () => {
  const { endpoint } = server
  const callback = `${endpoint}/api/v1/sign-in/callback`
  const { url, cookie } = await signInBrowserAs('otto', `${endpoint}/api/v1/sign-in/browser`, callback)
  const end = (headers: Record<string, string>) => fetch(url, { headers, redirect: 'manual' })
  const other = await end({ cookie: 'cadastre-sign-in=another' })
  assert.deepEqual([(await end({})).status, other.status, other.headers.getSetCookie()], [400, 400, []])
  const own = await end({ cookie })
  assert.deepEqual([own.status, own.headers.get('location')], [302, `${endpoint}/console/`])
  assert.equal((await end({ cookie })).status, 400, 'once')
})

test('an address that the provider has not verified names nobody', async () => {
  await assert.rejects(signIn('unverified'), { status: 403 })
})

test('an answer that the provider did not give is refused', async () => {
  const forged = await fetch(`${server.endpoint}/api/v1/sign-in/callback?code=x&state=y`, { redirect: 'manual' })
  assert.equal(forged.status, 400)
  assert.equal(((await forged.json()) as { field: string }).field, 'state')
})

test('without a provider nobody signs in, and is told why', async () => {
  const other = await startServer()
  try {
    const query = new URLSearchParams({ port: '1024', challenge: 'x'.repeat(43), state: 's' })
    const response = await fetch(`${other.endpoint}/api/v1/sign-in?${query}`, { redirect: 'manual' })
    assert.equal(response.status, 422)
    assert.match(((await response.json()) as { detail: string }).detail, /CADASTRE_OIDC_ISSUER/)
  } finally {
    await other.stop()
  }
})
