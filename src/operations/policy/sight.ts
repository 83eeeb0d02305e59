// What whoever was denied may know of pools and of what is taken, when they are told what would help (invariant I8).
import type { AllocationRequest } from '#model/policy/decision.ts'
import type { Sight } from '#model/policy/nearest-change.ts'
import { mayUsePool } from '#model/policy/resolve.ts'
import { permitter } from '../identity/authority.ts'
import type { ReadContext } from '../operation.ts'
import { seesAllTaken } from '../space/availability.ts'

/** Of pools, those that the account may use, and those that the caller may read; of what is taken, what they find by its address (`find`). */
export async function sightOf(
  context: ReadContext,
  { account, explicit }: Pick<AllocationRequest, 'account' | 'explicit'>,
): Promise<Sight> {
  const snapshot = await context.snapshot()
  const isPermitted = await permitter(context, 'ipam:read')
  const seesProvider = explicit?.cidr !== undefined && (await seesAllTaken(context))
  return {
    isSeen: (pool) => mayUsePool(snapshot, account, pool.id, context.now) || isPermitted(pool.account),
    isTakenSeen(id) {
      const pool = snapshot.pools.get(id)
      return pool ? isPermitted(pool.account) : seesProvider
    },
  }
}
