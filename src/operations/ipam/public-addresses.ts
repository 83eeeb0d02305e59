// Public addresses that a discovery finds in a Region: Elastic IPs of the register with what uses them, and what sources observe that
// the register has not.

import type { Cidr } from '#model/cidr.ts'
import type { PoolFacts } from '#model/policy/snapshot.ts'
import type { Tag } from '#model/tags.ts'
import type { Awaitable } from '#store/sql.ts'
import type { AddressAssociation } from '#store/tables/addresses.ts'
import type { Discovery } from '#store/tables/discoveries.ts'
import { type Page, type PageAsked, readSlicedPage } from '../listing.ts'
import type { ReadContext } from '../operation.ts'
import { type DiscoveredCidr, type DiscoveredRow, readDiscovered, seeingIn, seenBounds } from './discovered.ts'
import { sampledAt } from './discovered-lists.ts'

/** What runs it for the account, where something does. */
export type AddressService = 'nat-gateway' | 'load-balancer' | 'database'

export interface PublicAddress {
  readonly address: Cidr
  readonly account: string
  readonly region: string
  /** Undefined: it is no Elastic IP. */
  readonly allocationId: string | undefined
  /** Whose space it is of. */
  readonly ipSource: 'provider' | 'contiguous' | 'byoip'
  readonly isInUse: boolean
  /** It came with what uses it, and goes with that. */
  readonly isManaged: boolean
  readonly service: AddressService | undefined
  readonly serviceResource: string | undefined
  readonly vpcId: string | undefined
  readonly subnetId: string | undefined
  readonly poolId: string | undefined
  readonly networkInterfaceId: string | undefined
  readonly instanceId: string | undefined
  readonly tags: readonly Tag[]
  readonly sampledAt: number
}

/** The public addresses of a Region, those of the register first. */
export async function listPublicAddresses<Item>(
  context: ReadContext,
  discovery: Discovery,
  region: string,
  asked: PageAsked<string>,
  show: (addresses: readonly (PublicAddress | undefined)[]) => Awaitable<readonly (Item | undefined)[]>,
): Promise<Page<Item, string>> {
  const seeing = seeingIn(discovery, region)
  const kinds = ['eip', 'public-address'] as const
  return readSlicedPage<DiscoveredRow, Item>(context, asked, {
    readSlice: (after, limit) => readDiscovered(context, seeing, { kinds }, after, limit),
    placeOf: ({ place }) => place,
    bounds: seenBounds,
    async show(rows) {
      const described = await describeAddresses(
        context,
        rows.flatMap(({ found }) => found ?? []),
      )
      const all = described.values()
      return show(rows.map(({ found }) => (found ? all.next().value : undefined)))
    },
  })
}

async function describeAddresses(
  context: ReadContext,
  found: readonly DiscoveredCidr[],
): Promise<readonly PublicAddress[]> {
  const { tx } = context
  const snapshot = await context.snapshot()
  const numbers = found.flatMap(({ allocation }) => allocation ?? [])
  const allocations = new Map((await tx.allocations.some(numbers)).map((one) => [one.n, one]))
  const pools = new Map(
    (await tx.pools.some([...new Set([...allocations.values()].map(({ pool }) => pool))])).map(({ n, id }) => [n, id]),
  )
  const associations = await tx.addresses.associationsOf(numbers)
  const tags = await tx.tags.ofMany(found.flatMap(({ resourceId, observed }) => (observed ? [] : [resourceId])))
  const subnets = new Map(
    (await tx.vpcs.someSubnets([...associations.values()].flatMap(({ subnetId }) => subnetId ?? []))).map((one) => [
      one.id,
      one,
    ]),
  )
  return found.map((one) => {
    if (one.observed) return ofObserved(context, one, one.observed)
    const pool = snapshot.pools.get(pools.get(allocations.get(one.allocation!)?.pool ?? -1) ?? '')
    const association = associations.get(one.allocation!)
    const service = serviceOf(association)
    return {
      address: one.cidr,
      account: one.account,
      region: one.region,
      allocationId: one.resourceId,
      ipSource: sourceOf(pool),
      isInUse: association !== undefined,
      isManaged: association?.serviceManaged !== undefined,
      service,
      serviceResource: service && association?.natGatewayId,
      vpcId: subnets.get(association?.subnetId ?? '')?.vpcId,
      subnetId: association?.subnetId,
      poolId: pool?.id,
      networkInterfaceId: association?.networkInterfaceId,
      instanceId: association?.instanceId,
      tags: tags.get(one.resourceId) ?? [],
      sampledAt: sampledAt(context, one),
    }
  })
}

const sourceOf = (pool: PoolFacts | undefined): PublicAddress['ipSource'] =>
  pool === undefined ? 'provider' : pool.publicIpSource === 'amazon' ? 'contiguous' : 'byoip'

const managedServices = {
  alb: 'load-balancer',
  nlb: 'load-balancer',
  rnat: 'nat-gateway',
  rds: 'database',
} as const satisfies Readonly<Record<string, AddressService>>
function serviceOf(association: AddressAssociation | undefined): AddressService | undefined {
  if (association?.natGatewayId !== undefined) return 'nat-gateway'
  return association?.serviceManaged && managedServices[association.serviceManaged]
}

const observedServices: Readonly<Record<string, AddressService>> = {
  'nat-gateway': 'nat-gateway',
  'load-balancer': 'load-balancer',
  database: 'database',
}
function ofObserved(
  context: ReadContext,
  one: DiscoveredCidr,
  { observation }: NonNullable<DiscoveredCidr['observed']>,
): PublicAddress {
  const { body, kind, id } = observation
  const service = observedServices[kind]
  const isElasticIp = one.kind === 'eip'
  return {
    address: one.cidr,
    account: one.account,
    region: one.region,
    allocationId: isElasticIp ? id : undefined,
    // Only what is of a pool says so.
    ipSource: isElasticIp && body.parent !== undefined ? 'byoip' : 'provider',
    isInUse: !isElasticIp || body.state === 'in-use',
    isManaged: !isElasticIp && service !== undefined,
    service,
    serviceResource: service && (body.parent ?? id),
    vpcId: undefined,
    subnetId: undefined,
    poolId: isElasticIp ? body.parent : undefined,
    networkInterfaceId: id.startsWith('eni-') ? id : undefined,
    instanceId: undefined,
    tags: isElasticIp ? Object.entries(body.tags).map(([key, value]) => ({ key, value })) : [],
    sampledAt: sampledAt(context, one),
  }
}
