// Findings are kept in step with what is there and with what policy says of it.
import { isBehind, takeTurn } from '#operations/finding/follow.ts'
import { ScanTurns } from '#operations/finding/scan-turns.ts'
import type { Store } from '#store/store.ts'
import type { Job } from './job.ts'

/** Whose turn it is. A server that has just started begins anew. */
const turnsOf = new WeakMap<Store, ScanTurns>()

export const followFindings: Job = {
  name: 'findings',
  everySeconds: 1,
  // Each looks at some thousand resources, beside others at some hundred: what very much depends on takes many looks.
  turnsMax: 10,
  goesOn: true,
  isDue: ({ store, worker }) => store.read((tx) => isBehind(tx, { id: worker })),
  async turn({ store, worker, pace }) {
    const turns = turnsOf.get(store) ?? new ScanTurns()
    turnsOf.set(store, turns)
    await takeTurn(store, { id: worker, turns }, pace)
  },
}
