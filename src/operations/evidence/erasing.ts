// Erasing who somebody was from the record: what was done stays on it, and stays proven.
import type { Store } from '#store/store.ts'

const originsPerTurn = 500
const tokensPerTurn = 500

export interface ErasedPrincipal {
  /** From how many kinds of requests. */
  readonly erased: number
  /** Tokens that they made, by themselves or through others: those that were over name them no more. */
  readonly made: number
  /** Those that are good, and so name them still. */
  readonly good: number
}

/**
 * Erases a principal, by ARN, from what is on record of requests: of their own, of what acted for them, and of those who had their tokens
 * from them. Only the owner of the database may.
 */
export async function erasePrincipal(store: Store, account: string, principal: string): Promise<ErasedPrincipal> {
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
    if (count < originsPerTurn) break
  }
  let [made, good] = [0, 0]
  for (let after: string | undefined = ''; after !== undefined; ) {
    const from: string = after
    const some = await store.write(async (tx) => {
      const found = await tx.evidence.eraseMaker(principal, from, tokensPerTurn)
      if (found.erased > 0) {
        const subjects = [`count:${found.erased}`]
        await tx.journal.recordOwn(tx, 'operator', { action: 'ErasePrincipal', account, subjects })
      }
      return found
    })
    made += some.erased
    good += some.good
    after = some.next
  }
  return { erased, made, good }
}
