// The tree of pools: the space and the use of each, as the pools themselves tell them, page by page.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { foundOrganization, network } from '../../../test/acme.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'

interface Listed {
  readonly poolId: string
  readonly parentPoolId?: string
  readonly cidrs: readonly string[]
  readonly utilization: Readonly<Record<'provisioned' | 'allocated' | 'quarantined' | 'held' | 'free', string>>
}
interface Page {
  readonly items: readonly Listed[]
  readonly nextCursor?: string
}

let world: NativeWorld
let ipam: { readonly ipamId: string; readonly privateScopeId: string }
before(async () => {
  world = await openNativeWorld()
  await foundOrganization(world)
  ipam = await world.post('/ipams', { account: network, region: 'us-east-1' })
})
after(() => world.close())

const makePool = async (params: object, ...cidrs: readonly string[]): Promise<string> => {
  const base = { scopeId: ipam.privateScopeId, family: 'ipv4', locale: 'us-east-1', quarantineSeconds: 60 }
  const { poolId } = await world.post<{ poolId: string }>('/pools', { ...base, ...params })
  for (const cidr of cidrs) await world.post(`/pools/${poolId}/cidrs`, { cidr })
  return poolId
}
const tree = (query = ''): Promise<Page> => world.get(`/pools/tree${query}`)

test('each has its space in address order, and is used as it says itself: what is held, rests and has lapsed included', async () => {
  const top = await makePool({}, '10.0.0.0/8')
  const pool = await makePool({ parentPoolId: top }, '10.2.0.0/24', '10.1.0.0/24')
  const ipv6 = await makePool({ family: 'ipv6', locale: undefined })
  const take = { account: network, resourceType: 'custom', locale: 'us-east-1', poolId: pool, netmaskLength: 26 }
  const { allocationId } = await world.post<{ allocationId: string }>('/allocations', take)
  await world.ask('DELETE', `/allocations/${allocationId}`)
  await world.post('/allocations', { ...take, hold: { expiresInSeconds: 30 } })
  for (const when of ['held', 'lapsed']) {
    const { items } = await tree()
    assert.deepEqual(
      items.map(({ poolId, parentPoolId, cidrs }) => [poolId, parentPoolId, cidrs]),
      [
        [top, undefined, ['10.0.0.0/8']],
        [pool, top, ['10.1.0.0/24', '10.2.0.0/24']],
        [ipv6, undefined, []],
      ],
    )
    for (const { poolId, utilization } of items) {
      assert.deepEqual(utilization, await world.get(`/pools/${poolId}/utilization`), when)
      const { provisioned, allocated, quarantined, held, free } = utilization
      const parts = [allocated, quarantined, held, free].map(BigInt)
      assert.equal(
        parts.reduce((a, b) => a + b),
        BigInt(provisioned),
        when,
      )
    }
    const { utilization } = items[1]!
    assert.deepEqual([utilization.quarantined, utilization.held], ['64', when === 'held' ? '64' : '0'])
    if (when === 'held') world.advance(31_000)
  }
})

test('pages follow each other, filters narrow them, and of many CIDRs the first are shown', async () => {
  const many = Array.from({ length: 22 }, (_, at) => `172.16.${at}.0/24`)
  const last = await makePool({}, ...many)
  const all = await tree()
  assert.equal(all.items.at(-1)!.poolId, last)
  assert.equal(all.items.at(-1)!.cidrs.length, 20)
  const paged: Listed[] = []
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const page: Page = await tree(`?limit=1${cursor && `&cursor=${cursor}`}`)
    assert.equal(page.items.length, 1)
    paged.push(...page.items)
    cursor = page.nextCursor
  }
  assert.deepEqual(paged, all.items)
  assert.equal((await tree('?family=ipv6')).items.length, 1)
  assert.equal((await tree(`?ipamId=${ipam.ipamId}`)).items.length, all.items.length)
  assert.deepEqual((await tree('?scopeId=ipam-scope-00000000000000000')).items, [])
})
