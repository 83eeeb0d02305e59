// A client whose types are generated: compiled against the description, then run against a server. `generated.test.ts` makes `api.ts`.
import createClient from 'openapi-fetch'
import type { components, paths } from './api.ts'

const [, , baseUrl, token] = process.argv
const api = createClient<paths>({ baseUrl: baseUrl!, headers: { authorization: `Bearer ${token}` } })

type Pool = components['schemas']['Pool']
type Problem = components['schemas']['Problem']

/** The facts of a problem are those of its code. */
function told(problem: Problem): string {
  switch (problem.code) {
    case 'NotFound':
      return `no ${problem.what} ${problem.id}`
    case 'DeniedByPolicy':
      return `${problem.setting} of ${problem.policyId}: ${problem.expected.join()}`
    case 'Exhausted':
      return `no /${problem.netmaskLength} in ${problem.poolId}`
    default:
      return problem.detail
  }
}
function have<T>({ data, error }: { data?: T; error?: Problem }): T {
  if (data === undefined) throw new Error(error && told(error))
  return data
}

const account = have(await api.GET('/me')).account
const ipam = have(await api.POST('/ipams', { body: { account, region: 'us-east-1' } }))
const made: Pool = have(
  await api.POST('/pools', {
    body: { scopeId: ipam.privateScopeId, family: 'ipv4', locale: 'us-east-1' },
    params: { header: { 'idempotency-key': 'generated' } },
  }),
)
const { poolId } = made
have(await api.POST('/pools/{poolId}/cidrs', { params: { path: { poolId } }, body: { cidr: '10.0.0.0/30' } }))

const host = { account, resourceType: 'onprem:host', locale: 'us-east-1', poolId }
const allocation = have(await api.POST('/allocations', { body: { ...host, resourceId: 'web-1' } }))
const { items, nextCursor } = have(await api.GET('/allocations', { params: { query: { poolId, limit: 10 } } }))

// Refusals are values, too.
const absent = await api.GET('/pools/{poolId}', { params: { path: { poolId: 'ipam-pool-0' } } })
const full = await api.POST('/allocations', { body: { ...host, resourceType: 'onprem:network', netmaskLength: 24 } })

// What the description does not know does not compile.
// @ts-expect-error A family that there is not.
const wrong = () => api.POST('/pools', { body: { scopeId: ipam.privateScopeId, family: 'ipv5' } })
// @ts-expect-error A member that must be there.
const partial = () => api.POST('/allocations', { body: { account } })
// @ts-expect-error A path that there is not.
const nowhere = () => api.GET('/nowhere')
void [wrong, partial, nowhere]

console.log(
  JSON.stringify({
    poolId,
    shown: { cidr: allocation.cidr, resourceId: allocation.resourceId },
    listed: items.map(({ allocationId }) => allocationId === allocation.allocationId),
    isLast: nextCursor === undefined,
    absent: absent.error && told(absent.error),
    full: full.error?.code,
    status: full.response.status,
  }),
)
