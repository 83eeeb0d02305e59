// The space of pools against a naive model, step by step; and that a broken table is told of.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Refused } from '#model/refusal.ts'
import { openWorld, type World } from '../../test/world.ts'
import { checkSpace } from './check.ts'

// The naive model: ranges of the 256 addresses of 10.0.0.0/24, looked through one by one.
interface Range {
  readonly first: number
  readonly length: number
}
const sizeOf = ({ length }: Range): number => 2 ** (32 - length)
const textOf = ({ first, length }: Range): string => `10.0.0.${first}/${length}`
const meets = (a: Range, b: Range): boolean => a.first < b.first + sizeOf(b) && b.first < a.first + sizeOf(a)
const holds = (outer: Range, inner: Range): boolean =>
  outer.first <= inner.first && inner.first + sizeOf(inner) <= outer.first + sizeOf(outer)

interface ModelPool {
  readonly id: string
  readonly parent?: ModelPool
  cidrs: Range[]
  allocations: { range: Range; id?: string; isChild?: true }[]
}
const isFree = ({ cidrs, allocations }: ModelPool, range: Range): boolean =>
  cidrs.some((cidr) => holds(cidr, range)) && !allocations.some((one) => meets(one.range, range))
const freeRanges = (pool: ModelPool, length: number): Range[] =>
  Array.from({ length: 256 / sizeOf({ first: 0, length }) }, (_, index) => ({
    first: index * sizeOf({ first: 0, length }),
    length,
  })).filter((range) => isFree(pool, range))

type Step =
  | { kind: 'provision' | 'deprovision' | 'take'; pool: number; range: Range }
  | { kind: 'takeAny'; pool: number; length: number }
  | { kind: 'release'; pool: number; which: number }

const ranges = fc
  .tuple(fc.integer({ min: 24, max: 28 }), fc.nat(255))
  .map(([length, at]): Range => ({ length, first: at - (at % 2 ** (32 - length)) }))
const pools = fc.nat(2)
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('provision' as const), pool: pools, range: ranges }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('deprovision' as const), pool: pools, range: ranges }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('take' as const), pool: pools, range: ranges }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('takeAny' as const),
      pool: pools,
      length: fc.integer({ min: 25, max: 30 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('release' as const), pool: pools, which: fc.nat(20) }) },
)

/** Two top-level pools of one scope, and a child of the first. */
async function openPools(): Promise<{ world: World; model: ModelPool[] }> {
  const world = await openWorld()
  const { Ipam } = await world.call('CreateIpam', {})
  const wish = { IpamScopeId: Ipam!.PrivateDefaultScopeId!, AddressFamily: 'ipv4' } as const
  const make = async (SourceIpamPoolId?: string) =>
    (await world.call('CreateIpamPool', { ...wish, SourceIpamPoolId })).IpamPool!.IpamPoolId!
  const top: ModelPool = { id: await make(), cidrs: [], allocations: [] }
  const second: ModelPool = { id: await make(), cidrs: [], allocations: [] }
  const child: ModelPool = { id: await make(top.id), parent: top, cidrs: [], allocations: [] }
  return { world, model: [top, second, child] }
}

const succeeds = async (work: Promise<unknown>): Promise<boolean> => {
  const answer = await work.catch((error: unknown) => error)
  if (answer instanceof Error && !(answer instanceof Refused)) throw answer
  return !(answer instanceof Refused)
}
const stateOf = async (world: World, IpamPoolId: string, Cidr: string): Promise<string | undefined> => {
  const { IpamPoolCidrs } = await world.call('GetIpamPoolCidrs', { IpamPoolId })
  const states = IpamPoolCidrs!.filter((one) => one.Cidr === Cidr).map(({ State }) => State)
  return states.includes('failed-provision') ? 'failed-provision' : states[0]
}

async function act(world: World, model: readonly ModelPool[], step: Step): Promise<void> {
  const pool = model[step.pool]!
  const IpamPoolId = pool.id
  if (step.kind === 'provision') {
    const Cidr = textOf(step.range)
    await world.call('ProvisionIpamPoolCidr', { IpamPoolId, Cidr })
    const others = model.filter((one) => !one.parent).flatMap(({ cidrs }) => cidrs)
    const expected = pool.parent ? isFree(pool.parent, step.range) : !others.some((one) => meets(one, step.range))
    const state = await stateOf(world, IpamPoolId, Cidr)
    assert.equal(state !== 'failed-provision', expected, `provision ${Cidr}`)
    if (!expected) return
    pool.cidrs.push(step.range)
    pool.parent?.allocations.push({ range: step.range, isChild: true })
  } else if (step.kind === 'deprovision') {
    const Cidr = textOf(step.range)
    const same = (one: Range): boolean => one.first === step.range.first && one.length === step.range.length
    const found = pool.cidrs.some(same)
    const failed = (await stateOf(world, IpamPoolId, Cidr)) === 'failed-provision'
    assert.equal(await succeeds(world.call('DeprovisionIpamPoolCidr', { IpamPoolId, Cidr })), found || failed)
    if (!found || pool.allocations.some(({ range }) => meets(range, step.range))) return
    pool.cidrs = pool.cidrs.filter((one) => !same(one))
    if (pool.parent) pool.parent.allocations = pool.parent.allocations.filter(({ range }) => !same(range))
  } else if (step.kind === 'take') {
    const expected = isFree(pool, step.range)
    const taken = world.call('AllocateIpamPoolCidr', { IpamPoolId, Cidr: textOf(step.range) })
    assert.equal(await succeeds(taken), expected, `take ${textOf(step.range)}`)
    if (expected) {
      pool.allocations.push({ range: step.range, id: (await taken).IpamPoolAllocation!.IpamPoolAllocationId })
    }
  } else if (step.kind === 'takeAny') {
    const free = freeRanges(pool, step.length)
    const taken = world.call('AllocateIpamPoolCidr', { IpamPoolId, NetmaskLength: step.length })
    assert.equal(await succeeds(taken), free.length > 0, `take any /${step.length}`)
    if (free.length === 0) return
    const { Cidr, IpamPoolAllocationId } = (await taken).IpamPoolAllocation!
    const range = free.find((one) => textOf(one) === Cidr)
    assert(range, `${Cidr} was free`)
    pool.allocations.push({ range, id: IpamPoolAllocationId })
  } else if (step.kind === 'release') {
    const own = pool.allocations.filter(({ isChild }) => !isChild)
    const one = own[step.which % Math.max(own.length, 1)]
    if (!one) return
    const release = { IpamPoolId, Cidr: textOf(one.range), IpamPoolAllocationId: one.id! }
    await world.call('ReleaseIpamPoolAllocation', release)
    pool.allocations = pool.allocations.filter((other) => other !== one)
  }
}

async function agree(world: World, model: readonly ModelPool[]): Promise<void> {
  assert.deepEqual((await checkSpace(world.store)).problems, [])
  for (const { id, allocations } of model) {
    const { IpamPoolAllocations } = await world.call('GetIpamPoolAllocations', { IpamPoolId: id })
    const expected = allocations.map(({ range }) => range).sort((a, b) => a.first - b.first)
    assert.deepEqual(
      IpamPoolAllocations!.map(({ Cidr }) => Cidr),
      expected.map(textOf),
    )
  }
}

test('I1 I2 I9 hold after every step of any story, and the outcome of each is that of a naive model', async () => {
  const stories = fc.asyncProperty(fc.array(steps, { minLength: 20, maxLength: 40 }), async (story) => {
    const { world, model } = await openPools()
    try {
      for (const step of story) {
        await act(world, model, step)
        await agree(world, model)
      }
    } finally {
      await world.close()
    }
  })
  await fc.assert(stories, { numRuns: 25 })
})

describe('a broken table is told of', () => {
  const breakages: Record<string, { readonly sql: string; readonly says: RegExp }> = {
    'a free block that is gone': {
      sql: 'delete from free_block where pool = (select max(n) from pool)',
      says: /neither free, quarantined nor allocated/,
    },
    'a block that is free and allocated': {
      sql: 'insert into free_block (pool, ord, first) select pool, 8, first from allocation where length = 24',
      says: /overlaps what is before it/,
    },
    'a counter that is wrong': {
      sql: "update pool set free = '1' where n = (select max(n) from pool)",
      says: /its counter of free addresses is 1, its blocks sum up to/,
    },
    'a number of allocations that is wrong': {
      sql: 'update pool set allocation_count = 7 where n = (select max(n) from pool)',
      says: /its counter of allocations is 7, it has 1/,
    },
    'an allocation outside the CIDRs': {
      sql: "update allocation set first = x'00000000000000000000ffffc0000200' where length = 24",
      says: /allocated 192\.0\.2\.0\/24 is not in its CIDRs/,
    },
    'space of a child that its parent does not hold': {
      sql: 'update pool_cidr set parent_allocation = null',
      says: /is no allocation of its source/,
    },
    'top-level space that overlaps': {
      sql: `insert into pool_cidr (id, pool, first, length, state, created_at)
        select 'x', (select n from pool where parent_n is null order by n desc limit 1), first, length, state, 0
        from pool_cidr where parent_allocation is null`,
      says: /10\.0\.0\.0\/8 of ipam-pool-\w+ and 10\.0\.0\.0\/8 of ipam-pool-\w+ overlap/,
    },
    'a change of an allocation whose state before is not there': {
      sql: 'update allocation set version = 3, changed_at = 0 where length = 24',
      says: /allocation \d+ has changed, and what it said before is not there/,
    },
    'states that end in nothing': {
      sql: `insert into tenure_state (n, version, pool, first, length, resource_type, account, state, created_at, from_at, until_at)
        select n, 1, pool, first, length, 'custom', '111111111111', 'allocated', 0, 0, 1 from allocation where length = 24`,
      says: /allocation \d+ does not go on where its states end/,
    },
    'rows that belong to no pool': {
      sql: "insert into free_block (pool, ord, first) values (999999, 8, x'00000000000000000000ffffc0000200')",
      says: /free_block: 1 rows belong to no pool/,
    },
  }
  for (const [what, { sql, says }] of Object.entries(breakages)) {
    test(what, async () => {
      const { world, model } = await openPools()
      const [top, , child] = model.map(({ id }) => id) as [string, string, string]
      await world.call('ProvisionIpamPoolCidr', { IpamPoolId: top, Cidr: '10.0.0.0/8' })
      await world.call('ProvisionIpamPoolCidr', { IpamPoolId: child, NetmaskLength: 16 })
      await world.call('AllocateIpamPoolCidr', { IpamPoolId: child, NetmaskLength: 24 })
      assert.deepEqual(await checkSpace(world.store), { problems: [], pools: 3, allocations: 2 })

      await world.database.tamper(sql)
      const { problems } = await checkSpace(world.store)
      assert.match(problems.join('\n'), says)
      await world.close()
    })
  }
})
