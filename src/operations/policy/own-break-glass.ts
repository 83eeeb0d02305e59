// Break-glass of one's own that awaits review: until somebody else has looked at it, the same person neither makes it anew nor
// brings it over another account.
import type { Attribution, Exception } from '#model/policy/exception.ts'
import { findOwnUnreviewed, type Unreviewed } from '#model/policy/exception-bounds.ts'
import { moveTo, nodesOfMove } from '#model/policy/node-change.ts'
import { pathOf } from '#model/policy/snapshot.ts'
import { identitiesBehind } from '#model/principal.ts'
import { refuse } from '#model/refusal.ts'
import type { ReadContext } from '../operation.ts'

/** The person, whatever token they use and whichever group gives them the role. */
export function attributionOf({ caller, now }: ReadContext): Attribution {
  const { name, subject, makers } = caller.native!
  return { by: name, at: now, ...(subject === undefined ? {} : { subject }), ...(makers.length > 0 ? { makers } : {}) }
}

/**
 * Whoever has had an emergency has somebody else look at it before the same emergency begins anew. It is the same where the
 * targets have an account in common: one is above the other, or an account that took something under the first is in the second.
 */
export async function refuseWhileUnreviewed(context: ReadContext, wanted: Exception): Promise<void> {
  const { requested } = wanted
  const path = pathOf(await context.snapshot(), wanted.target)
  const found = await context.tx.exceptions.unreviewed(wanted, path, identitiesBehind(requested))
  refuseOwn(found, requested, { why: 'unreviewed-before' })
}

/**
 * An account that is moved under a node, or made there, comes under the exceptions for it. With a break-glass of one's own that
 * would be another emergency: the first one would be prolonged by making the next at an empty unit.
 * To be called before the account is moved; one that is not there yet is about to be made.
 */
export async function refuseToBringUnderOwn(context: ReadContext, parentId: string, account?: string): Promise<void> {
  const snapshot = await context.snapshot()
  const gained =
    account === undefined ? pathOf(snapshot, parentId) : nodesOfMove(moveTo(snapshot, account, parentId)).gained
  const caller = attributionOf(context)
  // Of the same person, whatever else is made in between.
  const { exceptions, rows } = context.tx
  const found = await rows.once(`unreviewed at ${gained.join(' ')}`, () =>
    exceptions.unreviewedAt(gained, identitiesBehind(caller)),
  )
  const brought = account === undefined ? {} : { brought: account }
  refuseOwn(found, caller, { why: 'unreviewed-there', ...brought })
}

type Before = { readonly why: 'unreviewed-before' } | { readonly why: 'unreviewed-there'; readonly brought?: string }
/** @param before what must wait for the review */
function refuseOwn(unreviewed: readonly Unreviewed[], caller: Attribution, before: Before): void {
  const own = findOwnUnreviewed(unreviewed, caller)[0]
  if (!own) return
  const { id, target, locale, resourceType, shared, requested } = own
  const also = requested.by === caller.by ? {} : { shared }
  const problem = { ...before, requester: requested.by, target, locale, resourceType, ...also }
  refuse({ code: 'IncorrectState', what: 'exception', id, problem })
}
