// What one account may add to what every decision is made on, and that others are not touched by it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { foundOrganization, lab, network, shop } from '../../../test/acme.ts'
import { largeDocument } from '../../../test/large-policies.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'

interface Problem {
  readonly code?: string
  readonly detail?: string
  readonly what?: string
  readonly limit?: number
  readonly used?: number
}
const locale = 'us-east-1'
let world: NativeWorld
let own: Own
let other: Own
let administrators: Own

before(async () => {
  world = await openNativeWorld()
  await foundOrganization(world)
  own = await ipamOf(shop)
  other = await ipamOf(lab)
  administrators = await ipamOf(network)
})
after(() => world.close())

interface Own {
  readonly account: string
  readonly ipamId: string
  readonly scopeId: string
  readonly pool: string
}
async function ipamOf(account: string): Promise<Own> {
  type Made = { ipamId: string; privateScopeId: string }
  const { ipamId, privateScopeId: scopeId } = await world.post<Made>('/ipams', { account, region: locale })
  return { account, ipamId, scopeId, pool: await poolIn(scopeId) }
}
const poolIn = async (scopeId: string, more: object = {}): Promise<string> =>
  (await world.post<{ poolId: string }>('/pools', { scopeId, family: 'ipv4', locale, ...more })).poolId
const policyOf = async ({ ipamId }: Own): Promise<string> =>
  (await world.post<{ policyId: string }>('/policies', { ipamId })).policyId
const put = (policyId: string, { pool }: Own, bytes: number) =>
  world.ask<Problem>('PUT', `/policies/${policyId}/documents/${locale}/custom`, { body: largeDocument(pool, bytes) })

test('D8 a version of a policy, and all policies of an account, say so much and no more; others write on', async () => {
  const policyId = await policyOf(own)
  const tooLong = await put(policyId, own, 540_000)
  assert.deepEqual([tooLong.status, tooLong.body.code, tooLong.body.limit], [409, 'LimitExceeded', 524_288])
  assert.equal((await put(policyId, own, 500_000)).status, 200)
  for (let made = 0; made < 3; made++) assert.equal((await put(await policyOf(own), own, 500_000)).status, 200)
  const last = await policyOf(own)
  const full = await put(last, own, 300_000)
  assert.deepEqual([full.status, full.body.code, full.body.limit], [409, 'LimitExceeded', 2_097_152])
  assert.match(full.body.detail!, /bytes of documents.*all policies of account `333333333333`/)
  assert.equal((await put(await policyOf(other), other, 300_000)).status, 200)
  // What makes it less is taken, and then there is room.
  assert.equal((await put(policyId, own, 100_000)).status, 200)
  assert.equal((await put(last, own, 300_000)).status, 200)
})

test('D8 versions of policies are written so much in a day; shorter ones as much again, and more from the next day on', async () => {
  const policyId = await policyOf(own)
  const small = (bytes: number) => put(policyId, own, bytes)
  assert.equal((await small(20_000)).status, 200)
  await world.database.tamper(`update policy_written set bytes = 67108864 where account = '${shop}'`)
  const refused = await small(30_000)
  assert.deepEqual([refused.status, refused.body.code, refused.body.limit], [409, 'LimitExceeded', 67_108_864])
  assert.equal((await small(10_000)).status, 200)
  await world.database.tamper(`update policy_written set bytes = 134217728 where account = '${shop}'`)
  const shorter = await small(9_000)
  assert.deepEqual([shorter.status, shorter.body.code, shorter.body.limit], [409, 'LimitExceeded', 134_217_728])
  world.advance(86_400_000)
  assert.equal((await small(30_000)).status, 200)
})

test('D8 the pools of an account are shared with so many, and require so much; those of the delegated administrator more', async () => {
  const many = (from: number) => Array.from({ length: 1_000 }, (_, n) => String(100_000_000_000 + from * 1_000 + n))
  const share = (sharedWith: readonly string[]) =>
    world.ask<Problem>('POST', '/pools', { body: { scopeId: own.scopeId, family: 'ipv4', locale, sharedWith } })
  for (let made = 0; made < 10; made++) assert.equal((await share(many(made))).status, 201)
  const refused = await share(['100000000000'])
  assert.deepEqual([refused.status, refused.body.code, refused.body.limit], [409, 'LimitExceeded', 10_000])
  assert.equal((await share([])).status, 201)
  const requires = (scopeId: string) =>
    world.ask<Problem>('POST', '/pools', {
      body: {
        scopeId,
        family: 'ipv4',
        locale,
        requiredTags: Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`key-${n}`, 'v'.repeat(250)])),
      },
    })
  const statuses: number[] = []
  for (let made = 0; made < 25; made++) statuses.push((await requires(own.scopeId)).status)
  assert.ok(statuses.includes(201) && statuses.at(-1) === 409, statuses.join())
  for (let made = 0; made < 25; made++) assert.equal((await requires(administrators.scopeId)).status, 201)
})

test('D8 an account has so many pools and so many CIDRs in them, and others go on', async () => {
  const numbers = (count: number) =>
    `with recursive k (i) as (select 1 union all select i + 1 from k where i < ${count})`
  await world.database.tamper(`insert into pool (n, id, ipam_id, scope_id, account, depth, family, created_at)
    ${numbers(2_000)} select 900000000 + i, 'ipam-pool-f' || i, '${own.ipamId}', '${own.scopeId}', '${shop}', 1, 4, 0 from k`)
  const make = ({ scopeId }: Own) => world.ask<Problem>('POST', '/pools', { body: { scopeId, family: 'ipv4', locale } })
  const refused = await make(own)
  assert.deepEqual([refused.status, refused.body.code, refused.body.limit], [409, 'LimitExceeded', 2_000])
  assert.match(refused.body.detail!, /pools.*all IPAMs of account `333333333333`/)
  for (const one of [other, administrators]) assert.equal((await make(one)).status, 201)

  const key =
    world.database.engine === 'sqlite'
      ? "unhex(printf('00000000000000000000ffffcb%06x', i))"
      : "decode('00000000000000000000ffffcb' || lpad(to_hex(i), 6, '0'), 'hex')"
  await world.database.tamper(`insert into pool_cidr (id, pool, first, length, state, created_at)
    ${numbers(5_000)} select 'ipam-pool-cidr-f' || i, 900000000 + 1 + i % 2000, ${key}, 32, 'provisioned', 0 from k`)
  const provision = ({ pool }: Own, cidr: string) =>
    world.ask<Problem>('POST', `/pools/${pool}/cidrs`, { body: { cidr } })
  const full = await provision(own, '10.77.0.0/16')
  assert.deepEqual([full.status, full.body.code, full.body.limit], [409, 'LimitExceeded', 5_000])
  for (const one of [other, administrators]) assert.ok((await provision(one, '10.78.0.0/16')).status < 300)
})

test('D8 an account has space of so many types in locales, ever; in those that it has it goes on', async () => {
  const take = (region: string, poolId: string) =>
    world.ask<Problem>('POST', '/allocations', {
      body: { account: lab, resourceType: 'custom', scopeType: 'private', locale: region, poolId, netmaskLength: 32 },
    })
  await world.post(`/pools/${other.pool}/cidrs`, { cidr: '10.0.0.0/16' })
  assert.equal((await take(locale, other.pool)).status, 201)
  const known = await world.store.read((tx) => tx.allocationLists.holders({ accounts: [lab] }))
  await world.store.write(async ({ allocations }) => {
    for (let site = known.length; site < 2_000; site++)
      await allocations.holderOf({ account: lab, resourceType: 'custom', region: `onprem:site-${site}` })
  })
  const elsewhere = 'onprem:site-2000'
  const far = await poolIn(other.scopeId, { locale: elsewhere })
  await world.post(`/pools/${far}/cidrs`, { cidr: '10.1.0.0/16' })
  const full = await take(elsewhere, far)
  assert.deepEqual([full.status, full.body.code, full.body.limit], [409, 'LimitExceeded', 2_000])
  assert.match(full.body.detail!, /types in locales.*account `444444444444`/)
  assert.equal((await take(locale, other.pool)).status, 201)
})
