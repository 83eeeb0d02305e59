// Simulations that somebody has asked for, a turn at a time.
import type { GovernedOperation } from '#operations/governance/operations.native.ts'
import { isAnySimulationDue, Simulator } from '#operations/governance/simulating.ts'
import type { Job, Workplace } from './job.ts'

/** What each process has begun. */
const simulators = new WeakMap<Workplace, Simulator>()

function simulatorAt(at: Workplace): Simulator {
  const known = simulators.get(at)
  if (known) return known
  const { store, worker, act, pace } = at
  const made = new Simulator({
    store,
    worker,
    pace,
    // Shapes of the native API are loaded where somebody simulates, and not by every server that starts.
    async doAll(context, operations) {
      const { runGoverned } = await import('#operations/governance/operations.native.ts')
      return (await runGoverned(context, operations as readonly GovernedOperation[])).results
    },
    attempt: async (operation, as) => void (await act(operation, {}, as, { isDryRun: true })),
  })
  simulators.set(at, made)
  return made
}

export const simulate: Job = {
  name: 'simulate',
  everySeconds: 1,
  // Each asks some ten thousand requests again, beside others some two thousand.
  turnsMax: 10,
  goesOn: true,
  isDue: ({ store, worker }) => store.read((tx) => isAnySimulationDue(tx, worker)),
  turn: (at) => simulatorAt(at).takeTurn(),
}
