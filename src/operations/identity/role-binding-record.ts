// A binding of a role on record: that it was made, or is gone, for its history and the entry of the change.
import type { StoredBinding } from '#store/tables/role-bindings.ts'
import type { WriteContext } from '../operation.ts'

export async function recordBinding(context: WriteContext, stored: StoredBinding, isGone?: 'gone'): Promise<void> {
  const account = context.caller.account
  await context.tx.history.changed({ id: stored.id, kind: 'role-binding', account }, isGone ? undefined : stored)
  context.changed(stored.id)
}
