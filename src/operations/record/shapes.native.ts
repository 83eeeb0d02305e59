// What the lists of the record share: the stretch of time that they are asked for.
import { refuse } from '#model/refusal.ts'
import { instant, parseInstant } from '../shapes.native.ts'
import { type Span, spanOf } from './spans.ts'

/** What every list of the record takes. */
export const between = {
  from: instant.optional().describe('Only what was so at this moment or later.'),
  until: instant.optional().describe('Only what was so before this moment.'),
}
/** The same where each row was so for some time. */
export const span = {
  at: instant.optional().describe('Only what was so at this moment. Without any, all that is known.'),
  ...between,
}

export interface SpanInput {
  readonly at?: string | undefined
  readonly from?: string | undefined
  readonly until?: string | undefined
}
/** Refuses what names no time at all. */
export const readSpan = ({ at, from, until }: SpanInput): Span =>
  spanOf({ at: momentIn(at), from: momentIn(from), until: momentIn(until) })

const momentIn = (text: string | undefined): number | undefined => (text === undefined ? undefined : parseInstant(text))

/** The place in a list that a cursor stands for, where places are numbers. */
export function placeNumberIn(cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined
  return Number(partsOfPlace(cursor, /^(\d{1,16})$/)[0])
}

/** What stands in a place of a list. A cursor from when the list had another order is refused. */
export function partsOfPlace(place: string, pattern: RegExp): readonly string[] {
  const [, ...parts] = pattern.exec(place) ?? []
  if (parts.length === 0) refuse({ code: 'InvalidPaginationToken', field: 'cursor', value: place })
  return parts
}
/** Of lists that begin with the latest: where there is none yet, undefined. */
export const latestFirst = {
  write: (n: number | undefined): string => `<${n}`,
  read: (place: string): number | undefined =>
    place === '' ? undefined : Number(partsOfPlace(place, /^<(\d{1,16})$/)[0]),
}
