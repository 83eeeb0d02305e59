// Simulations: a change of governance is asked what it would have made of the requests on record, of space in use and of what pools have
// free, without being made (policy-model §8).
import type { ChangeRequest } from '#model/change-request.ts'
import { formatId, parseId } from '#model/identifier.ts'
import { accountableOf } from '#model/principal.ts'
import { type Refusal, refuse } from '#model/refusal.ts'
import { everywhere } from '#model/roles.ts'
import { byRules, groupByRules, noCounts, type SimulationKind, type Tally } from '#model/simulation.ts'
import type { SimulatedOperation, SimulatedPool, StoredSimulation } from '#store/tables/simulations.ts'
import { refuseMalformed } from '../identifiers.ts'
import { mayThroughout, permitter, requirePermission } from '../identity/authority.ts'
import { visibleAccounts } from '../identity/visible-accounts.ts'
import { latestFirst, type Page, type PageAsked, partsOfPlace, readPage } from '../listing.ts'
import type { Ahead, ReadContext, Tried, WriteContext } from '../operation.ts'
import { permitterThen, standingOf, topOf } from '../record/object-places.ts'
import { refuseLongList } from './list-bounds.ts'
import type { DoAll } from './simulating.ts'

/** Simulations that somebody has, those that are over among them, and those that are not; and how many of everybody's are not. */
export const simulationsPerHolderMax = 20
export const openSimulationsPerHolderMax = 3
export const openSimulationsMax = 50
/** Decisions that are asked again at most: of so many days. */
export const simulatedDaysMax = 400
export const simulatedDaysDefault = 30
const accountsPerStep = 100

// What changes -------------------------------------------------------------------------------------------------------

export interface SimulationParams {
  readonly operations: readonly SimulatedOperation[]
  readonly days?: number | undefined
  /** The change request that says so. */
  readonly of?: Pick<ChangeRequest, 'id' | 'contentHash'> | undefined
}

/** Tries the change itself, for whoever has room for one more: nobody looks at what it would make of space, which is simulated. */
export const trySimulation = (ahead: Ahead, operations: readonly SimulatedOperation[], doAll: DoAll): Promise<Tried> =>
  ahead.attempt(
    async (context) => {
      await requireRoom(context)
      await doAll(context, operations)
    },
    { of: 'rules' },
  )

/** Begins one: it is worked at behind the requests. What could not be made is refused as its operation refuses it. */
export async function startSimulation(
  context: WriteContext,
  { operations, days = simulatedDaysDefault, of }: SimulationParams,
  tried: Tried,
): Promise<StoredSimulation> {
  const { tx, now, caller } = context
  if ('refused' in tried) throw tried.refused
  await refuseLongList(context, operations)
  const native = caller.native!
  const holder = accountableOf(native)
  await requireRoom(context)
  const n = context.newSequence()
  const started: StoredSimulation = {
    n,
    holder,
    askedBy: native.name,
    days,
    status: 'waiting',
    createdAt: now,
    workerUntil: 0,
    attempts: 0,
    progress: { phase: 'waiting', percent: 0 },
    ...(of && placeInRequests(context, of)),
  }
  const asker = { arn: caller.arn, accessKeyId: caller.accessKeyId, native }
  await tx.simulations.insert(started, { simulation: n, asker, operations })
  context.changed(formatId('simulation', tx.installation, n))
  return started
}

/** What it is found by of a change request: as that is now, and no more where it says something else. */
const placeInRequests = ({ tx }: ReadContext, { id, contentHash }: Pick<ChangeRequest, 'id' | 'contentHash'>) => ({
  changeRequest: parseId('changeRequest', tx.installation, id)!,
  contentHash,
})

/** Refuses whoever has as many as they may. */
export async function requireRoom({ tx, caller }: WriteContext): Promise<void> {
  const holder = accountableOf(caller.native!)
  const { kept, open } = await tx.simulations.countOf(holder, simulationsPerHolderMax)
  const tooMany = (of: 'simulations' | 'open-simulations', limit: number, used: number): void => {
    if (used >= limit) refuse({ code: 'LimitExceeded', what: { of }, limit, used })
  }
  tooMany('open-simulations', openSimulationsPerHolderMax, open)
  tooMany('simulations', simulationsPerHolderMax, kept)
  tooMany('open-simulations', openSimulationsMax, await tx.simulations.countOpen(openSimulationsMax))
}

/** Ends one that is not over; of one that is, nothing changes. */
export async function cancelSimulation(context: WriteContext, id: string): Promise<StoredSimulation> {
  const found = await getSimulationToChange(context, id)
  if (found.endedAt !== undefined) return found
  await context.tx.simulations.set(found.n, { status: 'cancelled', endedAt: context.now, worker: undefined })
  context.changed(id)
  return getSimulation(context, id)
}

/** Takes one away, with all that came of it. */
export async function deleteSimulation(context: WriteContext, id: string): Promise<void> {
  const { n } = await getSimulationToChange(context, id)
  await context.tx.simulations.set(n, { status: 'deleted', endedAt: context.now, worker: undefined })
  context.changed(id)
}

// What is there ------------------------------------------------------------------------------------------------------

const absent = (id: string): Refusal => ({ code: 'NotFound', what: 'simulation', id })

/** Whoever asked sees it, whoever may read all policies, and whoever sees the change request that it is of: for all others it is not there. */
export async function getSimulation(context: ReadContext, id: string): Promise<StoredSimulation> {
  refuseMalformed('simulation', id)
  const n = parseId('simulation', context.tx.installation, id)
  const found = n === undefined ? undefined : await context.tx.simulations.find(n)
  if (!found || !(await isSeen(context, found))) refuse(absent(id))
  return found
}
const isOwn = ({ caller: { native } }: ReadContext, { holder }: StoredSimulation): boolean =>
  native !== undefined && holder === accountableOf(native)
/** What others simulate names what is of any node. */
const seesAll = async (context: ReadContext): Promise<boolean> =>
  (await mayThroughout(context, 'policy:read', everywhere)) ||
  mayThroughout(context, 'policy:read', await topOf(context))
const isSeen = async (context: ReadContext, simulation: StoredSimulation): Promise<boolean> =>
  isOwn(context, simulation) || (await seesAll(context)) || (await seesRequest(context, simulation))
async function seesRequest(context: ReadContext, { changeRequest }: StoredSimulation): Promise<boolean> {
  const request = changeRequest === undefined ? undefined : await context.tx.changeRequests.find(changeRequest)
  if (!request) return false
  const isPermitted = await permitter(context, 'change:read')
  return isPermitted(await standingOf(context, request.node))
}
/** Whoever sees it beside a change request alone does not end it. */
async function getSimulationToChange(context: ReadContext, id: string): Promise<StoredSimulation> {
  const found = await getSimulation(context, id)
  if (isOwn(context, found) || (await seesAll(context))) return found
  await requirePermission(context, 'policy:read', { node: everywhere })
  return refuse(absent(id))
}

// Of change requests -------------------------------------------------------------------------------------------------

/** The latest of a change request as it is now. */
export const simulationOf = (
  context: ReadContext,
  request: Pick<ChangeRequest, 'id' | 'contentHash'>,
): Promise<StoredSimulation | undefined> => context.tx.simulations.latestOf(placeInRequests(context, request))

export const isSimulated = async (
  context: ReadContext,
  request: Pick<ChangeRequest, 'id' | 'contentHash'>,
): Promise<boolean> =>
  (await context.tx.simulations.latestOf(placeInRequests(context, request), { isDone: true })) !== undefined
export async function requireSimulated(
  context: ReadContext,
  request: Pick<ChangeRequest, 'id' | 'contentHash'>,
): Promise<void> {
  const { id } = request
  if (await isSimulated(context, request)) return
  refuse({ code: 'IncorrectState', what: 'change-request', id, problem: { why: 'not-simulated', id } })
}

/** The latest first. */
export async function listSimulations(
  context: ReadContext,
  asked: PageAsked<string>,
): Promise<Page<StoredSimulation, string>> {
  const { native } = context.caller
  const holder = (await seesAll(context)) ? undefined : native && accountableOf(native)
  return readPage<StoredSimulation, StoredSimulation>(context, asked, {
    read: (after, limit) => context.tx.simulations.list(holder, latestFirst.read(after), limit),
    placeOf: ({ n }) => latestFirst.write(n),
    show: (rows) => rows,
  })
}

/**
 * What came of one, of all accounts that the caller may see. Who takes room in pools is part of what requests get, so that to whoever may not
 * see all that was asked it is told what rules alone make of them: a pool that a change makes as small as one likes would otherwise say
 * what hidden accounts have asked for, and when (invariant I8).
 */
export interface SimulationTotals {
  /** Whether room in pools has a part in it. */
  readonly isRoomCounted: boolean
  readonly requests: number
  readonly resources: number
  readonly counts: Readonly<Record<SimulationKind, number>>
}
export async function totalsOf(context: ReadContext, simulation: StoredSimulation): Promise<SimulationTotals> {
  const { tx, progress } = context
  const { n } = simulation
  const isRoomCounted = await seesAllRequests(context, simulation)
  const isShown = await showingGroups(context)
  const none = { isRoomCounted, requests: 0, resources: 0, counts: { ...noCounts } }
  const sofar = progress.next(() => ({ after: '', totals: none }))
  for (;;) {
    const rows = await tx.simulations.totals(n, sofar.after, accountsPerStep)
    const shown: typeof rows = []
    for (const row of rows) if (await isShown(row)) shown.push(row)
    for (const { requests, resources, counts } of isRoomCounted ? shown : shown.map(byRules)) {
      sofar.totals.requests += requests
      sofar.totals.resources += resources
      for (const kind of Object.keys(noCounts) as SimulationKind[]) sofar.totals.counts[kind] += counts[kind]
    }
    if (rows.length < accountsPerStep) return sofar.totals
    sofar.after = rows.at(-1)!.account
    tx.keepsSoFar()
    await tx.nextTurn()
  }
}

/**
 * Whether the caller may see what an account has asked for, all along, and what it has: of what they may see in part nothing is told, since
 * counts say something of the rest.
 */
async function showingGroups(
  context: ReadContext,
): Promise<
  (group: Pick<Tally, 'account'> & { firstAt?: number | undefined; lastAt?: number | undefined }) => Promise<boolean>
> {
  const sawDecisions = await permitterThen(context, 'decision:read')
  const seesSpace = await permitter(context, 'allocation:read')
  return async ({ account, firstAt, lastAt }) => {
    if (!seesSpace(account)) return false
    return firstAt === undefined || sawDecisions(account, firstAt, (lastAt ?? firstAt) + 1)
  }
}

export interface GroupsAsked {
  readonly account?: string | undefined
  readonly resourceType?: string | undefined
  readonly locale?: string | undefined
  readonly kind?: SimulationKind | undefined
  readonly isAll?: boolean
}
/** By account, type and locale, as far as the caller may see the accounts. */
export async function listGroups(
  context: ReadContext,
  id: string,
  { account, resourceType, locale, kind, isAll = false }: GroupsAsked,
  asked: PageAsked<string>,
): Promise<Page<Tally, string>> {
  const simulation = await getSimulation(context, id)
  const isRoomCounted = await seesAllRequests(context, simulation)
  const isShown = await showingGroups(context)
  const isMeant = ({ counts, ...row }: Tally): boolean =>
    (resourceType === undefined || row.resourceType === resourceType) &&
    (locale === undefined || row.locale === locale) &&
    (kind === undefined ? isAll || Object.values(counts).some((count) => count > 0) : counts[kind] > 0)
  const accounts = account === undefined ? await visibleAccounts(context, 'decision:read', 'ever') : [account]
  return readPage<Tally, Tally>(context, asked, {
    async read(after, limit) {
      const rows = await context.tx.simulations.groups(simulation.n, accounts, groupPlace.read(after), limit)
      return isRoomCounted ? rows : rows.map(groupByRules)
    },
    placeOf: groupPlace.write,
    async show(rows) {
      const shown: (Tally | undefined)[] = []
      for (const row of rows) shown.push(isMeant(row) && (await isShown(row)) ? row : undefined)
      return shown
    },
  })
}
const groupPlace = {
  write: ({ account, resourceType, locale }: Pick<Tally, 'account' | 'resourceType' | 'locale'>): string =>
    [account, resourceType, locale].join('\n'),
  read(place: string | undefined) {
    if (place === undefined) return { account: '', resourceType: '', locale: '' }
    const [account, resourceType, locale] = partsOfPlace(place, /^([^\n]*)\n([^\n]*)\n([^\n]*)$/)
    return { account: account!, resourceType: resourceType!, locale: locale! }
  },
}

/**
 * Pools that requests come to, as far as the caller may see them: those that the change makes with the simulation itself. Only where they see
 * all requests: what is left of a pool is left by all of them, and a rule of the change may be for one tag of one account.
 */
export async function listSimulatedPools(
  context: ReadContext,
  id: string,
  asked: PageAsked<string>,
): Promise<Page<SimulatedPool, string>> {
  const simulation = await getSimulation(context, id)
  const { n } = simulation
  if (!(await seesAllRequests(context, simulation))) return { items: [], next: undefined }
  const { pools } = await context.snapshot()
  const isPermitted = await permitter(context, 'ipam:read')
  const mayHave = ({ pool, isNew }: SimulatedPool): boolean => {
    const known = pools.get(pool)
    return isNew || (known !== undefined && isPermitted(known.account))
  }
  return readPage<SimulatedPool, SimulatedPool>(context, asked, {
    read: (after = '', limit) => context.tx.simulations.pools(n, after, limit),
    placeOf: ({ pool }) => pool,
    show: (rows) => rows.map((row) => (mayHave(row) ? row : undefined)),
  })
}

/** Of hidden accounts of the organization it makes no difference whether they have asked for anything. */
async function seesAllRequests(context: ReadContext, { n, facts }: StoredSimulation): Promise<boolean> {
  const { tx, progress } = context
  const seesBelow = async (node: string): Promise<boolean> =>
    (await mayThroughout(context, 'decision:read', node)) && mayThroughout(context, 'allocation:read', node)
  if (await seesBelow(everywhere)) return true
  if (!(await seesBelow(await topOf(context)))) return false
  // Of more accounts than are told apart it is not known whose they are.
  if (facts && !facts.isWhole) return false
  const isShown = await showingGroups(context)
  const sofar = progress.next(() => ({ after: '' }))
  for (;;) {
    const rows = await tx.simulations.totals(n, sofar.after, accountsPerStep)
    for (const row of rows) if (row.requests > 0 && !(await isShown(row))) return false
    if (rows.length < accountsPerStep) return true
    sofar.after = rows.at(-1)!.account
    tx.keepsSoFar()
    await tx.nextTurn()
  }
}
