// People sign in with a real OpenID Connect provider: who they are, what they may, and every way in that is closed.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { type ServerProcess, startServer } from '../clients/server.ts'

let provider: ChildProcess
let server: ServerProcess
let folder: string

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cadastre-oidc-'))
  const port = await freePort()
  const publicUrl = `http://127.0.0.1:${port}`
  const file = join(import.meta.dirname, 'provider.mjs')
  provider = spawn(process.execPath, [file, `${publicUrl}/api/v1/sign-in/callback`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const issuerPort = await new Promise<string>((resolve, reject) => {
    createInterface({ input: provider.stdout! }).on('line', (line) => /^\d+$/.test(line) && resolve(line))
    provider.once('exit', (code) => reject(new Error(`the provider ended with ${code}`)))
  })
  const secretFile = join(folder, 'client.secret')
  await writeFile(secretFile, 'the-secret-of-the-client-at-the-provider\n')
  server = await startServer({
    CADASTRE_PORT: String(port),
    CADASTRE_PUBLIC_URL: publicUrl,
    CADASTRE_OIDC_ISSUER: `http://127.0.0.1:${issuerPort}`,
    CADASTRE_OIDC_CLIENT_ID: 'cadastre',
    CADASTRE_OIDC_CLIENT_SECRET_FILE: secretFile,
  })
})
after(async () => {
  await server?.stop()
  provider?.kill()
  await rm(folder, { recursive: true, force: true })
})

/** What a browser does: follows redirects, keeps cookies, fills in forms; stops at the command's own port. */
class Browser {
  readonly #cookies = new Map<string, string>()
  readonly #stopAt: string

  constructor(stopAt: string) {
    this.#stopAt = stopAt
  }
  async open(url: string, body?: URLSearchParams): Promise<{ url: string; text: string; status: number }> {
    for (let hops = 0; hops < 20; hops++) {
      if (url.startsWith(this.#stopAt)) return { url, text: '', status: 0 }
      const host = new URL(url).host
      const cookies = [...this.#cookies].filter(([key]) => key.startsWith(`${host} `))
      const response: Response = await fetch(url, {
        method: body ? 'POST' : 'GET',
        redirect: 'manual',
        headers: { cookie: cookies.map(([key, value]) => `${key.split(' ')[1]}=${value}`).join('; ') },
        ...(body ? { body } : {}),
      })
      for (const cookie of response.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
        this.#cookies.set(`${host} ${name}`, value!)
      }
      const location = response.headers.get('location')
      if (location === null) return { url, text: await response.text(), status: response.status }
      url = new URL(location, url).href
      body = undefined
    }
    assert.fail('too many redirects')
  }
  /** Fills in the form that is shown. */
  async submit(text: string, fields: Record<string, string>): Promise<{ url: string; text: string; status: number }> {
    const action = /action="([^"]+)"/.exec(text)?.[1]
    const prompt = /name="prompt" value="([^"]+)"/.exec(text)?.[1]
    assert(action && prompt, text.slice(0, 500))
    return this.open(action, new URLSearchParams({ prompt, ...fields }))
  }
}

interface Attempt {
  readonly verifier: string
  readonly code: string
}
/** All the way, as a person and `cadastre login` go it; up to the code. */
async function signIn(name: string): Promise<Attempt> {
  const verifier = randomBytes(32).toString('base64url')
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  const browser = new Browser('http://127.0.0.1:1024/')
  const query = new URLSearchParams({ port: '1024', challenge, state: 'mine' })
  const login = await browser.open(`${server.endpoint}/api/v1/sign-in?${query}`)
  const consent = await browser.submit(login.text, { login: name, password: 'any' })
  const done = await browser.submit(consent.text, {})
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
  const { token, expiresAt } = (await response.json()) as { token: string; expiresAt: string }
  const { principal, groups, roles } = await me(token)
  assert.deepEqual(
    { principal, groups, roles },
    { principal: 'user:nina@example.com', groups: ['group:network-team'], roles: [] },
  )
  assert(Date.parse(expiresAt) - Date.now() <= 12 * 3_600_000)
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
    assert.equal(response.status, 501)
    assert.match(((await response.json()) as { detail: string }).detail, /CADASTRE_OIDC_ISSUER/)
  } finally {
    await other.stop()
  }
})
