// The benchmark: interleaved rounds of the product and its baselines on this machine; goals are ratios within one run.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, loadavg, release, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { measureContention } from './contention.ts'
import { measureDecisions } from './decide.ts'
import { measureGrowth } from './growth.ts'
import { measureHostile } from './hostile.ts'
import { measureIndexes } from './indexes.ts'
import { measureHistory, measureLists } from './lists.ts'
import { measurePostgres } from './postgres.ts'
import { key, load, median, type Round, root, type Server, startChild, stop } from './processes.ts'
import { measureRest } from './rest.ts'
import { measureStart, preparePolicy } from './world.ts'

const run = promisify(execFile)
const { values: options } = parseArgs({
  options: {
    database: { type: 'string', default: 'sqlite' },
    only: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '64' },
    rows: { type: 'string', default: '1000000' },
  },
})
const { database } = options
if (database !== 'sqlite' && database !== 'postgres') throw new Error('--database is sqlite or postgres')
const rounds = Number(options.rounds)
const seconds = Number(options.seconds)
const connections = Number(options.connections)
const parts = {
  sqlite: ['decide', 'throughput', 'rest', 'hostile', 'growth', 'indexes', 'lists', 'history', 'start'],
  postgres: ['throughput', 'growth', 'lists', 'history', 'contention'],
}[database]
const wanted = options.only?.split(',') ?? parts
const unknown = wanted.find((part) => !parts.includes(part))
if (unknown !== undefined)
  throw new Error(`--only=${unknown} is not one of ${parts.join(', ')} (--database=${database})`)

async function cleanLoad(server: Server): Promise<Round> {
  const round = await load([server], { connections, seconds })
  if (Object.keys(round.errors).length > 0) throw new Error(`the load was not clean: ${JSON.stringify(round.errors)}`)
  return round
}

async function throughput(): Promise<void> {
  const results: Record<string, Round[]> = { constant: [], verified: [], allocate: [] }
  const raw: { rate: number; cpuMicroseconds: number }[] = []
  for (let round = 0; round < rounds; round++) {
    for (const kind of ['constant', 'verified'] as const) {
      const server = await startChild('bench/constant-server.ts', [kind, key.keyId, key.secret])
      results[kind]!.push(await cleanLoad(server))
      await stop(server)
    }
    const folder = mkdtempSync(join(tmpdir(), 'cadastre-bench-'))
    await preparePolicy(folder, key)
    const server = await startChild('src/main.ts', ['serve'], { CADASTRE_DATA: folder, CADASTRE_PORT: '0' })
    results.allocate!.push(await cleanLoad(server))
    await stop(server)
    rmSync(folder, { recursive: true, force: true })
    raw.push(
      JSON.parse(
        (await run(process.execPath, [join(root, 'bench/raw-insert.ts'), String(Math.min(seconds, 3))])).stdout,
      ),
    )
  }
  console.log(
    `\nAllocateAddress under a policy, signed, on disk (synchronous=FULL), ${connections} connections, ${rounds} × ${seconds} s, medians`,
  )
  console.log('                          req/s   p50 ms   p99 ms   server CPU µs/req   client CPU µs/req   RSS MB')
  for (const [kind, list] of Object.entries(results)) {
    const of = (field: 'rate' | 'p50' | 'p99' | 'cpuMicroseconds' | 'clientCpuMicroseconds' | 'rssMb') =>
      median(list.map((round) => round[field]))
    console.log(
      `${kind.padEnd(22)} ${of('rate').toFixed(0).padStart(8)} ${of('p50').toFixed(1).padStart(8)} ${of('p99').toFixed(1).padStart(8)} ${of('cpuMicroseconds').toFixed(1).padStart(19)} ${of('clientCpuMicroseconds').toFixed(1).padStart(19)} ${of('rssMb').toFixed(0).padStart(8)}`,
    )
  }
  console.log(
    `raw SQLite inserts     ${median(raw.map(({ rate }) => rate))
      .toFixed(0)
      .padStart(
        8,
      )} rows of two tables/s, batches of 64; CPU ${median(raw.map(({ cpuMicroseconds }) => cpuMicroseconds)).toFixed(1)} µs`,
  )
  const ratios = results.allocate!.map((round, i) => round.rate / results.verified![i]!.rate)
  const cpuRatios = results.allocate!.map((round, i) => results.verified![i]!.cpuMicroseconds / round.cpuMicroseconds)
  console.log(
    `goal ≥ 0.60: rate of allocate / rate of verified, by round: ${ratios.map((ratio) => ratio.toFixed(2)).join('  ')}  median ${median(ratios).toFixed(2)}`,
  )
  console.log(
    `             the same from server CPU per request (does not depend on the client): median ${median(cpuRatios).toFixed(2)}`,
  )
}

console.log(
  `${cpus().length} × ${cpus()[0]?.model}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Linux ${release()}, Node ${process.version}, load ${loadavg()[0]!.toFixed(1)}, ${new Date().toISOString()}`,
)
console.log(`commit ${(await run('git', ['rev-parse', '--short', 'HEAD'], { cwd: root })).stdout.trim()}`)
const sizes = [10_000, Number(options.rows)]
const measures: Readonly<Record<string, () => unknown>> = {
  decide: measureDecisions,
  throughput: () => (database === 'sqlite' ? throughput() : measurePostgres({ rounds, seconds, connections })),
  growth: () => measureGrowth({ engine: database, rounds, sizes }),
  rest: () => measureRest({ rounds, seconds, connections }),
  hostile: () => measureHostile({ rounds, seconds }),
  indexes: () => measureIndexes(rounds),
  lists: () => measureLists({ engine: database, sizes }),
  history: () => measureHistory({ engine: database, sizes }),
  start: () => measureStart(key),
  contention: () => measureContention({ rounds, seconds, connections }),
}
for (const part of parts) if (wanted.includes(part)) await measures[part]!()
