// Capacity: a ledger of what random days did to pools, and what is then said of their weeks and of their end.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { dayMs } from '#model/clock.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { choicesOf } from '../../../test/random.ts'
import { managementAccount } from '../../../test/world.ts'
import { forecastWeeksMax } from './capacity.ts'

interface Summary {
  readonly poolId: string
  readonly usedPercent: number
  readonly provisioned: string
  readonly free: string
  readonly largest?: number
  readonly growthPerWeek: number
  readonly runsDryOn?: string
  readonly earliest?: string
  readonly latest?: string
  readonly noForecast?: string
}
interface Capacity extends Summary {
  readonly weeks: readonly { readonly until: string; readonly provisioned: string; readonly used: string }[]
}
let world: NativeWorld
let scopeId: string
/** As the clock of the world has it. */
let now: number
const advance = (milliseconds: number): void => {
  world.advance(milliseconds)
  now += milliseconds
}
// Tokens end after a year, and most tests take months.
beforeEach(async () => {
  world = await openNativeWorld()
  now = Date.UTC(2026, 0, 1)
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
const take = (poolId: string, netmaskLength: number): Promise<{ allocationId: string }> =>
  world.post('/allocations', {
    account: managementAccount,
    resourceType: 'custom',
    locale: 'us-east-1',
    poolId,
    netmaskLength,
  })
const capacityOf = (poolId: string): Promise<Capacity> => world.get(`/pools/${poolId}/capacity`)
const dayText = (at: number): string => new Date(at).toISOString().slice(0, 10)

test('every week is as it was at its end, whatever happened on which day', async () => {
  const { between, chance, pick } = choicesOf(42)
  const pools = await Promise.all(['10.0.0.0/20', '10.1.0.0/20', '10.2.0.0/20'].map((cidr) => makePool(cidr)))
  const held = new Map(pools.map((pool): [string, string[]] => [pool, []]))
  /** At the end of each day, by pool: blocks of 16 addresses. */
  const ledger: { readonly day: number; readonly used: ReadonlyMap<string, number> }[] = []
  const today = (): number => Math.floor(now / dayMs)
  const end = (): void =>
    void ledger.push({ day: today(), used: new Map([...held].map(([id, ids]) => [id, ids.length])) })
  for (let day = 0; day < 130; day++) {
    for (let change = chance(0.4) ? 0 : between(1, 3); change > 0; change--) {
      const pool = pick(pools)
      const ids = held.get(pool)!
      if (ids.length > 0 && chance(0.35)) {
        const { status } = await world.ask('DELETE', `/allocations/${ids.splice(between(0, ids.length - 1), 1)[0]}`)
        assert.equal(status, 204)
      } else ids.push((await take(pool, 28)).allocationId)
      advance(between(0, 3_600_000))
    }
    end()
    advance(dayMs - (now % dayMs) + between(0, dayMs / 4))
  }
  for (const pool of pools) {
    const { weeks, free, usedPercent } = await capacityOf(pool)
    const expected = weeks.map(({ until }) => {
      const at = Date.parse(until) === now ? today() - 1 : Math.floor(Date.parse(until) / dayMs) - 1
      return String(16 * ledger.find(({ day }) => day === at)!.used.get(pool)!)
    })
    assert.deepEqual(
      weeks.map(({ used }) => used),
      expected,
    )
    assert.ok(weeks.length >= 17, String(weeks.length))
    const used = 16 * held.get(pool)!.length
    assert.equal(free, String(4_096 - used))
    assert.ok(Math.abs(usedPercent - (100 * used) / 4_096) < 0.1, `${usedPercent} of ${used}`)
  }
})

test('what grows alike each week is said to run dry on the day on which it does', async () => {
  const pool = await makePool('10.8.0.0/24')
  for (let week = 0; week < 5; week++) {
    await take(pool, 28)
    advance(7 * dayMs)
  }
  await take(pool, 28)
  const dry = dayText(now + 10 * 7 * dayMs)
  const { growthPerWeek, runsDryOn, earliest, latest, usedPercent, largest } = await capacityOf(pool)
  assert.deepEqual([growthPerWeek, runsDryOn, earliest, latest], [16, dry, dry, dry])
  assert.deepEqual([usedPercent, largest], [37.5, 25])
  for (let week = 0; week < 10; week++) {
    advance(7 * dayMs)
    await take(pool, 28)
  }
  const full = await capacityOf(pool)
  assert.deepEqual([full.runsDryOn, dayText(now)], [dry, dry])
  assert.deepEqual([full.usedPercent, full.free, full.largest], [100, '0', undefined])
})

test('nothing is said of a short past, of what stands still, nor of what is there for pools below', async () => {
  const pool = await makePool('10.16.0.0/16')
  await take(pool, 24)
  assert.equal((await capacityOf(pool)).noForecast, 'short-history')
  advance(28 * dayMs)
  assert.equal((await capacityOf(pool)).noForecast, 'not-growing')
  const below = await world.post<{ poolId: string }>('/pools', { scopeId, family: 'ipv4', parentPoolId: pool })
  await world.post(`/pools/${below.poolId}/cidrs`, { cidr: '10.16.128.0/17' })
  const { noForecast, usedPercent, weeks } = await capacityOf(pool)
  assert.equal(noForecast, 'divided')
  assert.equal(usedPercent, 50.4)
  assert.equal(weeks.at(-1)!.used, String(32_768 + 256))
})

test('the weeks go back as far as the forecast, and no further', async () => {
  const pool = await makePool('10.32.0.0/24')
  await take(pool, 28)
  advance((forecastWeeksMax + 9) * 7 * dayMs)
  assert.equal((await capacityOf(pool)).weeks.length, forecastWeeksMax + 1)
})

test('the list says the same, and shows to whom may read the pools', async () => {
  const pools: string[] = []
  for (let n = 0; n < 5; n++) {
    const pool = await makePool(`10.64.${n}.0/24`)
    pools.push(pool)
    await take(pool, 25 + n)
    advance(7 * dayMs)
  }
  const listed: Summary[] = []
  for (let path: string | undefined = `/capacity?scopeId=${scopeId}&limit=2`; path !== undefined; ) {
    const page: { items: Summary[]; nextCursor?: string } = await world.get(path)
    listed.push(...page.items)
    path = page.nextCursor && `/capacity?scopeId=${scopeId}&limit=2&cursor=${encodeURIComponent(page.nextCursor)}`
  }
  assert.deepEqual(
    listed.map(({ poolId }) => poolId),
    pools,
  )
  for (const one of listed) {
    const { weeks, ...summary } = await capacityOf(one.poolId)
    assert.deepEqual(one, summary)
  }
  await world.organizations('CreateOrganization', {})
  const { account } = await world.post<{ account: string }>('/accounts', { name: 'other' })
  const as = await world.tokenOf('user:stranger', 'auditor', account)
  assert.deepEqual((await world.get<{ items: Summary[] }>('/capacity', { as })).items, [])
  assert.equal((await world.ask('GET', `/pools/${pools[0]}/capacity`, { as })).status, 404)
})
