// Exceptions as one may see them: with their state at this moment, and what they keep while they wait for approval.
import { isAccountId } from '#model/organization.ts'
import { type Exception, stateAt } from '#model/policy/exception.ts'
import type { ExceptionPlace } from '#store/tables/exceptions.ts'
import { permitter } from '../identity/authority.ts'
import { visibleNodesEver } from '../identity/nodes-below.ts'
import { type Page, type PageAsked, partsOfPlace, readPage } from '../listing.ts'
import type { ReadContext } from '../operation.ts'
import { standingOfMany } from '../record/object-places.ts'
import type { Span } from '../record/spans.ts'
import { type PendingHold, pendingOf } from '../space/holds-for-approval.ts'
import { withFindings } from './exception-findings.ts'
import { getException } from './exceptions.ts'
import { namesBesideAll } from './labels.ts'

export interface ExceptionFilter {
  readonly state?: ReturnType<typeof stateAt> | undefined
  readonly target?: string | undefined
  readonly resourceType?: string | undefined
  readonly requestedBy?: string | undefined
  /** Only those with something to look at. */
  readonly hasFinding: boolean
}
/** Exceptions that were asked for between two moments, newest first: those that the caller may see where their targets stand. */
export async function listExceptions(
  context: ReadContext,
  { state, hasFinding, target, resourceType, requestedBy }: ExceptionFilter,
  span: Span,
  asked: PageAsked<string>,
): Promise<Page<DescribedException, string>> {
  const isPermitted = await permitter(context, 'exception:read')
  const isWanted = (row: Exception): boolean =>
    (state === undefined || stateAt(row, context.now) === state) &&
    (resourceType === undefined || row.resourceType === resourceType) &&
    (requestedBy === undefined || row.requested.by === requestedBy)
  const visible = await visibleNodesEver(context, 'exception:read')
  const targets = target === undefined ? visible : visible?.filter((node) => node === target)
  return readPage(context, asked, {
    read: (after, limit) => context.tx.exceptions.list({ target, requestedBy, targets }, span, placeIn(after), limit),
    placeOf: ({ requested, id }) => `${requested.at}/${id}`,
    async show(rows) {
      const wanted = rows.filter(isWanted)
      const standing = await standingOfMany(
        context,
        wanted.map((row) => row.target),
      )
      const seen = wanted.filter((row) => isPermitted(standing.get(row.target)!))
      const found = hasFinding ? await withFindings(context, seen) : undefined
      const shown = await describeAll(context, found ? seen.filter(({ id }) => found.has(id)) : seen)
      const byId = new Map(shown.map((one) => [one.exception.id, one]))
      return rows.map(({ id }) => byId.get(id))
    },
  })
}
function placeIn(place: string | undefined): ExceptionPlace | undefined {
  if (place === undefined) return undefined
  const [requestedAt, id] = partsOfPlace(place, /^(\d{1,16})\/(.+)$/)
  return { requestedAt: Number(requestedAt), id: id! }
}

/** An exception with its state at this moment, and what it keeps while it waits for approval. */
export interface DescribedException {
  readonly exception: Exception
  readonly state: ReturnType<typeof stateAt>
  readonly pending: PendingHold | undefined
  /** What the pools in it are called, as far as the caller may see them. */
  readonly names: Readonly<Record<string, string>>
}
export const describeException = async (context: ReadContext, exception: Exception): Promise<DescribedException> =>
  (await describeAll(context, [exception]))[0]!

/** With what belongs to all of them read at once. */
async function describeAll(context: ReadContext, exceptions: readonly Exception[]): Promise<DescribedException[]> {
  const holds = await pendingOf(context, exceptions)
  const told = exceptions.map((exception) => ({
    answer: { exception, pending: holds.get(exception.id) },
    account: isAccountId(exception.target) ? exception.target : undefined,
  }))
  const names = await namesBesideAll(context, told)
  return told.map(({ answer }, index) => ({
    ...answer,
    state: stateAt(answer.exception, context.now),
    names: names[index]!,
  }))
}

export const getDescribedException = async (context: ReadContext, id: string): Promise<DescribedException> =>
  describeException(context, await getException(context, id))
