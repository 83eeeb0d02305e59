// Allocations over the native API, one at a time and a hundred at once, beside EC2's AllocateAddress on the same server.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  builtMain,
  cleanLoad,
  costOf,
  costUnit,
  key,
  type Load,
  load,
  type Round,
  startChild,
  stop,
} from './processes.ts'
import { type Figure, measureRounds, median, type Rounds } from './statistics.ts'
import { account, makeToken, open, preparePolicy } from './world.ts'

const batch = 100
const ec2 = 'EC2 AllocateAddress'
const params = { account, resourceType: 'eip', locale: key.region }

interface Sample extends Round {
  /** Allocations a second, and what the server's CPU spends on each. */
  readonly allocations: number
  readonly cpuEach: number
}

export async function measureRest(
  rounds: Rounds,
  { seconds, connections }: Pick<Load, 'seconds' | 'connections'>,
): Promise<Figure[]> {
  const results: Record<string, Sample[]> = {}
  const figures = await measureRounds(rounds, async (round) => {
    const folder = mkdtempSync(join(tmpdir(), 'cadastre-bench-'))
    await preparePolicy(folder, key)
    const { store } = await open(folder, key)
    const token = await makeToken(store)
    await store.close()
    const server = await startChild(builtMain(), ['serve'], {
      CADASTRE_DATA: folder,
      CADASTRE_PORT: '0',
      CADASTRE_REQUESTS_PER_MINUTE: '100000000',
    })
    const kinds: readonly [string, number, Load['native']][] = [
      [ec2, 1, undefined],
      ['REST, one', 1, { token, path: '/api/v1/allocations', body: params }],
      [
        `REST, ${batch} at once`,
        batch,
        {
          token,
          path: '/api/v1/allocations/batch',
          body: { allocations: Array.from({ length: batch }, () => params) },
        },
      ],
    ]
    // The first request loads the native API, and every code path is warm before it is measured.
    for (const [, , native] of kinds) await load([server], { connections: 4, seconds: 1, native })
    for (let turn = 0; turn < kinds.length; turn++) {
      const [name, each, native] = kinds[(turn + round) % kinds.length]!
      const measured = await cleanLoad(server, { connections, seconds, native })
      results[name] ??= []
      results[name].push({
        ...measured,
        allocations: measured.rate * each,
        cpuEach: measured.cpuMicroseconds / each,
      })
    }
    await stop(server)
    rmSync(folder, { recursive: true, force: true })
    const [reference, one, many] = kinds.map(([name]) => results[name]!.at(-1)!) as [Sample, Sample, Sample]
    return {
      one: one.allocations / reference.allocations,
      oneCost: costOf(reference) / costOf(one),
      many: many.allocations / reference.allocations,
    }
  })
  console.log(
    `\nallocations by API under a policy, on disk, ${connections} connections, ${figures.one.length} × ${seconds} s, medians`,
  )
  console.log('                        allocations/s   p50 ms   p99 ms   server CPU µs/allocation')
  for (const [name, samples] of Object.entries(results)) {
    const of = (field: 'allocations' | 'p50' | 'p99' | 'cpuEach') => median(samples.map((sample) => sample[field]))
    console.log(
      `${name.padEnd(24)} ${of('allocations').toFixed(0).padStart(12)} ${of('p50').toFixed(1).padStart(8)} ${of('p99').toFixed(1).padStart(8)} ${of('cpuEach').toFixed(1).padStart(26)}`,
    )
  }
  return [
    { what: 'allocations over the native API ÷ over EC2, by rate', values: figures.one, goal: { atLeast: 1 } },
    { what: `over EC2 ÷ over the native API, by ${costUnit()} per request`, values: figures.oneCost },
    { what: `${batch} at once over the native API ÷ over EC2, by rate`, values: figures.many, goal: { atLeast: 1 } },
  ]
}
