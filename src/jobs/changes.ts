// Changes that a clock makes: those whose window opens, and the next stages of those that are rolled out, with what these are halted for.
import { Refused } from '#model/refusal.ts'
import { type DueChange, dueChange, Watch } from '#operations/governance/watching.ts'
import type { Store } from '#store/store.ts'
import type { Job, Workplace } from './job.ts'

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
    const watch = watchOf(store)
    const { due, now } = await store.read(async (tx) => ({ due: await dueChange(tx, watch), now: tx.now }))
    if (!due) return
    watch.serve(due)
    try {
      if (!(await make(due, act))) watch.putAside(due, now)
    } catch (error) {
      // Whatever it failed for, it is told; and what is due of others goes on.
      watch.putAside(due, now)
      throw error
    }
  },
}

/** Answers whether it was done, or is not to be tried again. */
async function make(due: DueChange, act: Workplace['act']): Promise<boolean> {
  // Shapes of the native API are loaded where something is due, and not by every server that starts.
  const operations = await import('#operations/governance/rolling-out.native.ts')
  const { request, as } = due
  const { id } = request
  if (due.does === 'halt') {
    await act(operations.haltByRule, { id, halt: due.halt }, as)
    return true
  }
  if (due.does === 'watch-anew') {
    await act(operations.watchStageAnew, { id }, as)
    return true
  }
  try {
    await act(due.does === 'apply' ? operations.openChangeRequest : operations.advanceChangeRequest, { id }, as)
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    // Governance changes faster than this could be tried: with a later look.
    if (error.refusal.code === 'Unavailable') return false
    // It is on record, and would be refused again each second: somebody has to look at it.
    await act(operations.postponeChangeRequest, { id, refusal: error.refusal }, as)
  }
  return true
}
