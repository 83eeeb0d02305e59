// `cadastre move`: everything of an embedded database into an empty PostgreSQL, proven equal before it counts.
import { createHash, type Hash } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { assert } from '#model/assert.ts'
import { databaseTime, PostgresSql, takeLock } from '../postgres/engine.ts'
import { connect, isDatabaseError, type Link, parseTarget, postgresTroubleOf, type Target } from '../postgres/link.ts'
import { migratePostgres } from '../postgres/migrate.ts'
import { fillRequestTokens, requestTokenMs } from '../postgres/tokens.ts'
import type { SqlValue } from '../sql.ts'
import { type HeldDatabase, holdSqlite } from '../sqlite/engine.ts'
import type { Sealer } from '../tables/access-keys.ts'
import { StoreTrouble, troubleOf } from '../trouble.ts'
import { SpaceCheck } from './check.ts'

/** A batch ends at either bound, so that memory does not grow with the database. */
const batchRowsMax = 2_000
const batchBytesMax = 1_000_000
/** How long rows are is known after the first ones. */
const firstFetch = 10
const connectMs = 10_000
/** The longest statements read a whole table on the server: an index, a check. */
const statementMs = 600_000
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
const tablesOfPostgres: ReadonlySet<string> = new Set([
  'schema_version',
  'request_token',
  'free_cursor',
  'writer_lease',
])

export interface MoveOptions {
  /** The data folder of the embedded database. */
  readonly folder: string
  /** Of the PostgreSQL database, as in `CADASTRE_DATABASE_URL`. */
  readonly url: string
  /** Read after the folder was found to be one. */
  readonly sealer: () => Sealer
  readonly isHighlyAvailable?: boolean
  /** Milliseconds since 1970, of the machine on which the embedded database was written. */
  readonly clock: () => number
  /** Told of each table as soon as it is found equal on both sides. */
  readonly onTable?: (table: MovedTable) => void
}

export interface MovedTable {
  readonly name: string
  readonly rows: number
  /** SHA-256 of all rows in the order of their key, the same on both sides. */
  readonly digest: string
}

export interface MoveReport {
  readonly tables: readonly MovedTable[]
  readonly installation: string
  readonly sequence: number
  readonly governanceEpoch: number
  /** Requests of the last minutes, which could still be repeated. */
  readonly requests: number
  readonly pools: number
  readonly allocations: number
  /** Everything was there already: an earlier move was cut off after its commit, or its outcome was not known. */
  readonly wasThere: boolean
  /** Where it is now, without the password. */
  readonly place: string
}

interface Table {
  readonly name: string
  /** In alphabetical order: the engines may have them in another. */
  readonly columns: readonly string[]
  readonly key: readonly string[]
}
interface SourceTable extends Table {
  readonly references: readonly { readonly table: string; readonly from: string; readonly to: string }[]
}
interface TargetTable extends Table {
  readonly types: ReadonlyMap<string, string>
  /** A column that the database numbers by itself. */
  readonly identity: string | undefined
}
type Row = Readonly<Record<string, SqlValue>>

/**
 * Moves everything in one transaction of PostgreSQL, or nothing. Nobody writes to the source meanwhile, and it stays as it
 * is, but for a note that keeps servers from starting on it. Run again after it was cut off, it finds out how far it came.
 */
export async function moveToPostgres(options: MoveOptions): Promise<MoveReport> {
  const target = parseTarget(options.url)
  if (typeof target === 'string') throw refusal(`The database's URL: ${target}.`)
  const place = placeOf(target)
  const source = holdSqlite(options.folder)
  let link: Link | undefined
  try {
    openSecrets(source.database, options.sealer())
    const isHighlyAvailable = options.isHighlyAvailable ?? false
    await migratePostgres({ url: options.url, ownerUrl: undefined, isHighlyAvailable })
    link = await connect({
      target,
      isHighlyAvailable,
      deadlineMs: connectMs,
      statementMs,
    })
    const report = await new Move(source.database, link, place, options).run()
    markMoved(source, options, place)
    return report
  } catch (error) {
    throw inWords(error, place)
  } finally {
    // What is not committed is rolled back by the server.
    await link?.close()
    source.close()
  }
}

function markMoved(source: HeldDatabase, { folder, clock }: MoveOptions, place: string): void {
  try {
    source.markMoved(`${place} on ${new Date(clock()).toISOString()}`)
  } catch (error) {
    const message = `Everything was moved to ${place}, but no note of it could be left (${(error as Error).message}): start no server on \`${folder}\` again.`
    throw new StoreTrouble('permission', message, { fatal: true, cause: error })
  }
}

const refusal = (message: string): StoreTrouble => new StoreTrouble('foreign', message, { fatal: true })

function placeOf({ hosts, database, schema }: Target): string {
  const all = hosts.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`)
  return `postgres://${all.join(',')}/${database} (schema ${schema})`
}

function inWords(error: unknown, place: string): unknown {
  const trouble = postgresTroubleOf(error) ?? troubleOf(error)
  if (!trouble) return error
  if (trouble.outcome === 'unknown') {
    const message = `Whether everything was moved to ${place} is not known: its commit had no clear answer. Run the same command again before you start any server: it finds out.`
    return new StoreTrouble(trouble.kind, message, { fatal: true, cause: error, outcome: 'unknown' })
  }
  // What was said in whole sentences is left as it is.
  if (trouble.message.endsWith('.')) return trouble
  return new StoreTrouble(trouble.kind, `Nothing was moved to ${place}: ${trouble.message}.`, {
    fatal: true,
    cause: error,
  })
}

/** With another key the new servers could check no signature: told before anything is moved. */
function openSecrets(database: DatabaseSync, sealer: Sealer): void {
  const keys = database.prepare(
    `select id, sealed from access_key where disabled_at is null
     union all select id, sealed from subscription where deleted_at is null order by id`,
  )
  for (const { id, sealed } of keys.iterate() as Iterable<{ id: string; sealed: Uint8Array }>) {
    try {
      sealer.open(sealed, id)
    } catch (error) {
      const trouble = troubleOf(error)
      throw trouble ? refusal(`Nothing was moved: ${trouble.message}.`) : error
    }
  }
}

class Move {
  readonly #source: DatabaseSync
  readonly #link: Link
  readonly #place: string
  readonly #options: MoveOptions

  constructor(source: DatabaseSync, link: Link, place: string, options: MoveOptions) {
    this.#source = source
    this.#link = link
    this.#place = place
    this.#options = options
  }

  async run(): Promise<MoveReport> {
    await this.#link.script(`begin; ${takeLock}`)
    const targets = await targetTables(this.#link)
    const tables = inOrderOfReferences(sourceTables(this.#source))
    refuseDifferentSchemas(tables, targets)
    const all = [...targets.keys()].map(quoted).join(', ')
    await this.#link.script(`lock table ${all} in exclusive mode`)
    const wasThere = await this.#isThere(tables)
    await this.#refuseClockBehind()
    if (!wasThere) for (const table of tables) await this.#copy(table, targets.get(table.name)!)
    const since = this.#options.clock() - requestTokenMs
    const requests = wasThere ? 0 : (await this.#first<{ requests: number }>(fillRequestTokens(since))).requests
    const moved: MovedTable[] = []
    for (const table of tables) moved.push(await this.#compare(table, wasThere))
    const { pools, allocations } = await this.#checkSpace()
    const report = { ...(await this.#counters()), requests, pools, allocations }
    // Where nothing else was written it is still a commit of our own, so that it waits for the standbys.
    await this.#link.script(`update counter set value = value where name = 'sequence'; analyze ${all}`)
    await this.#link.commit()
    return { ...report, tables: moved, wasThere, place: this.#place }
  }

  /** Whether this very database is there already; refuses where something else is. */
  async #isThere(tables: readonly SourceTable[]): Promise<boolean> {
    const found: string[] = []
    for (const { name } of tables) {
      if (tablesWithSeed.has(name)) continue
      const rows = await this.#count(name)
      if (rows > 0) found.push(`${rows} in ${name}`)
    }
    if (found.length === 0) return false
    const { value } = this.#source.prepare(`select value from meta where name = 'installation'`).get() as Row
    if ((await this.#counters()).installation === value) return true
    throw refusal(
      `Nothing was moved: ${this.#place} is not empty (rows: ${found.join(', ')}). Name an empty database, or another \`schema=\` in its URL.`,
    )
  }
  async #count(table: string): Promise<number> {
    return (await this.#first<{ rows: number }>(`select count(*) as rows from ${quoted(table)}`)).rows
  }
  async #first<Result>(text: string): Promise<Result> {
    return (await this.#link.script(text))[0]!.rows[0] as Result
  }
  #counters(): Promise<Pick<MoveReport, 'installation' | 'sequence' | 'governanceEpoch'>> {
    return this.#first(`select (select value from meta where name = 'installation') as installation,
      (select value from counter where name = 'sequence') as sequence,
      (select value from counter where name = 'governance-epoch') as "governanceEpoch"`)
  }

  /** Time must not run backwards in the record: from now on it is the new database's. */
  async #refuseClockBehind(): Promise<void> {
    const last = this.#source.prepare('select at from audit_entry order by n desc limit 1').get() as
      | { at: number }
      | undefined
    const { time } = await this.#first<{ time: number }>(`select ${databaseTime} as time`)
    if (last === undefined || last.at <= time) return
    const seconds = Math.ceil((last.at - time) / 1_000)
    throw refusal(
      `Nothing was moved: the clock of ${this.#place} is ${seconds} s behind the last entry of the embedded database. Set the clocks right, or wait.`,
    )
  }

  async #copy(table: SourceTable, target: TargetTable): Promise<void> {
    const { name, columns } = table
    if (tablesWithSeed.has(name)) await this.#link.script(`delete from ${quoted(name)}`)
    const arrays = columns.map((column, index) => `$${index + 1}::${target.types.get(column)}[]`)
    const insert = `insert into ${quoted(name)} (${columns.map(quoted).join(', ')}) select * from unnest(${arrays.join(', ')})`
    for (const rows of sourceRows(this.#source, table, 'parents first')) {
      const values = columns.map((column) => rows.map((row) => row[column]!))
      try {
        await this.#link.query(`move ${name}`, insert, values)
      } catch (error) {
        if (!isDatabaseError(error) || postgresTroubleOf(error)) throw error
        const message = `Nothing was moved: PostgreSQL refused a row of ${name} (${(error as Error).message}).`
        throw new StoreTrouble('foreign', message, { fatal: true, cause: error })
      }
    }
    if (target.identity === undefined) return
    const column = quoted(target.identity)
    await this.#link.script(
      `select setval(pg_get_serial_sequence('${quoted(name)}', '${target.identity}'), max(${column})) from ${quoted(name)} having max(${column}) is not null`,
    )
  }

  /** Reads both sides once more: what is compared is what is stored, not what was sent. */
  async #compare(table: SourceTable, wasThere: boolean): Promise<MovedTable> {
    const here = new Digest(table)
    for (const rows of sourceRows(this.#source, table, 'by key')) here.add(rows)
    const there = new Digest(table)
    for await (const rows of targetRows(this.#link, table)) there.add(rows)
    const [ours, theirs] = [here.end(), there.end()]
    if (ours.digest !== theirs.digest || ours.rows !== theirs.rows) {
      throw refusal(
        wasThere
          ? `Nothing was moved: ${this.#place} holds this database already, and the two have gone apart since (${table.name}: ${ours.rows} rows here and ${theirs.rows} there, or others).`
          : `Nothing was moved: ${table.name} is not the same on both sides (${ours.rows} rows with digest ${ours.digest} here, ${theirs.rows} with ${theirs.digest} there).`,
      )
    }
    this.#options.onTable?.(ours)
    return ours
  }

  async #checkSpace(): Promise<{ pools: number; allocations: number }> {
    const sql = new PostgresSql()
    sql.link = this.#link
    const { problems, pools, allocations } = await new SpaceCheck(sql).report()
    if (problems.length === 0) return { pools, allocations }
    throw refusal(
      `Nothing was moved: the space is not sound (${problems[0]}; ${problems.length} problems in all). \`cadastre check\` tells of each.`,
    )
  }
}

// The two sides -----------------------------------------------------------------------------------------------------

const quoted = (name: string): string => `"${name}"`

function sourceTables(database: DatabaseSync): SourceTable[] {
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

async function targetTables(link: Link): Promise<Map<string, TargetTable>> {
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
function refuseDifferentSchemas(sources: readonly Table[], targets: ReadonlyMap<string, Table>): void {
  const shape = ({ name, columns, key }: Table): string => `${name} (${columns.join(', ')}; key ${key.join(', ')})`
  const here = new Set(sources.map(shape))
  const there = new Set([...targets.values()].filter(({ name }) => !tablesOfPostgres.has(name)).map(shape))
  const differences = [
    ...[...here.difference(there)].map((text) => `only the embedded database has ${text}`),
    ...[...there.difference(here)].map((text) => `only PostgreSQL has ${text}`),
  ]
  if (differences.length > 0) throw refusal(`Nothing was moved: the schemas differ: ${differences.join('; ')}.`)
}

/** A table comes after those that its rows refer to; for the rest they stay as the schema has them. */
function inOrderOfReferences(tables: readonly SourceTable[]): SourceTable[] {
  const sorted: SourceTable[] = []
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
function* sourceRows(database: DatabaseSync, table: SourceTable, order: 'by key' | 'parents first'): Generator<Row[]> {
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

async function* targetRows(link: Link, { name, columns, key }: Table): AsyncGenerator<Row[]> {
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
class Digest {
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
  end(): MovedTable {
    return { name: this.#table.name, rows: this.#rows, digest: this.#hash.digest('hex') }
  }
}
const plain = (value: SqlValue): unknown =>
  value instanceof Uint8Array
    ? { bytes: Buffer.from(value.buffer, value.byteOffset, value.length).toString('hex') }
    : value
