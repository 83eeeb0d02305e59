// Networks inside of networks: a pool that divides an allocation, so that a network holds subnets and a subnet holds hosts.
import { equals, formatCidr, sizeOf } from '#model/cidr.ts'
import { formatId } from '#model/identifier.ts'
import { canBeDivided, reservedEndMax, reservedEnds } from '#model/policy/nesting.ts'
import { findResourceType, type ReservedEnds, type ResourceType } from '#model/policy/resource-types.ts'
import { poolDepthMax } from '#model/pool.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import type { Allocation } from '#store/tables/holdings.ts'
import type { Ipam, Scope } from '#store/tables/ipams.ts'
import type { Pool } from '#store/tables/pools.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { isOwnNetwork } from '../space/own-networks.ts'
import { reservedType } from '../space/reserved.ts'
import { provisionPoolCidr } from './pool-cidrs.ts'
import { createPool, type PoolSpec } from './pools.ts'
import { readUtilizations } from './utilization.ts'

/** A pool that divides an allocation lies where the pool lies that the allocation is from, and belongs to the same owner. */
export interface Divided {
  readonly allocation: Allocation
  readonly outer: Pool
  readonly scope: Scope
  readonly ipam: Ipam
}

/** What is not said it has of the pool that the allocation is from. */
type DividingSpec = Omit<PoolSpec, 'awsService' | 'division' | 'family' | 'parent' | 'publicIpSource' | 'sourceVpcId'>

/** What an allocation can be divided by; undefined where it is from no pool of an IPAM. */
export async function findDivided({ tx }: ReadContext, allocation: Allocation): Promise<Divided | undefined> {
  const outer = await tx.pools.findByNumber(allocation.pool)
  const scope = outer?.scopeId === undefined ? undefined : await tx.ipams.findScope(outer.scopeId)
  const ipam = scope && (await tx.ipams.find(scope.ipamId))
  return outer && scope && ipam && { allocation, outer, scope, ipam }
}

/**
 * Makes the pool that divides an allocation, with the allocation's block in it; whoever holds the allocation may use it, unless
 * the spec says who.
 * @param context acts for the owner of the pool that the allocation is from
 * @param said how many addresses the pool reserves, where the type lets it say so
 */
export async function divideAllocation(
  context: WriteContext,
  divided: Divided,
  spec: DividingSpec,
  said?: ReservedEnds,
): Promise<Pool> {
  const { allocation, outer, scope, ipam } = divided
  const { installation } = context.tx
  const id = formatId('allocation', installation, allocation.n)
  if (isOwnNetwork(installation, allocation)) {
    if (allocation.resourceType !== 'vpc') {
      const because = { why: 'gives-out-itself', network: allocation.resourceId! } as const
      refuse({ code: 'NotSupported', what: { feature: 'dividing', id }, because })
    }
    return planVpc(context, divided, spec)
  }
  if (outer.sourceResource) {
    const because = { why: 'space-planned-inside', network: outer.sourceResource.id } as const
    refuse({ code: 'NotSupported', what: { feature: 'dividing', id }, because })
  }
  const type = findResourceType(allocation.resourceType, (await context.snapshot()).resourceTypes)
  if (!type || !canBeDivided(type)) {
    refuseValue('sourceAllocationId', id, { why: 'no-network', resourceType: allocation.resourceType })
  }
  const existing = (await context.tx.pools.dividing([allocation.n])).get(allocation.n)
  if (existing) refuseValue('sourceAllocationId', id, { why: 'divided-already', pool: existing.id })
  if (outer.depth >= poolDepthMax) {
    refuseValue('sourceAllocationId', id, { why: 'nested-too-deep', max: poolDepthMax })
  }
  refuseUnfitEnds(type, allocation, said)
  const reserved = reservedEnds(type, allocation.cidr, said)
  const inside = { ...specInside(divided, spec), division: { allocation, outer, reserved } }
  const pool = await createPool(context, { scope, ipam }, inside)
  await provisionPoolCidr(context, { pool, ipam }, { cidr: allocation.cidr }, 'ipam:manage')
  return pool
}

/** A VPC of the EC2 API's has its own kind of pool. */
async function planVpc(context: WriteContext, divided: Divided, spec: DividingSpec): Promise<Pool> {
  const { allocation, scope, ipam } = divided
  const sourceVpcId = allocation.resourceId!
  for (const { n, id } of await context.tx.pools.planning(sourceVpcId)) {
    if (
      !(await context.tx.pools.cidrs(n)).some(
        ({ cidr, state }) => state !== 'failed-provision' && equals(cidr, allocation.cidr),
      )
    )
      continue
    const source = formatId('allocation', context.tx.installation, allocation.n)
    refuseValue('sourceAllocationId', source, { why: 'divided-already', pool: id })
  }
  const pool = await createPool(context, { scope, ipam }, { ...specInside(divided, spec), sourceVpcId })
  await provisionPoolCidr(context, { pool, ipam }, { cidr: allocation.cidr }, 'ipam:manage')
  return pool
}

const specInside = ({ allocation, outer }: Divided, spec: DividingSpec): PoolSpec => ({
  ...spec,
  family: allocation.cidr.family,
  locale: spec.locale ?? outer.locale ?? allocation.region,
  awsService: outer.awsService,
  publicIpSource: outer.publicIpSource,
  sharedWith: spec.sharedWith ?? (allocation.account === outer.account ? [] : [allocation.account]),
  avoidsObserved: spec.avoidsObserved ?? outer.avoidsObserved,
  quarantineSeconds: spec.quarantineSeconds === undefined ? outer.quarantineSeconds : spec.quarantineSeconds,
})

/**
 * What is directly inside of a network: the first that others have of it, or pools below, in address order, and how many there
 * are in all. What it reserves is not among them.
 */
export async function readInside(
  context: ReadContext,
  pool: Pool,
  limit: number,
): Promise<{ readonly items: readonly Allocation[]; readonly count: number }> {
  const count = (await readUtilizations(context, [pool])).get(pool.n)!.allocations
  const rows = count === 0 ? [] : await context.tx.allocations.ofPool(pool.n, undefined, limit + 2 * reservedEndMax)
  return { items: rows.filter(({ resourceType }) => resourceType !== reservedType).slice(0, limit), count }
}

function refuseUnfitEnds(type: ResourceType, { cidr }: Allocation, said: ReservedEnds | undefined): void {
  if (!said) return
  const value = `${said.first}, ${said.last}`
  if (type.reserved && !type.isReservedByCustom) {
    const usual = type.reserved[cidr.family] ?? { first: 0, last: 0 }
    refuseValue('reservedFirst', value, { why: 'ends-of-type', resourceType: type.name, ...usual })
  }
  if (said.first > reservedEndMax || said.last > reservedEndMax) {
    refuseValue('reservedFirst', value, { why: 'too-many-ends', max: reservedEndMax })
  }
  if (BigInt(said.first + said.last) > sizeOf(cidr)) {
    refuseValue('reservedFirst', value, {
      why: 'more-than-all',
      cidr: formatCidr(cidr),
      addresses: String(sizeOf(cidr)),
    })
  }
}
