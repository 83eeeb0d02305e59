// What pools import by themselves, a few blocks at a time.
import {
  type ImportStep,
  importNetworks,
  isAnyImporting,
  lookForImports,
  principalOfPool,
} from '#operations/ipam/importing.ts'
import type { Job } from './job.ts'

const everySeconds = 10
/** Each is a transaction of its own. */
const partsPerTurn = 20

export const importByPools: Job = {
  name: 'import-by-pools',
  everySeconds,
  // Whether there is something for a pool, only a look through what stands in it tells.
  turnsMax: 1,
  isDue: ({ store }) => store.read(isAnyImporting),
  async turn({ act, clock }) {
    const turn = Math.floor(clock() / (everySeconds * 1_000))
    for (let part = 0; part < partsPerTurn; part++) {
      const step = (await act(lookForImports, { turn }, principalOfPool('import'))) as ImportStep | undefined
      if (!step) return
      const { imported } = (await act(importNetworks, step, principalOfPool(step.poolId))) as { imported: number }
      if (imported === 0) return
    }
  },
}
