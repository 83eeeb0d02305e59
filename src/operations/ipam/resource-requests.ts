// Resources as an IPAM sees them, for whoever may read it: those of accounts whose allocations they may read.
import type { Cidr } from '#model/cidr.ts'
import { permitter } from '../identity/authority.ts'
import type { Page, PageAsked } from '../listing.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import type { DiscoveredKind } from './discovered.ts'
import { readableIpams, readableScopes } from './readable.ts'
import { listResourceStates, markResource } from './resource-cidrs.ts'
import type { ResourceState } from './resource-states.ts'

export interface SeenFilter {
  readonly scopeId?: string | undefined
  readonly account?: string | undefined
  readonly kind?: DiscoveredKind | undefined
  readonly management?: ResourceState['management']
  readonly compliance?: ResourceState['compliance']
  readonly overlap?: ResourceState['overlap']
}

export async function listSeenResources(
  context: ReadContext,
  ipamId: string,
  { scopeId, account, kind, management, compliance, overlap }: SeenFilter,
  asked: PageAsked<string>,
): Promise<Page<ResourceState, string>> {
  const ipam = await readableIpams.get(context, ipamId)
  const isPermitted = await permitter(context, 'allocation:read')
  const isShown = (state: ResourceState): boolean =>
    isPermitted(state.account) &&
    (management === undefined || state.management === management) &&
    (compliance === undefined || state.compliance === compliance) &&
    (overlap === undefined || state.overlap === overlap)
  return listResourceStates(context, ipam, { scopeId, account, kinds: kind && [kind] }, asked, (states) =>
    states.map((state) => (state && isShown(state) ? state : undefined)),
  )
}

export interface SeenChange {
  readonly resourceId: string
  readonly cidr: Cidr
  readonly isIgnored?: boolean | undefined
  /** Another private scope of the IPAM. */
  readonly scopeId?: string | undefined
}
/** Ignores a CIDR of a resource, looks at it again, or moves it to another scope. */
export async function changeSeenResource(
  context: WriteContext,
  ipamId: string,
  { resourceId, cidr, isIgnored, scopeId }: SeenChange,
): Promise<ResourceState> {
  const ipam = await readableIpams.get(context, ipamId)
  const destination = scopeId === undefined ? undefined : await readableScopes.getVisible(context, scopeId)
  const isPermitted = await permitter(context, 'allocation:read')
  const isLookedAt = isIgnored === undefined ? undefined : !isIgnored
  return markResource(
    context.actingFor(ipam.account, ipam.region),
    ipam,
    { resourceId, cidr, isLookedAt, destination },
    isPermitted,
  )
}
