// What sources say is in use of a pool's space, though the register has it as free: a pool that is set so hands none of it out.
import { type Cidr, contains, equals } from '#model/cidr.ts'
import type { InUse, WouldBeGiven } from '#model/in-use.ts'
import { isPublic, takesSpace } from '#model/observed-difference.ts'
import { pathOf } from '#model/policy/snapshot.ts'
import { everywhere } from '#model/roles.ts'
import type { StoredObservation } from '#store/tables/observations.ts'
import type { Pool } from '#store/tables/pools.ts'
import type { Source } from '#store/tables/sources.ts'
import { permitter } from '../identity/authority.ts'
import type { ReadContext } from '../operation.ts'
import { mayBeTold, numberOf } from './across-sources.ts'
import { sourcesMax } from './sources.ts'

/** Observations of one place that are looked at: to tell of them, and while others wait for the allocation. */
const lookedAtOnce = 200
const boundsOfAllocation = { limit: 64, lookedMax: 100 }
/** What the account itself has in a block that it names is passed over. */
const boundsOfNamed = { limit: 256, lookedMax: 400 }
/** Places that are in use and passed over for one request: beyond it the pool counts as full. */
const passedOver = 64

/** What some sources say is there of a block: inside of it, or around it and smaller than what the pool itself lies in. */
async function observedIn(context: ReadContext, heard: Heard, block: Cidr): Promise<readonly StoredObservation[]> {
  return (await lookIn(context, heard, block, { limit: lookedAtOnce, lookedMax: 1_000 })).found
}
/** The same, and whether there was more than is looked at: nobody knows then, and where nothing else is found it counts as in use. */
async function lookIn(
  { tx }: ReadContext,
  { pool, groups, isPublicPool }: Heard,
  block: Cidr,
  bounds = boundsOfAllocation,
) {
  const all: StoredObservation[] = []
  let isCut = false
  for (const sources of groups) {
    const part = await tx.observations.touching(block, sources, { ...bounds, isTaking: true })
    all.push(...part.found)
    isCut ||= part.isCut
  }
  return { found: await ofPool(tx, pool, all, isPublicPool), isCut }
}
async function ofPool(
  tx: ReadContext['tx'],
  pool: Pool,
  found: readonly StoredObservation[],
  isPublicPool: boolean,
): Promise<readonly StoredObservation[]> {
  if (found.length === 0) return found
  const own = (await tx.pools.cidrs(pool.n)).map(({ cidr }) => cidr)
  return found.filter(
    (one) => takesSpace(one.kind) && isPublic(one) === isPublicPool && !own.some((cidr) => contains(one.cidr, cidr)),
  )
}

/** Whose word is heard about a pool. */
interface Heard {
  readonly pool: Pool
  readonly isPublicPool: boolean
  /** The ids of sources, some that are looked at together: what one of these says hides nothing of what another group does. */
  readonly groups: readonly (readonly string[])[]
}
async function hearing({ tx }: ReadContext, pool: Pool, sources: readonly Source[]): Promise<Heard> {
  const scope = pool.scopeId === undefined ? undefined : await tx.ipams.findScope(pool.scopeId)
  const isPublicPool = scope?.kind !== 'private'
  // Public space is one space; of private space a source speaks of its scope.
  const some = sources.filter(({ scopeId }) => isPublicPool || scopeId === pool.scopeId)
  return { pool, isPublicPool, groups: [some.map(({ id }) => id)] }
}
/**
 * Whose word keeps an account from what a pool has: sources at or above the account, and at or above the pool's owner. Otherwise whoever
 * may report for one account anywhere could say that all space of everybody's pools is in use.
 */
async function heardFor(context: ReadContext, pool: Pool, account: string): Promise<Heard> {
  const snapshot = await context.snapshot()
  const owner = snapshot.pools.get(pool.id)?.account
  const above = [account, ...(owner === undefined ? [] : [owner])].flatMap((one) => pathOf(snapshot, one))
  const sources = await context.tx.sources.at([...new Set([...above, everywhere])])
  const { groups, ...heard } = await hearing(context, pool, sources)
  // Node by node: whoever speaks at one further down hides nothing of what is said above.
  const nodes = new Map(sources.map(({ id, node }) => [id, node]))
  return { ...heard, groups: groups.flatMap((ids) => [...Map.groupBy(ids, (id) => nodes.get(id)!).values()]) }
}

/** Whether a block that is named is somebody else's: whoever has it may have it registered. */
export async function isSomebodyElses(
  context: ReadContext,
  pool: Pool,
  block: Cidr,
  account: string,
): Promise<boolean> {
  const { found, isCut } = await lookIn(context, await heardFor(context, pool, account), block, boundsOfNamed)
  return isCut || (await ofOthers(context, found, block, account)).length > 0
}

/**
 * Without what the account itself has there, with all that is inside of it. Whom a source means it says by a number, or by what one of
 * the accounts that it speaks of is called: whoever takes the name of somebody else is not meant by it.
 */
async function ofOthers(
  context: ReadContext,
  found: readonly StoredObservation[],
  block: Cidr,
  account: string,
): Promise<readonly StoredObservation[]> {
  if (found.length === 0) return found
  const sources = await context.tx.sources.some([...new Set(found.map(({ sourceId }) => sourceId))])
  const others: StoredObservation[] = []
  for (const one of found) {
    const { cidr, account: called, sourceId } = one
    const isItself =
      called === ''
        ? equals(cidr, block)
        : contains(block, cidr) && (await numberOf(context, sources.get(sourceId)!, called)) === account
    if (!isItself) others.push(one)
  }
  return others
}

/** What is in use of what a pool would give next, until it would give what is not; undefined where that takes too long. */
export async function observedBeside(
  context: ReadContext & { readonly tx: Pick<ReadContext['tx'], 'space'> },
  pool: Pool,
  {
    account,
    ...params
  }: {
    readonly account: string
    readonly length: number
    readonly allowed?: readonly Cidr[] | undefined
    readonly disallowed?: readonly Cidr[] | undefined
  },
): Promise<readonly Cidr[] | undefined> {
  const seen: Cidr[] = []
  const heard = await heardFor(context, pool, account)
  await context.tx.nextTurn()
  for (let passed = 0; passed < passedOver; passed++) {
    const next = await context.tx.space.preview(pool.n, pool.family, {
      ...params,
      disallowed: [...(params.disallowed ?? []), ...seen],
    })
    if (!next) return undefined
    const { found, isCut } = await lookIn(context, heard, next)
    if (found.length === 0 && !isCut) return seen
    seen.push(...(found.length === 0 ? [next] : found.map(({ cidr }) => cidr)))
    await context.tx.nextTurn()
  }
  return undefined
}

/** Blocks that are looked at for one answer, and what is told of each. */
const givenLookedAt = 100
const toldOfEach = 3

/** What of it sources say is in use. That it is, whoever would get it is told; by whom, whoever may know. */
export async function inUseOf(context: ReadContext, given: readonly WouldBeGiven[]): Promise<readonly InUse[]> {
  const { tx } = context
  const isTold = await mayBeTold(context)
  const inUse: InUse[] = []
  for (const { pool: poolId, cidr, account, isNamed } of given.slice(0, givenLookedAt)) {
    await tx.nextTurn()
    // A pool that the request itself would make has no scope yet.
    const pool = await tx.pools.find(poolId)
    if (!pool) continue
    const seen = await observedIn(context, await heardFor(context, pool, account), cidr)
    const found = isNamed ? await ofOthers(context, seen, cidr, account) : seen
    if (found.length === 0) continue
    const sources = await tx.sources.some(found.map(({ sourceId }) => sourceId))
    const told: InUse['told'][number][] = []
    for (const one of found) {
      const source = sources.get(one.sourceId)!
      if (told.length === toldOfEach) break
      if (await isTold(one, source))
        told.push({ cidr: one.cidr, id: one.id, account: one.account, source: source.name })
    }
    inUse.push({ cidr, told, isMore: told.length < found.length })
  }
  return inUse
}

/** What is told of it at once. */
const toldAtOnce = 20

/** Of a pool's free space the first that sources say is in use, as far as the caller may see them. */
export async function observedFreeOf(context: ReadContext, pool: Pool): Promise<readonly StoredObservation[]> {
  const { tx } = context
  const mayRead = await permitter(context, 'estate:read')
  const readable = (await tx.sources.list('', sourcesMax)).filter(({ node }) => mayRead(node))
  const heard = await hearing(context, pool, readable)
  const found: StoredObservation[] = []
  for (const { cidr, state } of await tx.pools.cidrs(pool.n)) {
    if (state === 'failed-provision') continue
    await tx.nextTurn()
    for (const one of await observedIn(context, heard, cidr)) {
      if (found.length === toldAtOnce) return found
      if (await tx.space.isFree(pool.n, one.cidr)) found.push(one)
    }
  }
  return found
}
