// Erasing who somebody was from the record: what was done stays on it, and stays proven.
import type { Store } from '#store/store.ts'

const originsPerTurn = 500

/** Erases a principal, by ARN, from what is on record of requests; answers from how many kinds of requests. Only the owner of the database may. */
export async function erasePrincipal(store: Store, account: string, principal: string): Promise<number> {
  let erased = 0
  for (;;) {
    const count = await store.write(async (tx) => {
      const some = await tx.evidence.eraseOrigins(principal, originsPerTurn)
      // Not whom: that is gone.
      if (some > 0)
        await tx.journal.recordOwn(tx, 'operator', { action: 'ErasePrincipal', account, subjects: [`count:${some}`] })
      return some
    })
    erased += count
    if (count < originsPerTurn) return erased
  }
}
