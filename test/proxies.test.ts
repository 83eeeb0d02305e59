// The proxies of the guide, as they stand there: what is signed stays as it was, the client's address is on record, and streams come through.
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setDefaultCACertificates } from 'node:tls'
import { AllocateAddressCommand, EC2Client } from '@aws-sdk/client-ec2'
import { first } from './certificates.ts'
import { childEnvironment, endWithThisProcess } from './children.ts'
import { administrator, type ServerProcess, startServer } from './clients/server.ts'
import { freePort } from './ports.ts'
import { until } from './replication.ts'

const guide = join(import.meta.dirname, '../docs/guide/tls.md')

let folder: string
let server: ServerProcess
let headers: Record<string, string>
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cadastre-proxies-'))
  await writeFile(join(folder, 'tls.crt'), first.certificate)
  await writeFile(join(folder, 'tls.key'), first.key)
  server = await startServer({ CADASTRE_TRUSTED_PROXIES: '127.0.0.1', CADASTRE_PUBLIC_URL: 'https://ipam.example.com' })
  const printed = await server.cadastre('operator', 'token', '--principal', 'user:admin')
  headers = { authorization: `Bearer ${printed.trim().replace('CADASTRE_TOKEN=', '')}` }
  setDefaultCACertificates([first.certificate])
})
after(async () => {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

/** A block of the guide, at this test's ports and files. */
async function blockOf(language: string, port: number): Promise<string> {
  const [, block] = new RegExp(`\`\`\`${language}\n(.*?)\n\`\`\``, 's').exec(await readFile(guide, 'utf8')) ?? []
  return block!
    .replaceAll('127.0.0.1:7420', `127.0.0.1:${server.port}`)
    .replaceAll('/etc/cadastre/tls', folder)
    .replace('listen 443', `listen 127.0.0.1:${port}`)
    .replace(
      'ipam.example.com {',
      `https://localhost:${port} {\n  bind 127.0.0.1\n  tls ${folder}/tls.crt ${folder}/tls.key`,
    )
}

interface Program {
  readonly name: string
  readonly version: readonly string[]
  start(port: number): Promise<ChildProcess>
}
const programs: readonly Program[] = [
  {
    name: 'nginx',
    version: ['-v'],
    async start(port) {
      const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((one) => `${one}_temp_path ${folder};`)
      const http = `http { access_log off; ${places.join(' ')} ${await blockOf('nginx', port)} }`
      await writeFile(join(folder, 'nginx.conf'), `daemon off; pid ${folder}/pid; events {} ${http}`)
      return spawn('nginx', ['-c', join(folder, 'nginx.conf'), '-e', join(folder, 'errors')], { stdio: 'ignore' })
    },
  },
  {
    name: 'caddy',
    version: ['version'],
    async start(port) {
      const global = '{\n  admin off\n  auto_https disable_redirects\n}\n'
      await writeFile(join(folder, 'Caddyfile'), `${global}${await blockOf('caddyfile', port)}\n`)
      const words = ['run', '--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile']
      return spawn('caddy', words, { stdio: 'ignore', env: { ...childEnvironment, HOME: folder } })
    },
  },
]
function isFound({ name, version }: Program): boolean {
  try {
    execFileSync(name, version, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })

for (const program of programs) {
  const skip = isFound(program) ? false : `${program.name} is not installed here`
  test(`behind ${program.name}, configured as the guide says, signatures hold, clients are known and streams flow`, {
    skip,
  }, async () => {
    const port = await freePort()
    const proxy = await program.start(port)
    endWithThisProcess(proxy)
    const url = `https://localhost:${port}`
    const ec2 = new EC2Client({ endpoint: url, region: 'us-east-1', credentials: administrator })
    const listening = new AbortController()
    try {
      await until(`${program.name} listens`, () => listens(port))
      const { signal } = listening
      const stream = await fetch(`${url}/api/v1/changes?latest=true`, {
        headers: { ...headers, accept: 'text/event-stream' },
        signal,
      })
      const events = stream.body!.pipeThrough(new TextDecoderStream())
      await ec2.send(new AllocateAddressCommand({}))
      let heard = ''
      for await (const text of events) {
        heard += text
        if (heard.includes('AllocateAddress')) break
      }
      assert.match(heard, /AllocateAddress/)
      // On Linux every address of 127.0.0.0/8 is this machine's: as a client that is no proxy, which says to be another one.
      const sent = {
        host: 'localhost',
        port,
        path: '/api/v1/tokens',
        method: 'POST',
        localAddress: '127.0.0.2',
        family: 4,
      }
      const more = { ...headers, 'content-type': 'application/json', 'x-forwarded-for': '192.0.2.7' }
      await once(request({ ...sent, headers: more, agent: false }).end('{}'), 'response')
      const changes = await fetch(`${url}/api/v1/changes?limit=1000`, { headers })
      const { items } = (await changes.json()) as { items: { action: string; sourceAddress: string }[] }
      assert.equal(items.find(({ action }) => action === 'createToken')!.sourceAddress, '127.0.0.2')
    } finally {
      listening.abort()
      ec2.destroy()
      proxy.kill('SIGKILL')
      await once(proxy, 'exit')
    }
  })
}
