// What is loaded once the server listens: requests wait for it, and where loading fails they are told so.
import type { IncomingMessage, ServerResponse } from 'node:http'

/** What is loaded: Fastify's application, as far as it matters here. */
export interface LoadedApp {
  routing(request: IncomingMessage, response: ServerResponse): void
  close(): PromiseLike<unknown>
}

export interface LateApp {
  /** Begins to load, where it has not; never rejects. */
  load(): Promise<void>
  answer(request: IncomingMessage, response: ServerResponse): void
  close(): Promise<void>
}

export interface LateDependencies {
  newRequestId(): string
  /** Called for every request that was told that loading failed, and for a failure that no request waited for. */
  onFault(error: unknown, requestId: string): void
}

/** After a failure the next request tries anew. */
export function createLateApp(load: () => Promise<LoadedApp>, deps: LateDependencies): LateApp {
  let loading: Promise<LoadedApp> | undefined
  let app: LoadedApp | undefined
  async function find(): Promise<LoadedApp> {
    loading ??= load()
    const mine = loading
    try {
      app = await mine
      return app
    } catch (error) {
      if (loading === mine) loading = undefined
      throw error
    }
  }
  async function answerLate(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let found: LoadedApp
    try {
      found = await find()
    } catch (error) {
      const requestId = deps.newRequestId()
      deps.onFault(error, requestId)
      answerUnavailable(response, requestId, {
        because: 'the native API could not be loaded',
        detail: 'The native API could not be loaded; the log of the server says why.',
      })
      return
    }
    found.routing(request, response)
  }
  return {
    load: () =>
      find().then(
        () => undefined,
        (error: unknown) => deps.onFault(error, deps.newRequestId()),
      ),
    answer(request, response) {
      if (app) app.routing(request, response)
      else void answerLate(request, response)
    },
    async close() {
      const found = await loading?.catch(() => undefined)
      await found?.close()
    },
  }
}

/** A problem of the native API, by hand: what writes them otherwise has perhaps not been loaded, or is not there any more. */
export function answerUnavailable(
  response: ServerResponse,
  requestId: string,
  { because, detail }: { readonly because: string; readonly detail: string },
): void {
  const body = JSON.stringify({
    because,
    type: 'urn:cadastre:problem:Unavailable',
    title: 'Unavailable',
    status: 503,
    detail: `${detail} Try again later.`,
    instance: `urn:cadastre:request:${requestId}`,
    code: 'Unavailable',
  })
  response
    .writeHead(503, {
      'content-type': 'application/problem+json',
      'content-length': Buffer.byteLength(body),
      'retry-after': '1',
      'x-cadastre-request-id': requestId,
      'x-content-type-options': 'nosniff',
      // What is left of the request is not read.
      connection: 'close',
    })
    .end(body)
}
