// The tables of both engines, as they are found, read in the same order and told equal: for whatever takes everything from one to the other.
import { createHash, type Hash } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { assert } from '#model/assert.ts'
import type { Link } from '../postgres/link.ts'
import type { SqlValue } from '../sql.ts'
import { StoreTrouble } from '../trouble.ts'

/** A batch ends at either bound, so that memory does not grow with the database. */
const batchRowsMax = 2_000
const batchBytesMax = 1_000_000
/** How long rows are is known after the first ones. */
const firstFetch = 10
/** What a database that has just been made has rows in; everything else is empty then. */
export const tablesWithSeed: ReadonlySet<string> = new Set([
  'record_sink',
  'meta',
  'counter',
  'retention',
  'forgetting',
  'evidence_log',
  'finding_progress',
  'outbox_progress',
  'finding_scan',
  'capacity_watch',
])
/** What PostgreSQL has and the embedded database has not: how far the schema is, tokens that one server remembers, where free space begins, and which server leads. */
export const tablesOfPostgres: ReadonlySet<string> = new Set([
  'schema_version',
  'request_token',
  'free_cursor',
  'writer_lease',
])

export interface ToldTable {
  readonly name: string
  readonly rows: number
  /** SHA-256 of all rows in the order of their key, the same on both sides. */
  readonly digest: string
}

export interface Table {
  readonly name: string
  /** In alphabetical order: the engines may have them in another. */
  readonly columns: readonly string[]
  readonly key: readonly string[]
}
export interface EmbeddedTable extends Table {
  readonly references: readonly { readonly table: string; readonly from: string; readonly to: string }[]
}
export interface PostgresTable extends Table {
  readonly types: ReadonlyMap<string, string>
  /** A column that the database numbers by itself. */
  readonly identity: string | undefined
}
export type Row = Readonly<Record<string, SqlValue>>

export const refusal = (message: string): StoreTrouble => new StoreTrouble('foreign', message, { fatal: true })

export const quoted = (name: string): string => `"${name}"`

export function embeddedTables(database: DatabaseSync): EmbeddedTable[] {
  const names = database
    .prepare(
      `select name from sqlite_schema where type = 'table' and name not like 'sqlite~_%' escape '~' order by rowid`,
    )
    .all() as { name: string }[]
  const columns = database.prepare('select name, pk from pragma_table_info(?) order by name')
  const references = database.prepare('select "table", "from", "to" from pragma_foreign_key_list(?)')
  return names.map(({ name }) => {
    const all = columns.all(name) as { name: string; pk: number }[]
    const inKey = all.filter(({ pk }) => pk > 0).sort((one, other) => one.pk - other.pk)
    return {
      name,
      columns: all.map((column) => column.name),
      key: inKey.map((column) => column.name),
      references: references.all(name) as { table: string; from: string; to: string }[],
    }
  })
}

export async function postgresTables(link: Link): Promise<Map<string, PostgresTable>> {
  const [result] = await link.script(`
    select c.relname as "table", a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
      a.attidentity <> '' as "isIdentity", array_position(i.indkey::int2[], a.attnum) as "inKey"
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_index i on i.indrelid = c.oid and i.indisprimary
    where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p')
    order by c.relname collate "C", a.attname collate "C"`)
  const rows = result!.rows as {
    table: string
    name: string
    type: string
    isIdentity: boolean
    inKey: number | null
  }[]
  return new Map(
    [...Map.groupBy(rows, ({ table }) => table)].map(([name, columns]) => [
      name,
      {
        name,
        columns: columns.map((column) => column.name),
        key: columns
          .filter(({ inKey }) => inKey !== null)
          .sort((one, other) => one.inKey! - other.inKey!)
          .map((column) => column.name),
        types: new Map(columns.map((column) => [column.name, column.type])),
        identity: columns.find(({ isIdentity }) => isIdentity)?.name,
      },
    ]),
  )
}

/** Both schemas come from one text; where they differ nevertheless, somebody has changed one of them, and a row would be lost. */
export function refuseDifferentSchemas(
  what: string,
  sources: readonly Table[],
  targets: ReadonlyMap<string, Table>,
): void {
  const shape = ({ name, columns, key }: Table): string => `${name} (${columns.join(', ')}; key ${key.join(', ')})`
  const here = new Set(sources.map(shape))
  const there = new Set([...targets.values()].filter(({ name }) => !tablesOfPostgres.has(name)).map(shape))
  const differences = [
    ...[...here.difference(there)].map((text) => `only the embedded database has ${text}`),
    ...[...there.difference(here)].map((text) => `only PostgreSQL has ${text}`),
  ]
  if (differences.length > 0) throw refusal(`${what}: the schemas differ: ${differences.join('; ')}.`)
}

/** A table comes after those that its rows refer to; for the rest they stay as the schema has them. */
export function inOrderOfReferences(tables: readonly EmbeddedTable[]): EmbeddedTable[] {
  const sorted: EmbeddedTable[] = []
  const open = new Map(tables.map((table) => [table.name, table]))
  while (open.size > 0) {
    const ready = [...open.values()].find(({ name, references }) =>
      references.every(({ table }) => table === name || !open.has(table)),
    )
    assert(ready !== undefined, 'tables do not refer to each other in a circle')
    sorted.push(ready)
    open.delete(ready.name)
  }
  return sorted
}

/** `parents first`: where rows of a table refer to others of the same. */
export function* embeddedRows(
  database: DatabaseSync,
  table: EmbeddedTable,
  order: 'by key' | 'parents first',
): Generator<Row[]> {
  const { name, columns, key, references } = table
  const own = references.find((reference) => reference.table === name)
  const from = quoted(name)
  const select = `select ${columns.map((column) => `${from}.${quoted(column)}`).join(', ')} from ${from}`
  const text =
    own && order === 'parents first'
      ? `with recursive line (place, depth) as (
           select ${quoted(own.to)}, 0 from ${from} where ${quoted(own.from)} is null
           union all select t.${quoted(own.to)}, line.depth + 1 from ${from} t join line on t.${quoted(own.from)} = line.place)
         ${select} join line on line.place = ${from}.${quoted(own.to)} order by line.depth`
      : `${select} order by ${key.map(quoted).join(', ')}`
  let batch: Row[] = []
  let bytes = 0
  for (const row of database.prepare(text).iterate() as Iterable<Row>) {
    batch.push(row)
    bytes += bytesOf(row)
    if (batch.length < batchRowsMax && bytes < batchBytesMax) continue
    yield batch
    batch = []
    bytes = 0
  }
  if (batch.length > 0) yield batch
}

function bytesOf(row: Row): number {
  let bytes = 0
  for (const value of Object.values(row)) {
    bytes += typeof value === 'string' || value instanceof Uint8Array ? value.length : 8
  }
  return bytes
}

export async function* postgresRows(link: Link, { name, columns, key }: Table): AsyncGenerator<Row[]> {
  const order = key.map(quoted).join(', ')
  await link.script(
    `declare moved no scroll cursor for select ${columns.map(quoted).join(', ')} from ${quoted(name)} order by ${order}`,
  )
  let step = firstFetch
  for (;;) {
    const rows = (await link.script(`fetch ${step} from moved`))[0]!.rows as Row[]
    if (rows.length === 0) break
    yield rows
    // The next ones will be about as long.
    const bytes = rows.reduce((sum, row) => sum + bytesOf(row), 0)
    step = Math.max(1, Math.min(batchRowsMax, Math.floor((rows.length * batchBytesMax) / bytes)))
  }
  await link.script('close moved')
}

/** Of a table's rows, whichever engine they come from: JSON says of each value what it is, and where it ends. */
export class Digest {
  readonly #table: Table
  readonly #hash: Hash = createHash('sha256')
  #rows = 0
  constructor(table: Table) {
    this.#table = table
  }
  add(rows: readonly Row[]): void {
    this.#rows += rows.length
    const lines = rows.map((row) => JSON.stringify(this.#table.columns.map((column) => plain(row[column]!))))
    this.#hash.update(`${lines.join('\n')}\n`)
  }
  end(): ToldTable {
    return { name: this.#table.name, rows: this.#rows, digest: this.#hash.digest('hex') }
  }
}
const plain = (value: SqlValue): unknown =>
  value instanceof Uint8Array
    ? { bytes: Buffer.from(value.buffer, value.byteOffset, value.length).toString('hex') }
    : value
