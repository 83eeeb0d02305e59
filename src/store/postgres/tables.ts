// Tables that only several servers need.
import { blob, changing, integer, onlyRow, references, table, text } from '../table.ts'

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
/** Which server leads, and until when: correctness never rests on it. */
export const writerLeaseTable = table(
  'writer_lease',
  {
    one: onlyRow('one'),
    holder: changing(text()),
    address: changing(text()),
    term: changing(integer()),
    until: changing(integer()),
  },
  'kept',
)
/** The newest step of the schema that this database has. */
export const schemaVersionTable = table('schema_version', { version: integer() }, 'seeded')

export const postgresDefinitions = [freeCursorTable, requestTokenTable, writerLeaseTable, schemaVersionTable] as const
