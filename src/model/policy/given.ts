// Whether what was given once would be given again: what tags that were changed since make of it (policy-model §6).
import { decide } from './decide.ts'
import { type AllocationRequest, provider } from './decision.ts'
import { emptyCaches, type Snapshot } from './snapshot.ts'

/** Whether the rules of a snapshot give a request space of this pool, room or not. */
export function wouldGive(snapshot: Snapshot, request: AllocationRequest, pool: string, now: Date): boolean {
  const { outcome, candidates, reserve } = decide(snapshot, request, now)
  if (outcome === 'deny') return false
  return pool === provider || [...candidates, ...(reserve?.candidates ?? [])].some((one) => one.pool === pool)
}

/** The same facts with other tags on some nodes of the organization. Candidates have no part in it. */
export function withNodeTags(snapshot: Snapshot, tagsOf: ReadonlyMap<string, ReadonlyMap<string, string>>): Snapshot {
  const nodes = new Map(snapshot.nodes)
  for (const [id, tags] of tagsOf) {
    const node = nodes.get(id)
    if (node) nodes.set(id, { ...node, tags })
  }
  return { ...snapshot, nodes, candidates: undefined, caches: emptyCaches() }
}
