// Resources: what holds space, whether EC2 knows it or only its allocations name it; found by id or name, and listed kind after kind.
import { type Cidr, parseAddress } from '#model/cidr.ts'
import { formatId, kindOf, parseId } from '#model/identifier.ts'
import { kinds as objectKinds } from '#model/kinds.ts'
import { type Refusal, refuse } from '#model/refusal.ts'
import { nameKey } from '#model/tags.ts'
import type { TaggedObject } from '#store/tables/finding.ts'
import type { Allocation } from '#store/tables/holdings.ts'
import type { NetworkKind, NetworkResource } from '#store/tables/resources.ts'
import type { Subnet } from '#store/tables/vpcs.ts'
import { type Place, permitter } from '../identity/authority.ts'
import { holdersOf, visibleAccounts } from '../identity/visible-accounts.ts'
import { numberIn, type Page, type PageAsked, readSlicedPage } from '../listing.ts'
import { Looked, listThings } from '../names.ts'
import { nameNetwork } from '../network/names.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { listTagged } from '../tagged.ts'
import { poolOrProvider } from './entries.ts'
import { isOwnNetworkHere } from './own-networks.ts'
import { reservedType } from './reserved.ts'

/** Of one resource that names more space than anybody should need to see at once. */
export const spacesMax = 1_000

/** In the order in which they are listed; `named` is what allocations name. */
const kinds = ['eip', 'named', 'nat-gateway', 'subnet', 'vpc'] as const
type Kind = (typeof kinds)[number]
/** The resource type of NAT gateways that stand in no subnet. */
const regional = 'rnat'

export interface Resource {
  readonly id: string
  readonly name: string | undefined
  readonly resourceType: string
  readonly account: string
  readonly locale: string | undefined
  /** The VPC that it is in. */
  readonly partOf: string | undefined
  readonly spaces: readonly ResourceSpace[]
}
/** One block of a resource; of what nobody handed out, the block alone. */
export interface ResourceSpace {
  readonly cidr: Cidr
  readonly allocation?: string
  /** `provider` for space of the provider. */
  readonly pool?: string
  readonly decision?: string | undefined
}

export interface ResourceFilter {
  readonly account?: string | undefined
  readonly resourceType?: string | undefined
  readonly locale?: string | undefined
  /** `provider` for space of the provider. */
  readonly poolId?: string | undefined
}

/** What the caller may see, kind after kind. */
export async function listResources(
  context: ReadContext,
  { poolId, ...filter }: ResourceFilter,
  asked: PageAsked<string>,
): Promise<Page<Resource, string>> {
  const isPermitted = await permitter(context, 'allocation:read')
  // As where there is no such account: however much it holds, nothing of it is looked at.
  if (filter.account !== undefined && !isPermitted(filter.account)) return { items: [], next: undefined }
  const isWanted = (found: Resource): boolean =>
    poolId === undefined || found.spaces.some((space) => space.pool === poolId)
  const accounts =
    filter.account === undefined ? await visibleAccounts(context, 'allocation:read', 'now') : [filter.account]
  const wanted = kinds.filter((kind) => isOfKind(kind, filter.resourceType))
  return readSlicedPage<KindRow, Resource>(context, asked, {
    /** Of one kind at a time, and where that has no more, from the beginning of the next. */
    async readSlice(after, size) {
      const [from, placeFrom] = placeIn(after)
      const kind = from ?? wanted[0]
      if (kind === undefined) return { rows: [], next: undefined }
      const place = from === undefined ? sources[kind].start : placeFrom
      const step = await sources[kind].read(context, { ...filter, accounts }, place, size)
      const following = wanted.find((one) => kinds.indexOf(one) > kinds.indexOf(kind))
      return {
        rows: step.rows.map((row) => ({ kind, row })),
        next:
          step.next === undefined ? following && `${following}/${sources[following].start}` : `${kind}/${step.next}`,
        ...(step.looked === undefined ? {} : { looked: step.looked }),
      }
    },
    placeOf: ({ kind, row }) => `${kind}/${row.place}`,
    async show(rows) {
      const shown: (Resource | undefined)[] = []
      for (const { row } of rows) {
        const found = isPermitted(row.account) ? await row.show?.() : undefined
        shown.push(found && isWanted(found) ? found : undefined)
      }
      return shown
    },
  })
}

/** Whose it is answers for it. */
export const placeOfResource = async (context: ReadContext, named: NamedResource): Promise<Place> => ({
  node: (await findResource(context, named)).account,
  absent: absent(named),
})

/** One, by its id or the name that its allocations have for it. */
export const getResource = async (context: ReadContext, named: NamedResource): Promise<Resource> =>
  (await findResource(context, named)).show()

// What networks are called -------------------------------------------------------------------------------------------

/** Whose a network of the installation's own is answers for it. */
export const placeOfNetwork = async (context: ReadContext, id: string): Promise<Place> => ({
  node: (await getNetwork(context, id)).account,
  absent: absent({ resourceId: id }),
})

/** Calls a network of the installation's own otherwise; `null`: nothing. */
export async function nameResource(context: WriteContext, id: string, name: string | null): Promise<Resource> {
  const network = await getNetwork(context, id)
  await nameNetwork(context, network, name)
  return getResource(context, { resourceId: network.id })
}

async function getNetwork(context: ReadContext, id: string) {
  const idKind = kindOf(id)
  if (idKind === 'allocation' || idKind === 'address') {
    const because = { why: 'named-as-allocation' } as const
    refuse({ code: 'NotSupported', what: { feature: 'name-of-its-own' }, because })
  }
  const kind = idKind && networkKinds[idKind as keyof typeof networkKinds]
  const network = kind && (await context.tx.resources.findNetwork(kind, id))
  if (!network) return refuse(absent({ resourceId: id }))
  const { tagType, noun } = objectKinds[idKind as keyof typeof networkKinds]
  return { ...network, tagType, noun }
}

// Finding ------------------------------------------------------------------------------------------------------------

interface Filter {
  /** Whose; undefined: of everybody, and what is hidden is passed over. */
  readonly accounts: readonly string[] | undefined
  readonly resourceType?: string | undefined
  readonly locale?: string | undefined
}
interface Row {
  readonly place: string
  readonly account: string
  /** Absent where it was only passed over. */
  show?(): Promise<Resource>
}
interface KindRow {
  readonly kind: Kind
  readonly row: Row
}
type Found = Required<Row>
interface Step {
  readonly rows: readonly Row[]
  /** Where to go on; undefined where there is nothing more. */
  readonly next: string | undefined
  /** As in `Slice`. */
  readonly looked?: number
}
interface Source {
  readonly start: string
  read(context: ReadContext, filter: Filter, after: string, limit: number): Promise<Step>
}
const stepOf = (rows: readonly Row[], limit: number): Step => ({
  rows,
  next: rows.length < limit ? undefined : rows.at(-1)!.place,
})

const isOfKind = (kind: Kind, resourceType: string | undefined): boolean =>
  resourceType === undefined || kind === kindOfType(resourceType) || (kind === 'named' && resourceType !== 'eip')
const kindOfType = (resourceType: string): Kind =>
  resourceType === regional ? 'nat-gateway' : (kinds.find((kind) => kind === resourceType) ?? 'named')

/** In the place of an account: behind all that use a name. */
const behindAll = '~'
const networkSource = (kind: NetworkKind): Source => ({
  start: '',
  async read(context, { accounts, locale: region, resourceType }, after, limit) {
    const rows = await context.tx.resources.networks(kind, accounts, after, limit)
    const isWanted = (row: NetworkResource): boolean =>
      (region === undefined || row.region === region) && (resourceType !== regional || row.isRegional)
    const found = new Map((await networkRows(context, kind, rows.filter(isWanted))).map((row) => [row.place, row]))
    return stepOf(
      rows.map(({ id, account }) => found.get(id) ?? { place: id, account }),
      limit,
    )
  },
})
const sources: Readonly<Record<Kind, Source>> = {
  eip: {
    start: '0',
    async read(context, { accounts, locale: region }, after, limit) {
      const { allocationLists } = context.tx
      const holders = await holdersOf(context, accounts, { resourceType: 'eip', locale: region })
      const rows = holders
        ? await allocationLists.ofHolders(holders, numberIn(after), limit)
        : await allocationLists.ofType('eip', numberIn(after), limit)
      const isWanted = (row: Allocation) => region === undefined || row.region === region
      const nameOf = namer(context, ['address', 'allocation'], rows)
      return stepOf(
        rows.map((row) =>
          isWanted(row) ? eipRow(context, row, nameOf) : { place: String(row.n), account: row.account },
        ),
        limit,
      )
    },
  },
  named: {
    start: '\n',
    async read(context, filter, after, limit) {
      const [from = '', accountFrom = ''] = after.split('\n')
      const holders = await holdersOf(context, filter.accounts, filter)
      const isAfter = accountFrom === behindAll
      const { names, isWhole } = await context.tx.allocationLists.resourceNames(holders, { from, isAfter }, limit)
      const begin = names[0] === from ? accountFrom : ''
      const { rows, last, goesOn, looked } = await namedRows(context, names, filter.accounts, begin)
      const isOver = goesOn === undefined && isWhole && last === names.at(-1)
      return {
        rows: rows.map((row) => (fits(row, filter) ? row : { place: row.place, account: row.account })),
        next: isOver ? undefined : `${last}\n${goesOn ?? behindAll}`,
        looked,
      }
    },
  },
  'nat-gateway': networkSource('nat-gateway'),
  subnet: networkSource('subnet'),
  vpc: networkSource('vpc'),
}

export interface NamedResource {
  readonly resourceId: string
  /** Whose it is, where several accounts use the name. */
  readonly account?: string | undefined
}
const absent = ({ resourceId: id }: NamedResource): Refusal => ({ code: 'NotFound', what: 'resource', id })

/** Of several accounts that use a name, the one whose things may be seen; where that is several, none is taken for the other. */
async function findResource(context: ReadContext, input: NamedResource): Promise<Found> {
  const isPermitted = await permitter(context, 'allocation:read')
  const { account } = input
  // As where there is no such account: however much it holds, nothing of it is looked at.
  if (account !== undefined && !isPermitted(account)) refuse(absent(input))
  const accounts = account === undefined ? await visibleAccounts(context, 'allocation:read', 'now') : [account]
  const [seen, other] = await candidates(context, input.resourceId, accounts, isPermitted)
  if (seen && other && seen.account !== other.account) {
    const problem = { why: 'resource-of-several-accounts', one: seen.account, other: other.account } as const
    refuse({ code: 'InvalidParameterValue', field: 'resourceId', value: input.resourceId, problem })
  }
  if (seen) return seen
  const [named, ...others] = await called(context, input.resourceId, accounts, isPermitted)
  if (others.length > 0) {
    const ids = [named!, ...others].slice(0, namedMax).map(({ id }) => id)
    const problem = { why: 'several-resources', ids, isAll: others.length < namedMax } as const
    refuse({ code: 'InvalidParameterValue', field: 'resourceId', value: input.resourceId, problem })
  }
  const [one] = named ? await candidates(context, named.id, [named.account], isPermitted) : []
  return one ?? (await underVpc(context, input, isPermitted)) ?? refuse(absent(input))
}

/** A network by its name behind that of its VPC, as `VPC/NAME`, among what the caller may see. */
async function underVpc(
  context: ReadContext,
  { resourceId: path, account }: NamedResource,
  isPermitted: IsPermitted,
): Promise<Found | undefined> {
  if (!path.includes('/')) return undefined
  const looked = new Looked(context, 'allocation:read')
  for (const kind of ['subnet', 'natGateway'] as const) {
    const [id, ...others] = await listThings(context, { kind, action: 'allocation:read', looked }, path)
    if (id === undefined || others.length > 0) continue
    const [found] = await networksOf(context, id)
    if (found && isPermitted(found.account) && (account === undefined || found.account === account)) return found
  }
  return undefined
}

/** Of what several have as their name, so many are named in the refusal. */
const namedMax = 5
const namedTypes = ['vpc', 'subnet', 'natgateway', 'elastic-ip'] as const

type Accounts = readonly string[] | undefined
type IsPermitted = (account: string) => boolean

/** What has the name as its tag `Name`, among what the caller may see (invariant I8). */
async function called(
  context: ReadContext,
  value: string,
  accounts: Accounts,
  isPermitted: IsPermitted,
): Promise<TaggedObject[]> {
  const found: TaggedObject[] = []
  for (const type of namedTypes) {
    const rows = await listTagged(context, { key: nameKey, value, type }, accounts, (row) => isPermitted(row.account))
    found.push(...rows)
  }
  return found
}

/**
 * What has an id, or is called so by its allocations, as far as the caller may see it: others may have called something of theirs so,
 * and hide nothing by it. Of more than one account, some of the first two are answered.
 * @param accounts whose alone can be; undefined: anybody's
 */
async function candidates(
  context: ReadContext,
  id: string,
  accounts: Accounts,
  isPermitted: IsPermitted,
): Promise<readonly Found[]> {
  const isSeen = ({ account }: Found): boolean =>
    isPermitted(account) && (accounts === undefined || accounts.includes(account))
  const found = [...(await elasticIpsOf(context, id)), ...(await networksOf(context, id))].filter(isSeen)
  for (let from: string | undefined = ''; from !== undefined; ) {
    const { rows, goesOn } = await namedRows(context, [id], accounts, from)
    found.push(...rows.filter(isSeen))
    if (found.length > 1) break
    from = goesOn
    if (from !== undefined) await context.tx.nextTurn()
  }
  return found
}
async function elasticIpsOf(context: ReadContext, id: string): Promise<readonly Found[]> {
  const n = parseId('address', context.tx.installation, id)
  const eip = n === undefined ? undefined : await context.tx.allocations.find(n)
  return eip?.resourceType === 'eip' ? [eipRow(context, eip, namer(context, ['address', 'allocation'], [eip]))] : []
}
async function networksOf(context: ReadContext, id: string): Promise<readonly Found[]> {
  const idKind = kindOf(id)
  const kind = idKind && networkKinds[idKind as keyof typeof networkKinds]
  const one = kind && (await context.tx.resources.findNetwork(kind, id))
  return one ? networkRows(context, kind, [one]) : []
}
const networkKinds = { vpc: 'vpc', subnet: 'subnet', natGateway: 'nat-gateway' } as const

function placeIn(cursor: string | undefined): readonly [Kind | undefined, string] {
  const text = cursor
  if (text === undefined) return [undefined, '']
  const slash = text.indexOf('/')
  const kind = kinds.find((one) => one === text.slice(0, slash))
  if (!kind) refuse({ code: 'InvalidPaginationToken', field: 'cursor', value: cursor! })
  return [kind, text.slice(slash + 1)]
}

// Showing ------------------------------------------------------------------------------------------------------------

const eipRow = (context: ReadContext, allocation: Allocation, nameOf: NameOf): Found => ({
  place: String(allocation.n),
  account: allocation.account,
  show: async () => ({
    id: formatId('address', context.tx.installation, allocation.n),
    name: await nameOf(allocation),
    resourceType: 'eip',
    account: allocation.account,
    locale: allocation.region,
    partOf: undefined,
    spaces: [await spaceOf(context, allocation)],
  }),
})

type NameOf = (allocation: Allocation) => Promise<string | undefined>
/** What allocations are called, under any of their ids: read at once, where anybody asks for one of them. */
function namer(
  { tx }: ReadContext,
  kinds: readonly ('address' | 'allocation')[],
  allocations: readonly Allocation[],
): NameOf {
  const idsOf = ({ n }: Allocation): string[] => kinds.map((kind) => formatId(kind, tx.installation, n))
  let names: Promise<ReadonlyMap<string, string>> | undefined
  return async (allocation) => {
    names ??= tx.tags.names(allocations.flatMap(idsOf))
    const found = await names
    return idsOf(allocation)
      .map((id) => found.get(id))
      .find((name) => name !== undefined)
  }
}

interface NamedRow extends Found {
  readonly resourceId: string
  /** As what it has space, and where. */
  readonly uses: readonly Use[]
}
type Use = Pick<Allocation, 'resourceType' | 'region'>
interface NamedRows {
  readonly rows: readonly NamedRow[]
  /** The last name that was come to. */
  readonly last: string | undefined
  /** Behind which account there may be more of that one; undefined: nothing more. */
  readonly goesOn?: string | undefined
  readonly looked: number
}
/** As many allocations are read at once. */
const allocationsPerStep = 2_000

/**
 * Resources elsewhere by their names, which are in order: of those that share one, one for each account, of the first name those behind
 * an account. What EC2 knows better is not among them. However much one account calls so, it hides nothing of another.
 */
async function namedRows(
  context: ReadContext,
  names: readonly string[],
  accounts: Accounts,
  accountFrom: string,
): Promise<NamedRows> {
  const { tx } = context
  const holders = await holdersOf(context, accounts)
  const found = names.length === 0 ? [] : await tx.allocationLists.ofResources(holders, names, allocationsPerStep)
  const isCut = found.length === allocationsPerStep
  const byName = Map.groupBy(found, ({ resourceId }) => resourceId!)
  const lastFound = found.at(-1)?.resourceId
  // There may be more of the last one, which is read in the next step, unless it has filled this one alone.
  if (isCut && byName.size === 1) {
    return crowdedRows(context, lastFound!, accounts, lastFound === names[0] ? accountFrom : '')
  }
  if (isCut) byName.delete(lastFound!)
  const whole = [...byName].flatMap(([id, all]) => {
    const byAccount = Map.groupBy(
      all.filter((one) => isNamed(context, one)),
      ({ account }) => account,
    )
    return [...byAccount]
      .filter(([account]) => id !== names[0] || account > accountFrom)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([account, allocations]) => ({ resourceId: id, account, allocations: allocations.slice(0, spacesMax) }))
  })
  const nameOf = namer(
    context,
    ['allocation'],
    whole.map(({ allocations }) => allocations[0]!),
  )
  const rows = whole.map(({ resourceId, account, allocations }) => ({
    place: `${resourceId}\n${account}`,
    resourceId,
    account,
    uses: allocations,
    show: () => showNamed(context, resourceId, allocations, nameOf),
  }))
  return { rows, last: isCut ? [...byName.keys()].at(-1) : names.at(-1), looked: found.length + names.length }
}

/** More than one account has: see `holdersPerAccountMax`. */
const holdersPerStep = 4_096

/** Of a name that very much has, account by account: it is asked of each holder whether it is one that uses it. */
async function crowdedRows(
  context: ReadContext,
  resourceId: string,
  accounts: Accounts,
  accountFrom: string,
): Promise<NamedRows> {
  const { allocationLists } = context.tx
  const read = await allocationLists.holdersBehind(accountFrom, accounts, holdersPerStep)
  const isCut = read.length === holdersPerStep
  const last = read.at(-1)?.account
  // There may be more of the last one, which is read in the next step.
  const whole = isCut && read[0]!.account !== last ? read.filter(({ account }) => account !== last) : read
  const named = whole
    .map(({ region, ...holder }) => ({ ...holder, region: region === '' ? undefined : region }))
    .filter(({ resourceType }) => isNamed(context, { resourceType, resourceId }))
  const naming = new Set(
    await allocationLists.holdersNaming(
      named.map(({ n }) => n),
      resourceId,
    ),
  )
  const byAccount = Map.groupBy(
    named.filter(({ n }) => naming.has(n)),
    ({ account }) => account,
  )
  const rows = [...byAccount].map(([account, uses]) => ({
    place: `${resourceId}\n${account}`,
    resourceId,
    account,
    uses,
    async show() {
      const holders = uses.map(({ n }) => n)
      const allocations = await allocationLists.ofResource(holders, resourceId, 0, spacesMax)
      return showNamed(context, resourceId, allocations, namer(context, ['allocation'], allocations.slice(0, 1)))
    },
  }))
  return {
    rows,
    last: resourceId,
    goesOn: isCut ? whole.at(-1)!.account : undefined,
    looked: allocationsPerStep + read.length,
  }
}

const isNamed = (context: ReadContext, one: Pick<Allocation, 'resourceType' | 'resourceId'>): boolean =>
  one.resourceType !== 'ipam-pool' && one.resourceType !== reservedType && !isOwnNetworkHere(context, one)

/** @param allocations in order of creation, at least one */
async function showNamed(
  context: ReadContext,
  id: string,
  allocations: readonly Allocation[],
  nameOf: NameOf,
): Promise<Resource> {
  const spaces: ResourceSpace[] = []
  for (const allocation of allocations) spaces.push(await spaceOf(context, allocation))
  const first = allocations[0]!
  const { account, resourceType, region: locale } = first
  return { id, name: await nameOf(first), resourceType, account, locale, partOf: undefined, spaces }
}

const fits = ({ uses }: NamedRow, { resourceType, locale }: Filter): boolean =>
  uses.some(
    (one) =>
      (resourceType === undefined || one.resourceType === resourceType) &&
      (locale === undefined || one.region === locale),
  )

async function networkRows(
  context: ReadContext,
  kind: NetworkKind,
  rows: readonly NetworkResource[],
): Promise<readonly Found[]> {
  const ids = rows.map(({ id }) => id)
  const blocks = await blocksOf(context, kind, ids)
  const numbers = [...blocks.values()].flat().flatMap(({ allocation }) => allocation ?? [])
  const held = new Map((await context.tx.allocations.some(numbers)).map((one) => [one.n, one]))
  const names = await context.tx.tags.names(ids)
  return rows.map(({ id, account, region, partOf }) => ({
    place: id,
    account,
    async show() {
      const spaces: ResourceSpace[] = []
      for (const { cidr, allocation } of blocks.get(id) ?? []) {
        const found = allocation === undefined ? undefined : held.get(allocation)
        spaces.push(found ? await spaceOf(context, found) : { cidr })
      }
      const name = names.get(id)
      return { id, name, resourceType: kind, account, locale: region, partOf: partOf ?? undefined, spaces }
    },
  }))
}

async function blocksOf(
  { tx }: ReadContext,
  kind: NetworkKind,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly Block[]>> {
  if (kind === 'vpc') return tx.vpcs.cidrsOf(ids)
  if (kind === 'subnet') {
    const subnets = await tx.vpcs.someSubnets(ids)
    const others = await tx.vpcs.cidrsOfSubnets(ids)
    const own = ({ cidr, allocation }: Subnet): Block[] => (cidr ? [{ cidr, allocation }] : [])
    return new Map(subnets.map((subnet) => [subnet.id, [...own(subnet), ...(others.get(subnet.id) ?? [])]]))
  }
  const addresses = await tx.natGateways.addressesOf(ids)
  return new Map(
    [...addresses].map(([id, all]) => [
      id,
      all.flatMap(({ publicIp, privateIp, allocation }): Block[] => {
        const cidr = parseAddress(publicIp ?? privateIp ?? '')
        return cidr ? [{ cidr, allocation }] : []
      }),
    ]),
  )
}
interface Block {
  readonly cidr: Cidr
  readonly allocation?: number | undefined
}

async function spaceOf(context: ReadContext, { n, pool, cidr, decision }: Allocation): Promise<ResourceSpace> {
  const { installation } = context.tx
  return {
    cidr,
    allocation: formatId('allocation', installation, n),
    pool: await poolOrProvider(context, pool),
    decision: decision === undefined ? undefined : formatId('decision', installation, decision),
  }
}
