// Bodies of any size over the native API: read as they come, while what came before is being written, in many transactions.
import type { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { accountableOf } from '#model/principal.ts'
import { worded } from '#model/problems/worded.ts'
import { type Refusal, refuse } from '#model/refusal.ts'
import type { Answer, Call } from '#operations/execute.ts'
import type { NativeIntake } from '#operations/operation.native.ts'
import type { AnyOperation, Steps } from '#operations/operation.ts'
import { stopAwaiting } from '../body.ts'
import type { StepsInTurn } from '../steps-in-turn.ts'
import { intakeParts, shapeOf } from './parts.ts'

/** Taken at a time, of a whole server and of one principal with the services that have their tokens from it. */
export const intakesMax = 16
export const intakesOfSenderMax = 4
/** A client that sends nothing for so long is not waited for. */
const idleMs = 30_000
const retrySeconds = 5
/** Of what is refused before its end. */
const droppedBytesMax = 268_435_456
const droppedMsMax = 20_000
/** Of a body that are read before others have their turn: a millisecond or a few, where each line is wrong. */
const bytesPerTurn = 2_048

export interface IntakeDependencies {
  execute(operation: AnyOperation, call: Call): Promise<Answer>
  /** Lets whoever asks once go first. */
  readonly inTurn: Pick<StepsInTurn, 'step' | 'isCrowded'>
}

interface Taken {
  readonly input: object
  readonly steps: RecordingSteps
  readonly body: ComingBody
}

/** Adds the routes of intakes: their bodies are read by them alone. */
export async function addIntakes(
  routes: FastifyInstance,
  { execute, inTurn, callOf }: IntakeDependencies & { callOf(request: FastifyRequest, input: object): Call },
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
        // What is refused and no step has put on record is put there as that of any change.
        config: {
          contentType: intake.rest.contentType,
          intake: { name: intake.name, access: 'write' } as AnyOperation,
        },
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
        const steps = stepsOf(intake.name, callOf(request, input), { execute, inTurn })
        // What is not read to its end leaves a connection that nobody can use any more.
        reply.raw.shouldKeepAlive = false
        try {
          refuseHeaders(request)
          const output = await take(request, { input, steps, body })
          return await reply.status(intake.rest.status ?? 200).send(output)
        } catch (error) {
          request.isExecuted = steps.isOnRecord(error)
          // Whoever still sends would be cut off, and never see why.
          await body.drop()
          throw error
        }
      }

      async function take(request: FastifyRequest, { input, steps, body }: Taken): Promise<unknown> {
        const named = await intake.permit(steps.first, input)
        const leave = underWay.enter(accountableOf(request.principal.native!))
        // From here on it may take as long as it moves.
        stopAwaiting(request.raw)
        try {
          return await intake.receive(steps, named, body.pieces())
        } finally {
          leave()
        }
      }
    }
  })
}

/** What has a meaning for one transaction has none for many. */
function refuseHeaders({ headers }: FastifyRequest): void {
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity') refuse({ code: 'UnsupportedMediaType', value: encoding, allowed: ['identity'] })
  for (const name of ['Idempotency-Key', 'If-Match']) {
    const value = headers[name.toLowerCase()]
    if (value === undefined) continue
    const problem = 'a body that is taken in parts has no such header: leave it out'
    refuse({ code: 'InvalidParameterValue', field: name, value: String(value), problem: worded(problem) })
  }
}

interface RecordingSteps extends Steps {
  /** The first one, which waits for nobody: whoever may do nothing must not hold up those who may. */
  readonly first: Pick<Steps, 'read'>
  /** Whether a step has put on record what is thrown. */
  isOnRecord(error: unknown): boolean
}
function stepsOf(name: string, call: Call, { execute, inTurn }: IntakeDependencies): RecordingSteps {
  const recorded = new Set<unknown>()
  const run = async <T>(
    access: 'read' | 'write',
    how: Partial<Call>,
    work: (context: never) => Promise<T>,
  ): Promise<T> => {
    // Each part arrives when it arrives: it has a deadline of its own.
    const asked = { ...call, ...how, arrivedAt: performance.now() }
    const operation = { name, access, run: work } as AnyOperation
    try {
      return (await execute(operation, asked)).output as T
    } catch (error) {
      if (access === 'write') recorded.add(error)
      throw error
    }
  }
  return {
    first: { read: (work) => run('read', {}, work) },
    read: (work) => inTurn.step(() => run('read', {}, work)),
    write: (work) => inTurn.step(() => run('write', {}, work)),
    undo: (work) => inTurn.step(() => run('write', { takesBack: true }, work)),
    isCrowded: () => inTurn.isCrowded(),
    isOnRecord: (error) => recorded.has(error),
  }
}

/** A body as it comes: the client is held back while nobody takes the next piece. */
class ComingBody {
  readonly #request: FastifyRequest
  readonly #pieces: AsyncIterator<Uint8Array>
  #bytes = 0
  #waitedMs = 0
  constructor(request: FastifyRequest) {
    this.#request = request
    this.#pieces = (request.body as Readable).iterator({ destroyOnReturn: false })
  }

  async *pieces(): AsyncGenerator<Uint8Array> {
    for (let next = await this.#next(); !next.done; next = await this.#next()) {
      for (let at = 0; at < next.value.length; at += bytesPerTurn) {
        yield next.value.subarray(at, at + bytesPerTurn)
        // What has come is read without a wait: others have their turn in between, however short its lines are.
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
  }
  /** Reads what is left and keeps nothing of it; of what is very much, not to its end. */
  async drop(): Promise<void> {
    const [bytes, until] = [this.#bytes, performance.now() + droppedMsMax]
    const isEnough = (): boolean => this.#bytes - bytes > droppedBytesMax || performance.now() > until
    const timer = setTimeout(() => this.#request.raw.destroy(new SilentClient()), droppedMsMax)
    try {
      for (let next = await this.#next(); !next.done && !isEnough(); next = await this.#next());
    } catch {
      // Whoever is gone is told nothing.
    } finally {
      clearTimeout(timer)
    }
  }
  /** A byte is worth a millisecond: who sends one now and then is as good as silent. */
  async #next(): Promise<IteratorResult<Uint8Array>> {
    const leftMs = Math.min(idleMs, idleMs + this.#bytes - this.#waitedMs)
    const timer = setTimeout(() => this.#request.raw.destroy(new SilentClient()), Math.max(leftMs, 1))
    const since = performance.now()
    try {
      const next = await this.#pieces.next()
      this.#waitedMs += performance.now() - since
      if (!next.done) this.#bytes += next.value.length
      return next
    } catch (error) {
      const { message } = error as Error
      return refuse({ code: 'MalformedRequest', problem: worded(`the body broke off: ${message}`) })
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
  because: worded('too many bodies of this kind are on their way'),
}
