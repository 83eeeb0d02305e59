// The check that ends every change of governance: no two assignments that could not both be met.
import { type Conflict, findConflicts } from '#model/policy/conflicts.ts'
import { compileSnapshot, type Snapshot } from '#model/policy/snapshot.ts'
import { refuse } from '#model/refusal.ts'
import type { WriteContext } from './operation.ts'

/**
 * Refuses a change after which two assignments could not both be met (policy-model §3), naming both.
 * To be called after the change, in its transaction. `before` is the snapshot from before the change: what already stood
 * against each other there is not this change's doing, and must not keep anybody from repairing something else.
 */
export async function refuseConflicts(context: WriteContext, before?: Snapshot): Promise<void> {
  refuseNewOf(await compileAnew(context), before)
}

/** The same for the world in which every candidate has replaced what it stands beside. */
export async function refuseCandidateConflicts(context: WriteContext, before: Snapshot): Promise<void> {
  const after = await compileAnew(context)
  if (after.candidates) refuseNewOf(after.candidates.snapshot, before.candidates?.snapshot ?? before)
}

const compileAnew = async ({ tx }: WriteContext): Promise<Snapshot> =>
  compileSnapshot(await tx.governance.facts(), tx.governanceEpoch)

function refuseNewOf(after: Snapshot, before: Snapshot | undefined): void {
  const conflicts = findConflicts(after)
  if (conflicts.length === 0) return
  const known = new Set(before ? findConflicts(before).map(identityOf) : [])
  const conflict = conflicts.find((conflict) => !known.has(identityOf(conflict)))
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

const identityOf = ({ kind, locale, resourceType, parties }: Conflict): string =>
  [kind, locale, resourceType, ...parties.map(({ policy, target }) => `${policy} ${target}`)].join('\n')
