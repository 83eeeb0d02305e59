// What is done without a request is on record like everything else (invariant I7): by the operator at the machine, and by the servers themselves.
import type { OwnChange } from '#store/journal.ts'
import type { Transaction } from '#store/store.ts'

export const recordOwn = (tx: Transaction, by: 'operator' | 'housekeeping', change: OwnChange): Promise<void> =>
  tx.journal.recordOwn(tx, by, change)
