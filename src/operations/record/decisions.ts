// Decisions on record: listed by what they are about, newest first, and found one by one.
import { formatId, parseId } from '#model/identifier.ts'
import { type Refusal, refuse } from '#model/refusal.ts'
import type { FoundEntry, RecordedDecision } from '#store/tables/journal.ts'
import type { DecisionFilter as StoredFilter } from '#store/tables/record-lists.ts'
import { refuseMalformed } from '../identifiers.ts'
import type { Place } from '../identity/authority.ts'
import { visibleAccounts } from '../identity/visible-accounts.ts'
import { type Page, type PageAsked, readSlicedPage } from '../listing.ts'
import type { ReadContext } from '../operation.ts'
import { namesOf } from './object-names.ts'
import { permitterThen, placeThen } from './object-places.ts'
import { lookedAt, rangeOfSpan, type Span } from './spans.ts'

export interface DecisionFilter extends Omit<StoredFilter, 'subject' | 'accounts'> {
  /** The id of an object that the change or refusal was about. */
  readonly subject?: string
}

/**
 * One page of decisions behind one, or behind all that there are, oldest first, as far as the caller may see them. There is always a next
 * page: what comes later.
 */
export async function followDecisions(
  context: ReadContext,
  { limit, after: from }: PageAsked<number>,
  filter: Omit<DecisionFilter, 'subject'>,
  span: Span,
): Promise<Page<RecordedDecision, number>> {
  const last = await context.tx.recordLists.lastDecision()
  const begin = from ?? last
  const { items, next } = await decisionsBehind(context, { limit, after: begin }, filter, span)
  // A place that tells how far the record goes, and not which one that is not shown was the last one found.
  return { items, next: next ?? Math.max(begin, last) }
}

async function decisionsBehind(
  context: ReadContext,
  asked: PageAsked<number>,
  rest: DecisionFilter,
  span: Span,
): Promise<Page<RecordedDecision, number>> {
  const seen = await seenOf(context, rest)
  if (!seen) return { items: [], next: undefined }
  const { recordLists } = context.tx
  const { end } = await rangeOfSpan(context, 'decision', span)
  return readSlicedPage<RecordedDecision, RecordedDecision, number>(context, asked, {
    async readSlice(after = asked.after!, size) {
      const found = await recordLists.decisionsAfter(seen.filter, after, size)
      const numbers = found.numbers.filter((n) => n < end)
      const isPast = numbers.length < found.numbers.length || found.last >= end
      const rows = await seen.read(numbers)
      return { rows, next: found.isWhole || isPast ? undefined : found.last, looked: lookedAt(found) }
    },
    placeOf: ({ n }) => n,
    show: seen.show,
  })
}

/** What of decisions the caller may see, and how it is read; undefined where they ask for an account of which they may see nothing. */
async function seenOf(context: ReadContext, { subject, ...rest }: DecisionFilter) {
  const about = subject === undefined ? undefined : namesOf(context, subject)
  const accounts = rest.account === undefined ? await visibleAccounts(context, 'decision:read', 'ever') : [rest.account]
  const isPermitted = await permitterThen(context, 'decision:read')
  // As where there is no such account: however much it asked for, nothing of it is looked at.
  if (rest.account !== undefined && !(await isPermitted(rest.account, 0, Infinity))) return undefined
  return {
    filter: { ...rest, subject: about, accounts },
    async read(numbers: readonly number[]): Promise<RecordedDecision[]> {
      const decisions = await context.tx.journal.findDecisions(numbers)
      return numbers.map((n) => decisions.get(n)!)
    },
    async show(rows: readonly RecordedDecision[]) {
      const shown: (RecordedDecision | undefined)[] = []
      for (const row of rows) shown.push((await isPermitted(row.request.account, row.at.getTime())) ? row : undefined)
      return shown
    },
  }
}

/** One page of decisions, newest first, as far as the caller may see them. */
export async function listDecisions(
  context: ReadContext,
  asked: PageAsked<number>,
  filter: DecisionFilter,
  span: Span,
): Promise<Page<RecordedDecision, number>> {
  const seen = await seenOf(context, filter)
  if (!seen) return { items: [], next: undefined }
  const { recordLists } = context.tx
  const { first, end } = await rangeOfSpan(context, 'decision', span)
  return readSlicedPage<RecordedDecision, RecordedDecision, number>(context, asked, {
    async readSlice(before = end, size) {
      const found = await recordLists.decisionsBefore(seen.filter, before, size)
      const numbers = found.numbers.filter((n) => n >= first)
      const isPast = numbers.length < found.numbers.length || found.last < first
      const rows = await seen.read(numbers)
      return { rows, next: found.isWhole || isPast ? undefined : found.last, looked: lookedAt(found) }
    },
    placeOf: ({ n }) => n,
    show: seen.show,
  })
}

/** Refuses one that is not there, or is no longer kept. */
export async function getRecorded(context: ReadContext, id: string): Promise<RecordedDecision> {
  refuseMalformed('decision', id)
  const n = parseId('decision', context.tx.installation, id)
  const recorded = n === undefined ? undefined : await context.tx.journal.findDecision(n)
  return recorded ?? refuse(await absentDecision(context, id))
}

/** The account that asked, for whoever may see its decisions. */
/** A decision with the entry of the request that it was made for; undefined where that is not on record. */
export async function getDecisionWithEntry(
  context: ReadContext,
  id: string,
): Promise<{ readonly recorded: RecordedDecision; readonly entry: FoundEntry | undefined }> {
  const recorded = await getRecorded(context, id)
  return { recorded, entry: await context.tx.journal.findEntry(recorded.auditEntry) }
}
export async function placeOfDecision(context: ReadContext, input: { readonly decisionId: string }): Promise<Place> {
  const { at, request } = await getRecorded(context, input.decisionId)
  const absent = await absentDecision(context, input.decisionId)
  return placeThen(context, 'decision:read', { node: request.account, absent }, at.getTime())
}

/** What goes by age alone is told by the number alone: so it says nothing of decisions that are there and hidden. */
async function absentDecision({ tx }: ReadContext, id: string): Promise<Refusal> {
  const n = parseId('decision', tx.installation, id)
  const { beforeN, beforeAt } = await tx.retention.forgotten()
  if (n === undefined || n >= beforeN) return { code: 'NotFound', what: 'decision', id }
  return { code: 'NoLongerKept', what: 'decision', id, before: new Date(beforeAt).toISOString() }
}

export const decisionIdOf = ({ tx }: ReadContext, { n }: RecordedDecision): string =>
  formatId('decision', tx.installation, n)
