// IPAMs, scopes and pools as their account has them in a Region: all of them, or those that are named.
import { isOwnOrShared } from '#model/policy/resolve.ts'
import { refuse } from '#model/refusal.ts'
import type { Tag } from '#model/tags.ts'
import type { Ipam, Scope } from '#store/tables/ipams.ts'
import { type ReadRows, readById } from '../listing.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { getIpam, getReadablePool, getScope, isVisibleFrom, type PoolAt } from './access.ts'
import { stoppedImports } from './import-setter.ts'
import { deletePool } from './pools.ts'

/** What is said of an object beside its row. */
interface Said {
  /** The number of its latest version in the history. */
  readonly version: number
  readonly tags: readonly Tag[]
}
export interface OwnIpam extends Said {
  readonly ipam: Ipam
  readonly scopes: number
  /** How many discoveries are associated with it. */
  readonly discoveries: number
}
export interface OwnScope extends Said {
  readonly scope: Scope
  readonly pools: number
}
export interface SeenPool extends PoolAt, Said {
  /** The key of whoever let it import is good no more. */
  readonly isImportStopped: boolean
  /** The id of the pool above it. */
  readonly parent: string | undefined
}

/** Each named one once, in the order of ids. */
async function named<Row>(ids: readonly string[], get: (id: string) => Promise<Row>): Promise<Row[]> {
  const found: Row[] = []
  for (const id of [...new Set(ids)].sort()) found.push(await get(id))
  return found
}

export const ownIpams = async (context: ReadContext, ids: readonly string[] = []): Promise<readonly Ipam[]> =>
  ids.length === 0
    ? context.tx.ipams.ofAccount(context.caller.account, context.region)
    : named(ids, (id) => getIpam(context, id))

export const describeIpam = async ({ tx }: ReadContext, ipam: Ipam): Promise<OwnIpam> => ({
  ipam,
  tags: await tx.tags.of(ipam.id),
  scopes: await tx.ipams.countScopes(ipam.id),
  discoveries: (await tx.discoveries.associationsOfIpam(ipam.id)).length,
  version: await tx.history.latestVersion(ipam.id),
})

export async function ownScopes(context: ReadContext, ids: readonly string[] = []): Promise<ReadRows<Scope>> {
  if (ids.length > 0) return readById(await named(ids, (id) => getScope(context, id)))
  const ipams = (await ownIpams(context)).map(({ id }) => id)
  return (after = '', limit) => context.tx.ipams.listScopes(ipams, after, limit)
}

export async function describeScopes({ tx }: ReadContext, scopes: readonly Scope[]): Promise<readonly OwnScope[]> {
  const ids = scopes.map(({ id }) => id)
  const pools = await tx.pools.countsOfScopes(ids)
  const versions = await tx.history.latestVersions(ids)
  const tags = await tx.tags.ofMany(ids)
  return scopes.map((scope) => ({
    scope,
    pools: pools.get(scope.id) ?? 0,
    version: versions.get(scope.id) ?? 0,
    tags: tags.get(scope.id) ?? [],
  }))
}

/** A scope of the caller with its IPAM. */
export async function getScopeAt(context: ReadContext, id: string): Promise<{ scope: Scope; ipam: Ipam }> {
  const scope = await getScope(context, id)
  return { scope, ipam: (await context.tx.ipams.find(scope.ipamId))! }
}

/** Without names: the ids of the caller's own pools and of those that are shared with it, in their order. */
export async function seenPools(context: ReadContext, ids: readonly string[] = []): Promise<readonly string[]> {
  if (ids.length > 0) {
    for (const id of new Set(ids)) await getReadablePool(context, id)
    return [...new Set(ids)].sort()
  }
  const snapshot = await context.snapshot()
  return [...snapshot.pools.keys()].filter((id) => isOwnOrShared(snapshot, context.caller.account, id)).sort()
}

/** Those of some pools that are seen from this Region, by their ids. Tags are their owner's alone: they say with whom else it is shared. */
export async function describePools(
  context: ReadContext,
  ids: readonly string[],
): Promise<ReadonlyMap<string, SeenPool>> {
  const { tx, caller, region } = context
  const pools = await tx.pools.findMany(ids)
  const ipams = new Map<string, Ipam>()
  for (const id of new Set(pools.map(({ ipamId }) => ipamId!))) ipams.set(id, (await tx.ipams.find(id))!)
  const parents = await tx.pools.idsOfIpams(pools.flatMap(({ parent }) => parent ?? []))
  const versions = await tx.history.latestVersions(ids)
  const stopped = await stoppedImports(tx, pools)
  const tags = await tx.tags.ofMany(pools.flatMap(({ id, account }) => (account === caller.account ? id : [])))
  const seen = pools
    .map((pool) => ({ pool, ipam: ipams.get(pool.ipamId!)! }))
    .filter((one) => isVisibleFrom(region, one))
  return new Map(
    seen.map((one) => [
      one.pool.id,
      {
        ...one,
        parent: parents.get(one.pool.parent ?? -1),
        isImportStopped: stopped.has(one.pool.id),
        version: versions.get(one.pool.id) ?? 0,
        tags: tags.get(one.pool.id) ?? [],
      },
    ]),
  )
}

export async function describePool({ tx, caller }: ReadContext, poolAt: PoolAt): Promise<SeenPool> {
  const { pool } = poolAt
  const parent = pool.parent === undefined ? undefined : await tx.pools.findByNumber(pool.parent)
  const tags = pool.account === caller.account ? await tx.tags.of(pool.id) : []
  const isImportStopped = (await stoppedImports(tx, [pool])).size > 0
  return { ...poolAt, parent: parent?.id, isImportStopped, version: await tx.history.latestVersion(pool.id), tags }
}

/** Deletes a pool as its owner, in the home Region of its IPAM. */
export async function deleteAsOwner(
  context: WriteContext,
  poolAt: PoolAt,
  options: Parameters<typeof deletePool>[2],
): Promise<void> {
  const { pool, ipam } = poolAt
  const isOwn = pool.account === context.caller.account
  await deletePool(isOwn ? context : context.actingFor(pool.account, ipam.region), poolAt, options)
}

/** Refuses a VPC that is not where somebody says that it is; one that there is not is for whoever plans it to refuse. */
export async function refuseVpcElsewhere(
  { tx }: ReadContext,
  { id, account, region }: { readonly id: string; readonly account: string; readonly region: string },
): Promise<void> {
  const vpc = await tx.vpcs.find(id)
  if (vpc && (vpc.account !== account || vpc.region !== region)) refuse({ code: 'NotFound', what: 'vpc', id })
}
