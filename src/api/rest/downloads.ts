// Answers that are no JSON: bytes as they are, and texts of any size that are written as they are taken.
import { hash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { accountableOf, type Principal } from '#model/principal.ts'
import type { Download, NativeDownload, ReadSteps } from '#operations/download.native.ts'
import type { Answer, Call } from '#operations/execute.ts'
import type { AnyOperation } from '#operations/operation.ts'
import type { StepsInTurn } from '../steps-in-turn.ts'
import type { Exports } from './exports.ts'
import { downloadParts, shapeOf } from './parts.ts'

/** As long as caches are told to keep what never changes: a year, beyond which none is bound to. */
const forGoodSeconds = 31_536_000

export interface DownloadDependencies {
  execute(operation: AnyOperation, call: Call): Promise<Answer>
  /** Who asks: known by the token of the request, each time anew; or nobody in particular. */
  principalOf(request: FastifyRequest): Principal | Promise<Principal>
  callOf(request: FastifyRequest, input: object): Call
  readonly inTurn: Pick<StepsInTurn, 'aside'>
  /** Texts that are written as they are taken count as these do. */
  readonly exports: Exports
  /** Whether what is open to everybody is, on this server. */
  readonly isOpen: boolean
}

export function addDownloads(
  routes: FastifyInstance,
  deps: DownloadDependencies,
  downloads: readonly NativeDownload[],
): void {
  for (const download of downloads) {
    const { path, query, deep } = downloadParts(download)
    const url = download.rest.path.replaceAll(/\{(\w+)\}/g, (_, name) => (name === deep ? '*' : `:${name}`))
    routes.route({
      method: 'GET',
      config: { isOpen: deps.isOpen && download.isOpen === true, takesBody: false },
      url,
      // What is wrong with it is told by the name that it is described by.
      preValidation: (request, _, done) => {
        if (deep !== undefined) request.params = withName(request.params as object, deep)
        done()
      },
      schema: { params: shapeOf(download, path), querystring: shapeOf(download, query) },
      handler: (request, reply) => serve(request, reply),
    })

    async function serve(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
      const input = { ...(request.query as object), ...(request.params as object) }
      const found = await download.open(stepsOf(request, input), input)
      reply.header('cache-control', cacheControl(found, deps.isOpen && download.isOpen === true))
      reply.header('content-type', found.contentType)
      return found.body instanceof Uint8Array
        ? sendBytes(found.body, request, reply)
        : sendText(found.body, request, reply)
    }

    function stepsOf(request: FastifyRequest, input: object): ReadSteps {
      return {
        async read(work) {
          // A token that has ended meanwhile ends what is taken with it.
          const principal = await deps.principalOf(request)
          const call = { ...deps.callOf(request, input), principal, arrivedAt: performance.now() }
          const operation = { name: download.name, access: 'read', run: work } as AnyOperation
          return (await deps.inTurn.aside(() => deps.execute(operation, call))).output as never
        },
      }
    }
  }

  function sendText(parts: AsyncIterable<string>, request: FastifyRequest, reply: FastifyReply): unknown {
    const release = deps.exports.admit(accountableOf(request.principal.native!))
    const text = Readable.from(parts, { objectMode: false })
    return reply.send(text.once('close', release))
  }
}

const withName = ({ '*': rest, ...params }: { readonly '*'?: string }, deep: string): object => ({
  ...params,
  [deep]: rest,
})

function sendBytes(body: Uint8Array, request: FastifyRequest, reply: FastifyReply): unknown {
  const etag = `"${hash('sha256', body, 'base64url').slice(0, 22)}"`
  reply.header('etag', etag)
  const known = String(request.headers['if-none-match'] ?? '')
    .split(',')
    .map((one) => one.trim())
  if (known.includes(etag) || known.includes('*')) return reply.status(304).send()
  return reply.send(Buffer.from(body.buffer, body.byteOffset, body.byteLength))
}

/** What needs a token is kept by nobody on the way, but by whoever had it. */
function cacheControl({ fresh, body }: Download, isOpen: boolean): string {
  if (!(body instanceof Uint8Array)) return 'no-store'
  const forWhom = isOpen ? 'public' : 'private'
  return fresh === 'for-good' ? `${forWhom}, max-age=${forGoodSeconds}, immutable` : `${forWhom}, max-age=${fresh}`
}
