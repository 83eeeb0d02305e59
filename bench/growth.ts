// Whether an allocation costs the same in a full pool as in an empty one: in process, without HTTP, so that nothing hides it.
import { rmSync } from 'node:fs'
import { type BenchKey, fill, filledFolder, open } from './world.ts'

const key: BenchKey = {
  keyId: 'AKIABENCHMARKCADASTRE',
  secret: 'benchmarkbenchmarkbenchmarkbenchmark1234',
  region: 'us-east-1',
}
const together = 64
const measured = 20_000

export async function measureGrowth({
  rounds,
  sizes = [10_000, 1_000_000],
}: {
  rounds: number
  sizes?: readonly number[]
}): Promise<void> {
  const results = new Map<number, number[]>(sizes.map((size) => [size, []]))
  for (let round = 0; round < rounds; round++) {
    for (const size of sizes) {
      const folder = await filledFolder(key, size)
      const prepared = await open(folder, key)
      await fill(prepared, 2_000, together)
      const start = process.cpuUsage()
      await fill(prepared, measured, together)
      const { user, system } = process.cpuUsage(start)
      results.get(size)!.push((user + system) / measured)
      await prepared.store.close()
      rmSync(folder, { recursive: true, force: true })
    }
  }
  console.log(
    '\ncost per allocation (CPU µs, durable, batches of 64, no HTTP) with so many in the pool already; medians',
  )
  const medians = sizes.map((size) => results.get(size)!.toSorted((a, b) => a - b)[results.get(size)!.length >> 1]!)
  for (const [i, size] of sizes.entries()) console.log(`${String(size).padStart(10)}  ${medians[i]!.toFixed(1)}`)
  console.log(`goal ≤ 1.30: ${(medians.at(-1)! / medians[0]!).toFixed(2)}`)
}
