// In which scope a pool is or was, also where it is gone: what lets a tenure say which of several equal addresses it is about.
import { formatId } from '#model/identifier.ts'
import type { HistoryBody } from '#store/tables/history.ts'
import type { Pool } from '#store/tables/pools.ts'
import type { ReadContext } from '../operation.ts'

/** Undefined members: of the provider's own pools, and of what nothing is known of. */
export interface PoolPlace {
  readonly scopeId: string | undefined
  /** The VPC whose inside it plans: addresses there are of that VPC alone. */
  readonly plansVpc: string | undefined
}

/** By the numbers of pools: two statements, however many there are. */
export async function placesOfPools(
  { tx }: ReadContext,
  numbers: readonly number[],
  known: ReadonlyMap<number, Pool> = new Map(),
): Promise<ReadonlyMap<number, PoolPlace>> {
  const asked = [...new Set(numbers)]
  const there = [
    ...asked.flatMap((n) => known.get(n) ?? []),
    ...(await tx.pools.some(asked.filter((n) => !known.has(n)))),
  ]
  const places = new Map<number, PoolPlace>(
    there.map(({ n, scopeId, sourceResource }) => [n, { scopeId, plansVpc: sourceResource?.id }]),
  )
  const gone = asked.filter((n) => !places.has(n))
  const latest = await tx.history.findLatest(gone.map((n) => formatId('pool', tx.installation, n)))
  for (const n of gone) {
    const version = latest.get(formatId('pool', tx.installation, n))
    if (version) places.set(n, placeIn(tx.history.bodyOf(version)))
  }
  return places
}

/** What the history keeps of a pool. */
function placeIn(body: HistoryBody): PoolPlace {
  const { scopeId, sourceResource } = body as Pick<Pool, 'scopeId' | 'sourceResource'>
  return { scopeId, plansVpc: sourceResource?.id }
}
