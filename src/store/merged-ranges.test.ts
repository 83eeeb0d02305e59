// Lists of many ranges of an index, against all rows sorted.
import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { randomOf } from '../../test/random.ts'
import { firstOf, type Ranges } from './merged-ranges.ts'
import type { Sql, SqlValue } from './sql.ts'

interface Row {
  readonly key: number | string
  readonly place: number
  readonly first: Uint8Array
  readonly n: number
}
function database(rows: readonly Row[]): { readonly sql: Sql; readonly asked: () => number } {
  const memory = new DatabaseSync(':memory:')
  memory.exec(
    'create table thing (key, place integer, first blob, n integer primary key); create index a on thing (key, place, n)',
  )
  const insert = memory.prepare('insert into thing values (?, ?, ?, ?)')
  for (const { key, place, first, n } of rows) insert.run(key, place, first, n)
  let asked = 0
  const all = <R>(text: string, ...values: SqlValue[]): R[] => {
    asked++
    return memory.prepare(text).all(...values) as R[]
  }
  const no = () => assert.fail('it only reads lists')
  return { sql: { all, get: no, run: no, later: no }, asked: () => asked }
}

test('ranges read as one list are what all rows of theirs are in order, from a place on, whatever other ranges have', async () => {
  const random = randomOf(7)
  const draw = (below: number): number => Math.floor(random() * below)
  for (const [keysMax, rowsMax] of [
    [1, 50],
    [20, 400],
    [40, 400],
    [700, 3_000],
  ] as const) {
    for (const isText of [false, true]) {
      const nameOf = (n: number): number | string => (isText ? `k${n}` : n)
      const rows: Row[] = Array.from({ length: rowsMax }, (_, n) => {
        const place = draw(60)
        return { key: nameOf(draw(keysMax * 2)), place, first: new Uint8Array([place >> 4, place & 15]), n }
      })
      const { sql } = database(rows)
      const keys = Array.from({ length: keysMax }, (_, n) => nameOf(n))
      for (const isDescending of [false, true]) {
        for (const order of [['place', 'n'] as const, ['first', 'n'] as const]) {
          const after = draw(50)
          const limit = 1 + draw(120)
          const direction = isDescending ? -1 : 1
          const ranges: Ranges<Row> = {
            columns: 't.key, t.place, t.first, t.n',
            table: 'thing t',
            where: (key) => `t.key = ${key} and t.place ${isDescending ? '<' : '>'} ?`,
            values: [after],
            order,
            isDescending,
            compare: (a, b) => direction * (a.place - b.place || a.n - b.n),
          }
          const theirs = rows
            .filter(({ key, place }) => keys.includes(key) && (isDescending ? place < after : place > after))
            .sort(ranges.compare)
          const found = await firstOf(sql, keys, ranges, limit)
          assert.deepEqual(
            found.map(({ n }) => n),
            theirs.slice(0, limit).map(({ n }) => n),
            `${keysMax} keys, ${String(isText)}, ${order.join()}, ${isDescending}, after ${after}, limit ${limit}`,
          )
        }
      }
    }
  }
})

test('of many ranges only those are read that can be among the first', async () => {
  const rows = Array.from({ length: 4_000 }, (_, n) => ({ key: n % 2_000, place: n, first: new Uint8Array(2), n }))
  const { sql, asked } = database(rows)
  const keys = Array.from({ length: 2_000 }, (_, n) => n)
  const ranges: Ranges<Row> = {
    columns: 't.key, t.place, t.first, t.n',
    table: 'thing t',
    where: (key) => `t.key = ${key} and t.place >= ?`,
    values: [0],
    order: ['place', 'n'],
    compare: (a, b) => a.place - b.place || a.n - b.n,
  }
  const found = await firstOf(sql, keys, ranges, 50)
  assert.deepEqual(
    found.map(({ n }) => n),
    Array.from({ length: 50 }, (_, n) => n),
  )
  // Where 2,000 begin, 512 at a time; then the 50 nearest, 32 at a time.
  assert.equal(asked(), 4 + 2)
})
