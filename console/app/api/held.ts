// What somebody saw of an object when they began to change it: it is changed as they saw it, or not at all (`If-Match`). A form or a dialog
// holds what was loaded when it was opened, whatever is loaded behind it meanwhile.

/** The operations that compare; a test holds them against the description. */
export const comparing = [
  'DELETE /role-bindings/{bindingId}',
  'PATCH /policies/{policyId}',
  'DELETE /policies/{policyId}',
  'PUT /policies/{policyId}/documents/{locale}/{resourceType}',
  'DELETE /policies/{policyId}/documents/{locale}/{resourceType}',
  'PUT /policies/{policyId}/assignments/{targetId}',
  'DELETE /policies/{policyId}/assignments/{targetId}',
  'PUT /policies/{policyId}/assignments/{targetId}/candidate',
  'DELETE /policies/{policyId}/assignments/{targetId}/candidate',
  'POST /policies/{policyId}/assignments/{targetId}/candidate/promote',
  'POST /exceptions/{exceptionId}/renew',
  'POST /exceptions/{exceptionId}/approve',
  'POST /exceptions/{exceptionId}/deny',
  'POST /exceptions/{exceptionId}/revoke',
  'POST /exceptions/{exceptionId}/review',
  'POST /change-requests/{changeRequestId}/approve',
  'POST /change-requests/{changeRequestId}/reject',
  'POST /change-requests/{changeRequestId}/abandon',
  'POST /change-requests/{changeRequestId}/review',
  'POST /change-requests/{changeRequestId}/halt',
  'PUT /organization/ipam-administrator',
  'DELETE /organization/ipam-administrator',
  'PATCH /accounts/{account}',
  'POST /accounts/{account}/move',
  'POST /accounts/{account}/suspend',
  'POST /accounts/{account}/resume',
  'POST /accounts/{account}/close',
  'DELETE /accounts/{account}',
  'PATCH /organizational-units/{unitId}',
  'DELETE /organizational-units/{unitId}',
  'PATCH /ipams/{ipamId}',
  'DELETE /ipams/{ipamId}',
  'PATCH /scopes/{scopeId}',
  'DELETE /scopes/{scopeId}',
  'PATCH /pools/{poolId}',
  'DELETE /pools/{poolId}',
  'PATCH /allocations/{allocationId}',
  'POST /allocations/{allocationId}/confirm',
  'POST /allocations/{allocationId}/hold',
  'DELETE /allocations/{allocationId}',
  'PATCH /resources/{resourceId}',
  'PATCH /sources/{sourceId}',
  'DELETE /sources/{sourceId}',
  'POST /findings/{findingId}/suppress',
  'POST /findings/{findingId}/unsuppress',
  'PATCH /subscriptions/{subscriptionId}',
  'DELETE /subscriptions/{subscriptionId}',
  'DELETE /resource-types/{resourceType}',
] as const

interface Seen {
  readonly etag: string
  readonly state: Readonly<Record<string, unknown>>
}
type States = Map<string, Seen>
/** Of the objects that were loaded last, by their paths. */
const loaded: States = new Map()
const loadedMax = 50
/** Of forms and dialogs that are open, the last one on top. */
const held: States[] = []
/** What a refused request was compared with. */
const conflicts = new WeakMap<Response, { readonly path: string; readonly seen: Seen }>()

const patterns = comparing.map((text) => {
  const [method, path] = text.split(' ') as [string, string]
  return [method, new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`)] as const
})
/** The object whose state a request is compared with; undefined where the server compares nothing. */
function objectOf(method: string, path: string): string | undefined {
  if (!patterns.some(([one, pattern]) => one === method && pattern.test(path))) return undefined
  return method === 'POST' ? path.slice(0, path.lastIndexOf('/')) : path
}

/** Holds what is loaded now, until the answer is called. */
export function hold(): () => void {
  const own = new Map(loaded)
  held.push(own)
  return () => void held.splice(held.indexOf(own), 1)
}
/** What was done has made another state: it is not compared with what was there before. */
export const letGo = (): void => held.at(-1)?.clear()
/** Goes by what is there now, which somebody has been shown. */
export const holdAnew = (path: string, seen: Seen): void => void held.at(-1)?.set(path, seen)

/** The state that a request is for, as `If-Match` has it. */
export function etagFor(method: string, path: string): string | undefined {
  const object = objectOf(method, path)
  return object === undefined ? undefined : held.at(-1)?.get(object)?.etag
}
export function noteState(path: string, etag: string | null, data: unknown): void {
  if (etag === null || typeof data !== 'object' || data === null || 'items' in data) return
  loaded.delete(path)
  if (loaded.size >= loadedMax) loaded.delete(loaded.keys().next().value!)
  loaded.set(path, { etag, state: data as Seen['state'] })
}
export function noteConflict(method: string, path: string, response: Response): void {
  const object = objectOf(method, path)
  const seen = object === undefined ? undefined : held.at(-1)?.get(object)
  if (object !== undefined && seen) conflicts.set(response, { path: object, seen })
}
export const conflictOf = (response: Response) => conflicts.get(response)
