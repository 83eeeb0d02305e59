// The page that shows the description of the API: Swagger UI, whose files are on disk and are read when somebody asks for them.
import { readdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** The page loads nothing from elsewhere, and runs no script that stands in it. */
const contentSecurityPolicy = [
  "default-src 'self'",
  "base-uri 'self'",
  "font-src 'self' https: data:",
  "frame-ancestors 'self'",
  "img-src 'self' data: validator.swagger.io",
  "object-src 'none'",
  "script-src 'self' ",
  "script-src-attr 'none'",
  "style-src 'self' https: ",
  'upgrade-insecure-requests;',
].join('; ')
const logo =
  '<svg xmlns="http://www.w3.org/2000/svg" width="150" height="40"><text x="0" y="29" font-family="sans-serif" font-size="28" fill="#fff">Cadastre</text></svg>'
const htmlType = 'text/html; charset=utf-8'
const scriptType = 'application/javascript; charset=utf-8'

interface PageOptions {
  readonly prefix: string
  readonly staticPrefix: string
  readonly theme: { readonly title: string }
  readonly logo: { readonly type: string; readonly content: string }
  readonly uiConfig: object
  readonly initOAuth: object
}
/** What is read once somebody asks: the page's two texts, and the names of its files. */
interface Page {
  /** By the URL as it was asked: whether it ends with a slash says where the files are from there. */
  htmlOf(url: string): string
  readonly initializer: string
  readonly folder: string
  readonly files: ReadonlySet<string>
}

/**
 * The package's own entry is a plugin of Fastify that also makes the description, for which it loads a reader of YAML and a finder of
 * files into every server. Its page alone needs neither.
 */
async function readPage(options: PageOptions): Promise<Page> {
  const require = createRequire(import.meta.url)
  const htmlOf = require('@fastify/swagger-ui/lib/index-html.js') as (options: PageOptions) => (url: string) => string
  const initializerOf = require('@fastify/swagger-ui/lib/swagger-initializer.js') as (options: PageOptions) => string
  const folder = join(dirname(require.resolve('@fastify/swagger-ui')), 'static')
  const files = new Set(await readdir(folder))
  return { htmlOf: htmlOf(options), initializer: initializerOf(options), folder, files }
}

export interface DescriptionPage {
  /** Where the page is. */
  readonly path: string
  readonly descriptionPath: string
  /** Called before the page is answered with, though not before its files are. */
  readonly admit: (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => void
}

export async function addDescriptionPage(app: FastifyInstance, asked: DescriptionPage): Promise<void> {
  const { path, descriptionPath, admit } = asked
  const staticPrefix = '/static'
  let reading: Promise<Page> | undefined
  const page = (): Promise<Page> => {
    reading ??= readPage({
      prefix: path,
      staticPrefix,
      theme: { title: 'Cadastre: the native API' },
      logo: { type: 'image/svg+xml', content: logo },
      uiConfig: { deepLinking: true },
      initOAuth: {},
    }).catch((error: unknown) => {
      // It may be there the next time.
      reading = undefined
      throw error
    })
    return reading
  }
  const routesOfPage = async (routes: FastifyInstance): Promise<void> => {
    routes.addHook('onSend', (_request, reply, _payload, done) => {
      reply.header('content-security-policy', contentSecurityPolicy)
      done()
    })
    routes.get('/', { onRequest: admit }, async ({ url }, reply) =>
      reply.type(htmlType).send((await page()).htmlOf(url)),
    )
    // The page asks for these beside itself, wherever it is.
    for (const form of ['/json', '/yaml']) routes.get(form, (_, reply) => reply.redirect(descriptionPath))
    routes.get(`${staticPrefix}/index.html`, { onRequest: admit }, ({ url }, reply) =>
      reply.redirect(url.replace(/\/static\/index\.html$/, '/')),
    )
    routes.get(`${staticPrefix}/swagger-initializer.js`, { onRequest: admit }, async (_, reply) =>
      reply.type(scriptType).send((await page()).initializer),
    )
    routes.route<{ Params: { '*': string } }>({
      method: ['GET', 'HEAD'],
      url: `${staticPrefix}/*`,
      handler: async (request, reply) => {
        const { folder, files } = await page()
        const name = request.params['*'] || 'index.html'
        if (!files.has(name)) return reply.callNotFound()
        const { send } = await import('@fastify/send')
        const sent = await send(request.raw, encodeURI(`/${name}`), { root: folder, dotfiles: 'allow' })
        if (sent.type === 'error') throw sent.metadata.error
        return reply.status(sent.statusCode).headers(sent.headers).send(sent.stream)
      },
    })
  }
  await app.register(routesOfPage, { prefix: path })
}
