// Decisions, and what is over of findings, that are older than they are kept: forgotten a few at a time, each time with an audit entry.
import { formatId } from '#model/identifier.ts'
import { recordOwn } from '#operations/record/own-entries.ts'
import type { Job } from './job.ts'

export const forgetDecisions: Job = {
  name: 'forget-decisions',
  everySeconds: 1,
  // Each looks at a bounded number of rows.
  turnsMax: 4,
  isDue: ({ store }) => store.read((tx) => tx.retention.isAnythingDue(tx.now)),
  turn: ({ store, account }) =>
    store.write(async (tx) => {
      const gone = await tx.retention.takeTurn(tx.now, () => tx.nextSequence())
      if (!gone) return
      const { count } = gone
      if (gone.what === 'findings') {
        const subjects = [`before:${new Date(gone.beforeAt).toISOString()}`, `count:${count}`]
        await recordOwn(tx, 'housekeeping', { action: 'ForgetFindings', account, subjects })
        return
      }
      const [first, last] = [gone.first, gone.last].map((n) => formatId('decision', tx.installation, n)) as [
        string,
        string,
      ]
      const subjects = [first, last, `count:${count}`]
      await recordOwn(tx, 'housekeeping', { action: 'ForgetDecisions', account, subjects })
    }),
}
