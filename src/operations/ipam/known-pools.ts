// Who may know of a pool. One answer for every API and every operation: to whoever may not, it is absent (invariant I8); to whoever
// may know of it and not use it, it is said that it is not shared with them, and whose it is.
import { parseId } from '#model/identifier.ts'
import { mayUsePool } from '#model/policy/resolve.ts'
import { type PoolFacts, pathOf } from '#model/policy/snapshot.ts'
import { partiesOf } from '#model/principal.ts'
import { refuse } from '#model/refusal.ts'
import { gives, permitter } from '../identity/authority.ts'
import { visibleAccounts } from '../identity/visible-accounts.ts'
import type { ReadContext } from '../operation.ts'
import { contactOfPool } from '../policy/labels.ts'

export interface KnownPool {
  readonly pool: PoolFacts
  /** Whether the account may take from it, as far as it may name it: whether the pool then serves a request is for policy to say. */
  readonly isUsable: boolean
}

/**
 * A pool as whoever asks for an account (or another node) may know of it: it is the account's own, or shared with it; a policy that
 * speaks for it or an exception lists it; it has space of the pool; or the caller may read the IPAM of the pool's owner. Undefined for
 * everybody else, and where there is none.
 */
export async function findKnownPool(context: ReadContext, account: string, id: string): Promise<KnownPool | undefined> {
  const snapshot = await context.snapshot()
  const pool = snapshot.pools.get(id)
  if (pool && mayUsePool(snapshot, account, id, context.now)) return { pool, isUsable: true }
  const isPermitted = await permitter(context, 'ipam:read')
  // Asked of what is not there too, so that it takes as long.
  const hasSpace = await context.tx.pools.isHeldBy(numberOf(context, id), [account], context.now)
  return pool && (hasSpace || isPermitted(pool.account)) ? { pool, isUsable: false } : undefined
}

/** A pool that the account may name; anybody else's is refused, as one that is not shared with it or as one that is not there. */
export async function getUsableFacts(context: ReadContext, account: string, id: string): Promise<PoolFacts> {
  const known = await findKnownPool(context, account, id)
  if (!known) refuse({ code: 'NotFound', what: 'ipam-pool', id })
  return known.isUsable ? known.pool : refuseNotShared(context, account, known.pool)
}

/** Says whom to ask about the pool, or else at its owner. */
export async function refuseNotShared(
  context: ReadContext,
  account: string,
  { id, account: owner }: PoolFacts,
): Promise<never> {
  const { nodes } = await context.snapshot()
  const contact = (await contactOfPool(context.tx, id)) ?? nodes.get(owner)?.contact
  return refuse({ code: 'NotShared', id, account, owner, ...(contact === undefined ? {} : { contact }) })
}

/** A node of the caller's at which a pool can be used that is shared with it or with a node above; undefined where there is none. */
export async function findSharedNode(context: ReadContext, { sharedWith }: PoolFacts): Promise<string | undefined> {
  const { native } = context.caller
  if (!native || sharedWith.length === 0) return undefined
  const snapshot = await context.snapshot()
  const isPermitted = await permitter(context, 'ipam:read')
  const shared = new Set(sharedWith)
  const direct = sharedWith.find((node) => isPermitted(node))
  if (direct !== undefined) return direct
  const { name, groups } = partiesOf(native, context.now)[0]!
  return snapshot.bindings
    .ofAll([name, ...groups])
    .filter((one) => gives(one, 'ipam:read'))
    .map(({ node }) => node)
    .find((node) => pathOf(snapshot, node).some((above) => shared.has(above)) && isPermitted(node))
}

/**
 * Whether the caller sees that there is such a pool, though it may not read it: an account whose allocations it may read, and of which
 * it may see no more than a list reads one by one, has space of the pool or may take from it.
 */
export async function seesPool(context: ReadContext, id: string): Promise<boolean> {
  const accounts = (await visibleAccounts(context, 'allocation:read', 'now')) ?? []
  const snapshot = await context.snapshot()
  // Asked of what is not there too, so that it takes as long.
  const hasSpace = await context.tx.pools.isHeldBy(numberOf(context, id), accounts, context.now)
  return hasSpace || accounts.some((account) => mayUsePool(snapshot, account, id, context.now))
}

const numberOf = ({ tx }: ReadContext, id: string): number => parseId('pool', tx.installation, id) ?? -1
