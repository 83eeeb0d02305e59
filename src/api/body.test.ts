// Bodies over real sockets: how much is held at a time, for whom, and that others and small ones are read all the same.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { Bodies, bodyBytesOfSenderMax, bodyBytesUnprovenMax } from './body.ts'

const limit = 1_048_576

interface Sent {
  readonly sender: string
  readonly bytes: number
  /** How many of them are sent; all by default. */
  readonly sending?: number
  readonly isProven?: boolean
}
interface World {
  readonly bodies: Bodies
  /** Opens a connection and sends a request, or a part of it. */
  send(sent: Sent): Socket
  /** What a request is answered with. */
  answerTo(sent: Sent): Promise<string>
  /** Waits until the server holds so many bytes. */
  holds(bytes: (held: number) => boolean): Promise<void>
}

async function withServer(work: (world: World) => Promise<void>): Promise<void> {
  const bodies = new Bodies()
  const server = createServer((request, response) => {
    const [name = '', proven] = String(request.headers['x-sender']).split(' ')
    const sender = () => ({ name, isProven: proven === 'proven' })
    bodies.read(request, response, { limit, sender }, (body) => {
      response.shouldKeepAlive = false
      response.end(typeof body === 'string' ? body : `read ${body.length}`)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const sockets: Socket[] = []
  const send = ({ sender, bytes, sending = bytes, isProven = false }: Sent): Socket => {
    const socket = connect(port, '127.0.0.1')
    sockets.push(socket)
    socket.on('error', () => {})
    socket.write(
      `POST / HTTP/1.1\r\nHost: x\r\nX-Sender: ${sender}${isProven ? ' proven' : ''}\r\nContent-Length: ${bytes}\r\n\r\n`,
    )
    socket.write(Buffer.alloc(sending, 120))
    return socket
  }
  try {
    await work({
      bodies,
      send,
      async answerTo(sent) {
        const socket = send(sent)
        let text = ''
        socket.setEncoding('latin1').on('data', (piece) => {
          text += piece
        })
        await once(socket, 'close')
        return text.slice(text.lastIndexOf('\n') + 1)
      },
      async holds(isSo) {
        for (const deadline = Date.now() + 10_000; !isSo(bodies.held) && Date.now() < deadline; ) {
          await new Promise((resolve) => setImmediate(resolve))
        }
        assert(isSo(bodies.held), `${bodies.held}`)
      },
    })
  } finally {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
}

test('D8 so much is held of the bodies of one sender; another one has room, and small bodies always have', () =>
  withServer(async ({ bodies, send, answerTo, holds }) => {
    const part = 1_000_000
    const own = Math.floor(bodyBytesOfSenderMax / part)
    const held = Array.from({ length: own }, () => send({ sender: 'a', bytes: limit, sending: part }))
    await holds((bytes) => bytes >= own * part)
    assert.equal(await answerTo({ sender: 'a', bytes: limit }), 'no-room')
    assert.equal(await answerTo({ sender: 'a', bytes: 4_000 }), 'read 4000')
    assert.equal(await answerTo({ sender: 'b', bytes: limit }), `read ${limit}`)
    // Whoever hangs up in the middle gives back what was held of theirs.
    for (const socket of held) socket.destroy()
    await holds((bytes) => bytes === 0)
    assert.equal(await answerTo({ sender: 'a', bytes: limit }), `read ${limit}`)
    await holds((bytes) => bytes === 0)
    assert.equal(bodies.held, 0)
  }))

test('D8 all who are not known leave room for those who are', () =>
  withServer(async ({ send, answerTo, holds }) => {
    const part = 1_000_000
    const ofOne = Math.floor(bodyBytesOfSenderMax / part)
    for (let n = 0; n < Math.floor(bodyBytesUnprovenMax / part); n++) {
      send({ sender: `unknown-${Math.floor(n / ofOne)}`, bytes: limit, sending: part })
    }
    await holds((bytes) => bytes >= Math.floor(bodyBytesUnprovenMax / part) * part)
    assert.equal(await answerTo({ sender: 'unknown', bytes: limit }), 'no-room')
    assert.equal(await answerTo({ sender: 'known', bytes: limit, isProven: true }), `read ${limit}`)
  }))

test('D1 a body that is sent byte by byte counts for what its pieces cost', () =>
  withServer(async ({ bodies, send, holds }) => {
    const socket = send({ sender: 'a', bytes: 1_000, sending: 0 }).setNoDelay(true)
    const pieces = 20
    for (let n = 0; n < pieces; n++) {
      // One packet each: the next one is sent once this one has left, and the loop has turned.
      await new Promise((resolve) => socket.write('x', () => setTimeout(resolve, 5)))
    }
    await holds((bytes) => bytes > 10 * 256)
    assert(bodies.held <= pieces * 257)
  }))

test('D1 a body beyond its bound is not kept: neither by the length that it says nor by what comes', () =>
  withServer(async ({ bodies, send, answerTo, holds }) => {
    assert.equal(await answerTo({ sender: 'a', bytes: limit + 1 }), 'too-large')
    assert.equal(await answerTo({ sender: 'a', bytes: 10 * limit, sending: 0 }), 'too-large')
    const socket = send({ sender: 'a', bytes: limit, sending: limit - 1 })
    await holds((bytes) => bytes > limit / 2)
    const closed = once(socket, 'close')
    socket.destroy()
    await closed
    await holds((bytes) => bytes === 0)
    assert.equal(bodies.held, 0)
  }))
