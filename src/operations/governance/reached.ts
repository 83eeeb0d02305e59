// Which nodes a change can reach: by them it is decided how many have to approve it (policy-model §8).
import { isDeepStrictEqual } from 'node:util'
import { kindOf } from '#model/identifier.ts'
import { provider } from '#model/policy/decision.ts'
import { pathOf, type Snapshot, versionOf } from '#model/policy/snapshot.ts'
import type { ReadTransaction } from '#store/store.ts'
import type { Subject } from '#store/subjects.ts'
import type { Scope } from '#store/tables/finding-scans.ts'
import type { HistoryBody } from '#store/tables/history.ts'
import { withoutPoolLabels } from '../finding/touched.ts'
import type { Need } from '../operation.ts'
import { type ChangedObject, changedObjects } from './changed-objects.ts'

/** Needs for a change request itself are those of whoever asks, and not of what it changes. */
export const needsOfChange = (needs: readonly Need[]): readonly Need[] =>
  needs.filter(({ action }) => !action.startsWith('change:'))

interface Made {
  readonly before: Snapshot
  readonly after: Snapshot
  readonly subjects: readonly Subject[]
  /** Space that it can touch. */
  readonly scopes: readonly Scope[]
}

/**
 * Within the transaction that has made the change; undefined: everything. Of pools those whom it gives them to or takes them from, whatever they
 * have so far: where it changes with whom one is shared, whom it was or is shared with alone, and where it changes the pool itself, its rules
 * or its space, all who can take from it.
 */
export async function nodesReachedBy(tx: ReadTransaction, made: Made): Promise<readonly (string | undefined)[]> {
  const { before, after, subjects, scopes } = made
  const nodes = new Set<string | undefined>(scopes.filter(({ pool }) => pool === undefined).map(({ node }) => node))
  const whole = new Set(scopes.flatMap(({ pool }) => (pool === undefined || pool === provider ? [] : [pool])))
  // What an IPAM says is said of all of its pools.
  const isOfIpam = ofKind(subjects, 'ipam').length > 0
  for (const changed of await changedObjects(tx, ofKind(subjects, 'pool'))) {
    const { id, was, is } = changed
    if (was && !is) whole.add(id)
    if (is && !isOfIpam && isOtherInSharesAlone(changed)) whole.delete(id)
    if (is) for (const node of sharedOnOneSide(was, is)) nodes.add(node)
  }
  for (const pool of await poolsOfCidrs(tx, subjects)) whole.add(pool)
  for (const snapshot of [before, after]) for (const node of takersOf(snapshot, whole)) nodes.add(node)
  return [...nodes]
}
const ofKind = (subjects: readonly Subject[], kind: string) => subjects.filter(({ id }) => kindOf(id) === kind)

const sharesOf = (body: HistoryBody | undefined) => (body?.sharedWith as readonly string[] | undefined) ?? []
function sharedOnOneSide(was: HistoryBody | undefined, is: HistoryBody): readonly string[] {
  const [before, after] = [sharesOf(was), sharesOf(is)]
  return [...before, ...after].filter((node) => !before.includes(node) || !after.includes(node))
}
/** A new one, too: nobody could take from it before. */
function isOtherInSharesAlone({ was, is }: ChangedObject): boolean {
  if (!was || !is) return true
  const [before, after] = [was, is].map((body) => ({ ...withoutPoolLabels(body), sharedWith: undefined }))
  return isDeepStrictEqual(before, after)
}

/** Pools that space was given to or taken from, and those that it came from or goes back to: what a pool below has, nobody takes from the one above. */
async function poolsOfCidrs(tx: ReadTransaction, subjects: readonly Subject[]): Promise<ReadonlySet<string>> {
  const pools = new Set<string>()
  for (const { was, is } of await changedObjects(tx, ofKind(subjects, 'poolCidr'))) {
    const pool = (is ?? was)?.pool
    if (typeof pool === 'string') pools.add(pool)
  }
  if (pools.size === 0) return pools
  const parents = (await tx.pools.findMany([...pools])).flatMap(({ parent }) => parent ?? [])
  for (const { id } of await tx.pools.some(parents)) pools.add(id)
  return pools
}

/**
 * With whom pools are shared, and for whom a policy lists them. Exceptions may be hidden from whoever changes a pool: the class must not tell
 * that there are some (I8).
 */
export function* takersOf(snapshot: Snapshot, pools: ReadonlySet<string>): Iterable<string> {
  if (pools.size === 0) return
  for (const id of pools) yield* snapshot.pools.get(id)?.sharedWith ?? []
  const listing = new Map<object, boolean>()
  for (const [target, assignments] of snapshot.assignmentsByTarget) {
    const isListed = assignments.some((assignment) => {
      const version = versionOf(snapshot, assignment)
      const known = listing.get(version)
      if (known !== undefined) return known
      const lists = version.documents.some(({ rules }) => rules.some(({ pool }) => pools.has(pool)))
      listing.set(version, lists)
      return lists
    })
    if (isListed) yield target
  }
}

/**
 * Whether these nodes together are all of the organization, as if its root was named: several of its parts, and all accounts but those beside.
 * What is one part is no more than that, however large.
 */
export function areAll(
  snapshot: Snapshot,
  nodes: ReadonlySet<string | undefined>,
  beside: ReadonlySet<string>,
): boolean {
  const parts = new Set<string>()
  for (const { id, kind, state, parentId } of snapshot.nodes.values()) {
    // Whoever gets no new space is no part of it.
    if (kind !== 'account' || state !== undefined || parentId === undefined) continue
    const path = pathOf(snapshot, id)
    if (path.some((node) => nodes.has(node))) parts.add(path[1]!)
    else if (!beside.has(id)) return false
  }
  return parts.size > 1
}
