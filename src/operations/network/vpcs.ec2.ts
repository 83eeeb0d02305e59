// VPCs over the EC2 API: its requests, answers and filters.
import type {
  AssociateVpcCidrBlockResult,
  CreateVpcRequest,
  VpcCidrBlockAssociation,
  VpcIpv6CidrBlockAssociation,
  Vpc as VpcShown,
} from '#formats/aws/ec2.generated.ts'
import { formatCidr } from '#model/cidr.ts'
import { worded, wordedFeature } from '#model/problems/worded.ts'
import { refuse, refuseValue, type Sentences } from '#model/refusal.ts'
import type { VpcCidr } from '#store/tables/vpcs.ts'
import { filterBy, readTokenPage, refuseIdsWithPaging } from '../listing.aws.ts'
import { ec2Read, ec2Write } from '../operation.aws.ts'
import type { ReadContext } from '../operation.ts'
import { showTags, tagsToCreate } from '../organization/tagging.ec2.ts'
import { asksFor, type BlockInput, blockIn, blockMembers } from './blocks.ec2.ts'
import {
  associateBlock,
  createVpc as create,
  describeVpcs as describeVpcsOf,
  disassociateBlock,
  getVpc,
  deleteVpc as remove,
  setVpcAttributes,
  type VpcState,
  vpcsOf,
} from './vpcs.ts'

const sentences: Sentences = {
  LimitExceeded: ({ quota, limit }) =>
    quota?.kind === 'cidrs'
      ? `This network '${quota.id}' has met its maximum number of allowed CIDRs: ${limit}`
      : undefined,
}

export const createVpc = ec2Write(
  'CreateVpc',
  async (context, input) => {
    refuseUnsupported(context, input)
    const tags = tagsToCreate(input.TagSpecifications, 'vpc')
    // A VPC has an IPv4 block even where it is made for IPv6, as in EC2.
    const blocks = [await blockIn(context, 'vpc', 4, input)]
    if (asksFor(input, 6)) blocks.push(await blockIn(context, 'vpc', 6, input))
    const made = await create(context, { blocks, tenancy: input.InstanceTenancy, tags })
    return { Vpc: { ...showVpc(made), State: 'pending' } }
  },
  blockMembers,
)

export const deleteVpc = ec2Write('DeleteVpc', async (context, input) => {
  await remove(context, await getVpc(context, input.VpcId))
  return { Return: true }
})

export const describeVpcs = ec2Read('DescribeVpcs', async (context, input) => {
  refuseIdsWithPaging(input.VpcIds, 'VpcIds', input)
  const matching = filterBy(context, input.Filters, filterFields, ({ Tags }) => Tags ?? [])
  const { items, NextToken } = await readTokenPage(context, input, {
    read: await vpcsOf(context, input.VpcIds),
    placeOf: ({ id }) => id,
    show: async (vpcs) => matching((await describeVpcsOf(context, vpcs)).map(showVpc)),
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
      return refuseValue('Attribute', input.Attribute, worded('there is no such attribute of a VPC'))
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
      problem: worded(`Exactly one of ${given.map(([field]) => `\`${field}\``).join(', ')} must be given.`),
    })
  }
  const [field, name, value] = attribute
  if (value?.Value === undefined) refuse({ code: 'MissingParameter', field: `${field}.Value` })

  await setVpcAttributes(context, await getVpc(context, input.VpcId), { [name]: value.Value })
  return { Return: true }
})

export const associateVpcCidrBlock = ec2Write(
  'AssociateVpcCidrBlock',
  async (context, input) => {
    refuseUnsupported(context, input)
    if (asksFor(input, 4) && asksFor(input, 6)) {
      refuse({
        code: 'InvalidParameterCombination',
        problem: worded('One block can be associated per call: IPv4 or IPv6.'),
      })
    }
    const params = await blockIn(context, 'vpc', asksFor(input, 6) ? 6 : 4, input)
    return showChange(await associateBlock(context, input.VpcId, params), 'associating')
  },
  blockMembers,
  sentences,
)

export const disassociateVpcCidrBlock = ec2Write('DisassociateVpcCidrBlock', async (context, input) =>
  showChange(await disassociateBlock(context, input.AssociationId), 'disassociating'),
)

// The request --------------------------------------------------------------------------------------------------------

function refuseUnsupported(
  context: ReadContext,
  input: Pick<CreateVpcRequest, 'Ipv6Pool' | 'VpcEncryptionControl' | 'Ipv6CidrBlockNetworkBorderGroup'> & BlockInput,
): void {
  if (input.Ipv6Pool !== undefined) {
    refuse({
      code: 'NotSupported',
      what: wordedFeature('`Ipv6Pool`'),
      because: worded('provision your own IPv6 space to an IPAM pool and name it with `Ipv6IpamPoolId`'),
    })
  }
  if (input.VpcEncryptionControl !== undefined) {
    refuse({
      code: 'NotSupported',
      what: wordedFeature('`VpcEncryptionControl`'),
      because: worded('there is no traffic here'),
    })
  }
  const group = input.Ipv6CidrBlockNetworkBorderGroup
  if (group === undefined) return
  if (!input.AmazonProvidedIpv6CidrBlock) {
    refuse({
      code: 'InvalidParameterCombination',
      problem: worded('`Ipv6CidrBlockNetworkBorderGroup` needs `AmazonProvidedIpv6CidrBlock`.'),
    })
  }
  if (group !== context.region) {
    const problem = `only the Region's own group \`${context.region}\` exists here`
    refuseValue('Ipv6CidrBlockNetworkBorderGroup', group, worded(problem))
  }
}

// The answer ---------------------------------------------------------------------------------------------------------

export function showVpc({ vpc, cidrs, tags }: VpcState): VpcShown {
  return {
    VpcId: vpc.id,
    OwnerId: vpc.account,
    State: 'available',
    CidrBlock: cidrs.filter(({ isPrimary }) => isPrimary).map(({ cidr }) => formatCidr(cidr))[0],
    CidrBlockAssociationSet: cidrs.filter(({ cidr }) => cidr.family === 4).map((cidr) => showIpv4(cidr)),
    Ipv6CidrBlockAssociationSet: cidrs.filter(({ cidr }) => cidr.family === 6).map((cidr) => showIpv6(cidr)),
    DhcpOptionsId: vpc.dhcpOptionsId,
    InstanceTenancy: vpc.tenancy,
    IsDefault: vpc.isDefault === true,
    BlockPublicAccessStates: { InternetGatewayBlockMode: 'off' },
    Tags: showTags(tags),
  }
}

type Association = Omit<VpcCidr, 'createdAt'>

const showIpv4 = ({ associationId, cidr }: Association, state = 'associated'): VpcCidrBlockAssociation => ({
  AssociationId: associationId,
  CidrBlock: formatCidr(cidr),
  CidrBlockState: { State: state },
})

const showIpv6 = (association: Association, state = 'associated'): VpcIpv6CidrBlockAssociation => ({
  AssociationId: association.associationId,
  Ipv6CidrBlock: formatCidr(association.cidr),
  Ipv6CidrBlockState: { State: state },
  NetworkBorderGroup: association.networkBorderGroup,
  Ipv6Pool: association.poolId === undefined ? 'Amazon' : 'IPAM Managed',
  Ipv6AddressAttribute: association.ipSource === 'none' ? 'private' : 'public',
  IpSource: association.ipSource,
})

function showChange(association: Association, state: 'associating' | 'disassociating'): AssociateVpcCidrBlockResult {
  return association.cidr.family === 4
    ? { VpcId: association.vpcId, CidrBlockAssociation: showIpv4(association, state) }
    : { VpcId: association.vpcId, Ipv6CidrBlockAssociation: showIpv6(association, state) }
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
