// The OpenAPI document, which anybody may read without a token: written and compressed once, and kept by whoever asks.
import { hash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { worded } from '#model/problems/worded.ts'
import { refuse } from '#model/refusal.ts'
import type { Steps } from '#model/steps.ts'

/** It changes with the version of the server alone; a day would outlast an upgrade. */
const freshSeconds = 300
const compress = promisify(gzip)
/** Who reads the description and its page at a time, of one address (or /64), and in all: they need no token, and it is large. */
export const descriptionReadersOfClientMax = 16
export const descriptionReadersMax = 64
const retrySeconds = 5

/** Counts who reads what is open to everybody; one more is told to come back. */
export class Readers {
  #inAll = 0
  readonly #ofClient = new Map<string, number>()

  /** Counts a reader until its answer has been read. */
  admit(client: string, response: ServerResponse): void {
    const own = this.#ofClient.get(client) ?? 0
    if (own >= descriptionReadersOfClientMax || this.#inAll >= descriptionReadersMax) {
      const because = 'too many read the description and its page at the moment'
      refuse({ code: 'Throttled', retryAfterSeconds: retrySeconds, because: worded(because) })
    }
    this.#inAll++
    this.#ofClient.set(client, own + 1)
    let isOver = false
    const { socket } = response
    const end = (): void => {
      if (isOver) return
      isOver = true
      response.off('close', end)
      socket?.off('close', end)
      this.#inAll--
      const left = this.#ofClient.get(client)! - 1
      if (left === 0) this.#ofClient.delete(client)
      else this.#ofClient.set(client, left)
    }
    response.once('close', end)
    socket?.once('close', end)
  }
}

interface Form {
  readonly body: Buffer
  readonly etag: string
}
interface Description {
  readonly plain: Form
  readonly compressed: Form
}

/** How deep a path, a schema or a response stands in the document. */
const partDepth = 3

/** As `JSON.stringify`, in steps of a path or a schema each: all of it in one piece would hold up others. */
export function* textInSteps(value: unknown, depth = partDepth): Steps<string> {
  if (depth === 0 || typeof value !== 'object' || value === null || Array.isArray(value)) {
    yield
    return JSON.stringify(value)
  }
  const members: string[] = []
  for (const [name, member] of Object.entries(value)) {
    if (member !== undefined) members.push(`${JSON.stringify(name)}:${yield* textInSteps(member, depth - 1)}`)
  }
  return `{${members.join(',')}}`
}

async function prepare(steps: Steps<object>): Promise<Description> {
  const body = Buffer.from(await inTurns(textInSteps(await inTurns(steps))))
  const tag = hash('sha256', body, 'base64url').slice(0, 22)
  // Two forms of one thing are told apart by their tags (RFC 9110, section 8.8.3).
  return {
    plain: { body, etag: `"${tag}"` },
    compressed: { body: await compress(body), etag: `"${tag}-gzip"` },
  }
}

/** Lets others have their turn after each step. */
async function inTurns<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
    await turn()
  }
}
const turn = promisify(setImmediate)

/** Answers with the document, or with 304 where the reader has it. */
export function createDescription(
  documentInSteps: () => Steps<object>,
): (request: FastifyRequest, reply: FastifyReply) => Promise<unknown> {
  let preparing: Promise<Description> | undefined
  return async ({ headers }, reply) => {
    preparing ??= prepare(documentInSteps())
    const { plain, compressed } = await preparing
    const takesGzip = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:\s*,|\s*$))/.test(String(headers['accept-encoding'] ?? ''))
    const { body, etag } = takesGzip ? compressed : plain
    reply.headers({ etag, 'cache-control': `public, max-age=${freshSeconds}`, vary: 'accept-encoding' })
    const known = String(headers['if-none-match'] ?? '')
      .split(',')
      .map((one) => one.trim())
    if (known.includes(etag) || known.includes('*')) return reply.status(304).send()
    if (takesGzip) reply.header('content-encoding', 'gzip')
    return reply.type('application/json; charset=utf-8').send(body)
  }
}
