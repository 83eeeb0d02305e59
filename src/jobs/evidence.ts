// The log of evidence grows behind the record, and is signed every minute.
import { isCheckpointDue, signCheckpoint } from '#operations/evidence/checkpoints.ts'
import { growTree, isTreeBehind } from '#operations/evidence/tree.ts'
import type { Job } from './job.ts'

export const growEvidence: Job = {
  name: 'grow-evidence',
  everySeconds: 1,
  // Twenty thousand entries at a time, which is more than are written in a second.
  turnsMax: 10,
  goesOn: true,
  isDue: ({ store }) => store.read(isTreeBehind),
  turn: ({ store }) => growTree(store),
}

export const signEvidence: Job = {
  name: 'sign-evidence',
  everySeconds: 60,
  turnsMax: 1,
  isDue: ({ store }) => store.read(isCheckpointDue),
  turn: ({ store }) => signCheckpoint(store),
}
