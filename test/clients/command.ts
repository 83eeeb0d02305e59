// The command line, as a process or without the time that one takes to start: its words, its environment and what it is given to read; its output, errors and exit code.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { commandWords, type LocalCommand } from '#cli/commands.ts'
import { type OtherCommand, runWords } from '#cli/program.ts'
import type { Surroundings } from '#cli/surroundings.ts'
import { collect, collectWords } from '#collect/command.ts'
import { runFileCommand } from '#files/command.ts'
import { type FileCommand, fileWords } from '#files/words.ts'
import { readClientConfig } from '../../src/config.ts'
import { childEnvironment } from '../children.ts'

const main = join(import.meta.dirname, '../../src/main.ts')
const commandMs = 60_000

export interface Ended {
  readonly code: number | null
  readonly output: string
  readonly errors: string
}
export interface Running {
  readonly child: ChildProcessWithoutNullStreams
  /** Resolves with the first match of the output and the errors together. */
  said(pattern: RegExp): Promise<RegExpExecArray>
  readonly ended: Promise<Ended>
}

export function startCommand(words: readonly string[], environment: Readonly<Record<string, string>>): Running {
  const env = { ...childEnvironment, TZ: 'UTC', ...environment }
  const child = spawn(process.execPath, [main, ...words], { env, timeout: commandMs, killSignal: 'SIGKILL' })
  let output = ''
  let errors = ''
  const listeners = new Set<() => void>()
  const heard = (add: (text: string) => void) => (text: string) => {
    add(text)
    for (const listen of listeners) listen()
  }
  child.stdout.setEncoding('utf8').on(
    'data',
    heard((text) => (output += text)),
  )
  child.stderr.setEncoding('utf8').on(
    'data',
    heard((text) => (errors += text)),
  )
  // It may end before it has read everything.
  child.stdin.on('error', () => {})
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, output, errors }))
  })
  return {
    child,
    ended,
    said: (pattern) =>
      new Promise((resolve, reject) => {
        const listen = (): void => {
          const found = pattern.exec(output + errors)
          if (found) resolve(found)
        }
        listeners.add(listen)
        listen()
        ended.then(() => reject(new Error(`It ended without ${pattern}: ${output}${errors}`)), reject)
      }),
  }
}

export function runCommand(
  words: readonly string[],
  { environment = {}, input = '' }: { environment?: Readonly<Record<string, string>>; input?: string } = {},
): Promise<Ended> {
  const { child, ended } = startCommand(words, environment)
  child.stdin.end(input)
  return ended
}

/** The same words in this process: all but what `main.ts` does at the server itself. */
export async function runHere(
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
  { width, isColoured = false }: { readonly width?: number; readonly isColoured?: boolean } = {},
): Promise<Ended> {
  let output = ''
  let errors = ''
  const notHere = (): never => {
    throw new Error(`\`${words.join(' ')}\` is done in main.ts: run it as a process`)
  }
  const around: Surroundings = {
    settings: readClientConfig(environment),
    out: (text) => {
      output += text
    },
    err: (text) => {
      errors += text
    },
    width,
    colours: { out: isColoured, err: isColoured },
    clock: () => ({ now: Date.now(), zone: environment.TZ ?? 'UTC' }),
    input: Readable.from([]),
  }
  const code = await runWords(words, {
    local: Object.fromEntries(Object.keys(commandWords).map((name) => [name, notHere])) as Record<
      LocalCommand,
      typeof notHere
    >,
    moreHelp: () => '',
    others: async () => [
      ...(Object.keys(fileWords) as FileCommand[]).map(
        (name): OtherCommand => ({
          words: fileWords[name],
          run: (args, rest) => runFileCommand(name, args, rest, around),
        }),
      ),
      ...collectWords.map(
        ({ collector, ...words }): OtherCommand => ({
          words,
          run: (args) => collect(collector, args, { around, version: '0.0.0', variable: (name) => environment[name] }),
        }),
      ),
    ],
    around,
  })
  return { code, output, errors }
}
