// What Terraform's AWS provider asks, call for call, with its rules for waiting and for what is gone; no Terraform is needed.
//
// Each resource below follows the provider's own sequence: create with a client token where the API has one, wait until the
// state that it waits for (any other state than those it expects on the way is an error), read back, update, delete, and wait
// until the object cannot be found. What the provider would stop at, stops the test. The sequences were read in the provider
// (version 6: internal/service/ec2); they are told here in words of our own.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import * as ec2 from '@aws-sdk/client-ec2'
import { administrator, type ServerProcess, startServer } from './server.ts'

const region = 'us-east-1'
let server: ServerProcess
let client: ec2.EC2Client
before(async () => {
  server = await startServer()
  client = new ec2.EC2Client({ endpoint: server.endpoint, region, credentials: administrator })
})
after(async () => {
  client.destroy()
  await server.stop()
})

const token = (): { ClientToken: string } => ({ ClientToken: `terraform-${randomUUID().replaceAll('-', '')}` })
type TaggedType =
  | 'ipam'
  | 'ipam-scope'
  | 'ipam-pool'
  | 'ipam-resource-discovery'
  | 'ipam-resource-discovery-association'
  | 'elastic-ip'
  | 'vpc'
  | 'subnet'
  | 'natgateway'
/** The provider gives tags at creation, and compares them when it reads. */
const tagged = (ResourceType: TaggedType) => ({
  TagSpecifications: [{ ResourceType, Tags: [{ Key: 'Name', Value: 'terraform' }] }],
})
const theTags = [{ Key: 'Name', Value: 'terraform' }]

/** The provider's finders: these codes mean that a thing is not there, and so does a list without it. */
async function find<T>(
  notFound: readonly string[],
  read: () => Promise<readonly T[] | undefined>,
): Promise<T | undefined> {
  try {
    const found = (await read()) ?? []
    assert(found.length <= 1, 'the provider takes more than one result for an error')
    return found[0]
  } catch (error) {
    if (error instanceof ec2.EC2ServiceException && notFound.includes(error.name)) return undefined
    throw error
  }
}

const pollsMax = 5
/** Asks until the target is reached. No state at all is reached when the thing is gone. */
async function waitFor<T>(
  read: () => Promise<T | undefined>,
  stateOf: (found: T) => string | undefined,
  { pending, target }: { readonly pending: readonly string[]; readonly target: string | undefined },
): Promise<void> {
  for (let poll = 0; poll < pollsMax; poll++) {
    const found = await read()
    const state = found && stateOf(found)
    if (state === target) return
    assert(state !== undefined && pending.includes(state), `unexpected state ${state}, wanted ${target ?? 'nothing'}`)
  }
  assert.fail(`still pending after ${pollsMax} polls`)
}

const findIpam = (id: string) =>
  find(
    ['InvalidIpamId.NotFound'],
    async () => (await client.send(new ec2.DescribeIpamsCommand({ IpamIds: [id] }))).Ipams,
  )
const findScope = (id: string) =>
  find(
    ['InvalidIpamScopeId.NotFound'],
    async () => (await client.send(new ec2.DescribeIpamScopesCommand({ IpamScopeIds: [id] }))).IpamScopes,
  )
const findPool = (id: string) =>
  find(
    ['InvalidIpamPoolId.NotFound'],
    async () => (await client.send(new ec2.DescribeIpamPoolsCommand({ IpamPoolIds: [id] }))).IpamPools,
  )
const findPoolCidr = (IpamPoolId: string, Name: 'cidr' | 'ipam-pool-cidr-id', value: string) =>
  find(
    ['InvalidIpamPoolId.NotFound'],
    async () =>
      (await client.send(new ec2.GetIpamPoolCidrsCommand({ IpamPoolId, Filters: [{ Name, Values: [value] }] })))
        .IpamPoolCidrs,
  )
const stateIn = ({ State }: { readonly State?: string }): string | undefined => State

const waits = {
  create: { pending: ['create-in-progress'], target: 'create-complete' },
  modify: { pending: ['modify-in-progress'], target: 'modify-complete' },
  delete: { pending: ['delete-in-progress'], target: undefined },
} as const

// aws_vpc_ipam, aws_vpc_ipam_scope, aws_vpc_ipam_pool, aws_vpc_ipam_pool_cidr -----------------------------------------

async function createIpam(): Promise<ec2.Ipam> {
  const { Ipam: made } = await client.send(
    new ec2.CreateIpamCommand({ ...token(), ...tagged('ipam'), OperatingRegions: [{ RegionName: region }] }),
  )
  await waitFor(() => findIpam(made!.IpamId!), stateIn, waits.create)
  const read = await findIpam(made!.IpamId!)
  assert.deepEqual(read!.Tags, theTags)
  assert.deepEqual(read!.OperatingRegions, [{ RegionName: region }])
  return read!
}

async function deleteIpam(id: string): Promise<void> {
  await client.send(new ec2.DeleteIpamCommand({ IpamId: id }))
  await waitFor(() => findIpam(id), stateIn, waits.delete)
}

async function createPool(params: Omit<ec2.CreateIpamPoolCommandInput, 'AddressFamily'>): Promise<string> {
  // The provider looks at the scope first, to know whether the pool is public.
  const scope = await findScope(params.IpamScopeId!)
  assert(scope)
  const { IpamPool: made } = await client.send(
    new ec2.CreateIpamPoolCommand({ ...token(), ...tagged('ipam-pool'), AddressFamily: 'ipv4', ...params }),
  )
  const id = made!.IpamPoolId!
  await waitFor(() => findPool(id), stateIn, waits.create)
  const read = (await findPool(id))!
  // The provider cuts the scope's id out of its ARN.
  assert.equal(read.IpamScopeArn!.split('/')[1], params.IpamScopeId)
  assert.equal(read.IpamScopeType, scope.IpamScopeType)
  assert.equal(read.Locale, params.Locale ?? 'None')
  assert.deepEqual(read.Tags, theTags)
  return id
}

async function deletePool(id: string): Promise<void> {
  await client.send(new ec2.DeleteIpamPoolCommand({ IpamPoolId: id }))
  await waitFor(() => findPool(id), stateIn, waits.delete)
}

/** The CIDR's own id is known at once; the CIDR only later, where a length was asked for. */
async function createPoolCidr(
  IpamPoolId: string,
  params: { readonly Cidr: string } | { readonly NetmaskLength: number },
): Promise<string> {
  const { IpamPoolCidr: made } = await client.send(
    new ec2.ProvisionIpamPoolCidrCommand({ ...token(), IpamPoolId, ...params }),
  )
  const read = () => findPoolCidr(IpamPoolId, 'ipam-pool-cidr-id', made!.IpamPoolCidrId!)
  await waitFor(read, stateIn, { pending: ['pending-provision'], target: 'provisioned' })
  const cidr = (await read())!.Cidr!
  assert.equal((await findPoolCidr(IpamPoolId, 'cidr', cidr))!.IpamPoolCidrId, made!.IpamPoolCidrId)
  return cidr
}

async function deletePoolCidr(IpamPoolId: string, Cidr: string): Promise<void> {
  await client.send(new ec2.DeprovisionIpamPoolCidrCommand({ IpamPoolId, Cidr }))
  const read = async () => {
    const found = await findPoolCidr(IpamPoolId, 'cidr', Cidr)
    return found?.State === 'deprovisioned' ? undefined : found
  }
  await waitFor(read, stateIn, { pending: ['pending-deprovision', 'provisioned'], target: undefined })
}

/** After a resource is gone, the provider waits until its allocation has left the pool. */
async function waitForAllocationGone(IpamPoolId: string, type: string, id: string): Promise<void> {
  const { IpamPoolAllocations: all } = await client.send(new ec2.GetIpamPoolAllocationsCommand({ IpamPoolId }))
  assert.deepEqual(
    all!.filter(({ ResourceType, ResourceId }) => ResourceType === type && ResourceId === id),
    [],
  )
}

interface Ground {
  readonly ipam: ec2.Ipam
  readonly pool: string
  destroy(): Promise<void>
}
/** What most configurations begin with: an IPAM and one pool with space, destroyed in the reverse order. */
async function applyGround(scope: 'public' | 'private', cidr: string): Promise<Ground> {
  const ipam = await createIpam()
  const pool = await createPool(
    scope === 'public'
      ? { IpamScopeId: ipam.PublicDefaultScopeId!, Locale: region, AwsService: 'ec2' }
      : { IpamScopeId: ipam.PrivateDefaultScopeId!, Locale: region },
  )
  await createPoolCidr(pool, { Cidr: cidr })
  return {
    ipam,
    pool,
    async destroy() {
      await deletePoolCidr(pool, cidr)
      await deletePool(pool)
      await deleteIpam(ipam.IpamId!)
      assert.deepEqual((await client.send(new ec2.DescribeIpamsCommand({}))).Ipams, [])
    },
  }
}

test('aws_vpc_ipam and aws_vpc_ipam_scope live and go', async () => {
  const ipam = await createIpam()
  await client.send(
    new ec2.ModifyIpamCommand({
      IpamId: ipam.IpamId!,
      Description: 'changed',
      AddOperatingRegions: [{ RegionName: 'eu-central-1' }],
    }),
  )
  await waitFor(() => findIpam(ipam.IpamId!), stateIn, waits.modify)
  assert.equal((await findIpam(ipam.IpamId!))!.Description, 'changed')

  const { IpamScope: scope } = await client.send(
    new ec2.CreateIpamScopeCommand({ ...token(), ...tagged('ipam-scope'), IpamId: ipam.IpamId! }),
  )
  const id = scope!.IpamScopeId!
  await waitFor(() => findScope(id), stateIn, waits.create)
  assert.equal((await findScope(id))!.IpamArn!.split('/')[1], ipam.IpamId)
  await client.send(new ec2.ModifyIpamScopeCommand({ IpamScopeId: id, Description: 'plant' }))
  await waitFor(() => findScope(id), stateIn, waits.modify)
  await client.send(new ec2.DeleteIpamScopeCommand({ IpamScopeId: id }))
  await waitFor(() => findScope(id), stateIn, waits.delete)
  await deleteIpam(ipam.IpamId!)
})

test('aws_vpc_ipam_pool, aws_vpc_ipam_pool_cidr and aws_vpc_ipam_pool_cidr_allocation live and go', async () => {
  const { ipam, pool, destroy } = await applyGround('private', '10.0.0.0/8')
  const child = await createPool({
    IpamScopeId: ipam.PrivateDefaultScopeId!,
    Locale: region,
    SourceIpamPoolId: pool,
    AllocationResourceTags: [{ Key: 'env', Value: 'prod' }],
  })
  assert.equal(await createPoolCidr(child, { NetmaskLength: 16 }), '10.0.0.0/16')
  await client.send(
    new ec2.ModifyIpamPoolCommand({
      IpamPoolId: child,
      AllocationDefaultNetmaskLength: 24,
      AutoImport: false,
      RemoveAllocationResourceTags: [{ Key: 'env', Value: 'prod' }],
    }),
  )
  await waitFor(() => findPool(child), stateIn, waits.modify)
  const changed = (await findPool(child))!
  assert.deepEqual(
    [changed.AllocationDefaultNetmaskLength, changed.AllocationResourceTags, changed.AutoImport],
    [24, [], false],
  )

  const { IpamPoolAllocation: made } = await client.send(
    new ec2.AllocateIpamPoolCidrCommand({ ...token(), IpamPoolId: child, NetmaskLength: 28 }),
  )
  const findAllocation = () =>
    find(
      ['InvalidIpamPoolAllocationId.NotFound', 'InvalidIpamPoolId.NotFound'],
      async () =>
        (
          await client.send(
            new ec2.GetIpamPoolAllocationsCommand({
              IpamPoolId: child,
              IpamPoolAllocationId: made!.IpamPoolAllocationId!,
            }),
          )
        ).IpamPoolAllocations,
    )
  assert.deepEqual((await findAllocation())!.Cidr, '10.0.0.0/28')
  const { Success: released } = await client.send(
    new ec2.ReleaseIpamPoolAllocationCommand({
      IpamPoolId: child,
      IpamPoolAllocationId: made!.IpamPoolAllocationId!,
      Cidr: made!.Cidr!,
    }),
  )
  assert.equal(released, true)
  assert.equal(await findAllocation(), undefined)
  await deletePoolCidr(child, '10.0.0.0/16')
  await deletePool(child)
  await destroy()
})

test('aws_vpc_ipam_pool that plans a VPC waits until that is managed; its subnets have their blocks from it', async () => {
  const { ipam, pool, destroy } = await applyGround('private', '10.0.0.0/8')
  const scope = { IpamScopeId: ipam.PrivateDefaultScopeId! }
  const { Vpc: vpc } = await client.send(new ec2.CreateVpcCommand({ Ipv4IpamPoolId: pool, Ipv4NetmaskLength: 20 }))
  const ResourceId = vpc!.VpcId!
  // The provider takes the one whose family is the pool's, and anything but `managed` in the end for an error.
  const findManaged = async () => {
    const { IpamResourceCidrs } = await client.send(new ec2.GetIpamResourceCidrsCommand({ ...scope, ResourceId }))
    return IpamResourceCidrs!.find(({ ResourceCidr }) => !ResourceCidr!.includes(':'))
  }
  await waitFor(findManaged, ({ ManagementState }) => ManagementState, { pending: ['unmanaged'], target: 'managed' })
  const owner = vpc!.OwnerId!
  const planned = await createPool({
    ...scope,
    Locale: region,
    SourceIpamPoolId: pool,
    SourceResource: {
      ...{ ResourceId, ResourceOwner: owner, ResourceRegion: region, ResourceType: 'vpc' },
    },
  })
  assert.equal(await createPoolCidr(planned, { Cidr: vpc!.CidrBlock! }), '10.0.0.0/20')
  const { Subnet: subnet } = await client.send(
    new ec2.CreateSubnetCommand({ VpcId: ResourceId, Ipv4IpamPoolId: planned, Ipv4NetmaskLength: 24 }),
  )
  const { IpamResourceCidrs: inside } = await client.send(
    new ec2.GetIpamResourceCidrsCommand({ ...scope, IpamPoolId: planned }),
  )
  assert.deepEqual(
    inside!.map((one) => [one.ResourceId, one.ResourceType, one.ResourceCidr]),
    [[subnet!.SubnetId, 'subnet', '10.0.0.0/24']],
  )
  await client.send(new ec2.DeleteSubnetCommand({ SubnetId: subnet!.SubnetId! }))
  await waitForAllocationGone(planned, 'subnet', subnet!.SubnetId!)
  await deletePoolCidr(planned, '10.0.0.0/20')
  await deletePool(planned)
  await client.send(new ec2.DeleteVpcCommand({ VpcId: ResourceId }))
  await waitForAllocationGone(pool, 'vpc', ResourceId)
  await destroy()
})

test('aws_vpc_ipam_resource_discovery and aws_vpc_ipam_resource_discovery_association live and go', async () => {
  const ipam = await createIpam()
  const { IpamResourceDiscovery: made } = await client.send(
    new ec2.CreateIpamResourceDiscoveryCommand({
      ...token(),
      ...tagged('ipam-resource-discovery'),
      OperatingRegions: [{ RegionName: region }],
    }),
  )
  const id = made!.IpamResourceDiscoveryId!
  const findDiscovery = () =>
    find(
      ['InvalidIpamResourceDiscoveryId.NotFound'],
      async () =>
        (await client.send(new ec2.DescribeIpamResourceDiscoveriesCommand({ IpamResourceDiscoveryIds: [id] })))
          .IpamResourceDiscoveries,
    )
  await waitFor(findDiscovery, stateIn, waits.create)
  assert.deepEqual((await findDiscovery())!.Tags, theTags)
  await client.send(
    new ec2.ModifyIpamResourceDiscoveryCommand({
      IpamResourceDiscoveryId: id,
      Description: 'changed',
      AddOperatingRegions: [{ RegionName: 'eu-central-1' }],
    }),
  )
  await waitFor(findDiscovery, stateIn, waits.modify)
  const { IpamResourceDiscoveryAssociation: associated } = await client.send(
    new ec2.AssociateIpamResourceDiscoveryCommand({
      ...token(),
      ...tagged('ipam-resource-discovery-association'),
      IpamId: ipam.IpamId!,
      IpamResourceDiscoveryId: id,
    }),
  )
  const associationId = associated!.IpamResourceDiscoveryAssociationId!
  const findAssociation = () =>
    find(
      ['InvalidIpamResourceDiscoveryAssociationId.NotFound'],
      async () =>
        (
          await client.send(
            new ec2.DescribeIpamResourceDiscoveryAssociationsCommand({
              IpamResourceDiscoveryAssociationIds: [associationId],
            }),
          )
        ).IpamResourceDiscoveryAssociations,
    )
  await waitFor(findAssociation, stateIn, { pending: ['associate-in-progress'], target: 'associate-complete' })
  assert.deepEqual((await findAssociation())!.Tags, theTags)
  await client.send(
    new ec2.DisassociateIpamResourceDiscoveryCommand({ IpamResourceDiscoveryAssociationId: associationId }),
  )
  await waitFor(findAssociation, stateIn, {
    pending: ['associate-complete', 'disassociate-in-progress'],
    target: undefined,
  })
  await client.send(new ec2.DeleteIpamResourceDiscoveryCommand({ IpamResourceDiscoveryId: id }))
  await waitFor(findDiscovery, stateIn, waits.delete)
  await deleteIpam(ipam.IpamId!)
})

// aws_eip -----------------------------------------------------------------------------------------------------------

async function createEip(input: ec2.AllocateAddressCommandInput): Promise<ec2.Address> {
  const { AllocationId } = await client.send(
    new ec2.AllocateAddressCommand({ ...tagged('elastic-ip'), Domain: 'vpc', ...input }),
  )
  const read = (await findEip(AllocationId!))!
  assert.deepEqual(read.Tags, theTags)
  // Every read asks for the reverse name too. The provider takes no entry for "none", and any refusal for an error.
  const { Addresses: attributes } = await client.send(
    new ec2.DescribeAddressesAttributeCommand({ AllocationIds: [AllocationId!], Attribute: 'domain-name' }),
  )
  assert.deepEqual(
    attributes!.map(({ AllocationId, PtrRecord }) => [AllocationId, PtrRecord]),
    [[AllocationId, undefined]],
  )
  return read
}
const findEip = (id: string) =>
  find(
    ['InvalidAllocationID.NotFound', 'InvalidAddress.NotFound'],
    async () => (await client.send(new ec2.DescribeAddressesCommand({ AllocationIds: [id] }))).Addresses,
  )
async function deleteEip({ AllocationId, NetworkBorderGroup, PublicIpv4Pool }: ec2.Address): Promise<void> {
  await client.send(new ec2.ReleaseAddressCommand({ AllocationId, NetworkBorderGroup }))
  if (PublicIpv4Pool!.startsWith('ipam-pool-')) await waitForAllocationGone(PublicIpv4Pool!, 'eip', AllocationId!)
  assert.equal(await findEip(AllocationId!), undefined)
}

test('aws_eip comes from an IPAM pool, is associated, and goes', async () => {
  const { pool, destroy } = await applyGround('public', '203.0.113.0/28')
  const eip = await createEip({ IpamPoolId: pool })
  assert.equal(eip.PublicIpv4Pool, pool)
  const { AssociationId } = await client.send(
    new ec2.AssociateAddressCommand({ AllocationId: eip.AllocationId!, InstanceId: 'i-0123456789abcdef0' }),
  )
  const { Addresses: found } = await client.send(
    new ec2.DescribeAddressesCommand({ Filters: [{ Name: 'association-id', Values: [AssociationId!] }] }),
  )
  assert.equal(found![0]!.AllocationId, eip.AllocationId)
  await client.send(new ec2.DisassociateAddressCommand({ AssociationId }))
  await deleteEip(eip)
  await destroy()
})

// aws_vpc, aws_subnet, aws_nat_gateway --------------------------------------------------------------------------------

const findVpc = (id: string) =>
  find(['InvalidVpcID.NotFound'], async () => (await client.send(new ec2.DescribeVpcsCommand({ VpcIds: [id] }))).Vpcs)
const findSubnet = (id: string) =>
  find(
    ['InvalidSubnetID.NotFound'],
    async () => (await client.send(new ec2.DescribeSubnetsCommand({ SubnetIds: [id] }))).Subnets,
  )
/** A gateway that is deleted is still shown for an hour; the provider takes the state for "gone". */
const findNatGateway = async (id: string) => {
  const found = await find(
    ['NatGatewayNotFound'],
    async () => (await client.send(new ec2.DescribeNatGatewaysCommand({ NatGatewayIds: [id] }))).NatGateways,
  )
  return found?.State === 'deleted' ? undefined : found
}

async function createVpc(input: ec2.CreateVpcCommandInput): Promise<string> {
  const { Vpc: made } = await client.send(
    new ec2.CreateVpcCommand({
      AmazonProvidedIpv6CidrBlock: false,
      InstanceTenancy: 'default',
      ...tagged('vpc'),
      ...input,
    }),
  )
  const VpcId = made!.VpcId!
  await waitFor(() => findVpc(VpcId), stateIn, { pending: ['pending'], target: 'available' })
  await client.send(new ec2.ModifyVpcAttributeCommand({ VpcId, EnableDnsHostnames: { Value: true } }))
  const attributes = ['enableDnsHostnames', 'enableDnsSupport', 'enableNetworkAddressUsageMetrics'] as const
  const values = []
  for (const Attribute of attributes) {
    const read = await client.send(new ec2.DescribeVpcAttributeCommand({ VpcId, Attribute }))
    values.push((read.EnableDnsHostnames ?? read.EnableDnsSupport ?? read.EnableNetworkAddressUsageMetrics)!.Value)
  }
  assert.deepEqual(values, [true, true, false])
  return VpcId
}

async function deleteVpc(VpcId: string, pool: string): Promise<void> {
  await client.send(new ec2.DeleteVpcCommand({ VpcId }))
  assert.equal(await findVpc(VpcId), undefined)
  await waitForAllocationGone(pool, 'vpc', VpcId)
}

async function createSubnet(VpcId: string, CidrBlock: string, zone: string): Promise<string> {
  const { Subnet: made } = await client.send(
    new ec2.CreateSubnetCommand({ ...tagged('subnet'), VpcId, CidrBlock, AvailabilityZone: `${region}${zone}` }),
  )
  const id = made!.SubnetId!
  await waitFor(() => findSubnet(id), stateIn, { pending: ['pending'], target: 'available' })
  const read = (await findSubnet(id))!
  // A difference from the schema's defaults would make the provider modify the subnet.
  assert.deepEqual(
    [read.MapPublicIpOnLaunch, read.AssignIpv6AddressOnCreation, read.EnableDns64, read.Tags],
    [false, false, false, theTags],
  )
  return id
}

async function deleteSubnet(id: string): Promise<void> {
  // Interfaces that other services have left behind would be deleted first. A refusal would end the destruction.
  const { NetworkInterfaces: left } = await client.send(
    new ec2.DescribeNetworkInterfacesCommand({ Filters: [{ Name: 'subnet-id', Values: [id] }] }),
  )
  assert.deepEqual(left, [])
  await client.send(new ec2.DeleteSubnetCommand({ SubnetId: id }))
  assert.equal(await findSubnet(id), undefined)
}

async function createNatGateway(input: ec2.CreateNatGatewayCommandInput): Promise<ec2.NatGateway> {
  const { NatGateway: made } = await client.send(
    new ec2.CreateNatGatewayCommand({ ...token(), ...tagged('natgateway'), ConnectivityType: 'public', ...input }),
  )
  const id = made!.NatGatewayId!
  await waitFor(() => findNatGateway(id), stateIn, { pending: ['pending'], target: 'available' })
  const read = (await findNatGateway(id))!
  assert.deepEqual(read.Tags, theTags)
  return read
}

async function deleteNatGateway(id: string): Promise<void> {
  await client.send(new ec2.DeleteNatGatewayCommand({ NatGatewayId: id }))
  await waitFor(() => findNatGateway(id), stateIn, { pending: ['deleting'], target: undefined })
}

test('aws_vpc, aws_subnet, aws_eip and aws_nat_gateway live and go', async () => {
  const { pool, destroy } = await applyGround('private', '10.0.0.0/16')
  const vpc = await createVpc({ Ipv4IpamPoolId: pool, Ipv4NetmaskLength: 20 })
  assert.equal((await findVpc(vpc))!.CidrBlock, '10.0.0.0/20')
  const subnet = await createSubnet(vpc, '10.0.0.0/24', 'a')
  const [first, second] = [await createEip({}), await createEip({})]

  const gateway = await createNatGateway({ SubnetId: subnet, AllocationId: first.AllocationId! })
  const id = gateway.NatGatewayId!
  const primary = gateway.NatGatewayAddresses!.find(({ IsPrimary }) => IsPrimary)!
  assert.deepEqual(
    [primary.AllocationId, primary.PublicIp, primary.PrivateIp],
    [first.AllocationId, first.PublicIp, '10.0.0.4'],
  )
  const { NetworkInterfaces: interfaces } = await client.send(
    new ec2.DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [primary.NetworkInterfaceId!] }),
  )
  assert.equal(interfaces![0]!.Association!.PublicIp, first.PublicIp)

  // secondary_allocation_ids: added, and taken away again.
  const addressOf = (wanted: string) => async () =>
    (await findNatGateway(id))!.NatGatewayAddresses!.find(({ AllocationId }) => AllocationId === wanted)
  const read = addressOf(second.AllocationId!)
  const statusIn = ({ Status }: ec2.NatGatewayAddress): string | undefined => Status
  await client.send(
    new ec2.AssociateNatGatewayAddressCommand({ NatGatewayId: id, AllocationIds: [second.AllocationId!] }),
  )
  await waitFor(read, statusIn, { pending: ['associating'], target: 'succeeded' })
  await client.send(
    new ec2.DisassociateNatGatewayAddressCommand({
      NatGatewayId: id,
      AssociationIds: [(await read())!.AssociationId!],
    }),
  )
  await waitFor(read, statusIn, { pending: ['disassociating', 'succeeded'], target: undefined })

  // As `terraform destroy` goes: what depends goes first.
  await deleteNatGateway(id)
  for (const eip of [first, second]) await deleteEip(eip)
  await deleteSubnet(subnet)
  await deleteVpc(vpc, pool)
  await destroy()
})

test('aws_nat_gateway with regional availability takes and gives back its addresses', async () => {
  const { pool, destroy } = await applyGround('private', '10.0.0.0/16')
  const vpc = await createVpc({ Ipv4IpamPoolId: pool, Ipv4NetmaskLength: 24 })
  const gateway = await createNatGateway({ VpcId: vpc, AvailabilityMode: 'regional' })
  assert.equal(gateway.NatGatewayAddresses!.length, 1)
  await deleteNatGateway(gateway.NatGatewayId!)
  await deleteVpc(vpc, pool)
  assert.deepEqual((await client.send(new ec2.DescribeAddressesCommand({}))).Addresses, [])
  await destroy()
})
