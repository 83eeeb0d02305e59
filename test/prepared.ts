// What every database of a test begins with: its secret key, and of the embedded engine a file with the newest schema.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createSealer } from '#store/sealer.ts'
import { openSqlite } from '#store/sqlite/engine.ts'
import { dataRoot } from './data-root.ts'

export const databaseFile = 'cadastre.db'
/** Every server of one database seals with the same key. */
export const testSecretKey = 'ab'.repeat(32)
/** With the key that processes on the same databases have. */
export const testSealer = createSealer(Buffer.from(testSecretKey, 'hex'))
export const quoted = (name: string): string => `"${name}"`

export function withoutTriggers(database: DatabaseSync, work: () => void): void {
  const triggers = database.prepare("select name, sql from sqlite_schema where type = 'trigger'").all()
  for (const { name } of triggers) database.exec(`drop trigger ${quoted(String(name))}`)
  work()
  for (const { sql } of triggers) database.exec(String(sql))
}

/**
 * The file of a database at the newest step of the schema, on which no server has been started yet. Made once for a run (the
 * runner names it in CADASTRE_TEST_SQLITE_FILE) or for a process: the steps take most of the time that a small test needs. What
 * they do is tried in src/store/schema/migrations.test.ts and by each server that tests start in a folder of its own.
 */
export async function prepareFile(): Promise<Uint8Array> {
  const made = process.env.CADASTRE_TEST_SQLITE_FILE
  if (made !== undefined) return readFile(made)
  const folder = await mkdtemp(join(dataRoot(), 'cadastre-test-'))
  const path = join(folder, databaseFile)
  try {
    await openSqlite({ folder, clock: Date.now, sealer: testSealer, exclusive: true }).close()
    const database = new DatabaseSync(path)
    // A server keeps the fingerprint of its key where there is none: here each test's, as in a new database.
    withoutTriggers(database, () => database.exec('delete from sealing_key'))
    database.exec('vacuum')
    database.close()
    return await readFile(path)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
