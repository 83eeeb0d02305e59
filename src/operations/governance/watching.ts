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

export type DueChange = {
  readonly request: ChangeRequest
  readonly as: RulePrincipal
} /** Its window has opened. */ & (
  | { readonly does: 'apply' }
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
  // What is to be halted goes first, and what goes on is soon through.
  const [opened] = await tx.changeRequests.due(1)
  return opened && { request: opened, as: await principalOf(tx, opened), does: 'apply' }
}

/** As whom it goes on: whoever applied or resumed it, by name. */
async function principalOf(tx: ReadTransaction, { id }: ChangeRequest): Promise<RulePrincipal> {
  const runner = await tx.changeRequests.runnerOf(parseId('changeRequest', tx.installation, id)!)
  if (!runner) return { arn: `change:${id}`, accessKeyId: '' }
  return { arn: `change:${id} of ${runner.name}`, accessKeyId: runner.credential, native: actingAs(runner) }
}

async function countFor(tx: ReadTransaction, request: ChangeRequest): Promise<WatchedCounts> {
  const { rollout } = request
  const { denials, exceptions, pools = [] } = rollout?.haltOn ?? haltRulesDefault
  return {
    denials: denials === undefined ? 0 : await countDenials(tx, request, denials + 1),
    exceptions: exceptions === undefined ? 0 : await countExceptions(tx, request),
    free: await freeOf(
      tx,
      pools.map(({ poolId }) => poolId),
    ),
  }
}

/**
 * Those, and what would have been those by what is only observed, that the change has something to do with: a policy that it has changed
 * had a say in them, as their traces tell, where it has changed that; or a pool that it has changed had; or whoever asked is at a
 * node that it has moved or tagged, or below it.
 */
async function countDenials(tx: ReadTransaction, { progress }: ChangeRequest, enough: number): Promise<number> {
  const { policies, targets, pools = [], nodes = [], sinceNumber } = progress!
  if (policies.length + pools.length + nodes.length === 0) return 0
  const since = async (filter: DecisionFilter): Promise<readonly number[]> => {
    const { numbers } = await tx.recordLists.decisionsBefore(filter, Number.MAX_SAFE_INTEGER, countedMax)
    return numbers.filter((number) => number > sinceNumber)
  }
  const numbers = new Set([...(await since({ wouldBe: 'deny' })), ...(await since({ outcome: 'deny' }))])
  if (numbers.size === 0) return 0
  const snapshot = await snapshotOf(tx, { keep: true })
  let count = 0
  for (const decision of (await tx.journal.findDecisions([...numbers])).values()) {
    const path = pathOf(snapshot, decision.request.account)
    const text = JSON.stringify(decision.trace)
    const isBelow = (places: readonly string[]): boolean => places.some((place) => path.includes(place))
    const isOf = (ids: readonly string[]): boolean => ids.some((id) => text.includes(id))
    const isOfPolicy = isOf(policies) && (targets === undefined || isBelow(targets))
    if (isOfPolicy || isOf(pools) || isBelow(nodes)) count++
    if (count >= enough) break
  }
  return count
}

/** For targets that it has changed something of, above or below them; of what is too much to tell apart, at the node and below. */
async function countExceptions(tx: ReadTransaction, request: ChangeRequest): Promise<number> {
  const { since, targets, nodes = [] } = request.progress!
  const asked = await tx.exceptions.list({}, { from: since, until: Number.MAX_SAFE_INTEGER }, undefined, countedMax)
  const places = targets === undefined ? undefined : [...targets, ...nodes]
  const isAll = request.node === everywhere && places === undefined
  if (asked.length === 0 || isAll) return asked.length
  const snapshot = await snapshotOf(tx, { keep: true })
  return asked.filter(({ target }) => {
    const path = pathOf(snapshot, target)
    if (places === undefined) return path.includes(request.node)
    return places.some((place) => path.includes(place) || pathOf(snapshot, place).includes(target))
  }).length
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
