// Which differences an action is for, a part at a time: each part is a transaction of its own, and the next one goes on behind it.
import { assert } from '#model/assert.ts'
import type { Problem } from '#model/problems/problem.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import type { Source } from '#store/tables/sources.ts'
import type { WriteContext } from '../operation.ts'
import { type AsShown, shownTo } from './as-shown.ts'
import { type Comparing, comparedAtOnce } from './comparing.ts'
import { resolveDifferences } from './difference-findings.ts'
import {
  aspectsFor,
  type DifferenceFilter,
  differencesCalled,
  aspects as everyAspect,
  findDifferences,
  formatDifference,
  type ListedDifference,
  matching,
  parseDifference,
  type Row,
  readRows,
} from './differences.ts'

/** Differences that are acted on in one transaction, and observations that are looked at for them. */
export const actedOnAtOnce = 50
const lookedPerPart = 1_000

/** Certain ones, or those that a filter finds. */
export interface Selection {
  readonly shown?: readonly AsShown[] | undefined
  readonly filter: DifferenceFilter
  /** Nothing narrows them down, and that is meant. */
  readonly isEverything?: boolean | undefined
  /** Go on behind this difference. */
  readonly after?: string | undefined
}
export type Outcome = 'adopted' | 'noncompliant' | 'released' | 'ignored' | 'asked' | 'unchanged' | 'refused'
export interface Acted {
  readonly id: string
  readonly outcome: Outcome
  readonly difference: ListedDifference | undefined
  /** Why nothing was done. */
  readonly problem?: Problem
  readonly allocationId?: string
  readonly decisionId?: string
  /** As what it was adopted, and from where. */
  readonly poolId?: string
  readonly resourceType?: string
  readonly placeLocale?: string
  readonly contact?: string
}
export interface ActedPart {
  readonly items: readonly Acted[]
  /** Behind which the next part begins; undefined after the last one. */
  readonly next: string | undefined
}

/** Refuses an action on everything that nobody has said is meant. */
export function refuseUnlimited({ shown, filter, isEverything = false }: Selection): void {
  const isFiltered = Object.values({ ...filter, state: undefined }).some((value) => value !== undefined)
  if (shown && (isFiltered || isEverything)) {
    const problem = { why: 'either-shown-or-filters' } as const
    refuse({ code: 'InvalidParameterCombination', problem })
  }
  if (shown || isFiltered || isEverything) return
  const problem = { why: 'say-which-differences' } as const
  refuse({ code: 'InvalidParameterCombination', problem })
}

/** Does something with each of a part; what it is not for is passed over, or said to be unchanged where it was named. */
export async function actOnPart(
  context: WriteContext,
  comparing: Comparing,
  selection: Selection,
  { isFor, aspects: possible = everyAspect, act }: Action,
): Promise<ActedPart> {
  const { shown, filter, after } = selection
  if (shown) {
    const textOf = await shownTo(context)
    const ids = shown.map(({ id }) => id)
    const found = (await differencesCalled(context, comparing, ids)).map((difference, index) => ({
      ...{ id: ids[index]!, difference },
      isAsShown: difference !== undefined && textOf(difference) === shown[index]!.shown,
    }))
    const wanted = found.flatMap(({ difference, isAsShown }) =>
      difference && isAsShown && isFor(difference) ? [difference] : [],
    )
    const acted = new Map((await act(wanted)).map((one) => [one.id, one]))
    await settleActed(context, comparing, [...acted.values()])
    const items = found.map(({ id, difference, isAsShown }): Acted => {
      if (difference && !isAsShown) return { id, outcome: 'refused', difference, problem: { why: 'not-as-shown' } }
      return acted.get(id) ?? { id, outcome: 'unchanged', difference }
    })
    return { items, next: undefined }
  }
  const items: Acted[] = []
  const wantedAspects = aspectsFor(filter)
  const aspects = possible.filter((one) => wantedAspects.includes(one))
  let place = placeBehind(context, after) ?? { aspect: aspects[0]!, number: -1 }
  for (let looked = 0; looked < lookedPerPart && items.length < actedOnAtOnce; ) {
    const { aspect, number } = place
    if (!aspects.includes(aspect)) return { items, next: undefined }
    if (looked > 0) await context.tx.nextTurn()
    const rows = await readRows(context, comparing, aspect, number, comparedAtOnce)
    const found = await findDifferences(context, comparing, rows)
    // What somebody has set aside is left alone, unless it is asked for.
    const state = filter.state ?? 'open'
    const wanted = (await matching(context, comparing.source, found, { ...filter, state })).filter(isFor)
    const some = wanted.slice(0, actedOnAtOnce - items.length)
    const acted = await act(some)
    await settleActed(context, comparing, acted)
    items.push(...acted)
    looked += rows.length
    const isCut = some.length < wanted.length
    if (isCut) place = { aspect, number: numberOfDifference(some.at(-1)!) }
    else if (rows.length > 0) place = { aspect, number: numberOfRow(rows.at(-1)!) }
    if (isCut || rows.length === comparedAtOnce) continue
    const next = aspects[aspects.indexOf(aspect) + 1]
    if (!next) return { items, next: undefined }
    // What is behind the last of an aspect begins with the first of the next one.
    if (looked < lookedPerPart && items.length < actedOnAtOnce) place = { aspect: next, number: -1 }
  }
  const { aspect, number } = place
  return {
    items,
    next: formatDifference(context.tx, aspect === 'unseen' ? { aspect, n: number } : { aspect, number }),
  }
}
/** What is no difference any more is no finding any more. */
async function settleActed({ tx }: WriteContext, { source }: Comparing, acted: readonly Acted[]): Promise<void> {
  const over = acted.filter(({ outcome }) => isOver.has(outcome)).flatMap(({ difference }) => difference ?? [])
  await resolveDifferences(tx, source, over)
}
const isOver: ReadonlySet<Outcome> = new Set(['adopted', 'noncompliant', 'released'])

interface Action {
  /** Of what it can be done at all, where it is not everything. */
  readonly aspects?: readonly Row['aspect'][]
  /** Whether it can be done with a difference at all. */
  isFor(difference: ListedDifference): boolean
  /** Does it; of those that are before one another some may have been done with another. */
  act(differences: readonly ListedDifference[]): Promise<readonly Acted[]>
}

interface Place {
  readonly aspect: Row['aspect']
  readonly number: number
}
function placeBehind({ tx }: WriteContext, after: string | undefined): Place | undefined {
  if (after === undefined) return undefined
  const subject = parseDifference(tx, after) ?? refuseValue('after', after, { why: 'next-expected' })
  return { aspect: subject.aspect, number: subject.aspect === 'unseen' ? subject.n : subject.number }
}
const numberOfRow = (row: Row): number => (row.aspect === 'unseen' ? row.allocation.n : row.stored.number)
const numberOfDifference = ({ stored, registered }: ListedDifference): number =>
  stored ? stored.number : registered!.allocation.n

/** Notes the source among what was changed, so that its history leads to what was done with its differences. */
export function noteSource(context: WriteContext, { id }: Source): void {
  assert(id !== '', 'a source has an id')
  context.changed(id)
}
