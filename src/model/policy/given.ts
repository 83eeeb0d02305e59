// Whether what was given once would be given again: what tags that were changed since make of it (policy-model §6).
import { Overlaid } from '../overlaid.ts'
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
