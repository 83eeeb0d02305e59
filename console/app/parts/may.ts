// What the roles of whoever is signed in permit where, by the rule of the server: so that a button can say beforehand why it would be
// refused. The server decides all the same.
import { useQuery } from '@tanstack/react-query'
import { type Action, authorize, type RoleBinding, roleNames, roles, scopesCover } from '#model/roles.ts'
import { nodes } from '../api/lists.ts'
import { session } from '../api/queries.ts'

const rolesWith = (action: Action): string =>
  roleNames.filter((role) => (roles[role].actions as readonly Action[]).includes(action)).join(' or ')

/** Where a button does not say yet at which node: it is refused only to whoever may do it nowhere. */
export const anywhere = 'anywhere'

/** Why somebody may not do something at a node, who may and who gives the role; undefined where they may, or it is not known here. */
export function useMay(): (action: Action, node: string | undefined) => string | undefined {
  const { data: me } = useQuery(session)
  const { data: tree } = useQuery(nodes)
  return (action, node) => {
    if (!me || !tree || node === undefined) return undefined
    if (!scopesCover(me.scopes, action)) return 'Your session is narrowed to something else.'
    const find = (id: string) => tree.items.find(({ nodeId }) => nodeId === id)
    const bindings = me.roles.map((one) => ({ ...one, id: '', principal: me.principal })) as RoleBinding[]
    const isPermitted = (id: string): boolean =>
      authorize(bindings, {
        principals: [me.principal],
        action,
        path: find(id)?.path ?? [id],
        pathTo: (to) => [to],
      }).isPermitted
    // What is permitted anywhere is permitted at the node of some binding.
    if (node === anywhere ? bindings.some((one) => isPermitted(one.node)) : isPermitted(node)) return undefined
    const place = node === anywhere ? '' : ` at ${find(node)?.name ?? (node === '*' ? 'the top' : node)} or above`
    return `It takes the role ${rolesWith(action)}${place}. Whoever is ${rolesWith('role:manage')} there gives it.`
  }
}
