// Whether what was given once would be given again: what tags that were changed since make of it (policy-model §6).
import { decide } from './decide.ts'
import { type AllocationRequest, provider } from './decision.ts'
import { emptyCaches, type NodeFacts, type Snapshot } from './snapshot.ts'

/** Whether the rules of a snapshot give a request space of this pool, room or not. */
export function wouldGive(snapshot: Snapshot, request: AllocationRequest, pool: string, now: Date): boolean {
  const { outcome, candidates, reserve } = decide(snapshot, request, now)
  if (outcome === 'deny') return false
  return pool === provider || [...candidates, ...(reserve?.candidates ?? [])].some((one) => one.pool === pool)
}

/** The same facts with other tags on some nodes of the organization; costs as much as those. Candidates have no part in it. */
export function withNodeTags(snapshot: Snapshot, tagsOf: ReadonlyMap<string, ReadonlyMap<string, string>>): Snapshot {
  const changed = new Map<string, NodeFacts>()
  for (const [id, tags] of tagsOf) {
    const node = snapshot.nodes.get(id)
    if (node) changed.set(id, { ...node, tags })
  }
  return { ...snapshot, nodes: new Overlaid(snapshot.nodes, changed), candidates: undefined, caches: emptyCaches() }
}

/** A map in which some values are others, without a copy of the rest. */
class Overlaid<K, V> implements ReadonlyMap<K, V> {
  readonly #base: ReadonlyMap<K, V>
  readonly #changed: ReadonlyMap<K, V>
  /** @param changed values of keys that are in the base */
  constructor(base: ReadonlyMap<K, V>, changed: ReadonlyMap<K, V>) {
    this.#base = base
    this.#changed = changed
  }
  get size(): number {
    return this.#base.size
  }
  get(key: K): V | undefined {
    return this.#changed.get(key) ?? this.#base.get(key)
  }
  has(key: K): boolean {
    return this.#base.has(key)
  }
  forEach(visit: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    for (const [key, value] of this) visit(value, key, this)
  }
  keys(): MapIterator<K> {
    return this.#base.keys()
  }
  *values(): MapIterator<V> {
    for (const [, value] of this) yield value
  }
  *entries(): MapIterator<[K, V]> {
    for (const [key, value] of this.#base) yield [key, this.#changed.get(key) ?? value]
  }
  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries()
  }
}
