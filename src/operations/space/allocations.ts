// Allocations of pools: space taken as policy says, described, given back.
import { assert } from '#model/assert.ts'
import { formatId } from '#model/identifier.ts'
import type { AllocationRequest } from '#model/policy/decision.ts'
import type { Tag } from '#model/tags.ts'
import type { Allocation } from '#store/tables/space.ts'
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

/** Gives an allocation's space back, which rests as long as its pool says. */
export async function releaseAllocation(context: WriteContext, allocation: Allocation): Promise<void> {
  await release(context, allocation)
  context.changed(allocationIdOf(context, allocation))
}

export const allocationIdOf = ({ tx }: ReadContext, { n }: { readonly n: number }): string =>
  formatId('allocation', tx.installation, n)
