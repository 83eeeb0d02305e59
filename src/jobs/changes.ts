// Changes that a clock makes: those whose window opens, and the next stages of those that are rolled out, with what these are halted for.
import { Refused } from '#model/refusal.ts'
import { dueChange, Watch } from '#operations/governance/watching.ts'
import type { Store } from '#store/store.ts'
import type { Job } from './job.ts'

/** How far each store is watched, by the server that does so. */
const watches = new WeakMap<Store, Watch>()
function watchOf(store: Store): Watch {
  const watch = watches.get(store) ?? new Watch()
  watches.set(store, watch)
  return watch
}

export const rollOutChanges: Job = {
  name: 'change-requests',
  everySeconds: 1,
  turnsMax: 5,
  goesOn: true,
  isDue: ({ store }) => store.read(async (tx) => (await dueChange(tx, watchOf(store))) !== undefined),
  async turn({ store, act }) {
    const due = await store.read((tx) => dueChange(tx, watchOf(store)))
    if (!due) return
    // Shapes of the native API are loaded where something is due, and not by every server that starts.
    const operations = await import('#operations/governance/rolling-out.native.ts')
    const { request, as } = due
    const { id } = request
    if (due.does === 'halt') {
      await act(operations.haltByRule, { id, halt: due.halt }, as)
      return
    }
    if (due.does === 'watch-anew') {
      await act(operations.watchStageAnew, { id }, as)
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
