// Networks, subnets and hosts in one another, step by step, beside a ledger of its own that knows addresses and nothing else.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkSpace } from '#store/upkeep/check.ts'
import { foundOrganization, network, shop } from '../../../test/acme.ts'
import { engineUnderTest } from '../../../test/engines.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'

// The ledger ---------------------------------------------------------------------------------------------------------

/** Addresses of 10.0.0.0/24, by their last octets. */
interface Range {
  readonly first: number
  readonly length: number
}
const sizeOf = ({ length }: Range): number => 2 ** (32 - length)
const textOf = ({ first, length }: Range): string => `10.0.0.${first}/${length}`
const rangeIn = (text: string): Range => {
  const [, first, length] = /^10\.0\.0\.(\d+)\/(\d+)$/.exec(text)!
  return { first: Number(first), length: Number(length) }
}
const meets = (a: Range, b: Range): boolean => a.first < b.first + sizeOf(b) && b.first < a.first + sizeOf(a)

type Type = 'onprem:network' | 'subnet' | 'onprem:host'
interface Held {
  readonly id: string
  readonly type: Type
  readonly range: Range
  isHeld: boolean
  inner?: Container
}
interface Container {
  readonly poolId: string
  /** Of which type it is the inside; the pool at the top is of none. */
  readonly type: Type | undefined
  readonly range: Range
  readonly held: Held[]
}

function reservedIn({ type, range }: Pick<Container, 'type' | 'range'>): number[] {
  const size = sizeOf(range)
  const [first, last] = type === 'subnet' ? [4, 1] : type === 'onprem:network' && size > 3 ? [2, 1] : [0, 0]
  return Array.from({ length: size }, (_, at) => at)
    .filter((at) => at < first || at >= size - last)
    .map((at) => range.first + at)
}
/** Networks may have what is reserved by custom alone, where they keep it too. */
function isFree(container: Container, type: Type, range: Range): boolean {
  const { first } = container.range
  if (range.first < first || range.first + sizeOf(range) > first + sizeOf(container.range)) return false
  const own = type !== 'onprem:host' && container.type !== 'subnet' ? reservedIn({ type, range }) : []
  const kept = reservedIn(container).filter((address) => !own.includes(address))
  return (
    !container.held.some((one) => meets(one.range, range)) &&
    !kept.some((address) => meets({ first: address, length: 32 }, range))
  )
}
const isMade = (container: Container, type: Type): boolean => !(type === 'subnet' && container.type === 'subnet')
const isAnyFree = (container: Container, type: Type, length: number): boolean =>
  Array.from({ length: 256 / sizeOf({ first: 0, length }) }, (_, at) => ({
    first: at * sizeOf({ first: 0, length }),
    length,
  })).some((range) => isFree(container, type, range))

const containersIn = (top: Container): Container[] => [
  top,
  ...top.held.flatMap(({ inner }) => (inner ? containersIn(inner) : [])),
]
const depthOf = (top: Container, wanted: Container): number =>
  top === wanted ? 1 : 1 + Math.max(...top.held.flatMap(({ inner }) => (inner ? [depthOf(inner, wanted)] : [])), -99)

// Steps --------------------------------------------------------------------------------------------------------------

const nat = fc.nat(1_000)
const types = fc.constantFrom<Type>('onprem:network', 'subnet', 'onprem:host')
const steps = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('take' as const),
      pool: nat,
      type: types,
      length: fc.constantFrom(25, 26, 27, 28, 28, 29, 29, 30, 30, 31),
      /** Undefined: any. */
      at: fc.option(fc.nat(255), { nil: undefined }),
      isHeld: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('divide' as const), pool: nat, which: nat }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('release' as const), pool: nat, which: nat }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('confirm' as const), pool: nat, which: nat }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), pool: nat }) },
)
type Step = typeof steps extends fc.Arbitrary<infer S> ? S : never

async function act(world: NativeWorld, top: Container, step: Step): Promise<void> {
  const all = containersIn(top)
  const container = all[step.pool % all.length]!
  const { poolId } = container
  if (step.kind === 'take') {
    const { type, isHeld } = step
    // Subnets of AWS are a /28 at least.
    const length = type === 'onprem:host' ? 32 : type === 'subnet' ? Math.min(step.length, 28) : step.length
    const size = sizeOf({ first: 0, length })
    const wanted = step.at === undefined ? undefined : { first: step.at - (step.at % size), length }
    const answer = await world.ask<{ allocationId: string; cidr: string }>('POST', '/allocations', {
      body: {
        account: shop,
        resourceType: type,
        locale: 'us-east-1',
        scopeType: 'private',
        poolId,
        ...(wanted ? { cidr: textOf(wanted) } : type === 'onprem:host' ? {} : { netmaskLength: length }),
        ...(isHeld ? { hold: { expiresInSeconds: 3_600 } } : {}),
      },
    })
    const isExpected =
      isMade(container, type) && (wanted ? isFree(container, type, wanted) : isAnyFree(container, type, length))
    const text = `${type} ${wanted ? textOf(wanted) : `/${length}`} of ${textOf(container.range)} (${container.type})`
    assert.equal(answer.status === 201, isExpected, `${text}: ${JSON.stringify(answer.body)}`)
    if (!isExpected) return
    const range = rangeIn(answer.body.cidr)
    assert.ok(isFree(container, type, range) && range.length === length, `${text}: ${answer.body.cidr} was not free`)
    container.held.push({ id: answer.body.allocationId, type, range, isHeld })
  } else if (step.kind === 'delete') {
    if (container === top) return
    const { status } = await world.ask('DELETE', `/pools/${poolId}`)
    assert.equal(status === 204, container.held.length === 0, `delete of ${textOf(container.range)}`)
    if (status !== 204) return
    for (const one of containersIn(top).flatMap(({ held }) => held)) if (one.inner === container) delete one.inner
  } else {
    const one = container.held[step.which % Math.max(1, container.held.length)]
    if (!one) return
    if (step.kind === 'confirm') {
      const { status } = await world.ask('POST', `/allocations/${one.id}/confirm`, { body: {} })
      assert.equal(status === 200, one.isHeld)
      one.isHeld = false
    } else if (step.kind === 'divide') {
      const answer = await world.ask<{ poolId: string }>('POST', '/pools', { body: { sourceAllocationId: one.id } })
      const isExpected = !one.isHeld && !one.inner && one.type !== 'onprem:host' && depthOf(top, container) < 10
      assert.equal(
        answer.status === 201,
        isExpected,
        `division of ${textOf(one.range)}: ${JSON.stringify(answer.body)}`,
      )
      if (isExpected) one.inner = { poolId: answer.body.poolId, type: one.type, range: one.range, held: [] }
    } else {
      const { status } = await world.ask('DELETE', `/allocations/${one.id}`)
      assert.equal(status === 204, !one.inner, `release of ${textOf(one.range)}`)
      if (status === 204) container.held.splice(container.held.indexOf(one), 1)
    }
  }
}

async function agree(world: NativeWorld, top: Container): Promise<void> {
  assert.deepEqual((await checkSpace(world.store)).problems, [])
  for (const container of containersIn(top)) {
    const { poolId, held, range } = container
    const path = `/allocations?limit=1000&poolId=${poolId}`
    const { items } = await world.get<{ items: { cidr: string; resourceType: string; state: string }[] }>(path)
    const expected = held.toSorted((a, b) => a.range.first - b.range.first)
    assert.deepEqual(
      items.filter(({ resourceType }) => resourceType !== 'reserved').map(({ cidr, state }) => `${cidr} ${state}`),
      expected.map((one) => `${textOf(one.range)} ${one.isHeld ? 'held' : 'allocated'}`),
      textOf(range),
    )
    const used = await world.get<Record<string, string | undefined>>(`/pools/${poolId}/utilization`)
    const sum = (isHeld: boolean) => held.reduce((n, one) => n + (one.isHeld === isHeld ? sizeOf(one.range) : 0), 0)
    assert.deepEqual([used.allocated, used.held], [String(sum(false)), String(sum(true))], textOf(range))
    const reserved = Number(used.reserved ?? 0)
    if (container.type === 'subnet') assert.equal(reserved, 5)
    assert.ok(reserved <= reservedIn(container).length)
    assert.equal(Number(used.free) + reserved + sum(false) + sum(true), sizeOf(range))
  }
}

test('I1 I2 I9 hold for networks inside of networks after every step, and each outcome is that of a ledger of addresses', async () => {
  const stories = fc.asyncProperty(fc.array(steps, { minLength: 30, maxLength: 60 }), async (story) => {
    const world = await openNativeWorld()
    try {
      await foundOrganization(world)
      const ipam = await world.post<{ privateScopeId: string }>('/ipams', { account: network, region: 'us-east-1' })
      const params = { scopeId: ipam.privateScopeId, family: 'ipv4', locale: 'us-east-1', sharedWith: [shop] }
      const { poolId } = await world.post<{ poolId: string }>('/pools', { ...params, quarantineSeconds: 0 })
      await world.post(`/pools/${poolId}/cidrs`, { cidr: '10.0.0.0/24' })
      const top: Container = { poolId, type: undefined, range: { first: 0, length: 24 }, held: [] }
      for (const step of story) {
        await act(world, top, step)
        await agree(world, top)
      }
    } finally {
      await world.close()
    }
  })
  await fc.assert(stories, { numRuns: engineUnderTest === 'sqlite' ? 12 : 4 })
})
