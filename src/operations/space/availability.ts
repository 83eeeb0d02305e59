// What there is to take for a request, looked up at once for whoever decides again and again on paper.
import { bitsOf, contains } from '#model/cidr.ts'
import { type AllocationRequest, provider } from '#model/policy/decision.ts'
import { exceptionsFor } from '#model/policy/exception-index.ts'
import { poolsAround, type Room, type Sight, seesAll } from '#model/policy/nearest-change.ts'
import { resolve } from '#model/policy/resolve.ts'
import { pathOf, type Snapshot } from '#model/policy/snapshot.ts'
import { everywhere } from '#model/roles.ts'
import type { ReadTransaction } from '#store/store.ts'
import type { Pool } from '#store/tables/pools.ts'
import { mayThroughout } from '../identity/authority.ts'
import type { ReadContext } from '../operation.ts'

/** Whether the caller may know of everybody's space what is taken: the provider's is anybody's. */
export const seesAllTaken = async (context: ReadContext): Promise<boolean> =>
  (await mayThroughout(context, 'allocation:read', everywhere)) &&
  (await mayThroughout(context, 'ipam:read', everywhere))

/** The pools that rules list or exceptions grant for the account, the one that is named, those that are seen around a block, and the provider's own; anything else has no room. */
export async function roomFor(
  tx: ReadTransaction,
  snapshot: Snapshot,
  request: AllocationRequest,
  { isSeen }: Sight = seesAll,
): Promise<Room> {
  const { document } = resolve(snapshot, 'enforce', request.account, request)
  const named = request.explicit?.pool
  const excepted = exceptionsFor(snapshot.exceptions, pathOf(snapshot, request.account), request, tx.now).inForce
  const ids = new Set([
    ...(document?.rules ?? []).map(({ pool }) => pool),
    ...(named === undefined ? [] : [named]),
    ...excepted.flatMap(({ grants }) => grants.pools),
    ...poolsAround(snapshot, request, isSeen).map(({ id }) => id),
  ])
  const lengths = new Map<string, number>()
  const [holding, takeable] = [new Set<string>(), new Set<string>()]
  const look = async (id: string, pool: Pool) => {
    const length = await tx.space.shortestFree(pool.n, pool.family)
    if (length !== undefined) lengths.set(id, length)
    const cidr = request.explicit?.cidr
    if (cidr?.family !== pool.family) return
    const blocks = snapshot.pools.get(id)?.cidrs ?? (await tx.pools.cidrs(pool.n)).map((one) => one.cidr)
    if (blocks.some((block) => contains(block, cidr))) holding.add(id)
    if (await tx.space.canTake(pool.n, cidr, request.account)) takeable.add(id)
  }
  for (const id of ids) {
    const pool = id === provider ? undefined : await tx.pools.find(id)
    if (pool) await look(id, pool)
  }
  // Before anybody has had space of the provider, all of it is there.
  const ofProvider = await tx.pools.ofProvider(request.family)
  if (ofProvider) await look(provider, ofProvider)
  const isProviderWhole = ofProvider === undefined
  return {
    has: (pool, netmaskLength) => {
      if (pool === provider && isProviderWhole) return netmaskLength <= bitsOf(request.family)
      const length = lengths.get(pool)
      return length !== undefined && length <= netmaskLength
    },
    holds: (pool) => holding.has(pool),
    canTake: (pool) => takeable.has(pool),
  }
}
