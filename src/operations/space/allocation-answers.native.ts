// Allocations as the native API shows and lists them: by account, pool, type, place, resource, tag or range.
import { z } from 'zod'
import { bitsOf, type Cidr, contains, formatAddress, formatCidr, lastAddress, parseCidr, toKey } from '#model/cidr.ts'
import { formatId, parseId } from '#model/identifier.ts'
import { provider } from '#model/policy/decision.ts'
import { canBeDivided } from '#model/policy/nesting.ts'
import { mayUsePool } from '#model/policy/resolve.ts'
import type { Snapshot } from '#model/policy/snapshot.ts'
import { type Refusal, refuse } from '#model/refusal.ts'
import { everywhere } from '#model/roles.ts'
import { nameKey, type Tag } from '#model/tags.ts'
import type { Association, UseKind } from '#store/tables/addresses.ts'
import type { Allocation } from '#store/tables/holdings.ts'
import type { Hold } from '#store/tables/holds.ts'
import type { Pool } from '#store/tables/pools.ts'
import { permitter } from '../identity/authority.ts'
import { holdersMax, holdersOf, visibleAccounts } from '../identity/visible-accounts.ts'
import { poolId, poolIdOrProvider } from '../ipam/pools.native.ts'
import type { ReadContext } from '../operation.ts'
import { accountId, formatInstant, gatherPage, idText, instant, nameShapes, type PageInput } from '../shapes.native.ts'
import { findHold } from './holds.ts'
import { isOwnNetwork } from './own-networks.ts'
import { reservedType } from './reserved.ts'
import {
  description,
  locale,
  numberIn,
  refuseMalformed,
  resourceId,
  resourceTypeName,
  shownName,
  shownTags,
  tagMap,
} from './shapes.native.ts'

/** Holders that are asked one by one whether they have space in a pool. */
const holdersAskedMax = 64

export const allocationId = idText('allocation').describe('`ipam-pool-alloc-…`.')
const state = z
  .enum(['allocated', 'held'])
  .describe('`held`: kept until `expiresAt`, for nobody else, and not in use before it is confirmed.')
export const allocation = z.object({
  allocationId,
  name: shownName.optional(),
  state,
  cidr: z.string(),
  address: z.string().optional().describe('Where it is one address.'),
  account: accountId,
  resourceType: resourceTypeName,
  locale: locale.optional(),
  poolId: poolIdOrProvider.describe('The pool it is from; `provider` for space of the provider.'),
  resourceId: resourceId.optional(),
  innerPoolId: poolId.optional().describe('The pool that divides it, where it is a network.'),
  usedBy: z
    .object({
      resourceId: z.string().describe('An instance, network interface or NAT gateway.'),
      resourceType: z.string().describe('`rnat`: a regional NAT gateway.'),
    })
    .optional()
    .describe('What an Elastic IP is associated with.'),
  description: description.optional(),
  tags: shownTags,
  decisionId: z.string().optional().describe('Why it could be had.'),
  createdAt: instant,
  expiresAt: instant.optional().describe('When it lapses, where it is held.'),
})
nameShapes({ Allocation: allocation })
/** An allocation, or what is held to become one. */
export type Entry = Allocation | Hold

// One ----------------------------------------------------------------------------------------------------------------

export const absentAllocation = (id: string): Refusal => ({ code: 'NotFound', what: 'ipam-pool-allocation', id })
export const isHold = (entry: Entry): entry is Hold => 'expiresAt' in entry

/** What has lapsed is not there, like what never was. */
export async function findEntry(context: ReadContext, id: string): Promise<Entry> {
  refuseMalformed('allocation', 'ipam-pool-allocation', id, 'ipam-pool-alloc-...')
  const n = parseId('allocation', context.tx.installation, id)
  const found = n === undefined ? undefined : ((await context.tx.allocations.find(n)) ?? (await findHold(context, n)))
  return found ?? refuse(absentAllocation(id))
}

/** Where the tags of an allocation are; without a type they are those of a resource that has it. */
export function tagHomeOf(
  { tx }: ReadContext,
  entry: Entry,
): { readonly id: string; readonly type?: 'elastic-ip' | 'ipam-pool-allocation' } {
  const { n, resourceType, resourceId } = entry
  if (resourceType === 'eip') return { id: formatId('address', tx.installation, n), type: 'elastic-ip' }
  if (isOwn(tx.installation, entry)) return { id: resourceId! }
  return { id: formatId('allocation', tx.installation, n), type: 'ipam-pool-allocation' }
}
/** Its space comes and goes with something of this installation: a network that the EC2 API made, or a pool. */
const isOwn = (installation: string, entry: Entry): boolean =>
  entry.resourceType === 'ipam-pool' || entry.resourceType === reservedType || isOwnNetwork(installation, entry)

export function showAllocation(
  { tx }: ReadContext,
  snapshot: Snapshot,
  found: Entry,
  tags: readonly Tag[],
  { use, inner }: { readonly use?: Association | undefined; readonly inner?: Pool | undefined } = {},
): z.output<typeof allocation> {
  const { installation } = tx
  const pool = formatId('pool', installation, found.pool)
  return {
    allocationId: formatId('allocation', installation, found.n),
    name: tags.find(({ key }) => key === nameKey)?.value || undefined,
    state: isHold(found) ? 'held' : 'allocated',
    cidr: formatCidr(found.cidr),
    address: found.cidr.length === bitsOf(found.cidr.family) ? formatAddress(found.cidr) : undefined,
    account: found.account,
    resourceType: found.resourceType,
    locale: found.region,
    // The provider's own pools are nobody's to see: they are in no snapshot.
    poolId: snapshot.pools.has(pool) ? pool : provider,
    resourceId:
      found.resourceType === 'eip' && !isHold(found) ? formatId('address', installation, found.n) : found.resourceId,
    innerPoolId: inner?.id,
    usedBy: use && { resourceId: use.resourceId, resourceType: use.resourceType },
    description: found.description,
    tags: tagMap(tags),
    decisionId: found.decision === undefined ? undefined : formatId('decision', installation, found.decision),
    createdAt: formatInstant(found.createdAt),
    expiresAt: isHold(found) ? formatInstant(found.expiresAt) : undefined,
  }
}

/** What an entry is tagged with. A hold keeps its tags itself, until there is something that they can be put on. */
export async function tagsOf(
  context: ReadContext,
  entries: readonly Entry[],
): Promise<(entry: Entry) => readonly Tag[]> {
  const stored = entries.filter((entry) => !isHold(entry)).map((entry) => tagHomeOf(context, entry).id)
  const found = stored.length === 0 ? new Map<string, Tag[]>() : await context.tx.tags.ofMany(stored)
  return (entry) =>
    isHold(entry)
      ? [...(entry.request.tags ?? [])].map(([key, value]) => ({ key, value }))
      : (found.get(tagHomeOf(context, entry).id) ?? [])
}

/** What Elastic IPs among entries are associated with. */
export async function usesOf(
  { tx }: ReadContext,
  entries: readonly Entry[],
): Promise<(entry: Entry) => Association | undefined> {
  const elasticIps = entries.filter((entry) => entry.resourceType === 'eip' && !isHold(entry)).map(({ n }) => n)
  const found = await tx.addresses.usesOf(elasticIps)
  return ({ n }) => found.get(n)
}

/** The pools that divide networks among entries. */
export async function innerPoolsOf(
  context: ReadContext,
  entries: readonly Entry[],
): Promise<(entry: Entry) => Pool | undefined> {
  const { resourceTypes } = await context.snapshot()
  const networks = entries.filter((entry) => {
    const type = resourceTypes.get(entry.resourceType)
    return type !== undefined && canBeDivided(type) && !isHold(entry)
  })
  const found = await context.tx.pools.dividing(networks.map(({ n }) => n))
  return ({ n }) => found.get(n)
}

// Many ---------------------------------------------------------------------------------------------------------------

interface ListParams extends PageInput {
  readonly account?: string
  readonly poolId?: string
  readonly resourceType?: string
  readonly locale?: string
  readonly resourceId?: string
  readonly within?: string
  readonly tag?: string
  readonly state?: 'allocated' | 'held'
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

export async function listedAllocations(context: ReadContext, params: ListParams) {
  const isPermitted = await permitter(context, 'allocation:read')
  const snapshot = await context.snapshot()
  const { state } = params
  const pools = await poolNumbers(context, params.poolId)
  // As where there is no such account: however much it has, nothing of it is looked at.
  if (params.account !== undefined && !isPermitted(params.account)) return { items: [] }
  const owners = await ownersOf(context, params)
  if (!owners && (await isOutOfReach(context, params, pools, isPermitted))) return { items: [] }
  const isWanted = wantedBy(params, pools, isPermitted)
  const source = await (owners
    ? sourceOfOwners(context, params, pools, owners)
    : sourceOf(context, params, pools, isPermitted))
  const hasTag = taggedBy(params.tag)
  const isUsed = usedBy(context, params)
  const read: Read = async (after, size) => {
    const allocated = state === 'held' ? [] : await source.allocated(after, size)
    const held = state === 'allocated' ? [] : await source.held(after, size)
    return held.length === 0 ? allocated : [...allocated, ...held].sort(source.order).slice(0, size)
  }
  return gatherPage(context, params, {
    read,
    key: source.place,
    start: source.start,
    async showAll(rows) {
      const wanted = rows.filter(isWanted)
      const tagsIn = await tagsOf(context, wanted)
      const useIn = await usesOf(context, wanted)
      const innerOf = await innerPoolsOf(context, wanted)
      return rows.map((row) => {
        const tags = tagsIn(row)
        if (!isWanted(row) || !hasTag(tags) || !isUsed(row, useIn(row))) return undefined
        return showAllocation(context, snapshot, row, tags, { use: useIn(row), inner: innerOf(row) })
      })
    },
  })
}

/**
 * Whether the pool that is asked for has nothing that the caller may see: answered as where there is none, and nothing of others
 * is looked at.
 */
async function isOutOfReach(
  context: ReadContext,
  { account, poolId }: ListParams,
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
  { account, resourceType, locale, within }: ListParams,
  pools: readonly number[] | undefined,
  isPermitted: (node: string) => boolean,
): (entry: Entry) => boolean {
  const range = within === undefined ? undefined : parseCidr(within)
  return (row) =>
    isPermitted(row.account) &&
    (account === undefined || row.account === account) &&
    (pools === undefined || pools.includes(row.pool)) &&
    (resourceType === undefined || typesNamed(resourceType).includes(row.resourceType)) &&
    (locale === undefined || row.region === locale) &&
    (range === undefined || contains(range, row.cidr))
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
function usedBy({ tx }: ReadContext, { resourceType, resourceId }: ListParams) {
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

function taggedBy(tag: string | undefined): (tags: readonly Tag[]) => boolean {
  if (tag === undefined) return () => true
  const at = tag.indexOf('=')
  const key = at < 0 ? tag : tag.slice(0, at)
  const value = at < 0 ? undefined : tag.slice(at + 1)
  return (tags) => tags.some((tag) => tag.key === key && (value === undefined || tag.value === value))
}

/** Whose rows the caller may see, and by which numbers they hold what they have. */
interface Owners {
  readonly accounts: readonly string[]
  readonly holders: readonly number[]
}
/** Undefined where these are too many: all rows are read then, and the hidden ones passed over. */
async function ownersOf(
  context: ReadContext,
  { account, resourceType, locale }: ListParams,
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
  { resourceId, within, resourceType, locale }: ListParams,
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
    const ranges = within === undefined ? await endsOf(context, named!) : [parseCidr(within)!]
    return ownedInAddressOrder(context, ranges, { accounts, holders })
  }
  const allocated: Read = (after, limit) => tx.allocationLists.ofHolders(holders, numberIn(after), limit)
  const filter = { accounts, resourceType: useKindsOf(resourceType) ? regional : resourceType, region: locale }
  return { ...byNumber, allocated, held: (after, limit) => tx.space.holds.list(filter, numberIn(after), limit) }
}

/** What answers with the fewest rows: a resource, a range, a pool, or those who hold. */
async function sourceOf(
  context: ReadContext,
  { resourceId, within, resourceType, locale }: ListParams,
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
    const range = parseCidr(within)!
    const pools = named ?? (await allPools.touching(range))
    return inAddressOrder(context, pools, toKey(range), toKey(lastAddress(range)))
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
