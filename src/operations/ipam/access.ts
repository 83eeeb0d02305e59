// IPAMs, scopes and pools as a caller may name them: what is hidden and what is absent are refused alike (invariant I8).
import { hasShape } from '#model/identifier.ts'
import { isOwnOrShared } from '#model/policy/resolve.ts'
import type { OfAdvancedTier } from '#model/problems/features.ts'
import type { Counted } from '#model/problems/limits.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import type { Ipam, Scope } from '#store/tables/ipams.ts'
import type { Pool } from '#store/tables/pools.ts'
import { refuseMalformed } from '../identifiers.ts'
import type { ReadContext } from '../operation.ts'
import { getUsablePool } from '../space/grant.ts'
import { refuseNotShared } from './known-pools.ts'
import { isPlanEnded } from './plans.ts'

/** Our own bound: EC2 names none, and every list repeats it. */
const descriptionCharactersMax = 1_000

/** The caller's IPAM, in its home Region. */
export async function getIpam(context: ReadContext, id: string): Promise<Ipam> {
  refuseMalformed('ipam', id)
  const ipam = await context.tx.ipams.find(id)
  if (ipam?.account !== context.caller.account || ipam.region !== context.region) {
    refuse({ code: 'NotFound', what: 'ipam', id })
  }
  return ipam
}

/** The caller's scope, in the home Region of its IPAM. */
export async function getScope(context: ReadContext, id: string): Promise<Scope> {
  refuseMalformed('scope', id)
  const scope = await context.tx.ipams.findScope(id)
  if (scope?.account !== context.caller.account || scope.region !== context.region) {
    refuse({ code: 'NotFound', what: 'ipam-scope', id })
  }
  return scope
}

/** A pool together with the IPAM that it belongs to. */
export interface PoolAt {
  readonly pool: Pool
  readonly ipam: Ipam
}

/**
 * A pool that the caller may take from, seen from the IPAM's home Region or from the pool's locale. What only a policy or an
 * exception lists for it, it may name, and not read: for that see `getReadablePool`.
 */
export async function getUsablePoolAt(context: ReadContext, id: string): Promise<PoolAt> {
  refuseMalformed('pool', id)
  const pool = await getUsablePool(context, id)
  const ipam = (await context.tx.ipams.find(pool.ipamId!))!
  if (!isVisibleFrom(context.region, { pool, ipam })) refuse({ code: 'NotFound', what: 'ipam-pool', id })
  return { pool, ipam }
}

/** A pool that the caller may read: its own, or one that is shared with it. */
export async function getReadablePool(context: ReadContext, id: string): Promise<PoolAt> {
  const found = await getUsablePoolAt(context, id)
  const snapshot = await context.snapshot()
  // What a policy or an exception lists for the account may be named, and is not shared with it.
  if (!isOwnOrShared(snapshot, context.caller.account, id)) {
    await refuseNotShared(context, context.caller.account, snapshot.pools.get(id)!)
  }
  return found
}

/**
 * A pool to be deleted: the caller's own, or one that plans a VPC of the caller's and may not any more. Anything else about that
 * one stays hidden.
 */
export async function getDeletablePool(context: ReadContext, id: string, action: string): Promise<PoolAt> {
  const pool = hasShape('pool', id) ? await context.tx.pools.find(id) : undefined
  const plan = pool?.sourceResource
  const isOwnPlan = plan?.account === context.caller.account && plan.region === context.region
  if (!pool || !isOwnPlan || !isPlanEnded(await context.snapshot(), pool)) return getOwnPool(context, id, action)
  return { pool, ipam: (await context.tx.ipams.find(pool.ipamId!))! }
}

export const isVisibleFrom = (region: string, { pool, ipam }: PoolAt): boolean =>
  region === ipam.region || region === pool.locale

/**
 * A pool that the caller may change: its own, in the home Region. One that is only shared with it says so.
 * @param action what the caller is not authorized to do then, as its API calls it
 */
export async function getOwnPool(context: ReadContext, id: string, action: string): Promise<PoolAt> {
  // Whose it is, its row says: what is compiled of pools is needed for others' alone.
  const found = (await findOwn(context, id)) ?? (await getReadablePool(context, id))
  if (found.pool.account !== context.caller.account) {
    refuse({ code: 'NotAuthorized', action, because: { why: 'pool-of-other-account', pool: id } })
  }
  if (found.ipam.region !== context.region) refuse({ code: 'NotFound', what: 'ipam-pool', id })
  return found
}

async function findOwn(context: ReadContext, id: string): Promise<PoolAt | undefined> {
  const pool = hasShape('pool', id) ? await context.tx.pools.find(id) : undefined
  if (!pool?.scopeId || pool.account !== context.caller.account) return undefined
  const ipam = (await context.tx.ipams.find(pool.ipamId!))!
  if (!isVisibleFrom(context.region, { pool, ipam })) refuse({ code: 'NotFound', what: 'ipam-pool', id })
  return { pool, ipam }
}

/** Amazon: part of the advanced tier alone. */
export function refuseFreeTier(ipam: Ipam, thing: OfAdvancedTier): void {
  if (ipam.tier !== 'free') return
  refuse({
    code: 'NotSupported',
    what: { feature: 'in-free-tier', thing },
    because: { why: 'of-free-tier', ipam: ipam.id },
  })
}

export function refuseLongDescription(description: string | undefined): void {
  if (description === undefined || description.length <= descriptionCharactersMax) return
  refuseValue('description', description, { why: 'characters-max', max: descriptionCharactersMax })
}

/** An empty text takes a description away. */
export const describedAs = (text: string | undefined): string | undefined => (text === '' ? undefined : text)

/** Refuses what would go beyond one of our own bounds. `used` counts what there would be. */
export function refuseTooMany(what: Counted, limit: number, used: number): void {
  if (used > limit) refuse({ code: 'LimitExceeded', what, limit, used: used - 1 })
}

/** The same of what the request itself lists. */
export function refuseTooManyListed(what: Counted, limit: number, used: number): void {
  if (used > limit) refuse({ code: 'LimitExceeded', what, limit, used, isOfRequest: true })
}
