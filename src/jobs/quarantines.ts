// Space whose rest is over is free again. Whoever needs it frees it, too: this keeps the tables short.
import type { Job } from './job.ts'

const quarantinesPerTurn = 500

export const endQuarantines: Job = {
  name: 'end-quarantines',
  everySeconds: 1,
  turnsMax: 1,
  isDue: ({ store }) => store.read((tx) => tx.resting.anyEnded()),
  turn: ({ store }) => store.write(async (tx) => void (await tx.resting.end(quarantinesPerTurn))),
}
