// Where servers live: one database of either engine, opened, cut off, restored and accepted as an operator would.
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { acceptDatabase, openPostgres } from '#store/postgres.ts'
import type { Store } from '#store/store.ts'
import { emptyDatabase, type TestDatabase } from '../database.ts'
import type { Engine } from '../engines.ts'
import { until } from '../replication.ts'
import { openSealer } from '../world.ts'

/** Servers of one installation: the embedded database has one. */
export const serversMax: Readonly<Record<Engine, number>> = { sqlite: 1, postgres: 3 }

export interface Place {
  readonly engine: Engine
  readonly database: TestDatabase
  now: number
  /** As the server of this number. */
  open(server: number): Promise<Store>
  /** As a server that was just started, or an operator's command, beside those that run. */
  openBeside(options?: { readonly isOwner?: boolean }): Promise<Store>
  /** Breaks every connection of a server. */
  cut(server: number): Promise<void>
  /** Dumps all tables; what it answers puts them back. */
  dump(): Promise<() => Promise<void>>
  /** Until a server has written down what it acknowledged last, which it does within a second: `accept` reads that. */
  written(server: number, requests: string): Promise<void>
  /** `cadastre database accept` for a server that runs. */
  accept(server: number): Promise<void>
  remove(): Promise<void>
}

/** What every place begins with: made once, and copied, which is much faster. */
export interface Beginning<Known> {
  openPlace(): Promise<{ readonly place: Place; readonly known: Known }>
  remove(): Promise<void>
}
export const begin = <Known>(engine: Engine, fill: (place: Place) => Promise<Known>): Promise<Beginning<Known>> =>
  engine === 'sqlite' ? beginInFolder(fill) : beginInSchema(fill)

// The embedded database ------------------------------------------------------------------------------------------------

const databaseFile = 'cadastre.db'
const unsupported = (): never => {
  throw new Error('the embedded database has no connections, and is restored while its server is stopped')
}

async function beginInFolder<Known>(fill: (place: Place) => Promise<Known>): Promise<Beginning<Known>> {
  const first = inFolder(await emptyDatabase('sqlite'))
  const known = await fill(first)
  return {
    async openPlace() {
      const database = await emptyDatabase('sqlite')
      await copyFile(join(first.database.folder, databaseFile), join(database.folder, databaseFile))
      return { place: inFolder(database), known: structuredClone(known) }
    },
    remove: () => first.remove(),
  }
}

function inFolder(database: TestDatabase): Place {
  const place: Place = {
    engine: 'sqlite',
    database,
    now: Date.UTC(2026, 0, 1),
    open: () => database.open({ clock: () => place.now, sealer: openSealer }),
    openBeside: () => database.openAsOwner({ clock: () => place.now, sealer: openSealer }),
    cut: unsupported,
    dump: unsupported,
    written: unsupported,
    accept: unsupported,
    remove: () => database.remove(),
  }
  return place
}

// PostgreSQL -----------------------------------------------------------------------------------------------------------

/** A role for each server, so that the database tells whose connections are whose; other test files use the same cluster. */
const roleOf = (server: number): string => `cadastre_living_${process.pid}_${server}`
const numbers = Array.from({ length: serversMax.postgres }, (_, server) => server)

/** A schema of its own, in the cluster that all share or in a given one. */
async function makeSchema(cluster?: string): Promise<TestDatabase> {
  const database = await emptyDatabase('postgres', cluster)
  for (const server of numbers) {
    await database.execute(`create role ${roleOf(server)} login password 'living' in role cadastre_server`)
  }
  return database
}
/** In a cluster whose primary may be exchanged. The cluster goes with all that is in it. */
export const openInCluster = async (cluster: string): Promise<Place> => inSchema(await makeSchema(cluster))

/** One schema, whose rows are put back for each place: only one is open at a time. */
async function beginInSchema<Known>(fill: (place: Place) => Promise<Known>): Promise<Beginning<Known>> {
  const database = await makeSchema()
  const first = await inSchema(database)
  const known = await fill(first)
  await first.remove()
  const putBack = await dumpOf(database)
  return {
    async openPlace() {
      await putBack()
      return { place: await inSchema(database), known: structuredClone(known) }
    },
    async remove() {
      for (const server of numbers) await database.execute(`drop role ${roleOf(server)}`)
      await database.remove()
    },
  }
}

async function inSchema(database: TestDatabase): Promise<Place> {
  const { url } = database.schema!
  const folders = await Promise.all(numbers.map(() => mkdtemp(join(tmpdir(), 'cadastre-living-'))))
  const urlOf = (server: number) => url.replace(/\/\/[^@]*@/, `//${roleOf(server)}:living@`)
  const clock = () => place.now
  const place: Place = {
    engine: 'postgres',
    database,
    // The record's days are counted by the database's own clock, which must not be far from that of the drive.
    now: Date.now(),
    open: (server) => openPostgres({ url: urlOf(server), sealer: openSealer, clock, folder: folders[server]! }),
    openBeside: ({ isOwner = false } = {}) =>
      (isOwner ? database.openAsOwner : database.open)({ clock, sealer: openSealer }),
    async cut(server) {
      await database.execute(
        `select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = '${roleOf(server)}'`,
      )
    },
    dump: () => dumpOf(database),
    async written(server, requests) {
      const own = await database.select(`select max(n) as n from audit_entry where request_id like '${requests}%'`)
      await until('the server has written down what it acknowledged', async () => {
        return (await markIn(folders[server]!)) >= Number(own[0]!.n ?? 0)
      })
    },
    async accept(server) {
      await acceptDatabase({ url: urlOf(server), folder: folders[server]! })
    },
    async remove() {
      for (const folder of folders) await rm(folder, { recursive: true, force: true })
    },
  }
  return place
}

/** All rows and, as pg_dump does, the numbers that the database itself draws next. */
async function dumpOf({ schema, select, execute }: TestDatabase): Promise<() => Promise<void>> {
  const putBack = await schema!.keep()
  const drawn = await select(
    `select sequencename as name, last_value as last from pg_sequences where schemaname = current_schema()`,
  )
  return async () => {
    await putBack()
    for (const { name, last } of drawn) {
      await execute(`select setval('"${name}"', ${last ?? 1}, ${last !== null})`)
    }
  }
}

interface Mark {
  readonly n: number
}
/** What the server of a folder has written down of what it acknowledged; 0 where it is nothing. */
async function markIn(folder: string): Promise<number> {
  const text = await readFile(join(folder, 'acknowledged.json'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  return text === '' ? 0 : (JSON.parse(text) as Mark).n
}
