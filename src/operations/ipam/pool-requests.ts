// Pools made and changed by whoever has the right at their owner's: the owner acts, in the home Region of the IPAM.
import { familyText } from '#model/cidr.ts'
import { parseId } from '#model/identifier.ts'
import { isIdLike } from '#model/name.ts'
import { type Refusal, refuse, refuseValue } from '#model/refusal.ts'
import type { Pool } from '#store/tables/pools.ts'
import { refuseMalformed } from '../identifiers.ts'
import type { Place } from '../identity/authority.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { checkLocale } from '../space/request-parts.ts'
import { getOwnPool, type PoolAt } from './access.ts'
import { type Divided, divideAllocation, findDivided } from './divisions.ts'
import { createPool, deletePool, isLeaving, type PoolChanges, type PoolSpec, updatePool } from './pools.ts'
import { readablePools, readableScopes } from './readable.ts'

export interface PoolRequest extends Omit<PoolSpec, 'family' | 'parent' | 'division'> {
  /** It and `family` are needed but inside of an allocation. */
  readonly scopeId?: string | undefined
  readonly family?: 4 | 6 | undefined
  readonly parentPoolId?: string | undefined
  /** The allocation of a network whose block it divides. */
  readonly sourceAllocationId?: string | undefined
  readonly reservedFirst?: number | undefined
  readonly reservedLast?: number | undefined
}

export async function placeOfNewPool(
  context: ReadContext,
  { sourceAllocationId: id, scopeId }: Pick<PoolRequest, 'scopeId' | 'sourceAllocationId'>,
): Promise<Place> {
  if (id !== undefined) return { node: (await getDivided(context, id)).scope.account, absent: absentAllocation(id) }
  if (scopeId === undefined) refuse({ code: 'MissingParameter', field: 'scopeId' })
  return readableScopes.placeOf(context, scopeId)
}

/** Makes a pool in a scope, under another pool, or inside of an allocation. */
export async function makePool(context: WriteContext, request: PoolRequest): Promise<Pool> {
  if (request.locale !== undefined) checkLocale(context, 'locale', request.locale)
  if (request.sourceAllocationId !== undefined) return divide(context, request, request.sourceAllocationId)
  const { scopeId = '', parentPoolId, family, sourceAllocationId: _, reservedFirst, reservedLast, ...spec } = request
  if (family === undefined) refuse({ code: 'MissingParameter', field: 'family' })
  for (const [field, said] of Object.entries({ reservedFirst, reservedLast })) {
    if (said !== undefined) refuseValue(field, said, { why: 'only-inside-reserves' })
  }
  const scope = await readableScopes.get(context, scopeId)
  const owner = context.actingFor(scope.account, scope.region)
  const ipam = (await context.tx.ipams.find(scope.ipamId))!
  const parent = parentPoolId === undefined ? undefined : (await getOwnPool(owner, parentPoolId, 'ipam:manage')).pool
  return createPool(owner, { scope, ipam }, { ...spec, family, ...(parent && { parent }) })
}

export async function changePool(context: WriteContext, id: string, changes: PoolChanges): Promise<Pool> {
  const { owner, ...poolAt } = await poolOfOwner(context, id)
  return updatePool(owner, poolAt, changes)
}

export async function dropPool(
  context: WriteContext,
  id: string,
  options: Parameters<typeof deletePool>[2],
): Promise<void> {
  const { owner, ...poolAt } = await poolOfOwner(context, id)
  await deletePool(owner, poolAt, options)
}

interface PoolOfOwner extends PoolAt {
  readonly owner: WriteContext
}
/** A pool that is changed by its owner, in the home Region of its IPAM. */
export async function poolOfOwner(context: WriteContext, id: string): Promise<PoolOfOwner> {
  // What the same run has deleted is not there any more.
  if (isLeaving(context, id)) await context.catchUp()
  const pool = await readablePools.get(context, id)
  const ipam = (await context.tx.ipams.find(pool.ipamId!))!
  return { pool, ipam, owner: context.actingFor(pool.account, ipam.region) }
}

const absentAllocation = (id: string): Refusal => ({ code: 'NotFound', what: 'ipam-pool-allocation', id })
/** What a pool is to divide; what is from no pool of an IPAM is to nobody else than absent. */
async function getDivided(context: ReadContext, id: string): Promise<Divided> {
  refuseMalformed('allocation', id)
  const n = parseId('allocation', context.tx.installation, id)
  const allocation = n === undefined ? undefined : await context.tx.allocations.find(n)
  return (allocation && (await findDivided(context, allocation))) ?? refuse(absentAllocation(id))
}

/** Makes the pool that divides an allocation, which has most of what it is from there. */
async function divide(context: WriteContext, request: PoolRequest, source: string): Promise<Pool> {
  const { sourceAllocationId: _, scopeId, family, parentPoolId, sourceVpcId, awsService, ...others } = request
  const { publicIpSource, publiclyAdvertisable, reservedFirst, reservedLast, ...spec } = others
  const divided = await getDivided(context, source)
  const { scope, allocation } = divided
  const is: Readonly<Record<string, readonly [unknown, unknown]>> = {
    scopeId: [scopeId, scope.id],
    family: [family && familyText(family), familyText(allocation.cidr.family)],
    parentPoolId: [parentPoolId, undefined],
    sourceVpcId: [sourceVpcId, undefined],
    awsService: [awsService, divided.outer.awsService],
    publicIpSource: [publicIpSource, divided.outer.publicIpSource],
    publiclyAdvertisable: [publiclyAdvertisable, undefined],
  }
  for (const [field, [said, own]] of Object.entries(is)) {
    if (said === undefined || said === own) continue
    refuseValue(field, String(said), { why: 'has-it-from-there' })
  }
  const isSaid = reservedFirst !== undefined || reservedLast !== undefined
  return divideAllocation(
    context.actingFor(scope.account, scope.region),
    divided,
    spec,
    isSaid ? { first: reservedFirst ?? 0, last: reservedLast ?? 0 } : undefined,
  )
}

/** As somebody writes them in a list: nothing of it has been checked. */
type Written = Readonly<Record<string, unknown>>
const textsOf = (requests: readonly Written[], member: string): readonly string[] =>
  requests.flatMap(({ [member]: value }) => (typeof value === 'string' ? [value] : []))

/** In a run of new pools: what goes by their names where they are to be. */
export async function readAheadOfMaking({ tx }: WriteContext, requests: readonly Written[]): Promise<void> {
  const byPlace = Map.groupBy(requests, ({ parentPoolId, scopeId }) => parentPoolId ?? scopeId)
  for (const [place, inIt] of byPlace) {
    if (typeof place === 'string' && isIdLike(place)) await tx.tags.readAlike('ipam-pool', place, textsOf(inIt, 'name'))
  }
}
/** In a run of pools that are to go: their rows, and what would keep them. */
export const readAheadOfDropping = ({ tx }: WriteContext, requests: readonly Written[]): Promise<void> =>
  tx.pools.readAhead(textsOf(requests, 'poolId'))
