// Subnets: parts of a VPC's blocks, each in one availability zone.
import type { CreateSubnetRequest, Subnet as SubnetShown } from '#formats/aws/ec2.generated.ts'
import { type Cidr, contains, equals, formatCidr, sizeOf } from '#model/cidr.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import type { Pool } from '#store/tables/pools.ts'
import type { Tag } from '#store/tables/tags.ts'
import type { Subnet, SubnetCidr, Vpc, VpcCidr } from '#store/tables/vpcs.ts'
import { filterBy, type Listed, nothing, readById, readPage, refuseIdsWithPaging } from '../listing.ts'
import { ec2Read, ec2Write } from '../operation.aws.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { tagsToCreate } from '../organization/tagging.ec2.ts'
import { putTags, tagsInModel } from '../organization/tagging.ts'
import { asksFor, blockIn, blockMembers } from './blocks.ec2.ts'
import { type Block, type BlockParams, blockMember, documentFor, giveBack, takeBlock } from './blocks.ts'
import { findZone, zonesOf } from './regions.ec2.ts'
import { getVpc } from './vpcs.ts'

/** AWS keeps the first four addresses of an IPv4 subnet and the last one. */
export const reservedAtStart = 4
export const reservedAtEnd = 1

export const createSubnet = ec2Write(
  'CreateSubnet',
  async (context, input) => {
    refuseUnsupported(input)
    const tags = tagsToCreate(input.TagSpecifications, 'subnet')
    const zone = findZone(context, input, refuseZone) ?? zonesOf(context)[0]!
    const requests = await readAllParams(context, input)
    const vpc = await getVpc(context, input.VpcId)
    const cidrs = await context.tx.vpcs.cidrs(vpc.id)
    for (const params of requests) {
      if (params.pool) await refuseUnlessPlans(context, params.pool, vpc)
      if (params.cidr) await refuseMisplaced(context, vpc, cidrs, params.cidr)
    }

    const id = context.newId('subnet')
    const subnet: Omit<Subnet, 'createdAt'> = {
      id,
      vpcId: vpc.id,
      account: vpc.account,
      region: vpc.region,
      zone: zone.name,
      zoneId: zone.id,
      cidr: undefined,
      allocation: undefined,
      isIpv6Native: input.Ipv6Native ?? false,
    }
    const blocks = []
    for (const params of requests) {
      const around = { within: cidrs.map(({ cidr }) => cidr), taken: await siblingsOf(context, vpc, params) }
      const block = await takeBlock(context, params, { network: 'subnet', id, tags: tagsInModel(tags) }, around)
      if (!params.cidr || !equals(params.cidr, block.cidr)) await refuseMisplaced(context, vpc, cidrs, block.cidr)
      await refusePlanned(context, vpc, block)
      blocks.push(block)
    }
    const ipv4 = blocks.find(({ cidr }) => cidr.family === 4)
    const ipv6 = blocks.find(({ cidr }) => cidr.family === 6)
    await context.tx.vpcs.insertSubnet({ ...subnet, cidr: ipv4?.cidr, allocation: ipv4?.allocation })
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
    const shown = await recordChange(context, { ...subnet, cidr: ipv4?.cidr })
    return { Subnet: shown }
  },
  blockMembers,
)

export const deleteSubnet = ec2Write('DeleteSubnet', async (context, input) => {
  const subnet = await getSubnet(context, input.SubnetId)
  const gateway = await context.tx.natGateways.anyOfSubnet(subnet.id)
  if (gateway !== undefined) {
    refuse({
      code: 'DependencyViolation',
      what: 'subnet',
      id: subnet.id,
      problem: `The NAT gateway \`${gateway}\` is in it`,
    })
  }
  await giveBack(context, subnet.allocation)
  for (const { allocation } of await context.tx.vpcs.subnetCidrs(subnet.id)) await giveBack(context, allocation)
  await context.tx.vpcs.deleteSubnet(subnet.id)
  await context.tx.tags.removeAll(subnet.id)
  await context.tx.history.changed({ id: subnet.id, kind: 'subnet', account: subnet.account }, undefined)
  context.changed(subnet.id)
  return { Return: true }
})

export const describeSubnets = ec2Read('DescribeSubnets', async (context, input) => {
  refuseIdsWithPaging(input.SubnetIds, 'SubnetIds', input)
  const matches = filterBy(input.Filters, filterFields, ({ Tags }) => Tags ?? [])
  const { items, NextToken } = await readPage(context, input, {
    read: await namedOrAll(context, input.SubnetIds),
    placeOf: ({ id }) => id,
    async show(subnets) {
      const { vpcs, natGateways, tags: allTags } = context.tx
      const ids = subnets.map(({ id }) => id)
      const [ipv6, used, tags] = [
        await vpcs.cidrsOfSubnets(ids),
        await natGateways.countPrivateIps(ids),
        await allTags.ofMany(ids),
      ]
      return subnets.map((subnet) => {
        const { id } = subnet
        const shown = describe(subnet, { ipv6: ipv6.get(id) ?? [], used: used.get(id) ?? 0, tags: tags.get(id) ?? [] })
        return matches(shown) ? shown : undefined
      })
    },
  })
  return { Subnets: items, NextToken }
})

/** A subnet of the caller, in the Region of the request. */
export async function getSubnet(context: ReadContext, id: string): Promise<Subnet> {
  const subnet = await context.tx.vpcs.findSubnet(id)
  const isOwn = subnet?.account === context.caller.account && subnet.region === context.region
  return isOwn ? subnet : refuse({ code: 'NotFound', what: 'subnet', id })
}

// The request --------------------------------------------------------------------------------------------------------

function refuseUnsupported(input: CreateSubnetRequest): void {
  if (input.OutpostArn !== undefined) refuse({ code: 'NotSupported', what: '`OutpostArn` (AWS Outposts)' })
  if (!input.Ipv6Native) return
  if (
    input.Ipv6CidrBlock === undefined &&
    input.Ipv6IpamPoolId === undefined &&
    input.Ipv6NetmaskLength === undefined
  ) {
    const sentence = "Either 'ipv6CidrBlock' or 'ipv6IpamPoolId' should be provided."
    refuse({ code: 'MissingParameter', field: 'Ipv6CidrBlock', aws: { sentence } })
  }
  if (asksFor(input, 4)) {
    refuse({ code: 'InvalidParameterCombination', problem: 'An IPv6-native subnet has no IPv4 block.' })
  }
}

function refuseZone(context: ReadContext, field: 'AvailabilityZone' | 'AvailabilityZoneId', value: string): never {
  const names = zonesOf(context).map((zone) => (field === 'AvailabilityZone' ? zone.name : zone.id))
  const zones = names.join(', ')
  refuseValue(field, value, `Subnets can currently only be created in the following availability zones: ${zones}`)
}

async function readAllParams(context: ReadContext, input: CreateSubnetRequest): Promise<BlockParams[]> {
  const requests: BlockParams[] = []
  if (!input.Ipv6Native) requests.push(await blockIn(context, 'subnet', 4, input))
  if (asksFor(input, 6)) requests.push(await blockIn(context, 'subnet', 6, input))
  return requests
}

/** The pool must plan this VPC, itself or through a pool above it. */
async function refuseUnlessPlans(context: ReadContext, pool: Pool, vpc: Vpc): Promise<void> {
  for (let at: Pool | undefined = pool; at; ) {
    if (at.sourceResource?.id === vpc.id) return
    at = at.parent === undefined ? undefined : await context.tx.pools.findByNumber(at.parent)
  }
  refuseValue(blockMember(pool.family, 'poolId'), pool.id, `it is no resource planning pool of \`${vpc.id}\``)
}

/** The schema keeps equal blocks apart; that blocks never overlap at all is kept here. */
async function refuseMisplaced(context: ReadContext, vpc: Vpc, cidrs: readonly VpcCidr[], wanted: Cidr): Promise<void> {
  const field = blockMember(wanted.family, 'cidr')
  const value = formatCidr(wanted)
  const own = cidrs.filter(({ cidr }) => cidr.family === wanted.family).map(({ cidr }) => cidr)
  if (!own.some((cidr) => contains(cidr, wanted))) {
    const blocks = own.length === 0 ? `it has no IPv${wanted.family} block` : `it has ${own.map(formatCidr).join(', ')}`
    refuse({ code: 'InvalidRange', what: 'subnet', field, value, problem: `It is not inside \`${vpc.id}\`: ${blocks}` })
  }
  const sibling = await context.tx.vpcs.subnetOverlapping(vpc.id, wanted)
  if (!sibling) return
  const problem = `It overlaps with the subnet \`${sibling.id}\` (${formatCidr(sibling.cidr)})`
  refuse({ code: 'CidrConflict', what: 'subnet', field, value, problem })
}

/** What a pool that plans the VPC has handed out already is not taken a second time beside it. */
async function refusePlanned(context: ReadContext, vpc: Vpc, { cidr, allocation }: Block): Promise<void> {
  const except = { allocation, account: vpc.account, now: context.now }
  const taken = await context.tx.pools.plannedOverlap(vpc.id, cidr, except)
  if (!taken) return
  const problem = `It overlaps with ${formatCidr(taken.cidr)}, which the pool \`${taken.pool.id}\` that plans \`${vpc.id}\` has handed out or keeps`
  const field = blockMember(cidr.family, 'cidr')
  refuse({ code: 'CidrConflict', what: 'subnet', field, value: formatCidr(cidr), problem })
}

/** What policy or a pool must choose around; a block that the caller names is looked at by itself. */
async function siblingsOf(context: ReadContext, vpc: Vpc, params: BlockParams): Promise<Cidr[]> {
  const isChosen = !params.cidr || (await documentFor(context, 'subnet')) !== undefined
  return isChosen ? context.tx.vpcs.subnetBlocks(vpc.id, params.family) : []
}

// Describing ---------------------------------------------------------------------------------------------------------

async function namedOrAll(
  context: ReadContext,
  ids: readonly string[] | undefined,
): Promise<Listed<Subnet, SubnetShown>['read']> {
  const { tx, caller, region } = context
  if (!ids?.length) return (after = '', limit) => tx.vpcs.subnets(caller.account, region, after, limit)
  const named = new Map<string, Subnet>()
  for (const id of ids) named.set(id, await getSubnet(context, id))
  return readById([...named.values()])
}

/** The subnet with its new tags. */
export async function recordSubnet(context: WriteContext, id: string): Promise<void> {
  await recordChange(context, (await context.tx.vpcs.findSubnet(id))!)
}

/** Puts the subnet as it is now into the history, and into the audit entry. */
async function recordChange(context: WriteContext, subnet: Omit<Subnet, 'createdAt'>): Promise<SubnetShown> {
  const { vpcs, natGateways, tags } = context.tx
  const shown = describe(subnet, {
    ipv6: await vpcs.subnetCidrs(subnet.id),
    used: (await natGateways.privateIpsIn(subnet.id)).length,
    tags: await tags.of(subnet.id),
  })
  await context.tx.history.changed({ id: subnet.id, kind: 'subnet', account: subnet.account }, shown)
  context.changed(subnet.id)
  return shown
}

/** What belongs to a subnet; `used` counts the addresses of NAT gateways in it. */
interface Belongings {
  readonly ipv6: readonly SubnetCidr[]
  readonly used: number
  readonly tags: readonly Tag[]
}

function describe(subnet: Omit<Subnet, 'createdAt'>, { ipv6, used, tags }: Belongings): SubnetShown {
  return {
    SubnetId: subnet.id,
    SubnetArn: `arn:aws:ec2:${subnet.region}:${subnet.account}:subnet/${subnet.id}`,
    VpcId: subnet.vpcId,
    OwnerId: subnet.account,
    State: 'available',
    CidrBlock: subnet.cidr && formatCidr(subnet.cidr),
    AvailableIpAddressCount: subnet.cidr ? Number(sizeOf(subnet.cidr)) - reservedAtStart - reservedAtEnd - used : 0,
    AvailabilityZone: subnet.zone,
    AvailabilityZoneId: subnet.zoneId,
    Ipv6CidrBlockAssociationSet: ipv6.map(({ associationId, cidr, ipSource }) => ({
      AssociationId: associationId,
      Ipv6CidrBlock: formatCidr(cidr),
      Ipv6CidrBlockState: { State: 'associated' },
      Ipv6AddressAttribute: ipSource === 'none' ? 'private' : 'public',
      IpSource: ipSource,
    })),
    Ipv6Native: subnet.isIpv6Native,
    AssignIpv6AddressOnCreation: subnet.isIpv6Native,
    DefaultForAz: false,
    MapPublicIpOnLaunch: false,
    MapCustomerOwnedIpOnLaunch: false,
    EnableDns64: false,
    PrivateDnsNameOptionsOnLaunch: {
      HostnameType: subnet.isIpv6Native ? 'resource-name' : 'ip-name',
      EnableResourceNameDnsARecord: false,
      EnableResourceNameDnsAAAARecord: false,
    },
    BlockPublicAccessStates: { InternetGatewayBlockMode: 'off' },
    Tags: tags,
  }
}

const zoneOf = ({ AvailabilityZone }: SubnetShown) => AvailabilityZone
const cidrOf = ({ CidrBlock }: SubnetShown) => CidrBlock
const isDefault = ({ DefaultForAz }: SubnetShown) => String(DefaultForAz)
/** Some have a second name from EC2's early days. */
const filterFields = {
  'availability-zone': zoneOf,
  availabilityZone: zoneOf,
  'availability-zone-id': ({ AvailabilityZoneId }: SubnetShown) => AvailabilityZoneId,
  availabilityZoneId: ({ AvailabilityZoneId }: SubnetShown) => AvailabilityZoneId,
  'available-ip-address-count': ({ AvailableIpAddressCount }: SubnetShown) => String(AvailableIpAddressCount),
  'cidr-block': cidrOf,
  cidr: cidrOf,
  cidrBlock: cidrOf,
  'customer-owned-ipv4-pool': nothing,
  'default-for-az': isDefault,
  defaultForAz: isDefault,
  'enable-dns64': ({ EnableDns64 }: SubnetShown) => String(EnableDns64),
  'enable-lni-at-device-index': nothing,
  'ipv6-cidr-block-association.association-id': ({ Ipv6CidrBlockAssociationSet: all }: SubnetShown) =>
    all?.map(({ AssociationId }) => AssociationId!),
  'ipv6-cidr-block-association.ipv6-cidr-block': ({ Ipv6CidrBlockAssociationSet: all }: SubnetShown) =>
    all?.map(({ Ipv6CidrBlock }) => Ipv6CidrBlock!),
  'ipv6-cidr-block-association.state': ({ Ipv6CidrBlockAssociationSet: all }: SubnetShown) =>
    all?.map(({ Ipv6CidrBlockState }) => Ipv6CidrBlockState!.State!),
  'ipv6-native': ({ Ipv6Native }: SubnetShown) => String(Ipv6Native),
  'map-customer-owned-ip-on-launch': ({ MapCustomerOwnedIpOnLaunch }: SubnetShown) =>
    String(MapCustomerOwnedIpOnLaunch),
  'map-public-ip-on-launch': ({ MapPublicIpOnLaunch }: SubnetShown) => String(MapPublicIpOnLaunch),
  'outpost-arn': nothing,
  'owner-id': ({ OwnerId }: SubnetShown) => OwnerId,
  'private-dns-name-options-on-launch.hostname-type': ({ PrivateDnsNameOptionsOnLaunch: options }: SubnetShown) =>
    options?.HostnameType,
  'private-dns-name-options-on-launch.enable-resource-name-dns-a-record': ({
    PrivateDnsNameOptionsOnLaunch: options,
  }: SubnetShown) => String(options?.EnableResourceNameDnsARecord),
  'private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record': ({
    PrivateDnsNameOptionsOnLaunch: options,
  }: SubnetShown) => String(options?.EnableResourceNameDnsAAAARecord),
  state: ({ State }: SubnetShown) => State,
  'subnet-arn': ({ SubnetArn }: SubnetShown) => SubnetArn,
  'subnet-id': ({ SubnetId }: SubnetShown) => SubnetId,
  'vpc-id': ({ VpcId }: SubnetShown) => VpcId,
}
