// Everything of a PostgreSQL, as of one moment, into a new embedded database: what a backup of either engine is made of.
import type { DatabaseSync } from 'node:sqlite'
import { connect, parseTarget, postgresTroubleOf } from '../postgres/link.ts'
import { makeSqlite } from '../sqlite/engine.ts'
import { StoreTrouble } from '../trouble.ts'
import {
  Digest,
  type EmbeddedTable,
  embeddedRows,
  embeddedTables,
  inOrderOfReferences,
  postgresRows,
  postgresTables,
  quoted,
  refusal,
  refuseDifferentSchemas,
  tablesWithSeed,
} from './sides.ts'

const connectMs = 10_000
/** One statement reads a whole table. */
const statementMs = 600_000
const nothingCopied = 'Nothing was copied'

export interface CopyOptions {
  /** As in `CADASTRE_DATABASE_URL`. */
  readonly url: string
  readonly isHighlyAvailable: boolean
  /** An empty one, for the database. */
  readonly folder: string
}

/** Servers go on meanwhile: what is read is what was there when it began. Throws StoreTrouble. */
export async function copyFromPostgres({ url, isHighlyAvailable, folder }: CopyOptions): Promise<void> {
  const target = parseTarget(url)
  if (typeof target === 'string') throw refusal(`The database's URL: ${target}.`)
  const link = await connect({ target, isHighlyAvailable, deadlineMs: connectMs, statementMs })
  const database = makeSqlite(folder)
  try {
    await link.script('begin isolation level repeatable read read only')
    const tables = inOrderOfReferences(embeddedTables(database))
    const ours = new Set(tables.map(({ name }) => name))
    // What else somebody keeps in the same schema is not ours.
    const sources = new Map([...(await postgresTables(link))].filter(([name]) => ours.has(name)))
    refuseDifferentSchemas(nothingCopied, tables, sources)
    database.exec('pragma foreign_keys = off; begin immediate')
    for (const { name } of tables) if (tablesWithSeed.has(name)) database.exec(`delete from ${quoted(name)}`)
    for (const table of tables) {
      const there = new Digest(table)
      const insert = database.prepare(insertOf(table))
      for await (const rows of postgresRows(link, table)) {
        there.add(rows)
        for (const row of rows) insert.run(...table.columns.map((column) => row[column]!))
      }
      refuseOther(database, table, there)
    }
    const broken = database.prepare('select count(*) as n from pragma_foreign_key_check').get() as { n: number }
    if (broken.n > 0) throw refusal(`${nothingCopied}: ${broken.n} rows refer to others that are not there.`)
    database.exec('commit')
    await link.script('rollback')
  } catch (error) {
    const trouble = postgresTroubleOf(error)
    if (!trouble || trouble.message.startsWith(nothingCopied)) throw error
    throw new StoreTrouble(trouble.kind, `${nothingCopied}: ${trouble.message}.`, { fatal: true, cause: error })
  } finally {
    database.close()
    await link.close()
  }
}

const insertOf = ({ name, columns }: EmbeddedTable): string =>
  `insert into ${quoted(name)} (${columns.map(quoted).join(', ')}) values (${columns.map(() => '?').join(', ')})`

/** Reads once more what is stored, not what was sent. */
function refuseOther(database: DatabaseSync, table: EmbeddedTable, read: Digest): void {
  const stored = new Digest(table)
  for (const rows of embeddedRows(database, table, 'by key')) stored.add(rows)
  const [here, there] = [stored.end(), read.end()]
  if (here.digest === there.digest && here.rows === there.rows) return
  throw refusal(`${nothingCopied}: ${table.name} is not the same on both sides (${here.rows} and ${there.rows} rows).`)
}
