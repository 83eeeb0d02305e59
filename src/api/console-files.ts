// The console's files, as they were built: static, the same for everybody, and with nothing in them that anybody may not see. What it
// shows it asks of the native API.
import { createReadStream, readdirSync, readFileSync, statSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const path = '/console'
/** Beside the code as it is published, and as it lies in the repository. */
const folders = ['../console', '../../dist/console'].map((from) => fileURLToPath(new URL(from, import.meta.url)))

/** Nothing is loaded from elsewhere, and no script runs but those of the build. */
export const consoleSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  // What components set as styles of elements goes through the object model, which no policy stops: no attribute and no sheet is inline.
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

/** A file that a page loads is no page, and may nothing: a first visit loads some forty of them, each with its headers. */
export const filePolicy = "default-src 'none'; frame-ancestors 'none'"

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
}
const encodings = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const
const yearSeconds = 31_536_000

interface Files {
  readonly folder: string
  readonly builtAt: number
  /** By their path in the folder: what is not in it is not handed out, whatever a path says. */
  readonly names: ReadonlySet<string>
}
const builtAtIn = (folder: string | undefined): number | undefined =>
  folder === undefined ? undefined : statSync(join(folder, 'index.html'), { throwIfNoEntry: false })?.mtimeMs
function findFiles(): Files | undefined {
  for (const folder of folders) {
    const builtAt = builtAtIn(folder)
    if (builtAt === undefined) continue
    const found = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    return {
      folder,
      builtAt,
      names: new Set(found.map(({ parentPath, name }) => relative(folder, join(parentPath, name)))),
    }
  }
  return undefined
}

/**
 * @param prefix what a proxy puts before every path, without a slash at the end
 * @returns whether it has answered
 */
export function createConsole(prefix: string): (request: IncomingMessage, response: ServerResponse) => boolean {
  let files: Files | undefined
  return (request, response) => {
    const asked = request.url?.split('?', 1)[0] ?? ''
    if (asked !== path && !asked.startsWith(`${path}/`)) return false
    const headers = {
      'content-security-policy': consoleSecurityPolicy,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    }
    const say = (status: number, text: string, more: object = {}): true => {
      response.writeHead(status, { ...headers, 'content-type': 'text/plain; charset=utf-8', ...more }).end(`${text}\n`)
      return true
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      // Nobody wants the body.
      return say(405, 'Files of the console are read.', { allow: 'GET, HEAD', connection: 'close' })
    }
    const name = asked.slice(path.length + 1)
    const isPage = !/\.[a-z0-9]+$/.test(name)
    // It may be built, or built anew, while the server runs: its page is asked for first.
    if (isPage && files?.builtAt !== builtAtIn(files?.folder)) files = undefined
    files ??= findFiles()
    if (!files) return say(404, 'The console is not built here: npm run build.')
    const file = isPage ? 'index.html' : name
    const type = types[file.slice(file.lastIndexOf('.') + 1)]
    if (!files.names.has(file) || type === undefined) return say(404, 'There is no such file of the console.')
    if (isPage) {
      // Where its files are depends on the proxy; so little is compressed by nobody.
      const page = readFileSync(join(files.folder, file), 'utf8').replaceAll(`"${path}/`, `"${prefix}${path}/`)
      const length = Buffer.byteLength(page)
      response.writeHead(200, {
        ...headers,
        'content-type': type,
        'content-length': length,
        'cache-control': 'no-cache',
      })
      response.end(request.method === 'HEAD' ? undefined : page)
      return true
    }
    const taken = String(request.headers['accept-encoding'] ?? '')
    const encoding = encodings.find(([word, ending]) => accepts(taken, word) && files!.names.has(file + ending))
    const source = join(files.folder, file + (encoding?.[1] ?? ''))
    response.writeHead(200, {
      ...headers,
      'content-security-policy': filePolicy,
      'content-type': type,
      'content-length': statSync(source).size,
      vary: 'accept-encoding',
      // Names of assets have a hash of what is in them.
      'cache-control': file.startsWith('assets/') ? `public, max-age=${yearSeconds}, immutable` : 'no-cache',
      ...(encoding && { 'content-encoding': encoding[0] }),
    })
    if (request.method === 'HEAD') response.end()
    else
      createReadStream(source)
        .on('error', () => response.destroy())
        .pipe(response)
    return true
  }
}

/** Whether it is named, and not to say that it is not wanted. */
const accepts = (taken: string, word: string): boolean =>
  taken.split(',').some((part) => {
    const [name, ...parameters] = part.split(';').map((one) => one.trim())
    return name === word && !parameters.some((one) => /^q=0(\.0*)?$/.test(one))
  })
