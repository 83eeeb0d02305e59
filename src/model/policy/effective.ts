// What is in force at a node of the tree for one locale and type, and where each part of it comes from (policy-model §3).

import type { Party } from './decision.ts'
import { type Assignment, findDocument, type PolicyDocument, type RuleCondition } from './document.ts'
import { type ExceptionFacts, isInForce } from './exception.ts'
import { exceptionsNotOver } from './exception-index.ts'
import { assignmentsOn, denyingCentrally, hasMode, type Pair, resolve } from './resolve.ts'
import { type SettingName, settingNames, settingOf } from './settings.ts'
import { emptyCaches, pathOf, type ResolvedDocument, type ResolvedRule, type Snapshot, type World } from './snapshot.ts'
import type { Reason, SkipReason } from './trace.ts'
import type { Mode } from './values.ts'

/** A rule of the document that gives the order, as it stands at the node. */
export interface EffectiveRule {
  readonly pool: string
  /** Its place in the document, counted from 1. */
  readonly number: number
  /** `depends`: at a unit or root, conditions tell the accounts below apart. */
  readonly inForce: 'yes' | 'no' | 'depends'
  readonly because?: SkipReason | Reason<'outside'>
  /** The final that does not list the pool, where that is why. */
  readonly excludedBy?: Party
  readonly when?: RuleCondition
}

/** What a final made stricter than the document that gives the order has it. */
export interface Narrowing {
  readonly by: Party
  readonly setting: 'pools' | SettingName
  readonly from: string
  readonly to: string
}

export interface EffectiveDocument extends Omit<ResolvedDocument, 'rules'> {
  readonly rules: readonly EffectiveRule[]
  readonly narrowings: readonly Narrowing[]
}

/** What holds where the assignments that count are those of one world. */
export interface EffectiveWorld {
  readonly document?: EffectiveDocument
  /** Where no document applies. An account whose own IPAM says `deny` is stricter than the unit that it is in. */
  readonly unmatched: { readonly value: 'provider' | 'deny'; readonly ipam?: string }
}

/** What an assignment on the path has to do with it. */
export type Part =
  /** Its document gives the pools and their order. */
  | 'order'
  /** A final whose document narrows them. */
  | 'narrows'
  /** A default behind a nearer one. */
  | 'hidden'
  | 'no-document'
  /** Self-enabled, where an administrator's assignment is on the path, or their IPAM lets nothing pass outside policy. */
  | 'not-counted'

export interface EffectiveAssignment {
  readonly party: Party
  readonly kind: Assignment['kind']
  readonly mode: Mode
  readonly managedBy: Assignment['managedBy']
  readonly part: Part
}

/** What a policy that the account enables on itself does, or would do. */
export interface SelfEnabled {
  readonly counts: boolean
  /** The administrator's assignment on the path for which it does not count; absent where it is their IPAM (`unmatched`). */
  readonly because?: Party
  /** What it would come to if it counted; absent where the account has enabled none, or it says nothing of the pair. */
  readonly document?: EffectiveDocument
}

export interface EffectiveView {
  readonly node: string
  readonly isAccount: boolean
  /** Root first. */
  readonly path: readonly string[]
  readonly enforced: EffectiveWorld
  /** As if those that warn were enforced too; absent where none warns. */
  readonly warned?: EffectiveWorld
  /** As if those that warn or observe were enforced too; absent where none observes. */
  readonly observed?: EffectiveWorld
  /** All on the path that are not off, root first. */
  readonly assignments: readonly EffectiveAssignment[]
  /** At an account alone. */
  readonly selfEnabled?: SelfEnabled
  /** Those on the path that speak of the pair and are in force, or will be; the nearest first. */
  readonly exceptions: readonly EffectiveException[]
}

export interface EffectiveException extends ExceptionFacts {
  readonly isInForce: boolean
}

/** What `decide` goes by at a node: an account, or what the accounts below a unit or root begin with. */
export function effectiveAt(snapshot: Snapshot, node: string, pair: Pair, now: Date): EffectiveView {
  const path = pathOf(snapshot, node)
  const kind = snapshot.nodes.get(node)?.kind ?? 'account'
  const isAccount = kind === 'account'
  const worldAs = (world: World): EffectiveWorld => worldAt(snapshot, world, node, pair)
  return {
    node,
    isAccount,
    path,
    enforced: worldAs('enforce'),
    ...(hasMode(snapshot, node, 'warn') ? { warned: worldAs('warn') } : {}),
    ...(hasMode(snapshot, node, 'observe') ? { observed: worldAs('observe') } : {}),
    assignments: effectiveAssignmentsAt(snapshot, node, pair),
    ...(isAccount ? { selfEnabled: selfEnabledAt(snapshot, node, pair) } : {}),
    exceptions: exceptionsAt(snapshot, path, pair, now.getTime()),
  }
}

/** All assignments on the path that are not off, root first, with what each has to do with the pair. */
export const effectiveAssignmentsAt = (snapshot: Snapshot, node: string, pair: Pair): readonly EffectiveAssignment[] =>
  pathOf(snapshot, node).flatMap((target) =>
    (snapshot.assignmentsByTarget.get(target) ?? []).map((assignment) =>
      assignmentAt(snapshot, assignment, node, pair),
    ),
  )

const exceptionsAt = (
  { exceptions }: Snapshot,
  path: readonly string[],
  pair: Pair,
  now: number,
): readonly EffectiveException[] =>
  exceptionsNotOver(exceptions, path, pair, now).map((exception) => ({
    ...exception,
    isInForce: isInForce(exception, now),
  }))

function worldAt(snapshot: Snapshot, world: World, node: string, pair: Pair): EffectiveWorld {
  const { document, unmatched } = resolve(snapshot, world, node, pair)
  return {
    ...(document ? { document: describe(snapshot, document, node, pair) } : {}),
    unmatched: isRoot(snapshot, node) ? (unmatchedBelow(snapshot) ?? unmatched) : unmatched,
  }
}

const isRoot = (snapshot: Snapshot, node: string): boolean => snapshot.nodes.get(node)?.kind === 'root'

/** A root has no path above it, yet its accounts are members, for whom the delegated administrator's IPAM has a say. */
function unmatchedBelow(snapshot: Snapshot): EffectiveWorld['unmatched'] | undefined {
  for (const { id, account, unmatched } of snapshot.ipams.values()) {
    if (account === snapshot.delegatedAdministrator && unmatched === 'deny') return { value: 'deny', ipam: id }
  }
  return undefined
}

function describe(snapshot: Snapshot, document: ResolvedDocument, node: string, pair: Pair): EffectiveDocument {
  const base = documentOf(snapshot, document.by, pair)!
  const rules = document.rules.map((rule) => ruleAt(snapshot, rule, { base, node, pair }))
  return { ...document, rules, narrowings: [...narrowedPools(document), ...narrowedSettings(document, base)] }
}

const documentOf = (
  snapshot: Snapshot,
  { policy }: Party,
  { locale, resourceType }: Pair,
): PolicyDocument | undefined => findDocument(snapshot.policies.get(policy)!, locale, resourceType)

function ruleAt(
  snapshot: Snapshot,
  { pool, number, skipped, excludedBy }: ResolvedRule,
  { base, node, pair }: { readonly base: PolicyDocument; readonly node: string; readonly pair: Pair },
): EffectiveRule {
  const when = base.rules[number - 1]?.when
  const isAccount = (snapshot.nodes.get(node)?.kind ?? 'account') === 'account'
  const conditions = [when, ...finalsOn(snapshot, node, pair).map((document) => conditionOn(document, pool))]
  const depends = !isAccount && conditions.some((condition) => condition && !isMetBelow(condition, skipped))
  return {
    pool,
    number,
    inForce: depends ? 'depends' : skipped === undefined ? 'yes' : 'no',
    ...(skipped === undefined ? {} : { because: skipped }),
    ...(excludedBy ? { excludedBy } : {}),
    ...(when ? { when } : {}),
  }
}

/** A condition that asks for units alone and is met at a node is met by everything below it. */
const isMetBelow = ({ accounts, tags }: RuleCondition, skipped: ResolvedRule['skipped']): boolean =>
  !accounts && !tags && skipped === undefined

const conditionOn = ({ rules }: PolicyDocument, pool: string): RuleCondition | undefined =>
  rules.find((rule) => rule.pool === pool)?.when

function finalsOn(snapshot: Snapshot, node: string, { locale, resourceType }: Pair): PolicyDocument[] {
  return assignmentsOn(snapshot, 'observe', pathOf(snapshot, node)).flatMap(({ kind, policyId }) => {
    const document = findDocument(snapshot.policies.get(policyId)!, locale, resourceType)
    return kind === 'final' && document ? [document] : []
  })
}

// What finals narrowed -----------------------------------------------------------------------------------------------

/** A final that gives the order narrows nothing: it is what is narrowed. */
const narrowedPools = ({ rules, by }: ResolvedDocument): Narrowing[] =>
  rules.flatMap(({ pool, excludedBy }) =>
    excludedBy && excludedBy !== by ? [{ by: excludedBy, setting: 'pools', from: pool, to: 'not listed' }] : [],
  )

const narrowedSettings = (document: ResolvedDocument, { settings }: PolicyDocument): Narrowing[] =>
  settingNames.flatMap((setting) =>
    settingOf(setting)
      .narrowed(settings[setting], document[setting])
      .filter(({ by }) => by !== document.by)
      .map((one) => ({ ...one, setting })),
  )

// Assignments --------------------------------------------------------------------------------------------------------

function assignmentAt(snapshot: Snapshot, assignment: Assignment, node: string, pair: Pair): EffectiveAssignment {
  const { policyId, targetId, kind, mode, managedBy } = assignment
  const version = snapshot.policies.get(policyId)!
  const party = { policy: policyId, version: version.version, target: targetId, owner: version.account }
  return { party, kind, mode, managedBy, part: partOf(snapshot, assignment, node, pair) }
}

/** In the world of its own mode: what one that observes would be if all that watch acted. */
function partOf(snapshot: Snapshot, assignment: Assignment, node: string, pair: Pair): Part {
  const world: World = assignment.mode === 'off' ? 'observe' : assignment.mode
  if (!assignmentsOn(snapshot, world, pathOf(snapshot, node)).includes(assignment)) return 'not-counted'
  const { policyId, targetId, kind } = assignment
  if (!findDocument(snapshot.policies.get(policyId)!, pair.locale, pair.resourceType)) return 'no-document'
  const { document } = resolve(snapshot, world, node, pair)
  if (document?.by.policy === policyId && document.by.target === targetId) return 'order'
  return kind === 'final' ? 'narrows' : 'hidden'
}

function selfEnabledAt(snapshot: Snapshot, account: string, pair: Pair): SelfEnabled {
  const path = pathOf(snapshot, account)
  const onPath = path.flatMap((target) => snapshot.assignmentsByTarget.get(target) ?? [])
  const standing = onPath.find(({ managedBy, mode }) => managedBy !== 'account' && mode === 'enforce')
  const own = onPath.filter(({ managedBy, targetId }) => managedBy === 'account' && targetId === account)
  const because = standing && assignmentAt(snapshot, standing, account, pair).party
  return {
    counts: standing === undefined && !denyingCentrally(snapshot, path),
    ...(because ? { because } : {}),
    ...documentAlone(snapshot, account, own, pair),
  }
}

/** What the account's own assignments come to where no others are. */
function documentAlone(
  snapshot: Snapshot,
  account: string,
  own: readonly Assignment[],
  pair: Pair,
): Pick<SelfEnabled, 'document'> {
  if (own.length === 0) return {}
  const alone: Snapshot = {
    ...snapshot,
    // Nor does the administrator's IPAM say anything then.
    delegatedAdministrator: undefined,
    assignmentsByTarget: new Map([[account, own]]),
    caches: emptyCaches(),
  }
  const { document } = resolve(alone, 'observe', account, pair)
  return document ? { document: describe(alone, document, account, pair) } : {}
}
