// One account that floods the AWS APIs, and what somebody else's changes take meanwhile: with the usual rates, and without any.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { usualRates } from '#model/aws-rates.ts'
import { childEnvironment } from '../test/children.ts'
import { type Watched, watch } from '../test/hostile/watch.ts'
import { ask, keepAlive } from '../test/process.ts'
import { builtMain, key, root, startChild, stop } from './processes.ts'
import { median } from './statistics.ts'
import { account, preparePolicy } from './world.ts'

const run = promisify(execFile)
const floodConnections = 64
/** Four clients with a pause after each answer: well within the usual rates. */
const pauseMs = 40
const p99RatioMax = 2
const rssMbMax = 300
/** Until the burst of the account that floods is used up. */
const settleMs = 4_000

/** Prints p99 of the other account beside that of the same server without a flood, and the server's memory. */
export async function measureFlood({ rounds, seconds }: { rounds: number; seconds: number }): Promise<void> {
  console.log(
    `\nAllocateAddress of one account, 4 at once with pauses, beside another one on ${floodConnections} connections; ${rounds} × ${seconds} s each, medians`,
  )
  console.log('rates                          p50 ms   p99 ms   p99 alone   ratio   RSS MB')
  for (const [name, rates] of [
    ['as usual', usualRates],
    ['off', 'off'],
  ] as const) {
    const results: { alone: Watched; beside: Watched }[] = []
    for (let round = 0; round < rounds; round++) results.push(await measureBeside(rates, seconds))
    const of = (pick: (one: { alone: Watched; beside: Watched }) => number): number => median(results.map(pick))
    const ratio = of(({ alone, beside }) => beside.p99 / alone.p99)
    const rssMb = of(({ beside }) => beside.rssMb)
    const isMet = ratio <= p99RatioMax && rssMb < rssMbMax
    const columns = [
      of(({ beside }) => beside.p50)
        .toFixed(1)
        .padStart(8),
      of(({ beside }) => beside.p99)
        .toFixed(1)
        .padStart(8),
      of(({ alone }) => alone.p99)
        .toFixed(1)
        .padStart(11),
      ratio.toFixed(2).padStart(7),
      rssMb.toFixed(0).padStart(8),
    ]
    const verdict = rates === 'off' ? '' : isMet ? 'met' : `not met: at most ${p99RatioMax} and ${rssMbMax} MB`
    console.log(`${name.padEnd(28)} ${columns.join(' ')}   ${verdict}`)
  }
}

async function measureBeside(rates: string, seconds: number): Promise<{ alone: Watched; beside: Watched }> {
  const folder = mkdtempSync(join(tmpdir(), 'cadastre-bench-'))
  await preparePolicy(folder, key)
  const settings = { CADASTRE_DATA: folder, CADASTRE_PORT: '0', CADASTRE_AWS_RATES: rates }
  const server = await startChild(builtMain(), ['serve'], settings)
  try {
    const other = await otherAccount(server.port, settings)
    const agent = keepAlive(4)
    const measure = (duration: number): Promise<Watched> => {
      const allocate = async (): Promise<void> => {
        const answer = await ask(server.port, 'AllocateAddress', {}, { agent, key: other })
        if (answer.status !== 200) throw new Error(answer.body)
      }
      return watch(server.child.pid!, allocate, { seconds: duration, restMs: pauseMs })
    }
    await measure(2)
    const alone = await measure(seconds)
    const flooding = JSON.stringify({ id: key.keyId, secret: key.secret })
    const words = [String(server.port), flooding, String(floodConnections)]
    const flood = await startChild('bench/flood-client.ts', words)
    try {
      await pause(settleMs)
      return { alone, beside: await measure(seconds) }
    } finally {
      flood.child.kill('SIGKILL')
      agent.destroy()
    }
  } finally {
    await stop(server)
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The key of another account of the organization. */
async function otherAccount(
  port: number,
  settings: Readonly<Record<string, string>>,
): Promise<{ id: string; secret: string }> {
  const command = async (words: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<string> =>
    (
      await run(process.execPath, [join(root, 'src/main.ts'), ...words], {
        env: { ...childEnvironment, ...settings, ...more },
      })
    ).stdout
  const printed = await command(['operator', 'token', '--principal', 'user:bench'])
  const at = { CADASTRE_URL: `http://127.0.0.1:${port}`, CADASTRE_TOKEN: printed.trim().replace('CADASTRE_TOKEN=', '') }
  await command(['organization', 'create', '--management-account', account], at)
  const { account: number } = JSON.parse(await command(['account', 'create', '--name', 'other', '--json'], at)) as {
    account: string
  }
  const made = await command(['keys', 'create', '--account', number, '--user', 'bench'])
  const of = (name: string): string => new RegExp(`${name}=(\\S+)`).exec(made)![1]!
  return { id: of('AWS_ACCESS_KEY_ID'), secret: of('AWS_SECRET_ACCESS_KEY') }
}
