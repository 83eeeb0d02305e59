// A store with much in it, in one account, and requests for every operation of the AWS APIs that have to do with it.
import { parseCidr } from '#model/cidr.ts'
import { formatId, type IdKind } from '#model/identifier.ts'
import type { Transaction } from '#store/store.ts'
import { accessExamples, sendSnapshot } from '../native-access-examples.ts'
import { type NativeWorld, withNativeApi } from '../native-world.ts'
import { withOrganization } from '../organization.ts'
import { managementAccount, openWorld, testSettings, type World } from '../world.ts'
import { fillNetworkObjects, networkRequests } from './filled-networks.ts'

export interface Sizes {
  /** Elastic IPs, and as many allocations of one private pool. */
  readonly allocations: number
  /** VPCs, subnets, NAT gateways, pools, CIDRs of one pool, accounts and units: of each. */
  readonly objects: number
  /** Of what one request has to do with all at once there are a few, where what it costs is not asked. */
  readonly isBrief?: true
}
export interface Asked {
  readonly input: object
  /** The code of the refusal that is the right answer here. */
  readonly refused?: string
}
export interface Filled {
  readonly world: NativeWorld
  /** By the name of an operation of the AWS APIs. */
  readonly aws: ReadonlyMap<string, readonly Asked[]>
  /** By the name of an operation of the native API. */
  readonly native: ReadonlyMap<string, readonly Asked[]>
}

const region = 'us-east-1'
const account = managementAccount
/** Objects that one transaction inserts. */
const insertStep = 200
/** Requests that are under way at once while it is filled. */
const requestStep = 250
const quarantineSeconds = 60
const privatePool = { AddressFamily: 'ipv4', Locale: region } as const
const tagsEach = 2
/** Of the accounts that are inserted: the others are numbered behind it. */
const firstAccount = '200000000000'
/** The most that a pool may have, and a few to provision. */
const cidrsMax = 990
/** Of the pools, those of the account that asks: it may have no more, and makes some more here. */
const ownPoolsMax = 1_900
/** Whose the others are. */
const otherAccount = '222222222222'

/** Enough of the provider's space for one account to have all of its addresses there. */
export const filledSettings = { ...testSettings, providerIpv4Cidr: '20.0.0.0/8' }

async function inSteps(count: number, step: number, work: (from: number, until: number) => Promise<unknown>) {
  for (let from = 0; from < count; from += step) await work(from, Math.min(from + step, count))
}
/** Inserts objects past the operations, which would take longer. */
const insert = (world: World, count: number, one: (tx: Transaction, index: number) => Promise<unknown>) =>
  inSteps(count, insertStep, (from, until) =>
    world.store.write(async (tx) => {
      for (let index = from; index < until; index++) await one(tx, index)
    }),
  )
/** Asks `count` times. */
const ask = async <T>(count: number, one: (index: number) => Promise<T>): Promise<T[]> => {
  const answers: T[] = []
  await inSteps(count, requestStep, async (from, until) => {
    const indexes = Array.from({ length: until - from }, (_, index) => from + index)
    answers.push(...(await Promise.all(indexes.map(one))))
  })
  return answers
}
const newId = (tx: Transaction, kind: IdKind): string => formatId(kind, tx.installation, tx.nextSequence())
const block = (network: number, index: number, length: number) =>
  parseCidr(`${network}.${index >> 8}.${index & 255}.0/${length}`)!

export async function openFilled(sizes: Sizes): Promise<Filled> {
  const world = await withOrganization(await withNativeApi(await openWorld(filledSettings)))
  const examples = await accessExamples(world)
  const made = await fill(world, sizes)
  const cidrs = Array.from({ length: sizes.objects }, (_, index) => `10.${128 + (index >> 8)}.${index & 255}.0/24`)
  // What was there before still is.
  const { sourceId } = await world.get<{ sourceId: string }>('/sources/example')
  await sendSnapshot(world, sourceId, ['10.0.0.0/16', ...cidrs])
  const native = new Map<string, readonly Asked[]>(
    [...examples].map(([name, { input, instead }]) => [
      name,
      [instead === undefined ? { input } : { input, refused: refusedInstead[name] ?? 'AlreadyExists' }],
    ]),
  )
  for (const [name, inputs] of Object.entries(longNative(made))) {
    native.set(name, [...(native.get(name) ?? []), ...inputs.map((input) => ({ input }))])
  }
  return { world, aws: new Map(Object.entries(awsRequests(made))), native }
}

/** What examples are answered that cannot be done there. */
const refusedInstead: Readonly<Record<string, string>> = {
  createIpam: 'LimitExceeded',
  submitChangeRequest: 'NotAuthorized',
  simulateChangeRequest: 'IncorrectState',
  applyChangeRequest: 'IncorrectState',
  breakGlassChangeRequest: 'IncorrectState',
  reviewChangeRequest: 'IncorrectState',
  haltChangeRequest: 'IncorrectState',
  resumeChangeRequest: 'IncorrectState',
  revertChangeRequest: 'IncorrectState',
}

type Made = Awaited<ReturnType<typeof fill>>

async function fill(world: NativeWorld & { readonly rootId: string }, { allocations, objects, isBrief }: Sizes) {
  const { rootId } = world
  const { Ipams } = await world.call('DescribeIpams', {})
  const ipam = Ipams!.find(({ IpamRegion }) => IpamRegion === region)!
  const scope = { IpamScopeId: ipam.PrivateDefaultScopeId! }
  const makePool = async (tags: Readonly<Record<string, string>> = {}, parent?: string) => {
    const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
    const answer = await world.call('CreateIpamPool', {
      ...scope,
      ...privatePool,
      ...(parent === undefined ? {} : { SourceIpamPoolId: parent }),
      ...(Tags.length === 0 ? {} : { TagSpecifications: [{ ResourceType: 'ipam-pool', Tags }] }),
    })
    return answer.IpamPool!.IpamPoolId!
  }
  const provision = (IpamPoolId: string, Cidr: string) => world.call('ProvisionIpamPoolCidr', { IpamPoolId, Cidr })

  // Elastic IPs, with tags.
  const addresses = await ask(allocations, () => world.call('AllocateAddress', {}))
  await insert(world, allocations, async (tx, index) => {
    for (let tag = 0; tag < tagsEach; tag++) {
      const resource = { id: addresses[index]!.AllocationId!, type: 'elastic-ip', account, region }
      await tx.tags.put(resource, [{ key: `key-${tag}`, value: `value-${index}` }])
    }
  })

  // A pool with as many allocations, and one with CIDRs.
  const pool = await makePool()
  await provision(pool, '10.128.0.0/10')
  const blocks = await ask(allocations, () =>
    world.call('AllocateIpamPoolCidr', { IpamPoolId: pool, NetmaskLength: 32 }),
  )
  const manyCidrs = await makePool()
  const { n: manyCidrsNumber } = await world.store.read(async (tx) => (await tx.pools.find(manyCidrs))!)
  await insert(world, Math.min(objects, cidrsMax), async (tx, index) => {
    const cidr = block(11, index, 28)
    const cidrOf = { id: newId(tx, 'poolCidr'), pool: manyCidrsNumber, cidr, state: 'provisioned' as const }
    const none = { failureCode: undefined, failure: undefined, parentAllocation: undefined }
    await tx.pools.insertCidr({ ...cidrOf, ...none, createdAt: tx.now })
    await tx.space.add(manyCidrsNumber, cidr)
  })

  // A pool whose space was released and has rested long enough, which nobody has swept yet.
  const rested = await makePool({ 'cadastre:quarantine-seconds': String(quarantineSeconds) })
  await provision(rested, '10.64.0.0/23')
  const restingLength = isBrief ? 26 : 32
  const resting = await ask(2 ** (restingLength - 23), () =>
    world.call('AllocateIpamPoolCidr', { IpamPoolId: rested, NetmaskLength: restingLength }),
  )
  await ask(resting.length, (index) => {
    const { IpamPoolAllocationId, Cidr } = resting[index]!.IpamPoolAllocation!
    return world.call('ReleaseIpamPoolAllocation', {
      IpamPoolId: rested,
      IpamPoolAllocationId: IpamPoolAllocationId!,
      Cidr: Cidr!,
    })
  })
  world.advance((quarantineSeconds + 1) * 1_000)

  // As many allocations as one deletion ends, in a pool and one below it.
  const cascade = await makePool()
  await provision(cascade, '10.72.0.0/19')
  const below = await makePool({}, cascade)
  await provision(below, '10.72.0.0/20')
  const [inCascade, inBelow] = isBrief ? [2, 1] : [500, 499]
  await ask(inCascade, () => world.call('AllocateIpamPoolCidr', { IpamPoolId: cascade, NetmaskLength: 32 }))
  await ask(inBelow, () => world.call('AllocateIpamPoolCidr', { IpamPoolId: below, NetmaskLength: 32 }))

  const { n: like } = await world.store.read(async (tx) => (await tx.pools.find(pool))!)
  const ownPools: string[] = []
  await insert(world, objects, async (tx, index) => {
    const one = (await tx.pools.findByNumber(like))!
    const n = tx.nextSequence()
    const id = formatId('pool', tx.installation, n)
    const owner = index < ownPoolsMax ? one.account : otherAccount
    if (owner === one.account) ownPools.push(id)
    const made = { ...one, n, id, account: owner, createdAt: tx.now }
    await tx.pools.insert(made)
    tx.history.began(
      { id, kind: 'ipam-pool', account: owner },
      { ...tx.pools.forHistory(made), sharedWith: [], tags: {} },
    )
  })

  const networks: { vpc: string; cidr: string; subnet: string; gateway: string }[] = []
  await insert(world, objects, async (tx, index) => {
    const [vpc, cidr, subnet, gateway] = [
      newId(tx, 'vpc'),
      newId(tx, 'vpcCidrAssociation'),
      newId(tx, 'subnet'),
      newId(tx, 'natGateway'),
    ]
    const attributes = {
      enableDnsSupport: true,
      enableDnsHostnames: false,
      enableNetworkAddressUsageMetrics: false,
    }
    const options = { tenancy: 'default', dhcpOptionsId: newId(tx, 'dhcpOptions') }
    await tx.vpcs.insert({ id: vpc, account, region, ...options, ...attributes })
    const space = { cidr: block(12, index, 24), allocation: undefined }
    await tx.vpcs.insertCidr({
      associationId: cidr,
      vpcId: vpc,
      ...space,
      isPrimary: true,
      poolId: undefined,
      ipSource: 'none',
      networkBorderGroup: undefined,
    })
    const zone = { zone: `${region}a`, zoneId: 'use1-az1' }
    await tx.vpcs.insertSubnet({ id: subnet, vpcId: vpc, account, region, ...zone, ...space, isIpv6Native: false })
    await tx.natGateways.insert({
      id: gateway,
      account,
      region,
      vpcId: vpc,
      subnetId: subnet,
      connectivity: 'private',
      availabilityMode: 'zonal',
      isAutomatic: false,
      routeTableId: undefined,
    })
    await tx.natGateways.insertAddress({
      associationId: newId(tx, 'addressAssociation'),
      natGatewayId: gateway,
      allocation: undefined,
      publicIp: undefined,
      privateIp: `12.${index >> 8}.${index & 255}.4`,
      networkInterfaceId: newId(tx, 'networkInterface'),
      ...zone,
      isPrimary: true,
      isServiceManaged: false,
    })
    networks.push({ vpc, cidr, subnet, gateway })
  })
  const { Vpc } = await world.call('CreateVpc', { CidrBlock: '10.9.0.0/16' })
  const { Subnet } = await world.call('CreateSubnet', { VpcId: Vpc!.VpcId!, CidrBlock: '10.9.0.0/24' })
  const standing = await fillNetworkObjects(world, {
    vpc: Vpc!.VpcId!,
    subnet: Subnet!.SubnetId!,
    count: objects,
    ...(isBrief ? { parts: objects, reservations: 1 } : {}),
  })
  const associated = addresses.at(-1)!.AllocationId!
  const { AssociationId } = await world.call('AssociateAddress', {
    AllocationId: associated,
    InstanceId: 'i-0123456789abcdef0',
  })

  const unit = (await world.organizations('CreateOrganizationalUnit', { ParentId: rootId, Name: 'many' }))
    .OrganizationalUnit!.Id!
  await insert(world, objects, async (tx, index) => {
    const id = String(Number(firstAccount) + index)
    const joined = { status: 'ACTIVE', joinedMethod: 'CREATED', joinedAt: tx.now } as const
    await tx.organizations.insertAccount({ id, name: `account-${index}`, email: `${id}@example.com`, ...joined })
    const unitId = `ou-${rootId.slice(2)}-${String(index).padStart(8, '0')}`
    for (const node of [
      { id, kind: 'account', parentId: unit, name: `account-${index}` },
      { id: unitId, kind: 'organizational-unit', parentId: rootId, name: `u-${index}` },
    ] as const) {
      await tx.organizations.insertNode(node)
      tx.history.began({ id: node.id, kind: node.kind, account }, { ...node, createdAt: tx.now, tags: {} })
    }
  })
  await world.store.write((tx) => tx.moveGovernanceEpoch())
  const empty = (await world.organizations('CreateOrganizationalUnit', { ParentId: rootId, Name: 'empty' }))
    .OrganizationalUnit!.Id!
  const free = await world.call('CreateIpamScope', { IpamId: ipam.IpamId! })
  const policy = (await world.call('CreateIpamPolicy', { IpamId: ipam.IpamId! })).IpamPolicy!.IpamPolicyId!
  const { DelegatedAdministrators } = await world.organizations('ListDelegatedAdministrators', {})
  const { CreateAccountStatus } = await world.organizations('CreateAccount', {
    AccountName: 'new',
    Email: 'new@example.com',
  })
  await world.organizations('EnableAWSServiceAccess', { ServicePrincipal: 'ram.amazonaws.com' })
  // Whatever the governance was before, requests find its rules compiled.
  await world.call('DescribeIpamPools', { MaxResults: 5 })
  const discovery = (await world.call('CreateIpamResourceDiscovery', {})).IpamResourceDiscovery!
    .IpamResourceDiscoveryId!
  const discoveryAssociation = (
    await world.call('AssociateIpamResourceDiscovery', { IpamId: ipam.IpamId!, IpamResourceDiscoveryId: discovery })
  ).IpamResourceDiscoveryAssociation!.IpamResourceDiscoveryAssociationId!
  return {
    rootId,
    ipam,
    pool,
    ownPools,
    rested,
    cascade,
    manyCidrs,
    networks,
    addresses,
    blocks: blocks.map(({ IpamPoolAllocation }) => IpamPoolAllocation!),
    associated,
    association: AssociationId!,
    vpc: Vpc!.VpcId!,
    subnet: Subnet!.SubnetId!,
    emptyPool: await makePool(),
    standing,
    discovery,
    discoveryAssociation,
    scope: free.IpamScope!.IpamScopeId!,
    policy,
    unit,
    empty,
    member: firstAccount,
    administrator: DelegatedAdministrators![0]!.Id!,
    creation: CreateAccountStatus!.Id!,
    created: (await world.store.read((tx) => tx.organizations.findCreation(CreateAccountStatus!.Id!)))!.account!,
  }
}

const some = (...inputs: readonly object[]): readonly Asked[] => inputs.map((input) => ({ input }))
/** What no tag, CIDR or name is. */
const unmatched = (Name: string) => ({ Filters: [{ Name, Values: ['nothing-matches'] }] })

function awsRequests(made: Made): Readonly<Record<string, readonly Asked[]>> {
  const { ipam, pool, networks, addresses, blocks, policy, rootId } = made
  const [network] = networks
  const tagged = addresses.slice(0, 1_000).map(({ AllocationId }) => AllocationId!)
  const Tags = [{ Key: 'team', Value: 'net' }]
  const ofPool = { IpamPoolId: pool }
  const ofPolicy = { IpamPolicyId: policy }
  const target = { OrganizationTargetId: account }
  const released = { ...ofPool, IpamPoolAllocationId: blocks[0]!.IpamPoolAllocationId!, Cidr: blocks[0]!.Cidr! }
  return {
    AllocateAddress: some({}),
    ReleaseAddress: some({ AllocationId: addresses[0]!.AllocationId }),
    DescribeAddresses: some(
      {},
      { Filters: [{ Name: 'tag:key-0', Values: ['value-1'] }] },
      { AllocationIds: tagged },
      { PublicIps: addresses.slice(0, 1_000).map(({ PublicIp }) => PublicIp!) },
    ),
    DescribeAddressesAttribute: some({ Attribute: 'domain-name' }, { AllocationIds: tagged }),
    AssociateAddress: some({ AllocationId: addresses[0]!.AllocationId, InstanceId: 'i-0123456789abcdef1' }),
    DisassociateAddress: some({ AssociationId: made.association }),
    CreateIpam: [{ input: {}, refused: 'LimitExceeded' }],
    DescribeIpams: some({}, unmatched('ipam-id')),
    ModifyIpam: some({ IpamId: ipam.IpamId, Description: 'new' }),
    DeleteIpam: [{ input: { IpamId: ipam.IpamId }, refused: 'DependencyViolation' }],
    CreateIpamScope: some({ IpamId: ipam.IpamId }),
    DescribeIpamScopes: some({}, unmatched('ipam-scope-id')),
    ModifyIpamScope: some({ IpamScopeId: made.scope, Description: 'new' }),
    DeleteIpamScope: some({ IpamScopeId: made.scope }),
    CreateIpamResourceDiscovery: [{ input: {}, refused: 'LimitExceeded' }],
    DescribeIpamResourceDiscoveries: some({}, unmatched('description')),
    ModifyIpamResourceDiscovery: some({ IpamResourceDiscoveryId: made.discovery, Description: 'new' }),
    DeleteIpamResourceDiscovery: [
      { input: { IpamResourceDiscoveryId: made.discovery }, refused: 'DependencyViolation' },
    ],
    AssociateIpamResourceDiscovery: [
      { input: { IpamId: ipam.IpamId, IpamResourceDiscoveryId: made.discovery }, refused: 'IncorrectState' },
    ],
    DescribeIpamResourceDiscoveryAssociations: some({}, unmatched('state')),
    DisassociateIpamResourceDiscovery: some({ IpamResourceDiscoveryAssociationId: made.discoveryAssociation }),
    GetIpamResourceCidrs: some(
      { IpamScopeId: ipam.PrivateDefaultScopeId },
      { IpamScopeId: ipam.PrivateDefaultScopeId, ...unmatched('resource-id') },
      { IpamScopeId: ipam.PublicDefaultScopeId },
      { IpamScopeId: ipam.PrivateDefaultScopeId, ...ofPool },
      { IpamScopeId: ipam.PrivateDefaultScopeId, ResourceId: network!.vpc },
    ),
    ModifyIpamResourceCidr: some({
      ResourceId: network!.vpc,
      ResourceCidr: '12.0.0.0/24',
      ResourceRegion: region,
      CurrentIpamScopeId: ipam.PrivateDefaultScopeId,
      Monitored: false,
    }),
    GetIpamAddressHistory: some(
      { IpamScopeId: ipam.PrivateDefaultScopeId, Cidr: '12.0.0.0/24' },
      { IpamScopeId: ipam.PublicDefaultScopeId, Cidr: `${addresses[0]!.PublicIp}/32`, StartTime: 0 },
    ),
    GetIpamDiscoveredPublicAddresses: some(
      { IpamResourceDiscoveryId: made.discovery, AddressRegion: region },
      { IpamResourceDiscoveryId: made.discovery, AddressRegion: region, ...unmatched('address') },
    ),
    GetIpamDiscoveredAccounts: some({ IpamResourceDiscoveryId: made.discovery, DiscoveryRegion: region }),
    GetIpamDiscoveredResourceCidrs: some(
      { IpamResourceDiscoveryId: made.discovery, ResourceRegion: region },
      { IpamResourceDiscoveryId: made.discovery, ResourceRegion: region, ...unmatched('vpc-id') },
    ),
    CreateIpamPool: some({ IpamScopeId: ipam.PrivateDefaultScopeId, ...privatePool }),
    DescribeIpamPools: some({}, unmatched('ipam-pool-id')),
    ModifyIpamPool: some({ ...ofPool, Description: 'new' }),
    DeleteIpamPool: some({ IpamPoolId: made.emptyPool }, { IpamPoolId: made.cascade, Cascade: true }),
    ProvisionIpamPoolCidr: some({ IpamPoolId: made.emptyPool, Cidr: '13.0.0.0/24' }),
    DeprovisionIpamPoolCidr: some(
      { IpamPoolId: made.manyCidrs, Cidr: '11.0.0.0/28' },
      {
        IpamPoolId: made.rested,
        Cidr: '10.64.0.0/23',
      },
    ),
    GetIpamPoolCidrs: some({ IpamPoolId: made.manyCidrs }, { IpamPoolId: made.manyCidrs, ...unmatched('cidr') }),
    AllocateIpamPoolCidr: some(
      { ...ofPool, NetmaskLength: 28 },
      // Nothing so large is free before all that has rested is.
      { IpamPoolId: made.rested, NetmaskLength: 23 },
      { IpamPoolId: made.rested, Cidr: '10.64.1.0/24' },
      { IpamPoolId: made.rested, NetmaskLength: 23, PreviewNextCidr: true },
    ),
    ReleaseIpamPoolAllocation: some(released),
    GetIpamPoolAllocations: some(ofPool, { ...ofPool, ...unmatched('tag:team') }),
    DescribeIpamPoolAllocations: some({}, unmatched('tag:team'), {
      IpamPoolAllocationIds: blocks.slice(0, 1_000).map(({ IpamPoolAllocationId }) => IpamPoolAllocationId!),
    }),
    ModifyIpamPoolAllocation: some({ IpamPoolAllocationId: blocks[0]!.IpamPoolAllocationId, Description: 'new' }),
    CreateIpamPolicy: some({ IpamId: ipam.IpamId }),
    DescribeIpamPolicies: some({}, unmatched('ipam-policy-id')),
    DeleteIpamPolicy: some(ofPolicy),
    ModifyIpamPolicyAllocationRules: some({
      ...ofPolicy,
      Locale: region,
      ResourceType: 'eip',
      AllocationRules: [],
    }),
    GetIpamPolicyAllocationRules: some(ofPolicy),
    EnableIpamPolicy: some({ ...ofPolicy, ...target }),
    DisableIpamPolicy: [{ input: { ...ofPolicy, ...target }, refused: 'IncorrectState' }],
    GetEnabledIpamPolicy: some({}),
    GetIpamPolicyOrganizationTargets: some(ofPolicy),
    CreateTags: some({ Resources: tagged, Tags }, { Resources: made.ownPools.slice(0, 1_000), Tags }),
    DeleteTags: some({ Resources: tagged }),
    DescribeTags: some({}, unmatched('key')),
    DisableIpamOrganizationAdminAccount: some({ DelegatedAdminAccountId: made.administrator }),
    EnableIpamOrganizationAdminAccount: some({ DelegatedAdminAccountId: made.administrator }),
    CreateVpc: some({ CidrBlock: '10.10.0.0/16' }, { Ipv4IpamPoolId: pool, Ipv4NetmaskLength: 24 }),
    DeleteVpc: [{ input: { VpcId: network!.vpc }, refused: 'DependencyViolation' }],
    DescribeVpcs: some({}, unmatched('vpc-id'), { VpcIds: networks.slice(0, 1_000).map(({ vpc }) => vpc) }),
    DescribeVpcAttribute: some({ VpcId: made.vpc, Attribute: 'enableDnsSupport' }),
    ModifyVpcAttribute: some({ VpcId: made.vpc, EnableDnsHostnames: { Value: true } }),
    AssociateVpcCidrBlock: some({ VpcId: made.vpc, CidrBlock: '10.11.0.0/16' }),
    DisassociateVpcCidrBlock: [{ input: { AssociationId: network!.cidr }, refused: 'NotEligible' }],
    CreateSubnet: some({ VpcId: made.vpc, CidrBlock: '10.9.1.0/24' }),
    DeleteSubnet: some({ SubnetId: made.subnet }),
    DescribeSubnets: some({}, unmatched('subnet-id'), {
      SubnetIds: networks.slice(0, 1_000).map(({ subnet }) => subnet),
    }),
    CreateNatGateway: some({ SubnetId: made.subnet, ConnectivityType: 'private' }),
    DeleteNatGateway: some({ NatGatewayId: network!.gateway }),
    DescribeNatGateways: some(
      {},
      { Filter: unmatched('vpc-id').Filters },
      {
        NatGatewayIds: networks.slice(0, 1_000).map(({ gateway }) => gateway),
      },
    ),
    AssociateNatGatewayAddress: [
      {
        input: { NatGatewayId: network!.gateway, AllocationIds: [addresses[0]!.AllocationId] },
        refused: 'NotEligible',
      },
    ],
    DisassociateNatGatewayAddress: [
      { input: { NatGatewayId: network!.gateway, AssociationIds: [made.association] }, refused: 'NotFound' },
    ],
    DescribeNetworkInterfaces: some({}, unmatched('vpc-id')),
    ...networkRequests(made.standing),
    DescribeRegions: some({}),
    DescribeAvailabilityZones: some({}),
    DescribeAccountAttributes: some({}),

    CreateAccount: some({ AccountName: 'other', Email: 'other@example.com' }),
    CloseAccount: some({ AccountId: made.created }),
    CreateOrganization: [{ input: {}, refused: 'AlreadyExists' }],
    CreateOrganizationalUnit: some({ ParentId: rootId, Name: 'another' }),
    DeleteOrganization: [{ input: {}, refused: 'DependencyViolation' }],
    DeleteOrganizationalUnit: some({ OrganizationalUnitId: made.empty }),
    DeregisterDelegatedAdministrator: some({ AccountId: made.administrator, ServicePrincipal: 'ipam.amazonaws.com' }),
    DescribeAccount: some({ AccountId: made.member }),
    DescribeCreateAccountStatus: some({ CreateAccountRequestId: made.creation }),
    DescribeOrganization: some({}),
    DescribeOrganizationalUnit: some({ OrganizationalUnitId: made.empty }),
    DisableAWSServiceAccess: some({ ServicePrincipal: 'ram.amazonaws.com' }),
    EnableAWSServiceAccess: some({ ServicePrincipal: 'ipam.amazonaws.com' }),
    ListAccounts: some({}),
    ListAccountsForParent: some({ ParentId: made.unit }),
    ListAWSServiceAccessForOrganization: some({}),
    ListChildren: some({ ParentId: made.unit, ChildType: 'ACCOUNT' }),
    ListCreateAccountStatus: some({}),
    ListDelegatedAdministrators: some({}),
    ListDelegatedServicesForAccount: some({ AccountId: made.administrator }),
    ListOrganizationalUnitsForParent: some({ ParentId: rootId }),
    ListParents: some({ ChildId: made.unit }),
    ListRoots: some({}),
    ListTagsForResource: some({ ResourceId: made.unit }),
    MoveAccount: some({ AccountId: made.member, SourceParentId: made.unit, DestinationParentId: made.empty }),
    RegisterDelegatedAdministrator: [
      { input: { AccountId: made.member, ServicePrincipal: 'ipam.amazonaws.com' }, refused: 'LimitExceeded' },
    ],
    RemoveAccountFromOrganization: some({ AccountId: made.created }),
    TagResource: some({ ResourceId: made.unit, Tags }),
    UntagResource: some({ ResourceId: made.unit, TagKeys: ['team'] }),
    UpdateOrganizationalUnit: some({ OrganizationalUnitId: made.empty, Name: 'renamed' }),

    AssumeRole: some({
      RoleArn: `arn:aws:iam::${made.member}:role/OrganizationAccountAccessRole`,
      RoleSessionName: 'session',
    }),
    GetCallerIdentity: some({}),
  }
}

/** Requests of the native API that have to look at very much. */
function longNative({ pool, cascade, rested, manyCidrs }: Made): Readonly<Record<string, readonly object[]>> {
  const nobody = '999999999998'
  return {
    listAllocations: [
      { account },
      { poolId: pool },
      { poolId: pool, account: nobody },
      { within: '10.128.0.0/16' },
      { tag: 'key-0=nothing-matches' },
    ],
    listResources: [{ account }, { poolId: pool, account }],
    listDecisions: [{ account }, { outcome: 'deny' }, { mode: 'warn' }],
    listChanges: [{ account }, { action: 'nothing' }],
    find: [
      { q: '10.128.0.7' },
      { q: '10.128.0.0/10' },
      { q: '0.0.0.0/0' },
      { q: '::/0' },
      { q: '198.18.0.0/16' },
      { q: '12.0.1.4' },
      { q: '10.72.0.9' },
      { q: 'key-0=value-7' },
      { q: 'account-7' },
      { q: pool },
      { q: account },
    ],
    findHolders: [{ cidr: '198.18.0.0/16' }, { cidr: '10.64.0.0/23' }],
    findHoldingsOfAccount: [{ account }],
    listPools: [{ limit: 1_000 }],
    listAccounts: [{ limit: 1_000 }],
    listUnits: [{ limit: 1_000 }],
    getAccount: [{ account: 'account-3' }],
    createAccounts: [{ accounts: Array.from({ length: 100 }, (_, index) => ({ name: `at-once-${index}` })) }],
    listPoolCidrs: [{ poolId: manyCidrs }],
    deletePool: [{ poolId: cascade, cascade: 'true' }],
    // Nothing so large is free before all that has rested is.
    createAllocation: [{ account, resourceType: 'onprem:network', locale: region, poolId: rested, netmaskLength: 23 }],
    createAllocations: [
      {
        allocations: Array.from({ length: 100 }, () => ({
          account,
          resourceType: 'onprem:host',
          locale: region,
          poolId: pool,
        })),
      },
    ],
  }
}
