// What the lists of the record share: the stretch of time that they are asked for.
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
