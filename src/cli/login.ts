// Signing in and out: with the browser, or with a token that somebody else made; who one is then stands in a profile.
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { text as textOf } from 'node:stream/consumers'
import { type Destination, Refused, send } from './client.ts'
import { Stopped } from './exit-codes.ts'
import { printOwn } from './own-answers.ts'
import type { Output } from './own-flags.ts'
import { printable } from './printable.ts'
import {
  getProfile,
  type Profile,
  profileDefault,
  readProfiles,
  readUrl,
  withoutProfile,
  writeProfiles,
} from './profiles.ts'
import type { Surroundings } from './surroundings.ts'
import { cellOf } from './table.ts'

/** As long as the server waits for the provider. */
const signInMs = 600_000
const namePattern = /^[\w.-]{1,64}$/

type Words = ReadonlyMap<string, string>

export async function login(words: Words, around: Surroundings): Promise<void> {
  const { settings } = around
  const name = words.get('profile') ?? settings.profile ?? profileDefault
  if (!namePattern.test(name) || name === '__proto__') {
    throw new Stopped(
      'wrongWords',
      `\`--profile\`: \`${name}\`: 1 to 64 letters, digits or characters of \`._-\` are expected.`,
    )
  }
  const source = words.get('token')
  if (source !== undefined && source !== '-') {
    throw new Stopped(
      'wrongWords',
      '`--token`: only `-` is allowed: others on this machine can see the words of a command.',
    )
  }
  const known = await readProfiles(settings)
  const old = Object.hasOwn(known.profiles, name) ? known.profiles[name] : undefined
  const asked = words.get('url') ?? settings.url ?? old?.url
  if (asked === undefined) {
    throw new Stopped('wrongWords', 'Which server? Give `--url`, such as `--url https://cadastre.example.com`.')
  }
  const url = readUrl(asked)
  if (!isPrivateWay(url)) around.err(`Warning: ${url} is not encrypted; whoever is on the way can read your token.\n`)
  const token = source === '-' ? tokenIn(await textOf(around.input)) : await signIn(url, around)
  const profile = await profileOf({ url, token })
  // Who names a profile has another one for everything else; the first one there is used all the same.
  const isNamed = words.has('profile') || settings.profile !== undefined
  const current = isNamed && known.current !== undefined ? known.current : name
  await writeProfiles(settings, { current, profiles: { ...known.profiles, [name]: profile } })
  const use =
    current === name
      ? `Profile \`${name}\` is in use.`
      : `It is kept as profile \`${name}\`; \`${current}\` is in use, until \`cadastre profile use ${name}\`.`
  const until = cellOf(profile.expiresAt, around.clock().zone)
  around.out(`You are ${printable(profile.principal)} at ${url}, until ${until}. ${use}\n`)
}

function isPrivateWay(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  return protocol === 'https:' || /^(localhost|127\.[\d.]+|\[::1\])$/.test(hostname)
}

/** `cadastre operator token` prints it as a variable. */
function tokenIn(text: string): string {
  const token = text.trim().replace(/^CADASTRE_TOKEN=/, '')
  if (/^[\w.~+/-]{1,4096}=*$/.test(token)) return token
  throw new Stopped('wrongWords', 'The standard input has no token, or more than one.')
}

const request = { query: {}, body: undefined } as const

/** Asks the server whose token it is. */
async function profileOf(to: Destination & { readonly token: string }): Promise<Profile> {
  const { text } = await send(to, { ...request, method: 'GET', path: '/me' })
  const { principal, tokenId, expiresAt } = JSON.parse(text) as Omit<Profile, 'url' | 'token'>
  return { url: to.url, token: to.token, tokenId, principal, expiresAt }
}

// With the browser ---------------------------------------------------------------------------------------------------

/** The server leads the browser to the identity provider, and from there to a port that is open here (RFC 8252, section 7.3). */
async function signIn(url: string, around: Surroundings): Promise<string> {
  const verifier = randomBytes(32).toString('base64url')
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  const state = randomBytes(16).toString('base64url')
  const arrived = Promise.withResolvers<string>()
  // Nobody waits for it before the browser is sent away.
  arrived.promise.catch(() => {})
  /** Where the browser ended; answers whether it was ours. */
  const arrive = (search: URLSearchParams): boolean => {
    if (search.get('state') !== state) return false
    const code = search.get('code')
    if (code !== null) arrived.resolve(code)
    else
      arrived.reject(
        new Stopped(
          'notSignedIn',
          `The identity provider did not sign you in: ${printable(search.get('error') ?? '')}.`,
        ),
      )
    return true
  }
  const listener = createServer((asked, reply) => {
    const isOurs = arrive(new URL(asked.url ?? '/', 'http://127.0.0.1').searchParams)
    answerBrowser(reply, isOurs)
  })
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  const lines = createInterface({ input: around.input })
  const timer = setTimeout(
    () => arrived.reject(new Stopped('notSignedIn', `Nobody signed in within ${signInMs / 60_000} minutes.`)),
    signInMs,
  )
  try {
    const { port } = listener.address() as AddressInfo
    const query = { port: String(port), challenge, state }
    // What would keep the server from it is said here, not in the browser.
    await send({ url, token: undefined }, { ...request, method: 'GET', path: '/sign-in', query })
    const page = `${url}/api/v1/sign-in?${new URLSearchParams(query)}`
    around.err(`Sign in here:\n\n  ${page}\n\n`)
    around.err(
      'Where that browser is on another machine, it ends at an address that it cannot open: paste that here.\n',
    )
    if (around.settings.browser !== undefined) openBrowser(around.settings.browser, page, around)
    lines.on('line', (line) => {
      if (line.trim() === '') return
      const search = URL.parse(line.trim())?.searchParams
      if (!search || !arrive(search)) around.err('That is not where this sign-in ends.\n')
    })
    const code = await arrived.promise
    const { text } = await send(
      { url, token: undefined },
      { method: 'POST', path: '/sessions', query: {}, body: { code, verifier } },
    )
    return (JSON.parse(text) as { token: string }).token
  } finally {
    clearTimeout(timer)
    lines.close()
    listener.close()
    listener.closeIdleConnections()
  }
}

function answerBrowser(reply: ServerResponse, isOurs: boolean): void {
  const words = isOurs ? 'That is all: go on where you typed `cadastre login`.' : 'This is not the end of a sign-in.'
  reply.writeHead(isOurs ? 200 : 400, {
    'content-type': 'text/plain; charset=utf-8',
    connection: 'close',
    // The address has the code in it.
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  })
  reply.end(`${words}\n`)
}

/** Without one that works, the address on the screen does. */
function openBrowser(program: string, page: string, around: Surroundings): void {
  const child = spawn(program, [page], { stdio: 'ignore', detached: true })
  child.on('error', (error) => around.err(`\`${program}\` (BROWSER) does not start: ${error.message}.\n`))
  child.unref()
}

// Profiles -----------------------------------------------------------------------------------------------------------

/** The token ends first: what is forgotten while it works could not be ended any more. */
export async function logout(words: Words, around: Surroundings): Promise<void> {
  const { settings } = around
  const known = await readProfiles(settings)
  const name = words.get('profile') ?? settings.profile ?? known.current
  if (name === undefined) throw new Stopped('notSignedIn', 'You are not signed in: no profile is in use.')
  const { url, token, tokenId } = getProfile(known, name)
  try {
    // Scripts go on with the tokens that were made with it: who signs out has lost nothing to anybody.
    const path = `/tokens/${encodeURIComponent(tokenId)}`
    await send({ url, token }, { ...request, method: 'DELETE', path, query: { alone: 'true' } })
  } catch (error) {
    const isOver = error instanceof Refused && error.problem.status === 401
    if (!isOver) {
      around.err(`The token still works; \`cadastre profile remove ${name}\` would forget it all the same.\n`)
      throw error
    }
  }
  await writeProfiles(settings, withoutProfile(known, name))
  around.out(`You are signed out of ${url}; profile \`${name}\` is forgotten.\n`)
}

export async function listProfiles(output: Output | undefined, around: Surroundings): Promise<void> {
  const { current, profiles } = await readProfiles(around.settings)
  // Without the tokens.
  const items = Object.entries(profiles).map(([name, { url, principal, expiresAt }]) => ({
    profile: name,
    url,
    principal,
    use: name === current ? 'in use' : '',
    expiresAt,
  }))
  const fields = ['profile', 'url', 'principal', 'use', 'expiresAt']
  await printOwn({ answer: { items }, fields }, output, around)
}

export async function useProfile(name: string, { settings, out }: Surroundings): Promise<void> {
  const known = await readProfiles(settings)
  const { url } = getProfile(known, name)
  await writeProfiles(settings, { ...known, current: name })
  out(`Profile \`${name}\` is in use: ${url}.\n`)
}

export async function removeProfile(name: string, { settings, out, clock }: Surroundings): Promise<void> {
  const known = await readProfiles(settings)
  const { expiresAt } = getProfile(known, name)
  await writeProfiles(settings, withoutProfile(known, name))
  out(
    `Profile \`${name}\` is forgotten; its token works until ${cellOf(expiresAt, clock().zone)} where somebody has a copy.\n`,
  )
}
