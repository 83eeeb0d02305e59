// What is done without a request is on record like everything else (invariant I7): by the operator at the machine, and by the servers themselves.

import type { Transaction } from '#store/store.ts'
import type { OwnChange } from '#store/tables/journal.ts'

export const recordOwn = (tx: Transaction, by: 'operator' | 'housekeeping', change: OwnChange): Promise<void> =>
  tx.journal.recordOwn(tx, by, change)
