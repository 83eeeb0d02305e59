// Allocations as the native API shows and lists them: by account, pool, type, place, resource, tag or range.
import { z } from 'zod'
import { bitsOf, type Cidr, formatAddress, formatCidr, lastAddress, overlaps, parseCidr, toKey } from '#model/cidr.ts'
import { formatId, parseId } from '#model/identifier.ts'
import type { Snapshot } from '#model/policy/snapshot.ts'
import { type Refusal, refuse } from '#model/refusal.ts'
import type { Allocation } from '#store/space.ts'
import type { Tag } from '#store/tags.ts'
import { readCursor, writeCursor } from '../listing.ts'
import type { ReadContext } from '../operation.ts'
import { permitter } from './authority.ts'
import { poolId } from './pools.ts'
import { accountId, formatInstant, instant, type PageInput, pageSizeDefault } from './shapes.ts'
import {
  description,
  locale,
  numberIn,
  refuseMalformed,
  resourceId,
  resourceTypeName,
  shownTags,
  tagMap,
} from './space-shapes.ts'

/** Rows looked at for one page: where few of them fit, the page is short and says where to go on. */
const rowsPerPageMax = 10_000
/** Holders whose allocations are merged one by one; of more, all allocations are read in order instead. */
const holdersMergedMax = 64

export const allocationId = z.string().max(64).describe('`ipam-pool-alloc-…`.')
export const allocation = z.object({
  allocationId,
  cidr: z.string(),
  address: z.string().optional().describe('Where it is one address.'),
  account: accountId,
  resourceType: resourceTypeName,
  locale: locale.optional(),
  poolId: poolId.optional().describe("The pool it is from; absent for the provider's own space."),
  resourceId: resourceId.optional(),
  description: description.optional(),
  tags: shownTags,
  decisionId: z.string().optional().describe('Why it could be had.'),
  createdAt: instant,
})

// One ----------------------------------------------------------------------------------------------------------------

export const absentAllocation = (id: string): Refusal => ({ code: 'NotFound', what: 'ipam-pool-allocation', id })
export const allocationIdOf = ({ tx }: ReadContext, { n }: { readonly n: number }): string =>
  formatId('allocation', tx.installation, n)

export async function findAllocation(context: ReadContext, id: string): Promise<Allocation> {
  refuseMalformed('allocation', 'ipam-pool-allocation', id, 'ipam-pool-alloc-...')
  const n = parseId('allocation', context.tx.installation, id)
  const found = n === undefined ? undefined : await context.tx.space.find(n)
  return found ?? refuse(absentAllocation(id))
}

/** Where the tags of an allocation are; without a type they are those of a resource that has it. */
export function tagHomeOf(
  { tx }: ReadContext,
  { n, resourceType, resourceId }: Allocation,
): { readonly id: string; readonly type?: 'elastic-ip' | 'ipam-pool-allocation' } {
  if (resourceType === 'eip') return { id: formatId('address', tx.installation, n), type: 'elastic-ip' }
  if (resourceTypesOfEc2.has(resourceType)) return { id: resourceId! }
  return { id: formatId('allocation', tx.installation, n), type: 'ipam-pool-allocation' }
}
const resourceTypesOfEc2: ReadonlySet<string> = new Set(['vpc', 'subnet', 'ipam-pool'])

export function showAllocation(
  { tx }: ReadContext,
  snapshot: Snapshot,
  found: Allocation,
  tags: readonly Tag[],
): z.output<typeof allocation> {
  const { installation } = tx
  const pool = formatId('pool', installation, found.pool)
  return {
    allocationId: formatId('allocation', installation, found.n),
    cidr: formatCidr(found.cidr),
    address: found.cidr.length === bitsOf(found.cidr.family) ? formatAddress(found.cidr) : undefined,
    account: found.account,
    resourceType: found.resourceType,
    locale: found.region,
    poolId: snapshot.pools.has(pool) ? pool : undefined,
    resourceId: found.resourceType === 'eip' ? formatId('address', installation, found.n) : found.resourceId,
    description: found.description,
    tags: tagMap(tags),
    decisionId: found.decision === undefined ? undefined : formatId('decision', installation, found.decision),
    createdAt: formatInstant(found.createdAt),
  }
}

// Many ---------------------------------------------------------------------------------------------------------------

interface ListWish extends PageInput {
  readonly account?: string
  readonly poolId?: string
  readonly resourceType?: string
  readonly locale?: string
  readonly resourceId?: string
  readonly within?: string
  readonly tag?: string
}
/** Rows in the order of their places, after one. */
interface Source {
  read(after: string, limit: number): Promise<readonly Allocation[]>
  place(row: Allocation): string
  readonly start: string
}

export async function listedAllocations(context: ReadContext, wish: ListWish) {
  const isPermitted = await permitter(context, 'allocation:read')
  const snapshot = await context.snapshot()
  const source = await sourceOf(context, wish, isPermitted)
  if (!source) return { items: [] }
  const { limit = pageSizeDefault, cursor } = wish
  const isWanted = wantedBy(context, wish, isPermitted)
  const hasTag = taggedBy(wish.tag)
  const items: z.output<typeof allocation>[] = []
  let after = readCursor(cursor, 'cursor') ?? source.start
  for (let looked = 0; ; ) {
    const rows = await source.read(after, limit + 1)
    const tags = await context.tx.tags.ofMany(rows.filter(isWanted).map((row) => tagHomeOf(context, row).id))
    for (const row of rows) {
      const own = tags.get(tagHomeOf(context, row).id) ?? []
      if (isWanted(row) && hasTag(own)) {
        if (items.length === limit) return { items, nextCursor: writeCursor(after) }
        items.push(showAllocation(context, snapshot, row, own))
      }
      after = source.place(row)
    }
    if (rows.length <= limit) return { items }
    looked += rows.length
    if (looked >= rowsPerPageMax) return { items, nextCursor: writeCursor(after) }
  }
}

function wantedBy(
  { tx }: ReadContext,
  { account, poolId, resourceType, locale, resourceId, within }: ListWish,
  isPermitted: (node: string) => boolean,
): (row: Allocation) => boolean {
  const pool = poolId === undefined ? undefined : parseId('pool', tx.installation, poolId)
  const range = within === undefined ? undefined : parseCidr(within)
  const eip = resourceId === undefined ? undefined : parseId('address', tx.installation, resourceId)
  return (row) =>
    isPermitted(row.account) &&
    (account === undefined || row.account === account) &&
    (poolId === undefined || row.pool === pool) &&
    (resourceType === undefined || row.resourceType === resourceType) &&
    (locale === undefined || row.region === locale) &&
    (resourceId === undefined || row.resourceId === resourceId || (row.resourceType === 'eip' && row.n === eip)) &&
    (range === undefined || overlapsWhole(range, row.cidr))
}
const overlapsWhole = (range: Cidr, block: Cidr): boolean => range.length <= block.length && overlaps(range, block)

function taggedBy(tag: string | undefined): (tags: readonly Tag[]) => boolean {
  if (tag === undefined) return () => true
  const at = tag.indexOf('=')
  const key = at < 0 ? tag : tag.slice(0, at)
  const value = at < 0 ? undefined : tag.slice(at + 1)
  return (tags) => tags.some(({ Key, Value }) => Key === key && (value === undefined || Value === value))
}

/** What answers with the fewest rows: a resource, a range, a pool, or those who hold. Undefined where nothing can be. */
async function sourceOf(
  context: ReadContext,
  { resourceId, within, poolId, account, resourceType, locale }: ListWish,
  isPermitted: (node: string) => boolean,
): Promise<Source | undefined> {
  const { space } = context.tx
  if (resourceId !== undefined) return ofResource(context, resourceId)
  const pool = poolId === undefined ? undefined : parseId('pool', context.tx.installation, poolId)
  if (poolId !== undefined && pool === undefined) return undefined
  if (within !== undefined) return withinRange(context, parseCidr(within)!, pool)
  if (pool !== undefined) {
    return {
      read: (after, limit) => space.ofPool(pool, keyIn(after), limit),
      place: ({ cidr }) => hexOf(cidr),
      start: '',
    }
  }
  const byNumber = { place: ({ n }: Allocation) => String(n), start: '0' }
  const isForAll = account === undefined && resourceType === undefined && locale === undefined && isPermitted('*')
  if (isForAll) return { ...byNumber, read: (after, limit) => space.all(numberIn(after), limit) }
  const holders = (await space.holders({ account, resourceType, region: locale })).filter((one) =>
    isPermitted(one.account),
  )
  if (holders.length === 0) return undefined
  const numbers = holders.map(({ n }) => n)
  return {
    ...byNumber,
    read: (after, limit) =>
      holders.length > holdersMergedMax
        ? space.all(numberIn(after), limit)
        : space.ofHolders(numbers, numberIn(after), limit),
  }
}

/** An Elastic IP is named by its own number; other resources have few allocations each. */
async function ofResource({ tx }: ReadContext, resourceId: string): Promise<Source> {
  const n = parseId('address', tx.installation, resourceId)
  const eip = n === undefined ? undefined : await tx.space.find(n)
  return {
    read: async (after, limit) =>
      eip
        ? [eip].filter(({ n }) => n > numberIn(after))
        : await tx.space.ofResource(resourceId, numberIn(after), limit),
    place: ({ n }) => String(n),
    start: '0',
  }
}

/** Pool after pool of those whose space touches the range: at most a few, unless private scopes repeat it. */
async function withinRange(context: ReadContext, range: Cidr, only: number | undefined): Promise<Source> {
  const { tx } = context
  const pools = only === undefined ? await tx.pools.touching(range) : [only]
  const last = toKey(lastAddress(range))
  const first = toKey(range)
  return {
    async read(after, limit) {
      const [from = '', pool = '0'] = after.split('/')
      const rows: Allocation[] = []
      const key = keyIn(from)
      // Equal addresses stand in the order of their pools.
      for (const n of pools) {
        rows.push(...(await tx.space.between(n, { first: key ?? first, last, isAfter: n <= numberIn(pool) }, limit)))
      }
      return rows
        .sort((a, b) => (hexOf(a.cidr) < hexOf(b.cidr) ? -1 : hexOf(a.cidr) > hexOf(b.cidr) ? 1 : a.pool - b.pool))
        .slice(0, limit)
    },
    place: ({ cidr, pool }) => `${hexOf(cidr)}/${pool}`,
    start: '/0',
  }
}

const hexOf = (cidr: Cidr): string => Buffer.from(toKey(cidr)).toString('hex')
function keyIn(cursor: string): Uint8Array | undefined {
  if (cursor === '') return undefined
  if (!/^[0-9a-f]{32}$/.test(cursor)) refuse({ code: 'InvalidPaginationToken', field: 'cursor', value: cursor })
  return new Uint8Array(Buffer.from(cursor, 'hex'))
}
