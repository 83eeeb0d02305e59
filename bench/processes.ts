// The processes of a benchmark: servers that are measured, one client that loads them, and what the kernel says about each.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { childEnvironment } from '../test/children.ts'
import { instructionsIn } from './statistics.ts'

export const root = join(import.meta.dirname, '..')
export const key = {
  keyId: 'AKIABENCHMARKCADASTRE',
  secret: 'benchmarkbenchmarkbenchmarkbenchmark1234',
  region: 'us-east-1',
}
/** More than any server answers on two cores: each request is signed beforehand and sent once. */
const requestsPerSecondMax = 90_000

let isBuilt = false
/** What users run: the built package, without what strips types. Answers its first file, from the root. */
export function builtMain(): string {
  if (!isBuilt) execFileSync(process.execPath, [join(root, 'scripts/build.ts')], { stdio: 'ignore' })
  isBuilt = true
  return 'dist/cadastre.js'
}

export interface Server {
  readonly child: ChildProcess
  readonly port: number
}
export interface Round {
  readonly rate: number
  readonly p50: number
  readonly p99: number
  readonly total: number
  /** Of all servers together. */
  readonly cpuMicroseconds: number
  /** In user mode, per request; undefined where the machine does not count them. They depend less on what else runs. */
  readonly instructions: number | undefined
  readonly clientCpuMicroseconds: number
  readonly rssMb: number
  /** Requests that were not answered with what was asked for, by what came instead. */
  readonly errors: Readonly<Record<string, number>>
}
export interface Load {
  readonly connections: number
  readonly seconds: number
  /** Pools that the requests name, in turn; without, policy chooses. */
  readonly pools?: readonly string[]
  /** Asks the native API instead of EC2's. */
  readonly native?: { readonly token: string; readonly path: string; readonly body: object }
  /** Where it is known to be less: what is signed and not sent costs the client memory and time. */
  readonly requestsPerSecond?: number
}

/** User and system time of a process in microseconds, and its resident memory, from the kernel. */
export function usageOf(pid: number): { cpu: number; rssMb: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1])
  return { cpu: (Number(fields[11]) + Number(fields[12])) * 10_000, rssMb: (pages * 4096) / 1e6 }
}

const perf = ['stat', '-x,', '-e', 'instructions:u']
let canCount: boolean | undefined
/** Whether `perf` is there and this machine counts instructions: virtual ones often do not. */
export function countsInstructions(): boolean {
  canCount ??= instructionsIn(spawnSync('perf', [...perf, 'true'], { encoding: 'utf8' }).stderr ?? '') !== undefined
  return canCount
}
/** Counts the instructions of processes until what it returns is called. */
function countInstructions(pids: readonly number[]): () => Promise<number | undefined> {
  if (!countsInstructions()) return async () => undefined
  const counter = spawn('perf', [...perf, '-p', pids.join(',')], { stdio: ['ignore', 'ignore', 'pipe'] })
  const output = text(counter.stderr)
  return async () => {
    counter.kill('SIGINT')
    return instructionsIn(await output)
  }
}

export async function startChild(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Server> {
  const child = spawn(process.execPath, [join(root, file), ...args], {
    // Whoever measures is one account; that it is counted costs what it costs everybody.
    env: { ...childEnvironment, CADASTRE_AWS_RATES: 'read=1000000/1000000,write=1000000/1000000', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  // A measurement that fails leaves nothing running.
  const end = (): void => void child.kill('SIGKILL')
  process.once('exit', end)
  child.once('exit', () => process.off('exit', end))
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
export const stop = ({ child }: Server): Promise<unknown> => {
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  return ended
}

/** Loads servers with one client, whose connections are spread over them. */
export async function load(
  servers: readonly Server[],
  { connections, seconds, pools = [], native, requestsPerSecond = requestsPerSecondMax }: Load,
): Promise<Round> {
  const order = {
    ...key,
    ports: servers.map(({ port }) => port),
    connections,
    seconds,
    pools,
    native,
    // The client counts whole seconds, and may begin one more.
    requests: (seconds + 1) * requestsPerSecond,
  }
  const client = spawn(process.execPath, [join(root, 'bench/load.ts')], { stdio: ['pipe', 'pipe', 'inherit'] })
  client.stdin.end(JSON.stringify(order))
  const usage = () => servers.map(({ child }) => usageOf(child.pid!))
  const before = usage()
  const counted = countInstructions(servers.map(({ child }) => child.pid!))
  const said = await text(client.stdout)
  const after = usage()
  const instructions = await counted()
  const result = JSON.parse(said) as {
    rate: number
    total: number
    p50: number
    p99: number
    errors: number
    codes: Record<string, number>
    reused: number
    clientCpu: { user: number; system: number }
  }
  if (result.reused > 0) throw new Error(`the client ran out of requests: ${said}`)
  const cpu = after.reduce((sum, one, index) => sum + one.cpu - before[index]!.cpu, 0)
  return {
    rate: result.rate,
    p50: result.p50,
    p99: result.p99,
    total: result.total,
    cpuMicroseconds: cpu / result.total,
    instructions: instructions && instructions / result.total,
    clientCpuMicroseconds: (result.clientCpu.user + result.clientCpu.system) / result.total,
    rssMb: Math.max(...after.map(({ rssMb }) => rssMb)),
    errors: result.errors > 0 ? { ...result.codes, 'no answer': result.errors } : result.codes,
  }
}

/** What a server spends on a request, to be compared with another server's of the same machine. */
export const costOf = ({ instructions, cpuMicroseconds }: Round): number => instructions ?? cpuMicroseconds
export const costUnit = (): string => (countsInstructions() ? 'instructions' : 'CPU time')

/** Throws where any request was not answered with what was asked for. */
export async function cleanLoad(server: Server, requests: Load): Promise<Round> {
  const round = await load([server], requests)
  if (Object.keys(round.errors).length > 0) throw new Error(`the load was not clean: ${JSON.stringify(round.errors)}`)
  return round
}
