// Tables as one definition: what is written is read back, and what they say of the schema is what it is, on both engines.
import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { parseCidr } from '#model/cidr.ts'
import { definitions } from './definitions.ts'
import { migrations } from './schema/migrations.ts'
import type { Sql, SqlValue } from './sql.ts'
import { bit, block, changing, integer, json, named, optional, type Row, table, text, unread } from './table.ts'

const sample = table(
  'sample',
  {
    id: text(),
    isOpen: named('open', bit()),
    cidr: block(),
    further: optional(block('further_first', 'further_length')),
    parentId: changing(optional(text<'a' | 'b'>())),
    count: changing(integer()),
    tags: json<readonly string[]>(),
    place: unread(text()),
  },
  'deleted',
)
const cidr = parseCidr('10.0.0.0/24')!
const value = { id: 'x', isOpen: true, cidr, count: 3, tags: ['a'] }

test('what is inserted is read back as it was, also what is not there', async () => {
  const { sql, sent } = recorder()
  await sample.insert(sql, { ...value, place: 'behind' })
  const [statement, ...stored] = sent[0]!
  assert.match(String(statement), /^insert into sample \(id, open, first, length, .*\) values \((\?, )+\?\)$/)
  const row: Row = Object.fromEntries(sample.columnNames.map((name, index) => [name, stored[index]!]))
  assert.deepEqual(sample.of(row), value)
  assert.equal(stored.length, sample.columnNames.length)
  assert.equal(row.place, 'behind')
  assert.doesNotMatch(sample.columns, /place/)
})

test('a change writes what it names, and refuses what may not be changed', async () => {
  const { sql, sent } = recorder()
  await sample.change(sql, { count: 4, parentId: undefined }, 'where id = ?', 'x')
  assert.deepEqual(sent, [['update sample set parent_id = ?, count = ? where id = ?', null, 4, 'x']])
  await assert.rejects(sample.change(sql, { isOpen: false }, 'where id = ?', 'x'), /sample\.isOpen may be changed/)
  await assert.rejects(sample.change(sql, {}, 'where id = ?', 'x'), /changes something/)
})

test('the rights of the role follow from what may be changed and deleted', () => {
  assert.deepEqual(sample.rights, { insert: true, update: ['count', 'parent_id'], delete: true })
  assert.deepEqual(table('kept', { id: text() }, 'kept').rights, { insert: true })
})

/** Columns that an early step lets be null and that nothing has ever written so. */
const neverNull: ReadonlySet<string> = new Set(['subnet_cidr.ip_source', 'vpc_cidr.ip_source'])

test('every definition is what the schema says: its columns, their types, and which may be null', () => {
  const database = new DatabaseSync(':memory:')
  for (const { sql } of migrations) database.exec(sql)
  assert(definitions.length > 0)
  for (const { name, columnNames, types } of definitions) {
    const columns = database
      .prepare(`select name, lower(type) as type, "notnull" or pk as needed from pragma_table_info('${name}')`)
      .all()
    columnNames.forEach((column, index) => {
      const { type, isOptional } = types[index]!
      const stored = columns.find((one) => one.name === column)
      assert(stored, `${name}.${column} is in the schema`)
      const mayBeNull = stored.needed === 0 && !neverNull.has(`${name}.${column}`)
      assert.deepEqual({ column, type: stored.type, isOptional: mayBeNull }, { column, type, isOptional }, name)
    })
  }
})

function recorder(): { sql: Sql; sent: SqlValue[][] } {
  const sent: SqlValue[][] = []
  const none = (): never => assert.fail('nothing is read')
  const run = (statement: string, ...values: SqlValue[]): number => sent.push([statement, ...values])
  return { sql: { get: none, all: none, run, later: run }, sent }
}
