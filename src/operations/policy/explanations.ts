// Explanations as far as the caller may have them: of decisions on record, and of requests that nobody has made.
import { type AllocationRequest, provider } from '#model/policy/decision.ts'
import type { NearestChange } from '#model/policy/nearest-change.ts'
import { mayUsePool } from '#model/policy/resolve.ts'
import { findResourceType, isNetwork } from '#model/policy/resource-types.ts'
import type { PoolFacts, Snapshot } from '#model/policy/snapshot.ts'
import type { Explained, Names } from '#model/policy/told.ts'
import { refuse } from '#model/refusal.ts'
import { refuseMalformed } from '../identifiers.ts'
import { permitter } from '../identity/authority.ts'
import { findKnownPool } from '../ipam/known-pools.ts'
import type { ReadContext } from '../operation.ts'
import { refuseNewSpace } from '../organization/account-states.ts'
import { checkLocaleOf, scopeTypeOf } from '../space/request-parts.ts'
import { refuseUnknownType } from './content.ts'
import { decideOnPaper, namesIn, nearestFor } from './explain.ts'
import { withLabels } from './labels.ts'
import { sightOf } from './sight.ts'

/**
 * What an account would get for a request now. Nothing is taken, and nothing is put on record.
 * @param supposed rules that are not in force, to decide by instead
 */
export async function answerOnPaper(
  context: ReadContext,
  given: AllocationRequest,
  supposed?: Snapshot,
): Promise<Explained> {
  await refuseUnknownType(context, given.resourceType)
  checkLocaleOf(context, given.resourceType, 'locale', given.locale)
  await refuseUnseenPool(context, given)
  const snapshot = supposed ?? (await context.snapshot())
  refuseNewSpace(snapshot, given.account)
  return decideOnPaper(context.tx, snapshot, { ...given, scopeType: scopeTypeFor(snapshot, given) })
}

/** What the caller may be told of a decision. */
export interface Tellable {
  readonly decision: Explained
  /** What would alter a denial, by what holds now. */
  readonly nearest: NearestChange | undefined
  readonly names: Names
  /** Whether anything is told of what holds now, and not only of what was recorded. */
  readonly isNowTold: boolean
}

export async function tellable(
  context: ReadContext,
  given: Explained,
  { isSupposed = false }: { readonly isSupposed?: boolean } = {},
): Promise<Tellable> {
  const snapshot = await context.snapshot()
  const isPermitted = await permitter(context, 'ipam:read')
  const { account } = given.request
  // Who may read the decision because the account was in their unit then, is told nothing of what holds for it now (invariant I8).
  const isNowTold = (await permitter(context, 'decision:read'))(account)
  const isPoolSeen = (pool: PoolFacts): boolean =>
    (isNowTold && mayUsePool(snapshot, account, pool.id, context.now)) || isPermitted(pool.account)
  const isNameSeen = await nameFilter(context, isNowTold ? account : undefined, isPoolSeen)
  // A denial tells whoever asked what the policy and pools in it are called, so that they can speak of them.
  const isToldAll = isNowTold && given.outcome === 'deny'
  const decision = await withLabels(context.tx, snapshot, given, isToldAll ? undefined : isNameSeen)
  // By what holds now, which says nothing of rules that do not.
  const nearest =
    isNowTold && !isSupposed
      ? await nearestFor(context.tx, snapshot, decision, await sightOf(context, given.request))
      : undefined
  const names = new Map([
    ...(await namesIn(context.tx, decision, isNameSeen)),
    ...(await context.tx.tags.names(poolsIn(nearest).filter(isNameSeen))),
  ])
  return { decision, nearest, names, isNowTold }
}

/** Those that the nearest change speaks of. */
export const poolsIn = (nearest: NearestChange | undefined): readonly string[] =>
  nearest
    ? [
        nearest.pool,
        ...(nearest.change.kind === 'exception' ? nearest.change.grants.pools : []),
        ...(nearest.request.explicit?.pool === undefined ? [] : [nearest.request.explicit.pool]),
      ]
    : []

/** As where the request is made; a network's follows from what it asks for, and so may be left open. */
function scopeTypeFor(snapshot: Snapshot, { resourceType, scopeType, explicit }: AllocationRequest) {
  const pool = explicit?.pool === undefined ? undefined : snapshot.pools.get(explicit.pool)
  if (isNetwork(resourceType) && scopeType === undefined) return pool?.scopeType
  return scopeTypeOf(scopeType, findResourceType(resourceType, snapshot.resourceTypes)!, pool)
}

/** A pool that neither the account nor the caller may see is absent here, as it is where the request is made (invariant I8). */
async function refuseUnseenPool(context: ReadContext, { account, explicit }: AllocationRequest): Promise<void> {
  const id = explicit?.pool
  if (id === undefined || id === provider) return
  refuseMalformed('pool', id)
  if (!(await findKnownPool(context, account, id))) refuse({ code: 'NotFound', what: 'ipam-pool', id })
}

/**
 * Whose names are told: of nodes and policies that the caller may read, of the account that asked, and of pools that it may take
 * from. Of all else the id stands alone.
 */
async function nameFilter(
  context: ReadContext,
  account: string | undefined,
  isPoolSeen: (pool: PoolFacts) => boolean,
): Promise<(id: string) => boolean> {
  const { nodes, policies, pools } = await context.snapshot()
  const [mayReadNode, mayReadPolicy] = [
    await permitter(context, 'organization:read'),
    await permitter(context, 'policy:read'),
  ]
  return (id) => {
    const [pool, policy] = [pools.get(id), policies.get(id)]
    if (pool) return isPoolSeen(pool)
    if (policy) return mayReadPolicy(policy.account)
    return id === account || (nodes.has(id) && mayReadNode(id))
  }
}
