// Entries: allocations, and what is held to become one; found by their ids, with all that is said of them.
import { formatId, parseId } from '#model/identifier.ts'
import { provider } from '#model/policy/decision.ts'
import { canBeDivided } from '#model/policy/nesting.ts'
import { type Refusal, refuse } from '#model/refusal.ts'
import { nameKey, type Tag } from '#model/tags.ts'
import type { Association } from '#store/tables/addresses.ts'
import type { Adoption } from '#store/tables/adoptions.ts'
import type { Allocation } from '#store/tables/holdings.ts'
import type { Hold } from '#store/tables/holds.ts'
import type { Pool } from '#store/tables/pools.ts'
import { refuseMalformed } from '../identifiers.ts'
import type { Place } from '../identity/authority.ts'
import type { ReadContext } from '../operation.ts'
import { findHold } from './holds.ts'
import { isOwnNetwork } from './own-networks.ts'
import { reservedType } from './reserved.ts'

/** An allocation, or what is held to become one. */
export type Entry = Allocation | Hold

const absentAllocation = (id: string): Refusal => ({ code: 'NotFound', what: 'ipam-pool-allocation', id })
export const isHold = (entry: Entry): entry is Hold => 'expiresAt' in entry

/** Whose it is answers for it. */
export async function placeOfEntry(context: ReadContext, id: string): Promise<Place> {
  const { account } = await findEntry(context, id)
  return { node: account, absent: absentAllocation(id) }
}

/** What has lapsed is not there, like what never was. */
export async function findEntry(context: ReadContext, id: string): Promise<Entry> {
  refuseMalformed('allocation', id)
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

// With all that is said of them --------------------------------------------------------------------------------------

/** An entry with what stands beside its row. */
export interface DescribedEntry {
  readonly entry: Entry
  readonly id: string
  readonly name: string | undefined
  /** `provider` for space of the provider. */
  readonly pool: string
  /** Of an Elastic IP its own id. */
  readonly resourceId: string | undefined
  readonly decision: string | undefined
  readonly tags: readonly Tag[]
  /** What an Elastic IP is associated with. */
  readonly use: Association | undefined
  /** The pool that divides it, where it is a network. */
  readonly inner: Pool | undefined
  /** How it came to be, where a source told of it. */
  readonly adoption: Adoption | undefined
}
type Beside = Pick<DescribedEntry, 'tags'> & Partial<Pick<DescribedEntry, 'use' | 'inner' | 'adoption'>>

/** An entry of which it is known already what stands beside it. */
export async function describeEntry(
  context: ReadContext,
  entry: Entry,
  { tags, use, inner, adoption }: Beside,
): Promise<DescribedEntry> {
  const { installation } = context.tx
  return {
    entry,
    id: formatId('allocation', installation, entry.n),
    name: tags.find(({ key }) => key === nameKey)?.value || undefined,
    pool: await poolOrProvider(context, entry.pool),
    resourceId:
      entry.resourceType === 'eip' && !isHold(entry) ? formatId('address', installation, entry.n) : entry.resourceId,
    decision: entry.decision === undefined ? undefined : formatId('decision', installation, entry.decision),
    tags,
    use,
    inner,
    adoption,
  }
}

/** The provider's own pools are nobody's to see: they are in no snapshot. */
export async function poolOrProvider(context: ReadContext, n: number): Promise<string> {
  const id = formatId('pool', context.tx.installation, n)
  const { pools } = context.snapshotAtHand ?? (await context.snapshot())
  return pools.has(id) ? id : provider
}

/** Of entries all that is said of them: what stands beside their rows is read at once. */
export async function describeEntries(
  context: ReadContext,
  entries: readonly Entry[],
): Promise<readonly DescribedEntry[]> {
  const tags = await tagsOf(context, entries)
  const uses = await usesOf(context, entries)
  const inner = await innerPoolsOf(context, entries)
  const adoptions = await context.tx.adoptions.of(entries.filter((entry) => !isHold(entry)).map(({ n }) => n))
  const described: DescribedEntry[] = []
  for (const entry of entries) {
    const beside = { tags: tags(entry), use: uses(entry), inner: inner(entry), adoption: adoptions.get(entry.n) }
    described.push(await describeEntry(context, entry, beside))
  }
  return described
}

/** One, by its id. */
export async function getDescribedEntry(context: ReadContext, id: string): Promise<DescribedEntry> {
  const [described] = await describeEntries(context, [await findEntry(context, id)])
  return described!
}

/** What an entry is tagged with. A hold keeps its tags itself, until there is something that they can be put on. */
async function tagsOf(context: ReadContext, entries: readonly Entry[]): Promise<(entry: Entry) => readonly Tag[]> {
  const stored = entries.filter((entry) => !isHold(entry)).map((entry) => tagHomeOf(context, entry).id)
  const found = stored.length === 0 ? new Map<string, Tag[]>() : await context.tx.tags.ofMany(stored)
  return (entry) =>
    isHold(entry)
      ? [...(entry.request.tags ?? [])].map(([key, value]) => ({ key, value }))
      : (found.get(tagHomeOf(context, entry).id) ?? [])
}

/** What Elastic IPs among entries are associated with. */
async function usesOf(
  { tx }: ReadContext,
  entries: readonly Entry[],
): Promise<(entry: Entry) => Association | undefined> {
  const elasticIps = entries.filter((entry) => entry.resourceType === 'eip' && !isHold(entry)).map(({ n }) => n)
  const found = await tx.addresses.usesOf(elasticIps)
  return ({ n }) => found.get(n)
}

/** The pools that divide networks among entries. */
async function innerPoolsOf(
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
