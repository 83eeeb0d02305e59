// Pools that are nearly full or will be soon are findings for as long as they are, and each is looked at once an hour.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { dayMs } from '#model/clock.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { managementAccount } from '../../../test/world.ts'
import { isCapacityDue, watchCapacity } from './capacity-watch.ts'

interface Finding {
  readonly control: string
  readonly resource: string
  readonly status: string
  readonly summary: string
}
const hourMs = 3_600_000
let world: NativeWorld
let scopeId: string
beforeEach(async () => {
  world = await openNativeWorld()
  await world.call('CreateIpam', { OperatingRegions: [{ RegionName: 'us-east-1' }] })
  const { items } = await world.get<{ items: { privateScopeId: string }[] }>('/ipams')
  scopeId = items[0]!.privateScopeId
})
afterEach(() => world.close())

const makePool = async (cidr: string, more: object = {}): Promise<string> => {
  const params = { scopeId, family: 'ipv4', locale: 'us-east-1', quarantineSeconds: 0, ...more }
  const { poolId } = await world.post<{ poolId: string }>('/pools', params)
  await world.post(`/pools/${poolId}/cidrs`, { cidr })
  return poolId
}
const take = async (poolId: string, netmaskLength: number): Promise<string> => {
  const wanted = { account: managementAccount, resourceType: 'custom', locale: 'us-east-1', poolId, netmaskLength }
  return (await world.post<{ allocationId: string }>('/allocations', wanted)).allocationId
}
/** Looks at all pools, and answers in how many turns. */
async function look(): Promise<number> {
  let turns = 0
  for (; await world.store.read(isCapacityDue); turns++) await world.store.write(watchCapacity)
  return turns
}
const openOf = async (resource: string): Promise<string[]> => {
  const { items } = await world.get<{ items: Finding[] }>(`/findings?resource=${resource}`)
  return items.filter(({ status }) => status === 'open').map(({ control, summary }) => `${control}: ${summary}`)
}

test('a pool that is nearly full is a finding by steps, until it is not or is gone', async () => {
  const pool = await makePool('10.0.0.0/24')
  await look()
  const held: string[] = []
  for (let n = 0; n < 14; n++) held.push(await take(pool, 28))
  world.advance(hourMs)
  await look()
  assert.deepEqual(await openOf(pool), [])
  held.push(await take(pool, 28))
  assert.equal(await look(), 1, 'at once')
  assert.deepEqual(await openOf(pool), ['pool-nearly-full: 90 % of it or more are used.'])
  assert.equal(await look(), 0)
  held.push(await take(pool, 28))
  assert.deepEqual(await openOf(pool), ['pool-nearly-full: 90 % of it or more are used.'], 'not looked at yet')
  await look()
  assert.deepEqual(await openOf(pool), [
    'pool-nearly-full: All of it is used: whoever has to take from it gets nothing.',
  ])
  for (const id of held) assert.equal((await world.ask('DELETE', `/allocations/${id}`)).status, 204)
  await look()
  assert.deepEqual(await openOf(pool), [])
  await take(pool, 24)
  await look()
  const { items } = await world.get<{ items: Finding[] }>(`/findings?resource=${pool}`)
  assert.deepEqual(
    items.map(({ control, status }) => [control, status]),
    [['pool-nearly-full', 'open']],
    'it opens again and is no second one',
  )
  assert.equal((await world.ask('DELETE', `/pools/${pool}?cascade=true`)).status, 204)
  assert.deepEqual(await openOf(pool), [])
})

test('a pool that runs dry within a month is a finding, one that has pools below is none', async () => {
  const growing = await makePool('10.1.0.0/24')
  const divided = await makePool('10.2.0.0/24')
  const below = await makePool('10.2.0.0/24', { parentPoolId: divided })
  for (let week = 0; week < 13; week++) {
    await take(growing, 28)
    world.advance(7 * dayMs)
    await look()
    if (week < 12) assert.deepEqual(await openOf(growing), [], `week ${week}`)
  }
  // 16 of them fit, and one was taken each week: three are left.
  const [finding, ...others] = await openOf(growing)
  assert.match(finding!, /^pool-soon-full: It runs dry in the week of 2026-\d\d-\d\d, if its use goes on as it went\.$/)
  assert.deepEqual(others, [])
  for (const pool of [divided, below]) assert.deepEqual(await openOf(pool), [])
})

test('each pool is looked at once an hour, some at a time', async () => {
  const pools: string[] = []
  for (let n = 0; n < 60; n++) pools.push(await makePool(`10.3.${n}.0/28`))
  await look()
  for (const pool of pools) await take(pool, 28)
  assert.equal(await look(), 2, 'those that are full, and nothing else')
  assert.equal(await look(), 0)
  for (const pool of pools) assert.equal((await openOf(pool)).length, 1)
  world.advance(hourMs)
  assert.equal(await look(), 2)
})
