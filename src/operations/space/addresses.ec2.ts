// Elastic IPs as the EC2 API has them: allocated, released, listed, associated with what stands behind them.
import type { Address, AllocateAddressRequest } from '#formats/aws/ec2.generated.ts'
import { purposeProblem } from '#model/address-space.ts'
import { type Cidr, formatAddress, parseAddress } from '#model/cidr.ts'
import { problemInWords } from '#model/problems/problem.ts'
import { worded, wordedFeature } from '#model/problems/worded.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import type { AddressAssociation } from '#store/tables/addresses.ts'
import type { Allocation } from '#store/tables/holdings.ts'
import { filterBy, readTokenPage, refuseIdsWithPaging } from '../listing.aws.ts'
import { readAll } from '../listing.ts'
import { findInterface } from '../network/interfaces.ts'
import { ec2Read, ec2Write } from '../operation.aws.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { showTags, tagsToCreate } from '../organization/tagging.ec2.ts'
import {
  type AssociationTarget,
  addressFamily,
  associateElasticIp,
  type DescribedElasticIp,
  describeElasticIps,
  disassociateElasticIp,
  elasticIpIdOf,
  elasticIpsOf,
  findAssociation,
  findAssociationOf,
  findElasticIpAt,
  getElasticIp,
  placeOfElasticIp,
  releaseElasticIp,
  takeElasticIp,
} from './addresses.ts'
import { grantMembers } from './allocations.ec2.ts'

export const allocateAddress = ec2Write(
  'AllocateAddress',
  async (context, input) => {
    refuseUnsupported(context, input)
    const tags = tagsToCreate(input.TagSpecifications, 'elastic-ip')
    const params = { poolId: input.IpamPoolId, address: toAddress(input.Address), tags }
    const { id, allocation, pool } = await takeElasticIp(context, params)
    return {
      AllocationId: id,
      PublicIp: formatAddress(allocation.cidr),
      PublicIpv4Pool: pool.scopeId === undefined ? 'amazon' : pool.id,
      NetworkBorderGroup: context.region,
      Domain: 'vpc',
    }
  },
  { ...grantMembers, cidr: 'Address' },
)

export const releaseAddress = ec2Write('ReleaseAddress', async (context, input) => {
  if (input.NetworkBorderGroup !== undefined && input.NetworkBorderGroup !== context.region) {
    refuse({ code: 'NotFound', what: 'elastic-ip-address', id: input.PublicIp ?? input.AllocationId ?? '' })
  }
  await releaseElasticIp(context, await getNamed(context, input))
  return {}
})

export const describeAddresses = ec2Read('DescribeAddresses', async (context, input) => {
  const matching = filterBy(context, input.Filters, filterFields, ({ Tags }) => Tags ?? [])
  const named = await namedAddresses(context, input.AllocationIds, input.PublicIps)
  // There are no pages, as in EC2.
  const addresses = await readAll(context, {
    read: elasticIpsOf(context, named),
    placeOf: placeOfElasticIp,
    show: async (rows) => matching((await describeElasticIps(context, rows)).map(show)),
  })
  return { Addresses: addresses }
})

/** Reverse names (PTR records) are the one attribute, and nothing here serves DNS: every address is without. */
export const describeAddressesAttribute = ec2Read('DescribeAddressesAttribute', async (context, input) => {
  refuseIdsWithPaging(input.AllocationIds, 'AllocationIds', input)
  const { items, NextToken } = await readTokenPage(context, input, {
    read: elasticIpsOf(context, await namedAddresses(context, input.AllocationIds, undefined)),
    placeOf: placeOfElasticIp,
    show: async (allocations) =>
      allocations.map((allocation) => ({
        AllocationId: elasticIpIdOf(context, allocation),
        PublicIp: formatAddress(allocation.cidr),
      })),
  })
  return { Addresses: items, NextToken }
})

export const associateAddress = ec2Write('AssociateAddress', async (context, input) => {
  const address = await getNamed(context, input)
  const target = await targetOf(context, input)
  const mayMove = input.AllowReassociation !== false
  return { AssociationId: await associateElasticIp(context, address, target, { mayMove }) }
})

export const disassociateAddress = ec2Write('DisassociateAddress', async (context, input) => {
  const association = await getAssociation(context, input.AssociationId, input.PublicIp)
  if (association) await disassociateElasticIp(context, association)
  return {}
})

export const addressOperations = [
  allocateAddress,
  releaseAddress,
  describeAddresses,
  describeAddressesAttribute,
  associateAddress,
  disassociateAddress,
] as const

// The request --------------------------------------------------------------------------------------------------------

function refuseUnsupported(context: WriteContext, input: AllocateAddressRequest): void {
  if (input.Domain === 'standard')
    refuseValue('Domain', input.Domain, worded('EC2-Classic is retired; only `vpc` is allowed'))
  if (input.CustomerOwnedIpv4Pool !== undefined)
    refuse({ code: 'NotSupported', what: wordedFeature('`CustomerOwnedIpv4Pool` (AWS Outposts)') })
  if (input.PublicIpv4Pool !== undefined) {
    refuseValue(
      'PublicIpv4Pool',
      input.PublicIpv4Pool,
      worded('public IPv4 pools are not supported; name an IPAM pool with `IpamPoolId`'),
    )
  }
  if (input.NetworkBorderGroup !== undefined && input.NetworkBorderGroup !== context.region) {
    refuseValue(
      'NetworkBorderGroup',
      input.NetworkBorderGroup,
      worded(`only the Region's own group \`${context.region}\` exists here`),
    )
  }
}

function toAddress(text: string | undefined): Cidr | undefined {
  if (text === undefined) return undefined
  const address = parseAddress(text)
  if (address?.family !== addressFamily)
    refuseValue('Address', text, worded('an IPv4 address such as `192.0.2.10` is expected'))
  return address
}

// Finding ------------------------------------------------------------------------------------------------------------

/** Exactly one of AllocationId and PublicIp names the address. */
async function getNamed(
  context: ReadContext,
  input: { readonly AllocationId?: string; readonly PublicIp?: string },
): Promise<Allocation> {
  if (input.AllocationId !== undefined && input.PublicIp !== undefined) {
    refuse({
      code: 'InvalidParameterCombination',
      problem: worded('Only one of `AllocationId` and `PublicIp` can be given.'),
    })
  }
  if (input.AllocationId !== undefined) return getElasticIp(context, input.AllocationId)
  if (input.PublicIp !== undefined) return getByPublicIp(context, input.PublicIp)
  return refuse({ code: 'MissingParameter', field: 'AllocationId' })
}

async function getByPublicIp(context: ReadContext, text: string): Promise<Allocation> {
  const address = parseAddress(text)
  if (address?.family !== addressFamily)
    refuse({ code: 'MalformedId', what: 'elastic-ip-address', id: text, expected: 'an IPv4 address' })
  return (await findElasticIpAt(context, address)) ?? refuse({ code: 'NotFound', what: 'elastic-ip-address', id: text })
}

async function namedAddresses(
  context: ReadContext,
  ids: readonly string[] | undefined,
  publicIps: readonly string[] | undefined,
): Promise<Allocation[] | undefined> {
  if (!ids?.length && !publicIps?.length) return undefined
  const found = new Map<number, Allocation>()
  for (const id of ids ?? []) {
    const allocation = await getElasticIp(context, id)
    found.set(allocation.n, allocation)
  }
  for (const publicIp of publicIps ?? []) {
    const allocation = await getByPublicIp(context, publicIp)
    found.set(allocation.n, allocation)
  }
  return [...found.values()]
}

const show = ({ id, allocation, pool, association, tags }: DescribedElasticIp): Address => ({
  AllocationId: id,
  PublicIp: formatAddress(allocation.cidr),
  Domain: 'vpc',
  PublicIpv4Pool: pool ?? 'amazon',
  NetworkBorderGroup: allocation.region,
  ...(association && {
    AssociationId: association.associationId,
    InstanceId: association.instanceId,
    NetworkInterfaceId: association.networkInterfaceId,
    NetworkInterfaceOwnerId: association.networkInterfaceAccount,
    PrivateIpAddress: association.privateIp,
    SubnetId: association.subnetId,
    ServiceManaged: association.serviceManaged,
  }),
  Tags: showTags(tags),
})

const filterFields = {
  'allocation-id': ({ AllocationId }: Address) => AllocationId,
  'association-id': ({ AssociationId }: Address) => AssociationId,
  domain: ({ Domain }: Address) => Domain,
  'instance-id': ({ InstanceId }: Address) => InstanceId,
  'network-border-group': ({ NetworkBorderGroup }: Address) => NetworkBorderGroup,
  'network-interface-id': ({ NetworkInterfaceId }: Address) => NetworkInterfaceId,
  'network-interface-owner-id': ({ NetworkInterfaceOwnerId }: Address) => NetworkInterfaceOwnerId,
  'private-ip-address': ({ PrivateIpAddress }: Address) => PrivateIpAddress,
  'public-ip': ({ PublicIp }: Address) => PublicIp,
}

// Associating --------------------------------------------------------------------------------------------------------

/** There are no instances here, only records: what a caller names is written down as it is, if it is well-formed. */
async function targetOf(
  context: WriteContext,
  input: { readonly InstanceId?: string; readonly NetworkInterfaceId?: string; readonly PrivateIpAddress?: string },
): Promise<AssociationTarget> {
  const { InstanceId: instanceId, NetworkInterfaceId: networkInterfaceId, PrivateIpAddress: privateIp } = input
  if (instanceId === undefined && networkInterfaceId === undefined) {
    const sentence = 'Either instance ID or network interface id must be specified'
    refuse({ code: 'MissingParameter', field: 'InstanceId', aws: { sentence } })
  }
  if (instanceId !== undefined && networkInterfaceId !== undefined) {
    refuse({
      code: 'InvalidParameterCombination',
      problem: worded('Only one of `InstanceId` and `NetworkInterfaceId` can be given.'),
    })
  }
  if (instanceId !== undefined && !/^i-[0-9a-f]{8,17}$/.test(instanceId)) {
    refuseValue('InstanceId', instanceId, worded('an instance id such as `i-0123456789abcdef0` is expected'))
  }
  if (networkInterfaceId !== undefined && !/^eni-[0-9a-f]{8,17}$/.test(networkInterfaceId)) {
    refuseValue(
      'NetworkInterfaceId',
      networkInterfaceId,
      worded('a network interface id such as `eni-0123456789abcdef0` is expected'),
    )
  }
  if (privateIp !== undefined) refuseUnfitPrivateIp(privateIp)
  if (networkInterfaceId !== undefined) await refuseForInterface(context, networkInterfaceId, privateIp)
  return {
    instanceId,
    networkInterfaceId,
    networkInterfaceAccount: networkInterfaceId === undefined ? undefined : context.caller.account,
    privateIp,
    subnetId: undefined,
    natGatewayId: undefined,
    serviceManaged: undefined,
  }
}

/** Whatever the interface is, it is in a VPC. */
function refuseUnfitPrivateIp(text: string): void {
  const address = parseAddress(text)
  if (address?.family !== 4)
    refuseValue('PrivateIpAddress', text, worded('an IPv4 address such as `10.0.0.10` is expected'))
  const problem = purposeProblem(address, 'vpc')
  if (problem)
    refuseValue('PrivateIpAddress', text, worded(`no network interface has this address: ${problemInWords(problem)}`))
}

/**
 * Of interfaces, those of NAT gateways are on record: as in EC2, they have the addresses that they have, and their service alone
 * associates more with them.
 */
async function refuseForInterface(context: WriteContext, id: string, privateIp: string | undefined): Promise<void> {
  const known = (await findInterface(context, id))?.address
  if (!known) return
  if (privateIp !== undefined && privateIp !== known.privateIp)
    refuseValue(
      'PrivateIpAddress',
      privateIp,
      worded(`it is not assigned to the network interface \`${id}\`, which has \`${known.privateIp}\``),
    )
  const problem = `the network interface \`${id}\` is managed by the NAT gateway \`${known.natGatewayId}\`; associate the address with AssociateNatGatewayAddress`
  refuse({ code: 'NotEligible', problem: worded(problem) })
}

/** By association id, or by address. Undefined where the caller's address is not associated: to end what is not is no error. */
async function getAssociation(
  context: ReadContext,
  associationId: string | undefined,
  publicIp: string | undefined,
): Promise<AddressAssociation | undefined> {
  if ((associationId === undefined) === (publicIp === undefined)) {
    if (associationId === undefined) refuse({ code: 'MissingParameter', field: 'AssociationId' })
    refuse({
      code: 'InvalidParameterCombination',
      problem: worded('Only one of `AssociationId` and `PublicIp` can be given.'),
    })
  }
  if (publicIp !== undefined) return findAssociationOf(context, await getByPublicIp(context, publicIp))
  // One of the caller's that has ended already: EC2 documents that a second time is no error.
  return findAssociation(context, associationId!)
}
