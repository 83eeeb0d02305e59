// Whose leave an exception is: of whoever approved it where they have a say over its pools, else of the owner who shares them.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { dev, foundOrganization, network, prod, root, shop } from '../../../test/acme.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'

interface Problem {
  readonly code?: string
  readonly detail?: string
}
interface Shown {
  readonly exceptionId: string
  readonly sharedPools?: readonly string[]
}
const locale = 'us-east-1'
let world: NativeWorld
let scopeId: string
let lena: string
let anna: string
let rosa: string
let octets = 0

before(async () => {
  world = await openNativeWorld()
  await foundOrganization(world)
  const ipam = await world.post<{ privateScopeId: string }>('/ipams', { account: network, region: locale })
  scopeId = ipam.privateScopeId
  lena = await world.tokenOf('user:lena', 'approver', shop)
  anna = await world.tokenOf('user:anna', 'approver', root)
  rosa = await world.tokenOf('user:rosa', 'resource-operator', shop)
})
after(() => world.close())

async function poolFor(sharedWith: readonly string[]): Promise<string> {
  const { poolId } = await world.post<{ poolId: string }>('/pools', { scopeId, family: 'ipv4', locale, sharedWith })
  await world.post(`/pools/${poolId}/cidrs`, { cidr: `10.${++octets}.0.0/16` })
  return poolId
}
const share = async (poolId: string, sharedWith: readonly string[]) =>
  assert.equal((await world.ask('PATCH', `/pools/${poolId}`, { body: { sharedWith } })).status, 200)
async function excepted(poolId: string, approver: string): Promise<Shown> {
  const expiresAt = new Date((await world.store.read(async (tx) => tx.now)) + 86_400_000).toISOString()
  const params = {
    target: shop,
    locale,
    resourceType: 'onprem:host',
    grants: { pools: [poolId] },
    reason: 'x',
    expiresAt,
  }
  const { exceptionId } = await world.post<Shown>('/exceptions', params)
  return world.post<Shown>(`/exceptions/${exceptionId}/approve`, {}, { as: approver })
}
const paramsFor = (poolId: string) => ({ account: shop, resourceType: 'onprem:host', locale, poolId })
const take = (poolId: string, more: object = {}) =>
  world.ask<Problem & { allocationId?: string }>('POST', '/allocations', {
    as: rosa,
    body: { ...paramsFor(poolId), ...more },
  })

test('Z6 an exception that sharing let be approved counts as long as the pool is shared', async () => {
  const poolId = await poolFor([shop])
  const { exceptionId, sharedPools } = await excepted(poolId, lena)
  assert.deepEqual(sharedPools, [poolId])
  assert.equal((await take(poolId)).status, 201)
  const held = await take(poolId, { hold: { expiresInSeconds: 3_600 } })
  await share(poolId, [])
  // Whoever an exception names it to may know of it.
  const refused = await take(poolId)
  assert.deepEqual([refused.status, refused.body.code], [403, 'NotShared'])
  const confirmed = await world.ask<Problem>('POST', `/allocations/${held.body.allocationId}/confirm`, {
    as: rosa,
    body: {},
  })
  assert.notEqual(confirmed.status, 200, JSON.stringify(confirmed.body))
  assert.deepEqual((await world.get<Shown>(`/exceptions/${exceptionId}`)).sharedPools, [poolId])
  // Shared again, it counts again.
  await share(poolId, [prod])
  assert.equal((await take(poolId)).status, 201)
})

test('Z6 it counts no more once the account has left the unit with which the pool is shared', async () => {
  const poolId = await poolFor([prod])
  assert.deepEqual((await excepted(poolId, lena)).sharedPools, [poolId])
  assert.equal((await take(poolId)).status, 201)
  assert.equal((await world.ask('POST', `/accounts/${shop}/move`, { body: { parentId: dev } })).status, 200)
  assert.equal((await take(poolId)).status, 403)
  assert.equal((await world.ask('POST', `/accounts/${shop}/move`, { body: { parentId: prod } })).status, 200)
})

test('an exception of somebody with a say over the pool is a leave of its own, shared or not', async () => {
  const poolId = await poolFor([shop])
  assert.equal((await excepted(poolId, anna)).sharedPools, undefined)
  await share(poolId, [])
  assert.equal((await take(poolId)).status, 201)
})
