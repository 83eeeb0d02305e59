// Who may do what where: roles, their bindings to nodes of the organization tree, and the evaluator. Default deny; a forbid wins over
// permits of the node from which its setter's right came, and below.

/** Everything that can be permitted. What comes before the colon is the noun; `read` shows, the others change. */
export const actions = [
  'organization:read',
  'organization:manage',
  'ipam:read',
  'ipam:manage',
  'allocation:read',
  'allocation:manage',
  'policy:read',
  'policy:manage',
  'exception:read',
  'exception:request',
  'exception:approve',
  'change:read',
  'change:propose',
  'change:approve',
  'decision:read',
  'finding:read',
  'finding:manage',
  'notification:read',
  'notification:manage',
  'history:read',
  'estate:read',
  'estate:manage',
  'estate:report',
  'estate:adopt',
  'role:read',
  'role:manage',
  'token:read',
  'token:manage',
] as const
export type Action = (typeof actions)[number]

export const roles = {
  'organization-administrator': {
    summary: 'Everything below the node that the role is bound to, and who else may do what there.',
    actions,
  },
  'ipam-administrator': {
    summary: 'IPAMs, scopes, pools and what is allocated from them.',
    actions: [
      'organization:read',
      'ipam:read',
      'ipam:manage',
      'allocation:read',
      'allocation:manage',
      'policy:read',
      'exception:read',
      'exception:request',
      'change:read',
      'change:propose',
      'decision:read',
      'finding:read',
      'history:read',
      'estate:read',
      'estate:manage',
      'estate:report',
      'estate:adopt',
      'notification:read',
      'notification:manage',
    ],
  },
  'policy-author': {
    summary: 'Policies, their assignments and candidates, and proposals to change them.',
    actions: [
      'organization:read',
      'ipam:read',
      'allocation:read',
      'policy:read',
      'policy:manage',
      'exception:read',
      'change:read',
      'change:propose',
      'decision:read',
      'finding:read',
      'history:read',
      'estate:read',
      'notification:read',
      'notification:manage',
    ],
  },
  approver: {
    summary: 'Decides on exceptions and changes that others ask for.',
    actions: [
      'organization:read',
      'ipam:read',
      'allocation:read',
      'policy:read',
      'exception:read',
      'exception:approve',
      'change:read',
      'change:approve',
      'decision:read',
      'finding:read',
      'finding:manage',
      'notification:read',
      'notification:manage',
    ],
  },
  'resource-operator': {
    summary: 'Takes and gives back space for accounts, and asks for exceptions.',
    actions: [
      'ipam:read',
      'allocation:read',
      'allocation:manage',
      'policy:read',
      'exception:read',
      'exception:request',
      'decision:read',
      'finding:read',
      'estate:read',
      'notification:read',
      'notification:manage',
    ],
  },
  reporter: {
    summary: 'Tells for a source what is there, and can do nothing else: for collectors.',
    actions: ['estate:report'],
  },
  auditor: {
    summary: 'Sees everything and changes nothing.',
    actions: [
      'organization:read',
      'ipam:read',
      'allocation:read',
      'policy:read',
      'exception:read',
      'change:read',
      'decision:read',
      'finding:read',
      'history:read',
      'estate:read',
      'role:read',
      'token:read',
      'notification:read',
    ],
  },
} as const satisfies Record<string, { readonly summary: string; readonly actions: readonly Action[] }>

export type Role = keyof typeof roles
export const roleNames = Object.keys(roles) as readonly Role[]

/** The node that is above every root: a role bound here holds everywhere, also outside the organization. */
export const everywhere = '*'

export interface RoleBinding {
  readonly id: string
  /** `user:NAME`, `service:NAME` or `group:NAME`. */
  readonly principal: string
  readonly role: Role
  /** A root, an organizational unit, an account, or `*`. */
  readonly node: string
  readonly effect: 'permit' | 'forbid'
  /**
   * Of a forbid: the node from which its setter's right came. It binds permits of that node and below; undefined: its own node
   * counts. Where its own node has moved away from there, it binds all permits but those from above that node.
   */
  readonly bindsFrom?: string
}

export interface AccessRequest {
  /** The principal and the groups that it is in. */
  readonly principals: readonly string[]
  /** Groups that it was proved to be in earlier: they forbid, and permit nothing. */
  readonly formerGroups?: readonly string[]
  readonly action: Action
  /** Root, units, node, in this order; a node outside the organization is a path of its own. */
  readonly path: readonly string[]
  /** The path to another node, as the tree is now; that node alone where it is gone. */
  readonly pathTo: (node: string) => readonly string[]
}

/** `binding` is the one that decided; none where nothing permits. */
export interface Access {
  readonly isPermitted: boolean
  readonly binding?: RoleBinding
}

/**
 * Whether something permits the action at the end of the path that no forbid binds. A forbid holds at its own node and below, and
 * binds there the permits of the node from which its setter's right came, and of those beside it and below. It binds none from above that:
 * otherwise whoever manages roles at an account could shut out those who manage everything. It binds those in between: otherwise
 * whoever manages roles there could lift it. So the permit from furthest above decides, against the forbid from furthest above.
 */
export function authorize(bindings: readonly RoleBinding[], request: AccessRequest): Access {
  let permit: RoleBinding | undefined
  let forbid: RoleBinding | undefined
  let [permitDepth, forbidDepth] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (const binding of bindings) {
    const { principal, role, node, effect } = binding
    const depth = depthOf(request.path, node)
    if (depth === undefined) continue
    const isFormer = effect === 'forbid' && request.formerGroups?.includes(principal)
    if (!isFormer && !request.principals.includes(principal)) continue
    if (!(roles[role].actions as readonly Action[]).includes(request.action)) continue
    if (effect === 'permit' && depth < permitDepth) [permit, permitDepth] = [binding, depth]
    if (effect === 'permit') continue
    const reach = Math.min(depth, reachOf(request, binding))
    if (reach < forbidDepth) [forbid, forbidDepth] = [binding, reach]
  }
  if (permit && permitDepth < forbidDepth) return { isPermitted: true, binding: permit }
  return forbid ? { isPermitted: false, binding: forbid } : { isPermitted: false }
}

/**
 * How far below `*` the highest permits on a path stand that a forbid binds. What its setter's right came from may not be on that
 * path any more: the account has moved. Then all are bound but those from nodes above it, else whoever has roles where the
 * account comes under could shake the forbid off by moving the account there. Of a unit that is gone, only the root is known to
 * have been above it.
 */
function reachOf(
  { path, pathTo }: Pick<AccessRequest, 'path' | 'pathTo'>,
  { node, bindsFrom = node }: RoleBinding,
): number {
  const depth = depthOf(path, bindsFrom)
  if (depth !== undefined) return depth
  const shared = pathTo(bindsFrom).findIndex((one, index) => one !== path[index])
  return Math.max(shared, 1) + 1
}

/** How far below `*` a node stands on a path; undefined where it is not on it. */
export function depthOf(path: readonly string[], node: string): number | undefined {
  if (node === everywhere) return 0
  const at = path.indexOf(node)
  return at < 0 ? undefined : at + 1
}

/** What a token may be narrowed to: to look only, or to whole nouns. Without scopes it may do what its principal may. */
export const scopeNames = ['read', ...new Set(actions.map((action) => action.split(':')[0]!))] as const

/** Whether one of a token's scopes covers the action. */
export function scopesCover(scopes: readonly string[], action: Action): boolean {
  if (scopes.length === 0) return true
  const [noun, verb] = action.split(':')
  return scopes.some((scope) => scope === noun || (scope === 'read' && verb === 'read'))
}
