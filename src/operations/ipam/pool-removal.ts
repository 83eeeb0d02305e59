// How pools go away: what keeps them, and in which order what is in them is given back.
import { assert } from '#model/assert.ts'
import { toKey } from '#model/cidr.ts'
import { describeNaming, policiesNaming } from '#model/policy/snapshot.ts'
import { refuse } from '#model/refusal.ts'
import type { Pool, PoolCidr } from '#store/tables/pools.ts'
import type { Rest } from '#store/tables/resting.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { quarantineMs } from '../space/grant.ts'
import { reservedType } from '../space/reserved.ts'
import { endTenure } from '../space/tenures.ts'

/** Allocations read in one step. */
const stepSize = 200
/**
 * Allocations that one deletion ends. All of it is one transaction, which holds the lock of the database meanwhile: on
 * PostgreSQL some 1.7 ms for each (`npm run bench -- --only=largest`).
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
  await refuseTooMany(context, pools)
  const snapshot = await context.snapshot()
  for (const pool of pools) {
    const naming = policiesNaming(snapshot, ({ rules }) => rules.some((rule) => rule.pool === pool.id))
    const own = naming.filter(({ policy }) => policy.account === context.caller.account).map(describeNaming)
    if (naming.length > 0) {
      const names = own.length > 0 ? own.slice(0, namesMax).join(', ') : 'of another account'
      refuseKept(pool, `It is named in the allocation rules of the policy ${names}`)
    }
    const rest = await restOf(context, pool)
    if (rest && rest.until > context.now) refuseKept(pool, describeRest(rest, 'it'))
    const restSeconds = isPlanEnded ? 0 : (await quarantineMs(context, pool)) / 1000
    if (restSeconds > 0 && (await hasOtherThanPools(context, pool))) {
      refuseKept(pool, `It has allocations, whose space rests for ${restSeconds} seconds; release them first`)
    }
  }
}

/** Whether something else than the space of a pool below it, or what it reserves, is allocated in a pool: that goes with the pools. */
export async function hasOtherThanPools({ tx }: ReadContext, { n }: Pool): Promise<boolean> {
  for (let after: Uint8Array | undefined; ; ) {
    const allocations = await tx.allocations.ofPool(n, after, stepSize)
    if (allocations.some(({ resourceType }) => resourceType !== 'ipam-pool' && resourceType !== reservedType))
      return true
    if (allocations.length < stepSize) return false
    after = toKey(allocations.at(-1)!.cidr)
  }
}

/** Nothing is deleted by halves: what would take too long is refused as a whole. */
async function refuseTooMany(context: ReadContext, pools: readonly Pool[]): Promise<void> {
  let count = 0
  for (const pool of pools) count += (await context.tx.space.utilization(pool.n)).allocations
  if (count <= cascadeAllocationsMax) return
  const bound = `one request ends at most ${cascadeAllocationsMax}`
  refuseKept(
    pools[0]!,
    `There are ${count} allocations in it and the pools below it, and ${bound}; release some of them first, or delete the pools below one by one`,
  )
}
const refuseKept = (pool: Pool, problem: string): never =>
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

/** Why nobody can have it, as the end of a sentence that begins with it. What is held was never released. */
export function describeRest({ until, isHeld }: Rest, where: string): string {
  const moment = new Date(until).toISOString()
  return isHeld
    ? `Space in ${where} is held until ${moment}`
    : `Released space in ${where} is in quarantine until ${moment}`
}

/** A pool with all pools below it and those that divide what is in them, parents before their children. */
export async function withDescendants(context: ReadContext, pool: Pool): Promise<Pool[]> {
  const pools = [pool]
  for (const { n } of pools) {
    pools.push(...(await context.tx.pools.childrenOf(n)), ...(await context.tx.pools.dividingWithin(n)))
  }
  return pools
}

/** Removes pools with all that is in them. Given parents first; children go first, because their space is their parents'. */
export async function removePools(context: WriteContext, pools: readonly Pool[]): Promise<void> {
  for (const pool of pools.toReversed()) {
    await endAllocations(context, pool)
    for (const cidr of await context.tx.pools.cidrs(pool.n)) {
      if (cidr.state !== 'failed-provision') await removeSpace(context, pool, cidr)
    }
    await context.tx.pools.delete(pool.n)
    await context.tx.tags.removeAll(pool.id)
    await context.tx.history.changed({ id: pool.id, kind: 'ipam-pool', account: pool.account }, undefined)
    context.changed(pool.id)
  }
}

/**
 * Takes a CIDR out of a pool, of which all is free, or which has rested as one since it was deprovisioned, and gives it back
 * to where it came from.
 */
export async function removeSpace(context: Pick<WriteContext, 'tx'>, pool: Pool, provisioned: PoolCidr): Promise<void> {
  const { id, cidr, parentAllocation, leavesAt } = provisioned
  const { space, now } = context.tx
  assert(leavesAt === undefined || leavesAt <= now, 'what rests stays in its pool until the rest ends')
  const isOut = await (leavesAt === undefined
    ? space.remove(pool.n, cidr)
    : context.tx.resting.remove(pool.n, provisioned))
  assert(isOut, 'only free space is taken out of a pool')
  await context.tx.pools.deleteCidr(id)
  // What it divides stays as it is.
  const isOfParent = parentAllocation !== undefined && pool.sourceAllocation === undefined
  const held = isOfParent ? await context.tx.allocations.find(parentAllocation) : undefined
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
export async function finishDeprovisioning(
  context: Pick<WriteContext, 'tx'>,
  limit = leavingMax,
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

/** Ends all allocations of a pool whose space need not rest. What was allocated is no longer tracked, and nothing else. */
async function endAllocations(context: WriteContext, pool: Pool): Promise<void> {
  await context.tx.resting.endAll(pool.n)
  for (;;) {
    const allocations = await context.tx.allocations.ofPool(pool.n, undefined, stepSize)
    for (const allocation of allocations) {
      await endTenure(context, allocation, context.now)
    }
    if (allocations.length < stepSize) return
  }
}
