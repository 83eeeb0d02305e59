// Many pools that one request makes: what comes of it is what comes of as many requests, with a fraction of the statements.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sequenceIn } from '#model/identifier.ts'
import { checkSpace } from '#store/upkeep/check.ts'
import type { Row } from '../../../test/database.ts'
import { engineUnderTest } from '../../../test/engines.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { costOnEngine } from '../../../test/statement-cost.ts'
import { managementAccount } from '../../../test/world.ts'

interface Asked {
  readonly operation: 'createPool' | 'provisionPoolCidr' | 'updatePool'
  readonly input: Readonly<Record<string, unknown>>
  readonly as?: string
}
interface Applied {
  readonly results: readonly { readonly id?: string; readonly as?: string }[]
  readonly code: string
  readonly index: number
  readonly detail: string
}
interface Place extends NativeWorld {
  readonly scopeId: string
  readonly publicScopeId: string
}

async function openPlace(): Promise<Place> {
  const world = await openNativeWorld()
  const ipam = { account: managementAccount, region: 'us-east-1', name: 'main' }
  const { privateScopeId: scopeId, publicScopeId } = await world.post<Place & { privateScopeId: string }>(
    '/ipams',
    ipam,
  )
  return { ...world, scopeId, publicScopeId }
}

let listed: Place
let single: Place
before(async () => {
  listed = await openPlace()
  single = await openPlace()
})
after(async () => {
  await listed?.close()
  await single?.close()
})

const apply = (world: Place, operations: readonly Asked[]) =>
  world.ask<Applied>('POST', '/governance/apply', { body: { operations } })

/** The same operations, each by a request of its own. */
async function doEach(world: Place, operations: readonly Asked[]): Promise<void> {
  const made = new Map<string, string>()
  for (const { operation, input, as } of operations) {
    const { poolId, ...rest } = Object.fromEntries(
      Object.entries(input).map(([name, value]) => [name, made.get(String(value).slice(1)) ?? value]),
    )
    if (operation === 'createPool') made.set(as!, (await world.post<{ poolId: string }>('/pools', rest)).poolId)
    else if (operation === 'provisionPoolCidr') await world.post(`/pools/${poolId}/cidrs`, rest)
    else assert.equal((await world.ask('PATCH', `/pools/${poolId}`, { body: rest })).status, 200)
  }
}

const regions = 4
const perRegion = 29
/** A pool at the top, one of each region below it, and below each of these many with CIDRs of several lengths. */
function estate({ scopeId }: Place): readonly Asked[] {
  const make = (as: string, more: object): Asked => ({
    operation: 'createPool',
    input: { scopeId, family: 'ipv4', name: as, ...more },
    as,
  })
  const provision = (pool: string, cidr: string): Asked => ({
    operation: 'provisionPoolCidr',
    input: { poolId: `$${pool}`, cidr },
  })
  const region = (n: number): readonly Asked[] => [
    make(`r${n}`, { parentPoolId: '$top', locale: 'us-east-1', requiredTags: { team: 'net' } }),
    provision(`r${n}`, `10.${n}.0.0/16`),
    ...Array.from({ length: perRegion }, (_, m) => [
      make(`p${n}-${m}`, {
        parentPoolId: `$r${n}`,
        // Several of one region are called alike, and one of each region has no name of its own.
        name: m === 1 ? undefined : `pool ${m}`,
        description: `the ${m}th`,
        defaultNetmaskLength: 28,
        tags: { stage: m % 2 === 0 ? 'prod' : 'test', Äpfel: '1', '𝄞': '2', '\uffee': '3' },
      }),
      // From the end to the beginning, with holes, and of several lengths; of some two.
      provision(`p${n}-${m}`, `10.${n}.${8 * (perRegion - m)}.0/${22 + (m % 4)}`),
      ...(m % 7 === 0 ? [provision(`p${n}-${m}`, `10.${n}.${8 * (perRegion - m) + 4}.64/26`)] : []),
    ]).flat(),
    // Wherever its parent has room.
    { operation: 'provisionPoolCidr', input: { poolId: `$p${n}-5`, netmaskLength: 24 } },
    // Its own space is there for those below it at once.
    make(`deep${n}`, { parentPoolId: `$p${n}-0`, tags: { team: 'net' } }),
    { operation: 'provisionPoolCidr', input: { poolId: `$deep${n}`, netmaskLength: 25 } },
    provision(`deep${n}`, `10.${n}.236.64/28`),
  ]
  return [
    make('top', {}),
    provision('top', '10.0.0.0/8'),
    provision('top', '172.16.0.0/12'),
    ...Array.from({ length: regions }, (_, n) => region(n)).flat(),
    // What ends a run: others of it read what is there anew.
    { operation: 'updatePool', input: { poolId: '$p3-3', description: 'another' } },
    make('shared', { parentPoolId: '$r3', locale: 'us-east-1', sharedWith: [managementAccount] }),
    provision('shared', '10.3.0.0/24'),
    make('last', { parentPoolId: '$r3', name: 'last' }),
    provision('last', '10.3.1.0/24'),
  ]
}
const count = regions * (perRegion + 2) + 3

const compared = ['pool', 'pool_cidr', 'pool_share', 'free_block', 'allocation', 'tag', 'history'] as const
/** What is drawn, or says in which request it was made: two worlds never have the same. */
const own = new Set(['facts_at', 'salt', 'commitment', 'decision', 'holder'])
const numbers = new Set(['n', 'parent_n', 'pool', 'parent_allocation', 'source_allocation'])
const ids = /\b[a-z][a-z-]*-[0-9a-f]{17,32}\b/g
/** Numbers as the history has them. */
const members = /("(?:n|parent|parentAllocation)"):(\d+)/g

/** All rows of pools, with the numbers of things in the order in which they were made in place of the numbers themselves. */
async function rowsOf({ database }: Place): Promise<Readonly<Record<string, readonly string[]>>> {
  const rows = new Map<string, readonly Row[]>()
  for (const table of compared) rows.set(table, await database.select(`select * from ${table}`))
  const drawn = ['pool', 'pool_cidr', 'allocation'].flatMap((table) =>
    rows.get(table)!.map(({ id, n }) => Number(n ?? sequenceIn(String(id)))),
  )
  const ranks = new Map(drawn.sort((a, b) => a - b).map((n, rank) => [n, `#${rank}`]))
  const shown = (column: string, value: unknown): unknown => {
    if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
    if (value === null) return null
    if (numbers.has(column)) return ranks.get(Number(value)) ?? 'other'
    return String(value)
      .replaceAll(ids, (id) => ranks.get(sequenceIn(id)!) ?? 'other')
      .replaceAll(members, (_, name, n) => `${name}:${ranks.get(Number(n)) ?? 'other'}`)
  }
  return Object.fromEntries(
    [...rows].map(([table, all]) => [
      table,
      all
        .map((row) =>
          JSON.stringify(
            Object.entries(row)
              .filter(([column]) => !own.has(column))
              .map(([column, value]) => [column, shown(column, value)]),
          ),
        )
        .sort(),
    ]),
  )
}

test('pools that a list makes, with their CIDRs, free space, counters, tags and history, are those that requests make one by one', async () => {
  const before = await rowsOf(listed)
  assert.deepEqual(before, await rowsOf(single))
  const { status, body } = await apply(listed, estate(listed))
  assert.equal(status, 200, JSON.stringify(body).slice(0, 500))
  await doEach(single, estate(single))
  const [ofList, ofEach] = [await rowsOf(listed), await rowsOf(single)]
  for (const table of compared) assert.deepEqual(ofList[table], ofEach[table])
  assert.equal(ofList.pool!.length, before.pool!.length + count)
  assert.equal(ofList.tag!.length > 4 * regions * perRegion, true)
  for (const { store } of [listed, single]) assert.deepEqual((await checkSpace(store)).problems, [])
  const given = await Promise.all([listed, single].map(giveSome))
  assert.deepEqual(given[0], given[1])
})
/** What is given out next of a region that is full of holes. */
async function giveSome({ get, post }: Place): Promise<readonly string[]> {
  const { items } = await get<{ items: readonly { poolId: string; name?: string }[] }>('/pools?limit=1000')
  const { poolId } = items.find(({ name }) => name === 'r2')!
  const cidrs: string[] = []
  for (const netmaskLength of [24, 28, 22, 26]) {
    const asked = { account: managementAccount, resourceType: 'custom', locale: 'us-east-1', poolId, netmaskLength }
    cidrs.push((await post<{ cidr: string }>('/allocations', { ...asked, tags: { team: 'net' } })).cidr)
  }
  return cidrs
}

test('what a pool of a list costs the database is a few statements, however many there are', async () => {
  const world = await openPlace()
  after(() => world.close())
  const list = (parent: string, length: number, from: number): readonly Asked[] =>
    Array.from({ length }, (_, index): readonly Asked[] => {
      const as = `c${from + index}`
      const input = { scopeId: world.scopeId, family: 'ipv4', parentPoolId: parent, locale: 'us-east-1', name: as }
      return [
        { operation: 'createPool', input: { ...input, tags: { team: 'net' } }, as },
        { operation: 'provisionPoolCidr', input: { poolId: `$${as}`, cidr: `10.1.${from + index}.0/24` } },
      ]
    }).flat()
  const top = await apply(world, [
    { operation: 'createPool', input: { scopeId: world.scopeId, family: 'ipv4', name: 'top' }, as: 'top' },
    { operation: 'provisionPoolCidr', input: { poolId: '$top', cidr: '10.0.0.0/8' } },
  ])
  const parent = top.body.results[0]!.id!
  const costs: number[] = []
  let made = 0
  for (const length of [20, 220]) {
    const operations = list(parent, length, made)
    made += length
    const { statements } = await costOnEngine(async () => {
      const { status, body } = await apply(world, operations)
      assert.equal(status, 200, JSON.stringify(body))
    })
    costs.push(statements)
  }
  const each = (costs[1]! - costs[0]!) / 200
  assert.equal(each <= mostOfOne, true, `${each} statements for each`)
})
/** Of PostgreSQL most rows go together, however many these are. */
const mostOfOne = engineUnderTest === 'sqlite' ? 15 : 3

test('of a list with one that cannot be made nothing is made, and the refusal says which it is', async () => {
  const world = await openPlace()
  after(() => world.close())
  const before = await rowsOf(world)
  const operations = estate(world)
  const again = (cidr: string) => ({ operation: 'provisionPoolCidr', input: { poolId: '$p3-28', cidr } }) as const
  const alike = { scopeId: world.scopeId, family: 'ipv4', name: 'pool 2', parentPoolId: '$r2' }
  const wrong = [
    ['CidrConflict', again('10.3.8.0/22'), /has it already/],
    ['CidrConflict', again('10.3.232.0/22'), /allocated from the source pool/],
    ['CidrConflict', again('10.3.8.0/24'), /allocated from the source pool/],
    ['AlreadyExists', { operation: 'createPool', input: alike }, /is taken/],
  ] as const
  for (const [code, one, words] of wrong) {
    const at = operations.length - 5
    const { status, body } = await apply(world, [...operations.slice(0, at), one, ...operations.slice(at)])
    assert.deepEqual([status >= 400, body.code, body.index], [true, code, at], JSON.stringify(body))
    assert.match(body.detail, words)
  }
  assert.deepEqual(await rowsOf(world), before)
  // And nothing of what it had in mind is left to those behind it.
  const { status, body } = await apply(world, operations)
  assert.equal(status, 200, JSON.stringify(body).slice(0, 500))
  assert.deepEqual((await checkSpace(world.store)).problems, [])
})
