// What sources leave behind: snapshots that went silent, what deleted ones had told, and versions that nobody asks for any more.
import { tidySources, untidySource } from '#operations/estate/upkeep.ts'
import { recordOwn } from '#operations/record/own-entries.ts'
import type { Job } from './job.ts'

export const tidyUpSources: Job = {
  name: 'sources',
  everySeconds: 60,
  turnsMax: 10,
  goesOn: true,
  isDue: ({ store }) => store.read(async (tx) => (await untidySource(tx)) !== undefined),
  turn: ({ store, account }) =>
    store.write(async (tx) => {
      tx.subjects.begin()
      const done = await tidySources(tx)
      if (!done) return
      const { action, id } = done
      await recordOwn(tx, 'housekeeping', { action, account, subjects: [id] })
    }),
}
