// What a source says is there.
import { type Cidr, contains } from '#model/cidr.ts'
import type { ObservedKind } from '#model/observation.ts'
import type { StoredObservation } from '#store/tables/observations.ts'
import type { Source } from '#store/tables/sources.ts'
import { numberIn, type Page, type PageAsked, readPage } from '../listing.ts'
import type { ReadContext } from '../operation.ts'

/** Whether it was in the last complete snapshots: in the last one; not there, which may be a slip; or in none of the last two. */
export const presences = ['present', 'missing', 'gone'] as const
export type Presence = (typeof presences)[number]
export const presenceOf = ({ missing }: StoredObservation): Presence => presences[missing]

export interface ObservationFilter {
  readonly kind?: ObservedKind | undefined
  readonly account?: string | undefined
  readonly locale?: string | undefined
  readonly id?: string | undefined
  /** Only what lies in it. */
  readonly within?: Cidr | undefined
  readonly presence?: Presence | undefined
}

/** The observations of a source that hold, in order of their numbers, as a filter lets through. */
export function listObservations(
  context: ReadContext,
  source: Source,
  filter: ObservationFilter,
  asked: PageAsked<string>,
): Promise<Page<StoredObservation, string>> {
  const at = { sourceId: source.id, snapshot: source.snapshot }
  return readPage(context, asked, {
    read: (after, limit) => context.tx.observations.holding(at, after === undefined ? -1 : numberIn(after), limit),
    placeOf: ({ number }: StoredObservation) => String(number),
    show: (rows) => rows.map((row) => (matches(row, filter) ? row : undefined)),
  })
}

const matches = (row: StoredObservation, { kind, account, locale, id, within, presence }: ObservationFilter): boolean =>
  (kind === undefined || row.kind === kind) &&
  (account === undefined || row.account === account) &&
  (locale === undefined || row.locale === locale) &&
  (id === undefined || row.id === id) &&
  (within === undefined || contains(within, row.cidr)) &&
  (presence === undefined || presenceOf(row) === presence)
