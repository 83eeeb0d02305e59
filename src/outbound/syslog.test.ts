// The record over TLS to receivers that are slow, that are somebody else, or that hang up.
import assert from 'node:assert/strict'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, test } from 'node:test'
import { createServer, type Server } from 'node:tls'
import { parseAddress, parseCidr } from '#model/cidr.ts'
import { hooksCertificate, hooksKey } from './hooks.fixture.ts'
import { type SyslogRules, sendSyslog } from './syslog.ts'

const change = (n: number) => ({
  ...{ changeId: String(n), at: '2026-11-30T12:00:00.000Z', action: 'createPool', outcome: 'Success', subjects: [] },
  ...{ account: '111111111111', principal: 'user:ada', credential: '', sourceAddress: 'local', region: 'global' },
  requestId: `request-${n} é`,
})
const facts = { version: '0.1.0', host: 'here' }
const open: Server[] = []
const sockets = new Set<Socket>()
afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  sockets.clear()
  for (const server of open.splice(0)) await new Promise((resolve) => server.close(resolve))
})
async function receiver(take: (socket: Socket) => void): Promise<number> {
  const server = createServer({ key: hooksKey, cert: hooksCertificate }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    take(socket)
  })
  server.on('tlsClientError', () => {})
  open.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
const rules: SyslogRules = {
  allowedBlocks: [parseAddress('127.0.0.1')!],
  resolve: async () => [{ address: '127.0.0.1' }],
  ca: hooksCertificate,
}
const send = (port: number, more: Partial<SyslogRules> = {}, host = 'hooks.example.com') =>
  sendSyslog([change(1), change(2)], facts, { host, port }, { ...rules, ...more })

/** By octet counting (RFC 5425). */
function framesIn(bytes: Buffer): string[] {
  const frames: string[] = []
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at)
    const end = space + 1 + Number(bytes.toString('latin1', at, space))
    assert(end <= bytes.length)
    frames.push(bytes.toString('utf8', space + 1, end))
    at = end
  }
  return frames
}

test('a receiver gets each entry in a frame of its own, and has taken it once it closes', async () => {
  const chunks: Buffer[] = []
  const port = await receiver((socket) => socket.on('data', (chunk: Buffer) => chunks.push(chunk)))
  await send(port)
  const frames = framesIn(Buffer.concat(chunks))
  assert.deepEqual(
    frames.map((frame) => (JSON.parse(frame.slice(frame.indexOf('{'))) as { metadata: { uid: string } }).metadata.uid),
    ['1', '2'],
  )
})

test('D4 neither an inner address nor another certificate is sent anything', async () => {
  let taken = 0
  const port = await receiver((socket) => socket.on('data', () => taken++))
  await assert.rejects(send(port, { allowedBlocks: [] }))
  await assert.rejects(send(port, { allowedBlocks: [] }, '127.0.0.1'))
  await assert.rejects(send(port, { ca: undefined }))
  await assert.rejects(send(port, {}, 'other.example.com'))
  assert.equal(taken, 0)
})

test('where one address of a name takes no connection, the next one is tried, and no more than three', async () => {
  let taken = 0
  const port = await receiver((socket) => socket.on('data', () => taken++))
  const at = (...addresses: string[]): Partial<SyslogRules> => ({
    allowedBlocks: [parseCidr('127.0.0.0/8')!],
    resolve: async () => addresses.map((address) => ({ address })),
  })
  await send(port, at('127.0.0.2', '127.0.0.3', '127.0.0.1'))
  assert(taken > 0)
  taken = 0
  await assert.rejects(send(port, at('127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.1')), /ECONNREFUSED/)
  assert.equal(taken, 0)
})

test('D5 one that takes nothing, or hangs up before the end, has not taken it', async () => {
  const slow = await receiver((socket) => {
    socket.pause()
    socket.allowHalfOpen = true
  })
  await assert.rejects(send(slow, { secondsMax: 0.2 }))
  const rude = await receiver((socket) => socket.once('data', () => socket.destroy()))
  await assert.rejects(
    sendSyslog(
      Array.from({ length: 2_000 }, (_, n) => change(n)),
      facts,
      { host: 'hooks.example.com', port: rude },
      rules,
    ),
  )
})
