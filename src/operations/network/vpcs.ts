// What can be done with VPCs: records of private networks, whose blocks come from where policy says.
import { type Cidr, formatCidr, overlaps } from '#model/cidr.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import type { Tag } from '#model/tags.ts'
import type { Pool } from '#store/tables/pools.ts'
import type { Vpc, VpcAttributes, VpcCidr } from '#store/tables/vpcs.ts'
import { refuseMalformed } from '../identifiers.ts'
import { isPlanEnded } from '../ipam/plans.ts'
import { type ReadRows, readById } from '../listing.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { putTags } from '../organization/tagging.ts'
import { type BlockParams, blockMember, giveBack, takeBlock } from './blocks.ts'
import { removeStanding } from './objects.ts'

/** Blocks of one family that a VPC can have. AWS: 5, adjustable to 50. */
const cidrsMax = 50

export interface VpcSpec {
  /** One of IPv4, the primary one, and at most one of IPv6. */
  readonly blocks: readonly BlockParams[]
  readonly tenancy?: string
  /** The one that the account has without asking for one. */
  readonly isDefault?: boolean
  readonly tags?: readonly Tag[]
}

/** A VPC with all that belongs to it. */
export interface VpcState {
  readonly vpc: Vpc
  readonly cidrs: readonly VpcCidr[]
  readonly tags: readonly Tag[]
}

/** Makes a VPC of the caller in the Region of the request. */
export async function createVpc(
  context: WriteContext,
  { blocks, tenancy = 'default', isDefault, tags = [] }: VpcSpec,
): Promise<VpcState> {
  for (const { pool } of blocks) if (pool) refusePlanningPool(pool)
  const vpc: Vpc = {
    id: context.newId('vpc'),
    account: context.caller.account,
    region: context.region,
    tenancy,
    dhcpOptionsId: 'default',
    enableDnsSupport: true,
    enableDnsHostnames: isDefault === true,
    enableNetworkAddressUsageMetrics: false,
    isDefault,
    createdAt: context.now,
  }
  await context.tx.vpcs.insert(vpc)
  for (const params of blocks) {
    const block = await takeBlock(context, params, { network: 'vpc', id: vpc.id, tags }, {})
    await context.tx.vpcs.insertCidr({
      ...block,
      associationId: context.newId('vpcCidrAssociation'),
      vpcId: vpc.id,
      isPrimary: params.family === 4,
      networkBorderGroup: params.family === 6 ? context.region : undefined,
    })
  }
  await putTags(context, { id: vpc.id, type: 'vpc', account: vpc.account }, tags)
  return recordChange(context, vpc)
}

/** Deletes a VPC that nothing is in, and gives its space back. */
export async function deleteVpc(context: WriteContext, vpc: Vpc): Promise<void> {
  const mainTable = await context.tx.networkObjects.mainTableOf(vpc.id)
  const dependent =
    (await context.tx.vpcs.anySubnetOf(vpc.id)) ??
    (await context.tx.natGateways.anyOfVpc(vpc.id)) ??
    (await context.tx.networkObjects.anyOfVpc(vpc.id, mainTable))
  if (dependent !== undefined) {
    refuse({
      code: 'DependencyViolation',
      what: 'vpc',
      id: vpc.id,
      problem: { why: 'has-inside', id: dependent },
    })
  }
  const [planner] = await context.tx.pools.planning(vpc.id)
  if (planner) await refusePlanned(context, vpc, planner, { what: 'vpc', id: vpc.id }, {})
  for (const { allocation } of await context.tx.vpcs.cidrs(vpc.id)) await giveBack(context, allocation)
  await removeStanding(context, vpc, mainTable)
  await context.tx.vpcs.delete(vpc.id)
  await context.tx.tags.removeAll(vpc.id)
  await context.tx.history.changed({ id: vpc.id, kind: 'vpc', account: vpc.account }, undefined)
  context.changed(vpc.id)
}

/** Sets some of a VPC's attributes; the others stay as they are. */
export async function setVpcAttributes(
  context: WriteContext,
  vpc: Vpc,
  changes: Partial<VpcAttributes>,
): Promise<void> {
  const changed: Vpc = { ...vpc, ...changes }
  await context.tx.vpcs.setAttributes(vpc.id, changed)
  await recordChange(context, changed)
}

/** Gives a VPC other DHCP options. */
export async function setDhcpOptions(context: WriteContext, vpc: Vpc, dhcpOptionsId: string): Promise<void> {
  await context.tx.vpcs.setDhcpOptions(vpc.id, dhcpOptionsId)
  await recordChange(context, { ...vpc, dhcpOptionsId })
}

/** Gives a VPC of the caller one more block. */
export async function associateBlock(
  context: WriteContext,
  vpcId: string,
  params: BlockParams,
): Promise<Omit<VpcCidr, 'createdAt'>> {
  if (params.pool) refusePlanningPool(params.pool)
  const vpc = await getVpc(context, vpcId)
  const cidrs = await context.tx.vpcs.cidrs(vpc.id)
  const same = cidrs.filter(({ cidr }) => cidr.family === params.family)
  if (same.length >= cidrsMax) {
    const what = { of: 'cidr-blocks', family: params.family } as const
    refuse({ code: 'LimitExceeded', what, limit: cidrsMax, used: same.length, quota: { kind: 'cidrs', id: vpc.id } })
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
  return association
}

/** Takes a block away from its VPC, which is the caller's, and gives its space back. */
export async function disassociateBlock(context: WriteContext, id: string): Promise<VpcCidr> {
  refuseMalformed('vpcCidrAssociation', id)
  const association = await context.tx.vpcs.findCidr(id)
  const vpc = association && (await findVpc(context, association.vpcId))
  if (!vpc) refuse({ code: 'NotFound', what: 'vpc-cidr-association', id })
  if (association.isPrimary) {
    refuse({
      code: 'NotEligible',
      problem: { why: 'primary-block', association: id },
    })
  }
  const subnet = await context.tx.vpcs.subnetOverlapping(vpc.id, association.cidr)
  if (subnet) {
    refuse({
      code: 'InUse',
      what: 'vpc-cidr-association',
      id,
      problem: { why: 'subnet-in-block', subnet: subnet.id, cidr: formatCidr(subnet.cidr) },
    })
  }
  const planned = await context.tx.pools.topLevelOverlap(vpc.id, association.cidr)
  const planner = planned && (await context.tx.pools.findByNumber(planned.pool))
  if (planner)
    await refusePlanned(
      context,
      vpc,
      planner,
      { what: 'vpc-cidr-association', id },
      {
        cidr: formatCidr(association.cidr),
      },
    )
  await giveBack(context, association.allocation)
  await context.tx.vpcs.deleteCidr(id)
  context.changed(id)
  await recordChange(context, vpc)
  return association
}

/** Keeps the VPC with its new tags. */
export async function recordVpc(context: WriteContext, id: string): Promise<void> {
  await recordChange(context, (await context.tx.vpcs.find(id))!)
}

/** Puts the VPC as it is now into the history, and into the audit entry. */
async function recordChange(context: WriteContext, vpc: Vpc): Promise<VpcState> {
  const { vpcs, tags: allTags } = context.tx
  const cidrs = await vpcs.cidrs(vpc.id)
  const tags = await allTags.of(vpc.id)
  const object = { id: vpc.id, kind: 'vpc', account: vpc.account }
  await context.tx.history.changed(object, vpcs.forHistory(vpc, { cidrs, tags }))
  context.changed(vpc.id)
  return { vpc, cidrs, tags }
}

/** The caller's default VPC in this Region, where they have asked for one. */
export const findDefaultVpc = ({ tx, caller, region }: ReadContext): Promise<Vpc | undefined> =>
  tx.vpcs.findDefault(caller.account, region)

// Finding ------------------------------------------------------------------------------------------------------------

/** A VPC of the caller, in the Region of the request. */
export async function findVpc(context: ReadContext, id: string): Promise<Vpc | undefined> {
  const vpc = await context.tx.vpcs.find(id)
  return vpc?.account === context.caller.account && vpc.region === context.region ? vpc : undefined
}
export async function getVpc(context: ReadContext, id: string): Promise<Vpc> {
  return (await findVpc(context, id)) ?? refuse({ code: 'NotFound', what: 'vpc', id })
}

// What is refused ----------------------------------------------------------------------------------------------------

function refusePlanningPool({ id, family, sourceResource }: Pool): void {
  if (sourceResource === undefined) return
  refuseValue(blockMember(family, 'poolId'), id, { why: 'plans-subnets' })
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
  planned: { readonly cidr?: string },
): Promise<never> {
  const account = pool.account === vpc.account ? {} : { account: pool.account }
  // Who may plan it no longer need not be there any more to end it.
  const mayNoMore = isPlanEnded(await context.snapshot(), pool)
  const problem = { why: 'planned-by', pool: pool.id, ...account, ...planned, mayNoMore } as const
  return refuse({ code: 'DependencyViolation', ...kept, problem })
}

function refuseOverlap(wanted: Cidr, cidrs: readonly VpcCidr[]): void {
  const other = cidrs.find(({ cidr }) => overlaps(cidr, wanted))
  if (!other) return
  refuse({
    code: 'InvalidRange',
    what: 'vpc',
    field: blockMember(wanted.family, 'cidr'),
    value: formatCidr(wanted),
    problem: { why: 'overlaps-own-block', cidr: formatCidr(other.cidr) },
  })
}

/** Those that are named, or all of the caller's in this Region, in the order of ids. */
export async function vpcsOf(context: ReadContext, ids: readonly string[] = []): Promise<ReadRows<Vpc>> {
  const { tx, caller, region } = context
  if (ids.length === 0) return (after = '', limit) => tx.vpcs.list(caller.account, region, after, limit)
  const named = new Map<string, Vpc>()
  for (const id of ids) named.set(id, await getVpc(context, id))
  return readById([...named.values()])
}

/** With what belongs to all of them read at once. */
export async function describeVpcs({ tx }: ReadContext, vpcs: readonly Vpc[]): Promise<readonly VpcState[]> {
  const ids = vpcs.map(({ id }) => id)
  const [cidrs, tags] = [await tx.vpcs.cidrsOf(ids), await tx.tags.ofMany(ids)]
  return vpcs.map((vpc) => ({ vpc, cidrs: cidrs.get(vpc.id) ?? [], tags: tags.get(vpc.id) ?? [] }))
}
