// Where servers live: one database of either engine, opened, cut off, restored and accepted as an operator would.
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { acceptDatabase, openPostgres } from '#store/postgres/engine.ts'
import type { Store } from '#store/store.ts'
import { dataRoot } from '../data-root.ts'
import { emptyDatabase, newDatabase, type TestDatabase } from '../database.ts'
import type { Engine } from '../engines.ts'
import { keepCopy } from '../restore.ts'
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
  /** A backup; what it answers restores it. */
  dump(): Promise<() => Promise<void>>
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
async function beginInFolder<Known>(fill: (place: Place) => Promise<Known>): Promise<Beginning<Known>> {
  const first = inFolder(await emptyDatabase('sqlite'))
  const known = await fill(first)
  return {
    async openPlace() {
      const database = await newDatabase('sqlite')
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
    // One process with one file: there is nothing to lose, and nothing to accept.
    cut: async () => {},
    accept: async () => {},
    dump: () => keepCopy(database),
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
  const putBack = await keepCopy(database)
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
  const folders = await Promise.all(numbers.map(() => mkdtemp(join(dataRoot(), 'cadastre-living-'))))
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
    dump: () => keepCopy(database),
    async accept(server) {
      await acceptDatabase({ url: urlOf(server), folder: folders[server]! })
    },
    async remove() {
      for (const folder of folders) await rm(folder, { recursive: true, force: true })
    },
  }
  return place
}
