// Elastic IPs: allocated as policy says, released into quarantine, associated with what stands behind them.
import { assert } from '#model/assert.ts'
import { bitsOf, type Cidr } from '#model/cidr.ts'
import { formatId, parseId } from '#model/identifier.ts'
import { type AllocationRequest, provider } from '#model/policy/decision.ts'
import { mayUsePool, resolve } from '#model/policy/resolve.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import type { Tag } from '#model/tags.ts'
import type { AddressAssociation } from '#store/tables/addresses.ts'
import type { Allocation } from '#store/tables/holdings.ts'
import type { Pool } from '#store/tables/pools.ts'
import { type ReadRows, readFrom } from '../listing.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { putTags } from '../organization/tagging.ts'
import { getUsablePool, grant, release } from './grant.ts'
import { beginState } from './tenures.ts'

const resourceType = 'eip'
export const addressFamily = 4
/** Of associations in the history. */
const associationKind = 'address-association'

export interface ElasticIpParams {
  /** From this pool; without one, policy chooses. */
  readonly poolId?: string
  /** The space of the provider is named, as a pool would be; not every API has a name for it. */
  readonly isOfProvider?: boolean
  /** Exactly this address. */
  readonly address?: Cidr
  readonly description?: string
  readonly tags?: readonly Tag[]
}

/** Takes an Elastic IP for the caller in this Region. */
export async function takeElasticIp(
  context: WriteContext,
  { poolId, isOfProvider = false, address, description, tags = [] }: ElasticIpParams,
): Promise<{ readonly id: string; readonly allocation: Allocation; readonly pool: Pool }> {
  assert(!address || address.length === bitsOf(addressFamily), 'an Elastic IP is one IPv4 address')
  if (poolId !== undefined) await checkPoolHere(context, poolId)
  const lost = address && poolId === undefined && !isOfProvider ? await poolOfLost(context, address) : undefined
  const from = isOfProvider ? provider : (poolId ?? lost)
  const request: AllocationRequest = {
    account: context.caller.account,
    locale: context.region,
    resourceType,
    family: addressFamily,
    scopeType: 'public',
    ...(from === undefined && address === undefined ? {} : { explicit: { pool: from, cidr: address } }),
    ...(tags.length === 0 ? {} : { tags: new Map(tags.map(({ key, value }) => [key, value])) }),
  }
  const { allocation, pool } = await grant(context, request, { resourceType, description }, { whenFull: 'capacity' })
  assert(allocation !== undefined && pool !== undefined, 'public space is always taken from a pool')
  const id = elasticIpIdOf(context, allocation)
  await putTags(context, { id, type: 'elastic-ip', account: context.caller.account }, tags)
  context.changed(id)
  return { id, allocation, pool }
}

/** Gives an Elastic IP back that nothing uses. */
export async function releaseElasticIp(context: WriteContext, address: Allocation): Promise<void> {
  const association = await context.tx.addresses.associationOf(address.n)
  if (association?.serviceManaged) refuseServiceManaged(context, address, association)
  if (association) {
    refuse({
      code: 'InUse',
      what: 'elastic-ip',
      id: elasticIpIdOf(context, address),
      problem: { why: 'is-associated', association: association.associationId },
    })
  }
  await release(context, address)
  context.changed(elasticIpIdOf(context, address))
}

/** What stands behind an Elastic IP. */
export type AssociationTarget = Omit<AddressAssociation, 'allocation' | 'associationId'>

/**
 * Associates an Elastic IP with what stands behind it from now on; the association's id. Asked again for the same, nothing changes.
 * @param mayMove whether it may go from what it is associated with
 */
export async function associateElasticIp(
  context: WriteContext,
  address: Allocation,
  target: AssociationTarget,
  { mayMove }: { readonly mayMove: boolean },
): Promise<string> {
  const current = await context.tx.addresses.associationOf(address.n)
  if (current?.serviceManaged) refuseServiceManaged(context, address, current)
  if (current && isSameTarget(current, target)) return current.associationId
  if (current) {
    if (!mayMove || current.natGatewayId) {
      const user = (current.natGatewayId ?? current.instanceId ?? current.networkInterfaceId)!
      const problem = { why: 'associated-with', user } as const
      refuse({ code: 'AlreadyAssociated', what: 'elastic-ip', id: elasticIpIdOf(context, address), problem })
    }
    await recordAssociation(context, address, current.associationId, undefined)
  }
  await beginState(context, address, address.description)
  if (current) await context.tx.addresses.disassociate(address.n)
  const associationId = context.newId('addressAssociation')
  await context.tx.addresses.associate({ allocation: address.n, associationId, ...target })
  await recordAssociation(context, address, associationId, target)
  return associationId
}

/** Ends an association of the caller's Elastic IP. */
export async function disassociateElasticIp(context: WriteContext, association: AddressAssociation): Promise<void> {
  const { associationId, natGatewayId, serviceManaged } = association
  const address = await findOwn(context, association.allocation)
  if (!address) refuse({ code: 'NotFound', what: 'association', id: associationId })
  if (serviceManaged) refuseServiceManaged(context, address, association)
  if (natGatewayId) {
    const problem = { why: 'used-by-nat-gateway', gateway: natGatewayId } as const
    refuse({ code: 'InUse', what: 'elastic-ip', id: elasticIpIdOf(context, address), problem })
  }
  await beginState(context, address, address.description)
  await context.tx.addresses.disassociate(association.allocation)
  await recordAssociation(context, address, associationId, undefined)
}

// Finding ------------------------------------------------------------------------------------------------------------

/** The Elastic IP that an allocation stands for; `undefined` unless it is the caller's, in the caller's Region. */
export async function findElasticIp(context: ReadContext, id: string): Promise<Allocation | undefined> {
  const n = parseId('address', context.tx.installation, id)
  return n === undefined ? undefined : findOwn(context, n)
}
export async function getElasticIp(context: ReadContext, id: string): Promise<Allocation> {
  return (await findElasticIp(context, id)) ?? refuse({ code: 'NotFound', what: 'elastic-ip', id })
}
/** The caller's Elastic IP at an address. */
export async function findElasticIpAt(context: ReadContext, address: Cidr): Promise<Allocation | undefined> {
  return (await context.tx.allocations.allAt(address)).find((candidate) => isOwn(context, candidate))
}

/** An Elastic IP is its allocation under another name. */
export const elasticIpIdOf = ({ tx }: ReadContext, { n }: Pick<Allocation, 'n'>): string =>
  formatId('address', tx.installation, n)

async function findOwn(context: ReadContext, n: number): Promise<Allocation | undefined> {
  const allocation = await context.tx.allocations.find(n)
  return allocation && isOwn(context, allocation) ? allocation : undefined
}
const isOwn = ({ caller, region }: ReadContext, allocation: Allocation): boolean =>
  allocation.resourceType === resourceType && allocation.account === caller.account && allocation.region === region

/** In order of creation. */
export const placeOfElasticIp = ({ n }: Allocation): string => String(n)
/** Those that were named, or all of the caller's in this Region. */
export const elasticIpsOf = (
  { tx, caller, region }: ReadContext,
  named: readonly Allocation[] | undefined,
): ReadRows<Allocation> =>
  named
    ? readFrom(
        named.toSorted((a, b) => a.n - b.n),
        ({ n }, place) => n > Number(place),
      )
    : (after = '0', limit) =>
        tx.allocationLists.ofAccount(caller.account, Number(after), limit, { resourceType, region })

/** An Elastic IP with what belongs to it. */
export interface DescribedElasticIp {
  readonly id: string
  readonly allocation: Allocation
  /** Undefined: it is of the provider's space. */
  readonly pool: string | undefined
  readonly association: AddressAssociation | undefined
  readonly tags: readonly Tag[]
}
export async function describeElasticIps(
  context: ReadContext,
  allocations: readonly Allocation[],
): Promise<readonly DescribedElasticIp[]> {
  const { addresses, pools, tags: allTags } = context.tx
  const associations = await addresses.associationsOf(allocations.map(({ n }) => n))
  const ids = allocations.map((allocation) => elasticIpIdOf(context, allocation))
  const tags = await allTags.ofMany(ids)
  const poolIds = await pools.idsOfIpams(allocations.map(({ pool }) => pool))
  return allocations.map((allocation, index) => ({
    id: ids[index]!,
    allocation,
    pool: poolIds.get(allocation.pool),
    association: associations.get(allocation.n),
    tags: tags.get(ids[index]!) ?? [],
  }))
}

/** What an address is associated with. */
export const findAssociationOf = ({ tx }: ReadContext, { n }: Allocation): Promise<AddressAssociation | undefined> =>
  tx.addresses.associationOf(n)
/** By its id; undefined where it was the caller's and has ended. */
export async function findAssociation(context: ReadContext, id: string): Promise<AddressAssociation | undefined> {
  const association = await context.tx.addresses.association(id)
  if (association) return association
  const ended = await context.tx.history.latest(id)
  if (ended?.kind === associationKind && ended.account === context.caller.account) return undefined
  return refuse({ code: 'NotFound', what: 'association', id })
}

// Where from ---------------------------------------------------------------------------------------------------------

/** The pool must serve this Region: as in EC2, space is taken in the pool's locale. */
async function checkPoolHere(context: WriteContext, id: string): Promise<void> {
  const pool = await getUsablePool(context, id)
  if (pool.family !== addressFamily) {
    refuseValue('poolId', id, { why: 'needs-ipv4-pool' })
  }
  if (pool.locale === context.region) return
  refuseValue('poolId', id, { why: 'pool-elsewhere', locale: pool.locale, region: context.region })
}

/**
 * Where an address lies that its caller released by mistake and now wants back by the address alone: nobody remembers the pool
 * then. Undefined where a policy applies, which says itself where addresses come from, where somebody else had the address
 * last, and where the caller may not use the pool any more.
 */
async function poolOfLost(context: WriteContext, address: Cidr): Promise<string | undefined> {
  const snapshot = await context.snapshot()
  const { account } = context.caller
  if (resolve(snapshot, 'enforce', account, { locale: context.region, resourceType }).document) return undefined
  const last = await context.tx.tenures.lastEnded(address)
  if (last?.account !== account || last.resource_type !== resourceType) return undefined
  const pool = await context.tx.pools.findByNumber(last.pool)
  const isUsable = pool?.scopeId !== undefined && pool.locale === context.region
  return isUsable && mayUsePool(snapshot, account, pool.id, context.now) ? pool.id : undefined
}

// Associations -------------------------------------------------------------------------------------------------------

/** Keeps with what an address is associated; undefined: with nothing any more. */
async function recordAssociation(
  context: WriteContext,
  address: Allocation,
  associationId: string,
  target: object | undefined,
): Promise<void> {
  const allocationId = elasticIpIdOf(context, address)
  await context.tx.history.changed(
    { id: associationId, kind: associationKind, account: address.account },
    target && { associationId, allocationId, ...target },
  )
  context.changed(allocationId)
}

const isSameTarget = (current: AddressAssociation, target: AssociationTarget): boolean =>
  current.instanceId === target.instanceId &&
  current.networkInterfaceId === target.networkInterfaceId &&
  (target.privateIp === undefined || current.privateIp === target.privateIp)

function refuseServiceManaged(context: ReadContext, address: Allocation, association: AddressAssociation): never {
  refuse({
    code: 'InUse',
    what: 'elastic-ip',
    id: elasticIpIdOf(context, address),
    problem: { why: 'managed-by', manager: (association.natGatewayId ?? association.serviceManaged)! },
  })
}
