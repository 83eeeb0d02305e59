// What pools import by themselves, a few blocks at a time.
import { principalOfPool } from '#operations/ipam/import-setter.ts'
import { type ImportLook, importNetworks, isAnyImporting, lookForImports } from '#operations/ipam/importing.ts'
import { ImportTurns } from '#operations/ipam/importing-turns.ts'
import type { Store } from '#store/store.ts'
import type { Job } from './job.ts'

/** Each is a transaction of its own. */
const partsPerTurn = 20
/** Looks through very much of which nothing can be imported. */
const vainPerTurn = 5

const asServer = 'housekeeping'

/** Whose turn it is. A server that has just started begins anew. */
const turnsOf = new WeakMap<Store, ImportTurns>()

export const importByPools: Job = {
  name: 'import-by-pools',
  everySeconds: 10,
  // Whether there is something for a pool, only a look through what stands in it tells.
  turnsMax: 1,
  isDue: ({ store }) => store.read(isAnyImporting),
  async turn({ store, act }) {
    const turns = turnsOf.get(store) ?? new ImportTurns()
    turnsOf.set(store, turns)
    turns.begin()
    let inVain = 0
    for (let part = 0; part < partsPerTurn && inVain < vainPerTurn; part++) {
      const { step, isAll } = (await act(lookForImports, { turns }, asServer)) as ImportLook
      if (step) await act(importNetworks, step, principalOfPool({ id: step.poolId, autoImportBy: step.by }))
      else inVain++
      if (isAll) return
    }
  },
}
