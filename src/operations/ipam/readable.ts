// IPAMs, scopes and pools as whoever may read their owner's IPAM finds them.
import { standingExclusions } from '#model/discovery.ts'
import { formatId } from '#model/identifier.ts'
import type { Tag } from '#model/tags.ts'
import type { Discovery } from '#store/tables/discoveries.ts'
import type { Ipam, Scope } from '#store/tables/ipams.ts'
import type { Pool, PoolFilter as StoredFilter } from '#store/tables/pools.ts'
import { visibleAccounts } from '../identity/visible-accounts.ts'
import { numberIn, type Page, type PageAsked } from '../listing.ts'
import type { ReadContext } from '../operation.ts'
import { readable, type WithTags, withTags } from '../readable.ts'
import { stoppedImports } from './import-setter.ts'

export const readableIpams = readable<Ipam, WithTags<Ipam>>('ipam', {
  find: ({ tx }, id) => tx.ipams.find(id),
  describe: withTags,
})
export const listIpams = (
  context: ReadContext,
  filter: { readonly account: string | undefined },
  asked: PageAsked<string>,
): Promise<Page<WithTags<Ipam>, string>> =>
  readableIpams.list(context, asked, { read: (after = '', limit) => context.tx.ipams.list(filter, after, limit) })

export const readableScopes = readable<Scope, WithTags<Scope>>('scope', {
  find: ({ tx }, id) => tx.ipams.findScope(id),
  describe: withTags,
})
export const listScopes = (
  context: ReadContext,
  { ipamId }: { readonly ipamId: string | undefined },
  asked: PageAsked<string>,
): Promise<Page<WithTags<Scope>, string>> =>
  readableScopes.list(context, asked, {
    read: (after = '', limit) => context.tx.ipams.listScopes(ipamId === undefined ? undefined : [ipamId], after, limit),
  })

export const readableDiscoveries = readable<Discovery, WithTags<Discovery>>('resourceDiscovery', {
  find: ({ tx }, id) => tx.discoveries.find(id),
  describe: withStandingExclusions,
})
async function withStandingExclusions(
  context: ReadContext,
  rows: readonly Discovery[],
): Promise<readonly WithTags<Discovery>[]> {
  const snapshot = await context.snapshot()
  return withTags(
    context,
    rows.map((row) => ({ ...row, exclusions: standingExclusions(snapshot, row.exclusions) })),
  )
}
export const listDiscoveries = (
  context: ReadContext,
  filter: { readonly account: string | undefined },
  asked: PageAsked<string>,
): Promise<Page<WithTags<Discovery>, string>> =>
  readableDiscoveries.list(context, asked, {
    read: (after = '', limit) => context.tx.discoveries.list(filter, after, limit),
  })

/** A pool with what stands beside its row. */
export interface DescribedPool {
  readonly pool: Pool
  readonly ipam: Ipam
  readonly scopeType: Scope['kind']
  readonly parent: string | undefined
  /** The allocation of a network that it divides. */
  readonly sourceAllocation: string | undefined
  readonly sharedWith: readonly string[]
  /** The key of whoever let it import is good no more. */
  readonly isImportStopped: boolean
  readonly tags: readonly Tag[]
}

/** Pools of IPAMs: the provider's own are nobody's to see. */
export const readablePools = readable<Pool, DescribedPool>('pool', {
  async find({ tx }, id) {
    const found = await tx.pools.find(id)
    return found?.scopeId === undefined ? undefined : found
  },
  describe: describePools,
})

/** Pools of the accounts whose IPAM the caller may read: those of others cost nothing, where these are few. */
export async function poolsToRead(
  context: ReadContext,
  filter: StoredFilter,
): Promise<(after: string | undefined, limit: number) => Promise<Pool[]>> {
  const accounts = await visibleAccounts(context, 'ipam:read', 'now')
  return (after = '0', limit) => context.tx.pools.list({ ...filter, accounts }, numberIn(after), limit)
}

async function describePools({ tx }: ReadContext, pools: readonly Pool[]): Promise<readonly DescribedPool[]> {
  const ipams = new Map<string, Ipam>()
  for (const { ipamId } of pools) if (!ipams.has(ipamId!)) ipams.set(ipamId!, (await tx.ipams.find(ipamId!))!)
  const parents = await tx.pools.idsOfIpams([...new Set(pools.flatMap(({ parent }) => parent ?? []))])
  const shares = await tx.pools.sharesOf(pools.map(({ n }) => n))
  const stopped = await stoppedImports(tx, pools)
  const tags = await tx.tags.ofMany(pools.map(({ id }) => id))
  return pools.map((pool) => {
    const { n, id, ipamId, scopeId, parent, sourceAllocation } = pool
    const ipam = ipams.get(ipamId!)!
    return {
      pool,
      ipam,
      scopeType: scopeId === ipam.publicScopeId ? 'public' : 'private',
      parent: parent === undefined ? undefined : parents.get(parent),
      sourceAllocation:
        sourceAllocation === undefined ? undefined : formatId('allocation', tx.installation, sourceAllocation),
      sharedWith: shares.get(n) ?? [],
      isImportStopped: stopped.has(id),
      tags: tags.get(id) ?? [],
    }
  })
}
