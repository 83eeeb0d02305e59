// What an allocation costs does not grow with the pool: statements, rows and pages are counted, because times are noise.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { StatementSync } from 'node:sqlite'
import { test } from 'node:test'
import { Link } from '#store/postgres/link.ts'
import { fillPostgres, fillSqlite } from '../bench/fill.ts'
import { type BenchKey, fill, open, preparePolicy } from '../bench/world.ts'
import { dataRoot } from './data-root.ts'
import { emptyPostgres, ownerOf } from './postgres.ts'

const key: BenchKey = {
  keyId: 'AKIATESTGROWTH',
  secret: 'a secret of forty characters, or nearly so',
  region: 'us-east-1',
}
/** So far apart that whatever walks through a pool shows, and so near that the trees over it are equally high. */
const sizes = [32_768, 131_072] as const
const together = 64
const batches = 4

type Counts = Readonly<Record<'statements' | 'rows' | 'pages', number>>

/** What `together` allocations cost on the average, in a pool that has `size` already. */
async function costOf(
  size: number,
  database: { readonly settings: Record<string, string>; fill(folder: string): Promise<void> },
  count: (work: () => Promise<void>) => Promise<Counts>,
): Promise<Counts> {
  const folder = await mkdtemp(join(dataRoot(), 'cadastre-growth-'))
  const keyFile = join(folder, 'key')
  await writeFile(keyFile, 'ab'.repeat(32), { mode: 0o600 })
  const settings = { ...database.settings, CADASTRE_SECRET_KEY_FILE: keyFile }
  await preparePolicy(folder, key, settings)
  const first = await open(folder, key, settings)
  await fill(first, together, together)
  await first.store.close()
  await database.fill(folder)
  const prepared = await open(folder, key, settings)
  await fill(prepared, 2 * together, together)
  const counts = await count(() => fill(prepared, batches * together, together))
  const { problems, allocations } = await prepared.store.read((tx) => tx.spaceCheck.report())
  assert.deepEqual({ problems, allocations }, { problems: [], allocations: size + (2 + batches) * together })
  await prepared.store.close()
  await rm(folder, { recursive: true, force: true })
  return counts
}

/** Counts what one process asks of SQLite. */
async function countSqlite(work: () => Promise<void>): Promise<Counts> {
  const counts = { statements: 0, rows: 0, pages: 0 }
  const { get, all, run } = StatementSync.prototype
  StatementSync.prototype.get = function (...values) {
    counts.statements++
    counts.rows++
    return get.apply(this, values as never)
  }
  StatementSync.prototype.all = function (...values) {
    const rows = all.apply(this, values as never)
    counts.statements++
    counts.rows += rows.length
    return rows
  }
  StatementSync.prototype.run = function (...values) {
    const result = run.apply(this, values as never)
    counts.statements++
    counts.rows += Number(result.changes)
    return result
  }
  try {
    await work()
  } finally {
    Object.assign(StatementSync.prototype, { get, all, run })
  }
  return counts
}

interface Plan {
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
  readonly 'Shared Hit Blocks': number
  readonly 'Shared Read Blocks': number
  readonly Plans?: readonly Plan[]
}
const rowsOf = (plan: Plan): number =>
  plan['Actual Rows'] * plan['Actual Loops'] + (plan.Plans ?? []).reduce((sum, one) => sum + rowsOf(one), 0)

/** Every statement is executed by `explain analyze`, which says what it touched; one that reads, once more for its rows. */
async function countPostgres(work: () => Promise<void>): Promise<Counts> {
  const counts = { statements: 0, rows: 0, pages: 0 }
  const { query } = Link.prototype
  Link.prototype.query = function (name, text, values) {
    const explained = query.call(this, '', `explain (analyze, buffers, format json) ${text}`, values).then((result) => {
      const [{ 'QUERY PLAN': plans }] = result.rows as [{ 'QUERY PLAN': readonly { readonly Plan: Plan }[] }]
      const { Plan } = plans[0]!
      counts.statements++
      counts.rows += rowsOf(Plan)
      counts.pages += Plan['Shared Hit Blocks'] + Plan['Shared Read Blocks']
      return result
    })
    return /^\s*select/.test(text) ? explained.then(() => query.call(this, name, text, values)) : explained
  }
  try {
    await work()
  } finally {
    Link.prototype.query = query
  }
  return counts
}

function compare([small, large]: readonly Counts[]): void {
  const text = JSON.stringify({ small, large })
  assert(small && large)
  assert(small.statements > 0 && small.rows >= batches * together, text)
  assert.equal(large.statements, small.statements, text)
  // Trees are as high, but a page may be full here and not there.
  for (const what of ['rows', 'pages'] as const) assert(large[what] <= small[what] * 1.1 + 10, text)
}

test('an allocation on SQLite costs the same statements and rows in a small pool and in a large one', async () => {
  const costs: Counts[] = []
  for (const size of sizes) {
    const database = { settings: {}, fill: (folder: string) => fillSqlite(join(folder, 'cadastre.db'), size) }
    costs.push(await costOf(size, database, countSqlite))
  }
  compare(costs)
})

test('an allocation on PostgreSQL costs the same statements, rows and pages in a small pool and in a large one', async () => {
  const costs: Counts[] = []
  for (const size of sizes) {
    const url = await emptyPostgres()
    const [server, schema] = ownerOf(url).split(/[?&]schema=/)
    const database = {
      settings: { CADASTRE_DATABASE_URL: url },
      fill: () => fillPostgres(server!, schema!, size),
    }
    costs.push(await costOf(size, database, countPostgres))
  }
  compare(costs)
})
