// A real server process on an empty database, for tests that come from outside; and the operator's commands beside it.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { childEnvironment, endWithThisProcess } from '../children.ts'
import { emptyDatabase } from '../database.ts'
import { engineUnderTest } from '../engines.ts'

const main = join(import.meta.dirname, '../../src/main.ts')
const startMs = 60_000

export const administrator = { accessKeyId: 'AKIAADMINISTRATOR001', secretAccessKey: 'the-secret-of-the-administrator' }
export const managementAccount = '111111111111'

export interface ServerProcess {
  readonly endpoint: string
  readonly port: number
  readonly folder: string
  readonly pid: number
  /** Runs `cadastre WORDS…` against the server's database; answers what it printed. Throws where it fails. */
  cadastre(...words: string[]): Promise<string>
  /** Ends the process as an operator would, and removes the database. Throws where the server did not end well. */
  stop(): Promise<void>
  /** Ends the process as a power cut would. */
  kill(): Promise<void>
}

/** An empty database, and what a server and its commands are told of it. */
export async function openSettings(settings: Readonly<Record<string, string>>) {
  // Whoever names a database brings it: then only the folder is of use.
  const isBrought = settings.CADASTRE_DATABASE_URL !== undefined
  const database = await emptyDatabase(isBrought ? 'sqlite' : engineUnderTest)
  const env = {
    ...childEnvironment,
    // The bound that a server sets itself: it need not begin anew for it.
    NODE_OPTIONS: '--max-semi-space-size=8',
    ...database.settings,
    CADASTRE_PORT: '0',
    CADASTRE_REGIONS: 'us-east-1,eu-central-1',
    CADASTRE_BOOTSTRAP_ACCOUNT: managementAccount,
    CADASTRE_BOOTSTRAP_ACCESS_KEY_ID: administrator.accessKeyId,
    CADASTRE_BOOTSTRAP_SECRET_ACCESS_KEY: administrator.secretAccessKey,
    CADASTRE_QUARANTINE_SECONDS: '0',
    // Tests ask more in a second than people in an hour.
    CADASTRE_AWS_RATES: 'off',
    ...settings,
  }
  return { database, env }
}

export async function startServer(settings: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
  const { database, env } = await openSettings(settings)
  const child = spawn(process.execPath, [main, 'serve'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  endWithThisProcess(child)
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  try {
    const port = await portOf(child, () => errors)
    return {
      endpoint: `http://127.0.0.1:${port}`,
      port,
      folder: database.folder,
      pid: child.pid!,
      cadastre: (...words) => runCommand(words, env),
      async kill() {
        const ended = once(child, 'exit')
        child.kill('SIGKILL')
        await ended
        await database.remove()
      },
      async stop() {
        child.kill('SIGTERM')
        const [code] = child.exitCode === null ? ((await once(child, 'exit')) as [number | null]) : [child.exitCode]
        await database.remove()
        if (code !== 0 || errors !== '') throw new Error(`The server ended with ${code}: ${errors}`)
      },
    }
  } catch (error) {
    child.kill('SIGKILL')
    await database.remove()
    throw error
  }
}

/** The first line that a server prints says where it listens. */
export async function portOf(child: ChildProcess, errors: () => string): Promise<number> {
  const timer = setTimeout(() => child.kill('SIGKILL'), startMs)
  try {
    for await (const line of createInterface({ input: child.stdout! })) {
      const port = /listens on https?:\/\/[\d.]+:(\d+)/.exec(line)?.[1]
      if (port !== undefined) return Number(port)
    }
  } finally {
    clearTimeout(timer)
    // What it prints later must not fill the pipe.
    child.stdout!.resume()
  }
  throw new Error(`The server did not start: ${errors()}`)
}

export function runCommand(words: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [main, ...words], { env }, (error, stdout, stderr) => {
      if (error) reject(new Error(`cadastre ${words.join(' ')}: ${stderr || error.message}`, { cause: error }))
      else resolve(stdout)
    })
  })
}
