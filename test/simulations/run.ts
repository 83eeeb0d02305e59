// Working at simulations, as the job of a server does it.
import assert from 'node:assert/strict'
import type { Workplace } from '#jobs/job.ts'
import { simulate } from '#jobs/simulating.ts'
import { alone } from '../findings/follow.ts'
import { managementAccount, type World } from '../world.ts'

const usualTurns = 2_000

/** What a server's jobs work with, over a small world. */
export function workplaceOf(
  { store, executor }: Pick<World, 'store' | 'executor'>,
  worker = 'of this test',
): Workplace {
  let requests = 0
  return {
    store,
    worker,
    account: managementAccount,
    pace: alone,
    recordCounted: async () => {},
    async act(operation, input, as, how) {
      const acting = typeof as === 'string' ? { arn: as, accessKeyId: '' } : as
      const principal = { account: managementAccount, ...acting, userId: acting.arn }
      const requestId = `${worker}-${++requests}`
      const call = { principal, region: '', input, requestId, sourceAddress: 'local', ...how }
      return (await executor.execute(operation, call)).output
    },
  }
}

/** Until nothing is left to do. */
export async function simulateAll(at: Workplace, turnsMax = usualTurns): Promise<void> {
  for (let turn = 0; await simulate.isDue(at); turn++) {
    await simulate.turn(at)
    assert(turn < turnsMax, 'it comes to its end')
  }
}
