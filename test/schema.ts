// Schemas of PostgreSQL for tests: made and migrated once, then emptied and used again, which is ten times as fast.
import assert from 'node:assert/strict'
import { after } from 'node:test'
import { type Link, parseTarget, type Result } from '#store/postgres-link.ts'
import { tableNames } from '#store/postgres-sql.ts'
import { emptyPostgres, linkTo, ownerOf } from './postgres.ts'

/** Those that were given back, empty again. */
const spare: Schema[] = []

/** An empty register, in a given cluster or in the one that all share. */
export async function takeSchema(cluster?: string): Promise<Schema> {
  if (cluster !== undefined) return makeSchema(cluster)
  return spare.pop() ?? makeSchema()
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
  schema.putBack = await schema.keep()
  return schema
}

// A server that was brought to the tests is left as it was.
after(async () => {
  for (const schema of spare.splice(0)) await schema.drop()
})

export class Schema {
  /** For a server. */
  readonly url: string
  /** Undefined: the one that all share. */
  readonly cluster: string | undefined
  /** Its owner's. */
  #link: Link
  #copies = 0
  /** Leaves what a new schema has. */
  putBack: () => Promise<void> = () => Promise.reject(new Error('nothing was kept'))

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
  /** Copies the rows of these tables; what it answers puts them back, as fast as there are few. */
  async keep(tables = tableNames): Promise<() => Promise<void>> {
    const counts = await this.script(tables.map((name) => `select count(*) as n from "${name}"`).join(';'))
    const filled = tables.filter((_, index) => (counts[index]!.rows[0] as { n: number }).n > 0)
    const copies = this.#copies++
    const copy = (name: string): string => `"kept_${copies}_${name}"`
    await this.script(filled.map((name) => `create table ${copy(name)} as select * from "${name}"`).join(';'))
    const putBack = [
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
    return async () => {
      await this.script(putBack)
    }
  }
  async drop(): Promise<void> {
    const target = parseTarget(this.url)
    assert(typeof target !== 'string')
    await this.script(`drop schema "${target.schema}" cascade`)
    await this.#link.close()
  }
}
