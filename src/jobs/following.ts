// What differs becomes findings, after each snapshot that holds and once an hour; and so do sources that have gone silent.
import {
  anyStalenessToWrite,
  beginFindingTurn,
  type FollowStep,
  followDifferences,
  lookForFindings,
  settleStaleness,
  sourceToFollow,
} from '#operations/estate/difference-findings.ts'
import { recordOwn } from '#operations/record/own-entries.ts'
import type { Job } from './job.ts'

/** Parts that are looked through before how far that was is written. */
const partsPerTurn = 20
const asServer = 'housekeeping'

export const followSources: Job = {
  name: 'follow-sources',
  everySeconds: 10,
  turnsMax: 5,
  goesOn: true,
  isDue: ({ store }) => store.read(async (tx) => (await sourceToFollow(tx)) !== undefined),
  async turn({ store, act }) {
    const source = await store.write(beginFindingTurn)
    if (!source) return
    let from = source.foundAfter
    for (let parts = 1; ; parts++) {
      const step = (await act(lookForFindings, { sourceId: source.id, from }, asServer)) as FollowStep | undefined
      if (!step) return
      if (step.isToWrite || step.next === undefined || parts === partsPerTurn) {
        await act(followDifferences, step, asServer)
        return
      }
      from = step.next
    }
  },
}

export const noteStaleSources: Job = {
  name: 'note-stale-sources',
  everySeconds: 60,
  turnsMax: 1,
  isDue: ({ store }) => store.read(anyStalenessToWrite),
  turn: ({ store, account }) =>
    store.write(async (tx) => {
      tx.subjects.begin()
      await settleStaleness(tx)
      await recordOwn(tx, 'housekeeping', { action: 'NoteStaleSources', account, subjects: [] })
    }),
}
