// `cadastre login` with a browser: through a real provider to a profile, from this machine and from another one.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Running, runCommand, startCommand } from '../clients/command.ts'
import { startServer } from '../clients/server.ts'
import { signInAs } from './browser.ts'
import { type SignInWorld, startSignInWorld } from './sign-in-world.ts'

const browserMs = 60_000

let world: SignInWorld
let home: string
let environment: Record<string, string>

before(async () => {
  world = await startSignInWorld()
  home = await mkdtemp(join(tmpdir(), 'cadastre-home-'))
  environment = { HOME: home }
})
after(async () => {
  await world?.stop()
  await rm(home, { recursive: true, force: true })
})

async function begin(...words: string[]): Promise<{ command: Running; page: string }> {
  const command = startCommand(['login', '--url', world.server.endpoint, ...words], environment)
  const [page] = await command.said(/http:\S+\/api\/v1\/sign-in\?\S+/)
  return { command, page }
}

test('whoever signs in with the browser is who the provider says, from then on', async () => {
  const { command, page } = await begin()
  const end = await signInAs('nina', page)
  const shown = await fetch(end.url)
  assert.equal(shown.status, 200)
  const { code, output, errors } = await command.ended
  assert.equal(code, 0, errors)
  assert.match(output, /You are user:nina@example\.com at http/)
  const me = await runCommand(['whoami', '--json'], { environment })
  assert.equal((JSON.parse(me.output) as { principal: string }).principal, 'user:nina@example.com')
  const { profiles } = JSON.parse(await readFile(join(home, '.config/cadastre/profiles.json'), 'utf8')) as {
    profiles: { default: { token: string } }
  }
  assert(!output.includes(profiles.default.token) && !errors.includes(profiles.default.token))
})

test('with the browser on another machine the address where it ends is pasted', async () => {
  const { command, page } = await begin('--profile', 'far')
  const end = await signInAs('otto', page)
  command.child.stdin.write('http://127.0.0.1:1/?state=other&code=x\n')
  await command.said(/not where this sign-in ends/)
  command.child.stdin.write(`${end.url}\n`)
  const { code, output, errors } = await command.ended
  assert.equal(code, 0, errors)
  assert.match(output, /user:otto@example\.com.*profile `far`/)
})

test('the listener takes no end that is not of this sign-in', async () => {
  const { command, page } = await begin('--profile', 'mine')
  const port = new URL(page).searchParams.get('port')
  assert.equal((await fetch(`http://127.0.0.1:${port}/?state=guessed&code=stolen`)).status, 400)
  const end = await signInAs('nina', page)
  await fetch(end.url)
  assert.equal((await command.ended).code, 0)
})

test('the browser that is configured is sent to the page', { timeout: browserMs }, async () => {
  const opened = Promise.withResolvers<string>()
  const screen = createServer((request, reply) => {
    opened.resolve(new URL(request.url!, 'http://127.0.0.1').searchParams.get('page')!)
    reply.end()
  })
  await new Promise<void>((resolve) => screen.listen(0, '127.0.0.1', resolve))
  try {
    const { port } = screen.address() as AddressInfo
    const browser = join(home, 'browser')
    const ask = `fetch('http://127.0.0.1:${port}/?page=' + encodeURIComponent(process.argv[2]))`
    await writeFile(browser, `#!${process.execPath}\n${ask}\n`, { mode: 0o755 })
    const command = startCommand(['login', '--url', world.server.endpoint], { ...environment, BROWSER: browser })
    const page = await opened.promise
    await fetch((await signInAs('nina', page)).url)
    const { code, errors } = await command.ended
    assert.equal(code, 0, errors)
    assert(errors.includes(page))
  } finally {
    screen.close()
  }
})

test('a server without a provider says so at once', async () => {
  const other = await startServer()
  try {
    const { code, errors } = await runCommand(['login', '--url', other.endpoint], { environment })
    assert.equal(code, 1)
    assert.match(errors, /CADASTRE_OIDC_ISSUER/)
  } finally {
    await other.stop()
  }
})
