// Changes that are rolled out: their next stages, and what they are halted for.
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
    // Shapes of the native API are loaded where something is rolled out, and not by every server that starts.
    const { advanceChangeRequest, haltChangeRequest } = await import('#operations/governance/rolling-out.native.ts')
    const { request, as } = due
    const { id } = request
    if (due.does === 'halt') {
      await act(haltChangeRequest, { id, halt: due.halt }, as)
      return
    }
    try {
      await act(advanceChangeRequest, { id }, as)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      // It is on record, and would be refused again each second: somebody has to look at it.
      await act(haltChangeRequest, { id, halt: { why: 'refused', code: error.refusal.code } }, as)
    }
  },
}
