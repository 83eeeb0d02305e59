// What must be looked at because of an exception: a break-glass that nobody else has reviewed, space that outlives the exception, and space whose tags have changed.
import type { Cidr } from '#model/cidr.ts'
import { formatId } from '#model/identifier.ts'
import { type Exception, isOverAt, needsReview } from '#model/policy/exception.ts'
import type { ExceptionUse } from '#store/tables/exceptions.ts'
import { permitter } from '../identity/authority.ts'
import { latestFirst, type Page, type PageAsked, readPage } from '../listing.ts'
import type { ReadContext } from '../operation.ts'
import { isWithin, type Span } from '../record/spans.ts'
import { getException } from './exceptions.ts'
import { rowsPerPageMax, withTagFindings } from './tag-findings.ts'

/** The control and the resource are the identity of the finding. */
export interface ExceptionFinding {
  readonly control: 'break-glass-review' | 'exception-ended' | 'tags-changed'
  /** The exception, or what outlives it. */
  readonly resource: string
  readonly exceptionId: string
  /** Milliseconds since 1970. */
  readonly since: number
  readonly account?: string
  readonly resourceType?: string
  readonly resourceId?: string | undefined
  readonly cidr?: Cidr
  readonly decisionId?: string
}

/** Of these, those that have a finding which the caller may see. Of what was given under one, so much is looked at. */
export async function withFindings(
  context: ReadContext,
  exceptions: readonly Exception[],
): Promise<ReadonlySet<string>> {
  const isPermitted = await permitter(context, 'exception:read')
  const found = new Set(exceptions.filter(needsReview).map(({ id }) => id))
  // Of others nothing was ever given that is not theirs by other rights.
  const given = exceptions.filter(({ id, status }) => !found.has(id) && (status === 'approved' || status === 'revoked'))
  const [over, inForce] = [
    given.filter((one) => isOverAt(one, context.now)),
    given.filter((one) => !isOverAt(one, context.now)),
  ]
  const holders = await context.tx.exceptions.holdersUnder(over.map(({ id }) => id))
  for (const [id, accounts] of holders) if (accounts.some(isPermitted)) found.add(id)
  for await (const uses of heldUnder(
    context,
    inForce.map(({ id }) => id),
  )) {
    const seen = uses.filter(({ account }) => isPermitted(account))
    for (const { row, finding } of await withTagFindings(context, seen)) if (finding) found.add(row.exceptionId)
  }
  return found
}

/** What is still there under each of these, several of them at a time; of one that has more than is looked at, so much. */
async function* heldUnder({ tx }: ReadContext, ids: readonly string[]): AsyncGenerator<readonly ExceptionUse[]> {
  for (let left = ids.toSorted(); left.length > 0; ) {
    const uses = await tx.exceptions.held(left, Number.MAX_SAFE_INTEGER, rowsPerPageMax)
    if (uses.length < rowsPerPageMax) return yield uses
    const last = uses.at(-1)!.exceptionId
    // The last one may have more: it comes next, unless it has filled all alone.
    const isAlone = uses[0]!.exceptionId === last
    yield isAlone ? uses : uses.filter(({ exceptionId }) => exceptionId !== last)
    left = left.filter((id) => (isAlone ? id > last : id >= last))
    await tx.nextTurn()
  }
}

/** What there is to look at because of an exception since some moment, the latest space first. */
export async function listExceptionFindings(
  context: ReadContext,
  id: string,
  span: Span,
  asked: PageAsked<string>,
): Promise<Page<ExceptionFinding, string>> {
  const found = await getException(context, id)
  return readPage(context, asked, {
    read: (before, limit) => findingsOf(context, found, latestFirst.read(before), limit),
    placeOf: ({ place }) => latestFirst.write(place),
    show: (rows) => rows.map(({ finding }) => (finding && isWithin(span, finding.since) ? finding : undefined)),
    bounds: { rowsMax: rowsPerPageMax },
  })
}

/** Behind the beginning and before every row there is: the review that an exception needs is its first finding. */
const placeOfReview = Number.MAX_SAFE_INTEGER - 1

/**
 * The next rows that may be findings, the latest space first, each with its place in the list; without one where there is nothing to
 * look at, or where the caller may not read exceptions at the account: it may have left the target since.
 * @param before the place of the last one that was read
 */
async function findingsOf(
  context: ReadContext,
  found: Exception,
  before: number,
  limit: number,
): Promise<readonly { readonly place: number; readonly finding: ExceptionFinding | undefined }[]> {
  const { id: exceptionId } = found
  const isPermitted = await permitter(context, 'exception:read')
  const held = await context.tx.exceptions.held([exceptionId], before, limit)
  const since = found.ended?.at ?? found.expiresAt
  const others: readonly {
    readonly row: ExceptionUse
    readonly finding: Omit<ExceptionFinding, 'exceptionId'> | undefined
  }[] = isOverAt(found, context.now)
    ? held.map((row) => ({ row, finding: { ...useOf(context, row), since } }))
    : await withTagFindings(context, held)
  const review: ExceptionFinding = {
    control: 'break-glass-review',
    resource: exceptionId,
    exceptionId,
    since: found.requested.at,
  }
  return [
    ...(before > placeOfReview && needsReview(found) ? [{ place: placeOfReview, finding: review }] : []),
    ...others.map(({ row, finding }) => ({
      place: row.decision,
      finding: finding && isPermitted(row.account) ? { ...finding, exceptionId } : undefined,
    })),
  ]
}

function useOf({ tx }: ReadContext, use: ExceptionUse) {
  const { allocation, place, decision, cidr, resourceType, resourceId, account } = use
  const kind = resourceType === 'eip' ? 'address' : 'allocation'
  return {
    control: 'exception-ended' as const,
    resource: allocation === undefined ? place! : formatId(kind, tx.installation, allocation),
    account,
    resourceType,
    resourceId,
    cidr,
    decisionId: formatId('decision', tx.installation, decision),
  }
}
