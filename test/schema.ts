// Schemas of PostgreSQL for tests: made and migrated once, then emptied and used again, which is ten times as fast.
import assert from 'node:assert/strict'
import { after } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { type Link, parseTarget, type Result } from '#store/postgres/link.ts'
import { tableNames } from '#store/postgres/sql.ts'
import { adopt, emptyPostgres, executeAt, linkTo, ownerOf } from './postgres.ts'

/** Those that were given back, empty again. */
const spare: Schema[] = []
/**
 * The cluster that the runner starts for one run: there a process leaves its schemas to the next one, and its URL is here. A
 * cluster that somebody else has brought is left as it was.
 */
const handedOn = process.env.CADASTRE_TEST_HANDS_ON_SCHEMAS

/** An empty register, in a given cluster or in the one that all share. */
export async function takeSchema(cluster?: string): Promise<Schema> {
  if (cluster !== undefined) return makeSchema(cluster)
  return spare.pop() ?? (await takeHandedOn()) ?? makeSchema()
}
async function takeHandedOn(): Promise<Schema | undefined> {
  if (handedOn === undefined) return undefined
  const [row] = await executeAt(
    handedOn,
    `delete from public.spare_schema where url =
      (select url from public.spare_schema limit 1 for update skip locked) returning url, put_back`,
  )
  if (!row) return undefined
  const { url, put_back } = row as { url: string; put_back: string }
  adopt(url)
  const schema = new Schema(url, await linkTo(ownerOf(url)), undefined)
  await schema.begin(put_back)
  return schema
}
/** Once nothing uses it any more. What a killed server had begun may still be under way: that is waited for. */
export async function giveBackSchema(schema: Schema): Promise<void> {
  if (schema.cluster !== undefined) return schema.drop()
  await schema.putBack()
  spare.push(schema)
}

async function makeSchema(cluster?: string): Promise<Schema> {
  const url = await emptyPostgres(cluster)
  const schema = new Schema(url, await linkTo(ownerOf(url)), cluster)
  await schema.begin()
  return schema
}

// A server that was brought to the tests is left as it was.
async function dropSpare(): Promise<void> {
  for (const schema of spare.splice(0)) {
    if (handedOn === undefined || !(await schema.handOn(handedOn))) await schema.drop()
  }
}
// The runner follows every promise of a process that asks it for anything: for a bench that would be most of what it measures.
if (process.argv[1]?.endsWith('.test.ts')) after(dropSpare)
else process.once('beforeExit', () => void dropSpare())

/** All definitions and rights of a schema: rows of the catalogs are replaced where something is altered. */
const definitionsIn = (schema: string): string =>
  `select md5(string_agg(found, ',' order by found)) as definitions from (
    select 'class ' || oid || ' ' || xmin as found from pg_class where relnamespace = '"${schema}"'::regnamespace
    union all select 'trigger ' || t.oid || ' ' || t.xmin from pg_trigger t join pg_class c on c.oid = t.tgrelid
      where c.relnamespace = '"${schema}"'::regnamespace
    union all select 'constraint ' || oid || ' ' || xmin from pg_constraint where connamespace = '"${schema}"'::regnamespace
    union all select 'column ' || a.attrelid || ' ' || a.attnum || ' ' || a.xmin from pg_attribute a
      join pg_class c on c.oid = a.attrelid where c.relnamespace = '"${schema}"'::regnamespace
    union all select 'function ' || oid || ' ' || xmin from pg_proc where pronamespace = '"${schema}"'::regnamespace
    union all select 'schema ' || oid || ' ' || xmin from pg_namespace where nspname = '${schema}') all_of_them`

export class Schema {
  /** For a server. */
  readonly url: string
  /** Undefined: the one that all share. */
  readonly cluster: string | undefined
  /** Its owner's. */
  #link: Link
  #copies = 0
  /** The SQL that leaves what a new schema has, and what was defined when it was written. */
  #putBack: string | undefined
  #definitions: unknown

  constructor(url: string, link: Link, cluster: string | undefined) {
    this.url = url
    this.cluster = cluster
    this.#link = link
  }
  /** SQL beside the stores, several statements at once. After a failover it goes to the new primary. */
  async script(sql: string): Promise<Result[]> {
    if (!this.#link.isUsable) this.#link = await linkTo(ownerOf(this.url))
    return this.#link.script(sql)
  }
  get #name(): string {
    const target = parseTarget(this.url)
    assert(typeof target !== 'string')
    return target.schema
  }
  /** From here on it can be emptied. `putBack` is the SQL for that, where another process has written it. */
  async begin(putBack?: string): Promise<void> {
    this.#putBack = putBack ?? (await this.#copy(tableNames))
    this.#definitions = (await this.script(definitionsIn(this.#name)))[0]!.rows
  }
  /** Leaves what a new schema has. */
  async putBack(): Promise<void> {
    assert(this.#putBack !== undefined, 'nothing was kept')
    await this.script(this.#putBack)
  }
  /** Leaves it to another process; answers false where anything is defined in it otherwise than at the beginning. */
  async handOn(cluster: string): Promise<boolean> {
    const [found] = await this.script(definitionsIn(this.#name))
    if (!isDeepStrictEqual(found!.rows, this.#definitions)) return false
    await this.#link.close()
    const values = [this.url, this.#putBack!].map((text) => `'${text.replaceAll("'", "''")}'`)
    await executeAt(cluster, `insert into public.spare_schema (url, put_back) values (${values.join(', ')})`)
    return true
  }
  /** Copies the rows of these tables; what it answers puts them back, as fast as there are few. */
  async keep(tables = tableNames): Promise<() => Promise<void>> {
    const putBack = await this.#copy(tables)
    return async () => {
      await this.script(putBack)
    }
  }
  /** Answers the SQL that puts the rows back. */
  async #copy(tables: readonly string[]): Promise<string> {
    const counts = await this.script(tables.map((name) => `select count(*) as n from "${name}"`).join(';'))
    const filled = tables.filter((_, index) => (counts[index]!.rows[0] as { n: number }).n > 0)
    const copies = this.#copies++
    const copy = (name: string): string => `"kept_${process.pid}_${copies}_${name}"`
    await this.script(filled.map((name) => `create table ${copy(name)} as select * from "${name}"`).join(';'))
    return [
      'begin',
      // What is lost with PostgreSQL is lost with the test.
      'set local synchronous_commit = off',
      // Whoever is in a transaction has read the counters.
      'lock table counter in access exclusive mode',
      // As a replica applies changes: without triggers, and foreign keys are triggers.
      'set local session_replication_role = replica',
      ...tables.map((name) => `delete from "${name}"`),
      ...filled.map((name) => `insert into "${name}" select * from ${copy(name)}`),
      'commit',
    ].join(';')
  }
  async drop(): Promise<void> {
    await this.script(`drop schema "${this.#name}" cascade`)
    await this.#link.close()
  }
}
