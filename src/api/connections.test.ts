// Real connections: what one address may hold open, and that others still get theirs.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { type Cidr, parseCidr } from '#model/cidr.ts'
import { boundConnections } from './connections.ts'

const most = 3

/** A server that greets whom it lets in; on Linux every address of 127.0.0.0/8 is this machine's. */
async function withServer(
  trusted: readonly Cidr[],
  work: (dial: (from: string) => Promise<Socket | undefined>) => Promise<void>,
): Promise<void> {
  const server = createServer()
  boundConnections(server, trusted, most)
  server.on('connection', (socket) => {
    socket.on('error', () => {})
    if (!socket.destroyed) socket.write('hello')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const sockets: Socket[] = []
  const { port } = server.address() as AddressInfo
  try {
    await work(async (localAddress) => {
      const socket = connect({ port, host: '127.0.0.1', localAddress })
      sockets.push(socket)
      socket.on('error', () => {})
      const closed = once(socket, 'close').then(() => undefined)
      return Promise.race([once(socket, 'data').then(() => socket), closed])
    })
  } finally {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
}

test('D8 one address holds so many connections open, and another one still gets in; who hangs up gives one back', () =>
  withServer([], async (dial) => {
    const own = []
    for (let n = 0; n < most; n++) own.push(await dial('127.0.0.1'))
    assert(own.every((socket) => socket !== undefined))
    assert.equal(await dial('127.0.0.1'), undefined)
    assert(await dial('127.0.0.2'))
    own[0]!.destroy()
    // The server hears of it in its own time: the next one waits in line behind that.
    let again: Socket | undefined
    for (let attempt = 0; attempt < 100 && !again; attempt++) again = await dial('127.0.0.1')
    assert(again)
  }))

test('D8 a trusted proxy is not counted: it brings everybody', () =>
  withServer([parseCidr('127.0.0.1/32')!], async (dial) => {
    for (let n = 0; n <= most; n++) assert(await dial('127.0.0.1'))
  }))
