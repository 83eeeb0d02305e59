// Lists of allocations and of what is held: by account, pool, type, place, resource, tag or range.
import { type Cidr, contains, lastAddress, toKey } from '#model/cidr.ts'
import { parseId } from '#model/identifier.ts'
import { provider } from '#model/policy/decision.ts'
import { mayUsePool } from '#model/policy/resolve.ts'
import { refuse } from '#model/refusal.ts'
import { everywhere } from '#model/roles.ts'
import type { Tag } from '#model/tags.ts'
import type { Association, UseKind } from '#store/tables/addresses.ts'
import { permitter } from '../identity/authority.ts'
import { holdersMax, holdersOf, visibleAccounts } from '../identity/visible-accounts.ts'
import { numberIn, type Page, type PageAsked, readPage } from '../listing.ts'
import type { ReadContext } from '../operation.ts'
import { type DescribedEntry, describeEntries, type Entry, isHold } from './entries.ts'

/** Holders that are asked one by one whether they have space in a pool. */
const holdersAskedMax = 64

export interface AllocationFilter {
  readonly account?: string | undefined
  /** `provider` for space of the provider. */
  readonly poolId?: string | undefined
  readonly resourceType?: string | undefined
  readonly locale?: string | undefined
  readonly resourceId?: string | undefined
  readonly within?: Cidr | undefined
  readonly tag?: { readonly key: string; readonly value: string | undefined } | undefined
  readonly state?: 'allocated' | 'held' | undefined
}
type Read = (after: string, limit: number) => Promise<readonly Entry[]>
/** Rows in the order of their places, after one: allocations, and beside them what is held. */
interface Source {
  readonly allocated: Read
  readonly held: Read
  place(entry: Entry): string
  readonly order: (a: Entry, b: Entry) => number
  readonly start: string
}

/** What the caller may see, a page at a time: in order of creation; of one pool, or within a range, in the order of addresses. */
export async function listAllocations(
  context: ReadContext,
  filter: AllocationFilter,
  asked: PageAsked<string>,
): Promise<Page<DescribedEntry, string>> {
  const isPermitted = await permitter(context, 'allocation:read')
  const { state } = filter
  const pools = await poolNumbers(context, filter.poolId)
  // As where there is no such account: however much it has, nothing of it is looked at.
  if (filter.account !== undefined && !isPermitted(filter.account)) return { items: [], next: undefined }
  const owners = await ownersOf(context, filter)
  if (!owners && (await isOutOfReach(context, filter, pools, isPermitted))) return { items: [], next: undefined }
  const isWanted = wantedBy(filter, pools, isPermitted)
  const source = await (owners
    ? sourceOfOwners(context, filter, pools, owners)
    : sourceOf(context, filter, pools, isPermitted))
  const hasTag = taggedBy(filter.tag)
  const isUsed = usedBy(context, filter)
  const read: Read = async (after, size) => {
    const allocated = state === 'held' ? [] : await source.allocated(after, size)
    const held = state === 'allocated' ? [] : await source.held(after, size)
    return held.length === 0 ? allocated : [...allocated, ...held].sort(source.order).slice(0, size)
  }
  return readPage(context, asked, {
    read: (after, size) => read(after ?? source.start, size),
    placeOf: source.place,
    async show(rows) {
      const described = await describeEntries(context, rows.filter(isWanted))
      const shown = new Map(
        described.filter(({ entry, tags, use }) => hasTag(tags) && isUsed(entry, use)).map((one) => [one.entry, one]),
      )
      return rows.map((row) => shown.get(row))
    },
  })
}

/**
 * Whether the pool that is asked for has nothing that the caller may see: answered as where there is none, and nothing of others
 * is looked at.
 */
async function isOutOfReach(
  context: ReadContext,
  { account, poolId }: AllocationFilter,
  pools: readonly number[] | undefined,
  isPermitted: (node: string) => boolean,
): Promise<boolean> {
  if (poolId === undefined || poolId === provider || pools === undefined) return false
  const snapshot = await context.snapshot()
  const pool = snapshot.pools.get(poolId)
  if (pool && (await permitter(context, 'ipam:read'))(pool.account)) return false
  const { space, allocationLists } = context.tx
  const holders = (await allocationLists.holders({ account })).filter((one) => isPermitted(one.account))
  if (holders.length > holdersAskedMax || holders.some((one) => mayUsePool(snapshot, one.account, poolId))) return false
  const hasSpace = await context.tx.pools.isHeldByAny(
    pools[0]!,
    holders.map(({ n }) => n),
  )
  return !hasSpace && !(await space.holds.accountsIn(pools[0]!)).some(isPermitted)
}

function wantedBy(
  { account, resourceType, locale, within }: AllocationFilter,
  pools: readonly number[] | undefined,
  isPermitted: (node: string) => boolean,
): (entry: Entry) => boolean {
  return (row) =>
    isPermitted(row.account) &&
    (account === undefined || row.account === account) &&
    (pools === undefined || pools.includes(row.pool)) &&
    (resourceType === undefined || typesNamed(resourceType).includes(row.resourceType)) &&
    (locale === undefined || row.region === locale) &&
    (within === undefined || contains(within, row.cidr))
}

/** Types of resources that hold Elastic IPs by being associated with them; `nat-gateway` is of all kinds. */
const useKinds: Readonly<Record<string, readonly UseKind[]>> = {
  rnat: ['rnat'],
  'nat-gateway': ['nat-gateway', 'rnat'],
}
/** What NAT gateways elsewhere use is an allocation for them. */
const regional = 'rnat'
/** The types of allocations that the name of a type asks for. */
const typesNamed = (resourceType: string): readonly string[] =>
  useKindsOf(resourceType) ? ['eip', regional] : [resourceType]
const useKindsOf = (resourceType: string | undefined): readonly UseKind[] | undefined =>
  resourceType !== undefined && Object.hasOwn(useKinds, resourceType) ? useKinds[resourceType] : undefined

/** Whether it is of the resource, or the type of resource, that was asked for: by its name, or as what uses it. */
function usedBy({ tx }: ReadContext, { resourceType, resourceId }: AllocationFilter) {
  const kinds = useKindsOf(resourceType)
  const address = resourceId === undefined ? undefined : parseId('address', tx.installation, resourceId)
  return (row: Entry, use: Association | undefined): boolean => {
    const isOfType = !kinds || row.resourceType === regional || (use !== undefined && kinds.includes(use.resourceType))
    const isNamed = row.resourceId === resourceId || (row.resourceType === 'eip' && !isHold(row) && row.n === address)
    return isOfType && (resourceId === undefined || isNamed || use?.resourceId === resourceId)
  }
}

/** The numbers of the pool that is named: of `provider` two. A pool of another installation has no number here. */
async function poolNumbers({ tx }: ReadContext, poolId: string | undefined): Promise<readonly number[] | undefined> {
  if (poolId === undefined) return undefined
  if (poolId !== provider) return [parseId('pool', tx.installation, poolId) ?? -1]
  const own = [await tx.pools.ofProvider(4), await tx.pools.ofProvider(6)]
  return own.flatMap((pool) => (pool ? [pool.n] : []))
}

function taggedBy(tag: AllocationFilter['tag']): (tags: readonly Tag[]) => boolean {
  if (tag === undefined) return () => true
  const { key, value } = tag
  return (tags) => tags.some((one) => one.key === key && (value === undefined || one.value === value))
}

/** Whose rows the caller may see, and by which numbers they hold what they have. */
interface Owners {
  readonly accounts: readonly string[]
  readonly holders: readonly number[]
}
/** Undefined where these are too many: all rows are read then, and the hidden ones passed over. */
async function ownersOf(
  context: ReadContext,
  { account, resourceType, locale }: AllocationFilter,
): Promise<Owners | undefined> {
  const accounts = account === undefined ? await visibleAccounts(context, 'allocation:read', 'now') : [account]
  if (!accounts) return undefined
  const holders: number[] = []
  for (const type of resourceType === undefined ? [undefined] : typesNamed(resourceType)) {
    const some = await holdersOf(context, accounts, { resourceType: type, locale })
    if (!some) return undefined
    holders.push(...some)
  }
  return { accounts, holders }
}

/** What they have: by the resource that it names, by address, or in order of creation. */
async function sourceOfOwners(
  context: ReadContext,
  { resourceId, within, resourceType, locale }: AllocationFilter,
  named: readonly number[] | undefined,
  { accounts, holders }: Owners,
): Promise<Source> {
  const { tx } = context
  if (resourceId !== undefined) {
    return ofResource(context, resourceId, {
      allocated: (after, limit) => tx.allocationLists.ofResource(holders, resourceId, numberIn(after), limit),
      held: (after, limit) => tx.space.holds.list({ accounts, resourceId }, numberIn(after), limit),
    })
  }
  if (within !== undefined || named) {
    const ranges = within === undefined ? await endsOf(context, named!) : [within]
    return ownedInAddressOrder(context, ranges, { accounts, holders })
  }
  const allocated: Read = (after, limit) => tx.allocationLists.ofHolders(holders, numberIn(after), limit)
  const filter = { accounts, resourceType: useKindsOf(resourceType) ? regional : resourceType, region: locale }
  return { ...byNumber, allocated, held: (after, limit) => tx.space.holds.list(filter, numberIn(after), limit) }
}

/** What answers with the fewest rows: a resource, a range, a pool, or those who hold. */
async function sourceOf(
  context: ReadContext,
  { resourceId, within, resourceType, locale }: AllocationFilter,
  named: readonly number[] | undefined,
  isPermitted: (node: string) => boolean,
): Promise<Source> {
  const { space, allocationLists, pools: allPools } = context.tx
  if (resourceId !== undefined) {
    return ofResource(context, resourceId, {
      allocated: (after, limit) => context.tx.allocations.ofResource(resourceId, numberIn(after), limit),
      held: (after, limit) => space.holds.list({ resourceId }, numberIn(after), limit),
    })
  }
  if (within !== undefined) {
    const pools = named ?? (await allPools.touching(within))
    return inAddressOrder(context, pools, toKey(within), toKey(lastAddress(within)))
  }
  if (named) return inAddressOrder(context, named, new Uint8Array(16), new Uint8Array(16).fill(0xff))
  const kinds = useKindsOf(resourceType)
  const filter = { resourceType: kinds ? regional : resourceType, region: locale }
  const held: Read = (after, limit) => space.holds.list(filter, numberIn(after), limit)
  const all: Read = (after, limit) => allocationLists.all(numberIn(after), limit)
  if (resourceType === undefined && locale === undefined && isPermitted(everywhere)) {
    return { ...byNumber, held, allocated: all }
  }
  const holders = (await allocationLists.holders(filter)).filter((one) => isPermitted(one.account)).map(({ n }) => n)
  const merged: Read = (after, limit) => allocationLists.ofHolders(holders, numberIn(after), limit)
  const allocated = holders.length > holdersMax ? all : merged
  return { ...byNumber, held, allocated: kinds ? both(usedAs(context, { kinds }), allocated) : allocated }
}

const byNumber = {
  place: ({ n }: Entry) => String(n),
  order: (a: Entry, b: Entry) => a.n - b.n,
  start: '0',
} as const

/** An Elastic IP is named by its own number; other resources have few allocations each, by their name or as what uses them. */
async function ofResource(
  context: ReadContext,
  resourceId: string,
  named: Pick<Source, 'allocated' | 'held'>,
): Promise<Source> {
  const { tx } = context
  const n = parseId('address', tx.installation, resourceId)
  const eip = n === undefined ? undefined : await tx.allocations.find(n)
  const used = usedAs(context, { resourceId })
  return {
    ...byNumber,
    async allocated(after, limit) {
      const own = eip && eip.n > numberIn(after) ? [eip] : []
      const found = await named.allocated(after, limit)
      return [...own, ...found, ...(await used(after, limit))].sort(byNumber.order).slice(0, limit)
    },
    held: named.held,
  }
}

/** What two readings in order of creation have, none of it twice. */
const both =
  (one: Read, other: Read): Read =>
  async (after, limit) => {
    const rows = new Map([...(await one(after, limit)), ...(await other(after, limit))].map((row) => [row.n, row]))
    return [...rows.values()].sort(byNumber.order).slice(0, limit)
  }

/** Elastic IPs that a resource, or resources of a kind, use. */
function usedAs({ tx }: ReadContext, use: Parameters<ReadContext['tx']['addresses']['usedBy']>[0]): Read {
  return async (after, limit) => tx.allocations.some(await tx.addresses.usedBy(use, numberIn(after), limit))
}

/** Of some pools, between two addresses: equal addresses, which private scopes may repeat, in the order of their pools. */
function inAddressOrder({ tx }: ReadContext, pools: readonly number[], first: Uint8Array, last: Uint8Array): Source {
  const reading =
    (between: (pool: number, bounds: Bounds, limit: number) => Promise<readonly Entry[]>): Read =>
    async (after, limit) => {
      const [from = '', pool = '0'] = after.split('/')
      const key = keyIn(from)
      const rows: Entry[] = []
      for (const n of pools) {
        const isAfter = key !== undefined && n <= numberIn(pool)
        rows.push(...(await between(n, { first: key ?? first, last, isAfter }, limit)))
      }
      return rows.sort(byAddress).slice(0, limit)
    }
  return {
    allocated: reading((pool, bounds, limit) => tx.allocationLists.between(pool, bounds, limit)),
    held: reading((pool, bounds, limit) => tx.space.holds.between(pool, bounds, limit)),
    place: ({ cidr, pool }) => `${hexOf(cidr)}/${pool}`,
    order: byAddress,
    start: '',
  }
}
type Bounds = Parameters<ReadContext['tx']['allocationLists']['between']>[1]
const byAddress = (a: Entry, b: Entry): number => {
  const [one, other] = [hexOf(a.cidr), hexOf(b.cidr)]
  return one < other ? -1 : one > other ? 1 : a.pool - b.pool
}

/** What some own within ranges: equal addresses, which private scopes may repeat, in the order of creation. */
function ownedInAddressOrder({ tx }: ReadContext, ranges: readonly Cidr[], { accounts, holders }: Owners): Source {
  const firsts = ranges.map(toKey)
  const lasts = ranges.map((range) => toKey(lastAddress(range)))
  // Together: what lies between them is the owners' own, and passed over.
  const first = firsts.sort(Buffer.compare).at(0) ?? new Uint8Array(16)
  const last = lasts.sort(Buffer.compare).at(-1) ?? new Uint8Array(16)
  const spanAfter = (after: string) => {
    const [from = '', n = '0'] = after.split('/')
    const key = keyIn(from)
    return { first, last, after: key && { first: key, n: numberIn(n) } }
  }
  return {
    allocated: (after, limit) => tx.allocationLists.ofHoldersIn(holders, spanAfter(after), limit),
    held: (after, limit) => tx.space.holds.ofAccountsIn(accounts, spanAfter(after), limit),
    place: ({ cidr, n }) => `${hexOf(cidr)}/${n}`,
    order: (a, b) => (hexOf(a.cidr) === hexOf(b.cidr) ? a.n - b.n : hexOf(a.cidr) < hexOf(b.cidr) ? -1 : 1),
    start: '',
  }
}
/** Where the space of pools begins and ends. */
async function endsOf({ tx }: ReadContext, pools: readonly number[]): Promise<Cidr[]> {
  const found: Cidr[] = []
  for (const pool of pools) found.push(...((await tx.pools.span(pool)) ?? []))
  return found
}

const hexOf = (cidr: Cidr): string => Buffer.from(toKey(cidr)).toString('hex')
function keyIn(cursor: string): Uint8Array | undefined {
  if (cursor === '') return undefined
  if (!/^[0-9a-f]{32}$/.test(cursor)) refuse({ code: 'InvalidPaginationToken', field: 'cursor', value: cursor })
  return new Uint8Array(Buffer.from(cursor, 'hex'))
}
