// What pools import by themselves, a few blocks at a time.
import {
  type ImportLook,
  type ImportPlace,
  importNetworks,
  isAnyImporting,
  lookForImports,
  principalOfPool,
} from '#operations/ipam/importing.ts'
import type { Store } from '#store/store.ts'
import type { Job } from './job.ts'

/** Each is a transaction of its own. */
const partsPerTurn = 20
/** Looks through very much of which nothing can be imported. */
const vainPerTurn = 5

/** Where the next look begins. A server that has just started begins anew. */
const places = new WeakMap<Store, ImportPlace>()

export const importByPools: Job = {
  name: 'import-by-pools',
  everySeconds: 10,
  // Whether there is something for a pool, only a look through what stands in it tells.
  turnsMax: 1,
  isDue: ({ store }) => store.read(isAnyImporting),
  async turn({ store, act }) {
    let inVain = 0
    for (let part = 0; part < partsPerTurn && inVain < vainPerTurn; part++) {
      const from = places.get(store)
      const { step, next } = (await act(lookForImports, { from }, principalOfPool('import'))) as ImportLook
      // Also where what follows fails: then it is the others' turn.
      if (next) places.set(store, next)
      else places.delete(store)
      if (step) await act(importNetworks, step, principalOfPool(step.poolId))
      else inVain++
      if (!next) return
    }
  },
}
