// Pools as one may see them: of whoever may read them, of whom they are shared with, and all of them as a tree with what is used.
import type { Cidr } from '#model/cidr.ts'
import { parseId } from '#model/identifier.ts'
import { isOwnOrShared } from '#model/policy/resolve.ts'
import { UsablePools } from '#model/policy/usable-pools.ts'
import { nameKey } from '#model/tags.ts'
import type { Pool, PoolCidr, PoolFilter as StoredFilter } from '#store/tables/pools.ts'
import { refuseMalformed } from '../identifiers.ts'
import { type Place, permitter, requirePermission } from '../identity/authority.ts'
import { placeOfNode } from '../identity/roles.ts'
import { numberIn, type Page, type PageAsked, readFrom, readPage } from '../listing.ts'
import type { ReadContext } from '../operation.ts'
import { listVisible } from '../readable.ts'
import { findSharedNode, seesPool } from './known-pools.ts'
import { listPoolCidrs } from './pool-cidrs.ts'
import { hasLeft } from './pool-removal.ts'
import { type DescribedPool, poolsToRead, readablePools } from './readable.ts'
import { type PoolUtilization, readUtilizations } from './utilization.ts'

export interface PoolFilter {
  readonly ipamId?: string | undefined
  readonly scopeId?: string | undefined
  readonly family?: 4 | 6 | undefined
}
interface ListFilter extends PoolFilter {
  readonly parentPoolId?: string | undefined
  readonly locale?: string | undefined
  /** Only those that this account may use; whoever asks must see the account. */
  readonly usableBy?: string | undefined
}

/** What the caller may see, or what an account may use. */
export async function listPools(
  context: ReadContext,
  { usableBy, parentPoolId, ...filter }: ListFilter,
  asked: PageAsked<string>,
): Promise<Page<DescribedPool, string>> {
  if (usableBy !== undefined) {
    await requirePermission(context, 'ipam:read', await placeOfNode(context, usableBy))
  }
  const parent = parentPoolId === undefined ? undefined : await context.tx.pools.find(parentPoolId)
  if (parentPoolId !== undefined && !parent) return { items: [], next: undefined }
  const wanted = { ...filter, parent: parent?.n }
  if (usableBy !== undefined) return listUsable(context, usableBy, wanted, asked)
  return readablePools.list(context, asked, {
    read: await poolsToRead(context, wanted),
    placeOf: ({ n }) => String(n),
  })
}

/** What an account may use, as far as the caller may see it: what its owner has shared with others is not looked at. */
async function listUsable(
  context: ReadContext,
  account: string,
  filter: StoredFilter,
  asked: PageAsked<string>,
): Promise<Page<DescribedPool, string>> {
  const isPermitted = await permitter(context, 'ipam:read')
  const snapshot = await context.snapshot()
  const usable = new UsablePools(snapshot, context.now)
  usable.add(account)
  const numbers = [...usable.ids].map((id) => parseId('pool', context.tx.installation, id) ?? -1).sort((a, b) => a - b)
  const isShown = (row: Pool): boolean =>
    (isPermitted(row.account) || isOwnOrShared(snapshot, account, row.id)) &&
    row.scopeId !== undefined &&
    filterNames.every((name) => filter[name] === undefined || row[name] === filter[name])
  return readPage(context, asked, {
    read: readFrom(numbers, (n, place) => n > numberIn(place)),
    placeOf: String,
    async show(some) {
      const rows = new Map((await context.tx.pools.some(some)).map((row) => [row.n, row]))
      const shown = some.flatMap((n) => rows.get(n) ?? []).filter(isShown)
      const described = new Map((await readablePools.describe(context, shown)).map((one) => [one.pool.n, one]))
      return some.map((n) => {
        const one = described.get(n)
        return one && (isPermitted(one.pool.account) ? one : withoutOwners(one))
      })
    },
  })
}
const filterNames = ['ipamId', 'scopeId', 'parent', 'locale', 'family'] as const

/** One, as far as the caller may see what is said of it. */
export async function getSeenPool(context: ReadContext, id: string): Promise<DescribedPool> {
  const described = await readablePools.getDescribed(context, id)
  const isPermitted = await permitter(context, 'ipam:read')
  return isPermitted(described.pool.account) ? described : withoutOwners(described)
}

/** Whom else it is shared with, and its tags, are its owner's. */
const withoutOwners = (described: DescribedPool): DescribedPool => ({
  ...described,
  sharedWith: [],
  tags: described.tags.filter(({ key }) => key === nameKey),
})

/** Also where it is shared with whom the caller may look after: as a list of what those may use shows it. */
export async function placeOfSeenPool(context: ReadContext, id: string): Promise<Place> {
  refuseMalformed('pool', id)
  const isPermitted = await permitter(context, 'ipam:read')
  const found = await context.tx.pools.find(id)
  // Whoever may read it is asked no more. Of what is hidden and of what is not there the same is looked at.
  if (found?.scopeId !== undefined && isPermitted(found.account)) return { node: found.account }
  const isSeen = await seesPool(context, id)
  const { account } = await readablePools.get(context, id)
  const shared = await findSharedNode(context, (await context.snapshot()).pools.get(id)!)
  if (shared !== undefined) return { node: shared }
  return isSeen ? { node: account } : { node: account, absent: readablePools.absent(id) }
}

/** Where what is its owner's alone must be permitted: to whoever sees the pool otherwise it is not absent. */
export async function placeOfOwnPool(context: ReadContext, id: string): Promise<Place> {
  const seen = await placeOfSeenPool(context, id)
  return seen.absent ? seen : { node: (await readablePools.get(context, id)).account }
}

export async function getUtilization(context: ReadContext, id: string): Promise<PoolUtilization> {
  const found = await readablePools.get(context, id)
  return (await readUtilizations(context, [found])).get(found.n)!
}

/** All the space that a pool was given and still has, in address order. */
export async function listCidrsOfPool(
  context: ReadContext,
  id: string,
  asked: PageAsked<string>,
): Promise<Page<PoolCidr, string>> {
  const placed = await listPoolCidrs(context, await readablePools.get(context, id))
  return readPage(context, asked, {
    read: readFrom(placed, (one, place) => one.place > place),
    placeOf: ({ place }) => place,
    show: (rows) => rows.map(({ row }) => row),
  })
}

// The tree -----------------------------------------------------------------------------------------------------------

/** Of one pool in the tree. */
export const treeCidrsMax = 20

export interface TreePool {
  readonly pool: Pool
  readonly name: string | undefined
  /** The pool that its space, or what it divides, is from. */
  readonly above: string | undefined
  /** In address order, the first ones. */
  readonly cidrs: readonly Cidr[]
  readonly utilization: PoolUtilization
}

export const listPoolTree = async (
  context: ReadContext,
  filter: PoolFilter,
  asked: PageAsked<string>,
): Promise<Page<TreePool, string>> =>
  listVisible(context, 'ipam:read', asked, {
    read: await poolsToRead(context, filter),
    placeOf: ({ n }) => String(n),
    nodeOf: ({ account }) => account,
    describe: (pools) => describeTree(context, pools),
  })

async function describeTree(context: ReadContext, pools: readonly Pool[]): Promise<readonly TreePool[]> {
  const { tx, now } = context
  const numbers = pools.map(({ n }) => n)
  const used = await readUtilizations(context, pools)
  const cidrs = await tx.pools.firstCidrs(numbers, treeCidrsMax)
  const names = await tx.tags.names(pools.map(({ id }) => id))
  const sources = await tx.allocations.some(pools.flatMap(({ sourceAllocation }) => sourceAllocation ?? []))
  const outer = new Map(sources.map(({ n, pool }) => [n, pool]))
  const above = ({ parent, sourceAllocation }: Pool): number | undefined => parent ?? outer.get(sourceAllocation ?? -1)
  const parents = await tx.pools.idsOfIpams(pools.flatMap((pool) => above(pool) ?? []))
  return pools.map((pool) => ({
    pool,
    name: names.get(pool.id),
    above: parents.get(above(pool) ?? -1),
    cidrs: (cidrs.get(pool.n) ?? []).filter((row) => !hasLeft(row, now)).map(({ cidr }) => cidr),
    utilization: used.get(pool.n)!,
  }))
}
