// What evidence costs an allocation, in two ways: AllocateAddress over HTTP beside the same server without the log's hashes and tree, in
// turns; and what the hashes and the tree of as many entries take by themselves, which tells single microseconds where servers differ by ten.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { committedTexts } from '#model/evidence/commitments.ts'
import { growTree } from '#operations/evidence/tree.ts'
import { bytesOf, commitmentTo, Salts } from '#store/commitments.ts'
import { costOf, costUnit, key, type Load, type Round, root } from './processes.ts'
import { type Figure, measureRounds, median, type Rounds } from './statistics.ts'
import { loadAllocate } from './throughput.ts'
import { fill, open, preparePolicy } from './world.ts'

const costMax = 1.05
const withoutEvidence = { NODE_OPTIONS: `--import=${pathToFileURL(join(root, 'bench/without-evidence.mjs'))}` }
/** What a second of allocations adds to the tree, since it grows once a second. */
const entriesOfSecond = 6_000
const together = 64
const hashedOften = 100_000

export async function measureEvidenceCost(rounds: Rounds, requests: Load): Promise<Figure[]> {
  const all: Record<'with' | 'without', Round[]> = { with: [], without: [] }
  const alone = await openAlone()
  const parts: Record<'hashes' | 'tree', number[]> = { hashes: [], tree: [] }
  const figures = await measureRounds(rounds, async (round) => {
    const kinds = [
      async () => all.with.push(await loadAllocate(requests)),
      async () => all.without.push(await loadAllocate(requests, withoutEvidence)),
    ]
    for (const kind of round % 2 === 0 ? kinds : kinds.toReversed()) await kind()
    const { hashes, tree } = await alone.measure()
    parts.hashes.push(hashes)
    parts.tree.push(tree)
    const { cpuMicroseconds } = all.with.at(-1)!
    return {
      turns: costOf(all.with.at(-1)!) / costOf(all.without.at(-1)!),
      parts: cpuMicroseconds / (cpuMicroseconds - hashes - tree),
    }
  })
  await alone.close()
  console.log(`\nevidence: AllocateAddress with the log of evidence and without, ${all.with.length} rounds, medians`)
  for (const [kind, list] of Object.entries(all)) {
    const of = (field: 'rate' | 'cpuMicroseconds' | 'rssMb') => median(list.map((round) => round[field]))
    console.log(
      `${kind.padEnd(10)} ${of('rate').toFixed(0).padStart(8)} req/s ${of('cpuMicroseconds').toFixed(1).padStart(8)} µs of server CPU per request ${of('rssMb').toFixed(0).padStart(6)} MB`,
    )
  }
  console.log(
    `by itself, CPU per allocation: salt and hash in its transaction ${median(parts.hashes).toFixed(1)} µs, its part of the tree ${median(parts.tree).toFixed(1)} µs`,
  )
  return [
    { what: `servers with ÷ without evidence, by ${costUnit()} per request`, values: figures.turns },
    {
      what: 'CPU per request ÷ the same less hashes and tree',
      values: figures.parts,
      goal: { atMost: costMax },
    },
  ]
}

/** A store in this process: what of the evidence of an allocation takes how much CPU, in µs. */
async function openAlone() {
  const folder = mkdtempSync(join(tmpdir(), 'cadastre-bench-'))
  await preparePolicy(folder, key)
  const prepared = await open(folder, key)
  const { store } = prepared
  const grow = async (): Promise<void> => {
    while (await growTree(store));
  }
  await fill(prepared, entriesOfSecond, together)
  await grow()
  const [opening] = await store.read(async (tx) => tx.evidence.openings([(await tx.evidence.log()).entry]))
  assert(opening !== undefined, 'an allocation is an entry')
  const salts = new Salts()
  return {
    async measure(): Promise<{ hashes: number; tree: number }> {
      await fill(prepared, entriesOfSecond, together)
      const tree = (await cpuOf(grow)) / entriesOfSecond
      const hashes = await cpuOf(() => {
        for (let n = 0; n < hashedOften; n++) {
          const salt = salts.next()
          bytesOf(salt + commitmentTo(committedTexts.entry(salt, { ...opening.entry, n })))
        }
      })
      return { hashes: hashes / hashedOften, tree }
    },
    async close(): Promise<void> {
      await store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** CPU time of this process, in µs. */
async function cpuOf(work: () => unknown): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return user + system
}
