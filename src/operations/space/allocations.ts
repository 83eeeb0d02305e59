// Allocations of pools: space taken as policy says, described, given back.
import { assert } from '#model/assert.ts'
import { formatCidr } from '#model/cidr.ts'
import { formatId } from '#model/identifier.ts'
import type { AllocationRequest } from '#model/policy/decision.ts'
import { canBeDivided } from '#model/policy/nesting.ts'
import { refuse } from '#model/refusal.ts'
import type { Tag } from '#model/tags.ts'
import type { Allocation } from '#store/tables/holdings.ts'
import { readInside } from '../ipam/divisions.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { putTags } from '../organization/tagging.ts'
import { type GrantOptions, grant, release } from './grant.ts'
import { beginState } from './tenures.ts'

export interface AllocationParams {
  /** What policy is asked. */
  readonly request: AllocationRequest
  readonly description?: string
  readonly tags?: readonly Tag[]
}

/** Takes space from a pool for a resource that is known by its name elsewhere, or by none. */
export async function allocate(
  context: WriteContext,
  { request, description, tags = [] }: AllocationParams,
  options: GrantOptions,
): Promise<Allocation> {
  const { resourceType, resource: resourceId } = request
  const { allocation } = await grant(context, request, { resourceType, resourceId, description }, options)
  assert(allocation !== undefined, 'what is taken from a pool is an allocation')
  const id = allocationIdOf(context, allocation)
  const nameParent = formatId('pool', context.tx.installation, allocation.pool)
  await putTags(context, { id, type: 'ipam-pool-allocation', account: allocation.account, nameParent }, tags)
  context.changed(id)
  return allocation
}

/** Describes an allocation anew; without a text it has no description any more. */
export async function describeAllocation(
  context: WriteContext,
  allocation: Allocation,
  description: string | undefined,
): Promise<Allocation> {
  if (description !== allocation.description) await beginState(context, allocation, description)
  context.changed(allocationIdOf(context, allocation))
  return { ...allocation, description }
}

/**
 * Gives an allocation's space back, which rests as long as its pool says.
 * @param isSeen whether the caller may see what an account has: of what is inside of a network, that is named
 */
export async function releaseAllocation(
  context: WriteContext,
  allocation: Allocation,
  isSeen: (account: string) => boolean,
): Promise<void> {
  await refuseDivided(context, allocation, isSeen)
  await release(context, allocation)
  context.changed(allocationIdOf(context, allocation))
}

/** Of what is inside of a network, in a refusal; and rows looked at for those that the caller may see. */
const insideNamesMax = 5
const insideRowsMax = 50

/** A network does not go before what is inside of it. */
async function refuseDivided(
  context: ReadContext,
  { n, resourceType }: Allocation,
  isSeen: (account: string) => boolean,
): Promise<void> {
  const { resourceTypes } = context.snapshotAtHand ?? (await context.snapshot())
  const type = resourceTypes.get(resourceType)
  if (type && !canBeDivided(type)) return
  const pool = (await context.tx.pools.dividing([n])).get(n)
  if (!pool) return
  const { items, count } = await readInside(context, pool, insideRowsMax)
  const shown = items.filter(({ account }) => isSeen(account)).slice(0, insideNamesMax)
  const inside = shown.map(({ n, cidr, resourceType, resourceId: resource = allocationIdOf(context, { n }) }) => ({
    resourceType,
    resource,
    cidr: formatCidr(cidr),
  }))
  const problem = { why: 'divided-by', pool: pool.id, inside, count } as const
  refuse({ code: 'DependencyViolation', what: 'ipam-pool-allocation', id: allocationIdOf(context, { n }), problem })
}

export const allocationIdOf = ({ tx }: ReadContext, { n }: { readonly n: number }): string =>
  formatId('allocation', tx.installation, n)
