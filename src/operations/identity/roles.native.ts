// Role bindings: who may do what where.
import { z } from 'zod'
import { roleNames, roles } from '#model/roles.ts'
import type { StoredBinding } from '#store/tables/role-bindings.ts'
import { nativeRead, nativeWrite } from '../operation.native.ts'
import {
  answerPage,
  formatInstant,
  idText,
  instant,
  nameShapes,
  nodeId,
  nodeName,
  pageAsked,
  pageOf,
  paging,
  principalName,
} from '../shapes.native.ts'
import { bindRole, getBinding, listBindings, placeOfBinding, placeOfNode, seenByManager, unbindRole } from './roles.ts'

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
    node: nodeName.optional().describe('Only those at exactly this node.'),
  }),
  output: pageOf(binding),
  rest: { method: 'GET', path: '/role-bindings' },
  cli: 'role-binding list',
  columns: ['bindingId', 'principal', 'role', 'node', 'effect'],
  refusals: ['InvalidPaginationToken'],
  at: 'filtered',
  run: async (context, { principal, node, ...asked }) =>
    answerPage(await listBindings(context, { principal, node }, pageAsked(asked)), describe),
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
  at: async (context, { bindingId }) => ({ ...(await placeOfBinding(context, bindingId)), orAction: 'role:manage' }),
  run: async (context, input) => describe(await seenByManager(context, await getBinding(context, input.bindingId))),
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
    node: nodeName,
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
    return describe(await seenByManager(context, await bindRole(context, params)))
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
  at: async (context, { bindingId }) => placeOfBinding(context, bindingId),
  async run(context, input) {
    await unbindRole(context, input.bindingId)
  },
})

const describe = ({
  id,
  principal,
  role,
  node,
  effect,
  authority,
  bindsFrom,
  createdAt,
}: StoredBinding): z.output<typeof binding> => ({
  bindingId: id,
  principal,
  role,
  node,
  effect,
  ...(authority === undefined ? {} : { authority }),
  ...(bindsFrom === undefined ? {} : { bindsFrom }),
  createdAt: formatInstant(createdAt),
})
