// How pools go away: what keeps them, and in which order what is in them is given back.
import { assert } from '#model/assert.ts'
import { toKey } from '#model/cidr.ts'
import { factsOfNaming, policiesNaming, type Snapshot } from '#model/policy/snapshot.ts'
import type { Problem } from '#model/problems/problem.ts'
import { refuse } from '#model/refusal.ts'
import type { Allocation } from '#store/tables/holdings.ts'
import type { Pool, PoolCidr } from '#store/tables/pools.ts'
import type { Rest } from '#store/tables/resting.ts'
import { endFindingsOf } from '../finding/gone-pools.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { quarantineMs } from '../space/grant.ts'
import { reservedType } from '../space/reserved.ts'
import { endTenure, tagHomesOf } from '../space/tenures.ts'

/** Allocations read in one step. */
const stepSize = 200
/**
 * Allocations that one deletion ends. All of it is one transaction, which holds the lock of the database meanwhile
 * (`npm run bench -- --only=largest` measures how long).
 */
export const cascadeAllocationsMax = 1_000
/** Of policies, in a refusal. */
const namesMax = 5

/**
 * Refuses to delete pools that a policy, or the candidate of an assignment, names, since no rule may ever be found to lead nowhere, and pools with space that
 * rests or would have to: deleting must not be a way around quarantine (invariant I6). Nobody but the owner of the VPC ever gets
 * what was allocated in a plan that has ended, and who planned it need not be there to release it: that does not rest.
 */
export async function refuseUndeletable(
  context: WriteContext,
  pools: readonly Pool[],
  { isPlanEnded = false }: { readonly isPlanEnded?: boolean } = {},
): Promise<void> {
  const { count, notEmpty } = await countAllocations(context, pools)
  if (count > cascadeAllocationsMax) refuseTooMany(pools[0]!, count)
  await refusePlannedInside(context, pools)
  const snapshot = await context.snapshot()
  const resting = await context.tx.resting.restingIn(pools.map(({ n }) => n))
  const { tx } = context
  const taken = isPlanEnded ? new Set() : await tx.allocations.poolsWithOther(notEmpty, goingWithPools)
  const named = namedIn(snapshot, new Set(pools.map(({ id }) => id)))
  for (const pool of pools) {
    if (named.has(pool.id)) refuseNamed(context, snapshot, pool)
    const rest = resting.has(pool.n) ? await restOf(context, pool) : undefined
    if (rest && rest.until > context.now) refuseKept(pool, { why: 'space-rests', ...rest })
    const restSeconds = taken.has(pool.n) ? (await quarantineMs(context, pool)) / 1000 : 0
    if (restSeconds > 0) {
      refuseKept(pool, { why: 'would-rest', seconds: restSeconds })
    }
  }
}

/** Refuses to delete what the rules of a policy or a candidate name. */
export function refuseInRules(context: WriteContext, snapshot: Snapshot, pools: readonly Pool[]): void {
  const named = namedIn(snapshot, new Set(pools.map(({ id }) => id)))
  for (const pool of pools) if (named.has(pool.id)) refuseNamed(context, snapshot, pool)
}

/** The block of a VPC is not taken off under a pool that plans the VPC, unless that goes as well: others would get what it gives. */
async function refusePlannedInside({ tx }: WriteContext, pools: readonly Pool[]): Promise<void> {
  const [plan] = await tx.pools.planningWithin(pools.map(({ n }) => n))
  if (!plan) return
  const { id, account } = pools.find(({ n }) => n === plan.within)!
  const known = plan.account === account ? { network: plan.network, pool: plan.pool } : {}
  refuse({ code: 'DependencyViolation', what: 'ipam-pool', id, problem: { why: 'planned-inside', ...known } })
}

/** Those of some pools that the rules of any policy name, or of a candidate. All rules are looked through once. */
export function namedIn(snapshot: Snapshot, ids: ReadonlySet<string>): ReadonlySet<string> {
  const named = new Set<string>()
  policiesNaming(snapshot, ({ rules }) => {
    for (const { pool } of rules) if (ids.has(pool)) named.add(pool)
    return false
  })
  return named
}
function refuseNamed(context: WriteContext, snapshot: Snapshot, pool: Pool): never {
  const naming = policiesNaming(snapshot, ({ rules }) => rules.some((rule) => rule.pool === pool.id))
  const own = naming.filter(({ policy }) => policy.account === context.caller.account)
  return refuseKept(pool, { why: 'named-in-rules', policies: own.slice(0, namesMax).map(factsOfNaming) })
}

/** What is allocated to these goes with the pools. */
const goingWithPools = ['ipam-pool', reservedType]
/** Whether something else than the space of a pool below it, or what it reserves, is allocated in a pool: that goes with the pools. */
export async function hasOtherThanPools({ tx }: ReadContext, { n }: Pool): Promise<boolean> {
  for (let after: Uint8Array | undefined; ; ) {
    const allocations = await tx.allocations.ofPool(n, after, stepSize)
    if (allocations.some(({ resourceType }) => !goingWithPools.includes(resourceType))) return true
    if (allocations.length < stepSize) return false
    after = toKey(allocations.at(-1)!.cidr)
  }
}

async function countAllocations(
  { tx }: ReadContext,
  pools: readonly Pool[],
): Promise<{ readonly count: number; readonly notEmpty: readonly number[] }> {
  const found = await tx.space.utilizations(pools.map(({ n }) => n))
  let count = 0
  const notEmpty: number[] = []
  for (const [n, { allocations }] of found) {
    count += allocations
    if (allocations > 0) notEmpty.push(n)
  }
  return { count, notEmpty }
}
/** Nothing is deleted by halves: what would take too long is refused as a whole. */
function refuseTooMany(pool: Pool, count: number): never {
  return refuseKept(pool, { why: 'too-many-to-end', count, max: cascadeAllocationsMax })
}
const refuseKept = (pool: Pool, problem: Problem): never =>
  refuse({ code: 'DependencyViolation', what: 'ipam-pool', id: pool.id, problem })

/** What is kept out of reach the longest: space that was released and rests, or that is held. */
async function restOf(context: ReadContext, pool: Pool): Promise<Rest | undefined> {
  const rests: Rest[] = []
  for (const { cidr } of await context.tx.pools.cidrs(pool.n)) {
    const rest = await context.tx.resting.in(pool.n, cidr)
    if (rest) rests.push(rest)
  }
  return rests.sort((a, b) => b.until - a.until)[0]
}

/**
 * A pool with all pools below it and those that divide what is in them, parents before their children. What divides is looked
 * for as long as there is not too much in them: then nothing is deleted.
 */
export async function withDescendants(context: ReadContext, pool: Pool): Promise<Pool[]> {
  const { pools } = context.tx
  const found: Pool[] = []
  let count = 0
  for (let level: readonly Pool[] = [pool]; level.length > 0; ) {
    for (const one of level) found.push(one)
    const counted = await countAllocations(context, level)
    count += counted.count
    const below = await pools.childrenOfAny(level.map(({ n }) => n))
    const isTooMuch = count > cascadeAllocationsMax
    level = isTooMuch ? below : [...below, ...(await pools.dividingWithin(counted.notEmpty))]
  }
  return found
}

/** Removes pools with all that is in them, whose space need not rest: the deepest first, because their space is that of others. */
export async function removePools(context: WriteContext, pools: readonly Pool[]): Promise<void> {
  const { tx } = context
  const numbers = pools.map(({ n }) => n)
  await endFindingsOf(context, pools)
  const cidrs = Map.groupBy(await tx.pools.cidrsOf(numbers), ({ pool }) => pool)
  const allocations = Map.groupBy(await tx.allocations.ofPools(numbers), ({ pool }) => pool)
  const count = (parts: ReadonlyMap<number, readonly unknown[]>): number => [...parts.values()].flat().length
  tx.expectChanges(rowsOfPool * pools.length + rowsOfCidr * count(cidrs) + rowsOfAllocation * count(allocations))
  const going = new Set(numbers)
  const byDepth = Map.groupBy(pools, ({ depth }) => depth)
  for (const depth of [...byDepth.keys()].sort((a, b) => b - a)) {
    const level = byDepth.get(depth)!
    const inPools = level.map((pool) => ({
      pool,
      cidrs: (cidrs.get(pool.n) ?? []).filter(({ state }) => state !== 'failed-provision'),
      allocations: allocations.get(pool.n) ?? [],
    }))
    await removeLevel(context, inPools, going)
  }
}
/** At least so many rows change with each: its own, that in the record, and that of what is known to be gone. */
const rowsOfPool = 3
const rowsOfCidr = 2
const rowsOfAllocation = 2

interface WholePool {
  readonly pool: Pool
  readonly cidrs: readonly PoolCidr[]
  readonly allocations: readonly Allocation[]
}
/** All of one depth: none of them has space of another. What their own space was allocated from others goes with those, or is given back to them. */
async function removeLevel(
  context: WriteContext,
  level: readonly WholePool[],
  going: ReadonlySet<number>,
): Promise<void> {
  const { tx } = context
  const numbers = level.map(({ pool }) => pool.n)
  const ending = level.flatMap(({ allocations }) => allocations)
  const tags = await tx.tags.takeAllOf(ending.map((allocation) => tagHomesOf(context, allocation)))
  await tx.space.dropPools(
    numbers,
    ending.map((allocation, index) => ({ allocation, said: { tags: tags[index]!, association: undefined } })),
  )
  await tx.history.ended(level.flatMap(({ pool, cidrs }) => [...cidrs.map(({ id }) => id), pool.id]))
  await tx.pools.delete(numbers)
  await tx.tags.removeAllOf(level.map(({ pool }) => pool.id))
  for (const { pool } of level) context.changed(pool.id)
  const held = level.flatMap(({ pool, cidrs }) => (isOfGoing(pool, going) ? [] : cidrs.flatMap(heldFor(pool))))
  for (const allocation of await tx.allocations.some(held)) await endTenure(context, allocation, tx.now)
}
const isOfGoing = ({ parent }: Pool, going: ReadonlySet<number>): boolean => parent === undefined || going.has(parent)
/** The allocation that a CIDR has its space from, and that ends with it; what a pool divides stays as it is. */
const heldFor =
  ({ sourceAllocation }: Pool) =>
  ({ parentAllocation }: PoolCidr): number[] =>
    parentAllocation === undefined || sourceAllocation !== undefined ? [] : [parentAllocation]

/**
 * Takes a CIDR out of a pool, of which all is free, or which has rested as one since it was deprovisioned, and gives it back
 * to where it came from.
 */
export async function removeSpace(context: Pick<WriteContext, 'tx'>, pool: Pool, provisioned: PoolCidr): Promise<void> {
  const { id, cidr, leavesAt } = provisioned
  const { space, now } = context.tx
  assert(leavesAt === undefined || leavesAt <= now, 'what rests stays in its pool until the rest ends')
  const isOut = await (leavesAt === undefined
    ? space.remove(pool.n, cidr)
    : context.tx.resting.remove(pool.n, provisioned))
  assert(isOut, 'only free space is taken out of a pool')
  await context.tx.pools.deleteCidr(provisioned)
  const [from] = heldFor(pool)(provisioned)
  const held = from === undefined ? undefined : await context.tx.allocations.find(from)
  // What rested has rested in the pool itself.
  if (held) await endTenure(context, held, now)
  await context.tx.history.changed({ id, kind: 'ipam-pool-cidr', account: pool.account }, undefined)
}

/** Whether a CIDR is to be shown no more: it was deprovisioned, and the last rest in it has ended. */
export const hasLeft = ({ leavesAt }: PoolCidr, now: number): boolean => leavesAt !== undefined && leavesAt <= now

/** Of CIDRs that leave their pools, those that do so at once. */
const leavingMax = 100
/**
 * Takes those CIDRs out of their pools that were deprovisioned and in which nothing rests any more. Whoever changes CIDRs or
 * deletes pools calls it first, and so does a job; until then they are not shown.
 * @returns each of them with its pool
 */
export function finishDeprovisioning(
  context: Pick<WriteContext, 'tx'>,
  limit = leavingMax,
): Promise<readonly { readonly pool: Pool; readonly cidr: PoolCidr }[]> {
  // Whoever asks happens to come first: it may be anybody's pool, and who took the space away had what they needed for it.
  return context.tx.aside(() => takeOutLeaving(context, limit))
}
async function takeOutLeaving(
  context: Pick<WriteContext, 'tx'>,
  limit: number,
): Promise<readonly { readonly pool: Pool; readonly cidr: PoolCidr }[]> {
  const { tx } = context
  const left: { readonly pool: Pool; readonly cidr: PoolCidr }[] = []
  for (const cidr of await tx.pools.leaving(tx.now, limit)) {
    const pool = (await tx.pools.findByNumber(cidr.pool))!
    await removeSpace(context, pool, cidr)
    left.push({ pool, cidr })
  }
  // Decisions know which CIDRs a pool has. No two policies can be at odds because of one less.
  if (left.length > 0) await tx.moveGovernanceEpoch()
  return left
}
