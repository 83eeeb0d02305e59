// Pools that are nearly full, or will be soon: each hour all of them are looked at, some at a time.
import { isCapacityDue, watchCapacity } from '#operations/ipam/capacity-watch.ts'
import type { Job } from './job.ts'

export const watchPools: Job = {
  name: 'capacity',
  everySeconds: 10,
  turnsMax: 20,
  isDue: ({ store }) => store.read(isCapacityDue),
  turn: ({ store }) => store.write(watchCapacity),
}
