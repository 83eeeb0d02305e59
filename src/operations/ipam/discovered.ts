// What an IPAM sees of resources: networks, Elastic IPs and interfaces that the register has, allocations for networks that live
// elsewhere, and what sources observe and the register has not. Kind after kind, each in the order of an index.
import { type Cidr, parseAddress, toKey } from '#model/cidr.ts'
import { isLookedAt, type Looking, looksAtOthers } from '#model/discovery.ts'
import { formatId, kindOf, parseId } from '#model/identifier.ts'
import { isAccountId } from '#model/organization.ts'
import { pathOf, type Snapshot } from '#model/policy/snapshot.ts'
import { everywhere } from '#model/roles.ts'
import type { OwnedCidr } from '#store/tables/discovered.ts'
import type { Discovery } from '#store/tables/discoveries.ts'
import type { Allocation } from '#store/tables/holdings.ts'
import type { Ipam } from '#store/tables/ipams.ts'
import type { InterfaceAt, LookedAt } from '#store/tables/nat-gateways.ts'
import type { StoredObservation } from '#store/tables/observations.ts'
import type { Source } from '#store/tables/sources.ts'
import type { IpSource, Subnet } from '#store/tables/vpcs.ts'
import { sourcesMax } from '../estate/sources.ts'
import { holdersMax, holdersOf } from '../identity/visible-accounts.ts'
import { numberIn, type Slice } from '../listing.ts'
import type { ReadContext } from '../operation.ts'
import { isOwnNetworkHere } from '../space/own-networks.ts'

/** What IPAMs speak of. Public addresses that are no Elastic IPs are only observed. */
export const discoveredKinds = ['vpc', 'subnet', 'eip', 'network-interface'] as const
export type DiscoveredKind = (typeof discoveredKinds)[number] | 'public-address'

/** One CIDR of a resource. */
export interface DiscoveredCidr {
  readonly kind: DiscoveredKind
  readonly resourceId: string
  readonly cidr: Cidr
  readonly account: string
  readonly region: string
  /** The VPC that it is, or is in. */
  readonly vpcId?: string | undefined
  readonly subnetId?: string | undefined
  readonly zoneId?: string | undefined
  /** The number of the allocation that holds it. */
  readonly allocation?: number | undefined
  readonly ipSource: IpSource
  /** What alone is known of what the register has not. */
  readonly observed?: { readonly observation: StoredObservation; readonly source: Source }
}
export interface DiscoveredRow {
  readonly place: string
  /** Absent where it was only passed over. */
  readonly found?: DiscoveredCidr
}

/** Where somebody looks for resources. */
export interface Seeing extends Looking {
  /** In alphabetical order. */
  readonly regions: readonly string[]
}

/** What an IPAM sees: all that the discoveries find with which it is associated. */
export async function seeingOf({ tx }: ReadContext, ipam: Ipam): Promise<Seeing> {
  const associations = await tx.discoveries.associationsOfIpam(ipam.id)
  const discoveries = await tx.discoveries.some(associations.map(({ discoveryId }) => discoveryId))
  const regions = [...new Set(discoveries.flatMap(({ operatingRegions }) => operatingRegions))].sort()
  const exclusions = discoveries.filter(({ isDefault }) => isDefault).flatMap((discovery) => discovery.exclusions)
  return { account: ipam.account, exclusions, regions }
}
/** What a discovery finds in one Region; nothing where it does not look there. */
export const seeingIn = ({ account, exclusions, operatingRegions }: Discovery, region: string): Seeing => ({
  account,
  exclusions,
  regions: operatingRegions.filter((name) => name === region),
})

/** Each row costs several others: its tags, what is in it, what else has its addresses. */
export const seenBounds = { rowsMax: 1_000 }

// Lists --------------------------------------------------------------------------------------------------------------

interface Section {
  readonly kinds: readonly DiscoveredKind[]
  read(context: ReadContext, asked: SectionAsked, after: string, limit: number): Promise<Step>
}
interface SectionAsked {
  readonly seeing: Seeing
  readonly snapshot: Snapshot
  /** Whose alone is looked at, where that is one account. */
  readonly only: string | undefined
}
interface Step {
  readonly rows: readonly DiscoveredRow[]
  readonly next: string | undefined
  readonly looked?: number
}
const stepOf = (rows: readonly DiscoveredRow[], limit: number): Step => ({
  rows,
  next: rows.length < limit ? undefined : rows.at(-1)!.place,
})

export interface DiscoveredFilter {
  readonly kinds?: readonly DiscoveredKind[] | undefined
  readonly account?: string | undefined
}

/** A part of what is seen, behind a place. */
export async function readDiscovered(
  context: ReadContext,
  seeing: Seeing,
  { kinds = discoveredKinds, account }: DiscoveredFilter,
  after: string | undefined,
  limit: number,
): Promise<Slice<DiscoveredRow, string>> {
  const snapshot = await context.snapshot()
  const others = looksAtOthers(snapshot, seeing.account)
  const only = account ?? (others ? undefined : seeing.account)
  if (seeing.regions.length === 0 || (only !== undefined && !isLookedAt(snapshot, seeing, only))) {
    return { rows: [], next: undefined }
  }
  const wanted = sectionNames.filter((name) => (sections[name] as Section).kinds.some((kind) => kinds.includes(kind)))
  const slash = after?.indexOf('/') ?? -1
  const name = after === undefined ? wanted[0]! : (after.slice(0, slash) as SectionName)
  const place = after === undefined ? '' : after.slice(slash + 1)
  const { rows, next, looked } = await sections[name].read(context, { seeing, snapshot, only }, place, limit)
  const following = wanted[wanted.indexOf(name) + 1]
  const isSeen = (found: DiscoveredCidr | undefined): boolean =>
    found !== undefined &&
    kinds.includes(found.kind) &&
    seeing.regions.includes(found.region) &&
    (only === undefined ? isLookedAt(snapshot, seeing, found.account) : found.account === only)
  return {
    rows: rows.map(({ place, found }) => ({ place: `${name}/${place}`, ...(isSeen(found) ? { found: found! } : {}) })),
    next: next === undefined ? following && `${following}/` : `${name}/${next}`,
    ...(looked === undefined ? {} : { looked }),
  }
}

/** One account is read Region by Region, and everybody in the order of ids. */
const byRegion =
  (
    read: (context: ReadContext, of: LookedAt, after: string, limit: number) => Promise<readonly DiscoveredRow[]>,
  ): Section['read'] =>
  async (context, { seeing, only }, after, limit) => {
    if (only === undefined) return stepOf(await read(context, undefined, after, limit), limit)
    const [named = '', ...rest] = after.split('|')
    const region = after === '' ? seeing.regions[0]! : named
    const rows = await read(context, { account: only, region }, rest.join('|'), limit)
    const own = rows.map((row) => ({ ...row, place: `${region}|${row.place}` }))
    if (own.length === limit) return { rows: own, next: own.at(-1)!.place }
    const following = seeing.regions[seeing.regions.indexOf(region) + 1]
    return { rows: own, next: following && `${following}|` }
  }

const sections = {
  vpc: {
    kinds: ['vpc'],
    read: byRegion(async ({ tx }, of, after, limit) => {
      const [id = '', first = ''] = after.split(',')
      const place = { id, first: new Uint8Array(Buffer.from(first, 'hex')) }
      return (await tx.discovered.vpcCidrs(of, place, limit)).map((row) => ({
        place: `${row.cidr.vpcId},${Buffer.from(toKey(row.cidr.cidr)).toString('hex')}`,
        found: ofVpc(row),
      }))
    }),
  },
  subnet: {
    kinds: ['subnet'],
    read: byRegion(async ({ tx }, of, after, limit) =>
      (await tx.discovered.subnets(of, after, limit)).map((row) => ({
        place: row.id,
        ...(row.cidr ? { found: ofSubnet(row, row.cidr, row.allocation, 'none') } : {}),
      })),
    ),
  },
  subnet6: {
    kinds: ['subnet'],
    read: byRegion(async ({ tx }, of, after, limit) => {
      const subnets = await tx.discovered.subnets(of, after, limit)
      const blocks = await tx.vpcs.cidrsOfSubnets(subnets.map(({ id }) => id))
      return subnets.map((subnet) => {
        // No subnet has two.
        const [block] = blocks.get(subnet.id) ?? []
        return {
          place: subnet.id,
          ...(block ? { found: ofSubnet(subnet, block.cidr, block.allocation, block.ipSource) } : {}),
        }
      })
    }),
  },
  eip: { kinds: ['eip'], read: (context, asked, after, limit) => readHeld(context, 'eip', asked, after, limit) },
  'vpc-elsewhere': {
    kinds: ['vpc'],
    read: (context, asked, after, limit) => readHeld(context, 'vpc', asked, after, limit),
  },
  'subnet-elsewhere': {
    kinds: ['subnet'],
    read: (context, asked, after, limit) => readHeld(context, 'subnet', asked, after, limit),
  },
  'network-interface': {
    kinds: ['network-interface'],
    read: byRegion(async ({ tx }, of, after, limit) => {
      const [natGatewayId = '', associationId = ''] = after.split(',')
      return (await tx.natGateways.interfaces(of, { natGatewayId, associationId }, limit)).map((row) => ({
        place: `${row.address.natGatewayId},${row.address.associationId}`,
        found: ofInterface(row),
      }))
    }),
  },
  observed: { kinds: ['vpc', 'subnet', 'eip', 'public-address'], read: readObserved },
} as const satisfies Readonly<Record<string, Section>>
type SectionName = keyof typeof sections
const sectionNames = Object.keys(sections) as SectionName[]

/** Elastic IPs, and networks that live elsewhere: those of here are listed by themselves. */
async function readHeld(
  context: ReadContext,
  resourceType: 'eip' | 'vpc' | 'subnet',
  { only }: SectionAsked,
  after: string,
  limit: number,
): Promise<Step> {
  const { allocationLists } = context.tx
  const from = after === '' ? 0 : numberIn(after)
  const accounts = only === undefined ? undefined : [only]
  const holders = accounts
    ? await holdersOf(context, accounts, { resourceType })
    : (await allocationLists.holders({ resourceType })).map(({ n }) => n)
  const rows =
    holders && holders.length <= holdersMax
      ? await allocationLists.ofHolders(holders, from, limit)
      : await allocationLists.ofType(resourceType, from, limit)
  return stepOf(
    rows.map((row) => {
      const found = ofAllocation(context, row)
      return { place: String(row.n), ...(found ? { found } : {}) }
    }),
    limit,
  )
}
// What sources observe -----------------------------------------------------------------------------------------------

/** A source that has nothing costs as much as this many rows. */
const rowsPerSource = 40

async function readObserved(context: ReadContext, asked: SectionAsked, after: string, limit: number): Promise<Step> {
  const { tx } = context
  const [sourceId = '', number] = after.split(',')
  const source = number === undefined ? (await tx.sources.list(sourceId, 1))[0] : await tx.sources.find(sourceId)
  if (!source) {
    // The one in whose midst the list was is gone: it goes on behind it.
    return { rows: [], next: number === undefined ? undefined : sourceId, looked: rowsPerSource }
  }
  if (!speaksOf(asked, source)) return { rows: [], next: source.id, looked: rowsPerSource }
  const at = { sourceId: source.id, snapshot: source.snapshot }
  const rows = await tx.observations.holding(at, number === undefined ? -1 : numberIn(number), limit)
  const isRegistered = await registeredAmong(context, asked, rows)
  return {
    rows: rows.map((row) => {
      const found = isRegistered(row) ? undefined : ofObservation(asked.snapshot, row, source)
      return { place: `${source.id},${row.number}`, ...(found ? { found } : {}) }
    }),
    next: rows.length < limit ? source.id : `${source.id},${rows.at(-1)!.number}`,
    looked: Math.max(rows.length, rowsPerSource),
  }
}

/** Whether a source may tell of what is looked at: of one account, those at it and above it. */
function speaksOf({ snapshot, only }: SectionAsked, { node, snapshot: taken }: Source): boolean {
  if (taken === 0) return false
  return only === undefined || isAtOrAbove(snapshot, node, only)
}
const isAtOrAbove = (snapshot: Snapshot, node: string, account: string): boolean =>
  node === everywhere || pathOf(snapshot, account).includes(node)

/**
 * What the register has under the same id is shown from there: networks and Elastic IPs of accounts that are looked at, and what the
 * account itself holds. What others hold by that id, or have very much of, hides nothing.
 */
async function registeredAmong(
  context: ReadContext,
  { seeing, snapshot }: SectionAsked,
  rows: readonly StoredObservation[],
): Promise<(row: StoredObservation) => boolean> {
  const { tx } = context
  const named = rows.filter(({ id }) => id !== '')
  const ids = [...new Set(named.map(({ id }) => id))]
  const numbers = ids.flatMap((id) => parseId('address', tx.installation, id) ?? [])
  const addresses = (await tx.allocations.some(numbers)).map(
    ({ n, account }) => [formatId('address', tx.installation, n), account] as const,
  )
  const own = [...(await tx.discovered.registered(ids)), ...addresses]
  const shown = new Set(own.flatMap(([id, account]) => (isLookedAt(snapshot, seeing, account) ? [id] : [])))
  const held = new Set<string>()
  for (let from = 0; from < named.length; from += heldPerStep) {
    if (from > 0) await tx.nextTurn()
    for (const one of await tx.registered.heldAmong(named.slice(from, from + heldPerStep))) held.add(pairOf(one))
  }
  return (row) => shown.has(row.id) || held.has(pairOf(row))
}
const pairOf = ({ id, account }: { readonly id: string; readonly account: string }): string => `${id}\n${account}`
/** Each is looked for among all kinds of what its account holds. */
const heldPerStep = 128

/** What sources call what is an Elastic IP, a VPC or a subnet. */
const kindOfType: Readonly<Record<string, DiscoveredKind>> = { vpc: 'vpc', subnet: 'subnet', eip: 'eip' }

/** What something has that sources call by no type of an Elastic IP: it stands in no network of its own. */
const isPublicAddress = ({ kind, cidr, space }: StoredObservation): boolean =>
  cidr.family === 4 && cidr.length === 32 && space === '' && withAddresses.includes(kind)
const withAddresses: readonly string[] = ['address', 'load-balancer', 'nat-gateway', 'database']

function ofObservation(snapshot: Snapshot, observation: StoredObservation, source: Source): DiscoveredCidr | undefined {
  const { kind: seenAs, id, cidr, account, locale, space, body, missing } = observation
  const kind = kindOfType[body.type ?? ''] ?? (isPublicAddress(observation) ? 'public-address' : undefined)
  if (!kind || missing === 2 || id === '' || !isAccountId(account) || seenAs === 'reservation') return undefined
  // An account that has left the source's node since is none of those that it speaks of.
  if (!isAtOrAbove(snapshot, source.node, account)) return undefined
  const isPublic = kind === 'eip' || kind === 'public-address'
  const network = isPublic ? {} : { vpcId: kind === 'vpc' ? id : space || undefined }
  return {
    kind,
    resourceId: id,
    cidr,
    account,
    region: locale,
    ...network,
    ...(kind === 'subnet' ? { subnetId: id } : {}),
    zoneId: body.zone,
    ipSource: isPublic ? 'amazon' : 'none',
    observed: { observation, source },
  }
}

// One resource -------------------------------------------------------------------------------------------------------

/** CIDRs under one id that are shown, of each account; and that are read of each source or holder. */
const resourceRowsMax = 200
const rowsOfEach = 64

/** The CIDRs of one resource that are seen. What others have by the same id, or have very much of, hides none of them. */
export async function findDiscovered(
  context: ReadContext,
  { seeing, account, isSeen }: ResourceAsked,
  id: string,
): Promise<readonly DiscoveredCidr[]> {
  const { tx } = context
  const own = (await findOwn(context, id)).filter(isSeen)
  if (own.length > 0) return own
  const snapshot = await context.snapshot()
  const only = account ?? (looksAtOthers(snapshot, seeing.account) ? undefined : seeing.account)
  const held = sharedOut(
    (await heldAs(context, seeing, only, id)).flatMap((row) => ofAllocation(context, row) ?? []),
    isSeen,
  )
  const all = await tx.sources.list('', sourcesMax)
  const heard = all.filter(({ node }) => only === undefined || isAtOrAbove(snapshot, node, only))
  const sources = new Map(heard.map((source) => [source.id, source]))
  const observed = await tx.discovered.observedAs(id, [...sources.keys()], rowsOfEach)
  const holding = new Set(held.map((one) => one.account))
  return [
    ...held,
    ...sharedOut(
      observed.flatMap((row) => ofObservation(snapshot, row, sources.get(row.sourceId)!) ?? []),
      (one) => isSeen(one) && !holding.has(one.account),
    ),
  ]
}
export interface ResourceAsked {
  readonly seeing: Seeing
  /** Whose alone is asked for, where that is one account. */
  readonly account?: string | undefined
  readonly isSeen: (found: DiscoveredCidr) => boolean
}

/** Networks elsewhere by an id: of one account, or of all that are looked at, each with its share where there are very many. */
async function heldAs(
  context: ReadContext,
  seeing: Seeing,
  only: string | undefined,
  id: string,
): Promise<readonly Allocation[]> {
  const { tx } = context
  if (only === undefined) {
    const first = await tx.allocations.ofResource(id, 0, resourceRowsMax)
    if (first.length < resourceRowsMax) return first
  }
  const snapshot = await context.snapshot()
  const holders: number[] = []
  for (const resourceType of ['vpc', 'subnet'] as const) {
    const found = await tx.allocationLists.holders({ resourceType, ...(only === undefined ? {} : { account: only }) })
    for (const { n, account, region } of found)
      if (seeing.regions.includes(region) && isLookedAt(snapshot, seeing, account)) holders.push(n)
  }
  return tx.registered.ofEachHolder(holders.slice(0, holdersMax), id, rowsOfEach)
}

/** What is seen, of no account more than its share. */
function sharedOut(
  found: readonly DiscoveredCidr[],
  isSeen: (found: DiscoveredCidr) => boolean,
): readonly DiscoveredCidr[] {
  const byAccount = Map.groupBy(found.filter(isSeen), ({ account }) => account)
  return [...byAccount.values()].flatMap((some) => some.slice(0, resourceRowsMax))
}

async function findOwn({ tx }: ReadContext, id: string): Promise<readonly DiscoveredCidr[]> {
  switch (kindOf(id)) {
    case 'vpc':
      return (await tx.discovered.vpcCidrsOf(id)).map(ofVpc)
    case 'subnet': {
      const subnet = await tx.vpcs.findSubnet(id)
      if (!subnet) return []
      const ipv4 = subnet.cidr ? [ofSubnet(subnet, subnet.cidr, subnet.allocation, 'none')] : []
      const ipv6 = await tx.vpcs.subnetCidrs(id)
      return [...ipv4, ...ipv6.map(({ cidr, allocation, ipSource }) => ofSubnet(subnet, cidr, allocation, ipSource))]
    }
    case 'address': {
      const n = parseId('address', tx.installation, id)
      const allocation = n === undefined ? undefined : await tx.allocations.find(n)
      return allocation?.resourceType === 'eip' ? [ofElasticIp({ tx }, allocation)] : []
    }
    default:
      return []
  }
}

/** Networks that have exactly a block, and that no pool gave it; and since when. */
export async function findBlocks(
  { tx }: ReadContext,
  block: Cidr,
): Promise<readonly { readonly found: DiscoveredCidr; readonly since: number }[]> {
  const { vpcs, subnets, subnetCidrs } = await tx.discovered.exactly(block, resourceRowsMax)
  return [
    ...vpcs.map((row) => ({ found: ofVpc(row), since: row.cidr.createdAt })),
    ...subnets.map((row) => ({ found: ofSubnet(row, block, undefined, 'none'), since: row.createdAt })),
    ...subnetCidrs.map(({ subnet, cidr }) => ({
      found: ofSubnet(subnet, block, undefined, cidr.ipSource),
      since: cidr.createdAt,
    })),
  ]
}

/** What a pool has given, behind an address. */
export async function readGiven(
  context: ReadContext,
  pool: number,
  after: string | undefined,
  limit: number,
): Promise<readonly DiscoveredRow[]> {
  const from = after === undefined ? undefined : new Uint8Array(Buffer.from(after, 'hex'))
  const rows = await context.tx.allocations.ofPool(pool, from, limit)
  const subnets = new Map(
    (
      await context.tx.vpcs.someSubnets(
        rows.flatMap(({ resourceType, resourceId }) => (resourceType === 'subnet' ? (resourceId ?? []) : [])),
      )
    ).map((subnet) => [subnet.id, subnet]),
  )
  return rows.map((row) => {
    const subnet = subnets.get(row.resourceId ?? '')
    const found = subnet ? ofSubnet(subnet, row.cidr, row.n, 'none') : ofGiven(context, row)
    return { place: Buffer.from(toKey(row.cidr)).toString('hex'), ...(found ? { found } : {}) }
  })
}

// What is said of each -----------------------------------------------------------------------------------------------

const ofVpc = ({ account, region, cidr }: OwnedCidr): DiscoveredCidr => ({
  kind: 'vpc',
  resourceId: cidr.vpcId,
  cidr: cidr.cidr,
  account,
  region,
  vpcId: cidr.vpcId,
  allocation: cidr.allocation,
  ipSource: cidr.ipSource,
})
const ofSubnet = (
  { id, vpcId, account, region, zoneId }: Subnet,
  cidr: Cidr,
  allocation: number | undefined,
  ipSource: IpSource,
): DiscoveredCidr => ({
  kind: 'subnet',
  resourceId: id,
  cidr,
  account,
  region,
  vpcId,
  subnetId: id,
  zoneId,
  allocation,
  ipSource,
})
const ofElasticIp = (
  { tx }: Pick<ReadContext, 'tx'>,
  { n, cidr, account, region = '' }: Allocation,
): DiscoveredCidr => ({
  kind: 'eip',
  resourceId: formatId('address', tx.installation, n),
  cidr,
  account,
  region,
  allocation: n,
  ipSource: 'amazon',
})
function ofInterface({ gateway: { account, region, vpcId, subnetId }, address }: InterfaceAt): DiscoveredCidr {
  return {
    kind: 'network-interface',
    resourceId: address.networkInterfaceId!,
    cidr: parseAddress(address.privateIp!)!,
    account,
    region,
    vpcId,
    subnetId,
    zoneId: address.zoneId,
    ipSource: 'none',
  }
}
/** What lives elsewhere; of networks of here, their rows say more. */
function ofAllocation(context: ReadContext, allocation: Allocation): DiscoveredCidr | undefined {
  return isOwnNetworkHere(context, allocation) ? undefined : ofGiven(context, allocation)
}
function ofGiven(context: ReadContext, allocation: Allocation): DiscoveredCidr | undefined {
  const { resourceType, resourceId, cidr, account, region = '', n } = allocation
  if (resourceType === 'eip') return ofElasticIp(context, allocation)
  if ((resourceType !== 'vpc' && resourceType !== 'subnet') || resourceId === undefined) return undefined
  const network = resourceType === 'vpc' ? { vpcId: resourceId } : { subnetId: resourceId }
  return { kind: resourceType, resourceId, cidr, account, region, ...network, allocation: n, ipSource: 'none' }
}
