// The check that ends every change of governance: no two assignments that could not both be met (policy-model §3).
import { type Conflict, firstConflictIn, type Look } from '#model/policy/conflicts.ts'
import { compileSnapshot, type Snapshot } from '#model/policy/snapshot.ts'
import { refuse } from '#model/refusal.ts'
import type { Reach, ReadContext } from '../operation.ts'
import { inTurns } from '../turns.ts'

/** What stood before the change is not known, and what stands after it cannot be compared without: run the work again with it. */
export class SnapshotBeforeNeeded extends Error {}

interface Change {
  /** The snapshot from before the change, where somebody has compiled it. */
  readonly before: Snapshot | undefined
  readonly reaches: readonly Reach[]
  /** Compiles the facts as they are now. */
  compile(): Promise<Snapshot>
}

/**
 * Refuses a change after which two assignments could not both be met, naming both. To be called after the change, in its
 * transaction. What already stood against each other at the same node is not this change's doing, and must not keep
 * anybody from repairing something else.
 *
 * A change that reaches single accounts is checked against the few rows that say what applies to these; only where one of them
 * meets a conflict, or the change reaches further, are all facts compiled.
 * @throws SnapshotBeforeNeeded where there are conflicts, and `before` is undefined
 */
export async function refuseNewConflicts(context: ReadContext, { before, reaches, compile }: Change): Promise<void> {
  const accounts = reaches.flatMap((reach) => (typeof reach === 'object' ? reach.account : []))
  // Where nobody said how far it reaches, it reaches everywhere.
  const isNarrow = reaches.length > 0 && !reaches.includes('everything')
  if (isNarrow && !(await meetsConflict(context, accounts))) return
  const after = await compile()
  const { tx } = context
  if (!before && (await inTurns(tx, firstConflictIn(after)))) throw new SnapshotBeforeNeeded()
  if (!before) return
  refuseIfAny(await inTurns(tx, firstConflictIn(after, { before })))
  // A candidate is looked at when it is put. What else changes may leave it one that cannot be promoted.
  if (after.candidates && hasNewCandidate(before, after)) {
    const { snapshot } = after.candidates
    refuseIfAny(await inTurns(tx, firstConflictIn(snapshot, { before: before.candidates?.snapshot ?? before })))
  }
}

async function meetsConflict({ tx }: ReadContext, accounts: readonly string[]): Promise<boolean> {
  for (const account of new Set(accounts)) {
    const facts = await tx.governance.factsOf(account)
    if (facts.assignments.length < 2) continue
    const look: Look = { accounts: [account] }
    if (await inTurns(tx, firstConflictIn(compileSnapshot(facts, tx.governanceEpoch), look))) return true
  }
  return false
}

function hasNewCandidate(before: Snapshot, after: Snapshot): boolean {
  const numbersOf = ({ candidates }: Snapshot): number[] =>
    [...(candidates?.byTarget.values() ?? [])].flat().map(({ n }) => n)
  const known = new Set(numbersOf(before))
  return numbersOf(after).some((n) => !known.has(n))
}

function refuseIfAny(conflict: Conflict | undefined): void {
  if (!conflict) return
  const { kind, node, locale, resourceType, parties, problem } = conflict
  refuse({
    code: 'PolicyConflict',
    kind,
    node,
    locale,
    resourceType,
    parties: parties.map(({ policy, version, target, owner }) => ({
      policyId: policy,
      version,
      targetId: target,
      account: owner,
    })),
    problem,
  })
}
