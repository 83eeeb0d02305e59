// The rules as they would be with one change that nobody has made: what the documents of a policy would decide if one of them were
// another, or if the policy were enabled otherwise. Candidates have no part in it.
import { Overlaid } from '../overlaid.ts'
import type { Assignment, PolicyDocument, PolicyVersion } from './document.ts'
import type { Pair } from './resolve.ts'
import { emptyCaches, type Snapshot } from './snapshot.ts'

const isSamePair = (a: Pair, b: Pair): boolean => a.locale === b.locale && a.resourceType === b.resourceType

/** @param version the number that the version would have: another one than that in force, by which what has changed is found */
export function supposeDocument(
  snapshot: Snapshot,
  policy: PolicyVersion,
  version: number,
  document: PolicyDocument,
): Snapshot {
  const others = policy.documents.filter((one) => !isSamePair(one, document))
  const supposed: PolicyVersion = { ...policy, version, documents: [...others, document] }
  const policies = new Overlaid(snapshot.policies, new Map([[policy.policyId, supposed]]))
  return { ...snapshot, policies, candidates: undefined, caches: emptyCaches() }
}

/** @param replaces the policy that gives way to it at its target */
export function supposeAssignment(snapshot: Snapshot, assignment: Assignment, replaces?: string): Snapshot {
  const { policyId, targetId, mode } = assignment
  const others = (snapshot.assignmentsByTarget.get(targetId) ?? []).filter(
    (one) => one.policyId !== policyId && one.policyId !== replaces,
  )
  const there = mode === 'off' ? others : [...others, assignment]
  const assignmentsByTarget = new Overlaid(snapshot.assignmentsByTarget, new Map([[targetId, there]]))
  return { ...snapshot, assignmentsByTarget, candidates: undefined, caches: emptyCaches() }
}
