// In which pools of a snapshot a block lies.
import { type Cidr, supernets } from '../cidr.ts'
import type { Steps } from '../steps.ts'
import type { PoolFacts, Snapshot } from './snapshot.ts'

const poolsPerStep = 500
const keyOf = ({ family, first, length }: Cidr): string => `${family}/${length}/${first}`

/** Of a scope, or of all public space. */
export type Within = { readonly scopeId: string } | 'public'

export class PoolsByBlock {
  readonly #pools: ReadonlyMap<string, readonly PoolFacts[]>
  constructor(pools: ReadonlyMap<string, readonly PoolFacts[]>) {
    this.#pools = pools
  }
  /** Those that have a block in what they were given: the innermost first, and of several with one block the one that was made last. */
  around(cidr: Cidr, within: Within): readonly PoolFacts[] {
    const isThere = ({ scopeId, scopeType }: PoolFacts): boolean =>
      within === 'public' ? scopeType === 'public' : scopeId === within.scopeId
    return supernets(cidr)
      .reverse()
      .flatMap((block) => this.#pools.get(keyOf(block))?.filter(isThere) ?? [])
  }
}

export function* poolsByBlockInSteps({ pools }: Pick<Snapshot, 'pools'>): Steps<PoolsByBlock> {
  const found = new Map<string, PoolFacts[]>()
  let looked = 0
  for (const pool of pools.values()) {
    for (const cidr of pool.cidrs) {
      const key = keyOf(cidr)
      const others = found.get(key)
      if (others) others.push(pool)
      else found.set(key, [pool])
    }
    if (++looked % poolsPerStep === 0) yield
  }
  // Ids are in the order of creation: what has a block from another pool was made after that one.
  for (const some of found.values()) if (some.length > 1) some.sort((a, b) => (a.id > b.id ? -1 : 1))
  return new PoolsByBlock(found)
}
