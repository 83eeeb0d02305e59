// How the embedded database finds what the hot path asks it for.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { type Cidr, parseCidr } from '#model/cidr.ts'
import { emptyDatabase } from '../../../test/database.ts'
import { insertPool } from '../../../test/pool.ts'
import { ConnectionMemory, Memory } from '../memory.ts'
import type { Sql, SqlValue } from '../sql.ts'
import { type ApiToken, ApiTokens } from './api-tokens.ts'
import { Discovered } from './discovered.ts'
import type { History } from './history.ts'
import type { Allocation } from './holdings.ts'
import { Observations } from './observations.ts'
import { RegisteredSpace } from './registered.ts'
import { Space } from './space.ts'

const account = '111111111111'
const provisioned = ['198.18.0.0/30', '198.18.0.4/30'].map((text) => parseCidr(text)!)

async function openFolder(): Promise<{ pool: number; folder: string; close(): Promise<void> }> {
  const database = await emptyDatabase('sqlite')
  const store = await database.open()
  const pool = await store.write((tx) => insertPool(tx, '0', provisioned))
  return {
    pool,
    folder: database.folder,
    async close() {
      await store.close()
      await database.remove()
    },
  }
}

/** Remembers every text that is sent. */
class Recording implements Sql {
  readonly texts = new Set<string>()
  count = 0
  readonly #database: DatabaseSync
  constructor(database: DatabaseSync) {
    this.#database = database
  }
  #prepare(text: string) {
    this.texts.add(text)
    this.count++
    return this.#database.prepare(text)
  }
  get<Row>(text: string, ...values: SqlValue[]): Row | undefined {
    return this.#prepare(text).get(...values) as Row | undefined
  }
  all<Row>(text: string, ...values: SqlValue[]): Row[] {
    return this.#prepare(text).all(...values) as Row[]
  }
  run(text: string, ...values: SqlValue[]): number {
    return Number(this.#prepare(text).run(...values).changes)
  }
  later(text: string, ...values: SqlValue[]): void {
    this.run(text, ...values)
  }
}

test('every statement that taking, giving back and paging send is a search of a key: none scans, none sorts', async () => {
  const { pool, folder, close } = await openFolder()
  const database = new DatabaseSync(join(folder, 'cadastre.db'))
  const sql = new Recording(database)
  const clock = { now: 1_000 }
  const space = new Space(sql, clock, new ConnectionMemory(new Memory()))
  let n = 1_000
  const record = async (cidr: Cidr | undefined): Promise<Allocation> => {
    assert(cidr)
    const allocation = { n: ++n, pool, cidr, resourceType: 'custom', account: account, createdAt: clock.now }
    const unset = { resourceId: undefined, region: undefined, description: undefined, decision: undefined }
    await space.record({ ...allocation, ...unset })
    return { ...allocation, ...unset }
  }
  database.exec('begin immediate')
  const first = await record(await space.take(pool, 4, { length: 32 }))
  const second = await record(await space.take(pool, 4, { length: 32, disallowed: [parseCidr('198.18.0.0/30')!] }))
  const exact = parseCidr('198.18.0.6/32')!
  assert.equal(await space.takeExactly(pool, exact), 'taken')
  const third = await record(exact)
  await space.flush()
  for (const allocation of [first, second, third])
    assert.deepEqual(await space.allocations.find(allocation.n), allocation)
  assert.equal((await space.allocations.ofPool(pool, undefined, 2)).length, 2)
  await space.allocations.at(pool, first.cidr)
  await space.allocations.ofResource('vpc-1')
  await space.allocations.inside(pool, provisioned[0]!, 10)
  await space.release(first, clock.now + 10)
  await space.release(second, clock.now + 10)
  await space.release(third, clock.now)
  assert.equal(await space.resting.reclaim(pool, first.cidr, account), true)
  clock.now += 10
  assert.equal(await space.resting.anyEnded(), true)
  // Nothing of this size is free until what has rested is swept.
  assert.equal(await space.take(pool, 4, { length: 27 }), undefined)
  assert.equal(await space.resting.end(10), 0)
  await space.flush()

  // Beside the keys, the probes themselves are walked, and sorted: of them there are few.
  const ofProbes =
    /^(MATERIALIZE found|CO-ROUTINE probe|SCAN (p|found|\d+ CONSTANT ROWS)|CORRELATED SCALAR SUBQUERY \d+|USE TEMP B-TREE FOR ORDER BY)$/
  const plans = [...sql.texts].flatMap((text) => {
    const rows = database.prepare(`explain query plan ${text}`).all() as { detail: string }[]
    return rows
      .map(({ detail }) => ({ text, detail }))
      .filter(({ detail }) => !text.startsWith('with probe') || !ofProbes.test(detail))
  })
  database.exec('rollback')
  database.close()
  await close()
  assert(plans.length > 20)
  const slow = plans.filter(
    ({ detail }) => !/^SEARCH \w+ USING (?:(?:COVERING )?INDEX|(?:INTEGER )?PRIMARY KEY)/.test(detail),
  )
  assert.deepEqual(slow, [])
})

test('the search around what is disallowed takes as many statements in a pool of 64 fragments as in one of 2,048', async () => {
  const counts: number[] = []
  for (const fragments of [64, 2_048]) {
    const database = await emptyDatabase('sqlite')
    const store = await database.open()
    const whole = parseCidr('10.0.0.0/20')!
    const pool = await store.write((tx) => insertPool(tx, '0', [whole]))
    await store.write(async ({ space }) => {
      for (let index = 0; index < fragments; index++) {
        const cidr = { ...whole, first: whole.first + BigInt(2 * index), length: 32 }
        assert.equal(await space.takeExactly(pool, cidr), 'taken')
      }
    })
    await store.close()
    const raw = new DatabaseSync(join(database.folder, 'cadastre.db'))
    const sql = new Recording(raw)
    const space = new Space(sql, { now: 1_000 }, new ConnectionMemory(new Memory()))
    assert.equal(await space.preview(pool, 4, { length: 32, disallowed: [whole] }), undefined)
    const parts = ['10.0.0.0/21', '10.0.8.0/22', '10.0.12.0/23', '10.0.14.0/24', '10.0.15.0/25'].map(
      (text) => parseCidr(text)!,
    )
    const found = await space.preview(pool, 4, { length: 32, disallowed: parts })
    assert.deepEqual(found, parseCidr(fragments === 64 ? '10.0.15.128/32' : '10.0.15.129/32'))
    counts.push(sql.count)
    raw.close()
    await database.remove()
  }
  assert.equal(counts[0], counts[1])
  assert(counts[0]! <= 8, `${counts[0]} statements`)
})

test('D8 what certain sources say of a block or an id is searched for by the source: what others say of it costs nothing', async () => {
  const { folder, close } = await openFolder()
  const database = new DatabaseSync(join(folder, 'cadastre.db'))
  const sql = new Recording(database)
  const sources = ['source-1', 'source-2', 'source-3']
  await new Observations(sql).touching(provisioned[0]!, sources, { limit: 10, lookedMax: 10, isTaking: true })
  await new Discovered(sql).observedAs('vpc-1', sources, 10)
  await new RegisteredSpace(sql).heldAmong([{ id: 'vpc-1', account }])
  const plans = [...sql.texts].map((text) =>
    (database.prepare(`explain query plan ${text}`).all() as { detail: string }[]).map(({ detail }) => detail),
  )
  database.close()
  await close()
  const searches = plans.flatMap((plan) => plan.filter((detail) => /^SEARCH [aot] /.test(detail)))
  assert.equal(new Set(searches).size, 3, searches.join('\n'))
  for (const search of searches)
    assert.match(
      search,
      /\(source_id=\? AND first[=>]|\(first=\? AND length=\? AND source_id=\?\)|\(object_id=\? AND source_id>\? AND source_id<\?|\(holder=\? AND resource_id=\?/,
    )
})

test('D8 what is good of all that was made with a token is found from what is good, whatever many have ended', async () => {
  const { folder, close } = await openFolder()
  const database = new DatabaseSync(join(folder, 'cadastre.db'))
  const sql = new Recording(database)
  const tokens = new ApiTokens(sql, { moveKeyEpoch: async () => {} }, undefined as unknown as History)
  const token = { id: 'token-1', principal: 'user:a', makers: [] } as unknown as ApiToken
  assert.deepEqual(await tokens.listMadeWith(token, 1_000, async () => {}), [])
  const plan = [...sql.texts].flatMap((text) => database.prepare(`explain query plan ${text}`).all())
  database.close()
  await close()
  assert.deepEqual(
    plan.map(({ detail }) => detail),
    ['SEARCH api_token USING INDEX api_token_good (principal=? AND expires_at>?)', 'USE TEMP B-TREE FOR ORDER BY'],
  )
})
