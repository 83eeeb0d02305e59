// Network ACLs over the EC2 API: their entries and associations.
import type {
  NetworkAcl as AclShown,
  CreateNetworkAclEntryRequest,
  NetworkAclEntry as EntryShown,
} from '#formats/aws/ec2.generated.ts'
import { canonical, type Entry, hasPorts, protocolName, protocolNumber, trafficProblem } from '#model/network-object.ts'
import { worded } from '#model/problems/worded.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import { ec2Read, ec2Write } from '../operation.aws.ts'
import { showTags, tagsToCreate } from '../organization/tagging.ec2.ts'
import {
  type AclState,
  createNetworkAcl as create,
  createEntry,
  deleteEntry,
  describeAcls,
  entriesOf,
  deleteNetworkAcl as remove,
  replaceAclAssociation,
  replaceEntry,
} from './network-acls.ts'
import { describePage } from './objects.ec2.ts'

const members = { number: 'RuleNumber', networkAclId: 'NetworkAclId' }

export const createNetworkAcl = ec2Write('CreateNetworkAcl', async (context, input) => {
  const tags = tagsToCreate(input.TagSpecifications, 'network-acl')
  return { ClientToken: input.ClientToken, NetworkAcl: show(await create(context, input.VpcId, tags)) }
})

export const deleteNetworkAcl = ec2Write(
  'DeleteNetworkAcl',
  async (context, input) => {
    await remove(context, input.NetworkAclId)
    return { Return: true }
  },
  members,
)

export const createNetworkAclEntry = ec2Write(
  'CreateNetworkAclEntry',
  async (context, input) => {
    await createEntry(context, input.NetworkAclId, entryIn(input))
    return { Return: true }
  },
  members,
)

export const replaceNetworkAclEntry = ec2Write(
  'ReplaceNetworkAclEntry',
  async (context, input) => {
    await replaceEntry(context, input.NetworkAclId, entryIn(input))
    return { Return: true }
  },
  members,
)

export const deleteNetworkAclEntry = ec2Write(
  'DeleteNetworkAclEntry',
  async (context, input) => {
    await deleteEntry(context, input.NetworkAclId, { isEgress: input.Egress, number: input.RuleNumber })
    return { Return: true }
  },
  members,
)

export const replaceNetworkAclAssociation = ec2Write(
  'ReplaceNetworkAclAssociation',
  async (context, input) => ({
    NewAssociationId: await replaceAclAssociation(context, input.AssociationId, input.NetworkAclId),
  }),
  members,
)

export const describeNetworkAcls = ec2Read('DescribeNetworkAcls', async (context, input) => {
  const { items, NextToken } = await describePage(context, input, 'networkAcl', {
    ids: ['NetworkAclIds', input.NetworkAclIds],
    idFilter: 'network-acl-id',
    vpcFilter: 'vpc-id',
    fields: filterFields,
    show: async (states) => (await describeAcls(context, states)).map(show),
  })
  return { NetworkAcls: items, NextToken }
})

// The request --------------------------------------------------------------------------------------------------------

function entryIn(input: CreateNetworkAclEntryRequest): Entry {
  const { CidrBlock: ipv4, Ipv6CidrBlock: ipv6, PortRange, IcmpTypeCode } = input
  if ((ipv4 === undefined) === (ipv6 === undefined)) {
    const problem = 'Exactly one of `CidrBlock` and `Ipv6CidrBlock` must be given.'
    refuse({ code: 'InvalidParameterCombination', problem: worded(problem) })
  }
  const text = (ipv4 ?? ipv6)!
  const field = ipv4 === undefined ? 'Ipv6CidrBlock' : 'CidrBlock'
  const cidr = canonical(text, ipv4 === undefined ? 6 : 4)
  if (cidr === undefined) refuseValue(field, text, worded('This is not a valid CIDR block.'))
  const protocol = protocolName(input.Protocol)
  if (protocol === undefined)
    refuseValue('Protocol', input.Protocol, worded('the name or number of a protocol is expected'))
  const isIcmp = protocol === 'icmp' || protocol === 'icmpv6'
  if (isIcmp && IcmpTypeCode === undefined) refuse({ code: 'MissingParameter', field: 'Icmp.Code' })
  const ports = isIcmp
    ? { fromPort: IcmpTypeCode?.Type, toPort: IcmpTypeCode?.Code }
    : hasPorts(protocol)
      ? { fromPort: PortRange?.From, toPort: PortRange?.To }
      : {}
  const problem = trafficProblem({ protocol, ...ports })
  if (problem) refuseValue(isIcmp ? 'Icmp.Type' : 'PortRange.From', ports.fromPort ?? '', worded(problem))
  return { isEgress: input.Egress, number: input.RuleNumber, action: input.RuleAction, cidr, protocol, ...ports }
}

// The answer ---------------------------------------------------------------------------------------------------------

function show(state: AclState): AclShown {
  const { object, associations, tags } = state
  return {
    NetworkAclId: object.id,
    VpcId: object.vpcId,
    OwnerId: object.account,
    IsDefault: object.isDefault,
    Associations: associations.map(({ id, subnetId }) => ({
      NetworkAclAssociationId: id,
      NetworkAclId: object.id,
      SubnetId: subnetId,
    })),
    Entries: entriesOf(state).map(showEntry),
    Tags: showTags(tags),
  }
}

function showEntry({ isEgress, number, protocol, action, cidr, fromPort, toPort }: Entry): EntryShown {
  const isIcmp = protocol === 'icmp' || protocol === 'icmpv6'
  return {
    RuleNumber: number,
    Protocol: protocolNumber(protocol),
    RuleAction: action,
    Egress: isEgress,
    ...(cidr.includes(':') ? { Ipv6CidrBlock: cidr } : { CidrBlock: cidr }),
    ...(isIcmp
      ? { IcmpTypeCode: { Type: fromPort, Code: toPort } }
      : fromPort === undefined
        ? {}
        : { PortRange: { From: fromPort, To: toPort } }),
  }
}

const ofEntries = (read: (entry: EntryShown) => string | number | boolean | undefined) => (acl: AclShown) =>
  acl.Entries?.flatMap((entry) => {
    const value = read(entry)
    return value === undefined ? [] : String(value)
  })
const ofAssociations = (member: 'NetworkAclAssociationId' | 'NetworkAclId' | 'SubnetId') => (acl: AclShown) =>
  acl.Associations?.map((one) => one[member]!)
const filterFields = {
  'association.association-id': ofAssociations('NetworkAclAssociationId'),
  'association.network-acl-id': ofAssociations('NetworkAclId'),
  'association.subnet-id': ofAssociations('SubnetId'),
  default: ({ IsDefault }: AclShown) => String(IsDefault),
  'entry.cidr': ofEntries(({ CidrBlock }) => CidrBlock),
  'entry.icmp.code': ofEntries(({ IcmpTypeCode }) => IcmpTypeCode?.Code),
  'entry.icmp.type': ofEntries(({ IcmpTypeCode }) => IcmpTypeCode?.Type),
  'entry.ipv6-cidr': ofEntries(({ Ipv6CidrBlock }) => Ipv6CidrBlock),
  'entry.port-range.from': ofEntries(({ PortRange }) => PortRange?.From),
  'entry.port-range.to': ofEntries(({ PortRange }) => PortRange?.To),
  'entry.protocol': ofEntries(({ Protocol }) => Protocol),
  'entry.rule-action': ofEntries(({ RuleAction }) => RuleAction),
  'entry.egress': ofEntries(({ Egress }) => Egress),
  'entry.rule-number': ofEntries(({ RuleNumber }) => RuleNumber),
  'network-acl-id': ({ NetworkAclId }: AclShown) => NetworkAclId,
  'owner-id': ({ OwnerId }: AclShown) => OwnerId,
  'vpc-id': ({ VpcId }: AclShown) => VpcId,
}
