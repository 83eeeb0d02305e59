// What can be done with NAT gateways: records of who sends traffic from which addresses. Their addresses are taken, or checked, as policy says.
import { type Cidr, contains, formatAddress, formatCidr, lastAddress, parseAddress } from '#model/cidr.ts'
import { provider } from '#model/policy/decision.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import type { Tag } from '#model/tags.ts'
import type { Allocation } from '#store/tables/holdings.ts'
import type { NatGateway, NatGatewayAddress } from '#store/tables/nat-gateways.ts'
import type { Subnet } from '#store/tables/vpcs.ts'
import { refuseMalformed } from '../identifiers.ts'
import { type ReadRows, readById } from '../listing.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { putTags } from '../organization/tagging.ts'
import { elasticIpIdOf, getElasticIp } from '../space/addresses.ts'
import { authorizeHeldAddress, grant, release } from '../space/grant.ts'
import { beginState } from '../space/tenures.ts'
import { reservedIn } from './reservations.ts'
import { getSubnet, reservedAtEnd, reservedAtStart } from './subnets.ts'
import { getVpc } from './vpcs.ts'
import { type Zone, zonesOf } from './zones.ts'

/** AWS: a zonal gateway has up to 8 addresses, a private one up to 32, a regional one up to 32 in each zone. */
const publicAddressesMax = 8
const privateAddressesMax = 32
const zoneAddressesMax = 32
/** What one request looks through for a free address are those of so many. */
const natGatewaysOfSubnetMax = 200

export interface RegionalSpec {
  /** A VPC of the caller. */
  readonly vpcId: string
  /** The Elastic IPs that it gets in each zone, every zone once. Without any, the gateway takes addresses itself. */
  readonly zones: readonly { readonly zone: Zone; readonly elasticIpIds: readonly string[] }[]
  readonly tags?: readonly Tag[]
}

export interface ZonalSpec {
  /** A subnet of the caller. */
  readonly subnetId: string
  /** What it has, its primary address first: Elastic IPs where it is public, and else a number of private addresses. */
  readonly addresses:
    | { readonly connectivity: 'public'; readonly elasticIpIds: readonly string[] }
    | { readonly connectivity: 'private'; readonly count: number }
  /** Of these addresses, in their order; undefined where the caller leaves the choice. */
  readonly privateIps: readonly (string | undefined)[]
  readonly tags?: readonly Tag[]
}

/** Addresses that a gateway is to have beside those that it has. */
export interface AddressesSpec {
  /** Of a regional gateway, and of no other. */
  readonly zone?: Zone
  readonly elasticIpIds: readonly string[]
  /** One for each, or none. */
  readonly privateIps?: readonly string[]
}

/** A gateway with all that belongs to it. */
export interface NatGatewayState {
  readonly gateway: NatGateway
  readonly addresses: readonly NatGatewayAddress[]
  readonly tags: readonly Tag[]
}

/** Makes a public gateway for a whole VPC. */
export async function createRegionalNatGateway(context: WriteContext, spec: RegionalSpec): Promise<NatGatewayState> {
  return make(context, await planRegional(context, spec), spec.tags)
}

/** Makes a gateway in a subnet. */
export async function createZonalNatGateway(context: WriteContext, spec: ZonalSpec): Promise<NatGatewayState> {
  return make(context, await planZonal(context, spec), spec.tags)
}

async function make(
  context: WriteContext,
  { places, ...plan }: Plan,
  tags: readonly Tag[] = [],
): Promise<NatGatewayState> {
  const gateway: NatGateway = {
    ...plan,
    id: context.newId('natGateway'),
    account: context.caller.account,
    region: context.region,
    routeTableId: plan.availabilityMode === 'regional' ? context.newId('routeTable') : undefined,
    createdAt: context.now,
    deletedAt: undefined,
  }
  await context.tx.natGateways.insert(gateway)
  for (const [index, place] of places.entries()) {
    await addAddress(context, gateway, place, tags, gateway.availabilityMode === 'zonal' && index === 0)
  }
  await putTags(context, { id: gateway.id, type: 'natgateway', account: gateway.account }, tags)
  return recordChange(context, gateway)
}

/** Deletes a gateway. What it took it gives back; a customer's addresses are let go. */
export async function deleteNatGateway(context: WriteContext, gateway: NatGateway): Promise<void> {
  for (const address of await context.tx.natGateways.addresses(gateway.id)) await freeAddress(context, address)
  await context.tx.natGateways.markDeleted(gateway.id)
  await context.tx.tags.removeAll(gateway.id)
  await context.tx.history.changed({ id: gateway.id, kind: 'nat-gateway', account: gateway.account }, undefined)
  context.changed(gateway.id)
}

/** Gives a public gateway more addresses, and answers these. */
export async function associateAddresses(
  context: WriteContext,
  gateway: NatGateway,
  spec: AddressesSpec,
): Promise<readonly NatGatewayAddress[]> {
  if (gateway.connectivity === 'private') {
    refuse({ code: 'NotEligible', problem: { why: 'private-gateway', gateway: gateway.id } })
  }
  refuseIfAutomatic(gateway)
  const addresses = await context.tx.natGateways.addresses(gateway.id)
  const places =
    gateway.subnetId === undefined
      ? await placesInZone(context, spec, addresses)
      : await placesInSubnet(context, spec, await getSubnet(context, gateway.subnetId), addresses)

  const tags = await context.tx.tags.of(gateway.id)
  const added: NatGatewayAddress[] = []
  for (const place of places) added.push(await addAddress(context, gateway, place, tags, false))
  await recordChange(context, gateway)
  return added
}

/** Takes addresses away from a gateway that keeps at least its primary one, and answers what they were. */
export async function disassociateAddresses(
  context: WriteContext,
  gateway: NatGateway,
  associationIds: readonly string[],
): Promise<readonly NatGatewayAddress[]> {
  const addresses = await context.tx.natGateways.addresses(gateway.id)
  const leaving = [...new Set(associationIds)].map(
    (id) =>
      addresses.find((address) => address.associationId === id && address.allocation !== undefined) ??
      refuse({ code: 'NotFound', what: 'association', id }),
  )
  refuseIfAutomatic(gateway)
  const primary = leaving.find(({ isPrimary }) => isPrimary)
  if (primary) {
    const { associationId: association } = primary
    const problem = { why: 'primary-address', gateway: gateway.id, association } as const
    refuse({ code: 'NotEligible', problem })
  }
  if (leaving.length === addresses.length) {
    refuse({ code: 'NotEligible', problem: { why: 'left-without-address', gateway: gateway.id } })
  }
  for (const address of leaving) {
    await freeAddress(context, address)
    await context.tx.natGateways.deleteAddress(address.associationId)
  }
  await recordChange(context, gateway)
  return leaving
}

/** Keeps the gateway with its new tags. */
export async function recordNatGateway(context: WriteContext, id: string): Promise<void> {
  const gateway = (await context.tx.natGateways.find(id))!
  if (gateway.deletedAt === undefined) await recordChange(context, gateway)
}

/** Puts the gateway as it is now into the history, and into the audit entry. */
async function recordChange(context: WriteContext, gateway: NatGateway): Promise<NatGatewayState> {
  const { natGateways, tags: allTags, history, installation } = context.tx
  const addresses = await natGateways.addresses(gateway.id)
  const tags = await allTags.of(gateway.id)
  const object = { id: gateway.id, kind: 'nat-gateway', account: gateway.account }
  await history.changed(object, natGateways.forHistory(gateway, { addresses, tags, installation }))
  context.changed(gateway.id)
  return { gateway, addresses, tags }
}

// Finding ------------------------------------------------------------------------------------------------------------

export async function getNatGateway(context: ReadContext, id: string): Promise<NatGateway> {
  refuseMalformed('natGateway', id)
  const gateway = await context.tx.natGateways.find(id)
  const isOwn = gateway?.account === context.caller.account && gateway.region === context.region
  return isOwn ? gateway : refuse({ code: 'NotFound', what: 'nat-gateway', id })
}
/** A deleted gateway can still be described, and nothing else. */
export async function getLivingNatGateway(context: ReadContext, id: string): Promise<NatGateway> {
  const gateway = await getNatGateway(context, id)
  return gateway.deletedAt === undefined ? gateway : refuse({ code: 'NotFound', what: 'nat-gateway', id })
}

// Planning -----------------------------------------------------------------------------------------------------------

/** Where one address of a gateway stands, and what it is; nothing but a zone where the gateway is to take one itself. */
interface Place {
  readonly zone: Zone
  readonly elasticIp?: Allocation
  readonly privateIp?: string
}
type Plan = Pick<NatGateway, 'vpcId' | 'subnetId' | 'connectivity' | 'availabilityMode' | 'isAutomatic'> & {
  readonly places: readonly Place[]
}

async function planRegional(context: WriteContext, { vpcId, zones }: RegionalSpec): Promise<Plan> {
  const vpc = await getVpc(context, vpcId)
  const places: Place[] = []
  const elasticIps = await getFreeElasticIps(
    context,
    zones.flatMap(({ elasticIpIds }) => elasticIpIds),
  )
  for (const { zone, elasticIpIds } of zones) {
    refuseTooMany(elasticIpIds.length, zoneAddressesMax)
    for (const id of elasticIpIds) places.push({ zone, elasticIp: elasticIps.get(id) })
  }
  const isAutomatic = zones.length === 0
  if (isAutomatic) for (const zone of await zonesInUse(context, vpc.id)) places.push({ zone })
  return {
    vpcId: vpc.id,
    subnetId: undefined,
    connectivity: 'public',
    availabilityMode: 'regional',
    isAutomatic,
    places,
  }
}

/** The zones in which the VPC has a subnet; the Region's first one where it has none. */
async function zonesInUse(context: ReadContext, vpcId: string): Promise<readonly Zone[]> {
  const used = new Set(await context.tx.vpcs.zonesOf(vpcId))
  const zones = zonesOf(context)
  const inUse = zones.filter(({ id }) => used.has(id))
  return inUse.length > 0 ? inUse : zones.slice(0, 1)
}

async function planZonal(context: WriteContext, { subnetId, addresses, privateIps }: ZonalSpec): Promise<Plan> {
  const { connectivity } = addresses
  const ids = connectivity === 'public' ? addresses.elasticIpIds : []
  const count = connectivity === 'public' ? ids.length : addresses.count
  refuseTooMany(count, connectivity === 'public' ? publicAddressesMax : privateAddressesMax)

  const subnet = await getSubnet(context, subnetId)
  await refuseTooManyGateways(context, subnet)
  const elasticIps = await getFreeElasticIps(context, ids)
  const chosen = await choosePrivateIps(context, subnet, count, privateIps)
  const zone = { name: subnet.zone, id: subnet.zoneId }
  const places = chosen.map((privateIp, index) => ({
    zone,
    privateIp,
    elasticIp: elasticIps.get(ids[index] ?? ''),
  }))
  return {
    vpcId: subnet.vpcId,
    subnetId: subnet.id,
    connectivity,
    availabilityMode: 'zonal',
    isAutomatic: false,
    places,
  }
}

async function refuseTooManyGateways({ tx }: ReadContext, subnet: Subnet): Promise<void> {
  const limit = natGatewaysOfSubnetMax
  const used = await tx.natGateways.countInSubnet(subnet.id, limit)
  if (used >= limit) refuse({ code: 'LimitExceeded', what: { of: 'nat-gateways' }, limit, used })
}

function refuseTooMany(used: number, limit: number): void {
  if (used > limit) refuse({ code: 'LimitExceeded', what: { of: 'addresses' }, limit, used, isOfRequest: true })
}

async function placesInZone(
  context: ReadContext,
  { zone, elasticIpIds: ids, privateIps }: AddressesSpec,
  addresses: readonly NatGatewayAddress[],
): Promise<Place[]> {
  if (!zone) refuse({ code: 'MissingParameter', field: 'zone' })
  if (privateIps?.length) {
    refuse({ code: 'InvalidParameterCombination', problem: { why: 'regional-without-private' } })
  }
  const elasticIps = await getFreeElasticIps(context, ids)
  refuseTooMany(ids.length + addresses.filter(({ zoneId }) => zoneId === zone.id).length, zoneAddressesMax)
  return ids.map((id) => ({ zone, elasticIp: elasticIps.get(id) }))
}

async function placesInSubnet(
  context: ReadContext,
  { zone, elasticIpIds: ids, privateIps = [] }: AddressesSpec,
  subnet: Subnet,
  addresses: readonly NatGatewayAddress[],
): Promise<Place[]> {
  if (zone) {
    refuse({ code: 'InvalidParameterCombination', problem: { why: 'only-regional-takes-zone' } })
  }
  if (privateIps.length > 0 && privateIps.length !== ids.length) {
    const problem = { why: 'as-many-items', member: 'privateIps', as: 'elasticIpIds' } as const
    refuse({ code: 'InvalidParameterCombination', problem })
  }
  const elasticIps = await getFreeElasticIps(context, ids)
  refuseTooMany(ids.length + addresses.length, publicAddressesMax)
  const chosen = await choosePrivateIps(context, subnet, ids.length, privateIps)
  const here = { name: subnet.zone, id: subnet.zoneId }
  return ids.map((id, index) => ({ zone: here, privateIp: chosen[index], elasticIp: elasticIps.get(id) }))
}

/** The caller's Elastic IPs by id; refuses those that something uses already. */
async function getFreeElasticIps(context: ReadContext, ids: readonly string[]): Promise<Map<string, Allocation>> {
  const found = new Map<string, Allocation>()
  for (const id of ids) {
    if (found.has(id)) refuseValue('elasticIpId', id, { why: 'given-twice' })
    const elasticIp = await getElasticIp(context, id)
    const association = await context.tx.addresses.associationOf(elasticIp.n)
    if (association) {
      const user = (association.natGatewayId ?? association.instanceId ?? association.networkInterfaceId)!
      refuse({ code: 'AlreadyAssociated', what: 'elastic-ip', id, problem: { why: 'associated-with', user } })
    }
    found.set(id, elasticIp)
  }
  return found
}

/**
 * As many addresses of the subnet as are wanted: first those that the caller names, then the lowest free ones.
 * `named` may have gaps, where the caller leaves the choice.
 */
async function choosePrivateIps(
  context: ReadContext,
  subnet: Subnet,
  count: number,
  named: readonly (string | undefined)[],
): Promise<string[]> {
  if (!subnet.cidr) refuseValue('subnetId', subnet.id, { why: 'no-private-ipv4' })
  const taken = new Set(await context.tx.natGateways.privateIpsIn(subnet.id))
  for (const text of named) {
    if (text === undefined) continue
    const address = usableAddress(subnet.cidr, text)
    if (taken.has(address)) {
      refuse({
        code: 'InUse',
        what: 'elastic-ip-address',
        id: address,
        problem: { why: 'taken-or-twice' },
      })
    }
    taken.add(address)
  }
  const free = freeAddresses(subnet.cidr, taken, await reservedIn(context, subnet.id))
  return Array.from({ length: count }, (_, index) => {
    const name = named[index]
    const next = name === undefined ? free.next().value : usableAddress(subnet.cidr!, name)
    if (next !== undefined) return next
    return refuse({ code: 'Exhausted', isOfSubnet: true, pool: subnet.id, length: 32 })
  })
}

const bounds = (cidr: Cidr) => ({
  from: cidr.first + BigInt(reservedAtStart),
  to: lastAddress(cidr).first - BigInt(reservedAtEnd),
})

function usableAddress(cidr: Cidr, text: string): string {
  const address = parseAddress(text)
  if (address?.family !== 4) refuseValue('privateIp', text, { why: 'ipv4-address-expected', such: '10.0.0.10' })
  const { from, to } = bounds(cidr)
  if (!contains(cidr, address)) refuseValue('privateIp', text, { why: 'not-in-subnet', cidr: formatCidr(cidr) })
  if (address.first < from || address.first > to) {
    refuseValue('privateIp', text, { why: 'reserved-in-subnet' })
  }
  return formatAddress(address)
}

/** What is reserved is passed over a block at a time: only who names an address of it has one. */
function* freeAddresses(
  cidr: Cidr,
  taken: ReadonlySet<string>,
  reserved: readonly Cidr[],
): Generator<string, undefined> {
  const { from, to } = bounds(cidr)
  for (let first = from; first <= to; first++) {
    const address: Cidr = { family: 4, first, length: 32 }
    const around = reserved.find((one) => contains(one, address))
    if (around) first = lastAddress(around).first
    else if (!taken.has(formatAddress(address))) yield formatAddress(address)
  }
  return undefined
}

// Addresses ----------------------------------------------------------------------------------------------------------

async function addAddress(
  context: WriteContext,
  gateway: NatGateway,
  { zone, elasticIp, privateIp }: Place,
  tags: readonly Tag[],
  isPrimary: boolean,
): Promise<NatGatewayAddress> {
  if (elasticIp) await authorizeElasticIp(context, gateway, elasticIp, tags)
  const publicAddress = elasticIp ?? (gateway.isAutomatic ? await takeAddress(context, tags) : undefined)
  const address: NatGatewayAddress = {
    associationId: context.newId('addressAssociation'),
    natGatewayId: gateway.id,
    allocation: publicAddress?.n,
    publicIp: publicAddress && formatAddress(publicAddress.cidr),
    privateIp,
    networkInterfaceId: privateIp === undefined ? undefined : context.newId('networkInterface'),
    zone: zone.name,
    zoneId: zone.id,
    isPrimary,
    isServiceManaged: gateway.isAutomatic,
  }
  await context.tx.natGateways.insertAddress(address)
  if (!publicAddress) return address
  // One that the gateway has just taken is used from the beginning.
  if (elasticIp) await beginState(context, elasticIp, elasticIp.description)
  await context.tx.addresses.associate({
    allocation: publicAddress.n,
    associationId: address.associationId,
    instanceId: undefined,
    networkInterfaceId: address.networkInterfaceId,
    networkInterfaceAccount: address.networkInterfaceId === undefined ? undefined : gateway.account,
    privateIp,
    subnetId: gateway.subnetId,
    natGatewayId: gateway.id,
    serviceManaged: gateway.isAutomatic ? 'rnat' : undefined,
  })
  context.changed(elasticIpIdOf(context, publicAddress))
  return address
}

/** An Elastic IP that the gateway manages: nobody names it, so that policy alone says where it comes from. */
async function takeAddress(context: WriteContext, tags: readonly Tag[]): Promise<Allocation> {
  const request = { ...addressRequest(context, 'rnat'), tags: mapOf(tags) }
  const { allocation } = await grant(context, request, { resourceType: 'eip' }, { whenFull: 'capacity' })
  return allocation!
}

/**
 * An address that the caller names is an explicit choice, and no way around policy: not one that was allocated before
 * the policy came, nor one of another type's pool.
 */
async function authorizeElasticIp(
  context: WriteContext,
  gateway: NatGateway,
  elasticIp: Allocation,
  tags: readonly Tag[],
): Promise<void> {
  const isRegional = gateway.availabilityMode === 'regional'
  const pool = await context.tx.pools.findByNumber(elasticIp.pool)
  const own = await context.tx.tags.of(elasticIpIdOf(context, elasticIp))
  const request = {
    ...addressRequest(context, isRegional ? 'rnat' : 'eip'),
    explicit: { pool: pool?.scopeId === undefined ? provider : pool.id, cidr: elasticIp.cidr },
    resource: gateway.id,
    tags: mapOf(isRegional ? [...own, ...tags] : own),
  }
  await authorizeHeldAddress(context, request)
}

const addressRequest = (context: WriteContext, resourceType: 'rnat' | 'eip') =>
  ({
    account: context.caller.account,
    locale: context.region,
    resourceType,
    family: 4,
    scopeType: 'public',
  }) as const

const mapOf = (tags: readonly Tag[]): ReadonlyMap<string, string> | undefined =>
  tags.length === 0 ? undefined : new Map(tags.map(({ key, value }) => [key, value]))

/** What the gateway took it gives back; a customer's address is only let go. */
async function freeAddress(
  context: WriteContext,
  { allocation: n, isServiceManaged }: NatGatewayAddress,
): Promise<void> {
  if (n === undefined) return
  const allocation = (await context.tx.allocations.find(n))!
  const association = isServiceManaged ? await context.tx.addresses.associationOf(n) : undefined
  if (!isServiceManaged) await beginState(context, allocation, allocation.description)
  await context.tx.addresses.disassociate(n)
  if (isServiceManaged) await release(context, allocation, association)
  context.changed(elasticIpIdOf(context, { n }))
}

function refuseIfAutomatic(gateway: NatGateway): void {
  if (!gateway.isAutomatic) return
  refuse({ code: 'NotEligible', problem: { why: 'manages-itself', gateway: gateway.id } })
}

/** Those that are named, or all of the caller's in this Region, in the order of ids. */
export async function natGatewaysOf(context: ReadContext, ids: readonly string[] = []): Promise<ReadRows<NatGateway>> {
  const { tx, caller, region } = context
  if (ids.length === 0) return (after = '', limit) => tx.natGateways.list(caller.account, region, after, limit)
  const named = new Map<string, NatGateway>()
  for (const id of ids) named.set(id, await getNatGateway(context, id))
  return readById([...named.values()])
}

/** With what belongs to all of them read at once. */
export async function describeNatGateways(
  { tx }: ReadContext,
  gateways: readonly NatGateway[],
): Promise<readonly NatGatewayState[]> {
  const ids = gateways.map(({ id }) => id)
  const [addresses, tags] = [await tx.natGateways.addressesOf(ids), await tx.tags.ofMany(ids)]
  return gateways.map((gateway) => ({
    gateway,
    addresses: addresses.get(gateway.id) ?? [],
    tags: tags.get(gateway.id) ?? [],
  }))
}
