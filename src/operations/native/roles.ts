// Role bindings: who may do what where.
import { z } from 'zod'
import { hasShape } from '#model/identifier.ts'
import type { Snapshot } from '#model/policy/snapshot.ts'
import { type Refusal, refuse } from '#model/refusal.ts'
import { type Action, everywhere, roleNames, roles, scopesCover } from '#model/roles.ts'
import type { StoredBinding } from '#store/role-bindings.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { accessAt, type Place, permitter, refuseWithoutRole } from './authority.ts'
import { nativeRead, nativeWrite } from './definition.ts'
import { formatInstant, gatherPage, instant, nodeId, pageOf, paging, principalName } from './shapes.ts'
import { makerOf, refuseTooManyBindings } from './shares.ts'
import { findWeakTokens, inWords } from './weak-tokens.ts'

const roleName = z.enum(roleNames).describe('One of the roles that exist.')
const bindingId = z.string().max(64).describe('`role-binding-…`.')
const binding = z.object({
  bindingId,
  principal: principalName,
  role: roleName,
  node: nodeId,
  effect: z.enum(['permit', 'forbid']).describe('What is forbidden somewhere on the way is permitted nowhere below.'),
  createdAt: instant,
})
const role = z.object({ role: roleName, summary: z.string(), actions: z.array(z.string()) })

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
  async run(context, { principal, node, ...wish }) {
    const isPermitted = await permitter(context, 'role:read')
    const isOwn = ({ principal }: StoredBinding): boolean => principal === context.caller.native?.name
    const isWanted = (row: StoredBinding): boolean =>
      (principal === undefined || row.principal === principal) && (node === undefined || row.node === node)
    return gatherPage(wish, {
      read: (after, limit) => context.tx.roleBindings.list(after, limit),
      key: ({ id }) => id,
      show: async (row) => (isWanted(row) && (isOwn(row) || isPermitted(row.node)) ? describe(row) : undefined),
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
  at: placeOfBinding,
  run: async (context, input) => describe(await getBinding(context, input.bindingId)),
})

export const createRoleBinding = nativeWrite({
  name: 'createRoleBinding',
  summary: 'Bind a role to a principal at a node of the organization.',
  description:
    'Nobody can give what they do not have: each action of the role must be permitted to you at the node. Nor is a role permitted to whoever has a token made by somebody who may not make one for those who act at the node: revoke it first.',
  action: 'role:manage',
  input: z.strictObject({
    principal: principalName,
    role: roleName,
    node: nodeId,
    effect: z.enum(['permit', 'forbid']).default('permit').describe('`forbid` wins over every `permit`.'),
  }),
  output: binding,
  rest: { method: 'POST', path: '/role-bindings', status: 201 },
  cli: 'role-binding create',
  refusals: ['NotFound', 'AlreadyExists', 'LimitExceeded', 'IncorrectState'],
  at: async (context, { node }) => placeOfNode(context, node),
  async run(context, wish) {
    await refuseToGiveMore(context, wish.role, wish.node)
    if (await context.tx.roleBindings.findSame(wish)) {
      refuse({
        code: 'AlreadyExists',
        what: 'role-binding',
        problem: `\`${wish.principal}\` has the role \`${wish.role}\` at \`${wish.node}\` already (${wish.effect})`,
      })
    }
    await refuseTooManyBindings(context, wish.node)
    if (wish.effect === 'permit') await refuseWeakTokens(context, wish.principal, wish.node)
    const created: StoredBinding = { id: context.newId('roleBinding'), ...wish, createdAt: context.now }
    await context.tx.roleBindings.insert(created, makerOf(context))
    await remember(context, created)
    return describe(created)
  },
})

export const deleteRoleBinding = nativeWrite({
  name: 'deleteRoleBinding',
  summary: 'Take a role away again.',
  action: 'role:manage',
  input: z.strictObject({ bindingId }),
  output: z.void(),
  rest: { method: 'DELETE', path: '/role-bindings/{bindingId}', status: 204 },
  cli: 'role-binding delete',
  refusals: ['NotFound', 'MalformedId'],
  changes: getRoleBinding,
  at: placeOfBinding,
  async run(context, input) {
    const gone = await getBinding(context, input.bindingId)
    // Lifting what is forbidden gives as much as permitting does.
    if (gone.effect === 'forbid') await refuseToGiveMore(context, gone.role, gone.node)
    await context.tx.roleBindings.delete(gone.id)
    await remember(context, gone, 'gone')
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
  const { id, node } = await getBinding(context, input.bindingId)
  return { node, absent: { code: 'NotFound', what: 'role-binding', id } }
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

/** Somebody could have made tokens in advance, for whoever is to become stronger than they are. */
async function refuseWeakTokens(context: ReadContext, principal: string, node: string): Promise<void> {
  const weak = await findWeakTokens(context.tx, await context.snapshot(), { principal, node })
  if (weak.tokens.length === 0) return
  const isVisible = await permitter(context, 'token:read')
  const ids = weak.tokens.filter(({ account }) => isVisible(account)).map(({ id }) => id)
  const problem = inWords(weak, node, ids)
  const { makers } = weak
  refuse({ code: 'IncorrectState', what: 'api-token', id: principal, problem, tokens: ids, makers })
}

async function remember(context: WriteContext, stored: StoredBinding, isGone?: 'gone'): Promise<void> {
  const account = context.caller.account
  await context.tx.history.changed({ id: stored.id, kind: 'role-binding', account }, isGone ? undefined : stored)
  context.changed(stored.id)
  await context.governanceChanged('nothing')
}

const describe = ({ id, principal, role, node, effect, createdAt }: StoredBinding): z.output<typeof binding> => ({
  bindingId: id,
  principal,
  role,
  node,
  effect,
  createdAt: formatInstant(createdAt),
})
