// The log of evidence grows behind the record, and is signed every minute.
import { isCheckpointDue, signCheckpoint } from '#operations/evidence/checkpoints.ts'
import { growTree, isTreeBehind } from '#operations/evidence/tree.ts'
import { isWritten, writeLog } from './evidence-folder.ts'
import type { Job } from './job.ts'

/** Some 33,000 entries at a time, which is more than are written in a second. */
const turnsAtOnce = 2

export const growEvidence: Job = {
  name: 'grow-evidence',
  everySeconds: 1,
  turnsMax: 1,
  goesOn: true,
  isDue: ({ store }) => store.read(isTreeBehind),
  async turn({ store }) {
    for (let grown = 0; grown < turnsAtOnce && (await growTree(store)); grown++);
  },
}

export const signEvidence: Job = {
  name: 'sign-evidence',
  everySeconds: 60,
  turnsMax: 1,
  isDue: ({ store }) => store.read(isCheckpointDue),
  turn: ({ store }) => signCheckpoint(store),
}

/** What others keep of it: where it is another log's, the job fails and says so, and nothing is written. */
export const exportEvidence: Job = {
  name: 'export-evidence',
  everySeconds: 60,
  turnsMax: 1,
  isDue: async ({ store, evidenceFolder }) => evidenceFolder !== undefined && !(await isWritten(store, evidenceFolder)),
  turn: async ({ store, evidenceFolder }) => void (await writeLog(store, evidenceFolder!)),
}
