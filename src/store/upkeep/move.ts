// `cadastre move`: everything of an embedded database into an empty PostgreSQL, proven equal before it counts.
import type { DatabaseSync } from 'node:sqlite'
import { databaseTime, PostgresSql, takeLock } from '../postgres/engine.ts'
import { connect, isDatabaseError, type Link, parseTarget, postgresTroubleOf, type Target } from '../postgres/link.ts'
import { migratePostgres } from '../postgres/migrate.ts'
import { fillRequestTokens, requestTokenMs } from '../postgres/tokens.ts'
import { type HeldDatabase, holdSqlite } from '../sqlite/engine.ts'
import type { Sealer } from '../tables/access-keys.ts'
import { StoreTrouble, troubleOf } from '../trouble.ts'
import { SpaceCheck } from './check.ts'
import {
  Digest,
  type EmbeddedTable,
  embeddedRows,
  embeddedTables,
  inOrderOfReferences,
  type PostgresTable,
  postgresRows,
  postgresTables,
  quoted,
  type Row,
  refusal,
  refuseDifferentSchemas,
  type ToldTable,
  tablesWithSeed,
} from './sides.ts'

const connectMs = 10_000
/** The longest statements read a whole table on the server: an index, a check. */
const statementMs = 600_000
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
  readonly onTable?: (table: ToldTable) => void
}

export interface MoveReport {
  readonly tables: readonly ToldTable[]
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
    const targets = await postgresTables(this.#link)
    const tables = inOrderOfReferences(embeddedTables(this.#source))
    refuseDifferentSchemas('Nothing was moved', tables, targets)
    const all = [...targets.keys()].map(quoted).join(', ')
    await this.#link.script(`lock table ${all} in exclusive mode`)
    const wasThere = await this.#isThere(tables)
    await this.#refuseClockBehind()
    if (!wasThere) for (const table of tables) await this.#copy(table, targets.get(table.name)!)
    const since = this.#options.clock() - requestTokenMs
    const requests = wasThere ? 0 : (await this.#first<{ requests: number }>(fillRequestTokens(since))).requests
    const moved: ToldTable[] = []
    for (const table of tables) moved.push(await this.#compare(table, wasThere))
    const { pools, allocations } = await this.#checkSpace()
    const report = { ...(await this.#counters()), requests, pools, allocations }
    // Where nothing else was written it is still a commit of our own, so that it waits for the standbys.
    await this.#link.script(`update counter set value = value where name = 'sequence'; analyze ${all}`)
    await this.#link.commit()
    return { ...report, tables: moved, wasThere, place: this.#place }
  }

  /** Whether this very database is there already; refuses where something else is. */
  async #isThere(tables: readonly EmbeddedTable[]): Promise<boolean> {
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

  async #copy(table: EmbeddedTable, target: PostgresTable): Promise<void> {
    const { name, columns } = table
    if (tablesWithSeed.has(name)) await this.#link.script(`delete from ${quoted(name)}`)
    const arrays = columns.map((column, index) => `$${index + 1}::${target.types.get(column)}[]`)
    const insert = `insert into ${quoted(name)} (${columns.map(quoted).join(', ')}) select * from unnest(${arrays.join(', ')})`
    for (const rows of embeddedRows(this.#source, table, 'parents first')) {
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
  async #compare(table: EmbeddedTable, wasThere: boolean): Promise<ToldTable> {
    const here = new Digest(table)
    for (const rows of embeddedRows(this.#source, table, 'by key')) here.add(rows)
    const there = new Digest(table)
    for await (const rows of postgresRows(this.#link, table)) there.add(rows)
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
