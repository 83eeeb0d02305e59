// What answers about one's own things say of what one may not see: of units beside one's own, of other accounts, of pools.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { foundOrganization, lab, network, prod, root, shop, workloads } from '../../../test/acme.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'

interface Problem {
  readonly code?: string
  readonly detail?: string
}
const locale = 'us-east-1'
let world: NativeWorld
let policyId: string
let hidden: string
let rosa: string

before(async () => {
  world = await openNativeWorld()
  await foundOrganization(world)
  const ipam = await world.post<{ ipamId: string; privateScopeId: string }>('/ipams', {
    account: network,
    region: locale,
  })
  const params = { scopeId: ipam.privateScopeId, family: 'ipv4', locale, minNetmaskLength: 22, maxNetmaskLength: 26 }
  hidden = (await world.post<{ poolId: string }>('/pools', params)).poolId
  for (const cidr of ['10.88.0.0/20', '10.99.0.0/20']) await world.post(`/pools/${hidden}/cidrs`, { cidr })
  const other = (await world.post<{ poolId: string }>('/pools', params)).poolId
  policyId = (await world.post<{ policyId: string }>('/policies', { ipamId: ipam.ipamId })).policyId
  const when = { accounts: [shop, lab], tags: [{ key: 'merger', values: ['acme'] }] }
  const body = { rules: [{ poolId: other, when }, { poolId: hidden }] }
  const put = await world.ask('PUT', `/policies/${policyId}/documents/${locale}/custom`, { body })
  assert.equal(put.status, 200)
  await world.ask('PUT', `/policies/${policyId}/assignments/${root}`, { body: { kind: 'default' } })
  rosa = await world.tokenOf('user:rosa', 'resource-operator', shop)
})
after(() => world.close())

test('I8 whoever has a unit alone does not learn by renaming it which names are beside it', async () => {
  await world.post('/organizational-units', { name: 'merger-acme', parentId: workloads })
  const own = await world.tokenOf('user:of-prod', 'organization-administrator', prod)
  const rename = (name: string, as: string) =>
    world.ask<Problem>('PATCH', `/organizational-units/${prod}?dryRun=true`, { as, body: { name } })
  const [taken, free] = [await rename('merger-acme', own), await rename('merger-other', own)]
  assert.deepEqual([taken.status, taken.body.code], [403, 'NotAuthorized'])
  assert.deepEqual([free.status, free.body.detail], [403, taken.body.detail])
  const above = await world.tokenOf('user:of-workloads', 'organization-administrator', workloads)
  assert.deepEqual([(await rename('merger-acme', above)).status, (await rename('other', above)).status], [409, 200])
})

test('I8 the policy in force tells conditions, and exceptions for some resources, to whoever may read them', async () => {
  const ask = (as?: string) =>
    world.get<{
      enforced: { document: { rules: readonly { inForce: string; when?: unknown }[] } }
      exceptions: readonly { exceptionId: string }[]
    }>(`/effective-policies?node=${shop}&locale=${locale}&resourceType=custom`, as === undefined ? {} : { as })
  const approver = await world.tokenOf('user:anna', 'approver', root)
  const asking = { target: root, locale, resourceType: 'custom', grants: { provider: true }, reason: 'x' }
  const expiresAt = new Date((await world.store.read(async (tx) => tx.now)) + 3_600_000).toISOString()
  for (const resource of ['merger-*', undefined]) {
    const made = await world.post<{ exceptionId: string }>('/exceptions', { ...asking, expiresAt, resource })
    await world.post(`/exceptions/${made.exceptionId}/approve`, {}, { as: approver })
  }
  const [all, own] = [await ask(), await ask(rosa)]
  const rulesOf = ({ enforced }: typeof all) =>
    enforced.document.rules.map(({ inForce, when }) => [inForce, when !== undefined])
  assert.deepEqual(rulesOf(all), [
    ['no', true],
    ['yes', false],
  ])
  assert.deepEqual(rulesOf(own), [
    ['no', false],
    ['yes', false],
  ])
  assert.deepEqual([all.exceptions.length, own.exceptions.length], [2, 1])
  assert.doesNotMatch(JSON.stringify(own), /merger-|444444444444/)
})

test('I8 the CIDRs of a pool that policy alone gives are told to nobody who may not read the pool', async () => {
  assert.equal((await world.ask('GET', `/pools/${hidden}`, { as: rosa })).status, 403)
  const params = { account: shop, resourceType: 'custom', locale, poolId: hidden, cidr: '10.0.0.0/24' }
  const refused = await world.ask<Problem>('POST', '/allocations', { as: rosa, body: params })
  const explained = await world.ask('POST', '/explanations', { as: rosa, body: params })
  assert.match(
    refused.body.detail!,
    /not inside the provisioned CIDRs of the pool `ipam-pool-\w+` \(it is not shared with you\)/,
  )
  for (const { body } of [refused, explained]) assert.doesNotMatch(JSON.stringify(body), /10\.88|10\.99/)
  await assert.rejects(
    world.call('AllocateIpamPoolCidr', { IpamPoolId: hidden, Cidr: '10.0.0.0/24' }, { account: shop }),
    (error: Error) => !/10\.88|10\.99/.test(JSON.stringify(error)),
  )
  // Shared, it may be read, and the refusal says what would do.
  await world.ask('PATCH', `/pools/${hidden}`, { body: { sharedWith: [shop] } })
  const told = await world.ask<Problem>('POST', '/allocations', { as: rosa, body: params })
  assert.match(told.body.detail!, /\(10\.88\.0\.0\/20, 10\.99\.0\.0\/20\)/)
})
