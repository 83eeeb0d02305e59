// Simulations that somebody has asked for, a turn at a time.
import { runGoverned } from '#operations/governance/operations.native.ts'
import { isAnySimulationDue, Simulator } from '#operations/governance/simulating.ts'
import type { Job, Workplace } from './job.ts'

/** What each process has begun. */
const simulators = new WeakMap<Workplace, Simulator>()

function simulatorAt(at: Workplace): Simulator {
  const known = simulators.get(at)
  if (known) return known
  const { store, worker, act } = at
  const made = new Simulator({
    store,
    worker,
    doAll: (context, operations) => runGoverned(context, operations as Parameters<typeof runGoverned>[1]),
    attempt: async (operation, as) => void (await act(operation, {}, as, { isDryRun: true })),
  })
  simulators.set(at, made)
  return made
}

export const simulate: Job = {
  name: 'simulate',
  everySeconds: 1,
  // Each asks some ten thousand requests again: a million takes half a minute, and most of that time is everybody's.
  turnsMax: 4,
  isDue: ({ store, worker }) => store.read((tx) => isAnySimulationDue(tx, worker)),
  turn: (at) => simulatorAt(at).takeTurn(),
}
