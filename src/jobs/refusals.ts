// Refusals that were too many to have an entry each are put on record by their number.
import type { Job } from './job.ts'

export const countRefusals: Job = {
  name: 'count-refusals',
  everySeconds: 1,
  turnsMax: 1,
  // Who counts them knows whether there are any.
  isDue: async () => true,
  turn: ({ recordCounted }) => recordCounted(),
}
