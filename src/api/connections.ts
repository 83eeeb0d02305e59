// Connections: how many a server holds open, in all and of one client, and how much it keeps of answers that nobody reads, so that
// nobody keeps others from being heard (threat model D1, D8).
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server, Socket } from 'node:net'
import type { Cidr } from '#model/cidr.ts'
import { addressOfSocket, clientOf, isIn } from './source-address.ts'

export const connectionsMax = 10_000
/** Of one address, or one /64, that is no trusted proxy: a proxy brings the requests of everybody. */
export const connectionsOfClientMax = 2_500
/** The last ones are for clients that have few, so that some who have very many leave room for all others. */
export const connectionsReserve = 1_000
export const connectionsOfFewMax = 50
/** Of these, the very last ones are for the probes alone: the server is not taken for dead because it is full. */
export const probesReserve = 100

/** Bytes of answers that wait to be read: of one connection, of one client, and of all. */
export const unreadBytesOfConnectionMax = 16_777_216
export const unreadBytesOfClientMax = 33_554_432
export const unreadBytesInAllMax = 67_108_864
/** An answer of which nothing is read for so long is not waited for. */
export const unreadMsMax = 30_000
/** Requests that a client may send on one connection before it has read the answer to the first; no SDK sends any. */
export const pipelinedMax = 4
/** Whoever is sent away more often in a minute, for what one of these bounds is about, has few connections until it is over. */
export const sentAwayPerMinute = 100
const windowMs = 60_000
/** Held in memory; one more makes room by dropping the one whose minute is over first. */
const clientsMax = 10_000
/** Between two looks at what waits: a look costs some nanoseconds for each connection, and requests cost nothing. */
const sweepMs = 250

const probePaths: ReadonlySet<string> = new Set(['/livez', '/healthz', '/readyz'])

export interface ConnectionBounds {
  readonly inAllMax: number
  readonly ofClientMax: number
  readonly reserve: number
  readonly ofFewMax: number
  readonly probesReserve: number
  readonly unreadBytesOfConnectionMax: number
  readonly unreadBytesOfClientMax: number
  readonly unreadBytesInAllMax: number
  readonly unreadMsMax: number
}
const usual: ConnectionBounds = {
  inAllMax: connectionsMax,
  ofClientMax: connectionsOfClientMax,
  reserve: connectionsReserve,
  ofFewMax: connectionsOfFewMax,
  probesReserve,
  unreadBytesOfConnectionMax,
  unreadBytesOfClientMax,
  unreadBytesInAllMax,
  unreadMsMax,
}

interface Connection {
  /** Undefined of a trusted proxy. */
  readonly client: string | undefined
  /** How much of its answers waited at the last look, in bytes, and since when it has been so much. */
  waiting: number
  waitingSince: number
  /** Answers to requests that were sent before an earlier one was answered. */
  pipelined: Set<ServerResponse> | undefined
}

export interface Connections {
  /** Whether a request may be served; where it may not, it has been answered, or its connection has ended. */
  admit(request: IncomingMessage, response: ServerResponse): boolean
  /** That a connection is ended for what its client does: one that comes back at once, again and again, costs others as much. */
  sentAway(socket: Socket): void
}

/** How often clients were sent away in a minute that began with the first time. */
class SentAway {
  // In the order in which their minutes end.
  readonly #clients = new Map<string, { count: number; readonly endsAt: number }>()

  count(client: string, now: number): void {
    const known = this.#clients.get(client)
    if (known && known.endsAt > now) {
      known.count++
      return
    }
    this.#clients.delete(client)
    if (this.#clients.size >= clientsMax) this.#clients.delete(this.#clients.keys().next().value!)
    this.#clients.set(client, { count: 1, endsAt: now + windowMs })
  }
  isTooOften(client: string, now: number): boolean {
    const known = this.#clients.get(client)
    return known !== undefined && known.count > sentAwayPerMinute && known.endsAt > now
  }
}

/**
 * Closes connections beyond the bounds before anything is read from them, and those whose answers nobody reads: the ones that
 * have waited longest of whoever has most. Nothing is done here for a single request, but for one look at two members.
 */
export function boundConnections(
  server: Server,
  trustedProxies: readonly Cidr[],
  changed: Partial<ConnectionBounds> = {},
): Connections {
  const bounds = { ...usual, ...changed }
  /** By the socket that HTTP is spoken over. */
  const open = new Map<Socket, Connection>()
  /** All that there are, over TLS also those that have not shaken hands yet. */
  let openCount = 0
  const counts = new Map<string, number>()
  const forProbes = new Set<Socket>()
  const clientsSentAway = new SentAway()
  const sentAway = (socket: Socket): void => {
    const client = open.get(socket)?.client
    if (client !== undefined) clientsSentAway.count(client, performance.now())
  }
  server.maxConnections = bounds.inAllMax

  const clientOfSocket = (socket: Socket): string | undefined => {
    const address = addressOfSocket(socket)
    return isIn(trustedProxies, address) ? undefined : clientOf(address)
  }
  const speak = (socket: Socket): void => {
    if (openCount > bounds.inAllMax - bounds.probesReserve) forProbes.add(socket)
    open.set(socket, { client: clientOfSocket(socket), waiting: 0, waitingSince: 0, pipelined: undefined })
    socket.once('close', () => {
      open.delete(socket)
      forProbes.delete(socket)
    })
  }
  const isOverTls = 'setSecureContext' in server
  // Before anything of TLS is done for it.
  server.prependListener('connection', (socket: Socket) => {
    const client = clientOfSocket(socket)
    if (client !== undefined) {
      const count = (counts.get(client) ?? 0) + 1
      const isScarce =
        openCount >= bounds.inAllMax - bounds.reserve || clientsSentAway.isTooOften(client, performance.now())
      if (count > bounds.ofClientMax || (isScarce && count > bounds.ofFewMax)) {
        socket.destroy()
        return
      }
      counts.set(client, count)
    }
    openCount++
    if (!isOverTls) speak(socket)
    socket.once('close', () => {
      openCount--
      if (client === undefined) return
      const left = counts.get(client)! - 1
      if (left === 0) counts.delete(client)
      else counts.set(client, left)
    })
  })
  if (isOverTls) server.on('secureConnection', speak)
  const end = (socket: Socket): void => {
    sentAway(socket)
    socket.destroy()
  }
  const timer = setInterval(() => endUnread(open, { bounds, now: performance.now(), end }), sweepMs)
  timer.unref()
  server.once('close', () => clearInterval(timer))

  /** Node gives a socket to the first answer alone: another one waits for its turn. */
  function admitPipelined(socket: Socket, response: ServerResponse): boolean {
    const connection = open.get(socket)
    if (connection === undefined) return false
    connection.pipelined ??= new Set()
    const { pipelined } = connection
    if (pipelined.size >= pipelinedMax) {
      end(socket)
      return false
    }
    pipelined.add(response)
    response.once('close', () => pipelined.delete(response))
    return true
  }
  return {
    admit(request, response) {
      if (response.socket === null) return admitPipelined(request.socket, response)
      if (forProbes.size === 0 || !forProbes.has(request.socket) || probePaths.has(request.url ?? '')) return true
      response.writeHead(503, { Connection: 'close', 'Retry-After': '1', 'Content-Length': 0 }).end()
      return false
    },
    sentAway,
  }
}

/** One connection with answers that wait, as a look at all of them has found it. */
interface Unread {
  readonly socket: Socket
  readonly bytes: number
  readonly since: number
}

interface Look {
  readonly bounds: ConnectionBounds
  readonly now: number
  end(socket: Socket): void
}

function endUnread(open: ReadonlyMap<Socket, Connection>, { bounds, now, end }: Look): void {
  let inAll = 0
  const ofClients = new Map<string | Socket, { bytes: number; readonly unread: Unread[] }>()
  for (const [socket, connection] of open) {
    const bytes = unreadBytes(socket, connection)
    // What the system has taken is not read, but no memory of ours: what it has not taken yet tells whether anything moves.
    const waiting = bytes === 0 ? 0 : (handleOf(socket)?.writeQueueSize ?? bytes)
    if (waiting !== connection.waiting) Object.assign(connection, { waiting, waitingSince: now })
    if (bytes === 0) continue
    const { client = socket, waitingSince: since } = connection
    if (bytes > bounds.unreadBytesOfConnectionMax || (waiting > 0 && now - since >= bounds.unreadMsMax)) {
      end(socket)
      continue
    }
    inAll += bytes
    const ofClient = ofClients.get(client) ?? { bytes: 0, unread: [] }
    ofClient.bytes += bytes
    ofClient.unread.push({ socket, bytes, since })
    ofClients.set(client, ofClient)
  }
  if (inAll === 0) return
  // The greatest first, and of each what has waited longest: one that stays within its share loses nothing for others.
  const greatest = [...ofClients].sort(([, one], [, other]) => other.bytes - one.bytes)
  for (const [client, { bytes, unread }] of greatest) {
    const ofClientMax = typeof client === 'string' ? bounds.unreadBytesOfClientMax : Number.POSITIVE_INFINITY
    let excess = Math.max(bytes - ofClientMax, inAll - bounds.unreadBytesInAllMax)
    if (excess <= 0) break
    unread.sort((one, other) => one.since - other.since)
    for (const { socket, bytes: freed } of unread) {
      if (excess <= 0) break
      end(socket)
      excess -= freed
      inAll -= freed
    }
  }
}

/** Bytes that are held of answers to a connection. */
function unreadBytes(socket: Socket, { pipelined }: Connection): number {
  let bytes = socket.writableLength
  // Such an answer is counted with its socket once it is its turn.
  if (pipelined) for (const response of pipelined) if (response.socket === null) bytes += response.writableLength
  return bytes
}

/** Node itself tells by this, in its own timeouts of sockets, whether a write makes progress; there is no other name for it. */
const handleOf = (socket: Socket): { readonly writeQueueSize: number } | undefined =>
  (socket as { _handle?: { readonly writeQueueSize: number } | null })._handle ?? undefined
