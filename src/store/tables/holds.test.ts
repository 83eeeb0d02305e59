// Holds against a naive model, on both engines: whatever is taken, held, confirmed, given up, released or left to lapse.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type Cidr, compareCidrs, contains, formatCidr, overlaps, parseCidr, split } from '#model/cidr.ts'
import type { AllocationRequest } from '#model/policy/decision.ts'
import { openWorld, type World } from '../../../test/world.ts'
import type { Transaction } from '../store.ts'
import { checkSpace } from '../upkeep/check.ts'
import type { Allocation } from './holdings.ts'
import type { Hold } from './holds.ts'

const account = '111111111111'
const restMs = 50

// The naive model ----------------------------------------------------------------------------------------------------

interface Block {
  readonly cidr: Cidr
  readonly n: number
  readonly kind: 'allocated' | 'held' | 'resting'
  /** Of what is held or rests: when it is free. */
  readonly until: number
}
const isGone = ({ kind, until }: Block, now: number): boolean => kind !== 'allocated' && until <= now

/** The largest aligned blocks that touch nothing of `used`. */
function freeOf(whole: Cidr, used: readonly Cidr[]): Cidr[] {
  const near = used.filter((one) => overlaps(one, whole))
  if (near.length === 0) return [whole]
  if (near.some((one) => contains(one, whole))) return []
  return split(whole).flatMap((half) => freeOf(half, near))
}
/** What `take` must take of what it knows to be free: the lowest of the smallest sufficient. */
function expectedOf(whole: Cidr, used: readonly Block[], length: number): string | undefined {
  const [best] = freeOf(
    whole,
    used.map(({ cidr }) => cidr),
  )
    .filter((block) => block.length <= length)
    .sort((a, b) => b.length - a.length || compareCidrs(a, b))
  return best && formatCidr({ ...best, length })
}

// Stories ------------------------------------------------------------------------------------------------------------

type Step =
  | { readonly kind: 'take'; readonly length: number; readonly holdMs: number | undefined }
  | { readonly kind: 'confirm' | 'drop' | 'release'; readonly which: number }
  | { readonly kind: 'extend'; readonly which: number; readonly holdMs: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'sweep' }
const which = fc.nat(20)
const holdMs = fc.constantFrom(10, 30, 100)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('take' as const),
      length: fc.integer({ min: 28, max: 32 }),
      holdMs: fc.option(holdMs, { nil: undefined }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('confirm' as const, 'drop' as const, 'release' as const), which }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('extend' as const), which, holdMs }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(9, 10, 30, 100) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('sweep' as const) }) },
)

interface Stage {
  readonly world: World
  readonly pool: number
  readonly whole: Cidr
}
const allocationOf = (tx: Transaction, pool: number, cidr: Cidr): Allocation => ({
  n: tx.nextSequence(),
  pool,
  cidr,
  resourceType: 'onprem:host',
  resourceId: undefined,
  account,
  region: 'onprem:x',
  description: undefined,
  decision: undefined,
  createdAt: tx.now,
})
const request: AllocationRequest = { account, locale: 'onprem:x', resourceType: 'onprem:host', family: 4 }

async function play({ pool, whole }: Stage, tx: Transaction, blocks: readonly Block[], step: Step): Promise<Block[]> {
  const { space, now } = tx
  const due = blocks.filter((block) => !isGone(block, now))
  const pick = (kind: Block['kind'], from: readonly Block[]): Block | undefined => {
    const some = from.filter((block) => block.kind === kind)
    return 'which' in step ? some[step.which % Math.max(some.length, 1)] : undefined
  }
  const without = (gone: Block) => blocks.filter((block) => block !== gone)
  switch (step.kind) {
    case 'wait':
      return [...blocks]
    case 'sweep':
      await space.resting.end(1_000, pool)
      return due
    case 'take': {
      // What is over counts as soon as nothing else is found, whether or not anybody has swept.
      const expected = expectedOf(whole, blocks, step.length) ?? expectedOf(whole, due, step.length)
      const isSwept = expectedOf(whole, blocks, step.length) === undefined
      const taken = await space.take(pool, 4, { length: step.length })
      assert.equal(taken && formatCidr(taken), expected, `take /${step.length}`)
      const left = isSwept ? due : [...blocks]
      if (!taken) return left
      const allocation = allocationOf(tx, pool, taken)
      if (step.holdMs === undefined) {
        await space.record(allocation)
        return [...left, { cidr: taken, n: allocation.n, kind: 'allocated', until: 0 }]
      }
      const hold: Hold = { ...allocation, region: 'onprem:x', expiresAt: now + step.holdMs, request }
      await space.hold(hold)
      return [...left, { cidr: taken, n: hold.n, kind: 'held', until: hold.expiresAt }]
    }
    case 'release': {
      const one = pick('allocated', blocks)
      if (!one) return [...blocks]
      await space.release((await space.allocations.find(one.n))!, now + restMs)
      return [...without(one), { ...one, kind: 'resting', until: now + restMs }]
    }
  }
  const one = pick('held', blocks)
  if (!one) return [...blocks]
  const hold = await space.holds.find(one.n)
  assert.equal(hold !== undefined, one.until > now, 'a hold is there until its moment, and not after')
  if (!hold) return [...blocks]
  if (step.kind === 'extend') {
    await space.extend(hold, now + step.holdMs)
    return [...without(one), { ...one, until: now + step.holdMs }]
  }
  if (step.kind === 'drop') {
    await space.drop(hold)
    return without(one)
  }
  const { expiresAt: _, request: __, ...allocation } = hold
  await space.confirm(hold, allocation)
  return [...without(one), { ...one, kind: 'allocated', until: 0 }]
}

for (const [engine, numRuns] of [
  ['sqlite', 60],
  ['postgres', 8],
] as const) {
  describe(engine, () => {
    test('I1 I2 I6 any story of holds leaves what a naive model has', async () => {
      const world = await openWorld({}, undefined, engine)
      try {
        const made = await world.call('CreateIpam', {})
        const IpamScopeId = made.Ipam!.PrivateDefaultScopeId!
        let cidrs = 0
        const story = fc.asyncProperty(
          fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { maxLength: 12 }),
          async (acts) => {
            const { IpamPool } = await world.call('CreateIpamPool', { IpamScopeId, AddressFamily: 'ipv4' })
            const id = IpamPool!.IpamPoolId!
            const whole = parseCidr(`10.${Math.floor(cidrs / 256)}.${cidrs++ % 256}.0/27`)!
            await world.call('ProvisionIpamPoolCidr', { IpamPoolId: id, Cidr: formatCidr(whole) })
            const pool = (await world.store.read((tx) => tx.pools.find(id)))!.n
            const stage = { world, pool, whole }
            let blocks: Block[] = []
            for (const act of acts) {
              for (const step of act) if (step.kind === 'wait') world.advance(step.ms)
              blocks = await world.store.write(async (tx) => {
                let played = blocks
                for (const step of act) played = await play(stage, tx, played, step)
                return played
              })
              await agree(stage, blocks)
            }
          },
        )
        await fc.assert(story, { numRuns })
      } finally {
        await world.close()
      }
    })
  })
}

async function agree({ world, pool }: Stage, blocks: readonly Block[]): Promise<void> {
  assert.deepEqual((await checkSpace(world.store)).problems, [])
  await world.store.read(async (tx) => {
    const shown = (some: readonly { readonly n: number; readonly cidr: Cidr }[]): string[] =>
      some.map(({ n, cidr }) => `${n} ${formatCidr(cidr)}`).sort()
    const live = blocks.filter(({ kind, until }) => kind === 'held' && until > tx.now)
    assert.deepEqual(shown(await tx.space.holds.list({ pool }, 0, 1_000)), shown(live))
    assert.deepEqual(
      shown(await tx.allocations.ofPool(pool, undefined, 1_000)),
      shown(blocks.filter(({ kind }) => kind === 'allocated')),
    )
    const held = (await tx.space.holds.heldIn([{ n: pool, family: 4 }])).get(pool)!
    const { allocated, free, quarantined } = await tx.space.utilization(pool)
    assert.equal(allocated + free + quarantined, 32n)
    assert(held.live + held.lapsed <= quarantined)
  })
}
