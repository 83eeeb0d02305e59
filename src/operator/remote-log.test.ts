// A log that a server shows is read by whoever need not believe it: what it says is bounded, and what it is not is told as such.
import assert from 'node:assert/strict'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { pathOfEntries, pathOfTile } from '#model/evidence/tiles.ts'
import { verifyLog } from '#operations/evidence/verify-log.ts'
import { logInMemory } from '../../test/log-in-memory.ts'
import { verifyEd25519 } from './ed25519.ts'
import { logUrlOf, RemoteLog, Unreadable } from './remote-log.ts'

const size = 70_000
const { files, note, key } = logInMemory(size)
const servers: Server[] = []
after(() => {
  for (const server of servers) server.closeAllConnections()
  for (const server of servers) server.close()
})
type Answer = (path: string, response: ServerResponse, authorization: string | undefined) => void
async function serve(answer: Answer): Promise<string> {
  const server = createServer(({ url, headers }, response) => answer(url!.slice(1), response, headers.authorization))
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
const file = (path: string): Uint8Array | undefined => (path === 'checkpoint' ? Buffer.from(note) : files.get(path))
const sound: Answer = (path, response) => {
  const bytes = file(path)
  response.writeHead(bytes ? 200 : 404).end(bytes)
}
async function verified(url: string) {
  const log = new RemoteLog(url)
  const checkpoints = [{ name: 'checkpoint', note: await log.checkpoint() }]
  log.expect(size)
  return verifyLog({ read: (path) => log.read(path), checkpoints, size }, [key], verifyEd25519)
}

test('a log of several levels is read over HTTP, each file once', async () => {
  const asked: string[] = []
  const url = await serve((path, response, more) => {
    asked.push(path)
    sound(path, response, more)
  })
  assert.deepEqual(await verified(url), { problems: [], leaves: size, checkpoints: 1 })
  assert.deepEqual([...new Set(asked)].sort(), [...files.keys(), 'checkpoint'].sort())
  assert.equal(asked.length, files.size + 1)
})
test('what the server changes or leaves out is located', async () => {
  const [tile, entries] = [pathOfTile({ level: 0, index: 7, width: 256 }), pathOfEntries({ index: 99, width: 256 })]
  const url = await serve((path, response, more) => {
    if (path !== entries) return sound(path, response, more)
    const changed = Buffer.from(files.get(path)!)
    changed[34 * 5 + 10]! ^= 1
    response.end(changed)
  })
  assert.deepEqual((await verified(url)).problems, [{ kind: 'leaf-changed', leaf: 99 * 256 + 5 }])
  const less = await serve((path, response, more) => {
    if (path === tile) response.writeHead(404).end()
    else sound(path, response, more)
  })
  assert.deepEqual((await verified(less)).problems[0], { kind: 'file-missing', path: tile, leaf: 7 * 256 })
})
test('a server that asks for patience is asked again', async () => {
  let refusals = 2
  const url = await serve((path, response, more) => {
    if (refusals-- > 0) response.writeHead(429, { 'retry-after': '0.001' }).end('later')
    else sound(path, response, more)
  })
  assert.equal((await verified(url)).problems.length, 0)
})
test('nothing is followed, no file is endless, and what is no log is said to be none', async () => {
  const unreadable = (answer: Answer, why: RegExp) =>
    assert.rejects(
      async () => verified(await serve(answer)),
      (error) => error instanceof Unreadable && why.test(error.message),
    )
  await unreadable((_, response) => response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end(), /answered 302/)
  await unreadable((_, response) => void response.writeHead(404).end(), /there is no log at/)
  await unreadable((_, response) => void response.writeHead(401).end(), /is not open to everybody/)
  await unreadable((_, response) => {
    const more = (): void =>
      void (!response.destroyed && response.write(Buffer.alloc(65_536), (gone) => gone || more()))
    more()
  }, /is larger than 1048576 bytes/)
  await assert.rejects(() => new RemoteLog('http://127.0.0.1:1').checkpoint(), Unreadable)
})
test('a server is named by its own address or that of its log', () => {
  assert.equal(logUrlOf('https://cadastre.example.com'), 'https://cadastre.example.com/api/v1/evidence/log')
  assert.equal(logUrlOf('https://log.example.com/2026/'), 'https://log.example.com/2026')
  for (const wrong of ['ftp://x', 'https://a:b@x', 'https://x?y', 'x']) assert.equal(logUrlOf(wrong), undefined)
})
