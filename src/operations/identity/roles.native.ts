// Role bindings: who may do what where.
import { z } from 'zod'
import { hasShape } from '#model/identifier.ts'
import { isAccountId } from '#model/organization.ts'
import { pathOf, type Snapshot } from '#model/policy/snapshot.ts'
import { type Refusal, refuse } from '#model/refusal.ts'
import { type Action, everywhere, roleNames, roles, scopesCover } from '#model/roles.ts'
import type { StoredBinding } from '#store/tables/role-bindings.ts'
import { nativeRead, nativeWrite } from '../operation.native.ts'
import type { ReadContext } from '../operation.ts'
import {
  formatInstant,
  gatherPage,
  idText,
  instant,
  nameShapes,
  nodeId,
  pageOf,
  paging,
  principalName,
} from '../shapes.native.ts'
import { accessAt, type Place, permitter, refuseWithoutRole, requireScope } from './authority.ts'
import { refuseToLeaveNobody } from './last-administrator.ts'
import { recordBinding } from './role-binding-record.ts'
import { makerOf, refuseTooManyBindings } from './shares.ts'

const roleName = z.enum(roleNames).describe('One of the roles that exist.').meta({ id: 'RoleName' })
const bindingId = idText('roleBinding').describe('`role-binding-…`.')
const binding = z.object({
  bindingId,
  principal: principalName,
  role: roleName,
  node: nodeId,
  effect: z
    .enum(['permit', 'forbid'])
    .describe(
      'A `forbid` holds at its node and below, and binds there whom the role is permitted at `bindsFrom` or below it: whoever has it from further above keeps it.',
    ),
  authority: nodeId
    .optional()
    .describe(
      'Of a `forbid`: where the right comes from that it was set with, and with which alone it is lifted; as far as you may see it.',
    ),
  bindsFrom: nodeId
    .optional()
    .describe(
      'Of a `forbid`: permits of this node and below are bound, where it holds; and where it has moved away from there, all permits but those from above this node. As far as you may see it. Its `authority`, or its own node where that was not kept when it was set.',
    ),
  createdAt: instant,
})
const role = z.object({ role: roleName, summary: z.string(), actions: z.array(z.string()) })
nameShapes({ RoleBinding: binding, Role: role })

export const listRoles = nativeRead({
  name: 'listRoles',
  summary: 'List the roles that exist, and what each may do.',
  action: 'role:read',
  input: z.strictObject({}),
  output: pageOf(role),
  rest: { method: 'GET', path: '/roles' },
  cli: 'role list',
  columns: ['role', 'summary'],
  refusals: [],
  at: 'own',
  async run() {
    return {
      items: roleNames.map((name) => ({ role: name, summary: roles[name].summary, actions: [...roles[name].actions] })),
    }
  },
})

export const listRoleBindings = nativeRead({
  name: 'listRoleBindings',
  summary: 'List who has which role where, as far as you may see it.',
  action: 'role:read',
  input: z.strictObject({
    ...paging,
    principal: principalName.optional().describe('Only those of this principal.'),
    node: nodeId.optional().describe('Only those at exactly this node.'),
  }),
  output: pageOf(binding),
  rest: { method: 'GET', path: '/role-bindings' },
  cli: 'role-binding list',
  columns: ['bindingId', 'principal', 'role', 'node', 'effect'],
  refusals: ['InvalidPaginationToken'],
  at: 'filtered',
  async run(context, { principal, node, ...params }) {
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
    return gatherPage(context, params, {
      read: (after, limit) => context.tx.roleBindings.list(after, limit),
      key: ({ id }) => id,
      show: async (row) =>
        isWanted(row) && (isOwn(row) || isPermitted(row.node) || mayLift(row)) ? describe(row, isPermitted) : undefined,
    })
  },
})

export const getRoleBinding = nativeRead({
  name: 'getRoleBinding',
  summary: 'Show one role binding.',
  action: 'role:read',
  input: z.strictObject({ bindingId }),
  output: binding,
  rest: { method: 'GET', path: '/role-bindings/{bindingId}' },
  cli: 'role-binding show',
  refusals: ['NotFound', 'MalformedId'],
  at: async (context, input) => ({ ...(await placeOfBinding(context, input)), orAction: 'role:manage' }),
  run: async (context, input) =>
    describe(await getBinding(context, input.bindingId), await permitter(context, 'role:manage')),
})

export const createRoleBinding = nativeWrite({
  name: 'createRoleBinding',
  summary: 'Bind a role to a principal at a node of the organization.',
  description:
    'Nobody can give what they do not have: each action of the role must be permitted to you at the node. A `forbid` holds at its node and below, and binds there those to whom the role is permitted at the node from which your right comes, or below that; nobody to whom it is permitted further above. It is lifted by whoever has the right where you have it. None is set after which nobody could give every role at the top any more.',
  action: 'role:manage',
  input: z.strictObject({
    principal: principalName,
    role: roleName,
    node: nodeId,
    effect: z
      .enum(['permit', 'forbid'])
      .default('permit')
      .describe(
        '`forbid` wins, at its node and below, over every `permit` that does not come from above your own right.',
      ),
  }),
  output: binding,
  rest: { method: 'POST', path: '/role-bindings', status: 201 },
  cli: 'role-binding create',
  refusals: ['NotFound', 'AlreadyExists', 'LimitExceeded', 'IncorrectState'],
  at: async (context, { node }) => placeOfNode(context, node),
  async run(context, params) {
    await refuseToGiveMore(context, params.role, params.node)
    const from = (await accessAt(context, 'role:manage', params.node)).binding!.node
    const wanted = params.effect === 'forbid' ? { ...params, authority: from, bindsFrom: from } : params
    if (await context.tx.roleBindings.findSame(wanted)) {
      refuse({
        code: 'AlreadyExists',
        what: 'role-binding',
        problem: `\`${params.principal}\` has the role \`${params.role}\` at \`${params.node}\` already (${params.effect})`,
      })
    }
    await refuseTooManyBindings(context, wanted.node)
    const created: StoredBinding = { id: context.newId('roleBinding'), ...wanted, createdAt: context.now }
    if (created.effect === 'forbid')
      await refuseToLeaveNobody(context, { ...created, id: created.principal }, (bindings) => [...bindings, created])
    await context.tx.roleBindings.insert(created, makerOf(context))
    await recordBinding(context, created)
    await context.governanceChanged('nothing')
    return describe(created, await permitter(context, 'role:manage'))
  },
})

export const deleteRoleBinding = nativeWrite({
  name: 'deleteRoleBinding',
  summary: 'Take a role away again, or lift what is forbidden.',
  description:
    'Whoever may manage roles above a binding may delete it. A `forbid` is lifted with the right with which it was set: at the same node, where each action of the role must be permitted to you, or above it. What is not deleted is the last binding with which somebody could give every role at the top.',
  action: 'role:manage',
  input: z.strictObject({ bindingId }),
  output: z.void(),
  rest: { method: 'DELETE', path: '/role-bindings/{bindingId}', status: 204 },
  cli: 'role-binding delete',
  refusals: ['NotFound', 'MalformedId', 'NotAuthorized', 'IncorrectState'],
  changes: getRoleBinding,
  at: placeOfBinding,
  async run(context, input) {
    const gone = await getBinding(context, input.bindingId)
    if (gone.effect === 'forbid') await refuseToLift(context, gone)
    else await refuseToLeaveNobody(context, gone, (bindings) => bindings.filter(({ id }) => id !== gone.id))
    await context.tx.roleBindings.delete(gone.id)
    await recordBinding(context, gone, 'gone')
    await context.governanceChanged('nothing')
  },
})

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

async function placeOfBinding(context: ReadContext, input: { readonly bindingId: string }): Promise<Place> {
  const found = await getBinding(context, input.bindingId)
  const { id, node, effect } = found
  const absent: Refusal = { code: 'NotFound', what: 'role-binding', id }
  if (effect === 'permit' || (await accessAt(context, 'role:manage', node)).isPermitted) return { node, absent }
  // It may bind whoever set it, at its node: they lift it where their right comes from.
  const from = authorityOf(await context.snapshot(), found)
  return { node: (await accessAt(context, 'role:manage', from)).isPermitted ? from : node, absent }
}

async function getBinding(context: ReadContext, id: string): Promise<StoredBinding> {
  if (!hasShape('roleBinding', id)) {
    refuse({ code: 'MalformedId', what: 'role-binding', id, expected: 'role-binding-...' })
  }
  return (await context.tx.roleBindings.find(id)) ?? refuse({ code: 'NotFound', what: 'role-binding', id })
}

async function refuseToGiveMore(context: ReadContext, role: StoredBinding['role'], node: string): Promise<void> {
  for (const action of roles[role].actions as readonly Action[]) {
    const { native } = context.caller
    const { isPermitted } = await accessAt(context, action, node)
    if (isPermitted && native && scopesCover(native.scopes, action)) continue
    const because = `\`${role}\` permits \`${action}\`, which you may not do at \`${node}\``
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
      const because = `something is forbidden above \`${changed}\` that none of your roles may lift`
      refuseWithoutRole(context, 'role:manage', changed, because)
    }
    const where = mayRead(from) ? `at \`${from}\`` : `above \`${node}\``
    const because = `the forbid \`${id}\` was set with a right ${where}, and is lifted with none but that`
    refuseWithoutRole(context, 'role:manage', node, because)
  }
  if (binding!.node === from) return refuseToGiveMore(context, role, from)
  for (const action of roles[role].actions) requireScope(context, action)
}

/** Where a forbid is lifted: where that unit is gone, at the top of the tree. */
function authorityOf(snapshot: Snapshot, { authority = everywhere, node }: StoredBinding): string {
  const { nodes } = snapshot
  if (authority === everywhere || isAccountId(authority) || nodes.has(authority)) return authority
  const [top] = pathOf(snapshot, node)
  return nodes.get(top!)?.kind === 'root' ? top! : everywhere
}

function describe(
  { id, principal, role, node, effect, authority, bindsFrom, createdAt }: StoredBinding,
  isVisible: (node: string) => boolean,
): z.output<typeof binding> {
  return {
    bindingId: id,
    principal,
    role,
    node,
    effect,
    ...(authority !== undefined && isVisible(authority) ? { authority } : {}),
    ...(bindsFrom !== undefined && isVisible(bindsFrom) ? { bindsFrom } : {}),
    createdAt: formatInstant(createdAt),
  }
}
