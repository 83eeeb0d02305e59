// Browsers that are signed in: by a link of the operator, once; asked for by our own page alone; and over where nobody uses them.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Refused } from '#model/refusal.ts'
import { linkMs } from '#operations/identity/console-links.ts'
import { createConsoleLink } from '#operations/identity/operator-tokens.ts'
import { sessionSeconds } from '#operations/identity/tokens.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { managementAccount, openSealer } from '../../../test/world.ts'
import { createCredentials, createFindWay, pageHeader, sessionCookies, unattendedHeader } from './browser-sessions.ts'
import { createAuthenticator, idleMsMax } from './session.ts'

let world: NativeWorld
before(async () => {
  world = await openNativeWorld()
})
after(() => world.close())

interface Asked {
  readonly method?: 'GET' | 'POST' | 'DELETE'
  readonly body?: object
  readonly headers?: Readonly<Record<string, string>>
}
async function ask(path: string, { method = 'GET', body, headers = {} }: Asked = {}) {
  const response = await world.app.inject({
    method,
    url: `/api/v1${path}`,
    headers: { ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
    ...(body ? { payload: JSON.stringify(body) } : {}),
  })
  const { code, ...rest } = response.body === '' ? { code: '' } : response.json()
  return { status: response.statusCode, code, rest, cookies: response.cookies as unknown as readonly Cookie[] }
}
interface Cookie {
  readonly name: string
  readonly value: string
  readonly [attribute: string]: unknown
}

async function codeFor(principal: string): Promise<string> {
  const params = { principal, role: 'reporter', node: '*', account: managementAccount } as const
  const made = await createConsoleLink(world.store, openSealer, params, world.clock())
  assert('code' in made)
  return made.code
}
async function signIn(principal = 'user:olga') {
  const { status, cookies } = await ask('/sign-in/link', { method: 'POST', body: { code: await codeFor(principal) } })
  assert.equal(status, 201)
  const given = (name: string) => cookies.find((one) => one.name === name)!.value
  const [session, page] = [given('cadastre-session'), given('cadastre-page')]
  const cookie = `cadastre-page=${page}; cadastre-session=${session}`
  return { session, cookie, cookies, changing: { cookie, [pageHeader]: page } }
}
const pool = { description: 'mine', expiresInSeconds: 60 }

test('A9 a link signs one browser in, once, within ten minutes, as whom it is for', async () => {
  const code = await codeFor('user:olga')
  const redeem = (given: string) => ask('/sign-in/link', { method: 'POST', body: { code: given } })
  const { status, rest, cookies } = await redeem(code)
  assert.deepEqual([status, rest.principal], [201, 'user:olga'])
  assert.deepEqual(
    cookies.map(({ name, httpOnly, sameSite, path, maxAge, secure }) => ({
      name,
      httpOnly,
      sameSite,
      path,
      maxAge,
      secure,
    })),
    [
      {
        name: 'cadastre-session',
        httpOnly: true,
        sameSite: 'Strict',
        path: '/',
        maxAge: sessionSeconds,
        secure: undefined,
      },
      {
        name: 'cadastre-page',
        httpOnly: undefined,
        sameSite: 'Strict',
        path: '/',
        maxAge: sessionSeconds,
        secure: undefined,
      },
    ],
  )
  assert.deepEqual([(await redeem(code)).status, (await redeem(`${code.slice(0, -2)}AA`)).status], [400, 400])
  const late = await codeFor('user:olga')
  world.advance(linkMs)
  assert.equal((await redeem(late)).status, 400)
})

test('A9 whom a link signs in is told before it does, as long as it would', async () => {
  const code = await codeFor('user:olga')
  const personOf = async (given: string, headers = {}) => {
    const { status, rest } = await ask('/sign-in/link/person', { method: 'POST', body: { code: given }, headers })
    return [status, rest.principal]
  }
  assert.deepEqual(await personOf(code), [200, 'user:olga'])
  assert.deepEqual(await personOf(code), [200, 'user:olga'])
  assert.deepEqual(await personOf(code, { 'sec-fetch-site': 'cross-site' }), [403, undefined])
  assert.deepEqual(await personOf(`${code.slice(0, -2)}AA`), [400, undefined])
  assert.equal((await ask('/sign-in/link', { method: 'POST', body: { code } })).status, 201)
  assert.deepEqual(await personOf(code), [400, undefined])
  const late = await codeFor('user:olga')
  world.advance(linkMs)
  assert.deepEqual(await personOf(late), [400, undefined])
})

test('a session asks as its person, and makes changes with the header that our own page sends', async () => {
  const { cookie, changing } = await signIn()
  const { rest } = await ask('/me', { headers: { cookie } })
  assert.deepEqual([rest.principal, rest.roles], ['user:olga', [{ role: 'reporter', node: '*', effect: 'permit' }]])
  assert.equal((await ask('/tokens', { method: 'POST', body: pool, headers: changing })).status, 201)
})

test('I8 what another site makes a browser ask is refused, before anything is looked up', async () => {
  const { cookie, changing } = await signIn()
  const make = async (headers: Readonly<Record<string, string>>) => {
    const { status, code } = await ask('/tokens', { method: 'POST', body: pool, headers })
    return [status, code]
  }
  const read = async (headers: Readonly<Record<string, string>>) =>
    (await ask('/me', { headers: { cookie, ...headers } })).status
  const refused = [403, 'CrossSiteRequest']
  // A form, or a script of another site: it sends the cookie and can set no header.
  assert.deepEqual(await make({ cookie }), refused)
  assert.deepEqual(await make({ ...changing, [pageHeader]: 'x'.repeat(43) }), refused)
  for (const site of ['cross-site', 'same-site', 'none'])
    assert.deepEqual(await make({ ...changing, 'sec-fetch-site': site }), refused, site)
  for (const origin of ['https://evil.example.com', 'http://localhost:81', 'null'])
    assert.deepEqual(await make({ ...changing, origin }), refused, origin)
  assert.equal((await make({ ...changing, origin: 'http://localhost:80', 'sec-fetch-site': 'same-origin' }))[0], 201)
  assert.deepEqual(
    [await read({ 'sec-fetch-site': 'none' }), await read({ 'sec-fetch-site': 'same-origin' })],
    [200, 200],
  )
  assert.deepEqual(
    [await read({ 'sec-fetch-site': 'cross-site' }), await read({ 'sec-fetch-site': 'same-site' })],
    [403, 403],
  )
  const signingIn = { method: 'POST', body: { code: await codeFor('user:mallory') } } as const
  assert.equal((await ask('/sign-in/link', { ...signingIn, headers: { 'sec-fetch-site': 'cross-site' } })).status, 403)
})

test('A2 a session is good in its cookie alone, one of its name, and where no header says who asks', async () => {
  const { session, cookie } = await signIn()
  const status = async (headers: Readonly<Record<string, string>>) => (await ask('/me', { headers })).status
  assert.deepEqual(
    await Promise.all([
      status({ authorization: `Bearer ${session}` }),
      status({ authorization: `session ${session}` }),
      status({ cookie, authorization: 'Bearer nobody' }),
      status({ cookie: `${cookie}; cadastre-session=other` }),
      status({ cookie: `__Host-cadastre-session=${session}` }),
      status({ cookie: `cadastre-session="${session}"` }),
      // JavaScript takes it for a space, and browsers for a part of the name.
      status({ cookie: `\u00a0cadastre-session=${session}` }),
    ]),
    [401, 401, 401, 401, 401, 401, 401],
  )
})

test('A9 a session that was there before somebody signs in is none of theirs', async () => {
  const { session } = await signIn()
  const code = await codeFor('user:pat')
  const headers = { cookie: `cadastre-session=${session}` }
  const { cookies } = await ask('/sign-in/link', { method: 'POST', body: { code }, headers })
  assert.notEqual(cookies.find(({ name }) => name === 'cadastre-session')!.value, session)
  assert.equal((await ask('/me', { headers })).rest.principal, 'user:olga')
})

test('A9 whoever signs out has ended the session: a copy of its cookie opens nothing', async () => {
  const { cookie, changing } = await signIn()
  const { tokenId } = (await ask('/me', { headers: { cookie } })).rest
  const { status, cookies } = await ask(`/tokens/${tokenId}?alone=true`, { method: 'DELETE', headers: changing })
  assert.equal(status, 200)
  assert.deepEqual(
    cookies.map(({ name, value, maxAge }) => [name, value, maxAge]),
    [
      ['cadastre-session', '', 0],
      ['cadastre-page', '', 0],
    ],
  )
  assert.deepEqual((await ask('/me', { headers: { cookie } })).code, 'InvalidToken')
})

test('a session that nobody uses ends after half an hour, and every one after twelve', async () => {
  const { session } = await signIn()
  // Another server each time: none has it in memory.
  const use = async () => {
    try {
      const { accessKeyId } = await createAuthenticator(world.store)({ session, isUse: true })
      for (let looks = 0; looks < 1_000; looks++) {
        const used = await world.store.read(async (tx) => (await tx.apiTokens.sessionUsedAt(accessKeyId)) === tx.now)
        if (used) return 'good'
      }
      return 'not noted'
    } catch (error) {
      return error instanceof Refused ? error.refusal.code : String(error)
    }
  }
  world.advance(idleMsMax - 1)
  assert.equal(await use(), 'good')
  world.advance(idleMsMax - 1)
  assert.equal(await use(), 'good')
  world.advance(idleMsMax)
  assert.equal(await use(), 'InvalidToken')
  const other = await signIn()
  const step = idleMsMax - 60_000
  for (let past = step; past < sessionSeconds * 1_000; past += step) {
    world.advance(step)
    const principal = await createAuthenticator(world.store)({ session: other.session, isUse: true })
    await world.store.write((tx) => tx.apiTokens.useSession(principal.accessKeyId, tx.now))
  }
  world.advance(step)
  await assert.rejects(async () => createAuthenticator(world.store)({ session: other.session, isUse: true }), Refused)
})

test('A9 a page that listens or looks again by itself does not keep its session: what somebody asks does', async () => {
  const { session, cookie } = await signIn()
  const credentialOf = createCredentials(createFindWay(false))
  const of = (headers: object) => credentialOf({ method: 'GET', headers: { host: 'localhost', cookie, ...headers } })
  const listening = of({ accept: 'text/event-stream' })!
  assert.deepEqual(of({ [unattendedHeader]: '1' }), { session, isUse: false })
  assert.deepEqual(listening, { session, isUse: false })
  assert.deepEqual(of({ accept: 'application/json' }), { session, isUse: true })
  // One server, which has in memory what the stream has read.
  let time = 0
  const authenticate = createAuthenticator(world.store, () => time)
  const usedAt = async () => {
    const { accessKeyId } = await authenticate(listening)
    return world.store.read(async (tx) => [await tx.apiTokens.sessionUsedAt(accessKeyId), tx.now] as const)
  }
  world.advance(idleMsMax - 1)
  const [before, now] = await usedAt()
  assert.equal(before, now - idleMsMax + 1)
  // A person asks within the moment for which the stream's reading is fresh: it is noted all the same.
  await authenticate({ session, isUse: true })
  for (let looks = 0; looks < 1_000 && (await usedAt())[0] !== now; looks++);
  assert.equal((await usedAt())[0], now)
  world.advance(idleMsMax)
  time += 10_000
  await assert.rejects(async () => authenticate(listening), Refused)
})

test('without TLS a browser is signed in on the same machine alone, and over TLS its cookies are for it alone', async () => {
  const body = { code: await codeFor('user:olga') }
  const { status, code } = await ask('/sign-in/link', { method: 'POST', body, headers: { host: 'ipam.example.com' } })
  assert.deepEqual([status, code], [422, 'NotSupported'])
  const { cookie } = await signIn()
  assert.equal((await ask('/me', { headers: { cookie, host: 'ipam.example.com' } })).status, 401)
  const [plain, secure] = [createFindWay(false), createFindWay(true)]
  const of = (host: string) => ({ headers: { host } })
  for (const host of ['localhost:80', '127.0.0.1', '127.9.9.9:8080', '[::1]:1']) assert(plain(of(host)), host)
  for (const host of ['ipam.example.com', '10.0.0.1', 'localhost.example.com', '127.0.0.1.nip.io', ''])
    assert.equal(plain(of(host)), undefined, host)
  const way = secure(of('ipam.example.com'))!
  const [session, page] = sessionCookies(way, 'cadastre_abc')
  assert.match(
    session!,
    /^__Host-cadastre-session=cadastre_abc; Path=\/; Secure; HttpOnly; SameSite=Strict; Max-Age=43200$/,
  )
  assert.match(page!, /^__Host-cadastre-page=[\w-]{43}; Path=\/; Secure; SameSite=Strict; Max-Age=43200$/)
  const credentialOf = createCredentials(secure)
  const asking = (given: string) => ({ method: 'GET', headers: { host: 'ipam.example.com', cookie: given } })
  assert.equal(credentialOf(asking('cadastre-session=cadastre_abc')), undefined)
  assert.deepEqual(credentialOf(asking('a=b; __Host-cadastre-session=cadastre_abc')), {
    session: 'cadastre_abc',
    isUse: true,
  })
})

test('the console is told how one can sign in', async () => {
  assert.deepEqual((await ask('/sign-in/ways')).rest, { provider: false, cookies: true })
  assert.deepEqual((await ask('/sign-in/ways', { headers: { host: 'a.example.com' } })).rest.cookies, false)
})
