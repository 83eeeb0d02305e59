// The right that a change of the tree needs beside `organization:manage`: over the policies that it makes apply otherwise.
import { type TaggedNode, touchedByMove, touchedByTags } from '#model/policy/node-change.ts'
import type { Action } from '#model/roles.ts'
import type { ReadContext } from '../operation.ts'
import { accessAt, refuseWithoutRole, requirePermission, requireScope } from './authority.ts'

/** To be called before the account is moved. */
export async function requireRightToMove(context: ReadContext, account: string, parentId: string): Promise<void> {
  const snapshot = await context.snapshot()
  const { assignments, exceptions } = touchedByMove(snapshot, account, parentId, context.now)
  await requireAtAll(context, 'policy:manage', assignments, 'and the move changes which of its policies or rules apply')
  await requireAtAll(context, 'exception:approve', exceptions, 'and by the move its exceptions begin to apply')
}

/** To be called before the node gets these tags, which are all that it is to have. */
export async function requireRightToTag(
  context: ReadContext,
  node: TaggedNode,
  tags: Readonly<Record<string, string>>,
): Promise<void> {
  const touched = touchedByTags(await context.snapshot(), node, new Map(Object.entries(tags)))
  await requireAtAll(context, 'policy:manage', touched, 'and a rule of its policies reads the tags')
}

async function requireAtAll(
  context: ReadContext,
  action: Action,
  nodes: ReadonlySet<string>,
  why: string,
): Promise<void> {
  for (const node of nodes) {
    const { isPermitted, binding } = await accessAt(context, action, node)
    if (isPermitted) continue
    if (binding) await requirePermission(context, action, { node })
    requireScope(context, action)
    const name = context.caller.native?.name ?? 'this caller'
    refuseWithoutRole(context, action, node, `no role of \`${name}\` permits it at \`${node}\`, ${why}`)
  }
}
