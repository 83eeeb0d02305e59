// What an account has without asking for each part: a default VPC with a subnet in every zone and a way to the Internet. Its blocks come from
// where policy says, as all others.
import { type Cidr, contains, makeCidr, parseCidr, sizeOf } from '#model/cidr.ts'
import { refuse } from '#model/refusal.ts'
import type { WriteContext } from '../operation.ts'
import { documentFor, readBlock } from './blocks.ts'
import { attachGateway, createInternetGateway } from './gateways.ts'
import { createRoute, getMainTable } from './route-tables.ts'
import { createSubnet, type SubnetState } from './subnets.ts'
import { createVpc, findDefaultVpc, type VpcState } from './vpcs.ts'
import { type Zone, zonesOf } from './zones.ts'

/** What AWS gives where no policy chooses. */
const defaultVpcBlock = parseCidr('172.31.0.0/16')!
const defaultSubnetLength = 20

export async function createDefaultVpc(context: WriteContext): Promise<VpcState> {
  const there = await findDefaultVpc(context)
  if (there) {
    const problem = { why: 'default-network-there', network: there.id } as const
    refuse({ code: 'AlreadyExists', what: 'default-vpc', problem })
  }
  const isChosen = (await documentFor(context, 'vpc')) !== undefined
  const block = await readBlock(context, 'vpc', isChosen ? { family: 4 } : { family: 4, cidr: defaultVpcBlock })
  const made = await createVpc(context, { blocks: [block], isDefault: true })
  for (const zone of zonesOf(context)) await makeSubnet(context, made, zone)
  const gateway = await createInternetGateway(context, [])
  await attachGateway(context, gateway.object.id, made.vpc.id)
  const out = { kind: 'ipv4', text: '0.0.0.0/0' } as const
  await createRoute(context, await getMainTable(context, made.vpc.id), out, { via: 'gateway', id: gateway.object.id })
  return made
}

/** Makes the default subnet of a zone, in the default VPC. */
export async function createDefaultSubnet(context: WriteContext, zone: Zone): Promise<SubnetState> {
  const vpc = await findDefaultVpc(context)
  if (!vpc) refuse({ code: 'NotFound', what: 'default-vpc', id: context.region })
  const there = await context.tx.vpcs.defaultSubnet(vpc.id, zone.name)
  if (there) {
    const problem = { why: 'default-subnet-there', subnet: there.id, zone: zone.name } as const
    refuse({ code: 'AlreadyExists', what: 'default-subnet', problem })
  }
  return makeSubnet(context, { vpc, cidrs: await context.tx.vpcs.cidrs(vpc.id) }, zone)
}

async function makeSubnet(
  context: WriteContext,
  { vpc, cidrs }: Pick<VpcState, 'vpc' | 'cidrs'>,
  zone: Zone,
): Promise<SubnetState> {
  const isChosen = (await documentFor(context, 'subnet')) !== undefined
  const cidr = isChosen ? undefined : await freeBlock(context, vpc.id, cidrs.find(({ isPrimary }) => isPrimary)!.cidr)
  const block = await readBlock(context, 'subnet', { family: 4, cidr })
  const attributes = { mapPublicIpOnLaunch: true }
  return createSubnet(context, { vpcId: vpc.id, zone, blocks: [block], isDefault: true, attributes })
}

/** The first block of the VPC that no subnet has a part of: a /20, or in a smaller VPC a sixteenth. */
async function freeBlock({ tx }: WriteContext, vpcId: string, block: Cidr): Promise<Cidr> {
  const length = Math.min(Math.max(defaultSubnetLength, block.length + 4), 28)
  for (
    let one = makeCidr(4, block.first, length);
    contains(block, one);
    one = makeCidr(4, one.first + sizeOf(one), length)
  ) {
    if (!(await tx.vpcs.subnetOverlapping(vpcId, one))) return one
  }
  return refuse({ code: 'Exhausted', isOfSubnet: true, pool: vpcId, length })
}
