// A backup as a file: what it is of in one line that anybody may read, and behind that an embedded database, compressed, sealed where there is
// a key, and in parts of which none can be cut off, changed or moved unnoticed.
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createZstdCompress, createZstdDecompress } from 'node:zlib'
import { StoreTrouble } from '../trouble.ts'

export interface ArchiveHeader {
  /** Of the program that wrote it. */
  readonly program: string
  /** The number of the last step of the schema. */
  readonly schema: number
  readonly installation: string
  /** RFC 3339. */
  readonly takenAt: string
  readonly engine: 'sqlite' | 'postgres'
  /** The last entry of the record, as a change's number; everything up to it is in it. */
  readonly newestEntry: number
  /** Hexadecimal; only where it is sealed. */
  readonly salt?: string
}

const magic = 'cadastre-backup 1 '
const headerBytesMax = 4_096
const partBytes = 262_144
/** Of a part as it stands in the file. */
const partBytesMax = 1_048_576
const cipher = 'aes-256-gcm'
const saltBytes = 32
const nonceBytes = 12
const tagBytes = 16
const digestBytes = 32
const more = 0
const last = 1

const problem = (message: string): StoreTrouble => new StoreTrouble('foreign', message, { fatal: true })
const cutShort = (): StoreTrouble => problem('The backup is cut short: its end is missing.')
const changed = (): StoreTrouble => problem('The backup is damaged: what is in it is not what was written.')

/** A key of its own for each backup, so that the numbers of its parts are nonces. */
const keyOf = (secret: Uint8Array, salt: string): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, Buffer.from(salt, 'hex'), 'cadastre backup', 32))
function nonceOf(part: number): Buffer {
  const nonce = Buffer.alloc(nonceBytes)
  nonce.writeUIntBE(part, nonceBytes - 6, 6)
  return nonce
}

/**
 * The bytes of a backup, in order.
 * @param path of the database
 * @param secret 32 bytes; undefined: it is not sealed
 */
export async function* archiveOf(
  path: string,
  header: Omit<ArchiveHeader, 'salt'>,
  secret: Uint8Array | undefined,
): AsyncGenerator<Buffer> {
  const salt = secret && randomBytes(saltBytes).toString('hex')
  const line = Buffer.from(`${magic}${JSON.stringify({ ...header, ...(salt && { salt }) })}\n`)
  const key = secret && salt ? keyOf(secret, salt) : undefined
  const digest = createHash('sha256')
  const counted = (bytes: Buffer): Buffer => {
    digest.update(bytes)
    return bytes
  }
  yield counted(line)
  let count = 0
  const partOf = (kind: number, plain: Buffer): Buffer => {
    const head = Buffer.from([kind, 0, 0, 0, 0])
    let body = plain
    if (key) {
      const sealing = createCipheriv(cipher, key, nonceOf(count)).setAAD(Buffer.concat([line, Buffer.from([kind])]))
      body = Buffer.concat([sealing.update(plain), sealing.final(), sealing.getAuthTag()])
    }
    head.writeUInt32BE(body.length, 1)
    count++
    return counted(Buffer.concat([head, body]))
  }
  let held = Buffer.alloc(0)
  for await (const bytes of createReadStream(path).pipe(createZstdCompress())) {
    held = Buffer.concat([held, bytes as Buffer])
    for (; held.length > partBytes; held = held.subarray(partBytes)) yield partOf(more, held.subarray(0, partBytes))
  }
  yield partOf(last, held)
  yield digest.digest()
}

/** Reads a stream of bytes piece by piece, as many as are asked for. */
class Pieces {
  readonly #from: AsyncIterator<Uint8Array>
  #held: Buffer = Buffer.alloc(0)
  constructor(from: AsyncIterable<Uint8Array>) {
    this.#from = from[Symbol.asyncIterator]()
  }
  async #more(): Promise<boolean> {
    const { done, value } = await this.#from.next()
    if (!done) this.#held = Buffer.concat([this.#held, value])
    return !done
  }
  async take(count: number): Promise<Buffer> {
    while (this.#held.length < count) if (!(await this.#more())) throw cutShort()
    const taken = this.#held.subarray(0, count)
    this.#held = this.#held.subarray(count)
    return taken
  }
  /** Up to the end of a line, which must be within so many bytes. */
  async line(bytesMax: number): Promise<Buffer | undefined> {
    let at = this.#held.indexOf(10)
    while (at < 0 && this.#held.length < bytesMax && (await this.#more())) at = this.#held.indexOf(10)
    return at < 0 || at >= bytesMax ? undefined : this.take(at + 1)
  }
  async isOver(): Promise<boolean> {
    return this.#held.length === 0 && !(await this.#more())
  }
}

/**
 * Writes the database of a backup to a file that is not there yet, and answers what it is of. Throws StoreTrouble where anything is
 * missing, changed, or sealed with another key: what has been written by then is to be thrown away.
 * @param check refuses by what the backup is of, before anything of it is read
 */
export async function readArchive(
  from: AsyncIterable<Uint8Array>,
  into: string,
  secret: Uint8Array | undefined,
  check: (header: ArchiveHeader) => void,
): Promise<ArchiveHeader> {
  const pieces = new Pieces(from)
  const line = await pieces.line(headerBytesMax)
  const header = line && headerIn(line.toString('utf8'))
  if (!line || !header) throw problem('This is not a backup of Cadastre.')
  check(header)
  if (header.salt !== undefined && !secret)
    throw problem('The backup is sealed: name the file of its key (`--key-file`).')
  if (header.salt === undefined && secret) throw problem('The backup is not sealed: leave `--key-file` out.')
  const key = secret && header.salt !== undefined ? keyOf(secret, header.salt) : undefined
  const plain = Readable.from(partsIn(pieces, line, key))
  try {
    await pipeline(plain, createZstdDecompress(), createWriteStream(into, { flags: 'wx', mode: 0o600, flush: true }))
  } catch (error) {
    if (error instanceof StoreTrouble) throw error
    if (/^ZSTD|^ERR_ZSTD/i.test((error as NodeJS.ErrnoException).code ?? '')) throw changed()
    throw error
  }
  return header
}

async function* partsIn(pieces: Pieces, line: Buffer, key: Buffer | undefined): AsyncGenerator<Buffer> {
  const digest = createHash('sha256').update(line)
  for (let count = 0; ; count++) {
    const head = await pieces.take(5)
    const [kind, length] = [head[0]!, head.readUInt32BE(1)]
    if ((kind !== more && kind !== last) || length > partBytesMax) throw changed()
    const body = await pieces.take(length)
    digest.update(head).update(body)
    yield key ? opened(body, key, count, Buffer.concat([line, head.subarray(0, 1)])) : body
    if (kind === last) break
  }
  const told = await pieces.take(digestBytes)
  if (!told.equals(digest.digest()) || !(await pieces.isOver())) throw changed()
}

function opened(body: Buffer, key: Buffer, part: number, aad: Buffer): Buffer {
  if (body.length < tagBytes) throw changed()
  const opening = createDecipheriv(cipher, key, nonceOf(part))
    .setAAD(aad)
    .setAuthTag(body.subarray(body.length - tagBytes))
  try {
    return Buffer.concat([opening.update(body.subarray(0, body.length - tagBytes)), opening.final()])
  } catch {
    throw problem(part === 0 ? 'The backup is sealed with another key, or damaged.' : changed().message)
  }
}

function headerIn(line: string): ArchiveHeader | undefined {
  if (!line.startsWith(magic)) return undefined
  try {
    const header = JSON.parse(line.slice(magic.length)) as ArchiveHeader
    const isWhole =
      Number.isSafeInteger(header.schema) &&
      /^[0-9a-f]{5}$/.test(header.installation) &&
      [header.program, header.takenAt, header.engine].every((text) => typeof text === 'string') &&
      (header.salt === undefined || /^[0-9a-f]{64}$/.test(header.salt))
    return isWhole ? header : undefined
  } catch {
    return undefined
  }
}
