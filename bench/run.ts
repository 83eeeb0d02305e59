// The benchmark: interleaved rounds of the product and its baselines on this machine; goals are ratios within one run.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, release, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startPostgres } from '../test/postgres.ts'
import { measureDecisions } from './decide.ts'
import { measureGrowth } from './growth.ts'
import { measureStart, preparePolicy } from './world.ts'

const run = promisify(execFile)
const options = new Map(process.argv.slice(2).map((word) => word.replace(/^--/, '').split('=') as [string, string]))
const rounds = Number(options.get('rounds') ?? 3)
const seconds = Number(options.get('seconds') ?? 5)
const connections = Number(options.get('connections') ?? 64)
const only = options.get('only')?.split(',')
const wants = (part: string): boolean => only === undefined || only.includes(part)

const keyId = 'AKIABENCHMARKCADASTRE'
const secret = 'benchmarkbenchmarkbenchmarkbenchmark1234'
const region = 'us-east-1'
const root = join(import.meta.dirname, '..')

interface Round {
  rate: number
  p50: number
  p99: number
  cpuMicroseconds: number
  clientCpuMicroseconds: number
  rssMb: number
}
const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!

/** User and system time of a process in microseconds, and its resident memory, from the kernel. */
function usageOf(pid: number): { cpu: number; rssMb: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1])
  return { cpu: (Number(fields[11]) + Number(fields[12])) * 10_000, rssMb: (pages * 4096) / 1e6 }
}

async function startChild(
  file: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(process.execPath, [join(root, file), ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const port = await new Promise<number>((resolve, reject) => {
    let text = ''
    child.stdout!.on('data', (chunk: Buffer) => {
      text += chunk
      const match = /listening (\d+)|listens on http:\/\/[^:]+:(\d+)/.exec(text)
      if (match) resolve(Number(match[1] ?? match[2]))
    })
    child.once('exit', (code) => reject(new Error(`${file} ended with ${code}`)))
  })
  return { child, port }
}
const stop = (child: ChildProcess): Promise<unknown> => {
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  return ended
}

async function load(port: number, child: ChildProcess, together = connections): Promise<Round> {
  const order = { port, connections: together, seconds, requests: seconds * 40_000, keyId, secret, region }
  const client = spawn(process.execPath, [join(root, 'bench/load.ts'), JSON.stringify(order)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  client.stdout.on('data', (chunk: Buffer) => {
    text += chunk
  })
  const before = usageOf(child.pid!)
  await new Promise((resolve) => client.once('exit', resolve))
  const after = usageOf(child.pid!)
  const result = JSON.parse(text) as {
    rate: number
    total: number
    p50: number
    p99: number
    errors: number
    non2xx: number
    codes: object
    reused: number
    clientCpu: { user: number; system: number }
  }
  if (result.errors + result.non2xx > 0 || result.reused > 0) throw new Error(`the load was not clean: ${text}`)
  return {
    rate: result.rate,
    p50: result.p50,
    p99: result.p99,
    cpuMicroseconds: (after.cpu - before.cpu) / result.total,
    clientCpuMicroseconds: (result.clientCpu.user + result.clientCpu.system) / result.total,
    rssMb: after.rssMb,
  }
}

async function throughput(): Promise<void> {
  const results: Record<string, Round[]> = { constant: [], verified: [], allocate: [] }
  const raw: { rate: number; cpuMicroseconds: number }[] = []
  for (let round = 0; round < rounds; round++) {
    for (const kind of ['constant', 'verified'] as const) {
      const { child, port } = await startChild('bench/constant-server.ts', [kind, keyId, secret])
      await load(port, child).then((result) => results[kind]!.push(result))
      await stop(child)
    }
    const folder = mkdtempSync(join(tmpdir(), 'cadastre-bench-'))
    await preparePolicy(folder, { keyId, secret, region })
    const { child, port } = await startChild('src/main.ts', ['serve'], { CADASTRE_DATA: folder, CADASTRE_PORT: '0' })
    await load(port, child).then((result) => results.allocate!.push(result))
    await stop(child)
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
    const of = (field: keyof Round) => median(list.map((round) => round[field]))
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

/** One hot pool: a server on the embedded database, and one, two and four servers on PostgreSQL, in turn. */
async function throughputOnPostgres(): Promise<void> {
  const postgres = await startPostgres()
  const counts = [0, 1, 2, 4]
  const results = new Map<number, number[]>(counts.map((count) => [count, []]))
  const slowest = new Map<number, number[]>(counts.map((count) => [count, []]))
  for (let round = 0; round < rounds; round++) {
    for (const servers of counts) {
      const folder = mkdtempSync(join(tmpdir(), 'cadastre-bench-'))
      const keyFile = join(folder, 'key')
      writeFileSync(keyFile, 'ab'.repeat(32))
      const settings = {
        CADASTRE_DATA: folder,
        CADASTRE_PORT: '0',
        CADASTRE_SECRET_KEY_FILE: keyFile,
        ...(servers === 0 ? {} : { CADASTRE_DATABASE_URL: `${postgres.url}?schema=bench_${round}_${servers}` }),
      }
      await preparePolicy(folder, { keyId, secret, region }, settings)
      const children = await Promise.all(
        Array.from({ length: Math.max(servers, 1) }, () => startChild('src/main.ts', ['serve'], settings)),
      )
      const each = Math.ceil(connections / children.length)
      const loads = await Promise.all(children.map(({ port, child }) => load(port, child, each)))
      results.get(servers)!.push(loads.reduce((sum, { rate }) => sum + rate, 0))
      slowest.get(servers)!.push(Math.max(...loads.map(({ p99 }) => p99)))
      await Promise.all(children.map(({ child }) => stop(child)))
      rmSync(folder, { recursive: true, force: true })
    }
  }
  postgres.stop()
  console.log(
    `\nAllocateAddress from one pool, signed, ${connections} connections in all, everything on this machine; ${rounds} × ${seconds} s, medians`,
  )
  for (const servers of counts) {
    const name = servers === 0 ? 'SQLite, 1 server' : `PostgreSQL, ${servers} server${servers > 1 ? 's' : ''}`
    const rate = median(results.get(servers)!).toFixed(0).padStart(8)
    console.log(`${name.padEnd(22)} ${rate} req/s   p99 ${median(slowest.get(servers)!).toFixed(1)} ms`)
  }
}

console.log(
  `${cpus().length} × ${cpus()[0]?.model}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Linux ${release()}, Node ${process.version}, load ${loadavg()[0]!.toFixed(1)}, ${new Date().toISOString()}`,
)
console.log(`commit ${(await run('git', ['rev-parse', '--short', 'HEAD'], { cwd: root })).stdout.trim()}`)
if (wants('decide')) measureDecisions()
if (wants('throughput')) await throughput()
if (wants('growth')) await measureGrowth({ rounds })
if (wants('start')) await measureStart({ keyId, secret, region })
if (wants('postgres')) await throughputOnPostgres()
