// What the indexes behind lists and history cost an allocation: the same database with each of them, and without.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fillSqlite } from './fill.ts'
import { key } from './processes.ts'
import type { Figure } from './statistics.ts'
import { fill, open, type Prepared, preparePolicy } from './world.ts'

const together = 64
/** The kernel counts CPU time in steps of 10 ms: fewer would be measured by chance. */
const measured = 10_000
const allocations = 100_000
const turns = 3
const costMax = 1.05

/** Those that an allocation writes into. */
const indexes = ['allocation_address', 'allocation_holder_address', 'decision_ruling', 'audit_entry_origin'] as const
const variants: Readonly<Record<string, readonly string[]>> = {
  'with all': [],
  ...Object.fromEntries(indexes.map((name) => [`without ${name}`, [name]])),
  'without any': indexes,
}

async function openWithout(dropped: readonly string[]): Promise<Prepared & { readonly folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'cadastre-bench-'))
  await preparePolicy(folder, key)
  const first = await open(folder, key)
  await fill(first, together, together)
  await first.store.close()
  const file = join(folder, 'cadastre.db')
  await fillSqlite(file, allocations)
  const sqlite = new DatabaseSync(file)
  for (const name of dropped) sqlite.exec(`drop index ${name}`)
  sqlite.close()
  return { ...(await open(folder, key)), folder }
}

/** CPU microseconds of one allocation, in this process, durable. */
async function cost(prepared: Prepared): Promise<number> {
  const before = process.cpuUsage()
  await fill(prepared, measured, together)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / measured
}

/** Others on the machine only ever add to a cost that is a few per cent of itself: the low values say more than the middle. */
const lowerQuartile = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 2]!

export async function measureIndexes(rounds: number): Promise<Figure[]> {
  const names = Object.keys(variants)
  const opened = new Map<string, Awaited<ReturnType<typeof openWithout>>>()
  for (const name of names) opened.set(name, await openWithout(variants[name]!))
  const samples = new Map<string, number[]>(names.map((name) => [name, []]))
  for (const one of opened.values()) await fill(one, measured, together)
  for (let turn = 0; turn < rounds * turns; turn++) {
    // Whoever comes first finds another machine than whoever comes last: they take turns.
    for (let at = 0; at < names.length; at++) {
      const name = names[(at + turn) % names.length]!
      samples.get(name)!.push(await cost(opened.get(name)!))
    }
  }
  for (const { store, folder } of opened.values()) {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
  const costOf = (name: string): number => lowerQuartile(samples.get(name)!)
  const ratioOf = (name: string): number => costOf(name) / costOf('without any')
  console.log(
    `\nindexes behind lists and history: CPU µs per allocation (in process, batches of ${together}, ${allocations} in the pool), lower quartiles of ${rounds * turns}`,
  )
  for (const name of names) {
    console.log(`${name.padEnd(28)} ${costOf(name).toFixed(1).padStart(8)} ${ratioOf(name).toFixed(3).padStart(8)}`)
  }
  const without = samples.get('without any')!
  const ratios = samples.get('with all')!.map((cpu, turn) => cpu / without[turn]!)
  return [{ what: 'an allocation with indexes ÷ without, by CPU', values: ratios, goal: { atMost: costMax } }]
}
