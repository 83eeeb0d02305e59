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

/** Where an account is, or would be: the way to it, and the tags that conditions read on that way. */
export interface Standing {
  readonly path: readonly string[]
  readonly tree: TagsByNode
}
/** What becomes of an account by a change of its place. */
export interface Move {
  readonly account: string
  readonly before: Standing
  readonly after: Standing
}

/** An account of the organization that comes under another parent, with its tags. */
export function moveTo(snapshot: Snapshot, account: string, parentId: string): Move {
  const standing = (path: readonly string[]): Standing => ({ path, tree: snapshot })
  return {
    account,
    before: standing(pathOf(snapshot, account)),
    after: standing([...pathOf(snapshot, parentId), account]),
  }
}

/** A place of an account that has left, and the tags that it had or is to have there. */
export interface OutsidePlace {
  readonly parentId: string
  readonly tags: Tags
}
/** An account that had left the organization and comes back into it: what its number names makes it the same one. */
export function comeBack(snapshot: Snapshot, account: string, from: OutsidePlace, to: OutsidePlace): Move {
  const standing = ({ parentId, tags }: OutsidePlace): Standing => ({
    path: [...pathOf(snapshot, parentId), account],
    tree: { nodes: { get: (id) => (id === account ? { tags } : snapshot.nodes.get(id)) } },
  })
  return { account, before: standing(from), after: standing(to) }
}

/** The nodes that an account leaves behind by a move, and those that it comes under. */
export function nodesOfMove({ before, after }: Move): {
  readonly left: readonly string[]
  readonly gained: readonly string[]
} {
  return {
    left: before.path.filter((node) => !after.path.includes(node)),
    gained: after.path.filter((node) => !before.path.includes(node)),
  }
}

/**
 * What moving an account touches: nodes whose assignments stop or start to apply to it, nodes that stay above it and have
 * an assignment with a rule whose condition holds on one side of the move only, and nodes whose exceptions start to apply.
 */
export function touchedByMove(snapshot: Snapshot, { before, after }: Move, now: number): TouchedNodes {
  const assignments = new Set<string>()
  const holds = ({ path, tree }: Standing, when: RuleCondition): boolean => isMet(unmetCondition(tree, path, when))
  for (const world of worldsOf(snapshot)) {
    for (const target of new Set([...before.path, ...after.path])) {
      const isOnBoth = before.path.includes(target) && after.path.includes(target)
      const isTouched = isOnBoth
        ? conditionsOn(world, target).some((when) => holds(before, when) !== holds(after, when))
        : world.assignmentsByTarget.has(target)
      if (isTouched) assignments.add(target)
    }
  }
  const isGained = ({ target, expiresAt }: ExceptionFacts): boolean =>
    now < expiresAt && after.path.includes(target) && !before.path.includes(target)
  const exceptions = [...snapshot.exceptions.values()].filter(isGained)
  return { assignments, exceptions: new Set(exceptions.map(({ target }) => target)) }
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
