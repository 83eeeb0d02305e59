// Whether somebody's roles let them do something, and what to say where they do not. The server decides: this says it beforehand.
import { useQuery } from '@tanstack/react-query'
import { nodes } from '../api/lists.ts'
import { session } from '../api/queries.ts'

/** Why none of these roles is there at a node: undefined where one is, there or above. `*` is everywhere. */
export function useLacking(): (roles: readonly string[], node: string | undefined) => string | undefined {
  const { data: me } = useQuery(session)
  const { data: tree } = useQuery(nodes)
  return (roles, node) => {
    const found = tree?.items.find(({ nodeId }) => nodeId === node)
    const above = ['*', ...(found?.path ?? (node === undefined ? [] : [node]))]
    const has = me?.roles.some((one) => one.effect === 'permit' && roles.includes(one.role) && above.includes(one.node))
    if (me === undefined || has) return undefined
    const where = found?.name ?? (node === '*' ? 'the top' : (node ?? 'the top'))
    return `This takes the role ${roles.join(' or ')} at ${where} or above it. Whoever manages roles there gives it.`
  }
}
