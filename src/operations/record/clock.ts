// The operator's word that the clock is right, although the record has come further: from then on it holds.
import { isFarBehind } from '#model/clock.ts'
import type { ReadTransaction, Store } from '#store/store.ts'
import { recordOwn } from './own-entries.ts'

interface FarBehind {
  readonly clock: Date
  readonly newest: Date
}

/** Undefined where the clock is not so far behind that nothing is written. On a store that accepts the clock, as below. */
export const findFarBehind = (store: Store): Promise<FarBehind | undefined> => store.read(farBehindIn)

/** Makes what the clock says the moment of the newest entry; undefined where there is nothing to accept. */
export async function acceptClock(store: Store, account: string): Promise<FarBehind | undefined> {
  return store.write(async (tx) => {
    const found = await farBehindIn(tx)
    if (!found) return undefined
    // What servers have compiled left out what was over by the other clock.
    await tx.moveGovernanceEpoch()
    const subjects = [`newest-was:${found.newest.toISOString()}`]
    await recordOwn(tx, 'operator', { action: 'AcceptClock', account, subjects })
    return found
  })
}

async function farBehindIn(tx: ReadTransaction): Promise<FarBehind | undefined> {
  const newestAt = await tx.journal.newestAt()
  if (newestAt === undefined || !isFarBehind(tx.now, newestAt)) return undefined
  return { clock: new Date(tx.now), newest: new Date(newestAt) }
}
