// A binding of a role on record: that it was made, or is gone, for its history and the entry of the change.
import { refuse } from '#model/refusal.ts'
import type { StoredBinding } from '#store/tables/role-bindings.ts'
import type { WriteContext } from '../operation.ts'

export async function recordBinding(context: WriteContext, stored: StoredBinding, isGone?: 'gone'): Promise<void> {
  const account = context.caller.account
  await context.tx.history.changed({ id: stored.id, kind: 'role-binding', account }, isGone ? undefined : stored)
  context.changed(stored.id)
}

/**
 * That end with their node in one request. Beyond `roleBindingsPerNodeMax` only administrators of the top make any there: so nobody
 * else keeps a node from being removed.
 */
export const bindingsEndedMax = 1_000

export async function refuseManyBindings(
  { tx }: WriteContext,
  what: 'account' | 'organizational-unit',
  id: string,
): Promise<void> {
  if ((await tx.roleBindings.count({ node: id }, bindingsEndedMax + 1)) <= bindingsEndedMax) return
  const problem = { why: 'too-many-bindings-end', max: bindingsEndedMax } as const
  refuse({ code: 'DependencyViolation', what, id, problem })
}

/** That all at a node that is gone are gone with it. */
export async function endBindingsAt(context: WriteContext, node: string): Promise<void> {
  const gone = await context.tx.roleBindings.deleteAt(node)
  await context.tx.history.ended(gone)
  context.changed(...gone)
}
