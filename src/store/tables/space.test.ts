// The space of a pool against a naive model: every block that is taken, refused, given back or swept, in one transaction or many.
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import fc from 'fast-check'
import {
  bitsOf,
  type Cidr,
  compareCidrs,
  contains,
  equals,
  formatCidr,
  makeCidr,
  overlaps,
  parseCidr,
  sizeOf,
  split,
  supernet,
} from '#model/cidr.ts'
import type { AllocationRequest } from '#model/policy/decision.ts'
import { emptyDatabase, type TestDatabase } from '../../../test/database.ts'
import { drawnTimes, engineUnderTest } from '../../../test/engines.ts'
import { allocationOf, insertPool } from '../../../test/pool.ts'
import type { Store, Transaction } from '../store.ts'
import { checkSpace } from '../upkeep/check.ts'

const cidr = (text: string): Cidr => parseCidr(text)!
const accounts = ['111111111111', '222222222222'] as const

/** Neighbours that would merge if nothing kept them apart; a block far away; and IPv6 where most sizes can never be filled. */
const provisioned = {
  4: ['198.18.0.0/26', '198.18.0.64/26', '198.18.7.16/28'].map(cidr),
  6: ['2001:db8:0:1::/64', '2001:db8:0:2::/120'].map(cidr),
} as const
type Family = 4 | 6

// The naive model ----------------------------------------------------------------------------------------------------

interface Held {
  readonly cidr: Cidr
  readonly account: string
  /** Undefined: allocated. Otherwise it is in quarantine until then. */
  readonly endsAt: number | undefined
}
type Model = Record<Family, Held[]>

/** The largest aligned blocks of `whole` that touch nothing of `used`, in address order. */
function freeOf(whole: Cidr, used: readonly Cidr[]): Cidr[] {
  const near = used.filter((one) => overlaps(one, whole))
  if (near.length === 0) return [whole]
  if (near.some((one) => contains(one, whole))) return []
  return split(whole).flatMap((half) => freeOf(half, near))
}
const freeBlocks = (model: Model, family: Family, more: readonly Cidr[] = []): Cidr[] =>
  provisioned[family].flatMap((whole) => freeOf(whole, [...model[family].map((one) => one.cidr), ...more]))

/** What `take` must take: the lowest of the smallest sufficient; within bounds simply the lowest. */
function expectedTake(model: Model, family: Family, { length, allowed, disallowed = [] }: Params): Cidr | undefined {
  if (!allowed && disallowed.length === 0) {
    const [best] = freeBlocks(model, family)
      .filter((block) => block.length <= length)
      .sort((a, b) => b.length - a.length || compareCidrs(a, b))
    return best && makeCidr(family, best.first, length)
  }
  const used = [...model[family].map((one) => one.cidr), ...disallowed]
  const [lowest] = provisioned[family]
    .flatMap((whole) =>
      (allowed ?? [whole])
        .filter((region) => region.length <= length && overlaps(region, whole))
        .flatMap((region) => freeOf(contains(region, whole) ? whole : region, used)),
    )
    .filter((block) => block.length <= length)
    .sort((a, b) => (a.first < b.first ? -1 : 1))
  return lowest && makeCidr(family, lowest.first, length)
}

const requestOf = (account: string): AllocationRequest => ({
  account,
  locale: 'eu-west-1',
  resourceType: 'custom',
  family: 4,
  netmaskLength: 30,
})

// Stories ------------------------------------------------------------------------------------------------------------

interface Params {
  readonly length: number
  readonly allowed?: readonly Cidr[]
  readonly disallowed?: readonly Cidr[]
}
type Step =
  | { readonly kind: 'take' | 'preview'; readonly family: Family; readonly params: Params; readonly account: string }
  | { readonly kind: 'takeExactly' | 'isFree'; readonly family: Family; readonly cidr: Cidr; readonly account: string }
  | { readonly kind: 'release'; readonly family: Family; readonly which: number; readonly rest: number }
  | { readonly kind: 'reclaim'; readonly family: Family; readonly which: number; readonly account: string }
  | { readonly kind: 'sweep'; readonly limit: number }
/** What happens in one transaction; `fails` takes it all back. */
interface Act {
  readonly steps: readonly Step[]
  readonly fails: boolean
  readonly wait: number
}

/** Mostly inside what is provisioned, and of a size that can be met. */
const blockOf = (family: Family, longest = bitsOf(family)): fc.Arbitrary<Cidr> =>
  fc
    .tuple(fc.constantFrom(...provisioned[family], cidr(family === 4 ? '198.18.0.0/24' : '2001:db8::/56')), fc.nat(127))
    .chain(([whole, at]) =>
      fc.integer({ min: whole.length, max: longest }).map((length) => {
        const inside = makeCidr(family, whole.first + (BigInt(at) % sizeOf(whole)), bitsOf(family))
        return supernet(inside, length)
      }),
    )
const families = fc.constantFrom<Family>(4, 6)
const account = fc.constantFrom(...accounts)
const lengthOf = (family: Family): fc.Arbitrary<number> =>
  family === 4 ? fc.integer({ min: 25, max: 32 }) : fc.constantFrom(63, 64, 65, 72, 96, 120, 121, 126, 127, 128)
const paramsOf = (family: Family): fc.Arbitrary<Params> => {
  const blocks = fc.array(blockOf(family), { minLength: 1, maxLength: 3 })
  return fc.oneof(
    { weight: 3, arbitrary: fc.record({ length: lengthOf(family) }) },
    {
      weight: 2,
      arbitrary: fc.record(
        { length: lengthOf(family), allowed: blocks, disallowed: blocks },
        { requiredKeys: ['length'] },
      ),
    },
  )
}
const perFamily = (make: (family: Family) => fc.Arbitrary<Step>): fc.Arbitrary<Step> => families.chain(make)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: perFamily((family) =>
      fc.record({ kind: fc.constant('take' as const), family: fc.constant(family), params: paramsOf(family), account }),
    ),
  },
  {
    weight: 1,
    arbitrary: perFamily((family) =>
      fc.record({
        kind: fc.constant('preview' as const),
        family: fc.constant(family),
        params: paramsOf(family),
        account,
      }),
    ),
  },
  {
    weight: 3,
    arbitrary: perFamily((family) =>
      fc.record({
        kind: fc.constantFrom('takeExactly' as const, 'isFree' as const),
        family: fc.constant(family),
        cidr: blockOf(family),
        account,
      }),
    ),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('release' as const),
      family: families,
      which: fc.nat(100),
      rest: fc.constantFrom(0, 0, 10, 100),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('reclaim' as const), family: families, which: fc.nat(100), account }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('sweep' as const), limit: fc.integer({ min: 1, max: 5 }) }) },
)
/** A run of equal takes, so that what is left of a cut block waits in memory while more come. */
const run: fc.Arbitrary<Step[]> = fc
  .tuple(families, account, fc.integer({ min: 2, max: 12 }))
  .chain(([family, who, count]) =>
    lengthOf(family).map((length) =>
      Array.from({ length: count }, () => ({ kind: 'take' as const, family, params: { length }, account: who })),
    ),
  )
const act: fc.Arbitrary<Act> = fc.record({
  steps: fc
    .array(fc.oneof({ weight: 4, arbitrary: step.map((one) => [one]) }, { weight: 1, arbitrary: run }), {
      minLength: 1,
      maxLength: 6,
    })
    .map((steps) => steps.flat()),
  fails: fc.nat(5).map((n) => n === 0),
  wait: fc.constantFrom(0, 0, 9, 10, 100),
})

// Playing ------------------------------------------------------------------------------------------------------------

interface Stage {
  readonly store: Store
  readonly pools: Record<Family, number>
  now: number
}

async function playStep(tx: Transaction, pools: Stage['pools'], model: Model, now: number, step: Step): Promise<void> {
  if (step.kind === 'sweep') {
    const due = ([4, 6] as const).flatMap((family) =>
      model[family].filter(({ endsAt }) => endsAt !== undefined && endsAt <= now),
    )
    assert.equal(await tx.resting.end(step.limit), Math.min(due.length, step.limit))
    await forgetSwept(tx, pools, model)
    return
  }
  const { family } = step
  const pool = pools[family]
  const owned = model[family].filter(({ endsAt }) => endsAt === undefined)
  const resting = model[family].filter(({ endsAt }) => endsAt !== undefined)
  const give = async (taken: Cidr, account: string): Promise<void> => {
    model[family].push({ cidr: taken, account, endsAt: undefined })
    await tx.space.record(allocationOf(tx, pool, taken, account))
  }
  switch (step.kind) {
    case 'take': {
      let expected = expectedTake(model, family, step.params)
      if (!expected) {
        // Nothing is free: what has rested long enough is.
        model[family] = model[family].filter(({ endsAt }) => endsAt === undefined || endsAt > now)
        expected = expectedTake(model, family, step.params)
      }
      const taken = await tx.space.take(pool, family, step.params)
      assert.equal(taken && formatCidr(taken), expected && formatCidr(expected), `take /${step.params.length}`)
      if (taken) await give(taken, step.account)
      return
    }
    case 'preview': {
      let expected = expectedTake(model, family, step.params)
      if (!expected) {
        const swept = model[family].filter(({ endsAt }) => endsAt === undefined || endsAt > now)
        expected = expectedTake({ ...model, [family]: swept }, family, step.params)
      }
      const shown = await tx.space.preview(pool, family, step.params)
      assert.equal(shown && formatCidr(shown), expected && formatCidr(expected), `preview /${step.params.length}`)
      await forgetSwept(tx, pools, model)
      return
    }
    case 'isFree':
    case 'takeExactly': {
      const { cidr: wanted } = step
      const isFree = (): boolean => freeBlocks(model, family).some((block) => contains(block, wanted))
      if (step.kind === 'isFree') {
        if (isFree()) assert.equal(await tx.space.isFree(pool, wanted), true)
        else {
          const swept = {
            ...model,
            [family]: model[family].filter(({ endsAt }) => endsAt === undefined || endsAt > now),
          }
          const wouldBe = freeBlocks(swept, family).some((block) => contains(block, wanted))
          if (!wouldBe) assert.equal(await tx.space.isFree(pool, wanted), false)
        }
        await forgetSwept(tx, pools, model)
        return
      }
      if (!isFree()) model[family] = model[family].filter(({ endsAt }) => endsAt === undefined || endsAt > now)
      const expected = isFree() ? 'taken' : 'not-free'
      assert.equal(await tx.space.takeExactly(pool, wanted), expected, formatCidr(wanted))
      if (expected === 'taken') await give(wanted, step.account)
      return
    }
    case 'release': {
      const one = owned[step.which % Math.max(owned.length, 1)]
      if (!one) return
      const allocation = await tx.allocations.at(pool, one.cidr)
      assert.equal(allocation?.account, one.account)
      await tx.space.release(allocation!, now + step.rest)
      model[family] = model[family].filter((other) => other !== one)
      if (step.rest > 0) model[family].push({ ...one, endsAt: now + step.rest })
      return
    }
    case 'reclaim': {
      const one = resting[step.which % Math.max(resting.length, 1)]
      if (!one) return
      const given = await tx.resting.reclaim(pool, one.cidr, step.account)
      assert.equal(given, one.account === step.account, 'only who gave it back has it again early')
      if (!given) return
      model[family] = model[family].filter((other) => other !== one)
      await give(one.cidr, step.account)
    }
  }
}

/** Which of several due blocks a bounded sweep takes first is its own affair: the model follows. */
async function forgetSwept(tx: Transaction, pools: Stage['pools'], model: Model): Promise<void> {
  for (const family of [4, 6] as const) {
    const kept: Held[] = []
    for (const one of model[family]) {
      const rests = one.endsAt !== undefined && (await tx.resting.in(pools[family], one.cidr)) === undefined
      if (!rests) kept.push(one)
      // I6: it may be gone only if its time was over.
      else assert.ok(one.endsAt! <= tx.now, `${formatCidr(one.cidr)} came back before its rest ended`)
    }
    model[family] = kept
  }
}

class TakenBack extends Error {}

async function playAct(stage: Stage, model: Model, { steps, fails, wait }: Act): Promise<Model> {
  stage.now += wait
  let played = model
  const work = stage.store.write(async (tx) => {
    // A work may run twice: the model starts over with it.
    played = { 4: [...model[4]], 6: [...model[6]] }
    for (const step of steps) await playStep(tx, stage.pools, played, stage.now, step)
    if (fails) throw new TakenBack()
  })
  if (!fails) {
    await work
    return played
  }
  await assert.rejects(work, TakenBack)
  return model
}

/** I1, I2, I6, read from the tables, and that what is free stands there in the largest blocks. */
async function agree(stage: Stage, database: TestDatabase, model: Model): Promise<void> {
  assert.deepEqual((await checkSpace(stage.store)).problems, [])
  for (const family of [4, 6] as const) {
    const rows = async (table: string, length: string): Promise<string[]> => {
      const found = await database.select(
        `select first, ${length} as length from ${table} where pool = ${stage.pools[family]}`,
      )
      return found.map((row) => `${Buffer.from(row.first as Uint8Array).toString('hex')}/${row.length}`).sort()
    }
    const key = ({ first, family }: Cidr): string =>
      `${family === 4 ? '00000000000000000000ffff' : ''}${first.toString(16).padStart(family === 4 ? 8 : 32, '0')}`
    const blocks = (cidrs: readonly Cidr[]): string[] => cidrs.map((one) => `${key(one)}/${one.length}`).sort()
    const held = (rests: boolean): Cidr[] =>
      model[family].filter(({ endsAt }) => (endsAt !== undefined) === rests).map((one) => one.cidr)
    assert.deepEqual(
      await rows('free_block', `${bitsOf(family)} - ord`),
      blocks(freeBlocks(model, family)),
      'free blocks are merged as far as they go, and never across provisioned CIDRs',
    )
    assert.deepEqual(await rows('allocation', 'length'), blocks(held(false)))
    assert.deepEqual(await rows('quarantine', 'length'), blocks(held(true)))
    for (const one of model[family]) {
      for (const other of model[family])
        assert.ok(one === other || !overlaps(one.cidr, other.cidr) || equals(one.cidr, other.cidr))
    }
  }
}

async function openStage(): Promise<{ stage: Stage; database: TestDatabase; close: () => Promise<void> }> {
  const database = await emptyDatabase()
  const stage = { now: 1_000_000 } as Stage
  const store = await database.open({ clock: () => stage.now })
  const pools = await store.write(async (tx) => ({
    4: await insertPool(tx, '4', provisioned[4]),
    6: await insertPool(tx, '6', provisioned[6]),
  }))
  return {
    stage: Object.assign(stage, { store, pools }),
    database,
    async close() {
      await store.close()
      await database.remove()
    },
  }
}

test('I1 I2 I6 any story of taking, releasing, resting and rolling back leaves the tables that a naive model has', async () => {
  const stories = fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 20 }), async (story) => {
    const { stage, database, close } = await openStage()
    try {
      let model: Model = { 4: [], 6: [] }
      for (const one of story) {
        model = await playAct(stage, model, one)
        await agree(stage, database, model)
      }
    } finally {
      await close()
    }
  })
  await fc.assert(stories, { numRuns: (engineUnderTest === 'sqlite' ? 25 : 10) * drawnTimes })
})

describe('by example', async () => {
  const { stage, close } = await openStage()
  const { store, pools } = stage
  after(close)
  /** Runs in a transaction that is taken back. */
  const attempt = async <T>(work: (tx: Transaction) => Promise<T>): Promise<T> => {
    let result: T | undefined
    await store
      .write(async (tx) => {
        result = await work(tx)
        throw new TakenBack()
      })
      .catch(() => undefined)
    return result!
  }
  const takeAll = (tx: Transaction, ...lengths: number[]): Promise<string[]> =>
    lengths.reduce<Promise<string[]>>(async (sofar, length) => {
      const before = await sofar
      const taken = await tx.space.take(pools[4], 4, { length })
      return [...before, taken ? formatCidr(taken) : 'none']
    }, Promise.resolve([]))

  test('the smallest sufficient block is cut, and its lowest part given', async () => {
    assert.deepEqual(await attempt((tx) => takeAll(tx, 28, 32, 30, 26, 27, 27)), [
      '198.18.7.16/28',
      '198.18.0.0/32',
      '198.18.0.4/30',
      '198.18.0.64/26',
      '198.18.0.32/27',
      'none',
    ])
  })

  test('neighbouring provisioned CIDRs never merge: two free /26 side by side are no /25', async () => {
    assert.deepEqual(await attempt((tx) => takeAll(tx, 25)), ['none'])
    const result = await attempt(async (tx) => [
      await tx.space.takeExactly(pools[4], cidr('198.18.0.0/25')),
      await tx.space.isFree(pools[4], cidr('198.18.0.0/25')),
    ])
    assert.deepEqual(result, ['not-free', false])
  })

  test('a provisioned CIDR is taken away whole or not at all', async () => {
    const removed = await attempt(async (tx) => {
      const one = (await tx.space.take(pools[4], 4, { length: 32, allowed: [cidr('198.18.0.64/26')] }))!
      const allocation = allocationOf(tx, pools[4], one, accounts[0])
      await tx.space.record(allocation)
      const busy = await tx.space.remove(pools[4], cidr('198.18.0.64/26'))
      await tx.space.release(allocation, tx.now + 1)
      const resting = await tx.space.remove(pools[4], cidr('198.18.0.64/26'))
      await tx.resting.reclaim(pools[4], one, accounts[0])
      const again = allocationOf(tx, pools[4], one, accounts[0])
      await tx.space.record(again)
      await tx.space.release(again, tx.now)
      return [busy, resting, await tx.space.remove(pools[4], cidr('198.18.0.64/26'))]
    })
    assert.deepEqual(removed, [false, false, true])
  })

  describe('I2 a caller that breaks the rules is stopped, with the facts', () => {
    const broken = async (tx: Transaction) => {
      const taken = (await tx.space.take(pools[4], 4, { length: 30 }))!
      const allocation = allocationOf(tx, pools[4], taken, accounts[0])
      const hold = { ...allocation, region: 'eu-west-1', expiresAt: tx.now + 10, request: requestOf(accounts[0]) }
      return { taken, allocation, hold }
    }
    const callers: Readonly<Record<string, readonly [RegExp, (tx: Transaction) => Promise<unknown>]>> = {
      'asks for a block that no family has': [
        /a \/33 of IPv4 is asked of pool \d+$/,
        (tx) => tx.space.take(pools[4], 4, { length: 33 }),
      ],
      'releases twice': [
        /allocation \d+ of pool \d+ is released once$/,
        async (tx) => {
          const { allocation } = await broken(tx)
          await tx.space.record(allocation)
          await tx.space.release(allocation, tx.now)
          await tx.space.release(allocation, tx.now)
        },
      ],
      'releases what was never taken': [
        /pool \d+ has 0 allocated addresses, and 4 become free$/,
        async (tx) => {
          const allocation = allocationOf(tx, pools[4], cidr('198.18.0.4/30'), accounts[0])
          await tx.space.record(allocation)
          await tx.space.release(allocation, tx.now)
        },
      ],
      'has something rest for no one knows how long': [
        /what allocation \d+ of pool \d+ leaves is in quarantine until NaN$/,
        async (tx) => {
          const { allocation } = await broken(tx)
          await tx.space.record(allocation)
          await tx.space.release(allocation, Number.NaN)
        },
      ],
      'holds what it never took': [
        /pool \d+ has 0 allocated addresses, and 8 become quarantined$/,
        async (tx) => {
          const { hold, allocation } = await broken(tx)
          await tx.space.record(allocation)
          await tx.space.release(allocation, tx.now)
          await tx.space.hold({ ...hold, n: hold.n + 1, cidr: cidr('198.18.0.0/29') })
        },
      ],
      'holds until before it begins': [
        /hold \d+ of pool \d+ begins at 1000000 and ends at 1000000$/,
        async (tx) => {
          const { hold } = await broken(tx)
          await tx.space.hold({ ...hold, expiresAt: tx.now })
        },
      ],
      'confirms a hold as something else': [
        /hold \d+ of [\d./]+ in pool \d+ becomes the allocation \d+ of 198\.18\.0\.0\/29 in pool \d+$/,
        async (tx) => {
          const { hold, allocation } = await broken(tx)
          await tx.space.hold(hold)
          await tx.space.confirm(hold, { ...allocation, cidr: cidr('198.18.0.0/29') })
        },
      ],
      'gives up a hold twice': [
        /hold \d+ of pool \d+ ends once$/,
        async (tx) => {
          const { hold } = await broken(tx)
          await tx.space.hold(hold)
          await tx.space.drop(hold)
          await tx.space.drop(hold)
        },
      ],
      'extends a hold that is over': [
        /what hold \d+ keeps rests$/,
        async (tx) => {
          const { hold } = await broken(tx)
          await tx.space.hold(hold)
          await tx.space.drop(hold)
          await tx.space.extend(hold, tx.now + 20)
        },
      ],
    }
    for (const [name, [message, work]] of Object.entries(callers)) {
      test(name, () => assert.rejects(store.write(work), message))
    }
  })

  test('I6 another account cannot reclaim what rests, nor one block as part of another', async () => {
    const reclaimed = await attempt(async (tx) => {
      const one = (await tx.space.take(pools[4], 4, { length: 30 }))!
      const allocation = allocationOf(tx, pools[4], one, accounts[0])
      await tx.space.record(allocation)
      await tx.space.release(allocation, tx.now + 100)
      const inside = makeCidr(4, one.first, 32)
      return [
        await tx.resting.reclaim(pools[4], one, accounts[1]),
        await tx.resting.reclaim(pools[4], inside, accounts[0]),
        await tx.space.takeExactly(pools[4], inside),
        await tx.resting.reclaim(pools[4], one, accounts[0]),
        await tx.resting.reclaim(pools[4], one, accounts[0]),
      ]
    })
    assert.deepEqual(reclaimed, [false, false, 'not-free', true, false])
  })

  test('a hole in the middle of 2^64 addresses is found without walking them', async () => {
    const found = await attempt((tx) =>
      tx.space.take(pools[6], 6, {
        length: 128,
        disallowed: ['2001:db8:0:1::/65', '2001:db8:0:1:8000::/66'].map(cidr),
      }),
    )
    assert.equal(found && formatCidr(found), '2001:db8:0:1:c000::/128')
  })

  test('an allocation is released once', async () => {
    await assert.rejects(
      store.write(async (tx) => {
        const one = (await tx.space.take(pools[4], 4, { length: 32 }))!
        const allocation = allocationOf(tx, pools[4], one, accounts[0])
        await tx.space.record(allocation)
        await tx.space.release(allocation, tx.now)
        await tx.space.release(allocation, tx.now)
      }),
      /released once/,
    )
    assert.deepEqual((await checkSpace(store)).problems, [])
  })

  test('the schema refuses the same address to two allocations', async () => {
    await assert.rejects(
      store.write(async (tx) => {
        const one = (await tx.space.take(pools[4], 4, { length: 32 }))!
        await tx.space.record(allocationOf(tx, pools[4], one, accounts[0]))
        await tx.space.record(allocationOf(tx, pools[4], one, accounts[1]))
      }),
      /UNIQUE constraint failed: allocation\.pool, allocation\.first|unique constraint "allocation_first"/,
    )
  })
})
