// The door for logs that this server is a witness for (C2SP tlog-witness): whoever sends is known by what the log has signed, and not by a token.
import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { submissionBytesMax, type WitnessAnswer } from '#operations/evidence/witnessing.ts'
import type { Bodies, ReadBody } from '../body.ts'
import { Failures } from '../failures.ts'
import type { SourceAddress } from '../source-address.ts'
import { clientOf } from '../source-address.ts'

/** Of one address, or one /64: a log sends one a minute, and none of them is looked at before it is signed by a log that is known here. */
export const submissionsPerMinute = 120
const minuteSeconds = 60
const roomSeconds = 1

export interface WitnessDependencies {
  addressOf: SourceAddress
  /** What is held of bodies under way, of all that comes to this server: nobody is known here. */
  readonly bodies: Bodies
  /** Undefined: this server is a witness for nobody. */
  readonly witness: ((body: string) => Promise<WitnessAnswer>) | undefined
}

export async function addWitness(
  app: FastifyInstance,
  { addressOf, bodies, witness }: WitnessDependencies,
  prefix: string,
): Promise<void> {
  if (!witness) return
  const asked = new Failures(() => performance.now(), submissionsPerMinute)
  await app.register(async (own) => {
    own.removeAllContentTypeParsers()
    const clientAt = (request: FastifyRequest): string => clientOf(addressOf(request.raw as IncomingMessage))
    // Before anything is read of what it sends.
    own.addHook('onRequest', (request, reply, done) => {
      request.response = reply.raw
      if (asked.count(clientAt(request)).remaining > 0) return done()
      request.response.shouldKeepAlive = false
      void reply.status(429).header('retry-after', minuteSeconds).type('text/plain').send('Ask less often.\n')
    })
    // Whatever a log says that it sends.
    own.addContentTypeParser('*', (request, payload, done) => {
      const sender = () => ({ name: clientAt(request), isProven: false })
      bodies.read(payload, request.response, { limit: submissionBytesMax, sender }, (body) => done(null, body))
    })
    own.post(`${prefix}/witness/add-checkpoint`, async (request, reply) => {
      const body = request.body as ReadBody | undefined
      if (body === 'too-large') return reply.status(413).type('text/plain').send('It is too large.\n')
      if (body === 'no-room')
        return reply.status(429).header('retry-after', roomSeconds).type('text/plain').send('Ask again.\n')
      const { status, contentType, text } = await witness(body && isUtf8(body) ? body.toString('utf8') : '')
      return reply.status(status).header('content-type', contentType).header('cache-control', 'no-store').send(text)
    })
  })
}
