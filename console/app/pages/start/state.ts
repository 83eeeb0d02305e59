// What there is so far of the first minutes. Each part is asked for once those before it are there.
import { useQuery } from '@tanstack/react-query'
import { api, type Schemas } from '../../api/client.ts'
import { assignmentList, nodes, policyList, pools, treeRowsMax } from '../../api/lists.ts'
import { ask, load, queries, session } from '../../api/queries.ts'

const all = new URLSearchParams()
export const ipams = ask(['ipams'], (signal) =>
  api.GET('/ipams', { params: { query: { limit: treeRowsMax } }, signal }),
)
export const organization = ask(['organization'], (signal) => api.GET('/organization', { signal }))
export const policies = policyList(all)
export const assignments = assignmentList(all)
export const denials = ask(['decisions', 'first denial'], (signal) =>
  api.GET('/decisions', { params: { query: { outcome: 'deny', limit: 1 } }, signal }),
)

type Nodes = readonly Schemas['OrganizationNode'][]
export const rootOf = (tree: Nodes | undefined) => tree?.find(({ kind }) => kind === 'root')
export const isEnforced = ({ mode }: { readonly mode: string }): boolean => mode === 'enforce'

export async function loadBeginning(): Promise<null> {
  await load(session, nodes, pools)
  if (queries.getQueryData<Schemas['PoolPage']>(pools.queryKey)?.items.length === 0) {
    const tree = queries.getQueryData<{ items: Nodes }>(nodes.queryKey)?.items
    return load(ipams, ...(rootOf(tree) ? [organization] : []))
  }
  await load(policies, assignments)
  const assigned = queries.getQueryData<{ items: readonly { mode: string }[] }>(assignments.queryKey)?.items
  return assigned?.some(isEnforced) ? load(denials) : null
}

export function useBeginning() {
  const me = useQuery(session)
  const tree = useQuery(nodes)
  const root = rootOf(tree.data?.items)
  const made = useQuery(pools)
  const hasPools = made.data !== undefined && made.data.items.length > 0
  const isBefore = made.data !== undefined && !hasPools
  const managed = useQuery({ ...ipams, enabled: isBefore })
  const founded = useQuery({ ...organization, enabled: isBefore && root !== undefined })
  const written = useQuery({ ...policies, enabled: hasPools })
  const assigned = useQuery({ ...assignments, enabled: hasPools })
  const enforced = (assigned.data?.items ?? []).filter(isEnforced)
  const denied = useQuery({ ...denials, enabled: enforced.length > 0 })
  return {
    me: me.data,
    root,
    nodes: tree.data?.items ?? [],
    accounts: (tree.data?.items ?? []).filter(({ kind }) => kind === 'account'),
    units: (tree.data?.items ?? []).filter(({ kind }) => kind === 'organizational-unit'),
    ipams: managed.data?.items ?? [],
    administrator: founded.data?.delegatedAdministrator,
    managementAccount: founded.data?.managementAccount,
    pools: made.data?.items ?? [],
    policies: written.data?.items ?? [],
    enforced,
    denied: denied.data?.items[0],
    error: [me, tree, made, managed, founded, written, assigned, denied].find(({ error }) => error)?.error ?? undefined,
  }
}
export type Beginning = ReturnType<typeof useBeginning>
