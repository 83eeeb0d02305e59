// AllocateAddress over HTTP beside the same server that verifies the signature and answers a constant, in turns.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  builtMain,
  cleanLoad,
  costOf,
  costUnit,
  key,
  type Load,
  type Round,
  root,
  type Server,
  startChild,
  stop,
} from './processes.ts'
import { type Figure, measureRounds, median, type Rounds } from './statistics.ts'
import { preparePolicy } from './world.ts'

const rateMin = 0.6
const p99Max = 1.5
const memoryMbMax = 200
const run = promisify(execFile)

/** What a server does first is compiled as it goes: that is over before it is measured. */
const warmUp = { seconds: 1, requestsPerSecond: 60_000 }
async function loadWarm(server: Server, requests: Load): Promise<Round> {
  await cleanLoad(server, { ...requests, ...warmUp })
  const round = await cleanLoad(server, requests)
  await stop(server)
  return round
}
const loadConstant = async (kind: 'constant' | 'verified', requests: Load): Promise<Round> =>
  loadWarm(await startChild('bench/constant-server.ts', [kind, key.keyId, key.secret]), requests)

/** @param env beside that of all servers that are measured */
export async function loadAllocate(requests: Load, env: Readonly<Record<string, string>> = {}): Promise<Round> {
  const folder = mkdtempSync(join(tmpdir(), 'cadastre-bench-'))
  await preparePolicy(folder, key)
  const server = await startChild(builtMain(), ['serve'], { CADASTRE_DATA: folder, CADASTRE_PORT: '0', ...env })
  const round = await loadWarm(server, requests)
  rmSync(folder, { recursive: true, force: true })
  return round
}
async function insertRaw(seconds: number): Promise<{ rate: number; cpuMicroseconds: number }> {
  const { stdout } = await run(process.execPath, [join(root, 'bench/raw-insert.ts'), String(seconds)])
  return JSON.parse(stdout)
}

/** @param bounds also measures the ceiling above `verified` and the floor below the store, once each */
export async function measureThroughput(rounds: Rounds, requests: Load, bounds: boolean): Promise<Figure[]> {
  const all: Record<'verified' | 'allocate', Round[]> = { verified: [], allocate: [] }
  const figures = await measureRounds(rounds, async (round) => {
    const kinds = [
      async () => all.verified.push(await loadConstant('verified', requests)),
      async () => all.allocate.push(await loadAllocate(requests)),
    ]
    // Whoever comes first finds another machine than whoever comes last: they take turns.
    for (const kind of round % 2 === 0 ? kinds : kinds.toReversed()) await kind()
    const [verified, allocate] = [all.verified.at(-1)!, all.allocate.at(-1)!]
    return {
      rate: allocate.rate / verified.rate,
      cost: costOf(verified) / costOf(allocate),
      p99: allocate.p99 / verified.p99,
      memory: allocate.rssMb,
    }
  })
  const shown: Record<string, Round[]> = bounds
    ? { constant: [await loadConstant('constant', requests)], ...all }
    : { ...all }
  console.log(
    `\nAllocateAddress under a policy, signed, on disk (synchronous=FULL), ${requests.connections} connections, ${all.allocate.length} × ${requests.seconds} s, medians`,
  )
  console.log('                          req/s   p50 ms   p99 ms   server CPU µs/req   client CPU µs/req   RSS MB')
  for (const [kind, list] of Object.entries(shown)) {
    const of = (field: 'rate' | 'p50' | 'p99' | 'cpuMicroseconds' | 'clientCpuMicroseconds' | 'rssMb') =>
      median(list.map((round) => round[field]))
    console.log(
      `${kind.padEnd(22)} ${of('rate').toFixed(0).padStart(8)} ${of('p50').toFixed(1).padStart(8)} ${of('p99').toFixed(1).padStart(8)} ${of('cpuMicroseconds').toFixed(1).padStart(19)} ${of('clientCpuMicroseconds').toFixed(1).padStart(19)} ${of('rssMb').toFixed(0).padStart(8)}`,
    )
  }
  if (bounds) {
    const raw = await insertRaw(3)
    console.log(
      `raw SQLite inserts     ${raw.rate.toFixed(0).padStart(8)} rows of two tables/s, batches of 64; CPU ${raw.cpuMicroseconds.toFixed(1)} µs`,
    )
  }
  return [
    { what: 'allocate ÷ verified, by rate', values: figures.rate, goal: { atLeast: rateMin } },
    { what: `verified ÷ allocate, by ${costUnit()} per request`, values: figures.cost, goal: { atLeast: rateMin } },
    { what: 'allocate ÷ verified, by p99', values: figures.p99, goal: { atMost: p99Max } },
    { what: 'memory after the run, MB', values: figures.memory, goal: { atMost: memoryMbMax } },
  ]
}
