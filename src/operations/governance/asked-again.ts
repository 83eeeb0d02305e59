// What a change would make of the requests of the last days: those on record that it can reach are asked again by the rules before and behind
// it, the latest first (policy-model §8). By rules alone, as if every pool had room, so that what others take has no part in it.
import type { RequestGroup, RequestSampleOfImpact, RequestsFound } from '#model/change-request.ts'
import { dayMs } from '#model/clock.ts'
import { formatId } from '#model/identifier.ts'
import { joinKey } from '#model/key.ts'
import { isAccountId } from '#model/organization.ts'
import { decide } from '#model/policy/decide.ts'
import { type AllocationRequest, provider, type Verdict } from '#model/policy/decision.ts'
import { emptyCaches, pathOf, type Snapshot } from '#model/policy/snapshot.ts'
import { everywhere } from '#model/roles.ts'
import { type RequestKind, ruledSample, Tallies, type Tally } from '#model/simulation.ts'
import type { Scope } from '#store/tables/finding-scans.ts'
import type { Asked } from '#store/tables/journal.ts'
import { mayThroughout, permitter } from '../identity/authority.ts'
import { childrenOf } from '../identity/visible-accounts.ts'
import type { ReadContext } from '../operation.ts'
import { permitterThen, topOf } from '../record/object-places.ts'
import { takersOf } from './reached.ts'

/** Requests of so many days are asked again. Nobody who proposes a change says how many. */
export const askedAgainDays = 30
/** Requests that are looked at for one change, and evaluated; with more, what is told is a part, and the change of the class above. */
export const askedAgainMax = 100_000
export const askedAnewMax = 5_000
/** Requests between two turns of the event loop, and of them those that are evaluated. */
const requestsPerTurn = 400
const evaluatedPerTurn = 16
/** Rows that a page of decisions may pass over at most to find those of some accounts. */
const passedPerPage = 50_000
/** Accounts whose requests are read by themselves: of more, those of everybody are read, and passed over. */
const accountsReadMax = 100
/** Rulings, and requests with something of their own, of which it is remembered how they fare. */
const rulingsKeptMax = 20_000
/** Accounts, types and locales that are told apart; and groups, samples and accounts that are kept. */
const groupsMax = 2_000
const keptMax = 20
const samplesMax = 6

interface Bounds {
  readonly asked: number
  readonly evaluated: number
  readonly perTurn: number
}
const usualBounds: Bounds = { asked: askedAgainMax, evaluated: askedAnewMax, perTurn: requestsPerTurn }

/** What a change can reach of what accounts ask for; of one in stages, behind one of them what that reaches. */
export interface Reach {
  readonly before: Snapshot
  readonly after: Snapshot
  readonly scopes: readonly Scope[]
  /** Pools of which it has changed something, those that are gone among them. */
  readonly pools: readonly string[]
}

/** Kept over readings that begin anew: what is counted, and where it goes on. */
export class AskingAgain {
  readonly #nodes: ReadonlySet<string>
  readonly #present: Snapshot
  /** Behind all of it, and behind each stage before, for whom that is otherwise. */
  readonly #candidate: Snapshot
  readonly #stages: readonly Stage[]
  readonly #accounts: readonly string[] | undefined
  readonly #tallies = new Tallies(groupsMax)
  readonly #rulings = new Map<number, AllocationRequest>()
  readonly #fates = new Map<string, Fate>()
  readonly #reached = new Map<string, boolean>()
  #begun: { readonly now: number; readonly from: number; readonly first: number } | undefined
  #before = Number.MAX_SAFE_INTEGER
  #looked = 0
  #evaluated = 0
  #evaluatedOfStages = 0
  #asked = 0
  #isOver = false
  #isWhole = true
  readonly #bounds: Bounds

  /** @param states behind each stage, the last one behind all of it, of all that any of them reaches */
  constructor(states: readonly Reach[], bounds: Partial<Bounds> = {}) {
    const last = states.at(-1)!
    this.#bounds = { ...usualBounds, ...bounds }
    this.#present = apart(last.before)
    this.#candidate = apart(last.after)
    this.#stages = states.slice(0, -1).map((one) => ({ nodes: nodesReached(one), candidate: apart(one.after) }))
    this.#nodes = new Set([...nodesReached(last), ...this.#stages.flatMap(({ nodes }) => [...nodes])])
    this.#accounts = accountsBelow(this.#nodes, [last.before, ...states.map(({ after }) => after)])
  }

  /** @returns what came of it, for whoever keeps it: each is shown no more of it than they may see */
  async run(context: ReadContext): Promise<RequestsFound & { readonly hasUnseen: boolean }> {
    const { tx } = context
    this.#begun ??= await this.#begin(context)
    while (!this.#isOver) {
      await this.#askSome(context, this.#begun)
      tx.keepsSoFar()
      await tx.nextTurn()
    }
    return this.#told(context, this.#begun)
  }

  async #begin({ tx, now }: ReadContext) {
    const from = now - askedAgainDays * dayMs
    return { now, from, first: await tx.recordLists.firstSince('decision', from) }
  }

  async #askSome(
    context: ReadContext,
    { now, first }: { readonly now: number; readonly first: number },
  ): Promise<void> {
    const { tx } = context
    const accounts = this.#accounts
    const { last, isWhole, ...found } = await tx.recordLists.decisionsBefore(
      accounts ? { accounts } : {},
      this.#before,
      this.#bounds.perTurn,
    )
    const numbers = found.numbers.filter((n) => n >= first)
    const asked = await tx.journal.askedBy(numbers)
    const fates = await this.#fatesOf(context, asked, new Date(now))
    // All of it at once: where the reading begins anew it goes on behind these, and none is counted twice.
    for (const [index, { n: decision, at }] of asked.entries()) {
      const fate = fates[index]
      if (!fate) continue
      this.#asked++
      this.#tallies.request(fate.shared, at, () => ruledSample({ decision, at, ...fate }))
    }
    this.#before = last
    // Of a page that is not full, as much was passed over as one page may.
    this.#looked += isWhole || found.numbers.length === this.#bounds.perTurn ? numbers.length : passedPerPage
    const { evaluated } = this.#bounds
    if (this.#evaluated > evaluated || this.#evaluatedOfStages > evaluated) this.#end({ isWhole: false })
    else if (isWhole || last <= first) this.#end({ isWhole: true })
    else if (this.#looked >= this.#bounds.asked) this.#end({ isWhole: false })
  }
  /** How each fares; undefined of what it cannot reach, and of what was too much. */
  async #fatesOf({ tx }: ReadContext, asked: readonly Asked[], now: Date): Promise<readonly (Fate | undefined)[]> {
    if (this.#rulings.size > rulingsKeptMax) this.#rulings.clear()
    if (this.#fates.size > rulingsKeptMax) this.#fates.clear()
    const unknown = new Set(asked.map(({ ruling }) => ruling).filter((ruling) => !this.#rulings.has(ruling)))
    for (const [ruling, shared] of await tx.journal.requestsOf([...unknown])) this.#rulings.set(ruling, shared)
    const fates: (Fate | undefined)[] = []
    let evaluated = 0
    for (const { ruling, params } of asked) {
      const shared = this.#rulings.get(ruling)!
      const key = params === null ? String(ruling) : `${ruling} ${params}`
      let fate = this.#fates.get(key)
      if (!fate && this.#reaches(shared.account) && this.#evaluated <= this.#bounds.evaluated) {
        this.#evaluated++
        if (++evaluated % evaluatedPerTurn === 0) await tx.nextTurn()
        const request = params === null ? shared : tx.journal.requestWith(shared, params)
        fate = await this.#fateOf(tx, shared, request, now)
        this.#fates.set(key, fate)
      }
      fates.push(fate)
    }
    return fates
  }
  /** Who would be denied behind a stage is denied for as long as that one is in force, whatever those behind it undo. */
  async #fateOf(
    tx: ReadContext['tx'],
    shared: AllocationRequest,
    request: AllocationRequest,
    now: Date,
  ): Promise<Fate> {
    const present = decide(this.#present, request, now)
    let candidate = decide(this.#candidate, request, now)
    if (isDenied({ present, candidate })) return { shared, present, candidate }
    for (const stage of this.#stages) {
      if (this.#evaluatedOfStages > this.#bounds.evaluated) break
      if (!isBelow([this.#present, stage.candidate], stage.nodes, shared.account)) continue
      if (++this.#evaluatedOfStages % evaluatedPerTurn === 0) await tx.nextTurn()
      const behind = decide(stage.candidate, request, now)
      if (!isDenied({ present, candidate: behind })) continue
      candidate = behind
      break
    }
    return { shared, present, candidate }
  }
  #end({ isWhole }: { readonly isWhole: boolean }): void {
    this.#isOver = true
    this.#isWhole = isWhole
  }

  #reaches(account: string): boolean {
    const known = this.#reached.get(account)
    if (known !== undefined) return known
    const worlds = [this.#present, this.#candidate, ...this.#stages.map(({ candidate }) => candidate)]
    const isReached = isBelow(worlds, this.#nodes, account)
    this.#reached.set(account, isReached)
    return isReached
  }

  async #told(context: ReadContext, { now, from }: { readonly now: number; readonly from: number }) {
    const { installation } = context.tx
    const tallies = this.#tallies.all()
    const groups = groupsOf(tallies)
    const nodes = standingBefore(this.#nodes, this.#present, [
      this.#candidate,
      ...this.#stages.map(({ candidate }) => candidate),
    ])
    const accounts = [...new Set(tallies.map(({ account }) => account))]
    const changed = groups.filter((one) => one.newlyDenied + one.newlyAllowed + one.elsewhere > 0).sort(mostDeniedFirst)
    return {
      days: askedAgainDays,
      from,
      until: now,
      asked: this.#asked,
      isWhole: this.#isWhole && this.#tallies.isWhole,
      ...sumOf(groups),
      groups: changed.slice(0, keptMax),
      samples: samplesIn(tallies, installation),
      ...(nodes.length <= keptMax ? { nodes } : {}),
      ...(accounts.length <= keptMax ? { accounts } : {}),
      hasUnseen: await hasUnseen(context, { nodes, accounts, from, now }),
    }
  }
}
interface Fate {
  /** The same object for all that are counted together. */
  readonly shared: AllocationRequest
  readonly present: Verdict
  readonly candidate: Verdict
}

interface Stage {
  readonly nodes: ReadonlySet<string>
  readonly candidate: Snapshot
}
const isBelow = (worlds: readonly Snapshot[], nodes: ReadonlySet<string>, account: string): boolean =>
  nodes.has(everywhere) || worlds.some((one) => pathOf(one, account).some((node) => nodes.has(node)))
function isDenied({ present, candidate }: Pick<Fate, 'present' | 'candidate'>): boolean {
  const kind = ruledSample({ decision: 0, at: 0, present, candidate })?.kind
  return kind === 'newly-denied' || kind === 'exhausted'
}

/** The same facts: what is remembered of requests that are made must not be pushed out, and what might become of assignments is not asked. */
const apart = (snapshot: Snapshot): Snapshot => ({ ...snapshot, candidates: undefined, caches: emptyCaches() })

// What it reaches ------------------------------------------------------------------------------------------------------

function nodesReached({ before, after, scopes, pools }: Reach): ReadonlySet<string> {
  const nodes = new Set<string>()
  const touched = new Set(pools)
  for (const { node, pool } of scopes) {
    if (node !== undefined) nodes.add(node)
    else if (pool === undefined) nodes.add(everywhere)
    // What the provider gives where no pool does goes with the pools that have changed.
    else if (pool !== provider) touched.add(pool)
  }
  if (touched.size > 0 && !nodes.has(everywhere)) {
    for (const snapshot of [before, after]) for (const node of nodesOfPools(snapshot, touched)) nodes.add(node)
  }
  return nodes
}

/** Whoever has a pool, whom it is shared with, and for whom a policy or an exception lists it. */
function* nodesOfPools(snapshot: Snapshot, touched: ReadonlySet<string>): Iterable<string> {
  for (const id of touched) {
    const pool = snapshot.pools.get(id)
    if (pool) yield pool.account
  }
  yield* takersOf(snapshot, touched)
  for (const { target, grants } of snapshot.exceptions.values()) {
    if (grants.pools.some((pool) => touched.has(pool))) yield target
  }
}

/** All accounts at these nodes and below, before the change and behind it; undefined where they are too many to be read one by one. */
function accountsBelow(nodes: ReadonlySet<string>, snapshots: readonly Snapshot[]): readonly string[] | undefined {
  if (nodes.has(everywhere)) return undefined
  const accounts = new Set<string>()
  const seen = new Set<string>()
  for (const snapshot of snapshots) {
    const waiting = [...nodes]
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
      const key = `${snapshots.indexOf(snapshot)} ${node}`
      if (seen.has(key)) continue
      seen.add(key)
      if (isAccountId(node)) accounts.add(node)
      if (accounts.size > accountsReadMax) return undefined
      waiting.push(...(childrenOf(snapshot).get(node) ?? []))
    }
  }
  return [...accounts].sort()
}

/** Of a unit that the change makes, the nearest above it that is there: below it is nothing that was not elsewhere, which is reached too. */
const standingBefore = (
  nodes: ReadonlySet<string>,
  before: Snapshot,
  after: readonly Snapshot[],
): readonly string[] => [
  ...new Set(
    [...nodes].map((node) => {
      if (node === everywhere || isAccountId(node) || before.nodes.has(node)) return node
      const above = after.map((one) => pathOf(one, node).findLast((each) => before.nodes.has(each)))
      return above.find((one) => one !== undefined) ?? node
    }),
  ),
]

/**
 * Whether the caller may not see all that could have been asked: of nodes, whether or not anything was, and of the accounts that did, also
 * where they were then. What others have asked must not be told by the class of a change (invariant I8).
 */
async function hasUnseen(
  context: ReadContext,
  {
    nodes,
    accounts,
    from,
    now,
  }: {
    readonly nodes: readonly string[]
    readonly accounts: readonly string[]
    readonly from: number
    readonly now: number
  },
): Promise<boolean> {
  for (const node of nodes) if (!(await seesRequestsBelow(context, node))) return true
  if (await seesRequestsBelow(context, everywhere)) return false
  if (await seesRequestsBelow(context, await topOf(context))) return false
  const sawDecisions = await permitterThen(context, 'decision:read')
  for (const account of accounts) if (!(await sawDecisions(account, from, now + 1))) return true
  return false
}
const seesRequestsBelow = async (context: ReadContext, node: string): Promise<boolean> =>
  (await mayThroughout(context, 'decision:read', node)) && mayThroughout(context, 'allocation:read', node)

// What is told ---------------------------------------------------------------------------------------------------------

/** By account and type. */
function groupsOf(tallies: readonly Tally[]): readonly RequestGroup[] {
  const parts = Map.groupBy(tallies.map(partOf), ({ account, resourceType }) => joinKey(account, resourceType))
  return [...parts.values()].map((some) => {
    const { account, resourceType } = some[0]!
    return { account, resourceType, asked: some.reduce((sum, { asked }) => sum + asked, 0), ...sumOf(some) }
  })
}
const partOf = ({ account, resourceType, requests, ruled: { counts } }: Tally): RequestGroup => ({
  ...{ account, resourceType, asked: requests },
  // Who gets nothing since nothing is listed any more is denied as much as who is told so.
  newlyDenied: counts['newly-denied'] + counts.exhausted,
  newlyAllowed: counts['newly-allowed'],
  elsewhere: counts.elsewhere + counts['other-size'],
})
const mostDeniedFirst = (a: RequestGroup, b: RequestGroup): number =>
  b.newlyDenied - a.newlyDenied || b.elsewhere - a.elsewhere || (a.account < b.account ? -1 : 1)

const sumOf = (groups: readonly RequestGroup[]) => {
  const sum = (of: 'newlyDenied' | 'newlyAllowed' | 'elsewhere'): number =>
    groups.reduce((total, group) => total + group[of], 0)
  return { newlyDenied: sum('newlyDenied'), newlyAllowed: sum('newlyAllowed'), elsewhere: sum('elsewhere') }
}

const mattersMost: readonly RequestKind[] = ['newly-denied', 'exhausted', 'elsewhere', 'other-size', 'newly-allowed']
const samplesIn = (tallies: readonly Tally[], installation: string): readonly RequestSampleOfImpact[] =>
  tallies
    .flatMap(({ account, ruled: { samples } }) => samples.map((one) => ({ ...one, account })))
    .sort((a, b) => mattersMost.indexOf(a.kind) - mattersMost.indexOf(b.kind) || b.decision - a.decision)
    .slice(0, samplesMax)
    .map(({ decision, account }) => ({ decisionId: formatId('decision', installation, decision), account }))

/** As much of it as one may see: what is hidden is as if it were not there, and whether something is does not tell. */
export async function seenRequests(context: ReadContext): Promise<(found: RequestsFound) => Promise<RequestsFound>> {
  const seesSpace = await permitter(context, 'allocation:read')
  const sawDecisions = await permitterThen(context, 'decision:read')
  const seesTop =
    (await seesRequestsBelow(context, everywhere)) || (await seesRequestsBelow(context, await topOf(context)))
  return async (found) => {
    const { nodes = [everywhere], accounts, from, until } = found
    const sees = async (account: string): Promise<boolean> =>
      seesSpace(account) && (await sawDecisions(account, from, until + 1))
    let isAll = true
    for (const node of nodes) isAll &&= await seesRequestsBelow(context, node)
    if (isAll && seesTop) return found
    if (isAll && accounts) {
      const seen = await Promise.all(accounts.map(sees))
      if (seen.every(Boolean)) return found
    }
    const seen = new Set<string>()
    for (const { account } of found.groups) if (await sees(account)) seen.add(account)
    const groups = found.groups.filter(({ account }) => seen.has(account))
    return {
      ...found,
      isWhole: false,
      asked: groups.reduce((total, group) => total + group.asked, 0),
      ...sumOf(groups),
      groups,
      samples: found.samples.filter(({ account }) => seen.has(account)),
    }
  }
}
