// What collectors have around them where they run for real: programs, files, HTTP and the environment.
import { execFile } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { readFile as readAll, writeFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { answerBytesMax, bytesOf } from './answers.ts'
import { type Around, type HttpRequest, SourceTrouble } from './collector.ts'

const printedBytesMax = 512 * 1_048_576
const programMs = 900_000
const answerMs = 60_000
/** Of all answers of one run over HTTP: what they are made into stands in a file until it is sent. */
export const runBytesMax = 16 * 1_073_741_824
const triesMax = 6
const firstPauseMs = 500
const pauseMsMax = 30_000

export interface Surroundings {
  readonly options: ReadonlyMap<string, string>
  variable(name: string): string | undefined
  progress(text: string): void
  note(text: string): void
  readonly input: AsyncIterable<Uint8Array>
  /** By default the time that passes. */
  pause?(ms: number): Promise<unknown>
  /** By default `runBytesMax`. */
  readonly bytesMax?: number
}

export function createAround(given: Surroundings): Around {
  let bytesLeft = given.bytesMax ?? runBytesMax
  const pause = given.pause ?? ((ms: number) => wait(ms))
  return {
    options: given.options,
    variable: given.variable,
    progress: given.progress,
    note: bounded(given.note),
    now: () => Date.now(),
    run,
    read: (path) => (path === '-' ? given.input : readFile(path)),
    kept: readKept,
    keep: writeKept,
    async ask(request) {
      const { json, bytes } = await askWithRetries(request, pause)
      bytesLeft -= bytes
      if (bytesLeft < 0) throw new SourceTrouble('It has answered more than one run reads: is there an end to it?')
      return json
    },
  }
}

const notesMax = 200
/** A file in which every line is wrong would say so a million times. */
function bounded(note: (text: string) => void): (text: string) => void {
  let notes = 0
  return (text) => {
    notes++
    if (notes <= notesMax) note(text)
    else if (notes === notesMax + 1) note('and more, which is not shown')
  }
}

function run(program: string, args: readonly string[], warned?: (text: string) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, [...args], { maxBuffer: printedBytesMax, timeout: programMs }, (error, stdout, stderr) => {
      if (!error) {
        if (stderr.trim() !== '') warned?.(stderr)
        return resolve(stdout)
      }
      const because =
        error.code === 'ENOENT' ? 'it is not installed, or not on the PATH' : troubleIn(stderr) || error.message
      reject(new SourceTrouble(`\`${[program, ...args].join(' ')}\` failed: ${because}`, { said: stderr }))
    })
  })
}

/** Behind the trouble some say what to do about it, and before it what else they did. */
function troubleIn(said: string): string {
  const lines = said.trim().split('\n')
  return lines.find((line) => /^error\b/i.test(line)) ?? lines.at(-1)!
}

async function* readFile(path: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of createReadStream(path)) yield piece as Uint8Array
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error
    throw new SourceTrouble(`\`${path}\` cannot be read: ${error.message}`)
  }
}

async function readKept(path: string): Promise<string | undefined> {
  try {
    return await readAll(path, 'utf8')
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error
    if (error.code === 'ENOENT') return undefined
    throw new SourceTrouble(`\`${path}\` cannot be read: ${error.message}`)
  }
}
async function writeKept(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text)
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error
    throw new SourceTrouble(`\`${path}\` cannot be written: ${error.message}`)
  }
}

/** RFC 9110, sections 10.2.3 and 15.6.4; RFC 6585, section 4: who is busy says so, and may say for how long. */
async function askWithRetries(request: HttpRequest, pause: (ms: number) => Promise<unknown>): Promise<Answered> {
  for (let tries = 1; ; tries++) {
    const answer = await askOnce(request)
    if ('json' in answer) return answer
    if (!answer.trouble.isPassing || tries === triesMax) throw answer.trouble
    // Several collectors that were told to wait at once must not come back at once.
    const doubled = Math.min(firstPauseMs * 2 ** (tries - 1), pauseMsMax)
    await pause(answer.pauseMs ?? doubled * (0.5 + Math.random() / 2))
  }
}

interface Answered {
  readonly json: unknown
  readonly bytes: number
}
type Tried = Answered | { readonly trouble: SourceTrouble; readonly pauseMs?: number }

async function askOnce({ url, method = 'GET', headers = {}, body }: HttpRequest): Promise<Tried> {
  const shown = shownUrl(url)
  let response: Response
  try {
    // A token goes where it was meant to go.
    const signal = AbortSignal.timeout(answerMs)
    response = await fetch(url, {
      method,
      headers: { accept: 'application/json', ...headers },
      body,
      redirect: 'manual',
      signal,
    })
  } catch (error) {
    const { name, message, cause } = error as Error & { cause?: { message?: string } }
    const because = name === 'TimeoutError' ? `no answer in ${answerMs / 1_000} seconds` : (cause?.message ?? message)
    return { trouble: new SourceTrouble(`${shown} cannot be reached: ${because}.`, { isPassing: true }) }
  }
  const { status } = response
  if (status === 429 || status === 502 || status === 503 || status === 504) {
    await response.body?.cancel()
    const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
    const trouble = new SourceTrouble(`${shown} answered ${status}: it is busy.`, { isPassing: true })
    return Number.isFinite(seconds)
      ? { trouble, pauseMs: Math.min(Math.max(seconds, 0) * 1_000, pauseMsMax) }
      : { trouble }
  }
  if (status >= 300) {
    await response.body?.cancel()
    const hint =
      status === 401 || status === 403
        ? ': the credentials do not permit it'
        : status < 400
          ? ': it leads elsewhere, and is not followed'
          : ''
    return { trouble: new SourceTrouble(`${shown} answered ${status}${hint}.`, { status }) }
  }
  return readJson(response, shown)
}

async function readJson(response: Response, shown: string): Promise<Tried> {
  let bytes: Buffer | undefined
  try {
    bytes = await bytesOf(response)
  } catch (error) {
    return { trouble: new SourceTrouble(`${shown} broke off: ${(error as Error).message}.`, { isPassing: true }) }
  }
  if (bytes === undefined) return { trouble: new SourceTrouble(`${shown} answered more than ${answerBytesMax} bytes.`) }
  try {
    return { json: JSON.parse(bytes.toString('utf8')), bytes: bytes.length }
  } catch {
    return { trouble: new SourceTrouble(`${shown} answered what is no JSON; is that the URL of its API?`) }
  }
}

/** Without what may be secret in it. */
function shownUrl(url: string): string {
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`
}
