// Which assignments cannot both be met: found when the change is made, so that no request meets an empty intersection (policy-model §3).

import type { Problem } from '../problems/problem.ts'
import { eachInSteps, type Steps } from '../steps.ts'
import { AccountTraits } from './account-traits.ts'
import type { Party } from './decision.ts'
import type { Assignment, PolicyDocument, PolicyVersion } from './document.ts'
import { assignmentsOn, type Pair, type Part, partsOf, unmetCondition } from './resolve.ts'
import { findResourceType, type Registry, type ResourceType } from './resource-types.ts'
import type { Agreement } from './setting.ts'
import { agreements, type PolicySettings } from './settings.ts'
import { type NodeFacts, type PoolFacts, pathOf, type Snapshot, versionOf } from './snapshot.ts'
import { formatRequiredTag } from './values.ts'

export interface Conflict {
  readonly kind: 'pools' | Agreement<unknown>['kind']
  /** The node whose requests would meet it. */
  readonly node: string
  readonly locale: string
  readonly resourceType: string
  /** The one that gives the order or the wider bound, and the one that leaves nothing of it. */
  readonly parties: readonly [Party, Party]
  readonly problem: Problem
}

export interface Look {
  /** What stood before the change: what was in conflict then, at the same node, is not this change's doing. */
  readonly before?: Snapshot
  /** The only accounts to look at; undefined: every node that the change can touch. */
  readonly accounts?: readonly string[]
  /** Counts how often the documents of one pair were compared for one class of accounts. */
  readonly cost?: { evaluations: number }
}

/** All conflicts among the assignments that enforce. */
export const findConflicts = (snapshot: Snapshot): readonly Conflict[] => [...conflictsIn(snapshot)]

/** The conflicts that a look finds, one by one, so that whoever needs one pays for one. */
export function* conflictsIn(snapshot: Snapshot, look: Look = {}): Generator<Conflict> {
  for (const conflict of lookInSteps(snapshot, look)) if (conflict) yield conflict
}

/** The first one that a look finds, in steps: an organization can be large. */
export function* firstConflictIn(snapshot: Snapshot, look: Look = {}): Steps<Conflict | undefined> {
  for (const conflict of lookInSteps(snapshot, look)) {
    if (conflict) return conflict
    yield
  }
  return undefined
}

/** Nodes that are examined before others have their turn. */
const nodesPerStep = 200

/**
 * Yields a conflict, or undefined at the end of a step.
 *
 * For each pair of locale and resource type, the documents that apply to an account are compared with each other: the
 * pools of each address family that both list, their size bounds, and the tags that they require. What is compared is
 * bounded twice. Of the accounts, only those that the change from `before` can touch are looked at, and of the pairs
 * only those of changed documents. And accounts that no condition tells apart, below the same assignments, are evaluated
 * once for all of them.
 *
 * A unit with assignments of its own is evaluated as an account without any trait would be, for the pairs without
 * conditions, so that a conflict is found before the first account is made there.
 */
function* lookInSteps(snapshot: Snapshot, { before, accounts, cost }: Look): Generator<Conflict | undefined> {
  const touched = accounts ? { roots: new Set(accounts) } : before ? yield* touchedBy(before, snapshot) : undefined
  if (touched?.roots.size === 0) return
  const after = new Examiner(snapshot, touched?.pairs, cost)
  const earlier = before && new Examiner(before, touched?.pairs, cost)
  let examined = 0
  for (const node of yield* nodesTouched(snapshot, touched?.roots)) {
    if (++examined % nodesPerStep === 0) yield
    const { conflicts } = after.at(node)
    if (conflicts.length === 0) continue
    // Among all conflicts, what an account shares with the unit above it is told once, for the unit.
    const known = earlier ? earlier.at(node).keys : accounts ? nothing.keys : after.aboveOf(node)
    for (const { key, conflict } of conflicts) if (!known.has(key)) yield conflict
  }
}

// What a change can touch --------------------------------------------------------------------------------------------

interface Touched {
  /** These and what is below them. */
  readonly roots: ReadonlySet<string>
  /** Undefined: all pairs. */
  readonly pairs?: ReadonlySet<string>
}

const pairKey = ({ locale, resourceType }: Pair): string => `${locale}\n${resourceType}`

/** By comparing all facts that a conflict follows from: none can be changed in a way that is not noticed here. */
function* touchedBy(before: Snapshot, after: Snapshot): Steps<Touched> {
  const roots = yield* changedNodes(before, after)
  for (const target of yield* changedTargets(before, after)) roots.add(target)
  let isWhole = roots.size > 0
  const pairs = new Set<string>()
  for (const { target, document } of yield* changedDocuments(before, after)) {
    roots.add(target)
    if (document) pairs.add(pairKey(document))
    else isWhole = true
  }
  return { roots, pairs: isWhole ? undefined : pairs }
}

function* changedNodes(before: Snapshot, after: Snapshot): Steps<Set<string>> {
  const changed = new Set<string>()
  yield* eachInSteps(after.nodes.values(), (node) => {
    const was = before.nodes.get(node.id)
    if (!was || was.parentId !== node.parentId || !hasSameTags(was, node)) changed.add(node.id)
  })
  // An account that left the organization has only its own policies from then on.
  yield* eachInSteps(before.nodes.keys(), (id) => {
    if (!after.nodes.has(id)) changed.add(id)
  })
  return changed
}

function hasSameTags({ tags: a }: NodeFacts, { tags: b }: NodeFacts): boolean {
  if (a === b) return true
  return a?.size === b?.size && [...(a ?? [])].every(([key, value]) => b?.get(key) === value)
}

function* changedTargets(before: Snapshot, after: Snapshot): Steps<readonly string[]> {
  const textOf = (assignments: readonly Assignment[] = []): string =>
    assignments
      .map(({ policyId, kind, mode, managedBy }) => `${policyId} ${kind} ${mode} ${managedBy}`)
      .sort()
      .join('\n')
  const targets = new Set([...before.assignmentsByTarget.keys(), ...after.assignmentsByTarget.keys()])
  const changed: string[] = []
  yield* eachInSteps(targets, (target) => {
    if (textOf(before.assignmentsByTarget.get(target)) === textOf(after.assignmentsByTarget.get(target))) return
    changed.push(target)
  })
  return changed
}

/**
 * Documents that say something else than they did, or list pools or are for types that do, each with where it is enabled.
 * Without a document it is the compatibility of the policy, which says for all pairs whether a default above it counts.
 */
function* changedDocuments(
  before: Snapshot,
  after: Snapshot,
): Steps<readonly { readonly target: string; readonly document?: PolicyDocument }[]> {
  const pools = yield* changedPools(before.pools, after.pools)
  const types = changedTypes(before.resourceTypes, after.resourceTypes)
  const isOther = ({ resourceType, rules }: PolicyDocument): boolean =>
    types.has(resourceType) || (pools.size > 0 && rules.some(({ pool }) => pools.has(pool)))
  const known = new Map<string, readonly PolicyDocument[]>()
  const changed: { target: string; document?: PolicyDocument }[] = []
  yield* eachInSteps(after.assignmentsByTarget, ([target, assignments]) => {
    for (const assignment of assignments) {
      const { policyId } = assignment
      const earlier = before.assignmentsByTarget.get(target)?.find((one) => one.policyId === policyId)
      // Where it was not enabled before, its target is touched as a whole.
      if (!earlier) continue
      const [was, is] = [versionOf(before, earlier), versionOf(after, assignment)]
      const key = `${policyId} ${was.version} ${is.version}`
      const documents = known.get(key) ?? [...differentDocuments(was, is), ...is.documents.filter(isOther)]
      known.set(key, documents)
      for (const document of documents) changed.push({ target, document })
      if (was.compatibility !== is.compatibility) changed.push({ target })
    }
  })
  return changed
}

function differentDocuments(was: PolicyVersion, is: PolicyVersion): readonly PolicyDocument[] {
  if (was.version === is.version) return []
  const texts = new Map(was.documents.map((document) => [pairKey(document), JSON.stringify(document)]))
  const isKept = (document: PolicyDocument): boolean => texts.get(pairKey(document)) === JSON.stringify(document)
  const kept = new Set(is.documents.filter(isKept).map(pairKey))
  return [...was.documents, ...is.documents].filter((document) => !kept.has(pairKey(document)))
}

function* changedPools(before: Snapshot['pools'], after: Snapshot['pools']): Steps<ReadonlySet<string>> {
  const changed = new Set<string>()
  yield* eachInSteps(before.keys(), (id) => {
    if (!after.has(id)) changed.add(id)
  })
  yield* eachInSteps(after, ([id, is]) => {
    const was = before.get(id)
    const isSame =
      was?.family === is.family &&
      was.minNetmaskLength === is.minNetmaskLength &&
      was.maxNetmaskLength === is.maxNetmaskLength &&
      was.requiredTags.map(formatRequiredTag).join('\n') === is.requiredTags.map(formatRequiredTag).join('\n')
    if (!isSame) changed.add(id)
  })
  return changed
}

function changedTypes(before: Registry, after: Registry): ReadonlySet<string> {
  if (before === after) return new Set()
  const names = [...new Set([...before.keys(), ...after.keys()])]
  return new Set(names.filter((name) => JSON.stringify(before.get(name)) !== JSON.stringify(after.get(name))))
}

/** Units with assignments before the accounts below them, so that of one conflict the unit is named. */
function* nodesTouched(snapshot: Snapshot, roots: ReadonlySet<string> | undefined): Steps<readonly string[]> {
  const { nodes, assignmentsByTarget } = snapshot
  const isInner = (id: string): boolean => !isAccount(snapshot, id)
  const known = new Map<string, boolean>()
  const isBelow = (parentId: string | undefined): boolean => {
    if (parentId === undefined) return false
    const is = known.get(parentId) ?? pathOf(snapshot, parentId).some((node) => roots!.has(node))
    known.set(parentId, is)
    return is
  }
  const isTouched = (id: string): boolean => !roots || roots.has(id) || isBelow(nodes.get(id)?.parentId)
  const depthOf = (id: string): number => pathOf(snapshot, id).length
  const touched: string[] = []
  yield* eachInSteps(assignmentsByTarget.keys(), (id) => {
    if (isInner(id) && isEnforcedAt(snapshot, id) && isTouched(id)) touched.push(id)
  })
  touched.sort((a, b) => depthOf(a) - depthOf(b))
  if (roots && ![...roots].some(isInner)) return [...touched, ...roots]
  yield* eachInSteps(nodes.values(), ({ id, kind }) => {
    if (kind === 'account' && isTouched(id)) touched.push(id)
  })
  // Accounts outside the organization have no node, and are looked at where something is enabled on them.
  yield* eachInSteps(assignmentsByTarget.keys(), (id) => {
    if (!nodes.has(id) && isTouched(id)) touched.push(id)
  })
  return touched
}

// Examining ----------------------------------------------------------------------------------------------------------

interface Evaluated {
  readonly conflicts: readonly { readonly key: string; readonly conflict: Conflict }[]
  /** What tells conflicts of one node apart; also of those that are not told because a plainer one is. */
  readonly keys: ReadonlySet<string>
}
const nothing: Evaluated = { conflicts: [], keys: new Set() }

/** Assignments that count together, and what in their documents tells the accounts below them apart. */
interface Standing {
  readonly key: string
  readonly lists: readonly (readonly Assignment[])[]
  readonly pairs: readonly Pair[]
  readonly traits: AccountTraits
}

/** Examines nodes of one snapshot, each class of them once. */
class Examiner {
  readonly #snapshot: Snapshot
  readonly #pairs: ReadonlySet<string> | undefined
  readonly #cost: Look['cost']
  /** The nearest node with assignments that enforce, of nodes above accounts. */
  readonly #governors = new Map<string, string | undefined>()
  readonly #standings = new Map<string, Standing | undefined>()
  readonly #traits = new Map<string, Pick<Standing, 'pairs' | 'traits'>>()
  readonly #evaluated = new Map<string, { readonly node: string; readonly evaluated: Evaluated }>()

  constructor(snapshot: Snapshot, pairs: ReadonlySet<string> | undefined, cost: Look['cost']) {
    this.#snapshot = snapshot
    this.#pairs = pairs
    this.#cost = cost
  }

  at(node: string): Evaluated {
    const governor = this.#governorOf(node)
    const standing = governor === undefined ? undefined : this.#standingAt(governor)
    if (!standing) return nothing
    const signature = isAccount(this.#snapshot, node) ? standing.traits.signatureOf(node) : 'unit'
    const key = `${standing.key}\n${signature}`
    const known = this.#evaluated.get(key)
    if (known) return relocate(known.evaluated, known.node, node)
    const evaluated = this.#evaluate(node, standing)
    this.#evaluated.set(key, { node, evaluated })
    return evaluated
  }

  /** What is in conflict at the unit that an account's assignments come from. */
  aboveOf(node: string): ReadonlySet<string> {
    const governor = this.#governorOf(node)
    return governor === undefined || governor === node ? nothing.keys : this.at(governor).keys
  }

  #governorOf(node: string): string | undefined {
    const snapshot = this.#snapshot
    if (isEnforcedAt(snapshot, node)) return node
    const parentId = snapshot.nodes.get(node)?.parentId
    if (parentId === undefined) return undefined
    if (!this.#governors.has(parentId)) {
      const governor = pathOf(snapshot, parentId).findLast((above) => isEnforcedAt(snapshot, above))
      this.#governors.set(parentId, governor)
    }
    return this.#governors.get(parentId)
  }

  #standingAt(governor: string): Standing | undefined {
    if (this.#standings.has(governor)) return this.#standings.get(governor)
    const standing = this.#makeStanding(governor)
    this.#standings.set(governor, standing)
    return standing
  }

  /** Undefined where no two documents are for one pair: then nothing can be in conflict. */
  #makeStanding(governor: string): Standing | undefined {
    const snapshot = this.#snapshot
    const lists = [assignmentsOn(snapshot, 'enforce', pathOf(snapshot, governor)), hiddenOn(snapshot, governor)]
    if (lists.every((list) => list.length < 2)) return undefined
    const own = isAccount(snapshot, governor) ? governor : undefined
    const textOf = (assignment: Assignment): string => {
      const { policyId, kind, targetId } = assignment
      return `${policyId} ${versionOf(snapshot, assignment).version} ${kind} ${placeIn(targetId, own)}`
    }
    const key = lists.map((list) => list.map(textOf).join('\n')).join('\n\n')
    const known = this.#traits.get(key) ?? this.#traitsOf(lists)
    this.#traits.set(key, known)
    return known.pairs.length === 0 ? undefined : { key, lists, ...known }
  }

  #traitsOf(lists: Standing['lists']): Pick<Standing, 'pairs' | 'traits'> {
    const pairs = new Map<string, PolicyDocument[]>()
    for (const list of lists) {
      const ofList = new Map<string, PolicyDocument[]>()
      for (const assignment of list) {
        for (const document of versionOf(this.#snapshot, assignment).documents) {
          const key = pairKey(document)
          if (document.rules.length === 0 || this.#pairs?.has(key) === false) continue
          ofList.set(key, [...(ofList.get(key) ?? []), document])
        }
      }
      for (const [key, documents] of ofList) {
        if (documents.length > 1) pairs.set(key, [...(pairs.get(key) ?? []), ...documents])
      }
    }
    const conditions = [...pairs.values()].flat().flatMap(({ rules }) => rules.flatMap(({ when }) => when ?? []))
    return {
      pairs: [...pairs.values()].map(([first]) => first!),
      traits: new AccountTraits(this.#snapshot, conditions),
    }
  }

  #evaluate(node: string, { lists, pairs }: Standing): Evaluated {
    const isUnit = !isAccount(this.#snapshot, node)
    const conflicts: { key: string; conflict: Conflict }[] = []
    const keys = new Set<string>()
    const path = pathOf(this.#snapshot, node)
    for (const list of lists) {
      for (const pair of list.length < 2 ? [] : pairs) {
        if (this.#cost) this.#cost.evaluations++
        const { finals, base } = partsOf(this.#snapshot, list, pair)
        if (!base) continue
        const parts = finals.includes(base) ? finals : [base, ...finals]
        if (parts.length < 2) continue
        // Which accounts a unit will have is not known: what conditions make of them is found when they are made.
        const isOpen = isUnit && parts.some(({ document }) => document.rules.some(({ when }) => when))
        const type = findResourceType(pair.resourceType, this.#snapshot.resourceTypes)
        const sides = parts.map((part) => sideOf(this.#snapshot, path, { part, isFinal: finals.includes(part), type }))
        const { locale, resourceType } = pair
        for (const { key, told } of [...settingsAtOdds(sides), ...(isOpen ? [] : poolsAtOdds(sides))]) {
          const whole = `${locale}\n${resourceType}\n${key(isUnit ? undefined : node)}`
          if (told && !keys.has(whole))
            conflicts.push({ key: whole, conflict: { node, locale, resourceType, ...told } })
          keys.add(whole)
        }
      }
    }
    return { conflicts, keys }
  }
}

/** An account's own policies, where what administrators say keeps them from counting: they come into force when that ends. */
function hiddenOn(snapshot: Snapshot, target: string): readonly Assignment[] {
  const enforced = (snapshot.assignmentsByTarget.get(target) ?? []).filter(({ mode }) => mode === 'enforce')
  const own = enforced.filter(({ managedBy }) => managedBy === 'account')
  if (own.length === 0) return own
  const counting = assignmentsOn(snapshot, 'enforce', pathOf(snapshot, target))
  return counting.includes(own[0]!) ? [] : own.toSorted((a, b) => (a.policyId < b.policyId ? -1 : 1))
}

/** So that accounts with the same assignments, each of them its own target, are one class. */
const placeIn = (target: string, account: string | undefined): string => (target === account ? 'itself' : target)

const isEnforcedAt = ({ assignmentsByTarget }: Snapshot, node: string): boolean =>
  assignmentsByTarget.get(node)?.some(({ mode }) => mode === 'enforce') === true

/** What is in no organization is an account. */
const isAccount = ({ nodes }: Snapshot, id: string): boolean => (nodes.get(id)?.kind ?? 'account') === 'account'

/** What was evaluated for one node of a class, as it is for another. */
function relocate({ conflicts, keys }: Evaluated, from: string, to: string): Evaluated {
  if (from === to || conflicts.length === 0) return { conflicts, keys }
  const move = (party: Party): Party => (party.target === from ? { ...party, target: to } : party)
  return {
    keys,
    conflicts: conflicts.map(({ key, conflict }) => {
      const [one, other] = conflict.parties
      return { key, conflict: { ...conflict, node: to, parties: [move(one), move(other)] } }
    }),
  }
}

// Two documents ------------------------------------------------------------------------------------------------------

type Family = 4 | 6
const families = [4, 6] as const

/** What one document leaves for an account. */
interface Side {
  readonly by: Party
  readonly isFinal: boolean
  /** Absent where it lists no pool of the family at all; empty where none of them is for the account. */
  readonly pools: { readonly [F in Family]?: ReadonlySet<string> }
  readonly settings: PolicySettings
  readonly type: ResourceType | undefined
}

/** `told` is undefined where it only marks what is so: something plainer is told. */
interface Odds {
  /** For an account, or where it is undefined for a unit. */
  readonly key: (account: string | undefined) => string
  readonly told?: Pick<Conflict, 'kind' | 'parties' | 'problem'>
}

function sideOf(
  snapshot: Snapshot,
  path: readonly string[],
  { part, isFinal, type }: { readonly part: Part; readonly isFinal: boolean; readonly type: ResourceType | undefined },
): Side {
  const { document, by } = part
  const pools: { [F in Family]?: Set<string> } = {}
  for (const { pool: id, when } of document.rules) {
    const pool = snapshot.pools.get(id)
    if (!pool) continue
    const listed = pools[pool.family] ?? new Set()
    pools[pool.family] = listed
    if (unmetCondition(snapshot, path, when) === undefined && canServe(pool, document, type)) listed.add(id)
  }
  return { by, isFinal, pools, settings: document.settings, type }
}

/** Whether any request within the document's settings could also be within the pool's own rules. */
const canServe = (pool: PoolFacts, { settings }: PolicyDocument, type: ResourceType | undefined): boolean =>
  !type || agreements.every(({ name, agreement }) => agreement.canBeServed(settings[name], pool, type))

const pairsOf = (sides: readonly Side[]): readonly (readonly [Side, Side])[] =>
  sides.flatMap((one, i) => sides.slice(i + 1).map((other) => [one, other] as const))

/** Whichever of the two gives the order. */
const keyOf =
  (what: string, [one, other]: readonly [Side, Side]): Odds['key'] =>
  (account) => {
    const nameOf = ({ by }: Side): string => `${by.policy} ${placeIn(by.target, account)}`
    return [what, ...[nameOf(one), nameOf(other)].sort()].join('\n')
  }

/** Setting by setting: what no request could meet of two documents. */
function* settingsAtOdds(sides: readonly Side[]): Generator<Odds> {
  for (const { name, agreement } of agreements) {
    for (const both of pairsOf(sides)) {
      const [one, other] = both
      for (const { what, problem } of agreement.atOdds(one.settings[name], other.settings[name], one.type)) {
        yield { key: keyOf(what, both), told: { kind: agreement.kind, parties: [one.by, other.by], problem } }
      }
    }
  }
}

/**
 * In each family that both list. A default that has nothing for the account is at odds with nobody: that is what rules
 * for other accounts are meant to do. A final that has nothing for it takes away what the others give.
 */
function* poolsAtOdds(all: readonly Side[]): Generator<Odds> {
  for (const family of families) {
    const sides = all.filter(({ pools, isFinal }) => pools[family] && (isFinal || pools[family].size > 0))
    if (sides.length < 2 || sides.every(({ pools }) => pools[family]!.size === 0)) continue
    const isOnlyFamily = all.every(({ pools }) => !pools[family === 4 ? 6 : 4])
    const only = isOnlyFamily ? {} : { family }
    let isTold = false
    for (const both of pairsOf(sides)) {
      const [one, other] = both
      const [a, b] = [one.pools[family]!, other.pools[family]!]
      if ((a.size === 0 && b.size === 0) || !a.isDisjointFrom(b)) continue
      isTold = true
      const told = {
        kind: 'pools',
        parties: [one.by, other.by],
        problem: { why: 'no-pool-in-common', ...only },
      } as const
      yield { key: keyOf(`pools ${family}`, both), told }
    }
    let shared = sides[0]!.pools[family]!
    const emptying = sides.find(({ pools }) => {
      shared = shared.intersection(pools[family]!)
      return shared.size === 0
    })
    if (!emptying) continue
    // Each two of them have a pool in common, and all together none.
    const problem = { why: 'no-pool-in-common-with-all', ...only } as const
    const parties = [sides[0]!.by, emptying.by] as const
    yield { key: () => `all pools ${family}`, ...(isTold ? {} : { told: { kind: 'pools', parties, problem } }) }
  }
}
