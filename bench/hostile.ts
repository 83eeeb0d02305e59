// What hostile clients do to somebody else: AllocateAddress of a client that is none, alone and beside two thousand that are, in turns.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { childEnvironment } from '../test/children.ts'
import type { Kind } from '../test/hostile/clients.ts'
import { startHostile, type Watched, watch } from '../test/hostile/watch.ts'
import { ask, keepAlive } from '../test/process.ts'
import { key, root, startChild, stop } from './processes.ts'
import { median } from './statistics.ts'
import { preparePolicy } from './world.ts'

const run = promisify(execFile)
/** Two thousand of the kinds that hold something; of those that ask again at once, as many as keep a core busy. */
const holding: Readonly<Partial<Record<Kind, number>>> = {
  idle: 400,
  'slow-head': 400,
  'slow-body': 400,
  'slow-native-body': 400,
  unread: 400,
}
const asking: Readonly<Partial<Record<Kind, number>>> = { nested: 4, members: 4, description: 8 }
const p99RatioMax = 2
const rssMbMax = 400
const account = '111111111111'
const settleMs = 5_000

/** Prints a line for each kind alone and for all together: p99 beside that of the same server without them, and its memory. */
export async function measureHostile({ rounds, seconds }: { rounds: number; seconds: number }): Promise<void> {
  console.log(`\nAllocateAddress, 4 at once, beside hostile clients; ${rounds} × ${seconds} s each, medians`)
  console.log('hostile clients                p50 ms   p99 ms   p99 alone   ratio   RSS MB')
  const sets: Readonly<Record<string, Readonly<Partial<Record<Kind, number>>>>> = {
    'that hold, 2000': holding,
    'that ask again at once, 16': asking,
    'all together': { ...holding, ...asking },
  }
  for (const [name, counts] of Object.entries(sets)) {
    const results: { alone: Watched; beside: Watched }[] = []
    for (let round = 0; round < rounds; round++) results.push(await measureBeside(counts, seconds))
    const of = (pick: (one: { alone: Watched; beside: Watched }) => number): number => median(results.map(pick))
    const ratio = of(({ alone, beside }) => beside.p99 / alone.p99)
    const rssMb = of(({ beside }) => beside.rssMb)
    const isMet = ratio <= p99RatioMax && rssMb < rssMbMax
    console.log(
      `${name.padEnd(28)} ${of(({ beside }) => beside.p50)
        .toFixed(1)
        .padStart(8)} ${of(({ beside }) => beside.p99)
        .toFixed(1)
        .padStart(8)} ${of(({ alone }) => alone.p99)
        .toFixed(1)
        .padStart(
          11,
        )} ${ratio.toFixed(2).padStart(7)} ${rssMb.toFixed(0).padStart(8)}   ${isMet ? 'met' : `not met: at most ${p99RatioMax} and ${rssMbMax} MB`}`,
    )
  }
}

async function measureBeside(
  counts: Readonly<Partial<Record<Kind, number>>>,
  seconds: number,
): Promise<{ alone: Watched; beside: Watched }> {
  const folder = mkdtempSync(join(tmpdir(), 'cadastre-bench-'))
  await preparePolicy(folder, key)
  const settings = { CADASTRE_DATA: folder, CADASTRE_PORT: '0' }
  const printed = await run(
    process.execPath,
    [join(root, 'src/main.ts'), 'operator', 'token', '--principal', 'user:hostile'],
    { env: { ...childEnvironment, ...settings } },
  )
  const token = printed.stdout.trim().replace('CADASTRE_TOKEN=', '')
  const server = await startChild('src/cadastre.js', ['serve'], settings)
  const pid = server.child.pid!
  const measure = async (duration: number): Promise<Watched> => {
    // Connections of its own: a server closes those that were idle meanwhile.
    const agent = keepAlive(4)
    const options = { agent, key: { id: key.keyId, secret: key.secret } }
    const allocate = async (): Promise<void> => {
      const answer = await ask(server.port, 'AllocateAddress', {}, options)
      if (answer.status !== 200) throw new Error(answer.body)
    }
    return watch(pid, allocate, { seconds: duration }).finally(() => agent.destroy())
  }
  try {
    await measure(2)
    const alone = await measure(seconds)
    const end = await startHostile({ port: server.port, token, account, addresses: ['127.0.0.2'], counts })
    try {
      // Until all of them are there.
      await new Promise((resolve) => setTimeout(resolve, settleMs))
      return { alone, beside: await measure(seconds) }
    } finally {
      await end()
    }
  } finally {
    await stop(server)
    rmSync(folder, { recursive: true, force: true })
  }
}
