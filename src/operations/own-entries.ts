// What is done without a request is on record like everything else (invariant I7): by the operator at the machine, and by the servers themselves.
import type { Transaction } from '#store/store.ts'

/** @param account whose entry it is */
export async function recordOwn(
  tx: Transaction,
  by: 'operator' | 'housekeeping',
  { action, account, subjects }: { readonly action: string; readonly account: string; readonly subjects: string[] },
): Promise<void> {
  const n = tx.nextSequence()
  await tx.journal.record({
    n,
    at: tx.now,
    requestId: `${by}-${n}`,
    account,
    principal: by,
    accessKeyId: '',
    sourceAddress: 'local',
    region: '',
    action,
    outcome: 'Success',
    subjects,
  })
}
