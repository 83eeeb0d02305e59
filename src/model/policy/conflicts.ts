// Which assignments cannot both be met: found when the change is made, so that no request meets an empty intersection (policy-model §3).

import type { Party } from './decision.ts'
import { findDocument, type PolicyDocument } from './document.ts'
import { assignmentsOn, resolve } from './resolve.ts'
import { type NodeFacts, pathOf, type ResolvedRule, type ResolvedSize, type Snapshot, versionOf } from './snapshot.ts'

export interface Conflict {
  readonly kind: 'pools' | 'size' | 'required-tags'
  /** The node whose requests would meet it. */
  readonly node: string
  readonly locale: string
  readonly resourceType: string
  /** The one that gives the order or the wider bound, and the one that leaves nothing of it. */
  readonly parties: readonly [Party, Party]
  readonly problem: string
}

/**
 * All conflicts among the assignments that enforce. To refuse a change, compile the facts as they would be and ask.
 * What an account meets depends on its lowest ancestor with an assignment, so only those nodes are tried, as if they
 * were accounts; accounts are tried one by one only where a rule's condition can tell them apart.
 */
export function findConflicts(snapshot: Snapshot): readonly Conflict[] {
  const found = new Map<string, Conflict>()
  for (const node of nodesToTry(snapshot)) {
    for (const pair of pairsOn(snapshot, node)) {
      for (const conflict of conflictsAt(snapshot, node, pair)) {
        const [a, b] = conflict.parties
        const key = [conflict.kind, pair.locale, pair.resourceType, a.policy, a.target, b.policy, b.target].join('\n')
        if (!found.has(key)) found.set(key, conflict)
      }
    }
  }
  return [...found.values()]
}

function nodesToTry(snapshot: Snapshot): ReadonlySet<string> {
  const nodes = new Set(snapshot.assignmentsByTarget.keys())
  const versions = [...snapshot.policies.values(), ...snapshot.otherVersions.values()]
  const hasConditions = versions.some(({ documents }) => documents.some(({ rules }) => rules.some(({ when }) => when)))
  if (!hasConditions) return nodes
  const isAccount = ({ kind, id }: NodeFacts) =>
    kind === 'account' && pathOf(snapshot, id).some((above) => nodes.has(above))
  return new Set([...nodes, ...[...snapshot.nodes.values()].filter(isAccount).map(({ id }) => id)])
}

function pairsOn(snapshot: Snapshot, node: string): readonly PolicyDocument[] {
  const pairs = new Map<string, PolicyDocument>()
  for (const assignment of assignmentsOn(snapshot, 'enforce', pathOf(snapshot, node))) {
    for (const document of versionOf(snapshot, assignment).documents) {
      pairs.set(`${document.locale}\n${document.resourceType}`, document)
    }
  }
  return [...pairs.values()]
}

function conflictsAt(snapshot: Snapshot, node: string, pair: PolicyDocument): readonly Conflict[] {
  const { locale, resourceType } = pair
  const { document } = resolve(snapshot, 'enforce', node, { locale, resourceType })
  if (!document) return []
  const conflicts: Conflict[] = []
  const add = (kind: Conflict['kind'], parties: readonly [Party, Party], problem: string) =>
    conflicts.push({ kind, node, locale, resourceType, parties, problem })

  const emptied = emptiedBy(snapshot, node, pair, document.rules)
  // A final that alone gives the order, and none of it to this account, is at odds with nobody.
  if (emptied && emptied !== document.by) add('pools', [document.by, emptied], 'they list no pool in common')

  const sizes: [string, ResolvedSize | undefined][] = [
    ['size', document.size],
    ['size-ipv6', document.sizeIpv6],
  ]
  for (const [name, size] of sizes) {
    if (size && size.min.value > size.max.value) {
      add('size', [size.max.by, size.min.by], `${name} would be from /${size.min.value} to /${size.max.value}`)
    }
  }

  const valued = document.requiredTags.filter(({ value }) => value.value !== undefined)
  valued.forEach((one, i) => {
    const other = valued.slice(i + 1).find(({ value }) => value.key === one.value.key)
    if (other) {
      add(
        'required-tags',
        [one.by, other.by],
        `tag ${one.value.key} would have to be both ${one.value.value} and ${other.value.value}`,
      )
    }
  })
  return conflicts
}

/**
 * The final at which nothing is left of the order. Undefined where conditions alone leave nothing, which is what rules
 * for other accounts are meant to do, and for a unit whose accounts the conditions tell apart.
 */
function emptiedBy(
  snapshot: Snapshot,
  node: string,
  pair: PolicyDocument,
  rules: readonly ResolvedRule[],
): Party | undefined {
  if (rules.some(({ skipped }) => skipped === undefined)) return undefined
  const isAccount = snapshot.nodes.get(node)?.kind === 'account'
  if (!isAccount && hasConditionsOn(snapshot, node, pair)) return undefined
  return rules.findLast(({ excludedBy }) => excludedBy)?.excludedBy
}

const hasConditionsOn = (snapshot: Snapshot, node: string, { locale, resourceType }: PolicyDocument): boolean =>
  assignmentsOn(snapshot, 'enforce', pathOf(snapshot, node)).some((assignment) =>
    findDocument(versionOf(snapshot, assignment), locale, resourceType)?.rules.some(({ when }) => when),
  )
