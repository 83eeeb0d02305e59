// What evidence costs an allocation: AllocateAddress over HTTP beside the same server without the log's hashes and tree, in turns.

import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { costOf, costUnit, type Load, type Round, root } from './processes.ts'
import { type Figure, measureRounds, median, type Rounds } from './statistics.ts'
import { loadAllocate } from './throughput.ts'

const costMax = 1.05
const withoutEvidence = { NODE_OPTIONS: `--import=${pathToFileURL(join(root, 'bench/without-evidence.mjs'))}` }

export async function measureEvidenceCost(rounds: Rounds, requests: Load): Promise<Figure[]> {
  const all: Record<'with' | 'without', Round[]> = { with: [], without: [] }
  const figures = await measureRounds(rounds, async (round) => {
    const kinds = [
      async () => all.with.push(await loadAllocate(requests)),
      async () => all.without.push(await loadAllocate(requests, withoutEvidence)),
    ]
    for (const kind of round % 2 === 0 ? kinds : kinds.toReversed()) await kind()
    return { cost: costOf(all.with.at(-1)!) / costOf(all.without.at(-1)!) }
  })
  console.log(`\nevidence: AllocateAddress with the log of evidence and without, ${all.with.length} rounds, medians`)
  for (const [kind, list] of Object.entries(all)) {
    const of = (field: 'rate' | 'cpuMicroseconds' | 'rssMb') => median(list.map((round) => round[field]))
    console.log(
      `${kind.padEnd(10)} ${of('rate').toFixed(0).padStart(8)} req/s ${of('cpuMicroseconds').toFixed(1).padStart(8)} µs of server CPU per request ${of('rssMb').toFixed(0).padStart(6)} MB`,
    )
  }
  return [
    { what: `with ÷ without evidence, by ${costUnit()} per request`, values: figures.cost, goal: { atMost: costMax } },
  ]
}
