// Databases from before space was given once: they open, whatever is in them, and the check tells what is not right.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { parseCidr } from '#model/cidr.ts'
import { engineUnderTest } from '../../../test/engines.ts'
import { emptyPostgres, linkTo, ownerOf } from '../../../test/postgres.ts'
import { openSealer } from '../../../test/world.ts'
import { openPostgres } from '../postgres/engine.ts'
import { parseTarget } from '../postgres/link.ts'
import { postgresMigrations } from '../postgres/sql.ts'
import { applicationId, openSqlite } from '../sqlite/engine.ts'
import type { Store } from '../store.ts'
import { checkSpace } from '../upkeep/check.ts'
import { migrations } from './migrations.ts'

const at = migrations.findIndex(({ name }) => name === 'space is given once')

/** A database as it was just before the step, with these rows in it, opened by this program. */
async function openOld(rows: string): Promise<{ store: Store; close(): Promise<void> }> {
  if (engineUnderTest === 'postgres') {
    const url = await emptyPostgres()
    const owner = await linkTo(ownerOf(url))
    const target = parseTarget(url)
    assert(typeof target !== 'string')
    await owner.script(`drop schema "${target.schema}" cascade; create schema "${target.schema}";
      create table schema_version (version bigint not null); insert into schema_version values (0)`)
    for (const { sql } of postgresMigrations.slice(0, at)) await owner.script(sql)
    await owner.script(`insert into meta (name, value) values ('installation', 'abcde');
      update schema_version set version = ${at}; ${rows.replace(/\bx'(\w+)'/g, "'\\x$1'::bytea")}`)
    const store = await openPostgres({ url: ownerOf(url), sealer: openSealer })
    return {
      store,
      async close() {
        await store.close()
        await owner.close()
      },
    }
  }
  const folder = await mkdtemp(join(tmpdir(), 'cadastre-test-'))
  const database = new DatabaseSync(join(folder, 'cadastre.db'))
  for (const { sql } of migrations.slice(0, at)) database.exec(sql)
  database.exec(`insert into meta (name, value) values ('installation', 'abcde');
    pragma application_id = ${applicationId}; pragma user_version = ${at}; ${rows}`)
  database.close()
  const store = openSqlite({ folder, clock: Date.now, sealer: openSealer, exclusive: true })
  return {
    store,
    async close() {
      await store.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const v4 = (...octets: number[]): string => `x'00000000000000000000ffff${Buffer.from(octets).toString('hex')}'`
const accounts = ['222222222222', '333333333333', '444444444444'] as const

/** Three accounts, each with an IPAM, and in it a public pool and a private one. */
const companies = accounts
  .map((account, index) => {
    const [ipam, open, closed] = [`ipam-${index}`, `ipam-scope-${index}a`, `ipam-scope-${index}b`]
    const pool = (n: number, scope: string): string =>
      `insert into pool (n, id, scope_id, ipam_id, account, depth, locale, family, free, created_at)
        values (${n}, 'ipam-pool-${n}', '${scope}', '${ipam}', '${account}', 1, 'us-east-1', 4, '16', 0);`
    return `
      insert into account (id, name, email, status, joined_method, joined_at)
        values ('${account}', '${account}', '${account}@example.com', 'ACTIVE', 'CREATED', 0);
      insert into ipam (id, account, region, tier, enable_private_gua, metered_account, public_scope_id, private_scope_id,
          resource_discovery_id, resource_discovery_association_id, created_at)
        values ('${ipam}', '${account}', 'us-east-1', 'advanced', 0, 'ipam-owner', '${open}', '${closed}', 'd-${index}', 'a-${index}', 0);
      insert into scope (id, ipam_id, account, kind, is_default, created_at)
        values ('${open}', '${ipam}', '${account}', 'public', 1, 0), ('${closed}', '${ipam}', '${account}', 'private', 1, 0);
      ${pool(10 + index, open)} ${pool(20 + index, closed)}`
  })
  .join('')
const cidr = (pool: number, first: string, length = 28): string => `
  insert into pool_cidr (id, pool, first, length, state, created_at)
    values ('ipam-pool-cidr-${pool}', ${pool}, ${first}, ${length}, 'provisioned', 0);
  insert into free_block (pool, ord, first) values (${pool}, ${32 - length}, ${first});
  update pool set free = '${2 ** (32 - length)}' where n = ${pool};`
const nothingIn = (pools: readonly number[]): string => `update pool set free = '0' where n in (${pools.join(', ')});`

test('I1 public space that three accounts were given opens, is told with all parties, and is given to nobody else', async () => {
  const rows = [cidr(10, v4(203, 0, 113, 0)), cidr(11, v4(203, 0, 113, 0)), cidr(12, v4(203, 0, 112, 0), 22)]
  const old = await openOld(`${companies} ${nothingIn([10, 11, 12])} ${rows.join('')}
    ${cidr(20, v4(10, 0, 0, 0))} ${cidr(21, v4(10, 0, 0, 0))} ${nothingIn([22])}`)
  const { problems } = await checkSpace(old.store)
  const party = (index: number, block: string) =>
    `${block} of ipam-pool-1${index} (IPAM ipam-${index} of account ${accounts[index]})`
  assert.deepEqual(problems, [
    `public space: ${party(2, '203.0.112.0/22')} and ${party(0, '203.0.113.0/28')} overlap`,
    `public space: ${party(2, '203.0.112.0/22')} and ${party(1, '203.0.113.0/28')} overlap`,
    `public space: ${party(0, '203.0.113.0/28')} and ${party(1, '203.0.113.0/28')} overlap`,
  ])
  const taken = (text: string, space = 'public') =>
    old.store.read(async (tx) => (await tx.pools.topLevelOverlap(space, parseCidr(text)!)) !== undefined)
  // The last block to begin before it is not the one around it.
  assert.equal(await taken('203.0.113.64/28'), true)
  assert.equal(await taken('203.0.116.0/28'), false)
  assert.equal(await taken('10.0.0.0/28'), false)
  assert.equal(await taken('10.0.0.0/28', 'ipam-scope-1b'), true)
  await old.close()
})

test('a pool whose VPC is gone opens and is told; one whose VPC is there keeps it from then on', async () => {
  const plan = (vpc: string) =>
    JSON.stringify({ ResourceId: vpc, ResourceType: 'vpc', ResourceRegion: 'us-east-1', ResourceOwner: accounts[1] })
  const old = await openOld(`${companies} ${nothingIn([10, 11, 12, 22])}
    insert into vpc (id, account, region, tenancy, dhcp_options_id, created_at)
      values ('vpc-there', '${accounts[1]}', 'us-east-1', 'default', 'default', 0);
    insert into vpc_cidr (association_id, vpc_id, first, length, is_primary, created_at)
      values ('a', 'vpc-there', ${v4(10, 1, 0, 0)}, 28, 1, 0);
    update pool set source_resource = '${plan('vpc-gone')}' where n = 20;
    update pool set source_resource = '${plan('vpc-there')}' where n = 21;
    insert into pool (n, id, scope_id, ipam_id, account, parent_n, depth, locale, family, source_resource, created_at)
      values (31, 'ipam-pool-31', 'ipam-scope-1b', 'ipam-1', '${accounts[1]}', 21, 2, 'us-east-1', 4, '${plan('vpc-there')}', 0);
    ${cidr(20, v4(10, 0, 0, 0))} ${cidr(21, v4(10, 1, 0, 0))}`)
  const { problems } = await checkSpace(old.store)
  assert.deepEqual(problems, [
    `ipam-pool-20 of account ${accounts[0]} plans vpc-gone of account ${accounts[1]}, which is gone`,
  ])
  const planners = await old.store.read((tx) => tx.pools.planning('vpc-there'))
  assert.deepEqual(
    planners.map(({ id }) => id),
    ['ipam-pool-21', 'ipam-pool-31'],
  )
  await assert.rejects(
    old.store.write((tx) => tx.vpcs.delete('vpc-there')),
    /stays as long as a pool plans it/,
  )
  await old.close()
})

test('networks from before have what they brought along on record, since they have it, and everything is looked at once', async () => {
  const [account] = accounts
  const old = await openOld(`${companies} ${nothingIn([10, 11, 12, 20, 21, 22])}
    insert into vpc (id, account, region, tenancy, dhcp_options_id, created_at) values
      ('vpc-1', '${account}', 'us-east-1', 'default', 'default', 5), ('vpc-2', '${account}', 'us-east-1', 'default', 'default', 6);
    insert into vpc_cidr (association_id, vpc_id, first, length, is_primary, allocation, ip_source, created_at) values
      ('vpc-cidr-assoc-1', 'vpc-1', ${v4(10, 1, 0, 0)}, 16, 1, null, 'none', 5),
      ('vpc-cidr-assoc-2', 'vpc-1', ${v4(10, 2, 0, 0)}, 16, 0, 77, 'none', 6),
      ('vpc-cidr-assoc-3', 'vpc-2', ${v4(10, 3, 0, 0)}, 16, 1, null, 'none', 7);
    insert into subnet (id, vpc_id, account, region, zone, zone_id, first, length, allocation, created_at) values
      ('subnet-1', 'vpc-1', '${account}', 'us-east-1', 'us-east-1a', 'use1-az1', ${v4(10, 1, 0, 0)}, 24, null, 8),
      ('subnet-2', 'vpc-1', '${account}', 'us-east-1', 'us-east-1a', 'use1-az1', null, null, null, 9);
    insert into subnet_cidr (association_id, subnet_id, vpc_id, first, length, allocation, ip_source, created_at) values
      ('subnet-cidr-assoc-1', 'subnet-2', 'vpc-1', x'20010db8000000000000000000000000', 64, null, 'none', 9);`)
  const [found, evaluatedFrom, scan] = await old.store.read(async (tx) => [
    await tx.broughtSpace.all(-1, 100),
    (await tx.findingScans.progress()).evaluatedFrom,
    await tx.findingScans.firstOf({ unit: '', node: '' }),
  ])
  assert.deepEqual(
    found.map(({ resource, network, account: owner, resourceType, region, createdAt, endedAt }) =>
      [resource, network, owner, resourceType, region, createdAt, endedAt].join(' '),
    ),
    [
      `vpc-cidr-assoc-1 vpc-1 ${account} vpc us-east-1 5 `,
      `vpc-cidr-assoc-3 vpc-2 ${account} vpc us-east-1 7 `,
      `subnet-1 subnet-1 ${account} subnet us-east-1 8 `,
      `subnet-cidr-assoc-1 subnet-2 ${account} subnet us-east-1 9 `,
    ],
  )
  assert.deepEqual([evaluatedFrom, scan?.scope, scan?.place], [undefined, {}, ''])
  await old.close()
})
