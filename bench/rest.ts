// Allocations over the native API, one at a time and a hundred at once, beside EC2's AllocateAddress on the same server.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { key, type Load, load, median, type Round, startChild, stop } from './processes.ts'
import { account, makeToken, open, preparePolicy } from './world.ts'

const batch = 100
const ec2 = 'EC2 AllocateAddress'
const wish = { account, resourceType: 'eip', locale: key.region }

interface Sample extends Round {
  /** Allocations a second, and what the server's CPU spends on each. */
  readonly allocations: number
  readonly cpuEach: number
}
interface Options {
  readonly rounds: number
  readonly seconds: number
  readonly connections: number
}

export async function measureRest({ rounds, seconds, connections }: Options): Promise<void> {
  const results: Record<string, Sample[]> = {}
  for (let round = 0; round < rounds; round++) {
    const folder = mkdtempSync(join(tmpdir(), 'cadastre-bench-'))
    await preparePolicy(folder, key)
    const { store } = await open(folder, key)
    const token = await makeToken(store)
    await store.close()
    const server = await startChild('src/main.ts', ['serve'], {
      CADASTRE_DATA: folder,
      CADASTRE_PORT: '0',
      CADASTRE_REQUESTS_PER_MINUTE: '100000000',
    })
    const kinds: readonly [string, number, Load['native']][] = [
      [ec2, 1, undefined],
      ['REST, one', 1, { token, path: '/api/v1/allocations', body: wish }],
      [
        `REST, ${batch} at once`,
        batch,
        { token, path: '/api/v1/allocations/batch', body: { allocations: Array.from({ length: batch }, () => wish) } },
      ],
    ]
    // The first request loads the native API, and every code path is warm before it is measured.
    for (const [, , native] of kinds) await load([server], { connections: 4, seconds: 1, native })
    for (let turn = 0; turn < kinds.length; turn++) {
      const [name, each, native] = kinds[(turn + round) % kinds.length]!
      const measured = await load([server], { connections, seconds, native })
      if (Object.keys(measured.errors).length > 0) {
        throw new Error(`the load was not clean: ${name}: ${JSON.stringify(measured.errors)}`)
      }
      results[name] ??= []
      results[name].push({
        ...measured,
        allocations: measured.rate * each,
        cpuEach: measured.cpuMicroseconds / each,
      })
    }
    await stop(server)
    rmSync(folder, { recursive: true, force: true })
  }
  console.log(
    `\nallocations by API under a policy, on disk, ${connections} connections, ${rounds} × ${seconds} s, medians`,
  )
  console.log('                        allocations/s   p50 ms   p99 ms   server CPU µs/allocation   ratio   by CPU')
  const reference = results[ec2]!
  for (const [name, samples] of Object.entries(results)) {
    const of = (field: 'allocations' | 'p50' | 'p99' | 'cpuEach') => median(samples.map((sample) => sample[field]))
    const ratio = median(samples.map(({ allocations }, i) => allocations / reference[i]!.allocations))
    const byCpu = median(samples.map(({ cpuEach }, i) => reference[i]!.cpuEach / cpuEach))
    console.log(
      `${name.padEnd(24)} ${of('allocations').toFixed(0).padStart(12)} ${of('p50').toFixed(1).padStart(8)} ${of('p99').toFixed(1).padStart(8)} ${of('cpuEach').toFixed(1).padStart(26)} ${ratio.toFixed(2).padStart(7)} ${byCpu.toFixed(2).padStart(8)}`,
    )
  }
  console.log('goal ≥ 1.00: allocations a second over the native API / over EC2, in the same round')
}
