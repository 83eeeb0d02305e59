// Real connections: what one address may hold open, and that others still get theirs.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { type Cidr, parseCidr } from '#model/cidr.ts'
import { boundConnections, type ConnectionBounds, pipelinedMax, sentAwayPerMinute } from './connections.ts'

const most = 3

/** A server that greets whom it lets in; on Linux every address of 127.0.0.0/8 is this machine's. */
async function withServer(
  trusted: readonly Cidr[],
  work: (dial: (from: string) => Promise<Socket | undefined>) => Promise<void>,
): Promise<void> {
  const server = createServer()
  boundConnections(server, trusted, { ofClientMax: most })
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

// Answers that nobody reads --------------------------------------------------------------------------------------------

/** More than the system takes of a connection by itself: what is beyond that is held by the server. */
const answerBytes = 16_777_216

interface Reading {
  /** Asks for the answer, `times` times at once on one connection, and reads nothing until `resume`. */
  ask(from: string, options?: { times?: number; path?: string }): Promise<Socket>
  port: number
}

async function withAnswers(
  bounds: Partial<ConnectionBounds>,
  work: (reading: Reading) => Promise<void>,
): Promise<void> {
  const answer = Buffer.alloc(answerBytes, 120)
  const server = createHttpServer()
  const { admit } = boundConnections(server, [], {
    unreadBytesOfConnectionMax: 2 * answerBytes,
    unreadBytesOfClientMax: 10 * answerBytes,
    unreadBytesInAllMax: 10 * answerBytes,
    ...bounds,
  })
  server.on('request', (request, response) => {
    if (admit(request, response)) response.end(request.url === '/large' ? answer : 'small')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const sockets: Socket[] = []
  try {
    await work({
      port,
      async ask(localAddress, { times = 1, path = '/large' } = {}) {
        const socket = connect({ port, host: '127.0.0.1', localAddress })
        sockets.push(socket)
        socket.on('error', () => {})
        socket.pause()
        socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(times))
        await once(socket, 'readable')
        return socket
      },
    })
  } finally {
    for (const socket of sockets) socket.destroy()
    server.closeAllConnections()
    server.close()
  }
}

/** Reads a connection to its end, and answers how many bytes came. */
async function readAll(socket: Socket, enough = Number.POSITIVE_INFINITY): Promise<number> {
  let bytes = 0
  socket.on('data', (piece: Buffer) => {
    bytes += piece.length
    if (bytes >= enough) socket.destroy()
  })
  socket.resume()
  if (!socket.closed) await once(socket, 'close')
  return bytes
}

test('D1 of an answer that nobody reads the connection ends; one that is read slowly goes on', () =>
  withAnswers({ unreadMsMax: 1_500 }, async ({ ask }) => {
    const slow = await ask('127.0.0.2')
    const stuck = await ask('127.0.0.1')
    let read = 0
    slow.on('data', (piece: Buffer) => {
      read += piece.length
      slow.pause()
    })
    // A piece at a time, for longer than an answer may rest.
    const until = performance.now() + 4_000
    while (performance.now() < until) {
      slow.resume()
      await new Promise((resolve) => setTimeout(resolve, 30))
    }
    slow.removeAllListeners('data')
    assert(read < answerBytes, 'it is not read to its end by then')
    assert((await readAll(stuck)) < answerBytes, 'the rest of it never comes')
    assert(read + (await readAll(slow, answerBytes - read)) >= answerBytes)
  }))

test('D1 one connection has so many bytes that wait, and one client so many: the oldest end first', async () => {
  await withAnswers({ unreadBytesOfConnectionMax: answerBytes / 2 }, async ({ ask }) => {
    const socket = await ask('127.0.0.1')
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    assert((await readAll(socket, answerBytes)) < answerBytes)
  })
  await withAnswers({ unreadBytesOfClientMax: 2.5 * answerBytes }, async ({ ask }) => {
    const other = await ask('127.0.0.2')
    const own = []
    for (let n = 0; n < 3; n++) own.push(await ask('127.0.0.1'))
    // A look comes after the third: from then on there are two.
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    const lengths = []
    for (const socket of own) lengths.push(await readAll(socket, answerBytes))
    assert.deepEqual(
      lengths.map((length) => length >= answerBytes),
      [false, true, true],
    )
    assert((await readAll(other, answerBytes)) >= answerBytes)
  })
})

test('D8 where too many bytes wait in all, whoever has most loses, and another one nothing', () =>
  withAnswers({ unreadBytesInAllMax: 3.5 * answerBytes }, async ({ ask }) => {
    const other = await ask('127.0.0.2')
    const own = []
    for (let n = 0; n < 4; n++) own.push(await ask('127.0.0.1'))
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    assert((await readAll(other, answerBytes)) >= answerBytes)
    const lengths = await Promise.all(own.map((socket) => readAll(socket, answerBytes)))
    assert.equal(lengths.filter((length) => length < answerBytes).length, 2)
  }))

test('D1 requests before the answer to an earlier one are few on a connection', () =>
  withAnswers({}, async ({ ask }) => {
    const some = await ask('127.0.0.1', { times: pipelinedMax, path: '/small' })
    const length = await readAll(some, pipelinedMax * 5)
    assert(length >= pipelinedMax * 5)
    const many = await ask('127.0.0.1', { times: 10 * pipelinedMax, path: '/small' })
    assert((await readAll(many)) < 10 * pipelinedMax * 5)
  }))

test('D8 the last connections are for those who have few, and the very last for the probes', () =>
  withAnswers({ inAllMax: 10, reserve: 5, ofFewMax: 2, probesReserve: 2 }, async ({ ask }) => {
    const isServed = async (from: string, path: string): Promise<string> => {
      const socket = await ask(from, { path })
      socket.setEncoding('latin1')
      return String(socket.read() ?? '').slice(9, 12)
    }
    for (let n = 0; n < 5; n++) assert.equal(await isServed('127.0.0.1', '/small'), '200')
    assert.equal(await isServed('127.0.0.1', '/small'), '', 'who has many gets none of the reserve')
    assert.equal(await isServed('127.0.0.2', '/small'), '200')
    assert.equal(await isServed('127.0.0.2', '/small'), '200')
    assert.equal(await isServed('127.0.0.2', '/small'), '')
    assert.equal(await isServed('127.0.0.3', '/small'), '200')
    assert.equal(await isServed('127.0.0.4', '/small'), '503', 'the very last one')
    assert.equal(await isServed('127.0.0.4', '/readyz'), '200')
  }))

test('D8 who was sent away very often has few connections for a while, and others have theirs', async () => {
  const server = createServer()
  const { sentAway } = boundConnections(server, [], { ofFewMax: 2 })
  server.on('connection', (socket) => {
    socket.on('error', () => {})
    if (!socket.destroyed) socket.write('hello')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const sockets: Socket[] = []
  const isGreeted = async (localAddress: string): Promise<boolean> => {
    const socket = connect({ port, host: '127.0.0.1', localAddress })
    sockets.push(socket)
    socket.on('error', () => {})
    return Promise.race([once(socket, 'data').then(() => true), once(socket, 'close').then(() => false)])
  }
  try {
    const accepted = once(server, 'connection') as Promise<[Socket]>
    assert(await isGreeted('127.0.0.1'))
    for (let n = 0; n < 3; n++) assert(await isGreeted('127.0.0.1'))
    const [first] = await accepted
    for (let n = 0; n <= sentAwayPerMinute; n++) sentAway(first)
    assert(!(await isGreeted('127.0.0.1')))
    for (let n = 0; n < 4; n++) assert(await isGreeted('127.0.0.2'))
  } finally {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
})
