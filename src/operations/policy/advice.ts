// What whoever was denied is told to do next: looked up behind the denial, by what holds then, apart from what was denied.

import type { Advice, ExceptionWay } from '#model/policy/advice.ts'
import type { DecisionOnRecord } from '#model/policy/decision.ts'
import { nearestException, nearestOwnChange } from '#model/policy/nearest-change.ts'
import type { Snapshot } from '#model/policy/snapshot.ts'
import { idsTold } from '#model/policy/told.ts'
import { permitter } from '../identity/authority.ts'
import type { ReadContext, ReadOperation } from '../operation.ts'
import { roomFor } from '../space/availability.ts'
import { poolsIn } from './explanations.ts'
import { sightOf } from './sight.ts'

/**
 * What was told of late, by the rules that it follows from: whoever is denied again and again for the same is told the same for a second,
 * and costs no more than the denial. A change of the rules, roles or the organization makes other rules.
 */
const advised = new WeakMap<Snapshot, Map<string, { readonly at: number; readonly advice: Advice }>>()
const advisedMax = 1_000
const advisedForMs = 1_000

export const adviseDenied: ReadOperation<DecisionOnRecord, Advice> = {
  name: 'AdviseDenied',
  access: 'read',
  async run(context, decision) {
    const { caller, now } = context
    const snapshot = await context.snapshot()
    const known = advised.get(snapshot) ?? new Map<string, { readonly at: number; readonly advice: Advice }>()
    advised.set(snapshot, known)
    // What somebody may know is theirs alone, with this token and these groups.
    const key = JSON.stringify([caller.arn, caller.account, caller.native, decision.request], withBlocks)
    const before = known.get(key)
    if (before && now >= before.at && now - before.at < advisedForMs) return ofDecision(before.advice, decision.id)
    const advice = await advise(context, snapshot, decision)
    if (known.size >= advisedMax) known.clear()
    known.set(key, { at: now, advice })
    return advice
  },
}
/** Blocks and tags of a request, which JSON has no texts for. */
const withBlocks = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? String(value) : value instanceof Map ? [...value] : value
const ofDecision = ({ exception, ...advice }: Advice, decision: string): Advice => ({
  ...advice,
  exception: exception && { ...exception, decision },
})

async function advise(context: ReadContext, snapshot: Snapshot, decision: DecisionOnRecord): Promise<Advice> {
  const { id, request } = decision
  const sight = await sightOf(context, request)
  const world = { snapshot, now: new Date(context.now), room: await roomFor(context.tx, snapshot, request, sight) }
  const excepted = nearestException(world, request, sight)
  const nearest = nearestOwnChange(world, request) ?? excepted
  const seen = poolsIn(nearest).filter((one) => {
    const pool = snapshot.pools.get(one)
    return pool !== undefined && sight.isSeen(pool)
  })
  return {
    nearest,
    // The denial itself has the names of what it speaks of.
    names: await context.tx.tags.names([...seen, ...idsTold(decision)]),
    exception: excepted && (await wayTo(context, id, request.account)),
  }
}

async function wayTo(context: ReadContext, decision: string, account: string): Promise<ExceptionWay> {
  const contact = (await context.snapshot()).nodes.get(account)?.contact
  // Signed requests are of users of the account: whether one of these has a token too is not known here.
  const mayRequest = context.caller.native ? (await permitter(context, 'exception:request'))(account) : undefined
  return { decision, account, mayRequest, contact }
}
