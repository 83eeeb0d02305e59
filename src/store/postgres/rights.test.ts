// Each table's line says what the statements of this room do with it: no more, no less.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Right } from '../table.ts'
import { compareRights, grantsTo, rights } from './rights.ts'
import { grantedTables } from './sql.ts'

/** What runs as the schema's owner, or on the embedded database alone; so do the steps of the schema. */
const others = [
  ...[
    'postgres/migrate.ts',
    'postgres/rights.ts',
    'tables/retention-setting.ts',
    'tables/erased-origin.ts',
    'sqlite/engine.ts',
  ],
]

interface Use {
  insert: boolean
  delete: boolean
  update: Set<string>
}

/** What statements do with tables, read from their text. */
function usesIn(text: string): Map<string, Use> {
  const uses = new Map<string, Use>()
  const use = (table: string): Use => {
    const found = uses.get(table) ?? { insert: false, delete: false, update: new Set<string>() }
    uses.set(table, found)
    return found
  }
  const columns = (sets: string): string[] => [...sets.matchAll(/(\w+) = /g)].map(([, name]) => name!)
  for (const [, table] of text.matchAll(/\binsert into (\w+)/g)) use(table!).insert = true
  for (const [, table] of text.matchAll(/\bdelete from (\w+)/g)) use(table!).delete = true
  for (const [, table, sets] of text.matchAll(/\bupdate (\w+)\s+set ([\s\S]*?)\s+where\b/g))
    for (const name of columns(sets!)) use(table!).update.add(name)
  // An empty text may stand in it.
  const upserts = /\binsert into (\w+)(?:[^`']|'')*?on conflict[^`']*?do update\s+set ([^`']*)/g
  for (const [, table, sets] of text.matchAll(upserts)) for (const name of columns(sets!)) use(table!).update.add(name)
  // Through the definition of a table: `vpcTable.insert(` and `vpcTable.change(`, which is read as if it changed all that it may.
  const nameOf = (constant: string): string => {
    const name = new RegExp(`\\b${constant} = (?:table|regionsTable)\\(\\s*'(\\w+)'`).exec(text)?.[1]
    assert(name !== undefined, `${constant} is defined where it is used`)
    return name
  }
  for (const [, constant, verb] of text.matchAll(/\b(\w+Table)\.(insert|later|laterUnlessThere|put|change)\(/g)) {
    const name = nameOf(constant!)
    if (verb !== 'change') use(name).insert = true
    if (verb === 'change' || verb === 'put')
      for (const column of rights[name]?.update ?? []) use(name).update.add(column)
  }
  // What rows with Regions do with both tables.
  for (const [, ...tables] of text.matchAll(/\bnew RegionalRows\(sql, (\w+), (\w+)\)/g)) {
    for (const name of tables.map(nameOf)) {
      Object.assign(use(name), { insert: true, delete: true })
      for (const column of rights[name]?.update ?? []) use(name).update.add(column)
    }
  }
  // What `WrittenBytes` does with the table that it is given.
  for (const [, constant] of text.matchAll(/\bnew WrittenBytes\(\w+, (\w+)\)/g)) {
    Object.assign(use(nameOf(constant!)), { insert: true, delete: true })
    use(nameOf(constant!)).update.add('bytes')
  }
  // What goes once it is over, as `retention.ts` lists it.
  for (const [, table] of text.matchAll(/^ {2}(\w+): \{\s*key: '/gm)) use(table!).delete = true
  // What `noteGone` does with each table of what is gone.
  for (const [, table] of text.matchAll(/\bgoneTable\('(\w+)'\)/g)) {
    use(table!).insert = true
    use(table!).delete = true
    use(table!).update.add('facts_at')
  }
  // A row that is locked must be one that may be changed.
  for (const [, table] of text.matchAll(/\bfrom (\w+)[^`';]*?\bfor (?:no key )?update\b/g))
    if (rights[table!]?.update === undefined) use(table!).update.add('(locked)')
  return uses
}
const store = join(import.meta.dirname, '..')
const statements = globSync('**/*.ts', { cwd: store })
  .filter((name) => !name.endsWith('.test.ts') && !name.startsWith('schema/') && !others.includes(name))
  .map((name) => readFileSync(join(store, name), 'utf8'))
  .join('\n')

test('a sample of statements is read as what it does', () => {
  const uses = usesIn(`'update a set x = ?, y = z where n = ?' 'delete from b where n in (select 1)'
    'insert into c (x) values (?) on conflict (x) do update set y = excluded.y' 'select 1 from meta for update'`)
  assert.deepEqual(Object.fromEntries(uses), {
    a: { insert: false, delete: false, update: new Set(['x', 'y']) },
    b: { insert: false, delete: true, update: new Set() },
    c: { insert: true, delete: false, update: new Set(['y']) },
    meta: { insert: false, delete: false, update: new Set(['(locked)']) },
  })
})

test('every table has its line, no line is without a table, and each is what the statements need', () => {
  assert.deepEqual(Object.keys(rights).sort(), [...grantedTables].sort())
  const used = usesIn(statements)
  for (const table of used.keys()) {
    if (!grantedTables.includes(table)) assert.fail(`\`${table}\` is written to, and the schema has no such table`)
  }
  for (const table of grantedTables) {
    const { insert, delete: remove, update } = used.get(table) ?? { insert: false, delete: false, update: new Set() }
    const needed: Right = {
      ...(insert ? { insert } : {}),
      ...(update.size > 0 ? { update: [...update].sort() } : {}),
      ...(remove ? { delete: remove } : {}),
    }
    assert.deepEqual(rights[table], needed, table)
  }
})

test('a role is granted what its line says, by names that cannot break out', () => {
  const sql = grantsTo('se"rver', 'ipam')
  assert.match(sql, /^revoke all on all tables in schema "ipam" from "se""rver";/)
  assert.match(sql, /grant select, insert on "ipam"\.audit_entry to "se""rver"/)
  assert.match(sql, /grant select, insert, update \(until_at\) on "ipam"\.history to/)
  assert.match(sql, /grant select on "ipam"\.schema_version to/)
  assert.doesNotMatch(sql, /truncate|references|trigger/)
})

test('what a role lacks and what it has beyond its line are both told', () => {
  const held = (table: string, right: string, has: boolean) => ({ table, right, has })
  assert.deepEqual(
    compareRights([
      held('audit_entry', 'select', true),
      held('audit_entry', 'insert', false),
      held('audit_entry', 'update', true),
      held('audit_entry', 'update a column', true),
      held('origin', 'delete', true),
      held('decision', 'truncate', false),
      held('history', 'update a column', true),
      held('history', 'update until_at', false),
    ]),
    {
      missing: ['insert on audit_entry', 'update until_at on history'],
      excess: ['update on audit_entry', 'update a column on audit_entry', 'delete on origin'],
    },
  )
})
