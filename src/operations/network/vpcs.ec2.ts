// VPCs: records of private networks, whose blocks come from where policy says.
import type {
  AssociateVpcCidrBlockResult,
  CreateVpcRequest,
  VpcCidrBlockAssociation,
  VpcIpv6CidrBlockAssociation,
  Vpc as VpcShown,
} from '#formats/aws/ec2.generated.ts'
import { type Cidr, formatCidr, overlaps } from '#model/cidr.ts'
import { hasShape } from '#model/identifier.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import type { Pool } from '#store/tables/pools.ts'
import type { Tag } from '#store/tables/tags.ts'
import type { Vpc, VpcAttributes, VpcCidr } from '#store/tables/vpcs.ts'
import { isPlanEnded } from '../ipam/plans.ts'
import { filterBy, type Listed, readById, readPage, refuseIdsWithPaging } from '../listing.ts'
import { ec2Read, ec2Write } from '../operation.aws.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { tagsToCreate } from '../organization/tagging.ec2.ts'
import { putTags } from '../organization/tagging.ts'
import { asksFor, type BlockInput, giveBack, readParams, takeBlock } from './blocks.ts'

/** Blocks of one family that a VPC can have. AWS: 5, adjustable to 50. */
const cidrsMax = 50

export const createVpc = ec2Write('CreateVpc', async (context, input) => {
  refuseUnsupported(context, input)
  const tags = tagsToCreate(input.TagSpecifications, 'vpc')
  // A VPC has an IPv4 block even where it is made for IPv6, as in EC2.
  const requests = [await readParams(context, 'vpc', 4, input)]
  if (asksFor(input, 6)) requests.push(await readParams(context, 'vpc', 6, input))
  for (const { pool } of requests) if (pool) refusePlanningPool(pool)

  const vpc: Omit<Vpc, 'createdAt'> = {
    id: context.newId('vpc'),
    account: context.caller.account,
    region: context.region,
    tenancy: input.InstanceTenancy ?? 'default',
    dhcpOptionsId: 'default',
    enableDnsSupport: true,
    enableDnsHostnames: false,
    enableNetworkAddressUsageMetrics: false,
  }
  await context.tx.vpcs.insert(vpc)
  for (const params of requests) {
    const block = await takeBlock(context, params, { network: 'vpc', id: vpc.id, tags }, { taken: [] })
    await context.tx.vpcs.insertCidr({
      ...block,
      associationId: context.newId('vpcCidrAssociation'),
      vpcId: vpc.id,
      isPrimary: params.family === 4,
      networkBorderGroup: params.family === 6 ? context.region : undefined,
    })
  }
  await putTags(context, { id: vpc.id, type: 'vpc', account: vpc.account }, tags)
  const shown = await recordChange(context, vpc)
  return { Vpc: { ...shown, State: 'pending' } }
})

export const deleteVpc = ec2Write('DeleteVpc', async (context, input) => {
  const vpc = await getVpc(context, input.VpcId)
  const dependent = (await context.tx.vpcs.anySubnetOf(vpc.id)) ?? (await context.tx.natGateways.anyOfVpc(vpc.id))
  if (dependent !== undefined) {
    refuse({
      code: 'DependencyViolation',
      what: 'vpc',
      id: vpc.id,
      problem: `\`${dependent}\` is in it`,
    })
  }
  const [planner] = await context.tx.pools.planning(vpc.id)
  if (planner) await refusePlanned(context, vpc, planner, { what: 'vpc', id: vpc.id }, 'it')
  for (const { allocation } of await context.tx.vpcs.cidrs(vpc.id)) await giveBack(context, allocation)
  await context.tx.vpcs.delete(vpc.id)
  await context.tx.tags.removeAll(vpc.id)
  await context.tx.history.changed({ id: vpc.id, kind: 'vpc', account: vpc.account }, undefined)
  context.changed(vpc.id)
  return { Return: true }
})

export const describeVpcs = ec2Read('DescribeVpcs', async (context, input) => {
  refuseIdsWithPaging(input.VpcIds, 'VpcIds', input)
  const matches = filterBy(input.Filters, filterFields, ({ Tags }) => Tags ?? [])
  const { items, NextToken } = await readPage(context, input, {
    read: await namedOrAll(context, input.VpcIds),
    placeOf: ({ id }) => id,
    async show(vpcs) {
      const ids = vpcs.map(({ id }) => id)
      const [cidrs, tags] = [await context.tx.vpcs.cidrsOf(ids), await context.tx.tags.ofMany(ids)]
      return vpcs.map((vpc) => {
        const shown = describe(vpc, cidrs.get(vpc.id) ?? [], tags.get(vpc.id) ?? [])
        return matches(shown) ? shown : undefined
      })
    },
  })
  return { Vpcs: items, NextToken }
})

export const describeVpcAttribute = ec2Read('DescribeVpcAttribute', async (context, input) => {
  const vpc = await getVpc(context, input.VpcId)
  const shown = { VpcId: vpc.id }
  switch (input.Attribute) {
    case 'enableDnsSupport':
      return { ...shown, EnableDnsSupport: { Value: vpc.enableDnsSupport } }
    case 'enableDnsHostnames':
      return { ...shown, EnableDnsHostnames: { Value: vpc.enableDnsHostnames } }
    case 'enableNetworkAddressUsageMetrics':
      return { ...shown, EnableNetworkAddressUsageMetrics: { Value: vpc.enableNetworkAddressUsageMetrics } }
    default:
      return refuseValue('Attribute', input.Attribute, 'there is no such attribute of a VPC')
  }
})

export const modifyVpcAttribute = ec2Write('ModifyVpcAttribute', async (context, input) => {
  const given = [
    ['EnableDnsSupport', 'enableDnsSupport', input.EnableDnsSupport],
    ['EnableDnsHostnames', 'enableDnsHostnames', input.EnableDnsHostnames],
    ['EnableNetworkAddressUsageMetrics', 'enableNetworkAddressUsageMetrics', input.EnableNetworkAddressUsageMetrics],
  ] as const
  const [attribute, ...others] = given.filter(([, , value]) => value !== undefined)
  if (!attribute || others.length > 0) {
    refuse({
      code: 'InvalidParameterCombination',
      problem: `Exactly one of ${given.map(([field]) => `\`${field}\``).join(', ')} must be given.`,
    })
  }
  const [field, name, value] = attribute
  if (value?.Value === undefined) refuse({ code: 'MissingParameter', field: `${field}.Value` })

  const vpc = await getVpc(context, input.VpcId)
  const attributes: VpcAttributes = { ...vpc, [name]: value.Value }
  await context.tx.vpcs.setAttributes(vpc.id, attributes)
  await recordChange(context, { ...vpc, ...attributes })
  return { Return: true }
})

export const associateVpcCidrBlock = ec2Write('AssociateVpcCidrBlock', async (context, input) => {
  refuseUnsupported(context, input)
  if (asksFor(input, 4) && asksFor(input, 6)) {
    refuse({ code: 'InvalidParameterCombination', problem: 'One block can be associated per call: IPv4 or IPv6.' })
  }
  const params = await readParams(context, 'vpc', asksFor(input, 6) ? 6 : 4, input)
  if (params.pool) refusePlanningPool(params.pool)
  const vpc = await getVpc(context, input.VpcId)
  const cidrs = await context.tx.vpcs.cidrs(vpc.id)
  const same = cidrs.filter(({ cidr }) => cidr.family === params.family)
  if (same.length >= cidrsMax) {
    const sentence = `This network '${vpc.id}' has met its maximum number of allowed CIDRs: ${cidrsMax}`
    const what = `IPv${params.family} CIDR blocks`
    refuse({ code: 'LimitExceeded', what, limit: cidrsMax, used: same.length, aws: { sentence } })
  }
  if (params.cidr) refuseOverlap(params.cidr, same)

  const tags = await context.tx.tags.of(vpc.id)
  const taken = same.map(({ cidr }) => cidr)
  const block = await takeBlock(context, params, { network: 'vpc', id: vpc.id, tags }, { taken })
  refuseOverlap(block.cidr, same)
  const association = {
    ...block,
    associationId: context.newId('vpcCidrAssociation'),
    vpcId: vpc.id,
    isPrimary: false,
    networkBorderGroup: params.family === 6 ? context.region : undefined,
  }
  await context.tx.vpcs.insertCidr(association)
  context.changed(association.associationId)
  await recordChange(context, vpc)
  return describeChange(association, 'associating')
})

export const disassociateVpcCidrBlock = ec2Write('DisassociateVpcCidrBlock', async (context, input) => {
  const id = input.AssociationId
  refuseMisshapen('vpcCidrAssociation', 'vpc-cidr-association', id, 'vpc-cidr-assoc-...')
  const association = await context.tx.vpcs.findCidr(id)
  const vpc = association && (await findVpc(context, association.vpcId))
  if (!vpc) refuse({ code: 'NotFound', what: 'vpc-cidr-association', id })
  if (association.isPrimary) {
    refuse({
      code: 'NotEligible',
      problem: `The vpc CIDR block with association ID ${id} may not be disassociated. It is the primary IPv4 CIDR block of the VPC`,
    })
  }
  const subnet = await context.tx.vpcs.subnetOverlapping(vpc.id, association.cidr)
  if (subnet) {
    refuse({
      code: 'InUse',
      what: 'vpc-cidr-association',
      id,
      problem: `the subnet \`${subnet.id}\` (${formatCidr(subnet.cidr)}) is inside the block`,
    })
  }
  const planned = await context.tx.pools.topLevelOverlap(vpc.id, association.cidr)
  const planner = planned && (await context.tx.pools.findByNumber(planned.pool))
  if (planner)
    await refusePlanned(context, vpc, planner, { what: 'vpc-cidr-association', id }, formatCidr(association.cidr))
  await giveBack(context, association.allocation)
  await context.tx.vpcs.deleteCidr(id)
  context.changed(id)
  await recordChange(context, vpc)
  return describeChange(association, 'disassociating')
})

/** A VPC of the caller, in the Region of the request. */
export async function findVpc(context: ReadContext, id: string): Promise<Vpc | undefined> {
  const vpc = await context.tx.vpcs.find(id)
  return vpc?.account === context.caller.account && vpc.region === context.region ? vpc : undefined
}
export async function getVpc(context: ReadContext, id: string): Promise<Vpc> {
  return (await findVpc(context, id)) ?? refuse({ code: 'NotFound', what: 'vpc', id })
}

/** Identifiers of other kinds and plain garbage are told apart from what is not there. EC2 does not do so for VPCs and subnets. */
export function refuseMisshapen(
  kind: Parameters<typeof hasShape>[0],
  what: 'vpc-cidr-association' | 'nat-gateway',
  id: string,
  expected: string,
): void {
  if (!hasShape(kind, id)) refuse({ code: 'MalformedId', what, id, expected })
}

// The request --------------------------------------------------------------------------------------------------------

function refuseUnsupported(
  context: ReadContext,
  input: Pick<CreateVpcRequest, 'Ipv6Pool' | 'VpcEncryptionControl' | 'Ipv6CidrBlockNetworkBorderGroup'> & BlockInput,
): void {
  if (input.Ipv6Pool !== undefined) {
    refuse({
      code: 'NotSupported',
      what: '`Ipv6Pool`',
      because: 'provision your own IPv6 space to an IPAM pool and name it with `Ipv6IpamPoolId`',
    })
  }
  if (input.VpcEncryptionControl !== undefined) {
    refuse({ code: 'NotSupported', what: '`VpcEncryptionControl`', because: 'there is no traffic here' })
  }
  const group = input.Ipv6CidrBlockNetworkBorderGroup
  if (group === undefined) return
  if (!input.AmazonProvidedIpv6CidrBlock) {
    refuse({
      code: 'InvalidParameterCombination',
      problem: '`Ipv6CidrBlockNetworkBorderGroup` needs `AmazonProvidedIpv6CidrBlock`.',
    })
  }
  if (group !== context.region) {
    const problem = `only the Region's own group \`${context.region}\` exists here`
    refuseValue('Ipv6CidrBlockNetworkBorderGroup', group, problem)
  }
}

function refusePlanningPool(pool: { readonly id: string; readonly family: 4 | 6; readonly sourceResource?: unknown }) {
  if (pool.sourceResource === undefined) return
  refuseValue(`Ipv${pool.family}IpamPoolId`, pool.id, 'it plans the subnets of a VPC, and cannot give blocks to VPCs')
}

/**
 * A pool that plans a VPC does not outlive what it plans. The owner of the VPC is told which pool it is, also where that is
 * the delegated administrator's: it is about the caller's own network, and says nothing of what else there is.
 */
async function refusePlanned(
  context: ReadContext,
  vpc: Vpc,
  pool: Pool,
  kept: { readonly what: 'vpc' | 'vpc-cidr-association'; readonly id: string },
  planned: string,
): Promise<never> {
  const whose = pool.account === vpc.account ? '' : ` of the account \`${pool.account}\``
  // Who may plan it no longer need not be there any more to end it.
  const remedy = isPlanEnded(await context.snapshot(), pool)
    ? 'it may not any more: delete that pool with `DeleteIpamPool` and `Cascade`'
    : 'take the CIDR out of that pool or delete it first'
  const problem = `The pool \`${pool.id}\`${whose} plans ${planned}; ${remedy}`
  return refuse({ code: 'DependencyViolation', ...kept, problem })
}

function refuseOverlap(wanted: Cidr, cidrs: readonly VpcCidr[]): void {
  const other = cidrs.find(({ cidr }) => overlaps(cidr, wanted))
  if (!other) return
  refuse({
    code: 'InvalidRange',
    what: 'vpc',
    field: wanted.family === 4 ? 'CidrBlock' : 'Ipv6CidrBlock',
    value: formatCidr(wanted),
    problem: `It overlaps with ${formatCidr(other.cidr)}, which the VPC has already`,
  })
}

// Describing ---------------------------------------------------------------------------------------------------------

async function namedOrAll(
  context: ReadContext,
  ids: readonly string[] | undefined,
): Promise<Listed<Vpc, VpcShown>['read']> {
  const { tx, caller, region } = context
  if (!ids?.length) return (after = '', limit) => tx.vpcs.list(caller.account, region, after, limit)
  const named = new Map<string, Vpc>()
  for (const id of ids) named.set(id, await getVpc(context, id))
  return readById([...named.values()])
}

/** The VPC with its new tags. */
export async function recordVpc(context: WriteContext, id: string): Promise<void> {
  await recordChange(context, (await context.tx.vpcs.find(id))!)
}

/** Puts the VPC as it is now into the history, and into the audit entry. */
async function recordChange(context: WriteContext, vpc: Omit<Vpc, 'createdAt'>): Promise<VpcShown> {
  const shown = describe(vpc, await context.tx.vpcs.cidrs(vpc.id), await context.tx.tags.of(vpc.id))
  const { enableDnsSupport, enableDnsHostnames, enableNetworkAddressUsageMetrics } = vpc
  await context.tx.history.changed(
    { id: vpc.id, kind: 'vpc', account: vpc.account },
    { ...shown, enableDnsSupport, enableDnsHostnames, enableNetworkAddressUsageMetrics },
  )
  context.changed(vpc.id)
  return shown
}

function describe(vpc: Omit<Vpc, 'createdAt'>, cidrs: readonly Association[], tags: readonly Tag[]): VpcShown {
  return {
    VpcId: vpc.id,
    OwnerId: vpc.account,
    State: 'available',
    CidrBlock: cidrs.filter(({ isPrimary }) => isPrimary).map(({ cidr }) => formatCidr(cidr))[0],
    CidrBlockAssociationSet: cidrs.filter(({ cidr }) => cidr.family === 4).map((cidr) => describeIpv4(cidr)),
    Ipv6CidrBlockAssociationSet: cidrs.filter(({ cidr }) => cidr.family === 6).map((cidr) => describeIpv6(cidr)),
    DhcpOptionsId: vpc.dhcpOptionsId,
    InstanceTenancy: vpc.tenancy,
    IsDefault: false,
    BlockPublicAccessStates: { InternetGatewayBlockMode: 'off' },
    Tags: tags,
  }
}

type Association = Omit<VpcCidr, 'createdAt'>

const describeIpv4 = ({ associationId, cidr }: Association, state = 'associated'): VpcCidrBlockAssociation => ({
  AssociationId: associationId,
  CidrBlock: formatCidr(cidr),
  CidrBlockState: { State: state },
})

const describeIpv6 = (association: Association, state = 'associated'): VpcIpv6CidrBlockAssociation => ({
  AssociationId: association.associationId,
  Ipv6CidrBlock: formatCidr(association.cidr),
  Ipv6CidrBlockState: { State: state },
  NetworkBorderGroup: association.networkBorderGroup,
  Ipv6Pool: association.poolId === undefined ? 'Amazon' : 'IPAM Managed',
  Ipv6AddressAttribute: association.ipSource === 'none' ? 'private' : 'public',
  IpSource: association.ipSource,
})

function describeChange(
  association: Association,
  state: 'associating' | 'disassociating',
): AssociateVpcCidrBlockResult {
  return association.cidr.family === 4
    ? { VpcId: association.vpcId, CidrBlockAssociation: describeIpv4(association, state) }
    : { VpcId: association.vpcId, Ipv6CidrBlockAssociation: describeIpv6(association, state) }
}

const isDefault = ({ IsDefault }: VpcShown) => String(IsDefault)
/** One has a second name from EC2's early days. */
const filterFields = {
  cidr: ({ CidrBlock }: VpcShown) => CidrBlock,
  'cidr-block-association.association-id': ({ CidrBlockAssociationSet: all }: VpcShown) =>
    all?.map(({ AssociationId }) => AssociationId!),
  'cidr-block-association.cidr-block': ({ CidrBlockAssociationSet: all }: VpcShown) =>
    all?.map(({ CidrBlock }) => CidrBlock!),
  'cidr-block-association.state': ({ CidrBlockAssociationSet: all }: VpcShown) =>
    all?.map(({ CidrBlockState }) => CidrBlockState!.State!),
  'dhcp-options-id': ({ DhcpOptionsId }: VpcShown) => DhcpOptionsId,
  'ipv6-cidr-block-association.association-id': ({ Ipv6CidrBlockAssociationSet: all }: VpcShown) =>
    all?.map(({ AssociationId }) => AssociationId!),
  'ipv6-cidr-block-association.ipv6-cidr-block': ({ Ipv6CidrBlockAssociationSet: all }: VpcShown) =>
    all?.map(({ Ipv6CidrBlock }) => Ipv6CidrBlock!),
  'ipv6-cidr-block-association.ipv6-pool': ({ Ipv6CidrBlockAssociationSet: all }: VpcShown) =>
    all?.map(({ Ipv6Pool }) => Ipv6Pool!),
  'ipv6-cidr-block-association.state': ({ Ipv6CidrBlockAssociationSet: all }: VpcShown) =>
    all?.map(({ Ipv6CidrBlockState }) => Ipv6CidrBlockState!.State!),
  'is-default': isDefault,
  isDefault,
  'owner-id': ({ OwnerId }: VpcShown) => OwnerId,
  state: ({ State }: VpcShown) => State,
  tenancy: ({ InstanceTenancy }: VpcShown) => InstanceTenancy,
  'vpc-id': ({ VpcId }: VpcShown) => VpcId,
}
