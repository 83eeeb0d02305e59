// Exceptions as one may see them: with their state at this moment, and what they keep while they wait for approval.
import { isAccountId } from '#model/organization.ts'
import { type Exception, stateAt } from '#model/policy/exception.ts'
import { permitter } from '../identity/authority.ts'
import { type Page, type PageAsked, readPage } from '../listing.ts'
import type { ReadContext } from '../operation.ts'
import { standingOf } from '../record/object-places.ts'
import { type PendingHold, pendingOf } from '../space/holds-for-approval.ts'
import { hasFinding } from './exception-findings.ts'
import { getException } from './exceptions.ts'
import { namesBeside } from './labels.ts'

export interface ExceptionFilter {
  readonly state?: ReturnType<typeof stateAt> | undefined
  readonly target?: string | undefined
  readonly resourceType?: string | undefined
  readonly requestedBy?: string | undefined
  /** Only those with something to look at. */
  readonly hasFinding: boolean
}
/** Exceptions that the caller may see where their targets stand. */
export async function listExceptions(
  context: ReadContext,
  { state, hasFinding: mustHaveFinding, ...filter }: ExceptionFilter,
  asked: PageAsked<string>,
): Promise<Page<DescribedException, string>> {
  const isPermitted = await permitter(context, 'exception:read')
  const isWanted = (row: Exception): boolean => state === undefined || stateAt(row, context.now) === state
  return readPage(context, asked, {
    read: (after = '', limit) =>
      context.tx.exceptions.list(after, limit, { ...filter, mayHaveFinding: mustHaveFinding }),
    placeOf: ({ id }) => id,
    async show(rows) {
      const shown: (DescribedException | undefined)[] = []
      for (const row of rows) {
        const isSeen = isWanted(row) && isPermitted(await standingOf(context, row.target))
        const isShown = isSeen && (!mustHaveFinding || (await hasFinding(context, row)))
        shown.push(isShown ? await describeException(context, row) : undefined)
      }
      return shown
    },
  })
}

/** An exception with its state at this moment, and what it keeps while it waits for approval. */
export interface DescribedException {
  readonly exception: Exception
  readonly state: ReturnType<typeof stateAt>
  readonly pending: PendingHold | undefined
  /** What the pools in it are called, as far as the caller may see them. */
  readonly names: Readonly<Record<string, string>>
}
export async function describeException(context: ReadContext, exception: Exception): Promise<DescribedException> {
  const pending = await pendingOf(context, exception)
  const account = isAccountId(exception.target) ? exception.target : undefined
  const names = await namesBeside(context, { exception, pending }, account)
  return { exception, state: stateAt(exception, context.now), pending, names }
}

export const getDescribedException = async (context: ReadContext, id: string): Promise<DescribedException> =>
  describeException(context, await getException(context, id))
