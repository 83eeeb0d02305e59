// What a pool still gives: compared with what it then gives, one after the other.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { managementAccount } from '../../../test/world.ts'

interface Free {
  readonly blocks: readonly { readonly netmaskLength: number; readonly count: number; readonly isMore: boolean }[]
  readonly largest?: number
  readonly fit?: { readonly count: string; readonly isMore: boolean; readonly next?: string }
}
let world: NativeWorld
let scopeId: string
before(async () => {
  world = await openNativeWorld()
  await world.call('CreateIpam', { OperatingRegions: [{ RegionName: 'us-east-1' }] })
  const { items } = await world.get<{ items: { privateScopeId: string }[] }>('/ipams')
  scopeId = items[0]!.privateScopeId
})
after(() => world.close())

const makePool = async (cidr: string, family = 'ipv4'): Promise<string> => {
  const { poolId } = await world.post<{ poolId: string }>('/pools', { scopeId, family, locale: 'us-east-1' })
  await world.post(`/pools/${poolId}/cidrs`, { cidr })
  return poolId
}
const freeOf = (poolId: string, netmaskLength?: number): Promise<Free> =>
  world.get(`/pools/${poolId}/free${netmaskLength === undefined ? '' : `?netmaskLength=${netmaskLength}`}`)
const take = (poolId: string, more: object): Promise<{ cidr: string; allocationId: string }> =>
  world.post('/allocations', {
    account: managementAccount,
    resourceType: 'custom',
    locale: 'us-east-1',
    poolId,
    ...more,
  })

test('the free blocks are counted by size, and what fits is what can be had', async () => {
  const poolId = await makePool('10.0.0.0/20')
  assert.deepEqual(await freeOf(poolId), {
    poolId,
    family: 'ipv4',
    blocks: [{ netmaskLength: 20, count: 1, isMore: false }],
    largest: 20,
  })
  await take(poolId, { cidr: '10.0.2.0/24' })
  const { blocks, largest, fit } = await freeOf(poolId, 23)
  assert.deepEqual(
    blocks.map(({ netmaskLength, count }) => [netmaskLength, count]),
    [
      [21, 1],
      [22, 1],
      [23, 1],
      [24, 1],
    ],
  )
  assert.deepEqual([largest, fit], [21, { netmaskLength: 23, count: '7', isMore: false, next: '10.0.0.0/23' }])
  const got: string[] = []
  for (let n = 0; n < 7; n++) got.push((await take(poolId, { netmaskLength: 23 })).cidr)
  assert.equal(got[0], '10.0.0.0/23')
  assert.deepEqual((await freeOf(poolId, 23)).fit, { netmaskLength: 23, count: '0', isMore: false })
  assert.equal((await freeOf(poolId, 25)).fit!.count, '2')
})

test('IPv6 has numbers that no machine word holds', async () => {
  const poolId = await makePool('fd12:1::/32', 'ipv6')
  assert.equal((await freeOf(poolId, 128)).fit!.count, String(2n ** 96n))
})

test('a pool without space gives nothing, and a length of the other family is refused', async () => {
  const { poolId } = await world.post<{ poolId: string }>('/pools', { scopeId, family: 'ipv4' })
  assert.deepEqual(await freeOf(poolId, 24), {
    poolId,
    family: 'ipv4',
    blocks: [],
    fit: { netmaskLength: 24, count: '0', isMore: false },
  })
  const { status, body } = await world.ask<{ detail: string }>('GET', `/pools/${poolId}/free?netmaskLength=64`)
  assert.equal(status, 400)
  assert.match(body.detail, /0 to 32 is expected/)
})
