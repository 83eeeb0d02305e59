// Role bindings: who may do what where, given and taken away by whoever may do as much themselves.
import { isAccountId, isRootId } from '#model/organization.ts'
import { pathOf, type Snapshot } from '#model/policy/snapshot.ts'
import { type Refusal, refuse } from '#model/refusal.ts'
import { type Action, everywhere, roles, scopesCover } from '#model/roles.ts'
import type { BindingsSought, StoredBinding } from '#store/tables/role-bindings.ts'
import { refuseMalformed } from '../identifiers.ts'
import { type Page, type PageAsked, readPage } from '../listing.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { accessAt, type Place, permitter, refuseWithoutRole, requireScope } from './authority.ts'
import { refuseToLeaveNobody } from './last-administrator.ts'
import { visibleNodes } from './nodes-below.ts'
import { recordBinding } from './role-binding-record.ts'
import { makerOf, refuseTooManyBindings } from './shares.ts'

/** Binds a role to a principal at a node. */
export async function bindRole(
  context: WriteContext,
  params: Pick<StoredBinding, 'principal' | 'role' | 'node' | 'effect'>,
): Promise<StoredBinding> {
  const { principal, role, node, effect } = params
  await refuseToGiveMore(context, role, node)
  const from = (await accessAt(context, 'role:manage', node)).binding!.node
  const wanted = effect === 'forbid' ? { ...params, authority: from, bindsFrom: from } : params
  if (await context.tx.roleBindings.findSame(wanted)) {
    const problem = { why: 'bound-already', principal, role, node, effect } as const
    refuse({ code: 'AlreadyExists', what: 'role-binding', problem })
  }
  await refuseTooManyBindings(context, node)
  const created: StoredBinding = { id: context.newId('roleBinding'), ...wanted, createdAt: context.now }
  if (effect === 'forbid') {
    await refuseToLeaveNobody(context, { ...created, id: principal }, created)
  }
  await context.tx.roleBindings.insert(created, makerOf(context))
  await recordBinding(context, created)
  await context.governanceChanged('nothing')
  return created
}

/** Takes a role away again, or lifts what is forbidden. */
export async function unbindRole(context: WriteContext, id: string): Promise<void> {
  const gone = await getBinding(context, id)
  if (gone.effect === 'forbid') await refuseToLift(context, gone)
  else await refuseToLeaveNobody(context, gone, undefined)
  await context.tx.roleBindings.delete(gone.id)
  await recordBinding(context, gone, 'gone')
  await context.governanceChanged('nothing')
}

/** The node itself, where it exists. */
export async function placeOfNode(context: ReadContext, node: string): Promise<Place> {
  const absent: Refusal = { code: 'NotFound', what: 'organization-target', id: node }
  if (node === everywhere) return { node }
  const snapshot = await context.snapshot()
  if (!snapshot.nodes.has(node) && !(await isAccountOutside(context, snapshot, node))) refuse(absent)
  return { node, absent }
}

/** Accounts in no organization that were found. None is ever deleted: one look is good for a snapshot's life. */
const accountsOutside = new WeakMap<Snapshot, Set<string>>()

async function isAccountOutside({ tx }: ReadContext, snapshot: Snapshot, id: string): Promise<boolean> {
  const known = accountsOutside.get(snapshot) ?? new Set()
  accountsOutside.set(snapshot, known)
  if (known.has(id)) return true
  if (!(await tx.organizations.findAccount(id))) return false
  // The snapshot outlives this transaction, and the account perhaps not.
  if (!tx.hasChanged) known.add(id)
  return true
}

/** Where a binding is managed: at its node, and a `forbid` also where the right comes from that it was set with. */
export async function placeOfBinding(context: ReadContext, bindingId: string): Promise<Place> {
  const found = await getBinding(context, bindingId)
  const { id, node, effect } = found
  const absent: Refusal = { code: 'NotFound', what: 'role-binding', id }
  if (effect === 'permit' || (await accessAt(context, 'role:manage', node)).isPermitted) return { node, absent }
  // It may bind whoever set it, at its node: they lift it where their right comes from.
  const from = authorityOf(await context.snapshot(), found)
  return { node: (await accessAt(context, 'role:manage', from)).isPermitted ? from : node, absent }
}

export async function getBinding(context: ReadContext, id: string): Promise<StoredBinding> {
  refuseMalformed('roleBinding', id)
  return (await context.tx.roleBindings.find(id)) ?? refuse({ code: 'NotFound', what: 'role-binding', id })
}

/**
 * What the caller may see of bindings: those at nodes where they read or manage roles, those that they may lift, and their own.
 * @param wanted only those of this principal, and at exactly this node
 */
async function bindingViewer(
  context: ReadContext,
  { principal, node }: { readonly principal?: string | undefined; readonly node?: string | undefined },
): Promise<(row: StoredBinding) => StoredBinding | undefined> {
  const [mayRead, mayManage] = [await permitter(context, 'role:read'), await permitter(context, 'role:manage')]
  const isPermitted = (node: string): boolean => mayRead(node) || mayManage(node)
  const snapshot = await context.snapshot()
  // It may bind whoever set it, at its node.
  const mayLift = (row: StoredBinding): boolean => row.effect === 'forbid' && mayManage(authorityOf(snapshot, row))
  const { native } = context.caller
  // What somebody made for a service does not tell them where else it has roles.
  const isOwn = ({ principal }: StoredBinding): boolean => principal === native?.name && native.makers.length === 0
  const isWanted = (row: StoredBinding): boolean =>
    (principal === undefined || row.principal === principal) && (node === undefined || row.node === node)
  return (row) =>
    isWanted(row) && (isOwn(row) || isPermitted(row.node) || mayLift(row)) ? withSeenNodes(row, isPermitted) : undefined
}

/** Among which bindings those are that the caller may see; undefined: among all, of which those that are hidden are passed over. */
async function visibleBindings(context: ReadContext): Promise<BindingsSought | undefined> {
  const [read, managed] = [await visibleNodes(context, 'role:read'), await visibleNodes(context, 'role:manage')]
  // At the top forbids are lifted that were set at units which are gone: nobody looks for these one by one.
  if (!read || !managed || managed.some(isRootId)) return undefined
  return { principal: context.caller.native?.name, nodes: [...new Set([...read, ...managed])], liftedAt: managed }
}

/** Bindings that the caller may see, in the order of their ids. */
export async function listBindings(
  context: ReadContext,
  filter: { readonly principal?: string | undefined; readonly node?: string | undefined },
  asked: PageAsked<string>,
): Promise<Page<StoredBinding, string>> {
  const see = await bindingViewer(context, filter)
  const sought = await visibleBindings(context)
  const { roleBindings } = context.tx
  return readPage(context, asked, {
    read: (after = '', limit) => (sought ? roleBindings.listOf(sought, after, limit) : roleBindings.list(after, limit)),
    placeOf: ({ id }) => id,
    show: (rows) => rows.map(see),
  })
}

/** A binding as whoever manages roles may see it. */
export async function seenByManager(context: ReadContext, row: StoredBinding): Promise<StoredBinding> {
  return withSeenNodes(row, await permitter(context, 'role:manage'))
}

/** Without the nodes from which a forbid was set and binds, where they are hidden. */
const withSeenNodes = (
  { authority, bindsFrom, ...row }: StoredBinding,
  isSeen: (node: string) => boolean,
): StoredBinding => ({
  ...row,
  ...(authority !== undefined && isSeen(authority) ? { authority } : {}),
  ...(bindsFrom !== undefined && isSeen(bindsFrom) ? { bindsFrom } : {}),
})

async function refuseToGiveMore(context: ReadContext, role: StoredBinding['role'], node: string): Promise<void> {
  for (const action of roles[role].actions as readonly Action[]) {
    const { native } = context.caller
    const { isPermitted } = await accessAt(context, action, node)
    if (isPermitted && native && scopesCover(native.scopes, action)) continue
    const because = { why: 'gives-more', role, action, node } as const
    refuseWithoutRole(context, 'role:manage', node, because)
  }
}

/**
 * Refuses to lift what is forbidden to who could not have set it. Lifting gives as much as permitting does, so that at the node
 * from which it was set each action is asked; who manages roles above that node may whatever else is forbidden to them.
 * @param changed the account that is moved or the unit that is deleted, by which it would be lifted: of a forbid that the caller may
 * not see, the refusal tells no more than that there is one
 */
export async function refuseToLift(context: ReadContext, forbid: StoredBinding, changed?: string): Promise<void> {
  const { id, role, node } = forbid
  const from = authorityOf(await context.snapshot(), forbid)
  const { isPermitted, binding } = await accessAt(context, 'role:manage', from)
  if (!isPermitted) {
    const [mayRead, mayManage] = [await permitter(context, 'role:read'), await permitter(context, 'role:manage')]
    if (changed !== undefined && !mayRead(node) && !mayManage(node)) {
      const because = { why: 'forbidden-above', node: changed } as const
      refuseWithoutRole(context, 'role:manage', changed, because)
    }
    const where = mayRead(from) ? { at: from } : { above: node }
    refuseWithoutRole(context, 'role:manage', node, { why: 'set-with-a-right', binding: id, ...where })
  }
  if (binding!.node === from) return refuseToGiveMore(context, role, from)
  for (const action of roles[role].actions) requireScope(context, action)
}

/** Where a forbid is lifted: where that unit is gone, at the top of the tree. */
export function authorityOf(snapshot: Snapshot, { authority = everywhere, node }: StoredBinding): string {
  const { nodes } = snapshot
  if (authority === everywhere || isAccountId(authority) || nodes.has(authority)) return authority
  const [top] = pathOf(snapshot, node)
  return nodes.get(top!)?.kind === 'root' ? top! : everywhere
}
