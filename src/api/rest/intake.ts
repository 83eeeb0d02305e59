// Bodies of any size over the native API: read as they come, while what came before is being written, in many transactions.
import type { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { accountableOf } from '#model/principal.ts'
import { type Refusal, refuse } from '#model/refusal.ts'
import type { Answer, Call } from '#operations/execute.ts'
import type { NativeIntake, Steps } from '#operations/operation.native.ts'
import type { AnyOperation } from '#operations/operation.ts'
import { intakeParts, shapeOf } from './parts.ts'

/** Taken at a time, of a whole server and of one principal with the services that have their tokens from it. */
export const intakesMax = 16
export const intakesOfSenderMax = 4
/** A client that sends nothing for so long is not waited for. */
const idleMs = 30_000
const retrySeconds = 5
/** Of what is refused before its end. */
const droppedBytesMax = 268_435_456

export interface IntakeDependencies {
  execute(operation: AnyOperation, call: Call): Promise<Answer>
}

/** Adds the routes of intakes: their bodies are read by them alone. */
export async function addIntakes(
  routes: FastifyInstance,
  { execute, callOf }: IntakeDependencies & { callOf(request: FastifyRequest, input: object): Call },
  intakes: readonly NativeIntake[],
): Promise<void> {
  const underWay = new UnderWay()
  await routes.register(async (own) => {
    own.removeAllContentTypeParsers()
    for (const contentType of new Set(intakes.map(({ rest }) => rest.contentType))) {
      own.addContentTypeParser(contentType, (_request, payload, done) => done(null, payload))
    }
    for (const intake of intakes) {
      const { path, query } = intakeParts(intake)
      own.route({
        method: 'POST',
        url: intake.rest.path.replaceAll(/\{(\w+)\}/g, ':$1'),
        schema: {
          params: shapeOf(intake, path),
          querystring: shapeOf(intake, query),
          response: { [intake.rest.status ?? 200]: intake.output },
        },
        handler: (request, reply) => receive(request, reply),
      })

      async function receive(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
        const body = new ComingBody(request)
        const input = { ...(request.query as object), ...(request.params as object) }
        const call = callOf(request, input)
        // What is not read to its end leaves a connection that nobody can use any more.
        reply.raw.shouldKeepAlive = false
        let leave: (() => void) | undefined
        try {
          refuseHeaders(request)
          leave = underWay.enter(accountableOf(request.principal.native!))
          const output = await intake.receive(stepsOf(intake.name, call, execute), input, body.pieces())
          return await reply.status(intake.rest.status ?? 200).send(output)
        } catch (error) {
          // Whoever still sends would be cut off, and never see why.
          await body.drop()
          throw error
        } finally {
          leave?.()
        }
      }
    }
  })
}

/** What has a meaning for one transaction has none for many. */
function refuseHeaders({ headers }: FastifyRequest): void {
  for (const name of ['idempotency-key', 'if-match']) {
    const value = headers[name]
    if (value === undefined) continue
    const problem = 'a body that is taken in parts has no such header: leave it out'
    refuse({ code: 'InvalidParameterValue', field: name, value: String(value), problem })
  }
}

function stepsOf(name: string, call: Call, execute: IntakeDependencies['execute']): Steps {
  const run = async <T>(access: 'read' | 'write', work: (context: never) => Promise<T>): Promise<T> => {
    // Each part arrives when it arrives: it has a deadline of its own.
    const asked = { ...call, arrivedAt: performance.now() }
    const operation = { name, access, run: work } as AnyOperation
    return (await execute(operation, asked)).output as T
  }
  return { read: (work) => run('read', work), write: (work) => run('write', work) }
}

/** A body as it comes: the client is held back while nobody takes the next piece. */
class ComingBody {
  readonly #request: FastifyRequest
  readonly #pieces: AsyncIterator<Uint8Array>
  constructor(request: FastifyRequest) {
    this.#request = request
    this.#pieces = (request.body as Readable).iterator({ destroyOnReturn: false })
  }

  async *pieces(): AsyncGenerator<Uint8Array> {
    for (let next = await this.#next(); !next.done; next = await this.#next()) yield next.value
  }
  /** Reads what is left and keeps nothing of it; of what is very much, not to its end. */
  async drop(): Promise<void> {
    let dropped = 0
    try {
      for (let next = await this.#next(); !next.done && dropped < droppedBytesMax; next = await this.#next())
        dropped += next.value.length
    } catch {
      // Whoever is gone is told nothing.
    }
  }
  async #next(): Promise<IteratorResult<Uint8Array>> {
    const timer = setTimeout(() => this.#request.raw.destroy(new SilentClient()), idleMs)
    try {
      return await this.#pieces.next()
    } catch (error) {
      const { message } = error as Error
      return refuse({ code: 'MalformedRequest', problem: `the body broke off: ${message}` })
    } finally {
      clearTimeout(timer)
    }
  }
}

class SilentClient extends Error {
  constructor() {
    super(`nothing came for ${idleMs / 1_000} seconds`)
    this.name = 'SilentClient'
  }
}

/** How many are under way, so that nobody has all places. */
class UnderWay {
  #inAll = 0
  readonly #ofSender = new Map<string, number>()

  /** Answers what gives the place back. */
  enter(sender: string): () => void {
    const ofSender = this.#ofSender.get(sender) ?? 0
    if (this.#inAll >= intakesMax || ofSender >= intakesOfSenderMax) refuse(tooMany)
    this.#inAll++
    this.#ofSender.set(sender, ofSender + 1)
    return () => {
      this.#inAll--
      const left = this.#ofSender.get(sender)! - 1
      if (left === 0) this.#ofSender.delete(sender)
      else this.#ofSender.set(sender, left)
    }
  }
}
const tooMany: Refusal = {
  code: 'Throttled',
  retryAfterSeconds: retrySeconds,
  because: 'too many bodies of this kind are on their way',
}
