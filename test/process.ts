// A real server process and a signed way to ask it, for tests that kill it, starve it or send it garbage.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { type SignedRequest, sign } from '#api/aws/sigv4.ts'
import { childEnvironment, endWithThisProcess } from './children.ts'
import { dataRoot } from './data-root.ts'

export const rootKey = { id: 'AKIAROOTROOTROOT0001', secret: 'the-secret-of-the-first-administrator' }
const mainFile = join(import.meta.dirname, '../src/cadastre.js')
const startMs = 60_000

export interface ProcessOptions {
  /** Kept when the process ends. Without it a temporary folder is made, which `remove` takes away. */
  readonly folder?: string
  readonly settings?: Readonly<Record<string, string>>
  /** Words before the command, such as a shell that sets limits. */
  readonly before?: readonly string[]
  readonly user?: number
  /** Nobody reads what it prints: its pipe is closed. */
  readonly isDeaf?: boolean
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly output: string
  readonly errors: string
}

export interface CadastreProcess {
  readonly port: number
  readonly pid: number
  readonly folder: string
  /** What it has printed so far. */
  readonly output: () => string
  readonly errors: () => string
  send(signal: NodeJS.Signals): void
  /** Resolves when the process is gone. */
  readonly ended: Promise<Ended>
  remove(): Promise<void>
}

interface Started {
  readonly child: ChildProcess
  readonly output: () => string
  readonly errors: () => string
  readonly ended: Promise<Ended>
}

export const makeFolder = (): Promise<string> => mkdtemp(join(dataRoot(), 'cadastre-process-'))

function spawnServe(folder: string, { settings = {}, before = [], user, isDeaf = false }: ProcessOptions): Started {
  const words = [...before, process.execPath, mainFile, 'serve']
  const child = spawn(words[0]!, words.slice(1), {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(user === undefined ? {} : { uid: user, gid: user }),
    env: {
      ...childEnvironment,
      // The bound that a server sets itself: it need not begin anew for it.
      NODE_OPTIONS: '--max-semi-space-size=8',
      CADASTRE_DATA: folder,
      CADASTRE_PORT: '0',
      CADASTRE_BOOTSTRAP_ACCESS_KEY_ID: rootKey.id,
      CADASTRE_BOOTSTRAP_SECRET_ACCESS_KEY: rootKey.secret,
      CADASTRE_QUARANTINE_SECONDS: '0',
      // Tests ask more in a second than people in an hour.
      CADASTRE_AWS_RATES: 'off',
      ...settings,
    },
  })
  endWithThisProcess(child)
  if (isDeaf) child.stdout!.destroy()
  let output = ''
  let errors = ''
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, output, errors }))
  })
  return { child, output: () => output, errors: () => errors, ended }
}

/** Starts a server and waits until it listens. */
export async function startProcess(options: ProcessOptions = {}): Promise<CadastreProcess> {
  const folder = options.folder ?? (await makeFolder())
  const { child, output, errors, ended } = spawnServe(folder, options)
  const timer = setTimeout(() => child.kill('SIGKILL'), startMs)
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout!.on('data', () => {
      const found = /listens on https?:\/\/[\d.]+:(\d+)/.exec(output())
      if (found) resolve(Number(found[1]))
    })
    ended.then(({ code, signal }) => reject(new Error(`The server ended (${code ?? signal}): ${errors()}`)), reject)
  }).finally(() => clearTimeout(timer))
  return {
    port,
    pid: child.pid!,
    folder,
    output,
    errors,
    ended,
    send: (signal) => {
      child.kill(signal)
    },
    async remove() {
      child.kill('SIGKILL')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Starts a server that is expected to end by itself. */
export function runToEnd(options: ProcessOptions & { readonly folder: string }): Promise<Ended> {
  const { child, ended } = spawnServe(options.folder, options)
  const timer = setTimeout(() => child.kill('SIGKILL'), startMs)
  return ended.finally(() => clearTimeout(timer))
}

// Asking -------------------------------------------------------------------------------------------------------------

export interface Answered {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** Of an error answer. */
  readonly code: string | undefined
}

export interface AskOptions {
  readonly agent?: Agent
  readonly region?: string
  readonly service?: string
  readonly key?: { readonly id: string; readonly secret: string }
  /** Milliseconds since 1970: the date of the signature. */
  readonly at?: number
  readonly headers?: readonly string[]
  /** As SDKs send it: equal signed requests of one second are otherwise one request. Null sends none. */
  readonly invocation?: string | null
  /** Changes the request after it was signed. */
  readonly spoil?: (signed: SignedRequest) => SignedRequest
}

export const keepAlive = (maxSockets: number): Agent => new Agent({ keepAlive: true, maxSockets })

export const formOf = (action: string, parameters: Readonly<Record<string, string>> = {}): string =>
  new URLSearchParams({ Action: action, Version: '2016-11-15', ...parameters }).toString()

/** A signed request as it goes over the wire, headers and all. */
export function signed(port: number, body: string | Buffer, options: AskOptions = {}): SignedRequest {
  const request: SignedRequest = {
    method: 'POST',
    url: '/',
    rawHeaders: [
      'Host',
      `127.0.0.1:${port}`,
      'Content-Type',
      'application/x-www-form-urlencoded',
      ...(options.invocation === null ? [] : ['amz-sdk-invocation-id', options.invocation ?? randomUUID()]),
      ...(options.headers ?? []),
    ],
    body: Buffer.from(body),
  }
  const rawHeaders = sign(request, {
    key: options.key ?? rootKey,
    region: options.region ?? 'us-east-1',
    service: options.service ?? 'ec2',
    now: options.at ?? Date.now(),
  })
  return options.spoil?.({ ...request, rawHeaders }) ?? { ...request, rawHeaders }
}

/** Sends a request and reads its answer; rejects where the connection ends without one. */
export function send(port: number, { method, url, rawHeaders, body }: SignedRequest, agent?: Agent): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const headers = [...rawHeaders, 'Content-Length', String(body.length)]
    const request = httpRequest({ host: '127.0.0.1', port, method, path: url, agent, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('error', reject)
      response.on('end', () => {
        if (!response.complete) reject(new Error('The answer was cut off.'))
        const code = /<Code>([^<]*)<\/Code>/.exec(text)?.[1]
        resolve({ status: response.statusCode!, headers: response.headers, body: text, code })
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}

export const askForm = (port: number, form: string | Buffer, options: AskOptions = {}): Promise<Answered> =>
  send(port, signed(port, form, options), options.agent)

export const ask = (
  port: number,
  action: string,
  parameters: Readonly<Record<string, string>> = {},
  options: AskOptions = {},
): Promise<Answered> => askForm(port, formOf(action, parameters), options)

/** The first element of a name in an XML answer; all of them with `elements`. */
export const element = ({ body }: Answered, name: string): string | undefined => elements({ body }, name)[0]
export const elements = ({ body }: Pick<Answered, 'body'>, name: string): string[] =>
  [...body.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(([, text]) => text!)

/** Sends bytes as they are and answers everything that comes back until the server closes the connection. */
export function exchange(port: number, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      answer += text
    })
    // A server that closes at once may reset the connection while bytes are still on their way.
    socket.on('error', () => {})
    socket.on('close', () => resolve(answer))
    socket.write(bytes)
  })
}

/** The bytes of a request with keep-alive switched off. */
export function bytesOf({ method, url, rawHeaders, body }: SignedRequest, extra: readonly string[] = []): Buffer {
  const all = [...rawHeaders, 'Content-Length', String(body.length), 'Connection', 'close', ...extra]
  let head = `${method} ${url} HTTP/1.1\r\n`
  for (let at = 0; at < all.length; at += 2) head += `${all[at]}: ${all[at + 1]}\r\n`
  return Buffer.concat([Buffer.from(`${head}\r\n`, 'latin1'), body])
}
