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

test('what would be is told of the decisions that are there already, and how candidates differed', () => {
  const { database, step } = before('what would be')
  database.exec(`insert into origin (n, account, principal, access_key_id, source_address, region, action)
      values (1, 'a', 'p', 'k', '', '', 'act');
    insert into audit_entry (n, at, origin, request_id, outcome, subjects) values (1, 1, 1, 'r', 'Success', '');`)
  const pools = (...names: string[]) => names.map((pool) => ({ pool, netmaskLength: 32 }))
  const rulings: readonly (readonly [string, object, string])[] = [
    ['allow', { candidates: pools('p1') }, '-'],
    ['allow', { candidates: pools('p1'), wouldBe: { mode: 'observe', outcome: 'deny', candidates: [] } }, '-'],
    ['allow', { candidates: pools('p1'), candidate: { outcome: 'deny', candidates: [] } }, 'newly-denied'],
    [
      'deny',
      { denial: { cause: 'tags' }, candidates: [], candidate: { outcome: 'steer', candidates: pools('p1') } },
      'newly-allowed',
    ],
    ['deny', { denial: { cause: 'tags' }, candidates: [], candidate: { outcome: 'deny', candidates: [] } }, 'other'],
    [
      'deny',
      {
        denial: { cause: 'exhausted' },
        candidates: pools('p1'),
        candidate: { outcome: 'allow', candidates: pools('p2') },
      },
      'other-pool',
    ],
    [
      'deny',
      { denial: { cause: 'exhausted' }, candidates: pools('p1'), candidate: { outcome: 'deny', candidates: [] } },
      'newly-denied',
    ],
    ['allow', { candidates: pools('p1'), candidate: { outcome: 'warn', candidates: pools('p1') } }, 'other'],
  ]
  for (const [index, [outcome, body, kind]] of rulings.entries()) {
    const text = JSON.stringify(body).replaceAll("'", "''")
    database.exec(`insert into ruling (n, account, locale, resource_type, outcome, mode, body)
        values (${index}, 'a', 'l', 't', '${outcome}', 'observe', '${text}');
      insert into decision (n, at, ruling, audit_entry) values (${index}, 1, ${index}, 1);`)
    if (kind === '-') continue
    database.exec(`insert into candidate_difference (candidate, account, resource_type, locale, decision, at)
      values (7, 'a', 't', 'l', ${index}, 1);`)
  }
  database.exec(step)
  const found = database.prepare('select would_be, candidate_outcome from ruling order by n').all()
  assert.deepEqual(
    found.map((row) => Object.values(row)),
    [
      [null, null],
      ['deny', null],
      [null, 'deny'],
      [null, 'steer'],
      [null, 'deny'],
      [null, 'allow'],
      [null, 'deny'],
      [null, 'warn'],
    ],
  )
  const kinds = database.prepare('select kind from candidate_difference order by decision').all()
  assert.deepEqual(
    kinds.map(({ kind }) => kind),
    rulings.flatMap(([, , kind]) => (kind === '-' ? [] : [kind])),
  )
  for (const table of ['ruling set body', 'candidate_difference set kind']) {
    assert.throws(() => database.exec(`update ${table} = ''`), /immutable/)
  }
  database.close()
})

test('of the tokens that are there, those of a sign-in alone keep their groups, and none of the others may be extended', () => {
  const { database, step } = before('what a token was made with')
  database.exec(`
    insert into account (id, name, email, status, joined_method, joined_at)
      values ('111111111111', 'a', 'a@example.com', 'ACTIVE', 'INVITED', 0);`)
  const insert =
    database.prepare(`insert into api_token (id, hash, principal, account, member_of, sign_in, created_at, expires_at)
    values (?, ?, 'user:a', '111111111111', ?, ?, 0, 10)`)
  insert.run('token-1', new Uint8Array(32).fill(1), '["group:a"]', 'sign-in')
  insert.run('token-2', new Uint8Array(32).fill(2), '["group:a"]', null)
  database.exec(step)
  const rows = database
    .prepare('select id, member_of, groups_until, origin, made_with from api_token order by id')
    .all()
  assert.deepEqual(
    rows.map((row) => Object.values(row)),
    [
      ['token-1', '["group:a"]', 10, 'sign-in', null],
      ['token-2', '[]', null, 'token', null],
    ],
  )
  database.close()
})

test('what allocations and associations said is said from the beginning, and what follows is kept in order for good', () => {
  const { database, step } = before('states of tenures')
  database.exec(`
    insert into pool (n, id, account, depth, family, created_at) values (1, 'ipam-pool-1', 'provider', 1, 4, 0);
    insert into holder (n, account, resource_type, region) values (1, '111111111111', 'eip', 'us-east-1');
    insert into allocation (n, pool, first, length, holder, description, decision, created_at)
      values (5, 1, x'00000000000000000000ffff0a000001', 32, 1, 'as it was', 4, 10),
        (6, 1, x'00000000000000000000ffff0a000002', 32, 1, null, null, 10),
        (7, 1, x'00000000000000000000ffff0a000003', 32, 1, null, null, 10);
    insert into address_association (allocation, association_id, instance_id, nat_gateway_id, subnet_id) values
      (5, 'a-5', 'i-1', null, null), (6, 'a-6', null, 'nat-1', null), (7, 'a-7', null, 'nat-2', 'subnet-1');`)
  database.exec(step)
  const used = database.prepare('select used_by, used_as from address_association order by allocation').all()
  assert.deepEqual(
    used.map((row) => Object.values(row)),
    [
      ['i-1', 'instance'],
      ['nat-1', 'rnat'],
      ['nat-2', 'nat-gateway'],
    ],
  )
  const { version, changed_at } = database.prepare('select version, changed_at from allocation where n = 5').get()!
  assert.deepEqual([version, changed_at], [null, null])
  const keep = (version: number, from: number, until: number) =>
    database.exec(`insert into tenure_state (n, version, pool, first, length, resource_type, account, state, created_at,
        from_at, until_at)
      select n, ${version}, pool, first, length, 'eip', '111111111111', 'allocated', created_at, ${from}, ${until}
      from allocation where n = 5`)
  assert.throws(() => keep(2, 10, 20), /follows the one before/)
  assert.throws(() => keep(1, 11, 20), /follows the one before/)
  keep(1, 10, 20)
  assert.throws(() => keep(2, 21, 30), /follows the one before/)
  keep(2, 20, 20)
  assert.throws(() => keep(3, 20, 19), /CHECK/)
  assert.throws(() => database.exec(`update tenure_state set description = ''`), /immutable/)
  assert.throws(() => database.exec('delete from tenure_state'), /kept/)
  database.close()
})

test('a forbid of which it is not known who set it binds from its own node, and others from where their setter’s right came', () => {
  const { database, step } = before('what a forbid binds')
  const insert = database.prepare(`insert into role_binding (id, principal, role, node, effect, authority, created_at)
    values (?, 'user:a', 'auditor', 'ou-1', ?, ?, 0)`)
  insert.run('role-binding-1', 'permit', '*')
  insert.run('role-binding-2', 'forbid', '*')
  insert.run('role-binding-3', 'forbid', 'r-1')
  database.exec(step)
  const rows = database.prepare('select authority, binds_from from role_binding order by id').all()
  assert.deepEqual(
    rows.map((row) => Object.values(row)),
    [
      ['*', '*'],
      ['*', 'ou-1'],
      ['r-1', 'r-1'],
    ],
  )
  assert.throws(() => database.exec(`update role_binding set binds_from = 'ou-1' where effect = 'permit'`), /CHECK/)
  database.close()
})

test('an exception from before counts for a pool of somebody else by its being shared, where it is shared with the target now', () => {
  const { database, step } = before('by whose leave exceptions are used')
  database.exec(`pragma foreign_keys = off;
    insert into organization_node (id, kind, parent_id, name, created_at) values
      ('r-1', 'root', null, 'Root', 0), ('ou-1', 'organizational-unit', 'r-1', 'Prod', 0),
      ('333333333333', 'account', 'ou-1', 'shop', 0);
    insert into pool (n, id, ipam_id, scope_id, account, depth, family, created_at)
      select n, 'ipam-pool-' || n, 'ipam-1', 'scope-1', case n when 4 then '333333333333' else '222222222222' end, 1, 4, 0
      from (select 1 as n union select 2 union select 3 union select 4);
    insert into pool_share (pool, principal) values (1, 'ou-1'), (3, 'ou-2'), (4, 'r-1');`)
  const insert =
    database.prepare(`insert into policy_exception (id, target_id, locale, resource_type, grants, is_break_glass,
      requested_by, requested_at, reason, status, starts_at, expires_at, asked_by, asked_at, approved_by, approved_at)
    values (?, '333333333333', 'l', 't', ?, 0, 'user:a', 0, 'x', ?, 0, ?, 'user:a', 0, 'user:b', 0)`)
  const all = JSON.stringify({ pools: ['ipam-pool-1', 'ipam-pool-2', 'ipam-pool-3', 'ipam-pool-4'], provider: false })
  insert.run('exception-1', all, 'approved', 10)
  insert.run('exception-2', JSON.stringify({ pools: ['ipam-pool-2'], provider: false }), 'approved', 10)
  insert.run('exception-3', JSON.stringify({ pools: [], provider: true }), 'approved', 10)
  database.exec(step)
  const rows = database.prepare('select id, shared_pools from policy_exception order by id').all()
  assert.deepEqual(
    rows.map((row) => Object.values(row)),
    [
      ['exception-1', '["ipam-pool-1"]'],
      ['exception-2', '[]'],
      ['exception-3', '[]'],
    ],
  )
  database.close()
})

test('accounts from before have no cloud and keep their email to themselves, and one that was removed leaves its names to others', () => {
  const { database, step } = before('accounts under their own names')
  const insert = (id: string, email: string) =>
    database.exec(`insert into account (id, name, email, status, joined_method, joined_at)
      values ('${id}', 'a', '${email}', 'ACTIVE', 'INVITED', 0)`)
  insert('111111111111', 'a@example.com')
  database.exec(step)
  const [row] = database.prepare('select cloud, external_id, contact, closed_at, removed_at from account').all()
  assert.deepEqual(Object.values(row!), [null, null, null, null, null])
  assert.throws(() => insert('222222222222', 'A@example.com'), /UNIQUE/)
  database.exec(`update account set cloud = 'k8s', external_id = 'x' where id = '111111111111'`)
  insert('333333333333', 'b@example.com')
  const sameId = `update account set cloud = 'k8s', external_id = 'x' where id = '333333333333'`
  assert.throws(() => database.exec(sameId), /UNIQUE/)
  database.exec(`update account set removed_at = 1 where id = '111111111111'`)
  database.exec(sameId)
  insert('222222222222', 'A@example.com')
  database.close()
})

test('a tag `Name` is the name of what it is on, and of two under one parent the earlier one has it', () => {
  const { database, step } = before('what things are called')
  database.exec(`
    insert into account (id, name, email, status, joined_method, joined_at)
      values ('111111111111', 'a', 'a@example.com', 'ACTIVE', 'INVITED', 0);
    insert into ipam (id, account, region, tier, enable_private_gua, metered_account, public_scope_id, private_scope_id,
      resource_discovery_id, resource_discovery_association_id, created_at)
      values ('ipam-1', '111111111111', 'us-east-1', 'free', 0, 'ipam-owner', 's', 's', 'd', 'a', 0);
    insert into scope (id, ipam_id, account, kind, is_default, created_at)
      values ('scope-1', 'ipam-1', '111111111111', 'private', 1, 0);
    insert into pool (n, id, scope_id, ipam_id, account, parent_n, depth, family, created_at)
      values (1, 'pool-1', 'scope-1', 'ipam-1', '111111111111', null, 1, 4, 0),
        (2, 'pool-2', 'scope-1', 'ipam-1', '111111111111', 1, 2, 4, 0),
        (3, 'pool-3', 'scope-1', 'ipam-1', '111111111111', null, 1, 4, 0);`)
  const tags = [
    ['ipam-1', 'ipam', 'Name', 'same'],
    ['pool-1', 'ipam-pool', 'Name', 'same'],
    ['pool-2', 'ipam-pool', 'Name', 'same'],
    ['pool-3', 'ipam-pool', 'Name', 'same'],
    ['pool-3', 'ipam-pool', 'team', 'same'],
    ['scope-1', 'ipam-scope', 'Name', ''],
    ['eipalloc-1', 'elastic-ip', 'Name', 'same'],
  ] as const
  const insert = `insert into tag (resource_id, resource_type, key, value, account) values (?, ?, ?, ?, '111111111111')`
  for (const tag of tags) database.prepare(insert).run(...tag)
  database.exec(step)
  const rows = database.prepare('select resource_id, key, name_parent, name_shared from tag order by 1, 2').all()
  assert.deepEqual(
    rows.map((row) => Object.values(row)),
    [
      ['eipalloc-1', 'Name', null, 0],
      ['ipam-1', 'Name', '111111111111', 0],
      ['pool-1', 'Name', 'scope-1', 0],
      ['pool-2', 'Name', 'pool-1', 0],
      ['pool-3', 'Name', 'scope-1', 1],
      ['pool-3', 'team', null, 0],
      ['scope-1', 'Name', null, 0],
    ],
  )
  assert.throws(() => database.exec('update tag set name_shared = 0'), /UNIQUE/)
  database.close()
})

test('what pools require and plan is the same in words of our own, whatever the texts in it are', () => {
  const { database, step } = before('words of our own')
  database.exec('pragma foreign_keys = off')
  const tags = [
    { Key: 'env', Value: '"Key":' },
    { Key: '"Value":"x",', Value: 'Key' },
    { Key: 'a\\', Value: '\\"Value":' },
  ]
  const source = {
    ResourceId: 'vpc-1',
    ResourceType: 'vpc',
    ResourceRegion: 'us-east-1',
    ResourceOwner: '111111111111',
  }
  for (const [n, required, planned] of [
    [1, JSON.stringify(tags), null],
    [2, '[]', JSON.stringify(source)],
  ] as const) {
    database
      .prepare(`insert into pool (n, id, account, depth, locale, family, free, created_at, required_tags, source_resource)
        values (?, 'ipam-pool-' || ?, '111111111111', 1, 'us-east-1', ?, '16', 0, ?, ?)`)
      .run(n, n, 2 + 2 * n, required, planned)
  }
  database.exec(step)
  const rows = database.prepare('select required_tags, source_resource from pool order by n').all()
  assert.deepEqual(
    rows.map(({ required_tags, source_resource }) => [
      JSON.parse(required_tags as string),
      JSON.parse(source_resource as string),
    ]),
    [
      [tags.map(({ Key, Value }) => ({ key: Key, value: Value })), null],
      [[], { id: 'vpc-1', type: 'vpc', region: 'us-east-1', account: '111111111111' }],
    ],
  )
  database.close()
})

test('the management account is called in the tree as in the list of accounts, and what somebody named is not named anew', () => {
  const { database, step } = before('one name of the management account')
  const insert = (id: string, name: string, nodeName: string) =>
    database.exec(`
      insert into account (id, name, email, status, joined_method, joined_at)
        values ('${id}', '${name}', '${id}@example.com', 'ACTIVE', 'INVITED', 0);
      insert into organization_node (id, kind, parent_id, name, created_at) values ('${id}', 'account', 'r-1', '${nodeName}', 0);`)
  database.exec(`insert into organization_node (id, kind, name, created_at) values ('r-1', 'root', 'Root', 0)`)
  insert('111111111111', 'management', '111111111111')
  insert('222222222222', 'shop', 'shop')
  insert('333333333333', '333333333333', '333333333333')
  database.exec(step)
  const rows = database.prepare('select id, name from organization_node order by id').all()
  assert.deepEqual(
    rows.map((row) => Object.values(row)),
    [
      ['111111111111', 'management'],
      ['222222222222', 'shop'],
      ['333333333333', '333333333333'],
      ['r-1', 'Root'],
    ],
  )
  database.close()
})

test('NAT gateways are told apart by their names in their VPC, of which the earlier one has one that several have', () => {
  const { database, step } = before('units and NAT gateways by their names')
  database.exec(`
    insert into account (id, name, email, status, joined_method, joined_at)
      values ('111111111111', 'a', 'a@example.com', 'ACTIVE', 'INVITED', 0);`)
  const gateway =
    database.prepare(`insert into nat_gateway (id, account, region, vpc_id, connectivity, availability_mode, automatic, created_at)
    values (?, '111111111111', 'us-east-1', ?, 'private', 'regional', 0, 0)`)
  const tag = database.prepare(`insert into tag (resource_id, resource_type, key, value, account)
    values (?, 'natgateway', ?, ?, '111111111111')`)
  for (const [id, vpc, name] of [
    ['nat-1', 'vpc-1', 'out'],
    ['nat-2', 'vpc-1', 'out'],
    ['nat-3', 'vpc-2', 'out'],
    ['nat-4', 'vpc-1', ''],
  ] as const) {
    gateway.run(id, vpc)
    tag.run(id, 'Name', name)
  }
  tag.run('nat-1', 'team', 'out')
  database.exec(step)
  const rows = database.prepare('select resource_id, key, name_parent, name_shared from tag order by 1, 2').all()
  assert.deepEqual(
    rows.map((row) => Object.values(row)),
    [
      ['nat-1', 'Name', 'vpc-1', 0],
      ['nat-1', 'team', null, 0],
      ['nat-2', 'Name', 'vpc-1', 1],
      ['nat-3', 'Name', 'vpc-2', 0],
      ['nat-4', 'Name', null, 0],
    ],
  )
  database.close()
})

test('what sources have told is weighed, and what a snapshot that is being taken has changed', () => {
  const { database, step } = before('what sources weigh')
  database.exec(`
    insert into source (id, name, kind, node, report_every, created_at, snapshot, taking) values ('s', 's', 'csv', '*', 1, 0, 1, 2);
    insert into snapshot (source_id, number, state, collector, principal, taken_at, begun_at, began_with, next_number, touched_at, ended_at)
      values ('s', 1, 'complete', '', '', 0, 0, 0, 0, 0, 0), ('s', 2, 'open', '', '', 0, 0, 0, 0, 0, null);`)
  const row = database.prepare(`insert into observation
    (source_id, number, since_snapshot, until_snapshot, identity, first, length, kind, space, object_id, account, locale, body, missing,
     first_seen_at) values ('s', ?, ?, ?, ?, x'00', 8, 'network', '', 'id', 'acct', '', ?, 0, 0)`)
  row.run(0, 1, null, new Uint8Array([0]), '{}')
  row.run(1, 1, 2, new Uint8Array([1]), '{"a":1}')
  row.run(1, 2, null, new Uint8Array([1]), '{"a":1,"b":2}')
  database.exec(step)
  const values = (text: string) =>
    database
      .prepare(text)
      .all()
      .map((each) => Object.values(each))
  assert.deepEqual(values('select bytes, former_bytes from source'), [[8 + 19, 13]])
  assert.deepEqual(values('select bytes, former_bytes, makers from snapshot order by number'), [
    [0, 0, '[]'],
    [6, 13, '[]'],
  ])
  database.close()
})

test('an emergency of a change is the first of its emergencies from then on, and is counted for whoever it was counted for', () => {
  const { database, step } = before('each emergency of a change')
  const insert =
    database.prepare(`insert into change_request (n, node, reason, content_hash, status, author, proposed_at,
      counted_for, editors, approvals, impact, ended, break_glass, broken_for)
    values (?, 'r-1', 'x', 'a', 'applied', 'user:ann', 7, 'user:ann', '[]', '[]', '{}', ?, ?, ?)`)
  const [bob, cat] = [
    { by: 'user:bob', at: 1 },
    { by: 'user:cat', at: 2 },
  ]
  const kept: [object | undefined, object | undefined][] = [
    [bob, { reason: 'a', broken: cat }],
    [bob, { reason: 'b' }],
    [undefined, { reason: 'c', reviewed: { ...cat, note: 'seen' } }],
    [bob, undefined],
  ]
  for (const [n, [ended, broken]] of kept.entries()) {
    insert.run(n, JSON.stringify(ended) ?? null, JSON.stringify(broken) ?? null, broken ? 'user:bob' : null)
  }
  database.exec(step)
  const rows = database.prepare('select emergencies from change_request order by n').all()
  assert.deepEqual(
    rows.map(({ emergencies }) => emergencies && JSON.parse(emergencies as string)),
    [
      [{ reason: 'a', broken: cat }],
      [{ reason: 'b', broken: bob }],
      [{ reason: 'c', broken: { by: 'user:ann', at: 7 }, reviewed: { ...cat, note: 'seen' } }],
      null,
    ],
  )
  const counted = database.prepare('select request, place, requester from unreviewed_emergency order by request').all()
  assert.deepEqual(
    counted.map((row) => Object.values(row)),
    [
      [0, 0, 'user:bob'],
      [1, 0, 'user:bob'],
    ],
  )
  database.close()
})
