// Whether the caller may: roles asked at a place, in the transaction, on the snapshot that decisions are made on.

import { isAccountId } from '#model/organization.ts'
import { pathOf, type Snapshot } from '#model/policy/snapshot.ts'
import { type NativePrincipal, type Principal, partiesOf } from '#model/principal.ts'
import type { Problem } from '#model/problems/problem.ts'
import { type Refusal, refuse } from '#model/refusal.ts'
import {
  type Access,
  type AccessRequest,
  type Action,
  authorize,
  depthOf,
  everywhere,
  type RoleBinding,
  roles,
  scopesCover,
} from '#model/roles.ts'
import type { Need, ReadContext } from '../operation.ts'

/** Where an action is asked for. */
export interface Place {
  /** An account, a unit, a root, or `*` for what belongs to no node. */
  readonly node: string
  /** What is said to those who may not even see what is there: the same as where nothing is (invariant I8). */
  readonly absent?: Refusal
  /** Who may do this there may do the action, too. */
  readonly orAction?: Action
}

/** `binding` is the one from which the right comes, or which forbids it; `lacking` a maker of the token who may not. */
export interface CallerAccess extends Access {
  readonly lacking?: string
}

/** Whether the caller may do something at a node. A signed request of EC2 has no say here. */
export async function accessAt(context: ReadContext, action: Action, node: string): Promise<CallerAccess> {
  const snapshot = await context.snapshot()
  const access = accessOn(snapshot, context, action, node)
  if (access.isPermitted) context.noteNeed({ action, path: pathOf(snapshot, node) })
  return access
}

/** Refuses a repeat of a request by who could not make it any more: a role has ended since, or the token is a narrower one. */
export async function requireStill(context: ReadContext, needs: readonly Need[]): Promise<void> {
  const { nodes } = await context.snapshot()
  for (const { action, path } of needs) {
    const node = path.at(-1)!
    // What the request itself has deleted, or somebody else since: who answers for what was above it.
    const standing = isAccountId(node) || node === everywhere ? node : path.findLast((one) => nodes.has(one))
    await requirePermission(context, action, { node: standing ?? node })
  }
}

/** The same for many nodes: a predicate over one snapshot. */
export async function permitter(context: ReadContext, action: Action): Promise<(node: string) => boolean> {
  const snapshot = await context.snapshot()
  return (node) => accessOn(snapshot, context, action, node).isPermitted
}

/** Whether the caller may do something anywhere: what is permitted at a node comes from there or from above. */
export async function mayAnywhere(context: ReadContext, action: Action): Promise<boolean> {
  const { native } = context.caller
  if (!native) return false
  const isPermitted = await permitter(context, action)
  // Of a token that somebody made for another, the right comes from the lowest of the nodes from which theirs come.
  const parties = partiesOf(native, context.now).flatMap(({ name, groups }) => [name, ...groups])
  const bound = (await context.snapshot()).bindings.ofAll([...new Set(parties)])
  return bound.some((one) => gives(one, action) && isPermitted(one.node))
}

/** Whether a binding would permit an action, were there no other. */
export const gives = ({ effect, role }: RoleBinding, action: Action): boolean =>
  effect === 'permit' && (roles[role].actions as readonly Action[]).includes(action)

/** Whether the caller may do something at the top of a path: at its root, or everywhere. */
export async function mayAtTop(context: ReadContext, action: Action, path: readonly string[]): Promise<boolean> {
  const isPermitted = await permitter(context, action)
  return isPermitted(everywhere) || (path[0]!.startsWith('r-') && isPermitted(path[0]!))
}

/**
 * Whether the caller may do something at a node and at all that is below it: what is permitted above may be forbidden further down.
 * Asked where what is of many nodes is shown as one, and cannot be passed over row by row.
 */
export async function mayThroughout(context: ReadContext, action: Action, node: string): Promise<boolean> {
  const { native } = context.caller
  const isPermitted = await permitter(context, action)
  if (!native || !isPermitted(node)) return false
  const snapshot = await context.snapshot()
  // Of a node that is gone nobody knows any more what it was below.
  const mayBeBelow = (one: string): boolean =>
    node === everywhere || !snapshot.nodes.has(one) || pathOf(snapshot, one).includes(node)
  const names = partiesOf(native, context.now).flatMap(({ name, groups, formerGroups }) => [
    name,
    ...groups,
    ...formerGroups,
  ])
  // A forbid that binds what is permitted above does so from its own node on, and nothing else does.
  return snapshot.bindings
    .ofAll(new Set(names))
    .every((one) => one.effect === 'permit' || !mayBeBelow(one.node) || isPermitted(one.node))
}

/** What was answered before: roles and the tree stay as they are for a snapshot's life, and a principal for its own. */
const accesses = new WeakMap<Snapshot, WeakMap<NativePrincipal, Map<string, CallerAccess>>>()

/**
 * The same on a snapshot that need not be the one in force.
 * @param path the way to the node, where it is asked as if that stood elsewhere
 */
export function accessOn(
  snapshot: Snapshot,
  { caller: { native }, now }: { readonly caller: Pick<Principal, 'native'>; readonly now: number },
  action: Action,
  node: string,
  path?: readonly string[],
): CallerAccess {
  if (!native) return { isPermitted: false }
  const ofSnapshot = accesses.get(snapshot) ?? new WeakMap<NativePrincipal, Map<string, CallerAccess>>()
  const known = ofSnapshot.get(native) ?? new Map<string, CallerAccess>()
  const question = `${action} ${path?.join('/') ?? node} ${provenAt(native, now)}`
  const answered = known.get(question)
  if (answered) return answered
  const access = scopesCover(native.scopes, action)
    ? accessOfToken(snapshot, native, { action, node, now, path })
    : { isPermitted: false }
  accesses.set(snapshot, ofSnapshot.set(native, known.set(question, access)))
  return access
}

/** Groups of makers end by the clock, one after the other: as many as are left tell which. */
export const provenAt = ({ makerGroups }: NativePrincipal, now: number): number =>
  makerGroups?.filter(({ until }) => until > now).length ?? 0

interface Question {
  readonly action: Action
  readonly node: string
  readonly now: number
  /** The way to the node, where it is asked as if that stood elsewhere. */
  readonly path?: readonly string[] | undefined
}

/**
 * What a token may, whatever its scopes: what its principal may, and each of those who made it for them, at this moment. The right
 * comes from the lowest of the nodes from which theirs come.
 */
export function accessOfToken(
  snapshot: Snapshot,
  holder: Pick<NativePrincipal, 'name' | 'groups' | 'makers' | 'makerGroups'>,
  { action, node, now, path = pathOf(snapshot, node) }: Question,
): CallerAccess {
  let lowest: Access | undefined
  for (const { name, groups, formerGroups } of partiesOf(holder, now)) {
    const access = accessOf(snapshot, { principals: [name, ...groups], formerGroups }, action, path)
    // Which binding keeps a maker from it is nothing for whoever has the token.
    if (!access.isPermitted) return name === holder.name ? access : { isPermitted: false, lacking: name }
    if (!lowest || depthOf(path, access.binding!.node)! > depthOf(path, lowest.binding!.node)!) lowest = access
  }
  return lowest!
}

/** What the roles of these principals together permit at the end of a path, whoever asks. */
export function accessOf(
  snapshot: Snapshot,
  { principals, formerGroups = [] }: Pick<AccessRequest, 'principals' | 'formerGroups'>,
  action: Action,
  path: readonly string[],
): Access {
  const asked = formerGroups.length === 0 ? principals : [...new Set([...principals, ...formerGroups])]
  const pathTo = (node: string) => pathOf(snapshot, node)
  return authorize(snapshot.bindings.onPath(asked, path), { principals, formerGroups, action, path, pathTo })
}

export async function requirePermission(
  context: ReadContext,
  action: Action,
  { node, absent, orAction }: Place,
): Promise<void> {
  const { isPermitted, binding, lacking } = await accessAt(context, action, node)
  if (isPermitted) return
  if (orAction && (await accessAt(context, orAction, node)).isPermitted) return
  const reading = `${action.split(':')[0]}:read` as Action
  if (absent && !(await accessAt(context, reading, node)).isPermitted) refuse(absent)
  const { native } = context.caller
  if (binding) {
    const { principal, role, id: bindingId } = binding
    const because = { why: 'is-forbidden', principal, role, node: binding.node, binding: bindingId } as const
    refuse({ code: 'NotAuthorized', action, because, reason: 'forbidden', principal, node: binding.node, bindingId })
  }
  requireScope(context, action)
  if (lacking !== undefined) {
    const because = { why: 'maker-may-not', maker: lacking, node } as const
    refuse({ code: 'NotAuthorized', action, because, reason: 'no-role', principal: lacking, node })
  }
  refuseWithoutRole(context, action, node, { why: 'no-role', principal: native?.name, node })
}

/** The caller lacks a role at a node; `because` says what for. */
export function refuseWithoutRole(
  { caller: { native } }: ReadContext,
  action: Action,
  node: string,
  because: Problem,
): never {
  return refuse({ code: 'NotAuthorized', action, because, reason: 'no-role', principal: native?.name, node })
}

/** What a narrowed token does not reach, also of what its principal needs no role for. */
export function requireScope({ caller: { native } }: ReadContext, action: Action): void {
  if (!native || scopesCover(native.scopes, action)) return
  const because = { why: 'scopes-do-not-cover', scopes: native.scopes } as const
  refuse({ code: 'NotAuthorized', action, because, reason: 'scopes', principal: native.name })
}
