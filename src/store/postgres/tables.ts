// Tables that only several servers need.
import { blob, changing, integer, references, table } from '../table.ts'

/** Where the living of the free table begin, by pool and order. Lowered by a trigger too, with the rights of whoever inserts. */
export const freeCursorTable = table(
  'free_cursor',
  { pool: references('pool', integer()), ord: integer(), first: changing(blob()) },
  'kept',
)
/** Tokens that come with every request, which the embedded database keeps in the memory of its one server. */
export const requestTokenTable = table(
  'request_token',
  { token: blob(), auditEntry: integer(), at: integer() },
  'deleted',
)
/** The newest step of the schema that this database has. */
export const schemaVersionTable = table('schema_version', { version: integer() }, 'seeded')

export const postgresDefinitions = [freeCursorTable, requestTokenTable, schemaVersionTable] as const
