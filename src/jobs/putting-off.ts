// What was put off by a clock that was ahead is put off no longer than it would be by one that is right.
import type { Job } from './job.ts'

export const bringBack: Job = {
  name: 'bring-back',
  everySeconds: 10,
  turnsMax: 10,
  goesOn: true,
  isDue: ({ store }) => store.read((tx) => tx.putOffs.anyTooLong(tx.now)),
  turn: ({ store }) => store.write((tx) => tx.putOffs.bringBack(tx.now)),
}
