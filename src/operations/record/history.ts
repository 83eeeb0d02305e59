// The time machine: who held an address or a range, what an account or a resource held, and what any object was, at a moment or
// between two. Newest first.
import type { Cidr } from '#model/cidr.ts'
import { formatId, parseId } from '#model/identifier.ts'
import { provider } from '#model/policy/decision.ts'
import { type Refusal, refuse } from '#model/refusal.ts'
import type { HistoryBody, HistoryVersion } from '#store/tables/history.ts'
import type { Reason } from '#store/tables/journal.ts'
import type { ListedEntry } from '#store/tables/record-lists.ts'
import type { AccountPlace, AroundPlace, DescribedTenure, NumberPlace, Tenure } from '#store/tables/timeline.ts'
import type { Place } from '../identity/authority.ts'
import { visibleAccounts } from '../identity/visible-accounts.ts'
import { type Page, type PageAsked, readSlicedPage, type Slice } from '../listing.ts'
import type { ReadContext } from '../operation.ts'
import { knowerThen, placeOfObject, placeThen } from './object-places.ts'
import { placesOfPools } from './pool-scopes.ts'
import { always, type Span } from './spans.ts'

const action = 'history:read'

// Space --------------------------------------------------------------------------------------------------------------

/** What was so from one moment to another, as far as the caller knows of it. */
export interface HeldTenure {
  readonly tenure: DescribedTenure
  /** Up to which moment the caller knows of it: whether it was over later is not told. `Infinity`: of all of it. */
  readonly knownUntil: number
  /** The pool that it came from, also where that is gone by now; `provider` for space of the provider. */
  readonly poolId: string
  /** Of that pool; undefined for space of the provider. */
  readonly scopeId: string | undefined
  /** Who asked for it, and by which policy it could be had; undefined where that is no longer kept. */
  readonly reason: Reason | undefined
}
export interface HeldFilter extends Span {
  /** Only what was of a pool of this scope: several may have the same addresses. */
  readonly scopeId: string | undefined
}

/** What held a range, a part of it, or space around it: see `Timeline.around` for the order. */
export async function listHolders(
  context: ReadContext,
  range: Cidr,
  filter: HeldFilter,
  asked: PageAsked<AroundPlace>,
): Promise<Page<HeldTenure, AroundPlace>> {
  const accounts = await visibleAccounts(context, action, 'ever')
  return gather(context, filter, asked, {
    readSlice: (after, size) => context.tx.tenures.around(range, after, size, accounts),
    placeOf: (row) => context.tx.tenures.placeAround(row, range),
  })
}

/** A place in what an account held: what counts as over is so as of the first page, for all pages. */
export interface AccountListPlace {
  readonly final: number
  readonly place: AccountPlace
}
/** What an account held: first what is not over, then what is, what ended last first. */
export async function listHoldingsOfAccount(
  context: ReadContext,
  account: string,
  filter: HeldFilter,
  { limit, after }: PageAsked<AccountListPlace>,
): Promise<Page<HeldTenure, AccountListPlace>> {
  const { tenures } = context.tx
  const final = after?.final ?? (await finalOf(context, account))
  const { items, next } = await gather(
    context,
    filter,
    { limit, after: after?.place },
    {
      readSlice: sliced(
        (place: AccountPlace | undefined, size) =>
          tenures.ofAccount(account, { since: filter.from, final }, place, size),
        placeOf,
      ),
      placeOf,
    },
  )
  function placeOf({ endsAt, n, version }: Tenure): AccountPlace {
    return { until: endsAt !== undefined && endsAt <= final ? endsAt : undefined, n, version }
  }
  return { items, next: next && { final, place: next } }
}
/** For who may read only what was, a list is as of the moment from which on nothing is told: its order would tell it. */
async function finalOf(context: ReadContext, account: string): Promise<number> {
  return Math.min(context.progress.asOf ?? context.tx.asOf, (await lastKnown(context, account)) - 1)
}
async function lastKnown(context: ReadContext, account: string): Promise<number> {
  const knows = await knowerThen(context, action)
  return (await knows(account, 0, always)) ?? 0
}

/** How old a place may be: what ended since the first page is sorted anew for each page. */
const accountPlaceMsMax = 86_400_000
/** Whether a list of what an account held can go on there. */
export async function isPlaceKept(
  context: ReadContext,
  account: string,
  { final }: AccountListPlace,
): Promise<boolean> {
  const isOld = final < context.now - accountPlaceMsMax && final !== (await lastKnown(context, account)) - 1
  return final <= context.now && !isOld
}

/** What a resource held under its name or id, or was associated with. */
export async function listHoldingsOfResource(
  context: ReadContext,
  resourceId: string,
  filter: HeldFilter,
  asked: PageAsked<NumberPlace>,
): Promise<Page<HeldTenure, NumberPlace>> {
  const { tenures } = context.tx
  const n = await allocationNumber(context, resourceId)
  const accounts = await visibleAccounts(context, action, 'ever')
  const placeOf = ({ n, version }: Tenure): NumberPlace => ({ n, version })
  return gather(context, filter, asked, {
    readSlice: sliced(
      (place: NumberPlace | undefined, size) =>
        n === undefined
          ? tenures.ofResource(resourceId, place, size, accounts)
          : tenures.ofNumber(n, place?.version, size),
      placeOf,
    ),
    placeOf,
  })
}

interface Reading<P> {
  readSlice(after: P | undefined, limit: number): Promise<Slice<Tenure, P>>
  placeOf(row: Tenure): P
}
const sliced =
  <P>(read: (after: P | undefined, limit: number) => Promise<readonly Tenure[]>, placeOf: (row: Tenure) => P) =>
  async (after: P | undefined, limit: number): Promise<Slice<Tenure, P>> => {
    const rows = await read(after, limit)
    return { rows, next: rows.length < limit ? undefined : placeOf(rows.at(-1)!) }
  }

/** Tenures looked at for one page: they stand in four tables, each of which is read as far. */
const tenuresPerPageMax = 2_500

/** One page of what was held in the span and may be seen. */
async function gather<P>(
  context: ReadContext,
  { from, until, scopeId }: HeldFilter,
  asked: PageAsked<P>,
  { readSlice, placeOf }: Reading<P>,
): Promise<Page<HeldTenure, P>> {
  const knows = await knowerThen(context, action)
  const { items, next } = await readSlicedPage<Tenure, Known, P>(context, asked, {
    readSlice,
    placeOf,
    bounds: { rowsMax: tenuresPerPageMax },
    async show(rows) {
      const isInScope = await scopeTest(context, scopeId, rows)
      const shown: (Known | undefined)[] = []
      for (const row of rows) {
        const ends = row.endsAt ?? always
        // What ends at a moment was held before it, and by nobody at it.
        const isInSpan = row.from < until && ends > from && isInScope(row)
        const knownUntil = isInSpan ? await knows(row.account, row.from, ends) : undefined
        shown.push(knownUntil !== undefined && from < knownUntil ? { row, knownUntil } : undefined)
      }
      return shown
    },
  })
  return { items: await describeAll(context, items), next }
}
interface Known {
  readonly row: Tenure
  readonly knownUntil: number
}

async function scopeTest(
  context: ReadContext,
  scopeId: string | undefined,
  rows: readonly Tenure[],
): Promise<(row: Tenure) => boolean> {
  if (scopeId === undefined) return () => true
  const places = await placesOfPools(
    context,
    rows.map(({ pool }) => pool),
  )
  return ({ pool }) => places.get(pool)?.scopeId === scopeId
}

async function describeAll(context: ReadContext, known: readonly Known[]): Promise<HeldTenure[]> {
  const rows = known.map(({ row }) => row)
  const reasons = await context.tx.journal.findReasons(rows.flatMap(({ decision }) => decision ?? []))
  const nameOf = await poolNamer(context)
  const places = await placesOfPools(
    context,
    rows.map(({ pool }) => pool),
  )
  const described = await context.tx.tenures.describe(rows)
  return described.map((row, index) => {
    const { knownUntil } = known[index]!
    return {
      tenure: endsWithin(row, knownUntil),
      knownUntil,
      poolId: nameOf(row.pool),
      scopeId: places.get(row.pool)?.scopeId,
      reason: reasons.get(row.decision ?? -1),
    }
  })
}

/** Without ends that came when the caller knew of it no more. */
function endsWithin(row: DescribedTenure, known: number): DescribedTenure {
  const { until, heldUntil } = row
  const isEndKnown = heldUntil === undefined || heldUntil < known
  return {
    ...row,
    until: until !== undefined && until < known ? until : undefined,
    ...(isEndKnown ? {} : { heldUntil: undefined, ending: undefined }),
  }
}

/** A pool by its number, also one that is gone; the provider's own go by its name. */
export async function poolNamer({ tx }: ReadContext): Promise<(pool: number) => string> {
  const own = [await tx.pools.ofProvider(4), await tx.pools.ofProvider(6)].map((pool) => pool?.n)
  return (pool) => (own.includes(pool) ? provider : formatId('pool', tx.installation, pool))
}

/** The number of the allocation or Elastic IP that an id names; undefined for all else. */
async function allocationNumber({ tx }: ReadContext, id: string): Promise<number | undefined> {
  const n = parseId('allocation', tx.installation, id)
  if (n !== undefined) return (await tx.tenures.latestOf(n)) && n
  const address = parseId('address', tx.installation, id)
  const found = address === undefined ? undefined : await tx.tenures.latestOf(address)
  return found?.resourceType === 'eip' ? address : undefined
}

// Objects ------------------------------------------------------------------------------------------------------------

/** What an object was from one moment to another, as far as the caller knows of it. */
export interface ObjectState {
  readonly version: number
  readonly from: number
  /** Undefined: it is so now, or at `knownUntil`. */
  readonly until: number | undefined
  /** `Infinity`: the caller knows of all of it. */
  readonly knownUntil: number
  /** Allocations and Elastic IPs are objects too: their states are those of their tenure; all others have versions. */
  readonly body:
    | { readonly held: HeldTenure }
    | { readonly stored: HistoryVersion; readonly content: HistoryBody; readonly maker: Maker | undefined }
}
/** The change with which a version began, and the decision of policy by which it could be so. */
export interface Maker {
  readonly entry: ListedEntry
  readonly decision: number | undefined
}

/** What a list finds, before it is known who made it so. */
type Found = Pick<ObjectState, 'version' | 'from' | 'until'> & {
  readonly tenure?: Tenure
  readonly stored?: HistoryVersion
}
const foundTenure = (tenure: Tenure): Found => ({
  version: tenure.version,
  from: tenure.from,
  until: tenure.until,
  tenure,
})

interface States {
  /** Those before a version, newest first. */
  before(version: number | undefined, limit: number): Promise<readonly Found[]>
  at(moment: number): Promise<Found | undefined>
}

/** Every state of an object, newest first; of a span of one moment the one at it. */
export async function listStates(
  context: ReadContext,
  objectId: string,
  { from, until }: Span,
  asked: PageAsked<number>,
): Promise<Page<ObjectState, number>> {
  const states = await statesOf(context, objectId)
  const knows = await knowerThen(context, action)
  const { node } = (await lifeOfObject(context, objectId))!
  /** As far as the caller knows of it; undefined where that is nothing, or nothing of the span. */
  const told = async (one: Found): Promise<KnownState | undefined> => {
    const ends = one.until ?? always
    if (one.from >= until || ends <= from) return undefined
    const knownUntil = await knows(node, one.from, ends)
    if (knownUntil === undefined || from >= knownUntil) return undefined
    return { one: { ...one, until: ends < knownUntil ? one.until : undefined }, knownUntil }
  }
  if (until === from + 1) {
    const found = await states.at(from)
    const state = found && (await told(found))
    return { items: await explain(context, objectId, state ? [state] : []), next: undefined }
  }
  const { items, next } = await readSlicedPage<Found, KnownState, number>(context, asked, {
    async readSlice(before, size) {
      const rows = await states.before(before, size)
      return { rows, next: rows.length < size ? undefined : rows.at(-1)!.version }
    },
    placeOf: ({ version }) => version,
    async show(rows) {
      const shown: (KnownState | undefined)[] = []
      for (const row of rows) shown.push(await told(row))
      return shown
    },
    bounds: { isHeavy: true },
  })
  return { items: await explain(context, objectId, items), next }
}
interface KnownState {
  readonly one: Found
  readonly knownUntil: number
}

async function statesOf(context: ReadContext, objectId: string): Promise<States> {
  const { tenures, history } = context.tx
  const n = await allocationNumber(context, objectId)
  if (n !== undefined) {
    return {
      before: async (version, limit) => (await tenures.ofNumber(n, version, limit)).map(foundTenure),
      async at(moment) {
        const found = await tenures.stateAt(n, moment)
        return found && foundTenure(found)
      },
    }
  }
  const foundVersion = (stored: HistoryVersion): Found => ({
    version: stored.version,
    from: stored.fromAt,
    until: stored.untilAt,
    stored,
  })
  return {
    before: async (version = always, limit) =>
      (await history.versionsBefore(objectId, version, limit)).map(foundVersion),
    async at(moment) {
      const found = await history.asOf(objectId, moment)
      return found && foundVersion(found)
    },
  }
}

/** Entries about an object that are read for who began its versions. */
const beginningsMax = 1_000

/** Each with who made it so. */
async function explain(context: ReadContext, objectId: string, known: readonly KnownState[]): Promise<ObjectState[]> {
  const tenures = known.flatMap(({ one }) => one.tenure ?? [])
  const held = await describeAll(
    context,
    tenures.map((row) => ({ row, knownUntil: Infinity })),
  )
  const makers = await makersOf(
    context,
    objectId,
    known.filter(({ one }) => one.stored).map(({ one }) => one),
  )
  let described = 0
  return known.map(({ one, knownUntil }) => {
    const { version, from, until, stored } = one
    const body = stored
      ? { stored, content: context.tx.history.bodyOf(stored), maker: makers.get(version) }
      : { held: held[described++]! }
    return { version, from, until, knownUntil, body }
  })
}

async function makersOf(
  { tx }: ReadContext,
  objectId: string,
  states: readonly Found[],
): Promise<ReadonlyMap<number, Maker>> {
  if (states.length === 0) return new Map()
  const since = Math.min(...states.map(({ from }) => from))
  const beginnings = await tx.recordLists.beginningsOf(objectId, since, beginningsMax)
  const begun = states.flatMap(({ version }) => beginnings.get(version) ?? [])
  const entries = await tx.recordLists.entries([...new Set(begun.map(({ entry }) => entry))], 1)
  const reasons = await tx.journal.findReasons(begun.flatMap(({ firstDecision }) => firstDecision ?? []))
  return new Map(
    states.flatMap(({ version }) => {
      const one = beginnings.get(version)
      const entry = one && entries.get(one.entry)
      if (!entry) return []
      const decision = one.firstDecision
      // Of what is no longer kept, nothing is left but the number.
      const isKept = decision !== undefined && reasons.has(decision)
      return [[version, { entry, decision: isKept ? decision : undefined }] as const]
    }),
  )
}

interface Life {
  /** Where it lives, or lived last. */
  readonly node: string
  readonly from: number
  readonly until: number
}
/**
 * Where an object lives, and since when and until when it was there at all: who might read its account at other times only is
 * told of none of its states, and so not that there is one (invariant I8). Undefined where nothing is on record of it.
 */
async function lifeOfObject(context: ReadContext, objectId: string): Promise<Life | undefined> {
  const { history, tenures } = context.tx
  const n = await allocationNumber(context, objectId)
  if (n !== undefined) {
    const { account, heldFrom, endsAt } = (await tenures.latestOf(n))!
    return { node: account, from: heldFrom, until: endsAt ?? always }
  }
  const latest = await history.latest(objectId)
  const [first] = await history.versions(objectId, 0, 1)
  if (!latest) return undefined
  const node = await placeOfObject(context, objectId, latest)
  return { node, from: first!.fromAt, until: latest.untilAt ?? always }
}

/** Where the states of an object are read: wherever it has been, for whoever could read it there at some time. */
export async function placeOfLife(context: ReadContext, objectId: string): Promise<Place> {
  const absent: Refusal = { code: 'NotFound', what: 'resource', id: objectId }
  const life = await lifeOfObject(context, objectId)
  const { node, from, until } = life ?? nobodys
  const place = await placeThen(context, action, { node, absent }, from, until)
  return life ? place : refuse(absent)
}
/** What is not there is looked for as what is hidden: it takes as long (invariant I8). */
const nobodys: Life = { node: '000000000000', from: 0, until: always }
/** Where what an account held is read. */
export async function placeOfHoldings(context: ReadContext, account: string): Promise<Place> {
  const absent: Refusal = { code: 'NotFound', what: 'account', id: account }
  const known = await context.tx.organizations.findNumber(account)
  const place = await placeThen(context, action, { node: account, absent }, 0, always)
  return known ? place : refuse(absent)
}
