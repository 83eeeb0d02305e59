// What can be done with subnets: parts of a VPC's blocks, each in one availability zone.
import { type Cidr, contains, equals, formatCidr, sizeOf } from '#model/cidr.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import type { Tag } from '#model/tags.ts'
import type { Pool } from '#store/tables/pools.ts'
import type { Subnet, SubnetAttributes, SubnetCidr, Vpc, VpcCidr } from '#store/tables/vpcs.ts'
import { refuseMalformed } from '../identifiers.ts'
import { type ReadRows, readById } from '../listing.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { putTags } from '../organization/tagging.ts'
import { type Block, type BlockParams, blockMember, documentFor, giveBack, takeBlock } from './blocks.ts'
import { leaveSubnet } from './objects.ts'
import { getVpc } from './vpcs.ts'
import type { Zone } from './zones.ts'

/** AWS keeps the first four addresses of an IPv4 subnet and the last one. */
export const reservedAtStart = 4
export const reservedAtEnd = 1

export interface SubnetSpec {
  /** A VPC of the caller. */
  readonly vpcId: string
  readonly zone: Zone
  /** At most one of each family. */
  readonly blocks: readonly BlockParams[]
  /** Whether it has IPv6 only. */
  readonly isIpv6Native?: boolean
  /** Whether it is the default one of its zone, in the default VPC. */
  readonly isDefault?: boolean
  readonly attributes?: SubnetAttributes
  readonly tags?: readonly Tag[]
}

/** A subnet with all that belongs to it. */
export interface SubnetState {
  readonly subnet: Subnet
  readonly ipv6: readonly SubnetCidr[]
  /** The addresses that NAT gateways have in it. */
  readonly used: number
  readonly tags: readonly Tag[]
}

/** Makes a subnet in a VPC of the caller. */
export async function createSubnet(
  context: WriteContext,
  { vpcId, zone, blocks: requests, isIpv6Native = false, isDefault, attributes, tags = [] }: SubnetSpec,
): Promise<SubnetState> {
  const vpc = await getVpc(context, vpcId)
  const cidrs = await context.tx.vpcs.cidrs(vpc.id)
  for (const params of requests) {
    if (params.pool) await refuseUnlessPlans(context, params.pool, vpc)
    if (params.cidr) await refuseMisplaced(context, vpc, cidrs, params.cidr)
  }

  const id = context.newId('subnet')
  const blocks = []
  for (const params of requests) {
    const around = { within: cidrs.map(({ cidr }) => cidr), besideSubnetsOf: await siblingsOf(context, vpc, params) }
    const block = await takeBlock(context, params, { network: 'subnet', id, tags }, around)
    if (!params.cidr || !equals(params.cidr, block.cidr)) await refuseMisplaced(context, vpc, cidrs, block.cidr)
    await refusePlanned(context, vpc, block)
    blocks.push(block)
  }
  const ipv4 = blocks.find(({ cidr }) => cidr.family === 4)
  const ipv6 = blocks.find(({ cidr }) => cidr.family === 6)
  const subnet: Subnet = {
    id,
    vpcId: vpc.id,
    account: vpc.account,
    region: vpc.region,
    zone: zone.name,
    zoneId: zone.id,
    cidr: ipv4?.cidr,
    allocation: ipv4?.allocation,
    isIpv6Native,
    attributes,
    isDefault,
    createdAt: context.now,
  }
  await context.tx.vpcs.insertSubnet(subnet)
  if (ipv6) {
    await context.tx.vpcs.insertSubnetCidr({
      associationId: context.newId('subnetCidrAssociation'),
      subnetId: id,
      vpcId: vpc.id,
      cidr: ipv6.cidr,
      allocation: ipv6.allocation,
      ipSource: cidrs.find(({ cidr }) => contains(cidr, ipv6.cidr))!.ipSource,
    })
  }
  await putTags(context, { id, type: 'subnet', account: vpc.account }, tags)
  return recordChange(context, subnet)
}

/** Deletes a subnet that nothing is in, and gives its space back. */
export async function deleteSubnet(context: WriteContext, subnet: Subnet): Promise<void> {
  const gateway = await context.tx.natGateways.anyOfSubnet(subnet.id)
  if (gateway !== undefined) {
    refuse({
      code: 'DependencyViolation',
      what: 'subnet',
      id: subnet.id,
      problem: { why: 'nat-gateway-inside', gateway },
    })
  }
  await giveBack(context, subnet.allocation)
  for (const { allocation } of await context.tx.vpcs.subnetCidrs(subnet.id)) await giveBack(context, allocation)
  await leaveSubnet(context, subnet.id)
  await context.tx.vpcs.deleteSubnet(subnet.id)
  await context.tx.tags.removeAll(subnet.id)
  await context.tx.history.changed({ id: subnet.id, kind: 'subnet', account: subnet.account }, undefined)
  context.changed(subnet.id)
}

/** Sets some of what a subnet does with its hosts; the rest stays as it is. */
export async function setSubnetAttributes(
  context: WriteContext,
  subnet: Subnet,
  changes: SubnetAttributes,
): Promise<void> {
  const attributes = { ...subnet.attributes, ...changes }
  await context.tx.vpcs.setSubnetAttributes(subnet.id, attributes)
  await recordChange(context, { ...subnet, attributes })
}

/** Gives a subnet an IPv6 block; it has one at a time. */
export async function associateSubnetBlock(
  context: WriteContext,
  subnet: Subnet,
  params: BlockParams,
): Promise<SubnetCidr> {
  const vpc = await getVpc(context, subnet.vpcId)
  const had = await context.tx.vpcs.subnetCidrs(subnet.id)
  if (had.length > 0) {
    const quota = { kind: 'cidrs', id: subnet.id } as const
    refuse({ code: 'LimitExceeded', what: { of: 'cidr-blocks', family: 6 }, limit: 1, used: had.length, quota })
  }
  const cidrs = await context.tx.vpcs.cidrs(vpc.id)
  if (params.pool) await refuseUnlessPlans(context, params.pool, vpc)
  if (params.cidr) await refuseMisplaced(context, vpc, cidrs, params.cidr)
  const tags = await context.tx.tags.of(subnet.id)
  const around = { within: cidrs.map(({ cidr }) => cidr), besideSubnetsOf: await siblingsOf(context, vpc, params) }
  const block = await takeBlock(context, params, { network: 'subnet', id: subnet.id, tags }, around)
  if (!params.cidr || !equals(params.cidr, block.cidr)) await refuseMisplaced(context, vpc, cidrs, block.cidr)
  await refusePlanned(context, vpc, block)
  const association: SubnetCidr = {
    associationId: context.newId('subnetCidrAssociation'),
    subnetId: subnet.id,
    vpcId: vpc.id,
    cidr: block.cidr,
    allocation: block.allocation,
    ipSource: cidrs.find(({ cidr }) => contains(cidr, block.cidr))!.ipSource,
    createdAt: context.now,
  }
  await context.tx.vpcs.insertSubnetCidr(association)
  context.changed(association.associationId)
  await recordChange(context, subnet)
  return association
}

/** Takes its IPv6 block away from a subnet of the caller, and gives the space back. */
export async function disassociateSubnetBlock(context: WriteContext, id: string): Promise<SubnetCidr> {
  refuseMalformed('subnetCidrAssociation', id)
  const association = await context.tx.vpcs.findSubnetCidr(id)
  const subnet = association && (await context.tx.vpcs.findSubnet(association.subnetId))
  const isOwn = subnet?.account === context.caller.account && subnet.region === context.region
  if (!isOwn) refuse({ code: 'NotFound', what: 'subnet-cidr-association', id })
  if (subnet.isIpv6Native) {
    refuse({ code: 'NotEligible', problem: { why: 'ipv6-only', subnet: subnet.id } })
  }
  await giveBack(context, association!.allocation)
  await context.tx.vpcs.deleteSubnetCidr(id)
  context.changed(id)
  await recordChange(context, subnet)
  return association!
}

/** Keeps the subnet with its new tags. */
export async function recordSubnet(context: WriteContext, id: string): Promise<void> {
  await recordChange(context, (await context.tx.vpcs.findSubnet(id))!)
}

/** Puts the subnet as it is now into the history, and into the audit entry. */
async function recordChange(context: WriteContext, subnet: Subnet): Promise<SubnetState> {
  const { vpcs, natGateways, tags: allTags, history } = context.tx
  const ipv6 = await vpcs.subnetCidrs(subnet.id)
  const used = (await natGateways.countPrivateIps([subnet.id])).get(subnet.id) ?? 0
  const tags = await allTags.of(subnet.id)
  const available = countAvailable(subnet, used)
  const object = { id: subnet.id, kind: 'subnet', account: subnet.account }
  await history.changed(object, vpcs.subnetForHistory(subnet, { ipv6, available, tags }))
  context.changed(subnet.id)
  return { subnet, ipv6, used, tags }
}

// Finding ------------------------------------------------------------------------------------------------------------

/** A subnet of the caller, in the Region of the request. */
export async function getSubnet(context: ReadContext, id: string): Promise<Subnet> {
  const subnet = await context.tx.vpcs.findSubnet(id)
  const isOwn = subnet?.account === context.caller.account && subnet.region === context.region
  return isOwn ? subnet : refuse({ code: 'NotFound', what: 'subnet', id })
}

/** How many IPv4 addresses of a subnet are free, where this many are used. */
export const countAvailable = ({ cidr }: Subnet, used: number): number =>
  cidr ? Number(sizeOf(cidr)) - reservedAtStart - reservedAtEnd - used : 0

// What is refused ----------------------------------------------------------------------------------------------------

/** The pool must plan this VPC, itself or through a pool above it. */
async function refuseUnlessPlans(context: ReadContext, pool: Pool, vpc: Vpc): Promise<void> {
  for (let at: Pool | undefined = pool; at; ) {
    if (at.sourceResource?.id === vpc.id) return
    at = at.parent === undefined ? undefined : await context.tx.pools.findByNumber(at.parent)
  }
  refuseValue(blockMember(pool.family, 'poolId'), pool.id, { why: 'no-planning-pool', network: vpc.id })
}

/** The schema keeps equal blocks apart; that blocks never overlap at all is kept here. */
async function refuseMisplaced(context: ReadContext, vpc: Vpc, cidrs: readonly VpcCidr[], wanted: Cidr): Promise<void> {
  const field = blockMember(wanted.family, 'cidr')
  const value = formatCidr(wanted)
  const own = cidrs.filter(({ cidr }) => cidr.family === wanted.family).map(({ cidr }) => cidr)
  if (!own.some((cidr) => contains(cidr, wanted))) {
    const { family } = wanted
    const problem = { why: 'not-in-network', network: vpc.id, family, blocks: own.map(formatCidr) } as const
    refuse({ code: 'InvalidRange', what: 'subnet', field, value, problem })
  }
  const sibling = await context.tx.vpcs.subnetOverlapping(vpc.id, wanted)
  if (!sibling) return
  const problem = { why: 'overlaps-subnet', subnet: sibling.id, cidr: formatCidr(sibling.cidr) } as const
  refuse({ code: 'CidrConflict', what: 'subnet', field, value, problem })
}

/** What a pool that plans the VPC has handed out already is not taken a second time beside it. */
async function refusePlanned(context: ReadContext, vpc: Vpc, { cidr, allocation }: Block): Promise<void> {
  const except = { allocation, account: vpc.account, now: context.now }
  const taken = await context.tx.pools.plannedOverlap(vpc.id, cidr, except)
  if (!taken) return
  const [overlapped, pool] = [formatCidr(taken.cidr), taken.pool.id]
  const problem = { why: 'overlaps-planned', cidr: overlapped, pool, network: vpc.id } as const
  const field = blockMember(cidr.family, 'cidr')
  refuse({ code: 'CidrConflict', what: 'subnet', field, value: formatCidr(cidr), problem })
}

/** What policy or a pool must choose around; a block that the caller names is looked at by itself. */
async function siblingsOf(context: ReadContext, vpc: Vpc, params: BlockParams): Promise<string | undefined> {
  const isChosen = !params.cidr || (await documentFor(context, 'subnet')) !== undefined
  return isChosen ? vpc.id : undefined
}

/** Those that are named, or all of the caller's in this Region, in the order of ids. */
export async function subnetsOf(context: ReadContext, ids: readonly string[] = []): Promise<ReadRows<Subnet>> {
  const { tx, caller, region } = context
  if (ids.length === 0) return (after = '', limit) => tx.vpcs.subnets(caller.account, region, after, limit)
  const named = new Map<string, Subnet>()
  for (const id of ids) named.set(id, await getSubnet(context, id))
  return readById([...named.values()])
}

/** With what belongs to all of them read at once. */
export async function describeSubnets(
  { tx }: ReadContext,
  subnets: readonly Subnet[],
): Promise<readonly SubnetState[]> {
  const ids = subnets.map(({ id }) => id)
  const [ipv6, used, tags] = [
    await tx.vpcs.cidrsOfSubnets(ids),
    await tx.natGateways.countPrivateIps(ids),
    await tx.tags.ofMany(ids),
  ]
  return subnets.map((subnet) => ({
    subnet,
    ipv6: ipv6.get(subnet.id) ?? [],
    used: used.get(subnet.id) ?? 0,
    tags: tags.get(subnet.id) ?? [],
  }))
}
