// What the roles of whoever is signed in permit where, by the rule of the server: so that a button can say beforehand why it would be
// refused. The server decides all the same.
import { useQuery } from '@tanstack/react-query'
import { type Action, authorize, type RoleBinding, roleNames, roles, scopesCover } from '#model/roles.ts'
import { nodes } from '../api/lists.ts'
import { session } from '../api/queries.ts'

const rolesWith = (action: Action): string =>
  roleNames.filter((role) => (roles[role].actions as readonly Action[]).includes(action)).join(' or ')

/** Why somebody may not do something at a node, and who may; undefined where they may, or it is not known here. */
export function useMay(): (action: Action, node: string) => string | undefined {
  const { data: me } = useQuery(session)
  const { data: tree } = useQuery(nodes)
  return (action, node) => {
    if (!me || !tree) return undefined
    if (!scopesCover(me.scopes, action)) return 'Your session is narrowed to something else.'
    const found = tree.items.find(({ nodeId }) => nodeId === node)
    const path = found?.path ?? [node]
    const bindings = me.roles.map((one) => ({ ...one, id: '', principal: me.principal })) as RoleBinding[]
    const { isPermitted } = authorize(bindings, { principals: [me.principal], action, path, pathTo: (to) => [to] })
    if (isPermitted) return undefined
    return `It takes the role ${rolesWith(action)} at ${found?.name ?? (node === '*' ? 'the top' : node)} or above.`
  }
}
