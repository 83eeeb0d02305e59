// What an allocation costs PostgreSQL beside an old snapshot, and that cursors over the free space never hide any of it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Cidr, formatCidr, fromKey, parseCidr } from '#model/cidr.ts'
import { emptyPostgres, ownerOf } from '../../../test/postgres.ts'
import { openSealer } from '../../../test/world.ts'
import type { Store, Transaction } from '../store.ts'
import type { Allocation } from '../tables/holdings.ts'
import { checkSpace } from '../upkeep/check.ts'
import { openPostgres } from './engine.ts'
import { connect, Link, parseTarget } from './link.ts'
import { readAhead } from './space.ts'

const account = '111111111111'
const together = 64

async function linkTo(url: string): Promise<Link> {
  const target = parseTarget(url)
  assert(typeof target !== 'string')
  return connect({ target, isHighlyAvailable: false, deadlineMs: 10_000 })
}
async function openWithPool(text: string): Promise<{ store: Store; pool: number; url: string }> {
  const url = await emptyPostgres()
  const store = await openPostgres({ url, sealer: openSealer })
  const pool = await store.write((tx) => insertPool(tx, parseCidr(text)!))
  return { store, pool, url }
}
async function insertPool(tx: Transaction, cidr: Cidr): Promise<number> {
  const n = tx.nextSequence()
  await tx.pools.insert({
    n,
    id: `ipam-pool-${n}`,
    parent: undefined,
    depth: 1,
    account: 'provider',
    autoImport: false,
    requiredTags: [],
    family: 4,
    createdAt: tx.now,
    scopeId: undefined,
    ipamId: undefined,
    locale: undefined,
    description: undefined,
    awsService: undefined,
    publicIpSource: undefined,
    publiclyAdvertisable: undefined,
    minNetmaskLength: undefined,
    maxNetmaskLength: undefined,
    defaultNetmaskLength: undefined,
    sourceResource: undefined,
    quarantineSeconds: undefined,
    isLocaleInherited: false,
  })
  await tx.pools.insertCidr({
    id: `ipam-pool-cidr-${n}`,
    pool: n,
    cidr,
    state: 'provisioned',
    failureCode: undefined,
    failure: undefined,
    parentAllocation: undefined,
    createdAt: tx.now,
  })
  await tx.space.add(n, cidr)
  return n
}
async function take(tx: Transaction, pool: number): Promise<Allocation> {
  const cidr = await tx.space.take(pool, 4, { length: 32 })
  assert(cidr)
  const known = { n: tx.nextSequence(), pool, cidr, resourceType: 'custom', account, createdAt: tx.now }
  const unset = { resourceId: undefined, region: undefined, description: undefined, decision: undefined }
  await tx.space.record({ ...known, ...unset })
  return { ...known, ...unset }
}

/** Pages that PostgreSQL looks at for what a batch of allocations reads of a pool. */
async function pagesOf(link: Link, pool: number): Promise<number> {
  const text = readAhead.replace(/\$(\d)/g, (_, n: string) => `'{${[pool, 0, together][Number(n) - 1]}}'`)
  const [result] = await link.script(`explain (analyze, buffers, format json) ${text}`)
  const [{ 'QUERY PLAN': plan }] = result!.rows as [{ 'QUERY PLAN': { Plan: Record<string, number> }[] }]
  return plan[0]!.Plan['Shared Hit Blocks']! + plan[0]!.Plan['Shared Read Blocks']!
}

test('an old snapshot does not make allocations read what left the free space since', async () => {
  const { store, pool, url } = await openWithPool('198.18.0.0/16')
  const [operator, backup] = [await linkTo(ownerOf(url)), await linkTo(url)]
  // Every second address is free: each allocation takes a row of its own.
  await operator.script(`begin; delete from free_block;
    insert into free_block select ${pool}, 0, decode('00000000000000000000ffffc612' || lpad(to_hex(n * 2), 4, '0'), 'hex')
      from generate_series(0, 32767) n;
    update pool set free = '32768'; commit; analyze free_block, free_cursor, pool`)
  await backup.script('begin isolation level repeatable read; select count(*) from pool')
  const round = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i++) {
      await store.write(async (tx) => {
        for (let n = 0; n < together; n++) await tx.space.take(pool, 4, { length: 32 })
      })
    }
  }
  await round(4)
  const before = await pagesOf(operator, pool)
  await round(200)
  const after = await pagesOf(operator, pool)
  // The same with nothing that says where the living begin.
  await operator.script('begin; delete from free_cursor')
  const without = await pagesOf(operator, pool)
  await operator.script('rollback')
  const figures = `${before} pages before, ${after} after 12,800 allocations, ${without} without cursors`
  assert(after <= before + 20, figures)
  assert(without > 100 + after, figures)
  for (const link of [operator, backup]) await link.close()
  await store.close()
})

test('I1 I2 the lowest free block is found wherever cursors stand, also when one server moved them and another gave back', async () => {
  const { store, pool, url } = await openWithPool('198.18.0.0/20')
  const other = await openPostgres({ url, sealer: openSealer })
  const operator = await linkTo(url)
  const lowest = async (): Promise<Cidr> => {
    const [result] = await operator.script('select first from free_block order by ord, first limit 1')
    const [{ first }] = result!.rows as [{ first: Uint8Array }]
    return { ...fromKey(first, 32), length: 32 }
  }
  const held: Allocation[] = []
  let seed = 1
  const random = (below: number): number => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % below
  }
  let moved = 0
  for (let turn = 0; turn < 8; turn++) {
    const [taker, giver] = turn % 2 === 0 ? [store, other] : [other, store]
    const expected = formatCidr(await lowest())
    const taken = await taker.write(async (tx) => {
      const all: Allocation[] = []
      for (let n = 0; n < 200; n++) all.push(await take(tx, pool))
      return all
    })
    assert.equal(formatCidr(taken[0]!.cidr), expected)
    held.push(...taken)
    const given = Array.from({ length: 100 }, () => held.splice(random(held.length), 1)[0]!)
    await giver.write(async (tx) => {
      for (const allocation of given) await tx.space.release(allocation, tx.now)
    })
    const [result] = await operator.script(`select count(*) as cursors, count(*) filter (where exists (
      select from free_block f where f.pool = c.pool and f.ord = c.ord and f.first < c.first)) as hiding from free_cursor c`)
    const [{ cursors, hiding }] = result!.rows as [{ cursors: number; hiding: number }]
    assert.equal(hiding, 0)
    moved = Math.max(moved, cursors)
  }
  assert(moved > 0, 'cursors stood somewhere')
  assert.deepEqual((await checkSpace(store)).problems, [])
  await operator.close()
  for (const one of [store, other]) await one.close()
})

/** How often something is sent while no answer is awaited: each costs the way to the database and back. */
async function roundTripsOf(work: () => Promise<unknown>): Promise<number> {
  let [trips, unanswered] = [0, 0]
  const { query, script } = Link.prototype
  const counted = <T>(answer: Promise<T>): Promise<T> => {
    if (unanswered++ === 0) trips++
    return answer.finally(() => unanswered--)
  }
  Link.prototype.query = function (...values) {
    return counted(query.apply(this, values))
  }
  Link.prototype.script = function (...values) {
    return counted(script.apply(this, values))
  }
  try {
    await work()
  } finally {
    Object.assign(Link.prototype, { query, script })
  }
  return trips
}

test('a transaction of many allocations is two round trips, from however many pools, in whatever sizes', async () => {
  const { store, url } = await openWithPool('198.18.0.0/20')
  const operator = await linkTo(ownerOf(url))
  await operator.script('drop index pool_provider')
  const pools = await store.write(async (tx) => {
    const all: number[] = []
    for (let n = 0; n < 8; n++) all.push(await insertPool(tx, parseCidr(`198.19.${16 * n}.0/20`)!))
    return all
  })
  const taken: bigint[] = []
  const batch = (from: readonly number[], lengths: readonly number[]) => () =>
    Promise.all(
      Array.from({ length: together }, (_, n) =>
        store.write(async (tx) => {
          const cidr = await tx.space.take(from[n % from.length]!, 4, { length: lengths[n % lengths.length]! })
          assert(cidr)
          taken.push(cidr.first)
        }),
      ),
    )
  for (const from of [pools.slice(0, 1), pools]) {
    for (const lengths of [[32], [32, 30, 31]]) {
      await batch(from, lengths)()
      assert.equal(await roundTripsOf(batch(from, lengths)), 2, `${from.length} pools, ${lengths}`)
    }
  }
  assert.equal(new Set(taken).size, 8 * together)
  await operator.close()
  await store.close()
})

test('I1 a free row that is gone when it should be taken takes the whole transaction back', async () => {
  const { store, pool, url } = await openWithPool('198.18.0.0/28')
  const operator = await linkTo(url)
  const taking = store.write(async (tx) => {
    await take(tx, pool)
    // As nobody may: beside the lock.
    await operator.script('delete from free_block')
  })
  await assert.rejects(taking, /0 of 1 rows are there/)
  const [result] = await operator.script('select count(*) as n from allocation')
  assert.deepEqual(result!.rows, [{ n: 0 }])
  await operator.close()
  await store.close()
})
