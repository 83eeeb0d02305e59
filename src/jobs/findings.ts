// Findings are kept in step with what is there and with what policy says of it.
import { isBehind, takeTurn } from '#operations/finding/follow.ts'
import type { Job } from './job.ts'

export const followFindings: Job = {
  name: 'findings',
  everySeconds: 1,
  // Each looks at a few hundred resources and leaves turns between them: what very much depends on takes many looks.
  turnsMax: 40,
  isDue: ({ store, worker }) => store.read((tx) => isBehind(tx, { id: worker })),
  turn: async ({ store, worker }) => void (await takeTurn(store, { id: worker })),
}
