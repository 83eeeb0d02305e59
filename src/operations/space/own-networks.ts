// Networks of the installation's own, which the EC2 API makes: their space comes and goes with them. Resources of the same types that
// live elsewhere have their space by itself, over the native API. Their ids tell the two apart.
import { parseId } from '#model/identifier.ts'
import { type OwnNetworkKind, refuse } from '#model/refusal.ts'
import type { ReadContext } from '../operation.ts'

/** By the type of the resource: the kind of object that it is here. */
const kinds: Readonly<Record<string, OwnNetworkKind>> = { vpc: 'vpc', subnet: 'subnet', rnat: 'natGateway' }

interface Resource {
  readonly resourceType: string
  readonly resourceId?: string | undefined
}

/** Whether it is a network that the EC2 API made here, and not one that lives elsewhere. */
export function isOwnNetwork(installation: string, { resourceType, resourceId }: Resource): boolean {
  const kind = Object.hasOwn(kinds, resourceType) ? kinds[resourceType] : undefined
  return kind !== undefined && resourceId !== undefined && parseId(kind, installation, resourceId) !== undefined
}

export const isOwnNetworkHere = ({ tx }: Pick<ReadContext, 'tx'>, resource: Resource): boolean =>
  isOwnNetwork(tx.installation, resource)

/** Refuses to take space by itself for a network that the EC2 API made here, whether or not there is one of this id. */
export function refuseOwnNetwork(installation: string, resource: Resource): void {
  if (!isOwnNetwork(installation, resource)) return
  const ownNetwork = { id: resource.resourceId!, kind: kinds[resource.resourceType]! }
  refuse({ code: 'NotSupported', what: { feature: 'allocation-by-itself' }, ownNetwork })
}
