// NAT gateways: records of who sends traffic from which addresses. Their addresses are taken, or judged, as policy says.
import type {
  NatGatewayAddress as AddressShown,
  CreateNatGatewayRequest,
  NatGateway as NatGatewayShown,
} from '#formats/aws/ec2.generated.ts'
import { type Cidr, contains, formatAddress, formatCidr, lastAddress, parseAddress } from '#model/cidr.ts'
import { formatId } from '#model/identifier.ts'
import { provider } from '#model/policy/decision.ts'
import { naming, refuse, refuseValue } from '#model/refusal.ts'
import type { NatGateway, NatGatewayAddress } from '#store/tables/nat-gateways.ts'
import type { Allocation } from '#store/tables/space.ts'
import type { Tag } from '#store/tables/tags.ts'
import type { Subnet } from '#store/tables/vpcs.ts'
import { filterBy, type Listed, readById, readPage, refuseIdsWithPaging } from '../listing.ts'
import { ec2Read, ec2Write } from '../operation.aws.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { tagsToCreate } from '../organization/tagging.ec2.ts'
import { putTags } from '../organization/tagging.ts'
import { getElasticIp } from '../space/addresses.ts'
import { grantMembers } from '../space/allocations.ec2.ts'
import { authorizeHeldAddress, grant, release } from '../space/grant.ts'
import { beginState } from '../space/tenures.ts'
import { zoneIn, zoneMembers } from './regions.ec2.ts'
import { getSubnet, reservedAtEnd, reservedAtStart } from './subnets.ts'
import { getVpc, refuseMisshapen } from './vpcs.ts'
import { findZone, type Zone, zonesOf } from './zones.ts'

/** AWS: a zonal gateway has up to 8 addresses, a private one up to 32, a regional one up to 32 in each zone. */
const publicAddressesMax = 8
const privateAddressesMax = 32
const zoneAddressesMax = 32

export const createNatGateway = ec2Write(
  'CreateNatGateway',
  async (context, input) => {
    const tags = tagsToCreate(input.TagSpecifications, 'natgateway')
    const plan =
      input.AvailabilityMode === 'regional' ? await planRegional(context, input) : await planZonal(context, input)
    await context.tx.natGateways.forgetDeleted()

    const { places, ...rest } = plan
    const gateway: Omit<NatGateway, 'createdAt'> = {
      ...rest,
      id: context.newId('natGateway'),
      account: context.caller.account,
      region: context.region,
      routeTableId: plan.availabilityMode === 'regional' ? context.newId('routeTable') : undefined,
      deletedAt: undefined,
    }
    await context.tx.natGateways.insert(gateway)
    for (const [index, place] of places.entries()) {
      await addAddress(context, gateway, place, tags, gateway.availabilityMode === 'zonal' && index === 0)
    }
    await putTags(context, { id: gateway.id, type: 'natgateway', account: gateway.account }, tags)
    const shown = await recordChange(context, { ...gateway, createdAt: context.now })
    const status = gateway.connectivity === 'public' ? 'associating' : 'assigning'
    return {
      ClientToken: input.ClientToken,
      NatGateway: {
        ...shown,
        State: 'pending',
        NatGatewayAddresses: shown.NatGatewayAddresses?.map((address) => ({ ...address, Status: status })),
      },
    }
  },
  zoneMembers,
)

export const deleteNatGateway = ec2Write('DeleteNatGateway', async (context, input) => {
  const gateway = await getLiving(context, input.NatGatewayId)
  for (const address of await context.tx.natGateways.addresses(gateway.id)) await freeAddress(context, address)
  await context.tx.natGateways.markDeleted(gateway.id)
  await context.tx.tags.removeAll(gateway.id)
  await context.tx.history.changed({ id: gateway.id, kind: 'nat-gateway', account: gateway.account }, undefined)
  context.changed(gateway.id)
  return { NatGatewayId: gateway.id }
})

export const describeNatGateways = ec2Read('DescribeNatGateways', async (context, input) => {
  refuseIdsWithPaging(input.NatGatewayIds, 'NatGatewayIds', input)
  const matches = filterBy(input.Filter, filterFields, ({ Tags }) => Tags ?? [])
  const { items, NextToken } = await readPage(context, input, {
    read: await namedOrAll(context, input.NatGatewayIds),
    placeOf: ({ id }) => id,
    async show(gateways) {
      const ids = gateways.map(({ id }) => id)
      const [addresses, tags] = [await context.tx.natGateways.addressesOf(ids), await context.tx.tags.ofMany(ids)]
      return gateways.map((gateway) => {
        const shown = describe(context, gateway, addresses.get(gateway.id) ?? [], tags.get(gateway.id) ?? [])
        return matches(shown) ? shown : undefined
      })
    },
  })
  return { NatGateways: items, NextToken }
})

export const associateNatGatewayAddress = ec2Write(
  'AssociateNatGatewayAddress',
  async (context, input) => {
    const zone = findZone(context, zoneIn(input))
    if (!input.AllocationIds?.length) refuse({ code: 'MissingParameter', field: 'AllocationIds' })
    const gateway = await getLiving(context, input.NatGatewayId)
    if (gateway.connectivity === 'private') {
      refuse({ code: 'NotEligible', problem: `\`${gateway.id}\` is private, and has no Elastic IP addresses` })
    }
    refuseIfAutomatic(gateway)
    const addresses = await context.tx.natGateways.addresses(gateway.id)
    const places =
      gateway.subnetId === undefined
        ? await placesInZone(context, input, zone, addresses)
        : await placesInSubnet(context, input, zone, await getSubnet(context, gateway.subnetId), addresses)

    const tags = await context.tx.tags.of(gateway.id)
    const added: NatGatewayAddress[] = []
    for (const place of places) added.push(await addAddress(context, gateway, place, tags, false))
    await recordChange(context, gateway)
    return {
      NatGatewayId: gateway.id,
      NatGatewayAddresses: added.map((address) => describeAddress(context, gateway, address, 'associating')),
    }
  },
  zoneMembers,
)

export const disassociateNatGatewayAddress = ec2Write('DisassociateNatGatewayAddress', async (context, input) => {
  if (!input.AssociationIds?.length) refuse({ code: 'MissingParameter', field: 'AssociationIds' })
  const gateway = await getLiving(context, input.NatGatewayId)
  const addresses = await context.tx.natGateways.addresses(gateway.id)
  const leaving = [...new Set(input.AssociationIds)].map(
    (id) =>
      addresses.find((address) => address.associationId === id && address.allocation !== undefined) ??
      refuse({ code: 'NotFound', what: 'association', id }),
  )
  refuseIfAutomatic(gateway)
  const primary = leaving.find(({ isPrimary }) => isPrimary)
  if (primary) {
    const problem = `\`${primary.associationId}\` is the primary address of \`${gateway.id}\`, which stays as long as the gateway`
    refuse({ code: 'NotEligible', problem })
  }
  if (leaving.length === addresses.length) {
    refuse({ code: 'NotEligible', problem: `\`${gateway.id}\` would be left without an address` })
  }
  for (const address of leaving) {
    await freeAddress(context, address)
    await context.tx.natGateways.deleteAddress(address.associationId)
  }
  await recordChange(context, gateway)
  return {
    NatGatewayId: gateway.id,
    NatGatewayAddresses: leaving.map((address) => describeAddress(context, gateway, address, 'disassociating')),
  }
})

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

async function planRegional(context: WriteContext, input: CreateNatGatewayRequest): Promise<Plan> {
  const { ConnectivityType: connectivity = 'public', AvailabilityZoneAddresses: wanted } = input
  refuseGiven(input, zonalOnly, 'a regional NAT gateway takes `VpcId`, and addresses in `AvailabilityZoneAddresses`')
  if (connectivity !== 'public') {
    refuse({ code: 'InvalidParameterCombination', problem: 'A regional NAT gateway is public.' })
  }
  if (input.VpcId === undefined) refuse({ code: 'MissingParameter', field: 'VpcId' })
  const zones = (wanted ?? []).map((each, index) => {
    const field = `AvailabilityZoneAddress.${index + 1}`
    const zone = findZone(context, zoneIn(each))
    if (!zone) refuse({ code: 'MissingParameter', field: `${field}.AvailabilityZone` })
    if (!each.AllocationIds?.length) refuse({ code: 'MissingParameter', field: `${field}.AllocationId` })
    return { zone, ids: each.AllocationIds }
  })
  for (const [index, { zone }] of zones.entries()) {
    if (!zones.slice(0, index).some((other) => other.zone.id === zone.id)) continue
    refuseValue(`AvailabilityZoneAddress.${index + 1}.AvailabilityZone`, zone.name, 'the zone is given more than once')
  }
  const vpc = await getVpc(context, input.VpcId)
  const places: Place[] = []
  const elasticIps = await getFreeElasticIps(
    context,
    zones.flatMap(({ ids }) => ids),
  )
  for (const { zone, ids } of zones) {
    refuseTooMany(ids.length, zoneAddressesMax)
    for (const id of ids) places.push({ zone, elasticIp: elasticIps.get(id) })
  }
  const isAutomatic = zones.length === 0
  if (isAutomatic) for (const zone of await zonesInUse(context, vpc.id)) places.push({ zone })
  return { vpcId: vpc.id, subnetId: undefined, connectivity, availabilityMode: 'regional', isAutomatic, places }
}

/** The zones in which the VPC has a subnet; the Region's first one where it has none. */
async function zonesInUse(context: ReadContext, vpcId: string): Promise<readonly Zone[]> {
  const used = new Set((await context.tx.vpcs.subnetsOf(vpcId)).map(({ zoneId }) => zoneId))
  const zones = zonesOf(context)
  const inUse = zones.filter(({ id }) => used.has(id))
  return inUse.length > 0 ? inUse : zones.slice(0, 1)
}

async function planZonal(context: WriteContext, input: CreateNatGatewayRequest): Promise<Plan> {
  const { ConnectivityType: connectivity = 'public' } = input
  refuseGiven(input, regionalOnly, 'a zonal NAT gateway takes `SubnetId`; set `AvailabilityMode` to `regional`')
  if (input.SubnetId === undefined) refuse({ code: 'MissingParameter', field: 'SubnetId' })
  const secondary = input.SecondaryPrivateIpAddresses ?? []
  if (connectivity === 'public') {
    refuseGiven(input, ['SecondaryPrivateIpAddressCount'], 'only a private NAT gateway takes it')
    if (input.AllocationId === undefined) refuse({ code: 'MissingParameter', field: 'AllocationId' })
    refuseUneven(secondary, 'SecondaryPrivateIpAddresses', input.SecondaryAllocationIds ?? [], 'SecondaryAllocationIds')
  } else {
    refuseGiven(input, ['AllocationId', 'SecondaryAllocationIds'], 'a private NAT gateway has no Elastic IP addresses')
    if (secondary.length > 0 && input.SecondaryPrivateIpAddressCount !== undefined) {
      refuse({
        code: 'InvalidParameterCombination',
        problem: 'Only one of `SecondaryPrivateIpAddresses` and `SecondaryPrivateIpAddressCount` can be given.',
      })
    }
  }
  const ids = connectivity === 'public' ? [input.AllocationId!, ...(input.SecondaryAllocationIds ?? [])] : []
  const count = connectivity === 'public' ? ids.length : 1 + (input.SecondaryPrivateIpAddressCount ?? secondary.length)
  refuseTooMany(count, connectivity === 'public' ? publicAddressesMax : privateAddressesMax)

  const subnet = await getSubnet(context, input.SubnetId)
  const elasticIps = await getFreeElasticIps(context, ids)
  const named = [input.PrivateIpAddress, ...secondary]
  const privateIps = await choosePrivateIps(context, subnet, count, named)
  const zone = { name: subnet.zone, id: subnet.zoneId }
  const places = privateIps.map((privateIp, index) => ({
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

const zonalOnly = [
  'SubnetId',
  'AllocationId',
  'SecondaryAllocationIds',
  'PrivateIpAddress',
  'SecondaryPrivateIpAddresses',
  'SecondaryPrivateIpAddressCount',
] as const
const regionalOnly = ['VpcId', 'AvailabilityZoneAddresses'] as const

function refuseGiven(
  input: CreateNatGatewayRequest,
  fields: readonly (keyof CreateNatGatewayRequest)[],
  because: string,
): void {
  const given = fields.find((field) => input[field] !== undefined)
  if (given === undefined) return
  refuse({ code: 'InvalidParameterCombination', problem: `\`${given}\` cannot be given here: ${because}.` })
}

function refuseUneven(some: readonly unknown[], field: string, others: readonly unknown[], otherField: string): void {
  if (some.length === 0 || some.length === others.length) return
  refuse({ code: 'InvalidParameterCombination', problem: `\`${field}\` must have as many items as \`${otherField}\`.` })
}

function refuseTooMany(used: number, limit: number): void {
  if (used > limit) refuse({ code: 'LimitExceeded', what: 'addresses', limit, used, isOfRequest: true })
}

interface AssociateInput {
  readonly AllocationIds: readonly string[]
  readonly PrivateIpAddresses?: readonly string[]
}

async function placesInZone(
  context: ReadContext,
  { AllocationIds: ids, PrivateIpAddresses: privateIps }: AssociateInput,
  zone: Zone | undefined,
  addresses: readonly NatGatewayAddress[],
): Promise<Place[]> {
  if (!zone) refuse({ code: 'MissingParameter', field: 'AvailabilityZone' })
  if (privateIps?.length) {
    refuse({ code: 'InvalidParameterCombination', problem: 'A regional NAT gateway has no private addresses.' })
  }
  const elasticIps = await getFreeElasticIps(context, ids)
  refuseTooMany(ids.length + addresses.filter(({ zoneId }) => zoneId === zone.id).length, zoneAddressesMax)
  return ids.map((id) => ({ zone, elasticIp: elasticIps.get(id) }))
}

async function placesInSubnet(
  context: ReadContext,
  { AllocationIds: ids, PrivateIpAddresses: privateIps = [] }: AssociateInput,
  zone: Zone | undefined,
  subnet: Subnet,
  addresses: readonly NatGatewayAddress[],
): Promise<Place[]> {
  if (zone) {
    refuse({ code: 'InvalidParameterCombination', problem: 'Only a regional NAT gateway takes an availability zone.' })
  }
  refuseUneven(privateIps, 'PrivateIpAddresses', ids, 'AllocationIds')
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
    if (found.has(id)) refuseValue('AllocationId', id, 'it is given more than once')
    const elasticIp = await getElasticIp(context, id)
    const association = await context.tx.addresses.associationOf(elasticIp.n)
    if (association) {
      const user = association.natGatewayId ?? association.instanceId ?? association.networkInterfaceId
      refuse({ code: 'AlreadyAssociated', what: 'elastic-ip', id, problem: `it is associated with ${user}` })
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
  if (!subnet.cidr) refuseValue('SubnetId', subnet.id, 'an IPv6-native subnet has no private IPv4 addresses')
  const taken = new Set(await context.tx.natGateways.privateIpsIn(subnet.id))
  for (const text of named) {
    if (text === undefined) continue
    const address = usableAddress(subnet.cidr, text)
    if (taken.has(address)) {
      refuse({ code: 'InUse', what: 'elastic-ip-address', id: address, problem: 'it is taken, or given twice' })
    }
    taken.add(address)
  }
  const free = freeAddresses(subnet.cidr, taken)
  return Array.from({ length: count }, (_, index) => {
    const name = named[index]
    const next = name === undefined ? free.next().value : usableAddress(subnet.cidr!, name)
    if (next !== undefined) return next
    return refuse({
      code: 'Exhausted',
      pool: subnet.id,
      length: 32,
      sentence: `The subnet \`${subnet.id}\` has no free address left`,
    })
  })
}

const bounds = (cidr: Cidr) => ({
  from: cidr.first + BigInt(reservedAtStart),
  to: lastAddress(cidr).first - BigInt(reservedAtEnd),
})

function usableAddress(cidr: Cidr, text: string): string {
  const address = parseAddress(text)
  if (address?.family !== 4) refuseValue('PrivateIpAddress', text, 'an IPv4 address such as `10.0.0.10` is expected')
  const { from, to } = bounds(cidr)
  if (!contains(cidr, address))
    refuseValue('PrivateIpAddress', text, `it is not inside the subnet's ${formatCidr(cidr)}`)
  if (address.first < from || address.first > to) {
    refuseValue('PrivateIpAddress', text, 'the first four addresses of a subnet and the last one are reserved')
  }
  return formatAddress(address)
}

function* freeAddresses(cidr: Cidr, taken: ReadonlySet<string>): Generator<string, undefined> {
  const { from, to } = bounds(cidr)
  for (let first = from; first <= to; first++) {
    const text = formatAddress({ family: 4, first, length: 32 })
    if (!taken.has(text)) yield text
  }
  return undefined
}

// Addresses ----------------------------------------------------------------------------------------------------------

async function addAddress(
  context: WriteContext,
  gateway: Omit<NatGateway, 'createdAt'>,
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
  context.changed(formatId('address', context.tx.installation, publicAddress.n))
  return address
}

/** An Elastic IP that the gateway manages: nobody names it, so that policy alone says where it comes from. */
async function takeAddress(context: WriteContext, tags: readonly Tag[]): Promise<Allocation> {
  const request = { ...addressRequest(context, 'rnat'), tags: mapOf(tags) }
  const { allocation } = await naming({ ...grantMembers, cidr: 'AvailabilityZoneAddress' }, () =>
    grant(context, request, { resourceType: 'eip' }, { whenFull: 'capacity' }),
  )
  return allocation!
}

/**
 * An address that the caller names is an explicit choice, and no way around policy: not one that was allocated before
 * the policy came, nor one of another type's pool.
 */
async function authorizeElasticIp(
  context: WriteContext,
  gateway: Omit<NatGateway, 'createdAt'>,
  elasticIp: Allocation,
  tags: readonly Tag[],
): Promise<void> {
  const isRegional = gateway.availabilityMode === 'regional'
  const pool = await context.tx.pools.findByNumber(elasticIp.pool)
  const own = await context.tx.tags.of(formatId('address', context.tx.installation, elasticIp.n))
  const request = {
    ...addressRequest(context, isRegional ? 'rnat' : 'eip'),
    explicit: { pool: pool?.scopeId === undefined ? provider : pool.id, cidr: elasticIp.cidr },
    resource: gateway.id,
    tags: mapOf(isRegional ? [...own, ...tags] : own),
  }
  await naming(grantMembers, () => authorizeHeldAddress(context, request))
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
  tags.length === 0 ? undefined : new Map(tags.map(({ Key, Value }) => [Key, Value]))

/** What the gateway took it gives back; a customer's address is only let go. */
async function freeAddress(
  context: WriteContext,
  { allocation: n, isServiceManaged }: NatGatewayAddress,
): Promise<void> {
  if (n === undefined) return
  const allocation = (await context.tx.space.find(n))!
  const association = isServiceManaged ? await context.tx.addresses.associationOf(n) : undefined
  if (!isServiceManaged) await beginState(context, allocation, allocation.description)
  await context.tx.addresses.disassociate(n)
  if (isServiceManaged) await release(context, allocation, association)
  context.changed(formatId('address', context.tx.installation, n))
}

function refuseIfAutomatic(gateway: NatGateway): void {
  if (!gateway.isAutomatic) return
  refuse({ code: 'NotEligible', problem: `\`${gateway.id}\` manages its addresses itself` })
}

// Finding and describing ---------------------------------------------------------------------------------------------

async function getNatGateway(context: ReadContext, id: string): Promise<NatGateway> {
  refuseMisshapen('natGateway', 'nat-gateway', id, 'nat-...')
  const gateway = await context.tx.natGateways.find(id)
  const isOwn = gateway?.account === context.caller.account && gateway.region === context.region
  return isOwn ? gateway : refuse({ code: 'NotFound', what: 'nat-gateway', id })
}
/** A deleted gateway can still be described, and nothing else. */
async function getLiving(context: ReadContext, id: string): Promise<NatGateway> {
  const gateway = await getNatGateway(context, id)
  return gateway.deletedAt === undefined ? gateway : refuse({ code: 'NotFound', what: 'nat-gateway', id })
}

async function namedOrAll(
  context: ReadContext,
  ids: readonly string[] | undefined,
): Promise<Listed<NatGateway, NatGatewayShown>['read']> {
  const { tx, caller, region } = context
  if (!ids?.length) return (after = '', limit) => tx.natGateways.list(caller.account, region, after, limit)
  const named = new Map<string, NatGateway>()
  for (const id of ids) named.set(id, await getNatGateway(context, id))
  return readById([...named.values()])
}

/** The gateway with its new tags. */
export async function recordNatGateway(context: WriteContext, id: string): Promise<void> {
  const gateway = (await context.tx.natGateways.find(id))!
  if (gateway.deletedAt === undefined) await recordChange(context, gateway)
}

/** Puts the gateway as it is now into the history, and into the audit entry. */
async function recordChange(context: WriteContext, gateway: NatGateway): Promise<NatGatewayShown> {
  const { natGateways, tags } = context.tx
  const shown = describe(context, gateway, await natGateways.addresses(gateway.id), await tags.of(gateway.id))
  await context.tx.history.changed({ id: gateway.id, kind: 'nat-gateway', account: gateway.account }, shown)
  context.changed(gateway.id)
  return shown
}

function describe(
  context: ReadContext,
  gateway: NatGateway,
  addresses: readonly NatGatewayAddress[],
  tags: readonly Tag[],
): NatGatewayShown {
  const isRegional = gateway.availabilityMode === 'regional'
  const automatic = gateway.isAutomatic ? 'enabled' : 'disabled'
  return {
    NatGatewayId: gateway.id,
    VpcId: gateway.vpcId,
    SubnetId: gateway.subnetId,
    State: gateway.deletedAt === undefined ? 'available' : 'deleted',
    ConnectivityType: gateway.connectivity,
    AvailabilityMode: gateway.availabilityMode,
    ...(isRegional && { AutoScalingIps: automatic, AutoProvisionZones: automatic, RouteTableId: gateway.routeTableId }),
    NatGatewayAddresses: addresses.map((address) => describeAddress(context, gateway, address, 'succeeded')),
    CreateTime: gateway.createdAt,
    DeleteTime: gateway.deletedAt,
    Tags: tags,
  }
}

const describeAddress = (
  context: ReadContext,
  gateway: NatGateway,
  address: NatGatewayAddress,
  status: string,
): AddressShown => ({
  ...(address.allocation !== undefined && {
    AllocationId: formatId('address', context.tx.installation, address.allocation),
    AssociationId: address.associationId,
    PublicIp: address.publicIp,
  }),
  PrivateIp: address.privateIp,
  NetworkInterfaceId: address.networkInterfaceId,
  ...(gateway.availabilityMode === 'zonal' && { IsPrimary: address.isPrimary }),
  AvailabilityZone: address.zone,
  AvailabilityZoneId: address.zoneId,
  Status: status,
})

const filterFields = {
  'nat-gateway-id': ({ NatGatewayId }: NatGatewayShown) => NatGatewayId,
  state: ({ State }: NatGatewayShown) => State,
  'subnet-id': ({ SubnetId }: NatGatewayShown) => SubnetId,
  'vpc-id': ({ VpcId }: NatGatewayShown) => VpcId,
}
