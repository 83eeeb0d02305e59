// What must be looked at because of an exception: a break-glass that nobody else has reviewed, space that outlives the exception, and space whose tags have changed.
import type { Cidr } from '#model/cidr.ts'
import { formatId } from '#model/identifier.ts'
import { type Exception, isOverAt, needsReview } from '#model/policy/exception.ts'
import type { ExceptionUse } from '#store/tables/exceptions.ts'
import { permitter } from '../identity/authority.ts'
import { type Page, type PageAsked, readPage } from '../listing.ts'
import type { ReadContext } from '../operation.ts'
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

/** Of one that may have any: whether it has one that the caller may see. Of what was given under it, so much is looked at. */
export async function hasFinding(context: ReadContext, found: Exception): Promise<boolean> {
  if (needsReview(found)) return true
  const isPermitted = await permitter(context, 'exception:read')
  const held = await context.tx.exceptions.held(found.id, 0, rowsPerPageMax)
  const seen = held.filter(({ account }) => isPermitted(account))
  return isOverAt(found, context.now)
    ? seen.length > 0
    : (await withTagFindings(context, seen)).some(({ finding }) => finding)
}

/** What there is to look at because of an exception. */
export async function listExceptionFindings(
  context: ReadContext,
  id: string,
  asked: PageAsked<string>,
): Promise<Page<ExceptionFinding, string>> {
  const found = await getException(context, id)
  return readPage(context, asked, {
    read: (after, limit) => findingsOf(context, found, after === undefined ? undefined : Number(after), limit),
    placeOf: ({ place }) => String(place),
    show: (rows) => rows.map(({ finding }) => finding),
    bounds: { rowsMax: rowsPerPageMax },
  })
}

/**
 * The next rows that may be findings, each with its place in the list; without one where there is nothing to look at, or where
 * the caller may not read exceptions at the account: it may have left the target since.
 * @param after the place of the last one that was read; undefined at the beginning
 */
async function findingsOf(
  context: ReadContext,
  found: Exception,
  after: number | undefined,
  limit: number,
): Promise<readonly { readonly place: number; readonly finding: ExceptionFinding | undefined }[]> {
  const { id: exceptionId } = found
  const isPermitted = await permitter(context, 'exception:read')
  const held = await context.tx.exceptions.held(exceptionId, after ?? 0, limit)
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
    ...(after === undefined && needsReview(found) ? [{ place: 0, finding: review }] : []),
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
