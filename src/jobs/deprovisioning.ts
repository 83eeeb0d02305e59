// CIDRs that were deprovisioned while released space in them rested leave their pools when the last rest ends.
import { finishDeprovisioning } from '#operations/ipam/pool-removal.ts'
import { recordOwn } from '#operations/record/own-entries.ts'
import type { Job } from './job.ts'

/** Each has an entry in the record of its pool's account. */
export const finishDeprovisions: Job = {
  name: 'finish-deprovisioning',
  everySeconds: 1,
  turnsMax: 20,
  isDue: ({ store }) => store.read(async (tx) => (await tx.pools.leaving(tx.now, 1)).length > 0),
  turn: ({ store }) =>
    store.write(async (tx) => {
      tx.subjects.begin()
      for (const { pool } of await finishDeprovisioning({ tx }, 1)) {
        const subjects = [pool.id, ...tx.subjects.take()]
        await recordOwn(tx, 'housekeeping', { action: 'DeprovisionIpamPoolCidr', account: pool.account, subjects })
      }
    }),
}
