// A server that speaks TLS by itself: over it all that it answers, without a proxy; and a start that refuses what clients could not believe.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { first, renewed } from './certificates.ts'
import { freePort } from './ports.ts'
import { makeFolder, runToEnd, startProcess } from './process.ts'

let folder: string
let tls: Record<string, string>
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cadastre-tls-'))
  const [certificate, key] = [join(folder, 'server.crt'), join(folder, 'server.key')]
  await Promise.all([writeFile(certificate, first.certificate), writeFile(key, first.key)])
  tls = { CADASTRE_TLS_CERTIFICATE_FILE: certificate, CADASTRE_TLS_KEY_FILE: key }
})
after(() => rm(folder, { recursive: true, force: true }))

interface Answer {
  readonly status: number
  readonly cookies: readonly string[]
  readonly body: string
}
function ask(port: number, path: string, { body = '', headers = {} } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const agent = new Agent({ ca: first.certificate })
    const sent = { host: '127.0.0.1', servername: 'ipam.example.com', port, path, agent, headers }
    request({ ...sent, method: body === '' ? 'GET' : 'POST' }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      response.on('end', () => {
        agent.destroy()
        resolve({ status: response.statusCode!, cookies: response.headers['set-cookie'] ?? [], body: text })
      })
    })
      .on('error', reject)
      .end(body)
  })
}

test('probes, the native API and a sign-in from another machine: all of it over TLS, and nothing without', async (t) => {
  const settings = { ...tls, CADASTRE_PUBLIC_URL: 'https://ipam.example.com', CADASTRE_PORT: String(await freePort()) }
  const server = await startProcess({ folder: await makeFolder(), settings })
  t.after(() => server.remove())
  assert.match(server.output(), /listens on https:\/\//)
  assert.deepEqual(await ask(server.port, '/readyz'), { status: 200, cookies: [], body: 'ok\n' })
  await assert.rejects(fetch(`http://127.0.0.1:${server.port}/readyz`))
  const headers = { host: 'ipam.example.com', 'content-type': 'application/json' }
  const { status, body } = await ask(server.port, '/api/v1/sign-in/link', { headers, body: '{"code":"nobodys"}' })
  // Over TLS a sign-in from elsewhere is heard, and refused for its code alone.
  assert.notEqual(status, 422, body)
  server.send('SIGTERM')
  const { code, errors } = await server.ended
  assert.deepEqual([code, errors], [0, ''])
})

test('a certificate without its key, for another name, or with another key ends the start, by the names of the settings', async (t) => {
  const others = join(folder, 'others.key')
  await writeFile(others, renewed.key)
  for (const [settings, why] of [
    [
      { CADASTRE_TLS_CERTIFICATE_FILE: tls.CADASTRE_TLS_CERTIFICATE_FILE! },
      /CADASTRE_TLS_KEY_FILE: give both or neither/,
    ],
    [{ ...tls, CADASTRE_PUBLIC_URL: 'https://other.example.com' }, /CADASTRE_TLS_CERTIFICATE_FILE=.*not for `other/],
    [
      { ...tls, CADASTRE_PUBLIC_URL: 'http://localhost' },
      /CADASTRE_PUBLIC_URL=`http:\/\/localhost`: with CADASTRE_TLS_C/,
    ],
    [{ ...tls, CADASTRE_TLS_KEY_FILE: others }, /CADASTRE_TLS_KEY_FILE=.*does not belong/],
  ] as const) {
    const data = await makeFolder()
    t.after(() => rm(data, { recursive: true, force: true }))
    const { code, errors } = await runToEnd({ folder: data, settings })
    assert.equal(code, 1)
    assert.match(errors, why)
  }
})
