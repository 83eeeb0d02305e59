// Every list of the API that pages show, by what stands in the address of the page.
import { api } from './client.ts'
import { ask } from './queries.ts'
import type { operations } from './types.generated.ts'

/** How many rows a page of a list has. */
export const pageRows = 50
export const treeRowsMax = 1000

type QueryOf<N extends keyof operations> = NonNullable<operations[N]['parameters']['query']>
/** What of the address is a parameter of the request; the others are the page's own. */
export function taken(params: URLSearchParams, ...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    [...params].filter(([name, value]) => value !== '' && (name === 'cursor' || names.includes(name))),
  )
}
const listed = <N extends keyof operations>(
  params: URLSearchParams,
  ...names: readonly (keyof QueryOf<N> & string)[]
) => ({
  limit: pageRows,
  ...(taken(params, ...names) as QueryOf<N>),
})
/** The path of a request, as whoever uses curl writes it. */
export const pathOf = (path: string, query: object): string => {
  const text = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)])).toString()
  return text === '' ? path : `${path}?${text}`
}
/** The flags of a command likewise. */
export const flagsOf = (query: object): string =>
  Object.entries(query)
    .filter(([name]) => name !== 'cursor' && name !== 'limit')
    .map(
      ([name, value]) =>
        ` --${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} '${String(value).replaceAll("'", `'\\''`)}'`,
    )
    .join('')

export const decisionNames = [
  'account',
  'resourceType',
  'locale',
  'outcome',
  'mode',
  'policyId',
  'poolId',
  'from',
  'until',
] as const
export const decisionList = (params: URLSearchParams) => {
  const query = listed<'listDecisions'>(params, ...decisionNames)
  return ask(['decisions', query], (signal) => api.GET('/decisions', { params: { query }, signal }))
}
export const allocationNames = ['account', 'poolId', 'resourceType', 'locale', 'within', 'state', 'tag'] as const
export const allocationList = (params: URLSearchParams) => {
  const query = listed<'listAllocations'>(params, ...allocationNames)
  return ask(['allocations', query], (signal) => api.GET('/allocations', { params: { query }, signal }))
}
export const exceptionNames = ['state', 'target', 'resourceType', 'requestedBy'] as const
export const exceptionList = (params: URLSearchParams) => {
  const query = listed<'listExceptions'>(params, ...exceptionNames)
  return ask(['exceptions', query], (signal) => api.GET('/exceptions', { params: { query }, signal }))
}
export const changeRequestNames = ['state', 'node', 'author'] as const
export const changeRequestList = (params: URLSearchParams) => {
  const query = listed<'listChangeRequests'>(params, ...changeRequestNames)
  return ask(['change-requests', query], (signal) => api.GET('/change-requests', { params: { query }, signal }))
}
export const findingNames = [
  'status',
  'control',
  'severity',
  'node',
  'sourceId',
  'resource',
  'resourceType',
  'locale',
] as const
export const findingList = (params: URLSearchParams) => {
  const query = listed<'listFindings'>(params, ...findingNames)
  return ask(['findings', query], (signal) => api.GET('/findings', { params: { query }, signal }))
}
export const changeNames = ['account', 'principal', 'action', 'subject', 'from', 'until'] as const
export const changeList = (params: URLSearchParams) => {
  const query = listed<'listChanges'>(params, ...changeNames)
  return ask(['changes', query], (signal) => api.GET('/changes', { params: { query }, signal }))
}
export const policyList = (params: URLSearchParams) => {
  const query = listed<'listPolicies'>(params, 'account')
  return ask(['policies', query], (signal) => api.GET('/policies', { params: { query }, signal }))
}
export const assignmentList = (params: URLSearchParams) => {
  const query = listed<'listPolicyAssignments'>(params, 'policyId', 'targetId', 'mode')
  return ask(['assignments', query], (signal) => api.GET('/assignments', { params: { query }, signal }))
}
export const sourceList = (params: URLSearchParams) => {
  // An installation has no more than one such page of them, so that it can be looked through here.
  const query = { ...listed<'listSources'>(params), ...(params.has('freshness') ? { limit: treeRowsMax } : {}) }
  return ask(['sources', query], (signal) => api.GET('/sources', { params: { query }, signal }))
}
export const bindingList = (params: URLSearchParams) => {
  const query = listed<'listRoleBindings'>(params, 'principal', 'node')
  return ask(['role-bindings', query], (signal) => api.GET('/role-bindings', { params: { query }, signal }))
}
export const tokenList = (params: URLSearchParams) => {
  const query = listed<'listTokens'>(params, 'principal')
  return ask(['tokens', query], (signal) => api.GET('/tokens', { params: { query }, signal }))
}
/** Names of nodes beside their ids: the whole tree as far as one page goes, asked for once in a while. */
export const nodes = {
  ...ask(['nodes'], (signal) => api.GET('/organization/tree', { params: { query: { limit: treeRowsMax } }, signal })),
  staleTime: 300_000,
}
export const poolTree = (params: URLSearchParams) => {
  const query = { limit: treeRowsMax, ...(taken(params, 'scopeId', 'family', 'ipamId') as QueryOf<'listPoolTree'>) }
  return ask(['pool-tree', query], (signal) => api.GET('/pools/tree', { params: { query }, signal }))
}
export const scopes = {
  ...ask(['scopes'], (signal) => api.GET('/scopes', { params: { query: { limit: treeRowsMax } }, signal })),
  staleTime: 300_000,
}
export const searchParamsOf = (request: Request): URLSearchParams => new URL(request.url).searchParams
/** Names of pools, likewise. */
export const pools = {
  ...ask(['pools'], (signal) => api.GET('/pools', { params: { query: { limit: treeRowsMax } }, signal })),
  staleTime: 300_000,
}
