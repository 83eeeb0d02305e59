// The stretch of time that a list of the record is asked for, the same for all of them.
import { refuse, refuseValue } from '#model/refusal.ts'
import type { Found } from '#store/tables/record-lists.ts'
import type { ReadContext } from '../operation.ts'

/** No moment is later, and no number larger. */
export const always = Number.MAX_SAFE_INTEGER

/** Milliseconds since 1970, from the first to before the second. */
export interface Span {
  readonly from: number
  readonly until: number
}
/** One moment, or what lies between two; without any, all of time. */
export interface SpanParams {
  readonly at?: number | undefined
  readonly from?: number | undefined
  readonly until?: number | undefined
}

/** Refuses what names no time at all. */
export function spanOf({ at, ...given }: SpanParams): Span {
  if (at !== undefined && (given.from !== undefined || given.until !== undefined)) {
    const problem = { why: 'at-or-span' } as const
    refuse({ code: 'InvalidParameterCombination', problem })
  }
  if (at !== undefined) return { from: at, until: at + 1 }
  const { from = 0, until = always } = given
  if (from >= until) {
    refuseValue('until', new Date(until).toISOString(), { why: 'until-after-from', from: new Date(from).toISOString() })
  }
  return { from, until }
}

export const isWithin = ({ from, until }: Span, moment: number): boolean => moment >= from && moment < until

/** Of rows that are numbered in the order of time: the first number in the span, and the first behind it. */
export async function rangeOfSpan(
  { tx }: ReadContext,
  table: 'decision' | 'audit_entry',
  { from, until }: Span,
): Promise<{ readonly first: number; readonly end: number }> {
  return {
    first: from === 0 ? 0 : await tx.recordLists.firstSince(table, from),
    end: until === always ? always : await tx.recordLists.firstSince(table, until),
  }
}

/** What of these rows a page counts: where nothing was found among very many, it ends there and says where to go on. */
export const lookedAt = ({ numbers }: Found): number =>
  numbers.length === 0 ? Number.POSITIVE_INFINITY : numbers.length
