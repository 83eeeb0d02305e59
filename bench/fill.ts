// Makes a pool that has been in use for years, in seconds: rows as the product writes them, inserted by SQL in bulk.
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { type Cidr, parseCidr, toKey } from '#model/cidr.ts'
import { key } from './processes.ts'
import { account } from './world.ts'

const space = parseCidr('20.0.0.0/8')!
/** Rows that one statement inserts. */
const step = 500_000
const tenuresEach = 10
const tenureMs = 86_400_000
const historySince = 1_600_000_000_000

/** From when to when the rows were written, in milliseconds since 1970: evenly, as a pool fills in use. */
export interface Times {
  readonly since: number
  readonly until: number
}
const monthMs = 30 * 86_400_000
const longAgo: Times = { since: 1_700_000_000_000 - monthMs, until: 1_700_000_000_000 }

/** The least that is asked of a database here; `?` are its parameters. */
interface Database {
  all(text: string, ...values: (number | string | Uint8Array)[]): Promise<Record<string, number>[]>
  /** SQL for the 16 bytes of the address 20.0.0.0 + `offset`. */
  keyOf(offset: string): string
  /** SQL for 16 bytes like a hash, drawn for each row. */
  readonly drawnHash: string
}

/**
 * Fills the one pool of a prepared world up to `count` allocations. There must be some already, at its beginning: the
 * others are made in their likeness, behind them, and leave every third address free, as pools are after years. What is on
 * record already must not be later than `since` where the order of time matters: a start reads the record backwards.
 */
async function fillPool(database: Database, count: number, { since, until }: Times): Promise<void> {
  const [like] = await database.all(`select a.n, a.pool, a.holder, d.ruling, e.origin from allocation a
    join decision d on d.n = a.decision join audit_entry e on e.n = d.audit_entry order by a.n limit 1`)
  const [{ held }] = (await database.all('select count(*) as held from allocation')) as [{ held: number }]
  const [{ from }] = (await database.all(`select value as "from" from counter where name = 'sequence'`)) as [
    { from: number },
  ]
  const { pool, holder, ruling, origin } = like as Record<'pool' | 'holder' | 'ruling' | 'origin', number>
  const offset = `i + (i - ${held}) / 2`
  // A decision, an allocation and an audit entry are numbered one after the other.
  for (let first = held; first < count; first += step) {
    const series = `with recursive series (i) as (select ${first} union all select i + 1 from series where i + 1 < ${Math.min(first + step, count)})`
    const number = (n: number): string => `${from + n} + (i - ${held}) * 3`
    const at = `${since} + (i - ${held}) * ${until - since} / ${count - held}`
    await database.all(`insert into audit_entry (n, at, origin, request_id, outcome, subjects, token, parameters, result)
      ${series} select ${number(2)}, ${at}, ${origin}, 'bench-' || i, 'Success', 'eipalloc-' || i,
        ${database.drawnHash}, ${database.drawnHash}, '{"Domain":"vpc"}' from series`)
    await database.all(`insert into decision (n, at, ruling, first, length, audit_entry)
      ${series} select ${number(0)}, ${at}, ${ruling}, ${database.keyOf(offset)}, 32, ${number(2)} from series`)
    await database.all(`insert into allocation (n, pool, first, length, holder, decision, created_at)
      ${series} select ${number(1)}, ${pool}, ${database.keyOf(offset)}, 32, ${holder}, ${number(0)}, ${at} from series`)
  }
  const next = from + Math.max(0, count - held) * 3
  await database.all(`update counter set value = ${next} where name = 'sequence'`)
  await database.all(`delete from free_block where pool = ${pool}`)
  const holes = Math.floor((count - held) / 2)
  await database.all(`insert into free_block (pool, ord, first) with recursive series (i) as (select 0 union all
    select i + 1 from series where i + 1 < ${holes}) select ${pool}, 0, ${database.keyOf(`${held} + i * 3 + 2`)} from series`)
  for (const { first, length } of restOf(count + holes)) {
    const key = toKey({ family: 4, first, length })
    await database.all('insert into free_block (pool, ord, first) values (?, ?, ?)', pool, 32 - length, key)
  }
  const size = 2 ** (32 - space.length)
  await database.all(
    `update pool set allocated = '${count}', free = '${size - count}', allocation_count = ${count} where n = ${pool}`,
  )
}

/** The aligned blocks behind the first `count` addresses. */
function restOf(count: number): Cidr[] {
  const blocks: Cidr[] = []
  const end = 2 ** (32 - space.length)
  for (let at = count; at < end; ) {
    let order = 0
    while (at % 2 ** (order + 1) === 0 && at + 2 ** (order + 1) <= end) order++
    blocks.push({ family: 4, first: space.first + BigInt(at), length: 32 - order })
    at += 2 ** order
  }
  return blocks
}

/** As many tenures of the same pool that are over, ten of each address, in the order in which they are kept; each has its own moments. */
async function fillHistory(database: Database, count: number): Promise<void> {
  const [like] = await database.all(`select a.pool, a.decision from allocation a order by a.n limit 1`)
  const { pool, decision } = like as Record<'pool' | 'decision', number>
  const [{ from }] = (await database.all(`select value as "from" from counter where name = 'sequence'`)) as [
    { from: number },
  ]
  const taken = `${historySince} + i % ${tenuresEach} * ${tenureMs} + i / ${tenuresEach}`
  for (let first = 0; first < count; first += step) {
    const series = `with recursive series (i) as (select ${first} union all select i + 1 from series where i + 1 < ${Math.min(first + step, count)})`
    await database.all(`insert into allocation_history
      (pool, first, length, n, resource_type, account, region, decision, created_at, released_at)
      ${series} select ${pool}, ${database.keyOf(`i / ${tenuresEach}`)}, 32, ${from} + i, 'eip', '${account}', '${key.region}',
        ${decision}, ${taken}, ${taken} + ${tenureMs - 1} from series`)
  }
  await database.all(`update counter set value = ${from + count} where name = 'sequence'`)
}

export async function fillSqlite(file: string, count: number, history = 0, times = longAgo): Promise<void> {
  const sqlite = new DatabaseSync(file)
  sqlite.exec('pragma synchronous = off; pragma cache_size = -200000')
  const database: Database = {
    all: async (text, ...values) => sqlite.prepare(text).all(...values) as Record<string, number>[],
    keyOf: (offset) => `unhex('00000000000000000000FFFF' || printf('%08X', ${0x14_00_00_00} + ${offset}))`,
    drawnHash: 'randomblob(16)',
  }
  await fillPool(database, count, times)
  await fillHistory(database, history)
  sqlite.exec('pragma wal_checkpoint(truncate)')
  sqlite.close()
}

export async function fillPostgres(url: string, schema: string, count: number, history = 0): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    // As a replica applies changes: foreign keys need not be looked up one by one. Cursors over the free space start anew.
    await client.query(`set search_path to ${schema}; set session_replication_role = replica; delete from free_cursor`)
    const database: Database = {
      async all(text, ...values) {
        let parameters = 0
        const { rows } = await client.query(
          text.replaceAll('?', () => `$${++parameters}`),
          values,
        )
        return rows.map((row: Record<string, unknown>) =>
          Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value)])),
        )
      },
      keyOf: (offset) =>
        `decode('00000000000000000000ffff' || lpad(to_hex(${0x14_00_00_00} + ${offset}), 8, '0'), 'hex')`,
      drawnHash: 'uuid_send(gen_random_uuid())',
    }
    await fillPool(database, count, longAgo)
    await fillHistory(database, history)
    await client.query(
      'vacuum analyze allocation, allocation_history, audit_entry, decision, free_block, pool, counter',
    )
  } finally {
    await client.end()
  }
}
