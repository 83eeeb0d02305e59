// What whoever was denied is told to do next: looked up behind the denial, by what holds then, apart from what was denied.

import type { Advice, ExceptionWay } from '#model/policy/advice.ts'
import type { DecisionOnRecord } from '#model/policy/decision.ts'
import { nearestChange, nearestException } from '#model/policy/nearest-change.ts'
import { mayUsePool } from '#model/policy/resolve.ts'
import type { PoolFacts } from '#model/policy/snapshot.ts'
import { idsTold } from '#model/policy/told.ts'
import { permitter } from '../identity/authority.ts'
import type { ReadContext, ReadOperation } from '../operation.ts'
import { roomFor } from '../space/availability.ts'
import { poolsIn } from './explanations.ts'

export const adviseDenied: ReadOperation<DecisionOnRecord, Advice> = {
  name: 'AdviseDenied',
  access: 'read',
  async run(context, decision) {
    const { id, request } = decision
    const snapshot = await context.snapshot()
    const isSeen = await poolFilter(context, request.account)
    const world = { snapshot, now: new Date(context.now), room: await roomFor(context.tx, snapshot, request) }
    const nearest = nearestChange(world, request, isSeen)
    const excepted = nearest?.change.kind === 'exception' ? nearest : nearestException(world, request, isSeen)
    const seen = poolsIn(nearest).filter((one) => {
      const pool = snapshot.pools.get(one)
      return pool !== undefined && isSeen(pool)
    })
    return {
      nearest,
      // The denial itself has the names of what it speaks of.
      names: await context.tx.tags.names([...seen, ...idsTold(decision)]),
      exception: excepted && (await wayTo(context, id, request.account)),
    }
  },
}

/** The pools of which whoever was denied may know: what the account may use, and what they may read. */
export async function poolFilter(context: ReadContext, account: string): Promise<(pool: PoolFacts) => boolean> {
  const snapshot = await context.snapshot()
  const isPermitted = await permitter(context, 'ipam:read')
  return (pool) => mayUsePool(snapshot, account, pool.id, context.now) || isPermitted(pool.account)
}

async function wayTo(context: ReadContext, decision: string, account: string): Promise<ExceptionWay> {
  const contact = (await context.snapshot()).nodes.get(account)?.contact
  // Signed requests are of users of the account: whether one of these has a token too is not known here.
  const mayRequest = context.caller.native ? (await permitter(context, 'exception:request'))(account) : undefined
  return { decision, account, mayRequest, contact }
}
