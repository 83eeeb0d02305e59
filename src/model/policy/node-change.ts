// Which assignments mean something else for an account or a unit once it is moved or has other tags.
import type { RuleCondition } from './document.ts'
import type { ExceptionFacts } from './exception.ts'
import { type TagsByNode, unmetCondition } from './resolve.ts'
import { pathOf, type Snapshot, versionOf } from './snapshot.ts'
import type { SkipReason } from './trace.ts'

type Tags = ReadonlyMap<string, string>

/** The nodes whose assignments or exceptions a change of the tree touches: whoever makes it needs the right there. */
export interface TouchedNodes {
  readonly assignments: ReadonlySet<string>
  readonly exceptions: ReadonlySet<string>
}

/** The nodes that an account leaves behind by a move, and those that it comes under. */
export function nodesOfMove(
  snapshot: Snapshot,
  account: string,
  parentId: string,
): { readonly left: readonly string[]; readonly gained: readonly string[] } {
  const [before, after] = [pathOf(snapshot, account), [...pathOf(snapshot, parentId), account]]
  return {
    left: before.filter((node) => !after.includes(node)),
    gained: after.filter((node) => !before.includes(node)),
  }
}

/**
 * What moving an account touches: nodes whose assignments stop or start to apply to it, nodes that stay above it and have
 * an assignment with a rule whose condition holds on one side of the move only, and nodes whose exceptions start to apply.
 */
export function touchedByMove(snapshot: Snapshot, account: string, parentId: string, now: number): TouchedNodes {
  const before = pathOf(snapshot, account)
  const after = [...pathOf(snapshot, parentId), account]
  const assignments = new Set<string>()
  for (const world of worldsOf(snapshot)) {
    for (const target of new Set([...before, ...after])) {
      const isOnBoth = before.includes(target) && after.includes(target)
      const isTouched = isOnBoth
        ? conditionsOn(world, target).some(
            (when) => isMet(unmetCondition(snapshot, before, when)) !== isMet(unmetCondition(snapshot, after, when)),
          )
        : world.assignmentsByTarget.has(target)
      if (isTouched) assignments.add(target)
    }
  }
  const isGained = ({ target, expiresAt }: ExceptionFacts): boolean =>
    now < expiresAt && after.includes(target) && !before.includes(target)
  return { assignments, exceptions: new Set(snapshot.exceptions.all.filter(isGained).map(({ target }) => target)) }
}

/** A node that is there, or one that is about to be made under `parentId` and has no id yet. */
export type TaggedNode =
  | { readonly kind: 'account' | 'organizational-unit'; readonly id: string }
  | { readonly kind: 'account' | 'organizational-unit'; readonly parentId: string }

/**
 * The nodes above, at or below this one that have an assignment with a rule for which these tags make a difference. For an
 * account, that is whether the rule's condition holds. Below a unit there may be any number of accounts, also later: there
 * one tag of the condition is enough, whatever else it asks for.
 */
export function touchedByTags(snapshot: Snapshot, node: TaggedNode, tags: Tags): ReadonlySet<string> {
  const isNew = !('id' in node)
  const id = isNew ? '' : node.id
  const path = isNew ? [...pathOf(snapshot, node.parentId), id] : pathOf(snapshot, id)
  const changed: TagsByNode = { nodes: { get: (one) => (one === id ? { tags } : snapshot.nodes.get(one)) } }
  const holds = (tree: TagsByNode, when: RuleCondition): boolean => isMet(unmetCondition(tree, path, when))
  const isTouched = (when: RuleCondition): boolean =>
    (node.kind === 'account' ? [when] : (when.tags ?? []).map((tag) => ({ tags: [tag] }))).some(
      (one) => holds(snapshot, one) !== holds(changed, one),
    )
  const touched = new Set<string>()
  for (const world of worldsOf(snapshot)) {
    for (const target of world.assignmentsByTarget.keys()) {
      const isConcerned = path.includes(target) || (!isNew && pathOf(snapshot, target).includes(id))
      if (isConcerned && conditionsOn(world, target).some(isTouched)) touched.add(target)
    }
  }
  return touched
}

/** The nodes above a new account, and it itself, that have an assignment with a rule that names its number, or are assigned by it. */
export function touchedByNumber(snapshot: Snapshot, number: string, parentId: string): ReadonlySet<string> {
  const touched = new Set<string>()
  for (const world of worldsOf(snapshot)) {
    if (world.assignmentsByTarget.has(number)) touched.add(number)
    for (const target of pathOf(snapshot, parentId)) {
      if (conditionsOn(world, target).some(({ accounts }) => accounts?.includes(number))) touched.add(target)
    }
  }
  return touched
}

const isMet = (unmet: SkipReason | undefined): boolean => unmet === undefined

/**
 * Candidates count beside what is live: a right that is asked for now cannot be asked for later, when the candidate is
 * promoted and the account stands already where it suits its administrator.
 */
const worldsOf = (snapshot: Snapshot): readonly Snapshot[] => [
  snapshot,
  ...(snapshot.candidates ? [snapshot.candidates.snapshot] : []),
]

const conditionsOn = (world: Snapshot, target: string) =>
  (world.assignmentsByTarget.get(target) ?? [])
    .flatMap((assignment) => versionOf(world, assignment).documents)
    .flatMap(({ rules }) => rules.flatMap(({ when }) => when ?? []))
