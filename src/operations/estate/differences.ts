// How what sources say is there differs from what the register has: listed, and each by its id.
import { type Cidr, contains } from '#model/cidr.ts'
import { formatId, parseId } from '#model/identifier.ts'
import type { ObservedKind } from '#model/observation.ts'
import { aspectOf, type DifferenceKind } from '#model/observed-difference.ts'
import { isAccountId } from '#model/organization.ts'
import type { ExistingAnswer } from '#model/policy/existing.ts'
import { refuse } from '#model/refusal.ts'
import type { ReadTransaction } from '#store/store.ts'
import type { Allocation } from '#store/tables/holdings.ts'
import type { StoredObservation } from '#store/tables/observations.ts'
import type { Source } from '#store/tables/sources.ts'
import { permitter } from '../identity/authority.ts'
import { nodesBelow } from '../identity/nodes-below.ts'
import { holdersOf, visibleAccounts } from '../identity/visible-accounts.ts'
import { numberIn, type Page, type PageAsked, partsOfPlace, readSlicedPage } from '../listing.ts'
import type { ReadContext } from '../operation.ts'
import { type Compared, Comparing, comparedAtOnce, type EvaluatedPlace } from './comparing.ts'
import { type DifferenceState, inState } from './ignored.ts'

export interface ListedDifference {
  /** Stays the same as long as what it is about does. */
  readonly id: string
  readonly kind: DifferenceKind
  readonly cidr: Cidr
  /** The account that the source means, by its number here, or that the register says; undefined where there is none. */
  readonly account: string | undefined
  /** Where its finding is filed. */
  readonly node: string
  /** What the source says; undefined where it says nothing. */
  readonly stored: StoredObservation | undefined
  /** What the register has. */
  readonly registered: { readonly allocation: Allocation; readonly id: string } | undefined
  /** What it overlaps with. */
  readonly other: StoredObservation | undefined
  /** Of what is not registered: what policy would have said, and the pool that would hold it. */
  readonly evaluated: EvaluatedPlace | undefined
}
export interface DifferenceFilter {
  readonly difference?: DifferenceKind | undefined
  readonly account?: string | undefined
  readonly kind?: ObservedKind | undefined
  readonly locale?: string | undefined
  readonly within?: Cidr | undefined
  readonly policy?: ExistingAnswer | undefined
  /** Those that nobody has set aside, those that somebody has, or all. */
  readonly state?: DifferenceState | undefined
}

// Ids ----------------------------------------------------------------------------------------------------------------

/** What a difference is about, and which: an observation by its number, or an allocation. */
export type Subject =
  | { readonly aspect: 'observed' | 'overlap'; readonly number: number }
  | { readonly aspect: 'unseen'; readonly n: number }

export const formatDifference = (tx: Pick<ReadTransaction, 'installation'>, subject: Subject): string =>
  subject.aspect === 'unseen'
    ? `unseen-${formatId('allocation', tx.installation, subject.n)}`
    : `${subject.aspect}-${subject.number}`

export function parseDifference(tx: Pick<ReadTransaction, 'installation'>, id: string): Subject | undefined {
  const [, aspect, rest = ''] = /^(observed|overlap|unseen)-(.+)$/.exec(id) ?? []
  if (aspect === 'unseen') {
    const n = parseId('allocation', tx.installation, rest)
    return n === undefined ? undefined : { aspect, n }
  }
  return /^\d{1,15}$/.test(rest) ? { aspect: aspect as 'observed' | 'overlap', number: Number(rest) } : undefined
}

// Listing ------------------------------------------------------------------------------------------------------------

/** What a step of the list reads: observations as such, what they overlap with, or the register. */
export type Row =
  | { readonly aspect: 'observed' | 'overlap'; readonly stored: StoredObservation }
  | { readonly aspect: 'unseen'; readonly allocation: Allocation }

/**
 * Where a source and the register differ: in the order of the source's observations, then what overlaps in the same order, then what the
 * source has not told of in the order of creation. What the caller may not see counts as not there.
 */
export async function listDifferences(
  context: ReadContext,
  source: Source,
  filter: DifferenceFilter,
  asked: PageAsked<string>,
): Promise<Page<ListedDifference, string>> {
  const comparing = await Comparing.begin(context, source)
  const isPoolSeen = await permitter(context, 'ipam:read')
  const wanted = aspectsFor(filter)
  return readSlicedPage(context, asked, {
    async readSlice(after, limit) {
      const [aspect, from] = placeIn(after, wanted[0]!)
      const next = wanted[wanted.indexOf(aspect) + 1]
      const rows = await readRows(context, comparing, aspect, from, limit)
      const last = rows.at(-1)
      return { rows, next: last && rows.length === limit ? placeOf(last) : next && `${next}:-` }
    },
    placeOf,
    bounds: { stepMax: comparedAtOnce },
    async show(rows) {
      const found = await findDifferences(context, comparing, rows)
      const wanted = new Set(await matching(context, source, found, filter))
      return found.map((one) => (one && wanted.has(one) ? withoutHidden(one, isPoolSeen) : undefined))
    },
  })
}
export const aspects = ['observed', 'overlap', 'unseen'] as const
/** In which a filter can find something: of what the source has not told of there is no kind, and policy speaks of observations. */
export function aspectsFor({ difference, kind, policy }: DifferenceFilter): readonly Row['aspect'][] {
  if (difference !== undefined) return [aspectOf(difference)]
  if (policy !== undefined) return ['observed']
  return kind === undefined ? aspects : ['observed', 'overlap']
}

const placeOf = (row: Row): string =>
  row.aspect === 'unseen' ? `unseen:${row.allocation.n}` : `${row.aspect}:${row.stored.number}`
function placeIn(place: string | undefined, first: Row['aspect']): readonly [Row['aspect'], number] {
  if (place === undefined) return [first, -1]
  const [aspect, from] = partsOfPlace(place, /^(observed|overlap|unseen):(-|\d{1,15})$/)
  return [aspect as Row['aspect'], from === '-' ? -1 : numberIn(from!)]
}

/** Of an aspect, what is to be looked at behind a number, in order. */
export async function readRows(
  context: ReadContext,
  comparing: Comparing,
  aspect: Row['aspect'],
  after: number,
  limit: number,
): Promise<readonly Row[]> {
  const { tx } = context
  if (aspect !== 'unseen')
    return (await tx.observations.holding(comparing.at, after, limit)).map((stored) => ({ aspect, stored }))
  if (!comparing.mayMiss) return []
  // Of whoever the caller may see, or the source speaks of, in order of creation.
  const accounts = comparing.isOwn
    ? (await nodesBelow(context, comparing.source.node))?.filter(isAccountId)
    : await visibleAccounts(context, 'allocation:read', 'now')
  const holders = await holdersOf(context, accounts)
  const { allocationLists } = tx
  const found = holders
    ? await allocationLists.ofHolders(holders, after, limit)
    : await allocationLists.all(after, limit)
  return found.map((allocation) => ({ aspect, allocation }))
}

/** Of rows of one aspect what differs; undefined where nothing does. */
export async function findDifferences(
  { tx }: ReadContext,
  comparing: Comparing,
  rows: readonly Row[],
): Promise<readonly (ListedDifference | undefined)[]> {
  const stored = rows.flatMap((row) => (row.aspect === 'unseen' ? [] : [row.stored]))
  if (rows[0]?.aspect === 'unseen') {
    const allocations = rows.flatMap((row) => (row.aspect === 'unseen' ? [row.allocation] : []))
    const isUnseen = await comparing.unseen(allocations)
    return allocations.map((allocation, index) => {
      if (!isUnseen[index]) return undefined
      const { n, cidr, account } = allocation
      const registered = { allocation, id: formatId('allocation', tx.installation, n) }
      const id = formatDifference(tx, { aspect: 'unseen', n })
      return {
        id,
        kind: 'unseen',
        cidr,
        account,
        node: account,
        stored: undefined,
        registered,
        other: undefined,
        evaluated: undefined,
      }
    })
  }
  if (rows[0]?.aspect === 'overlap')
    return (await comparing.overlaps(stored)).map((one) => one && described(tx, comparing, one, one.other))
  const found: (ListedDifference | undefined)[] = []
  for (const one of await comparing.observed(stored)) {
    const evaluated = one && isUnregistered(one.difference.kind) ? await comparing.evaluate(one) : undefined
    found.push(one && { ...described(tx, comparing, one), evaluated })
  }
  return found
}

export const isUnregistered = (kind: DifferenceKind): boolean =>
  kind === 'unregistered' || kind === 'unregistered-public'

function described(
  tx: Pick<ReadTransaction, 'installation'>,
  comparing: Comparing,
  { stored, difference: { kind, registered: allocation }, account }: Compared,
  other?: StoredObservation,
): ListedDifference {
  const { number, cidr } = stored
  const registered = allocation && { allocation, id: formatId('allocation', tx.installation, allocation.n) }
  const id = formatDifference(tx, { aspect: kind === 'overlap' ? 'overlap' : 'observed', number })
  const node = comparing.nodeOf(account, allocation)
  return { id, kind, cidr, account, node, stored, registered, other, evaluated: undefined }
}

/** Pools that the caller may not see are not there. */
const withoutHidden = (one: ListedDifference, isPoolSeen: (account: string) => boolean): ListedDifference =>
  one.evaluated?.pool && !isPoolSeen(one.evaluated.pool.account)
    ? { ...one, evaluated: { ...one.evaluated, pool: undefined } }
    : one

/** Rows that are compared for one count. */
const lookedMax = 4_000
export interface DifferenceCounts {
  /** Of each kind that there is. */
  readonly kinds: readonly { readonly kind: DifferenceKind; readonly open: number; readonly ignored: number }[]
  /** Nothing was left unlooked at. */
  readonly isWhole: boolean
}
/** How many there are of each kind, of so much as is looked at. */
export async function countDifferences(context: ReadContext, source: Source): Promise<DifferenceCounts> {
  const comparing = await Comparing.begin(context, source)
  const all = new Map<DifferenceKind, number>()
  const open = new Map<DifferenceKind, number>()
  const add = (counts: Map<DifferenceKind, number>, found: readonly ListedDifference[]): void => {
    for (const { kind } of found) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  let looked = 0
  for (const aspect of aspects)
    for (let after = -1; ; ) {
      if (looked >= lookedMax) return countsOf(all, open, false)
      await context.tx.nextTurn()
      const rows = await readRows(context, comparing, aspect, after, comparedAtOnce)
      const found = await matching(context, source, await findDifferences(context, comparing, rows), {})
      add(all, found)
      add(open, await inState(context, source, found, 'open'))
      looked += rows.length
      const last = rows.at(-1)
      if (!last || rows.length < comparedAtOnce) break
      after = last.aspect === 'unseen' ? last.allocation.n : last.stored.number
    }
  return countsOf(all, open, true)
}
const countsOf = (
  all: ReadonlyMap<DifferenceKind, number>,
  open: ReadonlyMap<DifferenceKind, number>,
  isWhole: boolean,
): DifferenceCounts => ({
  kinds: [...all].map(([kind, count]) => ({ kind, open: open.get(kind) ?? 0, ignored: count - (open.get(kind) ?? 0) })),
  isWhole,
})

/** Those that a filter lets through. */
export const matching = (
  context: ReadContext,
  source: Source,
  found: readonly (ListedDifference | undefined)[],
  filter: DifferenceFilter,
): Promise<readonly ListedDifference[]> =>
  inState(
    context,
    source,
    found.filter((one) => one !== undefined && matches(one, filter)) as ListedDifference[],
    filter.state,
  )
/** The same but for the state. */
export const matches = (
  { kind, cidr, account, stored, registered, evaluated }: ListedDifference,
  filter: DifferenceFilter,
): boolean =>
  (filter.difference === undefined || kind === filter.difference) &&
  (filter.account === undefined || account === filter.account || stored?.account === filter.account) &&
  (filter.kind === undefined || stored?.kind === filter.kind) &&
  (filter.locale === undefined || (stored?.locale ?? registered?.allocation.region) === filter.locale) &&
  (filter.within === undefined || contains(filter.within, cidr)) &&
  (filter.policy === undefined || evaluated?.answer === filter.policy)

/** One by its id: what is no difference any more is not there. */
export async function getDifference(context: ReadContext, source: Source, id: string): Promise<ListedDifference> {
  const comparing = await Comparing.begin(context, source)
  const [found] = await differencesCalled(context, comparing, [id])
  const isPoolSeen = await permitter(context, 'ipam:read')
  return found ? withoutHidden(found, isPoolSeen) : refuse({ code: 'NotFound', what: 'difference', id })
}

/** Each by its id, in the order of the ids; undefined where there is none, or none any more. */
export async function differencesCalled(
  context: ReadContext,
  comparing: Comparing,
  ids: readonly string[],
): Promise<readonly (ListedDifference | undefined)[]> {
  const { tx } = context
  const subjects = ids.map((id) => parseDifference(tx, id))
  const found = new Map<string, ListedDifference>()
  for (const aspect of aspects) {
    const asked = subjects.filter((one) => one?.aspect === aspect)
    const rows: readonly Row[] =
      aspect === 'unseen'
        ? (await tx.allocations.some(asked.flatMap((one) => (one?.aspect === 'unseen' ? [one.n] : [])))).map(
            (allocation) => ({ aspect, allocation }),
          )
        : (
            await tx.observations.numbered(
              comparing.at,
              asked.flatMap((one) => (one && one.aspect !== 'unseen' ? [one.number] : [])),
            )
          ).map((stored) => ({ aspect, stored }))
    for (const one of await findDifferences(context, comparing, rows)) if (one) found.set(one.id, one)
  }
  return ids.map((id) => found.get(id))
}
