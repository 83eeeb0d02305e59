// What one account has in one Region of AWS: which of EC2's answers hold addresses, and where in them.
import type { Address, IpamPool, NetworkInterface, Tag, VpcPeeringConnectionVpcInfo } from '@aws-sdk/client-ec2'
import type { ObservedState } from '#model/observation.ts'
import type { AskEc2, Ec2Calls } from './aws-sdk.ts'
import { type ServicePlace, serviceReaders } from './aws-services.ts'
import { AwsTrouble } from './aws-trouble.ts'
import type { Collected } from './collector.ts'
import { Pages } from './pages.ts'
import { addressOf, blockOf, type Found, placeBetween, seen } from './seen.ts'

export interface Place extends ServicePlace {
  readonly ask: AskEc2
  /** Whether all addresses of network interfaces are wanted, and not the public ones alone. */
  readonly wantsPrivate: boolean
  /** Whether an account is read too: what it shares with this one is then observed there, once. */
  isRead(account: string): boolean
  /** Whether others' objects that are shown here are observed here: where no other account is read. */
  readonly isAlone: boolean
  progress(what: string): void
  /** The endpoint does not know the question. */
  offersNo(what: string): void
}

/** Which reasons for leaving something out there are, where anything is missing. */
export type RegionPart = { readonly found: readonly Collected[] } | { readonly missing: readonly string[] }

/** Everything of one account in one Region. What is denied or fails is named at the end, and the rest goes on. */
export async function* readRegion(place: Place): AsyncGenerator<RegionPart> {
  const missing: string[] = []
  const subnets: SubnetOf[] = []
  for (const [what, read] of Object.entries(readers)) {
    place.progress(what)
    try {
      for await (const found of read(place, subnets)) yield { found: found.map(seen) }
    } catch (error) {
      if (!(error instanceof AwsTrouble)) throw error
      // What an endpoint or a Region does not have holds nothing there.
      if (hasNoSuchCall.test(error.code)) place.offersNo(what)
      else missing.push(error.message)
      // Else each further question fails in the same way, after as many tries.
      if (isClosed.test(error.code)) break
    }
  }
  if (missing.length > 0) yield { missing }
}
const hasNoSuchCall = /^(InvalidAction|UnsupportedOperation|UnknownOperation\w*)$/
/** The credentials, or the way there, are of no use in this Region at all. */
const isClosed =
  /^(AuthFailure|OptInRequired|Blocked|InvalidClientTokenId|UnrecognizedClientException|SignatureDoesNotMatch|ExpiredToken|RequestExpired|TimeoutError|E[A-Z]+(_[A-Z]+)*|\w*ProviderError)$/

/** A subnet that is asked about once more. */
interface SubnetOf {
  readonly id: string
  readonly vpc: string | undefined
}
type Batches = AsyncGenerator<readonly Found[]>
/** By what they read, in words. One call at a time: the limits are per account and Region. */
const readers: Readonly<Record<string, (place: Place, subnets: SubnetOf[]) => Batches>> = {
  VPCs: readVpcs,
  subnets: readSubnets,
  'subnet CIDR reservations': readReservations,
  'Elastic IPs': readAddresses,
  'NAT gateways': readNatGateways,
  'network interfaces': readInterfaces,
  'IPAM pools': readIpamPools,
  'prefix lists': readPrefixLists,
  'public IPv4 pools': readPublicPools,
  'IPv6 pools': readIpv6Pools,
  'customer-owned pools': readCoipPools,
  'own address ranges': readByoipCidrs,
  'transit gateways': readTransitGateways,
  'client VPN endpoints': readClientVpns,
  'customer gateways': readCustomerGateways,
  'VPC peerings': readPeerings,
  ...serviceReaders,
}

// Pages --------------------------------------------------------------------------------------------------------------

type Paged = {
  [Action in keyof Ec2Calls]: 'NextToken' extends keyof Ec2Calls[Action][0] ? Action : never
}[keyof Ec2Calls]

/** Every page, also behind an empty one: the end is where there is no token. */
async function* pages<Action extends Paged>(
  { ask }: Place,
  action: Action,
  input: Ec2Calls[Action][0],
): AsyncGenerator<Ec2Calls[Action][1]> {
  let token: string | undefined
  const named = new Pages()
  for (;;) {
    const answer: Ec2Calls[Action][1] = await ask(action, token === undefined ? input : { ...input, NextToken: token })
    yield answer
    const next = (answer as { readonly NextToken?: string | undefined }).NextToken
    if (!next) return
    const problem = named.problemOf(next)
    if (problem) throw new AwsTrouble('TooManyPages', `${action}: its list ${problem}`, false)
    token = next
  }
}
const most = { MaxResults: 1_000 }

// Members ------------------------------------------------------------------------------------------------------------

const pairsOf = (tags: readonly Tag[] | undefined): (readonly [string, unknown])[] =>
  (tags ?? []).map(({ Key, Value }) => [Key ?? '', Value])
const nameOf = (tags: readonly Tag[] | undefined): string | undefined => tags?.find(({ Key }) => Key === 'Name')?.Value
/** Names and tags of what has them as `Tags`. */
const tagged = (tags: readonly Tag[] | undefined): Pick<Found, 'name' | 'tags'> => ({
  name: nameOf(tags),
  tags: pairsOf(tags),
})

/** Nothing where the text is neither a block nor an address. */
const at = (cidr: string | undefined): Pick<Found, 'cidr'>[] => (cidr === undefined ? [] : [{ cidr }])
const each = (blocks: readonly (string | undefined)[]): Pick<Found, 'cidr'>[] =>
  [...new Set(blocks.map(blockOf))].flatMap(at)

/** What an account shares is shown to others too: the owner's listing has it, once. */
const isHere = ({ account, isAlone }: Place, owner: string | undefined): boolean =>
  owner === undefined || owner === account || isAlone

type States = Readonly<Record<string, ObservedState>>
const stateOf = (states: States, word: string | undefined): Pick<Found, 'state' | 'sourceState'> => ({
  state: word !== undefined && Object.hasOwn(states, word) ? states[word]! : 'unknown',
  sourceState: word,
})

// VPCs and subnets ---------------------------------------------------------------------------------------------------

const blockStates: States = {
  associating: 'planned',
  associated: 'in-use',
  disassociating: 'releasing',
  failing: 'failed',
}
/** They stay visible for a while. */
const isGoneBlock = (word: string | undefined): boolean => word === 'disassociated' || word === 'failed'

interface Association {
  readonly cidr: string | undefined
  readonly state: string | undefined
}
/** Each block once, with its state: the primary one is in the set too, where there is a set. */
function associated(primary: string | undefined, all: readonly Association[]): Pick<Found, 'cidr' | 'state'>[] {
  const kept = new Map<string, Pick<Found, 'cidr' | 'state' | 'sourceState'>>()
  for (const { cidr: text, state } of all) {
    const cidr = blockOf(text)
    if (cidr !== undefined && !isGoneBlock(state)) kept.set(cidr, { cidr, ...stateOf(blockStates, state) })
  }
  const first = blockOf(primary)
  if (first !== undefined && !all.some(({ cidr }) => blockOf(cidr) === first))
    kept.set(first, { cidr: first, state: 'in-use' })
  return [...kept.values()]
}

async function* readVpcs(place: Place): Batches {
  for await (const { Vpcs = [] } of pages(place, 'DescribeVpcs', most)) {
    yield Vpcs.filter(({ OwnerId }) => isHere(place, OwnerId)).flatMap((vpc) =>
      associated(vpc.CidrBlock, [
        ...(vpc.CidrBlockAssociationSet ?? []).map((one) => ({
          cidr: one.CidrBlock,
          state: one.CidrBlockState?.State,
        })),
        ...(vpc.Ipv6CidrBlockAssociationSet ?? []).map((one) => ({
          cidr: one.Ipv6CidrBlock,
          state: one.Ipv6CidrBlockState?.State,
        })),
      ]).map((block) => ({
        kind: 'network',
        type: 'vpc',
        ...block,
        space: vpc.VpcId,
        id: vpc.VpcId,
        account: vpc.OwnerId ?? place.account,
        locale: place.region,
        name: nameOf(vpc.Tags),
        // Every account has the same block there.
        tags: [...(vpc.IsDefault ? [['aws:default-vpc', 'true'] as const] : []), ...pairsOf(vpc.Tags)],
      })),
    )
  }
}

const subnetStates: States = {
  pending: 'planned',
  available: 'in-use',
  unavailable: 'in-use',
  failed: 'failed',
  'failed-insufficient-capacity': 'failed',
}

async function* readSubnets(place: Place, subnets: SubnetOf[]): Batches {
  for await (const { Subnets = [] } of pages(place, 'DescribeSubnets', most)) {
    const here = Subnets.filter(({ OwnerId }) => isHere(place, OwnerId))
    for (const { SubnetId: id, VpcId: vpc } of here) if (id !== undefined) subnets.push({ id, vpc })
    yield here.flatMap((subnet) => [
      ...associated(
        // One with IPv6 alone has none.
        subnet.CidrBlock,
        (subnet.Ipv6CidrBlockAssociationSet ?? []).map((one) => ({
          cidr: one.Ipv6CidrBlock,
          state: one.Ipv6CidrBlockState?.State,
        })),
      ).map(
        (block): Found => ({
          kind: 'subnet',
          type: 'subnet',
          cidr: block.cidr,
          ...(subnet.State === undefined ? { state: block.state } : stateOf(subnetStates, subnet.State)),
          space: subnet.VpcId,
          id: subnet.SubnetId,
          parent: subnet.VpcId,
          account: subnet.OwnerId ?? place.account,
          locale: place.region,
          zone: subnet.AvailabilityZoneId,
          ...tagged(subnet.Tags),
        }),
      ),
    ])
  }
}

async function* readReservations(place: Place, subnets: readonly SubnetOf[]): Batches {
  for (const { id, vpc } of subnets) {
    for await (const answer of pages(place, 'GetSubnetCidrReservations', { ...most, SubnetId: id })) {
      const all = [...(answer.SubnetIpv4CidrReservations ?? []), ...(answer.SubnetIpv6CidrReservations ?? [])]
      yield all.flatMap((one) =>
        each([one.Cidr]).map(
          (block): Found => ({
            kind: 'reservation',
            ...block,
            state: 'in-use',
            sourceState: one.ReservationType,
            space: vpc,
            id: one.SubnetCidrReservationId,
            parent: id,
            account: one.OwnerId ?? place.account,
            locale: place.region,
            ...tagged(one.Tags),
            name: nameOf(one.Tags) ?? one.Description,
          }),
        ),
      )
    }
  }
}

// Public addresses, gateways and interfaces --------------------------------------------------------------------------

/** An Elastic IP that a service of AWS made for what it runs. */
const served: Readonly<Record<string, Pick<Found, 'kind' | 'type'>>> = {
  alb: { kind: 'load-balancer', type: 'alb' },
  nlb: { kind: 'load-balancer' },
  rnat: { kind: 'nat-gateway', type: 'rnat' },
  rds: { kind: 'database', type: 'rds' },
}

/** The only listing without pages. */
async function* readAddresses(place: Place): Batches {
  const { Addresses = [] } = await place.ask('DescribeAddresses', {})
  yield Addresses.flatMap((address) => elasticIp(place, address))
}
function elasticIp(place: Place, address: Address): Found[] {
  const isUsed = address.AssociationId !== undefined || address.InstanceId !== undefined
  const shared = {
    ...(served[address.ServiceManaged ?? ''] ?? { kind: 'address', type: 'eip' }),
    state: isUsed ? 'in-use' : 'free',
    id: address.AllocationId ?? address.PublicIp ?? address.CarrierIp ?? address.CustomerOwnedIp,
    account: place.account,
    locale: place.region,
    ...tagged(address.Tags),
  } as const
  // `amazon` is no pool of anybody's.
  const pool = address.PublicIpv4Pool === 'amazon' ? undefined : address.PublicIpv4Pool
  return [
    ...each([address.PublicIp, address.CarrierIp]).map((block) => ({ ...shared, ...block, parent: pool })),
    // Of one's own network on premises, which is no part of the Internet.
    ...each([address.CustomerOwnedIp]).map((block) => ({
      ...shared,
      ...block,
      space: address.CustomerOwnedIpv4Pool ?? 'customer-owned',
      parent: address.CustomerOwnedIpv4Pool,
    })),
  ]
}

const natStates: States = { pending: 'planned', available: 'in-use', deleting: 'releasing' }

async function* readNatGateways(place: Place): Batches {
  for await (const { NatGateways = [] } of pages(place, 'DescribeNatGateways', most)) {
    yield NatGateways.flatMap((gateway) => {
      // Listed for an hour after their end, or never begun.
      if (gateway.State === 'deleted' || gateway.State === 'failed') return []
      return (gateway.NatGatewayAddresses ?? []).flatMap((address): Found[] => {
        if (address.Status === 'failed') return []
        const shared = {
          kind: 'nat-gateway',
          ...stateOf(natStates, gateway.State),
          id: gateway.NatGatewayId,
          // A regional one is in no subnet.
          parent: gateway.SubnetId ?? gateway.VpcId,
          account: place.account,
          locale: place.region,
          zone: address.AvailabilityZoneId,
          ...tagged(gateway.Tags),
        } as const
        return [
          ...each([address.PrivateIp]).map((block) => ({ ...shared, ...block, space: gateway.VpcId })),
          // With an allocation it is an Elastic IP, which is listed as one.
          ...(address.AllocationId === undefined ? each([address.PublicIp]).map((one) => ({ ...shared, ...one })) : []),
        ]
      })
    })
  }
}

async function* readInterfaces(place: Place): Batches {
  // Else an account can hide those that services made; and without pages a large account gets no answer at all.
  const input = { ...most, IncludeManagedResources: true }
  for await (const { NetworkInterfaces = [] } of pages(place, 'DescribeNetworkInterfaces', input))
    yield NetworkInterfaces.filter(({ OwnerId }) => isHere(place, OwnerId)).flatMap((one) => interfaceOf(place, one))
}

type Holder = Pick<Found, 'kind' | 'name'> & { readonly publicType?: string; readonly privateType?: string }
/** What an interface belongs to: load balancers and databases have no address but on theirs. */
function holderOf({ InterfaceType, RequesterId = '', Description = '', Operator }: NetworkInterface): Holder {
  const principal = Operator?.Principal ?? ''
  if (
    /load_balancer$/.test(InterfaceType ?? '') ||
    RequesterId === 'amazon-elb' ||
    Description.startsWith('ELB ') ||
    principal.startsWith('elasticloadbalancing.')
  ) {
    const [, name = ''] = /^ELB (?:(?:app|net|gwy)\/)?([^/]+)/.exec(Description) ?? []
    return { kind: 'load-balancer', name, ...(Description.startsWith('ELB app/') ? { publicType: 'alb' } : {}) }
  }
  if (RequesterId === 'amazon-rds' || Description === 'RDSNetworkInterface' || principal.startsWith('rds.'))
    return { kind: 'database', publicType: 'rds' }
  if (
    /^amazon-(elasticache|redshift)$/.test(RequesterId) ||
    /^(ElastiCache |RedshiftNetworkInterface)/.test(Description)
  )
    return { kind: 'database' }
  const type = 'aws:network-interface'
  return { kind: 'address', name: Description, publicType: type, privateType: type }
}
const interfaceStates: States = {
  available: 'free',
  associated: 'in-use',
  attaching: 'in-use',
  'in-use': 'in-use',
  detaching: 'in-use',
  pending: 'planned',
}

function interfaceOf(place: Place, one: NetworkInterface): Found[] {
  // Those of a NAT gateway are listed with it. The SDK and the service spell it differently.
  if (/^nat_?gateway$/i.test(one.InterfaceType ?? '')) return []
  const { publicType, privateType, ...holder } = holderOf(one)
  const shared = {
    ...holder,
    name: nameOf(one.TagSet) ?? holder.name,
    ...stateOf(interfaceStates, one.Status),
    id: one.NetworkInterfaceId,
    parent: one.SubnetId,
    account: one.OwnerId ?? place.account,
    locale: place.region,
    zone: one.AvailabilityZoneId,
    tags: pairsOf(one.TagSet),
  } as const
  const own = one.PrivateIpAddresses ?? []
  const associations = own.length > 0 ? own.map(({ Association }) => Association) : [one.Association]
  const visible = associations.flatMap((association) => {
    if (!association) return []
    // With an allocation it is an Elastic IP of whoever owns it, and listed there.
    const owner = association.IpOwnerId ?? place.account
    if (association.AllocationId !== undefined && (owner === place.account || place.isRead(owner))) return []
    return each([association.PublicIp, association.CarrierIp])
  })
  const isWanted = place.wantsPrivate || holder.kind !== 'address'
  const inside = isWanted
    ? each([
        ...(own.length > 0 ? own.map(({ PrivateIpAddress }) => PrivateIpAddress) : [one.PrivateIpAddress]),
        ...(one.Ipv6Addresses ?? []).map(({ Ipv6Address }) => Ipv6Address),
      ])
    : []
  const delegated = isWanted
    ? each([
        ...(one.Ipv4Prefixes ?? []).map(({ Ipv4Prefix }) => Ipv4Prefix),
        ...(one.Ipv6Prefixes ?? []).map(({ Ipv6Prefix }) => Ipv6Prefix),
      ])
    : []
  return [
    ...visible.map((block) => ({ ...shared, ...block, type: publicType })),
    ...inside.map((block) => ({ ...shared, ...block, type: privateType, space: one.VpcId })),
    ...delegated.map((block) => ({ ...shared, ...block, kind: 'range' as const, space: one.VpcId })),
  ]
}

// Pools --------------------------------------------------------------------------------------------------------------

const poolBlockStates: States = {
  'pending-provision': 'planned',
  'pending-import': 'planned',
  provisioned: 'in-use',
  'failed-deprovision': 'in-use',
  'pending-deprovision': 'releasing',
}
const poolIsGone = (state: string | undefined): boolean => state === 'delete-complete' || state === 'create-failed'

/**
 * Each pool in one Region alone, though several may list it: in that of its locale, where its allocations are answered too, and where it
 * has none in that of its IPAM.
 */
const isAt = ({ region }: Place, { Locale = 'None', IpamRegion = region }: IpamPool): boolean =>
  Locale === 'None' || Locale === '' ? IpamRegion === region : Locale === region || Locale.startsWith(`${region}-`)

async function* readIpamPools(place: Place): Batches {
  const { account, region } = place
  for await (const { IpamPools = [] } of pages(place, 'DescribeIpamPools', most)) {
    for (const pool of IpamPools) {
      const { IpamPoolId: id, Locale = '' } = pool
      if (id === undefined || poolIsGone(pool.State) || !isHere(place, pool.OwnerId) || !isAt(place, pool)) continue
      const scope = pool.IpamScopeArn?.split('/').at(-1)
      const shared = {
        space: pool.IpamScopeType === 'public' ? undefined : scope,
        account: pool.OwnerId ?? account,
        locale: region,
        zone: Locale.startsWith(`${region}-`) ? Locale : undefined,
      }
      for await (const { IpamPoolCidrs = [] } of pages(place, 'GetIpamPoolCidrs', { ...most, IpamPoolId: id })) {
        const there = IpamPoolCidrs.filter(({ State = '' }) => Object.hasOwn(poolBlockStates, State))
        yield there.flatMap(({ Cidr, State }) =>
          each([Cidr]).map(
            (block): Found => ({
              kind: 'pool',
              ...block,
              ...shared,
              ...stateOf(poolBlockStates, State),
              id,
              parent: pool.SourceIpamPoolId,
              ...tagged(pool.Tags),
              name: nameOf(pool.Tags) ?? pool.Description,
            }),
          ),
        )
      }
      // Fewer than 1,000 at once is an error there.
      for await (const { IpamPoolAllocations = [] } of pages(place, 'GetIpamPoolAllocations', {
        ...most,
        IpamPoolId: id,
      }))
        yield IpamPoolAllocations.flatMap((one) =>
          each([one.Cidr]).map(
            // The pool's owner answers for it; whose the resource is, and where, is told beside it.
            (block): Found => ({
              kind: 'allocation',
              ...block,
              ...shared,
              state: 'in-use',
              id: one.IpamPoolAllocationId,
              parent: id,
              name: nameOf(one.Tags) ?? one.Description,
              tags: [
                ['aws:resource-id', one.ResourceId],
                ['aws:resource-type', one.ResourceType],
                ['aws:resource-owner', one.ResourceOwner],
                ['aws:resource-region', one.ResourceRegion],
                ...pairsOf(one.Tags),
              ],
            }),
          ),
        )
    }
  }
}

async function* readPublicPools(place: Place): Batches {
  // More than ten at once is an error there.
  for await (const { PublicIpv4Pools = [] } of pages(place, 'DescribePublicIpv4Pools', { MaxResults: 10 }))
    yield PublicIpv4Pools.flatMap((pool) =>
      (pool.PoolAddressRanges ?? []).flatMap(({ FirstAddress, LastAddress }): Found[] => {
        const found = placeBetween(FirstAddress, LastAddress)
        return found ? [{ ...found, ...poolOf(place, pool.PoolId), ...tagged(pool.Tags) }] : []
      }),
    )
}
const poolOf = (place: Place, id: string | undefined): Omit<Found, 'cidr' | 'range'> => ({
  kind: 'pool',
  state: 'in-use',
  id,
  account: place.account,
  locale: place.region,
})

async function* readIpv6Pools(place: Place): Batches {
  for await (const { Ipv6Pools = [] } of pages(place, 'DescribeIpv6Pools', most))
    yield Ipv6Pools.flatMap((pool) =>
      each((pool.PoolCidrBlocks ?? []).map(({ Cidr }) => Cidr)).map((block) => ({
        ...block,
        ...poolOf(place, pool.PoolId),
        ...tagged(pool.Tags),
      })),
    )
}

async function* readCoipPools(place: Place): Batches {
  for await (const { CoipPools = [] } of pages(place, 'DescribeCoipPools', most))
    yield CoipPools.flatMap((pool) =>
      each(pool.PoolCidrs ?? []).map((block) => ({
        ...block,
        ...poolOf(place, pool.PoolId),
        space: pool.PoolId,
        ...tagged(pool.Tags),
      })),
    )
}

const byoipStates: States = {
  'pending-advertising': 'in-use',
  advertised: 'in-use',
  'pending-withdrawal': 'in-use',
  provisioned: 'in-use',
  'provisioned-not-publicly-advertisable': 'in-use',
  'pending-provision': 'planned',
  'pending-deprovision': 'releasing',
  'failed-deprovision': 'in-use',
}

async function* readByoipCidrs(place: Place): Batches {
  for await (const { ByoipCidrs = [] } of pages(place, 'DescribeByoipCidrs', { MaxResults: 100 }))
    yield ByoipCidrs.filter(({ State = '' }) => Object.hasOwn(byoipStates, State)).flatMap((one) =>
      each([one.Cidr]).map((block) => ({
        ...poolOf(place, one.Cidr),
        ...block,
        kind: 'container' as const,
        ...stateOf(byoipStates, one.State),
        name: one.Description,
      })),
    )
}

/** Those of AWS itself list its services. */
const ownersOfServices: readonly (string | undefined)[] = ['AWS', 'amazon']

async function* readPrefixLists(place: Place): Batches {
  // More than a hundred at once is an error in both.
  const most = { MaxResults: 100 }
  for await (const { PrefixLists = [] } of pages(place, 'DescribeManagedPrefixLists', most)) {
    for (const list of PrefixLists) {
      const { PrefixListId: id, OwnerId: owner } = list
      if (id === undefined || list.State === 'delete-complete') continue
      if (ownersOfServices.includes(owner) || !isHere(place, owner)) continue
      for await (const { Entries = [] } of pages(place, 'GetManagedPrefixListEntries', { ...most, PrefixListId: id }))
        yield Entries.flatMap((entry) =>
          each([entry.Cidr]).map(
            (block): Found => ({
              kind: 'prefix-list',
              ...block,
              // One block may be in many lists.
              space: id,
              id,
              state: 'in-use',
              account: owner ?? place.account,
              locale: place.region,
              ...tagged(list.Tags),
              name: entry.Description ?? list.PrefixListName,
            }),
          ),
        )
    }
  }
}

// What is connected --------------------------------------------------------------------------------------------------

const connectedStates: States = {
  pending: 'planned',
  'pending-associate': 'planned',
  available: 'in-use',
  modifying: 'in-use',
  deleting: 'releasing',
}

async function* readTransitGateways(place: Place): Batches {
  for await (const { TransitGateways = [] } of pages(place, 'DescribeTransitGateways', most))
    yield TransitGateways.filter(({ State, OwnerId }) => State !== 'deleted' && isHere(place, OwnerId)).flatMap(
      (gateway) =>
        each(gateway.Options?.TransitGatewayCidrBlocks ?? []).map((block) => ({
          kind: 'range',
          ...block,
          ...stateOf(connectedStates, gateway.State),
          space: gateway.TransitGatewayId,
          id: gateway.TransitGatewayId,
          account: gateway.OwnerId ?? place.account,
          locale: place.region,
          ...tagged(gateway.Tags),
        })),
    )
}

async function* readClientVpns(place: Place): Batches {
  for await (const { ClientVpnEndpoints = [] } of pages(place, 'DescribeClientVpnEndpoints', most))
    yield ClientVpnEndpoints.filter(({ Status }) => Status?.Code !== 'deleted').flatMap((endpoint) =>
      each([endpoint.ClientCidrBlock]).map((block) => ({
        kind: 'vpn-pool',
        ...block,
        ...stateOf(connectedStates, endpoint.Status?.Code),
        space: endpoint.VpcId ?? endpoint.ClientVpnEndpointId,
        id: endpoint.ClientVpnEndpointId,
        account: place.account,
        locale: place.region,
        ...tagged(endpoint.Tags),
        name: nameOf(endpoint.Tags) ?? endpoint.Description,
      })),
    )
}

/** The other ends of VPN connections. The connections themselves are not asked for: their answers carry keys. */
async function* readCustomerGateways(place: Place): Batches {
  const { CustomerGateways = [] } = await place.ask('DescribeCustomerGateways', {})
  yield CustomerGateways.filter(({ State }) => State !== 'deleted').flatMap((gateway) =>
    at(addressOf(gateway.IpAddress)).map((block) => ({
      kind: 'peer-range',
      ...block,
      ...stateOf(connectedStates, gateway.State),
      id: gateway.CustomerGatewayId,
      account: place.account,
      locale: place.region,
      ...tagged(gateway.Tags),
      name: nameOf(gateway.Tags) ?? gateway.DeviceName,
    })),
  )
}

/** The blocks of whoever is on the other side, where their account is not read itself. */
async function* readPeerings(place: Place): Batches {
  for await (const { VpcPeeringConnections = [] } of pages(place, 'DescribeVpcPeeringConnections', most))
    yield VpcPeeringConnections.filter(({ Status }) => Status?.Code === 'active').flatMap((peering) =>
      [peering.RequesterVpcInfo, peering.AccepterVpcInfo].flatMap((side) =>
        side?.OwnerId === undefined || side.OwnerId === place.account || place.isRead(side.OwnerId)
          ? []
          : blocksOf(side).map(
              (block): Found => ({
                kind: 'peer-range',
                ...block,
                state: 'in-use',
                sourceState: 'active',
                space: side.VpcId,
                id: peering.VpcPeeringConnectionId,
                // Here it is known, and here it may be gone; whose it is is told beside it.
                account: place.account,
                locale: place.region,
                name: nameOf(peering.Tags),
                tags: [['aws:peer-owner', side.OwnerId], ['aws:peer-region', side.Region], ...pairsOf(peering.Tags)],
              }),
            ),
      ),
    )
}
const blocksOf = (side: VpcPeeringConnectionVpcInfo): Pick<Found, 'cidr'>[] =>
  each([
    side.CidrBlock,
    ...(side.CidrBlockSet ?? []).map(({ CidrBlock }) => CidrBlock),
    ...(side.Ipv6CidrBlockSet ?? []).map(({ Ipv6CidrBlock }) => Ipv6CidrBlock),
  ])
