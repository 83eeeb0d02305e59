// CIDRs that were deprovisioned while released space in them rested leave their pools when the last rest ends.

import { finishDeprovisioning } from '#operations/ipam/pool-removal.ts'
import { recordOwn } from '#operations/record/own-entries.ts'
import type { Store } from '#store/store.ts'

/** CIDRs of one call, each in a transaction of its own, so that a request never waits long behind them. */
const cidrsPerTurn = 20

/** Each has an entry in the record of its pool's account. */
export async function finishDeprovisions(store: Store): Promise<void> {
  for (let turn = 0; turn < cidrsPerTurn; turn++) {
    if ((await store.read((tx) => tx.pools.leaving(tx.now, 1))).length === 0) return
    await store.write(async (tx) => {
      tx.subjects.begin()
      for (const { pool } of await finishDeprovisioning({ tx }, 1)) {
        const subjects = [pool.id, ...tx.subjects.take()]
        await recordOwn(tx, 'housekeeping', { action: 'DeprovisionIpamPoolCidr', account: pool.account, subjects })
      }
    })
  }
}
