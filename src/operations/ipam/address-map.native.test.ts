// The map of a pool: compared with what was taken, in windows and tiles of several sizes.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Cidr, formatCidr, overlaps, parseCidr, sizeOf } from '#model/cidr.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { managementAccount } from '../../../test/world.ts'
import { mapOf as mapPool, pastMapOf } from './address-map.ts'

/** However little is read at a time of a moment that is past. */
const pastBounds = { pastRows: 1_000, pastEnded: 1_000, pastPerStatement: 2, pastNumbers: 1_000 }
interface Tile {
  readonly cidr: string
  readonly size?: string
  readonly free?: string
  readonly allocated?: string
  readonly held?: string
  readonly resting?: string
  readonly allocations?: number
  readonly isMore?: boolean
}
interface HeldTile extends Tile {
  readonly account?: string
  readonly locale?: string
  readonly poolId?: string
}
interface Mapped {
  readonly cidr?: string
  readonly netmaskLength?: number
  readonly cidrs: readonly string[]
  readonly tiles: readonly Tile[]
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

async function makePool(cidrs: readonly string[], more: object = {}): Promise<string> {
  const family = cidrs[0]?.includes(':') ? 'ipv6' : 'ipv4'
  const { poolId } = await world.post<{ poolId: string }>('/pools', { scopeId, family, locale: 'us-east-1', ...more })
  for (const cidr of cidrs) await world.post(`/pools/${poolId}/cidrs`, { cidr })
  return poolId
}
const take = (poolId: string, more: object): Promise<{ cidr: string; allocationId: string }> =>
  world.post('/allocations', {
    ...{ account: managementAccount, resourceType: 'custom', locale: 'us-east-1', poolId },
    ...more,
  })
const mapOf = (poolId: string, query = ''): Promise<Mapped> => world.get(`/pools/${poolId}/map${query}`)

test('tiles tell what is allocated, held, resting and free of them, and the others are free', async () => {
  const poolId = await makePool(['10.0.0.0/16', '10.2.0.0/24'], { quarantineSeconds: 600 })
  await take(poolId, { cidr: '10.0.2.0/24' })
  await take(poolId, { cidr: '10.0.8.0/21' })
  await take(poolId, { cidr: '10.0.3.7/32' })
  const gone = await take(poolId, { cidr: '10.0.3.8/30' })
  await world.ask('DELETE', `/allocations/${gone.allocationId}`)
  await take(poolId, { cidr: '10.0.4.0/25', hold: { expiresInSeconds: 60 } })
  const first = await mapOf(poolId)
  assert.deepEqual(first, {
    ...{ poolId, cidr: '10.0.0.0/16', netmaskLength: 24, cidrs: ['10.0.0.0/16'] },
    tiles: [
      { cidr: '10.0.2.0/24', allocated: '256', allocations: 1 },
      { cidr: '10.0.3.0/24', free: '251', allocated: '1', resting: '4', allocations: 1 },
      { cidr: '10.0.4.0/24', free: '128', held: '128' },
      ...Array.from({ length: 8 }, (_, n) => ({
        cidr: `10.0.${8 + n}.0/24`,
        allocated: '256',
        ...(n === 0 ? { allocations: 1 } : {}),
      })),
    ],
  })
  assert.deepEqual((await mapOf(poolId, '?cidr=10.0.0.0/14&netmaskLength=16')).tiles, [
    {
      cidr: '10.0.0.0/16',
      free: String(65_536 - 256 - 2_048 - 1 - 4 - 128),
      allocated: '2305',
      held: '128',
      resting: '4',
      allocations: 3,
    },
  ])
  assert.deepEqual((await mapOf(poolId, '?cidr=10.0.3.0/28&netmaskLength=32')).tiles, [
    { cidr: '10.0.3.7/32', allocated: '1', allocations: 1 },
    ...[8, 9, 10, 11].map((n) => ({ cidr: `10.0.3.${n}/32`, resting: '1' })),
  ])
  // In the middle of one allocation, and where there is nothing.
  assert.deepEqual((await mapOf(poolId, '?cidr=10.0.9.0/24&netmaskLength=25')).tiles, [
    { cidr: '10.0.9.0/25', allocated: '128' },
    { cidr: '10.0.9.128/25', allocated: '128' },
  ])
  assert.deepEqual(await mapOf(poolId, '?cidr=10.3.0.0/16'), {
    ...{ poolId, cidr: '10.3.0.0/16', netmaskLength: 24, cidrs: [], tiles: [] },
  })
  // What has lapsed is free, swept or not.
  world.advance(61_000)
  assert(!(await mapOf(poolId)).tiles.some(({ cidr }) => cidr === '10.0.4.0/24'))
  world.advance(600_000)
  assert.equal((await mapOf(poolId, '?cidr=10.0.3.0/28&netmaskLength=32')).tiles.length, 1)
})

test('D3 a window has so many tiles at most, of its own family', async () => {
  const poolId = await makePool(['10.9.0.0/16'])
  for (const [query, field] of [
    ['?netmaskLength=29', 'netmaskLength'],
    ['?netmaskLength=15', 'netmaskLength'],
    ['?cidr=10.0.0.0/8&netmaskLength=21', 'netmaskLength'],
    ['?cidr=2001:db8::/32', 'cidr'],
    ['?cidr=10.9.0.1/16', 'cidr'],
  ] as const) {
    const { status, body } = await world.ask<{ field: string }>('GET', `/pools/${poolId}/map${query}`)
    assert.deepEqual([status, body.field], [400, field], query)
  }
  assert.equal((await mapOf(poolId, '?netmaskLength=28')).netmaskLength, 28)
  const stranger = await world.tokenOf('user:nobody', 'auditor', managementAccount)
  assert.equal((await world.ask('GET', `/pools/${poolId}/map`, { as: stranger })).status, 200)
  const empty = await makePool([])
  assert.deepEqual(await mapOf(empty), { poolId: empty, cidrs: [], tiles: [] })
})

test('an IPv6 pool is mapped by the length of prefixes', async () => {
  const poolId = await makePool(['fd12:db8::/40'])
  await take(poolId, { cidr: 'fd12:db8:7::/56' })
  await take(poolId, { cidr: 'fd12:db8:7:100::/64' })
  assert.deepEqual((await mapOf(poolId)).tiles, [
    {
      cidr: 'fd12:db8:7::/48',
      free: String((1n << 80n) - (1n << 72n) - (1n << 64n)),
      allocated: String((1n << 72n) + (1n << 64n)),
      allocations: 2,
    },
  ])
})

test('what is taken at random is counted in each tile of each window', async () => {
  const pool = parseCidr('10.64.0.0/18')!
  const poolId = await makePool([formatCidr(pool)])
  const taken: Cidr[] = []
  let seed = 7
  const draw = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
    return Math.floor((seed / 2 ** 31) * below)
  }
  const allocations: { cidr: string; account: string; resourceType: string; locale: string; poolId: string }[] = []
  while (allocations.length < 60) {
    const length = 24 + draw(9)
    const size = 2 ** (32 - length)
    const cidr: Cidr = { family: 4, first: pool.first + BigInt(draw(2 ** 14 / size) * size), length }
    if (taken.some((one) => overlaps(one, cidr))) continue
    taken.push(cidr)
    const facts = { account: managementAccount, resourceType: 'custom', locale: 'us-east-1', poolId }
    allocations.push({ ...facts, cidr: formatCidr(cidr) })
  }
  for (let at = 0; at < allocations.length; at += 20)
    await world.post('/allocations/batch', { allocations: allocations.slice(at, at + 20) })
  // However little is read at a time.
  await world.store.read(async (tx) => {
    const row = (await tx.pools.find(poolId))!
    const asked = { window: pool, length: 20 }
    const whole = await mapPool({ tx }, row, [pool], asked)
    const bounds = { ...pastBounds, freeRead: 1, resting: 4, restingPerStatement: 1, rows: 1_000, rowsPerStatement: 2 }
    assert.deepEqual(await mapPool({ tx }, row, [pool], asked, bounds), whole)
    const cut = await mapPool({ tx }, row, [pool], asked, { ...bounds, rows: 0 })
    assert(cut.tiles.some(({ isMore }) => isMore))
    for (const { cidr, isMore, free, allocations } of whole.tiles) {
      const told = cut.tiles.find((tile) => tile.cidr.first === cidr.first)!
      assert(told.isMore || (told.free === free && told.allocations === allocations), `${formatCidr(cidr)} ${isMore}`)
    }
  })
  for (const query of [
    '?netmaskLength=18',
    '?netmaskLength=22',
    '?netmaskLength=25',
    '?netmaskLength=30',
    '?cidr=10.64.0.0/22&netmaskLength=32',
  ]) {
    const { tiles } = await mapOf(poolId, query)
    const told = new Map(tiles.map((tile) => [tile.cidr, tile]))
    const sum = (some: readonly Cidr[], tile: Cidr) =>
      some
        .filter((one) => overlaps(one, tile))
        .reduce((all, one) => all + sizeOf(one.length > tile.length ? one : tile), 0n)
    for (const [cidr, tile] of told) {
      const block = parseCidr(cidr)!
      assert.equal(tile.allocated, String(sum(taken, block)), `${query} ${cidr}`)
      assert.equal(tile.free ?? '0', String(sizeOf(block) - sum(taken, block)), `${query} ${cidr}`)
    }
    const length = Number(/netmaskLength=(\d+)/.exec(query)![1])
    const window = parseCidr(/cidr=([\d./]+)/.exec(query)?.[1] ?? '10.64.0.0/18')!
    const inside = taken.filter((one) => overlaps(one, window))
    const counted = tiles.reduce((all, { allocations = 0 }) => all + allocations, 0)
    assert.equal(counted, inside.length, query)
    const touched = new Set<string>()
    for (const one of inside) {
      const size = 1n << BigInt(32 - length)
      for (let at = (one.first / size) * size; at < one.first + sizeOf(one); at += size)
        touched.add(formatCidr({ family: 4, first: at, length }))
    }
    assert.deepEqual(new Set(told.keys()), touched, query)
  }
})

test('the map of a moment is what the map was at that moment, found from the window or from what has changed since', async () => {
  const cidr = '10.128.0.0/20'
  const poolId = await makePool([cidr], { quarantineSeconds: 0 })
  const other = await makePool(['10.129.0.0/20'], { quarantineSeconds: 0 })
  const moments: { readonly at: string; readonly tiles: readonly Tile[] }[] = []
  const note = async (): Promise<void> => {
    world.advance(1_000)
    moments.push({ at: new Date(world.clock()).toISOString(), tiles: (await mapOf(poolId)).tiles })
    world.advance(1_000)
  }
  await note()
  const whole = await take(poolId, { cidr: '10.128.4.0/22' })
  const small = await take(poolId, { cidr: '10.128.0.7/32' })
  await take(poolId, { cidr: '10.128.8.0/24', hold: { expiresInSeconds: 3 } })
  await note()
  await take(other, { cidr: '10.129.0.0/22' })
  await world.ask('DELETE', `/allocations/${whole.allocationId}`)
  await note()
  await take(poolId, { cidr: '10.128.5.0/24' })
  await world.ask('DELETE', `/allocations/${small.allocationId}`)
  await world.post(`/pools/${poolId}/cidrs`, { cidr: '10.130.0.0/24' })
  await note()
  for (const { at, tiles } of moments) assert.deepEqual((await mapOf(poolId, `?at=${at}`)).tiles, tiles, at)
  assert.deepEqual((await mapOf(poolId, `?cidr=10.128.4.0/24&at=${moments[1]!.at}`)).tiles.length, 256)
  assert.deepEqual((await mapOf(poolId, `?cidr=10.130.0.0/24&at=${moments[1]!.at}`)).cidrs, [])
  await world.store.read(async (tx) => {
    const row = (await tx.pools.find(poolId))!
    const window = parseCidr(cidr)!
    for (const { at, tiles } of moments) {
      const asked = { window, length: 28, at: Date.parse(at) }
      const all = { now: [window], before: [window] }
      const bounds = { freeRead: 1_000, resting: 1_000, restingPerStatement: 10, rows: 1_000, rowsPerStatement: 10 }
      const found = await pastMapOf({ tx }, row, all, asked, { ...bounds, ...pastBounds })
      assert.deepEqual(await pastMapOf({ tx }, row, all, asked, { ...bounds, ...pastBounds, pastRows: 1 }), found)
      for (const name of ['allocated', 'held'] as const)
        assert.equal(
          found.tiles.reduce((sum, tile) => sum + tile[name], 0n),
          tiles.reduce((sum, tile) => sum + BigInt(tile[name] ?? 0), 0n),
          `${at} ${name}`,
        )
      const cut = await pastMapOf({ tx }, row, all, asked, { ...bounds, ...pastBounds, pastRows: 1, pastNumbers: 0 })
      assert(at === moments.at(-1)!.at || cut.tiles.some(({ isMore }) => isMore), `${at}: what was not counted is told`)
    }
  })
})

test('tiles tell whose they are, as far as one may see it, and lead to the pool below', async () => {
  const poolId = await makePool(['10.140.0.0/16'])
  await take(poolId, { cidr: '10.140.4.0/22' })
  const below = await makePool(['10.140.32.0/20'], { parentPoolId: poolId })
  const tiles = async (as?: string): Promise<readonly HeldTile[]> =>
    (await world.ask<Mapped>('GET', `/pools/${poolId}/map?holders=true`, as === undefined ? {} : { as })).body.tiles
  const found = await tiles()
  assert.deepEqual(
    found.map(({ account, locale, poolId: led }) => [account, locale, led]),
    [
      ...Array.from({ length: 4 }, () => [managementAccount, 'us-east-1', undefined]),
      ...Array.from({ length: 16 }, () => [managementAccount, 'us-east-1', below]),
    ],
  )
  const inside = await world.get<Mapped>(`/pools/${poolId}/map?holders=true&cidr=10.140.5.0/24`)
  assert(inside.tiles.every((tile: HeldTile) => tile.account === managementAccount))
})

test('a scope is one map: pools below are told in place of what they were given, and empty space is folded away', async () => {
  const made = await world.post<{ scopeId: string }>('/scopes', {
    ipamId: (await world.get<{ items: { ipamId: string }[] }>('/ipams')).items[0]!.ipamId,
  })
  const [before, own] = [scopeId, made.scopeId]
  scopeId = own
  const path = `/scopes/${own}/map`
  assert.deepEqual(await world.get(path), { scopeId: own, cidrs: [], tiles: [] })
  const top = await makePool(['10.20.0.0/16'])
  await makePool(['10.60.0.0/20'])
  const below = await makePool(['10.20.0.0/20'], { parentPoolId: top })
  await take(below, { cidr: '10.20.1.0/24' })
  await take(top, { cidr: '10.20.128.0/24' })
  const whole = await world.get<Mapped>(path)
  assert.deepEqual(
    [whole.cidr, whole.netmaskLength, whole.cidrs],
    ['10.0.0.0/10', 18, ['10.20.0.0/16', '10.60.0.0/20']],
  )
  assert.deepEqual(whole.tiles, [
    { cidr: '10.20.0.0/18', free: String(16_384 - 256), allocated: '256', allocations: 1 },
    { cidr: '10.20.128.0/18', free: String(16_384 - 256), allocated: '256', allocations: 1 },
  ])
  const closer = await world.get<Mapped>(`${path}?cidr=10.20.0.0/16`)
  assert.deepEqual(
    closer.tiles.map(({ cidr, allocated }) => [cidr, allocated]),
    [
      ['10.20.1.0/24', '256'],
      ['10.20.128.0/24', '256'],
    ],
  )
  const earlier = new Date(world.clock()).toISOString()
  world.advance(60_000)
  await take(top, { cidr: '10.20.200.0/24' })
  assert.deepEqual((await world.get<Mapped>(`${path}?cidr=10.20.0.0/16&at=${earlier}`)).tiles, closer.tiles)
  const six = await makePool(['fd12:dd8::/32'])
  await take(six, { cidr: 'fd12:dd8:1:7::/64' })
  const folded = await world.get<Mapped>(`/pools/${six}/map?fold=true`)
  assert.deepEqual([folded.cidr, folded.netmaskLength, folded.tiles.length], ['fd12:dd8:1::/56', 64, 1])
  scopeId = before
})
