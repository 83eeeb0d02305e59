// Elastic IPs: allocated as policy says, released into quarantine, associated with what stands behind them.
import type { Address, AllocateAddressRequest } from '#formats/aws/ec2.generated.ts'
import { purposeProblem } from '#model/address-space.ts'
import { assert } from '#model/assert.ts'
import { type Cidr, formatAddress, parseAddress } from '#model/cidr.ts'
import { formatId, parseId } from '#model/identifier.ts'
import { type AllocationRequest, provider } from '#model/policy/decision.ts'
import { mayUsePool, resolve } from '#model/policy/resolve.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import type { AddressAssociation } from '#store/tables/addresses.ts'
import type { Allocation } from '#store/tables/space.ts'
import type { Tag } from '#store/tables/tags.ts'
import { filterBy, type Listed, readFrom, readPage, refuseIdsWithPaging, rowsPerStep } from '../listing.ts'
import { ec2Read, ec2Write } from '../operation.aws.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { putTags, tagsToCreate } from '../organization/tagging.ts'
import { type Grant, type GrantOptions, getUsablePool, grant, release, usualFields } from './grant.ts'
import { beginState } from './tenures.ts'

const resourceType = 'eip'
const addressFamily = 4
/** Of associations in the history. */
const associationKind = 'address-association'

export const allocateAddress = ec2Write('AllocateAddress', async (context, input) => {
  const { id, allocation, pool } = await takeElasticIp(context, input)
  return {
    AllocationId: id,
    PublicIp: formatAddress(allocation.cidr),
    PublicIpv4Pool: pool.scopeId === undefined ? 'amazon' : pool.id,
    NetworkBorderGroup: context.region,
    Domain: 'vpc',
  }
})

/** What the native API can ask for besides. */
interface ElasticIpParams {
  readonly description?: string | undefined
  /** The space of the provider is named, as a pool would be; over EC2 it has no name. */
  readonly isOfProvider?: boolean
}

/** Takes an Elastic IP for the caller in this Region: what AllocateAddress does, and the native API for type `eip`. */
export async function takeElasticIp(
  context: WriteContext,
  input: AllocateAddressRequest,
  { description, isOfProvider = false }: ElasticIpParams = {},
): Promise<Grant & Required<Pick<Grant, 'allocation' | 'pool'>> & { readonly id: string }> {
  refuseUnsupported(context, input)
  const tags = tagsToCreate(input.TagSpecifications, 'elastic-ip')
  if (input.IpamPoolId !== undefined) await getPoolHere(context, input.IpamPoolId)

  const lost = input.Address === undefined || isOfProvider ? undefined : await poolOfLost(context, input)
  const asked = toRequest(context, lost === undefined ? input : { ...input, IpamPoolId: lost }, tags)
  const request = isOfProvider ? { ...asked, explicit: { ...asked.explicit, pool: provider } } : asked
  const { cidr, decision, allocation, pool } = await grant(
    context,
    request,
    { resourceType, description },
    grantOptions,
  )
  assert(allocation !== undefined && pool !== undefined, 'public space is always taken from a pool')
  const id = idOf(context, allocation)
  if (tags.length > 0) await putTags(context, { id, type: 'elastic-ip', account: context.caller.account }, tags)
  context.changed(id)
  return { id, cidr, decision, allocation, pool }
}
const grantOptions: GrantOptions = { fields: { ...usualFields, cidr: 'Address' }, whenFull: 'capacity' }

export const releaseAddress = ec2Write('ReleaseAddress', async (context, input) => {
  if (input.NetworkBorderGroup !== undefined && input.NetworkBorderGroup !== context.region) {
    refuse({ code: 'NotFound', what: 'elastic-ip-address', id: input.PublicIp ?? input.AllocationId ?? '' })
  }
  const address = await getNamed(context, input)
  const association = await context.tx.addresses.associationOf(address.n)
  if (association?.serviceManaged) refuseServiceManaged(context, address, association)
  if (association) {
    refuse({
      code: 'InUse',
      what: 'elastic-ip',
      id: idOf(context, address),
      problem: `it is associated (${association.associationId}); disassociate it first`,
    })
  }
  await release(context, address)
  context.changed(idOf(context, address))
  return {}
})

export const describeAddresses = ec2Read('DescribeAddresses', async (context, input) => {
  const matches = filterBy(input.Filters, filterFields, ({ Tags }) => Tags ?? [])
  const read = readerOf(context, await namedAddresses(context, input.AllocationIds, input.PublicIps))
  const addresses: Address[] = []
  // There are no pages, as in EC2: what is asked for is answered whole, but read in steps.
  for (let after: string | undefined; ; ) {
    const step = await read(after, rowsPerStep)
    for (const address of await describeAll(context, step)) if (matches(address)) addresses.push(address)
    if (step.length < rowsPerStep) return { Addresses: addresses }
    after = placeOf(step.at(-1)!)
    await context.tx.nextTurn()
  }
})

/** Reverse names (PTR records) are the one attribute, and nothing here serves DNS: every address is without. */
export const describeAddressesAttribute = ec2Read('DescribeAddressesAttribute', async (context, input) => {
  refuseIdsWithPaging(input.AllocationIds, 'AllocationIds', input)
  const { items, NextToken } = await readPage(context, input, {
    read: readerOf(context, await namedAddresses(context, input.AllocationIds, undefined)),
    placeOf,
    show: async (allocations) =>
      allocations.map((allocation) => ({
        AllocationId: idOf(context, allocation),
        PublicIp: formatAddress(allocation.cidr),
      })),
  })
  return { Addresses: items, NextToken }
})

export const associateAddress = ec2Write('AssociateAddress', async (context, input) => {
  const address = await getNamed(context, input)
  const target = await targetOf(context, input)
  const current = await context.tx.addresses.associationOf(address.n)
  if (current?.serviceManaged) refuseServiceManaged(context, address, current)
  if (current && sameTarget(current, target)) return { AssociationId: current.associationId }
  if (current) {
    if (input.AllowReassociation === false || current.natGatewayId) {
      refuse({
        code: 'AlreadyAssociated',
        what: 'elastic-ip',
        id: idOf(context, address),
        problem: `it is associated with ${current.natGatewayId ?? current.instanceId ?? current.networkInterfaceId}`,
      })
    }
    await recordAssociation(context, address, current.associationId, undefined)
  }
  await beginState(context, address, address.description)
  if (current) await context.tx.addresses.disassociate(address.n)
  const associationId = context.newId('addressAssociation')
  await context.tx.addresses.associate({ allocation: address.n, associationId, ...target })
  await recordAssociation(context, address, associationId, target)
  return { AssociationId: associationId }
})

export const disassociateAddress = ec2Write('DisassociateAddress', async (context, input) => {
  const association = await getAssociation(context, input.AssociationId, input.PublicIp)
  if (!association) return {}
  const address = await findOwn(context, association.allocation)
  if (!address) refuse({ code: 'NotFound', what: 'association', id: association.associationId })
  if (association.serviceManaged) refuseServiceManaged(context, address, association)
  if (association.natGatewayId) {
    refuse({
      code: 'InUse',
      what: 'elastic-ip',
      id: idOf(context, address),
      problem: `the NAT gateway ${association.natGatewayId} uses it; disassociate it there`,
    })
  }
  await beginState(context, address, address.description)
  await context.tx.addresses.disassociate(association.allocation)
  await recordAssociation(context, address, association.associationId, undefined)
  return {}
})

/** Keeps with what an address is associated; undefined: with nothing any more. */
async function recordAssociation(
  context: WriteContext,
  address: Allocation,
  associationId: string,
  target: object | undefined,
): Promise<void> {
  const allocationId = idOf(context, address)
  await context.tx.history.changed(
    { id: associationId, kind: associationKind, account: address.account },
    target && { associationId, allocationId, ...target },
  )
  context.changed(allocationId)
}

export const addressOperations = [
  allocateAddress,
  releaseAddress,
  describeAddresses,
  describeAddressesAttribute,
  associateAddress,
  disassociateAddress,
] as const

/** The Elastic IP that an allocation stands for; `undefined` unless it is the caller's, in the caller's Region. */
export async function findElasticIp(context: ReadContext, id: string): Promise<Allocation | undefined> {
  const n = parseId('address', context.tx.installation, id)
  return n === undefined ? undefined : findOwn(context, n)
}
export async function getElasticIp(context: ReadContext, id: string): Promise<Allocation> {
  return (await findElasticIp(context, id)) ?? refuse({ code: 'NotFound', what: 'elastic-ip', id })
}

// The request --------------------------------------------------------------------------------------------------------

function refuseUnsupported(context: WriteContext, input: AllocateAddressRequest): void {
  if (input.Domain === 'standard') refuseValue('Domain', input.Domain, 'EC2-Classic is retired; only `vpc` is allowed')
  if (input.CustomerOwnedIpv4Pool !== undefined)
    refuse({ code: 'NotSupported', what: '`CustomerOwnedIpv4Pool` (AWS Outposts)' })
  if (input.PublicIpv4Pool !== undefined) {
    refuseValue(
      'PublicIpv4Pool',
      input.PublicIpv4Pool,
      'public IPv4 pools are not supported; name an IPAM pool with `IpamPoolId`',
    )
  }
  if (input.NetworkBorderGroup !== undefined && input.NetworkBorderGroup !== context.region) {
    refuseValue(
      'NetworkBorderGroup',
      input.NetworkBorderGroup,
      `only the Region's own group \`${context.region}\` exists here`,
    )
  }
}

function toRequest(context: WriteContext, input: AllocateAddressRequest, tags: readonly Tag[]): AllocationRequest {
  const request: AllocationRequest = {
    account: context.caller.account,
    locale: context.region,
    resourceType,
    family: addressFamily,
    scopeType: 'public',
  }
  const { IpamPoolId: pool, Address: address } = input
  if (pool === undefined && address === undefined && tags.length === 0) return request
  return {
    ...request,
    ...(pool === undefined && address === undefined ? {} : { explicit: { pool, cidr: toAddress(address) } }),
    ...(tags.length === 0 ? {} : { tags: new Map(tags.map(({ Key, Value }) => [Key, Value])) }),
  }
}

function toAddress(text: string | undefined): Cidr | undefined {
  if (text === undefined) return undefined
  const address = parseAddress(text)
  if (address?.family !== addressFamily)
    refuseValue('Address', text, 'an IPv4 address such as `192.0.2.10` is expected')
  return address
}

/**
 * Where an address lies that its caller released by mistake and now wants back by `Address` alone: nobody remembers the pool
 * then. Undefined where a policy applies, which says itself where addresses come from, where somebody else had the address
 * last, and where the caller may not use the pool any more.
 */
async function poolOfLost(context: WriteContext, input: AllocateAddressRequest): Promise<string | undefined> {
  const address = input.IpamPoolId === undefined ? toAddress(input.Address) : undefined
  if (!address) return undefined
  const snapshot = await context.snapshot()
  const { account } = context.caller
  if (resolve(snapshot, 'enforce', account, { locale: context.region, resourceType }).document) return undefined
  const last = await context.tx.tenures.lastEnded(address)
  if (last?.account !== account || last.resource_type !== resourceType) return undefined
  const pool = await context.tx.pools.findByNumber(last.pool)
  const isUsable = pool?.scopeId !== undefined && pool.locale === context.region
  return isUsable && mayUsePool(snapshot, account, pool.id, context.now) ? pool.id : undefined
}

/** The pool must serve this Region: EC2 takes pool calls in the pool's locale. */
async function getPoolHere(context: WriteContext, id: string): Promise<void> {
  const pool = await getUsablePool(context, id)
  if (pool.family !== addressFamily)
    refuseValue('IpamPoolId', id, 'the pool holds IPv6 space; an Elastic IP needs an IPv4 pool')
  if (pool.locale !== context.region) {
    refuseValue(
      'IpamPoolId',
      id,
      `the pool's locale is \`${pool.locale ?? 'None'}\`, and this request is for \`${context.region}\``,
    )
  }
}

// Finding ------------------------------------------------------------------------------------------------------------

const idOf = (context: ReadContext, allocation: Allocation): string =>
  formatId('address', context.tx.installation, allocation.n)

async function findOwn(context: ReadContext, n: number): Promise<Allocation | undefined> {
  const allocation = await context.tx.space.find(n)
  return allocation && isOwn(context, allocation) ? allocation : undefined
}
const isOwn = ({ caller, region }: ReadContext, allocation: Allocation): boolean =>
  allocation.resourceType === resourceType && allocation.account === caller.account && allocation.region === region

/** Exactly one of AllocationId and PublicIp names the address. */
async function getNamed(
  context: ReadContext,
  input: { readonly AllocationId?: string; readonly PublicIp?: string },
): Promise<Allocation> {
  if (input.AllocationId !== undefined && input.PublicIp !== undefined) {
    refuse({ code: 'InvalidParameterCombination', problem: 'Only one of `AllocationId` and `PublicIp` can be given.' })
  }
  if (input.AllocationId !== undefined) return getElasticIp(context, input.AllocationId)
  if (input.PublicIp !== undefined) return getByPublicIp(context, input.PublicIp)
  return refuse({ code: 'MissingParameter', field: 'AllocationId' })
}

async function getByPublicIp(context: ReadContext, text: string): Promise<Allocation> {
  const address = parseAddress(text)
  if (address?.family !== addressFamily)
    refuse({ code: 'MalformedId', what: 'elastic-ip-address', id: text, expected: 'an IPv4 address' })
  const own = (await context.tx.space.allAt(address)).find((candidate) => isOwn(context, candidate))
  return own ?? refuse({ code: 'NotFound', what: 'elastic-ip-address', id: text })
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
  return [...found.values()].sort((a, b) => a.n - b.n)
}

/** In order of creation. */
const placeOf = ({ n }: Allocation): string => String(n)

/** Reads the addresses that were named, or all of the caller's in this Region. */
const readerOf = (
  { tx, caller, region }: ReadContext,
  named: readonly Allocation[] | undefined,
): Listed<Allocation, never>['read'] =>
  named
    ? readFrom(named, ({ n }, place) => n > Number(place))
    : (after = '0', limit) => tx.space.ofAccount(caller.account, Number(after), limit, { resourceType, region })

async function describeAll(context: ReadContext, allocations: readonly Allocation[]): Promise<Address[]> {
  const { addresses, pools, tags: allTags } = context.tx
  const associations = await addresses.associationsOf(allocations.map(({ n }) => n))
  const ids = allocations.map((allocation) => idOf(context, allocation))
  const tags = await allTags.ofMany(ids)
  const poolIds = await pools.idsOfIpams(allocations.map(({ pool }) => pool))
  return allocations.map((allocation, index) => {
    const association = associations.get(allocation.n)
    return {
      AllocationId: ids[index],
      PublicIp: formatAddress(allocation.cidr),
      Domain: 'vpc',
      PublicIpv4Pool: poolIds.get(allocation.pool) ?? 'amazon',
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
      Tags: tags.get(ids[index]!) ?? [],
    }
  })
}

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

type Target = Omit<AddressAssociation, 'allocation' | 'associationId'>

/** There are no instances here, only records: what a caller names is written down as it is, if it is well-formed. */
async function targetOf(
  context: WriteContext,
  input: { readonly InstanceId?: string; readonly NetworkInterfaceId?: string; readonly PrivateIpAddress?: string },
): Promise<Target> {
  const { InstanceId: instanceId, NetworkInterfaceId: networkInterfaceId, PrivateIpAddress: privateIp } = input
  if (instanceId === undefined && networkInterfaceId === undefined) {
    const sentence = 'Either instance ID or network interface id must be specified'
    refuse({ code: 'MissingParameter', field: 'InstanceId', aws: { sentence } })
  }
  if (instanceId !== undefined && networkInterfaceId !== undefined) {
    refuse({
      code: 'InvalidParameterCombination',
      problem: 'Only one of `InstanceId` and `NetworkInterfaceId` can be given.',
    })
  }
  if (instanceId !== undefined && !/^i-[0-9a-f]{8,17}$/.test(instanceId)) {
    refuseValue('InstanceId', instanceId, 'an instance id such as `i-0123456789abcdef0` is expected')
  }
  if (networkInterfaceId !== undefined && !/^eni-[0-9a-f]{8,17}$/.test(networkInterfaceId)) {
    refuseValue(
      'NetworkInterfaceId',
      networkInterfaceId,
      'a network interface id such as `eni-0123456789abcdef0` is expected',
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
  if (address?.family !== 4) refuseValue('PrivateIpAddress', text, 'an IPv4 address such as `10.0.0.10` is expected')
  const problem = purposeProblem(address, 'vpc')
  if (problem) refuseValue('PrivateIpAddress', text, `no network interface has this address: ${problem}`)
}

/**
 * Of interfaces, those of NAT gateways are on record: as in EC2, they have the addresses that they have, and their service alone
 * associates more with them.
 */
async function refuseForInterface(context: WriteContext, id: string, privateIp: string | undefined): Promise<void> {
  const { account } = context.caller
  const known = await context.tx.natGateways.addressOfInterface(account, context.region, id)
  if (!known) return
  if (privateIp !== undefined && privateIp !== known.privateIp)
    refuseValue(
      'PrivateIpAddress',
      privateIp,
      `it is not assigned to the network interface \`${id}\`, which has \`${known.privateIp}\``,
    )
  const problem = `the network interface \`${id}\` is managed by the NAT gateway \`${known.natGatewayId}\`; associate the address with AssociateNatGatewayAddress`
  refuse({ code: 'NotEligible', problem })
}

const sameTarget = (current: AddressAssociation, target: Target): boolean =>
  current.instanceId === target.instanceId &&
  current.networkInterfaceId === target.networkInterfaceId &&
  (target.privateIp === undefined || current.privateIp === target.privateIp)

/** By association id, or by address. Undefined where the caller's address is not associated: to end what is not is no error. */
async function getAssociation(
  context: ReadContext,
  associationId: string | undefined,
  publicIp: string | undefined,
): Promise<AddressAssociation | undefined> {
  if ((associationId === undefined) === (publicIp === undefined)) {
    if (associationId === undefined) refuse({ code: 'MissingParameter', field: 'AssociationId' })
    refuse({ code: 'InvalidParameterCombination', problem: 'Only one of `AssociationId` and `PublicIp` can be given.' })
  }
  if (publicIp !== undefined) return context.tx.addresses.associationOf((await getByPublicIp(context, publicIp)).n)
  const association = await context.tx.addresses.association(associationId!)
  if (association) return association
  // One of the caller's that has ended already: EC2 documents that a second time is no error.
  const ended = await context.tx.history.latest(associationId!)
  if (ended?.kind === associationKind && ended.account === context.caller.account) return undefined
  return refuse({ code: 'NotFound', what: 'association', id: associationId! })
}

function refuseServiceManaged(context: ReadContext, address: Allocation, association: AddressAssociation): never {
  refuse({
    code: 'InUse',
    what: 'elastic-ip',
    id: idOf(context, address),
    problem: `it is managed by ${association.natGatewayId ?? association.serviceManaged}, which gives it back when it is deleted`,
  })
}
