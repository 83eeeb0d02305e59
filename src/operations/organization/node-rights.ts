// The rights that a change of the tree needs beside `organization:manage`: over the policies and role bindings that it makes
// apply, or apply no longer.
import {
  comeBack,
  type Move,
  moveTo,
  nodesOfMove,
  type OutsidePlace,
  type TaggedNode,
  touchedByMove,
  touchedByNumber,
  touchedByTags,
} from '#model/policy/node-change.ts'
import type { Snapshot } from '#model/policy/snapshot.ts'
import { partiesOf } from '#model/principal.ts'
import type { RightAskedFor } from '#model/problems/identity.ts'
import { type Action, everywhere, type RoleBinding, roles } from '#model/roles.ts'
import type { Tag } from '#model/tags.ts'
import type { TagsKept } from '#store/tables/kept-states.ts'
import {
  accessAt,
  accessOfToken,
  permitter,
  refuseWithoutRole,
  requirePermission,
  requireScope,
} from '../identity/authority.ts'
import { refuseToLift } from '../identity/roles.ts'
import type { ReadContext } from '../operation.ts'
import { standingOf } from '../record/object-places.ts'
import { refuseTakenNumber } from './accounts.ts'

/** To be called before the account is moved. */
export async function requireRightToMove(context: ReadContext, account: string, parentId: string): Promise<void> {
  await requireRightTo(context, moveTo(await context.snapshot(), account, parentId))
}

async function requireRightTo(context: ReadContext, move: Move): Promise<void> {
  const snapshot = await context.snapshot()
  const { account } = move
  const { assignments, exceptions } = touchedByMove(snapshot, move, context.now)
  await requireAtAll(context, 'policy:manage', assignments, 'policies-change')
  await requireRightToApprove(context, exceptions, move.after.path.at(-2)!)
  const { left, gained } = nodesOfMove(move)
  await requireRightToLift(
    context,
    [...(await bindingsAt(context, left, 'forbid')), ...movedOf(snapshot, account, left)],
    account,
  )
  await requireRightToGive(context, move, gained)
}

/** To be called before the unit is deleted, with which its role bindings end. */
export async function requireRightToDelete(context: ReadContext, unit: string): Promise<void> {
  await requireRightToLift(context, await bindingsAt(context, [unit], 'forbid'), unit)
}

/** What is forbidden at the account from a node that it leaves: it goes along, away from those with whose right it was set. */
function movedOf(snapshot: Snapshot, account: string, left: readonly string[]): readonly RoleBinding[] {
  return [...snapshot.bindings.values()].filter(
    ({ node, bindsFrom }) => node === account && bindsFrom !== undefined && left.includes(bindsFrom),
  )
}

/** Which exceptions there are above the caller's own nodes is not told. */
async function requireRightToApprove(
  context: ReadContext,
  targets: ReadonlySet<string>,
  parentId: string,
): Promise<void> {
  const action = 'exception:approve'
  const mayRead = await permitter(context, 'exception:read')
  await requireAtAll(context, action, new Set([...targets].filter(mayRead)), 'exceptions-begin')
  for (const target of targets) {
    if (mayRead(target) || (await accessAt(context, action, target)).isPermitted) continue
    requireScope(context, action)
    const because = { why: 'exceptions-above', parent: parentId } as const
    refuseWithoutRole(context, action, parentId, because)
  }
}

async function bindingsAt(
  context: ReadContext,
  nodes: readonly string[],
  effect: RoleBinding['effect'],
): Promise<readonly RoleBinding[]> {
  const { bindings } = await context.snapshot()
  return [...bindings.values()].filter((one) => one.effect === effect && nodes.includes(one.node))
}

/** What is forbidden at a node binds nobody any more below which it no longer stands: that is lifting it. */
async function requireRightToLift(
  context: ReadContext,
  forbids: readonly RoleBinding[],
  changed: string,
): Promise<void> {
  const stored = await context.tx.roleBindings.some(forbids.map(({ id }) => id))
  for (const forbid of stored) await refuseToLift(context, forbid, changed)
}

/**
 * Whoever has a role at a node gets it at the account that comes under it. As with a new binding, nobody gives others what is
 * not permitted to themselves there. The caller's own roles are not asked about: what is forbidden to them stays so, or they
 * had the right to lift it. Those of a service whose token somebody made are no own ones: others have tokens for it, too. Neither are the scopes of the token: they permit the move, which gives its bearer nothing beyond.
 */
async function requireRightToGive(
  context: ReadContext,
  { account, before: { path } }: Move,
  nodes: readonly string[],
): Promise<void> {
  const snapshot = await context.snapshot()
  const { now } = context
  const native = context.caller.native!
  const own = partiesOf(native, now).length === 1 ? native.name : undefined
  const toOthers = (await bindingsAt(context, nodes, 'permit')).filter(({ principal }) => principal !== own)
  const given = new Map(toOthers.map(({ role, node }) => [role, node]))
  for (const [role, node] of given) {
    for (const action of roles[role].actions) {
      if (accessOfToken(snapshot, native, { action, node: account, now, path }).isPermitted) continue
      const because = { why: 'would-be-permitted', role, node, action, account } as const
      refuseWithoutRole(context, 'role:manage', account, because)
    }
  }
}

/** To be called before the node gets these tags, which are all that it is to have. */
export async function requireRightToTag(context: ReadContext, node: TaggedNode, tags: readonly Tag[]): Promise<void> {
  const touched = touchedByTags(await context.snapshot(), node, mapOf(tags))
  await requireAtAll(context, 'policy:manage', touched, 'rule-reads-tags')
}

/**
 * To be called before an account is made under this number: what names the number is for who had it, or is to have it, and its record
 * is for those of the unit that it left. To who may not make accounts there it is taken.
 */
export async function requireRightToNumber(
  context: ReadContext,
  number: string,
  parentId: string,
  tags: readonly Tag[],
): Promise<void> {
  await requireRightToComeBack(context, number, { parentId, tags: mapOf(tags) })
  const touched = touchedByNumber(await context.snapshot(), number, parentId)
  await requireAtAll(context, 'policy:manage', touched, 'rule-names-account')
}

/** What was removed and is made again has been moved and tagged: else whoever may do neither would go that way. */
async function requireRightToComeBack(context: ReadContext, number: string, to: OutsidePlace): Promise<void> {
  const known = await context.tx.organizations.findNumber(number)
  if (known?.removedAt === undefined) return
  const last = await context.tx.history.latest(number)
  const { parentId: former, tags: formerTags = {} } = last
    ? (context.tx.history.bodyOf(last) as { readonly parentId?: string; readonly tags?: TagsKept })
    : {}
  const parentId = former === undefined ? everywhere : await standingOf(context, former)
  const isPermitted = await permitter(context, 'organization:manage')
  if (!isPermitted(parentId)) refuseTakenNumber(number)
  const tags = new Map(Object.entries(formerTags))
  await requireRightTo(context, comeBack(await context.snapshot(), number, { parentId, tags }, to))
}

async function requireAtAll(
  context: ReadContext,
  action: Action,
  nodes: ReadonlySet<string>,
  why: RightAskedFor,
): Promise<void> {
  for (const node of nodes) {
    const { isPermitted, binding } = await accessAt(context, action, node)
    if (isPermitted) continue
    if (binding) await requirePermission(context, action, { node })
    requireScope(context, action)
    refuseWithoutRole(context, action, node, { why: 'no-role', principal: context.caller.native?.name, node, for: why })
  }
}

const mapOf = (tags: readonly Tag[]): ReadonlyMap<string, string> => new Map(tags.map(({ key, value }) => [key, value]))
