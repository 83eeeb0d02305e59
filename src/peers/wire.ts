// A connection between two servers of one database: TLS 1.3 with the key that both have (RFC 8446, 2.2), so that each knows the
// other, nobody reads along, and nothing is said twice. Messages go and come; silence ends it.

import type { Server, TLSSocket } from 'node:tls'
import { withoutBrackets } from '#model/host-name.ts'
import { FrameReader, frame } from './frames.ts'
import type { Message } from './messages.ts'

/** An `import` of it takes long; most servers have no peers. */
const loadTls = () => process.getBuiltinModule('node:tls')

/** Both say something this often, and are gone after this long without a word: before the lease of a leader ends. */
const beatMs = 500
export const silentMsMax = 2_000
const connectMsMax = 2_000
/** Of those who have not said yet who they are, and of all. */
export const helloMsMax = 5_000
export const peersMax = 64
/** What waits to be sent to a peer that does not read. */
const waitingBytesMax = 67_108_864

const identity = 'cadastre'
const secure = {
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  // The hash of this suite is the one that the key is for.
  ciphers: 'TLS_AES_128_GCM_SHA256',
} as const

export interface WireEvents {
  onMessage(message: Message, wire: Wire): void
  /** Once, however it ended. */
  onEnd(why: string, wire: Wire): void
}

export class Wire {
  readonly #socket: TLSSocket
  readonly #events: WireEvents
  readonly #reader = new FrameReader()
  readonly #beat: NodeJS.Timeout
  #heardAt = performance.now()
  #lookedAt = performance.now()
  #why: string | undefined
  #hasEnded = false

  constructor(socket: TLSSocket, events: WireEvents) {
    this.#socket = socket
    this.#events = events
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#hear(chunk))
    socket.on('error', (error) => this.end((error as NodeJS.ErrnoException).code ?? error.message))
    socket.on('close', () => this.end('the other side has closed it'))
    this.#beat = setInterval(() => this.#look(), beatMs).unref()
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }
  /** False where it could not be sent; throws where the message cannot be written. */
  send(message: Message): boolean {
    if (this.#hasEnded) return false
    const bytes = frame(message)
    if (this.#socket.writableLength + bytes.length > waitingBytesMax) {
      this.end('it does not read what is sent')
      return false
    }
    this.#socket.write(bytes)
    return true
  }
  end(why: string): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#why = why
    clearInterval(this.#beat)
    this.#socket.destroy()
    this.#events.onEnd(this.#why, this)
  }

  #hear(chunk: Buffer): void {
    this.#heardAt = performance.now()
    try {
      for (const message of this.#reader.push(chunk)) {
        if (this.#hasEnded) return
        this.#events.onMessage(message as Message, this)
      }
    } catch (error) {
      this.end(`it said what is no message (${(error as Error).message})`)
    }
  }
  #look(): void {
    const now = performance.now()
    // Where this process stood still itself, what was said meanwhile has not been read yet.
    if (now - this.#lookedAt > 2 * beatMs) this.#heardAt = now
    this.#lookedAt = now
    if (now - this.#heardAt > silentMsMax) this.end('it says nothing any more')
    else this.send({ kind: 'beat' })
  }
}

/** Connects to whoever leads; rejects with a word about why not. */
export function connectWire(address: string, key: Uint8Array, events: WireEvents): Promise<Wire> {
  const { host, port } = hostAndPort(address)
  return new Promise((resolve, reject) => {
    const socket = loadTls().connect({
      ...secure,
      host,
      port,
      pskCallback: () => ({ psk: key, identity }),
      // Whoever shows a certificate does not have the key.
      checkServerIdentity: () => new Error('it is no server of this database'),
      rejectUnauthorized: true,
    })
    const fail = (why: string): void => {
      socket.destroy()
      reject(new Error(why))
    }
    const timer = setTimeout(() => fail(`no connection within ${connectMsMax} ms`), connectMsMax)
    socket.once('error', (error) => {
      clearTimeout(timer)
      fail((error as NodeJS.ErrnoException).code ?? error.message)
    })
    socket.once('secureConnect', () => {
      clearTimeout(timer)
      socket.removeAllListeners('error')
      // The key was used, and no certificate: without it there would be no session to go on with.
      if (!socket.isSessionReused()) fail('it is no server of this database')
      else resolve(new Wire(socket, events))
    })
  })
}

/** Listens for peers; whoever does not have the key gets no further than the handshake. */
export function listenForWires(
  { host, port, key }: { readonly host: string; readonly port: number; readonly key: Uint8Array },
  accept: (socket: TLSSocket) => void,
): Promise<Server> {
  const server = loadTls().createServer({
    ...secure,
    handshakeTimeout: helloMsMax,
    pskCallback: (_, given) => (given === identity ? key : null),
  })
  server.maxConnections = peersMax
  server.on('tlsClientError', (_, socket) => socket.destroy())
  server.on('secureConnection', accept)
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      server.unref()
      resolve(server)
    })
  })
}

/** Of `HOST:PORT`, or `[HOST]:PORT`. */
export function hostAndPort(address: string): { readonly host: string; readonly port: number } {
  const at = address.lastIndexOf(':')
  return { host: withoutBrackets(address.slice(0, at)), port: Number(address.slice(at + 1)) }
}
