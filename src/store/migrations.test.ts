// What a step of the schema makes of the rows that are there already.
import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { migrations } from './migrations.ts'

/** A database as it was just before the step of this name, and the step. */
function before(name: string): { database: DatabaseSync; step: string } {
  const at = migrations.findIndex((migration) => migration.name === name)
  assert.ok(at > 0)
  const database = new DatabaseSync(':memory:')
  for (const { sql } of migrations.slice(0, at)) database.exec(sql)
  return { database, step: migrations[at]!.sql }
}

test("an IPAM's settings that were tags are fields from then on", () => {
  const { database, step } = before('settings as fields')
  database.exec(`
    insert into account (id, name, email, status, joined_method, joined_at)
      values ('111111111111', 'a', 'a@example.com', 'ACTIVE', 'INVITED', 0);`)
  for (const [id, key, value] of [
    ['ipam-1', 'cadastre:unmatched', 'deny'],
    ['ipam-2', 'cadastre:policy-compatibility', 'aws'],
    ['ipam-3', 'cadastre:unmatched', 'provider'],
  ] as const) {
    database
      .prepare(`insert into ipam (id, account, region, tier, enable_private_gua, metered_account, public_scope_id,
        private_scope_id, resource_discovery_id, resource_discovery_association_id, created_at)
        values (?, '111111111111', 'us-east-1', 'free', 0, 'ipam-owner', 's', 's', 'd', 'a', 0)`)
      .run(id)
    database
      .prepare(
        `insert into tag (resource_id, key, value, resource_type, account) values (?, ?, ?, 'ipam', '111111111111')`,
      )
      .run(id, key, value)
  }
  database.exec(step)
  const rows = database.prepare('select id, policy_compatibility, unmatched from ipam order by id').all()
  assert.deepEqual(
    rows.map((row) => Object.values(row)),
    [
      ['ipam-1', 'strict', 'deny'],
      ['ipam-2', 'aws', 'provider'],
      ['ipam-3', 'strict', 'provider'],
    ],
  )
  assert.throws(() => database.exec(`update ipam set unmatched = 'perhaps'`), /CHECK/)
  database.close()
})
