// Decisions that are older than they are kept: forgotten a few at a time, each time with an audit entry.
import { formatId } from '#model/identifier.ts'
import { recordOwn } from '#operations/record/own-entries.ts'
import type { Store } from '#store/store.ts'

/** Transactions of one call, each of which looks at a bounded number of decisions. */
const turnsMax = 4

/** @param account whose entry in the record it is */
export async function forgetDecisions(store: Store, account: string, turns = turnsMax): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    if (!(await store.read((tx) => tx.retention.isAnythingDue(tx.now)))) return
    await store.write(async (tx) => {
      const gone = await tx.retention.takeTurn(tx.now, () => tx.nextSequence())
      if (!gone) return
      const [first, last] = [gone.first, gone.last].map((n) => formatId('decision', tx.installation, n)) as [
        string,
        string,
      ]
      const subjects = [first, last, `count:${gone.decisions}`]
      await recordOwn(tx, 'housekeeping', { action: 'ForgetDecisions', account, subjects })
    })
  }
}
