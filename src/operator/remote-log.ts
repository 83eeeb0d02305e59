// A log of evidence as a server shows it (C2SP tlog-tiles), read by somebody who need not believe it: each file is bounded, nothing is followed,
// and what is read next is asked for ahead, so that a log far away takes no round trip for each file.
import { setTimeout as sleep } from 'node:timers/promises'
import { pathOfEntries, pathOfTile, tilesAt, tileWidth } from '#model/evidence/tiles.ts'

/** Where a server has its log, below its own address. */
export const logPath = '/api/v1/evidence/log'
/** A full bundle of leaves that are hashes has 8,704; others' leaves may be longer. */
const fileBytesMax = 1_048_576
const answerMs = 30_000
/** Tiles whose files are on their way at a time. */
const tilesAhead = 8
/** A server that asks for patience is asked again, so often and for so long. */
const triesMax = 30
const retrySecondsDefault = 2
const retrySecondsMax = 60

/** The log cannot be read: that says nothing of what is in it. */
export class Unreadable extends Error {}

/** The address of the log of a server, or of any other log. */
export function logUrlOf(text: string): string | undefined {
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.search || url.hash) return undefined
  const path = url.pathname.replace(/(?<!\/)\/+$/, '')
  return `${url.origin}${path === '' ? logPath : path}`
}

export class RemoteLog {
  readonly #url: string
  readonly #token: string | undefined
  /** Files that were asked for ahead. */
  readonly #ahead = new Map<string, Promise<Uint8Array | undefined>>()
  /** Which tile of leaves a file is of, as far as there are any. */
  #size = 0

  /** @param token for a log that is not open to everybody */
  constructor(url: string, token?: string) {
    this.#url = url
    this.#token = token
  }
  /** The newest checkpoint. */
  async checkpoint(): Promise<string> {
    const bytes = await this.#fetch('checkpoint')
    if (!bytes) throw new Unreadable(`there is no log at ${this.#url}, or nothing was signed yet`)
    return Buffer.from(bytes).toString()
  }
  /** How many leaves there are: their files are asked for ahead. */
  expect(size: number): void {
    this.#size = size
  }
  /** Undefined where there is no such file. */
  async read(path: string): Promise<Uint8Array | undefined> {
    const entries = /^tile\/entries\//.test(path)
    if (entries) this.#askAhead(path)
    const found = this.#ahead.get(path) ?? this.#fetch(path)
    this.#ahead.delete(path)
    return found
  }
  #askAhead(path: string): void {
    const index = indexIn(path)
    const { full, partial } = tilesAt(0, this.#size)
    for (let next = index; next < Math.min(index + tilesAhead, full + (partial > 0 ? 1 : 0)); next++) {
      const tile = { level: 0, index: next, width: next < full ? tileWidth : partial }
      // What was read is not asked for again: its own tile comes right behind it.
      for (const file of next === index ? [pathOfTile(tile)] : [pathOfEntries(tile), pathOfTile(tile)]) {
        if (this.#ahead.has(file)) continue
        const asked = this.#fetch(file)
        // Where nobody comes to read it any more, nobody needs to know.
        asked.catch(() => undefined)
        this.#ahead.set(file, asked)
      }
    }
  }
  async #fetch(path: string): Promise<Uint8Array | undefined> {
    for (let tries = 1; ; tries++) {
      const response = await this.#ask(path)
      if (response.status === 404) return undefined
      if (response.status === 200) return bounded(response, `${this.#url}/${path}`)
      await response.body?.cancel()
      if (response.status === 401)
        throw new Unreadable(`${this.#url} is not open to everybody: sign in there with \`cadastre login\``)
      const isBusy = response.status === 429 || response.status === 503
      if (!isBusy || tries === triesMax) throw new Unreadable(`${this.#url}/${path} answered ${response.status}`)
      const seconds = Number(response.headers.get('retry-after')) || retrySecondsDefault
      await sleep(Math.min(seconds, retrySecondsMax) * 1_000)
    }
  }
  async #ask(path: string): Promise<Response> {
    try {
      return await fetch(`${this.#url}/${path}`, {
        headers: this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` },
        redirect: 'manual',
        signal: AbortSignal.timeout(answerMs),
      })
    } catch (error) {
      const { message, cause } = error as Error & { cause?: { message?: string; code?: string } }
      throw new Unreadable(`${this.#url} cannot be reached: ${cause?.message || cause?.code || message}`)
    }
  }
}

const indexIn = (path: string): number => Number(path.replace(/\.p\/\d+$/, '').replaceAll(/\D/g, ''))

async function bounded(response: Response, url: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length
      if (bytes > fileBytesMax) throw new Unreadable(`${url} is larger than ${fileBytesMax} bytes`)
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof Unreadable) throw error
    throw new Unreadable(`${url} broke off: ${(error as Error).message}`)
  }
  return Buffer.concat(chunks)
}
