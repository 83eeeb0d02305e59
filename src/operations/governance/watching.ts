// Rollouts as a clock watches them: whether the next stage is due, or something has happened for which they are to be halted.
import { type ChangeRequest, rolloutsMax } from '#model/change-request.ts'
import { findHalt, type Halt, haltRulesDefault, isNewDenial } from '#model/change-rollout.ts'
import { formatId, parseId } from '#model/identifier.ts'
import { joinKey } from '#model/key.ts'
import { isAccountId } from '#model/organization.ts'
import { decide } from '#model/policy/decide.ts'
import { BoundedMap, pathOf, type Snapshot } from '#model/policy/snapshot.ts'
import { accountableFor } from '#model/principal.ts'
import { everywhere } from '#model/roles.ts'
import type { ReadTransaction } from '#store/store.ts'
import type { DueRequest } from '#store/tables/change-requests.ts'
import type { RecordedDecision } from '#store/tables/journal.ts'
import type { Pool } from '#store/tables/pools.ts'
import { actingAs, type RulePrincipal } from '../estate/rule-setter.ts'
import { accessOfToken } from '../identity/authority.ts'
import { childrenOf } from '../identity/visible-accounts.ts'
import { readUtilizations } from '../ipam/utilization.ts'
import { snapshotOf } from '../snapshot.ts'
import type { Inverse } from './inverse.ts'
import { type WorldWithout, worldWithout } from './world-without.ts'

/** Rollouts that one look watches; of more, the next ones are those behind them. */
const watchedMax = 50
/** Of those that are due as many are looked at, one of each requester: who is denied much meanwhile holds up none but their own. */
const dueMax = 20
/** So many rows of those that are due are read to find whose turn it is: more stages than that are not rolled out. */
const dueRowsMax = 1_000
/** What could not be done is tried again after this, behind what others wait for. */
const asideMs = 10_000
/** Decisions that one look looks at for one of them, and exceptions of a page. */
const countedMax = 200
/** Of one whose next stage is due, so many more: it does not go on before all of them are read. */
const countedOfDueMax = 2_000
const exceptionPagesMax = 10
/** Of more accounts that a rollout is about, the denials of all are read. */
const accountsReadMax = 200
/** Rollouts whose world without them is remembered. */
const worldsKeptMax = 4
/** Requests that are evaluated, in two worlds, before others have their turn. */
const evaluatedPerTurn = 8

/** How far a server has come with watching, which others of its kind begin anew. */
export class Watch {
  /** The number of the last one looked at: they are looked at in turns. */
  after = 0
  /** The newest entry that was there: a database that has less is another one. */
  newest = 0
  /** By who is accountable: the turn in which something of theirs was done last. */
  readonly served: Map<string, number> = new Map()
  #turns = 0
  /** By their ids: until when something else is done first. */
  readonly aside: Map<string, number> = new Map()
  /** By the rollout, its stage and the epoch: what would be decided by without it. */
  readonly worlds: BoundedMap<WorldWithout | 'unknown'> = new BoundedMap(worldsKeptMax)
  /** By their ids, what new denials each has had in its stage, as far as they were read. */
  readonly read: Map<string, { readonly since: number; readonly to: number; readonly count: number }> = new Map()
  forget(): void {
    this.read.clear()
    this.worlds.clear()
    this.aside.clear()
  }
  /** Something of theirs was done, or tried: all others go first. */
  serve({ requester }: DueChange): void {
    if (this.served.size >= dueRowsMax) this.served.clear()
    this.served.set(requester, ++this.#turns)
  }
  /** It could not be done, whatever for: it stands in front of nothing else meanwhile. */
  putAside({ request: { id } }: DueChange, now: number): void {
    if (this.aside.size >= dueRowsMax) this.aside.clear()
    this.aside.set(id, now + asideMs)
  }
  isAside(id: string, now: number): boolean {
    const until = this.aside.get(id)
    // Of a clock that was ahead, it is none.
    return until !== undefined && until > now && until <= now + asideMs
  }
  /** One of each requester, whose turn was longest ago first; of one, what has been due longest. */
  inTurn(due: readonly DueRequest[]): readonly DueRequest[] {
    const first = [...Map.groupBy(due, ({ countedFor }) => countedFor).values()].map(([one]) => one!)
    const servedAt = ({ countedFor }: DueRequest): number => this.served.get(countedFor) ?? 0
    return first.sort((one, other) => servedAt(one) - servedAt(other) || one.at - other.at)
  }
}

export type DueChange = {
  readonly request: ChangeRequest
  /** Who is accountable for it, by whom turns are taken. */
  readonly requester: string
  readonly as: RulePrincipal
} /** Its window has opened. */ & (
  | { readonly does: 'apply' }
  | { readonly does: 'advance' }
  | { readonly does: 'halt'; readonly halt: Halt }
  /** It is watched since a moment that is still to come: by a clock that was ahead. */
  | { readonly does: 'watch-anew' }
)

/** What is to be done next of all that is rolled out; undefined: nothing now. */
export async function dueChange(tx: ReadTransaction, watch: Watch): Promise<DueChange | undefined> {
  const newest = await tx.recordLists.lastEntry()
  if (newest < watch.newest) watch.forget()
  watch.newest = newest
  const watched = await tx.changeRequests.rollingOut(watch.after, watchedMax)
  for (const { request } of watched) {
    if (watch.isAside(request.id, tx.now)) continue
    if (request.progress!.since > tx.now) return { ...(await dueOf(tx, request)), does: 'watch-anew' }
    const { halt } = await lookAtOne(tx, watch, request, countedMax)
    if (halt) return { ...(await dueOf(tx, request)), does: 'halt', halt }
  }
  // Behind the last ones it begins again, with those that are rolled out by then.
  const isLast = watched.length < watchedMax
  if (isLast && watch.after === 0) forgetOthers(watch, watched)
  // What is forgotten is read again.
  if (watch.read.size > rolloutsMax) watch.read.clear()
  watch.after = isLast ? 0 : watched.at(-1)!.n
  const due = await tx.changeRequests.due(dueRowsMax)
  const waiting = due.filter(({ n }) => !watch.isAside(formatId('changeRequest', tx.installation, n), tx.now))
  for (const { n, isStage } of watch.inTurn(waiting).slice(0, dueMax)) {
    const request = (await tx.changeRequests.find(n))!
    if (!isStage) return { ...(await dueOf(tx, request)), does: 'apply' }
    const { halt, isWhole } = await lookAtOne(tx, watch, request, countedOfDueMax)
    if (halt) return { ...(await dueOf(tx, request)), does: 'halt', halt }
    if (isWhole) return { ...(await dueOf(tx, request)), does: 'advance' }
  }
  return undefined
}
const dueOf = async (tx: ReadTransaction, request: ChangeRequest) => ({
  request,
  requester: accountableFor(request.author),
  as: await principalOf(tx, request),
})

async function lookAtOne(
  tx: ReadTransaction,
  watch: Watch,
  request: ChangeRequest,
  max: number,
): Promise<{ readonly halt: Halt | undefined; readonly isWhole: boolean }> {
  const rules = request.rollout?.haltOn ?? haltRulesDefault
  const { denials, exceptions, pools = [] } = rules
  const denied =
    denials === undefined ? { count: 0, isWhole: true } : await countDenials(tx, watch, request, { max, denials })
  const counted = {
    // What is told of it is no more than that it was enough: what others are denied beyond that is theirs.
    denials: denials === undefined ? 0 : Math.min(denied.count, denials + 1),
    exceptions: exceptions === undefined ? 0 : await countExceptions(tx, request, exceptions + 1),
    free: await freeOf(tx, request, pools),
  }
  return { halt: findHalt(rules, counted), isWhole: denied.isWhole }
}

/** What is remembered of those that are rolled out no more. */
function forgetOthers({ read }: Watch, watched: readonly { readonly request: ChangeRequest }[]): void {
  const known = new Set(watched.map(({ request }) => request.id))
  for (const id of read.keys()) if (!known.has(id)) read.delete(id)
}

/** As whom it goes on: whoever applied or resumed it, by name. */
async function principalOf(tx: ReadTransaction, { id }: ChangeRequest): Promise<RulePrincipal> {
  const runner = await tx.changeRequests.runnerOf(parseId('changeRequest', tx.installation, id)!)
  if (!runner) return { arn: `change:${id}`, accessKeyId: '' }
  return { arn: `change:${id} of ${runner.name}`, accessKeyId: runner.credential, native: actingAs(runner) }
}

/**
 * Those, and what would have been those by what is only observed, that would not be without the change: who is denied what they would be
 * denied anyway halts nothing. Only what the change has something to do with is asked again: a policy that it has changed
 * had a say in it, as its trace tells, where it has changed that; or a pool that it has changed had; or whoever asked is at a
 * node that it has moved or tagged, or below it. Each is looked at once, in the order of the record: what is denied elsewhere hides none.
 */
async function countDenials(
  tx: ReadTransaction,
  watch: Watch,
  request: ChangeRequest,
  { max, denials }: { readonly max: number; readonly denials: number },
): Promise<{ readonly count: number; readonly isWhole: boolean }> {
  const { id, progress } = request
  const { policies, targets, pools = [], nodes = [], sinceNumber } = progress!
  if (policies.length + pools.length + nodes.length === 0) return { count: 0, isWhole: true }
  const before = watch.read.get(id)
  const isSame = before?.since === sinceNumber
  let { to, count } = isSame ? before : { to: sinceNumber, count: 0 }
  const snapshot = await snapshotOf(tx, { keep: true })
  const isAnywhere = pools.length > 0 || (policies.length > 0 && targets === undefined)
  const accounts = isAnywhere ? undefined : accountsBelow(snapshot, [...(targets ?? []), ...nodes])
  let evaluated = 0
  for (let read = 0; read < max && count <= denials; read += countedMax) {
    const { numbers, last, isWhole } = await tx.recordLists.denialsAfter(accounts, to, countedMax)
    for (const decision of (await tx.journal.findDecisions(numbers)).values()) {
      const path = pathOf(snapshot, decision.request.account)
      const text = JSON.stringify(decision.trace)
      const isBelow = (places: readonly string[]): boolean => places.some((place) => path.includes(place))
      const isOf = (ids: readonly string[]): boolean => ids.some((one) => text.includes(one))
      const isOfPolicy = isOf(policies) && (targets === undefined || isBelow(targets))
      if (!isOfPolicy && !isOf(pools) && !isBelow(nodes)) continue
      if (count > denials) break
      if (++evaluated % evaluatedPerTurn === 0) await tx.nextTurn()
      if (await isNew(tx, watch, request, decision)) count++
    }
    to = last
    if (isWhole) {
      watch.read.set(id, { since: sinceNumber, to, count })
      return { count, isWhole: true }
    }
  }
  watch.read.set(id, { since: sinceNumber, to, count })
  return { count, isWhole: false }
}

/** Of what was begun before it was kept what it has changed, all count. */
async function isNew(
  tx: ReadTransaction,
  watch: Watch,
  { id, progress }: ChangeRequest,
  decision: RecordedDecision,
): Promise<boolean> {
  const snapshot = await snapshotOf(tx, { keep: true })
  const key = joinKey(id, String(progress!.sinceNumber), String(snapshot.epoch))
  let world = watch.worlds.get(key)
  if (!world) {
    const n = parseId('changeRequest', tx.installation, id)!
    const inverse = (await tx.changeRequests.inverseOf(n)) as Inverse | undefined
    world = inverse?.before ? await worldWithout(tx, snapshot, { ...inverse, before: inverse.before }) : 'unknown'
    watch.worlds.set(key, world)
  }
  if (world === 'unknown') return true
  const [without, now] = [world.snapshot, snapshot].map((rules) => decide(rules, decision.request, decision.at))
  return isNewDenial(decision, { without: without!, now: now!, roomier: world.roomier })
}

/** Undefined: they are too many to be read one by one. */
function accountsBelow(snapshot: Snapshot, places: readonly string[]): readonly string[] | undefined {
  const [found, seen] = [new Set<string>(), new Set<string>()]
  const waiting = [...places]
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (seen.has(node)) continue
    seen.add(node)
    if (isAccountId(node)) found.add(node)
    if (found.size > accountsReadMax) return undefined
    waiting.push(...(childrenOf(snapshot).get(node) ?? []))
  }
  return [...found].sort()
}

/** For targets that it has changed something of, above or below them; of what is too much to tell apart, at the node and below. */
async function countExceptions(tx: ReadTransaction, request: ChangeRequest, enough: number): Promise<number> {
  const { since, targets, nodes = [] } = request.progress!
  const places = targets === undefined ? undefined : [...targets, ...nodes]
  const until = Number.MAX_SAFE_INTEGER
  let before: { readonly requestedAt: number; readonly id: string } | undefined
  let count = 0
  for (let page = 0; page < exceptionPagesMax && count < enough; page++) {
    const asked = await tx.exceptions.list({}, { from: since, until }, before, countedMax)
    if (asked.length === 0) break
    const snapshot = await snapshotOf(tx, { keep: true })
    count += asked.filter(({ target }) => {
      const path = pathOf(snapshot, target)
      if (places === undefined) return request.node === everywhere || path.includes(request.node)
      return places.some((place) => path.includes(place) || pathOf(snapshot, place).includes(target))
    }).length
    const { id, requested } = asked.at(-1)!
    before = { requestedAt: requested.at, id }
    if (asked.length < countedMax) break
  }
  return Math.min(count, enough)
}

/** Of those that whoever it goes on by may read: others are as absent. */
async function freeOf(
  tx: ReadTransaction,
  request: ChangeRequest,
  rules: readonly { readonly poolId: string }[],
): Promise<ReadonlyMap<string, number>> {
  if (rules.length === 0) return new Map()
  const { native } = await principalOf(tx, request)
  if (!native) return new Map()
  const snapshot = await snapshotOf(tx, { keep: true })
  const mayRead = (node: string): boolean =>
    accessOfToken(snapshot, native, { action: 'ipam:read', node, now: tx.now }).isPermitted
  const found = await Promise.all(rules.map(({ poolId }) => tx.pools.find(poolId)))
  const pools = found.filter((pool) => pool !== undefined && mayRead(pool.account)) as Pool[]
  const used = await readUtilizations({ tx }, pools)
  return new Map(
    pools.map(({ id, n }) => {
      const { provisioned, free } = used.get(n)!
      return [id, provisioned === 0n ? 0 : Number((free * 100n) / provisioned)]
    }),
  )
}
