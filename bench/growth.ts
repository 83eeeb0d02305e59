// Whether an allocation costs the same in a full pool as in an empty one: in process, without HTTP, so that nothing hides it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startPostgres } from '../test/postgres.ts'
import { fillPostgres, fillSqlite } from './fill.ts'
import { key, usageOf } from './processes.ts'
import { type Figure, measureRounds, median, type Rounds } from './statistics.ts'
import { fill, open, type Prepared, preparePolicy } from './world.ts'

const together = 64
const measured = 4_000
const ratioMax = 1.3
/** Beyond so many, what a round adds does not count, and one database serves all rounds. */
const large = 200_000

interface Sample {
  /** Of this process, and of the database's where it has its own. */
  readonly cpu: number
  readonly databaseCpu: number
  readonly wall: number
}
interface Filled {
  measure(): Promise<Sample>
  close(): Promise<void>
}

async function measureMore(prepared: Prepared, databaseCpu: () => number): Promise<Sample> {
  await fill(prepared, 500, together)
  const [cpu, database, since] = [process.cpuUsage(), databaseCpu(), performance.now()]
  await fill(prepared, measured, together)
  const { user, system } = process.cpuUsage(cpu)
  return {
    cpu: (user + system) / measured,
    databaseCpu: (databaseCpu() - database) / measured,
    wall: ((performance.now() - since) * 1000) / measured,
  }
}

async function openSqlite(size: number): Promise<Filled> {
  const folder = mkdtempSync(join(tmpdir(), 'cadastre-bench-'))
  await preparePolicy(folder, key)
  const first = await open(folder, key)
  await fill(first, together, together)
  await first.store.close()
  await fillSqlite(join(folder, 'cadastre.db'), size)
  const prepared = await open(folder, key)
  return {
    measure: () => measureMore(prepared, () => 0),
    async close() {
      await prepared.store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

let schemas = 0
async function openPostgres(url: string, size: number): Promise<Filled> {
  const folder = mkdtempSync(join(tmpdir(), 'cadastre-bench-'))
  const keyFile = join(folder, 'key')
  writeFileSync(keyFile, 'ab'.repeat(32), { mode: 0o600 })
  const schema = `growth_${schemas++}`
  const settings = {
    CADASTRE_DATA: folder,
    CADASTRE_SECRET_KEY_FILE: keyFile,
    CADASTRE_DATABASE_URL: `${url}?schema=${schema}`,
  }
  await preparePolicy(folder, key, settings)
  const first = await open(folder, key, settings)
  await fill(first, together, together)
  await first.store.close()
  await fillPostgres(url, schema, size)
  const client = new pg.Client(url)
  await client.connect()
  await client.query('checkpoint')
  const prepared = await open(folder, key, settings)
  await fill(prepared, together, together)
  const { rows } = await client.query<{ pid: number }>(
    `select pid from pg_stat_activity where application_name = 'cadastre'`,
  )
  return {
    measure: () => measureMore(prepared, () => rows.reduce((sum, { pid }) => sum + usageOf(pid).cpu, 0)),
    async close() {
      await prepared.store.close()
      await client.query(`drop schema ${schema} cascade`)
      await client.end()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export async function measureGrowth({
  engine,
  rounds,
  sizes: [small, most],
}: {
  readonly engine: 'sqlite' | 'postgres'
  readonly rounds: Rounds
  readonly sizes: readonly [number, number]
}): Promise<Figure[]> {
  const postgres = engine === 'postgres' ? await startPostgres() : undefined
  const openFilled = (size: number) => (postgres ? openPostgres(postgres.url, size) : openSqlite(size))
  const kept = new Map<number, Filled>()
  const samples = new Map<number, Sample[]>([
    [small, []],
    [most, []],
  ])
  const figures = await measureRounds(rounds, async () => {
    const of = async (size: number): Promise<Sample> => {
      const filled = kept.get(size) ?? (await openFilled(size))
      const sample = await filled.measure()
      samples.get(size)!.push(sample)
      if (size > large) kept.set(size, filled)
      else await filled.close()
      return sample
    }
    const [few, many] = [await of(small), await of(most)]
    return { cpu: (many.cpu + many.databaseCpu) / (few.cpu + few.databaseCpu), wall: many.wall / few.wall }
  })
  for (const filled of kept.values()) await filled.close()
  postgres?.stop()
  console.log(
    `\ncost per allocation on ${engine} (µs, durable, batches of ${together}, no HTTP) with so many in the pool already; medians of ${figures.cpu.length}`,
  )
  console.log('      rows   CPU ours   CPU database   wall')
  for (const [size, list] of samples) {
    const of = (field: keyof Sample) => median(list.map((sample) => sample[field]))
    console.log(
      `${String(size).padStart(10)} ${of('cpu').toFixed(1).padStart(10)} ${of('databaseCpu').toFixed(1).padStart(14)} ${of('wall').toFixed(1).padStart(6)}`,
    )
  }
  const what = `an allocation on ${engine} with ${most.toLocaleString('en')} ÷ ${small.toLocaleString('en')} in the pool`
  return [
    { what: `${what}, by CPU`, values: figures.cpu, goal: { atMost: ratioMax } },
    { what: `${what}, by wall time`, values: figures.wall },
  ]
}
