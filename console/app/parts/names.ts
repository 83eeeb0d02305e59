// No id without its name beside it.
import { useQuery } from '@tanstack/react-query'
import { nodes, pools } from '../api/lists.ts'

/** The name of a node of the organization, where this person may see it. */
export function useNodeNames(): (id: string) => string | undefined {
  const { data } = useQuery(nodes)
  return (id) => data?.items.find((one) => one.nodeId === id)?.name
}
/** As text: the name, and the id behind it. */
export const named = (id: string, name: string | undefined): string => (name === undefined ? id : `${name} (${id})`)

/** The name of a pool, likewise. */
export function usePoolNames(): (id: string) => string | undefined {
  const { data } = useQuery(pools)
  return (id) => data?.items.find(({ poolId }) => poolId === id)?.name
}
