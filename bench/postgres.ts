// The product on PostgreSQL: one, two and four servers, one hot pool and 64 pools, beside pgbench in the same run.
import { execFile } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { startPostgres, type TestPostgres } from '../test/postgres.ts'
import { checkMinimal, pgbenchCall, pgbenchScript, prepareMinimal } from './minimal.ts'
import { builtMain, key, load, startChild, stop } from './processes.ts'
import { median } from './statistics.ts'
import { open, preparePolicy } from './world.ts'

const run = promisify(execFile)
/** `led`: requests find the server that leads; else each server writes by itself. */
const ways: readonly { readonly servers: number; readonly led: boolean }[] = [
  { servers: 1, led: false },
  { servers: 2, led: false },
  { servers: 4, led: false },
  { servers: 2, led: true },
  { servers: 4, led: true },
]
const nameOf = ({ servers, led }: { readonly servers: number; readonly led: boolean }): string =>
  `${servers} servers${servers === 1 ? '' : led ? ', led' : ', each by itself'}`
/** By servers and PostgreSQL together, per allocation: of several servers that are led, by that of one. */
const costRatioMax = 1.15
const poolCounts = [1, 64] as const
/** The goals of one server on one hot pool. */
const ratioMin = 2
const p99MsMax = 50

/** More than pgbench or a server takes. */
const addressesPerSecond = 20_000

/** Of load before a measurement, for each server: they share the clients, and each has to be warm. */
const warmSeconds = 2

interface Sample {
  readonly rate: number
  readonly p99: number
  readonly errors: number
  readonly duplicates: number
  /** Microseconds of CPU per allocation: of all servers, and of PostgreSQL. */
  readonly cpu?: { readonly servers: number; readonly database: number }
}
interface Options {
  readonly rounds: number
  readonly seconds: number
  readonly connections: number
}

/** From PATH, or from where Debian puts what it does not put there. */
function findPgbench(): string {
  const places = [
    ...(process.env.PATH ?? '').split(delimiter),
    ...globSync('/usr/lib/postgresql/*/bin').sort().reverse(),
  ]
  const found = places.map((place) => join(place, 'pgbench')).find((path) => existsSync(path))
  if (found) return found
  throw new Error(
    'pgbench is neither in PATH nor in /usr/lib/postgresql/*/bin. It is the baseline: install it (on Debian: apt install postgresql-contrib)',
  )
}

/** Rates are per client seconds as pgbench counts them; its log has what each transaction took. */
async function measurePgbench(
  url: string,
  pools: number,
  script: string,
  { schema, seconds, connections }: { readonly schema: string; readonly seconds: number; readonly connections: number },
): Promise<Sample> {
  await prepareMinimal(url, schema, { pools, addresses: addressesPerSecond * seconds })
  const folder = mkdtempSync(join(tmpdir(), 'cadastre-pgbench-'))
  const file = join(folder, 'script.sql')
  writeFileSync(file, script)
  const { hostname, port, username, pathname } = new URL(url)
  const words = ['--no-vacuum', '--protocol=prepared', `--client=${connections}`, '--jobs=2', `--time=${seconds}`]
  const place = ['-h', hostname, '-p', port, '-U', username, pathname.slice(1)]
  const { stdout } = await run(
    findPgbench(),
    [...words, `--file=${file}`, '--log', `--log-prefix=${join(folder, 'log')}`, ...place],
    {
      env: { ...process.env, PGOPTIONS: `-c search_path=${schema}` },
      cwd: folder,
    },
  )
  // Where not one transaction was done, it names no rate.
  const rate = Number(/^tps = ([\d.]+)/m.exec(stdout)?.[1] ?? 0)
  const failed = Number(/number of failed transactions: (\d+)/.exec(stdout)?.[1] ?? 0)
  // Client, number and time of each transaction, in microseconds.
  const { stdout: times } = await run('sh', ['-c', `cat log.* | cut -d ' ' -f 3 | sort -n`], {
    cwd: folder,
    maxBuffer: 2 ** 28,
  })
  const latencies = times.trimEnd().split('\n')
  rmSync(folder, { recursive: true, force: true })
  const { duplicates } = await checkMinimal(url, schema)
  return { rate, p99: Number(latencies[Math.floor(latencies.length * 0.99)]) / 1000, errors: failed, duplicates }
}

/** Signed requests over HTTP to that many servers, by one client; then the database is asked what it has. */
async function measureServers(
  { url, folder: databaseFolder }: TestPostgres,
  pools: number,
  { servers, led }: { readonly servers: number; readonly led: boolean },
  { schema, seconds, connections }: { readonly schema: string; readonly seconds: number; readonly connections: number },
): Promise<Sample> {
  const folder = mkdtempSync(join(tmpdir(), 'cadastre-bench-'))
  const keyFile = join(folder, 'key')
  writeFileSync(keyFile, 'ab'.repeat(32), { mode: 0o600 })
  const settings = {
    CADASTRE_DATA: folder,
    CADASTRE_PORT: '0',
    CADASTRE_SECRET_KEY_FILE: keyFile,
    CADASTRE_DATABASE_URL: `${url}?schema=${schema}`,
  }
  const peers: Record<string, string> = led ? { CADASTRE_PEER_PORT: '0', CADASTRE_PEER_HOST: '127.0.0.1' } : {}
  const ids = await preparePolicy(folder, key, settings, pools)
  // Each has a folder of its own, as on a machine of its own.
  const started = await Promise.all(
    Array.from({ length: servers }, (_, index) =>
      startChild(builtMain(), ['serve'], {
        ...settings,
        ...peers,
        CADASTRE_DATA: join(folder, String(index)),
      }),
    ),
  )
  const requests = { connections, pools: pools === 1 ? [] : ids, requestsPerSecond: addressesPerSecond }
  // A process that was just started compiles; servers run for months.
  const warm = await load(started, { ...requests, seconds: warmSeconds * servers })
  const before = usageOfPostgres(databaseFolder)
  const { rate, p99, total, errors, cpuMicroseconds } = await load(started, { ...requests, seconds })
  const database = (usageOfPostgres(databaseFolder) - before) / total
  for (const server of started) await stop(server)

  const { store } = await open(folder, key, settings)
  const { problems, allocations } = await store.read((tx) => tx.spaceCheck.report())
  await store.close()
  const client = new pg.Client(url)
  await client.connect()
  const { rows } = await client.query<{ different: string }>(
    `select count(distinct first) as different from ${schema}.allocation`,
  )
  await client.end()
  rmSync(folder, { recursive: true, force: true })
  for (const [code, times] of Object.entries(errors))
    console.log(`${servers} servers, ${pools} pools: ${code} × ${times}`)
  for (const problem of problems) console.log(problem)
  // The client leaves without the answers of its last requests, one for each connection.
  const failed = [...Object.values(warm.errors), ...Object.values(errors)].reduce((sum, times) => sum + times, 0)
  const missing = Math.max(0, warm.total + total - failed - allocations)
  return {
    rate,
    p99,
    errors: failed + missing + problems.length,
    duplicates: allocations - Number(rows[0]!.different),
    cpu: { servers: cpuMicroseconds, database },
  }
}

/** The CPU time of a PostgreSQL with all its processes, also those that have ended, in microseconds. */
function usageOfPostgres(folder: string): number {
  const postmaster = readFileSync(join(folder, 'data/postmaster.pid'), 'utf8').split('\n')[0]!
  const fieldsOf = (pid: string): string[] => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  const own = fieldsOf(postmaster)
  const [user, system, endedUser, endedSystem] = own.slice(11, 15).map(Number)
  let ticks = user! + system! + endedUser! + endedSystem!
  const children = readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8').split(' ').filter(Boolean)
  for (const pid of children) {
    const [childUser, childSystem] = fieldsOf(pid).slice(11, 13).map(Number)
    ticks += childUser! + childSystem!
  }
  return ticks * 10_000
}

export async function measurePostgres({ rounds, seconds, connections }: Options): Promise<void> {
  findPgbench()
  const postgres = await startPostgres({ max_connections: '200' })
  const samples = new Map<string, Sample[]>()
  for (let round = 0; round < rounds; round++) {
    for (const pools of poolCounts) {
      const measure = async (name: string, work: (schema: string) => Promise<Sample>): Promise<void> => {
        const sample = await work(`bench_${round}_${pools}_${name.replaceAll(/\W/g, '')}`.toLowerCase())
        samples.set(`${pools} ${name}`, [...(samples.get(`${pools} ${name}`) ?? []), sample])
      }
      for (const [name, script] of Object.entries(baselines(pools))) {
        await measure(name, (schema) => measurePgbench(postgres.url, pools, script, { schema, seconds, connections }))
      }
      // Whoever comes first finds another machine than whoever comes last: they take turns.
      for (const way of round % 2 === 0 ? ways : ways.toReversed()) {
        await measure(nameOf(way), (schema) => measureServers(postgres, pools, way, { schema, seconds, connections }))
      }
    }
  }
  postgres.stop()
  print(samples, { rounds, seconds, connections })
}
const sumOf = ({ cpu }: Sample): number => cpu!.servers + cpu!.database
function costs(list: readonly Sample[]): string {
  if (list[0]!.cpu === undefined) return ''
  const of = (kind: 'servers' | 'database'): string => median(list.map(({ cpu }) => cpu![kind])).toFixed(0)
  return `  CPU µs per allocation: servers ${of('servers')}, PostgreSQL ${of('database')}`
}
const statements = 'pgbench, statements'
const baselines = (pools: number): Readonly<Record<string, string>> => ({
  [statements]: pgbenchScript(pools),
  'pgbench, one call': pgbenchCall(pools),
})

function print(samples: ReadonlyMap<string, readonly Sample[]>, { rounds, seconds, connections }: Options): void {
  console.log(
    `\nAllocateAddress under a policy, signed, by one client for all servers; pgbench: the minimal transaction without us;
${connections} connections, synchronous commit, everything on this machine; ${rounds} × ${seconds} s interleaved, medians (least to most)`,
  )
  for (const [name, list] of samples) {
    const [pools, ...what] = name.split(' ')
    const rates = list.map(({ rate }) => rate).sort((a, b) => a - b)
    const spread = `${median(rates).toFixed(0)}/s (${rates[0]!.toFixed(0)} to ${rates.at(-1)!.toFixed(0)})`
    const sum = (of: 'errors' | 'duplicates'): number => list.reduce((all, sample) => all + sample[of], 0)
    const p99 = median(list.map((sample) => sample.p99)).toFixed(1)
    console.log(
      `${`${pools} pool${pools === '1' ? '' : 's'}`.padEnd(9)} ${what.join(' ').padEnd(26)} ${spread.padEnd(28)} p99 ${p99.padStart(7)} ms  errors ${sum('errors')}  duplicates ${sum('duplicates')}${costs(list)}`,
    )
  }
  for (const pools of poolCounts) {
    const one = samples.get(`${pools} ${nameOf(ways[0]!)}`)!
    for (const way of ways.slice(1)) {
      const list = samples.get(`${pools} ${nameOf(way)}`)!
      const ratios = list.map((sample, index) => sumOf(sample) / sumOf(one[index]!))
      const rates = list.map(({ rate }, index) => rate / one[index]!.rate)
      const ofServers = list.map((sample, index) => sample.cpu!.servers / one[index]!.cpu!.servers)
      const isGoal = way.led && pools === 1
      const verdict = median(ratios) <= costRatioMax ? 'met' : 'missed'
      console.log(
        `${pools} pool${pools === 1 ? '' : 's'}, ${nameOf(way)} / 1 server, CPU per allocation: ${ratios.map((ratio) => ratio.toFixed(2)).join('  ')}  median ${median(ratios).toFixed(2)}${isGoal ? ` (goal ≤ ${costRatioMax}: ${verdict})` : ''}; of the servers alone ${median(ofServers).toFixed(2)}; rate ${median(rates).toFixed(2)}`,
      )
    }
  }
  const server = samples.get(`1 ${nameOf(ways[0]!)}`)!
  for (const name of Object.keys(baselines(1))) {
    const ratios = samples.get(`1 ${name}`)!.map(({ rate }, index) => server[index]!.rate / rate)
    const verdict = name === statements ? ` (goal ≥ ${ratioMin}: ${median(ratios) >= ratioMin ? 'met' : 'missed'})` : ''
    console.log(
      `one server on one hot pool / ${name}: ${ratios.map((ratio) => ratio.toFixed(2)).join('  ')}  median ${median(ratios).toFixed(2)}${verdict}`,
    )
  }
  const p99 = median(server.map((sample) => sample.p99))
  console.log(`its p99: ${p99.toFixed(1)} ms (goal < ${p99MsMax}: ${p99 < p99MsMax ? 'met' : 'missed'})`)
  const ours = [...samples].filter(([name]) => /servers/.test(name)).flatMap(([, list]) => list)
  const wrong = ours.reduce((all, { errors, duplicates }) => all + errors + duplicates, 0)
  console.log(`errors and duplicates of all servers: ${wrong} (goal 0: ${wrong === 0 ? 'met' : 'missed'})`)
}
