// A backup of a test's database, and its restore while servers run on it.
import { join } from 'node:path'
import { backup, DatabaseSync } from 'node:sqlite'
import type { TestDatabase } from './database.ts'

/** Keeps what the database is now; what it answers restores it, in place and in one transaction. */
export async function keepCopy({ folder, schema }: TestDatabase): Promise<() => Promise<void>> {
  if (schema) {
    const putBack = await schema.keep()
    return async () => {
      await putBack()
      // As pg_restore does: numbers that are drawn by the database go on from the copy.
      await schema.script(
        `select setval(pg_get_serial_sequence('holder', 'n'), (select coalesce(max(n), 0) + 1 from holder), false)`,
      )
    }
  }
  const [live, copy] = [join(folder, 'cadastre.db'), join(folder, 'copy.db')]
  const copyTo = async (from: string, to: string): Promise<void> => {
    const database = new DatabaseSync(from)
    try {
      await backup(database, to)
    } finally {
      database.close()
    }
  }
  await copyTo(live, copy)
  return () => copyTo(copy, live)
}
