// The governance state, compiled for decisions: made once per epoch, and kept for whoever asks next.
import { compileInSteps, type Snapshot } from '#model/policy/snapshot.ts'
import type { KeptName, ReadTransaction } from '#store/store.ts'
import { inTurns } from './turns.ts'

const compiled: KeptName<Snapshot> = { name: 'snapshot' }

/** Undefined where none is kept of the transaction's epoch. */
export function currentSnapshot(tx: ReadTransaction): Snapshot | undefined {
  const known = tx.recall(compiled)
  return known?.epoch === tx.governanceEpoch ? known : undefined
}

/** @param keep for others; not where rows may have changed that the epoch does not count yet */
export async function snapshotOf(tx: ReadTransaction, { keep }: { readonly keep: boolean }): Promise<Snapshot> {
  const known = currentSnapshot(tx)
  if (known) return known
  const snapshot = await tx.forAll(async () =>
    inTurns(tx, compileInSteps(await tx.governance.facts(), tx.governanceEpoch)),
  )
  if (keep) tx.keep(compiled, snapshot)
  return snapshot
}
