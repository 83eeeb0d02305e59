// Which documents apply to an account, and what they come to when merged (policy-model §3).

import { joinKey } from '../key.ts'
import type { AllocationRequest, Party, Verdict } from './decision.ts'
import {
  type AllocationRule,
  type Assignment,
  findDocument,
  type PolicyDocument,
  type RuleCondition,
} from './document.ts'
import { isPoolExcepted } from './exception-index.ts'
import { findResourceType, type ResourceType } from './resource-types.ts'
import { forEachSetting, type ResolvedSettings } from './settings.ts'
import {
  type IpamFacts,
  type NodeFacts,
  pathOf,
  type Resolution,
  type ResolvedDocument,
  type ResolvedRule,
  type Snapshot,
  versionOf,
  type World,
} from './snapshot.ts'
import type { SkipReason, TraceStep } from './trace.ts'

/** A document in force, and who put it there. */
export interface Part {
  readonly document: PolicyDocument
  readonly by: Party
}

const modesOf: { readonly [W in World]: readonly Assignment['mode'][] } = {
  enforce: ['enforce'],
  warn: ['enforce', 'warn'],
  observe: ['enforce', 'warn', 'observe'],
}

/**
 * Resolves one account and pair in one world.
 * `final` documents anywhere on the path all apply and can only narrow. Of the `default` ones, the nearest that has a
 * document gives the order; a policy with AWS's semantics ends the search even where it has none. With no default
 * document, the final closest to the root gives the order.
 */
export function resolve(snapshot: Snapshot, world: World, account: string, pair: Pair): Resolution {
  const key = joinKey(world, account, pair.locale, pair.resourceType)
  const known = snapshot.caches.resolutions.get(key)
  if (known) return known
  const path = pathOf(snapshot, account)
  const assignments = assignmentsOn(snapshot, world, path)
  const { finals, base, steps } = partsOf(snapshot, assignments, pair)
  if (assignments.length === 0) {
    steps.push({ kind: 'target', subject: account, result: 'miss', why: 'no-policy' })
  }
  const resolution: Resolution = {
    document: base && merge(snapshot, path, pair, { base, finals }),
    unmatched: unmatchedOf(snapshot, world, path),
    steps,
  }
  snapshot.caches.resolutions.set(key, resolution)
  return resolution
}

export interface Pair {
  readonly locale: string
  readonly resourceType: string
}

/**
 * The assignments that count on a path, root first: an account's own only where no administrator's is on the path, nor the
 * administrator's IPAM lets nothing pass outside policy: what nothing of theirs speaks of is not for the account to allow itself.
 */
export function assignmentsOn(snapshot: Snapshot, world: World, path: readonly string[]): readonly Assignment[] {
  const counted = path.flatMap((target) =>
    (snapshot.assignmentsByTarget.get(target) ?? [])
      .filter(({ mode }) => modesOf[world].includes(mode))
      .toSorted((a, b) => (a.policyId < b.policyId ? -1 : 1)),
  )
  const byAdministrators = counted.filter(({ managedBy }) => managedBy !== 'account')
  if (byAdministrators.length > 0) return byAdministrators
  if (counted.length === 0 || denyingCentrally(snapshot, path)) return []
  const account = path.at(-1)
  return counted.filter(({ targetId }) => targetId === account)
}

/** The IPAM of the organization's administrator by which its members get nothing outside policy; undefined where there is none, or for others. */
export function denyingCentrally(snapshot: Snapshot, path: readonly string[]): IpamFacts | undefined {
  const administrator = snapshot.delegatedAdministrator
  if (path.length === 1 || administrator === undefined || path.at(-1) === administrator) return undefined
  for (const ipam of snapshot.ipams.values())
    if (ipam.account === administrator && ipam.unmatched === 'deny') return ipam
  return undefined
}

/** Where what speaks of a request is enabled, and whose IPAM refuses what nothing speaks of: whoever lets it pass answers for all of them. */
export function nodesSaying(snapshot: Snapshot, { account, ...pair }: Asking, { denial }: Pick<Verdict, 'denial'>) {
  const { finals, base } = partsOf(snapshot, assignmentsOn(snapshot, 'enforce', pathOf(snapshot, account)), pair)
  const nodes = [...finals, ...(base ? [base] : [])].map(({ by }) => by.target)
  return new Set([...nodes, ...(denial?.cause === 'unmatched' && denial.owner !== undefined ? [denial.owner] : [])])
}
type Asking = Pick<AllocationRequest, 'account' | 'locale' | 'resourceType'>

/** Whether an assignment on the account's path has one of these modes. */
export function hasMode(snapshot: Snapshot, account: string, mode: Assignment['mode']): boolean {
  return pathOf(snapshot, account).some((target) =>
    snapshot.assignmentsByTarget.get(target)?.some((assignment) => assignment.mode === mode),
  )
}

/** The pools that documents enforced on the account list for it, whatever the pair: the policy itself is the grant. */
export function grantedPools(snapshot: Snapshot, account: string): ReadonlySet<string> {
  const known = snapshot.caches.grants.get(account)
  if (known) return known
  const granted = new Set<string>()
  for (const assignment of assignmentsOn(snapshot, 'enforce', pathOf(snapshot, account))) {
    for (const pair of versionOf(snapshot, assignment).documents) {
      const { document } = resolve(snapshot, 'enforce', account, pair)
      for (const { pool, skipped } of document?.rules ?? []) if (skipped === undefined) granted.add(pool)
    }
  }
  snapshot.caches.grants.set(account, granted)
  return granted
}

/** Whether the account owns the pool, or it is shared with the account or a node above it. */
export function isOwnOrShared(snapshot: Snapshot, account: string, poolId: string): boolean {
  const pool = snapshot.pools.get(poolId)
  if (!pool) return false
  if (pool.account === account) return true
  return pool.sharedWith.length > 0 && pathOf(snapshot, account).some((node) => pool.sharedWith.includes(node))
}

/**
 * Whether the account may know of the pool and name it: its own, shared with it, or listed for it by an enforced policy
 * or, where a moment is given, by an exception that is in force then.
 * To all others the pool is absent (invariant I8). Whether the pool then serves a request is for `decide` to say.
 */
export function mayUsePool(snapshot: Snapshot, account: string, poolId: string, now?: number): boolean {
  if (!snapshot.pools.has(poolId)) return false
  if (isOwnOrShared(snapshot, account, poolId) || grantedPools(snapshot, account).has(poolId)) return true
  return now !== undefined && isPoolExcepted(snapshot.exceptions, pathOf(snapshot, account), poolId, now)
}

/** The documents that these assignments, root first, have for a pair: every final's, and the one that gives the order. */
export function partsOf(snapshot: Snapshot, assignments: readonly Assignment[], pair: Pair) {
  const steps: TraceStep[] = []
  const finals: Part[] = []
  for (const assignment of assignments) {
    if (assignment.kind !== 'final') continue
    const part = partOf(snapshot, assignment, pair)
    steps.push(stepOf(snapshot, assignment, part !== undefined))
    if (part) finals.push(part)
  }
  let nearest: Part | undefined
  for (const assignment of assignments.toReversed()) {
    if (assignment.kind !== 'default') continue
    nearest = partOf(snapshot, assignment, pair)
    steps.push(stepOf(snapshot, assignment, nearest !== undefined))
    if (nearest || versionOf(snapshot, assignment).compatibility === 'aws') break
  }
  return { finals, base: nearest ?? finals[0], steps }
}

function partOf(snapshot: Snapshot, assignment: Assignment, { locale, resourceType }: Pair) {
  const { policyId, targetId } = assignment
  const version = versionOf(snapshot, assignment)
  const document = findDocument(version, locale, resourceType)
  if (!document) return undefined
  return { document, by: { policy: policyId, version: version.version, target: targetId, owner: version.account } }
}

function stepOf(snapshot: Snapshot, assignment: Assignment, isHit: boolean): TraceStep {
  const { policyId: subject, targetId: target, kind: assigned, mode } = assignment
  const { version, compatibility } = versionOf(snapshot, assignment)
  const facts = { version, assigned, target, ...(mode === 'enforce' ? {} : { mode }) }
  if (isHit) return { kind: 'document', subject, result: 'hit', why: 'has-document', ...facts }
  const isWhole = assigned === 'default' && compatibility === 'aws'
  const whole = isWhole ? { isWhole } : {}
  return { kind: 'document', subject, result: 'miss', why: 'has-no-document', ...facts, ...whole }
}

function merge(
  snapshot: Snapshot,
  path: readonly string[],
  { resourceType }: Pair,
  { base, finals }: { readonly base: Part; readonly finals: readonly Part[] },
): ResolvedDocument {
  const type = findResourceType(resourceType, snapshot.resourceTypes)
  const narrowing = finals.filter((part) => part !== base)
  const parts = [base, ...narrowing]
  // A final that gives the order, and nothing of it to this account, takes away what another final would have given it.
  const takesAll =
    finals.includes(base) && !listsAny(snapshot, path, base) && narrowing.some((part) => listsAny(snapshot, path, part))
  const resolveRule = ({ pool, when }: AllocationRule, index: number): ResolvedRule => {
    const rule = { pool, number: index + 1 }
    const unmet = unmetCondition(snapshot, path, when)
    if (unmet !== undefined) return { ...rule, skipped: unmet, excludedBy: takesAll ? base.by : undefined }
    const by = narrowing.find((part) => !lists(snapshot, path, part, pool))?.by
    if (!by) return rule
    const skipped = { why: 'narrowed', policy: by.policy, target: by.target } as const
    return { ...rule, skipped, excludedBy: by }
  }
  return {
    by: base.by,
    rules: base.document.rules.map(resolveRule),
    ...mergedSettings(parts, type),
  }
}

const mergedSettings = (parts: readonly Part[], type: ResourceType | undefined): ResolvedSettings =>
  forEachSetting((name, setting) =>
    setting.merge(
      parts.map(({ document, by }) => ({ value: document.settings[name], by })),
      type,
    ),
  ) as unknown as ResolvedSettings

const listsAny = (snapshot: Snapshot, path: readonly string[], { document }: Part): boolean =>
  document.rules.some(({ when }) => unmetCondition(snapshot, path, when) === undefined)

const lists = (snapshot: Snapshot, path: readonly string[], part: Part, pool: string): boolean =>
  part.document.rules.some((rule) => rule.pool === pool && unmetCondition(snapshot, path, rule.when) === undefined)

/** What conditions read of the tree: a snapshot has it, and so has what it would become with other tags. */
export interface TagsByNode {
  readonly nodes: { get(id: string): Pick<NodeFacts, 'tags'> | undefined }
}

/** Which part of a condition does not hold for the account at the path's end; undefined where all do. */
export function unmetCondition(
  tree: TagsByNode,
  path: readonly string[],
  when?: RuleCondition,
): SkipReason | undefined {
  if (!when) return undefined
  const account = path.at(-1)!
  if (when.accounts && !when.accounts.includes(account)) return { why: 'for-other-accounts' }
  if (when.organizationalUnits && !path.some((node) => when.organizationalUnits!.includes(node)))
    return { why: 'for-other-units' }
  for (const { key, values } of when.tags ?? []) {
    const value = path.findLast((node) => tree.nodes.get(node)?.tags?.has(key))
    const tag = value === undefined ? undefined : tree.nodes.get(value)!.tags!.get(key)!
    if (tag === undefined || !values.includes(tag))
      return { why: 'for-other-tags', key, values, ...(tag === undefined ? {} : { tag }) }
  }
  return undefined
}

/**
 * Which IPAMs have a say where no document applies: the account's own, that of the delegated administrator for accounts
 * in the organization, and those whose policies are enabled on the path. The strictest word holds.
 */
function unmatchedOf(snapshot: Snapshot, world: World, path: readonly string[]): Resolution['unmatched'] {
  const account = path.at(-1)!
  const isMember = path.length > 1
  const fromPolicies = new Set(
    assignmentsOn(snapshot, world, path).map((assignment) => versionOf(snapshot, assignment).ipamId),
  )
  for (const ipam of snapshot.ipams.values()) {
    const hasSay =
      ipam.account === account ||
      (isMember && ipam.account === snapshot.delegatedAdministrator) ||
      fromPolicies.has(ipam.id)
    if (hasSay && ipam.unmatched === 'deny') return { value: 'deny', ipam: ipam.id }
  }
  return { value: 'provider' }
}
