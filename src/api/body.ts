// Bodies of requests: each within a bound of its own, and what is held of all that are under way within bounds of a sender and of
// the server (threat model D1, D8).
import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Bytes of bodies that are held at a time, of the whole server. */
export const bodyBytesInAllMax = 67_108_864
/** The same of all whose credential is not proven: whoever is known has the rest. */
export const bodyBytesUnprovenMax = 33_554_432
/** The same of one principal, or of one address (or /64) where nobody is known yet. */
export const bodyBytesOfSenderMax = 8_388_608
/** A body that is not larger is not counted: the number of connections bounds those, and nobody can use them up. */
const freeBytesMax = 4_096
/** Pieces that a body may come in before they are counted too: single bytes cost far more than they say. */
const freePiecesMax = 8
const pieceBytes = 256
/** What is refused is read so far and dropped: a client that is cut off while it sends may never see the answer. */
const droppedBytesMax = 1_048_576

/** For whom the bytes of a body are counted. */
export interface Sender {
  readonly name: string
  /** Whether the credential has been checked. */
  readonly isProven: boolean
}

export interface BodyBounds {
  /** Bytes. */
  readonly limit: number
  /** Asked where a body is not a small one. */
  sender(): Sender
}

/** A whole body; or it is larger than its bound; or there is no room for it beside the others that are under way. */
export type ReadBody = Buffer | 'too-large' | 'no-room'

const noBody = Buffer.alloc(0)
/** A body has so long to arrive, from its head on, whether or not anybody reads it. */
export const bodyMsMax = 30_000
/** Between two looks at those that are under way. */
const sweepMs = 2_000

/** Bodies that are waited for. Almost every one is there before the next look. */
class Awaited {
  /** Since when, in that order. */
  readonly #since = new Map<IncomingMessage, number>()
  #timer: NodeJS.Timeout | undefined

  add(request: IncomingMessage): void {
    this.#since.set(request, performance.now())
    this.#timer ??= setInterval(() => this.#endOverdue(), sweepMs).unref()
  }
  remove(request: IncomingMessage): void {
    this.#since.delete(request)
  }
  #endOverdue(): void {
    const due = performance.now() - bodyMsMax
    for (const [request, since] of this.#since) {
      if (!request.complete && !request.destroyed && since > due) break
      this.#since.delete(request)
      if (!request.complete && !request.destroyed) endSlow(request.socket)
    }
    if (this.#since.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
const awaited = new Awaited()

/** To be called for every request as it arrives: from then on its body has a deadline. */
export function awaitBody(request: IncomingMessage): void {
  const { headers } = request
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0) awaited.add(request)
}
/** Of a body that has deadlines of its own. */
export const stopAwaiting = (request: IncomingMessage): void => awaited.remove(request)

/** As the server of Node ends a head that does not arrive: whoever listens to `clientError` answers. */
function endSlow(socket: Socket): void {
  const error = Object.assign(new Error('the body did not arrive in time'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' })
  const { server } = socket as { server?: EventEmitter | null }
  if (!server?.emit('clientError', error, socket)) socket.destroy()
}

export class Bodies {
  #inAll = 0
  #unproven = 0
  readonly #ofSender = new Map<string, number>()
  readonly #onNoRoom: (socket: Socket) => void

  /** @param onNoRoom told of each connection whose body has no room */
  constructor(onNoRoom: (socket: Socket) => void = () => {}) {
    this.#onNoRoom = onNoRoom
  }

  /** Bytes that are held at the moment, beside small bodies. */
  get held(): number {
    return this.#inAll
  }

  /**
   * Hands on the whole body, or why there is none; nothing where the client goes away. What is held is counted until the
   * request has been answered.
   */
  read(
    request: IncomingMessage,
    response: ServerResponse,
    { limit, sender }: BodyBounds,
    then: (body: ReadBody) => void,
  ): void {
    if (Number(request.headers['content-length'] ?? 0) > limit) {
      dropBody(request, () => then('too-large'))
      return
    }
    const pieces: Buffer[] = []
    let bytes = 0
    let hold: Hold | undefined
    const stop = (): void => {
      request.off('data', onData)
      request.off('end', onEnd)
      request.off('close', onClose)
      pieces.length = 0
      hold?.release()
    }
    const onData = (piece: Buffer): void => {
      bytes += piece.length
      if (bytes > limit) {
        stop()
        dropBody(request, () => then('too-large'), bytes)
        return
      }
      pieces.push(piece)
      if (bytes <= freeBytesMax && pieces.length <= freePiecesMax) return
      hold ??= new Hold(sender(), request, response, this)
      if (hold.grow(bytes + pieces.length * pieceBytes)) return
      stop()
      this.#onNoRoom(request.socket)
      then('no-room')
    }
    const onClose = (): void => awaited.remove(request)
    const onEnd = (): void => {
      onClose()
      then(pieces.length === 1 ? pieces[0]! : pieces.length === 0 ? noBody : Buffer.concat(pieces, bytes))
    }
    request.on('data', onData)
    request.on('end', onEnd)
    request.on('close', onClose)
    request.on('error', ignore)
  }

  /** Counts so many bytes more, where there is room for them. */
  take({ name, isProven }: Sender, bytes: number): boolean {
    const ofSender = (this.#ofSender.get(name) ?? 0) + bytes
    if (ofSender > bodyBytesOfSenderMax || this.#inAll + bytes > bodyBytesInAllMax) return false
    if (!isProven && this.#unproven + bytes > bodyBytesUnprovenMax) return false
    this.#add(name, isProven, bytes)
    return true
  }
  give({ name, isProven }: Sender, bytes: number): void {
    this.#add(name, isProven, -bytes)
  }
  #add(name: string, isProven: boolean, bytes: number): void {
    this.#inAll += bytes
    if (!isProven) this.#unproven += bytes
    const ofSender = (this.#ofSender.get(name) ?? 0) + bytes
    if (ofSender === 0) this.#ofSender.delete(name)
    else this.#ofSender.set(name, ofSender)
  }
}

/** What one body holds, until its request is answered or its connection ends. */
class Hold {
  readonly #sender: Sender
  readonly #bodies: Bodies
  readonly #ends: () => void
  #bytes = 0

  constructor(sender: Sender, request: IncomingMessage, response: ServerResponse, bodies: Bodies) {
    this.#sender = sender
    this.#bodies = bodies
    const { socket } = request
    const release = (): void => this.release()
    // Of the answers that wait behind another one on their connection, Node closes none with it.
    socket.once('close', release)
    response.once('close', release)
    this.#ends = () => {
      socket.off('close', release)
      response.off('close', release)
    }
  }
  grow(bytes: number): boolean {
    if (!this.#bodies.take(this.#sender, bytes - this.#bytes)) return false
    this.#bytes = bytes
    return true
  }
  release(): void {
    this.#ends()
    if (this.#bytes > 0) this.#bodies.give(this.#sender, this.#bytes)
    this.#bytes = 0
  }
}

/**
 * Reads what is left of a body that nobody wants and keeps nothing of it, then goes on. One that is very large is not read to its
 * end; one that never ends is ended by the deadline of its request.
 * @param bytes what has been read of it already
 */
export function dropBody(request: IncomingMessage, then: () => void, bytes = 0): void {
  const { headers } = request
  const isThere = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  if (!isThere || request.complete || Number(headers['content-length'] ?? 0) > droppedBytesMax) {
    then()
    return
  }
  let dropped = bytes
  const onData = (piece: Buffer): void => {
    dropped += piece.length
    if (dropped > droppedBytesMax) end()
  }
  const end = (): void => {
    request.off('data', onData)
    request.off('end', end)
    request.off('close', onClose)
    then()
  }
  const onClose = (): void => awaited.remove(request)
  request.on('data', onData)
  request.on('end', end)
  request.on('close', onClose)
  request.on('error', ignore)
}
/** A client that goes away in the middle of its request has not asked anything: there is nobody to answer. */
function ignore(): void {}
