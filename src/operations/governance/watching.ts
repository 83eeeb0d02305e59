// Rollouts as a clock watches them: whether the next stage is due, or something has happened for which they are to be halted.
import type { ChangeRequest } from '#model/change-request.ts'
import { findHalt, type Halt, haltRulesDefault, type WatchedCounts } from '#model/change-rollout.ts'
import { parseId } from '#model/identifier.ts'
import { pathOf } from '#model/policy/snapshot.ts'
import { everywhere } from '#model/roles.ts'
import type { ReadTransaction } from '#store/store.ts'
import type { DecisionFilter } from '#store/tables/record-lists.ts'
import { actingAs, type RulePrincipal } from '../estate/rule-setter.ts'
import { capacitiesOf } from '../ipam/capacity.ts'
import { snapshotOf } from '../snapshot.ts'

/** Rollouts that are watched at once. */
const watchedMax = 100
/** Decisions and exceptions that are looked at for one. */
const countedMax = 200

export type DueChange = { readonly request: ChangeRequest; readonly as: RulePrincipal } & (
  | { readonly does: 'advance' }
  | { readonly does: 'halt'; readonly halt: Halt }
)

/** What is to be done next of all that is rolled out; undefined: nothing now. */
export async function dueChange(tx: ReadTransaction): Promise<DueChange | undefined> {
  for (const request of await tx.changeRequests.rollingOut(watchedMax)) {
    const as = await principalOf(tx, request)
    const halt = findHalt(request.rollout?.haltOn ?? haltRulesDefault, await countFor(tx, request))
    if (halt) return { request, as, does: 'halt', halt }
    if (request.progress!.nextAt <= tx.now) return { request, as, does: 'advance' }
  }
  return undefined
}

/** As whom it goes on: whoever applied or resumed it, by name. */
async function principalOf(tx: ReadTransaction, { id }: ChangeRequest): Promise<RulePrincipal> {
  const runner = await tx.changeRequests.runnerOf(parseId('changeRequest', tx.installation, id)!)
  if (!runner) return { arn: `change:${id}`, accessKeyId: '' }
  return { arn: `change:${id} of ${runner.name}`, accessKeyId: runner.credential, native: actingAs(runner) }
}

async function countFor(tx: ReadTransaction, request: ChangeRequest): Promise<WatchedCounts> {
  const { rollout, progress } = request
  const { denials, exceptions, pools = [] } = rollout?.haltOn ?? haltRulesDefault
  return {
    denials: denials === undefined ? 0 : await countDenials(tx, request, denials + 1),
    exceptions: exceptions === undefined ? 0 : await countExceptions(tx, request.node, progress!.since),
    free: await freeOf(
      tx,
      pools.map(({ poolId }) => poolId),
    ),
  }
}

/**
 * Those of requests that a policy which was changed had a say in, as their traces tell, whichever policy gives the order of pools; and
 * those that something which is only observed would have given.
 */
async function countDenials(tx: ReadTransaction, { progress }: ChangeRequest, enough: number): Promise<number> {
  const { policies, sinceNumber } = progress!
  const since = async (filter: DecisionFilter, limit: number): Promise<readonly number[]> => {
    const { numbers } = await tx.recordLists.decisionsBefore(filter, Number.MAX_SAFE_INTEGER, limit)
    return numbers.filter((number) => number > sinceNumber)
  }
  const observed = await since({ wouldBe: 'deny' }, Math.min(enough, countedMax))
  if (observed.length >= enough || policies.length === 0) return observed.length
  const denied = await tx.journal.findDecisions(await since({ outcome: 'deny' }, countedMax))
  const isConcerned = (decision: object): boolean => {
    const text = JSON.stringify(decision)
    return policies.some((policy) => text.includes(policy))
  }
  return observed.length + [...denied.values()].filter(({ trace }) => isConcerned(trace)).length
}

async function countExceptions(tx: ReadTransaction, node: string, since: number): Promise<number> {
  const asked = await tx.exceptions.list({}, { from: since, until: Number.MAX_SAFE_INTEGER }, undefined, countedMax)
  if (node === everywhere) return asked.length
  const snapshot = await snapshotOf(tx, { keep: true })
  return asked.filter(({ target }) => pathOf(snapshot, target).includes(node)).length
}

async function freeOf(tx: ReadTransaction, ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
  if (ids.length === 0) return new Map()
  const pools = await Promise.all(ids.map((id) => tx.pools.find(id)))
  const capacities = await capacitiesOf(
    { tx, now: tx.now },
    pools.filter((pool) => pool !== undefined),
  )
  return new Map(
    capacities.map(({ pool, utilization: { provisioned, free } }) => [
      pool.id,
      provisioned === 0n ? 0 : Number((free * 100n) / provisioned),
    ]),
  )
}
