// Changes that a clock makes: those whose window opens, and the next stages of those that are rolled out, with what these are halted for.
import { Refused } from '#model/refusal.ts'
import { dueChange } from '#operations/governance/watching.ts'
import type { Job } from './job.ts'

export const rollOutChanges: Job = {
  name: 'change-requests',
  everySeconds: 1,
  turnsMax: 5,
  goesOn: true,
  isDue: ({ store }) => store.read(async (tx) => (await dueChange(tx)) !== undefined),
  async turn({ store, act }) {
    const due = await store.read(dueChange)
    if (!due) return
    // Shapes of the native API are loaded where something is due, and not by every server that starts.
    const operations = await import('#operations/governance/rolling-out.native.ts')
    const { request, as } = due
    const { id } = request
    if (due.does === 'halt') {
      await act(operations.haltByRule, { id, halt: due.halt }, as)
      return
    }
    try {
      await act(due.does === 'apply' ? operations.openChangeRequest : operations.advanceChangeRequest, { id }, as)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      // Governance changes faster than this could be tried: with the next look.
      if (error.refusal.code === 'Unavailable') return
      // It is on record, and would be refused again each second: somebody has to look at it.
      await act(operations.postponeChangeRequest, { id, refusal: error.refusal }, as)
    }
  },
}
