// Space taken and given back by works that share a transaction.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Cidr, formatCidr, parseCidr } from '#model/cidr.ts'
import { emptyDatabase } from '../../../test/database.ts'
import { engineUnderTest } from '../../../test/engines.ts'
import { allocationOf, insertPool, insertScope } from '../../../test/pool.ts'
import type { Store, Transaction } from '../store.ts'
import { checkSpace } from '../upkeep/check.ts'

const accounts = ['111111111111', '222222222222'] as const

/** So small that they are often full. Two pools of one family that differ in nothing but their last octet; the first has two neighbours that must not merge. */
const provisioned = [['198.18.0.0/30', '198.18.0.4/30'], ['198.18.0.64/29']].map((texts) =>
  texts.map((text) => parseCidr(text)!),
)

interface Stage {
  /** What asks: each store of a database in turn. */
  readonly stores: readonly Store[]
  readonly pools: readonly number[]
  now: number
  close(): Promise<void>
}
async function openStage(): Promise<Stage> {
  const database = await emptyDatabase()
  const moment = { now: 1_000 }
  const stores: Store[] = []
  // Several at once are there on PostgreSQL alone.
  const servers = database.engine === 'postgres' ? 2 : 1
  for (let server = 0; server < servers; server++) stores.push(await database.open({ clock: () => moment.now }))
  const pools = await stores[0]!.write(async (tx) => {
    await insertScope(tx)
    const inScope = { inScope: true }
    return [await insertPool(tx, '0', provisioned[0]!, inScope), await insertPool(tx, '1', provisioned[1]!, inScope)]
  })
  return Object.assign(moment, {
    stores,
    pools,
    async close() {
      for (const store of stores) await store.close()
      await database.remove()
    },
  })
}

// The naive model: addresses by their last octet, and the moment until which each is in use --------------------------

/** Of each pool, what is taken: until when it rests, or Infinity where it is in use. */
type Model = readonly Map<string, { readonly cidr: Cidr; readonly until: number }>[]

function isFree(model: Model, pool: number, first: bigint, size: bigint, now: number): boolean {
  for (const { cidr, until } of model[pool]!.values()) {
    const end = cidr.first + (1n << BigInt(32 - cidr.length))
    if (until > now && first < end && cidr.first < first + size) return false
  }
  return true
}
/** The lowest aligned place of the smallest free block that suffices: every block of every size is looked at. */
function expectedTake(model: Model, pool: number, length: number, now: number): bigint | undefined {
  for (let around = length; around >= 29; around--) {
    const size = 1n << BigInt(32 - around)
    for (const whole of provisioned[pool]!) {
      const end = whole.first + (1n << BigInt(32 - whole.length))
      for (let first = whole.first; first + size <= end; first += size) {
        if (isFree(model, pool, first, size, now) && isWhole(model, pool, first, size, whole, now)) return first
      }
    }
  }
  return undefined
}
/** Whether a free place is a block of its own: half of no larger one that is free as well. */
function isWhole(model: Model, pool: number, first: bigint, size: bigint, whole: Cidr, now: number): boolean {
  const parent = first - (first % (size * 2n))
  const end = whole.first + (1n << BigInt(32 - whole.length))
  return parent < whole.first || parent + size * 2n > end || !isFree(model, pool, parent, size * 2n, now)
}

// Stories: what several callers ask at once ---------------------------------------------------------------------------

interface Ask {
  readonly pool: number
  /** Lengths to take, one after another. */
  readonly take: readonly number[]
  /** Which of the pool's allocations to give back first, and how long it rests. */
  readonly release: { readonly which: number; readonly rest: number } | undefined
  /** Throws before it does anything, or when all is done. */
  readonly fails: 'early' | 'late' | undefined
}
const ask: fc.Arbitrary<Ask> = fc.record({
  pool: fc.nat(1),
  // Equal sizes mostly: only they are served from memory.
  take: fc.oneof(
    { weight: 3, arbitrary: fc.constant([32]) },
    { weight: 1, arbitrary: fc.array(fc.integer({ min: 29, max: 32 }), { maxLength: 3 }) },
  ),
  release: fc.option(fc.record({ which: fc.nat(30), rest: fc.constantFrom(0, 0, 5) }), { nil: undefined, freq: 3 }),
  fails: fc.constantFrom(undefined, undefined, undefined, undefined, 'early', 'late'),
})
const stories = fc.array(
  fc.record({ asks: fc.array(ask, { minLength: 1, maxLength: 8 }), wait: fc.constantFrom(0, 1, 5) }),
  { minLength: 3, maxLength: 12 },
)

class Failed extends Error {}

async function serve(tx: Transaction, { pools }: Stage, asked: Ask): Promise<string[]> {
  if (asked.fails === 'early') throw new Failed()
  const pool = pools[asked.pool]!
  if (asked.release) {
    const own = await tx.allocations.ofPool(pool, undefined, 100)
    const one = own[asked.release.which % Math.max(own.length, 1)]
    if (one) await tx.space.release(one, tx.now + asked.release.rest)
  }
  const answers: string[] = []
  for (const length of asked.take) {
    const taken = await tx.space.take(pool, 4, { length })
    if (taken) await tx.space.record(allocationOf(tx, pool, taken, accounts[0]))
    answers.push(taken ? formatCidr(taken) : 'none')
  }
  if (asked.fails === 'late') throw new Failed()
  return answers
}
function expect(model: Model, asked: Ask, now: number): string[] {
  const held = model[asked.pool]!
  if (asked.release) {
    const own = [...held.values()].filter(({ until }) => until === Number.POSITIVE_INFINITY)
    own.sort((a, b) => Number(a.cidr.first - b.cidr.first))
    const one = own[asked.release.which % Math.max(own.length, 1)]
    if (one) held.delete(formatCidr(one.cidr))
    if (one && asked.release.rest > 0) {
      held.set(formatCidr(one.cidr), { ...one, until: now + asked.release.rest })
    }
  }
  return asked.take.map((length) => {
    // What has rested long enough is only looked at where nothing else is left.
    let first = expectedTake(model, asked.pool, length, Number.NEGATIVE_INFINITY)
    if (first === undefined) {
      for (const [name, { until }] of held) if (until <= now) held.delete(name)
      first = expectedTake(model, asked.pool, length, now)
    }
    if (first === undefined) return 'none'
    const cidr: Cidr = { family: 4, first, length }
    held.set(formatCidr(cidr), { cidr, until: Number.POSITIVE_INFINITY })
    return formatCidr(cidr)
  })
}

test('I1 I2 I6 callers who share a transaction get what they would get one after another, whoever among them fails', async () => {
  const property = fc.asyncProperty(stories, async (story) => {
    const stage = await openStage()
    try {
      const model: Model = [new Map(), new Map()]
      for (const [turn, { asks, wait }] of story.entries()) {
        stage.now += wait
        const store = stage.stores[turn % stage.stores.length]!
        const settled = await Promise.allSettled(asks.map((one) => store.write((tx) => serve(tx, stage, one))))
        for (const [index, one] of asks.entries()) {
          const outcome = settled[index]!
          if (one.fails) assert(outcome.status === 'rejected' && outcome.reason instanceof Failed)
          else assert.deepEqual(outcome, { status: 'fulfilled', value: expect(model, one, stage.now) })
        }
        assert.deepEqual((await checkSpace(store)).problems, [])
      }
    } finally {
      await stage.close()
    }
  })
  await fc.assert(property, { numRuns: engineUnderTest === 'sqlite' ? 40 : 10 })
})

test('free blocks are counted up to a bound of all sizes together, and one of each beyond it', async (t) => {
  const stage = await openStage()
  t.after(() => stage.close())
  const [, pool] = stage.pools
  await stage.stores[0]!.write(async (tx) => {
    for (const text of ['198.18.0.64/32', '198.18.0.66/32'])
      assert.equal(await tx.space.takeExactly(pool!, parseCidr(text)!), 'taken')
  })
  const counted = (max: number) => stage.stores[0]!.read((tx) => tx.space.freeBySize(pool!, max))
  const largest = { order: 2, count: 1, isMore: false }
  assert.deepEqual(await counted(3), [largest, { order: 0, count: 2, isMore: false }])
  for (const max of [1, 2]) assert.deepEqual(await counted(max), [largest, { order: 0, count: 1, isMore: true }])
})
