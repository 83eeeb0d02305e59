// Allocations as their account, or the owner of their pool, finds and lists them in a Region.
import { toKey } from '#model/cidr.ts'
import { refuse } from '#model/refusal.ts'
import type { Tag } from '#model/tags.ts'
import type { Allocation } from '#store/tables/holdings.ts'
import { numberOf, refuseMalformed } from '../identifiers.ts'
import { getReadablePool, getUsablePoolAt, isVisibleFrom } from '../ipam/access.ts'
import { type ReadRows, readFrom } from '../listing.ts'
import type { ReadContext } from '../operation.ts'
import { allocationIdOf } from './allocations.ts'

const resourceType = 'ipam-pool-allocation'

/** A list with how its rows stand in it. */
export interface AllocationOrder {
  readonly read: ReadRows<Allocation>
  placeOf(allocation: Allocation): string
}

/** Undefined for an identifier that this installation never gave out, which is refused as one that is gone. */
function numberIn(context: ReadContext, id: string): number | undefined {
  refuseMalformed('allocation', id)
  return numberOf(context, 'allocation', id)
}

/** An allocation that the caller may end: its own, whether or not it may still take from the pool, or one of its pool. */
export async function getReleasable(context: ReadContext, poolId: string, id: string): Promise<Allocation> {
  const { account } = context.caller
  const n = numberIn(context, id)
  const allocation = n === undefined ? undefined : await context.tx.allocations.find(n)
  if (allocation?.account === account) {
    const pool = await context.tx.pools.findByNumber(allocation.pool)
    const ipam = pool?.ipamId === undefined ? undefined : await context.tx.ipams.find(pool.ipamId)
    if (ipam && pool?.id === poolId && isVisibleFrom(context.region, { pool, ipam })) return allocation
  }
  const { pool } = await getUsablePoolAt(context, poolId)
  if (allocation?.pool !== pool.n || pool.account !== account) refuse({ code: 'NotFound', what: resourceType, id })
  return allocation
}

/** The caller's own allocation, made in this Region, from a pool of an IPAM. */
export async function getOwnAllocation(context: ReadContext, id: string): Promise<Allocation> {
  const [allocation] = await getOwnMany(context, [id])
  return allocation!
}
/** The same of many, in order of creation. */
async function getOwnMany(context: ReadContext, ids: readonly string[]): Promise<Allocation[]> {
  const { tx, caller, region } = context
  const isOfIpam = poolsOfIpams(context)
  const numbers = new Map(ids.map((id) => [id, numberIn(context, id)]))
  const found = await tx.allocations.some([...numbers.values()].filter((n) => n !== undefined))
  const byNumber = new Map(found.map((allocation) => [allocation.n, allocation]))
  for (const [id, n] of numbers) {
    const allocation = byNumber.get(n ?? -1)
    const isOwn = allocation?.account === caller.account && allocation.region === region
    if (!isOwn || !(await isOfIpam(allocation.pool))) refuse({ code: 'NotFound', what: resourceType, id })
  }
  return found
}

/** Whether a pool, by its number, belongs to an IPAM: the provider's own do not. Keeps what it has seen. */
function poolsOfIpams(context: ReadContext): (n: number) => Promise<boolean> {
  const seen = new Map<number, boolean>()
  return async (n) => {
    const known = seen.get(n)
    if (known !== undefined) return known
    const isOfIpam = (await context.tx.pools.findByNumber(n))?.scopeId !== undefined
    seen.set(n, isOfIpam)
    return isOfIpam
  }
}

// Lists --------------------------------------------------------------------------------------------------------------

const placeByNumber = ({ n }: Allocation): string => String(n)
/** The caller's own, in order of creation. */
const inOrder = ({ tx, caller }: ReadContext, filter: { readonly region?: string }): AllocationOrder => ({
  read: (after = '0', limit) => tx.allocationLists.ofAccount(caller.account, Number(after), limit, filter),
  placeOf: placeByNumber,
})
/** Everybody's in a pool, in the order of addresses. */
const inPool = ({ tx }: ReadContext, pool: number): AllocationOrder => ({
  read: (after, limit) =>
    tx.allocations.ofPool(pool, after === undefined ? undefined : new Uint8Array(Buffer.from(after, 'hex')), limit),
  placeOf: ({ cidr }) => Buffer.from(toKey(cidr)).toString('hex'),
})

export interface AllocationsOfPool extends AllocationOrder {
  isSeen(allocation: Allocation): boolean
}
/** Of a pool: to its owner what everybody holds, to those with whom it is shared what they hold themselves. */
export async function allocationsOfPool(context: ReadContext, poolId: string): Promise<AllocationsOfPool> {
  const { account } = context.caller
  const { pool } = await getReadablePool(context, poolId)
  const isOwner = pool.account === account
  return {
    ...(isOwner ? inPool(context, pool.n) : inOrder(context, {})),
    isSeen: (allocation) => allocation.pool === pool.n && (isOwner || allocation.account === account),
  }
}
/** One of them, by its id. */
export async function getAllocationOfPool(context: ReadContext, poolId: string, id: string): Promise<Allocation> {
  const n = numberIn(context, id)
  const { isSeen } = await allocationsOfPool(context, poolId)
  const found = n === undefined ? undefined : await context.tx.allocations.find(n)
  return found && isSeen(found) ? found : refuse({ code: 'NotFound', what: resourceType, id })
}

/** The caller's own in any pool of an IPAM, as far as they were made in this Region; or those that are named. */
export async function ownAllocations(
  context: ReadContext,
  ids: readonly string[] = [],
): Promise<AllocationOrder & { isSeen(allocation: Allocation): Promise<boolean> }> {
  if (ids.length > 0) {
    const read = readFrom(await getOwnMany(context, ids), ({ n }: Allocation, place) => n > Number(place))
    return { read, placeOf: placeByNumber, isSeen: async () => true }
  }
  const isOfIpam = poolsOfIpams(context)
  return { ...inOrder(context, { region: context.region }), isSeen: ({ pool }) => isOfIpam(pool) }
}

/** An allocation with its tags. */
export interface TaggedAllocation {
  readonly allocation: Allocation
  readonly tags: readonly Tag[]
}
/** Those that are seen, with the tags of all of them read at once; undefined for the others. */
export async function describeSeen(
  context: ReadContext,
  allocations: readonly Allocation[],
  isSeen: (allocation: Allocation) => boolean | Promise<boolean>,
): Promise<readonly (TaggedAllocation | undefined)[]> {
  const seen: (Allocation | undefined)[] = []
  for (const allocation of allocations) seen.push((await isSeen(allocation)) ? allocation : undefined)
  const tags = await context.tx.tags.ofMany(
    seen.flatMap((allocation) => (allocation ? allocationIdOf(context, allocation) : [])),
  )
  return seen.map(
    (allocation) => allocation && { allocation, tags: tags.get(allocationIdOf(context, allocation)) ?? [] },
  )
}
