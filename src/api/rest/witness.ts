// The door for logs that this server is a witness for (C2SP tlog-witness): whoever sends is known by what the log has signed, and not by a token.
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { submissionBytesMax, type WitnessAnswer } from '#operations/evidence/witnessing.ts'
import type { SourceAddress } from '../source-address.ts'
import { clientOf } from '../source-address.ts'
import { Failures } from './admission.ts'

/** Of one address, or one /64: a log sends one a minute, and none of them is looked at before it is signed by a log that is known here. */
export const submissionsPerMinute = 120
const minuteSeconds = 60

export interface WitnessDependencies {
  addressOf: SourceAddress
  /** Undefined: this server is a witness for nobody. */
  readonly witness: ((body: string) => Promise<WitnessAnswer>) | undefined
}

export async function addWitness(
  app: FastifyInstance,
  { addressOf, witness }: WitnessDependencies,
  prefix: string,
): Promise<void> {
  if (!witness) return
  const asked = new Failures(() => performance.now(), submissionsPerMinute)
  await app.register(async (own) => {
    own.removeAllContentTypeParsers()
    // Whatever a log says that it sends.
    own.addContentTypeParser('*', { parseAs: 'string', bodyLimit: submissionBytesMax }, (_request, body, done) =>
      done(null, body),
    )
    own.post(`${prefix}/witness/add-checkpoint`, async (request, reply) => {
      const { remaining } = asked.count(clientOf(addressOf(request.raw as IncomingMessage)))
      if (remaining === 0)
        return reply.status(429).header('retry-after', minuteSeconds).type('text/plain').send('Ask less often.\n')
      const { status, contentType, text } = await witness(typeof request.body === 'string' ? request.body : '')
      return reply.status(status).header('content-type', contentType).header('cache-control', 'no-store').send(text)
    })
  })
}
