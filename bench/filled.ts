// A folder, or a schema of PostgreSQL, whose one pool has very many allocations: for what reads them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fillPostgres, fillSqlite } from './fill.ts'
import { key } from './processes.ts'
import { fill, open, preparePolicy } from './world.ts'

/** Allocated as requests are; the others are made in their likeness. */
const some = 64

export interface Filled {
  readonly folder: string
  readonly pool: string
  /** What leads a server to it, beside the folder. */
  readonly settings: Readonly<Record<string, string>>
  remove(): void
}

/**
 * @param history ended tenures
 * @param url of a PostgreSQL, where the rows get a schema of their own; undefined: SQLite
 */
export async function makeFilled(rows: number, history: number, url: string | undefined): Promise<Filled> {
  const folder = mkdtempSync(join(tmpdir(), 'cadastre-bench-'))
  const schema = `filled_${rows}`
  const settings: Record<string, string> = {}
  if (url !== undefined) {
    settings.CADASTRE_SECRET_KEY_FILE = join(folder, 'key')
    settings.CADASTRE_DATABASE_URL = `${url}?schema=${schema}`
    writeFileSync(settings.CADASTRE_SECRET_KEY_FILE, 'ab'.repeat(32), { mode: 0o600 })
  }
  const [pool] = await preparePolicy(folder, key, settings)
  const first = await open(folder, key, settings)
  await fill(first, some, some)
  await first.store.close()
  if (url === undefined) await fillSqlite(join(folder, 'cadastre.db'), rows, history)
  else await fillPostgres(url, schema, rows, history)
  return { folder, pool: pool!, settings, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
